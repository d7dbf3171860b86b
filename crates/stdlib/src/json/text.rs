//! Strings and numbers as JSON writes them.
//!
//! Pure. Characters that could end a script or a line in a web page are escaped always.

use std::io::Write;

/// Bytes that are not written as they are: control characters, `"`, `\`, `<`, `>`, `&`; and the byte that begins the two
/// line separators.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        special[byte] = byte < 0x20 || matches!(byte as u8, b'"' | b'\\' | b'<' | b'>' | b'&' | SEPARATOR);
        byte += 1;
    }
    special
};

/// First byte of U+2028 and U+2029, among others.
const SEPARATOR: u8 = 0xe2;

const fn repeated(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Whether a byte of the word is zero; may be wrong in saying so.
fn may_have_zero(word: u64) -> u64 {
    word.wrapping_sub(repeated(1)) & !word
}

/// The first special byte of a text.
#[inline]
fn first_special(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(bytes) = text.get(at..at + 8)
        && let Ok(bytes) = <[u8; 8]>::try_from(bytes)
    {
        let word = u64::from_le_bytes(bytes);
        // The bits beside the highest of each byte are noise. `<` and `>` differ in one bit.
        let found = may_have_zero(word ^ repeated(b'"'))
            | may_have_zero(word ^ repeated(b'\\'))
            | may_have_zero((word | repeated(2)) ^ repeated(b'>'))
            | may_have_zero(word ^ repeated(b'&'))
            | (word.wrapping_sub(repeated(0x20)) & !word)
            | may_have_zero(word ^ repeated(SEPARATOR));
        if found & repeated(0x80) != 0
            && let Some(index) = bytes.iter().position(|&byte| SPECIAL[usize::from(byte)])
        {
            return Some(at + index);
        }
        at += 8;
    }
    text[at..].iter().position(|&byte| SPECIAL[usize::from(byte)]).map(|index| at + index)
}

/// Adds a string in quotes, as people read it best: only what must be is escaped, and control characters.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Writes a string in quotes; each byte that is not UTF-8 becomes the replacement character.
pub(super) fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if std::str::from_utf8(text).is_ok() {
        write_valid(out, text);
    } else {
        write_valid(out, &repaired(text));
    }
    out.push(b'"');
}

#[cold]
fn repaired(text: &[u8]) -> Vec<u8> {
    let mut repaired = Vec::with_capacity(text.len() + 16);
    for chunk in text.utf8_chunks() {
        repaired.extend_from_slice(chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            repaired.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    repaired
}

fn write_valid(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(length) = first_special(rest) {
        let (plain, after) = rest.split_at(length);
        out.extend_from_slice(plain);
        rest = match after {
            [SEPARATOR, 0x80, last @ (0xa8 | 0xa9), rest @ ..] => {
                out.extend_from_slice(if *last == 0xa8 { b"\\u2028" } else { b"\\u2029" });
                rest
            }
            [SEPARATOR, second, third, rest @ ..] => {
                out.extend_from_slice(&[SEPARATOR, *second, *third]);
                rest
            }
            [byte, rest @ ..] => {
                write_escape(out, *byte);
                rest
            }
            [] => after,
        };
    }
    out.extend_from_slice(rest);
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        8 => b'b',
        12 => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

/// Writes an integer.
pub(super) fn write_integer(out: &mut Vec<u8>, integer: i64) {
    wippy_vm::number::write_integer(out, integer);
}

/// The integer that a float is, if it is one that fits.
fn integral(float: f64) -> Option<i64> {
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    (fits && float.trunc() == float).then_some(float as i64)
}

/// Writes a float inside a list or object: without exponent, whole ones without fraction.
pub(super) fn write_float(out: &mut Vec<u8>, float: f64) {
    if let Some(integer) = integral(float) {
        write_integer(out, integer);
    } else if float.is_finite() {
        // Writing to a vector does not fail.
        let _ = write!(out, "{float}");
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Writes a float that stands alone: very large and very small ones with an exponent.
pub(crate) fn write_bare_float(out: &mut Vec<u8>, float: f64) {
    let size = float.abs();
    if float == 0.0 && float.is_sign_negative() {
        out.extend_from_slice(b"-0");
    } else if float.is_finite() && size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{float:e}");
        let sign = if size >= 1.0 { "e+" } else { "e" };
        out.extend_from_slice(text.replace('e', sign).as_bytes());
    } else {
        write_float(out, float);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &[u8]) -> String {
        let mut out = Vec::new();
        write_string(&mut out, text);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(string(b""), r#""""#);
        assert_eq!(
            string(b"a\"\\/\x08\x0c\n\r\t\x00\x1f\x7f"),
            "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\""
        );
        assert_eq!(string(b"<a>&"), r#""\u003ca\u003e\u0026""#);
        assert_eq!(string("é\u{2028}ü\u{2029}".as_bytes()), "\"é\\u2028ü\\u2029\"");
        assert_eq!(string(b"a\xffb\xc3\xe2\x82z"), "\"a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}z\"");
    }

    #[test]
    fn floats_inside_and_alone() {
        let inside = |float| {
            let mut out = Vec::new();
            write_float(&mut out, float);
            String::from_utf8(out).expect("ASCII")
        };
        let alone = |float| {
            let mut out = Vec::new();
            write_bare_float(&mut out, float);
            String::from_utf8(out).expect("ASCII")
        };
        assert_eq!([inside(1.0), inside(3e2), inside(0.1), inside(1e-7)], ["1", "300", "0.1", "0.0000001"]);
        assert_eq!([inside(-0.0), inside(f64::NAN), inside(f64::INFINITY)], ["0", "null", "null"]);
        assert_eq!(inside(1e300).len(), 301);
        assert_eq!([alone(1e-7), alone(1e21), alone(-0.0)], ["1e-7", "1e+21", "-0"]);
        assert_eq!(
            [alone(1.5e-10), alone(1e20), alone(0.000001)],
            ["1.5e-10", "100000000000000000000", "0.000001"]
        );
        assert_eq!([alone(0.0), alone(f64::NAN)], ["0", "null"]);
    }
}
