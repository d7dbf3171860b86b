//! `logger`: structured log lines; and `print` of applications, which is one.
//!
//! What a line looks like and where it goes is the sink's, which the owner of the interpreter provides. Logging never
//! waits and never fails. Invariant: loggers are immutable, and the caller's tables are never changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use wippy_vm::{Context, Error, HostObject, Library, Outcome, Result, UserData, Value, library};

use crate::class::Class;
use crate::io;
use crate::plain::Plain;
use crate::steps::{self, Next, Steps};

/// How important a line is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// What probably should not happen.
    Warn,
    /// What should not happen.
    Error,
}

/// A line to be.
#[derive(Clone, Debug)]
pub struct Record {
    /// How important.
    pub level: Level,
    /// The logger's name; parts are separated by dots.
    pub logger: String,
    /// The message.
    pub message: String,
    /// More about it. `location` is the line of the script, unless the script says otherwise.
    pub fields: BTreeMap<String, Plain>,
}

/// Where lines go. A sink that knows a process adds its `pid`, unless a line has one.
pub trait LogSink: Send + Sync {
    /// Whether lines of this level are wanted at all.
    fn wants(&self, level: Level) -> bool;

    /// Takes a line.
    fn log(&self, record: Record);
}

/// The sink of an interpreter; a host value. Without one, lines go to standard error as they are.
#[derive(Clone)]
pub struct HostLog(pub Arc<dyn LogSink>);

/// A logger.
#[derive(Clone, Debug, Default)]
struct Logger {
    name: String,
    fields: BTreeMap<String, Plain>,
}

impl HostObject for Logger {
    fn depart(self: Arc<Self>) -> Option<Arc<dyn HostObject>> {
        Some(self)
    }

    fn arrive<'gc>(self: Arc<Self>, cx: &mut Context<'gc>) -> Result<UserData<'gc>> {
        CLASS.object(cx, self)
    }
}

/// The methods of loggers.
pub static METHODS: Library = library!(
    "logger",
    [
        /// Writes a line for those who look for a fault.
        ("debug", debug, "(self: any, message: string, fields: table?) -> ()"),
        /// Writes a line about what goes on.
        ("info", info, "(self: any, message: string, fields: table?) -> ()"),
        /// Writes a line about what should not be so.
        ("warn", warn, "(self: any, message: string, fields: table?) -> ()"),
        /// Writes a line about what failed.
        ("error", error, "(self: any, message: string, fields: table?) -> ()"),
        /// A logger whose lines have these fields besides.
        ("with", with, "(self: any, fields: table) -> any"),
        /// A logger of this name, after its parent's and a dot.
        ("named", named, "(self: any, name: string) -> any"),
    ]
);

static NOTHING: Library = library!("logger", []);

static CLASS: Class = Class { methods: &METHODS, metamethods: &NOTHING };

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&METHODS];

/// `print` of applications.
pub static PRINT: Library = library!(
    "_G",
    [
        /// Writes one log line.
        ("print", print, "(...any) -> ()")
    ]
);

/// Makes the module: a logger without name and fields.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    Ok(CLASS.object(cx, Arc::new(Logger::default()))?.into())
}

fn wants(cx: &mut Context<'_>, level: Level) -> bool {
    cx.host::<HostLog>().is_none_or(|log| log.0.wants(level))
}

/// Hands a line to the sink.
fn write(cx: &mut Context<'_>, mut record: Record) -> Result<Outcome> {
    if !record.fields.contains_key("location")
        && let Some(location) = location(cx)
    {
        record.fields.insert("location".to_owned(), location.into());
    }
    match cx.host::<HostLog>() {
        Some(log) => Arc::clone(&log.0).log(record),
        None => {
            let level = match record.level {
                Level::Debug => "DEBUG",
                Level::Info => "INFO",
                Level::Warn => "WARN",
                Level::Error => "ERROR",
            };
            let Record { logger, message, fields, .. } = &record;
            let message = message.escape_debug();
            let mut line = format!("{level}\t{logger}\t{message}\t").into_bytes();
            crate::json::write_plain(&mut line, &Plain::Map(fields.clone()));
            line.push(b'\n');
            io::write_stderr(cx, &line);
        }
    }
    Ok(cx.returns_none())
}

