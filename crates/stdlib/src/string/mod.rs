//! The `string` library.

pub mod pattern;
