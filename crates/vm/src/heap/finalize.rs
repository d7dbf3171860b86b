//! Finalizers: which objects have one, and which are due (manual, section 2.5.3).
//!
//! Calling them is the interpreter's business. Invariant: an object is in at most one of the two lists, and its flag
//! says whether it is in the first.

use super::object::TABLE_FINALIZER;
use super::slot::{Slot, tag};
use super::trace::prefetch;
use super::{Heap, Phase};

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
        if self.is_separating() {
            return None; // what it needs is perhaps not marked again yet
        }
        let object = self.due.pop_front()?;
        self.keep(object);
        Some(object)
    }

    /// At the end of a heap's life: makes all entered objects due, last entered first.
    ///
    /// # Safety
    /// All entered objects are alive, which they are if no pointer was forged.
    pub(crate) unsafe fn separate_all(&mut self) {
        while self.is_separating() {
            // SAFETY: the caller's promise; marking is complete in these phases.
            unsafe { self.run(&mut { 1 }) };
        }
        while let Some(object) = self.finalizers.pop() {
            // SAFETY: the caller's promise.
            unsafe { (*object.as_header()).flags &= !TABLE_FINALIZER };
            self.due.push_back(object);
        }
    }

    /// Begins to make due what marking has not reached.
    pub(super) fn begin_separation(&mut self) {
        self.phase = Phase::Separate;
        self.separating = (self.finalizers.len(), self.finalizers.len());
    }

    /// Makes due what marking has not reached, and prepares to mark it again; true when all is looked at. The program
    /// may run in between: it cannot reach what is looked for, and what it enters anew comes behind.
    ///
    /// # Safety
    /// Marking is complete, and no cell has been freed since.
    pub(super) unsafe fn separate_some(&mut self, budget: &mut isize) -> bool {
        /// Work of looking at an entry, in weighted bytes.
        const LOOK_WORK: isize = 32;
        /// Entries from the one that is looked at to the one that is fetched.
        const AHEAD: usize = 16;
        let epoch = self.memory.epoch;
        let (mut at, mut kept) = self.separating;
        // From the end, because the last one entered is called first.
        while at > 0 && *budget > 0 {
            *budget -= LOOK_WORK;
            at -= 1;
            if at >= AHEAD {
                prefetch(self.finalizers[at - AHEAD].as_header());
            }
            let object = self.finalizers[at];
            let header = object.as_header();
            // SAFETY: the caller's promise.
            unsafe {
                if (*header).mark & epoch != 0 {
                    kept -= 1;
                    self.finalizers[kept] = object;
                } else {
                    (*header).flags &= !TABLE_FINALIZER;
                    self.due.push_back(object);
                    self.gray.push(header);
                }
            }
        }
        self.separating = (at, kept);
        if at > 0 {
            return false;
        }
        if kept > 0 {
            self.finalizers.drain(..kept);
        }
        if self.finalizers.capacity() > 64 && self.finalizers.len() < self.finalizers.capacity() / 4 {
            let keep = self.finalizers.len() * 2;
            self.finalizers.shrink_to(keep);
        }
        true
    }

    /// Whether the lists are being changed just now.
    fn is_separating(&self) -> bool {
        matches!(self.phase, Phase::Separate | Phase::Revive)
    }
}
