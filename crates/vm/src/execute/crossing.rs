//! Values that go straight from one heap into another, while both are at hand.
//!
//! What takes a [`Parcel`](super::parcel::Parcel) between heaps that are not is one walk here, and the hash parts of tables
//! keep their places, too. Invariant: nothing is collected in either heap meanwhile; what fails leaves nothing behind but
//! garbage that was never reachable.

use std::cell::Cell;

use crate::error::Result;
use crate::heap::handle::{Table as LuaTable, Value};
use crate::heap::object::{IMMORTAL, Node, StringObject, TABLE_FROZEN, Table};
use crate::heap::slot::{Slot, tag, write};
use crate::heap::table::next_at;
use crate::heap::{arrival, shared, string};

use super::context::Context;
use super::met::{Met, keep_room};
use super::packing::{REMEMBERED, TEXT_PER_FUEL, keeps_place, shared_of, travels};
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

struct Crossing<'a, 'gc> {
    /// Where the values go.
    cx: &'a mut Context<'gc>,
    met: Met,
    /// The copy of each table that was met.
    made: Vec<*mut Table>,
    /// Direct-mapped by address.
    copied: [Copied; REMEMBERED],
    /// What it costs, in units of fuel: as much as writing and reading a parcel, by what the tables hold.
    fuel: usize,
}

impl Drop for Crossing<'_, '_> {
    fn drop(&mut self) {
        keep_room(std::mem::take(&mut self.made), &MADE);
    }
}

