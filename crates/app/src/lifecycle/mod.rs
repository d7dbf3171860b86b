//! The life of services, as a pure state machine.
//!
//! Events in, actions out; time is a number that the caller passes in, and nothing here starts, waits or prints.
//! Invariant: `Supervisor` alone decides what runs; whoever carries its actions out reports back and decides nothing.

pub mod backoff;
pub mod ending;
pub mod policy;
pub mod services;
pub mod supervisor;

pub use policy::Policy;
pub use supervisor::{Action, Ending, State, Supervisor};
