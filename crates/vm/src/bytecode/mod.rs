//! Bytecode as data: the instruction table, prototypes, their text form, their binary form and its verifier.

pub mod chunk_id;
pub mod disassemble;
pub mod dump;
pub mod instruction;
pub mod prototype;
pub(crate) mod texts;
pub mod undump;
pub mod verify;
