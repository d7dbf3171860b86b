//! A source text and its lines.
//!
//! Bytes, not necessarily UTF-8. Lines end where Lua says they do: at `\n`, `\r`, `\r\n` or `\n\r`.

use std::ops::Range;

/// A named text. An empty text with a name stands for a text that is not at hand.
#[derive(Debug)]
pub(crate) struct Source {
    /// As messages show it: a path as given, `stdin`, `(command line)`.
    pub(crate) name: Vec<u8>,
    /// The whole text.
    pub(crate) text: Vec<u8>,
    /// Where each line starts.
    starts: Vec<usize>,
}

impl Source {
    /// Finds the lines of `text`.
    pub(crate) fn new(name: impl Into<Vec<u8>>, text: impl Into<Vec<u8>>) -> Source {
        let text = text.into();
        let mut starts = vec![0];
        let mut at = 0;
        while at < text.len() {
            at += match (text[at], text.get(at + 1)) {
                (b'\n', Some(b'\r')) | (b'\r', Some(b'\n')) => 2,
                (b'\n' | b'\r', _) => 1,
                _ => {
                    at += 1;
                    continue;
                }
            };
            starts.push(at);
        }
        Source { name: name.into(), text, starts }
    }

    /// The bytes of line `number` (from 1) without its end; `None` past the last line.
    pub(crate) fn line(&self, number: usize) -> Option<Range<usize>> {
        let start = *self.starts.get(number.checked_sub(1)?)?;
        let mut end = self.starts.get(number).copied().unwrap_or(self.text.len());
        while end > start && matches!(self.text[end - 1], b'\n' | b'\r') {
            end -= 1;
        }
        Some(start..end)
    }

    /// The line `offset` is in, from 1.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset)
    }

    /// Line and column of `offset`, both from 1; columns count characters, and each byte that is part of none.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        let start = self.starts[line - 1];
        (line, 1 + characters(&self.text[start..offset.min(self.text.len())]))
    }

    /// Where to point for the end of the text: behind its last visible character.
    pub(crate) fn end(&self) -> usize {
        self.text.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |at| at + 1)
    }
}

/// Characters in `bytes`, each byte that is part of none counted as one.
fn characters(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_lua_ends_them() {
        let source = Source::new("x", "a\r\nb\n\rc\rd\n\ne");
        let lines: Vec<&[u8]> = (1..=6).map(|n| &source.text[source.line(n).unwrap()]).collect();
        assert_eq!(lines, [&b"a"[..], b"b", b"c", b"d", b"", b"e"]);
        assert_eq!(source.line(7), None);
        assert_eq!(source.line(0), None);
    }

    #[test]
    fn columns_count_characters() {
        let source = Source::new("x", "é\u{65e5}\tz");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(2), (1, 2));
        assert_eq!(source.position(5), (1, 3));
        assert_eq!(source.position(6), (1, 4));
        let broken = Source::new("x", b"\xff\xfe=\n".to_vec());
        assert_eq!(broken.position(2), (1, 3));
        assert_eq!(broken.position(4), (2, 1));
        assert_eq!(broken.position(99), (2, 1));
    }

    #[test]
    fn the_end_is_behind_the_last_visible_character() {
        assert_eq!(Source::new("x", "local x = \n\n").end(), 9);
        assert_eq!(Source::new("x", "").end(), 0);
    }
}
