//! What an incident knows of one group: its name, its counts, whether it is news, how fast it comes.
//!
//! `digest/fold.rs` decides which lines are one group. Nothing here decides over messages or reads a clock.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::rate::Rate;
use super::sources::keep_common;
use super::window::Window;
use super::{Arrival, AtLeast, Count, Policy};

/// Lines whose newest is older than this when they arrive say nothing of how fast errors come now, milliseconds.
const LATE_MS: i64 = 300_000;

/// The longest cause that is kept, in bytes: all of an incident's are written with every message.
const MAX_CAUSE: usize = 120;

/// What the lines of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupName<'a> {
    /// 400 to 599.
    pub status: u16,
    /// Method and route: a stranger's text. Empty where it is unknown.
    pub route: &'a str,
    /// Whose fault it is, in our words. Empty where it is unknown.
    pub fault: &'a str,
}

/// One group of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    status: u16,
    route: String,
    fault: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    /// Its lines.
    pub count: Count,
    first_ms: i64,
    last_ms: i64,
    /// When its newest lines arrived.
    seen_ms: i64,
    /// When it was last notified as new or as an escalation.
    notified_ms: Option<i64>,
    is_escalation: bool,
    again_after_ms: Option<i64>,
    rate: Rate,
    /// Counts towards the fewest that are worth a message, where it was not notified yet.
    threshold: Option<Threshold>,
    /// The cause that most of its lines name, as far as one is so frequent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runbook: Option<String>,
    /// An incident before this one notified it, not long ago.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    was_told: bool,
}

/// A group that was notified, and until when it is not new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotifiedGroup {
    group: u64,
    until_ms: i64,
}

/// A cause, and by how many lines it is ahead of the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cause {
    text: String,
    ahead: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Threshold {
    count: u64,
    within_ms: i64,
    window: Window,
    is_reached: bool,
}

impl GroupName<'_> {
    /// Whether the status is 500 to 599.
    #[must_use]
    pub fn is_server_error(&self) -> bool {
        self.status >= 500
    }

    /// The same in every process of one version.
    fn hashed(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.status, self.route, self.fault).hash(&mut hasher);
        hasher.finish()
    }
}

impl NotifiedGroup {
    /// Whether the group is not new yet.
    pub(super) fn is_at(&self, now_ms: i64) -> bool {
        now_ms <= self.until_ms
    }
}

impl Group {
    pub(super) fn new(arrival: &Arrival<'_>, told: &[NotifiedGroup], now_ms: i64) -> Self {
        let GroupName { status, route, fault } = arrival.group;
        Self {
            status,
            route: route.to_owned(),
            fault: fault.to_owned(),
            source: String::new(),
            count: Count::default(),
            first_ms: 0,
            last_ms: 0,
            seen_ms: i64::MIN,
            notified_ms: None,
            is_escalation: false,
            again_after_ms: arrival.again_after_ms,
            rate: Rate::new(now_ms),
            threshold: arrival.at_least.map(Threshold::of),
            cause: None,
            runbook: None,
            was_told: told.iter().any(|told| told.group == arrival.group.hashed() && told.is_at(now_ms)),
        }
    }

