//! All processes at one moment: a table for people, and plain data for scripts.
//!
//! What a process says about itself it says at its next step; those that do not come to one in time are listed with
//! what the scheduler knows of them. Nothing here prints. Invariant: asking changes nothing but the time of the asked.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wippy_scheduler::{Description, Handle, ProcessInfo, State, Statistics};
use wippy_stdlib::errors::{ErrorValue, Kind};
use wippy_stdlib::plain::Plain;
use wippy_stdlib::system::{Question, Tables};
use wippy_vm::Vm;

use crate::local::Local;
use crate::pid::format_pid;
use crate::process::LuaProcess;

/// Processes that the table for people lists; the rest is counted.
const MOST_ROWS: usize = 1000;

/// Coroutines that a description names.
const MOST_COROUTINES: usize = 8;

/// How long a process may take to end that has begun to.
const MOMENT: Duration = Duration::from_millis(50);

/// How long scripts wait for descriptions of processes that are at work.
const PATIENCE: Duration = Duration::from_millis(100);

/// What an interpreter says about itself.
pub(crate) fn describe(vm: &mut Vm, description: &mut Description) {
    description.heap_bytes = vm.memory_bytes() as u64;
    description.actor = vm.enter(|cx| {
        let actor = cx.host::<Local>().and_then(|local| local.values.actor.clone());
        actor.map(|actor| actor.id.clone()).unwrap_or_default()
    });
    let waiting = vm.first_waiting(MOST_COROUTINES);
    if let Some(place) = vm.position() {
        description.waiting = place.to_string();
    } else if let Some(first) = waiting.iter().find(|one| one.is_main).or_else(|| waiting.first()) {
        description.waiting = first.to_string();
    }
    description.details = waiting.iter().map(ToString::to_string).collect();
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Census {
    /// The processes, in the order of their pids.
    pub processes: Vec<ProcessInfo>,
    /// What the scheduler counts.
    pub statistics: Statistics,
    /// Names of the processes' hosts.
    hosts: Vec<Arc<str>>,
}

impl Census {
    /// Asks all processes; those that do not come to a step within `wait` are listed without their own words. Not for
    /// use inside a step.
    pub(crate) fn take(handle: &Handle<LuaProcess>, wait: Duration) -> Census {
        let mut processes = handle.inspect(wait);
        processes.sort_unstable_by_key(|process| process.pid);
        let hosts = processes.iter().map(|process| handle.hosts().name(process.host)).collect();
        let mut statistics = handle.statistics();
        // One that is just ending is not in the list any more, but is not counted as ended yet.
        let begun = Instant::now();
        while statistics.spawned.saturating_sub(statistics.ended) > processes.len() as u64
            && begun.elapsed() < MOMENT
        {
            std::thread::sleep(Duration::from_millis(1));
            statistics = handle.statistics();
        }
        Census { processes, statistics, hosts }
    }

    fn rows(&self) -> impl Iterator<Item = [String; COLUMNS.len()]> {
        self.processes.iter().zip(&self.hosts).take(MOST_ROWS).map(|(process, host)| {
            let names = process.names.iter().map(|name| String::from_utf8_lossy(name));
            let names = names.collect::<Vec<_>>().join(" ");
            let unknown = Description::default();
            let about = process.description.as_ref().unwrap_or(&unknown);
            let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
            [
                format_pid(host, process.pid),
                or_dash(&names),
                or_dash(&about.entry),
                state(process.state).to_owned(),
                process.description.as_ref().map_or("-".to_owned(), |about| bytes(about.heap_bytes)),
                (process.mailbox + about.backlog).to_string(),
                process.reductions.to_string(),
                or_dash(&about.waiting),
            ]
        })
    }
}

const COLUMNS: [&str; 8] = ["PID", "NAME", "ENTRY", "STATE", "HEAP", "MAIL", "REDUCTIONS", "AT"];

/// Columns of numbers stand to the right.
const NUMBERS: std::ops::RangeInclusive<usize> = 4..=6;

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = COLUMNS.map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head).chain(self.rows()).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
        for row in &rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let gap = " ".repeat(widths[column] - cell.chars().count());
                let (before, after) =
                    if NUMBERS.contains(&column) { (gap, String::new()) } else { (String::new(), gap) };
                line.push_str(&format!("{before}{cell}{after}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        if self.processes.len() > MOST_ROWS {
            writeln!(f, "... and {} more", self.processes.len() - MOST_ROWS)?;
        }
        let count = |state| self.processes.iter().filter(|process| process.state == state).count();
        let now = &self.statistics;
        writeln!(
            f,
            "{} processes: {} running, {} queued, {} parked; {} started, {} ended, {} steps that panicked",
            self.processes.len(),
            count(State::Running),
            count(State::Queued),
            count(State::Parked),
            now.spawned,
            now.ended,
            now.panics
        )?;
        let queues: Vec<String> = now.queued.iter().map(usize::to_string).collect();
        writeln!(
            f,
            "{} messages, {} steps, {} full slices of which {} too long, {} steals, {} wakes of workers",
            now.messages, now.steps, now.slices, now.overruns, now.steals, now.wakes
        )?;
        writeln!(
            f,
            "run queues {}, outside {}; {} timers, {} operations, {} names; {} workers asleep",
            queues.join(" "),
            now.injected,
            now.timers,
            now.operations,
            now.names,
            now.sleeping
        )
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Queued => "queued",
        State::Parked => "parked",
    }
}

