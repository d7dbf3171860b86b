//! `wippy top`: an application with a table of what it does, in place of its log.
//!
//! The table is drawn again in place, once a second, on a screen of its own; log lines of the meantime are written when it
//! is left. Invariant: however the program ends, the terminal shows what it showed before.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar;
use wippy::runtime::Starter;
use wippy::runtime::scheduler::{Pid, ProcessInfo, Statistics};
use wippy_app::lifecycle::supervisor::Report;
use wippy_app::runtime::App;
use wippy_app::runtime::order::Task;

use super::{boot, fail, run};
use crate::arguments::Flags;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// Between two pictures.
const PERIOD: Duration = Duration::from_secs(1);
/// How long processes at work may take to say something about themselves.
const PATIENCE: Duration = Duration::from_millis(100);
/// With more processes than this they are not asked one by one: the answer would cost more than what it shows.
const MOST_ASKED: u64 = 20_000;
/// Log lines at the bottom.
const LOG_LINES: usize = 5;

/// To a screen of its own, without a cursor; and back.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l";
const LEAVE: &[u8] = b"\x1b[?25h\x1b[?1049l";

/// Whether the table is on the screen.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Runs the application with the table on the screen.
pub(crate) fn command(flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if !std::io::stdout().is_terminal() || dumb {
        output::complain(
            b"error: wippy top draws on a terminal, and standard output is none\n\
              help: wippy run writes a log; on SIGUSR1 it adds a table of processes\n",
        )?;
        return Err(Exit::USAGE);
    }
    let (application, config, found) = boot::load(flags, settings)?;
    if application.entries.is_empty() {
        return fail("there is nothing to watch: the application has no entries");
    }
    run::start(application, config, &found, Task::default(), run::Screen::Table, flags, settings)
}

/// The terminal as it was; called on every way out.
pub(crate) fn leave() {
    if SHOWN.swap(false, Ordering::SeqCst) {
        let mut stream = std::io::stdout().lock();
        // A terminal that is gone needs no restoring.
        let _ = stream.write_all(LEAVE).and_then(|()| stream.flush());
    }
}

