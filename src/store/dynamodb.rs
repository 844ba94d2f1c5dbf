//! The store that all containers share: one DynamoDB table with the string keys `pk` and `sk`.
//!
//! | `pk` | `sk` | attributes |
//! |---|---|---|
//! | `incident#...` | `head` | `v` version, `o` owner and `u` end (epoch ms) of the lease, `b` the head, `s` what it sums up: half of each batch's id, and its `w` |
//! | | `journal#` and the batch's id | `b` the entry, `w` which call wrote it |
//! | | `mark#` and the batch's id | `w` as that of the entry it stands for |
//! | `incidents` | the incident's `pk` | |
//! | `rate#` and the destination | `bucket` | `full_at`: when it is full again (epoch ms) |
//!
//! Every item has `expires` (epoch s). DynamoDB removes what is over some day; until then it is not believed here.
//!
//! A batch is written first and its marker looked for then: a marker is written before its entry is removed, so whoever
//! writes an entry and finds no marker is the first. For the same reason entries are read first, and their markers then.

mod client;
#[cfg(test)]
pub(crate) mod fake_table;
mod item;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tests_support;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use self::client::{Client, Operation, Reply};
use self::item::{Item, bytes, number, text};
use super::{
    BatchId, Entry, EntryKey, IncidentKey, KEPT_MS, LISTED_MS, Lease, MARKER_MS, MAX_ENTRIES, Put, Rate,
    Released, Short, Snapshot, Store, StoreError, StoreFault, ToRemove, Token, When,
};
use crate::aws::AwsAccess;
use crate::backoff::Backoff;
use crate::http::{HttpClient, Transport};

/// What the role is to be allowed, on the table alone.
pub const PERMISSIONS: [&str; 7] = [
    Operation::GetItem.action(),
    Operation::BatchGetItem.action(),
    Operation::Query.action(),
    Operation::PutItem.action(),
    Operation::UpdateItem.action(),
    Operation::DeleteItem.action(),
    Operation::BatchWriteItem.action(),
];

const HEAD: &str = "head";
const JOURNAL: &str = "journal#";
/// Behind all keys of the journal, and before those of the markers.
const JOURNAL_END: &str = "journal$";
const MARKER: &str = "mark#";
const INCIDENTS: &str = "incidents";
const BUCKET: &str = "bucket";

/// The most that DynamoDB takes as one item, and as a sort key, in bytes.
const MAX_ITEM: usize = 400 * 1024;
const MAX_SORT_KEY: usize = 1_024;
/// What one write unit pays for, in bytes.
const WRITE_UNIT: usize = 1_024;
/// How often a token is tried for against others who take one at the same time.
const TOKEN_TRIES: u32 = 4;
/// How long this container writes no further entry of the list for an incident that it put there, in milliseconds.
const RELISTED_AFTER_MS: i64 = 3_600_000;
/// How long a bucket is kept once it is full, in milliseconds: it is as good as one that is not known.
const FULL_BUCKET_KEPT_MS: i64 = 3_600_000;
/// Incidents of which this container knows that they are listed.
const MAX_LISTED: usize = 1_000;
/// Pages of the list of incidents.
const LIST_PAGES: usize = 4;

/// One table, asked by one container.
pub struct DynamoDb<H = HttpClient> {
    client: Client<H>,
    /// Names of writers and owners: no two calls of any container have the same.
    names: fastrand::Rng,
    listed: HashMap<String, i64>,
}

impl<H> fmt::Debug for DynamoDb<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Client { access, table, .. } = &self.client;
        f.debug_struct("DynamoDb").field("table", table).field("access", access).finish_non_exhaustive()
    }
}

/// How many bytes the body of an entry may have for it to cost so many write units.
#[must_use]
pub fn room_in_entry(incident: &IncidentKey, write_units: usize) -> usize {
    // A number of so many digits takes 11 bytes.
    let w = "w".len() + 11;
    let keys = "pk".len() + incident.text().len() + "sk".len() + JOURNAL.len() + 32;
    let expires = "expires".len() + 6;
    (write_units * WRITE_UNIT).saturating_sub(keys + w + expires + "b".len())
}

