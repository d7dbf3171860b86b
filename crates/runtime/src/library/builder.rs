//! The spawn builder: what a child gets besides its arguments.
//!
//! Immutable: every method answers a new one. Misuse raises; only a spawn that fails answers `nil` and an error.

use std::sync::Arc;

use wippy_stdlib::class::Class;
use wippy_stdlib::security::{self, Actor, Scope};
use wippy_vm::{
    Context, Error, HostObject, Library, Outcome, Packed, Parcel, Result, UserData, Value, library,
};

use super::spawn::{self, Extras, Flavour};
use super::{enlist, permitted};
use crate::local::{Local, Values};
use crate::mail::Mail;

pub(super) static METHODS: Library = library!(
    "process.SpawnBuilder",
    [
        /// The child gets these values besides.
        ("with_context", add_context, "(self: any, values: any) -> any"),
        /// The child has these options.
        ("with_options", add_options, "(self: any, options: any) -> any"),
        /// The child acts for this actor.
        ("with_actor", with_actor, "(self: any, actor: any) -> any"),
        /// The child acts in this scope.
        ("with_scope", with_scope, "(self: any, scope: any) -> any"),
        /// The child has this name from its first moment on.
        ("with_name", with_name, "(self: any, name: string) -> any"),
        /// This message is in the child's mailbox when it starts.
        ("with_message", with_message, "(self: any, topic: string, ...any) -> any"),
        /// Starts the process; its pid.
        ("spawn", spawn, "(self: any, id: string, host: string?, ...any) -> (string?, error?)"),
        /// Starts it and hears of its end.
        (
            "spawn_monitored",
            spawn_monitored,
            "(self: any, id: string, host: string?, ...any) -> (string?, error?)"
        ),
        /// Starts it and shares its fate.
        ("spawn_linked", spawn_linked, "(self: any, id: string, host: string?, ...any) -> (string?, error?)"),
        /// Starts it, hears of its end, and shares its fate.
        (
            "spawn_linked_monitored",
            spawn_linked_monitored,
            "(self: any, id: string, host: string?, ...any) -> (string?, error?)"
        ),
        /// Starts it and waits for its result.
        ("exec", exec, "(self: any, id: string, host: string?, ...any) -> (any, error?)"),
    ]
);

static NOTHING: Library = library!("process.SpawnBuilder", []);

static CLASS: Class = Class { methods: &METHODS, metamethods: &NOTHING };

/// Builds the metatable, so that it is part of an image.
pub(super) fn open(cx: &mut Context<'_>) -> Result<()> {
    security::open(cx)?;
    CLASS.metatable(cx).map(drop)
}

/// What was collected so far.
#[derive(Clone, Default)]
struct Builder {
    values: Values,
    name: Option<Vec<u8>>,
    /// Topic and payload of each message.
    messages: Vec<(Vec<u8>, Parcel)>,
}

