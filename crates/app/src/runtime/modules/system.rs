//! `system`: what the program and its machine are.

use std::sync::Arc;

use wippy_stdlib::errors::{ErrorValue, Kind, fails};
use wippy_vm::{Collection, Context, Library, Outcome, Result, Table, Then, Value, library};

use crate::id::Id;
use crate::lifecycle::supervisor::Report;
use crate::runtime::app::App;
use crate::runtime::engine::Order;
use crate::runtime::home::Home;

static PROCESS: Library = library!(
    "system.process",
    [("pid", pid, "() -> integer"), ("hostname", hostname, "() -> string"), ("cwd", cwd, "() -> string")]
);
static RUNTIME: Library = library!(
    "system.runtime",
    [("cpu_count", cpu_count, "() -> integer"), ("goroutines", goroutines, "() -> integer")]
);
static MEMORY: Library = library!(
    "system.memory",
    [
        ("stats", stats, "() -> table"),
        ("allocated", allocated, "() -> integer"),
        ("heap_objects", heap_objects, "() -> integer")
    ]
);
static GC: Library = library!("system.gc", [("collect", collect, "() -> boolean")]);

static SYSTEM: Library = library!("system", [("exit", exit, "(code: integer?) -> (boolean?, any)")]);
static HOSTS: Library = library!(
    "system.hosts",
    [
        ("list", hosts_list, "() -> ({any}?, any)"),
        ("processes", hosts_processes, "(id: string) -> ({any}?, any)")
    ]
);
static SUPERVISOR: Library = library!(
    "system.supervisor",
    [
        ("state", supervisor_state, "(id: string) -> (any, any)"),
        ("states", supervisor_states, "() -> ({any}?, any)")
    ]
);

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let system = cx.table(0, 8)?;
    SYSTEM.install(cx, system)?;
    for (name, library) in [("hosts", &HOSTS), ("supervisor", &SUPERVISOR)] {
        let table = super::table(cx, library)?;
        cx.set_field(system, name, table)?;
    }
    for (name, library) in [("process", &PROCESS), ("runtime", &RUNTIME), ("memory", &MEMORY), ("gc", &GC)] {
        let table = super::table(cx, library)?;
        cx.set_field(system, name, table)?;
    }
    Ok(Value::Table(system))
}

fn pid(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(cx.returns(i64::from(std::process::id())))
}

fn hostname(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    let name = cx.string(name.as_deref().unwrap_or("localhost").trim().as_bytes())?;
    Ok(cx.returns(name))
}

fn cwd(cx: &mut Context<'_>) -> Result<Outcome> {
    match std::env::current_dir() {
        Ok(folder) => {
            let folder = cx.string(folder.as_os_str().as_encoded_bytes())?;
            Ok(cx.returns(folder))
        }
        Err(error) => fails(cx, ErrorValue::internal(error.to_string())),
    }
}

fn cpu_count(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(cx.returns(count as i64))
}

/// Names of the figures; those that have no meaning here are zero.
const FIGURES: &[&str] = &[
    "alloc",
    "total_alloc",
    "sys",
    "heap_alloc",
    "heap_sys",
    "heap_idle",
    "heap_in_use",
    "heap_released",
    "heap_objects",
    "stack_in_use",
    "stack_sys",
    "mspan_in_use",
    "mspan_sys",
    "num_gc",
    "next_gc",
];

/// Bytes of the whole program in memory, where the system tells.
fn resident() -> i64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: i64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}

fn stats(cx: &mut Context<'_>) -> Result<Outcome> {
    let heap = cx.memory().bytes() as i64;
    let table = cx.table(0, FIGURES.len())?;
    for name in FIGURES {
        let figure = match *name {
            "sys" => resident(),
            "alloc" | "total_alloc" | "heap_alloc" | "heap_sys" | "heap_in_use" => heap,
            _ => 0,
        };
        cx.set_field(table, name, figure)?;
    }
    Ok(cx.returns(table))
}

fn allocated(cx: &mut Context<'_>) -> Result<Outcome> {
    let bytes = cx.memory().bytes() as i64;
    Ok(cx.returns(bytes))
}

fn heap_objects(cx: &mut Context<'_>) -> Result<Outcome> {
    // Cells are not counted one by one; this many of the usual size would fill the heap.
    let cells = (cx.memory().bytes() / 48) as i64;
    Ok(cx.returns(cells))
}

fn collect(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(cx.collect(Collection::Full, Then::Step(collected)))
}

fn collected(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(cx.returns(true))
}

fn app(cx: &mut Context<'_>) -> Result<Arc<App>> {
    match cx.host::<Home>() {
        Some(home) => Ok(Arc::clone(&home.app)),
        None => Err(wippy_vm::Error::message("there is no application")),
    }
}

