//! `funcs`: calling functions of other entries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wippy_runtime::{caller, permitted};
use wippy_stdlib::channel;
use wippy_stdlib::class::Class;
use wippy_stdlib::errors::{self, ErrorValue, Kind, fails};
use wippy_stdlib::payload;
use wippy_stdlib::requests::{Answer, Finish, Request};
use wippy_stdlib::security::{ACTOR, Actor, SCOPE, Scope};
use wippy_vm::{Context, HostObject, Library, Outcome, Result, Then, Ticket, UserData, Value, library};

use super::executor::Executor;
use crate::runtime::functions::{self, Call, CallResult, limit};
use crate::runtime::home::Home;

static LIBRARY: Library = library!(
    "funcs",
    [
        /// Calls a function of another entry and waits for its result.
        ("call", call, "(target: string, ...any) -> (any, error?)"),
        /// Begins a call; its future has the result.
        ("async", start, "(target: string, ...any) -> (any, error?)"),
        /// An executor: calls with a context, an actor, a scope or options of their own.
        ("new", new, "() -> any"),
    ]
);

static EXECUTOR_METHODS: Library = library!(
    "funcs.Executor",
    [
        /// The same executor; what it calls gets these values besides.
        ("with_context", with_context, "(self: any, values: table) -> any"),
        /// The same executor with these options: timeout, retries.
        ("with_options", with_options, "(self: any, options: table) -> any"),
        /// The same executor, acting for this actor.
        ("with_actor", with_actor, "(self: any, actor: any) -> any"),
        /// The same executor, acting in this scope.
        ("with_scope", with_scope, "(self: any, scope: any) -> any"),
        /// Calls a function and waits for its result.
        ("call", executor_call, "(self: any, target: string, ...any) -> (any, error?)"),
        /// Begins a call; its future has the result.
        ("async", executor_start, "(self: any, target: string, ...any) -> (any, error?)"),
    ]
);

static FUTURE_METHODS: Library = library!(
    "funcs.Future",
    [
        /// Where the result arrives.
        ("response", future_channel, "(self: any) -> Channel<any>"),
        /// The same as `response`.
        ("channel", future_channel, "(self: any) -> Channel<any>"),
        /// Whether the call has ended.
        ("is_complete", is_complete, "(self: any) -> boolean"),
        /// Whether the call was given up.
        ("is_canceled", is_canceled, "(self: any) -> boolean"),
        /// The result, or why there is none; nothing while the call runs.
        ("result", future_result, "(self: any) -> (any, error?)"),
        /// The error of a call that failed, and whether it did.
        ("error", future_error, "(self: any) -> (error?, boolean)"),
        /// Gives the call up.
        ("cancel", future_cancel, "(self: any) -> (boolean, error?)"),
    ]
);

/// The libraries of the module.
pub(super) static LIBRARIES: &[&Library] = &[&LIBRARY, &EXECUTOR_METHODS, &FUTURE_METHODS];

static NOTHING: Library = library!("funcs", []);
static EXECUTOR: Class = Class { methods: &EXECUTOR_METHODS, metamethods: &NOTHING };
static FUTURE: Class = Class { methods: &FUTURE_METHODS, metamethods: &NOTHING };

impl HostObject for Executor {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        EXECUTOR.object(cx, self)
    }
}

/// A call whose result comes later.
struct Future {
    call: Arc<Call>,
    state: Arc<Mutex<FutureState>>,
}

#[derive(Default)]
struct FutureState {
    result: Option<CallResult>,
    canceled: bool,
}

impl HostObject for Future {
    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        FUTURE.object(cx, self)
    }
}

pub(super) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    super::table(cx, &LIBRARY)
}

/// A call that can be made, or what to answer instead.
type Prepared = std::result::Result<Arc<Call>, ErrorValue>;

/// Reads target and arguments from slot `at` on.
fn prepare(cx: &mut Context<'_>, at: usize, executor: &Executor) -> Result<Prepared> {
    let Value::String(target) = cx.get(at) else { return Err(cx.type_error(at, "string")) };
    let target = target.to_string_lossy();
    let wrong = match target.split_once(':') {
        _ if target.is_empty() => Some("function ID required"),
        None | Some(("", _)) => Some("namespace required in function ID"),
        Some((_, "")) => Some("name required in function ID"),
        Some(_) => None,
    };
    if let Some(wrong) = wrong {
        return Ok(Err(ErrorValue::invalid(wrong).retryable(Some(false))));
    }
    if !permitted(cx, "funcs.call", |_| target.to_string()) {
        let error = ErrorValue::new(Kind::PERMISSION_DENIED, format!("not allowed: {target}"));
        return Ok(Err(error.retryable(Some(false))));
    }
    let Some(app) = cx.host::<Home>().map(|home| Arc::clone(&home.app)) else {
        return Ok(Err(ErrorValue::internal("there is no application")));
    };
    let edition = match functions::find(&app, &target) {
        Ok(edition) => edition,
        Err(error) => return Ok(Err(error)),
    };
    let count = cx.len().saturating_sub(at);
    let arguments = cx.pack(at + 1, count)?;
    let inherited = caller(cx).map(|caller| caller.values).unwrap_or_default();
    let values = executor.over(inherited);
    Ok(Ok(Call::new(app, edition, arguments, values)))
}

