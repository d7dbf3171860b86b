//! Numerals: the number that a text denotes.
//!
//! A numeral may be megabytes long, and it is read in one piece: whatever its length, each byte is looked at once or
//! twice by a loop that handles many at a time, and only as many digits are kept as can change the result.

use std::fmt::Write;

use super::Number;

/// Significant decimal digits that decide which float is nearest, whatever follows them: the point in the middle between
/// two neighbours has at most 767. Of the others it only matters whether one is not zero.
const DECISIVE_DIGITS: usize = 768;

/// The number `text` denotes by the rules of the lexer, with white space and a sign allowed around and before it
/// (section 3.4.3).
#[must_use]
pub fn parse(text: &[u8]) -> Option<Number> {
    let text = trim(text);
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    if let [b'0', b'x' | b'X', hexadecimal @ ..] = digits {
        return parse_hexadecimal(hexadecimal, negative);
    }
    if let Some(integer) = parse_decimal_integer(digits, negative) {
        return Some(Number::Integer(integer));
    }
    let magnitude = parse_decimal_float(digits)?;
    Some(Number::Float(if negative { -magnitude } else { magnitude }))
}

/// `text` without the white space of the C locale at both ends.
#[must_use]
pub fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: u8| (byte == b' ') | (byte.wrapping_sub(9) < 5);
    let text = &text[run(text, is_space)..];
    // Most have none behind, few have much.
    let all = |chunk: &&[u8]| chunk.iter().fold(true, |all, &byte| all & is_space(byte));
    let spaces = RUN * text.rchunks_exact(RUN).take_while(all).count();
    let text = &text[..text.len() - spaces];
    let end = text.iter().rposition(|&byte| !is_space(byte)).map_or(0, |last| last + 1);
    &text[..end]
}

/// Bytes that [`run`] looks at together.
const RUN: usize = 32;

/// Number of bytes at the front that are `wanted`. A predicate without branches is applied to many bytes at a time.
#[inline]
fn run(text: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    let whole = text.chunks_exact(RUN).take_while(|chunk| {
        // Without a way out in the middle.
        chunk.iter().fold(true, |all, &byte| all & wanted(byte))
    });
    let at = RUN * whole.count();
    let rest = &text[at..];
    at + rest.iter().position(|&byte| !wanted(byte)).unwrap_or(rest.len())
}

fn is_digit(byte: u8) -> bool {
    byte.wrapping_sub(b'0') < 10
}

fn is_hex_digit(byte: u8) -> bool {
    is_digit(byte) | ((byte | 0x20).wrapping_sub(b'a') < 6)
}

fn is_zero(byte: u8) -> bool {
    byte == b'0'
}

/// Takes the run of `wanted` bytes off the front.
#[inline]
fn take_run<'a>(text: &mut &'a [u8], wanted: impl Fn(u8) -> bool) -> &'a [u8] {
    let (front, rest) = text.split_at(run(text, wanted));
    *text = rest;
    front
}

/// The digits as an integer, unless there are none, others than digits, or too many: then they may be a float.
fn parse_decimal_integer(digits: &[u8], negative: bool) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let magnitude = digits[run(digits, is_zero)..].iter().try_fold(0u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })?;
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// The digits of a numeral: those that count, and where the point is.
struct Digits<'a> {
    /// From the first one that is not zero.
    significant: [&'a [u8]; 2],
    /// Digits from there to the point; negative if it is before them.
    point: i64,
}

