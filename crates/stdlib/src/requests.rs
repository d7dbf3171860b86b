//! What builtins ask of whoever owns the interpreter: to wait, to be called later, to do something that may block.
//!
//! A builtin leaves a [`Request`] with [`Context::operation`] (and parks) or [`Context::post`] (and goes on, the ticket
//! being that of an anchored value). Every owner of an interpreter serves all of them; nothing here waits or knows a
//! clock. Invariant: an answer is given once, between two runs of the interpreter.

use std::time::Duration;

use wippy_vm::{Context, Ticket};

/// How a finished job tells the interpreter: mostly by [`Context::wake`] with its results.
pub type Answer = Box<dyn FnOnce(&mut Context<'_>, Ticket) + Send>;

/// What is asked. The ticket of the operation says who asks.
pub enum Request {
    /// Wake the asker, with no values, after this long.
    Sleep(Duration),
    /// Call `fire` after `delay`, with the ticket. If it answers a duration, call it again that long after the time it
    /// was due, and so on. It stops when the ticket is released.
    Alarm {
        /// Time until the first call.
        delay: Duration,
        /// What is called; mostly it pushes a value to an anchored channel.
        fire: fn(&mut Context<'_>, Ticket) -> Option<Duration>,
    },
    /// Do something that may block, on a thread made for that.
    Block(Box<dyn FnOnce() -> Answer + Send>),
    /// Begin something that ends elsewhere.
    Begin {
        /// Gets the duty to answer.
        start: Box<dyn FnOnce(Finish) + Send>,
        /// Called if the asker goes away before there is an answer.
        abandon: Option<Box<dyn FnOnce() + Send>>,
    },
}

/// An interpreter that runs alone asks its owner for this when its program wants processes; woken with nothing, the
/// program goes on as a process.
pub struct Enlist;

/// The duty to answer, from any thread; dropping it tells the asker that there is no answer.
pub type Finish = Box<dyn FnOnce(Answer) + Send>;

/// A timer that another owner of the interpreter goes on with.
#[derive(Clone, Copy)]
pub struct Pending {
    /// Time left.
    pub delay: Duration,
    /// Who asked.
    pub ticket: Ticket,
    /// What is called; `None` for a sleep.
    pub fire: Option<fn(&mut Context<'_>, Ticket) -> Option<Duration>>,
}
