//! What can be wrong with a pattern, in the words of the reference implementation.
//!
//! Not raised while compiling: a fault in a pattern is an error only when matching reaches it.

use std::fmt;

/// A fault of a pattern (or of a replacement text), met while matching.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PatternError {
    /// A lone `%` at the end.
    EndsWithEscape,
    /// A set without its `]`.
    MissingBracket,
    /// `%f` that is not followed by a set.
    MissingFrontierSet,
    /// `%b` with fewer than two bytes behind it.
    MissingBalance,
    /// A `)` that closes nothing.
    InvalidClose,
    /// A reference to a capture that does not exist (yet); counted from 1.
    InvalidIndex(u32),
    /// A `(` never closed, whose text is wanted.
    Unfinished,
    /// More than [`MAX_CAPTURES`](super::MAX_CAPTURES) captures.
    TooManyCaptures,
    /// More than [`MAX_QUANTIFIERS`](super::MAX_QUANTIFIERS) quantifiers, or more than 4 GiB of text.
    TooComplex,
    /// `%` before something else than a digit or `%` in the replacement text of `gsub`.
    InvalidReplacement,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsWithEscape => f.write_str("malformed pattern (ends with '%')"),
            Self::MissingBracket => f.write_str("malformed pattern (missing ']')"),
            Self::MissingFrontierSet => f.write_str("missing '[' after '%f' in pattern"),
            Self::MissingBalance => f.write_str("malformed pattern (missing arguments to '%b')"),
            Self::InvalidClose => f.write_str("invalid pattern capture"),
            Self::InvalidIndex(index) => write!(f, "invalid capture index %{index}"),
            Self::Unfinished => f.write_str("unfinished capture"),
            Self::TooManyCaptures => f.write_str("too many captures"),
            Self::TooComplex => f.write_str("pattern too complex"),
            Self::InvalidReplacement => f.write_str("invalid use of '%' in replacement string"),
        }
    }
}

impl std::error::Error for PatternError {}
