//! Operations: things a process waits for that somebody else does, on the blocking pool or on threads of its own.
//!
//! A process begins an operation and gets a [`Completer`]; whoever holds that completes it, from any thread, and the
//! process hears of it as a signal. Invariant: every operation is completed or dropped once, and either way its process
//! is told, unless it has cancelled the operation or has ended.

use std::fmt;
use std::sync::Arc;

use crate::hub::Hub;
use crate::letter::Letter;
use crate::pid::Pid;
use crate::process::{OperationId, Process, Signal};
use crate::sync::Ordering;

/// The duty to complete one operation. Dropping it tells the process that no answer will come.
pub struct Completer<P: Process> {
    hub: Arc<Hub<P>>,
    pid: Pid,
    operation: OperationId,
    done: bool,
}

impl<P: Process> Completer<P> {
    pub(crate) fn new(hub: &Arc<Hub<P>>, pid: Pid, operation: OperationId) -> Completer<P> {
        hub.pending.fetch_add(1, Ordering::SeqCst);
        Completer { hub: Arc::clone(hub), pid, operation, done: false }
    }

    /// The operation.
    pub fn operation(&self) -> OperationId {
        self.operation
    }

    /// Whether the process still lives; if not, the work can be left undone.
    pub fn is_wanted(&self) -> bool {
        self.hub.table.find(self.pid).is_some()
    }

    /// Answers. Does nothing if the process has ended or has cancelled the operation.
    pub fn complete(mut self, value: P::Completion) {
        self.finish(Some(value));
    }

    fn finish(&mut self, value: Option<P::Completion>) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let signal = Signal::Completion { operation: self.operation, value };
        let _ = self.hub.deliver(None, self.pid, Pid::SYSTEM, Letter::signal(signal));
        // Only now: as long as something is pending, nobody may conclude that nothing can happen any more.
        self.hub.pending.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<P: Process> Drop for Completer<P> {
    fn drop(&mut self) {
        self.finish(None);
    }
}

impl<P: Process> fmt::Debug for Completer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Completer({:?} of {:?})", self.operation, self.pid)
    }
}
