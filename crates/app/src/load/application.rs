//! The load pipeline: everything from a folder to the entries of version 0.
//!
//! Invariant: each step runs even when one before found faults, so that one boot reports all of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::disable::Disable;
use super::layout::{self, Layout, LoadPath};
use super::overrides::{self, Override};
use super::{definition, link, yaml};
use crate::entry::Entry;
use crate::id::Id;
use crate::problem::{Code, Problem, Problems};
use crate::value::Value;

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The folder the program was started in.
    pub project: PathBuf,
    /// `--lock-file`.
    pub lock_file: Option<String>,
    /// The configuration.
    pub config: Config,
    /// `-o`, in order.
    pub overrides: Vec<Override>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Application {
    /// Where things are.
    pub layout: Layout,
    /// Entries of version 0, by ID.
    pub entries: Vec<Entry>,
}

/// Runs the pipeline; `None` when there is no application at all.
pub fn load(source: &Source, problems: &mut Problems) -> Option<Application> {
    let layout = layout::locate(
        &source.project,
        source.lock_file.as_deref(),
        &source.config.replacements(),
        problems,
    )?;
    let mut entries = Vec::new();
    for path in &layout.paths {
        let mut found = definition::load(path, &layout.project, problems);
        if let Some(disable) = manifest(path, problems) {
            disable.apply(&mut found);
        }
        entries.append(&mut found);
    }
    let section = |name: &str| source.config.get(name).and_then(Value::as_map).cloned().unwrap_or_default();
    let mut overrides = Override::section(&section("override"), problems);
    overrides.extend(source.overrides.iter().cloned());
    overrides::apply(&overrides, &mut entries, true, problems);
    Disable::section(&section("disable"), problems).apply(&mut entries);
    // Two definitions of one ID: the last one wins, before its requirements are linked twice.
    let mut entries = collapse(entries, problems);
    link::link(&mut entries, problems);
    overrides::apply(&overrides, &mut entries, false, problems);
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    for missing in &layout.missing {
        let vendor = layout.shown(&layout.vendor());
        problems.push(
            Problem::error(
                Code::MissingModule,
                format!("module {} {} is not in {vendor}", missing.name, missing.version),
            )
            .help(format!(
                "put it into {vendor}/{}, or name its folder in workspace.replacements of .wippy.yaml",
                missing.name
            )),
        );
    }
    Some(Application { layout, entries })
}

/// A module's own filters.
fn manifest(path: &LoadPath, problems: &mut Problems) -> Option<Disable> {
    let file: &Path = &path.module.as_ref()?.folder.join("wippy.yaml");
    let text = std::fs::read_to_string(file).ok()?;
    match yaml::parse(&text) {
        Ok(node) => Some(Disable::manifest(node?.value().as_map()?, problems)),
        Err(error) => {
            let message = format!("cannot read {}: {}", file.display(), error.message);
            problems.push(Problem::warning(Code::Syntax, message));
            None
        }
    }
}

fn collapse(entries: Vec<Entry>, problems: &mut Problems) -> Vec<Entry> {
    let mut last: HashMap<Id, usize> = HashMap::new();
    let mut twice: Vec<(Id, usize)> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if let Some(before) = last.insert(entry.id.clone(), at) {
            twice.push((entry.id.clone(), before));
        }
    }
    if !twice.is_empty() {
        let mut ids: Vec<String> = twice.iter().map(|(id, _)| id.to_string()).collect();
        ids.sort();
        ids.dedup();
        let mut problem = Problem::warning(
            Code::Duplicate,
            format!("defined more than once, the last definition is used: {}", ids.join(", ")),
        );
        for (id, before) in twice.iter().take(3) {
            for (at, label) in [(last[id], "used"), (*before, "not used")] {
                if let Some(mut place) = entries[at].origin.place() {
                    place.label = label.to_owned();
                    problem = problem.at(Some(place));
                }
            }
        }
        problems.push(problem);
    }
    entries
        .into_iter()
        .enumerate()
        .filter(|(at, entry)| last[&entry.id] == *at)
        .map(|(_, entry)| entry)
        .collect()
}
