//! `require` and `package` (Lua 5.3 manual, section 6.3).
//!
//! No native libraries: what would load one says that it cannot. Invariant: the tables that the library works with
//! are those in the registry (`_LOADED`, `_PRELOAD`, `_PACKAGE`), whatever happens to the globals.

mod search;
pub mod source;

use wippy_vm::compile::{is_relative_module, relative_module};
use wippy_vm::{
    Closure, Context, Error, ErrorKind, Library, LoadMode, Native, Outcome, Result, Resume, Table, Then,
    Value, library,
};

use crate::{host, modules};

/// The functions of `package`.
pub static LIBRARY: Library = library!(
    "package",
    [
        /// Always fails: there are no libraries in C.
        ("loadlib", loadlib, "(path: string, name: string) -> (any, string?, string?)"),
        /// The first file that a search path finds for a name.
        (
            "searchpath",
            searchpath,
            "(name: string, path: string, sep: string?, rep: string?) -> (string?, string?)"
        ),
    ]
);

/// The global functions of this section of the manual.
pub static GLOBALS: Library = library!(
    "_G",
    [
        /// The module of a name, loaded when it is first asked for.
        ("require", require, "(name: string) -> any"),
    ]
);

/// Where a module is looked for whose name is a path.
const TEMPLATES: &[u8] = b"?.lua;?/init.lua";

/// The four ways of finding a module, in order.
static SEARCHERS: [Native; 4] = [
    Native { name: "preload", function: search_preloaded, signature: "(name: string) -> any" },
    Native { name: "lua", function: search_lua, signature: "(name: string) -> (any, any)" },
    Native { name: "c", function: search_native, signature: "(name: string) -> (any, any)" },
    Native { name: "root", function: search_native_root, signature: "(name: string) -> (any, any)" },
];

/// The loader of built-in modules.
static BUILT_IN: Native =
    Native { name: "builtin", function: load_built_in, signature: "(name: string) -> any" };

const CONFIG: &[u8] = if cfg!(windows) { b"\\\n;\n?\n!\n-\n" } else { b"/\n;\n?\n!\n-\n" };

/// How many modules may wait for one another. Modules that require each other would go on until the memory is full, because
/// each is loaded anew as long as it has not answered.
const MAX_NESTED: usize = 200;

const NO_NATIVE_LIBRARIES: &[u8] = b"dynamic libraries not enabled; check your Lua installation";

/// Makes the table `package` and sets it and `require` in the global environment.
///
/// # Errors
/// When the memory limit would be passed.
pub fn open(cx: &mut Context<'_>) -> Result<()> {
    let package = cx.table(0, 8)?;
    LIBRARY.install(cx, package)?;
    let searchers = cx.table(SEARCHERS.len(), 0)?;
    for (index, searcher) in (1..).zip(&SEARCHERS) {
        cx.raw_set_integer(searchers, index, searcher)?;
    }
    cx.set_field(package, "searchers", searchers)?;
    let registry = cx.registry();
    let loaded = registry_table(cx, registry, "_LOADED")?;
    let preload = registry_table(cx, registry, "_PRELOAD")?;
    cx.set_field(package, "loaded", loaded)?;
    cx.set_field(package, "preload", preload)?;
    cx.set_field(registry, "_PACKAGE", package)?;
    let config = cx.string(CONFIG)?;
    cx.set_field(package, "config", config)?;
    let none = cx.string(b"")?;
    cx.set_field(package, "cpath", none)?;
    set_path(cx, search::DEFAULT_PATH)?;
    cx.set_field(loaded, "package", package)?;
    let globals = cx.globals();
    cx.set_field(globals, "package", package)?;
    GLOBALS.install(cx, globals)
}

/// Sets `package.path` to what `LUA_PATH_5_3` or `LUA_PATH` says, where `;;` stands for `default`, else to `default`.
///
/// # Errors
/// When the memory limit would be passed.
pub fn set_path(cx: &mut Context<'_>, default: &[u8]) -> Result<()> {
    let variable = ["LUA_PATH_5_3", "LUA_PATH"].iter().find_map(std::env::var_os);
    let path = search::from_environment(variable.map(|text| host::bytes(&text)).as_deref(), default);
    let path = cx.string(&path)?;
    match package(cx) {
        Some(package) => cx.set_field(package, "path", path),
        None => Ok(()),
    }
}

