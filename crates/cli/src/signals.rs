//! Signals: Ctrl+C, termination, and the reader of our output going away.
//!
//! The first SIGINT only raises a flag, which running code sees between two slices of fuel; a second one ends
//! the process at once, so code that blocks in the operating system can be stopped too. No code of ours runs
//! inside a signal handler.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;

/// Raised by SIGINT.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Whether SIGINT arrived; lowers the flag again.
    pub(crate) fn take(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}

/// Handles SIGINT, SIGTERM and SIGPIPE for the rest of the process's life.
///
/// # Errors
/// Whatever the operating system has against it.
pub(crate) fn install() -> io::Result<Interrupt> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag::{register, register_conditional_shutdown};

    let flag = Arc::new(AtomicBool::new(false));
    // Order matters: the second SIGINT finds the flag still raised by the first.
    register_conditional_shutdown(SIGINT, i32::from(Exit::INTERRUPTED.0), Arc::clone(&flag))?;
    register(SIGINT, Arc::clone(&flag))?;
    let always = Arc::new(AtomicBool::new(true));
    register_conditional_shutdown(SIGTERM, i32::from(Exit::TERMINATED.0), Arc::clone(&always))?;
    #[cfg(unix)]
    register_conditional_shutdown(signal_hook::consts::SIGPIPE, i32::from(Exit::BROKEN_PIPE.0), always)?;
    Ok(Interrupt(flag))
}