impl Crossing<'_, '_> {
    /// The copy of a value: its payload and its tag; nil for what has no meaning elsewhere.
    ///
    /// # Safety
    /// The value is valid, and nothing is collected where it is.
    #[inline(always)]
    unsafe fn value(&mut self, payload: u64, tag: u32) -> Result<(u64, u32)> {
        // SAFETY: the caller's promise; the tag says what the value is.
        unsafe {
            Ok(match tag {
                tag::STRING => (self.text(payload as *const StringObject)?, tag),
                tag::TABLE => (self.table(payload as *mut Table)? as u64, tag),
                tag::INTEGER | tag::FLOAT | tag::NIL | tag::TRUE | tag::FALSE => (payload, tag),
                _ => self.rare(Slot { payload, tag, aux: 0 })?,
            })
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn rare(&mut self, value: Slot) -> Result<(u64, u32)> {
        // SAFETY: the caller's promise.
        let copy = match unsafe { shared_of(value) } {
            Some(Shared::Object(object)) => Value::from(object.arrive(self.cx)?).slot(),
            Some(Shared::Type(ty)) => Value::from(self.cx.adopt_type(ty)).slot(),
            Some(Shared::Tables(_)) | None => Slot::NIL,
        };
        Ok((copy.payload, copy.tag))
    }

    #[inline(always)]
    unsafe fn text(&mut self, text: *const StringObject) -> Result<u64> {
        let copied = self.copied[text as usize >> 4 & (REMEMBERED - 1)];
        // SAFETY: the caller's string is alive.
        if std::ptr::eq(copied.from, text) { Ok(copied.to) } else { unsafe { self.new_text(text) } }
    }

    #[inline(never)]
    unsafe fn new_text(&mut self, text: *const StringObject) -> Result<u64> {
        // SAFETY: the caller's string is alive; one that is never freed is valid everywhere.
        unsafe {
            let to = if shared::is_eternal(text) {
                text as u64
            } else {
                let (bytes, hash) = (string::bytes(text), (*text).hash);
                self.fuel += bytes.len() / TEXT_PER_FUEL;
                self.cx.st().heap.arrived_string(bytes, hash)? as u64
            };
            self.copied[text as usize >> 4 & (REMEMBERED - 1)] = Copied { from: text, to };
            Ok(to)
        }
    }

    /// The copy of a table, whose contents follow later.
    #[inline(always)]
    unsafe fn table(&mut self, table: *mut Table) -> Result<*mut Table> {
        // SAFETY: the caller's table is alive.
        let number = unsafe { self.met.number(table) };
        match self.made.get(number) {
            Some(&made) => Ok(made),
            None => {
                let made = self.cx.st().heap.table(0, 0)?;
                self.made.push(made);
                Ok(made)
            }
        }
    }

    /// Copies the contents of the table with this number.
    ///
    /// # Safety
    /// All tables that were met are alive.
    unsafe fn contents(&mut self, number: usize) -> Result<()> {
        let (from, to) = (self.met.tables[number], self.made[number]);
        // SAFETY: the table is alive and nothing changes it meanwhile; items are below its length, nodes as many as it says,
        // and what it holds is valid. The copy is fresh, and each of its parts is written at once. Strings that are not new have
        // passed the barrier; all else is new.
        unsafe {
            let (items, count) = ((*from).len as usize, (*from).node_count());
            let has_nodes = !(*from).has_no_nodes();
            let nodes_bytes = if has_nodes { count * size_of::<Node>() } else { 0 };
            self.fuel += 1 + items / 2 + if has_nodes { count } else { 0 };
            self.cx.check_room(size_of::<Table>() + nodes_bytes + items * size_of::<Slot>())?;
            if has_nodes {
                let is_shared =
                    (*from).header.flags & TABLE_FROZEN != 0 || (*from).header.mark & IMMORTAL == IMMORTAL;
                let nodes = std::slice::from_raw_parts((*from).nodes, count);
                if !is_shared && nodes.iter().all(|node| keeps_place(node.key_tag)) {
                    self.nodes(from, to)?;
                } else {
                    self.pairs(from, to)?;
                }
            }
            if items > 0 {
                let array = self.cx.st().heap.bare_items(to, items)?;
                for n in 0..items {
                    let item = (*from).array.add(n);
                    let (payload, tag) = self.value((*item).payload, (*item).tag)?;
                    write(array.add(n), Slot { payload, tag, aux: 0 });
                }
                // What has no meaning there may have been the last one.
                while (*to).len > 0 && (*array.add((*to).len as usize - 1)).tag == tag::NIL {
                    (*to).len -= 1;
                }
            }
        }
        Ok(())
    }

    /// Nodes whose keys have the same places everywhere.
    #[inline(always)]
    unsafe fn nodes(&mut self, from: *mut Table, to: *mut Table) -> Result<()> {
        // SAFETY: as in `contents`.
        unsafe {
            let (log, free) = ((*from).header.small, arrival::free_index(from));
            let nodes = self.cx.st().heap.bare_nodes(to, log, free)?;
            for n in 0..1 << log {
                let node = (*from).nodes.add(n).read();
                let (payload, tag) = self.value(node.payload, u32::from(node.tag))?;
                // A key that is dead is only in the way.
                let key = match u32::from(node.key_tag) {
                    tag::DEAD_KEY => 0,
                    tag::STRING => self.text(node.key as *const StringObject)?,
                    _ => node.key,
                };
                nodes.add(n).write(Node { payload, tag: tag as u8, key, ..node });
            }
        }
        Ok(())
    }

    /// Entries that find their places anew.
    #[inline(never)]
    unsafe fn pairs(&mut self, from: *mut Table, to: *mut Table) -> Result<()> {
        // SAFETY: as in `contents`.
        unsafe {
            self.cx.st().heap.reserve(to, 0, (*from).node_count())?;
            let mut position = (*from).capacity;
            while let Some((next, key, value)) = next_at(from, position) {
                position = next;
                if travels(key) && travels(value) {
                    let mut copy = |slot: Slot| -> Result<Value<'_>> {
                        let (payload, tag) = self.value(slot.payload, slot.tag)?;
                        Ok(Value::from_slot(Slot { payload, tag, aux: 0 }))
                    };
                    let (key, value) = (copy(key)?, copy(value)?);
                    self.cx.raw_set(LuaTable::from_raw(to), key, value)?;
                }
            }
        }
        Ok(())
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

    #[inline(never)]
    fn copy_large<'other>(
        &mut self,
        other: &mut Context<'other>,
        value: Value<'other>,
    ) -> Result<Value<'gc>> {
        let before = self.st().heap.bytes();
        let mut crossing = Crossing {
            cx: self,
            met: Met::new(),
            made: MADE.take(),
            copied: [Copied { from: std::ptr::null(), to: 0 }; REMEMBERED],
            fuel: 0,
        };
        let Slot { payload, tag, .. } = value.slot();
        // SAFETY: the value is valid by its brand, and nothing is collected within a step, here or there.
        let copy = unsafe {
            if tag == tag::STRING {
                let length = (*(payload as *const StringObject)).len as usize;
                crossing.cx.check_room(length)?;
            }
            let (payload, tag) = crossing.value(payload, tag)?;
            let mut next = 0;
            while next < crossing.met.tables.len() {
                crossing.contents(next)?;
                next += 1;
            }
            Value::from_slot(Slot { payload, tag, aux: 0 })
        };
        let fuel = 2 * crossing.fuel;
        drop(crossing);
        let heap = &mut self.st().heap;
        heap.put_off(heap.bytes().saturating_sub(before));
        // Running out of fuel here is noticed by whatever runs next.
        let _ = other.charge(fuel);
        Ok(copy)
    }
}
