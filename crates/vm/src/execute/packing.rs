//! Writing values into a [`Parcel`]: how they leave their heap.
//!
//! Tables are written without recursion, each once. A record whose fields are those of an earlier one is recognised by
//! its nodes and takes a fraction of the work. Not here: the format (`execute::parcel`). Invariant: while a value is
//! written nothing changes or collects the heap, and the tables that were met are marked as such in their headers; the
//! marks are gone when the packer is.

use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::heap::handle::{TypeRef, Value};
use crate::heap::object::{IMMORTAL, MET, StringObject, TABLE_FROZEN, Table};
use crate::heap::slot::{Slot, tag};
use crate::heap::string;
use crate::heap::table::{next_at, value_of};

use super::context::Context;
use super::parcel::{LIKE_KEY, MODEL_KEYS, MODELS, Parcel, Shared, mark};

/// Strings that a packer remembers, so that the fields of records are written once.
const REMEMBERED: usize = 32;

/// A string that was written.
#[derive(Clone, Copy)]
struct Written {
    string: *const StringObject,
    /// Its next token: that it is the same text again.
    token: [u8; LIKE_KEY],
}

/// A key of a model, and the node that it is in.
#[derive(Clone, Copy)]
struct Field {
    key: Written,
    node: u32,
}

/// A record that was written whole.
struct Model {
    log: u8,
    fields: SmallVec<[Field; 6]>,
}

impl Model {
    /// Whether a table's entries are in just these nodes, under these keys, and can be sent.
    ///
    /// # Safety
    /// The table is alive.
    #[inline]
    unsafe fn is_like(&self, t: *const Table) -> bool {
        // SAFETY: the table has as many nodes as its model, whose fields are in range and in order.
        unsafe {
            if (*t).header.small != self.log {
                return false;
            }
            let mut fields = self.fields.iter();
            let mut due = fields.next();
            for n in 0..1_u32 << self.log {
                let node = (*t).nodes.add(n as usize);
                match due {
                    Some(field) if field.node == n => {
                        let same = (*node).key == field.key.string as u64
                            && u32::from((*node).key_tag) == tag::STRING
                            && is_plain(u32::from((*node).tag));
                        if !same {
                            return false;
                        }
                        due = fields.next();
                    }
                    _ if u32::from((*node).tag) != tag::NIL => return false,
                    _ => {}
                }
            }
            true
        }
    }
}

/// A table that is being written, and how far it is.
#[derive(Clone, Copy)]
struct Open {
    table: *mut Table,
    /// Position of the next entry, as [`next_at`] counts; the number of the next field, if it is like a model.
    at: u32,
    /// Items of the array part; all are written before any other entry.
    items: u32,
    /// The model that it is like.
    like: Option<u8>,
    /// Entries that were promised and are not written yet; to be a model it must write all.
    left: usize,
    /// Only strings were keys so far, and there are few.
    exemplary: bool,
    /// Where its keys begin in the packer's list.
    keys: usize,
    /// The value whose key, a table, was begun last; `nil` if none is due.
    due: Slot,
}

/// The tables of one value, numbered as they are met.
#[derive(Default)]
struct Met {
    tables: SmallVec<[*mut Table; 8]>,
    /// Made when a table comes a second time, and for those that cannot be marked.
    numbers: Option<HashMap<*mut Table, usize, foldhash::fast::FixedState>>,
}

impl Met {
    /// The number of a table that was met before; otherwise it gets the next one.
    ///
    /// # Safety
    /// The table is alive; nothing collects before this is dropped.
    #[inline]
    unsafe fn number(&mut self, table: *mut Table) -> Option<usize> {
        // SAFETY: the caller's promise; what is immortal is shared and not written.
        unsafe {
            let mark = &raw mut (*table).header.mark;
            if self.numbers.is_none() && *mark & (MET | IMMORTAL) < IMMORTAL {
                *mark |= MET;
                self.tables.push(table);
                return None;
            }
            self.look_up(table)
        }
    }

    #[cold]
    unsafe fn look_up(&mut self, table: *mut Table) -> Option<usize> {
        let tables = &mut self.tables;
        let numbers = self.numbers.get_or_insert_with(|| {
            tables.iter().enumerate().map(|(number, &table)| (table, number)).collect()
        });
        if let Some(&number) = numbers.get(&table) {
            return Some(number);
        }
        numbers.insert(table, tables.len());
        tables.push(table);
        None
    }
}

impl Drop for Met {
    fn drop(&mut self) {
        for &table in &self.tables {
            // SAFETY: nothing was collected since; immortal tables are not written.
            unsafe {
                if (*table).header.mark & IMMORTAL != IMMORTAL {
                    (*table).header.mark &= !MET;
                }
            }
        }
    }
}

struct Packer<'a, 'gc> {
    cx: &'a Context<'gc>,
    parcel: &'a mut Parcel,
    bytes: Vec<u8>,
    met: Met,
    open: SmallVec<[Open; 4]>,
    /// Direct-mapped by address.
    written: [Written; REMEMBERED],
    /// Texts of the value so far.
    texts: u32,
    models: SmallVec<[Model; 2]>,
    /// Keys of the open tables that may become models.
    keys: SmallVec<[Field; 8]>,
}

