//! Reading from a stream by the formats of `file:read` (manual 6.8).
//!
//! No Lua values: a read gives bytes or a number. Invariant: at most one byte beyond what a format takes is looked
//! at, and that byte stays in the stream.

use std::io;

use wippy_vm::number::{self, Number};

use super::stream::Stream;

/// Longest numeral that `n` reads, in bytes; as in the reference implementation.
const LONGEST_NUMERAL: usize = 200;

/// Bytes asked for at a time when a read may take everything.
const SMALLEST_BLOCK: usize = 16 << 10;
const LARGEST_BLOCK: usize = 1 << 20;

/// Why a read failed.
pub(super) enum ReadError {
    /// The system says so.
    System(io::Error),
    /// The result would pass the memory limit.
    Memory(wippy_vm::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        ReadError::System(error)
    }
}

impl From<wippy_vm::Error> for ReadError {
    fn from(error: wippy_vm::Error) -> ReadError {
        ReadError::Memory(error)
    }
}

/// Asks whether a result may have this many bytes.
pub(super) type Room<'a> = &'a dyn Fn(usize) -> wippy_vm::Result<()>;

/// A line, with or without its end; `None` at the end of the stream.
pub(super) fn line(
    stream: &mut Stream,
    keep_end: bool,
    room: Room<'_>,
) -> Result<Option<Vec<u8>>, ReadError> {
    let mut line = Vec::new();
    loop {
        let ahead = stream.fill()?;
        if ahead.is_empty() {
            return Ok(if line.is_empty() { None } else { Some(line) });
        }
        let end = memchr::memchr(b'\n', ahead);
        let taken = end.map_or(ahead.len(), |end| end + 1);
        room(line.len() + taken)?;
        line.extend_from_slice(&ahead[..taken - usize::from(end.is_some() && !keep_end)]);
        stream.consume(taken);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

/// Up to `count` bytes.
pub(super) fn bytes(stream: &mut Stream, count: usize, room: Room<'_>) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        // Blocks grow with what there was, so that neither many small nor one huge one is asked for.
        let wanted = (count - bytes.len()).min(bytes.len().clamp(SMALLEST_BLOCK, LARGEST_BLOCK));
        room(bytes.len() + wanted)?;
        if stream.append_to(&mut bytes, wanted)? == 0 {
            break;
        }
    }
    Ok(bytes)
}

/// The numeral that comes next, after spaces; `None` if it is none. What was looked at is taken even then.
pub(super) fn numeral(stream: &mut Stream) -> io::Result<Option<Number>> {
    let mut scan = Scan { stream, text: Vec::new(), overflow: false };
    while scan.stream.peek()?.is_some_and(is_space) {
        scan.stream.consume(1);
    }
    scan.accept(b"+-")?;
    let mut digits = 0;
    let mut hexadecimal = false;
    if scan.accept(b"0")? {
        if scan.accept(b"xX")? {
            hexadecimal = true;
        } else {
            digits = 1;
        }
    }
    digits += scan.digits(hexadecimal)?;
    if scan.accept(b".")? {
        digits += scan.digits(hexadecimal)?;
    }
    if digits > 0 && scan.accept(if hexadecimal { b"pP" } else { b"eE" })? {
        scan.accept(b"+-")?;
        scan.digits(false)?;
    }
    if scan.overflow { Ok(None) } else { Ok(number::parse(&scan.text)) }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// A numeral being read.
struct Scan<'a> {
    stream: &'a mut Stream,
    text: Vec<u8>,
    /// It is longer than any that is accepted.
    overflow: bool,
}

impl Scan<'_> {
    /// Takes the next byte if the numeral is not too long; tells whether it did.
    fn take(&mut self, byte: u8) -> bool {
        if self.text.len() >= LONGEST_NUMERAL {
            self.overflow = true;
            return false;
        }
        self.text.push(byte);
        self.stream.consume(1);
        true
    }

    /// Takes the next byte if it is one of a set.
    fn accept(&mut self, set: &[u8]) -> io::Result<bool> {
        Ok(match self.stream.peek()? {
            Some(byte) if set.contains(&byte) => self.take(byte),
            _ => false,
        })
    }

    /// Takes digits; tells how many.
    fn digits(&mut self, hexadecimal: bool) -> io::Result<usize> {
        let mut count = 0;
        while let Some(byte) = self.stream.peek()? {
            let fits = if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
            if !fits || !self.take(byte) {
                break;
            }
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::Device;
    use super::*;

    fn stream(text: &str) -> Stream {
        Stream::new(Device::Reader(Box::new(io::Cursor::new(text.as_bytes().to_vec()))), true, false)
    }

    fn rest(stream: &mut Stream) -> String {
        let rest = bytes(stream, usize::MAX, &|_| Ok(())).unwrap_or_default();
        String::from_utf8(rest).unwrap()
    }

    #[track_caller]
    fn check(text: &str, number: Option<Number>, left: &str) {
        let mut stream = stream(text);
        assert_eq!(numeral(&mut stream).unwrap(), number, "{text}");
        assert_eq!(rest(&mut stream), left, "{text}");
    }

    #[test]
    fn numerals_take_the_longest_prefix() {
        check(" \n12 3", Some(Number::Integer(12)), " 3");
        check("-0x1Fg", Some(Number::Integer(-31)), "g");
        check("1e+2x", Some(Number::Float(100.0)), "x");
        check("0x.8p1", Some(Number::Float(1.0)), "");
        check(".5.", Some(Number::Float(0.5)), ".");
        check("1e", None, "");
        check("0x", None, "");
        check("-", None, "");
        check("nan", None, "nan");
        check("+ 1", None, " 1");
        check("", None, "");
        check(&"1".repeat(200), number::parse("1".repeat(200).as_bytes()), "");
        check(&"1".repeat(203), None, "111");
    }

    #[test]
    fn lines_end_at_line_ends_and_at_the_end() {
        let mut stream = stream("a\n\nb");
        let mut next = |keep| line(&mut stream, keep, &|_| Ok(())).ok().flatten();
        assert_eq!(next(false), Some(b"a".to_vec()));
        assert_eq!(next(true), Some(b"\n".to_vec()));
        assert_eq!(next(true), Some(b"b".to_vec()));
        assert_eq!(next(true), None);
    }
}
