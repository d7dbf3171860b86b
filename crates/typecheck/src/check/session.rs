//! What chunks share, and the order in which they are checked.
//!
//! A chunk is looked up by name; it is checked again only if its text changed, or if what a module it requires exports
//! did. Invariant: modules that require each other see `any` where the circle closes, so every check ends.

use std::hash::{BuildHasher, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use wippy_parser::{Bump, Interner, LineIndex, Span, Symbol, SyntaxError};

use super::environment::Environment;
use super::names::Names;
use super::relate::KNOWN;
use super::resolve::resolve;
use super::types::{Inferred, Map, Node, Returns, Ty, Types};
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
    /// Whether the chunk was checked just now, not remembered.
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
    /// The chunks it requires, with the interface each had.
    imports: Vec<(String, u64)>,
    /// Being checked, to notice circles.
    busy: bool,
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
        };
        session.install(environment);
        session
    }

    /// Checks the chunk called `name`, and first whatever it requires.
    ///
    /// Works on a thread of its own, whose stack is sized for the deepest program the parser lets through. If the
    /// checker fails, the report says so with E9999.
    pub fn check(&mut self, name: &str, text: &[u8], resolver: &mut dyn Resolver) -> Report {
        let outcome = std::thread::scope(|scope| {
            let session = &mut *self;
            let thread = std::thread::Builder::new().name("check".to_owned()).stack_size(STACK);
            let work = move || {
                session.check_entry(name, text, resolver, 0);
            };
            thread.spawn_scoped(scope, work).map_err(|_| ()).and_then(|thread| thread.join().map_err(|_| ()))
        });
        match (outcome, self.entries.get(name)) {
            (Ok(()), Some(entry)) => entry.report.clone(),
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

    fn check_entry(&mut self, name: &str, text: &[u8], resolver: &mut dyn Resolver, depth: u32) -> u64 {
        let hash = self.hash(text);
        if let Some(entry) = self.entries.get(name) {
            if entry.busy {
                return 0;
            }
            if entry.hash == hash {
                let imports: Vec<(String, u64)> = entry.imports.clone();
                if self.imports_unchanged(name, &imports, resolver, depth)
                    && let Some(entry) = self.entries.get_mut(name)
                {
                    entry.report.fresh = false;
                    return entry.interface;
                }
            }
        }
        let blank = Entry {
            hash,
            report: Report::default(),
            module: Module { export: Ty::DYN, types: Map::default(), complete: false },
            interface: 0,
            imports: Vec::new(),
            busy: true,
        };
        self.entries.insert(name.to_owned(), blank);
        let entry = self.check_text(name, text, hash, resolver, depth);
        let interface = entry.interface;
        self.entries.insert(name.to_owned(), entry);
        interface
    }

    /// Whether everything a chunk requires still offers what it did.
    fn imports_unchanged(
        &mut self,
        name: &str,
        imports: &[(String, u64)],
        resolver: &mut dyn Resolver,
        depth: u32,
    ) -> bool {
        if imports.is_empty() || depth > REQUIRE_DEPTH {
            return true;
        }
        if let Some(entry) = self.entries.get_mut(name) {
            entry.busy = true;
        }
        let mut same = true;
        for (import, interface) in imports {
            // The spelled name and the name of the chunk are kept together, separated by a zero.
            let spelled = import.split('\0').next().unwrap_or_default();
            if let Resolution::Chunk { name: target, text } = resolver.resolve(name, spelled) {
                let now = self.check_entry(&target, &text, resolver, depth + 1);
                same &= now == *interface;
            }
        }
        if let Some(entry) = self.entries.get_mut(name) {
            entry.busy = false;
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
                let shared = super::Shared {
                    globals: &self.globals,
                    environment_types: &self.environment_types,
                    modules: &modules,
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
                entry.interface = self.interface(&entry.module);
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
                    if let Some(module) = self.host_modules.get(&symbol) {
                        modules.insert(symbol, module.clone());
                    }
                }
                Resolution::Undeclared => diagnostics.push(Diagnostic {
                    code: Code::E0026,
                    span: Span { ..span },
                    message: format!(
                        "require(\"{spelled}\") is not declared in _index.yaml imports or modules"
                    ),
                    help: None,
                }),
                Resolution::Chunk { .. } if depth >= REQUIRE_DEPTH => {}
                Resolution::Chunk { name: target, text } => {
                    // The tree of this chunk is in use: the required one gets an arena of its own.
                    let interface = self.check_entry(&target, &text, resolver, depth + 1);
                    entry.imports.push((format!("{spelled}\0{target}"), interface));
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

    /// A number that changes when what a module offers does: its exported values and types, written out.
    fn interface(&self, module: &Module) -> u64 {
        let mut hasher = foldhash::fast::FixedState::default().build_hasher();
        let mut seen: Vec<Ty> = Vec::new();
        let mut roots: Vec<(u32, Ty)> = vec![(0, module.export)];
        let mut types: Vec<(Symbol, u32)> = module.types.iter().map(|(&a, &b)| (a, b)).collect();
        types.sort_unstable();
        for (symbol, number) in types {
            roots.push((symbol.0, self.types.definitions[number as usize].body));
        }
        for (label, root) in roots {
            hasher.write_u32(label);
            let mut pending = vec![root];
            let mut steps = 0;
            while let Some(ty) = pending.pop() {
                steps += 1;
                if steps > 100_000 || ty == Ty::NONE {
                    continue;
                }
                if let Some(at) = seen.iter().rev().take(64).position(|&known| known == ty) {
                    hasher.write_usize(at);
                    continue;
                }
                self.write_node(ty, &mut hasher, &mut pending, &mut seen);
            }
        }
        hasher.finish()
    }

    fn write_node(&self, ty: Ty, hasher: &mut impl Hasher, pending: &mut Vec<Ty>, seen: &mut Vec<Ty>) {
        match self.types.node(ty) {
            Node::Basic => hasher.write_u32(ty.0),
            Node::Integer(value) => hasher.write_i64(*value),
            Node::Float(bits) => hasher.write_u64(*bits),
            Node::String(symbol) => hasher.write_u64(u64::from(symbol.0) + (1 << 40)),
            Node::Array { element, readonly } => {
                hasher.write_u8(1 + u8::from(*readonly));
                pending.push(*element);
            }
            Node::Map { key, value, readonly } => {
                hasher.write_u8(3 + u8::from(*readonly));
                pending.extend([*key, *value]);
            }
            Node::Record(record) => {
                hasher.write_u8(5 + u8::from(record.readonly));
                for field in &record.fields {
                    hasher.write_u32(
                        field.name.0 * 4 + u32::from(field.optional) * 2 + u32::from(field.readonly),
                    );
                    pending.push(field.ty);
                }
                if let Some((key, value)) = record.indexer {
                    pending.extend([key, value]);
                }
            }
            Node::Function(function) => {
                hasher.write_u8(7);
                hasher.write_usize(function.generics.len());
                for parameter in &function.parameters {
                    hasher.write_u32(parameter.name.map_or(0, |name| name.0));
                    pending.push(parameter.ty);
                }
                pending.extend(function.vararg);
                let pack = match &function.result {
                    Returns::Declared(pack) => Some(pack),
                    Returns::Inferred(number) => match self.types.inferred.get(*number as usize) {
                        Some(Inferred::Known(pack)) => Some(pack),
                        _ => None,
                    },
                    Returns::Unknown => None,
                };
                if let Some(pack) = pack {
                    hasher.write_usize(pack.items.len());
                    pending.extend(pack.items.iter());
                    pending.extend(pack.tail);
                }
            }
            Node::Union(list) | Node::Intersection(list) => {
                hasher.write_u8(8);
                hasher.write_usize(list.len());
                pending.extend(list.iter());
            }
            Node::Parameter(number) => {
                hasher.write_u8(9);
                let info = &self.types.parameters[*number as usize];
                hasher.write_u32(info.name.0);
                pending.extend(info.bound);
            }
            Node::Named(number, arguments) => {
                hasher.write_u8(10);
                let definition = &self.types.definitions[*number as usize];
                hasher.write_u32(definition.name.0);
                seen.push(ty);
                pending.extend(arguments.iter());
                pending.push(definition.body);
            }
            Node::Shape(number) => {
                hasher.write_u8(11);
                seen.push(ty);
                let shape = &self.types.shapes[*number as usize];
                hasher.write_u8(u8::from(shape.open));
                for &(name, ty) in &shape.fields {
                    hasher.write_u32(name.0);
                    pending.push(ty);
                }
                pending.extend(shape.element);
                pending.extend(shape.metatable);
            }
            Node::TypeValue(inner) => {
                hasher.write_u8(12);
                pending.push(*inner);
            }
        }
    }
}
