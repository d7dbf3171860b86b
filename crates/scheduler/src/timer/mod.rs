//! Deadlines of processes: one wheel per worker, and the numbers that name what is in them.
//!
//! The worker that sets a timer owns its wheel and is the only one to add to it and to let it turn; any worker may
//! take a timer out again, which is why each wheel has a lock. Invariant: a timer that was cancelled before it left
//! its wheel is never delivered; one that has left it may still be on its way.

pub(crate) mod wheel;

use crate::process::TimerId;

/// Bits of a timer number: which wheel (8), which place in it (28), how often that place was used (28).
const PLACE_BITS: u32 = 28;
const MASK: u64 = (1 << PLACE_BITS) - 1;

impl TimerId {
    pub(crate) fn new(wheel: usize, key: wheel::Key) -> TimerId {
        let generation = u64::from(key.generation) & MASK;
        TimerId((wheel as u64) << (2 * PLACE_BITS) | generation << PLACE_BITS | u64::from(key.place))
    }

    pub(crate) fn wheel(self) -> usize {
        (self.0 >> (2 * PLACE_BITS)) as usize
    }

    pub(crate) fn key(self) -> wheel::Key {
        wheel::Key { place: (self.0 & MASK) as u32, generation: (self.0 >> PLACE_BITS & MASK) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_number_keeps_its_parts() {
        let key = wheel::Key { place: 0xabc_def1, generation: 0x123_4567 };
        let timer = TimerId::new(200, key);
        assert_eq!((timer.wheel(), timer.key()), (200, key));
    }
}
