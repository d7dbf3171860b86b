//! `os.date`, `os.time` and `os.difftime` as natives.
//!
//! Fields of tables are read and set with their metamethods, so both go in steps. Invariant: the table stays in slot
//! 1 between the steps.

use std::time::{SystemTime, UNIX_EPOCH};

use wippy_vm::arguments::to_integer;
use wippy_vm::{Context, Error, Outcome, Result, Resume, Then, Value};

use super::calendar::{self, Moment};
use super::format::{self, InvalidConversion};
use super::zone::{Offset, Zone};
use crate::host;

/// Largest magnitude of a field, so that sums of fields fit C's `int`.
const LARGEST_FIELD: i64 = (i32::MAX / 2) as i64;

const NOT_REPRESENTABLE: &str = "time result cannot be represented in this installation";

/// The local time zone, found out once; a host value.
struct Local(Zone);

fn with_local<R>(cx: &mut Context<'_>, ask: impl FnOnce(&Zone) -> R) -> R {
    if let Some(local) = cx.host::<Local>() {
        return ask(&local.0);
    }
    let zone = Zone::local();
    let answer = ask(&zone);
    cx.set_host(Local(zone));
    answer
}

/// Seconds since 1970.
fn now() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs() as i64,
        Err(before) => -(before.duration().as_secs() as i64),
    }
}

/// A moment in local time.
fn in_zone(cx: &mut Context<'_>, seconds: i64) -> Option<(Moment, Offset)> {
    let offset = with_local(cx, |zone| zone.at(seconds).clone());
    Some((calendar::split(seconds.checked_add(offset.seconds)?)?, offset))
}

/// `os.difftime(t2, t1)`
pub(super) fn difftime(cx: &mut Context<'_>) -> Result<Outcome> {
    let (later, earlier) = (cx.check_integer(1)?, cx.check_integer(2)?);
    Ok(cx.returns((i128::from(later) - i128::from(earlier)) as f64))
}

/// `os.date([format [, time]])`
pub(super) fn date(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.optional_string(1)?.map_or(&b"%c"[..], |text| text.as_bytes());
    let seconds = if cx.get(2).is_nil() { now() } else { cx.check_integer(2)? };
    let (text, moment) = match text.strip_prefix(b"!") {
        Some(text) => (text, calendar::split(seconds).map(|moment| (moment, Offset::universal("GMT")))),
        None => (text, in_zone(cx, seconds)),
    };
    let Some((moment, offset)) = moment else { return Err(Error::message(NOT_REPRESENTABLE)) };
    if host::c_text(text) == b"*t" {
        let table = cx.table(0, 9)?;
        for (name, value) in format::fields(&moment) {
            cx.set_field(table, name, value)?;
        }
        cx.set_field(table, "isdst", offset.is_saving)?;
        return Ok(cx.returns(table));
    }
    match format::format(text, &moment, &offset) {
        Ok(text) => {
            let text = cx.string(&text)?;
            Ok(cx.returns(text))
        }
        Err(InvalidConversion(shown)) => {
            let shown = String::from_utf8_lossy(&shown).into_owned();
            Err(cx.argument_error(1, format!("invalid conversion specifier '{shown}'")))
        }
    }
}

/// `os.time([table])`
pub(super) fn time(cx: &mut Context<'_>) -> Result<Outcome> {
    if cx.get(1).is_nil() {
        return Ok(cx.returns(now()));
    }
    cx.check_table(1)?;
    cx.truncate(1);
    read_fields(cx, Reading { field: 0, values: [0; 6] })
}

/// A field that `os.time` reads.
struct Field {
    name: &'static str,
    /// What it is when it is absent; `None` if it must not be.
    default: Option<i64>,
    /// What it is relative to.
    base: i64,
}

/// In the order in which they are read; after them comes `isdst`.
static FIELDS: [Field; 6] = [
    Field { name: "sec", default: Some(0), base: 0 },
    Field { name: "min", default: Some(0), base: 0 },
    Field { name: "hour", default: Some(12), base: 0 },
    Field { name: "day", default: None, base: 0 },
    Field { name: "month", default: None, base: 1 },
    Field { name: "year", default: None, base: 0 },
];

