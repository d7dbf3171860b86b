//! Syntax errors as diagnostics: where to point, and at what else.
//!
//! The wording is the parser's. A program file is read here as `lua` reads it: a byte-order mark and a first line that
//! starts with `#` are no part of the program.

use std::rc::Rc;

use wippy_parser::error::{Near, SyntaxError, SyntaxErrorKind};

use crate::diagnostic::{Diagnostic, Place, Source};

/// The code of every syntax error.
pub(crate) const CODE: &str = "P0001";

/// How many bytes at the beginning of a file are no part of the program. The end of a first line that starts with `#`
/// is, so that lines are counted right.
pub(crate) fn preamble(text: &[u8]) -> usize {
    let mark = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    match text.get(mark) {
        Some(b'#') => mark + text[mark..].iter().position(|&b| b == b'\n').unwrap_or(text.len() - mark),
        _ => mark,
    }
}

/// Describes an error in the text that follows the first `skipped` bytes of `source`.
pub(crate) fn diagnostic(source: &Rc<Source>, skipped: usize, error: &SyntaxError) -> Diagnostic {
    let span = error.span();
    let place = match error.near() {
        Near::EndOfText => source.end().max(skipped)..source.end().max(skipped),
        Near::Nothing | Near::Token(_) => skipped + span.start.index()..skipped + span.end.index(),
    };
    let primary = place.start;
    let mut diagnostic = Diagnostic::error(error.message()).label(source, Place::Bytes(place), "");
    if let Some((at, text)) = other_place(error.kind()) {
        let at = skipped + at;
        let word = word_at(&source.text, at);
        if at != primary {
            diagnostic = diagnostic.label(source, Place::Bytes(at..at + word), text);
        }
    }
    diagnostic
}

/// A second place that explains the first, and what to say there.
fn other_place(kind: &SyntaxErrorKind) -> Option<(usize, &'static str)> {
    match kind {
        SyntaxErrorKind::NotClosed { at, .. } => Some((at.index(), "not closed")),
        SyntaxErrorKind::UnfinishedLongString { at } | SyntaxErrorKind::UnfinishedLongComment { at } => {
            Some((at.index(), "begins here"))
        }
        SyntaxErrorKind::DuplicateLabel { at, .. } => Some((at.index(), "first defined here")),
        SyntaxErrorKind::BreakOutsideLoop { at }
        | SyntaxErrorKind::NoVisibleLabel { at, .. }
        | SyntaxErrorKind::JumpIntoScope { at, .. } => Some((at.index(), "this jump")),
        _ => None,
    }
}

/// Bytes of the word or sign at `at`.
fn word_at(text: &[u8], at: usize) -> usize {
    let is_word = |byte: &&u8| **byte == b'_' || byte.is_ascii_alphanumeric();
    text.get(at..).unwrap_or_default().iter().take_while(is_word).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preamble_is_a_mark_and_a_first_line() {
        assert_eq!(preamble(b"x = 1"), 0);
        assert_eq!(preamble(b"\xef\xbb\xbfx"), 3);
        assert_eq!(preamble(b"#!x\ny"), 3);
        assert_eq!(preamble(b"\xef\xbb\xbf#!x\r\ny"), 7);
        assert_eq!(preamble(b"#"), 1);
        assert_eq!(preamble(b""), 0);
    }
}
