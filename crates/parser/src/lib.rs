//! Lua 5.3 with type annotations: from bytes to a syntax tree.
//!
//! Knows text, tokens, the tree and spans; knows nothing of values, files, or what a type means.
//! Invariant: no input makes it panic or overflow the stack; whatever is wrong comes back as a syntax error.

pub mod annotation;
pub mod ast;
pub mod interner;
pub mod span;

/// How deep brackets, blocks, functions and right-nested operators may nest.
pub const MAX_DEPTH: u32 = 200;
