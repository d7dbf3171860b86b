//! Random numbers that a seed repeats: choices of the scheduler, jitter, pivots, and the input of property tests.
//!
//! Not for secrets, and not `math.random`, whose sequence is its own. Invariant: the same seed gives the same numbers on
//! every machine.

/// A sequence of numbers (splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A sequence that depends on nothing but `seed`; those of neighbouring seeds have nothing in common.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03 }
    }

    /// The next 64 bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if there is none.
    #[inline]
    pub const fn below(&mut self, limit: usize) -> usize {
        let limit = if limit == 0 { 1 } else { limit };
        (self.bits() % limit as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub const fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of 100 cases.
    pub const fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number in `[0, 1)`.
    pub const fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of the items.
    ///
    /// # Panics
    /// If there are none.
    pub const fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// Up to `most` of the pieces, one after the other.
    pub fn text(&mut self, pieces: &[&[u8]], most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).flat_map(|_| self.pick(pieces).to_vec()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_everywhere() {
        let mut random = Random::new(1);
        assert_eq!(
            [random.bits(), random.bits()],
            [Random::new(1).bits(), {
                let mut again = Random::new(1);
                again.bits();
                again.bits()
            }]
        );
        assert_ne!(Random::new(1).bits(), Random::new(2).bits());
    }

    #[test]
    fn every_number_in_reach_comes_up() {
        let mut random = Random::new(7);
        let mut seen = [0; 10];
        for _ in 0..10_000 {
            seen[random.below(10)] += 1;
            assert!((3..=5).contains(&random.range(3, 5)));
            assert!((0.0..1.0).contains(&random.fraction()));
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
        assert_eq!(random.below(0), 0);
    }
}
