//! How types relate: what may be assigned to what, what overlaps, what a test leaves of a type.
//!
//! Assignability is consistency: `any` fits everywhere in both directions. The rules are those of [`crate::assignable`],
//! for the checker's own types; `agreement` holds the two against each other and lists the liberties taken here. Invariant: every question ends: pairs under
//! comparison are assumed to hold (so recursive types are compared coinductively), and a budget of steps bounds the rest,
//! after which the answer is yes.

use wippy_parser::Symbol;

use super::types::{Function, Node, Pack, Record, Returns, Ty, Types};

/// Steps one comparison may take.
const BUDGET: u32 = 20_000;
/// How deep comparisons may nest.
const DEPTH: u32 = 64;

impl Types {
    /// Whether a value of type `a` may stand where `b` is declared.
    pub(super) fn assignable(&mut self, a: Ty, b: Ty) -> bool {
        if a == b || b == Ty::UNKNOWN || a.is_any() || b.is_any() || a == Ty::NEVER {
            return true;
        }
        self.budget = BUDGET;
        self.assumed.clear();
        let fits = self.fits(a, b, 0);
        self.assumed.clear();
        fits
    }

    fn fits(&mut self, a: Ty, b: Ty, depth: u32) -> bool {
        if a == b || b == Ty::UNKNOWN || a.is_any() || b.is_any() || a == Ty::NEVER {
            return true;
        }
        if self.budget == 0 || depth > DEPTH {
            self.gave_up = true;
            return true;
        }
        self.budget -= 1;
        let depth = depth + 1;
        if matches!(self.node(a), Node::Named(..)) || matches!(self.node(b), Node::Named(..)) {
            if !self.assumed.insert((a, b)) {
                return true;
            }
            let (left, right) = (self.expand(a), self.expand(b));
            let fits = self.fits(left, right, depth);
            if !fits {
                self.assumed.remove(&(a, b));
            }
            return fits;
        }
        match (self.node(a), self.node(b)) {
            (Node::Union(left), Node::Union(right)) => {
                let (left, right) = (left.clone(), right.clone());
                left.iter().all(|&ty| right.binary_search(&ty).is_ok() || self.fits(ty, b, depth))
            }
            (Node::Union(left), _) => {
                let left = left.clone();
                left.iter().all(|&ty| self.fits(ty, b, depth))
            }
            (_, Node::Union(right)) => {
                if right.binary_search(&a).is_ok() {
                    return true;
                }
                let right = right.clone();
                if self.is_literal(a) {
                    let base = self.widen(a);
                    return right.iter().any(|&ty| !self.is_literal(ty) && self.fits(base, ty, depth))
                        || right.iter().any(|&ty| self.is_literal(ty) && self.fits_literal(a, ty));
                }
                if a == Ty::BOOLEAN {
                    return self.fits(Ty::TRUE, b, depth) && self.fits(Ty::FALSE, b, depth);
                }
                if right.iter().any(|&ty| self.fits(ty, a, depth) && self.fits(a, ty, depth)) {
                    return true;
                }
                right.iter().any(|&ty| self.fits(a, ty, depth))
            }
            (_, Node::Intersection(right)) => {
                let right = right.clone();
                let merged = self.expand(b);
                if merged != b && !matches!(self.node(merged), Node::Intersection(_)) {
                    return self.fits(a, merged, depth);
                }
                right.iter().all(|&ty| self.fits(a, ty, depth))
            }
            (Node::Intersection(left), _) => {
                let left = left.clone();
                let merged = self.expand(a);
                if merged != a && !matches!(self.node(merged), Node::Intersection(_)) {
                    return self.fits(merged, b, depth);
                }
                left.iter().any(|&ty| self.fits(ty, b, depth))
            }
            (Node::Parameter(number), _) => match self.parameters[*number as usize].bound {
                Some(bound) => self.fits(bound, b, depth),
                None => false,
            },
            (_, Node::Parameter(_)) => false,
            (Node::Basic, Node::Basic) => {
                (a == Ty::INTEGER && b == Ty::NUMBER)
                    || ((a == Ty::TRUE || a == Ty::FALSE) && b == Ty::BOOLEAN)
                    || a == Ty::SELF
                    || b == Ty::SELF
            }
            (Node::Integer(_) | Node::Float(_) | Node::String(_), _) => self.fits_literal(a, b),
            _ => self.fits_structure(a, b, depth),
        }
    }

