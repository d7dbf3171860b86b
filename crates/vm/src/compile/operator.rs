//! Operators: arithmetic with constant operands, comparisons as jumps, `and`, `or` and `not` as lists of jumps.
//!
//! The left operand is prepared before the right one is compiled, so that it is evaluated first. Invariant: a value
//! that only decides about a jump is never loaded as a boolean.

use wippy_parser::ast::{BinaryOperator, UnaryOperator};
use wippy_parser::error::SyntaxError;
use wippy_parser::span::Span;

use super::Compiler;
use super::constants::{fold, fold_bit_not, fold_negate};
use super::descriptor::{Descriptor, Kind};
use super::jumps::JumpList;
use crate::bytecode::instruction::{Instruction, Op};

impl Compiler<'_, '_> {
    /// Applies a prefix operator; `at` is where it stands.
    pub(super) fn apply_unary(
        &mut self,
        operator: UnaryOperator,
        d: &mut Descriptor,
        at: Span,
    ) -> Result<(), SyntaxError> {
        let (op, folded) = match operator {
            UnaryOperator::Not => return self.not(d),
            UnaryOperator::Negate => (Op::Neg, d.number().and_then(fold_negate)),
            UnaryOperator::BitNot => (Op::BNot, d.number().and_then(fold_bit_not)),
            UnaryOperator::Length => (Op::Len, None),
        };
        d.kind = match folded {
            Some(number) => Kind::Number(number),
            None => {
                let register = self.any_register(d)?;
                self.release(d);
                Kind::Relocatable(self.emit_at(Instruction::abc(op, 0, register, 0), at.start, at))
            }
        };
        Ok(())
    }

    /// Prepares the left operand, before the right one is compiled.
    pub(super) fn prepare_left(
        &mut self,
        operator: BinaryOperator,
        d: &mut Descriptor,
    ) -> Result<(), SyntaxError> {
        use BinaryOperator as B;
        match operator {
            B::And => self.go_if_true(d),
            B::Or => self.go_if_false(d),
            B::Concat => self.next_register(d).map(drop),
            B::Equal | B::NotEqual | B::Less | B::LessEqual | B::Greater | B::GreaterEqual => {
                if !d.is_constant() {
                    self.any_register(d)?;
                }
                Ok(())
            }
            _ => {
                if d.number().is_none() {
                    self.any_register(d)?;
                }
                Ok(())
            }
        }
    }

    /// Makes `left` the outcome of `left operator right`; `at` is where the operator stands.
    pub(super) fn apply_binary(
        &mut self,
        operator: BinaryOperator,
        left: &mut Descriptor,
        mut right: Descriptor,
        at: Span,
    ) -> Result<(), SyntaxError> {
        use BinaryOperator as B;
        match operator {
            B::And => {
                self.discharge(&mut right)?;
                self.join(&mut right.when_false, left.when_false);
                *left = right;
                Ok(())
            }
            B::Or => {
                self.discharge(&mut right)?;
                self.join(&mut right.when_true, left.when_true);
                *left = right;
                Ok(())
            }
            B::Concat => self.concat(left, right, at),
            B::Equal => self.equality(left, right, true, at),
            B::NotEqual => self.equality(left, right, false, at),
            B::Less | B::LessEqual | B::Greater | B::GreaterEqual => self.order(operator, left, right, at),
            B::Add => self.arithmetic(operator, [Op::Add, Op::AddRK, Op::AddKR], left, right, at),
            B::Subtract => self.arithmetic(operator, [Op::Sub, Op::SubRK, Op::SubKR], left, right, at),
            B::Multiply => self.arithmetic(operator, [Op::Mul, Op::MulRK, Op::MulKR], left, right, at),
            B::Divide => self.arithmetic(operator, [Op::Div, Op::DivRK, Op::DivKR], left, right, at),
            B::FloorDivide => self.arithmetic(operator, [Op::IDiv, Op::IDivRK, Op::IDivKR], left, right, at),
            B::Modulo => self.arithmetic(operator, [Op::Mod, Op::ModRK, Op::ModKR], left, right, at),
            B::Power => self.arithmetic(operator, [Op::Pow, Op::PowRK, Op::PowKR], left, right, at),
            B::BitAnd => self.arithmetic(operator, [Op::BAnd, Op::BAndRK, Op::BAndKR], left, right, at),
            B::BitOr => self.arithmetic(operator, [Op::BOr, Op::BOrRK, Op::BOrKR], left, right, at),
            B::BitXor => self.arithmetic(operator, [Op::BXor, Op::BXorRK, Op::BXorKR], left, right, at),
            B::ShiftLeft => self.arithmetic(operator, [Op::Shl, Op::ShlRK, Op::ShlKR], left, right, at),
            B::ShiftRight => self.arithmetic(operator, [Op::Shr, Op::ShrRK, Op::ShrKR], left, right, at),
        }
    }

