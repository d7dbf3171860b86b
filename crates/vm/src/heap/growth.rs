//! Growth of large tables in pieces: a table of millions of entries takes a tenth of a second to rebuild, and its
//! program's neighbours do not wait for that.
//!
//! The parts to come are filled beside those in use and take their place at the end. Until then the table is frozen: the first
//! write to it, and the first work of the collector, give the growth up, and the next one is made in one piece (`rehash`).
//! So is the growth of small tables, and that for writers which cannot come again. Invariant: the parts of a growth refer
//! to nothing that the table does not refer to, and nobody but this file sees them.

use std::ptr::null_mut;

use super::object::{Header, Kind, TABLE_FROZEN, Table};
use super::rehash::{Census, MAX_PART, clear_node};
use super::slot::{self, Slot, tag};
use super::table::{TableError, empty_nodes};
use super::{Heap, OutOfMemory};

/// Where growth is tested, small tables grow in pieces, too.
const CHECKING: bool = cfg!(any(test, feature = "check-heap"));

/// Nodes from which on a table grows in pieces, as a power of two: fewer are rebuilt within a millisecond.
const LARGE_LOG: u8 = if CHECKING { 3 } else { 14 };

/// Items of an array part from which on a table is rebuilt in pieces.
const LARGE_ITEMS: u32 = if CHECKING { 16 } else { 1 << 16 };

/// Entries handled in one piece.
const PIECE: usize = if CHECKING { 4 } else { 1024 };

/// Units of fuel for a piece whose entries are read or written one behind another, and for one whose entries go to
/// places all over the new part, where each is waited for.
const FUEL_IN_ORDER: i64 = PIECE as i64 / 2;
const FUEL_ALL_OVER: i64 = PIECE as i64 * 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Looks at the nodes: how many are in use, and which integers are keys.
    CountNodes,
    /// Looks at the items.
    CountItems,
    /// Makes the new nodes empty.
    ClearNodes,
    /// Copies items, and clears the rest of a new array part.
    CopyItems,
    /// Moves entries from the old nodes, the last first.
    MoveNodes,
}

/// A table that is being rebuilt.
pub(super) struct Growth {
    table: *mut Table,
    phase: Phase,
    /// What the phase has done, in nodes or items.
    at: usize,
    census: Census,
    /// The new parts. The array part is empty where the table keeps its own.
    next: Table,
    /// The array part gets another size.
    moves_items: bool,
}

/// Whether rebuilding the table takes long.
///
/// # Safety
/// The table is alive.
#[inline(always)]
pub(crate) unsafe fn is_large(t: *const Table) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*t).header.small >= LARGE_LOG || (*t).len >= LARGE_ITEMS }
}

impl Heap {
    /// Whether the table is to be rebuilt in pieces: it is large, and who writes can come again.
    #[inline]
    pub(super) unsafe fn grows_in_pieces(&self, t: *mut Table) -> bool {
        // SAFETY: the caller's table is alive. One of an image has the way there in the place of items.
        self.patient && unsafe { is_large(t) && ((*t).capacity > 0 || (*t).array.is_null()) }
    }

    /// Makes writes by the instruction that calls this fail with [`TableError::Growing`] rather than take long. Then
    /// [`Heap::grow`] is to be called until it has done its work, and the write to be done again.
    #[inline(always)]
    pub(crate) fn set_patient(&mut self, patient: bool) {
        self.patient = patient;
    }

    /// Whether a table waits for its growth to be gone on with.
    #[inline]
    pub(crate) fn is_growing(&self) -> bool {
        self.growth.is_some()
    }

    /// Begins to rebuild a table so that it has room for one more key.
    #[cold]
    pub(super) unsafe fn begin_growth(&mut self, t: *mut Table, key: Slot) -> Result<(), TableError> {
        if std::mem::take(&mut self.growth_failed) {
            // SAFETY: the caller's table is alive.
            return unsafe { self.rehash(t, key) };
        }
        let mut census = Census::new();
        census.add_key(key);
        let next = Table {
            header: Header { kind: Kind::Table, mark: 0, flags: 0, small: 0, size: 0 },
            array: null_mut(),
            len: 0,
            capacity: 0,
            nodes: empty_nodes(),
            metatable: null_mut(),
        };
        // SAFETY: the caller's table is alive and not frozen.
        unsafe { (*t).header.flags |= TABLE_FROZEN };
        let growth = Growth { table: t, phase: Phase::CountNodes, at: 0, census, next, moves_items: false };
        self.growth = Some(Box::new(growth));
        Err(TableError::Growing)
    }

    /// Goes on with the growth under way, for about so many units of fuel: how many it took, and whether it is at its end.
    ///
    /// # Errors
    /// When there is no memory for the new parts; then the table is as it was.
    pub(crate) fn grow(&mut self, fuel: i64) -> Result<(i64, bool), OutOfMemory> {
        let Some(mut growth) = self.growth.take() else { return Ok((0, true)) };
        let mut spent = 0;
        while spent < fuel.max(1) {
            // SAFETY: the table is alive, for nothing was collected since the growth began, and it was frozen since.
            match unsafe { self.grow_piece(&mut growth) } {
                Ok(Some(units)) => spent += units,
                Ok(None) => return Ok((spent, true)),
                Err(error) => {
                    self.discard(&growth);
                    return Err(error);
                }
            }
        }
        self.growth = Some(growth);
        Ok((spent, false))
    }

    /// Gives the growth under way up, if there is one: the table is as it was.
    #[inline]
    pub(super) fn abandon_growth(&mut self) {
        if let Some(growth) = self.growth.take() {
            self.growth_failed = true;
            self.discard(&growth);
        }
    }

