//! A pool: which call runs now, which waits, which workers are idle.
//!
//! Generic over calls and workers, so that it owns both. Invariant: a worker is idle here or with whoever runs its call,
//! never both; a call that was taken is running or waits, and none overtakes another.

use std::collections::VecDeque;
use std::time::Duration;

use super::plan::{Plan, Sort};

/// Idle workers are dropped after this long.
pub const IDLE: Duration = Duration::from_secs(30);

/// A call to be run.
#[derive(Debug, PartialEq, Eq)]
pub struct Run<C, W> {
    /// The call.
    pub call: C,
    /// The worker to run it on; without one, it is to be made first.
    pub worker: Option<W>,
}

/// The state of a pool.
#[derive(Debug)]
pub struct Pool<C, W> {
    plan: Plan,
    /// Idle workers, the one used last at the end, and when each became idle.
    idle: Vec<(W, Duration)>,
    busy: usize,
    waiting: VecDeque<C>,
    closed: bool,
}

impl<C, W> Pool<C, W> {
    /// Without workers.
    pub fn new(plan: Plan) -> Pool<C, W> {
        Pool { plan, idle: Vec::new(), busy: 0, waiting: VecDeque::new(), closed: false }
    }

    /// A call comes in.
    pub fn call(&mut self, call: C) -> Option<Run<C, W>> {
        if self.waiting.is_empty() && self.busy < self.plan.most {
            return Some(self.run(call));
        }
        self.waiting.push_back(call);
        None
    }

    /// A call is over. Answers the worker if it is not needed any more, and what runs next. A call that leaves no worker
    /// for others says so with `None`.
    pub fn done(&mut self, worker: Option<W>, now: Duration) -> (Option<W>, Option<Run<C, W>>) {
        self.busy = self.busy.saturating_sub(1);
        let mut surplus = None;
        if let Some(worker) = worker {
            if self.closed || self.idle.len() >= self.plan.kept {
                surplus = Some(worker);
            } else {
                self.idle.push((worker, now));
            }
        }
        let next = if self.busy < self.plan.most { self.waiting.pop_front() } else { None };
        (surplus, next.map(|call| self.run(call)))
    }

    /// A waiting call is given up by its caller; false if it does not wait.
    pub fn give_up(&mut self, is_it: impl Fn(&C) -> bool) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| !is_it(waiting));
        self.waiting.len() < before
    }

    /// A worker that was made before anybody called.
    pub fn add(&mut self, worker: W, now: Duration) -> Option<W> {
        if self.closed || self.idle.len() >= self.plan.kept {
            return Some(worker);
        }
        self.idle.push((worker, now));
        None
    }

    /// Workers that the plan wants before anybody calls, and that are not there.
    pub fn missing(&self) -> usize {
        if self.closed { 0 } else { self.plan.warm.saturating_sub(self.busy + self.idle.len()) }
    }

    /// Workers that were idle too long.
    pub fn tick(&mut self, now: Duration) -> Vec<W> {
        if self.plan.sort == Sort::Static {
            return Vec::new();
        }
        // Those used last are at the end, so the old ones come first.
        let old = self.idle.iter().take_while(|(_, since)| now.saturating_sub(*since) >= IDLE).count();
        self.idle.drain(..old).map(|(worker, _)| worker).collect()
    }

    /// Takes no more workers back; waiting calls still run.
    pub fn close(&mut self) -> Vec<W> {
        self.closed = true;
        self.idle.drain(..).map(|(worker, _)| worker).collect()
    }

    /// The calls that wait; they will not run.
    pub fn dismiss(&mut self) -> VecDeque<C> {
        std::mem::take(&mut self.waiting)
    }

    /// Calls that run, calls that wait, and workers that are idle.
    pub fn load(&self) -> (usize, usize, usize) {
        (self.busy, self.waiting.len(), self.idle.len())
    }

    fn run(&mut self, call: C) -> Run<C, W> {
        self.busy += 1;
        Run { call, worker: self.idle.pop().map(|(worker, _)| worker) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(most: usize) -> Pool<u64, u64> {
        Pool::new(Plan { sort: Sort::Lazy, most, kept: most, warm: 0 })
    }

    fn run(call: u64, worker: Option<u64>) -> Option<Run<u64, u64>> {
        Some(Run { call, worker })
    }

    #[test]
    fn calls_wait_in_order_and_workers_are_used_again() {
        let mut pool = pool(2);
        assert_eq!((pool.call(1), pool.call(2)), (run(1, None), run(2, None)));
        assert_eq!((pool.call(3), pool.call(5), pool.call(4)), (None, None, None));
        assert!(pool.give_up(|call| *call == 5) && !pool.give_up(|call| *call == 5));
        assert_eq!(pool.done(Some(20), Duration::ZERO), (None, run(3, Some(20))));
        assert_eq!(pool.done(None, Duration::ZERO), (None, run(4, None)));
        assert_eq!(pool.load(), (2, 0, 0));
    }

    #[test]
    fn idle_workers_go_after_a_while() {
        let mut pool = pool(2);
        pool.call(1);
        pool.done(Some(10), Duration::ZERO);
        assert_eq!(pool.tick(IDLE / 2), []);
        assert_eq!(pool.tick(IDLE), [10]);
        pool.call(2);
        assert_eq!(pool.close(), []);
        assert_eq!(pool.done(Some(11), Duration::ZERO), (Some(11), None));
    }

    #[test]
    fn an_inline_pool_keeps_one_worker_and_holds_nobody_up() {
        let mut pool: Pool<u64, u64> = Pool::new(Plan::new(Sort::Inline, 1));
        assert_eq!((pool.call(1), pool.call(2)), (run(1, None), run(2, None)));
        assert_eq!(pool.done(Some(10), Duration::ZERO), (None, None));
        assert_eq!(pool.done(Some(11), Duration::ZERO), (Some(11), None));
        assert_eq!(pool.call(3), run(3, Some(10)));
    }

    #[test]
    fn nothing_is_lost_under_random_load() {
        let mut random = wippy_random::Random::new(1);
        let mut pool = pool(3);
        let (mut running, mut done, mut calls, mut workers) = (Vec::new(), 0, 0, 0);
        for round in 0..10_000_u64 {
            let next = if random.below(2) == 0 || running.is_empty() {
                calls += 1;
                pool.call(calls)
            } else {
                let (_, worker) = running.swap_remove(random.below(running.len()));
                done += 1;
                let keep = (random.below(3) == 0).then_some(worker);
                pool.done(keep, Duration::from_millis(round)).1
            };
            if let Some(Run { call, worker }) = next {
                let worker = worker.unwrap_or_else(|| {
                    workers += 1;
                    workers
                });
                assert!(running.iter().all(|(other, busy)| *other < call && *busy != worker));
                running.push((call, worker));
            }
            assert!(running.len() <= 3);
            let (busy, waiting, idle) = pool.load();
            assert_eq!((busy, done + running.len() as u64 + waiting as u64), (running.len(), calls));
            assert!(idle <= 3);
        }
    }
}
