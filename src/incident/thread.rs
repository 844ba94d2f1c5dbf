//! The thread of an incident, where a chat system has threads: where its next message goes, and when its parent is due to
//! be written anew.
//!
//! Pure: it posts nothing and reads no clock. Times are epoch milliseconds.

use serde::{Deserialize, Serialize};

use super::Kind;

/// A parent is written anew at most so often.
const UPDATE_EVERY_MS: i64 = 10_000;
/// Whoever tries to post a parent has done so by then, or is gone.
const TRY_MS: i64 = 20_000;

/// What is known of an incident's thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    parent: Parent,
    /// When the parent was last written, or that was last tried.
    written_ms: i64,
    /// The incident has other figures than its parent shows.
    is_stale: bool,
    /// Its last message said that the incident is over.
    #[serde(default)]
    said_over: bool,
    /// Its parent took the place of one that is gone.
    #[serde(default)]
    continues: bool,
}

/// The one message of an incident that stands in the channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Parent {
    /// There is none yet.
    #[default]
    None,
    /// Someone is about to post it, since this time. If it is not posted by the end of the try, nobody knows whether it
    /// stands there.
    Tried(i64),
    /// It stands there.
    Posted(Posted),
    /// It was sent and the answer was lost. It may stand there, so there is to be no second one.
    Unknown,
    /// Someone deleted it, or it cannot be written any more: the next one says that it continues.
    Lost,
}

/// A message in a channel, as the chat system names both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The channel.
    #[serde(rename = "c")]
    pub channel: String,
    /// The message within it. Slack's are timestamps.
    #[serde(rename = "m")]
    pub message: String,
}

/// Where a message of an incident goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// Into the channel, by itself.
    Channel,
    /// Into the thread under this parent.
    Thread {
        /// The parent.
        parent: &'a Posted,
        /// The channel shows it as well.
        is_shown_in_channel: bool,
    },
}

impl Thread {
    /// Whether a parent is to be posted before the incident's next message.
    #[must_use]
    pub fn is_parent_due(&self, now_ms: i64) -> bool {
        matches!(self.parent, Parent::None | Parent::Lost) || self.is_parent_tried(now_ms)
    }

    /// The parent, where it surely stands there.
    #[must_use]
    pub fn parent(&self) -> Option<&Posted> {
        match &self.parent {
            Parent::Posted(parent) => Some(parent),
            _ => None,
        }
    }

    /// Whether someone is about to post the parent.
    #[must_use]
    pub fn is_parent_tried(&self, now_ms: i64) -> bool {
        matches!(self.parent, Parent::Tried(since_ms) if now_ms.saturating_sub(since_ms) < TRY_MS)
    }

    /// The parent is about to be posted: to be kept before it is, so that there is never a second one.
    pub fn parent_tried(&mut self, now_ms: i64) {
        self.parent = Parent::Tried(now_ms);
    }

    /// The parent was surely not posted.
    pub fn parent_not_posted(&mut self) {
        self.parent = if self.continues { Parent::Lost } else { Parent::None };
    }

    /// The parent was posted; `None` where the answer was lost.
    pub fn parent_posted(&mut self, posted: Option<Posted>, now_ms: i64) {
        let continues = self.continues;
        let parent = posted.map_or(Parent::Unknown, Parent::Posted);
        *self = Self { parent, written_ms: now_ms, continues, ..Self::default() };
    }

