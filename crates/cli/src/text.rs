//! The texts a run consists of, kept so that errors can show their lines.
//!
//! A text is what a person wrote; what is compiled may have something in front of it on its first line (`return ` for an
//! expression). Positions are translated here and nowhere else.

use std::fs;
use std::rc::Rc;

use wippy::vm::bytecode::chunk_id::chunk_id;
use wippy::vm::compile::{CompileError, compile_source};
use wippy::{Failure, Place};

use crate::blame::{self, Activation, Candidates, Sources};
use crate::diagnostic::{self, Diagnostic, Source};
use crate::syntax;

/// One chunk.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// Chunk name as given to `load`: `@file`, `=name`.
    pub(crate) chunk_name: Vec<u8>,
    /// What was written, without a byte-order mark.
    written: Rc<Vec<u8>>,
    /// Bytes at the beginning that are not compiled: a first line that starts with `#`.
    skipped: usize,
    /// Compiled in front of it.
    before: Vec<u8>,
    /// Compiled behind it.
    behind: Vec<u8>,
}

impl Text {
    /// A file, or standard input: a byte-order mark and a first line with `#` are no part of the program.
    pub(crate) fn program(chunk_name: Vec<u8>, mut text: Vec<u8>) -> Text {
        if text.starts_with(syntax::BYTE_ORDER_MARK) {
            text.drain(..syntax::BYTE_ORDER_MARK.len());
        }
        let skipped = syntax::first_line_comment(&text);
        Text { chunk_name, written: Rc::new(text), skipped, before: Vec::new(), behind: Vec::new() }
    }

    /// Code given as such.
    pub(crate) fn code(chunk_name: &[u8], text: &[u8]) -> Text {
        Text::wrapped(chunk_name, b"", text, b"")
    }

    /// Code that is compiled between two other pieces; `before` has no line ends.
    pub(crate) fn wrapped(chunk_name: &[u8], before: &[u8], text: &[u8], behind: &[u8]) -> Text {
        Text {
            chunk_name: chunk_name.to_vec(),
            written: Rc::new(text.to_vec()),
            skipped: 0,
            before: before.to_vec(),
            behind: behind.to_vec(),
        }
    }

    /// An expression if it is one, else statements; if it is neither, the form that is understood for longer.
    pub(crate) fn best_reading(chunk_name: &[u8], text: &[u8]) -> Text {
        let expression = Text::wrapped(chunk_name, b"return ", text, b"");
        let Some(against_expression) = expression.mistake() else { return expression };
        let statements = Text::code(chunk_name, text);
        match statements.mistake() {
            Some(mistake) if against_expression.position() > mistake.position() => expression,
            _ => statements,
        }
    }

    /// What is compiled.
    pub(crate) fn compiled(&self) -> Vec<u8> {
        [&self.before, &self.written[self.skipped..], &self.behind].concat()
    }

    /// What the compiler has against it.
    pub(crate) fn mistake(&self) -> Option<Diagnostic> {
        const BINARY: u8 = 0x1b;
        let compiled = self.compiled();
        if compiled.first() == Some(&BINARY) {
            return None;
        }
        let error: CompileError = compile_source(&compiled, &self.chunk_name).err()?;
        Some(syntax::diagnostic(&self.source(), self.skipped, self.before.len(), error.syntax()))
    }

    /// The place of bytes of what is compiled.
    pub(crate) fn place(&self, bytes: std::ops::Range<usize>) -> diagnostic::Place {
        let written =
            |at: usize| (at.saturating_sub(self.before.len()) + self.skipped).min(self.written.len());
        diagnostic::Place::Bytes(written(bytes.start)..written(bytes.end))
    }

    /// As diagnostics show it.
    pub(crate) fn source(&self) -> Rc<Source> {
        Rc::new(Source::new(chunk_id(&self.chunk_name), self.written.as_slice()))
    }
}

/// The texts of one interpreter.
#[derive(Debug, Default)]
pub(crate) struct Texts(Vec<Text>);

impl Texts {
    /// Keeps a text; a later one of the same name hides it.
    pub(crate) fn add(&mut self, text: Text) {
        self.0.retain(|other| other.chunk_name != text.chunk_name);
        self.0.push(text);
    }

    /// Describes an uncaught error whose message is `message`.
    pub(crate) fn describe(
        &self,
        message: Vec<u8>,
        failure: &Failure,
        candidates: &dyn Candidates,
    ) -> Diagnostic {
        let stack = failure.stack.iter().map(|place| self.activation(place)).collect();
        blame::diagnostic(&blame::Failure { message, stack, skipped: failure.skipped }, self, candidates)
    }

    fn activation(&self, place: &Place) -> Activation {
        let mut column = place.position.column as usize;
        if place.position.line == 1
            && let Some(text) = self.0.iter().find(|text| text.chunk_name == place.source)
        {
            column = column.saturating_sub(text.before.len());
        }
        Activation {
            chunk: chunk_id(&place.source),
            source: place.source.clone(),
            line: place.position.line as usize,
            column,
            width: place.position.width as usize,
            what: place.function.clone(),
        }
    }
}

impl Sources for Texts {
    fn find(&self, source: &[u8], chunk: &[u8]) -> Option<Rc<Source>> {
        let known = |text: &&Text| text.chunk_name == source || chunk_id(&text.chunk_name) == chunk;
        if let Some(text) = self.0.iter().find(known) {
            return Some(text.source());
        }
        let path = match source {
            [b'@', path @ ..] => path,
            [b'='] | [b'=', ..] => return None,
            [] => chunk,
            text => return Some(Rc::new(Source::new(chunk, text))),
        };
        let text = fs::read(crate::surroundings::path_of(path)).ok()?;
        let text = text.strip_prefix(syntax::BYTE_ORDER_MARK).unwrap_or(&text);
        Some(Rc::new(diagnostic::Source::new(chunk, text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Format, render};

    #[track_caller]
    fn check(text: &Text, expected: &str) {
        let shown = render(&text.mistake().expect("it does not compile"), Format::Human, false);
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }

    #[test]
    fn mistakes_are_shown_in_what_was_written() {
        check(
            &Text::program(b"@f.lua".to_vec(), b"\xef\xbb\xbf#!wippy\nx = = 1\n".to_vec()),
            "error: unexpected symbol near '='\n --> f.lua:2:5\n  |\n2 | x = = 1\n  |     ^\n",
        );
        check(
            &Text::wrapped(b"=stdin", b"return ", b"1 +* 2", b"\nend"),
            "error: unexpected symbol near '*'\n --> stdin:1:4\n  |\n1 | 1 +* 2\n  |    ^\n",
        );
        check(
            &Text::code(b"=stdin", b"if x then\n\ny()\n"),
            "error: 'end' expected (to close 'if' at line 1) near <eof>\n --> stdin:3:4\n  |\n1 | if x then\n  \
             | -- not closed\n...\n3 | y()\n  |    ^\n",
        );
        check(
            &Text::code(b"=stdin", b"x = 1\nbreak\n"),
            "error: <break> at line 2 not inside a loop\n --> stdin:2:1\n  |\n2 | break\n  | ^^^^^\n",
        );
        assert!(Text::code(b"=stdin", b"return 1").mistake().is_none());
        assert!(Text::program(b"@x".to_vec(), b"\x1bLua broken".to_vec()).mistake().is_none());
    }
}
