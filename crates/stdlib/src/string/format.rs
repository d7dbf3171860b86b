//! `string.format`: the conversions of C's `printf`, and `%q` (Lua 5.3 manual, section 6.4).
//!
//! A parsed [`Spec`] and one number or text in, bytes appended; the native around it fetches the arguments. Digits are
//! always those of the exact binary value, correctly rounded.

use std::fmt;
use std::io::Write;
use std::ops::Range;

use wippy_vm::{Context, Error, Outcome, Result, Str, Text, Value, number};

use super::{BYTES_PER_FUEL, PIECE};
use crate::steps::{self, Next, Steps};

/// A fault of a format text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FormatError {
    /// More than five flags.
    RepeatedFlags,
    /// A width or precision of more than two digits.
    TooLong,
    /// No such conversion; zero when the text ends.
    InvalidOption(u8),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::RepeatedFlags => f.write_str("invalid format (repeated flags)"),
            Self::TooLong => f.write_str("invalid format (width or precision too long)"),
            Self::InvalidOption(byte @ b' '..=b'~') => {
                write!(f, "invalid option '%{}' to 'format'", char::from(byte))
            }
            Self::InvalidOption(byte) => write!(f, "invalid option '%<\\{byte}>' to 'format'"),
        }
    }
}

impl std::error::Error for FormatError {}

/// What kind of argument a conversion takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// `%c`
    Character,
    /// `%d %i %o %u %x %X`
    Integer,
    /// `%a %A %e %E %f %g %G`
    Float,
    /// `%q`
    Quoted,
    /// `%s`
    Text,
}

/// One conversion specification: what stands between `%` and the letter, and the letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: u8,
    precision: Option<u8>,
    letter: u8,
    /// What the letter asks for.
    pub conversion: Conversion,
}

impl Spec {
    /// Reads the specification at the front of `text`, which begins behind the `%`; also yields its length.
    ///
    /// # Errors
    /// When it is malformed, or its letter unknown.
    pub fn parse(text: &[u8]) -> std::result::Result<(Self, usize), FormatError> {
        /// As many flags as there are different ones.
        const MAX_FLAGS: usize = 5;
        let flags = text.iter().position(|byte| !b"-+ #0".contains(byte)).unwrap_or(text.len());
        if flags > MAX_FLAGS {
            return Err(FormatError::RepeatedFlags);
        }
        let mut at = flags;
        let width = two_digits(text, &mut at);
        let mut precision = None;
        if text.get(at) == Some(&b'.') {
            at += 1;
            precision = Some(two_digits(text, &mut at));
        }
        let letter = text.get(at).copied().unwrap_or(0);
        let conversion = match letter {
            b'0'..=b'9' => return Err(FormatError::TooLong),
            b'c' => Conversion::Character,
            b'd' | b'i' | b'o' | b'u' | b'x' | b'X' => Conversion::Integer,
            b'a' | b'A' | b'e' | b'E' | b'f' | b'g' | b'G' => Conversion::Float,
            b'q' => Conversion::Quoted,
            b's' => Conversion::Text,
            _ => return Err(FormatError::InvalidOption(letter)),
        };
        let has = |flag: u8| text[..flags].contains(&flag);
        let spec = Self {
            left: has(b'-'),
            plus: has(b'+'),
            space: has(b' '),
            alternate: has(b'#'),
            zero: has(b'0'),
            width,
            precision,
            letter,
            conversion,
        };
        Ok((spec, at + 1))
    }

