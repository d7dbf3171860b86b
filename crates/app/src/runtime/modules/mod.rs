//! Modules that belong to applications, in one table beside that of the standard library.
//!
//! Invariant: `load` knows every name that an entry may list; what this release does not carry out is a table whose
//! functions fail with kind UNAVAILABLE.

mod contract;
mod env;
mod events;
mod executor;
mod funcs;
mod registry;
mod security;

use wippy_stdlib::logger;
use wippy_stdlib::modules::{self as standard, Module};
use wippy_vm::{Context, Library, Outcome, Result, Table, Value, library};

use super::globals::unavailable;

pub use events::{Listeners, publish};

/// THE table of modules of applications, beside those of the standard library.
pub static MODULES: &[Module] = &[
    Module {
        name: "contract",
        summary: "what entries promise, and calls by promise",
        classes: &["services"],
        libraries: contract::LIBRARIES,
        build: contract::build,
    },
    Module {
        name: "ctx",
        summary: "values that were set on the way to a program",
        classes: &["context"],
        libraries: &[&wippy_runtime::CTX],
        build: ctx,
    },
    Module {
        name: "env",
        summary: "declared variables",
        classes: &["nondeterministic"],
        libraries: env::LIBRARIES,
        build: env::build,
    },
    Module {
        name: "events",
        summary: "publishing events, and hearing of them",
        classes: &["services"],
        libraries: events::LIBRARIES,
        build: events::build,
    },
    Module {
        name: "funcs",
        summary: "calling functions of other entries",
        classes: &["services"],
        libraries: funcs::LIBRARIES,
        build: funcs::build,
    },
    #[cfg(feature = "http")]
    crate::http::MODULE,
    Module {
        name: "logger",
        summary: "structured log lines",
        classes: &["io"],
        libraries: logger::LIBRARIES,
        build: logger::table,
    },
    Module {
        name: "registry",
        summary: "entries, their versions, and changes to them",
        classes: &["services"],
        libraries: registry::LIBRARIES,
        build: registry::build,
    },
    Module {
        name: "security",
        summary: "actors, scopes and policies",
        classes: &["security"],
        libraries: security::LIBRARIES,
        build: security::build,
    },
    Module {
        name: "stream",
        summary: "objects that others hand out",
        classes: &["io"],
        libraries: &[],
        build: stream,
    },
];

/// The names that are carried out by this crate, for reports.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|module| module.name)
}

/// Whether a module does something in this release.
pub fn is_carried_out(name: &str) -> bool {
    MODULES.iter().any(|module| module.name == name)
        || standard::find(name.as_bytes()).is_some()
        || crate::modules::AMBIENT.contains(&name)
}

/// The value of a module.
///
/// # Errors
/// When the memory limit would be passed.
pub(super) fn load<'gc>(cx: &mut Context<'gc>, name: &str) -> Result<Value<'gc>> {
    if let Some(module) = MODULES.iter().find(|module| module.name == name) {
        return (module.build)(cx);
    }
    if let Some(module) = standard::find(name.as_bytes()) {
        return module.load(cx);
    }
    if crate::modules::AMBIENT.contains(&name) {
        let globals = cx.globals();
        let found = cx.field(globals, name);
        if !found.is_nil() {
            return Ok(found);
        }
    }
    absent(cx)
}

/// Globals that every program has without listing them.
pub(super) fn ambient<'gc>(cx: &mut Context<'gc>, globals: Table<'gc>) -> Result<()> {
    wippy_runtime::open(cx)?;
    wippy_runtime::GLOBALS.install(cx, globals)?;
    let payload = wippy_stdlib::payload::build(cx)?;
    cx.set_field(globals, "payload", payload)
}

static ABSENT: Library = library!("module", [("__index", index, "(module: any, name: any) -> any")]);
static FAILING: Library = library!("module", [("unavailable", failing, "(...any) -> (any, any)")]);

/// `ctx`: the values that `with_context` set on the way to this program.
fn ctx<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    Ok(Value::Table(wippy_runtime::ctx_module(cx)?))
}

/// `stream`: objects only, which others hand out; nothing to call.
fn stream<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = cx.table(0, 0)?;
    table.freeze();
    Ok(Value::Table(table))
}

/// A module of a later release: every function of it fails.
fn absent<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = cx.table(0, 0)?;
    let meta = cx.table(0, 2)?;
    ABSENT.install(cx, meta)?;
    cx.set_field(meta, "__metatable", false)?;
    cx.set_metatable(table.into(), Some(meta));
    Ok(Value::Table(table))
}

fn index(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(cx.returns(Value::Native(&FAILING.functions[0])))
}

fn failing(cx: &mut Context<'_>) -> Result<Outcome> {
    unavailable(cx)
}

/// Makes the table of a module.
fn table<'gc>(cx: &mut Context<'gc>, library: &'static Library) -> Result<Value<'gc>> {
    let table = cx.table(0, library.functions.len())?;
    library.install(cx, table)?;
    table.freeze();
    Ok(Value::Table(table))
}
