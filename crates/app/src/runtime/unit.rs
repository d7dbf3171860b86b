//! Programs of entries: compiled once, with everything they import in the order in which it is evaluated.
//!
//! A [`Unit`] is one chunk; a [`Bundle`] is what an instance of an entry needs. Both are immutable and shared by every
//! instance; a change of the registry makes new ones and leaves the old to those that run. Invariant: a bundle's
//! libraries stand in dependency order, each once.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use wippy_stdlib::logger::LogSink;
use wippy_vm::compile::{DeclaredTypes, compile_source};
use wippy_vm::{Image, Program};

use super::edition::Edition;
use super::globals;
use crate::entry::Entry;
use crate::id::Id;
use crate::imports::{self, Names, Target};
use crate::problem::{Code as Fault, Problem};
use crate::value::{Map, Value};

/// A compiled chunk.
pub struct Unit {
    /// The entry it belongs to.
    pub entry: Arc<Entry>,
    /// The chunk.
    pub program: Program,
    /// What it may require.
    pub names: Names,
    /// Types that it declares for those who import it.
    pub types: DeclaredTypes,
    /// Whether its types name those of others.
    pub names_types: bool,
}

/// What an instance of an entry needs.
pub struct Bundle {
    /// The entry's own chunk.
    pub main: Arc<Unit>,
    /// Chunks it imports, directly or through others, in the order of evaluation.
    pub libraries: Vec<Arc<Unit>>,
    /// Globals and modules.
    pub image: Arc<Image>,
    /// Modules that each interpreter makes for itself.
    pub own_modules: Vec<Arc<str>>,
    /// The field of the returned table that is called.
    pub method: Option<Arc<str>>,
    log: OnceLock<Arc<dyn LogSink>>,
}

impl Bundle {
    /// Where lines of its instances go; made by the first.
    pub(super) fn log(&self, make: impl FnOnce(&Id) -> Arc<dyn LogSink>) -> &Arc<dyn LogSink> {
        self.log.get_or_init(|| make(&self.main.entry.id))
    }

    /// Whether some chunk's types name those of another.
    pub fn names_types(&self) -> bool {
        self.main.names_types || self.libraries.iter().any(|unit| unit.names_types)
    }

    /// Whether the entry or something it imports may use a module.
    pub fn uses(&self, module: &str) -> bool {
        let targets = |unit: &Arc<Unit>| {
            unit.names
                .targets
                .values()
                .any(|target| matches!(target, Target::Module(name) if &**name == module))
        };
        std::iter::once(&self.main).chain(&self.libraries).any(targets)
    }
}

/// Compiles the program of an entry.
///
/// # Errors
/// Where and why it does not compile.
pub fn compile(entry: &Arc<Entry>) -> Result<Unit, Box<Problem>> {
    let source = entry.text("source").unwrap_or_default();
    let chunk = format!("={}", entry.id);
    let text = wippy_parser::strip_shebang(source.as_bytes());
    let names = Names::of(entry);
    let names_types = Cell::new(false);
    let kept_as = |alias: &str| {
        names_types.set(true);
        Some(match names.targets.get(alias)? {
            Target::Entry(id) => id.text(),
            Target::Module(name) => Arc::clone(name),
        })
    };
    match Program::compile_module(text, chunk.as_bytes(), Some(&kept_as)) {
        Ok((program, types)) => {
            Ok(Unit { entry: Arc::clone(entry), program, names_types: names_types.get(), names, types })
        }
        Err(error) => Err(Box::new(fault(entry, text, &error.to_string()))),
    }
}

/// The problem of a chunk that does not compile.
fn fault(entry: &Entry, text: &[u8], otherwise: &str) -> Problem {
    let problem = |message: String| Problem::error(Fault::Source, message).entry(&entry.id);
    let Err(error) = compile_source(text, b"=x") else { return problem(otherwise.to_owned()) };
    let skipped = entry.text("source").map_or(0, |source| source.len() - text.len());
    let start = error.syntax().span().start.index() + skipped;
    let file = entry.origin.inlined("data.source").cloned();
    let place = match (file, entry.origin.value_place("data.source")) {
        (Some(file), _) => Some(file.place(start, 1)),
        (None, place) => place,
    };
    match place {
        Some(place) => {
            problem(String::from_utf8_lossy(&error.syntax().message()).into_owned()).at(Some(place))
        }
        // Made by a program: the line is all there is.
        None => problem(otherwise.to_owned()),
    }
}

/// An image, and the modules that it does not have ready.
type Furnished = (Arc<Image>, Vec<Arc<str>>);

/// Programs of one version of the registry.
#[derive(Clone, Default)]
pub struct Code {
    units: HashMap<Id, Arc<Unit>>,
    editions: HashMap<Id, Arc<Edition>>,
    /// Entries whose unit has changed since the editions were made.
    changed: BTreeSet<Id>,
    /// Images by the set of modules in them.
    images: BTreeMap<BTreeSet<Arc<str>>, Furnished>,
}

impl Code {
    /// The edition of an entry.
    pub fn edition(&self, id: &str) -> Option<&Arc<Edition>> {
        self.editions.get(id)
    }

    /// All editions.
    pub fn editions(&self) -> impl Iterator<Item = &Arc<Edition>> {
        self.editions.values()
    }

    /// Puts a unit in place of an older one.
    pub fn insert(&mut self, unit: Unit) {
        self.changed.insert(unit.entry.id.clone());
        self.units.insert(unit.entry.id.clone(), Arc::new(unit));
    }

    /// Forgets the program of an entry.
    pub fn remove(&mut self, id: &Id) {
        if self.units.remove(id).is_some() {
            self.changed.insert(id.clone());
        }
    }

