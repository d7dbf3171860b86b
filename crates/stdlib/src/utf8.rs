//! The `utf8` library (Lua 5.3 manual, section 6.5).
//!
//! Encodes and decodes up to U+10FFFF; surrogates pass, overlong forms do not. Byte positions count from 1, as in
//! `string`.

use wippy_vm::{Context, Error, Library, Native, Outcome, Result, Then, Value, library};

use crate::steps::{self, Next, Steps};
use crate::string::absolute;

/// Pattern that matches one sequence in a valid text.
const CHARPATTERN: &[u8] = b"[\0-\x7F\xC2-\xF4][\x80-\xBF]*";

/// Largest code point (specified).
const MAX_CODE: u32 = 0x10_FFFF;

/// Bytes looked at between two looks at the fuel, at most (chosen: some ten microseconds).
const PIECE: usize = 1 << 14;

/// Bytes looked at for one unit of fuel (chosen: about the price of one instruction).
const BYTES_PER_FUEL: usize = 4;

/// The library's rows.
pub static LIBRARY: Library = library!(
    "utf8",
    [
        /// The text of some code points.
        ("char", char, "(...integer) -> string"),
        /// The code points of a range.
        ("codepoint", codepoint, "(s: string, i: integer?, j: integer?) -> (...integer)"),
        /// Goes through positions and code points.
        (
            "codes",
            codes,
            "(s: string) -> ((s: string, position: integer) -> (integer?, integer?), string, integer)"
        ),
        /// The number of characters, or nil and where the text is not UTF-8.
        ("len", len, "(s: string, i: integer?, j: integer?) -> (integer?, integer?)"),
        /// The byte where the n-th character begins.
        ("offset", offset, "(s: string, n: integer, i: integer?) -> integer?"),
    ]
);

/// The library's fields that are no functions.
///
/// # Errors
/// When the memory limit would be passed.
pub(crate) fn constants<'gc>(cx: &mut Context<'gc>, table: wippy_vm::Table<'gc>) -> Result<()> {
    let pattern = cx.string(CHARPATTERN)?;
    cx.set_field(table, "charpattern", pattern)
}

/// The code point at the front of `text` and the length of its sequence; nothing if the sequence is invalid.
#[must_use]
pub fn decode(text: &[u8]) -> Option<(u32, usize)> {
    let first = *text.first()?;
    let (length, smallest) = match first {
        0..=0x7F => return Some((u32::from(first), 1)),
        0xC0..=0xDF => (2, 0x80),
        0xE0..=0xEF => (3, 0x800),
        0xF0..=0xF7 => (4, 0x1_0000),
        _ => return None,
    };
    let rest = text.get(1..length)?;
    let start = u32::from(first) & (0x7F >> length);
    let code = rest
        .iter()
        .try_fold(start, |code, &byte| is_continuation(byte).then(|| code << 6 | u32::from(byte & 0x3F)))?;
    (smallest..=MAX_CODE).contains(&code).then_some((code, length))
}

/// Appends the sequence of `code`, which is at most U+10FFFF.
pub fn encode(out: &mut Vec<u8>, code: u32) {
    let continuation = |shift: u32| 0x80 | (code >> shift & 0x3F) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend_from_slice(&[0xC0 | (code >> 6) as u8, continuation(0)]),
        0x800..0x1_0000 => {
            out.extend_from_slice(&[0xE0 | (code >> 12) as u8, continuation(6), continuation(0)]);
        }
        _ => out.extend_from_slice(&[
            0xF0 | (code >> 18) as u8,
            continuation(12),
            continuation(6),
            continuation(0),
        ]),
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

fn continues(text: &[u8], at: usize) -> bool {
    text.get(at).copied().is_some_and(is_continuation)
}

fn invalid() -> Error {
    Error::message("invalid UTF-8 code")
}

fn char(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut out = Vec::new();
    for index in 1..=cx.len() {
        let code = u32::try_from(cx.check_integer(index)?).ok().filter(|&code| code <= MAX_CODE);
        encode(&mut out, code.ok_or_else(|| cx.argument_error(index, "value out of range"))?);
    }
    let text = cx.string(&out)?;
    Ok(cx.returns(text))
}

fn codepoint(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.as_bytes();
    let first = absolute(cx.optional_integer(2, 1)?, text.len());
    let last = absolute(cx.optional_integer(3, first)?, text.len());
    if first < 1 {
        return Err(cx.argument_error(2, "out of range"));
    }
    if last > text.len() as i64 {
        return Err(cx.argument_error(3, "out of range"));
    }
    let (mut at, end) = (first as usize - 1, last as usize);
    let mut count = 0;
    while at < end {
        let (code, length) = decode(&text[at..]).ok_or_else(invalid)?;
        cx.reserve_slots(1).map_err(|_| Error::message("stack overflow (string slice too long)"))?;
        cx.push(i64::from(code));
        at += length;
        count += 1;
    }
    let _ = cx.charge(count);
    Ok(cx.returns_top(count))
}

static CODES_STEP: Native = Native {
    name: "codes_step",
    function: codes_step,
    signature: "(s: string, position: integer) -> (integer?, integer?)",
};

fn codes(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?;
    cx.push(&CODES_STEP);
    cx.push(text);
    cx.push(0);
    Ok(cx.returns_top(3))
}

fn codes_step(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.as_bytes();
    // Behind the sequence that begins at the byte before, counted from 0.
    let mut at = usize::try_from(cx.optional_integer(2, 0)?).unwrap_or(0);
    let near = at.saturating_add(PIECE);
    while continues(text, at) {
        at += 1;
        if at > near && !cx.charge(PIECE) {
            // From there it goes on in the same way.
            cx.set(2, at as i64);
            return Ok(cx.pause(Then::Step(codes_step)));
        }
    }
    if at >= text.len() {
        return Ok(cx.returns_none());
    }
    let (code, length) = decode(&text[at..]).ok_or_else(invalid)?;
    if continues(text, at + length) {
        return Err(invalid());
    }
    cx.push((at + 1) as i64);
    cx.push(i64::from(code));
    Ok(cx.returns_top(2))
}

fn len(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.as_bytes();
    let first = absolute(cx.optional_integer(2, 1)?, text.len());
    let last = absolute(cx.optional_integer(3, -1)?, text.len());
    if first < 1 || first - 1 > text.len() as i64 {
        return Err(cx.argument_error(2, "initial position out of string"));
    }
    if last > text.len() as i64 {
        return Err(cx.argument_error(3, "final position out of string"));
    }
    let text = cx.check_string(1)?;
    cx.set(1, text);
    steps::run(Counting { at: first as usize - 1, end: usize::try_from(last).unwrap_or(0), count: 0 }, cx)
}

/// `len` under way; slot 1 holds the text.
struct Counting {
    at: usize,
    end: usize,
    count: i64,
}

impl Steps for Counting {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let text = cx.check_string(1)?.as_bytes();
        loop {
            let start = self.at;
            let near = self.end.min(start.saturating_add(PIECE));
            while self.at < near {
                let Some((_, length)) = text.get(self.at..).and_then(decode) else {
                    cx.push(Value::Nil);
                    cx.push((self.at + 1) as i64);
                    return Ok(Next::Return(2));
                };
                self.at += length;
                self.count += 1;
            }
            let fuel_left = cx.charge((self.at - start) / BYTES_PER_FUEL);
            if self.at >= self.end {
                cx.push(self.count);
                return Ok(Next::Return(1));
            }
            if !fuel_left {
                return Ok(Next::Pause);
            }
        }
    }
}

