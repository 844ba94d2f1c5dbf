//! Which raw lines a digest keeps: some of every group, within a fixed space.

use super::{Group, MAX_SAMPLE_BYTES, Sample, SampleText};

/// Space for the samples of one section, in bytes: several times what one Slack message can show.
const MAX_BYTES: usize = 64 * 1024;

/// What a section's samples take up, and how many a group may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) per_group: usize,
}

impl Room {
    /// Whether a group has all the lines that it may have.
    pub(super) fn is_full(self, group: &Group) -> bool {
        group.samples.len() >= self.per_group
    }

    /// Whether a line of this length may be kept in the group at `index`; makes place for it where others have more.
    ///
    /// So a rare group keeps its lines however many a frequent one brings.
    pub(super) fn make(self, groups: &mut [Group], index: usize, length: usize) -> bool {
        let Some(group) = groups.get(index) else { return false };
        if self.is_full(group) {
            return false;
        }
        let mine = bytes_of(group);
        let mut used: usize = groups.iter().map(bytes_of).sum();
        while used + length > MAX_BYTES {
            let Some(richest) = groups.iter_mut().max_by_key(|group| bytes_of(group)) else { return false };
            if bytes_of(richest) <= mine + length {
                return false;
            }
            let Some(dropped) = richest.samples.pop() else { return false };
            used -= dropped.text.bytes();
        }
        true
    }
}

fn bytes_of(group: &Group) -> usize {
    group.samples.iter().map(|sample| sample.text.bytes()).sum()
}

impl Sample {
    /// Keeps a line, or the beginning of a long one, cut on a character boundary.
    pub(super) fn of(timestamp_ms: i64, line: &str) -> Self {
        let text = if line.len() <= MAX_SAMPLE_BYTES {
            SampleText::Whole(line.to_owned())
        } else {
            let end = line.floor_char_boundary(MAX_SAMPLE_BYTES);
            let kept = line.get(..end).unwrap_or_default().to_owned();
            SampleText::Cut { kept, full_chars: line.chars().count() }
        };
        Self { timestamp_ms, text }
    }
}

impl SampleText {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Whole(text) | Self::Cut { kept: text, .. } => text.len(),
            Self::Withheld => 1,
        }
    }
}
