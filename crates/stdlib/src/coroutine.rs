//! The `coroutine` library (Lua 5.3 manual, section 6.2).
//!
//! Switching is the interpreter's business; these functions check, and answer with the wish.

use wippy_vm::{Context, Coroutine, Error, Library, Native, Outcome, Result, Then, Value, library};

/// The library's rows.
pub static LIBRARY: Library = library!(
    "coroutine",
    [
        /// A coroutine that will run a function.
        ("create", create, "(f: any) -> any"),
        /// Whether the running coroutine can yield.
        ("isyieldable", isyieldable, "() -> boolean"),
        /// Goes on with a coroutine; true and what it yields or returns, or false and the error.
        ("resume", resume, "(co: any, ...any) -> (boolean, ...any)"),
        /// The running coroutine, and whether it is the main one.
        ("running", running, "() -> (any, boolean)"),
        /// Starts a function that runs on its own beside this one.
        ("spawn", spawn, "(f: any) -> any"),
        /// What a coroutine is doing: running, suspended, normal or dead.
        ("status", status, "(co: any) -> string"),
        /// A function that goes on with a coroutine each time it is called.
        ("wrap", wrap, "(f: any) -> (...any) -> (...any)"),
        /// Suspends the coroutine and hands out values.
        ("yield", yield_, "(...any) -> (...any)"),
    ]
);

static WRAPPED: Native = Native { name: "wrapped", function: wrapped, signature: "(...any) -> (...any)" };

fn check_coroutine<'gc>(cx: &Context<'gc>, index: usize) -> Result<Coroutine<'gc>> {
    match cx.get(index) {
        Value::Coroutine(coroutine) => Ok(coroutine),
        _ => Err(cx.argument_error(index, "thread expected")),
    }
}

fn create(cx: &mut Context<'_>) -> Result<Outcome> {
    let function = cx.check_function(1)?;
    let coroutine = cx.create_coroutine(function)?;
    Ok(cx.returns(coroutine))
}

/// Starts a scheduled coroutine, which runs at once until it waits for something or ends.
fn spawn(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_function(1)?;
    cx.truncate(1);
    Ok(cx.spawns())
}

fn wrap(cx: &mut Context<'_>) -> Result<Outcome> {
    let function = cx.check_function(1)?;
    let coroutine = cx.create_coroutine(function)?;
    let closure = cx.native_closure(&WRAPPED, &[coroutine.into()]);
    Ok(cx.returns(closure))
}

fn wrapped(cx: &mut Context<'_>) -> Result<Outcome> {
    let coroutine = cx.upvalue(1);
    if !matches!(coroutine, Value::Coroutine(_)) {
        return Err(Error::message("the coroutine is gone"));
    }
    let count = cx.len();
    cx.insert(1, coroutine);
    Ok(cx.resumes(count, false))
}

fn resume(cx: &mut Context<'_>) -> Result<Outcome> {
    check_coroutine(cx, 1)?;
    let count = cx.len() - 1;
    Ok(cx.resumes(count, true))
}

fn yield_(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len();
    cx.yields(count, Then::Return)
}

/// Whether a value is the builtin `yield` itself. As a callback it could only misunderstand its arguments, and
/// programs check that the reference implementation refuses it; a Lua function that yields is welcome anywhere.
pub(crate) fn is_yield(value: Value<'_>) -> bool {
    matches!(value, Value::Native(native)
        if LIBRARY.functions.iter().any(|row| std::ptr::eq(row, native) && row.name == "yield"))
}

fn status(cx: &mut Context<'_>) -> Result<Outcome> {
    let coroutine = check_coroutine(cx, 1)?;
    let name = cx.coroutine_status(coroutine);
    let name = cx.string(name.as_bytes())?;
    Ok(cx.returns(name))
}

fn running(cx: &mut Context<'_>) -> Result<Outcome> {
    let (coroutine, main) = (cx.coroutine(), cx.is_main());
    cx.push(coroutine);
    cx.push(main);
    Ok(cx.returns_top(2))
}

fn isyieldable(cx: &mut Context<'_>) -> Result<Outcome> {
    let answer = cx.is_yieldable();
    Ok(cx.returns(answer))
}
