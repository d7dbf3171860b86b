//! The modules `process` and `ctx`: what scripts can do with processes.
//!
//! The functions check, ask ([`Ask`]) and answer. In an interpreter that is no process yet they ask to become one and
//! then go on. Invariant: none of them blocks, and none keeps a Lua value but in slots and under kept numbers.

mod builder;
mod ctx;
mod mailbox;
mod names;
mod relate;
mod spawn;

use wippy_scheduler::Pid;
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Context, Error, Library, NativeFunction, Outcome, Result, Table, Then, Value, library};

use crate::addresses::remember;
use crate::ask::Ask;
use crate::local::Local;
use crate::message;
use crate::pid::parse_pid;
use crate::prepare::WAITS;
use crate::supervisor;

pub use wippy_stdlib::requests::Enlist;

/// The functions of `process`.
pub static LIBRARY: Library = library!(
    "process",
    [
        /// The pid of this process.
        ("pid", pid, "() -> (string, error?)"),
        /// The id of the entry that it runs.
        ("id", id, "() -> (string, error?)"),
        /// Sends values to a process, by pid or by name, under a topic.
        ("send", send, "(dest: string, topic: string, ...any) -> (boolean?, error?)"),
        /// The channel of messages whose topic nobody listens to.
        ("inbox", mailbox::inbox, "() -> Channel<any>"),
        /// The channel of ends of other processes, and of requests to stop.
        ("events", mailbox::events, "() -> Channel<any>"),
        /// The channel of messages of a topic.
        (
            "listen",
            mailbox::listen,
            "(topic: string, options: {message: boolean?}?) -> (Channel<any>, error?)"
        ),
        /// Ends that.
        ("unlisten", mailbox::unlisten, "(channel: Channel<any>) -> (boolean, error?)"),
        /// Starts a process; its pid.
        ("spawn", spawn::spawn, "(id: string, host: string?, ...any) -> (string?, error?)"),
        /// Starts a process and hears of its end.
        (
            "spawn_monitored",
            spawn::spawn_monitored,
            "(id: string, host: string?, ...any) -> (string?, error?)"
        ),
        /// Starts a process and shares its fate.
        ("spawn_linked", spawn::spawn_linked, "(id: string, host: string?, ...any) -> (string?, error?)"),
        /// Starts a process, hears of its end, and shares its fate.
        (
            "spawn_linked_monitored",
            spawn::spawn_linked_monitored,
            "(id: string, host: string?, ...any) -> (string?, error?)"
        ),
        /// Starts a process and waits for its result.
        ("exec", spawn::exec, "(id: string, host: string?, ...any) -> (any, error?)"),
        /// Goes on as another program, or a newer version of this one, with the same pid and mailbox.
        ("upgrade", spawn::upgrade, "(id: string?, ...any) -> (any, error?)"),
        /// Ends a process at once.
        ("terminate", relate::terminate, "(dest: string) -> (boolean?, error?)"),
        /// Asks a process to end.
        ("cancel", relate::cancel, "(dest: string, reason: string?) -> (boolean?, error?)"),
        /// Hears of the end of a process.
        ("monitor", relate::monitor, "(dest: string) -> (boolean?, error?)"),
        /// Ends that.
        ("unmonitor", relate::unmonitor, "(dest: string) -> (boolean?, error?)"),
        /// Shares the fate of a process.
        ("link", relate::link, "(dest: string) -> (boolean?, error?)"),
        /// Ends that.
        ("unlink", relate::unlink, "(dest: string) -> (boolean?, error?)"),
        /// How this process takes the ends of linked ones, and new versions.
        ("get_options", relate::get_options, "() -> {trap_links: boolean, upgradable: boolean}"),
        /// Sets those options.
        ("set_options", relate::set_options, "(options: any) -> (boolean, error?)"),
        /// A builder for a child that gets these values.
        ("with_context", builder::with_context, "(values: any) -> any"),
        /// A builder for a child with these options.
        ("with_options", builder::with_options, "(options: any) -> any"),
    ]
);

/// All libraries of `process`: its functions, those of its registry, and the methods of its objects.
pub static PROCESS: &[&Library] = &[&LIBRARY, &REGISTRY, &builder::METHODS, &message::METHODS];

pub use ctx::LIBRARY as CTX;
pub use mailbox::{GLOBALS, subscribe, unsubscribe};
pub use names::LIBRARY as REGISTRY;

