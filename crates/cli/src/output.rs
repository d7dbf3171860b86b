//! Standard output and standard error, and whether they get colours.
//!
//! Every word `wippy` itself prints goes through here, so a reader that goes away ends the process quietly and
//! no `print` macro can panic about it.

use std::io::{self, IsTerminal, Write};

use crate::exit::Exit;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Decide per stream.
    Auto,
    /// Always, also into files.
    Always,
    /// Never.
    Never,
}

/// Writes results to standard output.
///
/// # Errors
/// The exit code to end with, when nobody reads or the medium is full.
pub(crate) fn print(text: &[u8]) -> Result<(), Exit> {
    let mut stream = io::stdout().lock();
    stream.write_all(text).and_then(|()| stream.flush()).map_err(|error| failure(&error))
}

/// Writes a message to standard error.
///
/// # Errors
/// The exit code to end with, when nobody reads.
pub(crate) fn complain(text: &[u8]) -> Result<(), Exit> {
    let mut stream = io::stderr().lock();
    stream.write_all(text).and_then(|()| stream.flush()).map_err(|error| failure(&error))
}

/// How to end after a failed write.
fn failure(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe { Exit::BROKEN_PIPE } else { Exit::FAILURE }
}

/// Whether standard error gets colours.
pub(crate) fn stderr_colour(when: When) -> bool {
    colour(
        when,
        |name| std::env::var_os(name).map(|value| value.into_encoded_bytes()),
        || io::stderr().is_terminal(),
    )
}

/// Whether standard output gets colours.
pub(crate) fn stdout_colour(when: When) -> bool {
    colour(
        when,
        |name| std::env::var_os(name).map(|value| value.into_encoded_bytes()),
        || io::stdout().is_terminal(),
    )
}

/// `--color` wins, then `CLICOLOR_FORCE`, then what the stream and its terminal are.
fn colour(when: When, variable: impl Fn(&str) -> Option<Vec<u8>>, terminal: impl Fn() -> bool) -> bool {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != b"0") => {
            true
        }
        When::Auto => !set("NO_COLOR") && variable("TERM").is_none_or(|term| term != b"dumb") && terminal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(when: When, variables: &[(&str, &str)], terminal: bool) -> bool {
        let find = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes().to_vec())
        };
        colour(when, find, || terminal)
    }

    #[test]
    fn the_flag_wins_then_force_then_the_terminal() {
        assert!(check(When::Auto, &[], true));
        assert!(!check(When::Auto, &[], false));
        assert!(!check(When::Auto, &[("NO_COLOR", "1")], true));
        assert!(check(When::Auto, &[("NO_COLOR", "")], true));
        assert!(!check(When::Auto, &[("TERM", "dumb")], true));
        assert!(check(When::Auto, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false));
        assert!(!check(When::Auto, &[("CLICOLOR_FORCE", "0")], false));
        assert!(check(When::Always, &[("NO_COLOR", "1"), ("TERM", "dumb")], false));
        assert!(!check(When::Never, &[("CLICOLOR_FORCE", "1")], true));
    }
}
