//! The basic functions (Lua 5.3 manual, section 6.1).

use wippy_vm::arguments::to_number;
use wippy_vm::number;
use wippy_vm::{
    Collection, Context, Error, Event, IPAIRS_STEP, Library, NEXT, Native, Outcome, Result, Resume, Then,
    Value, library,
};

use crate::collecting::collect_all;
use crate::load::{dofile, load, loadfile};
use crate::steps::{self, Next, Steps};
use crate::{host, io};

/// The functions; `next` is the machine's own and is added by `open`.
pub static LIBRARY: Library = library!(
    "_G",
    [
        /// Its arguments, or an error if the first is false or nil.
        ("assert", assert, "<T>(value: T, message: any?, ...any) -> (T, ...any)"),
        /// Runs, tunes or questions the collector.
        ("collectgarbage", collectgarbage, "(option: string?, argument: number?) -> any"),
        /// Runs a file and returns what it returns.
        ("dofile", dofile, "(filename: string?) -> (...any)"),
        /// Raises an error with any value.
        ("error", error, "(message: any, level: integer?) -> never"),
        /// The metatable of a value, or what its `__metatable` says.
        ("getmetatable", getmetatable, "(object: any) -> any"),
        /// Goes through the items 1, 2, ... up to the first nil.
        (
            "ipairs",
            ipairs,
            "<T>(list: readonly {T}) -> ((list: readonly {T}, at: integer) -> (integer?, T), readonly {T}, integer)"
        ),
        /// A function made of a chunk's text, or of the pieces that a function gives.
        ("load", load, "(chunk: any, name: string?, mode: string?, env: any) -> (any, string?)"),
        /// A function made of a file.
        ("loadfile", loadfile, "(filename: string?, mode: string?, env: any) -> (any, string?)"),
        /// Goes through all keys and values.
        ("pairs", pairs, "<K, V>(table: {[K]: V}) -> ((table: {[K]: V}, key: K?) -> (K?, V), {[K]: V}, nil)"),
        /// Calls a function; true and its results, or false and the error.
        ("pcall", pcall, "(f: any, ...any) -> (boolean, ...any)"),
        /// Writes values as text, separated by tabs.
        ("print", print, "(...any) -> ()"),
        /// Equality without metamethods.
        ("rawequal", rawequal, "(a: any, b: any) -> boolean"),
        /// A field without metamethods.
        ("rawget", rawget, "(table: table, key: any) -> any"),
        /// The length without metamethods.
        ("rawlen", rawlen, "(value: table | string) -> integer"),
        /// Sets a field without metamethods.
        ("rawset", rawset, "<T>(table: T, key: any, value: any) -> T"),
        /// The arguments from a position on, or with `#` how many there are.
        ("select", select, "(n: integer | string, ...any) -> (...any)"),
        /// Gives a table a metatable and returns the table.
        ("setmetatable", setmetatable, "<T>(table: T, metatable: table?) -> T"),
        /// A number out of text, in base 10 or the one that is given.
        ("tonumber", tonumber, "(value: any, base: integer?) -> number?"),
        /// Any value as text.
        ("tostring", tostring, "(value: any) -> string"),
        /// The name of a value's type.
        ("type", type_name, "(value: any) -> string"),
        /// Like `pcall`, with a handler that sees the error where it happened.
        ("xpcall", xpcall, "(f: any, handler: any, ...any) -> (boolean, ...any)"),
    ]
);

/// Installs the functions, `_G` and `_VERSION` into the globals.
pub(crate) fn open(cx: &mut Context<'_>) -> Result<()> {
    let globals = cx.globals();
    LIBRARY.install(cx, globals)?;
    cx.set_field(globals, NEXT.name, &NEXT)?;
    cx.set_field(globals, "_G", globals)?;
    let version = cx.string(b"Lua 5.3")?;
    cx.set_field(globals, "_VERSION", version)
}

