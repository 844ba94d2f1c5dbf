//! Which raw lines a digest keeps: some of every group, within a fixed space. Which of them a message shows,
//! `slack::render` chooses.

use std::borrow::Cow;
use std::ops::Deref;

use smallvec::SmallVec;

use super::{Group, MAX_SAMPLE_BYTES, Sample, SampleText};

/// Space for the samples of one section, in bytes: several times what one Slack message can show, and a common line for
/// each of the most groups that there can be.
const MAX_BYTES: usize = 32 * 1024;

/// Some lines of a group, and how many bytes their texts have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// Most groups of most batches have one.
    samples: SmallVec<[Sample; 1]>,
    bytes: usize,
}

impl Samples {
    pub(super) fn push(&mut self, sample: Sample) {
        self.bytes += sample.text.bytes();
        self.samples.push(sample);
    }

    fn pop(&mut self) -> Option<Sample> {
        let dropped = self.samples.pop()?;
        self.bytes -= dropped.text.bytes();
        Some(dropped)
    }

    pub(super) fn sort(&mut self) {
        self.samples.sort_by_key(|sample| sample.timestamp_ms);
    }
}

impl Deref for Samples {
    type Target = [Sample];

    fn deref(&self) -> &[Sample] {
        &self.samples
    }
}

impl From<Vec<Sample>> for Samples {
    fn from(samples: Vec<Sample>) -> Self {
        let bytes = samples.iter().map(|sample| sample.text.bytes()).sum();
        Self { samples: samples.into(), bytes }
    }
}

impl IntoIterator for Samples {
    type Item = Sample;
    type IntoIter = smallvec::IntoIter<[Sample; 1]>;

    fn into_iter(self) -> Self::IntoIter {
        self.samples.into_iter()
    }
}

impl<'a> IntoIterator for &'a Samples {
    type Item = &'a Sample;
    type IntoIter = std::slice::Iter<'a, Sample>;

    fn into_iter(self) -> Self::IntoIter {
        self.samples.iter()
    }
}

/// What a section's samples take up, and how many a group may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleSpace {
    per_group: usize,
    used: usize,
    /// An upper bound on the bytes of any group; it may be out of date, and too high.
    most: usize,
}

impl SampleSpace {
    /// The space that these groups leave.
    pub(super) fn beside(groups: &[Group], per_group: usize) -> Self {
        let bytes = || groups.iter().map(|group| group.samples.bytes);
        Self { per_group, used: bytes().sum(), most: bytes().max().unwrap_or(0) }
    }

    /// Whether a line whose text has at least so many bytes is surely not to be kept in the group at `index`. Most lines
    /// of a flood are not: in the end all groups have about the same.
    pub(super) fn refuses(&self, groups: &[Group], index: usize, length: usize) -> bool {
        let Some(group) = groups.get(index) else { return true };
        group.samples.len() >= self.per_group
            || (self.used + length > MAX_BYTES && self.most <= group.samples.bytes + length)
    }

    /// Whether a line whose text has so many bytes is to be kept in the group at `index`; takes the place for it, and
    /// makes it where others have more.
    ///
    /// So a rare group keeps its lines however many a frequent one brings.
    pub(super) fn take(&mut self, groups: &mut [Group], index: usize, length: usize) -> bool {
        if self.refuses(groups, index, length) {
            return false;
        }
        let mine = groups.get(index).map_or(0, |group| group.samples.bytes) + length;
        while self.used + length > MAX_BYTES {
            let Some(richest) = groups.iter_mut().max_by_key(|group| group.samples.bytes) else {
                return false;
            };
            self.most = richest.samples.bytes;
            if self.most <= mine {
                return false;
            }
            let Some(dropped) = richest.samples.pop() else { return false };
            self.used -= dropped.text.bytes();
        }
        self.used += length;
        self.most = self.most.max(mine);
        true
    }
}

impl Sample {
    /// How many bytes [`Sample::of`] keeps of a line.
    pub(super) fn bytes_of(line: &str) -> usize {
        if line.len() <= MAX_SAMPLE_BYTES { line.len() } else { line.floor_char_boundary(MAX_SAMPLE_BYTES) }
    }

    /// Keeps a line, or the beginning of a long one, cut on a character boundary.
    pub(super) fn of(timestamp_ms: i64, mut line: String) -> Self {
        let kept = Self::bytes_of(&line);
        let text = if kept == line.len() {
            SampleText::Whole(line)
        } else {
            let full_chars = line.chars().count();
            line.truncate(kept);
            line.shrink_to_fit();
            SampleText::Cut { kept: line, full_chars }
        };
        Self { timestamp_ms, text }
    }
}

impl SampleText {
    /// What is kept of the line; `None` where its text is withheld.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Whole(text) | Self::Cut { kept: text, .. } => Some(Cow::Borrowed(text)),
            Self::Escaped(line) => Some(Cow::Owned(line.unescaped())),
            Self::Withheld => None,
        }
    }

    /// How many characters the line has of which only the beginning is kept; `None` for any other.
    #[must_use]
    pub fn full_chars(&self) -> Option<usize> {
        match self {
            Self::Cut { full_chars, .. } => Some(*full_chars),
            Self::Whole(_) | Self::Escaped(_) | Self::Withheld => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Whole(text) | Self::Cut { kept: text, .. } => text.len(),
            Self::Escaped(line) => line.length(),
            Self::Withheld => 1,
        }
    }
}

impl PartialEq for SampleText {
    fn eq(&self, other: &Self) -> bool {
        (self.text(), self.full_chars()) == (other.text(), other.full_chars())
    }
}

impl Eq for SampleText {}
