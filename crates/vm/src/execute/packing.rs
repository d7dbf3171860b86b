//! Writing values into a [`Parcel`]: how they leave their heap.
//!
//! A table becomes a [`Fragment`]: its tables are numbered as they are met and written one after the other, so nothing
//! recurses and nothing waits. A table whose keys are in the same nodes as those of an earlier one says only which. Not
//! here: the format (`execute::parcel`, `execute::fragment`). Invariant: while a value is written nothing changes or
//! collects the heap, and the tables that were met are marked as such in their headers; the marks are gone when the packer is.

use std::cell::Cell;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::heap::handle::{TypeRef, Value};
use crate::heap::object::{IMMORTAL, Node, StringObject, TABLE_FROZEN, Table};
use crate::heap::slot::{Slot, tag};
use crate::heap::table::next_at;
use crate::heap::{shared, string};

use super::context::Context;
use super::fragment::{BESIDE_TAG, Entries, Fragment, Head, NODE_WORDS, text_number, text_words};
use super::met::{Met, keep_room};
use super::parcel::{INLINE, Morsel, Packed, Parcel, Shared, mark};

/// Strings that a packer remembers, so that those that come again and again are written once.
pub(super) const REMEMBERED: usize = 32;

/// Where a string is remembered: by what it is and not by where it lies, or the same program would make other copies, and
/// take other memory, in each run.
///
/// # Safety
/// The string is alive.
#[inline(always)]
pub(super) unsafe fn place_of(string: *const StringObject) -> usize {
    // SAFETY: the caller's promise.
    unsafe { (*string).hash as usize & (REMEMBERED - 1) }
}

/// Models that a table is compared with.
const MODELS: usize = 16;

/// Logarithm of the most nodes of a model.
const MODEL_LOG: u8 = 6;

/// Most items, and most nodes, of a table that is written as tokens.
const FLAT: usize = 4;

/// Bytes of a long text that cost a unit of fuel.
pub(super) const TEXT_PER_FUEL: usize = 256;

/// Words that a fragment has room for at first.
const FIRST_WORDS: usize = 64;

/// A string that was written.
#[derive(Clone, Copy)]
struct Written {
    string: *const StringObject,
    payload: u64,
}

/// A table whose nodes were written.
#[derive(Clone, Copy)]
struct Model {
    table: *const Table,
    number: usize,
}

impl Model {
    /// Whether a table has the same keys in the same nodes.
    ///
    /// # Safety
    /// Both tables are alive.
    #[inline(always)]
    unsafe fn is_like(self, t: *const Table) -> bool {
        // SAFETY: both have so many nodes, each of which is three words without gaps.
        unsafe {
            if (*t).header.small != (*self.table).header.small {
                return false;
            }
            let (mut one, mut other) = ((*self.table).nodes.cast::<u64>(), (*t).nodes.cast::<u64>());
            for _ in 0..(*t).node_count() {
                let same_place = (*one.add(1) ^ *other.add(1)) & BESIDE_TAG == 0;
                if *one.add(2) != *other.add(2) || !same_place {
                    return false;
                }
                one = one.add(NODE_WORDS);
                other = other.add(NODE_WORDS);
            }
            true
        }
    }
}

