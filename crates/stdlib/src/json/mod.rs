//! `json`: JSON text to Lua values and back (RFC 8259).
//!
//! Directly between text and values, in steps that can be paused. Typed readers build on [`lexer`], which knows only
//! text. Invariant: nesting is limited in both directions.

pub(crate) mod decode;
pub(crate) mod encode;
mod guide;
pub mod lexer;
mod schema;
pub(crate) mod text;

pub use text::quote;
use wippy_vm::{Context, Library, Native, Outcome, Result, Value, library};

use crate::errors::{self, ErrorValue};
use crate::modules;
use crate::plain::Plain;
use crate::steps::{self, Next};

/// Depth of the innermost value; the outermost has depth 0.
const MOST_NESTED: usize = 128;

/// The functions of `json`.
pub static LIBRARY: Library = library!(
    "json",
    [
        /// A value as JSON.
        ("encode", encode_native, "(value: any?) -> (string, error?)"),
        /// The value of JSON text.
        ("decode", decode_native, "(text: string) -> (any, error?)"),
        /// The value of JSON text if it is of a type; stops at the first byte that breaks it.
        ("decode_as", decode_as_native, "(type: type, text: string) -> (any, error?)"),
        /// Whether a value is as a JSON Schema asks.
        ("validate", schema::validate, "(schema: any, data: any) -> (boolean, error?)"),
        /// Whether the value of JSON text is as a JSON Schema asks.
        ("validate_string", schema::validate_string, "(schema: any, text: string) -> (boolean, error?)"),
    ]
);

/// `json.encode`, for natives that call it.
pub fn encoder() -> &'static Native {
    &LIBRARY.functions[0]
}

/// `json.decode`, for natives that call it.
pub fn decoder() -> &'static Native {
    &LIBRARY.functions[1]
}

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY];

/// Makes the table `json`.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = modules::table(cx, &LIBRARY, 0)?;
    table.freeze();
    Ok(table.into())
}

/// Writes plain data.
pub(crate) fn write_plain(out: &mut Vec<u8>, plain: &Plain) {
    match plain {
        Plain::Null => out.extend_from_slice(b"null"),
        Plain::Boolean(boolean) => out.extend_from_slice(if *boolean { b"true" } else { b"false" }),
        Plain::Integer(integer) => text::write_integer(out, *integer),
        Plain::Float(float) => text::write_float(out, *float),
        Plain::Text(text) => text::write_string(out, text.as_bytes()),
        Plain::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b", " } else { b"" });
                write_plain(out, item);
            }
            out.push(b']');
        }
        Plain::Map(entries) => {
            out.push(b'{');
            for (index, (name, item)) in entries.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b", " } else { b"" });
                text::write_string(out, name.as_bytes());
                out.extend_from_slice(b": ");
                write_plain(out, item);
            }
            out.push(b'}');
        }
    }
}

/// The last step of a function that fails.
fn fails(cx: &mut Context<'_>, error: ErrorValue) -> Result<Next> {
    let object = errors::object(cx, error)?;
    cx.push(Value::Nil);
    cx.push(object);
    Ok(Next::Return(2))
}

/// `json.encode(value)`
fn encode_native(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(1);
    steps::run(encode::Encoding::new(), cx)
}

/// `json.decode(text)`
fn decode_native(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(1);
    decode(cx, guide::Free)
}

/// `json.decode_as(type, text)`: the value of a text that is of the type; a text of any other fails as soon as that can
/// be seen.
fn decode_as_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let ty = cx.check_type(1)?;
    let text = cx.get(2);
    cx.truncate(0);
    cx.push(text);
    cx.push(ty);
    decode(cx, guide::Typed::new())
}

fn decode(cx: &mut Context<'_>, guide: impl guide::Guide) -> Result<Outcome> {
    match cx.get(1) {
        Value::String(text) if text.is_empty() => {
            errors::fails(cx, ErrorValue::invalid("empty string is not valid JSON"))
        }
        Value::String(_) => steps::run(decode::Decoding::under(guide), cx),
        _ => errors::fails(cx, ErrorValue::invalid("string expected")),
    }
}
