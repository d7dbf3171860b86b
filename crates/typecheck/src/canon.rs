//! [`Canon`]: one identity for all types that mean the same, however they are written.
//!
//! Names are followed, unions and intersections are sets, fields have no order, parameters have no names, `T | nil` is
//! `T?`, and validators count. Two types are the same when no sequence of steps into their parts tells them apart, so
//! recursive types are compared by assuming what is being asked. Invariant: equal types have equal [`fingerprint`]s.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use crate::ty::{Field, FunctionType, Literal, Pack, Type, TypeKind};

/// Levels of parts that a fingerprint looks at.
const FINGERPRINT_DEPTH: u32 = 3;
/// Levels after which two types that were equal so far are taken for different.
const MAX_LEVELS: u32 = 500;

/// The identity of a type. Cheap to clone and to compare; equal exactly for types that mean the same.
#[derive(Clone, Debug)]
pub struct Canon(Arc<Entry>);

#[derive(Debug)]
struct Entry {
    ty: Type,
    fingerprint: u64,
}

/// All identities in use, by fingerprint.
static IDENTITIES: LazyLock<Mutex<HashMap<u64, Vec<Weak<Entry>>>>> = LazyLock::new(Mutex::default);

impl Canon {
    /// The identity of `ty`.
    pub fn of(ty: &Type) -> Self {
        let fingerprint = fingerprint(ty);
        let mut identities = IDENTITIES.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = identities.entry(fingerprint).or_default();
        entries.retain(|entry| entry.strong_count() > 0);
        let found = entries.iter().filter_map(Weak::upgrade).find(|entry| equivalent(&entry.ty, ty));
        Self(found.unwrap_or_else(|| {
            let entry = Arc::new(Entry { ty: ty.clone(), fingerprint });
            entries.push(Arc::downgrade(&entry));
            entry
        }))
    }

    /// A type that has this identity.
    pub fn ty(&self) -> &Type {
        &self.0.ty
    }

    /// A number that equal identities share.
    pub fn fingerprint(&self) -> u64 {
        self.0.fingerprint
    }
}

impl Drop for Canon {
    fn drop(&mut self) {
        // The last one takes its list along when that is empty; a race leaves an empty list behind, no more.
        if Arc::strong_count(&self.0) == 1
            && let Ok(mut identities) = IDENTITIES.try_lock()
            && let Some(entries) = identities.get_mut(&self.0.fingerprint)
        {
            let own = Arc::as_ptr(&self.0);
            // Somebody may have found the entry since; nobody can now.
            let last = Arc::strong_count(&self.0) == 1;
            entries.retain(|entry| if entry.as_ptr() == own { !last } else { entry.strong_count() > 0 });
            if entries.is_empty() {
                identities.remove(&self.0.fingerprint);
            }
        }
    }
}

impl PartialEq for Canon {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Canon {}

impl Hash for Canon {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.fingerprint.hash(state);
    }
}

