//! A pool: who runs now, who waits, which workers are idle.
//!
//! Invariant: workers are numbered and never renamed; a worker is idle, busy or gone.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::plan::{Plan, Sort};

/// Idle workers are dropped after this long.
pub const IDLE: Duration = Duration::from_secs(30);

/// Something to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Run the call on a worker; `fresh` if the worker is to be made first.
    Run {
        /// The call, as the caller numbered it.
        call: u64,
        /// The worker.
        worker: u64,
        /// Whether it is new.
        fresh: bool,
    },
    /// Drop an idle worker.
    Drop {
        /// The worker.
        worker: u64,
    },
}

/// The state of a pool.
#[derive(Debug)]
pub struct Pool {
    plan: Plan,
    /// Idle workers, the one used last at the end, and when each became idle.
    idle: Vec<(u64, Duration)>,
    busy: BTreeSet<u64>,
    waiting: VecDeque<u64>,
    workers: u64,
    closed: bool,
}

impl Pool {
    /// Without workers.
    pub fn new(plan: Plan) -> Pool {
        Pool {
            plan,
            idle: Vec::new(),
            busy: BTreeSet::new(),
            waiting: VecDeque::new(),
            workers: 0,
            closed: false,
        }
    }

    /// A call comes in.
    pub fn call(&mut self, call: u64) -> Option<Step> {
        self.waiting.push_back(call);
        self.next()
    }

    /// A worker is free again; `keep` if it can take another call.
    pub fn done(&mut self, worker: u64, keep: bool, now: Duration) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.busy.remove(&worker) && keep && !self.closed {
            self.idle.push((worker, now));
        } else if keep {
            steps.push(Step::Drop { worker });
        }
        steps.extend(self.next());
        steps
    }

    /// A waiting call is given up by its caller; false if it is not waiting.
    pub fn give_up(&mut self, call: u64) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| *waiting != call);
        self.waiting.len() < before
    }

    /// Drops workers that were idle too long.
    pub fn tick(&mut self, now: Duration) -> Vec<Step> {
        if self.plan.sort == Sort::Static {
            return Vec::new();
        }
        let (old, kept): (Vec<_>, Vec<_>) =
            self.idle.drain(..).partition(|(_, since)| now.saturating_sub(*since) >= IDLE);
        self.idle = kept;
        old.into_iter().map(|(worker, _)| Step::Drop { worker }).collect()
    }

    /// Takes no more workers back; waiting calls still run.
    pub fn close(&mut self) -> Vec<Step> {
        self.closed = true;
        self.idle.drain(..).map(|(worker, _)| Step::Drop { worker }).collect()
    }

    /// Calls that run, and calls that wait.
    pub fn load(&self) -> (usize, usize) {
        (self.busy.len(), self.waiting.len())
    }

    fn next(&mut self) -> Option<Step> {
        if self.waiting.is_empty() || self.busy.len() >= self.plan.most {
            return None;
        }
        let call = self.waiting.pop_front()?;
        let (worker, fresh) = match self.idle.pop() {
            Some((worker, _)) => (worker, false),
            None => {
                self.workers += 1;
                (self.workers, true)
            }
        };
        self.busy.insert(worker);
        Some(Step::Run { call, worker, fresh })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(most: usize) -> Pool {
        Pool::new(Plan { sort: Sort::Lazy, most, buffer: 8, warm: 0 })
    }

    #[test]
    fn calls_wait_in_order_and_workers_are_used_again() {
        let mut pool = pool(2);
        assert_eq!(pool.call(1), Some(Step::Run { call: 1, worker: 1, fresh: true }));
        assert_eq!(pool.call(2), Some(Step::Run { call: 2, worker: 2, fresh: true }));
        assert_eq!((pool.call(3), pool.call(4)), (None, None));
        assert!(pool.give_up(3) && !pool.give_up(3));
        assert_eq!(pool.done(2, true, Duration::ZERO), [Step::Run { call: 4, worker: 2, fresh: false }]);
        assert_eq!(pool.done(1, false, Duration::ZERO), []);
        assert_eq!(pool.call(5), Some(Step::Run { call: 5, worker: 3, fresh: true }));
        assert_eq!(pool.load(), (2, 0));
    }

    #[test]
    fn idle_workers_go_after_a_while() {
        let mut pool = pool(2);
        pool.call(1);
        pool.done(1, true, Duration::ZERO);
        assert_eq!(pool.tick(IDLE / 2), []);
        assert_eq!(pool.tick(IDLE), [Step::Drop { worker: 1 }]);
        pool.call(2);
        assert_eq!(pool.close(), []);
        assert_eq!(pool.done(2, true, Duration::ZERO), [Step::Drop { worker: 2 }]);
    }

    #[test]
    fn nothing_is_lost_under_random_load() {
        let mut state = 88_172_645_463_325_252_u64;
        let mut pool = pool(3);
        let (mut running, mut done, mut calls) = (Vec::new(), 0, 0);
        for round in 0..10_000_u64 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let steps = if state.is_multiple_of(2) || running.is_empty() {
                calls += 1;
                pool.call(calls).into_iter().collect()
            } else {
                let (_, worker) = running.swap_remove((state >> 8) as usize % running.len());
                done += 1;
                pool.done(worker, state.is_multiple_of(3), Duration::from_millis(round))
            };
            for step in steps {
                if let Step::Run { call, worker, .. } = step {
                    assert!(running.iter().all(|(_, other)| *other != worker));
                    running.push((call, worker));
                }
            }
            assert!(running.len() <= 3);
            assert_eq!(done + running.len() as u64 + pool.load().1 as u64, calls);
        }
    }
}
