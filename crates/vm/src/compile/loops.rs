//! `while`, `repeat` and both `for` loops.
//!
//! Every backward jump but a `for` loop's own is a `Loop`. A `for` loop too long for its short jumps is prepared
//! behind its body instead of before it. Invariant: conditions jump forwards only, so a loop that goes on while its
//! condition is false jumps over its `Loop`.

use wippy_parser::ast::{Binding, Block, Expression, GenericFor, NumericFor, Repeat, While};
use wippy_parser::error::SyntaxError;
use wippy_parser::span::{Offset, Span};

use super::Compiler;
use super::descriptor::{Descriptor, Kind};
use crate::bytecode::instruction::{Instruction, Op};
use crate::number::Number;

/// The instruction before the body of a `for` loop, to be completed after it.
struct Preparation {
    pc: u32,
    base: u8,
    op: Op,
    /// Where the loop's instructions count as standing.
    at: Offset,
    caret: Span,
}

impl<'a> Compiler<'_, 'a> {
    pub(super) fn while_loop(&mut self, node: &'a While<'a>, span: Span) -> Result<(), SyntaxError> {
        self.pass_token(span.start);
        let start = self.label();
        let mut condition = self.expression(&node.condition)?;
        self.go_if_true(&mut condition)?;
        self.f.free = self.f.active;
        self.enter_block(true);
        self.pass_token(node.condition.span.end);
        self.block(&node.block)?;
        self.loop_to(start);
        self.pass(span.end);
        self.leave_block()?;
        self.patch_here(condition.when_false);
        Ok(())
    }

    pub(super) fn repeat_loop(&mut self, node: &'a Repeat<'a>, span: Span) -> Result<(), SyntaxError> {
        let start = self.label();
        self.enter_block(true);
        self.enter_block(false);
        self.pass_token(span.start);
        self.block_statements(&node.block, true)?;
        self.pass_token(node.block.end);
        let mut condition = self.expression(&node.condition)?;
        if !matches!(condition.kind, Kind::True | Kind::Number(_) | Kind::String(_)) || condition.has_jumps()
        {
            self.go_if_false(&mut condition)?;
            if self.f.is_block_captured() {
                let first = self.f.first_of_block();
                self.emit(Instruction::abc(Op::Close, first, 0, 0), Span::default());
            }
            self.loop_to(start);
            self.patch_here(condition.when_true);
        }
        self.leave_block()?;
        self.leave_block()
    }

    pub(super) fn numeric_for(&mut self, node: &'a NumericFor<'a>, span: Span) -> Result<(), SyntaxError> {
        self.enter_block(true);
        self.pass(node.variable.name.span.end);
        self.check_local_limit(4)?;
        self.pass_token(node.start.span.start);
        let base = self.f.free;
        let start = self.bound(&node.start)?;
        self.bound(&node.limit)?;
        let step = match &node.step {
            Some(step) => self.bound(step)?,
            None => {
                let mut one = Descriptor::new(Kind::Number(Number::Integer(1)), node.limit.span);
                let one_value = one.number();
                self.next_register(&mut one)?;
                one_value
            }
        };
        for name in ["(for index)", "(for limit)", "(for step)"] {
            self.activate_hidden(name);
        }
        let is_counting = matches!((start, step), (Some(Number::Integer(_)), Some(Number::Integer(1))));
        let op = if is_counting { Op::ForPrepInt } else { Op::ForPrep };
        let before = node.step.as_ref().unwrap_or(&node.limit);
        self.pass_token(before.span.end);
        let caret = node.start.span;
        let pc = self.emit(Instruction::asbx(op, base, 0), caret);
        self.for_body(std::slice::from_ref(&node.variable), &node.block)?;
        self.finish_numeric(&Preparation { pc, base, op, at: span.start, caret });
        self.pass(span.end);
        self.leave_block()
    }

    /// Start, limit or step, in the next register; its value if known.
    fn bound(&mut self, node: &'a Expression<'a>) -> Result<Option<Number>, SyntaxError> {
        let mut d = self.expression(node)?;
        let known = d.number();
        self.next_register(&mut d)?;
        self.pass_token(node.span.end);
        Ok(known)
    }

    pub(super) fn generic_for(&mut self, node: &'a GenericFor<'a>, span: Span) -> Result<(), SyntaxError> {
        self.enter_block(true);
        for (index, binding) in node.names.iter().enumerate() {
            self.pass(binding.name.span.end);
            self.check_local_limit(index + 4)?;
        }
        let base = self.f.free;
        let at = node.values.first().map_or(span.start, |first| first.span.start);
        self.pass_token(at);
        let last = self.expression_list(node.values)?;
        let caret = node.values.first().map_or(span, |_| last.caret);
        self.adjust(3, node.values.len(), last)?;
        // An iterator's call takes three more registers.
        self.need_registers(3)?;
        for name in ["(for generator)", "(for state)", "(for control)"] {
            self.activate_hidden(name);
        }
        let end = node.values.last().map_or(span.start, |last| last.span.end);
        self.pass_token(end);
        let pc = self.emit(Instruction::asbx(Op::ForIn, base, 0), caret);
        self.for_body(node.names, &node.block)?;
        self.finish_generic(&Preparation { pc, base, op: Op::ForIn, at, caret }, node.names.len() as u8);
        self.pass(span.end);
        self.leave_block()
    }

    fn for_body(&mut self, names: &'a [Binding<'a>], block: &'a Block<'a>) -> Result<(), SyntaxError> {
        self.enter_block(false);
        for binding in names {
            self.activate(binding.name.symbol);
            self.annotate(binding.ty, binding.optional);
        }
        self.take_registers(names.len())?;
        self.block_statements(block, false)?;
        self.leave_block()
    }

    fn finish_numeric(&mut self, loop_: &Preparation) {
        let &Preparation { pc, base, op, at, caret } = loop_;
        let advance = if op == Op::ForPrepInt { Op::ForLoopInt } else { Op::ForLoop };
        let end = self.label();
        // Forwards past the loop instruction, backwards to the instruction after the preparation.
        if let Ok(distance) = i16::try_from(end - pc) {
            self.f.code[pc as usize] = Instruction::asbx(op, base, distance);
            self.emit_at(Instruction::asbx(advance, base, -distance), at, caret);
            self.label();
            return;
        }
        // ForLoop +1; Jump exit; Loop body; prepare: ForPrep +1; Loop body; exit:
        self.emit_at(Instruction::asbx(advance, base, 1), at, caret);
        let exit = self.plain_jump();
        self.loop_to(pc + 1);
        let prepare = self.label();
        self.enter_later(pc, prepare);
        self.emit(Instruction::asbx(op, base, 1), caret);
        self.f.positions[prepare as usize] = self.f.positions[pc as usize];
        self.loop_to(pc + 1);
        self.patch_here(exit);
    }

    fn finish_generic(&mut self, loop_: &Preparation, names: u8) {
        let &Preparation { pc, base, op, at, caret } = loop_;
        let end = self.label();
        if let (Ok(distance), Ok(back)) =
            (i16::try_from(end - pc - 1), i16::try_from(i64::from(pc) - i64::from(end) - 1))
        {
            self.f.code[pc as usize] = Instruction::asbx(op, base, distance);
            self.emit_at(Instruction::abc(Op::ForCall, base, 0, names), at, caret);
            self.emit_at(Instruction::asbx(Op::ForNext, base, back), at, caret);
            self.label();
            return;
        }
        // Jump call; prepare: ForIn +0; call: ForCall; ForNext +1; Jump exit; Loop body; exit:
        let call = self.plain_jump();
        let prepare = self.label();
        self.enter_later(pc, prepare);
        self.emit(Instruction::asbx(op, base, 0), caret);
        self.f.positions[prepare as usize] = self.f.positions[pc as usize];
        self.patch_here(call);
        self.emit_at(Instruction::abc(Op::ForCall, base, 0, names), at, caret);
        self.emit_at(Instruction::asbx(Op::ForNext, base, 1), at, caret);
        let exit = self.plain_jump();
        self.loop_to(pc + 1);
        self.patch_here(exit);
    }
}
