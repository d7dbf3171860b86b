//! The short form of a chunk name that messages and tracebacks show.
//!
//! It is for people: different chunks may share one. Invariant: the result has at most [`LIMIT`] bytes.

/// Longest short form in bytes, as in the reference implementation (60 with the terminating zero of C).
pub const LIMIT: usize = 59;

/// Shortens a chunk name: `=name` and `@file` lose their mark, anything else is source text and becomes
/// `[string "first line..."]`.
pub fn chunk_id(source: &[u8]) -> Vec<u8> {
    const BEFORE: &[u8] = b"[string \"";
    const DOTS: &[u8] = b"...";
    const AFTER: &[u8] = b"\"]";
    // Names are C strings there: they end at the first zero.
    let source = source.split(|&byte| byte == 0).next().unwrap_or_default();
    match source {
        [b'=', name @ ..] => name[..name.len().min(LIMIT)].to_vec(),
        [b'@', file @ ..] if file.len() <= LIMIT => file.to_vec(),
        [b'@', file @ ..] => [DOTS, &file[file.len() - (LIMIT - DOTS.len())..]].concat(),
        text => {
            let room = LIMIT - BEFORE.len() - DOTS.len() - AFTER.len();
            let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
            if line.len() == text.len() && text.len() < room {
                [BEFORE, text, AFTER].concat()
            } else {
                [BEFORE, &line[..line.len().min(room)], DOTS, AFTER].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&chunk_id(source.as_bytes())), expected);
    }

    #[test]
    fn names_lose_their_mark() {
        check("=stdin", "stdin");
        check("@a/b.lua", "a/b.lua");
        check(&format!("={}", "n".repeat(70)), &"n".repeat(59));
        check(&format!("@{}", "f".repeat(59)), &"f".repeat(59));
        check(&format!("@{}", "f".repeat(60)), &format!("...{}", "f".repeat(56)));
    }

    #[test]
    fn source_text_is_quoted_and_cut() {
        check("return 1", "[string \"return 1\"]");
        check("a\nb", "[string \"a...\"]");
        check("", "[string \"\"]");
        check("\n", "[string \"...\"]");
        check(&"x".repeat(44), &format!("[string \"{}\"]", "x".repeat(44)));
        check(&"x".repeat(45), &format!("[string \"{}...\"]", "x".repeat(45)));
        check(&"x".repeat(99), &format!("[string \"{}...\"]", "x".repeat(45)));
    }
}
