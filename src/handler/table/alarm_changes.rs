//! An alarm's change and the incidents of the table: they hear of it, and its notice finds the thread, or opens it.
//!
//! Nothing here waits longer than [`MAX_LOOKS`] times [`PAUSE`] for another container: a notice is urgent.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Run, Table, reading, releasing, writing};
use crate::handler::Notifier;
use crate::handler::notice::{AlarmChanged, Place, Says};
use crate::handler::outbox::Outbox;
use crate::incident::{AlarmOpening, Moment};
use crate::incidents::Tracked;
use crate::incidents::journal::{self, Journal};
use crate::incidents::step::Ask;
use crate::rules::Rules;
use crate::slack::post::PostError;
use crate::store::{EntryKey, IncidentKey, Lease, Snapshot, Store, StoreError, StoreFault};

/// How often an incident is looked at while another container has it, and the pause before the next look.
const MAX_LOOKS: usize = 8;
const PAUSE: Duration = Duration::from_millis(500);
/// What looking at all incidents of an alarm may take; those that are left are as if they had no thread.
const TIME_TO_LOOK: Duration = Duration::from_secs(4);

/// Writes a change of an alarm into the journals of its log groups, those of every destination that rules send their
/// errors to, and posts what is due in the destination of its notice: an end that waited for it may be.
///
/// Where the table cannot be used, the incidents do not know of the change: one may be over too early, or a day too late.
pub(in crate::handler) async fn alarm_changed<N: Notifier, T: Store>(
    alarm: &AlarmChanged,
    outbox: &mut Outbox<'_, N, T>,
) {
    let mut run = Run::new(outbox);
    let (own, others) = keys_of(alarm, run.outbox.rules);
    for key in own.iter().chain(&others) {
        let when = run.outbox.when();
        let body = journal::entry_of_alarm(&alarm.news, when.now_ms).map_err(writing);
        let Some(table) = run.outbox.table.as_mut() else { return };
        let written = match body {
            Ok(body) => table.store.put(key, alarm.id, &body, when).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            return run.outbox.note_store_error(&error);
        }
    }
    run.post_due_of(own).await;
}

/// Posts what is due after a change of an alarm in destinations other than that of its notice, which has been posted.
pub(in crate::handler) async fn alarm_notified<N: Notifier, T: Store>(
    alarm: &AlarmChanged,
    outbox: &mut Outbox<'_, N, T>,
) {
    let mut run = Run::new(outbox);
    let (_, others) = keys_of(alarm, run.outbox.rules);
    run.post_due_of(others).await;
}

/// Where the notice of an alarm goes, with the thread that it opens where there is none; `None`, too, where the table
/// cannot be used.
pub(in crate::handler) async fn place_of_notice<N: Notifier, T: Store>(
    alarm: &AlarmChanged,
    says: &Says,
    outbox: &mut Outbox<'_, N, T>,
) -> Result<Option<Place>, PostError> {
    let mut run = Run::new(outbox);
    let destination = run.outbox.destinations.current().name().to_owned();
    let opening = alarm.opening(says);
    let mut incidents = Vec::new();
    let end = Instant::now() + TIME_TO_LOOK;
    for log_group in alarm.asked() {
        if !incidents.is_empty() && Instant::now() >= end {
            break;
        }
        match run.look(&key_of(&destination, log_group)).await {
            Ok(look) => incidents.push(look.tracked),
            Err(error) => {
                run.outbox.note_store_error(&error);
                return Ok(None);
            }
        }
    }
    let now_ms = run.outbox.now_ms();
    if let Some(place) = alarm.best_place(&incidents, says, now_ms) {
        return Ok(Some(place));
    }
    let log_group = alarm.opens_for(&incidents, now_ms);
    let (Some(opening), Some(log_group)) = (opening, log_group) else { return Ok(None) };
    let key = key_of(&destination, log_group);
    match run.open_thread(&key, alarm, says, &opening).await {
        Ok(place) => {
            if place.is_some() {
                // What waited for the parent.
                let _ = run.post_due(&key, Moment::Arrival).await;
            }
            Ok(place)
        }
        Err(Failed::Post(error)) => Err(error),
        Err(Failed::Store(error)) => {
            run.outbox.note_store_error(&error);
            Ok(None)
        }
    }
}

/// The first incident of an alarm's log groups with an error since then (epoch milliseconds), with the lines that its
/// journal holds.
pub(in crate::handler) async fn errors_of<N: Notifier, T: Store>(
    alarm: &AlarmChanged,
    from_ms: i64,
    outbox: &mut Outbox<'_, N, T>,
) -> Option<Tracked> {
    let mut run = Run::new(outbox);
    let destination = run.outbox.destinations.current().name().to_owned();
    for log_group in alarm.asked() {
        match run.look(&key_of(&destination, log_group)).await {
            Ok(look) if look.tracked.errors_since(from_ms).is_some() => return Some(look.tracked),
            Ok(_) => {}
            Err(error) => {
                run.outbox.note_store_error(&error);
                return None;
            }
        }
    }
    None
}

