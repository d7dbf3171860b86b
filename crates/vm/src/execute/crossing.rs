//! Values that go straight from one heap into another, while both are at hand.
//!
//! What takes a [`Parcel`](super::parcel::Parcel) between heaps that are not is one walk here: tables are copied in the order
//! in which they are met, and their hash parts keep their places. Invariant: nothing is collected in either heap meanwhile;
//! what fails leaves nothing behind but garbage that was never reachable.

use std::cell::Cell;

use crate::error::{ErrorKind, Result};
use crate::heap::handle::{Table as LuaTable, Value};
use crate::heap::object::{IMMORTAL, Node, StringObject, TABLE_FROZEN, Table};
use crate::heap::slot::{Slot, tag, write};
use crate::heap::table::{empty_nodes, next_at};
use crate::heap::{arrival, shared, string};

use super::context::Context;
use super::fragment::{BESIDE_TAG, NODE_WORDS, tag_word};
use super::met::{Met, keep_room};
use super::packing::{REMEMBERED, TEXT_PER_FUEL, keeps_place, place_of, shared_of, travels};
use super::parcel::Shared;

thread_local! {
    static MADE: Cell<Vec<*mut Table>> = const { Cell::new(Vec::new()) };
}

/// A string that was copied.
#[derive(Clone, Copy)]
struct Copied {
    from: *const StringObject,
    to: u64,
}

/// What a string is: values are many, and must not displace the few that are keys of all records.
#[derive(Clone, Copy)]
enum Role {
    Key,
    Value,
}

struct Crossing<'a, 'gc> {
    /// Where the values go.
    cx: &'a mut Context<'gc>,
    met: Met,
    /// The copy of each table that was met.
    made: Vec<*mut Table>,
    /// Of each [`Role`], direct-mapped by [`place_of`].
    copied: [[Copied; REMEMBERED]; 2],
    /// What it costs, in units of fuel, by what the tables hold; as for a parcel.
    fuel: usize,
    /// Bytes that may still be taken.
    room: usize,
    /// There is not enough memory.
    failed: bool,
}

impl Drop for Crossing<'_, '_> {
    fn drop(&mut self) {
        keep_room(std::mem::take(&mut self.made), &MADE);
    }
}

