//! The relations of a slot's owner behind a lock, both in one word.
//!
//! | word | meaning |
//! |---|---|
//! | null | free, nothing is noted |
//! | even | free, the box of what is noted |
//! | odd | taken; the number is that of the thread that has it |
//!
//! Sections are short: a few look-ups. Not a lock of a library, because the memory of a vacant slot may be zeroed at any
//! time, also while somebody who came too late looks into it ([`super::spare`]). Whoever gives the word back does so
//! only if it still has the own number: after zeroing it is somebody else's, or nobody's. Invariant: nothing is noted
//! in a vacant slot, so what a late one holds is nothing.

use std::ptr;

use crate::links::Relations;
use crate::sync::{AtomicPtr, Ordering};

thread_local! {
    /// Its address is the thread's number.
    static NUMBER: u64 = const { 0 };
}

/// Looks before the processor is left to others: whoever has the word may wait for it.
const LOOKS: u32 = 100;

/// See the module.
pub(super) struct Noted(AtomicPtr<Relations>);

impl Noted {
    pub(super) fn new() -> Noted {
        Noted(AtomicPtr::new(ptr::null_mut()))
    }

    /// Takes the word; nobody else looks at what is noted until the guard goes.
    pub(super) fn lock(&self) -> Guard<'_> {
        let token = ptr::without_provenance_mut(NUMBER.with(|number| ptr::from_ref(number).addr()) | 1);
        let mut looks = 0;
        loop {
            let found = self.0.load(Ordering::Relaxed);
            let free = found.addr() & 1 == 0;
            if free
                && self.0.compare_exchange_weak(found, token, Ordering::Acquire, Ordering::Relaxed).is_ok()
            {
                // SAFETY: an even word that is not null came from a box (`Guard::drop`), and the exchange made it ours.
                let noted = (!found.is_null()).then(|| unsafe { Box::from_raw(found) });
                return Guard { word: &self.0, token, noted };
            }
            looks += 1;
            if looks % LOOKS == 0 {
                std::thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        drop(self.lock().noted.take());
    }
}

/// The right to look at what is noted.
pub(super) struct Guard<'a> {
    word: &'a AtomicPtr<Relations>,
    token: *mut Relations,
    pub(super) noted: Option<Box<Relations>>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let noted = self.noted.take().map_or(ptr::null_mut(), Box::into_raw);
        if self.word.compare_exchange(self.token, noted, Ordering::Release, Ordering::Relaxed).is_err() {
            debug_assert!(noted.is_null(), "nothing is noted in a vacant slot");
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::pid::Pid;

    #[test]
    fn one_thread_at_a_time_looks() {
        let noted = Noted::new();
        std::thread::scope(|scope| {
            for thread in 1..=4 {
                let noted = &noted;
                scope.spawn(move || {
                    for _ in 0..2000 {
                        let mut guard = noted.lock();
                        let relations = guard.noted.get_or_insert_default();
                        assert!(relations.is_empty());
                        relations.born_watched_by(Pid::from_raw(thread));
                        relations.peer_ended(Pid::from_raw(thread));
                    }
                });
            }
        });
        assert!(noted.lock().noted.is_some());
    }

    #[test]
    fn a_late_one_gives_back_nothing_that_is_not_its_own() {
        let noted = Noted::new();
        let late = noted.lock();
        noted.0.store(ptr::null_mut(), Ordering::Relaxed);
        let mut next = noted.lock();
        next.noted.get_or_insert_default().add_name(b"name");
        drop(next);
        drop(late);
        assert_eq!(noted.lock().noted.as_ref().map(|noted| noted.names().count()), Some(1));
    }
}
