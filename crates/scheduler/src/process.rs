//! The contract: what a process is, what a step of it comes to, and what can be delivered to it.
//!
//! Nothing here runs anything. Invariant to remember: a step never blocks its thread and is never entered by two
//! threads at once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::pid::Pid;
use crate::turn::Turn;

/// Units of work that a process may do before it must give control back: about one per call or backward jump.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Fuel(pub u64);

/// Something that runs in slices, on one thread at a time, and reaches others only through its [`Turn`].
///
/// The value lives inside the process table, so it should be small: a box or a pointer.
pub trait Process: Sized + Send + 'static {
    /// What others send it.
    type Message: Send + 'static;
    /// What a blocking job or an operation outside of the scheduler answers with.
    type Completion: Send + 'static;
    /// What it leaves behind when it ends well. Every monitor gets a clone.
    type Output: Clone + Send + 'static;
    /// Why it ended otherwise. Every monitor and every link gets a clone.
    type Error: Clone + Send + 'static;

    /// Runs until it ends, waits, or has done `turn.fuel()` units of work.
    ///
    /// Must not block. Is not called again after `Finished` or `Failed`. A step that panics fails its process with
    /// [`Failure::Panicked`] and harms nobody else.
    fn step(&mut self, turn: &mut Turn<'_, Self>) -> Step<Self::Output, Self::Error>;

    /// Whoever runs has woken it, and it will run next: it may ask for memory that it will need. Must be quick, and neither
    /// wait for that memory nor change anything.
    fn anticipate(&self) {}

    /// Hears that it ends in failure, whosever doing that is. Nothing of it runs afterwards, and then it is dropped.
    fn fails(&mut self, _failure: &Failure<Self::Error>) {}

    /// Fills in what only the process itself knows, for a table of processes. Called between two steps; must be short.
    fn describe(&mut self, _description: &mut Description) {}

    /// Bytes that dropping it gives back, about. Dropping a large one takes long, so that is done on the blocking pool.
    fn burden_bytes(&self) -> usize {
        0
    }
}

/// What a step came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<O, E> {
    /// The process has ended.
    Finished(O),
    /// Its fuel is spent; it is ready to go on.
    OutOfFuel,
    /// It has nothing to do until a signal arrives. Signals it left unread do not wake it again; new ones do.
    Parked,
    /// It has ended with an error.
    Failed(E),
}

/// How a process ended, as its monitors hear it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exit<O, E> {
    /// Well, with a result.
    Finished(O),
    /// Otherwise; its links hear of it too.
    Failed(Failure<E>),
}

/// Why a process failed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Failure<E> {
    /// By an error of its own.
    Error(E),
    /// It was killed.
    Terminated,
    /// A process it was linked to failed, and it does not trap that.
    Linked(Pid),
    /// Its step panicked; the text of the panic.
    Panicked(Arc<str>),
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) => error.fmt(f),
            Failure::Terminated => f.write_str("process terminated"),
            Failure::Linked(_) => f.write_str("linked process failed"),
            Failure::Panicked(message) => write!(f, "process panicked: {message}"),
        }
    }
}

/// What is delivered to a process, in the order of arrival.
pub enum Signal<P: Process> {
    /// Somebody sent a message.
    Message {
        /// The sender; [`Pid::SYSTEM`] when it has none.
        from: Pid,
        /// What was sent.
        message: P::Message,
    },
    /// A monitored process ended: once per monitor.
    Exit {
        /// The process that ended.
        pid: Pid,
        /// How.
        exit: Exit<P::Output, P::Error>,
    },
    /// A linked process failed, and this one traps that ([`Turn::trap_links`]).
    LinkDown {
        /// The process that failed.
        pid: Pid,
        /// Why.
        failure: Failure<P::Error>,
    },
    /// Somebody asks it to end. Advice only: nothing follows by itself.
    Cancel {
        /// Who asks; [`Pid::SYSTEM`] at shutdown.
        from: Pid,
        /// Why, for people.
        reason: Arc<str>,
        /// Time left until it will be killed, if it will be.
        grace: Option<Duration>,
    },
    /// A timer of its own ran out.
    Timer(TimerId),
    /// An operation it began has come to its end.
    Completion {
        /// Which.
        operation: OperationId,
        /// Its answer; `None` if it was dropped without one (its job panicked, or the other side went away).
        value: Option<P::Completion>,
    },
    /// A source it watches is ready.
    Ready {
        /// Which.
        source: SourceId,
        /// For what.
        readiness: Readiness,
    },
}

impl<P: Process> fmt::Debug for Signal<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signal::Message { from, .. } => write!(f, "Message from {from:?}"),
            Signal::Exit { pid, exit: Exit::Finished(_) } => write!(f, "Exit of {pid:?}: finished"),
            Signal::Exit { pid, exit: Exit::Failed(failure) } => {
                write!(f, "Exit of {pid:?}: {}", failure.kind())
            }
            Signal::LinkDown { pid, failure } => write!(f, "LinkDown of {pid:?}: {}", failure.kind()),
            Signal::Cancel { from, reason, .. } => write!(f, "Cancel from {from:?}: {reason}"),
            Signal::Timer(timer) => write!(f, "{timer:?}"),
            Signal::Completion { operation, value } => {
                write!(
                    f,
                    "Completion of {operation:?}, {}",
                    if value.is_some() { "answered" } else { "dropped" }
                )
            }
            Signal::Ready { source, readiness } => write!(f, "Ready {source:?} {readiness:?}"),
        }
    }
}

impl<E> Failure<E> {
    /// One word for the kind of failure.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Error(_) => "error",
            Failure::Terminated => "terminated",
            Failure::Linked(_) => "linked",
            Failure::Panicked(_) => "panicked",
        }
    }
}

/// A timer of one process. A number is used again only after hundreds of millions of timers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerId(pub(crate) u64);

/// An operation that was begun and not yet completed. Never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OperationId(pub(crate) u64);

/// A socket, pipe or other source of readiness that a process watches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub(crate) u64);

macro_rules! numbered {
    ($($name:ident)*) => {$(
        impl $name {
            /// The number, to be used as a key.
            pub const fn raw(self) -> u64 {
                self.0
            }
        }
    )*};
}

numbered! { TimerId OperationId SourceId }

/// What a watched source can be used for without blocking.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Readiness {
    /// There is something to read, or the end of it.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
}

/// What a process tells about itself: plain facts, for people and for tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    /// What it runs.
    pub entry: String,
    /// In whose name it acts; empty if in nobody's in particular.
    pub actor: String,
    /// Where in its code it waits, and for what; where it stands, if it does not wait.
    pub waiting: String,
    /// Bytes of its heap.
    pub heap_bytes: u64,
    /// Messages it has taken out of its mailbox and not yet looked at.
    pub backlog: u64,
    /// One line per part of it that waits (coroutines, say).
    pub details: Vec<String>,
}
