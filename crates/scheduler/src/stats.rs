//! Counters of workers, and their sums for people.
//!
//! Each worker writes counters of its own, so counting costs a load and a store in its own cache line. Invariant: sums
//! are exact once everything stands still, and a moment old otherwise.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number with one writer.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// By its one writer.
    pub(crate) fn add(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// By one of many.
    pub(crate) fn add_shared(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One worker's counters.
        #[derive(Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Count,)*
        }

        /// What has happened since the scheduler started, and how things stand.
        #[derive(Clone, PartialEq, Eq, Debug, Default)]
        #[non_exhaustive]
        pub struct Statistics {
            $($(#[$doc])* pub $name: u64,)*
            /// Processes alive.
            pub processes: u64,
            /// Processes waiting in queues that workers can steal from, per worker.
            pub queued: Vec<usize>,
            /// Processes woken or started from outside that no worker has taken yet.
            pub injected: usize,
            /// Timers set.
            pub timers: usize,
            /// Operations begun and not completed.
            pub operations: usize,
            /// Blocking jobs that no thread has begun.
            pub blocking: usize,
            /// Registered names.
            pub names: usize,
            /// Workers asleep.
            pub sleeping: usize,
        }

        impl Statistics {
            pub(crate) fn sum<'a>(all: impl Iterator<Item = &'a Counters>) -> Statistics {
                let mut sum = Statistics::default();
                for one in all {
                    $(sum.$name += one.$name.get();)*
                }
                sum.processes = sum.spawned.saturating_sub(sum.ended);
                sum
            }
        }
    };
}

counters! {
    /// Processes started.
    spawned,
    /// Processes that have ended.
    ended,
    /// Messages accepted.
    messages,
    /// Steps made.
    steps,
    /// Fuel used.
    reductions,
    /// Steps that used up their fuel.
    slices,
    /// Slices that took longer than the threshold of the builder.
    overruns,
    /// Times a worker took work from another.
    steals,
    /// Times a worker was woken.
    wakes,
    /// Timers that ran out.
    timers_fired,
    /// Steps that panicked.
    panics,
}
