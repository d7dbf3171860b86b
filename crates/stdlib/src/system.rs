//! `system`: the runtime looked at from inside: memory, processors, hosts, services; and its end.
//!
//! Memory is that of the interpreter that asks. What only the runtime knows comes from the owner as plain data.
//! Invariant: nothing here waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use wippy_vm::{Context, ErrorKind, ExitRequest, Library, Outcome, Result, Then, Ticket, Value, library};

use crate::collecting::collect_all;
use crate::errors::{self, ErrorValue, Kind};
use crate::modules;
use crate::plain::Plain;
use crate::requests::{Answer, Request};

/// A question to the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// All hosts.
    Hosts,
    /// The processes of a host.
    Processes(String),
    /// A service.
    Service(String),
    /// All services.
    Services,
}

impl Question {
    /// What permissions call it.
    fn subject(&self) -> &'static str {
        match self {
            Question::Hosts | Question::Processes(_) => "hosts",
            Question::Service(_) | Question::Services => "supervisor",
        }
    }
}

/// The runtime of an interpreter.
pub trait System: Tables {
    /// Begins the end of the program.
    fn exit(&self, code: i32);

    /// Whether the program that asks may do this.
    fn permits(&self, cx: &mut Context<'_>, action: &str, resource: &str) -> bool;
}

/// What a runtime tells about itself.
pub trait Tables: Send + Sync {
    /// Live processes and threads of services.
    fn activities(&self) -> i64;

    /// Answers a question, in the form that scripts see. [`Question::Processes`] may take a moment; it is asked on a
    /// thread that may wait.
    ///
    /// # Errors
    /// When there is no such host or service.
    fn answer(&self, question: &Question) -> Result<Plain, ErrorValue>;
}

/// The runtime of an interpreter; a host value.
#[derive(Clone)]
pub struct HostSystem(pub Arc<dyn System>);

/// What a native asks the owner of its process: which runtime it belongs to, where no [`HostSystem`] says so.
#[derive(Default)]
pub struct Seek(pub Option<Arc<dyn Tables>>);

/// The functions of `system` itself.
pub static LIBRARY: Library = library!(
    "system",
    [
        /// Ends the runtime.
        ("exit", exit, "(code: integer?) -> (boolean?, error?)"),
        /// The built-in modules: name, description and classes of each.
        ("modules", list_modules, "() -> ({any}, error?)"),
    ]
);

/// `system.memory`
pub static MEMORY: Library = library!(
    "memory",
    [
        /// Bytes in use.
        ("allocated", allocated, "() -> (integer, error?)"),
        /// The most bytes that may be in use, -1 without a limit.
        ("get_limit", get_limit, "() -> (integer, error?)"),
        /// Objects in use, an estimate.
        ("heap_objects", heap_objects, "() -> (integer, error?)"),
        /// All figures about memory.
        ("stats", stats, "() -> (any, error?)"),
    ]
);

/// `system.gc`
pub static GC: Library = library!(
    "gc",
    [
        /// Runs the collector.
        ("collect", collect, "() -> (boolean, error?)"),
        /// How much memory may grow before the collector runs, in percent.
        ("get_percent", get_percent, "() -> (integer, error?)"),
        /// Sets that; what it was before.
        ("set_percent", set_percent, "(percent: integer) -> (integer, error?)"),
    ]
);

/// `system.runtime`
pub static RUNTIME: Library = library!(
    "runtime",
    [
        /// Processors of the machine.
        ("cpu_count", cpu_count, "() -> (integer, error?)"),
        /// Processes that are alive.
        ("goroutines", goroutines, "() -> (integer, error?)"),
        /// Threads that run processes.
        ("max_procs", cpu_count, "() -> (integer, error?)"),
    ]
);

/// `system.process`
pub static PROCESS: Library = library!(
    "process",
    [
        /// The folder in which the program runs.
        ("cwd", cwd, "() -> (string, error?)"),
        /// The name of the machine.
        ("hostname", hostname, "() -> (string, error?)"),
        /// The number of the operating system's process.
        ("pid", pid, "() -> (integer, error?)"),
    ]
);

/// `system.hosts`
pub static HOSTS: Library = library!(
    "hosts",
    [
        /// The hosts of processes.
        ("list", hosts, "() -> ({any}, error?)"),
        /// The processes of a host.
        ("processes", processes, "(host: string) -> ({any}, error?)")
    ]
);

/// `system.supervisor`
pub static SUPERVISOR: Library = library!(
    "supervisor",
    [
        /// The state of a service.
        ("state", service, "(service: string) -> (any, error?)"),
        /// The states of all services.
        ("states", services, "() -> ({any}, error?)")
    ]
);

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY, &MEMORY, &GC, &RUNTIME, &PROCESS, &HOSTS, &SUPERVISOR];

