//! What the program of an entry finds in its globals.
//!
//! One image per set of modules, shared by every instance; all tables in it but the globals are read-only. Invariant:
//! what is absent here (`load`, files, `debug`, other modules) cannot be reached from any value that is present.

use std::collections::BTreeSet;
use std::sync::Arc;

use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Context, Image, Library, Outcome, Result, Table, Value, library};

use super::home::Home;
use super::modules;

static LIBRARY: Library = library!(
    "_G",
    [
        /// The module of this name: a built-in one that the entry lists, or a library of the application.
        ("require", require, "(name: string) -> any")
    ]
);

/// Registry keys: names that the entry's own chunk may require, and globals for the chunks of libraries.
pub(super) const NAMES: &str = "_NAMES";
/// See [`NAMES`].
pub(super) const BASE: &str = "_BASE";

/// The image for a set of modules, and those of them that cannot be shared: each interpreter makes its own.
///
/// # Errors
/// When a module cannot be made at all.
pub(super) fn image(names: &BTreeSet<Arc<str>>) -> Result<(Arc<Image>, Vec<Arc<str>>)> {
    if let Ok(image) = Image::build_read_only(|cx| open(cx, names)) {
        return Ok((image, Vec::new()));
    }
    let alone = |name: &Arc<str>| Image::build_read_only(|cx| open(cx, &[Arc::clone(name)].into())).is_ok();
    let (shared, own): (BTreeSet<_>, BTreeSet<_>) = names.iter().cloned().partition(alone);
    let image = Image::build_read_only(|cx| open(cx, &shared))?;
    Ok((image, own.into_iter().collect()))
}

fn open(cx: &mut Context<'_>, names: &BTreeSet<Arc<str>>) -> Result<()> {
    wippy_stdlib::application::open(cx)?;
    let (globals, registry) = (cx.globals(), cx.registry());
    LIBRARY.install(cx, globals)?;
    modules::ambient(cx, globals)?;
    // What libraries see: the same without this entry's modules and without its globals.
    let base = cx.table(0, 48)?;
    let mut key = Value::Nil;
    while let Ok(Some((next, value))) = globals.next(key) {
        if !matches!(next, Value::String(name) if name.as_bytes() == b"_G") {
            cx.raw_set(base, next, value)?;
        }
        key = next;
    }
    let meta = cx.table(0, 2)?;
    cx.set_field(meta, "__index", base)?;
    cx.set_field(meta, "__metatable", false)?;
    cx.set_field(registry, BASE, meta)?;
    let known = cx.table(0, names.len())?;
    for name in names {
        let module = modules::load(cx, name)?;
        let key = cx.string(name.as_bytes())?;
        cx.raw_set(globals, key, module)?;
        cx.raw_set(known, key, module)?;
    }
    // Modules of the image are reached by name only; what an interpreter makes later it keeps for itself.
    cx.set_field(registry, "_MODULES", Value::Nil)?;
    cx.set_field(registry, NAMES, known)
}

/// `require(name)`: an import, a module, or an ambient name, of the entry whose chunk has this function.
fn require(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    let names = match cx.upvalue(1) {
        Value::Table(names) => names,
        _ => {
            let registry = cx.registry();
            match cx.field(registry, NAMES) {
                Value::Table(names) => names,
                _ => return Err(missing(cx, name.as_bytes())),
            }
        }
    };
    let found = names.get(name.into());
    if !found.is_nil() {
        return Ok(cx.returns(found));
    }
    let text = String::from_utf8_lossy(name.as_bytes()).into_owned();
    if crate::modules::AMBIENT.contains(&&*text) {
        let registry = cx.registry();
        if let Value::Table(meta) = cx.field(registry, BASE)
            && let Value::Table(base) = cx.field(meta, "__index")
        {
            let found = base.get(name.into());
            if !found.is_nil() {
                return Ok(cx.returns(found));
            }
        }
    }
    Err(missing(cx, name.as_bytes()))
}

fn missing(cx: &mut Context<'_>, name: &[u8]) -> wippy_vm::Error {
    let entry = match cx.upvalue(2) {
        Value::String(id) => id.to_string_lossy().into_owned(),
        _ => cx.host::<Home>().map(|home| home.entry.to_string()).unwrap_or_default(),
    };
    let name = String::from_utf8_lossy(name).into_owned();
    wippy_vm::Error::message(format!(
        "module '{name}' not found: not declared in imports or modules of {entry}"
    ))
}

/// The `require` of a library's chunk: `names` is what it may require.
pub(super) fn require_of<'gc>(cx: &mut Context<'gc>, names: Table<'gc>, id: &str) -> Result<Value<'gc>> {
    let id = cx.string(id.as_bytes())?;
    let native = LIBRARY.functions.iter().find(|native| native.name == "require");
    Ok(match native {
        Some(native) => Value::NativeClosure(cx.native_closure(native, &[names.into(), id.into()])),
        None => Value::Nil,
    })
}

/// How a module's function fails when this release does not carry the module out.
pub(super) fn unavailable(cx: &mut Context<'_>) -> Result<Outcome> {
    errors::fails(cx, ErrorValue::new(Kind::UNAVAILABLE, "this module is not available in this release"))
}
