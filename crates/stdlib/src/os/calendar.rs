//! Seconds since 1970 as year, month, day and time of day, and back: the proleptic Gregorian calendar.
//!
//! Pure, and without time zones: a caller adds an offset first. Invariant: years fit C's `int`, so no sum of the
//! fields that a script may give overflows here.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Names of the months, from January.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Names of the days of a week, from Sunday.
pub(crate) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A moment, split up (C's `struct tm`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Moment {
    /// From 1 BC as year 0.
    pub(crate) year: i64,
    /// From 0.
    pub(crate) month: i64,
    /// Of the month, from 1.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// From 0 for Sunday.
    pub(crate) weekday: i64,
    /// From 0.
    pub(crate) day_of_year: i64,
}

/// Days from 1970-01-01 to a date whose month and day may be out of range.
pub(crate) fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last one.
    let shifted = year * 12 + month - 2;
    let (year, month) = (shifted.div_euclid(12), shifted.rem_euclid(12));
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year + day - 1 - 719_468
}

/// Seconds since 1970 of a date and a time of day; any field may be out of range.
pub(crate) fn seconds_from(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> i64 {
    days_from_date(year, month, day) * DAY + hour * 3600 + minute * 60 + second
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Splits up seconds since 1970; `None` when the year does not fit C's `int` as years since 1900.
pub(crate) fn split(seconds: i64) -> Option<Moment> {
    let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let from_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * from_march + 2) / 153;
    let day = from_march - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    i32::try_from(year - 1900).ok()?;
    Some(Moment {
        year,
        month,
        day,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
        weekday: (days + 4).rem_euclid(7),
        day_of_year: days - days_from_date(year, 0, 1),
    })
}

impl Moment {
    /// Number of the week in its year when weeks begin on `first` (0 for Sunday); 0 before the first such day.
    pub(crate) fn week(&self, first: i64) -> i64 {
        (self.day_of_year + 7 - (self.weekday - first).rem_euclid(7)) / 7
    }

    /// Year and week by ISO 8601: weeks begin on Monday and belong to the year that has most of their days.
    pub(crate) fn iso_week(&self) -> (i64, i64) {
        let monday = self.day_of_year - (self.weekday + 6) % 7;
        let week = |start: i64, year: i64| {
            // `start` counts from the first of January of `year`.
            let first_thursday_week = (start + 3).div_euclid(7);
            let days = 365 + i64::from(is_leap(year));
            (start + 3 >= 0 && start + 3 < days).then_some((year, first_thursday_week + 1))
        };
        let before = 365 + i64::from(is_leap(self.year - 1));
        let this = 365 + i64::from(is_leap(self.year));
        week(monday, self.year)
            .or_else(|| week(monday + before, self.year - 1))
            .or_else(|| week(monday - this, self.year + 1))
            .unwrap_or((self.year, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting_and_joining_are_inverse() {
        let mut random = wippy_random::Random::new(1);
        for _ in 0..10_000 {
            let seconds = (random.bits() as i64) >> 8;
            let m = split(seconds).expect("the year is small enough");
            assert_eq!(seconds_from(m.year, m.month, m.day, m.hour, m.minute, m.second), seconds);
            assert!((0..12).contains(&m.month) && (1..=31).contains(&m.day));
            assert!((0..366).contains(&m.day_of_year));
        }
    }

    #[test]
    fn known_dates() {
        let m = split(1_000_000_000).expect("fits");
        assert_eq!((m.year, m.month, m.day, m.weekday, m.day_of_year), (2001, 8, 9, 0, 251));
        assert_eq!((m.hour, m.minute, m.second), (1, 46, 40));
        assert_eq!(seconds_from(1969, 11, 31, 23, 59, 59), -1);
        assert_eq!(seconds_from(2020, 13, -3, 25, 61, -100), 1_611_885_560);
    }

    #[test]
    fn years_end_where_an_int_does() {
        assert_eq!(split(67_768_036_191_676_799).map(|m| m.year), Some(2_147_485_547));
        assert_eq!(split(67_768_036_191_676_800), None);
        assert_eq!(split(i64::MAX), None);
        assert_eq!(split(i64::MIN), None);
    }

    #[test]
    fn weeks_by_the_three_counts() {
        // 2021-01-01 was a Friday, 2024-12-30 a Monday.
        let m = split(seconds_from(2021, 0, 1, 0, 0, 0)).expect("fits");
        assert_eq!((m.week(0), m.week(1), m.iso_week()), (0, 0, (2020, 53)));
        let m = split(seconds_from(2024, 11, 30, 0, 0, 0)).expect("fits");
        assert_eq!((m.week(0), m.week(1), m.iso_week()), (52, 53, (2025, 1)));
    }
}
