//! Expressions whose value is not in a register yet: the compiler delays loading until it knows where the value goes.
//!
//! A descriptor says where a value can be found; the functions here move it along: discharged (the code that produces
//! it exists), in some register, in the next register, in a given one. Invariant: a descriptor in `Relocatable` state
//! is the last thing its instruction waits for, and is consumed exactly once.

use wippy_parser::error::SyntaxError;
use wippy_parser::interner::Symbol;
use wippy_parser::span::Span;

use super::Compiler;
use super::jumps::{JumpList, Targets};
use crate::bytecode::instruction::{Instruction, MAX_BX, MAX_BYTE, Op};
use crate::number::Number;

/// Where the value of an expression is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptor {
    pub(super) kind: Kind,
    /// Jumps taken when the expression is true, out of the code compiled so far.
    pub(super) when_true: JumpList,
    /// Jumps taken when it is false.
    pub(super) when_false: JumpList,
    /// The text to point at when using the value fails.
    pub(super) caret: Span,
}

/// The ways to find a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// There is no expression.
    Void,
    Nil,
    True,
    False,
    Number(Number),
    String(Symbol),
    /// The constant of this index, a type.
    Type(u32),
    /// A local variable, in its register.
    Local(u8),
    /// A value in a register.
    Register(u8),
    Upvalue(u8),
    /// An element of a table; `caret` points at the table.
    Indexed {
        table: Table,
        key: Key,
        caret: Span,
    },
    /// The instruction at this pc can put the value into any register.
    Relocatable(u32),
    /// The call at this pc.
    Call(u32),
    /// The `Vararg` at this pc.
    Vararg(u32),
    /// True if the conditional jump at this pc is taken.
    Jump(u32),
}

/// Where an indexed table is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    Register(u8),
    Upvalue(u8),
}

/// The key of an indexed table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Register(u8),
    /// A string constant that fits into a byte operand.
    Field(u8),
    /// A small integer.
    Index(u8),
}

impl Descriptor {
    pub(super) fn new(kind: Kind, caret: Span) -> Self {
        Self { kind, when_true: JumpList::EMPTY, when_false: JumpList::EMPTY, caret }
    }

    pub(super) fn has_jumps(&self) -> bool {
        !(self.when_true.is_empty() && self.when_false.is_empty())
    }

    /// The number this expression is, if it is nothing but a number.
    pub(super) fn number(&self) -> Option<Number> {
        match self.kind {
            Kind::Number(number) if !self.has_jumps() => Some(number),
            _ => None,
        }
    }

    /// Whether this is a type known while compiling.
    pub(super) fn is_type(&self) -> bool {
        matches!(self.kind, Kind::Type(_)) && !self.has_jumps()
    }

    /// Whether this is a call or `...`, which can yield any number of values.
    pub(super) fn is_multiple(&self) -> bool {
        matches!(self.kind, Kind::Call(_) | Kind::Vararg(_))
    }

    /// Whether this is nil, a boolean, a number or a string, known while compiling.
    pub(super) fn is_constant(&self) -> bool {
        let constant =
            matches!(self.kind, Kind::Nil | Kind::True | Kind::False | Kind::Number(_) | Kind::String(_));
        constant && !self.has_jumps()
    }
}

impl Compiler<'_, '_> {
    /// Emits the code that produces the value, except for constants and jumps.
    #[inline(always)]
    pub(super) fn discharge(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        match d.kind {
            Kind::Local(register) => d.kind = Kind::Register(register),
            Kind::Upvalue(_) | Kind::Indexed { .. } | Kind::Call(_) | Kind::Vararg(_) => {
                return self.produce(d);
            }
            _ => {}
        }
        Ok(())
    }

    /// The same for what takes more than a look.
    fn produce(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        d.kind = match d.kind {
            Kind::Upvalue(upvalue) => {
                Kind::Relocatable(self.emit(Instruction::abc(Op::GetUpvalue, 0, upvalue, 0), d.caret))
            }
            Kind::Indexed { table, key, caret } => self.discharge_indexed(table, key, caret)?,
            Kind::Call(pc) => Kind::Register(self.f.code[pc as usize].a() as u8),
            Kind::Vararg(pc) => {
                self.f.code[pc as usize] = Instruction::abc(Op::Vararg, 0, 0, 2);
                Kind::Relocatable(pc)
            }
            done => done,
        };
        Ok(())
    }