impl<H: Transport> DynamoDb<H> {
    /// Nothing is asked yet. `seed` names what this container writes: no two containers may have the same.
    #[must_use]
    pub fn new(http: H, access: AwsAccess, table: String, seed: u64) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1), seed);
        let client = Client { http, access, table, region: None, backoff };
        let names = fastrand::Rng::with_seed(seed);
        Self { client, names, listed: HashMap::new() }
    }

    /// Asks the table in this Region instead of the configured one.
    #[must_use]
    pub fn in_region(mut self, region: Option<&str>) -> Self {
        self.client.region = region.map(str::to_owned);
        self
    }

    /// Puts the incident on the list, before its first batch, so that a kill never leaves a batch that nobody looks for.
    async fn list(&mut self, pk: &str, when: When) -> Result<(), StoreError> {
        if self.listed.get(pk).is_some_and(|until_ms| *until_ms > when.now_ms) {
            return Ok(());
        }
        let expires = expires(when.now_ms.saturating_add(LISTED_MS));
        let item = json!({ "pk": text(INCIDENTS), "sk": text(pk), "expires": expires });
        self.client.call(Operation::PutItem, json!({ "Item": item }), when).await?;
        if self.listed.len() >= MAX_LISTED {
            self.listed.clear();
        }
        self.listed.insert(pk.to_owned(), when.now_ms.saturating_add(RELISTED_AFTER_MS));
        Ok(())
    }

    async fn get(&mut self, pk: &str, sk: &str, when: When) -> Result<Option<Item>, StoreError> {
        let request = json!({ "Key": key(pk, sk), "ConsistentRead": true });
        match self.client.call(Operation::GetItem, request, when).await? {
            Reply::Done(mut answer) => Ok(answer.get_mut("Item").map(Value::take).and_then(Item::of)),
            Reply::ConditionFailed { .. } => Err(StoreFault::Invalid.of(Operation::GetItem.action())),
        }
    }

    /// Which call wrote the batch that left a marker.
    async fn marked_by(&mut self, pk: &str, batch: BatchId, when: When) -> Result<Option<u64>, StoreError> {
        let marker = self.get(pk, &marker(batch), when).await?;
        Ok(marker.filter(|marker| is_current(marker, when.now_ms)).and_then(|marker| marker.number("w")))
    }

    /// Those of the batches that left a marker.
    async fn marked(
        &mut self,
        pk: &str,
        batches: &[BatchId],
        when: When,
    ) -> Result<Vec<BatchId>, StoreError> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        let keys = batches.iter().map(|batch| key(pk, &marker(*batch))).collect();
        let markers = self.client.get_all(keys, when).await?.into_iter().filter_map(Item::of);
        let markers = markers.filter(|marker| is_current(marker, when.now_ms));
        let batch = |marker: Item| BatchId::of_text(marker.text("sk")?.strip_prefix(MARKER)?);
        Ok(markers.filter_map(batch).collect())
    }

    /// What a failed condition of [`Store::put`] means, where an earlier try was not answered.
    async fn is_mine(
        &mut self,
        pk: &str,
        batch: BatchId,
        writer: u64,
        when: When,
    ) -> Result<bool, StoreError> {
        let entry = self.get(pk, &entry(batch), when).await?;
        match entry.and_then(|entry| entry.number::<u64>("w")) {
            Some(wrote) => Ok(wrote == writer),
            // Somebody summed it up meanwhile.
            None => Ok(self.marked_by(pk, batch, when).await? == Some(writer)),
        }
    }

    /// Replaces what is summed up by markers, and removes what was written again.
    async fn remove(&mut self, pk: &str, to_remove: &ToRemove, when: When) -> Result<(), StoreError> {
        let expires = expires(when.now_ms.saturating_add(MARKER_MS));
        let mark = |key: &EntryKey| {
            let sk = text(&marker(key.batch));
            json!({ "PutRequest": { "Item": {
                "pk": text(pk), "sk": sk, "w": number(key.writer), "expires": expires.clone(),
            } } })
        };
        let markers: Vec<Value> = to_remove.summed.iter().map(mark).collect();
        self.client.write_all(&markers, when).await?;
        let batches = to_remove.summed.iter().map(|key| &key.batch).chain(&to_remove.duplicates);
        let delete = |batch: &BatchId| json!({ "DeleteRequest": { "Key": key(pk, &entry(*batch)) } });
        let deletes: Vec<Value> = batches.map(delete).collect();
        self.client.write_all(&deletes, when).await
    }
}

