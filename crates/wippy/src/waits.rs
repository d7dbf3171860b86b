//! What an interpreter that runs alone waits for: sleeps and alarms, served on its own thread.
//!
//! Jobs that may block simply block: there is nobody else to run meanwhile. Not for processes; the runtime has timers
//! and a pool. Invariant: timers fire in the order of their deadlines, equal ones in the order in which they were set.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use wippy_stdlib::requests::{Enlist, Pending, Request};
use wippy_vm::{Context, Ticket, Vm};

/// What happens when a deadline has come.
#[derive(Clone, Copy)]
enum Due {
    Wake,
    Fire(fn(&mut Context<'_>, Ticket) -> Option<Duration>),
}

struct Timer {
    at: Instant,
    number: u64,
    ticket: Ticket,
    due: Due,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Timer) -> bool {
        self.number == other.number
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Timer) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Timer) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Waits {
    timers: BinaryHeap<Reverse<Timer>>,
    set: u64,
}

impl Waits {
    /// Forgets everything: another program begins.
    pub(crate) fn clear(&mut self) {
        self.timers.clear();
    }

    /// Begins what the interpreter has asked for, and fires what is due.
    ///
    /// Answers who wants to become a process, if anybody does.
    pub(crate) fn serve(&mut self, vm: &mut Vm) -> Option<Ticket> {
        let mut enlists = None;
        if vm.has_operations() {
            for operation in vm.take_operations() {
                let request = match operation.request.downcast::<Request>() {
                    Ok(request) => *request,
                    Err(other) if other.is::<Enlist>() => {
                        enlists = Some(operation.ticket);
                        continue;
                    }
                    // What nobody here knows: whoever asked waits in vain, and is told so at the end.
                    Err(_) => continue,
                };
                match request {
                    Request::Sleep(delay) => self.set(delay, operation.ticket, Due::Wake),
                    Request::Alarm { delay, fire } => self.set(delay, operation.ticket, Due::Fire(fire)),
                    // Only processes have anybody who could answer later.
                    Request::Begin { .. } => {}
                    Request::Block(job) => {
                        let answer = job();
                        vm.enter(|cx| answer(cx, operation.ticket));
                    }
                }
            }
        }
        if self.timers.is_empty() {
            return enlists;
        }
        let now = Instant::now();
        while self.timers.peek().is_some_and(|Reverse(timer)| timer.at <= now) {
            if let Some(Reverse(timer)) = self.timers.pop() {
                self.fire(vm, timer);
            }
        }
        enlists
    }

    /// Hands the timers to another owner.
    pub(crate) fn take_pending(&mut self) -> Vec<Pending> {
        let now = Instant::now();
        let timers = std::mem::take(&mut self.timers).into_sorted_vec();
        let pending = |Reverse(Timer { at, ticket, due, .. }): Reverse<Timer>| {
            let fire = match due {
                Due::Wake => None,
                Due::Fire(fire) => Some(fire),
            };
            Pending { delay: at.saturating_duration_since(now), ticket, fire }
        };
        timers.into_iter().rev().map(pending).collect()
    }

    /// When the next timer that is still wanted fires.
    pub(crate) fn next(&mut self, vm: &mut Vm) -> Option<Instant> {
        self.timers.retain(|Reverse(timer)| vm.enter(|cx| cx.anchored(timer.ticket).is_some()));
        self.timers.peek().map(|Reverse(timer)| timer.at)
    }

    fn set(&mut self, delay: Duration, ticket: Ticket, due: Due) {
        let now = Instant::now();
        // A delay beyond the end of time is as good as a very long one.
        let at = now.checked_add(delay).unwrap_or_else(|| now + Duration::from_secs(1 << 32));
        self.push(at, ticket, due);
    }

    fn push(&mut self, at: Instant, ticket: Ticket, due: Due) {
        self.set += 1;
        self.timers.push(Reverse(Timer { at, number: self.set, ticket, due }));
    }

    fn fire(&mut self, vm: &mut Vm, timer: Timer) {
        let Timer { at, ticket, due, .. } = timer;
        match due {
            Due::Wake => {
                vm.enter(|cx| cx.wake(ticket, &[]));
            }
            Due::Fire(fire) => {
                let wanted = vm.enter(|cx| cx.anchored(ticket).is_some());
                if wanted && let Some(period) = vm.enter(|cx| fire(cx, ticket)) {
                    // Periods that were missed altogether are not made up for.
                    let next = (at + period).max(Instant::now());
                    self.push(next, ticket, due);
                }
            }
        }
    }
}
