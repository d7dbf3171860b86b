//! Numerals: the text of a number to its value, decimal and hexadecimal, integer and float.
//!
//! Not the coercion of strings (spaces and signs are the caller's), only the forms of Lua 5.3 manual, section 3.1.
//! Invariant: floats are correctly rounded, and no text makes it panic or take more than linear time.

use std::cell::RefCell;

use smallvec::SmallVec;

/// The value of a numeral that a token carries: its number among [`Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value(pub(crate) u32);

/// The values of the numerals of a source, as 64 bits each; the token says whether they are an integer or a float.
#[derive(Debug, Default)]
pub(crate) struct Values(RefCell<SmallVec<[u64; 16]>>);

impl Values {
    pub(crate) fn push(&self, bits: u64) -> Value {
        let mut values = self.0.borrow_mut();
        values.push(bits);
        // There are fewer numerals than bytes.
        Value(values.len() as u32 - 1)
    }

    pub(crate) fn integer(&self, value: Value) -> i64 {
        self.0.borrow()[value.0 as usize] as i64
    }

    pub(crate) fn float(&self, value: Value) -> f64 {
        f64::from_bits(self.0.borrow()[value.0 as usize])
    }
}

/// The value of a numeral.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numeral {
    /// Without a point and an exponent, and small enough (decimal) or wrapped around modulo 2^64 (hexadecimal).
    Integer(i64),
    /// Everything else.
    Float(f64),
}

impl Numeral {
    /// The value of `text`, which must be one whole numeral without sign or spaces.
    ///
    /// A decimal integer that does not fit 64 bits is a float; a hexadecimal one wraps around.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            [b'0', b'x' | b'X', rest @ ..] => parse_hexadecimal(rest),
            _ => parse_decimal(text),
        }
    }
}

fn parse_decimal(text: &[u8]) -> Option<Numeral> {
    if text.iter().all(u8::is_ascii_digit) && !text.is_empty() {
        let mut value: i64 = 0;
        for &digit in text {
            let next = value.checked_mul(10).and_then(|v| v.checked_add(i64::from(digit - b'0')));
            let Some(next) = next else { return parse_decimal_float(text) };
            value = next;
        }
        return Some(Numeral::Integer(value));
    }
    parse_decimal_float(text)
}

fn parse_decimal_float(text: &[u8]) -> Option<Numeral> {
    // The standard parser also knows "inf", "nan" and signs: let only the letters of an exponent through.
    let first = *text.first()?;
    if !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    if !text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok().map(Numeral::Float)
}

/// `text` is what follows `0x`.
fn parse_hexadecimal(text: &[u8]) -> Option<Numeral> {
    let mut wrapped: u64 = 0; // value of all digits modulo 2^64
    let mut mantissa: u64 = 0; // the first digits that fit
    let mut sticky = false; // whether a digit beyond those is not zero
    let mut exponent: i64 = 0; // power of two that scales the mantissa
    let mut digits = 0usize;
    let mut point = false;
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'.' && !point {
            point = true;
        } else if let Some(digit) = (byte as char).to_digit(16) {
            digits += 1;
            wrapped = wrapped << 4 | u64::from(digit);
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if point { 4 } else { 0 };
            } else {
                sticky |= digit != 0;
                exponent += if point { 0 } else { 4 };
            }
        } else {
            break;
        }
        rest = tail;
    }
    if digits == 0 {
        return None;
    }
    if rest.is_empty() && !point {
        return Some(Numeral::Integer(wrapped as i64));
    }
    if let [b'p' | b'P', tail @ ..] = rest {
        exponent = exponent.saturating_add(parse_exponent(tail)?);
    } else if !rest.is_empty() {
        return None;
    }
    Some(Numeral::Float(scale(mantissa, sticky, exponent)))
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Far beyond any float, and far from overflow even after the digits before and after the point are added.
    const ENOUGH: i64 = 1 << 40;
    let value = digits.iter().fold(0, |value, &digit| (value * 10 + i64::from(digit - b'0')).min(ENOUGH));
    Some(if negative { -value } else { value })
}

