//! Messages, payloads and events as scripts see them.

use std::time::{SystemTime, UNIX_EPOCH};

use wippy_scheduler::{HostId, Pid};
use wippy_stdlib::class::Class;
use wippy_stdlib::payload;
use wippy_vm::{
    Context, Fate, HostObject, Library, Link, Outcome, Result, Shape, Table, UserData, Value, library,
};

use crate::addresses::remember;
use crate::ask::Ask;
use crate::local::Local;
use crate::mail::{Event, Letter, Mail, Message, Note};
use crate::pid::format_pid;
use crate::room::Names;

pub(crate) static METHODS: Library = library!(
    "process.Message",
    [
        /// The topic of the message.
        ("topic", topic, "(self: any) -> string"),
        /// The pid of the sender.
        ("from", from, "(self: any) -> string"),
        /// The values that were sent.
        ("payload", payloads, "(self: any) -> any"),
    ]
);

static MESSAGE_EVENTS: Library =
    library!("process.Message", [("__tostring", show_message, "(self: any) -> string")]);

static MESSAGES: Class = Class { methods: &METHODS, metamethods: &MESSAGE_EVENTS };

/// Builds the metatables, so that they are part of an image.
pub(crate) fn open(cx: &mut Context<'_>) -> Result<()> {
    MESSAGES.metatable(cx)?;
    payload::open(cx)
}

/// The methods that lead from a message to what it says.
pub(crate) static WAY: [Link; 2] = [Link::new("payload"), Link::new("data")];

/// What a receiver of messages gets, who goes on behind what it would have asked the message for.
///
/// # Errors
/// When the memory limit would be passed.
#[inline]
pub(crate) fn fresh<'gc>(cx: &mut Context<'gc>, mail: Mail, fate: Fate<'gc>) -> Result<Value<'gc>> {
    match fate {
        Fate::Dropped => {
            mail.recycle();
            return Ok(Value::Nil);
        }
        Fate::Chained(chain) if !chain.is_open() => {
            let mut tokens = mail.payload();
            // What fails here fails there again, as an error that the program can catch.
            if let Ok(Some(value)) = cx.unpack_next(&mut tokens)
                && tokens.is_empty()
            {
                mail.recycle();
                chain.skip();
                return Ok(value);
            }
        }
        _ => {}
    }
    object(cx, mail)
}

/// The userdata of a message.
///
/// # Errors
/// When the memory limit would be passed.
pub(crate) fn object<'gc>(cx: &mut Context<'gc>, mail: Mail) -> Result<Value<'gc>> {
    match mail.open() {
        Ok(note) => noted(cx, note).map(Value::UserData),
        Err(letter) => {
            let metatable = MESSAGES.metatable(cx)?;
            cx.check_room(1)?;
            Ok(cx.userdata(letter, Some(metatable)).into())
        }
    }
}

/// The userdata of a small message.
///
/// # Errors
/// When the memory limit would be passed.
#[inline]
pub(crate) fn noted<'gc>(cx: &mut Context<'gc>, note: Note) -> Result<UserData<'gc>> {
    let metatable = MESSAGES.metatable(cx)?;
    cx.check_room(1)?;
    Ok(cx.userdata_in_cell(note, metatable))
}

/// What a listener without messages gets: nothing, the value, or a list of the values.
pub(crate) fn bare<'gc>(cx: &mut Context<'gc>, mail: &Mail) -> Result<Value<'gc>> {
    let mut tokens = mail.payload();
    let Some(first) = cx.unpack_next(&mut tokens)? else { return Ok(Value::Nil) };
    let Some(second) = cx.unpack_next(&mut tokens)? else { return Ok(first) };
    let list = cx.table(2, 0)?;
    cx.raw_set_integer(list, 1, first)?;
    cx.raw_set_integer(list, 2, second)?;
    let mut at = 3;
    while let Some(value) = cx.unpack_next(&mut tokens)? {
        cx.raw_set_integer(list, at, value)?;
        at += 1;
    }
    Ok(list.into())
}

/// What all events have, and what only some have.
static TOLD: Shape = Shape::new(&["at", "kind", "from", "result"]);
static ASKED: Shape = Shape::new(&["at", "kind", "from", "reason"]);
static OUTDATED: Shape = Shape::new(&["at", "kind", "sources"]);
static RESULT: Shape = Shape::new(&["value", "error"]);

/// The table of an event.
pub(crate) fn event<'gc>(cx: &mut Context<'gc>, event: Event, names: Names<'_>) -> Result<Table<'gc>> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64).into();
    match event {
        Event::Outdated { sources } => {
            let list = cx.table(sources.len(), 0)?;
            for (index, source) in (1..).zip(&sources) {
                let source = cx.string(source)?;
                cx.raw_set_integer(list, index, source)?;
            }
            let kind = cx.name(kind::OUTDATED);
            cx.shaped(&OUTDATED, &[at, kind.into(), list.into()])
        }
        Event::Cancel { from, reason } => {
            let kind = cx.name(kind::CANCEL);
            let from = cx.string(names(from, None).as_bytes())?;
            let reason = cx.string(reason.as_bytes())?;
            cx.shaped(&ASKED, &[at, kind.into(), from.into(), reason.into()])
        }
        Event::Exit { from, host, end } => {
            let kind = cx.name(kind::EXIT);
            let from = cx.string(names(from, host).as_bytes())?;
            let (value, error) = match end {
                Ok(output) => (cx.unpack_next(&mut output.tokens())?.unwrap_or(Value::Nil), Value::Nil),
                Err(fault) => (Value::Nil, fault.abroad().arrive(cx)?.into()),
            };
            let result = cx.shaped(&RESULT, &[value, error])?;
            cx.shaped(&TOLD, &[at, kind.into(), from.into(), result.into()])
        }
        Event::LinkDown { from, host, fault } => {
            let kind = cx.name(kind::LINK_DOWN);
            let from = cx.string(names(from, host).as_bytes())?;
            let error = fault.abroad().arrive(cx)?;
            let result = cx.shaped(&RESULT, &[Value::Nil, error.into()])?;
            cx.shaped(&TOLD, &[at, kind.into(), from.into(), result.into()])
        }
    }
}

