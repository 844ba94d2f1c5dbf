//! How fast the errors of a group come, and whether that is ten times as fast as was last notified.
//!
//! It never decides over messages, and never reads a clock.

use serde::{Deserialize, Serialize};

use super::window::Window;

const MINUTE_MS: i64 = 60_000;
/// Bins of five seconds that make the short span.
const SHORT_BINS: usize = 2;
const SHORT_MS: i64 = 10_000;
/// An escalation is so many times as fast as what was last notified was on average, and as its fastest moment was.
const TIMES: u64 = 10;
const TIMES_THE_PEAK: u64 = 3;
/// Fewer errors than these are no escalation, whatever was before: within the short span, and within a minute.
const LEAST: Spans = Spans { short: 20, minute: 10 };
/// What comes so soon after a message on something new, or on an escalation, is part of that news.
const LEARN_MS: i64 = MINUTE_MS;

/// The rate of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rate {
    window: Window,
    /// Since the last message.
    current: Period,
    /// What the last message said.
    notified: Period,
}

/// The lines between two messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Period {
    lines: u64,
    from_ms: i64,
    to_ms: i64,
    peak: Spans,
}

/// Lines within the short span and within a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spans {
    short: u64,
    minute: u64,
}

impl Rate {
    /// Of a group whose first lines come now.
    pub(super) fn new(now_ms: i64) -> Self {
        let current = Period { from_ms: now_ms, ..Period::default() };
        Self { window: Window::of_ms(MINUTE_MS), current, notified: Period::default() }
    }

    /// Lines came.
    pub(super) fn add(&mut self, lines: u64, now_ms: i64) {
        self.window.add(lines, now_ms);
        let now = self.now();
        let Period { lines: all, to_ms, peak, .. } = &mut self.current;
        *all = all.saturating_add(lines);
        *to_ms = now_ms;
        *peak = Spans { short: peak.short.max(now.short), minute: peak.minute.max(now.minute) };
    }

    /// Whether they come ten times as fast as was last notified; `since_ms` is when the group was last notified as new
    /// or as an escalation.
    pub(super) fn is_escalation(&mut self, since_ms: i64, now_ms: i64) -> bool {
        if now_ms.saturating_sub(since_ms) < LEARN_MS {
            self.notified = self.current;
            return false;
        }
        let (now, Period { peak, .. }) = (self.now(), self.notified);
        let is_faster = |now: u64, peak: u64, least: u64, span_ms: i64| {
            now >= least
                && now >= peak.saturating_mul(TIMES_THE_PEAK)
                && now >= self.notified.lines_within(span_ms).saturating_mul(TIMES)
        };
        is_faster(now.short, peak.short, LEAST.short, SHORT_MS)
            || is_faster(now.minute, peak.minute, LEAST.minute, MINUTE_MS)
    }

    /// A message said how it is.
    pub(super) fn notified(&mut self, now_ms: i64) {
        self.notified = Period { to_ms: now_ms, ..self.current };
        self.current = Period { lines: 0, from_ms: now_ms, to_ms: now_ms, peak: self.now() };
    }

    fn now(&self) -> Spans {
        Spans { short: self.window.newest(SHORT_BINS), minute: self.window.all() }
    }
}

impl Period {
    /// Lines that came on average within a span.
    fn lines_within(&self, span_ms: i64) -> u64 {
        let lasted_ms = self.to_ms.saturating_sub(self.from_ms).max(span_ms);
        let lines = u128::from(self.lines) * u128::from(span_ms.unsigned_abs())
            / u128::from(lasted_ms.unsigned_abs().max(1));
        u64::try_from(lines).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second at which so many errors a second escalate; the group was notified at `since`.
    fn escalates_at(
        rate: &mut Rate,
        since: i64,
        per_second: u64,
        mut seconds: std::ops::Range<i64>,
    ) -> Option<i64> {
        seconds.find(|second| {
            rate.add(per_second, second * 1_000);
            rate.is_escalation(since * 1_000, second * 1_000)
        })
    }

    #[test]
    fn a_beginning_is_no_escalation_however_fast_it_is() {
        let mut rate = Rate::new(0);
        rate.add(1, 0);
        rate.notified(0);
        assert_eq!(escalates_at(&mut rate, 0, 400, 1..60), None);
        rate.notified(60_000);
        assert_eq!(escalates_at(&mut rate, 0, 600, 60..600), None, "not ten times as fast");
    }

    #[test]
    fn ten_times_as_fast_is_an_escalation_within_ten_seconds_and_once_notified_no_more() {
        let mut rate = Rate::new(0);
        assert_eq!(escalates_at(&mut rate, 0, 1, 0..60), None);
        rate.notified(60_000);
        let at = escalates_at(&mut rate, 0, 30, 60..600).unwrap();
        assert!((60..70).contains(&at), "{at}");
        rate.notified(at * 1_000);
        assert_eq!(escalates_at(&mut rate, at, 30, at + 1..600), None);
        rate.notified(600_000);
        assert!(escalates_at(&mut rate, at, 400, 600..700).is_some());
    }

    #[test]
    fn an_outage_of_a_quiet_api_is_an_escalation_within_a_minute() {
        let mut rate = Rate::new(0);
        for minute in 0..60 {
            rate.add(u64::from(minute % 3 == 0), minute * 60_000);
            rate.is_escalation(0, minute * 60_000);
        }
        rate.notified(3_600_000);
        let at = (3_600..4_000).find(|second| {
            rate.add(u64::from(second % 3 == 0), second * 1_000);
            rate.is_escalation(0, second * 1_000)
        });
        assert!(at.is_some_and(|at| at <= 3_660), "{at:?}");
    }

    #[test]
    fn a_few_more_of_something_rare_are_no_escalation() {
        let mut rate = Rate::new(0);
        rate.add(1, 0);
        rate.notified(0);
        for second in (600..660).step_by(7) {
            rate.add(1, second * 1_000);
            assert!(!rate.is_escalation(0, second * 1_000), "{second}");
        }
    }
}
