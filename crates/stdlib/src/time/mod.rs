//! `time`: durations, points in time, zones and layouts.
//!
//! Waiting is in `waiting`. Whole numbers are integers. Invariant: time objects never change, and their zones need no
//! files of the system except for `Local`.

mod duration;
mod format;
mod layout;
mod location;
mod methods;
mod parse;
mod point;
mod waiting;

use std::sync::Arc;

use wippy_vm::arguments::to_number;
use wippy_vm::number::Number;
use wippy_vm::{Context, Library, MakeUserData, Outcome, Result, Value, library};

use crate::clock;
use crate::errors::{self, ErrorValue, Kind};
use crate::modules;

pub use duration::DurationValue;
pub use location::Location;
pub use point::TimeValue;

/// The functions of `time`.
pub static LIBRARY: Library = library!(
    "time",
    [
        /// This moment.
        ("now", now, "() -> Time"),
        /// The moment of a date in a zone.
        (
            "date",
            date,
            "(year: number, month: number, day: number, hour: number, minute: number, second: number, nanosecond: number, location: Location?) -> Time"
        ),
        /// The moment of seconds and nanoseconds since 1970.
        ("unix", unix, "(seconds: number, nanoseconds: number) -> Time"),
        /// The moment that text after a layout says.
        ("parse", parse_native, "(layout: string, value: string, location: Location?) -> (Time?, error?)"),
        /// The duration of text like `1h30m`, or of a number of nanoseconds.
        ("parse_duration", parse_duration, "(duration: any) -> (Duration?, error?)"),
        /// The zone of a name like `Europe/Berlin`.
        ("load_location", load_location, "(name: string) -> (Location?, error?)"),
        /// A zone that is so many seconds east of UTC.
        ("fixed_zone", fixed_zone, "(name: string, offset: number) -> Location"),
        /// Waits.
        ("sleep", waiting::sleep, "(duration: any) -> (boolean?, error?)"),
        /// A channel that gets the time when a duration has passed.
        ("after", waiting::after, "(duration: any) -> (Channel<Time>, error?)"),
        /// A timer: `after` that can be stopped and set again.
        ("timer", waiting::timer, "(duration: any) -> (Timer, error?)"),
        /// A ticker: a channel that gets the time again and again.
        ("ticker", waiting::ticker, "(duration: any) -> (Ticker, error?)"),
    ]
);

/// The libraries of the module: its functions and the methods of its objects.
pub static LIBRARIES: &[&Library] =
    &[&LIBRARY, &methods::METHODS, &duration::METHODS, &location::METHODS, &waiting::TIMER, &waiting::TICKER];

const LAYOUT_RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// What `tostring` shows.
const LAYOUT_TEXT: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// The constants that are integers.
const NUMBERS: &[(&str, i64)] = &[
    ("NANOSECOND", 1),
    ("MICROSECOND", duration::MICROSECOND),
    ("MILLISECOND", duration::MILLISECOND),
    ("SECOND", duration::SECOND),
    ("MINUTE", duration::MINUTE),
    ("HOUR", duration::HOUR),
    ("JANUARY", 1),
    ("FEBRUARY", 2),
    ("MARCH", 3),
    ("APRIL", 4),
    ("MAY", 5),
    ("JUNE", 6),
    ("JULY", 7),
    ("AUGUST", 8),
    ("SEPTEMBER", 9),
    ("OCTOBER", 10),
    ("NOVEMBER", 11),
    ("DECEMBER", 12),
    ("SUNDAY", 0),
    ("MONDAY", 1),
    ("TUESDAY", 2),
    ("WEDNESDAY", 3),
    ("THURSDAY", 4),
    ("FRIDAY", 5),
    ("SATURDAY", 6),
];

/// The constants that are layouts.
const LAYOUTS: &[(&str, &str)] = &[
    ("RFC3339", LAYOUT_RFC3339),
    ("RFC3339NANO", "2006-01-02T15:04:05.999999999Z07:00"),
    ("RFC822", "02 Jan 06 15:04 MST"),
    ("RFC822Z", "02 Jan 06 15:04 -0700"),
    ("RFC850", "Monday, 02-Jan-06 15:04:05 MST"),
    ("RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"),
    ("RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"),
    ("DATE_TIME", "2006-01-02 15:04:05"),
    ("DATE_ONLY", "2006-01-02"),
    ("TIME_ONLY", "15:04:05"),
    ("KITCHEN", "3:04PM"),
    ("STAMP", "Jan _2 15:04:05"),
    ("STAMP_MILLI", "Jan _2 15:04:05.000"),
    ("STAMP_MICRO", "Jan _2 15:04:05.000000"),
    ("STAMP_NANO", "Jan _2 15:04:05.000000000"),
];

