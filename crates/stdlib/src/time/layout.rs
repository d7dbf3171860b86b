//! Layouts: the reference time `Mon Jan 2 15:04:05 MST 2006` taken apart into elements and literal text.
//!
//! Pure. Formatting and parsing walk over the same pieces. Invariant: every byte of a layout belongs to exactly one
//! piece.

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pad {
    /// As many digits as it has.
    None,
    /// With zeros in front.
    Zero,
    /// With spaces in front.
    Space,
}

/// How an offset from universal time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct OffsetStyle {
    /// `Z` stands for no offset.
    pub(super) zulu: bool,
    /// Colons between the parts.
    pub(super) colon: bool,
    /// Number of parts: hours, minutes, seconds.
    pub(super) parts: u8,
}

/// An element of a layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Element {
    /// `2006`
    Year,
    /// `06`
    ShortYear,
    /// `01`, `1`
    Month(Pad),
    /// `January`
    MonthName,
    /// `Jan`
    ShortMonthName,
    /// `02`, `_2`, `2`
    Day(Pad),
    /// `002`, `__2`
    DayOfYear(Pad),
    /// `Monday`
    DayName,
    /// `Mon`
    ShortDayName,
    /// `15`
    Hour,
    /// `03`, `3`
    Hour12(Pad),
    /// `04`, `4`
    Minute(Pad),
    /// `05`, `5`
    Second(Pad),
    /// `.000`, `,999`: the separator, the number of digits, whether all of them are written.
    Fraction {
        /// `.` or `,`.
        separator: u8,
        /// At most this many digits.
        digits: usize,
        /// Trailing zeros too.
        fixed: bool,
    },
    /// `PM`, `pm`
    HalfDay {
        /// In capitals.
        upper: bool,
    },
    /// `MST`
    Abbreviation,
    /// `-0700` and its like.
    Offset(OffsetStyle),
}

/// The elements that are fixed texts, longer ones before those that they begin with.
const TEXTS: &[(&[u8], Element)] = &[
    (b"January", Element::MonthName),
    (b"Jan", Element::ShortMonthName),
    (b"Monday", Element::DayName),
    (b"Mon", Element::ShortDayName),
    (b"MST", Element::Abbreviation),
    (b"2006", Element::Year),
    (b"002", Element::DayOfYear(Pad::Zero)),
    (b"__2", Element::DayOfYear(Pad::Space)),
    (b"_2006", Element::Year),
    (b"_2", Element::Day(Pad::Space)),
    (b"01", Element::Month(Pad::Zero)),
    (b"02", Element::Day(Pad::Zero)),
    (b"03", Element::Hour12(Pad::Zero)),
    (b"04", Element::Minute(Pad::Zero)),
    (b"05", Element::Second(Pad::Zero)),
    (b"06", Element::ShortYear),
    (b"15", Element::Hour),
    (b"1", Element::Month(Pad::None)),
    (b"2", Element::Day(Pad::None)),
    (b"3", Element::Hour12(Pad::None)),
    (b"4", Element::Minute(Pad::None)),
    (b"5", Element::Second(Pad::None)),
    (b"PM", Element::HalfDay { upper: true }),
    (b"pm", Element::HalfDay { upper: false }),
    (b"-07:00:00", offset(false, true, 3)),
    (b"-070000", offset(false, false, 3)),
    (b"-07:00", offset(false, true, 2)),
    (b"-0700", offset(false, false, 2)),
    (b"-07", offset(false, false, 1)),
    (b"Z07:00:00", offset(true, true, 3)),
    (b"Z070000", offset(true, false, 3)),
    (b"Z07:00", offset(true, true, 2)),
    (b"Z0700", offset(true, false, 2)),
    (b"Z07", offset(true, false, 1)),
];

const fn offset(zulu: bool, colon: bool, parts: u8) -> Element {
    Element::Offset(OffsetStyle { zulu, colon, parts })
}

/// A piece of a layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece<'a> {
    /// Text that stands for itself.
    Literal(&'a [u8]),
    /// An element, and how the layout spells it.
    Element(Element, &'a [u8]),
}

/// The pieces of a layout.
pub(super) fn pieces(layout: &[u8]) -> Pieces<'_> {
    Pieces(layout)
}

/// See [`pieces`].
#[derive(Clone)]
pub(super) struct Pieces<'a>(&'a [u8]);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let layout = self.0;
        if layout.is_empty() {
            return None;
        }
        for at in 0..layout.len() {
            let Some((element, skipped, length)) = element_at(&layout[at..]) else { continue };
            let start = at + skipped;
            if start > 0 {
                self.0 = &layout[start..];
                return Some(Piece::Literal(&layout[..start]));
            }
            self.0 = &layout[length..];
            return Some(Piece::Element(element, &layout[..length]));
        }
        self.0 = &[];
        Some(Piece::Literal(layout))
    }
}

/// The element that begins here, how many bytes of literal text come before it, and its length.
fn element_at(text: &[u8]) -> Option<(Element, usize, usize)> {
    if let [separator @ (b'.' | b','), digit @ (b'0' | b'9'), ..] = *text {
        let digits = text[1..].iter().take_while(|&&byte| byte == digit).count();
        // A longer number is none of ours.
        if !text.get(1 + digits).is_some_and(u8::is_ascii_digit) {
            return Some((Element::Fraction { separator, digits, fixed: digit == b'0' }, 0, 1 + digits));
        }
        return None;
    }
    // The underscore before a year is literal.
    if text.starts_with(b"_2006") {
        return Some((Element::Year, 1, 4));
    }
    let (spelling, element) = TEXTS.iter().find(|(spelling, _)| text.starts_with(spelling))?;
    if matches!(element, Element::ShortMonthName | Element::ShortDayName)
        && text.get(3).is_some_and(u8::is_ascii_lowercase)
    {
        return None;
    }
    Some((*element, 0, spelling.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(layout: &str) -> Vec<String> {
        pieces(layout.as_bytes())
            .map(|piece| match piece {
                Piece::Literal(text) => format!("'{}'", String::from_utf8_lossy(text)),
                Piece::Element(element, _) => format!("{element:?}"),
            })
            .collect()
    }

    #[test]
    fn layouts_are_taken_apart() {
        assert_eq!(spelled("2006-01-02"), ["Year", "'-'", "Month(Zero)", "'-'", "Day(Zero)"]);
        assert_eq!(spelled("Janet Jan"), ["'Janet '", "ShortMonthName"]);
        assert_eq!(spelled("_2006_2__2"), ["'_'", "Year", "Day(Space)", "DayOfYear(Space)"]);
        assert_eq!(spelled("3:04PM"), ["Hour12(None)", "':'", "Minute(Zero)", "HalfDay { upper: true }"]);
        assert_eq!(spelled("05.000"), ["Second(Zero)", "Fraction { separator: 46, digits: 3, fixed: true }"]);
        assert_eq!(spelled("5,99"), ["Second(None)", "Fraction { separator: 44, digits: 2, fixed: false }"]);
        assert_eq!(spelled("x.0001"), ["'x.00'", "Month(Zero)"]);
        assert_eq!(spelled(""), [""; 0]);
    }
}
