//! Prototypes from bytes that may come from anywhere.
//!
//! Checks only the format; whether the code may run is the verifier's question. Invariant: no input makes it panic,
//! recurse deeper than `MAX_DEPTH`, or allocate more than a small multiple of the input's length.

use std::fmt;
use std::sync::Arc;

use super::dump::{SIGNATURE, STRIPPED_SOURCE, VERSION, tag};
use super::instruction::Instruction;
use super::prototype::{Constant, LocalDescription, Position, Prototype, UpvalueDescription};

/// How deep functions may nest, as in the parser.
const MAX_DEPTH: u32 = 200;

/// Why bytes are not a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndumpError {
    /// They do not begin like one.
    NotADump,
    /// They are one of another version.
    Version,
    /// They end too early.
    Truncated,
    /// Something in them cannot be.
    Malformed(&'static str),
}

impl fmt::Display for UndumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADump => f.write_str("not a precompiled chunk"),
            Self::Version => f.write_str("version mismatch in precompiled chunk"),
            Self::Truncated => f.write_str("truncated precompiled chunk"),
            Self::Malformed(what) => write!(f, "bad binary format ({what})"),
        }
    }
}

impl std::error::Error for UndumpError {}

/// Reads what [`super::dump::dump`] wrote.
///
/// # Errors
/// If the bytes are anything else. The result is well-formed but may still be harmful: verify it before it runs.
pub fn undump(bytes: &[u8]) -> Result<Prototype, UndumpError> {
    let common = bytes.len().min(SIGNATURE.len());
    if bytes[..common] != SIGNATURE[..common] {
        return Err(UndumpError::NotADump);
    }
    let mut reader = Reader { rest: bytes, stripped: false, source: Arc::from(STRIPPED_SOURCE) };
    reader.take(SIGNATURE.len())?;
    if reader.byte()? != VERSION {
        return Err(UndumpError::Version);
    }
    reader.stripped = reader.flag()?;
    if !reader.stripped {
        reader.source = reader.string()?;
    }
    let prototype = reader.prototype(0)?;
    if reader.rest.is_empty() { Ok(prototype) } else { Err(UndumpError::Malformed("trailing bytes")) }
}

struct Reader<'b> {
    rest: &'b [u8],
    stripped: bool,
    source: Arc<[u8]>,
}

impl<'b> Reader<'b> {
    fn prototype(&mut self, depth: u32) -> Result<Prototype, UndumpError> {
        if depth > MAX_DEPTH {
            return Err(UndumpError::Malformed("functions nested too deeply"));
        }
        let parameters = self.byte()?;
        let is_vararg = self.flag()?;
        let registers = self.byte()?;
        let line_defined = self.number_u32()?;
        let last_line_defined = self.number_u32()?;
        let code = self.list(4, |reader| Ok(Instruction(u32::from_le_bytes(reader.array()?))))?;
        let constants = self.list(1, Self::constant)?;
        let upvalues = self.list(2, Self::upvalue)?;
        let (mut positions, mut locals) = (Vec::new(), Vec::new());
        if !self.stripped {
            let mut line = line_defined;
            positions = self.list(3, |reader| reader.position(&mut line))?;
            locals = self.list(3, Self::local)?;
        }
        let prototypes = self.list(10, |reader| reader.prototype(depth + 1))?;
        Ok(Prototype {
            code,
            constants,
            prototypes,
            upvalues,
            parameters,
            is_vararg,
            registers,
            source: self.source.clone(),
            line_defined,
            last_line_defined,
            positions,
            locals,
        })
    }

    fn constant(&mut self) -> Result<Constant, UndumpError> {
        Ok(match self.byte()? {
            tag::NIL => Constant::Nil,
            tag::FALSE => Constant::Boolean(false),
            tag::TRUE => Constant::Boolean(true),
            tag::INTEGER => Constant::Integer(i64::from_le_bytes(self.array()?)),
            tag::FLOAT => Constant::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            tag::STRING => Constant::String(self.string()?),
            _ => return Err(UndumpError::Malformed("unknown constant")),
        })
    }

    fn upvalue(&mut self) -> Result<UpvalueDescription, UndumpError> {
        let in_stack = self.flag()?;
        let index = self.byte()?;
        let name = if self.stripped { Arc::default() } else { self.string()? };
        Ok(UpvalueDescription { name, in_stack, index })
    }

