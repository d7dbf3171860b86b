//! Bringing a program up inside its interpreter: libraries first, then the entry's chunk, then its function.
//!
//! One native in steps, so that chunks run as all Lua code does. Invariant: an import is evaluated once per interpreter
//! and before whoever imports it; each chunk sees only its own names.

use std::sync::Arc;

use wippy_runtime::Linger;
use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Context, Library, Native, Outcome, Parcel, Result, Resume, Table, Then, Value, library};

use super::functions::CallResult;
use super::globals;
use super::home::Home;
use super::unit::{Bundle, Unit};
use crate::http;
use crate::imports::Target;

static LIBRARY: Library = library!(
    "app",
    [
        ("load", load, "() -> any"),
        ("warm", warm, "() -> ()"),
        ("call", call, "(...any) -> (...any)"),
        ("answer", answer, "() -> (...any)"),
    ]
);

/// Registry keys: values of libraries by ID, and the entry function.
const VALUES: &str = "_IMPORTS";
const ENTRY: &str = "_ENTRY";

/// The native that evaluates all chunks; it answers the entry's function.
pub fn loader() -> &'static Native {
    &LIBRARY.functions[0]
}

/// The native that evaluates all chunks and keeps the entry's function for [`caller`].
pub fn warmer() -> &'static Native {
    &LIBRARY.functions[1]
}

/// The native that calls the entry's function with its arguments; it keeps the function for its next call.
pub fn caller() -> &'static Native {
    &LIBRARY.functions[2]
}

/// The same without arguments, for a call that answers a request: what the function returns becomes JSON if that is its
/// answer.
pub fn answerer() -> &'static Native {
    &LIBRARY.functions[3]
}

fn bundle_of(cx: &mut Context<'_>) -> Result<Arc<Bundle>> {
    match cx.host::<Home>() {
        Some(home) => Ok(Arc::clone(&home.bundle)),
        None => Err(wippy_vm::Error::message("this interpreter belongs to no entry")),
    }
}

fn load(cx: &mut Context<'_>) -> Result<Outcome> {
    let bundle = bundle_of(cx)?;
    // The registry is shared with all interpreters until something is written to it.
    if !bundle.libraries.is_empty() {
        let registry = cx.registry();
        let values = cx.table(0, bundle.libraries.len())?;
        cx.set_field(registry, VALUES, values)?;
    }
    own_modules(cx, &bundle)?;
    next(cx, Loading { bundle, at: 0 })
}

struct Loading {
    bundle: Arc<Bundle>,
    /// How many chunks have been started.
    at: usize,
}

/// Starts the next chunk.
fn next(cx: &mut Context<'_>, mut loading: Loading) -> Result<Outcome> {
    cx.truncate(0);
    let registry = cx.registry();
    let values = match cx.field(registry, VALUES) {
        Value::Table(values) => values,
        _ => cx.table(0, 0)?,
    };
    let (unit, own) = match loading.bundle.libraries.get(loading.at) {
        Some(unit) => (Arc::clone(unit), false),
        None => (Arc::clone(&loading.bundle.main), true),
    };
    let chunk = cx.load_program(&unit.program);
    if own {
        own_names(cx, &unit, values)?;
    } else {
        let environment = library_environment(cx, &unit, values)?;
        cx.set_closure_upvalue(chunk, 1, environment.into());
    }
    loading.at += 1;
    cx.push(chunk);
    Ok(cx.catching_call(0, Then::Resume(Box::new(loading))))
}

impl Resume for Loading {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let value = cx.get(cx.results());
        if cx.call_failed() {
            let failure = errors::failure_of(cx, value)?;
            let message = [b"failed to execute script: ", failure.message()].concat();
            return Err(raise(cx, ErrorValue::new(Kind::INTERNAL, message)));
        }
        match self.bundle.libraries.get(self.at - 1) {
            Some(unit) => {
                if self.bundle.names_types() {
                    cx.keep_types(unit.entry.id.as_str().as_bytes(), &unit.types)?;
                }
                let registry = cx.registry();
                if let Value::Table(values) = cx.field(registry, VALUES) {
                    let id = cx.string(unit.entry.id.as_str().as_bytes())?;
                    // A library that returns nothing is there all the same.
                    let value = if value.is_nil() { Value::Boolean(true) } else { value };
                    cx.raw_set(values, id, value)?;
                }
                next(cx, *self)
            }
            None => entry(cx, &self.bundle, value),
        }
    }
}

