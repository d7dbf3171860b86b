//! Forms with files: fields as texts, files as objects with a stream.
//!
//! A form is in memory as long as its files are used. Invariant: what is larger than allowed is an error, never a shorter
//! form.

use std::sync::Arc;

use wippy_http::Exchange;
use wippy_http::intake::{BodyError, Read};
use wippy_http::multipart::{self, File, Form, FormError};
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{ErrorValue, Kind, fails};
use wippy_vm::{
    Context, HostObject, Library, Outcome, Result, Table, Then, Ticket, UserData, Value, library,
};

use super::request::{self, Limits};
use super::stream::{self, Stream};
use super::{failure, wake};

/// Most bytes of a form where nothing is said.
pub(super) const MOST: i64 = 32 << 20;
/// What boundaries and heads of parts may take beside that.
const FRAME: u64 = 64 << 10;

pub(super) static METHODS: Library = library!(
    "http.MultipartFile",
    [
        /// Its name, without folders.
        ("name", name, "(self: any) -> string"),
        /// Its bytes.
        ("size", size, "(self: any) -> integer"),
        /// A header of its part.
        ("header", header, "(self: any, name: string) -> string?"),
        /// Its contents.
        ("stream", contents, "(self: any) -> (any, error?)"),
    ]
);

static METAMETHODS: Library = library!("http.MultipartFile", [("__tostring", show, "(self: any) -> string")]);

pub(super) static CLASS: Class = Class { methods: &METHODS, metamethods: &METAMETHODS };

/// A file of a form.
struct FileObject {
    exchange: Arc<Exchange>,
    file: File,
}

impl HostObject for FileObject {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// Reads a form and takes it apart.
pub(super) fn parse(
    cx: &mut Context<'_>,
    exchange: &Arc<Exchange>,
    limits: Limits,
    most: u64,
) -> Result<Outcome> {
    let media = exchange.request().header("content-type").unwrap_or_default();
    let boundary = match multipart::boundary(&String::from_utf8_lossy(&media)) {
        Ok(boundary) => boundary,
        Err(FormError::OtherType) => return fails(cx, ErrorValue::invalid(FormError::OtherType.to_string())),
        Err(why) => return fails(cx, unparsed(&why.to_string())),
    };
    let own = Arc::clone(exchange);
    let limited = Limits { most: limits.most.min(most.saturating_add(FRAME)), ..limits };
    let is_memory = limited.most < limits.most;
    let deliver = move |cx: &mut Context<'_>, ticket: Ticket, read: Read| {
        let values = match read {
            Ok(body) => match multipart::parse(&boundary, &body.unwrap_or_default().into()) {
                Ok(form) => build(cx, &own, form).map(|table| vec![table.into()]),
                Err(why) => failure(cx, unparsed(&why.to_string())),
            },
            Err(BodyError::TooLarge) if is_memory => {
                failure(cx, unparsed(&format!("larger than max_memory ({most} bytes)")))
            }
            Err(why) => failure(cx, request::unread(&why)),
        };
        wake(cx, ticket, values);
    };
    Ok(request::read_for(cx, exchange, limited, None, deliver, Then::Return))
}

fn unparsed(why: &str) -> ErrorValue {
    ErrorValue::new(Kind::INTERNAL, format!("failed to parse multipart form: {why}"))
}

fn build<'gc>(cx: &mut Context<'gc>, exchange: &Arc<Exchange>, form: Form) -> Result<Table<'gc>> {
    let table = cx.table(0, 2)?;
    let values = cx.table(0, 0)?;
    cx.set_field(table, "values", values)?;
    for (field, value) in form.values {
        let (field, value) = (cx.string(field.as_bytes())?, cx.string(&value)?);
        match values.get(field.into()) {
            Value::Nil => cx.raw_set(values, field, value)?,
            Value::Table(list) => add(cx, list, value.into())?,
            first => {
                let list = cx.table(2, 0)?;
                cx.raw_set(values, field, list)?;
                add(cx, list, first)?;
                add(cx, list, value.into())?;
            }
        }
    }
    let files = cx.table(0, 0)?;
    cx.set_field(table, "files", files)?;
    for (field, file) in form.files {
        let field = cx.string(field.as_bytes())?;
        let object = CLASS.object(cx, Arc::new(FileObject { exchange: Arc::clone(exchange), file }))?;
        let list = match files.get(field.into()) {
            Value::Table(list) => list,
            _ => {
                let list = cx.table(1, 0)?;
                cx.raw_set(files, field, list)?;
                list
            }
        };
        add(cx, list, object.into())?;
    }
    Ok(table)
}

/// Adds a value to the end of a list without holes.
fn add<'gc>(cx: &mut Context<'gc>, list: Table<'gc>, value: Value<'gc>) -> Result<()> {
    let next = list.length() + 1;
    cx.raw_set_integer(list, next, value)
}

fn this<'gc>(cx: &Context<'gc>) -> Result<&'gc FileObject> {
    CLASS.this(cx)
}

fn name(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.string(this(cx)?.file.name.as_bytes())?;
    Ok(cx.returns(name))
}

fn size(cx: &mut Context<'_>) -> Result<Outcome> {
    let size = this(cx)?.file.bytes.len() as i64;
    Ok(cx.returns(size))
}

fn header(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = this(cx)?;
    let name = cx.check_string(2)?.to_string_lossy().into_owned();
    match file.file.header(&name) {
        Some(value) => {
            let value = cx.string(value.as_bytes())?;
            Ok(cx.returns(value))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

fn contents(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = this(cx)?;
    if file.exchange.is_finished() {
        return fails(cx, request::unread(&BodyError::Finished));
    }
    stream::returns(cx, Stream::of_bytes(Arc::clone(&file.exchange), file.file.bytes.clone()))
}

fn show(cx: &mut Context<'_>) -> Result<Outcome> {
    let file = &this(cx)?.file;
    let shown = format!("http.MultipartFile{{name={}, size={}}}", file.name, file.bytes.len());
    let text = cx.string(shown.as_bytes())?;
    Ok(cx.returns(text))
}
