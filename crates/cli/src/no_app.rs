//! What stands for `app` in a build without applications.
//!
//! The interface is that of the module it replaces. That its commands are absent is said by the table of commands.

use crate::arguments::{Flags, Word};
use crate::commands::Command;
use crate::exit::Exit;
use crate::settings::Settings;

/// None of the commands is one about applications.
pub(crate) fn command(
    _: &'static Command,
    _: &[Word],
    _: &Flags,
    _: &Settings,
) -> Option<Result<Exit, Exit>> {
    None
}

/// No modules of applications.
pub(crate) fn modules() -> impl Iterator<Item = wippy::manual::Group> {
    std::iter::empty()
}

/// No codes of faults, each with its title.
pub(crate) fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::empty()
}