fn assert(cx: &mut Context<'_>) -> Result<Outcome> {
    if cx.get(1).is_truthy() {
        let count = cx.len();
        return Ok(cx.returns_top(count));
    }
    cx.check_any(1)?;
    if cx.has(2) {
        return Err(match cx.get(2) {
            Value::String(text) => host::error(cx, text.as_bytes()),
            message => cx.throw(message),
        });
    }
    Err(Error::message("assertion failed!"))
}

fn collectgarbage(cx: &mut Context<'_>) -> Result<Outcome> {
    const OPTIONS: [&str; 8] =
        ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul", "isrunning"];
    let option = cx.check_option(1, Some("collect"), &OPTIONS)?;
    let argument = cx.optional_integer(2, 0)?;
    let answer = match option {
        0 => {
            cx.memory().stop();
            0
        }
        1 => {
            cx.memory().restart();
            0
        }
        2 => return Ok(collect_all(cx, |cx| Ok(cx.returns(0)))),
        3 => {
            let kilobytes = cx.memory().bytes() as f64 / 1024.0;
            return Ok(cx.returns(kilobytes));
        }
        4 => return Ok(cx.collect(Collection::Step(argument.max(0) as usize), Then::Return)),
        5 => cx.memory().set_pause(argument),
        6 => cx.memory().set_step_multiplier(argument),
        _ => {
            let running = cx.memory().is_running();
            return Ok(cx.returns(running));
        }
    };
    Ok(cx.returns(answer))
}

fn error(cx: &mut Context<'_>) -> Result<Outcome> {
    let level = cx.optional_integer(2, 1)?;
    let value = cx.get(1);
    if let (Value::String(text), 1..) = (value, level) {
        let mut message = cx.position_at(level as usize);
        message.extend_from_slice(text.as_bytes());
        let message = cx.string(&message)?;
        return Err(cx.throw(message));
    }
    Err(cx.throw(value))
}

fn getmetatable(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.check_any(1)?;
    let Some(metatable) = cx.metatable(value) else { return Ok(cx.returns(Value::Nil)) };
    let shown = cx.metamethod(value, Event::Metatable);
    Ok(if shown.is_nil() { cx.returns(metatable) } else { cx.returns(shown) })
}

fn setmetatable(cx: &mut Context<'_>) -> Result<Outcome> {
    let table = cx.check_table(1)?;
    let metatable = match cx.get(2) {
        Value::Table(metatable) => Some(metatable),
        Value::Nil if cx.has(2) => None,
        _ => return Err(cx.argument_error(2, "nil or table expected")),
    };
    if table.metatable().is_some() && !cx.metamethod(table.into(), Event::Metatable).is_nil() {
        return Err(Error::message("cannot change a protected metatable"));
    }
    if table.is_frozen() {
        return Err(Error::message("attempt to modify a frozen table"));
    }
    cx.set_metatable(table.into(), metatable);
    Ok(cx.returns(table))
}

fn ipairs(cx: &mut Context<'_>) -> Result<Outcome> {
    traverse(cx, Event::Ipairs, &IPAIRS_STEP, Value::Integer(0))
}

fn pairs(cx: &mut Context<'_>) -> Result<Outcome> {
    traverse(cx, Event::Pairs, &NEXT, Value::Nil)
}

/// The three values of a generic loop over the first argument: those of its metamethod, or else the iterator, the argument
/// and where to begin. It is the iterator that refuses what it cannot go through.
fn traverse<'gc>(
    cx: &mut Context<'gc>,
    event: Event,
    iterator: &'static Native,
    start: Value<'gc>,
) -> Result<Outcome> {
    let value = cx.check_any(1)?;
    let method = cx.metamethod(value, event);
    if method.is_nil() {
        cx.push(iterator);
        cx.push(value);
        cx.push(start);
        return Ok(cx.returns_top(3));
    }
    cx.push(method);
    cx.push(value);
    Ok(cx.call(1, Then::Step(paired)))
}

