//! Durations: a signed number of nanoseconds, its text, and the arguments that stand for one.
//!
//! No arithmetic for scripts: they calculate with numbers of nanoseconds.

use std::borrow::Cow;
use std::sync::Arc;

use wippy_vm::{Context, HostObject, Library, Outcome, Result, UserData, Value, library};

use crate::class::Class;
use crate::errors::ErrorValue;

/// Nanoseconds of the units.
pub(super) const MICROSECOND: i64 = 1_000;
pub(super) const MILLISECOND: i64 = 1_000_000;
pub(super) const SECOND: i64 = 1_000_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// A span of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DurationValue(pub i64);

impl HostObject for DurationValue {
    fn depart(self: Arc<Self>) -> Option<Arc<dyn HostObject>> {
        Some(self)
    }

    fn report(&self) -> Option<Cow<'_, [u8]>> {
        Some(text(self.0).into_bytes().into())
    }

    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// The class of durations.
pub(super) static CLASS: Class = Class { methods: &METHODS, metamethods: &METAMETHODS };

/// The methods of durations.
pub(super) static METHODS: Library = library!(
    "duration",
    [
        /// The duration in nanoseconds.
        ("nanoseconds", nanoseconds, "(self: Duration) -> integer"),
        /// The duration in microseconds.
        ("microseconds", microseconds, "(self: Duration) -> integer"),
        /// The duration in milliseconds.
        ("milliseconds", milliseconds, "(self: Duration) -> integer"),
        /// The duration in seconds.
        ("seconds", seconds, "(self: Duration) -> number"),
        /// The duration in minutes.
        ("minutes", minutes, "(self: Duration) -> number"),
        /// The duration in hours.
        ("hours", hours, "(self: Duration) -> number"),
    ]
);

static METAMETHODS: Library = library!("duration", [("__tostring", tostring, "(self: Duration) -> string")]);

fn this(cx: &Context<'_>) -> Result<i64> {
    Ok(CLASS.this::<DurationValue>(cx)?.0)
}

fn nanoseconds(cx: &mut Context<'_>) -> Result<Outcome> {
    let nanoseconds = this(cx)?;
    Ok(cx.returns(nanoseconds))
}

fn microseconds(cx: &mut Context<'_>) -> Result<Outcome> {
    let nanoseconds = this(cx)?;
    Ok(cx.returns(nanoseconds / MICROSECOND))
}

fn milliseconds(cx: &mut Context<'_>) -> Result<Outcome> {
    let nanoseconds = this(cx)?;
    Ok(cx.returns(nanoseconds / MILLISECOND))
}

/// Whole and fraction apart, so that the float is as near as it can be.
fn in_units(cx: &mut Context<'_>, unit: i64) -> Result<Outcome> {
    let nanoseconds = this(cx)?;
    let whole = (nanoseconds / unit) as f64;
    Ok(cx.returns(whole + (nanoseconds % unit) as f64 / unit as f64))
}

fn seconds(cx: &mut Context<'_>) -> Result<Outcome> {
    in_units(cx, SECOND)
}

fn minutes(cx: &mut Context<'_>) -> Result<Outcome> {
    in_units(cx, MINUTE)
}

fn hours(cx: &mut Context<'_>) -> Result<Outcome> {
    in_units(cx, HOUR)
}

fn tostring(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.string(text(this(cx)?).as_bytes())?;
    Ok(cx.returns(text))
}

/// What an argument that should be a duration came to.
pub(super) enum Argument {
    /// Nanoseconds.
    Nanoseconds(i64),
    /// A number or string that is no duration: what is wrong with it.
    Malformed(String),
    /// Another type.
    WrongType,
}

impl Argument {
    /// Reads a value: a number of nanoseconds, a text, a duration.
    pub(super) fn of(value: Value<'_>) -> Argument {
        match value {
            Value::Integer(nanoseconds) => Argument::Nanoseconds(nanoseconds),
            // 2^63 and its negative are floats; the positive one does not fit.
            Value::Float(float)
                if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float) =>
            {
                Argument::Nanoseconds(float as i64)
            }
            Value::Float(float) => Argument::Malformed(format!("time: invalid duration {float}")),
            Value::String(text) => match parse(text.as_bytes()) {
                Ok(nanoseconds) => Argument::Nanoseconds(nanoseconds),
                Err(message) => Argument::Malformed(message),
            },
            other => match other.host_object_as::<DurationValue>() {
                Some(duration) => Argument::Nanoseconds(duration.0),
                None => Argument::WrongType,
            },
        }
    }

    /// Nanoseconds, or the error that a function answers with.
    pub(super) fn or_error(self) -> Result<i64, ErrorValue> {
        match self {
            Argument::Nanoseconds(nanoseconds) => Ok(nanoseconds),
            Argument::Malformed(message) => Err(ErrorValue::invalid(message)),
            Argument::WrongType => Err(ErrorValue::invalid("duration must be number or string")),
        }
    }
}

