//! Which alarm changes are posted, and what this process remembers of them.
//!
//! Deciding is a pure function of the change and the memory. A change that is posted is remembered only by
//! [`AlarmMemory::commit`], after Slack accepted it: one whose post failed comes again and is posted then.
//!
//! The same change can come through SNS, EventBridge and the direct action, each at least once and in any order.
//! Its key is the alarm (ARN, or name and account where the ARN is not given) and its contributor, the state, and the
//! time of change within [`SAME_CHANGE_MS`]. What a channel shows decides, not only what a notification says of the
//! state before: a recovery is posted for each ALARM that was posted, whatever lies between, and for no other. Under a
//! mute rule nothing is posted; a recovery that is owed then is so until an OK comes that is not muted.
//!
//! Memory is bounded: the alarms touched longest ago are forgotten first, those without an open ALARM before those with
//! one.

mod history;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::change::{AlarmChange, AlarmState};
use super::notification::TopicText;
use history::{Entry, History, Place, PostStatus};

/// Two changes of one alarm to one state this close together are one change. The wire shapes differ by
/// milliseconds, and by up to one second where only whole seconds are given; an alarm is evaluated at most every
/// ten seconds, and another state lies between two changes to the same one.
pub const SAME_CHANGE_MS: u64 = 1_000;

/// At most so many alarms and contributors, and so many texts, are remembered. CloudWatch keeps at most 100
/// contributors of one alarm in ALARM.
pub const MAX_REMEMBERED: usize = 1_000;

/// Whether a person hears of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeDecision {
    /// It is to be notified.
    Notify(NoticeKind),
    /// To be counted only.
    Silent(Silence),
}

/// What is to be notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// The alarm went off.
    FirstNotice {
        /// Since when, epoch milliseconds.
        since_ms: i64,
    },
    /// The alarm is OK again after an ALARM, or the contributor is.
    Recovery {
        /// When it had gone off, epoch milliseconds, where that is known.
        began_ms: Option<i64>,
    },
    /// The alarm went off, and is known to be OK again: its notification was late, or its own post had failed and came
    /// again. What was counted is notified all the same, as over.
    BelatedNotice {
        /// Since when it was in alarm, epoch milliseconds.
        since_ms: i64,
        /// When it recovered, epoch milliseconds.
        until_ms: i64,
    },
}

/// Why a change is not notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It went to `INSUFFICIENT_DATA`.
    InsufficientData,
    /// It went to OK, and no ALARM was posted before, as far as anyone can know.
    NotARecovery,
    /// The actions of a composite alarm are suppressed.
    Suppressed,
    /// A mute rule is active.
    Muted,
    /// It was notified before.
    Repeat,
    /// A later change of the same alarm was notified before, and this one adds nothing to it.
    Superseded,
}

/// What was posted, of which alarm and contributor, and what is known besides of their changes.
#[derive(Debug, Clone, Default)]
pub struct AlarmMemory {
    /// Touched longest ago first.
    alarms: VecDeque<RememberedAlarm>,
    texts: VecDeque<u64>,
}

/// One alarm, or one contributor of it. Names are kept as hashes, however long they are.
#[derive(Debug, Clone)]
struct RememberedAlarm {
    arn: Option<u64>,
    account: Option<u64>,
    name: u64,
    /// `None` for the alarm itself.
    contributor: Option<u64>,
    history: History,
}

impl AlarmMemory {
    /// Whether to tell a change. Has no effect; see [`AlarmMemory::commit`].
    #[must_use]
    pub fn decide(&self, change: &AlarmChange) -> NoticeDecision {
        let unknown = RememberedAlarm::new(change);
        let remembered = self.alarms.iter().find(|remembered| remembered.is(&unknown));
        let history = &remembered.unwrap_or(&unknown).history;
        match history.place(change.state, change.changed_at_ms) {
            Place::Posted => return NoticeDecision::Silent(Silence::Repeat),
            Place::Forgotten if change.state != AlarmState::InsufficientData => {
                return NoticeDecision::Silent(Silence::Superseded);
            }
            _ => {}
        }
        match change.state {
            AlarmState::InsufficientData => NoticeDecision::Silent(Silence::InsufficientData),
            AlarmState::Alarm => decide_alarm(change, history),
            AlarmState::Ok => decide_ok(change, history),
        }
    }

    /// Remembers a change with what was decided: after the post was accepted, or at once where it is silent.
    /// An older change never overwrites what a newer one left.
    pub fn commit(&mut self, change: &AlarmChange, decision: NoticeDecision) {
        let unknown = RememberedAlarm::new(change);
        let known = self.alarms.iter().position(|remembered| remembered.is(&unknown));
        let mut remembered = known.and_then(|index| self.alarms.remove(index)).unwrap_or(unknown);
        remembered.note(change, decision);
        self.alarms.push_back(remembered);
        if self.alarms.len() > MAX_REMEMBERED {
            let is_closed = |remembered: &RememberedAlarm| remembered.history.open_before(i64::MAX).is_none();
            let forgotten = self.alarms.iter().take(MAX_REMEMBERED).position(is_closed).unwrap_or_default();
            self.alarms.remove(forgotten);
        }
    }

    /// Whether to notify a topic's text: yes, unless this very message was notified before. One without an id is.
    #[must_use]
    pub fn decide_text(&self, text: &TopicText) -> bool {
        !text.message_id.as_ref().is_some_and(|id| self.texts.contains(&hash(id)))
    }

    /// Remembers a topic's text, after the post was accepted.
    pub fn commit_text(&mut self, text: &TopicText) {
        let Some(id) = &text.message_id else { return };
        self.texts.push_back(hash(id));
        if self.texts.len() > MAX_REMEMBERED {
            self.texts.pop_front();
        }
    }
}

