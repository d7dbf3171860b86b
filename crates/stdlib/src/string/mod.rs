//! The `string` library (Lua 5.3 manual, section 6.4).
//!
//! Here are the functions that need no machinery of their own; searching, `format` and `pack` have their own files.
//! Strings are bytes: nothing here knows an encoding or a locale.

pub mod format;
pub mod pack;
pub mod pattern;
mod search;

use wippy_vm::{Context, Error, Library, Outcome, Result, Text, Value, library};

use crate::steps::{self, Next, Steps};

/// Longest string that `rep` makes, in bytes (chosen to equal the reference implementation).
const MAX_LENGTH: usize = i32::MAX as usize;

/// Bytes handled for one unit of fuel by plain copying.
pub(crate) const BYTES_PER_FUEL: usize = Text::BYTES_PER_FUEL;

/// Bytes handled between two looks at the fuel, at most (chosen: some microseconds of copying).
pub(crate) const PIECE: usize = 1 << 16;

/// Longest text that is changed in a buffer on the stack (chosen: few pages are touched for nothing).
const SHORT: usize = 256;

/// Values pushed or read between two looks at the fuel, at most (chosen: some ten microseconds).
const VALUES: usize = 1 << 12;

/// The library's rows.
pub static LIBRARY: Library = library!(
    "string",
    [
        /// The bytes of a range as numbers.
        ("byte", byte, "(s: string, i: integer?, j: integer?) -> (...integer)"),
        /// The text of some bytes.
        ("char", char, "(...integer) -> string"),
        /// A function as bytes that `load` takes.
        ("dump", dump, "(f: any, strip: boolean?) -> string"),
        /// Where a pattern first matches, with its captures.
        (
            "find",
            search::find,
            "(s: string, pattern: string, init: integer?, plain: boolean?) -> (integer?, integer?, ...any)"
        ),
        /// Text after a format, as C's `printf` makes it.
        ("format", format::format, "(format: string, ...any) -> string"),
        /// Goes through all matches of a pattern.
        ("gmatch", search::gmatch, "(s: string, pattern: string) -> () -> (...any)"),
        /// Replaces matches of a pattern; the text and how many there were.
        (
            "gsub",
            search::gsub,
            "(s: string, pattern: string, replacement: any, n: integer?) -> (string, integer)"
        ),
        /// The number of bytes.
        ("len", len, "(s: string) -> integer"),
        /// In small letters.
        ("lower", lower, "(s: string) -> string"),
        /// The captures of the first match, or nil.
        ("match", search::match_, "(s: string, pattern: string, init: integer?) -> (...any)"),
        /// Values as bytes of a layout.
        ("pack", pack::pack, "(format: string, ...any) -> string"),
        /// The size of a layout.
        ("packsize", pack::packsize, "(format: string) -> integer"),
        /// The text so many times.
        ("rep", rep, "(s: string, n: integer, separator: string?) -> string"),
        /// The bytes backwards.
        ("reverse", reverse, "(s: string) -> string"),
        /// The bytes of a range.
        ("sub", sub, "(s: string, i: integer, j: integer?) -> string"),
        /// The values of a layout in bytes, and where it ends.
        ("unpack", pack::unpack, "(format: string, s: string, position: integer?) -> (...any)"),
        /// In capital letters.
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
    let text = cx.check_string(1)?;
    let first = cx.optional_integer(2, 1)?;
    let last = cx.optional_integer(3, absolute(first, text.len()))?;
    let bytes = slice(text.as_bytes(), first, last);
    if let [byte] = bytes {
        return Ok(cx.returns(i64::from(*byte)));
    }
    if bytes.len() >= MAX_LENGTH {
        return Err(Error::message("string slice too long"));
    }
    cx.reserve_slots(bytes.len()).map_err(|_| Error::message("stack overflow (string slice too long)"))?;
    let count = bytes.len();
    cx.set(1, text);
    steps::run(Bytes { first, last, base: cx.len(), count }, cx)
}

/// `byte` of several bytes under way: slot 1 holds the text, the values follow slot `base`.
struct Bytes {
    first: i64,
    last: i64,
    base: usize,
    count: usize,
}

impl Steps for Bytes {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let text = cx.check_string(1)?;
        let bytes = slice(text.as_bytes(), self.first, self.last);
        loop {
            let done = cx.len() - self.base;
            let near = bytes.get(done..).unwrap_or(&[]);
            let near = &near[..near.len().min(VALUES)];
            for &byte in near {
                cx.push(i64::from(byte));
            }
            let fuel_left = cx.charge(near.len());
            if near.is_empty() || done + near.len() >= self.count {
                return Ok(Next::Return(done + near.len()));
            }
            if !fuel_left {
                return Ok(Next::Pause);
            }
        }
    }
}

fn char(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len();
    steps::run(Characters { bytes: Vec::with_capacity(count), count }, cx)
}

/// `char` under way: slots from 1 on hold the codes.
struct Characters {
    bytes: Vec<u8>,
    count: usize,
}

impl Steps for Characters {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        while self.bytes.len() < self.count {
            let end = self.count.min(self.bytes.len() + VALUES);
            let before = self.bytes.len();
            for index in before + 1..=end {
                let code = cx.check_integer(index)?;
                self.bytes
                    .push(u8::try_from(code).map_err(|_| cx.argument_error(index, "value out of range"))?);
            }
            if !cx.charge((end - before) / 4) && end < self.count {
                return Ok(Next::Pause);
            }
        }
        let text = cx.string(&self.bytes)?;
        cx.push(text);
        Ok(Next::Return(1))
    }
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
    mapped(cx, <[u8]>::make_ascii_lowercase)
}

