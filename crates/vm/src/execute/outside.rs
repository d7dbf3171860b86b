//! What the owner lends to natives while it runs the interpreter: an ear for their questions.
//!
//! A native asks with a value of a type that both sides know; the owner answers by changing it. Nothing waits: a
//! question is answered before the native goes on. Invariant: the ear is borrowed for exactly one [`Vm::run_with`], and
//! nobody hears anything outside of one.

use std::any::Any;

use crate::error::Result;
use crate::heap::handle::{Channel, Value};

use super::context::Context;
use super::vm::{Step, Vm};

/// Answers questions of natives. See the module.
pub trait Outside {
    /// Looks at a question and answers it; types that it does not know stay as they are.
    fn ask(&mut self, question: &mut dyn Any);

    /// Sends the values in slots from `first` on to somebody whom the owner knows under a number; whether that somebody is
    /// there. Must not ask anything through the context.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    fn send(&mut self, cx: &mut Context<'_>, to: u64, first: usize) -> Result<bool> {
        let _ = (cx, to, first);
        Ok(false)
    }

    /// The next value for a channel that the owner has values for ([`Channel::set_fed`]); `None` if there is none now.
    /// `alone` says that it becomes the first result of the running native, which returns then. Must not ask anything
    /// through the context.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    fn feed<'gc>(
        &mut self,
        cx: &mut Context<'gc>,
        channel: Channel<'gc>,
        alone: bool,
    ) -> Result<Option<Value<'gc>>> {
        let _ = (cx, channel, alone);
        Ok(None)
    }
}

/// Forgets the ear when the run ends, however it does.
struct Lent<'a>(&'a mut Vm);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.state.outside = None;
    }
}

impl Vm {
    /// Runs as [`Vm::run`] does while `outside` answers what natives ask.
    pub fn run_with(&mut self, fuel: u64, outside: &mut dyn Outside) -> Step {
        let lent = Lent(self);
        // SAFETY: only the lifetime is forgotten; the pointer is taken back before `outside` can be used otherwise,
        // because the guard's drop runs first, also when a native panics.
        let erased = unsafe {
            std::mem::transmute::<*mut (dyn Outside + '_), *mut (dyn Outside + 'static)>(&raw mut *outside)
        };
        lent.0.state.outside = Some(Ear(erased));
        lent.0.run(fuel)
    }

    /// Lends the interpreter to `f` as [`Vm::enter`] does while `outside` answers what is asked.
    pub fn enter_with<R>(
        &mut self,
        outside: &mut dyn Outside,
        f: impl for<'gc> FnOnce(&mut Context<'gc>) -> R,
    ) -> R {
        let lent = Lent(self);
        // SAFETY: as in `run_with`.
        let erased = unsafe {
            std::mem::transmute::<*mut (dyn Outside + '_), *mut (dyn Outside + 'static)>(&raw mut *outside)
        };
        lent.0.state.outside = Some(Ear(erased));
        lent.0.enter(f)
    }
}

/// The owner's ear, for the time of a run.
pub(crate) struct Ear(*mut (dyn Outside + 'static));

// SAFETY: there is one only while `run_with` is on the stack of the thread that made it.
unsafe impl Send for Ear {}

impl<'gc> Context<'gc> {
    /// Puts a question to the owner; `false` if nobody listens. Whether it was answered shows in the question.
    #[inline]
    pub fn ask(&mut self, question: &mut dyn Any) -> bool {
        let Some(Ear(outside)) = &self.st().outside else { return false };
        // SAFETY: the pointer is valid as long as it is there (`run_with`), and the owner does not use the original
        // meanwhile. The owner has no way to this context, so calls do not nest.
        unsafe { (**outside).ask(question) };
        true
    }

    /// Whether the owner listens: it has others to run, so a native should rather wait than work for long.
    pub fn is_heard(&self) -> bool {
        self.st().outside.is_some()
    }

    /// Sends the values in slots from `first` on to somebody whom the owner knows under a number: whether that somebody is
    /// there; `None` if nobody listens.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    #[inline]
    pub fn send_outside(&mut self, to: u64, first: usize) -> Result<Option<bool>> {
        let Some(Ear(outside)) = &self.st().outside else { return Ok(None) };
        let outside = *outside;
        // SAFETY: as in `ask`; the owner asks nothing meanwhile, so this does not nest either.
        unsafe { (*outside).send(self, to, first).map(Some) }
    }

    /// Asks the owner for the next value of a channel that it feeds.
    pub(super) fn feed(&mut self, channel: Channel<'gc>, alone: bool) -> Result<Option<Value<'gc>>> {
        let Some(Ear(outside)) = &self.st().outside else { return Ok(None) };
        let outside = *outside;
        // SAFETY: as in `ask`; the owner asks nothing meanwhile, so this does not nest either.
        unsafe { (*outside).feed(self, channel, alone) }
    }
}
