//! A worker: one thread that finds a process, lets it make a step, and files it away.
//!
//! # The life of a process
//!
//! | state | where its right to run is | left by |
//! |---|---|---|
//! | queued | in one queue of one worker, or in the injector | a worker picking it |
//! | running | in [`Core::run`] | the answer of its step |
//! | parked | in its mailbox word | the push that replaces it |
//! | ended | nowhere; its place is free | |
//!
//! A chain of processes that wake each other shares one slice: the woken one gets what is left of it, and when that is
//! used up it goes to the back of the queue like anybody else. Measured: without the limit, whatever is queued behind
//! two chatting processes never runs; with a limit on the number of wakes, messaging beside busy processes collapses.
//!
//! Invariant: between two steps no chain of messages is open and no lock is held.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::aside;
use crate::dice::Dice;
use crate::ending::Ending;
use crate::hub::{Hub, STOPPED};
use crate::inspect::Inquiry;
use crate::letter::{Doom, Letter};
use crate::mailbox::{Chain, List, Pool};
use crate::pid::Pid;
use crate::process::{Description, Exit, Failure, Process, Readiness, Signal, SourceId, Step};
use crate::queue::{Picked, Queues};
use crate::relief::Leavings;
use crate::stats::Counters;
use crate::table::{Free, Owned, Runnable, Slot};
use crate::timer::wheel::Fired;
use crate::turn::Turn;

/// Steps between two looks at the clock, when none of them uses much fuel. A look costs 23 ns.
const STEPS_PER_CLOCK: u32 = 64;

/// Turns between two looks at the injector, so that busy workers do not forget the world outside.
const TURNS_PER_INJECTOR: u32 = 61;

/// The least a step is charged: waking, taking and filing it away are work too.
const STEP_PRICE: u64 = 16;

/// Messages of one chain before it is linked in. Measured: beyond 32 nothing is gained.
const CHAIN: u32 = 32;

/// Messages waiting somewhere beyond which a send costs more.
const CROWD: u64 = 512;

/// Fuel for a send to a mailbox with 128 waiting beyond the crowd, per 128.
const SEND_PRICE: u64 = 8;

/// Debt is limited to this many slices.
const DEBT_SLICES: u64 = 20;

/// How long a worker looks around before it sleeps. No difference between 0 and 100 us could be measured; a spinning
/// worker answers in 0.1 us, a sleeping one in 5.
const SPIN: Duration = Duration::from_micros(20);

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
    static STAND_IN: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// To be called in a step before a call to the system that may wait: somebody else looks after what is queued behind the
/// running process. Does nothing on a thread that is no worker's.
pub fn about_to_wait() {
    STAND_IN.with_borrow(|stand_in| stand_in.iter().for_each(|call| call()));
}

/// Whether a panic on this thread harms only one process, job or operation, because the thread is one of a scheduler's.
/// For panic hooks.
pub fn contains_panics() -> bool {
    CONTAINED.get()
}

/// From now on panics on this thread are caught.
pub(crate) fn contain_panics() {
    CONTAINED.set(true);
}

/// A worker's own things, reached by no other thread.
pub(crate) struct Core<P: Process> {
    pub(crate) index: usize,
    pub(crate) queues: Queues,
    pub(crate) pool: Pool<Letter<P>>,
    pub(crate) free: Free,
    /// Messages of the running process that are not linked in yet.
    open: Option<Open<P>>,
    pub(crate) operations: u64,
    /// Questions to the process at hand.
    inquiries: Vec<Arc<Inquiry>>,
    pub(crate) dice: Dice,
    slice_left: u64,
    used_since_clock: u64,
    steps_since_clock: u32,
    turns: u32,
    /// When this worker's wheel has to be looked at.
    pub(crate) next_timer: u64,
    now: u64,
    searching: bool,
    pub(crate) leavings: Leavings,
    fired: Vec<Fired>,
    ready: Vec<(Pid, SourceId, Readiness)>,
}

/// What a step came to, and what it was charged.
struct Made<P: Process> {
    result: Step<P::Output, Failure<P::Error>>,
    used: u64,
    /// It must end, whatever it answered.
    doom: Option<Doom>,
}

