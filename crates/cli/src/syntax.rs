//! Syntax errors as diagnostics: where to point, and at what else.
//!
//! The wording is the parser's. Offsets of the compiled text are turned into offsets of what was written.

use std::rc::Rc;

use wippy_parser::{Near, Offset, SyntaxError, SyntaxErrorKind};

use crate::diagnostic::{Diagnostic, Place, Source};

/// What some editors put at the beginning of a file.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How many bytes at the beginning of a file are a first line that starts with `#`. The end of that line stays part of
/// the program, so that lines are counted right.
pub(crate) fn first_line_comment(text: &[u8]) -> usize {
    match text.first() {
        Some(b'#') => text.iter().position(|&b| b == b'\n').unwrap_or(text.len()),
        _ => 0,
    }
}

/// Describes an error of a compiled text that is `source` without its first `skipped` bytes and with `before` others in
/// front.
pub(crate) fn diagnostic(
    source: &Rc<Source>,
    skipped: usize,
    before: usize,
    error: &SyntaxError,
) -> Diagnostic {
    let written = |offset: Offset| (offset.index().saturating_sub(before) + skipped).min(source.text.len());
    let span = error.span();
    let word = |at: Offset| {
        let at = written(at);
        Place::Bytes(at..(at + word_at(&source.text, at)).min(source.text.len()))
    };
    let at_end = *error.near() == Near::EndOfText || written(span.start) >= source.text.len();
    let end = source.end().max(skipped);
    let place = match error.kind() {
        SyntaxErrorKind::BreakOutsideLoop { at }
        | SyntaxErrorKind::NoVisibleLabel { at, .. }
        | SyntaxErrorKind::JumpIntoScope { at, .. } => word(*at),
        _ if at_end => Place::Bytes(end..end),
        _ => Place::Bytes(written(span.start)..written(span.end)),
    };
    let diagnostic = Diagnostic::error(error.message()).label(source, place, "");
    match other_place(error.kind()) {
        Some((at, text)) => diagnostic.label(source, word(at), text),
        None => diagnostic,
    }
}

/// A second place that explains the first, and what to say there.
fn other_place(kind: &SyntaxErrorKind) -> Option<(Offset, &'static str)> {
    match kind {
        SyntaxErrorKind::NotClosed { at, .. } => Some((*at, "not closed")),
        SyntaxErrorKind::UnfinishedLongString { at } | SyntaxErrorKind::UnfinishedLongComment { at } => {
            Some((*at, "begins here"))
        }
        SyntaxErrorKind::DuplicateLabel { at, .. } => Some((*at, "first defined here")),
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
    fn a_first_line_with_a_number_sign_is_a_comment() {
        assert_eq!(first_line_comment(b"x = 1"), 0);
        assert_eq!(first_line_comment(b"#!x\ny"), 3);
        assert_eq!(first_line_comment(b"#!x\r\ny"), 4);
        assert_eq!(first_line_comment(b"#"), 1);
        assert_eq!(first_line_comment(b""), 0);
    }
}
