//! Prototypes from bytes that may come from anywhere.
//!
//! Checks only the format; whether the code may run is the verifier's question. Invariant: no input makes it panic or
//! allocate more than a small multiple of the input's length.

use std::fmt;

use super::dump::{SIGNATURE, STRIPPED_SOURCE, VERSION, tag};
use super::instruction::Instruction;
use super::prototype::{
    Constant, Growing, Head, LocalDescription, Position, Prototype, Text, Texts, UpvalueDescription,
};

/// How deep functions may nest, as in the parser.
const MAX_DEPTH: u8 = 200;

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
    let mut prototype = Prototype::default();
    undump_into(bytes, &mut prototype)?;
    Ok(prototype)
}

/// The same, into an empty prototype.
pub(crate) fn undump_into(bytes: &[u8], prototype: &mut Prototype) -> Result<(), UndumpError> {
    let common = bytes.len().min(SIGNATURE.len());
    if bytes[..common] != SIGNATURE[..common] {
        return Err(UndumpError::NotADump);
    }
    let mut reader = Reader { rest: bytes, stripped: false, strings: 0, names: 0 };
    reader.take(SIGNATURE.len())?;
    if reader.byte()? != VERSION {
        return Err(UndumpError::Version);
    }
    if u32::try_from(bytes.len()).is_err() {
        return Err(UndumpError::Malformed("too large"));
    }
    reader.stripped = reader.flag()?;
    reader.strings = reader.texts(&mut prototype.strings)?;
    if reader.stripped {
        prototype.source.extend_from_slice(STRIPPED_SOURCE);
    } else {
        let length = reader.count(1)?;
        prototype.source.extend_from_slice(reader.take(length)?);
        reader.names = reader.texts(&mut prototype.names)?;
    }
    reader.functions(prototype)?;
    if reader.rest.is_empty() { Ok(()) } else { Err(UndumpError::Malformed("trailing bytes")) }
}

struct Reader<'b> {
    rest: &'b [u8],
    stripped: bool,
    /// How many strings and names there are.
    strings: u32,
    names: u32,
}

impl<'b> Reader<'b> {
    fn functions(&mut self, prototype: &mut Prototype) -> Result<(), UndumpError> {
        let count = self.count(9)?;
        // Functions that are nested in none so far, and how deep functions nest in them.
        let mut waiting: Vec<(u32, u8)> = Vec::new();
        for _ in 0..count {
            let mut depth = 0;
            let number = prototype.push_with(|lists| {
                let head = self.function(lists)?;
                let nested = self.number()?;
                let from = usize::try_from(nested).ok().and_then(|nested| waiting.len().checked_sub(nested));
                let from = from.ok_or(UndumpError::Malformed("nested function missing"))?;
                for (number, inside) in waiting.drain(from..) {
                    lists.functions.push(number);
                    depth = depth.max(inside + 1);
                }
                Ok(head)
            })?;
            if depth > MAX_DEPTH {
                return Err(UndumpError::Malformed("functions nested too deeply"));
            }
            waiting.push((number, depth));
        }
        if waiting.len() == 1 { Ok(()) } else { Err(UndumpError::Malformed("not one main function")) }
    }

    fn function(&mut self, lists: &mut Growing<'_>) -> Result<Head, UndumpError> {
        let parameters = self.byte()?;
        let is_vararg = self.flag()?;
        let registers = self.byte()?;
        let line_defined = self.number_u32()?;
        let last_line_defined = self.number_u32()?;
        let count = self.count(4)?;
        let (words, _) = self.take(count * 4)?.as_chunks();
        lists.code.extend(words.iter().map(|word| Instruction(u32::from_le_bytes(*word))));
        self.list(1, lists.constants, Self::constant)?;
        self.list(2, lists.upvalues, Self::upvalue)?;
        if !self.stripped {
            let mut line = line_defined;
            self.list(3, lists.positions, |reader| reader.position(&mut line))?;
            self.list(3, lists.locals, Self::local)?;
        }
        Ok(Head { parameters, is_vararg, registers, line_defined, last_line_defined })
    }

    fn constant(&mut self) -> Result<Constant, UndumpError> {
        Ok(match self.byte()? {
            tag::NIL => Constant::Nil,
            tag::FALSE => Constant::Boolean(false),
            tag::TRUE => Constant::Boolean(true),
            tag::INTEGER => Constant::Integer(i64::from_le_bytes(self.array()?)),
            tag::FLOAT => Constant::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            tag::STRING => match self.number_u32()? {
                number if number < self.strings => Constant::String(Text(number)),
                _ => return Err(UndumpError::Malformed("unknown string")),
            },
            _ => return Err(UndumpError::Malformed("unknown constant")),
        })
    }

    fn upvalue(&mut self) -> Result<UpvalueDescription, UndumpError> {
        let in_stack = self.flag()?;
        let index = self.byte()?;
        let name = if self.stripped { Text::NONE } else { self.name()? };
        Ok(UpvalueDescription { name, in_stack, index })
    }

    #[inline]
    fn position(&mut self, line: &mut u32) -> Result<Position, UndumpError> {
        let (coded, column, width) = match *self.rest {
            [coded, column, width, ref rest @ ..] if (coded | column | width) < 0x80 => {
                self.rest = rest;
                (u64::from(coded), u16::from(column), u16::from(width))
            }
            _ => (self.number()?, self.number_u16()?, self.number_u16()?),
        };
        let difference = (coded >> 1) as i64 ^ -((coded & 1) as i64);
        let next = i64::from(*line).checked_add(difference).and_then(|next| u32::try_from(next).ok());
        *line = next.ok_or(UndumpError::Malformed("line number out of range"))?;
        Ok(Position { line: *line, column, width })
    }

    fn local(&mut self) -> Result<LocalDescription, UndumpError> {
        Ok(LocalDescription { name: self.name()?, start_pc: self.number_u32()?, end_pc: self.number_u32()? })
    }

    /// A name, if there is one.
    fn name(&mut self) -> Result<Text, UndumpError> {
        match self.number_u32()?.checked_sub(1) {
            None => Ok(Text::NONE),
            Some(number) if number < self.names => Ok(Text(number)),
            Some(_) => Err(UndumpError::Malformed("unknown name")),
        }
    }

    /// Numbered texts; how many.
    fn texts(&mut self, texts: &mut Texts) -> Result<u32, UndumpError> {
        let count = self.count(1)?;
        texts.reserve(count);
        for _ in 0..count {
            let length = self.count(1)?;
            texts.push(self.take(length)?);
        }
        Ok(count as u32)
    }

    /// A count and that many items, each of at least `least` bytes.
    #[inline]
    fn list<T>(
        &mut self,
        least: usize,
        items: &mut Vec<T>,
        mut item: impl FnMut(&mut Self) -> Result<T, UndumpError>,
    ) -> Result<(), UndumpError> {
        let count = self.count(least)?;
        items.reserve(count);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(())
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
        assert_eq!(stripped.len(), prototype.len());
        for (stripped, function) in stripped.functions().zip(prototype.functions()) {
            assert_eq!(stripped.code, function.code);
            assert_eq!(stripped.constants, function.constants);
            assert!(stripped.positions.is_empty() && stripped.locals.is_empty());
            assert!(stripped.upvalues.iter().all(|upvalue| upvalue.name == Text::NONE));
        }
        assert_eq!(stripped.strings, prototype.strings);
        assert_eq!(&*stripped.source, b"=?");
        assert!(stripped.names.is_empty());
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
