//! Why a source text cannot be compiled, as `load` reports it.
//!
//! The facts and the sentence are the parser's [`SyntaxError`]; here the chunk's name joins them. Invariant: `message`
//! is complete, chunk name and line included.

use std::fmt;

use wippy_parser::error::SyntaxError;

use crate::bytecode::chunk_id::chunk_id;

/// A text that is not a valid chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    chunk: Vec<u8>,
    syntax: SyntaxError,
}

impl CompileError {
    /// `syntax` as an error of the chunk of this name.
    pub fn new(syntax: SyntaxError, chunk_name: &[u8]) -> Self {
        Self(Box::new(Details { chunk: chunk_id(chunk_name), syntax }))
    }

    /// What is wrong, and where in the text.
    pub fn syntax(&self) -> &SyntaxError {
        &self.0.syntax
    }

    /// The line the message names.
    pub fn line(&self) -> u32 {
        self.0.syntax.line().0
    }

    /// The whole message: `chunk:line: what near 'token'`.
    pub fn message(&self) -> Vec<u8> {
        let mut message = self.0.chunk.clone();
        message.extend_from_slice(format!(":{}: ", self.line()).as_bytes());
        message.extend_from_slice(&self.0.syntax.message());
        message
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message()))
    }
}

impl std::error::Error for CompileError {}
