//! Linked functions: prototypes whose constants have become values of a heap.
//!
//! Functions that a heap loads belong to a [`Unit`], a cell that every closure of them keeps alive. Invariant: a
//! [`Code`] is never changed or moved after it is linked, and lives as long as its unit.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::Arc;

use super::object::Closure;
use super::object::{Header, Kind, StringObject};
use super::slot::{Slot, tag};
use super::{Heap, OutOfMemory, string};
use crate::bytecode::instruction::Instruction;
use crate::bytecode::prototype::{Constant, LocalDescription, Position, Prototype, UpvalueDescription};
use crate::types::TypeValue;

/// A function ready to run.
#[repr(C)]
pub(crate) struct Code {
    pub(crate) instructions: Box<[Instruction]>,
    /// Values; `aux` of a string is its hash.
    pub(crate) constants: Box<[Slot]>,
    /// Nested functions, owned by the same unit.
    pub(crate) children: Box<[*const Code]>,
    pub(crate) upvalues: Box<[UpvalueDescription]>,
    pub(crate) parameters: u8,
    pub(crate) is_vararg: bool,
    pub(crate) registers: u8,
    /// Owner; null if the code is owned by nobody in this heap and all its constants are immortal.
    pub(crate) unit: *mut Unit,
    /// The closure made last, to be used again when it captures the same variables. Not a reference that keeps it
    /// alive: the end of marking forgets what was not reached. Always null in code without a unit, which other heaps
    /// share.
    pub(super) last_closure: Cell<*mut Closure>,
    pub(crate) source: Arc<[u8]>,
    pub(crate) line_defined: u32,
    pub(crate) last_line_defined: u32,
    pub(crate) positions: Box<[Position]>,
    pub(crate) locals: Box<[LocalDescription]>,
}

/// Functions that were loaded together.
#[repr(C)]
pub(crate) struct Unit {
    pub(crate) header: Header,
    /// All functions, nested ones before those that contain them.
    #[expect(clippy::vec_box, reason = "closures and parents point to them")]
    pub(crate) functions: Vec<Box<Code>>,
    /// Accounted for the functions, in bytes.
    pub(super) bytes: usize,
}

impl Unit {
    /// Drops the functions; how many bytes were accounted for them.
    ///
    /// # Safety
    /// No closure of them is alive.
    pub(super) unsafe fn release(unit: *mut Unit) -> usize {
        // SAFETY: the caller's promise; a unit's fields are initialised.
        unsafe {
            drop(std::mem::take(&mut (*unit).functions));
            std::mem::take(&mut (*unit).bytes)
        }
    }
}

impl Heap {
    /// Makes a prototype's functions ready to run in this heap.
    ///
    /// The result lives as long as a closure of it, or of one of its nested functions, lives; until the first closure
    /// is made no collection may happen.
    pub(crate) fn link(&mut self, prototype: Prototype) -> Result<*const Code, OutOfMemory> {
        let bytes = footprint(&prototype);
        if !self.has_room(bytes) {
            return Err(OutOfMemory);
        }
        const BYTES: usize = size_of::<Unit>();
        // Its constants may be unmarked strings, so it must be traced.
        let header = Header { kind: Kind::Code, mark: self.pale(), flags: 0, small: 0, size: BYTES as u32 };
        let unit = self.memory.small(BYTES, header).cast::<Unit>();
        // SAFETY: the cell is fresh and of this size; fields are written, not dropped.
        unsafe {
            (&raw mut (*unit).functions).write(Vec::new());
            (*unit).bytes = bytes;
        }
        self.memory.account(bytes as isize);
        self.destructible.push(unit.cast());
        let mut functions = Vec::new();
        let code = link(prototype, unit, &mut functions, &mut |constant| self.link_constant(constant));
        // On failure the unit is garbage with what it has got.
        // SAFETY: as above.
        unsafe { (*unit).functions = functions };
        code
    }

    fn link_constant(&mut self, constant: &Constant) -> Result<Slot, OutOfMemory> {
        // Both need the heap, one after the other.
        if let Constant::Type(ty) = constant {
            return Ok(self.keep_type(TypeValue::of(ty)));
        }
        link_constant(constant, |bytes| Ok(self.constant_string(bytes)?.cast_const()))
    }
}

/// A constant as a value, its string as `make` makes it; a type is counted once more.
pub(super) fn link_constant<E>(
    constant: &Constant,
    make: impl FnOnce(&[u8]) -> Result<*const StringObject, E>,
) -> Result<Slot, E> {
    Ok(match constant {
        Constant::Nil => Slot::NIL,
        Constant::Boolean(b) => Slot::boolean(*b),
        Constant::Integer(i) => Slot::integer(*i),
        Constant::Float(f) => Slot::float(*f),
        // A count of its own, which whoever links code without a heap gives back.
        Constant::Type(ty) => Slot::ty(Arc::into_raw(TypeValue::of(ty))),
        Constant::String(bytes) => {
            let s = make(bytes)?;
            // SAFETY: the string was made or found just now.
            Slot { aux: unsafe { string::hash(s) }, ..Slot::string(s) }
        }
    })
}

