//! The response: what is staged, written and sent.
//!
//! Each method answers nothing, or an error. Invariant: a method that fails has changed nothing.

use std::sync::Arc;

use wippy_http::{Exchange, Flow, HeaderName, HeaderValue, Refused, StatusCode, Transfer};
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{self, ErrorValue, error_of};
use wippy_stdlib::json;
use wippy_stdlib::requests::{Answer, Finish, Request};
use wippy_vm::{
    Context, Error, HostObject, Library, Outcome, Result, Then, Ticket, UserData, Value, library,
};

use super::{current, outside, refusal, wake};

pub(super) static METHODS: Library = library!(
    "http.Response",
    [
        /// Sets the status.
        ("set_status", set_status, "(self: any, code: integer) -> error?"),
        /// Sets a header.
        ("set_header", set_header, "(self: any, name: string, value: string) -> error?"),
        /// Sets the media type.
        ("set_content_type", set_content_type, "(self: any, type: string) -> error?"),
        /// Adds to the body; waits while the client is slower.
        ("write", write, "(self: any, text: string) -> error?"),
        /// Adds a value as JSON to the body, and says that it is JSON.
        ("write_json", write_json, "(self: any, value: any) -> error?"),
        /// Sends what there is, and waits until it has left.
        ("flush", flush, "(self: any) -> error?"),
        /// Sets how the body is sent: `chunked` or `sse`.
        ("set_transfer", set_transfer, "(self: any, mode: string) -> error?"),
        /// Sends an event with a name and data; the response is a stream of events from the first one on.
        ("write_event", write_event, "(self: any, event: any) -> error?"),
    ]
);

static METAMETHODS: Library = library!("http.Response", [("__tostring", show, "(self: any) -> string")]);

pub(super) static CLASS: Class = Class { methods: &METHODS, metamethods: &METAMETHODS };

/// See the module.
struct ResponseObject(Arc<Exchange>);

impl HostObject for ResponseObject {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// `http.response()`
pub(super) fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    let Some(exchange) = current::of(cx) else { return outside(cx) };
    let object = CLASS.object(cx, Arc::new(ResponseObject(exchange)))?;
    Ok(cx.returns(object))
}

fn this<'gc>(cx: &Context<'gc>) -> Result<&'gc Arc<Exchange>> {
    Ok(&CLASS.this::<ResponseObject>(cx)?.0)
}

/// Answers nothing, or why it was not done.
fn answers(cx: &mut Context<'_>, done: std::result::Result<(), Refused>) -> Result<Outcome> {
    match done {
        Ok(()) => Ok(cx.returns(Value::Nil)),
        Err(refused) => answers_error(cx, refusal(refused)),
    }
}

fn answers_error(cx: &mut Context<'_>, error: ErrorValue) -> Result<Outcome> {
    let error = errors::object(cx, error)?;
    Ok(cx.returns(error))
}

/// Answers when what was written may be followed by more.
fn flows(
    cx: &mut Context<'_>,
    exchange: &Arc<Exchange>,
    flow: std::result::Result<Flow, Refused>,
) -> Result<Outcome> {
    match flow {
        Ok(Flow::Full) => {
            let exchange = Arc::clone(exchange);
            let start = move |finish: Finish| {
                exchange.when_drained(Box::new(move |drained| {
                    let answer: Answer = Box::new(move |cx: &mut Context<'_>, ticket: Ticket| {
                        drained_now(cx, ticket, drained)
                    });
                    finish(answer);
                }));
            };
            Ok(cx.operation(Box::new(Request::Begin { start: Box::new(start), abandon: None }), Then::Return))
        }
        flow => answers(cx, flow.map(drop)),
    }
}

fn drained_now(cx: &mut Context<'_>, ticket: Ticket, drained: std::result::Result<(), Refused>) {
    let values = match drained {
        Ok(()) => Ok(vec![Value::Nil]),
        Err(refused) => errors::object(cx, refusal(refused)).map(|error| vec![error.into()]),
    };
    wake(cx, ticket, values);
}

