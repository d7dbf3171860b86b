//! What chunks share, and the order in which they are checked.
//!
//! A chunk is looked up by name; it is checked again only if its text changed, or if what a module it requires exports
//! did. Invariant: modules that require each other see `any` where the circle closes, so every check ends.

use std::hash::{BuildHasher, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use wippy_parser::{Bump, Interner, LineIndex, Span, Symbol, SyntaxError};

use super::environment::Environment;
use super::interface::fingerprint;
use super::names::Names;
use super::relate::KNOWN;
use super::resolve::resolve;
use super::types::{Map, Ty, Types};
use super::{Checker, lint, suppress};
use crate::diagnostic::{Code, Diagnostic};

/// What is checked beyond types, and how strictly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Style rules, too.
    pub style: bool,
    /// `any` that flows into a declared type is pointed out.
    pub strict_any: bool,
    /// Reading an element of a list may give nil.
    pub strict_index: bool,
}

/// What is known about the name in a `require`.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// A chunk, by a name that identifies it, with its text.
    Chunk {
        /// The same name for the same chunk, however it was required.
        name: String,
        /// Its text.
        text: Arc<[u8]>,
    },
    /// It is not a chunk; what the environment knows of a module of this name holds.
    Unknown,
    /// The entry does not declare it: an error.
    Undeclared,
}

/// Finds what chunks require. Asked on the thread that checks.
pub trait Resolver: Send {
    /// What `require(name)` means in the chunk called `from`.
    fn resolve(&mut self, from: &str, name: &str) -> Resolution;
}

/// Nothing can be required.
impl Resolver for () {
    fn resolve(&mut self, _from: &str, _name: &str) -> Resolution {
        Resolution::Unknown
    }
}

/// The findings in one chunk.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of the text.
    pub diagnostics: Arc<[Diagnostic]>,
    /// Why the chunk could not be parsed; then the only diagnostic is P0001.
    pub syntax: Option<SyntaxError>,
    /// Whether the chunk was checked since its report was last given out.
    pub fresh: bool,
}

/// What a chunk offers to those that require it.
#[derive(Clone, Debug)]
pub(super) struct Module {
    pub(super) export: Ty,
    pub(super) types: Map<Symbol, u32>,
    pub(super) complete: bool,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    report: Report,
    module: Module,
    /// What the interface of the chunk amounts to; importers are checked again when it changes.
    interface: u64,
    /// What it requires.
    imports: Vec<Import>,
    /// Being checked, to notice circles.
    busy: bool,
    /// The revision in which it was last known to be up to date.
    verified: u64,
    /// How many types the check added.
    types: usize,
}

/// One `require` of a chunk, as it was when the chunk was checked.
#[derive(Debug)]
struct Import {
    spelled: String,
    found: Found,
}

/// What a `require` led to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    /// A chunk, with the interface it had.
    Chunk(String, u64),
    Unknown,
    Undeclared,
}

impl Entry {
    /// The report, which is then no longer fresh.
    fn give(&mut self) -> Report {
        let report = self.report.clone();
        self.report.fresh = false;
        report
    }
}

/// Everything that checks of many chunks share.
#[derive(Debug)]
pub struct Session {
    types: Types,
    interner: Interner,
    globals: Map<Symbol, Ty>,
    environment_types: Map<Symbol, u32>,
    host_modules: Map<Symbol, Module>,
    entries: Map<String, Entry>,
    options: Options,
    arena: Bump,
    /// Counts the times at which texts may have changed.
    revision: u64,
    /// Counts interfaces that are like no other.
    unique: u64,
    /// How many types there were before any check.
    base: usize,
}

/// Address space for the stack of a check; what is not touched costs nothing.
const STACK: usize = 256 << 20;

/// Requiring nests at most this deep before a module counts as unknown.
const REQUIRE_DEPTH: u32 = 100;