/// Makes code of a prototype and its nested ones, nested ones first, with constants as `constant` makes them.
#[expect(clippy::vec_box, reason = "closures and parents point to them")]
pub(super) fn link<E>(
    prototype: Prototype,
    unit: *mut Unit,
    functions: &mut Vec<Box<Code>>,
    constant: &mut dyn FnMut(&Constant) -> Result<Slot, E>,
) -> Result<*const Code, E> {
    let mut children = Vec::with_capacity(prototype.prototypes.len());
    for child in prototype.prototypes {
        children.push(link(child, unit, functions, constant)?);
    }
    let mut constants = Vec::with_capacity(prototype.constants.len());
    for value in &prototype.constants {
        constants.push(constant(value)?);
    }
    functions.push(Box::new(Code {
        instructions: prototype.code.into(),
        constants: constants.into(),
        children: children.into(),
        upvalues: prototype.upvalues.into(),
        parameters: prototype.parameters,
        is_vararg: prototype.is_vararg,
        registers: prototype.registers,
        unit,
        last_closure: Cell::new(null_mut()),
        source: prototype.source,
        line_defined: prototype.line_defined,
        last_line_defined: prototype.last_line_defined,
        positions: prototype.positions.into(),
        locals: prototype.locals.into(),
    }));
    let code: &Code = functions.last().expect("just pushed");
    Ok(code)
}

/// Bytes that a linked function and its nested ones take outside of cells.
pub(super) fn footprint(prototype: &Prototype) -> usize {
    size_of::<Code>()
        + size_of::<Box<Code>>()
        + size_of_val(prototype.code.as_slice())
        + prototype.constants.len() * size_of::<Slot>()
        + prototype.prototypes.len() * size_of::<*const Code>()
        + size_of_val(prototype.upvalues.as_slice())
        + size_of_val(prototype.positions.as_slice())
        + size_of_val(prototype.locals.as_slice())
        + prototype.prototypes.iter().map(footprint).sum::<usize>()
}

/// The closures that functions remember.
impl Heap {
    /// Makes `closure` the one that `code` remembers, if the code is this heap's own.
    ///
    /// # Safety
    /// Both are alive, and the closure is one of `code`.
    #[inline]
    pub(crate) unsafe fn remember_closure(&mut self, code: *const Code, closure: *mut Closure) {
        // SAFETY: the caller's promise.
        unsafe {
            if (*code).unit.is_null() {
                return;
            }
            let last = (*code).last_closure.replace(closure);
            // The unit may have been traced already, when there was nothing to remember.
            if self.is_marking() && last.is_null() {
                self.remembering.push(code);
            }
        }
    }

    /// Notes which functions of a unit remember a closure; for when it is traced.
    ///
    /// # Safety
    /// The unit is alive.
    pub(super) unsafe fn note_remembering(&mut self, unit: *mut Unit) {
        // SAFETY: the caller's promise.
        for code in unsafe { &(*unit).functions } {
            if !code.last_closure.get().is_null() {
                self.remembering.push(&raw const **code);
            }
        }
    }

    /// Forgets the closures that were not reached.
    ///
    /// # Safety
    /// Marking has ended, and nothing has been freed since it began.
    pub(super) unsafe fn forget_closures(&mut self) {
        let epoch = self.memory.epoch;
        for &code in self.remembering.iter() {
            // SAFETY: the caller's promise.
            unsafe {
                let last = &(*code).last_closure;
                // A function may be listed twice.
                let closure = last.get();
                if !closure.is_null() && (*closure).header.mark & epoch == 0 {
                    last.set(null_mut());
                }
            }
        }
        self.remembering.clear();
    }
}

impl Code {
    /// The closure to be used again, or null. It is alive.
    #[inline(always)]
    pub(crate) fn last_closure(&self) -> *mut Closure {
        self.last_closure.get()
    }

    /// The function as plain data again, for `string.dump`.
    ///
    /// # Safety
    /// The code is alive.
    pub(crate) unsafe fn to_prototype(&self) -> Prototype {
        // SAFETY: constants and children live as long as the code.
        unsafe {
            Prototype {
                code: self.instructions.to_vec(),
                constants: self.constants.iter().map(|&constant| plain(constant)).collect(),
                prototypes: self.children.iter().map(|&child| (*child).to_prototype()).collect(),
                upvalues: self.upvalues.to_vec(),
                parameters: self.parameters,
                is_vararg: self.is_vararg,
                registers: self.registers,
                source: Arc::clone(&self.source),
                line_defined: self.line_defined,
                last_line_defined: self.last_line_defined,
                positions: self.positions.to_vec(),
                locals: self.locals.to_vec(),
            }
        }
    }
}

/// A constant as plain data.
unsafe fn plain(constant: Slot) -> Constant {
    match constant.tag {
        tag::INTEGER => Constant::Integer(constant.as_integer()),
        tag::FLOAT => Constant::Float(constant.as_float()),
        tag::TRUE => Constant::Boolean(true),
        tag::FALSE => Constant::Boolean(false),
        // SAFETY: the caller's constants are alive.
        tag::TYPE => Constant::Type(unsafe { (*constant.as_type()).ty().clone() }),
        // SAFETY: as above.
        tag::STRING => Constant::String(unsafe { string::bytes(constant.as_string()) }.into()),
        _ => Constant::Nil,
    }
}
