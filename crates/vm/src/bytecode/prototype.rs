//! A compiled function as plain data, independent of any heap.
//!
//! The compiler and the binary loader make it, the verifier checks it, the disassembler prints it, and the heap links
//! it (turns its constants into values) before it runs. Invariant of a *verified* prototype: every operand of every
//! instruction is in range.

use std::sync::Arc;

use wippy_typecheck::Type;

use super::instruction::Instruction;

/// A constant of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `nil`
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float, also one that equals an integer.
    Float(f64),
    /// A string of bytes.
    String(Arc<[u8]>),
    /// A type.
    Type(Type),
}

/// Where a closure finds an upvalue when it is created, and what the source calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpvalueDescription {
    /// The variable's name; empty when stripped.
    pub name: Arc<[u8]>,
    /// Whether it is a register of the enclosing function (else one of its upvalues).
    pub in_stack: bool,
    /// That register or upvalue.
    pub index: u8,
}

/// A local variable as debug information: active from `start_pc` (inclusive) to `end_pc` (exclusive).
///
/// The list is in order of declaration; the n-th active one at a pc lives in register n, as in the manual's
/// `debug.getlocal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDescription {
    /// The variable's name; internal ones start with a parenthesis.
    pub name: Arc<[u8]>,
    /// First instruction that may use it.
    pub start_pc: u32,
    /// First instruction after its scope.
    pub end_pc: u32,
}

/// Place in the source that an instruction comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1; zero when unknown.
    pub line: u32,
    /// Column in bytes, from 1; zero when unknown or over 65,535.
    pub column: u16,
    /// Width in bytes of the text to point at, at least 1 when the column is known; clipped to the line.
    pub width: u16,
}

/// A function: code, constants, nested functions and debug information.
#[derive(Clone, Debug, PartialEq)]
pub struct Prototype {
    /// Instructions.
    pub code: Vec<Instruction>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Nested functions.
    pub prototypes: Vec<Prototype>,
    /// Upvalues, in order.
    pub upvalues: Vec<UpvalueDescription>,
    /// Number of fixed parameters.
    pub parameters: u8,
    /// Whether it takes variable arguments.
    pub is_vararg: bool,
    /// Number of registers, at least 2.
    pub registers: u8,
    /// Chunk name as given to `load`: `@file`, `=name` or the source itself.
    pub source: Arc<[u8]>,
    /// Line of the `function` keyword; zero for a main chunk.
    pub line_defined: u32,
    /// Line of the closing `end`; zero for a main chunk.
    pub last_line_defined: u32,
    /// One per instruction, or empty when stripped.
    pub positions: Vec<Position>,
    /// Local variables; empty when stripped.
    pub locals: Vec<LocalDescription>,
}

impl Prototype {
    /// Whether it or a nested function has a type among its constants.
    pub fn mentions_types(&self) -> bool {
        self.constants.iter().any(|constant| matches!(constant, Constant::Type(_)))
            || self.prototypes.iter().any(Prototype::mentions_types)
    }
}

impl std::fmt::Debug for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.try_op() {
            Some(op) => write!(f, "{}({}, {}, {})", op.name(), self.a(), self.b(), self.c()),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}