impl Session {
    /// A session in which chunks see `environment`.
    pub fn new(environment: &Environment, options: Options) -> Self {
        let mut interner = Interner::new();
        for &(number, word) in KNOWN {
            let symbol = interner.intern(word.as_bytes());
            debug_assert_eq!(symbol.0, number, "{word}");
        }
        let mut session = Self {
            types: Types::new(),
            interner,
            globals: Map::default(),
            environment_types: Map::default(),
            host_modules: Map::default(),
            entries: Map::default(),
            options,
            arena: Bump::new(),
            revision: 1,
            unique: 0,
            base: 0,
        };
        session.install(environment);
        session.base = session.types.len();
        session
    }

    /// Texts may have changed: what is remembered is compared with them again.
    pub fn begin(&mut self) {
        self.revision += 1;
    }

    /// Checks the chunk called `name`, and first whatever it requires; every text may have changed since the last time.
    pub fn check(&mut self, name: &str, text: &[u8], resolver: &mut dyn Resolver) -> Report {
        self.begin();
        self.check_now(name, text, resolver)
    }

    /// As [`Self::check`], where no text changed since [`Self::begin`].
    ///
    /// What must be checked is checked on a thread of its own, whose stack is sized for the deepest program the parser lets through. If the
    /// checker fails, the report says so with E9999.
    pub fn check_now(&mut self, name: &str, text: &[u8], resolver: &mut dyn Resolver) -> Report {
        if self.is_current(name, text, resolver, 0)
            && let Some(entry) = self.entries.get_mut(name)
        {
            return entry.give();
        }
        let outcome = std::thread::scope(|scope| {
            let session = &mut *self;
            let thread = std::thread::Builder::new().name("check".to_owned()).stack_size(STACK);
            let work = move || {
                session.check_entry(name, text, resolver, 0);
            };
            thread.spawn_scoped(scope, work).map_err(|_| ()).and_then(|thread| thread.join().map_err(|_| ()))
        });
        match (outcome, self.entries.get_mut(name)) {
            (Ok(()), Some(entry)) => entry.give(),
            _ => {
                self.entries.clear();
                let fault = Diagnostic {
                    code: Code::E9999,
                    span: Span::default(),
                    message: "type checker internal error (skipped)".to_owned(),
                    help: None,
                };
                Report { diagnostics: Arc::from(vec![fault]), syntax: None, fresh: true }
            }
        }
    }

