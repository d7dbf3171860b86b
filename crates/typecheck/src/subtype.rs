//! [`is_subtype`]: whether every value of one type is a value of another, and [`assignable`], which lets `any` through.
//!
//! Decided on pairs of types, coinductively: a pair that is being asked about holds until something tells otherwise,
//! and what was assumed on the way to a "no" is taken back. Freshness of table constructors and narrowing are the
//! checker's. Invariant: every question ends; past a depth of 64 the answer is "no".

use std::sync::Arc;

use crate::ty::{Basic, Field, FunctionType, Indexer, Literal, Pack, Type, TypeKind, TypeParameter};

/// Levels of parts that are looked at.
const MAX_DEPTH: u32 = 64;

/// Whether every value of `a` is a value of `b`. `any` is above everything and below nothing but itself and `unknown`.
pub fn is_subtype(a: &Type, b: &Type) -> bool {
    Relation::strict().holds(a, b)
}

/// Whether a value of type `a` may be stored where `b` is declared: as [`is_subtype`], but `any` goes both ways at any
/// depth, and `table` goes into every table type.
pub fn assignable(a: &Type, b: &Type) -> bool {
    Relation::gradual().holds(a, b)
}

/// One of the two relations, with what it has assumed so far.
#[derive(Debug)]
pub struct Relation {
    /// `any` is consistent with everything.
    gradual: bool,
    assumed: Vec<(Type, Type)>,
    /// Generic parameters of function types that correspond, left and right.
    bound: Vec<(Arc<str>, Arc<str>)>,
    /// Bounds of generic parameters of the left side.
    bounds: Vec<(Arc<str>, Type)>,
    depth: u32,
}

impl Relation {
    /// Plain subtyping.
    pub fn strict() -> Self {
        Self { gradual: false, assumed: Vec::new(), bound: Vec::new(), bounds: Vec::new(), depth: 0 }
    }

    /// Subtyping that `any` is consistent with.
    pub fn gradual() -> Self {
        Self { gradual: true, ..Self::strict() }
    }

    /// Lets the type parameter `name` count as a subtype of `bound`.
    #[must_use]
    pub fn with_bound(mut self, name: Arc<str>, bound: Type) -> Self {
        self.bounds.push((name, bound));
        self
    }

    /// Whether the relation holds between `a` and `b`.
    pub fn holds(&mut self, a: &Type, b: &Type) -> bool {
        if a.is(b) || a == b && self.bound.is_empty() {
            return true;
        }
        if self.depth >= MAX_DEPTH {
            return false;
        }
        let assumed = self.assumed.len();
        let named = |ty: &Type| matches!(ty.kind(), TypeKind::Named(_));
        if named(a) || named(b) {
            if self.assumed.iter().any(|(x, y)| x == a && y == b) {
                return true;
            }
            self.assumed.push((a.clone(), b.clone()));
        }
        self.depth += 1;
        let holds = self.members(a, b);
        self.depth -= 1;
        if !holds {
            self.assumed.truncate(assumed);
        }
        holds
    }

    /// Each member of `a` must fit.
    fn members(&mut self, a: &Type, b: &Type) -> bool {
        let targets = b.members();
        let mut members = a.members();
        // `boolean` fits where both of its values do.
        if targets.iter().any(|it| matches!(it.kind(), TypeKind::Literal(Literal::Boolean(_)))) {
            members = members.into_iter().flat_map(split_boolean).collect();
        }
        members.iter().all(|member| self.fits_some(member, &targets))
    }

    fn fits_some(&mut self, a: &Type, targets: &[Type]) -> bool {
        if let TypeKind::Basic(Basic::Never) = a.kind() {
            return true;
        }
        if self.gradual && matches!(a.kind(), TypeKind::Basic(Basic::Any)) {
            return true;
        }
        if targets.iter().any(|target| self.shapes(a, target)) {
            return true;
        }
        match a.kind() {
            TypeKind::Annotated { ty, .. } => ty.members().iter().all(|it| self.fits_some(it, targets)),
            TypeKind::Parameter(name) => match self.bounds.iter().rev().find(|(it, _)| it == name) {
                Some((_, bound)) => {
                    let bound = bound.clone();
                    bound.members().iter().all(|it| self.fits_some(it, targets))
                }
                None => false,
            },
            TypeKind::Record { .. } => self.by_discriminant(a, targets),
            _ => false,
        }
    }

