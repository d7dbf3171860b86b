//! `io` of applications: the terminal that a process may have; and what scripts get on top of their own `io`.
//!
//! The terminal is lent by the owner of the interpreter. Without one, scripts fall back on their standard files, and
//! everybody else is told that there is none. Invariant: reading happens on a thread made for waiting, so nothing else
//! of the program stops.

use std::io;
use std::sync::Arc;

use wippy_vm::{Context, Library, Outcome, Result, Table, Then, Ticket, Value, library};

use crate::errors::{self, ErrorValue, Kind};
use crate::io as files;
use crate::joined;
use crate::modules;
use crate::requests::{Answer, Request};
use crate::steps::Next;

/// Which of the two outputs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

/// A terminal, or whatever stands in for one. Shared by the processes that may use it; each call is whole.
pub trait Terminal: Send + Sync {
    /// Writes bytes, in order with what was written before.
    ///
    /// # Errors
    /// Those of the system; a reader that is gone is one of them.
    fn write(&self, output: Output, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written visible.
    ///
    /// # Errors
    /// Those of the system.
    fn flush(&self) -> io::Result<()>;

    /// Waits for input and takes at most `most` bytes of it; none at its end.
    ///
    /// # Errors
    /// Those of the system.
    fn read(&self, most: usize) -> io::Result<Vec<u8>>;

    /// Waits for a line and takes it, without its end; `None` at the end of the input.
    ///
    /// # Errors
    /// Those of the system.
    fn read_line(&self) -> io::Result<Option<Vec<u8>>>;

    /// Turns raw mode on or off; calls are counted. `false` if this is no terminal.
    fn set_raw(&self, on: bool) -> bool;

    /// The arguments of the program.
    fn arguments(&self) -> Vec<Vec<u8>>;
}

/// The terminal of an interpreter; a host value.
#[derive(Clone)]
pub struct HostTerminal(pub Arc<dyn Terminal>);

/// The functions of `io` for applications.
pub static LIBRARY: Library = library!(
    "io",
    [
        /// The arguments of the program.
        ("args", args, "() -> {string}"),
        /// Writes a line to the error output.
        ("eprint", eprint, "(...any) -> (boolean?, error?)"),
        /// Writes what is held back.
        ("flush", flush, "() -> (boolean?, error?)"),
        /// Writes a line.
        ("print", print, "(...any) -> (boolean?, error?)"),
        /// Switches the raw mode of the terminal.
        ("raw", raw, "(on: boolean?) -> (boolean?, error?)"),
        /// Reads up to so many bytes.
        ("read", read, "(n: integer?) -> (string?, error?)"),
        /// Reads a line, without its end.
        ("readline", readline, "() -> (string?, error?)"),
        /// Writes text.
        ("write", write, "(...any) -> (boolean?, error?)"),
    ]
);

/// Those of them that scripts have besides their standard `io`.
pub static SCRIPT: Library = library!(
    "io",
    [
        /// The arguments of the program.
        ("args", args, "() -> {string}"),
        /// Writes a line to the error output.
        ("eprint", eprint, "(...any) -> (boolean?, error?)"),
        /// Writes a line.
        ("print", print, "(...any) -> (boolean?, error?)"),
        /// Switches the raw mode of the terminal.
        ("raw", raw, "(on: boolean?) -> (boolean?, error?)"),
        /// Reads a line, without its end.
        ("readline", readline, "() -> (string?, error?)"),
    ]
);

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY];

/// Makes the table `io` of applications.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table: Table<'gc> = modules::table(cx, &LIBRARY, 0)?;
    table.freeze();
    Ok(table.into())
}

fn terminal(cx: &mut Context<'_>) -> Option<Arc<dyn Terminal>> {
    cx.host::<HostTerminal>().map(|terminal| Arc::clone(&terminal.0))
}

fn none(cx: &mut Context<'_>) -> Result<Outcome> {
    let error = ErrorValue::new(Kind::UNAVAILABLE, "no terminal context").retryable(Some(false));
    errors::fails(cx, error)
}

fn system(cx: &mut Context<'_>, error: &io::Error) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::internal(error.to_string()))
}

/// What is done with the text of the arguments.
#[derive(Clone, Copy)]
struct Style {
    output: Output,
    separator: &'static [u8],
    end: &'static [u8],
}

const LINE: Style = Style { output: Output::Out, separator: b"\t", end: b"\n" };

fn print(cx: &mut Context<'_>) -> Result<Outcome> {
    written(cx, LINE)
}

fn eprint(cx: &mut Context<'_>) -> Result<Outcome> {
    written(cx, Style { output: Output::Error, ..LINE })
}

fn write(cx: &mut Context<'_>) -> Result<Outcome> {
    written(cx, Style { separator: b"", end: b"", ..LINE })
}

fn written(cx: &mut Context<'_>, style: Style) -> Result<Outcome> {
    if terminal(cx).is_none() && !files::is_open(cx) {
        return none(cx);
    }
    joined::join(cx, style.separator, move |cx, mut text| {
        text.extend_from_slice(style.end);
        match emit(cx, style.output, &text)? {
            Ok(()) => {
                cx.push(true);
                Ok(Next::Return(1))
            }
            Err(error) => {
                let error = errors::object(cx, ErrorValue::internal(error.to_string()))?;
                cx.push(Value::Nil);
                cx.push(error);
                Ok(Next::Return(2))
            }
        }
    })
}

