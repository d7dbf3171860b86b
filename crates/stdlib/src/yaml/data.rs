//! Values between Lua and YAML: plain data outside of any heap.
//!
//! Invariant: no tree is nested deeper than [`MOST_NESTED`] or has more than [`MOST_VALUES`] values.

use wippy_vm::{Context, Result, Table, Value};

use crate::errors::error_of;

/// Most nested lists and maps.
pub(super) const MOST_NESTED: usize = 1000;

/// Most values of a tree, aliases written out.
pub(super) const MOST_VALUES: usize = 1_000_000;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Vec<u8>),
    List(Vec<Data>),
    /// Names are different.
    Map(Vec<(Vec<u8>, Data)>),
}

impl Data {
    /// Number of values in it, itself included.
    pub(super) fn size(&self) -> usize {
        1 + match self {
            Data::List(items) => items.iter().map(Data::size).sum(),
            Data::Map(entries) => entries.iter().map(|(_, value)| value.size()).sum(),
            _ => 0,
        }
    }

    /// A table: a list if it has an item, with `null` in its holes and without other entries; else a map.
    ///
    /// # Errors
    /// When it contains itself, is nested too deep, or holds too much.
    pub(super) fn of_table<'gc>(
        cx: &mut Context<'gc>,
        table: Table<'gc>,
    ) -> std::result::Result<Data, &'static str> {
        let mut path = Vec::new();
        let mut count = 0;
        of_table(cx, table, &mut path, &mut count)
    }

    /// Makes the Lua value.
    ///
    /// # Errors
    /// When the memory limit would be passed.
    pub(super) fn build<'gc>(&self, cx: &mut Context<'gc>) -> Result<Value<'gc>> {
        Ok(match self {
            Data::Null => Value::Nil,
            Data::Boolean(boolean) => Value::Boolean(*boolean),
            Data::Integer(integer) => Value::Integer(*integer),
            Data::Float(float) => Value::Float(*float),
            Data::Text(text) => cx.string(text)?.into(),
            Data::List(items) => {
                let table = cx.table(items.len(), 0)?;
                for (at, item) in (1..).zip(items) {
                    let item = item.build(cx)?;
                    cx.raw_set_integer(table, at, item)?;
                }
                table.into()
            }
            Data::Map(entries) => {
                let table = cx.table(0, entries.len().max(1))?;
                for (name, value) in entries {
                    let (name, value) = (cx.string(name)?, value.build(cx)?);
                    cx.raw_set(table, name, value)?;
                }
                table.into()
            }
        })
    }
}

/// Where tables that are too large or contain themselves end.
const RECURSIVE: &str = "recursive table";

fn of_table<'gc>(
    cx: &mut Context<'gc>,
    table: Table<'gc>,
    path: &mut Vec<Table<'gc>>,
    count: &mut usize,
) -> std::result::Result<Data, &'static str> {
    if path.len() >= MOST_NESTED || path.iter().any(|outer| outer.is(table)) {
        return Err(RECURSIVE);
    }
    let (mut last, mut items, mut position) = (0, 0, 0);
    while let Some((next, key, _)) = table.entry_at(position) {
        if let Value::Integer(index @ 1..) = key {
            last = last.max(index);
            items += 1;
        }
        position = next;
    }
    if last > items + MOST_VALUES as i64 {
        return Err("list with too many holes");
    }
    path.push(table);
    let data = if last > 0 {
        let list: std::result::Result<Vec<Data>, _> =
            (1..=last).map(|at| of_value(cx, table.get_integer(at), path, count)).collect();
        Data::List(list?)
    } else {
        let (mut entries, mut position) = (Vec::new(), 0);
        while let Some((next, key, value)) = table.entry_at(position) {
            let name = shown(cx, key);
            entries.push((name, of_value(cx, value, path, count)?));
            position = next;
        }
        Data::Map(entries)
    };
    path.pop();
    Ok(data)
}

fn of_value<'gc>(
    cx: &mut Context<'gc>,
    value: Value<'gc>,
    path: &mut Vec<Table<'gc>>,
    count: &mut usize,
) -> std::result::Result<Data, &'static str> {
    *count += 1;
    if *count > MOST_VALUES {
        return Err(RECURSIVE);
    }
    Ok(match value {
        Value::Nil => Data::Null,
        Value::Boolean(boolean) => Data::Boolean(boolean),
        Value::Integer(integer) => Data::Integer(integer),
        Value::Float(float) => Data::Float(float),
        Value::String(text) => Data::Text(text.as_bytes().to_vec()),
        Value::Table(table) => return of_table(cx, table, path, count),
        other => Data::Text(shown(cx, other)),
    })
}

/// What `tostring` answers, without asking metamethods.
fn shown<'gc>(cx: &mut Context<'gc>, value: Value<'gc>) -> Vec<u8> {
    if let Value::String(text) = value {
        return text.as_bytes().to_vec();
    }
    if let Some(error) = error_of(value) {
        return error.full_text();
    }
    match cx.display(value) {
        Ok(Some(text)) => text.as_bytes().to_vec(),
        _ => cx.type_name(value).into_bytes(),
    }
}
