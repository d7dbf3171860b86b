//! Lua patterns (Lua 5.3 manual, section 6.4.1): compile once, match in steps.
//!
//! No strings of the VM and no results for Lua: bytes in, positions out. Matching never recurses, and can be stopped
//! between any two steps, so that no pattern can hold a worker.

mod class;
mod compile;
mod error;
mod matcher;
#[cfg(test)]
mod tests;

pub use compile::{MAX_CAPTURES, MAX_QUANTIFIERS, Pattern};
pub use error::PatternError;
pub use matcher::{Capture, Matcher, Progress};
