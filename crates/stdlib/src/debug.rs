//! The `debug` library (Lua 5.3 manual, section 6.10).
//!
//! Looking at activations is the interpreter's business (`Context::activation`); here are its facts as Lua values.
//! Most functions take a coroutine in front of their other arguments; `Target` says which one is meant.

use wippy_vm::{
    Activation, Context, Coroutine, FunctionInfo, HookMask, Library, LoadMode, Outcome, Result, Table, Value,
    library,
};

use crate::steps::{self, Next, Steps};
use crate::{host, io};

/// The library's rows.
pub static LIBRARY: Library = library!(
    "debug",
    [
        /// Reads and runs lines until one says `cont`.
        ("debug", debug, "() -> ()"),
        /// The hook that is set, its events and its count.
        ("gethook", gethook, "(co: any) -> (any, string, integer)"),
        /// What is known of a function or of a level of the stack.
        ("getinfo", getinfo, "(...any) -> table?"),
        /// Name and value of a local variable.
        ("getlocal", getlocal, "(...any) -> (string?, any)"),
        /// The metatable of any value.
        ("getmetatable", getmetatable, "(value: any) -> table?"),
        /// The registry.
        ("getregistry", getregistry, "() -> table"),
        /// Name and value of an upvalue.
        ("getupvalue", getupvalue, "(f: any, n: integer) -> (string?, any)"),
        /// The Lua value of a userdata.
        ("getuservalue", getuservalue, "(u: any) -> any"),
        /// Has a function called at calls, returns, lines or after so many instructions.
        ("sethook", sethook, "(...any) -> ()"),
        /// Sets a local variable; its name.
        ("setlocal", setlocal, "(...any) -> string?"),
        /// Sets the metatable of any value.
        ("setmetatable", setmetatable, "(value: any, metatable: table?) -> any"),
        /// Sets an upvalue; its name.
        ("setupvalue", setupvalue, "(f: any, n: integer, value: any) -> string?"),
        /// Sets the Lua value of a userdata.
        ("setuservalue", setuservalue, "(u: any, value: any) -> any"),
        /// The stack as text.
        ("traceback", traceback, "(...any) -> any"),
        /// What tells an upvalue from others.
        ("upvalueid", upvalueid, "(f: any, n: integer) -> any"),
        /// Lets one closure's upvalue be another's.
        ("upvaluejoin", upvaluejoin, "(f: any, n: integer, g: any, m: integer) -> ()"),
    ]
);

/// The coroutine a function is about, and how many arguments stood for it.
struct Target<'gc> {
    coroutine: Coroutine<'gc>,
    skipped: usize,
}

impl<'gc> Target<'gc> {
    fn of(cx: &Context<'gc>) -> Self {
        match cx.get(1) {
            Value::Coroutine(coroutine) => Self { coroutine, skipped: 1 },
            _ => Self { coroutine: cx.coroutine(), skipped: 0 },
        }
    }

