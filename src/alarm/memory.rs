//! Which alarm changes a person hears of, and what this process remembers of those it told.
//!
//! Deciding is a pure function of the change and the memory. A change is remembered only by
//! [`AlarmMemory::commit`], after it was told: one whose post failed comes again and is told then.
//!
//! The same change can come through SNS, EventBridge and the direct action, each at least once and in any order.
//! Its key is the alarm (ARN, or name and account where the ARN is not told), the state, and the time of change
//! within [`SAME_CHANGE_MS`]. Memory is bounded: the alarms touched longest ago are forgotten first.

use std::collections::VecDeque;

use super::change::{AlarmChange, AlarmState};
use super::notification::TopicText;

/// Two changes of one alarm to one state this close together are one change. The wire shapes differ by
/// milliseconds, and by up to one second where only whole seconds are told; an alarm is evaluated at most every
/// ten seconds, and another state lies between two changes to the same one.
pub const SAME_CHANGE_MS: u64 = 1_000;

/// At most so many alarms, and so many texts, are remembered.
pub const MAX_REMEMBERED: usize = 1_000;

/// At most so many told changes of one alarm are remembered.
const MAX_TOLD: usize = 8;

/// Whether a person hears of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// To be told.
    Tell(Telling),
    /// To be counted only.
    Silent(Silence),
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// The alarm went off.
    FirstNotice {
        /// Since when, epoch milliseconds.
        since_ms: i64,
    },
    /// The alarm went from ALARM to OK.
    Recovery {
        /// When it had gone off, epoch milliseconds, where that is known.
        began_ms: Option<i64>,
    },
    /// The alarm went off, and its recovery was told before: its own post had failed and came again. What was counted
    /// is told all the same, as over.
    BelatedNotice {
        /// Since when it was in alarm, epoch milliseconds.
        since_ms: i64,
        /// When it recovered, epoch milliseconds.
        until_ms: i64,
    },
}

/// Why a change is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It went to `INSUFFICIENT_DATA`.
    InsufficientData,
    /// It went to OK, but not from ALARM, or from an ALARM that nobody was told of since it was suppressed.
    NotARecovery,
    /// A composite alarm whose actions are suppressed.
    Suppressed,
    /// It was told before.
    Repeat,
    /// A later change of the same alarm was told before, and this one adds nothing to it.
    Superseded,
}

/// What was told, of which alarm, and since when each is in alarm.
#[derive(Debug, Clone, Default)]
pub struct AlarmMemory {
    /// Touched longest ago first.
    alarms: VecDeque<Remembered>,
    texts: VecDeque<String>,
}

#[derive(Debug, Clone)]
struct Remembered {
    arn: Option<String>,
    account: Option<String>,
    name: String,
    /// State and time of change, the oldest first, which is the first that is forgotten.
    told: VecDeque<(AlarmState, i64)>,
    /// The newest change seen since the alarm was first told, told or silent.
    seen_ms: i64,
    /// Since when it has been in an ALARM that was told.
    in_alarm_since_ms: Option<i64>,
}

impl AlarmMemory {
    /// Whether to tell a change. Has no effect; see [`AlarmMemory::commit`].
    #[must_use]
    pub fn decide(&self, change: &AlarmChange) -> Decision {
        if change.suppressed_by.is_some() {
            return Decision::Silent(Silence::Suppressed);
        }
        let remembered = self.alarms.iter().find(|remembered| remembered.is(change));
        let in_alarm_since_ms = remembered.and_then(|remembered| remembered.in_alarm_since_ms);
        let telling = match change.state {
            AlarmState::InsufficientData => return Decision::Silent(Silence::InsufficientData),
            AlarmState::Alarm => first_notice(change, in_alarm_since_ms),
            AlarmState::Ok => recovery(change, in_alarm_since_ms),
        };
        match remembered.map(|remembered| remembered.place(change)) {
            Some(Place::Told) => Decision::Silent(Silence::Repeat),
            Some(Place::BeforeRecovery { until_ms }) => match telling {
                Ok(Telling::FirstNotice { since_ms }) => {
                    Decision::Tell(Telling::BelatedNotice { since_ms, until_ms })
                }
                _ => Decision::Silent(Silence::Superseded),
            },
            Some(Place::BeforeTold) => Decision::Silent(Silence::Superseded),
            Some(Place::New) | None => telling.map_or_else(Decision::Silent, Decision::Tell),
        }
    }

    /// Remembers a change with what was decided: after the post was accepted, or at once where it is silent.
    /// An older change never overwrites what a newer one left.
    pub fn commit(&mut self, change: &AlarmChange, decision: Decision) {
        let known = self.alarms.iter().position(|remembered| remembered.is(change));
        let mut remembered = match (known.and_then(|index| self.alarms.remove(index)), decision) {
            (Some(remembered), _) => remembered,
            (None, Decision::Tell(_)) => Remembered::new(change),
            // Nothing was told of this alarm: there is nothing that a silent change could alter.
            (None, Decision::Silent(_)) => return,
        };
        remembered.note(change, decision);
        self.alarms.push_back(remembered);
        if self.alarms.len() > MAX_REMEMBERED {
            self.alarms.pop_front();
        }
    }

