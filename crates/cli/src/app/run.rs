//! `wippy run`: an application, one of its commands, or one process.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use wippy_app::entry::Entry;
use wippy_app::id::Id;
use wippy_app::problem::{Problems, Severity};
use wippy_app::runtime::engine::Engine;
use wippy_app::runtime::order::Task;
use wippy_app::value::Value;
use wippy_parser::nearest::nearest;

use super::top::Top;
use super::{boot, fail, problems, signals, source, text};
use crate::arguments::{Flags, Word};
use crate::census;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;
use crate::version;

/// Starts what the words say.
pub(crate) fn run(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let exec = text(flags, &table::EXEC);
    if let [word] = words
        && word == b"list"
        && exec.is_none()
    {
        let application = source::inspect(flags, settings)?;
        output::print(list(&application.entries).as_bytes())?;
        return Ok(Exit::SUCCESS);
    }
    if let Some(pack) = words.first().filter(|word| exec.is_none() && word.ends_with(b".wapp")) {
        return fail(&format!("running a pack is not supported yet: {}", String::from_utf8_lossy(pack)));
    }
    let (application, config, found) = boot::load(flags, settings)?;
    let chosen = match (exec, words.first()) {
        (Some(id), _) => match process(&application.entries, &id) {
            Ok(id) => Some((id, words.to_vec())),
            Err(why) => return fail(&why),
        },
        (None, Some(name)) => match command(&application.entries, &String::from_utf8_lossy(name)) {
            Ok(id) => Some((id, words[1..].to_vec())),
            Err(why) => return fail(&why),
        },
        (None, None) => None,
    };
    let mut task = Task::default();
    if let Some((process, arguments)) = chosen {
        match terminal(&application.entries, text(flags, &table::HOST)) {
            Ok(host) => task.terminal = Some((process, host)),
            Err(why) => return fail(&why),
        }
        task.arguments = arguments;
    }
    start(application, config, &found, task, Screen::Log, flags, settings)
}

/// What the terminal shows while an application runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// Log lines, as they come.
    Log,
    /// A table of what runs.
    Table,
}

/// Boots and runs an application to its end.
///
/// # Errors
/// The exit code to end with.
pub(crate) fn start(
    application: wippy_app::load::application::Application,
    config: wippy_app::load::config::Config,
    found: &Problems,
    mut task: Task,
    screen: Screen,
    flags: &Flags,
    settings: &Settings,
) -> Result<Exit, Exit> {
    let quiet = task.terminal.is_some();
    let hide = task.terminal.as_ref().is_some_and(|(_, host)| {
        let entry = application.entries.iter().find(|entry| entry.id == *host);
        entry.and_then(|entry| entry.data.get("hide_logs")).and_then(Value::as_boolean).unwrap_or(false)
    });
    if screen == Screen::Log && !quiet && !flags.has(&table::SILENT) && std::io::stderr().is_terminal() {
        output::complain(format!("wippy {}\n", version::NUMBER).as_bytes())?;
    }
    let booted = boot::register(application, config, found, quiet, flags, settings)?;
    if hide {
        booted.app.log.hide(true);
    }
    task.shutdown_within = booted.shutdown_within;
    task.strict = booted.strict;
    let engine = match Engine::new(std::sync::Arc::clone(&booted.app), task) {
        Ok(engine) => engine,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    if let Err(error) = signals::install(&engine.orders()) {
        return fail(&format!("cannot handle signals: {error}"));
    }
    if let Err(error) = census::show_on_signal() {
        return fail(&format!("cannot handle signals: {error}"));
    }
    census::watch(booted.app.starter().cloned());
    let top = (screen == Screen::Table).then(|| Top::begin(&booted.app));
    let ended = engine.run();
    if let Some(top) = top {
        top.end();
    }
    match ended {
        Ok(outcome) => {
            if let Some(out) = outcome.out {
                output::print(format!("{out}\n").as_bytes())?;
            }
            if let Some(error) = outcome.error {
                output::complain(&[b"error: ", error.as_slice(), b"\n"].concat())?;
            }
            Ok(Exit(outcome.code))
        }
        Err(problem) => {
            booted.app.log.flush();
            let mut list = Problems::new();
            list.push(*problem);
            problems::print(&list, Severity::Warning, settings)?;
            Ok(Exit::FAILURE)
        }
    }
}

fn processes(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| &*entry.kind == "process.lua")
}

