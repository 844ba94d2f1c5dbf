//! What became of each log event, as numbers that add up.

use crate::ledger::{Ledger, Measures};
use crate::rules::RuleIndex;

/// What became of the log events of a batch, so far as reading decides it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The ledger of what was read; what becomes of the matched lines is not in it yet.
    pub ledger: Ledger,
    /// Matched lines with a status of 400 to 499.
    pub client_errors: u64,
    /// Matched lines with a status of 500 to 599.
    pub server_errors: u64,
    /// Lines that each rule took, by its position. May be shorter than the list of rules.
    pub rule_hits: Vec<u64>,
    /// Lines of the function's own log group.
    pub own_log_group: u64,
    /// Of the ignored lines, those that only tell the fields of others.
    pub headers: u64,
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

    /// What of it goes out as metrics besides the ledger.
    #[must_use]
    pub fn measures(&self) -> Measures {
        Measures {
            client_errors: self.client_errors,
            server_errors: self.server_errors,
            rule_hits: self.rule_hits.clone(),
            ..Measures::default()
        }
    }

    /// Adds the counts of another batch.
    pub fn add(&mut self, other: &Self) {
        self.ledger.add(&other.ledger);
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.own_log_group += other.own_log_group;
        self.headers += other.headers;
        self.newest_ms = self.newest_ms.max(other.newest_ms);
        self.rule_hits.resize(self.rule_hits.len().max(other.rule_hits.len()), 0);
        for (mine, theirs) in self.rule_hits.iter_mut().zip(&other.rule_hits) {
            *mine += theirs;
        }
    }
}