/// Writes to the terminal, or where there is none to the standard files; what the terminal said.
fn emit(cx: &mut Context<'_>, output: Output, text: &[u8]) -> Result<io::Result<()>> {
    if let Some(terminal) = terminal(cx) {
        return Ok(terminal.write(output, text));
    }
    match output {
        Output::Out => {
            files::write_stdout(cx, text)?;
            files::flush_line(cx)?;
        }
        Output::Error => files::write_stderr(cx, text),
    }
    Ok(Ok(()))
}

/// `io.flush()`
fn flush(cx: &mut Context<'_>) -> Result<Outcome> {
    let Some(terminal) = terminal(cx) else { return none(cx) };
    match terminal.flush() {
        Ok(()) => Ok(cx.returns(true)),
        Err(error) => system(cx, &error),
    }
}

/// Asks for a read on a thread made for that; `answered` gets the text, `nil` at the end of the input, or `false` and
/// a message.
fn waits(
    cx: &mut Context<'_>,
    read: impl FnOnce() -> io::Result<Option<Vec<u8>>> + Send + 'static,
) -> Outcome {
    cx.truncate(0);
    let job = move || -> Answer {
        let result = read();
        Box::new(move |cx: &mut Context<'_>, ticket: Ticket| {
            answer(cx, ticket, result);
        })
    };
    cx.operation(Box::new(Request::Block(Box::new(job))), Then::Step(answered))
}

fn answer<'gc>(cx: &mut Context<'gc>, ticket: Ticket, result: io::Result<Option<Vec<u8>>>) {
    let (first, text) = match result {
        Ok(Some(text)) => (Value::Boolean(true), text),
        Ok(None) => (Value::Nil, Vec::new()),
        Err(error) => (Value::Boolean(false), error.to_string().into_bytes()),
    };
    // A line that does not fit into memory is as good as none.
    let text = cx.string(&text).map_or(Value::Nil, Value::String);
    cx.wake(ticket, &[first, text]);
}

fn answered(cx: &mut Context<'_>) -> Result<Outcome> {
    let at = cx.results();
    match (cx.get(at), cx.get(at + 1)) {
        (Value::Boolean(true), text) => Ok(cx.returns(text)),
        (Value::Boolean(false), Value::String(message)) => {
            errors::fails(cx, ErrorValue::internal(message.as_bytes()))
        }
        _ => end(cx),
    }
}

/// Answers that the input is at its end.
fn end(cx: &mut Context<'_>) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::new(Kind::UNKNOWN, "EOF"))
}

/// `io.read([n])`
fn read(cx: &mut Context<'_>) -> Result<Outcome> {
    const DEFAULT: i64 = 1024;
    const MOST: i64 = 1 << 24;
    let Some(terminal) = terminal(cx) else { return none(cx) };
    let most = match cx.optional_integer(1, DEFAULT)? {
        most @ 1.. => most.min(MOST),
        _ => DEFAULT,
    };
    Ok(waits(cx, move || {
        // What was asked stands before the cursor.
        terminal.flush()?;
        let bytes = terminal.read(most as usize)?;
        Ok((!bytes.is_empty()).then_some(bytes))
    }))
}

/// `io.readline()`
fn readline(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(terminal) = terminal(cx) {
        return Ok(waits(cx, move || {
            terminal.flush()?;
            terminal.read_line()
        }));
    }
    if !files::is_open(cx) {
        return none(cx);
    }
    match files::read_stdin_line(cx)? {
        Some(line) => {
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = cx.string(line.strip_suffix(b"\r").unwrap_or(line))?;
            Ok(cx.returns(line))
        }
        None => end(cx),
    }
}

/// `io.raw([on])`
fn raw(cx: &mut Context<'_>) -> Result<Outcome> {
    let on = cx.get(1).is_nil() || cx.get(1).is_truthy();
    match terminal(cx) {
        Some(terminal) if terminal.set_raw(on) => Ok(cx.returns(true)),
        None if !files::is_open(cx) => none(cx),
        _ => {
            let error = ErrorValue::new(Kind::UNAVAILABLE, "raw terminal control unavailable");
            errors::fails(cx, error.retryable(Some(false)))
        }
    }
}

/// `io.args()`
fn args(cx: &mut Context<'_>) -> Result<Outcome> {
    let list = cx.table(0, 0)?;
    if let Some(terminal) = terminal(cx) {
        for (index, argument) in (1..).zip(terminal.arguments()) {
            let argument = cx.string(&argument)?;
            cx.raw_set_integer(list, index, argument)?;
        }
    } else if files::is_open(cx) {
        let globals = cx.globals();
        if let Value::Table(arguments) = cx.field(globals, "arg") {
            for index in 1..=arguments.length() {
                cx.raw_set_integer(list, index, arguments.get_integer(index))?;
            }
        }
    }
    Ok(cx.returns(list))
}
