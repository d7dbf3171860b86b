//! Readiness of sockets, pipes and the like, through mio.
//!
//! It translates events to pids and knows no queue. Workers poll it: an idle one sleeps in it, busy ones look between
//! slices. Invariant: a source is in the map exactly as long as its process watches it.

use std::io;
use std::time::Duration;

use hashbrown::HashMap;
use mio::event::Source;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use parking_lot::Mutex;

use crate::pid::Pid;
use crate::process::{Readiness, SourceId};
use crate::sync::{AtomicU64, AtomicUsize, Ordering};

const BELL: Token = Token(usize::MAX);

/// Events of one poll; the rest comes with the next.
const EVENTS: usize = 256;

/// See the module documentation.
pub(crate) struct Reactor {
    poll: Mutex<(Poll, Events)>,
    registry: Registry,
    waker: Waker,
    sources: Mutex<HashMap<usize, Pid>>,
    used: AtomicUsize,
    next: AtomicU64,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Reactor> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, BELL)?;
        Ok(Reactor {
            poll: Mutex::new((poll, Events::with_capacity(EVENTS))),
            registry,
            waker,
            sources: Mutex::default(),
            used: AtomicUsize::new(0),
            next: AtomicU64::new(1),
        })
    }

    /// Whether anything is watched.
    pub(crate) fn is_used(&self) -> bool {
        self.used.load(Ordering::SeqCst) > 0
    }

    /// Ends the poll that somebody sits in.
    pub(crate) fn ring(&self) {
        // Fails only if the descriptor is gone; the sleeper's timeout is then all there is.
        let _ = self.waker.wake();
    }

    pub(crate) fn watch(
        &self,
        source: &mut impl Source,
        interest: Interest,
        pid: Pid,
    ) -> io::Result<SourceId> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let token = Token(id as usize);
        self.sources.lock().insert(token.0, pid);
        self.used.fetch_add(1, Ordering::SeqCst);
        if let Err(error) = self.registry.register(source, token, interest) {
            self.forget(SourceId(id));
            return Err(error);
        }
        Ok(SourceId(id))
    }

    pub(crate) fn change(
        &self,
        source: &mut impl Source,
        id: SourceId,
        interest: Interest,
    ) -> io::Result<()> {
        self.registry.reregister(source, Token(id.0 as usize), interest)
    }

    pub(crate) fn unwatch(&self, source: &mut impl Source, id: SourceId) -> io::Result<()> {
        self.forget(id);
        self.registry.deregister(source)
    }

    /// The process of a source has ended; the source itself is closed by whoever owns it.
    pub(crate) fn forget(&self, id: SourceId) {
        if self.sources.lock().remove(&(id.0 as usize)).is_some() {
            self.used.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Waits at most `wait` (`None`: until rung) and reports what became ready. Does nothing if somebody else polls.
    pub(crate) fn poll(&self, wait: Option<Duration>, ready: &mut Vec<(Pid, SourceId, Readiness)>) {
        let Some(mut guard) = self.poll.try_lock() else { return };
        let (poll, events) = &mut *guard;
        if poll.poll(events, wait).is_err() {
            // Interrupted by a signal: the caller comes back.
            return;
        }
        if events.is_empty() {
            return;
        }
        let sources = self.sources.lock();
        for event in events.iter() {
            let Some(&pid) = sources.get(&event.token().0) else { continue };
            let readiness = Readiness {
                readable: event.is_readable() || event.is_read_closed() || event.is_error(),
                writable: event.is_writable() || event.is_write_closed() || event.is_error(),
            };
            ready.push((pid, SourceId(event.token().0 as u64), readiness));
        }
    }
}
