//! When memory that nobody uses any more goes back to the system.
//!
//! After a peak, what has ended leaves empty places, empty nodes of messages, and whatever the owner of the scheduler
//! keeps for later. Many free places are given back by the next worker that goes to sleep. Everything else waits for a
//! quiet moment: a worker that finds, a quarter of a second after it noticed that something is left, all others asleep
//! gives back what it has and what they share, and so does each of the others. Invariant: a scheduler in which nothing
//! has ended sleeps until something happens.

use crate::hub::Hub;
use crate::mailbox::Pool;
use crate::process::Process;
use crate::worker::Core;

/// Nanoseconds between noticing and giving back. Chosen: a pause that people notice, and no work for a program that is
/// merely between two requests.
const PATIENCE: u64 = 250_000_000;

/// Processes that must have ended before anybody looks: what they left is about 100 KB.
const FEW: u64 = 64;

/// Times that the queues are asked to free what they have outgrown: they do so a few at a time, and two epochs later.
const EPOCHS: usize = 8;

/// Memory outside the scheduler.
pub(crate) struct Relief {
    pub(crate) is_worth: Box<dyn Fn() -> bool + Send + Sync>,
    pub(crate) relieve: Box<dyn Fn() + Send + Sync>,
}

/// What one worker knows about it.
#[derive(Default)]
pub(crate) struct Leavings {
    /// Processes that had ended when this worker last gave back what it had.
    ended: u64,
    /// When it is to be done next, if something is left.
    due: Option<u64>,
}

impl<P: Process> Core<P> {
    /// To be called before this worker sleeps; when it should look again, in nanoseconds of the clock.
    pub(crate) fn relieve(&mut self, hub: &Hub<P>) -> Option<u64> {
        let relief = hub.settings.on_relief.as_ref();
        if hub.table.trim(&mut self.free)
            && let Some(relief) = relief
        {
            (relief.relieve)();
        }
        let ended = hub.ended();
        if ended < self.leavings.ended + FEW && !relief.is_some_and(|relief| (relief.is_worth)()) {
            self.leavings.due = None;
            return None;
        }
        let now = hub.clock.now();
        let due = *self.leavings.due.get_or_insert(now + PATIENCE);
        if now < due {
            return Some(due);
        }
        if hub.idle.parked() + 1 < hub.theft.len() {
            self.leavings.due = Some(now + PATIENCE);
            return self.leavings.due;
        }
        self.leavings = Leavings { ended, due: None };
        for _ in 0..EPOCHS {
            crossbeam_epoch::pin().flush();
        }
        self.pool = Pool::new();
        hub.nodes.clear();
        hub.table.trim_all(&mut self.free);
        if let Some(relief) = relief {
            (relief.relieve)();
        }
        None
    }
}
