//! What programs find around them: globals, libraries and modules, as texts of types.
//!
//! The embedder lists them; nothing is built in here. Invariant: a signature that does not parse makes its name `any`,
//! never a failure.

use wippy_parser::ast::StatementKind;
use wippy_parser::{Bump, LineIndex, Symbol};

use super::Checker;
use super::resolve::resolve;
use super::session::{Module, Options, Session};
use super::types::{Builtin, Field, Function, Map, Node, Ty};

/// The names programs see, with their types.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Type declarations, in the language itself, that every chunk sees.
    declarations: String,
    /// Libraries of which everything is listed.
    complete: Vec<String>,
    /// Library and type declared above that is also found as `library.Type`.
    qualified: Vec<(String, String)>,
    /// Path (`print`, `string.rep`) and type.
    globals: Vec<(String, String)>,
    /// Module, path inside it, type.
    modules: Vec<(String, String, String)>,
}

impl Environment {
    /// Nothing at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// A global, or a function of a library (`string.rep`), of a type.
    #[must_use]
    pub fn global(mut self, path: &str, ty: &str) -> Self {
        self.globals.push((path.to_owned(), ty.to_owned()));
        self
    }

    /// Says that all of a library is listed: what is not is probably a mistake.
    #[must_use]
    pub fn complete(mut self, library: &str) -> Self {
        self.complete.push(library.to_owned());
        self
    }

    /// A field of a module that `require(module)` gives, of a type.
    #[must_use]
    pub fn module(mut self, module: &str, field: &str, ty: &str) -> Self {
        self.modules.push((module.to_owned(), field.to_owned(), ty.to_owned()));
        self
    }

    /// Types that every chunk may name: `type Pid = string …`.
    #[must_use]
    pub fn declare(mut self, declarations: &str) -> Self {
        self.declarations.push_str(declarations);
        self.declarations.push('\n');
        self
    }

    /// One type, `type Channel<T> = …`, that every chunk may also name as `library.Channel`.
    #[must_use]
    pub fn declare_in(mut self, library: &str, declaration: &str) -> Self {
        let name = declaration.trim_start().trim_start_matches("type ");
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        self.qualified.push((library.to_owned(), name[..end].to_owned()));
        self.declare(declaration)
    }
}

const PREFIX: &str = "__row_";

impl Session {
    pub(super) fn install(&mut self, environment: &Environment) {
        let rows: Vec<(&str, &str)> = environment
            .globals
            .iter()
            .map(|(path, ty)| (path.as_str(), ty.as_str()))
            .chain(environment.modules.iter().map(|(_, field, ty)| (field.as_str(), ty.as_str())))
            .collect();
        let types = self.row_types(&environment.declarations, &rows);
        let mut qualified: Map<&str, Map<Symbol, u32>> = Map::default();
        for (library, name) in &environment.qualified {
            let name = self.interner().intern(name.as_bytes());
            if let Some(number) = self.environment_type(name) {
                qualified.entry(library).or_default().insert(name, number);
            }
        }
        let mut libraries: Vec<(String, Vec<Field>)> = Vec::new();
        for (at, (path, _)) in environment.globals.iter().enumerate() {
            let ty = self.marked(types[at], path);
            match path.split_once('.') {
                None => {
                    let symbol = self.interner().intern(path.as_bytes());
                    self.set_global(symbol, ty);
                }
                Some((library, name)) => {
                    let name = self.interner().intern(name.as_bytes());
                    let field = Field { name, ty, optional: false, readonly: false };
                    match libraries.iter_mut().find(|it| it.0 == library) {
                        Some(known) => known.1.push(field),
                        None => libraries.push((library.to_owned(), vec![field])),
                    }
                }
            }
        }
        for (library, fields) in libraries {
            let symbol = self.interner().intern(library.as_bytes());
            let ty = self.types_mut().record(fields, Some((Ty::ANY, Ty::DYN)), false);
            // Programs add to libraries; what is not listed is simply not known.
            if library == "string" {
                let closed = match self.types_mut().node(ty).clone() {
                    Node::Record(record) => self.types_mut().record(record.fields.clone(), None, false),
                    _ => ty,
                };
                self.types_mut().string_fields = closed;
            }
            // Methods of values, not tables that programs see.
            if library == "error" || library == "type" {
                let closed = match self.types_mut().node(ty).clone() {
                    Node::Record(record) => self.types_mut().record(record.fields.clone(), None, false),
                    _ => ty,
                };
                match library.as_str() {
                    "error" => self.types_mut().error_fields = closed,
                    _ => self.types_mut().type_fields = closed,
                }
                continue;
            }
            self.types_mut().libraries.insert(ty);
            if environment.complete.contains(&library) {
                self.types_mut().complete.insert(ty);
            }
            self.set_global(symbol, ty);
        }
        let mut modules: Vec<(String, Vec<Field>)> = Vec::new();
        for (at, (module, field, _)) in environment.modules.iter().enumerate() {
            let ty = self.marked(types[environment.globals.len() + at], "");
            let name = self.interner().intern(field.as_bytes());
            let field = Field { name, ty, optional: false, readonly: false };
            match modules.iter_mut().find(|it| it.0 == *module) {
                Some(known) => known.1.push(field),
                None => modules.push((module.clone(), vec![field])),
            }
        }
        for (module, fields) in modules {
            let symbol = self.interner().intern(module.as_bytes());
            // A module has more than functions; what is not listed is simply not known.
            let export = self.types_mut().record(fields, Some((Ty::ANY, Ty::DYN)), false);
            self.types_mut().libraries.insert(export);
            let types = qualified.get(module.as_str()).cloned().unwrap_or_default();
            self.set_host_module(symbol, Module { export, types, complete: true });
        }
    }