    /// Whether to tell a topic's text: yes, unless this very message was told before. A text without an id is told.
    #[must_use]
    pub fn decide_text(&self, text: &TopicText) -> bool {
        !text.message_id.as_ref().is_some_and(|id| self.texts.contains(id))
    }

    /// Remembers a topic's text, after the post was accepted.
    pub fn commit_text(&mut self, text: &TopicText) {
        let Some(id) = &text.message_id else { return };
        self.texts.push_back(id.clone());
        if self.texts.len() > MAX_REMEMBERED {
            self.texts.pop_front();
        }
    }
}

fn first_notice(change: &AlarmChange, in_alarm_since_ms: Option<i64>) -> Result<Telling, Silence> {
    let already = change.previous.as_ref().filter(|previous| previous.state == AlarmState::Alarm);
    match already {
        Some(_) if in_alarm_since_ms.is_some() => Err(Silence::Repeat),
        // The suppression of a composite alarm ended: it has been in alarm for longer than people know.
        Some(previous) => {
            Ok(Telling::FirstNotice { since_ms: previous.since_ms.unwrap_or(change.changed_at_ms) })
        }
        None => Ok(Telling::FirstNotice { since_ms: change.changed_at_ms }),
    }
}

fn recovery(change: &AlarmChange, in_alarm_since_ms: Option<i64>) -> Result<Telling, Silence> {
    let (after_alarm, began_ms) = match &change.previous {
        Some(previous) if previous.state == AlarmState::Alarm => {
            let told = !previous.suppressed || in_alarm_since_ms.is_some();
            (told, previous.since_ms.or(in_alarm_since_ms))
        }
        Some(_) => (false, None),
        None => (in_alarm_since_ms.is_some(), in_alarm_since_ms),
    };
    if after_alarm {
        Ok(Telling::Recovery { began_ms: began_ms.filter(|began| *began <= change.changed_at_ms) })
    } else {
        Err(Silence::NotARecovery)
    }
}

/// Where a change stands among those told of its alarm.
enum Place {
    Told,
    /// The next change that was told is a recovery.
    BeforeRecovery {
        until_ms: i64,
    },
    BeforeTold,
    New,
}

impl Remembered {
    fn new(change: &AlarmChange) -> Self {
        Self {
            arn: change.arn.clone(),
            account: change.account.clone(),
            name: change.name.clone(),
            told: VecDeque::new(),
            seen_ms: i64::MIN,
            in_alarm_since_ms: None,
        }
    }

    /// Whether the change is of this alarm. Old SNS messages lack the ARN, the other shapes have it.
    fn is(&self, change: &AlarmChange) -> bool {
        if let (Some(own), Some(other)) = (&self.arn, &change.arn) {
            return own == other;
        }
        let accounts_differ =
            matches!((&self.account, &change.account), (Some(own), Some(other)) if own != other);
        self.name == change.name && !accounts_differ
    }

    fn place(&self, change: &AlarmChange) -> Place {
        let same = |(state, at_ms): &(AlarmState, i64)| {
            *state == change.state && at_ms.abs_diff(change.changed_at_ms) <= SAME_CHANGE_MS
        };
        let is_later = |(_, at_ms): &&(AlarmState, i64)| *at_ms > change.changed_at_ms;
        // What is older than all that is remembered may have been told and forgotten.
        let is_forgotten = self.told.len() >= MAX_TOLD && self.told.iter().all(|told| is_later(&told));
        match self.told.iter().filter(is_later).min_by_key(|(_, at_ms)| *at_ms) {
            _ if self.told.iter().any(same) => Place::Told,
            None => Place::New,
            Some((AlarmState::Ok, until_ms)) if !is_forgotten => {
                Place::BeforeRecovery { until_ms: *until_ms }
            }
            Some(_) => Place::BeforeTold,
        }
    }

    fn note(&mut self, change: &AlarmChange, decision: Decision) {
        if self.arn.is_none() {
            self.arn.clone_from(&change.arn);
        }
        if let Decision::Tell(_) = decision {
            let place = self.told.partition_point(|(_, at_ms)| *at_ms <= change.changed_at_ms);
            self.told.insert(place, (change.state, change.changed_at_ms));
            if self.told.len() > MAX_TOLD {
                self.told.pop_front();
            }
        }
        if change.changed_at_ms < self.seen_ms {
            return;
        }
        self.seen_ms = change.changed_at_ms;
        match (change.state, decision) {
            (AlarmState::Alarm, Decision::Tell(Telling::FirstNotice { since_ms })) => {
                self.in_alarm_since_ms = Some(since_ms);
            }
            // A repeat, or a suppressed notification of the same ALARM: it goes on.
            (AlarmState::Alarm, _) => {}
            (AlarmState::Ok | AlarmState::InsufficientData, _) => self.in_alarm_since_ms = None,
        }
    }
}

#[cfg(test)]
mod tests;