impl<H: Transport> Store for DynamoDb<H> {
    async fn put(
        &mut self,
        incident: &IncidentKey,
        batch: BatchId,
        body: &[u8],
        when: When,
    ) -> Result<Put, StoreError> {
        let pk = incident.text();
        if body.len() > room_in_entry(incident, MAX_ITEM / WRITE_UNIT) || pk.len() > MAX_SORT_KEY {
            return Err(StoreFault::TooLarge.of(Operation::PutItem.action()));
        }
        self.list(&pk, when).await?;
        let writer = self.names.u64(..);
        let request = json!({
            "Item": {
                "pk": text(&pk), "sk": text(&entry(batch)), "b": bytes(body), "w": number(writer),
                "expires": expires(when.now_ms.saturating_add(KEPT_MS)),
            },
            "ConditionExpression": "attribute_not_exists(pk) OR expires <= :now",
            "ExpressionAttributeValues": { ":now": expires(when.now_ms) },
        });
        if let Reply::ConditionFailed { unsure } = self.client.call(Operation::PutItem, request, when).await?
            && !(unsure && self.is_mine(&pk, batch, writer, when).await.map_err(perhaps_done)?)
        {
            return Ok(Put::Duplicate);
        }
        match self.marked_by(&pk, batch, when).await.map_err(perhaps_done)? {
            None => Ok(Put::Written),
            Some(wrote) if wrote == writer => Ok(Put::Written),
            Some(_) => {
                // Whoever reads the journal would find the marker, too, and never count it.
                let request = json!({ "Key": key(&pk, &entry(batch)) });
                self.client.call(Operation::DeleteItem, request, when).await.map_err(perhaps_done)?;
                Ok(Put::Duplicate)
            }
        }
    }

    async fn revoke(&mut self, incident: &IncidentKey, batch: BatchId, when: When) -> Result<(), StoreError> {
        // Whoever reads the entry, or writes it once more, finds the marker of another writer.
        let marker = json!({
            "pk": text(&incident.text()), "sk": text(&marker(batch)), "w": number(self.names.u64(..)),
            "expires": expires(when.now_ms.saturating_add(MARKER_MS)),
        });
        self.client.call(Operation::PutItem, json!({ "Item": marker }), when).await?;
        Ok(())
    }

    async fn incidents(&mut self, when: When) -> Result<Vec<IncidentKey>, StoreError> {
        let mut keys = Vec::new();
        let mut request = json!({
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": text(INCIDENTS) },
            "ConsistentRead": true,
            "Limit": MAX_LISTED,
        });
        for _ in 0..LIST_PAGES {
            let Reply::Done(mut page) = self.client.call(Operation::Query, request.clone(), when).await?
            else {
                break;
            };
            let items = Item::all_of(page.get_mut("Items"));
            let current = items.iter().filter(|item| is_current(item, when.now_ms));
            keys.extend(current.filter_map(|item| IncidentKey::of_text(item.text("sk")?)));
            match page.get_mut("LastEvaluatedKey").map(Value::take) {
                Some(last) if last.is_object() && keys.len() < MAX_LISTED => {
                    if let Some(request) = request.as_object_mut() {
                        request.insert("ExclusiveStartKey".to_owned(), last);
                    }
                }
                _ => break,
            }
        }
        keys.truncate(MAX_LISTED);
        Ok(keys)
    }

    async fn keep_listed(&mut self, incident: &IncidentKey, when: When) -> Result<(), StoreError> {
        self.list(&incident.text(), when).await
    }

    async fn read(&mut self, incident: &IncidentKey, when: When) -> Result<Snapshot, StoreError> {
        let pk = incident.text();
        let request = json!({
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :head AND :end",
            "ExpressionAttributeValues": { ":pk": text(&pk), ":head": text(HEAD), ":end": text(JOURNAL_END) },
            "ConsistentRead": true,
            "Limit": MAX_ENTRIES,
        });
        let Reply::Done(mut page) = self.client.call(Operation::Query, request, when).await? else {
            return Err(StoreFault::Invalid.of(Operation::Query.action()));
        };
        let more = page.get("LastEvaluatedKey").is_some_and(Value::is_object);
        let mut snapshot = Snapshot { more, ..Snapshot::default() };
        let mut summed = Vec::new();
        let mut entries = Vec::new();
        let mut last_read = None;
        for item in Item::all_of(page.get_mut("Items")) {
            let Some(sk) = item.text("sk") else { continue };
            if sk == HEAD {
                summed = item
                    .bytes("s")
                    .unwrap_or_default()
                    .as_chunks()
                    .0
                    .iter()
                    .copied()
                    .map(Short::of_bytes)
                    .collect();
                snapshot.version = item.number("v").unwrap_or_default();
                snapshot.leased_until_ms = item.number("u").filter(|until_ms| *until_ms > when.now_ms);
                snapshot.head = item.bytes("b").filter(|_| is_current(&item, when.now_ms));
            } else if let Some(batch) = sk.strip_prefix(JOURNAL).and_then(BatchId::of_text) {
                last_read = Some(batch);
                if let (true, Some(body), Some(writer)) =
                    (is_current(&item, when.now_ms), item.bytes("b"), item.number("w"))
                {
                    entries.push(Entry { key: EntryKey { batch, writer }, body });
                }
            }
        }
        let batches: Vec<BatchId> = entries.iter().map(|entry| entry.key.batch).collect();
        let marked = self.marked(&pk, &batches, when).await?;
        for entry in entries {
            let batch = entry.key.batch;
            if marked.contains(&batch) {
                snapshot.to_remove.duplicates.push(batch);
            } else if summed.contains(&Short::of(&entry.key)) {
                snapshot.to_remove.summed.push(entry.key);
            } else {
                snapshot.entries.push(entry);
            }
        }
        summed.retain(|short| more && last_read.is_none_or(|last| short.may_be_behind(last)));
        snapshot.to_remove.unread = summed;
        Ok(snapshot)
    }

