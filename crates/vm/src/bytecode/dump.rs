//! Prototypes as bytes, for `string.dump` and compiled files.
//!
//! The format is this implementation's own and may change with [`VERSION`]. Numbers are little-endian; counts and
//! lengths are variable-length, seven bits a byte, lowest first. Invariant: every length stands before what it counts,
//! so a prefix of a dump is never a dump.

use super::prototype::{Constant, Position, Prototype};

/// What a dump begins with: the header of the reference implementation's format (signature, version 5.3, format 0,
/// conversion data, sizes of int, size_t, instruction, integer and float, and the integer 0x5678), since programs
/// check it, then the mark of what really follows.
pub const SIGNATURE: &[u8] = b"\x1bLua\x53\x00\x19\x93\r\n\x1a\n\x04\x08\x04\x08\x08\x78\x56\0\0\0\0\0\0Wpy";
/// Version of the format and of the instruction set, the byte after the signature.
pub const VERSION: u8 = 1;

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

/// Writes a prototype; `strip` leaves out names and lines. Types have no binary form: see
/// [`Prototype::mentions_types`]; where they are written all the same they become nil.
pub fn dump(prototype: &Prototype, strip: bool) -> Vec<u8> {
    let mut writer = Writer { out: Vec::new(), strip };
    writer.out.extend_from_slice(SIGNATURE);
    writer.out.push(VERSION);
    writer.out.push(u8::from(strip));
    if !strip {
        writer.bytes(&prototype.source);
    }
    writer.prototype(prototype);
    writer.out
}

struct Writer {
    out: Vec<u8>,
    strip: bool,
}

impl Writer {
    fn prototype(&mut self, p: &Prototype) {
        self.out.extend_from_slice(&[p.parameters, u8::from(p.is_vararg), p.registers]);
        self.number(u64::from(p.line_defined));
        self.number(u64::from(p.last_line_defined));
        self.number(p.code.len() as u64);
        for instruction in &p.code {
            self.out.extend_from_slice(&instruction.0.to_le_bytes());
        }
        self.number(p.constants.len() as u64);
        for constant in &p.constants {
            self.constant(constant);
        }
        self.number(p.upvalues.len() as u64);
        for upvalue in &p.upvalues {
            self.out.extend_from_slice(&[u8::from(upvalue.in_stack), upvalue.index]);
            if !self.strip {
                self.bytes(&upvalue.name);
            }
        }
        if !self.strip {
            self.debug_information(p);
        }
        self.number(p.prototypes.len() as u64);
        for nested in &p.prototypes {
            self.prototype(nested);
        }
    }

    fn constant(&mut self, constant: &Constant) {
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
                self.bytes(text);
            }
        }
    }

    fn debug_information(&mut self, p: &Prototype) {
        self.number(p.positions.len() as u64);
        let mut line = p.line_defined;
        for &Position { line: next, column, width } in &p.positions {
            // Lines change little from one instruction to the next; the sign goes to the lowest bit.
            let difference = i64::from(next) - i64::from(line);
            self.number((difference << 1 ^ difference >> 63) as u64);
            self.number(u64::from(column));
            self.number(u64::from(width));
            line = next;
        }
        self.number(p.locals.len() as u64);
        for local in &p.locals {
            self.bytes(&local.name);
            self.number(u64::from(local.start_pc));
            self.number(u64::from(local.end_pc));
        }
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
