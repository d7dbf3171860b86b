//! Search paths: templates in which `?` stands for a module's name (manual 6.3, `package.searchpath`).
//!
//! It knows files only by whether they can be opened. Invariant: the message of a failed search names every file
//! that was tried, in order.

use std::fs::File;

use crate::host;

/// Where modules are looked for when the environment says nothing.
pub(super) const DEFAULT_PATH: &[u8] = b"./?.lua;./?/init.lua";

/// Separates folders in file names.
pub(super) const FOLDER_SEPARATOR: &[u8] = if cfg!(windows) { b"\\" } else { b"/" };

/// Replaces every occurrence of `pattern`, which is not empty.
pub(super) fn replace(text: &[u8], pattern: &[u8], replacement: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, pattern) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(replacement);
        rest = &rest[at + pattern.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// The file names that a path gives for a name; `separator` in the name becomes `folder`, unless it is empty.
pub(super) fn candidates<'a>(
    name: &[u8],
    path: &'a [u8],
    separator: &[u8],
    folder: &[u8],
) -> impl Iterator<Item = Vec<u8>> + use<'a> {
    let name = if separator.is_empty() { name.to_vec() } else { replace(name, separator, folder) };
    path.split(|&byte| byte == b';')
        .filter(|template| !template.is_empty())
        .map(move |template| replace(template, b"?", &name))
}

/// The first of some files that can be opened, or a message that names them all.
pub(super) fn first_readable(files: impl Iterator<Item = Vec<u8>>) -> Result<Vec<u8>, Vec<u8>> {
    let mut message = Vec::new();
    for file in files {
        if File::open(host::path(&file)).is_ok() {
            return Ok(file);
        }
        message.extend_from_slice(b"\n\tno file '");
        message.extend_from_slice(&file);
        message.push(b'\'');
    }
    Err(message)
}

/// The search path that an environment variable gives: `;;` in it stands for `default`.
pub(super) fn from_environment(variable: Option<&[u8]>, default: &[u8]) -> Vec<u8> {
    match variable {
        Some(text) => replace(text, b";;", &[b";", default, b";"].concat()),
        None => default.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, path: &str, separator: &str, expected: &[&str]) {
        let found: Vec<_> =
            candidates(name.as_bytes(), path.as_bytes(), separator.as_bytes(), b"/").collect();
        let found: Vec<_> = found.iter().map(|file| String::from_utf8_lossy(file)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn templates_are_filled_in_and_empty_ones_skipped() {
        check("a.b", "?.x;;?/y/?;", ".", &["a/b.x", "a/b/y/a/b"]);
        check("a.b", "?", "", &["a.b"]);
        check("a", "", ".", &[]);
        check("?", "?", ".", &["?"]);
    }

    #[test]
    fn two_semicolons_stand_for_the_default() {
        assert_eq!(from_environment(Some(b"a;;"), b"d"), b"a;d;");
        assert_eq!(from_environment(Some(b";;"), b"d"), b";d;");
        assert_eq!(from_environment(Some(b"a"), b"d"), b"a");
        assert_eq!(from_environment(None, b"d"), b"d");
    }
}