/// A request that submits a call; `answer` tells the interpreter of its result.
fn request(
    call: Arc<Call>,
    timeout: Option<Duration>,
    answer: impl FnOnce(CallResult) -> Answer + Send + 'static,
) -> Box<Request> {
    let left = Arc::clone(&call);
    let start = move |finish: Finish| {
        let at_home = |error: ErrorValue| Arc::unwrap_or_clone(Arc::new(error).abroad());
        call.on_result(Box::new(move |result| finish(answer(result.map_err(at_home)))));
        if let Some(timeout) = timeout {
            limit(&call, timeout);
        }
        functions::submit(&call);
    };
    let abandon = move || left.cancel();
    Box::new(Request::Begin { start: Box::new(start), abandon: Some(Box::new(abandon)) })
}

/// Calls the function named in slot `at` with the arguments behind it.
pub(super) fn call_with(cx: &mut Context<'_>, at: usize, executor: &Executor) -> Result<Outcome> {
    let call = match prepare(cx, at, executor)? {
        Ok(call) => call,
        Err(error) => return fails(cx, error),
    };
    Ok(cx.operation(
        request(call, executor.timeout, |result| Box::new(move |cx, ticket| wake(cx, ticket, &result))),
        Then::Return,
    ))
}

fn wake(cx: &mut Context<'_>, ticket: Ticket, result: &CallResult) {
    let values = match result {
        Ok(parcel) => cx.unpack_next(&mut parcel.tokens()).map(|value| vec![value.unwrap_or(Value::Nil)]),
        Err(error) => errors::object(cx, error.clone()).map(|error| vec![Value::Nil, error.into()]),
    };
    match values {
        Ok(values) => cx.wake(ticket, &values),
        Err(_) => {
            let text = cx.name("not enough memory");
            cx.wake_with_error(ticket, text)
        }
    };
}

/// The same, without waiting.
pub(super) fn start_with(cx: &mut Context<'_>, at: usize, executor: &Executor) -> Result<Outcome> {
    let call = match prepare(cx, at, executor)? {
        Ok(call) => call,
        Err(error) => return fails(cx, error),
    };
    let channel = channel::make(cx, 1)?;
    let state = Arc::new(Mutex::new(FutureState::default()));
    let future = Future { call: Arc::clone(&call), state: Arc::clone(&state) };
    let future = FUTURE.object(cx, Arc::new(future))?;
    cx.set_user_value(future, channel.into());
    let ticket = cx.anchor(channel);
    let answer = move |result: CallResult| -> Answer {
        Box::new(move |cx, ticket| arrive(cx, ticket, &state, result))
    };
    let request = request(call, executor.timeout, answer);
    cx.post(ticket, request);
    Ok(cx.returns(future))
}

/// The result of an asynchronous call has come.
fn arrive(cx: &mut Context<'_>, ticket: Ticket, state: &Mutex<FutureState>, result: CallResult) {
    let channel = cx.anchored(ticket).and_then(Value::as_channel);
    cx.release(ticket);
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if state.canceled {
        return;
    }
    let Some(channel) = channel else { return };
    // Without memory for the value the channel is closed empty, as after a cancel.
    if let Ok(value) = value_of(cx, &result) {
        let _ = cx.push_to(channel, value);
    }
    if cx.close_channel(channel) {
        cx.queue_last();
    }
    state.result = Some(result);
}

/// What a channel delivers: a payload, or an error object.
fn value_of<'gc>(cx: &mut Context<'gc>, result: &CallResult) -> Result<Value<'gc>> {
    match result {
        Ok(parcel) => {
            let value = cx.unpack_next(&mut parcel.tokens())?.unwrap_or(Value::Nil);
            Ok(payload::object(cx, value)?.into())
        }
        Err(error) => Ok(errors::object(cx, error.clone())?.into()),
    }
}

fn call(cx: &mut Context<'_>) -> Result<Outcome> {
    call_with(cx, 1, &Executor::default())
}

fn start(cx: &mut Context<'_>) -> Result<Outcome> {
    start_with(cx, 1, &Executor::default())
}

fn new(cx: &mut Context<'_>) -> Result<Outcome> {
    returns_executor(cx, Executor::default())
}

fn returns_executor(cx: &mut Context<'_>, executor: Executor) -> Result<Outcome> {
    let object = EXECUTOR.object(cx, Arc::new(executor))?;
    Ok(cx.returns(object))
}

