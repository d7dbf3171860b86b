//! `Parcel`: Lua values that have left their heap, on their way to another one.
//!
//! One flat run of bytes, written once by [`Context::pack`] and read once by [`Context::unpack`]; a few scalars need no
//! allocation. What has no meaning elsewhere (functions, coroutines, channels, most userdata) becomes `nil`, or is left
//! out of its table; metatables stay behind. Not a storage format: it is never read from outside, so its reader trusts
//! it. Invariants: tables are numbered in the order in which they begin; each value packed has numbers of its own.

use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::heap::Heap;
use crate::heap::handle::{Table as LuaTable, TypeRef, Value};
use crate::heap::object::{StringObject, Table};
use crate::heap::slot::{Slot, tag};
use crate::heap::string;
use crate::heap::table::next_at;
use crate::host_object::HostObject;
use crate::types::TypeValue;

use super::context::Context;

/// Bytes that a parcel holds without an allocation: a word, a pid and a number.
const INLINE: usize = 48;

/// What a run of bytes begins with.
mod mark {
    pub(super) const NIL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    /// Eight bytes follow.
    pub(super) const INTEGER: u8 = 3;
    /// Eight bytes follow.
    pub(super) const FLOAT: u8 = 4;
    /// Four bytes of length and the bytes follow.
    pub(super) const TEXT: u8 = 5;
    /// One byte of length and the bytes follow.
    pub(super) const SHORT_TEXT: u8 = 6;
    /// Items and other entries, four bytes each; the items follow, then keys and values up to `END`.
    pub(super) const TABLE: u8 = 7;
    /// A table that has begun before: its number, four bytes.
    pub(super) const AGAIN: u8 = 8;
    /// A host object: its place in the list, four bytes.
    pub(super) const OBJECT: u8 = 9;
    /// The end of a table.
    pub(super) const END: u8 = 10;
    /// A type: its place in the list of objects, four bytes.
    pub(super) const TYPE: u8 = 11;
    /// A text that the same value has already: where it stands in the bytes, and how many texts of the value stand
    /// before it; four bytes each.
    pub(super) const SAME_TEXT: u8 = 12;
}

/// Any number of Lua values, owned, independent of every heap. See the module.
#[derive(Clone, Default)]
pub struct Parcel {
    bytes: SmallVec<[u8; INLINE]>,
    #[expect(clippy::box_collection, reason = "rare, and a parcel should be small")]
    objects: Option<Box<Vec<Shared>>>,
}

/// What a parcel does not copy.
#[derive(Clone)]
enum Shared {
    Object(Arc<dyn HostObject>),
    Type(Arc<TypeValue>),
}

