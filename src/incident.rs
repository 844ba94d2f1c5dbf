//! The state machine of an incident, one for each log group and destination: from the first error to quiet.
//!
//! It takes lines, ticks and alarm changes, and says what to send and when to ask again: `group` knows whether a group is
//! new (`is_news`) or came faster, `follow_ups` the schedule, `thread` where the messages stand. Whether what is due may
//! go out now, [`rate_limit`](crate::rate_limit) decides.
//! It keeps numbers and names of groups, never a line; it never waits, posts or reads a clock: the time is passed in, in
//! epoch milliseconds.

mod alarm_states;
mod context;
mod group;
mod policy;
mod rate;
mod follow_ups;
mod snooze;
mod sources;
#[cfg(test)]
mod tests;
mod thread;
mod window;

use serde::{Deserialize, Serialize};

pub use alarm_states::AlarmNews;
use alarm_states::Alarms;
pub use context::{ClientCount, Context, MAX_CLIENTS, Names};
pub use follow_ups::{DEFAULT_FOLLOW_UPS, FollowUps, FollowUpsError, duration_ms};
use group::NotifiedGroup;
pub use group::{Group, GroupName};
pub use policy::{AtLeast, Policy};
pub use snooze::{SNOOZE_LIMITS_MS, Snooze};
pub use sources::Sources;
pub(crate) use sources::keep_common;
pub use thread::{AlarmOpening, Place, Posted, Said, Thread};

/// Groups that one incident tells apart; the lines of further ones are counted as [`Incident::other`].
pub const MAX_GROUPS: usize = 64;
/// Colours of rules that are told apart.
const MAX_COLORS: usize = 8;
/// What is over for no longer than this is recent, milliseconds.
const RECENT_MS: i64 = 900_000;

/// An incident, and what is remembered of it once it is over.
///
/// Its totals are exact from the opening on. What it has not notified yet is pending: whoever drives it keeps the lines
/// themselves, and puts all of them into the next message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    phase: Phase,
    /// When its first lines arrived.
    opened_ms: i64,
    /// Timestamps of the oldest and newest line; 0 where none is known.
    first_ms: i64,
    last_ms: i64,
    /// Timestamp of the line that began it, where lines before that were too few for a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    began_ms: Option<i64>,
    /// When its newest lines arrived.
    seen_ms: i64,
    groups: Vec<Group>,
    /// Groups that were notified before an alarm began this incident, at most [`MAX_GROUPS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<NotifiedGroup>,
    other: Count,
    client_errors: u64,
    server_errors: u64,
    id: u64,
    /// Versions before it wrote none.
    #[serde(default = "Context::unknown")]
    context: Context,
    /// Colours that the rules of its lines name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    colors: Vec<String>,
    /// How many requests its lines are a part of: known as long as they arrived together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    messages: u32,
    /// When the last message was accepted.
    notified_ms: i64,
    /// When the oldest pending line arrived.
    pending_since_ms: Option<i64>,
    /// The number of the follow-up that is due at `due_ms`, the first is 0.
    step: u32,
    due_ms: i64,
    /// When it came back after it had been over.
    reopened_ms: Option<i64>,
    over_notified: bool,
    held_back: u32,
    /// This API's alarms.
    alarms: Alarms,
    /// Someone snoozed it, and no message has said so since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snooze: Option<Snooze>,
    /// Where its messages stand, where the chat system has threads.
    #[serde(default, skip_serializing_if = "Thread::is_empty")]
    pub thread: Thread,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Nothing has failed, or it is over: what comes back soon belongs to it still.
    #[default]
    Over,
    /// Something fails.
    Open,
}

/// Lines: all of the incident, and those not notified yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// All of the incident.
    pub total: u64,
    /// Those that no message has had yet.
    pub pending: u64,
}

