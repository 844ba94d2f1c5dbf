//! Reads an incident from its head and journal, as a store keeps them, and says what is due.
//!
//! Pure: it asks no store and reads no clock. What arrived is taken in when it arrived, whoever reads it and whenever.

use super::Tracked;
use super::step::{Ask, News, Step};
use crate::digest::{Digest, OTHER_LOG_GROUPS};
use crate::incident::{AlarmNews, Incident, Policy};
use crate::rules::To;
use crate::store::{
    EntryKey, IncidentKey, Snapshot, StoreFault, decode, decode_digest, encode, encode_digest, room_in_entry,
};

/// Write units that the entry of one batch costs at most, as far as fewer sample lines can bring it down to that.
const ENTRY_WRITE_UNITS: usize = 4;
/// Bytes of the lines that a head keeps for the next message: it is written anew with every message.
const HEAD_LINES: usize = 3 * 1_024;

/// What an entry holds, as its first byte.
const LINES: u8 = b'L';
const ALARM: u8 = b'A';
const SNOOZE: u8 = b'S';
/// The first byte, and when it arrived.
const PREFIX: usize = 9;

/// An incident as it was read: its head, and what arrived since.
#[derive(Debug)]
pub(crate) struct Journal {
    head: Tracked,
    /// In the order in which they arrived.
    arrived: Vec<Arrived>,
    /// Entries that cannot be read. They are counted by nobody.
    pub(crate) unreadable: Vec<(EntryKey, StoreFault)>,
    /// The head cannot be read: the incident begins anew.
    pub(crate) lost_head: Option<StoreFault>,
}

#[derive(Debug)]
struct Arrived {
    at_ms: i64,
    key: EntryKey,
    news: News,
}

/// The entry of a batch of lines.
pub(crate) fn entry_of_lines(
    incident: &IncidentKey,
    digest: &Digest,
    arrived_ms: i64,
) -> Result<Vec<u8>, StoreFault> {
    let room = room_in_entry(incident, ENTRY_WRITE_UNITS).saturating_sub(PREFIX);
    Ok(entry(LINES, arrived_ms, &encode_digest(digest, room)?))
}

/// The entry of an alarm's change.
pub(crate) fn entry_of_alarm(news: &AlarmNews, arrived_ms: i64) -> Result<Vec<u8>, StoreFault> {
    let AlarmNews { alarm, name, is_in_alarm, changed_ms } = news;
    Ok(entry(ALARM, arrived_ms, &encode(&(alarm, is_in_alarm, changed_ms, name))?))
}

/// The entry of a wish to snooze the incident until a time, or, where that is not behind it, to end a snooze; both in
/// epoch milliseconds.
pub(crate) fn entry_of_snooze(until_ms: i64, asked_ms: i64) -> Result<Vec<u8>, StoreFault> {
    Ok(entry(SNOOZE, asked_ms, &encode(&until_ms)?))
}

fn entry(kind: u8, arrived_ms: i64, body: &[u8]) -> Vec<u8> {
    [&[kind], arrived_ms.to_be_bytes().as_slice(), body].concat()
}

fn read_entry(body: &[u8]) -> Result<(i64, News), StoreFault> {
    let (&kind, rest) = body.split_first().ok_or(StoreFault::Unreadable)?;
    let (arrived_ms, body) = rest.split_first_chunk().ok_or(StoreFault::Unreadable)?;
    let news = match kind {
        LINES => News::Lines(decode_digest(body)?),
        ALARM => {
            // Versions before it wrote no name.
            let unnamed = || {
                decode(body)
                    .map(|(alarm, is_in_alarm, changed_ms)| (alarm, is_in_alarm, changed_ms, String::new()))
            };
            let (alarm, is_in_alarm, changed_ms, name) = decode(body).or_else(|_| unnamed())?;
            News::Alarm(AlarmNews { alarm, name, is_in_alarm, changed_ms })
        }
        SNOOZE => News::Snooze { until_ms: decode(body)? },
        version => return Err(StoreFault::UnknownFormat { version }),
    };
    Ok((i64::from_be_bytes(*arrived_ms), news))
}

/// The head: the incident's state, how long it is, and the lines that no message has notified yet.
pub(crate) fn head(tracked: &Tracked) -> Result<Vec<u8>, StoreFault> {
    let incident = encode(&tracked.incident)?;
    let length = u32::try_from(incident.len()).map_err(|_| StoreFault::TooLarge)?;
    let pending = encode_digest(&tracked.pending, HEAD_LINES)?;
    Ok([length.to_be_bytes().as_slice(), &incident, &pending].concat())
}

fn read_head(head: &[u8]) -> Result<(Incident, Digest), StoreFault> {
    let (length, rest) = head.split_first_chunk().ok_or(StoreFault::Unreadable)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| StoreFault::Unreadable)?;
    let (incident, pending) = rest.split_at_checked(length).ok_or(StoreFault::Unreadable)?;
    Ok((decode(incident)?, decode_digest(pending)?))
}

impl Journal {
    /// What a store gave. What is broken is left out and named.
    ///
    /// Where a newer version wrote the head or an entry, that is the error: then nobody of this version may go on with
    /// the incident.
    pub(crate) fn of(key: &IncidentKey, snapshot: &Snapshot) -> Result<Self, StoreFault> {
        let mut lost_head = None;
        let head = snapshot.head.as_deref().map(read_head).transpose();
        let (incident, pending) = match head {
            Ok(known) => known.unwrap_or_default(),
            Err(newer @ StoreFault::UnknownFormat { .. }) => return Err(newer),
            Err(fault) => {
                lost_head = Some(fault);
                Default::default()
            }
        };
        let log_group = key.log_group.clone();
        let is_rest = log_group == OTHER_LOG_GROUPS;
        let mut journal = Self {
            head: Tracked { log_group, is_rest, to: To::DEFAULT, incident, pending },
            arrived: Vec::new(),
            unreadable: Vec::new(),
            lost_head,
        };
        for entry in &snapshot.entries {
            match read_entry(&entry.body) {
                Ok((at_ms, news)) => journal.arrived.push(Arrived { at_ms, key: entry.key, news }),
                Err(newer @ StoreFault::UnknownFormat { .. }) => return Err(newer),
                Err(fault) => journal.unreadable.push((entry.key, fault)),
            }
        }
        journal.arrived.sort_by_key(|arrived| (arrived.at_ms, arrived.key.batch));
        Ok(journal)
    }

    /// The head as it was read, with the thread of what a step made of it: no entry is taken in.
    pub(crate) fn head_with_thread_of(&self, stepped: &Tracked) -> Result<Vec<u8>, StoreFault> {
        let mut tracked = self.head.clone();
        tracked.take_thread_of(stepped);
        head(&tracked)
    }

    /// Takes the journal in, and says what is due; with the entries that this takes in.
    pub(crate) fn step(&self, ask: Ask, policy: &Policy) -> (Step, Vec<EntryKey>) {
        let arrived = self.arrived.iter().map(|arrived| (arrived.at_ms, &arrived.news));
        let step = self.head.clone().step(arrived, ask, policy);
        let taken = self.arrived.iter().take(step.taken).map(|arrived| arrived.key);
        let entries = self.unreadable.iter().map(|(key, _)| *key).chain(taken).collect();
        (step, entries)
    }
}
