//! `http`: the request that a function answers, and its response.
//!
//! Natives that wait leave a request with the interpreter's owner and are woken by the server's thread. Invariant: objects
//! of a call are dead when the call has ended; their methods then fail and do nothing.

mod multipart;
mod request;
mod response;
mod stream;

use wippy_http::Refused;
use wippy_stdlib::errors::{self, ErrorValue, Kind, fails};
use wippy_stdlib::modules::Module;
use wippy_vm::{Context, Library, Outcome, Result, Table, Value, library};

use super::current;

static LIBRARY: Library = library!(
    "http",
    [
        /// The request that this call answers. Options: `timeout` in milliseconds and `max_body` in bytes, for its body.
        ("request", request::new, "(options: table?) -> (any, error?)"),
        /// The response to it; all objects of a call are the same response.
        ("response", response::new, "() -> (any, error?)"),
    ]
);

/// The row of the module in the table of modules.
pub(crate) const MODULE: Module = Module {
    name: "http",
    summary: "the request that a function answers, and its response",
    classes: &["io", "network"],
    libraries: &[
        &LIBRARY,
        &request::METHODS,
        &response::METHODS,
        &multipart::METHODS,
        &stream::METHODS,
        &stream::SCANNER,
    ],
    build,
};

const METHODS: &[(&str, &str)] = &[
    ("GET", "GET"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("DELETE", "DELETE"),
    ("PATCH", "PATCH"),
    ("HEAD", "HEAD"),
    ("OPTIONS", "OPTIONS"),
];

const CONTENT: &[(&str, &str)] = &[
    ("JSON", "application/json"),
    ("FORM", "application/x-www-form-urlencoded"),
    ("MULTIPART", "multipart/form-data"),
    ("TEXT", "text/plain"),
    ("STREAM", "application/octet-stream"),
];

const TRANSFER: &[(&str, &str)] = &[("CHUNKED", "chunked"), ("SSE", "sse")];

const ERRORS: &[(&str, &str)] = &[
    ("PARSE_FAILED", "PARSE_FAILED"),
    ("INVALID_STATE", "INVALID_STATE"),
    ("WRITE_FAILED", "WRITE_FAILED"),
    ("STREAM_ERROR", "STREAM_ERROR"),
];

const STATUS: &[(&str, i64)] = &[
    ("OK", 200),
    ("CREATED", 201),
    ("ACCEPTED", 202),
    ("NO_CONTENT", 204),
    ("PARTIAL_CONTENT", 206),
    ("MOVED_PERMANENTLY", 301),
    ("FOUND", 302),
    ("SEE_OTHER", 303),
    ("NOT_MODIFIED", 304),
    ("TEMPORARY_REDIRECT", 307),
    ("PERMANENT_REDIRECT", 308),
    ("BAD_REQUEST", 400),
    ("UNAUTHORIZED", 401),
    ("PAYMENT_REQUIRED", 402),
    ("FORBIDDEN", 403),
    ("NOT_FOUND", 404),
    ("METHOD_NOT_ALLOWED", 405),
    ("NOT_ACCEPTABLE", 406),
    ("CONFLICT", 409),
    ("GONE", 410),
    ("UNPROCESSABLE", 422),
    ("TOO_MANY_REQUESTS", 429),
    ("INTERNAL_ERROR", 500),
    ("INTERNAL_SERVER_ERROR", 500),
    ("NOT_IMPLEMENTED", 501),
    ("BAD_GATEWAY", 502),
    ("SERVICE_UNAVAILABLE", 503),
    ("GATEWAY_TIMEOUT", 504),
    ("VERSION_NOT_SUPPORTED", 505),
];

fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = cx.table(0, LIBRARY.functions.len() + 5)?;
    LIBRARY.install(cx, table)?;
    for (name, constants) in
        [("METHOD", METHODS), ("CONTENT", CONTENT), ("TRANSFER", TRANSFER), ("ERROR", ERRORS)]
    {
        let constants = texts(cx, constants)?;
        cx.set_field(table, name, constants)?;
    }
    let status = cx.table(0, STATUS.len())?;
    for (name, code) in STATUS {
        cx.set_field(status, name, *code)?;
    }
    status.freeze();
    cx.set_field(table, "STATUS", status)?;
    if cx.is_for_image() {
        let classes =
            [&request::CLASS, &response::CLASS, &multipart::CLASS, &stream::CLASS, &stream::SCANNERS];
        for class in classes {
            class.metatable(cx)?;
        }
    }
    table.freeze();
    Ok(table.into())
}

fn texts<'gc>(cx: &mut Context<'gc>, constants: &[(&'static str, &'static str)]) -> Result<Table<'gc>> {
    let table = cx.table(0, constants.len())?;
    for (name, text) in constants {
        let text = cx.name(text);
        cx.set_field(table, name, text)?;
    }
    table.freeze();
    Ok(table)
}

/// How a method fails outside of a call that answers a request.
fn outside(cx: &mut Context<'_>) -> Result<Outcome> {
    fails(cx, ErrorValue::internal("no HTTP request context found"))
}

/// The error of what a response did not take.
fn refusal(refused: Refused) -> ErrorValue {
    match refused {
        Refused::Sent(_) => ErrorValue::invalid(refused.to_string()),
        Refused::Finished | Refused::Gone => ErrorValue::new(Kind::INTERNAL, refused.to_string()),
    }
}

/// Wakes whoever waits with values that take memory.
fn wake<'gc>(cx: &mut Context<'gc>, ticket: wippy_vm::Ticket, values: Result<Vec<Value<'gc>>>) {
    match values {
        Ok(values) => cx.wake(ticket, &values),
        Err(_) => {
            let text = cx.name("not enough memory");
            cx.wake_with_error(ticket, text)
        }
    };
}

/// Nothing and an error, as values.
fn failure<'gc>(cx: &mut Context<'gc>, error: ErrorValue) -> Result<Vec<Value<'gc>>> {
    Ok(vec![Value::Nil, errors::object(cx, error)?.into()])
}
