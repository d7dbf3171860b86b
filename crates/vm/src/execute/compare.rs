//! Equality and order of any two values, with metamethods (Lua 5.3 manual, section 3.4.4).

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::heap::handle::raw_equals;
use crate::heap::slot::{Slot, tag};
use crate::heap::string;
use crate::number;

use super::event::Event;
use super::huge;
use super::index::metamethod;
use super::names;
use super::state::State;
use super::typed;

/// Answer of a comparison.
pub(crate) enum Comparison {
    Known(bool),
    /// The truth of `function(a, b)` is the answer; with `swapped` the negated truth of `function(b, a)`.
    Call {
        function: Slot,
        swapped: bool,
    },
}

/// `a == b`.
///
/// # Safety
/// Both must be valid.
pub(crate) unsafe fn equals(state: &State, a: Slot, b: Slot) -> Comparison {
    // SAFETY: the caller's promise.
    unsafe {
        if a.tag == tag::STRING && b.tag == tag::STRING && string::are_huge(a.as_string(), b.as_string()) {
            return if (*a.as_string()).len == (*b.as_string()).len {
                Comparison::Call { function: Slot::native(&huge::EQUAL), swapped: false }
            } else {
                Comparison::Known(false)
            };
        }
        if raw_equals(a, b) {
            return Comparison::Known(true);
        }
        if a.tag != b.tag || !matches!(a.tag, tag::TABLE | tag::USERDATA) {
            if a.tag == tag::TYPE && b.tag == tag::TYPE {
                return Comparison::Known(typed::equals_resolved(state, a, b));
            }
            let types =
                a.tag == tag::TYPE && b.tag == tag::TABLE || a.tag == tag::TABLE && b.tag == tag::TYPE;
            return Comparison::Known(types && typed::equals_facet(state, a, b));
        }
        let mut function = metamethod(state, a, Event::Eq);
        if function.is_nil() {
            function = metamethod(state, b, Event::Eq);
        }
        if function.is_nil() {
            Comparison::Known(false)
        } else {
            Comparison::Call { function, swapped: false }
        }
    }
}

/// `a < b`.
///
/// # Safety
/// Both must be valid.
#[inline]
pub(crate) unsafe fn less_than(state: &mut State, a: Slot, b: Slot) -> Result<Comparison> {
    // SAFETY: the caller's promise.
    unsafe {
        let answer = match (a.tag, b.tag) {
            (tag::INTEGER, tag::INTEGER) => a.as_integer() < b.as_integer(),
            (tag::FLOAT, tag::FLOAT) => a.as_float() < b.as_float(),
            (tag::INTEGER, tag::FLOAT) => number::integer_less_than_float(a.as_integer(), b.as_float()),
            (tag::FLOAT, tag::INTEGER) => number::float_less_than_integer(a.as_float(), b.as_integer()),
            (tag::STRING, tag::STRING) if string::are_huge(a.as_string(), b.as_string()) => {
                return Ok(Comparison::Call { function: Slot::native(&huge::LESS), swapped: false });
            }
            (tag::STRING, tag::STRING) => string_order(a, b) == Ordering::Less,
            _ => return by_metamethod(state, a, b, Event::Lt),
        };
        Ok(Comparison::Known(answer))
    }
}

/// `a <= b`; without `__le` asked as `not (b < a)`.
///
/// # Safety
/// Both must be valid.
#[inline]
pub(crate) unsafe fn less_equal(state: &mut State, a: Slot, b: Slot) -> Result<Comparison> {
    // SAFETY: the caller's promise.
    unsafe {
        let answer = match (a.tag, b.tag) {
            (tag::INTEGER, tag::INTEGER) => a.as_integer() <= b.as_integer(),
            (tag::FLOAT, tag::FLOAT) => a.as_float() <= b.as_float(),
            (tag::INTEGER, tag::FLOAT) => number::integer_at_most_float(a.as_integer(), b.as_float()),
            (tag::FLOAT, tag::INTEGER) => number::float_at_most_integer(a.as_float(), b.as_integer()),
            (tag::STRING, tag::STRING) if string::are_huge(a.as_string(), b.as_string()) => {
                return Ok(Comparison::Call { function: Slot::native(&huge::AT_MOST), swapped: false });
            }
            (tag::STRING, tag::STRING) => string_order(a, b) != Ordering::Greater,
            _ => return by_metamethod(state, a, b, Event::Le),
        };
        Ok(Comparison::Known(answer))
    }
}

unsafe fn string_order(a: Slot, b: Slot) -> Ordering {
    // SAFETY: the callers matched the tags of valid values.
    unsafe { string::bytes(a.as_string()).cmp(string::bytes(b.as_string())) }
}

#[cold]
unsafe fn by_metamethod(state: &mut State, a: Slot, b: Slot, event: Event) -> Result<Comparison> {
    // SAFETY: the callers' promise.
    unsafe {
        let types = a.tag == tag::TYPE || b.tag == tag::TYPE || a.tag == tag::TABLE && b.tag == tag::TABLE;
        let state = &mut *state;
        let find = |event| {
            let function = metamethod(state, a, event);
            if function.is_nil() { metamethod(state, b, event) } else { function }
        };
        let function = find(event);
        if !function.is_nil() {
            return Ok(Comparison::Call { function, swapped: false });
        }
        if event == Event::Le {
            let function = {
                let function = metamethod(state, b, Event::Lt);
                if function.is_nil() { metamethod(state, a, Event::Lt) } else { function }
            };
            if !function.is_nil() {
                return Ok(Comparison::Call { function, swapped: true });
            }
        }
        if types && let Some(answer) = typed::order(state, a, b, event == Event::Lt) {
            return Ok(Comparison::Known(answer));
        }
        Err(Error::new(ErrorKind::Compare {
            left: names::type_name(state, a),
            right: names::type_name(state, b),
        }))
    }
}
