//! The checker's own types: small numbers that stand for interned structures, and the tables behind them.
//!
//! [`crate::Type`] is what a program declares; a [`Ty`] is that, resolved, and what only a checker knows: inferred
//! tables, implicit `any`, types of type values. Invariant: equal structures have equal numbers (inferred tables are
//! compared by identity), so most questions are integer comparisons.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use wippy_parser::Symbol;

pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
pub(super) type Set<K> = HashSet<K, foldhash::fast::RandomState>;

/// A type of the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ty(pub(super) u32);

macro_rules! basics {
    ($($index:literal $name:ident $text:literal,)*) => {
        impl Ty { $(pub(super) const $name: Self = Self($index);)* }
        const BASICS: &[&str] = &[$($text),*];
    };
}

basics! {
    0 NEVER "never",
    1 NIL "nil",
    2 FALSE "false",
    3 TRUE "true",
    4 BOOLEAN "boolean",
    5 INTEGER "integer",
    6 NUMBER "number",
    7 STRING "string",
    8 TABLE "table",
    9 FUNCTION "function",
    10 THREAD "thread",
    11 USERDATA "userdata",
    12 ERROR "error",
    13 TYPE "type",
    14 SELF "self",
    15 UNKNOWN "unknown",
    16 ANY "any",
    17 DYN "any",
}

impl Ty {
    /// No type: the absence of an entry in a table of types.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// Whether nothing is checked about it.
    pub(super) fn is_any(self) -> bool {
        self == Self::ANY || self == Self::DYN
    }

    pub(super) fn basic_name(self) -> Option<&'static str> {
        BASICS.get(self.0 as usize).copied()
    }
}

/// The structure behind a [`Ty`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Basic,
    Integer(i64),
    Float(u64),
    String(Symbol),
    Array {
        element: Ty,
        readonly: bool,
    },
    Map {
        key: Ty,
        value: Ty,
        readonly: bool,
    },
    Record(Arc<Record>),
    Function(Arc<Function>),
    Union(Arc<[Ty]>),
    Intersection(Arc<[Ty]>),
    /// A generic parameter, by its number in [`Types::parameters`].
    Parameter(u32),
    /// An alias or interface with its arguments; see [`Types::expand`].
    Named(u32, Arc<[Ty]>),
    /// An inferred table, by its number in [`Types::shapes`].
    Shape(u32),
    /// The value of a type.
    TypeValue(Ty),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) fields: Vec<Field>,
    pub(super) indexer: Option<(Ty, Ty)>,
    pub(super) readonly: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub(super) name: Symbol,
    pub(super) ty: Ty,
    pub(super) optional: bool,
    pub(super) readonly: bool,
}

impl Record {
    pub(super) fn field(&self, name: Symbol) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Function {
    /// Numbers of its generic parameters.
    pub(super) generics: Vec<u32>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) vararg: Option<Ty>,
    pub(super) result: Returns,
    /// Whether the number of arguments is checked.
    pub(super) annotated: bool,
    /// Whether the first parameter is the receiver of a method call.
    pub(super) method: bool,
    /// `asserts p is T`: the parameter and the type (none: truthy).
    pub(super) asserts: Option<(u32, Option<Ty>)>,
    /// Which builtin it is, for those whose rows do not say all.
    pub(super) builtin: Builtin,
    /// The function of a source it was declared as, plus one.
    pub(super) source: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parameter {
    pub(super) name: Option<Symbol>,
    pub(super) ty: Ty,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Returns {
    Declared(Pack),
    /// To be inferred from the body of the function with this number, see [`Types::inferred`].
    Inferred(u32),
    Unknown,
}

/// Types of a list of values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pack {
    pub(super) items: Vec<Ty>,
    pub(super) tail: Option<Ty>,
    /// Which combinations are possible, where the values depend on each other.
    pub(super) rows: Option<Arc<[Vec<Ty>]>>,
}

impl Pack {
    pub(super) fn one(ty: Ty) -> Self {
        Self { items: vec![ty], tail: None, rows: None }
    }

