//! Reading a chunk from a file: what stands before the first line of Lua is taken away.
//!
//! It does not compile. Invariant: line numbers of the text stay those of the file.

use std::borrow::Cow;

use crate::host;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// First byte of binary chunks.
const ESCAPE: u8 = 0x1b;

/// The chunk in a file.
///
/// # Errors
/// A message as `loadfile` gives it.
pub(crate) fn read(file: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let failed = |what: &str, error: &std::io::Error| {
        [format!("cannot {what} ").as_bytes(), file, b": ", host::describe(error).as_bytes()].concat()
    };
    let mut content = Vec::new();
    let mut opened = std::fs::File::open(host::path(file)).map_err(|error| failed("open", &error))?;
    std::io::Read::read_to_end(&mut opened, &mut content).map_err(|error| failed("read", &error))?;
    Ok(match without_preamble(&content) {
        Cow::Borrowed(chunk) if chunk.len() == content.len() => content,
        chunk => chunk.into_owned(),
    })
}

/// A file's content without byte-order mark and first line if that begins with `#`; the end of that line stays,
/// except before a binary chunk.
pub(crate) fn without_preamble(content: &[u8]) -> Cow<'_, [u8]> {
    let text = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
    if text.first() != Some(&b'#') {
        return Cow::Borrowed(text);
    }
    match memchr::memchr(b'\n', text) {
        Some(end) if text.get(end + 1) == Some(&ESCAPE) => Cow::Borrowed(&text[end + 1..]),
        Some(end) => Cow::Borrowed(&text[end..]),
        None => Cow::Borrowed(b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], expected: &[u8]) {
        assert_eq!(without_preamble(content).as_ref(), expected);
    }

    #[test]
    fn marks_and_first_lines_are_skipped() {
        check(b"return 1", b"return 1");
        check(b"#!/bin/x\nreturn 1", b"\nreturn 1");
        check(b"\xef\xbb\xbfreturn 1", b"return 1");
        check(b"\xef\xbb\xbf# x\nreturn 1", b"\nreturn 1");
        check(b"# only", b"");
        check(b"# x\n\x1bLua", b"\x1bLua");
        check(b"", b"");
        check(b"\n# x", b"\n# x");
    }

    #[test]
    fn a_missing_file_is_named() {
        assert_eq!(
            read(b"/no/such/file"),
            Err(b"cannot open /no/such/file: No such file or directory".to_vec())
        );
    }
}
