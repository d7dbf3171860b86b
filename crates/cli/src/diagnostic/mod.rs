//! Diagnostics: one shape and one renderer for everything `wippy` has to say about a source text.
//!
//! Syntax errors, failed checks and uncaught run-time errors become a [`Diagnostic`]; `render` makes text of it.
//! Nothing here knows where a diagnostic comes from or where the text goes.

mod excerpt;
mod render;
mod source;

use std::ops::Range;
use std::rc::Rc;

pub(crate) use render::{Format, render};
pub(crate) use source::Source;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The program cannot go on, or is wrong.
    Error,
    /// Probably a mistake.
    Warning,
    /// Could be better.
    Hint,
}

impl Severity {
    /// The word in front of the message.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Hint => "hint",
        }
    }
}

/// One thing to say.
#[derive(Debug, Clone)]
pub(crate) struct Diagnostic {
    /// How bad it is.
    pub(crate) severity: Severity,
    /// The code of a static check; run-time errors have none.
    pub(crate) code: Option<&'static str>,
    /// The sentence, as bytes because Lua strings are; may have several lines.
    pub(crate) message: Vec<u8>,
    /// The places it is about; the first one is where it happened.
    pub(crate) labels: Vec<Label>,
    /// Lines below the excerpt.
    pub(crate) notes: Vec<Note>,
}

/// A place in a source text.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    /// The text.
    pub(crate) source: Rc<Source>,
    /// Where in it.
    pub(crate) place: Place,
    /// What is to be said about it, on its line.
    pub(crate) text: String,
}

/// How exactly a place is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// These bytes.
    Bytes(Range<usize>),
    /// Some line, counted from 1, of a text that need not be at hand.
    Line(usize),
}

/// A line below the excerpt: `= word: text`.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// `stack`, `help`, `note`, `entry`.
    pub(crate) word: &'static str,
    /// Its lines.
    pub(crate) lines: Vec<Vec<u8>>,
}

impl Note {
    /// A note of one line.
    pub(crate) fn new(word: &'static str, line: impl Into<Vec<u8>>) -> Note {
        Note { word, lines: vec![line.into()] }
    }
}

impl Diagnostic {
    /// An error without a code.
    pub(crate) fn error(message: impl Into<Vec<u8>>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code: None,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// With a code.
    pub(crate) fn code(mut self, code: &'static str) -> Diagnostic {
        self.code = Some(code);
        self
    }

    /// With one more place.
    pub(crate) fn label(mut self, source: &Rc<Source>, place: Place, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { source: Rc::clone(source), place, text: text.into() });
        self
    }

    /// With one more note.
    pub(crate) fn note(mut self, note: Note) -> Diagnostic {
        self.notes.push(note);
        self
    }

    /// Line and column, both from 1, behind the place it happened at.
    pub(crate) fn end(&self) -> Option<(usize, usize)> {
        let label = self.labels.first()?;
        match &label.place {
            Place::Bytes(range) => Some(label.source.position(range.end)),
            Place::Line(_) => None,
        }
    }

    /// Line and column, both from 1, of the place it happened at.
    pub(crate) fn position(&self) -> Option<(usize, Option<usize>)> {
        let label = self.labels.first()?;
        Some(match &label.place {
            Place::Bytes(range) => {
                let (line, column) = label.source.position(range.start);
                (line, Some(column))
            }
            Place::Line(line) => (*line, None),
        })
    }
}