/// The table on the screen, until [`Top::end`].
pub(crate) struct Top {
    app: Arc<App>,
    end: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Top {
    /// Shows the table.
    pub(crate) fn begin(app: &Arc<App>) -> Top {
        app.log.hold();
        let (end, ended) = mpsc::channel();
        let shown = Arc::clone(app);
        let draw = move || {
            SHOWN.store(true, Ordering::SeqCst);
            let mut stream = std::io::stdout();
            let mut before = Snapshot::default();
            let mut drawn = stream.write_all(ENTER);
            while drawn.is_ok() && SHOWN.load(Ordering::SeqCst) {
                let now = Snapshot::take(&shown);
                let (columns, rows) = size();
                let picture = picture(&now, &before, &shown.log.held(LOG_LINES), columns, rows);
                drawn = stream.write_all(picture.as_bytes()).and_then(|()| stream.flush());
                before = now;
                if ended.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            leave();
        };
        let thread = std::thread::Builder::new().name("top".to_owned()).spawn(draw).ok();
        Top { app: Arc::clone(app), end, thread }
    }

    /// Shows what was there before, and the log lines of the meantime.
    pub(crate) fn end(mut self) {
        // A thread that has ended needs no telling.
        let _ = self.end.send(());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        leave();
        self.app.log.release();
        self.app.log.flush();
    }
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    static EDITOR: std::sync::Mutex<Option<rustyline::DefaultEditor>> = std::sync::Mutex::new(None);
    let mut editor = EDITOR.lock().unwrap_or_else(PoisonError::into_inner);
    if editor.is_none() {
        *editor = rustyline::DefaultEditor::new().ok();
    }
    let size = editor.as_mut().and_then(rustyline::DefaultEditor::dimensions);
    size.map_or((80, 24), |(columns, rows)| (usize::from(columns), usize::from(rows)))
}

/// How things stand at a moment.
#[derive(Default)]
struct Snapshot {
    at: Option<Instant>,
    up: Duration,
    resident: Option<u64>,
    statistics: Statistics,
    services: Vec<Report>,
    processes: Vec<Row>,
}

struct Row {
    pid: Pid,
    name: String,
    entry: String,
    state: &'static str,
    waiting: String,
    mailbox: u64,
    heap: Option<u64>,
    reductions: u64,
}

impl Snapshot {
    fn take(app: &App) -> Snapshot {
        let mut snapshot = Snapshot {
            at: Some(Instant::now()),
            up: app.elapsed(),
            resident: resident_bytes(),
            services: app.reports(),
            ..Snapshot::default()
        };
        if let Some(starter) = app.starter() {
            let handle = starter.handle();
            snapshot.statistics = handle.statistics();
            let asked = snapshot.statistics.processes <= MOST_ASKED;
            let processes = if asked { handle.inspect(PATIENCE) } else { handle.processes() };
            snapshot.processes = processes.into_iter().map(|process| row(starter, process)).collect();
        }
        snapshot
    }
}

fn row(starter: &Starter, process: ProcessInfo) -> Row {
    use wippy::runtime::scheduler::State;
    let description = process.description.unwrap_or_default();
    let known = !description.entry.is_empty();
    Row {
        pid: process.pid,
        name: starter.pid_text(process.pid),
        entry: if known {
            description.entry
        } else {
            starter.handle().hosts().name(process.host).to_string()
        },
        state: match process.state {
            State::Running => "running",
            State::Queued => "ready",
            State::Parked => "waiting",
        },
        waiting: description.waiting,
        mailbox: process.mailbox + description.backlog,
        heap: known.then_some(description.heap_bytes),
        reductions: process.reductions,
    }
}

/// Memory of the whole program, where the system tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// The whole screen as text, each line cut to its width and cleared to its end.
fn picture(now: &Snapshot, before: &Snapshot, log: &[String], columns: usize, rows: usize) -> String {
    let mut lines = header(now, before);
    if !now.services.is_empty() {
        lines.push(String::new());
        lines.push(format!("{:32} {:10} {:>8}  LAST ERROR", "SERVICE", "STATE", "FAILURES"));
        for report in &now.services {
            let details = report.details.as_deref().unwrap_or_default().replace('\n', " ");
            lines.push(format!(
                "{:32} {:10} {:>8}  {details}",
                report.id.as_str(),
                report.state.name(),
                report.failures
            ));
        }
    }
    lines.push(String::new());
    lines.push(format!(
        "{:28} {:24} {:8} {:>7} {:>9} {:>11}  WAITS AT",
        "PROCESS", "ENTRY", "STATE", "MAIL", "HEAP", "FUEL/S"
    ));
    let log_lines = if log.is_empty() { 0 } else { log.len() + 1 };
    let room = rows.saturating_sub(lines.len() + log_lines).max(1);
    lines.extend(busiest(now, before, room));
    let left = rows.saturating_sub(log_lines);
    lines.truncate(left.max(1));
    if !log.is_empty() {
        lines.resize(left.max(lines.len()), String::new());
        lines.push("LOG".to_owned());
        lines.extend(log.iter().map(|line| line.trim_end().replace('\t', "  ")));
    }
    let mut out = String::from("\x1b[H");
    for (at, line) in lines.iter().take(rows).enumerate() {
        if at > 0 {
            out.push_str("\r\n");
        }
        out.push_str(cut(line, columns));
        out.push_str("\x1b[K");
    }
    out.push_str("\x1b[J");
    out
}

fn header(now: &Snapshot, before: &Snapshot) -> Vec<String> {
    let (statistics, seconds) = (&now.statistics, seconds_between(now, before));
    let rate = |now: u64, before: u64| match seconds {
        Some(seconds) => short((now.saturating_sub(before) as f64 / seconds) as u64),
        None => "-".to_owned(),
    };
    let mut queued = String::new();
    for length in &statistics.queued {
        let _ = write!(queued, " {length}");
    }
    vec![
        format!(
            "wippy top   up {}   processes {}   memory {}   Ctrl+C ends",
            wippy_app::duration::show(Duration::from_secs(now.up.as_secs())),
            statistics.processes,
            now.resident.map_or_else(|| "-".to_owned(), bytes),
        ),
        format!(
            "run queues{queued} + {}   sleeping workers {}   timers {}   per second: starts {}  messages {}  steals {}",
            statistics.injected,
            statistics.sleeping,
            statistics.timers,
            rate(statistics.spawned, before.statistics.spawned),
            rate(statistics.messages, before.statistics.messages),
            rate(statistics.steals, before.statistics.steals),
        ),
    ]
}

fn seconds_between(now: &Snapshot, before: &Snapshot) -> Option<f64> {
    let seconds = now.at?.duration_since(before.at?).as_secs_f64();
    (seconds > 0.0).then_some(seconds)
}

/// Lines for the processes that have used most fuel since, as many as there is room for.
fn busiest(now: &Snapshot, before: &Snapshot, room: usize) -> Vec<String> {
    let known: HashMap<Pid, u64> = before.processes.iter().map(|row| (row.pid, row.reductions)).collect();
    let used = |row: &Row| row.reductions.saturating_sub(known.get(&row.pid).copied().unwrap_or(0));
    let mut order: Vec<(u64, &Row)> = now.processes.iter().map(|row| (used(row), row)).collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.heap.cmp(&a.1.heap)).then(a.1.pid.cmp(&b.1.pid)));
    let hidden = order.len().saturating_sub(room);
    let shown = if hidden > 0 { room - 1 } else { room };
    let mut lines: Vec<String> = order
        .iter()
        .take(shown)
        .map(|(used, row)| {
            let fuel = seconds_between(now, before).map(|seconds| short((*used as f64 / seconds) as u64));
            format!(
                "{:28} {:24} {:8} {:>7} {:>9} {:>11}  {}",
                row.name,
                row.entry,
                row.state,
                row.mailbox,
                row.heap.map_or_else(|| "-".to_owned(), bytes),
                fuel.unwrap_or_else(|| "-".to_owned()),
                row.waiting
            )
        })
        .collect();
    if hidden > 0 {
        lines.push(format!("... and {} more", order.len() - shown));
    }
    lines
}

