//! Finalizers: which objects have one, and which are due (manual, section 2.5.3).
//!
//! Calling them is the interpreter's business. Invariant: an object is in at most one of the two lists, and its flag
//! says whether it is in the first.

use super::Heap;
use super::object::TABLE_FINALIZER;
use super::slot::{Slot, tag};

impl Heap {
    /// Enters an object (table or userdata) whose metatable has a finalizer, unless it is entered already.
    ///
    /// # Safety
    /// The object is alive and this heap's.
    pub(crate) unsafe fn register_finalizer(&mut self, object: Slot) {
        debug_assert!(object.tag == tag::TABLE || object.tag == tag::USERDATA);
        // SAFETY: the caller's promise.
        unsafe {
            let header = object.as_header();
            if (*header).flags & TABLE_FINALIZER == 0 {
                (*header).flags |= TABLE_FINALIZER;
                self.finalizers.push(Slot { aux: 0, ..object });
            }
        }
    }

    /// The next object whose finalizer is to be called; the caller keeps it alive.
    pub(crate) fn next_finalizable(&mut self) -> Option<Slot> {
        let object = self.due.pop_front()?;
        self.keep(object);
        Some(object)
    }

    /// At the end of a heap's life: makes all entered objects due, last entered first.
    ///
    /// # Safety
    /// All entered objects are alive, which they are if no pointer was forged.
    pub(crate) unsafe fn separate_all(&mut self) {
        while let Some(object) = self.finalizers.pop() {
            // SAFETY: the caller's promise.
            unsafe { (*object.as_header()).flags &= !TABLE_FINALIZER };
            self.due.push_back(object);
        }
    }

    /// Makes due, and marks again, what marking has not reached.
    pub(super) unsafe fn separate_finalizable(&mut self) {
        let first_new = self.due.len();
        if self.finalizers.is_empty() {
            return;
        }
        let epoch = self.memory.epoch;
        let due = &mut self.due;
        self.finalizers.retain(|object| {
            let header = object.as_header();
            // SAFETY: cells are not freed while marking.
            unsafe {
                if (*header).mark & epoch != 0 {
                    return true;
                }
                (*header).flags &= !TABLE_FINALIZER;
            }
            due.push_back(*object);
            false
        });
        // The last one entered is called first.
        self.due.make_contiguous()[first_new..].reverse();
        for object in self.due.range(first_new..) {
            self.gray.push(object.as_header());
        }
        if self.finalizers.capacity() > 64 && self.finalizers.len() < self.finalizers.capacity() / 4 {
            let keep = self.finalizers.len() * 2;
            self.finalizers.shrink_to(keep);
        }
    }
}