fn upper(cx: &mut Context<'_>) -> Result<Outcome> {
    mapped(cx, <[u8]>::make_ascii_uppercase)
}

/// Answers with a text of the same length.
fn mapped(cx: &mut Context<'_>, map: fn(&mut [u8])) -> Result<Outcome> {
    let text = cx.check_string(1)?;
    if text.len() <= SHORT {
        return mapped_short(cx, text.as_bytes(), map);
    }
    cx.set(1, text);
    let mut out = Text::new();
    out.reserve_exact(cx, text.len())?;
    steps::run(Mapping { out, done: 0, map }, cx)
}

/// Answers with a short text that `map` has changed in place.
fn mapped_short(cx: &mut Context<'_>, text: &[u8], map: fn(&mut [u8])) -> Result<Outcome> {
    let mut buffer = [0; SHORT];
    let bytes = &mut buffer[..text.len()];
    bytes.copy_from_slice(text);
    map(bytes);
    let _ = cx.charge(text.len() / BYTES_PER_FUEL);
    let result = cx.string(bytes)?;
    Ok(cx.returns(result))
}

/// `lower` or `upper` under way; slot 1 holds the text.
struct Mapping {
    out: Text,
    done: usize,
    map: fn(&mut [u8]),
}

impl Steps for Mapping {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let text = cx.check_string(1)?;
        if !self.out.append_mapped(cx, text.as_bytes(), &mut self.done, self.map)? {
            return Ok(Next::Pause);
        }
        finished(cx, &mut self.out)
    }
}

/// The last step of a native that answers with one text.
fn finished(cx: &mut Context<'_>, out: &mut Text) -> Result<Next> {
    let text = cx.finish(std::mem::take(out))?;
    cx.push(text);
    Ok(Next::Return(1))
}

fn reverse(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?;
    if text.len() <= SHORT {
        return mapped_short(cx, text.as_bytes(), <[u8]>::reverse);
    }
    cx.set(1, text);
    let mut out = Text::new();
    out.reserve_exact(cx, text.len())?;
    steps::run(Reversal { out }, cx)
}

/// `reverse` under way; slot 1 holds the text.
struct Reversal {
    out: Text,
}

impl Steps for Reversal {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let text = cx.check_string(1)?.as_bytes();
        while self.out.len() < text.len() {
            let end = text.len() - self.out.len();
            let piece = &text[end.saturating_sub(PIECE)..end];
            let fuel_left = self.out.append_mapped(cx, piece, &mut 0, <[u8]>::reverse)? && cx.charge(0);
            if !fuel_left && self.out.len() < text.len() {
                return Ok(Next::Pause);
            }
        }
        finished(cx, &mut self.out)
    }
}

fn sub(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?;
    let first = cx.check_integer(2)?;
    let last = cx.optional_integer(3, -1)?;
    let part = slice(text.as_bytes(), first, last);
    if part.len() <= PIECE {
        let result = cx.string(part)?;
        return Ok(cx.returns(result));
    }
    cx.set(1, text);
    let mut out = Text::new();
    out.reserve_exact(cx, part.len())?;
    steps::run(Part { out, first, last, done: 0 }, cx)
}

/// `sub` of a long part under way; slot 1 holds the text.
struct Part {
    out: Text,
    first: i64,
    last: i64,
    done: usize,
}

impl Steps for Part {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let text = cx.check_string(1)?.as_bytes();
        if !self.out.append_some(cx, slice(text, self.first, self.last), &mut self.done)? {
            return Ok(Next::Pause);
        }
        finished(cx, &mut self.out)
    }
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
    let mut out = Text::new();
    out.reserve_exact(cx, total)?;
    cx.set(1, text);
    if let Some(separator) = separator {
        cx.set(3, separator);
    }
    steps::run(Repetition { out, unit, total, done: 0 }, cx)
}

/// `rep` under way: slot 1 holds the text, slot 3 the separator.
struct Repetition {
    out: Text,
    /// Length of text and separator together.
    unit: usize,
    total: usize,
    /// Bytes appended of what is being appended.
    done: usize,
}

impl Steps for Repetition {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let text = cx.check_string(1)?.as_bytes();
        let gap = match cx.get(3) {
            Value::String(separator) => separator.as_bytes(),
            _ => &[],
        };
        // Text and separator the first time, each in pieces.
        while self.out.len() < self.unit.min(self.total) {
            let written = self.out.len() - self.done;
            let part = if written < text.len() { text } else { gap };
            if part.is_empty() {
                // Only `debug.setlocal` can have changed the slots.
                return Err(Error::message("string changed while it was repeated"));
            }
            if !self.out.append_some(cx, part, &mut self.done)? {
                return Ok(Next::Pause);
            }
        }
        // What is there already is copied as a block; the last copy is cut at the end, where no separator belongs.
        while self.out.len() < self.total {
            let left = self.total - self.out.len();
            let length = if self.unit > PIECE {
                // The unit begins again `out.len() % unit` bytes before.
                let at = self.out.len() % self.unit;
                (self.unit - at).min(PIECE).min(left)
            } else {
                (PIECE / self.unit * self.unit).min(self.out.len() / self.unit * self.unit).min(left)
            };
            let from = if self.unit > PIECE { self.out.len() % self.unit } else { 0 };
            self.out.repeat(from, length);
            if !cx.charge(1 + length / BYTES_PER_FUEL) && self.out.len() < self.total {
                return Ok(Next::Pause);
            }
        }
        finished(cx, &mut self.out)
    }
}
