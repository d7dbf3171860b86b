//! What time it is: the clock that the owner of an interpreter provides, or the system's.
//!
//! Waiting is not here. Invariant: the monotonic time never goes back, whatever happens to the wall clock.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wippy_vm::Context;

/// A source of time; owners replace it for tests and simulations.
pub trait Clock: Send + Sync {
    /// Nanoseconds since 1970-01-01 00:00:00 UTC; negative before.
    fn wall(&self) -> i128;

    /// Time since an arbitrary moment, such as the start of the program.
    fn monotonic(&self) -> Duration;
}

/// The clock of the system; its monotonic time began when the program first looked at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

static START: OnceLock<Instant> = OnceLock::new();

impl Clock for SystemClock {
    fn wall(&self) -> i128 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        }
    }

    fn monotonic(&self) -> Duration {
        START.get_or_init(Instant::now).elapsed()
    }
}

/// The clock of an interpreter; a host value ([`wippy_vm::Vm::set_host`]).
#[derive(Clone)]
pub struct HostClock(pub Arc<dyn Clock>);

/// Nanoseconds since 1970 by the interpreter's clock.
pub(crate) fn wall(cx: &mut Context<'_>) -> i128 {
    match cx.host::<HostClock>() {
        Some(clock) => clock.0.wall(),
        None => SystemClock.wall(),
    }
}

/// Monotonic time by the interpreter's clock.
pub(crate) fn monotonic(cx: &mut Context<'_>) -> Duration {
    match cx.host::<HostClock>() {
        Some(clock) => clock.0.monotonic(),
        None => SystemClock.monotonic(),
    }
}