fn paired(cx: &mut Context<'_>) -> Result<Outcome> {
    let first = cx.results();
    cx.truncate(first + 2);
    Ok(cx.returns_top(3))
}

fn pcall(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_any(1)?;
    let arguments = cx.len() - 1;
    Ok(cx.protected_call(arguments, false))
}

fn xpcall(cx: &mut Context<'_>) -> Result<Outcome> {
    cx.check_function(2)?;
    // The handler goes to slot 1, where the machine looks for it; the function stays below its arguments.
    let (function, handler) = (cx.get(1), cx.get(2));
    cx.set(1, handler);
    cx.set(2, function);
    let arguments = cx.len() - 2;
    Ok(cx.protected_call(arguments, true))
}

fn rawequal(cx: &mut Context<'_>) -> Result<Outcome> {
    let (a, b) = (cx.check_any(1)?, cx.check_any(2)?);
    Ok(match cx.raw_equals(a, b) {
        Some(answer) => cx.returns(answer),
        None => cx.tail_call(2),
    })
}

fn rawget(cx: &mut Context<'_>) -> Result<Outcome> {
    let table = cx.check_table(1)?;
    let key = cx.check_any(2)?;
    Ok(cx.returns(table.get(key)))
}

fn rawset(cx: &mut Context<'_>) -> Result<Outcome> {
    let table = cx.check_table(1)?;
    let key = cx.check_any(2)?;
    let value = cx.check_any(3)?;
    cx.raw_set(table, key, value)?;
    Ok(cx.returns(table))
}

fn rawlen(cx: &mut Context<'_>) -> Result<Outcome> {
    let length = match cx.get(1) {
        Value::Table(table) => table.length(),
        Value::String(text) => text.len() as i64,
        _ => return Err(cx.argument_error(1, "table or string expected")),
    };
    Ok(cx.returns(length))
}

fn select(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len() as i64;
    if let Value::String(text) = cx.get(1)
        && text.as_bytes().first() == Some(&b'#')
    {
        return Ok(cx.returns(count - 1));
    }
    let n = cx.check_integer(1)?;
    let skip = if n < 0 { count + n } else { n.min(count) };
    if skip < 1 {
        return Err(cx.argument_error(1, "index out of range"));
    }
    Ok(cx.returns_top((count - skip) as usize))
}

fn type_name(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_any(1)?.type_name();
    let name = cx.name(name);
    Ok(cx.returns(name))
}

fn tonumber(cx: &mut Context<'_>) -> Result<Outcome> {
    if cx.get(2).is_nil() {
        return Ok(match cx.check_any(1)? {
            value @ (Value::Integer(_) | Value::Float(_)) => cx.returns(value),
            value => match to_number(value) {
                Some(number) => cx.returns(number),
                None => cx.returns(Value::Nil),
            },
        });
    }
    let base = cx.check_integer(2)?;
    if !matches!(cx.get(1), Value::String(_)) {
        return Err(cx.type_error(1, "string"));
    }
    if !(2..=36).contains(&base) {
        return Err(cx.argument_error(2, "base out of range"));
    }
    steps::run(InBase { base, value: 0, next: 0 }, cx)
}

/// `tonumber` of the text in slot 1 in a base from 2 to 36: it wraps around, between optional white space.
struct InBase {
    base: i64,
    /// Of the digits before the one at index `next`.
    value: i64,
    next: usize,
}

