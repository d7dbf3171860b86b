//! A mailbox owned by Rust code: it has a pid, can be sent to, can monitor, and receives with a time-out.
//!
//! It is a process without a body. Its right to run lies with the [`Inbox`] while that looks at it, in the mailbox word
//! while nothing has arrived, and at the bell in between. Invariant: nobody but its owner can end an inbox; dropping it
//! is, to its links and monitors, a termination.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::ending::clear;
use crate::error::{MonitorError, Undelivered};
use crate::hub::Hub;
use crate::letter::Letter;
use crate::mailbox::Pool;
use crate::pid::Pid;
use crate::process::{Exit, Failure, Process, Signal};
use crate::table::Runnable;
use crate::turn::open;
use crate::worker::absorb;

/// Where the owner of an inbox sleeps.
#[derive(Default)]
pub(crate) struct Bell {
    right: Mutex<Option<Runnable>>,
    bell: Condvar,
}

impl Bell {
    pub(crate) fn ring(&self, runnable: Runnable) {
        *self.right.lock() = Some(runnable);
        self.bell.notify_one();
    }

    /// Waits until `deadline`; `None` for as long as it takes.
    fn wait(&self, deadline: Option<Instant>) -> Option<Runnable> {
        let mut right = self.right.lock();
        loop {
            if right.is_some() {
                return right.take();
            }
            match deadline {
                None => self.bell.wait(&mut right),
                Some(deadline) => {
                    if self.bell.wait_until(&mut right, deadline).timed_out() {
                        return right.take();
                    }
                }
            }
        }
    }
}

/// See the module documentation. Dropping it is its end: its pid finds nobody then.
pub struct Inbox<P: Process> {
    hub: Arc<Hub<P>>,
    pid: Pid,
    /// `None` while the mailbox is parked or the right lies at the bell.
    right: Option<Runnable>,
    bell: Arc<Bell>,
    pool: Pool<Letter<P>>,
}

impl<P: Process> Inbox<P> {
    pub(crate) fn new(hub: &Arc<Hub<P>>) -> Option<Inbox<P>> {
        let (pid, right) = hub.table.allocate(&mut hub.outside.lock(), Default::default(), true)?;
        let bell = Arc::new(Bell::default());
        hub.bells.lock().insert(right.index(), Arc::clone(&bell));
        let mut right = Some(right);
        if let Some(right) = &mut right {
            hub.table.owned(right).trap_links = true;
        }
        Some(Inbox { hub: Arc::clone(hub), pid, right, bell, pool: Pool::new() })
    }

    /// Its pid, to be told to processes.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The next signal, waiting for it at most this long. `None` if none came.
    ///
    /// Blocks the calling thread: not for use inside a step, nor on the thread that drives a deterministic scheduler.
    pub fn receive(&mut self, wait: Duration) -> Option<Signal<P>> {
        // A wait beyond the end of time is one without end.
        let deadline = Instant::now().checked_add(wait);
        loop {
            if let Some(signal) = self.try_receive() {
                return Some(signal);
            }
            match self.bell.wait(deadline) {
                Some(right) => self.right = Some(right),
                None => return None,
            }
        }
    }

    /// The next signal, if one has arrived.
    pub fn try_receive(&mut self) -> Option<Signal<P>> {
        loop {
            if self.right.is_none() {
                self.right = self.bell.right.lock().take();
            }
            let mut right = self.right.take()?;
            let slot = self.hub.table.slot(&right);
            let owned = self.hub.table.owned(&mut right);
            while let Some(parcel) = owned.inbox.pop() {
                if let Some(signal) = open(parcel, slot, self.pid, &mut owned.books, &mut self.pool) {
                    self.right = Some(right);
                    return Some(signal);
                }
            }
            // Nobody can end an inbox but its owner, and there is nothing to describe.
            let mut inquiries = Vec::new();
            let _ = absorb(slot, self.pid, owned, &mut inquiries);
            for inquiry in inquiries {
                inquiry.answer(self.pid, Default::default());
            }
            if !owned.inbox.is_empty() {
                self.right = Some(right);
                continue;
            }
            self.pool.balance(&self.hub.nodes);
            match slot.park(right) {
                Ok(()) => return None,
                Err(again) => self.right = Some(again),
            }
        }
    }

    /// Sends a message from this inbox.
    ///
    /// # Errors
    /// The message, if there is no such process.
    pub fn send(&self, target: Pid, message: P::Message) -> Result<(), Undelivered<P::Message>> {
        self.hub.send_from_outside(self.pid, target, message)
    }

    /// Asks to be told when a process ends.
    ///
    /// # Errors
    /// If there is no such process, or it is watched already.
    pub fn monitor(&self, target: Pid) -> Result<(), MonitorError> {
        self.hub.monitor(self.pid, target)
    }

    /// Takes a monitor back; whether there was one.
    pub fn unmonitor(&self, target: Pid) -> bool {
        self.hub.unmonitor(self.pid, target)
    }
}

impl<P: Process> Drop for Inbox<P> {
    fn drop(&mut self) {
        if self.right.is_none() {
            // The mailbox is parked, or somebody has just woken it: either way this makes the right come here.
            let _ = self.hub.deliver(None, self.pid, Pid::SYSTEM, Letter::Kill);
            self.right = self.bell.wait(None);
        }
        let Some(mut right) = self.right.take() else { return };
        let relations = self.hub.table.retire(&mut right);
        self.hub.bells.lock().remove(&right.index());
        if let Some(relations) = &relations {
            self.hub.release_names(self.pid, relations);
        }
        clear(&self.hub, self.hub.table.owned(&mut right));
        if let Some(relations) = relations {
            self.hub.announce(None, self.pid, &relations, &Exit::Failed(Failure::Terminated));
        }
        self.hub.table.vacate(&mut self.hub.outside.lock(), self.pid, right);
    }
}

impl<P: Process> fmt::Debug for Inbox<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({:?})", self.pid)
    }
}
