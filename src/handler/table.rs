//! Incidents that all containers share: each batch is written to a table first, and whoever finds a message due posts it.
//!
//! A batch is acknowledged once it is written. One that cannot be written is posted as soon as the rate limit allows, as a
//! message of its own, which says that the table cannot be used; if that fails too, the batch has failed and comes again.
//! Once the table answers, a batch that was posted so is revoked there, so that nobody counts it twice. Nothing here
//! decides what is due: `incidents::journal` does.
//!
//! Of two containers that find a message due, one gets the lease; it reads again after each message, so that what the
//! other wrote meanwhile is in the next one. The other posts nothing.

mod alarm_changes;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

pub(super) use alarm_changes::{alarm_changed, alarm_notified, errors_of, place_of_notice};
use tokio::time::Instant;

use super::outbox::{Fate, Forms, Outbox};
use super::{Invocation, Notifier};
use crate::digest::{self, Digest, Part, Section};
use crate::http::Budget;
use crate::incident::{Kind, Moment, Policy};
use crate::incidents::Tracked;
use crate::incidents::journal::{self, Journal};
use crate::incidents::step::{Ask, News, Step};
use crate::rate_limit::Urgency::{Deferrable, WaitsForToken};
use crate::slack::post::PostError;
use crate::slack::render::Form;
use crate::store::{
    BatchId, EntryKey, IncidentKey, Lease, Put, Rate, Released, Store, StoreError, Token, When,
};

/// What one call of the table may take, as far as half of the time left is more.
const CALL_TIME: Duration = Duration::from_secs(4);
/// How long a lease lasts: a message has that time to be posted. A container that is killed blocks its incident for
/// so long.
const LEASE: Duration = Duration::from_secs(15);
/// What the messages of one incident may take while other destinations wait.
const TIME_WHILE_OTHERS_WAIT: Duration = Duration::from_secs(5);
/// Left of a lease when the post must be over, to write the new head.
const TIME_TO_RELEASE: Duration = Duration::from_secs(2);
/// Entries of a journal that are summed up although nothing is due, so that readings stay short.
const LONG_JOURNAL: usize = 24;
/// Messages of one incident, and parts of its journal summed up, in one go.
const MAX_STEPS: usize = 16;
/// For so long after it read an incident a container reads it for lines of its own only if they make a message due by
/// what it knows; milliseconds. In a storm most lines do not, and a reading costs more than all else.
const READ_AGAIN_MS: i64 = 1_000;
/// Incidents whose last reading is remembered.
const MAX_READINGS: usize = 64;
/// Batches posted without the table that are remembered until it can be asked; of more, the oldest are forgotten.
const MAX_TO_REVOKE: usize = 1_024;
/// Said first in a message that had to do without the table.
const WITHOUT_TABLE: &str =
    ":warning: The state table cannot be used: these errors are in no incident's sums.";

/// The table, and what is set of it.
#[derive(Debug)]
pub(super) struct Table<T> {
    store: T,
    rate: Rate,
    policy: Policy,
    /// When a message was last posted to each destination without the table.
    without_table_ms: HashMap<String, i64>,
    /// Batches that were posted without the table, of which it does not know yet.
    to_revoke: VecDeque<(IncidentKey, BatchId)>,
    /// The last reading of each incident of which nothing was due.
    readings: HashMap<IncidentKey, LastReading>,
}

/// What a container read of an incident of which nothing was due, with what it wrote since.
#[derive(Debug)]
struct LastReading {
    at_ms: i64,
    tracked: Tracked,
}

/// Lines that arrived together, and what names them.
pub(super) struct Lines {
    pub(super) id: BatchId,
    pub(super) digest: Digest,
}

/// A batch of one incident on its way into the table.
struct IncidentBatch {
    key: IncidentKey,
    id: BatchId,
    /// One section.
    digest: Digest,
    /// Client errors and server errors in it that count elsewhere.
    copies: [u64; 2],
    /// It may be in the table all the same.
    may_be_written: bool,
}

/// A batch could not be written.
struct NotWritten {
    /// It may be in the table all the same: the answer was lost.
    may_be_written: bool,
}

