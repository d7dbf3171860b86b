//! The tokens of JSON text (RFC 8259), one at a time, and what is wrong with them.
//!
//! It knows no Lua and makes no values: whoever reads a document asks for what may come next. Nothing recurses.
//! Invariant: `position` never passes the end of the text.

use std::fmt;

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// Byte offset.
    pub at: usize,
    /// What is wrong there.
    pub what: Problem,
}

/// See [`Malformed`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// The text ends too early.
    End,
    /// A byte that cannot stand there; what should.
    Unexpected(&'static str),
    /// A control character in a string.
    Control,
    /// An escape that does not exist.
    Escape,
    /// Half of a pair of surrogates.
    Surrogate,
    /// A string that is not UTF-8.
    Utf8,
    /// A member name that the object has already.
    Duplicate(String),
    /// Deeper nested than allowed.
    Depth,
}

impl Malformed {
    /// The sentence for people, with line, column and byte offset in `text`.
    pub fn describe(&self, text: &[u8]) -> String {
        let at = self.at.min(text.len());
        let place = Place::of(text, at);
        match (&self.what, text.get(at)) {
            (Problem::Unexpected(expected), Some(&byte)) => {
                let found = String::from_utf8_lossy(&text[at..(at + utf8_length(byte)).min(text.len())])
                    .escape_debug()
                    .to_string();
                format!("unexpected character '{found}', expected {expected}, {place}")
            }
            (what, _) => format!("{what} {place}"),
        }
    }
}

/// Where in a text something is, for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Offset, from 0.
    pub byte: usize,
}

impl Place {
    /// The place of a byte.
    pub fn of(text: &[u8], byte: usize) -> Place {
        let before = &text[..byte];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        Place { line, column, byte }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at line {}, column {} (byte {})", self.line, self.column, self.byte)
    }
}

fn utf8_length(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::End => f.write_str("unexpected EOF"),
            Problem::Unexpected(expected) => write!(f, "unexpected EOF, expected {expected},"),
            Problem::Control => f.write_str("control character in string"),
            Problem::Escape => f.write_str("invalid escape sequence"),
            Problem::Surrogate => f.write_str("unpaired surrogate escape"),
            Problem::Utf8 => f.write_str("invalid UTF-8 in string"),
            Problem::Duplicate(name) => write!(f, "duplicate member name {name:?}"),
            Problem::Depth => f.write_str("exceeded maximum nesting depth"),
        }
    }
}

/// A number of a text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Numeral {
    /// Written without fraction and exponent; too large ones are the nearest there is.
    Integer(i64),
    /// Any other; never infinite.
    Float(f64),
}

/// A reading position in a text.
pub struct Lexer<'a> {
    text: &'a [u8],
    /// Byte offset of what is read next.
    pub position: usize,
    /// The last string that had escapes.
    unescaped: Vec<u8>,
}

const fn repeated(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// A bit in each byte that is zero; the lowest one that is set is right.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(repeated(1)) & !word & repeated(0x80)
}