impl HostObject for Builder {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

fn this(cx: &Context<'_>) -> Result<Builder> {
    CLASS.this::<Builder>(cx).cloned()
}

fn answer(cx: &mut Context<'_>, builder: Builder) -> Result<Outcome> {
    let object = CLASS.object(cx, Arc::new(builder))?;
    Ok(cx.returns(object))
}

fn inherited(cx: &mut Context<'_>) -> Builder {
    let values = cx.host::<Local>().map(|local| local.values.clone()).unwrap_or_default();
    Builder { values, ..Builder::default() }
}

/// `process.with_context(values)`
pub(super) fn with_context(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(outcome) = enlist(cx, with_context)? {
        return Ok(outcome);
    }
    let builder = inherited(cx);
    let builder = merge(cx, builder, 1)?;
    answer(cx, builder)
}

/// `process.with_options(options)`: there are none that matter here yet.
pub(super) fn with_options(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_table(1)?;
    if let Some(outcome) = enlist(cx, with_options)? {
        return Ok(outcome);
    }
    let builder = inherited(cx);
    answer(cx, builder)
}

fn add_context(cx: &mut Context<'_>) -> Result<Outcome> {
    let builder = this(cx)?;
    let builder = merge(cx, builder, 2)?;
    answer(cx, builder)
}

fn add_options(cx: &mut Context<'_>) -> Result<Outcome> {
    let builder = this(cx)?;
    cx.check_table(2)?;
    answer(cx, builder)
}

/// Adds the values of a table; functions and userdata become their text.
fn merge(cx: &mut Context<'_>, mut builder: Builder, index: usize) -> Result<Builder> {
    let table = cx.check_table(index)?;
    permit(cx, "process.context", "context")?;
    let mut inherited = (*builder.values).clone();
    let values = &mut inherited.values;
    let mut key = Value::Nil;
    while let Ok(Some((next, value))) = table.next(key) {
        key = next;
        let Value::String(name) = next else { return Err(Error::message("context keys must be strings")) };
        let mut parcel = Parcel::new();
        cx.pack_value(&mut parcel, value)?;
        if matches!(parcel.first(), Packed::Nil) {
            let text = format!("{}: {:#x}", cx.type_name(value), value.address().unwrap_or(0));
            parcel = [Packed::Text(text.as_bytes())].into_iter().collect();
        }
        values.insert(name.as_bytes().to_vec(), parcel);
    }
    builder.values = Arc::new(inherited);
    Ok(builder)
}

/// # Errors
/// When it is not permitted.
fn permit(cx: &mut Context<'_>, action: &str, resource: &str) -> Result<()> {
    match permitted(cx, action, |_| resource.to_owned()) {
        true => Ok(()),
        false => Err(Error::message(format!("not allowed: {action}"))),
    }
}

fn with_actor(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut builder = this(cx)?;
    if cx.get(2).is_nil() {
        return Err(Error::message("actor cannot be nil"));
    }
    let actor = security::ACTOR.argument::<Actor>(cx, 2)?.clone();
    permit(cx, "process.security", "security")?;
    Arc::make_mut(&mut builder.values).actor = Some(Arc::new(actor));
    answer(cx, builder)
}

fn with_scope(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut builder = this(cx)?;
    if cx.get(2).is_nil() {
        return Err(Error::message("scope cannot be nil"));
    }
    let scope = security::SCOPE.argument::<Scope>(cx, 2)?.clone();
    permit(cx, "process.security", "security")?;
    Arc::make_mut(&mut builder.values).scope = Some(Arc::new(scope));
    answer(cx, builder)
}

fn with_name(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut builder = this(cx)?;
    let name = cx.check_string(2)?;
    if name.is_empty() {
        return Err(Error::message("name cannot be empty"));
    }
    builder.name = Some(name.as_bytes().to_vec());
    answer(cx, builder)
}

fn with_message(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut builder = this(cx)?;
    let topic = cx.check_string(2)?;
    if topic.as_bytes().first() == Some(&b'@') {
        return Err(Error::message("cannot send to @ topics"));
    }
    let payload = cx.pack(3, cx.len().saturating_sub(2))?;
    builder.messages.push((topic.as_bytes().to_vec(), payload));
    answer(cx, builder)
}

fn spawn(cx: &mut Context<'_>) -> Result<Outcome> {
    start(cx, spawn::SPAWN)
}

fn spawn_monitored(cx: &mut Context<'_>) -> Result<Outcome> {
    start(cx, spawn::MONITORED)
}

fn spawn_linked(cx: &mut Context<'_>) -> Result<Outcome> {
    start(cx, spawn::LINKED)
}

fn spawn_linked_monitored(cx: &mut Context<'_>) -> Result<Outcome> {
    start(cx, spawn::LINKED_MONITORED)
}

fn exec(cx: &mut Context<'_>) -> Result<Outcome> {
    start(cx, spawn::EXEC)
}

fn start(cx: &mut Context<'_>, flavour: Flavour) -> Result<Outcome> {
    let Builder { values, name, messages } = this(cx)?;
    if cx.len() < 3 {
        return Err(Error::message(format!("{} requires at least id and host arguments", flavour.name)));
    }
    let host = cx.host::<Local>().map(|local| local.host).unwrap_or_default();
    let messages = messages
        .into_iter()
        .map(|(topic, payload)| {
            let mut mail = Mail::new(&topic, host);
            payload.tokens().for_each(|token| mail.payload_mut().push(token));
            mail
        })
        .collect();
    spawn::begin(cx, 2, flavour, Extras { values: Some(values), name, messages, raises: true })
}
