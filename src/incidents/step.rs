//! One step of an incident: takes in what arrived, and says which message is due.
//!
//! Pure, and the only place that knows in which order an incident takes things in: the function drives it with a state
//! table and without one, and so does the backtest.

use super::Tracked;
use crate::digest::Digest;
use crate::incident::{AlarmNews, Decision, Kind, Moment, Policy};

/// What arrives.
#[derive(Debug)]
pub(crate) enum News {
    /// Lines of one log group that arrived together.
    Lines(Digest),
    /// A change of an alarm.
    Alarm(AlarmNews),
    /// Someone wants nothing posted until this time, epoch milliseconds.
    Snooze {
        /// When.
        until_ms: i64,
    },
}

/// What the incident is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// Why it is asked.
    pub(crate) moment: Moment,
    /// When it is asked, epoch milliseconds.
    pub(crate) now_ms: i64,
    /// Its end is not to be posted now: then the incident goes on.
    pub(crate) end_waits: bool,
    /// Sample lines kept of each group for a first message.
    pub(crate) samples_per_group: usize,
}

/// The incident with what arrived taken in, as far as to the next message.
#[derive(Debug)]
pub(crate) struct Step {
    /// As it is then, before the message.
    pub(crate) tracked: Tracked,
    /// How much of what arrived it took in: all of it, unless its end came before the rest.
    pub(crate) taken: usize,
    /// The message that is due.
    pub(crate) due: Option<Kind>,
    /// It ended, and its parent is to say so now: another incident may begin with the rest of what arrived.
    pub(crate) closes_parent: bool,
}

impl Tracked {
    /// Takes in what arrived, each at its time (epoch milliseconds), and says what is due. Where the incident was over
    /// before all of it came, only what came before that is taken in and its end is due, unless that is to wait; or its
    /// parent is to be closed, where it ended without a message.
    pub(crate) fn step<'n>(
        mut self,
        arrived: impl IntoIterator<Item = (i64, &'n News)>,
        ask: Ask,
        policy: &Policy,
    ) -> Step {
        let mut taken = 0;
        for (at_ms, news) in arrived {
            // Whoever snoozes may have a clock that is ahead.
            let at_ms = if matches!(news, News::Snooze { .. }) { at_ms.min(ask.now_ms) } else { at_ms };
            let is_over = self.decide(Moment::Arrival, at_ms, policy) == Decision::Send(Kind::Over);
            if is_over && !ask.end_waits {
                return Step { tracked: self, taken, due: Some(Kind::Over), closes_parent: false };
            }
            let has_ended = !self.incident.is_open() && !self.is_held_by_alarm(at_ms);
            if matches!(news, News::Lines(_)) && has_ended && self.thread().is_stale() {
                return Step { tracked: self, taken, due: None, closes_parent: true };
            }
            match news {
                News::Lines(digest) => self.take_digest(digest, ask.samples_per_group, at_ms, policy),
                News::Alarm(news) => self.alarm_changed(news, at_ms),
                News::Snooze { until_ms } => self.incident.snooze(*until_ms, at_ms),
            }
            taken += 1;
        }
        let due = match self.decide(ask.moment, ask.now_ms, policy) {
            Decision::Send(Kind::Over) if ask.end_waits => None,
            Decision::Send(kind) => Some(kind),
            Decision::Nothing { .. } => None,
        };
        Step { tracked: self, taken, due, closes_parent: false }
    }
}
