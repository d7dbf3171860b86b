//! What the flags every command accepts amount to.
//!
//! Values are checked here once; the rest of the program never looks at their text.

use crate::arguments::{Flags, UsageError};
use crate::commands::table;
use crate::diagnostic::Format;
use crate::output::{self, When};

/// The settings of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `--color`.
    pub(crate) colour: When,
    /// `--error-format`.
    pub(crate) error_format: Format,
    /// `--memory-limit`, in bytes; scripts run without a limit unless one is given.
    pub(crate) memory_limit: Option<usize>,
    /// `--stats`.
    pub(crate) stats: bool,
}

impl Settings {
    /// Reads the flags.
    ///
    /// # Errors
    /// A value that means nothing.
    pub(crate) fn new(flags: &Flags) -> Result<Settings, UsageError> {
        let colour = match flags.last(&table::COLOR) {
            _ if flags.has(&table::NO_COLOR) => When::Never,
            Some(b"always") => When::Always,
            Some(b"never") => When::Never,
            _ => When::Auto,
        };
        let error_format = match flags.last(&table::ERROR_FORMAT) {
            Some(b"short") => Format::Short,
            _ => Format::Human,
        };
        let memory_limit = flags.last(&table::MEMORY_LIMIT).map(size).transpose()?;
        Ok(Settings { colour, error_format, memory_limit, stats: flags.has(&table::STATS) })
    }

    /// Whether messages on standard error get colours.
    pub(crate) fn stderr_colour(&self) -> bool {
        output::stderr_colour(self.colour)
    }
}

fn wrong(message: String) -> UsageError {
    UsageError { message, suggestion: None, command: None }
}

/// Bytes, or a whole number with K, M, G or T, an optional B behind it, in any case of letters.
fn size(text: &[u8]) -> Result<usize, UsageError> {
    let shown = String::from_utf8_lossy(text);
    let digits = shown.len() - shown.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = shown.split_at(digits);
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" => 10,
        "M" | "MB" => 20,
        "G" | "GB" => 30,
        "T" | "TB" => 40,
        _ => {
            return Err(wrong(format!(
                "flag \"--memory-limit\" cannot be \"{shown}\" (examples: 64M, 1G, 1048576)"
            )));
        }
    };
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| {
            wrong(format!("flag \"--memory-limit\" cannot be \"{shown}\" (examples: 64M, 1G, 1048576)"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_in_any_case() {
        assert_eq!(size(b"1024"), Ok(1024));
        assert_eq!(size(b"64m"), Ok(64 << 20));
        assert_eq!(size(b"2Gb"), Ok(2 << 30));
        for bad in [&b""[..], b"M", b"-1", b"1.5G", b"12X", b"0", b"99999999999999T", b"\xff"] {
            assert!(size(bad).is_err(), "{bad:?}");
        }
    }
}