    async fn lease(
        &mut self,
        incident: &IncidentKey,
        snapshot: &Snapshot,
        until_ms: i64,
        when: When,
    ) -> Result<Option<Lease>, StoreError> {
        let pk = incident.text();
        // What no destination takes waits for longer than its last batch is listed.
        self.list(&pk, when).await?;
        let owner = self.names.u64(..);
        let version = snapshot.version + 1;
        let mut values =
            json!({ ":next": number(version), ":owner": number(owner), ":until": number(until_ms) });
        let mut value = |name: &str, value: Value| {
            if let Some(values) = values.as_object_mut() {
                values.insert(name.to_owned(), value);
            }
        };
        let (update, condition) = if snapshot.version == 0 {
            value(":expires", expires(until_ms.saturating_add(KEPT_MS)));
            ("SET v = :next, o = :owner, u = :until, expires = :expires", "attribute_not_exists(v)")
        } else {
            value(":seen", number(snapshot.version));
            value(":now", number(when.now_ms));
            ("SET v = :next, o = :owner, u = :until", "v = :seen AND u <= :now")
        };
        let request = json!({
            "Key": key(&pk, HEAD),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        });
        let is_taken = match self.client.call(Operation::UpdateItem, request, when).await? {
            Reply::Done(_) => true,
            Reply::ConditionFailed { unsure: false } => false,
            Reply::ConditionFailed { unsure: true } => {
                let head = self.get(&pk, HEAD, when).await.map_err(perhaps_done)?;
                head.is_some_and(|head| head.number("v") == Some(version) && head.number("o") == Some(owner))
            }
        };
        Ok(is_taken.then(|| Lease { version, owner, to_remove: snapshot.to_remove.clone() }))
    }

    async fn release(
        &mut self,
        incident: &IncidentKey,
        lease: Lease,
        head: &[u8],
        summed: &[EntryKey],
        when: When,
    ) -> Result<Released, StoreError> {
        let pk = incident.text();
        let Lease { version, owner, mut to_remove } = lease;
        for key in summed {
            if !to_remove.summed.contains(key) {
                to_remove.summed.push(*key);
            }
        }
        let shorts = to_remove.summed.iter().map(Short::of).chain(to_remove.unread.iter().copied());
        let ids: Vec<u8> = shorts.flat_map(Short::bytes).collect();
        if head.len() + ids.len() > MAX_ITEM - 4 * WRITE_UNIT {
            return Err(StoreFault::TooLarge.of(Operation::UpdateItem.action()));
        }
        let mut values = json!({
            ":held": number(version),
            ":owner": number(owner),
            ":next": number(version + 1),
            ":free": number(0),
            ":head": bytes(head),
            ":expires": expires(when.now_ms.saturating_add(KEPT_MS)),
        });
        let mut update = "SET v = :next, u = :free, b = :head, expires = :expires".to_owned();
        if ids.is_empty() {
            update.push_str(" REMOVE s");
        } else if let Some(values) = values.as_object_mut() {
            update.push_str(", s = :summed");
            values.insert(":summed".to_owned(), bytes(&ids));
        }
        let request = json!({
            "Key": key(&pk, HEAD),
            "UpdateExpression": update,
            "ConditionExpression": "v = :held AND o = :owner",
            "ExpressionAttributeValues": values,
        });
        match self.client.call(Operation::UpdateItem, request, when).await? {
            Reply::Done(_) => {}
            Reply::ConditionFailed { unsure: false } => return Ok(Released::Lost),
            Reply::ConditionFailed { unsure: true } => {
                let head = self.get(&pk, HEAD, when).await.map_err(perhaps_done)?;
                let now = head.map(|head| (head.number::<u64>("v"), head.number::<u64>("o")));
                match now {
                    Some((Some(now), Some(by))) if now == version + 1 && by == owner => {}
                    // Others were here since; what became of this head cannot be known.
                    Some((Some(now), _)) if now > version + 1 => {
                        return Err(perhaps_done(StoreFault::TimedOut.of(Operation::UpdateItem.action())));
                    }
                    _ => return Ok(Released::Lost),
                }
            }
        }
        Ok(Released::Committed { not_removed: self.remove(&pk, &to_remove, when).await.err() })
    }

