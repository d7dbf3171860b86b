//! Strings too long to be looked at in one piece: builtins that join and compare them, called by the instructions as
//! metamethods are.
//!
//! Not for tables, whose keys are compared at once. Invariant: the answers are those that the instruction itself would
//! have given; only how long the program waits for them at a time differs.

use std::cmp::Ordering;

use crate::error::Result;
use crate::heap::handle::Value;
use crate::heap::text::Text;
use crate::native::{Native, Outcome, Resume, Then};

use super::context::Context;

/// Joins its arguments.
pub(crate) static JOIN: Native = Native { name: "join", function: join, signature: "(...string) -> string" };

/// Whether two strings of the same length are equal.
pub(crate) static EQUAL: Native =
    Native { name: "equal", function: equal, signature: "(a: string, b: string) -> boolean" };

/// `a < b`.
pub(crate) static LESS: Native =
    Native { name: "less", function: less, signature: "(a: string, b: string) -> boolean" };

/// `a <= b`.
pub(crate) static AT_MOST: Native =
    Native { name: "at_most", function: at_most, signature: "(a: string, b: string) -> boolean" };

fn join(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut total = 0;
    for index in 1..=cx.len() {
        total += cx.check_string(index)?.len();
    }
    let mut out = Text::new();
    out.reserve_exact(cx, total)?;
    Box::new(Joining { out, argument: 1, done: 0 }).resume(cx)
}

/// [`JOIN`] under way.
struct Joining {
    out: Text,
    argument: usize,
    /// Bytes of the current argument that are copied.
    done: usize,
}

impl Resume for Joining {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        while cx.has(self.argument) {
            let part = cx.check_string(self.argument)?;
            if !self.out.append_some(cx, part.as_bytes(), &mut self.done)? {
                return Ok(cx.pause(Then::Resume(self)));
            }
            self.argument += 1;
        }
        let joined = cx.finish(self.out)?;
        Ok(cx.returns(joined))
    }
}

fn equal(cx: &mut Context<'_>) -> Result<Outcome> {
    Box::new(Comparing { at: 0, holds: |order, rest| order == Ordering::Equal && rest == Ordering::Equal })
        .resume(cx)
}

fn less(cx: &mut Context<'_>) -> Result<Outcome> {
    Box::new(Comparing { at: 0, holds: |order, rest| order.then(rest) == Ordering::Less }).resume(cx)
}

fn at_most(cx: &mut Context<'_>) -> Result<Outcome> {
    Box::new(Comparing { at: 0, holds: |order, rest| order.then(rest) != Ordering::Greater }).resume(cx)
}

/// A comparison of arguments 1 and 2 under way.
struct Comparing {
    /// Bytes known to be equal.
    at: usize,
    /// The answer, from how the bytes that both have compare, and then the lengths.
    holds: fn(Ordering, Ordering) -> bool,
}

impl Resume for Comparing {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        /// Bytes compared between two looks at the fuel.
        const PIECE: usize = 1 << 18;
        let (a, b) = (cx.check_string(1)?, cx.check_string(2)?);
        let (x, y) = (a.as_bytes(), b.as_bytes());
        let lengths = x.len().cmp(&y.len());
        let common = x.len().min(y.len());
        loop {
            let start = self.at.min(common);
            let end = common.min(start + PIECE);
            let order = x[start..end].cmp(&y[start..end]);
            let fuel_left = cx.charge(1 + (end - start) / Text::BYTES_PER_FUEL);
            if order != Ordering::Equal || end == common {
                return Ok(cx.returns((self.holds)(order, lengths)));
            }
            self.at = end;
            if !fuel_left {
                return Ok(cx.pause(Then::Resume(self)));
            }
        }
    }
}

impl<'gc> Context<'gc> {
    /// `rawequal(a, b)`. `None`: only a look at very many bytes can tell; what does that and its arguments were pushed,
    /// answer with `cx.tail_call(2)`.
    pub fn raw_equals(&mut self, a: Value<'gc>, b: Value<'gc>) -> Option<bool> {
        if let (Value::String(x), Value::String(y)) = (a, b)
            // SAFETY: both are valid by their brand.
            && unsafe { crate::heap::string::are_huge(x.raw(), y.raw()) }
        {
            if x.len() != y.len() {
                return Some(false);
            }
            self.push(&EQUAL);
            self.push(a);
            self.push(b);
            return None;
        }
        Some(a.raw_equals(b))
    }
}