    pub(super) fn dynamic() -> Self {
        Self { items: Vec::new(), tail: Some(Ty::DYN), rows: None }
    }
}

macro_rules! builtins {
    ($($variant:ident $path:literal,)*) => {
        /// Builtins whose effect on types no signature expresses.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Builtin {
            /// No builtin.
            None,
            /// One whose row says all.
            Row,
            $($variant,)*
        }

        impl Builtin {
            pub(super) fn from_path(path: &str) -> Self {
                match path { $($path => Self::$variant,)* _ => Self::Row }
            }
        }
    };
}

builtins! {
    Assert "assert",
    ChannelSelect "channel.select",
    Ipairs "ipairs",
    Pairs "pairs",
    Pcall "pcall",
    RawSet "rawset",
    Require "require",
    Select "select",
    SetMetatable "setmetatable",
    TableInsert "table.insert",
    ToNumber "tonumber",
    TypeOf "type",
    TypeValueOf "typeof",
    Xpcall "xpcall",
    MathRandom "math.random",
    StringFind "string.find",
    StringGmatch "string.gmatch",
    StringMatch "string.match",
}

/// An inferred table.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) fields: Vec<(Symbol, Ty)>,
    /// Names that are assigned somewhere to this table, whose type is not known (yet).
    pub(super) potential: Set<Symbol>,
    /// The join of what is stored under integer keys.
    pub(super) element: Option<Ty>,
    /// How many list items the constructor had, if nothing was added since.
    pub(super) metatable: Option<Ty>,
    /// The instance type, if this table is a class.
    pub(super) instance: Option<Ty>,
    /// Whether anything unseen may have written to it.
    pub(super) open: bool,
    /// Whether other code has seen it.
    pub(super) escaped: bool,
    /// The variable it was bound to first, for messages.
    pub(super) name: Option<Symbol>,
}

impl Shape {
    pub(super) fn get(&self, name: Symbol) -> Option<Ty> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1)
    }
}

/// A generic parameter.
#[derive(Clone, Debug)]
pub(super) struct ParameterInfo {
    pub(super) name: Symbol,
    pub(super) bound: Option<Ty>,
    pub(super) default: Option<Ty>,
}

/// An alias or an interface.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) name: Symbol,
    pub(super) parameters: Vec<u32>,
    pub(super) body: Ty,
}

/// What was found out about a function without declared results.
#[derive(Clone, Debug)]
pub(super) enum Inferred {
    Unknown,
    InProgress,
    Known(Pack),
}

/// Facts a call establishes about its arguments when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) parameter: u32,
    pub(super) kind: FactKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FactKind {
    Truthy,
    Falsy,
    Nil,
    NonNil,
    /// `type(x) == word`
    IsKind(Symbol),
}

const PARAMETRIC: u8 = 1;
const SHAPED: u8 = 2;

/// How many members a union may have before it is not analysed.
pub(super) const UNION_LIMIT: usize = 64;
/// The same for unions of literals.
pub(super) const LITERAL_LIMIT: usize = 256;

/// All types of a session.
#[derive(Debug)]
pub(super) struct Types {
    nodes: Vec<Node>,
    flags: Vec<u8>,
    expansions: Vec<Ty>,
    index: Map<Node, Ty>,
    pub(super) shapes: Vec<Shape>,
    pub(super) parameters: Vec<ParameterInfo>,
    pub(super) definitions: Vec<Definition>,
    /// By function number: results and facts.
    pub(super) inferred: Vec<Inferred>,
    pub(super) facts: Vec<Vec<Fact>>,
    /// The tables of libraries, to which programs may write.
    pub(super) libraries: Set<Ty>,
    /// Those of them whose every field is listed.
    pub(super) complete: Set<Ty>,
    /// The fields of strings, errors.
    pub(super) string_fields: Ty,
    pub(super) error_fields: Ty,
    /// Methods of types as values.
    pub(super) type_fields: Ty,
    /// Pairs that are being compared, or are known to be related.
    pub(super) assumed: Set<(Ty, Ty)>,
    pub(super) budget: u32,
    pub(super) gave_up: bool,
}