/// A number that types which mean the same share.
pub(crate) fn fingerprint(ty: &Type) -> u64 {
    digest(ty, FINGERPRINT_DEPTH)
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn digest(ty: &Type, depth: u32) -> u64 {
    if depth == 0 {
        return 0;
    }
    let mut members = ty.members();
    if let [only] = members.as_slice() {
        return digest_shape(only, depth);
    }
    // A set: neither order nor repetition counts.
    let mut digests: Vec<u64> = members.drain(..).map(|member| digest_shape(&member, depth)).collect();
    digests.sort_unstable();
    digests.dedup();
    if let [only] = digests.as_slice() {
        return *only;
    }
    hash_of(("union", digests))
}

fn digest_shape(shape: &Type, depth: u32) -> u64 {
    let inner = |ty: &Type| digest(ty, depth - 1);
    let pack =
        |pack: &Pack| (pack.items.iter().map(inner).collect::<Vec<_>>(), pack.tail.as_ref().map(inner));
    match shape.kind() {
        TypeKind::Basic(basic) => hash_of(("basic", basic)),
        TypeKind::Literal(literal) => hash_of(("literal", normal_literal(literal))),
        TypeKind::Array { element, readonly } => hash_of(("array", readonly, inner(element))),
        TypeKind::Map { indexer, readonly } => {
            hash_of(("map", readonly, inner(&indexer.key), inner(&indexer.value)))
        }
        TypeKind::Record { fields, indexer, readonly } => {
            let indexer = indexer.as_ref().map(|it| (inner(&it.key), inner(&it.value)));
            hash_of(("record", readonly, digest_fields(fields, depth), indexer))
        }
        TypeKind::Interface { .. } => {
            let fields = shape.all_fields().unwrap_or_default();
            hash_of(("interface", digest_fields(&fields, depth)))
        }
        TypeKind::Intersection(parts) => {
            let mut digests: Vec<u64> = parts.iter().map(|part| digest(part, depth)).collect();
            digests.sort_unstable();
            digests.dedup();
            hash_of(("intersection", digests))
        }
        TypeKind::Function(function) => {
            let parameters: Vec<_> =
                function.parameters.iter().map(|it| (inner(&it.ty), it.optional)).collect();
            let vararg = function.vararg.as_ref().map(inner);
            hash_of((
                "function",
                function.generics.len(),
                parameters,
                vararg,
                function.result.as_ref().map(pack),
            ))
        }
        TypeKind::Tuple(items) => hash_of(("tuple", pack(items))),
        TypeKind::Annotated { ty, annotation } => hash_of(("annotated", digest(ty, depth), annotation)),
        TypeKind::Host { name, arguments } => {
            hash_of(("host", name, arguments.iter().map(inner).collect::<Vec<_>>()))
        }
        TypeKind::Generic(declaration) => hash_of(("generic", declaration)),
        // A bound name means the same under any name.
        TypeKind::Parameter(_) => hash_of("parameter"),
        TypeKind::Reference { path, .. } => hash_of(("reference", path)),
        // Not among shapes.
        TypeKind::Named(_)
        | TypeKind::Optional(_)
        | TypeKind::Union(_)
        | TypeKind::Access { .. }
        | TypeKind::Keyof(_) => 0,
    }
}

fn digest_fields<'t>(fields: &'t [Field], depth: u32) -> Vec<(&'t Arc<[u8]>, bool, bool, u64)> {
    let field = |field: &'t Field| {
        let Field { name, ty, optional, readonly } = field;
        (name, *optional, *readonly, digest(ty, depth - 1))
    };
    let mut digests: Vec<_> = fields.iter().map(field).collect();
    digests.sort_unstable();
    digests
}

/// The literal by its value: `3.0` is `3`.
fn normal_literal(literal: &Literal) -> Literal {
    if let Literal::Float(bits) = *literal {
        let value = f64::from_bits(bits);
        let integer = value as i64;
        // 2^63 is out of range, where the cast saturates.
        if integer as f64 == value && value < 9_223_372_036_854_775_808.0 {
            return Literal::Integer(integer);
        }
    }
    literal.clone()
}

/// Whether two types mean the same.
pub fn equivalent(a: &Type, b: &Type) -> bool {
    Comparison::default().same(a, b)
}

#[derive(Default)]
struct Comparison {
    /// Pairs that are taken for equal: asked for already, and not found different since.
    assumed: Vec<(Type, Type)>,
    /// Generic parameters of function types around the current place that correspond.
    bound: Vec<(Arc<str>, Arc<str>)>,
    level: u32,
}

impl Comparison {
    fn same(&mut self, a: &Type, b: &Type) -> bool {
        if a.is(b) && self.bound.is_empty() {
            return true;
        }
        let named = |ty: &Type| matches!(ty.kind(), TypeKind::Named(_));
        let assumed = self.assumed.len();
        if named(a) || named(b) {
            if self.assumed.iter().any(|(x, y)| x == a && y == b) {
                return true;
            }
            self.assumed.push((a.clone(), b.clone()));
        }
        self.level += 1;
        let same = self.level < MAX_LEVELS && self.same_members(&a.members(), &b.members());
        self.level -= 1;
        if !same {
            self.assumed.truncate(assumed);
        }
        same
    }

    fn same_members(&mut self, a: &[Type], b: &[Type]) -> bool {
        if let ([a], [b]) = (a, b) {
            return self.same_shape(a, b);
        }
        self.same_set(a, b, Self::same_shape)
    }

