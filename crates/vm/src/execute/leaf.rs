//! What a type asks of a single value, and the reads that validators make: no containers are looked into here.
//!
//! Raw reads only. Shared by the check ([`super::validate`]) and by what says why it failed ([`super::explain`]).

use crate::heap::object::{StringObject, Table};
use crate::heap::slot::{Slot, tag};
use crate::heap::{string, table};
use crate::number;
use crate::types::program::{Check, Literal, Name, NodeId, Program, Scalar, Tags, Validator};

use super::event::{self, Event};

/// Most `__index` tables that are followed for a field.
const MAX_INDEX_STEPS: usize = 16;

/// Whether the bit of a value's tag is set.
#[inline(always)]
pub(crate) fn is_in(mask: u32, value: Slot) -> bool {
    mask >> value.tag & 1 != 0
}

/// Whether a value equals one of the program's literals `first..first + count`.
///
/// # Safety
/// The value must be valid.
#[inline(always)]
pub(crate) unsafe fn is_literal(program: &Program, first: u32, count: u32, value: Slot) -> bool {
    let literals = &program.literals[first as usize..][..count as usize];
    // SAFETY: the caller's promise.
    literals.iter().any(|literal| unsafe { equals_literal(value, *literal) })
}

/// Whether a value is within limits.
///
/// # Safety
/// The value must be valid.
#[inline(always)]
pub(crate) unsafe fn is_scalar(scalar: &Scalar, value: Slot) -> bool {
    if !is_in(scalar.mask, value) {
        return false;
    }
    match value.tag {
        tag::INTEGER => {
            let (least, most) = scalar.integers;
            (least..=most).contains(&value.as_integer())
        }
        tag::FLOAT => {
            let (float, (least, most)) = (value.as_float(), scalar.floats);
            (!scalar.integral || number::float_to_integer(float).is_some())
                && (!scalar.bounded || least <= float && float <= most)
        }
        tag::STRING => {
            // SAFETY: the caller's promise.
            unsafe {
                let s = value.as_string();
                let (least, most) = scalar.length;
                (least..=most).contains(&(*s).len)
                    && scalar.pattern.as_ref().is_none_or(|pattern| pattern.is_match(string::bytes(s)))
            }
        }
        _ => true,
    }
}

/// Whether a value passes the program's validators `first..first + count`.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn passes_all(program: &Program, first: u32, count: u32, value: Slot) -> bool {
    let validators = &program.validators[first as usize..][..count as usize];
    // SAFETY: the caller's promise.
    validators.iter().all(|validator| unsafe { passes(validator, value) })
}

/// The pair at a position of the traversal; its value is nil where there is none.
pub(crate) unsafe fn pair_at(t: *const Table, len: usize, position: usize) -> (Slot, Slot) {
    // SAFETY: the position is below the length of the array part and the number of nodes together.
    unsafe {
        if position < len {
            return (Slot::integer(position as i64 + 1), *(*t).array.add(position));
        }
        let node = (*t).nodes.add(position - len);
        let key = Slot { payload: (*node).key, tag: u32::from((*node).key_tag), aux: 0 };
        (key, table::value_of(t, node))
    }
}

/// The field of a table or a host object: its own, or that of the tables its `__index` leads to.
///
/// # Safety
/// The value must be a valid table or userdata.
#[inline(always)]
pub(crate) unsafe fn field_of(value: Slot, name: Name, hash: u32) -> Slot {
    let name = name.raw();
    // SAFETY: the caller's promise.
    unsafe {
        if value.tag == tag::TABLE {
            let t = value.as_table();
            let found = table::get_name(t, name, hash);
            if !found.is_nil() {
                return found;
            }
            if (*t).metatable.is_null() {
                return Slot::NIL;
            }
            return inherited((*t).metatable, name);
        }
        inherited((*value.as_userdata()).metatable, name)
    }
}

#[inline(never)]
unsafe fn inherited(mut metatable: *mut Table, name: *const StringObject) -> Slot {
    // SAFETY: metatables are null or valid.
    unsafe {
        for _ in 0..MAX_INDEX_STEPS {
            if metatable.is_null() {
                return Slot::NIL;
            }
            let index = table::get_string(metatable, event::name_string(Event::Index));
            if index.tag != tag::TABLE {
                return Slot::NIL;
            }
            let found = table::get_string(index.as_table(), name);
            if !found.is_nil() {
                return found;
            }
            metatable = (*index.as_table()).metatable;
        }
        Slot::NIL
    }
}

