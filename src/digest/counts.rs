//! What became of each log event, as numbers that add up.

use crate::rules::RuleIndex;

/// What became of the log events of a batch, so far as reading decides it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Log events of data messages.
    pub received: u64,
    /// Lines with a status below 400.
    pub ok: u64,
    /// Lines that a rule ignores or only counts, and lines of the function's own log group.
    pub ignored: u64,
    /// Lines without a status that we could read.
    pub unreadable: u64,
    /// Lines that were told or folded before.
    pub duplicate: u64,
    /// Lines to be told.
    pub matched: u64,
    /// Lines recovered from broken JSON, whatever became of them.
    pub salvaged: u64,
    /// Matched lines with a status of 400 to 499.
    pub client_errors: u64,
    /// Matched lines with a status of 500 to 599.
    pub server_errors: u64,
    /// Lines that each rule took, by its position. May be shorter than the list of rules.
    pub rule_hits: Vec<u64>,
    /// Lines of the function's own log group.
    pub own_log_group: u64,
    /// The newest timestamp of all log events, epoch milliseconds, without those that are none.
    pub newest_ms: i64,
}

impl Counts {
    pub(super) fn hit(&mut self, rule: RuleIndex) {
        let position = rule.position();
        if self.rule_hits.len() <= position {
            self.rule_hits.resize(position + 1, 0);
        }
        if let Some(hits) = self.rule_hits.get_mut(position) {
            *hits += 1;
        }
    }

    /// Adds the counts of another batch.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.ok += other.ok;
        self.ignored += other.ignored;
        self.unreadable += other.unreadable;
        self.duplicate += other.duplicate;
        self.matched += other.matched;
        self.salvaged += other.salvaged;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.own_log_group += other.own_log_group;
        self.newest_ms = self.newest_ms.max(other.newest_ms);
        self.rule_hits.resize(self.rule_hits.len().max(other.rule_hits.len()), 0);
        for (mine, theirs) in self.rule_hits.iter_mut().zip(&other.rule_hits) {
            *mine += theirs;
        }
    }
}
