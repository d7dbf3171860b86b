//! What a process sees and can do during one step.
//!
//! Everything is asynchronous except questions about the tables (is there such a process, who has this name).
//! Invariant: what a step does becomes visible to others in the order in which it does it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mio::Interest;
use mio::event::Source;

use crate::blocking::Job;
use crate::books::Books;
use crate::clock::nanoseconds;
use crate::error::{MonitorError, NameError, NoProcess, Refused, Undelivered};
use crate::handle::Handle;
use crate::hub::Hub;
use crate::letter::{Doom, Letter};
use crate::mailbox::{List, Parcel, Pool};
use crate::operation::Completer;
use crate::pid::{HostId, Hosts, Pid};
use crate::process::{Fuel, OperationId, Process, Signal, SourceId, TimerId};
use crate::spawn::Spawn;
use crate::table::Slot;
use crate::worker::{Core, absorb_into};

/// One step's view of the scheduler.
pub struct Turn<'a, P: Process> {
    hub: &'a Arc<Hub<P>>,
    core: &'a mut Core<P>,
    slot: &'a Slot<P>,
    inbox: &'a mut List<Letter<P>>,
    books: &'a mut Option<Box<Books>>,
    debt: &'a mut u32,
    trap_links: &'a mut bool,
    pid: Pid,
    fuel: u64,
    used: u64,
    doom: Option<Doom>,
}

