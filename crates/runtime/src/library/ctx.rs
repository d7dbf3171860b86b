//! `ctx`: the values that a process has inherited.

use wippy_stdlib::errors::{self, ErrorValue, Kind};
use wippy_vm::{Context, Library, Outcome, Result, Value, library};

use super::invalid;
use crate::local::{Local, Values};

/// The functions of `ctx`.
pub static LIBRARY: Library = library!(
    "ctx",
    [
        /// A value that `with_context` set on the way to this program.
        ("get", get, "(key: string) -> (any, error?)"),
        /// All of those values.
        ("all", all, "() -> {[string]: any}")
    ]
);

fn values(cx: &mut Context<'_>) -> Values {
    cx.host::<Local>().map_or_else(Values::default, |local| local.values.clone())
}

/// `ctx.get(key)`
fn get(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::String(key) = cx.get(1) else { return Err(cx.type_error(1, "string")) };
    if key.is_empty() {
        return invalid(cx, "empty key");
    }
    match values(cx).values.get(key.as_bytes()) {
        Some(value) => {
            let value = cx.unpack_next(&mut value.tokens())?.unwrap_or(Value::Nil);
            Ok(cx.returns(value))
        }
        None => {
            let message = [b"key not found: ", key.as_bytes()].concat();
            errors::fails(cx, ErrorValue::new(Kind::NOT_FOUND, message).retryable(Some(false)))
        }
    }
}

/// `ctx.all()`
fn all(cx: &mut Context<'_>) -> Result<Outcome> {
    let values = values(cx);
    let table = cx.table(0, values.values.len())?;
    for (key, value) in &values.values {
        let key = cx.string(key)?;
        let value = cx.unpack_next(&mut value.tokens())?.unwrap_or(Value::Nil);
        cx.raw_set(table, key, value)?;
    }
    Ok(cx.returns(table))
}
