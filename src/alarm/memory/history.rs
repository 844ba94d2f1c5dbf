//! What is known of the changes of one alarm, in the order of their times, whatever order they came in.
//!
//! It decides nothing. Its size is bounded: the oldest entries go first, but never the ALARM whose recovery is owed.

use std::collections::VecDeque;

use super::SAME_CHANGE_MS;
use crate::alarm::AlarmState;

/// At most so many changes of one alarm are remembered.
pub(super) const MAX_ENTRIES: usize = 16;

/// The changes of one alarm, or of one contributor.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// In order of time.
    entries: VecDeque<Entry>,
    /// The newest change that was forgotten, epoch milliseconds: what is not newer may have been posted.
    forgotten_ms: i64,
}

/// One change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) state: AlarmState,
    pub(super) at_ms: i64,
    /// Since when it is in ALARM, where that is known.
    pub(super) since_ms: Option<i64>,
    pub(super) post: PostStatus,
}

/// How a change is known; what says more stands behind what says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PostStatus {
    /// It came, and was not posted.
    Silent,
    /// It did not come; a later change tells that it was, and another process will have posted it.
    Presumed,
    /// It was posted as over, so that no recovery is owed.
    PostedAsOver,
    /// It was posted.
    Posted,
}

/// Where a change stands among those that are known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was posted itself.
    Posted,
    /// It is so old that nobody knows.
    Forgotten,
    /// The next change that is known is to OK.
    BeforeOk {
        /// When, epoch milliseconds.
        until_ms: i64,
    },
    /// The next change that is known is an ALARM that was posted.
    BeforePostedAlarm,
    /// Nothing that matters is known to have come later.
    Newest,
}

impl Default for History {
    fn default() -> Self {
        Self { entries: VecDeque::new(), forgotten_ms: i64::MIN }
    }
}

impl Entry {
    fn is_same(&self, state: AlarmState, at_ms: i64) -> bool {
        self.state == state && self.at_ms.abs_diff(at_ms) <= SAME_CHANGE_MS
    }

    fn is_posted(&self) -> bool {
        self.post >= PostStatus::PostedAsOver
    }
}

impl History {
    /// Where a change to this state at this time stands.
    pub(super) fn place(&self, state: AlarmState, at_ms: i64) -> Place {
        if self.entries.iter().any(|entry| entry.is_posted() && entry.is_same(state, at_ms)) {
            return Place::Posted;
        }
        if at_ms <= self.forgotten_ms {
            return Place::Forgotten;
        }
        let mut later = self.entries.iter().filter(|entry| entry.at_ms > at_ms);
        let next = later.find(|entry| match entry.state {
            AlarmState::Ok => true,
            AlarmState::Alarm => entry.is_posted(),
            AlarmState::InsufficientData => false,
        });
        match next {
            Some(entry) if entry.state == AlarmState::Ok => Place::BeforeOk { until_ms: entry.at_ms },
            Some(_) => Place::BeforePostedAlarm,
            None => Place::Newest,
        }
    }

    /// The newest ALARM before this time whose recovery is owed: it was posted, and no recovery was since.
    pub(super) fn open_before(&self, at_ms: i64) -> Option<Entry> {
        let mut before = self.entries.iter().rev().filter(|entry| entry.at_ms < at_ms);
        let decisive = before.find(|entry| match entry.state {
            AlarmState::Ok => entry.is_posted(),
            AlarmState::Alarm => matches!(entry.post, PostStatus::Posted | PostStatus::Presumed),
            AlarmState::InsufficientData => false,
        });
        decisive.copied().filter(|entry| entry.state == AlarmState::Alarm)
    }

    /// The last change that is known before this time.
    pub(super) fn last_before(&self, at_ms: i64) -> Option<Entry> {
        self.entries.iter().rev().find(|entry| entry.at_ms < at_ms).copied()
    }

    /// Whether a change to this state is known between two times, and is not that at the second.
    pub(super) fn has_between(&self, state: AlarmState, from_ms: i64, to_ms: i64) -> bool {
        let mut between = self.entries.iter().filter(|entry| entry.at_ms > from_ms && entry.at_ms < to_ms);
        between.any(|entry| entry.state == state && !entry.is_same(state, to_ms))
    }

    /// Whether a later change was posted.
    pub(super) fn has_posted_after(&self, at_ms: i64) -> bool {
        self.entries.iter().any(|entry| entry.is_posted() && entry.at_ms > at_ms)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a change, or what is now known of one that stands there.
    pub(super) fn insert(&mut self, new: Entry) {
        if let Some(known) = self.entries.iter_mut().find(|entry| entry.is_same(new.state, new.at_ms)) {
            known.since_ms = new.since_ms.or(known.since_ms);
            known.post = known.post.max(new.post);
            return;
        }
        let place = self.entries.partition_point(|entry| entry.at_ms <= new.at_ms);
        self.entries.insert(place, new);
        if self.entries.len() > MAX_ENTRIES {
            let owed_ms = self.open_before(i64::MAX).map(|open| open.at_ms);
            let oldest = self.entries.iter().position(|entry| Some(entry.at_ms) != owed_ms);
            if let Some(forgotten) = oldest.and_then(|oldest| self.entries.remove(oldest)) {
                self.forgotten_ms = self.forgotten_ms.max(forgotten.at_ms);
            }
        }
    }
}