/// Makes the table `system` and those in it.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let system = modules::table(cx, &LIBRARY, LIBRARIES.len())?;
    for library in &LIBRARIES[1..] {
        let table = modules::table(cx, library, 0)?;
        table.freeze();
        cx.set_field(system, library.name, table)?;
    }
    system.freeze();
    Ok(system.into())
}

fn host(cx: &mut Context<'_>) -> Option<Arc<dyn System>> {
    cx.host::<HostSystem>().map(|host| Arc::clone(&host.0))
}

/// What a function answers that the program may not call.
fn refused(cx: &mut Context<'_>, action: &str, resource: &str) -> Result<Option<Outcome>> {
    match host(cx) {
        Some(host) if !host.permits(cx, action, resource) => {
            let error = ErrorValue::invalid(format!("permission denied: {action} on {resource}"));
            errors::fails(cx, error.retryable(Some(false))).map(Some)
        }
        _ => Ok(None),
    }
}

/// `system.exit([code])`
fn exit(cx: &mut Context<'_>) -> Result<Outcome> {
    let code = cx.optional_integer(1, 0)? as i32;
    if let Some(refused) = refused(cx, "system.exit", "exit")? {
        return Ok(refused);
    }
    match host(cx) {
        Some(host) => {
            host.exit(code);
            Ok(cx.returns(true))
        }
        // A program that runs alone ends at once.
        None => Err(ErrorKind::Exit(ExitRequest { code, close: false }).into()),
    }
}

/// The runtime whose tables are asked for.
fn runtime(cx: &mut Context<'_>) -> Option<Arc<dyn Tables>> {
    if let Some(system) = host(cx) {
        return Some(system);
    }
    let mut seek = Seek::default();
    cx.ask(&mut seek);
    seek.0
}

fn list_modules(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "modules")? {
        return Ok(refused);
    }
    let list = modules::MODULES.iter().map(|module| {
        let classes = module.classes.iter().map(|&class| class.into()).collect();
        Plain::map([
            ("name", module.name.into()),
            ("description", module.summary.into()),
            ("class", Plain::List(classes)),
        ])
    });
    let list = Plain::List(list.collect()).build(cx)?;
    Ok(cx.returns(list))
}

fn bytes(cx: &mut Context<'_>) -> i64 {
    cx.memory().bytes() as i64
}

fn allocated(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "memory")? {
        return Ok(refused);
    }
    let bytes = bytes(cx);
    Ok(cx.returns(bytes))
}

/// Objects are not counted; an object has about this many bytes.
const OBJECT: i64 = 48;

fn heap_objects(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "memory")? {
        return Ok(refused);
    }
    let objects = bytes(cx) / OBJECT;
    Ok(cx.returns(objects))
}

fn get_limit(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "memory_limit")? {
        return Ok(refused);
    }
    Ok(cx.returns(-1))
}

/// `system.memory.stats()`: names that scripts for other runtimes expect; zero where there is no such thing here.
fn stats(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "memory")? {
        return Ok(refused);
    }
    let bytes = bytes(cx);
    let resident = resident().unwrap_or(bytes);
    let mut stats: BTreeMap<String, Plain> =
        ["heap_released", "stack_in_use", "stack_sys", "mspan_in_use", "mspan_sys", "num_gc", "heap_idle"]
            .into_iter()
            .map(|name| (name.to_owned(), 0i64.into()))
            .collect();
    for (name, value) in [
        ("alloc", bytes),
        ("total_alloc", bytes),
        ("sys", resident),
        ("heap_alloc", bytes),
        ("heap_sys", resident),
        ("heap_in_use", bytes),
        ("heap_objects", bytes / OBJECT),
        ("next_gc", bytes * 2),
    ] {
        stats.insert(name.to_owned(), value.into());
    }
    let stats = Plain::Map(stats).build(cx)?;
    Ok(cx.returns(stats))
}