    /// Why, in the API's own words: a stranger's text. Where one cause stands in more than half of the lines, it is
    /// that one.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_ref().map(|cause| cause.text.as_str())
    }

    /// Where CloudWatch Logs centralised all of its lines from. Empty where they have no source, or several.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What to do about it: the address that a rule names.
    #[must_use]
    pub fn runbook(&self) -> Option<&str> {
        self.runbook.as_deref()
    }

    /// What its lines have in common.
    #[must_use]
    pub fn name(&self) -> GroupName<'_> {
        GroupName { status: self.status, route: &self.route, fault: &self.fault }
    }

    /// Timestamps of its oldest and newest line, epoch milliseconds; 0 where none is known.
    #[must_use]
    pub fn span_ms(&self) -> (i64, i64) {
        (self.first_ms, self.last_ms)
    }

    /// Whether no message has named it yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.notified_ms.is_none()
    }

    /// Whether it comes ten times as fast as was last notified.
    #[must_use]
    pub fn is_faster(&self) -> bool {
        self.is_escalation
    }

    /// The majority vote of Boyer and Moore, in the space of one cause.
    fn vote(&mut self, text: &str, lines: u64) {
        let text = text.get(..text.floor_char_boundary(MAX_CAUSE)).unwrap_or_default();
        match &mut self.cause {
            Some(cause) if cause.text == text => cause.ahead = cause.ahead.saturating_add(lines),
            Some(cause) if cause.ahead >= lines => cause.ahead -= lines,
            other => {
                let ahead = lines - other.as_ref().map_or(0, |cause| cause.ahead);
                *other = Some(Cause { text: text.to_owned(), ahead });
            }
        }
    }

    pub(super) fn take(&mut self, arrival: &Arrival<'_>, now_ms: i64) {
        keep_common(&mut self.source, self.count.total == 0, arrival.source);
        self.count.add(arrival.count);
        if let Some(text) = arrival.cause {
            self.vote(text, arrival.count);
        }
        if self.runbook.is_none() {
            self.runbook = arrival.runbook.map(str::to_owned);
        }
        self.seen_ms = self.seen_ms.max(now_ms);
        widen((&mut self.first_ms, &mut self.last_ms), (arrival.first_ms, arrival.last_ms));
        // What holds now is what the rules say of the newest lines.
        self.again_after_ms = arrival.again_after_ms;
        if arrival
            .at_least
            .is_none_or(|at_least| self.threshold.as_ref().is_none_or(|known| !known.is_of(at_least)))
        {
            self.threshold = arrival.at_least.map(Threshold::of);
        }
        if let Some(threshold) = &mut self.threshold {
            threshold.window.add(arrival.count, now_ms);
            threshold.is_reached |= threshold.window.all() >= threshold.count;
        }
        let is_late = arrival.last_ms > 0 && now_ms.saturating_sub(arrival.last_ms) > LATE_MS;
        if is_late {
            return;
        }
        self.rate.add(arrival.count, now_ms);
        if let Some(notified_ms) = self.notified_ms {
            self.is_escalation |= self.rate.is_escalation(notified_ms, now_ms);
        }
    }

    /// A message notified it.
    pub(super) fn notified(&mut self, now_ms: i64) {
        self.count.pending = 0;
        if self.is_new() || self.is_escalation {
            self.notified_ms = Some(now_ms);
        }
        self.is_escalation = false;
        self.rate.notified(now_ms);
    }

    /// It is new again.
    pub(super) fn forget_notified(&mut self, now_ms: i64) {
        self.notified_ms = None;
        self.rate = Rate::new(now_ms);
        if let Some(threshold) = &mut self.threshold {
            threshold.is_reached = false;
        }
    }

    /// Whether it is worth a message of its own: no message notified it, and so many came as are asked for.
    pub(super) fn is_news(&self) -> bool {
        let is_enough = self.threshold.as_ref().is_none_or(|threshold| threshold.is_reached);
        self.is_new() && self.count.pending > 0 && is_enough
    }

    /// Whether fewer came so far than its rule asks for.
    pub(super) fn is_below_threshold(&self) -> bool {
        self.threshold.as_ref().is_some_and(|threshold| !threshold.is_reached)
    }

    /// Within one incident, client errors are new once: a rare one would be news every time. A rule may ask for more.
    pub(super) fn may_be_new_again(&self) -> bool {
        self.name().is_server_error() || self.again_after_ms.is_some()
    }

    /// Whether an incident before this one notified it, not long before it came.
    pub(super) fn was_told(&self) -> bool {
        self.was_told
    }

    /// What is remembered of it when another incident begins.
    pub(super) fn told(&self, policy: &Policy) -> Option<NotifiedGroup> {
        let until_ms = self.seen_ms.saturating_add(self.again_after_ms(policy));
        (self.is_notified() || self.was_told).then(|| NotifiedGroup { group: self.name().hashed(), until_ms })
    }

    pub(super) fn is_notified(&self) -> bool {
        self.notified_ms.is_some()
    }

    /// Whether lines that come now are new again.
    pub(super) fn is_new_at(&self, now_ms: i64, policy: &Policy) -> bool {
        now_ms.saturating_sub(self.seen_ms) > self.again_after_ms(policy)
    }

    pub(super) fn again_after_ms(&self, policy: &Policy) -> i64 {
        let by_class = if self.name().is_server_error() {
            policy.server_errors_again_after_ms
        } else {
            policy.client_errors_again_after_ms
        };
        self.again_after_ms.unwrap_or(by_class)
    }

    pub(super) fn seen_ms(&self) -> i64 {
        self.seen_ms
    }
}

impl Threshold {
    fn of(at_least: AtLeast) -> Self {
        let AtLeast { count, within_ms } = at_least;
        Self { count, within_ms, window: Window::of_ms(within_ms), is_reached: false }
    }

    fn is_of(&self, at_least: AtLeast) -> bool {
        (self.count, self.within_ms) == (at_least.count, at_least.within_ms)
    }
}

/// Widens times by others. A time of 0 is unknown and widens nothing.
pub(super) fn widen((first, last): (&mut i64, &mut i64), (first_ms, last_ms): (i64, i64)) {
    if first_ms > 0 && (*first == 0 || first_ms < *first) {
        *first = first_ms;
    }
    *last = (*last).max(last_ms);
}
