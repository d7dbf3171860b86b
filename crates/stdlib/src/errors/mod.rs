//! `errors`: structured errors, and how builtins answer with them.
//!
//! Every builtin that can fail at run time answers with [`fails`]; nothing else makes error objects. Raising is for
//! misuse of arguments. Invariant: an error object never changes.

mod details;
mod stack;
mod value;

use std::sync::Arc;

use wippy_vm::{Context, Error, Library, Outcome, Result, Table, UserData, Value, library};

use crate::class::Class;
use crate::steps::{self, Next, Steps};

pub use details::{Details, Item};
pub use stack::Stack;
pub use value::{ErrorValue, Kind};

/// The functions of `errors`.
pub static LIBRARY: Library = library!(
    "errors",
    [
        /// An error with a kind, a message and details.
        ("new", new, "(error: any, ...any) -> error"),
        /// An error with a context before its message.
        ("wrap", wrap, "(parent: any, context: any) -> error"),
        /// Whether an error is of a kind.
        ("is", is, "(error: any, kind: string) -> boolean"),
        /// Where an error was made, as a list of places.
        ("call_stack", call_stack, "(error: any) -> any"),
    ]
);

/// The methods of error objects.
pub static METHODS: Library = library!(
    "error",
    [
        /// What sort of error it is, for programs: `Invalid`, `NotFound`, ...
        ("kind", kind, "(self: error) -> string"),
        /// What happened, for people.
        ("message", message, "(self: error) -> string"),
        /// Whether trying again may help; nil if unknown.
        ("retryable", retryable, "(self: error) -> boolean?"),
        /// Facts about it.
        ("details", details, "(self: error) -> any"),
        /// Where it was made, as text.
        ("stack", stack, "(self: error) -> string"),
    ]
);

/// What operators do with error objects.
pub static METAMETHODS: Library = library!(
    "error",
    [
        ("__tostring", message, "(self: any) -> string"),
        ("__concat", concat, "(left: any, right: any) -> string"),
    ]
);

/// The class of error objects.
pub static CLASS: Class = Class { methods: &METHODS, metamethods: &METAMETHODS };

/// Adds the kinds to the table `errors` and makes it read-only.
pub(crate) fn complete<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<()> {
    for (name, text) in Kind::CONSTANTS {
        let text = cx.name(text);
        cx.set_field(table, name, text)?;
    }
    table.freeze();
    CLASS.metatable(cx).map(drop)
}

/// Makes the Lua object of an error; without a stack of its own it gets the present one.
///
/// # Errors
/// When the memory limit would be passed.
pub fn object<'gc>(cx: &mut Context<'gc>, error: ErrorValue) -> Result<UserData<'gc>> {
    let error = match error.stack() {
        Some(_) => error,
        None => error.with_stack(Stack::capture(cx, 1)),
    };
    CLASS.object(cx, Arc::new(error))
}

/// Answers `nil` and the error: how a builtin fails.
///
/// # Errors
/// When the memory limit would be passed.
pub fn fails(cx: &mut Context<'_>, error: ErrorValue) -> Result<Outcome> {
    fails_with(cx, Value::Nil, error)
}

/// Answers a value of the builtin's choice, `false` mostly, and the error.
///
/// # Errors
/// When the memory limit would be passed.
pub fn fails_with<'gc>(cx: &mut Context<'gc>, first: Value<'gc>, error: ErrorValue) -> Result<Outcome> {
    let object = object(cx, error)?;
    cx.push(first);
    cx.push(object);
    Ok(cx.returns_top(2))
}

/// The error that a value is, if it is an error object.
pub fn error_of(value: Value<'_>) -> Option<&ErrorValue> {
    value.host_object_as::<ErrorValue>()
}

/// What the failure of a process or a call looks like from outside, for any value that was raised or returned as
/// an error: error objects keep what they know, anything else becomes the message. The kind is never unknown.
///
/// # Errors
/// When the memory limit would be passed.
pub fn failure_of<'gc>(cx: &mut Context<'gc>, value: Value<'gc>) -> Result<ErrorValue> {
    if let Some(error) = error_of(value) {
        return Ok(error.clone().into_failure());
    }
    let message = match cx.coerce_string(value)? {
        Some(text) => text.as_bytes().to_vec(),
        None => plain_text(cx, value),
    };
    Ok(ErrorValue::new(Kind::INTERNAL, message))
}

/// What `tostring` answers where no metamethod can be called.
fn plain_text<'gc>(cx: &Context<'gc>, value: Value<'gc>) -> Vec<u8> {
    match value {
        Value::Nil => b"nil".to_vec(),
        Value::Boolean(boolean) => boolean.to_string().into_bytes(),
        other => format!("{}: {:#x}", cx.type_name(other), other.address().unwrap_or(0)).into_bytes(),
    }
}