/// Lines of one group that arrived together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// Which group.
    pub group: GroupName<'a>,
    /// Where CloudWatch Logs centralised all of them from. Empty where they have no source, or several.
    pub source: &'a str,
    /// How many lines.
    pub count: u64,
    /// Timestamp of the oldest line, epoch milliseconds; 0 where it is unknown.
    pub first_ms: i64,
    /// Timestamp of the newest line, epoch milliseconds; 0 where it is unknown.
    pub last_ms: i64,
    /// The fewest that are worth a message, where a rule says so.
    pub at_least: Option<AtLeast>,
    /// After such a silence the group is new again, where a rule says so; milliseconds.
    pub again_after_ms: Option<i64>,
    /// Why, in the API's own words, where most of the lines say so: a stranger's text.
    pub cause: Option<&'a str>,
    /// What to do about it, where a rule says so: an address.
    pub runbook: Option<&'a str>,
}

/// Lines of one log group that arrived together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrivals<'a> {
    /// By group, worst first.
    pub groups: &'a [Arrival<'a>],
    /// Lines of groups for which there was no room, with a status of 400 to 499 and of 500 to 599.
    pub other: [u64; 2],
    /// Timestamps of the oldest and newest of all these lines; 0 where it is unknown.
    pub span_ms: (i64, i64),
    /// Stands for the lines: sums of ids make the id of a message.
    pub id: u64,
    /// Accounts, stages and clients of these lines.
    pub context: &'a Context,
    /// Colours that the rules of these lines name.
    pub colors: &'a [String],
    /// How many requests these lines are a part of, where that is known.
    pub requests: Option<u64>,
}

/// What makes the incident ask whether a message is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Lines, or an alarm change, arrived.
    Arrival,
    /// The schedule's tick; the next one comes a minute later.
    Tick,
    /// What is pending must go out now: nothing will keep it.
    Last,
}

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The first message of an incident. It carries the rules' mentions.
    Opening,
    /// A group came ten times as fast as last notified, or server errors joined client errors. With mentions.
    Escalation,
    /// A group that this incident has not notified yet. Without mentions, but for the first after an alarm has taken the
    /// thread up again.
    NewGroup,
    /// It goes on. Without mentions.
    FollowUp,
    /// It is over, with the whole sum. Without mentions.
    Over,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A message of this kind is to be sent, with all that is pending.
    Send(Kind),
    /// Nothing yet. Ask again at this time at the latest, epoch milliseconds; `None` until something arrives.
    Nothing {
        /// When.
        again_ms: Option<i64>,
    },
}

impl Kind {
    /// Whether the message carries the rules' mentions.
    #[must_use]
    pub fn has_mentions(self) -> bool {
        matches!(self, Self::Opening | Self::Escalation)
    }
}

impl Incident {
    /// Takes lines in: from now on they are pending. Ask [`Incident::decide`] before, since the incident so far may be
    /// over, and after.
    pub fn take(&mut self, arrivals: &Arrivals<'_>, now_ms: i64, policy: &Policy) {
        if self.pending() == 0 {
            self.snooze = self.snooze.filter(|snooze| snooze.is_on(now_ms));
        }
        if self.phase == Phase::Over && !arrivals.is_empty() {
            self.open_or_reopen(arrivals, now_ms, policy);
        }
        if self.pending() == 0 && self.messages > 0 {
            self.skip_idle_steps(now_ms, policy);
        }
        if !arrivals.is_empty() {
            if self.has_ended_below_threshold(now_ms, policy) {
                let (first_ms, _) = arrivals.span_ms;
                self.began_ms = Some(if first_ms > 0 { first_ms } else { now_ms });
            }
            self.changed(now_ms);
            self.pending_since_ms.get_or_insert(now_ms);
            self.seen_ms = self.seen_ms.max(now_ms);
            group::widen((&mut self.first_ms, &mut self.last_ms), arrivals.span_ms);
            self.id = self.id.wrapping_add(arrivals.id);
            self.context.fold(arrivals.context);
            self.requests = arrivals.requests.filter(|_| self.total() == 0);
            for color in arrivals.colors {
                if self.colors.len() < MAX_COLORS && !self.colors.contains(color) {
                    self.colors.push(color.clone());
                }
            }
        }
        if let Some(snooze) = self.snooze.as_mut().filter(|snooze| snooze.is_on(now_ms)) {
            snooze.lines += arrivals.lines();
        }
        let [client, server] = arrivals.other;
        self.client_errors += client;
        self.server_errors += server;
        self.other.add(client + server);
        for arrival in arrivals.groups {
            if arrival.group.is_server_error() {
                self.server_errors += arrival.count;
            } else {
                self.client_errors += arrival.count;
            }
            match self.group_of(arrival, now_ms, policy) {
                Some(group) => group.take(arrival, now_ms),
                None => self.other.add(arrival.count),
            }
        }
    }

