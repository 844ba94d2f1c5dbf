//! With `STATUSWATCH_NOTIFY=every`: the lines that found no token, summed up until the next message has them, and what a
//! storm of them was.
//!
//! One [`Pace`] a container. Lines are counted exactly, with a bounded choice of samples. Whether there is a token,
//! [`rate_limit`](crate::rate_limit) decides. Nothing here waits, posts or reads a clock: the time is passed in, in epoch
//! milliseconds.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::digest::{Digest, Group, MAX_SECTIONS};
use crate::incident::Names;

/// Sample lines that a group of deferred lines keeps.
pub const STORM_SAMPLES: usize = 5;
/// A storm is over when nothing was deferred for this long.
const QUIET_AFTER_MS: i64 = 60_000;
/// Groups of a storm that are known not to be new; beyond that none is marked.
const MAX_KNOWN_GROUPS: usize = 1_024;

/// What a container holds back.
#[derive(Debug, Default)]
pub struct Pace {
    pending: Digest,
    storm: Option<Storm>,
}

/// A time in which there were more messages than Slack allows.
#[derive(Debug)]
struct Storm {
    since_ms: i64,
    /// When the storm's last message was accepted, or the storm began.
    last_message_ms: i64,
    last_fold_ms: i64,
    /// Lines notified in the storm's messages so far.
    lines: u64,
    shown: u64,
    known_groups: HashSet<u64>,
    log_groups: Vec<String>,
    accounts: Names,
    /// Sum of the ids of the storm's digests.
    id: u64,
}

/// What a storm's message says of the storm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StormReport {
    /// When the storm began, epoch milliseconds.
    pub since_ms: i64,
    /// When the storm's last message was accepted, or the storm began; epoch milliseconds.
    pub last_message_ms: i64,
}

/// What is said once at the end of a storm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietAgain {
    /// Lines that the storm's messages notified.
    pub lines: u64,
    /// How many of them were shown.
    pub shown: u64,
    /// When the storm began, epoch milliseconds.
    pub since_ms: i64,
    /// When the last line was deferred, epoch milliseconds.
    pub until_ms: i64,
    /// The log groups that the lines came from.
    pub log_groups: Vec<String>,
    /// The accounts that own them, where that is known.
    pub accounts: Names,
    /// Sum of the ids of the storm's digests.
    pub id: u64,
}

impl Pace {
    /// Lines deferred and not posted yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.pending.matched()
    }

    /// Folds lines for which there is no token: from now on there is a storm.
    pub fn fold(&mut self, digest: Digest, now_ms: i64) {
        self.pending.fold(digest, STORM_SAMPLES);
        let storm = self.storm.get_or_insert_with(|| Storm {
            since_ms: now_ms,
            last_message_ms: now_ms,
            last_fold_ms: now_ms,
            lines: 0,
            shown: 0,
            known_groups: HashSet::new(),
            log_groups: Vec::new(),
            accounts: Names::default(),
            id: 0,
        });
        storm.last_fold_ms = now_ms;
    }

    /// What to post: the deferred lines with the given ones, and what to say of the storm where there is one.
    ///
    /// Nothing changes by asking: the deferred lines stay pending until [`Pace::posted`].
    #[must_use]
    pub fn with_pending(&self, current: Digest) -> (Digest, Option<StormReport>) {
        let Some(storm) = &self.storm else { return (current, None) };
        let mut digest = self.pending.clone();
        let samples = if self.pending() == 0 { usize::MAX } else { STORM_SAMPLES };
        digest.fold(current, samples);
        let is_first = storm.known_groups.is_empty();
        let is_full = storm.known_groups.len() >= MAX_KNOWN_GROUPS;
        for section in &mut digest.sections {
            for group in &mut section.groups {
                let is_known = storm.known_groups.contains(&hash_of(&section.log_group, group));
                group.is_new = !is_first && !is_full && !is_known;
            }
        }
        (digest, Some(StormReport { since_ms: storm.since_ms, last_message_ms: storm.last_message_ms }))
    }

    /// Slack accepted what [`Pace::with_pending`] gave; `shown` of its lines were shown.
    pub fn posted(&mut self, digest: &Digest, shown: u64, now_ms: i64) {
        self.pending = Digest::default();
        let Some(storm) = &mut self.storm else { return };
        storm.last_message_ms = now_ms;
        storm.lines += digest.matched();
        storm.shown += shown;
        storm.id = storm.id.wrapping_add(digest.id);
        for section in &digest.sections {
            let is_known = section.is_rest || storm.log_groups.contains(&section.log_group);
            if storm.log_groups.len() < MAX_SECTIONS && !is_known {
                storm.log_groups.push(section.log_group.clone());
            }
            storm.accounts.fold(section.context.accounts());
            for group in &section.groups {
                if storm.known_groups.len() < MAX_KNOWN_GROUPS {
                    storm.known_groups.insert(hash_of(&section.log_group, group));
                }
            }
        }
    }

    /// The end of a storm, if it has one now: nothing pending, and nothing deferred for a minute.
    ///
    /// The storm goes on until [`Pace::told_quiet`], so that an end that could not be posted is said later.
    #[must_use]
    pub fn quiet_again(&self, now_ms: i64) -> Option<QuietAgain> {
        let storm = self.storm.as_ref()?;
        let is_over = self.pending() == 0 && now_ms - storm.last_fold_ms >= QUIET_AFTER_MS;
        is_over.then_some(QuietAgain {
            lines: storm.lines,
            shown: storm.shown,
            since_ms: storm.since_ms,
            until_ms: storm.last_fold_ms,
            log_groups: storm.log_groups.clone(),
            accounts: storm.accounts.clone(),
            id: storm.id,
        })
    }

    /// The end of the storm was posted.
    pub fn told_quiet(&mut self) {
        self.storm = None;
    }
}

