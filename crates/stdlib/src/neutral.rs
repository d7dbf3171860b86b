//! Neutral values: what a Lua value is to those who know no Lua.
//!
//! A tree of its own, so it belongs to no heap. Metatables are ignored, names are texts, what is no data is its text.
//! Invariant: no tree nests deeper than [`MOST_NESTED`], so whoever walks one may recurse.

use std::collections::BTreeMap;

use wippy_vm::{Context, Result, Table, Value};

use crate::errors::error_of;
use crate::json::text::write_bare_float;

/// Levels of tables; a table within itself passes any limit.
pub(crate) const MOST_NESTED: usize = 1000;

/// Values of a tree; tables that are reached on many ways count as often.
const MOST_VALUES: usize = 10_000_000;

/// Items of a list that may be missing.
const MOST_HOLES: i64 = 1_000_000;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Neutral {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Box<[u8]>),
    List(Vec<Neutral>),
    Map(BTreeMap<Box<[u8]>, Neutral>),
}

/// Why a value is no data.
pub(crate) enum Unfit {
    Recursive,
    Holes,
    Large,
}

impl Unfit {
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Unfit::Recursive => "recursive table",
            Unfit::Holes => "too many holes in a list",
            Unfit::Large => "too many values",
        }
    }
}

impl Neutral {
    /// Copies a Lua value: a table with positive integer keys is a list and nothing else.
    pub(crate) fn of<'gc>(cx: &Context<'gc>, value: Value<'gc>) -> std::result::Result<Neutral, Unfit> {
        copy(cx, value, 0, &mut 0)
    }

    /// Makes the Lua value.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub(crate) fn build<'gc>(&self, cx: &mut Context<'gc>) -> Result<Value<'gc>> {
        Ok(match self {
            Neutral::Null => Value::Nil,
            Neutral::Boolean(boolean) => Value::Boolean(*boolean),
            Neutral::Integer(integer) => Value::Integer(*integer),
            Neutral::Float(float) => Value::Float(*float),
            Neutral::Text(text) => cx.string(text)?.into(),
            Neutral::List(items) => {
                let table = cx.table(items.len(), 0)?;
                for (index, item) in (1..).zip(items) {
                    let item = item.build(cx)?;
                    cx.raw_set_integer(table, index, item)?;
                }
                table.into()
            }
            Neutral::Map(entries) => {
                let table = cx.table(0, entries.len().max(1))?;
                for (name, value) in entries {
                    let (name, value) = (cx.string(name)?, value.build(cx)?);
                    cx.raw_set(table, name, value)?;
                }
                table.into()
            }
        })
    }

    /// Writes it for people: `map[k:v]`, `[1 2]`.
    pub(crate) fn show(&self, out: &mut Vec<u8>) {
        match self {
            Neutral::Null => out.extend_from_slice(b"<nil>"),
            Neutral::Boolean(boolean) => out.extend_from_slice(boolean.to_string().as_bytes()),
            Neutral::Integer(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
            Neutral::Float(float) => write_bare_float(out, *float),
            Neutral::Text(text) => out.extend_from_slice(text),
            Neutral::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    out.extend_from_slice(if index > 0 { b" " } else { b"" });
                    item.show(out);
                }
                out.push(b']');
            }
            Neutral::Map(entries) => {
                out.extend_from_slice(b"map[");
                for (index, (name, item)) in entries.iter().enumerate() {
                    out.extend_from_slice(if index > 0 { b" " } else { b"" });
                    out.extend_from_slice(name);
                    out.push(b':');
                    item.show(out);
                }
                out.push(b']');
            }
        }
    }
}

fn copy<'gc>(
    cx: &Context<'gc>,
    value: Value<'gc>,
    depth: usize,
    count: &mut usize,
) -> std::result::Result<Neutral, Unfit> {
    *count += 1;
    if *count > MOST_VALUES {
        return Err(Unfit::Large);
    }
    Ok(match value {
        Value::Nil => Neutral::Null,
        Value::Boolean(boolean) => Neutral::Boolean(boolean),
        Value::Integer(integer) => Neutral::Integer(integer),
        Value::Float(float) => Neutral::Float(float),
        Value::String(text) => Neutral::Text(text.as_bytes().into()),
        Value::Table(_) if depth >= MOST_NESTED => return Err(Unfit::Recursive),
        Value::Table(table) => table_of(cx, table, depth, count)?,
        other => Neutral::Text(text_of(cx, other)),
    })
}

fn table_of<'gc>(
    cx: &Context<'gc>,
    table: Table<'gc>,
    depth: usize,
    count: &mut usize,
) -> std::result::Result<Neutral, Unfit> {
    let (mut highest, mut items, mut position) = (0, 0, 0);
    while let Some((next, key, _)) = table.entry_at(position) {
        if let Value::Integer(key) = key
            && key > 0
        {
            (highest, items) = (highest.max(key), items + 1);
        }
        position = next;
    }
    if highest > 0 {
        if highest - items > MOST_HOLES {
            return Err(Unfit::Holes);
        }
        let items = (1..=highest).map(|index| copy(cx, table.get_integer(index), depth + 1, count));
        return Ok(Neutral::List(items.collect::<std::result::Result<_, _>>()?));
    }
    let mut entries = BTreeMap::new();
    position = 0;
    while let Some((next, key, value)) = table.entry_at(position) {
        let name: Box<[u8]> = match key {
            Value::String(name) => name.as_bytes().into(),
            Value::Boolean(boolean) => boolean.to_string().into_bytes().into(),
            Value::Integer(integer) => integer.to_string().into_bytes().into(),
            Value::Float(float) => {
                let mut text = Vec::new();
                write_bare_float(&mut text, float);
                text.into()
            }
            other => text_of(cx, other),
        };
        entries.insert(name, copy(cx, value, depth + 1, count)?);
        position = next;
    }
    Ok(Neutral::Map(entries))
}

fn text_of<'gc>(cx: &Context<'gc>, value: Value<'gc>) -> Box<[u8]> {
    match (error_of(value), value.host_object().and_then(|object| object.text())) {
        (Some(error), _) => error.message().into(),
        (None, Some(text)) => text.into(),
        (None, None) => {
            format!("{}: {:#x}", cx.type_name(value), value.address().unwrap_or(0)).into_bytes().into()
        }
    }
}
