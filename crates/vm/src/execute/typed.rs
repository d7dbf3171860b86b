//! What the machine does with type values: fields and methods, order, calls, and the library tables that stand for
//! types (`string`, `table`).
//!
//! The natives themselves belong to a [`TypeLibrary`]. Invariant: all of this is off the common path; programs without
//! types pay nothing for it.

use wippy_typecheck::{Basic, Type, TypeKind, is_subtype};

use crate::error::Result;
use crate::heap::handle::{TypeRef, Value};
use crate::heap::object::NativeClosure;
use crate::heap::slot::{Slot, read, tag, write};
use crate::heap::{shared, string, table};
use crate::types::program::{Node, NodeId, Program};
use crate::types::{KeptType, TypeLibrary, TypeValue};

use super::context::Context;
use super::foreign::Modules;
use super::frame::MULTIPLE;
use super::names;
use super::state::State;
use super::validate::Checker;

/// Values that cost one unit of fuel.
const VALUES_PER_UNIT: usize = 16;

/// Where the registry keeps libraries by name: those of scripts, and those of applications that stand for types.
const LIBRARIES: [&str; 2] = ["_LOADED", "_FACETS"];

/// Library tables that stand for a type, by the name under which they are kept.
const FACETS: [(&str, Basic); 2] = [("string", Basic::String), ("table", Basic::Table)];

/// Whether a value is of a type.
///
/// # Safety
/// Both must be valid.
#[inline]
pub(crate) unsafe fn accepts(state: &mut State, ty: *const TypeValue, value: Slot) -> bool {
    // SAFETY: the caller's promise.
    unsafe { accepts_at(state, (*ty).program(), 0, value) }
}

/// Whether a value is what a node asks for.
///
/// # Safety
/// The value must be valid.
#[inline]
pub(crate) unsafe fn accepts_at(state: &mut State, program: &Program, node: NodeId, value: Slot) -> bool {
    // SAFETY: the caller's promise; nothing runs during the check.
    unsafe {
        let mut checker = Checker::new(program, &[], state.heap.bytes(), Modules::of(state));
        let accepted = checker.accepts(node, value);
        state.fuel -= (checker.work / VALUES_PER_UNIT) as i64;
        accepted
    }
}

/// `R[a](R[a + 1])` where `R[a]` is a type that accepts the value, `wanted` results: stores the value in `R[a]`. Whether it
/// did; else the call is to be done as any other.
///
/// # Safety
/// The slot and the one above it must lie in the running coroutine's stack.
#[inline]
pub(crate) unsafe fn call(state: &mut State, function: *mut Slot, wanted: i16) -> bool {
    // SAFETY: the caller's promise; results that are wanted have registers.
    unsafe {
        let value = read(function.add(1));
        if (*function).tag != tag::TYPE || !accepts(state, (*function).as_type(), value) {
            return false;
        }
        store(state, function, [value], wanted);
        true
    }
}

/// `R[a + 1]:is(R[a + 2])` where `R[a + 1]` is a type that accepts the value: stores the value and nil from `R[a]` on.
/// Whether it did; else `R[a]` is the method, and the call is to be done as any other.
///
/// # Safety
/// As for [`call`], with one slot more.
#[inline]
pub(crate) unsafe fn is(state: &mut State, function: *mut Slot, wanted: i16) -> bool {
    // SAFETY: as for `call`.
    unsafe {
        let (ty, value) = (read(function.add(1)), read(function.add(2)));
        if ty.tag == tag::TYPE && accepts(state, ty.as_type(), value) {
            store(state, function, [value, Slot::NIL], wanted);
            return true;
        }
        write(function, is_method());
        false
    }
}

/// The method `is` of types, nil if no library has been installed.
pub(crate) fn is_method() -> Slot {
    TypeLibrary::installed().and_then(|library| library.method(b"is")).map_or(Slot::NIL, Slot::native)
}