    /// Whether nothing stands between `%` and the letter, so that a text passes as it is.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        !(self.left || self.plus || self.space || self.alternate || self.zero)
            && self.width == 0
            && self.precision.is_none()
    }

    /// Whether a precision may cut the text off.
    #[must_use]
    pub fn has_precision(&self) -> bool {
        self.precision.is_some()
    }

    /// Appends the byte `%c` stands for.
    pub fn write_character(&self, out: &mut Vec<u8>, byte: u8) {
        let start = out.len();
        out.push(byte);
        self.pad_with_spaces(out, start);
    }

    /// Appends `text`, cut to the precision.
    pub fn write_text(&self, out: &mut Vec<u8>, text: &[u8]) {
        let start = out.len();
        let length = self.precision.map_or(text.len(), |most| text.len().min(usize::from(most)));
        out.extend_from_slice(&text[..length]);
        self.pad_with_spaces(out, start);
    }

    /// Appends `value`; the unsigned conversions show its two's complement.
    pub fn write_integer(&self, out: &mut Vec<u8>, value: i64) {
        let start = out.len();
        let bits = value as u64;
        match self.letter {
            b'd' | b'i' => self.write_sign(out, value < 0),
            b'x' if self.alternate && value != 0 => out.extend_from_slice(b"0x"),
            b'X' if self.alternate && value != 0 => out.extend_from_slice(b"0X"),
            _ => {}
        }
        let digits = out.len();
        if value != 0 || self.precision != Some(0) {
            match self.letter {
                b'd' | b'i' => number::write_unsigned(out, value.unsigned_abs()),
                b'o' => write_power_of_two(out, bits, 3, b'a'),
                b'x' => write_power_of_two(out, bits, 4, b'a'),
                b'X' => write_power_of_two(out, bits, 4, b'A'),
                _ => number::write_unsigned(out, bits),
            }
        }
        let mut least = usize::from(self.precision.unwrap_or(1));
        if self.letter == b'o' && self.alternate && out.get(digits) != Some(&b'0') {
            least = least.max(out.len() - digits + 1);
        }
        insert(out, digits, b'0', least.saturating_sub(out.len() - digits));
        if self.zero && self.precision.is_none() {
            self.pad(out, start, digits);
        } else {
            self.pad_with_spaces(out, start);
        }
    }

    /// Appends `value` in one of the notations for floats.
    pub fn write_float(&self, out: &mut Vec<u8>, value: f64) {
        let start = out.len();
        self.write_sign(out, value.is_sign_negative());
        let magnitude = value.abs();
        let mut digits = out.len();
        if value.is_finite() {
            match self.letter {
                b'a' | b'A' => {
                    out.extend_from_slice(b"0x");
                    digits = out.len();
                    self.write_hexadecimal(out, magnitude);
                }
                b'e' | b'E' => self.write_exponential(out, magnitude, self.decimals()),
                b'f' => self.write_fixed(out, magnitude, self.decimals()),
                _ => self.write_shorter(out, magnitude),
            }
        } else {
            out.extend_from_slice(if value.is_nan() { b"nan" } else { b"inf" });
        }
        if self.letter.is_ascii_uppercase() {
            out[start..].make_ascii_uppercase();
        }
        if self.zero && value.is_finite() {
            self.pad(out, start, digits);
        } else {
            self.pad_with_spaces(out, start);
        }
    }

    /// Digits behind the point.
    fn decimals(&self) -> usize {
        usize::from(self.precision.unwrap_or(6))
    }

    fn write_sign(&self, out: &mut Vec<u8>, negative: bool) {
        if negative {
            out.push(b'-');
        } else if self.plus {
            out.push(b'+');
        } else if self.space {
            out.push(b' ');
        }
    }

    /// `%f`
    fn write_fixed(&self, out: &mut Vec<u8>, magnitude: f64, decimals: usize) {
        let start = out.len();
        if let Some(scaled) = number::scale(magnitude, decimals as u32) {
            number::write_unsigned(out, scaled);
            let length = out.len() - start;
            insert(out, start, b'0', (decimals + 1).saturating_sub(length));
            if decimals > 0 {
                insert(out, out.len() - decimals, b'.', 1);
            }
        } else {
            append(out, format_args!("{magnitude:.decimals$}"));
        }
        if decimals == 0 && self.alternate {
            out.push(b'.');
        }
    }

    /// `%e`
    fn write_exponential(&self, out: &mut Vec<u8>, magnitude: f64, decimals: usize) {
        let start = out.len();
        append(out, format_args!("{magnitude:.decimals$e}"));
        let mark = start + 1 + if decimals > 0 { decimals + 1 } else { 0 };
        if decimals == 0 && self.alternate {
            insert(out, mark, b'.', 1);
        }
        end_exponent(out, mark + usize::from(decimals == 0 && self.alternate));
    }

    /// `%g`
    fn write_shorter(&self, out: &mut Vec<u8>, magnitude: f64) {
        let precision = usize::from(self.precision.unwrap_or(6).max(1));
        if precision == 14 && !self.alternate {
            return number::write_general(out, magnitude);
        }
        let start = out.len();
        // The exponent after rounding decides between the notations.
        self.write_exponential(out, magnitude, precision - 1);
        let mark = out.iter().rposition(|&byte| byte == b'e').unwrap_or(start);
        let size = out[mark + 2..].iter().fold(0, |sum, byte| sum * 10 + i32::from(byte - b'0'));
        let exponent = if out[mark + 1] == b'-' { -size } else { size };
        if exponent < -4 || exponent >= precision as i32 {
            if !self.alternate {
                let end = end_without_zeros(&out[start..mark]);
                out.drain(start + end..mark);
            }
            return;
        }
        out.truncate(start);
        self.write_fixed(out, magnitude, (precision as i32 - 1 - exponent) as usize);
        if !self.alternate {
            let end = end_without_zeros(&out[start..]);
            out.truncate(start + end);
        }
    }

    /// `%a` behind the `0x`: one digit, the fraction in hexadecimal, the power of two.
    fn write_hexadecimal(&self, out: &mut Vec<u8>, magnitude: f64) {
        const FRACTION_BITS: u32 = 52;
        const FRACTION_DIGITS: usize = 13;
        let bits = magnitude.to_bits();
        let biased = (bits >> FRACTION_BITS) as i32;
        let exponent = match (biased, bits) {
            (0, 0) => 0,
            (0, _) => -1022,
            _ => biased - 1023,
        };
        let mut mantissa = bits & ((1 << FRACTION_BITS) - 1) | u64::from(biased != 0) << FRACTION_BITS;
        let decimals = match self.precision.map(usize::from) {
            None => {
                let zeros = (mantissa & ((1 << FRACTION_BITS) - 1)).trailing_zeros().min(FRACTION_BITS);
                FRACTION_DIGITS - zeros as usize / 4
            }
            Some(wanted) => {
                if wanted < FRACTION_DIGITS {
                    let dropped = 4 * (FRACTION_DIGITS - wanted) as u32;
                    let half = 1u64 << (dropped - 1);
                    let lost = mantissa & ((1 << dropped) - 1);
                    mantissa >>= dropped;
                    if lost > half || (lost == half && mantissa & 1 == 1) {
                        mantissa += 1;
                    }
                    mantissa <<= dropped;
                }
                wanted
            }
        };
        out.push(b'0' + (mantissa >> FRACTION_BITS) as u8);
        if decimals > 0 || self.alternate {
            out.push(b'.');
        }
        for index in 0..decimals {
            let digit = if index < FRACTION_DIGITS {
                mantissa >> (FRACTION_BITS as usize - 4 - 4 * index) & 15
            } else {
                0
            };
            out.push(b"0123456789abcdef"[digit as usize]);
        }
        out.extend_from_slice(if exponent < 0 { b"p-" } else { b"p+" });
        number::write_unsigned(out, u64::from(exponent.unsigned_abs()));
    }

    fn pad_with_spaces(&self, out: &mut Vec<u8>, start: usize) {
        let missing = usize::from(self.width).saturating_sub(out.len() - start);
        insert(out, if self.left { out.len() } else { start }, b' ', missing);
    }

    /// Pads with zeros before `digits`, or with spaces at the right if the flags say so.
    fn pad(&self, out: &mut Vec<u8>, start: usize, digits: usize) {
        if self.left {
            return self.pad_with_spaces(out, start);
        }
        insert(out, digits, b'0', usize::from(self.width).saturating_sub(out.len() - start));
    }
}

