//! Points in time as scripts see them: the methods of time objects.

use std::sync::Arc;

use wippy_vm::{Context, Error, Library, Outcome, Result, Value, library};

use super::duration::{self, Argument, DurationValue};
use super::format::format;
use super::location::{self, Location};
use super::point::TimeValue;
use super::{LAYOUT_RFC3339, LAYOUT_TEXT, integer};
use crate::class::Class;

/// The class of points in time.
pub(super) static CLASS: Class = Class { methods: &METHODS, metamethods: &METAMETHODS };

/// The methods of points in time.
pub(super) static METHODS: Library = library!(
    "time",
    [
        /// The point that is a duration later.
        ("add", add, "(self: Time, duration: any) -> Time"),
        /// The duration since another point.
        ("sub", sub, "(self: Time, time: Time) -> Duration"),
        /// The point that is years, months and days later.
        ("add_date", add_date, "(self: Time, years: number, months: number, days: number) -> Time"),
        /// Whether it is before another point.
        ("before", before, "(self: Time, time: Time) -> boolean"),
        /// Whether it is after another point.
        ("after", after, "(self: Time, time: Time) -> boolean"),
        /// Whether both are the same moment, whatever their zones.
        ("equal", equal, "(self: Time, time: Time) -> boolean"),
        /// As text after a layout, written as the reference time `2006-01-02 15:04:05`.
        ("format", format_method, "(self: Time, layout: string) -> string"),
        /// As text: `2006-01-02T15:04:05Z`.
        ("format_rfc3339", format_rfc3339, "(self: Time) -> string"),
        /// Seconds since 1970.
        ("unix", unix, "(self: Time) -> integer"),
        /// Nanoseconds since 1970.
        ("unix_nano", unix_nano, "(self: Time) -> integer"),
        /// Year, month and day.
        ("date", date, "(self: Time) -> (integer, integer, integer)"),
        /// Hour, minute and second.
        ("clock", clock, "(self: Time) -> (integer, integer, integer)"),
        /// The year.
        ("year", year, "(self: Time) -> integer"),
        /// The month, from 1.
        ("month", month, "(self: Time) -> integer"),
        /// The day of the month.
        ("day", day, "(self: Time) -> integer"),
        /// The hour.
        ("hour", hour, "(self: Time) -> integer"),
        /// The minute.
        ("minute", minute, "(self: Time) -> integer"),
        /// The second.
        ("second", second, "(self: Time) -> integer"),
        /// The nanoseconds within the second.
        ("nanosecond", nanosecond, "(self: Time) -> integer"),
        /// The day of the week, Sunday is 0.
        ("weekday", weekday, "(self: Time) -> integer"),
        /// The day of the year.
        ("year_day", year_day, "(self: Time) -> integer"),
        /// Whether it is the first moment of the year 1.
        ("is_zero", is_zero, "(self: Time) -> boolean"),
        /// The same moment in UTC.
        ("utc", utc, "(self: Time) -> Time"),
        /// The same moment in the zone of the machine.
        ("in_local", in_local, "(self: Time) -> Time"),
        /// The same moment in a zone.
        ("in_location", in_location, "(self: Time, location: Location) -> Time"),
        /// The zone.
        ("location", location_method, "(self: Time) -> Location"),
        /// The nearest multiple of a duration.
        ("round", round, "(self: Time, duration: any) -> Time"),
        /// The last multiple of a duration.
        ("truncate", truncate, "(self: Time, duration: any) -> Time"),
    ]
);

static METAMETHODS: Library = library!("time", [("__tostring", tostring, "(self: Time) -> string")]);

fn this<'gc>(cx: &Context<'gc>) -> Result<&'gc TimeValue> {
    CLASS.this(cx)
}

/// Answers with a point in time.
pub(super) fn returns(cx: &mut Context<'_>, time: TimeValue) -> Result<Outcome> {
    let object = CLASS.object(cx, Arc::new(time))?;
    Ok(cx.returns(object))
}

fn returns_duration(cx: &mut Context<'_>, nanoseconds: i128) -> Result<Outcome> {
    let nanoseconds = nanoseconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
    let object = duration::CLASS.object(cx, Arc::new(DurationValue(nanoseconds)))?;
    Ok(cx.returns(object))
}

fn add(cx: &mut Context<'_>) -> Result<Outcome> {
    let time = this(cx)?;
    match Argument::of(cx.get(2)) {
        Argument::Nanoseconds(nanoseconds) => returns(cx, time.plus(i128::from(nanoseconds))),
        Argument::Malformed(message) => Err(cx.argument_error(2, format!("duration expected: {message}"))),
        Argument::WrongType => Err(cx.type_error(2, "duration")),
    }
}

fn sub(cx: &mut Context<'_>) -> Result<Outcome> {
    let (time, other) = (this(cx)?, other(cx)?);
    returns_duration(cx, time.minus(other))
}

fn add_date(cx: &mut Context<'_>) -> Result<Outcome> {
    let time = this(cx)?;
    let moved = time.add_date(integer(cx, 2)?, integer(cx, 3)?, integer(cx, 4)?);
    returns(cx, moved)
}

