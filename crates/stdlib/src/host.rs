//! What the libraries that touch the operating system share: paths made of bytes, failures as results, raised text.
//!
//! It opens and runs nothing itself. Invariant: texts and numbers of failures are the system's own, as C programs
//! show them.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use wippy_vm::{Context, Error, ErrorKind, Outcome, Result, Value};

use crate::waiting;

/// A Lua string as C sees it: it ends at the first zero byte.
pub(crate) fn c_text(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The path that a Lua string names.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    let bytes = c_text(bytes);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// The bytes of a system string.
pub(crate) fn bytes(text: &std::ffi::OsStr) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        text.as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        text.to_string_lossy().into_owned().into_bytes()
    }
}

/// What `strerror` says of a failure.
pub(crate) fn describe(error: &io::Error) -> String {
    let Some(code) = error.raw_os_error() else { return error.to_string() };
    let text = io::Error::from_raw_os_error(code).to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The number of a failure; 0 if the system did not give one.
pub(crate) fn code(error: &io::Error) -> i64 {
    i64::from(error.raw_os_error().unwrap_or(0))
}

/// Answers `nil`, a message and the number of a failure; with a name, the message begins with it.
pub(crate) fn failed(cx: &mut Context<'_>, error: &io::Error, name: Option<&[u8]>) -> Result<Outcome> {
    let mut text = Vec::new();
    if let Some(name) = name {
        text.extend_from_slice(c_text(name));
        text.extend_from_slice(b": ");
    }
    text.extend_from_slice(describe(error).as_bytes());
    let text = cx.string(&text)?;
    cx.push(Value::Nil);
    cx.push(text);
    cx.push(code(error));
    Ok(cx.returns_top(3))
}

/// Answers `true`, or as [`failed`].
pub(crate) fn answer(cx: &mut Context<'_>, result: io::Result<()>, name: Option<&[u8]>) -> Result<Outcome> {
    match result {
        Ok(()) => Ok(cx.returns(true)),
        Err(error) => failed(cx, &error, name),
    }
}

/// Answers as `os.execute` and closed pipes do: success or `nil`, how the program ended, and with which number.
pub(crate) fn ended(cx: &mut Context<'_>, status: io::Result<ExitStatus>) -> Result<Outcome> {
    let status = match status {
        Ok(status) => status,
        Err(error) => return failed(cx, &error, None),
    };
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let (how, number) = match (signal, status.code()) {
        (Some(signal), _) => ("signal", signal),
        (None, code) => ("exit", code.unwrap_or(-1)),
    };
    let how = cx.string(how.as_bytes())?;
    cx.push(if status.success() { Value::Boolean(true) } else { Value::Nil });
    cx.push(how);
    cx.push(i64::from(number));
    Ok(cx.returns_top(3))
}

/// A shell that will run a command; the caller is expected to wait for it.
pub(crate) fn shell(command: &[u8]) -> Command {
    let text = path(command);
    #[cfg(not(windows))]
    let (shell, switch) = ("/bin/sh", "-c");
    #[cfg(windows)]
    let (shell, switch) = ("cmd", "/C");
    let mut shell = Command::new(shell);
    // The shell begins its own messages with the name under which it was started; C's `system` calls it this.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut shell, "sh");
    shell.arg(switch).arg(text);
    waiting::announce();
    shell
}

/// An error whose message is any bytes, after the position of the caller of the running native.
pub(crate) fn error(cx: &Context<'_>, message: &[u8]) -> Error {
    let mut text = Vec::new();
    if let Some(activation) = cx.activation(cx.coroutine(), 1)
        && let Some(line) = activation.current_line()
    {
        let info = cx.function_info(activation.function());
        text.extend_from_slice(info.short_source.as_bytes());
        text.extend_from_slice(format!(":{line}: ").as_bytes());
    }
    text.extend_from_slice(message);
    ErrorKind::Plain(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_described_as_in_c() {
        let error = io::Error::from_raw_os_error(2);
        assert_eq!((describe(&error).as_str(), code(&error)), ("No such file or directory", 2));
        let error = io::Error::other("of our own");
        assert_eq!((describe(&error).as_str(), code(&error)), ("of our own", 0));
    }

    #[test]
    fn paths_end_at_a_zero_byte() {
        assert_eq!(path(b"a\0b"), PathBuf::from("a"));
        assert_eq!(bytes(path(b"a/b").as_os_str()), b"a/b");
    }
}
