//! From bytes to tokens: comments are skipped, strings decoded, numerals converted, names interned.
//!
//! The words that are special only in places are left as names; `filter` decides. Nothing here looks ahead by tokens.
//! Invariant: spans are in source order, do not overlap, and the lexer always advances.

use logos::Logos;

use crate::error::{Near, SyntaxError, SyntaxErrorKind};
use crate::interner::Interner;
use crate::numeral::{Numeral, Values};
use crate::span::{Offset, Span, is_line_end, line_end_len};
use crate::token::{ALONE, FIRST, First, Token, is_of_word, joins, keyword};

/// The tokens of one source.
pub(crate) struct Lexer<'s, 'i> {
    source: &'s [u8],
    /// Where the next token is looked for.
    at: usize,
    interner: &'i mut Interner,
    values: &'i Values,
    /// The decoded bytes of the string being read.
    decoded: Vec<u8>,
}

/// A token and where it stands.
pub(crate) type Spanned = (Token, Span);

impl<'s, 'i> Lexer<'s, 'i> {
    /// A lexer at the start of `source`, which must be shorter than 4 GiB.
    pub(crate) fn new(source: &'s [u8], interner: &'i mut Interner, values: &'i Values) -> Self {
        Self::at(source, Offset(0), interner, values)
    }

    /// A lexer that begins in the middle, at the start of a token or between tokens.
    pub(crate) fn at(
        source: &'s [u8],
        start: Offset,
        interner: &'i mut Interner,
        values: &'i Values,
    ) -> Self {
        Self { source, at: start.index(), interner, values, decoded: Vec::new() }
    }

