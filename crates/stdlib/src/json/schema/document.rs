//! Documents for schemas: JSON text and Lua values as plain trees.
//!
//! Schemas are looked at again and again and in any order, so here a tree is made. Invariant: a tree is no deeper than
//! JSON may be nested, so whoever walks it may recurse.

use std::collections::BTreeMap;

use wippy_vm::{Context, Result, Table, Value};

use crate::errors::error_of;
use crate::json::MOST_NESTED;
use crate::json::encode::Encoding;
use crate::json::lexer::{Lexer, Malformed, Numeral, Problem};
use crate::plain::Plain;

/// Reads the first value of a text.
///
/// # Errors
/// When it is malformed.
pub(super) fn parse(text: &[u8]) -> Result<Plain, Malformed> {
    value(&mut Lexer::new(text, 0), 0)
}

fn value(lexer: &mut Lexer<'_>, depth: usize) -> Result<Plain, Malformed> {
    if depth > MOST_NESTED {
        return lexer.fault(lexer.position, Problem::Depth);
    }
    match lexer.peek() {
        b'"' => string(lexer).map(Plain::Text),
        b'-' | b'0'..=b'9' => Ok(match lexer.number()? {
            Numeral::Integer(integer) => Plain::Integer(integer),
            Numeral::Float(float) => Plain::Float(float),
        }),
        b'{' => {
            lexer.position += 1;
            let mut map = BTreeMap::new();
            if lexer.peek() == b'}' {
                lexer.position += 1;
                return Ok(Plain::Map(map));
            }
            loop {
                if lexer.peek() != b'"' {
                    return lexer.unexpected("a member name");
                }
                let at = lexer.position;
                let name = string(lexer)?;
                if lexer.peek() != b':' {
                    return lexer.unexpected("':'");
                }
                lexer.position += 1;
                let member = value(lexer, depth + 1)?;
                if map.insert(name.clone(), member).is_some() {
                    return lexer.fault(at, Problem::Duplicate(name));
                }
                match lexer.peek() {
                    b',' => lexer.position += 1,
                    b'}' => break,
                    _ => return lexer.unexpected("',' or '}'"),
                }
            }
            lexer.position += 1;
            Ok(Plain::Map(map))
        }
        b'[' => {
            lexer.position += 1;
            let mut items = Vec::new();
            if lexer.peek() == b']' {
                lexer.position += 1;
                return Ok(Plain::List(items));
            }
            loop {
                items.push(value(lexer, depth + 1)?);
                match lexer.peek() {
                    b',' => lexer.position += 1,
                    b']' => break,
                    _ => return lexer.unexpected("',' or ']'"),
                }
            }
            lexer.position += 1;
            Ok(Plain::List(items))
        }
        b't' => lexer.word("true").map(|()| Plain::Boolean(true)),
        b'f' => lexer.word("false").map(|()| Plain::Boolean(false)),
        b'n' => lexer.word("null").map(|()| Plain::Null),
        _ => lexer.unexpected("a value"),
    }
}

fn string(lexer: &mut Lexer<'_>) -> Result<String, Malformed> {
    // The lexer gives nothing but UTF-8.
    Ok(String::from_utf8_lossy(lexer.string()?).into_owned())
}

/// What `json.encode` makes of the value in slot 1, the only one.
///
/// # Errors
/// Outside: when the memory limit would be passed. Inside: why it cannot be encoded.
pub(super) fn encode(cx: &mut Context<'_>) -> Result<Result<Vec<u8>, Vec<u8>>> {
    let mut encoding = Encoding::new();
    loop {
        match encoding.write(cx)? {
            Ok(true) => return Ok(Ok(encoding.into_text())),
            // The fuel is spent all the same; the caller is paused after the call.
            Ok(false) => {}
            Err(error) => return Ok(Err(error.message().to_vec())),
        }
    }
}

/// A table that is no list as a tree: names become texts, lists are as long as their largest index, and an empty
/// table is a map. `None` if it contains itself, is nested too deep, or holds too much.
pub(super) fn from_table<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Option<Plain> {
    let mut way = Way { path: Vec::new(), copied: 0 };
    let plain = copy_table(cx, table, &mut way);
    // The copy is made in one go; if nothing is left, the caller is paused after the call.
    let _ = cx.charge(way.copied);
    plain
}

/// The way to the table that is being copied.
struct Way<'gc> {
    path: Vec<Table<'gc>>,
    /// Values so far.
    copied: usize,
}

/// Most values of a tree; tables that are reached on many ways are copied as often.
const MOST_COPIED: usize = 10_000_000;

/// Whether `json.encode` decides what a table is: it has items.
pub(super) fn has_items(table: Table<'_>) -> bool {
    last_index(table) > 0
}

fn last_index(table: Table<'_>) -> i64 {
    let (mut last, mut position) = (0, 0);
    while let Some((next, key, _)) = table.entry_at(position) {
        if let Value::Integer(index) = key {
            last = last.max(index);
        }
        position = next;
    }
    last
}

fn copy_table<'gc>(cx: &Context<'gc>, table: Table<'gc>, way: &mut Way<'gc>) -> Option<Plain> {
    /// A list with larger holes is a mistake.
    const MOST_HOLES: i64 = 1_000_000;
    let deep = way.path.len() > MOST_NESTED || way.copied > MOST_COPIED;
    if deep || way.path.iter().any(|outer| outer.is(table)) {
        return None;
    }
    way.path.push(table);
    let last = last_index(table);
    let plain = if last > 0 {
        if last > table.length() + MOST_HOLES {
            return None;
        }
        let items: Option<Vec<Plain>> =
            (1..=last).map(|index| copy(cx, table.get_integer(index), way)).collect();
        Plain::List(items?)
    } else {
        let (mut map, mut position) = (BTreeMap::new(), 0);
        while let Some((next, key, value)) = table.entry_at(position) {
            let key = match copy(cx, key, way)? {
                Plain::Text(text) => text,
                Plain::Integer(integer) => integer.to_string(),
                Plain::Float(float) => float.to_string(),
                Plain::Boolean(boolean) => boolean.to_string(),
                _ => "table".to_owned(),
            };
            map.insert(key, copy(cx, value, way)?);
            position = next;
        }
        Plain::Map(map)
    };
    way.path.pop();
    Some(plain)
}

fn copy<'gc>(cx: &Context<'gc>, value: Value<'gc>, way: &mut Way<'gc>) -> Option<Plain> {
    way.copied += 1;
    match value {
        Value::Table(table) => copy_table(cx, table, way),
        other => match error_of(other) {
            Some(error) => Some(Plain::Text(String::from_utf8_lossy(&error.full_text()).into_owned())),
            None => Some(Plain::of(cx, other)),
        },
    }
}
