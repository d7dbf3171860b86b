//! Options of a scheduler, and how it is put together.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_deque::Injector;
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

use crate::blocking::Blocking;
use crate::clock::{Clock, nanoseconds};
use crate::deterministic::Deterministic;
use crate::dice::Dice;
use crate::handle::{Handle, Scheduler};
use crate::hub::{Hub, RUNNING};
use crate::idle::Idle;
use crate::mailbox::Store;
use crate::names::Names;
use crate::pid::Hosts;
use crate::process::{Fuel, Process};
use crate::queue::Queues;
use crate::reactor::Reactor;
use crate::relief::Relief;
use crate::sync::AtomicUsize;
use crate::table::{Free, Table};
use crate::timer::wheel::Wheel;
use crate::worker::Core;

/// A slice of a typical process: 100 to 300 us. Measured: 50 us cost 5 % in fan-in, 500 us make timers late.
const SLICE: Fuel = Fuel(16_000);

/// Workers beyond this are refused: timer numbers have 8 bits for them.
const MOST_WORKERS: usize = 255;

/// What the parts need to know of the options.
pub(crate) struct Settings {
    pub(crate) slice: u64,
    /// Nanoseconds beyond which a slice counts as an overrun.
    pub(crate) overrun: u64,
    pub(crate) max_processes: Option<usize>,
    pub(crate) on_stall: Option<Box<dyn Fn() + Send + Sync>>,
    pub(crate) on_relief: Option<Relief>,
}

/// Options, all with defaults.
pub struct Builder {
    workers: usize,
    blocking: usize,
    stack_bytes: usize,
    settings: Settings,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder of {} workers", self.workers)
    }
}

impl Builder {
    /// One worker per core, slices of 16,000 units, at most 64 threads for blocking jobs.
    pub fn new() -> Builder {
        let settings = Settings {
            slice: SLICE.0,
            overrun: nanoseconds(Duration::from_millis(2)),
            max_processes: None,
            on_stall: None,
            on_relief: None,
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Builder { workers, blocking: 64, stack_bytes: 2 << 20, settings }
    }

    /// Worker threads, from 1 to 255.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = workers.clamp(1, MOST_WORKERS);
        self
    }

    /// Fuel of a slice. Choose it so that a slice lasts 100 to 300 us.
    pub fn slice(mut self, slice: Fuel) -> Builder {
        self.settings.slice = slice.0.clamp(1, u64::from(u32::MAX) / 32);
        self
    }

    /// Threads for blocking jobs, at most.
    pub fn blocking_threads(mut self, threads: usize) -> Builder {
        self.blocking = threads.max(1);
        self
    }

    /// Stack of a worker thread.
    pub fn stack_bytes(mut self, bytes: usize) -> Builder {
        self.stack_bytes = bytes;
        self
    }

    /// Refuses to start more processes than this.
    pub fn max_processes(mut self, limit: usize) -> Builder {
        self.settings.max_processes = Some(limit);
        self
    }

    /// Slices that take longer are counted as overruns.
    pub fn overrun(mut self, threshold: Duration) -> Builder {
        self.settings.overrun = nanoseconds(threshold);
        self
    }

    /// Called by the last worker that goes to sleep while nothing is left that could wake a process by itself: every
    /// process waits for a message, and only Rust code outside could send one. May be called more than once and must
    /// not block; a deadlock report begins here.
    pub fn on_stall(mut self, stalled: impl Fn() + Send + Sync + 'static) -> Builder {
        self.settings.on_stall = Some(Box::new(stalled));
        self
    }

    /// `relieve` is called by a worker that is about to sleep, after many processes have ended and the memory of their
    /// places was given back to the system: the moment to give back what they had besides. May take milliseconds. In a
    /// quiet moment it is called, too, when a few have ended, or when `is_worth` says that there is something to give
    /// back for other reasons; by each worker, for what that may keep for itself.
    pub fn on_relief(
        mut self,
        is_worth: impl Fn() -> bool + Send + Sync + 'static,
        relieve: impl Fn() + Send + Sync + 'static,
    ) -> Builder {
        self.settings.on_relief = Some(Relief { is_worth: Box::new(is_worth), relieve: Box::new(relieve) });
        self
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// If the operating system gives no threads or no way to wait for readiness.
    pub fn start<P: Process>(self) -> io::Result<Scheduler<P>> {
        let (workers, stack_bytes) = (self.workers, self.stack_bytes);
        let blocking = Blocking::new(self.blocking);
        let (hub, queues) = self.assemble(workers, false, Clock::real(), blocking)?;
        // From here on dropping the scheduler ends the threads that were started.
        let mut threads = Vec::with_capacity(workers);
        for (index, queues) in queues.into_iter().enumerate() {
            let shared = Arc::clone(&hub);
            let worker = move || Core::new(index, queues, Dice::new(index as u64, false)).work(&shared);
            let name = format!("wippy-worker-{index}");
            let thread = std::thread::Builder::new().name(name).stack_size(stack_bytes).spawn(worker);
            match thread {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    drop(Scheduler::new(Handle::new(&hub), threads));
                    return Err(error);
                }
            }
        }
        Ok(Scheduler::new(Handle::new(&hub), threads))
    }

    /// A scheduler without threads, on a virtual clock, whose choices follow from the seed.
    ///
    /// # Errors
    /// If the operating system gives no way to wait for readiness.
    pub fn deterministic<P: Process>(self, seed: u64) -> io::Result<Deterministic<P>> {
        let (hub, mut queues) = self.assemble(1, true, Clock::virtual_time(), Blocking::new(0))?;
        let queues = queues.pop().expect("one worker was asked for");
        Ok(Deterministic::new(hub, Core::new(0, queues, Dice::new(seed, true))))
    }

    fn assemble<P: Process>(
        self,
        workers: usize,
        seeded: bool,
        clock: Clock,
        blocking: Arc<Blocking>,
    ) -> io::Result<(Arc<Hub<P>>, Vec<Queues>)> {
        let (queues, theft): (Vec<_>, Vec<_>) = (0..workers).map(|_| Queues::new(seeded)).unzip();
        let hub = Hub {
            table: Table::new(),
            hosts: Hosts::default(),
            names: Names::default(),
            injector: Injector::new(),
            theft: theft.into(),
            idle: Idle::new(workers),
            reactor: Reactor::new()?,
            blocking,
            wheels: (0..workers).map(|_| CachePadded::new(Mutex::new(Wheel::new()))).collect(),
            clock,
            nodes: Store::new(),
            counters: (0..=workers).map(|_| CachePadded::default()).collect(),
            outside: Mutex::new(Free::default()),
            bells: Mutex::default(),
            pending: AtomicUsize::new(0),
            stage: AtomicUsize::new(RUNNING),
            promised: AtomicUsize::new(0),
            settings: self.settings,
        };
        Ok((Arc::new(hub), queues))
    }
}
