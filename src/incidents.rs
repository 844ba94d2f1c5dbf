//! An incident with the lines that it has not notified yet: how a digest gets in, and how its next message looks.
//!
//! Pure: it posts nothing and reads no clock. The function and the backtest drive it alike.

pub(crate) mod journal;
pub(crate) mod step;

use std::borrow::Cow;
use std::str::FromStr;

use thiserror::Error;

use crate::digest::{Digest, MAX_SECTIONS, OTHER_LOG_GROUPS, Section};
use crate::incident::{
    AlarmNews, AlarmOpening, Arrival, Arrivals, Decision, GroupName, Incident, Kind, Moment, Policy, Said,
    Thread,
};
use crate::notification::{
    Over, Parent, Progress, Situation, cause_words, fault_words, mentions, of_digest, of_over, of_parent,
    of_progress,
};
use crate::rules::{DEFAULT_DESTINATION, To};
use crate::slack::message::Message;
use crate::slack::render::{Form, MessageStyle, render_form};
use crate::words::short_id;

/// Sample lines that a group keeps for a follow-up.
const FOLLOW_UP_SAMPLES: usize = 3;
/// For so long after an alarm's notice the first lines are no news to the channel, milliseconds.
const ALARM_IS_NEWS_MS: i64 = 600_000;

/// What is notified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotifyMode {
    /// Incidents: opening, changes, follow-ups, and the end.
    #[default]
    Incidents,
    /// Each delivery, as the rate limit allows.
    Every,
}

/// The text names nothing that can be notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be incidents or every")]
pub struct UnknownNotifyMode;

impl FromStr for NotifyMode {
    type Err = UnknownNotifyMode;

    fn from_str(text: &str) -> Result<Self, UnknownNotifyMode> {
        match text {
            "incidents" => Ok(Self::Incidents),
            "every" => Ok(Self::Every),
            _ => Err(UnknownNotifyMode),
        }
    }
}

/// The incidents of one state: by log group and destination, at most [`MAX_SECTIONS`].
#[derive(Debug)]
pub struct Incidents {
    policy: Policy,
    tracked: Vec<Tracked>,
}

/// The incident of one log group, and its lines that no message has notified yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracked {
    log_group: String,
    /// Stands for all log groups beyond [`MAX_SECTIONS`].
    is_rest: bool,
    /// The one destination of its messages; not kept in a store, where an incident's key names it.
    to: To,
    incident: Incident,
    pending: Digest,
}

impl Incidents {
    /// Nothing fails yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, tracked: Vec::new() }
    }

    /// Lines that no message has notified yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.tracked.iter().map(|tracked| tracked.pending.matched()).sum()
    }

    /// Whether anything is open, so that a tick may have something to do.
    #[must_use]
    pub fn are_open(&self) -> bool {
        self.tracked.iter().any(|tracked| tracked.incident.is_open())
    }

    /// All of them, to ask what is due.
    pub(crate) fn all_mut(&mut self) -> (&Policy, impl Iterator<Item = &mut Tracked>) {
        (&self.policy, self.tracked.iter_mut())
    }

    /// An alarm of a log group changed.
    pub(crate) fn alarm_changed(&mut self, log_group: &str, news: &AlarmNews, now_ms: i64) {
        if let Some(tracked) = self.of_log_group(log_group, now_ms) {
            tracked.alarm_changed(news, now_ms);
        }
    }

    /// That of a log group, unless it is one of too many.
    pub(crate) fn of_log_group(&mut self, log_group: &str, now_ms: i64) -> Option<&mut Tracked> {
        let section = Section { log_group: log_group.to_owned(), ..Section::default() };
        self.of(&section, now_ms).map(|(_, tracked)| tracked).filter(|tracked| !tracked.is_rest)
    }

    /// That of a log group, where there is one.
    pub(crate) fn known(&self, log_group: &str) -> Option<&Tracked> {
        self.tracked.get(self.position(log_group, false, &To::DEFAULT)?)
    }

    /// That of a section's log group.
    pub(crate) fn of(&mut self, section: &Section, now_ms: i64) -> Option<(&Policy, &mut Tracked)> {
        let Section { log_group, is_rest, to, .. } = section;
        let mut place = self.position(log_group, *is_rest, to);
        if place.is_none() {
            let policy = &self.policy;
            self.tracked.retain(|tracked| !tracked.incident.is_forgotten(now_ms, policy));
            let is_full = self.tracked.len() + 1 >= MAX_SECTIONS;
            let (name, is_rest) =
                if is_full { (OTHER_LOG_GROUPS, true) } else { (log_group.as_str(), *is_rest) };
            place = self.position(name, is_rest, to);
            if place.is_none() {
                self.tracked.push(Tracked::new(name.to_owned(), is_rest, to.clone()));
                place = self.tracked.len().checked_sub(1);
            }
        }
        Some((&self.policy, self.tracked.get_mut(place?)?))
    }

    fn position(&self, log_group: &str, is_rest: bool, to: &To) -> Option<usize> {
        let is_theirs = |tracked: &Tracked| {
            tracked.is_rest == is_rest && (is_rest || tracked.log_group == log_group) && tracked.to == *to
        };
        self.tracked.iter().position(is_theirs)
    }
}

