//! Linked functions: prototypes whose constants have become values of a heap.
//!
//! Functions that a heap loads belong to a [`Unit`], a cell that every closure of them keeps alive. Invariant: a
//! [`Code`] is never changed or moved after it is linked, and lives as long as its unit.

use std::cell::Cell;
use std::ptr::null_mut;

use smallvec::SmallVec;

use super::functions::{Common, Functions, Run};
use super::object::{Closure, Header, Kind, StringObject};
use super::slot::Slot;
use super::{Heap, OutOfMemory, string};
use crate::bytecode::instruction::Instruction;
use crate::bytecode::prototype::{Constant, Head, LocalDescription, Position, Prototype, UpvalueDescription};
use crate::types::TypeValue;

/// A function ready to run.
#[repr(C)]
pub(crate) struct Code {
    pub(crate) instructions: Run<Instruction>,
    /// Values; `aux` of a string is its hash.
    pub(crate) constants: Run<Slot>,
    /// Nested functions, of the same block.
    pub(crate) children: Run<*const Code>,
    pub(crate) upvalues: Run<UpvalueDescription>,
    pub(crate) parameters: u8,
    pub(crate) is_vararg: bool,
    pub(crate) registers: u8,
    /// Owner; null if the code is owned by nobody in this heap and all its constants are immortal.
    pub(crate) unit: *mut Unit,
    /// The closure made last, to be used again when it captures the same variables. Not a reference that keeps it
    /// alive: the end of marking forgets what was not reached. Always null in code without a unit, which other heaps
    /// share.
    pub(super) last_closure: Cell<*mut Closure>,
    pub(crate) line_defined: u32,
    pub(crate) last_line_defined: u32,
    pub(crate) positions: Run<Position>,
    pub(crate) locals: Run<LocalDescription>,
    pub(super) common: *const Common,
}

/// Functions that were loaded together.
#[repr(C)]
pub(crate) struct Unit {
    pub(crate) header: Header,
    /// None before they are linked and after they are released.
    pub(super) functions: Option<Functions>,
}

impl Unit {
    /// Drops the functions; how many bytes were accounted for them.
    ///
    /// # Safety
    /// No closure of them is alive.
    pub(super) unsafe fn release(unit: *mut Unit) -> usize {
        // SAFETY: the caller's promise; a unit's fields are initialised.
        unsafe { (*unit).functions.take() }.map_or(0, |functions| functions.size())
    }

    /// Accounted for the functions, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.functions.as_ref().map_or(0, Functions::size)
    }
}

impl Heap {
    /// Makes the functions of a prototype ready to run in this heap; gives the main function.
    ///
    /// The result lives as long as a closure of it, or of one of its nested functions, lives; until the first closure
    /// is made no collection may happen.
    pub(crate) fn link(&mut self, prototype: &Prototype) -> Result<*const Code, OutOfMemory> {
        if !self.has_room(Functions::bytes(prototype)) {
            return Err(OutOfMemory);
        }
        const BYTES: usize = size_of::<Unit>();
        // Its constants may be unmarked strings, so it must be traced.
        let header = Header { kind: Kind::Code, mark: self.pale(), flags: 0, small: 0, size: BYTES as u32 };
        let unit = self.memory.small(BYTES, header).cast::<Unit>();
        // SAFETY: the cell is fresh and of this size; the field is written, not dropped.
        unsafe { (&raw mut (*unit).functions).write(None) };
        self.destructible.push(unit.cast());
        // On failure the unit is garbage without functions.
        let mut strings: SmallVec<[Slot; 16]> = SmallVec::new();
        for text in prototype.strings.iter() {
            strings.push(string_slot(self.constant_string(text)?));
        }
        let functions = Functions::link(prototype, unit, &mut |constant| {
            Ok::<_, OutOfMemory>(match constant {
                Constant::String(text) => strings[text.0 as usize],
                Constant::Type(number) => self.keep_type(TypeValue::of(&prototype.types[number as usize])),
                constant => scalar(constant),
            })
        })?;
        self.memory.account(functions.size() as isize);
        let main: *const Code = functions.main();
        // SAFETY: as above.
        unsafe { (*unit).functions = Some(functions) };
        Ok(main)
    }
}

/// A string as a constant.
pub(super) fn string_slot(s: *const StringObject) -> Slot {
    // SAFETY: the caller made or found it just now.
    Slot { aux: unsafe { string::hash(s) }, ..Slot::string(s) }
}

/// A constant that refers to nothing as a value.
pub(super) fn scalar(constant: Constant) -> Slot {
    match constant {
        Constant::Boolean(b) => Slot::boolean(b),
        Constant::Integer(i) => Slot::integer(i),
        Constant::Float(f) => Slot::float(f),
        Constant::Nil | Constant::String(_) | Constant::Type(_) => Slot::NIL,
    }
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
        let Some(functions) = (unsafe { &(*unit).functions }) else { return };
        for code in &*functions.codes {
            if !code.last_closure.get().is_null() {
                self.remembering.push(code);
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

    /// What the function is apart from its lists.
    pub(super) fn head(&self) -> Head {
        Head {
            parameters: self.parameters,
            is_vararg: self.is_vararg,
            registers: self.registers,
            line_defined: self.line_defined,
            last_line_defined: self.last_line_defined,
        }
    }
}
