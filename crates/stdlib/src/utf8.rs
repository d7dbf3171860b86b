//! The `utf8` library (Lua 5.3 manual, section 6.5).
//!
//! Encodes and decodes up to U+10FFFF; surrogates pass, overlong forms do not. Byte positions count from 1, as in
//! `string`.

use wippy_vm::{Context, Error, Library, Native, Outcome, Result, Value, library};

use crate::string::absolute;

/// Pattern that matches one sequence in a valid text.
const CHARPATTERN: &[u8] = b"[\0-\x7F\xC2-\xF4][\x80-\xBF]*";

/// Largest code point (specified).
const MAX_CODE: u32 = 0x10_FFFF;

/// The library's rows.
pub static LIBRARY: Library = library!(
    "utf8",
    [
        ("char", char, "(...integer) -> string"),
        ("codepoint", codepoint, "(s: string, i: integer?, j: integer?) -> (...integer)"),
        (
            "codes",
            codes,
            "(s: string) -> ((s: string, position: integer) -> (integer?, integer?), string, integer)"
        ),
        ("len", len, "(s: string, i: integer?, j: integer?) -> (integer?, integer?)"),
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
    while continues(text, at) {
        at += 1;
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
    let (mut at, end) = (first as usize - 1, usize::try_from(last).unwrap_or(0));
    let mut count = 0i64;
    while at < end {
        let Some((_, length)) = decode(&text[at..]) else {
            cx.push(Value::Nil);
            cx.push((at + 1) as i64);
            return Ok(cx.returns_top(2));
        };
        at += length;
        count += 1;
    }
    // One pass over memory is the longest step; it is paid for afterwards.
    let _ = cx.charge(count as usize);
    Ok(cx.returns(count))
}

fn offset(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?.as_bytes();
    let mut left = cx.check_integer(2)?;
    let default = if left >= 0 { 1 } else { text.len() as i64 + 1 };
    let start = absolute(cx.optional_integer(3, default)?, text.len());
    if start < 1 || start - 1 > text.len() as i64 {
        return Err(cx.argument_error(3, "position out of range"));
    }
    let mut at = start as usize - 1;
    if left == 0 {
        while at > 0 && continues(text, at) {
            at -= 1;
        }
        return Ok(cx.returns((at + 1) as i64));
    }
    if continues(text, at) {
        return Err(Error::message("initial position is a continuation byte"));
    }
    if left < 0 {
        while left < 0 && at > 0 {
            at -= 1;
            while at > 0 && continues(text, at) {
                at -= 1;
            }
            left += 1;
        }
    } else {
        left -= 1;
        while left > 0 && at < text.len() {
            at += 1;
            while continues(text, at) {
                at += 1;
            }
            left -= 1;
        }
    }
    Ok(if left == 0 { cx.returns((at + 1) as i64) } else { cx.returns(Value::Nil) })
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
