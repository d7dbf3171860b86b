//! JSON text to a document with positions.
//!
//! Strict RFC 8259, for definition files. Invariant: as for YAML, nesting and the number of values are limited.

use std::collections::HashSet;
use std::sync::Arc;

use super::node::{Content, DEPTH, Key, NODES, Node, SyntaxError};
use crate::problem::Span;
use crate::value::Value;

/// Reads a text; `None` if it is blank.
///
/// # Errors
/// The first fault.
pub fn parse(text: &str) -> Result<Option<Node>, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, at: 0, line: 1, start: 0, nodes: 0 };
    reader.blank();
    if reader.peek().is_none() {
        return Ok(None);
    }
    let node = reader.value(0)?;
    reader.blank();
    match reader.peek() {
        None => Ok(Some(node)),
        Some(_) => reader.fault("expected the end of the file"),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    start: usize,
    nodes: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.at += 1;
            if byte == b'\n' {
                self.line += 1;
                self.start = self.at;
            }
        }
    }

    fn here(&self) -> Span {
        let column = self.text[self.start..self.at].chars().count() as u32 + 1;
        Span { line: self.line, column, length: 0 }
    }

    fn since(&self, from: Span) -> Span {
        Span { length: self.here().column.saturating_sub(from.column), ..from }
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError { span: self.here(), message: message.into() })
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), SyntaxError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            self.fault(format!("expected {what}"))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        self.nodes += 1;
        if depth > DEPTH || self.nodes > NODES {
            return self.fault("too many values or levels of nesting");
        }
        let from = self.here();
        let content = match self.peek() {
            Some(b'{') => return self.map(depth, from),
            Some(b'[') => return self.list(depth, from),
            Some(b'"') => Content::Scalar(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Content::Scalar(self.number()?),
            Some(b't') => self.word("true", Value::Boolean(true))?,
            Some(b'f') => self.word("false", Value::Boolean(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return self.fault("expected a value"),
        };
        Ok(Node { span: self.since(from), content })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Content, SyntaxError> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(Content::Scalar(value))
        } else {
            self.fault("expected a value")
        }
    }

    fn list(&mut self, depth: usize, from: Span) -> Result<Node, SyntaxError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.peek() != Some(b']') {
            loop {
                self.blank();
                items.push(self.value(depth + 1)?);
                self.blank();
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.expect(b']', "',' or ']'")?;
        Ok(Node { span: Span { length: 1, ..from }, content: Content::List(items) })
    }

    fn map(&mut self, depth: usize, from: Span) -> Result<Node, SyntaxError> {
        self.at += 1;
        let mut pairs = Vec::new();
        let mut seen: HashSet<Arc<str>> = HashSet::new();
        self.blank();
        if self.peek() != Some(b'}') {
            loop {
                self.blank();
                let start = self.here();
                if self.peek() != Some(b'"') {
                    return self.fault("expected a key in double quotes");
                }
                let text = self.string()?;
                if !seen.insert(Arc::clone(&text)) {
                    return Err(SyntaxError {
                        span: start,
                        message: format!("the key \"{text}\" occurs twice"),
                    });
                }
                let key = Key { text, span: self.since(start) };
                self.blank();
                self.expect(b':', "':'")?;
                self.blank();
                pairs.push((key, self.value(depth + 1)?));
                self.blank();
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.expect(b'}', "',' or '}'")?;
        Ok(Node { span: Span { length: 1, ..from }, content: Content::Map(pairs) })
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let start = self.at;
        let end = self.text[start..]
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .map_or(self.text.len(), |length| start + length);
        let text = &self.text[start..end];
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        let fraction = digits
            .split_once('.')
            .is_none_or(|(whole, rest)| !whole.is_empty() && rest.starts_with(|c: char| c.is_ascii_digit()));
        let value = if leading || !fraction {
            None
        } else if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() {
            text.parse().map(Value::Integer).ok().or_else(|| text.parse().map(Value::Float).ok())
        } else {
            text.parse().map(Value::Float).ok()
        };
        match value {
            Some(value) => {
                self.at = end;
                Ok(value)
            }
            None => self.fault("malformed number"),
        }
    }

    fn string(&mut self) -> Result<Arc<str>, SyntaxError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') else {
                return self.fault("this string does not end");
            };
            out.push_str(&rest[..stop]);
            self.at += stop;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return self.fault("a string cannot hold a raw control character"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let Some(byte) = self.peek() else { return self.fault("this string does not end") };
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                let high = self.hex()?;
                if !(0xD800..0xDC00).contains(&high) {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                if !self.text[self.at..].starts_with("\\u") {
                    return Ok(char::REPLACEMENT_CHARACTER);
                }
                self.at += 2;
                let low = self.hex()?;
                let code = 0x10000 + ((high - 0xD800) << 10) + low.wrapping_sub(0xDC00);
                let paired = (0xDC00..0xE000).contains(&low);
                return Ok(Some(code)
                    .filter(|_| paired)
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => return self.fault("unknown escape"),
        };
        self.at += 1;
        Ok(plain)
    }

    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => self.fault("expected four hexadecimal digits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_places() {
        let node =
            parse("{\n  \"a\": [1, 1.0, -2e3, true, null],\n  \"b\": \"x\\u00e9\\ud83d\\ude00\\n\"\n}")
                .unwrap()
                .unwrap();
        assert_eq!(crate::print::json(&node.value()), "{\"a\":[1,1.0,-2000.0,true,null],\"b\":\"xé😀\\n\"}");
        let b = node.get("b").unwrap();
        assert_eq!((b.span.line, b.span.column), (3, 8));
        assert_eq!(parse(" \n").unwrap(), None);
    }

    #[test]
    fn faults_are_placed() {
        for text in [
            "{",
            "[1,]",
            "{\"a\" 1}",
            "{a: 1}",
            "01",
            "1.",
            "\"x",
            "\"\\q\"",
            "tru",
            "[1] 2",
            "{\"a\":1,\"a\":2}",
            "-",
            "\"\n\"",
            "\"\\u12\"",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let error = parse("{\n \"a\": ?\n}").unwrap_err();
        assert_eq!((error.span.line, error.span.column), (2, 7));
        assert!(parse(&"[".repeat(1000)).is_err());
    }
}
