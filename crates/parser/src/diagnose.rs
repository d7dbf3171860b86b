//! Finds the wording of a syntax error: what the reference implementation would have missed at that token.
//!
//! The generated parser knows which tokens it could have taken; a hand-written parser complains about the one thing
//! it was about to read. This file goes from the first to the second, on the failing path only.
//! Invariant: it only words an error that has been found; it never decides whether there is one.

use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::filter::{Opener, OpenerKind};
use crate::interner::Interner;
use crate::lexer::{Lexer, Spanned};
use crate::numeral::Values;
use crate::span::{Line, LineIndex, Offset, Span};
use crate::token::Token;

/// A token that the grammar could not take.
pub(crate) struct Surprise<'e> {
    pub(crate) source: &'e [u8],
    /// The token, or nothing for the end of the text.
    pub(crate) token: Option<Spanned>,
    /// What the grammar could have taken, as the grammar spells it.
    pub(crate) expected: Vec<&'static str>,
    /// What is open before the token.
    pub(crate) openers: &'e [Opener],
}

impl Surprise<'_> {
    /// The error to report.
    #[cold]
    pub(crate) fn explain(mut self) -> SyntaxError {
        if let Some(error) = self.broken_label() {
            return error;
        }
        if let Some((Token::Arrow, span)) = self.token {
            // `-` and `>` for the reference implementation.
            let minus = Offset(span.start.0 + 1);
            if self.expects_operator() || self.expects_expression() {
                let more = matches!(self.source.get(span.end.index()), Some(b'=' | b'>'));
                let greater = Span::new(minus, Offset(span.end.0 + u32::from(more)));
                return SyntaxError::near_token(SyntaxErrorKind::UnexpectedSymbol, self.source, greater);
            }
            self.token = Some((Token::Minus, Span::new(span.start, minus)));
        }
        let kind = self.kind();
        SyntaxError::near_token(kind, self.source, self.shown())
    }

    fn could_be(&self, token: &str) -> bool {
        self.expected.iter().any(|&expected| expected == token || expected.trim_matches('"') == token)
    }

    /// Whether an expression could go on; `-` and `~` also begin one.
    fn expects_operator(&self) -> bool {
        self.could_be("BINARY")
    }

    fn expects_expression(&self) -> bool {
        self.could_be("not")
    }

    fn kind(&self) -> SyntaxErrorKind {
        let token = self.token.map(|(token, _)| token);
        if self.could_be("local") {
            return match token {
                None | Some(Token::End | Token::Else | Token::ElseIf | Token::Until) => {
                    self.block_not_closed()
                }
                Some(Token::Assign | Token::Comma) if self.follows_call_statement() => {
                    SyntaxErrorKind::NotAStatement
                }
                Some(_) => SyntaxErrorKind::UnexpectedSymbol,
            };
        }
        if self.expects_expression() {
            return SyntaxErrorKind::UnexpectedSymbol;
        }
        if self.expects_operator() || self.only_closers() {
            return self.after_expression();
        }
        self.elsewhere()
    }

    /// Whether nothing could follow but the end of a block, as after `return` and a semicolon.
    fn only_closers(&self) -> bool {
        let closers = ["end", "else", "elseif", "until", ";"];
        self.expected.iter().all(|expected| closers.contains(&expected.trim_matches('"')))
    }

    /// A whole expression has been read; one token must follow it here.
    fn after_expression(&self) -> SyntaxErrorKind {
        if self.could_be("then") {
            SyntaxErrorKind::Expected("'then'")
        } else if self.could_be("do") {
            SyntaxErrorKind::Expected("'do'")
        } else if self.could_be("}") {
            self.not_closed("}", "'}'")
        } else if self.could_be(")") {
            match self.in_parameters() {
                true => SyntaxErrorKind::Expected("')'"),
                false => self.not_closed(")", "')'"),
            }
        } else if self.could_be("]") {
            SyntaxErrorKind::Expected("']'")
        } else if self.could_be(",") && self.in_for_head() {
            SyntaxErrorKind::Expected("','")
        } else {
            self.block_not_closed()
        }
    }

    /// Whether the innermost parenthesis holds the parameters of a function declaration.
    fn in_parameters(&self) -> bool {
        let Some(opener) = self.openers.last() else { return false };
        declares_function(&self.tokens_before(opener.at))
    }

    fn in_for_head(&self) -> bool {
        self.openers.last().is_some_and(|opener| opener.kind == OpenerKind::ForHead)
    }

    /// Neither the start nor the end of an expression.
    fn elsewhere(&self) -> SyntaxErrorKind {
        let prefix = self.could_be("(") && self.could_be(".");
        if prefix && self.could_be("[") {
            return match self.could_be("=") && self.follows_target_list() {
                true => SyntaxErrorKind::Expected("'='"),
                false => SyntaxErrorKind::NotAStatement,
            };
        }
        if self.could_be("(") && self.could_be("STRING") && !prefix && !self.could_be("INTEGER") {
            return SyntaxErrorKind::FunctionArgumentsExpected;
        }
        if self.could_be("in") {
            return SyntaxErrorKind::Expected(if self.could_be("=") { "'=' or 'in'" } else { "'in'" });
        }
        if self.could_be("INTEGER") {
            return SyntaxErrorKind::UnexpectedSymbol; // where a type must begin
        }
        if self.could_be("NAME") {
            if self.could_be("(") {
                return SyntaxErrorKind::UnexpectedSymbol; // a variable, which may begin with a parenthesis
            }
            let many = self.could_be("...");
            return SyntaxErrorKind::Expected(if many { "<name> or '...'" } else { "<name>" });
        }
        if self.could_be("(") {
            SyntaxErrorKind::Expected("'('")
        } else if self.could_be("=") {
            SyntaxErrorKind::Expected("'='")
        } else if self.could_be(">") {
            SyntaxErrorKind::Expected("'>'")
        } else {
            self.after_expression()
        }
    }

    // ---- openers ----

    fn block_not_closed(&self) -> SyntaxErrorKind {
        match self.openers.last() {
            None => SyntaxErrorKind::Expected("<eof>"),
            Some(opener) if opener.kind == OpenerKind::Repeat => self.not_closed("until", "'until'"),
            Some(opener) if opener.kind.is_bracket() => SyntaxErrorKind::UnexpectedSymbol,
            Some(_) => self.not_closed("end", "'end'"),
        }
    }

    /// `closer` is missing; the opener is named if it stands on another line.
    fn not_closed(&self, closer: &'static str, shown: &'static str) -> SyntaxErrorKind {
        let Some(opener) = self.openers.last() else { return SyntaxErrorKind::Expected(shown) };
        let at = match opener.kind {
            OpenerKind::Paren => self.call_start(opener.at),
            _ => opener.at,
        };
        let lines = LineIndex::new(self.source);
        if lines.line(at) == self.line(&lines) {
            return SyntaxErrorKind::Expected(shown);
        }
        SyntaxErrorKind::NotClosed { closer, opener: opener.kind.text(), at }
    }

    fn line(&self, lines: &LineIndex) -> Line {
        lines.line(self.shown().end)
    }

    /// The parenthesis of a call counts from where the called expression begins.
    fn call_start(&self, paren: Offset) -> Offset {
        let tokens = self.tokens_before(paren);
        match suffixed_start(&tokens) {
            Some(start) => tokens[start].1.start,
            None => paren,
        }
    }

    // ---- tokens before ----

    fn start(&self) -> Offset {
        self.token.map_or(Offset(self.source.len() as u32), |(_, span)| span.start)
    }

    fn tokens_before(&self, end: Offset) -> Vec<Spanned> {
        let mut scratch = Interner::new();
        let values = Values::default();
        let mut lexer = Lexer::new(self.source, &mut scratch, &values);
        let mut tokens = Vec::new();
        while let Ok(Some(token)) = lexer.next() {
            if token.1.start >= end {
                break;
            }
            tokens.push(token);
        }
        tokens
    }

    /// Whether a call that is a statement ends right before the token.
    fn follows_call_statement(&self) -> bool {
        let tokens = self.tokens_before(self.start());
        let Some(start) = suffixed_start(&tokens) else { return false };
        match start.checked_sub(1).map(|before| tokens[before].0) {
            None => true,
            // `goto a (f)()`: the name is the label's, and the statement begins after it.
            Some(Token::Goto | Token::Local) => matches!(tokens.get(start + 1), Some((Token::LeftParen, _))),
            Some(before) => ends_statement(before),
        }
    }

    /// Whether the variable right before the token is not the first of its assignment.
    fn follows_target_list(&self) -> bool {
        let tokens = self.tokens_before(self.start());
        let before = suffixed_start(&tokens).and_then(|start| start.checked_sub(1));
        before.is_some_and(|before| tokens[before].0 == Token::Comma)
    }

    /// `::` that begins no label, where only a label can begin with it.
    fn broken_label(&self) -> Option<SyntaxError> {
        let (Token::DoubleColon, colons) = self.token? else { return None };
        if !self.could_be("local") {
            return None;
        }
        let mut scratch = Interner::new();
        let values = Values::default();
        let mut lexer = Lexer::at(self.source, colons.end, &mut scratch, &values);
        let end = Offset(self.source.len() as u32);
        let at_end = Span::new(end, end);
        let (kind, span) = match lexer.next() {
            Ok(Some((Token::Name(_), _))) => match lexer.next() {
                Ok(after) => (SyntaxErrorKind::Expected("'::'"), after.map_or(at_end, |(_, span)| span)),
                Err(error) => return Some(error),
            },
            Ok(Some((_, span))) => (SyntaxErrorKind::Expected("<name>"), span),
            Ok(None) => (SyntaxErrorKind::Expected("<name>"), at_end),
            Err(error) => return Some(error),
        };
        Some(SyntaxError::near_token(kind, self.source, span))
    }

    /// The part of the source that the reference implementation would see as the token.
    fn shown(&self) -> Span {
        let end = Offset(self.source.len() as u32);
        let Some((token, span)) = self.token else { return Span::new(end, end) };
        let len = match token {
            Token::GreaterJoined | Token::GreaterEquals | Token::Label(_) => 2,
            Token::At(_) | Token::AtCall(_) | Token::QuestionColon => 1,
            _ => return span,
        };
        Span::new(span.start, Offset(span.start.0 + len))
    }
}

