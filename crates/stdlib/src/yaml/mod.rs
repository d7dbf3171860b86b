//! `yaml`: YAML text to Lua values and back.
//!
//! Both ways go through a tree of neutral values, because aliases, merged maps and sorted keys need one. Invariant: the
//! functions here know nothing of scalars and layout.

mod decode;
mod emit;
mod scalar;

use wippy_vm::{Context, Library, Outcome, Result, Value, library};

use crate::errors::{self, ErrorValue};
use crate::modules;
use crate::neutral::Neutral;
use emit::Layout;

/// The functions of `yaml`.
pub static LIBRARY: Library = library!(
    "yaml",
    [
        /// The value of YAML text.
        ("decode", decode_native, "(text: string) -> (any, error?)"),
        /// A table as YAML.
        ("encode", encode_native, "(value: table, options: table?) -> (string, error?)"),
    ]
);

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY];

/// Bytes of text that are read or written for one unit of fuel.
const BYTES_PER_UNIT: usize = 8;

/// Makes the table `yaml`.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = modules::table(cx, &LIBRARY, 0)?;
    table.freeze();
    Ok(table.into())
}

/// `yaml.decode(text)`: the first document.
fn decode_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = match cx.get(1) {
        Value::String(text) if text.is_empty() => {
            return errors::fails(cx, ErrorValue::invalid("input cannot be empty"));
        }
        Value::String(text) => text,
        _ => return errors::fails(cx, ErrorValue::invalid("string expected")),
    };
    spend(cx, text.len());
    let failed = |message: String| ErrorValue::internal(message).in_context("decode failed");
    let Ok(text) = std::str::from_utf8(text.as_bytes()) else {
        return errors::fails(cx, failed("invalid UTF-8".to_owned()));
    };
    match decode::decode(text) {
        Ok(data) => {
            let value = data.build(cx)?;
            cx.push(value);
            Ok(cx.returns_top(1))
        }
        Err(message) => errors::fails(cx, failed(message)),
    }
}

/// `yaml.encode(table, options)`
fn encode_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::Table(table) = cx.get(1) else {
        return errors::fails(cx, ErrorValue::invalid("table expected"));
    };
    let layout = match cx.get(2) {
        Value::Table(options) => {
            let order = match cx.field(options, "field_order") {
                Value::Table(list) => (1..=list.length())
                    .filter_map(|at| match list.get_integer(at) {
                        Value::String(name) => Some(name.as_bytes().to_vec()),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            Layout { order, sorted: matches!(cx.field(options, "sort_unordered"), Value::Boolean(true)) }
        }
        _ => Layout::default(),
    };
    let data = match Neutral::of(cx, table.into()) {
        Ok(data) => data,
        Err(unfit) => {
            return errors::fails(cx, ErrorValue::internal(unfit.message()).in_context("encode failed"));
        }
    };
    let text = emit::emit(&data, &layout);
    spend(cx, text.len());
    let text = cx.string(&text)?;
    Ok(cx.returns(text))
}

/// Charges work that is done in one go; if nothing is left, the caller is paused after the call.
fn spend(cx: &mut Context<'_>, bytes: usize) {
    let _ = cx.charge(bytes / BYTES_PER_UNIT);
}