/// Stores the results of a call, as many as are wanted.
#[inline(always)]
unsafe fn store<const N: usize>(state: &mut State, to: *mut Slot, results: [Slot; N], wanted: i16) {
    // SAFETY: the caller's: results that are wanted have registers, and open lists have room for two values.
    unsafe {
        let count = if wanted == MULTIPLE { N } else { wanted as usize };
        for (at, result) in results.iter().take(count).enumerate() {
            write(to.add(at), *result);
        }
        for at in N..count {
            (*to.add(at)).tag = tag::NIL;
        }
        if wanted == MULTIPLE {
            (*state.current()).top = to.add(N);
        }
    }
}

/// The basic type that a library table stands for.
///
/// # Safety
/// The value must be valid.
#[cold]
pub(crate) unsafe fn facet(state: &State, value: Slot) -> Option<Basic> {
    // SAFETY: the caller's promise; the registry is a root.
    unsafe {
        if value.tag != tag::TABLE {
            return None;
        }
        let kept = |key| table::get_string(state.heap.registry(), shared::word(key));
        let loaded = LIBRARIES.into_iter().map(kept).find(|loaded| loaded.tag == tag::TABLE)?;
        let is = |name: &'static str| {
            let library = table::get_string(loaded.as_table(), shared::word(name));
            library.tag == tag::TABLE && library.payload == value.payload
        };
        FACETS.iter().find(|(name, _)| is(name)).map(|&(_, basic)| basic)
    }
}

/// The type that a value is, or that it stands for.
///
/// # Safety
/// The value must be valid.
#[cold]
pub(crate) unsafe fn as_type(state: &mut State, value: Slot) -> Option<*const TypeValue> {
    // SAFETY: the caller's promise.
    unsafe {
        match value.tag {
            tag::TYPE => Some(value.as_type()),
            tag::TABLE => facet(state, value).map(|basic| std::ptr::from_ref(TypeValue::basic(basic))),
            _ => None,
        }
    }
}

/// `a <= b` or, if `strict`, `a < b` among types; `None` if one is no type.
///
/// # Safety
/// Both must be valid.
#[cold]
pub(crate) unsafe fn order(state: &mut State, a: Slot, b: Slot, strict: bool) -> Option<bool> {
    // SAFETY: the caller's promise.
    unsafe {
        if a.tag != tag::TYPE && b.tag != tag::TYPE && !(a.tag == tag::TABLE && b.tag == tag::TABLE) {
            return None;
        }
        let (a, b) = (&*as_type(state, a)?, &*as_type(state, b)?);
        let below = a == b || is_subtype(a.ty(), b.ty());
        Some(below && !(strict && (a == b || is_subtype(b.ty(), a.ty()))))
    }
}

/// Whether a type and a library table that stands for one are the same type.
///
/// # Safety
/// Both must be valid.
#[cold]
pub(crate) unsafe fn equals_facet(state: &State, a: Slot, b: Slot) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let (ty, table) = if a.tag == tag::TYPE { (a, b) } else { (b, a) };
        facet(state, table).is_some_and(|basic| *TypeValue::basic(basic) == *ty.as_type())
    }
}

/// Whether two types are the same once what they name in modules is looked up.
///
/// # Safety
/// Both must be valid types.
#[cold]
pub(crate) unsafe fn equals_resolved(state: &State, a: Slot, b: Slot) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let (named, other) = (resolved(state, &*a.as_type()), resolved(state, &*b.as_type()));
        match (&named, &other) {
            (None, None) => false,
            (Some(a), Some(b)) => **a == **b,
            (Some(a), None) => **a == *b.as_type(),
            (None, Some(b)) => **b == *a.as_type(),
        }
    }
}

/// What a type that only names one of another module (`m.T`) stands for, if that module is loaded and has it.
fn resolved(state: &State, ty: &TypeValue) -> Option<KeptType> {
    let TypeKind::Reference { .. } = ty.ty().kind() else { return None };
    let Node::Foreign(foreign) = *ty.program().nodes.first()? else { return None };
    // SAFETY: the interpreter is alive, and nothing runs.
    unsafe { Some(Modules::of(state).find(&ty.program().foreign[foreign as usize])?.0) }
}

