//! What a chunk's types have to do with other chunks: what it declares for them, and by which names it knows them.
//!
//! A module's name in a type is the one under which the module is kept when the program runs, the same for all who ask.
//! Nothing is read or loaded here.

use std::sync::Arc;

use wippy_typecheck::Type;

/// Types that a chunk declares at its top, by name, in the order of their declarations.
pub type DeclaredTypes = Vec<(Arc<str>, Type)>;

/// Under which name a module is kept that a chunk requires by another; none: under the same.
pub type ModuleNames<'n> = &'n dyn Fn(&str) -> Option<Arc<str>>;

/// Whether `require` looks a name up from the file that asks.
pub fn is_relative_module(name: &[u8]) -> bool {
    name.starts_with(b"./") || name.starts_with(b"../")
}

/// The module that a relative name means in a chunk of this source (`@path` for files; other chunks ask from the current
/// folder): the same text for the same file, whoever asks. It is absolute or begins with `./` or `../`. Names use `/` on
/// every system.
pub fn relative_module(source: &[u8], name: &[u8]) -> Vec<u8> {
    let file = source.strip_prefix(b"@").unwrap_or_default();
    let is_separator = |byte: &u8| *byte == b'/' || (cfg!(windows) && *byte == b'\\');
    let folder = file.iter().rposition(is_separator).map_or(&b""[..], |at| &file[..at]);
    let is_absolute = file.first().is_some_and(is_separator);
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in folder.split(is_separator).chain(name.split(|&byte| byte == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(last) if *last != b".." => {
                    parts.pop();
                }
                None if is_absolute => {}
                _ => parts.push(part),
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    if is_absolute {
        [b"/", joined.as_slice()].concat()
    } else if joined.starts_with(b"../") {
        joined
    } else {
        [b"./", joined.as_slice()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, name: &str, expected: &str) {
        let found = relative_module(source.as_bytes(), name.as_bytes());
        assert_eq!(String::from_utf8_lossy(&found), expected);
    }

    #[test]
    fn names_are_seen_from_the_asking_file() {
        check("@a.lua", "./lib/b", "./lib/b");
        check("@lib/b.lua", "./c", "./lib/c");
        check("@./lib/b.lua", "./c", "./lib/c");
        check("@lib/b.lua", "../x.y", "./x.y");
        check("@lib/b.lua", "../../x", "../x");
        check("@../lib/b.lua", "../../x", "../../x");
        check("@/abs/lib/b.lua", "../c", "/abs/c");
        check("@/b.lua", "../../c", "/c");
        check("=stdin", "./m", "./m");
        check("return 1", "../m", "../m");
    }

    #[test]
    fn only_names_with_leading_dots_and_slash_are_relative() {
        assert!(is_relative_module(b"./a") && is_relative_module(b"../a"));
        assert!(!is_relative_module(b"a./b") && !is_relative_module(b".a") && !is_relative_module(b"..a"));
    }
}
