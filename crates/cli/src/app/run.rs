//! `wippy run`: an application, one of its commands, or one process.

use std::collections::BTreeMap;

use wippy_app::entry::Entry;
use wippy_app::value::Value;

use super::source;
use crate::arguments::{Flags, Word};
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// Starts what the words say.
pub(crate) fn run(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    if let [word] = words
        && word == b"list"
        && flags.last(&crate::commands::table::EXEC).is_none()
    {
        let application = source::inspect(flags, settings)?;
        output::print(list(&application.entries).as_bytes())?;
        return Ok(Exit::SUCCESS);
    }
    output::complain(b"'wippy run' of an application is not supported yet\n")?;
    Ok(Exit::FAILURE)
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
