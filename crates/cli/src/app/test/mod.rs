//! `wippy test`: the tests of an application; those of files are in `files`.
//!
//! A process that declares itself the test runner is run as a command; otherwise every function with `meta.type: test`
//! is called. Results go to standard output.

mod files;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use wippy_app::entry::Entry;
use wippy_app::problem::SourceFile;
use wippy_app::runtime::engine::Engine;
use wippy_app::runtime::order::{Order, Task};
use wippy_app::runtime::{convert, functions};
use wippy_app::value::Value;

use self::report::{Status, Suite};
use super::{boot, fail, run, text};
use crate::arguments::{Flags, Word};
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// The longest time for one test function.
const WITHIN: Duration = Duration::from_secs(600);
/// The longest time for the services of the application to come up.
const READY: Duration = Duration::from_secs(5);

/// Runs the tests whose IDs contain one of the words.
pub(crate) fn run(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    if words.iter().any(files::is_meant) {
        return files::run(words, flags, settings);
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
        return run::start(application, config, &found, task, run::Screen::Log, flags, settings);
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
        return report::nothing(flags);
    }
    let booted = boot::register(application, config, &found, true, flags, settings)?;
    let task = Task { shutdown_within: booted.shutdown_within, strict: booted.strict, ..Task::default() };
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
    report::finish(&suites, took, flags)
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
    let single = |error: Option<String>| vec![Suite::single(&name, entry.id.as_str(), error, took)];
    match result {
        Err(error) => {
            let text = String::from_utf8_lossy(&error.full_text()).into_owned();
            single(Some(placed(entry, &text)))
        }
        Ok(parcel) => match convert::unpack(&mut parcel.tokens()) {
            Some(Value::Boolean(false)) => single(Some("the test returned false".to_owned())),
            Some(Value::Map(map)) if map.contains_key("suites") => {
                report::read(&map, &name, took, &|text| placed(entry, text))
            }
            _ => single(None),
        },
    }
}

/// An error text with the file in place of the entry.
fn placed(entry: &Entry, text: &str) -> String {
    let file: Option<&Arc<SourceFile>> = entry.origin.inlined("data.source");
    match (text.strip_prefix(entry.id.as_str()), file) {
        (Some(rest), Some(file)) if rest.starts_with(':') => format!("{}{rest}", file.name),
        _ => text.to_owned(),
    }
}
