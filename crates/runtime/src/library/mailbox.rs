//! `process.inbox`, `events`, `listen`, `unlisten`: the channels on which a process receives.

use std::sync::atomic::Ordering;

use wippy_stdlib::channel;
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Channel, Context, Kept, Library, Outcome, Result, Value, library};

use super::{ask, enlist, invalid};
use crate::ask::Ask;
use crate::local::Local;

/// Globals for channels of one's own.
pub static GLOBALS: Library = library!(
    "_G",
    [
        /// Has messages of a topic delivered to a channel of one's own.
        ("subscribe", attach, "(topic: string, channel: any) -> (boolean?, error?)"),
        /// Ends that.
        ("unsubscribe", detach, "(channel: any) -> (boolean, error?)"),
    ]
);

/// A new channel and the number under which it is kept.
fn open(cx: &mut Context<'_>, capacity: usize) -> Result<Kept> {
    let channel = channel::make(cx, capacity)?;
    channel.set_fed();
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
            tell_listening(cx)?;
            channel
        }
    };
    let channel = cx.kept(kept);
    Ok(cx.returns(channel))
}

/// Tells the owner of a program whether it listens to events, before it does anything else.
fn tell_listening(cx: &mut Context<'_>) -> Result<()> {
    let mut question = Ask::Events { channel: None };
    ask(cx, &mut question)?;
    if let Some(local) = cx.host::<Local>().filter(|local| local.is_program) {
        let listens = matches!(question, Ask::Events { channel: Some(_) });
        local.shared.program_hears_events.store(listens, Ordering::Relaxed);
    }
    Ok(())
}

/// Why nobody can listen to a topic.
fn unfit(topic: &[u8]) -> Option<&'static str> {
    match topic.first() {
        None => Some("topic cannot be empty"),
        Some(b'@') => Some("cannot listen to @ topics"),
        Some(_) => None,
    }
}

/// `process.listen(topic, options?)`
pub(super) fn listen(cx: &mut Context<'_>) -> Result<Outcome> {
    let topic = cx.check_string(1)?;
    if let Some(outcome) = enlist(cx, listen)? {
        return Ok(outcome);
    }
    if let Some(refusal) = unfit(topic.as_bytes()) {
        return invalid(cx, refusal);
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
    let Some(kept) = subscription(cx, channel)? else { return Ok(false) };
    let Some(channel) = cx.kept(kept).as_channel() else { return Ok(false) };
    end(cx, kept)?;
    if cx.close_channel(channel) {
        cx.queue_last();
    }
    Ok(true)
}

/// The kept number of a subscription's channel.
fn subscription(cx: &mut Context<'_>, channel: Channel<'_>) -> Result<Option<Kept>> {
    let mut question = Ask::Channels { all: Vec::new(), close: None, closed: false };
    ask(cx, &mut question)?;
    let Ask::Channels { all, .. } = question else { return Ok(None) };
    let is_it =
        |kept: &Kept| cx.kept(*kept).as_channel().is_some_and(|other| other.address() == channel.address());
    Ok(all.into_iter().find(is_it))
}

/// Ends a subscription; the channel stays as it is.
fn end(cx: &mut Context<'_>, kept: Kept) -> Result<()> {
    ask(cx, &mut Ask::Channels { all: Vec::new(), close: Some(kept), closed: false })?;
    cx.replace_kept(kept, Value::Nil);
    tell_listening(cx)
}

fn no_subscription(cx: &mut Context<'_>) -> Result<Outcome> {
    errors::fails_with(cx, Value::Boolean(false), ErrorValue::new(Kind::NOT_FOUND, "channel not found"))
}

/// `process.unlisten(channel)`
pub(super) fn unlisten(cx: &mut Context<'_>) -> Result<Outcome> {
    let channel = channel::check(cx, 1)?;
    if let Some(outcome) = enlist(cx, unlisten)? {
        return Ok(outcome);
    }
    let Some(kept) = subscription(cx, channel)? else { return no_subscription(cx) };
    end(cx, kept)?;
    let woken = cx.close_channel(channel);
    if woken {
        cx.queue_last();
    }
    cx.push(true);
    Ok(cx.gives_way(1, woken))
}

/// `subscribe(topic, channel)`: what is sent to the topic goes to a channel that there is already.
fn attach(cx: &mut Context<'_>) -> Result<Outcome> {
    let topic = cx.check_string(1)?;
    let channel = channel::check(cx, 2)?;
    if let Some(outcome) = enlist(cx, attach)? {
        return Ok(outcome);
    }
    if let Some(refusal) = unfit(topic.as_bytes()) {
        return invalid(cx, refusal);
    }
    let mut question = Ask::Topic { topic: topic.as_bytes().to_vec(), whole: false, channel: None };
    ask(cx, &mut question)?;
    match question {
        Ask::Topic { channel: Some(kept), .. }
            if cx.kept(kept).as_channel().is_some_and(|known| known.is(channel)) => {}
        Ask::Topic { channel: Some(_), .. } => {
            let message = format!("topic \"{}\" already subscribed", topic.to_string_lossy());
            let error = ErrorValue::new(Kind::ALREADY_EXISTS, message).retryable(Some(false));
            return errors::fails(cx, error);
        }
        _ => {
            channel.set_fed();
            let channel = cx.keep(channel);
            ask(cx, &mut Ask::OpenTopic { topic: topic.as_bytes().to_vec(), whole: false, channel })?;
        }
    }
    Ok(cx.returns(true))
}

/// `unsubscribe(channel)`: the channel stays open.
fn detach(cx: &mut Context<'_>) -> Result<Outcome> {
    let channel = channel::check(cx, 1)?;
    if let Some(outcome) = enlist(cx, detach)? {
        return Ok(outcome);
    }
    match subscription(cx, channel)? {
        Some(kept) => end(cx, kept)?,
        None => return no_subscription(cx),
    }
    Ok(cx.returns(true))
}
