//! The messages that the function would have posted for lines in the order of time.
//!
//! It models what is around the function: deliveries, containers, ticks, and the time that a post takes. What a line
//! means, what is posted or deferred and how a message reads is the function's own code.

use std::collections::{BTreeMap, HashMap};

use super::excerpt::Excerpt;
use super::figures::{
    HOUR_MS, MAX_NOISIEST, MINUTE_MS, NoisyGroup, RuleHits, SentMessage, SlackFigures, ThreadFigures, Time,
    WorstHour,
};
use super::line::{Kind, Line};
use super::tape::Tape;
use super::{DELIVERY_MS, Days, Plan, StateKind};
use crate::access_log::fast_path::LineText;
use crate::deliveries::{Deliveries, Delivery};
use crate::digest::{Counts, Digest, Reader};
use crate::duplicates::RememberedEvents;
use crate::handler::{draw, draw_quiet_again};
use crate::incident::{Kind as MessageKind, Moment, Place, Policy, Posted};
use crate::incidents::step::{Ask, News, Step};
use crate::incidents::{Incidents, NotifyMode, Tracked};
use crate::pace::Pace;
use crate::rate_limit::{Bucket, RateLimit};
use crate::rules::{Action, DEFAULT_DESTINATION};
use crate::slack::message::Message;
use crate::slack::render::{Form, MessageStyle};

/// What a post takes; for so long a container takes no other delivery.
const POST_MS: i64 = 200;
/// Groups that are told apart for the noisiest.
const MAX_GROUPS: usize = 8_192;
/// A day of ticks: by then any storm has been notified.
const MAX_LAST_TICKS: usize = 1_440;

/// The function in virtual time.
pub(super) struct SlackRun<'s> {
    reader: &'s Reader,
    style: &'s MessageStyle,
    /// When each container is free again: a post takes its time.
    free_at_ms: Vec<i64>,
    /// One for all containers, or one for each.
    states: Vec<State>,
    remembered: RememberedEvents,
    open: Deliveries,
    now_ms: i64,
    counts: Counts,
    groups: Groups,
    tape: Tape,
    record: Record,
}

/// What is remembered between deliveries, by all containers or by one.
struct State {
    rate_limits: RateLimits,
    mode: Mode,
}

enum Mode {
    /// With whether it is in a storm, or has lines pending: then ticks have something to do.
    Every(Pace, bool),
    Incidents(Incidents),
}

/// The rate limit of each destination.
struct RateLimits {
    /// With which each begins.
    full: Bucket,
    by_destination: BTreeMap<String, RateLimit>,
}

impl RateLimits {
    fn of(&mut self, destination: &str) -> &mut RateLimit {
        let full = || RateLimit::new(self.full.clone());
        self.by_destination.entry(destination.to_owned()).or_insert_with(full)
    }
}

/// What became of a run.
pub(super) struct Finished {
    pub(super) figures: SlackFigures,
    /// The errors, to be played again.
    pub(super) tape: Tape,
    /// Messages by the start of the minute.
    pub(super) message_minutes: BTreeMap<i64, u32>,
}

/// Counts by status and route, bounded.
#[derive(Default)]
pub(super) struct Groups {
    lines: HashMap<(u16, String), u64>,
}

impl Groups {
    pub(super) fn add(&mut self, status: u16, route: &str, lines: u64) {
        if self.lines.len() < MAX_GROUPS || self.lines.contains_key(&(status, route.to_owned())) {
            *self.lines.entry((status, route.to_owned())).or_default() += lines;
        }
    }

    /// The largest ones, largest first.
    pub(super) fn noisiest(self) -> Vec<NoisyGroup> {
        let mut groups: Vec<NoisyGroup> = self
            .lines
            .into_iter()
            .map(|((status, route), lines)| NoisyGroup { status, route, lines })
            .collect();
        groups.sort_by(|a, b| {
            b.lines.cmp(&a.lines).then(b.status.cmp(&a.status)).then_with(|| a.route.cmp(&b.route))
        });
        groups.truncate(MAX_NOISIEST);
        groups
    }
}

