//! Entries checked against each other, before anything runs.
//!
//! Pure. Used by a boot, by every change of the registry and by `lint`, so that all three say the same. Compiling
//! programs is not done here. Invariant: `Missing` problems may vanish when more entries come; the others may not.

use std::sync::Arc;

use crate::entry::Entry;
use crate::http;
use crate::id::Id;
use crate::imports;
use crate::kinds::check::{Depth, check};
use crate::kinds::{Kind, Role, Support};
use crate::problem::{Code, Problem, Problems};
use crate::value::Value;
use wippy_parser::nearest::nearest;

/// What was found about one entry.
#[derive(Debug, Default)]
pub struct Findings {
    /// The kind, if it is one of this release.
    pub kind: Option<&'static Kind>,
    /// Faults of the entry itself, and warnings.
    pub problems: Problems,
    /// References to entries that are not there.
    pub missing: Vec<Problem>,
}

/// References a kind cannot do without: path, and the kinds it may name.
const NEEDED: &[(&str, &str, &[&str])] = &[
    ("process.service", "process", &["process.lua"]),
    ("process.service", "host", &["process.host", "terminal.host"]),
    ("http.endpoint", "func", &["function.lua"]),
    ("http.endpoint", "meta.router", &["http.router"]),
    ("http.router", "meta.server", &["http.service"]),
    ("env.variable", "storage", STORAGES),
    ("env.storage.router", "storages", STORAGES),
];
const STORAGES: &[&str] =
    &["env.storage.file", "env.storage.memory", "env.storage.os", "env.storage.router", "env.storage.static"];

/// Checks one entry; `find` gives the kind of another.
pub fn entry(entry: &Entry, depth: Depth, find: &dyn Fn(&Id) -> Option<Arc<str>>) -> Findings {
    let mut findings = Findings::default();
    findings.kind = check(entry, depth, &mut findings.problems);
    let Some(kind) = findings.kind else { return findings };
    if imports::is_program(entry) {
        let (wrong, missing) = imports::check(entry, find);
        wrong.into_iter().for_each(|problem| findings.problems.push(problem));
        findings.missing = missing;
    }
    for (_, key, kinds) in NEEDED.iter().filter(|(kind, _, _)| *kind == &*entry.kind) {
        needed(entry, key, kinds, find, &mut findings);
    }
    http::check(entry, &mut findings.problems);
    for warning in warnings(entry, kind) {
        findings.problems.push(warning);
    }
    findings
}

fn needed(
    entry: &Entry,
    key: &str,
    kinds: &[&str],
    find: &dyn Fn(&Id) -> Option<Arc<str>>,
    findings: &mut Findings,
) {
    let (value, path) = match key.strip_prefix("meta.") {
        Some(name) => (entry.meta.get(name), key.to_owned()),
        None => (entry.data.get(key), format!("data.{key}")),
    };
    let items = match value {
        Some(Value::List(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for item in items.iter().filter(|item| !item.as_text().is_some_and(|text| text.contains("${"))) {
        let Some(id) = Id::from_value(item, entry.id.namespace()) else { continue };
        let place = entry.origin.value_place(&path);
        match find(&id) {
            None => findings.missing.push(
                Problem::error(
                    Code::MissingReference,
                    format!("{key} of {}: there is no entry {id}", entry.id),
                )
                .entry(&entry.id)
                .at(place),
            ),
            Some(kind) if !kinds.contains(&&*kind) => findings.problems.push(
                Problem::error(
                    Code::WrongValue,
                    format!("{key} of {}: {id} is a {kind}, expected {}", entry.id, kinds.join(" or ")),
                )
                .entry(&entry.id)
                .at(place),
            ),
            Some(_) => {}
        }
    }
}

fn warnings(entry: &Entry, kind: &Kind) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut warn = |code, message: String, path: &str| {
        found.push(Problem::warning(code, message).entry(&entry.id).at(entry.origin.key_place(path)));
    };
    if kind.support == Support::Stored {
        warn(Code::NoEffect, format!("{} {} has no effect in this release", entry.kind, entry.id), "kind");
    }
    if kind.role == Role::Process && entry.data.get("lifecycle").is_some() {
        let message =
            format!("lifecycle of {} has no effect; a process.service entry supervises a process", entry.id);
        warn(Code::NoEffect, message, "data.lifecycle");
    }
    if kind.role == Role::Variable && entry.data.get("read_only").is_some() {
        warn(Code::Deprecated, format!("read_only of {}: the key is readonly", entry.id), "data.read_only");
    }
    found
}

/// Checks all entries together, with suggestions for references to what is not there.
pub fn all<'a>(entries: impl Iterator<Item = &'a Entry> + Clone, depth: Depth) -> Problems {
    let kinds: std::collections::BTreeMap<&Id, &Arc<str>> =
        entries.clone().map(|entry| (&entry.id, &entry.kind)).collect();
    let find = |id: &Id| kinds.get(id).map(|kind| Arc::clone(kind));
    let mut problems = Problems::new();
    let mut names: std::collections::BTreeMap<String, &Id> = std::collections::BTreeMap::new();
    for one in entries.clone() {
        let findings = entry(one, depth, &find);
        problems.append(findings.problems);
        for problem in findings.missing {
            problems.push(suggest(problem, kinds.keys().copied()));
        }
        if let Some(name) = one.text("variable").filter(|_| &*one.kind == "env.variable") {
            if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                let message =
                    format!("variable of {} must be letters, digits and underscores, not \"{name}\"", one.id);
                problems.push(
                    Problem::error(Code::WrongValue, message)
                        .entry(&one.id)
                        .at(one.origin.value_place("data.variable")),
                );
            }
            if let Some(first) = names.insert(name.to_owned(), &one.id) {
                let message = format!("{first} and {} are both named {name}", one.id);
                problems.push(
                    Problem::error(Code::WrongValue, message)
                        .entry(&one.id)
                        .at(one.origin.value_place("data.variable")),
                );
            }
        }
        if depth == Depth::Lint {
            problems.append(requirements(one, &find));
        }
    }
    if let Some(circle) = imports::circle(entries.clone()) {
        problems.push(circle_problem("entries import each other in a circle", &circle, entries));
    }
    problems
}

