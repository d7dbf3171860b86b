//! Tables by the block: many slots into a table at once, and entries by position instead of by key.
//!
//! For builders and walkers of large data (JSON and its like). No metamethods. Invariant: every store goes through the
//! heap's writers, so barriers and frozen tables are theirs to mind.

use crate::error::Result;
use crate::heap::handle::{Table, Value};
use crate::heap::slot::{Slot, tag};
use crate::heap::table;

use super::context::Context;

impl<'gc> Context<'gc> {
    /// Moves the topmost `count` slots into a table as items `first` and on, `nil`s included.
    ///
    /// # Errors
    /// When the memory limit would be passed, or the table is frozen.
    pub fn set_items(&mut self, table: Table<'gc>, first: i64, count: usize) -> Result<()> {
        let at = self.len() - count.min(self.len());
        // SAFETY: the table is valid by its brand; the slots are those of this step.
        unsafe {
            let state = self.st();
            let last = usize::try_from(first - 1).unwrap_or(0) + count;
            if last > (*table.raw()).capacity as usize {
                // The first block is as large as it is; later ones make room for more of their kind.
                let room = if first == 1 { last } else { last + last / 2 };
                state.heap.reserve(table.raw(), room, 0)?;
            }
            for (index, key) in (at..at + count).zip(first..) {
                state.heap.set_integer(table.raw(), key, *self.base.add(index))?;
            }
        }
        self.truncate(at);
        Ok(())
    }

    /// Moves the topmost `2 * count` slots into a table: keys that are strings, each before its value, which is not
    /// `nil`. A key that is in the table already stops it: its slot number is the answer, and all slots stay.
    ///
    /// # Errors
    /// When the memory limit would be passed, or the table is frozen.
    pub fn set_new_fields(&mut self, table: Table<'gc>, count: usize) -> Result<Option<usize>> {
        let at = self.len() - (2 * count).min(self.len());
        // SAFETY: as above; the tag says that a key is a string.
        unsafe {
            let state = self.st();
            for index in (at..at + 2 * count).step_by(2) {
                let (key, value) = (*self.base.add(index), *self.base.add(index + 1));
                if key.tag != tag::STRING {
                    continue;
                }
                if !state.heap.add_string(table.raw(), key.as_string(), value)? {
                    return Ok(Some(index + 1));
                }
            }
        }
        self.truncate(at);
        Ok(None)
    }
}

impl<'gc> Table<'gc> {
    /// The first entry at or after a position (0: the beginning), and the position after it. Positions change when the
    /// table is written to; a stale one is harmless.
    #[inline]
    pub fn entry_at(self, position: u32) -> Option<(u32, Value<'gc>, Value<'gc>)> {
        // SAFETY: the table is valid by its brand, and so is what it holds; any position is.
        unsafe {
            let (next, key, value): (u32, Slot, Slot) = table::next_at(self.raw(), position)?;
            Some((next, Value::from_slot(key), Value::from_slot(value)))
        }
    }

    /// Whether it has, or had, room for keys other than `1..n`: what tells an empty map from an empty list.
    pub fn has_fields(self) -> bool {
        // SAFETY: the table is valid by its brand.
        unsafe { !(*self.raw()).has_no_nodes() }
    }
}
