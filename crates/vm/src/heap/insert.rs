//! Tables, write side: set, insert, append. No metamethods.
//!
//! Growth is in `rehash`. Invariant: every value and key that is stored passes the barrier.

use std::ptr::null_mut;

use super::Heap;
use super::object::{Header, Node, StringObject, TABLE_FROZEN, Table, absent};
use super::slot::{self, Slot, tag};
use super::string;
use super::table::{TableError, find, find_integer, find_string, main_position, normal};

impl Heap {
    /// Raw write of any key.
    ///
    /// # Safety
    /// Table, key and value are alive and this heap's (or immortal).
    #[inline]
    pub(crate) unsafe fn set(&mut self, t: *mut Table, key: Slot, value: Slot) -> Result<(), TableError> {
        // SAFETY: the caller's promise.
        unsafe {
            let key = normal(key);
            if (*t).header.flags & TABLE_FROZEN != 0 {
                self.thaw(t)?;
            }
            match key.tag {
                tag::STRING => self.set_string(t, key.as_string(), value),
                tag::INTEGER => self.set_integer(t, key.as_integer(), value),
                tag::NIL => Err(TableError::NilKey),
                tag::FLOAT if key.as_float().is_nan() => Err(TableError::NanKey),
                _ => {
                    let node = find(t, key);
                    self.store(t, node, key, value)
                }
            }
        }
    }

    /// Raw write of a string key.
    ///
    /// # Safety
    /// As for [`Heap::set`].
    #[inline]
    pub(crate) unsafe fn set_string(
        &mut self,
        t: *mut Table,
        s: *const StringObject,
        value: Slot,
    ) -> Result<(), TableError> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*t).header.flags & TABLE_FROZEN != 0 {
                self.thaw(t)?;
            }
            (*t).header.flags &= !absent::ALL;
            let node = find_string(t, s);
            self.store(t, node, Slot::string(s), value)
        }
    }

    /// [`Heap::set_string`] for tables that are being filled: mostly the key's main position was never used.
    ///
    /// # Safety
    /// As for [`Heap::set`].
    #[inline]
    pub(crate) unsafe fn fill_string(
        &mut self,
        t: *mut Table,
        s: *const StringObject,
        value: Slot,
    ) -> Result<(), TableError> {
        // SAFETY: the caller's promise; the nodes are the table's own.
        unsafe {
            if (*t).header.flags & TABLE_FROZEN == 0 && !(*t).has_no_nodes() && !value.is_nil() {
                let node = main_position(t, Slot::string(s));
                // Where nothing follows, the key can be nowhere else.
                if (*node).is_empty() && (*node).next == 0 {
                    (*t).header.flags &= !absent::ALL;
                    self.barrier(Slot::string(s));
                    self.barrier(value);
                    write(node, Slot::string(s), value);
                    return Ok(());
                }
            }
            self.set_string(t, s, value)
        }
    }

    /// Raw write of a string key that has no value yet; `false` and nothing done if it has one.
    ///
    /// # Safety
    /// As for [`Heap::set`]; the value is not nil.
    #[inline]
    pub(crate) unsafe fn add_string(
        &mut self,
        t: *mut Table,
        s: *const StringObject,
        value: Slot,
    ) -> Result<bool, TableError> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*t).header.flags & TABLE_FROZEN != 0 {
                self.thaw(t)?;
            }
            (*t).header.flags &= !absent::ALL;
            let node = find_string(t, s);
            if !node.is_null() && !(*node).is_empty() {
                return Ok(false);
            }
            self.store(t, node, Slot::string(s), value)?;
            Ok(true)
        }
    }

    /// Raw write of an integer key.
    ///
    /// # Safety
    /// As for [`Heap::set`].
    #[inline]
    pub(crate) unsafe fn set_integer(
        &mut self,
        t: *mut Table,
        i: i64,
        value: Slot,
    ) -> Result<(), TableError> {
        // SAFETY: the caller's promise; slots below `len` are initialised.
        unsafe {
            if (*t).header.flags & TABLE_FROZEN != 0 {
                self.thaw(t)?;
            }
            let index = (i as u64).wrapping_sub(1);
            if index < u64::from((*t).capacity) {
                let (index, len) = (index as u32, (*t).len);
                if index >= len {
                    if !value.is_nil() {
                        put(t, index, value);
                        self.barrier(value);
                    }
                } else if value.is_nil() && index + 1 == len {
                    (*t).len = index;
                } else {
                    slot::copy((*t).array.add(index as usize), &value);
                    self.barrier(value);
                }
                return Ok(());
            }
            if (*t).has_no_nodes() {
                return if value.is_nil() { Ok(()) } else { self.insert(t, Slot::integer(i), value) };
            }
            let node = find_integer(t, i);
            self.store(t, node, Slot::integer(i), value)
        }
    }

    /// Writes to the node of a key, or makes one if there is none.
    #[inline(always)]
    unsafe fn store(
        &mut self,
        t: *mut Table,
        node: *mut Node,
        key: Slot,
        value: Slot,
    ) -> Result<(), TableError> {
        // SAFETY: the caller's promise; a node that was found is not the shared empty one.
        unsafe {
            if !node.is_null() {
                if (*node).is_empty() {
                    // Its key may be an equal string that is about to be given up; this one is in use.
                    (*node).key = key.payload;
                    self.barrier(key);
                }
                (*node).set_value(value);
                self.barrier(value);
                return Ok(());
            }
            if value.is_nil() { Ok(()) } else { self.insert(t, key, value) }
        }
    }

    /// Adds an entry for a normalised key that is not in the table; the value is not nil.
    #[inline(never)]
    pub(super) unsafe fn insert(&mut self, t: *mut Table, key: Slot, value: Slot) -> Result<(), TableError> {
        // SAFETY: the caller's promise.
        unsafe {
            self.barrier(key);
            self.barrier(value);
            // The first items go to free nodes if there are any: so small tables have the reference implementation's
            // order of traversal.
            if key.tag == tag::INTEGER
                && key.payload == u64::from((*t).capacity) + 1
                && (*t).len == (*t).capacity
                && ((*t).capacity > 0 || !may_have_free_node(t))
                && self.grow_for_append(t)?
            {
                put(t, key.payload as u32 - 1, value);
                return Ok(());
            }
            if self.insert_node(t, key, value) {
                return Ok(());
            }
            if self.grows_in_pieces(t) {
                self.begin_growth(t, key)?;
            } else {
                self.rehash(t, key)?;
            }
            // The key may belong to the array part now.
            if key.tag == tag::INTEGER && key.payload.wrapping_sub(1) < u64::from((*t).capacity) {
                return self.set_integer(t, key.as_integer(), value);
            }
            let placed = self.insert_node(t, key, value);
            debug_assert!(placed, "a rehash makes room for one more key");
            if placed { Ok(()) } else { Err(TableError::Overflow) }
        }
    }

    /// Adds a node for a key that is not in the table; false if there is no free one.
    ///
    /// A key whose main position is taken by a node that does not belong there moves that node away and takes its
    /// place; else the key goes to a free node and is linked behind its main position.
    pub(super) unsafe fn insert_node(&mut self, t: *mut Table, key: Slot, value: Slot) -> bool {
        // SAFETY: all nodes touched are the table's; chains stay within them.
        unsafe {
            if (*t).has_no_nodes() {
                return false;
            }
            let mut node = main_position(t, key);
            if !(*node).is_empty() {
                let free = free_node(t);
                if free.is_null() {
                    return false;
                }
                let owner = position_of(t, node);
                if owner == node {
                    (*free).next = match (*node).next {
                        0 => 0,
                        next => next + distance(free, node),
                    };
                    (*node).next = distance(node, free);
                    node = free;
                } else {
                    let mut before = owner;
                    while before.offset((*before).next as isize) != node {
                        before = before.offset((*before).next as isize);
                    }
                    (*before).next = distance(before, free);
                    free.copy_from_nonoverlapping(node, 1);
                    if (*node).next != 0 {
                        (*free).next += distance(free, node);
                        (*node).next = 0;
                    }
                    // It may have moved from the untraced part of the table to the traced one.
                    self.barrier((*free).key());
                    self.barrier((*free).value());
                }
            }
            write(node, key, value);
            true
        }
    }
}

