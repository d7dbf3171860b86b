//! Which tables a walk through values has met, in which order.
//!
//! Invariant: while there is a [`Met`], nothing collects the heap; the tables that were met are marked as such in their
//! headers, and the marks are gone when it is.

use std::cell::Cell;
use std::thread::LocalKey;

use hashbrown::HashMap;

use crate::heap::object::{IMMORTAL, MET, Table};

thread_local! {
    static TABLES: Cell<Vec<*mut Table>> = const { Cell::new(Vec::new()) };
}

/// Most entries that a thread keeps room for.
const SPARE: usize = 32 * 1024;

/// Keeps the room of a list for the next one.
pub(super) fn keep_room<T: 'static>(mut list: Vec<T>, place: &'static LocalKey<Cell<Vec<T>>>) {
    if list.capacity() <= SPARE {
        list.clear();
        // A thread that ends keeps nothing.
        let _ = place.try_with(|place| place.set(list));
    }
}

/// The tables of one value, numbered as they are met.
pub(super) struct Met {
    pub(super) tables: Vec<*mut Table>,
    /// Made when a table comes a second time, and for those that cannot be marked.
    numbers: Option<HashMap<*mut Table, usize, foldhash::fast::FixedState>>,
}

impl Met {
    pub(super) fn new() -> Met {
        Met { tables: TABLES.take(), numbers: None }
    }

    /// The number of a table; one that was not met before gets the next one.
    ///
    /// # Safety
    /// The table is alive; nothing collects before this is dropped.
    #[inline(always)]
    pub(super) unsafe fn number(&mut self, table: *mut Table) -> usize {
        // SAFETY: the caller's promise; what is immortal is shared and not written.
        unsafe {
            let mark = &raw mut (*table).header.mark;
            if self.numbers.is_none() && *mark & (MET | IMMORTAL) < IMMORTAL {
                *mark |= MET;
                self.tables.push(table);
                return self.tables.len() - 1;
            }
            self.look_up(table)
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn look_up(&mut self, table: *mut Table) -> usize {
        let tables = &mut self.tables;
        let numbers = self.numbers.get_or_insert_with(|| {
            tables.iter().enumerate().map(|(number, &table)| (table, number)).collect()
        });
        *numbers.entry(table).or_insert_with(|| {
            tables.push(table);
            tables.len() - 1
        })
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
        keep_room(std::mem::take(&mut self.tables), &TABLES);
    }
}
