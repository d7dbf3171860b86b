//! The `table` library (Lua 5.3 manual, section 6.6).
//!
//! Plain tables are handled at once; tables with metamethods go through `transfer` and `sort`, which ask for one
//! call at a time. No function here recurses or holds a worker for the length of a table.

mod sort;
mod sorter;
mod transfer;

use wippy_vm::{Context, Error, Event, Library, Outcome, Result, Resume, Text, Then, Value, library, number};

use crate::steps::{self, Next, Steps};
use transfer::{BLOCK_ITEMS, Ending, Transfer};

/// The library's rows.
pub static LIBRARY: Library = library!(
    "table",
    [
        /// The items as one text.
        (
            "concat",
            concat,
            "(list: readonly {string | number}, separator: string?, i: integer?, j: integer?) -> string"
        ),
        /// Inserts an item at the end, or at a position.
        ("insert", insert, "<T>(list: {T}, position: integer | T, value: T?) -> ()"),
        /// Copies items to another place or table; the table they were copied to.
        ("move", move_, "<T>(from: {T}, first: integer, last: integer, target: integer, to: {T}?) -> {T}"),
        /// A list of the arguments, with their number as `n`.
        ("pack", pack, "(...any) -> {n: integer, [integer]: any}"),
        /// Removes the last item, or the one at a position, and returns it.
        ("remove", remove, "<T>(list: {T}, position: integer?) -> T?"),
        /// Sorts in place.
        ("sort", sort::sort, "<T>(list: {T}, less: ((a: T, b: T) -> any)?) -> ()"),
        /// The items as separate values.
        ("unpack", unpack, "<T>(list: readonly {T}, i: integer?, j: integer?) -> (...T)"),
    ]
);

/// What a function does to a table argument, so that a value without these metamethods is refused.
const READS: &[Event] = &[Event::Index];
const WRITES: &[Event] = &[Event::NewIndex];
const READS_ALL: &[Event] = &[Event::Index, Event::Len];
const CHANGES_ALL: &[Event] = &[Event::Index, Event::NewIndex, Event::Len];

/// Argument `index` must be a table, or have all these metamethods.
fn check_tablelike(cx: &Context<'_>, index: usize, events: &[Event]) -> Result<()> {
    let value = cx.get(index);
    if matches!(value, Value::Table(_)) {
        return Ok(());
    }
    let able =
        cx.metatable(value).is_some() && events.iter().all(|&event| !cx.metamethod(value, event).is_nil());
    if able { Ok(()) } else { Err(cx.type_error(index, "table")) }
}

/// The length that `__len` or the table itself has given.
fn checked_length(value: Value<'_>) -> Result<i64> {
    wippy_vm::arguments::to_integer(value).ok_or_else(|| Error::message("object length is not an integer"))
}

/// Goes on with the length of argument 1, which may take a call.
fn with_length(cx: &mut Context<'_>, then: LengthKnown) -> Result<Outcome> {
    match cx.length(cx.get(1))? {
        Some(length) => then(cx, checked_length(length)?),
        None => Ok(cx.call(1, Then::Resume(Box::new(Length(then))))),
    }
}

type LengthKnown = fn(&mut Context<'_>, i64) -> Result<Outcome>;

/// Waits for `__len`.
struct Length(LengthKnown);

impl Resume for Length {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let length = checked_length(cx.take_result())?;
        self.0(cx, length)
    }
}

fn insert(cx: &mut Context<'_>) -> Result<Outcome> {
    check_tablelike(cx, 1, CHANGES_ALL)?;
    with_length(cx, insert_at)
}

fn insert_at(cx: &mut Context<'_>, length: i64) -> Result<Outcome> {
    let end = length.wrapping_add(1);
    let position = match cx.len() {
        2 => {
            cx.insert(2, end);
            end
        }
        3 => {
            let position = cx.check_integer(2)?;
            // One comparison for both ends: a position below 1 becomes a huge number.
            if (position as u64).wrapping_sub(1) >= end as u64 {
                return Err(cx.argument_error(2, "position out of bounds"));
            }
            position
        }
        _ => return Err(Error::message("wrong number of arguments to 'insert'")),
    };
    if let Value::Table(table) = cx.get(1)
        && table.metatable().is_none()
    {
        let value = cx.get(3);
        if position == end {
            cx.raw_set_integer(table, end, value)?;
            return Ok(cx.returns_none());
        }
        let last = table.get_integer(end - 1);
        cx.raw_set_integer(table, end, last)?;
        let behind = end - 1 - position;
        if behind < BLOCK_ITEMS && cx.move_items(table, position, position + 1, behind as usize) {
            cx.raw_set_integer(table, position, value)?;
            return Ok(cx.returns_none());
        }
        cx.set(2, position);
        return steps::run(Transfer::backward(1, position, 1, position + 1, behind, Ending::Insert), cx);
    }
    cx.set(2, position);
    steps::run(Transfer::backward(1, position, 1, position + 1, end - position, Ending::Insert), cx)
}

