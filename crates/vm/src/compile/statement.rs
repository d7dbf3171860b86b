//! Blocks and one function per kind of statement, loops and assignments apart.
//!
//! Statements do not nest to the right, so a chain of `elseif` of any length is a loop here. Invariant: between
//! statements no temporary register is in use.

use wippy_parser::ast::{Block, Expression, If, IfArm, Statement, StatementKind};
use wippy_parser::error::SyntaxError;
use wippy_parser::span::Span;

use super::Compiler;
use super::descriptor::Kind;
use super::jumps::JumpList;
use super::scope::Wanted;
use crate::bytecode::instruction::Instruction;

impl<'a> Compiler<'_, 'a> {
    /// A block with a scope of its own.
    pub(super) fn block(&mut self, block: &'a Block<'a>) -> Result<(), SyntaxError> {
        self.enter_block(false);
        self.block_statements(block, false)?;
        self.leave_block()
    }

    /// The statements of a block, or some of those of the main function; the locals of a `repeat` block are still in
    /// scope after them.
    pub(super) fn block_statements(
        &mut self,
        block: &'a Block<'a>,
        is_repeat: bool,
    ) -> Result<(), SyntaxError> {
        self.declare_types(block)?;
        let statements = block.statements;
        let effective =
            statements.iter().rposition(|statement| !statement.kind.is_void()).map_or(0, |last| last + 1);
        let mut void_end = 0;
        for (index, statement) in statements.iter().enumerate() {
            if let StatementKind::Label(name) = statement.kind {
                self.pass(statement.span.end);
                if index >= void_end {
                    let voids =
                        statements[index..].iter().take_while(|statement| statement.kind.is_void()).count();
                    void_end = index + voids;
                }
                // The reference implementation passes over what does nothing before it looks at pending gotos.
                let resolved_at = statements[void_end - 1].span.end;
                self.declare_label(name, !is_repeat && index >= effective, resolved_at)?;
                continue;
            }
            self.statement(statement)?;
            self.f.free = self.f.active;
            if self.deferred.is_some() {
                self.deferred.take().map_or(Ok(()), Err)?;
            }
        }
        Ok(())
    }

    fn statement(&mut self, statement: &'a Statement<'a>) -> Result<(), SyntaxError> {
        let span = statement.span;
        match statement.kind {
            StatementKind::Empty => self.pass(span.end),
            StatementKind::TypeAlias(alias) => {
                self.define_alias(alias, true);
                self.pass(span.end);
            }
            StatementKind::Interface(_) => self.pass(span.end),
            StatementKind::Call(call) => self.call_statement(call)?,
            StatementKind::Assign(assign) => self.assign(assign)?,
            StatementKind::Local(local) => self.local(local, span)?,
            StatementKind::LocalFunction(function) => self.local_function(function)?,
            StatementKind::Function(function) => self.function_statement(function)?,
            StatementKind::Do(block) => {
                self.pass_token(span.start);
                self.block(block)?;
                self.pass(span.end);
            }
            StatementKind::While(node) => self.while_loop(node, span)?,
            StatementKind::Repeat(node) => self.repeat_loop(node, span)?,
            StatementKind::If(node) => self.if_statement(node, span)?,
            StatementKind::NumericFor(node) => self.numeric_for(node, span)?,
            StatementKind::GenericFor(node) => self.generic_for(node, span)?,
            StatementKind::Return(values) => {
                self.pass_token(span.start);
                self.return_statement(values)?;
                self.pass(span.end);
            }
            StatementKind::Break => {
                self.jump_to(Wanted::Break, span);
                self.pass(span.end);
            }
            StatementKind::Goto(name) => {
                self.jump_to(Wanted::Label(name.symbol), span);
                self.pass(span.end);
            }
            StatementKind::Label(_) => unreachable!("labels are declared by their block"),
        }
        Ok(())
    }

    fn call_statement(&mut self, call: &'a Expression<'a>) -> Result<(), SyntaxError> {
        let d = self.expression(call)?;
        if let Kind::Call(pc) = d.kind {
            let call = self.f.code[pc as usize];
            self.f.code[pc as usize] = Instruction::abc(call.op(), call.a() as u8, call.b() as u8, 1);
        }
        Ok(())
    }

    fn if_statement(&mut self, node: &'a If<'a>, span: Span) -> Result<(), SyntaxError> {
        let mut escapes = JumpList::EMPTY;
        for (index, arm) in node.arms.iter().enumerate() {
            let is_last = index + 1 == node.arms.len() && node.otherwise.is_none();
            self.arm(arm, is_last, &mut escapes)?;
        }
        if let Some(otherwise) = &node.otherwise {
            self.pass_token(self.next_offset());
            self.block(otherwise)?;
        }
        self.pass(span.end);
        self.patch_here(escapes);
        Ok(())
    }

    /// One condition with its block, and a jump past the other arms.
    fn arm(&mut self, arm: &'a IfArm<'a>, is_last: bool, escapes: &mut JumpList) -> Result<(), SyntaxError> {
        self.pass_token(arm.keyword);
        let mut condition = self.expression(&arm.condition)?;
        self.pass_token(arm.condition.span.end);
        let sole = sole_jump(&arm.block).filter(|&(wanted, _)| self.is_plain_forward(wanted));
        if let Some((wanted, span)) = sole {
            // The jumps of the condition are the statement.
            self.go_if_false(&mut condition)?;
            self.send_to(wanted, span, condition.when_true);
            self.pass(span.end);
            self.f.free = self.f.active;
            return Ok(());
        }
        self.go_if_true(&mut condition)?;
        self.f.free = self.f.active;
        self.block(&arm.block)?;
        if !is_last {
            let escape = self.jump();
            self.join(escapes, escape);
        }
        self.patch_here(condition.when_false);
        Ok(())
    }
}

/// The `goto` or `break` that is all a block does.
fn sole_jump(block: &Block<'_>) -> Option<(Wanted, Span)> {
    let mut statements =
        block.statements.iter().filter(|statement| !matches!(statement.kind, StatementKind::Empty));
    let first = statements.next()?;
    let wanted = match first.kind {
        StatementKind::Break => Wanted::Break,
        StatementKind::Goto(name) => Wanted::Label(name.symbol),
        _ => return None,
    };
    statements.next().is_none().then_some((wanted, first.span))
}