impl<'a> Digits<'a> {
    /// Takes digits off the front, with a point before, between or behind them; nothing if there are none.
    #[inline]
    fn take(text: &mut &'a [u8], is_digit: impl Fn(u8) -> bool) -> Option<Digits<'a>> {
        let whole = take_run(text, &is_digit);
        let mut fraction: &[u8] = &[];
        if let Some((b'.', behind)) = text.split_first() {
            *text = behind;
            fraction = take_run(text, &is_digit);
        }
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        let significant = &whole[run(whole, is_zero)..];
        if !significant.is_empty() {
            return Some(Digits { significant: [significant, fraction], point: significant.len() as i64 });
        }
        let zeros = run(fraction, is_zero);
        Some(Digits { significant: [&fraction[zeros..], &[]], point: -(zeros as i64) })
    }

    /// The first `count` significant digits, and whether one of the others is not zero.
    fn first(&self, count: usize) -> (impl Iterator<Item = u8>, bool) {
        let [front, back] = self.significant;
        let (front, front_rest) = front.split_at(count.min(front.len()));
        let (back, back_rest) = back.split_at((count - front.len()).min(back.len()));
        let more = [front_rest, back_rest].into_iter().any(|rest| run(rest, is_zero) < rest.len());
        (front.iter().chain(back).copied(), more)
    }
}

/// Digits with a point among them or an exponent behind, as the lexer wants them; no names such as `inf`.
fn parse_decimal_float(text: &[u8]) -> Option<f64> {
    let mut rest = text;
    let digits = Digits::take(&mut rest, is_digit)?;
    let power = if rest.is_empty() { 0 } else { exponent(rest, b'e')? };
    if text.len() <= DECISIVE_DIGITS {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let mut short = String::with_capacity(DECISIVE_DIGITS + 32);
    let (first, more) = digits.first(DECISIVE_DIGITS);
    short.push('.');
    short.extend(first.map(char::from));
    // Also the digit of a zero, which has no significant ones.
    short.push(if more { '1' } else { '0' });
    // Cannot fail: a string takes what is written.
    let _ = write!(short, "e{}", power.saturating_add(digits.point));
    short.parse().ok()
}

/// The exponent that `text` consists of: `letter` in either case, a sign, digits. A huge one is clipped.
fn exponent(text: &[u8], letter: u8) -> Option<i64> {
    /// Digits of what need not be clipped: more than the digits of a string can make up for.
    const MOST: usize = 12;

    let (&first, rest) = text.split_first()?;
    if first.to_ascii_lowercase() != letter {
        return None;
    }
    let (negative, digits) = match rest.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, rest),
    };
    if digits.is_empty() || run(digits, is_digit) < digits.len() {
        return None;
    }
    let significant = &digits[run(digits, is_zero)..];
    let magnitude = if significant.len() > MOST {
        10i64.pow(MOST as u32)
    } else {
        significant.iter().fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'))
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// What follows `0x`: an integer that wraps around, or a float with a fraction or a binary exponent.
fn parse_hexadecimal(text: &[u8], negative: bool) -> Option<Number> {
    let whole = run(text, is_hex_digit);
    if whole == text.len() {
        // Of an integer that wraps around only the last 64 bits are left.
        let (_, last) = text.split_at(whole.saturating_sub(16));
        let value = last.iter().fold(0i64, |sum, &byte| sum << 4 | hex_value(byte) as i64);
        let value = if negative { value.wrapping_neg() } else { value };
        return (whole > 0).then_some(Number::Integer(value));
    }
    let mut rest = text;
    let digits = Digits::take(&mut rest, is_hex_digit)?;
    let power = if rest.is_empty() { 0 } else { exponent(rest, b'p')? };
    let magnitude = from_hex_digits(&digits, power);
    Some(Number::Float(if negative { -magnitude } else { magnitude }))
}

fn hex_value(digit: u8) -> u64 {
    u64::from(match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a') + 10,
    })
}

/// The float nearest to the digits times `2^power`, ties to even.
fn from_hex_digits(digits: &Digits<'_>, power: i64) -> f64 {
    let (first, inexact) = digits.first(16);
    let (mantissa, count) =
        first.fold((0, 0), |(mantissa, count), digit| (mantissa << 4 | hex_value(digit), count + 1));
    round_to_float(mantissa, power.saturating_add(4 * (digits.point - count)), inexact)
}

/// The float nearest to `mantissa * 2^exponent`, ties to even; `inexact` says that a bit more was cut off.
fn round_to_float(mantissa: u64, exponent: i64, inexact: bool) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    let mantissa = mantissa << shift;
    let exponent = exponent.saturating_sub(i64::from(shift));
    // The value is in [2^(exponent + 63), 2^(exponent + 64)).
    let top = exponent.saturating_add(63);
    if top > 1023 {
        return f64::INFINITY;
    }
    // 53 bits fit, fewer below the normal range.
    let dropped = if top < -1022 { 11 + (-1022 - top) } else { 11 };
    if dropped > 64 {
        return 0.0;
    }
    let wide = u128::from(mantissa);
    let kept = (wide >> dropped) as u64;
    let lost = wide & ((1 << dropped) - 1);
    let half = 1u128 << (dropped - 1);
    let round_up = lost > half || (lost == half && (inexact || kept & 1 == 1));
    let kept = kept + u64::from(round_up);
    let biased = if top < -1022 { 0 } else { (top + 1022) as u64 };
    // A carry out of the mantissa moves into the exponent by itself; the hidden bit is part of `kept`.
    f64::from_bits((biased << 52) + kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::TWO_TO_63;

    #[test]
    fn numerals_follow_the_lexer() {
        use Number::{Float, Integer};
        for (text, expected) in [
            ("0x10", Some(Integer(16))),
            ("-0x10", Some(Integer(-16))),
            ("0xffffffffffffffffff", Some(Integer(-1))),
            ("9223372036854775807", Some(Integer(i64::MAX))),
            ("9223372036854775808", Some(Float(TWO_TO_63))),
            ("-9223372036854775808", Some(Integer(i64::MIN))),
            (" \t12\u{b}\u{c}\r\n", Some(Integer(12))),
            ("+1", Some(Integer(1))),
            ("1e5", Some(Float(1e5))),
            (".5", Some(Float(0.5))),
            ("5.", Some(Float(5.0))),
            ("1E400", Some(Float(f64::INFINITY))),
            ("1e99999999999999999999", Some(Float(f64::INFINITY))),
            ("0x1p4", Some(Float(16.0))),
            ("0x.8", Some(Float(0.5))),
            ("0xA.", Some(Float(10.0))),
            ("0x1P-2", Some(Float(0.25))),
            ("0x1p99999999999999999999", Some(Float(f64::INFINITY))),
            ("0x0.0000001p40", Some(Float(4096.0))),
            ("0x1p-1074", Some(Float(5e-324))),
            ("0x1p-1075", Some(Float(0.0))),
            ("0x1.8p-1075", Some(Float(5e-324))),
            ("0x1.fffffffffffff8p0", Some(Float(2.0))),
            ("0x1.fffffffffffff7p0", Some(Float(2.0f64.next_down()))),
            ("0x1.00000000000008p0", Some(Float(1.0))),
            ("0x1.000000000000080000000000000001p0", Some(Float(1.0f64.next_up()))),
            ("0x1.fffffffffffffcp1023", Some(Float(f64::INFINITY))),
            ("0x", None),
            ("0x.", None),
            ("0x1p", None),
            ("0x1e+1", None),
            ("1e", None),
            ("1e+", None),
            (".", None),
            (".e1", None),
            ("", None),
            ("  ", None),
            ("- 1", None),
            ("+-1", None),
            ("12a", None),
            ("1 2", None),
            ("1\0", None),
            ("1_0", None),
            ("inf", None),
            ("nan", None),
            ("infinity", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn numerals_of_any_length_are_read_exactly() {
        use Number::{Float, Integer};
        let zeros = "0".repeat(5000);
        let nines = "9".repeat(400);
        // 2^53 + 1 lies in the middle between two floats; the smallest digit behind it decides.
        for (text, expected) in [
            (format!("{zeros}12"), Some(Integer(12))),
            (format!("-{zeros}{zeros}9223372036854775808"), Some(Integer(i64::MIN))),
            (format!("{zeros}."), Some(Float(0.0))),
            (format!("9007199254740993.{zeros}"), Some(Float(9_007_199_254_740_992.0))),
            (format!("9007199254740993.{zeros}1"), Some(Float(9_007_199_254_740_994.0))),
            (format!("{zeros}9007199254740993.{zeros}1{zeros}"), Some(Float(9_007_199_254_740_994.0))),
            (format!(".{zeros}9007199254740993{zeros}e5016"), Some(Float(9_007_199_254_740_992.0))),
            (format!(".{zeros}9007199254740993{zeros}3e5016"), Some(Float(9_007_199_254_740_994.0))),
            (format!("25{zeros}e-5001"), Some(Float(2.5))),
            (format!("{nines}{nines}{nines}"), Some(Float(f64::INFINITY))),
            (format!("{nines}{nines}{nines}e-1200"), Some(Float(1.0))),
            (format!("1e{zeros}2"), Some(Float(100.0))),
            (format!("1e-{nines}"), Some(Float(0.0))),
            (format!("{zeros}{zeros}x1"), None),
            (format!("1{zeros}.{zeros}e"), None),
            (format!("0x{zeros}10"), Some(Integer(16))),
            (format!("0x1{zeros}7b"), Some(Integer(0x7b))),
            (format!("0x{zeros}g"), None),
            (format!("0x{zeros}.8"), Some(Float(0.5))),
            (format!("0x.{zeros}8p20000"), Some(Float(0.5))),
            (format!("0x1{zeros}p-20000"), Some(Float(1.0))),
            (format!("0x1.00000000000008{zeros}"), Some(Float(1.0))),
            (format!("0x1.00000000000008{zeros}1"), Some(Float(1.0f64.next_up()))),
            (format!("{}7{}", " ".repeat(100), "\t".repeat(77)), Some(Integer(7))),
            (" ".repeat(200), None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{:.20} ({} bytes)", text, text.len());
        }
    }
}
