//! Deadlines: something to be done at a moment, unless it is called off.
//!
//! One thread for all of them. Invariant: an alarm that was called off never rings, and one that rings does so once.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

type Ring = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    alarms: BTreeMap<(Instant, u64), Ring>,
    count: u64,
    running: bool,
}

/// See the module. The thread starts with the first alarm.
#[derive(Default, Clone)]
pub struct Alarms {
    shared: Arc<(Mutex<State>, Condvar)>,
}

/// Names an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm(Instant, u64);

impl Alarms {
    /// Rings after a delay.
    pub fn set(&self, delay: Duration, ring: Ring) -> Alarm {
        let now = Instant::now();
        let at = now.checked_add(delay).unwrap_or(now + Duration::from_secs(1 << 31));
        let (state, bell) = &*self.shared;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        let key = (at, state.count);
        state.alarms.insert(key, ring);
        if !state.running {
            let shared = Arc::clone(&self.shared);
            let started = std::thread::Builder::new().name("alarms".to_owned()).spawn(move || serve(&shared));
            state.running = started.is_ok();
        }
        bell.notify_one();
        Alarm(key.0, key.1)
    }

    /// Calls an alarm off.
    pub fn call_off(&self, alarm: Alarm) {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).alarms.remove(&(alarm.0, alarm.1));
    }
}

fn serve(shared: &(Mutex<State>, Condvar)) {
    let (state, bell) = shared;
    let mut guard = state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let now = Instant::now();
        match guard.alarms.first_key_value().map(|(key, _)| *key) {
            Some(key) if key.0 <= now => {
                let ring = guard.alarms.remove(&key);
                drop(guard);
                if let Some(ring) = ring {
                    ring();
                }
                guard = state.lock().unwrap_or_else(PoisonError::into_inner);
            }
            Some((at, _)) => {
                guard = bell.wait_timeout(guard, at - now).unwrap_or_else(PoisonError::into_inner).0;
            }
            None => guard = bell.wait(guard).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn alarms_ring_in_order_unless_called_off() {
        let alarms = Alarms::default();
        let (sender, receiver) = mpsc::channel();
        let ring = |name: &'static str| -> Ring {
            let sender = sender.clone();
            Box::new(move || sender.send(name).unwrap())
        };
        alarms.set(Duration::from_millis(40), ring("late"));
        let never = alarms.set(Duration::from_millis(20), ring("never"));
        alarms.set(Duration::from_millis(1), ring("early"));
        alarms.call_off(never);
        assert_eq!((receiver.recv(), receiver.recv()), (Ok("early"), Ok("late")));
    }
}
