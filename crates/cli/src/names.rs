//! The names that exist in an interpreter right now, for completion and suggestions.
//!
//! It only looks: no metamethod runs, apart from following `__index` tables.

use wippy::vm::Event;
use wippy::{Context, Table, Value};

/// `__index` tables that are followed, so that a cycle ends.
const LINKS: usize = 10;

/// The string keys of the value that `path` leads to from the globals and `variables`; of those themselves for an empty
/// path. Only functions if `callable`.
pub(crate) fn names<'gc>(
    cx: &mut Context<'gc>,
    path: &[&str],
    callable: bool,
    variables: Option<Table<'gc>>,
) -> Vec<String> {
    let mut found = Vec::new();
    let globals = cx.globals();
    let Some((first, rest)) = path.split_first() else {
        keys(cx, Value::Table(globals), callable, &mut found);
        if let Some(variables) = variables {
            keys(cx, Value::Table(variables), callable, &mut found);
        }
        return found;
    };
    let mut value = variables.map_or(Value::Nil, |variables| cx.field(variables, first));
    if value.is_nil() {
        value = cx.field(globals, first);
    }
    for name in rest {
        value = field(cx, value, name);
    }
    keys(cx, value, callable, &mut found);
    found
}

/// The tables whose fields a value has: itself, and the `__index` tables behind it.
fn tables<'gc>(cx: &mut Context<'gc>, mut value: Value<'gc>) -> Vec<Table<'gc>> {
    let mut tables = Vec::new();
    while tables.len() < LINKS {
        if let Value::Table(table) = value {
            tables.push(table);
        }
        value = cx.metamethod(value, Event::Index);
        if !matches!(value, Value::Table(_)) {
            break;
        }
    }
    tables
}

fn field<'gc>(cx: &mut Context<'gc>, value: Value<'gc>, name: &str) -> Value<'gc> {
    for table in tables(cx, value) {
        let found = cx.field(table, name);
        if !found.is_nil() {
            return found;
        }
    }
    Value::Nil
}

fn keys<'gc>(cx: &mut Context<'gc>, value: Value<'gc>, callable: bool, found: &mut Vec<String>) {
    for table in tables(cx, value) {
        let mut key = Value::Nil;
        while let Ok(Some((next, value))) = table.next(key) {
            key = next;
            if let Value::String(name) = key
                && (!callable || value.is_function())
                && let Ok(name) = std::str::from_utf8(name.as_bytes())
            {
                found.push(name.to_owned());
            }
        }
    }
}
