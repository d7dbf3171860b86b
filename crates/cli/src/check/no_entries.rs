//! What stands for `entries` in a build without applications.
//!
//! The interface is that of the module it replaces.

use super::report::Report;
use crate::arguments::Flags;
use crate::exit::Exit;
use crate::output;
use crate::settings::Settings;

/// Says that there is no application to check.
///
/// # Errors
/// Always: the exit code.
pub(super) fn check(_: &Flags, _: &Settings) -> Result<Report, Exit> {
    output::complain(b"error: name files to check: applications are not part of this build\n")?;
    Err(Exit::USAGE)
}