/// Makes the table `time`.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = modules::table(cx, &LIBRARY, NUMBERS.len() + LAYOUTS.len() + 2)?;
    for (name, number) in NUMBERS {
        cx.set_field(table, name, *number)?;
    }
    for (name, layout) in LAYOUTS {
        let layout = cx.name(layout);
        cx.set_field(table, name, layout)?;
    }
    // On demand, so that the module can be in an image.
    let locations: [(_, MakeUserData); 2] = [
        ("utc", |_| Context::host_object_data(Location::utc())),
        ("localtz", |_| Context::host_object_data(Location::local())),
    ];
    for (name, make) in locations {
        let metatable = location::CLASS.metatable(cx)?;
        let object = cx.userdata_on_demand(make, Some(metatable));
        cx.set_field(table, name, object)?;
    }
    if cx.is_for_image() {
        for class in [&methods::CLASS, &duration::CLASS, &waiting::TIMERS, &waiting::TICKERS] {
            class.metatable(cx)?;
        }
    }
    table.freeze();
    Ok(table.into())
}

/// Seconds since 1970 of year, month, day, hour, minute and second on the clocks of a location; any may be out of range.
pub(crate) fn seconds_of(parts: [i64; 6], location: &Arc<Location>) -> i64 {
    let [year, month, day, hour, minute, second] = parts;
    TimeValue::of(&point::Date { year, month, day, hour, minute, second, nanosecond: 0 }, location).unix()
}

/// An argument that must be a number; a fraction is cut off.
fn integer(cx: &Context<'_>, index: usize) -> Result<i64> {
    match to_number(cx.get(index)) {
        Some(Number::Integer(integer)) => Ok(integer),
        Some(Number::Float(float)) => Ok(float as i64),
        None => Err(cx.type_error(index, "number")),
    }
}

/// An argument that may be a location.
fn optional_location(cx: &Context<'_>, index: usize) -> Result<Arc<Location>> {
    if cx.get(index).is_nil() { Ok(Location::local()) } else { methods::location_argument(cx, index) }
}

/// `time.now()`
fn now(cx: &mut Context<'_>) -> Result<Outcome> {
    let (wall, monotonic) = (clock::wall(cx), clock::monotonic(cx));
    methods::returns(cx, TimeValue::from_nanoseconds(wall, Location::local()).with_monotonic(monotonic))
}

/// `time.date(year, month, day, hour, minute, second, nanosecond [, location])`
fn date(cx: &mut Context<'_>) -> Result<Outcome> {
    let date = point::Date {
        year: integer(cx, 1)?,
        month: integer(cx, 2)?,
        day: integer(cx, 3)?,
        hour: integer(cx, 4)?,
        minute: integer(cx, 5)?,
        second: integer(cx, 6)?,
        nanosecond: integer(cx, 7)?,
    };
    let location = optional_location(cx, 8)?;
    methods::returns(cx, TimeValue::of(&date, &location))
}

/// `time.unix(seconds, nanoseconds)`
fn unix(cx: &mut Context<'_>) -> Result<Outcome> {
    let (seconds, nanoseconds) = (integer(cx, 1)?, integer(cx, 2)?);
    let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    methods::returns(cx, TimeValue::from_nanoseconds(total, Location::local()))
}

/// `time.parse(layout, value [, location])`
fn parse_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let (layout, text) = (cx.check_string(1)?, cx.check_string(2)?);
    let location = optional_location(cx, 3)?;
    match parse::parse(layout.as_bytes(), text.as_bytes(), &location) {
        Ok(time) => methods::returns(cx, time),
        Err(message) => errors::fails(cx, ErrorValue::invalid(message)),
    }
}

/// `time.parse_duration(value)`
fn parse_duration(cx: &mut Context<'_>) -> Result<Outcome> {
    match duration::Argument::of(cx.get(1)).or_error() {
        Ok(nanoseconds) => {
            let object = duration::CLASS.object(cx, Arc::new(DurationValue(nanoseconds)))?;
            Ok(cx.returns(object))
        }
        Err(error) => errors::fails(cx, error),
    }
}

/// `time.load_location(name)`
fn load_location(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    if name.is_empty() {
        return errors::fails(cx, ErrorValue::invalid("empty location name"));
    }
    let name = name.to_string_lossy();
    match Location::named(&name) {
        Some(location) => {
            let object = location::CLASS.object(cx, location)?;
            Ok(cx.returns(object))
        }
        None => {
            let error = ErrorValue::new(Kind::NOT_FOUND, format!("unknown time zone {name}"));
            errors::fails(cx, error.retryable(Some(false)))
        }
    }
}

/// `time.fixed_zone(name, seconds)`
fn fixed_zone(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?.to_string_lossy();
    // No clock is farther from universal time than this.
    let seconds = integer(cx, 2)?.clamp(-7 * 86_400, 7 * 86_400);
    let object = location::CLASS.object(cx, Location::fixed(&name, seconds))?;
    Ok(cx.returns(object))
}
