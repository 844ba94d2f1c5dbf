//! What a simulation came to: numbers to assert on and to print.

use std::collections::BTreeMap;

use super::delivery::Delivery;
use crate::fake_slack::model::Traffic;

/// The result of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// What became of the lines.
    pub(crate) lines: Lines,
    /// How long it took to tell them.
    pub(crate) latencies: Latencies,
    /// What Slack saw.
    pub(crate) slack: Traffic,
    /// What Lambda did.
    pub(crate) lambda: Work,
    /// The errors that handlers gave back, and how often.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Where a handler's words and the accounting differ: empty, or there is a fault.
    pub(crate) violations: Vec<String>,
}

/// Every matched line once, under the first of these that holds; [`Lines::notified_again`] comes on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// All that matched.
    pub(crate) all: u64,
    /// Shown or counted in a message that Slack took.
    pub(crate) notified: u64,
    /// Folded in a container that lives.
    pub(crate) pending: u64,
    /// In the failure destination.
    pub(crate) in_destination: u64,
    /// Lambda has yet to deliver them.
    pub(crate) queued: u64,
    /// Folded in a container that died, as its ledger had said.
    pub(crate) died_deferred: u64,
    /// Nowhere: lost.
    pub(crate) unaccounted: u64,
    /// Told once more than once, for every time.
    pub(crate) notified_again: u64,
}

/// What Lambda did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Invocations begun.
    pub(crate) invocations: u64,
    /// Attempts that found no container free.
    pub(crate) throttles: u64,
    /// Second copies of an event that Lambda delivered for no reason.
    pub(crate) duplicates: u64,
    /// Kinesis records that were delivered once more.
    pub(crate) redelivered: Redelivered,
    /// Containers started.
    pub(crate) cold_starts: usize,
    /// Containers killed: by the test, or at their deadline.
    pub(crate) kills: u64,
    /// The most containers that lived at one time.
    pub(crate) most_containers: usize,
}

/// Kinesis records that were delivered once more than once, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Redelivered {
    /// Their batch was worked on to its end, and counts as failed.
    pub(crate) failed: u64,
    /// They stand behind the record that a partial failure named.
    pub(crate) partial: u64,
    /// A second poller of their shard delivered them too.
    pub(crate) second_poller: u64,
    /// They carry a delivery that another record carries already.
    pub(crate) put_twice: u64,
}

impl Redelivered {
    /// The numbers in their order.
    pub(crate) fn each(self) -> [u64; 4] {
        [self.failed, self.partial, self.second_poller, self.put_twice]
    }
}

/// From when a line was logged to when Slack first showed or counted it, in steps of 100 ms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Latencies(BTreeMap<u64, u64>);

const STEP_MS: u64 = 100;

impl Latencies {
    /// The lines of a delivery, logged evenly between its oldest and its newest, were notified.
    pub(super) fn record(&mut self, delivery: &Delivery, notified_ms: u64) {
        let collected_ms = delivery.arrives_ms - delivery.oldest_ms;
        for line in 1..=u64::from(delivery.matched) {
            let logged_ms = delivery.oldest_ms + collected_ms * line / u64::from(delivery.matched);
            *self.0.entry(notified_ms.saturating_sub(logged_ms).div_ceil(STEP_MS)).or_default() += 1;
        }
    }

    /// Of 10,000 notified lines, how many were notified within this time; all, where none was notified.
    pub(crate) fn per_10_000_within(&self, limit_ms: u64) -> u64 {
        let all: u64 = self.0.values().sum();
        let within: u64 = self.0.range(..=limit_ms / STEP_MS).map(|(_, lines)| lines).sum();
        (within * 10_000).checked_div(all).unwrap_or(10_000)
    }

    /// The latency that this share of the notified lines did not exceed, in milliseconds, rounded up.
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let all: u64 = self.0.values().sum();
        let mut so_far = 0;
        let reached = self.0.iter().find(|(_, lines)| {
            so_far += **lines;
            so_far * 100 >= all * percent
        });
        reached.map_or(0, |(steps, _)| steps * STEP_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_count_every_line_from_when_it_was_logged() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(99), 0);
        let delivery = Delivery { id: 0, stream: 0, oldest_ms: 0, arrives_ms: 4_000, matched: 4, other: 9 };
        latencies.record(&delivery, 5_000);
        assert_eq!(
            [25, 50, 75, 99].map(|percent| latencies.percentile(percent)),
            [1_000, 2_000, 3_000, 4_000]
        );
        assert_eq!(
            [999, 1_000, 3_999, 4_000].map(|ms| latencies.per_10_000_within(ms)),
            [0, 2_500, 7_500, 10_000]
        );
    }
}
