//! Points in time: an instant, the location whose clocks it is read on, and perhaps a monotonic reading.
//!
//! Pure; what scripts see of it is in `methods`. Invariant: seconds are few enough that the year, and any sum with an
//! offset, can be split up.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use wippy_vm::{Context, HostObject, Result, UserData};

use super::location::Location;
use crate::os::calendar::{self, DAY, Moment};
use crate::os::zone::Offset;

/// Farthest from 1970 that an instant may be, in seconds: about two thousand million years.
const FARTHEST: i128 = 67_000_000_000_000_000;

const NANOSECONDS: i128 = 1_000_000_000;

/// Seconds from the zero time, 0001-01-01 00:00:00 UTC, to 1970.
const ZERO_TO_1970: i64 = 62_135_596_800;

/// A point in time.
#[derive(Clone, Debug)]
pub struct TimeValue {
    /// Since 1970, rounded down.
    seconds: i64,
    nanosecond: u32,
    /// Taken together with the wall clock, by `time.now`.
    monotonic: Option<Duration>,
    location: Arc<Location>,
}

impl HostObject for TimeValue {
    /// The monotonic reading is that of a clock here, so it stays.
    fn depart(self: Arc<Self>) -> Option<Arc<dyn HostObject>> {
        Some(if self.monotonic.is_some() { Arc::new((*self).clone().stripped()) } else { self })
    }

    fn report(&self) -> Option<Cow<'_, [u8]>> {
        Some(super::format::format(self, super::LAYOUT_TEXT.as_bytes()).into())
    }

    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        super::methods::CLASS.object(cx, self)
    }
}

/// A date and time of day whose parts may be out of range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Date {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanosecond: i64,
}

impl Date {
    /// Year and month from 0, both in range; the year no farther away than any instant may be.
    fn year_and_month(&self) -> (i64, i64) {
        let months = i128::from(self.year) * 12 + i128::from(self.month) - 1;
        let year = months.div_euclid(12).clamp(-2_000_000_000, 2_000_000_000);
        (year as i64, months.rem_euclid(12) as i64)
    }

    pub(super) fn days_in_month(&self) -> i64 {
        let (year, month) = self.year_and_month();
        calendar::days_from_date(year, month + 1, 1) - calendar::days_from_date(year, month, 1)
    }

    /// Month from 1 and day of a day of the year, from 1.
    pub(super) fn month_and_day(&self, day_of_year: i64) -> (i64, i64) {
        let seconds = calendar::seconds_from(self.year, 0, day_of_year, 0, 0, 0);
        calendar::split(seconds).map_or((1, 1), |moment| (moment.month + 1, moment.day))
    }

    /// Nanoseconds since 1970 on a clock that knows no zone.
    fn nanoseconds(&self) -> i128 {
        let (year, month) = self.year_and_month();
        let days = i128::from(calendar::days_from_date(year, month, 1)) + i128::from(self.day) - 1;
        let seconds = days * i128::from(DAY)
            + i128::from(self.hour) * 3600
            + i128::from(self.minute) * 60
            + i128::from(self.second);
        seconds * NANOSECONDS + i128::from(self.nanosecond)
    }
}

impl TimeValue {
    /// An instant in nanoseconds since 1970; one that is too far away becomes the farthest.
    pub fn from_nanoseconds(nanoseconds: i128, location: Arc<Location>) -> TimeValue {
        let seconds = nanoseconds.div_euclid(NANOSECONDS).clamp(-FARTHEST, FARTHEST);
        let nanosecond = nanoseconds.rem_euclid(NANOSECONDS);
        TimeValue { seconds: seconds as i64, nanosecond: nanosecond as u32, monotonic: None, location }
    }

    /// The same with a monotonic reading.
    pub(super) fn with_monotonic(mut self, monotonic: Duration) -> TimeValue {
        self.monotonic = Some(monotonic);
        self
    }

    /// The same without a monotonic reading.
    pub(super) fn stripped(mut self) -> TimeValue {
        self.monotonic = None;
        self
    }

    /// The instant at which the clocks of a location show a date.
    pub(super) fn of(date: &Date, location: &Arc<Location>) -> TimeValue {
        let local = TimeValue::from_nanoseconds(date.nanoseconds(), Arc::clone(location));
        TimeValue { seconds: location.moment(local.seconds), ..local }
    }

    /// The same instant on the clocks of another location.
    pub(super) fn moved(mut self, location: Arc<Location>) -> TimeValue {
        self.location = location;
        self
    }

