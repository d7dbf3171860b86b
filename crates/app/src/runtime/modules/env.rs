//! `env`: declared variables.
//!
//! Reading and writing a file runs where blocking is allowed; everything else answers at once.

use std::sync::Arc;

use wippy_runtime::permitted;
use wippy_stdlib::errors::{self, ErrorValue, Kind, fails};
use wippy_stdlib::requests::{Answer, Request};
use wippy_vm::{Context, Library, Outcome, Result, Then, Ticket, Value, library};

use crate::env::{EnvError, Environment};
use crate::runtime::home::Home;

static LIBRARY: Library = library!(
    "env",
    [
        /// The value of a variable that the application declares.
        ("get", get, "(key: string) -> (string?, error?)"),
        /// Sets a variable where its storage can be written.
        ("set", set, "(key: string, value: string) -> (boolean?, error?)"),
        /// Every variable that may be read, by name.
        ("get_all", get_all, "() -> ({[string]: string}, error?)"),
    ]
);

/// The libraries of the module.
pub(super) static LIBRARIES: &[&Library] = &[&LIBRARY];

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    super::table(cx, &LIBRARY)
}

fn error(error: &EnvError) -> ErrorValue {
    let kind = match error {
        EnvError::Empty | EnvError::Invalid(_) => Kind::INVALID,
        EnvError::NotFound => Kind::NOT_FOUND,
        EnvError::ReadOnly | EnvError::StorageReadOnly => Kind::PERMISSION_DENIED,
        EnvError::Storage(_) => Kind::INTERNAL,
    };
    ErrorValue::new(kind, error.to_string()).retryable(Some(false))
}

/// The variables and the namespace of the running entry.
fn here(cx: &mut Context<'_>) -> Option<(Arc<Environment>, String)> {
    let home = cx.host::<Home>()?;
    Some((home.app.environment(), home.entry.namespace().to_owned()))
}

fn get(cx: &mut Context<'_>) -> Result<Outcome> {
    let key = cx.check_string(1)?.to_string_lossy().into_owned();
    if !permitted(cx, "env.get", |_| key.clone()) {
        return denied(cx, &key);
    }
    let Some((environment, namespace)) = here(cx) else { return fails(cx, error(&EnvError::NotFound)) };
    if environment.waits(&key, &namespace) {
        return Ok(blocking(cx, move || {
            environment.get(&key, &namespace).map(|text| Some(text.to_string()))
        }));
    }
    match environment.get(&key, &namespace) {
        Ok(text) => {
            let text = cx.string(text.as_bytes())?;
            Ok(cx.returns(text))
        }
        Err(why) => fails(cx, error(&why)),
    }
}

fn set(cx: &mut Context<'_>) -> Result<Outcome> {
    let key = cx.check_string(1)?.to_string_lossy().into_owned();
    let value = cx.check_string(2)?.to_string_lossy().into_owned();
    if !permitted(cx, "env.set", |_| key.clone()) {
        return denied(cx, &key);
    }
    let Some((environment, namespace)) = here(cx) else { return fails(cx, error(&EnvError::NotFound)) };
    if environment.waits(&key, &namespace) {
        return Ok(blocking(cx, move || environment.set(&key, &value, &namespace).map(|()| None)));
    }
    match environment.set(&key, &value, &namespace) {
        Ok(()) => Ok(cx.returns(true)),
        Err(why) => fails(cx, error(&why)),
    }
}

fn denied(cx: &mut Context<'_>, key: &str) -> Result<Outcome> {
    let message = format!("not allowed to access environment variable: {key}");
    fails(cx, ErrorValue::new(Kind::PERMISSION_DENIED, message).retryable(Some(false)))
}

/// Does something that touches the disk; `None` answers `true`.
fn blocking(
    cx: &mut Context<'_>,
    job: impl FnOnce() -> std::result::Result<Option<String>, EnvError> + Send + 'static,
) -> Outcome {
    let request = Request::Block(Box::new(move || {
        let result = job();
        let answer: Answer = Box::new(move |cx: &mut Context<'_>, ticket: Ticket| answer(cx, ticket, result));
        answer
    }));
    cx.operation(Box::new(request), Then::Return)
}

fn answer(cx: &mut Context<'_>, ticket: Ticket, result: std::result::Result<Option<String>, EnvError>) {
    let values = match &result {
        Ok(None) => Ok(vec![Value::Boolean(true)]),
        Ok(Some(text)) => cx.string(text.as_bytes()).map(|text| vec![text.into()]),
        Err(why) => errors::object(cx, error(why)).map(|object| vec![Value::Nil, object.into()]),
    };
    // Without memory for the answer the caller gets nothing, which it takes for an unset variable.
    cx.wake(ticket, &values.unwrap_or_else(|_| vec![Value::Nil]));
}

fn get_all(cx: &mut Context<'_>) -> Result<Outcome> {
    let all = here(cx).map(|(environment, _)| environment.all()).unwrap_or_default();
    let table = cx.table(0, all.len())?;
    for (name, text) in all {
        if !permitted(cx, "env.get", |_| name.to_string()) {
            continue;
        }
        let (name, text) = (cx.string(name.as_bytes())?, cx.string(text.as_bytes())?);
        cx.raw_set(table, name, text)?;
    }
    Ok(cx.returns(table))
}
