//! The source text as the compiler sees it: from offsets to lines and columns, and where the next token begins.
//!
//! Not a lexer: the text was parsed before, so only well-formed tokens are met. Invariant: the known line starts are
//! ascending and begin with 0; lines are found on demand, in time linear in the text for ascending questions.

use wippy_parser::span::{Offset, Span};

use crate::bytecode::prototype::Position;

/// The text and its lines.
pub(super) struct Source<'s> {
    bytes: &'s [u8],
    lines: Lines,
}

/// The line starts found so far.
#[derive(Default)]
pub(super) struct Lines {
    /// Offset of the first byte of each line known so far; one past the end of the text stands after the last.
    starts: Vec<u32>,
    /// Index into `starts` of the line asked for last.
    current: usize,
    /// That line; nothing lies in it before the first question.
    last: Line,
}

impl Lines {
    /// Makes an empty list ready for a text.
    pub(super) fn begin(&mut self) {
        self.starts.push(0);
        self.last = Line { number: 1, start: 0, end: 0 };
    }

    /// Forgets everything but the memory.
    pub(super) fn clear(&mut self) {
        self.starts.clear();
        self.current = 0;
    }

    pub(super) fn capacity(&self) -> usize {
        self.starts.capacity()
    }
}

/// One line of the source.
#[derive(Clone, Copy, Default)]
struct Line {
    number: u32,
    start: u32,
    /// Offset after the line end, or one past the end of the text.
    end: u32,
}

impl<'s> Source<'s> {
    /// `lines` were begun, and may know some of the text's already.
    pub(super) fn new(bytes: &'s [u8], lines: Lines) -> Self {
        Self { bytes, lines }
    }

    pub(super) fn into_lines(self) -> Lines {
        self.lines
    }

    /// The 1-based line that holds `offset`.
    pub(super) fn line(&mut self, offset: Offset) -> u32 {
        self.locate(offset.0).number
    }

    /// The line of `at` with the columns of `caret`, which are unknown if the caret stands on another line.
    #[inline]
    pub(super) fn position(&mut self, at: Offset, caret: Span) -> Position {
        let line = self.locate(at.0);
        let (start, end) = (caret.start.0, caret.end.0.min(line.end));
        if start < line.start || start >= end {
            return Position { line: line.number, column: 0, width: 0 };
        }
        let Ok(column) = u16::try_from(start - line.start + 1) else {
            return Position { line: line.number, column: 0, width: 0 };
        };
        // Only what reaches the next line has the end of this one in it.
        let width = if end < line.end { end - start } else { self.visible(start, end) };
        Position { line: line.number, column, width: u16::try_from(width).unwrap_or(u16::MAX) }
    }

    /// How many bytes there are before the line ends, at least one.
    #[cold]
    fn visible(&self, start: u32, end: u32) -> u32 {
        let text = &self.bytes[start as usize..(end as usize).min(self.bytes.len())];
        let blank = text.iter().rev().take_while(|&&byte| byte == b'\n' || byte == b'\r').count();
        (text.len() - blank).max(1) as u32
    }