    /// `ops` take two registers, a register and a constant, a constant and a register.
    fn arithmetic(
        &mut self,
        operator: BinaryOperator,
        ops: [Op; 3],
        left: &mut Descriptor,
        mut right: Descriptor,
        at: Span,
    ) -> Result<(), SyntaxError> {
        if let (Some(x), Some(y)) = (left.number(), right.number()) {
            if let Some(number) = fold(operator, x, y) {
                left.kind = Kind::Number(number);
                return Ok(());
            }
            self.any_register(left)?;
        }
        let instruction = if let Some(constant) = self.number_operand(left) {
            let register = self.any_register(&mut right)?;
            Instruction::abc(ops[2], 0, constant, register)
        } else if let Some(constant) = self.number_operand(&right) {
            let register = self.any_register(left)?;
            Instruction::abc(ops[1], 0, register, constant)
        } else {
            let (x, y) = self.both_in_registers(left, &mut right)?;
            Instruction::abc(ops[0], 0, x, y)
        };
        self.release_both(left, &right);
        *left = Descriptor::new(Kind::Relocatable(self.emit_at(instruction, at.start, at)), at);
        Ok(())
    }

    fn number_operand(&mut self, d: &Descriptor) -> Option<u8> {
        d.number()?;
        self.constant_operand(d)
    }

    fn both_in_registers(
        &mut self,
        left: &mut Descriptor,
        right: &mut Descriptor,
    ) -> Result<(u8, u8), SyntaxError> {
        // A constant last: what was compiled may hold registers that it gives back when it is loaded.
        if right.is_constant() {
            let x = self.any_register(left)?;
            return Ok((x, self.any_register(right)?));
        }
        let y = self.any_register(right)?;
        Ok((self.any_register(left)?, y))
    }

    /// Appends to a concatenation: operands lie in consecutive registers, and the last one was compiled first.
    fn concat(&mut self, left: &mut Descriptor, mut right: Descriptor, at: Span) -> Result<(), SyntaxError> {
        self.settle(&mut right)?;
        if let (Kind::Register(first), Kind::Relocatable(pc)) = (left.kind, right.kind) {
            let rest = self.f.code[pc as usize];
            if rest.op() == Op::Concat && rest.b() == usize::from(first) + 1 {
                self.f.release(first);
                self.f.code[pc as usize] = Instruction::abc(Op::Concat, 0, first, rest.c() as u8);
                left.kind = right.kind;
                return Ok(());
            }
        }
        self.next_register(&mut right)?;
        let (Kind::Register(x), Kind::Register(y)) = (left.kind, right.kind) else {
            unreachable!("both operands are in registers")
        };
        self.f.release_two(x, y);
        let pc = self.emit_at(Instruction::abc(Op::Concat, 0, x, y), at.start, at);
        *left = Descriptor::new(Kind::Relocatable(pc), at);
        Ok(())
    }

    /// `==` if `wanted`, else `~=`.
    fn equality(
        &mut self,
        left: &mut Descriptor,
        mut right: Descriptor,
        wanted: bool,
        at: Span,
    ) -> Result<(), SyntaxError> {
        if left.is_constant() {
            if right.is_constant() {
                self.any_register(left)?;
            } else {
                // The same comparison, with the constant on the right.
                std::mem::swap(left, &mut right);
            }
        }
        let wanted = u8::from(wanted);
        let test = if let Some(constant) = self.constant_operand(&right) {
            let register = self.any_register(left)?;
            Instruction::abc(Op::EqConst, register, constant, wanted)
        } else {
            let (x, y) = self.both_in_registers(left, &mut right)?;
            Instruction::abc(Op::Eq, x, y, wanted)
        };
        self.compare(left, &right, test, at);
        Ok(())
    }

