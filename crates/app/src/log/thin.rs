//! Thinning: a line that repeats itself too often is left out.
//!
//! Pure. Per second and per line (level, name and message), the first hundred pass, then every hundredth.

use std::collections::HashMap;
use std::time::Duration;

use super::line::{Level, Line};

/// Lines that pass in one second.
pub const FIRST: u32 = 100;
/// Of the rest, one in this many passes.
pub const AFTER: u32 = 100;
/// Different lines that are counted at a time.
const MOST: usize = 4096;

/// Counts of this second.
#[derive(Debug, Default)]
pub struct Thin {
    second: u64,
    counts: HashMap<(Level, String, String), u32>,
}

impl Thin {
    /// Whether a line passes.
    pub fn passes(&mut self, line: &Line, elapsed: Duration) -> bool {
        if elapsed.as_secs() != self.second || self.counts.len() > MOST {
            self.second = elapsed.as_secs();
            self.counts.clear();
        }
        let count = self.counts.entry((line.level, line.name.clone(), line.message.clone())).or_insert(0);
        *count = count.saturating_add(1);
        *count <= FIRST || (*count - FIRST).is_multiple_of(AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_pass_and_then_one_in_a_hundred() {
        let line =
            Line { level: Level::Info, name: "a".into(), message: "m".into(), fields: Default::default() };
        let other = Line { message: "n".into(), ..line.clone() };
        let mut thin = Thin::default();
        let passed = (0..1000).filter(|_| thin.passes(&line, Duration::ZERO)).count();
        assert_eq!(passed, 109);
        assert!(thin.passes(&other, Duration::ZERO));
        assert!(thin.passes(&line, Duration::from_secs(1)));
    }
}
