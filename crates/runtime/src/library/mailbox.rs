//! `process.inbox`, `events`, `listen`, `unlisten`: the channels on which a process receives.

use wippy_stdlib::channel;
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Context, Kept, Outcome, Result, Value};

use super::{ask, enlist, invalid};
use crate::ask::Ask;

/// A new channel and the number under which it is kept.
fn open(cx: &mut Context<'_>, capacity: usize) -> Result<Kept> {
    let channel = channel::make(cx, capacity)?;
    Ok(cx.keep(channel))
}

/// `process.inbox()`
pub(super) fn inbox(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(outcome) = enlist(cx, inbox)? {
        return Ok(outcome);
    }
    let mut question = Ask::Inbox { channel: None };
    ask(cx, &mut question)?;
    let kept = match question {
        Ask::Inbox { channel: Some(channel) } => channel,
        _ => {
            let channel = open(cx, 0)?;
            ask(cx, &mut Ask::OpenInbox(channel))?;
            channel
        }
    };
    let channel = cx.kept(kept);
    Ok(cx.returns(channel))
}

/// `process.events()`
pub(super) fn events(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(outcome) = enlist(cx, events)? {
        return Ok(outcome);
    }
    let mut question = Ask::Events { channel: None };
    ask(cx, &mut question)?;
    let kept = match question {
        Ask::Events { channel: Some(channel) } => channel,
        _ => {
            let channel = open(cx, 0)?;
            ask(cx, &mut Ask::OpenEvents(channel))?;
            channel
        }
    };
    let channel = cx.kept(kept);
    Ok(cx.returns(channel))
}

/// `process.listen(topic, options?)`
pub(super) fn listen(cx: &mut Context<'_>) -> Result<Outcome> {
    let topic = cx.check_string(1)?;
    if let Some(outcome) = enlist(cx, listen)? {
        return Ok(outcome);
    }
    match topic.as_bytes().first() {
        None => return invalid(cx, "topic cannot be empty"),
        Some(b'@') => return invalid(cx, "cannot listen to @ topics"),
        Some(_) => {}
    }
    let whole = match cx.get(2) {
        Value::Table(options) => cx.field(options, "message").is_truthy(),
        _ => false,
    };
    let mut question = Ask::Topic { topic: topic.as_bytes().to_vec(), whole, channel: None };
    ask(cx, &mut question)?;
    let kept = match question {
        Ask::Topic { channel: Some(channel), .. } => channel,
        _ => {
            let channel = open(cx, 1)?;
            ask(cx, &mut Ask::OpenTopic { topic: topic.as_bytes().to_vec(), whole, channel })?;
            channel
        }
    };
    let channel = cx.kept(kept);
    Ok(cx.returns(channel))
}

/// Listens to a topic of the runtime's own: what is sent there goes to the channel, `capacity` values ahead.
///
/// # Errors
/// Outside of a process, and when the memory limit would be passed.
pub fn subscribe<'gc>(cx: &mut Context<'gc>, topic: &str, capacity: usize) -> Result<Value<'gc>> {
    let channel = open(cx, capacity)?;
    ask(cx, &mut Ask::OpenTopic { topic: topic.as_bytes().to_vec(), whole: false, channel })?;
    Ok(cx.kept(channel))
}

/// Ends what [`subscribe`] began, by its channel; `false` if it had ended.
///
/// # Errors
/// Outside of a process.
pub fn unsubscribe(cx: &mut Context<'_>, channel: Value<'_>) -> Result<bool> {
    let Some(channel) = channel.as_channel() else { return Ok(false) };
    let mut question = Ask::Channels { all: Vec::new(), close: None, closed: false };
    ask(cx, &mut question)?;
    let Ask::Channels { all, .. } = question else { return Ok(false) };
    let is_it =
        |kept: &Kept| cx.kept(*kept).as_channel().is_some_and(|other| other.address() == channel.address());
    let Some(kept) = all.into_iter().find(is_it) else { return Ok(false) };
    let Some(channel) = cx.kept(kept).as_channel() else { return Ok(false) };
    ask(cx, &mut Ask::Channels { all: Vec::new(), close: Some(kept), closed: false })?;
    cx.replace_kept(kept, Value::Nil);
    if cx.close_channel(channel) {
        cx.queue_last();
    }
    Ok(true)
}

/// `process.unlisten(channel)`
pub(super) fn unlisten(cx: &mut Context<'_>) -> Result<Outcome> {
    let channel = channel::check(cx, 1)?;
    if let Some(outcome) = enlist(cx, unlisten)? {
        return Ok(outcome);
    }
    let mut question = Ask::Channels { all: Vec::new(), close: None, closed: false };
    ask(cx, &mut question)?;
    let Ask::Channels { all, .. } = question else { return Ok(cx.returns(false)) };
    let mut found = None;
    for kept in all {
        if cx.kept(kept).as_channel().is_some_and(|other| other.is(channel)) {
            found = Some(kept);
        }
    }
    let Some(kept) = found else {
        let error = ErrorValue::new(Kind::NOT_FOUND, "channel not found");
        return errors::fails_with(cx, Value::Boolean(false), error);
    };
    ask(cx, &mut Ask::Channels { all: Vec::new(), close: Some(kept), closed: false })?;
    cx.replace_kept(kept, Value::Nil);
    let woken = cx.close_channel(channel);
    if woken {
        cx.queue_last();
    }
    cx.push(true);
    Ok(cx.gives_way(1, woken))
}
