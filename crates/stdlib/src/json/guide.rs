//! Who hears of a document's tokens while it is read: nobody, or a type that refuses what breaks it.
//!
//! A guide makes no values and reads no text. Invariant: a document that was read to its end under a type is one that the
//! type accepts, and a well-formed one that was refused is not.

use wippy_vm::{
    Context, Error, Str, Table, TypeFailure, TypeField, TypePath, TypePlace, TypeRecord, TypeRef, TypeShape,
    Value,
};

use super::decode::{Frame, Stop};
use super::lexer::Place;
use crate::errors::{ErrorValue, Item};
use crate::types::failure;

/// A value that a type does not accept.
pub(crate) struct Refused {
    /// What is wrong.
    pub(super) failure: Box<TypeFailure>,
    /// The byte where that was seen.
    pub(super) at: usize,
}

/// See the module. `start` is the first byte of what is spoken of.
pub(crate) trait Guide: Send + 'static {
    /// The name that a member most likely has, as it is written.
    fn likely_name(&self, cx: &Context<'_>) -> Option<&'static [u8]>;

    /// The next member has the likely name.
    fn take_likely_name<'gc>(&mut self, cx: &Context<'gc>) -> Option<Str<'gc>>;

    /// The name of a member; the guide may have it already as a string.
    fn name<'gc>(&mut self, cx: &Context<'gc>, name: &[u8]) -> Option<Str<'gc>>;

    /// A table for the members that have been read of the innermost object.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    fn table<'gc>(&self, cx: &mut Context<'gc>, members: usize) -> Result<Table<'gc>, Stop>;

    /// The topmost slot is a value that is no table.
    fn scalar(
        &mut self,
        cx: &mut Context<'_>,
        frames: &[Frame],
        is_null: bool,
        start: usize,
    ) -> Result<(), Stop>;

    /// A list or an object begins; its frame is not there yet.
    fn open(
        &mut self,
        cx: &mut Context<'_>,
        frames: &[Frame],
        is_object: bool,
        start: usize,
    ) -> Result<(), Stop>;

    /// The table in the slot is complete; its frame is gone.
    fn close(
        &mut self,
        cx: &mut Context<'_>,
        frames: &[Frame],
        slot: usize,
        start: usize,
    ) -> Result<(), Stop>;

    /// What the script hears of a refusal.
    fn error(&self, cx: &mut Context<'_>, refused: Refused, text: &[u8]) -> ErrorValue;
}

/// Anything may come.
pub(crate) struct Free;

impl Guide for Free {
    #[inline(always)]
    fn likely_name(&self, _: &Context<'_>) -> Option<&'static [u8]> {
        None
    }

    #[inline(always)]
    fn take_likely_name<'gc>(&mut self, _: &Context<'gc>) -> Option<Str<'gc>> {
        None
    }

    #[inline(always)]
    fn name<'gc>(&mut self, _: &Context<'gc>, _: &[u8]) -> Option<Str<'gc>> {
        None
    }

    #[inline(always)]
    fn table<'gc>(&self, cx: &mut Context<'gc>, members: usize) -> Result<Table<'gc>, Stop> {
        Ok(cx.table(0, members.max(1))?)
    }

    #[inline(always)]
    fn scalar(&mut self, _: &mut Context<'_>, _: &[Frame], _: bool, _: usize) -> Result<(), Stop> {
        Ok(())
    }

    #[inline(always)]
    fn open(&mut self, _: &mut Context<'_>, _: &[Frame], _: bool, _: usize) -> Result<(), Stop> {
        Ok(())
    }

    #[inline(always)]
    fn close(&mut self, _: &mut Context<'_>, _: &[Frame], _: usize, _: usize) -> Result<(), Stop> {
        Ok(())
    }

    fn error(&self, _: &mut Context<'_>, refused: Refused, _: &[u8]) -> ErrorValue {
        ErrorValue::invalid(refused.failure.text())
    }
}

/// The slot of the type.
const TYPE: usize = 2;

/// A type stands behind the text.
pub(super) struct Typed {
    levels: Vec<Level>,
    orders: Vec<Order>,
}

