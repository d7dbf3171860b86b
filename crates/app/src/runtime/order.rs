//! What an application is started for, what its engine is told while it runs, and what came of it.
//!
//! Plain data. Invariant: the exit code follows from the result of the terminal process and the signal alone.

use std::collections::BTreeSet;
use std::time::Duration;

use wippy_runtime::scheduler::Pid;
use wippy_stdlib::errors::Kind;
use wippy_vm::Packed;

use super::functions::CallResult;
use crate::id::Id;
use crate::lifecycle::{Ending, ending};
use crate::value::Value;

/// Something the engine is told.
pub enum Order {
    /// A start succeeded; with the process, if it is one.
    Started(Id, u64, Option<Pid>),
    /// A run ended, or did not begin.
    Ended(Id, u64, Ending),
    /// The terminal process ended.
    TerminalEnded(CallResult),
    /// The registry has changed.
    Changed(BTreeSet<Id>),
    /// SIGINT or SIGTERM; the number is the exit code of a terminal process that does not end by itself.
    Signal(u8),
    /// A program wants everything to end with this code.
    Exit(i64),
}

/// What is run.
#[derive(Debug, Clone, Default)]
pub struct Task {
    /// The process that gets the terminal, and the host it runs on.
    pub terminal: Option<(Id, Id)>,
    /// Arguments of that process.
    pub arguments: Vec<Vec<u8>>,
    /// Whether what is asked of nobody in particular is denied.
    pub strict: bool,
    /// The longest time for everything to end.
    pub shutdown_within: Duration,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code.
    pub code: u8,
    /// For standard output.
    pub out: Option<String>,
    /// For standard error.
    pub error: Option<Vec<u8>>,
}

/// Code and output for the result of the terminal process.
pub(super) fn terminal_outcome(result: CallResult, signal: Option<u8>) -> Outcome {
    match result {
        Ok(parcel) => {
            let value = match parcel.first() {
                Packed::Boolean(flag) => Value::Boolean(flag),
                Packed::Integer(number) => Value::Integer(number),
                Packed::Float(number) => Value::Float(number),
                Packed::Text(text) => Value::text(String::from_utf8_lossy(text)),
                _ => Value::Null,
            };
            let end = ending::of_value(&value);
            Outcome { code: end.code, out: end.out, error: None }
        }
        Err(error)
            if signal.is_some()
                && (*error.kind() == Kind::CANCELED || error.message() == b"process terminated") =>
        {
            Outcome { code: signal.unwrap_or(1), out: None, error: None }
        }
        Err(error) => Outcome { code: 1, out: None, error: Some(error.full_text()) },
    }
}
