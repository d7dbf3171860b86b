//! From a syntax tree to a prototype: scopes, registers, constants, jumps, instructions.
//!
//! Knows nothing of the heap or of running code, and performs no I/O. Annotations, casts and `!` leave no trace; types
//! that are mentioned as values become constants (`types`). The compiler walks the tree in source order and keeps a *cursor* at the last token it has passed,
//! because the line of an instruction is that token's line unless a rule says otherwise. Invariant: whatever comes
//! out passes [`crate::bytecode::verify`].

mod assignment;
mod call;
mod constants;
mod declared;
mod descriptor;
mod desk;
mod error;
mod expression;
mod function;
mod jumps;
mod loops;
mod operator;
mod registers;
mod scope;
mod source;
mod statement;
mod table;
mod types;

use std::collections::HashMap;

use foldhash::fast::FixedState;
use wippy_parser::ast::{Chunk, Expression};
use wippy_parser::error::{FunctionPlace, SyntaxError, SyntaxErrorKind};
use wippy_parser::interner::{Interner, Symbol};
use wippy_parser::span::{Offset, Span};

pub use self::declared::{DeclaredTypes, ModuleNames, is_relative_module, relative_module};
pub use self::error::CompileError;

use self::constants::Constants;
use self::jumps::JumpList;
use self::scope::{Block, Label, PendingGoto, Variable};
use self::source::{Lines, Source};
use self::types::Types;
use crate::bytecode::instruction::{Instruction, MAX_AX, Op};
use crate::bytecode::prototype::{LocalDescription, Position, Prototype, Text, UpvalueDescription};

/// Compiles a parsed chunk whose text is `source`; `chunk_name` is kept for messages (`@file`, `=name` or the text).
///
/// The result is a vararg function with one upvalue, `_ENV` (Lua 5.3 manual, section 3.3.2).
///
/// # Errors
/// What a parser cannot see: `goto`, `break` and `...` out of place, and limits of the instruction set.
pub fn compile(
    chunk: &Chunk<'_>,
    interner: &Interner,
    source: &[u8],
    chunk_name: &[u8],
) -> Result<Prototype, SyntaxError> {
    let mut room = Room::default();
    room.begin(chunk_name);
    let mut compiler = Compiler::new(interner, source, None, room);
    compiler.open_main();
    compiler.block_statements(&chunk.block, false)?;
    compiler.close_main()?;
    Ok(compiler.out)
}

/// Parses and compiles `source`.
///
/// # Errors
/// The first syntax, scope or limit error.
pub fn compile_source(source: &[u8], chunk_name: &[u8]) -> Result<Prototype, CompileError> {
    compile_module(source, chunk_name, None).map(|(prototype, _)| prototype)
}

/// The same for a chunk that others may require: besides, the types that it declares at its top. `modules` says under
/// which names the modules are kept that it requires; without it they are kept as `require` of files does.
///
/// # Errors
/// As for [`compile_source`].
pub fn compile_module(
    source: &[u8],
    chunk_name: &[u8],
    modules: Option<ModuleNames<'_>>,
) -> Result<(Prototype, DeclaredTypes), CompileError> {
    with_module(source, chunk_name, modules, |prototype, declared| (std::mem::take(prototype), declared))
}

/// Compiles a chunk that others may require, and shows it to `then`; its memory serves the next one unless it is taken.
///
/// # Errors
/// As for [`compile_source`].
pub(crate) fn with_module<R>(
    source: &[u8],
    chunk_name: &[u8],
    modules: Option<ModuleNames<'_>>,
    then: impl FnOnce(&mut Prototype, DeclaredTypes) -> R,
) -> Result<R, CompileError> {
    desk::with(|desk| match desk.compile(source, chunk_name, modules) {
        Ok(declared) => Ok(then(&mut desk.room.out, declared)),
        Err(error) => Err(CompileError::new(error, chunk_name)),
    })
}

/// Shows an empty prototype to `fill`; its memory serves the next one.
pub(crate) fn with_empty<R>(fill: impl FnOnce(&mut Prototype) -> R) -> R {
    desk::with(|desk| fill(&mut desk.room.out))
}

/// What a compilation holds besides the tree: all there is between two pieces of a chunk, and afterwards memory for the
/// next one.
#[derive(Default)]
struct Room {
    out: Prototype,
    texts: Vec<Known>,
    hidden: Vec<HiddenName>,
    cursor: Offset,
    variables: Vec<Variable>,
    innermost: Vec<u32>,
    /// The function being compiled is the last one.
    open: Functions,
    spare: Functions,
    lines: Lines,
    block_count: u32,
}

/// The number of a main function.
const MAIN: u32 = 1;

impl Room {
    /// Makes it ready for a chunk.
    fn begin(&mut self, chunk_name: &[u8]) {
        self.clear();
        self.out.source.extend_from_slice(chunk_name);
        let mut main = self.spare.pop().unwrap_or_default();
        main.begin(MAIN, FunctionPlace::Main, 0, 0);
        self.open.push(main);
        self.lines.begin();
    }