    /// A function of the environment knows that it is one.
    fn marked(&mut self, ty: Ty, path: &str) -> Ty {
        match self.types_mut().node(ty).clone() {
            Node::Function(function) => {
                let builtin = Builtin::from_path(path);
                let function = Function { builtin, ..Function::clone(&function) };
                self.types_mut().function(function)
            }
            _ => ty,
        }
    }

    /// The types that texts describe, in the scope of some declarations.
    pub(super) fn row_types(&mut self, declarations: &str, rows: &[(&str, &str)]) -> Vec<Ty> {
        let mut source = declarations.to_owned();
        let mut usable = Vec::with_capacity(rows.len());
        for (at, (_, ty)) in rows.iter().enumerate() {
            let row = format!("type {PREFIX}{at} = {ty}\n");
            let parses = wippy_parser::parse(row.as_bytes(), &Bump::new(), self.interner()).is_ok();
            usable.push(parses);
            if parses {
                source.push_str(&row);
            }
        }
        let arena = Bump::new();
        let mut types = vec![Ty::DYN; rows.len()];
        let Ok(chunk) = wippy_parser::parse(source.as_bytes(), &arena, self.interner()) else { return types };
        let lines = LineIndex::new(source.as_bytes());
        let names = std::rc::Rc::new(resolve(&chunk, self.interner().len()));
        let modules = Map::default();
        let (globals, environment_types) = (Map::default(), Map::default());
        let (types_of_session, interner) = self.parts();
        let shared = super::Shared {
            globals: &globals,
            environment_types: &environment_types,
            modules: &modules,
            host_modules: &modules,
            source: source.as_bytes(),
            lines: &lines,
        };
        let mut checker = Checker::new(types_of_session, interner, shared, names);
        checker.of_environment = true;
        checker.declare_types();
        let (base, names) = (checker.definition_base, std::rc::Rc::clone(&checker.names));
        drop(checker);
        let mut declared: Vec<(Symbol, u32)> = Vec::new();
        for (at, statement) in chunk.block.statements.iter().enumerate() {
            let _ = at;
            let name = match statement.kind {
                StatementKind::TypeAlias(alias) => alias.name,
                StatementKind::Interface(interface) => interface.name,
                _ => continue,
            };
            let super::names::Meaning::Definition(number) = names.at(name.span.start) else { continue };
            let text = super::show::text(self.interner(), name.symbol);
            match text.strip_prefix(PREFIX).and_then(|rest| rest.parse::<usize>().ok()) {
                Some(row) if row < types.len() => {
                    types[row] = self.types_mut().definitions[(base + number) as usize].body;
                }
                _ => declared.push((name.symbol, base + number)),
            }
        }
        for (symbol, number) in declared {
            self.set_environment_type(symbol, number);
        }
        types
    }
}

impl Options {
    /// Everything on.
    pub fn all() -> Self {
        Self { style: true, strict_any: true, strict_index: true }
    }
}
