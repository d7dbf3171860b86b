//! The registry: entries, their versions and how they change.
//!
//! Pure state; it starts nothing and reads no files. Invariant: a version is immutable once it exists, and a change is
//! either all there or not at all.

pub mod change;
pub mod order;
pub mod search;
pub mod state;

pub use change::{ChangeError, Operation};
pub use search::Filter;
pub use state::{Entries, Handler, Registry, Rejection, Snapshot, VersionInfo};