/// A value of a parcel, as Rust code sees it.
#[derive(Clone)]
pub enum Packed<'a> {
    /// `nil`, or what became `nil`.
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A string.
    Text(&'a [u8]),
    /// A host object: an error, for instance.
    Object(&'a Arc<dyn HostObject>),
    /// A type.
    Type(&'a Arc<TypeValue>),
    /// A table begins: as many items, then as many key and value pairs, up to [`Packed::End`].
    Table {
        /// Items 1 to so many; `nil` stands for a missing one.
        items: usize,
        /// At most so many entries follow them.
        entries: usize,
    },
    /// A table that has begun before in the same value, counted from 0.
    Again(usize),
    /// The end of a table.
    End,
}

impl Parcel {
    /// A parcel without values.
    pub fn new() -> Parcel {
        Parcel::default()
    }

    /// Whether it holds no values.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes that its content takes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its values as a stream of tokens; tables are not balanced for the caller, but always balanced.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens {
            whole: &self.bytes,
            bytes: &self.bytes,
            objects: self.objects.as_deref().map_or(&[], |list| list),
        }
    }

    /// Its first value; `Nil` if there is none.
    pub fn first(&self) -> Packed<'_> {
        self.tokens().next().unwrap_or(Packed::Nil)
    }

    /// Appends a token. Whoever writes a table writes its [`Packed::End`], too.
    pub fn push(&mut self, token: Packed<'_>) {
        match token {
            Packed::Nil => self.bytes.push(mark::NIL),
            Packed::Boolean(false) => self.bytes.push(mark::FALSE),
            Packed::Boolean(true) => self.bytes.push(mark::TRUE),
            Packed::Integer(integer) => self.word(mark::INTEGER, integer as u64),
            Packed::Float(float) => self.word(mark::FLOAT, float.to_bits()),
            Packed::Text(text) => self.text(text),
            Packed::Object(object) => self.share(mark::OBJECT, Shared::Object(Arc::clone(object))),
            Packed::Type(ty) => self.share(mark::TYPE, Shared::Type(Arc::clone(ty))),
            Packed::Table { items, entries } => {
                self.number(mark::TABLE, items);
                self.put(&(entries as u32).to_le_bytes());
            }
            Packed::Again(number) => self.number(mark::AGAIN, number),
            Packed::End => self.bytes.push(mark::END),
        }
    }

    /// Appends bytes. What the vector offers for this makes room with a move, which costs twice as much.
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.reserve(bytes.len());
        let length = self.bytes.len();
        // SAFETY: there is room behind the content, and nothing else refers to it.
        unsafe {
            let end = self.bytes.as_mut_ptr().add(length);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), end, bytes.len());
            self.bytes.set_len(length + bytes.len());
        }
    }

    #[inline]
    fn word(&mut self, mark: u8, word: u64) {
        let mut all = [mark; 9];
        all[1..].copy_from_slice(&word.to_le_bytes());
        self.put(&all);
    }

    fn number(&mut self, mark: u8, number: usize) {
        let mut all = [mark; 5];
        all[1..].copy_from_slice(&(number as u32).to_le_bytes());
        self.put(&all);
    }

    fn text(&mut self, text: &[u8]) {
        match u8::try_from(text.len()) {
            Ok(length) => self.put(&[mark::SHORT_TEXT, length]),
            Err(_) => self.number(mark::TEXT, text.len()),
        }
        self.put(text);
    }

    fn share(&mut self, mark: u8, object: Shared) {
        let list = self.objects.get_or_insert_default();
        list.push(object);
        let number = list.len() - 1;
        self.number(mark, number);
    }
}

impl<'a> FromIterator<Packed<'a>> for Parcel {
    fn from_iter<I: IntoIterator<Item = Packed<'a>>>(tokens: I) -> Parcel {
        let mut parcel = Parcel::new();
        tokens.into_iter().for_each(|token| parcel.push(token));
        parcel
    }
}

/// The tokens of a [`Parcel`].
#[derive(Clone)]
pub struct Tokens<'a> {
    whole: &'a [u8],
    bytes: &'a [u8],
    objects: &'a [Shared],
}

impl<'a> Tokens<'a> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.bytes.split_first_chunk::<N>() {
            Some((head, tail)) => {
                self.bytes = tail;
                *head
            }
            None => {
                self.bytes = &[];
                [0; N]
            }
        }
    }

    fn number(&mut self) -> usize {
        u32::from_le_bytes(self.take()) as usize
    }

    /// The text at a place of the whole.
    #[cold]
    fn same_text(&mut self) -> Packed<'a> {
        let (at, _ordinal) = (self.number(), self.number());
        let bytes = self.whole.get(at..).unwrap_or_default();
        // Without a whole it cannot lead anywhere else.
        Tokens { whole: &[], bytes, objects: &[] }.next().unwrap_or(Packed::Nil)
    }

    fn text(&mut self, length: usize) -> Packed<'a> {
        let (text, rest) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = rest;
        Packed::Text(text)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Packed<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packed<'a>> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(match first {
            mark::FALSE => Packed::Boolean(false),
            mark::TRUE => Packed::Boolean(true),
            mark::INTEGER => Packed::Integer(i64::from_le_bytes(self.take())),
            mark::FLOAT => Packed::Float(f64::from_bits(u64::from_le_bytes(self.take()))),
            mark::TEXT => {
                let length = self.number();
                self.text(length)
            }
            mark::SHORT_TEXT => {
                let [length] = self.take();
                self.text(usize::from(length))
            }
            mark::SAME_TEXT => self.same_text(),
            mark::TABLE => Packed::Table { items: self.number(), entries: self.number() },
            mark::AGAIN => Packed::Again(self.number()),
            mark::OBJECT | mark::TYPE => match self.objects.get(self.number()) {
                Some(Shared::Object(object)) => Packed::Object(object),
                Some(Shared::Type(ty)) => Packed::Type(ty),
                None => Packed::Nil,
            },
            mark::END => Packed::End,
            _ => Packed::Nil,
        })
    }
}

