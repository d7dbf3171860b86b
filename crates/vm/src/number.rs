//! The rules of Lua's two kinds of number: conversion, arithmetic, order, text.
//!
//! Knows no values and raises no errors: what has no answer is `None`. Integers wrap around; a comparison of an integer
//! with a float is that of the two mathematical numbers, never of roundings (Lua 5.3 manual, sections 3.4.1 to 3.4.4).

mod numeral;

use std::cmp::Ordering;
use std::fmt::Write;

pub use numeral::{parse, trim};

/// 2^63 as a float: the first one above every integer.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// The `nan` an invalid operation yields on the reference platform: its sign shows as `-nan`.
const INVALID: f64 = f64::from_bits(0xFFF8_0000_0000_0000);

/// A number of either kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A 64-bit integer.
    Integer(i64),
    /// A double-precision float.
    Float(f64),
}

impl Number {
    /// The number as a float, rounded to the nearest one if it is a large integer.
    #[must_use]
    pub fn to_float(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }

    /// The number as an integer, if it has one that is exactly equal (section 3.4.3).
    #[must_use]
    pub fn to_integer(self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Float(float) => float_to_integer(float),
        }
    }
}

/// The integer exactly equal to `float` (section 3.4.3).
#[inline]
#[must_use]
pub fn float_to_integer(float: f64) -> Option<i64> {
    let integer = float as i64;
    // The conversion saturates, and 2^63 would look equal to the largest integer.
    (integer as f64 == float && float != TWO_TO_63).then_some(integer)
}

/// The largest integer not above `float`.
#[inline]
#[must_use]
pub fn floor_to_integer(float: f64) -> Option<i64> {
    float_to_integer(float.floor())
}

/// The smallest integer not below `float`.
#[inline]
#[must_use]
pub fn ceil_to_integer(float: f64) -> Option<i64> {
    float_to_integer(float.ceil())
}

/// `a // b`, rounded towards minus infinity; nothing if `b` is zero (section 3.4.1).
#[inline]
#[must_use]
pub fn floor_divide(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let quotient = a.wrapping_div(b);
    // The remainder's sign differs from the divisor's exactly when the quotient was rounded up.
    let rounded_up = a.wrapping_rem(b) != 0 && (a ^ b) < 0;
    Some(quotient - i64::from(rounded_up))
}

/// `a % b` with the sign of `b`; nothing if `b` is zero (section 3.4.1).
#[inline]
#[must_use]
pub fn modulo(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let remainder = a.wrapping_rem(b);
    Some(if remainder != 0 && (remainder ^ b) < 0 { remainder + b } else { remainder })
}

/// `a // b` of floats (section 3.4.1).
#[inline]
#[must_use]
pub fn floor_divide_floats(a: f64, b: f64) -> f64 {
    (a / b).floor()
}

/// `a % b` of floats, with the sign of `b` (section 3.4.1).
#[inline]
#[must_use]
pub fn modulo_floats(a: f64, b: f64) -> f64 {
    let remainder = remainder(a, b);
    if remainder * b < 0.0 { remainder + b } else { remainder }
}

/// The remainder of `a / b` rounded towards zero, as `math.fmod` has it.
#[inline]
#[must_use]
pub fn remainder(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    if remainder.is_nan() && !a.is_nan() && !b.is_nan() { INVALID } else { remainder }
}

/// `a ^ b`, always on floats (section 3.4.1).
#[inline]
#[must_use]
pub fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { a.powf(b) }
}

/// `a << b`: logical, to the right for negative `b`, zero when every bit is moved out (section 3.4.2).
#[inline]
#[must_use]
pub fn shift_left(a: i64, b: i64) -> i64 {
    match b {
        0..64 => a << b,
        -63..0 => (a as u64 >> -b) as i64,
        _ => 0,
    }
}

/// `a >> b`: logical, to the left for negative `b`, zero when every bit is moved out (section 3.4.2).
#[inline]
#[must_use]
pub fn shift_right(a: i64, b: i64) -> i64 {
    match b {
        0..64 => (a as u64 >> b) as i64,
        -63..0 => a << -b,
        _ => 0,
    }
}

