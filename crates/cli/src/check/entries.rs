//! Checking an application: its entries against their kinds and each other, and their programs.
//!
//! Nothing is started. Invariant: a program sees what its entry lists; whatever else it requires is undeclared.

use std::collections::HashMap;
use std::sync::Arc;

use wippy::typecheck::check::{Options, Resolution, Resolver, Session};
use wippy_app::entry::Entry;
use wippy_app::imports::{self, Names, Target};
use wippy_app::kinds::check::Depth;
use wippy_app::pattern::Segments;
use wippy_app::problem::Problems;
use wippy_app::registry::order::Graph;
use wippy_app::{modules, verify};

use super::check_chunk;
use super::report::Report;
use crate::app::problems::{Sources, diagnostic};
use crate::app::source;
use crate::arguments::Flags;
use crate::commands::table;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;
use crate::text::Text;

/// Checks the application in this folder.
///
/// # Errors
/// The exit code, when there is none or a pattern means nothing.
pub(super) fn check(flags: &Flags, settings: &Settings) -> Result<Report, Exit> {
    let wanted = namespaces(flags)?;
    let mut problems = Problems::new();
    let source = source::source(flags, &mut problems)?;
    let application = wippy_app::load::application::load(&source, &mut problems);
    let Some(application) = application else {
        crate::app::problems::print(&problems, wippy_app::problem::Severity::Warning, settings)?;
        return Err(Exit::FAILURE);
    };
    problems.append(verify::all(application.entries.iter(), Depth::Lint));
    let mut report = Report { noun: Some("entry"), ..Report::default() };
    let mut sources = Sources::default();
    let seen = |namespace: &str| wanted.is_empty() || wanted.iter().any(|pattern| pattern.matches(namespace));
    for problem in problems.iter() {
        let shown = problem.entry.as_ref().is_none_or(|id| seen(id.namespace()));
        if shown {
            let name = problem.entry.as_ref().map_or("", |id| id.as_str());
            report.findings.push((name.as_bytes().to_vec(), diagnostic(problem, &mut sources)));
        }
    }
    report.files = application.entries.iter().filter(|entry| seen(entry.id.namespace())).count();
    programs(&application.entries, flags, &seen, &mut report);
    report
        .findings
        .sort_by(|a, b| (&a.0, a.1.severity, a.1.position()).cmp(&(&b.0, b.1.severity, b.1.position())));
    Ok(report)
}

/// `app`, `app.*`, `app.**`; the last two hold `app` itself.
fn namespaces(flags: &Flags) -> Result<Vec<Segments>, Exit> {
    let mut patterns = Vec::new();
    for text in flags.all(&table::NS) {
        let text = String::from_utf8_lossy(text).into_owned();
        let own = text.strip_suffix(".*").map(str::to_owned);
        for text in std::iter::once(text).chain(own) {
            match Segments::parse(&text) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => {
                    output::complain(format!("error: {why}\n").as_bytes())?;
                    return Err(Exit::USAGE);
                }
            }
        }
    }
    Ok(patterns)
}

fn programs(entries: &[Entry], flags: &Flags, seen: &dyn Fn(&str) -> bool, report: &mut Report) {
    let programs: HashMap<&str, &Entry> = entries
        .iter()
        .filter(|entry| imports::is_program(entry) && entry.text("source").is_some())
        .map(|entry| (entry.id.as_str(), entry))
        .collect();
    let known = crate::app::known(programs.values().copied());
    let options = Options { style: flags.has(&table::RULES), ..Options::default() };
    let mut session = Session::new(&known, options);
    let mut resolver = Declared {
        names: programs.iter().map(|(id, entry)| ((*id).to_owned(), Names::of(entry))).collect(),
        texts: programs.iter().map(|(id, entry)| ((*id).to_owned(), text_of(entry))).collect(),
    };
    let order = Graph::of(programs.values().copied());
    for id in order.order() {
        let Some(entry) = programs.get(id.as_str()).filter(|entry| seen(entry.id.namespace())) else {
            continue;
        };
        let file = entry
            .origin
            .inlined("data.source")
            .map_or_else(|| entry.id.to_string(), |file| file.name.clone());
        let source = entry.text("source").unwrap_or_default().as_bytes().to_vec();
        let text = Text::program([b"@", file.as_bytes()].concat(), source);
        for mut one in check_chunk(&mut session, &mut resolver, entry.id.as_str(), &text) {
            one.notes.insert(0, crate::diagnostic::Note::new("entry", entry.id.as_str()));
            report.findings.push((entry.id.as_str().as_bytes().to_vec(), one));
        }
    }
}

fn text_of(entry: &Entry) -> Arc<[u8]> {
    let source = entry.text("source").unwrap_or_default().as_bytes();
    Arc::from(wippy_parser::strip_shebang(source))
}

/// Finds what programs require: what their entries declare.
struct Declared {
    names: HashMap<String, Names>,
    texts: HashMap<String, Arc<[u8]>>,
}

impl Resolver for Declared {
    fn resolve(&mut self, from: &str, name: &str) -> Resolution {
        match self.names.get(from).and_then(|names| names.targets.get(name)) {
            Some(Target::Entry(id)) => match self.texts.get(id.as_str()) {
                Some(text) => Resolution::Chunk { name: id.to_string(), text: Arc::clone(text) },
                None => Resolution::Unknown,
            },
            Some(Target::Module(_)) => Resolution::Unknown,
            None if modules::AMBIENT.contains(&name) => Resolution::Unknown,
            None => Resolution::Undeclared,
        }
    }
}
