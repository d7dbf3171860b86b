//! Signals: Ctrl+C, termination, and the reader of our output going away.
//!
//! SIGINT raises a flag, which running code sees between two slices of fuel. Code that blocks in the operating
//! system does not look: a watching thread ends the process if the flag is still up after a moment, and a second
//! SIGINT does so at once. The thread is there once something is done that may take long. No code of ours runs inside a
//! signal handler.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wippy::Interrupt;

use crate::exit::Exit;

/// Handles SIGINT, SIGTERM and SIGPIPE for the rest of the process's life; SIGINT asks the interpreter to stop.
///
/// # Errors
/// Whatever the operating system has against it.
pub(crate) fn install() -> io::Result<Interrupt> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag::{register, register_conditional_shutdown};

    let interrupt = Interrupt::default();
    // Order matters: only the second SIGINT finds the flag raised.
    register_conditional_shutdown(SIGINT, i32::from(Exit::INTERRUPTED.0), interrupt.flag())?;
    register(SIGINT, interrupt.flag())?;
    let always = Arc::new(AtomicBool::new(true));
    register_conditional_shutdown(SIGTERM, i32::from(Exit::TERMINATED.0), Arc::clone(&always))?;
    #[cfg(unix)]
    {
        use std::sync::Once;

        // Somebody who asks for the processes must not end a program that has none.
        register(signal_hook::consts::SIGUSR1, Arc::default())?;
        register_conditional_shutdown(signal_hook::consts::SIGPIPE, i32::from(Exit::BROKEN_PIPE.0), always)?;
        let (flag, begun) = (interrupt.flag(), Once::new());
        wippy::stdlib::waiting::tell(move || {
            // Without the thread it takes a second SIGINT.
            begun.call_once(|| drop(watch(Arc::clone(&flag))));
        });
    }
    Ok(interrupt)
}

/// Ends the process when a SIGINT is not noticed by what runs.
#[cfg(unix)]
fn watch(flag: Arc<AtomicBool>) -> io::Result<()> {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    /// Running code looks every few milliseconds.
    const PATIENCE: Duration = Duration::from_millis(300);

    /// The thread reads, sleeps and ends the process.
    const STACK_BYTES: usize = 64 << 10;

    let (mut arrived, signal) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGINT, signal)?;
    std::thread::Builder::new().name("signals".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        let mut one = [0];
        // The flag may have been raised before there was a pipe.
        while flag.load(Ordering::Relaxed) || arrived.read_exact(&mut one).is_ok() {
            std::thread::sleep(PATIENCE);
            if flag.load(Ordering::Relaxed) {
                std::process::exit(i32::from(Exit::INTERRUPTED.0));
            }
        }
    })?;
    Ok(())
}
