//! `Interpreter`: a [`Vm`] with the standard library, run in slices so that it can be interrupted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wippy_stdlib::requests::Pending;
use wippy_vm::{
    Context, Error, ErrorKind, Failure, Image, Limits, LoadMode, Parcel, Result, Step, Ticket, Value, Vm,
};

use crate::waits::Waits;

/// Work between two looks at the interrupt flag; well under 10 ms.
const SLICE: u64 = 100_000;

/// Longest time between two looks at the interrupt flag while nothing runs.
const NAP: Duration = Duration::from_millis(20);

/// Asks a running [`Interpreter`] to stop, from any thread or from a signal handler.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Stops what runs now, or the next thing that is run.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The flag itself, for a signal handler to set.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Whether it was requested since the last time; forgets the request.
    pub fn take(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}

/// Why a run ended early.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The text does not compile, or the call could not be made: the complete message.
    Refused(Vec<u8>),
    /// An uncaught error.
    Failed(Failure),
    /// [`Interrupt::request`] was called.
    Interrupted,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Refused(message) => f.write_str(&String::from_utf8_lossy(message)),
            Stop::Failed(failure) => failure.fmt(f),
            Stop::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Stop {}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        match error.kind() {
            ErrorKind::Syntax(message) | ErrorKind::Plain(message) => Stop::Refused(message.clone()),
            kind => Stop::Refused(kind.to_string().into_bytes()),
        }
    }
}

/// A program that becomes a process while it runs.
pub struct Candidate {
    /// Its interpreter.
    pub vm: Vm,
    /// Arguments of `main`, if it is the process that calls it.
    pub main: Option<Parcel>,
    /// Its timers.
    pub pending: Vec<Pending>,
}

/// How a program ended that had become a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Whether the process has called the function `main`.
    pub called_main: bool,
}

/// Makes processes of programs that want it. See [`Interpreter::set_enlister`].
pub trait Enlister: Send {
    /// Runs a program as a process to its end; gives the interpreter back, with its results or its error.
    fn run(&mut self, candidate: Candidate, interrupt: &Interrupt) -> (Vm, std::result::Result<Ended, Stop>);

    /// The program is over: ends what it has left behind.
    fn close(&mut self);
}

/// A Lua state with the standard library.
pub struct Interpreter {
    vm: Vm,
    interrupt: Interrupt,
    waits: Waits,
    enlister: Option<Box<dyn Enlister>>,
    main: Option<Parcel>,
    main_called: bool,
}

impl Default for Interpreter {
    fn default() -> Interpreter {
        Interpreter::new()
    }
}

impl Interpreter {
    /// A state without limits.
    pub fn new() -> Interpreter {
        Interpreter::with_limits(Limits::default())
    }

    /// A state with limits.
    pub fn with_limits(limits: Limits) -> Interpreter {
        Interpreter::with_image(limits, &wippy_stdlib::image())
    }

    /// A state with the libraries of an image.
    pub fn with_image(limits: Limits, image: &Arc<Image>) -> Interpreter {
        Interpreter {
            vm: Vm::with_image(limits, image),
            interrupt: Interrupt::default(),
            waits: Waits::default(),
            enlister: None,
            main: None,
            main_called: false,
        }
    }

    /// Says who makes a process of this state when its program wants processes.
    pub fn set_enlister(&mut self, enlister: Box<dyn Enlister>) {
        self.enlister = Some(enlister);
    }

    /// If the chunk that runs next becomes a process and returns a table with a function `main`, the same process calls
    /// that with these arguments; [`Interpreter::main_was_called`] tells.
    pub fn set_main_arguments(&mut self, arguments: Option<Parcel>) {
        self.main = arguments;
        self.main_called = false;
    }

    /// Whether the results are those of the function `main`.
    pub fn main_was_called(&self) -> bool {
        self.main_called
    }

