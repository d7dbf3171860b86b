//! Jumps whose target is not known yet: lists of them, threaded through the jump instructions themselves.
//!
//! A waiting `Jump` holds the distance to the next one of its list, or 0 at the end; head and tail are kept outside,
//! so joining two lists costs nothing and a chain of any length is patched in linear time. Invariant: a list holds
//! only `Jump` words, and all are patched to a later instruction.

use wippy_parser::span::Span;

use super::Compiler;
use crate::bytecode::instruction::{Instruction, MAX_SJ, Op};

/// Longest jump, in instructions. The encoding has room for more; programs rely on the reference implementation's
/// refusal of structures of about this size.
const LONGEST: i64 = 1 << 18;
const _: () = assert!(LONGEST <= MAX_SJ as i64);

/// "No instruction" as an end of a list.
const NONE: u32 = u32::MAX;

/// A list of waiting jumps.
#[derive(Clone, Copy, Debug)]
pub(super) struct JumpList {
    head: u32,
    tail: u32,
}

impl Default for JumpList {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl JumpList {
    /// No jumps.
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE };

    pub(super) fn one(pc: u32) -> Self {
        Self { head: pc, tail: pc }
    }

    pub(super) fn is_empty(self) -> bool {
        self.head == NONE
    }
}

/// Where the jumps of a list go.
#[derive(Clone, Copy)]
pub(super) struct Targets {
    /// For jumps that carry a value, after it was moved to `register`.
    pub(super) with_value: u32,
    /// Where the values go, if they are wanted.
    pub(super) register: Option<u8>,
    /// For jumps without a value.
    pub(super) without_value: u32,
}

impl Compiler<'_, '_> {
    /// Emits an unconditional forward jump. Jumps that wait for the next instruction skip it and go along.
    pub(super) fn jump(&mut self) -> JumpList {
        let along = std::mem::replace(&mut self.f.waiting_here, JumpList::EMPTY);
        let mut list = self.plain_jump();
        self.join(&mut list, along);
        list
    }

    /// Emits an unconditional forward jump that other jumps may target.
    pub(super) fn plain_jump(&mut self) -> JumpList {
        JumpList::one(self.emit(Instruction::sj(Op::Jump, 0), Span::default()))
    }

    /// Emits a backward jump to `target`.
    pub(super) fn loop_to(&mut self, target: u32) {
        let pc = self.emit(Instruction::sj(Op::Loop, 0), Span::default());
        self.f.code[pc as usize] = self.backward(pc, target);
    }

    /// A conditional jump: a test that takes the jump after it.
    pub(super) fn conditional_jump(&mut self, test: Instruction, caret: Span) -> JumpList {
        self.emit(test, caret);
        JumpList::one(self.emit(Instruction::sj(Op::Jump, 0), caret))
    }

    /// The next pc as a jump target.
    pub(super) fn label(&mut self) -> u32 {
        self.f.last_target = self.f.pc();
        self.f.pc()
    }

    /// Appends `more` to `list`.
    pub(super) fn join(&mut self, list: &mut JumpList, more: JumpList) {
        if more.is_empty() {
            return;
        }
        if list.is_empty() {
            *list = more;
            return;
        }
        let distance = i64::from(more.head) - i64::from(list.tail);
        self.f.code[list.tail as usize] = self.encoded(Op::Jump, distance);
        list.tail = more.tail;
    }

    /// Sends the jumps of `list` to the next instruction.
    pub(super) fn patch_here(&mut self, list: JumpList) {
        self.label();
        let mut waiting = self.f.waiting_here;
        self.join(&mut waiting, list);
        self.f.waiting_here = waiting;
    }

    /// Sends jumps that waited for the next instruction to it.
    #[cold]
    pub(super) fn resolve_waiting(&mut self) {
        let list = std::mem::replace(&mut self.f.waiting_here, JumpList::EMPTY);
        let here = self.f.pc();
        self.patch(list, Targets { with_value: here, register: None, without_value: here });
    }

    /// Sends the jumps of `list` to their targets, which must not lie before them.
    pub(super) fn patch(&mut self, list: JumpList, targets: Targets) {
        let mut pc = list.head;
        while pc != NONE {
            let next = self.next(pc);
            let target = if self.take_value(pc, targets.register) {
                targets.with_value
            } else {
                targets.without_value
            };
            self.f.code[pc as usize] = self.encoded(Op::Jump, i64::from(target) - i64::from(pc) - 1);
            pc = next;
        }
    }

    /// Turns the one waiting jump of `list`, which must be unconditional, into a backward jump.
    pub(super) fn patch_backward(&mut self, list: JumpList, target: u32) {
        if !list.is_empty() {
            self.f.code[list.head as usize] = self.backward(list.head, target);
        }
    }

    /// Makes the instruction at `pc` a jump to the later `target`.
    pub(super) fn enter_later(&mut self, pc: u32, target: u32) {
        self.f.code[pc as usize] = self.encoded(Op::Jump, i64::from(target) - i64::from(pc) - 1);
    }

    /// Whether a jump of `list` arrives without a value of its own.
    pub(super) fn needs_value(&self, list: JumpList) -> bool {
        let mut pc = list.head;
        while pc != NONE {
            if self.control(pc).is_none_or(|test| test.op() != Op::TestSet) {
                return true;
            }
            pc = self.next(pc);
        }
        false
    }

    /// Makes the jumps of `list` carry no values.
    pub(super) fn drop_values(&mut self, list: JumpList) {
        let mut pc = list.head;
        while pc != NONE {
            self.take_value(pc, None);
            pc = self.next(pc);
        }
    }

    /// Reverses the condition of a comparison's jump.
    pub(super) fn negate(&mut self, list: JumpList) {
        if let Some(test) = list.head.checked_sub(1).and_then(|pc| self.f.code.get_mut(pc as usize)) {
            *test = Instruction::abc(test.op(), test.a() as u8, test.b() as u8, u8::from(test.c() == 0));
        }
    }

    /// Lets the test of the jump at `pc` move its value to `register`; false if it tests without a value.
    fn take_value(&mut self, pc: u32, register: Option<u8>) -> bool {
        let Some(test) = self.control(pc).filter(|test| test.op() == Op::TestSet) else { return false };
        let (value, truth) = (test.b() as u8, test.c() as u8);
        self.f.code[pc as usize - 1] = match register {
            Some(register) if register != value => Instruction::abc(Op::TestSet, register, value, truth),
            _ => Instruction::abc(Op::Test, value, 0, truth),
        };
        true
    }

    /// The conditional instruction that decides about the jump at `pc`.
    fn control(&self, pc: u32) -> Option<Instruction> {
        let test = *self.f.code.get(pc.checked_sub(1)? as usize)?;
        test.op().is_conditional().then_some(test)
    }

    fn next(&self, pc: u32) -> u32 {
        match self.f.code[pc as usize].to_sj() {
            0 => NONE,
            distance => (pc as i32 + distance as i32) as u32,
        }
    }

    fn backward(&mut self, pc: u32, target: u32) -> Instruction {
        self.encoded(Op::Loop, i64::from(target) - i64::from(pc) - 1)
    }

    fn encoded(&mut self, op: Op, distance: i64) -> Instruction {
        if distance.abs() > LONGEST {
            self.too_long();
            return Instruction::sj(op, 0);
        }
        Instruction::sj(op, distance as i32)
    }
}
