//! Time since the scheduler started: the machine's, or a number that a test moves.

use std::time::{Duration, Instant};

use crate::sync::{AtomicU64, Ordering};

/// Counts nanoseconds from 0.
pub(crate) enum Clock {
    Real(Instant),
    Virtual(AtomicU64),
}

impl Clock {
    pub(crate) fn real() -> Clock {
        Clock::Real(Instant::now())
    }

    pub(crate) fn virtual_time() -> Clock {
        Clock::Virtual(AtomicU64::new(0))
    }

    /// Nanoseconds since the start. 23 ns with the real clock: not for every message.
    pub(crate) fn now(&self) -> u64 {
        match self {
            Clock::Real(start) => nanoseconds(start.elapsed()),
            Clock::Virtual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Moves a virtual clock forward; a real one cannot be moved.
    pub(crate) fn advance_to(&self, time: u64) {
        if let Clock::Virtual(now) = self {
            now.fetch_max(time, Ordering::Relaxed);
        }
    }
}

/// A duration in nanoseconds, at most 584 years.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
