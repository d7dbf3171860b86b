//! `payload`: a value with a format. Payloads of messages are made where messages are; these hold a value of their own.

use wippy_stdlib::errors::{ErrorValue, error_of, fails};
use wippy_vm::{Context, Library, Outcome, Result, UserData, Value, library};

/// Names and their texts.
const FORMATS: &[(&str, &str)] = &[
    ("JSON", "json/plain"),
    ("YAML", "yaml/plain"),
    ("STRING", "text/plain"),
    ("BYTES", "application/octet-stream"),
    ("MSGPACK", "application/msgpack"),
    ("LUA", "lua/any"),
    ("GOLANG", "golang/any"),
    ("ERROR", "golang/error"),
];

static LIBRARY: Library = library!("payload", [("new", new, "(value: any) -> any")]);

static METHODS: Library = library!(
    "payload.Payload",
    [
        ("data", data, "(self: any) -> (any, any)"),
        ("unmarshal", data, "(self: any) -> (any, any)"),
        ("get_format", format_name, "(self: any) -> string"),
        ("transcode", transcode, "(self: any, format: string) -> (any, any)"),
    ]
);
static METAMETHODS: Library = library!("payload.Payload", [("__tostring", show, "(self: any) -> string")]);

/// What the userdata of a payload holds; the value is its user value.
struct Payload {
    format: &'static str,
}

const LUA: &str = "lua/any";
const ERROR: &str = "golang/error";
const CLASS: &str = "payload.Payload";

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let module = cx.table(0, 2)?;
    LIBRARY.install(cx, module)?;
    let formats = cx.table(0, FORMATS.len())?;
    for (name, text) in FORMATS {
        let text = cx.string(text.as_bytes())?;
        cx.set_field(formats, name, text)?;
    }
    cx.set_field(module, "format", formats)?;
    let registry = cx.registry();
    let methods = cx.table(0, METHODS.functions.len())?;
    METHODS.install(cx, methods)?;
    methods.freeze();
    let metatable = cx.table(0, 4)?;
    METAMETHODS.install(cx, metatable)?;
    cx.set_field(metatable, "__index", methods)?;
    let name = cx.name("Payload");
    cx.set_field(metatable, "__name", name)?;
    cx.set_field(metatable, "__metatable", false)?;
    cx.set_field(registry, CLASS, metatable)?;
    Ok(Value::Table(module))
}

/// A payload that holds a value.
///
/// # Errors
/// When the memory limit would be passed.
pub(super) fn object<'gc>(cx: &mut Context<'gc>, value: Value<'gc>) -> Result<UserData<'gc>> {
    let registry = cx.registry();
    let metatable = match cx.field(registry, CLASS) {
        Value::Table(metatable) => Some(metatable),
        _ => None,
    };
    let format = if error_of(value).is_some() { ERROR } else { LUA };
    let payload = cx.userdata(Box::new(Payload { format }), metatable);
    cx.set_user_value(payload, value);
    Ok(payload)
}

fn this<'gc>(cx: &Context<'gc>) -> Result<(&'gc Payload, Value<'gc>)> {
    match cx.get(1) {
        Value::UserData(userdata) => match userdata.get::<Payload>() {
            Some(payload) => Ok((payload, userdata.user_value())),
            None => Err(cx.type_error(1, "Payload")),
        },
        _ => Err(cx.type_error(1, "Payload")),
    }
}

fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.get(1);
    let payload = object(cx, value)?;
    Ok(cx.returns(payload))
}

fn data(cx: &mut Context<'_>) -> Result<Outcome> {
    let (payload, value) = this(cx)?;
    if payload.format == ERROR {
        return fails(cx, ErrorValue::internal("no transcoding path found"));
    }
    Ok(cx.returns(value))
}

fn format_name(cx: &mut Context<'_>) -> Result<Outcome> {
    let (payload, _) = this(cx)?;
    let name = cx.name(payload.format);
    Ok(cx.returns(name))
}

fn transcode(cx: &mut Context<'_>) -> Result<Outcome> {
    let (payload, value) = this(cx)?;
    let format = cx.check_string(2)?;
    if format.as_bytes() == payload.format.as_bytes() {
        let payload = object(cx, value)?;
        return Ok(cx.returns(payload));
    }
    fails(cx, ErrorValue::internal("no transcoding path found"))
}

fn show(cx: &mut Context<'_>) -> Result<Outcome> {
    let (payload, _) = this(cx)?;
    let text = cx.string(format!("payload{{format={}}}", payload.format).as_bytes())?;
    Ok(cx.returns(text))
}