    /// Where the first token at or after `offset` begins; the length of the text if there is none.
    pub(super) fn token_start(&self, offset: Offset) -> Offset {
        let mut at = offset.index();
        loop {
            match self.bytes.get(at) {
                Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) => at += 1,
                Some(b'-') if self.bytes.get(at + 1) == Some(&b'-') => at = self.comment_end(at + 2),
                _ => return Offset(at.min(self.bytes.len()) as u32),
            }
        }
    }

    /// The last byte of the word that begins at `start`; `start` itself if no word begins there.
    pub(super) fn word_end(&self, start: Offset) -> Offset {
        let rest = self.bytes.get(start.index()..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        Offset(start.0 + (length as u32).saturating_sub(1))
    }

    /// The whole text.
    pub(super) fn bytes(&self) -> &'s [u8] {
        self.bytes
    }

    /// The byte at `offset`, or 0 at the end.
    pub(super) fn byte(&self, offset: Offset) -> u8 {
        self.bytes.get(offset.index()).copied().unwrap_or(0)
    }

    /// Where a comment ends whose two dashes end at `at`.
    fn comment_end(&self, at: usize) -> usize {
        if let Some(end) = self.long_bracket_end(at) {
            return end;
        }
        let rest = &self.bytes[at..];
        at + rest.iter().position(|&byte| byte == b'\n' || byte == b'\r').unwrap_or(rest.len())
    }

    /// Where the long bracket ends that begins at `at`, if one begins there.
    fn long_bracket_end(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?.strip_prefix(b"[")?;
        let level = rest.iter().take_while(|&&byte| byte == b'=').count();
        let body = rest[level..].strip_prefix(b"[")?;
        let mut from = 0;
        while let Some(found) = body[from..].iter().position(|&byte| byte == b']') {
            let after = &body[from + found + 1..];
            let equals = after.iter().take_while(|&&byte| byte == b'=').count();
            if equals == level && after.get(equals) == Some(&b']') {
                return Some(self.bytes.len() - after.len() + equals + 1);
            }
            from += found + 1;
        }
        Some(self.bytes.len())
    }

    #[inline]
    fn locate(&mut self, offset: u32) -> Line {
        if offset < self.lines.last.start || offset >= self.lines.last.end {
            self.lines.last = self.search(offset);
        }
        self.lines.last
    }

    #[inline(never)]
    fn search(&mut self, offset: u32) -> Line {
        if offset < self.lines.starts[self.lines.current] {
            self.lines.current = self.lines.starts.partition_point(|&start| start <= offset) - 1;
        }
        loop {
            let end = self.end_of_current();
            if offset < end {
                return Line {
                    number: self.lines.current as u32 + 1,
                    start: self.lines.starts[self.lines.current],
                    end,
                };
            }
            if end as usize > self.bytes.len() {
                // Past the end of the text, which belongs to the last line.
                return Line {
                    number: self.lines.current as u32 + 1,
                    start: self.lines.starts[self.lines.current],
                    end,
                };
            }
            self.lines.current += 1;
        }
    }

    /// Offset after the current line; enters the start of the next line when it is met for the first time.
    fn end_of_current(&mut self) -> u32 {
        if let Some(&next) = self.lines.starts.get(self.lines.current + 1) {
            return next;
        }
        let start = self.lines.starts[self.lines.current] as usize;
        let rest = &self.bytes[start..];
        let next = match memchr::memchr2(b'\n', b'\r', rest) {
            Some(found) => {
                let pair = matches!(rest[found..], [b'\r', b'\n', ..] | [b'\n', b'\r', ..]);
                start + found + 1 + usize::from(pair)
            }
            None => self.bytes.len() + 1,
        };
        self.lines.starts.push(next as u32);
        next as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &[u8]) -> Source<'_> {
        let mut lines = Lines::default();
        lines.begin();
        Source::new(text, lines)
    }

    #[test]
    fn lines_are_found_in_any_order() {
        let mut source = source(b"a\nbb\r\n\rc");
        let expected = [1, 1, 2, 2, 2, 2, 3, 4, 4];
        for order in [[0, 1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1, 0]] {
            for at in order {
                assert_eq!(source.line(Offset(at)), expected[at as usize], "offset {at}");
            }
        }
    }

    #[test]
    fn carets_stay_on_their_line() {
        let mut source = source(b"x = a\n  .b\n");
        let caret = Span::new(Offset(4), Offset(10));
        assert_eq!(source.position(Offset(4), caret), Position { line: 1, column: 5, width: 1 });
        assert_eq!(source.position(Offset(9), caret), Position { line: 2, column: 0, width: 0 });
    }

    #[test]
    fn tokens_are_found_behind_comments() {
        let check = |text: &[u8], token: &[u8]| {
            let source = source(text);
            assert_eq!(&text[source.token_start(Offset(0)).index()..], token);
        };
        check(b" --[==[ ]] ]==] --x\n then x", b"then x");
        check(b"--[[a\n]]::x", b"::x");
        check(b"--[=a\n-x", b"-x");
        check(b"  -- end", b"");
    }
}