impl Tracked {
    fn new(log_group: String, is_rest: bool, to: To) -> Self {
        let (incident, pending) = (Incident::default(), Digest::default());
        Self { log_group, is_rest, to, incident, pending }
    }

    /// The destination of its messages, where no store's key names it.
    pub(crate) fn destination(&self) -> &str {
        self.to.names().next().unwrap_or(DEFAULT_DESTINATION)
    }

    /// What is to be done now.
    pub(crate) fn decide(&mut self, moment: Moment, now_ms: i64, policy: &Policy) -> Decision {
        self.incident.decide(moment, now_ms, policy)
    }

    /// Takes lines in; `id` is that of their digest, and `quiet` is what other log groups say beside them. At most
    /// `samples_per_group` lines of a group are kept for a first message.
    pub(crate) fn take(
        &mut self,
        section: &Section,
        quiet: Vec<Section>,
        id: u64,
        samples_per_group: usize,
        now_ms: i64,
        policy: &Policy,
    ) {
        let faults: Vec<String> = section.groups.iter().map(fault_words).collect();
        let causes: Vec<_> = section.groups.iter().map(cause_words).collect();
        let words = faults.iter().zip(&causes);
        let arrivals = section.groups.iter().zip(words).map(|(group, (fault, cause))| Arrival {
            group: GroupName { status: group.status.code(), route: &group.route, fault },
            source: &group.source,
            count: group.count,
            first_ms: group.first_ms,
            last_ms: group.last_ms,
            at_least: group.incident.at_least,
            again_after_ms: group.incident.again_after_ms,
            cause: cause.as_deref(),
            runbook: group.incident.runbook.as_deref(),
        });
        let groups: Vec<Arrival<'_>> = arrivals.collect();
        let listed = |is_server_error: bool| -> u64 {
            let of_class = groups.iter().filter(|arrival| arrival.group.is_server_error() == is_server_error);
            of_class.map(|arrival| arrival.count).sum()
        };
        let other = [
            section.client_errors.saturating_sub(listed(false)),
            section.server_errors.saturating_sub(listed(true)),
        ];
        let span_ms = (section.first_ms, section.last_ms);
        let Section { context, colors, requests, .. } = section;
        let arrivals = Arrivals { groups: &groups, other, span_ms, id, context, colors, requests: *requests };
        self.incident.take(&arrivals, now_ms, policy);
        let samples = if self.incident.messages() == 0 { samples_per_group } else { FOLLOW_UP_SAMPLES };
        let mut section = section.clone();
        section.log_group.clone_from(&self.log_group);
        section.is_rest = self.is_rest;
        section.to.clone_from(&self.to);
        self.pending.fold(Digest { sections: vec![section], quiet, id }, samples);
        self.pending.sort();
    }

    /// Takes the lines of one log group in that arrived together.
    pub(crate) fn take_digest(
        &mut self,
        digest: &Digest,
        samples_per_group: usize,
        now_ms: i64,
        policy: &Policy,
    ) {
        for section in &digest.sections {
            self.take(section, digest.quiet.clone(), digest.id, samples_per_group, now_ms, policy);
        }
    }

