//! An entry's program at one version of the registry: what its instances run and, for a function, the pool of its calls.
//!
//! Made when the registry changes and replaced as a whole with everything else that changed, so whoever holds one has
//! code that belongs together. Invariant: an edition never changes; only its pool does.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use wippy_runtime::scheduler::HostId;
use wippy_runtime::{Entry, Starter};
use wippy_vm::Vm;

use super::app::App;
use super::functions::Call;
use super::hosts;
use super::unit::Bundle;
use crate::calls::{Plan, Pool};

/// An interpreter that waits for its next call.
pub struct Idle {
    pub(super) vm: Vm,
    /// Calls it has served.
    pub(super) calls: u32,
}

/// Calls of a function.
pub(super) type Calls = Pool<Arc<Call>, Idle>;

/// See the module.
pub struct Edition {
    /// The code.
    pub bundle: Arc<Bundle>,
    entry: OnceLock<Arc<Entry>>,
    host: OnceLock<HostId>,
    calls: Mutex<Calls>,
}

impl Edition {
    /// Of code that has just been made.
    pub fn new(bundle: Bundle) -> Edition {
        let plan = Plan::of(&bundle.main.entry.data);
        Edition {
            bundle: Arc::new(bundle),
            entry: OnceLock::new(),
            host: OnceLock::new(),
            calls: Mutex::new(Pool::new(plan)),
        }
    }

    /// Whether it is a function that others call.
    pub fn is_function(&self) -> bool {
        &*self.bundle.main.entry.kind == "function.lua"
    }

    /// Whether it is a process that others start.
    pub fn is_process(&self) -> bool {
        &*self.bundle.main.entry.kind == "process.lua"
    }

    /// What the runtime runs.
    pub fn entry(&self, app: &Arc<App>) -> &Arc<Entry> {
        self.entry.get_or_init(|| hosts::entry_of(&Arc::downgrade(app), &self.bundle, None))
    }

    /// The host that calls are shown on; programs cannot name it.
    pub(super) fn host(&self, starter: &Starter) -> HostId {
        let name = || format!("{}#lua", self.bundle.main.entry.id);
        *self.host.get_or_init(|| starter.handle().hosts().intern(&name()).unwrap_or_default())
    }

    /// The pool; must not be held while an interpreter runs or is dropped.
    pub(super) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
