//! Looking at processes from outside: what the table knows at once, and what each must say itself.
//!
//! A process can only be described between two steps, by the worker that owns it. So the question goes through its
//! mailbox, is answered without running a step, and does not wake it for more. Invariant: a question is either
//! answered or dropped; both count, so nobody waits for a process that has ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::pid::{HostId, Pid};
use crate::process::Description;

/// What a process does at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// A worker runs it.
    Running,
    /// It waits for a worker.
    Queued,
    /// It waits for a signal.
    Parked,
}

/// One process as the table sees it.
#[derive(Clone, Debug)]
pub struct ProcessInfo {
    /// Its pid.
    pub pid: Pid,
    /// Its host.
    pub host: HostId,
    /// What it does.
    pub state: State,
    /// When it was started, by the clock of the scheduler, a slice of fuel early at most.
    pub started: Duration,
    /// Fuel it has used.
    pub reductions: u64,
    /// Messages in its mailbox; a few more may be there that were not counted.
    pub mailbox: u64,
    /// Its registered names.
    pub names: Vec<Box<[u8]>>,
    /// Processes it is linked to.
    pub links: usize,
    /// Processes it watches.
    pub monitors: usize,
    /// Processes that watch it.
    pub watchers: usize,
    /// What it says about itself, if it was asked and has answered.
    pub description: Option<Description>,
}

/// Answers collected from many processes.
#[derive(Default)]
pub(crate) struct Inquiry {
    state: Mutex<Answers>,
    bell: Condvar,
}

#[derive(Default)]
struct Answers {
    open: usize,
    given: Vec<(Pid, Description)>,
}

/// One question on its way to one process.
pub(crate) struct Question {
    inquiry: Arc<Inquiry>,
    /// Somebody has taken the duty to answer.
    taken: std::sync::atomic::AtomicBool,
}

impl Question {
    pub(crate) fn new(inquiry: &Arc<Inquiry>) -> Question {
        inquiry.state.lock().open += 1;
        Question { inquiry: Arc::clone(inquiry), taken: false.into() }
    }

    /// Hands over the duty to answer.
    pub(crate) fn take(&self) -> Arc<Inquiry> {
        self.taken.store(true, std::sync::atomic::Ordering::Relaxed);
        Arc::clone(&self.inquiry)
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if !*self.taken.get_mut() {
            self.inquiry.close(None);
        }
    }
}

impl Inquiry {
    pub(crate) fn answer(&self, pid: Pid, description: Description) {
        self.close(Some((pid, description)));
    }

    fn close(&self, answer: Option<(Pid, Description)>) {
        let mut state = self.state.lock();
        state.given.extend(answer);
        state.open -= 1;
        if state.open == 0 {
            self.bell.notify_all();
        }
    }

    /// Waits until every question was answered or dropped, at most for `wait`, and takes the answers.
    pub(crate) fn collect(&self, wait: Duration) -> Vec<(Pid, Description)> {
        let start = Instant::now();
        let mut state = self.state.lock();
        while state.open > 0 {
            let left = wait.saturating_sub(start.elapsed());
            if left.is_zero() || self.bell.wait_for(&mut state, left).timed_out() {
                break;
            }
        }
        std::mem::take(&mut state.given)
    }
}
