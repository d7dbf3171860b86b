//! Isolated processes that communicate by messages, a million of them, on all cores.
//!
//! The crate knows nothing of what a process runs: it sees a [`Process`] only through [`Process::step`], which gets a
//! [`Turn`] (its mailbox, its fuel, and everything it can do) and answers with a [`Step`].
//!
//! ```
//! use std::time::Duration;
//! use wippy_scheduler::{Builder, Exit, Process, Signal, Spawn, Step, Turn};
//!
//! /// Adds up numbers until it hears 0.
//! struct Sum(u64);
//!
//! impl Process for Sum {
//!     type Message = u64;
//!     type Completion = ();
//!     type Output = u64;
//!     type Error = String;
//!
//!     fn step(&mut self, turn: &mut Turn<'_, Sum>) -> Step<u64, String> {
//!         while let Some(signal) = turn.next_signal() {
//!             match signal {
//!                 Signal::Message { message: 0, .. } => return Step::Finished(self.0),
//!                 Signal::Message { message, .. } => self.0 += message,
//!                 other => return Step::Failed(format!("unexpected: {other:?}")),
//!             }
//!         }
//!         Step::Parked
//!     }
//! }
//!
//! let scheduler = Builder::new().workers(2).start::<Sum>()?;
//! let handle = scheduler.handle();
//! let mut inbox = handle.inbox().expect("there is room");
//! let sum = handle.spawn(Spawn::new(Sum(0)).monitored_by(inbox.pid()))?;
//! for number in [40, 2, 0] {
//!     handle.send(sum, number)?;
//! }
//! match inbox.receive(Duration::from_secs(10)) {
//!     Some(Signal::Exit { pid, exit: Exit::Finished(42) }) if pid == sum => {}
//!     other => panic!("{other:?}"),
//! }
//! scheduler.shutdown(Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What can be relied on
//!
//! - Messages of one process to another arrive in the order of sending, each once, or the receiver has ended.
//! - A process ends once. Then, in this order: nobody finds it, its names are free, its memory is gone, each monitor
//!   gets one [`Signal::Exit`], and, if it failed, each link one [`Signal::LinkDown`].
//! - A process that is killed, or whose untrapped link failed, makes no further step.
//! - A timer that was cancelled, an operation that was given up, a source that is no longer watched: not heard of again.
//! - A process that spins delays others by at most its slice; one that panics ends alone.
//!
//! # Life of a message
//!
//! 1. [`Turn::send`] finds the slot of the receiver by two loads and compares its pid. No count is touched.
//! 2. If the receiver is parked, the message replaces the word that says so, which makes the sender the one who must
//!    queue it: into the LIFO slot of this worker, so that it runs next, while the message is in the cache.
//!    Or the sender visits it ([`Turn::visit`]): takes the right to run out of the same word, leaves with the sleeper what it
//!    has for it, and queues it in the same way. There is no message then.
//! 3. Otherwise the message joins a chain that is linked in by one exchange when it has 32 messages, when the target
//!    changes, when anything else is done that others could see, or when the step ends.
//! 4. The receiver takes all messages with one exchange at the beginning of a step, turns their order round, drops what
//!    was meant for an earlier owner of its slot, and looks whether it has been killed.
//! 5. [`Turn::next_signal`] hands them out. The node goes to this worker's pool, and from there to other workers.
//!
//! # States of a process
//!
//! | state | its right to run lies | it is left when |
//! |---|---|---|
//! | queued | in one queue of one worker, or in the injector | a worker picks it |
//! | running | with that worker | its step answers |
//! | parked | in its mailbox | the push that replaces the word `PARKED` |
//! | ended | nowhere | its slot is used again, under another pid |
//!
//! The right to run is a value that cannot be copied; `table` and `mailbox` are the only modules that make it out of
//! something else, and the only ones with `unsafe` code.
//!
//! # Repeatable runs
//!
//! [`Builder::deterministic`] runs the same code on the caller's thread, on a virtual clock, with choices that follow
//! from a seed. See [`Deterministic`].

mod aside;
mod blocking;
mod books;
mod builder;
mod clock;
mod deterministic;
mod dice;
mod ending;
mod error;
mod handle;
mod hub;
mod idle;
mod inbox;
mod inspect;
mod letter;
mod links;
mod mailbox;
#[cfg(all(test, loom))]
mod model;
mod names;
mod operation;
mod pid;
mod process;
mod queue;
mod reactor;
mod relief;
mod small_map;
mod spawn;
mod stats;
pub mod supervisor;
mod sync;
mod table;
mod timer;
mod turn;
mod worker;

pub use builder::Builder;
pub use deterministic::Deterministic;
pub use error::{MonitorError, NameError, NoProcess, Refused, SpawnError, Undelivered};
pub use handle::{Handle, Inspection, Scheduler, Shutdown};
pub use inbox::Inbox;
pub use inspect::{ProcessInfo, State};
pub use mio::Interest;
pub use mio::event::Source;
pub use operation::Completer;
pub use pid::{HostId, Hosts, Pid};
pub use process::{
    Description, Exit, Failure, Fuel, OperationId, Process, Readiness, Signal, SourceId, Step, TimerId,
};
pub use spawn::Spawn;
pub use stats::Statistics;
pub use turn::Turn;
pub use worker::{about_to_wait, contains_panics};
