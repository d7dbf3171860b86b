//! `for` loops: numeric ones count in the registers, generic ones over `next` and `ipairs` need no call per step.

use crate::bytecode::instruction::Instruction;
use crate::error::{Error, Result};
use crate::heap::slot::{Slot, copy, tag};
use crate::heap::table;
use crate::number::{self, Number};

use super::arithmetic::{self, to_float};
use super::call::begin;
use super::cursor::{Cursor, conclude};
use super::frame::After;
use super::invoke::slow_call;
use super::iterate;
use super::operators::{put_float, put_integer};
use super::state::State;

/// Prepares a loop; the limit of an integer loop becomes the number of further rounds, so that it cannot overflow.
/// `Ok(false)`: it does not run at all.
#[inline(never)]
unsafe fn prepare(a: *mut Slot) -> Result<bool> {
    // SAFETY: four registers from `a` on.
    unsafe {
        let (start, limit, step) = (*a, number_of(*a.add(1)), *a.add(2));
        if start.tag == tag::INTEGER && step.tag == tag::INTEGER {
            let (start, step) = (start.as_integer(), step.as_integer());
            let Some(limit) = for_limit(limit, step) else {
                return Err(Error::message("'for' limit must be a number"));
            };
            let Some(limit) = limit else {
                if step != 0 {
                    return Ok(false);
                }
                // A limit below all integers and a step of zero: the reference implementation counts zeros for ever.
                put_integer(a, 0);
                put_integer(a.add(1), -1);
                put_integer(a.add(3), 0);
                return Ok(true);
            };
            let runs = if step > 0 { start <= limit } else { start >= limit };
            if !runs {
                return Ok(false);
            }
            let distance = if step > 0 {
                (limit as u64).wrapping_sub(start as u64)
            } else {
                (start as u64).wrapping_sub(limit as u64)
            };
            let rounds = match step {
                // The manual does not forbid it: such a loop ends by `break` alone.
                0 => u64::MAX,
                1 | -1 => distance,
                _ => distance / step.unsigned_abs(),
            };
            // Where the step after the last value overflows, the reference implementation wraps around and goes on.
            let last = start.wrapping_add(step.wrapping_mul(rounds as i64));
            let rounds = if last.checked_add(step).is_none() { u64::MAX } else { rounds };
            put_integer(a.add(1), rounds as i64);
            put_integer(a.add(3), start);
            return Ok(true);
        }
        let Some(limit) = to_float(limit) else { return Err(Error::message("'for' limit must be a number")) };
        let Some(step) = to_float(number_of(step)) else {
            return Err(Error::message("'for' step must be a number"));
        };
        let Some(start) = to_float(number_of(start)) else {
            return Err(Error::message("'for' initial value must be a number"));
        };
        // The first value is rounded as the reference implementation rounds it, which steps back and forth once.
        let start = (start - step) + step;
        let runs = if step > 0.0 { start <= limit } else { limit <= start };
        if runs {
            put_float(a, start);
            put_float(a.add(1), limit);
            put_float(a.add(2), step);
            put_float(a.add(3), start);
        }
        Ok(runs)
    }
}

/// The value, or the number that a string reads as: loops coerce like arithmetic.
unsafe fn number_of(value: Slot) -> Slot {
    if value.tag != tag::STRING {
        return value;
    }
    // SAFETY: a register's value is valid.
    match unsafe { arithmetic::coerce(value) } {
        Some(Number::Integer(i)) => Slot::integer(i),
        Some(Number::Float(f)) => Slot::float(f),
        None => value,
    }
}

/// The limit of an integer loop, clipped; `Some(None)` when the loop cannot run, `None` when it is no number.
fn for_limit(limit: Slot, step: i64) -> Option<Option<i64>> {
    match limit.tag {
        tag::INTEGER => Some(Some(limit.as_integer())),
        tag::FLOAT => Some(number::for_limit(limit.as_float(), step)),
        _ => None,
    }
}

#[inline(always)]
pub(crate) unsafe fn for_prepare(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code.
    unsafe {
        match prepare(cur.a(i)) {
            Ok(true) => {}
            Ok(false) => cur.pc = cur.pc.offset(i.sbx()),
            Err(error) => {
                cur.save();
                if conclude(state, Err(error)) {
                    return true;
                }
                cur.reload(state);
            }
        }
        false
    }
}

