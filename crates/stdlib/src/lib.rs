//! The standard libraries of Lua 5.3.
//!
//! Not the interpreter, and no processes. Nothing here blocks or recurses over what a script hands in: work that grows
//! with its input charges fuel and can be stopped.

mod steps;
pub mod string;
pub mod table;
pub mod utf8;