    /// A record whose field may be one of several literals fits if it fits for each of them.
    fn by_discriminant(&mut self, a: &Type, targets: &[Type]) -> bool {
        let TypeKind::Record { fields, indexer, readonly } = a.kind() else { return false };
        if targets.len() < 2 || self.depth + 1 >= MAX_DEPTH {
            return false;
        }
        for (at, field) in fields.iter().enumerate() {
            let values: Vec<Type> = field.ty.members().into_iter().flat_map(split_boolean).collect();
            let literal = |ty: &Type| matches!(ty.kind(), TypeKind::Literal(_));
            let tags = |target: &Type| {
                let fields = target.all_fields().unwrap_or_default();
                fields.iter().any(|it| it.name == field.name && it.ty.members().iter().all(literal))
            };
            if field.optional || !(2..=16).contains(&values.len()) || !values.iter().all(literal) {
                continue;
            }
            if !targets.iter().any(tags) {
                continue;
            }
            self.depth += 1;
            let fits = values.iter().all(|value| {
                let mut fields = fields.clone();
                fields[at].ty = value.clone();
                let one =
                    Type::new(TypeKind::Record { fields, indexer: indexer.clone(), readonly: *readonly });
                targets.iter().any(|target| self.shapes(&one, target))
            });
            self.depth -= 1;
            if fits {
                return true;
            }
        }
        false
    }

    /// Two shapes that are no unions.
    fn shapes(&mut self, a: &Type, b: &Type) -> bool {
        let assumed = self.assumed.len();
        let holds = self.shapes_at_once(a, b);
        if !holds {
            self.assumed.truncate(assumed);
        }
        holds
    }

    fn shapes_at_once(&mut self, a: &Type, b: &Type) -> bool {
        use TypeKind as K;
        match (a.kind(), b.kind()) {
            (_, K::Basic(Basic::Any | Basic::Unknown)) | (K::Basic(Basic::Never), _) => true,
            (_, K::Intersection(parts)) => parts.iter().all(|part| self.holds(a, part)),
            (K::Annotated { ty: x, annotation: p }, K::Annotated { ty: y, annotation: q }) => {
                p == q && self.holds(x, y) || self.holds(x, b)
            }
            (K::Annotated { ty, .. }, _) => self.holds(ty, b),
            (_, K::Annotated { ty, .. }) => self.gradual && self.holds(a, ty),
            (K::Intersection(parts), _) => {
                parts.iter().any(|part| self.holds(part, b))
                    || merged(parts).is_some_and(|merged| self.shapes(&merged, b))
            }
            (K::Basic(x), K::Basic(y)) => x == y || matches!((x, y), (Basic::Integer, Basic::Number)),
            (K::Literal(x), K::Literal(y)) => same_value(x, y),
            (K::Literal(x), K::Basic(y)) => literal_is(x, *y),
            (K::Parameter(x), K::Parameter(y)) => {
                match self.bound.iter().rev().find(|(p, q)| p == x || q == y) {
                    Some((p, q)) => p == x && q == y,
                    None => x == y,
                }
            }
            (
                K::Array { .. } | K::Map { .. } | K::Record { .. } | K::Interface { .. },
                K::Basic(Basic::Table),
            )
            | (K::Function(_), K::Basic(Basic::Function))
            | (K::Host { .. }, K::Basic(Basic::Userdata)) => true,
            (
                K::Basic(Basic::Table),
                K::Array { .. } | K::Map { .. } | K::Record { .. } | K::Interface { .. },
            )
            | (K::Basic(Basic::Function), K::Function(_)) => self.gradual,
            (K::Array { element: x, readonly: p }, K::Array { element: y, readonly: q }) => {
                (*q || !*p) && self.holds(x, y)
            }
            (K::Array { element, readonly: p }, K::Map { indexer, readonly: q }) => {
                (*q || !*p)
                    && self.holds(&Type::basic(Basic::Integer), &indexer.key)
                    && self.holds(element, &indexer.value)
            }
            (K::Tuple(pack), K::Array { element, .. }) => {
                pack.items.iter().chain(&pack.tail).all(|item| self.holds(item, element))
            }
            (K::Tuple(x), K::Tuple(y)) => x.items.len() == y.items.len() && self.packs(x, y),
            (K::Map { indexer: x, readonly: p }, K::Map { indexer: y, readonly: q }) => {
                (*q || !*p) && self.indexers(x, y, *q)
            }
            (K::Record { fields, indexer, .. }, K::Map { indexer: target, readonly }) => {
                fields.iter().all(|field| {
                    let name = Type::new(K::Literal(Literal::String(field.name.clone())));
                    self.holds(&name, &target.key) && self.holds(&field.ty, &target.value)
                }) && match indexer {
                    Some(indexer) => self.indexers(indexer, target, *readonly),
                    None => true,
                }
            }
            // `{}`, and every other type of whole tables, asks for nothing of an array or a map.
            (K::Array { .. } | K::Map { .. }, K::Record { fields, indexer, .. }) => {
                let own = match a.kind() {
                    K::Array { element, .. } => {
                        Indexer { key: Type::basic(Basic::Integer), value: element.clone() }
                    }
                    K::Map { indexer, .. } => indexer.clone(),
                    _ => return false,
                };
                fields
                    .iter()
                    .all(|field| field.optional && field.readonly && self.holds(&own.value, &field.ty))
                    && match indexer {
                        Some(indexer) => self.indexers(&own, indexer, false),
                        None => true,
                    }
            }
            (K::Record { .. } | K::Interface { .. }, K::Record { .. } | K::Interface { .. }) => {
                self.records(a, b)
            }
            (K::Function(x), K::Function(y)) => self.functions(x, y),
            (K::Host { name: x, arguments: p }, K::Host { name: y, arguments: q }) => {
                x == y && (p.is_empty() || q.is_empty() || self.mutual(p, q))
            }
            (K::Reference { path: x, arguments: p }, K::Reference { path: y, arguments: q }) => {
                x == y && self.mutual(p, q)
            }
            (K::Generic(x), K::Generic(y)) => x == y,
            _ => false,
        }
    }

