//! Text as a moment, by a layout.
//!
//! Invariant: what is not understood is an error that shows the whole text, the whole layout, and where it stopped.

use std::sync::Arc;

use super::duration::quoted;
use super::layout::{Element, OffsetStyle, Pad, Piece, pieces};
use super::location::Location;
use super::point::{Date, TimeValue};
use crate::os::calendar::{DAYS, MONTHS};

/// Reads a text by a layout. `location` is that of times which name none.
///
/// # Errors
/// The message.
pub(super) fn parse(layout: &[u8], text: &[u8], location: &Arc<Location>) -> Result<TimeValue, String> {
    let mut reader = Reader { rest: text, found: Found::default() };
    let mut parts = pieces(layout).peekable();
    while let Some(piece) = parts.next() {
        let next = parts.peek().copied();
        let (spelling, result) = match piece {
            Piece::Literal(literal) => (literal, reader.literal(literal)),
            Piece::Element(element, spelling) => (spelling, reader.element(element, next)),
        };
        result.map_err(|fault| match fault {
            Fault::Mismatch(at) => format!(
                "parsing time {} as {}: cannot parse {} as {}",
                quoted(text),
                quoted(layout),
                quoted(at),
                quoted(spelling)
            ),
            Fault::Range(what) => out_of_range(text, what),
        })?;
    }
    if !reader.rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quoted(text), quoted(reader.rest)));
    }
    reader.found.time(location).map_err(|what| out_of_range(text, what))
}

fn out_of_range(text: &[u8], what: &str) -> String {
    format!("parsing time {}: {what} out of range", quoted(text))
}

enum Fault<'a> {
    /// The text from here on is not what the layout asks for.
    Mismatch(&'a [u8]),
    /// A number is too large or too small.
    Range(&'static str),
}

/// What was read so far.
#[derive(Default)]
struct Found {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    afternoon: Option<bool>,
    universal: bool,
    /// Seconds east of Greenwich.
    offset: Option<i64>,
    abbreviation: Option<String>,
}

struct Reader<'a> {
    rest: &'a [u8],
    found: Found,
}

