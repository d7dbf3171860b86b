//! `channel`: handing values between the coroutines of one interpreter.
//!
//! Who waits, who is woken and in which order is the machine's business; here are the names, the arguments, the errors
//! and the result tables. A channel belongs to one interpreter and never leaves it.

use wippy_vm::{
    Channel, Context, Error, Library, Outcome, Result, Shape, Table, Then, Transfer, Value, arguments,
    library,
};

use crate::class::Class;
use crate::errors::{ErrorValue, Kind, fails};

/// The functions of `channel`.
pub static LIBRARY: Library = library!(
    "channel",
    [
        /// A channel that holds up to `size` values, none by default.
        ("new", new, "<T>(size: integer?) -> Channel<T>"),
        /// Waits until one of several sends and receives can be done, and does it.
        (
            "select",
            select,
            "(cases: table, default: boolean?) -> ({channel: any, value: any, ok: boolean, default: boolean?}, error?)"
        ),
    ]
);

/// The methods of channels.
pub static METHODS: Library = library!(
    "channel",
    [
        /// Sends a value; waits until somebody takes it or there is room.
        ("send", send, "(self: Channel<T>, value: T) -> (boolean?, error?)"),
        /// The next value, and whether there was one; waits for it.
        ("receive", receive, "(self: Channel<T>) -> (T?, boolean)"),
        /// No more values are sent; what is in it can still be received.
        ("close", close, "(self: Channel<T>) -> ()"),
        /// A send for `channel.select`.
        ("case_send", case_send, "(self: Channel<T>, value: T) -> Case"),
        /// A receive for `channel.select`.
        ("case_receive", case_receive, "(self: Channel<T>) -> Case"),
    ]
);

static NOTHING: Library = library!("channel", []);

static CASE: Library = library!("channel.case", []);

/// The class of channels.
pub static CLASS: Class = Class { methods: &METHODS, metamethods: &NOTHING };

/// The class of the cases of a select.
pub static CASES: Class = Class { methods: &CASE, metamethods: &NOTHING };

const CLOSED: &str = "send on closed channel";

/// Makes the metatables, so that they are part of an image.
pub(crate) fn complete<'gc>(cx: &mut Context<'gc>, _table: Table<'gc>) -> Result<()> {
    CLASS.metatable(cx)?;
    CASES.metatable(cx).map(drop)
}

/// Makes a channel with a buffer for `capacity` values, for natives that hand out channels of their own.
///
/// # Errors
/// When the memory limit would be passed.
pub fn make<'gc>(cx: &mut Context<'gc>, capacity: usize) -> Result<Channel<'gc>> {
    let metatable = CLASS.metatable(cx)?;
    Ok(cx.channel(capacity, metatable))
}

/// Argument `index`, which must be a channel.
///
/// # Errors
/// When it is not.
#[inline]
pub fn check<'gc>(cx: &Context<'gc>, index: usize) -> Result<Channel<'gc>> {
    match cx.get(index).as_channel() {
        Some(channel) => Ok(channel),
        None => Err(cx.type_error(index, "channel")),
    }
}

/// `channel.new(size?)`
fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    let size = cx.optional_integer(1, 0)?;
    let channel = make(cx, usize::try_from(size).unwrap_or(0))?;
    Ok(cx.returns(channel))
}

/// `ch:send(value)`
fn send(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(outcome) = cx.send_to_buffer() {
        return Ok(outcome);
    }
    let channel = check(cx, 1)?;
    let value = cx.get(2);
    match cx.try_send(channel, value)? {
        Transfer::Done { gives_way, .. } => {
            cx.push(true);
            Ok(cx.gives_way(1, gives_way))
        }
        Transfer::Closed => Err(Error::message(CLOSED)),
        Transfer::Blocked => {
            cx.truncate(2);
            cx.park_at(channel, true, Then::Step(sent))
        }
    }
}

/// The sender was woken: its value was taken, or the channel closed meanwhile.
fn sent(cx: &mut Context<'_>) -> Result<Outcome> {
    match cx.take_result() {
        Value::Boolean(true) => Ok(cx.returns(true)),
        _ => closed_meanwhile(cx),
    }
}

fn closed_meanwhile(cx: &mut Context<'_>) -> Result<Outcome> {
    fails(cx, ErrorValue::new(Kind::INVALID_STATE, CLOSED).retryable(Some(false)))
}

/// `ch:receive()`
fn receive(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.receive_first().unwrap_or_else(|| receive_slowly(cx))
}