    /// Arguments that may be read and written.
    fn mutual(&mut self, a: &[Type], b: &[Type]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.holds(a, b) && self.holds_back(b, a))
    }

    /// The relation from right to left.
    fn holds_back(&mut self, b: &Type, a: &Type) -> bool {
        self.turn();
        let holds = self.holds(b, a);
        self.turn();
        holds
    }

    fn turn(&mut self) {
        self.bound.iter_mut().for_each(|(left, right)| std::mem::swap(left, right));
    }

    fn indexers(&mut self, a: &Indexer, b: &Indexer, readonly: bool) -> bool {
        let top = |ty: &Type| matches!(ty.bare().kind(), TypeKind::Basic(Basic::Any | Basic::Unknown));
        let one = |this: &mut Self, a: &Type, b: &Type| {
            top(b) || this.holds(a, b) && (readonly || this.holds_back(b, a))
        };
        one(self, &a.key, &b.key) && one(self, &a.value, &b.value)
    }

    fn records(&mut self, a: &Type, b: &Type) -> bool {
        let (Some(own), Some(wanted)) = (a.all_fields(), b.all_fields()) else { return false };
        let (own_readonly, readonly) = (is_readonly(a), is_readonly(b));
        for field in &wanted {
            let Some(has) = own.iter().find(|it| it.name == field.name) else {
                if field.optional || field.ty.accepts_nil() {
                    continue;
                }
                return false;
            };
            if has.optional && !field.optional && !field.ty.accepts_nil() {
                return false;
            }
            let interface = matches!(b.kind(), TypeKind::Interface { .. });
            if field.readonly || readonly || interface {
                if !self.holds(&has.ty, &field.ty) {
                    return false;
                }
            } else {
                let mutable = !has.readonly && !own_readonly;
                if !mutable || !self.holds(&has.ty, &field.ty) || !self.holds_back(&field.ty, &has.ty) {
                    return false;
                }
            }
        }
        let Some(target) = b.indexer() else { return true };
        let rest = own.iter().filter(|field| !wanted.iter().any(|it| it.name == field.name));
        for field in rest {
            let name = Type::new(TypeKind::Literal(Literal::String(field.name.clone())));
            if !self.holds(&name, &target.key) || !self.holds(&field.ty, &target.value) {
                return false;
            }
        }
        a.indexer().is_none_or(|indexer| self.indexers(&indexer, &target, readonly))
    }

    fn functions(&mut self, a: &FunctionType, b: &FunctionType) -> bool {
        if a.generics.len() != b.generics.len() {
            // A generic function serves where one of its instances is wanted.
            if !b.generics.is_empty() || a.generics.is_empty() {
                return false;
            }
            let open: Vec<_> = a
                .generics
                .iter()
                .map(|it| (it.name.clone(), it.bound.clone().unwrap_or_else(|| Type::basic(Basic::Any))))
                .collect();
            let instance = FunctionType { generics: Vec::new(), ..a.clone() }.substitute(&open);
            let gradual = std::mem::replace(&mut self.gradual, true);
            let holds = self.functions(&instance, b);
            self.gradual = gradual;
            return holds;
        }
        let outside = (self.bound.len(), self.bounds.len());
        for (x, y) in a.generics.iter().zip(&b.generics) {
            self.bound.push((x.name.clone(), y.name.clone()));
            let TypeParameter { name, bound, .. } = x;
            self.bounds.extend(bound.clone().map(|bound| (name.clone(), bound)));
        }
        let holds = self.signatures(a, b);
        self.bound.truncate(outside.0);
        self.bounds.truncate(outside.1);
        holds
    }

    fn signatures(&mut self, a: &FunctionType, b: &FunctionType) -> bool {
        for (at, wanted) in a.parameters.iter().enumerate() {
            let given = b
                .parameters
                .get(at)
                .map(|it| (&it.ty, it.optional))
                .or_else(|| b.vararg.as_ref().map(|ty| (ty, true)));
            let takes_nil = wanted.optional || wanted.ty.accepts_nil();
            match given {
                Some((ty, optional)) => {
                    if optional && !takes_nil && !ty.accepts_nil() {
                        return false;
                    }
                    if !self.holds_back(ty, &wanted.ty) {
                        return false;
                    }
                }
                None if takes_nil => {}
                None => return false,
            }
        }
        if let (Some(own), Some(given)) = (&a.vararg, &b.vararg)
            && !self.holds_back(given, own)
        {
            return false;
        }
        match (&a.result, &b.result) {
            (_, None) | (None, _) => true,
            (Some(own), Some(wanted)) => self.packs(own, wanted),
        }
    }

    /// Results: as many as wanted, unless nil will do.
    fn packs(&mut self, a: &Pack, b: &Pack) -> bool {
        if let ([only], None) = (a.items.as_slice(), &a.tail)
            && matches!(only.bare().kind(), TypeKind::Basic(Basic::Never))
        {
            return true;
        }
        for (at, wanted) in b.items.iter().enumerate() {
            let holds = match a.items.get(at).or(a.tail.as_ref()) {
                Some(own) => self.holds(own, wanted),
                None => wanted.accepts_nil(),
            };
            if !holds {
                return false;
            }
        }
        match (&a.tail, &b.tail) {
            (Some(own), Some(wanted)) => self.holds(own, wanted),
            _ => true,
        }
    }
}

