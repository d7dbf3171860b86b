//! One source line as a terminal shows it, and how far to the right each byte of it is.
//!
//! Tabs become four spaces, control characters visible ones, broken UTF-8 the replacement character. A line that is too
//! wide is cut around the place of interest. The width of the result never exceeds [`WIDTH`].

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// Columns a line may take.
const WIDTH: usize = 160;
/// Columns of a tab.
const TAB: usize = 4;
/// Shown where a line is cut.
const CUT: &str = "...";
/// Bytes on either side of the place of interest that are looked at, however long the line is.
const REACH: usize = 4096;

/// A line ready to be printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The text, without a line end.
    pub(crate) text: String,
    /// Column before each cell and after the last, with the byte the cell starts at.
    columns: Vec<(usize, usize)>,
}

impl Excerpt {
    /// Shows `line`, with byte `focus` of it visible.
    pub(crate) fn new(line: &[u8], focus: usize) -> Excerpt {
        let focus = focus.min(line.len());
        let near =
            boundary(line, focus.saturating_sub(REACH))..boundary(line, (focus + REACH).min(line.len()));
        let cells = cells(&line[near.clone()], near.start);
        let whole = near.start == 0 && near.end == line.len();
        let width: usize = cells.iter().map(|cell| cell.width).sum();
        if whole && width <= WIDTH {
            return assemble(&cells, "", "", near.end);
        }
        // A window of cells: about a third of it before the focus.
        let at = cells.partition_point(|cell| cell.byte < focus);
        let room = WIDTH - 2 * CUT.len();
        let mut first = at;
        let mut used = 0;
        while first > 0 && used + cells[first - 1].width <= room / 3 {
            first -= 1;
            used += cells[first].width;
        }
        let mut last = at;
        while last < cells.len() && used + cells[last].width <= room {
            used += cells[last].width;
            last += 1;
        }
        while first > 0 && used + cells[first - 1].width <= room {
            first -= 1;
            used += cells[first].width;
        }
        let before = if first > 0 || near.start > 0 { CUT } else { "" };
        let after = if last < cells.len() || near.end < line.len() { CUT } else { "" };
        let end = cells.get(last).map_or(near.end, |cell| cell.byte);
        assemble(&cells[first..last], before, after, end)
    }

    /// The columns, from 0, that bytes `range` of the line take; at least one column, inside the text shown.
    pub(crate) fn columns(&self, range: &Range<usize>) -> Range<usize> {
        let column = |byte: usize| {
            let at = self.columns.partition_point(|(start, _)| *start < byte);
            self.columns.get(at).or(self.columns.last()).map_or(0, |(_, column)| *column)
        };
        let start = column(range.start);
        start..column(range.end).max(start + 1)
    }
}

/// One character as shown.
struct Cell {
    byte: usize,
    width: usize,
    shown: Shown,
}

enum Shown {
    Tab,
    Char(char),
}

fn cells(bytes: &[u8], mut at: usize) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let shown = match c {
                '\t' => Shown::Tab,
                '\0'..='\x1f' => Shown::Char(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
                '\x7f' => Shown::Char('\u{2421}'),
                c if c.is_control() => Shown::Char('\u{fffd}'),
                c => Shown::Char(c),
            };
            let width = match shown {
                Shown::Tab => TAB,
                Shown::Char(c) => c.width().unwrap_or(0),
            };
            cells.push(Cell { byte: at, width, shown });
            at += c.len_utf8();
        }
        for _ in chunk.invalid() {
            cells.push(Cell { byte: at, width: 1, shown: Shown::Char('\u{fffd}') });
            at += 1;
        }
    }
    cells
}

fn assemble(cells: &[Cell], before: &str, after: &str, end: usize) -> Excerpt {
    let mut text = String::from(before);
    let mut columns = Vec::with_capacity(cells.len() + 1);
    let mut column = before.len();
    for cell in cells {
        columns.push((cell.byte, column));
        column += cell.width;
        match cell.shown {
            Shown::Tab => text.extend(std::iter::repeat_n(' ', TAB)),
            Shown::Char(c) => text.push(c),
        }
    }
    columns.push((end, column));
    text.push_str(after);
    Excerpt { text, columns }
}

/// The first byte at or after `at` that does not continue a character.
fn boundary(line: &[u8], mut at: usize) -> usize {
    while at < line.len() && line[at] & 0xc0 == 0x80 {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &[u8], range: Range<usize>) -> (String, Range<usize>) {
        let excerpt = Excerpt::new(line, range.start);
        let columns = excerpt.columns(&range);
        (excerpt.text, columns)
    }

    #[test]
    fn tabs_wide_and_odd_characters_keep_their_columns() {
        assert_eq!(check(b"\tx", 1..2), ("    x".into(), 4..5));
        assert_eq!(check("日本 = 1".as_bytes(), 7..8), ("日本 = 1".into(), 5..6));
        assert_eq!(check(b"\xff\0z", 2..3), ("\u{fffd}\u{2400}z".into(), 2..3));
        assert_eq!(check("e\u{301}x".as_bytes(), 3..4), ("e\u{301}x".into(), 1..2));
        assert_eq!(check(b"x = ", 4..4), ("x = ".into(), 4..5));
        assert_eq!(check(b"", 0..0), (String::new(), 0..1));
    }

    #[test]
    fn long_lines_are_cut_around_the_focus() {
        let line = [vec![b'a'; 10_000_000], b"!".to_vec(), vec![b'b'; 10_000_000]].concat();
        let (text, columns) = check(&line, 10_000_000..10_000_001);
        assert_eq!(text.len(), WIDTH);
        assert!(text.starts_with("...a") && text.ends_with("b..."));
        assert_eq!(text.as_bytes()[columns.start], b'!');
        let (text, columns) = check(&line, 0..2);
        assert!(text.starts_with("aaa") && text.ends_with("..."));
        assert_eq!(columns, 0..2);
        let end = line.len();
        let (text, columns) = check(&line, end..end);
        assert_eq!((text.len(), columns), (157, 157..158));
    }

    #[test]
    fn spans_beyond_the_cut_end_with_the_text() {
        let line = vec![b'a'; 1000];
        let (text, columns) = check(&line, 0..1000);
        assert_eq!(columns, 0..text.len() - CUT.len());
    }
}
