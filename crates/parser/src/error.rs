//! Syntax errors: facts, and the wording of the reference implementation.
//!
//! Also the errors of scopes (labels, `break`, limits), which the compiler finds; their wording belongs here.
//! Not here: which error it is; `diagnose` finds that. Invariant: the text of an error is made only in [`SyntaxError::message`].

use std::fmt;

use crate::lexer::token_near;
use crate::span::{Line, LineIndex, Offset, Span};

/// Why a source text is no chunk, and where.
///
/// The message has no position; put `chunkname:line: ` before it, as in `format!("{name}:{}: {error}", error.line())`.
#[derive(Clone, PartialEq, Eq)]
pub struct SyntaxError(Box<Facts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    kind: SyntaxErrorKind,
    span: Span,
    line: Line,
    /// The line of the place that `kind` refers to.
    other: Line,
    near: Near,
}

/// What a message shows after "near".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Near {
    /// Nothing: the message has no such part.
    Nothing,
    /// `<eof>`
    EndOfText,
    /// The token, in quotes.
    Token(Vec<u8>),
}

/// What can be wrong. Kinds carry offsets, which the message shows as lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// A short string without its closing quote.
    UnfinishedString,
    /// A long string without its closing bracket.
    UnfinishedLongString {
        /// Where it begins.
        at: Offset,
    },
    /// A long comment without its closing bracket.
    UnfinishedLongComment {
        /// Where it begins.
        at: Offset,
    },
    /// `[=` without a second bracket.
    InvalidLongStringDelimiter,
    /// `3f`, `0x`
    MalformedNumber,
    /// `\q`
    InvalidEscape,
    /// `\xg`, `\u{}`
    HexadecimalDigitExpected,
    /// `\300`
    DecimalEscapeTooLarge,
    /// `\u7`
    MissingOpenBrace,
    /// `\u{7`
    MissingCloseBrace,
    /// `\u{110000}`
    Utf8ValueTooLarge,
    /// The text is 4 GiB long or longer.
    SourceTooLarge,

    /// A token that cannot begin what must follow.
    UnexpectedSymbol,
    /// An expression that is neither a call nor assigned to.
    NotAStatement,
    /// One particular token, or one of two, must follow; the text is ready to show, as in `'=' or 'in'`.
    Expected(&'static str),
    /// A bracket or a block is not closed.
    NotClosed {
        /// The word or bracket that is missing.
        closer: &'static str,
        /// The word or bracket that it would close.
        opener: &'static str,
        /// Where the opener stands; always on an earlier line, see [`Self::Expected`] for the same line.
        at: Offset,
    },
    /// `a:b` without arguments.
    FunctionArgumentsExpected,

    /// More of something than there may be.
    TooMany {
        /// In the plural: `C levels`, `local variables`, `upvalues`.
        what: &'static str,
        /// How many there may be.
        limit: u32,
        /// The function they are in.
        function: FunctionPlace,
    },
    /// A function or an expression that does not fit its registers.
    TooManyRegisters,
    /// A jump that is too far.
    ControlStructureTooLong,
    /// `break` outside a loop.
    BreakOutsideLoop {
        /// Where `break` stands.
        at: Offset,
    },
    /// `goto` to a label that does not exist or cannot be seen.
    NoVisibleLabel {
        /// The label.
        label: Vec<u8>,
        /// Where `goto` stands.
        at: Offset,
    },
    /// `goto` past the declaration of a local variable.
    JumpIntoScope {
        /// The label.
        label: Vec<u8>,
        /// Where `goto` stands.
        at: Offset,
        /// The variable.
        local: Vec<u8>,
    },
    /// Two labels of one name in one function.
    DuplicateLabel {
        /// The label.
        label: Vec<u8>,
        /// Where the first one stands.
        at: Offset,
    },
    /// Two type declarations of one name in one block.
    TypeAlreadyDeclared {
        /// The name.
        name: Vec<u8>,
        /// Where the first one stands.
        at: Offset,
    },
    /// An assignment to a name that means a type.
    AssignmentToType(Vec<u8>),
    /// `...` in a function without varargs.
    VarargOutsideVarargFunction,

    /// `(A, B)` where one type is needed.
    PackOutsideReturn,
    /// A table type with two indexers.
    SecondIndexer,
}

/// The function that a limit applies to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionPlace {
    /// The chunk itself.
    #[default]
    Main,
    /// A function inside it.
    Defined {
        /// Where it is defined.
        at: Offset,
    },
}

