//! What the program of an entry may reach: its `modules` and `imports`.
//!
//! Pure look-up; resolving at run time follows exactly this. Invariant: a name that is in neither list is not reachable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::entry::Entry;
use crate::id::Id;
use crate::modules;
use crate::problem::{Code, Problem};
use crate::registry::order::Graph;
use crate::value::Value;
use wippy_parser::nearest::nearest;

/// The library that an application need not bring along: the documented test module.
pub const TEST_LIBRARY: &str = "wippy.test:test";

/// Kinds whose `source` is a program.
pub const PROGRAMS: &[&str] = &["function.lua", "library.lua", "process.lua"];

/// What a name of an entry's program stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A built-in module.
    Module(Arc<str>),
    /// Another entry.
    Entry(Id),
}

/// Names that the program of an entry may require.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// By name, imports before modules.
    pub targets: BTreeMap<Arc<str>, Target>,
}

/// Whether an entry holds a program.
pub fn is_program(entry: &Entry) -> bool {
    PROGRAMS.contains(&&*entry.kind)
}

impl Names {
    /// Those of an entry.
    pub fn of(entry: &Entry) -> Names {
        let mut targets = BTreeMap::new();
        for module in texts(entry.data.get("modules")) {
            targets.insert(Arc::clone(module), Target::Module(Arc::clone(module)));
        }
        for (alias, target) in entry.data.get("imports").and_then(Value::as_map).into_iter().flatten() {
            if let Some(target) = import(target, entry.id.namespace()) {
                targets.insert(Arc::clone(alias), target);
            }
        }
        Names { targets }
    }

    /// The entries it imports.
    pub fn entries(&self) -> impl Iterator<Item = (&Arc<str>, &Id)> {
        self.targets.iter().filter_map(|(alias, target)| match target {
            Target::Entry(id) => Some((alias, id)),
            Target::Module(_) => None,
        })
    }
}

fn texts(value: Option<&Value>) -> Vec<&Arc<str>> {
    match value {
        Some(Value::List(items)) => items.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn one(value: &Value) -> Option<&Arc<str>> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// An ID without a namespace means the built-in module of that name.
fn import(value: &Value, namespace: &str) -> Option<Target> {
    match value {
        Value::Text(text) => match Id::parse(text) {
            Some(id) => Some(Target::Entry(id)),
            None => Some(Target::Module(text.strip_prefix(':').unwrap_or(text).into())),
        },
        other => Id::from_value(other, namespace).map(Target::Entry),
    }
}

/// What is wrong with the names of an entry. `found` answers which entries exist; `true` second: it may still come.
pub fn check(entry: &Entry, find: &dyn Fn(&Id) -> Option<Arc<str>>) -> (Vec<Problem>, Vec<Problem>) {
    let (mut wrong, mut missing) = (Vec::new(), Vec::new());
    let list = entry.data.get("modules");
    for (at, name) in texts(list).into_iter().enumerate() {
        if modules::exists(name) {
            continue;
        }
        let path = if matches!(list, Some(Value::List(_))) {
            format!("data.modules.{at}")
        } else {
            "data.modules".to_owned()
        };
        let problem = Problem::error(
            Code::UnknownModule,
            format!("unknown module \"{name}\" in modules of {}", entry.id),
        )
        .entry(&entry.id)
        .at(entry.origin.value_place(&path));
        wrong.push(if name.contains(':') {
            problem.help("modules lists built-in modules; entries belong into imports")
        } else {
            problem.suggest(nearest(name, modules::names()))
        });
    }
    for (alias, target) in Names::of(entry).targets {
        let path = format!("data.imports.{alias}");
        let problem = |message: String, code| {
            Problem::error(code, message).entry(&entry.id).at(entry.origin.value_place(&path))
        };
        match target {
            Target::Module(name)
                if modules::exists(&name) || entry.data.at(&["imports", &alias]).is_none() => {}
            Target::Module(name) => wrong.push(
                problem(format!("unknown module \"{name}\" in imports of {}", entry.id), Code::UnknownModule)
                    .suggest(nearest(&name, modules::names()))
                    .note("an import without a namespace means a built-in module"),
            ),
            Target::Entry(id) if id.as_str() == TEST_LIBRARY && find(&id).is_none() => {}
            Target::Entry(id) => match find(&id) {
                None => missing.push(problem(
                    format!("{} imports {id}, which does not exist", entry.id),
                    Code::MissingReference,
                )),
                Some(kind) if !PROGRAMS.contains(&&*kind) => wrong.push(problem(
                    format!("{} imports {id}, which is a {kind} and has no program", entry.id),
                    Code::MissingReference,
                )),
                Some(_) => {}
            },
        }
    }
    (wrong, missing)
}

/// Entries that import each other in a circle, smallest first.
pub fn circle<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<Vec<Id>> {
    let mut graph = Graph::default();
    for entry in entries.filter(|entry| is_program(entry)) {
        let needs: BTreeSet<Id> = Names::of(entry).entries().map(|(_, id)| id.clone()).collect();
        if !needs.is_empty() {
            graph.add(entry.id.clone(), needs);
        }
    }
    graph.circle()
}

/// A circle as text: `a:x -> a:y -> a:x`.
pub fn chain(circle: &[Id]) -> String {
    let ids: Vec<&str> = circle.iter().chain(circle.first()).map(Id::as_str).collect();
    ids.join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml;
    use crate::value::Map;

    fn entry(id: &str, data: &str) -> Entry {
        Entry::new(
            Id::parse(id).unwrap(),
            "library.lua",
            Map::new(),
            yaml::parse(data).unwrap().unwrap().value(),
        )
    }

    #[test]
    fn names_come_from_both_lists() {
        let names = Names::of(&entry(
            "app:x",
            "modules: [time, json]\nimports: {json: 'lib:json', reg: registry, r2: ':registry', own: {name: y}}",
        ));
        let shown: Vec<String> =
            names.targets.iter().map(|(name, target)| format!("{name}={target:?}")).collect();
        assert_eq!(names.targets["json"], Target::Entry(Id::new("lib", "json")), "{shown:?}");
        assert_eq!(names.targets["reg"], Target::Module("registry".into()));
        assert_eq!(names.targets["r2"], Target::Module("registry".into()));
        assert_eq!(names.targets["own"], Target::Entry(Id::new("app", "y")));
    }

    #[test]
    fn what_does_not_exist_is_said() {
        let entry = entry(
            "app:x",
            "modules: [jsn, 'a:b']\nimports: {a: 'app:nope', b: 'app:data', t: 'wippy.test:test', m: tme}",
        );
        let (wrong, missing) = check(&entry, &|id| (id.name() == "data").then(|| "registry.entry".into()));
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert!(
            wrong[0].contains("unknown module \"jsn\"") && wrong[0].contains("did you mean \"json\""),
            "{wrong:?}"
        );
        assert!(wrong[1].contains("imports"), "{wrong:?}");
        assert!(
            wrong.iter().any(|w| w.contains("has no program"))
                && wrong.iter().any(|w| w.contains("did you mean \"time\"")),
            "{wrong:?}"
        );
        assert_eq!(missing.len(), 1);
    }

    #[test]
    fn circles_of_imports() {
        let entries = [
            entry("a:x", "imports: {y: 'a:y'}"),
            entry("a:y", "imports: {x: 'a:x'}"),
            entry("a:z", "imports: {x: 'a:x'}"),
        ];
        assert_eq!(chain(&circle(entries.iter()).unwrap()), "a:x -> a:y -> a:x");
    }
}