fn registry_table<'gc>(
    cx: &mut Context<'gc>,
    registry: Table<'gc>,
    name: &'static str,
) -> Result<Table<'gc>> {
    if let Value::Table(table) = cx.field(registry, name) {
        return Ok(table);
    }
    let table = cx.table(0, 0)?;
    cx.set_field(registry, name, table)?;
    Ok(table)
}

/// The table `package`, as this library made it.
fn package<'gc>(cx: &mut Context<'gc>) -> Option<Table<'gc>> {
    let registry = cx.registry();
    match cx.field(registry, "_PACKAGE") {
        Value::Table(package) => Some(package),
        _ => None,
    }
}

/// A field of `package`; `nil` when the library was not opened.
fn setting<'gc>(cx: &mut Context<'gc>, name: &str) -> Value<'gc> {
    package(cx).map_or(Value::Nil, |package| cx.field(package, name))
}

/// `package.loadlib(path, name)`
fn loadlib(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_string(1)?;
    cx.check_string(2)?;
    let message = cx.string(NO_NATIVE_LIBRARIES)?;
    let place = cx.string(b"absent")?;
    cx.push(Value::Nil);
    cx.push(message);
    cx.push(place);
    Ok(cx.returns_top(3))
}

/// `package.searchpath(name, path [, sep [, rep]])`
fn searchpath(cx: &mut Context<'_>) -> Result<Outcome> {
    // The reference implementation looks at the last argument first.
    let folder =
        cx.optional_string(4)?.map_or(search::FOLDER_SEPARATOR, |text| host::c_text(text.as_bytes()));
    let separator = cx.optional_string(3)?.map_or(&b"."[..], |text| host::c_text(text.as_bytes()));
    let path = host::c_text(cx.check_string(2)?.as_bytes());
    let name = host::c_text(cx.check_string(1)?.as_bytes());
    match search::first_readable(search::candidates(name, path, separator, folder)) {
        Ok(file) => {
            let file = cx.string(&file)?;
            Ok(cx.returns(file))
        }
        Err(message) => {
            let message = cx.string(&message)?;
            cx.push(Value::Nil);
            cx.push(message);
            Ok(cx.returns_top(2))
        }
    }
}

// ---- searchers ----

/// Answers with a searcher's message that says what was tried.
fn not_found(cx: &mut Context<'_>, message: &[u8]) -> Result<Outcome> {
    let message = cx.string(message)?;
    Ok(cx.returns(message))
}

fn search_preloaded(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    let registry = cx.registry();
    let preload = cx.field(registry, "_PRELOAD");
    cx.truncate(0);
    cx.push(name);
    match cx.index(preload, name)? {
        Some(loader) => preloaded(cx, loader),
        None => Ok(cx.call(
            2,
            Then::Step(|cx| {
                let loader = cx.take_result();
                preloaded(cx, loader)
            }),
        )),
    }
}

/// Makes a built-in module, by its name.
fn load_built_in(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    let Some(module) = modules::find(name.as_bytes()) else { return Err(missing(cx, b"")) };
    let module = module.load(cx)?;
    Ok(cx.returns(module))
}

/// Answers with the loader that a program has set, else with that of a built-in module.
fn preloaded<'gc>(cx: &mut Context<'gc>, loader: Value<'gc>) -> Result<Outcome> {
    match (loader, cx.get(1)) {
        (Value::Nil, Value::String(name)) if modules::find(name.as_bytes()).is_some() => {
            Ok(cx.returns(&BUILT_IN))
        }
        (Value::Nil, Value::String(name)) => {
            not_found(cx, &[b"\n\tno field package.preload['", name.as_bytes(), b"']"].concat())
        }
        _ => Ok(cx.returns(loader)),
    }
}