fn is_readonly(ty: &Type) -> bool {
    match ty.kind() {
        TypeKind::Record { readonly, .. } | TypeKind::Map { readonly, .. } => *readonly,
        _ => false,
    }
}

fn split_boolean(ty: Type) -> Vec<Type> {
    match ty.kind() {
        TypeKind::Basic(Basic::Boolean) => {
            [true, false].map(|value| Type::new(TypeKind::Literal(Literal::Boolean(value)))).into()
        }
        _ => vec![ty],
    }
}

/// Whether two literals are equal as Lua compares them.
fn same_value(a: &Literal, b: &Literal) -> bool {
    match (a, b) {
        (Literal::Integer(i), Literal::Float(f)) | (Literal::Float(f), Literal::Integer(i)) => {
            f64::from_bits(*f) == *i as f64
        }
        _ => a == b,
    }
}

/// Whether a literal is of a predeclared type.
fn literal_is(literal: &Literal, basic: Basic) -> bool {
    match (literal, basic) {
        (Literal::Boolean(_), Basic::Boolean)
        | (Literal::String(_), Basic::String)
        | (Literal::Integer(_) | Literal::Float(_), Basic::Number)
        | (Literal::Integer(_), Basic::Integer) => true,
        (Literal::Float(bits), Basic::Integer) => f64::from_bits(*bits).fract() == 0.0,
        _ => false,
    }
}

