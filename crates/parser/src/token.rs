//! The tokens of Lua 5.3 and of the annotation grammar, as logos finds them.
//!
//! Only what a regular expression can tell: comments, strings, numerals and long brackets are recognised here by their
//! first bytes and finished in `lexer`; words that are special only in places are plain names here, see `filter`.
//! Invariant: a token is a pair of scalars, one word in all, so that it moves in registers.

use logos::Logos;

use crate::interner::Symbol;
use crate::numeral::Value;

/// One token. Variants without a pattern are made by `lexer` or `filter`.
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
#[logos(utf8 = false, skip r"[ \t\r\n\x0b\x0c]+")]
pub(crate) enum Token {
    #[token("and")]
    And,
    #[token("break")]
    Break,
    #[token("do")]
    Do,
    #[token("else")]
    Else,
    #[token("elseif")]
    ElseIf,
    #[token("end")]
    End,
    #[token("false")]
    False,
    #[token("for")]
    For,
    #[token("function")]
    Function,
    #[token("goto")]
    Goto,
    #[token("if")]
    If,
    #[token("in")]
    In,
    #[token("local")]
    Local,
    #[token("nil")]
    Nil,
    #[token("not")]
    Not,
    #[token("or")]
    Or,
    #[token("repeat")]
    Repeat,
    #[token("return")]
    Return,
    #[token("then")]
    Then,
    #[token("true")]
    True,
    #[token("until")]
    Until,
    #[token("while")]
    While,

    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("//")]
    DoubleSlash,
    #[token("%")]
    Percent,
    #[token("^")]
    Caret,
    #[token("#")]
    Hash,
    #[token("&")]
    Ampersand,
    #[token("~")]
    Tilde,
    #[token("|")]
    Pipe,
    #[token("<<")]
    ShiftLeft,
    /// Never reaches the grammar: split into [`Token::GreaterJoined`] and [`Token::Greater`].
    #[token(">>")]
    ShiftRight,
    #[token("==")]
    Equal,
    #[token("~=")]
    NotEqual,
    #[token("<=")]
    LessEqual,
    /// Never reaches the grammar: split into [`Token::GreaterEquals`] and [`Token::Assign`].
    #[token(">=")]
    GreaterEqual,
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("=")]
    Assign,
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("::")]
    DoubleColon,
    #[token(";")]
    Semicolon,
    #[token(":")]
    Colon,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token("..")]
    DoubleDot,
    #[token("...")]
    Ellipsis,
    #[token("->")]
    Arrow,
    #[token("?")]
    Question,
    #[token("!")]
    Bang,

    #[regex("[A-Za-z_][A-Za-z0-9_]*", |_| Symbol(0))]
    Name(Symbol),
    /// Matched at its quote; the rest is scanned by `lexer`.
    #[regex("[\"']", |_| Symbol(0))]
    String(Symbol),
    /// Matched at its first digit; the rest is scanned by `lexer`.
    #[regex("\\.?[0-9]", |_| Value(0))]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word() {
        assert_eq!(size_of::<Token>(), 8);
    }

    #[test]
    fn the_longest_token_wins() {
        let tokens: Vec<_> = Token::lexer(b"a..b...c..5 end_ [==[ [= ->--@f(@f \xff")
            .map(|t| t.unwrap_or(Token::Unknown))
            .collect();
        let name = Token::Name(Symbol(0));
        assert_eq!(
            tokens,
            [
                name,
                Token::DoubleDot,
                name,
                Token::Ellipsis,
                name,
                Token::DoubleDot,
                Token::Integer(Value(0)),
                name,
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
