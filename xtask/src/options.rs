//! The words after `cargo xtask <command>`: `--name value`, `--flag`, and the rest in order.
//!
//! Not a general argument parser: no short options, no `--name=value`, no abbreviations.
//! Invariant: a word that no command asked for is an error, never ignored.

use std::path::PathBuf;
use std::str::FromStr;

use crate::Failure;

/// What is left of the command line; commands take what they know and then call [`Options::finish`].
pub(crate) struct Options {
    words: Vec<String>,
}

impl Options {
    /// All words after the name of the command.
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        Self { words: words.collect() }
    }

    /// Whether `--name` was given.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// The value after `--name`, if it was given.
    pub(crate) fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Failure> {
        let Some(at) = self.words.iter().position(|word| word == name) else { return Ok(None) };
        if at + 1 >= self.words.len() {
            return Err(format!("{name} needs a value").into());
        }
        let text = self.words.remove(at + 1);
        self.words.remove(at);
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("{name}: '{text}' is not a value it takes").into()),
        }
    }

    /// The next word that is not an option.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.words.iter().position(|word| !word.starts_with("--"))?;
        Some(self.words.remove(at))
    }

    /// The next word that is not an option, left where it is.
    pub(crate) fn peek(&self) -> Option<&str> {
        self.words.iter().find(|word| !word.starts_with("--")).map(String::as_str)
    }

    /// `--bin PATH`, or the interpreter of the newest build.
    pub(crate) fn interpreter(&mut self) -> Result<PathBuf, Failure> {
        match self.value::<PathBuf>("--bin")? {
            Some(path) => absolute(path),
            None => crate::workspace::built_interpreter(),
        }
    }

    /// Refuses whatever no one has taken.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("unknown argument '{word}'").into()),
        }
    }
}

/// A path that still works after a change of folder; a bare name is looked up in `PATH`.
pub(crate) fn absolute(path: PathBuf) -> Result<PathBuf, Failure> {
    if path.components().count() > 1 || path.is_file() {
        return path.canonicalize().map_err(|error| format!("{}: {error}", path.display()).into());
    }
    crate::workspace::find_in_path(&path.to_string_lossy())
        .ok_or_else(|| format!("{}: not a file and not in PATH", path.display()).into())
}
