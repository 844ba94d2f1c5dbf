//! How long something may take.
//!
//! In come a deadline and the time, passed in by whoever knows them; out comes whether there is time
//! left. It reads no wall clock.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// What is usually enough for an answer, a new connection included.
const LEAST_REQUEST_TIME: Duration = Duration::from_millis(250);

/// How much time a task has, and what time it is; both are passed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    end: Instant,
    now: SystemTime,
}

impl Budget {
    /// Left at the end of an invocation for the ledger and the answer to Lambda.
    pub const RESERVE: Duration = Duration::from_millis(500);

    /// What an invocation has until `deadline`, less [`Budget::RESERVE`]. `now` is the wall clock at the
    /// moment of the call, to sign requests and to read dates by.
    #[must_use]
    pub fn of_invocation(deadline: Instant, now: SystemTime) -> Self {
        // Without the reserve there is no time at all, which a deadline of now says.
        Self::until(deadline.checked_sub(Self::RESERVE).unwrap_or_else(Instant::now), now)
    }

    /// All the time until `end`, for what happens outside an invocation.
    #[must_use]
    pub fn until(end: Instant, now: SystemTime) -> Self {
        Self { end, now }
    }

    /// When all must be over, the last answer included.
    #[must_use]
    pub fn end(self) -> Instant {
        self.end
    }

    /// The end of what began at `began` and may take so long.
    pub(super) fn end_of(self, began: Instant, patience: Duration) -> Instant {
        began.checked_add(patience).map_or(self.end, |end| end.min(self.end))
    }

    /// The wall clock, `since` the moment of the call.
    pub(crate) fn wall_clock(self, since: Duration) -> SystemTime {
        self.now.checked_add(since).unwrap_or(self.now)
    }

    /// Whether a request begun at `now` has a chance to be answered in time. One that has none is not
    /// begun: the other side would act on it and nobody would know.
    #[must_use]
    pub fn allows_request_at(self, now: Instant) -> bool {
        now + LEAST_REQUEST_TIME <= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_earlier_than_the_reserve_leaves_no_time() {
        let now = Instant::now();
        let at = |millis| Budget::of_invocation(now + Duration::from_millis(millis), SystemTime::UNIX_EPOCH);
        assert!(!at(0).allows_request_at(now));
        assert!(!at(749).allows_request_at(now));
        assert!(at(750).allows_request_at(now));
    }
}
