//! Starting processes: `spawn` in four flavours, `exec`, `upgrade`.
//!
//! An entry's chunk may have to run before there is a process; it does so in slices of the process that asks.

use std::sync::Arc;

use wippy_scheduler::{HostId, SpawnError};
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Context, Error, NativeFunction, Outcome, Parcel, Result, Resume, Then, Value};

use super::{Enlist, denied, enlist, invalid, permitted};
use crate::ask::{Ask, Demand, Spawning};
use crate::local::{Local, Values};
use crate::mail::Mail;
use crate::message::pid_text;
use crate::pid::PidText;
use crate::prepare::{self, Prepared, Preparing};

/// How a process is started.
#[derive(Clone, Copy)]
pub(super) struct Flavour {
    pub(super) name: &'static str,
    pub(super) monitored: bool,
    pub(super) linked: bool,
    /// Its end is the result.
    pub(super) awaited: bool,
}

pub(super) const SPAWN: Flavour = Flavour { name: "spawn", monitored: false, linked: false, awaited: false };
pub(super) const MONITORED: Flavour = Flavour { name: "spawn_monitored", monitored: true, ..SPAWN };
pub(super) const LINKED: Flavour = Flavour { name: "spawn_linked", linked: true, ..SPAWN };
pub(super) const LINKED_MONITORED: Flavour =
    Flavour { name: "spawn_linked_monitored", monitored: true, linked: true, ..SPAWN };
pub(super) const EXEC: Flavour = Flavour { name: "exec", monitored: true, awaited: true, ..SPAWN };

/// What a child gets besides its arguments.
#[derive(Default)]
pub(super) struct Extras {
    /// What it inherits; what the parent has, if `None`.
    pub(super) values: Option<Values>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) messages: Vec<Mail>,
    /// Whether what is not permitted is an error instead of a failure.
    pub(super) raises: bool,
}

pub(super) fn spawn(cx: &mut Context<'_>) -> Result<Outcome> {
    plain(cx, SPAWN, spawn)
}

pub(super) fn spawn_monitored(cx: &mut Context<'_>) -> Result<Outcome> {
    plain(cx, MONITORED, spawn_monitored)
}

pub(super) fn spawn_linked(cx: &mut Context<'_>) -> Result<Outcome> {
    plain(cx, LINKED, spawn_linked)
}

pub(super) fn spawn_linked_monitored(cx: &mut Context<'_>) -> Result<Outcome> {
    plain(cx, LINKED_MONITORED, spawn_linked_monitored)
}

pub(super) fn exec(cx: &mut Context<'_>) -> Result<Outcome> {
    plain(cx, EXEC, exec)
}

/// A spawn function of the module: misuse is a failure, not an error.
fn plain(cx: &mut Context<'_>, flavour: Flavour, again: NativeFunction) -> Result<Outcome> {
    if let Some(outcome) = enlist(cx, again)? {
        return Ok(outcome);
    }
    if cx.len() < 2 {
        let least = if flavour.awaited { "" } else { "at least " };
        return invalid(cx, &format!("{} requires {least}id and host arguments", flavour.name));
    }
    begin(cx, 1, flavour, Extras::default())
}

/// What of a spawn is not permitted, if anything is not.
fn refusal(cx: &mut Context<'_>, id: &str, host: &str, flavour: Flavour) -> Option<String> {
    let is_guarded = |local: &mut Local| local.values.is_guarded(local.shared.strict);
    if !cx.host::<Local>().is_some_and(is_guarded) {
        return None;
    }
    let checks = [
        (flavour.awaited, "process.exec", "exec process"),
        (!flavour.awaited, "process.spawn", "spawn process"),
        (flavour.monitored && !flavour.awaited, "process.spawn.monitored", "spawn monitored process"),
        (flavour.linked, "process.spawn.linked", "spawn linked process"),
    ];
    for (applies, action, what) in checks {
        if applies && !permitted(cx, action, |_| id.to_owned()) {
            return Some(format!("{what}: {id}"));
        }
    }
    let verb = if flavour.awaited { "exec" } else { "spawn" };
    (!permitted(cx, "process.host", |_| host.to_owned())).then(|| format!("{verb} on host: {host}"))
}

