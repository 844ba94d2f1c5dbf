//! What CloudWatch Logs delivers in a simulation: when, from which stream, how many lines.
//!
//! A delivery is a batch of one log stream. The simulation never looks into its lines: the function under
//! test makes the event's bytes from these numbers, and all matched lines of a delivery share its fate.

use std::{cmp::Reverse, collections::BinaryHeap, ops::RangeInclusive};

/// One batch of log events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Counted from 0, in order of arrival.
    pub(crate) id: u32,
    /// The log stream, counted from 0.
    pub(crate) stream: u32,
    /// When the oldest line was logged, in milliseconds of the simulation.
    pub(crate) oldest_ms: u64,
    /// When the batch is delivered, which is when its newest line was logged.
    pub(crate) arrives_ms: u64,
    /// Lines that match.
    pub(crate) matched: u32,
    /// Lines that do not.
    pub(crate) other: u32,
}

/// A record of a Kinesis stream, which carries one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its own, also where another record carries the same delivery.
    pub(crate) sequence_number: u32,
    /// What CloudWatch Logs put there.
    pub(crate) delivery: Delivery,
}

/// Log streams that write matched lines at a steady rate and are batched opportunistically.
#[derive(Clone, Debug)]
pub(crate) struct Storm {
    /// How many streams there are; the lines are spread evenly over them.
    pub(crate) streams: u32,
    /// Matched lines of all streams together.
    pub(crate) lines_a_minute: u64,
    /// How long it lasts.
    pub(crate) minutes: u64,
    /// How long a stream's lines are collected before they are delivered.
    pub(crate) batch_ms: RangeInclusive<u64>,
    /// Lines that do not match, for each that does.
    pub(crate) other_for_each: u32,
}

impl Storm {
    /// 50,000 lines a minute from 300 streams for an hour: 3 million lines, 60 deliveries a second.
    pub(crate) fn of_issue() -> Self {
        Self { streams: 300, lines_a_minute: 50_000, minutes: 60, batch_ms: 3_000..=7_000, other_for_each: 0 }
    }

    /// The deliveries in order of arrival.
    pub(crate) fn deliveries(self, seed: u64) -> impl Iterator<Item = Delivery> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let first = |stream| Reverse((rng.u64(0..=*self.batch_ms.end()), stream));
        let mut due: BinaryHeap<_> = (0..self.streams).map(first).collect();
        let mut delivered_until = vec![0; self.streams as usize];
        let end_ms = self.minutes * 60_000;
        let batches = std::iter::from_fn(move || {
            let Reverse((due_ms, stream)) = due.pop()?;
            let arrives_ms = due_ms.min(end_ms);
            if arrives_ms < end_ms {
                due.push(Reverse((arrives_ms + rng.u64(self.batch_ms.clone()), stream)));
            }
            let oldest_ms = std::mem::replace(&mut delivered_until[stream as usize], arrives_ms);
            let matched = self.logged_until(arrives_ms) - self.logged_until(oldest_ms);
            let matched = u32::try_from(matched).expect("a batch is small");
            Some(Delivery {
                id: 0,
                stream,
                oldest_ms,
                arrives_ms,
                matched,
                other: matched * self.other_for_each,
            })
        });
        let worth = batches.filter(|delivery| delivery.matched > 0);
        worth.zip(0..).map(|(delivery, id)| Delivery { id, ..delivery })
    }

    /// How many lines one stream has logged by then.
    fn logged_until(&self, time_ms: u64) -> u64 {
        time_ms * self.lines_a_minute / (60_000 * u64::from(self.streams))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storm_of_the_issue_has_3_million_lines_and_60_deliveries_a_second() {
        let deliveries: Vec<Delivery> = Storm::of_issue().deliveries(1).collect();
        assert_eq!(deliveries.iter().map(|delivery| u64::from(delivery.matched)).sum::<u64>(), 3_000_000);
        assert!((210_000..225_000).contains(&deliveries.len()), "{}", deliveries.len());
        assert!(deliveries.is_sorted_by_key(|delivery| delivery.arrives_ms));
        assert!(deliveries.iter().zip(0..).all(|(delivery, id)| delivery.id == id));
    }

    #[test]
    fn the_same_seed_gives_the_same_storm_and_another_one_does_not() {
        let first = |seed| Storm::of_issue().deliveries(seed).take(100).collect::<Vec<_>>();
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn a_stream_that_logged_nothing_delivers_nothing() {
        let storm =
            Storm { streams: 1, lines_a_minute: 1, minutes: 3, batch_ms: 1_000..=1_000, other_for_each: 2 };
        let deliveries: Vec<Delivery> = storm.deliveries(1).collect();
        assert_eq!(deliveries.len(), 3);
        assert!(deliveries.iter().all(|delivery| (delivery.matched, delivery.other) == (1, 2)));
    }
}
