//! From bytes to a function: compile a text or check a binary chunk, link it, close it over its environment.

use crate::bytecode::prototype::Prototype;
use crate::bytecode::undump::undump_into;
use crate::bytecode::verify::verify;
use crate::compile::{DeclaredTypes, ModuleNames, with_empty, with_module};
use crate::error::{Error, ErrorKind, Result};
use crate::heap::code::Code;
use crate::heap::handle::{Closure, Table, Value};
use crate::heap::object;
use crate::heap::program::Program;
use crate::heap::slot::Slot;

use super::context::Context;

/// What a chunk may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoadMode {
    /// Source text.
    pub text: bool,
    /// A binary chunk.
    pub binary: bool,
}

impl LoadMode {
    /// Either.
    pub const ANY: LoadMode = LoadMode { text: true, binary: true };
}

/// Fuel for a byte of text: compiling takes 40 nanoseconds for it on average, up to 120 in dense text.
const UNITS_PER_BYTE: usize = 4;

/// First byte of binary chunks.
const ESCAPE: u8 = 0x1b;

/// Shows `then` the functions of a chunk, and the types it declares: a text is compiled, a binary chunk read and verified.
fn with_prototype<R>(
    source: &[u8],
    chunk_name: &[u8],
    mode: LoadMode,
    modules: Option<ModuleNames<'_>>,
    then: impl FnOnce(&mut Prototype, DeclaredTypes) -> R,
) -> Result<R> {
    let syntax = |message: Vec<u8>| Error::new(ErrorKind::Syntax(message));
    let refused = |kind: &str, allowed: &str| {
        syntax(format!("attempt to load a {kind} chunk (mode is '{allowed}')").into_bytes())
    };
    if source.first() != Some(&ESCAPE) {
        if !mode.text {
            return Err(refused("text", "b"));
        }
        let compiled = with_module(source, chunk_name, modules, then);
        return compiled.map_err(|error| syntax(error.message().to_vec()));
    }
    if !mode.binary {
        return Err(refused("binary", "t"));
    }
    // Unlike texts, binary chunks are named in full, and by their kind if their name is the chunk itself.
    let name = match chunk_name {
        [b'=' | b'@', name @ ..] => name,
        [ESCAPE, ..] => b"binary string",
        name => name,
    };
    let named = |error: &dyn std::fmt::Display| syntax([name, b": ", error.to_string().as_bytes()].concat());
    with_empty(|prototype| {
        undump_into(source, prototype).map_err(|error| named(&error))?;
        verify(prototype).map_err(|error| named(&error))?;
        Ok(then(prototype, Vec::new()))
    })
}

/// A function that belongs to no heap yet. It can be made on any thread, where compiling keeps nobody waiting.
pub struct Compiled(Prototype);

impl Compiled {
    /// Compiles a text, or checks a binary chunk. `chunk_name` is as for `load`: `@file`, `=name`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] with the whole message for a chunk that is refused.
    pub fn new(source: &[u8], chunk_name: &[u8], mode: LoadMode) -> Result<Compiled> {
        with_prototype(source, chunk_name, mode, None, |prototype, _| Compiled(std::mem::take(prototype)))
    }
}

impl Program {
    /// Compiles a text, or checks a binary chunk. `chunk_name` is as for `load`: `@file`, `=name`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] with the whole message for a chunk that is refused.
    pub fn compile(source: &[u8], chunk_name: &[u8]) -> Result<Program> {
        Program::compile_module(source, chunk_name, None).map(|(program, _)| program)
    }

    /// The same for a chunk that others may require, with the types that it declares for them. `modules` says under which
    /// names the modules are kept that it requires itself.
    ///
    /// # Errors
    /// As for [`Program::compile`].
    pub fn compile_module(
        source: &[u8],
        chunk_name: &[u8],
        modules: Option<ModuleNames<'_>>,
    ) -> Result<(Program, DeclaredTypes)> {
        with_prototype(source, chunk_name, LoadMode::ANY, modules, |prototype, types| {
            (Program::new(prototype), types)
        })
    }
}

