//! How many calls of a function run at a time, as a pure state machine.
//!
//! Knows neither programs nor processes: calls and workers are whatever its owner says. Invariant: a call that was taken
//! is either running, waiting, or done; none is forgotten, and none overtakes another.

pub mod plan;
pub mod pool;

pub use plan::{Plan, Sort};
pub use pool::{Pool, Run};
