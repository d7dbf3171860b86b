//! What is wrong with an application, said so that the person who wrote it can put it right.
//!
//! Typed data only: who prints it decides how it looks. Invariant: problems are collected, not thrown; a boot goes
//! on as far as it usefully can and reports everything it found at once.

use std::fmt;
use std::sync::Arc;

use crate::id::Id;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The application cannot start.
    Error,
    /// Probably a mistake.
    Warning,
    /// Could be better; only `lint` says so.
    Hint,
}

/// THE table of entry diagnostics: variant, code, what it is about.
macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $title:literal;)*) => {
        /// What a problem is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$meta])* $variant,)*
        }
        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];
            /// `Y` and four digits.
            pub fn code(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }
            /// One sentence about it.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// A file that cannot be read as YAML or JSON.
    Syntax = "Y0001", "a definition file cannot be read as YAML or JSON";
    /// A file that the operating system would not give.
    Unreadable = "Y0002", "a file cannot be read";
    /// Neither entries nor a single entry in a file with a namespace.
    NoEntries = "Y0003", "a definition file has a namespace but neither entries nor name and kind";
    /// A name or kind is missing or not text.
    Shape = "Y0004", "an item of entries has no usable name or kind";
    /// Two definitions of one ID.
    Duplicate = "Y0005", "an ID is defined twice; the last definition wins";
    /// `file://` that leads outside or nowhere.
    Inline = "Y0006", "a file:// value leads nowhere or outside of the application";
    /// A kind that does not exist.
    UnknownKind = "Y0007", "the kind of an entry does not exist";
    /// A kind of a later release.
    LaterKind = "Y0008", "the kind of an entry is not supported by this build";
    /// A required key is missing.
    MissingKey = "Y0009", "an entry lacks a key that its kind requires";
    /// A key's value is of the wrong sort.
    WrongValue = "Y0010", "a key of an entry has a value that its kind does not accept";
    /// A key that the kind does not have.
    UnknownKey = "Y0011", "a key of an entry is not known to its kind and has no effect";
    /// A name in `modules` that is none.
    UnknownModule = "Y0012", "an entry lists a module that does not exist";
    /// A reference to an entry that does not exist.
    MissingReference = "Y0013", "an entry refers to another that does not exist";
    /// Imports in a circle, or services that need each other.
    Cycle = "Y0014", "entries need each other in a circle";
    /// An override that names no entry or is malformed.
    Override = "Y0015", "an override names no entry or cannot be applied";
    /// A requirement without a value, or with two.
    Requirement = "Y0016", "a requirement has no value, or two";
    /// A placeholder without a value.
    Placeholder = "Y0017", "a placeholder names a variable that has no value";
    /// A fault in configuration or lock file.
    Configuration = "Y0018", "a configuration or lock file is not as it should be";
    /// A module that is not where the lock file says.
    MissingModule = "Y0019", "a pinned module is not in place";
    /// An old spelling.
    Deprecated = "Y0020", "an old spelling that still works";
    /// A definition file of another format version.
    Version = "Y0021", "the version of a file is not known";
    /// Something with no effect in this release.
    NoEffect = "Y0022", "something is accepted but has no effect in this release";
    /// The source of an entry does not compile.
    Source = "Y0023", "the source of an entry does not compile";
    /// A program breaks its own types, where that is looked at.
    Types = "Y0024", "the types in the source of an entry do not fit together";
    /// Two entries that cannot both be.
    Conflict = "Y0025", "entries contradict each other";
    /// Something that another entry has.
    Taken = "Y0026", "something that only one entry can have belongs to another";
}