    /// A literal against anything but a union.
    fn fits_literal(&mut self, a: Ty, b: Ty) -> bool {
        match (self.node(a), self.node(b)) {
            (Node::Integer(_), Node::Basic) => b == Ty::INTEGER || b == Ty::NUMBER,
            (Node::Float(_), Node::Basic) => b == Ty::NUMBER,
            (Node::String(_), Node::Basic) => b == Ty::STRING,
            (&Node::Integer(left), &Node::Float(right)) => left as f64 == f64::from_bits(right),
            (&Node::Float(left), &Node::Integer(right)) => f64::from_bits(left) == right as f64,
            _ => false,
        }
    }

    fn fits_structure(&mut self, a: Ty, b: Ty, depth: u32) -> bool {
        match (self.node(a).clone(), self.node(b).clone()) {
            (Node::Array { .. } | Node::Map { .. } | Node::Record(_) | Node::Shape(_), Node::Basic) => {
                b == Ty::TABLE || (matches!(self.node(a), Node::Record(_)) && b == Ty::ERROR)
            }
            (Node::Basic, Node::Array { .. } | Node::Map { .. } | Node::Record(_) | Node::Shape(_)) => {
                // Errors have methods; a string or a userdata has the fields of its metatable, which an interface may ask for.
                a == Ty::TABLE
                    || (a == Ty::ERROR && matches!(self.node(b), Node::Record(_)))
                    || a == Ty::USERDATA
            }
            (Node::Function(_) | Node::TypeValue(_), Node::Basic) => {
                b == Ty::FUNCTION || (b == Ty::TYPE && matches!(self.node(a), Node::TypeValue(_)))
            }
            (Node::Basic, Node::Function(_)) => a == Ty::FUNCTION,
            (Node::Basic, Node::TypeValue(_)) => a == Ty::TYPE,
            (Node::TypeValue(left), Node::TypeValue(right)) => {
                self.fits(left, right, depth) && self.fits(right, left, depth)
            }
            (Node::TypeValue(_), Node::Function(_)) => true,
            (Node::Array { element: left, readonly: from }, Node::Array { element: right, readonly: to }) => {
                (to || !from) && self.fits(left, right, depth)
            }
            (Node::Array { element, .. }, Node::Map { key, value, .. }) => {
                self.fits(Ty::INTEGER, key, depth) && self.fits(element, value, depth)
            }
            (Node::Map { key: k1, value: v1, .. }, Node::Map { key: k2, value: v2, readonly }) => {
                (k2 == Ty::UNKNOWN || (self.fits(k1, k2, depth) && self.fits(k2, k1, depth)))
                    && self.fits(v1, v2, depth)
                    && (readonly || v2 == Ty::UNKNOWN || self.fits(v2, v1, depth))
            }
            (Node::Map { key, value, .. }, Node::Array { element, .. }) => {
                self.fits(Ty::INTEGER, key, depth) && self.fits(value, element, depth)
            }
            (own @ (Node::Map { .. } | Node::Array { .. }), Node::Record(record)) => {
                // They promise no field, so only optional ones may be asked for.
                let (key, value) = match own {
                    Node::Map { key, value, .. } => (key, value),
                    Node::Array { element, .. } => (Ty::INTEGER, element),
                    _ => return false,
                };
                let indexed = record
                    .indexer
                    .is_none_or(|(k, v)| self.fits(key, k, depth) && self.fits(value, v, depth));
                indexed && record.fields.iter().all(|field| field.optional || self.accepts_nil(field.ty))
            }
            (Node::Record(record), Node::Array { element, .. }) => match record.indexer {
                Some((key, value)) => self.fits(Ty::INTEGER, key, depth) && self.fits(value, element, depth),
                None => record.fields.is_empty(),
            },
            (Node::Record(record), Node::Map { key, value, .. }) => {
                let indexed = record
                    .indexer
                    .is_none_or(|(k, v)| self.fits(k, key, depth) && self.fits(v, value, depth));
                indexed
                    && record.fields.iter().all(|field| {
                        let name = self.string(field.name);
                        self.fits(name, key, depth) && self.fits(field.ty, value, depth)
                    })
            }
            (Node::Record(left), Node::Record(right)) => {
                if !self.assumed.insert((a, b)) {
                    return true;
                }
                let fits = self.record_fits(&left, &right, depth);
                if !fits {
                    self.assumed.remove(&(a, b));
                }
                fits
            }
            (Node::Shape(left), Node::Shape(right)) if left == right => true,
            (Node::Shape(_), Node::Shape(_)) => true,
            (_, Node::Shape(_)) => {
                matches!(self.node(a), Node::Array { .. } | Node::Map { .. } | Node::Record(_))
            }
            (Node::Shape(shape), _) => {
                if !self.assumed.insert((a, b)) {
                    return true;
                }
                let fits = self.shape_fits(shape, b, depth);
                if !fits {
                    self.assumed.remove(&(a, b));
                }
                fits
            }
            (Node::Function(left), Node::Function(right)) => self.function_fits(&left, &right, depth),
            _ => false,
        }
    }

