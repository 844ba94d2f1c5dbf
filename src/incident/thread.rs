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
    /// What its last message leaves to the next one.
    #[serde(default, skip_serializing_if = "is_default")]
    last: Last,
    /// What the parent said, where no message follows it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Said>,
    /// Its parent took the place of one that is gone.
    #[serde(default)]
    continues: bool,
    /// What its channel takes.
    #[serde(default, skip_serializing_if = "is_default")]
    takes: Takes,
    /// The alarm that the parent was posted for, where it was no line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening: Option<AlarmOpening>,
    /// When an alarm went off after the incident was over; no message of lines has followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resumed_ms: Option<i64>,
}

/// The alarm's notice that opened a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmOpening {
    /// Stands for the alarm, as in [`AlarmNews`](super::AlarmNews).
    pub alarm: u64,
    /// Names the change, whichever way it comes.
    pub change: u64,
    /// The notice's heading in pieces: strangers' texts, secrets masked.
    pub heading: Vec<String>,
    /// Since when the alarm is in ALARM, epoch milliseconds.
    pub since_ms: i64,
}

/// What a parent said when it was posted: the message that follows it repeats no mention of these, and wakes people
/// where it has more to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its mentions.
    pub mentions: Vec<String>,
    /// It had server errors.
    pub server_errors: bool,
}

/// What an incident's last message leaves to the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Last {
    /// Nothing. Older versions wrote `Mentioned` after a parent with mentions.
    #[default]
    #[serde(alias = "Mentioned")]
    Other,
    /// It said that the incident is over.
    Over,
}

