//! Parts of a table that come whole from another heap, and texts whose hashes are known.
//!
//! Not here: what they look like on their way (`execute::fragment`). Invariant: whoever asks for a part writes all of it
//! before anything else is made.

use super::coroutine::cell_of;
use super::object::{Header, Kind, Node, SHORT_STRING_BYTES, StringObject, Table};
use super::rehash::{array_bytes, node_bytes};
use super::slot::Slot;
use super::{Heap, OutOfMemory};

impl Heap {
    /// An array part of `items` slots for a table that has none, all of which the caller writes next.
    ///
    /// # Safety
    /// The table is alive and not part of an image.
    #[inline]
    pub(crate) unsafe fn bare_items(
        &mut self,
        t: *mut Table,
        items: usize,
    ) -> Result<*mut Slot, OutOfMemory> {
        // SAFETY: the caller's promise; the cell has room for a header and that many slots.
        unsafe {
            let array = self.part_of(Kind::Array, 0, array_bytes(items))?.add(1).cast::<Slot>();
            (*t).array = array;
            (*t).len = items as u32;
            (*t).capacity = items as u32;
            Ok(array)
        }
    }

    /// A hash part for a table that has none, all of whose nodes the caller writes next; those from `free` on are taken.
    ///
    /// # Safety
    /// The table is alive.
    #[inline]
    pub(crate) unsafe fn bare_nodes(
        &mut self,
        t: *mut Table,
        log: u8,
        free: u32,
    ) -> Result<*mut Node, OutOfMemory> {
        // SAFETY: the caller's promise; the cell has room for a header and that many nodes.
        unsafe {
            let cell = self.part_of(Kind::Nodes, log, node_bytes(log))?;
            (*cell).size = free;
            let nodes = cell.add(1).cast::<Node>();
            (*t).nodes = nodes;
            (*t).header.small = log;
            Ok(nodes)
        }
    }

    /// A cell for a part of a table. The sizes of small parts are classes.
    #[inline(always)]
    fn part_of(&mut self, kind: Kind, small: u8, bytes: usize) -> Result<*mut Header, OutOfMemory> {
        let header = Header { kind, mark: self.memory.epoch, flags: 0, small, size: bytes as u32 };
        if bytes <= 256 { Ok(self.memory.small(bytes, header)) } else { self.memory.cell(bytes, header) }
    }

    /// A string whose hash the sender knew, or zero for a long one that was never asked. While references are followed it
    /// counts as one that was met, so that it may be stored without a barrier.
    #[inline]
    pub(crate) fn arrived_string(
        &mut self,
        bytes: &[u8],
        hash: u32,
    ) -> Result<*mut StringObject, OutOfMemory> {
        let s = match bytes.len() {
            2..=SHORT_STRING_BYTES => self.short_string(bytes, hash),
            0 | 1 => self.string(bytes)?,
            _ => {
                let s = self.string(bytes)?;
                // SAFETY: a long string is always a new one. Nodes find it by this hash.
                unsafe { (*s).hash = hash };
                s
            }
        };
        self.barrier(Slot::string(s));
        Ok(s)
    }
}

/// The index of the last free node of a table's hash part.
///
/// # Safety
/// The table is alive and has such a part of its own.
#[inline(always)]
pub(crate) unsafe fn free_index(t: *const Table) -> u32 {
    // SAFETY: the caller's promise; nodes follow their header.
    unsafe { (*cell_of((*t).nodes)).size }
}
