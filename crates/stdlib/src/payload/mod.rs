//! `payload`: a value together with its format.
//!
//! Payloads come with messages and results of calls, and scripts make them. The formats for other programs keep what
//! they are to say, checked by their rules; bytes are made by whoever carries them away, and nobody does yet. A payload
//! belongs to its process: sent to another, it is nil. Invariant: `data` of a converted payload is a fresh copy.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use wippy_vm::{Context, Library, Outcome, Result, Table, UserData, Value, library};

use crate::errors::{self, ErrorValue, error_of, fails};
use crate::json::{decode::Decoding, encode::Encoding};
use crate::modules;
use crate::neutral::Neutral;
use crate::steps::{self, Next, Steps};

/// The function of `payload`.
pub static LIBRARY: Library = library!(
    "payload",
    [
        /// A payload with a value.
        ("new", new, "(value: any?) -> any")
    ]
);

static METHODS: Library = library!(
    "Payload",
    [
        /// The value as Lua has it, whatever the format.
        ("data", data, "(self: any) -> (any, error?)"),
        /// The same as `data`.
        ("unmarshal", data, "(self: any) -> (any, error?)"),
        /// The format: `lua/any`, `json/plain`, `yaml/plain`, `text/plain`, ...
        ("get_format", format_name, "(self: any) -> string"),
        /// The same value in another format.
        ("transcode", transcode, "(self: any, format: string) -> (any, error?)"),
    ]
);

static METAMETHODS: Library = library!("Payload", [("__tostring", show, "(self: any) -> string")]);

static CLASS: crate::class::Class = crate::class::Class { methods: &METHODS, metamethods: &METAMETHODS };

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY, &METHODS];

/// What a payload is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
    String,
    Bytes,
    MsgPack,
    Lua,
    Golang,
    Error,
}

impl Format {
    /// Every format: its constant and its name.
    const ALL: &'static [(Format, &'static str, &'static str)] = &[
        (Format::Json, "JSON", "json/plain"),
        (Format::Yaml, "YAML", "yaml/plain"),
        (Format::String, "STRING", "text/plain"),
        (Format::Bytes, "BYTES", "application/octet-stream"),
        (Format::MsgPack, "MSGPACK", "application/msgpack"),
        (Format::Lua, "LUA", "lua/any"),
        (Format::Golang, "GOLANG", "golang/any"),
        (Format::Error, "ERROR", "golang/error"),
    ];

    fn find(name: &[u8]) -> Option<Format> {
        Format::ALL.iter().find(|(_, _, known)| known.as_bytes() == name).map(|(format, _, _)| *format)
    }

    fn name(self) -> &'static str {
        Format::ALL.iter().find(|(format, _, _)| *format == self).map_or("", |(_, _, name)| name)
    }
}

/// Reads the value of a payload that is part of something else: of its owner, the one of this number.
pub type Read = for<'gc> fn(&mut Context<'gc>, UserData<'gc>, usize) -> Result<Value<'gc>>;

/// Where the value is.
enum Content {
    /// It is the user value: for JSON the text.
    Held,
    /// In the userdata that is the user value.
    Lent(usize, Read),
    Neutral(Arc<Neutral>),
}

struct Payload {
    format: Format,
    content: Content,
}

/// Makes the table `payload`.
///
/// # Errors
/// When the memory limit would be passed.
pub fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    open(cx)?;
    let module = modules::table(cx, &LIBRARY, 1)?;
    let formats = cx.table(0, Format::ALL.len())?;
    for (_, constant, name) in Format::ALL {
        let name = cx.name(name);
        cx.set_field(formats, constant, name)?;
    }
    formats.freeze();
    cx.set_field(module, "format", formats)?;
    module.freeze();
    Ok(module.into())
}

/// Builds the metatable, so that it is part of an image.
///
/// # Errors
/// When the memory limit would be passed.
pub fn open(cx: &mut Context<'_>) -> Result<()> {
    CLASS.metatable(cx).map(drop)
}

fn make<'gc>(
    cx: &mut Context<'gc>,
    format: Format,
    content: Content,
    user: Value<'gc>,
) -> Result<UserData<'gc>> {
    let metatable: Table<'gc> = CLASS.metatable(cx)?;
    let payload = Payload { format, content };
    let payload = match &payload.content {
        Content::Neutral(_) => cx.userdata_in_cell(payload, metatable),
        // It owns nothing, and the collector need not know of it.
        Content::Held | Content::Lent(..) => cx.userdata_in_cell(ManuallyDrop::new(payload), metatable),
    };
    cx.set_user_value(payload, user);
    Ok(payload)
}

/// A payload that holds a value.
///
/// # Errors
/// When the memory limit would be passed.
pub fn object<'gc>(cx: &mut Context<'gc>, value: Value<'gc>) -> Result<UserData<'gc>> {
    let format = if error_of(value).is_some() { Format::Error } else { Format::Lua };
    make(cx, format, Content::Held, value)
}

/// A payload whose value is part of `owner`, and read when it is asked for.
///
/// # Errors
/// When the memory limit would be passed.
pub fn lent<'gc>(
    cx: &mut Context<'gc>,
    owner: UserData<'gc>,
    number: usize,
    read: Read,
) -> Result<UserData<'gc>> {
    make(cx, Format::Lua, Content::Lent(number, read), owner.into())
}

