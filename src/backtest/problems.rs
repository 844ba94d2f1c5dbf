//! Sums up what could not be read or placed into warnings, each with its place and number.

use std::collections::BTreeMap;

use super::Warning;

/// Faults of one recording that are named one by one.
const MAX_NAMED_FAULTS: usize = 20;

/// What can be wrong with lines, counted by recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    Empty,
    WithoutTime,
    Late,
    MoreFaults,
}

/// What was wrong with the recordings, by their position among the sources.
#[derive(Default)]
pub(super) struct Problems {
    counted: BTreeMap<(usize, Trouble), (u64, Option<u64>)>,
    faults: Vec<(usize, Option<u64>, String)>,
}

impl Problems {
    pub(super) fn note(&mut self, source: usize, trouble: Trouble, line: Option<u64>) {
        let (count, _) = self.counted.entry((source, trouble)).or_insert((0, line));
        *count += 1;
    }

    pub(super) fn fault(&mut self, source: usize, line: u64, what: String) {
        if self.faults.iter().filter(|(of, _, _)| *of == source).count() < MAX_NAMED_FAULTS {
            self.faults.push((source, Some(line), what));
        } else {
            self.note(source, Trouble::MoreFaults, Some(line));
        }
    }

    pub(super) fn unread(&mut self, source: usize, why: &str) {
        self.faults.push((source, None, why.to_owned()));
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.counted.extend(other.counted);
        self.faults.extend(other.faults);
    }

    pub(super) fn without_time(&self) -> u64 {
        let counted = self.counted.iter().filter(|((_, trouble), _)| *trouble == Trouble::WithoutTime);
        counted.map(|(_, (count, _))| count).sum()
    }

    pub(super) fn warnings(self, names: &[String]) -> Vec<Warning> {
        let name = |source: usize| names.get(source).cloned().unwrap_or_default();
        let mut warnings = Vec::new();
        for (source, line, what) in self.faults {
            warnings.push(Warning { source: name(source), line, count: 1, what, is_failure: true });
        }
        for ((source, trouble), (count, line)) in self.counted {
            let (what, is_failure) = match trouble {
                Trouble::Empty => ("nothing in it", false),
                Trouble::WithoutTime => ("without a time, left out of every figure", false),
                Trouble::Late => {
                    ("more than 15 minutes out of order, taken when they came; sort the input by time", false)
                }
                Trouble::MoreFaults => ("further pieces that could not be read", true),
            };
            warnings.push(Warning { source: name(source), line, count, what: what.to_owned(), is_failure });
        }
        warnings
    }
}
