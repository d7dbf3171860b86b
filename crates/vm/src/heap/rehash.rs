//! Tables: the sizes of their parts.
//!
//! A table grows its array part by doubling while it is filled in order; otherwise, when it has no free node, both
//! parts get the sizes that its keys ask for: the largest power of two such that more than half of the array part is
//! used. Invariant: nothing is changed when memory is short.

use std::ptr::null_mut;

use super::class::{SMALL_BYTES, rounded};
use super::insert::put;
use super::object::{Header, Kind, Node, TABLE_FROZEN, Table};
use super::slot::{self, Slot, tag};
use super::table::{TableError, empty_nodes, find_integer};
use super::{Heap, OutOfMemory};

/// Most slots of an array part, and most nodes of a hash part; powers of two.
pub(super) const MAX_PART: usize = 1 << 30;

/// Slots that the first append makes room for.
const FIRST_CAPACITY: usize = 4;

/// Bytes of an array part's cell.
pub(super) const fn array_bytes(capacity: usize) -> usize {
    size_of::<Header>() + capacity * size_of::<Slot>()
}

/// Slots that [`is_filled`] looks at, at most; a power of two.
const SAMPLES: usize = 1 << 12;

/// Whether about three quarters of an array part's slots have values; of a large part by samples.
///
/// # Safety
/// All slots are initialised.
unsafe fn is_filled(array: *const Slot, capacity: usize) -> bool {
    let step = (capacity / SAMPLES).max(1);
    let count = capacity / step;
    let enough = count - count / 4;
    // The item to come counts.
    let mut used = 1;
    let mut at = capacity;
    while used < enough && at >= step {
        at -= step;
        // SAFETY: the caller's promise.
        used += usize::from(unsafe { (*array.add(at)).tag } != tag::NIL);
    }
    used >= enough
}

/// Bytes of a hash part's cell.
pub(super) const fn node_bytes(log: u8) -> usize {
    size_of::<Header>() + (size_of::<Node>() << log)
}

impl From<OutOfMemory> for TableError {
    fn from(_: OutOfMemory) -> TableError {
        TableError::OutOfMemory
    }
}

/// Entries of a table, for the choice of sizes.
pub(super) struct Census {
    /// Integer keys in `(2^(i-1), 2^i]`.
    integers: [u32; 31],
    integer_count: usize,
    /// Entries that are nodes, or are to come.
    live: usize,
    /// Nodes whose entry was removed.
    removed: usize,
    /// Items of the array part.
    items: usize,
}

impl Census {
    pub(super) fn new() -> Census {
        Census { integers: [0; 31], integer_count: 0, live: 0, removed: 0, items: 0 }
    }

    /// Counts an entry that is a node, or is to come.
    #[inline]
    pub(super) fn add_key(&mut self, key: Slot) {
        self.live += 1;
        if key.tag == tag::INTEGER {
            self.add_integer(key.payload);
        }
    }

    #[inline]
    pub(super) fn add_node(&mut self, node: &Node) {
        if !node.is_empty() {
            self.add_key(node.key());
        } else if node.key_tag != tag::NIL as u8 {
            self.removed += 1;
        }
    }

    #[inline]
    pub(super) fn add_item(&mut self, index: usize, item: Slot) {
        if item.tag != tag::NIL {
            self.add_integer(index as u64 + 1);
            self.items += 1;
        }
    }

    fn add_integer(&mut self, key: u64) {
        if key.wrapping_sub(1) < MAX_PART as u64 {
            let bin = (key - 1).checked_ilog2().map_or(0, |log| log as usize + 1);
            self.integers[bin] += 1;
            self.integer_count += 1;
        }
    }

    /// Whether a node, or what is to come, might go to the array part. Only then the items need be counted.
    pub(super) fn has_integers(&self) -> bool {
        self.integer_count > 0
    }

    /// The sizes of both parts, if the array part has `capacity` slots now.
    pub(super) fn sizes(&self, capacity: usize) -> (usize, usize) {
        let (mut size, mut live, mut inside) = (capacity, self.live, 0);
        if self.has_integers() {
            let best = self.array_size();
            if best.0 > capacity {
                (size, inside) = (best.0, best.1 - self.items);
            } else if self.items * 2 <= capacity {
                // Some keys leave the array part.
                live += self.items;
                (size, inside) = best;
            }
        }
        let mut nodes = live - inside;
        if self.removed > 0 {
            // Entries come and go; without spare room the next one would rehash again.
            nodes += nodes / 4;
        }
        (size, nodes)
    }