/// Advances a loop of known or unknown kind; returns whether it goes on.
#[inline(always)]
pub(crate) unsafe fn for_loop(cur: &mut Cursor, i: Instruction) {
    // SAFETY: operands of verified code.
    unsafe {
        let a = cur.a(i);
        if (*a).tag == tag::INTEGER {
            let rounds = (*a.add(1)).payload;
            if rounds > 0 {
                put_integer(a.add(1), (rounds - 1) as i64);
                let value = (*a).as_integer().wrapping_add((*a.add(2)).as_integer());
                put_integer(a, value);
                put_integer(a.add(3), value);
                cur.pc = cur.pc.offset(i.sbx());
            }
        } else {
            let step = (*a.add(2)).as_float();
            let value = (*a).as_float() + step;
            let limit = (*a.add(1)).as_float();
            if if step > 0.0 { value <= limit } else { limit <= value } {
                put_float(a, value);
                put_float(a.add(3), value);
                cur.pc = cur.pc.offset(i.sbx());
            }
        }
    }
}

/// Advances an integer loop with step 1.
#[inline(always)]
pub(crate) unsafe fn for_loop_integer(cur: &mut Cursor, i: Instruction) {
    // SAFETY: operands of verified code.
    unsafe {
        let a = cur.a(i);
        let rounds = (*a.add(1)).payload;
        if rounds > 0 {
            put_integer(a.add(1), (rounds - 1) as i64);
            let value = (*a).as_integer().wrapping_add(1);
            put_integer(a, value);
            put_integer(a.add(3), value);
            cur.pc = cur.pc.offset(i.sbx());
        }
    }
}

/// One step of a generic loop. For the iterators of `pairs` and `ipairs` over plain tables no call is made, and the
/// `ForNext` that follows is done as well.
#[inline(always)]
pub(crate) unsafe fn for_call(cur: &mut Cursor, state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code; a `ForNext` follows.
    unsafe {
        let a = cur.a(i);
        if (*a).tag == tag::NATIVE && (*a.add(1)).tag == tag::TABLE {
            if (*a).payload == iterate::next_address() {
                match iterate::step(a) {
                    iterate::Step::Entry => {
                        for n in 2..i.c() {
                            (*a.add(3 + n)).tag = tag::NIL;
                        }
                        cur.pc = cur.pc.offset(1 + (*cur.pc).sbx());
                        return false;
                    }
                    iterate::Step::End => {
                        (*a.add(3)).tag = tag::NIL;
                        cur.pc = cur.pc.add(1);
                        return false;
                    }
                    iterate::Step::Unknown => {}
                }
            } else if (*a).payload == iterate::ipairs_address() && (*a.add(2)).tag == tag::INTEGER {
                let t = (*a.add(1)).as_table();
                let next = (*a.add(2)).as_integer().wrapping_add(1);
                let index = (next as u64).wrapping_sub(1);
                let value = if index < u64::from((*t).len) {
                    *(*t).array.add(index as usize)
                } else {
                    table::get_integer(t, next)
                };
                if value.tag != tag::NIL {
                    put_integer(a.add(2), next);
                    put_integer(a.add(3), next);
                    (*a.add(4)).payload = value.payload;
                    (*a.add(4)).tag = value.tag;
                    for n in 2..i.c() {
                        (*a.add(3 + n)).tag = tag::NIL;
                    }
                    cur.pc = cur.pc.offset(1 + (*cur.pc).sbx());
                    return false;
                }
                if (*t).metatable.is_null() {
                    (*a.add(3)).tag = tag::NIL;
                    cur.pc = cur.pc.add(1);
                    return false;
                }
            }
        }
        cur.save();
        if call_iterator(state, i) {
            return true;
        }
        cur.reload(state);
        false
    }
}

/// Calls the iterator with state and control.
#[inline(never)]
unsafe fn call_iterator(state: *mut State, i: Instruction) -> bool {
    // SAFETY: operands of verified code: six registers from `a` on.
    unsafe {
        let st = &mut *state;
        let co = st.current();
        let a = (*(*co).frame).base.add(i.a());
        for n in 0..3 {
            copy(a.add(3 + n), a.add(n));
        }
        (*co).top = a.add(6);
        if matches!((*a).tag, tag::NATIVE | tag::NATIVE_CLOSURE) && !st.hooked {
            return slow_call(state, a.add(3), i.c() as i16, false);
        }
        let result = begin(st, a.add(3), i.c() as i16, After::Store);
        conclude(state, result)
    }
}

#[inline(always)]
pub(crate) unsafe fn for_next(cur: &mut Cursor, i: Instruction) {
    // SAFETY: operands of verified code.
    unsafe {
        let a = cur.a(i);
        if (*a.add(3)).tag != tag::NIL {
            copy(a.add(2), a.add(3));
            cur.pc = cur.pc.offset(i.sbx());
        }
    }
}