/// Appends `text` in quotes, so that the lexer reads the same bytes back.
pub fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    write_escaped(out, text, 0..text.len());
    out.push(b'"');
}

/// Appends a part of a text as it stands between the quotes.
fn write_escaped(out: &mut Vec<u8>, text: &[u8], part: Range<usize>) {
    for index in part {
        let byte = text[index];
        match byte {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', byte]),
            0..=31 | 127 => {
                out.push(b'\\');
                let start = out.len();
                number::write_unsigned(out, u64::from(byte));
                if text.get(index + 1).is_some_and(u8::is_ascii_digit) {
                    let length = out.len() - start;
                    insert(out, start, b'0', 3 - length);
                }
            }
            _ => out.push(byte),
        }
    }
}

/// Appends `integer` as a numeral the lexer reads back as the same integer.
pub fn write_quoted_integer(out: &mut Vec<u8>, integer: i64) {
    if integer == i64::MIN {
        // In decimal it would be the negation of a float.
        out.extend_from_slice(b"0x8000000000000000");
    } else {
        number::write_integer(out, integer);
    }
}

/// Appends `float` in hexadecimal notation, which loses nothing.
pub fn write_quoted_float(out: &mut Vec<u8>, float: f64) {
    let spec = Spec {
        left: false,
        plus: false,
        space: false,
        alternate: false,
        zero: false,
        width: 0,
        precision: None,
        letter: b'a',
        conversion: Conversion::Float,
    };
    spec.write_float(out, float);
}

