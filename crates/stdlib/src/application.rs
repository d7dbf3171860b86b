//! What an application's entry finds around it: the safe part of the libraries, read-only, with some additions.
//!
//! No files, no network, no dynamic code, no debugging. `require` and the modules that an entry lists are its owner's
//! to add, from [`crate::modules`]. Invariant: what is absent here cannot be reached from what is present.

use std::sync::{Arc, OnceLock};

use wippy_vm::{Context, Error, Image, Library, NEXT, Outcome, Result, Table, Value, library};

use crate::{Entry, base, channel, coroutine, errors, logger, math, os, string, table, types};

/// Basic functions that applications do not have.
const ABSENT: &[&str] = &["collectgarbage", "dofile", "load", "loadfile", "print", "rawlen"];

/// The libraries of applications.
pub static LIBRARIES: &[Entry] = &[
    Entry { library: &channel::LIBRARY, complete: Some(channel::complete) },
    Entry { library: &coroutine::LIBRARY, complete: None },
    Entry { library: &table::LIBRARY, complete: Some(table_extras) },
    Entry { library: &string::LIBRARY, complete: Some(string_extras) },
    Entry { library: &math::LIBRARY, complete: Some(math_extras) },
    Entry { library: &os::application::LIBRARY, complete: Some(os::application::complete) },
    Entry { library: &errors::LIBRARY, complete: Some(errors::complete) },
];

/// Additions to `table`.
pub static TABLE: Library = library!(
    "table",
    [
        /// A table with room for so many items and fields.
        ("create", create, "(items: integer?, fields: integer?) -> table"),
        /// Makes a table read-only and returns it.
        ("freeze", freeze, "<T>(t: T) -> T"),
        /// The border of a table, as `#t` without metamethods.
        ("getn", getn, "(t: table) -> integer"),
        /// Whether a table is read-only.
        ("isfrozen", isfrozen, "(t: table) -> boolean"),
        /// The largest positive key, 0 without any.
        ("maxn", maxn, "(t: table) -> number"),
    ]
);

/// Additions to `string`, and what takes the place of its own.
pub static STRING: Library = library!(
    "string",
    [
        /// Always fails: applications do not make code.
        ("dump", dump, "(f: any, strip: any) -> never"),
        /// The old name of `string.gmatch`.
        ("gfind", string::gmatch, "(s: string, pattern: string) -> () -> (...any)"),
    ]
);

/// Additions to `math`.
pub static MATH: Library = library!(
    "math",
    [
        /// The old name of `math.fmod`.
        ("mod", math::fmod, "(x: number, y: number) -> number")
    ]
);

/// The image of an interpreter for an application's entry. Its libraries are shared and read-only.
///
/// # Panics
/// If the libraries cannot be shared, which the tests exclude.
pub fn image() -> Arc<Image> {
    static IMAGE: OnceLock<Arc<Image>> = OnceLock::new();
    Arc::clone(
        IMAGE
            .get_or_init(|| Image::build_read_only(open).expect("no library has a value of one interpreter")),
    )
}

/// Installs what applications have into an interpreter.
///
/// # Errors
/// When the memory limit would be passed.
pub fn open(cx: &mut Context<'_>) -> Result<()> {
    let globals = cx.globals();
    for native in base::LIBRARY.functions.iter().filter(|native| !ABSENT.contains(&native.name)) {
        cx.set_field(globals, native.name, native)?;
    }
    logger::PRINT.install(cx, globals)?;
    types::open(cx)?;
    cx.set_field(globals, NEXT.name, &NEXT)?;
    cx.set_field(globals, "_G", globals)?;
    let version = cx.name("Lua 5.3");
    cx.set_field(globals, "_VERSION", version)?;
    for Entry { library, complete } in LIBRARIES {
        let table = cx.table(0, library.functions.len() + 6)?;
        library.install(cx, table)?;
        if let Some(complete) = complete {
            complete(cx, table)?;
        }
        cx.set_field(globals, library.name, table)?;
    }
    if let Value::Table(table) = cx.field(globals, "table") {
        let unpack = cx.field(table, "unpack");
        cx.set_field(globals, "unpack", unpack)?;
    }
    // By these names the machine knows the libraries that stand for types.
    let loaded = cx.table(0, 2)?;
    for name in [string::LIBRARY.name, table::LIBRARY.name] {
        let library = cx.field(globals, name);
        cx.set_field(loaded, name, library)?;
    }
    let registry = cx.registry();
    cx.set_field(registry, "_FACETS", loaded)?;
    let package = cx.table(0, 2)?;
    let none = cx.name("");
    cx.set_field(package, "path", none)?;
    cx.set_field(package, "cpath", none)?;
    cx.set_field(globals, "package", package)
}

fn table_extras<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
    TABLE.install(cx, table)
}

fn string_extras<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
    string::complete(cx, table)?;
    STRING.install(cx, table)
}

fn math_extras<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
    math::constants(cx, table)?;
    MATH.install(cx, table)
}

/// `table.create([items [, fields]])`: a table with room.
fn create(cx: &mut Context<'_>) -> Result<Outcome> {
    /// A hint is no reason to take much memory.
    const MOST: i64 = 1 << 20;
    let room = |size: i64| size.clamp(0, MOST) as usize;
    let (items, fields) = (cx.optional_integer(1, 0)?, cx.optional_integer(2, 0)?);
    cx.check_room(room(items) * 16 + room(fields) * 24)?;
    let table = cx.table(room(items), room(fields))?;
    Ok(cx.returns(table))
}

/// `table.freeze(t)`: makes it read-only for good; tables in it are not touched.
fn freeze(cx: &mut Context<'_>) -> Result<Outcome> {
    let table = cx.check_table(1)?;
    table.freeze();
    Ok(cx.returns(table))
}

fn isfrozen(cx: &mut Context<'_>) -> Result<Outcome> {
    let frozen = cx.check_table(1)?.is_frozen();
    Ok(cx.returns(frozen))
}

fn getn(cx: &mut Context<'_>) -> Result<Outcome> {
    let length = cx.check_table(1)?.length();
    Ok(cx.returns(length))
}

/// `table.maxn(t)`: the largest positive numeric key.
fn maxn(cx: &mut Context<'_>) -> Result<Outcome> {
    let table = cx.check_table(1)?;
    let (mut largest, mut position, mut count) = (0.0, 0, 0);
    let mut found = Value::Integer(0);
    while let Some((next, key, _)) = table.entry_at(position) {
        let number = match key {
            Value::Integer(integer) => integer as f64,
            Value::Float(float) => float,
            _ => 0.0,
        };
        if number > largest {
            (largest, found) = (number, key);
        }
        (position, count) = (next, count + 1);
    }
    let _ = cx.charge(count);
    Ok(cx.returns(found))
}

fn dump(_: &mut Context<'_>) -> Result<Outcome> {
    Err(Error::message("unable to dump given function"))
}