fn executor(cx: &Context<'_>) -> Result<Executor> {
    EXECUTOR.this::<Executor>(cx).cloned()
}

fn executor_call(cx: &mut Context<'_>) -> Result<Outcome> {
    let executor = executor(cx)?;
    call_with(cx, 2, &executor)
}

fn executor_start(cx: &mut Context<'_>) -> Result<Outcome> {
    let executor = executor(cx)?;
    start_with(cx, 2, &executor)
}

fn with_context(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut executor = executor(cx)?;
    let table = cx.check_table(2)?;
    if !permitted(cx, "funcs.context", |_| "context".to_owned()) {
        return denied(cx, "context");
    }
    executor.add(cx, table)?;
    returns_executor(cx, executor)
}

fn with_options(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut executor = executor(cx)?;
    let table = cx.check_table(2)?;
    if let Err(why) = executor.set_options(cx, table) {
        return fails(cx, ErrorValue::invalid(why));
    }
    returns_executor(cx, executor)
}

fn denied(cx: &mut Context<'_>, what: &str) -> Result<Outcome> {
    let error = ErrorValue::new(Kind::PERMISSION_DENIED, format!("not allowed: {what}"));
    fails(cx, error.retryable(Some(false)))
}

fn with_actor(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut executor = executor(cx)?;
    if cx.get(2).is_nil() {
        return Err(wippy_vm::Error::message("actor cannot be nil"));
    }
    executor.actor = Some(Arc::new(ACTOR.argument::<Actor>(cx, 2)?.clone()));
    if !permitted(cx, "funcs.security", |_| "security".to_owned()) {
        return denied(cx, "security");
    }
    returns_executor(cx, executor)
}

fn with_scope(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut executor = executor(cx)?;
    if cx.get(2).is_nil() {
        return Err(wippy_vm::Error::message("scope cannot be nil"));
    }
    executor.scope = Some(Arc::new(SCOPE.argument::<Scope>(cx, 2)?.clone()));
    if !permitted(cx, "funcs.security", |_| "security".to_owned()) {
        return denied(cx, "security");
    }
    returns_executor(cx, executor)
}

fn future<'gc>(cx: &Context<'gc>) -> Result<(&'gc Future, Value<'gc>)> {
    let future = FUTURE.this::<Future>(cx)?;
    let channel = match cx.get(1) {
        Value::UserData(userdata) => userdata.user_value(),
        _ => Value::Nil,
    };
    Ok((future, channel))
}

fn future_channel(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, channel) = future(cx)?;
    Ok(cx.returns(channel))
}

fn state(future: &Future) -> std::sync::MutexGuard<'_, FutureState> {
    future.state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_complete(cx: &mut Context<'_>) -> Result<Outcome> {
    let (future, _) = future(cx)?;
    let complete = {
        let state = state(future);
        state.canceled || state.result.is_some()
    };
    Ok(cx.returns(complete))
}

fn is_canceled(cx: &mut Context<'_>) -> Result<Outcome> {
    let (future, _) = future(cx)?;
    let canceled = state(future).canceled;
    Ok(cx.returns(canceled))
}

fn future_result(cx: &mut Context<'_>) -> Result<Outcome> {
    let (future, _) = future(cx)?;
    let (canceled, result) = {
        let state = state(future);
        (state.canceled, state.result.clone())
    };
    match result {
        _ if canceled => fails(cx, ErrorValue::new(Kind::CANCELED, "canceled").retryable(Some(false))),
        None => {
            cx.push(Value::Nil);
            cx.push(Value::Nil);
            Ok(cx.returns_top(2))
        }
        Some(Err(error)) => fails(cx, error),
        Some(done) => {
            let payload = value_of(cx, &done)?;
            cx.push(payload);
            cx.push(Value::Nil);
            Ok(cx.returns_top(2))
        }
    }
}

fn future_error(cx: &mut Context<'_>) -> Result<Outcome> {
    let (future, _) = future(cx)?;
    let error = match &state(future).result {
        Some(Err(error)) => Some(error.clone()),
        _ => None,
    };
    match error {
        Some(error) => {
            let error = errors::object(cx, error)?;
            cx.push(error);
            cx.push(true);
        }
        None => {
            cx.push(Value::Nil);
            cx.push(false);
        }
    }
    Ok(cx.returns_top(2))
}

fn future_cancel(cx: &mut Context<'_>) -> Result<Outcome> {
    let (future, channel) = future(cx)?;
    let fresh = !std::mem::replace(&mut state(future).canceled, true);
    if fresh {
        future.call.cancel();
        if let Some(channel) = channel.as_channel()
            && cx.close_channel(channel)
        {
            cx.queue_last();
        }
    }
    Ok(cx.returns(true))
}