    /// Forgets everything but the memory.
    fn clear(&mut self) {
        self.out.clear();
        self.texts.clear();
        self.hidden.clear();
        self.cursor = Offset(0);
        self.variables.clear();
        self.innermost.clear();
        self.spare.append(&mut self.open);
        self.lines.clear();
        self.block_count = 0;
    }
}

/// The state of one compilation, or of one piece of it; `'s` is the source, `'a` the tree and its names.
struct Compiler<'s, 'a> {
    source: Source<'s>,
    interner: &'a Interner,
    /// The functions compiled so far.
    out: Prototype,
    /// What is known of each symbol's text.
    texts: Vec<Known>,
    /// Names of variables that no symbol has.
    hidden: Vec<HiddenName>,
    /// The last byte of the last token passed.
    cursor: Offset,
    /// Variables in scope, of all functions being compiled, outermost first.
    variables: Vec<Variable>,
    /// Symbol -> 1 + index of its innermost variable; 0 if there is none.
    innermost: Vec<u32>,
    /// Functions around the current one, outermost first.
    enclosing: Functions,
    /// Finished functions, whose memory serves others.
    spare: Functions,
    /// The function being compiled.
    f: Box<Function>,
    /// Type names in scope.
    types: Types<'a>,
    /// Under which names the modules are kept that the chunk requires.
    module_names: Option<ModuleNames<'s>>,
    /// Nodes of left chains being walked.
    spine: Vec<&'a Expression<'a>>,
    /// The first error met where no result could be returned.
    deferred: Option<SyntaxError>,
    /// How many blocks were entered so far; numbers them, and with them the functions.
    block_count: u32,
}

/// Functions that wait, or whose memory does.
type Functions = Vec<Box<Function>>;

/// The state of one function.
#[derive(Default)]
struct Function {
    /// Number of this function, never used again in a compilation; not zero.
    serial: u32,
    code: Vec<Instruction>,
    positions: Vec<Position>,
    constants: Constants,
    /// Functions nested in it, by their number in the chunk.
    functions: Vec<u32>,
    upvalues: Vec<UpvalueDescription>,
    /// The variable behind each upvalue, as an index into `variables`.
    upvalue_variables: Vec<u32>,
    locals: Vec<LocalDescription>,
    /// Index of its first variable in `variables`.
    first_variable: usize,
    /// Active local variables.
    active: u8,
    /// First register not in use.
    free: u8,
    /// Registers needed so far.
    registers: u8,
    /// Whether a closure captures a local variable of this function.
    captured: bool,
    parameters: u8,
    is_vararg: bool,
    line_defined: u32,
    /// As `line_defined`, for messages.
    place: FunctionPlace,
    /// Jumps to the next instruction.
    waiting_here: JumpList,
    /// The latest pc that some jump targets.
    last_target: u32,
    blocks: Vec<Block>,
    gotos: Vec<PendingGoto>,
    /// Name -> indices of the pending gotos that want it, ascending.
    gotos_by_name: HashMap<Symbol, Vec<u32>, FixedState>,
    /// Block and name -> label.
    labels: HashMap<(u32, Symbol), Label, FixedState>,
}

/// What is known of a symbol.
#[derive(Clone, Copy)]
struct Known {
    /// Where its text is among the strings and among the names of the chunk, if it is there already.
    string: Text,
    name: Text,
    /// Which constant it is in the function of this number, the last one that asked.
    constant: u32,
    function: u32,
}

impl Known {
    const NOTHING: Self = Self { string: Text::NONE, name: Text::NONE, constant: 0, function: 0 };
}

