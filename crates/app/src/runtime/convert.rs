//! Data of entries to Lua values and back.
//!
//! Values of a registry are plain data; what Lua can say beyond that becomes text, or is cut. Invariant: neither
//! direction recurses deeper than documents may nest, and an integer stays an integer.

use std::sync::Arc;

use wippy_vm::{Context, Packed, Parcel, Result, Table, Tokens, Value as Lua};

use crate::load::node::DEPTH;
use crate::value::{Map, Value};

/// Why a Lua value is no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotData {
    /// A table that holds itself, or nests too deep.
    TooDeep,
}

/// Makes the Lua value of data.
///
/// # Errors
/// When the memory limit would be passed.
pub fn to_lua<'gc>(cx: &mut Context<'gc>, value: &Value) -> Result<Lua<'gc>> {
    Ok(match value {
        Value::Null => Lua::Nil,
        Value::Boolean(flag) => Lua::Boolean(*flag),
        Value::Integer(number) => Lua::Integer(*number),
        Value::Float(number) => Lua::Float(*number),
        Value::Text(text) => Lua::String(cx.string(text.as_bytes())?),
        Value::List(items) => {
            let table = cx.table(items.len(), 0)?;
            for (at, item) in (1..).zip(items) {
                let item = to_lua(cx, item)?;
                cx.raw_set_integer(table, at, item)?;
            }
            Lua::Table(table)
        }
        Value::Map(map) => Lua::Table(map_to_lua(cx, map)?),
    })
}

/// Makes the Lua table of a map.
///
/// # Errors
/// When the memory limit would be passed.
pub fn map_to_lua<'gc>(cx: &mut Context<'gc>, map: &Map) -> Result<Table<'gc>> {
    let table = cx.table(0, map.len())?;
    for (key, item) in map {
        let item = to_lua(cx, item)?;
        let key = cx.string(key.as_bytes())?;
        cx.raw_set(table, key, item)?;
    }
    Ok(table)
}

/// Reads a Lua value as data: a table with items only is a list, any other a map by the text of its keys.
///
/// # Errors
/// [`NotData`].
pub fn from_lua(cx: &Context<'_>, value: Lua<'_>) -> std::result::Result<Value, NotData> {
    walk(cx, value, 0)
}

fn walk(cx: &Context<'_>, value: Lua<'_>, depth: usize) -> std::result::Result<Value, NotData> {
    if depth > DEPTH {
        return Err(NotData::TooDeep);
    }
    Ok(match value {
        Lua::Nil => Value::Null,
        Lua::Boolean(flag) => Value::Boolean(flag),
        Lua::Integer(number) => Value::Integer(number),
        Lua::Float(number) => Value::Float(number),
        Lua::String(text) => Value::text(text.to_string_lossy()),
        Lua::Table(table) => table_to_data(cx, table, depth)?,
        other => match other.host_object().and_then(|object| object.text()) {
            Some(text) => Value::text(String::from_utf8_lossy(&text).into_owned()),
            None => Value::text(other.type_name()),
        },
    })
}

fn table_to_data(cx: &Context<'_>, table: Table<'_>, depth: usize) -> std::result::Result<Value, NotData> {
    let mut items: Vec<(i64, Value)> = Vec::new();
    let mut map = Map::new();
    let mut key = Lua::Nil;
    while let Ok(Some((next, value))) = table.next(key) {
        let data = walk(cx, value, depth + 1)?;
        match next {
            Lua::Integer(number) => items.push((number, data)),
            Lua::String(text) => drop(map.insert(Arc::from(&*text.to_string_lossy()), data)),
            Lua::Float(number) => drop(map.insert(number.to_string().into(), data)),
            Lua::Boolean(flag) => drop(map.insert(flag.to_string().into(), data)),
            _ => {}
        }
        key = next;
    }
    items.sort_by_key(|(number, _)| *number);
    let sequence = items.iter().zip(1..).all(|((number, _), at)| *number == at);
    if map.is_empty() && sequence && !items.is_empty() {
        return Ok(Value::List(items.into_iter().map(|(_, value)| value).collect()));
    }
    map.extend(items.into_iter().map(|(number, value)| (Arc::from(number.to_string()), value)));
    Ok(Value::Map(map))
}

/// The next value of a parcel as data; what is no data becomes its text, and a table that holds itself is cut.
pub fn unpack(tokens: &mut Tokens<'_>) -> Option<Value> {
    let token = tokens.next()?;
    Some(value_of(token, tokens, 0))
}

fn value_of(token: Packed<'_>, tokens: &mut Tokens<'_>, depth: usize) -> Value {
    match token {
        Packed::Boolean(flag) => Value::Boolean(flag),
        Packed::Integer(number) => Value::Integer(number),
        Packed::Float(number) => Value::Float(number),
        Packed::Text(text) => Value::text(String::from_utf8_lossy(text)),
        Packed::Object(object) => {
            object.text().map_or(Value::Null, |text| Value::text(String::from_utf8_lossy(&text)))
        }
        Packed::Table { items, .. } => {
            let mut list = Vec::new();
            for _ in 0..items {
                let Some(token) = tokens.next() else { break };
                list.push(value_of(token, tokens, depth + 1));
            }
            let mut map = Map::new();
            loop {
                let key = match tokens.next() {
                    None | Some(Packed::End) => break,
                    Some(token) => value_of(token, tokens, depth + 1),
                };
                let Some(token) = tokens.next() else { break };
                let value = value_of(token, tokens, depth + 1);
                if let Some(key) = key.scalar_text() {
                    map.insert(key, value);
                }
            }
            if map.is_empty() && !list.is_empty() {
                return if depth > DEPTH { Value::Null } else { Value::List(list) };
            }
            let items = list.into_iter().zip(1_i64..).map(|(value, at)| (Arc::from(at.to_string()), value));
            map.extend(items);
            if depth > DEPTH { Value::Null } else { Value::Map(map) }
        }
        _ => Value::Null,
    }
}

/// Data as values of a parcel.
pub fn pack(parcel: &mut Parcel, value: &Value) {
    match value {
        Value::Null => parcel.push(Packed::Nil),
        Value::Boolean(flag) => parcel.push(Packed::Boolean(*flag)),
        Value::Integer(number) => parcel.push(Packed::Integer(*number)),
        Value::Float(number) => parcel.push(Packed::Float(*number)),
        Value::Text(text) => parcel.push(Packed::Text(text.as_bytes())),
        Value::List(items) => {
            parcel.push(Packed::Table { items: items.len(), entries: 0 });
            items.iter().for_each(|item| pack(parcel, item));
            parcel.push(Packed::End);
        }
        Value::Map(map) => {
            parcel.push(Packed::Table { items: 0, entries: map.len() });
            for (key, item) in map.iter().filter(|(_, item)| **item != Value::Null) {
                parcel.push(Packed::Text(key.as_bytes()));
                pack(parcel, item);
            }
            parcel.push(Packed::End);
        }
    }
}