/// Starts a process: id, host and arguments are the slots from `at` on.
pub(super) fn begin(cx: &mut Context<'_>, at: usize, flavour: Flavour, extras: Extras) -> Result<Outcome> {
    let id = match cx.get(at) {
        Value::String(id) => id.to_string_lossy(),
        Value::Nil if flavour.awaited => return invalid(cx, "process ID required"),
        _ => return Err(cx.type_error(at, "string")),
    };
    let host = match cx.get(at + 1) {
        Value::Nil => None,
        Value::String(host) => Some(host.to_string_lossy()),
        _ => return Err(cx.type_error(at + 1, "string")),
    };
    if id.is_empty() {
        return invalid(cx, "process ID required");
    }
    if let Some(refusal) = refusal(cx, &id, host.as_deref().unwrap_or_default(), flavour) {
        if extras.raises {
            return Err(Error::message(format!("not allowed: {refusal}")));
        }
        return denied(cx, &format!("not allowed to {refusal}"));
    }
    let Some(local) = cx.host::<Local>() else {
        return Ok(cx.operation(Box::new(Enlist), Then::Return));
    };
    let host = match local.shared.hosts.resolve(host.as_deref()) {
        Ok(host) => host,
        // Where there is one host only, an empty name means that.
        Err(_) if flavour.awaited && host.as_deref() == Some("") => return invalid(cx, "host ID required"),
        Err(error) => return errors::fails(cx, error),
    };
    let count = cx.len().saturating_sub(at + 1);
    let arguments = cx.pack(at + 2, count)?;
    let Extras { values, name, messages, .. } = extras;
    let prepare = |local: &mut Local| {
        let entry = local.shared.find(&id, &local.entry.id)?;
        let values = values.unwrap_or_else(|| Arc::clone(&local.values));
        prepare::begin(&local.shared, &entry, values, arguments)
    };
    let preparing = match cx.host::<Local>().map(prepare) {
        Some(Ok(preparing)) => preparing,
        Some(Err(error)) if flavour.awaited && !id.contains(':') && *error.kind() == Kind::NOT_FOUND => {
            return invalid(cx, "invalid process ID format (namespace:name required)");
        }
        Some(Err(error)) => return errors::fails(cx, error),
        None => return Ok(cx.returns(Value::Nil)),
    };
    let spawning = Spawning {
        process: None,
        host,
        place: HostId::default(),
        monitored: flavour.monitored,
        linked: flavour.linked,
        name,
        messages,
        answer: None,
    };
    Starting { preparing, spawning, awaited: flavour.awaited }.go_on(cx)
}

/// A process on its way.
struct Starting {
    preparing: Preparing,
    spawning: Spawning,
    awaited: bool,
}

impl Resume for Starting {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        self.go_on(cx)
    }
}

impl Starting {
    fn go_on(mut self, cx: &mut Context<'_>) -> Result<Outcome> {
        let fuel = cx.fuel();
        // A new interpreter costs about this much.
        let _ = cx.charge(200);
        self.spawning.process = match self.preparing.run(fuel as u64) {
            Err(error) => return errors::fails(cx, error),
            Ok(Prepared::NotYet) => {
                let _ = cx.charge(fuel);
                return Ok(cx.pause(Then::Resume(Box::new(self))));
            }
            Ok(Prepared::Ready(process)) => Some(process),
        };
        let mut question = Ask::Spawn(self.spawning);
        super::ask(cx, &mut question)?;
        let Ask::Spawn(spawning) = question else { return Ok(cx.returns(Value::Nil)) };
        match spawning.answer {
            Some(Ok(pid)) if self.awaited => Ok(cx.operation(Box::new(Demand::Await(pid)), Then::Return)),
            // Spawn or signal: the messages have gone to the one that has the name.
            Some(answer @ (Ok(pid) | Err(SpawnError::NameTaken(pid)))) => {
                // A child may have ended by now, and then nobody but us knows its host.
                let text = match answer {
                    Ok(_) => cx.string(PidText::new(&spawning.host, pid).as_bytes())?,
                    Err(_) => {
                        let text = pid_text(cx, pid, None);
                        cx.string(text.as_bytes())?
                    }
                };
                Ok(cx.returns(text))
            }
            Some(Err(reason)) => {
                let kind = match reason {
                    SpawnError::Limit(_) => Kind::LIMIT_EXCEEDED,
                    SpawnError::ShuttingDown => Kind::UNAVAILABLE,
                    _ => Kind::INTERNAL,
                };
                errors::fails(cx, ErrorValue::new(kind, reason.to_string()))
            }
            None => errors::fails(cx, ErrorValue::internal("process was not started")),
        }
    }
}

/// `process.upgrade(id?, ...)`: does not return if the entry exists.
pub(super) fn upgrade(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(outcome) = enlist(cx, upgrade)? {
        return Ok(outcome);
    }
    let process = cx.host::<Local>().filter(|local| !local.is_call);
    let Some((shared, from)) = process.map(|local| (local.shared.clone(), local.entry.id.clone())) else {
        return invalid(cx, "a function call cannot be upgraded");
    };
    let id: Arc<str> = match cx.get(1) {
        Value::Nil => from.clone(),
        Value::String(id) => id.to_string_lossy().into(),
        _ => return Err(cx.type_error(1, "string")),
    };
    let arguments = match cx.len() {
        0 => Parcel::new(),
        count => cx.pack(2, count - 1)?,
    };
    match shared.find(&id, &from) {
        Ok(entry) => Ok(cx.operation(Box::new(Demand::Upgrade(entry, arguments)), Then::Return)),
        Err(error) => {
            let text = [b"upgrade: create failed: ", error.message()].concat();
            let error = errors::object(cx, ErrorValue::new(error.kind().clone(), text))?;
            Err(cx.throw(error))
        }
    }
}