impl<'a, P: Process> Turn<'a, P> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one record, borrowed apart")]
    pub(crate) fn new(
        hub: &'a Arc<Hub<P>>,
        core: &'a mut Core<P>,
        slot: &'a Slot<P>,
        pid: Pid,
        fuel: u64,
        inbox: &'a mut List<Letter<P>>,
        books: &'a mut Option<Box<Books>>,
        debt: &'a mut u32,
        trap_links: &'a mut bool,
    ) -> Turn<'a, P> {
        Turn { hub, core, slot, inbox, books, debt, trap_links, pid, fuel, used: 0, doom: None }
    }

    pub(crate) fn finish(self) -> (u64, Option<Doom>) {
        (self.used, self.doom)
    }

    /// The process itself.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The host it was started on.
    pub fn host(&self) -> HostId {
        self.slot.host()
    }

    /// How much work this step may do, less what was charged.
    pub fn fuel(&self) -> Fuel {
        Fuel(self.fuel.saturating_sub(self.used))
    }

    /// Says that this much work was done. A step that parks and never says so counts as a short one.
    pub fn charge(&mut self, fuel: Fuel) {
        self.used = self.used.saturating_add(fuel.0);
    }

    /// The next thing delivered to this process, oldest first. What is not taken is kept for the next step.
    #[inline]
    pub fn next_signal(&mut self) -> Option<Signal<P>> {
        // Mostly it is asked in vain.
        if self.has_signals() { self.open_next() } else { None }
    }

    /// Whether something was delivered that [`Turn::next_signal`] has not handed out; it may turn out to be for nobody.
    #[inline]
    pub fn has_signals(&self) -> bool {
        !self.inbox.is_empty() || self.slot.has_news()
    }

    /// The next thing delivered to this process, as [`Turn::next_signal`] has it, if it is a message of a process and came
    /// before this step.
    #[inline]
    pub fn next_message(&mut self) -> Option<(Pid, P::Message)> {
        match self.inbox.first() {
            Some((target, from, Letter::Message(_)))
                if target == self.pid && from != Pid::SYSTEM && self.doom.is_none() => {}
            _ => return None,
        }
        let parcel = self.inbox.pop()?;
        if parcel.weight() > 0 {
            self.slot.count_received(parcel.weight());
        }
        match parcel.open(&mut self.core.pool) {
            (from, Letter::Message(message)) => Some((from, message)),
            _ => None,
        }
    }

    fn open_next(&mut self) -> Option<Signal<P>> {
        loop {
            if self.doom.is_some() {
                return None;
            }
            let Some(parcel) = self.inbox.pop() else {
                if self.absorb() {
                    continue;
                }
                return None;
            };
            if let Some(signal) = open(parcel, self.slot, self.pid, self.books, &mut self.core.pool) {
                return Some(signal);
            }
        }
    }

    /// Whether the process was killed (or an untrapped link failed) since the step began. A long step should look now
    /// and then and return; what it returns does not matter then.
    pub fn must_stop(&mut self) -> bool {
        self.doom.is_some() || self.slot.has_news() && self.absorb() && self.doom.is_some()
    }

    fn absorb(&mut self) -> bool {
        if !self.slot.has_news() {
            return false;
        }
        let inquiries = self.core.inquiries();
        let (_, doom) = absorb_into(self.slot, self.pid, self.inbox, *self.trap_links, inquiries);
        if self.doom.is_none() {
            self.doom = doom;
        }
        !self.inbox.is_empty()
    }

    /// Sends a message. Accepted messages of one process to another arrive in the order of sending; an accepted message
    /// is lost only if its receiver ends first.
    ///
    /// # Errors
    /// The message, if there is no such process.
    pub fn send(&mut self, target: Pid, message: P::Message) -> Result<(), Undelivered<P::Message>> {
        self.send_as(self.pid, target, message)
    }

    /// `send` in the name of another process.
    ///
    /// # Errors
    /// As `send`.
    pub fn send_as(
        &mut self,
        from: Pid,
        target: Pid,
        message: P::Message,
    ) -> Result<(), Undelivered<P::Message>> {
        self.core.send(self.hub, self.debt, from, target, message).map_err(Undelivered)
    }

    /// Lends a process that sleeps to `visit`, and wakes it: what is left there needs no message, and counts as one that was
    /// sent before all that comes later. `None` if it does not sleep (or is no process, or in a run by seed as it chooses);
    /// nothing has happened then. A visit must be short, like a step, and knows nothing of its host's turn.
    #[inline]
    pub fn visit<R>(&mut self, target: Pid, visit: impl FnOnce(&mut P) -> R) -> Option<R> {
        self.core.visit(self.hub, self.debt, target, visit)
    }

    /// Starts a process. It makes its first step later.
    ///
    /// # Errors
    /// See [`crate::SpawnError`]; what should have been started is handed back.
    pub fn spawn(&mut self, spawn: Spawn<P>) -> Result<Pid, Refused<P>> {
        self.flush();
        self.hub.spawn(Some(self.core), spawn)
    }

    /// Ends a process, hard. Takes effect before its next step; nothing of it runs afterwards.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn kill(&mut self, target: Pid) -> Result<(), NoProcess> {
        self.flush();
        self.hub.kill(Some(self.core), target)
    }

    /// Asks a process to end. Advice only.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn cancel(
        &mut self,
        target: Pid,
        reason: impl Into<Arc<str>>,
        grace: Option<Duration>,
    ) -> Result<(), NoProcess> {
        self.flush();
        let signal = Signal::Cancel { from: self.pid, reason: reason.into(), grace };
        let letter = Letter::signal(signal);
        self.hub.deliver(Some(self.core), target, self.pid, letter).map_err(|_| NoProcess(target))
    }

    /// Asks to be told, once, when the process ends, however it does.
    ///
    /// # Errors
    /// If there is no such process, or it is watched already. Watching oneself does nothing.
    pub fn monitor(&mut self, target: Pid) -> Result<(), MonitorError> {
        self.flush();
        self.hub.monitor(self.pid, target)
    }

    /// Takes a monitor back; whether there was one. An exit that is in the mailbox already stays there.
    pub fn unmonitor(&mut self, target: Pid) -> bool {
        self.flush();
        self.hub.unmonitor(self.pid, target)
    }

    /// From now on each of the two hears when the other fails. Linking twice is linking once.
    ///
    /// # Errors
    /// If there is no such process. Linking to oneself does nothing.
    pub fn link(&mut self, partner: Pid) -> Result<(), NoProcess> {
        self.flush();
        self.hub.link(self.pid, partner)
    }

    /// Takes a link back; whether there was one.
    pub fn unlink(&mut self, partner: Pid) -> bool {
        self.flush();
        self.hub.unlink(self.pid, partner)
    }

    /// Whether failures of links come as signals instead of ending this process. Counts for what is delivered later.
    pub fn trap_links(&mut self, trap: bool) {
        *self.trap_links = trap;
    }

    /// Whether failures of links come as signals.
    pub fn traps_links(&self) -> bool {
        *self.trap_links
    }

    /// Time since the scheduler started; virtual in a deterministic one.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.hub.clock.now())
    }

    /// Sets a timer that fires once, after `delay`. `None` when 2^28 timers of this worker are running.
    pub fn set_timer(&mut self, delay: Duration) -> Option<TimerId> {
        let deadline = self.hub.clock.now().saturating_add(nanoseconds(delay));
        self.set_timer_at(Duration::from_nanos(deadline))
    }

    /// Sets a timer that fires once, when [`Turn::now`] has reached `deadline`.
    pub fn set_timer_at(&mut self, deadline: Duration) -> Option<TimerId> {
        let deadline = nanoseconds(deadline);
        let wheel = self.core.index;
        let key = self.hub.wheels[wheel].lock().insert(deadline, self.pid)?;
        self.core.next_timer = self.core.next_timer.min(deadline);
        let timer = TimerId::new(wheel, key);
        self.books.get_or_insert_default().add_timer(timer);
        Some(timer)
    }

    /// Stops a timer; whether it was running. After that its signal does not come, even if it was on the way.
    pub fn cancel_timer(&mut self, timer: TimerId) -> bool {
        let Some(books) = self.books.as_mut() else { return false };
        if !books.remove_timer(timer) {
            return false;
        }
        self.tidy();
        if let Some(wheel) = self.hub.wheels.get(timer.wheel()) {
            wheel.lock().cancel(timer.key());
        }
        true
    }

    /// Begins an operation that somebody else completes. `abandon` is called if the process ends, or cancels the
    /// operation, before it is completed; it must be short and must not block.
    pub fn begin(&mut self, abandon: Option<Box<dyn FnOnce() + Send>>) -> Completer<P> {
        self.core.operations += 1;
        let operation = OperationId(self.core.operations);
        self.books.get_or_insert_default().begin(operation, abandon);
        Completer::new(self.hub, self.pid, operation)
    }

    /// Runs a job that may block on the pool of the scheduler; its result comes as a signal. A job that has not begun
    /// when its process ends, or when it is cancelled, is not run.
    pub fn block(&mut self, job: impl FnOnce() -> P::Completion + Send + 'static) -> OperationId {
        let cancelled = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = Arc::clone(&cancelled);
        let cancel = move || cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
        let completer = self.begin(Some(Box::new(cancel)));
        let operation = completer.operation();
        let job: Job = Box::new(move || {
            if !seen.load(std::sync::atomic::Ordering::Relaxed) {
                completer.complete(job());
            }
        });
        self.hub.blocking.submit(job);
        operation
    }

    /// Does not wait for an operation any more; whether it was running. Its signal does not come afterwards.
    pub fn cancel_operation(&mut self, operation: OperationId) -> bool {
        let Some(ended) = self.books.as_mut().and_then(|books| books.end(operation)) else { return false };
        self.tidy();
        if let Some(abandon) = ended {
            abandon();
        }
        true
    }

    /// Watches a socket, a pipe or another source. Readiness is edge-triggered: after a signal, use the source until it
    /// would block. The process must own the source, so that it is closed with it.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn watch(&mut self, source: &mut impl Source, interest: Interest) -> io::Result<SourceId> {
        let id = self.hub.reactor.watch(source, interest, self.pid)?;
        self.books.get_or_insert_default().add_source(id);
        Ok(id)
    }

    /// Watches the source for something else.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn rewatch(&mut self, source: &mut impl Source, id: SourceId, interest: Interest) -> io::Result<()> {
        self.hub.reactor.change(source, id, interest)
    }

    /// Does not watch the source any more.
    ///
    /// # Errors
    /// If the operating system refuses; the signals stop all the same.
    pub fn unwatch(&mut self, source: &mut impl Source, id: SourceId) -> io::Result<()> {
        if let Some(books) = self.books.as_mut() {
            books.remove_source(id);
            self.tidy();
        }
        self.hub.reactor.unwatch(source, id)
    }

    /// Gives a process a name. Giving it the same name again is fine.
    ///
    /// # Errors
    /// If the name is another's, or there is no such process.
    pub fn register(&mut self, name: &[u8], pid: Pid) -> Result<(), NameError> {
        self.flush();
        self.hub.register(name, pid)
    }

    /// Takes a name away, whosever it is; who had it.
    pub fn unregister(&mut self, name: &[u8]) -> Option<Pid> {
        self.flush();
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

    /// A handle that outlives the step and can be used from any thread.
    pub fn handle(&self) -> Handle<P> {
        Handle::new(self.hub)
    }

    /// Makes all sends so far visible.
    fn flush(&mut self) {
        self.core.flush(self.hub, self.debt);
    }

    fn tidy(&mut self) {
        if self.books.as_ref().is_some_and(|books| books.is_empty()) {
            *self.books = None;
        }
    }
}