    fn discharge_indexed(&mut self, table: Table, key: Key, caret: Span) -> Result<Kind, SyntaxError> {
        let instruction = match (table, key) {
            (Table::Upvalue(upvalue), Key::Field(name)) => {
                Instruction::abc(Op::GetUpvalueField, 0, upvalue, name)
            }
            (Table::Upvalue(upvalue), _) => {
                let table = self.load_upvalue(upvalue, caret)?;
                self.f.release(table);
                self.get_from(table, key)
            }
            (Table::Register(table), _) => {
                if let Key::Register(key) = key {
                    self.f.release_two(table, key);
                } else {
                    self.f.release(table);
                }
                return Ok(Kind::Relocatable(self.emit(get(table, key), caret)));
            }
        };
        Ok(Kind::Relocatable(self.emit(instruction, caret)))
    }

    fn get_from(&mut self, table: u8, key: Key) -> Instruction {
        if let Key::Register(key) = key {
            self.f.release(key);
        }
        get(table, key)
    }

    /// Copies an upvalue to the next register.
    pub(super) fn load_upvalue(&mut self, upvalue: u8, caret: Span) -> Result<u8, SyntaxError> {
        let register = self.take_registers(1)?;
        self.emit(Instruction::abc(Op::GetUpvalue, register, upvalue, 0), caret);
        Ok(register)
    }

    /// Puts the value into some register.
    pub(super) fn any_register(&mut self, d: &mut Descriptor) -> Result<u8, SyntaxError> {
        self.discharge(d)?;
        if let Kind::Register(register) = d.kind {
            if !d.has_jumps() {
                return Ok(register);
            }
            if self.f.is_temporary(register) {
                self.fill_register(d, register);
                return Ok(register);
            }
        }
        self.next_register(d)
    }

    /// As [`Self::any_register`], but leaves an upvalue where it is.
    pub(super) fn register_or_upvalue(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        if !matches!(d.kind, Kind::Upvalue(_)) || d.has_jumps() {
            self.any_register(d)?;
        }
        Ok(())
    }

    /// Puts the value into a register, unless it is a constant.
    pub(super) fn settle(&mut self, d: &mut Descriptor) -> Result<(), SyntaxError> {
        if d.has_jumps() {
            self.any_register(d)?;
        } else {
            self.discharge(d)?;
        }
        Ok(())
    }

    /// Puts the value into the next register, which is taken.
    pub(super) fn next_register(&mut self, d: &mut Descriptor) -> Result<u8, SyntaxError> {
        self.discharge(d)?;
        self.release(d);
        let register = self.take_registers(1)?;
        self.fill_register(d, register);
        Ok(register)
    }

    /// Puts a discharged value into `register`, jumps included.
    pub(super) fn fill_register(&mut self, d: &mut Descriptor, register: u8) {
        self.load(d, register);
        if let Kind::Jump(pc) = d.kind {
            self.join(&mut d.when_true, JumpList::one(pc));
        }
        if d.has_jumps() {
            let (mut if_false, mut if_true) = (0, 0);
            if self.needs_value(d.when_true) || self.needs_value(d.when_false) {
                let over = if matches!(d.kind, Kind::Jump(_)) { JumpList::EMPTY } else { self.jump() };
                if_false = self.label();
                self.emit(Instruction::abc(Op::LoadFalseSkip, register, 0, 0), d.caret);
                if_true = self.label();
                self.emit(Instruction::abc(Op::LoadTrue, register, 0, 0), d.caret);
                self.patch_here(over);
            }
            let end = self.label();
            let register = Some(register);
            self.patch(d.when_false, Targets { with_value: end, register, without_value: if_false });
            self.patch(d.when_true, Targets { with_value: end, register, without_value: if_true });
        }
        *d = Descriptor::new(Kind::Register(register), d.caret);
    }