impl Lines {
    /// The matched lines of a batch, named as in every container and every version; they are taken out of it.
    pub(super) fn of(batch: &mut digest::Batch) -> Self {
        let (log_group, log_stream, events) = batch.named_by();
        let id = BatchId::of(log_group, log_stream, events);
        Self { id, digest: std::mem::take(&mut batch.digest) }
    }
}

impl<T: Store> Table<T> {
    pub(super) fn new(store: T, rate: Rate, policy: Policy) -> Self {
        let (to_revoke, readings) = (VecDeque::new(), HashMap::new());
        Self { store, rate, policy, without_table_ms: HashMap::new(), to_revoke, readings }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    pub(super) async fn take_token(&mut self, destination: &str, when: When) -> Result<Token, StoreError> {
        self.store.take_token(destination, self.rate, when).await
    }

    pub(super) async fn pause(
        &mut self,
        destination: &str,
        until_ms: i64,
        when: When,
    ) -> Result<(), StoreError> {
        self.store.pause(destination, self.rate, until_ms, when).await
    }

    fn remember(&mut self, key: &IncidentKey, reading: LastReading) {
        if self.readings.len() >= MAX_READINGS {
            self.readings.clear();
        }
        self.readings.insert(key.clone(), reading);
    }
}

/// Writes batches of lines, and posts what is due of their incidents. What can be neither written nor posted has failed.
pub(super) async fn notify<N: Notifier, T: Store>(lines: Vec<Lines>, outbox: &mut Outbox<'_, N, T>) -> Fate {
    let mut run = Run::new(outbox);
    let mut unwritten = Vec::new();
    let mut keys: Vec<IncidentKey> = Vec::new();
    let samples_per_group = run.outbox.samples_per_group;
    for batch in lines.into_iter().flat_map(|lines| incident_batches(lines, samples_per_group)) {
        run.outbox.ledger.copied += batch.copied();

        let written = if run.was_posted_without_table(&batch) {
            // It comes again for another destination's sake, or for another log group's.
            run.note_duplicate(&batch);
            Ok(())
        } else if unwritten.is_empty() {
            run.write(&batch).await
        } else {
            // A table that just failed would take the time to post.
            Err(NotWritten { may_be_written: false })
        };
        match written {
            Ok(()) if !keys.contains(&batch.key) => keys.push(batch.key),
            Ok(()) => {}
            Err(NotWritten { may_be_written }) => unwritten.push(IncidentBatch { may_be_written, ..batch }),
        }
    }
    if unwritten.is_empty() {
        run.revoke_posted_without_table().await;
        let mut keys = run.in_turn(keys);
        while let Some(key) = run.next(&mut keys) {
            if !run.makes_nothing_due(&key)
                && let Err(error) = run.post_due(&key, Moment::Arrival).await
                && !error.is_retryable()
            {
                // Nobody of this version can tell of them: the table would keep them for ever.
                unwritten.extend(run.take_back(&key));
            }
        }
    }
    run.post_without_table(unwritten).await
}

/// Posts what is due of all incidents.
pub(super) async fn tick<N: Notifier, T: Store>(outbox: &mut Outbox<'_, N, T>) {
    let mut run = Run::new(outbox);
    let when = run.outbox.when();
    let Some(table) = run.outbox.table.as_mut() else { return };
    let mut keys = match table.store.incidents(when).await {
        Ok(keys) => keys,
        Err(error) => return run.outbox.note_store_error(&error),
    };
    // Where the time is too short for all of them, each minute begins with another.
    let minute = usize::try_from(when.now_ms / 60_000).unwrap_or_default();
    let first = minute.checked_rem(keys.len()).unwrap_or_default();
    keys.rotate_left(first);
    let mut keys = run.in_turn(keys);
    while let Some(key) = run.next(&mut keys) {
        if !run.outbox.invocation.budget().allows_request_at(Instant::now()) {
            return;
        }
        if let Err(error) = run.post_due(&key, Moment::Tick).await
            && error.is_retryable()
        {
            return;
        }
    }
}

/// The batches that go into one journal each.
fn incident_batches(
    Lines { id, digest }: Lines,
    samples_per_group: usize,
) -> impl Iterator<Item = IncidentBatch> {
    digest.into_parts(samples_per_group).into_iter().filter_map(move |part| {
        let log_group = part.digest.sections.first()?.log_group.clone();
        let key = IncidentKey { destination: part.destination().to_owned(), log_group };
        let Part { digest, copies } = part;
        Some(IncidentBatch { key, id, digest, copies, may_be_written: false })
    })
}

/// What one invocation does with the table.
struct Run<'r, 'd, N, T> {
    outbox: &'r mut Outbox<'d, N, T>,
    /// What it wrote, and has not posted.
    own: Vec<IncidentBatch>,
    /// When the messages of an incident must be over, since other destinations wait.
    end: Option<Instant>,
}

/// Incidents destination by destination; whoever is last has its turn first.
struct InTurn {
    groups: Vec<Vec<IncidentKey>>,
    /// The end of what the destination that has its turn may take.
    end: Option<Instant>,
}

impl<'r, 'd, N: Notifier, T: Store> Run<'r, 'd, N, T> {
    fn new(outbox: &'r mut Outbox<'d, N, T>) -> Self {
        Self { outbox, own: Vec::new(), end: None }
    }