    fn activation(&self, cx: &Context<'gc>, level: i64) -> Option<Activation<'gc>> {
        cx.activation(self.coroutine, usize::try_from(c_int(level)).ok()?)
    }
}

/// An argument as the reference implementation hands it on: as C's `int`, whatever is lost.
fn c_int(number: i64) -> i64 {
    i64::from(number as i32)
}

fn returns_bytes(cx: &mut Context<'_>, bytes: &[u8]) -> Result<Outcome> {
    let text = cx.string(bytes)?;
    Ok(cx.returns(text))
}

/// Answers with a name and a value, or with `nil`.
fn returns_variable<'gc>(cx: &mut Context<'gc>, variable: Option<(Vec<u8>, Value<'gc>)>) -> Result<Outcome> {
    let Some((name, value)) = variable else {
        return Ok(cx.returns(Value::Nil));
    };
    let name = cx.string(&name)?;
    cx.push(name);
    cx.push(value);
    Ok(cx.returns_top(2))
}

fn returns_name(cx: &mut Context<'_>, name: Option<Vec<u8>>) -> Result<Outcome> {
    match name {
        Some(name) => returns_bytes(cx, &name),
        None => Ok(cx.returns(Value::Nil)),
    }
}

fn getinfo(cx: &mut Context<'_>) -> Result<Outcome> {
    let target = Target::of(cx);
    let (what, options) = (target.skipped + 1, target.skipped + 2);
    let options = match cx.optional_string(options)? {
        Some(text) => host::c_text(text.as_bytes()),
        None => b"flnStu",
    };
    let subject = cx.get(what);
    let activation = if subject.is_function() {
        None
    } else {
        match target.activation(cx, cx.check_integer(what)?) {
            Some(activation) => Some(activation),
            None => return Ok(cx.returns(Value::Nil)),
        }
    };
    let known: &[u8] = if activation.is_some() { b">SlnutLf" } else { b"SlnutLf" };
    if options.iter().any(|option| !known.contains(option)) {
        return Err(cx.argument_error(target.skipped + 2, "invalid option"));
    }
    let function = activation.map_or(subject, |activation| activation.function());
    let info = cx.function_info(function);
    let table = cx.table(0, 12)?;
    for option in options {
        match option {
            b'S' => put_source(cx, table, &info)?,
            b'l' => {
                let line = activation.and_then(|activation| activation.current_line()).map_or(-1, i64::from);
                cx.set_field(table, "currentline", line)?;
            }
            b'u' => {
                cx.set_field(table, "nups", info.upvalues as i64)?;
                cx.set_field(table, "nparams", info.parameters as i64)?;
                cx.set_field(table, "isvararg", info.is_vararg)?;
            }
            b'n' => {
                let name = activation.and_then(|activation| activation.name());
                let kind = cx.name(name.as_ref().map_or("", |name| name.kind));
                cx.set_field(table, "namewhat", kind)?;
                if let Some(name) = name {
                    let name = cx.string(name.name.as_bytes())?;
                    cx.set_field(table, "name", name)?;
                }
            }
            b't' => {
                let tail = activation.is_some_and(|activation| activation.is_tail_call());
                cx.set_field(table, "istailcall", tail)?;
            }
            b'L' => put_lines(cx, table, function)?,
            b'f' => cx.set_field(table, "func", function)?,
            _ => {}
        }
    }
    Ok(cx.returns(table))
}

fn put_source<'gc>(cx: &mut Context<'gc>, table: Table<'gc>, info: &FunctionInfo) -> Result<()> {
    let source = cx.string(&info.source)?;
    cx.set_field(table, "source", source)?;
    let short_source = cx.string(info.short_source.as_bytes())?;
    cx.set_field(table, "short_src", short_source)?;
    let what = cx.name(info.what);
    cx.set_field(table, "what", what)?;
    cx.set_field(table, "linedefined", info.line_defined)?;
    cx.set_field(table, "lastlinedefined", info.last_line_defined)
}

fn put_lines<'gc>(cx: &mut Context<'gc>, table: Table<'gc>, function: Value<'gc>) -> Result<()> {
    let Value::Closure(closure) = function else {
        return Ok(());
    };
    let lines = cx.table(0, 0)?;
    for line in cx.active_lines(closure) {
        cx.raw_set_integer(lines, i64::from(line), true)?;
    }
    cx.set_field(table, "activelines", lines)
}

fn getlocal(cx: &mut Context<'_>) -> Result<Outcome> {
    let target = Target::of(cx);
    let what = target.skipped + 1;
    let number = c_int(cx.check_integer(what + 1)?);
    let subject = cx.get(what);
    if subject.is_function() {
        // Of a function that does not run, only the names of its parameters are known.
        let name = match (subject, usize::try_from(number)) {
            (Value::Closure(closure), Ok(number)) => cx.parameter_name(closure, number),
            _ => None,
        };
        return returns_name(cx, name.map(<[u8]>::to_vec));
    }
    let level = cx.check_integer(what)?;
    let activation =
        target.activation(cx, level).ok_or_else(|| cx.argument_error(what, "level out of range"))?;
    returns_variable(cx, activation.local(number))
}