/// Argument 2, a point in time.
fn other<'gc>(cx: &Context<'gc>) -> Result<&'gc TimeValue> {
    CLASS.argument(cx, 2)
}

fn before(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = this(cx)?.minus(other(cx)?) < 0;
    Ok(cx.returns(answer))
}

fn after(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = this(cx)?.minus(other(cx)?) > 0;
    Ok(cx.returns(answer))
}

fn equal(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = this(cx)?.is_at(other(cx)?);
    Ok(cx.returns(answer))
}

fn returns_text(cx: &mut Context<'_>, layout: &[u8]) -> Result<Outcome> {
    let text = format(this(cx)?, layout);
    let text = cx.string(&text)?;
    Ok(cx.returns(text))
}

fn format_method(cx: &mut Context<'_>) -> Result<Outcome> {
    this(cx)?;
    let layout = cx.check_string(2)?;
    returns_text(cx, layout.as_bytes())
}

fn format_rfc3339(cx: &mut Context<'_>) -> Result<Outcome> {
    returns_text(cx, LAYOUT_RFC3339.as_bytes())
}

fn tostring(cx: &mut Context<'_>) -> Result<Outcome> {
    returns_text(cx, LAYOUT_TEXT.as_bytes())
}

fn unix(cx: &mut Context<'_>) -> Result<Outcome> {
    let seconds = this(cx)?.unix();
    Ok(cx.returns(seconds))
}

fn unix_nano(cx: &mut Context<'_>) -> Result<Outcome> {
    let nanoseconds = this(cx)?.nanoseconds().clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Ok(cx.returns(nanoseconds as i64))
}

fn returns_three(cx: &mut Context<'_>, values: [i64; 3]) -> Result<Outcome> {
    values.into_iter().for_each(|value| cx.push(value));
    Ok(cx.returns_top(3))
}

fn date(cx: &mut Context<'_>) -> Result<Outcome> {
    let local = this(cx)?.local();
    returns_three(cx, [local.year, local.month + 1, local.day])
}

fn clock(cx: &mut Context<'_>) -> Result<Outcome> {
    let local = this(cx)?.local();
    returns_three(cx, [local.hour, local.minute, local.second])
}

macro_rules! parts {
    ($( $name:ident => |$local:ident| $value:expr; )*) => { $(
        fn $name(cx: &mut Context<'_>) -> Result<Outcome> {
            let $local = this(cx)?.local();
            Ok(cx.returns($value))
        }
    )* };
}

parts! {
    year => |local| local.year;
    month => |local| local.month + 1;
    day => |local| local.day;
    hour => |local| local.hour;
    minute => |local| local.minute;
    second => |local| local.second;
    weekday => |local| local.weekday;
    year_day => |local| local.day_of_year + 1;
}

fn nanosecond(cx: &mut Context<'_>) -> Result<Outcome> {
    let nanosecond = i64::from(this(cx)?.nanosecond());
    Ok(cx.returns(nanosecond))
}

fn is_zero(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = this(cx)?.is_zero();
    Ok(cx.returns(answer))
}

fn utc(cx: &mut Context<'_>) -> Result<Outcome> {
    let time = this(cx)?.clone();
    returns(cx, time.moved(Location::utc()))
}

fn in_local(cx: &mut Context<'_>) -> Result<Outcome> {
    let time = this(cx)?.clone();
    returns(cx, time.moved(Location::local()))
}

fn in_location(cx: &mut Context<'_>) -> Result<Outcome> {
    let time = this(cx)?.clone();
    let location = location_argument(cx, 2)?;
    returns(cx, time.moved(location))
}

/// An argument that must be a location.
pub(super) fn location_argument(cx: &Context<'_>, index: usize) -> Result<Arc<Location>> {
    location_of(cx.get(index)).ok_or_else(|| cx.type_error(index, "location"))
}

fn location_of(value: Value<'_>) -> Option<Arc<Location>> {
    let object: Arc<dyn std::any::Any + Send + Sync> = Arc::clone(value.host_object()?) as _;
    object.downcast::<Location>().ok()
}

fn location_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let location = Arc::clone(this(cx)?.location());
    let object = location::CLASS.object(cx, location)?;
    Ok(cx.returns(object))
}

/// Argument 2, which must be a duration object; nanoseconds.
fn unit(cx: &Context<'_>) -> Result<i64> {
    match cx.get(2).host_object_as::<DurationValue>() {
        Some(duration) => Ok(duration.0),
        None => Err::<i64, Error>(cx.type_error(2, "duration")),
    }
}

fn round(cx: &mut Context<'_>) -> Result<Outcome> {
    let (time, unit) = (this(cx)?.clone().stripped(), unit(cx)?);
    if unit <= 0 {
        return returns(cx, time);
    }
    let past = time.past_multiple(unit);
    let moved =
        if past * 2 < i128::from(unit) { time.plus(-past) } else { time.plus(i128::from(unit) - past) };
    returns(cx, moved)
}

fn truncate(cx: &mut Context<'_>) -> Result<Outcome> {
    let (time, unit) = (this(cx)?.clone().stripped(), unit(cx)?);
    let past = if unit <= 0 { 0 } else { time.past_multiple(unit) };
    returns(cx, time.plus(-past))
}
