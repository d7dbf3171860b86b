//! Why an annotation is no type on its own.
//!
//! These are not the checker's diagnostics about programs. Invariant: text is made only in `Display`.

use std::fmt;

use wippy_parser::{Span, SyntaxError};

/// Why a text or an annotation could not be turned into a type.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Facts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    kind: ErrorKind,
    span: Span,
}

/// The reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is not a type.
    Syntax(SyntaxError),
    /// The text is a type and then something else.
    MoreThanOneType,
    /// The text is a type, but not that of a function.
    NotAFunction,
    /// `typeof(e)`: only a program gives it a meaning.
    TypeofNeedsProgram,
    /// An argument of an annotation that is not constant.
    ArgumentNotConstant,
    /// Two fields of one name in one record.
    DuplicateField(Vec<u8>),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, span: Span) -> Self {
        Self(Box::new(Facts { kind, span }))
    }

    /// What is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where, in the text that was parsed.
    pub fn span(&self) -> Span {
        self.0.span
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ErrorKind::Syntax(error) => error.fmt(f),
            ErrorKind::MoreThanOneType => f.write_str("one type expected"),
            ErrorKind::NotAFunction => f.write_str("a function type expected"),
            ErrorKind::TypeofNeedsProgram => f.write_str("'typeof' has no meaning outside a program"),
            ErrorKind::ArgumentNotConstant => f.write_str("arguments of an annotation must be constants"),
            ErrorKind::DuplicateField(name) => {
                write!(f, "field '{}' is declared twice", String::from_utf8_lossy(name))
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}
