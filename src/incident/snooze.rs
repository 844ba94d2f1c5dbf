//! A snooze of an incident: until when nothing is posted of it, and how many lines came meanwhile.
//!
//! Values alone: it decides nothing and reads no clock.

use serde::{Deserialize, Serialize};

/// The shortest and the longest snooze that may be asked for, milliseconds: a minute, and seven days.
pub const SNOOZE_LIMITS_MS: std::ops::RangeInclusive<i64> = 60_000..=7 * 86_400_000;

/// A snooze that goes on, or of which no message has notified yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// When it ends or ended, epoch milliseconds.
    pub until_ms: i64,
    /// Lines that arrived meanwhile.
    pub lines: u64,
}

impl Snooze {
    /// The snooze after someone asked at `at_ms` for this end: it goes on from the one before, and an end that is not
    /// behind `at_ms` ends it. Nothing is snoozed for longer than seven days.
    pub(super) fn asked(before: Option<Self>, until_ms: i64, at_ms: i64) -> Option<Self> {
        let until_ms = until_ms.clamp(at_ms, at_ms.saturating_add(*SNOOZE_LIMITS_MS.end()));
        if before.is_none() && until_ms == at_ms {
            return None;
        }
        Some(Self { until_ms, lines: before.map_or(0, |before| before.lines) })
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_on(&self, now_ms: i64) -> bool {
        now_ms < self.until_ms
    }
}
