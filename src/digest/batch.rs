//! What was read of a batch, and what reading goes by.
//!
//! What is read is provisional until the batch is decoded to its end: then it is taken, or thrown away whole.

use smallvec::SmallVec;

use super::intake::Intake;
use super::samples::SampleSpace;
use super::{Counts, Digest, Section};
use crate::access_log::Format;
use crate::access_log::columns::Headers;
use crate::access_log::fast_path::{LearnedFormats, LineReader, OkLines};
use crate::access_log::redact::{HarmlessTexts, Redaction};
use crate::decode::{Header, MAX_TIMESTAMP_MS};
use crate::duplicates::{CAPACITY, EventKey, EventKeys, RememberedEvents};
use crate::ledger::Ledger;
use crate::rules::Rules;

/// Sample lines that are kept of each group by default.
pub const DEFAULT_SAMPLES: usize = 20;
/// Ids of log events that name a batch: each is one log event's alone, so that more of them would add nothing.
const NAMING_IDS: usize = 256;
/// CloudWatch's ids have 56 bytes.
const MAX_ID_BYTES: usize = 256;
/// Space for ids that is made at once: most batches have fewer errors.
const USUAL_IDS: usize = 28;
const USUAL_IDS_BYTES: usize = USUAL_IDS * 56;

/// What decides over log events; the same for every batch.
#[derive(Debug)]
pub struct Reader {
    /// Which lines are notified, counted, ignored.
    pub rules: Rules,
    /// In which format lines are expected.
    pub format: Format,
    /// What is masked in Slack.
    pub redact: Redaction,
    /// The function's own log group, whose lines are never notified.
    pub own_log_group: Option<String>,
    /// Sample lines kept of each group.
    pub samples_per_group: usize,
    /// What was learned of the lines so far.
    pub formats: LearnedFormats,
}

/// What was read of a batch so far.
#[derive(Debug, Default)]
pub struct Batch {
    /// What there is to tell.
    pub digest: Digest,
    /// What became of every line.
    pub counts: Counts,
    /// The matched log events, up to [`CAPACITY`].
    pub keys: EventKeys,
    /// The deliveries that were absorbed and have matched log events.
    deliveries: Vec<EventKey>,
    /// The sum of the keys of all log events that were to be notified, duplicates among them, and how many they are.
    pub(super) keys_seen: (u64, u64),
    /// What names the batch in every container and every version.
    naming: Naming,
    /// Space for the line at hand, its route and its source, used again and again.
    pub(super) line: String,
    pub(super) route: String,
    pub(super) source: String,
    /// A pointer to it is all that is moved while its values are used.
    pub(super) line_reader: Option<Box<LineReader>>,
    pub(super) ok_lines: OkLines,
    pub(super) harmless: HarmlessTexts,
    /// The headers among the lines.
    pub(super) headers: Headers,
    /// Subscription messages so far.
    pub(super) messages: u64,
    /// What the samples of each section take up.
    sample_spaces: SmallVec<[SampleSpace; 1]>,
}

/// The first log events of a batch that were to be notified, duplicates among them.
#[derive(Debug, Default)]
struct Naming {
    log_group: String,
    log_stream: String,
    /// Their ids, one behind the other, and where each ends.
    ids: Vec<u8>,
    ends: Vec<usize>,
}

impl Reader {
    /// Reads lines of any format by these rules; no field is masked by its name alone but those of secrets, and no log
    /// group is the function's own.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            format: Format::default(),
            redact: Redaction::default(),
            own_log_group: None,
            samples_per_group: DEFAULT_SAMPLES,
            formats: LearnedFormats::default(),
        }
    }
}

impl Batch {
    /// What names the batch in every container and every version, whatever this process remembers of it: its log group
    /// and log stream, and the ids of its log events with how many there are.
    #[must_use]
    pub fn named_by(&self) -> (&str, &str, Vec<Vec<u8>>) {
        let Naming { log_group, log_stream, ids, ends } = &self.naming;
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let ids = starts.zip(ends).map(|(start, &end)| ids.get(start..end).unwrap_or_default().to_vec());
        let count = self.keys_seen.1.to_be_bytes().to_vec();
        (log_group, log_stream, ids.chain([count]).collect())
    }

    /// Takes the id of a log event that is to be notified; `key` stands for one that has none.
    pub(super) fn note_id(&mut self, header: &Header, id: &[u8], key: EventKey) {
        let naming = &mut self.naming;
        if naming.ends.len() >= NAMING_IDS {
            return;
        }
        if naming.ends.is_empty() {
            naming.log_group.clone_from(&header.log_group);
            naming.log_stream.clone_from(&header.log_stream);
            naming.ids.reserve(USUAL_IDS_BYTES);
            naming.ends.reserve(USUAL_IDS);
        }
        let key = key.number().to_be_bytes();
        let id = if id.is_empty() { key.as_slice() } else { id };
        naming.ids.extend_from_slice(id.get(..MAX_ID_BYTES).unwrap_or(id));
        naming.ends.push(naming.ids.len());
    }