    /// The lines of one log group, alone: the incident begins with them.
    pub(crate) fn of_digest(digest: &Digest, samples_per_group: usize, now_ms: i64, policy: &Policy) -> Self {
        let section = digest.sections.first();
        let log_group = section.map(|section| section.log_group.clone()).unwrap_or_default();
        let to = section.map(|section| section.to.clone()).unwrap_or_default();
        let mut tracked = Self::new(log_group, section.is_some_and(|section| section.is_rest), to);
        tracked.take_digest(digest, samples_per_group, now_ms, policy);
        tracked
    }

    /// An alarm of the log group changed, which is known since `now_ms`.
    pub(crate) fn alarm_changed(&mut self, news: &AlarmNews, now_ms: i64) {
        self.incident.alarm_changed(news, now_ms);
    }

    /// A thread is to be opened for an alarm. What is over by now is another incident's.
    pub(crate) fn open_for_alarm(&mut self, opening: AlarmOpening, now_ms: i64, policy: &Policy) {
        if !self.incident.is_open() {
            self.incident.forget_for_alarm(now_ms, policy);
            self.pending = Digest::default();
        }
        self.incident.thread.opened_by_alarm(opening);
    }

    /// Whether nothing is posted of it now.
    pub(crate) fn is_snoozed(&self, now_ms: i64) -> bool {
        self.incident.is_snoozed(now_ms)
    }

    /// A message was due and had to wait.
    pub(crate) fn held_back(&mut self) {
        self.incident.held_back();
    }

    /// A message of this kind was accepted; gives the lines that it notified.
    pub(crate) fn notified(&mut self, kind: Kind, now_ms: i64, policy: &Policy) -> Digest {
        self.incident.notified(kind, now_ms, policy);
        std::mem::take(&mut self.pending)
    }

    /// Whether the message of this kind carries the mentions of the rules of its lines, where they have any, as far as
    /// they do not stand in the parent that was posted before it.
    pub(crate) fn has_mentions(&self, kind: Kind) -> bool {
        self.incident.has_mentions(kind)
    }

    /// What the parent says that is posted before a message of this kind.
    pub(crate) fn said_by_parent(&self, kind: Kind) -> Said {
        let mentions = if self.has_mentions(kind) { mentions(&self.pending) } else { Vec::new() };
        Said {
            mentions: mentions.into_iter().map(str::to_owned).collect(),
            server_errors: self.incident.server_errors() > 0,
        }
    }

    /// Whether a message is to be shown in the channel, too: it mentions somebody whom the parent does not, or has the
    /// first server errors, or it is the first one since an alarm opened the thread or took it up again, and that is old
    /// or over.
    pub(crate) fn wakes(&self, kind: Kind, now_ms: i64) -> bool {
        if kind == Kind::Over {
            return false;
        }
        let lacks_mention = self.has_mentions(kind) && !mentions(&self.pending_for(kind)).is_empty();
        let has_server_errors = self.incident.server_errors() > 0;
        let lacks_server_errors = self
            .thread()
            .parent_said()
            .is_some_and(|of_parent| !of_parent.server_errors && has_server_errors);
        let opened =
            self.thread().opening().filter(|_| kind == Kind::Opening).map(|opening| opening.since_ms);
        let is_late = opened.max(self.thread().resumed_ms()).is_some_and(|since_ms| {
            let is_old = now_ms.saturating_sub(since_ms) > ALARM_IS_NEWS_MS;
            is_old || !self.incident.is_held_by_alarm(now_ms)
        });
        lacks_mention || lacks_server_errors || is_late
    }

    /// Takes over where the messages of `next` stand, which is what becomes of this with what arrived. Where that is
    /// another incident, the one before is forgotten: all of it was notified.
    pub(crate) fn take_thread_of(&mut self, next: &Self) {
        if next.incident.messages() == 0 && self.incident.messages() > 0 {
            self.incident.forget();
            self.pending = Digest::default();
        }
        self.incident.thread.clone_from(&next.incident.thread);
    }

    /// The thread, where it has a parent and the incident goes on or went on until just now.
    pub(crate) fn recent_thread(&self, now_ms: i64) -> Option<&Thread> {
        let thread = self.thread();
        thread.parent().filter(|_| self.incident.is_recent(now_ms)).map(|_| thread)
    }

    /// Since when something fails: the first lines arrived, or an alarm opened its thread; epoch milliseconds.
    pub(crate) fn began_ms(&self) -> i64 {
        let opening = self.thread().opening().filter(|_| self.incident.total() == 0);
        opening.map_or(self.incident.opened_ms(), |opening| opening.since_ms)
    }

