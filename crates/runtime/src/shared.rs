//! What all processes of a runtime share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use wippy_scheduler::Pid;
use wippy_stdlib::errors::ErrorValue;
use wippy_vm::{Context, ExitRequest, Image, Result};

use crate::mail::Fault;
use crate::programs::{Entry, HostList, Programs};
use crate::supervisor;
use crate::upgradable::Upgradable;

/// A process has failed, as the runtime's owner is told.
pub struct Casualty {
    /// The process.
    pub pid: Pid,
    /// Its entry.
    pub id: Arc<str>,
    /// Why.
    pub fault: Fault,
    /// Whether a monitor or a link hears of it.
    pub watched: bool,
}

/// Told of failures, on a worker thread; must not block for long.
pub type OnFailure = Box<dyn Fn(&Casualty) + Send + Sync>;

/// Told that a process wants the whole program to end (`os.exit`).
pub type OnExit = Box<dyn Fn(ExitRequest) + Send + Sync>;

/// Done in the interpreter of every new process, before its chunk runs.
pub type Setup = Box<dyn Fn(&mut Context<'_>, &Entry) -> Result<()> + Send + Sync>;

/// See the module.
pub(crate) struct Shared {
    pub(crate) programs: Box<dyn Programs>,
    pub(crate) hosts: Box<dyn HostList>,
    pub(crate) image: Arc<Image>,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) on_exit: Option<OnExit>,
    pub(crate) setup: Option<Setup>,
    pub(crate) upgradable: Upgradable,
    /// What is asked of nobody in particular is denied.
    pub(crate) strict: bool,
    /// Whether the program that became a process listens to events.
    pub(crate) program_hears_events: AtomicBool,
}

impl Shared {
    /// The entry of an id: one of our own, or what the owner's programs know.
    ///
    /// # Errors
    /// As [`Programs::find`].
    pub(crate) fn find(&self, id: &str, from: &str) -> Result<Arc<Entry>, ErrorValue> {
        if id == supervisor::ENTRY {
            return Ok(supervisor::entry(from));
        }
        self.programs.find(id, from)
    }
}
