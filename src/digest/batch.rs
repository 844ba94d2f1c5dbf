//! What was read of a batch, and what reading goes by.
//!
//! What is read is provisional until the batch is decoded to its end: then it is taken, or thrown away whole.

use super::intake::Intake;
use super::samples::Room;
use super::{Counts, Digest, Section};
use crate::access_log::Format;
use crate::access_log::formats::{Formats, Recogniser};
use crate::duplicates::{CAPACITY, EventKeys, Remembered};
use crate::rules::Rules;

/// What decides over log events; the same for every batch.
#[derive(Debug)]
pub struct Reader {
    /// Which lines are told, counted, ignored.
    pub rules: Rules,
    /// In which format lines are expected.
    pub format: Format,
    /// Fields masked in Slack.
    pub redact: Vec<String>,
    /// The function's own log group, whose lines are never told.
    pub own_log_group: Option<String>,
    /// Sample lines kept of each group.
    pub samples_per_group: usize,
    /// What was learned of the lines so far.
    pub formats: Formats,
}

/// What was read of a batch so far.
#[derive(Debug, Default)]
pub struct Batch {
    /// What there is to tell.
    pub digest: Digest,
    /// What became of every line.
    pub counts: Counts,
    /// The matched log events.
    pub keys: EventKeys,
    /// Space for the line at hand and its route, used again and again.
    pub(super) line: String,
    pub(super) route: String,
    pub(super) recogniser: Recogniser,
    /// What the samples of each section take up.
    rooms: Vec<Room>,
}

impl Batch {
    /// Takes log events in; `remembered` are those that need not be told again.
    pub fn intake<'a>(&'a mut self, reader: &'a Reader, remembered: &'a Remembered) -> Intake<'a> {
        Intake::into(self, reader, remembered)
    }

    /// Adds a batch that was decoded well to this one. At most `samples_per_group` lines of a group are kept.
    pub fn absorb(&mut self, other: Self, samples_per_group: usize) {
        self.digest.fold(other.digest, samples_per_group);
        self.rooms.clear();
        self.counts.add(&other.counts);
        let room = CAPACITY.saturating_sub(self.keys.len());
        self.keys.extend(other.keys.into_iter().take(room));
    }

    /// The section at `place`, and the room for samples in it.
    pub(super) fn room(
        &mut self,
        place: usize,
        samples_per_group: usize,
    ) -> Option<(&mut Room, &mut Section)> {
        let unknown = self.digest.sections.get(self.rooms.len()..=place).unwrap_or_default();
        self.rooms.extend(unknown.iter().map(|section| Room::beside(&section.groups, samples_per_group)));
        Some((self.rooms.get_mut(place)?, self.digest.sections.get_mut(place)?))
    }
}
