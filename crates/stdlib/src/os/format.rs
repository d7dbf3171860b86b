//! `strftime` in the C locale, for `os.date`.
//!
//! Pure. Invariant: the conversions that are accepted are those of C99, as in the reference implementation.

use super::calendar::{self, DAYS, MONTHS, Moment};
use super::zone::Offset;
use crate::host;

/// Conversions of one letter, and those that `%E` and `%O` may modify.
const PLAIN: &[u8] = b"aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%";
const ERA: &[u8] = b"cCxXyY";
const DIGITS: &[u8] = b"deHImMSuUVwWy";

/// A conversion that is not one: the format from there on.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct InvalidConversion(pub(super) Vec<u8>);

/// Replaces the conversions in a format.
pub(super) fn format(format: &[u8], moment: &Moment, offset: &Offset) -> Result<Vec<u8>, InvalidConversion> {
    let mut out = Vec::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let (letter, length) = match *rest {
            [b'E', letter, ..] if ERA.contains(&letter) => (letter, 2),
            [b'O', letter, ..] if DIGITS.contains(&letter) => (letter, 2),
            [letter, ..] if PLAIN.contains(&letter) => (letter, 1),
            _ => return Err(InvalidConversion(shown(rest))),
        };
        convert(&mut out, letter, moment, offset);
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// The rest of a format as a message shows it, up to the zero that ends a text in C.
fn shown(rest: &[u8]) -> Vec<u8> {
    [b"%", host::c_text(rest)].concat()
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a vector does not fail.
    let _ = std::io::Write::write_fmt(out, text);
}

pub(super) fn convert(out: &mut Vec<u8>, letter: u8, m: &Moment, offset: &Offset) {
    let compound = |out: &mut Vec<u8>, letters: &[u8], separator: &[u8]| {
        for (n, &letter) in letters.iter().enumerate() {
            if n > 0 {
                out.extend_from_slice(separator);
            }
            convert(out, letter, m, offset);
        }
    };
    let name = |names: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|at| names.get(at).copied())
    };
    let day = name(&DAYS, m.weekday).unwrap_or("?");
    let month = name(&MONTHS, m.month).unwrap_or("?");
    let hour12 = if m.hour % 12 == 0 { 12 } else { m.hour % 12 };
    match letter {
        b'a' => push(out, format_args!("{day:.3}")),
        b'A' => push(out, format_args!("{day}")),
        b'b' | b'h' => push(out, format_args!("{month:.3}")),
        b'B' => push(out, format_args!("{month}")),
        b'c' => compound(out, b"abeTY", b" "),
        b'C' => push(out, format_args!("{:02}", m.year.div_euclid(100))),
        b'd' => push(out, format_args!("{:02}", m.day)),
        b'D' | b'x' => compound(out, b"mdy", b"/"),
        b'e' => push(out, format_args!("{:2}", m.day)),
        b'F' => compound(out, b"Ymd", b"-"),
        b'g' => push(out, format_args!("{:02}", m.iso_week().0.rem_euclid(100))),
        b'G' => push(out, format_args!("{}", m.iso_week().0)),
        b'H' => push(out, format_args!("{:02}", m.hour)),
        b'I' => push(out, format_args!("{hour12:02}")),
        b'j' => push(out, format_args!("{:03}", m.day_of_year + 1)),
        b'm' => push(out, format_args!("{:02}", m.month + 1)),
        b'M' => push(out, format_args!("{:02}", m.minute)),
        b'n' => out.push(b'\n'),
        b'p' => push(out, format_args!("{}", if m.hour < 12 { "AM" } else { "PM" })),
        b'r' => {
            compound(out, b"IMS", b":");
            out.push(b' ');
            convert(out, b'p', m, offset);
        }
        b'R' => compound(out, b"HM", b":"),
        b'S' => push(out, format_args!("{:02}", m.second)),
        b't' => out.push(b'\t'),
        b'T' | b'X' => compound(out, b"HMS", b":"),
        b'u' => push(out, format_args!("{}", if m.weekday == 0 { 7 } else { m.weekday })),
        b'U' => push(out, format_args!("{:02}", m.week(0))),
        b'V' => push(out, format_args!("{:02}", m.iso_week().1)),
        b'w' => push(out, format_args!("{}", m.weekday)),
        b'W' => push(out, format_args!("{:02}", m.week(1))),
        b'y' => push(out, format_args!("{:02}", m.year.rem_euclid(100))),
        b'Y' => push(out, format_args!("{}", m.year)),
        b'z' => {
            let minutes = offset.seconds.abs() / 60;
            let sign = if offset.seconds < 0 { '-' } else { '+' };
            push(out, format_args!("{sign}{:02}{:02}", minutes / 60, minutes % 60));
        }
        b'Z' => push(out, format_args!("{}", offset.name)),
        other => out.push(other),
    }
}

/// The fields of `os.date("*t")`, in the order in which they are set.
pub(super) fn fields(m: &Moment) -> [(&'static str, i64); 8] {
    debug_assert!(calendar::split(calendar::seconds_from(m.year, m.month, m.day, 0, 0, 0)).is_some());
    [
        ("sec", m.second),
        ("min", m.minute),
        ("hour", m.hour),
        ("day", m.day),
        ("month", m.month + 1),
        ("year", m.year),
        ("wday", m.weekday + 1),
        ("yday", m.day_of_year + 1),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, seconds: i64, expected: &str) {
        let moment = calendar::split(seconds).expect("fits");
        let result = format(text.as_bytes(), &moment, &Offset::universal("GMT"));
        assert_eq!(result.map(|text| String::from_utf8_lossy(&text).into_owned()), Ok(expected.to_owned()));
    }

    #[test]
    fn conversions_of_the_c_locale() {
        check("%c", 1_000_000_000, "Sun Sep  9 01:46:40 2001");
        check(
            "%D %F %r %R %T %x %X",
            1_000_000_000,
            "09/09/01 2001-09-09 01:46:40 AM 01:46 01:46:40 09/09/01 01:46:40",
        );
        check("%j %U %V %W %G %g %u %w", 1_000_000_000, "252 36 36 36 2001 01 7 0");
        check("%Ec|%Od|%%|%z|%Z", 0, "Thu Jan  1 00:00:00 1970|01|%|+0000|GMT");
        check("%C %y %I %p", -69_120_000, "19 67 12 AM");
    }

    #[test]
    fn anything_else_is_refused() {
        let moment = calendar::split(0).expect("fits");
        for (text, shown) in
            [("%", "%"), ("%q", "%q"), ("%Eq", "%Eq"), ("%E", "%E"), ("%s x", "%s x"), ("x%Oa", "%Oa")]
        {
            let result = format(text.as_bytes(), &moment, &Offset::universal("GMT"));
            assert_eq!(result, Err(InvalidConversion(shown.as_bytes().to_vec())));
        }
    }
}