/// Finds the entry's function in what its chunk returned.
fn entry<'gc>(cx: &mut Context<'gc>, bundle: &Bundle, value: Value<'gc>) -> Result<Outcome> {
    let method = bundle.method.as_deref().unwrap_or("main");
    let function = match value {
        function if function.is_function() => function,
        Value::Table(table) => {
            let key = cx.string(method.as_bytes())?;
            table.get(key.into())
        }
        _ => Value::Nil,
    };
    if !function.is_function() {
        let message = format!("method \"{method}\" not found in module");
        return Err(raise(cx, ErrorValue::new(Kind::NOT_FOUND, message)));
    }
    Ok(cx.returns(function))
}

fn raise(cx: &mut Context<'_>, error: ErrorValue) -> wippy_vm::Error {
    match errors::object(cx, error) {
        Ok(object) => cx.throw(object),
        Err(error) => error,
    }
}

/// Calls the function that `load` found, with all arguments.
fn warm(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(0);
    cx.push(Value::Native(loader()));
    Ok(cx.call(0, Then::Step(keep)))
}

/// Keeps the function that was answered.
fn keep(cx: &mut Context<'_>) -> Result<Outcome> {
    let (registry, function) = (cx.registry(), cx.get(cx.results()));
    cx.set_field(registry, ENTRY, function)?;
    Ok(cx.returns_none())
}

fn call(cx: &mut Context<'_>) -> Result<Outcome> {
    begin(cx, || Box::new(Returned))
}

fn answer(cx: &mut Context<'_>) -> Result<Outcome> {
    begin(cx, || Box::new(Answered))
}

/// Makes what goes on when the entry's function has returned.
type Behind = fn() -> Box<dyn Resume>;

fn begin(cx: &mut Context<'_>, behind: Behind) -> Result<Outcome> {
    let registry = cx.registry();
    let function = cx.field(registry, ENTRY);
    if function.is_function() {
        let count = cx.len();
        cx.insert(1, function);
        return Ok(cx.call(count, Then::Resume(behind())));
    }
    // First call of this interpreter: everything is loaded first, the arguments wait below.
    let arguments = cx.len();
    cx.push(Value::Native(loader()));
    Ok(cx.call(0, Then::Resume(Box::new(Loaded { arguments, behind }))))
}

struct Loaded {
    arguments: usize,
    behind: Behind,
}

impl Resume for Loaded {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let function = cx.get(self.arguments + 1);
        let registry = cx.registry();
        cx.set_field(registry, ENTRY, function)?;
        cx.truncate(self.arguments);
        cx.insert(1, function);
        Ok(cx.call(self.arguments, Then::Resume((self.behind)())))
    }
}

/// The function of an endpoint has returned. A value is its answer unless it has given another.
struct Answered;

impl Resume for Answered {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let first = cx.results();
        let value = cx.get(first);
        if value.is_nil() || is_failure(cx.get(first + 1)) || !http::wants_value(cx) {
            return Box::new(Returned).resume(cx);
        }
        cx.truncate(0);
        cx.push(Value::Native(wippy_stdlib::json::encoder()));
        cx.push(value);
        // A value that is no JSON fails as a function does.
        Ok(cx.call(1, Then::Resume(Box::new(Returned))))
    }
}

/// Whether a second result says that the function has failed.
fn is_failure(second: Value<'_>) -> bool {
    matches!(second, Value::String(_)) || errors::error_of(second).is_some()
}

/// The entry's function has returned. Its result does not wait for coroutines that it has left behind.
struct Returned;

impl Resume for Returned {
    fn resume(self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let first = cx.results();
        if !cx.has_company() {
            return Ok(cx.returns_top(cx.len() + 1 - first));
        }
        let result = result_of(cx, first);
        Ok(cx.operation(Box::new(Linger(result)), Then::Return))
    }
}

