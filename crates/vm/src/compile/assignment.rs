//! Declarations and assignments: adjusting values to names, and storing them without losing one.
//!
//! Targets are evaluated from left to right, then the values; the stores happen from right to left, the last one
//! straight from its expression. Invariant: a table or key that the same statement assigns to is copied first.

use wippy_parser::ast::{Assign, Expression, ExpressionKind, FunctionStatement, Local, LocalFunction};
use wippy_parser::error::SyntaxError;
use wippy_parser::span::Span;

use super::Compiler;
use super::descriptor::{Descriptor, Key, Kind, Table};
use crate::bytecode::instruction::{Instruction, Op};

/// Most targets of an assignment; the reference implementation nests a C call for each.
const MAX_TARGETS: usize = 200;

impl<'a> Compiler<'_, 'a> {
    pub(super) fn local(&mut self, local: &'a Local<'a>, span: Span) -> Result<(), SyntaxError> {
        for (index, binding) in local.names.iter().enumerate() {
            self.pass(binding.name.span.end);
            self.check_local_limit(index + 1)?;
        }
        if local.values.is_empty() {
            self.pass(span.end);
        } else if let (Some(last), Some(first)) = (local.names.last(), local.values.first()) {
            let from = last.ty.map_or(last.name.span.end, |ty| ty.span.end);
            // An annotation may be anything up to `=`, so look for that from the value's side only when it is simple.
            self.pass_token(if last.ty.is_some() { first.span.start } else { from });
        }
        let last = self.expression_list(local.values)?;
        self.adjust(local.names.len(), local.values.len(), last)?;
        for (at, binding) in local.names.iter().enumerate() {
            self.activate(binding.name.symbol);
            if binding.ty.is_some() {
                self.annotate(binding.ty, binding.optional);
            } else {
                self.initialise(local.values.get(at));
            }
        }
        Ok(())
    }

    pub(super) fn local_function(&mut self, statement: &'a LocalFunction<'a>) -> Result<(), SyntaxError> {
        self.pass(statement.name.span.end);
        self.check_local_limit(1)?;
        self.activate(statement.name.symbol);
        // A closure takes the next register, which is the one of the new local.
        self.function(statement.body, statement.body.open)?;
        self.restart_newest_local();
        Ok(())
    }

    pub(super) fn function_statement(
        &mut self,
        statement: &'a FunctionStatement<'a>,
    ) -> Result<(), SyntaxError> {
        self.pass(statement.base.span.end);
        let mut target = self.name(statement.base.symbol, statement.base.span)?;
        if statement.fields.is_empty() && statement.method.is_none() && matches!(target.kind, Kind::Type(_)) {
            return Err(self.assignment_to_type(statement.base.symbol, statement.base.span));
        }
        for name in statement.fields.iter().chain(statement.method.as_ref()) {
            self.field(&mut target, name.symbol, name.span)?;
        }
        let keyword = statement.body.keyword;
        let mut value = self.function(statement.body, keyword.start)?;
        self.store(target.kind, &mut value, target.caret)?;
        let caret = match target.kind {
            Kind::Indexed { caret, .. } => caret,
            _ => target.caret,
        };
        self.move_last(keyword.start, caret);
        Ok(())
    }

    pub(super) fn assign(&mut self, assign: &'a Assign<'a>) -> Result<(), SyntaxError> {
        if let [target] = assign.targets {
            let target = self.target(target)?;
            self.pass_token(assign.equals);
            let mut last = self.expression_list(assign.values)?;
            if assign.values.len() == 1 {
                self.discharge_one(&mut last)?;
                return self.store(target.kind, &mut last, target.caret);
            }
            self.adjust(1, assign.values.len(), last)?;
            let mut value = Descriptor::new(Kind::Register(self.f.free - 1), target.caret);
            return self.store(target.kind, &mut value, target.caret);
        }
        let mut targets: Vec<Descriptor> = Vec::with_capacity(assign.targets.len().min(MAX_TARGETS));
        for node in assign.targets {
            if targets.len() >= MAX_TARGETS {
                return Err(self.limit_error("C levels", MAX_TARGETS, self.f.place));
            }
            let target = self.target(node)?;
            self.protect(&mut targets, target)?;
            targets.push(target);
            if targets.len() < assign.targets.len() {
                self.pass_token(node.span.end);
            }
        }
        self.pass_token(assign.equals);
        let mut last = self.expression_list(assign.values)?;
        if assign.values.len() == targets.len() {
            self.discharge_one(&mut last)?;
            if let Some(target) = targets.pop() {
                self.store(target.kind, &mut last, target.caret)?;
            }
        } else {
            self.adjust(targets.len(), assign.values.len(), last)?;
        }
        for target in targets.iter().rev() {
            let mut value = Descriptor::new(Kind::Register(self.f.free - 1), target.caret);
            self.store(target.kind, &mut value, target.caret)?;
        }
        Ok(())
    }

    /// Lets a call or `...` yield one value.
    fn discharge_one(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        if d.is_multiple() { self.discharge(d) } else { Ok(()) }
    }

    fn target(&mut self, node: &'a Expression<'a>) -> Result<Descriptor, SyntaxError> {
        debug_assert!(matches!(
            node.kind,
            ExpressionKind::Name(_) | ExpressionKind::Index { .. } | ExpressionKind::Field { .. }
        ));
        let d = self.expression(node)?;
        match (d.kind, node.kind) {
            (Kind::Type(_), ExpressionKind::Name(symbol)) => Err(self.assignment_to_type(symbol, node.span)),
            _ => Ok(d),
        }
    }

    /// Copies the variable `target` if an earlier target uses it as its table or key.
    fn protect(&mut self, earlier: &mut [Descriptor], target: Descriptor) -> Result<(), SyntaxError> {
        let copy = self.f.free;
        let mut conflict = false;
        for other in earlier.iter_mut() {
            let Kind::Indexed { table, key, .. } = &mut other.kind else { continue };
            match (target.kind, *table) {
                (Kind::Local(register), Table::Register(used)) if register == used => {}
                (Kind::Upvalue(upvalue), Table::Upvalue(used)) if upvalue == used => {}
                _ => {
                    if matches!((target.kind, *key), (Kind::Local(register), Key::Register(used)) if register == used)
                    {
                        *key = Key::Register(copy);
                        conflict = true;
                    }
                    continue;
                }
            }
            conflict = true;
            *table = Table::Register(copy);
            if matches!((target.kind, *key), (Kind::Local(register), Key::Register(used)) if register == used)
            {
                *key = Key::Register(copy);
            }
        }
        if conflict {
            let copy = self.take_registers(1)?;
            let instruction = match target.kind {
                Kind::Local(register) => Instruction::abc(Op::Move, copy, register, 0),
                Kind::Upvalue(upvalue) => Instruction::abc(Op::GetUpvalue, copy, upvalue, 0),
                _ => unreachable!("only variables conflict"),
            };
            self.emit(instruction, target.caret);
        }
        Ok(())
    }

    /// Makes `values` expressions, the last of which is `last`, fill exactly `wanted` registers.
    pub(super) fn adjust(
        &mut self,
        wanted: usize,
        values: usize,
        mut last: Descriptor,
    ) -> Result<(), SyntaxError> {
        if last.is_multiple() {
            let results = (wanted + 1).saturating_sub(values);
            self.need_registers(results)?;
            self.set_results(&last, Some(results as u8))?;
            if results > 1 {
                self.take_registers(results - 1)?;
            }
        } else {
            if !matches!(last.kind, Kind::Void) {
                self.next_register(&mut last)?;
            }
            if wanted > values {
                let missing = wanted - values;
                let first = self.take_registers(missing)?;
                self.load_nil(first, missing as u8, last.caret);
            }
        }
        if values > wanted {
            self.f.free -= (values - wanted) as u8;
        }
        Ok(())
    }
}
