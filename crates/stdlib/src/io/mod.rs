//! `io`: files (Lua 5.3 manual, section 6.8).
//!
//! Calls block until the system has answered. Invariant: the default input and output are the file objects in the
//! registry (`_IO_input`, `_IO_output`), whatever else refers to them.

mod file;
mod files;
mod read;
mod stream;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::process::Stdio;

use wippy_vm::{Context, Error, Library, Outcome, Result, Value, library};

use crate::{host, os, terminal, waiting};
use files::{Closing, SharedFile};
use stream::{Device, Standard, Stream};

pub use file::METHODS;
pub use files::{
    flush_all, flush_due, flush_line, flush_resting, redirect_stdin, redirect_stdout, write_stdout,
};
pub(crate) use files::{is_open, read_all_stdin, read_stdin_line, write_stderr};

/// The functions of `io`.
pub static LIBRARY: Library = library!(
    "io",
    [
        /// Closes a file, or the default output.
        ("close", close, "(file: any?) -> (boolean?, string?, integer?)"),
        /// Writes what the default output holds back.
        ("flush", flush, "() -> (any, string?, integer?)"),
        /// The default input, after setting it.
        ("input", input, "(file: any?) -> any"),
        /// Goes through the lines of a file.
        ("lines", lines, "(filename: string?, ...any) -> (...any) -> (...any)"),
        /// Opens a file.
        ("open", open_native, "(filename: string, mode: string?) -> (any, string?, integer?)"),
        /// The default output, after setting it.
        ("output", output, "(file: any?) -> any"),
        /// Starts a program and reads its output or writes its input.
        ("popen", popen, "(prog: string, mode: string?) -> (any, string?, integer?)"),
        /// Reads from the default input.
        ("read", read, "(...any) -> (...any)"),
        /// A file that vanishes when it is closed.
        ("tmpfile", tmpfile, "() -> (any, string?, integer?)"),
        /// `file`, `closed file`, or nil for what is no file.
        ("type", type_of, "(obj: any) -> string?"),
        /// Writes to the default output.
        ("write", write, "(...any) -> (any, string?, integer?)"),
    ]
);

/// Makes the table `io`, the standard files and the type of files.
///
/// # Errors
/// When the memory limit would be passed.
pub fn open(cx: &mut Context<'_>) -> Result<()> {
    file::open(cx)?;
    let table = cx.table(0, LIBRARY.functions.len() + terminal::SCRIPT.functions.len() + 3)?;
    LIBRARY.install(cx, table)?;
    terminal::SCRIPT.install(cx, table)?;
    let standard = [
        ("stdin", Standard::Input, Some(INPUT)),
        ("stdout", Standard::Output, Some(OUTPUT)),
        ("stderr", Standard::Error, None),
    ];
    let registry = cx.registry();
    for (name, which, default) in standard {
        let object = file::standard(cx, which)?;
        cx.set_field(table, name, object)?;
        if let Some(default) = default {
            cx.set_field(registry, default.key, object)?;
        }
    }
    if let Value::Table(loaded) = cx.field(registry, "_LOADED") {
        cx.set_field(loaded, "io", table)?;
    }
    let globals = cx.globals();
    cx.set_field(globals, "io", table)
}

// ---- default files ----

/// One of the two default files.
#[derive(Clone, Copy)]
struct Default {
    /// Where the registry has it.
    key: &'static str,
    /// What messages call it.
    name: &'static str,
    /// How a file that becomes it is opened.
    mode: &'static [u8],
}

const INPUT: Default = Default { key: "_IO_input", name: "input", mode: b"r" };
const OUTPUT: Default = Default { key: "_IO_output", name: "output", mode: b"w" };

/// A default file's object, and the file if it is open.
fn default_file<'gc>(cx: &mut Context<'gc>, which: Default) -> Result<(Value<'gc>, &'gc SharedFile)> {
    let registry = cx.registry();
    let object = cx.field(registry, which.key);
    match file::file_in(object) {
        Some(file) if !file.is_closed() => Ok((object, file)),
        _ => Err(Error::message(format!("standard {} file is closed", which.name))),
    }
}

/// `io.input` and `io.output`.
fn change_default(cx: &mut Context<'_>, which: Default) -> Result<Outcome> {
    let registry = cx.registry();
    let given = cx.get(1);
    if !given.is_nil() {
        if let Some(name) = cx.coerce_string(given)? {
            let opened = open_or_raise(cx, name.as_bytes(), which.mode)?;
            cx.set_field(registry, which.key, opened)?;
        } else {
            file::open_file(cx)?;
            cx.set_field(registry, which.key, given)?;
        }
    }
    let current = cx.field(registry, which.key);
    Ok(cx.returns(current))
}

fn input(cx: &mut Context<'_>) -> Result<Outcome> {
    change_default(cx, INPUT)
}

fn output(cx: &mut Context<'_>) -> Result<Outcome> {
    change_default(cx, OUTPUT)
}

fn read(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, file) = default_file(cx, INPUT)?;
    file::read(cx, file, 1)
}

fn write(cx: &mut Context<'_>) -> Result<Outcome> {
    let (object, file) = default_file(cx, OUTPUT)?;
    file::write(cx, file, object, 1)
}

fn flush(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, file) = default_file(cx, OUTPUT)?;
    file::flush(cx, file)
}

fn close(cx: &mut Context<'_>) -> Result<Outcome> {
    if cx.is_empty() {
        let registry = cx.registry();
        let output = cx.field(registry, OUTPUT.key);
        cx.push(output);
    }
    let file = file::open_file(cx)?;
    file::close(cx, file)
}

