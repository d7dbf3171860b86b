//! The modules that `require` finds without a file: one table, from which scripts take any and applications what they
//! list.
//!
//! A module is built when an interpreter first asks for it; one that nobody asks for costs nothing. Invariant: a module
//! has one value per interpreter.

use wippy_vm::{Context, Library, Result, Table, Value};

use crate::{base64, crypto, hash, json, logger, payload, system, terminal, time, types, uuid, yaml};

/// A built-in module.
pub struct Module {
    /// Name for `require`, and of the global that an application's entry sees.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What applications may select modules by: `deterministic`, `encoding`, `io`, `time`, ...
    pub classes: &'static [&'static str],
    /// Its functions, and the methods of its objects.
    pub libraries: &'static [&'static Library],
    /// Makes its value.
    pub build: for<'gc> fn(&mut Context<'gc>) -> Result<Value<'gc>>,
}

/// Every built-in module of this build, by name: none without the feature `modules`.
pub static MODULES: &[Module] = if cfg!(feature = "modules") { ALL } else { &[] };

const ALL: &[Module] = &[
    Module {
        name: "base64",
        summary: "bytes as text of 64 letters",
        classes: &["encoding", "deterministic"],
        libraries: base64::LIBRARIES,
        build: base64::build,
    },
    Module {
        name: "crypto",
        summary: "random bytes, keyed digests, keys from passwords",
        classes: &["security", "nondeterministic"],
        libraries: crypto::LIBRARIES,
        build: crypto::build,
    },
    Module {
        name: "hash",
        summary: "digests, with and without a secret",
        classes: &["encoding", "security", "deterministic"],
        libraries: hash::LIBRARIES,
        build: hash::build,
    },
    Module {
        name: "io",
        summary: "the terminal of a process",
        classes: &["io"],
        libraries: terminal::LIBRARIES,
        build: terminal::build,
    },
    Module {
        name: "json",
        summary: "JSON text and Lua values",
        classes: &["encoding", "deterministic"],
        libraries: json::LIBRARIES,
        build: json::build,
    },
    Module {
        name: "logger",
        summary: "structured log lines",
        classes: &["io"],
        libraries: logger::LIBRARIES,
        build: logger::build,
    },
    Module {
        name: "payload",
        summary: "values with their formats",
        classes: &["encoding", "deterministic"],
        libraries: payload::LIBRARIES,
        build: payload::build,
    },
    Module {
        name: "system",
        summary: "memory, processors, hosts and services of the runtime",
        classes: &["nondeterministic"],
        libraries: system::LIBRARIES,
        build: system::build,
    },
    Module {
        name: "time",
        summary: "durations, points in time, zones, timers",
        classes: &["time", "nondeterministic"],
        libraries: time::LIBRARIES,
        build: time::build,
    },
    Module {
        name: "types",
        summary: "types made of JSON Schemas",
        classes: &["deterministic"],
        libraries: types::LIBRARIES,
        build: types::build,
    },
    Module {
        name: "uuid",
        summary: "identifiers of 128 bits",
        classes: &["nondeterministic", "workflow"],
        libraries: uuid::LIBRARIES,
        build: uuid::build,
    },
    Module {
        name: "yaml",
        summary: "YAML text and Lua values",
        classes: &["encoding", "deterministic"],
        libraries: yaml::LIBRARIES,
        build: yaml::build,
    },
];

/// The module of a name.
pub fn find(name: &[u8]) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name.as_bytes() == name)
}

impl Module {
    /// Its value in this interpreter, made now if it was not asked for before.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn load<'gc>(&self, cx: &mut Context<'gc>) -> Result<Value<'gc>> {
        let registry = cx.registry();
        let modules = match cx.field(registry, MADE) {
            Value::Table(modules) => modules,
            _ => {
                let modules = cx.table(0, 4)?;
                cx.set_field(registry, MADE, modules)?;
                modules
            }
        };
        let made = cx.field(modules, self.name);
        if !made.is_nil() {
            return Ok(made);
        }
        let value = (self.build)(cx)?;
        cx.set_field(modules, self.name, value)?;
        Ok(value)
    }
}

/// Where the registry keeps the modules that were made.
const MADE: &str = "_MODULES";

/// Makes the table of a module from its rows; the caller adds what is no function and freezes it.
pub(crate) fn table<'gc>(
    cx: &mut Context<'gc>,
    library: &'static Library,
    constants: usize,
) -> Result<Table<'gc>> {
    let table = cx.table(0, library.functions.len() + constants)?;
    library.install(cx, table)?;
    Ok(table)
}