/// Up to two digits at `at`, which moves behind them.
fn two_digits(text: &[u8], at: &mut usize) -> u8 {
    let mut value = 0;
    for _ in 0..2 {
        match text.get(*at) {
            Some(digit @ b'0'..=b'9') => value = value * 10 + (digit - b'0'),
            _ => break,
        }
        *at += 1;
    }
    value
}

/// Inserts `byte` `count` times before index `at`.
fn insert(out: &mut Vec<u8>, at: usize, byte: u8, count: usize) {
    if count > 0 {
        let end = out.len();
        out.resize(end + count, byte);
        out.copy_within(at..end, at + count);
        out[at..at + count].fill(byte);
    }
}

fn append(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing to a vector cannot fail");
}

/// Gives the exponent at `mark` (`e5`, `e-5`) a sign and at least two digits.
fn end_exponent(out: &mut Vec<u8>, mark: usize) {
    if out.get(mark + 1) != Some(&b'-') {
        insert(out, mark + 1, b'+', 1);
    }
    if out.len() - (mark + 2) < 2 {
        insert(out, mark + 2, b'0', 1);
    }
}

/// Length of a decimal fraction without the zeros at its end, and without a point that then ends it.
fn end_without_zeros(text: &[u8]) -> usize {
    if !text.contains(&b'.') {
        return text.len();
    }
    let last = text.iter().rposition(|&byte| byte != b'0').unwrap_or(0);
    if text[last] == b'.' { last } else { last + 1 }
}

