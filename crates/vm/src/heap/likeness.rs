//! Tables made in the likeness of another one: the same keys in the same nodes, other values.
//!
//! Records in a message mostly have the same fields. Copying the nodes of the one before costs a quarter of inserting
//! key by key. Not here: who finds out that the fields are the same (`execute::parcel`). Invariant: a likeness holds
//! the values of its model until each of them has been replaced.

use super::coroutine::cell_of;
use super::object::{Node, StringObject, Table};
use super::slot::{Slot, tag};
use super::{Heap, OutOfMemory};

impl Heap {
    /// A table with the nodes of `model`, which has no array part.
    ///
    /// # Safety
    /// The model is alive and is a table that this heap has made and nobody has changed since.
    pub(crate) unsafe fn likeness(&mut self, model: *mut Table) -> Result<*mut Table, OutOfMemory> {
        let t = self.table(0, 0)?;
        // SAFETY: the caller's promise; both parts have the same number of nodes, and the values are alive.
        unsafe {
            let log = (*model).header.small;
            let nodes = self.node_part(log)?;
            nodes.copy_from_nonoverlapping((*model).nodes, 1 << log);
            (*cell_of(nodes)).size = (*cell_of((*model).nodes)).size;
            (*t).nodes = nodes;
            (*t).header.small = log;
        }
        Ok(t)
    }

    /// The place of a string key among the nodes of a table.
    ///
    /// # Safety
    /// The table and the key are alive.
    pub(crate) unsafe fn place_of(t: *mut Table, key: *const StringObject) -> Option<u32> {
        // SAFETY: the caller's promise.
        unsafe {
            let nodes: *mut Node = (*t).nodes;
            (0..1_u32 << (*t).header.small).find(|&n| {
                let node = nodes.add(n as usize);
                u32::from((*node).key_tag) == tag::STRING && (*node).key == key as u64
            })
        }
    }

    /// Replaces the value in the node at a place.
    ///
    /// # Safety
    /// The table and the value are alive, and the place is one of its nodes.
    #[inline]
    pub(crate) unsafe fn set_place(&mut self, t: *mut Table, place: u32, value: Slot) {
        // SAFETY: the caller's promise; the barrier follows the store.
        unsafe { (*(*t).nodes.add(place as usize)).set_value(value) };
        self.barrier(value);
    }
}