/// Opens a letter for its receiver; `None` if it was not for this one, or is about something it has given up.
pub(crate) fn open<P: Process>(
    parcel: Parcel<Letter<P>>,
    slot: &Slot<P>,
    pid: Pid,
    books: &mut Option<Box<Books>>,
    pool: &mut Pool<Letter<P>>,
) -> Option<Signal<P>> {
    if parcel.weight() > 0 {
        slot.count_received(parcel.weight());
    }
    if parcel.target() != pid {
        return None;
    }
    let (from, letter) = parcel.open(pool);
    let signal = match letter {
        Letter::Message(message) => return Some(Signal::Message { from, message }),
        Letter::Kill | Letter::Inquiry(_) => return None,
        Letter::Timer(timer) => {
            let known = books.as_mut()?.remove_timer(timer);
            known.then_some(Signal::Timer(timer))?
        }
        Letter::Signal(signal) => match *signal {
            Signal::Completion { operation, .. } => {
                books.as_mut()?.end(operation)?;
                *signal
            }
            Signal::Ready { source, .. } => books.as_ref()?.has_source(source).then_some(*signal)?,
            _ => return Some(*signal),
        },
    };
    if books.as_ref().is_some_and(|books| books.is_empty()) {
        *books = None;
    }
    Some(signal)
}
