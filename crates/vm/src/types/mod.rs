//! Types as values: their identity, their validators, and what a library gives them as methods.
//!
//! Knows types and bytes; the loop that checks values is [`crate::execute::validate`]. Invariant: nothing here belongs
//! to one interpreter, everything is immutable and may be used by all of them at once.

mod compiler;
mod library;
pub(crate) mod program;
mod value;

pub use library::TypeLibrary;
pub use value::{KeptType, TypeValue};