    /// Best size of the array part, and how many keys it will hold.
    fn array_size(&self) -> (usize, usize) {
        let (mut size, mut inside) = (0, 0);
        let mut below = 0;
        for (bin, &count) in self.integers.iter().enumerate() {
            let half = (1_usize << bin) / 2;
            if self.integer_count <= half {
                break;
            }
            below += count as usize;
            if below > half {
                (size, inside) = (1 << bin, below);
            }
        }
        (size, inside)
    }
}

impl Heap {
    /// A table with room for `array` items and `nodes` other entries.
    #[inline]
    pub(crate) fn table(&mut self, array: usize, nodes: usize) -> Result<*mut Table, OutOfMemory> {
        const BYTES: usize = size_of::<Table>();
        let header =
            Header { kind: Kind::Table, mark: self.memory.epoch, flags: 0, small: 0, size: BYTES as u32 };
        let t = self.memory.small(BYTES, header).cast::<Table>();
        // SAFETY: the cell is fresh and of a table's size.
        unsafe {
            (*t).array = null_mut();
            (*t).len = 0;
            (*t).capacity = 0;
            (*t).nodes = empty_nodes();
            (*t).metatable = null_mut();
            if array | nodes != 0 {
                self.reserve(t, array, nodes)?;
            }
        }
        Ok(t)
    }

