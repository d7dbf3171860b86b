//! Registered names: byte strings to pids.
//!
//! Only the map. Whether a process lives, and that its names go when it ends, is kept by the callers, who note each
//! name with the process under the lock of this map. Invariant: one name, one pid.

use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};

use crate::pid::Pid;

/// See the module documentation.
#[derive(Default)]
pub(crate) struct Names(Mutex<HashMap<Box<[u8]>, Pid>>);

/// The locked map.
pub(crate) struct NamesGuard<'a>(MutexGuard<'a, HashMap<Box<[u8]>, Pid>>);

impl Names {
    pub(crate) fn lock(&self) -> NamesGuard<'_> {
        NamesGuard(self.0.lock())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }

    pub(crate) fn lookup(&self, name: &[u8]) -> Option<Pid> {
        self.0.lock().get(name).copied()
    }
}

impl NamesGuard<'_> {
    pub(crate) fn get(&self, name: &[u8]) -> Option<Pid> {
        self.0.get(name).copied()
    }

    pub(crate) fn insert(&mut self, name: &[u8], pid: Pid) {
        self.0.insert(name.into(), pid);
    }

    pub(crate) fn remove(&mut self, name: &[u8]) -> Option<Pid> {
        let pid = self.0.remove(name);
        if self.0.capacity() > 1024 && self.0.len() < self.0.capacity() / 8 {
            self.0.shrink_to_fit();
        }
        pid
    }

    /// Removes the name if it is this process's.
    pub(crate) fn release(&mut self, name: &[u8], pid: Pid) {
        if self.get(name) == Some(pid) {
            self.remove(name);
        }
    }
}
