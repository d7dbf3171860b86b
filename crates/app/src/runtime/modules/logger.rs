//! `logger`: structured log lines.

use std::sync::Arc;

use wippy_stdlib::class::Class;
use wippy_stdlib::errors::error_of;
use wippy_vm::{Context, HostObject, Library, Outcome, Result, Table, UserData, Value, library};

use crate::log::Level;
use crate::runtime::globals::say;
use crate::value::{Map, Value as Data};

/// Tables in fields are shown to this depth.
const DEPTH: usize = 16;

/// A logger: a name and fields of its own.
#[derive(Default, Clone)]
struct Logger {
    name: String,
    fields: Map,
}

impl HostObject for Logger {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

static METHODS: Library = library!(
    "logger",
    [
        /// Writes a line for those who look for a fault.
        ("debug", debug, "(self: any, message: string, fields: table?) -> ()"),
        /// Writes a line about what goes on.
        ("info", info, "(self: any, message: string, fields: table?) -> ()"),
        /// Writes a line about what should not be so.
        ("warn", warn, "(self: any, message: string, fields: table?) -> ()"),
        /// Writes a line about what failed.
        ("error", error, "(self: any, message: string, fields: table?) -> ()"),
        /// A logger whose lines have these fields besides.
        ("with", with, "(self: any, fields: table) -> any"),
        /// A logger of this name, after its parent's and a dot.
        ("named", named, "(self: any, name: string) -> any"),
    ]
);

/// The libraries of the module.
pub(super) static LIBRARIES: &[&Library] = &[&METHODS];

static NOTHING: Library = library!("logger", []);

static CLASS: Class = Class { methods: &METHODS, metamethods: &NOTHING };

/// The module is the logger without name and fields: a table with the same methods, which an image can hold.
pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    super::table(cx, &METHODS)
}

fn this(cx: &Context<'_>) -> Result<Logger> {
    match cx.get(1) {
        Value::Table(_) => Ok(Logger::default()),
        _ => CLASS.this::<Logger>(cx).cloned(),
    }
}

fn line(cx: &mut Context<'_>, level: Level) -> Result<Outcome> {
    let logger = this(cx)?;
    let message = cx.check_string(2)?.to_string_lossy().into_owned();
    let mut fields = logger.fields;
    if let Value::Table(table) = cx.get(3) {
        read(cx, table, &mut fields)?;
    }
    say(cx, level, logger.name, message, fields);
    Ok(cx.returns_none())
}

fn debug(cx: &mut Context<'_>) -> Result<Outcome> {
    line(cx, Level::Debug)
}

fn info(cx: &mut Context<'_>) -> Result<Outcome> {
    line(cx, Level::Info)
}

fn warn(cx: &mut Context<'_>) -> Result<Outcome> {
    line(cx, Level::Warn)
}

fn error(cx: &mut Context<'_>) -> Result<Outcome> {
    line(cx, Level::Error)
}

fn with(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut logger = this(cx)?;
    let table = cx.check_table(2)?;
    read(cx, table, &mut logger.fields)?;
    let object = CLASS.object(cx, Arc::new(logger))?;
    Ok(cx.returns(object))
}

fn named(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut logger = this(cx)?;
    let name = cx.check_string(2)?.to_string_lossy().into_owned();
    if name.is_empty() {
        return Err(wippy_vm::Error::message("name cannot be empty"));
    }
    logger.name = if logger.name.is_empty() { name } else { format!("{}.{name}", logger.name) };
    let object = CLASS.object(cx, Arc::new(logger))?;
    Ok(cx.returns(object))
}

/// Adds the fields of a table; keys that are no strings are left out.
fn read<'gc>(cx: &mut Context<'gc>, table: Table<'gc>, fields: &mut Map) -> Result<()> {
    let mut key = Value::Nil;
    while let Ok(Some((next, value))) = table.next(key) {
        if let Value::String(name) = next {
            let name = name.to_string_lossy().into_owned();
            if let (Some(kind), "error") = (error_of(value).map(|error| error.kind().clone()), &*name)
                && !kind.as_bytes().is_empty()
            {
                fields
                    .entry("kind".into())
                    .or_insert_with(|| Data::text(String::from_utf8_lossy(kind.as_bytes())));
            }
            let data = shown(cx, value, &mut Vec::new())?;
            fields.insert(name.into(), data);
        }
        key = next;
    }
    Ok(())
}

/// A value as a field shows it.
fn shown<'gc>(cx: &mut Context<'gc>, value: Value<'gc>, above: &mut Vec<usize>) -> Result<Data> {
    Ok(match value {
        Value::Nil => Data::Null,
        Value::Boolean(flag) => Data::Boolean(flag),
        Value::Integer(number) => Data::Integer(number),
        Value::Float(number) => Data::Float(number),
        Value::String(text) => Data::text(text.to_string_lossy()),
        Value::Table(table) if above.contains(&table.address()) => Data::from("<cycle>"),
        Value::Table(_) if above.len() >= DEPTH => Data::from("..."),
        Value::Table(table) => {
            above.push(table.address());
            let (mut items, mut map) = (Vec::new(), Map::new());
            let mut key = Value::Nil;
            while let Ok(Some((next, value))) = table.next(key) {
                let data = shown(cx, value, above)?;
                match next {
                    Value::Integer(_) => items.push(data),
                    Value::String(name) => drop(map.insert(name.to_string_lossy().into(), data)),
                    _ => {}
                }
                key = next;
            }
            above.pop();
            if map.is_empty() && !items.is_empty() { Data::List(items) } else { Data::Map(map) }
        }
        other => match cx.text_of(other)? {
            Some(text) => Data::text(text.to_string_lossy()),
            None => Data::text(format!("{}: {:#x}", cx.type_name(other), other.address().unwrap_or(0))),
        },
    })
}
