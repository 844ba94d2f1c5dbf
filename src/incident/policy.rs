//! What the operator sets of incidents: quiet time, follow-ups, when something is new again.
//!
//! Values alone.

use super::FollowUps;

/// The schedule's tick, milliseconds.
pub(super) const TICK_MS: i64 = 60_000;
/// Steps of the schedule that are passed over one by one.
pub(super) const MAX_STEPS: u32 = 1_000;

/// When the messages of an incident are due. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// When follow-ups are due.
    pub follow_ups: FollowUps,
    /// Without an error for so long an incident is over.
    pub quiet_ms: i64,
    /// After such a silence a group of server errors is new again.
    pub server_errors_again_after_ms: i64,
    /// The same for client errors, but within one incident, which tells of such a group once.
    pub client_errors_again_after_ms: i64,
    /// Nothing is deferred for longer.
    pub max_deferral_ms: i64,
}

/// The fewest lines of a group that are worth a message, within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AtLeast {
    /// Lines.
    pub count: u64,
    /// Milliseconds.
    pub within_ms: i64,
}

impl Policy {
    /// The longest that one container's memory may defer.
    pub const MEMORY_MAX_DEFERRAL_MS: i64 = 60_000;

    /// The same for a state that one container keeps in its memory, which dies with it: nothing is deferred for longer
    /// than a minute.
    #[must_use]
    pub fn in_memory(self) -> Self {
        Self { max_deferral_ms: self.max_deferral_ms.min(Self::MEMORY_MAX_DEFERRAL_MS), ..self }
    }

    /// From follow-up number `step` to the next; no longer than anything may be deferred.
    pub(super) fn interval_ms(&self, step: u32) -> i64 {
        self.follow_ups.interval_ms(step).min(self.max_deferral_ms)
    }
}

impl Default for Policy {
    /// The default schedule, 5 minutes of quiet; new again after 15 minutes (server errors) and an hour (client
    /// errors).
    fn default() -> Self {
        Self {
            follow_ups: FollowUps::default(),
            quiet_ms: 300_000,
            server_errors_again_after_ms: 900_000,
            client_errors_again_after_ms: 3_600_000,
            max_deferral_ms: 86_400_000,
        }
    }
}
