//! Reading and writing through values: raw access, `__index` and `__newindex` chains, length.
//!
//! The functions here decide what must happen; when that is a call, they say so and the caller arranges it, from a
//! Lua frame or from a native one. (Lua 5.3 manual, section 2.4.)

use crate::error::{Error, ErrorKind, Result};
use crate::heap::object::{TABLE_FROZEN, Table};
use crate::heap::slot::{Slot, tag};
use crate::heap::table;

use super::event::{self, Event};
use super::names;
use super::state::State;
use super::typed;

/// Longest chain of `__index` or `__newindex` values that is followed; as the reference implementation.
const MAX_CHAIN: usize = 2000;

/// What reading `object[key]` comes to.
pub(crate) enum Lookup {
    Value(Slot),
    /// `function(object, key)` gives the value.
    Call {
        function: Slot,
        object: Slot,
    },
}

/// `function(object, key, value)` must be called instead of an assignment.
pub(crate) struct AssignCall {
    pub(crate) function: Slot,
    pub(crate) object: Slot,
}

/// The metamethod in a metatable; nil if the metatable is null or has none. Absence of the common ones is remembered
/// in the metatable's flags, which every new key clears.
///
/// # Safety
/// The metatable must be null or valid.
#[inline]
pub(crate) unsafe fn metamethod_of(metatable: *mut Table, event: Event) -> Slot {
    // SAFETY: the caller's promise.
    unsafe {
        if metatable.is_null() || (*metatable).header.flags & event.absent_flag() != 0 {
            return Slot::NIL;
        }
        let value = table::get_string(metatable, event::name_string(event));
        if value.is_nil() && (*metatable).header.flags & TABLE_FROZEN == 0 {
            (*metatable).header.flags |= event.absent_flag();
        }
        value
    }
}

/// The metamethod of a value.
///
/// # Safety
/// The value must be valid.
#[inline]
pub(crate) unsafe fn metamethod(state: &State, value: Slot, event: Event) -> Slot {
    // SAFETY: the caller's promise.
    unsafe { metamethod_of(state.metatable(value), event) }
}

/// `object[key]` with metamethods.
///
/// # Safety
/// The values must be valid.
pub(crate) unsafe fn lookup(state: &mut State, mut object: Slot, key: Slot) -> Result<Lookup> {
    // SAFETY: the caller's promise; what tables and metatables hold is valid.
    unsafe {
        for depth in 0..MAX_CHAIN {
            let handler = if object.tag == tag::TABLE {
                let value = table::get(object.as_table(), key);
                if !value.is_nil() {
                    return Ok(Lookup::Value(value));
                }
                let handler = metamethod_of((*object.as_table()).metatable, Event::Index);
                if handler.is_nil() {
                    return Ok(Lookup::Value(Slot::NIL));
                }
                handler
            } else {
                let handler = metamethod(state, object, Event::Index);
                if handler.is_nil() && object.tag == tag::TYPE {
                    return Ok(Lookup::Value(typed::member(state, object, key, false)));
                }
                if handler.is_nil() {
                    return Err(not_indexable(state, object, key, depth));
                }
                handler
            };
            if is_function(handler) {
                return Ok(Lookup::Call { function: handler, object });
            }
            object = handler;
        }
        Err(ErrorKind::Operation("'__index' chain too long; possible loop").into())
    }
}

/// `object[key] = value` with metamethods; performs it unless a call is needed.
///
/// # Safety
/// The values must be valid.
pub(crate) unsafe fn assign(
    state: &mut State,
    mut object: Slot,
    key: Slot,
    value: Slot,
) -> Result<Option<AssignCall>> {
    // SAFETY: the caller's promise; what tables and metatables hold is valid.
    unsafe {
        for depth in 0..MAX_CHAIN {
            let handler = if object.tag == tag::TABLE {
                let t = object.as_table();
                let metatable = (*t).metatable;
                let handler = if metatable.is_null() || !table::get(t, key).is_nil() {
                    Slot::NIL
                } else {
                    metamethod_of(metatable, Event::NewIndex)
                };
                if handler.is_nil() {
                    state.heap.set(t, key, value)?;
                    return Ok(None);
                }
                handler
            } else {
                let handler = metamethod(state, object, Event::NewIndex);
                if handler.is_nil() {
                    return Err(not_indexable(state, object, key, depth));
                }
                handler
            };
            if is_function(handler) {
                return Ok(Some(AssignCall { function: handler, object }));
            }
            object = handler;
        }
        Err(ErrorKind::Operation("'__newindex' chain too long; possible loop").into())
    }
}

/// `#object`: the length, or the metamethod to call.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn length(state: &mut State, object: Slot) -> Result<Result<Slot, Slot>> {
    // SAFETY: the caller's promise.
    unsafe {
        match object.tag {
            tag::TABLE => {
                let t = object.as_table();
                let handler = metamethod_of((*t).metatable, Event::Len);
                Ok(if handler.is_nil() { Ok(Slot::integer(table::length(t))) } else { Err(handler) })
            }
            tag::STRING => Ok(Ok(Slot::integer(i64::from((*object.as_string()).len)))),
            _ => {
                let handler = metamethod(state, object, Event::Len);
                if handler.is_nil() {
                    return Err(names::operand_error(state, "get length of", object));
                }
                Ok(Err(handler))
            }
        }
    }
}

/// Whether a value is a function of any kind.
#[inline]
pub(crate) fn is_function(value: Slot) -> bool {
    matches!(value.tag, tag::CLOSURE | tag::NATIVE | tag::NATIVE_CLOSURE)
}

/// The error of indexing a value that cannot be indexed. Only the first value of a chain has a name in the source.
#[cold]
unsafe fn not_indexable(state: &State, object: Slot, _key: Slot, depth: usize) -> Error {
    // SAFETY: the value is valid by the callers' promise.
    unsafe {
        if depth == 0 {
            names::operand_error(state, "index", object)
        } else {
            ErrorKind::Operand { operation: "index", found: names::type_name(state, object), name: None }
                .into()
        }
    }
}
