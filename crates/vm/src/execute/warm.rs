//! Getting an interpreter that has rested into the processor's caches.
//!
//! One of thousands that take turns is cold when its turn comes, and it would wait for memory once per object that it
//! touches. Here all of them are asked for at once. Invariant: nothing is changed, and only the interpreter's own records
//! are read.

use crate::heap::chunks::INTERPRETER_BYTES;
use crate::heap::object::Coroutine;
use crate::heap::slot::Slot;

use super::frame::Frame;
use super::park::Kept;
use super::state::State;
use super::vm::Vm;

/// Bytes that come into a cache together.
const LINE: usize = 64;

/// Asks for some lines of memory. Any address will do.
#[inline(always)]
fn fetch(address: usize, bytes: usize) {
    for at in (0..bytes).step_by(LINE) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this is a hint, which never faults.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address.wrapping_add(at)));
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (address, at);
    }
}

impl Vm {
    /// Asks for the block that the interpreter is in, its state and its first cells, and looks at none of it: for one that
    /// will run soon, but not yet.
    #[inline]
    pub fn anticipate(&self) {
        fetch(std::ptr::from_ref::<State>(&self.state).addr(), INTERPRETER_BYTES);
    }

    /// Asks for what a run will touch first, and the value kept under a number. Costs some 30 instructions, and saves
    /// waiting if the interpreter has not run for a while.
    #[inline]
    pub fn warm(&self, kept: Option<Kept>) {
        let state: &State = &self.state;
        let co = state.heap.roots.current;
        fetch(co.addr(), size_of::<Coroutine>());
        if let Some(address) = state.host.first_address() {
            fetch(address, LINE);
        }
        if let Some(value) = kept.and_then(|kept| state.kept(kept)).filter(|value| value.is_collectable()) {
            fetch(value.as_header().addr(), 3 * LINE);
        }
        // SAFETY: the current coroutine is alive.
        let (frame, top) = unsafe { ((*co).frame, (*co).top) };
        fetch(frame.addr().wrapping_sub(size_of::<Frame>()), 2 * size_of::<Frame>());
        fetch(top.addr().wrapping_sub(8 * size_of::<Slot>()), 2 * LINE);
    }
}
