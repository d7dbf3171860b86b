//! A type beside a document that is still being read: what may come at each place, so that a reader can stop at the
//! first value that breaks the type, before it has built what surrounds it.
//!
//! The reader owns the text and the tables; here are the questions that it asks at each token. What cannot be told before
//! a table is complete (unions without a tag, intersections) is asked then. Invariant: a table whose parts were
//! all accepted here is one that the type accepts, and the other way round.

use crate::error::Result;
use crate::heap::handle::{Str, Table, TypeRef, Value};
use crate::heap::slot::{Slot, tag};
use crate::types::TypeValue;
use crate::types::program::{Literal, Node, NodeId, Program};

use super::context::Context;
use super::explain::{self, TypeFailure};
use super::foreign::Modules;
use super::leaf::{equals_literal, is_in, is_integer, is_literal, is_scalar, passes_all};
use super::typed;

/// A place in a type: what the value that stands there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypePlace(NodeId);

impl TypePlace {
    /// Where any value may stand.
    pub const ANYWHERE: TypePlace = TypePlace(NodeId::MAX);
    /// The type itself.
    pub const ROOT: TypePlace = TypePlace(0);
}

/// What a list or an object comes to at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeShape {
    /// No table may stand there.
    Nothing,
    /// Any table may.
    Anything,
    /// It is to be judged when it is complete.
    Whole,
    /// Every item has this place.
    Items(TypePlace),
    /// Names and values have these places.
    Pairs(TypePlace, TypePlace),
    /// The fields of this record, and others.
    Fields(TypeRecord),
    /// The record that one field selects; judged as a whole if other fields came before it.
    Tagged(u32),
}

/// A record among a type's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeRecord {
    record: u32,
    /// Fields that must be there.
    pub required: u32,
}

/// A declared field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeField {
    /// Its number among the declared ones.
    pub index: u32,
    /// What its value must be.
    pub place: TypePlace,
    /// Whether it must be there.
    pub required: bool,
}

/// Where in a value something is, as messages write it.
#[derive(Clone, Debug, Default)]
pub struct TypePath(Vec<u8>);

impl TypePath {
    /// Goes on to a named part.
    pub fn field(&mut self, name: &[u8]) {
        self.0 = explain::step_name(&self.0, name);
    }

    /// Goes on to an item.
    pub fn item(&mut self, position: i64) {
        self.0.extend_from_slice(format!("[{position}]").as_bytes());
    }

    /// Goes on to the keys.
    pub fn key(&mut self) {
        self.0.extend_from_slice(b"[key]");
    }
}

/// The node that a table is judged by: behind what accepts other values, and behind validators.
fn container(program: &Program, place: TypePlace) -> Node {
    let mut id = place.0;
    loop {
        match program.nodes[id as usize] {
            Node::Either { mask, .. } if mask >> tag::TABLE & 1 != 0 => return Node::Mask(mask),
            Node::Either { other, .. } => id = other,
            Node::Annotated { inner, .. } => id = inner,
            node => return node,
        }
    }
}

impl TypeValue {
    /// What a list comes to at a place.
    pub fn list_at(&self, place: TypePlace) -> TypeShape {
        if place == TypePlace::ANYWHERE {
            return TypeShape::Anything;
        }
        match container(self.program(), place) {
            Node::Array { element, .. } => TypeShape::Items(TypePlace(element)),
            node => common(node),
        }
    }

    /// What an object comes to at a place.
    pub fn object_at(&self, place: TypePlace) -> TypeShape {
        if place == TypePlace::ANYWHERE {
            return TypeShape::Anything;
        }
        match container(self.program(), place) {
            Node::Map { key, value, .. } => TypeShape::Pairs(TypePlace(key), TypePlace(value)),
            Node::Record { record, .. } => TypeShape::Fields(self.record(record)),
            Node::Tagged(tags) => TypeShape::Tagged(tags),
            node => common(node),
        }
    }

    fn record(&self, record: u32) -> TypeRecord {
        let fields = &self.program().records[record as usize].fields;
        let required = fields.iter().filter(|field| !field.optional).count() as u32;
        TypeRecord { record, required }
    }

    /// How many fields a record declares.
    pub fn field_count(&self, record: TypeRecord) -> u32 {
        self.program().records[record.record as usize].fields.len() as u32
    }

    /// The field of this name; it is looked for from field number `hint` on, and then among those before.
    #[inline]
    pub fn field_named(&self, record: TypeRecord, name: &[u8], hint: u32) -> Option<TypeField> {
        let fields = &self.program().records[record.record as usize].fields;
        let (before, after) = fields.split_at((hint as usize).min(fields.len()));
        let at = match after.iter().position(|field| field.name.bytes() == name) {
            Some(at) => before.len() + at,
            None => before.iter().position(|field| field.name.bytes() == name)?,
        };
        let field = &fields[at];
        Some(TypeField { index: at as u32, place: TypePlace(field.node), required: !field.optional })
    }

    /// The field of this number, if a document writes its name as it is, and the name.
    #[inline]
    pub fn plain_field(&self, record: TypeRecord, index: u32) -> Option<(TypeField, &'static [u8])> {
        let field = self.program().records[record.record as usize].fields.get(index as usize)?;
        let found = TypeField { index, place: TypePlace(field.node), required: !field.optional };
        field.is_plain.then_some((found, field.name.bytes()))
    }

    /// What the names and values of a record's undeclared members must be.
    pub fn rest_of(&self, record: TypeRecord) -> Option<(TypePlace, TypePlace)> {
        let (key, value) = self.program().records[record.record as usize].rest?;
        Some((TypePlace(key), TypePlace(value)))
    }

