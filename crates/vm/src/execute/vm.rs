//! `Vm`: one interpreter as its owner sees it. It runs until it has finished, failed or used up its fuel.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, ExitRequest, Result};
use crate::heap::Heap;
use crate::heap::handle::Value;
use crate::heap::image::Image;
use crate::heap::object::Status;
use crate::heap::slot::Slot;
use crate::lazy::Lazy;
use crate::native::Then;

use super::call::{Exit, begin, prepare_coroutine};
use super::context::Context;
use super::debug::Activation;
use super::frame::{After, MULTIPLE};
use super::host::HostValues;
use super::state::{OwnedState, State};
use super::unwind::reset;

/// What a run came to.
#[derive(Debug)]
pub enum Step {
    /// The function returned; read its results with [`Vm::results`].
    Finished,
    /// The fuel is spent; run again to go on.
    OutOfFuel,
    /// Every coroutine waits for something: take the operations, answer some, and run again.
    Parked,
    /// An error reached the top. The stack still stands for [`Vm::traceback`], until the next start.
    Failed(Failure),
}

/// Activations that a [`Failure`] keeps of each end of a very deep stack.
const STACK_END: usize = 100;

/// An uncaught error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error value if it is a string or number, else a sentence about it.
    pub message: Vec<u8>,
    /// `stack traceback:` and the activations.
    pub traceback: String,
    /// The Lua activations, innermost first; of a very deep stack only both ends.
    pub stack: Vec<Place>,
    /// Activations left out in the middle of `stack`, after its first half.
    pub skipped: usize,
    /// Whether the error value was a string.
    pub is_text: bool,
    /// Set when there was no error, but the program asked to end (`os.exit`); then nothing else is.
    pub exit: Option<ExitRequest>,
}

/// Where a Lua activation stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Chunk name as given to `load`.
    pub source: Vec<u8>,
    /// Position of the instruction.
    pub position: crate::bytecode::prototype::Position,
    /// What the function is called, as in a traceback: `function 'f'`, `main chunk`.
    pub function: String,
}

impl fmt::Display for Place {
    /// File and line, as error messages have them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = crate::bytecode::chunk_id::chunk_id(&self.source);
        write!(f, "{}:{}", String::from_utf8_lossy(&source), self.position.line)
    }
}

/// Limits of an interpreter.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of heap; an allocation beyond it raises "not enough memory".
    pub memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { memory_bytes: usize::MAX >> 1 }
    }
}

/// One Lua interpreter: a heap, a main coroutine, a fuel counter. It owns no thread and blocks on nothing.
pub struct Vm {
    pub(crate) state: OwnedState,
    running: bool,
    /// Where the results of the function that has finished stand, from the stack's beginning.
    results_at: u32,
}

// SAFETY: all pointers inside lead into this interpreter's own heap, to immortal strings or to static rows; handles
// given out are branded with the borrow of a `Context` and cannot be kept. Host data and continuations are `Send`.
unsafe impl Send for Vm {}

impl Default for Vm {
    fn default() -> Vm {
        Vm::new(Limits::default())
    }
}

impl Vm {
    /// An interpreter without libraries.
    pub fn new(limits: Limits) -> Vm {
        Vm::make(limits, None)
    }

    /// An interpreter with the globals and libraries of an image, which it shares until it changes them.
    pub fn with_image(limits: Limits, image: &Arc<Image>) -> Vm {
        Vm::make(limits, Some(Arc::clone(image)))
    }

    fn make(limits: Limits, image: Option<Arc<Image>>) -> Vm {
        let is_plain = image.is_none();
        let mut state = OwnedState::new(
            State {
                fuel: 0,
                heap: Heap::new(limits.memory_bytes),
                then: Then::Return,
                native_base: std::ptr::null_mut(),
                native_framed: false,
                in_native: false,
                hooked: false,
                loop_is_hooked: false,
                exit: Exit::OutOfFuel,
                exit_request: None,
                handlers: 0,
                nested: 0,
                idle: false,
                scheduling: false,
                outbox: Lazy::new(),
                outside: None,
                finalizers: true,
                host: HostValues::new(),
            },
            image,
        );
        let heap = &mut state.heap;
        if is_plain {
            heap.roots.registry = heap.table(0, 0).expect("an empty table is below every limit check");
            heap.roots.globals = heap.table(0, 0).expect("an empty table is below every limit check");
        }
        let main = heap.main_coroutine().expect("a first coroutine is below every limit check");
        // SAFETY: a fresh coroutine.
        unsafe {
            prepare_coroutine(main);
            (*main).status = Status::Running;
        }
        heap.roots.main = main;
        heap.roots.current = main;
        Vm { state, running: false, results_at: 1 }
    }