    /// Forgets a chunk.
    pub fn forget(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// How many types exist; grows with every check.
    pub fn size(&self) -> usize {
        self.types.len()
    }

    /// How many types belong to checks that others have replaced.
    pub fn garbage(&self) -> usize {
        let live: usize = self.entries.values().map(|entry| entry.types).sum();
        self.types.len() - self.base - live
    }

    pub(super) fn interner(&mut self) -> &mut Interner {
        &mut self.interner
    }

    pub(super) fn types_mut(&mut self) -> &mut Types {
        &mut self.types
    }

    pub(super) fn parts(&mut self) -> (&mut Types, &mut Interner) {
        (&mut self.types, &mut self.interner)
    }

    pub(super) fn set_global(&mut self, symbol: Symbol, ty: Ty) {
        self.globals.insert(symbol, ty);
    }

    pub(super) fn environment_type(&self, symbol: Symbol) -> Option<u32> {
        self.environment_types.get(&symbol).copied()
    }

    pub(super) fn set_environment_type(&mut self, symbol: Symbol, number: u32) {
        self.environment_types.insert(symbol, number);
    }

    pub(super) fn set_host_module(&mut self, symbol: Symbol, module: Module) {
        self.host_modules.insert(symbol, module);
    }

    fn hash(&self, text: &[u8]) -> u64 {
        let mut hasher = foldhash::fast::FixedState::default().build_hasher();
        hasher.write(text);
        hasher.finish()
    }

    /// Whether the report on a chunk holds as it is, found out without checking anything.
    fn is_current(&mut self, name: &str, text: &[u8], resolver: &mut dyn Resolver, depth: u32) -> bool {
        let hash = self.hash(text);
        let Some(entry) = self.entries.get_mut(name) else { return false };
        if entry.verified == self.revision {
            return true;
        }
        if entry.busy || entry.hash != hash || depth > REQUIRE_DEPTH {
            return false;
        }
        entry.busy = true;
        let imports = std::mem::take(&mut entry.imports);
        let current = imports.iter().all(|import| match resolver.resolve(name, &import.spelled) {
            Resolution::Unknown => import.found == Found::Unknown,
            Resolution::Undeclared => import.found == Found::Undeclared,
            Resolution::Chunk { name: target, text } => {
                self.is_current(&target, &text, resolver, depth + 1)
                    && self.entries.get(&target).is_some_and(|entry| {
                        matches!(&import.found, Found::Chunk(known, interface)
                            if *known == target && *interface == entry.interface)
                    })
            }
        });
        if let Some(entry) = self.entries.get_mut(name) {
            entry.busy = false;
            entry.imports = imports;
            if current {
                entry.verified = self.revision;
            }
        }
        current
    }

    /// Checks a chunk unless its report holds; answers what it offers, 0 if it is being checked.
    fn check_entry(&mut self, name: &str, text: &[u8], resolver: &mut dyn Resolver, depth: u32) -> u64 {
        let hash = self.hash(text);
        if let Some(entry) = self.entries.get(name) {
            if entry.busy {
                return 0;
            }
            if entry.verified == self.revision {
                return entry.interface;
            }
            if entry.hash == hash && self.imports_unchanged(name, resolver, depth) {
                let entry =
                    self.entries.get_mut(name).expect("it was found above, and nothing forgets it meanwhile");
                entry.verified = self.revision;
                return entry.interface;
            }
        }
        let blank = Entry {
            hash,
            report: Report::default(),
            module: Module { export: Ty::DYN, types: Map::default(), complete: false },
            interface: 0,
            imports: Vec::new(),
            busy: true,
            verified: 0,
            types: 0,
        };
        self.entries.insert(name.to_owned(), blank);
        let entry = self.check_text(name, text, hash, resolver, depth);
        let interface = entry.interface;
        self.entries.insert(name.to_owned(), entry);
        interface
    }

    /// Whether everything a chunk requires, checked first where that is needed, still offers what it did.
    fn imports_unchanged(&mut self, name: &str, resolver: &mut dyn Resolver, depth: u32) -> bool {
        let Some(entry) = self.entries.get_mut(name) else { return false };
        if entry.imports.is_empty() || depth > REQUIRE_DEPTH {
            return true;
        }
        entry.busy = true;
        let imports = std::mem::take(&mut entry.imports);
        let same = imports.iter().all(|import| match resolver.resolve(name, &import.spelled) {
            Resolution::Unknown => import.found == Found::Unknown,
            Resolution::Undeclared => import.found == Found::Undeclared,
            Resolution::Chunk { name: target, text } => {
                let interface = self.check_entry(&target, &text, resolver, depth + 1);
                import.found == Found::Chunk(target, interface)
            }
        });
        if let Some(entry) = self.entries.get_mut(name) {
            entry.busy = false;
            entry.imports = imports;
        }
        same
    }

    fn check_text(
        &mut self,
        name: &str,
        text: &[u8],
        hash: u64,
        resolver: &mut dyn Resolver,
        depth: u32,
    ) -> Entry {
        let mut arena = std::mem::take(&mut self.arena);
        arena.reset();
        let mut entry = Entry {
            hash,
            report: Report { fresh: true, ..Report::default() },
            module: Module { export: Ty::DYN, types: Map::default(), complete: false },
            interface: 0,
            imports: Vec::new(),
            busy: false,
            verified: self.revision,
            types: 0,
        };
        match wippy_parser::parse(text, &arena, &mut self.interner) {
            Err(error) => {
                let finding = Diagnostic {
                    code: Code::P0001,
                    span: error.span(),
                    message: String::from_utf8_lossy(&error.message()).into_owned(),
                    help: None,
                };
                entry.report.diagnostics = Arc::from(vec![finding]);
                entry.report.syntax = Some(error);
            }
            Ok(chunk) => {
                let lines = LineIndex::new(text);
                let names = Rc::new(resolve(&chunk, self.interner.len()));
                let mut diagnostics = Vec::new();
                let modules = self.import(name, &names, &mut entry, &mut diagnostics, resolver, depth);
                let comments = suppress::Comments::new(text, &lines);
                let mut style = Vec::new();
                if self.options.style {
                    lint::run(&chunk, &names, &self.interner, &self.globals, &mut style);
                }
                let before = self.types.len();
                let shared = super::Shared {
                    globals: &self.globals,
                    environment_types: &self.environment_types,
                    modules: &modules,
                    host_modules: &self.host_modules,
                    source: text,
                    lines: &lines,
                };
                let mut checker = Checker::new(&mut self.types, &mut self.interner, shared, names);
                checker.diagnostics = diagnostics;
                checker.strict_file_forced = comments.strict;
                checker.options_strict_any = self.options.strict_any || comments.strict;
                checker.options_strict_index = self.options.strict_index || comments.strict;
                checker.style = self.options.style;
                checker.run(&chunk);
                let export = checker.export;
                let definition_base = checker.definition_base;
                let mut diagnostics = std::mem::take(&mut checker.diagnostics);
                let names = Rc::clone(&checker.names);
                if comments.unchecked {
                    diagnostics.retain(|it| matches!(it.code, Code::P0001 | Code::E0026));
                }
                diagnostics.append(&mut style);
                comments.apply(&mut diagnostics, &lines, self.options.style);
                diagnostics.sort_by(|a, b| {
                    (a.span.start, a.code, &a.message).cmp(&(b.span.start, b.code, &b.message))
                });
                diagnostics.dedup_by(|a, b| {
                    a.span.start == b.span.start && a.code == b.code && a.message == b.message
                });
                entry.report.diagnostics = diagnostics.into();
                entry.module.export = export;
                entry.module.complete = true;
                for &(symbol, number) in &names.exported {
                    entry.module.types.insert(symbol, definition_base + number);
                }
                self.unique += 1;
                entry.types = self.types.len() - before;
                entry.interface = fingerprint(&self.types, &entry.module, self.unique);
            }
        }
        self.arena = arena;
        entry
    }

    /// Checks what a chunk requires.
    fn import(
        &mut self,
        name: &str,
        names: &Names<'_>,
        entry: &mut Entry,
        diagnostics: &mut Vec<Diagnostic>,
        resolver: &mut dyn Resolver,
        depth: u32,
    ) -> Map<Symbol, Module> {
        let mut modules = Map::default();
        for &(symbol, span) in &names.requires {
            if modules.contains_key(&symbol) {
                continue;
            }
            let spelled = super::show::text(&self.interner, symbol);
            match resolver.resolve(name, &spelled) {
                Resolution::Unknown => {
                    entry.imports.push(Import { spelled, found: Found::Unknown });
                    if let Some(module) = self.host_modules.get(&symbol) {
                        modules.insert(symbol, module.clone());
                    }
                }
                Resolution::Undeclared => {
                    let message =
                        format!("require(\"{spelled}\") is not declared in _index.yaml imports or modules");
                    diagnostics.push(Diagnostic { code: Code::E0026, span, message, help: None });
                    entry.imports.push(Import { spelled, found: Found::Undeclared });
                }
                Resolution::Chunk { .. } if depth >= REQUIRE_DEPTH => {}
                Resolution::Chunk { name: target, text } => {
                    // The tree of this chunk is in use: the required one gets an arena of its own.
                    let interface = self.check_entry(&target, &text, resolver, depth + 1);
                    entry.imports.push(Import { spelled, found: Found::Chunk(target.clone(), interface) });
                    if let Some(found) = self.entries.get(&target)
                        && !found.busy
                    {
                        modules.insert(symbol, found.module.clone());
                    }
                }
            }
        }
        modules
    }
}
