//! `process.registry`: names of processes.
//!
//! Only local names; the scopes of a cluster answer that there is none.

use wippy_scheduler::NameError;
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Context, Library, Outcome, Result, Table, Value, arguments, library};

use super::{ask, constants, denied, enlist, internal, invalid, permitted};
use crate::ask::Ask;
use crate::local::Local;
use crate::message::pid_text;
use crate::pid::parse_pid;

/// The functions of `process.registry`.
pub static LIBRARY: Library = library!(
    "process.registry",
    [
        /// Gives a process a name, this one by default.
        ("register", register, "(name: string, pid: string?, scope: number?) -> (boolean?, error?)"),
        /// The pid of a name.
        ("lookup", lookup, "(name: string) -> (string?, error?)"),
        /// Takes a name back.
        ("unregister", unregister, "(name: string, scope: number?) -> (boolean?, error?)"),
    ]
);

/// The table `process.registry`.
pub(super) fn table<'gc>(cx: &mut Context<'gc>) -> Result<Table<'gc>> {
    let table = cx.table(0, 8)?;
    LIBRARY.install(cx, table)?;
    constants(cx, table, &[("LOCAL", 0), ("EVENTUAL", 1), ("CONSISTENT", 2), ("STRONG", 3)])?;
    Ok(table)
}

/// Why a scope cannot be used here; `None` for the local one.
fn refusal(cx: &Context<'_>, index: usize) -> Option<ErrorValue> {
    if cx.get(index).is_nil() {
        return None;
    }
    match arguments::to_integer(cx.get(index)) {
        Some(0) => None,
        Some(1) => Some(ErrorValue::internal("eventual registry not available")),
        Some(2 | 3) => Some(ErrorValue::internal("global registry not available")),
        _ => Some(ErrorValue::invalid("invalid registry scope")),
    }
}

/// `process.registry.register(name, pid?, scope?)`
fn register(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    if let Some(outcome) = enlist(cx, register)? {
        return Ok(outcome);
    }
    if let Some(error) = refusal(cx, 3) {
        return errors::fails(cx, error);
    }
    let pid = match cx.get(2) {
        Value::Nil => None,
        Value::String(text) => match parse_pid(text.as_bytes()) {
            Ok((_, pid)) => Some(pid),
            Err(error) => return invalid(cx, &error.to_string()),
        },
        _ => return invalid(cx, "pid must be a string"),
    };
    if name.is_empty() {
        return invalid(cx, "name cannot be empty");
    }
    let shown = name.to_string_lossy().into_owned();
    if !permitted(cx, "process.registry.register", |_| shown.clone()) {
        return denied(cx, &format!("not allowed to register: {shown}"));
    }
    if let Some(pid) = pid.filter(|pid| cx.host::<Local>().and_then(|local| local.pid) != Some(*pid))
        && !permitted(cx, "process.registry.foreign", |cx| pid_text(cx, pid, None))
    {
        let text = pid_text(cx, pid, None);
        return denied(cx, &format!("not allowed to register for: {text}"));
    }
    let mut question = Ask::Register { name: name.as_bytes().to_vec(), pid, answer: None };
    ask(cx, &mut question)?;
    match question {
        Ask::Register { answer: Some(NameError::Taken(_)), .. } => {
            let error = ErrorValue::new(Kind::ALREADY_EXISTS, "name already registered");
            errors::fails(cx, error.retryable(Some(false)))
        }
        Ask::Register { answer: Some(NameError::NoProcess(_)), .. } => internal(cx, "process not found"),
        _ => Ok(cx.returns(true)),
    }
}

/// `process.registry.lookup(name)`
fn lookup(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    if let Some(outcome) = enlist(cx, lookup)? {
        return Ok(outcome);
    }
    let mut question = Ask::Lookup { name: name.as_bytes().to_vec(), pid: None };
    ask(cx, &mut question)?;
    match question {
        Ask::Lookup { pid: Some(pid), .. } => {
            let text = pid_text(cx, pid, None);
            let text = cx.string(text.as_bytes())?;
            Ok(cx.returns(text))
        }
        _ => {
            let error = ErrorValue::new(Kind::NOT_FOUND, "name not registered");
            errors::fails(cx, error.retryable(Some(false)))
        }
    }
}

/// `process.registry.unregister(name, scope?)`
fn unregister(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    if let Some(outcome) = enlist(cx, unregister)? {
        return Ok(outcome);
    }
    if let Some(error) = refusal(cx, 2) {
        return errors::fails(cx, error);
    }
    let shown = name.to_string_lossy().into_owned();
    if !permitted(cx, "process.registry.unregister", |_| shown.clone()) {
        return denied(cx, &format!("not allowed to unregister: {shown}"));
    }
    let mut question = Ask::Unregister { name: name.as_bytes().to_vec(), had: false };
    ask(cx, &mut question)?;
    let had = matches!(question, Ask::Unregister { had: true, .. });
    Ok(cx.returns(had))
}
