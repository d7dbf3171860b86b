//! Types of other modules: what `m.T` in a type stands for when a value is checked.
//!
//! Such a name is looked up among the modules that are loaded, each time, because a type belongs to no interpreter and
//! what is loaded does. Invariant: types of modules that lead to one another are followed a limited number of times.

use std::sync::Arc;

use wippy_typecheck::{Type, TypeKind};

use crate::heap::object::{StringObject, Table};
use crate::heap::slot::tag;
use crate::heap::{shared, table};
use crate::types::TypeValue;
use crate::types::program::Foreign;

use super::state::State;

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
    pub(crate) unsafe fn find(self, foreign: &Foreign) -> Option<(Arc<TypeValue>, Modules)> {
        let left = self.left.checked_sub(1)?;
        // SAFETY: the caller's promise; the registry is a root.
        let ty = unsafe {
            let loaded = table_in(self.registry, shared::word("_LOADED"))?;
            let module = table_in(loaded, foreign.module.raw())?;
            let member = table::get_string(module, foreign.member.raw());
            if member.tag != tag::TYPE {
                return None;
            }
            let ty = member.as_type();
            Arc::increment_strong_count(ty);
            Arc::from_raw(ty)
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

unsafe fn table_in(t: *const Table, name: *const StringObject) -> Option<*const Table> {
    // SAFETY: both are valid.
    let found = unsafe { table::get_string(t, name) };
    (found.tag == tag::TABLE).then(|| found.as_table().cast_const())
}
