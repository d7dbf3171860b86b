//! Programs: compiled code that many heaps run.
//!
//! A program is made once, is never written afterwards, and may be used by any number of heaps on any threads. Its
//! string constants live as long as it does. Invariant: a heap that has made a closure of a program keeps the program
//! until it dies, so code and constants outlive whatever in the heap refers to them.

use std::ptr::null_mut;
use std::sync::Arc;

use super::Heap;
use super::code::{Code, scalar, string_slot};
use super::functions::Functions;
use super::shared;
use super::slot::{Slot, tag};
use crate::bytecode::prototype::{Constant, Prototype};
use crate::lazy::Lazy;
use crate::types::{KeptType, TypeValue};

/// Compiled code, shared by all interpreters that run it. Cloning is cheap; the code goes with the last user.
#[derive(Clone)]
pub struct Program(Arc<Linked>);

struct Linked {
    functions: Functions,
    /// Of the constants.
    _types: Vec<KeptType>,
}

// SAFETY: linked code of a program is not written after `Program::new`: what is cached in code belongs to a unit, and
// this has none. Its pointers lead to its own functions and to counted strings, which are immutable and hashed.
unsafe impl Send for Linked {}
// SAFETY: as above.
unsafe impl Sync for Linked {}

impl Drop for Linked {
    fn drop(&mut self) {
        for constant in &*self.functions.constants {
            if constant.tag == tag::STRING {
                // SAFETY: acquired in `new`, once for each constant; no heap uses the program any more.
                unsafe { shared::release(constant.as_string()) };
            }
        }
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("functions", &self.0.functions.codes.len()).finish_non_exhaustive()
    }
}

impl Program {
    /// Links a prototype that was compiled here or has been verified.
    pub(crate) fn new(prototype: &Prototype) -> Program {
        let mut types = Vec::new();
        let linked: Result<_, std::convert::Infallible> =
            Functions::link(prototype, null_mut(), &mut |constant| {
                Ok(match constant {
                    Constant::String(text) => string_slot(shared::acquire(prototype.strings.get(text))),
                    Constant::Type(number) => {
                        let ty = TypeValue::of(&prototype.types[number as usize]);
                        let slot = Slot::ty(&raw const *ty);
                        types.push(ty);
                        slot
                    }
                    constant => scalar(constant),
                })
            });
        match linked {
            Ok(functions) => Program(Arc::new(Linked { functions, _types: types })),
        }
    }

    /// Bytes that the code takes, constants aside; once for all its users.
    pub fn bytes(&self) -> usize {
        self.0.functions.size()
    }

    /// The main function.
    pub(super) fn main(&self) -> &Code {
        self.0.functions.main()
    }
}

/// The programs that a heap has made closures of.
#[derive(Default)]
pub(super) struct Programs {
    first: Option<Program>,
    more: Lazy<Vec<Program>>,
}

impl Heap {
    /// The main function of a program, which this heap keeps from now on.
    pub(crate) fn adopt(&mut self, program: &Program) -> *const Code {
        let known = |kept: &Program| Arc::ptr_eq(&kept.0, &program.0);
        let programs = &mut self.programs;
        match &programs.first {
            None => programs.first = Some(program.clone()),
            Some(first) => {
                if !known(first) && !programs.more.iter().any(known) {
                    programs.more.push(program.clone());
                }
            }
        }
        program.main()
    }
}
