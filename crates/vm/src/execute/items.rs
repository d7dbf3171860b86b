//! A table's first items as a block, for sorting and moving without a look-up per item.
//!
//! Invariant: every access is checked against the used part of the array, which the program may shrink meanwhile, and
//! every store passes the collector's barrier.

use crate::heap::handle::{Table, Value};
use crate::heap::slot::{Slot, tag};

use super::context::Context;

/// The first items of a table's array part; see [`Context::array_items`].
#[derive(Clone, Copy)]
pub struct ArrayItems<'gc> {
    pub(super) table: Table<'gc>,
    pub(super) count: usize,
}

impl<'gc> ArrayItems<'gc> {
    fn at(self, index: usize) -> *mut Slot {
        // SAFETY: the table is valid by its brand.
        let (array, len) = unsafe { ((*self.table.raw()).array, (*self.table.raw()).len as usize) };
        assert!(index < self.count && index < len, "item {index} of an array part that has shrunk");
        // SAFETY: just checked.
        unsafe { array.add(index) }
    }

    /// Whether the items are still where they were.
    pub fn is_valid(self) -> bool {
        // SAFETY: the table is valid by its brand.
        unsafe { self.count <= (*self.table.raw()).len as usize }
    }

    /// Item `index`, from 0.
    pub fn get(self, index: usize) -> Value<'gc> {
        // SAFETY: valid as long as the table.
        unsafe { Value::from_slot(*self.at(index)) }
    }

    /// Exchanges two items.
    pub fn swap(self, cx: &mut Context<'gc>, i: usize, j: usize) {
        let (a, b) = (self.at(i), self.at(j));
        // SAFETY: both are checked; each is a store into the table, so the barrier sees both.
        unsafe {
            std::ptr::swap(a, b);
            cx.st().heap.barrier(*a);
            cx.st().heap.barrier(*b);
        }
    }

    /// Replaces an item.
    pub fn set(self, cx: &mut Context<'gc>, i: usize, value: Value<'gc>) {
        let (at, value) = (self.at(i), value.slot());
        // SAFETY: checked; the barrier follows the store.
        unsafe { *at = value };
        cx.st().heap.barrier(value);
    }

    /// Sorts ascending if all items are numbers other than NaN, or all are strings; tells whether it did.
    pub fn sort_ascending(self, cx: &mut Context<'gc>) -> bool {
        if self.count == 0 {
            return true;
        }
        let first = self.at(0);
        self.at(self.count - 1);
        // SAFETY: `count` slots from the first one on, checked above; nothing else touches the table meanwhile.
        let items = unsafe { std::slice::from_raw_parts_mut(first, self.count) };
        if items.iter().all(|item| item.tag == tag::INTEGER) {
            items.sort_unstable_by_key(|item| item.as_integer());
        } else if items.iter().all(|item| item.tag == tag::FLOAT && !item.as_float().is_nan()) {
            items.sort_unstable_by(|a, b| a.as_float().partial_cmp(&b.as_float()).expect("no item is NaN"));
        } else if items.iter().all(|item| item.tag == tag::STRING) {
            // SAFETY: what the table holds is valid by its brand.
            items.sort_unstable_by(|a, b| unsafe {
                super::context::bytes_of(*a).cmp(super::context::bytes_of(*b))
            });
        } else {
            return false;
        }
        // SAFETY: the same slots; moving them counts as storing them.
        unsafe { cx.st().heap.rearranged(self.table.raw()) };
        true
    }
}
