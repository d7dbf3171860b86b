//! Between lexer and grammar: decides where a word like `type` or `as` is special, joins and splits tokens, and keeps
//! the stack of open brackets and blocks.
//!
//! It decides by neighbouring tokens alone, never by what the grammar expects; the rules stand in
//! [`Filter::contextual`] and in the table of the language reference, "Token filter".
//! Invariant: the openers describe all tokens *before* the one emitted last, which is the grammar's lookahead.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::MAX_DEPTH;
use crate::error::{FunctionPlace, SyntaxError, SyntaxErrorKind};
use crate::interner::{Interner, Symbol};
use crate::lexer::{Lexer, Spanned};
use crate::numeral::Values;
use crate::span::{Offset, Span, is_line_end};
use crate::token::Token;

/// What the filter and the tree builder tell each other while the grammar stands between them.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// What numerals mean.
    pub(crate) values: Values,
    /// How deep the brackets and blocks are before the lookahead token.
    pub(crate) open_depth: Cell<u32>,
    /// How deep operators and types nest without brackets; kept by the builder.
    pub(crate) pending_depth: Cell<u32>,
    /// The token emitted last: the grammar's lookahead.
    pub(crate) lookahead: Cell<Span>,
    /// Whether there was a type, or a statement that declares one.
    pub(crate) typed: Cell<bool>,
    /// What the builder refuses although the grammar allows it; the filter then stops.
    pub(crate) refused: Cell<Option<(Refusal, Span)>>,
}

/// Why a tree that the grammar allows is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    TooDeep,
    UnexpectedSymbol,
    PackOutsideReturn,
    SecondIndexer,
}

impl Shared {
    /// Remembers the first refusal.
    #[cold]
    pub(crate) fn refuse(&self, refusal: Refusal, span: Span) {
        if self.refused.get().is_none() {
            self.refused.set(Some((refusal, span)));
        }
    }
}

/// A bracket, a block or a function that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenerKind {
    Paren,
    Bracket,
    Brace,
    Do,
    /// `while`, before its `do`.
    WhileHead,
    While,
    /// `for`, before its `do`.
    ForHead,
    For,
    If,
    Repeat,
    Function,
    Interface,
}

