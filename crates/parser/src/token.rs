//! The tokens of Lua 5.3 and of the annotation grammar.
//!
//! Logos finds what takes more than a look at one byte: operators, comments and long brackets, whose rest `lexer` reads.
//! What one byte tells stands in [`FIRST`] and [`ALONE`], keywords in [`keyword`]; words that are special only in places are plain
//! names here, see `filter`.
//! Invariant: a token is a pair of scalars, one word in all, so that it moves in registers.

use logos::Logos;

use crate::ast::BinaryOperator;
use crate::interner::Symbol;
use crate::numeral::Value;

/// One token. Variants without a pattern are made by `lexer` or `filter`.
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
#[logos(utf8 = false)]
pub(crate) enum Token {
    Break,
    Do,
    Else,
    ElseIf,
    End,
    False,
    For,
    Function,
    Goto,
    If,
    In,
    Local,
    Nil,
    Not,
    Repeat,
    Return,
    Then,
    True,
    Until,
    While,

    /// An operator that is nothing but binary; `and` and `or` are.
    #[token("/", |_| BinaryOperator::Divide)]
    #[token("//", |_| BinaryOperator::FloorDivide)]
    #[token("<<", |_| BinaryOperator::ShiftLeft)]
    #[token("==", |_| BinaryOperator::Equal)]
    #[token("~=", |_| BinaryOperator::NotEqual)]
    #[token("<=", |_| BinaryOperator::LessEqual)]
    #[token("..", |_| BinaryOperator::Concat)]
    Binary(BinaryOperator),
    #[token("-")]
    Minus,
    Hash,
    Ampersand,
    #[token("~")]
    Tilde,
    Pipe,
    /// Never reaches the grammar: split into [`Token::GreaterJoined`] and [`Token::Greater`].
    #[token(">>")]
    ShiftRight,
    /// Never reaches the grammar: split into [`Token::GreaterEquals`] and [`Token::Assign`].
    #[token(">=")]
    GreaterEqual,
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("=")]
    Assign,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    #[token("[")]
    LeftBracket,
    RightBracket,
    #[token("::")]
    DoubleColon,
    Semicolon,
    #[token(":")]
    Colon,
    Comma,
    #[token(".")]
    Dot,
    #[token("...")]
    Ellipsis,
    #[token("->")]
    Arrow,
    Question,
    Bang,

    Name(Symbol),
    String(Symbol),
    /// Matched if it begins with a point; the rest is scanned by `lexer`.
    #[regex("\\.[0-9]", |_| Value(0))]
    Integer(Value),
    Float(Value),
    /// `@name`
    #[regex("@[A-Za-z_][A-Za-z0-9_]*", |_| Symbol(0))]
    At(Symbol),
    /// `@name(`: the parenthesis follows without a space.
    #[regex("@[A-Za-z_][A-Za-z0-9_]*\\(", |_| Symbol(0))]
    AtCall(Symbol),

    /// `--`: the comment is skipped by `lexer`.
    #[token("--")]
    Comment,
    /// `[[`, `[==[`: becomes [`Token::String`].
    #[regex("\\[=*\\[")]
    LongString,
    /// `[=` without a second bracket: always an error.
    #[regex("\\[=+")]
    LongStringDelimiter,

    /// A byte no token begins with; never in the grammar.
    Unknown,
    /// `::name::`
    Label(Symbol),
    /// `type` of an alias.
    KeywordType,
    /// `export` before an alias or an interface.
    KeywordExport,
    /// `interface` of an interface declaration.
    KeywordInterface,
    /// `as` of a cast.
    KeywordAs,
    /// `typeof` before `(`.
    KeywordTypeof,
    /// `keyof` before `(`.
    KeywordKeyof,
    /// `fun` before `(`.
    KeywordFun,
    /// `asserts` of a return annotation.
    KeywordAsserts,
    /// `is` after `asserts name`.
    KeywordIs,
    /// First half of `>>`.
    GreaterJoined,
    /// First half of `>=`.
    GreaterEquals,
    /// `?` and `:` in a row.
    QuestionColon,
}

/// What a byte says that stands where a token may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum First {
    /// A letter or an underscore: a word begins.
    Letter,
    Digit,
    Blank,
    /// The quote of a string.
    Quote,
    /// It is a token by itself, whatever follows: the one in [`ALONE`].
    Alone,
    /// It is the token in [`ALONE`] if nothing follows that [`joins`] it.
    Operator,
    /// Logos knows.
    Other,
}