    /// Whether its parent takes the place of one that is gone.
    #[must_use]
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Where a message of this kind goes. What must wake someone is shown in the channel, too, and so is the first one
    /// after the channel showed that the incident is over.
    #[must_use]
    pub fn place(&self, kind: Kind) -> Place<'_> {
        let wakes = self.said_over || matches!(kind, Kind::Escalation | Kind::Over);
        self.parent().map_or(Place::Channel, |parent| Place::Thread { parent, is_shown_in_channel: wakes })
    }

    /// A message of this kind was posted.
    pub fn message_posted(&mut self, kind: Kind) {
        self.incident_changed();
        self.said_over = self.parent().is_some() && kind == Kind::Over;
    }

    /// The incident is not as its parent says any more.
    pub fn incident_changed(&mut self) {
        self.is_stale = matches!(self.parent, Parent::Posted(_));
    }

    /// Whether it has never had a parent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The parent that is to be written anew now.
    #[must_use]
    pub fn update_due(&self, now_ms: i64) -> Option<&Posted> {
        let is_time = now_ms.saturating_sub(self.written_ms) >= UPDATE_EVERY_MS;
        self.parent().filter(|_| self.is_stale && is_time)
    }

    /// The parent was written anew, or, where that failed for now, is to be tried again later.
    pub fn updated(&mut self, is_written: bool, now_ms: i64) {
        self.written_ms = now_ms;
        self.is_stale = !is_written;
    }

    /// The chat system knows no such parent any more, or does not let it be written.
    pub fn parent_lost(&mut self) {
        *self = Self { parent: Parent::Lost, continues: true, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent() -> Posted {
        Posted { channel: "C1".to_owned(), message: "1.2".to_owned() }
    }

    fn posted() -> Thread {
        let mut thread = Thread::default();
        thread.parent_posted(Some(parent()), 100_000);
        thread
    }

    #[test]
    fn the_first_message_follows_a_parent_and_all_others_stand_under_it() {
        assert!(Thread::default().is_parent_due(1));
        let thread = posted();
        assert!(!thread.is_parent_due(1), "the opening is to follow its parent");
        for (kind, is_shown_in_channel) in [
            (Kind::Opening, false),
            (Kind::NewGroup, false),
            (Kind::FollowUp, false),
            (Kind::Escalation, true),
            (Kind::Over, true),
        ] {
            assert_eq!(
                thread.place(kind),
                Place::Thread { parent: &parent(), is_shown_in_channel },
                "{kind:?}"
            );
        }
    }

    #[test]
    fn what_comes_after_the_end_is_shown_in_the_channel_once() {
        let mut thread = posted();
        thread.message_posted(Kind::Over);
        let is_shown = |thread: &Thread| {
            matches!(thread.place(Kind::FollowUp), Place::Thread { is_shown_in_channel: true, .. })
        };
        assert!(is_shown(&thread));
        thread.message_posted(Kind::FollowUp);
        assert!(!is_shown(&thread));
    }

    #[test]
    fn a_parent_is_written_anew_when_it_is_stale_and_every_ten_seconds_at_most() {
        let mut thread = posted();
        assert_eq!(thread.update_due(200_000), None);
        thread.incident_changed();
        assert_eq!(thread.update_due(109_999), None);
        assert_eq!(thread.update_due(110_000), Some(&parent()));
        thread.updated(false, 110_000);
        assert_eq!(thread.update_due(119_999), None);
        assert_eq!(thread.update_due(120_000), Some(&parent()));
        thread.updated(true, 120_000);
        assert_eq!(thread.update_due(200_000), None);
    }

    #[test]
    fn a_try_keeps_others_from_posting_a_parent_and_one_that_came_to_nothing_from_a_second_one() {
        let mut thread = Thread::default();
        thread.parent_tried(1_000);
        assert!(thread.is_parent_tried(20_999) && thread.is_parent_due(20_999) && thread.parent().is_none());
        assert!(!thread.is_parent_tried(21_000) && !thread.is_parent_due(21_000));
        assert_eq!(thread.place(Kind::FollowUp), Place::Channel);
        thread.parent_not_posted();
        assert_eq!(thread, Thread::default());
        let mut thread = posted();
        thread.parent_lost();
        thread.parent_tried(1_000);
        thread.parent_not_posted();
        assert!(thread.is_parent_due(1_000) && thread.continues());
    }

    #[test]
    fn a_lost_answer_makes_no_second_parent_and_a_lost_parent_one_that_continues() {
        let mut thread = Thread::default();
        thread.parent_posted(None, 1);
        thread.incident_changed();
        assert!(!thread.is_parent_due(1) && !thread.continues());
        assert_eq!(thread.place(Kind::FollowUp), Place::Channel);
        assert_eq!(thread.update_due(i64::MAX), None);
        let mut thread = posted();
        thread.parent_lost();
        assert!(thread.is_parent_due(1) && thread.continues());
        thread.parent_posted(Some(parent()), 1);
        assert!(!thread.is_parent_due(1) && thread.continues());
    }
}