impl<'s> SlackRun<'s> {
    pub(super) fn new(reader: &'s Reader, style: &'s MessageStyle, plan: &Plan) -> Self {
        let states = match plan.state {
            StateKind::Table => 1,
            StateKind::Memory => plan.concurrency,
        };
        Self {
            reader,
            style,
            free_at_ms: vec![i64::MIN; plan.concurrency],
            states: (0..states).map(|_| State::new(plan)).collect(),
            remembered: RememberedEvents::default(),
            open: Deliveries::default(),
            now_ms: i64::MIN,
            counts: Counts::default(),
            groups: Groups::default(),
            tape: Tape::default(),
            record: Record::default(),
        }
    }

    /// Takes the next line; says whether it is one to be notified.
    pub(super) fn line(&mut self, line: &Line) -> bool {
        self.advance(line.at_ms);
        let (place, early) = self.open.place(&line.names, self.now_ms);
        if let Some(early) = early {
            self.deliver(early, self.now_ms);
        }
        let Some(delivery) = self.open.get_mut(place) else { return false };
        match line.kind {
            Kind::Ok => {
                delivery.batch.counts.ledger.received += line.lines;
                delivery.batch.counts.ledger.ok += line.lines;
                false
            }
            Kind::Unreadable => {
                delivery.batch.counts.ledger.received += 1;
                delivery.batch.counts.ledger.unreadable += 1;
                false
            }
            Kind::Error(_) => {
                let Some(error) = &line.error else { return false };
                let before = delivery.batch.counts.ledger.matched;
                let intake = delivery.batch.intake(self.reader, &self.remembered);
                let mut intake = intake.under(&line.names.columns).with_fields(&error.extracted_fields);
                let (header, id) = (&delivery.header, error.id.as_bytes());
                match &error.recognised {
                    Some(recognised) => {
                        let text = LineText::Plain(error.text.as_bytes());
                        intake.recognised(header, id, line.at_ms, recognised.borrowed(), text);
                    }
                    None => intake.line(header, id, line.at_ms, &error.text),
                }
                delivery.batch.counts.ledger.matched > before
            }
        }
    }

    /// How many messages these deliveries make, each at the time at which it is due.
    pub(super) fn messages_of(mut self, deliveries: impl Iterator<Item = (i64, Digest)>) -> u64 {
        self.record.only_counts = true;
        for (due_ms, digest) in deliveries {
            // A delivery at a full minute comes before the tick of that minute, and in its stead: see `advance`.
            self.advance(due_ms.saturating_sub(1));
            self.now_ms = self.now_ms.max(due_ms);
            self.post(digest, due_ms);
        }
        self.advance_to_the_end();
        self.record.messages
    }

    /// Posts what is still held.
    fn advance_to_the_end(&mut self) {
        for _ in 0..MAX_LAST_TICKS {
            if !self.states.iter().any(State::has_work) {
                break;
            }
            self.advance(self.now_ms.saturating_add(MINUTE_MS));
        }
    }

    /// Posts what is still held, and gives the figures.
    pub(super) fn finish(mut self, days: Days) -> Finished {
        self.advance(self.now_ms.saturating_add(DELIVERY_MS));
        self.advance_to_the_end();
        let record = self.record;
        let rules = self.reader.rules.iter().map(|(index, rule)| RuleHits {
            rule: rule.name().to_owned(),
            action: match rule.action() {
                Action::Notify => "notify",
                Action::Count => "count",
                Action::Ignore => "ignore",
            },
            hits: self.counts.rule_hits.get(index.position()).copied().unwrap_or_default(),
        });
        let figures = SlackFigures {
            messages: record.messages,
            messages_per_day: days.rate(record.messages),
            worst_hour: record.worst_hour(),
            mentions: record.mentions,
            incidents: record.by_kind.get("opening").copied().unwrap_or_default(),
            by_kind: record.by_kind,
            by_destination: Some(record.by_destination).filter(has_others),
            copied: record.copied,
            threads: (record.threads.parents > 0).then_some(record.threads),
            matched: self.counts.ledger.matched,
            shown: record.shown,
            counted: record.counted,
            ignored: self.counts.ledger.ignored,
            duplicate: self.counts.ledger.duplicate,
            rules: rules.collect(),
            noisiest: self.groups.noisiest(),
            told: record.told.finish(),
        };
        Finished { figures, tape: self.tape, message_minutes: record.by_minute }
    }

