//! Building the values of a [`Parcel`] in a heap: how they arrive.
//!
//! The tables of a fragment are made first, empty; then each gets its parts, so that it does not matter what refers to
//! what. Tables that Rust code has written token by token are built without recursion. Not here: the formats
//! (`execute::parcel`, `execute::fragment`). Invariant: while a value is built nothing is collected and no script sees a
//! part of it.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::Result;
use crate::heap::arrival::free_index;
use crate::heap::handle::{Table as LuaTable, Value};
use crate::heap::object::{Node, Table};
use crate::heap::slot::{Slot, tag, write};

use super::context::Context;
use super::fragment::{BESIDE_TAG, Entries, Fragment, Head, NODE_WORDS, as_text, tag_word};
use super::parcel::{Packed, Parcel, Shared, Tokens};

/// What the numbers of a fragment mean in a heap.
struct Arrival<'a> {
    fragment: &'a Fragment,
    tables: Vec<*mut Table>,
    /// Addresses of strings.
    texts: Vec<u64>,
    objects: Vec<Slot>,
}

impl Arrival<'_> {
    #[inline(always)]
    fn payload(&self, payload: u64, tag: u32) -> u64 {
        match tag {
            tag::STRING => match as_text(payload) {
                Some(number) => self.texts[number],
                None => payload,
            },
            tag::TABLE => self.tables[payload as usize] as u64,
            tag::USERDATA | tag::TYPE => self.objects[payload as usize].payload,
            _ => payload,
        }
    }

    /// Value at a place of the words.
    #[inline(always)]
    fn value(&self, at: usize) -> Slot {
        let [payload, tag] = [self.fragment.words[at], self.fragment.words[at + 1]];
        Slot { payload: self.payload(payload, tag as u32), tag: tag as u32, aux: 0 }
    }

    /// Fills all tables.
    ///
    /// # Safety
    /// They are fresh; everything is alive.
    unsafe fn fill(&self, cx: &mut Context<'_>) -> Result<()> {
        let words = &self.fragment.words;
        let mut at = 0;
        for &t in &self.tables {
            let head = Head::of(words[at]);
            at += 1;
            // SAFETY: the words were written so by the packer, a node as such; every part is as large as its head says, and
            // all of it is written at once. Strings that are not new have passed the barrier; all else is new.
            unsafe {
                match head.entries {
                    Entries::None => {}
                    Entries::Nodes => {
                        let nodes = cx.st().heap.bare_nodes(t, head.log, words[at] as u32)?;
                        at += 1;
                        let count = 1 << head.log;
                        let from = words[at..at + NODE_WORDS * count].as_ptr().cast::<Node>();
                        for n in 0..count {
                            let node = from.add(n).read();
                            let payload = self.payload(node.payload, u32::from(node.tag));
                            let key = self.payload(node.key, u32::from(node.key_tag));
                            nodes.add(n).write(Node { payload, key, ..node });
                        }
                        at += NODE_WORDS * count;
                    }
                    Entries::Like => {
                        let model = self.tables[words[at] as usize];
                        at += 1;
                        let nodes = cx.st().heap.bare_nodes(t, head.log, free_index(model))?;
                        let count = 1 << head.log;
                        let (mut from, mut to) = ((*model).nodes.cast::<u64>(), nodes.cast::<u64>());
                        for value in words[at..at + 2 * count].chunks_exact(2) {
                            // Word by word: all that is not the value is the model's.
                            to.write(self.payload(value[0], value[1] as u32));
                            to.add(1).write(*from.add(1) & BESIDE_TAG | tag_word(value[1] as u8));
                            to.add(2).write(*from.add(2));
                            (from, to) = (from.add(NODE_WORDS), to.add(NODE_WORDS));
                        }
                        at += 2 * count;
                    }
                    Entries::Pairs => {
                        let count = words[at] as usize;
                        at += 1;
                        cx.st().heap.reserve(t, 0, count)?;
                        for _ in 0..count {
                            let (key, value) = (self.value(at), self.value(at + 2));
                            at += 4;
                            if !key.is_nil() {
                                let (key, value) = (Value::from_slot(key), Value::from_slot(value));
                                cx.raw_set(LuaTable::from_raw(t), key, value)?;
                            }
                        }
                    }
                }
                if head.items > 0 {
                    let array = cx.st().heap.bare_items(t, head.items)?;
                    for (n, value) in words[at..at + 2 * head.items].chunks_exact(2).enumerate() {
                        let (payload, tag) = (value[0], value[1] as u32);
                        write(array.add(n), Slot { payload: self.payload(payload, tag), tag, aux: 0 });
                    }
                    at += 2 * head.items;
                    // What has no meaning here may have been the last one.
                    while (*t).len > 0 && (*array.add((*t).len as usize - 1)).tag == tag::NIL {
                        (*t).len -= 1;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A table that is being built of tokens.
struct Building<'gc> {
    table: LuaTable<'gc>,
    /// Items that have been put into it.
    at: usize,
    items: usize,
    /// The key whose value is due.
    key: Option<Value<'gc>>,
}

impl<'gc> Building<'gc> {
    fn begin(cx: &mut Context<'gc>, items: usize, entries: usize) -> Result<Building<'gc>> {
        // Small cells are not checked one by one.
        cx.check_room(1)?;
        Ok(Building { table: cx.table(items, entries)?, at: 0, items, key: None })
    }

    /// Puts the next value into it: an item, a key, or what belongs to the key before.
    fn put(&mut self, cx: &mut Context<'gc>, value: Value<'gc>) -> Result<()> {
        if self.at < self.items {
            self.at += 1;
            return match value {
                Value::Nil => Ok(()),
                value => cx.raw_set_integer(self.table, self.at as i64, value),
            };
        }
        match self.key.take() {
            Some(key) => cx.raw_set(self.table, key, value),
            None => {
                self.key = Some(value);
                Ok(())
            }
        }
    }
}

impl<'gc> Context<'gc> {
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
        Ok(self.len() - before)
    }

    /// Builds the next value of a parcel in this heap; `None` at its end. A table costs fuel by its size.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn unpack_next(&mut self, tokens: &mut Tokens<'_>) -> Result<Option<Value<'gc>>> {
        if let Some(integer) = tokens.integer() {
            return Ok(Some(Value::Integer(integer)));
        }
        if let Some(fragment) = tokens.fragment() {
            return self.unpack_fragment(fragment).map(Some);
        }
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
            Packed::Type(ty) => self.adopt_type(ty.clone()).into(),
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
        let mut building = Building::begin(self, items, entries)?;
        let outermost = building.table;
        let mut made: SmallVec<[LuaTable<'gc>; 4]> = SmallVec::from_iter([outermost]);
        let mut open: SmallVec<[Building<'gc>; 4]> = SmallVec::new();
        let mut count = 0;
        for token in tokens.by_ref() {
            count += 1;
            match token {
                Packed::Table { items, entries } => {
                    let inner = Building::begin(self, items, entries)?;
                    building.put(self, inner.table.into())?;
                    made.push(inner.table);
                    open.push(std::mem::replace(&mut building, inner));
                }
                Packed::End => match open.pop() {
                    Some(outer) => building = outer,
                    None => break,
                },
                Packed::Again(number) => {
                    let value = made.get(number).map_or(Value::Nil, |&table| table.into());
                    building.put(self, value)?;
                }
                simple => {
                    let value = self.unpack_simple(simple)?;
                    building.put(self, value)?;
                }
            }
        }
        // Running out of fuel here is noticed by whatever runs next.
        let _ = self.charge(count);
        Ok(outermost)
    }

    #[inline(never)]
    fn unpack_fragment(&mut self, fragment: &Fragment) -> Result<Value<'gc>> {
        // What it will take here: a table is a cell more than its parts, and nodes that are like a model's are shorter there.
        let parts = fragment.bytes() + fragment.bytes() / 2;
        self.check_room(parts + (fragment.tables + fragment.texts) * size_of::<Table>())?;
        let before = self.st().heap.bytes();
        let mut arrival = Arrival {
            fragment,
            tables: Vec::with_capacity(fragment.tables),
            texts: Vec::with_capacity(fragment.texts),
            objects: Vec::with_capacity(fragment.objects.len()),
        };
        for object in &fragment.objects {
            arrival.objects.push(match object {
                Shared::Object(object) => Value::from(Arc::clone(object).arrive(self)?).slot(),
                Shared::Type(ty) => Value::from(self.adopt_type(ty.clone())).slot(),
                Shared::Tables(_) => Slot::NIL,
            });
        }
        let heap = &mut self.st().heap;
        let mut at = fragment.texts_at;
        for _ in 0..fragment.texts {
            let (bytes, hash, next) = fragment.text_at(at);
            arrival.texts.push(heap.arrived_string(bytes, hash)? as u64);
            at = next;
        }
        for _ in 0..fragment.tables {
            arrival.tables.push(heap.table(0, 0)?);
        }
        let Some(&outermost) = arrival.tables.first() else { return Ok(Value::Nil) };
        // SAFETY: the tables are fresh, and nothing is collected within a step.
        unsafe { arrival.fill(self)? };
        let heap = &mut self.st().heap;
        heap.put_off(heap.bytes().saturating_sub(before));
        // Running out of fuel here is noticed by whatever runs next.
        let _ = self.charge(fragment.fuel);
        // SAFETY: just made.
        Ok(unsafe { LuaTable::from_raw(outermost) }.into())
    }
}