fn setlocal(cx: &mut Context<'_>) -> Result<Outcome> {
    let target = Target::of(cx);
    let what = target.skipped + 1;
    let level = cx.check_integer(what)?;
    let number = c_int(cx.check_integer(what + 1)?);
    let activation =
        target.activation(cx, level).ok_or_else(|| cx.argument_error(what, "level out of range"))?;
    let value = cx.check_any(what + 2)?;
    returns_name(cx, activation.set_local(number, value))
}

fn getupvalue(cx: &mut Context<'_>) -> Result<Outcome> {
    let number = c_int(cx.check_integer(2)?);
    let function = cx.check_function(1)?;
    match usize::try_from(number).ok().and_then(|number| cx.upvalue_of(function, number)) {
        None => Ok(cx.returns_none()),
        variable => returns_variable(cx, variable),
    }
}

fn setupvalue(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.check_any(3)?;
    let number = c_int(cx.check_integer(2)?);
    let function = cx.check_function(1)?;
    match usize::try_from(number).ok().and_then(|number| cx.set_upvalue_of(function, number, value)) {
        Some(name) => returns_bytes(cx, &name),
        None => Ok(cx.returns_none()),
    }
}

/// The function in argument `index` and the upvalue of it that the next argument names, with its identity.
fn check_upvalue<'gc>(cx: &Context<'gc>, index: usize) -> Result<(Value<'gc>, usize, u64)> {
    let number = c_int(cx.check_integer(index + 1)?);
    let function = cx.check_function(index)?;
    usize::try_from(number)
        .ok()
        .and_then(|number| Some((function, number, cx.upvalue_id(function, number)?)))
        .ok_or_else(|| cx.argument_error(index + 1, "invalid upvalue index"))
}

fn upvalueid(cx: &mut Context<'_>) -> Result<Outcome> {
    let (_, _, identity) = check_upvalue(cx, 1)?;
    Ok(cx.returns(Value::LightUserData(identity)))
}

fn upvaluejoin(cx: &mut Context<'_>) -> Result<Outcome> {
    let (f, n, _) = check_upvalue(cx, 1)?;
    let (g, m, _) = check_upvalue(cx, 3)?;
    let Value::Closure(f) = f else {
        return Err(cx.argument_error(1, "Lua function expected"));
    };
    let Value::Closure(g) = g else {
        return Err(cx.argument_error(3, "Lua function expected"));
    };
    cx.join_upvalues(f, n, g, m);
    Ok(cx.returns_none())
}

fn getmetatable(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.check_any(1)?;
    Ok(match cx.metatable(value) {
        Some(metatable) => cx.returns(metatable),
        None => cx.returns(Value::Nil),
    })
}

fn setmetatable(cx: &mut Context<'_>) -> Result<Outcome> {
    let metatable = match cx.get(2) {
        Value::Table(metatable) => Some(metatable),
        Value::Nil if cx.has(2) => None,
        _ => return Err(cx.argument_error(2, "nil or table expected")),
    };
    let value = cx.get(1);
    cx.set_metatable(value, metatable);
    Ok(cx.returns(value))
}

fn getregistry(cx: &mut Context<'_>) -> Result<Outcome> {
    let registry = cx.complete_registry()?;
    Ok(cx.returns(registry))
}

fn getuservalue(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = match cx.get(1) {
        Value::UserData(userdata) => userdata.user_value(),
        _ => Value::Nil,
    };
    Ok(cx.returns(value))
}

fn setuservalue(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::UserData(userdata) = cx.get(1) else {
        return Err(cx.type_error(1, "userdata"));
    };
    let value = cx.check_any(2)?;
    cx.set_user_value(userdata, value);
    Ok(cx.returns(userdata))
}