    /// Lets the time go on: deliveries and ticks that are due, in their order. It never goes back.
    fn advance(&mut self, to_ms: i64) {
        loop {
            let due_ms = self.open.next_due_ms().filter(|due| *due <= to_ms);
            let tick_ms = self.next_tick().filter(|tick| *tick <= to_ms);
            match (due_ms, tick_ms) {
                (Some(due_ms), tick_ms) if tick_ms.is_none_or(|tick| due_ms <= tick) => {
                    self.now_ms = self.now_ms.max(due_ms);
                    if let Some(delivery) = self.open.take_first() {
                        self.deliver(delivery, due_ms);
                    }
                }
                (_, Some(tick_ms)) => {
                    self.now_ms = self.now_ms.max(tick_ms);
                    self.tick(tick_ms);
                }
                _ => break,
            }
        }
        self.now_ms = self.now_ms.max(to_ms);
    }

    /// The next full minute, if a tick has anything to do.
    fn next_tick(&self) -> Option<i64> {
        let has_work = self.states.iter().any(State::has_work);
        has_work.then(|| self.now_ms - self.now_ms.rem_euclid(MINUTE_MS) + MINUTE_MS)
    }

    fn deliver(&mut self, delivery: Delivery, due_ms: i64) {
        let mut batch = delivery.into_batch();
        batch.forget_what_is_known(&self.remembered);
        let digest = std::mem::take(&mut batch.digest);
        let counts = std::mem::take(&mut batch.counts);
        self.counts.add(&counts);
        self.remembered.remember(batch.into_keys());
        for group in digest.sections.iter().flat_map(|section| &section.groups) {
            self.groups.add(group.status.code(), &group.route, group.count);
        }
        if digest.matched() > 0 {
            self.tape.note(&digest, due_ms);
        } else if self.states.iter().any(State::has_work) {
            self.tape.note_silent(due_ms);
        }
        self.post(digest, due_ms);
    }

    /// Hands a delivery to the first container that is free.
    fn post(&mut self, digest: Digest, due_ms: i64) {
        // Lambda queues what finds no free container; a post takes so little that the wait is hardly seen.
        let free = self.free_at_ms.iter().position(|free_at_ms| *free_at_ms <= due_ms);
        let soonest = || self.free_at_ms.iter().enumerate().min_by_key(|(_, free_at_ms)| **free_at_ms);
        let Some(container) = free.or_else(|| soonest().map(|(index, _)| index)) else { return };
        let Some(free_at_ms) = self.free_at_ms.get_mut(container) else { return };
        let at_ms = due_ms.max(*free_at_ms);
        let state = container % self.states.len().max(1);
        let Some(state) = self.states.get_mut(state) else { return };
        if state.deliver(digest, at_ms, self.reader.samples_per_group, self.style, &mut self.record) {
            *free_at_ms = at_ms + POST_MS;
        }
    }

    fn tick(&mut self, at_ms: i64) {
        for state in self.states.iter_mut().filter(|state| state.has_work()) {
            state.tick(at_ms, self.reader.samples_per_group, self.style, &mut self.record);
        }
    }
}

/// As the function does where Slack accepts every post.
impl State {
    fn new(plan: &Plan) -> Self {
        let policy = Policy { follow_ups: plan.follow_ups.clone(), ..Policy::default() };
        let policy = match plan.state {
            StateKind::Table => policy,
            StateKind::Memory => policy.in_memory(),
        };
        let mode = match plan.notify {
            NotifyMode::Incidents => Mode::Incidents(Incidents::new(policy)),
            NotifyMode::Every => Mode::Every(Pace::default(), false),
        };
        let full = Bucket::new(plan.burst, plan.spacing_ms);
        Self { rate_limits: RateLimits { full, by_destination: BTreeMap::new() }, mode }
    }

