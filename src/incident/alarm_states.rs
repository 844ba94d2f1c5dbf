//! The alarms of an incident's API: which of them are in ALARM, and since when.
//!
//! Pure: it decides over no message and reads no clock. Times are epoch milliseconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Alarms that are told apart.
pub(super) const MAX_ALARMS: usize = 64;
/// An alarm that has not changed for so long keeps no incident from being over: its recovery may have been lost.
pub(super) const ALARM_HOLDS_MS: i64 = 86_400_000;

/// A change of an alarm, as far as it matters to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmNews {
    /// Hash of what tells the alarm and its contributor apart from others, made by `handler::notifications::identity`.
    pub alarm: u64,
    /// What it is called, its contributor included; a stranger's text, secrets masked.
    pub name: String,
    /// Whether it changed to ALARM.
    pub is_in_alarm: bool,
    /// When it changed.
    pub changed_ms: i64,
}

/// The last change of each alarm, by what stands for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Alarms(BTreeMap<u64, Changed>);

/// An alarm's last change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    at_ms: i64,
    is_in_alarm: bool,
    /// Kept while it is in ALARM. Versions before it wrote none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    /// False where a version wrote it whose hash was of the alarm's name alone, without account and Region.
    #[serde(default)]
    is_of_account: bool,
}

impl Alarms {
    /// What stood for this alarm in versions that did not tell accounts and Regions apart, while it is in ALARM since
    /// then: from now on it has its own place. The first account to come has it.
    pub(super) fn move_former(&mut self, news: &AlarmNews) -> Option<u64> {
        if self.0.contains_key(&news.alarm) {
            return None;
        }
        let is_former =
            |known: &Changed| !known.is_of_account && known.is_in_alarm && known.name == news.name;
        let former = self.0.iter().find_map(|(former, known)| is_former(known).then_some(*former))?;
        let known = self.0.remove(&former)?;
        self.0.insert(news.alarm, Changed { is_of_account: true, ..known });
        Some(former)
    }

    /// Takes a change in; false where a newer one is known.
    pub(super) fn take(&mut self, news: &AlarmNews) -> bool {
        if self.0.get(&news.alarm).is_some_and(|known| known.at_ms > news.changed_ms) {
            return false;
        }
        if self.0.len() >= MAX_ALARMS && !self.0.contains_key(&news.alarm) {
            // One in ALARM is worth more than one that is not, and a newer one more than an older one.
            let least = self.0.iter().min_by_key(|(_, known)| (known.is_in_alarm, known.at_ms));
            let Some(least) = least.map(|(least, _)| *least) else { return false };
            self.0.remove(&least);
        }
        let name = if news.is_in_alarm { news.name.clone() } else { String::new() };
        let changed =
            Changed { at_ms: news.changed_ms, is_in_alarm: news.is_in_alarm, name, is_of_account: true };
        self.0.insert(news.alarm, changed);
        true
    }

    /// Whether one is in ALARM, as far as that counts.
    pub(super) fn are_in_alarm(&self, now_ms: i64) -> bool {
        self.0.values().any(|known| known.holds(now_ms))
    }

    /// The names of those in ALARM and since when, the oldest first. Older versions kept no name; then it is empty.
    pub(super) fn in_alarm(&self, now_ms: i64) -> Vec<(&str, i64)> {
        let holding = self.0.values().filter(|known| known.holds(now_ms));
        let mut named: Vec<_> = holding.map(|known| (known.name.as_str(), known.at_ms)).collect();
        named.sort_by_key(|(name, at_ms)| (*at_ms, *name));
        named
    }

    /// Whether this one is in ALARM.
    pub(super) fn is_in_alarm(&self, alarm: u64, now_ms: i64) -> bool {
        self.0.get(&alarm).is_some_and(|known| known.holds(now_ms))
    }

    /// Whether one has stopped to count since then, by its age alone.
    pub(super) fn have_aged_since(&self, since_ms: i64, now_ms: i64) -> bool {
        let held_then =
            |known: &Changed| known.is_in_alarm && since_ms.saturating_sub(known.at_ms) < ALARM_HOLDS_MS;
        self.0.values().any(|known| held_then(known) && !known.holds(now_ms))
    }

    /// Whether this one went off and has not changed for so long that it does not count any more.
    pub(super) fn has_aged(&self, alarm: u64, now_ms: i64) -> bool {
        self.0.get(&alarm).is_some_and(|known| known.is_in_alarm && !known.holds(now_ms))
    }

    /// When the last of them changed.
    pub(super) fn changed_ms(&self) -> Option<i64> {
        self.0.values().map(|known| known.at_ms).max()
    }
}

impl Changed {
    fn holds(&self, now_ms: i64) -> bool {
        self.is_in_alarm && now_ms.saturating_sub(self.at_ms) < ALARM_HOLDS_MS
    }
}
