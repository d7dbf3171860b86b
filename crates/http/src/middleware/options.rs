//! The options of a layer: texts, under a dotted key or an older one.
//!
//! Invariant: the dotted key wins.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Options {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(options: I) -> Options {
        Options(options.into_iter().collect())
    }
}

impl Options {
    /// The text under the first of some keys that is there.
    pub(super) fn text(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.0.get(*key)).map(|text| text.trim())
    }

    /// The items of a list with commas.
    pub(super) fn list(&self, keys: &[&str], default: &str) -> Vec<String> {
        let text = self.text(keys).unwrap_or(default);
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn flag(&self, keys: &[&str], default: bool) -> Result<bool, String> {
        match self.text(keys) {
            None | Some("") => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(other) => Err(format!("{} must be true or false, not \"{other}\"", keys[0])),
        }
    }

    pub(super) fn number<N: FromStr>(&self, keys: &[&str], default: N) -> Result<N, String> {
        match self.text(keys) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("{} must be a number, not \"{text}\"", keys[0])),
        }
    }

    /// A span of at least a second: a number with `s`, `m` or `h` behind it.
    pub(super) fn span(&self, keys: &[&str], default: Duration) -> Result<Duration, String> {
        let Some(text) = self.text(keys) else { return Ok(default) };
        let wrong = || format!("{} must be a number with s, m or h behind it, not \"{text}\"", keys[0]);
        let unit = match text.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            _ => return Err(wrong()),
        };
        let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
        match count.checked_mul(unit) {
            Some(seconds @ 1..=0xffff_ffff) => Ok(Duration::from_secs(seconds)),
            _ => Err(wrong()),
        }
    }
}