    /// Puts incidents in the order in which their destinations have their turn.
    fn in_turn(&self, keys: Vec<IncidentKey>) -> InTurn {
        let now_ms = self.outbox.now_ms();
        let mut groups = self.outbox.destinations.group(keys, |key| &key.destination, now_ms);
        groups.reverse();
        for group in &mut groups {
            group.reverse();
        }
        InTurn { groups, end: None }
    }
}

impl<N: Notifier, T: Store> Run<'_, '_, N, T> {
    /// The next incident, and turns to its destination. What is left of a destination that failed is passed over, and
    /// so it is where it has used its share of the time while others wait: the tick comes back to it.
    fn next(&mut self, in_turn: &mut InTurn) -> Option<IncidentKey> {
        loop {
            let left = in_turn.groups.len();
            let group = in_turn.groups.last_mut()?;
            let Some(key) = group.pop() else {
                in_turn.groups.pop();
                in_turn.end = None;
                continue;
            };
            self.outbox.destinations.turn_to(&key.destination);
            let now = Instant::now();
            self.end = (left > 1).then(|| now + TIME_WHILE_OTHERS_WAIT);
            let end = *in_turn.end.get_or_insert_with(|| {
                let time = self.outbox.invocation.deadline.saturating_duration_since(now);
                now + time / u32::try_from(left).unwrap_or(u32::MAX)
            });
            let has_failed = self.outbox.destinations.current().failed().is_some();
            if has_failed || (left > 1 && now >= end) {
                group.clear();
                continue;
            }
            return Some(key);
        }
    }

    /// Writes a batch, unless it was written before.
    async fn write(&mut self, batch: &IncidentBatch) -> Result<(), NotWritten> {
        let IncidentBatch { key, id, digest, copies, .. } = batch;
        let when = self.outbox.when();
        let body = journal::entry_of_lines(key, digest, when.now_ms);
        let Some(table) = self.outbox.table.as_mut() else {
            return Err(NotWritten { may_be_written: false });
        };
        let written = match body {
            Ok(body) => table.store.put(key, *id, &body, when).await,
            Err(fault) => Err(writing(fault)),
        };
        let lines = digest.matched();
        match written {
            Ok(Put::Written) => {
                self.outbox.ledger.pending += lines;
                let (key, digest) = (key.clone(), digest.clone());
                self.own.push(IncidentBatch { key, id: *id, digest, copies: *copies, may_be_written: true });
            }
            Ok(Put::Duplicate) => self.note_duplicate(batch),
            Err(error) => {
                self.outbox.note_store_error(&error);
                return Err(NotWritten { may_be_written: error.may_be_done });
            }
        }
        Ok(())
    }

    /// Whether a batch was posted without the table, which does not know of it yet.
    fn was_posted_without_table(&self, batch: &IncidentBatch) -> bool {
        let table = self.outbox.table.as_ref();
        table
            .is_some_and(|table| table.to_revoke.iter().any(|(key, id)| *id == batch.id && *key == batch.key))
    }

    /// The lines of a batch were counted before. Its copies were nobody's lines.
    fn note_duplicate(&mut self, batch: &IncidentBatch) {
        let (copied, [client_copies, server_copies]) = (batch.copied(), batch.copies);
        let lines = batch.lines() - copied;
        let ledger = &mut *self.outbox.ledger;
        ledger.copied -= copied;
        ledger.matched -= lines;
        ledger.duplicate += lines;
        let measures = &mut *self.outbox.measures;
        for Section { client_errors, server_errors, .. } in &batch.digest.sections {
            measures.client_errors -= client_errors - client_copies;
            measures.server_errors -= server_errors - server_copies;
        }
    }

