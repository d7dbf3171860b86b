//! Prototypes as bytes, for `string.dump` and compiled files.
//!
//! The format is this implementation's own and may change with [`VERSION`]. Numbers are little-endian; counts and
//! lengths are variable-length, seven bits a byte, lowest first. Texts stand first and are referred to by number; then the
//! functions, nested ones before those that contain them, so that a number says which those are. Invariant: every length
//! stands before what it counts, so a prefix of a dump is never a dump.

use super::prototype::{Constant, Function, Position, Prototype, Text, Texts};

/// What a dump begins with: the header of the reference implementation's format (signature, version 5.3, format 0,
/// conversion data, sizes of int, size_t, instruction, integer and float, and the integer 0x5678), since programs
/// check it, then the mark of what really follows.
pub const SIGNATURE: &[u8] = b"\x1bLua\x53\x00\x19\x93\r\n\x1a\n\x04\x08\x04\x08\x08\x78\x56\0\0\0\0\0\0Wpy";
/// Version of the format and of the instruction set, the byte after the signature.
pub const VERSION: u8 = 2;

/// Marks of constants.
pub(super) mod tag {
    pub(crate) const NIL: u8 = 0;
    pub(crate) const FALSE: u8 = 1;
    pub(crate) const TRUE: u8 = 2;
    pub(crate) const INTEGER: u8 = 3;
    pub(crate) const FLOAT: u8 = 4;
    pub(crate) const STRING: u8 = 5;
}

/// The chunk name of a stripped dump.
pub(super) const STRIPPED_SOURCE: &[u8] = b"=?";

/// Writes a chunk; `strip` leaves out names and lines. Types have no binary form: see
/// [`Prototype::mentions_types`]; where they are written all the same they become nil.
pub fn dump(prototype: &Prototype, strip: bool) -> Vec<u8> {
    let mut writer = Writer { out: Vec::with_capacity(size(prototype)), strip };
    writer.out.extend_from_slice(SIGNATURE);
    writer.out.push(VERSION);
    writer.out.push(u8::from(strip));
    writer.texts(&prototype.strings);
    if !strip {
        writer.bytes(&prototype.source);
        writer.texts(&prototype.names);
    }
    writer.number(prototype.len() as u64);
    for function in prototype.functions() {
        writer.function(function);
    }
    writer.out
}

/// About how many bytes a dump has.
fn size(prototype: &Prototype) -> usize {
    let lists = prototype.lists();
    let (strings, names) = (prototype.strings.parts(), prototype.names.parts());
    64 + prototype.source.len()
        + strings.0.len()
        + names.0.len()
        + 2 * (strings.1.len() + names.1.len())
        + lists.code.len() * 8
        + lists.constants.len() * 5
        + lists.locals.len() * 4
        + prototype.len() * 16
}

struct Writer {
    out: Vec<u8>,
    strip: bool,
}

impl Writer {
    fn function(&mut self, f: Function<'_>) {
        self.out.extend_from_slice(&[f.head.parameters, u8::from(f.head.is_vararg), f.head.registers]);
        self.number(u64::from(f.head.line_defined));
        self.number(u64::from(f.head.last_line_defined));
        self.number(f.code.len() as u64);
        self.out.extend(f.code.iter().flat_map(|instruction| instruction.0.to_le_bytes()));
        self.number(f.constants.len() as u64);
        for constant in f.constants {
            self.constant(*constant);
        }
        self.number(f.upvalues.len() as u64);
        for upvalue in f.upvalues {
            self.out.extend_from_slice(&[u8::from(upvalue.in_stack), upvalue.index]);
            if !self.strip {
                self.text(upvalue.name);
            }
        }
        if !self.strip {
            self.debug_information(f);
        }
        self.number(f.functions.len() as u64);
    }

    fn constant(&mut self, constant: Constant) {
        match constant {
            Constant::Nil | Constant::Type(_) => self.out.push(tag::NIL),
            Constant::Boolean(false) => self.out.push(tag::FALSE),
            Constant::Boolean(true) => self.out.push(tag::TRUE),
            Constant::Integer(value) => {
                self.out.push(tag::INTEGER);
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            Constant::Float(value) => {
                self.out.push(tag::FLOAT);
                self.out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Constant::String(text) => {
                self.out.push(tag::STRING);
                self.number(u64::from(text.0));
            }
        }
    }

    fn debug_information(&mut self, f: Function<'_>) {
        self.number(f.positions.len() as u64);
        let mut line = f.head.line_defined;
        for &Position { line: next, column, width } in f.positions {
            // Lines change little from one instruction to the next; the sign goes to the lowest bit.
            let difference = i64::from(next) - i64::from(line);
            let difference = (difference << 1 ^ difference >> 63) as u64;
            line = next;
            if (difference | u64::from(column) | u64::from(width)) < 0x80 {
                self.out.extend_from_slice(&[difference as u8, column as u8, width as u8]);
            } else {
                self.number(difference);
                self.number(u64::from(column));
                self.number(u64::from(width));
            }
        }
        self.number(f.locals.len() as u64);
        for local in f.locals {
            self.text(local.name);
            self.number(u64::from(local.start_pc));
            self.number(u64::from(local.end_pc));
        }
    }

    fn texts(&mut self, texts: &Texts) {
        self.number(texts.len() as u64);
        for text in texts.iter() {
            self.bytes(text);
        }
    }

    /// A name, if there is one.
    fn text(&mut self, text: Text) {
        self.number(u64::from(text.0.wrapping_add(1)));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}