    /// What is to be done now. It changes the incident in three cases only: it ends in silence, after a single message; a
    /// snooze ends in which nothing came; its parent names an alarm that is too old to count.
    pub fn decide(&mut self, moment: Moment, now_ms: i64, policy: &Policy) -> Decision {
        if self.shows_aged_alarm(now_ms) {
            self.changed(now_ms);
        }
        if self.phase == Phase::Over {
            return Decision::Nothing { again_ms: None };
        }
        if let Some(snooze) = self.snooze {
            if snooze.is_on(now_ms) {
                return Decision::Nothing { again_ms: Some(snooze.until_ms) };
            }
            if self.pending() == 0 {
                self.snooze = None;
                self.thread.incident_changed();
            }
        }
        if let Some(kind) = self.due(moment, now_ms, policy) {
            return Decision::Send(kind);
        }
        if self.over_at_ms(policy) <= now_ms && !self.is_held_by_alarm(now_ms) && self.pending() == 0 {
            self.phase = Phase::Over;
            self.thread.incident_changed();
            return Decision::Nothing { again_ms: None };
        }
        let over_ms = (!self.is_held_by_alarm(now_ms)).then(|| self.over_at_ms(policy).max(now_ms + 1));
        let due_ms = (self.pending() > 0).then(|| self.pending_due_at_ms(policy).max(now_ms + 1));
        Decision::Nothing { again_ms: over_ms.into_iter().chain(due_ms).min() }
    }

    /// A message of this kind was accepted: it had all that was pending.
    pub fn notified(&mut self, kind: Kind, now_ms: i64, policy: &Policy) {
        self.thread.message_posted(kind);
        self.messages = self.messages.saturating_add(1);
        self.notified_ms = now_ms;
        self.held_back = 0;
        self.snooze = self.snooze.filter(|snooze| snooze.is_on(now_ms));
        self.pending_since_ms = None;
        self.other.pending = 0;
        self.groups.iter_mut().for_each(|group| group.notified(now_ms));
        match kind {
            Kind::Opening => (self.step, self.due_ms) = (0, now_ms + policy.interval_ms(0)),
            // Sent before its time: the next one is counted from now.
            Kind::FollowUp if self.due_ms > now_ms => {
                self.step = self.step.saturating_add(1);
                self.due_ms = now_ms + policy.interval_ms(self.step);
            }
            Kind::FollowUp | Kind::NewGroup | Kind::Escalation => self.skip_idle_steps(now_ms, policy),
            Kind::Over => (self.phase, self.over_notified) = (Phase::Over, true),
        }
    }

    /// A message was due and had to wait for the rate limit.
    pub fn held_back(&mut self) {
        self.held_back = self.held_back.saturating_add(1);
    }

    /// An alarm of this API changed, which is known since `now_ms`: while one is in ALARM, for a day at most, the incident
    /// is not over. A change that comes late, after a newer one, changes nothing.
    pub fn alarm_changed(&mut self, news: &AlarmNews, now_ms: i64) {
        if let Some(former) = self.alarms.move_former(news) {
            self.thread.alarm_moved(former, news.alarm);
        }
        let was_recent =
            self.is_recent(now_ms) || !news.is_in_alarm && self.total() == 0 && self.is_opener_aged(now_ms);
        if !self.alarms.take(news) {
            return;
        }
        if was_recent {
            self.thread.alarm_changed(news.is_in_alarm);
            if news.is_in_alarm && !self.is_open() {
                self.thread.resumed_by_alarm(news.changed_ms);
            }
        } else if news.is_in_alarm {
            // What begins now has a thread of its own.
            self.thread = Thread::default();
        }
    }