struct Open<P: Process> {
    target: Pid,
    chain: Chain<Letter<P>>,
}

/// A process that is visited; it runs next, also if the visit panics.
struct Host<'a, P: Process> {
    core: &'a mut Core<P>,
    hub: &'a Arc<Hub<P>>,
    runnable: Option<Runnable>,
}

impl<P: Process> Drop for Host<'_, P> {
    fn drop(&mut self) {
        if let Some(runnable) = self.runnable.take()
            && self.core.queues.wake(runnable)
        {
            self.core.notify(self.hub);
        }
    }
}

impl<P: Process> Core<P> {
    pub(crate) fn new(index: usize, queues: Queues, dice: Dice) -> Core<P> {
        Core {
            index,
            queues,
            pool: Pool::new(),
            free: Free::default(),
            open: None,
            operations: (index as u64) << 48,
            inquiries: Vec::new(),
            dice,
            slice_left: 0,
            used_since_clock: 0,
            steps_since_clock: 0,
            turns: 0,
            next_timer: u64::MAX,
            now: 0,
            searching: false,
            leavings: Leavings::default(),
            fired: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// The life of a worker thread.
    pub(crate) fn work(mut self, hub: &Arc<Hub<P>>) {
        contain_panics();
        let others = Arc::clone(hub);
        let stand_in = move || {
            if others.has_work() {
                others.idle.notify(&others.reactor);
            }
        };
        STAND_IN.set(Some(Box::new(stand_in)));
        while hub.stage() != STOPPED {
            match self.next(hub).or_else(|| self.search(hub)) {
                Some(picked) => {
                    if self.searching {
                        // Woken, and there was work before a search began: others must not rely on one.
                        self.found(hub);
                    }
                    self.run(hub, picked)
                }
                None => self.rest(hub),
            }
        }
        if self.searching {
            hub.idle.stop_searching();
        }
        STAND_IN.set(None);
        hub.table.surrender(std::mem::take(&mut self.free));
    }

    pub(crate) fn count<'a>(&self, hub: &'a Hub<P>) -> &'a Counters {
        &hub.counters[self.index]
    }

    /// Nanoseconds of the clock when it was last looked at.
    pub(crate) fn time(&self) -> u64 {
        self.now
    }

    /// Questions that came with the messages taken, to be answered after the step.
    pub(crate) fn inquiries(&mut self) -> &mut Vec<Arc<Inquiry>> {
        &mut self.inquiries
    }

    /// Something was pushed where others can steal it.
    pub(crate) fn notify(&self, hub: &Hub<P>) {
        if hub.idle.notify(&hub.reactor) {
            self.count(hub).wakes.add(1);
        }
    }

    /// Somebody to run, found here or outside.
    pub(crate) fn next(&mut self, hub: &Arc<Hub<P>>) -> Option<Picked> {
        self.turns = self.turns.wrapping_add(1);
        if self.turns.is_multiple_of(TURNS_PER_INJECTOR)
            && !hub.injector.is_empty()
            && let Some(runnable) = self.queues.take_injected(&hub.injector)
        {
            return Some(Picked::fresh(runnable));
        }
        if self.steps_since_clock >= STEPS_PER_CLOCK || 2 * self.used_since_clock > hub.settings.slice {
            self.look_at_clock(hub);
        }
        if let Some(picked) = self.queues.next(self.slice_left > 0, &mut self.dice) {
            return Some(picked);
        }
        if let Some(runnable) = self.queues.take_injected(&hub.injector) {
            return Some(Picked::fresh(runnable));
        }
        self.look_at_clock(hub);
        self.queues.next(self.slice_left > 0, &mut self.dice)
    }

    /// Lets timers run out and asks for readiness.
    pub(crate) fn look_at_clock(&mut self, hub: &Arc<Hub<P>>) {
        self.steps_since_clock = 0;
        self.used_since_clock = 0;
        self.now = hub.clock.now();
        if self.now >= self.next_timer {
            self.fire(hub);
        }
        if hub.reactor.is_used() {
            self.poll(hub, Some(Duration::ZERO));
        }
    }

