//! What an incident needs to outlive a container: its journal, its head, the lease on it, and the rate limits.
//!
//! One trait, [`Store`], which [`DynamoDb`] keeps for all containers, and a model of it in the tests' memory. A store keeps
//! bytes under keys and decides nothing about incidents; it reads no clock: the time comes with every call.
//!
//! # Counting exactly once
//!
//! 1. [`Store::put`] writes a batch's entry into the journal under the batch's id. A second one finds the entry, or the
//!    marker that it left, and is a duplicate. A batch may be acknowledged as soon as it is written.
//! 2. Whoever finds the incident due reads it ([`Store::read`]), takes the lease ([`Store::lease`]), posts, and gives the
//!    lease back with the new head and the entries that it sums up ([`Store::release`]). The lease goes to nobody if
//!    another one took it since the reading, and the new head is refused if the lease was lost meanwhile.
//! 3. The head names the entries that it sums up, so a kill before they are removed counts none of them again.
//!
//! A kill between the post and the new head repeats the message, and loses no count.

mod body;
mod digest_body;
mod dynamodb;
mod error;
mod key;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod containers;
#[cfg(test)]
mod memory;

use crate::http::Budget;
use crate::rate_limit::Bucket;

pub use body::{decode, encode};
pub use digest_body::{decode_digest, encode_digest};
pub use dynamodb::{DynamoDb, PERMISSIONS, room_in_entry};
#[cfg(test)]
pub(crate) use dynamodb::{fake_table, tests_support};
pub use error::{StoreError, StoreFault};
pub use key::{BatchId, IncidentKey};
#[cfg(test)]
pub(crate) use memory::Memory;

/// Entries that one reading gives at most. More are left for the next.
pub const MAX_ENTRIES: usize = 100;

/// How long the marker of a batch that was summed up is kept, in milliseconds: eight days, for as long as the batch may
/// come again.
///
/// An event source mapping delivers no record older than its `MaximumRecordAgeInSeconds`, a week at most, whatever the
/// stream's retention; CloudWatch Logs may put the same batch again for a day. Lambda's own queue keeps an event for six
/// hours. A mapping without a maximum age (-1), which the Terraform module does not make, may deliver what is older.
pub const MARKER_MS: i64 = 8 * 24 * 3_600_000;

/// How long an entry waits to be summed up, and a head for the next batch, in milliseconds: 14 days.
const KEPT_MS: i64 = 14 * 24 * 3_600_000;

/// How long an entry of the list of incidents lasts, in milliseconds: 26 hours. What is written within an hour of it
/// makes no new one, so that an incident is listed for 25 hours at least after its last batch or lease: longer than any
/// follow-up is away.
const LISTED_MS: i64 = 26 * 3_600_000;

/// What an incident keeps where every container finds it.
///
/// Every method may fail by a [`StoreError`], which says whether another try can help, and whether the request may have
/// been acted upon although no answer came.
pub trait Store {
    /// Writes a batch into the journal of an incident, unless it was written before.
    ///
    /// `body` is what [`encode`] or [`encode_digest`] made. Where the answer is lost, the same call may be made again: it
    /// says [`Put::Written`] or [`Put::Duplicate`], and the batch is counted once.
    fn put(
        &mut self,
        incident: &IncidentKey,
        batch: BatchId,
        body: &[u8],
        when: When,
    ) -> impl Future<Output = Result<Put, StoreError>>;

    /// Takes a batch back that may have been written: from now on nobody counts it who has not yet, and another delivery
    /// of it is a duplicate.
    fn revoke(
        &mut self,
        incident: &IncidentKey,
        batch: BatchId,
        when: When,
    ) -> impl Future<Output = Result<(), StoreError>>;

    /// The incidents into whose journals something was written in the last 25 hours, or whose lease was taken, and some
    /// of the hour before, for whoever looks which are due. At most 1,000.
    fn incidents(&mut self, when: When) -> impl Future<Output = Result<Vec<IncidentKey>, StoreError>>;

    /// Keeps an incident on that list for as long as if something were written into its journal now.
    fn keep_listed(
        &mut self,
        incident: &IncidentKey,
        when: When,
    ) -> impl Future<Output = Result<(), StoreError>>;

    /// An incident's head and what came since.
    fn read(
        &mut self,
        incident: &IncidentKey,
        when: When,
    ) -> impl Future<Output = Result<Snapshot, StoreError>>;