/// The record that has the fields of all records of an intersection; absent if one part is no record.
fn merged(parts: &[Type]) -> Option<Type> {
    let mut fields: Vec<Field> = Vec::new();
    let mut indexer = None;
    for part in parts {
        for field in part.all_fields()? {
            match fields.iter_mut().find(|known| known.name == field.name) {
                Some(known) => {
                    known.ty = Type::intersection(vec![known.ty.clone(), field.ty]);
                    known.optional &= field.optional;
                    known.readonly &= field.readonly;
                }
                None => fields.push(field),
            }
        }
        indexer = indexer.or(part.indexer());
    }
    Some(Type::new(TypeKind::Record { fields, indexer, readonly: false }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_type;

    fn ty(text: &str) -> Type {
        parse_type(text).expect(text)
    }

    #[track_caller]
    fn below(a: &str, b: &str) {
        assert!(is_subtype(&ty(a), &ty(b)), "{a} is no subtype of {b}");
    }

    #[track_caller]
    fn not_below(a: &str, b: &str) {
        assert!(!is_subtype(&ty(a), &ty(b)), "{a} is a subtype of {b}");
    }

    #[test]
    fn simple_types() {
        below("integer", "number");
        below("3", "integer");
        below("3.5", "number");
        not_below("3.5", "integer");
        below("never", "string");
        below("string", "unknown");
        below("string", "any");
        not_below("any", "string");
        not_below("number", "integer");
        below("number @min(0)", "number");
        not_below("number", "number @min(0)");
        below("boolean", "true | false");
    }

    #[test]
    fn unions_and_intersections() {
        below("number", "number | string");
        below("number?", "string | number | nil");
        not_below("number?", "number");
        below("\"a\" | \"b\"", "string");
        below("{a: number} & {b: string}", "{a: number, b: string}");
        below("{a: number, b: string}", "{a: number} & {b: string}");
        below(
            "{k: \"a\" | \"b\", readonly n: number}",
            "{readonly k: \"a\", readonly n: number} | {readonly k: \"b\", readonly n: number}",
        );
    }

    #[test]
    fn tables() {
        below("{integer}", "{number}");
        not_below("{number}", "{integer}");
        not_below("readonly {integer}", "{integer}");
        below("{x: integer, y: string}", "{x: integer}");
        not_below("{x: integer}", "{x: number}");
        below("{x: integer}", "{readonly x: number}");
        not_below("{x?: integer}", "{x: integer}");
        below("{x: integer}", "{x: integer, y?: string}");
        below("{[string]: integer}", "{[string]: unknown}");
        not_below("{[string]: integer}", "{[string]: number}");
        below("{integer}", "{[integer]: integer}");
        below("{a: number}", "{[string]: number}");
        below("{a: number}", "table");
        not_below("table", "{a: number}");
        assert!(assignable(&ty("table"), &ty("{a: number}")));
        assert!(assignable(&ty("{any}"), &ty("{number}")));
    }

    #[test]
    fn functions() {
        below("(number) -> integer", "(integer) -> number");
        not_below("(integer) -> integer", "(number) -> number");
        below("() -> number", "(string) -> number");
        not_below("(string) -> number", "() -> number");
        below("(string?) -> number", "() -> number");
        below("() -> (number, string)", "() -> number");
        not_below("() -> number", "() -> (number, string)");
        below("() -> number", "() -> (number, string?)");
        below("() -> never", "() -> string");
        below("<T>(T) -> T", "<U>(U) -> U");
        below("(number) -> number", "function_of_any | ((number) -> number)");
    }
}