impl<'gc> Context<'gc> {
    /// Makes a function of a chunk; its first upvalue is the global environment.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] with the whole message for a chunk that is refused.
    pub fn load(&mut self, source: &[u8], chunk_name: &[u8], mode: LoadMode) -> Result<Closure<'gc>> {
        self.load_module(source, chunk_name, mode).map(|(closure, _)| closure)
    }

    /// The same for a chunk that others may require: besides, the types that it declares at its top.
    ///
    /// # Errors
    /// As for [`Context::load`].
    pub fn load_module(
        &mut self,
        source: &[u8],
        chunk_name: &[u8],
        mode: LoadMode,
    ) -> Result<(Closure<'gc>, DeclaredTypes)> {
        let heap = &mut self.st().heap;
        let linked = with_prototype(source, chunk_name, mode, None, |prototype, types| {
            heap.link(prototype).map(|code| (code, types))
        });
        let (code, types) = linked??;
        let _ = self.charge(source.len() * UNITS_PER_BYTE);
        Ok((self.close(code), types))
    }

    /// Makes a function of what was compiled; its first upvalue is the global environment.
    ///
    /// # Errors
    /// "not enough memory".
    pub fn link(&mut self, compiled: Compiled) -> Result<Closure<'gc>> {
        let code = self.st().heap.link(&compiled.0)?;
        Ok(self.close(code))
    }

    /// Refuses a chunk of so many bytes if compiling it would need more memory than this interpreter may have at all.
    ///
    /// # Errors
    /// "not enough memory".
    pub fn check_source(&self, bytes: usize) -> Result<()> {
        if bytes > self.longest_source() { Err(ErrorKind::Memory.into()) } else { Ok(()) }
    }

    /// Longest chunk, in bytes, that can be compiled with the memory that this interpreter may have.
    pub fn longest_source(&self) -> usize {
        /// Bytes of syntax tree and code for a byte of text, by rule of thumb: dense text has 30.
        const FACTOR: usize = 16;
        self.st().heap.limit() / FACTOR
    }

    /// Makes a function of a shared program; its first upvalue is the global environment.
    pub fn load_program(&mut self, program: &Program) -> Closure<'gc> {
        let code = self.st().heap.adopt(program);
        self.close(code)
    }

    /// A closure of a main function over fresh variables and the globals.
    fn close(&mut self, code: *const Code) -> Closure<'gc> {
        let state = self.st();
        // SAFETY: linked code is valid while its closure lives; upvalues are fresh and closed; the globals are a root.
        unsafe {
            let code_ref: &Code = &*code;
            let count = code_ref.upvalues.len();
            let closure = state.heap.closure(code, count);
            for n in 0..count {
                let upvalue = state.heap.upvalue();
                (*upvalue).closed = Slot::NIL;
                (*upvalue).value = &raw mut (*upvalue).closed;
                *object::Closure::upvalues(closure).add(n) = upvalue;
                if n == 0 {
                    (*upvalue).closed = Slot::table(state.heap.roots.globals);
                }
            }
            Closure::from_raw(closure)
        }
    }

    /// Sets upvalue `index` (from 1) of a Lua function; `false` if it has none.
    pub fn set_closure_upvalue(&mut self, closure: Closure<'gc>, index: usize, value: Value<'gc>) -> bool {
        let raw = closure.raw();
        // SAFETY: the closure is valid by its brand, the index checked; the barrier follows the store.
        unsafe {
            if index.wrapping_sub(1) >= (*raw).header.small as usize {
                return false;
            }
            let upvalue = *object::Closure::upvalues(raw).add(index - 1);
            *(*upvalue).value = value.slot();
            self.st().heap.barrier(value.slot());
        }
        true
    }

    /// A Lua function as a binary chunk (`string.dump`); none if it mentions types, which have no binary form.
    pub fn dump(&self, closure: Closure<'gc>, strip: bool) -> Option<Vec<u8>> {
        // SAFETY: the closure is valid by its brand, and so is its code.
        let prototype = unsafe { (*(*closure.raw()).code).to_prototype() };
        (!prototype.mentions_types()).then(|| crate::bytecode::dump::dump(&prototype, strip))
    }

    /// Makes `table` the global environment.
    pub fn set_globals(&mut self, table: Table<'gc>) {
        self.st().heap.roots.globals = table.raw();
    }

    /// The code behind a closure, for `debug`.
    pub(crate) fn code(&self, closure: Closure<'gc>) -> &'gc Code {
        // SAFETY: the closure is valid by its brand, and so is its code.
        unsafe { &*(*closure.raw()).code }
    }
}
