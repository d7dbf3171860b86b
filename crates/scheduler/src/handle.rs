//! The scheduler from outside: starting and ending it, and reaching processes from any thread.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{NameError, NoProcess, Refused, Undelivered};
use crate::hub::{ENDING, Hub, RUNNING, STOPPED};
use crate::inbox::Inbox;
use crate::inspect::{Inquiry, ProcessInfo, Question, State};
use crate::letter::Letter;
use crate::mailbox::Pool;
use crate::pid::{HostId, Hosts, Pid};
use crate::process::{Process, Signal};
use crate::spawn::Spawn;
use crate::stats::Statistics;
use crate::sync::Ordering;
use crate::table::Slot;

/// How long a shutdown waits for workers whose process does not give control back.
const PATIENCE: Duration = Duration::from_secs(2);

/// The reason that processes are given at shutdown.
const SHUTDOWN: &str = "scheduler shutdown";

/// Reaches a scheduler from any thread. Cheap to clone; it does not keep the workers running.
pub struct Handle<P: Process> {
    hub: Arc<Hub<P>>,
}

impl<P: Process> Clone for Handle<P> {
    fn clone(&self) -> Handle<P> {
        Handle { hub: Arc::clone(&self.hub) }
    }
}

impl<P: Process> fmt::Debug for Handle<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl<P: Process> Handle<P> {
    pub(crate) fn new(hub: &Arc<Hub<P>>) -> Handle<P> {
        Handle { hub: Arc::clone(hub) }
    }

    /// Starts a process.
    ///
    /// # Errors
    /// See [`crate::SpawnError`].
    pub fn spawn(&self, spawn: Spawn<P>) -> Result<Pid, Refused<P>> {
        self.hub.spawn(None, spawn)
    }

    /// Sends a message without a sender.
    ///
    /// # Errors
    /// The message, if there is no such process.
    pub fn send(&self, target: Pid, message: P::Message) -> Result<(), Undelivered<P::Message>> {
        self.hub.send_from_outside(Pid::SYSTEM, target, message)
    }

    /// Sends a message in the name of a process.
    ///
    /// # Errors
    /// The message, if there is no such process.
    pub fn send_as(
        &self,
        from: Pid,
        target: Pid,
        message: P::Message,
    ) -> Result<(), Undelivered<P::Message>> {
        self.hub.send_from_outside(from, target, message)
    }

