//! Names and the words that cannot be names (manual section 3.1).
//!
//! Pure. For those who write Lua text: printers, completion. Invariant: what [`is_name`] accepts, the lexer reads as
//! one name.

use crate::token::{FIRST, First, is_of_word, keyword};

/// The keywords of Lua 5.3, sorted.
pub const KEYWORDS: [&str; 22] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
    "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// Whether `text` can be written as a name: letters, digits and underscores, no digit first, no keyword.
#[must_use]
pub fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|&first| FIRST[usize::from(first)] == First::Letter)
        && text.iter().all(|&byte| is_of_word(byte))
        && keyword(text).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interner::Interner;
    use crate::lexer::Lexer;
    use crate::numeral::Values;
    use crate::token::Token;

    fn is_one_name(text: &[u8]) -> bool {
        let (mut interner, values) = (Interner::new(), Values::default());
        let first = Lexer::new(text, &mut interner, &values).next();
        first.is_ok_and(|token| {
            token.is_some_and(|(token, span)| {
                matches!(token, Token::Name(_)) && (span.start.index(), span.end.index()) == (0, text.len())
            })
        })
    }

    #[test]
    fn names_are_what_the_lexer_reads_as_one() {
        for keyword in KEYWORDS {
            assert!(!is_name(keyword.as_bytes()) && !is_one_name(keyword.as_bytes()), "{keyword}");
        }
        for text in ["x_1", "_", "End", "andor", "1x", "", "a-b", "a b", " a", "type", "caf\u{e9}", "x\0"] {
            assert_eq!(is_name(text.as_bytes()), is_one_name(text.as_bytes()), "{text}");
        }
    }
}