    /// Makes the editions of what has changed and of what imports it; nothing else is looked at. Answers, for each
    /// entry whose edition is new, which changes made it so.
    ///
    /// # Errors
    /// An import of what is not there, or in a circle.
    pub fn complete(&mut self) -> Result<BTreeMap<Id, Vec<Id>>, Vec<Problem>> {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return Ok(BTreeMap::new());
        }
        let touches =
            |edition: &Edition| edition.bundle.libraries.iter().any(|unit| changed.contains(&unit.entry.id));
        let dependants = self.editions.iter().filter(|(_, edition)| touches(edition)).map(|(id, _)| id);
        let stale: BTreeSet<Id> = changed.iter().chain(dependants).cloned().collect();
        let mut problems = Vec::new();
        let mut fresh = BTreeMap::new();
        for id in stale {
            match self.make(&id) {
                Ok(Some(bundle)) => {
                    let units = bundle.libraries.iter().map(|unit| &unit.entry.id).chain([&id]);
                    let because = units.filter(|id| changed.contains(*id)).cloned().collect();
                    self.editions.insert(id.clone(), Arc::new(Edition::new(bundle)));
                    fresh.insert(id, because);
                }
                Ok(None) => {
                    self.editions.remove(&id);
                }
                Err(problem) => problems.push(*problem),
            }
        }
        // A circle is found by each that is in it.
        problems.dedup_by(|a, b| a.message == b.message);
        if problems.is_empty() { Ok(fresh) } else { Err(problems) }
    }

    fn make(&mut self, id: &Id) -> Result<Option<Bundle>, Box<Problem>> {
        let Some(main) = self.units.get(id).cloned() else { return Ok(None) };
        let mut libraries: Vec<Arc<Unit>> = Vec::new();
        let mut done: BTreeSet<Id> = BTreeSet::new();
        // Depth first without recursion: a unit is finished when everything it imports is.
        let mut path: Vec<(Arc<Unit>, Vec<Id>)> = vec![(Arc::clone(&main), needs(&main))];
        while let Some((unit, rest)) = path.last_mut() {
            let unit = Arc::clone(unit);
            match rest.pop() {
                Some(next) if done.contains(&next) => {}
                Some(next) if path.iter().any(|(unit, _)| unit.entry.id == next) => {
                    return Err(Box::new(circle(&path, &next)));
                }
                Some(next) => {
                    let Some(found) = self.units.get(&next).cloned().or_else(|| built_in(&next)) else {
                        let missing = Problem::error(
                            Fault::MissingReference,
                            format!("{} imports {next}, which does not exist", unit.entry.id),
                        );
                        return Err(Box::new(
                            missing.entry(&unit.entry.id).at(unit.entry.origin.value_place("data.imports")),
                        ));
                    };
                    let needs = needs(&found);
                    path.push((found, needs));
                }
                None => {
                    if let Some((unit, _)) = path.pop()
                        && done.insert(unit.entry.id.clone())
                        && unit.entry.id != *id
                    {
                        libraries.push(unit);
                    }
                }
            }
        }
        let modules: BTreeSet<Arc<str>> = main
            .names
            .targets
            .values()
            .filter_map(|target| match target {
                Target::Module(name) => Some(Arc::clone(name)),
                Target::Entry(_) => None,
            })
            .collect();
        let (image, own_modules) = match self.images.get(&modules) {
            Some(known) => known.clone(),
            None => {
                let image = globals::image(&modules).map_err(|error| {
                    Box::new(Problem::error(Fault::Source, format!("modules of {id}: {error}")).entry(id))
                })?;
                self.images.insert(modules, image.clone());
                image
            }
        };
        let method = main
            .entry
            .text("method")
            .map(Arc::from)
            .or_else(|| (&*main.entry.kind == "process.lua").then(|| Arc::from("main")));
        Ok(Some(Bundle { main, libraries, image, own_modules, method, log: OnceLock::new() }))
    }
}

/// What is wrong when a unit on the path imports one before it.
fn circle(path: &[(Arc<Unit>, Vec<Id>)], next: &Id) -> Problem {
    let mut ring: Vec<Id> =
        path.iter().map(|(unit, _)| unit.entry.id.clone()).skip_while(|id| id != next).collect();
    let smallest = ring.iter().enumerate().min_by_key(|(_, id)| (*id).clone()).map_or(0, |(at, _)| at);
    ring.rotate_left(smallest);
    let entries = path.iter().map(|(unit, _)| &*unit.entry);
    crate::verify::circle_problem("entries import each other in a circle", &ring, entries)
}

/// Entries a unit imports, last first; the test module is built in unless it is an entry.
fn needs(unit: &Unit) -> Vec<Id> {
    let mut needs: Vec<Id> = unit.names.entries().map(|(_, id)| id.clone()).collect();
    needs.sort();
    needs.dedup();
    needs.reverse();
    needs
}

/// Source of the module for tests.
pub const TEST_MODULE: &str = include_str!("lua/test.lua");

/// A library that an application need not bring along.
fn built_in(id: &Id) -> Option<Arc<Unit>> {
    static TEST: OnceLock<Option<Arc<Unit>>> = OnceLock::new();
    if id.as_str() != imports::TEST_LIBRARY {
        return None;
    }
    let make = || {
        let mut data = Value::Map(Map::new());
        data.set(&["source"], Value::text(TEST_MODULE));
        let entry = Entry::new(Id::parse(imports::TEST_LIBRARY)?, "library.lua", Map::new(), data);
        compile(&Arc::new(entry)).ok().map(Arc::new)
    };
    TEST.get_or_init(make).clone()
}