/// The process that an ID or a bare name means.
fn process(entries: &[Entry], name: &str) -> Result<Id, String> {
    let found: Vec<&Entry> = match name.contains(':') {
        true => processes(entries).filter(|entry| entry.id.as_str() == name).collect(),
        false => processes(entries).filter(|entry| entry.id.name() == name).collect(),
    };
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => {
            let other = entries.iter().find(|entry| entry.id.as_str() == name);
            if let Some(other) = other {
                return Err(format!("{name} is a {}, not a process.lua", other.kind));
            }
            let near = nearest(
                name,
                processes(entries)
                    .map(|entry| if name.contains(':') { entry.id.as_str() } else { entry.id.name() }),
            );
            let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            Err(format!("process \"{name}\" not found{hint}"))
        }
        many => {
            let ids: Vec<&str> = many.iter().map(|entry| entry.id.as_str()).collect();
            Err(format!("process name \"{name}\" is ambiguous ({}), use the full ID", ids.join(", ")))
        }
    }
}

/// The process whose command has this name.
fn command(entries: &[Entry], name: &str) -> Result<Id, String> {
    let named = |entry: &&Entry| {
        entry.meta.get("command").and_then(|command| command.get("name")).and_then(Value::as_text)
            == Some(name)
    };
    let found: Vec<&Entry> = processes(entries).filter(named).collect();
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err(format!("command \"{name}\" not found. Use 'wippy run list' to see available commands")),
        many => {
            let ids: Vec<&str> = many.iter().map(|entry| entry.id.as_str()).collect();
            Err(format!("command \"{name}\" is declared by {}", ids.join(" and ")))
        }
    }
}

/// The terminal host.
pub(crate) fn terminal(entries: &[Entry], named: Option<String>) -> Result<Id, String> {
    let hosts: Vec<&Entry> = entries.iter().filter(|entry| &*entry.kind == "terminal.host").collect();
    if let Some(name) = named {
        let found = hosts.iter().find(|entry| entry.id.as_str() == name || entry.id.name() == name);
        return found
            .map(|entry| entry.id.clone())
            .ok_or_else(|| format!("terminal host \"{name}\" not found in registry"));
    }
    match hosts.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err("no terminal.host found in registry".to_owned()),
        many => {
            let ids: Vec<&str> = many.iter().map(|entry| entry.id.as_str()).collect();
            Err(format!("multiple terminal hosts found ({}), use --host to specify", ids.join(", ")))
        }
    }
}

/// Name, text and ID of an application's commands.
fn list(entries: &[Entry]) -> String {
    let mut commands: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| &*entry.kind == "process.lua") {
        let field = |key: &str| entry.meta.get("command")?.get(key).and_then(Value::as_text);
        if let Some(name) = field("name") {
            commands.insert(name, (field("short").unwrap_or_default(), entry.id.as_str()));
        }
    }
    if commands.is_empty() {
        return "No commands found.\n\n\
                A process becomes a command through its metadata:\n\n\
                \x20 meta:\n\x20   command:\n\x20     name: greet\n\x20     short: Greet the user\n"
            .to_owned();
    }
    let width = |pick: fn(&(&str, &str, &str)) -> usize| {
        commands.iter().map(|(name, (short, id))| pick(&(name, short, id))).max().unwrap_or(0)
    };
    let (first, second) = (width(|row| row.0.chars().count()), width(|row| row.1.chars().count()));
    let mut out = String::from("Available commands:\n\n");
    for (name, (short, id)) in &commands {
        out.push_str(&format!("  {name:first$}    {short:second$}    ({id})\n"));
    }
    out.push_str("\nRun with: wippy run <command>\n");
    out
}
