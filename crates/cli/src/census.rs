//! The table of processes on standard error, for people who watch a program: when SIGUSR1 comes, or at its end.
//!
//! A signal is for the whole program, so what it asks about stands here for the whole program, too. Invariant: showing
//! the table changes nothing of what runs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wippy::runtime::Starter;

use crate::exit::Exit;
use crate::output;

/// How long processes that are at work may take to say something about themselves.
const PATIENCE: Duration = Duration::from_millis(200);

/// The runtime that is asked, while there is one.
static RUNNING: Mutex<Option<Starter>> = Mutex::new(None);

/// Says which runtime is to be shown from now on.
pub(crate) fn watch(starter: Option<Starter>) {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = starter;
}

/// Prints the table.
///
/// # Errors
/// The exit code to end with, when nobody reads.
pub(crate) fn show() -> Result<(), Exit> {
    let starter = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match starter {
        Some(starter) => output::complain(starter.census(PATIENCE).to_string().as_bytes()),
        None => output::complain(b"no processes: the program has asked for none\n"),
    }
}

/// Prints the table whenever SIGUSR1 comes.
///
/// # Errors
/// Whatever the operating system has against it.
#[cfg(unix)]
pub(crate) fn show_on_signal() -> std::io::Result<()> {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    let (mut arrived, signal) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGUSR1, signal)?;
    std::thread::Builder::new().name("census".to_owned()).spawn(move || {
        let mut one = [0];
        while arrived.read_exact(&mut one).is_ok() && show().is_ok() {}
    })?;
    Ok(())
}

/// Elsewhere there is no such signal.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub(crate) fn show_on_signal() -> std::io::Result<()> {
    Ok(())
}
