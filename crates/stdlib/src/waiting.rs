//! Calls into the operating system that may take as long as somebody else likes: reading a terminal or a pipe, running
//! another program.
//!
//! Nothing is waited for here. Whoever owns the OS process can be told before such a call is made, so that what is
//! needed only then (a thread that ends the program on Ctrl+C) is not there before; and so can whoever owns the thread,
//! so that others look after what it has to do. Calls that end by themselves, such as those about files on a disk, are
//! not announced.

use std::sync::OnceLock;

type Told = Box<dyn Fn() + Send + Sync>;

static TOLD: OnceLock<Told> = OnceLock::new();

static STAND_IN: OnceLock<fn()> = OnceLock::new();

/// Who is told from now on, for the rest of the OS process's life; the first one stays.
pub fn tell(told: impl Fn() + Send + Sync + 'static) {
    let _ = TOLD.set(Box::new(told));
}

/// What is called from now on, on the thread that may have to wait; the first one stays.
pub fn stand_in(call: fn()) {
    let _ = STAND_IN.set(call);
}

/// To be called before a call that may wait, and by an owner whose program runs for long.
pub fn announce() {
    if let Some(told) = TOLD.get() {
        told();
    }
    if let Some(call) = STAND_IN.get() {
        call();
    }
}
