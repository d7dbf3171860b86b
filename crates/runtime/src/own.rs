//! The interpreter of a process, until it is handed on at the very end.
//!
//! Making an empty one to leave in its place would cost as much as a short call. Invariant: nothing of a process runs after
//! its interpreter was handed on; only questions about the process may still come.

use std::ops::{Deref, DerefMut};

use wippy_vm::Vm;

const HANDED_ON: &str = "nothing of a process runs after its interpreter was handed on";

/// See the module.
pub(crate) struct Own(Option<Vm>);

impl Own {
    pub(crate) fn new(vm: Vm) -> Own {
        Own(Some(vm))
    }

    /// To hand it on.
    pub(crate) fn take(&mut self) -> Option<Vm> {
        self.0.take()
    }

    /// Where it may have been handed on already.
    pub(crate) fn peek(&self) -> Option<&Vm> {
        self.0.as_ref()
    }

    /// Where it may have been handed on already.
    pub(crate) fn get(&mut self) -> Option<&mut Vm> {
        self.0.as_mut()
    }

    /// Its heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.0.as_ref().map_or(0, Vm::memory_bytes)
    }
}

impl Deref for Own {
    type Target = Vm;

    fn deref(&self) -> &Vm {
        self.0.as_ref().expect(HANDED_ON)
    }
}

impl DerefMut for Own {
    fn deref_mut(&mut self) -> &mut Vm {
        self.0.as_mut().expect(HANDED_ON)
    }
}
