//! Spans: each node covers exactly its text, parts lie inside the whole.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;

use wippy_parser::ast::{
    Binding, Block, Expression, ExpressionKind, FunctionBody, Statement, StatementKind, TypeExpression,
    TypeKind,
};
use wippy_parser::visit::{Visitor, walk};
use wippy_parser::{Bump, Interner, LineIndex, Offset, Span, Symbol, parse};

struct Checker<'t> {
    source: &'t [u8],
    interner: &'t Interner,
    seen: Vec<String>,
}

impl Checker<'_> {
    fn text(&self, span: Span) -> String {
        assert!(span.start < span.end, "{span:?}");
        let text = String::from_utf8_lossy(span.slice(self.source)).into_owned();
        assert_eq!(text.trim(), text, "a span begins and ends with its tokens");
        text
    }

    fn is(&self, span: Span, symbol: Symbol) {
        assert_eq!(span.slice(self.source), self.interner.resolve(symbol));
    }

    fn inside(whole: Span, part: Span) {
        assert!(whole.start <= part.start && part.end <= whole.end, "{part:?} in {whole:?}");
    }
}

impl<'a> Visitor<'a> for Checker<'_> {
    fn block(&mut self, block: &Block<'a>) {
        let mut last = Offset(0);
        for statement in block.statements {
            assert!(last <= statement.span.start && statement.span.end <= block.end);
            last = statement.span.end;
        }
        let rest = Span::new(block.end, Offset(self.source.len() as u32)).slice(self.source);
        let closes = ["end", "else", "until"].iter().any(|word| rest.starts_with(word.as_bytes()));
        assert!(closes || rest.is_empty());
    }

    fn statement(&mut self, statement: &Statement<'a>) {
        let text = self.text(statement.span);
        let first = match statement.kind {
            StatementKind::If(_) => "if",
            StatementKind::While(_) => "while",
            StatementKind::Repeat(_) => "repeat",
            StatementKind::NumericFor(_) | StatementKind::GenericFor(_) => "for",
            StatementKind::Local(_) | StatementKind::LocalFunction(_) => "local",
            StatementKind::Function(_) => "function",
            StatementKind::Do(_) => "do",
            StatementKind::Return(_) => "return",
            _ => "",
        };
        assert!(text.starts_with(first), "{text}");
    }

    fn expression(&mut self, expression: &Expression<'a>) {
        let text = self.text(expression.span);
        if let Some(left) = expression.left() {
            Self::inside(expression.span, left.span);
            assert_eq!(expression.span.start, left.span.start);
        }
        match expression.kind {
            ExpressionKind::Name(symbol) => self.is(expression.span, symbol),
            ExpressionKind::Field { name, .. } => {
                self.is(name.span, name.symbol);
                assert_eq!(name.span.end, expression.span.end);
            }
            ExpressionKind::Binary(binary) => {
                let at = &self.source[binary.at.index()..];
                assert!(at.starts_with(binary.operator.text().as_bytes()));
                assert_eq!(expression.span.end, binary.right().span.end);
            }
            ExpressionKind::Unary { operator, operand } => {
                assert!(text.starts_with(operator.text()));
                assert_eq!(expression.span.end, operand.span.end);
            }
            ExpressionKind::Call(call) => {
                assert!(matches!(self.source[call.open.index()], b'(' | b'"' | b'{' | b'['))
            }
            ExpressionKind::MethodCall(call) => {
                self.is(call.name.span, call.name.symbol);
                assert!(matches!(self.source[call.open.index()], b'(' | b'"' | b'{' | b'['));
            }
            ExpressionKind::Paren(inner) => {
                assert_eq!(text.len() as u32, inner.span.end.0 - inner.span.start.0 + 2)
            }
            _ => {}
        }
    }

    fn function(&mut self, body: &FunctionBody<'a>) {
        assert_eq!(body.keyword.slice(self.source), b"function");
        assert_eq!(body.end.slice(self.source), b"end");
        assert_eq!(self.source[body.open.index()], b'(');
        assert_eq!((body.span.start, body.span.end), (body.keyword.start, body.end.end));
        assert_eq!(body.block.end, body.end.start);
    }

    fn binding(&mut self, binding: &Binding<'a>) {
        self.is(binding.name.span, binding.name.symbol);
    }

    fn ty(&mut self, ty: &TypeExpression<'a>) {
        let text = self.text(ty.span);
        match ty.kind {
            TypeKind::Reference(reference) => self.is(reference.path[0].span, reference.path[0].symbol),
            TypeKind::Annotated { ty: inner, annotation } => {
                Self::inside(ty.span, inner.span);
                Self::inside(ty.span, annotation.span);
                self.is(annotation.name.span, annotation.name.symbol);
            }
            TypeKind::Union(members) | TypeKind::Intersection(members) => {
                members.iter().for_each(|member| Self::inside(ty.span, member.span));
            }
            _ => {}
        }
        self.seen.push(text);
    }
}

fn check(source: &[u8]) -> Vec<String> {
    let arena = Bump::new();
    let mut interner = Interner::new();
    let chunk = parse(source, &arena, &mut interner).unwrap();
    let mut checker = Checker { source, interner: &interner, seen: Vec::new() };
    walk(&chunk, &mut checker);
    checker.seen
}

#[test]
fn spans_cover_their_text() {
    for name in ["statements", "expressions", "annotations", "words"] {
        let path = format!("{}/tests/ok/{name}.lua", env!("CARGO_MANIFEST_DIR"));
        check(&fs::read(path).unwrap());
    }
}

#[test]
fn types_end_where_they_end() {
    let types = check(b"local x : | A?|{ B } & (c: C , ... ) -> D<E> = 1");
    assert_eq!(
        types,
        [
            "| A?|{ B } & (c: C , ... ) -> D<E>",
            "A?",
            "A",
            "{ B } & (c: C , ... ) -> D<E>",
            "{ B }",
            "B",
            "(c: C , ... ) -> D<E>",
            "C",
            "D<E>",
            "E"
        ]
    );
}

#[test]
fn line_ends_are_counted_like_tokens_see_them() {
    let source = b"x = 1\r\ny = [[\r\n]]\n\rz = 'a\\\r\nb'\rw = 1 -- c\r\nv = 2";
    let arena = Bump::new();
    let mut interner = Interner::new();
    let chunk = parse(source, &arena, &mut interner).unwrap();
    let lines = LineIndex::new(source);
    let starts: Vec<u32> = chunk.block.statements.iter().map(|it| lines.line(it.span.start).0).collect();
    assert_eq!(starts, [1, 2, 4, 6, 7]);
}