/// Makes a node that of a key; its place in a chain stays.
///
/// # Safety
/// The node is a table's own; key and value are alive.
#[inline(always)]
unsafe fn write(node: *mut Node, key: Slot, value: Slot) {
    // SAFETY: the caller's promise.
    unsafe {
        (*node).key = key.payload;
        (*node).key_tag = key.tag as u8;
        (*node).hash = if key.tag == tag::STRING { string::hash(key.as_string()) as u16 } else { 0 };
        (*node).set_value(value);
    }
}

/// Writes a value to the array part without a barrier, and `nil` to the slots before it that were never written.
///
/// # Safety
/// The index is below the table's capacity; the value is alive.
#[inline(always)]
pub(super) unsafe fn put(t: *mut Table, index: u32, value: Slot) {
    // SAFETY: the caller's promise.
    unsafe {
        let array = (*t).array;
        if index >= (*t).len {
            for before in (*t).len..index {
                slot::write(array.add(before as usize), Slot::NIL);
            }
            (*t).len = index + 1;
        }
        slot::copy(array.add(index as usize), &value);
    }
}

/// Distance from one node to another, in nodes.
#[inline(always)]
unsafe fn distance(from: *mut Node, to: *mut Node) -> i32 {
    // SAFETY: both are nodes of one table.
    unsafe { to.offset_from(from) as i32 }
}

/// Main position of the key of an occupied node.
#[inline(always)]
unsafe fn position_of(t: *mut Table, node: *mut Node) -> *mut Node {
    // SAFETY: the key of an occupied node is alive. While the mask has at most 16 bits the node knows enough of a
    // string's hash.
    unsafe {
        let mask = (*t).mask();
        if (*node).key_tag == tag::STRING as u8 && mask <= usize::from(u16::MAX) {
            (*t).nodes.add(usize::from((*node).hash) & mask)
        } else {
            main_position(t, (*node).key())
        }
    }
}

/// Whether [`free_node`] has nodes left to look at.
#[inline(always)]
unsafe fn may_have_free_node(t: *const Table) -> bool {
    // SAFETY: the nodes are preceded by their cell's header.
    unsafe { !(*t).has_no_nodes() && (*(*t).nodes.cast::<Header>().sub(1)).size > 0 }
}

/// A node that was never used, or null. Its index is kept in the `size` of the part's header and only goes down.
#[inline(always)]
unsafe fn free_node(t: *mut Table) -> *mut Node {
    // SAFETY: the nodes are preceded by their cell's header.
    unsafe {
        let header = (*t).nodes.cast::<Header>().sub(1);
        while (*header).size > 0 {
            (*header).size -= 1;
            let node = (*t).nodes.add((*header).size as usize);
            if (*node).key_tag == tag::NIL as u8 {
                return node;
            }
        }
        null_mut()
    }
}