fn this<'gc>(cx: &Context<'gc>) -> Result<(UserData<'gc>, &'gc Payload)> {
    match cx.get(1) {
        Value::UserData(userdata) => match userdata.get::<ManuallyDrop<Payload>>() {
            Some(payload) => Some((userdata, &**payload)),
            None => userdata.get::<Payload>().map(|payload| (userdata, payload)),
        },
        _ => None,
    }
    .ok_or_else(|| cx.type_error(1, CLASS.name()))
}

fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.get(1);
    let payload = object(cx, value)?;
    Ok(cx.returns(payload))
}

fn format_name(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, payload) = this(cx)?;
    let name = cx.name(payload.format.name());
    Ok(cx.returns(name))
}

fn show(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, payload) = this(cx)?;
    let text = cx.string(format!("payload{{format={}}}", payload.format.name()).as_bytes())?;
    Ok(cx.returns(text))
}

fn no_path(cx: &mut Context<'_>) -> Result<Outcome> {
    fails(cx, ErrorValue::internal("no transcoding path found").retryable(Some(false)))
}

/// `payload:data()`: the value as Lua has it.
fn data(cx: &mut Context<'_>) -> Result<Outcome> {
    let (userdata, payload) = this(cx)?;
    if let (Format::Lua, Content::Lent(number, read)) = (payload.format, &payload.content)
        && let Value::UserData(owner) = userdata.user_value()
    {
        let value = read(cx, owner, *number)?;
        return Ok(cx.returns(value));
    }
    read(cx, userdata, payload, None)
}

/// `payload:transcode(format)`
fn transcode(cx: &mut Context<'_>) -> Result<Outcome> {
    let (userdata, payload) = this(cx)?;
    let target = cx.check_string(2)?;
    match Format::find(target.as_bytes()) {
        Some(target) if target == payload.format => {
            let content = match &payload.content {
                Content::Held => Content::Held,
                Content::Lent(number, read) => Content::Lent(*number, *read),
                Content::Neutral(neutral) => Content::Neutral(Arc::clone(neutral)),
            };
            let same = make(cx, target, content, userdata.user_value())?;
            Ok(cx.returns(same))
        }
        None | Some(Format::Error) => no_path(cx),
        Some(target) => read(cx, userdata, payload, Some(target)),
    }
}

/// Gets the value as Lua has it, and goes on to a format if there is one.
fn read<'gc>(
    cx: &mut Context<'gc>,
    userdata: UserData<'gc>,
    payload: &Payload,
    target: Option<Format>,
) -> Result<Outcome> {
    let value = match &payload.content {
        _ if payload.format == Format::Error => return no_path(cx),
        Content::Held => userdata.user_value(),
        Content::Lent(number, read) => match userdata.user_value() {
            Value::UserData(owner) => read(cx, owner, *number)?,
            _ => Value::Nil,
        },
        Content::Neutral(neutral) => neutral.build(cx)?,
    };
    cx.truncate(0);
    cx.push(value);
    if payload.format == Format::Json {
        return steps::run(Reading { decoding: Decoding::new(), target }, cx);
    }
    match target {
        Some(Format::Json) => steps::run(Writing(Encoding::new()), cx),
        _ => match finish(cx, target)? {
            Next::Return(count) => Ok(cx.returns_top(count)),
            _ => Ok(cx.returns_none()),
        },
    }
}

/// Turns the topmost value into a payload of a format; without one it is the result.
fn finish(cx: &mut Context<'_>, target: Option<Format>) -> Result<Next> {
    let value = cx.get(cx.len());
    let Some(target) = target else { return Ok(Next::Return(1)) };
    let neutral = match target {
        Format::Lua => {
            let payload = make(cx, target, Content::Held, value)?;
            cx.push(payload);
            return Ok(Next::Return(1));
        }
        _ => Neutral::of(cx, value),
    };
    let neutral = match neutral {
        Ok(neutral) => neutral,
        Err(unfit) => {
            let error = ErrorValue::internal(unfit.message()).retryable(Some(false));
            let error = errors::object(cx, error)?;
            cx.push(Value::Nil);
            cx.push(error);
            return Ok(Next::Return(2));
        }
    };
    let payload = if matches!(target, Format::String | Format::Bytes) {
        let mut text = Vec::new();
        if neutral != Neutral::Null {
            neutral.show(&mut text);
        }
        let text = cx.string(&text)?;
        make(cx, target, Content::Held, text.into())?
    } else {
        make(cx, target, Content::Neutral(Arc::new(neutral)), Value::Nil)?
    };
    cx.push(payload);
    Ok(Next::Return(1))
}

/// Writes the value in slot 1 as JSON.
struct Writing(Encoding);

impl Steps for Writing {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        match self.0.step(cx, called)? {
            Next::Return(1) => {
                let text = cx.get(cx.len());
                let payload = make(cx, Format::Json, Content::Held, text)?;
                cx.push(payload);
                Ok(Next::Return(1))
            }
            other => Ok(other),
        }
    }
}

/// Reads the JSON text in slot 1.
struct Reading {
    decoding: Decoding,
    target: Option<Format>,
}

impl Steps for Reading {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        match self.decoding.step(cx, called)? {
            Next::Return(1) => finish(cx, self.target),
            other => Ok(other),
        }
    }
}