    /// Takes the lease until `until_ms`, unless another has it, or had it since `snapshot` was read. The incident stays
    /// listed.
    fn lease(
        &mut self,
        incident: &IncidentKey,
        snapshot: &Snapshot,
        until_ms: i64,
        when: When,
    ) -> impl Future<Output = Result<Option<Lease>, StoreError>>;

    /// Writes the new head, gives the lease back, and removes the entries that the head sums up.
    fn release(
        &mut self,
        incident: &IncidentKey,
        lease: Lease,
        head: &[u8],
        summed: &[EntryKey],
        when: When,
    ) -> impl Future<Output = Result<Released, StoreError>>;

    /// Takes a token of a destination's rate limit, if there is one.
    fn take_token(
        &mut self,
        destination: &str,
        rate: Rate,
        when: When,
    ) -> impl Future<Output = Result<Token, StoreError>>;

    /// Pauses a destination for everyone until `until_ms`, an hour at most; then there is one token. An earlier end than
    /// is known already changes nothing.
    fn pause(
        &mut self,
        destination: &str,
        rate: Rate,
        until_ms: i64,
        when: When,
    ) -> impl Future<Output = Result<(), StoreError>>;
}

/// When a call is made, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct When {
    /// The wall clock, epoch milliseconds.
    pub now_ms: i64,
    /// By when all must be over.
    pub budget: Budget,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is in the journal, or is summed up by now, as where the answer to the first try was lost.
    Written,
    /// It was written before.
    Duplicate,
}

/// An incident as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The head as it was last released.
    pub head: Option<Vec<u8>>,
    /// Until when another has the lease, epoch milliseconds.
    pub leased_until_ms: Option<i64>,
    /// The entries that no head sums up, in no order; [`MAX_ENTRIES`] at most.
    pub entries: Vec<Entry>,
    /// There is more in the journal: read again after the release.
    pub more: bool,
    version: u64,
    to_remove: ToRemove,
}

/// One batch of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names it when it is summed up.
    pub key: EntryKey,
    /// What was put.
    pub body: Vec<u8>,
}

/// Names an entry that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryKey {
    /// The batch.
    pub batch: BatchId,
    /// Which call of [`Store::put`] wrote it.
    writer: u64,
}

/// The right to write the next head. Dropping it gives nothing back: it ends by its time.
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    version: u64,
    owner: u64,
    to_remove: ToRemove,
}

/// What an earlier holder of the lease did not remove, because it was killed or the table throttled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ToRemove {
    /// Summed up; a marker is to take their place.
    summed: Vec<EntryKey>,
    /// Written again although their marker is there.
    duplicates: Vec<BatchId>,
    /// Summed up, and perhaps still in the part of the journal that was not read.
    unread: Vec<Short>,
}

/// An entry as a head names it: half of its batch's id, and which call wrote it. A head may name a hundred, and every
/// 1,024 bytes cost a write unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Short {
    id: u64,
    writer: u64,
}

/// What became of a new head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Released {
    /// It is written.
    Committed {
        /// Why entries that it sums up stand there still. They are not counted again; the next release removes them.
        not_removed: Option<StoreError>,
    },
    /// The lease was over and another has taken it: nothing was written, nothing removed.
    Lost,
}

/// How many posts a destination takes: so many at once, then one every so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens of a full bucket; 0 is taken for 1.
    pub burst: u32,
    /// How long one token takes to come, in milliseconds.
    pub spacing_ms: u32,
}

/// What became of a wish to post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// Post.
    Taken,
    /// There is no token before this time, epoch milliseconds; whoever comes first then takes it.
    WaitUntil(i64),
}

impl Rate {
    /// When the bucket is full again once a token is taken, or when there will be one.
    fn take(self, full_at_ms: Option<i64>, now_ms: i64) -> Result<i64, i64> {
        let mut bucket = self.bucket(full_at_ms);
        if bucket.take(now_ms) { Ok(bucket.full_at_ms()) } else { Err(now_ms + bucket.wait_ms(now_ms)) }
    }

    /// When the bucket is full again once it pauses until `until_ms`.
    fn pause(self, full_at_ms: Option<i64>, now_ms: i64, until_ms: i64) -> i64 {
        let mut bucket = self.bucket(full_at_ms);
        bucket.empty(now_ms, until_ms.saturating_sub(now_ms));
        bucket.full_at_ms()
    }

    fn bucket(self, full_at_ms: Option<i64>) -> Bucket {
        let bucket = Bucket::new(self.burst, self.spacing_ms);
        match full_at_ms {
            Some(at) => bucket.with_full_at_ms(at),
            None => bucket,
        }
    }
}