fn exit(cx: &mut Context<'_>) -> Result<Outcome> {
    let code = cx.optional_integer(1, 0)?;
    app(cx)?.order(Order::Exit(code));
    Ok(cx.returns(true))
}

fn goroutines(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = app(cx)?.starter().map_or(0, |starter| starter.handle().statistics().processes);
    Ok(cx.returns(count as i64))
}

fn put<'gc>(cx: &mut Context<'gc>, table: Table<'gc>, name: &'static str, text: &str) -> Result<()> {
    let text = cx.string(text.as_bytes())?;
    cx.set_field(table, name, text)
}

fn hosts_list(cx: &mut Context<'_>) -> Result<Outcome> {
    let app = app(cx)?;
    let snapshot = app.registry.snapshot();
    let list = cx.table(0, 0)?;
    let hosts =
        snapshot.iter().filter(|entry| &*entry.kind == "process.host" || &*entry.kind == "terminal.host");
    for (at, entry) in (1..).zip(hosts) {
        let row = cx.table(0, 6)?;
        put(cx, row, "id", entry.id.as_str())?;
        let processes = app.starter().map_or(0, |starter| {
            let Some(host) = starter.handle().hosts().find(entry.id.as_str()) else { return 0 };
            starter.handle().processes().iter().filter(|process| process.host == host).count()
        });
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for (name, figure) in [
            ("workers", workers),
            ("processes", processes),
            ("executed", 0),
            ("stolen", 0),
            ("queue_depth", 0),
        ] {
            cx.set_field(row, name, figure as i64)?;
        }
        cx.raw_set_integer(list, at, row)?;
    }
    Ok(cx.returns(list))
}

fn hosts_processes(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = cx.check_string(1)?.to_string_lossy().into_owned();
    if id.is_empty() {
        return fails(cx, ErrorValue::invalid("host ID required"));
    }
    let app = app(cx)?;
    let list = cx.table(0, 0)?;
    let Some(starter) = app.starter() else { return Ok(cx.returns(list)) };
    let Some(host) = starter.handle().hosts().find(&id) else {
        return fails(cx, ErrorValue::new(Kind::NOT_FOUND, "host not found"));
    };
    let processes = starter.handle().processes().into_iter().filter(|process| process.host == host);
    for (at, process) in (1..).zip(processes) {
        let row = cx.table(0, 5)?;
        put(cx, row, "pid", &starter.pid_text(process.pid))?;
        put(cx, row, "host", &id)?;
        put(cx, row, "state", &format!("{:?}", process.state).to_lowercase())?;
        put(cx, row, "source", process.description.as_ref().map_or("", |about| about.entry.as_str()))?;
        cx.set_field(row, "steps", process.reductions as i64)?;
        cx.raw_set_integer(list, at, row)?;
    }
    Ok(cx.returns(list))
}

fn report_table<'gc>(cx: &mut Context<'gc>, report: &Report) -> Result<Table<'gc>> {
    let row = cx.table(0, 7)?;
    put(cx, row, "id", report.id.as_str())?;
    put(cx, row, "status", report.state.name())?;
    put(cx, row, "desired", if report.wanted { "Running" } else { "Stopped" })?;
    cx.set_field(row, "retry_count", i64::from(report.failures))?;
    cx.set_field(row, "last_update", report.since.as_nanos() as i64)?;
    if let Some(at) = report.started_at {
        cx.set_field(row, "started_at", at.as_nanos() as i64)?;
    }
    if let Some(details) = &report.details {
        put(cx, row, "details", details)?;
    }
    Ok(row)
}

fn supervisor_state(cx: &mut Context<'_>) -> Result<Outcome> {
    let id = cx.check_string(1)?.to_string_lossy().into_owned();
    if id.is_empty() {
        return fails(cx, ErrorValue::invalid("service ID required"));
    }
    let app = app(cx)?;
    let report = Id::parse(&id).and_then(|id| app.reports().into_iter().find(|report| report.id == id));
    match report {
        Some(report) => {
            let row = report_table(cx, &report)?;
            Ok(cx.returns(row))
        }
        None => fails(cx, ErrorValue::new(Kind::NOT_FOUND, format!("service not found: {id}"))),
    }
}

fn supervisor_states(cx: &mut Context<'_>) -> Result<Outcome> {
    let reports = app(cx)?.reports();
    let list = cx.table(reports.len(), 0)?;
    for (at, report) in (1..).zip(&reports) {
        let row = report_table(cx, report)?;
        cx.raw_set_integer(list, at, row)?;
    }
    Ok(cx.returns(list))
}
