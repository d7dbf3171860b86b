//! Registers of the function being compiled: a stack above its active locals.
//!
//! Invariant: register n below the number of active locals belongs to the n-th of them; the registers from there to
//! `free` hold temporaries and are given back in the opposite order.

use wippy_parser::error::{SyntaxError, SyntaxErrorKind};

use super::{Compiler, Function};

/// Most registers a function may use, as in the reference implementation.
const LIMIT: usize = 254;

impl Function {
    /// Whether `register` holds a temporary.
    pub(super) fn is_temporary(&self, register: u8) -> bool {
        register >= self.active
    }

    /// Gives `register` back if it is a temporary; it must be the last one taken.
    pub(super) fn release(&mut self, register: u8) {
        if self.is_temporary(register) {
            self.free -= 1;
            debug_assert_eq!(self.free, register, "temporaries are released in order");
        }
    }

    /// Gives two registers back, the later one first.
    pub(super) fn release_two(&mut self, one: u8, two: u8) {
        self.release(one.max(two));
        self.release(one.min(two));
    }
}

impl Compiler<'_, '_> {
    /// Makes sure that `count` registers exist above the ones in use.
    pub(super) fn need_registers(&mut self, count: usize) -> Result<(), SyntaxError> {
        let top = usize::from(self.f.free) + count;
        if top > usize::from(self.f.registers) {
            if top > LIMIT {
                return Err(self.error_near(SyntaxErrorKind::TooManyRegisters));
            }
            self.f.registers = top as u8;
        }
        Ok(())
    }

    /// Takes the next `count` registers and returns the first.
    pub(super) fn take_registers(&mut self, count: usize) -> Result<u8, SyntaxError> {
        self.need_registers(count)?;
        let first = self.f.free;
        self.f.free += count as u8;
        Ok(first)
    }
}
