//! What lies in a mailbox: a message, or something only the scheduler can send.
//!
//! Invariant: a letter without a heap block of its own is no larger than a message, because every node has its size.

use crate::inspect::Question;
use crate::pid::Pid;
use crate::process::{Failure, Process, Signal, TimerId};

/// The content of a mailbox node.
pub(crate) enum Letter<P: Process> {
    /// A message of a process or of Rust code.
    Message(P::Message),
    /// A timer ran out.
    Timer(TimerId),
    /// The process must end.
    Kill,
    /// Anything rarer.
    Signal(Box<Signal<P>>),
    /// Somebody wants the process described; answered by the worker between two steps.
    Inquiry(Question),
}

/// Why a process must end before its next step.
pub(crate) enum Doom {
    Killed,
    Linked(Pid),
}

impl Doom {
    pub(crate) fn failure<E>(&self) -> Failure<E> {
        match self {
            Doom::Killed => Failure::Terminated,
            Doom::Linked(pid) => Failure::Linked(*pid),
        }
    }
}

impl<P: Process> Letter<P> {
    pub(crate) fn signal(signal: Signal<P>) -> Letter<P> {
        Letter::Signal(Box::new(signal))
    }

    /// Whether this letter ends its receiver.
    pub(crate) fn doom(&self, trap_links: bool) -> Option<Doom> {
        match self {
            Letter::Kill => Some(Doom::Killed),
            Letter::Signal(signal) => match **signal {
                Signal::LinkDown { pid, .. } if !trap_links => Some(Doom::Linked(pid)),
                _ => None,
            },
            Letter::Message(_) | Letter::Timer(_) | Letter::Inquiry(_) => None,
        }
    }
}
