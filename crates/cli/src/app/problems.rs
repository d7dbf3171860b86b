//! Problems of an application as diagnostics.
//!
//! Only a translation: lines and columns become byte ranges, facts become notes.

use std::collections::HashMap;
use std::rc::Rc;

use wippy_app::problem::{Place as At, Problem, Problems, Severity as Level};

use crate::diagnostic::{Diagnostic, Label, Note, Place, Severity, Source, render};
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// Sources that were already cut into lines.
#[derive(Default)]
pub(crate) struct Sources {
    known: HashMap<String, Rc<Source>>,
}

impl Sources {
    fn of(&mut self, at: &At) -> Rc<Source> {
        let make = || Rc::new(Source::new(at.file.name.as_bytes(), at.file.text.as_bytes()));
        Rc::clone(self.known.entry(at.file.name.clone()).or_insert_with(make))
    }
}

/// A problem as the renderer wants it.
pub(crate) fn diagnostic(problem: &Problem, sources: &mut Sources) -> Diagnostic {
    let severity = match problem.severity {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Hint => Severity::Hint,
    };
    let labels = problem.places.iter().map(|at| {
        let source = sources.of(at);
        let place =
            at.span.map_or(Place::Bytes(0..0), |span| bytes(&source, span.line, span.column, span.length));
        Label { source, place, text: at.label.clone() }
    });
    let mut notes = Vec::new();
    if let Some(id) = &problem.entry {
        notes.push(Note::new("entry", id.as_str()));
    }
    notes.extend(problem.notes.iter().map(|note| Note::new("note", note.as_str())));
    notes.extend(problem.help.iter().map(|help| Note::new("help", help.as_str())));
    Diagnostic {
        severity,
        code: Some(problem.code.code()),
        message: problem.message.clone().into_bytes(),
        labels: labels.collect(),
        notes,
    }
}

/// Columns count characters; the renderer wants bytes.
fn bytes(source: &Source, line: u32, column: u32, length: u32) -> Place {
    let Some(range) = source.line(line as usize) else { return Place::Line(line as usize) };
    let text = String::from_utf8_lossy(&source.text[range.clone()]).into_owned();
    let at = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    let from = at(column.saturating_sub(1) as usize);
    let to = at((column.saturating_sub(1) + length) as usize);
    Place::Bytes(range.start + from..(range.start + to).min(range.end).max(range.start + from))
}

/// Prints problems on standard error, the most severe last so that it is what remains on the screen.
pub(crate) fn print(problems: &Problems, least: Level, settings: &Settings) -> Result<(), Exit> {
    let mut sources = Sources::default();
    let mut list: Vec<&Problem> = problems.iter().filter(|problem| problem.severity <= least).collect();
    list.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    let mut out = Vec::new();
    for problem in list {
        let diagnostic = diagnostic(problem, &mut sources);
        out.extend_from_slice(&render(&diagnostic, settings.error_format, settings.stderr_colour()));
    }
    if out.is_empty() { Ok(()) } else { output::complain(&out) }
}
