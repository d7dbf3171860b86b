//! The `string` library (Lua 5.3 manual, section 6.4).
//!
//! Here are the functions that need no machinery of their own; searching, `format` and `pack` have their own files.
//! Strings are bytes: nothing here knows an encoding or a locale.

pub mod format;
pub mod pack;
pub mod pattern;
mod search;

use wippy_vm::{Context, Error, Library, Outcome, Result, Value, library};

use crate::steps::{self, Next, Steps};

/// Longest string that `rep` makes, in bytes (chosen to equal the reference implementation).
const MAX_LENGTH: usize = i32::MAX as usize;

/// Bytes handled for one unit of fuel by plain copying (chosen: about the price of one instruction).
pub(crate) const BYTES_PER_FUEL: usize = 64;

/// The library's rows.
pub static LIBRARY: Library = library!(
    "string",
    [
        ("byte", byte, "(s: string, i: integer?, j: integer?) -> (...integer)"),
        ("char", char, "(...integer) -> string"),
        ("dump", dump, "(f: function, strip: boolean?) -> string"),
        (
            "find",
            search::find,
            "(s: string, pattern: string, init: integer?, plain: boolean?) -> (integer?, integer?, ...any)"
        ),
        ("format", format::format, "(format: string, ...any) -> string"),
        ("gmatch", search::gmatch, "(s: string, pattern: string) -> () -> (...any)"),
        (
            "gsub",
            search::gsub,
            "(s: string, pattern: string, replacement: string | number | table | function, n: integer?) -> (string, integer)"
        ),
        ("len", len, "(s: string) -> integer"),
        ("lower", lower, "(s: string) -> string"),
        ("match", search::match_, "(s: string, pattern: string, init: integer?) -> (...any)"),
        ("pack", pack::pack, "(format: string, ...any) -> string"),
        ("packsize", pack::packsize, "(format: string) -> integer"),
        ("rep", rep, "(s: string, n: integer, separator: string?) -> string"),
        ("reverse", reverse, "(s: string) -> string"),
        ("sub", sub, "(s: string, i: integer, j: integer?) -> string"),
        ("unpack", pack::unpack, "(format: string, s: string, position: integer?) -> (...any)"),
        ("upper", upper, "(s: string) -> string"),
    ]
);

pub(crate) use search::gmatch;

/// Gives all strings a metatable whose `__index` is the library, so that `s:rep(n)` works.
pub(crate) fn complete<'gc>(cx: &mut Context<'gc>, library: wippy_vm::Table<'gc>) -> Result<()> {
    let metatable = cx.table(0, 1)?;
    cx.set_field(metatable, "__index", library)?;
    let example = cx.string(b"")?;
    cx.set_metatable(example.into(), Some(metatable));
    Ok(())
}

/// An index from the script, counted from the end if negative, as one counted from 1; zero if before the start.
pub(crate) fn absolute(index: i64, length: usize) -> i64 {
    if index >= 0 { index } else { (index + length as i64 + 1).max(0) }
}

/// The bytes from `first` to `last`, as `sub` and `byte` clip them.
fn slice(text: &[u8], first: i64, last: i64) -> &[u8] {
    let first = absolute(first, text.len()).max(1) as usize;
    let last = absolute(last, text.len()).min(text.len() as i64) as usize;
    text.get(first - 1..last).unwrap_or(&[])
}

fn byte(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.as_bytes();
    let first = cx.optional_integer(2, 1)?;
    let last = cx.optional_integer(3, absolute(first, text.len()))?;
    let bytes = slice(text, first, last);
    if let [byte] = bytes {
        return Ok(cx.returns(i64::from(*byte)));
    }
    if bytes.len() >= MAX_LENGTH {
        return Err(Error::message("string slice too long"));
    }
    cx.reserve_slots(bytes.len()).map_err(|_| Error::message("stack overflow (string slice too long)"))?;
    for &byte in bytes {
        cx.push(i64::from(byte));
    }
    Ok(cx.returns_top(bytes.len()))
}

