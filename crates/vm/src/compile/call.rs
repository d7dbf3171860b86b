//! Calls, method calls and lists of expressions.
//!
//! A call takes consecutive registers: the function, then the arguments. Its instruction belongs to the line on which
//! the call expression begins. Invariant: after a call exactly one register more is in use than before the function.

use wippy_parser::ast::{Call, Expression, MethodCall};
use wippy_parser::error::SyntaxError;
use wippy_parser::span::{Offset, Span};

use super::Compiler;
use super::descriptor::{Descriptor, Kind, byte};
use crate::bytecode::instruction::{Instruction, Op};

/// What is known of the function that is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Callee {
    Any,
    /// A type.
    Type,
    /// The method `is` of a type, with one argument.
    Is,
}

impl<'a> Compiler<'_, 'a> {
    /// `d(arguments)`
    pub(super) fn call(
        &mut self,
        call: &'a Call<'a>,
        span: Span,
        d: &mut Descriptor,
    ) -> Result<(), SyntaxError> {
        let callee = if d.is_type() { Callee::Type } else { Callee::Any };
        let base = self.next_register(d)?;
        self.arguments(base, callee, call.arguments, call.open, span, d)
    }

    /// `d:name(arguments)`
    pub(super) fn method_call(
        &mut self,
        call: &'a MethodCall<'a>,
        span: Span,
        d: &mut Descriptor,
    ) -> Result<(), SyntaxError> {
        self.pass(call.name.span.end);
        if let (Kind::Type(ty), true, [_]) = (d.kind, d.is_type(), call.arguments)
            && self.interner.resolve(call.name.symbol) == b"is"
        {
            let base = self.take_registers(2)?;
            self.load_constant(ty, base + 1, d.caret);
            d.caret = call.name.span;
            return self.arguments(base, Callee::Is, call.arguments, call.open, span, d);
        }
        let object = self.any_register(d)?;
        self.release(d);
        let base = self.take_registers(2)?;
        let constant = self.string_constant(call.name.symbol);
        match byte(constant) {
            Some(name) => {
                self.emit(Instruction::abc(Op::Method, base, object, name), d.caret);
            }
            None => {
                self.emit(Instruction::abc(Op::Move, base + 1, object, 0), d.caret);
                let mut name = Descriptor::new(Kind::String(call.name.symbol), call.name.span);
                self.fill_register(&mut name, base);
                self.emit(Instruction::abc(Op::GetTable, base, base + 1, base), d.caret);
            }
        }
        d.caret = call.name.span;
        self.arguments(base, Callee::Any, call.arguments, call.open, span, d)
    }

    /// Compiles the arguments of the call whose function is in `base`, and the call.
    fn arguments(
        &mut self,
        base: u8,
        callee: Callee,
        arguments: &'a [Expression<'a>],
        open: Offset,
        span: Span,
        d: &mut Descriptor,
    ) -> Result<(), SyntaxError> {
        let in_parentheses = self.source.byte(open) == b'(';
        if in_parentheses {
            self.pass_token(open);
        }
        let mut last = self.expression_list(arguments)?;
        if in_parentheses {
            self.pass(span.end);
        }
        // The method looks at its first argument only.
        let count = if last.is_multiple() && callee != Callee::Is {
            self.set_results(&last, None)?;
            0
        } else {
            if !matches!(last.kind, Kind::Void) {
                self.next_register(&mut last)?;
            }
            self.f.free - base
        };
        let caret = Span { start: d.caret.start, end: d.caret.end };
        let op = match (callee, count) {
            (Callee::Type, 2) => Op::CallType,
            (Callee::Is, _) => Op::IsType,
            _ => Op::Call,
        };
        let pc = self.emit_at(Instruction::abc(op, base, count, 2), span.start, caret);
        self.f.free = base + 1;
        *d = Descriptor::new(Kind::Call(pc), Span::new(caret.start, span.end));
        Ok(())
    }

    /// Compiles a list of expressions: all but the last into consecutive registers. Of no expressions the last is void.
    pub(super) fn expression_list(&mut self, list: &'a [Expression<'a>]) -> Result<Descriptor, SyntaxError> {
        let Some((last, before)) = list.split_last() else {
            return Ok(Descriptor::new(Kind::Void, Span::default()));
        };
        for node in before {
            let mut d = self.expression(node)?;
            self.pass_token(node.span.end);
            self.next_register(&mut d)?;
        }
        self.expression(last)
    }
}
