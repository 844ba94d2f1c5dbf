//! Posts the notifications of an event that a person should see.
//!
//! A notification never hides another: all are tried, and any failure fails the event, so that Lambda hands it over
//! again. What Slack accepted is remembered and not posted again then. Notices of alarms are few and urgent: they do not
//! wait for a token, and nothing is deferred into them. A topic's free text is posted only with a token, and waits for
//! none, since an alarm might wait behind it: without one it is given back to Lambda.

use std::hash::{DefaultHasher, Hash, Hasher};

use thiserror::Error;

use super::evidence::Found;
use super::notice::{AlarmChanged, Says};
use super::{Answer, Handler, HandlerError, Invocation, Notifier, Outcome};
use crate::access_log::redact::Redaction;
use crate::alarm::{
    AlarmChange, AlarmMemory, AlarmNotice, AlarmState, IncomingNotification, NoticeDecision, NoticeKind,
    NotificationError, TopicText, notice, phrases, read_notifications,
};
use crate::incident::AlarmNews;
use crate::ledger::{Ledger, Measures};
use crate::notification::{Evidence, of_alarm, of_topic_text};
use crate::rate_limit::Urgency;
use crate::slack::post::PostError;
use crate::slack::render::{MessageStyle, Rendered, render};
use crate::store::{BatchId, Store};
use crate::words::short_id;

/// Characters of an alarm's name, its contributor included, that an incident keeps.
const MAX_NAME: usize = 300;

/// Why nobody was notified.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoticeError {
    /// It could not be read. Final: the same bytes give the same answer.
    #[error(transparent)]
    Unreadable(#[from] NotificationError),
    /// Slack did not accept its message. Worth another try, as far as the post's own error is.
    #[error("record {index}: {error}")]
    Post {
        /// Which notification of the event, from 0.
        index: usize,
        /// Why Slack did not accept it.
        error: PostError,
    },
    /// A topic's message for which there is no token. Worth another try after that time.
    #[error("record {index}: the rate limit takes no topic's message for another {} s", (*wait_ms + 999) / 1_000)]
    NoToken {
        /// Which notification of the event, from 0.
        index: usize,
        /// How long until there is a token, in milliseconds.
        wait_ms: i64,
    },
}

/// A notification that a person is to hear of.
#[derive(Debug)]
pub(crate) enum Notice {
    /// An alarm went off or recovered.
    Change(Box<AlarmChange>, NoticeKind),
    /// A topic's message that is no alarm.
    Text(TopicText),
}

impl<N: Notifier, T: Store> Handler<N, T> {
    pub(super) async fn notifications(&mut self, event: &[u8], invocation: Invocation) -> Outcome {
        let notifications = match read_notifications(event) {
            Ok(notifications) => notifications,
            Err(error) => return Outcome::failed(error.into()),
        };
        let all = notifications.len() as u64;
        let mut ledger = Ledger::default();
        let mut measures = Measures::default();
        let mut errors = Vec::new();
        for (index, notification) in notifications.into_iter().enumerate() {
            let told = match notification {
                Ok(notification) => {
                    self.notification(index, notification, invocation, &mut ledger, &mut measures).await
                }
                Err(error) => {
                    ledger.undecodable += 1;
                    Err(error.into())
                }
            };
            if let Err(error) = told {
                tracing::error!(%error, "a notification was not posted");
                errors.push(error);
            }
        }
        let untold = errors.len() as u64;
        let answer = match errors.into_iter().next() {
            None => Ok(Answer::Ledger(ledger)),
            Some(first) => Err(HandlerError::Notices { untold, notifications: all, first }),
        };
        Outcome { answer, ledger, measures }
    }

    async fn notification(
        &mut self,
        index: usize,
        notification: IncomingNotification,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), NoticeError> {
        let (mut alarm, mut found) = (None, None);
        if let IncomingNotification::Change(change) = &notification {
            let changed = self.alarm_changed(change);
            // First: what is due takes its lines out of the table.
            if let NoticeDecision::Notify(kind) = self.alarms.decide(change) {
                let parts = AlarmNotice::new(&change.masked(&self.reader.redact), kind);
                found = self.evidence(change, &parts, &changed, invocation, ledger, measures).await;
            }
            let (mode, mut outbox) = self.outbox(invocation, ledger, measures);
            mode.alarm_changed(&changed, &mut outbox).await;
            alarm = Some(changed);
        }
        let posted = self
            .notice(index, notification, alarm.as_ref().map(|it| (it, found)), invocation, ledger, measures)
            .await;
        if let Some(alarm) = &alarm {
            let (mode, mut outbox) = self.outbox(invocation, ledger, measures);
            mode.alarm_notified(alarm, &mut outbox).await;
        }
        posted
    }

    /// Posts the message of a notification, where a person is to hear of it.
    async fn notice(
        &mut self,
        index: usize,
        notification: IncomingNotification,
        alarm: Option<(&AlarmChanged, Option<Found>)>,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), NoticeError> {
        let Some(notice) = Notice::due(notification, &mut self.alarms) else {
            ledger.silent += 1;
            return Ok(());
        };
        let now_ms = invocation.now_ms();
        let posted = if let (Notice::Change(change, kind), Some((alarm, found))) = (&notice, &alarm) {
            let parts = AlarmNotice::new(&change.masked(&self.reader.redact), *kind);
            let evidence = found.as_ref().and_then(Found::evidence);
            let rendered = notice.render(&self.style, &self.reader.redact, evidence, now_ms);
            self.post_notice(&rendered, alarm, &Says::of(&parts), invocation, ledger, measures).await
        } else {
            let rendered = notice.render(&self.style, &self.reader.redact, None, now_ms);
            let wait_ms = self.destinations.default.rate_limit.wait_ms(invocation.now_ms());
            if wait_ms > 0 {
                return Err(NoticeError::NoToken { index, wait_ms });
            }
            self.post_rendered(&rendered, Urgency::NowOrNever, invocation, ledger, measures).await
        };
        posted.map_err(|error| NoticeError::Post { index, error })?;
        ledger.alarms += notice.alarms();
        notice.told(&mut self.alarms);
        Ok(())
    }
}