/// `entry:line` of the Lua function that logs.
fn location(cx: &Context<'_>) -> Option<String> {
    let coroutine = cx.coroutine();
    (1..4).find_map(|level| {
        let activation = cx.activation(coroutine, level)?;
        let line = activation.current_line()?;
        Some(format!("{}:{line}", cx.function_info(activation.function()).short_source))
    })
}

fn log(cx: &mut Context<'_>, level: Level) -> Result<Outcome> {
    let logger = CLASS.this::<Logger>(cx)?;
    let message = cx.check_string(2)?;
    let given = match cx.get(3) {
        Value::Nil => None,
        _ => Some(cx.check_table(3)?),
    };
    if !wants(cx, level) {
        return Ok(cx.returns_none());
    }
    let mut fields = logger.fields.clone();
    if let Some(given) = given {
        fields.extend(Plain::fields(cx, given));
    }
    let message = message.to_string_lossy().into_owned();
    write(cx, Record { level, logger: logger.name.clone(), message, fields })
}

fn debug(cx: &mut Context<'_>) -> Result<Outcome> {
    log(cx, Level::Debug)
}

fn info(cx: &mut Context<'_>) -> Result<Outcome> {
    log(cx, Level::Info)
}

fn warn(cx: &mut Context<'_>) -> Result<Outcome> {
    log(cx, Level::Warn)
}

fn error(cx: &mut Context<'_>) -> Result<Outcome> {
    log(cx, Level::Error)
}

/// `logger:with(fields)`
fn with(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut logger = CLASS.this::<Logger>(cx)?.clone();
    let fields = cx.check_table(2)?;
    logger.fields.extend(Plain::fields(cx, fields));
    let object = CLASS.object(cx, Arc::new(logger))?;
    Ok(cx.returns(object))
}

/// `logger:named(name)`
fn named(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut logger = CLASS.this::<Logger>(cx)?.clone();
    let name = cx.check_string(2)?;
    if name.is_empty() {
        return Err(Error::message("name cannot be empty"));
    }
    if !logger.name.is_empty() {
        logger.name.push('.');
    }
    logger.name.push_str(&name.to_string_lossy());
    let object = CLASS.object(cx, Arc::new(logger))?;
    Ok(cx.returns(object))
}

/// `print(...)` of an application: one line at level info, the arguments with a space between them.
fn print(cx: &mut Context<'_>) -> Result<Outcome> {
    joined(cx, |cx, message| {
        if wants(cx, Level::Info) {
            let record =
                Record { level: Level::Info, logger: String::new(), message, fields: BTreeMap::new() };
            let _ = write(cx, record)?;
        }
        Ok(())
    })
}

/// Who gets the line of a `print`.
type Say = fn(&mut Context<'_>, String) -> Result<()>;

/// Joins all arguments as an application's `print` does, and gives the line to `say`.
///
/// # Errors
/// What a `__tostring` raises, and what `say` answers.
pub fn joined(cx: &mut Context<'_>, say: Say) -> Result<Outcome> {
    let count = cx.len();
    steps::run(Printing { next: 1, count, text: Vec::new(), say }, cx)
}

struct Printing {
    next: usize,
    count: usize,
    text: Vec<u8>,
    say: Say,
}

impl Steps for Printing {
    fn step(&mut self, cx: &mut Context<'_>, called: bool) -> Result<Next> {
        if called {
            let result = cx.take_result();
            match cx.coerce_string(result)? {
                Some(text) => self.text.extend_from_slice(text.as_bytes()),
                None => return Err(Error::message("'__tostring' must return a string")),
            }
            self.next += 1;
        }
        while self.next <= self.count {
            if self.next > 1 {
                self.text.push(b' ');
            }
            match cx.display(cx.get(self.next))? {
                Some(text) => self.text.extend_from_slice(text.as_bytes()),
                None => return Ok(Next::Call(1)),
            }
            self.next += 1;
        }
        (self.say)(cx, String::from_utf8_lossy(&self.text).into_owned())?;
        Ok(Next::Return(0))
    }
}
