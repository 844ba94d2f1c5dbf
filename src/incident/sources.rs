//! How many error lines came from each source of a centralised log group.
//!
//! Bounded whatever comes: the lines of further sources are counted by whoever has the sum of all.

use serde::{Deserialize, Serialize};

/// Sources that are told apart.
const MAX_SOURCES: usize = 32;

/// Sources in the order in which they were first met, and the lines of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    #[serde(rename = "n")]
    lines: Vec<(String, u64)>,
    /// Lines of further sources came.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    are_more: bool,
    /// Some of the lines that were not kept may be of a source that is.
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    is_least: bool,
}

impl Sources {
    /// The sources that are kept, at most 32, and how many lines came from each.
    #[must_use]
    pub fn kept(&self) -> &[(String, u64)] {
        &self.lines
    }

    /// Whether the lines of a source may be more than is kept, as where deliveries of too many sources were added up.
    #[must_use]
    pub fn is_least(&self) -> bool {
        self.is_least
    }

    /// Whether lines came from further sources, which are not kept.
    #[must_use]
    pub fn are_more(&self) -> bool {
        self.are_more || self.is_least
    }

    /// Whether no line has a source.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The one source that all of so many `lines` came from.
    #[must_use]
    pub fn only(&self, lines: u64) -> Option<&str> {
        match self.lines.as_slice() {
            [(source, count)] if *count == lines => Some(source),
            _ => None,
        }
    }

    /// Adds lines of a source.
    pub fn note(&mut self, source: &str, lines: u64) {
        if let Some((_, count)) = self.lines.iter_mut().find(|(known, _)| known == source) {
            *count = count.saturating_add(lines);
        } else if self.lines.len() < MAX_SOURCES {
            self.lines.push((source.to_owned(), lines));
        } else {
            self.are_more = true;
        }
    }

    /// Adds the lines of others.
    pub fn fold(&mut self, other: &Self) {
        self.is_least |= other.is_least || other.are_more;
        for (source, lines) in &other.lines {
            self.note(source, *lines);
        }
    }
}

/// Keeps in `common` the source that all lines of a group came from: empty where they have none, or several. `are_first`
/// says that no line came before those of this `source`.
pub(crate) fn keep_common(common: &mut String, are_first: bool, source: &str) {
    if are_first {
        common.push_str(source);
    } else if !common.is_empty() && common != source {
        common.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Each sum that is not said to be a least one is exact, however the lines are parted, and no sum is too high.
        #[test]
        fn sums_are_exact_however_the_lines_are_parted(
            lines in prop::collection::vec(0_u32..60, 0..200),
            sources in 1_u32..60,
            parts in 1_usize..40,
        ) {
            let mut sums: BTreeMap<String, u64> = BTreeMap::new();
            let mut all = Sources::default();
            for part in lines.chunks(parts) {
                let mut delivery = Sources::default();
                for line in part {
                    let source = format!("account {:012}", line % sources);
                    delivery.note(&source, 1);
                    *sums.entry(source).or_default() += 1;
                }
                all.fold(&delivery);
            }
            prop_assert_eq!(all.kept().len(), sums.len().min(MAX_SOURCES));
            prop_assert!(!all.is_least() || parts > MAX_SOURCES);
            for (source, count) in all.kept() {
                let exact = sums[source];
                prop_assert!(if all.is_least() { *count <= exact } else { *count == exact }, "{}", source);
            }
        }
    }

    #[test]
    fn the_only_source_is_that_of_all_lines() {
        let mut sources = Sources::default();
        assert_eq!(sources.only(0), None);
        sources.note("account 999999999999 us-east-1", 2);
        assert_eq!(sources.only(2), Some("account 999999999999 us-east-1"));
        assert_eq!(sources.only(3), None, "one line has no source");
        sources.note("account 888888888888 us-east-1", 1);
        assert_eq!(sources.only(3), None);
    }
}
