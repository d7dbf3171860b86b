//! The request: its head at once, its body when it has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wippy_http::intake::{BodyError, Order, Read};
use wippy_http::{Exchange, HeaderName};
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{ErrorValue, Kind, error_of, fails};
use wippy_stdlib::json;
use wippy_stdlib::requests::{Answer, Finish, Request};
use wippy_vm::{Context, HostObject, Library, Outcome, Result, Then, Ticket, UserData, Value, library};

use super::stream::{self, Stream};
use super::{current, failure, multipart, outside, wake};

/// Longest time for reading a body, and most bytes of it, where nothing else is said.
const TIMEOUT: i64 = 300_000;
const MOST: i64 = 120 << 20;

pub(super) static METHODS: Library = library!(
    "http.Request",
    [
        /// The method.
        ("method", method, "(self: any) -> (string, error?)"),
        /// The path, decoded and without the query.
        ("path", path, "(self: any) -> (string, error?)"),
        /// The host that the client asked for.
        ("host", host, "(self: any) -> (string, error?)"),
        /// The first value of a name in the query.
        ("query", query, "(self: any, name: string) -> (string?, error?)"),
        /// All of the query; values of one name are joined by commas.
        ("query_params", query_params, "(self: any) -> ({[string]: string}, error?)"),
        /// The value of a header, whatever the case of its name.
        ("header", header, "(self: any, name: string) -> (string?, error?)"),
        /// The media type of the body.
        ("content_type", content_type, "(self: any) -> (string?, error?)"),
        /// Bytes of the body; -1 if that is not known yet.
        ("content_length", content_length, "(self: any) -> (integer, error?)"),
        /// Where the client is: address and port, or the address that a proxy says.
        ("remote_addr", remote_addr, "(self: any) -> (string, error?)"),
        /// Whether it is known that there is a body.
        ("has_body", has_body, "(self: any) -> (boolean, error?)"),
        /// Whether the media type of the body begins like this.
        ("is_content_type", is_content_type, "(self: any, type: string) -> (boolean, error?)"),
        /// Whether the client takes a media type.
        ("accepts", accepts, "(self: any, type: string) -> (boolean, error?)"),
        /// The value of a parameter of the route.
        ("param", param, "(self: any, name: string) -> (string?, error?)"),
        /// All parameters of the route.
        ("params", params, "(self: any) -> ({[string]: string}, error?)"),
        /// The whole body; waits for it.
        ("body", body, "(self: any) -> (string?, error?)"),
        /// The value of a body in JSON; waits for it.
        ("body_json", body_json, "(self: any) -> (any, error?)"),
        /// The body piece by piece.
        ("stream", body_stream, "(self: any) -> (any, error?)"),
        /// The fields of a form: `values` by name, one text or a list, and `files` by name, a list each. Waits for all of it;
        /// a form is kept in memory, and one that is larger than allowed is an error.
        ("parse_multipart", parse_multipart, "(self: any, max_memory: integer?) -> (any, error?)"),
    ]
);

static METAMETHODS: Library = library!("http.Request", [("__tostring", show, "(self: any) -> string")]);

pub(super) static CLASS: Class = Class { methods: &METHODS, metamethods: &METAMETHODS };

/// See the module.
struct RequestObject {
    exchange: Arc<Exchange>,
    limits: Limits,
}

/// What a body is read under.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) within: Duration,
    pub(super) most: u64,
}

impl HostObject for RequestObject {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// `http.request(options?)`
pub(super) fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    let (mut timeout, mut most) = (TIMEOUT, MOST);
    if !cx.get(1).is_nil() {
        let options = cx.check_table(1)?;
        for (name, value) in [("timeout", &mut timeout), ("max_body", &mut most)] {
            *value = match cx.field(options, name) {
                Value::Nil => continue,
                Value::Integer(number) if number >= 0 => number,
                Value::Float(number) if (0.0..9e15).contains(&number) => number as i64,
                _ => return Err(cx.argument_error(1, format!("{name} must be a whole number"))),
            };
        }
    }
    let Some(exchange) = current::of(cx) else { return outside(cx) };
    let within = Duration::from_millis(if timeout == 0 { TIMEOUT } else { timeout }.unsigned_abs());
    let object = RequestObject { exchange, limits: Limits { within, most: most.unsigned_abs() } };
    let object = CLASS.object(cx, Arc::new(object))?;
    Ok(cx.returns(object))
}

