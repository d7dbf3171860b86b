//! The metatables of basic types: shared by all values of a type, and mostly that of strings alone.
//!
//! Invariant: what is set here is a root.

use std::cell::{Cell, OnceCell};
use std::ptr::null_mut;

use super::BASIC_TYPES;
use super::object::Table;

/// Index of strings among the basic types.
const STRING: usize = 1;

/// See the module.
pub(crate) struct Metatables {
    string: Cell<*mut Table>,
    others: OnceCell<Box<[Cell<*mut Table>; BASIC_TYPES]>>,
}

impl Metatables {
    pub(super) const fn new() -> Metatables {
        Metatables { string: Cell::new(null_mut()), others: OnceCell::new() }
    }

    /// The metatable of a type, or null.
    #[inline]
    pub(super) fn get(&self, basic_type: usize) -> *mut Table {
        match (basic_type, self.others.get()) {
            (STRING, _) => self.string.get(),
            (_, Some(others)) => others[basic_type].get(),
            _ => null_mut(),
        }
    }

    /// Sets the metatable of a type.
    pub(super) fn set(&self, basic_type: usize, metatable: *mut Table) {
        if basic_type == STRING {
            self.string.set(metatable);
        } else if !metatable.is_null() || self.others.get().is_some() {
            let others = self.others.get_or_init(|| Box::new([const { Cell::new(null_mut()) }; BASIC_TYPES]));
            others[basic_type].set(metatable);
        }
    }

    /// Those of all types, in order.
    pub(super) fn all(&self) -> [*mut Table; BASIC_TYPES] {
        std::array::from_fn(|basic_type| self.get(basic_type))
    }
}
