//! Where an application's files are.
//!
//! Looks at folders and the lock file; reads no definitions. Invariant: only the current folder is searched, never a
//! parent; a parent with a lock file is merely mentioned.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lock::{self, Lock, Pinned};
use super::{definition, inline};
use crate::problem::{Code, Problem, Problems};

/// A folder of definition files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadPath {
    /// The folder; `file:///` counts from here.
    pub root: PathBuf,
    /// Folders below it that are not read.
    pub skip: Vec<PathBuf>,
    /// The module it belongs to; none for the application itself.
    pub module: Option<Module>,
}

/// A module of a load path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// `org/name`.
    pub name: Arc<str>,
    /// The pinned version.
    pub version: Option<Arc<str>>,
    /// The folder with its `wippy.yaml`.
    pub folder: PathBuf,
}

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The folder the program was started in.
    pub project: PathBuf,
    /// The lock file, or what stands for it.
    pub lock: Lock,
    /// Whether there was no lock file.
    pub fallback: bool,
    /// Folders to read, in order.
    pub paths: Vec<LoadPath>,
    /// Pinned modules that are not in place.
    pub missing: Vec<Pinned>,
}

/// Finds the application in `project`. `replacements` are those of the configuration; `None` removes one.
///
/// An error among `problems` means that there is nothing to load.
pub fn locate(
    project: &Path,
    lock_file: Option<&str>,
    replacements: &BTreeMap<String, Option<String>>,
    problems: &mut Problems,
) -> Option<Layout> {
    let name = lock_file.unwrap_or(lock::NAME);
    let before = problems.has_errors();
    let found = lock::read(&project.join(name), name, problems);
    let fallback = found.is_none();
    let lock = match found {
        Some(lock) => lock,
        None if problems.has_errors() && !before => return None,
        None if lock_file.is_some() => {
            problems.push(
                Problem::error(Code::Configuration, format!("there is no lock file {name}"))
                    .help("run `wippy init`"),
            );
            return None;
        }
        None if definition::present(&project.join("src")) => Lock::default(),
        None => {
            problems.push(absent(project));
            return None;
        }
    };
    let mut layout =
        Layout { project: project.to_owned(), lock, fallback, paths: Vec::new(), missing: Vec::new() };
    layout.sources(problems);
    let replaced = layout.replacements(replacements, problems);
    layout.modules(&replaced);
    Some(layout)
}

fn absent(project: &Path) -> Problem {
    let mut problem = Problem::error(Code::Configuration, "no application in this directory")
        .help("run `wippy init` to make one here, or `wippy new DIR` for one that runs");
    let above = project.ancestors().skip(1).find(|folder| folder.join(lock::NAME).is_file());
    if let Some(folder) = above {
        problem = problem.note(format!("there is one in {}", folder.display()));
    }
    problem
}

impl Layout {
    /// The folder modules are vendored in.
    pub fn vendor(&self) -> PathBuf {
        let modules = self.project.join(&self.lock.modules_folder);
        if modules.ends_with("vendor") { modules } else { modules.join("vendor") }
    }

    fn sources(&mut self, problems: &mut Problems) {
        let root = clean(&self.project.join(&self.lock.source_folder));
        let skip = vec![clean(&self.project.join(&self.lock.modules_folder))];
        if !root.is_dir() {
            let message = format!(
                "the source folder {} does not exist; the registry is empty",
                self.lock.source_folder
            );
            problems.push(Problem::warning(Code::Configuration, message));
            return;
        }
        self.paths.push(LoadPath { root, skip, module: None });
    }

    fn replacements(
        &mut self,
        configured: &BTreeMap<String, Option<String>>,
        problems: &mut Problems,
    ) -> Vec<String> {
        let mut folders: BTreeMap<String, Option<String>> =
            self.lock.replacements.iter().map(|(from, to)| (from.clone(), Some(to.clone()))).collect();
        folders.extend(configured.clone());
        let mut replaced = Vec::new();
        for (name, folder) in folders {
            let Some(folder) = folder else { continue };
            let at = clean(&self.project.join(&folder));
            if !at.is_dir() {
                let message = format!("the replacement of {name} is no folder: {folder}");
                problems.push(Problem::error(Code::Configuration, message));
                continue;
            }
            let version = self
                .lock
                .modules
                .iter()
                .find(|module| module.name == name)
                .map(|module| Arc::from(&*module.version));
            self.add_module(&name, version, at);
            replaced.push(name);
        }
        replaced
    }

    fn modules(&mut self, replaced: &[String]) {
        for pinned in self.lock.modules.clone() {
            if replaced.contains(&pinned.name) {
                continue;
            }
            match self.vendored(&pinned) {
                Some(folder) => self.add_module(&pinned.name, Some(Arc::from(&*pinned.version)), folder),
                None => self.missing.push(pinned),
            }
        }
    }

    /// The folder of a vendored module. Packs are a later release's.
    pub fn vendored(&self, pinned: &Pinned) -> Option<PathBuf> {
        let vendor = self.vendor();
        let version = pinned.version.strip_prefix('v').unwrap_or(&pinned.version);
        [
            pinned.name.clone(),
            format!("{}-{}", pinned.name, pinned.version),
            format!("{}-{version}", pinned.name),
        ]
        .iter()
        .map(|name| vendor.join(name))
        .find(|folder| folder.is_dir())
    }

    fn add_module(&mut self, name: &str, version: Option<Arc<str>>, folder: PathBuf) {
        let inner = folder.join("src");
        let root = if inner.is_dir() { inner } else { folder.clone() };
        let module = Module { name: name.into(), version, folder };
        self.paths.push(LoadPath { root, skip: Vec::new(), module: Some(module) });
    }

    /// A path as messages show it.
    pub fn shown(&self, path: &Path) -> String {
        inline::shown(path, &self.project)
    }
}

/// A path without `.` and with `..` taken back where that is possible by looking at the text.
fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