    /// Whether an alarm of this API is in ALARM, for a day after its change at most.
    #[must_use]
    pub fn is_held_by_alarm(&self, now_ms: i64) -> bool {
        self.alarms.are_in_alarm(now_ms)
    }

    /// The names of the alarms in ALARM and since when, the oldest first; epoch milliseconds.
    #[must_use]
    pub fn in_alarm(&self, now_ms: i64) -> Vec<(&str, i64)> {
        self.alarms.in_alarm(now_ms)
    }

    /// Whether the alarm that opened its thread is in ALARM still.
    #[must_use]
    pub fn is_opener_in_alarm(&self, now_ms: i64) -> bool {
        self.thread.opening().is_some_and(|opening| self.alarms.is_in_alarm(opening.alarm, now_ms))
    }

    /// Whether the alarm that opened its thread went off more than a day ago, and nobody knows what became of it.
    #[must_use]
    pub fn is_opener_aged(&self, now_ms: i64) -> bool {
        self.thread.opening().is_some_and(|opening| self.alarms.has_aged(opening.alarm, now_ms))
    }

    /// Whether its parent names an alarm that is too old to count.
    fn shows_aged_alarm(&self, now_ms: i64) -> bool {
        self.thread.written_ms().is_some_and(|written_ms| self.alarms.have_aged_since(written_ms, now_ms))
    }

    /// When the last of its alarms changed, epoch milliseconds.
    #[must_use]
    pub fn alarms_changed_ms(&self) -> Option<i64> {
        self.alarms.changed_ms()
    }

    /// Someone asked at `at_ms` that nothing is posted of it until `until_ms`; where that is no later, that it goes on.
    /// Everything is counted meanwhile.
    pub fn snooze(&mut self, until_ms: i64, at_ms: i64) {
        self.snooze = Snooze::asked(self.snooze, until_ms, at_ms);
        if self.is_open() {
            self.thread.incident_changed();
        }
    }

    /// Its snooze, if it goes on, or ended and no message has said what came meanwhile.
    #[must_use]
    pub fn snoozed(&self) -> Option<&Snooze> {
        self.snooze.as_ref()
    }

    /// Whether nothing is posted of it now.
    #[must_use]
    pub fn is_snoozed(&self, now_ms: i64) -> bool {
        self.snooze.is_some_and(|snooze| snooze.is_on(now_ms))
    }

    /// The parent is not written anew while it is snoozed.
    fn changed(&mut self, now_ms: i64) {
        if !self.is_snoozed(now_ms) {
            self.thread.incident_changed();
        }
    }

    /// Forgets all but the alarms and the snooze: another incident begins.
    pub fn forget(&mut self) {
        let (alarms, told) = (std::mem::take(&mut self.alarms), std::mem::take(&mut self.told));
        *self = Self { alarms, told, snooze: self.snooze, ..Self::default() };
    }

    /// Forgets all but the alarms and the snooze, and which groups are not new: an alarm begins another incident.
    pub fn forget_for_alarm(&mut self, now_ms: i64, policy: &Policy) {
        let before = self.told.iter().copied();
        let told = self.groups.iter().filter_map(|group| group.told(policy)).chain(before);
        self.told = told.filter(|told| told.is_at(now_ms)).take(MAX_GROUPS).collect();
        self.forget();
    }

    /// Whether it goes on, or its last message came just now, or its parent changed just now.
    #[must_use]
    pub fn is_recent(&self, now_ms: i64) -> bool {
        let is_recent = |ms: i64| now_ms.saturating_sub(ms) <= RECENT_MS;
        let changed = || self.thread.written_ms().is_some_and(is_recent);
        self.is_open() || self.is_held_by_alarm(now_ms) || is_recent(self.notified_ms) || changed()
    }