fn hash_of(log_group: &str, group: &Group) -> u64 {
    let mut hasher = DefaultHasher::new();
    (log_group, group.status, &group.route, group.fault).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Fault, Section};
    use crate::notification::test_digests::group;

    fn digest(route: &str, count: u64) -> Digest {
        let group = Group { count, first_ms: 1, last_ms: 2, ..group(502, route, Fault::Unknown, &[]) };
        let section = Section {
            log_group: "g".to_owned(),
            groups: vec![group],
            server_errors: count,
            first_ms: 1,
            last_ms: 2,
            ..Section::default()
        };
        Digest { sections: vec![section], id: count, ..Digest::default() }
    }

    #[test]
    fn without_a_storm_a_digest_passes_as_it_is() {
        let pace = Pace::default();
        assert_eq!(pace.with_pending(digest("a", 3)), (digest("a", 3), None));
    }

    #[test]
    fn what_is_folded_is_posted_with_the_next_and_only_forgotten_when_accepted() {
        let mut pace = Pace::default();
        pace.fold(digest("a", 3), 1_000);
        pace.fold(digest("b", 4), 2_000);
        assert_eq!(pace.pending(), 7);
        let (both, report) = pace.with_pending(digest("a", 5));
        assert_eq!(both.matched(), 12);
        assert_eq!(report, Some(StormReport { since_ms: 1_000, last_message_ms: 1_000 }));
        assert_eq!(pace.pending(), 7);
        pace.posted(&both, 2, 11_000);
        assert_eq!(pace.pending(), 0);
        let (next, report) = pace.with_pending(digest("c", 1));
        assert!(next.sections[0].groups[0].is_new);
        assert_eq!(report, Some(StormReport { since_ms: 1_000, last_message_ms: 11_000 }));
        assert!(!pace.with_pending(digest("a", 1)).0.sections[0].groups[0].is_new);
    }

    #[test]
    fn a_storm_ends_once_a_minute_after_the_last_fold_with_nothing_pending() {
        let mut pace = Pace::default();
        assert_eq!(pace.quiet_again(100_000), None);
        pace.fold(digest("a", 3), 1_000);
        let mut last = digest("a", 4);
        last.sections[0].context.note_account("123456789012");
        pace.fold(last, 5_000);
        assert_eq!(pace.quiet_again(100_000), None, "something is pending");
        let (all, _) = pace.with_pending(Digest::default());
        pace.posted(&all, 1, 6_000);
        assert_eq!(pace.quiet_again(64_999), None);
        let (log_groups, accounts) = (vec!["g".to_owned()], all.sections[0].context.accounts().clone());
        assert_eq!(accounts.kept(), ["123456789012"]);
        let end =
            QuietAgain { lines: 7, shown: 1, since_ms: 1_000, until_ms: 5_000, log_groups, accounts, id: 7 };
        assert_eq!(pace.quiet_again(65_000), Some(end.clone()));
        assert_eq!(pace.quiet_again(65_000), Some(end), "asking does not end it");
        pace.told_quiet();
        assert_eq!(pace.quiet_again(65_000), None);
    }
}
