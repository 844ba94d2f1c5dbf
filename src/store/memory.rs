//! The tests' model of a store: what DynamoDB is to do, without DynamoDB.
//!
//! Clones share what is stored, as containers share a table. It is bounded and never fails otherwise than by being full.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    BatchId, Entry, EntryKey, IncidentKey, KEPT_MS, LISTED_MS, Lease, MARKER_MS, MAX_ENTRIES, Put, Rate,
    Released, Snapshot, Store, StoreError, StoreFault, ToRemove, Token, When, room_in_entry,
};

/// The most that DynamoDB takes as one item.
const MAX_ITEM_KB: usize = 400;
/// Incidents that are kept at a time.
const MAX_INCIDENTS: usize = 1_000;
/// Entries that wait in one journal.
const MAX_WAITING: usize = 4_096;
/// Bytes of what waits in one journal.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Markers of one incident; of more, the oldest are forgotten.
const MAX_MARKERS: usize = 65_536;
/// Destinations whose rate is known.
const MAX_DESTINATIONS: usize = 1_000;

/// A store in memory, shared by its clones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    incidents: HashMap<IncidentKey, Incident>,
    /// When each destination's bucket is full again.
    full_at_ms: HashMap<String, i64>,
    writers: u64,
}

#[derive(Debug, Default)]
struct Incident {
    version: u64,
    head: Option<Vec<u8>>,
    lease: Option<(u64, i64)>,
    head_expires_ms: i64,
    listed_until_ms: i64,
    entries: BTreeMap<BatchId, Waiting>,
    /// When each marker ends.
    markers: HashMap<BatchId, i64>,
    /// The batches that have one, in the order in which they were marked first.
    marked: VecDeque<BatchId>,
}

#[derive(Debug)]
struct Waiting {
    writer: u64,
    body: Vec<u8>,
    expires_ms: i64,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    async fn put(
        &mut self,
        incident: &IncidentKey,
        batch: BatchId,
        body: &[u8],
        when: When,
    ) -> Result<Put, StoreError> {
        if body.len() > room_in_entry(incident, MAX_ITEM_KB) {
            return Err(StoreFault::TooLarge.of("put"));
        }
        self.lock().put(incident, batch, body, when.now_ms).ok_or_else(|| StoreFault::Full.of("put"))
    }

    async fn revoke(&mut self, incident: &IncidentKey, batch: BatchId, when: When) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let incident = shared.incident(incident, when.now_ms).ok_or_else(|| StoreFault::Full.of("revoke"))?;
        incident.entries.remove(&batch);
        incident.mark(batch, when.now_ms.saturating_add(MARKER_MS));
        Ok(())
    }

    async fn incidents(&mut self, when: When) -> Result<Vec<IncidentKey>, StoreError> {
        let shared = self.lock();
        let listed = shared.incidents.iter().filter(|(_, incident)| incident.listed_until_ms > when.now_ms);
        let mut listed: Vec<_> = listed.map(|(key, _)| key.clone()).collect();
        listed.sort_unstable();
        Ok(listed)
    }

    async fn keep_listed(&mut self, incident: &IncidentKey, when: When) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let incident = shared.incident(incident, when.now_ms).ok_or_else(|| StoreFault::Full.of("list"))?;
        incident.listed_until_ms = when.now_ms.saturating_add(LISTED_MS);
        Ok(())
    }

    async fn read(&mut self, incident: &IncidentKey, when: When) -> Result<Snapshot, StoreError> {
        Ok(self.lock().incidents.get(incident).map(|known| known.snapshot(when.now_ms)).unwrap_or_default())
    }

    async fn lease(
        &mut self,
        incident: &IncidentKey,
        snapshot: &Snapshot,
        until_ms: i64,
        when: When,
    ) -> Result<Option<Lease>, StoreError> {
        let mut shared = self.lock();
        shared.writers += 1;
        let owner = shared.writers;
        let incident = shared.incident(incident, when.now_ms).ok_or_else(|| StoreFault::Full.of("lease"))?;
        let is_leased = incident.lease.is_some_and(|(_, until_ms)| until_ms > when.now_ms);
        if is_leased || incident.version != snapshot.version {
            return Ok(None);
        }
        if incident.version == 0 {
            incident.head_expires_ms = until_ms.saturating_add(KEPT_MS);
        }
        incident.version += 1;
        incident.listed_until_ms = when.now_ms.saturating_add(LISTED_MS);
        incident.lease = Some((owner, until_ms));
        Ok(Some(Lease { version: incident.version, owner, to_remove: ToRemove::default() }))
    }

    async fn release(
        &mut self,
        incident: &IncidentKey,
        lease: Lease,
        head: &[u8],
        summed: &[EntryKey],
        when: When,
    ) -> Result<Released, StoreError> {
        if head.len() > (MAX_ITEM_KB - 4) * 1024 {
            return Err(StoreFault::TooLarge.of("release"));
        }
        let mut shared = self.lock();
        let Some(known) = shared.incidents.get_mut(incident) else { return Ok(Released::Lost) };
        if known.version != lease.version || known.lease.is_none_or(|(owner, _)| owner != lease.owner) {
            return Ok(Released::Lost);
        }
        known.version += 1;
        known.lease = None;
        known.head_expires_ms = when.now_ms.saturating_add(KEPT_MS);
        known.head = Some(head.to_vec());
        for key in summed {
            known.entries.remove(&key.batch);
            known.mark(key.batch, when.now_ms.saturating_add(MARKER_MS));
        }
        Ok(Released::Committed { not_removed: None })
    }

    async fn take_token(&mut self, destination: &str, rate: Rate, when: When) -> Result<Token, StoreError> {
        let mut shared = self.lock();
        match rate.take(shared.full_at_ms.get(destination).copied(), when.now_ms) {
            Err(until_ms) => Ok(Token::WaitUntil(until_ms)),
            Ok(full_at_ms) => {
                shared.set_full_at(destination, full_at_ms, when.now_ms)?;
                Ok(Token::Taken)
            }
        }
    }

    async fn pause(
        &mut self,
        destination: &str,
        rate: Rate,
        until_ms: i64,
        when: When,
    ) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let full_at_ms = rate.pause(shared.full_at_ms.get(destination).copied(), when.now_ms, until_ms);
        shared.set_full_at(destination, full_at_ms, when.now_ms)
    }
}

