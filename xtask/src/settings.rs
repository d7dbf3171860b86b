//! Reads the few TOML files of this tree that xtask uses: `[section]` headers, comments
//! and `key = "text"` lines.
//!
//! Not a TOML parser: no numbers, arrays, nested tables or escapes other than `\"` and `\\`.
//! Invariant: what it does not understand is an error that names file and line.

use std::fs;
use std::path::Path;

use crate::Failure;

/// One `key = "value"` line.
pub(crate) struct Entry {
    /// The `[section]` it stands in; empty before the first header.
    pub(crate) section: String,
    /// Its key, without quotes.
    pub(crate) key: String,
    /// Its value, without quotes.
    pub(crate) value: String,
}

/// Reads all entries in order.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut entries = Vec::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fault = || format!("{}:{}: cannot read '{line}'", path.display(), number + 1);
        if let Some(name) = line.strip_prefix('[') {
            name.strip_suffix(']').ok_or_else(fault)?.clone_into(&mut section);
        } else {
            let (key, rest) = word(line).ok_or_else(fault)?;
            let rest = rest.trim_start().strip_prefix('=').ok_or_else(fault)?;
            let (value, rest) = word(rest.trim_start()).ok_or_else(fault)?;
            if !rest.is_empty() && !rest.trim_start().starts_with('#') {
                return Err(fault().into());
            }
            entries.push(Entry { section: section.clone(), key, value });
        }
    }
    Ok(entries)
}

/// A bare or quoted word at the start of `text`, and what follows it.
fn word(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '=']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..])).filter(|(word, _)| !word.is_empty());
    };
    let mut word = String::new();
    let mut escaped = false;
    for (at, character) in quoted.char_indices() {
        match character {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Some((word, &quoted[at + 1..])),
            _ => {
                escaped = false;
                word.push(character);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn quoted_words_keep_what_is_escaped() {
        assert_eq!(word(r#""a\"b\\" = 1"#), Some((r#"a"b\"#.to_owned(), " = 1")));
        assert_eq!(word("plain= 2"), Some(("plain".to_owned(), "= 2")));
        assert_eq!(word("\"open"), None);
    }
}