    #[cold]
    fn fire(&mut self, hub: &Arc<Hub<P>>) {
        let mut fired = std::mem::take(&mut self.fired);
        {
            let mut wheel = hub.wheels[self.index].lock();
            wheel.advance(self.now, &mut fired);
            self.next_timer = wheel.next_event().unwrap_or(u64::MAX);
        }
        self.count(hub).timers_fired.add(fired.len() as u64);
        for timer in fired.drain(..) {
            let id = crate::process::TimerId::new(self.index, timer.key);
            self.deliver_urgent(hub, timer.pid, Letter::Timer(id));
        }
        self.fired = fired;
    }

    fn poll(&mut self, hub: &Arc<Hub<P>>, wait: Option<Duration>) {
        let mut ready = std::mem::take(&mut self.ready);
        hub.reactor.poll(wait, &mut ready);
        for (pid, source, readiness) in ready.drain(..) {
            self.deliver_urgent(hub, pid, Letter::signal(Signal::Ready { source, readiness }));
        }
        self.ready = ready;
    }

    /// Whoever waited for time or for the world outside starts with a full slice, ahead of the common queue.
    fn deliver_urgent(&mut self, hub: &Arc<Hub<P>>, target: Pid, letter: Letter<P>) {
        let parcel = self.pool.parcel(target, Pid::SYSTEM, letter);
        if let Ok(Some(runnable)) = hub.table.push(parcel) {
            if hub.table.slot(&runnable).is_external() {
                hub.wake(Some(self), runnable);
            } else if self.queues.wake_urgent(runnable) {
                self.notify(hub);
            }
        }
    }

    /// Looks at what other workers have, for a short while.
    fn search(&mut self, hub: &Arc<Hub<P>>) -> Option<Picked> {
        if !self.searching && !hub.idle.start_searching() {
            return None;
        }
        self.searching = true;
        let start = Instant::now();
        loop {
            if let Some(picked) = self.steal(hub) {
                return Some(picked);
            }
            if hub.stage() == STOPPED || start.elapsed() > SPIN {
                return None;
            }
            for _ in 0..32 {
                std::hint::spin_loop();
            }
        }
    }

    fn steal(&mut self, hub: &Arc<Hub<P>>) -> Option<Picked> {
        let workers = hub.theft.len();
        let first = self.dice.below(workers).unwrap_or(0);
        for step in 0..workers {
            let victim = (first + step) % workers;
            if victim != self.index
                && !hub.theft[victim].is_empty()
                && let Some(runnable) = self.queues.rob(&hub.theft[victim])
            {
                self.count(hub).steals.add(1);
                return Some(Picked::fresh(runnable));
            }
        }
        self.queues.take_injected(&hub.injector).map(Picked::fresh)
    }

    /// Work was found: ends the search, and lets somebody else search if there is more.
    fn found(&mut self, hub: &Hub<P>) {
        self.searching = false;
        if hub.idle.stop_searching() && hub.has_work() {
            self.notify(hub);
        }
    }

    /// Sleeps until there is something to do.
    fn rest(&mut self, hub: &Arc<Hub<P>>) {
        if std::mem::take(&mut self.searching) {
            hub.idle.stop_searching();
        }
        self.pool.balance(&hub.nodes);
        let look_again = self.relieve(hub).unwrap_or(u64::MAX);
        let workers = hub.theft.len();
        let wait = match self.next_timer.min(look_again) {
            u64::MAX => None,
            at => Some(Duration::from_nanos(at.saturating_sub(hub.clock.now()))),
        };
        if wait == Some(Duration::ZERO) {
            return;
        }
        let look = || {
            let work = hub.has_work() || hub.stage() == STOPPED;
            if !work
                && let Some(stalled) = &hub.settings.on_stall
                && hub.idle.parked() == workers
                && hub.expects_nothing()
            {
                stalled();
            }
            work
        };
        let index = self.index;
        hub.idle.sleep(index, &hub.reactor, wait, look, |wait| self.poll(hub, wait));
        self.searching = true;
        self.slice_left = 0;
        self.look_at_clock(hub);
        // What a timer or the reactor woke is in this worker's own queues; otherwise it goes on searching.
        if !self.queues.is_empty() {
            self.found(hub);
        }
    }