/// `errors.new(message)`, `errors.new{message =, kind =, retryable =, details =}`
fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    let error = match cx.get(1) {
        Value::Table(table) => from_table(cx, table)?,
        other => match cx.coerce_string(other)? {
            Some(message) => ErrorValue::new(Kind::UNKNOWN, message.as_bytes()),
            None => return Err(cx.type_error(1, "string or table")),
        },
    };
    let object = object(cx, error)?;
    Ok(cx.returns(object))
}

fn from_table<'gc>(cx: &mut Context<'gc>, table: Table<'gc>) -> Result<ErrorValue> {
    let message = cx.field(table, "message");
    if message.is_nil() {
        return Err(cx.argument_error(1, "message field is required"));
    }
    let Some(message) = cx.coerce_string(message)? else {
        return Err(cx.argument_error(1, "message must be a string"));
    };
    let kind = cx.field(table, "kind");
    let kind = cx.coerce_string(kind)?.map_or(Kind::UNKNOWN, |text| Kind::custom(text.as_bytes()));
    let retryable = match cx.field(table, "retryable") {
        Value::Boolean(retryable) => Some(retryable),
        _ => None,
    };
    let error = ErrorValue::new(kind, message.as_bytes()).retryable(retryable);
    Ok(match cx.field(table, "details") {
        Value::Table(details) => error.with_details(Details::copy(cx, details)?),
        _ => error,
    })
}

/// `errors.wrap(parent, context)`
fn wrap(cx: &mut Context<'_>) -> Result<Outcome> {
    let context = match (error_of(cx.get(2)), cx.coerce_string(cx.get(2))?) {
        (Some(error), _) => error.message().to_vec(),
        (None, Some(text)) => text.as_bytes().to_vec(),
        (None, None) => return Err(cx.argument_error(2, "string or error object expected")),
    };
    let wrapped = match (error_of(cx.get(1)), cx.coerce_string(cx.get(1))?) {
        (Some(error), _) => error.wrap(context),
        (None, Some(text)) => ErrorValue::new(Kind::UNKNOWN, text.as_bytes()).in_context(context),
        (None, None) => return Err(cx.argument_error(1, "string or error object expected")),
    };
    let object = object(cx, wrapped)?;
    Ok(cx.returns(object))
}

/// `errors.is(err, kind)`
fn is(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = match (error_of(cx.get(1)), cx.get(2)) {
        (Some(error), Value::String(kind)) => error.kind().as_bytes() == kind.as_bytes(),
        _ => false,
    };
    Ok(cx.returns(answer))
}

/// `errors.call_stack(err)`
fn call_stack(cx: &mut Context<'_>) -> Result<Outcome> {
    match error_of(cx.get(1)).and_then(ErrorValue::stack) {
        Some(stack) => {
            let table = stack.build(cx)?;
            Ok(cx.returns(table))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

fn this<'gc>(cx: &Context<'gc>) -> Result<&'gc ErrorValue> {
    CLASS.this(cx)
}

fn kind(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.string(this(cx)?.kind().as_bytes())?;
    Ok(cx.returns(text))
}

fn message(cx: &mut Context<'_>) -> Result<Outcome> {
    let text = cx.string(this(cx)?.message())?;
    Ok(cx.returns(text))
}

fn retryable(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = this(cx)?.is_retryable().map_or(Value::Nil, Value::Boolean);
    Ok(cx.returns(answer))
}

fn details(cx: &mut Context<'_>) -> Result<Outcome> {
    match this(cx)?.details() {
        Some(details) => {
            let table = details.build(cx)?;
            Ok(cx.returns(table))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

/// `err:stack()`: the contexts, then the activations, a line each.
fn stack(cx: &mut Context<'_>) -> Result<Outcome> {
    let error = this(cx)?;
    let frames = error.stack().into_iter().flat_map(Stack::lines).map(String::into_bytes);
    let lines: Vec<Vec<u8>> = error.contexts().iter().cloned().chain(frames).collect();
    let text = cx.string(&lines.join(&b'\n'))?;
    Ok(cx.returns(text))
}

/// `left .. right`, one of which is an error object; slots 1 and 2.
fn concat(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(2);
    steps::run(Concatenation { next: 1, text: Vec::new() }, cx)
}

struct Concatenation {
    /// The operand whose text comes next.
    next: usize,
    text: Vec<u8>,
}

impl Steps for Concatenation {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        if called {
            let text = cx.take_result();
            match cx.coerce_string(text)? {
                Some(text) => self.text.extend_from_slice(text.as_bytes()),
                None => return Err(Error::message("'__tostring' must return a string")),
            }
            self.next += 1;
        }
        while self.next <= 2 {
            let value = cx.get(self.next);
            match value.host_object().and_then(|object| object.text()) {
                Some(text) => self.text.extend_from_slice(&text),
                None => match cx.display(value)? {
                    Some(text) => self.text.extend_from_slice(text.as_bytes()),
                    None => return Ok(Next::Call(1)),
                },
            }
            self.next += 1;
        }
        let text = cx.string(&self.text)?;
        cx.push(text);
        Ok(Next::Return(1))
    }
}