impl<N: Notifier, T: Store> Handler<N, T> {
    /// The log groups that the alarm itself names, as a log alarm does, else the operator's.
    fn log_groups_of(&self, change: &AlarmChange) -> Vec<String> {
        let named = notice::log_groups(change);
        let operators = || self.style.content.log_groups_of(&change.name);
        if named.is_empty() { operators().into_iter().map(str::to_owned).collect() } else { named }
    }

    /// What the incidents of the alarm's log groups are to know: while one of their alarms is in ALARM they are not over.
    /// Where nobody names any, the alarm holds nothing back.
    fn alarm_changed(&self, change: &AlarmChange) -> AlarmChanged {
        let (alarm, id) = identity(change);
        let shown = change.masked(&self.reader.redact);
        let contributor = shown.contributor.iter().map(|it| format!(" ({})", phrases::contributor(it)));
        let name: String = std::iter::once(shown.name.clone()).chain(contributor).collect();
        let news = AlarmNews {
            alarm,
            name: name.chars().take(MAX_NAME).collect(),
            is_in_alarm: change.state == AlarmState::Alarm,
            changed_ms: change.changed_at_ms,
        };
        AlarmChanged { log_groups: self.log_groups_of(change), news, id }
    }
}

impl Says {
    fn of(notice: &AlarmNotice) -> Self {
        match notice.kind {
            NoticeKind::FirstNotice { since_ms } => Self::Alarm { heading: notice.heading.clone(), since_ms },
            NoticeKind::BelatedNotice { .. } => Self::Belated,
            NoticeKind::Recovery { .. } => Self::Recovery,
        }
    }
}

/// What stands for the alarm and its contributor, and what names the change whichever way it comes. Accounts and Regions
/// have alarms of the same name: their ARNs differ. Old SNS messages lack it, and have the account alone.
fn identity(change: &AlarmChange) -> (u64, BatchId) {
    let contributor = change.contributor.iter().flat_map(|contributor| {
        let attributes = contributor.attributes.iter().flat_map(|(name, value)| [name.as_str(), value]);
        let attributes = attributes.filter(|_| contributor.id.is_empty());
        std::iter::once(contributor.id.as_str()).chain(attributes)
    });
    let identity: Vec<&str> = contributor.collect();
    let within_account = || format!("{} {}", change.account.as_deref().unwrap_or_default(), change.name);
    let name = change.arn.clone().unwrap_or_else(within_account);
    let alarm = BatchId::of("alarm", &name, identity.iter()).half();
    let changed = format!("{} {}", change.state.name(), change.changed_at_ms);
    let id = BatchId::of("alarm", &name, identity.into_iter().chain([changed.as_str()]));
    (alarm, id)
}

impl Notice {
    /// `None` where nobody is to hear of it; that is remembered at once.
    pub(crate) fn due(notification: IncomingNotification, memory: &mut AlarmMemory) -> Option<Self> {
        match notification {
            IncomingNotification::Change(change) => match memory.decide(&change) {
                NoticeDecision::Notify(kind) => Some(Self::Change(change, kind)),
                silent @ NoticeDecision::Silent(_) => {
                    memory.commit(&change, silent);
                    None
                }
            },
            IncomingNotification::Text(text) => memory.decide_text(&text).then_some(Self::Text(text)),
            IncomingNotification::Unrelated => None,
        }
    }

    /// The message that tells it. It is known by what it was before anything in it was masked.
    pub(crate) fn render(
        &self,
        style: &MessageStyle,
        redaction: &Redaction,
        evidence: Option<Evidence<'_>>,
        now_ms: i64,
    ) -> Rendered {
        let id = self.id();
        match self {
            Self::Change(change, kind) => {
                let notice = AlarmNotice::new(&change.masked(redaction), *kind);
                let draw = |detail| of_alarm(&notice, evidence, &style.content, now_ms, &id, detail);
                render(draw, &style.sender)
            }
            Self::Text(text) => {
                let text = text.masked(redaction);
                render(|_| of_topic_text(&text, &style.content, &id), &style.sender)
            }
        }
    }

    /// Remembers it, once its message was accepted.
    pub(crate) fn told(&self, memory: &mut AlarmMemory) {
        match self {
            Self::Change(change, kind) => memory.commit(change, NoticeDecision::Notify(*kind)),
            Self::Text(text) => memory.commit_text(text),
        }
    }

    /// How many alarm changes it tells.
    pub(crate) fn alarms(&self) -> u64 {
        u64::from(matches!(self, Self::Change(..)))
    }

    /// When what it tells happened, where that is known; epoch milliseconds.
    pub(crate) fn changed_at_ms(&self) -> Option<i64> {
        match self {
            Self::Change(change, _) => Some(change.changed_at_ms),
            Self::Text(_) => None,
        }
    }

    /// The same notification has the same id in every process: the hasher's seed is fixed.
    fn id(&self) -> String {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Change(change, _) => {
                (&change.name, change.state.name(), change.changed_at_ms).hash(&mut hasher);
                if let Some(contributor) = &change.contributor {
                    contributor.identity().hash(&mut hasher);
                }
            }
            Self::Text(text) => (&text.message_id, &text.topic_name, &text.text).hash(&mut hasher),
        }
        short_id(hasher.finish())
    }
}

#[cfg(test)]
mod tests;
