//! Natives that take several steps: the state between them, and what a step may ask for.
//!
//! A state lives on the Rust stack until the first time it has to wait; only then is it moved to the heap. It holds no
//! Lua values: those stand in the native's slots, where the collector sees them.

use wippy_vm::{Context, Outcome, Result, Resume, Then};

/// What a step came to.
pub(crate) enum Next {
    /// The topmost slots are the results.
    Return(usize),
    /// A function and this many arguments have been pushed: call it, then go on.
    Call(usize),
    /// The same, and an error of it comes back as its result (`Context::call_failed`).
    CatchingCall(usize),
    /// The fuel is spent: go on later.
    Pause,
}

/// The state of a native between its steps.
pub(crate) trait Steps: Send + Sized + 'static {
    /// Goes on. `called` says that the results of the call asked for before have been pushed.
    ///
    /// # Errors
    /// What the native raises.
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next>;
}

/// Runs the first step of `state`, and arranges for the others.
pub(crate) fn run(mut state: impl Steps, cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(match state.step(cx, false)? {
        Next::Return(count) => cx.returns_top(count),
        Next::Call(arguments) => cx.call(arguments, Then::Resume(Box::new(Waiting { state, called: true }))),
        Next::CatchingCall(arguments) => {
            cx.catching_call(arguments, Then::Resume(Box::new(Waiting { state, called: true })))
        }
        Next::Pause => cx.pause(Then::Resume(Box::new(Waiting { state, called: false }))),
    })
}

struct Waiting<S> {
    state: S,
    called: bool,
}

impl<S: Steps> Resume for Waiting<S> {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let next = self.state.step(cx, self.called)?;
        self.called = matches!(next, Next::Call(_) | Next::CatchingCall(_));
        Ok(match next {
            Next::Return(count) => cx.returns_top(count),
            Next::Call(arguments) => cx.call(arguments, Then::Resume(self)),
            Next::CatchingCall(arguments) => cx.catching_call(arguments, Then::Resume(self)),
            Next::Pause => cx.pause(Then::Resume(self)),
        })
    }
}
