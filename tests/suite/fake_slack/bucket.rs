//! Slack's rate limit as arithmetic: the time goes in, never read here.
//!
//! Slack documents one message a second and short bursts; about 25 to 40 at once were seen to pass, which
//! is anecdote, so that the burst is a choice of the test's.

/// A token bucket over milliseconds that the caller counts.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    spacing_ms: u64,
    /// Tokens are kept as the milliseconds it takes to earn them, so that no fraction is ever lost.
    capacity: u64,
    earned: u64,
    updated_at: u64,
}

impl Bucket {
    /// One message a second, 30 at once.
    pub(crate) fn slack() -> Self {
        Self::new(30, 1_000)
    }

    /// `burst` at once, then one every `spacing_ms`; full at time 0.
    pub(crate) fn new(burst: u64, spacing_ms: u64) -> Self {
        let capacity = burst * spacing_ms;
        Self { spacing_ms, capacity, earned: capacity, updated_at: 0 }
    }

    /// Takes a token, or says in how many whole seconds there is one (at least 1).
    pub(crate) fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        let passed = now_ms.saturating_sub(self.updated_at);
        self.updated_at = self.updated_at.max(now_ms);
        self.earned = self.capacity.min(self.earned + passed);
        match self.earned.checked_sub(self.spacing_ms) {
            Some(left) => {
                self.earned = left;
                Ok(())
            }
            None => Err((self.spacing_ms - self.earned).div_ceil(1_000).max(1)),
        }
    }
}

/// The windows that answers of 429 have opened: a client that posts inside one was told not to.
#[derive(Clone, Debug, Default)]
pub(crate) struct RetryAfterWindow {
    closed_until_ms: u64,
}

impl RetryAfterWindow {
    /// An answer of 429 left at `now_ms` and asked for `seconds` of silence.
    pub(crate) fn open(&mut self, now_ms: u64, seconds: u64) {
        self.closed_until_ms = self.closed_until_ms.max(now_ms + seconds * 1_000);
    }

    /// Whether a request that arrives at `now_ms` comes too early.
    pub(crate) fn contains(&self, now_ms: u64) -> bool {
        now_ms < self.closed_until_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_names_the_wait() {
        let mut bucket = Bucket::slack();
        assert_eq!((0..30).filter(|_| bucket.take(0).is_ok()).count(), 30);
        assert_eq!(bucket.take(0), Err(1));
        assert_eq!(bucket.take(999), Err(1));
        assert_eq!(bucket.take(1_000), Ok(()));
        assert_eq!(bucket.take(1_000), Err(1));
    }

    #[test]
    fn a_slow_bucket_rounds_the_wait_up_to_whole_seconds() {
        let mut bucket = Bucket::new(1, 5_000);
        assert_eq!(bucket.take(0), Ok(()));
        assert_eq!(bucket.take(100), Err(5));
        assert_eq!(bucket.take(4_999), Err(1));
        assert_eq!(bucket.take(5_000), Ok(()));
    }

    #[test]
    fn tokens_are_not_saved_beyond_the_burst() {
        let mut bucket = Bucket::slack();
        let hour = 3_600_000;
        assert_eq!((0..100).filter(|_| bucket.take(hour).is_ok()).count(), 30);
    }

    #[test]
    fn the_window_ends_when_its_seconds_have_passed_and_a_shorter_one_does_not_cut_it() {
        let mut window = RetryAfterWindow::default();
        assert!(!window.contains(0));
        window.open(1_000, 5);
        window.open(2_000, 1);
        assert!(window.contains(5_999));
        assert!(!window.contains(6_000));
    }
}