/// `T.key`, or with `method` the function that `T:key()` calls.
///
/// # Safety
/// Both must be valid, the first a type.
#[cold]
pub(crate) unsafe fn member(state: &mut State, object: Slot, key: Slot, method: bool) -> Slot {
    // SAFETY: the caller's promise.
    unsafe {
        if key.tag != tag::STRING {
            return Slot::NIL;
        }
        let name = string::bytes(key.as_string());
        let found = TypeLibrary::installed().and_then(|library| library.method(name)).map(Slot::native);
        if let Some(found) = found
            && method
        {
            return found;
        }
        if let (b"is", Some(library)) = (name, TypeLibrary::installed()) {
            let bound = state.heap.native_closure(&library.bound_is, 1);
            *NativeClosure::upvalues(bound) = object;
            return Slot::native_closure(bound);
        }
        let ty = &*object.as_type();
        let fields = ty.ty().all_fields().unwrap_or_default();
        match fields.into_iter().find(|field| *field.name == *name) {
            Some(field) => state.heap.keep_type(TypeValue::of(&field.ty)),
            None => found.unwrap_or(Slot::NIL),
        }
    }
}

/// The function to call instead of a value that is a type, stands for one, or is a method that such a library table
/// does not have; the value itself becomes the first argument unless `true` comes back.
///
/// # Safety
/// The slot must lie in the running coroutine's stack, with its arguments above it.
#[cold]
pub(crate) unsafe fn callee(state: &mut State, function: *const Slot) -> Option<(Slot, bool)> {
    // SAFETY: the caller's promise.
    unsafe {
        let library = TypeLibrary::installed()?;
        match (*function).tag {
            tag::TYPE => Some((Slot::native(&library.call), false)),
            tag::TABLE => facet(state, *function).map(|_| (Slot::native(&library.call), false)),
            tag::NIL => {
                let top = (*state.current()).top;
                if function.add(1) >= top.cast_const() || facet(state, *function.add(1)).is_none() {
                    return None;
                }
                let name = names::operand_name(state, *function)?;
                let method = if name.kind == "method" { library.method(name.name.as_bytes()) } else { None };
                method.map(|native| (Slot::native(native), true))
            }
            _ => None,
        }
    }
}

impl<'gc> Context<'gc> {
    /// A type as a value of this interpreter.
    pub fn type_value(&mut self, ty: &Type) -> TypeRef<'gc> {
        self.adopt_type(TypeValue::of(ty))
    }

    /// A type that comes from another interpreter, or was made outside of any.
    pub fn adopt_type(&mut self, ty: KeptType) -> TypeRef<'gc> {
        let slot = self.st().heap.keep_type(ty);
        // SAFETY: the heap keeps it.
        unsafe { TypeRef::from_raw(slot.as_type()) }
    }

    /// The type that a value is, or that a library table (`string`, `table`) stands for.
    pub fn as_type(&mut self, value: Value<'gc>) -> Option<TypeRef<'gc>> {
        // SAFETY: the value is valid by its brand; the heap keeps what comes back.
        unsafe { as_type(self.st(), value.slot()).map(|ty| TypeRef::from_raw(ty)) }
    }

    /// Argument `index`, which must be a type or a library table that stands for one. A type that names one of another
    /// module is that one.
    ///
    /// # Errors
    /// When it is something else.
    pub fn check_type(&mut self, index: usize) -> Result<TypeRef<'gc>> {
        let value = self.get(index);
        let ty = self.as_type(value).ok_or_else(|| self.type_error(index, "type"))?;
        Ok(match resolved(self.st(), ty.value()) {
            Some(named) => self.adopt_type(named),
            None => ty,
        })
    }
}