impl Shared {
    /// Writes a batch; `None` where there is no room for it.
    fn put(&mut self, key: &IncidentKey, batch: BatchId, body: &[u8], now_ms: i64) -> Option<Put> {
        self.writers += 1;
        let writer = self.writers;
        let incident = self.incident(key, now_ms)?;
        incident.entries.retain(|_, waiting| waiting.expires_ms > now_ms);
        incident.listed_until_ms = now_ms.saturating_add(LISTED_MS);
        let has_marker = incident.markers.get(&batch).is_some_and(|until_ms| *until_ms > now_ms);
        if has_marker || incident.entries.contains_key(&batch) {
            return Some(Put::Duplicate);
        }
        if incident.entries.len() >= MAX_WAITING || incident.bytes() + body.len() > MAX_BYTES {
            return None;
        }
        let expires_ms = now_ms.saturating_add(KEPT_MS);
        incident.entries.insert(batch, Waiting { writer, body: body.to_vec(), expires_ms });
        Some(Put::Written)
    }

    /// The incident, new where it is not known; `None` where there is no room for it.
    fn incident(&mut self, key: &IncidentKey, now_ms: i64) -> Option<&mut Incident> {
        if self.incidents.len() >= MAX_INCIDENTS && !self.incidents.contains_key(key) {
            self.incidents.retain(|_, incident| incident.is_in_use(now_ms));
            if self.incidents.len() >= MAX_INCIDENTS {
                return None;
            }
        }
        Some(self.incidents.entry(key.clone()).or_default())
    }

    fn set_full_at(&mut self, destination: &str, full_at_ms: i64, now_ms: i64) -> Result<(), StoreError> {
        if let Some(known) = self.full_at_ms.get_mut(destination) {
            *known = full_at_ms;
            return Ok(());
        }
        if self.full_at_ms.len() >= MAX_DESTINATIONS {
            // A full bucket is as good as one that is not known.
            self.full_at_ms.retain(|_, full_at_ms| *full_at_ms > now_ms);
        }
        if self.full_at_ms.len() >= MAX_DESTINATIONS {
            return Err(StoreFault::Full.of("take_token"));
        }
        self.full_at_ms.insert(destination.to_owned(), full_at_ms);
        Ok(())
    }
}

impl Incident {
    fn snapshot(&self, now_ms: i64) -> Snapshot {
        let waiting = || self.entries.iter().filter(|(_, waiting)| waiting.expires_ms > now_ms);
        let entry = |(batch, waiting): (&BatchId, &Waiting)| Entry {
            key: EntryKey { batch: *batch, writer: waiting.writer },
            body: waiting.body.clone(),
        };
        Snapshot {
            head: self.head.clone().filter(|_| self.head_expires_ms > now_ms),
            leased_until_ms: self.lease.map(|(_, until_ms)| until_ms).filter(|until_ms| *until_ms > now_ms),
            entries: waiting().take(MAX_ENTRIES).map(entry).collect(),
            more: waiting().count() > MAX_ENTRIES,
            version: self.version,
            to_remove: ToRemove::default(),
        }
    }

    fn bytes(&self) -> usize {
        self.entries.values().map(|waiting| waiting.body.len()).sum()
    }

    fn is_in_use(&self, now_ms: i64) -> bool {
        !self.entries.is_empty() || self.head_expires_ms > now_ms || self.listed_until_ms > now_ms
    }

    /// Leaves a marker; where there are too many, the oldest is forgotten.
    fn mark(&mut self, batch: BatchId, until_ms: i64) {
        if self.markers.insert(batch, until_ms).is_none() {
            self.marked.push_back(batch);
        }
        while self.marked.len() > MAX_MARKERS {
            if let Some(oldest) = self.marked.pop_front() {
                self.markers.remove(&oldest);
            }
        }
    }
}
