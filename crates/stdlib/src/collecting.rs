//! Complete collections, piece by piece.
//!
//! A heap of gigabytes takes seconds; other processes and the interrupt flag do not wait that long.

use wippy_vm::{Collection, Context, NativeFunction, Outcome, Result, Resume, Then};

/// What a piece costs: about a millisecond, charged as the largest of the collector's own steps is.
const PIECE_FUEL: usize = 128 * 1024;

/// Collects everything, runs the finalizers of what was found dead, and goes on with `then`.
pub(crate) fn collect_all(cx: &mut Context<'_>, then: NativeFunction) -> Outcome {
    cx.collect(Collection::Full, Then::Resume(Box::new(Collecting { then, paused: false })))
}

struct Collecting {
    then: NativeFunction,
    paused: bool,
}

impl Resume for Collecting {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        if !self.paused && cx.take_result().is_truthy() {
            return (self.then)(cx);
        }
        self.paused = !self.paused && !cx.charge(PIECE_FUEL);
        Ok(if self.paused {
            cx.pause(Then::Resume(self))
        } else {
            cx.collect(Collection::More, Then::Resume(self))
        })
    }
}