/// Whether a statement can begin after this token. Types are not considered.
fn ends_statement(token: Token) -> bool {
    matches!(
        token,
        Token::Semicolon
            | Token::Do
            | Token::Then
            | Token::Else
            | Token::Repeat
            | Token::Break
            | Token::DoubleColon
            | Token::End
            | Token::Name(_)
            | Token::String(_)
            | Token::Integer(_)
            | Token::Float(_)
            | Token::RightParen
            | Token::RightBracket
            | Token::RightBrace
            | Token::Nil
            | Token::True
            | Token::False
            | Token::Ellipsis
    )
}

/// Where the prefix expression begins that `tokens` ends with, if they end with one.
fn suffixed_start(tokens: &[Spanned]) -> Option<usize> {
    let mut at = tokens.len().checked_sub(1)?;
    // A parenthesis begins the expression if nothing that can be called stands before it.
    let mut paren = None;
    loop {
        let (token, _) = tokens[at];
        let before = match token {
            Token::Name(_) => match at.checked_sub(1).map(|before| tokens[before].0) {
                Some(Token::Dot | Token::Colon) => at.checked_sub(2),
                _ => return Some(at),
            },
            Token::RightParen => {
                let open = matching_opener(tokens, at)?;
                if declares_function(&tokens[..open]) {
                    return paren; // parameters, after which a statement begins
                }
                paren = Some(open);
                open.checked_sub(1)
            }
            Token::RightBracket | Token::RightBrace => matching_opener(tokens, at)?.checked_sub(1),
            Token::String(_) => at.checked_sub(1),
            _ => return paren,
        };
        match before {
            Some(before) => at = before,
            None => return paren,
        }
    }
}

/// Whether `tokens` end with `function` or `function a.b:c`.
fn declares_function(tokens: &[Spanned]) -> bool {
    let is_path = |token: &Token| matches!(token, Token::Name(_) | Token::Dot | Token::Colon);
    tokens.iter().rev().map(|(token, _)| *token).find(|token| !is_path(token)) == Some(Token::Function)
}

/// Where the bracket opens that closes at `close`.
fn matching_opener(tokens: &[Spanned], close: usize) -> Option<usize> {
    let mut depth = 0u32;
    for at in (0..=close).rev() {
        match tokens[at].0 {
            Token::RightParen | Token::RightBracket | Token::RightBrace => depth += 1,
            Token::LeftParen | Token::LeftBracket | Token::LeftBrace | Token::AtCall(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
