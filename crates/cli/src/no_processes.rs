//! What stands for `processes` in a build without them: scripts run alone.
//!
//! The interface is that of the module it replaces.

use std::sync::Arc;

use wippy::Enlister;
use wippy::vm::Image;

use crate::script::Program;
use crate::settings::Settings;

/// What interpreters begin with.
pub(crate) fn image() -> Arc<Image> {
    wippy::stdlib::image()
}

/// Nobody, so nobody asks what the main program was.
pub(crate) fn enlister(_: &Settings, program: Program, _: Vec<u8>) -> Option<Box<dyn Enlister>> {
    let Program { file, chunk } = program;
    drop((file, chunk));
    None
}

/// There is none that a panic could be kept in.
pub(crate) fn contain_panics() -> bool {
    false
}