impl<'a> Lexer<'a> {
    /// Begins at a byte offset.
    pub fn new(text: &'a [u8], position: usize) -> Lexer<'a> {
        Lexer { text, position, unescaped: Vec::new() }
    }

    /// The fault at a position.
    #[cold]
    pub fn fault<T>(&self, at: usize, what: Problem) -> Result<T, Malformed> {
        Err(Malformed { at, what })
    }

    /// The byte at the position is not what the grammar asks for here.
    #[cold]
    pub fn unexpected<T>(&self, expected: &'static str) -> Result<T, Malformed> {
        let at = self.position.min(self.text.len());
        self.fault(at, if at == self.text.len() { Problem::End } else { Problem::Unexpected(expected) })
    }

    /// Skips white space; the byte after it stays. 0 at the end of the text, where no token begins either.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        loop {
            match self.text.get(self.position) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                Some(&byte) => return byte,
                None => return 0,
            }
        }
    }

    /// Takes a word: the rest of `true`, `false`, `null`.
    ///
    /// # Errors
    /// When the text is another.
    pub fn word(&mut self, word: &'static str) -> Result<(), Malformed> {
        for byte in word.bytes() {
            if self.text.get(self.position) != Some(&byte) {
                return self.unexpected(word);
            }
            self.position += 1;
        }
        Ok(())
    }

    /// Takes a string whose opening quote is at the position; its text without escapes.
    ///
    /// # Errors
    /// When it is malformed.
    #[inline]
    pub fn string(&mut self) -> Result<&[u8], Malformed> {
        let start = self.position + 1;
        let mut is_ascii = true;
        let at = self.plain(start, &mut is_ascii);
        match self.text.get(at) {
            Some(b'"') => {}
            Some(b'\\') => return self.escaped(start, at, is_ascii),
            Some(_) => return self.fault(at, Problem::Control),
            None => return self.fault(at, Problem::End),
        }
        self.position = at + 1;
        let text = &self.text[start..at];
        if !is_ascii && let Err(error) = std::str::from_utf8(text) {
            return self.fault(start + error.valid_up_to(), Problem::Utf8);
        }
        Ok(text)
    }

    /// Takes a string, whose opening quote is at the position, if it is written like this.
    #[inline]
    pub fn take_quoted(&mut self, written: &[u8]) -> bool {
        let start = self.position + 1;
        let end = start + written.len();
        let found = self.text.get(end) == Some(&b'"') && &self.text[start..end] == written;
        if found {
            self.position = end + 1;
        }
        found
    }

    /// The end of the run that needs no attention: the next quote, backslash, control character or end.
    #[inline]
    fn plain(&self, mut at: usize, is_ascii: &mut bool) -> usize {
        while let Some(bytes) = self.text.get(at..at + 8)
            && let Ok(bytes) = <[u8; 8]>::try_from(bytes)
        {
            let word = u64::from_le_bytes(bytes);
            let quote = zero_bytes(word ^ repeated(b'"'));
            let backslash = zero_bytes(word ^ repeated(b'\\'));
            let control = word.wrapping_sub(repeated(0x20)) & !word & repeated(0x80);
            let found = quote | backslash | control;
            if found != 0 {
                let length = found.trailing_zeros() / 8;
                *is_ascii &= word & repeated(0x80) & ((1u64 << (8 * length)) - 1) == 0;
                return at + length as usize;
            }
            *is_ascii &= word & repeated(0x80) == 0;
            at += 8;
        }
        while let Some(&byte) = self.text.get(at)
            && byte >= 0x20
            && byte != b'"'
            && byte != b'\\'
        {
            *is_ascii &= byte < 0x80;
            at += 1;
        }
        at
    }

    /// The rest of a string from its first escape on.
    #[cold]
    fn escaped(&mut self, start: usize, mut at: usize, mut is_ascii: bool) -> Result<&[u8], Malformed> {
        let mut out = std::mem::take(&mut self.unescaped);
        out.clear();
        let mut from = start;
        loop {
            let run = &self.text[from..at];
            if !is_ascii && let Err(error) = std::str::from_utf8(run) {
                return self.fault(from + error.valid_up_to(), Problem::Utf8);
            }
            is_ascii = true;
            out.extend_from_slice(run);
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {}
                Some(_) => return self.fault(at, Problem::Control),
                None => return self.fault(at, Problem::End),
            }
            let Some(&letter) = self.text.get(at + 1) else { return self.fault(at + 1, Problem::End) };
            from = at + 2;
            match letter {
                b'"' | b'\\' | b'/' => out.push(letter),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'u' => {
                    let (character, end) = self.code_point(at)?;
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    from = end;
                }
                _ => return self.fault(at, Problem::Escape),
            }
            at = self.plain(from, &mut is_ascii);
        }
        self.position = at + 1;
        self.unescaped = out;
        Ok(&self.unescaped)
    }

    /// The character of the `\u` escape at `at`, which may be two, and the offset after it.
    fn code_point(&self, at: usize) -> Result<(char, usize), Malformed> {
        let high = self.hexadecimal(at)?;
        if let Some(character) = char::from_u32(high) {
            return Ok((character, at + 6));
        }
        if high < 0xdc00 && self.text.get(at + 6..at + 8) == Some(b"\\u") {
            let low = self.hexadecimal(at + 6)?;
            if (0xdc00..0xe000).contains(&low)
                && let Some(character) = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            {
                return Ok((character, at + 12));
            }
        }
        self.fault(at, Problem::Surrogate)
    }

    /// The four digits of the escape at `at`.
    fn hexadecimal(&self, at: usize) -> Result<u32, Malformed> {
        let mut value = 0;
        for index in at + 2..at + 6 {
            match self.text.get(index).map(|&byte| char::from(byte).to_digit(16)) {
                Some(Some(digit)) => value = value * 16 + digit,
                Some(None) => return self.fault(at, Problem::Escape),
                None => return self.fault(index, Problem::End),
            }
        }
        Ok(value)
    }

    /// Takes a number, whose first byte is at the position.
    ///
    /// # Errors
    /// When it is malformed.
    #[inline]
    pub fn number(&mut self) -> Result<Numeral, Malformed> {
        let text = self.text;
        let start = self.position;
        let mut at = start;
        let negative = text.get(at) == Some(&b'-');
        at += usize::from(negative);
        let first = at;
        let mut value: u64 = 0;
        while let Some(&byte) = text.get(at)
            && byte.is_ascii_digit()
        {
            value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            at += 1;
            if byte == b'0' && at == first + 1 {
                break;
            }
        }
        if at == first {
            self.position = at;
            return self.unexpected("a digit");
        }
        if !matches!(text.get(at), Some(b'.' | b'e' | b'E')) {
            self.position = at;
            // Eighteen digits always fit.
            if at - first <= 18 {
                return Ok(Numeral::Integer(if negative { -(value as i64) } else { value as i64 }));
            }
            return Ok(Numeral::Integer(saturated(&text[first..at], negative)));
        }
        self.float(start, at)
    }

    /// The rest of a number that has a fraction or an exponent, from `at`.
    fn float(&mut self, start: usize, mut at: usize) -> Result<Numeral, Malformed> {
        let text = self.text;
        let digits = |from: usize| {
            let length = text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            from + length
        };
        if text[at] == b'.' {
            let end = digits(at + 1);
            if end == at + 1 {
                self.position = end;
                return self.unexpected("a digit");
            }
            at = end;
        }
        if matches!(text.get(at), Some(b'e' | b'E')) {
            at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
            let end = digits(at);
            if end == at {
                self.position = end;
                return self.unexpected("a digit");
            }
            at = end;
        }
        self.position = at;
        // All of it is ASCII, and of the form that the standard library reads.
        let value = std::str::from_utf8(&text[start..at]).ok().and_then(|text| text.parse::<f64>().ok());
        let value = value.unwrap_or(0.0);
        Ok(Numeral::Float(value.clamp(-f64::MAX, f64::MAX)))
    }
}

