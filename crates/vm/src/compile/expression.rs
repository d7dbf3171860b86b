//! One function per kind of expression.
//!
//! Chains that nest to the left (`a + b + c`, `a.b.c()`) have any length and are walked with a loop; everything else
//! is nested by brackets, which the parser limits. Invariant: after an expression the cursor stands at its last token.

use wippy_parser::ast::{Binary, Expression, ExpressionKind, UnaryOperator};
use wippy_parser::error::{SyntaxError, SyntaxErrorKind};
use wippy_parser::interner::Symbol;
use wippy_parser::span::{Offset, Span};

use super::Compiler;
use super::descriptor::{Descriptor, Kind};
use crate::bytecode::instruction::{Instruction, Op};
use crate::number::Number;

impl<'a> Compiler<'_, 'a> {
    /// Compiles an expression as far as can be done without knowing where its value goes.
    #[inline]
    pub(super) fn expression(&mut self, node: &'a Expression<'a>) -> Result<Descriptor, SyntaxError> {
        // Most are one token.
        let kind = match node.kind {
            ExpressionKind::Name(symbol) => {
                self.pass(node.span.end);
                return self.name(symbol, node.span);
            }
            ExpressionKind::Integer(value) => Kind::Number(Number::Integer(value)),
            ExpressionKind::String(symbol) => Kind::String(symbol),
            _ => return self.chain(node),
        };
        self.pass(node.span.end);
        Ok(Descriptor::new(kind, node.span))
    }

    /// An expression that may begin with another one.
    fn chain(&mut self, node: &'a Expression<'a>) -> Result<Descriptor, SyntaxError> {
        let bottom = self.spine.len();
        let mut node = node;
        while let Some(left) = node.left() {
            self.spine.push(node);
            node = left;
        }
        let mut d = match self.spine.last().copied() {
            Some(call)
                if self.spine.len() > bottom
                    && matches!(node.kind, ExpressionKind::Name(Symbol::TYPEOF))
                    && matches!(call.kind, ExpressionKind::Call(_)) =>
            {
                match self.static_typeof(call)? {
                    Some(d) => {
                        self.spine.pop();
                        d
                    }
                    None => self.primary(node)?,
                }
            }
            _ => self.primary(node)?,
        };
        while self.spine.len() > bottom {
            if let Some(node) = self.spine.pop() {
                self.extend(node, &mut d)?;
            }
        }
        Ok(d)
    }

    /// An expression that does not begin with another one.
    fn primary(&mut self, node: &'a Expression<'a>) -> Result<Descriptor, SyntaxError> {
        let kind = match node.kind {
            ExpressionKind::Nil => Kind::Nil,
            ExpressionKind::True => Kind::True,
            ExpressionKind::False => Kind::False,
            ExpressionKind::Integer(value) => Kind::Number(Number::Integer(value)),
            ExpressionKind::Float(value) => Kind::Number(Number::Float(value)),
            ExpressionKind::String(symbol) => Kind::String(symbol),
            ExpressionKind::Vararg => self.vararg(node.span)?,
            ExpressionKind::Name(symbol) => {
                self.pass(node.span.end);
                return self.name(symbol, node.span);
            }
            ExpressionKind::Function(body) => return self.function(body, body.open),
            ExpressionKind::Table(items) => return self.table(items, node.span),
            ExpressionKind::Unary { operator, operand } => return self.unary(operator, operand, node.span),
            ExpressionKind::Paren(inner) => {
                self.pass_token(node.span.start);
                let mut d = self.expression(inner)?;
                self.pass(node.span.end);
                self.discharge(&mut d)?;
                d.caret = node.span;
                return Ok(d);
            }
            ExpressionKind::Index { .. }
            | ExpressionKind::Field { .. }
            | ExpressionKind::Call(_)
            | ExpressionKind::MethodCall(_)
            | ExpressionKind::Binary(_)
            | ExpressionKind::Cast(_)
            | ExpressionKind::NonNil(_) => unreachable!("it begins with another expression"),
        };
        self.pass(node.span.end);
        Ok(Descriptor::new(kind, node.span))
    }

    /// Continues `d`, which is what `node` begins with, to the whole of `node`.
    fn extend(&mut self, node: &'a Expression<'a>, d: &mut Descriptor) -> Result<(), SyntaxError> {
        match node.kind {
            ExpressionKind::Field { name, .. } => self.field(d, name.symbol, name.span),
            ExpressionKind::Index { object, key } => {
                self.register_or_upvalue(d)?;
                self.pass_token(object.span.end);
                let mut key = self.expression(key)?;
                self.settle(&mut key)?;
                self.pass(node.span.end);
                key.caret.end = node.span.end;
                self.index(d, key)
            }
            ExpressionKind::Call(call) => self.call(call, node.span, d),
            ExpressionKind::MethodCall(call) => self.method_call(call, node.span, d),
            ExpressionKind::Binary(binary) => self.binary(binary, d, node.span),
            ExpressionKind::Cast(_) | ExpressionKind::NonNil(_) => {
                self.pass(node.span.end);
                self.discharge(d)
            }
            ExpressionKind::Nil
            | ExpressionKind::True
            | ExpressionKind::False
            | ExpressionKind::Vararg
            | ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::Function(_)
            | ExpressionKind::Table(_)
            | ExpressionKind::Unary { .. }
            | ExpressionKind::Paren(_) => unreachable!("it does not begin with another expression"),
        }
    }

    fn vararg(&mut self, span: Span) -> Result<Kind, SyntaxError> {
        if !self.f.is_vararg {
            let kind = SyntaxErrorKind::VarargOutsideVarargFunction;
            return Err(SyntaxError::near_token(kind, self.source.bytes(), span));
        }
        Ok(Kind::Vararg(self.emit(Instruction::abc(Op::Vararg, 0, 0, 2), span)))
    }

    /// A variable; a global one is a field of `_ENV`.
    pub(super) fn name(&mut self, symbol: Symbol, span: Span) -> Result<Descriptor, SyntaxError> {
        if let Some(ty) = self.type_constant(symbol) {
            return Ok(Descriptor::new(ty, span));
        }
        if let Some(kind) = self.resolve(symbol)? {
            return Ok(Descriptor::new(kind, span));
        }
        let environment = self.resolve(Symbol::ENV)?.expect("the main function has the upvalue _ENV");
        let mut d = Descriptor::new(environment, span);
        self.index(&mut d, Descriptor::new(Kind::String(symbol), span))?;
        d.caret = span;
        Ok(d)
    }

    /// `d.name`
    pub(super) fn field(&mut self, d: &mut Descriptor, name: Symbol, span: Span) -> Result<(), SyntaxError> {
        self.register_or_upvalue(d)?;
        self.pass(span.end);
        self.index(d, Descriptor::new(Kind::String(name), span))?;
        d.caret = span;
        Ok(())
    }

    fn unary(
        &mut self,
        operator: UnaryOperator,
        operand: &'a Expression<'a>,
        span: Span,
    ) -> Result<Descriptor, SyntaxError> {
        let end = Offset(span.start.0 + operator.text().len() as u32);
        self.pass(end);
        let mut d = self.expression(operand)?;
        self.apply_unary(operator, &mut d, Span::new(span.start, end))?;
        d.caret = span;
        Ok(d)
    }

    fn binary(&mut self, binary: Binary<'a>, d: &mut Descriptor, span: Span) -> Result<(), SyntaxError> {
        let end = Offset(binary.at.0 + binary.operator.text().len() as u32);
        self.pass(end);
        self.prepare_left(binary.operator, d)?;
        let right = self.expression(binary.right())?;
        self.apply_binary(binary.operator, d, right, Span::new(binary.at, end))?;
        d.caret = span;
        Ok(())
    }
}