/// In what order the fields of a record came the last time.
struct Order {
    record: TypeRecord,
    /// At `n + 1` the field that came after field `n`, at 0 the first one.
    after: Vec<u32>,
}

/// An open list or object.
struct Level {
    /// Where it stands.
    place: TypePlace,
    shape: TypeShape,
    /// It has to be judged as a whole when it is complete.
    whole: bool,
    /// What the next value must be.
    next: TypePlace,
    /// What the name before it must be.
    key: TypePlace,
    /// The next value is a field that must be there.
    required: bool,
    /// The next value selects the record.
    is_tag: bool,
    /// Members so far.
    members: u32,
    /// Those that are no declared fields.
    others: u32,
    /// Of a record: where the order of its fields is kept, and the place there of the field before.
    order: usize,
    last: usize,
    /// The declared field that most likely comes next.
    hint: u32,
    /// Fields that must still come.
    missing: u32,
}

impl Typed {
    pub(super) fn new() -> Typed {
        Typed { levels: Vec::new(), orders: Vec::new() }
    }

    /// Where the order of a record's fields is kept; as declared, until it is seen.
    fn order_of(&mut self, ty: TypeRef<'_>, record: TypeRecord) -> usize {
        if let Some(known) = self.orders.iter().position(|order| order.record == record) {
            return known;
        }
        let after = (0..=ty.value().field_count(record)).collect();
        self.orders.push(Order { record, after });
        self.orders.len() - 1
    }

    /// The innermost table goes on as this record.
    fn begin_record(&mut self, ty: TypeRef<'_>, record: TypeRecord) {
        let order = self.order_of(ty, record);
        let first = self.orders[order].after[0];
        if let Some(level) = self.levels.last_mut() {
            (level.order, level.last, level.hint) = (order, 0, first);
        }
    }

    /// A declared field comes next.
    fn expect(&mut self, field: TypeField) {
        if let Some(level) = self.levels.last_mut() {
            level.members += 1;
            (level.next, level.required) = (field.place, field.required);
            (level.key, level.is_tag) = (TypePlace::ANYWHERE, false);
            let after = &mut self.orders[level.order].after;
            after[level.last] = field.index;
            level.last = field.index as usize + 1;
            level.hint = after[level.last];
        }
    }

    /// What the next value must be.
    fn next(&self) -> TypePlace {
        self.levels.last().map_or(TypePlace::ROOT, |level| level.next)
    }
}

#[inline]
fn type_of<'gc>(cx: &Context<'gc>) -> Result<TypeRef<'gc>, Stop> {
    match cx.get(TYPE) {
        Value::Type(ty) => Ok(ty),
        _ => Err(Error::message("the type of a document is missing").into()),
    }
}

/// The way to the value whose slot is, or will be, `last`.
fn path(cx: &Context<'_>, frames: &[Frame], last: usize) -> TypePath {
    let mut path = TypePath::default();
    for (index, frame) in frames.iter().enumerate() {
        let slot = frames.get(index + 1).map_or(last, |inner| inner.slot);
        if frame.is_object {
            if let Value::String(name) = cx.get(slot - 1) {
                path.field(name.as_bytes());
            }
        } else {
            path.item((frame.moved + slot - frame.slot) as i64);
        }
    }
    path
}

/// Refuses a value; one that turns out to be right is none of the guide's.
fn refuse(failure: Option<TypeFailure>, at: usize) -> Result<(), Stop> {
    match failure {
        Some(failure) => Err(Refused { failure: Box::new(failure), at }.into()),
        None => Ok(()),
    }
}