    fn order(
        &mut self,
        operator: BinaryOperator,
        left: &mut Descriptor,
        mut right: Descriptor,
        at: Span,
    ) -> Result<(), SyntaxError> {
        use BinaryOperator as B;
        if left.number().is_some() && right.number().is_some() {
            self.any_register(left)?;
        }
        let test = if let Some(constant) = self.number_operand(&right) {
            let op = match operator {
                B::Less => Op::LtConst,
                B::LessEqual => Op::LeConst,
                B::Greater => Op::GtConst,
                _ => Op::GeConst,
            };
            Instruction::abc(op, self.any_register(left)?, constant, 1)
        } else if let Some(constant) = self.number_operand(left) {
            let op = match operator {
                B::Less => Op::GtConst,
                B::LessEqual => Op::GeConst,
                B::Greater => Op::LtConst,
                _ => Op::LeConst,
            };
            Instruction::abc(op, self.any_register(&mut right)?, constant, 1)
        } else {
            let (x, y) = self.both_in_registers(left, &mut right)?;
            match operator {
                B::Less => Instruction::abc(Op::Lt, x, y, 1),
                B::LessEqual => Instruction::abc(Op::Le, x, y, 1),
                B::Greater => Instruction::abc(Op::Lt, y, x, 1),
                _ => Instruction::abc(Op::Le, y, x, 1),
            }
        };
        self.compare(left, &right, test, at);
        Ok(())
    }

    /// Emits a comparison of two values and makes `left` its outcome.
    fn compare(&mut self, left: &mut Descriptor, right: &Descriptor, test: Instruction, at: Span) {
        self.release_both(left, right);
        self.emit(test, at);
        let pc = self.emit(Instruction::sj(Op::Jump, 0), at);
        *left = Descriptor::new(Kind::Jump(pc), at);
    }

    fn not(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        self.discharge(d)?;
        d.kind = match d.kind {
            Kind::Nil | Kind::False => Kind::True,
            Kind::True | Kind::Number(_) | Kind::String(_) => Kind::False,
            Kind::Jump(pc) => {
                self.negate(JumpList::one(pc));
                Kind::Jump(pc)
            }
            _ => {
                let register = self.in_register(d)?;
                self.release(d);
                Kind::Relocatable(self.emit(Instruction::abc(Op::Not, 0, register, 0), d.caret))
            }
        };
        std::mem::swap(&mut d.when_true, &mut d.when_false);
        // What these jumps carry is not the value of the negation.
        self.drop_values(d.when_true);
        self.drop_values(d.when_false);
        Ok(())
    }

    /// Puts a discharged value into a register, leaving its jumps open.
    fn in_register(&mut self, d: &mut Descriptor) -> Result<u8, SyntaxError> {
        if let Kind::Register(register) = d.kind {
            return Ok(register);
        }
        let register = self.take_registers(1)?;
        let mut value = Descriptor::new(d.kind, d.caret);
        self.fill_register(&mut value, register);
        d.kind = value.kind;
        Ok(register)
    }

    /// Emits code that goes on if `d` is true and jumps otherwise.
    pub(super) fn go_if_true(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        self.discharge(d)?;
        let jump = match d.kind {
            Kind::Jump(pc) => {
                let jump = JumpList::one(pc);
                self.negate(jump);
                jump
            }
            Kind::True | Kind::Number(_) | Kind::String(_) => JumpList::EMPTY,
            _ => self.jump_if(d, false)?,
        };
        self.join(&mut d.when_false, jump);
        self.patch_here(d.when_true);
        d.when_true = JumpList::EMPTY;
        Ok(())
    }

    /// Emits code that goes on if `d` is false and jumps otherwise.
    pub(super) fn go_if_false(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        self.discharge(d)?;
        let jump = match d.kind {
            Kind::Jump(pc) => JumpList::one(pc),
            Kind::Nil | Kind::False => JumpList::EMPTY,
            _ => self.jump_if(d, true)?,
        };
        self.join(&mut d.when_true, jump);
        self.patch_here(d.when_false);
        d.when_false = JumpList::EMPTY;
        Ok(())
    }

    /// Emits a jump that is taken if the truth of `d` is `truth`, and carries its value.
    fn jump_if(&mut self, d: &mut Descriptor, truth: bool) -> Result<JumpList, SyntaxError> {
        if let Kind::Relocatable(pc) = d.kind {
            let not = self.f.code[pc as usize];
            if not.op() == Op::Not && pc + 1 == self.f.pc() {
                self.f.code.pop();
                self.f.positions.pop();
                let test = Instruction::abc(Op::Test, not.b() as u8, 0, u8::from(!truth));
                return Ok(self.conditional_jump(test, d.caret));
            }
        }
        let register = self.in_register(d)?;
        self.release(d);
        let test = Instruction::abc(Op::TestSet, u8::MAX, register, u8::from(truth));
        Ok(self.conditional_jump(test, d.caret))
    }
}