    /// Makes room for `array` items in all and for `nodes` more other entries.
    ///
    /// # Safety
    /// The table is alive.
    pub(crate) unsafe fn reserve(
        &mut self,
        t: *mut Table,
        array: usize,
        nodes: usize,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*t).header.flags & TABLE_FROZEN != 0 && (array | nodes) != 0 && self.thaw(t).is_err() {
                return Err(OutOfMemory);
            }
            if array > (*t).capacity as usize {
                let old = (*t).capacity;
                self.grow_array(t, array)?;
                self.migrate(t, old);
            }
            if nodes > 0 {
                let mut used = 0;
                if !(*t).has_no_nodes() {
                    for i in 0..(*t).node_count() {
                        used += usize::from(!(*(*t).nodes.add(i)).is_empty());
                    }
                    if used + nodes <= (*t).node_count() {
                        return Ok(());
                    }
                }
                if self.resize(t, (*t).capacity as usize, used.saturating_add(nodes)).is_err() {
                    return Err(OutOfMemory);
                }
            }
            Ok(())
        }
    }

    /// Grows the array part if that suits one more item at its end.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn grow_for_append(&mut self, t: *mut Table) -> Result<bool, TableError> {
        // SAFETY: the caller's table is alive.
        unsafe {
            let capacity = (*t).capacity as usize;
            // A queue has holes at its head: it must not grow for ever.
            if !is_filled((*t).array, capacity) {
                return Ok(false);
            }
            let wanted = (capacity * 2).max(FIRST_CAPACITY);
            if wanted > MAX_PART {
                return Err(TableError::Overflow);
            }
            let mut bytes = array_bytes(wanted);
            if bytes <= SMALL_BYTES {
                bytes = rounded(bytes);
            }
            self.grow_array(t, (bytes - size_of::<Header>()) / size_of::<Slot>())?;
            self.migrate(t, capacity as u32);
            Ok(true)
        }
    }

    /// Enlarges the array part. The new slots are not written: the system gives memory for them when they are used.
    unsafe fn grow_array(&mut self, t: *mut Table, capacity: usize) -> Result<(), OutOfMemory> {
        if capacity > MAX_PART {
            return Err(OutOfMemory);
        }
        // SAFETY: the caller's table is alive; its array part is a cell of the size that its capacity says.
        unsafe {
            let old = (*t).capacity as usize;
            let array = if old == 0 {
                self.settle_values(t);
                self.raw_array(capacity)?
            } else {
                let cell = (*t).array.cast::<Header>().sub(1);
                self.memory.grow(cell, array_bytes(old), array_bytes(capacity))?.add(1).cast::<Slot>()
            };
            if cfg!(debug_assertions) {
                array.add(old).cast::<u8>().write_bytes(0xdb, (capacity - old) * size_of::<Slot>());
            }
            (*t).array = array;
            (*t).capacity = capacity as u32;
            Ok(())
        }
    }

    /// Moves integer keys above `old` that belong to the array part now out of the hash part.
    unsafe fn migrate(&mut self, t: *mut Table, old: u32) {
        // SAFETY: the caller's table is alive.
        unsafe {
            if (*t).has_no_nodes() {
                return;
            }
            let capacity = (*t).capacity;
            if (capacity - old) as usize <= (*t).node_count() {
                for key in old + 1..=capacity {
                    let node = find_integer(t, i64::from(key));
                    if !node.is_null() {
                        self.move_to_array(t, node);
                    }
                }
            } else {
                for i in 0..(*t).node_count() {
                    let node = (*t).nodes.add(i);
                    if (*node).key_tag == tag::INTEGER as u8
                        && (*node).key.wrapping_sub(1) < u64::from(capacity)
                    {
                        self.move_to_array(t, node);
                    }
                }
            }
        }
    }

    unsafe fn move_to_array(&mut self, t: *mut Table, node: *mut Node) {
        // SAFETY: the node's key is an integer in `1..=capacity`.
        unsafe {
            if (*node).is_empty() {
                return;
            }
            let value = (*node).value();
            put(t, (*node).key as u32 - 1, value);
            self.barrier(value);
            (*node).set_value(Slot::NIL);
        }
    }

    /// Gives both parts the sizes that the table's keys and one more ask for.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn rehash(&mut self, t: *mut Table, key: Slot) -> Result<(), TableError> {
        // SAFETY: the caller's table is alive.
        unsafe {
            let mut census = Census::new();
            census.add_key(key);
            if !(*t).has_no_nodes() {
                for i in 0..(*t).node_count() {
                    census.add_node(&*(*t).nodes.add(i));
                }
            }
            if census.has_integers() {
                for i in 0..(*t).len as usize {
                    census.add_item(i, *(*t).array.add(i));
                }
            }
            let (size, nodes) = census.sizes((*t).capacity as usize);
            self.resize(t, size, nodes)
        }
    }

    /// Rebuilds the table with `capacity` array slots and room for `nodes` entries in the hash part.
    unsafe fn resize(&mut self, t: *mut Table, capacity: usize, nodes: usize) -> Result<(), TableError> {
        if nodes > MAX_PART {
            return Err(TableError::Overflow);
        }
        // SAFETY: the caller's table is alive; both parts are cells of the sizes that the table says.
        unsafe {
            let (fresh, log) = if nodes == 0 {
                (empty_nodes(), 0)
            } else {
                let log = nodes.next_power_of_two().ilog2() as u8;
                (self.node_part(log)?, log)
            };
            let old_capacity = (*t).capacity as usize;
            let mut shorter = null_mut();
            if capacity > old_capacity {
                if let Err(OutOfMemory) = self.grow_array(t, capacity) {
                    self.free_nodes(fresh, log);
                    return Err(TableError::OutOfMemory);
                }
            } else if capacity < old_capacity && capacity > 0 {
                match self.raw_array(capacity) {
                    Ok(array) => shorter = array,
                    Err(OutOfMemory) => {
                        self.free_nodes(fresh, log);
                        return Err(TableError::OutOfMemory);
                    }
                }
            }
            let (old_nodes, old_log) = ((*t).nodes, (*t).header.small);
            let was_empty = (*t).has_no_nodes();
            (*t).nodes = fresh;
            (*t).header.small = log;
            if capacity < old_capacity {
                self.shorten(t, shorter, capacity);
            }
            if !was_empty {
                for i in (0..1_usize << old_log).rev() {
                    let node = old_nodes.add(i);
                    if (*node).is_empty() {
                        continue;
                    }
                    let (key, value) = ((*node).key(), (*node).value());
                    if key.tag == tag::INTEGER && key.payload.wrapping_sub(1) < capacity as u64 {
                        put(t, key.payload as u32 - 1, value);
                    } else {
                        let placed = self.insert_node(t, key, value);
                        debug_assert!(placed, "the new part has room for every old entry");
                    }
                }
                self.free_nodes(old_nodes, old_log);
            }
            if self.marking {
                self.rearranged(t);
            }
            Ok(())
        }
    }

    /// Replaces the array part by a smaller one; the items above it go to the hash part.
    unsafe fn shorten(&mut self, t: *mut Table, array: *mut Slot, capacity: usize) {
        // SAFETY: `array` has `capacity` slots; the table's own part has more.
        unsafe {
            let (old, old_capacity, len) = ((*t).array, (*t).capacity as usize, (*t).len as usize);
            for i in (capacity..len).rev() {
                let value = Slot { aux: 0, ..*old.add(i) };
                if !value.is_nil() {
                    let placed = self.insert_node(t, Slot::integer(i as i64 + 1), value);
                    debug_assert!(placed, "the new hash part has room for them");
                }
            }
            let len = len.min(capacity);
            for i in 0..len {
                slot::copy(array.add(i), old.add(i));
            }
            (*t).array = array;
            (*t).capacity = capacity as u32;
            (*t).len = len as u32;
            self.free_array(old, old_capacity);
        }
    }

    pub(super) fn node_part(&mut self, log: u8) -> Result<*mut Node, OutOfMemory> {
        let nodes = self.raw_nodes(log)?;
        for i in 0..1 << log {
            // SAFETY: the part has that many nodes.
            unsafe { clear_node(nodes.add(i)) };
        }
        Ok(nodes)
    }

    /// A hash part whose nodes are still to be cleared.
    pub(super) fn raw_nodes(&mut self, log: u8) -> Result<*mut Node, OutOfMemory> {
        let header = Header { kind: Kind::Nodes, mark: self.memory.epoch, flags: 0, small: log, size: 0 };
        let cell = self.memory.cell(node_bytes(log), header)?;
        // SAFETY: the cell has room for a header and the nodes.
        unsafe {
            (*cell).size = 1 << log;
            Ok(cell.add(1).cast::<Node>())
        }
    }

    /// An array part; its slots are not written.
    pub(super) fn raw_array(&mut self, capacity: usize) -> Result<*mut Slot, OutOfMemory> {
        let header = Header { kind: Kind::Array, mark: self.memory.epoch, flags: 0, small: 0, size: 0 };
        let cell = self.memory.cell(array_bytes(capacity), header)?;
        // SAFETY: the slots are behind the header.
        unsafe { Ok(cell.add(1).cast::<Slot>()) }
    }

    /// Gives an array part back, if there is one.
    pub(super) unsafe fn free_array(&mut self, array: *mut Slot, capacity: usize) {
        if capacity > 0 {
            // SAFETY: an array part that nothing refers to any more.
            unsafe { self.memory.free(array.cast::<Header>().sub(1), array_bytes(capacity)) }
        }
    }

    pub(super) unsafe fn free_nodes(&mut self, nodes: *mut Node, log: u8) {
        if std::ptr::eq(nodes, empty_nodes()) {
            return;
        }
        // SAFETY: a hash part that nothing refers to any more.
        unsafe { self.memory.free(nodes.cast::<Header>().sub(1), node_bytes(log)) }
    }
}

/// Makes a node one that was never used.
#[inline(always)]
pub(super) unsafe fn clear_node(node: *mut Node) {
    // SAFETY: the caller's node is one of a part that nobody else uses.
    unsafe {
        node.write(Node {
            payload: 0,
            tag: tag::NIL as u8,
            key_tag: tag::NIL as u8,
            hash: 0,
            next: 0,
            key: 0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_for(keys: &[u64]) -> (usize, usize) {
        let mut census = Census::new();
        for &key in keys {
            census.add_integer(key);
        }
        census.array_size()
    }

    #[test]
    fn array_size_wants_more_than_half_used() {
        assert_eq!(size_for(&[]), (0, 0));
        assert_eq!(size_for(&[1]), (1, 1));
        assert_eq!(size_for(&[2]), (0, 0));
        assert_eq!(size_for(&[1, 2, 3]), (4, 3));
        assert_eq!(size_for(&[1, 2, 4, 8]), (4, 3));
        assert_eq!(size_for(&[1, 3, 5, 7, 9]), (1, 1));
        assert_eq!(size_for(&[0, u64::MAX, 1 << 40]), (0, 0));
    }
}