    /// Whether a tick may have something to do.
    fn has_work(&self) -> bool {
        match &self.mode {
            Mode::Every(_, has_storm) => *has_storm,
            Mode::Incidents(incidents) => incidents.are_open(),
        }
    }

    /// Takes a delivery; says whether something was posted.
    fn deliver(
        &mut self,
        digest: Digest,
        at_ms: i64,
        samples_per_group: usize,
        style: &MessageStyle,
        record: &mut Record,
    ) -> bool {
        let messages = record.messages;
        match &mut self.mode {
            Mode::Every(pace, has_storm) => {
                if digest.matched() > 0 || pace.pending() > 0 {
                    post_or_fold(
                        pace,
                        has_storm,
                        digest,
                        self.rate_limits.of(DEFAULT_DESTINATION),
                        at_ms,
                        style,
                        record,
                    );
                }
            }
            Mode::Incidents(incidents) => {
                let ask = Ask { moment: Moment::Arrival, now_ms: at_ms, end_waits: false, samples_per_group };
                if digest.matched() == 0 {
                    let (policy, all) = incidents.all_mut();
                    for tracked in all {
                        post_due(tracked, &[], ask, policy, &mut self.rate_limits, style, record);
                    }
                }
                for part in digest.into_parts(samples_per_group) {
                    record.copied += part.copied();
                    let digest = part.digest;
                    let incident = digest.sections.first().and_then(|section| incidents.of(section, at_ms));
                    let Some((policy, tracked)) = incident else { continue };
                    let news = [News::Lines(digest)];
                    post_due(tracked, &news, ask, policy, &mut self.rate_limits, style, record);
                }
            }
        }
        record.messages > messages
    }

    fn tick(&mut self, at_ms: i64, samples_per_group: usize, style: &MessageStyle, record: &mut Record) {
        match &mut self.mode {
            Mode::Every(pace, has_storm) => {
                if pace.pending() > 0 {
                    let nothing = Digest::default();
                    post_or_fold(
                        pace,
                        has_storm,
                        nothing,
                        self.rate_limits.of(DEFAULT_DESTINATION),
                        at_ms,
                        style,
                        record,
                    );
                } else if let Some(end) = pace.quiet_again(at_ms)
                    && self.rate_limits.of(DEFAULT_DESTINATION).takes(at_ms)
                {
                    record.note("over", at_ms, &Digest::default(), draw_quiet_again(&end, style).message, 0);
                    pace.told_quiet();
                    *has_storm = false;
                }
            }
            Mode::Incidents(incidents) => {
                let ask = Ask { moment: Moment::Tick, now_ms: at_ms, end_waits: false, samples_per_group };
                let (policy, all) = incidents.all_mut();
                for tracked in all {
                    post_due(tracked, &[], ask, policy, &mut self.rate_limits, style, record);
                }
            }
        }
    }
}

fn post_or_fold(
    pace: &mut Pace,
    has_storm: &mut bool,
    digest: Digest,
    rate_limit: &mut RateLimit,
    at_ms: i64,
    style: &MessageStyle,
    record: &mut Record,
) {
    if rate_limit.takes(at_ms) {
        let (all, message, shown) = draw(pace, digest, rate_limit.spacing_ms(), style, at_ms);
        pace.posted(&all, shown, at_ms);
        record.mentions += u64::from(has_mentions(&all));
        record.note("delivery", at_ms, &all, message, shown);
    } else if digest.matched() > 0 {
        pace.fold(digest, at_ms);
        *has_storm = true;
    }
}

/// Takes in what arrived now and posts what is due.
fn post_due(
    tracked: &mut Tracked,
    mut arrived: &[News],
    mut ask: Ask,
    policy: &Policy,
    rate_limits: &mut RateLimits,
    style: &MessageStyle,
    record: &mut Record,
) {
    loop {
        let news = arrived.iter().map(|news| (ask.now_ms, news));
        let Step { tracked: next, taken, due, closes_parent } =
            std::mem::take(tracked).step(news, ask, policy);
        *tracked = next;
        arrived = arrived.get(taken..).unwrap_or_default();
        if closes_parent {
            record.threads.updates += 1;
            tracked.thread_mut().parent_closed();
            continue;
        }
        let Some(kind) = due else { return record.update(tracked, ask.now_ms) };
        if rate_limits.of(tracked.destination()).takes(ask.now_ms) {
            post(tracked, kind, policy, ask.now_ms, style, record);
            record.reply(tracked, kind, ask.now_ms);
        } else {
            tracked.held_back();
            ask.end_waits = true;
        }
        if arrived.is_empty() {
            return;
        }
    }
}

