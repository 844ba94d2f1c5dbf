//! How long to wait before trying again: exponential back-off with full jitter.
//!
//! A wait follows from the number of failures so far and a seed. It never sleeps, reads no clock
//! and no entropy: the same seed gives the same waits. The crates for this add their jitter on top of
//! the delay, so that everybody who failed together tries again after the same minimum; full jitter
//! spreads them over the whole delay, and is one line over a random number generator.

use std::time::Duration;

/// Waits drawn evenly from zero to `base` doubled with every failure, and to `cap` at most.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    random: fastrand::Rng,
}

impl Backoff {
    pub(crate) fn new(base: Duration, cap: Duration, seed: u64) -> Self {
        Self { base, cap, random: fastrand::Rng::with_seed(seed) }
    }

    /// The wait after so many failures in a row; `failures` counts the one that was just seen.
    pub(crate) fn wait(&mut self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let ceiling = self.base.saturating_mul(1_u32 << doublings).min(self.cap);
        self.jitter(ceiling)
    }

    /// A wait drawn evenly from zero to `ceiling`, both included.
    pub(crate) fn jitter(&mut self, ceiling: Duration) -> Duration {
        let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.random.u64(0..=millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(seed: u64, failures: u32) -> Vec<Duration> {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10), seed);
        (0..2_000).map(|_| backoff.wait(failures)).collect()
    }

    #[test]
    fn waits_fill_the_doubled_delay_from_zero_up_to_the_cap() {
        for (failures, ceiling) in
            [(1, 500), (2, 1_000), (3, 2_000), (5, 8_000), (6, 10_000), (u32::MAX, 10_000)]
        {
            let waits = waits(7, failures);
            let ceiling = Duration::from_millis(ceiling);
            assert!(waits.iter().all(|wait| *wait <= ceiling));
            assert!(waits.iter().any(|wait| *wait < ceiling / 10), "{failures} failures");
            assert!(waits.iter().any(|wait| *wait > ceiling * 9 / 10), "{failures} failures");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_waits_and_another_seed_gives_others() {
        assert_eq!(waits(1, 4), waits(1, 4));
        assert_ne!(waits(1, 4), waits(2, 4));
    }
}
