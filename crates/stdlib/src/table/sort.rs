//! `table.sort`: a built-in order at once, any other order question by question.
//!
//! The items are copied to a working table before the first question and written back after the last, so a comparison
//! function that changes the list confuses nobody, and an error leaves the list as it was.

use wippy_vm::{Context, Error, Outcome, Result, Table, Value};

use super::sorter::Sorter;
use super::{CHANGES_ALL, check_tablelike, with_length};
use crate::steps::{self, Next, Steps};

/// Slots between the steps.
mod slot {
    pub(super) const LIST: usize = 1;
    pub(super) const LESS: usize = 2;
    pub(super) const WORK: usize = 3;
    /// The two items compared last.
    pub(super) const FIRST: usize = 4;
    pub(super) const SECOND: usize = 5;
}

pub(super) fn sort(cx: &mut Context<'_>) -> Result<Outcome> {
    check_tablelike(cx, slot::LIST, CHANGES_ALL)?;
    with_length(cx, sort_items)
}

fn sort_items(cx: &mut Context<'_>, length: i64) -> Result<Outcome> {
    if length < 2 {
        return Ok(cx.returns_none());
    }
    let count = i32::try_from(length).ok().filter(|&count| count < i32::MAX);
    let count = count.ok_or_else(|| cx.argument_error(slot::LIST, "array too big"))? as u32;
    if !cx.get(slot::LESS).is_nil() {
        let less = cx.check_function(slot::LESS)?;
        if crate::coroutine::is_yield(less) {
            return Err(Error::message("attempt to yield across a C-call boundary"));
        }
    }
    cx.truncate(slot::LESS);
    if let (Value::Table(list), Value::Nil) = (cx.get(slot::LIST), cx.get(slot::LESS))
        && list.metatable().is_none()
        && let Some(items) = cx.array_items(list, count as usize)
        && items.sort_ascending(cx)
    {
        // Comparing is what sorting costs; it is paid for afterwards.
        let _ = cx.charge(count as usize * count.ilog2() as usize / 8);
        return Ok(cx.returns_none());
    }
    let work = cx.table(count as usize, 0)?;
    cx.set(slot::WORK, work);
    steps::run(Sort { count, phase: Phase::Read { next: 1 } }, cx)
}

/// `sort` under way.
struct Sort {
    count: u32,
    phase: Phase,
}

enum Phase {
    /// Items before `next` are copied to the working table.
    Read {
        next: u32,
    },
    Compare {
        sorter: Sorter,
        last: (usize, usize),
    },
    /// Items before index `next` are written back.
    Write {
        sorter: Sorter,
        next: u32,
    },
}

impl Sort {
    fn read(&mut self, cx: &mut Context<'_>, mut next: u32, called: bool) -> Result<Option<Next>> {
        let work = working_table(cx)?;
        let mut item = if called { Some(cx.take_result()) } else { None };
        while next <= self.count {
            let value = match item.take() {
                Some(value) => value,
                None => match cx.index(cx.get(slot::LIST), i64::from(next))? {
                    Some(value) => value,
                    None => {
                        self.phase = Phase::Read { next };
                        return Ok(Some(Next::Call(2)));
                    }
                },
            };
            cx.raw_set_integer(work, i64::from(next), value)?;
            next += 1;
            if !cx.charge(1) {
                self.phase = Phase::Read { next };
                return Ok(Some(Next::Pause));
            }
        }
        cx.truncate(slot::SECOND);
        self.phase = Phase::Compare { sorter: Sorter::new(self.count), last: (usize::MAX, usize::MAX) };
        Ok(None)
    }
}

fn working_table<'gc>(cx: &Context<'gc>) -> Result<Table<'gc>> {
    match cx.get(slot::WORK) {
        Value::Table(table) => Ok(table),
        _ => Err(inconsistent()),
    }
}

/// Asks until the order is known; yields what to wait for, if anything. Of two questions in a row, one item is mostly
/// the same: `last` tells which items stand in the slots for them.
fn compare(
    sorter: &mut Sorter,
    last: &mut (usize, usize),
    cx: &mut Context<'_>,
    called: bool,
) -> Result<Option<Next>> {
    let work = working_table(cx)?;
    let by_function = !cx.get(slot::LESS).is_nil();
    if called {
        let answer = cx.take_result().is_truthy();
        sorter.answer(answer).map_err(|_| inconsistent())?;
    }
    while let Some((a, b)) = sorter.question() {
        if by_function {
            cx.push_copy(slot::LESS);
            cx.push_item(slot::WORK, a as i64 + 1);
            cx.push_item(slot::WORK, b as i64 + 1);
            return Ok(Some(Next::Call(2)));
        }
        if a != last.0 {
            cx.set(slot::FIRST, work.get_integer(a as i64 + 1));
        }
        if b != last.1 {
            cx.set(slot::SECOND, work.get_integer(b as i64 + 1));
        }
        *last = (a, b);
        let Some(answer) = cx.less_than(cx.get(slot::FIRST), cx.get(slot::SECOND))? else {
            return Ok(Some(Next::Call(2)));
        };
        sorter.answer(answer).map_err(|_| inconsistent())?;
        if !cx.charge(1) {
            return Ok(Some(Next::Pause));
        }
    }
    Ok(None)
}

#[cold]
fn inconsistent() -> Error {
    Error::message("invalid order function for sorting")
}

/// Puts the items back in order; yields what to wait for, if anything.
fn write(sorter: &Sorter, next: &mut u32, cx: &mut Context<'_>, called: bool) -> Result<Option<Next>> {
    let work = working_table(cx)?;
    if called {
        let _ = cx.take_result();
        *next += 1;
    }
    while let Some(&from) = sorter.order().get(*next as usize - 1) {
        let value = work.get_integer(i64::from(from) + 1);
        if !cx.set_index(cx.get(slot::LIST), i64::from(*next), value)? {
            return Ok(Some(Next::Call(3)));
        }
        *next += 1;
        if !cx.charge(1) {
            return Ok(Some(Next::Pause));
        }
    }
    Ok(None)
}

impl Steps for Sort {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        let mut called = called;
        loop {
            let wait = match &mut self.phase {
                Phase::Read { next } => {
                    let next = *next;
                    self.read(cx, next, called)?
                }
                Phase::Compare { sorter, last } => {
                    let wait = compare(sorter, last, cx, called)?;
                    if wait.is_none() {
                        let sorter = std::mem::replace(sorter, Sorter::new(0));
                        self.phase = Phase::Write { sorter, next: 1 };
                    }
                    wait
                }
                Phase::Write { sorter, next } => {
                    return Ok(write(sorter, next, cx, called)?.unwrap_or(Next::Return(0)));
                }
            };
            if let Some(next) = wait {
                return Ok(next);
            }
            called = false;
        }
    }
}