/// The order of an integer and a float as mathematical numbers; nothing beside a `nan` (section 3.4.4).
#[inline]
#[must_use]
pub fn compare(integer: i64, float: f64) -> Option<Ordering> {
    if float >= TWO_TO_63 {
        return Some(Ordering::Less);
    }
    if float < -TWO_TO_63 {
        return Some(Ordering::Greater);
    }
    if float.is_nan() {
        return None;
    }
    let below = float.floor();
    let order = integer.cmp(&(below as i64));
    // Equal to the floor of a fraction is less than the fraction.
    Some(if order == Ordering::Equal && below != float { Ordering::Less } else { order })
}

/// `integer < float`
#[inline]
#[must_use]
pub fn integer_less_than_float(integer: i64, float: f64) -> bool {
    compare(integer, float) == Some(Ordering::Less)
}

/// `integer <= float`
#[inline]
#[must_use]
pub fn integer_at_most_float(integer: i64, float: f64) -> bool {
    matches!(compare(integer, float), Some(Ordering::Less | Ordering::Equal))
}

/// `float < integer`
#[inline]
#[must_use]
pub fn float_less_than_integer(float: f64, integer: i64) -> bool {
    compare(integer, float) == Some(Ordering::Greater)
}

/// `float <= integer`
#[inline]
#[must_use]
pub fn float_at_most_integer(float: f64, integer: i64) -> bool {
    matches!(compare(integer, float), Some(Ordering::Greater | Ordering::Equal))
}

/// `integer == float`
#[inline]
#[must_use]
pub fn integer_equals_float(integer: i64, float: f64) -> bool {
    float_to_integer(float) == Some(integer)
}

/// The limit of a loop over integers, taken from a float; nothing if the loop does not run at all (section 3.3.5).
///
/// The limit is rounded towards the start, and clipped to what an integer can reach.
#[must_use]
pub fn for_limit(limit: f64, step: i64) -> Option<i64> {
    let rounded = if step < 0 { ceil_to_integer(limit) } else { floor_to_integer(limit) };
    match rounded {
        Some(integer) => Some(integer),
        None if limit > 0.0 => (step >= 0).then_some(i64::MAX),
        None => (step < 0).then_some(i64::MIN),
    }
}

/// Appends `number` as `tostring` shows it.
pub fn write_number(out: &mut Vec<u8>, number: Number) {
    match number {
        Number::Integer(integer) => write_integer(out, integer),
        Number::Float(float) => write_float(out, float),
    }
}

/// Appends `integer` in decimal.
pub fn write_integer(out: &mut Vec<u8>, integer: i64) {
    if integer < 0 {
        out.push(b'-');
    }
    write_unsigned(out, integer.unsigned_abs());
}

/// Appends `value` in decimal.
pub fn write_unsigned(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    let mut rest = value;
    while rest >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if rest > 0 || value == 0 {
        start -= 1;
        digits[start] = b'0' + rest as u8;
    }
    out.extend_from_slice(&digits[start..]);
}

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut index = 0;
    while index < 100 {
        pairs[index] = [b'0' + (index / 10) as u8, b'0' + (index % 10) as u8];
        index += 1;
    }
    pairs
};

/// Appends `float` with 14 significant digits, and `.0` if that looks like an integer (section 3.4.3).
pub fn write_float(out: &mut Vec<u8>, float: f64) {
    // Whole numbers of up to 14 digits are most of what programs print.
    if float.abs() < 1e14 && float.trunc() == float {
        if float.is_sign_negative() {
            out.push(b'-');
        }
        write_unsigned(out, float.abs() as u64);
        out.extend_from_slice(b".0");
        return;
    }
    let start = out.len();
    write_general(out, float);
    if out[start..].iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9')) {
        out.extend_from_slice(b".0");
    }
}