/// Whether values with this tag are always sent.
#[inline]
fn is_plain(tag: u32) -> bool {
    matches!(tag, tag::STRING | tag::INTEGER | tag::FLOAT | tag::TABLE | tag::TRUE | tag::FALSE)
}

/// Whether a value has a meaning in another heap.
///
/// # Safety
/// The value must be valid.
#[inline]
unsafe fn travels(value: Slot) -> bool {
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

impl Packer<'_, '_> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes.reserve(N);
        let length = self.bytes.len();
        // SAFETY: there is room behind the content.
        unsafe {
            self.bytes.as_mut_ptr().add(length).cast::<[u8; N]>().write(bytes);
            self.bytes.set_len(length + N);
        }
    }

    #[inline]
    fn word(&mut self, mark: u8, word: u64) {
        let mut all = [mark; 9];
        all[1..].copy_from_slice(&word.to_le_bytes());
        self.put(all);
    }

    fn number(&mut self, mark: u8, number: usize) {
        let mut all = [mark; 5];
        all[1..].copy_from_slice(&(number as u32).to_le_bytes());
        self.put(all);
    }

    fn numbers(&mut self, mark: u8, first: u32, second: u32) {
        let mut all = [mark; 9];
        all[1..5].copy_from_slice(&first.to_le_bytes());
        all[5..].copy_from_slice(&second.to_le_bytes());
        self.put(all);
    }

    /// Writes a value, of a table the beginning; `nil` for what has no meaning elsewhere.
    ///
    /// # Safety
    /// The value must be valid.
    #[inline]
    unsafe fn value(&mut self, value: Slot) -> Result<()> {
        // SAFETY: the caller's promise; the tag says what the value is.
        unsafe {
            match value.tag {
                tag::STRING => return self.text(value.as_string()).map(drop),
                tag::INTEGER => self.word(mark::INTEGER, value.payload),
                tag::FLOAT => self.word(mark::FLOAT, value.payload),
                tag::TABLE => return self.table(value.as_table()),
                tag::TRUE => self.bytes.push(mark::TRUE),
                tag::FALSE => self.bytes.push(mark::FALSE),
                _ => self.rare(value),
            }
        }
        Ok(())
    }

    #[cold]
    unsafe fn rare(&mut self, value: Slot) {
        // SAFETY: the caller's promise; the tag says what the value is.
        unsafe {
            let (mark, shared) = match value.tag {
                tag::USERDATA => {
                    let object = Value::from_slot(value).host_object();
                    let object = object.and_then(|object| Arc::clone(object).depart());
                    (mark::OBJECT, object.map(Shared::Object))
                }
                tag::TYPE => (mark::TYPE, Some(Shared::Type(TypeRef::from_raw(value.as_type()).share()))),
                _ => (mark::NIL, None),
            };
            match shared {
                Some(shared) => {
                    let place = self.parcel.place(shared);
                    self.number(mark, place);
                }
                None => self.bytes.push(mark::NIL),
            }
        }
    }

    /// Begins a table.
    unsafe fn table(&mut self, table: *mut Table) -> Result<()> {
        // SAFETY: the table is alive; its nodes are as many as it says.
        unsafe {
            if let Some(number) = self.met.number(table) {
                self.number(mark::AGAIN, number);
                return Ok(());
            }
            // The copy counts as the sender's until it is sent.
            self.cx.check_room(self.bytes.len())?;
            let (items, keys) = ((*table).len, self.keys.len());
            let (mut like, mut entries) = (None, 0);
            if !(*table).has_no_nodes() {
                if items == 0 && (*table).header.flags & TABLE_FROZEN == 0 {
                    like = self.models.iter().rposition(|model| model.is_like(table));
                }
                match like {
                    Some(model) => entries = self.models[model].fields.len(),
                    None => {
                        for n in 0..(*table).node_count() {
                            let node = (*table).nodes.add(n);
                            entries += usize::from(u32::from((*node).tag) != tag::NIL);
                        }
                    }
                }
            }
            self.bytes.reserve(9 + 9 * items as usize + 18 * entries);
            match like {
                Some(model) => self.numbers(mark::LIKE, model as u32, entries as u32),
                None => self.numbers(mark::TABLE, items, entries as u32),
            }
            let exemplary = items == 0 && entries > 0 && entries <= MODEL_KEYS;
            self.open.push(Open {
                table,
                at: 0,
                items,
                like: like.map(|model| model as u8),
                left: entries,
                exemplary,
                keys,
                due: Slot::NIL,
            });
            Ok(())
        }
    }

    /// Writes a string; answers how to write it again.
    #[inline]
    unsafe fn text(&mut self, string: *const StringObject) -> Result<Written> {
        let at = string as usize >> 4 & (REMEMBERED - 1);
        let written = self.written[at];
        if std::ptr::eq(written.string, string) {
            self.put(written.token);
            return Ok(written);
        }
        // SAFETY: the caller's string is alive.
        let bytes = unsafe { string::bytes(string) };
        let mut token = [mark::SAME_TEXT; LIKE_KEY];
        // Nothing that is larger than the number can tell is sent in the end.
        token[1..5].copy_from_slice(&(self.bytes.len() as u32).to_le_bytes());
        token[5..].copy_from_slice(&self.texts.to_le_bytes());
        let written = Written { string, token };
        self.written[at] = written;
        self.texts = self.texts.wrapping_add(1);
        match u8::try_from(bytes.len()) {
            Ok(length) => self.put([mark::SHORT_TEXT, length]),
            Err(_) if bytes.len() > u32::MAX as usize => return Err(ErrorKind::Memory.into()),
            Err(_) => self.number(mark::TEXT, bytes.len()),
        }
        self.bytes.extend_from_slice(bytes);
        Ok(written)
    }

    /// Writes the tables that have begun to their ends.
    unsafe fn finish(&mut self) -> Result<()> {
        while let Some(open) = self.open.pop() {
            // SAFETY: the caller's promise.
            unsafe {
                match open.like {
                    Some(model) => self.go_on_like(open, usize::from(model))?,
                    None => self.go_on(open)?,
                }
            }
        }
        Ok(())
    }

    /// Writes fields of a table that is like a model, up to its end or to one that is a table, which is to be written
    /// first.
    unsafe fn go_on_like(&mut self, mut open: Open, model: usize) -> Result<()> {
        // SAFETY: the table has the nodes of its model; what a live table holds is valid.
        unsafe {
            while let Some(&Field { key, node }) = self.models[model].fields.get(open.at as usize) {
                open.at += 1;
                self.put(key.token);
                let value = value_of(open.table, (*open.table).nodes.add(node as usize));
                if value.tag == tag::TABLE {
                    self.open.push(open);
                    return self.value(value);
                }
                self.value(value)?;
            }
        }
        self.bytes.push(mark::END);
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
                open.left = open.left.wrapping_sub(1);
                if key.tag == tag::TABLE {
                    open.exemplary = false;
                    open.due = value;
                    self.open.push(open);
                    return self.value(key);
                }
                if key.tag == tag::STRING && open.exemplary {
                    let key = self.text(key.as_string())?;
                    // Without items positions count nodes from the array part's capacity on.
                    self.keys.push(Field { key, node: next - 1 - (*open.table).capacity });
                } else {
                    open.exemplary = false;
                    self.value(key)?;
                }
                if value.tag == tag::TABLE {
                    self.open.push(open);
                    return self.value(value);
                }
                self.value(value)?;
            }
        }
        self.bytes.push(mark::END);
        if open.exemplary && open.left == 0 && self.models.len() < MODELS {
            // SAFETY: the table is alive.
            let log = unsafe { (*open.table).header.small };
            self.models.push(Model { log, fields: self.keys[open.keys..].into() });
        }
        self.keys.truncate(open.keys);
        Ok(())
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
            Value::Boolean(boolean) => parcel.put(&[if boolean { mark::TRUE } else { mark::FALSE }]),
            Value::String(text) if text.len() < 256 => parcel.text(text.as_bytes()),
            other => return self.pack_large(parcel, other),
        }
        Ok(())
    }

    #[inline(never)]
    fn pack_large(&mut self, parcel: &mut Parcel, value: Value<'gc>) -> Result<()> {
        /// Bytes of the mark that says how long the value is.
        const WHOLE: usize = 5;
        /// Room that a value has at first.
        const FIRST_BYTES: usize = 256;
        let before = parcel.size();
        let mut bytes = Vec::with_capacity(FIRST_BYTES.max(before + WHOLE));
        bytes.extend_from_slice(&parcel.bytes);
        bytes.extend_from_slice(&[mark::WHOLE; WHOLE]);
        let mut packer = Packer {
            cx: self,
            parcel,
            bytes,
            met: Met::default(),
            open: SmallVec::new(),
            written: [Written { string: std::ptr::null(), token: [0; LIKE_KEY] }; REMEMBERED],
            texts: 0,
            models: SmallVec::new(),
            keys: SmallVec::new(),
        };
        // SAFETY: the value is valid by its brand.
        let result = unsafe { packer.value(value.slot()).and_then(|()| packer.finish()) };
        let mut bytes = std::mem::take(&mut packer.bytes);
        drop(packer);
        let written = bytes.len() - before - WHOLE;
        // Places in it are numbers of four bytes.
        if u32::try_from(bytes.len()).is_err() {
            return Err(ErrorKind::Memory.into());
        }
        bytes[before + 1..before + WHOLE].copy_from_slice(&(written as u32).to_le_bytes());
        parcel.bytes = bytes.into();
        // Running out of fuel here is noticed by whatever runs next.
        let _ = self.charge(written / 16);
        result
    }
}