impl Types {
    pub(super) fn new() -> Self {
        let count = BASICS.len();
        Self {
            nodes: vec![Node::Basic; count],
            flags: vec![0; count],
            expansions: vec![Ty::NONE; count],
            index: Map::default(),
            shapes: Vec::new(),
            parameters: Vec::new(),
            definitions: Vec::new(),
            inferred: Vec::new(),
            facts: Vec::new(),
            libraries: Set::default(),
            complete: Set::default(),
            string_fields: Ty::DYN,
            error_fields: Ty::DYN,
            type_fields: Ty::DYN,
            assumed: Set::default(),
            budget: 0,
            gave_up: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, ty: Ty) -> &Node {
        &self.nodes[ty.0 as usize]
    }

    pub(super) fn is_parametric(&self, ty: Ty) -> bool {
        self.flags[ty.0 as usize] & PARAMETRIC != 0
    }

    pub(super) fn is_shaped(&self, ty: Ty) -> bool {
        self.flags[ty.0 as usize] & SHAPED != 0
    }

    pub(super) fn add(&mut self, node: Node) -> Ty {
        if let Some(&ty) = self.index.get(&node) {
            return ty;
        }
        let flags = self.flags_of(&node);
        let ty = Ty(u32::try_from(self.nodes.len()).expect("4 Gi types do not fit into memory"));
        self.index.insert(node.clone(), ty);
        self.nodes.push(node);
        self.flags.push(flags);
        self.expansions.push(Ty::NONE);
        ty
    }

    fn flags_of(&self, node: &Node) -> u8 {
        let of = |ty: Ty| self.flags[ty.0 as usize];
        let all = |list: &[Ty]| list.iter().fold(0, |flags, &ty| flags | of(ty));
        match node {
            Node::Basic | Node::Integer(_) | Node::Float(_) | Node::String(_) => 0,
            Node::Array { element, .. } => of(*element),
            Node::Map { key, value, .. } => of(*key) | of(*value),
            Node::Record(record) => {
                let indexer = record.indexer.map_or(0, |(key, value)| of(key) | of(value));
                record.fields.iter().fold(indexer, |flags, field| flags | of(field.ty))
            }
            Node::Function(function) => {
                let mut flags = function.parameters.iter().fold(0, |flags, it| flags | of(it.ty));
                flags |= function.vararg.map_or(0, of);
                if let Returns::Declared(pack) = &function.result {
                    flags |= all(&pack.items) | pack.tail.map_or(0, of);
                }
                if let Some((_, Some(ty))) = function.asserts {
                    flags |= of(ty);
                }
                flags
            }
            Node::Union(list) | Node::Intersection(list) | Node::Named(_, list) => all(list),
            Node::Parameter(_) => PARAMETRIC,
            Node::Shape(_) => SHAPED,
            Node::TypeValue(ty) => of(*ty),
        }
    }

    pub(super) fn string(&mut self, symbol: Symbol) -> Ty {
        self.add(Node::String(symbol))
    }

    pub(super) fn array(&mut self, element: Ty) -> Ty {
        self.add(Node::Array { element, readonly: false })
    }

    pub(super) fn record(&mut self, fields: Vec<Field>, indexer: Option<(Ty, Ty)>, readonly: bool) -> Ty {
        self.add(Node::Record(Arc::new(Record { fields, indexer, readonly })))
    }

    pub(super) fn function(&mut self, function: Function) -> Ty {
        self.add(Node::Function(Arc::new(function)))
    }

    pub(super) fn new_shape(&mut self) -> (u32, Ty) {
        let number = u32::try_from(self.shapes.len()).expect("4 Gi tables do not fit into memory");
        self.shapes.push(Shape::default());
        (number, self.add(Node::Shape(number)))
    }

    /// The members of a union, or the type itself.
    pub(super) fn members(&self, ty: Ty) -> Members {
        match self.node(ty) {
            Node::Union(list) => Members::Many(Arc::clone(list)),
            _ if ty == Ty::BOOLEAN => Members::Two([Ty::FALSE, Ty::TRUE]),
            _ => Members::One([ty]),
        }
    }

    pub(super) fn is_union(&self, ty: Ty) -> bool {
        matches!(self.node(ty), Node::Union(_))
    }

    pub(super) fn optional(&mut self, ty: Ty) -> Ty {
        self.join(ty, Ty::NIL)
    }

    /// `a | b`
    pub(super) fn join(&mut self, a: Ty, b: Ty) -> Ty {
        if a == b || b == Ty::NEVER {
            return a;
        }
        if a == Ty::NEVER {
            return b;
        }
        self.union(&[a, b])
    }

    /// The union of `list`, without members that others include.
    pub(super) fn union(&mut self, list: &[Ty]) -> Ty {
        let mut members: Vec<Ty> = Vec::with_capacity(list.len());
        for &ty in list {
            match self.node(ty) {
                Node::Union(inner) => members.extend_from_slice(inner),
                _ => members.push(ty),
            }
        }
        members.sort_unstable();
        members.dedup();
        members.retain(|&ty| ty != Ty::NEVER);
        let has = |members: &[Ty], ty: Ty| members.binary_search(&ty).is_ok();
        for top in [Ty::ANY, Ty::DYN, Ty::UNKNOWN] {
            if has(&members, top) {
                return top;
            }
        }
        if members.len() > 1 {
            if has(&members, Ty::NUMBER) {
                members.retain(|&ty| {
                    ty != Ty::INTEGER && !matches!(self.node(ty), Node::Integer(_) | Node::Float(_))
                });
            } else if has(&members, Ty::INTEGER) {
                members.retain(|&ty| !matches!(self.node(ty), Node::Integer(_)));
            }
            if has(&members, Ty::STRING) {
                members.retain(|&ty| !matches!(self.node(ty), Node::String(_)));
            }
            if has(&members, Ty::TRUE) && has(&members, Ty::FALSE) {
                members.push(Ty::BOOLEAN);
                members.sort_unstable();
                members.dedup();
            }
            if has(&members, Ty::BOOLEAN) {
                members.retain(|&ty| ty != Ty::TRUE && ty != Ty::FALSE);
            }
        }
        match members.as_slice() {
            [] => Ty::NEVER,
            [one] => *one,
            _ => {
                let literals = members.iter().filter(|&&ty| self.is_literal(ty)).count();
                if members.len() - literals > UNION_LIMIT || literals > LITERAL_LIMIT {
                    self.gave_up = true;
                    return Ty::DYN;
                }
                self.add(Node::Union(members.into()))
            }
        }
    }

    pub(super) fn is_literal(&self, ty: Ty) -> bool {
        ty == Ty::TRUE
            || ty == Ty::FALSE
            || matches!(self.node(ty), Node::Integer(_) | Node::Float(_) | Node::String(_))
    }

    /// The predeclared type that includes a literal; other types as they are.
    pub(super) fn widen(&mut self, ty: Ty) -> Ty {
        match self.node(ty) {
            Node::Integer(_) => Ty::INTEGER,
            Node::Float(_) => Ty::NUMBER,
            Node::String(_) => Ty::STRING,
            Node::Union(list) => {
                let list = Arc::clone(list);
                if list.iter().any(|&ty| self.is_literal(ty)) {
                    let list: Vec<Ty> = list.iter().map(|&ty| self.widen(ty)).collect();
                    self.union(&list)
                } else {
                    ty
                }
            }
            _ if ty == Ty::TRUE || ty == Ty::FALSE => Ty::BOOLEAN,
            _ => ty,
        }
    }

    // ---- names ----

    /// What a named type stands for; an intersection of records becomes a record. Other types as they are.
    pub(super) fn expand(&mut self, ty: Ty) -> Ty {
        match self.node(ty) {
            Node::Named(..) | Node::Intersection(_) => self.expand_slowly(ty),
            _ => ty,
        }
    }

    /// Gives a definition another structure.
    pub(super) fn define(&mut self, number: u32, body: Ty) {
        self.definitions[number as usize].body = body;
        self.expansions.fill(Ty::NONE);
    }

    fn expand_slowly(&mut self, ty: Ty) -> Ty {
        let known = self.expansions[ty.0 as usize];
        if known != Ty::NONE {
            return known;
        }
        // Until it is known, and for ever if it refers only to itself.
        self.expansions[ty.0 as usize] = Ty::ANY;
        let expanded = match self.node(ty).clone() {
            Node::Named(definition, arguments) => {
                let Definition { parameters, body, .. } = &self.definitions[definition as usize];
                let body = *body;
                if body == Ty::NONE {
                    self.expansions[ty.0 as usize] = Ty::NONE;
                    return Ty::DYN;
                }
                let body = if parameters.is_empty() {
                    body
                } else {
                    let bindings: Vec<(u32, Ty)> =
                        parameters.iter().copied().zip(arguments.iter().copied()).collect();
                    self.substitute(body, &bindings)
                };
                self.expand(body)
            }
            Node::Intersection(list) => self.merge(&list).unwrap_or(ty),
            _ => ty,
        };
        self.expansions[ty.0 as usize] = expanded;
        expanded
    }

    /// The record that has the fields of all records of `list`, if they are records.
    fn merge(&mut self, list: &[Ty]) -> Option<Ty> {
        let mut fields: Vec<Field> = Vec::new();
        let mut indexer = None;
        for &ty in list {
            let expanded = self.expand(ty);
            let Node::Record(record) = self.node(expanded).clone() else { return None };
            for field in &record.fields {
                let readonly = field.readonly || record.readonly;
                match fields.iter_mut().find(|known| known.name == field.name) {
                    Some(known) => {
                        known.optional &= field.optional;
                        known.readonly &= readonly;
                        if known.ty != field.ty {
                            let both = [known.ty, field.ty];
                            known.ty = self.intersection(&both);
                        }
                    }
                    None => fields.push(Field { readonly, ..field.clone() }),
                }
            }
            indexer = indexer.or(record.indexer);
        }
        Some(self.record(fields, indexer, false))
    }

    pub(super) fn intersection(&mut self, list: &[Ty]) -> Ty {
        let mut members: Vec<Ty> = Vec::new();
        for &ty in list {
            match self.node(ty) {
                Node::Intersection(inner) => members.extend(inner.iter().copied()),
                _ => members.push(ty),
            }
        }
        members.retain(|&ty| ty != Ty::UNKNOWN);
        let mut seen = Set::default();
        members.retain(|&ty| seen.insert(ty));
        // Literals and their bases.
        if let Some(&literal) = members.iter().find(|&&ty| self.is_literal(ty)) {
            let base = self.widen(literal);
            if members
                .iter()
                .all(|&ty| ty == literal || ty == base || (base == Ty::INTEGER && ty == Ty::NUMBER))
            {
                return literal;
            }
        }
        match members.as_slice() {
            [] => Ty::UNKNOWN,
            [one] => *one,
            _ => self.add(Node::Intersection(members.into())),
        }
    }

    /// `ty` with generic parameters replaced.
    pub(super) fn substitute(&mut self, ty: Ty, bindings: &[(u32, Ty)]) -> Ty {
        if bindings.is_empty() || !self.is_parametric(ty) {
            return ty;
        }
        self.rewrite(ty, &|number| bindings.iter().find(|it| it.0 == number).map(|it| it.1), 0)
    }

    /// `ty` with `self` replaced.
    pub(super) fn with_self(&mut self, ty: Ty, receiver: Ty) -> Ty {
        match self.node(ty).clone() {
            _ if ty == Ty::SELF => receiver,
            Node::Union(list) if list.contains(&Ty::SELF) => {
                let list: Vec<Ty> =
                    list.iter().map(|&ty| if ty == Ty::SELF { receiver } else { ty }).collect();
                self.union(&list)
            }
            _ => ty,
        }
    }

    fn rewrite_all(&mut self, list: &[Ty], of: &dyn Fn(u32) -> Option<Ty>, depth: u32) -> Vec<Ty> {
        list.iter().map(|&ty| self.rewrite(ty, of, depth)).collect()
    }

    fn rewrite(&mut self, ty: Ty, of: &dyn Fn(u32) -> Option<Ty>, depth: u32) -> Ty {
        if !self.is_parametric(ty) {
            return ty;
        }
        if depth > 100 {
            self.gave_up = true;
            return Ty::DYN;
        }
        let depth = depth + 1;
        match self.node(ty).clone() {
            Node::Parameter(number) => of(number).unwrap_or(ty),
            Node::Array { element, readonly } => {
                let element = self.rewrite(element, of, depth);
                self.add(Node::Array { element, readonly })
            }
            Node::Map { key, value, readonly } => {
                let (key, value) = (self.rewrite(key, of, depth), self.rewrite(value, of, depth));
                self.add(Node::Map { key, value, readonly })
            }
            Node::Record(record) => {
                let mut record = Record::clone(&record);
                for field in &mut record.fields {
                    field.ty = self.rewrite(field.ty, of, depth);
                }
                if let Some((key, value)) = &mut record.indexer {
                    *key = self.rewrite(*key, of, depth);
                    *value = self.rewrite(*value, of, depth);
                }
                self.add(Node::Record(Arc::new(record)))
            }
            Node::Function(function) => {
                let mut function = Function::clone(&function);
                for parameter in &mut function.parameters {
                    parameter.ty = self.rewrite(parameter.ty, of, depth);
                }
                if let Some(vararg) = &mut function.vararg {
                    *vararg = self.rewrite(*vararg, of, depth);
                }
                if let Returns::Declared(pack) = &mut function.result {
                    *pack = self.rewrite_pack(pack, of, depth);
                }
                if let Some((_, Some(ty))) = &mut function.asserts {
                    *ty = self.rewrite(*ty, of, depth);
                }
                self.function(function)
            }
            Node::Union(list) => {
                let list = self.rewrite_all(&list, of, depth);
                self.union(&list)
            }
            Node::Intersection(list) => {
                let list = self.rewrite_all(&list, of, depth);
                self.intersection(&list)
            }
            Node::Named(definition, arguments) => {
                let arguments = self.rewrite_all(&arguments, of, depth);
                self.add(Node::Named(definition, arguments.into()))
            }
            Node::TypeValue(inner) => {
                let inner = self.rewrite(inner, of, depth);
                self.add(Node::TypeValue(inner))
            }
            Node::Basic | Node::Integer(_) | Node::Float(_) | Node::String(_) | Node::Shape(_) => ty,
        }
    }

    fn rewrite_pack(&mut self, pack: &Pack, of: &dyn Fn(u32) -> Option<Ty>, depth: u32) -> Pack {
        let rows = pack
            .rows
            .as_ref()
            .map(|rows| rows.iter().map(|row| self.rewrite_all(row, of, depth)).collect::<Vec<_>>().into());
        Pack {
            items: self.rewrite_all(&pack.items, of, depth),
            tail: pack.tail.map(|tail| self.rewrite(tail, of, depth)),
            rows,
        }
    }

    pub(super) fn substitute_pack(&mut self, pack: &Pack, bindings: &[(u32, Ty)]) -> Pack {
        if bindings.is_empty() {
            return pack.clone();
        }
        self.rewrite_pack(pack, &|number| bindings.iter().find(|it| it.0 == number).map(|it| it.1), 0)
    }
}

/// The members of a type, as [`Types::members`] gives them.
pub(super) enum Members {
    One([Ty; 1]),
    Two([Ty; 2]),
    Many(Arc<[Ty]>),
}

impl std::ops::Deref for Members {
    type Target = [Ty];

    fn deref(&self) -> &[Ty] {
        match self {
            Self::One(list) => list,
            Self::Two(list) => list,
            Self::Many(list) => list,
        }
    }
}