/// Adds `process` and `ctx` to an interpreter that has the standard library, or to an image.
///
/// # Errors
/// When the memory limit would be passed.
pub fn open(cx: &mut Context<'_>) -> Result<()> {
    let (globals, registry) = (cx.globals(), cx.registry());
    let process = cx.table(0, LIBRARY.functions.len() + 2)?;
    LIBRARY.install(cx, process)?;
    let events = cx.table(0, 4)?;
    for (name, kind) in [
        ("CANCEL", message::kind::CANCEL),
        ("EXIT", message::kind::EXIT),
        ("LINK_DOWN", message::kind::LINK_DOWN),
        ("OUTDATED", message::kind::OUTDATED),
    ] {
        let kind = cx.name(kind);
        cx.set_field(events, name, kind)?;
    }
    cx.set_field(process, "event", events)?;
    let names = names::table(cx)?;
    cx.set_field(process, "registry", names)?;
    cx.set_field(globals, LIBRARY.name, process)?;
    let ctx = cx.table(0, CTX.functions.len())?;
    CTX.install(cx, ctx)?;
    ctx.freeze();
    if let Value::Table(loaded) = cx.field(registry, "_LOADED") {
        cx.set_field(loaded, LIBRARY.name, process)?;
        cx.set_field(loaded, CTX.name, ctx)?;
    }
    builder::open(cx)?;
    supervisor::open(cx)?;
    message::open(cx)
}

/// Whom a native runs for.
pub struct Caller {
    /// The process; `None` while its chunk is loaded.
    pub pid: Option<Pid>,
    /// Its entry.
    pub id: std::sync::Arc<str>,
    /// What it has inherited.
    pub values: crate::local::Values,
}

/// The process that a native runs in.
pub fn caller(cx: &mut Context<'_>) -> Option<Caller> {
    let local = cx.host::<Local>()?;
    Some(Caller {
        pid: local.pid,
        id: std::sync::Arc::clone(&local.entry.id),
        values: std::sync::Arc::clone(&local.values),
    })
}

/// Whether the running program may do something; `resource` is made only if anybody asks for it.
pub fn permitted(
    cx: &mut Context<'_>,
    action: &str,
    resource: impl FnOnce(&mut Context<'_>) -> String,
) -> bool {
    let Some((values, strict)) = cx
        .host::<Local>()
        .map(|local| (&local.values, local.shared.strict))
        .filter(|(values, strict)| values.is_guarded(*strict))
    else {
        return true;
    };
    let values = std::sync::Arc::clone(values);
    let resource = resource(cx);
    values.permits(strict, action, &resource)
}

fn denied(cx: &mut Context<'_>, message: &str) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::new(Kind::PERMISSION_DENIED, message).retryable(Some(false)))
}

/// The module `ctx` as a table.
///
/// # Errors
/// When the memory limit would be passed.
pub fn ctx_module<'gc>(cx: &mut Context<'gc>) -> Result<Table<'gc>> {
    let ctx = cx.table(0, CTX.functions.len())?;
    CTX.install(cx, ctx)?;
    ctx.freeze();
    Ok(ctx)
}

/// What a native does first: in a process, nothing; otherwise the interpreter is to become one.
///
/// `None` means go on; the outcome must be returned otherwise.
#[inline]
fn enlist(cx: &mut Context<'_>, again: NativeFunction) -> Result<Option<Outcome>> {
    match cx.host::<Local>() {
        Some(Local { pid: Some(_), .. }) => Ok(None),
        Some(_) => Err(Error::message(WAITS)),
        None => Ok(Some(cx.operation(Box::new(Enlist), Then::Step(again)))),
    }
}

/// Asks the process. Somebody always listens while one runs.
#[inline]
fn ask(cx: &mut Context<'_>, question: &mut Ask) -> Result<()> {
    if cx.ask(question) { Ok(()) } else { Err(Error::message(WAITS)) }
}

fn invalid(cx: &mut Context<'_>, message: &str) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::invalid(message))
}

fn internal(cx: &mut Context<'_>, message: &str) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::internal(message))
}

/// The process that argument `index` names: a pid, or a registered name.
enum Target {
    Pid(Pid),
    /// What to answer instead.
    Unknown(ErrorValue),
}

