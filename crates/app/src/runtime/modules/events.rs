//! `events`: the event bus as programs use it.
//!
//! An event is a message on a topic of the subscription's own. Invariant: a subscription ends with its process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use wippy_runtime::scheduler::Pid;
use wippy_runtime::{caller, permitted, subscribe as listen, unsubscribe as unlisten};
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{ErrorValue, fails};
use wippy_vm::{Context, HostObject, Library, Outcome, Packed, Parcel, Result, UserData, Value, library};

use crate::bus::{Bus, Pattern};
use crate::runtime::app::App;
use crate::runtime::convert;
use crate::runtime::home::Home;
use crate::value::Value as Data;

/// Events that wait in a channel; more wait in the mailbox.
const AHEAD: usize = 64;

static LIBRARY: Library = library!(
    "events",
    [
        /// A subscription to events of a system; `*` in patterns stands for anything.
        ("subscribe", subscribe, "(system: string, kind: string?) -> (any, error?)"),
        /// Publishes an event.
        ("send", send, "(system: string, kind: string, path: string, data: any) -> (boolean?, error?)"),
    ]
);
static METHODS: Library = library!(
    "events.Subscription",
    [
        /// Where the events arrive.
        ("channel", channel, "(self: any) -> Channel<any>"),
        /// Ends the subscription.
        ("close", close, "(self: any) -> boolean")
    ]
);
/// The libraries of the module.
pub(super) static LIBRARIES: &[&Library] = &[&LIBRARY, &METHODS];

static NOTHING: Library = library!("events", []);
static CLASS: Class = Class { methods: &METHODS, metamethods: &NOTHING };

struct Subscription {
    app: Arc<App>,
    number: u64,
    closed: AtomicBool,
}

impl HostObject for Subscription {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// The listeners of an application.
pub type Listeners = Mutex<Bus<Pid>>;

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    super::table(cx, &LIBRARY)
}

fn topic(number: u64) -> String {
    format!("@events/{number}")
}

fn subscribe(cx: &mut Context<'_>) -> Result<Outcome> {
    let system = cx.optional_string(1)?.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    let kind = cx.optional_string(2)?.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    if system.is_empty() {
        return fails(cx, ErrorValue::invalid("system pattern is required"));
    }
    if !permitted(cx, "events.subscribe", |_| system.clone()) {
        return denied(cx, &format!("not allowed to subscribe to events: {system}"));
    }
    let app = cx.host::<Home>().map(|home| Arc::clone(&home.app));
    let (Some(app), Some(pid)) = (app, caller(cx).and_then(|caller| caller.pid)) else {
        return Err(wippy_vm::Error::message("attempt to yield from outside a coroutine"));
    };
    let number = app.bus.lock().unwrap_or_else(PoisonError::into_inner).subscribe(
        Pattern::parse(&system),
        Pattern::parse(&kind),
        pid,
    );
    let channel = listen(cx, &topic(number), AHEAD)?;
    let subscription = Subscription { app, number, closed: AtomicBool::new(false) };
    let object = CLASS.object(cx, Arc::new(subscription))?;
    cx.set_user_value(object, channel);
    Ok(cx.returns(object))
}

/// The documentation says Invalid here, not PermissionDenied.
fn denied(cx: &mut Context<'_>, message: &str) -> Result<Outcome> {
    fails(cx, ErrorValue::invalid(message).retryable(Some(false)))
}

fn send(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut words = Vec::new();
    for (index, name) in (1..).zip(["system", "kind", "path"]) {
        let word =
            cx.optional_string(index)?.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
        if word.is_empty() {
            return fails(cx, ErrorValue::invalid(format!("{name} is required")));
        }
        words.push(word);
    }
    if !permitted(cx, "events.send", |_| words[0].clone()) {
        return denied(cx, &format!("not allowed to send events: {}", words[0]));
    }
    let value = cx.get(4);
    let Ok(data) = convert::from_lua(cx, value) else {
        return fails(cx, ErrorValue::invalid("data nests too deep"));
    };
    if let Some(app) = cx.host::<Home>().map(|home| Arc::clone(&home.app)) {
        publish(&app, &words[0], &words[1], &words[2], &data);
    }
    Ok(cx.returns(true))
}

/// Sends an event to everybody who listens; listeners that are gone are forgotten.
pub fn publish(app: &App, system: &str, kind: &str, path: &str, data: &Data) {
    let listeners: Vec<(u64, Pid)> = {
        let bus = app.bus.lock().unwrap_or_else(PoisonError::into_inner);
        bus.matching(system, kind).map(|(number, pid)| (number, *pid)).collect()
    };
    if listeners.is_empty() {
        return;
    }
    let Some(starter) = app.starter() else { return };
    let mut parcel = Parcel::new();
    let entries = if *data == Data::Null { 3 } else { 4 };
    parcel.push(Packed::Table { items: 0, entries });
    for (name, word) in [("system", system), ("kind", kind), ("path", path)] {
        parcel.push(Packed::Text(name.as_bytes()));
        parcel.push(Packed::Text(word.as_bytes()));
    }
    if *data != Data::Null {
        parcel.push(Packed::Text(b"data"));
        convert::pack(&mut parcel, data);
    }
    parcel.push(Packed::End);
    for (number, pid) in listeners {
        if starter.send(pid, &topic(number), &parcel).is_err() {
            app.bus.lock().unwrap_or_else(PoisonError::into_inner).unsubscribe(number);
        }
    }
}

fn channel_of<'gc>(cx: &Context<'gc>) -> Value<'gc> {
    match cx.get(1) {
        Value::UserData(userdata) => userdata.user_value(),
        _ => Value::Nil,
    }
}

fn channel(cx: &mut Context<'_>) -> Result<Outcome> {
    CLASS.this::<Subscription>(cx)?;
    let channel = channel_of(cx);
    Ok(cx.returns(channel))
}

fn close(cx: &mut Context<'_>) -> Result<Outcome> {
    let subscription = CLASS.this::<Subscription>(cx)?;
    if !subscription.closed.swap(true, Ordering::SeqCst) {
        subscription.app.bus.lock().unwrap_or_else(PoisonError::into_inner).unsubscribe(subscription.number);
        let channel = channel_of(cx);
        unlisten(cx, channel)?;
    }
    Ok(cx.returns(true))
}