/// The request in slot 1, unless its call has ended: then the error is answered.
fn with<'gc>(
    cx: &mut Context<'gc>,
    answer: impl FnOnce(&mut Context<'gc>, &'gc RequestObject) -> Result<Outcome>,
) -> Result<Outcome> {
    let this = CLASS.this::<RequestObject>(cx)?;
    if this.exchange.is_finished() {
        return fails(cx, ErrorValue::internal(BodyError::Finished.to_string()));
    }
    answer(cx, this)
}

fn text(cx: &mut Context<'_>, bytes: &[u8]) -> Result<Outcome> {
    let text = cx.string(bytes)?;
    Ok(cx.returns(text))
}

fn optional(cx: &mut Context<'_>, bytes: Option<&[u8]>) -> Result<Outcome> {
    match bytes {
        Some(bytes) => text(cx, bytes),
        None => Ok(cx.returns(Value::Nil)),
    }
}

fn table<'a>(cx: &mut Context<'_>, pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Result<Outcome> {
    let table = cx.table(0, pairs.size_hint().0)?;
    for (name, value) in pairs {
        let (name, value) = (cx.string(name)?, cx.string(value)?);
        cx.raw_set(table, name, value)?;
    }
    Ok(cx.returns(table))
}

fn method(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| text(cx, this.exchange.request().method.as_str().as_bytes()))
}

fn path(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| text(cx, &this.exchange.request().path))
}

fn host(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| text(cx, this.exchange.request().host.as_bytes()))
}

fn remote_addr(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| text(cx, this.exchange.request().remote.as_bytes()))
}

fn query(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(2)?.as_bytes().to_vec();
    with(cx, |cx, this| optional(cx, this.exchange.request().query_value(&name).as_deref()))
}

fn query_params(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| {
        let mut joined: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for (name, value) in this.exchange.request().query_pairs() {
            joined
                .entry(name)
                .and_modify(|all| {
                    all.push(b',');
                    all.extend_from_slice(&value);
                })
                .or_insert(value);
        }
        table(cx, joined.iter().map(|(name, value)| (name.as_slice(), value.as_slice())))
    })
}

fn header(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(2)?.to_string_lossy().into_owned();
    with(cx, |cx, this| optional(cx, this.exchange.request().header(&name).as_deref()))
}

fn media(this: &RequestObject) -> Option<Vec<u8>> {
    this.exchange.request().header(HeaderName::from_static("content-type").as_str())
}

fn content_type(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| optional(cx, media(this).as_deref()))
}

fn is_content_type(cx: &mut Context<'_>) -> Result<Outcome> {
    let wanted = cx.check_string(2)?.as_bytes().to_vec();
    with(cx, |cx, this| {
        let is_it = media(this).is_some_and(|media| {
            media.get(..wanted.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(&wanted))
        });
        Ok(cx.returns(is_it))
    })
}

fn content_length(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| {
        let length = this.exchange.request().length.map_or(-1, |length| length as i64);
        Ok(cx.returns(length))
    })
}

fn has_body(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| {
        let has_body = this.exchange.request().length.is_some_and(|length| length > 0);
        Ok(cx.returns(has_body))
    })
}

fn accepts(cx: &mut Context<'_>) -> Result<Outcome> {
    let wanted = cx.check_string(2)?.to_string_lossy().into_owned();
    with(cx, |cx, this| {
        let accepts = this.exchange.request().accepts(&wanted);
        Ok(cx.returns(accepts))
    })
}

fn param(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(2)?.as_bytes().to_vec();
    with(cx, |cx, this| optional(cx, this.exchange.request().parameter(&name)))
}

fn params(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| {
        let all = this.exchange.request().parameters.iter();
        table(cx, all.map(|(name, value)| (name.as_bytes(), value.as_slice())))
    })
}

