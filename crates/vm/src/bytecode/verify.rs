//! Proof that a prototype may run: everything the interpreter takes for granted.
//!
//! The interpreter indexes registers, constants, upvalues and code without looking; this is where it is made sure that
//! all are in range, that jumps land on instructions, that an open list of values has exactly one producer and one
//! consumer, and that captured locals are closed. It does not ask whether the code makes sense. Invariant: time is
//! linear in the size of the prototype, and no native recursion depends on the input.

use std::fmt;

use super::instruction::{Format, Instruction, Op, Operand};
use super::prototype::{Constant, Function, Prototype};

/// Largest hash size operand of a table constructor; a size is only advice, and this is 2^25 entries.
pub const MAX_HASH_OPERAND: usize = 26;

/// A prototype that must not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// Line the function is defined on.
    pub line_defined: u32,
    /// The instruction that shows the fault, if one does.
    pub pc: Option<usize>,
    /// The rule that is broken.
    pub fault: Fault,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is code, and its size and that of every table fits its limits.
    Size,
    /// The code byte is an operation.
    Opcode,
    /// Unused operands are zero, flags are 0 or 1, counts are possible.
    Operand,
    /// Registers, also those only implied, are below the prototype's number of registers.
    Register,
    /// Constants exist and are of the right kind.
    Constant,
    /// Upvalues exist.
    Upvalue,
    /// Nested prototypes exist.
    Prototype,
    /// Jumps go the right way and land on an instruction.
    Jump,
    /// `Extra` stands behind exactly those instructions that have one.
    Extra,
    /// An instruction stands before the one it belongs to.
    Sequence,
    /// An open list of values has a producer directly before its consumer, and starts in its reach.
    Top,
    /// A function that captures locals closes them when it returns.
    Close,
    /// The last instruction does not fall off the end.
    End,
    /// A closure takes its upvalues from what the function around it has.
    Capture,
    /// Debug information is absent or complete.
    DebugInformation,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.fault {
            Fault::Size => "size",
            Fault::Opcode => "operation",
            Fault::Operand => "operand",
            Fault::Register => "register",
            Fault::Constant => "constant",
            Fault::Upvalue => "upvalue",
            Fault::Prototype => "function index",
            Fault::Jump => "jump",
            Fault::Extra => "extra operand",
            Fault::Sequence => "sequence of instructions",
            Fault::Top => "list of values",
            Fault::Close => "return from a function with captured variables",
            Fault::End => "end of code",
            Fault::Capture => "captured variable",
            Fault::DebugInformation => "debug information",
        };
        write!(f, "bad binary format (invalid {what}")?;
        if let Some(pc) = self.pc {
            write!(f, " at instruction {}", pc + 1)?;
        }
        match self.line_defined {
            0 => f.write_str(" of main function)"),
            line => write!(f, " of function at line {line})"),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Checks a prototype and all prototypes nested in it.
///
/// # Errors
/// The first broken rule.
pub fn verify(prototype: &Prototype) -> Result<(), VerifyError> {
    if prototype.is_empty() {
        return Err(VerifyError { line_defined: 0, pc: None, fault: Fault::Size });
    }
    let mut words = Vec::new();
    for function in prototype.functions() {
        words.clear();
        words.resize(function.code.len(), Word::default());
        Checker::new(prototype, function, &mut words).check()?;
    }
    Ok(())
}

/// What is known about a word of code.
#[derive(Clone, Copy, Default)]
struct Word {
    is_extra: bool,
    /// Some instruction may continue here other than by falling through.
    is_target: bool,
}

struct Checker<'p, 'w> {
    prototype: &'p Prototype,
    f: Function<'p>,
    words: &'w mut [Word],
    /// Whether a closure captures locals of this function.
    captures: bool,
}

/// An outcome that does not know yet where it belongs.
type Check = Result<(), Fault>;

impl<'p, 'w> Checker<'p, 'w> {
    fn new(prototype: &'p Prototype, f: Function<'p>, words: &'w mut [Word]) -> Self {
        let captured =
            |nested: &u32| prototype.function(*nested).upvalues.iter().any(|upvalue| upvalue.in_stack);
        Self { prototype, f, words, captures: f.functions.iter().any(captured) }
    }

    fn check(mut self) -> Result<(), VerifyError> {
        self.check_frame().map_err(|fault| self.error(None, fault))?;
        self.find_extras()?;
        for pc in 0..self.f.code.len() {
            if !self.words[pc].is_extra {
                self.check_operands(pc).map_err(|fault| self.error(Some(pc), fault))?;
                self.check_meaning(pc).map_err(|fault| self.error(Some(pc), fault))?;
            }
        }
        for pc in 0..self.f.code.len() {
            if !self.words[pc].is_extra {
                self.check_top(pc).map_err(|fault| self.error(Some(pc), fault))?;
            }
        }
        Ok(())
    }

    fn error(&self, pc: Option<usize>, fault: Fault) -> VerifyError {
        VerifyError { line_defined: self.f.head.line_defined, pc, fault }
    }

    /// What concerns the function as a whole.
    fn check_frame(&self) -> Check {
        let p = self.f;
        let size = p.code.len();
        require(size > 0 && i32::try_from(size).is_ok(), Fault::Size)?;
        require(p.head.registers >= 2 && p.head.parameters <= p.head.registers, Fault::Size)?;
        require(p.upvalues.len() <= 255, Fault::Size)?;
        for nested in p.functions {
            for upvalue in self.prototype.function(*nested).upvalues {
                let available =
                    if upvalue.in_stack { usize::from(p.head.registers) } else { p.upvalues.len() };
                require(usize::from(upvalue.index) < available, Fault::Capture)?;
            }
        }
        require(p.positions.is_empty() || p.positions.len() == size, Fault::DebugInformation)?;
        for local in p.locals {
            require(
                local.start_pc <= local.end_pc && local.end_pc as usize <= size,
                Fault::DebugInformation,
            )?;
        }
        Ok(())
    }

    /// Tells operand words from instructions; also that all are operations and that the last one does not go on.
    fn find_extras(&mut self) -> Result<(), VerifyError> {
        let code = self.f.code;
        let mut pc = 0;
        let mut last = Op::Extra;
        while pc < code.len() {
            last = code[pc].try_op().ok_or_else(|| self.error(Some(pc), Fault::Opcode))?;
            if last == Op::Extra {
                return Err(self.error(Some(pc), Fault::Extra));
            }
            if matches!(last, Op::LoadConstX | Op::NewTableX | Op::SetList) {
                pc += 1;
                if code.get(pc).and_then(|word| word.try_op()) != Some(Op::Extra) {
                    return Err(self.error(Some(pc - 1), Fault::Extra));
                }
                self.words[pc].is_extra = true;
            }
            pc += 1;
        }
        match last {
            Op::Return | Op::Return0 | Op::Return1 | Op::Loop => Ok(()),
            _ => Err(self.error(Some(code.len() - 1), Fault::End)),
        }
    }

    /// The operands by what the instruction table says of them.
    fn check_operands(&self, pc: usize) -> Check {
        let i = self.f.code[pc];
        let kinds = i.op().operands();
        match i.op().format() {
            Format::Abc => {
                for (kind, value) in kinds.into_iter().zip([i.a(), i.b(), i.c()]) {
                    self.check_operand(kind, value)?;
                }
            }
            Format::Abx => {
                self.check_operand(kinds[0], i.a())?;
                self.check_operand(kinds[1], i.bx())?;
            }
            Format::Asbx => self.check_operand(kinds[0], i.a())?,
            Format::Sj | Format::Ax => {}
        }
        Ok(())
    }

    fn check_operand(&self, kind: Operand, value: usize) -> Check {
        let p = self.f;
        match kind {
            Operand::None => require(value == 0, Fault::Operand),
            Operand::Register => self.register(value),
            Operand::Constant => require(value < p.constants.len(), Fault::Constant),
            Operand::StringConstant => {
                require(matches!(p.constants.get(value), Some(Constant::String(_))), Fault::Constant)
            }
            Operand::NumberConstant => require(
                matches!(p.constants.get(value), Some(Constant::Integer(_) | Constant::Float(_))),
                Fault::Constant,
            ),
            Operand::Upvalue => require(value < p.upvalues.len(), Fault::Upvalue),
            Operand::Prototype => require(value < p.functions.len(), Fault::Prototype),
            Operand::Immediate | Operand::Jump => Ok(()),
        }
    }

    fn register(&self, register: usize) -> Check {
        require(register < usize::from(self.f.head.registers), Fault::Register)
    }

    /// What an instruction means beyond its operands: implied registers, jumps, companions.
    fn check_meaning(&mut self, pc: usize) -> Check {
        let i = self.f.code[pc];
        let (a, b, c) = (i.a(), i.b(), i.c());
        match i.op() {
            Op::LoadConstX => require(self.extra(pc) < self.f.constants.len(), Fault::Constant),
            Op::LoadNil => self.register(a + b),
            Op::LoadFalseSkip => self.target(pc, 1),
            Op::NewTable | Op::NewTableX => require(b <= MAX_HASH_OPERAND, Fault::Operand),
            Op::SetList => self.register(a + b),
            Op::Method => self.register(a + 1),
            Op::Concat => require(b <= c, Fault::Operand),
            Op::Jump => {
                require(i.to_sj() >= 0, Fault::Jump)?;
                self.target(pc, i.to_sj())
            }
            Op::Loop => {
                require(i.to_sj() < 0, Fault::Jump)?;
                self.target(pc, i.to_sj())
            }
            Op::Test
            | Op::TestSet
            | Op::Eq
            | Op::EqConst
            | Op::Lt
            | Op::LtConst
            | Op::GtConst
            | Op::Le
            | Op::LeConst
            | Op::GeConst => {
                require(c <= 1, Fault::Operand)?;
                require(self.op(pc + 1) == Some(Op::Jump), Fault::Sequence)?;
                self.target(pc, 1)
            }
            Op::Call => {
                self.register(a + b.saturating_sub(1))?;
                self.values(a, c)
            }
            Op::CallType | Op::IsType => {
                require(b == if i.op() == Op::CallType { 2 } else { 3 }, Fault::Operand)?;
                self.register(a + b - 1)?;
                self.values(a, c)
            }
            Op::TailCall => {
                self.register(a + b.saturating_sub(1))?;
                self.closes(c)?;
                let next = self.f.code.get(pc + 1).copied();
                let returns = next
                    .is_some_and(|next| next.try_op() == Some(Op::Return) && next.a() == a && next.b() == 0);
                require(returns, Fault::Sequence)
            }
            Op::Return => {
                self.values(a, b)?;
                self.closes(c)
            }
            Op::Return0 | Op::Return1 => require(!self.captures, Fault::Close),
            Op::Vararg => self.values(a, c),
            Op::ForPrep | Op::ForPrepInt => {
                self.register(a + 3)?;
                require(i.sbx() >= 0, Fault::Jump)?;
                self.target(pc, i.sbx())
            }
            Op::ForLoop | Op::ForLoopInt => {
                self.register(a + 3)?;
                self.target(pc, i.sbx())
            }
            Op::ForIn => {
                self.register(a + 2)?;
                require(i.sbx() >= 0, Fault::Jump)?;
                self.target(pc, i.sbx())?;
                let call = pc + 1 + i.sbx().unsigned_abs();
                require(self.is_with(call, Op::ForCall, a), Fault::Sequence)
            }
            Op::ForCall => {
                self.register(a + 5)?;
                self.register(a + 2 + c)?;
                require(c >= 1, Fault::Operand)?;
                require(self.is_with(pc + 1, Op::ForNext, a), Fault::Sequence)
            }
            Op::ForNext => {
                self.register(a + 3)?;
                self.target(pc, i.sbx())
            }
            Op::Move | Op::LoadInt | Op::LoadFloat | Op::LoadConst | Op::LoadTrue | Op::LoadFalse => Ok(()),
            Op::GetUpvalue | Op::SetUpvalue | Op::GetUpvalueField | Op::SetUpvalueField => Ok(()),
            Op::SetUpvalueFieldConst | Op::GetTable | Op::GetField | Op::GetIndex | Op::SetTable => Ok(()),
            Op::SetTableConst | Op::SetField | Op::SetFieldConst | Op::SetIndex | Op::SetIndexConst => Ok(()),
            Op::Add | Op::AddRK | Op::AddKR | Op::Sub | Op::SubRK | Op::SubKR | Op::Mul | Op::MulRK => Ok(()),
            Op::MulKR | Op::Div | Op::DivRK | Op::DivKR | Op::Mod | Op::ModRK | Op::ModKR | Op::Pow => Ok(()),
            Op::PowRK | Op::PowKR | Op::IDiv | Op::IDivRK | Op::IDivKR | Op::BAnd | Op::BAndRK => Ok(()),
            Op::BAndKR | Op::BOr | Op::BOrRK | Op::BOrKR | Op::BXor | Op::BXorRK | Op::BXorKR => Ok(()),
            Op::Shl | Op::ShlRK | Op::ShlKR | Op::Shr | Op::ShrRK | Op::ShrKR => Ok(()),
            Op::Neg | Op::BNot | Op::Not | Op::Len | Op::Close | Op::Closure => Ok(()),
            Op::Extra => Err(Fault::Extra),
        }
    }

    /// Open lists of values, once all jump targets are known.
    fn check_top(&self, pc: usize) -> Check {
        let i = self.f.code[pc];
        if leaves_open(i) {
            let next = self.f.code.get(pc + 1).copied();
            let first = next.and_then(first_of_open).ok_or(Fault::Top)?;
            require(i.a() >= first, Fault::Top)?;
        }
        if first_of_open(i).is_some() {
            let before =
                pc.checked_sub(1).filter(|&before| !self.words[before].is_extra).ok_or(Fault::Top)?;
            let producer = self.f.code[before];
            let after_tail_call = i.op() == Op::Return && producer.op() == Op::TailCall;
            require(leaves_open(producer) || after_tail_call, Fault::Top)?;
            require(!self.words[pc].is_target, Fault::Top)?;
        }
        Ok(())
    }

    /// `count - 1` values from `first`; 0 means up to the top.
    fn values(&self, first: usize, count: usize) -> Check {
        if count > 1 { self.register(first + count - 2) } else { Ok(()) }
    }

    /// The flag of a return.
    fn closes(&self, flag: usize) -> Check {
        require(flag <= 1, Fault::Operand)?;
        require(flag == 1 || !self.captures, Fault::Close)
    }

    /// Notes that execution may continue `distance` words after the instruction behind `pc`.
    fn target(&mut self, pc: usize, distance: isize) -> Check {
        let target = (pc + 1).checked_add_signed(distance).ok_or(Fault::Jump)?;
        let word = self.words.get_mut(target).ok_or(Fault::Jump)?;
        word.is_target = true;
        require(!word.is_extra, Fault::Jump)
    }

    fn op(&self, pc: usize) -> Option<Op> {
        self.f.code.get(pc).and_then(|word| word.try_op())
    }

    fn is_with(&self, pc: usize, op: Op, a: usize) -> bool {
        self.op(pc) == Some(op) && self.f.code[pc].a() == a
    }

    fn extra(&self, pc: usize) -> usize {
        self.f.code.get(pc + 1).map_or(0, |word| word.to_ax())
    }
}

fn require(condition: bool, fault: Fault) -> Check {
    if condition { Ok(()) } else { Err(fault) }
}

/// Whether an instruction leaves a list of values that ends at the top.
fn leaves_open(i: Instruction) -> bool {
    matches!(i.op(), Op::Call | Op::CallType | Op::IsType | Op::Vararg) && i.c() == 0
}

/// The lowest register at which the open list may begin that an instruction takes.
fn first_of_open(i: Instruction) -> Option<usize> {
    match i.op() {
        Op::Call | Op::TailCall | Op::SetList if i.b() == 0 => Some(i.a() + 1),
        Op::Return if i.b() == 0 => Some(i.a()),
        _ => None,
    }
}