/// `io.lines([filename, ...])`
fn lines(cx: &mut Context<'_>) -> Result<Outcome> {
    if !cx.get(1).is_nil() {
        let name = cx.check_string(1)?;
        let opened = open_or_raise(cx, name.as_bytes(), b"r")?;
        cx.set(1, opened);
        return file::lines(cx, true);
    }
    let registry = cx.registry();
    let input = cx.field(registry, INPUT.key);
    cx.set(1, input);
    file::open_file(cx)?;
    file::lines(cx, false)
}

// ---- opening ----

/// What a mode like `r+b` asks for; `None` if it is none.
fn parse_mode(mode: &[u8]) -> Option<Mode> {
    let (&kind, rest) = mode.split_first()?;
    let (update, rest) = match rest.strip_prefix(b"+") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if !b"rwa".contains(&kind) || rest.iter().any(|&byte| byte != b'b') {
        return None;
    }
    Some(Mode { kind, update })
}

/// See [`parse_mode`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mode {
    /// `r`, `w` or `a`.
    kind: u8,
    /// Both directions.
    update: bool,
}

fn open_stream(name: &[u8], mode: Mode) -> io::Result<Stream> {
    let readable = mode.kind == b'r' || mode.update;
    let writable = mode.kind != b'r' || mode.update;
    let mut options = OpenOptions::new();
    options.read(readable);
    match mode.kind {
        b'r' => options.write(mode.update),
        b'w' => options.write(true).create(true).truncate(true),
        _ => options.append(true).create(true),
    };
    let path = host::path(name);
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        // A named pipe waits for its other end.
        waiting::announce();
    }
    let mut file: File = options.open(path)?;
    if mode.kind == b'a' && !mode.update {
        // Only its position as `seek` tells it; a device without positions has none.
        let _ = file.seek(SeekFrom::End(0));
    }
    Ok(Stream::new(Device::File(file), readable, writable))
}

/// Opens a file for `io.input`, `io.output` and `io.lines`.
fn open_or_raise<'gc>(cx: &mut Context<'gc>, name: &[u8], mode: &[u8]) -> Result<Value<'gc>> {
    let mode = parse_mode(mode).ok_or_else(|| Error::message("invalid mode"))?;
    match open_stream(name, mode) {
        Ok(stream) => Ok(file::opened(cx, stream, Closing::Plain).into()),
        Err(error) => {
            let why = host::describe(&error);
            Err(host::error(cx, &[b"cannot open file '", name, b"' (", why.as_bytes(), b")"].concat()))
        }
    }
}

fn open_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?.as_bytes();
    let mode = cx.optional_string(2)?.map_or(&b"r"[..], |mode| mode.as_bytes());
    let Some(mode) = parse_mode(mode) else { return Err(cx.argument_error(2, "invalid mode")) };
    match open_stream(name, mode) {
        Ok(stream) => {
            let object = file::opened(cx, stream, Closing::Plain);
            Ok(cx.returns(object))
        }
        Err(error) => host::failed(cx, &error, Some(name)),
    }
}

fn popen(cx: &mut Context<'_>) -> Result<Outcome> {
    let command = cx.check_string(1)?.as_bytes();
    let reading = match cx.optional_string(2)?.map_or(&b"r"[..], |mode| mode.as_bytes()) {
        b"r" => true,
        b"w" => false,
        _ => return Err(cx.argument_error(2, "invalid mode")),
    };
    let mut shell = host::shell(command);
    if reading {
        shell.stdout(Stdio::piped())
    } else {
        shell.stdin(Stdio::piped())
    };
    flush_due(cx);
    let mut child = match shell.spawn() {
        Ok(child) => child,
        Err(error) => return host::failed(cx, &error, Some(command)),
    };
    let device = match (child.stdout.take(), child.stdin.take()) {
        (Some(pipe), _) => Device::Child(pipe),
        (None, Some(pipe)) => Device::ToChild(pipe),
        (None, None) => return Err(Error::message("the program has no pipe")),
    };
    let object = file::opened(cx, Stream::new(device, reading, !reading), Closing::Wait(child));
    Ok(cx.returns(object))
}

fn tmpfile(cx: &mut Context<'_>) -> Result<Outcome> {
    match os::temporary::file() {
        Ok(file) => {
            let object = file::opened(cx, Stream::new(Device::File(file), true, true), Closing::Plain);
            Ok(cx.returns(object))
        }
        Err(error) => host::failed(cx, &error, None),
    }
}

fn type_of(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.check_any(1)?;
    let name: &[u8] = match file::file_of(value) {
        None => return Ok(cx.returns(Value::Nil)),
        Some(file) if file.is_closed() => b"closed file",
        Some(_) => b"file",
    };
    let name = cx.string(name)?;
    Ok(cx.returns(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mode: &str, expected: Option<(u8, bool)>) {
        assert_eq!(parse_mode(mode.as_bytes()), expected.map(|(kind, update)| Mode { kind, update }));
    }

    #[test]
    fn modes_are_a_letter_a_plus_and_a_b() {
        check("r", Some((b'r', false)));
        check("w+", Some((b'w', true)));
        check("a+b", Some((b'a', true)));
        check("rb", Some((b'r', false)));
        check("rbb", Some((b'r', false)));
        check("rb+", None);
        check("rw", None);
        check("", None);
        check("x", None);
        check("+", None);
    }
}