    pub(crate) fn source(&self) -> &'s [u8] {
        self.source
    }

    pub(crate) fn interner(&self) -> &Interner {
        self.interner
    }

    /// The next token; nothing at the end of the text. Not to be called again after an error.
    pub(crate) fn next(&mut self) -> Result<Option<Spanned>, SyntaxError> {
        self.next_inline()
    }

    /// The same, for where most tokens are asked for.
    #[inline(always)]
    pub(crate) fn next_inline(&mut self) -> Result<Option<Spanned>, SyntaxError> {
        let mut start = self.at;
        loop {
            let Some(&byte) = self.source.get(start) else { return Ok(None) };
            let token = match FIRST[usize::from(byte)] {
                First::Blank => {
                    start += 1;
                    continue;
                }
                First::Letter => self.word(start),
                First::Alone => {
                    self.at = start + 1;
                    ALONE[usize::from(byte)]
                }
                First::Operator if self.source.get(start + 1).is_some_and(|&next| !joins(next)) => {
                    self.at = start + 1;
                    ALONE[usize::from(byte)]
                }
                First::Digit => self.number(start)?,
                First::Quote => self.short_string(start)?,
                First::Operator | First::Other => match self.other(start)? {
                    Some(token) => token,
                    None => {
                        start = self.at;
                        continue;
                    }
                },
            };
            return Ok(Some((token, span(start, self.at))));
        }
    }

    /// A keyword or a name.
    #[inline(always)]
    fn word(&mut self, start: usize) -> Token {
        let rest = &self.source[start..];
        let len = rest.iter().position(|&byte| !is_of_word(byte)).unwrap_or(rest.len());
        self.at = start + len;
        let word = &rest[..len];
        keyword(word).unwrap_or_else(|| Token::Name(self.interner.intern(word)))
    }

    /// The token that begins at `start`, if it is not a comment.
    #[inline(never)]
    fn other(&mut self, start: usize) -> Result<Option<Token>, SyntaxError> {
        let mut tokens = Token::lexer(&self.source[start..]);
        let found = tokens.next();
        let text = tokens.slice();
        self.at = start + text.len();
        Ok(Some(match found {
            Some(Ok(Token::Comment)) => {
                self.skip_comment(start)?;
                return Ok(None);
            }
            Some(Ok(Token::Integer(_))) => self.numeral(start)?,
            Some(Ok(Token::LongString)) => self.long_string(start)?,
            Some(Ok(Token::LongStringDelimiter)) => {
                let kind = SyntaxErrorKind::InvalidLongStringDelimiter;
                return Err(self.error(kind, start, self.at, text.to_vec()));
            }
            Some(Ok(Token::At(_))) => Token::At(self.interner.intern(&text[1..])),
            Some(Ok(Token::AtCall(_))) => Token::AtCall(self.interner.intern(&text[1..text.len() - 1])),
            Some(Ok(token)) => token,
            Some(Err(())) | None => {
                // One unknown byte is one token, as in the reference implementation.
                self.at = start + 1;
                Token::Unknown
            }
        }))
    }

    /// `start` is the first byte of `--`, which has been read.
    fn skip_comment(&mut self, start: usize) -> Result<(), SyntaxError> {
        let rest = &self.source[self.at..];
        self.at += if let Some(level) = long_bracket_level(rest) {
            let Some(len) = long_bracket_end(rest, level) else {
                let kind = SyntaxErrorKind::UnfinishedLongComment { at: offset(start) };
                return Err(self.error_at_end(kind, start));
            };
            len
        } else {
            rest.iter().position(|&byte| is_line_end(byte)).unwrap_or(rest.len())
        };
        Ok(())
    }

    /// `start` is the first byte of `[==[`, which has been read.
    fn long_string(&mut self, start: usize) -> Result<Token, SyntaxError> {
        let level = self.at - start - 2;
        let text = &self.source[start..];
        let Some(len) = long_bracket_end(text, level) else {
            let kind = SyntaxErrorKind::UnfinishedLongString { at: offset(start) };
            return Err(self.error_at_end(kind, start));
        };
        self.at = start + len;
        let content = long_bracket_content(&text[..len], level);
        let symbol = if content.contains(&b'\r') {
            self.decoded.clear();
            normalise_line_ends(content, &mut self.decoded);
            self.interner.intern(&self.decoded)
        } else {
            self.interner.intern(content)
        };
        Ok(Token::String(symbol))
    }

    /// `start` is the opening quote.
    #[inline(never)]
    fn short_string(&mut self, start: usize) -> Result<Token, SyntaxError> {
        let text = &self.source[start..];
        let quote = text[0];
        let plain = text[1..].iter().position(|&byte| byte == quote || byte == b'\\' || is_line_end(byte));
        if let Some(len) = plain
            && text[1 + len] == quote
        {
            self.at = start + len + 2;
            return Ok(Token::String(self.interner.intern(&text[1..=len])));
        }
        self.decoded.clear();
        match decode_string(text, &mut self.decoded) {
            Ok(len) => {
                self.at = start + len;
                Ok(Token::String(self.interner.intern(&self.decoded)))
            }
            Err(fault) => Err(self.string_error(start, quote, fault)),
        }
    }

    #[cold]
    fn string_error(&self, start: usize, quote: u8, fault: StringFault) -> SyntaxError {
        let Some(at) = fault.at else { return self.error_at_end(fault.kind, start) };
        let mut near = vec![quote];
        near.extend_from_slice(&self.decoded);
        near.extend_from_slice(&self.source[start..][fault.raw]);
        self.error(fault.kind, start, start + at, near)
    }

    /// `start` is a digit.
    #[inline(never)]
    fn number(&mut self, start: usize) -> Result<Token, SyntaxError> {
        /// Integers of so many digits fit.
        const FIT: usize = 18;
        let mut value = 0;
        for (len, &byte) in self.source[start..].iter().take(FIT + 1).enumerate() {
            match FIRST[usize::from(byte)] {
                First::Digit => value = value * 10 + u64::from(byte - b'0'),
                First::Letter => break,
                _ if byte == b'.' => break,
                _ => {
                    self.at = start + len;
                    return Ok(Token::Integer(self.values.push(value)));
                }
            }
        }
        self.numeral(start)
    }

    /// `start` is the first digit, or the point before it.
    fn numeral(&mut self, start: usize) -> Result<Token, SyntaxError> {
        let rest = &self.source[start..];
        let text = &rest[..numeral_len(rest)];
        self.at = start + text.len();
        match Numeral::parse(text) {
            Some(Numeral::Integer(value)) => Ok(Token::Integer(self.values.push(value as u64))),
            Some(Numeral::Float(value)) => Ok(Token::Float(self.values.push(value.to_bits()))),
            None => Err(self.error(SyntaxErrorKind::MalformedNumber, start, self.at, text.to_vec())),
        }
    }

    /// An error whose line is that of `end`, with its own text after "near".
    #[cold]
    fn error(&self, kind: SyntaxErrorKind, start: usize, end: usize, near: Vec<u8>) -> SyntaxError {
        SyntaxError::new(kind, self.source, span(start, end), Near::Token(until_zero(near)))
    }

    /// An error found only at the end of the text.
    #[cold]
    fn error_at_end(&self, kind: SyntaxErrorKind, start: usize) -> SyntaxError {
        SyntaxError::new(kind, self.source, span(start, self.source.len()), Near::EndOfText)
    }
}

fn offset(at: usize) -> Offset {
    // The parser refuses sources whose offsets do not fit before it makes a lexer.
    Offset(at as u32)
}