    /// Ends a process, hard.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn kill(&self, target: Pid) -> Result<(), NoProcess> {
        self.hub.kill(None, target)
    }

    /// Asks a process to end. Advice only.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn cancel(
        &self,
        from: Pid,
        target: Pid,
        reason: impl Into<Arc<str>>,
        grace: Option<Duration>,
    ) -> Result<(), NoProcess> {
        let signal = Signal::Cancel { from, reason: reason.into(), grace };
        self.hub.deliver(None, target, from, Letter::signal(signal)).map_err(|_| NoProcess(target))
    }

    /// A mailbox for Rust code. `None` if all 16 million places are taken.
    pub fn inbox(&self) -> Option<Inbox<P>> {
        Inbox::new(&self.hub)
    }

    /// Gives a process a name.
    ///
    /// # Errors
    /// If the name is another's, or there is no such process.
    pub fn register(&self, name: &[u8], pid: Pid) -> Result<(), NameError> {
        self.hub.register(name, pid)
    }

    /// Takes a name away; who had it.
    pub fn unregister(&self, name: &[u8]) -> Option<Pid> {
        self.hub.unregister(name)
    }

    /// The living process with this name.
    pub fn lookup(&self, name: &[u8]) -> Option<Pid> {
        self.hub.lookup(name)
    }

    /// Whether there is such a process, at this moment.
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.hub.table.find(pid).is_some()
    }

    /// The host of a living process.
    pub fn host_of(&self, pid: Pid) -> Option<HostId> {
        self.hub.table.find(pid).map(Slot::host)
    }

    /// The names of hosts.
    pub fn hosts(&self) -> &Hosts {
        &self.hub.hosts
    }

    /// Time since the scheduler started; virtual in a deterministic one.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.hub.clock.now())
    }

    /// Whether nothing can happen any more by itself: all workers sleep, and no timer, operation or watched source is
    /// left that could wake a process. What Rust code outside may send is not known here.
    pub fn is_stalled(&self) -> bool {
        self.hub.idle.parked() == self.hub.theft.len() && self.hub.expects_nothing()
    }

    /// Numbers for people.
    pub fn statistics(&self) -> Statistics {
        self.hub.statistics()
    }

    /// All processes, as the table sees them.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        let all = self.hub.table.occupied();
        all.filter(|(_, slot)| !slot.is_external()).filter_map(|(pid, slot)| info(pid, slot)).collect()
    }

    /// One process, as the table sees it.
    pub fn process(&self, pid: Pid) -> Option<ProcessInfo> {
        self.hub.table.find(pid).and_then(|slot| info(pid, slot))
    }

    /// All processes, each with what it says about itself. Those that do not come to a step within `wait` are listed
    /// without. Not for use inside a step.
    pub fn inspect(&self, wait: Duration) -> Vec<ProcessInfo> {
        self.begin_inspection().finish(wait)
    }

    /// The first half of [`Handle::inspect`], for a caller that drives the scheduler in between.
    pub fn begin_inspection(&self) -> Inspection<P> {
        let processes = self.processes();
        let inquiry = Arc::new(Inquiry::default());
        for process in &processes {
            let question = Question::new(&inquiry);
            let _ = self.hub.deliver(None, process.pid, Pid::SYSTEM, Letter::Inquiry(question));
        }
        Inspection { handle: self.clone(), processes, inquiry }
    }
}

/// An inspection under way.
pub struct Inspection<P: Process> {
    handle: Handle<P>,
    /// As they were before they were asked, which wakes those that sleep.
    processes: Vec<ProcessInfo>,
    inquiry: Arc<Inquiry>,
}

impl<P: Process> fmt::Debug for Inspection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inspection")
    }
}

impl<P: Process> Inspection<P> {
    /// Waits for answers, at most this long.
    pub fn finish(self, wait: Duration) -> Vec<ProcessInfo> {
        let mut answers = self.inquiry.collect(wait);
        answers.sort_unstable_by_key(|answer| answer.0);
        let mut processes = self.processes;
        for process in &mut processes {
            if let Ok(at) = answers.binary_search_by_key(&process.pid, |answer| answer.0) {
                process.description = Some(std::mem::take(&mut answers[at].1));
            }
        }
        // Some may have ended meanwhile.
        processes.retain(|process| process.description.is_some() || self.handle.is_alive(process.pid));
        processes
    }
}

fn info<P: Process>(pid: Pid, slot: &Slot<P>) -> Option<ProcessInfo> {
    let state = if slot.is_running() {
        State::Running
    } else if slot.is_parked() {
        State::Parked
    } else {
        State::Queued
    };
    let relations = slot.relations(pid)?;
    let (links, monitors, watchers) = relations.get().map_or((0, 0, 0), |noted| noted.counts());
    let names = relations.get().into_iter().flat_map(|noted| noted.names().map(Box::from)).collect();
    drop(relations);
    Some(ProcessInfo {
        pid,
        host: slot.host(),
        state,
        started: Duration::from_nanos(slot.born()),
        reductions: slot.reductions(),
        mailbox: slot.backlog(),
        names,
        links,
        monitors,
        watchers,
        description: None,
    })
}

