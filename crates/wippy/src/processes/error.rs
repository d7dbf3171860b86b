//! What can go wrong between a Rust program and its processes.

use std::fmt;
use std::io;

use wippy_stdlib::errors::ErrorValue;

/// See the module.
#[non_exhaustive]
#[derive(Debug)]
pub enum RuntimeError {
    /// A chunk that does not compile, or a module that cannot be opened.
    Lua(wippy_vm::Error),
    /// A process that does not start, or a request that a process refuses: the structured error.
    Refused(Box<ErrorValue>),
    /// There is no such process (any more).
    NoProcess,
    /// There is no room for another inbox.
    Full,
    /// So many processes did not end when they were asked to.
    Killed(usize),
    /// A message of another type than was asked for.
    Payload {
        /// What was asked for.
        expected: &'static str,
    },
    /// The runtime has ended.
    Closed,
    /// The operating system refuses threads.
    System(io::Error),
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuntimeError::Lua(error) => error.fmt(f),
            RuntimeError::Refused(error) => f.write_str(&String::from_utf8_lossy(&error.full_text())),
            RuntimeError::NoProcess => f.write_str("process not found"),
            RuntimeError::Full => f.write_str("too many inboxes"),
            RuntimeError::Killed(1) => f.write_str("1 process did not end in time and was killed"),
            RuntimeError::Killed(count) => write!(f, "{count} processes did not end in time and were killed"),
            RuntimeError::Payload { expected } => write!(f, "the payload is no {expected}"),
            RuntimeError::Closed => f.write_str("the runtime has ended"),
            RuntimeError::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RuntimeError {}

impl From<ErrorValue> for RuntimeError {
    fn from(error: ErrorValue) -> RuntimeError {
        RuntimeError::Refused(Box::new(error))
    }
}