/// Appends `float` as C's `%.14g` does.
pub fn write_general(out: &mut Vec<u8>, float: f64) {
    if float.is_sign_negative() {
        out.push(b'-');
    }
    if float.is_nan() {
        out.extend_from_slice(b"nan");
        return;
    }
    if float.is_infinite() {
        out.extend_from_slice(b"inf");
        return;
    }
    let (digits, exponent) = fourteen_digits(float.abs());
    let significant = digits.iter().rposition(|&digit| digit != b'0').map_or(1, |last| last + 1);
    let digits = &digits[..significant];
    let size = exponent.unsigned_abs() as usize;
    if (0..14).contains(&exponent) {
        let whole = size + 1;
        if whole >= significant {
            out.extend_from_slice(digits);
            out.resize(out.len() + whole - significant, b'0');
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    } else if (-4..0).contains(&exponent) {
        out.extend_from_slice(&b"0.000"[..1 + size]);
        out.extend_from_slice(digits);
    } else {
        out.push(digits[0]);
        if significant > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if size < 10 {
            out.push(b'0');
        }
        write_unsigned(out, size as u64);
    }
}

/// The first 14 decimal digits of a finite `magnitude`, correctly rounded, and the power of ten of the first one.
fn fourteen_digits(magnitude: f64) -> ([u8; 14], i32) {
    quick_digits(magnitude).unwrap_or_else(|| exact_digits(magnitude))
}

/// [`fourteen_digits`] by integer arithmetic, for magnitudes of everyday size.
fn quick_digits(magnitude: f64) -> Option<([u8; 14], i32)> {
    const SMALLEST: u64 = 10_000_000_000_000;
    if !(1e-8..1e14).contains(&magnitude) {
        return None;
    }
    // log10(2) as a fraction of 2^16; the estimate is exact or one too small.
    let binary = (magnitude.to_bits() >> 52) as i32 - 1023;
    let mut exponent = (binary * 19_728) >> 16;
    let mut value = scale(magnitude, (13 - exponent).try_into().ok()?)?;
    if value >= 10 * SMALLEST {
        exponent += 1;
        value = scale(magnitude, (13 - exponent).try_into().ok()?)?;
    }
    // Fourteen nines and a half round up to a fifteenth digit.
    if value >= 10 * SMALLEST {
        exponent += 1;
        value /= 10;
    }
    let mut digits = [0u8; 14];
    for pair in digits.chunks_exact_mut(2).rev() {
        pair.copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    Some((digits, exponent))
}

/// [`fourteen_digits`] of any finite magnitude.
fn exact_digits(magnitude: f64) -> ([u8; 14], i32) {
    let mut scientific = Scratch::default();
    // Cannot fail: the longest result has 20 bytes.
    let written = write!(scientific, "{magnitude:.13e}");
    debug_assert!(written.is_ok(), "20 bytes fit into the scratch space");
    let text = scientific.as_bytes();
    let mut digits = [b'0'; 14];
    digits[0] = text[0];
    digits[1..].copy_from_slice(&text[2..15]);
    let negative = text[16] == b'-';
    let size =
        text[16 + usize::from(negative)..].iter().fold(0, |sum, byte| sum * 10 + i32::from(byte - b'0'));
    (digits, if negative { -size } else { size })
}

/// The integer nearest to `magnitude * 10^places`, ties to even; nothing if that is beyond quick arithmetic.
///
/// `magnitude` must be finite and not negative. Exact: the product is held in full before it is rounded once.
#[must_use]
pub fn scale(magnitude: f64, places: u32) -> Option<u64> {
    /// 10^22 times a mantissa still fits into 128 bits.
    const POWERS: [u128; 23] = {
        let mut powers = [1u128; 23];
        let mut index = 1;
        while index < 23 {
            powers[index] = powers[index - 1] * 10;
            index += 1;
        }
        powers
    };
    let bits = magnitude.to_bits();
    let biased = (bits >> 52) as i32;
    if biased == 0 {
        return (bits == 0).then_some(0);
    }
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let product = mantissa * *POWERS.get(places as usize)?;
    let shift = biased - 1075;
    if shift >= 0 {
        let fits = shift.unsigned_abs() <= product.leading_zeros();
        return if fits { u64::try_from(product << shift).ok() } else { None };
    }
    let shift = shift.unsigned_abs();
    if shift > 127 {
        return None;
    }
    let whole = u64::try_from(product >> shift).ok()?;
    let lost = product & ((1 << shift) - 1);
    let half = 1u128 << (shift - 1);
    let round_up = lost > half || (lost == half && whole & 1 == 1);
    whole.checked_add(u64::from(round_up))
}

/// Room for one formatted float, on the stack.
#[derive(Default)]
struct Scratch {
    bytes: [u8; 24],
    len: usize,
}

impl Scratch {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Scratch {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(float: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, float);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn floats_are_written_with_fourteen_digits() {
        for (float, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e14, "1e+14"),
            (1e15, "1e+15"),
            (99_999_999_999_999.0, "99999999999999.0"),
            (123_456_789_012_345.0, "1.2345678901234e+14"),
            (1e100, "1e+100"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.3"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (-1.5e-7, "-1.5e-07"),
            (5e-324, "4.9406564584125e-324"),
            (f64::MAX, "1.7976931348623e+308"),
            (std::f64::consts::PI, "3.1415926535898"),
            (9.999_999_999_999_999, "10.0"),
            (100.25, "100.25"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (-INVALID, "nan"),
            (INVALID, "-nan"),
        ] {
            assert_eq!(text(float), expected);
        }
    }

    #[test]
    fn integers_are_written_in_full() {
        for integer in [0, 1, 9, 10, 99, 100, 12_345, -1, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write_integer(&mut out, integer);
            assert_eq!(String::from_utf8(out), Ok(integer.to_string()));
        }
    }

    #[test]
    fn division_rounds_down() {
        assert_eq!(
            (floor_divide(7, -2), floor_divide(-7, 2), floor_divide(6, -2)),
            (Some(-4), Some(-4), Some(-3))
        );
        assert_eq!((modulo(7, -3), modulo(-7, 3), modulo(-6, 3)), (Some(-2), Some(2), Some(0)));
        assert_eq!((floor_divide(i64::MIN, -1), modulo(i64::MIN, -1)), (Some(i64::MIN), Some(0)));
        assert_eq!((floor_divide(1, 0), modulo(1, 0)), (None, None));
        assert_eq!((floor_divide_floats(7.5, -2.0), modulo_floats(-7.5, 2.0)), (-4.0, 0.5));
        assert_eq!(modulo_floats(5.0, f64::INFINITY), 5.0);
        assert_eq!(modulo_floats(-5.0, f64::INFINITY), f64::INFINITY);
        assert!(modulo_floats(-0.0, 1.0).is_sign_negative());
        assert_eq!(text(modulo_floats(1.0, 0.0)), "-nan");
    }

    #[test]
    fn shifts_are_logical_and_never_overflow() {
        assert_eq!((shift_left(1, 63), shift_left(1, 64), shift_left(1, -1)), (i64::MIN, 0, 0));
        assert_eq!((shift_right(-1, 1), shift_right(1, -63), shift_right(-1, 64)), (i64::MAX, i64::MIN, 0));
        assert_eq!((shift_left(1, i64::MIN), shift_right(1, i64::MIN)), (0, 0));
    }

    #[test]
    fn integers_and_floats_compare_exactly() {
        assert!(integer_less_than_float(i64::MAX, TWO_TO_63));
        assert!(!integer_equals_float(i64::MAX, TWO_TO_63));
        assert!(integer_equals_float(i64::MIN, -TWO_TO_63));
        assert!(integer_less_than_float((1 << 53) + 1, 9_007_199_254_740_994.0));
        assert!(float_less_than_integer(9_007_199_254_740_992.0, (1 << 53) + 1));
        assert!(integer_less_than_float(1, 1.5) && integer_at_most_float(-2, -1.5));
        assert!(float_less_than_integer(-1.5, -1) && float_at_most_integer(1.0, 1));
        for integer in [0, i64::MIN, i64::MAX] {
            assert!(!integer_less_than_float(integer, INVALID) && !integer_at_most_float(integer, INVALID));
            assert!(!float_less_than_integer(INVALID, integer) && !float_at_most_integer(INVALID, integer));
            assert!(integer_less_than_float(integer, f64::INFINITY));
            assert!(float_less_than_integer(f64::NEG_INFINITY, integer));
        }
    }

    #[test]
    fn loop_limits_are_clipped() {
        assert_eq!((for_limit(3.9, 1), for_limit(-3.9, -1)), (Some(3), Some(-3)));
        assert_eq!((for_limit(1e300, 1), for_limit(1e300, -1)), (Some(i64::MAX), None));
        assert_eq!((for_limit(-1e300, -1), for_limit(-1e300, 1)), (Some(i64::MIN), None));
        assert_eq!((for_limit(INVALID, 1), for_limit(INVALID, -1)), (None, Some(i64::MIN)));
    }

    #[test]
    fn conversion_to_an_integer_is_exact_or_none() {
        assert_eq!((float_to_integer(3.0), float_to_integer(3.5)), (Some(3), None));
        assert_eq!((float_to_integer(-TWO_TO_63), float_to_integer(TWO_TO_63)), (Some(i64::MIN), None));
        assert_eq!((float_to_integer(INVALID), float_to_integer(f64::INFINITY)), (None, None));
    }
}
