//! Linking: values of requirements written into the entries that ask for them.
//!
//! A module says what it needs (`ns.requirement`), an application says what it gives (`ns.dependency`). Invariant: the
//! nature of a value survives, and two different values for one requirement are an error, never a race.

use std::collections::HashMap;

use crate::entry::Entry;
use crate::id::Id;
use crate::problem::{Code, Problem, Problems};
use crate::value::Value;

/// The kind of a requirement.
pub const REQUIREMENT: &str = "ns.requirement";
/// The kind of a dependency.
pub const DEPENDENCY: &str = "ns.dependency";

/// A parameter that some dependency gives.
struct Parameter {
    component: String,
    name: String,
    value: Value,
    from: Id,
}

/// Gives every requirement its value and writes it into its targets.
pub fn link(entries: &mut [Entry], problems: &mut Problems) {
    let parameters = parameters(entries, problems);
    let positions: HashMap<Id, usize> =
        entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
    let requirements: Vec<Entry> =
        entries.iter().filter(|entry| &*entry.kind == REQUIREMENT).cloned().collect();
    for requirement in &requirements {
        let Some(value) = value(requirement, &parameters, problems) else { continue };
        let targets = requirement.data.get("targets").and_then(Value::as_list).unwrap_or_default();
        if targets.is_empty() {
            let place = requirement.origin.key_place("data.targets");
            let message = format!("requirement {} has no targets", requirement.id);
            problems.push(Problem::error(Code::Requirement, message).entry(&requirement.id).at(place));
        }
        for (number, target) in targets.iter().enumerate() {
            let place = || requirement.origin.value_place(&format!("data.targets.{number}"));
            let id = target.get("entry").and_then(|entry| Id::from_value(entry, requirement.id.namespace()));
            let path = target.get("path").and_then(Value::as_text).unwrap_or_default();
            let (path, append) = match path.trim().strip_suffix("+=") {
                Some(path) => (path.trim_end(), true),
                None => (path.trim(), false),
            };
            let path = path.strip_prefix('.').unwrap_or(path);
            let Some(id) = id.filter(|_| !path.is_empty() && path.split('.').all(|key| !key.is_empty()))
            else {
                let message = format!("a target of requirement {} needs an entry and a path", requirement.id);
                problems.push(Problem::error(Code::Requirement, message).entry(&requirement.id).at(place()));
                continue;
            };
            match positions.get(&id) {
                Some(&at) => write(&mut entries[at], path, append, value.clone()),
                None => problems.push(
                    Problem::warning(
                        Code::MissingReference,
                        format!("requirement {}: there is no entry {id}", requirement.id),
                    )
                    .entry(&requirement.id)
                    .at(place()),
                ),
            }
        }
    }
}

fn write(entry: &mut Entry, path: &str, append: bool, value: Value) {
    if !append {
        return entry.write(path, value);
    }
    let mut list = match entry.read(path) {
        Some(Value::List(items)) => items.clone(),
        None | Some(Value::Null) => Vec::new(),
        Some(one) => vec![one.clone()],
    };
    let more = match value {
        Value::List(items) => items,
        one => vec![one],
    };
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
    entry.write(path, Value::List(list));
}

fn parameters(entries: &[Entry], problems: &mut Problems) -> Vec<Parameter> {
    let mut found = Vec::new();
    for entry in entries.iter().filter(|entry| &*entry.kind == DEPENDENCY) {
        let component = entry.text("component").unwrap_or_default().to_owned();
        let list = entry.data.get("parameters").and_then(Value::as_list).unwrap_or_default();
        for (number, item) in list.iter().enumerate() {
            match (item.get("name").and_then(Value::as_text), item.get("value")) {
                (Some(name), Some(value)) if !name.is_empty() => found.push(Parameter {
                    component: component.clone(),
                    name: name.to_owned(),
                    value: value.clone(),
                    from: entry.id.clone(),
                }),
                _ => {
                    let place = entry.origin.value_place(&format!("data.parameters.{number}"));
                    let message = format!("a parameter of {} needs a name and a value", entry.id);
                    problems.push(Problem::error(Code::Requirement, message).entry(&entry.id).at(place));
                }
            }
        }
    }
    found
}

