//! `base64`: bytes as text of 64 letters (RFC 4648, section 4), and back.
//!
//! The standard alphabet with padding. Line breaks are ignored when reading, nothing else is. Invariant: what is
//! written is one line.

use wippy_vm::{Context, Library, Outcome, Result, Value, library};

use crate::errors::{self, ErrorValue};
use crate::modules;

/// The functions of `base64`.
pub static LIBRARY: Library = library!(
    "base64",
    [
        /// Bytes as base64.
        ("encode", encode_native, "(data: string) -> (string, error?)"),
        /// The bytes of base64 text.
        ("decode", decode_native, "(text: string) -> (string, error?)"),
    ]
);

/// The libraries of the module.
pub static LIBRARIES: &[&Library] = &[&LIBRARY];

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a byte stands for; 64 and more for bytes that are no letters.
static VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut index = 0;
    while index < 64 {
        values[LETTERS[index] as usize] = index as u8;
        index += 1;
    }
    values
};

/// Makes the table `base64`.
pub(crate) fn build<'gc>(cx: &mut Context<'gc>) -> Result<Value<'gc>> {
    let table = modules::table(cx, &LIBRARY, 0)?;
    table.freeze();
    Ok(table.into())
}

fn encode_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::String(data) = cx.get(1) else {
        return errors::fails(cx, ErrorValue::invalid("string expected"));
    };
    cx.check_room(data.len() * 3)?;
    let _ = cx.charge(data.len() / 64);
    let text = cx.string(&encode(data.as_bytes()))?;
    Ok(cx.returns(text))
}

fn decode_native(cx: &mut Context<'_>) -> Result<Outcome> {
    let Value::String(text) = cx.get(1) else {
        return errors::fails(cx, ErrorValue::invalid("string expected"));
    };
    cx.check_room(text.len() * 2)?;
    let _ = cx.charge(text.len() / 64);
    match decode(text.as_bytes()) {
        Ok(data) => {
            let data = cx.string(&data)?;
            Ok(cx.returns(data))
        }
        Err(at) => {
            let message = format!("illegal base64 data at input byte {at}");
            errors::fails(cx, ErrorValue::invalid(message).in_context("decode failed"))
        }
    }
}

/// Bytes as text.
pub(crate) fn encode(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4);
    for chunk in data.chunks(3) {
        let word =
            chunk.iter().enumerate().fold(0u32, |word, (n, &byte)| word | u32::from(byte) << (16 - 8 * n));
        let letter = |n: u32| LETTERS[(word >> (18 - 6 * n) & 63) as usize];
        out.extend_from_slice(&[letter(0), letter(1)]);
        out.push(if chunk.len() > 1 { letter(2) } else { b'=' });
        out.push(if chunk.len() > 2 { letter(3) } else { b'=' });
    }
    out
}

/// Text as bytes; fails with the offset of the first byte that is wrong.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut word, mut count) = (0u32, 0);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match (byte, VALUES[usize::from(byte)]) {
            (b'\r' | b'\n', _) => {}
            (b'=', _) => return padding(text, at, word, count, out),
            (_, value @ ..64) => {
                word = word << 6 | u32::from(value);
                count += 1;
                if count == 4 {
                    out.extend_from_slice(&word.to_be_bytes()[1..]);
                    (word, count) = (0, 0);
                }
            }
            _ => return Err(at),
        }
        at += 1;
    }
    if count == 0 { Ok(out) } else { Err(at) }
}

/// The end of a text, from the first `=` on.
fn padding(text: &[u8], at: usize, word: u32, count: u32, mut out: Vec<u8>) -> Result<Vec<u8>, usize> {
    let wanted = match count {
        2 => 2,
        3 => 1,
        _ => return Err(at),
    };
    let mut found = 0;
    for (index, &byte) in text.iter().enumerate().skip(at) {
        match byte {
            b'\r' | b'\n' => {}
            b'=' if found < wanted => found += 1,
            _ => return Err(index),
        }
    }
    if found < wanted {
        return Err(text.len());
    }
    // Bits beyond the last whole byte do not matter.
    let bytes = (word << (6 * wanted)).to_be_bytes();
    out.extend_from_slice(&bytes[1..4 - wanted as usize]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_standard() {
        for (data, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(data.as_bytes()), text.as_bytes());
            assert_eq!(decode(text.as_bytes()), Ok(data.as_bytes().to_vec()));
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)), Ok(all));
    }

    #[test]
    fn what_is_ignored_and_what_is_not() {
        assert_eq!(decode(b"\nZm\r\n9v\n"), Ok(b"foo".to_vec()));
        assert_eq!(decode(b"Z\ng=\n=\n"), Ok(b"f".to_vec()));
        assert_eq!(decode(b"\r\n"), Ok(Vec::new()));
        assert_eq!(decode(b"YR=="), Ok(b"a".to_vec()));
        for (text, at) in [
            ("Zg", 2),
            ("Zg=", 3),
            ("Z===", 1),
            ("Zm9v=", 4),
            ("Zg==x", 4),
            ("Z g=", 1),
            ("Z-g=", 1),
            ("Zg===", 4),
        ] {
            assert_eq!(decode(text.as_bytes()), Err(at), "{text}");
        }
    }
}