    async fn take_token(&mut self, destination: &str, rate: Rate, when: When) -> Result<Token, StoreError> {
        let pk = rate_key(destination);
        for _ in 0..TOKEN_TRIES {
            let seen: Option<i64> =
                self.get(&pk, BUCKET, when).await?.and_then(|bucket| bucket.number("full_at"));
            let full_at_ms = match rate.take(seen, when.now_ms) {
                Ok(full_at_ms) => full_at_ms,
                Err(until_ms) => return Ok(Token::WaitUntil(until_ms)),
            };
            let (condition, value) = match seen {
                Some(seen) => ("full_at = :seen", Some((":seen", number(seen)))),
                None => ("attribute_not_exists(full_at)", None),
            };
            if self.set_bucket(&pk, full_at_ms, condition, value, when).await? {
                return Ok(Token::Taken);
            }
        }
        Ok(Token::WaitUntil(when.now_ms.saturating_add(i64::from(rate.spacing_ms))))
    }

    async fn pause(
        &mut self,
        destination: &str,
        rate: Rate,
        until_ms: i64,
        when: When,
    ) -> Result<(), StoreError> {
        let full_at_ms = rate.pause(None, when.now_ms, until_ms);
        let condition = "attribute_not_exists(full_at) OR full_at < :next";
        self.set_bucket(&rate_key(destination), full_at_ms, condition, None, when).await?;
        Ok(())
    }
}

impl<H: Transport> DynamoDb<H> {
    /// Says when a bucket is full again, if the condition holds.
    async fn set_bucket(
        &mut self,
        pk: &str,
        full_at_ms: i64,
        condition: &str,
        value: Option<(&str, Value)>,
        when: When,
    ) -> Result<bool, StoreError> {
        let expires = expires(full_at_ms.max(when.now_ms).saturating_add(FULL_BUCKET_KEPT_MS));
        let mut values = json!({ ":next": number(full_at_ms), ":expires": expires });
        if let (Some(values), Some((name, value))) = (values.as_object_mut(), value) {
            values.insert(name.to_owned(), value);
        }
        let request = json!({
            "Key": key(pk, BUCKET),
            "UpdateExpression": "SET full_at = :next, expires = :expires",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        });
        Ok(matches!(self.client.call(Operation::UpdateItem, request, when).await?, Reply::Done(_)))
    }
}

/// What failed behind a write that was done, or may have been.
fn perhaps_done(StoreError { action, fault, .. }: StoreError) -> StoreError {
    StoreError { action, fault, may_be_done: true }
}

impl Short {
    fn of(key: &EntryKey) -> Self {
        Self { id: key.batch.half(), writer: key.writer }
    }

    fn of_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        Self { id: half(both >> 64), writer: half(both) }
    }

    fn bytes(self) -> [u8; 16] {
        (u128::from(self.id) << 64 | u128::from(self.writer)).to_be_bytes()
    }

    /// Whether a journal that was read up to `last` may have it still.
    fn may_be_behind(self, last: BatchId) -> bool {
        self.id >= last.half()
    }
}

fn key(pk: &str, sk: &str) -> Value {
    json!({ "pk": text(pk), "sk": text(sk) })
}

fn entry(batch: BatchId) -> String {
    format!("{JOURNAL}{batch}")
}

fn marker(batch: BatchId) -> String {
    format!("{MARKER}{batch}")
}

fn rate_key(destination: &str) -> String {
    format!("rate#{destination}")
}

/// An end in time to live's unit.
fn expires(ms: i64) -> Value {
    number(ms.div_euclid(1_000))
}

/// Whether an item is to be believed still.
fn is_current(item: &Item, now_ms: i64) -> bool {
    item.number::<i64>("expires").is_none_or(|expires| expires > now_ms.div_euclid(1_000))
}
