//! Plain data outside of any heap, as a tree: fields of log lines, answers of hosts.
//!
//! It is small and made by hand or from a script's table; it is not how large data or messages travel. Invariant: a
//! tree made from a script's value is no deeper than [`MOST_NESTED`].

use std::collections::BTreeMap;

use wippy_vm::{Context, Result, Table, Value};

use crate::errors::error_of;

/// Levels of tables that a tree keeps; deeper ones become a text.
pub const MOST_NESTED: usize = 32;

/// A value. Maps are in the order of their keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// Nothing.
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A text.
    Text(String),
    /// Items.
    List(Vec<Plain>),
    /// Named values.
    Map(BTreeMap<String, Plain>),
}

macro_rules! from {
    ($($source:ty => |$value:ident| $plain:expr;)*) => { $(
        impl From<$source> for Plain {
            fn from($value: $source) -> Plain { $plain }
        }
    )* };
}

from! {
    bool => |value| Plain::Boolean(value);
    i64 => |value| Plain::Integer(value);
    f64 => |value| Plain::Float(value);
    &str => |value| Plain::Text(value.to_owned());
    String => |value| Plain::Text(value);
    Vec<Plain> => |value| Plain::List(value);
    BTreeMap<String, Plain> => |value| Plain::Map(value);
}

impl Plain {
    /// A map of named values.
    pub fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Plain)>) -> Plain {
        Plain::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Makes the Lua value.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub fn build<'gc>(&self, cx: &mut Context<'gc>) -> Result<Value<'gc>> {
        Ok(match self {
            Plain::Null => Value::Nil,
            Plain::Boolean(boolean) => Value::Boolean(*boolean),
            Plain::Integer(integer) => Value::Integer(*integer),
            Plain::Float(float) => Value::Float(*float),
            Plain::Text(text) => cx.string(text.as_bytes())?.into(),
            Plain::List(items) => {
                let table = cx.table(items.len(), 0)?;
                for (index, item) in (1..).zip(items) {
                    let item = item.build(cx)?;
                    cx.raw_set_integer(table, index, item)?;
                }
                table.into()
            }
            Plain::Map(entries) => {
                let table = cx.table(0, entries.len().max(1))?;
                for (name, value) in entries {
                    let (name, value) = (cx.string(name.as_bytes())?, value.build(cx)?);
                    cx.raw_set(table, name, value)?;
                }
                table.into()
            }
        })
    }

    /// Copies a Lua value: scalars as they are, tables as lists or maps, errors and all else as text. A table within
    /// itself becomes `<cycle>`.
    pub fn of<'gc>(cx: &Context<'gc>, value: Value<'gc>) -> Plain {
        copy(cx, value, &mut Vec::new())
    }

    /// The fields of a table whose keys are strings.
    pub fn fields<'gc>(cx: &Context<'gc>, table: Table<'gc>) -> BTreeMap<String, Plain> {
        fields(cx, table, &mut vec![table])
    }
}

fn copy<'gc>(cx: &Context<'gc>, value: Value<'gc>, path: &mut Vec<Table<'gc>>) -> Plain {
    match value {
        Value::Nil => Plain::Null,
        Value::Boolean(boolean) => Plain::Boolean(boolean),
        Value::Integer(integer) => Plain::Integer(integer),
        Value::Float(float) => Plain::Float(float),
        Value::String(text) => Plain::Text(text.to_string_lossy().into_owned()),
        Value::Table(table) if path.iter().any(|outer| outer.is(table)) => "<cycle>".into(),
        Value::Table(_) if path.len() >= MOST_NESTED => "<nested too deep>".into(),
        Value::Table(table) => {
            path.push(table);
            let length = table.length();
            let plain = if length > 0 {
                Plain::List((1..=length).map(|index| copy(cx, table.get_integer(index), path)).collect())
            } else {
                Plain::Map(fields(cx, table, path))
            };
            path.pop();
            plain
        }
        other => {
            Plain::Text(match (error_of(other), other.host_object().and_then(|object| object.report())) {
                (Some(error), _) => String::from_utf8_lossy(&error.full_text()).into_owned(),
                (None, Some(text)) => String::from_utf8_lossy(&text).into_owned(),
                (None, None) => format!("{}: {:#x}", cx.type_name(other), other.address().unwrap_or(0)),
            })
        }
    }
}

fn fields<'gc>(cx: &Context<'gc>, table: Table<'gc>, path: &mut Vec<Table<'gc>>) -> BTreeMap<String, Plain> {
    let mut fields = BTreeMap::new();
    let mut position = 0;
    while let Some((next, key, value)) = table.entry_at(position) {
        if let Value::String(key) = key {
            fields.insert(key.to_string_lossy().into_owned(), copy(cx, value, path));
        }
        position = next;
    }
    fields
}
