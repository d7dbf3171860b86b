//! `json.validate` and `json.validate_string`: JSON Schema, draft 2020-12.
//!
//! `format` is an annotation and never judged; nothing is fetched. Schemas that were compiled are kept for the next
//! time, by their text. Invariant: a failure is `false` and an error whose details list what is wrong where.

mod check;
mod compile;
mod document;

use std::sync::Arc;

use wippy_vm::{Context, Outcome, Result, Value};

use crate::errors::{self, Details, ErrorValue, Item};
use crate::json::lexer::Malformed;
use crate::plain::Plain;
use compile::Schema;

/// Compiled schemas that an interpreter keeps.
const MOST_KEPT: usize = 100;

/// Bytes of text that are read for one unit of fuel.
const BYTES_PER_UNIT: usize = 8;

/// Compiled schemas by their text, the last used at the end; a host value.
#[derive(Default)]
struct Compiled(Vec<(Vec<u8>, Arc<Schema>)>);

fn refuse(cx: &mut Context<'_>, message: impl Into<Vec<u8>>) -> Result<Outcome> {
    errors::fails_with(cx, Value::Boolean(false), ErrorValue::invalid(message))
}

/// The schema in an argument, compiled; or why it is none.
fn schema<'gc>(cx: &mut Context<'gc>, argument: Value<'gc>) -> Result<Result<Arc<Schema>, Vec<u8>>> {
    let text = match argument {
        Value::Nil => return Ok(Err(b"schema is required".to_vec())),
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Table(_) => match encoded(cx, argument)? {
            Ok(text) => text,
            Err(message) => return Ok(Err(message)),
        },
        _ => return Ok(Err(b"schema must be a string or table".to_vec())),
    };
    if let Some(kept) = cx.host::<Compiled>()
        && let Some(index) = kept.0.iter().position(|(known, _)| *known == text)
    {
        let entry = kept.0.remove(index);
        let schema = Arc::clone(&entry.1);
        kept.0.push(entry);
        return Ok(Ok(schema));
    }
    spend(cx, text.len() / BYTES_PER_UNIT);
    let plain = match document::parse(&text) {
        // A table without anything in it is the schema that accepts all.
        Ok(Plain::List(items)) if items.is_empty() => Plain::Map(Default::default()),
        Ok(plain) => plain,
        Err(malformed) => return Ok(Err(malformed.describe(&text).into_bytes())),
    };
    let schema = match Schema::compile(plain) {
        Ok(schema) => Arc::new(schema),
        Err(message) => return Ok(Err(message.into_bytes())),
    };
    if cx.host::<Compiled>().is_none() {
        cx.set_host(Compiled::default());
    }
    if let Some(kept) = cx.host::<Compiled>() {
        if kept.0.len() >= MOST_KEPT {
            kept.0.remove(0);
        }
        kept.0.push((text, Arc::clone(&schema)));
    }
    Ok(Ok(schema))
}

/// What `json.encode` makes of a value, with the slots as they were.
fn encoded<'gc>(cx: &mut Context<'gc>, value: Value<'gc>) -> Result<Result<Vec<u8>, Vec<u8>>> {
    let slots: Vec<Value<'gc>> = (1..=cx.len()).map(|index| cx.get(index)).collect();
    cx.truncate(0);
    cx.push(value);
    let result = document::encode(cx)?;
    cx.truncate(0);
    slots.into_iter().for_each(|value| cx.push(value));
    Ok(result)
}

fn parse(cx: &mut Context<'_>, text: &[u8]) -> std::result::Result<Plain, Malformed> {
    spend(cx, text.len() / BYTES_PER_UNIT);
    document::parse(text)
}

/// `json.validate(schema, data)`
pub(super) fn validate(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(2);
    let schema = match (cx.get(1), cx.get(2)) {
        (Value::Nil, _) => return refuse(cx, "schema is required"),
        (_, Value::Nil) => return refuse(cx, "data is required"),
        (argument, _) => match schema(cx, argument)? {
            Ok(schema) => schema,
            Err(message) => return refuse(cx, message),
        },
    };
    let data = match cx.get(2) {
        Value::Table(table) if !document::has_items(table) => match document::from_table(cx, table) {
            Some(data) => data,
            None => return refuse(cx, "recursive table"),
        },
        value => match encoded(cx, value)? {
            Ok(text) => match parse(cx, &text) {
                Ok(data) => data,
                Err(malformed) => return refuse(cx, malformed.describe(&text)),
            },
            Err(message) => return refuse(cx, message),
        },
    };
    judge(cx, &schema, &data)
}

/// `json.validate_string(schema, text)`
pub(super) fn validate_string(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(2);
    let Value::String(text) = cx.get(2) else {
        let message = if cx.get(1).is_nil() { "schema is required" } else { "data must be a JSON string" };
        return refuse(cx, message);
    };
    let argument = cx.get(1);
    let schema = match schema(cx, argument)? {
        Ok(schema) => schema,
        Err(message) => return refuse(cx, message),
    };
    match parse(cx, text.as_bytes()) {
        Ok(data) => judge(cx, &schema, &data),
        Err(malformed) => refuse(cx, format!("evaluation failed: {}", malformed.describe(text.as_bytes()))),
    }
}

/// Charges work that is done in one go.
fn spend(cx: &mut Context<'_>, units: usize) {
    // If nothing is left, the caller is paused after the call.
    let _ = cx.charge(units);
}

fn judge(cx: &mut Context<'_>, schema: &Schema, data: &Plain) -> Result<Outcome> {
    let check::Verdict { failures, steps } = check::check(schema, data);
    spend(cx, steps);
    let Some(first) = failures.first() else { return Ok(cx.returns(true)) };
    let message = format!("evaluation failed: {}: {}", first.path, first.message);
    let list = failures
        .iter()
        .map(|failure| {
            vec![
                ("path", Item::from(failure.path.as_str())),
                ("keyword", Item::from(failure.keyword.as_str())),
                ("message", Item::from(failure.message.as_str())),
            ]
        })
        .collect();
    let error = ErrorValue::invalid(message).with_details(Details::list("errors", list));
    errors::fails_with(cx, Value::Boolean(false), error)
}