    fn record_fits(&mut self, left: &Record, right: &Record, depth: u32) -> bool {
        for field in &right.fields {
            match left.field(field.name) {
                None => {
                    if !(field.optional || self.accepts_nil(field.ty)) {
                        return false;
                    }
                }
                Some(own) => {
                    let readonly = field.readonly || right.readonly;
                    if !readonly && (own.readonly || left.readonly) {
                        return false;
                    }
                    if own.optional && !field.optional && !self.accepts_nil(field.ty) {
                        return false;
                    }
                    if !self.fits(own.ty, field.ty, depth) {
                        return false;
                    }
                    if !readonly && !self.is_method_type(field.ty) && !self.fits(field.ty, own.ty, depth) {
                        return false;
                    }
                }
            }
        }
        match (left.indexer, right.indexer) {
            (_, None) => true,
            (Some((k1, v1)), Some((k2, v2))) => self.fits(k1, k2, depth) && self.fits(v1, v2, depth),
            (None, Some((key, value))) => left.fields.iter().all(|field| {
                if right.field(field.name).is_some() {
                    return true;
                }
                let name = self.string(field.name);
                !self.fits(name, key, depth) || self.fits(field.ty, value, depth)
            }),
        }
    }

    /// Fields that hold functions are hardly ever assigned through the wider type, and interfaces live from them.
    fn is_method_type(&mut self, ty: Ty) -> bool {
        let ty = self.expand(ty);
        matches!(self.node(ty), Node::Function(_))
    }

    fn shape_fits(&mut self, number: u32, b: Ty, depth: u32) -> bool {
        match self.node(b).clone() {
            Node::Record(record) => {
                for field in &record.fields {
                    match self.shape_field(number, field.name) {
                        ShapeField::Known(ty) => {
                            let missing = field.optional && ty == Ty::NIL;
                            if !missing && !self.fits(ty, field.ty, depth) {
                                return false;
                            }
                        }
                        ShapeField::Unknown => {}
                        ShapeField::Missing => {
                            if !(field.optional || self.accepts_nil(field.ty)) {
                                return false;
                            }
                        }
                    }
                }
                let Some((key, value)) = record.indexer else { return true };
                let fields = self.shapes[number as usize].fields.clone();
                fields.iter().filter(|it| record.field(it.0).is_none()).all(|&(name, ty)| {
                    let name = self.string(name);
                    !self.fits(name, key, depth) || self.fits(ty, value, depth)
                })
            }
            Node::Array { element, .. } => {
                let shape = &self.shapes[number as usize];
                let (open, named) = (shape.open, !shape.fields.is_empty());
                match shape.element {
                    Some(own) => self.fits(own, element, depth),
                    None => open || !named,
                }
            }
            Node::Map { key, value, .. } => {
                let shape = &self.shapes[number as usize];
                let (own, fields) = (shape.element, shape.fields.clone());
                own.is_none_or(|own| self.fits(Ty::INTEGER, key, depth) && self.fits(own, value, depth))
                    && fields.iter().all(|&(name, ty)| {
                        let name = self.string(name);
                        self.fits(name, key, depth) && self.fits(ty, value, depth)
                    })
            }
            Node::Function(_) => self.shapes[number as usize].metatable.is_some(),
            _ => b == Ty::ERROR && self.shapes[number as usize].metatable.is_some(),
        }
    }

