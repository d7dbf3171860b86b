//! A compiled chunk as plain data, independent of any heap.
//!
//! The compiler and the binary loader make it, the verifier checks it, the disassembler prints it, and the heap links
//! it (turns its constants into values) before it runs. All functions share one list of instructions, one of constants,
//! and so on, so that a chunk is a handful of allocations however many functions it has. Invariants: a function stands
//! behind those nested in it, the main function last; in a *verified* prototype every operand of every instruction is in
//! range.

use wippy_typecheck::Type;

use super::instruction::Instruction;
pub use super::texts::{Text, Texts};

/// A constant of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `nil`
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float, also one that equals an integer.
    Float(f64),
    /// One of the chunk's strings.
    String(Text),
    /// One of the chunk's types, by number.
    Type(u32),
}

/// Where a closure finds an upvalue when it is created, and what the source calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpvalueDescription {
    /// The variable's name; none when stripped.
    pub name: Text,
    /// Whether it is a register of the enclosing function (else one of its upvalues).
    pub in_stack: bool,
    /// That register or upvalue.
    pub index: u8,
}

/// A local variable as debug information: active from `start_pc` (inclusive) to `end_pc` (exclusive).
///
/// The list is in order of declaration; the n-th active one at a pc lives in register n, as in the manual's
/// `debug.getlocal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDescription {
    /// The variable's name; internal ones start with a parenthesis.
    pub name: Text,
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

/// A function of a chunk: code, constants, nested functions and debug information.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Function<'p> {
    /// Instructions.
    pub code: &'p [Instruction],
    /// Constants.
    pub constants: &'p [Constant],
    /// Nested functions, by their number in the chunk.
    pub functions: &'p [u32],
    /// Upvalues, in order.
    pub upvalues: &'p [UpvalueDescription],
    /// One per instruction, or empty when stripped.
    pub positions: &'p [Position],
    /// Local variables; empty when stripped.
    pub locals: &'p [LocalDescription],
    /// Sizes and place.
    pub head: Head,
}

/// What a function is apart from its lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Number of fixed parameters.
    pub parameters: u8,
    /// Whether it takes variable arguments.
    pub is_vararg: bool,
    /// Number of registers, at least 2.
    pub registers: u8,
    /// Line of the `function` keyword; zero for a main chunk.
    pub line_defined: u32,
    /// Line of the closing `end`; zero for a main chunk.
    pub last_line_defined: u32,
}

/// The functions of a chunk, and what they share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prototype {
    /// Chunk name as given to `load`: `@file`, `=name` or the source itself.
    pub source: Vec<u8>,
    /// String constants.
    pub strings: Texts,
    /// Names of variables.
    pub names: Texts,
    /// Types among the constants.
    pub types: Vec<Type>,
    entries: Vec<Entry>,
    code: Vec<Instruction>,
    constants: Vec<Constant>,
    functions: Vec<u32>,
    upvalues: Vec<UpvalueDescription>,
    positions: Vec<Position>,
    locals: Vec<LocalDescription>,
}

/// A function: where its part of each list ends. It begins where that of the function before ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    head: Head,
    ends: Ends,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    code: u32,
    constants: u32,
    functions: u32,
    upvalues: u32,
    positions: u32,
    locals: u32,
}

/// The lists of all functions together.
pub(crate) struct Lists<'p> {
    pub(crate) code: &'p [Instruction],
    pub(crate) constants: &'p [Constant],
    pub(crate) functions: &'p [u32],
    pub(crate) upvalues: &'p [UpvalueDescription],
    pub(crate) positions: &'p [Position],
    pub(crate) locals: &'p [LocalDescription],
}

impl Prototype {
    /// How many functions there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none, as in one that was not compiled yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Makes room for so many more functions, and for exactly what they consist of.
    pub(crate) fn reserve(&mut self, functions: usize, sizes: &Sizes) {
        self.entries.reserve_exact(functions);
        self.code.reserve_exact(sizes.code);
        self.constants.reserve_exact(sizes.constants);
        self.functions.reserve_exact(functions);
        self.upvalues.reserve_exact(sizes.upvalues);
        self.positions.reserve_exact(sizes.positions);
        self.locals.reserve_exact(sizes.locals);
    }

    /// Adds a function and gives its number; those nested in it are there already.
    ///
    /// # Panics
    /// If one of them is not.
    pub fn push(&mut self, function: Function<'_>) -> u32 {
        let number = self.entries.len() as u32;
        assert!(function.functions.iter().all(|&nested| nested < number), "nested functions come first");
        self.code.extend_from_slice(function.code);
        self.constants.extend_from_slice(function.constants);
        self.functions.extend_from_slice(function.functions);
        self.upvalues.extend_from_slice(function.upvalues);
        self.positions.extend_from_slice(function.positions);
        self.locals.extend_from_slice(function.locals);
        self.seal(function.head)
    }