/// A table that is being written, and how far it is.
#[derive(Clone, Copy)]
struct Open {
    table: *mut Table,
    /// Position of the next entry, as [`next_at`] counts.
    at: u32,
    /// Items of the array part; all are written before any other entry.
    items: u32,
    /// The value whose key, a table, was begun last; `nil` if none is due.
    due: Slot,
}

/// Strings that a packer remembers, so that the fields of records are written once.
const REMEMBERED: usize = 32;

/// Where a string was written.
#[derive(Clone, Copy)]
struct Written {
    string: *const StringObject,
    /// Where its token stands in the bytes.
    at: u32,
    ordinal: u32,
}

/// Tables that are looked up one by one before a map is made of them.
const FEW: usize = 8;

/// The numbers of the tables of one value.
#[derive(Default)]
struct Numbers {
    count: usize,
    few: SmallVec<[*mut Table; FEW]>,
    many: HashMap<*mut Table, usize, foldhash::fast::FixedState>,
}

impl Numbers {
    /// The number of a table that was met before; otherwise it gets the next one.
    fn of(&mut self, table: *mut Table) -> Option<usize> {
        if self.count < FEW {
            if let Some(number) = self.few.iter().position(|&other| other == table) {
                return Some(number);
            }
            self.few.push(table);
        } else {
            if self.many.is_empty() {
                self.many.extend(self.few.iter().enumerate().map(|(number, &table)| (table, number)));
            }
            if let Some(&number) = self.many.get(&table) {
                return Some(number);
            }
            self.many.insert(table, self.count);
        }
        self.count += 1;
        None
    }
}

struct Packer<'a, 'gc> {
    cx: &'a Context<'gc>,
    parcel: &'a mut Parcel,
    numbers: Numbers,
    open: SmallVec<[Open; 4]>,
    /// Direct-mapped by address.
    written: [Written; REMEMBERED],
    /// Texts of the value so far.
    texts: u32,
}

/// Whether a value has a meaning in another heap.
///
/// # Safety
/// The value must be valid.
#[inline]
unsafe fn travels(value: Slot) -> bool {
    match value.tag {
        tag::STRING | tag::INTEGER | tag::FLOAT | tag::TABLE | tag::TRUE | tag::FALSE => true,
        tag::USERDATA => {
            // SAFETY: the caller's promise.
            let object = unsafe { Value::from_slot(value) }.host_object();
            object.is_some_and(|object| Arc::clone(object).depart().is_some())
        }
        tag::CLOSURE | tag::NATIVE | tag::NATIVE_CLOSURE | tag::COROUTINE | tag::LIGHT_USERDATA => false,
        _ => true,
    }
}

impl Packer<'_, '_> {
    /// Writes a value, of a table the beginning; `nil` for what has no meaning elsewhere.
    ///
    /// # Safety
    /// The value must be valid.
    #[inline]
    unsafe fn value(&mut self, value: Slot) -> Result<()> {
        // SAFETY: the caller's promise; the tag says what the value is.
        unsafe {
            match value.tag {
                tag::TRUE => self.parcel.bytes.push(mark::TRUE),
                tag::FALSE => self.parcel.bytes.push(mark::FALSE),
                tag::INTEGER => self.parcel.word(mark::INTEGER, value.payload),
                tag::FLOAT => self.parcel.word(mark::FLOAT, value.payload),
                tag::STRING => return self.text(value.as_string()),
                tag::TABLE => return self.table(value.as_table()),
                tag::USERDATA => {
                    let object = Value::from_slot(value).host_object();
                    match object.and_then(|object| Arc::clone(object).depart()) {
                        Some(object) => self.parcel.share(mark::OBJECT, Shared::Object(object)),
                        None => self.parcel.bytes.push(mark::NIL),
                    }
                }
                tag::TYPE => {
                    let ty = TypeRef::from_raw(value.as_type()).share();
                    self.parcel.share(mark::TYPE, Shared::Type(ty));
                }
                _ => self.parcel.bytes.push(mark::NIL),
            }
        }
        Ok(())
    }

