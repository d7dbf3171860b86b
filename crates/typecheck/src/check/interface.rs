//! What a module offers to those that require it, as one number that changes when any of it does.
//!
//! Everything an importer can observe is written into a hash: exported values and types, the results of functions,
//! whether inferred or declared, and what calling them establishes. Invariant: the same text, checked twice in a session
//! against the same imports, has the same number; a module too large to be written out never has the same number twice.

use std::hash::{BuildHasher, Hasher};

use super::session::Module;
use super::types::{FactKind, Function, Inferred, Map, Node, Pack, Returns, Ty, Types};

/// How many types of a module are written out.
const STEPS: usize = 200_000;

/// The number of what `module` offers; `unique` is one that was never given before.
pub(super) fn fingerprint(types: &Types, module: &Module, unique: u64) -> u64 {
    let hasher = foldhash::fast::FixedState::default().build_hasher();
    let mut writer = Writer { types, hasher, pending: vec![module.export], seen: Map::default() };
    let mut named: Vec<_> = module.types.iter().map(|(&name, &number)| (name, number)).collect();
    named.sort_unstable();
    for &(name, number) in &named {
        writer.hasher.write_u32(name.0);
        let definition = &types.definitions[number as usize];
        writer.generics(&definition.parameters);
        writer.pending.push(definition.body);
    }
    let mut steps = 0;
    while let Some(ty) = writer.pending.pop() {
        steps += 1;
        if steps > STEPS {
            return unique;
        }
        writer.ty(ty);
    }
    writer.hasher.finish()
}

struct Writer<'t, H> {
    types: &'t Types,
    hasher: H,
    pending: Vec<Ty>,
    /// Types that were met, by when; numbers of types differ from check to check, the order in which they are met does not.
    seen: Map<Ty, usize>,
}

impl<H: Hasher> Writer<'_, H> {
    fn ty(&mut self, ty: Ty) {
        if ty == Ty::NONE {
            return self.hasher.write_u8(0);
        }
        let node = self.types.node(ty);
        if matches!(node, Node::Basic) {
            return self.hasher.write_u32(ty.0);
        }
        let count = self.seen.len();
        if let Some(&at) = self.seen.get(&ty) {
            self.hasher.write_u8(1);
            return self.hasher.write_usize(at);
        }
        self.seen.insert(ty, count);
        match node {
            Node::Basic => {}
            Node::Integer(value) => {
                self.hasher.write_u8(2);
                self.hasher.write_i64(*value);
            }
            Node::Float(bits) => {
                self.hasher.write_u8(3);
                self.hasher.write_u64(*bits);
            }
            Node::String(symbol) => {
                self.hasher.write_u8(4);
                self.hasher.write_u32(symbol.0);
            }
            Node::Array { element, readonly } => {
                self.hasher.write_u8(5 + u8::from(*readonly));
                self.pending.push(*element);
            }
            Node::Map { key, value, readonly } => {
                self.hasher.write_u8(7 + u8::from(*readonly));
                self.pending.extend([*key, *value]);
            }
            Node::Record(record) => {
                self.hasher.write_u8(9 + u8::from(record.readonly));
                self.hasher.write_usize(record.fields.len());
                for field in &record.fields {
                    self.hasher.write_u32(field.name.0);
                    self.hasher.write_u8(u8::from(field.optional) * 2 + u8::from(field.readonly));
                    self.pending.push(field.ty);
                }
                if let Some((key, value)) = record.indexer {
                    self.hasher.write_u8(1);
                    self.pending.extend([key, value]);
                }
            }
            Node::Function(function) => self.function(function),
            Node::Union(list) => {
                self.hasher.write_u8(12);
                self.list(list);
            }
            Node::Intersection(list) => {
                self.hasher.write_u8(13);
                self.list(list);
            }
            Node::Parameter(number) => {
                self.hasher.write_u8(14);
                self.generics(&[*number]);
            }
            Node::Named(number, arguments) => {
                let definition = &self.types.definitions[*number as usize];
                self.hasher.write_u8(15);
                self.hasher.write_u32(definition.name.0);
                self.list(arguments);
                self.pending.push(definition.body);
            }
            Node::Shape(number) => {
                let shape = &self.types.shapes[*number as usize];
                self.hasher.write_u8(16 + u8::from(shape.open));
                self.hasher.write_usize(shape.fields.len());
                for &(name, ty) in &shape.fields {
                    self.hasher.write_u32(name.0);
                    self.pending.push(ty);
                }
                // The set has no order; the sum of its members does not need one.
                let sum = shape.potential.iter().map(|name| u64::from(name.0) + 1).sum();
                self.hasher.write_u64(sum);
                self.optional(shape.element);
                self.optional(shape.metatable);
                self.optional(shape.instance);
            }
            Node::TypeValue(inner) => {
                self.hasher.write_u8(18);
                self.pending.push(*inner);
            }
        }
    }

    fn list(&mut self, list: &[Ty]) {
        self.hasher.write_usize(list.len());
        self.pending.extend(list);
    }

    fn optional(&mut self, ty: Option<Ty>) {
        self.hasher.write_u8(u8::from(ty.is_some()));
        self.pending.extend(ty);
    }

    fn generics(&mut self, numbers: &[u32]) {
        self.hasher.write_usize(numbers.len());
        for &number in numbers {
            let info = &self.types.parameters[number as usize];
            self.hasher.write_u32(info.name.0);
            self.optional(info.bound);
            self.optional(info.default);
        }
    }

    fn function(&mut self, function: &Function) {
        self.hasher.write_u8(11);
        self.hasher.write_u8(u8::from(function.annotated) * 2 + u8::from(function.method));
        self.generics(&function.generics);
        self.hasher.write_usize(function.parameters.len());
        for parameter in &function.parameters {
            self.hasher.write_u32(parameter.name.map_or(0, |name| name.0 + 1));
            self.pending.push(parameter.ty);
        }
        self.optional(function.vararg);
        match function.asserts {
            Some((at, ty)) => {
                self.hasher.write_u32(at + 1);
                self.optional(ty);
            }
            None => self.hasher.write_u32(0),
        }
        match &function.result {
            Returns::Declared(pack) => self.pack(pack),
            Returns::Inferred(number) => match self.types.inferred.get(*number as usize) {
                Some(Inferred::Known(pack)) => self.pack(pack),
                _ => self.hasher.write_u8(19),
            },
            Returns::Unknown => self.hasher.write_u8(20),
        }
        let facts = function.source.checked_sub(1).and_then(|number| self.types.facts.get(number as usize));
        for fact in facts.into_iter().flatten() {
            self.hasher.write_u32(fact.parameter);
            self.hasher.write_u32(match fact.kind {
                FactKind::Truthy => 0,
                FactKind::Falsy => 1,
                FactKind::Nil => 2,
                FactKind::NonNil => 3,
                FactKind::IsKind(word) => word.0 + 4,
            });
        }
    }

    fn pack(&mut self, pack: &Pack) {
        self.hasher.write_u8(21);
        self.list(&pack.items);
        self.optional(pack.tail);
        let rows = pack.rows.as_deref().unwrap_or_default();
        self.hasher.write_usize(rows.len());
        for row in rows {
            self.list(row);
        }
    }
}
