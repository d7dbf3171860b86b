//! `next` and the iterator of `ipairs`: builtins that the loop knows, so that traversal needs no call per step.

use crate::error::{ErrorKind, Result};
use crate::heap::handle::Value;
use crate::heap::slot::{Slot, tag};
use crate::heap::table;
use crate::native::{Native, Outcome, Then};

use super::context::Context;

/// The builtin `next` (manual 6.1).
pub static NEXT: Native =
    Native { name: "next", function: next, signature: "(table: table, index: any) -> (any, any)" };

/// The iterator that `ipairs` returns.
pub static IPAIRS_STEP: Native = Native {
    name: "ipairs_step",
    function: ipairs_step,
    signature: "(table: any, index: integer) -> (integer?, any)",
};

#[inline(always)]
pub(crate) fn next_address() -> u64 {
    &raw const NEXT as u64
}

#[inline(always)]
pub(crate) fn ipairs_address() -> u64 {
    &raw const IPAIRS_STEP as u64
}

fn next(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::Table(table) = cx.get(1) else {
        let found = if cx.has(1) { cx.type_name(cx.get(1)) } else { "no value".to_owned() };
        return Err(
            ErrorKind::Argument { index: 1, message: format!("table expected, got {found}").into() }.into()
        );
    };
    match table.next(cx.get(2)) {
        Ok(Some((key, value))) => {
            cx.push(key);
            Ok(cx.returns(value).and(cx))
        }
        Ok(None) => Ok(cx.returns(Value::Nil)),
        Err(_) => Err(ErrorKind::Plain(b"invalid key to 'next'".to_vec()).into()),
    }
}

impl Outcome {
    /// One more result than `self`, the slot below.
    fn and(self, cx: &mut Context<'_>) -> Outcome {
        drop(self);
        cx.returns_top(2)
    }
}

fn ipairs_step(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::Integer(index) = cx.get(2) else {
        return Err(ErrorKind::Argument { index: 2, message: b"number expected".to_vec() }.into());
    };
    let index = index.wrapping_add(1);
    cx.truncate(2);
    cx.set(2, index);
    match cx.index(cx.get(1), index)? {
        Some(value) => Ok(answer(cx, value)),
        None => Ok(cx.call(2, Then::Step(ipairs_indexed))),
    }
}

fn ipairs_indexed(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.take_result();
    Ok(answer(cx, value))
}

fn answer<'gc>(cx: &mut Context<'gc>, value: Value<'gc>) -> Outcome {
    if value.is_nil() {
        return cx.returns(Value::Nil);
    }
    cx.push_copy(2);
    cx.push(value);
    cx.returns_top(2)
}

/// What a step of a `next` loop came to.
pub(crate) enum Step {
    /// Control, key and value are set.
    Entry,
    End,
    /// The loop must call `next`, which will raise or find the key the slow way.
    Unknown,
}

/// Advances `for k, v in next, t`: `a` is the iterator's register, state, control, key and value follow. The position
/// is kept in the control slot's `aux` and trusted only if the control key stands just before it.
///
/// # Safety
/// Five registers from `a` on; the state must be a table.
#[inline(never)]
pub(crate) unsafe fn step(a: *mut Slot) -> Step {
    // SAFETY: the caller's promise.
    unsafe {
        let t = (*a.add(1)).as_table();
        let control = a.add(2);
        let position = if (*control).tag == tag::NIL {
            0
        } else if table::key_before(t, (*control).aux).is_some_and(|key| {
            key.tag == (*control).tag && (key.payload == (*control).payload || key.tag >= tag::TRUE)
        }) {
            (*control).aux
        } else {
            return Step::Unknown;
        };
        match table::next_at(t, position) {
            Some((after, key, value)) => {
                (*control).payload = key.payload;
                (*control).tag = key.tag;
                (*control).aux = after;
                (*a.add(3)).payload = key.payload;
                (*a.add(3)).tag = key.tag;
                (*a.add(4)).payload = value.payload;
                (*a.add(4)).tag = value.tag;
                Step::Entry
            }
            None => Step::End,
        }
    }
}