/// A count in at most five characters.
fn short(count: u64) -> String {
    match count {
        0..=99_999 => count.to_string(),
        100_000..=999_999 => format!("{}k", count / 1000),
        1_000_000..=999_999_999 => format!("{:.1}M", count as f64 / 1e6),
        _ => format!("{:.1}G", count as f64 / 1e9),
    }
}

fn bytes(count: u64) -> String {
    const KIB: f64 = 1024.0;
    match count as f64 {
        small if small < KIB => format!("{small} B"),
        some if some < KIB * KIB => format!("{:.1} KB", some / KIB),
        more if more < KIB * KIB * KIB => format!("{:.1} MB", more / KIB / KIB),
        most => format!("{:.2} GB", most / KIB / KIB / KIB),
    }
}

/// As much of a line as fits; control characters end it, so that nothing in a name can draw.
fn cut(line: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, character) in line.char_indices() {
        used += character.width().unwrap_or(0);
        if used > columns || character.is_control() {
            return &line[..at];
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, reductions: u64) -> Row {
        Row {
            pid: Pid::from_raw(u64::from(pid)),
            name: format!("{{app:p|0x{pid:05x}}}"),
            entry: "app:worker".to_owned(),
            state: "waiting",
            waiting: "app:worker:3 in receive".to_owned(),
            mailbox: 0,
            heap: Some(2048),
            reductions,
        }
    }

    #[test]
    fn the_busiest_come_first_and_the_rest_is_counted() {
        let begun = Instant::now();
        let before = Snapshot {
            at: Some(begun),
            processes: (1..=50).map(|n| process(n, 1000)).collect(),
            ..Snapshot::default()
        };
        let now = Snapshot {
            at: Some(begun + Duration::from_secs(2)),
            processes: (1..=50).map(|n| process(n, 1000 + u64::from(n) * 100)).collect(),
            resident: Some(3 << 20),
            ..Snapshot::default()
        };
        let log = ["12:00\tINFO\tx\thello\x1b[31m\n".to_owned()];
        let picture = picture(&now, &before, &log, 120, 20);
        let lines: Vec<&str> =
            picture.trim_start_matches("\x1b[H").trim_end_matches("\x1b[J").split("\x1b[K").collect();
        assert_eq!(lines.len(), 21, "{picture:?}");
        assert!(lines[0].contains("memory 3.0 MB"), "{picture:?}");
        let first = lines.iter().position(|line| line.contains("PROCESS")).unwrap() + 1;
        assert!(lines[first].contains("0x00032") && lines[first].contains("2500"), "{:?}", lines[first]);
        assert!(lines.iter().any(|line| line.contains("... and 37 more")), "{lines:?}");
        assert!(lines[19].ends_with("hello"), "{:?}", lines[19]);
    }

    #[test]
    fn a_small_terminal_is_enough() {
        for (columns, rows) in [(1, 1), (10, 2), (80, 4)] {
            let picture =
                picture(&Snapshot::default(), &Snapshot::default(), &["x".to_owned()], columns, rows);
            assert!(picture.matches("\x1b[K").count() <= rows);
        }
    }
}