fn decide_alarm(change: &AlarmChange, history: &History) -> NoticeDecision {
    if let Some(silence) = silenced(change) {
        return NoticeDecision::Silent(silence);
    }
    let at_ms = change.changed_at_ms;
    let since_ms = match &change.previous {
        // It goes on. Where nobody was notified of it, its suppression or mute ended: it has been in alarm for longer
        // than people know.
        Some(previous) if previous.state == AlarmState::Alarm => match history.open_before(at_ms) {
            Some(open) if open.post == PostStatus::Posted => return NoticeDecision::Silent(Silence::Repeat),
            _ => previous.since_ms.filter(|since| *since <= at_ms).unwrap_or(at_ms),
        },
        _ => at_ms,
    };
    match history.place(AlarmState::Alarm, at_ms) {
        Place::BeforeOk { until_ms } => {
            NoticeDecision::Notify(NoticeKind::BelatedNotice { since_ms, until_ms })
        }
        Place::BeforePostedAlarm => NoticeDecision::Silent(Silence::Superseded),
        _ => NoticeDecision::Notify(NoticeKind::FirstNotice { since_ms }),
    }
}

fn decide_ok(change: &AlarmChange, history: &History) -> NoticeDecision {
    if change.is_muted {
        return NoticeDecision::Silent(Silence::Muted);
    }
    let at_ms = change.changed_at_ms;
    let open = history.open_before(at_ms);
    let after_alarm = change.previous.as_ref().filter(|previous| previous.state == AlarmState::Alarm);
    if open.is_none() {
        if let Some(silence) = silenced(change) {
            return NoticeDecision::Silent(silence);
        }
        // What the notification itself tells: a contributor that is OK was in ALARM, for only then it is one.
        let is_recovery = after_alarm.is_some_and(|previous| !previous.suppressed)
            || (change.contributor.is_some() && change.previous.is_none());
        let is_unposted = |entry: Entry| (entry.state, entry.post) == (AlarmState::Alarm, PostStatus::Silent);
        if !is_recovery || history.last_before(at_ms).is_some_and(is_unposted) {
            return NoticeDecision::Silent(Silence::NotARecovery);
        }
    }
    if history.has_posted_after(at_ms) {
        return NoticeDecision::Silent(Silence::Superseded);
    }
    let told_since_ms = after_alarm.and_then(|previous| previous.since_ms);
    // Of two ALARMs with INSUFFICIENT_DATA or a muted OK between them, the first lends its time to no recovery from the
    // second.
    let lends = after_alarm.is_none()
        || history.last_before(at_ms).is_some_and(|entry| entry.state == AlarmState::Alarm);
    let open_since_ms = open
        .filter(|open| lends && !history.has_between(AlarmState::Ok, open.at_ms, at_ms))
        .and_then(|open| open.since_ms);
    let began_ms = told_since_ms.or(open_since_ms).filter(|began| *began <= at_ms);
    NoticeDecision::Notify(NoticeKind::Recovery { began_ms })
}

/// Why nobody is notified of the change, where CloudWatch says so.
fn silenced(change: &AlarmChange) -> Option<Silence> {
    if change.is_muted {
        return Some(Silence::Muted);
    }
    change.suppressed_by.is_some().then_some(Silence::Suppressed)
}

impl RememberedAlarm {
    fn new(change: &AlarmChange) -> Self {
        Self {
            arn: change.arn.as_ref().map(hash),
            account: change.account.as_ref().map(hash),
            name: hash(&change.name),
            contributor: change.contributor.as_ref().map(|contributor| hash(contributor.identity())),
            history: History::default(),
        }
    }

    /// Whether the change is of this alarm and contributor. Old SNS messages lack the ARN, the other shapes have it.
    fn is(&self, of: &Self) -> bool {
        if self.contributor != of.contributor {
            return false;
        }
        if let (Some(own), Some(other)) = (self.arn, of.arn) {
            return own == other;
        }
        let accounts_differ = matches!((self.account, of.account), (Some(own), Some(other)) if own != other);
        self.name == of.name && !accounts_differ
    }

    fn note(&mut self, change: &AlarmChange, decision: NoticeDecision) {
        self.arn = self.arn.or(change.arn.as_ref().map(hash));
        let at_ms = change.changed_at_ms;
        // The ALARM before INSUFFICIENT_DATA was posted, by another process if not by this one: a recovery is owed.
        if let Some(previous) = &change.previous
            && (change.state, previous.state) == (AlarmState::InsufficientData, AlarmState::Alarm)
            && !previous.suppressed
            && silenced(change).is_none()
            && self.history.last_before(at_ms).is_none_or(|entry| entry.state != AlarmState::Alarm)
        {
            let since_ms = previous.since_ms.filter(|since| *since <= at_ms);
            let entry = Entry {
                state: AlarmState::Alarm,
                at_ms: since_ms.unwrap_or(at_ms),
                since_ms,
                post: PostStatus::Presumed,
            };
            self.history.insert(entry);
        }
        let (post, since_ms) = match decision {
            NoticeDecision::Notify(NoticeKind::FirstNotice { since_ms }) => {
                (PostStatus::Posted, Some(since_ms))
            }
            NoticeDecision::Notify(NoticeKind::BelatedNotice { since_ms, .. }) => {
                (PostStatus::PostedAsOver, Some(since_ms))
            }
            NoticeDecision::Notify(NoticeKind::Recovery { .. }) => (PostStatus::Posted, None),
            NoticeDecision::Silent(_) => (PostStatus::Silent, None),
        };
        self.history.insert(Entry { state: change.state, at_ms, since_ms, post });
    }
}

/// The same in every process.
fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod model;
#[cfg(test)]
pub(in crate::alarm) mod tests;