fn sethook(cx: &mut Context<'_>) -> Result<Outcome> {
    let target = Target::of(cx);
    let first = target.skipped + 1;
    if cx.get(first).is_nil() {
        cx.set_hook(target.coroutine, None);
        return Ok(cx.returns_none());
    }
    let events = cx.check_string(first + 1)?.as_bytes();
    let function = cx.check_function(first)?;
    let count = cx.optional_integer(first + 2, 0)?;
    let mask = HookMask {
        call: events.contains(&b'c'),
        returns: events.contains(&b'r'),
        line: events.contains(&b'l'),
        count: u32::try_from(count).unwrap_or(0),
    };
    let hook = if mask == HookMask::default() { None } else { Some((function, mask)) };
    cx.set_hook(target.coroutine, hook);
    Ok(cx.returns_none())
}

fn gethook(cx: &mut Context<'_>) -> Result<Outcome> {
    let target = Target::of(cx);
    let (function, mask) = cx.hook(target.coroutine).unwrap_or((Value::Nil, HookMask::default()));
    let events: Vec<u8> = [(mask.call, b'c'), (mask.returns, b'r'), (mask.line, b'l')]
        .into_iter()
        .filter_map(|(set, letter)| set.then_some(letter))
        .collect();
    let events = cx.string(&events)?;
    cx.push(function);
    cx.push(events);
    cx.push(i64::from(mask.count));
    Ok(cx.returns_top(3))
}

fn traceback(cx: &mut Context<'_>) -> Result<Outcome> {
    let target = Target::of(cx);
    let first = target.skipped + 1;
    let message = cx.get(first);
    let Some(text) = cx.coerce_string(message)? else {
        if message.is_nil() {
            return with_traceback(cx, &target, b"");
        }
        return Ok(cx.returns(message));
    };
    with_traceback(cx, &target, &[host::c_text(text.as_bytes()), b"\n"].concat())
}

/// Answers with the traceback behind `text`.
fn with_traceback<'gc>(cx: &mut Context<'gc>, target: &Target<'gc>, text: &[u8]) -> Result<Outcome> {
    let own = target.coroutine.is(cx.coroutine());
    let level = c_int(cx.optional_integer(target.skipped + 2, i64::from(own))?);
    let trace = match usize::try_from(level) {
        Ok(level) => cx.traceback(target.coroutine, level),
        Err(_) => "stack traceback:".to_owned(),
    };
    returns_bytes(cx, &[text, trace.as_bytes()].concat())
}

fn debug(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.truncate(0);
    steps::run(Console, cx)
}

/// `debug.debug`: lines from the terminal are run until one says `cont`.
struct Console;

impl Steps for Console {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        if called {
            let failed = cx.call_failed();
            let error = cx.take_result();
            if failed {
                tell(cx, error)?;
            }
        }
        loop {
            io::write_stderr(cx, b"lua_debug> ");
            let Some(line) = io::read_stdin_line(cx)? else {
                return Ok(Next::Return(0));
            };
            if line.trim_ascii_end() == b"cont" {
                return Ok(Next::Return(0));
            }
            match cx.load(&line, b"=(debug command)", LoadMode::ANY) {
                Ok(chunk) => {
                    cx.push(chunk);
                    return Ok(Next::CatchingCall(0));
                }
                Err(error) => {
                    io::write_stderr(cx, format!("{error}\n").as_bytes());
                }
            }
        }
    }
}

/// Shows an error of a line.
fn tell<'gc>(cx: &mut Context<'gc>, error: Value<'gc>) -> Result<()> {
    match cx.coerce_string(error)? {
        Some(text) => io::write_stderr(cx, &[text.as_bytes(), b"\n"].concat()),
        None => io::write_stderr(cx, format!("(error object is a {} value)\n", error.type_name()).as_bytes()),
    }
    Ok(())
}
