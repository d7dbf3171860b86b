//! What the process tells its parent: exit codes.
//!
//! A script may end with any code of its own; these are the ones `wippy` itself uses.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    /// All went well.
    pub(crate) const SUCCESS: Exit = Exit(0);
    /// The program or the check failed.
    pub(crate) const FAILURE: Exit = Exit(1);
    /// The command line was wrong.
    pub(crate) const USAGE: Exit = Exit(2);
    /// A fault of our own; 70 is what other tools use for "internal software error".
    pub(crate) const INTERNAL: Exit = Exit(70);
    /// Stopped by SIGINT: 128 plus the signal's number, as shells count.
    pub(crate) const INTERRUPTED: Exit = Exit(130);
    /// Stopped by SIGTERM.
    pub(crate) const TERMINATED: Exit = Exit(143);
    /// The reader of our output is gone: 128 plus the number of SIGPIPE.
    pub(crate) const BROKEN_PIPE: Exit = Exit(141);
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit.0)
    }
}
