//! Weak tables (manual, section 2.5.4).
//!
//! Invariant: when the program runs again after marking, no weak table holds a dead object.

use super::Heap;
use super::object::{Node, Table};
use super::slot::{Slot, tag};
use super::trace::prefetch;
use super::{string, table};

/// Entries from the one that is looked at to the one that is fetched.
const AHEAD: usize = 16;

/// What a table's references keep alive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Strong,
    WeakKeys,
    WeakValues,
    AllWeak,
}

impl Heap {
    unsafe fn mode_of(&self, t: *mut Table) -> Mode {
        // SAFETY: the caller's table is alive, and so is its metatable.
        unsafe {
            let metatable = (*t).metatable;
            if metatable.is_null() {
                return Mode::Strong;
            }
            let mode = table::get_string(metatable, self.mode);
            if mode.tag != tag::STRING {
                return Mode::Strong;
            }
            let letters = string::bytes(mode.as_string());
            match (letters.contains(&b'k'), letters.contains(&b'v')) {
                (false, false) => Mode::Strong,
                (true, false) => Mode::WeakKeys,
                (false, true) => Mode::WeakValues,
                (true, true) => Mode::AllWeak,
            }
        }
    }

    #[cfg(test)]
    pub(super) unsafe fn is_weak(&self, t: *mut Table) -> bool {
        // SAFETY: the caller's table is alive.
        unsafe { self.mode_of(t) != Mode::Strong }
    }

    /// Traces a table with a metatable if it is weak; false if it is not.
    pub(super) unsafe fn trace_weak(&mut self, t: *mut Table) -> bool {
        // SAFETY: the caller's table is alive.
        unsafe {
            match self.mode_of(t) {
                Mode::Strong => return false,
                Mode::WeakValues => {
                    self.trace_keys(t);
                    self.weak_values.push(t);
                }
                Mode::WeakKeys => {
                    self.trace_ephemeron(t);
                    self.ephemerons.push(t);
                }
                Mode::AllWeak => self.all_weak.push(t),
            }
            true
        }
    }

    unsafe fn trace_keys(&mut self, t: *mut Table) {
        // SAFETY: the caller's table is alive.
        unsafe {
            for node in nodes(t) {
                if (*node).is_empty() {
                    self.trace_removed(node);
                } else {
                    let key = (*node).key();
                    if key.is_collectable() {
                        self.gray.push(key.as_header());
                    }
                }
            }
        }
    }

    /// Marks the values whose keys are marked; true if there were unmarked ones among them.
    unsafe fn trace_ephemeron(&mut self, t: *mut Table) -> bool {
        let mut progress = false;
        // SAFETY: the caller's table is alive.
        unsafe {
            for slot in slots(t) {
                progress |= self.gray_if_unmarked(*slot);
            }
            for node in nodes(t) {
                if (*node).is_empty() {
                    self.trace_removed(node);
                } else if self.is_dead((*node).key()) {
                    self.dead_keys = true;
                } else {
                    progress |= self.gray_if_unmarked((*node).value());
                }
            }
        }
        progress
    }

    unsafe fn gray_if_unmarked(&mut self, value: Slot) -> bool {
        // SAFETY: the caller's value is alive.
        unsafe {
            let unmarked = value.is_collectable() && (*value.as_header()).mark & self.memory.epoch == 0;
            if unmarked {
                self.gray.push(value.as_header());
            }
            unmarked
        }
    }

    /// Whether a weak reference to this value must go. Strings are values, not objects: they are kept.
    unsafe fn is_dead(&mut self, value: Slot) -> bool {
        // SAFETY: the caller's value is not yet freed.
        unsafe {
            if value.tag == tag::STRING {
                self.mark_string(value.as_string());
                return false;
            }
            value.is_collectable() && (*value.as_header()).mark & self.memory.epoch == 0
        }
    }

    /// Marks until no ephemeron has a live key with an unmarked value.
    pub(super) unsafe fn converge_ephemerons(&mut self) {
        // SAFETY: the listed tables are alive.
        unsafe {
            loop {
                self.dead_keys = false;
                let mut progress = false;
                let mut i = 0;
                while i < self.ephemerons.len() {
                    if self.trace_ephemeron(self.ephemerons[i]) {
                        self.propagate_all();
                        progress = true;
                    }
                    i += 1;
                }
                if !progress {
                    return;
                }
            }
        }
    }

    /// Removes entries with dead values from the listed tables, beginning with those at the given positions.
    pub(super) unsafe fn clear_weak_values(&mut self, values_from: usize, all_from: usize) {
        // SAFETY: the listed tables are alive.
        unsafe {
            for i in values_from..self.weak_values.len() {
                self.clear_values(self.weak_values[i]);
            }
            for i in all_from..self.all_weak.len() {
                self.clear_values(self.all_weak[i]);
            }
        }
    }

    unsafe fn clear_values(&mut self, t: *mut Table) {
        // SAFETY: the table is alive, what it refers to is not yet freed.
        unsafe {
            for slot in slots(t) {
                if self.is_dead(*slot) {
                    *slot = Slot::NIL;
                }
            }
            for node in nodes(t) {
                if !(*node).is_empty() && self.is_dead((*node).value()) {
                    (*node).set_value(Slot::NIL);
                }
            }
        }
    }

    /// Removes entries with dead keys.
    pub(super) unsafe fn clear_weak_keys(&mut self) {
        // SAFETY: the listed tables are alive.
        unsafe {
            // The last look at all of them has perhaps found no dead key.
            if self.dead_keys {
                for i in 0..self.ephemerons.len() {
                    self.clear_keys(self.ephemerons[i]);
                }
            }
            for i in 0..self.all_weak.len() {
                self.clear_keys(self.all_weak[i]);
            }
        }
    }

    unsafe fn clear_keys(&mut self, t: *mut Table) {
        // SAFETY: as in `clear_values`.
        unsafe {
            for node in nodes(t) {
                if (*node).is_empty() {
                    self.trace_removed(node);
                } else if self.is_dead((*node).key()) {
                    (*node).set_value(Slot::NIL);
                    (*node).key_tag = tag::DEAD_KEY as u8;
                }
            }
        }
    }
}

/// The nodes of a table's hash part; none if it has none. What they refer to is fetched ahead of use.
unsafe fn nodes(t: *mut Table) -> impl Iterator<Item = *mut Node> {
    // SAFETY: the caller's table is alive and its hash part does not change meanwhile.
    let (first, count) = unsafe { ((*t).nodes, if (*t).has_no_nodes() { 0 } else { (*t).node_count() }) };
    (0..count).map(move |i| {
        if i + AHEAD < count {
            // SAFETY: the node is one of the table's.
            unsafe {
                let later = first.wrapping_add(i + AHEAD);
                fetch((*later).key());
                fetch((*later).value());
            }
        }
        first.wrapping_add(i)
    })
}

/// The slots of a table's array part, likewise.
unsafe fn slots(t: *mut Table) -> impl Iterator<Item = *mut Slot> {
    // SAFETY: the caller's table is alive and its array part does not change meanwhile.
    let (first, count) = unsafe { ((*t).array, (*t).len as usize) };
    (0..count).map(move |i| {
        if i + AHEAD < count {
            // SAFETY: the slot is one of the table's.
            fetch(unsafe { *first.wrapping_add(i + AHEAD) });
        }
        first.wrapping_add(i)
    })
}

/// Asks the processor to load the header of what a slot refers to.
#[inline(always)]
fn fetch(value: Slot) {
    if value.is_collectable() {
        prefetch(value.as_header());
    }
}
