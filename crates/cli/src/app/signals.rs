//! SIGINT and SIGTERM while an application runs: the first asks it to end, the second ends the program.

use std::io;

use wippy_app::runtime::order::Order;

/// Gives the engine an order for the first signal.
///
/// # Errors
/// Whatever the operating system has against it.
#[cfg(unix)]
pub(crate) fn install(orders: &std::sync::mpsc::Sender<Order>) -> io::Result<()> {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use signal_hook::consts::{SIGINT, SIGTERM};

    let second = Arc::new(AtomicBool::new(false));
    for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
        let (mut arrived, sender) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(signal, sender)?;
        let (orders, second) = (orders.clone(), Arc::clone(&second));
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut one = [0];
            while arrived.read_exact(&mut one).is_ok() {
                if second.swap(true, Ordering::SeqCst) || orders.send(Order::Signal(code)).is_err() {
                    super::top::leave();
                    std::process::exit(1);
                }
            }
        })?;
    }
    Ok(())
}

/// Elsewhere the system ends the program itself.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub(crate) fn install(_: &std::sync::mpsc::Sender<Order>) -> io::Result<()> {
    Ok(())
}