    fn function_fits(&mut self, left: &Function, right: &Function, depth: u32) -> bool {
        let (left, right) = (self.erased(left), self.erased(right));
        for (at, parameter) in left.parameters.iter().enumerate() {
            let given = match right.parameters.get(at) {
                Some(given) => given.ty,
                None => match right.vararg {
                    Some(vararg) => vararg,
                    None if self.accepts_nil(parameter.ty) => continue,
                    None => return false,
                },
            };
            if parameter.ty != Ty::SELF && given != Ty::SELF && !self.fits(given, parameter.ty, depth) {
                return false;
            }
        }
        if let Some(vararg) = left.vararg {
            for parameter in right.parameters.iter().skip(left.parameters.len()) {
                if !self.fits(parameter.ty, vararg, depth) {
                    return false;
                }
            }
        }
        let Some(expected) = self.declared_returns(&right) else { return true };
        let Some(given) = self.declared_returns(&left) else { return true };
        if given.items.first() == Some(&Ty::NEVER) {
            return true;
        }
        for (at, &ty) in expected.items.iter().enumerate() {
            let own = given.items.get(at).copied().or(given.tail);
            let fits = match own {
                Some(own) => self.fits(own, ty, depth),
                None => self.accepts_nil(ty),
            };
            if !fits {
                return false;
            }
        }
        true
    }

    /// What a function is known to return.
    fn declared_returns(&self, function: &Function) -> Option<Pack> {
        match &function.result {
            Returns::Declared(pack) => Some(pack.clone()),
            Returns::Inferred(_) | Returns::Unknown => None,
        }
    }

    /// A generic function with its parameters replaced by `any`.
    fn erased(&mut self, function: &Function) -> Function {
        if function.generics.is_empty() {
            return function.clone();
        }
        let bindings: Vec<(u32, Ty)> = function.generics.iter().map(|&number| (number, Ty::ANY)).collect();
        let mut erased = function.clone();
        erased.generics.clear();
        let whole = self.function(erased);
        let ty = self.substitute(whole, &bindings);
        match self.node(ty) {
            Node::Function(function) => Function::clone(function),
            _ => function.clone(),
        }
    }

    // ---- parts of types ----

    /// Whether nil is a value of the type.
    pub(super) fn accepts_nil(&mut self, ty: Ty) -> bool {
        if ty == Ty::NIL || ty.is_any() || ty == Ty::UNKNOWN {
            return true;
        }
        let ty = self.expand(ty);
        match self.node(ty) {
            Node::Union(list) => {
                let list = list.clone();
                list.iter().any(|&ty| self.accepts_nil(ty))
            }
            _ => ty == Ty::NIL || ty.is_any() || ty == Ty::UNKNOWN,
        }
    }

    /// Whether nil is declared as one of several values (and the type is not `any`).
    pub(super) fn is_optional(&mut self, ty: Ty) -> bool {
        let ty = self.expand(ty);
        !ty.is_any() && ty != Ty::UNKNOWN && ty != Ty::NIL && self.accepts_nil(ty)
    }

    /// The members of `ty` for which `keep` holds; named members are looked into. `any` and `unknown` stay.
    pub(super) fn filter(&mut self, ty: Ty, keep: &mut dyn FnMut(&mut Self, Ty) -> bool) -> Ty {
        let expanded = self.expand(ty);
        match self.node(expanded).clone() {
            Node::Union(list) => {
                let mut kept: Vec<Ty> = Vec::with_capacity(list.len());
                let mut changed = false;
                for &member in list.iter() {
                    let left = self.filter(member, keep);
                    changed |= left != member;
                    kept.push(left);
                }
                if changed { self.union(&kept) } else { ty }
            }
            _ if expanded == Ty::BOOLEAN => match (keep(self, Ty::FALSE), keep(self, Ty::TRUE)) {
                (true, true) => ty,
                (true, false) => Ty::FALSE,
                (false, true) => Ty::TRUE,
                (false, false) => Ty::NEVER,
            },
            _ if keep(self, expanded) => ty,
            _ => Ty::NEVER,
        }
    }

