//! The terminal that a program is started on: its standard input and outputs.
//!
//! One for the whole program, shared by all interpreters that may use it. Reading blocks the thread that reads.
//! Invariant: the mode that was found is restored when the last one who asked for raw mode is done, and at the end.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Stdin, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::terminal::{Output, Terminal};
use crate::waiting;

/// See the module.
pub struct StandardTerminal {
    arguments: Vec<Vec<u8>>,
    /// One buffer, so that nothing is lost between reads of different kinds.
    input: Mutex<BufReader<Stdin>>,
    raw: Mutex<Raw>,
}

/// Who wants raw mode, and what was there before.
#[derive(Default)]
struct Raw {
    wanted: usize,
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StandardTerminal {
    /// The program's terminal, with the program's arguments.
    pub fn new(arguments: Vec<Vec<u8>>) -> StandardTerminal {
        let input = Mutex::new(BufReader::new(io::stdin()));
        StandardTerminal { arguments, input, raw: Mutex::default() }
    }
}

impl Terminal for StandardTerminal {
    fn write(&self, output: Output, bytes: &[u8]) -> io::Result<()> {
        match output {
            Output::Out => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            Output::Error => io::stderr().lock().write_all(bytes),
        }
    }

    fn flush(&self) -> io::Result<()> {
        io::stdout().lock().flush()
    }

    fn read(&self, most: usize) -> io::Result<Vec<u8>> {
        waiting::announce();
        let mut input = lock(&self.input);
        let mut bytes = vec![0; most.min(input.fill_buf()?.len())];
        input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn read_line(&self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        waiting::announce();
        if lock(&self.input).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Ok(Some(line))
    }

    fn set_raw(&self, on: bool) -> bool {
        if !io::stdin().is_terminal() {
            return false;
        }
        let mut raw = lock(&self.raw);
        match (on, raw.wanted) {
            (true, 0) if !raw.begin() => return false,
            (true, wanted) => raw.wanted = wanted + 1,
            (false, 0) => {}
            (false, wanted) => {
                raw.wanted = wanted - 1;
                if raw.wanted == 0 {
                    raw.end();
                }
            }
        }
        true
    }

    fn arguments(&self) -> Vec<Vec<u8>> {
        self.arguments.clone()
    }
}

impl Drop for StandardTerminal {
    fn drop(&mut self) {
        lock(&self.raw).end();
    }
}

#[cfg(unix)]
impl Raw {
    fn begin(&mut self) -> bool {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let Ok(before) = tcgetattr(io::stdin()) else { return false };
        let mut mode = before.clone();
        mode.make_raw();
        self.before = Some(before);
        tcsetattr(io::stdin(), OptionalActions::Now, &mode).is_ok()
    }

    fn end(&mut self) {
        if let Some(before) = self.before.take() {
            // A terminal that has gone away needs no mode.
            let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &before);
        }
    }
}

#[cfg(not(unix))]
impl Raw {
    fn begin(&mut self) -> bool {
        false
    }

    fn end(&mut self) {}
}
