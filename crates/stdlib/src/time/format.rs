//! Moments as text, by a layout.

use super::layout::{Element, OffsetStyle, Pad, Piece, pieces};
use super::point::TimeValue;
use crate::os::calendar::{DAYS, MONTHS};

/// Writes a moment by a layout.
pub(super) fn format(time: &TimeValue, layout: &[u8]) -> Vec<u8> {
    let moment = time.local();
    let offset = time.offset();
    let mut out = Vec::with_capacity(layout.len() + 8);
    for piece in pieces(layout) {
        let element = match piece {
            Piece::Literal(text) => {
                out.extend_from_slice(text);
                continue;
            }
            Piece::Element(element, _) => element,
        };
        match element {
            Element::Year => number(&mut out, moment.year, 4, Pad::Zero),
            Element::ShortYear => number(&mut out, moment.year.rem_euclid(100), 2, Pad::Zero),
            Element::Month(pad) => number(&mut out, moment.month + 1, 2, pad),
            Element::MonthName => out.extend_from_slice(MONTHS[moment.month as usize].as_bytes()),
            Element::ShortMonthName => out.extend_from_slice(&MONTHS[moment.month as usize].as_bytes()[..3]),
            Element::Day(pad) => number(&mut out, moment.day, 2, pad),
            Element::DayOfYear(pad) => number(&mut out, moment.day_of_year + 1, 3, pad),
            Element::DayName => out.extend_from_slice(DAYS[moment.weekday as usize].as_bytes()),
            Element::ShortDayName => out.extend_from_slice(&DAYS[moment.weekday as usize].as_bytes()[..3]),
            Element::Hour => number(&mut out, moment.hour, 2, Pad::Zero),
            Element::Hour12(pad) => number(&mut out, (moment.hour + 11) % 12 + 1, 2, pad),
            Element::Minute(pad) => number(&mut out, moment.minute, 2, pad),
            Element::Second(pad) => number(&mut out, moment.second, 2, pad),
            Element::Fraction { separator, digits, fixed } => {
                fraction(&mut out, time.nanosecond(), separator, digits, fixed);
            }
            Element::HalfDay { upper } => out.extend_from_slice(match (moment.hour >= 12, upper) {
                (false, true) => b"AM",
                (true, true) => b"PM",
                (false, false) => b"am",
                (true, false) => b"pm",
            }),
            Element::Abbreviation if offset.name.is_empty() => {
                let parts = if offset.seconds % 3600 == 0 { 1 } else { 2 };
                write_offset(&mut out, offset.seconds, OffsetStyle { zulu: false, colon: false, parts });
            }
            Element::Abbreviation => out.extend_from_slice(offset.name.as_bytes()),
            Element::Offset(style) => write_offset(&mut out, offset.seconds, style),
        }
    }
    out
}

fn number(out: &mut Vec<u8>, value: i64, width: usize, pad: Pad) {
    let text = match pad {
        Pad::None => value.to_string(),
        Pad::Zero if value < 0 => format!("-{:0width$}", value.unsigned_abs()),
        Pad::Zero => format!("{value:0width$}"),
        Pad::Space => format!("{value:width$}"),
    };
    out.extend_from_slice(text.as_bytes());
}

fn fraction(out: &mut Vec<u8>, nanosecond: u32, separator: u8, digits: usize, fixed: bool) {
    let all = format!("{nanosecond:09}");
    let digits_written = digits.min(9);
    let text = &all[..digits_written];
    if fixed {
        out.push(separator);
        out.extend_from_slice(text.as_bytes());
        out.extend(std::iter::repeat_n(b'0', digits - digits_written));
        return;
    }
    let text = text.trim_end_matches('0');
    if !text.is_empty() {
        out.push(separator);
        out.extend_from_slice(text.as_bytes());
    }
}

fn write_offset(out: &mut Vec<u8>, seconds: i64, style: OffsetStyle) {
    if style.zulu && seconds == 0 {
        out.push(b'Z');
        return;
    }
    out.push(if seconds < 0 { b'-' } else { b'+' });
    let total = seconds.unsigned_abs();
    let parts = [total / 3600, total / 60 % 60, total % 60];
    for (index, part) in parts.iter().take(usize::from(style.parts)).enumerate() {
        if index > 0 && style.colon {
            out.push(b':');
        }
        out.extend_from_slice(format!("{part:02}").as_bytes());
    }
}
