//! A pool of threads for calls that must block: files, name look-ups, embedded databases.
//!
//! Threads start when needed, up to a limit, and end after a while without work; jobs beyond the limit wait in a queue.
//! With a seed there are no threads at all: the driver takes the jobs and runs them when the seed says so.
//! Invariant: a job that panics takes nothing with it; whoever waits for it hears that it was dropped.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// How long a thread without work stays, chosen.
const LINGER: Duration = Duration::from_secs(10);

pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// See the module documentation.
pub(crate) struct Blocking {
    state: Mutex<State>,
    bell: Condvar,
    limit: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    stopped: bool,
}

impl Blocking {
    /// A pool of at most `limit` threads; 0 for jobs that are run by [`Blocking::take`].
    pub(crate) fn new(limit: usize) -> Arc<Blocking> {
        Arc::new(Blocking { state: Mutex::default(), bell: Condvar::new(), limit })
    }

    /// Queues a job. If the pool has stopped, or no thread can be had at all, the job is dropped.
    pub(crate) fn submit(self: &Arc<Self>, job: Job) {
        let mut state = self.state.lock();
        if state.stopped {
            return;
        }
        state.jobs.push_back(job);
        if state.idle >= state.jobs.len() {
            self.bell.notify_one();
            return;
        }
        if state.threads >= self.limit {
            return;
        }
        state.threads += 1;
        drop(state);
        let pool = Arc::clone(self);
        let started =
            std::thread::Builder::new().name("wippy-blocking".to_owned()).spawn(move || pool.serve());
        if started.is_err() {
            let mut state = self.state.lock();
            state.threads -= 1;
            if state.threads == 0 {
                let jobs = std::mem::take(&mut state.jobs);
                drop(state);
                drop(jobs);
            }
        }
    }

    /// A waiting job, for a driver without threads.
    pub(crate) fn take(&self, choose: impl FnOnce(usize) -> Option<usize>) -> Option<Job> {
        let mut state = self.state.lock();
        let at = choose(state.jobs.len())?;
        state.jobs.remove(at)
    }

    /// Jobs that no thread has begun.
    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().jobs.len()
    }

    /// Drops all waiting jobs and lets the threads end. Does not wait for jobs that run.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        state.stopped = true;
        let jobs = std::mem::take(&mut state.jobs);
        self.bell.notify_all();
        drop(state);
        drop(jobs);
    }

    fn serve(&self) {
        crate::worker::contain_panics();
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                run(job);
                state = self.state.lock();
                continue;
            }
            if state.stopped {
                break;
            }
            state.idle += 1;
            let timed_out = self.bell.wait_for(&mut state, LINGER).timed_out();
            state.idle -= 1;
            if timed_out && state.jobs.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }
}

/// Runs a job; its panic has been reported by the panic hook and ends here.
pub(crate) fn run(job: Job) {
    let _ = catch_unwind(AssertUnwindSafe(job));
}