impl<P: Process> Hub<P> {
    pub(crate) fn send_from_outside(
        self: &Arc<Self>,
        from: Pid,
        target: Pid,
        message: P::Message,
    ) -> Result<(), Undelivered<P::Message>> {
        match self.deliver(None, target, from, Letter::Message(message)) {
            Ok(()) => {
                self.outside_counters().messages.add_shared(1);
                Ok(())
            }
            Err(parcel) => match parcel.open(&mut Pool::new()).1 {
                Letter::Message(message) => Err(Undelivered(message)),
                _ => unreachable!("the parcel was made from a message"),
            },
        }
    }

    /// Asks everybody to end.
    pub(crate) fn cancel_all(self: &Arc<Self>, grace: Duration) {
        for (pid, slot) in self.table.occupied() {
            if !slot.is_external() {
                let signal =
                    Signal::Cancel { from: Pid::SYSTEM, reason: Arc::from(SHUTDOWN), grace: Some(grace) };
                let _ = self.deliver(None, pid, Pid::SYSTEM, Letter::signal(signal));
            }
        }
    }

    /// Ends everybody.
    pub(crate) fn kill_all(self: &Arc<Self>) {
        for (pid, slot) in self.table.occupied() {
            if !slot.is_external() {
                let _ = self.kill(None, pid);
            }
        }
    }
}

/// How a shutdown went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Shutdown {
    /// Processes that were asked to end.
    pub cancelled: usize,
    /// Processes that had not ended by the deadline and were killed.
    pub killed: usize,
    /// Processes that never gave control back; their threads were left behind.
    pub stuck: usize,
}

/// A running scheduler. Dropping it kills all processes and ends its threads.
pub struct Scheduler<P: Process> {
    handle: Handle<P>,
    threads: Vec<JoinHandle<()>>,
}

impl<P: Process> fmt::Debug for Scheduler<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheduler of {} workers", self.threads.len())
    }
}

impl<P: Process> Scheduler<P> {
    pub(crate) fn new(handle: Handle<P>, threads: Vec<JoinHandle<()>>) -> Scheduler<P> {
        Scheduler { handle, threads }
    }

    /// A way to reach it from any thread.
    pub fn handle(&self) -> Handle<P> {
        self.handle.clone()
    }

    /// Ends everything: refuses new processes, asks all to end, kills those that are left after `grace`, and stops the
    /// workers. Must not be called from a step.
    pub fn shutdown(mut self, grace: Duration) -> Shutdown {
        self.end(grace)
    }

    fn end(&mut self, grace: Duration) -> Shutdown {
        let hub = &self.handle.hub;
        let mut report = Shutdown::default();
        if hub.stage.load(Ordering::SeqCst) == STOPPED {
            return report;
        }
        // Processes may still start helpers for their ending; at the deadline that is over.
        report.cancelled = hub.alive();
        if !grace.is_zero() && report.cancelled > 0 {
            hub.cancel_all(grace);
            wait_until(grace, || hub.alive() == 0);
        }
        let _ = hub.stage.compare_exchange(RUNNING, ENDING, Ordering::SeqCst, Ordering::SeqCst);
        report.killed = hub.alive();
        let begun = Instant::now();
        while hub.alive() > 0 && begun.elapsed() < PATIENCE {
            hub.kill_all();
            wait_until(Duration::from_millis(50), || hub.alive() == 0);
        }
        report.stuck = hub.alive();
        hub.stage.store(STOPPED, Ordering::SeqCst);
        hub.blocking.stop();
        hub.idle.wake_all(&hub.reactor);
        for thread in self.threads.drain(..) {
            if report.stuck == 0 {
                // A worker never panics: it catches what its processes do.
                let _ = thread.join();
            }
        }
        report
    }
}

impl<P: Process> Drop for Scheduler<P> {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

/// Waits in growing steps, so that a quick end is noticed quickly.
fn wait_until(limit: Duration, done: impl Fn() -> bool) {
    let begun = Instant::now();
    let mut pause = Duration::from_micros(50);
    while !done() && begun.elapsed() < limit {
        std::thread::sleep(pause.min(limit.saturating_sub(begun.elapsed())));
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}