    unsafe fn table(&mut self, table: *mut Table) -> Result<()> {
        if let Some(number) = self.numbers.of(table) {
            self.parcel.number(mark::AGAIN, number);
            return Ok(());
        }
        // The copy counts as the sender's until it is sent.
        self.cx.check_room(self.parcel.bytes.len())?;
        // SAFETY: the table is alive; its nodes are as many as it says.
        unsafe {
            let items = (*table).len;
            let mut entries = 0;
            if !(*table).has_no_nodes() {
                for n in 0..(*table).node_count() {
                    entries += usize::from(u32::from((*(*table).nodes.add(n)).tag) != tag::NIL);
                }
            }
            self.parcel.push(Packed::Table { items: items as usize, entries });
            self.open.push(Open { table, at: 0, items, due: Slot::NIL });
        }
        Ok(())
    }

    #[inline]
    unsafe fn text(&mut self, string: *const StringObject) -> Result<()> {
        let written = &mut self.written[string as usize >> 4 & (REMEMBERED - 1)];
        if std::ptr::eq(written.string, string) {
            let mut token = [mark::SAME_TEXT; 9];
            token[1..5].copy_from_slice(&written.at.to_le_bytes());
            token[5..].copy_from_slice(&written.ordinal.to_le_bytes());
            self.parcel.put(&token);
            return Ok(());
        }
        // SAFETY: the caller's string is alive.
        let bytes = unsafe { string::bytes(string) };
        if bytes.len() > u32::MAX as usize {
            return Err(ErrorKind::Memory.into());
        }
        if let Ok(at) = u32::try_from(self.parcel.bytes.len()) {
            *written = Written { string, at, ordinal: self.texts };
        }
        self.texts += 1;
        self.parcel.text(bytes);
        Ok(())
    }

    /// Writes the tables that have begun to their ends.
    unsafe fn finish(&mut self) -> Result<()> {
        while let Some(open) = self.open.pop() {
            // SAFETY: the caller's promise.
            unsafe { self.go_on(open)? };
        }
        Ok(())
    }

    /// Writes entries of a table up to its end, or up to one that is a table, which is to be written first.
    unsafe fn go_on(&mut self, mut open: Open) -> Result<()> {
        // SAFETY: the table is alive and nothing changes it meanwhile; items are below its length, and what a live
        // table holds is valid.
        unsafe {
            if !open.due.is_nil() {
                let value = std::mem::replace(&mut open.due, Slot::NIL);
                if value.tag == tag::TABLE {
                    self.open.push(open);
                    return self.value(value);
                }
                self.value(value)?;
            }
            while open.at < open.items {
                let value = *(*open.table).array.add(open.at as usize);
                open.at += 1;
                if value.tag == tag::TABLE {
                    self.open.push(open);
                    return self.value(value);
                }
                self.value(value)?;
            }
            while let Some((next, key, value)) = next_at(open.table, open.at) {
                open.at = next;
                if !travels(key) || !travels(value) {
                    continue;
                }
                if key.tag == tag::TABLE {
                    open.due = value;
                    self.open.push(open);
                    return self.value(key);
                }
                self.value(key)?;
                if value.tag == tag::TABLE {
                    self.open.push(open);
                    return self.value(value);
                }
                self.value(value)?;
            }
        }
        self.parcel.bytes.push(mark::END);
        Ok(())
    }
}

/// A table that is being built.
struct Building<'gc> {
    table: LuaTable<'gc>,
    /// Items that have been put into it.
    at: usize,
    items: usize,
    key: Option<Value<'gc>>,
    /// Its keys in order, as long as it can be a model.
    keys: SmallVec<[*const StringObject; MODEL_KEYS]>,
    /// It can be a model: nothing but a few strings are its keys.
    exemplary: bool,
    /// It is a likeness of the model so far, and this many of its entries have come.
    alike: Option<usize>,
}

/// Most fields of a record that can be a model.
const MODEL_KEYS: usize = 8;

/// A record that was built: those that follow probably have the same fields.
struct Model<'gc> {
    table: LuaTable<'gc>,
    /// Its keys in the order in which they came, and where they are.
    places: SmallVec<[(*const StringObject, u32); MODEL_KEYS]>,
}