fn span(start: usize, end: usize) -> Span {
    Span::new(offset(start), offset(end))
}

/// How many bytes the reference implementation takes for one numeral: it is greedy, and judges afterwards.
fn numeral_len(text: &[u8]) -> usize {
    // A point before `0x` does not keep it from being read as hexadecimal; the judgement is then "malformed".
    let (mut at, exponent) = match text {
        [b'0', b'x' | b'X', ..] => (2, b'p'),
        [b'.', b'0', b'x' | b'X', ..] => (3, b'p'),
        _ => (0, b'e'),
    };
    loop {
        if text.get(at).is_some_and(|byte| byte.to_ascii_lowercase() == exponent) {
            at += 1;
            at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        }
        match text.get(at) {
            Some(byte) if byte.is_ascii_hexdigit() || *byte == b'.' => at += 1,
            _ => return at,
        }
    }
}

/// The number of `=` in a long bracket that opens `text`, if one does.
fn long_bracket_level(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"[")?;
    let level = rest.iter().take_while(|&&byte| byte == b'=').count();
    (rest.get(level) == Some(&b'[')).then_some(level)
}

/// The length of the long bracket at the start of `text`, both delimiters included.
fn long_bracket_end(text: &[u8], level: usize) -> Option<usize> {
    let mut at = level + 2;
    while let Some(found) = text[at..].iter().position(|&byte| byte == b']') {
        at += found + 1;
        let equals = text[at..].iter().take_while(|&&byte| byte == b'=').count();
        if equals == level && text.get(at + level) == Some(&b']') {
            return Some(at + level + 1);
        }
        // A `]` that follows may itself begin the closing bracket, so only the equals signs are passed over.
        at += equals;
    }
    None
}

/// What stands inside a long bracket, without the delimiters and without a line end right after the first.
fn long_bracket_content(text: &[u8], level: usize) -> &[u8] {
    let inside = &text[level + 2..text.len() - (level + 2)];
    match inside.first() {
        Some(&byte) if is_line_end(byte) => &inside[line_end_len(inside)..],
        _ => inside,
    }
}

/// Appends `text` with every line end turned into `\n`.
fn normalise_line_ends(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some(found) = text.iter().position(|&byte| is_line_end(byte)) {
        out.extend_from_slice(&text[..found]);
        out.push(b'\n');
        text = &text[found + line_end_len(&text[found..])..];
    }
    out.extend_from_slice(text);
}

/// What is wrong with a short string; offsets count from its opening quote.
#[derive(Debug)]
struct StringFault {
    kind: SyntaxErrorKind,
    /// Where the reference implementation stands when it complains; nothing for the end of the text.
    at: Option<usize>,
    /// The bytes of the broken escape, which "near" shows as they are.
    raw: std::ops::Range<usize>,
}

/// Decodes the short string that `text` begins with, and gives its length, both quotes included.
fn decode_string(text: &[u8], out: &mut Vec<u8>) -> Result<usize, StringFault> {
    let quote = text[0];
    let mut at = 1;
    loop {
        let rest = &text[at..];
        let plain = rest.iter().position(|&byte| byte == quote || byte == b'\\' || is_line_end(byte));
        let Some(len) = plain else {
            return Err(StringFault { kind: SyntaxErrorKind::UnfinishedString, at: None, raw: 0..0 });
        };
        out.extend_from_slice(&rest[..len]);
        at += len;
        match text[at] {
            byte if byte == quote => return Ok(at + 1),
            b'\\' => at += decode_escape(text, at, out)?,
            _ => {
                return Err(StringFault { kind: SyntaxErrorKind::UnfinishedString, at: Some(at), raw: 0..0 });
            }
        }
    }
}

/// Decodes the escape sequence at `start`, a backslash, and gives its length (Lua 5.3 manual, section 3.1).
fn decode_escape(text: &[u8], start: usize, out: &mut Vec<u8>) -> Result<usize, StringFault> {
    let Some(&letter) = text.get(start + 1) else {
        return Err(StringFault { kind: SyntaxErrorKind::UnfinishedString, at: None, raw: 0..0 });
    };
    let byte = match letter {
        b'a' => 7,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 11,
        b'f' => 12,
        b'r' => b'\r',
        b'\\' | b'"' | b'\'' => letter,
        b'\n' | b'\r' => {
            out.push(b'\n');
            return Ok(1 + line_end_len(&text[start + 1..]));
        }
        b'x' => {
            let high = hexadecimal_digit(text, start, start + 2)?;
            let low = hexadecimal_digit(text, start, start + 3)?;
            out.push((high << 4 | low) as u8);
            return Ok(4);
        }
        b'u' => return decode_utf8_escape(text, start, out),
        b'z' => {
            let spaces = text[start + 2..].iter().take_while(|byte| is_space(**byte)).count();
            return Ok(2 + spaces);
        }
        b'0'..=b'9' => return decode_decimal_escape(text, start, out),
        _ => return Err(escape_fault(SyntaxErrorKind::InvalidEscape, text, start, start + 1)),
    };
    out.push(byte);
    Ok(2)
}