impl SyntaxError {
    /// An error at `span`; its line is the one `span` ends on, as in the reference implementation.
    pub fn new(kind: SyntaxErrorKind, source: &[u8], span: Span, near: Near) -> Self {
        let end = span.end.index().min(source.len());
        let lines = LineIndex::new(&source[..end]);
        let line = lines.line(Offset(end as u32));
        let other = kind.place().map_or(line, |at| LineIndex::new(source).line(at));
        Self(Box::new(Facts { kind, span, line, other, near }))
    }

    /// An error at the token that `span` covers, which the message shows after "near"; an empty span is the end of the text.
    pub fn near_token(kind: SyntaxErrorKind, source: &[u8], span: Span) -> Self {
        Self::new(kind, source, span, token_near(source, span))
    }

    /// An error at the token that follows `after`, shown after "near". So the reference implementation reports
    /// whatever it notices while it looks at the next token.
    pub fn near_next_token(kind: SyntaxErrorKind, source: &[u8], after: Offset) -> Self {
        let mut scratch = crate::interner::Interner::new();
        let values = crate::numeral::Values::default();
        let next = crate::lexer::Lexer::at(source, after, &mut scratch, &values).next();
        let end = Offset(source.len() as u32);
        match next {
            Ok(Some((_, span))) => Self::near_token(kind, source, span),
            Ok(None) => Self::near_token(kind, source, Span::new(end, end)),
            Err(error) => error,
        }
    }

    /// An error without "near", on the line of `at`.
    pub fn without_token(kind: SyntaxErrorKind, source: &[u8], at: Offset) -> Self {
        Self::new(kind, source, Span::new(at, at), Near::Nothing)
    }

    /// What is wrong.
    pub fn kind(&self) -> &SyntaxErrorKind {
        &self.0.kind
    }

    /// The token, or the part of a token, that shows it.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// The line to show before the message.
    pub fn line(&self) -> Line {
        self.0.line
    }

    /// What the message shows after "near".
    pub fn near(&self) -> &Near {
        &self.0.near
    }

    /// Whether the text is correct as far as it goes: more text could make it a chunk. An interactive prompt then
    /// asks for another line.
    pub fn is_incomplete(&self) -> bool {
        self.0.near == Near::EndOfText
    }

    /// The message, without a position; exact bytes, where `Display` replaces what is not UTF-8.
    pub fn message(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.0.kind.describe(self.0.other, &mut out);
        match &self.0.near {
            Near::Nothing => {}
            Near::EndOfText => out.extend_from_slice(b" near <eof>"),
            Near::Token(text) => {
                // The reference implementation shows the number of an unprintable byte inside the quotes.
                out.extend_from_slice(b" near '");
                out.extend_from_slice(text);
                out.push(b'\'');
            }
        }
        out
    }
}

impl SyntaxErrorKind {
    /// The other place that the message names by its line.
    fn place(&self) -> Option<Offset> {
        match self {
            Self::UnfinishedLongString { at }
            | Self::UnfinishedLongComment { at }
            | Self::NotClosed { at, .. }
            | Self::TooMany { function: FunctionPlace::Defined { at }, .. }
            | Self::BreakOutsideLoop { at }
            | Self::NoVisibleLabel { at, .. }
            | Self::JumpIntoScope { at, .. }
            | Self::TypeAlreadyDeclared { at, .. }
            | Self::DuplicateLabel { at, .. } => Some(*at),
            _ => None,
        }
    }