impl<'gc> Crossing<'_, 'gc> {
    /// The copy of a value: its payload and its tag; nil for what has no meaning elsewhere.
    ///
    /// # Safety
    /// The value is valid, and nothing is collected where it is.
    #[inline(always)]
    unsafe fn value(&mut self, payload: u64, tag: u32) -> (u64, u32) {
        // SAFETY: the caller's promise; the tag says what the value is.
        unsafe {
            match tag {
                tag::INTEGER | tag::FLOAT | tag::NIL | tag::TRUE | tag::FALSE => (payload, tag),
                tag::STRING => (self.text(payload as *const StringObject, Role::Value), tag),
                tag::TABLE => (self.table(payload as *mut Table) as u64, tag),
                _ => self.rare(Slot { payload, tag, aux: 0 }),
            }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn rare(&mut self, value: Slot) -> (u64, u32) {
        // SAFETY: the caller's promise.
        let copy = match unsafe { shared_of(value) } {
            Some(Shared::Object(object)) => object.arrive(self.cx).map(|object| Value::from(object).slot()),
            Some(Shared::Type(ty)) => Ok(Value::from(self.cx.adopt_type(ty)).slot()),
            Some(Shared::Tables(_)) | None => Ok(Slot::NIL),
        };
        self.failed |= copy.is_err();
        let copy = copy.unwrap_or(Slot::NIL);
        (copy.payload, copy.tag)
    }

    #[inline(always)]
    unsafe fn text(&mut self, text: *const StringObject, role: Role) -> u64 {
        // SAFETY: the caller's string is alive.
        let copied = &self.copied[role as usize][unsafe { place_of(text) }];
        // SAFETY: as above.
        if std::ptr::eq(copied.from, text) { copied.to } else { unsafe { self.new_text(text, role) } }
    }

    #[inline(never)]
    unsafe fn new_text(&mut self, text: *const StringObject, role: Role) -> u64 {
        // SAFETY: the caller's string is alive.
        unsafe {
            self.fuel += (*text).len as usize / TEXT_PER_FUEL;
            self.take_room((*text).len as usize);
            match copy_text(self.cx, text) {
                Ok(to) => {
                    let to = to as u64;
                    self.copied[role as usize][place_of(text)] = Copied { from: text, to };
                    to
                }
                Err(_) => {
                    self.failed = true;
                    0
                }
            }
        }
    }

    #[inline(always)]
    fn take_room(&mut self, bytes: usize) {
        match self.room.checked_sub(bytes) {
            Some(room) => self.room = room,
            None => self.failed = true,
        }
    }

    /// The copy of a table, whose contents follow later.
    #[inline(always)]
    unsafe fn table(&mut self, table: *mut Table) -> *mut Table {
        // SAFETY: the caller's table is alive.
        let number = unsafe { self.met.number(table) };
        if let Some(&made) = self.made.get(number) {
            return made;
        }
        let made = self.cx.st().heap.table(0, 0).expect("small cells can always be had");
        self.made.push(made);
        made
    }

    /// Copies the contents of the tables that were met, and of those that are met by that.
    ///
    /// # Safety
    /// They are alive.
    unsafe fn contents(&mut self) -> Result<()> {
        let mut number = 0;
        while number < self.met.tables.len() {
            let (from, to) = (self.met.tables[number], self.made[number]);
            number += 1;
            // SAFETY: the table is alive and nothing changes it meanwhile; items are below its length, nodes as many as it
            // says. The copy is fresh, and each of its parts is written at once.
            unsafe {
                let (items, has_nodes) = ((*from).len as usize, !(*from).has_no_nodes());
                let count = if has_nodes { (*from).node_count() } else { 0 };
                self.fuel += 1 + items / 2 + count;
                self.take_room(size_of::<Table>() + count * size_of::<Node>() + items * size_of::<Slot>());
                if self.failed {
                    break;
                }
                if has_nodes {
                    let is_shared = (*from).header.flags & TABLE_FROZEN != 0
                        || (*from).header.mark & IMMORTAL == IMMORTAL;
                    if is_shared || !self.nodes(from, to, count)? {
                        self.pairs(from, to)?;
                    }
                }
                if items > 0 {
                    self.items(from, to, items)?;
                }
            }
        }
        if self.failed { Err(ErrorKind::Memory.into()) } else { Ok(()) }
    }

    /// Copies nodes, if all keys have the same places everywhere; whether it was so.
    ///
    /// # Safety
    /// As in `contents`.
    #[inline(always)]
    unsafe fn nodes(&mut self, from: *mut Table, to: *mut Table, count: usize) -> Result<bool> {
        // SAFETY: there are so many nodes on both sides, each three words without gaps. Strings that are not new have passed
        // the barrier; all else is new.
        unsafe {
            let free = arrival::free_index(from);
            let copies = self.cx.st().heap.bare_nodes(to, (*from).header.small, free)?;
            let nodes = (*from).nodes;
            for n in 0..count {
                let node = nodes.add(n);
                let words = copies.add(n).cast::<u64>();
                const { assert!(NODE_WORDS == 3 && std::mem::offset_of!(Node, key) == 16) }
                let (payload, tag) = self.value((*node).payload, u32::from((*node).tag));
                words.write(payload);
                words.add(1).write(*node.cast::<u64>().add(1) & BESIDE_TAG | tag_word(tag as u8));
                let key = match u32::from((*node).key_tag) {
                    tag::STRING => self.text((*node).key as *const StringObject, Role::Key),
                    // A key that is dead is only in the way.
                    tag::DEAD_KEY => 0,
                    key_tag if keeps_place(key_tag as u8) => (*node).key,
                    _ => {
                        (*to).nodes = empty_nodes();
                        (*to).header.small = 0;
                        return Ok(false);
                    }
                };
                words.add(2).write(key);
            }
        }
        Ok(true)
    }

    /// Copies entries, which find their places anew.
    ///
    /// # Safety
    /// As in `contents`.
    #[inline(never)]
    unsafe fn pairs(&mut self, from: *mut Table, to: *mut Table) -> Result<()> {
        // SAFETY: as in `nodes`.
        unsafe {
            self.cx.st().heap.reserve(to, 0, (*from).node_count())?;
            let mut position = (*from).capacity;
            while let Some((next, key, value)) = next_at(from, position) {
                position = next;
                if travels(key) && travels(value) {
                    let [key, value] = [key, value].map(|slot| {
                        let (payload, tag) = self.value(slot.payload, slot.tag);
                        Value::from_slot(Slot { payload, tag, aux: 0 })
                    });
                    if self.failed {
                        return Err(ErrorKind::Memory.into());
                    }
                    self.cx.raw_set(LuaTable::from_raw(to), key, value)?;
                }
            }
        }
        Ok(())
    }

    /// Copies items.
    ///
    /// # Safety
    /// As in `contents`.
    #[inline(always)]
    unsafe fn items(&mut self, from: *mut Table, to: *mut Table, count: usize) -> Result<()> {
        // SAFETY: as in `nodes`.
        unsafe {
            let array = self.cx.st().heap.bare_items(to, count)?;
            let items = (*from).array;
            for n in 0..count {
                let item = items.add(n);
                let (payload, tag) = self.value((*item).payload, (*item).tag);
                write(array.add(n), Slot { payload, tag, aux: 0 });
            }
            // What has no meaning there may have been the last one.
            while (*to).len > 0 && (*array.add((*to).len as usize - 1)).tag == tag::NIL {
                (*to).len -= 1;
            }
        }
        Ok(())
    }
}

/// The copy of a string; the very same one if it is never freed.
///
/// # Safety
/// The string is alive.
unsafe fn copy_text(cx: &mut Context<'_>, text: *const StringObject) -> Result<*const StringObject> {
    // SAFETY: the caller's promise.
    unsafe {
        if shared::is_eternal(text) {
            return Ok(text);
        }
        Ok(cx.st().heap.arrived_string(string::bytes(text), (*text).hash)?)
    }
}

impl<'gc> Context<'gc> {
    /// A copy of a value of another heap; nil for what has no meaning outside of it. Costs the other one fuel by its size.
    ///
    /// # Errors
    /// When the memory limit of this one would be passed.
    #[inline]
    pub fn copy_of<'other>(
        &mut self,
        other: &mut Context<'other>,
        value: Value<'other>,
    ) -> Result<Value<'gc>> {
        match value {
            Value::Nil => Ok(Value::Nil),
            Value::Boolean(boolean) => Ok(Value::Boolean(boolean)),
            Value::Integer(integer) => Ok(Value::Integer(integer)),
            Value::Float(float) => Ok(Value::Float(float)),
            _ => self.copy_large(other, value),
        }
    }

    /// A copy of what another heap's native has in a slot, as [`Context::copy_of`] makes it.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub(super) fn copy_of_slot(&mut self, other: &mut Context<'_>, slot: usize) -> Result<Slot> {
        let value = other.slot(slot);
        match value.tag {
            tag::INTEGER | tag::FLOAT | tag::NIL | tag::TRUE | tag::FALSE => Ok(value),
            _ => {
                let value = other.get(slot);
                self.copy_large(other, value).map(Value::slot)
            }
        }
    }

    #[inline(never)]
    fn copy_large<'other>(
        &mut self,
        other: &mut Context<'other>,
        value: Value<'other>,
    ) -> Result<Value<'gc>> {
        let heap = &self.st().heap;
        let before = heap.bytes();
        let room = heap.limit().saturating_sub(before);
        let Slot { payload, tag, .. } = value.slot();
        if let Value::String(text) = value {
            if text.len() > room {
                return Err(ErrorKind::Memory.into());
            }
            // Running out of fuel here is noticed by whatever runs next.
            let _ = other.charge(text.len() / TEXT_PER_FUEL);
            // SAFETY: the string is valid by its brand, and so is its copy.
            return unsafe {
                copy_text(self, text.raw()).map(|copy| Value::from_slot(Slot::string(copy.cast_mut())))
            };
        }
        let mut crossing = Crossing {
            cx: self,
            met: Met::new(),
            made: MADE.take(),
            copied: [[Copied { from: std::ptr::null(), to: 0 }; REMEMBERED]; 2],
            fuel: 0,
            room,
            failed: false,
        };
        // SAFETY: the value is valid by its brand, and nothing is collected within a step, here or there.
        let copy = unsafe {
            let (payload, tag) = crossing.value(payload, tag);
            crossing.contents()?;
            Value::from_slot(Slot { payload, tag, aux: 0 })
        };
        let fuel = 2 * crossing.fuel;
        drop(crossing);
        let heap = &mut self.st().heap;
        heap.put_off(heap.bytes().saturating_sub(before));
        // As above.
        let _ = other.charge(fuel);
        Ok(copy)
    }
}
