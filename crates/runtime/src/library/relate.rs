//! Ending others, watching them, links and options.

use std::sync::Arc;

use wippy_scheduler::{MonitorError, Pid};
use wippy_stdlib::errors::{self, ErrorValue};
use wippy_vm::{Context, NativeFunction, Outcome, Result, Then, Value};

use super::{Target, ask, denied, enlist, internal, invalid, permitted, target};
use crate::ask::Ask;
use crate::local::Local;
use crate::message::pid_text;

/// The destination of a native, or what to answer instead.
fn destination(cx: &mut Context<'_>, again: NativeFunction, verb: &str) -> Result<Result<Pid, Outcome>> {
    if let Some(outcome) = enlist(cx, again)? {
        return Ok(Err(outcome));
    }
    if cx.is_empty() {
        let least = if verb == "cancel" { "at least" } else { "a" };
        return Ok(Err(invalid(cx, &format!("{verb} requires {least} destination argument"))?));
    }
    Ok(match target(cx, 1)? {
        Target::Pid(pid) if !permitted(cx, &format!("process.{verb}"), |cx| pid_text(cx, pid, None)) => {
            let text = pid_text(cx, pid, None);
            Err(denied(cx, &format!("not allowed to {verb}: {text}"))?)
        }
        Target::Pid(pid) => Ok(pid),
        Target::Unknown(error) => Err(errors::fails(cx, error)?),
    })
}

/// `process.terminate(dest)`
pub(super) fn terminate(cx: &mut Context<'_>) -> Result<Outcome> {
    let pid = match destination(cx, terminate, "terminate")? {
        Ok(pid) => pid,
        Err(outcome) => return Ok(outcome),
    };
    let mut question = Ask::Kill { pid, found: false };
    ask(cx, &mut question)?;
    if cx.host::<Local>().is_some_and(|local| local.pid == Some(pid)) {
        // Nobody wakes this one.
        return Ok(cx.park(Then::Return).1);
    }
    match question {
        Ask::Kill { found: true, .. } => Ok(cx.returns(true)),
        _ => internal(cx, "process not found"),
    }
}

/// `process.cancel(dest, reason?)`
pub(super) fn cancel(cx: &mut Context<'_>) -> Result<Outcome> {
    let reason = cx.optional_string(2)?;
    let reason: Arc<str> = reason.map_or_else(|| "".into(), |reason| reason.to_string_lossy().into());
    let pid = match destination(cx, cancel, "cancel")? {
        Ok(pid) => pid,
        Err(outcome) => return Ok(outcome),
    };
    let mut question = Ask::Cancel { pid, reason, found: false };
    ask(cx, &mut question)?;
    match question {
        Ask::Cancel { found: true, .. } => Ok(cx.returns(true)),
        _ => internal(cx, "process not found"),
    }
}

/// `process.monitor(dest)`
pub(super) fn monitor(cx: &mut Context<'_>) -> Result<Outcome> {
    let pid = match destination(cx, monitor, "monitor")? {
        Ok(pid) => pid,
        Err(outcome) => return Ok(outcome),
    };
    let mut question = Ask::Monitor { pid, answer: None };
    ask(cx, &mut question)?;
    match question {
        Ask::Monitor {
            answer: Some(error @ (MonitorError::NoProcess(_) | MonitorError::Already(_))),
            ..
        } => internal(cx, &error.to_string()),
        _ => Ok(cx.returns(true)),
    }
}

/// `process.unmonitor(dest)`
pub(super) fn unmonitor(cx: &mut Context<'_>) -> Result<Outcome> {
    let pid = match destination(cx, unmonitor, "unmonitor")? {
        Ok(pid) => pid,
        Err(outcome) => return Ok(outcome),
    };
    ask(cx, &mut Ask::Unmonitor { pid })?;
    Ok(cx.returns(true))
}

/// `process.link(dest)`
pub(super) fn link(cx: &mut Context<'_>) -> Result<Outcome> {
    let pid = match destination(cx, link, "link")? {
        Ok(pid) => pid,
        Err(outcome) => return Ok(outcome),
    };
    let mut question = Ask::Link { pid, found: false };
    ask(cx, &mut question)?;
    match question {
        Ask::Link { found: true, .. } => Ok(cx.returns(true)),
        _ => internal(cx, "pid not registered"),
    }
}

/// `process.unlink(dest)`
pub(super) fn unlink(cx: &mut Context<'_>) -> Result<Outcome> {
    let pid = match destination(cx, unlink, "unlink")? {
        Ok(pid) => pid,
        Err(outcome) => return Ok(outcome),
    };
    ask(cx, &mut Ask::Unlink { pid })?;
    Ok(cx.returns(true))
}

/// `process.get_options()`
pub(super) fn get_options(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(outcome) = enlist(cx, get_options)? {
        return Ok(outcome);
    }
    let (trap, upgradable) =
        cx.host::<Local>().map_or((false, false), |local| (local.trap_links, local.is_upgradable()));
    let options = cx.table(0, 2)?;
    cx.set_field(options, "trap_links", trap)?;
    cx.set_field(options, "upgradable", upgradable)?;
    Ok(cx.returns(options))
}

/// `process.set_options(options)`: known ones take effect even if another is not known.
pub(super) fn set_options(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(outcome) = enlist(cx, set_options)? {
        return Ok(outcome);
    }
    let refuse = |cx: &mut Context<'_>, message: String| {
        errors::fails_with(cx, Value::Boolean(false), ErrorValue::invalid(message))
    };
    let Value::Table(options) = cx.get(1) else {
        return refuse(cx, "options parameter must be a table".to_owned());
    };
    let mut wrong = None;
    let mut key = Value::Nil;
    while let Ok(Some((next, value))) = options.next(key) {
        key = next;
        let name = match next {
            Value::String(name) => name.to_string_lossy().into_owned(),
            other => format!("{} key", other.type_name()),
        };
        match (name.as_str(), value) {
            ("trap_links", Value::Boolean(trap)) => {
                ask(cx, &mut Ask::TrapLinks(trap))?;
                if let Some(local) = cx.host::<Local>() {
                    local.trap_links = trap;
                }
            }
            ("upgradable", Value::Boolean(upgradable)) => {
                if let Some(local) = cx.host::<Local>() {
                    let list = |pid| local.shared.upgradable.add(&local.entry.id, pid);
                    let listed = local.pid.filter(|_| upgradable).map(list);
                    local.set_upgradable(listed);
                }
            }
            ("trap_links" | "upgradable", _) => wrong = Some(format!("{name} must be a boolean")),
            _ => wrong = Some(format!("option {name} is not supported")),
        }
    }
    match wrong {
        None => Ok(cx.returns(true)),
        Some(message) => refuse(cx, message),
    }
}