/// What an entry function came to whose results are the slots from `first` on.
pub(super) fn result_of(cx: &mut Context<'_>, first: usize) -> CallResult {
    let memory = |error: wippy_vm::Error| ErrorValue::internal(error.to_string());
    let second = cx.get(first + 1);
    if is_failure(second) {
        return Err(errors::failure_of(cx, second).unwrap_or_else(memory));
    }
    let mut parcel = Parcel::new();
    let first = cx.get(first);
    cx.pack_value(&mut parcel, first).map_err(memory)?;
    Ok(parcel)
}

/// Adds the modules that cannot be shared to the names and globals of the entry's chunk.
fn own_modules(cx: &mut Context<'_>, bundle: &Bundle) -> Result<()> {
    if bundle.own_modules.is_empty() {
        return Ok(());
    }
    let (globals, registry) = (cx.globals(), cx.registry());
    let names = cx.table(0, bundle.main.names.targets.len())?;
    if let Value::Table(shared) = cx.field(registry, globals::NAMES) {
        let mut key = Value::Nil;
        while let Ok(Some((next, value))) = shared.next(key) {
            cx.raw_set(names, next, value)?;
            key = next;
        }
    }
    for name in &bundle.own_modules {
        let module = super::modules::load(cx, name)?;
        let key = cx.string(name.as_bytes())?;
        cx.raw_set(names, key, module)?;
        cx.raw_set(globals, key, module)?;
    }
    cx.set_field(registry, globals::NAMES, names)
}

/// Adds what the entry imports to its names and globals; modules are in the image already.
fn own_names<'gc>(cx: &mut Context<'gc>, unit: &Unit, values: Table<'gc>) -> Result<()> {
    let (globals, registry) = (cx.globals(), cx.registry());
    let mut added = Vec::new();
    for (alias, target) in &unit.names.targets {
        match target {
            Target::Entry(_) => added.push((alias, target)),
            Target::Module(name) if name != alias => added.push((alias, target)),
            Target::Module(_) => {}
        }
    }
    if added.is_empty() {
        return Ok(());
    }
    let names = cx.table(0, unit.names.targets.len())?;
    if let Value::Table(shared) = cx.field(registry, globals::NAMES) {
        // An alias of something else hides the module of that name.
        for name in unit.names.targets.keys() {
            let key = cx.string(name.as_bytes())?;
            let module = shared.get(key.into());
            if !module.is_nil() {
                cx.raw_set(names, key, module)?;
            }
        }
        for (alias, target) in added {
            let value = value_of(cx, target, values, shared)?;
            let key = cx.string(alias.as_bytes())?;
            cx.raw_set(names, key, value)?;
            cx.raw_set(globals, key, value)?;
        }
    }
    cx.set_field(registry, globals::NAMES, names)
}

fn value_of<'gc>(
    cx: &mut Context<'gc>,
    target: &Target,
    values: Table<'gc>,
    modules: Table<'gc>,
) -> Result<Value<'gc>> {
    let (table, name) = match target {
        Target::Entry(id) => (values, id.text()),
        Target::Module(name) => (modules, Arc::clone(name)),
    };
    let key = cx.string(name.as_bytes())?;
    let value = table.get(key.into());
    match target {
        Target::Module(name) if value.is_nil() => super::modules::load(cx, name),
        _ => Ok(value),
    }
}

/// The globals of a library's chunk: its own names and variables, and what every program has.
fn library_environment<'gc>(cx: &mut Context<'gc>, unit: &Unit, values: Table<'gc>) -> Result<Table<'gc>> {
    let registry = cx.registry();
    let environment = cx.table(0, unit.names.targets.len() + 4)?;
    let names = cx.table(0, unit.names.targets.len())?;
    let known = match cx.field(registry, globals::NAMES) {
        Value::Table(known) => known,
        _ => cx.table(0, 0)?,
    };
    for (alias, target) in &unit.names.targets {
        let value = value_of(cx, target, values, known)?;
        let key = cx.string(alias.as_bytes())?;
        cx.raw_set(names, key, value)?;
        cx.raw_set(environment, key, value)?;
    }
    let require = globals::require_of(cx, names, unit.entry.id.as_str())?;
    cx.set_field(environment, "require", require)?;
    cx.set_field(environment, "_G", environment)?;
    if let Value::Table(meta) = cx.field(registry, globals::BASE) {
        cx.set_metatable(environment.into(), Some(meta));
    }
    Ok(environment)
}