    /// Puts a discharged value into `register`; the outcome of a jump stays a jump.
    fn load(&mut self, d: &mut Descriptor, register: u8) {
        match d.kind {
            Kind::Nil => self.load_nil(register, 1, d.caret),
            Kind::True => {
                self.emit(Instruction::abc(Op::LoadTrue, register, 0, 0), d.caret);
            }
            Kind::False => {
                self.emit(Instruction::abc(Op::LoadFalse, register, 0, 0), d.caret);
            }
            Kind::Number(number) => self.load_number(number, register, d.caret),
            Kind::String(symbol) => {
                let index = self.string_constant(symbol);
                self.load_constant(index, register, d.caret);
            }
            Kind::Type(index) => self.load_constant(index, register, d.caret),
            Kind::Relocatable(pc) => {
                let code = &mut self.f.code[pc as usize];
                *code = Instruction(code.0 & !0xff00 | u32::from(register) << 8);
            }
            Kind::Register(from) if from != register => {
                self.emit(Instruction::abc(Op::Move, register, from, 0), d.caret);
            }
            Kind::Register(_) | Kind::Jump(_) => return,
            Kind::Void
            | Kind::Local(_)
            | Kind::Upvalue(_)
            | Kind::Indexed { .. }
            | Kind::Call(_)
            | Kind::Vararg(_) => unreachable!("the value was discharged"),
        }
        d.kind = Kind::Register(register);
    }

    /// `count` nils from `first`; one instruction with a neighbouring earlier one where no jump comes between.
    pub(super) fn load_nil(&mut self, first: u8, count: u8, caret: Span) {
        let (mut from, mut to) = (u32::from(first), u32::from(first) + u32::from(count) - 1);
        let may_merge = self.f.pc() > self.f.last_target;
        let previous = self.f.code.last_mut().filter(|previous| may_merge && previous.op() == Op::LoadNil);
        if let Some(previous) = previous {
            let (low, high) = (previous.a() as u32, previous.a() as u32 + previous.b() as u32);
            if (low <= from && from <= high + 1) || (from <= low && low <= to + 1) {
                from = from.min(low);
                to = to.max(high);
                *previous = Instruction::abc(Op::LoadNil, from as u8, (to - from) as u8, 0);
                return;
            }
        }
        self.emit(Instruction::abc(Op::LoadNil, from as u8, (to - from) as u8, 0), caret);
    }

    fn load_number(&mut self, number: Number, register: u8, caret: Span) {
        let immediate = match number {
            Number::Integer(value) => i16::try_from(value).ok().map(|value| (Op::LoadInt, value)),
            Number::Float(value) => {
                let small = value as i16;
                (f64::from(small).to_bits() == value.to_bits()).then_some((Op::LoadFloat, small))
            }
        };
        if let Some((op, value)) = immediate {
            self.emit(Instruction::asbx(op, register, value), caret);
        } else {
            let index = self.f.constants.number(number);
            self.load_constant(index, register, caret);
        }
    }

    pub(super) fn load_constant(&mut self, index: u32, register: u8, caret: Span) {
        if index as usize <= MAX_BX {
            self.emit(Instruction::abx(Op::LoadConst, register, index as u16), caret);
        } else {
            self.emit(Instruction::abc(Op::LoadConstX, register, 0, 0), caret);
            self.emit_extra(index, caret);
        }
    }

    /// The index of a string constant.
    pub(super) fn string_constant(&mut self, symbol: Symbol) -> u32 {
        let known = &self.texts[symbol.0 as usize];
        if known.function == self.f.serial {
            return known.constant;
        }
        let text = self.string_text(symbol);
        let constant = self.f.constants.string(text);
        let known = &mut self.texts[symbol.0 as usize];
        (known.function, known.constant) = (self.f.serial, constant);
        constant
    }

    /// The index of a constant expression, if a byte operand can hold it.
    pub(super) fn constant_operand(&mut self, d: &Descriptor) -> Option<u8> {
        if d.has_jumps() {
            return None;
        }
        let index = match d.kind {
            Kind::Nil => self.f.constants.nil(),
            Kind::True => self.f.constants.boolean(true),
            Kind::False => self.f.constants.boolean(false),
            Kind::Number(number) => self.f.constants.number(number),
            Kind::String(symbol) => self.string_constant(symbol),
            _ => return None,
        };
        byte(index)
    }

    /// Makes `d` the element of `d` under `key`.
    pub(super) fn index(&mut self, d: &mut Descriptor, mut key: Descriptor) -> Result<(), SyntaxError> {
        let table = match d.kind {
            Kind::Upvalue(upvalue) => Table::Upvalue(upvalue),
            Kind::Local(register) | Kind::Register(register) => Table::Register(register),
            _ => Table::Register(self.any_register(d)?),
        };
        let small = match key.kind {
            Kind::String(symbol) if !key.has_jumps() => byte(self.string_constant(symbol)).map(Key::Field),
            Kind::Number(Number::Integer(value)) if !key.has_jumps() => {
                u8::try_from(value).ok().map(Key::Index)
            }
            _ => None,
        };
        let key_place = match small {
            Some(small) => small,
            None => Key::Register(self.any_register(&mut key)?),
        };
        let caret = Span { start: d.caret.start, end: key.caret.end };
        d.kind = Kind::Indexed { table, key: key_place, caret: d.caret };
        d.caret = caret;
        Ok(())
    }