/// The incidents that hear of an alarm: those in the destination of its notice, and all others.
fn keys_of(alarm: &AlarmChanged, rules: &Rules) -> (Vec<IncidentKey>, Vec<IncidentKey>) {
    let destination = rules.destination_of_alarm(&alarm.log_groups);
    let own = alarm.asked().map(|log_group| key_of(destination, log_group));
    let others = alarm.asked().flat_map(|log_group| {
        let others = rules.destinations_of(log_group).into_iter().filter(|name| *name != destination);
        others.map(|name| key_of(name, log_group))
    });
    (own.collect(), others.collect())
}

fn key_of(destination: &str, log_group: &str) -> IncidentKey {
    IncidentKey { destination: destination.to_owned(), log_group: log_group.to_owned() }
}

/// An incident as it is now.
struct Look {
    snapshot: Snapshot,
    tracked: Tracked,
    /// The entries that it took in.
    entries: Vec<EntryKey>,
}

/// Why no thread was opened.
enum Failed {
    Store(StoreError),
    Post(PostError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<N: Notifier, T: Store> Run<'_, '_, N, T> {
    async fn post_due_of(&mut self, keys: Vec<IncidentKey>) {
        let mut keys = self.in_turn(keys);
        while let Some(key) = self.next(&mut keys) {
            if self.post_due(&key, Moment::Arrival).await.is_err() {
                return;
            }
        }
    }

    async fn look(&mut self, key: &IncidentKey) -> Result<Look, StoreError> {
        let when = self.outbox.when();
        let samples_per_group = self.outbox.samples_per_group;
        let table = self.table()?;
        table.readings.remove(key);
        let snapshot = table.store.read(key, when).await?;
        let journal = Journal::of(key, &snapshot).map_err(reading)?;
        let ask = Ask { moment: Moment::Arrival, now_ms: when.now_ms, end_waits: true, samples_per_group };
        let (step, entries) = journal.step(ask, &table.policy);
        self.warn_of_the_unreadable(&journal);
        Ok(Look { snapshot, tracked: step.tracked, entries })
    }

    /// Opens the thread of an incident in two goes, as [`Run::post_parent`] does: the head says first that its parent is
    /// tried. Where another container is about to post one, the notice goes into that.
    async fn open_thread(
        &mut self,
        key: &IncidentKey,
        alarm: &AlarmChanged,
        says: &Says,
        opening: &AlarmOpening,
    ) -> Result<Option<Place>, Failed> {
        let mut is_own_try = false;
        for _ in 0..MAX_LOOKS {
            let Look { snapshot, mut tracked, entries } = self.look(key).await?;
            let now_ms = self.outbox.now_ms();
            tracked.alarm_changed(&alarm.news, now_ms);
            if let Some(thread) = tracked.recent_thread(now_ms) {
                return Ok(alarm.place(thread, says));
            }
            let is_others_try = tracked.thread().is_parent_tried(now_ms) && !is_own_try;
            if !tracked.thread().is_parent_due(now_ms) || !tracked.is_held_by_alarm(now_ms) {
                return Ok(None);
            }
            let lease = if is_others_try || snapshot.leased_until_ms.is_some() {
                None
            } else {
                self.take_lease(key, &snapshot).await?
            };
            let Some(lease) = lease else {
                sleep(self.outbox.invocation.as_much_as_there_is_time_for(PAUSE)).await;
                continue;
            };
            if !is_own_try {
                let policy = &self.table()?.policy;
                tracked.open_for_alarm(opening.clone(), now_ms, policy);
                tracked.thread_mut().parent_tried(now_ms);
                is_own_try = self.keep(key, &tracked, lease, &entries).await?;
                continue;
            }
            let invocation = self.hurry();
            let posted = self.outbox.post_alarm_parent(&mut tracked).await;
            self.outbox.invocation = invocation;
            let place = alarm.place(tracked.thread(), says);
            let kept = self.keep(key, &tracked, lease, &entries).await;
            posted.map_err(Failed::Post)?;
            if let Err(error) = kept {
                // The parent stands there all the same, and says what happened.
                self.outbox.note_store_error(&error);
            }
            return Ok(place);
        }
        Ok(None)
    }

    async fn take_lease(
        &mut self,
        key: &IncidentKey,
        snapshot: &Snapshot,
    ) -> Result<Option<Lease>, StoreError> {
        let (until_ms, when) = (self.outbox.lease_until_ms(), self.outbox.when());
        self.table()?.store.lease(key, snapshot, until_ms, when).await
    }

    /// Writes the incident as it is, with what it took in, and gives the lease back; false where another had taken it.
    async fn keep(
        &mut self,
        key: &IncidentKey,
        tracked: &Tracked,
        lease: Lease,
        entries: &[EntryKey],
    ) -> Result<bool, StoreError> {
        let head = journal::head(tracked).map_err(releasing)?;
        self.release(key, lease, &head, entries).await
    }

    fn table(&mut self) -> Result<&mut Table<T>, StoreError> {
        self.outbox.table.as_deref_mut().ok_or_else(|| reading(StoreFault::Invalid))
    }
}