/// The same, whoever waits there.
#[inline(never)]
fn receive_slowly(cx: &mut Context<'_>) -> Result<Outcome> {
    let channel = check(cx, 1)?;
    let (value, ok, gives_way) = match cx.try_receive(channel, true)? {
        Transfer::Done { value, gives_way } => (value, true, gives_way),
        Transfer::Closed => (Value::Nil, false, false),
        Transfer::Blocked => {
            cx.truncate(1);
            return cx.park_at(channel, false, Then::Return);
        }
    };
    cx.push(value);
    cx.push(ok);
    Ok(cx.gives_way(2, gives_way))
}

/// `ch:close()`
fn close(cx: &mut Context<'_>) -> Result<Outcome> {
    let channel = check(cx, 1)?;
    let woken = cx.close_channel(channel);
    if woken {
        cx.queue_last();
    }
    Ok(cx.gives_way(0, woken))
}

/// `ch:case_receive()`
fn case_receive(cx: &mut Context<'_>) -> Result<Outcome> {
    let channel = check(cx, 1)?;
    let metatable = CASES.metatable(cx)?;
    let case = cx.receive_case(channel, metatable);
    Ok(cx.returns(case))
}

/// `ch:case_send(value)`
fn case_send(cx: &mut Context<'_>) -> Result<Outcome> {
    let channel = check(cx, 1)?;
    let metatable = CASES.metatable(cx)?;
    let case = cx.send_case(channel, cx.get(2), metatable);
    Ok(cx.returns(case))
}

/// `channel.select(cases, default?)`: the first case in order that can proceed.
fn select(cx: &mut Context<'_>) -> Result<Outcome> {
    let cases = cx.check_table(1)?;
    let default = matches!(cx.get(2), Value::Boolean(true))
        || matches!(cx.field(cases, "default"), Value::Boolean(true));
    let count = lay_out(cx, cases)?;
    let mut closed = false;
    for slot in 1..=count {
        let Some(case) = cx.get(slot).as_case() else { continue };
        let channel = case.channel();
        let sends = case.sends();
        let attempt =
            if sends { cx.try_send(channel, case.value())? } else { cx.try_receive(channel, false)? };
        match attempt {
            Transfer::Blocked => {}
            Transfer::Closed if sends => closed = true,
            Transfer::Closed => return answer(cx, channel, Value::Nil, false),
            Transfer::Done { value, gives_way: false } => return answer(cx, channel, value, true),
            Transfer::Done { value, gives_way: true } => {
                cx.push(slot as i64);
                cx.push(value);
                cx.push(true);
                return Ok(cx.gives_way_to(3, Then::Step(selected)));
            }
        }
    }
    if default {
        let result = cx.table(0, 2)?;
        cx.set_field(result, "default", true)?;
        cx.set_field(result, "ok", true)?;
        return Ok(cx.returns(result));
    }
    if closed {
        return Err(Error::message(CLOSED));
    }
    cx.park_select(count, Then::Step(selected))
}

/// Replaces the arguments by the cases of the table, one a slot; answers how many there are.
fn lay_out<'gc>(cx: &mut Context<'gc>, cases: Table<'gc>) -> Result<usize> {
    let length = usize::try_from(cases.length()).unwrap_or(0);
    cx.truncate(0);
    cx.reserve_slots(length)?;
    for index in 1..=length {
        let case = cases.get_integer(index as i64);
        if case.as_case().is_some() {
            cx.push(case);
        } else if case.is_truthy() {
            cx.truncate(0);
            return Err(cx.argument_error(1, format!("case expected at index {index}")));
        }
    }
    let _ = cx.charge(length);
    Ok(cx.len())
}

/// The select was woken: the number of its case, the value, and whether the channel was open.
fn selected(cx: &mut Context<'_>) -> Result<Outcome> {
    let at = cx.results();
    let (number, value, ok) = (arguments::to_integer(cx.get(at)), cx.get(at + 1), cx.get(at + 2).is_truthy());
    let number = number.and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    let Some(case) = cx.get(number).as_case() else {
        return Err(Error::message("a select was woken for no case"));
    };
    if case.sends() && !ok {
        return closed_meanwhile(cx);
    }
    answer(cx, case.channel(), value, ok)
}

/// The fields of what a select answers.
static RESULT: Shape = Shape::new(&["channel", "value", "ok"]);

fn answer<'gc>(cx: &mut Context<'gc>, channel: Channel<'gc>, value: Value<'gc>, ok: bool) -> Result<Outcome> {
    let result = cx.shaped(&RESULT, &[channel.into(), value, ok.into()])?;
    Ok(cx.returns(result))
}
