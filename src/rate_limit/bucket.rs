//! A token bucket that needs no timer: it remembers up to when its tokens are spent.

/// The longest that a bucket stays empty, whatever Slack or a clock that jumps may say: an hour.
pub(super) const MAX_EMPTY_MS: i64 = 3_600_000;

/// So many posts at once, then one every so many milliseconds.
///
/// This is the generic cell rate algorithm (ITU-T I.371): a bucket of `burst` tokens that gains one every `spacing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    burst: i64,
    spacing_ms: i64,
    /// When the bucket is full again if no further token is taken.
    full_at_ms: i64,
}

impl Bucket {
    /// A full bucket. A burst below 1 is taken for 1, since a bucket without tokens would never post.
    #[must_use]
    pub fn new(burst: u32, spacing_ms: u32) -> Self {
        Self { burst: i64::from(burst.max(1)), spacing_ms: i64::from(spacing_ms), full_at_ms: i64::MIN }
    }

    /// The same bucket as it stands when it was kept elsewhere: [`Bucket::full_at_ms`] of it.
    #[must_use]
    pub fn with_full_at_ms(self, full_at_ms: i64) -> Self {
        Self { full_at_ms, ..self }
    }

    /// When it is full again if no further token is taken, epoch milliseconds: all that there is to keep of it.
    #[must_use]
    pub fn full_at_ms(&self) -> i64 {
        self.full_at_ms
    }

    /// How long until there is a token, in milliseconds; 0 where there is one now.
    #[must_use]
    pub fn wait_ms(&self, now_ms: i64) -> i64 {
        let available_at = self.full_at_ms.saturating_sub((self.burst - 1) * self.spacing_ms);
        available_at.saturating_sub(now_ms).clamp(0, MAX_EMPTY_MS)
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, now_ms: i64) -> bool {
        // A clock that was put back must not keep the bucket empty until it has caught up.
        let latest = now_ms.saturating_add(MAX_EMPTY_MS + self.burst * self.spacing_ms);
        self.full_at_ms = self.full_at_ms.min(latest);
        let has_token = self.wait_ms(now_ms) == 0;
        if has_token {
            self.full_at_ms = self.full_at_ms.max(now_ms) + self.spacing_ms;
        }
        has_token
    }

    /// Empties the bucket for `retry_after_ms`; after that there is one token.
    pub fn empty(&mut self, now_ms: i64, retry_after_ms: i64) {
        let until = now_ms.saturating_add(retry_after_ms.clamp(0, MAX_EMPTY_MS));
        self.full_at_ms = self.full_at_ms.max(until.saturating_add((self.burst - 1) * self.spacing_ms));
    }

    /// The least time between two posts once the burst is spent, in milliseconds.
    #[must_use]
    pub fn spacing_ms(&self) -> i64 {
        self.spacing_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_goes_out_at_once_and_then_one_every_spacing() {
        let mut bucket = Bucket::new(5, 5_000);
        let taken: Vec<bool> =
            [0, 0, 0, 0, 0, 0, 4_999, 5_000, 5_001, 10_000, 10_000].map(|now| bucket.take(now)).to_vec();
        assert_eq!(taken, [true, true, true, true, true, false, false, true, false, true, false]);
        assert_eq!(bucket.wait_ms(10_000), 5_000);
        assert!((0..5).all(|_| bucket.take(60_000)));
        assert!(!bucket.take(60_000));
    }

    #[test]
    fn after_a_429_there_is_one_token_when_retry_after_has_passed() {
        let mut bucket = Bucket::new(5, 5_000);
        assert!(bucket.take(0));
        bucket.empty(0, 30_000);
        assert_eq!(bucket.wait_ms(0), 30_000);
        assert!(!bucket.take(29_999));
        assert!(bucket.take(30_000));
        assert!(!bucket.take(30_000));
    }

    #[test]
    fn a_clock_that_jumps_back_blocks_for_an_hour_at_most() {
        let mut bucket = Bucket::new(1, 5_000);
        assert!(bucket.take(1_000_000_000_000));
        assert!(!bucket.take(0));
        assert!(!bucket.take(MAX_EMPTY_MS - 1));
        assert!(bucket.take(MAX_EMPTY_MS + 5_000));
    }

    proptest! {
        /// Counted in any window: never more than the burst and one for every spacing.
        #[test]
        fn never_more_than_the_bucket_allows(
            burst in 1_u32..8, spacing in 1_u32..9_000, steps in prop::collection::vec(0_i64..4_000, 1..200),
        ) {
            let mut bucket = Bucket::new(burst, spacing);
            let mut now = 1_600_000_000_000;
            let mut taken = Vec::new();
            for step in steps {
                now += step;
                if bucket.take(now) {
                    taken.push(now);
                }
            }
            for (first, start) in taken.iter().enumerate() {
                for (last, end) in taken.iter().enumerate().skip(first) {
                    let allowed = i64::from(burst) + (end - start) / i64::from(spacing);
                    prop_assert!(i64::try_from(last - first + 1).unwrap() <= allowed);
                }
            }
        }
    }
}
