//! The scheduler without threads: one worker driven by the caller, a virtual clock, and choices that follow from a seed.
//!
//! The code that runs is the same. Where real threads could differ, the seed chooses: who runs next, how much fuel a step
//! gets, when a chain of messages is linked in, when a blocking job is done. So an interleaving that breaks something
//! is found by trying seeds, and found again by its seed. Invariant: nothing in here looks at real time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::blocking;
use crate::clock::nanoseconds;
use crate::handle::Handle;
use crate::hub::{Hub, STOPPED};
use crate::process::Process;
use crate::sync::Ordering;
use crate::worker::Core;

/// See the module documentation.
pub struct Deterministic<P: Process> {
    hub: Arc<Hub<P>>,
    core: Core<P>,
}

impl<P: Process> fmt::Debug for Deterministic<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deterministic")
    }
}

impl<P: Process> Deterministic<P> {
    pub(crate) fn new(hub: Arc<Hub<P>>, core: Core<P>) -> Deterministic<P> {
        Deterministic { hub, core }
    }

    /// A way to start and reach processes; to be used between runs, on this thread.
    pub fn handle(&self) -> Handle<P> {
        Handle::new(&self.hub)
    }

    /// Makes one step of one process, or runs one blocking job. Whether there was anything to do at this time.
    pub fn step(&mut self) -> bool {
        // A job may take longer than anything else, or come back at once.
        let waiting = self.hub.blocking.waiting();
        if waiting > 0 && (self.core.dice.dare(3) || !self.run_one()) {
            let dice = &mut self.core.dice;
            if let Some(job) = self.hub.blocking.take(|count| dice.below(count)) {
                blocking::run(job);
            }
            return true;
        }
        waiting > 0 || self.run_one()
    }

    fn run_one(&mut self) -> bool {
        match self.core.next(&self.hub) {
            Some(picked) => {
                self.core.run(&self.hub, picked);
                true
            }
            None => false,
        }
    }

    /// Lets everything run that can run without time passing. Answers how many steps that took.
    ///
    /// Does not return while a process spins; see [`Deterministic::run_steps`].
    pub fn run_until_idle(&mut self) -> u64 {
        self.run_steps(u64::MAX)
    }

    /// `run_until_idle` with at most this many steps.
    pub fn run_steps(&mut self, limit: u64) -> u64 {
        let mut steps = 0;
        while steps < limit && self.step() {
            steps += 1;
        }
        steps
    }

    /// Lets time pass: timers run out one after the other, each followed by everything it sets off.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.hub.clock.now().saturating_add(nanoseconds(duration));
        self.run_until_idle();
        while let Some(at) = self.next_event().filter(|&at| at <= end) {
            self.hub.clock.advance_to(at);
            // The wheel may only want to be turned: the worker knows of deadlines, not of that.
            self.core.next_timer = at;
            self.core.look_at_clock(&self.hub);
            self.run_until_idle();
        }
        self.hub.clock.advance_to(end);
        self.run_until_idle();
    }

    /// Lets time pass until nothing is left to happen, at most `limit`. Whether everything came to rest.
    pub fn settle(&mut self, limit: Duration) -> bool {
        let end = self.hub.clock.now().saturating_add(nanoseconds(limit));
        self.run_until_idle();
        while let Some(at) = self.next_event() {
            if at > end {
                return false;
            }
            self.advance(Duration::from_nanos(at - self.hub.clock.now()));
        }
        true
    }

    /// When the next timer may run out.
    fn next_event(&self) -> Option<u64> {
        let event = self.hub.wheels[0].lock().next_event()?;
        Some(event.max(self.hub.clock.now()))
    }

    /// The time since the start.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.hub.clock.now())
    }
}

impl<P: Process> Drop for Deterministic<P> {
    fn drop(&mut self) {
        // As when the workers of a real one are told to stop: what is left goes with the table.
        self.hub.kill_all();
        self.run_steps(1_000_000);
        self.hub.stage.store(STOPPED, Ordering::SeqCst);
        self.hub.blocking.stop();
    }
}