/// The value of a requirement, if it has one.
fn value(requirement: &Entry, parameters: &[Parameter], problems: &mut Problems) -> Option<Value> {
    let mut given: Option<&Parameter> = None;
    for parameter in parameters.iter().filter(|parameter| matches(parameter, requirement)) {
        match given {
            Some(first) if !first.value.same(&parameter.value) => {
                let message = format!(
                    "requirement {} gets two values: {} from {} and {} from {}",
                    requirement.id, first.value, first.from, parameter.value, parameter.from
                );
                problems.push(
                    Problem::error(Code::Requirement, message)
                        .entry(&requirement.id)
                        .at(requirement.origin.place()),
                );
                return None;
            }
            Some(_) => {}
            None => given = Some(parameter),
        }
    }
    let value = given.map(|parameter| parameter.value.clone());
    let value =
        value.or_else(|| requirement.data.get("default").filter(|value| **value != Value::Null).cloned());
    if value.is_none() {
        let message = format!(
            "requirement {} has no value: it has no default and no dependency gives it one",
            requirement.id
        );
        let problem = Problem::warning(Code::Requirement, message)
            .entry(&requirement.id)
            .at(requirement.origin.place());
        problems.push(problem.help("add a parameter of this name to the ns.dependency entry, or a default"));
    }
    value
}

/// By full ID, or by bare name within the component's namespace or its entries.
fn matches(parameter: &Parameter, requirement: &Entry) -> bool {
    if parameter.name.contains(':') {
        return parameter.name == requirement.id.as_str();
    }
    parameter.name == requirement.id.name()
        && !parameter.component.is_empty()
        && (requirement.id.namespace() == parameter.component.replace('/', ".")
            || requirement.meta_text("module") == Some(&parameter.component))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;
    use crate::value::Map;

    fn entry(id: &str, kind: &str, data: &str) -> Entry {
        let data = yaml::parse(data).unwrap().map_or(Value::Map(Map::new()), |node| node.value());
        Entry::new(Id::parse(id).unwrap(), kind, Map::new(), data)
    }

    fn run(mut entries: Vec<Entry>) -> (Vec<Entry>, Vec<String>) {
        let mut problems = Problems::new();
        link(&mut entries, &mut problems);
        (entries, problems.iter().map(|p| format!("{:?} {p}", p.severity)).collect())
    }

    #[test]
    fn parameters_beat_defaults_and_keep_their_nature() {
        let (entries, problems) = run(vec![
            entry(
                "org.mod:port",
                REQUIREMENT,
                "default: 1\ntargets: [{entry: server, path: .data.port}, {entry: server, path: meta.ports +=}]",
            ),
            entry("org.mod:server", "x", "a: 1"),
            entry("app:dep", DEPENDENCY, "component: org/mod\nparameters: [{name: port, value: 8080}]"),
        ]);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(entries[1].field("data.port"), Some(&Value::Integer(8080)));
        assert_eq!(entries[1].field("meta.ports"), Some(&Value::List(vec![Value::Integer(8080)])));
    }

    #[test]
    fn an_empty_default_counts_and_none_warns() {
        let (entries, problems) = run(vec![
            entry("a:r", REQUIREMENT, "default: ''\ntargets: [{entry: s, path: x}]"),
            entry("a:q", REQUIREMENT, "targets: [{entry: s, path: y}]"),
            entry("a:s", "x", ""),
        ]);
        assert_eq!(entries[2].field("data.x"), Some(&Value::from("")));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("Warning requirement a:q has no value"), "{problems:?}");
    }

    #[test]
    fn faults() {
        let (_, problems) = run(vec![
            entry("a:r", REQUIREMENT, "default: 1"),
            entry("a:q", REQUIREMENT, "targets: [{entry: nope, path: y}]\ndefault: 1"),
            entry("a:c", REQUIREMENT, "targets: [{entry: nope, path: y}]"),
            entry("b:1", DEPENDENCY, "component: x/y\nparameters: [{name: 'a:c', value: 1}]"),
            entry("b:2", DEPENDENCY, "component: x/z\nparameters: [{name: 'a:c', value: 2}, {name: ''}]"),
        ]);
        let all = problems.join("\n");
        for part in [
            "has no targets",
            "there is no entry a:nope",
            "gets two values: 1 from b:1 and 2 from b:2",
            "needs a name and a value",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
    }
}
