//! Waiting: `sleep`, `after`, timers and tickers, over alarms that the owner of the interpreter keeps.
//!
//! Nothing here knows a clock but to say what time it is when an alarm goes off. A timer and a ticker are userdata of
//! their interpreter with the channel as their user value. Invariant: what an alarm needs is anchored under its ticket
//! until it goes off or is stopped, and the channel is closed at that moment unless the alarm repeats.

use std::sync::Mutex;
use std::time::Duration;

use wippy_vm::{Channel, Context, Error, Library, Outcome, Result, Then, Ticket, UserData, Value, library};

use super::duration::Argument;
use super::location::Location;
use super::methods;
use super::point::TimeValue;
use crate::channel;
use crate::class::Class;
use crate::clock;
use crate::errors::{self, ErrorValue};
use crate::requests::Request;

/// Ticks that wait in a ticker's channel; further ones are dropped.
const TICKER_BUFFER: usize = 16;

/// The methods of timers.
pub(super) static TIMER: Library = library!(
    "timer",
    [
        /// Where the time arrives.
        ("channel", channel_method, "(self: Timer) -> Channel<Time>"),
        /// The same as `channel`.
        ("response", channel_method, "(self: Timer) -> Channel<Time>"),
        /// Stops the timer; whether it was running.
        ("stop", stop_timer, "(self: Timer) -> boolean"),
        /// Starts it again; whether it was running.
        ("reset", reset, "(self: Timer, duration: any) -> boolean"),
    ]
);

/// The methods of tickers.
pub(super) static TICKER: Library = library!(
    "ticker",
    [
        /// Where the times arrive.
        ("channel", channel_method, "(self: Ticker) -> Channel<Time>"),
        /// The same as `channel`.
        ("response", channel_method, "(self: Ticker) -> Channel<Time>"),
        /// Stops the ticker; whether it was running.
        ("stop", stop_ticker, "(self: Ticker) -> boolean"),
    ]
);

static NOTHING: Library = library!("timer", []);

pub(super) static TIMERS: Class = Class { methods: &TIMER, metamethods: &NOTHING };
pub(super) static TICKERS: Class = Class { methods: &TICKER, metamethods: &NOTHING };

/// An alarm of a timer or ticker.
struct Alarm {
    /// Under which its channel (or, of a ticker, itself) is anchored while it is set.
    ticket: Mutex<Option<Ticket>>,
    /// Of a ticker.
    period: Option<Duration>,
}

impl Alarm {
    fn take(&self) -> Option<Ticket> {
        self.ticket.lock().map_or(None, |mut ticket| ticket.take())
    }

    fn set(&self, new: Ticket) {
        if let Ok(mut ticket) = self.ticket.lock() {
            *ticket = Some(new);
        }
    }
}

/// `time.sleep(duration)`
pub(super) fn sleep(cx: &mut Context<'_>) -> Result<Outcome> {
    match Argument::of(cx.get(1)).or_error() {
        Ok(nanoseconds @ 1..) => {
            let delay = Duration::from_nanos(nanoseconds as u64);
            cx.truncate(0);
            Ok(cx.operation(Box::new(Request::Sleep(delay)), Then::Return))
        }
        Ok(_) => {
            cx.queue_last();
            Ok(cx.gives_way(0, true))
        }
        Err(error) => errors::fails(cx, error),
    }
}

/// A duration argument that must be more than nothing, or what the function answers.
fn delay(cx: &Context<'_>, index: usize, who: &str) -> Result<Duration, ErrorValue> {
    match Argument::of(cx.get(index)) {
        Argument::Nanoseconds(nanoseconds @ 1..) => Ok(Duration::from_nanos(nanoseconds as u64)),
        Argument::Nanoseconds(_) => Err(ErrorValue::invalid(format!("{who}: duration must be > 0"))),
        Argument::Malformed(message) => Err(ErrorValue::invalid(format!("{who}: {message}"))),
        Argument::WrongType => Err(ErrorValue::invalid(format!("{who}: duration must be number or string"))),
    }
}

/// The present moment as a Lua value.
fn present<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let (wall, monotonic) = (clock::wall(cx), clock::monotonic(cx));
    let time = TimeValue::from_nanoseconds(wall, Location::local()).with_monotonic(monotonic);
    Ok(methods::CLASS.object(cx, std::sync::Arc::new(time))?.into())
}

/// Sends the present moment. Without memory for it the alarm is lost; the program that hears nothing finds a closed
/// channel.
fn send_present<'gc>(cx: &mut Context<'gc>, channel: Channel<'gc>) {
    if let Ok(now) = present(cx) {
        let _ = cx.push_to(channel, now);
    }
}

/// Sets an alarm for a channel that hears of it once.
fn set_once<'gc>(cx: &mut Context<'gc>, channel: Channel<'gc>, delay: Duration) -> Ticket {
    let ticket = cx.anchor(channel);
    cx.post(ticket, Box::new(Request::Alarm { delay, fire: fire_once }));
    ticket
}