/// A name that no symbol has, those of loops, and its place among the names of the chunk.
type HiddenName = (&'static str, Text);

impl Function {
    /// Makes a finished function, or one left half done by an error, ready to be another one.
    fn begin(&mut self, serial: u32, place: FunctionPlace, line_defined: u32, first_variable: usize) {
        self.serial = serial;
        self.code.clear();
        self.positions.clear();
        self.constants.clear();
        self.functions.clear();
        self.upvalues.clear();
        self.locals.clear();
        self.upvalue_variables.clear();
        self.blocks.clear();
        self.gotos.clear();
        self.gotos_by_name.clear();
        self.labels.clear();
        self.first_variable = first_variable;
        (self.active, self.free, self.registers) = (0, 0, 2);
        (self.captured, self.parameters, self.is_vararg) = (false, 0, false);
        (self.place, self.line_defined) = (place, line_defined);
        self.waiting_here = JumpList::EMPTY;
        self.last_target = 0;
    }

    fn pc(&self) -> u32 {
        self.code.len() as u32
    }
}

impl<'s, 'a> Compiler<'s, 'a> {
    /// Begins or goes on, with a tree whose names are in `interner`, which has all those that were there before.
    fn new(
        interner: &'a Interner,
        source: &'s [u8],
        module_names: Option<ModuleNames<'s>>,
        mut room: Room,
    ) -> Self {
        room.texts.resize(interner.len(), Known::NOTHING);
        room.innermost.resize(interner.len(), 0);
        Self {
            source: Source::new(source, room.lines),
            interner,
            out: room.out,
            texts: room.texts,
            hidden: room.hidden,
            cursor: room.cursor,
            variables: room.variables,
            innermost: room.innermost,
            f: room.open.pop().expect("a room that was begun has an open function"),
            enclosing: room.open,
            spare: room.spare,
            types: Types::default(),
            module_names,
            spine: Vec::new(),
            deferred: None,
            block_count: room.block_count,
        }
    }

    /// What the next piece needs, or the next compilation.
    fn into_room(mut self) -> Room {
        self.enclosing.push(self.f);
        Room {
            out: self.out,
            texts: self.texts,
            hidden: self.hidden,
            cursor: self.cursor,
            variables: self.variables,
            innermost: self.innermost,
            open: self.enclosing,
            spare: self.spare,
            lines: self.source.into_lines(),
            block_count: self.block_count,
        }
    }

    // ---- tokens ----

    /// Passes everything before `end`, which is the end of a token.
    fn pass(&mut self, end: Offset) {
        self.cursor = Offset(end.0.saturating_sub(1));
    }

    /// Passes the word or symbol that begins at or after `offset` and returns its place.
    #[inline]
    fn pass_token(&mut self, offset: Offset) -> Offset {
        if let b'=' | b',' | b'(' | b'[' | b'{' | b'.' = self.source.byte(offset) {
            self.cursor = offset;
            return offset;
        }
        let start = self.source.token_start(offset);
        self.cursor = self.source.word_end(start);
        start
    }

    /// The offset after the last token passed.
    fn next_offset(&self) -> Offset {
        Offset(self.cursor.0 + 1)
    }

    // ---- code ----

    /// Appends an instruction at the line of the cursor.
    fn emit(&mut self, instruction: Instruction, caret: Span) -> u32 {
        self.emit_at(instruction, self.cursor, caret)
    }

    /// Appends an instruction at the line of `at`.
    fn emit_at(&mut self, instruction: Instruction, at: Offset, caret: Span) -> u32 {
        if !self.f.waiting_here.is_empty() {
            self.resolve_waiting();
        }
        let pc = self.f.pc();
        self.f.code.push(instruction);
        self.f.positions.push(self.source.position(at, caret));
        pc
    }

    /// Appends the operand word of the instruction before it.
    fn emit_extra(&mut self, operand: u32, caret: Span) {
        if operand as usize > MAX_AX {
            self.too_long();
        }
        self.emit(Instruction::ax(Op::Extra, operand & MAX_AX as u32), caret);
    }

    /// Moves the last instruction to the line of `at`.
    fn move_last(&mut self, at: Offset, caret: Span) {
        let position = self.source.position(at, caret);
        if let Some(last) = self.f.positions.last_mut() {
            *last = position;
        }
    }

    // ---- texts ----

    /// The text of a symbol among the strings of the chunk.
    fn string_text(&mut self, symbol: Symbol) -> Text {
        let known = &mut self.texts[symbol.0 as usize].string;
        if *known == Text::NONE {
            *known = self.out.strings.push(self.interner.resolve(symbol));
        }
        *known
    }

    /// The text of a symbol among the names of variables.
    fn name_text(&mut self, symbol: Symbol) -> Text {
        let known = &mut self.texts[symbol.0 as usize].name;
        if *known == Text::NONE {
            *known = self.out.names.push(self.interner.resolve(symbol));
        }
        *known
    }

    /// The name of a variable that no name in the source can mean.
    fn hidden_name(&mut self, name: &'static str) -> Text {
        if let Some(&(_, text)) = self.hidden.iter().find(|(known, _)| *known == name) {
            return text;
        }
        let text = self.out.names.push(name.as_bytes());
        self.hidden.push((name, text));
        text
    }

    // ---- errors ----

    /// An error at the token after the cursor, which the message shows.
    #[cold]
    fn error_near(&self, kind: SyntaxErrorKind) -> SyntaxError {
        SyntaxError::near_next_token(kind, self.source.bytes(), self.next_offset())
    }

    /// An error reported on the line of the token after the cursor, but not about that token.
    #[cold]
    fn error_here(&self, kind: SyntaxErrorKind) -> SyntaxError {
        let next = self.source.token_start(self.next_offset());
        SyntaxError::without_token(kind, self.source.bytes(), next)
    }

    /// "too many `what`" in the function defined at `place`.
    #[cold]
    fn limit_error(&self, what: &'static str, limit: usize, place: FunctionPlace) -> SyntaxError {
        self.error_near(SyntaxErrorKind::TooMany { what, limit: limit as u32, function: place })
    }

    /// Remembers that a jump or an operand does not fit.
    #[cold]
    fn too_long(&mut self) {
        if self.deferred.is_none() {
            self.deferred = Some(self.error_near(SyntaxErrorKind::ControlStructureTooLong));
        }
    }
}