fn decode_decimal_escape(text: &[u8], start: usize, out: &mut Vec<u8>) -> Result<usize, StringFault> {
    let digits = text[start + 1..].iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let value =
        text[start + 1..][..digits].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    let Ok(byte) = u8::try_from(value) else {
        return Err(escape_fault(SyntaxErrorKind::DecimalEscapeTooLarge, text, start, start + 1 + digits));
    };
    out.push(byte);
    Ok(1 + digits)
}

fn decode_utf8_escape(text: &[u8], start: usize, out: &mut Vec<u8>) -> Result<usize, StringFault> {
    /// The largest code point (Lua 5.3; later versions allow more).
    const MAX: u32 = 0x10_FFFF;
    if text.get(start + 2) != Some(&b'{') {
        return Err(escape_fault(SyntaxErrorKind::MissingOpenBrace, text, start, start + 2));
    }
    let mut value = hexadecimal_digit(text, start, start + 3)?;
    let mut at = start + 4;
    while let Some(digit) = text.get(at).and_then(|byte| (*byte as char).to_digit(16)) {
        value = value << 4 | digit;
        if value > MAX {
            return Err(escape_fault(SyntaxErrorKind::Utf8ValueTooLarge, text, start, at));
        }
        at += 1;
    }
    if text.get(at) != Some(&b'}') {
        return Err(escape_fault(SyntaxErrorKind::MissingCloseBrace, text, start, at));
    }
    encode_utf8(value, out);
    Ok(at + 1 - start)
}

/// UTF-8 as Lua writes it: surrogates are code points like any other.
fn encode_utf8(value: u32, out: &mut Vec<u8>) {
    let continuation = |shift: u32| 0x80 | (value >> shift & 0x3F) as u8;
    match value {
        0..0x80 => out.push(value as u8),
        0x80..0x800 => out.extend([0xC0 | (value >> 6) as u8, continuation(0)]),
        0x800..0x1_0000 => out.extend([0xE0 | (value >> 12) as u8, continuation(6), continuation(0)]),
        _ => out.extend([0xF0 | (value >> 18) as u8, continuation(12), continuation(6), continuation(0)]),
    }
}

fn hexadecimal_digit(text: &[u8], start: usize, at: usize) -> Result<u32, StringFault> {
    let digit = text.get(at).and_then(|byte| (*byte as char).to_digit(16));
    digit.ok_or_else(|| escape_fault(SyntaxErrorKind::HexadecimalDigitExpected, text, start, at))
}

/// A fault in the escape that begins at `start`, seen at the byte `at`; "near" shows that byte too, if there is one.
fn escape_fault(kind: SyntaxErrorKind, text: &[u8], start: usize, at: usize) -> StringFault {
    StringFault { kind, at: Some(at.min(text.len())), raw: start..(at + 1).min(text.len()) }
}

/// White space in the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 11 | 12)
}

/// What the reference implementation prints after "near" for the token at `span`: names, numerals and operators as
/// they stand, strings decoded between their delimiters, and everything only up to a zero byte.
#[cold]
pub(crate) fn token_near(source: &[u8], span: Span) -> Near {
    let text = span.slice(source);
    let shown = match text {
        [] => return Near::EndOfText,
        [0] => return Near::Nothing, // the reference implementation takes it for "no token"
        [b'"' | b'\'', ..] => {
            let mut decoded = vec![text[0]];
            match decode_string(text, &mut decoded) {
                Ok(_) => decoded.push(text[0]),
                Err(_) => decoded = text.to_vec(),
            }
            decoded
        }
        [b'[', b'[' | b'=', ..] => match long_bracket_level(text) {
            Some(level) if text.len() >= 2 * (level + 2) => {
                let mut shown = text[..level + 2].to_vec();
                normalise_line_ends(long_bracket_content(text, level), &mut shown);
                shown.extend_from_slice(&text[text.len() - (level + 2)..]);
                shown
            }
            _ => text.to_vec(),
        },
        [byte] if !(byte.is_ascii_graphic() || *byte == b' ') => format!("<\\{byte}>").into_bytes(),
        _ => text.to_vec(),
    };
    Near::Token(until_zero(shown))
}