    /// The batches of an incident that this invocation wrote: they are not deferred any more.
    fn take_back(&mut self, key: &IncidentKey) -> Vec<IncidentBatch> {
        let (theirs, others) = std::mem::take(&mut self.own).into_iter().partition(|own| own.key == *key);
        self.own = others;
        let theirs: Vec<IncidentBatch> = theirs;
        self.outbox.ledger.pending -= theirs.iter().map(|own| own.digest.matched()).sum::<u64>();
        theirs
    }

    /// Whether nothing is due with what this invocation wrote, as far as the container has just read the incident. What
    /// others wrote meanwhile is read by whoever reads it next, in a second or so where more comes.
    fn makes_nothing_due(&mut self, key: &IncidentKey) -> bool {
        let (now_ms, samples_per_group) = (self.outbox.now_ms(), self.outbox.samples_per_group);
        let Some(table) = self.outbox.table.as_mut() else { return false };
        let Some(reading) = table.readings.get_mut(key) else { return false };
        if !(0..READ_AGAIN_MS).contains(&now_ms.saturating_sub(reading.at_ms)) {
            return false;
        }
        let own = self.own.iter().filter(|own| own.key == *key);
        let news: Vec<News> = own.map(|own| News::Lines(own.digest.clone())).collect();
        let ask = Ask { moment: Moment::Arrival, now_ms, end_waits: false, samples_per_group };
        let arrived = news.iter().map(|news| (now_ms, news));
        let step = reading.tracked.clone().step(arrived, ask, &table.policy);
        if step.due.is_some() || step.closes_parent || self.outbox.update_due(&step.tracked).is_some() {
            return false;
        }
        let Some(table) = self.outbox.table.as_mut() else { return false };
        if let Some(reading) = table.readings.get_mut(key) {
            reading.tracked = step.tracked;
        }
        true
    }

    /// Posts what is due of an incident, as long as nobody else does. It looks again after each message: whoever came
    /// meanwhile found the lease taken, and relies on it.
    async fn post_due(&mut self, key: &IncidentKey, moment: Moment) -> Result<(), StoreError> {
        let posted = self.post_steps(key, moment).await;
        if let Err(error) = &posted {
            self.outbox.note_store_error(error);
        }
        posted
    }