    /// Whether this is the name of the field that selects the record.
    pub fn is_tag(&self, tagged: u32, name: &[u8]) -> bool {
        self.program().tags[tagged as usize].field.bytes() == name
    }

    /// The record that a value of that field selects.
    pub fn variant(&self, tagged: u32, value: Value<'_>) -> Option<TypeRecord> {
        let program = self.program();
        // SAFETY: the value is valid by its brand.
        let selects = |literal: Literal| unsafe { equals_literal(value.slot(), literal) };
        let variants = &program.tags[tagged as usize].variants;
        let (_, node) = variants.iter().find(|(literal, _)| selects(*literal))?;
        match program.nodes[*node as usize] {
            Node::Record { record, .. } => Some(self.record(record)),
            _ => None,
        }
    }
}

/// What a table comes to where its own form decides nothing.
fn common(node: Node) -> TypeShape {
    match node {
        Node::Mask(mask) if mask >> tag::TABLE & 1 != 0 => TypeShape::Anything,
        Node::Mask(_) | Node::Integer | Node::Literal { .. } | Node::Host(_) | Node::Nothing(_) => {
            TypeShape::Nothing
        }
        _ => TypeShape::Whole,
    }
}

impl<'gc> Context<'gc> {
    /// The name of a declared field.
    #[inline]
    pub fn type_field_name(&self, ty: TypeRef<'gc>, record: TypeRecord, index: u32) -> Str<'gc> {
        let field = &ty.value().program().records[record.record as usize].fields[index as usize];
        // SAFETY: immortal.
        unsafe { Str::from_raw(field.name.raw().cast_mut()) }
    }

    /// A table for so many members of a record, all of them declared fields.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn table_of_type(
        &mut self,
        ty: TypeRef<'gc>,
        record: TypeRecord,
        members: usize,
    ) -> Result<Table<'gc>> {
        let record = &ty.value().program().records[record.record as usize];
        if members * 2 < record.fields.len() {
            return self.table(0, members.max(1));
        }
        let heap = &mut self.st().heap;
        let template = match record.template.get() {
            Some(template) => template,
            None => {
                let template = heap.template(record.fields.iter().map(|field| field.name))?;
                record.template.get_or_init(|| template)
            }
        };
        match template {
            // SAFETY: a fresh object of this heap.
            Some(template) => unsafe { Ok(Table::from_raw(heap.table_of(template)?)) },
            None => self.table(0, 1),
        }
    }

    /// Whether a value may stand at a place. Charges fuel for what it looks at.
    #[inline]
    pub fn fits_type(&mut self, ty: TypeRef<'gc>, place: TypePlace, value: Value<'gc>) -> bool {
        if place == TypePlace::ANYWHERE {
            return true;
        }
        let (program, slot) = (ty.value().program(), value.slot());
        // SAFETY: the value is valid by its brand; nothing runs meanwhile.
        unsafe {
            match program.nodes[place.0 as usize] {
                Node::Mask(mask) => is_in(mask, slot),
                Node::Integer => is_integer(slot),
                Node::Literal { first, count } => is_literal(program, first, count, slot),
                Node::Annotated { scalar, .. } if (scalar as usize) < program.scalars.len() => {
                    is_scalar(&program.scalars[scalar as usize], slot)
                }
                _ => typed::accepts_at(self.st(), program, place.0, slot),
            }
        }
    }

    /// Whether a table whose parts are right passes the validators of its place.
    pub fn passes_type(&self, ty: TypeRef<'gc>, place: TypePlace, table: Table<'gc>) -> bool {
        if place == TypePlace::ANYWHERE {
            return true;
        }
        let program = ty.value().program();
        let slot: Slot = Value::from(table).slot();
        let mut id = place.0;
        loop {
            match program.nodes[id as usize] {
                Node::Either { mask, .. } if is_in(mask, slot) => return true,
                Node::Either { other, .. } => id = other,
                Node::Annotated { inner, first, count, .. } => {
                    // SAFETY: the table is valid by its brand.
                    if !unsafe { passes_all(program, first, count, slot) } {
                        return false;
                    }
                    id = inner;
                }
                _ => return true,
            }
        }
    }

    /// Why a value that may not stand at a place may not; the path leads there. None where everything may.
    pub fn type_failure_at(
        &self,
        ty: TypeRef<'gc>,
        place: TypePlace,
        value: Value<'gc>,
        path: &TypePath,
    ) -> Option<TypeFailure> {
        if place == TypePlace::ANYWHERE {
            return None;
        }
        // SAFETY: the value is valid by its brand; nothing runs meanwhile.
        let failures = unsafe {
            explain::collect(Modules::of(self.st()), ty.value().program(), place.0, value.slot(), &path.0, 1)
        };
        failures.into_iter().next()
    }

    /// Why a record's field must be there, at the end of the path.
    pub fn missing_field(&self, ty: TypeRef<'gc>, place: TypePlace, path: TypePath) -> TypeFailure {
        TypeFailure::missing(ty.value().program(), place.0, path.0)
    }

    /// Why no record is selected by this value of the field that selects one.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn unknown_variant(
        &mut self,
        ty: TypeRef<'gc>,
        place: TypePlace,
        name: Str<'gc>,
        value: Value<'gc>,
        path: &TypePath,
    ) -> Result<Option<TypeFailure>> {
        let table = self.table(0, 1)?;
        self.raw_set(table, name, value)?;
        Ok(self.type_failure_at(ty, place, table.into(), path))
    }
}