/// Appends `value` in base `2^bits`, with letters from `ten` on.
fn write_power_of_two(out: &mut Vec<u8>, mut value: u64, bits: u32, ten: u8) {
    let mut digits = [0u8; 22];
    let mut start = digits.len();
    loop {
        start -= 1;
        let digit = (value & ((1 << bits) - 1)) as u8;
        digits[start] = if digit < 10 { b'0' + digit } else { ten + digit - 10 };
        value >>= bits;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

pub(super) fn format(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.check_string(1)?;
    cx.set(1, text);
    steps::run(Formatting { before: Text::new(), out: Vec::new(), at: 0, argument: 1, waiting: None }, cx)
}

/// What a format waits for.
enum Waiting {
    /// The text that `__tostring` gives, for this conversion.
    Display(Spec),
    /// Its turn to append more of a long text in this slot, quoted or not; so many bytes of it are appended.
    Long { slot: usize, quoted: bool, done: usize },
}

/// `format` under way; slot 1 holds the format text.
struct Formatting {
    /// What was written before the last long text, and that.
    before: Text,
    /// What was written since.
    out: Vec<u8>,
    /// Bytes of the format text that are done with.
    at: usize,
    /// Number of the current argument.
    argument: usize,
    waiting: Option<Waiting>,
}

impl Steps for Formatting {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        match self.waiting.take() {
            None => {}
            Some(Waiting::Display(spec)) => {
                let result = cx.take_result();
                let Some(text) = cx.coerce_string(result)? else {
                    return Err(Error::message("'__tostring' must return a string"));
                };
                self.write_text(cx, spec, text)?;
            }
            long => self.waiting = long,
        }
        let text = cx.check_string(1)?.as_bytes();
        loop {
            if !self.append_long(cx)? {
                return Ok(Next::Pause);
            }
            let rest = text.get(self.at..).unwrap_or(&[]);
            let near = &rest[..rest.len().min(PIECE)];
            let plain = memchr::memchr(b'%', near).unwrap_or(near.len());
            self.out.extend_from_slice(&near[..plain]);
            self.at += plain;
            if plain == near.len() {
                if near.len() == rest.len() {
                    break;
                }
                if !self.spill(cx)? {
                    return Ok(Next::Pause);
                }
                continue;
            }
            self.at += 1;
            if text.get(self.at) == Some(&b'%') {
                self.out.push(b'%');
                self.at += 1;
                if self.out.len() > PIECE && !self.spill(cx)? {
                    return Ok(Next::Pause);
                }
                continue;
            }
            self.argument += 1;
            if !cx.has(self.argument) {
                return Err(cx.argument_error(self.argument, "no value"));
            }
            let (spec, length) =
                Spec::parse(&text[self.at..]).map_err(|fault| Error::message(fault.to_string()))?;
            self.at += length;
            if !self.convert(cx, spec)? {
                self.waiting = Some(Waiting::Display(spec));
                return Ok(Next::Call(1));
            }
        }
        let _ = cx.charge(self.out.len() / BYTES_PER_FUEL);
        let result = if self.before.is_empty() {
            cx.string(&self.out)?
        } else {
            self.before.append(cx, &self.out)?;
            cx.finish(std::mem::take(&mut self.before))?
        };
        cx.push(result);
        Ok(Next::Return(1))
    }
}

impl Formatting {
    /// Puts what was written since the last long text behind that; whether there is fuel left.
    #[cold]
    fn spill(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        self.before.append(cx, &self.out)?;
        let work = 1 + self.out.len() / BYTES_PER_FUEL;
        self.out.clear();
        Ok(cx.charge(work))
    }

    /// Appends what the fuel allows of the long text that waits; whether none is left.
    #[inline]
    fn append_long(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        let Some(Waiting::Long { slot, quoted, mut done }) = self.waiting else { return Ok(true) };
        let text = cx.check_string(slot)?.as_bytes();
        let complete = if quoted {
            self.quote_some(cx, text, &mut done)?
        } else {
            self.before.append_some(cx, text, &mut done)?
        };
        self.waiting = if complete { None } else { Some(Waiting::Long { slot, quoted, done }) };
        Ok(complete)
    }

    /// The same in quotes.
    fn quote_some(&mut self, cx: &mut Context<'_>, text: &[u8], done: &mut usize) -> Result<bool> {
        if *done == 0 {
            self.out.push(b'"');
        }
        while *done < text.len() {
            let end = text.len().min(*done + PIECE);
            write_escaped(&mut self.out, text, *done..end);
            *done = end;
            if !self.spill(cx)? && end < text.len() {
                return Ok(false);
            }
        }
        self.out.push(b'"');
        Ok(true)
    }

    /// Converts the current argument; `false` if `__tostring` has to be called first.
    fn convert(&mut self, cx: &mut Context<'_>, spec: Spec) -> Result<bool> {
        let argument = self.argument;
        match spec.conversion {
            Conversion::Character => spec.write_character(&mut self.out, cx.check_integer(argument)? as u8),
            Conversion::Integer => spec.write_integer(&mut self.out, cx.check_integer(argument)?),
            Conversion::Float => spec.write_float(&mut self.out, cx.check_float(argument)?),
            Conversion::Quoted => match cx.get(argument) {
                Value::String(text) if text.len() > PIECE => self.begin_long(cx, argument, true)?,
                Value::String(text) => write_quoted(&mut self.out, text.as_bytes()),
                Value::Integer(integer) => write_quoted_integer(&mut self.out, integer),
                Value::Float(float) => write_quoted_float(&mut self.out, float),
                Value::Nil => self.out.extend_from_slice(b"nil"),
                Value::Boolean(truth) => self.out.extend_from_slice(if truth { b"true" } else { b"false" }),
                _ => return Err(cx.argument_error(argument, "value has no literal form")),
            },
            Conversion::Text => match cx.display(cx.get(argument))? {
                Some(text) => self.write_text(cx, spec, text)?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    /// Arranges for a long text in a slot to be appended.
    #[cold]
    fn begin_long(&mut self, cx: &mut Context<'_>, slot: usize, quoted: bool) -> Result<()> {
        self.spill(cx)?;
        self.waiting = Some(Waiting::Long { slot, quoted, done: 0 });
        Ok(())
    }

    /// Writes the text that the current argument is shown as.
    fn write_text<'gc>(&mut self, cx: &mut Context<'gc>, spec: Spec, string: Str<'gc>) -> Result<()> {
        /// From this length on a text without precision passes unpadded (chosen to equal the reference).
        const LONG: usize = 100;
        let text = string.as_bytes();
        if !spec.is_bare() {
            if text.contains(&0) {
                return Err(cx.argument_error(self.argument, "string contains zeros"));
            }
            if spec.has_precision() || text.len() < LONG {
                spec.write_text(&mut self.out, text);
                return Ok(());
            }
        }
        if text.len() > PIECE {
            // It may be what `__tostring` gave: the argument's slot is as good a place as any.
            cx.set(self.argument, string);
            return self.begin_long(cx, self.argument, false);
        }
        self.out.extend_from_slice(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        let (spec, length) = Spec::parse(text.as_bytes()).expect("a valid specification");
        assert_eq!(length, text.len());
        spec
    }

    fn integer(text: &str, value: i64, expected: &str) {
        let mut out = b"x".to_vec();
        spec(text).write_integer(&mut out, value);
        assert_eq!(String::from_utf8_lossy(&out[1..]), expected, "%{text} of {value}");
    }

    fn float(text: &str, value: f64, expected: &str) {
        let mut out = b"x".to_vec();
        spec(text).write_float(&mut out, value);
        assert_eq!(String::from_utf8_lossy(&out[1..]), expected, "%{text} of {value}");
    }

    #[test]
    fn integers() {
        integer("d", -3, "-3");
        integer("05d", -3, "-0003");
        integer("+5d", 3, "   +3");
        integer("-5i", 3, "3    ");
        integer(".0d", 0, "");
        integer("05.3d", 5, "  005");
        integer("#x", 255, "0xff");
        integer("#X", 0, "0");
        integer("#o", 8, "010");
        integer("#.0o", 0, "0");
        integer("x", -1, "ffffffffffffffff");
        integer("u", -1, "18446744073709551615");
        integer("d", i64::MIN, "-9223372036854775808");
    }

    #[test]
    fn floats() {
        float("f", 1.5, "1.500000");
        float(".0f", 2.5, "2");
        float("#.0f", 1.0, "1.");
        float("010.2f", -1.5, "-000001.50");
        float("05f", f64::INFINITY, "  inf");
        float("E", 1e-300, "1.000000E-300");
        float("#.0e", 12345.0, "1.e+04");
        float("g", 1e6, "1e+06");
        float("g", 100_000.0, "100000");
        float("#g", 1.0, "1.00000");
        float("G", 1e-10, "1E-10");
        float(".3g", 1234.5, "1.23e+03");
        float(".14g", 0.1, "0.1");
        float(".30f", 0.1, "0.100000000000000005551115123126");
    }

    #[test]
    fn hexadecimal_floats() {
        float("a", 1.0, "0x1p+0");
        float("a", -0.0, "-0x0p+0");
        float("a", 5e-324, "0x0.0000000000001p-1022");
        float("A", 0.1, "0X1.999999999999AP-4");
        float(".0a", 1.5, "0x2p+0");
        float(".3a", 1.0 / 3.0, "0x1.555p-2");
        float(".16a", 1.5, "0x1.8000000000000000p+0");
        float("#.0a", 1.0, "0x1.p+0");
        float("012a", 1.0, "0x0000001p+0");
    }

    #[test]
    fn texts_and_characters() {
        let mut out = Vec::new();
        spec("5.1s").write_text(&mut out, b"hello");
        spec("-4s").write_text(&mut out, b"ab");
        spec("3c").write_character(&mut out, b'z');
        assert_eq!(out, b"    hab    z");
        assert!(spec("s").is_bare() && !spec("5s").is_bare() && spec(".s").has_precision());
    }

    #[test]
    fn quoted_texts_read_back() {
        let mut out = Vec::new();
        write_quoted(&mut out, b"a\n\r\x001\0b\"\\\x7f\xc8");
        assert_eq!(out, b"\"a\\\n\\13\\0001\\0b\\\"\\\\\\127\xc8\"");
    }

    #[test]
    fn faults_are_told_apart() {
        let fault = |text: &[u8]| Spec::parse(text).expect_err("a fault").to_string();
        assert_eq!(fault(b"------d"), "invalid format (repeated flags)");
        assert_eq!(fault(b"123d"), "invalid format (width or precision too long)");
        assert_eq!(fault(b".123d"), "invalid format (width or precision too long)");
        assert_eq!(fault(b"y"), "invalid option '%y' to 'format'");
        assert_eq!(fault(b"5"), "invalid option '%<\\0>' to 'format'");
        assert_eq!(fault(b"\xc8"), "invalid option '%<\\200>' to 'format'");
    }
}