/// What is needed while one value is built.
struct Builder<'gc> {
    /// All tables of the value, in the order in which they began.
    made: SmallVec<[LuaTable<'gc>; 8]>,
    open: SmallVec<[Building<'gc>; 4]>,
    /// Texts of the value so far.
    texts: SmallVec<[Value<'gc>; 16]>,
    model: Option<Model<'gc>>,
    /// Open tables that are likenesses of the model so far.
    likenesses: usize,
}

impl<'gc> Builder<'gc> {
    /// A table that has begun; the caller lists it as the innermost one.
    fn begin(&mut self, cx: &mut Context<'gc>, items: usize, entries: usize) -> Result<Building<'gc>> {
        let model = self.model.as_ref().filter(|model| items == 0 && model.places.len() == entries);
        let (table, alike) = match model {
            Some(model) => {
                // SAFETY: the model was made here, whole, and scripts have not seen it yet.
                let table = unsafe { LuaTable::from_raw(cx.st().heap.likeness(model.table.raw())?) };
                self.likenesses += 1;
                (table, Some(0))
            }
            None => (cx.table(items, entries)?, None),
        };
        self.made.push(table);
        let exemplary = items == 0;
        Ok(Building { table, at: 0, items, key: None, keys: SmallVec::new(), exemplary, alike })
    }

    /// Puts an item, a key or a value into the innermost table.
    #[inline]
    fn put(&mut self, cx: &mut Context<'gc>, value: Value<'gc>) -> Result<()> {
        let Some(building) = self.open.last_mut() else { return Ok(()) };
        if building.at < building.items {
            building.at += 1;
            if !value.is_nil() {
                cx.raw_set_integer(building.table, building.at as i64, value)?;
            }
            return Ok(());
        }
        let Some(key) = building.key.take() else {
            building.key = Some(value);
            return Ok(());
        };
        if let (Some(seen), Some(model)) = (building.alike, &self.model) {
            let is_it = |known: *const StringObject| match key {
                Value::String(text) => std::ptr::eq(text.raw(), known),
                _ => false,
            };
            let place = model.places.get(seen).filter(|(known, _)| is_it(*known));
            if let Some(&(_, place)) = place {
                building.alike = Some(seen + 1);
                // SAFETY: the table has the nodes of the model, whose place this is; the value is valid.
                unsafe { cx.st().heap.set_place(building.table.raw(), place, value.slot()) };
                return Ok(());
            }
            building.stop_being_alike(cx, model);
            self.likenesses -= 1;
        }
        match key {
            Value::String(text) if building.keys.len() < MODEL_KEYS => building.keys.push(text.raw()),
            _ => building.exemplary = false,
        }
        cx.raw_set(building.table, key, value)
    }

    /// The innermost table is whole.
    fn end(&mut self, cx: &mut Context<'gc>) {
        let Some(mut building) = self.open.pop() else { return };
        if let (Some(seen), Some(model)) = (building.alike, &self.model) {
            self.likenesses -= 1;
            if seen < model.places.len() {
                building.stop_being_alike(cx, model);
            }
            return;
        }
        // Those around it may still be likenesses of the model that there is.
        if self.likenesses > 0 || !building.exemplary || building.keys.is_empty() {
            return;
        }
        let table = building.table;
        // SAFETY: table and keys are alive.
        let place = |&key: &*const StringObject| unsafe { Some((key, Heap::place_of(table.raw(), key)?)) };
        let places: Option<SmallVec<_>> = building.keys.iter().map(place).collect();
        self.model = places.map(|places| Model { table, places });
    }
}

impl<'gc> Building<'gc> {
    /// Takes out what a likeness still has of its model.
    #[cold]
    fn stop_being_alike(&mut self, cx: &mut Context<'gc>, model: &Model<'gc>) {
        let seen = self.alike.take().unwrap_or(0);
        for &(_, place) in &model.places[seen..] {
            // SAFETY: the table has the nodes of the model.
            unsafe { cx.st().heap.set_place(self.table.raw(), place, Slot::NIL) };
        }
        self.exemplary = false;
    }
}

impl<'gc> Context<'gc> {
    /// Copies `count` slots, from slot `first` on, out of this heap. Costs fuel by its size.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn pack(&mut self, first: usize, count: usize) -> Result<Parcel> {
        let mut parcel = Parcel::new();
        for slot in first..first + count {
            self.pack_value(&mut parcel, self.get(slot))?;
        }
        Ok(parcel)
    }

    /// Appends a copy of a value to a parcel.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn pack_value(&mut self, parcel: &mut Parcel, value: Value<'gc>) -> Result<()> {
        match value {
            Value::Integer(integer) => parcel.word(mark::INTEGER, integer as u64),
            Value::Float(float) => parcel.word(mark::FLOAT, float.to_bits()),
            Value::Boolean(boolean) => parcel.bytes.push(if boolean { mark::TRUE } else { mark::FALSE }),
            Value::String(text) if text.len() < 256 => parcel.text(text.as_bytes()),
            other => return self.pack_large(parcel, other),
        }
        Ok(())
    }

    #[inline(never)]
    fn pack_large(&mut self, parcel: &mut Parcel, value: Value<'gc>) -> Result<()> {
        let before = parcel.size();
        let mut packer = Packer {
            cx: self,
            parcel,
            numbers: Numbers::default(),
            open: SmallVec::new(),
            written: [Written { string: std::ptr::null(), at: 0, ordinal: 0 }; REMEMBERED],
            texts: 0,
        };
        // SAFETY: the value is valid by its brand.
        unsafe {
            packer.value(value.slot())?;
            packer.finish()?;
        }
        let written = parcel.size() - before;
        // Running out of fuel here is noticed by whatever runs next.
        let _ = self.charge(written / 16);
        Ok(())
    }

    /// Builds the values of a parcel in this heap and pushes them; answers how many there are.
    ///
    /// # Errors
    /// When the memory limit would be passed, or the values are too many for the stack.
    pub fn unpack(&mut self, parcel: &Parcel) -> Result<usize> {
        let before = self.len();
        let mut tokens = parcel.tokens();
        while let Some(value) = self.unpack_next(&mut tokens)? {
            self.reserve_slots(1)?;
            self.push(value);
        }
        let _ = self.charge(parcel.size() / 16);
        Ok(self.len() - before)
    }

    /// Builds the next value of a parcel in this heap; `None` at its end.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn unpack_next(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<Value<'gc>>> {
        let Some(token) = tokens.next() else { return Ok(None) };
        Ok(Some(match token {
            Packed::Table { items, entries } => self.unpack_table(items, entries, tokens)?.into(),
            other => self.unpack_simple(other)?,
        }))
    }

    #[inline]
    fn unpack_simple(&mut self, token: Packed<'_>) -> Result<Value<'gc>> {
        Ok(match token {
            Packed::Boolean(boolean) => Value::Boolean(boolean),
            Packed::Integer(integer) => Value::Integer(integer),
            Packed::Float(float) => Value::Float(float),
            Packed::Text(text) => self.string(text)?.into(),
            Packed::Object(object) => Arc::clone(object).arrive(self)?.into(),
            Packed::Type(ty) => self.adopt_type(Arc::clone(ty)).into(),
            Packed::Nil | Packed::Table { .. } | Packed::Again(_) | Packed::End => Value::Nil,
        })
    }

    /// A table has begun: builds it and all in it.
    fn unpack_table(
        &mut self,
        items: usize,
        entries: usize,
        tokens: &mut Tokens<'_>,
    ) -> Result<LuaTable<'gc>> {
        let mut builder = Builder {
            made: SmallVec::new(),
            open: SmallVec::new(),
            texts: SmallVec::new(),
            model: None,
            likenesses: 0,
        };
        let outermost = builder.begin(self, items, entries)?;
        let first = outermost.table;
        builder.open.push(outermost);
        while !builder.open.is_empty() {
            if let [mark::SAME_TEXT, ..] = tokens.bytes {
                tokens.bytes = &tokens.bytes[1..];
                let (_at, ordinal) = (tokens.number(), tokens.number());
                let text = builder.texts.get(ordinal).copied().unwrap_or(Value::Nil);
                builder.put(self, text)?;
                continue;
            }
            let Some(token) = tokens.next() else { break };
            let value = match token {
                Packed::End => {
                    builder.end(self);
                    continue;
                }
                Packed::Again(number) => builder.made.get(number).map_or(Value::Nil, |&table| table.into()),
                Packed::Table { items, entries } => {
                    // Small cells are not checked one by one.
                    self.check_room(1)?;
                    let inner = builder.begin(self, items, entries)?;
                    builder.put(self, inner.table.into())?;
                    builder.open.push(inner);
                    continue;
                }
                Packed::Text(text) => {
                    let text = self.string(text)?.into();
                    builder.texts.push(text);
                    text
                }
                other => self.unpack_simple(other)?,
            };
            builder.put(self, value)?;
        }
        Ok(first)
    }
}

#[cfg(test)]
#[path = "parcel_tests.rs"]
mod tests;