    /// Lets one process run until it ends, waits, or its slice is used up.
    pub(crate) fn run(&mut self, hub: &Arc<Hub<P>>, picked: Picked) {
        let slice = hub.settings.slice;
        if !picked.shares_slice {
            self.slice_left = slice;
        }
        let mut runnable = picked.runnable;
        let slot = hub.table.slot(&runnable);
        let pid = slot.pid();
        slot.set_running(true);
        let begun = (!picked.shares_slice).then_some(self.now);
        loop {
            let (slot, owned) = hub.table.enter(&mut runnable);
            if let (Some(_), Some(body)) = (begun, &owned.body) {
                body.anticipate();
            }
            if u64::from(owned.debt) >= slice {
                owned.debt -= slice as u32;
                self.slice_left = 0;
                self.used_since_clock += slice;
                return self.requeue(hub, slot, runnable);
            }
            let (news, doom) = absorb(slot, pid, owned, &mut self.inquiries);
            self.answer(pid, owned);
            if let Some(doom) = doom {
                return self.end(hub, pid, runnable, Exit::Failed(doom.failure()));
            }
            if owned.asleep && !news {
                // Woken by what was not for it, or by a question.
                slot.set_running(false);
                match slot.park(runnable) {
                    Ok(()) => return,
                    Err(again) => runnable = again,
                }
                slot.set_running(true);
                continue;
            }
            owned.asleep = false;
            let mut fuel = self.slice_left.saturating_sub(u64::from(owned.debt)).max(1);
            owned.debt = 0;
            if self.dice.dare(2) {
                fuel = 1 + self.dice.roll() % fuel;
            }
            let Made { result, used, doom } = self.step(hub, slot, pid, owned, fuel);
            self.answer(pid, owned);
            let out_of_fuel = matches!(result, Step::OutOfFuel);
            let used = if out_of_fuel { fuel } else { used.min(fuel) }.max(STEP_PRICE);
            self.slice_left = if out_of_fuel { 0 } else { self.slice_left.saturating_sub(used) };
            self.account(hub, slot, used);
            match result {
                Step::Finished(output) => return self.end(hub, pid, runnable, Exit::Finished(output)),
                Step::Failed(failure) => return self.end(hub, pid, runnable, Exit::Failed(failure)),
                Step::OutOfFuel | Step::Parked if doom.is_some() => {
                    let failure = doom.map_or(Failure::Terminated, |doom| doom.failure());
                    return self.end(hub, pid, runnable, Exit::Failed(failure));
                }
                Step::OutOfFuel => {
                    self.measure(hub, begun);
                    return self.requeue(hub, slot, runnable);
                }
                Step::Parked => {
                    owned.asleep = true;
                    slot.set_running(false);
                    match slot.park(runnable) {
                        Ok(()) => return,
                        Err(again) => runnable = again,
                    }
                    // A message came first.
                    slot.set_running(true);
                    if self.slice_left == 0 {
                        return self.requeue(hub, slot, runnable);
                    }
                }
            }
        }
    }

    /// One step, with whatever it panics with turned into a failure.
    fn step(
        &mut self,
        hub: &Arc<Hub<P>>,
        slot: &Slot<P>,
        pid: Pid,
        owned: &mut Owned<P>,
        fuel: u64,
    ) -> Made<P> {
        let Owned { body, inbox, books, debt, trap_links, .. } = owned;
        let Some(body) = body else {
            return Made { result: Step::Failed(Failure::Terminated), used: 0, doom: None };
        };
        let mut turn = Turn::new(hub, self, slot, pid, fuel, inbox, books, debt, trap_links);
        aside::open(hub.address());
        let result = catch_unwind(AssertUnwindSafe(|| body.step(&mut turn)));
        let next = aside::close();
        let (used, doom) = turn.finish();
        self.flush(hub, debt);
        self.queues.end_litter();
        if let Some(next) = next {
            match result {
                // It goes on itself, and whoever it has called need not wait for that.
                Ok(Step::OutOfFuel) => hub.offer(next),
                _ if self.queues.wake(next) => self.notify(hub),
                _ => {}
            }
        }
        let result = match result {
            Ok(Step::Finished(output)) => Step::Finished(output),
            Ok(Step::OutOfFuel) => Step::OutOfFuel,
            Ok(Step::Parked) => Step::Parked,
            Ok(Step::Failed(error)) => Step::Failed(Failure::Error(error)),
            Err(panic) => {
                self.count(hub).panics.add(1);
                Step::Failed(Failure::Panicked(panic_text(&*panic)))
            }
        };
        Made { result, used, doom }
    }