    /// The same if it is this table's; whether it was.
    pub(super) fn abandon_growth_of(&mut self, t: *mut Table) -> bool {
        let is_growing = self.growth.as_ref().is_some_and(|growth| growth.table == t);
        if is_growing {
            self.abandon_growth();
        }
        is_growing
    }

    #[cold]
    fn discard(&mut self, growth: &Growth) {
        let next = &growth.next;
        // SAFETY: nobody else knows the new parts; the table is alive.
        unsafe {
            self.free_nodes(next.nodes, next.header.small);
            self.free_array(next.array, next.capacity as usize);
            (*growth.table).header.flags &= !TABLE_FROZEN;
        }
    }

    /// Does one piece: what it costs, nothing after the last one.
    unsafe fn grow_piece(&mut self, growth: &mut Growth) -> Result<Option<i64>, OutOfMemory> {
        // SAFETY: the table is alive and did not change since the growth began; places are within the parts.
        unsafe {
            let t = growth.table;
            let next: *mut Table = &raw mut growth.next;
            let count = growth.count();
            let mut cost = FUEL_IN_ORDER;
            for i in growth.at..count.min(growth.at + PIECE) {
                match growth.phase {
                    Phase::CountNodes => growth.census.add_node(&*(*t).nodes.add(i)),
                    Phase::CountItems => growth.census.add_item(i, slot::read((*t).array.add(i))),
                    Phase::ClearNodes => clear_node((*next).nodes.add(i)),
                    Phase::CopyItems => {
                        let item =
                            if i < (*t).len as usize { slot::read((*t).array.add(i)) } else { Slot::NIL };
                        if i < (*next).capacity as usize {
                            slot::write((*next).array.add(i), item);
                        } else if !item.is_nil() {
                            self.place(next, Slot::integer(i as i64 + 1), item);
                        }
                    }
                    Phase::MoveNodes => {
                        let node = (*t).nodes.add(count - 1 - i);
                        if !(*node).is_empty() {
                            self.place(next, (*node).key(), (*node).value());
                        }
                        cost = FUEL_ALL_OVER;
                    }
                }
            }
            growth.at += PIECE;
            if growth.at < count {
                return Ok(Some(cost));
            }
            growth.at = 0;
            growth.phase = match growth.phase {
                Phase::CountNodes => Phase::CountItems,
                Phase::CountItems => {
                    self.take_parts(growth)?;
                    Phase::ClearNodes
                }
                Phase::ClearNodes => Phase::CopyItems,
                Phase::CopyItems => {
                    // All slots are written by now, so items from nodes may come in any order.
                    (*next).len = (*t).len.min((*next).capacity);
                    Phase::MoveNodes
                }
                Phase::MoveNodes => {
                    self.finish_growth(growth);
                    return Ok(None);
                }
            };
            Ok(Some(cost))
        }
    }

    /// Takes memory for the parts to come, now that it is known what goes there.
    unsafe fn take_parts(&mut self, growth: &mut Growth) -> Result<(), OutOfMemory> {
        // SAFETY: the table is alive.
        let old = unsafe { (*growth.table).capacity as usize };
        let (capacity, nodes) = growth.census.sizes(old);
        if nodes > MAX_PART || capacity > MAX_PART {
            return Err(OutOfMemory);
        }
        growth.moves_items = capacity != old;
        if nodes > 0 {
            let log = nodes.next_power_of_two().ilog2() as u8;
            growth.next.nodes = self.raw_nodes(log)?;
            growth.next.header.small = log;
        }
        if growth.moves_items && capacity > 0 {
            growth.next.array = self.raw_array(capacity)?;
            growth.next.capacity = capacity as u32;
        }
        Ok(())
    }

    /// Puts an entry into the new parts.
    #[inline]
    unsafe fn place(&mut self, next: *mut Table, key: Slot, value: Slot) {
        // SAFETY: the new parts have room for every entry, and all of their slots and nodes are written.
        unsafe {
            if key.tag == tag::INTEGER && key.payload.wrapping_sub(1) < u64::from((*next).capacity) {
                slot::write((*next).array.add(key.payload as usize - 1), value);
                (*next).len = (*next).len.max(key.payload as u32);
            } else {
                let placed = self.insert_node(next, key, value);
                debug_assert!(placed, "the new part has room for every old entry");
            }
        }
    }

    /// Gives the new parts to the table and the old ones back.
    unsafe fn finish_growth(&mut self, growth: &mut Growth) {
        let next = &growth.next;
        // SAFETY: the table is alive; nobody refers to the old parts any more.
        unsafe {
            let t = growth.table;
            self.free_nodes((*t).nodes, (*t).header.small);
            (*t).nodes = next.nodes;
            (*t).header.small = next.header.small;
            if growth.moves_items {
                self.free_array((*t).array, (*t).capacity as usize);
                (*t).array = next.array;
                (*t).capacity = next.capacity;
                (*t).len = next.len;
            }
            (*t).header.flags &= !TABLE_FROZEN;
            self.rearranged(t);
        }
    }
}

impl Growth {
    /// Nodes or items that the phase goes through.
    fn count(&self) -> usize {
        // SAFETY: the table is alive while it grows.
        let table = unsafe { &*self.table };
        match self.phase {
            Phase::CountNodes | Phase::MoveNodes => table.node_count(),
            Phase::CountItems if self.census.has_integers() => table.len as usize,
            Phase::ClearNodes if !self.next.has_no_nodes() => self.next.node_count(),
            Phase::CopyItems if self.moves_items => self.next.capacity.max(table.len) as usize,
            Phase::CountItems | Phase::ClearNodes | Phase::CopyItems => 0,
        }
    }
}
