//! The random generator of `math.random`: xoshiro256**, seeded through splitmix64.
//!
//! Fast and well distributed, not for secrets. One generator per interpreter; equal seeds give equal sequences.

/// The generator's state.
#[derive(Clone, Debug)]
pub struct Random([u64; 4]);

impl Random {
    /// A generator whose sequence is determined by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ mixed >> 31
        }))
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.0;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= shifted;
        *s3 = s3.rotate_left(45);
        result
    }

    /// A float in `[0, 1)`, all multiples of 2^-53 equally likely.
    pub fn float(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An integer in `low..=high`, all equally likely. `low` must not be above `high`.
    pub fn integer(&mut self, low: i64, high: i64) -> i64 {
        let span = high.wrapping_sub(low) as u64;
        let Some(count) = span.checked_add(1) else {
            return self.bits() as i64;
        };
        // The high half of the product is the result; low halves in the incomplete last stretch are thrown again.
        let mut product = u128::from(self.bits()) * u128::from(count);
        if (product as u64) < count {
            let incomplete = count.wrapping_neg() % count;
            while (product as u64) < incomplete {
                product = u128::from(self.bits()) * u128::from(count);
            }
        }
        low.wrapping_add((product >> 64) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_published_generator() {
        let mut random = Random([1, 2, 3, 4]);
        let expected = [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240];
        assert_eq!(std::array::from_fn(|_| random.bits()), expected);
    }

    #[test]
    fn ranges_are_covered_and_kept() {
        let mut random = Random::new(42);
        let mut seen = [0; 6];
        for _ in 0..6000 {
            seen[random.integer(1, 6) as usize - 1] += 1;
            assert!((0.0..1.0).contains(&random.float()));
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
        assert_eq!(random.integer(7, 7), 7);
        for _ in 0..100 {
            assert!((i64::MIN..=i64::MIN + 2).contains(&random.integer(i64::MIN, i64::MIN + 2)));
            random.integer(i64::MIN, i64::MAX);
        }
    }
}
