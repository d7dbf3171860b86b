//! What stands for `census` in a build without processes.

use crate::exit::Exit;
use crate::output;

/// Says that there is nothing to show.
///
/// # Errors
/// The exit code to end with, when nobody reads.
pub(crate) fn show() -> Result<(), Exit> {
    output::complain(b"no processes: this build has none\n")
}