/// A size for people.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} K", bytes as f64 / 1024.0),
        _ => format!("{:.1} M", bytes as f64 / (1 << 20) as f64),
    }
}

/// What the module `system` asks in a process whose owner has not said otherwise.
pub(crate) struct Watcher {
    pub(crate) handle: Handle<LuaProcess>,
}

impl Tables for Watcher {
    fn activities(&self) -> i64 {
        self.handle.statistics().processes as i64
    }

    fn answer(&self, question: &Question) -> Result<Plain, ErrorValue> {
        match question {
            Question::Hosts => {
                let names = self.handle.hosts().all();
                Ok(Plain::List(names.iter().map(|name| host_row(&self.handle, name)).collect()))
            }
            Question::Processes(host) => process_rows(&self.handle, host),
            Question::Services => Ok(Plain::List(Vec::new())),
            Question::Service(id) => Err(not_found(&format!("service not found: {id}"))),
        }
    }
}

fn not_found(message: &str) -> ErrorValue {
    ErrorValue::new(Kind::NOT_FOUND, message).retryable(Some(false))
}

/// A host as `system.hosts.list()` shows it. All hosts share the workers, so what those count is the same for all.
pub(crate) fn host_row(handle: &Handle<LuaProcess>, host: &str) -> Plain {
    let statistics = handle.statistics();
    let id = handle.hosts().find(host);
    let processes = handle.processes().iter().filter(|process| Some(process.host) == id).count();
    let queued = statistics.queued.iter().sum::<usize>() + statistics.injected;
    Plain::map([
        ("id", host.into()),
        ("workers", (statistics.queued.len() as i64).into()),
        ("processes", (processes as i64).into()),
        ("executed", (statistics.steps as i64).into()),
        ("stolen", (statistics.steals as i64).into()),
        ("queue_depth", (queued as i64).into()),
    ])
}

/// The processes of a host as `system.hosts.processes(id)` shows them. Waits for what they say about themselves.
///
/// # Errors
/// When nothing was ever started on such a host.
pub(crate) fn process_rows(handle: &Handle<LuaProcess>, host: &str) -> Result<Plain, ErrorValue> {
    let id = handle.hosts().find(host).ok_or_else(|| not_found("host not found"))?;
    let census = Census::take(handle, PATIENCE);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let begun = now.saturating_sub(handle.now());
    let rows = census.processes.into_iter().filter(|process| process.host == id).map(|process| {
        let about = process.description.unwrap_or_default();
        let names = process.names.iter().map(|name| String::from_utf8_lossy(name).into_owned().into());
        let stats = Plain::map([
            ("heap", (about.heap_bytes as i64).into()),
            ("mailbox", ((process.mailbox + about.backlog) as i64).into()),
            ("at", about.waiting.into()),
            ("waiting", Plain::List(about.details.into_iter().map(Plain::from).collect())),
            ("names", Plain::List(names.collect())),
            ("links", (process.links as i64).into()),
            ("monitors", (process.monitors as i64).into()),
            ("watchers", (process.watchers as i64).into()),
        ]);
        let actor = (!about.actor.is_empty()).then(|| ("actor_id", about.actor.into()));
        let facts = [
            ("pid", format_pid(host, process.pid).into()),
            ("host", host.into()),
            ("source", about.entry.into()),
            ("state", state(process.state).into()),
            ("steps", (process.reductions as i64).into()),
            ("started_at", ((begun + process.started).as_nanos() as i64).into()),
            ("stats", stats),
        ];
        Plain::map(facts.into_iter().chain(actor))
    });
    Ok(Plain::List(rows.collect()))
}