    /// Lends the interpreter to `f` between runs: to load, to set globals, to look at values.
    ///
    /// Slots pushed by `f` are removed afterwards.
    pub fn enter<R>(&mut self, f: impl for<'gc> FnOnce(&mut Context<'gc>) -> R) -> R {
        let state: *mut State = &raw mut *self.state;
        // SAFETY: the context is the only user of the state while `f` runs; nothing runs in between.
        unsafe {
            let co = (*state).current();
            let top = (*co).top.offset_from_unsigned((*co).stack);
            (*co).top = super::unwind::live_top(co);
            let mut cx = Context::new(state, (*co).top);
            let result = f(&mut cx);
            // A coroutine that waits may have been handed values below the context's slots.
            (*co).top = if (*state).idle { cx.base } else { (*co).stack.add(top) };
            result
        }
    }

    /// The same for an interpreter in which everything waits, if it is one.
    #[inline(always)]
    pub fn enter_idle<R>(&mut self, f: impl for<'gc> FnOnce(&mut Context<'gc>) -> R) -> Option<R> {
        if !self.state.idle {
            return None;
        }
        let state: *mut State = &raw mut *self.state;
        // SAFETY: as in `enter`.
        unsafe {
            let co = (*state).current();
            (*co).top = super::unwind::live_top(co);
            let mut cx = Context::new(state, (*co).top);
            let result = f(&mut cx);
            // It may have been handed values below the context's slots.
            (*co).top = cx.base;
            Some(result)
        }
    }

    /// Starts a function: `prepare` pushes it and its arguments. What ran before is discarded.
    ///
    /// # Errors
    /// What `prepare` raises, and when the value cannot be called.
    pub fn start(&mut self, prepare: impl for<'gc> FnOnce(&mut Context<'gc>) -> Result<()>) -> Result<()> {
        let state: *mut State = &raw mut *self.state;
        // SAFETY: as in `enter`; the function is the first slot above the base frame.
        unsafe {
            reset(&mut *state);
            let co = (*state).current();
            let mut cx = Context::new(state, (*co).top);
            prepare(&mut cx)?;
            if (*co).top == (*co).stack.add(1) {
                return Err(Error::message("no function was given to start"));
            }
            let function = (*co).stack.add(1);
            begin(&mut *state, function, MULTIPLE, After::Finish)?;
        }
        self.running = true;
        Ok(())
    }

    /// Runs for about `fuel` units of work: instructions that jump back or call, and their like in natives.
    pub fn run(&mut self, fuel: u64) -> Step {
        if !self.running {
            return Step::Finished;
        }
        self.state.fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        if self.state.idle {
            // SAFETY: the state is consistent between runs.
            if unsafe { super::park::next(&mut self.state) }.is_some() {
                return Step::Parked;
            }
            self.state.heap.forgive_wear();
        }
        // SAFETY: the state is consistent between runs and this is its only user.
        match unsafe { super::run(&raw mut *self.state) } {
            Exit::Finished(at) => {
                self.running = false;
                self.results_at = at as u32;
                Step::Finished
            }
            // `run` keeps the second to itself; going on would be right.
            Exit::OutOfFuel | Exit::OtherLoop => Step::OutOfFuel,
            Exit::Parked => Step::Parked,
            Exit::Failed => {
                self.running = false;
                Step::Failed(self.failure())
            }
        }
    }

    /// How much more than its fuel the last run has spent: no more than its last indivisible piece of work.
    pub fn overspent(&self) -> u64 {
        u64::try_from(-self.state.fuel).unwrap_or(0)
    }

    /// Runs to the end, whatever fuel that takes.
    ///
    /// # Errors
    /// An uncaught error, and when everything waits: nobody here answers operations.
    pub fn finish(&mut self) -> Result<(), Failure> {
        loop {
            match self.run(u64::MAX) {
                Step::Finished => return Ok(()),
                Step::OutOfFuel => {}
                Step::Parked => return Err(self.deadlock()),
                Step::Failed(failure) => return Err(failure),
            }
        }
    }

    /// Hands the results of the function that has finished to `f`: slots from 1 on.
    pub fn results<R>(&mut self, f: impl for<'gc> FnOnce(&mut Context<'gc>) -> R) -> R {
        let state: *mut State = &raw mut *self.state;
        // SAFETY: as in `enter`; the results stand at the top of the main coroutine's stack.
        unsafe {
            let co = (*state).current();
            let mut cx = Context::new(state, (*co).stack.add(self.results_at as usize));
            f(&mut cx)
        }
    }

    /// Runs the finalizers of all objects that have one; call before dropping the interpreter at a program's end.
    /// Their errors are ignored, as the manual says of closing a state; `os.exit` in one ends the closing.
    pub fn close(&mut self) {
        self.close_in_slices(u64::MAX, || {});
    }

    /// The same; `between` is called whenever so much fuel was used up.
    pub fn close_in_slices(&mut self, fuel: u64, mut between: impl FnMut()) {
        let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        let state: *mut State = &raw mut *self.state;
        // SAFETY: the state is consistent and this is its only user.
        unsafe {
            reset(&mut *state);
            (*state).heap.separate_all();
            (*state).finalizers = true;
            loop {
                if !super::call::start_finalizer(&mut *state) {
                    return;
                }
                let exit = loop {
                    (*state).fuel = fuel;
                    match super::run(state) {
                        Exit::OutOfFuel => between(),
                        exit => break exit,
                    }
                };
                if (*state).exit_request.take().is_some() {
                    reset(&mut *state);
                    return;
                }
                if matches!(exit, Exit::Failed | Exit::Parked) {
                    reset(&mut *state);
                    (*state).finalizers = true;
                }
            }
        }
    }

    /// A complete collection if the heap is small and a good part of it may be garbage; for one that waits and will not
    /// be in a hurry when it goes on. Left alone, a heap that grows slowly is collected when it has 24 KB.
    pub fn tidy(&mut self) {
        if self.state.idle && self.state.heap.is_worth_tidying() {
            // SAFETY: everything waits, so the coroutines are consistent up to their tops, and the context sees to the top
            // of the main one.
            self.enter(|cx| unsafe { cx.st().heap.full() });
            self.state.heap.forget_wear();
        }
    }

    /// Sets a value that natives find by its type ([`Context::host`]).
    pub fn set_host<T: Any + Send>(&mut self, value: T) {
        self.state.set_host(value);
    }

    /// The value of a type that natives find.
    pub fn host<T: Any + Send>(&mut self) -> Option<&mut T> {
        self.state.host()
    }

    /// Forgets the value of a type that natives found with [`Context::host`].
    pub fn remove_host<T: Any + Send>(&mut self) {
        self.state.remove_host::<T>();
    }

    /// Bytes of heap in use.
    pub fn memory_bytes(&self) -> usize {
        self.state.heap.bytes()
    }

    /// Changes the memory limit.
    pub fn set_memory_limit(&mut self, bytes: usize) {
        self.state.heap.set_limit(bytes);
    }

    /// Says that this is one interpreter of many: even a small heap is collected then.
    pub fn set_frugal(&mut self) {
        self.state.heap.set_frugal();
    }

    /// Collects at every opportunity, to find objects that are not rooted; for tests.
    pub fn set_stress(&mut self, on: bool) {
        self.state.heap.set_stress(on);
    }

    /// Stops the running program with an error that `pcall` cannot catch; nothing is finalized.
    pub fn cancel(&mut self) {
        // SAFETY: the state is consistent between runs.
        unsafe { reset(&mut self.state) };
        self.running = false;
    }

    /// `stack traceback:` and a line for each activation of the running coroutine.
    pub fn traceback(&mut self) -> String {
        self.enter(|cx| cx.traceback(cx.coroutine(), 0))
    }

    fn failure(&mut self) -> Failure {
        if let Some(request) = self.state.exit_request.take() {
            return Failure { exit: Some(request), ..Failure::from(ErrorKind::Exit(request)) };
        }
        self.enter(|cx| {
            // SAFETY: the pending error is a root.
            let value: Value<'_> = unsafe { Value::from_slot(cx.st().heap.roots.error) };
            let message = match value {
                Value::String(text) => text.as_bytes().to_vec(),
                Value::Integer(_) | Value::Float(_) => {
                    let mut text = super::concat::NumberText::new();
                    text.write(value.slot()).to_vec()
                }
                other => match other.host_object().and_then(|object| object.report()) {
                    Some(text) => text.into_owned(),
                    None => format!("(error object is a {} value)", other.type_name()).into_bytes(),
                },
            };
            let coroutine = cx.coroutine();
            let mut stack = Vec::new();
            let mut depth = 0;
            while cx.activation(coroutine, depth).is_some() {
                depth += 1;
            }
            let skipped = depth.saturating_sub(2 * STACK_END);
            for level in
                (0..depth).filter(|level| skipped == 0 || *level < STACK_END || *level >= depth - STACK_END)
            {
                let Some(activation) = cx.activation(coroutine, level) else { break };
                stack.extend(cx.place(&activation));
            }
            let traceback = cx.traceback(coroutine, 0);
            Failure {
                message,
                traceback,
                stack,
                skipped,
                is_text: matches!(value, Value::String(_)),
                exit: None,
            }
        })
    }

    /// The pending error value, handed to `f`; meaningful after a failure.
    pub fn error_value<R>(&mut self, f: impl for<'gc> FnOnce(&mut Context<'gc>, Value<'gc>) -> R) -> R {
        self.enter(|cx| {
            // SAFETY: the pending error is a root.
            let value = unsafe { Value::from_slot(cx.st().heap.roots.error) };
            f(cx, value)
        })
    }

    /// Forgets the pending error value, so that it can be collected.
    pub fn clear_error(&mut self) {
        self.state.heap.roots.error = Slot::NIL;
    }
}

impl<'gc> Context<'gc> {
    /// Where an activation of a Lua function stands.
    pub(crate) fn place(&self, activation: &Activation<'gc>) -> Option<Place> {
        let position = activation.position()?;
        let info = self.function_info(activation.function());
        let function = match activation.name() {
            Some(name) => format!("{} '{}'", name.kind, name.name),
            None if info.what == "main" => "main chunk".to_owned(),
            None => format!("function <{}:{}>", info.short_source, info.line_defined),
        };
        Some(Place { source: info.source, position, function })
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.running = false;
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message))
    }
}

impl std::error::Error for Failure {}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Failure {
        Failure {
            message: kind.to_string().into_bytes(),
            traceback: String::new(),
            stack: Vec::new(),
            skipped: 0,
            is_text: true,
            exit: None,
        }
    }
}
