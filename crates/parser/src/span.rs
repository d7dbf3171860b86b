//! Where something stands in the source: byte offsets, spans, and the way from an offset to a line and column.
//!
//! This is not about files or chunk names; the caller knows those.
//! Invariant: offsets count bytes of the text given to [`crate::parse`], and a span is half-open, `start <= end`.

/// A byte offset into the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u32);

impl Offset {
    /// The offset as an index into the source.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A half-open range of bytes, `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: Offset,
    /// Offset after the last byte.
    pub end: Offset,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub const fn new(start: Offset, end: Offset) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The bytes of `source` inside this span; empty if the span does not lie inside `source`.
    pub fn slice(self, source: &[u8]) -> &[u8] {
        source.get(self.start.index()..self.end.index()).unwrap_or_default()
    }
}

/// A 1-based line number, as Lua messages print it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(pub u32);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The starts of all lines of one source: turns an [`Offset`] into a line and a column.
///
/// `\n`, `\r`, `\r\n` and `\n\r` each end one line (Lua 5.3 manual, section 3.1).
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Offsets of the first byte of each line; never empty, the first is 0.
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds all line starts of `source`; of a source above 4 GiB only those in the first 4 GiB.
    pub fn new(source: &[u8]) -> Self {
        let mut starts = vec![0];
        let mut at = 0;
        while let Some(found) = source[at..].iter().position(|&byte| is_line_end(byte)) {
            at += found;
            at += line_end_len(&source[at..]);
            match u32::try_from(at) {
                Ok(start) => starts.push(start),
                Err(_) => break,
            }
        }
        Self { starts }
    }

    /// The line that holds the byte at `offset`; a line end belongs to the line it ends.
    pub fn line(&self, offset: Offset) -> Line {
        // The first start is 0, so at least one start is <= offset.
        Line(self.starts.partition_point(|&start| start <= offset.0) as u32)
    }

    /// The 1-based column of `offset`, counted in bytes.
    pub fn column(&self, offset: Offset) -> u32 {
        let line = self.line(offset).0 as usize;
        offset.0 - self.starts[line - 1] + 1
    }

    /// How many lines there are; text after the last line end counts, and so does its absence.
    pub fn count(&self) -> usize {
        self.starts.len()
    }
}

/// Whether `byte` is one of the two bytes of which line ends are made.
pub(crate) const fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// The length of the line end at the start of `text`, which begins with `\n` or `\r`: 2 for a mixed pair, else 1.
pub(crate) fn line_end_len(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] | [b'\n', b'\r', ..] => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &[u8]) -> Vec<u32> {
        let index = LineIndex::new(source);
        (0..=source.len()).map(|at| index.line(Offset(at as u32)).0).collect()
    }

    #[test]
    fn mixed_line_ends_count_once() {
        assert_eq!(lines(b"a\nb"), [1, 1, 2, 2]);
        assert_eq!(lines(b"a\r\nb"), [1, 1, 1, 2, 2]);
        assert_eq!(lines(b"a\n\rb"), [1, 1, 1, 2, 2]);
        assert_eq!(lines(b"\n\n\r"), [1, 2, 2, 3]);
        assert_eq!(lines(b""), [1]);
    }

    #[test]
    fn columns_count_bytes_from_one() {
        let index = LineIndex::new(b"ab\ncd");
        assert_eq!(index.column(Offset(0)), 1);
        assert_eq!(index.column(Offset(4)), 2);
        assert_eq!(index.count(), 2);
    }
}