    /// Whether nothing of it needs to be kept any more: it is over, and whatever comes now is new.
    #[must_use]
    pub fn is_forgotten(&self, now_ms: i64, policy: &Policy) -> bool {
        let is_new = |group: &Group| group.is_new_at(now_ms, policy);
        let is_shown = !self.thread.is_stale() && !self.shows_aged_alarm(now_ms);
        let is_done = self.phase == Phase::Over && !self.is_held_by_alarm(now_ms) && is_shown;
        let is_done = is_done && !self.is_snoozed(now_ms);
        is_done && self.groups.iter().all(is_new) && !self.told.iter().any(|told| told.is_at(now_ms))
    }

    /// Whether its message of this kind carries the rules' mentions: not where a message, if it has to go out, wakes
    /// nobody, or where all of it was notified not long before an alarm began the incident.
    #[must_use]
    pub fn has_mentions(&self, kind: Kind) -> bool {
        let is_first = kind == Kind::Opening || kind == Kind::NewGroup && self.thread.resumed_ms().is_some();
        let mut pending = self.groups.iter().filter(|group| group.count.pending > 0);
        let was_told =
            is_first && self.other.pending == 0 && self.pending() > 0 && pending.all(Group::was_told);
        (kind.has_mentions() || is_first) && !self.is_below_threshold() && !was_told
    }

    /// Whether all that is pending is fewer than its rules hold worth a message: then a message, if it has to go out,
    /// wakes nobody.
    #[must_use]
    pub fn is_below_threshold(&self) -> bool {
        let mut pending = self.groups.iter().filter(|group| group.count.pending > 0);
        self.other.pending == 0 && self.pending() > 0 && pending.all(Group::is_below_threshold)
    }

    /// Whether it would be over by now if all that came were not too little for a message.
    fn has_ended_below_threshold(&self, now_ms: i64, policy: &Policy) -> bool {
        let is_quiet = self.over_at_ms(policy) <= now_ms && !self.is_held_by_alarm(now_ms);
        self.messages == 0 && is_quiet && self.is_below_threshold()
    }

