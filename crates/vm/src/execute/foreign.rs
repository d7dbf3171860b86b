//! Types of other modules: what `m.T` in a type stands for when a value is checked.
//!
//! Such a name is looked up among the modules that are loaded, each time, because a type belongs to no interpreter and
//! what is loaded does: a field of the module that holds a type, else a type that the module's chunk declares at its top.
//! Invariant: types of modules that lead to one another are followed a limited number of times.

use wippy_typecheck::{Type, TypeKind};

use crate::compile::DeclaredTypes;
use crate::error::Result;
use crate::heap::handle::{TypeRef, Value};
use crate::heap::object::{StringObject, Table};
use crate::heap::slot::tag;
use crate::heap::{shared, table};
use crate::types::program::Foreign;
use crate::types::{KeptType, TypeValue};

use super::context::Context;
use super::state::State;

/// Where the registry keeps modules by name: those of scripts, and those that entries of applications import.
const MODULES: [&str; 2] = ["_LOADED", "_IMPORTS"];

/// Where the registry keeps the types that chunks of modules declare, by module and name.
const TYPES: &str = "_TYPES";

/// Most modules that lead to one another.
const MOST_FOLLOWED: u8 = 32;

/// The modules of an interpreter.
#[derive(Clone, Copy)]
pub(crate) struct Modules {
    registry: *const Table,
    /// How many more may be followed.
    left: u8,
}

impl Modules {
    /// Those of an interpreter, for one check.
    #[inline(always)]
    pub(crate) fn of(state: &State) -> Modules {
        Modules { registry: state.heap.registry(), left: MOST_FOLLOWED }
    }

    /// The type that a name stands for, and what it may use itself.
    ///
    /// # Safety
    /// The interpreter must be alive, and nothing may run meanwhile.
    pub(crate) unsafe fn find(self, foreign: &Foreign) -> Option<(KeptType, Modules)> {
        let left = self.left.checked_sub(1)?;
        // SAFETY: the caller's promise; the registry is a root.
        let ty = unsafe {
            let member = |kept: &'static str| {
                let kept = table_in(self.registry, shared::word(kept))?;
                let module = table_in(kept, foreign.module.raw())?;
                let member = table::get_string(module, foreign.member.raw());
                (member.tag == tag::TYPE).then(|| member.as_type())
            };
            let ty = MODULES.into_iter().find_map(member).or_else(|| member(TYPES))?;
            TypeRef::from_raw(ty).share()
        };
        let ty = match (ty.ty().kind(), foreign.arguments.as_slice()) {
            (_, []) => ty,
            (TypeKind::Generic(generic), arguments) => {
                TypeValue::of(&Type::named(generic.0.clone(), arguments.to_vec()))
            }
            _ => return None,
        };
        Some((ty, Modules { registry: self.registry, left }))
    }
}

impl<'gc> Context<'gc> {
    /// Keeps the types that the chunk of a module declares, so that types of others can name them.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn keep_types(&mut self, module: &[u8], types: &DeclaredTypes) -> Result<()> {
        if types.is_empty() {
            return Ok(());
        }
        let registry = self.registry();
        let kept = match self.field(registry, TYPES) {
            Value::Table(kept) => kept,
            _ => {
                let kept = self.table(0, 1)?;
                self.set_field(registry, TYPES, kept)?;
                kept
            }
        };
        let own = self.table(0, types.len())?;
        for (name, ty) in types {
            let (name, ty) = (self.string(name.as_bytes())?, self.type_value(ty));
            self.raw_set(own, name, ty)?;
        }
        let module = self.string(module)?;
        self.raw_set(kept, module, own)
    }
}

unsafe fn table_in(t: *const Table, name: *const StringObject) -> Option<*const Table> {
    // SAFETY: both are valid.
    let found = unsafe { table::get_string(t, name) };
    (found.tag == tag::TABLE).then(|| found.as_table().cast_const())
}