impl OpenerKind {
    /// As messages show it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Paren => "(",
            Self::Bracket => "[",
            Self::Brace => "{",
            Self::Do => "do",
            Self::WhileHead | Self::While => "while",
            Self::ForHead | Self::For => "for",
            Self::If => "if",
            Self::Repeat => "repeat",
            Self::Function => "function",
            Self::Interface => "interface",
        }
    }

    pub(crate) fn is_bracket(self) -> bool {
        matches!(self, Self::Paren | Self::Bracket | Self::Brace)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Opener {
    pub(crate) kind: OpenerKind,
    /// How many levels of the reference implementation's parser it stands for.
    weight: u8,
    pub(crate) at: Offset,
}

/// The token stream that the grammar reads.
pub(crate) struct Filter<'s, 'i> {
    lexer: Lexer<'s, 'i>,
    shared: &'s Shared,
    /// Tokens read ahead; an end or an error is the last entry.
    ahead: VecDeque<Result<Option<Spanned>, SyntaxError>>,
    /// The token emitted last, and the one before it; [`NO_TOKEN`] if there was none.
    last: Token,
    before_last: Token,
    /// Whether the token emitted last may change the openers, and has not yet.
    unsettled: bool,
    /// Whether the next token was read ahead, or may have to be counted.
    busy: bool,
    openers: Vec<Opener>,
    /// Names so far of the `local` list that is being read.
    names: u32,
}

/// Stands before the first token. The grammar refuses it, so nothing is asked about what follows it elsewhere.
const NO_TOKEN: Token = Token::Unknown;

/// Most local variables of a function.
const MAX_LOCALS: u32 = 200;

/// The base of the reference implementation's count: the chunk and the statement that is being read.
const BASE_DEPTH: u32 = 2;

impl<'s, 'i> Filter<'s, 'i> {
    pub(crate) fn new(lexer: Lexer<'s, 'i>, shared: &'s Shared) -> Self {
        Self {
            lexer,
            shared,
            ahead: VecDeque::new(),
            last: NO_TOKEN,
            before_last: NO_TOKEN,
            unsettled: false,
            busy: false,
            openers: Vec::new(),
            names: 0,
        }
    }

    /// What is open before the lookahead token.
    pub(crate) fn openers(&self) -> &[Opener] {
        &self.openers
    }

    fn raw(&mut self) -> Result<Option<Spanned>, SyntaxError> {
        match self.ahead.pop_front() {
            Some(token) => token,
            None => self.lexer.next(),
        }
    }

    /// The token `n` places after the one being looked at; nothing past the end or an error.
    fn peek(&mut self, n: usize) -> Option<Spanned> {
        while self.ahead.len() <= n {
            if let Some(Err(_) | Ok(None)) = self.ahead.back() {
                return None;
            }
            let token = self.lexer.next();
            self.ahead.push_back(token);
        }
        self.ahead.get(n).and_then(|token| token.as_ref().ok().copied().flatten())
    }

    /// The names and strings met so far.
    pub(crate) fn interner(&self) -> &Interner {
        self.lexer.interner()
    }

    /// The token emitted last, and where it stands.
    #[inline(always)]
    pub(crate) fn emitted(&self) -> Spanned {
        (self.last, self.shared.lookahead.get())
    }

    /// Goes to the next token; whether there is one.
    #[inline(always)]
    pub(crate) fn emit(&mut self) -> Result<bool, SyntaxError> {
        if self.busy || self.shared.refused.get().is_some() {
            return self.emit_carefully();
        }
        let mut grew = false;
        if self.unsettled {
            grew = self.settle();
            if !self.ahead.is_empty() {
                let next = self.raw()?;
                return self.examine(next, grew);
            }
        }
        match self.lexer.next_inline()? {
            Some((token, span))
                if traits(token) & LOOKS_AROUND == 0 && !(grew && self.is_too_deep_for(token)) =>
            {
                self.accept(token, span);
                Ok(true)
            }
            next => self.examine(next, grew),
        }
    }

    /// The same where tokens were read ahead or are counted.
    #[inline(never)]
    pub(crate) fn emit_carefully(&mut self) -> Result<bool, SyntaxError> {
        if let Some(refused) = self.shared.refused.get() {
            return Err(self.refusal(refused));
        }
        let grew = self.unsettled && self.settle();
        let next = self.raw()?;
        self.examine(next, grew)
    }

    /// Looks at what the lexer gave; something may have been opened before it.
    fn examine(&mut self, next: Option<Spanned>, grew: bool) -> Result<bool, SyntaxError> {
        let Some((token, span)) = next else {
            self.unsettled = false;
            let end = Offset(self.lexer.source().len() as u32);
            self.shared.lookahead.set(Span::new(end, end));
            return Ok(false);
        };
        let (token, span) =
            if traits(token) & LOOKS_AROUND == 0 { (token, span) } else { self.interpret(token, span) };
        if grew && self.is_too_deep_for(token) {
            return Err(self.refusal((Refusal::TooDeep, span)));
        }
        if self.names > 0 || matches!(self.last, Token::Local) {
            self.count_names(token, span)?;
        }
        self.accept(token, span);
        self.busy = self.names > 0 || !self.ahead.is_empty() || token == Token::Local;
        Ok(true)
    }

    /// Makes a token the one that was emitted last.
    #[inline(always)]
    fn accept(&mut self, token: Token, span: Span) {
        let traits = traits(token);
        self.unsettled = traits & SETTLES != 0;
        self.busy = traits & COUNTS != 0;
        self.before_last = self.last;
        self.last = token;
        self.shared.lookahead.set(span);
    }

    /// What a token is that depends on its neighbours.
    #[inline(never)]
    fn interpret(&mut self, token: Token, span: Span) -> Spanned {
        match token {
            Token::Name(symbol) => (self.contextual(symbol, span), span),
            Token::DoubleColon => self.label(span),
            Token::Question => self.question(span),
            Token::ShiftRight => self.split(Token::GreaterJoined, Token::Greater, span),
            Token::GreaterEqual => self.split(Token::GreaterEquals, Token::Assign, span),
            token => (token, span),
        }
    }

    /// Whether the depth before a token is too great for it.
    #[inline(always)]
    fn is_too_deep_for(&self, token: Token) -> bool {
        let depth = BASE_DEPTH + self.shared.open_depth.get() + self.shared.pending_depth.get();
        depth > MAX_DEPTH && traits(token) & CLOSES == 0
    }

    /// Refuses a single `local` list with too many names. The compiler counts the locals of a function; this list is
    /// refused here because the reference implementation does so before it has seen what follows.
    fn count_names(&mut self, token: Token, span: Span) -> Result<(), SyntaxError> {
        if self.names > MAX_LOCALS {
            let kind = SyntaxErrorKind::TooMany {
                what: "local variables",
                limit: MAX_LOCALS,
                function: self.function(),
            };
            return Err(SyntaxError::near_token(kind, self.lexer.source(), span));
        }
        self.names = match (self.last, token) {
            (Token::Local, Token::Name(_)) => 1,
            (Token::Comma, Token::Name(_)) if self.names > 0 => self.names + 1,
            (Token::Name(_), Token::Comma) => self.names,
            _ => 0,
        };
        Ok(())
    }

    /// The error for something refused at `span`.
    #[cold]
    pub(crate) fn refusal(&self, (refusal, span): (Refusal, Span)) -> SyntaxError {
        let kind = match refusal {
            Refusal::TooDeep => {
                SyntaxErrorKind::TooMany { what: "C levels", limit: MAX_DEPTH, function: self.function() }
            }
            Refusal::UnexpectedSymbol => SyntaxErrorKind::UnexpectedSymbol,
            Refusal::PackOutsideReturn => SyntaxErrorKind::PackOutsideReturn,
            Refusal::SecondIndexer => SyntaxErrorKind::SecondIndexer,
        };
        SyntaxError::near_token(kind, self.lexer.source(), span)
    }

    /// The innermost function that is open.
    fn function(&self) -> FunctionPlace {
        let innermost = self.openers.iter().rfind(|opener| opener.kind == OpenerKind::Function);
        innermost.map_or(FunctionPlace::Main, |opener| FunctionPlace::Defined { at: opener.at })
    }

    // ---- openers ----

    /// Applies the token emitted last to the openers; whether something was opened.
    #[inline(never)]
    fn settle(&mut self) -> bool {
        self.unsettled = false;
        let span = self.shared.lookahead.get();
        match self.last {
            Token::LeftParen | Token::AtCall(_) => self.open_bracket(OpenerKind::Paren, span),
            Token::LeftBracket => self.open_bracket(OpenerKind::Bracket, span),
            Token::LeftBrace => self.open_bracket(OpenerKind::Brace, span),
            Token::Do => return self.open_do(span),
            Token::While => self.open(OpenerKind::WhileHead, 1, span),
            Token::For => self.open(OpenerKind::ForHead, 1, span),
            Token::If => self.open(OpenerKind::If, 1, span),
            Token::Repeat => self.open(OpenerKind::Repeat, 1, span),
            Token::Function => return self.open_function(span),
            Token::KeywordInterface => self.open(OpenerKind::Interface, 1, span),
            Token::RightParen | Token::RightBracket | Token::RightBrace | Token::End | Token::Until => {
                if let Some(opener) = self.openers.pop() {
                    let depth = self.shared.open_depth.get();
                    self.shared.open_depth.set(depth - u32::from(opener.weight));
                }
                return false;
            }
            _ => return false,
        }
        true
    }

    fn open(&mut self, kind: OpenerKind, weight: u8, span: Span) {
        self.openers.push(Opener { kind, weight, at: span.start });
        self.shared.open_depth.set(self.shared.open_depth.get() + u32::from(weight));
    }

    /// Whether the innermost thing open is a block, not a bracket.
    fn in_block(&self) -> bool {
        self.openers.last().is_none_or(|opener| !opener.kind.is_bracket())
    }

    fn open_bracket(&mut self, kind: OpenerKind, span: Span) {
        // The first bracket of an expression stands for that expression too.
        let begins_expression = !may_end_statement(self.before_last);
        let weight = if begins_expression && self.in_block() { 2 } else { 1 };
        self.open(kind, weight, span);
    }

    /// The `do` of a loop opens nothing.
    fn open_do(&mut self, span: Span) -> bool {
        match self.openers.last_mut() {
            Some(opener) if opener.kind == OpenerKind::WhileHead => opener.kind = OpenerKind::While,
            Some(opener) if opener.kind == OpenerKind::ForHead => opener.kind = OpenerKind::For,
            _ => {
                self.open(OpenerKind::Do, 1, span);
                return true;
            }
        }
        false
    }

    fn open_function(&mut self, span: Span) -> bool {
        if self.openers.last().is_some_and(|opener| opener.kind == OpenerKind::Interface) {
            return false; // a method of an interface has no block
        }
        // The reference implementation says that a local or an anonymous function is defined where its parameters begin.
        let local = self.before_last == Token::Local;
        let parameters = self
            .peek(usize::from(local))
            .filter(|(token, _)| matches!(token, Token::LeftParen | Token::Less));
        let anonymous = !local && parameters.is_some();
        let weight = if anonymous && self.in_block() { 2 } else { 1 };
        self.open(OpenerKind::Function, weight, parameters.map_or(span, |(_, open)| open));
        true
    }

    // ---- words and symbols that depend on their neighbours ----

    /// What the word `symbol` is here.
    #[cold]
    fn contextual(&mut self, symbol: Symbol, span: Span) -> Token {
        let name = Token::Name(symbol);
        let next = self.peek(0);
        let next_on_line = next.filter(|(_, after)| self.same_line(span, *after)).map(|(token, _)| token);
        let after_statement = may_end_statement(self.last);
        let is_name = |token: Option<Token>| matches!(token, Some(Token::Name(_)));
        match symbol {
            Symbol::TYPE
                if (after_statement || self.last_is(Token::KeywordExport)) && is_name(next_on_line) =>
            {
                match self.peek(1) {
                    Some((Token::Assign | Token::Less, _)) => self.declares_type(Token::KeywordType),
                    _ => name,
                }
            }
            Symbol::EXPORT if after_statement && next.is_some_and(|(token, _)| declares(token)) => {
                let (word, name_after) = (next, self.peek(1));
                match (word, name_after) {
                    (Some((_, word)), Some((Token::Name(_), after))) if self.same_line(word, after) => {
                        Token::KeywordExport
                    }
                    _ => name,
                }
            }
            Symbol::INTERFACE
                if (after_statement || self.last_is(Token::KeywordExport)) && is_name(next_on_line) =>
            {
                self.declares_type(Token::KeywordInterface)
            }
            Symbol::AS => {
                let follows = ends(self.last) && self.same_line(self.shared.lookahead.get(), span);
                if follows && next_on_line.is_some_and(begins_type) { Token::KeywordAs } else { name }
            }
            Symbol::TYPEOF if next_on_line == Some(Token::LeftParen) => Token::KeywordTypeof,
            Symbol::KEYOF if next_on_line == Some(Token::LeftParen) => Token::KeywordKeyof,
            Symbol::FUN if next_on_line == Some(Token::LeftParen) => Token::KeywordFun,
            Symbol::ASSERTS
                if self.last_is(Token::Colon)
                    && self.before_last == Token::RightParen
                    && is_name(next_on_line) =>
            {
                Token::KeywordAsserts
            }
            Symbol::IS if self.before_last == Token::KeywordAsserts => Token::KeywordIs,
            _ => name,
        }
    }

    /// `token`, with which a declaration of a type begins.
    fn declares_type(&self, token: Token) -> Token {
        self.shared.typed.set(true);
        token
    }

    fn last_is(&self, token: Token) -> bool {
        self.last == token
    }

    /// Whether no line ends between two tokens.
    fn same_line(&self, before: Span, after: Span) -> bool {
        let between = Span::new(before.end, after.start).slice(self.lexer.source());
        !between.iter().any(|&byte| is_line_end(byte))
    }

    /// `::`: a label, if that is what it begins, else the operator of a cast.
    #[cold]
    fn label(&mut self, colons: Span) -> Spanned {
        let cast = (Token::DoubleColon, colons);
        let Some((Token::Name(name), _)) = self.peek(0) else { return cast };
        let Some((Token::DoubleColon, closing)) = self.peek(1) else { return cast };
        if ends(self.last) {
            // `x :: T ::l::` is a cast and then a label.
            let another = matches!(self.peek(2), Some((Token::Name(_), _)));
            if another && matches!(self.peek(3), Some((Token::DoubleColon, _))) {
                return cast;
            }
        }
        self.ahead.drain(..2);
        (Token::Label(name), colons.to(closing))
    }

    #[cold]
    fn question(&mut self, span: Span) -> Spanned {
        match self.peek(0) {
            Some((Token::Colon, colon)) => {
                self.ahead.pop_front();
                (Token::QuestionColon, span.to(colon))
            }
            _ => (Token::Question, span),
        }
    }

    /// A token of two bytes becomes two tokens, because `>` alone may close type arguments.
    fn split(&mut self, first: Token, second: Token, span: Span) -> Spanned {
        let middle = Offset(span.start.0 + 1);
        self.ahead.push_front(Ok(Some((second, Span::new(middle, span.end)))));
        (first, Span::new(span.start, middle))
    }
}

/// Whether the word may be anything but a name.
#[inline(always)]
fn is_contextual(symbol: Symbol) -> bool {
    (Symbol::TYPE..=Symbol::IS).contains(&symbol)
}

/// `type` and `interface`, the words that `export` may stand before.
fn declares(token: Token) -> bool {
    matches!(token, Token::Name(Symbol::TYPE | Symbol::INTERFACE))
}

/// Whether an expression or a type can end with this token.
fn ends(token: Token) -> bool {
    matches!(
        token,
        Token::Name(_)
            | Token::String(_)
            | Token::Integer(_)
            | Token::Float(_)
            | Token::RightParen
            | Token::RightBracket
            | Token::RightBrace
            | Token::End
            | Token::Nil
            | Token::True
            | Token::False
            | Token::Ellipsis
            | Token::Bang
            | Token::Question
            | Token::Greater
            | Token::At(_)
            | Token::KeywordType
            | Token::KeywordExport
            | Token::KeywordInterface
            | Token::KeywordAs
            | Token::KeywordTypeof
            | Token::KeywordKeyof
            | Token::KeywordFun
            | Token::KeywordAsserts
            | Token::KeywordIs
    )
}

/// Whether a statement may begin behind the token, as it does at the start of the text.
fn may_end_statement(token: Token) -> bool {
    token == NO_TOKEN || ends(token) || begins_statement_after(token)
}

/// Whether the token ends a statement, or begins a block, by itself.
fn begins_statement_after(token: Token) -> bool {
    matches!(
        token,
        Token::Semicolon
            | Token::Do
            | Token::Then
            | Token::Else
            | Token::Repeat
            | Token::Break
            | Token::Label(_)
    )
}

/// Whether a type after `as` can begin with this token.
fn begins_type(token: Token) -> bool {
    matches!(
        token,
        Token::Name(_)
            | Token::String(_)
            | Token::Integer(_)
            | Token::Float(_)
            | Token::Nil
            | Token::True
            | Token::False
            | Token::LeftParen
            | Token::LeftBrace
            | Token::Pipe
            | Token::Ampersand
            | Token::Minus
    )
}

/// It is not always what it seems: that depends on what stands beside it.
const LOOKS_AROUND: u8 = 1;
/// It may open or close a bracket or a block, which [`Filter::settle`] looks at.
const SETTLES: u8 = 2;
/// Nothing begins at it: it ends a bracket or a block.
const CLOSES: u8 = 4;

/// Names behind it are counted.
const COUNTS: u8 = 8;

/// What [`Filter::emit`] has to know of a token.
#[inline(always)]
fn traits(token: Token) -> u8 {
    match token {
        Token::Name(symbol) if is_contextual(symbol) => LOOKS_AROUND,
        Token::Local => COUNTS,
        Token::DoubleColon | Token::Question | Token::ShiftRight | Token::GreaterEqual => LOOKS_AROUND,
        Token::LeftParen
        | Token::AtCall(_)
        | Token::LeftBracket
        | Token::LeftBrace
        | Token::Do
        | Token::While
        | Token::For
        | Token::If
        | Token::Repeat
        | Token::Function
        | Token::KeywordInterface => SETTLES,
        Token::RightParen | Token::RightBracket | Token::RightBrace | Token::End | Token::Until => {
            SETTLES | CLOSES
        }
        Token::Else | Token::ElseIf => CLOSES,
        _ => 0,
    }
}
