//! `table.sort`: a built-in order at once, any other order question by question.
//!
//! The items are copied to a working table before the first question and written back after the last, so a comparison
//! function that changes the list confuses nobody, and an error leaves the list as it was.

use wippy_vm::{Context, Error, ErrorKind, ItemSort, Outcome, Result, Sorting, Table, Value};

use super::sorter::{Move, Sorter};
use super::{CHANGES_ALL, check_tablelike, with_length};
use crate::steps::{self, Next, Steps};

/// Slots between the steps.
mod slot {
    pub(super) const LIST: usize = 1;
    pub(super) const LESS: usize = 2;
    pub(super) const WORK: usize = 3;
    /// The table that the items are carried to.
    pub(super) const OTHER: usize = 4;
    /// The two items compared last.
    pub(super) const FIRST: usize = 5;
    pub(super) const SECOND: usize = 6;
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
            return Err(ErrorKind::Operation("attempt to yield across a C-call boundary").into());
        }
    }
    cx.truncate(slot::LESS);
    if let (Value::Table(list), Value::Nil) = (cx.get(slot::LIST), cx.get(slot::LESS))
        && list.metatable().is_none()
    {
        return steps::run(Sort { count, phase: Phase::Plain(ItemSort::new(count as usize)) }, cx);
    }
    let work = cx.table(count as usize, 0)?;
    cx.set(slot::WORK, work);
    steps::run(Sort { count, phase: Phase::Read { next: 1 } }, cx)
}

/// Goes on with a sort that asks nobody: what to wait for, nothing if the items are not for that.
fn sort_plain(sort: &mut ItemSort, cx: &mut Context<'_>) -> Option<Next> {
    let Value::Table(list) = cx.get(slot::LIST) else { return None };
    loop {
        match sort.step(cx, list) {
            Sorting::Done => return Some(Next::Return(0)),
            Sorting::Refused => return None,
            Sorting::More { fuel } => {
                if !cx.charge(fuel) {
                    return Some(Next::Pause);
                }
            }
        }
    }
}

/// `sort` under way.
struct Sort {
    count: u32,
    phase: Phase,
}

enum Phase {
    /// The items are in a plain array and have an order that everybody knows.
    Plain(ItemSort),
    /// Items before `next` are copied to the working table.
    Read {
        next: u32,
    },
    Compare(Comparing),
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
        cx.truncate(slot::WORK);
        cx.truncate(slot::SECOND);
        let (count, sorter) = (self.count, Sorter::new(self.count));
        self.phase = Phase::Compare(Comparing { sorter, count, last: NO_ITEMS, carried: 0 });
        Ok(None)
    }
}

fn working_table<'gc>(cx: &Context<'gc>) -> Result<Table<'gc>> {
    match cx.get(slot::WORK) {
        Value::Table(table) => Ok(table),
        _ => Err(inconsistent()),
    }
}

/// A comparison of no items.
const NO_ITEMS: (usize, usize) = (usize::MAX, usize::MAX);

/// The items are being compared and carried.
struct Comparing {
    sorter: Sorter,
    count: u32,
    /// Of two questions in a row, one item is mostly the same: which items stand in the slots for them.
    last: (usize, usize),
    /// Items in the other table.
    carried: usize,
}

impl Comparing {
    /// Asks until the order is known; yields what to wait for, if anything.
    fn compare(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Option<Next>> {
        let by_function = !cx.get(slot::LESS).is_nil();
        if called {
            let answer = cx.take_result().is_truthy();
            self.sorter.answer(answer).map_err(|_| inconsistent())?;
        }
        if !self.carry(cx)? {
            return Ok(Some(Next::Pause));
        }
        while let Some((a, b)) = self.sorter.question() {
            if by_function {
                cx.push_copy(slot::LESS);
                cx.push_item(slot::WORK, a as i64 + 1);
                cx.push_item(slot::WORK, b as i64 + 1);
                return Ok(Some(Next::Call(2)));
            }
            let work = working_table(cx)?;
            if a != self.last.0 {
                cx.set(slot::FIRST, work.get_integer(a as i64 + 1));
            }
            if b != self.last.1 {
                cx.set(slot::SECOND, work.get_integer(b as i64 + 1));
            }
            self.last = (a, b);
            let Some(answer) = cx.less_than(cx.get(slot::FIRST), cx.get(slot::SECOND))? else {
                return Ok(Some(Next::Call(2)));
            };
            self.sorter.answer(answer).map_err(|_| inconsistent())?;
            let carried = self.carry(cx)?;
            if !cx.charge(1) || !carried {
                return Ok(Some(Next::Pause));
            }
        }
        Ok(None)
    }

    /// Carries items as the sorter says; `false` if the fuel is spent before all are where they belong.
    #[inline]
    fn carry(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        /// Items carried between two looks at the fuel.
        const PIECE: usize = 1 << 12;
        while let Some(next) = self.sorter.next_move() {
            match next {
                Move::Take { from, to } => {
                    let work = working_table(cx)?;
                    let other = match cx.get(slot::OTHER) {
                        Value::Table(other) => other,
                        _ => {
                            let other = cx.table(self.count as usize, 0)?;
                            cx.set(slot::OTHER, other);
                            other
                        }
                    };
                    let end = to.min(from + PIECE);
                    for place in from..end {
                        self.carried += 1;
                        let item = work.get_integer(place as i64 + 1);
                        cx.raw_set_integer(other, self.carried as i64, item)?;
                    }
                    if end - from == PIECE {
                        if end < to {
                            self.sorter.put_back(Move::Take { from: end, to });
                        }
                        if !cx.charge(PIECE) {
                            return Ok(false);
                        }
                    }
                }
                Move::Exchange => {
                    let (work, other) = (cx.get(slot::WORK), cx.get(slot::OTHER));
                    cx.set(slot::WORK, other);
                    cx.set(slot::OTHER, work);
                    self.carried = 0;
                    self.last = NO_ITEMS;
                }
            }
        }
        Ok(true)
    }
}

#[cold]
fn inconsistent() -> Error {
    Error::message("invalid order function for sorting")
}

/// Puts the items back in order; yields what to wait for, if anything.
fn write(
    sorter: &Sorter,
    count: u32,
    next: &mut u32,
    cx: &mut Context<'_>,
    called: bool,
) -> Result<Option<Next>> {
    let work = working_table(cx)?;
    if called {
        let _ = cx.take_result();
        *next += 1;
    }
    while *next <= count {
        let value = work.get_integer(sorter.place(*next as usize - 1) as i64 + 1);
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
                Phase::Plain(sort) => {
                    if let Some(next) = sort_plain(sort, cx) {
                        return Ok(next);
                    }
                    let work = cx.table(self.count as usize, 0)?;
                    cx.set(slot::WORK, work);
                    self.phase = Phase::Read { next: 1 };
                    None
                }
                Phase::Read { next } => {
                    let next = *next;
                    self.read(cx, next, called)?
                }
                Phase::Compare(comparing) => {
                    let wait = comparing.compare(cx, called)?;
                    if wait.is_none() {
                        let sorter = std::mem::replace(&mut comparing.sorter, Sorter::new(0));
                        self.phase = Phase::Write { sorter, next: 1 };
                    }
                    wait
                }
                Phase::Write { sorter, next } => {
                    return Ok(write(sorter, self.count, next, cx, called)?.unwrap_or(Next::Return(0)));
                }
            };
            if let Some(next) = wait {
                return Ok(next);
            }
            called = false;
        }
    }
}