/// References at the listed paths that lead nowhere; only `lint` minds those that nothing depends on.
fn requirements(one: &Entry, find: &dyn Fn(&Id) -> Option<Arc<str>>) -> Problems {
    let mut problems = Problems::new();
    for key in ["requires", "depends_on"] {
        let Some(list) = one.data.at(&["lifecycle", key]).and_then(Value::as_list) else { continue };
        for (at, item) in list.iter().enumerate() {
            if let Some(id) = Id::from_value(item, one.id.namespace()).filter(|id| find(id).is_none()) {
                let place = one.origin.value_place(&format!("data.lifecycle.{key}.{at}"));
                let message = format!("{} requires {id}, which does not exist", one.id);
                let optional =
                    one.data.at(&["lifecycle", "startup"]).and_then(Value::as_text) == Some("optional");
                let problem = if optional {
                    Problem::warning(Code::MissingReference, message)
                } else {
                    Problem::error(Code::MissingReference, message)
                };
                problems.push(problem.entry(&one.id).at(place));
            }
        }
    }
    problems
}

/// A circle of entries, with the first one's place.
pub fn circle_problem<'a>(
    what: &str,
    circle: &[Id],
    mut entries: impl Iterator<Item = &'a Entry>,
) -> Problem {
    let problem = Problem::error(Code::Cycle, format!("{what}: {}", imports::chain(circle)));
    let first = circle.first().and_then(|id| entries.find(|entry| entry.id == *id));
    match first {
        Some(entry) => problem.entry(&entry.id).at(entry.origin.place()),
        None => problem,
    }
}

fn suggest<'a>(problem: Problem, ids: impl Iterator<Item = &'a Id>) -> Problem {
    let wanted = problem.message.split([' ', ',']).filter_map(Id::parse).next_back();
    match wanted {
        Some(id) => {
            let near = nearest(id.as_str(), ids.map(Id::as_str)).map(str::to_owned);
            problem.suggest(near.as_deref())
        }
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;
    use crate::value::Map;

    fn check_all(list: &[(&str, &str, &str)]) -> Vec<String> {
        let entries: Vec<Entry> = list
            .iter()
            .map(|(id, kind, data)| {
                let data = yaml::parse(data).unwrap().map_or(Value::Map(Map::new()), |node| node.value());
                Entry::new(Id::parse(id).unwrap(), kind, Map::new(), data)
            })
            .collect();
        all(entries.iter(), Depth::Boot).iter().map(|p| format!("{:?} {p}", p.severity)).collect()
    }

    #[test]
    fn references_that_a_kind_cannot_do_without() {
        let found = check_all(&[
            ("app:s", "process.service", "process: wrker\nhost: worker"),
            ("app:worker", "process.lua", "source: x\nmethod: main"),
            ("app:v", "env.variable", "storage: nope\nvariable: A-B"),
        ]);
        let all = found.join("\n");
        for part in [
            "there is no entry app:wrker (did you mean \"app:worker\"?)",
            "app:worker is a process.lua, expected process.host",
            "no entry app:nope",
            "letters, digits",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
    }

    #[test]
    fn things_without_effect_warn() {
        let found = check_all(&[
            ("app:p", "process.lua", "source: x\nlifecycle: {auto_start: true}"),
            ("app:x", "security.policy.expr", "policy: {effect: allow}"),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|line| line.starts_with("Warning")), "{found:?}");
    }
}