/// Reading the fields of a table.
struct Reading {
    /// The field that is read now.
    field: usize,
    values: [i64; 6],
}

fn read_fields(cx: &mut Context<'_>, mut reading: Reading) -> Result<Outcome> {
    loop {
        let name = FIELDS.get(reading.field).map_or("isdst", |field| field.name);
        let key = cx.string(name.as_bytes())?;
        let Some(value) = cx.index(cx.get(1), key)? else {
            return Ok(cx.call(2, Then::Resume(Box::new(reading))));
        };
        if let Some(saving) = reading.take(value)? {
            return finish(cx, &reading.values, saving);
        }
    }
}

impl Reading {
    /// Takes a field's value; after the last one it answers with that of `isdst`.
    fn take(&mut self, value: Value<'_>) -> Result<Option<Option<bool>>> {
        let Some(field) = FIELDS.get(self.field) else {
            return Ok(Some(if value.is_nil() { None } else { Some(value.is_truthy()) }));
        };
        self.values[self.field] = field.check(value)?;
        self.field += 1;
        Ok(None)
    }
}

impl Resume for Reading {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let value = cx.take_result();
        match self.take(value)? {
            Some(saving) => finish(cx, &self.values, saving),
            None => read_fields(cx, *self),
        }
    }
}

impl Field {
    fn check(&self, value: Value<'_>) -> Result<i64> {
        let name = self.name;
        match to_integer(value) {
            Some(number) if !(-LARGEST_FIELD..=LARGEST_FIELD).contains(&number) => {
                Err(Error::message(format!("field '{name}' is out-of-bound")))
            }
            Some(number) => Ok(number - self.base),
            None if !value.is_nil() => Err(Error::message(format!("field '{name}' is not an integer"))),
            None => {
                self.default.ok_or_else(|| Error::message(format!("field '{name}' missing in date table")))
            }
        }
    }
}

/// Computes the time, then updates the table.
fn finish(cx: &mut Context<'_>, values: &[i64; 6], saving: Option<bool>) -> Result<Outcome> {
    let &[second, minute, hour, day, month, year] = values;
    let local = calendar::seconds_from(year, month, day, hour, minute, second);
    let seconds = with_local(cx, |zone| zone.moment(local, saving));
    // C's `mktime` tells of failures by this very moment.
    let split = if seconds == -1 { None } else { in_zone(cx, seconds) };
    let Some((moment, offset)) = split else { return Err(Error::message(NOT_REPRESENTABLE)) };
    update(cx, Box::new(Updating { field: 0, moment, saving: offset.is_saving, seconds }))
}

/// Setting the fields of a table.
struct Updating {
    /// The field that is set next.
    field: usize,
    moment: Moment,
    saving: bool,
    /// The answer.
    seconds: i64,
}

fn update(cx: &mut Context<'_>, mut updating: Box<Updating>) -> Result<Outcome> {
    let fields = format::fields(&updating.moment);
    while updating.field <= fields.len() {
        let (name, value) = match fields.get(updating.field) {
            Some(&(name, value)) => (name, Value::Integer(value)),
            None => ("isdst", Value::Boolean(updating.saving)),
        };
        updating.field += 1;
        let key = cx.string(name.as_bytes())?;
        if !cx.set_index(cx.get(1), key, value)? {
            return Ok(cx.call(3, Then::Resume(updating)));
        }
    }
    Ok(cx.returns(updating.seconds))
}

impl Resume for Updating {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        cx.truncate(1);
        update(cx, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: usize, value: Value<'_>, expected: Result<i64, &str>) {
        let result = FIELDS[field].check(value).map_err(|error| error.to_string());
        assert_eq!(result, expected.map_err(str::to_owned));
    }

    #[test]
    fn fields_are_checked() {
        check(0, Value::Nil, Ok(0));
        check(2, Value::Nil, Ok(12));
        check(3, Value::Nil, Err("field 'day' missing in date table"));
        check(4, Value::Float(1.0), Ok(0));
        check(4, Value::Float(1.5), Err("field 'month' is not an integer"));
        check(5, Value::Integer(LARGEST_FIELD), Ok(LARGEST_FIELD));
        check(5, Value::Integer(-LARGEST_FIELD - 1), Err("field 'year' is out-of-bound"));
    }
}
