//! `os` of applications: time and date only, with rules of its own.
//!
//! Unlike the standard library's, midnight is the default of `os.time`, weeks are those of ISO 8601, and unknown
//! conversions stay as they are. Nothing else of the system can be reached.

use wippy_vm::arguments::to_integer;
use wippy_vm::{Context, Error, Library, Outcome, Result, Table, Value, library};

use super::calendar::Moment;
use super::format;
use super::zone::Offset;
use crate::clock;
use crate::time::{Location, TimeValue, seconds_of};

/// The functions.
pub static LIBRARY: Library = library!(
    "os",
    [
        /// Seconds since the runtime started.
        ("clock", clock_native, "() -> number"),
        /// A point in time as text, or with `*t` as a table.
        ("date", date, "(format: string?, time: number?) -> any"),
        /// Seconds between two points in time.
        ("difftime", difftime, "(t2: number, t1: number) -> number"),
        /// A point in time as seconds since 1970, now by default.
        ("time", time, "(t: table?) -> integer"),
    ]
);

/// The conversions that are known; `c x X` are made of others.
const CONVERSIONS: &[u8] = b"YymdHIMSpAaBbwjzZ%cxXUW";

/// Adds what is no function.
pub(crate) fn complete<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
    let platform = cx.name("wippy");
    cx.set_field(table, "platform", platform)
}

/// Seconds since the runtime started, by the monotonic clock.
fn clock_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let elapsed = clock::monotonic(cx).as_secs_f64();
    Ok(cx.returns(elapsed))
}

fn difftime(cx: &mut Context<'_>) -> Result<Outcome> {
    let difference = cx.check_float(1)? - cx.check_float(2)?;
    Ok(cx.returns(difference))
}

fn now(cx: &mut Context<'_>) -> i64 {
    clock::wall(cx).div_euclid(1_000_000_000) as i64
}

/// `os.time([t])`
fn time(cx: &mut Context<'_>) -> Result<Outcome> {
    let now = now(cx);
    if cx.get(1).is_nil() {
        return Ok(cx.returns(now));
    }
    let table = cx.check_table(1)?;
    let location = Location::local();
    let today = TimeValue::from_nanoseconds(i128::from(now) * 1_000_000_000, location.clone()).local();
    let mut field = |name: &str, default: i64| -> Result<i64> {
        match cx.field(table, name) {
            Value::Nil => Ok(default),
            Value::Float(float) => Ok(float as i64),
            value => {
                to_integer(value).ok_or_else(|| Error::message(format!("field '{name}' is not an integer")))
            }
        }
    };
    let date = [
        field("year", today.year)?,
        field("month", today.month + 1)?,
        field("day", today.day)?,
        field("hour", 0)?,
        field("min", 0)?,
        field("sec", 0)?,
    ];
    Ok(cx.returns(seconds_of(date, &location)))
}

/// `os.date([format [, t]])`
fn date(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.optional_string(1)?.map_or(&b"%c"[..], |text| text.as_bytes());
    let seconds = if cx.get(2).is_nil() { now(cx) } else { cx.check_float(2).map(|float| float as i64)? };
    let (text, location) = match text.strip_prefix(b"!") {
        Some(text) => (text, Location::utc()),
        None => (text, Location::local()),
    };
    let time = TimeValue::from_nanoseconds(i128::from(seconds) * 1_000_000_000, location);
    let (moment, offset) = (time.local(), time.offset());
    if text == b"*t" {
        let table = cx.table(0, 9)?;
        for (name, value) in format::fields(&moment) {
            cx.set_field(table, name, value)?;
        }
        cx.set_field(table, "isdst", offset.is_saving)?;
        return Ok(cx.returns(table));
    }
    let text = formatted(text, &moment, offset);
    let text = cx.string(&text)?;
    Ok(cx.returns(text))
}

fn formatted(text: &[u8], moment: &Moment, offset: &Offset) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after.first()) {
            (b'%', Some(b'U' | b'W')) => {
                out.extend_from_slice(format!("{:02}", moment.iso_week().1).as_bytes());
                rest = &after[1..];
            }
            (b'%', Some(letter)) if CONVERSIONS.contains(letter) => {
                format::convert(&mut out, *letter, moment, offset);
                rest = &after[1..];
            }
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::calendar;

    #[test]
    fn conversions() {
        let moment = calendar::split(1_718_461_845).expect("fits");
        let show = |text: &str| {
            String::from_utf8(formatted(text.as_bytes(), &moment, &Offset::universal("UTC"))).expect("ASCII")
        };
        assert_eq!(show("%c|%x|%X"), "Sat Jun 15 14:30:45 2024|06/15/24|14:30:45");
        assert_eq!(
            show("%Y %y %m %d %H %I %M %S %p %A %a %B %b %w %j %z %Z %%"),
            "2024 24 06 15 14 02 30 45 PM Saturday Sat June Jun 6 167 +0000 UTC %"
        );
        assert_eq!(show("%U %W %q %E %"), "24 24 %q %E %");
    }
}