/// The tokens of one byte.
const TOKENS: [(u8, First, Token); 25] = [
    (b'+', First::Alone, Token::Binary(BinaryOperator::Add)),
    (b'*', First::Alone, Token::Binary(BinaryOperator::Multiply)),
    (b'%', First::Alone, Token::Binary(BinaryOperator::Modulo)),
    (b'^', First::Alone, Token::Binary(BinaryOperator::Power)),
    (b'#', First::Alone, Token::Hash),
    (b'&', First::Alone, Token::Ampersand),
    (b'|', First::Alone, Token::Pipe),
    (b'(', First::Alone, Token::LeftParen),
    (b')', First::Alone, Token::RightParen),
    (b'{', First::Alone, Token::LeftBrace),
    (b'}', First::Alone, Token::RightBrace),
    (b']', First::Alone, Token::RightBracket),
    (b';', First::Alone, Token::Semicolon),
    (b',', First::Alone, Token::Comma),
    (b'?', First::Alone, Token::Question),
    (b'!', First::Alone, Token::Bang),
    (b'-', First::Operator, Token::Minus),
    (b'/', First::Operator, Token::Binary(BinaryOperator::Divide)),
    (b'~', First::Operator, Token::Tilde),
    (b'<', First::Operator, Token::Less),
    (b'>', First::Operator, Token::Greater),
    (b'=', First::Operator, Token::Assign),
    (b'[', First::Operator, Token::LeftBracket),
    (b':', First::Operator, Token::Colon),
    (b'.', First::Operator, Token::Dot),
];

/// [`First`] of every byte.
pub(crate) static FIRST: [First; 256] = {
    let mut first = [First::Other; 256];
    let mut byte = 0;
    while byte < first.len() {
        first[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => First::Blank,
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => First::Letter,
            b'0'..=b'9' => First::Digit,
            b'"' | b'\'' => First::Quote,
            _ => First::Other,
        };
        byte += 1;
    }
    let mut at = 0;
    while at < TOKENS.len() {
        first[TOKENS[at].0 as usize] = TOKENS[at].1;
        at += 1;
    }
    first
};

/// The token that a byte is by itself.
pub(crate) static ALONE: [Token; 256] = {
    let mut tokens = [Token::Unknown; 256];
    let mut at = 0;
    while at < TOKENS.len() {
        tokens[TOKENS[at].0 as usize] = TOKENS[at].2;
        at += 1;
    }
    tokens
};

/// Whether a byte may make one token with the operator before it.
#[inline(always)]
pub(crate) fn joins(byte: u8) -> bool {
    matches!(FIRST[usize::from(byte)], First::Operator | First::Digit)
}

/// Whether words go on with this byte.
#[inline(always)]
pub(crate) fn is_of_word(byte: u8) -> bool {
    FIRST[usize::from(byte)] <= First::Digit
}

/// The keyword that a word is, if it is one.
#[inline(always)]
pub(crate) fn keyword(word: &[u8]) -> Option<Token> {
    // By length first: words of one length are compared as numbers.
    Some(match word.len() {
        2 => match word {
            b"do" => Token::Do,
            b"if" => Token::If,
            b"in" => Token::In,
            b"or" => Token::Binary(BinaryOperator::Or),
            _ => return None,
        },
        3 => match word {
            b"and" => Token::Binary(BinaryOperator::And),
            b"end" => Token::End,
            b"for" => Token::For,
            b"nil" => Token::Nil,
            b"not" => Token::Not,
            _ => return None,
        },
        4 => match word {
            b"else" => Token::Else,
            b"goto" => Token::Goto,
            b"then" => Token::Then,
            b"true" => Token::True,
            _ => return None,
        },
        5 => match word {
            b"break" => Token::Break,
            b"false" => Token::False,
            b"local" => Token::Local,
            b"until" => Token::Until,
            b"while" => Token::While,
            _ => return None,
        },
        6 => match word {
            b"elseif" => Token::ElseIf,
            b"repeat" => Token::Repeat,
            b"return" => Token::Return,
            _ => return None,
        },
        8 => match word {
            b"function" => Token::Function,
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word() {
        assert_eq!(size_of::<Token>(), 8);
        assert_eq!(size_of::<First>(), 1);
    }

    #[test]
    fn the_longest_operator_wins() {
        let tokens: Vec<_> =
            Token::lexer(b"..-...~=.5>=[==[[=->--@f(@f\xff").map(|t| t.unwrap_or(Token::Unknown)).collect();
        assert_eq!(
            tokens,
            [
                Token::Binary(BinaryOperator::Concat),
                Token::Minus,
                Token::Ellipsis,
                Token::Binary(BinaryOperator::NotEqual),
                Token::Integer(Value(0)),
                Token::GreaterEqual,
                Token::LongString,
                Token::LongStringDelimiter,
                Token::Arrow,
                Token::Comment,
                Token::AtCall(Symbol(0)),
                Token::At(Symbol(0)),
                Token::Unknown,
            ]
        );
    }
}