    /// The incident and the lines of it that no message has shown, where it had an error since then (epoch milliseconds).
    pub(crate) fn errors_since(&self, from_ms: i64) -> Option<(&Incident, &Digest)> {
        let (_, last_ms) = self.incident.span_ms();
        let is_recent = self.incident.total() > 0 && last_ms >= from_ms;
        is_recent.then_some((&self.incident, &self.pending))
    }

    /// Whether the alarm that opened its thread is in ALARM still.
    pub(crate) fn is_opener_in_alarm(&self, now_ms: i64) -> bool {
        self.incident.is_opener_in_alarm(now_ms)
    }

    /// When its last message was accepted, epoch milliseconds; 0 where there was none.
    pub(crate) fn notified_ms(&self) -> i64 {
        self.incident.notified_ms().unwrap_or_default()
    }

    /// Whether lines fail.
    pub(crate) fn is_open(&self) -> bool {
        self.incident.is_open()
    }

    /// Whether an alarm of the log group is in ALARM.
    pub(crate) fn is_held_by_alarm(&self, now_ms: i64) -> bool {
        self.incident.is_held_by_alarm(now_ms)
    }

    /// Where its messages stand, where the chat system has threads.
    pub(crate) fn thread(&self) -> &Thread {
        &self.incident.thread
    }

    pub(crate) fn thread_mut(&mut self) -> &mut Thread {
        &mut self.incident.thread
    }

    /// The message of this kind in one form, and how many lines it shows.
    pub(crate) fn draw(&self, form: Form, kind: Kind, style: &MessageStyle, now_ms: i64) -> (Message, u64) {
        let id = self.message_id();
        let situation = Situation { now_ms, id: &id, storm: None };
        let MessageStyle { content, sender } = style;
        let (digest, over) = (self.pending_for(kind), self.over(&id));
        let progress = Progress { kind, incident: &self.incident };
        let notification = |detail| {
            let notification = match kind {
                Kind::Opening => of_digest(&digest, content, &situation, detail),
                Kind::Over => of_over(&over, content),
                _ => of_progress(&digest, &progress, content, &situation, detail),
            };
            match self.incident.snoozed() {
                Some(snooze) => notification.after_snooze(snooze, now_ms),
                None => notification,
            }
        };
        render_form(form, notification, sender)
    }

    /// The lines that a message of this kind tells of, with those mentions alone that it carries.
    fn pending_for(&self, kind: Kind) -> Cow<'_, Digest> {
        let has_mentions = self.has_mentions(kind);
        let of_parent = self.thread().parent_said();
        if (has_mentions || !kind.has_mentions())
            && of_parent.is_none_or(|of_parent| of_parent.mentions.is_empty())
        {
            return Cow::Borrowed(&self.pending);
        }
        let is_said = |mention: &str| {
            of_parent.is_some_and(|of_parent| of_parent.mentions.iter().any(|it| it == mention))
        };
        let mut digest = self.pending.clone();
        for section in &mut digest.sections {
            section.mentions.retain(|mention| has_mentions && !is_said(mention.trim()));
        }
        Cow::Owned(digest)
    }

    fn over<'a>(&'a self, id: &'a str) -> Over<'a> {
        let Self { incident, log_group, is_rest, .. } = self;
        Over { incident, log_group, is_rest: *is_rest, id }
    }

    /// The parent of its thread: as it is posted before a message of this kind, or, with `None`, as it is written anew.
    pub(crate) fn draw_parent(
        &self,
        form: Form,
        before: Option<Kind>,
        style: &MessageStyle,
        now_ms: i64,
    ) -> Message {
        let id = short_id(self.incident.id());
        let parent = Parent {
            incident: &self.incident,
            log_group: &self.log_group,
            is_rest: self.is_rest,
            is_over: before.is_none() && !self.incident.is_open() && !self.incident.is_held_by_alarm(now_ms),
            continues: self.incident.thread.continues(),
            mentions_of: before.filter(|kind| self.has_mentions(*kind)).map(|_| &self.pending),
            now_ms,
            id: &id,
        };
        render_form(form, |detail| of_parent(&parent, &style.content, detail), &style.sender).0
    }

    fn message_id(&self) -> String {
        short_id(if self.pending.id == 0 { self.incident.id() } else { self.pending.id })
    }
}