    /// Whether each one has an equal on the other side.
    fn same_set(&mut self, a: &[Type], b: &[Type], same: fn(&mut Self, &Type, &Type) -> bool) -> bool {
        let digests = |types: &[Type]| types.iter().map(|ty| digest(ty, 1)).collect::<Vec<_>>();
        let (x, y) = (digests(a), digests(b));
        let mut found = |from: usize, left: bool| {
            let (many, one) = if left { (b, &a[from]) } else { (a, &b[from]) };
            (0..many.len()).any(|at| {
                let (i, j) = if left { (from, at) } else { (at, from) };
                x[i] == y[j] && if left { same(self, one, &many[at]) } else { same(self, &many[at], one) }
            })
        };
        (0..a.len()).all(|at| found(at, true)) && (0..b.len()).all(|at| found(at, false))
    }

    fn same_list<'t>(
        &mut self,
        a: impl ExactSizeIterator<Item = &'t Type>,
        b: impl ExactSizeIterator<Item = &'t Type>,
    ) -> bool {
        a.len() == b.len() && a.zip(b).all(|(a, b)| self.same(a, b))
    }

    fn same_option(&mut self, a: Option<&Type>, b: Option<&Type>) -> bool {
        match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => self.same(a, b),
            _ => false,
        }
    }

    fn same_pack(&mut self, a: &Pack, b: &Pack) -> bool {
        self.same_list(a.items.iter(), b.items.iter()) && self.same_option(a.tail.as_ref(), b.tail.as_ref())
    }

    /// Two shapes that are no unions.
    fn same_shape(&mut self, a: &Type, b: &Type) -> bool {
        match (a.kind(), b.kind()) {
            (TypeKind::Basic(a), TypeKind::Basic(b)) => a == b,
            (TypeKind::Literal(a), TypeKind::Literal(b)) => normal_literal(a) == normal_literal(b),
            (TypeKind::Array { element: a, readonly: x }, TypeKind::Array { element: b, readonly: y }) => {
                x == y && self.same(a, b)
            }
            (TypeKind::Map { indexer: a, readonly: x }, TypeKind::Map { indexer: b, readonly: y }) => {
                x == y && self.same(&a.key, &b.key) && self.same(&a.value, &b.value)
            }
            (
                TypeKind::Record { fields: a, indexer: i, readonly: x },
                TypeKind::Record { fields: b, indexer: j, readonly: y },
            ) => {
                let indexers = match (i, j) {
                    (None, None) => true,
                    (Some(i), Some(j)) => self.same(&i.key, &j.key) && self.same(&i.value, &j.value),
                    _ => false,
                };
                x == y && indexers && self.same_fields(a, b)
            }
            (TypeKind::Interface { .. }, TypeKind::Interface { .. }) => {
                let (a, b) = (a.all_fields().unwrap_or_default(), b.all_fields().unwrap_or_default());
                self.same_fields(&a, &b)
            }
            (TypeKind::Intersection(a), TypeKind::Intersection(b)) => {
                let shapes = |types: &[Type]| types.iter().map(Type::shape).collect::<Vec<_>>();
                self.same_set(&shapes(a), &shapes(b), Self::same)
            }
            (TypeKind::Function(a), TypeKind::Function(b)) => self.same_function(a, b),
            (TypeKind::Tuple(a), TypeKind::Tuple(b)) => self.same_pack(a, b),
            (TypeKind::Annotated { ty: a, annotation: x }, TypeKind::Annotated { ty: b, annotation: y }) => {
                x == y && self.same(a, b)
            }
            (TypeKind::Host { name: x, arguments: a }, TypeKind::Host { name: y, arguments: b }) => {
                x == y && self.same_list(a.iter(), b.iter())
            }
            (TypeKind::Generic(a), TypeKind::Generic(b)) => a == b,
            (TypeKind::Parameter(a), TypeKind::Parameter(b)) => {
                match self.bound.iter().rev().find(|(x, y)| x == a || y == b) {
                    Some((x, y)) => x == a && y == b,
                    None => a == b,
                }
            }
            (
                TypeKind::Reference { path: x, arguments: a },
                TypeKind::Reference { path: y, arguments: b },
            ) => x == y && self.same_list(a.iter(), b.iter()),
            _ => false,
        }
    }

    fn same_fields(&mut self, a: &[Field], b: &[Field]) -> bool {
        a.len() == b.len()
            && a.iter().all(|x| {
                let same = b.iter().find(|y| y.name == x.name);
                same.is_some_and(|y| {
                    x.optional == y.optional && x.readonly == y.readonly && self.same(&x.ty, &y.ty)
                })
            })
    }

    fn same_function(&mut self, a: &FunctionType, b: &FunctionType) -> bool {
        if a.generics.len() != b.generics.len() {
            return false;
        }
        let outside = self.bound.len();
        let names = a.generics.iter().zip(&b.generics).map(|(x, y)| (x.name.clone(), y.name.clone()));
        self.bound.extend(names);
        let generics = a.generics.iter().zip(&b.generics).all(|(x, y)| {
            self.same_option(x.bound.as_ref(), y.bound.as_ref())
                && self.same_option(x.default.as_ref(), y.default.as_ref())
        });
        let same = generics
            && a.parameters.len() == b.parameters.len()
            && a.parameters
                .iter()
                .zip(&b.parameters)
                .all(|(x, y)| x.optional == y.optional && self.same(&x.ty, &y.ty))
            && self.same_option(a.vararg.as_ref(), b.vararg.as_ref())
            && match (&a.result, &b.result) {
                (None, None) => true,
                (Some(a), Some(b)) => self.same_pack(a, b),
                _ => false,
            };
        self.bound.truncate(outside);
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declaration::Declaration;
    use crate::parse_type;

    fn ty(text: &str) -> Type {
        parse_type(text).expect(text)
    }

    #[track_caller]
    fn same(a: &str, b: &str) {
        assert_eq!(fingerprint(&ty(a)), fingerprint(&ty(b)), "{a} and {b}");
        assert!(equivalent(&ty(a), &ty(b)), "{a} is not {b}");
        assert_eq!(Canon::of(&ty(a)), Canon::of(&ty(b)));
    }

    #[track_caller]
    fn different(a: &str, b: &str) {
        assert!(!equivalent(&ty(a), &ty(b)), "{a} is {b}");
        assert_ne!(Canon::of(&ty(a)), Canon::of(&ty(b)));
    }

    #[test]
    fn order_and_names_do_not_count() {
        same("number | string", "string | number");
        same("number?", "nil | number");
        same("A | B | A", "B | A");
        same("{x: number, y?: string}", "{y?: string, x: number}");
        same("(a: number, b: string) -> boolean", "(number, string) -> boolean");
        same("<T>(T) -> {T}", "<U>(U) -> {U}");
        same("3", "3.0");
        same("A & B", "B & A");
        same("{[string]: number}", "{[string]: number}");
    }

    #[test]
    fn meaning_counts() {
        different("number", "integer");
        different("{x: number}", "{x?: number}");
        different("{number}", "readonly {number}");
        different("number @min(0)", "number");
        different("number @min(0)", "number @min(1)");
        different("<T, U>(T) -> U", "<T, U>(U) -> T");
        different("(number) -> ()", "(number?) -> ()");
        different("{[string]: number}", "{[number]: string}");
    }

    fn list(name: &str, extra: usize) -> Type {
        // `type N = {v: number, next?: N}`, unrolled a few times.
        let declaration = Declaration::new(name, 1);
        let mut inner = Type::named(declaration.clone(), vec![]);
        for _ in 0..=extra {
            let field =
                |name: &[u8], ty, optional| Field { name: name.into(), ty, optional, readonly: false };
            let fields = vec![field(b"v", ty("number"), false), field(b"next", inner, true)];
            inner = Type::new(TypeKind::Record { fields, indexer: None, readonly: false });
        }
        declaration.define(vec![], inner);
        Type::named(declaration, vec![])
    }

    #[test]
    fn recursive_types_are_what_they_unfold_to() {
        let (one, two) = (list("N", 0), list("M", 2));
        assert_eq!(fingerprint(&one), fingerprint(&two));
        assert!(equivalent(&one, &two));
        assert_eq!(Canon::of(&one), Canon::of(&one.shape()));
        assert!(!equivalent(&one, &ty("{v: number, next?: {v: number, next?: nil}}")));
    }

    #[test]
    fn identities_are_forgotten_with_their_last_use() {
        let text = "{only: \"in this test\", a: number}";
        let canon = Canon::of(&ty(text));
        let fingerprint = canon.fingerprint();
        drop(canon.clone());
        assert_eq!(Canon::of(&ty(text)), canon);
        drop(canon);
        let identities = IDENTITIES.lock().expect("not poisoned");
        let alive = identities.get(&fingerprint).into_iter().flatten().filter(|it| it.strong_count() > 0);
        assert_eq!(alive.count(), 0);
    }
}
