//! `io`: the terminal, for the process that has it.
//!
//! Output goes out at once; reading runs where blocking is allowed. Invariant: one buffer for all input, so nothing
//! piped in is lost between two calls.

use std::io::{BufRead, Read, Write};

use wippy_stdlib::errors::{self, ErrorValue, Kind, fails};
use wippy_stdlib::requests::{Answer, Request};
use wippy_vm::{Context, Library, Outcome, Result, Then, Ticket, Value, library};

use crate::runtime::home::Home;

static LIBRARY: Library = library!(
    "io",
    [
        ("write", write, "(...any) -> (boolean?, any)"),
        ("print", print, "(...any) -> (boolean?, any)"),
        ("eprint", eprint, "(...any) -> (boolean?, any)"),
        ("flush", flush, "() -> (boolean?, any)"),
        ("read", read, "(n: integer?) -> (string?, any)"),
        ("readline", readline, "() -> (string?, any)"),
        ("raw", raw, "(on: boolean?) -> (boolean?, any)"),
        ("args", args, "() -> {string}"),
    ]
);

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    super::table(cx, &LIBRARY)
}

/// Whether the program has the terminal.
fn has_terminal(cx: &mut Context<'_>) -> bool {
    cx.host::<Home>().is_some_and(|home| home.terminal.is_some())
}

fn no_terminal(cx: &mut Context<'_>) -> Result<Outcome> {
    fails(cx, ErrorValue::new(Kind::UNAVAILABLE, "no terminal context"))
}

fn text(cx: &mut Context<'_>, separator: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for index in 1..=cx.len() {
        if index > 1 {
            out.extend_from_slice(separator);
        }
        let value = cx.get(index);
        match cx.display(value)? {
            Some(shown) => out.extend_from_slice(shown.as_bytes()),
            None => out.extend_from_slice(cx.type_name(value).as_bytes()),
        }
    }
    Ok(out)
}

fn put(cx: &mut Context<'_>, separator: &[u8], end: &[u8], error: bool) -> Result<Outcome> {
    if !has_terminal(cx) {
        return no_terminal(cx);
    }
    let mut bytes = text(cx, separator)?;
    bytes.extend_from_slice(end);
    let written = if error {
        std::io::stderr().lock().write_all(&bytes)
    } else {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&bytes).and_then(|()| stdout.flush())
    };
    match written {
        Ok(()) => Ok(cx.returns(true)),
        Err(why) => fails(cx, ErrorValue::internal(crate::load::inline::reason(&why))),
    }
}

fn write(cx: &mut Context<'_>) -> Result<Outcome> {
    put(cx, b"", b"", false)
}

fn print(cx: &mut Context<'_>) -> Result<Outcome> {
    put(cx, b"\t", b"\n", false)
}

fn eprint(cx: &mut Context<'_>) -> Result<Outcome> {
    put(cx, b"\t", b"\n", true)
}

fn flush(cx: &mut Context<'_>) -> Result<Outcome> {
    put(cx, b"", b"", false)
}

fn raw(cx: &mut Context<'_>) -> Result<Outcome> {
    if !has_terminal(cx) {
        return no_terminal(cx);
    }
    fails(cx, ErrorValue::new(Kind::UNAVAILABLE, "raw terminal control unavailable"))
}

fn args(cx: &mut Context<'_>) -> Result<Outcome> {
    let terminal = cx.host::<Home>().and_then(|home| home.terminal.clone());
    let arguments = terminal.as_ref().map(|terminal| terminal.arguments.as_slice()).unwrap_or_default();
    let table = cx.table(arguments.len(), 0)?;
    for (at, argument) in (1..).zip(arguments) {
        let argument = cx.string(argument)?;
        cx.raw_set_integer(table, at, argument)?;
    }
    Ok(cx.returns(table))
}

fn read(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.optional_integer(1, 1024)?;
    let count = usize::try_from(count).ok().filter(|count| *count > 0).unwrap_or(1024).min(1 << 24);
    input(cx, move || {
        let mut buffer = vec![0; count];
        let length = std::io::stdin().lock().read(&mut buffer)?;
        buffer.truncate(length);
        Ok(Some(buffer).filter(|buffer| !buffer.is_empty()))
    })
}

fn readline(cx: &mut Context<'_>) -> Result<Outcome> {
    input(cx, || {
        let mut line = Vec::new();
        if std::io::stdin().lock().read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.ends_with(b"\n") {
            line.pop();
            if line.ends_with(b"\r") {
                line.pop();
            }
        }
        Ok(Some(line))
    })
}

/// Reads where blocking is allowed; `None` is the end of the input.
fn input(
    cx: &mut Context<'_>,
    job: impl FnOnce() -> std::io::Result<Option<Vec<u8>>> + Send + 'static,
) -> Result<Outcome> {
    if !has_terminal(cx) {
        return no_terminal(cx);
    }
    let request = Request::Block(Box::new(move || {
        let result = job();
        let answer: Answer = Box::new(move |cx: &mut Context<'_>, ticket: Ticket| {
            let values = match result {
                Ok(Some(bytes)) => cx.string(&bytes).map(|text| vec![text.into()]),
                Ok(None) => errors::object(cx, ErrorValue::new(Kind::UNKNOWN, "EOF"))
                    .map(|eof| vec![Value::Nil, eof.into()]),
                Err(why) => errors::object(cx, ErrorValue::internal(why.to_string()))
                    .map(|error| vec![Value::Nil, error.into()]),
            };
            cx.wake(ticket, &values.unwrap_or_else(|_| vec![Value::Nil]));
        });
        answer
    }));
    Ok(cx.operation(Box::new(request), Then::Return))
}