/// What a channel takes under a parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Takes {
    /// Replies, and it shows them where it is asked to.
    #[default]
    All,
    /// Replies, none of which it shows.
    Replies,
    /// Nothing: all but the parent stands in the channel by itself.
    Nothing,
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
        self.opening = None;
    }

    /// The parent is about to be posted for an alarm.
    pub fn opened_by_alarm(&mut self, opening: AlarmOpening) {
        self.opening = Some(opening);
    }

    /// The alarm that the parent was posted for, where it was no line.
    #[must_use]
    pub fn opening(&self) -> Option<&AlarmOpening> {
        self.opening.as_ref()
    }

    /// Something else stands for an alarm from now on.
    pub fn alarm_moved(&mut self, former: u64, alarm: u64) {
        if let Some(opening) = self.opening.as_mut().filter(|opening| opening.alarm == former) {
            opening.alarm = alarm;
        }
    }

    /// An alarm of the incident changed.
    pub fn alarm_changed(&mut self, is_in_alarm: bool) {
        self.incident_changed();
        if is_in_alarm && self.last == Last::Over {
            self.last = Last::Other;
        }
    }

    /// An alarm went off at this time, while nothing failed: it takes the thread up again.
    pub fn resumed_by_alarm(&mut self, changed_ms: i64) {
        self.resumed_ms = self.parent().is_some().then_some(changed_ms);
    }

    /// When an alarm took the thread up again, where no message of lines has followed.
    #[must_use]
    pub fn resumed_ms(&self) -> Option<i64> {
        self.resumed_ms
    }

    /// Whether the channel showed that the incident is over, and nothing since.
    #[must_use]
    pub fn said_over(&self) -> bool {
        self.last == Last::Over
    }

    /// When the parent was last written, where it surely stands there.
    #[must_use]
    pub fn written_ms(&self) -> Option<i64> {
        self.parent().map(|_| self.written_ms)
    }

    /// The parent was posted, and said this of the lines whose message follows; `None` where the answer was lost.
    pub fn parent_posted(&mut self, posted: Option<Posted>, said: Option<Said>, now_ms: i64) {
        let (continues, takes, opening) = (self.continues, self.takes, self.opening.take());
        let said = said.filter(|_| posted.is_some());
        let (last, parent) = (Last::Other, posted.map_or(Parent::Unknown, Parent::Posted));
        let (written_ms, is_stale, resumed_ms) = (now_ms, false, None);
        *self = Self { parent, written_ms, is_stale, last, said, continues, takes, opening, resumed_ms };
    }

    /// What the parent said, where it surely stands there and no message follows it yet.
    #[must_use]
    pub fn parent_said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    /// The channel took a message by itself that it had refused as a reply, or as one that it shows.
    pub fn reply_refused(&mut self, only_to_show_it: bool) {
        self.takes = self.takes.max(if only_to_show_it { Takes::Replies } else { Takes::Nothing });
    }

    /// Whether its parent takes the place of one that is gone.
    #[must_use]
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Where a message of this kind goes. What must wake someone is shown in the channel, too, and so is the end, unless
    /// that is to stand in the thread alone, and the first one after it.
    #[must_use]
    pub fn place(&self, kind: Kind, end_in_thread: bool) -> Place<'_> {
        let wakes = match kind {
            Kind::Escalation => true,
            Kind::Over => !end_in_thread,
            Kind::Opening | Kind::NewGroup | Kind::FollowUp => self.last == Last::Over,
        };
        let takes_it = match self.takes {
            Takes::All => true,
            Takes::Replies => !wakes,
            Takes::Nothing => false,
        };
        let parent = self.parent().filter(|_| takes_it);
        parent.map_or(Place::Channel, |parent| Place::Thread { parent, is_shown_in_channel: wakes })
    }

    /// A message of this kind was posted.
    pub fn message_posted(&mut self, kind: Kind) {
        self.incident_changed();
        let is_over = self.parent().is_some() && kind == Kind::Over;
        self.last = if is_over { Last::Over } else { Last::Other };
        (self.said, self.resumed_ms) = (None, None);
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

    /// Whether the incident has other figures than its parent shows.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.is_stale && self.parent().is_some()
    }

    /// The incident is over and was the last to write its parent: it is not written again, even where that failed.
    pub fn parent_closed(&mut self) {
        self.is_stale = false;
    }

    /// The chat system knows no such parent any more, or does not let it be written.
    pub fn parent_lost(&mut self) {
        *self = Self { parent: Parent::Lost, continues: true, takes: self.takes, ..Self::default() };
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent() -> Posted {
        Posted { channel: "C1".to_owned(), message: "1.2".to_owned() }
    }

    fn posted() -> Thread {
        let mut thread = Thread::default();
        thread.parent_posted(Some(parent()), None, 100_000);
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
                thread.place(kind, false),
                Place::Thread { parent: &parent(), is_shown_in_channel },
                "{kind:?}"
            );
        }
    }

    #[test]
    fn the_end_stands_in_the_thread_alone_where_it_is_to() {
        let is_shown = |kind, end_in_thread| {
            matches!(posted().place(kind, end_in_thread), Place::Thread { is_shown_in_channel: true, .. })
        };
        assert!(is_shown(Kind::Over, false) && !is_shown(Kind::Over, true));
        assert!(is_shown(Kind::Escalation, true));
    }

    #[test]
    fn what_comes_after_the_end_is_shown_in_the_channel_once() {
        let mut thread = posted();
        thread.message_posted(Kind::Over);
        let is_shown = |thread: &Thread| {
            matches!(thread.place(Kind::FollowUp, false), Place::Thread { is_shown_in_channel: true, .. })
        };
        assert!(is_shown(&thread));
        thread.message_posted(Kind::FollowUp);
        assert!(!is_shown(&thread));
    }

    #[test]
    fn what_a_channel_does_not_take_as_a_reply_stands_there_by_itself_and_the_parent_is_kept() {
        let is_in_channel = |thread: &Thread, kind| thread.place(kind, false) == Place::Channel;
        let mut thread = posted();
        thread.reply_refused(true);
        assert!(!is_in_channel(&thread, Kind::FollowUp));
        assert!(is_in_channel(&thread, Kind::Escalation) && is_in_channel(&thread, Kind::Over));
        thread.reply_refused(false);
        thread.reply_refused(true);
        assert!(is_in_channel(&thread, Kind::FollowUp));
        thread.incident_changed();
        assert!(thread.parent().is_some() && thread.update_due(110_000).is_some());
        thread.parent_lost();
        thread.parent_posted(Some(parent()), None, 1);
        assert!(is_in_channel(&thread, Kind::FollowUp), "another parent stands in the same channel");
    }

    #[test]
    fn what_a_parent_said_concerns_the_next_message_alone() {
        let mut thread = Thread::default();
        let said = Said { mentions: vec!["<!here>".to_owned()], server_errors: true };
        thread.parent_posted(Some(parent()), Some(said.clone()), 1);
        assert_eq!(thread.parent_said(), Some(&said));
        thread.message_posted(Kind::Opening);
        assert_eq!(thread.parent_said(), None);
    }

    #[test]
    fn the_thread_of_an_older_version_is_read() {
        let mut written = serde_json::to_value(posted()).unwrap();
        written["last"] = "Mentioned".into();
        assert_eq!(serde_json::from_value::<Thread>(written).unwrap(), posted());
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
        assert_eq!(thread.place(Kind::FollowUp, false), Place::Channel);
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
        thread.parent_posted(None, Some(Said::default()), 1);
        thread.incident_changed();
        assert_eq!(thread.parent_said(), None, "nobody knows whether it has");
        assert!(!thread.is_parent_due(1) && !thread.continues());
        assert_eq!(thread.place(Kind::FollowUp, false), Place::Channel);
        assert_eq!(thread.update_due(i64::MAX), None);
        let mut thread = posted();
        thread.parent_lost();
        assert!(thread.is_parent_due(1) && thread.continues());
        thread.parent_posted(Some(parent()), None, 1);
        assert!(!thread.is_parent_due(1) && thread.continues());
    }
}
