//! A line and what is to go in, the line without it out.
//!
//! It never trusts its own work: a line in which a value still stands afterwards is withheld.

use std::borrow::Cow;
use std::ops::Range;

use super::{MASK, Redacted};

/// The mask in place of a JSON value, its quotes included.
pub(super) const QUOTED: &str = "\"***\"";

/// A shorter value would be found in too many places that have nothing to do with it.
const MIN_CHARS: usize = 4;

/// More values than any access log has; each is searched for in the whole line.
pub(super) const MAX_SECRETS: usize = 256;

/// What is to go from a line.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Places in the line, in any order, also overlapping, and what comes there instead.
    pub(super) masks: Vec<(Range<usize>, Cow<'static, str>)>,
    /// Values, also as they are written in the line; masked wherever else they stand if they are long enough.
    pub(super) secrets: Vec<String>,
}

impl Found {
    /// The values that are masked wherever they stand, the longest first.
    pub(super) fn long_secrets(&self) -> Vec<&str> {
        let long = |secret: &&str| secret.chars().nth(MIN_CHARS - 1).is_some();
        let mut secrets: Vec<&str> = self.secrets.iter().map(String::as_str).filter(long).collect();
        secrets.sort_unstable_by_key(|secret| (std::cmp::Reverse(secret.len()), *secret));
        secrets.dedup();
        secrets
    }

    /// What is masked so far, to be asked of many places.
    pub(super) fn masked(&self) -> Masked {
        let mut ranges: Vec<Range<usize>> = self.masks.iter().map(|(range, _)| range.clone()).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Masked(merged)
    }
}

/// Places that are masked, in order and apart from each other.
pub(super) struct Masked(Vec<Range<usize>>);

impl Masked {
    pub(super) fn holds(&self, at: usize) -> bool {
        self.meets(&(at..at + 1))
    }

    /// Whether any of these places is masked.
    pub(super) fn meets(&self, range: &Range<usize>) -> bool {
        let next = self.0.partition_point(|masked| masked.end <= range.start);
        self.0.get(next).is_some_and(|masked| masked.start < range.end)
    }
}

/// The line with each place masked and each value masked in what is left.
pub(super) fn apply(line: &str, mut found: Found) -> Redacted {
    found.masks.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let secrets = found.long_secrets();
    if secrets.len() > MAX_SECRETS {
        return Redacted::Withheld;
    }
    let mut masked = String::with_capacity(line.len());
    let mut at = 0;
    for (range, instead) in &found.masks {
        if range.start >= at {
            masked.push_str(&without(line.get(at..range.start).unwrap_or_default(), &secrets));
            match instead {
                Cow::Borrowed(mask) => masked.push_str(mask),
                Cow::Owned(text) => masked.push_str(&without(text, &secrets)),
            }
        }
        at = at.max(range.end);
    }
    masked.push_str(&without(line.get(at..).unwrap_or_default(), &secrets));

    let unescaped = masked.replace('\\', "");
    let stands = |secret: &&str| unescaped.contains(&secret.replace('\\', ""));
    if secrets.iter().any(stands) { Redacted::Withheld } else { Redacted::Whole(masked) }
}

/// The text with each of these values masked.
pub(super) fn without(text: &str, secrets: &[&str]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
}