/// The variant that the tag field of a value selects.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn select(tags: &Tags, value: Slot) -> Option<NodeId> {
    // SAFETY: the caller's promise.
    unsafe {
        if value.tag != tag::TABLE {
            return None;
        }
        let found = field_of(value, tags.field, tags.field.hash());
        let variant = tags.variants.iter().find(|(literal, _)| equals_literal(found, *literal));
        variant.map(|(_, node)| *node)
    }
}

#[inline(always)]
pub(crate) fn is_integer(value: Slot) -> bool {
    value.tag == tag::INTEGER
        || value.tag == tag::FLOAT && number::float_to_integer(value.as_float()).is_some()
}

/// Lua's `==` with a literal.
///
/// # Safety
/// The value must be valid.
#[inline(always)]
pub(crate) unsafe fn equals_literal(value: Slot, literal: Literal) -> bool {
    // SAFETY: the value is valid.
    unsafe {
        match literal {
            Literal::String(text) => value.tag == tag::STRING && is_text(value.as_string(), text),
            Literal::Integer(i) => match value.tag {
                tag::INTEGER => value.as_integer() == i,
                tag::FLOAT => number::integer_equals_float(i, value.as_float()),
                _ => false,
            },
            Literal::Float(f) => value.tag == tag::FLOAT && value.as_float() == f,
            Literal::Boolean(b) => value.tag == if b { tag::TRUE } else { tag::FALSE },
        }
    }
}

#[inline(always)]
unsafe fn is_text(s: *const StringObject, text: Name) -> bool {
    // SAFETY: the string is valid; a hash of 0 is one that is not known yet.
    unsafe {
        std::ptr::eq(s, text.raw())
            || ((*s).hash == text.hash() || (*s).hash == 0) && string::same_bytes(s, text.raw())
    }
}

/// Whether a value is a host object of this name.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn is_host(name: &[u8], value: Slot) -> bool {
    // SAFETY: the value is valid, and so is its metatable if it is not null.
    unsafe {
        if value.tag != tag::USERDATA {
            return false;
        }
        let metatable = (*value.as_userdata()).metatable;
        if metatable.is_null() {
            return false;
        }
        let own = table::get_string(metatable, event::name_string(Event::Name));
        own.tag == tag::STRING && string::bytes(own.as_string()) == name
    }
}

/// Whether a value passes a validator; those that are not meant for it do not count.
///
/// # Safety
/// The value must be valid.
pub(crate) unsafe fn passes(validator: &Validator, value: Slot) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match (&validator.check, value.tag) {
            (Check::Min(bound), tag::INTEGER | tag::FLOAT) => at_most(bound_slot(*bound), value),
            (Check::Max(bound), tag::INTEGER | tag::FLOAT) => at_most(value, bound_slot(*bound)),
            (Check::MinLen(least), tag::STRING | tag::TABLE) => length(value) >= *least,
            (Check::MaxLen(most), tag::STRING | tag::TABLE) => length(value) <= *most,
            (Check::Pattern(pattern), tag::STRING) => pattern.is_match(string::bytes(value.as_string())),
            (Check::InvalidRegex | Check::InvalidPattern, tag::STRING) => false,
            _ => true,
        }
    }
}

fn bound_slot(bound: Literal) -> Slot {
    match bound {
        Literal::Integer(i) => Slot::integer(i),
        Literal::Float(f) => Slot::float(f),
        Literal::Boolean(_) | Literal::String(_) => Slot::NIL,
    }
}

/// `a <= b` among numbers.
fn at_most(a: Slot, b: Slot) -> bool {
    match (a.tag, b.tag) {
        (tag::INTEGER, tag::INTEGER) => a.as_integer() <= b.as_integer(),
        (tag::INTEGER, tag::FLOAT) => number::integer_at_most_float(a.as_integer(), b.as_float()),
        (tag::FLOAT, tag::INTEGER) => number::float_at_most_integer(a.as_float(), b.as_integer()),
        (tag::FLOAT, tag::FLOAT) => a.as_float() <= b.as_float(),
        _ => false,
    }
}

unsafe fn length(value: Slot) -> i64 {
    // SAFETY: a valid string or table.
    unsafe {
        if value.tag == tag::STRING {
            i64::from((*value.as_string()).len)
        } else {
            table::length(value.as_table())
        }
    }
}