    fn position(&mut self, line: &mut u32) -> Result<Position, UndumpError> {
        let coded = self.number()?;
        let difference = (coded >> 1) as i64 ^ -((coded & 1) as i64);
        let next = i64::from(*line).checked_add(difference).and_then(|next| u32::try_from(next).ok());
        *line = next.ok_or(UndumpError::Malformed("line number out of range"))?;
        Ok(Position { line: *line, column: self.number_u16()?, width: self.number_u16()? })
    }

    fn local(&mut self) -> Result<LocalDescription, UndumpError> {
        Ok(LocalDescription {
            name: self.string()?,
            start_pc: self.number_u32()?,
            end_pc: self.number_u32()?,
        })
    }

    /// A count and that many items, each of at least `least` bytes.
    fn list<T>(
        &mut self,
        least: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, UndumpError>,
    ) -> Result<Vec<T>, UndumpError> {
        let count = self.count(least)?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn string(&mut self) -> Result<Arc<[u8]>, UndumpError> {
        let length = self.count(1)?;
        self.take(length).map(Arc::from)
    }

    /// A count of things of at least `least` bytes each, which must fit into what is left.
    fn count(&mut self, least: usize) -> Result<usize, UndumpError> {
        let count = usize::try_from(self.number()?).map_err(|_| UndumpError::Truncated)?;
        if count > self.rest.len() / least { Err(UndumpError::Truncated) } else { Ok(count) }
    }

    fn flag(&mut self) -> Result<bool, UndumpError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(UndumpError::Malformed("flag is neither 0 nor 1")),
        }
    }

    fn number_u16(&mut self) -> Result<u16, UndumpError> {
        u16::try_from(self.number()?).map_err(|_| UndumpError::Malformed("number too large"))
    }

    fn number_u32(&mut self) -> Result<u32, UndumpError> {
        u32::try_from(self.number()?).map_err(|_| UndumpError::Malformed("number too large"))
    }

    fn number(&mut self) -> Result<u64, UndumpError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(UndumpError::Malformed("number too large"))
    }

    fn byte(&mut self) -> Result<u8, UndumpError> {
        self.array().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], UndumpError> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(UndumpError::Truncated)?;
        self.rest = tail;
        Ok(*head)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], UndumpError> {
        let (head, tail) = self.rest.split_at_checked(length).ok_or(UndumpError::Truncated)?;
        self.rest = tail;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytecode::dump::dump;
    use crate::compile::compile_source;

    fn sample() -> Prototype {
        let source = b"local a, b = 1.5, 'x'\n\
            t = { -7, 1 << 62, b, 0.1, nil }\n\
            function f(...) local c = ... return function() b = a + c return b, a end end";
        compile_source(source, b"@sample.lua").expect("the sample compiles")
    }

    #[test]
    fn what_is_dumped_comes_back() {
        let prototype = sample();
        assert_eq!(undump(&dump(&prototype, false)), Ok(prototype));
    }

    #[test]
    fn stripping_leaves_out_names_and_lines_only() {
        let prototype = sample();
        let stripped = undump(&dump(&prototype, true)).expect("it was dumped");
        assert_eq!(stripped.code, prototype.code);
        assert_eq!(stripped.constants, prototype.constants);
        assert_eq!(&*stripped.source, b"=?");
        assert!(stripped.positions.is_empty() && stripped.locals.is_empty());
        assert!(stripped.upvalues.iter().all(|upvalue| upvalue.name.is_empty()));
        assert_eq!(dump(&stripped, true), dump(&prototype, true));
    }

    #[test]
    fn no_proper_prefix_is_a_dump() {
        for strip in [false, true] {
            let bytes = dump(&sample(), strip);
            for length in 0..bytes.len() {
                assert_eq!(undump(&bytes[..length]), Err(UndumpError::Truncated), "length {length}");
            }
        }
    }

    #[test]
    fn huge_counts_allocate_nothing() {
        let mut bytes = dump(&sample(), true);
        let code = bytes.len().min(11);
        bytes.splice(code..code + 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        assert!(undump(&bytes).is_err());
    }

    #[test]
    fn foreign_bytes_are_told_apart() {
        assert_eq!(undump(b"\x1bLuaX"), Err(UndumpError::NotADump));
        assert_eq!(undump(&[SIGNATURE, b"\xff"].concat()), Err(UndumpError::Version));
        let mut bytes = dump(&sample(), false);
        bytes.push(0);
        assert_eq!(undump(&bytes), Err(UndumpError::Malformed("trailing bytes")));
    }
}
