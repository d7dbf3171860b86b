//! Lua processes on the real runtime under conditions that are not kind to them.

mod isolation;
mod random;