/// The file of a module, by the search path in a field of `package`; or the message of a failed search.
fn find(cx: &mut Context<'_>, name: &[u8], field: &str) -> Result<Result<Vec<u8>, Vec<u8>>> {
    let path = setting(cx, field);
    let Some(path) = cx.coerce_string(path)? else {
        return Err(host::error(cx, format!("'package.{field}' must be a string").as_bytes()));
    };
    Ok(search::first_readable(search::candidates(name, path.as_bytes(), b".", search::FOLDER_SEPARATOR)))
}

fn load_error(cx: &Context<'_>, name: &[u8], file: &[u8], why: &[u8]) -> Error {
    host::error(cx, &[b"error loading module '", name, b"' from file '", file, b"':\n\t", why].concat())
}

fn search_lua(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?.as_bytes();
    match find(cx, name, "path")? {
        Ok(file) => {
            let loader = load(cx, name, &file)?;
            let file = cx.string(&file)?;
            cx.push(loader);
            cx.push(file);
            Ok(cx.returns_top(2))
        }
        Err(message) => not_found(cx, &message),
    }
}

/// The loader of a module in a Lua file.
fn load<'gc>(cx: &mut Context<'gc>, name: &[u8], file: &[u8]) -> Result<Closure<'gc>> {
    let content = source::read(file, cx.longest_source()).map_err(|why| load_error(cx, name, file, &why))?;
    let loaded = cx.load_module(&content, &[b"@", file].concat(), LoadMode::ANY);
    let (loader, types) = loaded.map_err(|error| match error.kind() {
        ErrorKind::Syntax(why) => load_error(cx, name, file, why),
        _ => error,
    })?;
    cx.keep_types(name, &types)?;
    Ok(loader)
}

fn search_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?.as_bytes();
    match find(cx, name, "cpath")? {
        Ok(file) => Err(load_error(cx, name, &file, NO_NATIVE_LIBRARIES)),
        Err(message) => not_found(cx, &message),
    }
}

/// Looks for a native library that would hold a whole tree of modules.
fn search_native_root(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?.as_bytes();
    let Some(dot) = memchr::memchr(b'.', name) else { return Ok(cx.returns_none()) };
    match find(cx, &name[..dot], "cpath")? {
        Ok(file) => Err(load_error(cx, name, &file, NO_NATIVE_LIBRARIES)),
        Err(message) => not_found(cx, &message),
    }
}

// ---- require ----
// Slots: 1 the name under which the module is loaded, 2 the table of loaded modules, 3 the searchers.

/// `require(name)`
fn require(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    let is_relative = is_relative_module(name.as_bytes());
    let name =
        if is_relative { cx.string(&relative_module(&asking_source(cx), name.as_bytes()))? } else { name };
    let registry = cx.registry();
    let loaded = cx.field(registry, "_LOADED");
    cx.truncate(0);
    cx.push(name);
    cx.push(loaded);
    let go_on = if is_relative { find_relative } else { search_for };
    match cx.index(loaded, name)? {
        Some(module) => {
            cx.push(module);
            go_on(cx)
        }
        None => Ok(cx.call(2, Then::Step(go_on))),
    }
}

/// Chunk name of the Lua function that asks for a module; empty if there is none.
fn asking_source(cx: &Context<'_>) -> Vec<u8> {
    let mut level = 1;
    while let Some(activation) = cx.activation(cx.coroutine(), level) {
        if let function @ Value::Closure(_) = activation.function() {
            return cx.function_info(function).source;
        }
        level += 1;
    }
    Vec::new()
}

/// Raises an error if as many modules are being loaded as may wait for one another.
fn refuse_runaway(cx: &Context<'_>) -> Result<()> {
    let activations = (1..).map_while(|level| cx.activation(cx.coroutine(), level));
    let waiting = activations.filter(|activation| {
        matches!(activation.function(), Value::Native(native) if GLOBALS.functions.iter().any(|row| std::ptr::eq(row, native)))
    });
    match waiting.take(MAX_NESTED).count() {
        MAX_NESTED => {
            Err(host::error(cx, b"too many modules wait for one another; do they require themselves?"))
        }
        _ => Ok(()),
    }
}