impl Guide for Typed {
    #[inline]
    fn likely_name(&self, cx: &Context<'_>) -> Option<&'static [u8]> {
        let level = self.levels.last()?;
        let (TypeShape::Fields(record), Value::Type(ty)) = (level.shape, cx.get(TYPE)) else { return None };
        Some(ty.value().plain_field(record, level.hint)?.1)
    }

    #[inline]
    fn take_likely_name<'gc>(&mut self, cx: &Context<'gc>) -> Option<Str<'gc>> {
        let level = self.levels.last()?;
        let (TypeShape::Fields(record), Value::Type(ty)) = (level.shape, cx.get(TYPE)) else { return None };
        let (field, _) = ty.value().plain_field(record, level.hint)?;
        self.expect(field);
        Some(cx.type_field_name(ty, record, field.index))
    }

    #[inline]
    fn name<'gc>(&mut self, cx: &Context<'gc>, name: &[u8]) -> Option<Str<'gc>> {
        let Value::Type(ty) = cx.get(TYPE) else { return None };
        let level = self.levels.last()?;
        if let TypeShape::Fields(record) = level.shape
            && let Some(field) = ty.value().field_named(record, name, level.hint)
        {
            self.expect(field);
            return Some(cx.type_field_name(ty, record, field.index));
        }
        let level = self.levels.last_mut()?;
        level.members += 1;
        level.others += 1;
        (level.key, level.required, level.is_tag) = (TypePlace::ANYWHERE, false, false);
        level.next = TypePlace::ANYWHERE;
        match level.shape {
            TypeShape::Fields(record) => {
                if let Some((key, value)) = ty.value().rest_of(record) {
                    (level.key, level.next) = (key, value);
                }
            }
            TypeShape::Pairs(key, value) => (level.key, level.next) = (key, value),
            TypeShape::Tagged(tagged) => level.is_tag = ty.value().is_tag(tagged, name),
            _ => {}
        }
        None
    }

    fn table<'gc>(&self, cx: &mut Context<'gc>, members: usize) -> Result<Table<'gc>, Stop> {
        match self.levels.last() {
            Some(Level { shape: TypeShape::Fields(record), others: 0, .. }) => {
                Ok(cx.table_of_type(type_of(cx)?, *record, members)?)
            }
            _ => Free.table(cx, members),
        }
    }

    #[inline]
    fn scalar(
        &mut self,
        cx: &mut Context<'_>,
        frames: &[Frame],
        is_null: bool,
        start: usize,
    ) -> Result<(), Stop> {
        let slot = cx.len();
        let ty = type_of(cx)?;
        let Some(level) = self.levels.last_mut() else {
            let value = cx.get(slot);
            if cx.fits_type(ty, TypePlace::ROOT, value) {
                return Ok(());
            }
            return refuse(cx.type_failure_at(ty, TypePlace::ROOT, value, &TypePath::default()), start);
        };
        if is_null {
            // In a list a hole, in an object no member at all.
            if level.required {
                let failure = cx.missing_field(ty, level.next, path(cx, frames, slot));
                return refuse(Some(failure), start);
            }
            return Ok(());
        }
        let value = cx.get(slot);
        if level.is_tag {
            let TypeShape::Tagged(tagged) = level.shape else { return Ok(()) };
            let Some(record) = ty.value().variant(tagged, value) else {
                let Value::String(name) = cx.get(slot - 1) else { return Ok(()) };
                let place = level.place;
                let outer = path(cx, &frames[..frames.len() - 1], frames[frames.len() - 1].slot);
                let failure = cx.unknown_variant(ty, place, name, value, &outer)?;
                return refuse(failure, start);
            };
            level.select(record);
            self.begin_record(ty, record);
            return Ok(());
        }
        if !cx.fits_type(ty, level.next, value) {
            let failure = cx.type_failure_at(ty, level.next, value, &path(cx, frames, slot));
            return refuse(failure, start);
        }
        level.missing = level.missing.saturating_sub(u32::from(level.required));
        if level.key != TypePlace::ANYWHERE {
            check_key(cx, ty, level.key, frames, slot, start)?;
        }
        Ok(())
    }

    fn open(
        &mut self,
        cx: &mut Context<'_>,
        frames: &[Frame],
        is_object: bool,
        start: usize,
    ) -> Result<(), Stop> {
        let ty = type_of(cx)?;
        let slot = cx.len() + 1;
        let place = self.next();
        let shape = if is_object { ty.value().object_at(place) } else { ty.value().list_at(place) };
        if let Some(level) = self.levels.last_mut() {
            if level.is_tag {
                // No literal is a table.
                let Value::String(name) = cx.get(slot - 1) else { return Ok(()) };
                let table = cx.table(0, 0)?;
                let outer = path(cx, &frames[..frames.len() - 1], frames[frames.len() - 1].slot);
                let failure = cx.unknown_variant(ty, level.place, name, table.into(), &outer)?;
                return refuse(failure, start);
            }
            level.missing = level.missing.saturating_sub(u32::from(level.required));
            if level.key != TypePlace::ANYWHERE {
                check_key(cx, ty, level.key, frames, slot, start)?;
            }
        }
        if shape == TypeShape::Nothing {
            let table = cx.table(0, 0)?;
            let failure = cx.type_failure_at(ty, place, table.into(), &path(cx, frames, slot));
            return refuse(failure, start);
        }
        self.levels.push(Level {
            place,
            shape,
            whole: shape == TypeShape::Whole,
            next: match shape {
                TypeShape::Items(place) => place,
                _ => TypePlace::ANYWHERE,
            },
            key: TypePlace::ANYWHERE,
            required: false,
            is_tag: false,
            members: 0,
            others: 0,
            order: 0,
            last: 0,
            hint: 0,
            missing: match shape {
                TypeShape::Fields(record) => record.required,
                _ => 0,
            },
        });
        if let TypeShape::Fields(record) = shape {
            self.begin_record(ty, record);
        }
        Ok(())
    }

    fn close(
        &mut self,
        cx: &mut Context<'_>,
        frames: &[Frame],
        slot: usize,
        start: usize,
    ) -> Result<(), Stop> {
        let Some(level) = self.levels.pop() else { return Ok(()) };
        if level.place == TypePlace::ANYWHERE {
            return Ok(());
        }
        let ty = type_of(cx)?;
        let Value::Table(table) = cx.get(slot) else { return Ok(()) };
        // A record that was never selected lacks the field that selects one.
        let unsure = level.whole || level.missing > 0 || matches!(level.shape, TypeShape::Tagged(_));
        let right = if unsure {
            cx.fits_type(ty, level.place, table.into())
        } else {
            cx.passes_type(ty, level.place, table)
        };
        if right {
            return Ok(());
        }
        refuse(cx.type_failure_at(ty, level.place, table.into(), &path(cx, frames, slot)), start)
    }

    fn error(&self, cx: &mut Context<'_>, refused: Refused, text: &[u8]) -> ErrorValue {
        let place = Place::of(text, refused.at.min(text.len()));
        let asked = match cx.get(TYPE) {
            Value::Type(ty) => ty.value().text().to_owned(),
            _ => String::new(),
        };
        let mut facts = failure::facts(&refused.failure, &asked);
        facts.push(("line", Item::Integer(place.line as i64)));
        facts.push(("column", Item::Integer(place.column as i64)));
        facts.push(("byte", Item::Integer(place.byte as i64)));
        let mut message = refused.failure.text();
        message.extend_from_slice(format!(" {place}").as_bytes());
        failure::error_with(message, facts)
    }
}

impl Level {
    /// Goes on as this record.
    fn select(&mut self, record: TypeRecord) {
        // What came before the field that selects was not looked at.
        self.whole |= self.members > 1;
        self.others -= 1;
        self.shape = TypeShape::Fields(record);
        // The field itself is one of those that must be there.
        self.missing = if self.whole { 0 } else { record.required - 1 };
    }
}

/// Checks the name of the member whose value has, or will have, the slot.
fn check_key<'gc>(
    cx: &mut Context<'gc>,
    ty: TypeRef<'gc>,
    key: TypePlace,
    frames: &[Frame],
    slot: usize,
    start: usize,
) -> Result<(), Stop> {
    let name = cx.get(slot - 1);
    if cx.fits_type(ty, key, name) {
        return Ok(());
    }
    let mut path = path(cx, &frames[..frames.len() - 1], frames[frames.len() - 1].slot);
    path.key();
    refuse(cx.type_failure_at(ty, key, name, &path), start)
}