    fn account(&mut self, hub: &Hub<P>, slot: &Slot<P>, used: u64) {
        self.used_since_clock += used;
        self.steps_since_clock += 1;
        slot.add_reductions(used);
        let counters = self.count(hub);
        counters.steps.add(1);
        counters.reductions.add(used);
        self.pool.balance(&hub.nodes);
    }

    /// A slice was used up: was it too long?
    fn measure(&mut self, hub: &Arc<Hub<P>>, begun: Option<u64>) {
        let counters = self.count(hub);
        counters.slices.add(1);
        let before = begun.map(|begun| begun.max(self.now));
        self.look_at_clock(hub);
        if let Some(before) = before
            && self.now.saturating_sub(before) > hub.settings.overrun
        {
            counters.overruns.add(1);
        }
    }

    fn requeue(&mut self, hub: &Arc<Hub<P>>, slot: &Slot<P>, runnable: Runnable) {
        slot.set_running(false);
        // One that is alone is not worth waking anybody for.
        if self.queues.push_back(runnable) {
            self.notify(hub);
        }
    }

    /// Answers what was asked about the process at hand.
    #[inline]
    fn answer(&mut self, pid: Pid, owned: &mut Owned<P>) {
        if !self.inquiries.is_empty() {
            self.describe(pid, owned);
        }
    }

    #[cold]
    fn describe(&mut self, pid: Pid, owned: &mut Owned<P>) {
        while let Some(inquiry) = self.inquiries.pop() {
            let mut description = Description::default();
            if let Some(body) = &mut owned.body {
                // Like a step: a panic in here must not reach the worker.
                let _ = catch_unwind(AssertUnwindSafe(|| body.describe(&mut description)));
            }
            inquiry.answer(pid, description);
        }
    }

    /// The process ends: nobody finds it, its names are free, its memory is gone, everybody is told; in this order.
    pub(crate) fn end(
        &mut self,
        hub: &Arc<Hub<P>>,
        pid: Pid,
        mut runnable: Runnable,
        exit: Exit<P::Output, P::Error>,
    ) {
        let relations = hub.table.retire(&mut runnable);
        if let Some(relations) = &relations {
            hub.release_names(pid, relations);
        }
        let owned = hub.table.owned(&mut runnable);
        if let (Exit::Failed(failure), Some(body)) = (&exit, &mut owned.body) {
            let _ = catch_unwind(AssertUnwindSafe(|| body.fails(failure)));
        }
        Ending { pid, runnable, relations, exit }.begin(hub, self);
    }

    /// Sends a message of the running process; in a chain if its receiver is awake anyway.
    ///
    /// # Errors
    /// The message, when the receiver is gone.
    pub(crate) fn send(
        &mut self,
        hub: &Arc<Hub<P>>,
        debt: &mut u32,
        from: Pid,
        target: Pid,
        message: P::Message,
    ) -> Result<(), P::Message> {
        if let Some(open) = &mut self.open
            && open.target == target
        {
            open.chain.append(self.pool.parcel(target, from, Letter::Message(message)));
            if open.chain.count() >= CHAIN || self.dice.dare(4) {
                self.flush(hub, debt);
            }
            self.count(hub).messages.add(1);
            return Ok(());
        }
        self.flush(hub, debt);
        let Some(slot) = hub.table.find(target) else { return Err(message) };
        let parcel = self.pool.parcel(target, from, Letter::Message(message));
        if slot.is_parked() || self.dice.dare(4) {
            match slot.push(parcel) {
                Ok(Some(runnable)) if slot.is_external() => hub.wake(Some(self), runnable),
                Ok(Some(mut runnable)) => {
                    if let Some(body) = &hub.table.owned(&mut runnable).body {
                        body.anticipate();
                    }
                    if self.queues.wake(runnable) {
                        self.notify(hub);
                    }
                }
                Ok(None) => {}
                Err(parcel) => match parcel.open(&mut self.pool).1 {
                    Letter::Message(message) => return Err(message),
                    _ => unreachable!("the parcel was made from a message"),
                },
            }
        } else {
            self.open = Some(Open { target, chain: Chain::new(parcel) });
        }
        self.count(hub).messages.add(1);
        Ok(())
    }

