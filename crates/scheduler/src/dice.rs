//! Choices: from a seed where a run must be repeatable, cheap ones otherwise.
//!
//! A xorshift generator; good enough to choose a victim or an interleaving, for nothing else.

/// See the module documentation.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
    /// Choice points that only exist to find errors are active.
    pub(crate) adventurous: bool,
}

impl Dice {
    pub(crate) fn new(seed: u64, adventurous: bool) -> Dice {
        // Neighbouring seeds must not begin alike, and the state must not be 0.
        let mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut dice = Dice { state: (mixed ^ mixed >> 29) | 1, adventurous };
        dice.roll();
        dice
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `limit`; `None` if there is none.
    pub(crate) fn below(&mut self, limit: usize) -> Option<usize> {
        if limit < 2 { (limit == 1).then_some(0) } else { Some((self.roll() % limit as u64) as usize) }
    }

    /// In deterministic mode: true once in `n` times. Otherwise never.
    pub(crate) fn dare(&mut self, n: u64) -> bool {
        self.adventurous && self.roll().is_multiple_of(n)
    }
}