fn fire_once(cx: &mut Context<'_>, ticket: Ticket) -> Option<Duration> {
    let channel = cx.anchored(ticket)?.as_channel()?;
    cx.release(ticket);
    send_present(cx, channel);
    cx.close_channel(channel);
    None
}

/// `time.after(duration)`
pub(super) fn after(cx: &mut Context<'_>) -> Result<Outcome> {
    match delay(cx, 1, "time.after") {
        Ok(delay) => {
            let channel = channel::make(cx, 1)?;
            set_once(cx, channel, delay);
            Ok(cx.returns(channel))
        }
        Err(error) => errors::fails(cx, error),
    }
}

/// Makes the object of an alarm that was not set yet.
fn alarm_object<'gc>(
    cx: &mut Context<'gc>,
    class: &'static Class,
    channel: Channel<'gc>,
    period: Option<Duration>,
) -> Result<UserData<'gc>> {
    let metatable = class.metatable(cx)?;
    let alarm = Alarm { ticket: Mutex::new(None), period };
    let object = cx.userdata(Box::new(alarm), Some(metatable));
    cx.set_user_value(object, channel.into());
    Ok(object)
}

/// `time.timer(duration)`
pub(super) fn timer(cx: &mut Context<'_>) -> Result<Outcome> {
    match delay(cx, 1, "time.timer") {
        Ok(delay) => {
            let channel = channel::make(cx, 1)?;
            let object = alarm_object(cx, &TIMERS, channel, None)?;
            let ticket = set_once(cx, channel, delay);
            if let Some(alarm) = object.get::<Alarm>() {
                alarm.set(ticket);
            }
            Ok(cx.returns(object))
        }
        Err(error) => errors::fails(cx, error),
    }
}

/// `time.ticker(duration)`
pub(super) fn ticker(cx: &mut Context<'_>) -> Result<Outcome> {
    match delay(cx, 1, "time.ticker") {
        Ok(period) => {
            let channel = channel::make(cx, TICKER_BUFFER)?;
            let object = alarm_object(cx, &TICKERS, channel, Some(period))?;
            let ticket = cx.anchor(object);
            cx.post(ticket, Box::new(Request::Alarm { delay: period, fire: fire_again }));
            if let Some(alarm) = object.get::<Alarm>() {
                alarm.set(ticket);
            }
            Ok(cx.returns(object))
        }
        Err(error) => errors::fails(cx, error),
    }
}

fn fire_again(cx: &mut Context<'_>, ticket: Ticket) -> Option<Duration> {
    let Value::UserData(object) = cx.anchored(ticket)? else { return None };
    let period = object.get::<Alarm>()?.period;
    let channel = object.user_value().as_channel()?;
    if channel.accepts() {
        send_present(cx, channel);
    }
    period
}

/// Argument 1 of a method: the alarm and its channel.
fn this<'gc>(cx: &Context<'gc>) -> Result<(&'gc Alarm, Channel<'gc>)> {
    if let Value::UserData(object) = cx.get(1)
        && let Some(alarm) = object.get::<Alarm>()
        && let Some(channel) = object.user_value().as_channel()
    {
        return Ok((alarm, channel));
    }
    Err(cx.type_error(1, "timer"))
}

fn channel_method(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, channel) = this(cx)?;
    Ok(cx.returns(channel))
}

/// Stops the alarm and closes its channel; whether it was set.
fn stop<'gc>(cx: &mut Context<'gc>, alarm: &Alarm) -> bool {
    alarm.take().is_some_and(|ticket| cx.release(ticket))
}

/// Closes the channel and answers with a boolean; who waits there goes first.
fn close_and_return<'gc>(cx: &mut Context<'gc>, channel: Channel<'gc>, answer: bool) -> Outcome {
    let woken = cx.close_channel(channel);
    if woken {
        cx.queue_last();
    }
    cx.push(answer);
    cx.gives_way(1, woken)
}

/// `timer:stop()`
fn stop_timer(cx: &mut Context<'_>) -> Result<Outcome> {
    let (alarm, channel) = this(cx)?;
    if stop(cx, alarm) { Ok(close_and_return(cx, channel, true)) } else { Ok(cx.returns(false)) }
}

/// `ticker:stop()`
fn stop_ticker(cx: &mut Context<'_>) -> Result<Outcome> {
    let (alarm, channel) = this(cx)?;
    stop(cx, alarm);
    Ok(close_and_return(cx, channel, true))
}

/// `timer:reset(duration)`
fn reset(cx: &mut Context<'_>) -> Result<Outcome> {
    let (alarm, channel) = this(cx)?;
    let delay = match delay(cx, 2, "timer:reset") {
        Ok(delay) => delay,
        Err(error) => return Err(Error::message(String::from_utf8_lossy(error.message()))),
    };
    if !stop(cx, alarm) {
        return Ok(cx.returns(false));
    }
    let ticket = set_once(cx, channel, delay);
    alarm.set(ticket);
    Ok(cx.returns(true))
}