impl<'a> Reader<'a> {
    /// A run of spaces stands for any number of them.
    fn literal(&mut self, literal: &[u8]) -> Result<(), Fault<'a>> {
        let start = self.rest;
        let mut literal = literal;
        while let Some((&byte, after)) = literal.split_first() {
            if byte == b' ' {
                if self.rest.first().is_some_and(|&byte| byte != b' ') {
                    return Err(Fault::Mismatch(start));
                }
                literal = literal.trim_ascii_start_spaces();
                self.rest = self.rest.trim_ascii_start_spaces();
                continue;
            }
            match self.rest.split_first() {
                Some((&found, rest)) if found == byte => self.rest = rest,
                _ => return Err(Fault::Mismatch(start)),
            }
            literal = after;
        }
        Ok(())
    }

    fn element(&mut self, element: Element, next: Option<Piece<'_>>) -> Result<(), Fault<'a>> {
        let start = self.rest;
        let result = self.read(element, next);
        result.map_err(|fault| match fault {
            Fault::Mismatch(_) => Fault::Mismatch(start),
            range => range,
        })
    }

    fn read(&mut self, element: Element, next: Option<Piece<'_>>) -> Result<(), Fault<'a>> {
        match element {
            Element::Year => self.found.year = self.digits(4, 4)?,
            Element::ShortYear => {
                let year = self.digits(2, 2)?;
                self.found.year = if year >= 69 { 1900 + year } else { 2000 + year };
            }
            Element::Month(pad) => self.found.month = Some(within(self.number(pad)?, 1, 12, "month")?),
            Element::MonthName => self.found.month = Some(self.name(&MONTHS, usize::MAX)? + 1),
            Element::ShortMonthName => self.found.month = Some(self.name(&MONTHS, 3)? + 1),
            Element::Day(pad) => {
                if pad == Pad::Space {
                    self.skip_spaces(1);
                }
                self.found.day = Some(self.number(pad)?);
            }
            Element::DayOfYear(pad) => {
                let skipped = if pad == Pad::Space { self.skip_spaces(2) } else { 0 };
                self.found.day_of_year = Some(self.digits(3 - skipped, 3 - skipped)?);
            }
            Element::DayName => {
                self.name(&DAYS, usize::MAX)?;
            }
            Element::ShortDayName => {
                self.name(&DAYS, 3)?;
            }
            Element::Hour => self.found.hour = within(self.digits(1, 2)?, 0, 23, "hour")?,
            Element::Hour12(pad) => self.found.hour = within(self.number(pad)?, 0, 12, "hour")?,
            Element::Minute(pad) => self.found.minute = within(self.number(pad)?, 0, 59, "minute")?,
            Element::Second(pad) => {
                self.found.second = within(self.number(pad)?, 0, 59, "second")?;
                // A fraction is taken even if the layout has none.
                let expected = matches!(next, Some(Piece::Element(Element::Fraction { .. }, _)));
                if !expected && matches!(self.rest, [b'.' | b',', digit, ..] if digit.is_ascii_digit()) {
                    self.fraction(None)?;
                }
            }
            Element::Fraction { digits, fixed, .. } => {
                if fixed {
                    self.fraction(Some(digits))?;
                } else if matches!(self.rest, [b'.' | b',', digit, ..] if digit.is_ascii_digit()) {
                    self.fraction(None)?;
                }
            }
            Element::HalfDay { upper } => {
                let text = self.take(2)?;
                self.found.afternoon = Some(match (upper, text) {
                    (true, b"PM") | (false, b"pm") => true,
                    (true, b"AM") | (false, b"am") => false,
                    _ => return Err(Fault::Mismatch(text)),
                });
            }
            Element::Abbreviation => self.abbreviation()?,
            Element::Offset(style) => self.offset(style)?,
        }
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault<'a>> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Fault::Mismatch(self.rest))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Skips at most `most` spaces; answers how many there were.
    fn skip_spaces(&mut self, most: usize) -> usize {
        let count = self.rest.iter().take(most).take_while(|&&byte| byte == b' ').count();
        self.rest = &self.rest[count..];
        count
    }

    /// A number of one or two digits, two where the layout has a zero in front.
    fn number(&mut self, pad: Pad) -> Result<i64, Fault<'a>> {
        self.digits(if pad == Pad::Zero { 2 } else { 1 }, 2)
    }

    fn digits(&mut self, least: usize, most: usize) -> Result<i64, Fault<'a>> {
        let count = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return Err(Fault::Mismatch(self.rest));
        }
        let digits = self.take(count)?;
        Ok(digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
    }

    /// One of the names, or of their first `length` letters, whatever the case; answers which.
    fn name(&mut self, names: &[&str], length: usize) -> Result<i64, Fault<'a>> {
        for (index, name) in (0..).zip(names) {
            let name = &name.as_bytes()[..name.len().min(length)];
            if self.rest.len() >= name.len() && self.rest[..name.len()].eq_ignore_ascii_case(name) {
                self.rest = &self.rest[name.len()..];
                return Ok(index);
            }
        }
        Err(Fault::Mismatch(self.rest))
    }

    /// A separator and digits: as many as asked for, or all that there are.
    fn fraction(&mut self, count: Option<usize>) -> Result<(), Fault<'a>> {
        let all = self.rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        let count = count.unwrap_or(all);
        if !matches!(self.rest.first(), Some(b'.' | b',')) || count > all {
            return Err(Fault::Mismatch(self.rest));
        }
        let digits = &self.take(1 + count)?[1..];
        self.found.nanosecond = (0..9)
            .fold(0, |value, at| value * 10 + digits.get(at).map_or(0, |digit| i64::from(digit - b'0')));
        Ok(())
    }

    /// `UTC`, `CET`, `GMT+3`, `+03`.
    fn abbreviation(&mut self) -> Result<(), Fault<'a>> {
        let text = self.rest;
        let letters = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let length = match text {
            [b'+' | b'-', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => {
                let four = text.len() >= 5 && text[3..5].iter().all(u8::is_ascii_digit);
                if four { 5 } else { 3 }
            }
            _ if text.starts_with(b"ChST") || text.starts_with(b"MeST") => 4,
            _ if text.starts_with(b"GMT") => {
                let signed = matches!(text.get(3), Some(b'+' | b'-'));
                let digits = text.iter().skip(4).take(2).take_while(|byte| byte.is_ascii_digit()).count();
                if signed && digits > 0 { 4 + digits } else { 3 }
            }
            _ if (3..=5).contains(&letters) => letters,
            _ => return Err(Fault::Mismatch(text)),
        };
        let name = String::from_utf8_lossy(self.take(length)?).into_owned();
        if name == "UTC" {
            self.found.universal = true;
        }
        self.found.abbreviation = Some(name);
        Ok(())
    }

    fn offset(&mut self, style: OffsetStyle) -> Result<(), Fault<'a>> {
        if style.zulu && self.rest.first() == Some(&b'Z') {
            self.rest = &self.rest[1..];
            self.found.universal = true;
            return Ok(());
        }
        let negative = match self.take(1)? {
            b"+" => false,
            b"-" => true,
            other => return Err(Fault::Mismatch(other)),
        };
        let mut total = 0;
        for part in 0..style.parts {
            if part > 0 && style.colon && self.take(1)? != b":" {
                return Err(Fault::Mismatch(self.rest));
            }
            let (name, most) = [
                ("time zone offset hour", 24),
                ("time zone offset minute", 60),
                ("time zone offset second", 60),
            ][usize::from(part)];
            total = total * 60 + within(self.digits(2, 2)?, 0, most, name)?;
        }
        total *= 60i64.pow(3 - u32::from(style.parts));
        self.found.offset = Some(if negative { -total } else { total });
        Ok(())
    }
}

