//! Sleeping and waking of workers.
//!
//! # Protocol
//!
//! A worker is *busy*, *searching* (counted) or *parked* (a flag of its own, counted too).
//!
//! - Going to sleep: stop searching, set the flag, full fence, look at all queues once more, sleep.
//! - After pushing to a queue that others can steal from: full fence; if somebody searches, he will find it; otherwise
//!   clear one worker's flag by a swap. The winner of the swap counts the sleeper as searching and wakes it.
//!
//! The two fences make it impossible that the pusher misses the sleeper *and* the sleeper misses the push. A sleeper
//! that finds its flag cleared by somebody else owns a place among the searching and must give it back.
//!
//! At most one sleeper sits in the poll of the reactor, the others on a condition variable; a waker rings the poll only
//! when its sleeper is the one in there.

use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::reactor::Reactor;
use crate::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, Ordering, fence};

const NOBODY: usize = usize::MAX;

/// See the module documentation.
pub(crate) struct Idle {
    searching: CachePadded<AtomicUsize>,
    parked: CachePadded<AtomicUsize>,
    poller: AtomicUsize,
    places: Box<[CachePadded<Place>]>,
}

struct Place {
    parked: AtomicBool,
    /// Set by whoever wakes this worker; cleared by it.
    token: Mutex<bool>,
    bell: Condvar,
}

impl Idle {
    pub(crate) fn new(workers: usize) -> Idle {
        let place = || {
            CachePadded::new(Place {
                parked: AtomicBool::new(false),
                token: Mutex::new(false),
                bell: Condvar::new(),
            })
        };
        Idle {
            searching: CachePadded::new(AtomicUsize::new(0)),
            parked: CachePadded::new(AtomicUsize::new(0)),
            poller: AtomicUsize::new(NOBODY),
            places: (0..workers).map(|_| place()).collect(),
        }
    }

    /// Starts to search, unless half of the workers do already.
    pub(crate) fn start_searching(&self) -> bool {
        let searching = self.searching.load(Ordering::Relaxed);
        if 2 * searching >= self.places.len() {
            return false;
        }
        self.searching.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// Ends the search; whether this was the last one who searched.
    pub(crate) fn stop_searching(&self) -> bool {
        self.searching.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Workers that sleep right now.
    pub(crate) fn parked(&self) -> usize {
        self.parked.load(Ordering::SeqCst)
    }

    /// Something was pushed where others can steal it. Whether somebody was woken for it.
    pub(crate) fn notify(&self, reactor: &Reactor) -> bool {
        fence(Ordering::SeqCst);
        if self.parked.load(Ordering::Relaxed) == 0 || self.searching.load(Ordering::Relaxed) > 0 {
            return false;
        }
        self.wake_one(reactor)
    }

    #[cold]
    fn wake_one(&self, reactor: &Reactor) -> bool {
        for (worker, place) in self.places.iter().enumerate() {
            if place.parked.load(Ordering::Relaxed) && self.wake(worker, reactor) {
                return true;
            }
        }
        false
    }

    fn wake(&self, worker: usize, reactor: &Reactor) -> bool {
        let place = &self.places[worker];
        if !place.parked.swap(false, Ordering::SeqCst) {
            return false;
        }
        self.parked.fetch_sub(1, Ordering::SeqCst);
        self.searching.fetch_add(1, Ordering::SeqCst);
        *place.token.lock() = true;
        if self.poller.load(Ordering::SeqCst) == worker {
            reactor.ring();
        } else {
            place.bell.notify_one();
        }
        true
    }

    /// Wakes everybody, to see that the scheduler stops.
    pub(crate) fn wake_all(&self, reactor: &Reactor) {
        // As in `notify`: either the sleeper sees the stop, or its flag is seen here.
        fence(Ordering::SeqCst);
        for worker in 0..self.places.len() {
            self.wake(worker, reactor);
        }
    }

    /// Sleeps until woken, until `wait` is over, or until the reactor has something, which `poll` then handles.
    /// `look` is asked, after this worker counts as asleep, whether there is something to do after all.
    ///
    /// The caller is not counted as searching before, and is afterwards.
    pub(crate) fn sleep(
        &self,
        worker: usize,
        reactor: &Reactor,
        wait: Option<Duration>,
        look: impl FnOnce() -> bool,
        poll: impl FnOnce(Option<Duration>),
    ) {
        let place = &self.places[worker];
        place.parked.swap(true, Ordering::SeqCst);
        self.parked.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if !look() {
            let polls = reactor.is_used()
                && self.poller.compare_exchange(NOBODY, worker, Ordering::SeqCst, Ordering::SeqCst).is_ok();
            if polls {
                if !*place.token.lock() {
                    poll(wait);
                }
                self.poller.store(NOBODY, Ordering::SeqCst);
            } else {
                let mut token = place.token.lock();
                if !*token {
                    match wait {
                        Some(wait) => {
                            place.bell.wait_for(&mut token, wait);
                        }
                        None => place.bell.wait(&mut token),
                    }
                }
            }
        }
        if place.parked.swap(false, Ordering::SeqCst) {
            self.parked.fetch_sub(1, Ordering::SeqCst);
            self.searching.fetch_add(1, Ordering::SeqCst);
        } else {
            // Somebody wakes this worker, or has: wait for the token, so that it does not end the next sleep.
            let mut token = place.token.lock();
            while !*token {
                place.bell.wait_for(&mut token, Duration::from_millis(1));
            }
            *token = false;
        }
    }
}