    /// Takes log events in; `remembered` are those that need not be notified again.
    pub fn intake<'a>(&'a mut self, reader: &'a Reader, remembered: &'a RememberedEvents) -> Intake<'a> {
        Intake::into(self, reader, remembered)
    }

    /// Counts lines of one time whose status is known to be below 400.
    pub(crate) fn ok(&mut self, reader: &Reader, header: &Header, timestamp_ms: i64, lines: u64) {
        if self.receive(reader, header, timestamp_ms, lines) {
            self.counts.ledger.ok += lines;
        }
    }

    /// Counts log events of one time in; says whether they are to be read.
    pub(super) fn receive(
        &mut self,
        reader: &Reader,
        header: &Header,
        timestamp_ms: i64,
        lines: u64,
    ) -> bool {
        let counts = &mut self.counts;
        counts.ledger.received += lines;
        // What is no time says nothing of when all the others were.
        if timestamp_ms < MAX_TIMESTAMP_MS {
            counts.newest_ms = counts.newest_ms.max(timestamp_ms);
        }
        let is_own = reader.own_log_group.as_deref() == Some(header.log_group.as_str());
        if is_own {
            counts.ledger.ignored += lines;
            counts.own_log_group += lines;
        }
        !is_own
    }

    /// Counts all matched lines as duplicates, if the whole delivery was notified before. Call it once it is decoded.
    ///
    /// A delivery can have more errors than log events are remembered: then those that were forgotten look new.
    pub fn forget_what_is_known(&mut self, remembered: &RememberedEvents) {
        if self.counts.ledger.matched == 0 || !remembered.contains(self.delivery()) {
            return;
        }
        self.counts.ledger.duplicate += std::mem::take(&mut self.counts.ledger.matched);
        self.counts.client_errors = 0;
        self.counts.server_errors = 0;
        self.digest = Digest::default();
        self.keys.clear();
        self.sample_spaces.clear();
    }

    /// Notes how many requests the errors are a part of, if the batch is one delivery of one log group and tells. To be
    /// called once it is decoded.
    pub fn note_requests(&mut self) {
        let Counts { ledger, headers, own_log_group, .. } = &self.counts;
        let Ledger { received, ok, unreadable, duplicate, .. } = *ledger;
        let is_exact = self.messages <= 1 && unreadable + duplicate + own_log_group == 0;
        let requests = (is_exact && ok > 0).then(|| received.saturating_sub(*headers));
        if let [section] = self.digest.sections.as_mut_slice() {
            section.requests = requests;
        }
    }

    /// What is to be remembered once the batch is notified: its log events, and its deliveries where the log events are
    /// more than are remembered.
    pub fn into_keys(self) -> impl Iterator<Item = EventKey> {
        let delivery = (self.keys_seen.1 > 0).then(|| self.delivery());
        let is_full = self.keys.len() >= CAPACITY;
        let deliveries = self.deliveries.into_iter().chain(delivery).filter(move |_| is_full);
        self.keys.into_iter().chain(deliveries)
    }

    fn delivery(&self) -> EventKey {
        let (sum, log_events) = self.keys_seen;
        EventKey::of_delivery(sum, log_events)
    }

    /// Adds a batch that was decoded well to this one. At most `samples_per_group` lines of a group are kept.
    pub fn absorb(&mut self, other: Self, samples_per_group: usize) {
        if other.keys_seen.1 > 0 {
            self.deliveries.push(other.delivery());
        }
        self.digest.fold(other.digest, samples_per_group);
        self.sample_spaces.clear();
        self.counts.add(&other.counts);
        let space = CAPACITY.saturating_sub(self.keys.len());
        self.keys.extend(other.keys.into_iter().take(space));
    }

    /// The section at `place`, and the space for samples in it.
    pub(super) fn space(
        &mut self,
        place: usize,
        samples_per_group: usize,
    ) -> Option<(&mut SampleSpace, &mut Section)> {
        let unknown = self.digest.sections.get(self.sample_spaces.len()..=place).unwrap_or_default();
        self.sample_spaces
            .extend(unknown.iter().map(|section| SampleSpace::beside(&section.groups, samples_per_group)));
        Some((self.sample_spaces.get_mut(place)?, self.digest.sections.get_mut(place)?))
    }
}