    async fn post_steps(&mut self, key: &IncidentKey, moment: Moment) -> Result<(), StoreError> {
        let mut end_waits = false;
        let (mut is_own_try, mut may_renew) = (false, true);
        // The message that is posted next follows a parent that was just posted.
        let mut follows_parent = false;
        for _ in 0..MAX_STEPS {
            let when = self.outbox.when();
            let samples = self.outbox.samples_per_group;
            let Some(table) = self.outbox.table.as_mut() else { return Ok(()) };
            table.readings.remove(key);
            let snapshot = table.store.read(key, when).await?;
            let (is_leased, more) = (snapshot.leased_until_ms.is_some(), snapshot.more);
            let destination = self.outbox.destinations.current();
            let has_token = destination.no_token_before_ms <= when.now_ms;
            let journal = Journal::of(key, &snapshot).map_err(reading)?;
            let ask = Ask { moment, now_ms: when.now_ms, end_waits, samples_per_group: samples };
            let (mut step, entries) = journal.step(ask, &table.policy);
            step.due = step.due.filter(|_| has_token);
            // It is listed for 25 hours after its last batch, and a snooze may end later.
            if moment == Moment::Tick
                && step.tracked.is_snoozed(when.now_ms)
                && let Some(table) = self.outbox.table.as_mut()
                && let Err(error) = table.store.keep_listed(key, when).await
            {
                self.outbox.note_store_error(&error);
            }
            let is_long = more || entries.len() >= LONG_JOURNAL;
            let updates = step.closes_parent || self.outbox.update_due(&step.tracked).is_some();
            let Some(table) = self.outbox.table.as_mut() else { return Ok(()) };
            if is_leased || (step.due.is_none() && !is_long && !updates) {
                if step.due.is_none() && !more {
                    table.remember(key, LastReading { at_ms: when.now_ms, tracked: step.tracked });
                }
                return Ok(());
            }
            let before = step.due.filter(|kind| self.outbox.needs_parent(&step.tracked, *kind));
            // Whoever is about to post the parent needs the lease.
            if before.is_some() && step.tracked.thread().is_parent_tried(when.now_ms) && !is_own_try {
                return Ok(());
            }
            let until_ms = self.outbox.lease_until_ms();
            let Some(table) = self.outbox.table.as_mut() else { return Ok(()) };
            let Some(lease) = table.store.lease(key, &snapshot, until_ms, when).await? else {
                return Ok(());
            };
            if let Some(kind) = before {
                follows_parent = is_own_try;
                if !self.post_parent(key, &journal, &mut step.tracked, kind, lease, &mut is_own_try).await? {
                    return Ok(());
                }
                continue;
            }
            self.warn_of_the_unreadable(&journal);
            let (follows_parent, ended) = (std::mem::take(&mut follows_parent), step.closes_parent);
            match self.post_step(key, step, &entries, lease, &mut may_renew, follows_parent).await? {
                Posted::Message => {}
                Posted::Nothing if more || ended => {}
                // What is new is not to wait for the end of what was before.
                Posted::Held(Kind::Over) if !end_waits => end_waits = true,
                Posted::Nothing | Posted::Held(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Posts the parent of an incident in two goes, so that a container that is killed between them leaves no room for a
    /// second one: the head says first that it is tried. False where it cannot be posted now.
    async fn post_parent(
        &mut self,
        key: &IncidentKey,
        journal: &Journal,
        tracked: &mut Tracked,
        kind: Kind,
        lease: Lease,
        is_own_try: &mut bool,
    ) -> Result<bool, StoreError> {
        let mut goes_on = true;
        if *is_own_try {
            let invocation = self.hurry();
            let posted = self.outbox.post_parent(tracked, Some(kind), Deferrable).await;
            self.outbox.invocation = invocation;
            if let Err(error) = posted {
                self.warn_of_deferred(error);
            }
            goes_on = posted == Ok(true);
            if !goes_on {
                tracked.thread_mut().parent_not_posted();
            }
        } else {
            tracked.thread_mut().parent_tried(self.outbox.now_ms());
        }
        *is_own_try = !*is_own_try;
        let head = journal.head_with_thread_of(tracked).map_err(releasing)?;
        let is_kept = self.release(key, lease, &head, &[]).await?;
        Ok(goes_on && is_kept)
    }

    /// Posts the message that is due, if one is, and writes the new head.
    async fn post_step(
        &mut self,
        key: &IncidentKey,
        Step { mut tracked, due, closes_parent, .. }: Step,
        entries: &[EntryKey],
        lease: Lease,
        may_renew: &mut bool,
        follows_parent: bool,
    ) -> Result<Posted, StoreError> {
        let mut posted = Posted::Nothing;
        let invocation = self.hurry();
        if let Some(kind) = due {
            posted = Posted::Message;
            match self.outbox.post_of_incident(&mut tracked, kind, Deferrable, follows_parent).await {
                Ok(Some(shown)) => {
                    let now_ms = self.outbox.now_ms();
                    let Some(table) = self.outbox.table.as_ref() else { return Ok(posted) };
                    let sent = tracked.notified(kind, now_ms, &table.policy);
                    self.outbox.book(&sent, shown);
                    let is_summed = |own: &IncidentBatch| {
                        own.key == *key && entries.iter().any(|entry| entry.batch == own.id)
                    };
                    let mine: u64 =
                        self.own.iter().filter(|own| is_summed(own)).map(IncidentBatch::lines).sum();
                    self.own.retain(|own| !is_summed(own));
                    let ledger = &mut *self.outbox.ledger;
                    ledger.pending -= mine;
                    ledger.released += sent.matched() - mine;
                }
                Ok(None) => {
                    tracked.held_back();
                    posted = Posted::Held(kind);
                }
                // The next step posts another parent; if that is gone, too, there is to be none.
                Err(PostError::MessageGone { .. }) => {
                    if !std::mem::take(may_renew) {
                        tracked.thread_mut().parent_posted(None, None, invocation.now_ms());
                    }
                }
                Err(error) => {
                    self.warn_of_deferred(error);
                    posted = Posted::Held(kind);
                }
            }
        }
        if closes_parent {
            self.outbox.close_parent(&mut tracked).await;
        } else {
            self.outbox.update_parent(&mut tracked).await;
        }
        self.outbox.invocation = invocation;
        let head = journal::head(&tracked).map_err(releasing)?;
        self.release(key, lease, &head, entries).await?;
        Ok(posted)
    }

    /// Writes the new head and gives the lease back; false where another had taken it.
    async fn release(
        &mut self,
        key: &IncidentKey,
        lease: Lease,
        head: &[u8],
        entries: &[EntryKey],
    ) -> Result<bool, StoreError> {
        let when = self.outbox.when();
        let Some(table) = self.outbox.table.as_mut() else { return Ok(false) };
        match table.store.release(key, lease, head, entries, when).await? {
            Released::Committed { not_removed: None } => {}
            Released::Committed { not_removed: Some(error) } => self.outbox.note_store_error(&error),
            Released::Lost => {
                tracing::warn!(
                    "the lease of an incident was over before its message was; another may repeat it"
                );
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sees to it that what is posted and updated now is over before a lease that was taken now is, and soon where other
    /// destinations wait; gives the invocation as it was.
    fn hurry(&mut self) -> Invocation {
        let invocation = self.outbox.invocation;
        let end = Instant::now() + LEASE.saturating_sub(TIME_TO_RELEASE);
        let end = self.end.map_or(end, |of_turn| of_turn.min(end));
        let end = end.min(invocation.deadline.checked_sub(TIME_TO_RELEASE).unwrap_or(end));
        self.outbox.invocation.deadline = end + Budget::RESERVE;
        invocation
    }

    /// Posts what is in no journal, by itself: nothing else keeps it.
    async fn post_without_table(&mut self, batches: Vec<IncidentBatch>) -> Fate {
        let mut failed: Option<(PostError, u64)> = None;
        let mut by_key: Vec<(IncidentKey, Digest)> = Vec::new();
        for IncidentBatch { key, digest, .. } in &batches {
            match by_key.iter_mut().find(|(known, _)| known == key) {
                Some((_, all)) => all.fold(digest.clone(), self.outbox.samples_per_group),
                None => by_key.push((key.clone(), digest.clone())),
            }
        }
        let mut style = self.outbox.style.clone();
        let lead_in = style.content.lead_in.unwrap_or_default();
        style.content.lead_in = Some(format!("{WITHOUT_TABLE} {lead_in}"));
        let now_ms = self.outbox.now_ms();
        let groups = self.outbox.destinations.group(by_key, |(key, _)| &key.destination, now_ms);
        let last = groups.len().saturating_sub(1);
        for (others_wait, (key, mut digest)) in groups
            .into_iter()
            .enumerate()
            .flat_map(|(at, group)| group.into_iter().map(move |one| (at < last, one)))
        {
            self.outbox.destinations.turn_to(&key.destination);
            if let Some(error) = self.outbox.destinations.current().failed() {
                let (first, lines) = failed.unwrap_or((error, 0));
                failed = Some((first, lines + digest.matched()));
                continue;
            }
            let now_ms = self.outbox.now_ms();
            let samples = self.outbox.samples_per_group;
            let Some(table) = self.outbox.table.as_ref() else { break };
            let last_ms = table.without_table_ms.get(&key.destination);
            let is_first = last_ms.is_none_or(|last_ms| now_ms - last_ms > table.policy.quiet_ms);
            if !is_first {
                digest.sections.iter_mut().for_each(|section| section.mentions.clear());
            }
            let tracked = Tracked::of_digest(&digest, samples, now_ms, &table.policy);
            let invocation = self.outbox.invocation;
            let blocks = || tracked.draw(Form::Blocks, Kind::Opening, &style, invocation.now_ms());
            let plain = || tracked.draw(Form::Text, Kind::Opening, &style, invocation.now_ms());
            if others_wait {
                let end = Instant::now() + TIME_WHILE_OTHERS_WAIT + Budget::RESERVE;
                self.outbox.invocation.deadline = end.min(invocation.deadline);
            }
            let posted = self.outbox.post(Forms { blocks: &blocks, plain: &plain }, WaitsForToken).await;
            self.outbox.invocation = invocation;
            match posted {
                Ok(shown) => {
                    self.outbox.book(&digest, shown.unwrap_or_default());
                    let now_ms = self.outbox.now_ms();
                    if let Some(table) = self.outbox.table.as_mut() {
                        table.without_table_ms.insert(key.destination.clone(), now_ms);
                    }
                    self.remember_alone(batches.iter().filter(|batch| batch.key == key));
                }
                Err(error) => {
                    let lines = digest.matched() + failed.map_or(0, |(_, lines)| lines);
                    failed = Some((failed.map_or(error, |(first, _)| first), lines));
                }
            }
        }
        if batches.iter().any(|batch| batch.may_be_written) {
            self.revoke_posted_without_table().await;
        }
        match failed {
            Some((error, lines)) => Fate::Failed(error, lines),
            None => Fate::Kept,
        }
    }

    fn remember_alone<'b>(&mut self, batches: impl Iterator<Item = &'b IncidentBatch>) {
        let Some(table) = self.outbox.table.as_mut() else { return };
        table.to_revoke.extend(batches.map(|batch| (batch.key.clone(), batch.id)));
        let surplus = table.to_revoke.len().saturating_sub(MAX_TO_REVOKE);
        table.to_revoke.drain(..surplus);
    }

    /// Sees to it that nobody counts a batch that was posted without the table: it may be in its journal, too, or come again.
    async fn revoke_posted_without_table(&mut self) {
        loop {
            let when = self.outbox.when();
            let Some(table) = self.outbox.table.as_mut() else { return };
            let Some((key, id)) = table.to_revoke.front() else { return };
            if let Err(error) = table.store.revoke(key, *id, when).await {
                tracing::warn!("the state table does not know yet of lines that were posted without it");
                return self.outbox.note_store_error(&error);
            }
            table.to_revoke.pop_front();
        }
    }

    fn warn_of_deferred(&self, error: PostError) {
        let destination = self.outbox.destinations.current().name();
        tracing::error!(%error, destination, "slack did not accept what is deferred; it stays in the state table");
    }

    fn warn_of_the_unreadable(&mut self, journal: &Journal) {
        let faults = journal.unreadable.iter().map(|(_, fault)| *fault).chain(journal.lost_head);
        for fault in faults.collect::<Vec<_>>() {
            self.outbox.note_store_error(&reading(fault));
        }
    }
}

/// What became of a step.
enum Posted {
    /// No message was due; the journal is summed up.
    Nothing,
    /// A message was posted.
    Message,
    /// A message of this kind was due and was not posted.
    Held(Kind),
}

impl IncidentBatch {
    fn lines(&self) -> u64 {
        self.digest.matched()
    }

    fn copied(&self) -> u64 {
        self.copies.iter().sum()
    }
}

fn writing(fault: crate::store::StoreFault) -> StoreError {
    StoreError { action: "dynamodb:PutItem", fault, may_be_done: false }
}

fn reading(fault: crate::store::StoreFault) -> StoreError {
    StoreError { action: "dynamodb:Query", fault, may_be_done: false }
}

/// A head that cannot be written as an item of the table.
fn releasing(fault: crate::store::StoreFault) -> StoreError {
    StoreError { action: "dynamodb:UpdateItem", fault, may_be_done: false }
}

impl<N: Notifier, T: Store> Outbox<'_, N, T> {
    /// A call of the table that begins now.
    pub(super) fn when(&self) -> When {
        let now = Instant::now();
        let end = self.invocation.budget().end();
        let left = end.saturating_duration_since(now);
        let budget = Budget::until(now + CALL_TIME.min(left / 2), self.invocation.wall_clock());
        When { now_ms: self.now_ms(), budget }
    }

    pub(super) fn note_store_error(&mut self, error: &StoreError) {
        self.ledger.store_errors += 1;
        tracing::error!(%error, "the state table failed");
    }

    /// The end of a lease that is taken now: an invocation is gone by its deadline.
    fn lease_until_ms(&self) -> i64 {
        let left = self.invocation.deadline.saturating_duration_since(Instant::now());
        let lease = LEASE.min(left + Budget::RESERVE);
        self.now_ms().saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests;