    /// Makes a function of what was appended to the lists since the last one.
    fn seal(&mut self, head: Head) -> u32 {
        let number = self.entries.len() as u32;
        let ends = Ends {
            code: self.code.len() as u32,
            constants: self.constants.len() as u32,
            functions: self.functions.len() as u32,
            upvalues: self.upvalues.len() as u32,
            positions: self.positions.len() as u32,
            locals: self.locals.len() as u32,
        };
        self.entries.push(Entry { head, ends });
        number
    }

    /// The function of this number.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn function(&self, number: u32) -> Function<'_> {
        let number = number as usize;
        let from = number.checked_sub(1).map_or(Ends::default(), |before| self.entries[before].ends);
        let Entry { head, ends: to } = self.entries[number];
        Function {
            code: &self.code[from.code as usize..to.code as usize],
            constants: &self.constants[from.constants as usize..to.constants as usize],
            functions: &self.functions[from.functions as usize..to.functions as usize],
            upvalues: &self.upvalues[from.upvalues as usize..to.upvalues as usize],
            positions: &self.positions[from.positions as usize..to.positions as usize],
            locals: &self.locals[from.locals as usize..to.locals as usize],
            head,
        }
    }

    /// All functions, nested ones before those that contain them.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = Function<'_>> {
        (0..self.entries.len() as u32).map(|number| self.function(number))
    }

    /// The main function.
    ///
    /// # Panics
    /// If there is no function.
    pub fn main(&self) -> Function<'_> {
        self.function(self.entries.len().checked_sub(1).expect("a chunk has a main function") as u32)
    }

    /// Whether there is a type among the constants.
    pub fn mentions_types(&self) -> bool {
        !self.types.is_empty()
    }

    /// What the functions consist of; the part of each begins where that of the one before ends.
    pub(crate) fn lists(&self) -> Lists<'_> {
        Lists {
            code: &self.code,
            constants: &self.constants,
            functions: &self.functions,
            upvalues: &self.upvalues,
            positions: &self.positions,
            locals: &self.locals,
        }
    }

    /// The lists, to be appended to by `fill`, which describes the function that its part is.
    pub(crate) fn push_with<E>(
        &mut self,
        fill: impl FnOnce(&mut Growing<'_>) -> Result<Head, E>,
    ) -> Result<u32, E> {
        let head = fill(&mut Growing {
            code: &mut self.code,
            constants: &mut self.constants,
            functions: &mut self.functions,
            upvalues: &mut self.upvalues,
            positions: &mut self.positions,
            locals: &mut self.locals,
        })?;
        Ok(self.seal(head))
    }

    /// Forgets everything but the memory.
    pub(crate) fn clear(&mut self) {
        self.source.clear();
        self.strings.clear();
        self.names.clear();
        self.types.clear();
        self.entries.clear();
        self.code.clear();
        self.constants.clear();
        self.functions.clear();
        self.upvalues.clear();
        self.positions.clear();
        self.locals.clear();
    }

    /// Bytes of memory kept, as far as they grow with the source.
    pub(crate) fn capacity(&self) -> usize {
        self.source.capacity()
            + self.strings.capacity()
            + self.names.capacity()
            + self.code.capacity() * (size_of::<Instruction>() + size_of::<Position>())
            + self.constants.capacity() * size_of::<Constant>()
            + self.locals.capacity() * size_of::<LocalDescription>()
            + self.entries.capacity() * size_of::<Entry>()
    }
}

/// How long lists are.
#[derive(Default)]
pub(crate) struct Sizes {
    pub(crate) code: usize,
    pub(crate) constants: usize,
    pub(crate) upvalues: usize,
    pub(crate) positions: usize,
    pub(crate) locals: usize,
}

/// The lists of all functions, while one more is written.
pub(crate) struct Growing<'p> {
    pub(crate) code: &'p mut Vec<Instruction>,
    pub(crate) constants: &'p mut Vec<Constant>,
    pub(crate) functions: &'p mut Vec<u32>,
    pub(crate) upvalues: &'p mut Vec<UpvalueDescription>,
    pub(crate) positions: &'p mut Vec<Position>,
    pub(crate) locals: &'p mut Vec<LocalDescription>,
}

impl std::fmt::Debug for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.try_op() {
            Some(op) => write!(f, "{}({}, {}, {})", op.name(), self.a(), self.b(), self.c()),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}