    /// What is left when nil and false are excluded.
    pub(super) fn truthy(&mut self, ty: Ty) -> Ty {
        self.filter(ty, &mut |_, member| member != Ty::NIL && member != Ty::FALSE)
    }

    /// The values that are nil or false.
    pub(super) fn falsy(&mut self, ty: Ty) -> Ty {
        if ty.is_any() || ty == Ty::UNKNOWN {
            return ty;
        }
        self.filter(ty, &mut |types, member| {
            member == Ty::NIL
                || member == Ty::FALSE
                || member.is_any()
                || member == Ty::UNKNOWN
                || matches!(types.node(member), Node::Parameter(_))
        })
    }

    pub(super) fn non_nil(&mut self, ty: Ty) -> Ty {
        self.filter(ty, &mut |_, member| member != Ty::NIL)
    }

    /// Whether the two types may have a value in common.
    pub(super) fn overlaps(&mut self, a: Ty, b: Ty) -> bool {
        if a == b || a.is_any() || b.is_any() || a == Ty::UNKNOWN || b == Ty::UNKNOWN {
            return true;
        }
        let (a, b) = (self.expand(a), self.expand(b));
        let (left, right) = (self.members(a), self.members(b));
        if left.len() > 1 || right.len() > 1 {
            if left.len() * right.len() > 4096 {
                return true;
            }
            return left.iter().any(|&a| right.iter().any(|&b| self.overlaps_one(a, b)));
        }
        self.overlaps_one(a, b)
    }

    fn overlaps_one(&mut self, a: Ty, b: Ty) -> bool {
        if self.assignable(a, b) || self.assignable(b, a) {
            return true;
        }
        let (a, b) = (self.expand(a), self.expand(b));
        if matches!(self.node(a), Node::Parameter(_) | Node::Intersection(_))
            || matches!(self.node(b), Node::Parameter(_) | Node::Intersection(_))
        {
            return true;
        }
        if a == Ty::NIL || b == Ty::NIL {
            return self.accepts_nil(a) && self.accepts_nil(b);
        }
        match (self.lua_kind(a), self.lua_kind(b)) {
            (Some("table"), Some("table")) => self.tables_overlap(a, b),
            (Some("function"), Some("function")) => true,
            (None, _) | (_, None) => true,
            _ => false,
        }
    }

    /// Records differ for certain when a field of both has literal types with nothing in common.
    fn tables_overlap(&mut self, a: Ty, b: Ty) -> bool {
        let (Node::Record(left), Node::Record(right)) = (self.node(a).clone(), self.node(b).clone()) else {
            return true;
        };
        left.fields.iter().all(|field| match right.field(field.name) {
            Some(other) if self.is_literal(field.ty) && self.is_literal(other.ty) => {
                field.ty == other.ty || self.fits_literal(field.ty, other.ty)
            }
            _ => true,
        })
    }