thread_local! {
    /// Room of fragments that were read, for the next one: growing it costs a fifth of writing one.
    static WORDS: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
    static TEXTS: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

impl Drop for Fragment {
    fn drop(&mut self) {
        keep_room(std::mem::take(&mut self.words), &WORDS);
    }
}

struct Packer<'a, 'gc> {
    cx: &'a Context<'gc>,
    words: Vec<u64>,
    /// The texts so far, as they will stand behind the contents of the tables.
    texts: Vec<u64>,
    text_count: usize,
    objects: Vec<Shared>,
    met: Met,
    /// Direct-mapped by [`place_of`].
    written: [Written; REMEMBERED],
    /// The last so many, in no order.
    models: SmallVec<[Model; MODELS]>,
    /// Which model the next one replaces, when there are enough.
    next_model: usize,
    /// What it costs, in units of fuel: by what the tables hold, so that it does not depend on where anything lies.
    fuel: usize,
    /// There is not enough memory.
    failed: bool,
}

/// Whether a value has a meaning in another heap.
///
/// # Safety
/// The value must be valid.
#[inline]
pub(super) unsafe fn travels(value: Slot) -> bool {
    match value.tag {
        tag::USERDATA => {
            // SAFETY: the caller's promise.
            let object = unsafe { Value::from_slot(value) }.host_object();
            object.is_some_and(|object| Arc::clone(object).depart().is_some())
        }
        tag::CLOSURE | tag::NATIVE | tag::NATIVE_CLOSURE | tag::COROUTINE | tag::LIGHT_USERDATA => false,
        _ => true,
    }
}

/// Whether a key has the same place among the nodes of a table in every heap.
#[inline(always)]
pub(super) fn keeps_place(key_tag: u8) -> bool {
    const KEPT: u32 = 1 << tag::STRING
        | 1 << tag::INTEGER
        | 1 << tag::FLOAT
        | 1 << tag::TRUE
        | 1 << tag::FALSE
        | 1 << tag::NIL
        | 1 << tag::DEAD_KEY;
    KEPT >> key_tag & 1 == 1
}

impl Packer<'_, '_> {
    /// What stands for a value: its payload in the fragment, and its tag; nil for what has no meaning elsewhere.
    ///
    /// # Safety
    /// The value must be valid.
    #[inline(always)]
    unsafe fn refer(&mut self, payload: u64, tag: u32) -> (u64, u32) {
        // SAFETY: the caller's promise; the tag says what the value is.
        unsafe {
            match tag {
                tag::STRING => (self.text(payload as *const StringObject), tag),
                tag::TABLE => (self.met.number(payload as *mut Table) as u64, tag),
                tag::INTEGER | tag::FLOAT | tag::NIL | tag::TRUE | tag::FALSE => (payload, tag),
                _ => self.rare(Slot { payload, tag, aux: 0 }),
            }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn rare(&mut self, value: Slot) -> (u64, u32) {
        // SAFETY: the caller's promise; the tag says what the value is.
        let shared = unsafe { shared_of(value) };
        match shared {
            Some(shared) => {
                self.objects.push(shared);
                ((self.objects.len() - 1) as u64, value.tag)
            }
            None => (0, tag::NIL),
        }
    }

    #[inline(always)]
    unsafe fn text(&mut self, string: *const StringObject) -> u64 {
        // SAFETY: the caller's string is alive.
        let written = self.written[unsafe { place_of(string) }];
        // SAFETY: as above.
        if std::ptr::eq(written.string, string) { written.payload } else { unsafe { self.new_text(string) } }
    }

    #[inline(never)]
    unsafe fn new_text(&mut self, string: *const StringObject) -> u64 {
        // SAFETY: the caller's string is alive.
        unsafe {
            let payload = if shared::is_eternal(string) {
                string as u64
            } else {
                let (bytes, hash) = (string::bytes(string), (*string).hash);
                self.fuel += bytes.len() / TEXT_PER_FUEL;
                let words = text_words(bytes.len());
                let at = self.texts.len();
                if self.texts.capacity() - at < words && !self.make_room_for_texts(words) {
                    return 0;
                }
                let first = self.texts.as_mut_ptr().add(at);
                first.write(bytes.len() as u64 | u64::from(hash) << 32);
                first.add(words - 1).write(0);
                first.add(1).cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                self.texts.set_len(at + words);
                self.text_count += 1;
                text_number(self.text_count - 1)
            };
            self.written[place_of(string)] = Written { string, payload };
            payload
        }
    }

    /// Whether so many words more may be taken. The copy counts as the sender's until it is sent.
    fn may_take(&self, words: usize) -> bool {
        let bytes = (self.words.len() + self.texts.len()).saturating_add(words).saturating_mul(8);
        // Numbers of texts have to fit, and lengths.
        u32::try_from(bytes).is_ok() && self.cx.check_room(bytes).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn make_room_for_texts(&mut self, words: usize) -> bool {
        let ample = words.max(self.texts.len());
        match [ample, words].into_iter().find(|&more| self.may_take(more)) {
            Some(more) => self.texts.reserve_exact(more),
            None => self.failed = true,
        }
        !self.failed
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self, words: usize) -> Result<()> {
        /// Up to so many words the room grows faster, for it is given back in the end.
        const LITTLE: usize = 4096;
        let len = self.words.len();
        let ample = words.max(if len < LITTLE { 3 * len } else { len }).max(FIRST_WORDS);
        let Some(more) = [ample, words].into_iter().find(|&more| self.may_take(more)) else {
            return Err(ErrorKind::Memory.into());
        };
        self.words.reserve_exact(more);
        Ok(())
    }

    /// How the entries of a table are written, and the number of its model.
    #[inline(always)]
    unsafe fn plan(&self, t: *const Table) -> (Entries, usize) {
        // SAFETY: the table is alive and has so many nodes.
        unsafe {
            if (*t).has_no_nodes() {
                return (Entries::None, 0);
            }
            // The parts of an image are made when they are read, and not by looking at nodes.
            if (*t).header.flags & TABLE_FROZEN != 0 || (*t).header.mark & IMMORTAL == IMMORTAL {
                return (Entries::Pairs, 0);
            }
            if let Some(model) = self.models.iter().rev().find(|model| model.is_like(t)) {
                return (Entries::Like, model.number);
            }
            let nodes = std::slice::from_raw_parts((*t).nodes, (*t).node_count());
            let kept = nodes.iter().all(|node| keeps_place(node.key_tag));
            (if kept { Entries::Nodes } else { Entries::Pairs }, 0)
        }
    }

    /// Writes the contents of the table with this number.
    ///
    /// # Safety
    /// All tables that were met are alive.
    unsafe fn contents(&mut self, number: usize) -> Result<()> {
        let t = self.met.tables[number];
        // SAFETY: the table is alive and nothing changes it meanwhile; items are below its length, nodes as many as it
        // says, and what it holds is valid. There is room for all words that are written, which only this function writes.
        unsafe {
            let (items, nodes, count) = ((*t).len as usize, (*t).nodes, (*t).node_count());
            let (entries, model) = self.plan(t);
            // The most of all ways.
            let most = 2 + 2 * items + if entries == Entries::None { 0 } else { 4 * count };
            self.fuel += 1 + most / 4;
            if self.words.capacity() - self.words.len() < most {
                self.make_room(most)?;
            }
            let begin = self.words.as_mut_ptr().add(self.words.len());
            let mut to = begin.add(1);
            begin.write(Head { items, entries, log: (*t).header.small }.word());
            match entries {
                Entries::None => {}
                Entries::Like => {
                    to.write(model as u64);
                    to = to.add(1);
                    for n in 0..count {
                        let node = nodes.add(n);
                        let (payload, tag) = self.refer((*node).payload, u32::from((*node).tag));
                        to.write(payload);
                        to.add(1).write(u64::from(tag));
                        to = to.add(2);
                    }
                }
                Entries::Nodes => {
                    to.write(u64::from((*nodes.cast::<crate::heap::object::Header>().sub(1)).size));
                    to = to.add(1);
                    for n in 0..count {
                        let node = nodes.add(n).read();
                        let (payload, tag) = self.refer(node.payload, u32::from(node.tag));
                        // A key that is dead is only in the way.
                        let key = match u32::from(node.key_tag) {
                            tag::DEAD_KEY => 0,
                            key_tag => self.refer(node.key, key_tag).0,
                        };
                        to.cast::<Node>().write(Node { payload, tag: tag as u8, key, ..node });
                        to = to.add(NODE_WORDS);
                    }
                    self.note_model(t, number);
                }
                Entries::Pairs => {
                    let pairs = to;
                    to = to.add(1);
                    let mut position = (*t).capacity;
                    let mut written = 0;
                    while let Some((next, key, value)) = next_at(t, position) {
                        position = next;
                        if travels(key) && travels(value) {
                            for (n, slot) in [key, value].into_iter().enumerate() {
                                let (payload, tag) = self.refer(slot.payload, slot.tag);
                                to.add(2 * n).write(payload);
                                to.add(2 * n + 1).write(u64::from(tag));
                            }
                            to = to.add(4);
                            written += 1;
                        }
                    }
                    pairs.write(written);
                }
            }
            let array = (*t).array;
            for n in 0..items {
                let item = array.add(n);
                let (payload, tag) = self.refer((*item).payload, (*item).tag);
                to.write(payload);
                to.add(1).write(u64::from(tag));
                to = to.add(2);
            }
            let written = to.offset_from_unsigned(begin);
            self.words.set_len(self.words.len() + written);
        }
        if self.failed { Err(ErrorKind::Memory.into()) } else { Ok(()) }
    }

    unsafe fn note_model(&mut self, table: *const Table, number: usize) {
        // SAFETY: the caller's table is alive.
        if unsafe { (*table).header.small } > MODEL_LOG {
            return;
        }
        let model = Model { table, number };
        if self.models.len() < MODELS {
            self.models.push(model);
        } else {
            self.models[self.next_model] = model;
            self.next_model = (self.next_model + 1) % MODELS;
        }
    }

    /// Writes the tables that were met, and what they lead to.
    unsafe fn finish(mut self) -> Result<Fragment> {
        let mut next = 0;
        while next < self.met.tables.len() {
            // SAFETY: the caller's promise.
            unsafe { self.contents(next)? };
            next += 1;
        }
        let texts_at = self.words.len();
        if self.words.capacity() - texts_at < self.texts.len() {
            self.make_room(self.texts.len())?;
        }
        self.words.extend_from_slice(&self.texts);
        keep_room(std::mem::take(&mut self.texts), &TEXTS);
        if self.words.capacity() > self.words.len() + self.words.len() / 2 {
            self.words.shrink_to_fit();
        }
        Ok(Fragment {
            words: std::mem::take(&mut self.words),
            tables: self.met.tables.len(),
            texts: self.text_count,
            texts_at,
            objects: std::mem::take(&mut self.objects),
            fuel: self.fuel,
        })
    }
}

/// What stands for a value that is not copied; `None` if it has no meaning elsewhere.
///
/// # Safety
/// The value must be valid.
pub(super) unsafe fn shared_of(value: Slot) -> Option<Shared> {
    // SAFETY: the caller's promise; the tag says what the value is.
    unsafe {
        match value.tag {
            tag::USERDATA => {
                let object = Value::from_slot(value).host_object()?;
                Arc::clone(object).depart().map(Shared::Object)
            }
            tag::TYPE => Some(Shared::Type(TypeRef::from_raw(value.as_type()).share())),
            _ => None,
        }
    }
}

/// The token of a scalar or a short text, and the bytes that it takes.
unsafe fn scalar<'a>(value: Slot) -> Option<(Packed<'a>, usize)> {
    Some(match value.tag {
        tag::NIL => (Packed::Nil, 1),
        tag::TRUE => (Packed::Boolean(true), 1),
        tag::FALSE => (Packed::Boolean(false), 1),
        tag::INTEGER => (Packed::Integer(value.as_integer()), 9),
        tag::FLOAT => (Packed::Float(value.as_float()), 9),
        tag::STRING => {
            // SAFETY: the caller's string is alive as long as the token is used.
            let bytes = unsafe { string::bytes(value.as_string()) };
            (Packed::Text(bytes), 2 + bytes.len())
        }
        _ => return None,
    })
}

/// The tokens of a small table of scalars, if they fit into so many bytes.
///
/// # Safety
/// The table is alive as long as they are used.
unsafe fn flat<'a>(t: *const Table, mut room: usize) -> Option<SmallVec<[Packed<'a>; 3 * FLAT + 2]>> {
    // SAFETY: the caller's promise; items are below the length, nodes as many as it says.
    unsafe {
        let (items, count) = ((*t).len as usize, (*t).node_count());
        let frozen = (*t).header.flags & TABLE_FROZEN != 0 || (*t).header.mark & IMMORTAL == IMMORTAL;
        if items > FLAT || count > FLAT || frozen {
            return None;
        }
        let nodes = std::slice::from_raw_parts((*t).nodes, count);
        let entries = nodes.iter().filter(|node| u32::from(node.tag) != tag::NIL);
        let mut tokens = SmallVec::new();
        tokens.push(Packed::Table { items, entries: entries.clone().count() });
        room = room.checked_sub(10)?;
        let item = |n: usize| Slot { aux: 0, ..*(*t).array.add(n) };
        let of_nodes = entries.flat_map(|node| {
            [(node.key, node.key_tag), (node.payload, node.tag)].map(|(payload, tag)| Slot {
                payload,
                tag: u32::from(tag),
                aux: 0,
            })
        });
        for value in (0..items).map(item).chain(of_nodes) {
            let (token, bytes) = scalar(value)?;
            room = room.checked_sub(bytes)?;
            tokens.push(token);
        }
        tokens.push(Packed::End);
        Some(tokens)
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

    /// The slots from `first` to `last` as a morsel, and the bytes that the first takes; `None` if they are not few and simple.
    #[inline]
    pub fn morsel(&self, first: usize, last: usize) -> Option<(Morsel, usize)> {
        let mut morsel = Morsel::new();
        let mut first_bytes = 0;
        for slot in first..=last {
            if !morsel.push(self.get(slot)) {
                return None;
            }
            if slot == first {
                first_bytes = morsel.size();
            }
        }
        Some((morsel, first_bytes))
    }

    /// A slot as a morsel, if it is a text and a short one.
    #[inline]
    pub fn text_morsel(&self, slot: usize) -> Option<Morsel> {
        match self.get(slot) {
            Value::String(text) => Morsel::of_text(text.as_bytes()),
            _ => None,
        }
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
            Value::Boolean(boolean) => parcel.put(&[if boolean { mark::TRUE } else { mark::FALSE }]),
            Value::String(text) if text.len() < 256 => parcel.text(text.as_bytes()),
            other => return self.pack_large(parcel, other),
        }
        Ok(())
    }

    #[inline(never)]
    fn pack_large(&mut self, parcel: &mut Parcel, value: Value<'gc>) -> Result<()> {
        let size = match value {
            Value::String(text) => {
                self.check_room(text.len())?;
                parcel.text(text.as_bytes());
                text.len()
            }
            Value::Table(table) => return self.pack_table(parcel, table.raw()),
            other => {
                // SAFETY: the value is valid by its brand.
                match unsafe { shared_of(other.slot()) } {
                    Some(object @ Shared::Object(_)) => parcel.share(mark::OBJECT, object),
                    Some(shared) => parcel.share(mark::TYPE, shared),
                    None => parcel.push(Packed::Nil),
                }
                0
            }
        };
        // Running out of fuel here is noticed by whatever runs next.
        let _ = self.charge(size / 16);
        Ok(())
    }

    fn pack_table(&mut self, parcel: &mut Parcel, table: *mut Table) -> Result<()> {
        // SAFETY: the table is valid by its brand, and nothing is collected within a step.
        let fragment = unsafe {
            if let Some(tokens) = flat(table, INLINE.saturating_sub(parcel.size())) {
                tokens.into_iter().for_each(|token| parcel.push(token));
                return Ok(());
            }
            let mut packer = Packer {
                cx: self,
                words: WORDS.take(),
                texts: TEXTS.take(),
                text_count: 0,
                objects: Vec::new(),
                met: Met::new(),
                written: [Written { string: std::ptr::null(), payload: 0 }; REMEMBERED],
                models: SmallVec::new(),
                next_model: 0,
                fuel: 0,
                failed: false,
            };
            packer.met.number(table);
            packer.finish()?
        };
        let fuel = fragment.fuel;
        parcel.share(mark::TABLES, Shared::Tables(Arc::new(fragment)));
        // Running out of fuel here is noticed by whatever runs next.
        let _ = self.charge(fuel);
        Ok(())
    }
}
