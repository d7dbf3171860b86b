//! Strings and numbers as JSON writes them.
//!
//! Pure. Characters that could end a script or a line in a web page are escaped always.

use std::io::Write;

/// Bytes that are not written as they are: control characters, `"`, `\`, `<`, `>`, `&`, and all but ASCII.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        special[byte] =
            byte < 0x20 || byte >= 0x80 || matches!(byte as u8, b'"' | b'\\' | b'<' | b'>' | b'&');
        byte += 1;
    }
    special
};

/// Writes a string in quotes; what is not UTF-8 becomes the replacement character.
pub(super) fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let length = rest.iter().position(|&byte| SPECIAL[usize::from(byte)]).unwrap_or(rest.len());
        let (plain, after) = rest.split_at(length);
        out.extend_from_slice(plain);
        let Some(&byte) = after.first() else { break };
        rest = if byte < 0x80 {
            write_escape(out, byte);
            &after[1..]
        } else {
            write_wide(out, after)
        };
    }
    out.push(b'"');
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

/// Writes the run of bytes beyond ASCII at the start of a text; answers with the rest.
fn write_wide<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> &'a [u8] {
    let length = text.iter().take_while(|&&byte| byte >= 0x80).count();
    let (run, rest) = text.split_at(length);
    for chunk in run.utf8_chunks() {
        let mut valid = chunk.valid();
        // The two line separators are the only characters that begin so.
        while let Some(at) = valid.find(['\u{2028}', '\u{2029}']) {
            let (before, separator) = valid.split_at(at);
            out.extend_from_slice(before.as_bytes());
            out.extend_from_slice(if separator.starts_with('\u{2028}') { b"\\u2028" } else { b"\\u2029" });
            valid = &separator[3..];
        }
        out.extend_from_slice(valid.as_bytes());
        for _ in chunk.invalid() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    rest
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
pub(super) fn write_bare_float(out: &mut Vec<u8>, float: f64) {
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