fn remove(cx: &mut Context<'_>) -> Result<Outcome> {
    check_tablelike(cx, 1, CHANGES_ALL)?;
    with_length(cx, remove_at)
}

fn remove_at(cx: &mut Context<'_>, length: i64) -> Result<Outcome> {
    let position = cx.optional_integer(2, length)?;
    if position != length && (position as u64).wrapping_sub(1) > length as u64 {
        return Err(cx.argument_error(1, "position out of bounds"));
    }
    cx.truncate(1);
    if let Value::Table(table) = cx.get(1)
        && table.metatable().is_none()
    {
        let removed = table.get_integer(position);
        let behind = length.saturating_sub(position);
        if behind <= 0
            || behind < BLOCK_ITEMS && cx.move_items(table, position + 1, position, behind as usize)
        {
            cx.raw_set_integer(table, position.max(length), Value::Nil)?;
            return Ok(cx.returns(removed));
        }
    }
    cx.push(position);
    match cx.index(cx.get(1), position)? {
        Some(removed) => {
            cx.push(removed);
            shift_down(cx, position, length)
        }
        None => Ok(cx.call(2, Then::Resume(Box::new(Removal { position, length })))),
    }
}

/// `remove` waits for `__index` to give the item that goes.
struct Removal {
    position: i64,
    length: i64,
}

impl Resume for Removal {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let removed = cx.take_result();
        cx.push(removed);
        shift_down(cx, self.position, self.length)
    }
}

/// Slot 3 holds the removed item; the others move down.
fn shift_down(cx: &mut Context<'_>, position: i64, length: i64) -> Result<Outcome> {
    let behind = length.saturating_sub(position).max(0);
    cx.set(2, position + behind);
    steps::run(Transfer::forward(1, position.wrapping_add(1), 1, position, behind, Ending::Remove), cx)
}

fn move_(cx: &mut Context<'_>) -> Result<Outcome> {
    let first = cx.check_integer(2)?;
    let last = cx.check_integer(3)?;
    let target = cx.check_integer(4)?;
    let to = if cx.get(5).is_nil() { 1 } else { 5 };
    check_tablelike(cx, 1, READS)?;
    check_tablelike(cx, to, WRITES)?;
    cx.truncate(5);
    if last < first {
        cx.push_copy(to);
        return Ok(cx.returns_top(1));
    }
    if first <= 0 && last >= i64::MAX.wrapping_add(first) {
        return Err(cx.argument_error(3, "too many elements to move"));
    }
    let count = last - first + 1;
    if target > i64::MAX - count + 1 {
        return Err(cx.argument_error(4, "destination wrap around"));
    }
    let same = cx.get(1).raw_equals(cx.get(to));
    if same
        && let Value::Table(table) = cx.get(1)
        && table.metatable().is_none()
        && count < BLOCK_ITEMS
        && cx.move_items(table, first, target, count as usize)
    {
        cx.push_copy(1);
        return Ok(cx.returns_top(1));
    }
    // Overlapping upwards, the last item has to go first.
    let transfer = if target > last || target <= first || !same {
        Transfer::forward(1, first, to, target, count, Ending::Move)
    } else {
        Transfer::backward(1, first, to, target, count, Ending::Move)
    };
    steps::run(transfer, cx)
}

fn pack(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len();
    let table = cx.table(count, 1)?;
    for index in 1..=count {
        cx.raw_set_integer(table, index as i64, cx.get(index))?;
    }
    cx.set_field(table, "n", count as i64)?;
    Ok(cx.returns(table))
}

fn unpack(cx: &mut Context<'_>) -> Result<Outcome> {
    /// Items that are pushed without further ado.
    const FEW: i64 = 32;
    let first = cx.optional_integer(2, 1)?;
    if let Value::Table(list) = cx.get(1)
        && list.metatable().is_none()
    {
        let last = if cx.get(3).is_nil() { list.length() } else { cx.check_integer(3)? };
        let steps = last.saturating_sub(first);
        if first >= 1 && steps < FEW && last <= i64::MAX - FEW {
            for index in first..=last {
                cx.push(list.get_integer(index));
            }
            return Ok(cx.returns_top((steps + 1).max(0) as usize));
        }
    }
    if cx.get(3).is_nil() {
        return match cx.length(cx.get(1))? {
            Some(length) => unpack_range(cx, first, checked_length(length)?),
            None => Ok(cx.call(1, Then::Resume(Box::new(UnpackLength(first))))),
        };
    }
    let last = cx.check_integer(3)?;
    unpack_range(cx, first, last)
}

/// `unpack` waits for `__len`.
struct UnpackLength(i64);

impl Resume for UnpackLength {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let length = checked_length(cx.take_result())?;
        unpack_range(cx, self.0, length)
    }
}