fn char(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len();
    let mut bytes = Vec::with_capacity(count);
    for index in 1..=count {
        let code = cx.check_integer(index)?;
        bytes.push(u8::try_from(code).map_err(|_| cx.argument_error(index, "value out of range"))?);
    }
    let text = cx.string(&bytes)?;
    Ok(cx.returns(text))
}

fn dump(cx: &mut Context<'_>) -> Result<Outcome> {
    let function = cx.check_function(1)?;
    let strip = cx.get(2).is_truthy();
    let Value::Closure(closure) = function else {
        return Err(Error::message("unable to dump given function"));
    };
    let Some(bytes) = cx.dump(closure, strip) else {
        return Err(Error::message("unable to dump a function that mentions types"));
    };
    let text = cx.string(&bytes)?;
    Ok(cx.returns(text))
}

fn len(cx: &mut Context<'_>) -> Result<Outcome> {
    let length = cx.check_string(1)?.len();
    Ok(cx.returns(length as i64))
}

fn lower(cx: &mut Context<'_>) -> Result<Outcome> {
    mapped(cx, |text| text.to_ascii_lowercase())
}

fn upper(cx: &mut Context<'_>) -> Result<Outcome> {
    mapped(cx, |text| text.to_ascii_uppercase())
}

fn reverse(cx: &mut Context<'_>) -> Result<Outcome> {
    mapped(cx, |text| text.iter().rev().copied().collect())
}

/// Answers with a text of the same length.
fn mapped(cx: &mut Context<'_>, map: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Outcome> {
    let text = cx.check_string(1)?.as_bytes();
    cx.check_room(text.len())?;
    // One pass over memory is the longest step; it is paid for afterwards.
    let _ = cx.charge(text.len() / BYTES_PER_FUEL);
    let result = cx.string(&map(text))?;
    Ok(cx.returns(result))
}

fn sub(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.as_bytes();
    let first = cx.check_integer(2)?;
    let last = cx.optional_integer(3, -1)?;
    let result = cx.string(slice(text, first, last))?;
    Ok(cx.returns(result))
}

fn rep(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?;
    let count = cx.check_integer(2)?;
    let separator = cx.optional_string(3)?;
    let gap = separator.map_or(0, |separator| separator.len());
    if count <= 0 {
        let empty = cx.string(b"")?;
        return Ok(cx.returns(empty));
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let unit = text.len() + gap;
    if unit > MAX_LENGTH / count {
        return Err(Error::message("resulting string too large"));
    }
    let total = unit * count - gap;
    cx.check_room(total)?;
    cx.set(1, text);
    if let Some(separator) = separator {
        cx.set(3, separator);
    }
    steps::run(Repetition { out: Vec::with_capacity(total), total }, cx)
}

/// `rep` under way: slot 1 holds the text, slot 3 the separator, `out` a whole number of both.
struct Repetition {
    out: Vec<u8>,
    total: usize,
}

impl Steps for Repetition {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        /// Bytes appended between two looks at the fuel.
        const CHUNK: usize = 1 << 20;
        if self.out.is_empty() {
            self.out.extend_from_slice(cx.check_string(1)?.as_bytes());
            if let Value::String(separator) = cx.get(3) {
                self.out.extend_from_slice(separator.as_bytes());
            }
        }
        // What is there already is copied as a block; the last copy is cut at the end, where no separator belongs.
        let unit = self.out.len();
        while self.out.len() < self.total {
            let length = self.out.len().min(CHUNK / unit.min(CHUNK) * unit).min(self.total - self.out.len());
            self.out.extend_from_within(..length);
            if !cx.charge(1 + length / BYTES_PER_FUEL) && self.out.len() < self.total {
                return Ok(Next::Pause);
            }
        }
        self.out.truncate(self.total);
        let text = cx.string(&self.out)?;
        cx.push(text);
        Ok(Next::Return(1))
    }
}