fn show(cx: &mut Context<'_>) -> Result<Outcome> {
    let request = CLASS.this::<RequestObject>(cx)?.exchange.request();
    let shown =
        [b"http.Request{method=", request.method.as_str().as_bytes(), b", path=", &request.path, b"}"];
    text(cx, &shown.concat())
}

/// Reads from the body: all that is left, or a piece of at most so many bytes.
pub(super) fn read(
    cx: &mut Context<'_>,
    exchange: &Arc<Exchange>,
    limits: Limits,
    most: Option<usize>,
    then: Then,
) -> Outcome {
    read_for(cx, exchange, limits, most, arrive, then)
}

/// The same; `deliver` makes of it what wakes the reader.
pub(super) fn read_for(
    cx: &mut Context<'_>,
    exchange: &Arc<Exchange>,
    limits: Limits,
    most: Option<usize>,
    deliver: impl FnOnce(&mut Context<'_>, Ticket, Read) + Send + 'static,
    then: Then,
) -> Outcome {
    let exchange = Arc::clone(exchange);
    let start = move |finish: Finish| {
        let told = move |read: Read| {
            let answer: Answer =
                Box::new(move |cx: &mut Context<'_>, ticket: Ticket| deliver(cx, ticket, read));
            finish(answer);
        };
        let within = Some(limits.within);
        exchange.read(Order { most, limit: limits.most, within, told: Box::new(told) });
    };
    cx.operation(Box::new(Request::Begin { start: Box::new(start), abandon: None }), then)
}

fn arrive(cx: &mut Context<'_>, ticket: Ticket, read: Read) {
    let values = match read {
        Ok(Some(bytes)) => cx.string(&bytes).map(|bytes| vec![bytes.into()]),
        Ok(None) => Ok(vec![Value::Nil, Value::Nil]),
        Err(error) => failure(cx, unread(&error)),
    };
    wake(cx, ticket, values);
}

/// The error of a body that was not read.
pub(super) fn unread(error: &BodyError) -> ErrorValue {
    match error {
        BodyError::None | BodyError::TooLarge => ErrorValue::invalid(error.to_string()),
        _ => ErrorValue::new(Kind::INTERNAL, error.to_string()),
    }
}

fn body(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| whole(cx, this, Then::Return))
}

fn whole(cx: &mut Context<'_>, this: &RequestObject, then: Then) -> Result<Outcome> {
    if this.exchange.is_read() {
        return fails(cx, unread(&BodyError::None));
    }
    Ok(read(cx, &this.exchange, this.limits, None, then))
}

fn body_json(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| whole(cx, this, Then::Step(decode)))
}

/// The body has come, or why not.
fn decode(cx: &mut Context<'_>) -> Result<Outcome> {
    let first = cx.results();
    let text = cx.get(first);
    if text.is_nil() {
        return Ok(cx.returns_top(2));
    }
    cx.truncate(0);
    cx.push(Value::Native(json::decoder()));
    cx.push(text);
    Ok(cx.call(1, Then::Step(decoded)))
}

fn decoded(cx: &mut Context<'_>) -> Result<Outcome> {
    let first = cx.results();
    match error_of(cx.get(first + 1)) {
        Some(error) => {
            let message = [b"invalid JSON: ", error.message()].concat();
            fails(cx, ErrorValue::invalid(message))
        }
        None => {
            let value = cx.get(first);
            Ok(cx.returns(value))
        }
    }
}

fn body_stream(cx: &mut Context<'_>) -> Result<Outcome> {
    with(cx, |cx, this| {
        if this.exchange.is_read() {
            return fails(cx, unread(&BodyError::None));
        }
        stream::returns(cx, Stream::of_body(Arc::clone(&this.exchange), this.limits))
    })
}

fn parse_multipart(cx: &mut Context<'_>) -> Result<Outcome> {
    let most = cx.optional_integer(2, multipart::MOST)?;
    let Ok(most) = u64::try_from(most) else {
        return Err(cx.argument_error(2, "max_memory must not be negative"));
    };
    with(cx, |cx, this| {
        if this.exchange.is_read() {
            return fails(cx, unread(&BodyError::None));
        }
        multipart::parse(cx, &this.exchange, this.limits, most)
    })
}