fn unpack_range(cx: &mut Context<'_>, first: i64, last: i64) -> Result<Outcome> {
    cx.truncate(1);
    if first > last {
        return Ok(cx.returns_none());
    }
    let too_many = || Error::message("too many results to unpack");
    let count = last.checked_sub(first).and_then(|distance| distance.checked_add(1)).ok_or_else(too_many)?;
    let count = usize::try_from(count).map_err(|_| too_many())?;
    if count >= i32::MAX as usize {
        return Err(too_many());
    }
    cx.reserve_slots(count).map_err(|_| too_many())?;
    steps::run(Unpacking { next: first, count }, cx)
}

/// `unpack` under way: slot 1 holds the list, the items follow it.
struct Unpacking {
    next: i64,
    count: usize,
}

impl Steps for Unpacking {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        let list = cx.get(1);
        if called {
            let value = cx.take_result();
            cx.push(value);
            self.next = self.next.wrapping_add(1);
        }
        while cx.len() <= self.count {
            match cx.index(list, self.next)? {
                Some(value) => cx.push(value),
                None => return Ok(Next::Call(2)),
            }
            self.next = self.next.wrapping_add(1);
            if !cx.charge(1) && cx.len() <= self.count {
                return Ok(Next::Pause);
            }
        }
        Ok(Next::Return(self.count))
    }
}

fn concat(cx: &mut Context<'_>) -> Result<Outcome> {
    check_tablelike(cx, 1, READS_ALL)?;
    with_length(cx, concat_range)
}

fn concat_range(cx: &mut Context<'_>, length: i64) -> Result<Outcome> {
    let separator = match cx.optional_string(2)? {
        Some(separator) => separator,
        None => cx.string(b"")?,
    };
    let next = cx.optional_integer(3, 1)?;
    let last = if cx.get(4).is_nil() { length } else { cx.check_integer(4)? };
    cx.truncate(2);
    cx.set(2, separator);
    steps::run(Concatenation { out: Text::new(), number: Vec::new(), next, last, joint: false, done: 0 }, cx)
}

/// `concat` under way: slot 1 holds the list, slot 2 the separator, slot 3 an item that is being appended.
struct Concatenation {
    out: Text,
    /// A number as text.
    number: Vec<u8>,
    next: i64,
    last: i64,
    /// The item is appended, the separator behind it is not.
    joint: bool,
    /// Bytes appended of the text that is being appended.
    done: usize,
}

impl Steps for Concatenation {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        const ITEM: usize = 3;
        let Value::String(separator) = cx.get(2) else {
            return Ok(Next::Return(0));
        };
        let separator = separator.as_bytes();
        let list = cx.get(1);
        let mut item = if called {
            Some(cx.take_result())
        } else if cx.has(ITEM) {
            // A long text was left half appended.
            let item = cx.get(ITEM);
            cx.truncate(ITEM - 1);
            Some(item)
        } else {
            None
        };
        while self.next <= self.last {
            if !self.joint {
                let value = match (item.take(), list) {
                    (Some(value), _) => value,
                    (None, Value::Table(table)) if table.metatable().is_none() => {
                        table.get_integer(self.next)
                    }
                    _ => match cx.index(list, self.next)? {
                        Some(value) => value,
                        None => return Ok(Next::Call(2)),
                    },
                };
                if !self.append(cx, value)? {
                    cx.set(ITEM, value);
                    return Ok(Next::Pause);
                }
                if self.next == self.last {
                    break; // beyond the last one there may be no further index
                }
                self.joint = true;
            }
            if !self.out.append_some(cx, separator, &mut self.done)? {
                return Ok(Next::Pause);
            }
            self.joint = false;
            self.next += 1;
            if !cx.charge(1) {
                return Ok(Next::Pause);
            }
        }
        let text = cx.finish(std::mem::take(&mut self.out))?;
        cx.push(text);
        Ok(Next::Return(1))
    }
}

impl Concatenation {
    /// Appends an item, as far as the fuel allows; whether it is complete.
    #[inline]
    fn append(&mut self, cx: &mut Context<'_>, value: Value<'_>) -> Result<bool> {
        match value {
            Value::String(text) => return self.out.append_some(cx, text.as_bytes(), &mut self.done),
            Value::Integer(integer) => {
                self.number.clear();
                number::write_integer(&mut self.number, integer);
            }
            Value::Float(float) => {
                self.number.clear();
                number::write_float(&mut self.number, float);
            }
            other => {
                let Some(text) = other.host_object().and_then(|object| object.text()) else {
                    let (found, at) = (other.type_name(), self.next);
                    return Err(Error::message(format!(
                        "invalid value ({found}) at index {at} in table for 'concat'"
                    )));
                };
                self.number = text.to_vec();
            }
        }
        self.out.append(cx, &self.number)?;
        Ok(true)
    }
}
