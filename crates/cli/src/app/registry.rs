//! `wippy registry list` and `registry show`: the linked entries, nothing started.

use wippy_app::entry::Entry;
use wippy_app::pattern::glob;
use wippy_app::print;
use wippy_app::registry::Filter;
use wippy_app::value::{Map, Value};

use super::{fail, source, text};
use crate::arguments::{Flags, Word};
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// Widest ID and kind in the table.
const COLUMNS: (usize, usize) = (50, 30);

/// Prints the entries that match.
pub(crate) fn list(flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let application = source::inspect(flags, settings)?;
    let mut conditions = Filter::default();
    for condition in flags.all(&table::META) {
        let condition = String::from_utf8_lossy(condition);
        let Some((at, sign)) =
            condition.char_indices().find(|(_, c)| matches!(c, '=' | '~' | '*' | '^' | '$'))
        else {
            output::complain(
                format!("error: \"{condition}\" is no condition (f=v, f~re, f*part, f^start, f$end)\n")
                    .as_bytes(),
            )?;
            return Ok(Exit::USAGE);
        };
        let (field, value) = (&condition[..at], &condition[at + 1..]);
        let mut ignored = Vec::new();
        conditions.operator(sign.encode_utf8(&mut [0; 4]), field, value, &mut ignored);
        if !ignored.is_empty() {
            output::complain(format!("error: \"{value}\" is no regular expression\n").as_bytes())?;
            return Ok(Exit::USAGE);
        }
    }
    let matches = |flag, found: &str| text(flags, flag).is_none_or(|pattern| wide_glob(&pattern, found));
    let entries: Vec<&Entry> = application
        .entries
        .iter()
        .filter(|entry| {
            matches(&table::KIND, &entry.kind)
                && matches(&table::REGISTRY_NS, entry.id.namespace())
                && matches(&table::NAME, entry.id.name())
                && conditions.matches(entry)
        })
        .collect();
    let list = || Value::List(entries.iter().map(|entry| head(entry)).collect());
    let shown = if flags.has(&table::JSON) {
        format!("{}\n", print::json_lines(&list()))
    } else if flags.has(&table::YAML) {
        print::yaml(&list())
    } else {
        rows(&entries)
    };
    output::print(shown.as_bytes())?;
    Ok(Exit::SUCCESS)
}

/// A glob whose `.*` at the end also matches nothing: `function.lua.*` finds `function.lua`.
fn wide_glob(pattern: &str, found: &str) -> bool {
    glob(pattern, found) || pattern.strip_suffix(".*").is_some_and(|pattern| glob(pattern, found))
}

fn head(entry: &Entry) -> Value {
    let mut map = Map::new();
    map.insert("id".into(), Value::Text(entry.id.text()));
    map.insert("kind".into(), Value::Text(entry.kind.clone()));
    map.insert("meta".into(), Value::Map(entry.meta.clone()));
    Value::Map(map)
}

fn rows(entries: &[&Entry]) -> String {
    if entries.is_empty() {
        return "No entries found\n".to_owned();
    }
    let cut = |text: &str, most: usize| match text.chars().count() {
        count if count <= most => text.to_owned(),
        _ => text.chars().take(most - 3).chain("...".chars()).collect(),
    };
    let cells: Vec<(String, String)> = entries
        .iter()
        .map(|entry| (cut(entry.id.as_str(), COLUMNS.0), cut(&entry.kind, COLUMNS.1)))
        .collect();
    let width = |pick: fn(&(String, String)) -> &String, head: &str| {
        cells.iter().map(|cell| pick(cell).chars().count()).max().unwrap_or(0).max(head.len())
    };
    let (first, second) = (width(|cell| &cell.0, "ID"), width(|cell| &cell.1, "KIND"));
    let mut out = format!("{:first$}  KIND\n{}\n", "ID", "-".repeat(first + 2 + second));
    for (id, kind) in &cells {
        out.push_str(&format!("{id:first$}  {kind}\n"));
    }
    let noun = if entries.len() == 1 { "entry" } else { "entries" };
    out.push_str(&format!("\nTotal: {} {noun}\n", entries.len()));
    out
}

/// Prints one entry.
pub(crate) fn show(words: &[Word], flags: &Flags, settings: &Settings) -> Result<Exit, Exit> {
    let application = source::inspect(flags, settings)?;
    let name = String::from_utf8_lossy(&words[0]).into_owned();
    let matching = |entry: &&Entry| match name.contains(':') {
        true => entry.id.as_str() == name,
        false => entry.id.name() == name,
    };
    let mut found = application.entries.iter().filter(matching);
    let entry = match (found.next(), found.next()) {
        (Some(entry), None) => entry,
        (None, _) => return fail(&format!("entry not found: {name}")),
        (Some(_), Some(_)) => {
            return fail(&format!("ambiguous entry name \"{name}\", use full ID (namespace:name)"));
        }
    };
    let mut shown = match text(flags, &table::FIELD) {
        Some(field) => {
            let Some(value) = entry.data.at(&field.split('.').collect::<Vec<_>>()) else {
                return fail(&format!("field \"{field}\" not found in entry data"));
            };
            match (value, flags.has(&table::JSON)) {
                (value, true) => format!("{}\n", print::json_lines(value)),
                (Value::Text(text), _) => format!("{text}\n"),
                (value, _) => print::yaml(value),
            }
        }
        None => {
            let mut whole = head(entry);
            whole.set(&["data"], entry.data.clone());
            if flags.has(&table::JSON) {
                format!("{}\n", print::json_lines(&whole))
            } else if flags.has(&table::YAML) {
                print::yaml(&whole)
            } else {
                plain(entry)
            }
        }
    };
    if flags.has(&table::RAW) {
        shown.truncate(shown.strip_suffix('\n').map_or(shown.len(), str::len));
    }
    output::print(shown.as_bytes())?;
    Ok(Exit::SUCCESS)
}

fn plain(entry: &Entry) -> String {
    let mut out = format!("ID: {}\nKind: {}\n", entry.id, entry.kind);
    let mut block = |title: &str, value: &Value| {
        out.push_str(title);
        out.push('\n');
        for line in print::yaml(value).lines() {
            out.push_str(&format!("  {line}\n"));
        }
    };
    if !entry.meta.is_empty() {
        block("Metadata:", &Value::Map(entry.meta.clone()));
    }
    block("Data:", &entry.data);
    out
}
