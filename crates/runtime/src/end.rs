//! How a process ends, for those who watch it from outside and get its interpreter.
//!
//! Other processes hear of an end as an event ([`crate::mail`]).

use std::sync::Arc;

use wippy_stdlib::errors::ErrorValue;
use wippy_vm::{Failure, Parcel, Vm};

/// What a process that was watched from outside came to.
pub enum End {
    /// It returned; the results are in the interpreter.
    Finished {
        /// Whether they are those of the function `main` of the table that the chunk returned.
        called_main: bool,
    },
    /// It failed; the error value is in the interpreter.
    Failed(Failure),
    /// It failed for a reason that is not its program's.
    Killed(Cause),
    /// It has given its result and goes on with what it has begun ([`Linger`]); the interpreter stays with it, and an
    /// empty one comes in its place.
    Left(Result<Parcel, ErrorValue>),
}

/// Why a process was ended that had not failed itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// Somebody wanted it to end.
    Terminated,
    /// A process that it was linked to failed.
    Linked,
    /// A native of it panicked: a fault of the runtime or of an embedding program. The text of the panic.
    Panicked(Arc<str>),
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::Terminated => f.write_str("process terminated"),
            Cause::Linked => f.write_str("linked process failed"),
            Cause::Panicked(text) => write!(f, "process panicked: {text}"),
        }
    }
}

/// What the function of a process asks for when it has its result while coroutines of it go on: whoever watches from
/// outside gets the result now, and the function is woken when nothing is left to do.
pub struct Linger(pub Result<Parcel, ErrorValue>);

/// Called with the interpreter when its process has ended.
pub type OnEnd = Box<dyn FnOnce(Vm, End) + Send>;