    /// Stores `value` in the variable or element `target`.
    pub(super) fn store(
        &mut self,
        target: Kind,
        value: &mut Descriptor,
        caret: Span,
    ) -> Result<(), SyntaxError> {
        match target {
            Kind::Local(register) => {
                self.discharge(value)?;
                self.release(value);
                self.fill_register(value, register);
            }
            Kind::Upvalue(upvalue) => {
                let from = self.any_register(value)?;
                self.emit(Instruction::abc(Op::SetUpvalue, from, upvalue, 0), caret);
                self.release(value);
            }
            Kind::Indexed { table, key, caret } => {
                let constant = self.constant_operand(value);
                if constant.is_none() {
                    self.any_register(value)?;
                }
                self.store_element(table, key, constant, value, caret)?;
                self.release(value);
            }
            _ => unreachable!("only variables and elements are assigned to"),
        }
        Ok(())
    }

    fn store_element(
        &mut self,
        table: Table,
        key: Key,
        constant: Option<u8>,
        value: &Descriptor,
        caret: Span,
    ) -> Result<(), SyntaxError> {
        let (operand, is_constant) = match (constant, value.kind) {
            (Some(constant), _) => (constant, true),
            (None, Kind::Register(register)) => (register, false),
            (None, _) => unreachable!("the value is in a register"),
        };
        let register = match (table, key) {
            (Table::Upvalue(upvalue), Key::Field(name)) => {
                let op = if is_constant { Op::SetUpvalueFieldConst } else { Op::SetUpvalueField };
                self.emit(Instruction::abc(op, upvalue, name, operand), caret);
                return Ok(());
            }
            (Table::Upvalue(upvalue), _) => {
                let register = self.load_upvalue(upvalue, caret)?;
                self.f.release(register);
                register
            }
            (Table::Register(register), _) => register,
        };
        let (op, key) = match (key, is_constant) {
            (Key::Register(key), false) => (Op::SetTable, key),
            (Key::Register(key), true) => (Op::SetTableConst, key),
            (Key::Field(key), false) => (Op::SetField, key),
            (Key::Field(key), true) => (Op::SetFieldConst, key),
            (Key::Index(key), false) => (Op::SetIndex, key),
            (Key::Index(key), true) => (Op::SetIndexConst, key),
        };
        self.emit(Instruction::abc(op, register, key, operand), caret);
        Ok(())
    }

    /// Lets a call or `...` yield `count` values; `None` means all there are.
    pub(super) fn set_results(&mut self, d: &Descriptor, count: Option<u8>) -> Result<(), SyntaxError> {
        let c = count.map_or(0, |count| count + 1);
        match d.kind {
            Kind::Call(pc) => {
                let call = self.f.code[pc as usize];
                self.f.code[pc as usize] = Instruction::abc(call.op(), call.a() as u8, call.b() as u8, c);
            }
            Kind::Vararg(pc) => {
                let first = self.take_registers(1)?;
                self.f.code[pc as usize] = Instruction::abc(Op::Vararg, first, 0, c);
            }
            _ => unreachable!("only calls and `...` yield many values"),
        }
        Ok(())
    }

    /// Gives the register of a value back.
    pub(super) fn release(&mut self, d: &Descriptor) {
        if let Kind::Register(register) = d.kind {
            self.f.release(register);
        }
    }

    /// Gives the registers of two values back.
    pub(super) fn release_both(&mut self, one: &Descriptor, two: &Descriptor) {
        match (one.kind, two.kind) {
            (Kind::Register(one), Kind::Register(two)) => self.f.release_two(one, two),
            _ => {
                self.release(one);
                self.release(two);
            }
        }
    }
}

fn get(table: u8, key: Key) -> Instruction {
    match key {
        Key::Register(key) => Instruction::abc(Op::GetTable, 0, table, key),
        Key::Field(name) => Instruction::abc(Op::GetField, 0, table, name),
        Key::Index(index) => Instruction::abc(Op::GetIndex, 0, table, index),
    }
}

/// `index` as a byte operand.
pub(super) fn byte(index: u32) -> Option<u8> {
    (index as usize <= MAX_BYTE).then_some(index as u8)
}