/// Messages are C strings in the reference implementation: a zero byte ends what they show.
fn until_zero(mut text: Vec<u8>) -> Vec<u8> {
    if let Some(zero) = text.iter().position(|&byte| byte == 0) {
        text.truncate(zero);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of all strings in `source`, or the error message.
    fn strings(source: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let mut interner = Interner::new();
        let values = Values::default();
        let mut lexer = Lexer::new(source, &mut interner, &values);
        let mut symbols = Vec::new();
        while let Some((token, _)) = lexer.next().map_err(|error| format!("{}: {error}", error.line()))? {
            if let Token::String(symbol) = token {
                symbols.push(symbol);
            }
        }
        Ok(symbols.into_iter().map(|symbol| interner.resolve(symbol).to_vec()).collect())
    }

    #[track_caller]
    fn check(source: &[u8], expected: &[u8]) {
        assert_eq!(strings(source), Ok(vec![expected.to_vec()]));
    }

    #[track_caller]
    fn check_error(source: &[u8], expected: &str) {
        assert_eq!(strings(source), Err(expected.to_owned()));
    }

    #[test]
    fn escapes() {
        check(br#"'\a\b\t\n\v\f\r\\\"\''"#, b"\x07\x08\t\n\x0b\x0c\r\\\"'");
        check(br#""\x41\x7a\xFF""#, b"Az\xff");
        check(br#""\65\0651\0\255""#, b"AA1\0\xff");
        check(
            br#""\u{48}\u{e9}\u{20AC}\u{10FFFF}\u{D800}""#,
            b"H\xc3\xa9\xe2\x82\xac\xf4\x8f\xbf\xbf\xed\xa0\x80",
        );
        check(b"'a\\\r\nb\\\n\rc\\\nd\\\re'", b"a\nb\nc\nd\ne");
        check(b"'a\\z \n\r\t\x0b b\\z'", b"ab");
        check(b"'\xff\xc3'", b"\xff\xc3");
    }

    #[test]
    fn long_brackets() {
        check(b"[[]]", b"");
        check(b"[[\r\na\r\nb\n\rc\rd\n]]", b"a\nb\nc\nd\n");
        check(b"[[\n\nx]]", b"\nx");
        check(b"[==[a]]b]=]c]===]d]==]", b"a]]b]=]c]===]d");
        check(b"[=[]]=]", b"]");
        check(b"[[a]=]]", b"a]=");
        check(b"--[[ 'no' ]] 'yes' --[==[ 'no' ]] 'no' ]==] --[=x 'no'\n--", b"yes");
    }

    #[test]
    fn broken_strings() {
        check_error(b"'abc", "1: unfinished string near <eof>");
        check_error(b"'abc\\", "1: unfinished string near <eof>");
        check_error(b"'ab\\\nc\n'", "2: unfinished string near ''ab\nc'");
        check_error(br#""a\q""#, r#"1: invalid escape sequence near '"a\q'"#);
        check_error(br#""a\t\xZ""#, "1: hexadecimal digit expected near '\"a\t\\xZ'");
        check_error(br#""\x1"#, r#"1: hexadecimal digit expected near '"\x1'"#);
        check_error(br#""\300""#, r#"1: decimal escape too large near '"\300"'"#);
        check_error(br#""\u7""#, r#"1: missing '{' near '"\u7'"#);
        check_error(br#""\u{}""#, r#"1: hexadecimal digit expected near '"\u{}'"#);
        check_error(br#""\u{7""#, r#"1: missing '}' near '"\u{7"'"#);
        check_error(br#""\u{7FFFFFFF}""#, r#"1: UTF-8 value too large near '"\u{7FFFFF'"#);
        check_error(b"\n[=[\n\n", "4: unfinished long string (starting at line 2) near <eof>");
        check_error(b"--[[\n", "2: unfinished long comment (starting at line 1) near <eof>");
        check_error(b"[=x", "1: invalid long string delimiter near '[='");
    }

    #[test]
    fn numerals_are_taken_greedily() {
        check_error(b"3f", "1: malformed number near '3f'");
        check_error(b"1..2", "1: malformed number near '1..2'");
        check_error(b"0x", "1: malformed number near '0x'");
        check_error(b"1e+", "1: malformed number near '1e+'");
        check_error(b"0xep+1.p-2", "1: malformed number near '0xep+1.p-2'");
        assert_eq!(strings(b"3x 3. .5 0xA 1e5 0x1p-3"), Ok(vec![]));
    }
}