    /// Lends the body of a process that sleeps to `visit` and wakes it: what is left there needs no message. `None` if it
    /// does not sleep.
    #[inline]
    pub(crate) fn visit<R>(
        &mut self,
        hub: &Arc<Hub<P>>,
        debt: &mut u32,
        target: Pid,
        visit: impl FnOnce(&mut P) -> R,
    ) -> Option<R> {
        let slot = hub.table.find(target)?;
        if !slot.is_parked() || slot.is_external() || self.dice.dare(2) {
            return None;
        }
        self.flush(hub, debt);
        let runnable = slot.rouse(target)?;
        // Whoever sleeps there now, it is queued again, also after a panic.
        let mut host = Host { core: &mut *self, hub, runnable: Some(runnable) };
        let runnable = host.runnable.as_mut().filter(|_| slot.pid() == target)?;
        let owned = hub.table.owned(runnable);
        let body = owned.body.as_mut()?;
        owned.asleep = false;
        body.anticipate();
        let result = visit(body);
        let woken = host.runnable.take();
        std::mem::forget(host);
        if let Some(runnable) = woken
            && self.queues.wake(runnable)
        {
            self.notify(hub);
        }
        self.count(hub).messages.add(1);
        Some(result)
    }

    /// Links in what is still open, and charges for sending to a crowded mailbox.
    #[inline]
    pub(crate) fn flush(&mut self, hub: &Arc<Hub<P>>, debt: &mut u32) {
        if let Some(open) = self.open.take() {
            self.link_in(open, hub, debt);
        }
    }

    fn link_in(&mut self, Open { target, chain }: Open<P>, hub: &Arc<Hub<P>>, debt: &mut u32) {
        let count = chain.count();
        let backlog = hub.table.find(target).map_or(0, Slot::backlog);
        if backlog > CROWD {
            let price = u64::from(count) * SEND_PRICE * (backlog / 128);
            let limit = DEBT_SLICES * hub.settings.slice;
            *debt = (u64::from(*debt) + price).min(limit).min(u64::from(u32::MAX)) as u32;
        }
        if let Some(runnable) = hub.table.push_chain(target, chain) {
            hub.wake(Some(self), runnable);
        }
    }
}

/// Takes what has arrived: whether there was anything for the process itself, and whether it must end.
#[inline(always)]
pub(crate) fn absorb<P: Process>(
    slot: &Slot<P>,
    pid: Pid,
    owned: &mut Owned<P>,
    inquiries: &mut Vec<Arc<Inquiry>>,
) -> (bool, Option<Doom>) {
    if !slot.has_news() {
        return (false, None);
    }
    let trap = owned.trap_links;
    absorb_into(slot, pid, &mut owned.inbox, trap, inquiries)
}

/// `absorb` for a step that is under way.
pub(crate) fn absorb_into<P: Process>(
    slot: &Slot<P>,
    pid: Pid,
    inbox: &mut List<Letter<P>>,
    trap_links: bool,
    inquiries: &mut Vec<Arc<Inquiry>>,
) -> (bool, Option<Doom>) {
    let (mut news, mut doom) = (false, None);
    slot.take(inbox, |target, _, letter| {
        if target != pid {
            return;
        }
        if let Letter::Inquiry(question) = letter {
            inquiries.push(question.take());
            return;
        }
        news = true;
        // Newest first, and the oldest reason counts.
        if let Some(found) = letter.doom(trap_links) {
            doom = Some(found);
        }
    });
    (news, doom)
}

fn panic_text(panic: &(dyn Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        Arc::from(*text)
    } else if let Some(text) = panic.downcast_ref::<String>() {
        Arc::from(text.as_str())
    } else {
        Arc::from("panic without a message")
    }
}