fn target(cx: &mut Context<'_>, index: usize) -> Result<Target> {
    let Value::String(text) = cx.get(index) else { return Err(cx.type_error(index, "string")) };
    let known = cx.host::<Local>().and_then(|local| local.addresses.as_ref()?.pid_of(text));
    if let Some(pid) = known {
        return Ok(Target::Pid(pid));
    }
    if let Ok((host, pid)) = parse_pid(text.as_bytes()) {
        let name = String::from_utf8_lossy(host).into_owned();
        let mut question = Ask::KnowsHost { name, known: false };
        ask(cx, &mut question)?;
        if !matches!(question, Ask::KnowsHost { known: true, .. }) {
            return Ok(Target::Unknown(ErrorValue::new(Kind::NOT_FOUND, "host not found")));
        }
        remember(cx, text, pid, false);
        return Ok(Target::Pid(pid));
    }
    let mut question = Ask::Lookup { name: text.as_bytes().to_vec(), pid: None };
    ask(cx, &mut question)?;
    Ok(match question {
        Ask::Lookup { pid: Some(pid), .. } => Target::Pid(pid),
        _ => {
            let text = text.to_string_lossy();
            let message = format!("could not resolve '{text}' as PID or registered name");
            Target::Unknown(ErrorValue::new(Kind::NOT_FOUND, message).retryable(Some(false)))
        }
    })
}

/// `process.pid()`
fn pid(cx: &mut Context<'_>) -> Result<Outcome> {
    match cx.host::<Local>() {
        Some(Local { pid: Some(pid), host, .. }) => {
            let (pid, host) = (*pid, *host);
            let text = message::pid_text(cx, pid, Some(host));
            let text = cx.string(text.as_bytes())?;
            remember(cx, text, pid, true);
            Ok(cx.returns(text))
        }
        Some(_) => internal(cx, "no process context"),
        None => Ok(cx.operation(Box::new(Enlist), Then::Step(self::pid))),
    }
}

/// `process.id()`
fn id(cx: &mut Context<'_>) -> Result<Outcome> {
    match cx.host::<Local>().map(|local| local.entry.id.clone()) {
        Some(id) => {
            let id = cx.string(id.as_bytes())?;
            Ok(cx.returns(id))
        }
        None => Ok(cx.operation(Box::new(Enlist), Then::Step(self::id))),
    }
}

/// `process.send(dest, topic, ...)`
fn send(cx: &mut Context<'_>) -> Result<Outcome> {
    if let (Value::String(dest), Value::String(topic)) = (cx.get(1), cx.get(2))
        && topic.as_bytes().first() != Some(&b'@')
        && let Some(pid) = cx.host::<Local>().and_then(|local| local.correspondent(dest))
        && let Some(true) = cx.send_outside(pid.raw(), 2)?
    {
        return Ok(cx.returns_true());
    }
    send_with_care(cx)
}

/// The same, whoever sends whatever to whom. A message that has not found its receiver may be sent again, to no effect.
#[inline(never)]
fn send_with_care(cx: &mut Context<'_>) -> Result<Outcome> {
    let (dest, topic) = (cx.get(1), cx.get(2));
    let sender = |local: &mut Local| {
        local.pid?;
        let known = match (dest, &local.addresses) {
            (Value::String(dest), Some(addresses)) => addresses.pid_of(dest),
            _ => None,
        };
        Some((local.values.is_guarded(local.shared.strict), known))
    };
    let Some((is_guarded, known)) = cx.host::<Local>().and_then(sender) else {
        return match enlist(cx, send)? {
            Some(outcome) => Ok(outcome),
            None => internal(cx, "no process context"),
        };
    };
    if cx.len() < 2 {
        return invalid(cx, "send requires at least destination and topic arguments");
    }
    let (Value::String(_), Value::String(topic)) = (dest, topic) else {
        return Err(cx.type_error(if matches!(dest, Value::String(_)) { 2 } else { 1 }, "string"));
    };
    if topic.as_bytes().first() == Some(&b'@') {
        return invalid(cx, "cannot send to @ topics");
    }
    let target = match known {
        Some(pid) => pid,
        None => match target(cx, 1)? {
            Target::Pid(pid) => pid,
            Target::Unknown(error) => return errors::fails(cx, error),
        },
    };
    if is_guarded && !permitted(cx, "process.send", |cx| message::pid_text(cx, target, None)) {
        let text = message::pid_text(cx, target, None);
        return denied(cx, &format!("not allowed to send: {text}"));
    }
    match cx.send_outside(target.raw(), 2)? {
        Some(true) => return Ok(cx.returns(true)),
        Some(false) => {}
        None => return Err(Error::message(WAITS)),
    }
    let error = ErrorValue::new(Kind::NOT_FOUND, "process not found").retryable(Some(false));
    errors::fails(cx, error)
}

/// A frozen table of named numbers.
fn constants<'gc>(cx: &mut Context<'gc>, table: Table<'gc>, list: &[(&'static str, i64)]) -> Result<()> {
    list.iter().try_for_each(|&(name, value)| cx.set_field(table, name, value))
}