    /// The handle that stops what runs.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Makes `interrupt` the handle that stops what runs, so that several states can share one.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// The machine underneath.
    pub fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// Lends the state to `f` between runs.
    ///
    /// # Errors
    /// What `f` raises.
    pub fn enter<R>(
        &mut self,
        f: impl for<'gc> FnOnce(&mut Context<'gc>) -> Result<R>,
    ) -> std::result::Result<R, Stop> {
        Ok(self.vm.enter(f)?)
    }

    /// Runs a chunk with string arguments to its end. `chunk_name` is as for `load`: `@file`, `=name`.
    ///
    /// # Errors
    /// See [`Stop`].
    pub fn run(
        &mut self,
        source: &[u8],
        chunk_name: &str,
        arguments: &[&[u8]],
    ) -> std::result::Result<(), Stop> {
        self.call(|cx| {
            let chunk = cx.load(source, chunk_name.as_bytes(), LoadMode::ANY)?;
            cx.push(chunk);
            for argument in arguments {
                let argument = cx.string(argument)?;
                cx.push(argument);
            }
            Ok(())
        })
    }

    /// Calls the function that `prepare` pushes, with the arguments it pushes after it, and runs it to its end; the
    /// results are read with [`Interpreter::results`].
    ///
    /// # Errors
    /// See [`Stop`].
    pub fn call(
        &mut self,
        prepare: impl for<'gc> FnOnce(&mut Context<'gc>) -> Result<()>,
    ) -> std::result::Result<(), Stop> {
        self.waits.clear();
        self.vm.start(prepare)?;
        self.go_on()
    }

    /// Goes on with what was interrupted.
    ///
    /// # Errors
    /// See [`Stop`].
    pub fn go_on(&mut self) -> std::result::Result<(), Stop> {
        loop {
            if self.interrupt.take() {
                return Err(Stop::Interrupted);
            }
            let step = self.vm.run(SLICE);
            // `print` leaves lines in the buffer while a slice lasts.
            self.vm.enter(wippy_stdlib::io::flush_due);
            let step_parked = matches!(step, Step::Parked);
            match step {
                Step::Finished => return Ok(()),
                Step::Failed(failure) => return Err(Stop::Failed(failure)),
                Step::OutOfFuel | Step::Parked => {
                    wippy_stdlib::waiting::announce();
                    if let Some(ticket) = self.waits.serve(&mut self.vm) {
                        match self.enlister.take() {
                            Some(enlister) => return self.enlist(enlister, ticket),
                            None => self.vm.enter(|cx| {
                                let text = cx.name("there are no processes here");
                                cx.wake_with_error(ticket, text)
                            }),
                        };
                    }
                    if step_parked && !self.vm.is_ready() {
                        match self.waits.next(&mut self.vm) {
                            Some(at) => std::thread::sleep(at.duration_since(Instant::now()).min(NAP)),
                            None => return Err(Stop::Failed(self.vm.deadlock())),
                        }
                    }
                }
            }
        }
    }

    /// Goes on as a process.
    fn enlist(&mut self, mut enlister: Box<dyn Enlister>, ticket: Ticket) -> std::result::Result<(), Stop> {
        self.vm.enter(|cx| cx.wake(ticket, &[]));
        let candidate = Candidate {
            vm: std::mem::take(&mut self.vm),
            main: self.main.take(),
            pending: self.waits.take_pending(),
        };
        let (vm, result) = enlister.run(candidate, &self.interrupt);
        self.vm = vm;
        self.enlister = Some(enlister);
        self.main_called = matches!(result, Ok(Ended { called_main: true }));
        result.map(drop)
    }

    /// Hands the results of the last call to `f`: slots from 1 on.
    pub fn results<R>(&mut self, f: impl for<'gc> FnOnce(&mut Context<'gc>) -> R) -> R {
        self.vm.results(f)
    }

    /// The value of an expression as `tostring` shows it.
    ///
    /// # Errors
    /// See [`Stop`].
    pub fn eval_text(&mut self, expression: &str) -> std::result::Result<String, Stop> {
        let source = format!("return tostring(({expression}))");
        self.run(source.as_bytes(), "=eval", &[])?;
        Ok(self.results(|cx| match cx.get(1) {
            Value::String(text) => text.to_string_lossy().into_owned(),
            other => other.type_name().to_owned(),
        }))
    }

    /// Writes out what waits in the buffers of all open files.
    pub fn flush(&mut self) {
        // A program is not told what happens to its output after it has ended, as in the reference implementation.
        let _ = self.vm.enter(wippy_stdlib::io::flush_all);
    }

    /// Ends all processes, runs all finalizers and writes out all output, as at a program's end.
    pub fn close(&mut self) {
        if let Some(enlister) = &mut self.enlister {
            enlister.close();
        }
        self.vm.close_in_slices(SLICE, wippy_stdlib::waiting::announce);
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_stops_an_endless_loop_and_the_state_stays_usable() {
        let mut lua = Interpreter::new();
        let interrupt = lua.interrupt();
        let waiter = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            interrupt.request();
        });
        let result = lua.run(b"while true do end", "=loop", &[]);
        assert!(matches!(result, Err(Stop::Interrupted)));
        waiter.join().expect("the waiter does not panic");
        assert_eq!(lua.eval_text("1 + 1").expect("runs"), "2");
    }

    #[test]
    fn errors_name_chunk_and_line() {
        let mut lua = Interpreter::new();
        let Err(Stop::Failed(failure)) = lua.run(b"local t\nt.x = 1", "@f.lua", &[]) else {
            panic!("the chunk indexes nil");
        };
        assert_eq!(failure.to_string(), "f.lua:2: attempt to index a nil value (local 't')");
        assert_eq!(failure.stack[0].position.line, 2);
        let Err(Stop::Refused(message)) = lua.run(b"x =", "@f.lua", &[]) else {
            panic!("the chunk is incomplete");
        };
        assert_eq!(message, b"f.lua:1: unexpected symbol near <eof>");
    }

    #[test]
    fn a_memory_limit_is_an_error_that_lua_can_catch() {
        let mut lua = Interpreter::with_limits(Limits { memory_bytes: 10 << 20 });
        let source = b"ok, message = pcall(function() local t = {} for i = 1, 1e9 do t[i] = {i} end end)";
        lua.run(source, "=limit", &[]).expect("pcall catches it");
        assert_eq!(lua.eval_text("message").expect("usable"), "not enough memory");
    }
}