fn set_status(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    let code = cx.check_integer(2)?;
    let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok());
    let Some(status) = status else { return Err(cx.argument_error(2, "status must be from 100 to 999")) };
    answers(cx, exchange.set_status(status))
}

fn value(cx: &mut Context<'_>, index: usize) -> Result<HeaderValue> {
    let text = cx.check_string(index)?;
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| cx.argument_error(index, "a header value has no control characters"))
}

fn set_header(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    let name = cx.check_string(2)?;
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(cx.argument_error(2, "invalid header name"));
    };
    let value = value(cx, 3)?;
    answers(cx, exchange.set_header(name, value))
}

fn set_content_type(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    let media = value(cx, 2)?;
    answers(cx, exchange.set_content_type(media))
}

fn set_transfer(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    let transfer = match cx.check_string(2)?.as_bytes() {
        b"chunked" => Transfer::Chunked,
        b"sse" => Transfer::Events,
        _ => return Err(Error::message("invalid transfer type")),
    };
    answers(cx, exchange.set_transfer(transfer))
}

fn write(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    let text = cx.check_string(2)?;
    flows(cx, exchange, exchange.write(text.as_bytes()))
}

fn flush(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    flows(cx, exchange, exchange.flush())
}

/// Makes JSON of a value, and goes on with it as the native's first result.
fn encode<'gc>(cx: &mut Context<'gc>, value: Value<'gc>, then: Then) -> Outcome {
    cx.push(Value::Native(json::encoder()));
    cx.push(value);
    cx.call(1, then)
}

/// The JSON that has been made, or why there is none.
fn encoded<'gc>(cx: &mut Context<'gc>) -> std::result::Result<wippy_vm::Str<'gc>, ErrorValue> {
    let first = cx.results();
    if let Value::String(text) = cx.get(first) {
        return Ok(text);
    }
    let error = error_of(cx.get(first + 1));
    let why = error.map_or(&b"unknown"[..], ErrorValue::message);
    Err(ErrorValue::invalid([b"failed to encode JSON: ", why].concat()))
}

fn write_json(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    if exchange.is_finished() {
        return answers(cx, Err(Refused::Finished));
    }
    let value = cx.get(2);
    cx.truncate(1);
    Ok(encode(cx, value, Then::Step(json_written)))
}

fn json_written(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    match encoded(cx) {
        Ok(text) => flows(cx, exchange, exchange.write_json(text.as_bytes())),
        Err(error) => answers_error(cx, error),
    }
}

fn write_event(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    let event = cx.check_table(2)?;
    let name = cx.field(event, "name");
    let Some(name) = cx.coerce_string(name)? else {
        return Err(cx.argument_error(2, "name of the event is required"));
    };
    if name.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Err(cx.argument_error(2, "name of the event must be one line"));
    }
    let data = cx.field(event, "data");
    if data.is_nil() {
        return Err(cx.argument_error(2, "data of the event is required"));
    }
    if exchange.is_finished() {
        return answers(cx, Err(Refused::Finished));
    }
    cx.truncate(1);
    cx.push(name);
    Ok(encode(cx, data, Then::Step(event_written)))
}

fn event_written(cx: &mut Context<'_>) -> Result<Outcome> {
    let exchange = this(cx)?;
    let text = match encoded(cx) {
        Ok(text) => text,
        Err(error) => return answers_error(cx, error),
    };
    let name = cx.check_string(2)?;
    if let Err(refused) = exchange.begin_events() {
        return answers(cx, Err(refused));
    }
    let event = [b"event: ", name.as_bytes(), b"\ndata: ", text.as_bytes(), b"\n\n"].concat();
    let flow = exchange.write(&event).and_then(|_| exchange.flush());
    flows(cx, exchange, flow)
}

fn show(cx: &mut Context<'_>) -> Result<Outcome> {
    this(cx)?;
    let text = cx.name("http.Response{}");
    Ok(cx.returns(text))
}