trait TrimSpaces {
    fn trim_ascii_start_spaces(&self) -> &Self;
}

impl TrimSpaces for [u8] {
    fn trim_ascii_start_spaces(&self) -> &[u8] {
        let count = self.iter().take_while(|&&byte| byte == b' ').count();
        &self[count..]
    }
}

fn within(value: i64, least: i64, most: i64, what: &'static str) -> Result<i64, Fault<'static>> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(Fault::Range(what)) }
}

impl Found {
    /// Puts the parts together; fails with the name of what is out of range.
    fn time(self, location: &Arc<Location>) -> Result<TimeValue, &'static str> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let mut date = Date {
            year: self.year,
            month: self.month.unwrap_or(1),
            day: self.day.unwrap_or(1),
            hour,
            minute: self.minute,
            second: self.second,
            nanosecond: self.nanosecond,
        };
        if let Some(day_of_year) = self.day_of_year {
            let days = if crate::os::calendar::is_leap(self.year) { 366 } else { 365 };
            if !(1..=days).contains(&day_of_year) {
                return Err("day-of-year");
            }
            let (month, day) = date.month_and_day(day_of_year);
            if self.month.is_some_and(|given| given != month) || self.day.is_some_and(|given| given != day) {
                return Err("day-of-year");
            }
            (date.month, date.day) = (month, day);
        }
        if date.day < 1 || date.day > date.days_in_month() {
            return Err("day");
        }
        if self.universal {
            return Ok(TimeValue::of(&date, &Location::utc()));
        }
        let in_universal = |offset: i64| TimeValue::of(&date, &Location::utc()).shifted(-offset);
        if let Some(offset) = self.offset {
            let time = in_universal(offset);
            let there = location.at(time.unix());
            let name = self.abbreviation.unwrap_or_default();
            let fits = there.seconds == offset && (name.is_empty() || name == there.name);
            return Ok(time.moved(if fits { Arc::clone(location) } else { Location::fixed(&name, offset) }));
        }
        let Some(name) = self.abbreviation else { return Ok(TimeValue::of(&date, location)) };
        let local = TimeValue::of(&date, &Location::utc()).unix();
        if let Some(offset) = location.abbreviated(&name, local) {
            return Ok(in_universal(offset).moved(Arc::clone(location)));
        }
        let hours = name.strip_prefix("GMT").and_then(|rest| rest.parse::<i64>().ok()).unwrap_or(0);
        Ok(in_universal(hours * 3600).moved(Location::fixed(&name, hours * 3600)))
    }
}