/// `mantissa * 2^exponent`, rounded to nearest, ties to even; `sticky` says that a little more was cut off.
fn scale(mantissa: u64, sticky: bool, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    let mantissa = mantissa << shift; // top bit set: value = mantissa * 2^(exponent - shift)
    let top = exponent - i64::from(shift) + 63; // exponent of the top bit
    if top > 1023 {
        return f64::INFINITY;
    }
    // Bits of the mantissa to keep: 53, fewer for subnormal numbers, none below those.
    let keep = if top >= -1022 { 53 } else { 53 - (-1022 - top) };
    if keep < 0 {
        return 0.0;
    }
    let cut = 64 - keep as u32; // 11..=64
    let (kept, rest) = if cut == 64 { (0, mantissa) } else { (mantissa >> cut, mantissa << (64 - cut)) };
    let half = 1u64 << 63;
    let up = rest > half || rest == half && (sticky || kept & 1 == 1);
    let kept = kept + u64::from(up);
    // A carry out of the kept bits moves into the exponent by itself, up to infinity.
    if top >= -1022 {
        let biased = (top + 1023) as u64;
        f64::from_bits((biased << 52) + (kept - (1 << 52)))
    } else {
        f64::from_bits(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(text: &str) -> i64 {
        match Numeral::parse(text.as_bytes()) {
            Some(Numeral::Integer(value)) => value,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn float(text: &str) -> f64 {
        match Numeral::parse(text.as_bytes()) {
            Some(Numeral::Float(value)) => value,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn decimal_integers_become_floats_when_too_large() {
        assert_eq!(integer("0"), 0);
        assert_eq!(integer("9223372036854775807"), i64::MAX);
        assert_eq!(float("9223372036854775808"), 9223372036854775808.0);
        assert_eq!(integer("007"), 7);
    }

    #[test]
    fn hexadecimal_integers_wrap_around() {
        assert_eq!(integer("0xff"), 255);
        assert_eq!(integer("0xffffffffffffffff"), -1);
        assert_eq!(integer("0xffffffffffffffffff"), -1);
        assert_eq!(integer("0x10000000000000001"), 1);
    }

    #[test]
    fn floats() {
        assert_eq!(float("3."), 3.0);
        assert_eq!(float(".5"), 0.5);
        assert_eq!(float("1e2"), 100.0);
        assert_eq!(float("1E+2"), 100.0);
        assert_eq!(float("1e999"), f64::INFINITY);
        assert_eq!(float("0x.8"), 0.5);
        assert_eq!(float("0xA."), 10.0);
        assert_eq!(float("0x1p4"), 16.0);
        assert_eq!(float("0x.1P-4"), 0.00390625);
        assert_eq!(float("0x0p99999999999999999999"), 0.0);
        assert_eq!(float("0x1p99999999999999999999"), f64::INFINITY);
        assert_eq!(float("0x1p-99999999999999999999"), 0.0);
    }

    #[test]
    fn hexadecimal_floats_round_to_nearest_even() {
        assert_eq!(float("0x1.fffffffffffff8p0"), 2.0);
        assert_eq!(float("0x1.fffffffffffff7p0"), 2.0 - f64::EPSILON);
        assert_eq!(float("0x1.00000000000008p0"), 1.0);
        assert_eq!(float("0x1.00000000000008000000000000000001p0"), 1.0 + f64::EPSILON);
        assert_eq!(float("0x1p-1074"), f64::from_bits(1));
        assert_eq!(float("0x1p-1075"), 0.0);
        assert_eq!(float("0x1.8p-1075"), f64::from_bits(1));
        assert_eq!(float("0x3p-1075"), f64::from_bits(2));
        assert_eq!(float("0x1.fffffffffffffp1023"), f64::MAX);
        assert_eq!(float("0x1.fffffffffffff8p1023"), f64::INFINITY);
        assert_eq!(float("0x0.0000000000000fffffp-1022"), float("0xfffffp-1094"));
        assert_eq!(float("0x0.fffffffffffff8p-1022"), f64::MIN_POSITIVE);
    }

    #[test]
    fn every_finite_float_survives_as_hexadecimal() {
        let mut random = wippy_random::Random::new(1);
        for _ in 0..20_000 {
            let value = f64::from_bits(random.bits() & !(1 << 63));
            if !value.is_finite() {
                continue;
            }
            let bits = value.to_bits();
            let (lead, exponent) = match bits >> 52 {
                0 => (0, -1022),
                biased => (1, biased as i64 - 1023),
            };
            let text = format!("0x{lead}.{:013x}p{exponent}", bits & ((1 << 52) - 1));
            assert_eq!(float(&text).to_bits(), bits, "{text}");
        }
    }

    #[test]
    fn what_is_no_numeral() {
        for text in [
            "", ".", "e5", "1e", "1e+", "0x", "0x.", "0xp1", "0x1p", "0x1p+", "1..2", "3f", "0x1.2.3", "inf",
            "nan", "1_0", "+1", "0x1p1.5",
        ] {
            assert_eq!(Numeral::parse(text.as_bytes()), None, "{text}");
        }
    }
}