impl Steps for InBase {
    fn step(&mut self, cx: &mut Context<'_>, _: bool) -> Result<Next> {
        /// Digits between two looks at the fuel.
        const PIECE: usize = 1 << 12;
        /// Digits read for one unit of fuel.
        const DIGITS_PER_FUEL: usize = 8;
        let Value::String(text) = cx.get(1) else { return Ok(Next::Return(0)) };
        let (negative, digits) = match number::trim(text.as_bytes()) {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        while let Some(rest) = digits.get(self.next..).filter(|rest| !rest.is_empty()) {
            let piece = &rest[..rest.len().min(PIECE)];
            match piece.iter().try_fold(self.value, |value, &byte| {
                let digit = i64::from(char::from(byte).to_digit(36)?);
                (digit < self.base).then(|| value.wrapping_mul(self.base).wrapping_add(digit))
            }) {
                Some(value) => self.value = value,
                None => {
                    cx.push(Value::Nil);
                    return Ok(Next::Return(1));
                }
            }
            self.next += piece.len();
            if !cx.charge(piece.len() / DIGITS_PER_FUEL) && piece.len() < rest.len() {
                return Ok(Next::Pause);
            }
        }
        cx.push(match (digits.is_empty(), negative) {
            (true, _) => Value::Nil,
            (_, true) => Value::Integer(self.value.wrapping_neg()),
            (_, false) => Value::Integer(self.value),
        });
        Ok(Next::Return(1))
    }
}

fn tostring(cx: &mut Context<'_>) -> Result<Outcome> {
    let value = cx.check_any(1)?;
    Ok(match cx.display(value)? {
        Some(text) => cx.returns(text),
        None => cx.call(1, Then::Step(displayed)),
    })
}

fn displayed(cx: &mut Context<'_>) -> Result<Outcome> {
    match cx.take_result() {
        text @ (Value::String(_) | Value::Integer(_) | Value::Float(_)) => Ok(cx.returns(text)),
        _ => Err(Error::message("'__tostring' must return a string")),
    }
}

/// Whether the global `tostring` is still the builtin, so that it need not be called.
fn has_own_tostring(cx: &mut Context<'_>) -> bool {
    let globals = cx.globals();
    match cx.field(globals, "tostring") {
        Value::Native(native) => {
            LIBRARY.functions.iter().any(|row| std::ptr::eq(row, native) && row.name == "tostring")
        }
        _ => false,
    }
}

/// `print`: argument by argument, since `__tostring` may have to be called for any of them.
fn print(cx: &mut Context<'_>) -> Result<Outcome> {
    let count = cx.len();
    let own = has_own_tostring(cx);
    print_from(cx, Printing { index: 1, count, own })
}

struct Printing {
    index: usize,
    count: usize,
    /// The global `tostring` is the builtin.
    own: bool,
}

fn print_from(cx: &mut Context<'_>, mut at: Printing) -> Result<Outcome> {
    while at.index <= at.count {
        let value = cx.get(at.index);
        if !at.own {
            let globals = cx.globals();
            let function = cx.field(globals, "tostring");
            cx.push(function);
            cx.push(value);
            return Ok(cx.call(1, Then::Resume(Box::new(at))));
        }
        match cx.display(value)? {
            Some(text) => write_item(cx, &mut at, text.as_bytes())?,
            None => return Ok(cx.call(1, Then::Resume(Box::new(at)))),
        }
    }
    io::write_stdout(cx, b"\n")?;
    io::flush_line(cx)?;
    Ok(cx.returns_none())
}

fn write_item(cx: &mut Context<'_>, at: &mut Printing, text: &[u8]) -> Result<()> {
    if at.index > 1 {
        io::write_stdout(cx, b"\t")?;
    }
    io::write_stdout(cx, text)?;
    at.index += 1;
    Ok(())
}

impl Resume for Printing {
    fn resume(mut self: Box<Self>, cx: &mut Context<'_>) -> Result<Outcome> {
        let result = cx.take_result();
        let Some(text) = cx.coerce_string(result)? else {
            let who = if self.own {
                "'__tostring' must return a string"
            } else {
                "'tostring' must return a string to 'print'"
            };
            return Err(Error::message(who));
        };
        write_item(cx, &mut self, text.as_bytes())?;
        print_from(cx, *self)
    }
}