/// A text that problems point into.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As messages show it.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// The run of `length` bytes from byte `at` on, as far as it is on one line; what is behind the end is the end.
    pub fn place(self: &Arc<SourceFile>, at: usize, length: usize) -> Place {
        let start = self.text.floor_char_boundary(at.min(self.text.trim_end().len()));
        let before = &self.text[..start];
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |end| start + end);
        let end = self.text.floor_char_boundary(start.saturating_add(length)).clamp(start, line_end);
        let span = Span {
            line: before.matches('\n').count() as u32 + 1,
            column: before[begin..].chars().count() as u32 + 1,
            length: self.text[start..end].chars().count() as u32,
        };
        Place { file: Arc::clone(self), span: Some(span), label: String::new() }
    }
}

/// A run of characters on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// In characters; 0 for a point.
    pub length: u32,
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Where in it, if known.
    pub span: Option<Span>,
    /// What is to be said about this place, on its line.
    pub label: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// What about.
    pub code: Code,
    /// The sentence.
    pub message: String,
    /// Where; the first place is the main one.
    pub places: Vec<Place>,
    /// The entry it is about.
    pub entry: Option<Id>,
    /// Explanations, one line each.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Problem {
        Problem {
            severity,
            code,
            message: message.into(),
            places: Vec::new(),
            entry: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// Something that stops the application.
    pub fn error(code: Code, message: impl Into<String>) -> Problem {
        Problem::new(Severity::Error, code, message)
    }

    /// Something that is probably a mistake.
    pub fn warning(code: Code, message: impl Into<String>) -> Problem {
        Problem::new(Severity::Warning, code, message)
    }

    /// Something only `lint` mentions.
    pub fn hint(code: Code, message: impl Into<String>) -> Problem {
        Problem::new(Severity::Hint, code, message)
    }

    /// With a place, if there is one.
    pub fn at(mut self, place: Option<Place>) -> Problem {
        self.places.extend(place);
        self
    }

    /// With the entry it is about.
    pub fn entry(mut self, id: &Id) -> Problem {
        self.entry = Some(id.clone());
        self
    }

    /// With one more line of explanation.
    pub fn note(mut self, note: impl Into<String>) -> Problem {
        self.notes.push(note.into());
        self
    }

    /// With advice.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// With "did you mean" when a name is near.
    pub fn suggest(self, nearest: Option<&str>) -> Problem {
        match nearest {
            Some(name) => self.help(format!("did you mean \"{name}\"?")),
            None => self,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.places.first() {
            f.write_str(&place.file.name)?;
            if let Some(span) = place.span {
                write!(f, ":{}:{}", span.line, span.column)?;
            }
            f.write_str(": ")?;
        } else if let Some(id) = self.entry.as_ref().filter(|id| !self.message.contains(id.as_str())) {
            write!(f, "{id}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// What was found so far.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// Nothing yet.
    pub fn new() -> Problems {
        Problems::default()
    }

    /// One more.
    pub fn push(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// Everything of another collection.
    pub fn append(&mut self, other: Problems) {
        self.list.extend(other.list);
    }

    /// Those of a later look that are not about a place where something is wrong already: one mistake is said once.
    pub fn append_further(&mut self, later: Problems) {
        let known: Vec<Place> =
            self.list.iter().filter_map(|problem| problem.places.first().cloned()).collect();
        let further = |problem: &Problem| problem.places.first().is_none_or(|place| !known.contains(place));
        self.list.extend(later.list.into_iter().filter(further));
    }

    /// Whether the application can start.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All of them, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_in_order() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert_eq!(code.code(), format!("Y{:04}", at + 1));
        }
    }

    #[test]
    fn a_problem_shows_on_one_line() {
        let file = Arc::new(SourceFile { name: "src/_index.yaml".into(), text: "".into() });
        let place = Place { file, span: Some(Span { line: 3, column: 5, length: 1 }), label: String::new() };
        let problem =
            Problem::error(Code::UnknownKind, "unknown kind \"x\"").at(Some(place)).suggest(Some("y"));
        assert_eq!(problem.to_string(), "src/_index.yaml:3:5: unknown kind \"x\" (did you mean \"y\"?)");
    }
}