/// Digits as an integer, or the nearest there is.
fn saturated(digits: &[u8], negative: bool) -> i64 {
    let limit = if negative { i64::MIN } else { i64::MAX };
    let magnitude = digits.iter().try_fold(0i64, |value, digit| {
        let digit = i64::from(digit - b'0');
        let next = value.checked_mul(10)?;
        if negative { next.checked_sub(digit) } else { next.checked_add(digit) }
    });
    magnitude.unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<(Numeral, usize), Malformed> {
        let mut lexer = Lexer::new(text.as_bytes(), 0);
        lexer.number().map(|number| (number, lexer.position))
    }

    #[test]
    fn numbers() {
        let integer = |value, length| Ok((Numeral::Integer(value), length));
        assert_eq!(number("0"), integer(0, 1));
        assert_eq!(number("-0"), integer(0, 2));
        assert_eq!(number("01"), integer(0, 1));
        assert_eq!(number("-12,"), integer(-12, 3));
        assert_eq!(number("9223372036854775807"), integer(i64::MAX, 19));
        assert_eq!(number("9223372036854775808"), integer(i64::MAX, 19));
        assert_eq!(number("-9223372036854775808"), integer(i64::MIN, 20));
        assert_eq!(number("-99999999999999999999999"), integer(i64::MIN, 24));
        let float = |value, length| Ok((Numeral::Float(value), length));
        assert_eq!(number("1.0"), float(1.0, 3));
        assert_eq!(number("1e3"), float(1000.0, 3));
        assert_eq!(number("-1.5E-2x"), float(-0.015, 7));
        assert_eq!(number("1e999"), float(f64::MAX, 5));
        for bad in ["-", "-x", "1.", "1.x", "1e", "1e+", "-.5"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    fn string(text: &str) -> Result<(String, usize), Malformed> {
        let mut lexer = Lexer::new(text.as_bytes(), 0);
        let read = lexer.string()?.to_vec();
        Ok((String::from_utf8(read).expect("strings are UTF-8"), lexer.position))
    }

    #[test]
    fn strings() {
        assert_eq!(string(r#""""#), Ok((String::new(), 2)));
        assert_eq!(string(r#""a long plain text, é" "#), Ok(("a long plain text, é".to_owned(), 23)));
        assert_eq!(string(r#""\"\\\/\b\f\n\r\t""#), Ok(("\"\\/\u{8}\u{c}\n\r\t".to_owned(), 18)));
        assert_eq!(string(r#""\u00e9\uD83D\ude00\u0000""#), Ok(("é😀\0".to_owned(), 26)));
        for bad in
            [r#"""#, r#""\x""#, r#""\u12""#, r#""\ud800""#, r#""\ud800\u0041""#, r#""\udc00""#, "\"\n\""]
        {
            assert!(string(bad).is_err() || bad == r#""""#, "{bad}");
        }
    }

    #[test]
    fn places_are_lines_and_columns() {
        let fault = Malformed { at: 6, what: Problem::Unexpected("a value") };
        assert_eq!(
            fault.describe("{\n\"é\"x".as_bytes()),
            "unexpected character 'x', expected a value, at line 2, column 4 (byte 6)"
        );
        let fault = Malformed { at: 1, what: Problem::End };
        assert_eq!(fault.describe(b"["), "unexpected EOF at line 1, column 2 (byte 1)");
    }
}
