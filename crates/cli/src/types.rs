//! `wippy types`: the signatures of built-in functions, from their rows.
//!
//! Nothing is run. Invariant: what is printed is what the checker uses.

use std::fmt::Write as _;
use wippy_parser::nearest::nearest;

use wippy::manual::{Group, groups, page};

use crate::app;
use crate::arguments::{Flags, Word};
use crate::check::json_string;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;

/// Prints the list, or what stands under one of its names.
pub(crate) fn run(words: &[Word], flags: &Flags) -> Result<Exit, Exit> {
    let mut groups = groups();
    groups.extend(app::modules());
    let format = flags.last(&table::FORMAT).unwrap_or_default();
    if let Some(word) = words.first() {
        let name = String::from_utf8_lossy(word).into_owned();
        if !groups.iter().any(|group| group.name == name) {
            let near = nearest(&name, groups.iter().map(|group| group.name));
            let hint = near.map(|near| format!(", did you mean \"{near}\"?")).unwrap_or_default();
            output::complain(format!("error: unknown module \"{name}\"{hint}\n").as_bytes())?;
            return Ok(Exit::USAGE);
        }
        groups.retain(|group| group.name == name);
    }
    let text = match (format, words.is_empty()) {
        (b"markdown", _) => page(&groups),
        (b"json", true) => list_json(&groups),
        (b"json", false) => functions_json(&groups),
        (_, true) => list(&groups),
        (_, false) => functions(&groups),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::SUCCESS)
}

fn list(groups: &[Group]) -> String {
    groups.iter().fold(String::new(), |mut out, group| {
        let _ = writeln!(out, "{:<12} {:<12} {}", group.name, group.place.word(), group.summary);
        out
    })
}

fn list_json(groups: &[Group]) -> String {
    let text = |text: &str| json_string(text.as_bytes());
    let items: Vec<String> = groups
        .iter()
        .map(|group| {
            let classes: Vec<String> = group.classes.iter().map(|class| text(class)).collect();
            format!(
                "{{\"name\":{},\"place\":{},\"classes\":[{}],\"summary\":{}}}",
                text(group.name),
                text(group.place.word()),
                classes.join(","),
                text(group.summary)
            )
        })
        .collect();
    format!("[{}]\n", items.join(","))
}

/// The functions of the groups, each under its meaning; the groups have one name.
fn functions(groups: &[Group]) -> String {
    let mut out = String::new();
    for group in groups {
        let blank = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{blank}-- {} ({}): {}", group.name, group.place.word(), group.summary);
        for row in group.rows() {
            if !row.meaning.is_empty() {
                let _ = writeln!(out, "\n-- {}", row.meaning);
            }
            let _ = writeln!(out, "{}: {}", row.name, row.signature);
        }
    }
    out
}

fn functions_json(groups: &[Group]) -> String {
    let text = |text: &str| json_string(text.as_bytes());
    let row = |row: wippy::manual::Row| {
        let (name, ty, meaning) = (text(&row.name), text(row.signature), text(row.meaning));
        format!("{{\"name\":{name},\"type\":{ty},\"meaning\":{meaning}}}")
    };
    let items: Vec<String> = groups.iter().flat_map(Group::rows).map(row).collect();
    let name = groups.first().map(|group| text(group.name)).unwrap_or_default();
    format!("{{\"module\":{name},\"functions\":[{}]}}\n", items.join(","))
}
