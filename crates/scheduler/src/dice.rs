//! Choices: from a seed where a run must be repeatable, cheap ones otherwise.
//!
//! Good enough to choose a victim or an interleaving, for nothing else.

use wippy_random::Random;

/// See the module documentation.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    random: Random,
    /// Choice points that only exist to find errors are active.
    pub(crate) adventurous: bool,
}

impl Dice {
    pub(crate) fn new(seed: u64, adventurous: bool) -> Dice {
        Dice { random: Random::new(seed), adventurous }
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.random.bits()
    }

    /// A number below `limit`; `None` if there is none.
    pub(crate) fn below(&mut self, limit: usize) -> Option<usize> {
        (limit > 0).then(|| self.random.below(limit))
    }

    /// In deterministic mode: true once in `n` times. Otherwise never.
    pub(crate) fn dare(&mut self, n: u64) -> bool {
        self.adventurous && self.roll().is_multiple_of(n)
    }
}
