//! `wippy test`: the tests of an application.
//!
//! A process that declares itself the test runner is run as a command; otherwise every function with `meta.type: test`
//! is called. Results go to standard output.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wippy_app::entry::Entry;
use wippy_app::print;
use wippy_app::problem::SourceFile;
use wippy_app::runtime::engine::{Engine, Order, Task};
use wippy_app::runtime::{convert, functions};
use wippy_app::value::{Map, Value};

use super::{boot, fail, run, text};
use crate::arguments::{Flags, Word};
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;
use crate::surroundings::path_of;

/// The longest time for one test function.
const WITHIN: Duration = Duration::from_secs(600);
/// The longest time for the services of the application to come up.
const READY: Duration = Duration::from_secs(5);

/// One case.
struct Case {
    name: String,
    status: Status,
    error: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Passed,
    Failed,
    Skipped,
}

/// Cases under one heading.
struct Suite {
    name: String,
    cases: Vec<Case>,
    took: Duration,
}

/// Runs the tests whose IDs contain one of the words.
pub(crate) fn run(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    if let Some(file) = words.iter().find(|word| path_of(word).exists()) {
        let file = String::from_utf8_lossy(file).into_owned();
        return fail(&format!("testing files is not supported yet: {file}"));
    }
    let (application, config, found) = boot::load(flags, settings)?;
    let runner = application.entries.iter().find(|entry| {
        &*entry.kind == "process.lua"
            && entry.meta.get("command").and_then(|command| command.get("use_case")).and_then(Value::as_text)
                == Some("test")
    });
    if let Some(runner) = runner {
        let host = match run::terminal(&application.entries, text(flags, &table::HOST)) {
            Ok(host) => host,
            Err(why) => return fail(&why),
        };
        let task =
            Task { terminal: Some((runner.id.clone(), host)), arguments: words.to_vec(), ..Task::default() };
        return run::start(application, config, &found, task, flags, settings);
    }
    let filters: Vec<String> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let mut tests: Vec<Entry> = application
        .entries
        .iter()
        .filter(|entry| &*entry.kind == "function.lua" && entry.meta_text("type") == Some("test"))
        .filter(|entry| {
            filters.is_empty() || filters.iter().any(|filter| entry.id.as_str().contains(&**filter))
        })
        .cloned()
        .collect();
    tests.sort_by_key(|entry| {
        let order = entry.meta.get("order").and_then(Value::as_integer).unwrap_or(0);
        (entry.meta_text("suite").unwrap_or_default().to_owned(), order, entry.id.clone())
    });
    if flags.has(&table::LIST_TESTS) {
        let lines: String = tests.iter().map(|entry| format!("{}\n", entry.id)).collect();
        output::print(lines.as_bytes())?;
        return Ok(Exit::SUCCESS);
    }
    if tests.is_empty() {
        output::print(b"No tests found\n")?;
        return Ok(if flags.has(&table::ALLOW_EMPTY) { Exit::SUCCESS } else { Exit::FAILURE });
    }
    let booted = boot::register(application, config, &found, true, flags, settings)?;
    let task = Task { shutdown_within: booted.shutdown_within, ..Task::default() };
    let engine = match Engine::new(Arc::clone(&booted.app), task) {
        Ok(engine) => engine,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let orders = engine.orders();
    if let Err(error) = super::signals::install(&orders) {
        return fail(&format!("cannot handle signals: {error}"));
    }
    let running = std::thread::spawn(move || engine.run().map_err(|problem| problem.to_string()));
    wait_until_ready(&booted.app);
    let begun = Instant::now();
    let mut suites = Vec::new();
    for entry in &tests {
        suites.extend(one(&booted.app, entry));
        if flags.has(&table::BAIL) && suites.iter().any(|suite: &Suite| suite.count(Status::Failed) > 0) {
            break;
        }
    }
    let took = begun.elapsed();
    let _ = orders.send(Order::Exit(0));
    if let Ok(Err(why)) = running.join() {
        return fail(&why);
    }
    let shown = if flags.has(&table::JSON) { json(&suites, took) } else { report(&suites, took) };
    output::print(shown.as_bytes())?;
    let failed = suites.iter().any(|suite| suite.count(Status::Failed) > 0);
    Ok(if failed { Exit::FAILURE } else { Exit::SUCCESS })
}

/// Tests may need the services; those that do not come up are not waited for.
fn wait_until_ready(app: &wippy_app::runtime::App) {
    let end = Instant::now() + READY;
    let starting = || {
        app.reports()
            .iter()
            .any(|report| report.wanted && matches!(report.state.name(), "Unknown" | "Starting"))
            || (app.reports().is_empty()
                && app
                    .registry
                    .snapshot()
                    .iter()
                    .any(|entry| entry.data.at(&["lifecycle", "auto_start"]).is_some()))
    };
    while starting() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Calls one test function.
fn one(app: &Arc<wippy_app::runtime::App>, entry: &Entry) -> Vec<Suite> {
    let begun = Instant::now();
    let result = functions::call_and_wait(app, &entry.id, wippy_app::runtime::Arguments::new(), WITHIN);
    let took = begun.elapsed();
    let name = entry.meta_text("suite").unwrap_or_else(|| entry.id.as_str()).to_owned();
    let single = |status: Status, error: Option<String>| {
        vec![Suite {
            name: name.clone(),
            cases: vec![Case { name: entry.id.to_string(), status, error }],
            took,
        }]
    };
    match result {
        Err(error) => {
            let text = String::from_utf8_lossy(&error.full_text()).into_owned();
            single(Status::Failed, Some(placed(entry, &text)))
        }
        Ok(parcel) => match convert::unpack(&mut parcel.tokens()) {
            Some(Value::Boolean(false)) => single(Status::Failed, Some("the test returned false".to_owned())),
            Some(Value::Map(map)) if map.contains_key("suites") => read(entry, &map, took),
            _ => single(Status::Passed, None),
        },
    }
}

/// Suites and cases of the result of `run_cases`.
fn read(entry: &Entry, map: &Map, took: Duration) -> Vec<Suite> {
    let list =
        |value: Option<&Value>| value.and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default();
    let field =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_text).unwrap_or_default().to_owned();
    let suites = list(map.get("suites"));
    let count = suites.len().max(1) as u32;
    suites
        .iter()
        .map(|suite| Suite {
            name: field(suite, "name"),
            took: took / count,
            cases: list(suite.get("cases"))
                .iter()
                .map(|case| Case {
                    name: field(case, "name"),
                    status: match &*field(case, "status") {
                        "failed" => Status::Failed,
                        "skipped" => Status::Skipped,
                        _ => Status::Passed,
                    },
                    error: case.get("error").and_then(Value::as_text).map(|text| placed(entry, text)),
                })
                .collect(),
        })
        .collect()
}

/// An error text with the file in place of the entry.
fn placed(entry: &Entry, text: &str) -> String {
    let file: Option<&Arc<SourceFile>> = entry.origin.inlined("data.source");
    match (text.strip_prefix(entry.id.as_str()), file) {
        (Some(rest), Some(file)) if rest.starts_with(':') => format!("{}{rest}", file.name),
        _ => text.to_owned(),
    }
}

impl Suite {
    fn count(&self, status: Status) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }
}

