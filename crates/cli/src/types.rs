//! `wippy types`: the signatures of built-in libraries and modules, from their rows.
//!
//! Nothing is run. Invariant: what is printed is what the checker uses.

use std::fmt::Write as _;
use wippy_parser::nearest::nearest;

use wippy::signatures::{libraries, methods};
use wippy::stdlib::modules::MODULES;
use wippy::vm::Library;

use crate::arguments::{Flags, Word};
use crate::check::json_string;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;

/// Something that has functions: a library or a module.
struct Group {
    name: String,
    classes: String,
    summary: &'static str,
    libraries: Vec<&'static Library>,
}

/// The libraries of every script, then the modules that `require` finds.
fn groups() -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (library, path) in libraries() {
        let name = match path.strip_suffix('.') {
            Some(name) => name.to_owned(),
            None => "globals".to_owned(),
        };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.libraries.push(library),
            None => groups.push(Group {
                classes: "global".to_owned(),
                summary: "standard library",
                libraries: [library].into_iter().chain(methods(&name)).collect(),
                name,
            }),
        }
    }
    for module in MODULES {
        let taken = groups.iter().any(|group| group.name == module.name);
        groups.push(Group {
            name: if taken { format!("require({:?})", module.name) } else { module.name.to_owned() },
            classes: module.classes.join(","),
            summary: module.summary,
            libraries: module.libraries.to_vec(),
        });
    }
    groups
}

/// Prints the list, or one of its members.
pub(crate) fn run(words: &[Word], flags: &Flags) -> Result<Exit, Exit> {
    let json = flags.last(&table::FORMAT) == Some(b"json");
    let groups = groups();
    let Some(word) = words.first() else {
        output::print(if json { list_json(&groups) } else { list(&groups) }.as_bytes())?;
        return Ok(Exit::SUCCESS);
    };
    let name = String::from_utf8_lossy(word).into_owned();
    let Some(group) = groups.iter().find(|group| group.name == name) else {
        let near = nearest(&name, groups.iter().map(|group| group.name.as_str()));
        let hint = near.map(|near| format!(", did you mean \"{near}\"?")).unwrap_or_default();
        output::complain(format!("error: unknown module \"{name}\"{hint}\n").as_bytes())?;
        return Ok(Exit::USAGE);
    };
    output::print(if json { functions_json(group) } else { functions(group) }.as_bytes())?;
    Ok(Exit::SUCCESS)
}

fn list(groups: &[Group]) -> String {
    let mut out = String::new();
    for group in groups {
        let _ = writeln!(out, "{:<20} {:<24} {}", group.name, group.classes, group.summary);
    }
    out
}

fn list_json(groups: &[Group]) -> String {
    let items: Vec<String> = groups
        .iter()
        .map(|group| {
            let (name, classes) = (json_string(group.name.as_bytes()), json_string(group.classes.as_bytes()));
            format!(
                "{{\"name\":{name},\"class\":{classes},\"summary\":{}}}",
                json_string(group.summary.as_bytes())
            )
        })
        .collect();
    format!("[{}]\n", items.join(","))
}

/// Each function with what stands before its name, and its type.
fn rows(group: &Group) -> Vec<(String, &'static str)> {
    let mut rows = Vec::new();
    for library in &group.libraries {
        for native in library.functions {
            let method = native.signature.starts_with("(self: ");
            let name = match group.name.as_str() {
                "globals" => native.name.to_owned(),
                _ if method => format!("{}:{}", library.name, native.name),
                _ => format!("{}.{}", library.name, native.name),
            };
            rows.push((name, native.signature));
        }
    }
    rows
}

fn functions(group: &Group) -> String {
    rows(group).iter().fold(String::new(), |mut out, (name, ty)| {
        let _ = writeln!(out, "{name}: {ty}");
        out
    })
}

fn functions_json(group: &Group) -> String {
    let items: Vec<String> = rows(group)
        .iter()
        .map(|(name, ty)| {
            format!("{{\"name\":{},\"type\":{}}}", json_string(name.as_bytes()), json_string(ty.as_bytes()))
        })
        .collect();
    format!("{{\"module\":{},\"functions\":[{}]}}\n", json_string(group.name.as_bytes()), items.join(","))
}