/// Answers with the loaded module in slot 3, or asks the searchers.
fn search_for(cx: &mut Context<'_>) -> Result<Outcome> {
    let module = cx.get(3);
    if module.is_truthy() {
        return Ok(cx.returns(module));
    }
    refuse_runaway(cx)?;
    let searchers = setting(cx, "searchers");
    if !matches!(searchers, Value::Table(_)) {
        return Err(Error::message("'package.searchers' must be a table"));
    }
    cx.truncate(2);
    cx.push(searchers);
    ask(cx, Box::new(Search { searcher: 0, tried: Vec::new() }))
}

/// Answers with the loaded module in slot 3, or looks beside the file that asks.
fn find_relative(cx: &mut Context<'_>) -> Result<Outcome> {
    let module = cx.get(3);
    if module.is_truthy() {
        return Ok(cx.returns(module));
    }
    refuse_runaway(cx)?;
    let Value::String(name) = cx.get(1) else { return Err(missing(cx, b"")) };
    match search::first_readable(search::candidates(name.as_bytes(), TEMPLATES, b"", b"")) {
        Ok(file) => {
            let loader = load(cx, name.as_bytes(), &file)?;
            let file = cx.string(&file)?;
            cx.push(loader);
            cx.push(name);
            cx.push(file);
            Ok(cx.call(2, Then::Step(loaded)))
        }
        Err(tried) => Err(missing(cx, &tried)),
    }
}

/// The searchers, one after the other.
struct Search {
    /// Number of the searcher that was asked last.
    searcher: i64,
    /// What the searchers say they tried.
    tried: Vec<u8>,
}

/// Asks the next searcher.
fn ask(cx: &mut Context<'_>, mut search: Box<Search>) -> Result<Outcome> {
    search.searcher += 1;
    let searcher = match cx.get(3) {
        Value::Table(searchers) => searchers.get_integer(search.searcher),
        _ => Value::Nil,
    };
    if searcher.is_nil() {
        return Err(missing(cx, &search.tried));
    }
    cx.push(searcher);
    cx.push_copy(1);
    Ok(cx.call(1, Then::Resume(search)))
}

fn missing(cx: &mut Context<'_>, tried: &[u8]) -> Error {
    let Value::String(name) = cx.get(1) else { return Error::message("module not found") };
    host::error(cx, &[b"module '", name.as_bytes(), b"' not found:", tried].concat())
}

impl Resume for Search {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let at = cx.results();
        let (found, extra) = (cx.get(at), cx.get(at + 1));
        cx.truncate(at - 1);
        if found.is_function() {
            cx.push(found);
            cx.push_copy(1);
            cx.push(extra);
            return Ok(cx.call(2, Then::Step(loaded)));
        }
        if let Some(message) = cx.coerce_string(found)? {
            self.tried.extend_from_slice(message.as_bytes());
        }
        ask(cx, self)
    }
}

/// The loader has returned: its value, if it has one, is the module.
fn loaded(cx: &mut Context<'_>) -> Result<Outcome> {
    let module = cx.take_result();
    if module.is_nil() || cx.set_index(cx.get(2), cx.get(1), module)? {
        return look_up(cx);
    }
    Ok(cx.call(3, Then::Step(look_up)))
}

/// Answers with what is in the table of loaded modules now.
fn look_up(cx: &mut Context<'_>) -> Result<Outcome> {
    match cx.index(cx.get(2), cx.get(1))? {
        Some(module) => answer(cx, module),
        None => Ok(cx.call(
            2,
            Then::Step(|cx| {
                let module = cx.take_result();
                answer(cx, module)
            }),
        )),
    }
}

/// Answers with the module; one that left no value is `true` from now on.
fn answer<'gc>(cx: &mut Context<'gc>, module: Value<'gc>) -> Result<Outcome> {
    if !module.is_nil() {
        return Ok(cx.returns(module));
    }
    if cx.set_index(cx.get(2), cx.get(1), true)? {
        return Ok(cx.returns(true));
    }
    Ok(cx.call(3, Then::Step(|cx| Ok(cx.returns(true)))))
}
