//! `supervisor`: processes that start others, watch them and start them again, as OTP's supervisors do.
//!
//! What to do is decided by [`wippy_scheduler::supervisor`], a state machine that knows no Lua; `run.lua` carries it
//! out with the functions of `process`. Here are the functions that scripts call and the machine as an object of theirs.

mod machine;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use wippy_stdlib::modules;
use wippy_vm::{Context, Error, Library, Limits, Outcome, Program, Result, Value, library};

use crate::programs::{Entry, Start};

/// Id of the entry that is nothing but a supervisor: its argument is the specification.
pub(crate) const ENTRY: &str = "supervisor:run";

/// The functions of `supervisor`.
pub static LIBRARY: Library = library!(
    "supervisor",
    [
        /// This process becomes a supervisor until it is asked to end or gives up.
        ("run", run, "(spec: any) -> (boolean?, error?)"),
        /// Starts a supervisor that is linked to this process; its pid.
        ("start_link", start_link, "(spec: any, host: string?) -> (string?, error?)"),
        /// What a supervisor looks after: id, pid and state of each.
        ("children", children, "(supervisor: string) -> ({any}?, error?)"),
        /// How many children there are, and how many of them run.
        ("count", count, "(supervisor: string) -> (any, error?)"),
        /// Adds a child to a supervisor; its pid.
        ("start_child", start_child, "(supervisor: string, child: any) -> (string?, error?)"),
        /// Ends a child and does not start it again.
        ("terminate_child", terminate_child, "(supervisor: string, id: string) -> (boolean?, error?)"),
        /// Starts a child again that was ended; its pid.
        ("restart_child", restart_child, "(supervisor: string, id: string) -> (string?, error?)"),
        /// Forgets a child that was ended.
        ("delete_child", delete_child, "(supervisor: string, id: string) -> (boolean?, error?)"),
    ]
);

/// Modules that the programs are given, in this order.
const USED: [&str; 4] = ["process", "channel", "time", "errors"];

/// A program of this module, compiled when it is first used.
struct Source {
    text: &'static str,
    name: &'static str,
    compiled: OnceLock<Program>,
}

impl Source {
    const fn new(text: &'static str, name: &'static str) -> Source {
        Source { text, name, compiled: OnceLock::new() }
    }

    fn program(&self) -> &Program {
        self.compiled.get_or_init(|| {
            Program::compile(self.text.as_bytes(), self.name.as_bytes()).expect("a test runs every program")
        })
    }
}

static RUN: Source = Source::new(include_str!("run.lua"), "=supervisor");
static REQUEST: Source = Source::new(include_str!("request.lua"), "=supervisor");
static START: Source = Source::new(include_str!("start.lua"), "=supervisor");

/// The entry [`ENTRY`] on behalf of `from`: what that finds by an id, its supervisor finds.
pub(crate) fn entry(from: &str) -> Arc<Entry> {
    Arc::new(Entry {
        id: if from.is_empty() { ENTRY } else { from }.into(),
        program: START.program().clone(),
        start: Start::Chunk,
        image: None,
        limits: Limits::default(),
    })
}

/// Adds `supervisor` to the modules that are there.
pub(crate) fn open(cx: &mut Context<'_>) -> Result<()> {
    let table = cx.table(0, LIBRARY.functions.len() + 3)?;
    LIBRARY.install(cx, table)?;
    for (name, value) in
        [("ONE_FOR_ONE", "one_for_one"), ("ONE_FOR_ALL", "one_for_all"), ("REST_FOR_ONE", "rest_for_one")]
    {
        let value = cx.name(value);
        cx.set_field(table, name, value)?;
    }
    table.freeze();
    let registry = cx.registry();
    if let Value::Table(loaded) = cx.field(registry, "_LOADED") {
        cx.set_field(loaded, LIBRARY.name, table)?;
    }
    machine::open(cx)
}

/// Pushes the modules that the programs use.
fn push_modules(cx: &mut Context<'_>) -> Result<()> {
    let registry = cx.registry();
    for name in USED {
        let loaded = match cx.field(registry, "_LOADED") {
            Value::Table(loaded) => cx.field(loaded, name),
            _ => Value::Nil,
        };
        let value = match (loaded, modules::find(name.as_bytes())) {
            (Value::Nil, Some(module)) => module.load(cx)?,
            (Value::Nil, None) => return Err(Error::message(format!("module '{name}' is missing"))),
            (value, _) => value,
        };
        cx.push(value);
    }
    Ok(())
}

/// `supervisor.run(spec)`: the caller is the supervisor until it is asked to end or gives up.
fn run(cx: &mut Context<'_>) -> Result<Outcome> {
    let spec = cx.check_table(1)?;
    let closure = cx.load_program(RUN.program());
    cx.truncate(0);
    cx.push(closure);
    cx.push(spec);
    cx.push(&machine::NEW);
    push_modules(cx)?;
    Ok(cx.tail_call(2 + USED.len()))
}

/// `supervisor.start_link(spec, host?)`: a supervisor as a process of its own, linked to the caller.
fn start_link(cx: &mut Context<'_>) -> Result<Outcome> {
    let spec = cx.check_table(1)?;
    let host = cx.get(2);
    let registry = cx.registry();
    let spawn = match cx.field(registry, "_LOADED") {
        Value::Table(loaded) => match cx.field(loaded, "process") {
            Value::Table(process) => cx.field(process, "spawn_linked"),
            _ => Value::Nil,
        },
        _ => Value::Nil,
    };
    let id = cx.name(ENTRY);
    cx.truncate(0);
    cx.push(spawn);
    cx.push(id);
    cx.push(host);
    cx.push(spec);
    Ok(cx.tail_call(3))
}

/// Sends a request with one argument, waits for the answer and returns it.
fn request(cx: &mut Context<'_>, operation: &'static str, argument: bool) -> Result<Outcome> {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let supervisor = cx.check_string(1)?;
    let argument = if argument { cx.check_any(2)? } else { Value::Nil };
    let topic = format!("supervisor.answer.{}", REQUESTS.fetch_add(1, Ordering::Relaxed));
    let topic = cx.string(topic.as_bytes())?;
    let operation = cx.name(operation);
    let closure = cx.load_program(REQUEST.program());
    cx.truncate(0);
    cx.push(closure);
    cx.push(operation);
    cx.push(topic);
    push_modules(cx)?;
    cx.push(supervisor);
    cx.push(argument);
    Ok(cx.tail_call(4 + USED.len()))
}

/// `supervisor.children(supervisor)`: `{id, pid, restart, restarts}` of each child, in the order of their start.
fn children(cx: &mut Context<'_>) -> Result<Outcome> {
    request(cx, "children", false)
}

/// `supervisor.count(supervisor)`: `{children, running}`
fn count(cx: &mut Context<'_>) -> Result<Outcome> {
    request(cx, "count", false)
}

/// `supervisor.start_child(supervisor, child)`
fn start_child(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_table(2)?;
    request(cx, "start_child", true)
}

/// `supervisor.terminate_child(supervisor, id)`: ends a child and keeps its specification.
fn terminate_child(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_string(2)?;
    request(cx, "terminate_child", true)
}

/// `supervisor.restart_child(supervisor, id)`: starts a child that was terminated.
fn restart_child(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_string(2)?;
    request(cx, "restart_child", true)
}

/// `supervisor.delete_child(supervisor, id)`: forgets a child that does not run.
fn delete_child(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_string(2)?;
    request(cx, "delete_child", true)
}