fn total(suites: &[Suite], status: Status) -> usize {
    suites.iter().map(|suite| suite.count(status)).sum()
}

fn report(suites: &[Suite], took: Duration) -> String {
    let mut out = String::from("\n");
    for suite in suites {
        let (passed, skipped) = (suite.count(Status::Passed), suite.count(Status::Skipped));
        let run = suite.cases.len() - skipped;
        let _ = write!(out, "  {} ({})  {passed}/{run}", suite.name, suite.cases.len());
        if skipped > 0 {
            let _ = write!(out, "  {skipped} skipped");
        }
        let _ = writeln!(out, "  {}ms", suite.took.as_millis());
        for case in &suite.cases {
            let (sign, behind) = match case.status {
                Status::Passed => ("o", ""),
                Status::Failed => ("x", ""),
                Status::Skipped => ("-", " (skipped)"),
            };
            let _ = writeln!(out, "    {sign} {}{behind}", case.name);
            for line in case.error.iter().flat_map(|error| error.lines()) {
                let _ = writeln!(out, "        {line}");
            }
        }
        out.push('\n');
    }
    let failed = total(suites, Status::Failed);
    let word = if failed == 0 { "PASSED" } else { "FAILED" };
    let _ = write!(out, "  {word}   {} passed", total(suites, Status::Passed));
    for (count, name) in [(failed, "failed"), (total(suites, Status::Skipped), "skipped")] {
        if count > 0 {
            let _ = write!(out, "   {count} {name}");
        }
    }
    let _ = writeln!(out, "   {}ms", took.as_millis());
    out
}

fn json(suites: &[Suite], took: Duration) -> String {
    let word = |status: Status| match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    };
    let mut root = Value::Map(Map::new());
    let rows = suites.iter().map(|suite| {
        let mut row = Value::Map(Map::new());
        row.set(&["name"], Value::text(&*suite.name));
        let cases = suite.cases.iter().map(|case| {
            let mut one = Value::Map(Map::new());
            one.set(&["name"], Value::text(&*case.name));
            one.set(&["status"], Value::from(word(case.status)));
            if let Some(error) = &case.error {
                one.set(&["error"], Value::text(&**error));
            }
            one
        });
        row.set(&["cases"], Value::List(cases.collect()));
        row
    });
    root.set(&["suites"], Value::List(rows.collect()));
    for status in [Status::Passed, Status::Failed, Status::Skipped] {
        root.set(&[word(status)], Value::Integer(total(suites, status) as i64));
    }
    root.set(&["milliseconds"], Value::Integer(took.as_millis() as i64));
    format!("{}\n", print::json(&root))
}