fn offset(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?;
    let length = text.len();
    let left = cx.check_integer(2)?;
    let default = if left >= 0 { 1 } else { length as i64 + 1 };
    let start = absolute(cx.optional_integer(3, default)?, length);
    if start < 1 || start - 1 > length as i64 {
        return Err(cx.argument_error(3, "position out of range"));
    }
    let at = start as usize - 1;
    if left != 0 && continues(text.as_bytes(), at) {
        return Err(Error::message("initial position is a continuation byte"));
    }
    cx.set(1, text);
    // The sequence at hand is the first one on the way to the right.
    steps::run(Seeking { at, left: if left > 0 { left - 1 } else { left }, to_start: left == 0 }, cx)
}

/// `offset` under way; slot 1 holds the text.
struct Seeking {
    at: usize,
    /// Sequences still to be passed, to the left if negative.
    left: i64,
    /// Only the start of the sequence at hand is wanted.
    to_start: bool,
}

impl Steps for Seeking {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        let text = cx.check_string(1)?.as_bytes();
        let mut work = 0;
        // Each turn passes one byte; a sequence is passed when its first byte is reached.
        loop {
            let moving = if self.to_start { self.at > 0 && continues(text, self.at) } else { self.left != 0 };
            if !moving {
                break;
            }
            if self.to_start || self.left < 0 {
                if self.at == 0 {
                    break;
                }
                self.at -= 1;
                if !self.to_start && (self.at == 0 || !continues(text, self.at)) {
                    self.left += 1;
                }
            } else {
                if self.at >= text.len() {
                    break;
                }
                self.at += 1;
                if !continues(text, self.at) {
                    self.left -= 1;
                }
            }
            work += 1;
            if work == PIECE {
                if !cx.charge(PIECE / BYTES_PER_FUEL) {
                    return Ok(Next::Pause);
                }
                work = 0;
            }
        }
        let _ = cx.charge(work / BYTES_PER_FUEL);
        cx.push(if self.left == 0 { Value::Integer(self.at as i64 + 1) } else { Value::Nil });
        Ok(Next::Return(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_point_survives_the_round_trip() {
        for code in 0..=MAX_CODE {
            let mut out = Vec::new();
            encode(&mut out, code);
            assert_eq!(decode(&out), Some((code, out.len())));
        }
    }

    #[test]
    fn invalid_sequences_are_refused() {
        for text in [
            &b""[..],
            b"\x80",
            b"\xC0\x80",
            b"\xC1\xBF",
            b"\xE0\x9F\xBF",
            b"\xF0\x8F\xBF\xBF",
            b"\xF4\x90\x80\x80",
            b"\xF8\x88\x80\x80\x80",
            b"\xC3",
            b"\xE2\x82",
            b"\xC3(",
            b"\xFF",
        ] {
            assert_eq!(decode(text), None, "{text:x?}");
        }
        assert_eq!(decode(b"\xED\xA0\x80"), Some((0xD800, 3)), "surrogates pass");
    }
}