/// Resident bytes of this program, where the system tells.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn collect(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.gc", "gc")? {
        return Ok(refused);
    }
    Ok(collect_all(cx, |cx| Ok(cx.returns(true))))
}

/// The default of the runtime that scripts know; the pause of our collector is in percent of another whole.
const PERCENT: i64 = 100;

fn get_percent(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "gc_percent")? {
        return Ok(refused);
    }
    let pause = cx.memory().set_pause(200);
    cx.memory().set_pause(pause);
    Ok(cx.returns(pause - PERCENT))
}

fn set_percent(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.gc", "gc_percent")? {
        return Ok(refused);
    }
    let percent = cx.check_integer(1)?.clamp(0, 10_000);
    let before = cx.memory().set_pause(percent + PERCENT);
    Ok(cx.returns(before - PERCENT))
}

fn cpu_count(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "cpu")? {
        return Ok(refused);
    }
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(cx.returns(count as i64))
}

fn goroutines(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "goroutines")? {
        return Ok(refused);
    }
    let count = runtime(cx).map_or(1, |host| host.activities());
    Ok(cx.returns(count))
}

fn pid(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "pid")? {
        return Ok(refused);
    }
    Ok(cx.returns(i64::from(std::process::id())))
}

fn hostname(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "hostname")? {
        return Ok(refused);
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    match name {
        Some(name) => {
            let name = cx.string(name.trim().as_bytes())?;
            Ok(cx.returns(name))
        }
        None => errors::fails(cx, ErrorValue::internal("the system does not tell its name")),
    }
}

fn cwd(cx: &mut Context<'_>) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", "cwd")? {
        return Ok(refused);
    }
    match std::env::current_dir() {
        Ok(path) => {
            let path = cx.string(&crate::host::bytes(path.as_os_str()))?;
            Ok(cx.returns(path))
        }
        Err(error) => errors::fails(cx, ErrorValue::internal(error.to_string())),
    }
}

fn unavailable(cx: &mut Context<'_>) -> Result<Outcome> {
    let error = ErrorValue::new(Kind::UNAVAILABLE, "no runtime context").retryable(Some(false));
    errors::fails(cx, error)
}

fn ask(cx: &mut Context<'_>, question: &Question) -> Result<Outcome> {
    if let Some(refused) = refused(cx, "system.read", question.subject())? {
        return Ok(refused);
    }
    let Some(runtime) = runtime(cx) else { return unavailable(cx) };
    match runtime.answer(question) {
        Ok(answer) => {
            let answer = answer.build(cx)?;
            Ok(cx.returns(answer))
        }
        Err(error) => errors::fails(cx, error),
    }
}

fn hosts(cx: &mut Context<'_>) -> Result<Outcome> {
    ask(cx, &Question::Hosts)
}

fn services(cx: &mut Context<'_>) -> Result<Outcome> {
    ask(cx, &Question::Services)
}

fn processes(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = cx.check_string(1)?;
    if id.is_empty() {
        return errors::fails(cx, ErrorValue::invalid("host ID required"));
    }
    let question = Question::Processes(id.to_string_lossy().into_owned());
    if let Some(refused) = refused(cx, "system.read", question.subject())? {
        return Ok(refused);
    }
    let Some(runtime) = runtime(cx) else { return unavailable(cx) };
    cx.truncate(0);
    // The processes are asked, this one among them, which therefore waits.
    let job = move || -> Answer {
        let answer = runtime.answer(&question);
        Box::new(move |cx: &mut Context<'_>, ticket: Ticket| {
            let values = match answer {
                Ok(rows) => rows.build(cx).map(|rows| [rows, Value::Nil]),
                Err(error) => errors::object(cx, error).map(|error| [Value::Nil, error.into()]),
            };
            // A table that does not fit into memory is as good as none.
            cx.wake(ticket, &values.unwrap_or([Value::Nil; 2]));
        })
    };
    Ok(cx.operation(Box::new(Request::Block(Box::new(job))), Then::Return))
}

fn service(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = cx.check_string(1)?;
    if id.is_empty() {
        return errors::fails(cx, ErrorValue::invalid("service ID required"));
    }
    ask(cx, &Question::Service(id.to_string_lossy().into_owned()))
}
