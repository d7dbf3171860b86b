//! Builtins as data, and what they may answer.
//!
//! A native function never runs the interpreter: when it needs a Lua function to be called it answers with that wish
//! and is continued with the results. So everything can be suspended anywhere (`ARCHITECTURE.md`, "Life of a call").

use crate::error::Error;
use crate::execute::context::Context;

/// A builtin or one of its later steps.
pub type NativeFunction = for<'gc> fn(&mut Context<'gc>) -> Result<Outcome, Error>;

/// A builtin: a row of its library's table.
pub struct Native {
    /// Name within the library.
    pub name: &'static str,
    /// The code.
    pub function: NativeFunction,
    /// Type, in the annotation language; read by the checker and the reference manual.
    pub signature: &'static str,
}

/// A step of a native that keeps state of its own between calls into Lua.
///
/// Lua values are not kept here (they would not be seen by the collector) but in the native's slots.
pub trait Resume: Send {
    /// Continues after the call, yield or pause that was asked for.
    ///
    /// # Errors
    /// Raises a Lua error from the native function.
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome, Error>;
}

/// How a native goes on after what it asked for.
pub enum Then {
    /// What it asked for yields its results: return them.
    Return,
    /// Calls this function; all state is in the native's slots.
    Step(NativeFunction),
    /// Calls this object.
    Resume(Box<dyn Resume>),
}

/// What a native function answers. Made by the methods of [`Context`] only.
#[must_use]
pub struct Outcome(pub(crate) Request);

/// How much to collect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Collection {
    /// Begins a complete collection and does a piece of it; answers whether it ended.
    Full,
    /// Another piece of the complete collection that was begun; answers whether it ended.
    More,
    /// A step as large as this many kilobytes of allocation call for; answers whether it ended a cycle.
    Step(usize),
}

/// See [`Outcome`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    /// The topmost values are the results.
    Return(u32),
    /// The topmost value is the only one of an open list of results, behind a chain of methods.
    ReturnOpen,
    /// Call the function below the topmost values; the frame's continuation is set.
    Call(u32),
    /// The same, errors come back to the continuation.
    CallProtected(u32),
    /// The same with the message handler in slot 1.
    CallHandled(u32),
    /// Switch to the coroutine below the topmost values, handing them over; answer with a status.
    Resume(u32),
    /// The same without a status; errors propagate.
    ResumeWrapped(u32),
    /// Suspend the running coroutine, handing the topmost values to its resumer.
    Yield(u32),
    /// Wait until somebody hands over values, which follow the topmost so many, or for the coroutine's turn.
    Park(u32),
    /// Start the topmost value as a scheduled coroutine; go on with the coroutine as the result when it parks.
    Spawn,
    /// Give control back to the host and continue later.
    Pause,
    /// Collect garbage: everything, or a step; then run what became finalizable.
    Collect(Collection),
}