/// Values of `process.event`.
pub(crate) mod kind {
    pub(crate) const CANCEL: &str = "pid.cancel";
    pub(crate) const EXIT: &str = "pid.exit";
    pub(crate) const LINK_DOWN: &str = "pid.link.down";
    pub(crate) const OUTDATED: &str = "pid.outdated";
}

/// A pid as text; its host is asked for unless it is known.
pub(crate) fn pid_text(cx: &mut Context<'_>, pid: Pid, host: Option<HostId>) -> String {
    let mut ask = Ask::Text { pid, host, text: String::new() };
    match (cx.ask(&mut ask), ask) {
        (true, Ask::Text { text, .. }) => text,
        _ => format_pid("", pid),
    }
}

/// The message that a userdata holds, if it is one.
#[inline(always)]
fn message_in(userdata: UserData<'_>) -> Option<Message<'_>> {
    match userdata.get::<Note>() {
        Some(note) => Some(note.message()),
        None => userdata.get::<Letter>().map(Letter::message),
    }
}

/// The message that argument 1 must be, and the userdata that it is in.
#[inline(always)]
fn this<'gc>(cx: &Context<'gc>) -> Result<(UserData<'gc>, Message<'gc>)> {
    match cx.get(1) {
        Value::UserData(userdata) => message_in(userdata).map(|message| (userdata, message)),
        _ => None,
    }
    .ok_or_else(|| cx.type_error(1, MESSAGES.name()))
}

fn topic(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, message) = this(cx)?;
    let topic = cx.string(message.topic())?;
    Ok(cx.returns(topic))
}

/// `msg:from()`: the sender's pid, empty for the system.
fn from(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, Message { from, host, .. }) = this(cx)?;
    let known = cx.host::<Local>().and_then(|local| local.addresses.as_ref()?.text_of(from));
    if let Some(known) = known {
        let text = cx.kept(known);
        return Ok(cx.returns(text));
    }
    if from == Pid::SYSTEM {
        let text = cx.name("");
        return Ok(cx.returns(text));
    }
    let text = pid_text(cx, from, Some(host));
    let text = cx.string(text.as_bytes())?;
    remember(cx, text, from, true);
    Ok(cx.returns(text))
}

/// `msg:payload()`: nil, a payload, or a list of payloads.
fn payloads(cx: &mut Context<'_>) -> Result<Outcome> {
    let (owner, message) = this(cx)?;
    if let Fate::Chained(chain) = cx.fate(&WAY[1..]) {
        if message.is_held {
            return Ok(cx.returns_end(owner.user_value(), chain));
        }
        let mut values = message.payload();
        if let Some(value) = cx.unpack_next(&mut values)?
            && values.is_empty()
        {
            return Ok(cx.returns_end(value, chain));
        }
    }
    payload_objects(cx, owner, &message)
}

/// The payloads of a message, for those who keep them.
#[inline(never)]
fn payload_objects<'gc>(
    cx: &mut Context<'gc>,
    owner: UserData<'gc>,
    message: &Message<'gc>,
) -> Result<Outcome> {
    let mut tokens = message.payload();
    let mut count = usize::from(message.is_held);
    while tokens.skip_value() {
        count += 1;
    }
    match count {
        0 => Ok(cx.returns(Value::Nil)),
        1 => {
            let payload = payload::lent(cx, owner, 0, value_of)?;
            Ok(cx.returns(payload))
        }
        _ => {
            let list = cx.table(count, 0)?;
            for index in 0..count {
                let payload = payload::lent(cx, owner, index, value_of)?;
                cx.raw_set_integer(list, index as i64 + 1, payload)?;
            }
            Ok(cx.returns(list))
        }
    }
}

/// The value of a payload: of a message the one of this number.
fn value_of<'gc>(cx: &mut Context<'gc>, owner: UserData<'gc>, number: usize) -> Result<Value<'gc>> {
    let Some(message) = message_in(owner) else { return Ok(Value::Nil) };
    if message.is_held {
        return Ok(owner.user_value());
    }
    let mut tokens = message.payload();
    for _ in 0..number {
        tokens.skip_value();
    }
    Ok(cx.unpack_next(&mut tokens)?.unwrap_or(Value::Nil))
}

fn show_message(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, message) = this(cx)?;
    let text = [b"process.Message{topic=", message.topic(), b"}"].concat();
    let text = cx.string(&text)?;
    Ok(cx.returns(text))
}
