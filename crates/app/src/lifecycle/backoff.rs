//! How long to wait before a restart.
//!
//! Pure arithmetic; chance comes in as a number. Invariant: never longer than the longest wait and its jitter, for any
//! count of failures.

use std::time::Duration;

use super::policy::Restart;

/// The wait before retry `number` (from 1); `chance` is in `[0, 1)`.
pub fn delay(restart: &Restart, number: u32, chance: f64) -> Duration {
    let most = restart.max_delay.as_secs_f64();
    let factor = restart.backoff_factor.powi(i32::try_from(number.saturating_sub(1)).unwrap_or(i32::MAX));
    let base = restart.initial_delay.as_secs_f64() * factor;
    let base = if base.is_finite() { base.min(most) } else { most };
    let moved = base * (1.0 + restart.jitter.min(1.0) * (2.0 * chance - 1.0));
    Duration::try_from_secs_f64(moved.max(0.0)).unwrap_or(restart.max_delay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Policy;

    #[test]
    fn doubles_up_to_the_longest() {
        let restart = Policy::default().restart;
        let seconds: Vec<u64> =
            (1..=9).map(|n| delay(&restart, n, 0.5).as_secs_f64().round() as u64).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 90, 90]);
        assert_eq!(delay(&restart, u32::MAX, 0.5), Duration::from_secs(90));
    }

    #[test]
    fn chance_moves_it_by_the_jitter() {
        let restart = Policy::default().restart;
        assert_eq!(delay(&restart, 1, 0.0), Duration::from_millis(900));
        assert!(delay(&restart, 1, 0.999_999) > Duration::from_millis(1099));
        let constant = Restart { backoff_factor: 0.0, jitter: 0.0, ..restart };
        assert_eq!(delay(&constant, 3, 0.5), Duration::ZERO);
    }
}
