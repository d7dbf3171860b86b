//! `logger`: structured log lines; and `print` of applications, which is one.
//!
//! What a line looks like and where it goes is the sink's, which the owner of the interpreter provides. Logging never
//! waits and never fails. Invariant: loggers are immutable, and the caller's tables are never changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use wippy_vm::{Context, Error, HostObject, Library, Outcome, Result, Table, UserData, Value, library};

use crate::class::Class;
use crate::errors::error_of;
use crate::io;
use crate::joined;
use crate::plain::Plain;
use crate::steps::Next;

/// How important a line is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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

impl Level {
    /// The word in capitals.
    pub fn word(self) -> &'static str {
        match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        }
    }
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

    /// Takes a line of the program that runs in this interpreter.
    fn log(&self, cx: &mut Context<'_>, record: Record);
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

/// The same as a read-only table with the methods, which an image can hold.
///
/// # Errors
/// When the memory limit would be passed.
pub fn table<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = cx.table(0, METHODS.functions.len())?;
    METHODS.install(cx, table)?;
    table.freeze();
    Ok(table.into())
}

fn wants(cx: &mut Context<'_>, level: Level) -> bool {
    cx.host::<HostLog>().is_none_or(|log| log.0.wants(level))
}

/// Hands a line to the sink, if that wants it.
pub fn write(cx: &mut Context<'_>, mut record: Record) {
    if !wants(cx, record.level) {
        return;
    }
    if !record.fields.contains_key("location")
        && let Some(location) = location(cx)
    {
        record.fields.insert("location".to_owned(), location.into());
    }
    match cx.host::<HostLog>() {
        Some(log) => Arc::clone(&log.0).log(cx, record),
        None => {
            let Record { level, logger, message, fields } = record;
            let message = message.escape_debug();
            let mut line = format!("{}\t{logger}\t{message}\t", level.word()).into_bytes();
            crate::json::write_plain(&mut line, &Plain::Map(fields));
            line.push(b'\n');
            io::write_stderr(cx, &line);
        }
    }
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

/// The logger that a method is called on: an object, or the module as a table.
fn this(cx: &Context<'_>) -> Result<Logger> {
    match cx.get(1) {
        Value::Table(_) => Ok(Logger::default()),
        _ => CLASS.this::<Logger>(cx).cloned(),
    }
}

impl Logger {
    /// Adds the fields of a table. The kind of a field `error` is worth a field of its own.
    fn add<'gc>(&mut self, cx: &mut Context<'gc>, table: Table<'gc>) {
        let name = cx.name("error");
        if let Some(error) = error_of(table.get(name.into()))
            && !error.kind().as_bytes().is_empty()
        {
            let kind = String::from_utf8_lossy(error.kind().as_bytes()).into_owned();
            self.fields.entry("kind".to_owned()).or_insert(kind.into());
        }
        self.fields.extend(Plain::fields(cx, table));
    }
}

fn log(cx: &mut Context<'_>, level: Level) -> Result<Outcome> {
    let mut logger = this(cx)?;
    let message = cx.check_string(2)?;
    let given = match cx.get(3) {
        Value::Nil => None,
        _ => Some(cx.check_table(3)?),
    };
    if wants(cx, level) {
        if let Some(fields) = given {
            logger.add(cx, fields);
        }
        let Logger { name, fields } = logger;
        write(cx, Record { level, logger: name, message: message.to_string_lossy().into_owned(), fields });
    }
    Ok(cx.returns_none())
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
    let mut logger = this(cx)?;
    let fields = cx.check_table(2)?;
    logger.add(cx, fields);
    let object = CLASS.object(cx, Arc::new(logger))?;
    Ok(cx.returns(object))
}

/// `logger:named(name)`
fn named(cx: &mut Context<'_>) -> Result<Outcome> {
    let mut logger = this(cx)?;
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
    joined::join(cx, b" ", |cx, text| {
        let message = String::from_utf8_lossy(&text).into_owned();
        write(cx, Record { level: Level::Info, logger: String::new(), message, fields: BTreeMap::new() });
        Ok(Next::Return(0))
    })
}