fn post(
    tracked: &mut Tracked,
    kind: MessageKind,
    policy: &Policy,
    at_ms: i64,
    style: &MessageStyle,
    record: &mut Record,
) {
    let drawn = (!record.only_counts).then(|| tracked.draw(Form::Blocks, kind, style, at_ms));
    let mentions = tracked.has_mentions(kind);
    let told = tracked.notified(kind, at_ms, policy);
    record.mentions += u64::from(mentions && has_mentions(&told));
    let Some((message, shown)) = drawn else {
        record.messages += 1;
        return;
    };
    let name = match kind {
        MessageKind::Opening => "opening",
        MessageKind::Escalation => "escalation",
        MessageKind::NewGroup => "new_group",
        MessageKind::FollowUp => "follow_up",
        MessageKind::Over => "over",
    };
    *record.by_destination.entry(tracked.destination().to_owned()).or_default() += 1;
    record.note(name, at_ms, &told, message, shown);
}

fn has_others(messages: &BTreeMap<String, u64>) -> bool {
    messages.keys().any(|destination| destination != DEFAULT_DESTINATION)
}

fn has_mentions(digest: &Digest) -> bool {
    digest.sections.iter().any(|section| !section.mentions.is_empty())
}

/// What was posted.
#[derive(Default)]
struct Record {
    messages: u64,
    mentions: u64,
    by_kind: BTreeMap<&'static str, u64>,
    by_destination: BTreeMap<String, u64>,
    copied: u64,
    shown: u64,
    counted: u64,
    by_minute: BTreeMap<i64, u32>,
    told: Excerpt,
    threads: ThreadFigures,
    /// Messages are counted, and not drawn.
    only_counts: bool,
}

impl Record {
    /// A message of an incident was posted: with a bot token it is a reply to a parent, which is posted with the first.
    fn reply(&mut self, tracked: &mut Tracked, kind: MessageKind, at_ms: i64) {
        if tracked.thread().is_parent_due(at_ms) {
            self.threads.parents += 1;
            tracked.thread_mut().parent_posted(Some(Posted::default()), None, at_ms);
        }
        self.threads.replies += 1;
        let is_shown =
            matches!(tracked.thread().place(kind, false), Place::Thread { is_shown_in_channel: true, .. });
        self.threads.replies_in_channel += u64::from(is_shown);
        self.update(tracked, at_ms);
    }

    /// The parent of an incident is written anew, where that is due.
    fn update(&mut self, tracked: &mut Tracked, at_ms: i64) {
        if tracked.thread().update_due(at_ms).is_some() {
            self.threads.updates += 1;
            tracked.thread_mut().updated(true, at_ms);
        }
    }

    fn note(&mut self, kind: &'static str, at_ms: i64, told: &Digest, message: Message, shown: u64) {
        let matched = told.matched();
        self.messages += 1;
        *self.by_kind.entry(kind).or_default() += 1;
        self.shown += shown;
        self.counted += matched.saturating_sub(shown);
        *self.by_minute.entry(at_ms - at_ms.rem_euclid(MINUTE_MS)).or_default() += 1;
        self.told.note(SentMessage { at: Time(at_ms), shown, matched, message }, kind == "opening");
    }

    fn worst_hour(&self) -> Option<WorstHour> {
        let mut by_hour: BTreeMap<i64, u64> = BTreeMap::new();
        for (minute_ms, messages) in &self.by_minute {
            *by_hour.entry(minute_ms - minute_ms.rem_euclid(HOUR_MS)).or_default() += u64::from(*messages);
        }
        // Of equals the first.
        let worst = by_hour.into_iter().rev().max_by_key(|(_, messages)| *messages);
        worst.map(|(from, messages)| WorstHour { from: Time(from), messages })
    }
}