    fn describe(&self, other: Line, out: &mut Vec<u8>) {
        let mut parts = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
        let other = other.to_string();
        let other = other.as_bytes();
        match self {
            Self::UnfinishedString => parts(&[b"unfinished string"]),
            Self::UnfinishedLongString { .. } => {
                parts(&[b"unfinished long string (starting at line ", other, b")"])
            }
            Self::UnfinishedLongComment { .. } => {
                parts(&[b"unfinished long comment (starting at line ", other, b")"])
            }
            Self::InvalidLongStringDelimiter => parts(&[b"invalid long string delimiter"]),
            Self::MalformedNumber => parts(&[b"malformed number"]),
            Self::InvalidEscape => parts(&[b"invalid escape sequence"]),
            Self::HexadecimalDigitExpected => parts(&[b"hexadecimal digit expected"]),
            Self::DecimalEscapeTooLarge => parts(&[b"decimal escape too large"]),
            Self::MissingOpenBrace => parts(&[b"missing '{'"]),
            Self::MissingCloseBrace => parts(&[b"missing '}'"]),
            Self::Utf8ValueTooLarge => parts(&[b"UTF-8 value too large"]),
            Self::SourceTooLarge => parts(&[b"chunk is too large"]),
            Self::UnexpectedSymbol => parts(&[b"unexpected symbol"]),
            Self::NotAStatement => parts(&[b"syntax error"]),
            Self::Expected(what) => parts(&[what.as_bytes(), b" expected"]),
            Self::NotClosed { closer, opener, .. } => parts(&[
                b"'",
                closer.as_bytes(),
                b"' expected (to close '",
                opener.as_bytes(),
                b"' at line ",
                other,
                b")",
            ]),
            Self::FunctionArgumentsExpected => parts(&[b"function arguments expected"]),
            Self::TooMany { what, limit, function } => {
                parts(&[
                    b"too many ",
                    what.as_bytes(),
                    b" (limit is ",
                    limit.to_string().as_bytes(),
                    b") in ",
                ]);
                match function {
                    FunctionPlace::Main => parts(&[b"main function"]),
                    FunctionPlace::Defined { .. } => parts(&[b"function at line ", other]),
                }
            }
            Self::TooManyRegisters => parts(&[b"function or expression needs too many registers"]),
            Self::ControlStructureTooLong => parts(&[b"control structure too long"]),
            Self::BreakOutsideLoop { .. } => parts(&[b"<break> at line ", other, b" not inside a loop"]),
            Self::NoVisibleLabel { label, .. } => {
                parts(&[b"no visible label '", label, b"' for <goto> at line ", other]);
            }
            Self::JumpIntoScope { label, local, .. } => parts(&[
                b"<goto ",
                label,
                b"> at line ",
                other,
                b" jumps into the scope of local '",
                local,
                b"'",
            ]),
            Self::DuplicateLabel { label, .. } => {
                parts(&[b"label '", label, b"' already defined on line ", other])
            }
            Self::TypeAlreadyDeclared { name, .. } => {
                parts(&[b"type '", name, b"' already declared on line ", other]);
            }
            Self::AssignmentToType(name) => parts(&[b"cannot assign to type '", name, b"'"]),
            Self::VarargOutsideVarargFunction => parts(&[b"cannot use '...' outside a vararg function"]),
            Self::PackOutsideReturn => parts(&[b"multiple values are only allowed as a return type"]),
            Self::SecondIndexer => parts(&[b"a table type can have only one indexer"]),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message()))
    }
}

impl fmt::Debug for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SyntaxError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: SyntaxErrorKind, expected: &str) {
        let source = b"one\ntwo three\n";
        let error = SyntaxError::near_next_token(kind.clone(), source, Offset(7));
        assert_eq!(format!("{}: {error}", error.line()), format!("2: {expected} near 'three'"));
        let error = SyntaxError::without_token(kind, source, Offset(2));
        assert_eq!(format!("{}: {error}", error.line()), format!("1: {expected}"));
    }

    #[test]
    fn wording_of_scope_errors() {
        let at = Offset(4);
        check(SyntaxErrorKind::BreakOutsideLoop { at }, "<break> at line 2 not inside a loop");
        let label = b"x".to_vec();
        check(
            SyntaxErrorKind::NoVisibleLabel { label: label.clone(), at },
            "no visible label 'x' for <goto> at line 2",
        );
        check(
            SyntaxErrorKind::DuplicateLabel { label: label.clone(), at },
            "label 'x' already defined on line 2",
        );
        check(
            SyntaxErrorKind::JumpIntoScope { label, at, local: b"a".to_vec() },
            "<goto x> at line 2 jumps into the scope of local 'a'",
        );
        check(SyntaxErrorKind::VarargOutsideVarargFunction, "cannot use '...' outside a vararg function");
        check(
            SyntaxErrorKind::TooMany {
                what: "upvalues",
                limit: 255,
                function: FunctionPlace::Defined { at },
            },
            "too many upvalues (limit is 255) in function at line 2",
        );
        check(
            SyntaxErrorKind::TooMany { what: "local variables", limit: 200, function: FunctionPlace::Main },
            "too many local variables (limit is 200) in main function",
        );
    }

    #[test]
    fn one_word_wide() {
        assert_eq!(size_of::<SyntaxError>(), size_of::<usize>());
    }

    #[test]
    fn the_end_of_the_text_is_incomplete() {
        let error = SyntaxError::near_next_token(SyntaxErrorKind::UnexpectedSymbol, b"x = ", Offset(4));
        assert_eq!(error.to_string(), "unexpected symbol near <eof>");
        assert!(error.is_incomplete());
    }
}