    /// What `type()` answers for values of a type; none if it depends.
    pub(super) fn lua_kind(&mut self, ty: Ty) -> Option<&'static str> {
        let ty = self.expand(ty);
        Some(match self.node(ty) {
            Node::Integer(_) | Node::Float(_) => "number",
            Node::String(_) => "string",
            Node::Array { .. } | Node::Map { .. } | Node::Record(_) | Node::Shape(_) => "table",
            Node::Function(_) => "function",
            Node::TypeValue(_) => "type",
            Node::Parameter(number) => {
                let bound = self.parameters[*number as usize].bound?;
                return self.lua_kind(bound);
            }
            Node::Intersection(list) => {
                let first = *list.first()?;
                return self.lua_kind(first);
            }
            Node::Union(_) | Node::Named(..) => return None,
            Node::Basic => match ty {
                Ty::NIL => "nil",
                Ty::TRUE | Ty::FALSE | Ty::BOOLEAN => "boolean",
                Ty::INTEGER | Ty::NUMBER => "number",
                Ty::STRING => "string",
                Ty::TABLE => "table",
                Ty::FUNCTION => "function",
                Ty::THREAD => "thread",
                Ty::TYPE => "type",
                // Host objects and errors may be tables or userdata.
                _ => return None,
            },
        })
    }

    // ---- fields ----

    pub(super) fn shape_field(&mut self, number: u32, name: Symbol) -> ShapeField {
        let mut at = number;
        for _ in 0..16 {
            let shape = &self.shapes[at as usize];
            if let Some(ty) = shape.get(name) {
                return ShapeField::Known(ty);
            }
            if shape.open || shape.potential.contains(&name) {
                return ShapeField::Unknown;
            }
            let Some(metatable) = shape.metatable else { return ShapeField::Missing };
            let Node::Shape(meta) = *self.node(metatable) else { return ShapeField::Unknown };
            let meta = &self.shapes[meta as usize];
            if meta.open {
                return ShapeField::Unknown;
            }
            let Some(index) = meta.get(known::INDEX) else {
                return if meta.potential.contains(&known::INDEX) {
                    ShapeField::Unknown
                } else {
                    ShapeField::Missing
                };
            };
            match *self.node(index) {
                Node::Shape(next) => at = next,
                Node::Record(_) => {
                    let Node::Record(record) = self.node(index).clone() else { return ShapeField::Unknown };
                    return match record.field(name) {
                        Some(field) => ShapeField::Known(field.ty),
                        None => ShapeField::Missing,
                    };
                }
                _ => return ShapeField::Unknown,
            }
        }
        ShapeField::Unknown
    }

    /// The metamethod of a type, where it is known: `None` if there is none for certain.
    pub(super) fn metamethod(&mut self, ty: Ty, event: Symbol) -> Option<Ty> {
        let ty = self.expand(ty);
        match *self.node(ty) {
            Node::Shape(number) => {
                let shape = &self.shapes[number as usize];
                if shape.open {
                    return Some(Ty::DYN);
                }
                let metatable = shape.metatable?;
                match *self.node(metatable) {
                    Node::Shape(meta) => match self.shape_field(meta, event) {
                        ShapeField::Known(ty) => Some(ty),
                        ShapeField::Unknown => Some(Ty::DYN),
                        ShapeField::Missing => None,
                    },
                    _ => Some(Ty::DYN),
                }
            }
            // A declared table type may be filled by a value with a metatable, if it declares the metamethod.
            Node::Record(_) => {
                let Node::Record(record) = self.node(ty).clone() else { return None };
                record.field(event).map(|field| field.ty)
            }
            _ => None,
        }
    }
}

/// What is known about a field of an inferred table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShapeField {
    Known(Ty),
    /// It may be there.
    Unknown,
    Missing,
}

macro_rules! known {
    ($($index:literal $name:ident $text:literal,)*) => {
        /// Metamethods and words, in the order in which a session interns them after the parser's own.
        pub(super) const KNOWN: &[(u32, &str)] = &[$(($index, $text)),*];
        pub(super) mod known {
            #![allow(dead_code, reason = "a table of names; not each is asked for")]
            use wippy_parser::Symbol;
            $(pub(in crate::check) const $name: Symbol = Symbol($index);)*
            /// Globals by which code changes what operators and fields mean.
            pub(in crate::check) const TRICKY: &[Symbol] = &[DEBUG, GETMETATABLE, SETMETATABLE, LOAD, PCALL, RAWSET];
        }
    };
}

known! {
    12 INDEX "__index",
    13 CALL "__call",
    14 LEN "__len",
    15 CONCAT "__concat",
    16 LT "__lt",
    17 LE "__le",
    18 UNM "__unm",
    19 BNOT "__bnot",
    20 ADD "__add",
    21 SUB "__sub",
    22 MUL "__mul",
    23 DIV "__div",
    24 MOD "__mod",
    25 POW "__pow",
    26 IDIV "__idiv",
    27 BAND "__band",
    28 BOR "__bor",
    29 BXOR "__bxor",
    30 SHL "__shl",
    31 SHR "__shr",
    32 NEWINDEX "__newindex",
    33 PAIRS "__pairs",
    34 N "n",
    35 MESSAGE "message",
    36 CHANNEL "channel",
    37 MATH "math",
    38 G "_G",
    39 REQUIRE "require",
    40 UNDERSCORE "_",
    41 DEBUG "debug",
    42 GETMETATABLE "getmetatable",
    43 SETMETATABLE "setmetatable",
    44 LOAD "load",
    45 PCALL "pcall",
    46 RAWSET "rawset",
    47 VALUE "value",
    48 OK "ok",
    49 DEFAULT "default",
}
