//! Types of programs, looked at before an application takes them (`lua.type_system` of the configuration).
//!
//! The checker is the one of `wippy lint`; here its findings become problems of entries. Invariant: without `strict` a
//! finding is a warning and rejects nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use wippy::typecheck::check::{Options, Resolution, Resolver, Session};
use wippy::typecheck::diagnostic::{Diagnostic, Severity};
use wippy_app::entry::Entry;
use wippy_app::id::Id;
use wippy_app::imports::{self, Names, Target};
use wippy_app::load::config::Config;
use wippy_app::modules::AMBIENT;
use wippy_app::problem::{Code, Problem};
use wippy_app::registry::Entries;
use wippy_app::runtime::app::Checker;

/// What the configuration asks for.
pub(crate) fn checker(config: &Config) -> Option<Checker> {
    let strict = config.flag("lua.type_system.strict", false);
    config.flag("lua.type_system.enabled", false).then(|| {
        Box::new(move |entries: &Entries, ids: &BTreeMap<Id, Vec<Id>>| check(entries, ids, strict)) as Checker
    })
}

fn check(entries: &Entries, ids: &BTreeMap<Id, Vec<Id>>, strict: bool) -> Vec<Problem> {
    let programs: Vec<&Arc<Entry>> = entries.values().filter(|entry| imports::is_program(entry)).collect();
    let mut declared =
        Declared { programs: programs.iter().map(|entry| (entry.id.as_str(), &***entry)).collect() };
    let checked = programs.iter().filter(|entry| ids.contains_key(&entry.id));
    let known = super::known(checked.map(|entry| &***entry));
    let mut session = Session::new(&known, Options::default());
    let mut problems = Vec::new();
    for entry in ids.keys().filter_map(|id| entries.get(id)) {
        let report = session.check(entry.id.as_str(), text_of(entry), &mut declared);
        let errors = report.diagnostics.iter().filter(|one| one.code.severity() == Severity::Error);
        problems.extend(errors.map(|one| problem(entry, one, strict)));
    }
    problems
}

fn text_of(entry: &Entry) -> &[u8] {
    wippy_parser::strip_shebang(entry.text("source").unwrap_or_default().as_bytes())
}

fn problem(entry: &Entry, finding: &Diagnostic, strict: bool) -> Problem {
    let make = if strict { Problem::error } else { Problem::warning };
    let code = finding.code.text();
    let source = entry.text("source").unwrap_or_default();
    let skipped = source.len() - text_of(entry).len();
    let start = finding.span.start.index();
    let place = match entry.origin.inlined("data.source") {
        Some(file) => Some(file.place(skipped + start, finding.span.end.index() - start)),
        None => entry.origin.value_place("data.source"),
    };
    let message = match place {
        Some(_) => finding.message.clone(),
        // Made by a program: the line is all there is.
        None => {
            let line = source.as_bytes()[..skipped + start].iter().filter(|byte| **byte == b'\n').count() + 1;
            format!("{}:{line}: {}", entry.id, finding.message)
        }
    };
    let problem = make(Code::Types, message).entry(&entry.id).at(place);
    let problem = problem.note(format!("{code}, see `wippy explain {code}`"));
    match finding.help() {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// Finds what programs require: what their entries declare.
struct Declared<'a> {
    programs: HashMap<&'a str, &'a Entry>,
}

impl Resolver for Declared<'_> {
    fn resolve(&mut self, from: &str, name: &str) -> Resolution {
        let names = self.programs.get(from).map(|entry| Names::of(entry)).unwrap_or_default();
        match names.targets.get(name) {
            Some(Target::Entry(id)) => match self.programs.get(id.as_str()) {
                Some(entry) => Resolution::Chunk { name: id.to_string(), text: text_of(entry).into() },
                None => Resolution::Unknown,
            },
            Some(Target::Module(_)) => Resolution::Unknown,
            None if AMBIENT.contains(&name) => Resolution::Unknown,
            None => Resolution::Undeclared,
        }
    }
}