    /// Whether something fails.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Lines that no message has notified yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.groups.iter().fold(self.other.pending, |sum, group| sum + group.count.pending)
    }

    /// All lines of the incident.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.client_errors + self.server_errors
    }

    /// Lines with a status of 400 to 499, all of the incident.
    #[must_use]
    pub fn client_errors(&self) -> u64 {
        self.client_errors
    }

    /// Lines with a status of 500 to 599, all of the incident.
    #[must_use]
    pub fn server_errors(&self) -> u64 {
        self.server_errors
    }

    /// Its groups, at most [`MAX_GROUPS`], in the order in which they came.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Lines of groups for which there was no room.
    #[must_use]
    pub fn other(&self) -> Count {
        self.other
    }

    /// Accounts, stages and clients of all its lines.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Colours that the rules of its lines name, at most eight.
    #[must_use]
    pub fn colors(&self) -> &[String] {
        &self.colors
    }

    /// How many requests all its lines are a part of, where that is known: where they came in one delivery.
    #[must_use]
    pub fn requests(&self) -> Option<u64> {
        self.requests
    }

    /// When it began: its first line was logged, or arrived where that is not known; epoch milliseconds. Lines that were
    /// too few for a message, and after which it was quiet, are in its sums and began nothing.
    #[must_use]
    pub fn began_ms(&self) -> i64 {
        let first_ms = if self.first_ms == 0 { self.opened_ms } else { self.first_ms };
        self.began_ms.unwrap_or(first_ms)
    }

    /// When its first lines arrived, epoch milliseconds.
    #[must_use]
    pub fn opened_ms(&self) -> i64 {
        self.opened_ms
    }

    /// Timestamps of its oldest and newest line, epoch milliseconds; 0 where none is known.
    #[must_use]
    pub fn span_ms(&self) -> (i64, i64) {
        (self.first_ms, self.last_ms)
    }

    /// When its last message was accepted, epoch milliseconds.
    #[must_use]
    pub fn notified_ms(&self) -> Option<i64> {
        (self.messages > 0).then_some(self.notified_ms)
    }

    /// When the next follow-up is due, if something comes until then; epoch milliseconds.
    #[must_use]
    pub fn due_ms(&self) -> i64 {
        self.due_ms
    }

    /// Messages that were accepted.
    #[must_use]
    pub fn messages(&self) -> u32 {
        self.messages
    }

    /// How often a message had to wait for the rate limit since the last one.
    #[must_use]
    pub fn times_held_back(&self) -> u32 {
        self.held_back
    }

    /// Sum of the ids of its batches.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    fn due(&self, moment: Moment, now_ms: i64, policy: &Policy) -> Option<Kind> {
        let is_last = moment == Moment::Last;
        if self.pending() == 0 {
            let is_over = self.over_at_ms(policy) <= now_ms && !self.is_held_by_alarm(now_ms);
            return (is_over && self.messages > 1).then_some(Kind::Over);
        }
        let news = || self.groups.iter().filter(|group| group.is_news());
        // Lines of groups without a name are worth an opening, too.
        let is_due = is_last || self.is_pending_due(moment, now_ms, policy);
        // The first message after a snooze wakes nobody who knows of the incident, or for what is over by now.
        let ended = self.snooze.map(|_| self.over_at_ms(policy) <= now_ms && !self.is_held_by_alarm(now_ms));
        if self.messages == 0 {
            let is_opening = news().next().is_some() || self.other.pending > 0 || is_due;
            let kind = if ended == Some(true) { Kind::Over } else { Kind::Opening };
            return is_opening.then_some(kind);
        }
        if let Some(is_over) = ended {
            return Some(if is_over { Kind::Over } else { Kind::FollowUp });
        }
        let mut server_errors = self.groups.iter().filter(|group| group.name().is_server_error());
        let are_known = server_errors.any(|group| group.is_notified() && !group.is_new_at(now_ms, policy));
        let joins = !are_known && news().any(|group| group.name().is_server_error());
        if joins || self.groups.iter().any(Group::is_faster) {
            return Some(Kind::Escalation);
        }
        if news().next().is_some() {
            return Some(Kind::NewGroup);
        }
        if self.over_at_ms(policy) <= now_ms && !self.is_held_by_alarm(now_ms) && !is_last {
            return Some(Kind::Over);
        }
        is_due.then_some(Kind::FollowUp)
    }

    /// Whether what is pending must not wait until it is asked again.
    fn is_pending_due(&self, moment: Moment, now_ms: i64, policy: &Policy) -> bool {
        let cap_ms = self.pending_since_ms.map(|since| since.saturating_add(policy.max_deferral_ms));
        let is_scheduled = self.messages > 0 && self.due_ms <= now_ms;
        is_scheduled || cap_ms.is_some_and(|cap_ms| cap_ms <= now_ms + moment.next_ms())
    }

    fn pending_due_at_ms(&self, policy: &Policy) -> i64 {
        let cap_ms =
            self.pending_since_ms.map_or(i64::MAX, |since| since.saturating_add(policy.max_deferral_ms));
        if self.messages > 0 { cap_ms.min(self.due_ms) } else { cap_ms }
    }

    /// When it is over if nothing more comes. What came back once may come back again: then it is over only when its
    /// groups would be new again.
    fn over_at_ms(&self, policy: &Policy) -> i64 {
        let again_ms = self.reopened_ms.map_or(0, |reopened_ms| {
            let came_back = self.groups.iter().filter(|group| group.seen_ms() >= reopened_ms);
            came_back.map(|group| group.again_after_ms(policy)).max().unwrap_or_default()
        });
        self.seen_ms.saturating_add(policy.quiet_ms.max(again_ms))
    }

    /// What is new begins an incident; what was notified a while ago, and what comes while an alarm holds its thread, only
    /// goes on.
    fn open_or_reopen(&mut self, arrivals: &Arrivals<'_>, now_ms: i64, policy: &Policy) {
        let was_recent = self.is_recent(now_ms);
        self.phase = Phase::Open;
        let is_known = |arrival: &Arrival<'_>| {
            let known = self.groups.iter().find(|group| group.name() == arrival.group);
            known.is_some_and(|group| group.is_notified() && !group.is_new_at(now_ms, policy))
        };
        let is_other_known = arrivals.other == [0, 0] || self.other.total > 0;
        if self.messages > 0 && is_other_known && arrivals.groups.iter().all(is_known) {
            self.reopened_ms = Some(now_ms);
            self.changed(now_ms);
            // Whoever read that it is over hears soon that it is not.
            let step = if self.over_notified { 0 } else { self.step };
            self.over_notified = false;
            self.due_ms = now_ms + policy.interval_ms(step);
            return;
        }
        // An alarm has taken its thread up again: what comes now belongs there.
        if self.messages > 0 && self.thread.parent().is_some() && self.is_held_by_alarm(now_ms) {
            self.over_notified = false;
            self.due_ms = now_ms + policy.interval_ms(0);
            self.step = 0;
            return;
        }
        let alarms = std::mem::take(&mut self.alarms);
        // A parent may stand there already, whose first message failed, or that an alarm has just opened.
        let is_theirs = self.messages == 0 && (was_recent || self.thread.opening().is_none());
        let thread = if is_theirs { std::mem::take(&mut self.thread) } else { Thread::default() };
        let (told, snooze) = (std::mem::take(&mut self.told), self.snooze);
        *self =
            Self { phase: Phase::Open, opened_ms: now_ms, alarms, thread, told, snooze, ..Self::default() };
    }

    /// Goes on to the first follow-up that is still to come.
    fn skip_idle_steps(&mut self, now_ms: i64, policy: &Policy) {
        for _ in 0..policy::MAX_STEPS {
            if self.due_ms > now_ms {
                return;
            }
            self.step = self.step.saturating_add(1);
            self.due_ms += policy.interval_ms(self.step);
        }
        if self.due_ms <= now_ms {
            self.due_ms = now_ms + policy.interval_ms(self.step);
        }
    }

    /// The group of these lines. Server errors find room in the place of client errors.
    fn group_of(&mut self, arrival: &Arrival<'_>, now_ms: i64, policy: &Policy) -> Option<&mut Group> {
        if let Some(index) = self.groups.iter().position(|group| group.name() == arrival.group) {
            let group = self.groups.get_mut(index)?;
            if group.may_be_new_again() && group.is_new_at(now_ms, policy) {
                group.forget_notified(now_ms);
            }
            return Some(group);
        }
        if self.groups.len() >= MAX_GROUPS {
            let client_errors = self.groups.iter().enumerate();
            let client_errors = client_errors.filter(|(_, group)| !group.name().is_server_error());
            let oldest = client_errors.min_by_key(|(_, group)| group.seen_ms()).map(|(index, _)| index);
            let index = oldest.filter(|_| arrival.group.is_server_error())?;
            let displaced = self.groups.remove(index);
            self.other.total += displaced.count.total;
            self.other.pending += displaced.count.pending;
        }
        self.groups.push(Group::new(arrival, &self.told, now_ms));
        self.groups.last_mut()
    }
}

impl Arrivals<'_> {
    fn lines(&self) -> u64 {
        self.groups.iter().map(|arrival| arrival.count).sum::<u64>() + self.other.iter().sum::<u64>()
    }

    fn is_empty(&self) -> bool {
        self.other == [0, 0] && self.groups.iter().all(|arrival| arrival.count == 0)
    }
}

impl Moment {
    /// How long it is until somebody surely asks again.
    fn next_ms(self) -> i64 {
        match self {
            Self::Arrival => 0,
            Self::Tick => policy::TICK_MS,
            Self::Last => i64::MAX / 4,
        }
    }
}

impl Count {
    fn add(&mut self, lines: u64) {
        self.total += lines;
        self.pending += lines;
    }
}