    /// Seconds later.
    pub(super) fn shifted(self, seconds: i64) -> TimeValue {
        self.plus(i128::from(seconds) * NANOSECONDS)
    }

    /// Nanoseconds later; a monotonic reading goes along.
    pub(super) fn plus(&self, nanoseconds: i128) -> TimeValue {
        let monotonic = self.monotonic.and_then(|reading| {
            let moved = reading.as_nanos() as i128 + nanoseconds;
            u64::try_from(moved).ok().map(Duration::from_nanos)
        });
        let moved = TimeValue::from_nanoseconds(self.nanoseconds() + nanoseconds, Arc::clone(&self.location));
        TimeValue { monotonic, ..moved }
    }

    /// Nanoseconds from `earlier` to this; by the monotonic readings if both have one.
    pub(super) fn minus(&self, earlier: &TimeValue) -> i128 {
        match (self.monotonic, earlier.monotonic) {
            (Some(later), Some(earlier)) => later.as_nanos() as i128 - earlier.as_nanos() as i128,
            _ => self.nanoseconds() - earlier.nanoseconds(),
        }
    }

    /// Whether both are the same instant, by the wall clock or, if both have one, their monotonic readings.
    pub(super) fn is_at(&self, other: &TimeValue) -> bool {
        self.minus(other) == 0
    }

    /// Nanoseconds since 1970.
    pub fn nanoseconds(&self) -> i128 {
        i128::from(self.seconds) * NANOSECONDS + i128::from(self.nanosecond)
    }

    /// Seconds since 1970, rounded down.
    pub fn unix(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    pub(super) fn nanosecond(&self) -> u32 {
        self.nanosecond
    }

    /// Where its clocks are.
    pub(super) fn location(&self) -> &Arc<Location> {
        &self.location
    }

    /// What is valid there.
    pub(crate) fn offset(&self) -> &Offset {
        self.location.at(self.seconds)
    }

    /// What the clocks show.
    pub(crate) fn local(&self) -> Moment {
        let seconds = self.seconds + self.offset().seconds;
        calendar::split(seconds).expect("the farthest instant can be split up, whatever the offset")
    }

    /// Years, months and days later on the calendar, at the same time of day.
    pub(super) fn add_date(&self, years: i64, months: i64, days: i64) -> TimeValue {
        let local = self.local();
        let date = Date {
            year: local.year.saturating_add(years),
            month: (local.month + 1).saturating_add(months),
            day: local.day.saturating_add(days),
            hour: local.hour,
            minute: local.minute,
            second: local.second,
            nanosecond: i64::from(self.nanosecond),
        };
        TimeValue::of(&date, &self.location)
    }

    /// How far it is past a multiple of `unit` nanoseconds after the zero time.
    pub(super) fn past_multiple(&self, unit: i64) -> i128 {
        (self.nanoseconds() + i128::from(ZERO_TO_1970) * NANOSECONDS).rem_euclid(i128::from(unit))
    }

    /// Whether it is the zero time.
    pub(super) fn is_zero(&self) -> bool {
        self.seconds == -ZERO_TO_1970 && self.nanosecond == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i64, month: i64, day: i64) -> Date {
        Date { year, month, day, hour: 0, minute: 0, second: 0, nanosecond: 0 }
    }

    #[test]
    fn parts_out_of_range_are_carried() {
        let utc = Location::utc();
        assert_eq!(TimeValue::of(&date(2024, 13, 1), &utc).local().year, 2025);
        assert_eq!(TimeValue::of(&date(2024, 3, 0), &utc).local().day, 29);
        let odd = Date { nanosecond: -1, ..date(1970, 1, 1) };
        assert_eq!(TimeValue::of(&odd, &utc).nanoseconds(), -1);
        for extreme in [i64::MIN, i64::MAX] {
            let extreme = Date {
                year: extreme,
                month: extreme,
                day: extreme,
                hour: extreme,
                minute: extreme,
                second: extreme,
                nanosecond: extreme,
            };
            let time = TimeValue::of(&extreme, &utc);
            time.local();
            time.add_date(i64::MAX, i64::MAX, i64::MAX).local();
            time.plus(i128::from(i64::MIN)).local();
        }
    }

    #[test]
    fn months_end_where_they_do() {
        let time = TimeValue::of(&date(2023, 1, 31), &Location::utc()).add_date(0, 1, 0);
        assert_eq!((time.local().month, time.local().day), (2, 3));
    }

    #[test]
    fn the_zero_time_is_the_first_of_january_of_year_one() {
        assert!(TimeValue::of(&date(1, 1, 1), &Location::utc()).is_zero());
    }
}