/// The compact form: `1h30m45.5s`, `500ms`, `1.5µs`, `0s`.
pub(super) fn text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    if total == 0 {
        return "0s".to_owned();
    }
    for (unit, name, digits) in [(1, "ns", 0), (1_000, "µs", 3), (1_000_000, "ms", 6)] {
        if total < unit * 1_000 {
            return format!("{sign}{}{name}", decimal(total / unit, total % unit, digits));
        }
    }
    let second = SECOND as u64;
    let (minutes, seconds) = (total / (60 * second), total % (60 * second));
    let seconds = decimal(seconds / second, seconds % second, 9);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// A number with as many of `digits` decimals as it needs.
fn decimal(whole: u64, fraction: u64, digits: usize) -> String {
    if fraction == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{fraction:0digits$}");
    text.trim_end_matches('0').to_owned()
}

/// Reads a text such as `1h30m` or `-1.5s`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &[u8]) -> Result<i64, String> {
    let shown = || quoted(text);
    let invalid = || format!("time: invalid duration {}", shown());
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let whole = digits(&mut rest);
        let mut fraction: &[u8] = &[];
        if let [b'.', after @ ..] = rest {
            rest = after;
            fraction = digits(&mut rest);
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = rest.iter().position(|byte| *byte == b'.' || byte.is_ascii_digit()).unwrap_or(rest.len());
        let (unit, after) = rest.split_at(end);
        rest = after;
        let scale: u128 = match unit {
            b"" => return Err(format!("time: missing unit in duration {}", shown())),
            b"ns" => 1,
            b"us" => 1_000,
            // The micro sign and the Greek letter.
            unit if unit == "µs".as_bytes() || unit == "μs".as_bytes() => 1_000,
            b"ms" => 1_000_000,
            b"s" => SECOND as u128,
            b"m" => MINUTE as u128,
            b"h" => HOUR as u128,
            unit => return Err(format!("time: unknown unit {} in duration {}", quoted(unit), shown())),
        };
        // More digits than this overflow in any unit; the fraction's further digits are less than a nanosecond.
        let whole = number(whole).filter(|whole| *whole <= 1 << 63).ok_or_else(invalid)?;
        let fraction = &fraction[..fraction.len().min(18)];
        let divisor = 10u128.pow(fraction.len() as u32);
        total += whole * scale + number(fraction).unwrap_or(0) * scale / divisor;
        if total > 1 << 63 {
            return Err(invalid());
        }
    }
    match i64::try_from(total) {
        Ok(total) => Ok(if negative { -total } else { total }),
        Err(_) if negative => Ok(i64::MIN),
        Err(_) => Err(invalid()),
    }
}

/// The digits at the start of a text, which is moved behind them.
fn digits<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits
}

fn number(digits: &[u8]) -> Option<u128> {
    let significant = digits.iter().position(|&digit| digit != b'0').map_or(&[][..], |at| &digits[at..]);
    (significant.len() <= 19)
        .then(|| significant.iter().fold(0, |value, digit| value * 10 + u128::from(digit - b'0')))
}

/// A text in quotes, as messages show it.
pub(super) fn quoted(text: &[u8]) -> Cow<'static, str> {
    format!("\"{}\"", String::from_utf8_lossy(text).escape_debug()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compact_and_read_back() {
        for (nanoseconds, expected) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (500 * MILLISECOND, "500ms"),
            (SECOND, "1s"),
            (HOUR, "1h0m0s"),
            (90 * MINUTE, "1h30m0s"),
            (HOUR + 30 * MINUTE + 45 * SECOND + 500 * MILLISECOND, "1h30m45.5s"),
            (-MINUTE - 1, "-1m0.000000001s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
            (i64::MAX, "2562047h47m16.854775807s"),
        ] {
            assert_eq!(text(nanoseconds), expected);
            assert_eq!(parse(expected.as_bytes()), Ok(nanoseconds), "{expected}");
        }
    }

    #[test]
    fn texts_that_are_read() {
        for (text, expected) in [
            ("0", 0),
            ("+5s", 5 * SECOND),
            (".5s", SECOND / 2),
            ("1.s", SECOND),
            ("1.5h", 90 * MINUTE),
            ("1h1h", 2 * HOUR),
            ("0.0000000001s", 0),
            ("000000000000000000000000001ns", 1),
            ("0.3333333333333333333h", 1_199_999_999_999),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn texts_that_are_refused() {
        for (text, message) in [
            ("", "time: invalid duration \"\""),
            ("-", "time: invalid duration \"-\""),
            ("x", "time: invalid duration \"x\""),
            (".s", "time: invalid duration \".s\""),
            ("5", "time: missing unit in duration \"5\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("1 h", "time: unknown unit \" h\" in duration \"1 h\""),
            ("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""),
            ("2562048h", "time: invalid duration \"2562048h\""),
            ("99999999999999999999999h", "time: invalid duration \"99999999999999999999999h\""),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(message.to_owned()));
        }
    }
}
