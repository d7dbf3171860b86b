//! The standard libraries of Lua 5.3.
//!
//! Not the interpreter, and no processes. Nothing here blocks or recurses over what a script hands in: work that grows
//! with its input charges fuel and can be stopped.

pub mod string;
