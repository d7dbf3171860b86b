//! `os`: the system (Lua 5.3 manual, section 6.9).
//!
//! `os.exit` ends nothing here: it raises what no protected call catches, and the host ends the process. Invariant:
//! the time zone is the one that the environment named when it was first needed.

pub mod application;
pub(crate) mod calendar;
mod format;
pub(crate) mod temporary;
mod time;
pub(crate) mod zone;

use wippy_vm::{Context, ErrorKind, ExitRequest, Library, Outcome, Result, Value, library};

use crate::{host, io};

/// The functions of `os`.
pub static LIBRARY: Library = library!(
    "os",
    [
        /// Seconds of processor time that the program has used.
        ("clock", clock, "() -> number"),
        /// A point in time as text, or with `*t` as a table.
        ("date", time::date, "(format: string?, time: integer?) -> any"),
        /// Seconds between two points in time.
        ("difftime", time::difftime, "(t2: integer, t1: integer) -> number"),
        /// Runs a command of the shell.
        ("execute", execute, "(command: string?) -> (boolean?, string?, integer?)"),
        /// Ends the program.
        ("exit", exit, "(code: (boolean | integer)?, close: boolean?) -> never"),
        /// An environment variable.
        ("getenv", getenv, "(varname: string) -> string?"),
        /// Deletes a file or an empty folder.
        ("remove", remove, "(filename: string) -> (boolean?, string?, integer?)"),
        /// Renames a file.
        ("rename", rename, "(oldname: string, newname: string) -> (boolean?, string?, integer?)"),
        /// The locale; only `C` exists.
        ("setlocale", setlocale, "(locale: string?, category: string?) -> string?"),
        /// A point in time as seconds since 1970, now by default.
        ("time", time::time, "(t: any?) -> integer"),
        /// A name for a temporary file.
        ("tmpname", tmpname, "() -> string"),
    ]
);

/// `os.clock()`: processor time of the process in seconds.
fn clock(cx: &mut Context<'_>) -> Result<Outcome> {
    Ok(cx.returns(processor_time()))
}

#[cfg(unix)]
fn processor_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    // Microseconds, as C's `clock` counts.
    (time.tv_sec * 1_000_000 + time.tv_nsec / 1_000) as f64 / 1e6
}

/// Where the system does not tell without C, time since the first call.
#[cfg(not(unix))]
fn processor_time() -> f64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}

fn execute(cx: &mut Context<'_>) -> Result<Outcome> {
    let Some(command) = cx.optional_string(1)? else {
        let shell = if cfg!(windows) { "cmd" } else { "/bin/sh" };
        return Ok(cx.returns(cfg!(windows) || std::path::Path::new(shell).exists()));
    };
    io::flush_due(cx);
    host::ended(cx, host::shell(command.as_bytes()).status())
}

fn exit(cx: &mut Context<'_>) -> Result<Outcome> {
    let code = match cx.get(1) {
        Value::Boolean(success) => i64::from(!success),
        _ => cx.optional_integer(1, 0)?,
    };
    let close = cx.get(2).is_truthy();
    Err(ErrorKind::Exit(ExitRequest { code: code as i32, close }).into())
}

fn getenv(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?;
    match std::env::var_os(host::path(name.as_bytes())) {
        Some(value) => {
            let value = cx.string(&host::bytes(&value))?;
            Ok(cx.returns(value))
        }
        None => Ok(cx.returns(Value::Nil)),
    }
}

/// `os.remove(filename)`: a file or an empty folder.
fn remove(cx: &mut Context<'_>) -> Result<Outcome> {
    let name = cx.check_string(1)?.as_bytes();
    let path = host::path(name);
    let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_dir());
    let result = if is_folder { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
    host::answer(cx, result, Some(name))
}

fn rename(cx: &mut Context<'_>) -> Result<Outcome> {
    let old = cx.check_string(1)?.as_bytes();
    let new = cx.check_string(2)?.as_bytes();
    let result = std::fs::rename(host::path(old), host::path(new));
    host::answer(cx, result, None)
}

/// `os.setlocale([locale [, category]])`: there is only the locale "C".
fn setlocale(cx: &mut Context<'_>) -> Result<Outcome> {
    let locale = cx.optional_string(1)?.map(|locale| locale.as_bytes());
    cx.check_option(2, Some("all"), &["all", "collate", "ctype", "monetary", "numeric", "time"])?;
    match locale {
        None | Some(b"" | b"C" | b"POSIX") => {
            let name = cx.string(b"C")?;
            Ok(cx.returns(name))
        }
        Some(_) => Ok(cx.returns(Value::Nil)),
    }
}

fn tmpname(cx: &mut Context<'_>) -> Result<Outcome> {
    match temporary::named() {
        Ok((path, _)) => {
            let name = cx.string(&host::bytes(path.as_os_str()))?;
            Ok(cx.returns(name))
        }
        Err(_) => Err(wippy_vm::Error::message("unable to generate a unique filename")),
    }
}
