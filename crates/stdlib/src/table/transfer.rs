//! Items moved from one range of indices to another, by way of metamethods where there are any.
//!
//! What `insert`, `remove` and `move` have in common. The tables stand in slots of the native; each item is read and
//! written once, in the order that is safe for overlapping ranges.

use wippy_vm::{Context, Result, Value};

use crate::steps::{Next, Steps};

/// Items that are moved at once within one array (chosen: a megabyte).
pub(super) const BLOCK_ITEMS: i64 = 1 << 16;

/// Items moved by the block for one unit of fuel (chosen: about the price of one instruction).
const ITEMS_PER_FUEL: usize = 4;

/// What is left to do when all items are where they belong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// Put slot 3 at the index in slot 2 of the table in slot 1.
    Insert,
    /// Clear the index in slot 2 of the table in slot 1; answer with slot 3.
    Remove,
    /// Answer with the target.
    Move,
}

/// A transfer under way.
#[derive(Debug)]
pub(super) struct Transfer {
    /// Slot of the table that is read.
    source: usize,
    from: i64,
    /// Slot of the table that is written.
    target: usize,
    to: i64,
    count: i64,
    done: i64,
    backward: bool,
    ending: Ending,
    asked: Asked,
}

/// The metamethod that was called for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Read,
    Write,
    Last,
}

impl Transfer {
    /// Moves `count` items from index `from` of the table in slot `source`, the first one first.
    pub(super) fn forward(
        source: usize,
        from: i64,
        target: usize,
        to: i64,
        count: i64,
        ending: Ending,
    ) -> Self {
        Self { source, from, target, to, count, done: 0, backward: false, ending, asked: Asked::Read }
    }

    /// The same, the last one first.
    pub(super) fn backward(
        source: usize,
        from: i64,
        target: usize,
        to: i64,
        count: i64,
        ending: Ending,
    ) -> Self {
        Self { backward: true, ..Self::forward(source, from, target, to, count, ending) }
    }

    /// Distance of the current item from the first one.
    fn place(&self) -> i64 {
        if self.backward { self.count - 1 - self.done } else { self.done }
    }

    /// Writes the current item; `false` if `__newindex` must be called first.
    fn write<'gc>(&mut self, cx: &mut Context<'gc>, value: Value<'gc>) -> Result<bool> {
        let index = self.to.wrapping_add(self.place());
        self.asked = Asked::Write;
        let written = cx.set_index(cx.get(self.target), index, value)?;
        self.done += i64::from(written);
        Ok(written)
    }

    /// Moves a block of items at once if they are in the array part of a plain table; whether it did.
    fn move_block(&mut self, cx: &mut Context<'_>) -> bool {
        let Value::Table(table) = cx.get(self.source) else { return false };
        if table.metatable().is_some() || !cx.get(self.target).raw_equals(table.into()) {
            return false;
        }
        let count = BLOCK_ITEMS.min(self.count - self.done);
        let first = if self.backward { self.count - self.done - count } else { self.done };
        let (from, to) = (self.from.wrapping_add(first), self.to.wrapping_add(first));
        let moved = cx.move_items(table, from, to, count as usize);
        self.done += if moved { count } else { 0 };
        moved
    }

    /// What comes after the last item; `false` if `__newindex` must be called first.
    fn end(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        self.asked = Asked::Last;
        match self.ending {
            Ending::Insert => cx.set_index(cx.get(1), cx.get(2), cx.get(3)),
            Ending::Remove => cx.set_index(cx.get(1), cx.get(2), Value::Nil),
            Ending::Move => Ok(true),
        }
    }

    fn answer(&self, cx: &mut Context<'_>) -> Next {
        match self.ending {
            Ending::Insert => return Next::Return(0),
            Ending::Remove => cx.push_copy(3),
            Ending::Move => cx.push_copy(self.target),
        }
        Next::Return(1)
    }
}

impl Steps for Transfer {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        if called {
            let value = cx.take_result();
            match self.asked {
                Asked::Read => {
                    if !self.write(cx, value)? {
                        return Ok(Next::Call(3));
                    }
                }
                Asked::Write => self.done += 1,
                Asked::Last => return Ok(self.answer(cx)),
            }
        }
        while self.done < self.count {
            if self.move_block(cx) {
                if !cx.charge(BLOCK_ITEMS as usize / ITEMS_PER_FUEL) && self.done < self.count {
                    return Ok(Next::Pause);
                }
                continue;
            }
            self.asked = Asked::Read;
            let Some(value) = cx.index(cx.get(self.source), self.from.wrapping_add(self.place()))? else {
                return Ok(Next::Call(2));
            };
            if !self.write(cx, value)? {
                return Ok(Next::Call(3));
            }
            if !cx.charge(1) {
                return Ok(Next::Pause);
            }
        }
        if self.end(cx)? { Ok(self.answer(cx)) } else { Ok(Next::Call(3)) }
    }
}
