//! Log lines: levels, layouts, thinning.
//!
//! Makes text; the writer thread in `sink` is the only part that knows a stream. Invariant: logging never waits and
//! never fails; what cannot be written is counted.

pub mod line;
pub mod sink;
pub mod thin;

pub use line::{Layout, Level, Line};
pub use sink::{Log, Options};
