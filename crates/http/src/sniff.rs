//! The media type of a body by how it begins, for responses that do not say theirs.
//!
//! Pure; a part of what browsers do. Invariant: what is no text is never called text.

/// Bytes of a body that are looked at.
pub(crate) const LOOKED_AT: usize = 512;

/// How bodies begin that say what they are.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"\0asm", "application/wasm"),
];

/// How markup begins, behind spaces; a space or `>` follows.
const MARKUP: &[&str] = &[
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
];

/// The media type of a body.
pub(crate) fn media_type(body: &[u8]) -> &'static str {
    let body = &body[..body.len().min(LOOKED_AT)];
    for (signature, media) in SIGNATURES {
        if body.starts_with(signature) {
            return media;
        }
    }
    let start = body.iter().position(|byte| !b" \t\r\n\x0c".contains(byte)).unwrap_or(body.len());
    let text = &body[start..];
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    let is_markup = |tag: &str| {
        let ends = matches!(text.get(tag.len()), Some(b' ' | b'>'));
        text.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag.as_bytes()))
            && (ends || tag == "<!--")
    };
    if MARKUP.iter().any(|tag| is_markup(tag)) {
        return "text/html; charset=utf-8";
    }
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if body.iter().any(is_binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn beginnings() {
        for (body, media) in [
            (&b"hello"[..], "text/plain; charset=utf-8"),
            (b"", "text/plain; charset=utf-8"),
            (b"  <P>i</P>", "text/html; charset=utf-8"),
            (b"<!-- x", "text/html; charset=utf-8"),
            (b"<paragraph>", "text/plain; charset=utf-8"),
            (b"<?xml?>", "text/xml; charset=utf-8"),
            (b"a\0b", "application/octet-stream"),
            (b"%PDF-1.4", "application/pdf"),
            ("zażółć".as_bytes(), "text/plain; charset=utf-8"),
        ] {
            assert_eq!(media_type(body), media, "{}", String::from_utf8_lossy(body));
        }
    }
}
