//! The datapoints that a metric filter publishes from log events.
//!
//! Per minute: the values of the matched log events; where events were ingested but none matched, the default value,
//! if the filter has one; where nothing was ingested, nothing at all (CloudWatch Logs user guide, "Monitoring log
//! data"). A log event's own timestamp says which minute it belongs to, since a recording does not tell when it was
//! ingested.
//!
//! Events may come out of order, within bounds: a bounded number of minutes is held, the oldest is handed on when
//! one more comes, and what comes for a minute that was handed on is too late, which the caller is told.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// The resolution of a metric filter: it publishes one datapoint a minute.
pub const MINUTE_MS: i64 = 60_000;

/// The end of year 9999, epoch milliseconds: timestamps beyond it, or before 1970, are taken for these limits.
const MAX_MS: i64 = 253_402_300_799_999;

/// A statistic that an alarm can take over a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// All values added up.
    Sum,
    /// Their sum by their number.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// Their number.
    SampleCount,
}

/// One or more values of a metric, as far as the statistics need them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatisticSet {
    /// How many values.
    pub sample_count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
}

/// What was published for one minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricDatapoint {
    /// Where the minute begins, epoch milliseconds.
    pub start_ms: i64,
    /// The minute's values.
    pub values: StatisticSet,
}

/// The metric that a metric filter makes of a stream of log events.
#[derive(Debug, Clone)]
pub struct MetricSeries {
    default_value: Option<f64>,
    held_minutes: NonZeroUsize,
    /// By the start of the minute; `None` while nothing in it matched.
    minutes: BTreeMap<i64, Option<StatisticSet>>,
    /// The start of the newest minute that was handed on.
    handed_on: Option<i64>,
}

/// What became of a log event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ingested {
    /// It was taken; where a minute had to make room, that minute's datapoint, if it has one.
    Taken(Option<MetricDatapoint>),
    /// Its minute was handed on before: it is in no datapoint.
    TooLate,
}

impl Statistic {
    /// Every statistic with its name in the API.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("Sum", Self::Sum),
        ("Average", Self::Average),
        ("Minimum", Self::Minimum),
        ("Maximum", Self::Maximum),
        ("SampleCount", Self::SampleCount),
    ];
}

impl StatisticSet {
    /// One value.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self { sample_count: 1, sum: value, minimum: value, maximum: value }
    }

    /// The values of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            sample_count: self.sample_count.saturating_add(other.sample_count),
            sum: self.sum + other.sum,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }

    /// One statistic of them.
    #[must_use]
    pub fn statistic(self, statistic: Statistic) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "no period has 2^53 samples")]
        let count = self.sample_count as f64;
        match statistic {
            Statistic::Sum => self.sum,
            Statistic::Average => self.sum / count,
            Statistic::Minimum => self.minimum,
            Statistic::Maximum => self.maximum,
            Statistic::SampleCount => count,
        }
    }
}

impl MetricSeries {
    /// A metric filter with this default value, if any. So many minutes are held for log events out of order: a
    /// day, 1,440 of them, takes about 70 kB.
    #[must_use]
    pub fn new(default_value: Option<f64>, held_minutes: NonZeroUsize) -> Self {
        Self { default_value, held_minutes, minutes: BTreeMap::new(), handed_on: None }
    }

    /// A log event was ingested; `matched` is the value that the filter takes from it, if it matches. A value that
    /// is not finite is one that CloudWatch refuses, so that the event counts as ingested only.
    pub fn ingest(&mut self, timestamp_ms: i64, matched: Option<f64>) -> Ingested {
        let timestamp_ms = timestamp_ms.clamp(0, MAX_MS);
        let start_ms = timestamp_ms - timestamp_ms.rem_euclid(MINUTE_MS);
        if self.handed_on.is_some_and(|handed_on| start_ms <= handed_on) {
            return Ingested::TooLate;
        }
        // Nearly every log event is of the newest minute.
        let minute = match self.minutes.last_entry() {
            Some(newest) if *newest.key() == start_ms => newest.into_mut(),
            _ => self.minutes.entry(start_ms).or_default(),
        };
        if let Some(value) = matched.filter(|value| value.is_finite()) {
            let value = StatisticSet::of(value);
            *minute = Some(minute.map_or(value, |values| values.with(value)));
        }
        if self.minutes.len() <= self.held_minutes.get() {
            return Ingested::Taken(None);
        }
        Ingested::Taken(self.minutes.pop_first().and_then(|(start_ms, values)| {
            self.handed_on = Some(start_ms);
            published(start_ms, values, self.default_value)
        }))
    }

    /// The datapoints of the minutes still held, oldest first, when there are no more log events.
    pub fn finish(self) -> impl Iterator<Item = MetricDatapoint> {
        let Self { default_value, minutes, .. } = self;
        minutes.into_iter().filter_map(move |(start_ms, values)| published(start_ms, values, default_value))
    }
}

fn published(
    start_ms: i64,
    values: Option<StatisticSet>,
    default_value: Option<f64>,
) -> Option<MetricDatapoint> {
    let values = values.or(default_value.map(StatisticSet::of))?;
    Some(MetricDatapoint { start_ms, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(default_value: Option<f64>, held_minutes: usize) -> MetricSeries {
        MetricSeries::new(default_value, NonZeroUsize::new(held_minutes).unwrap())
    }

    /// The sum of each published minute, by its number.
    fn sums(default_value: Option<f64>, events: &[(i64, Option<f64>)]) -> Vec<(i64, f64)> {
        let mut series = series(default_value, 3);
        let mut published = Vec::new();
        for (timestamp_ms, matched) in events {
            if let Ingested::Taken(Some(datapoint)) = series.ingest(*timestamp_ms, *matched) {
                published.push(datapoint);
            }
        }
        published.extend(series.finish());
        published.iter().map(|datapoint| (datapoint.start_ms / MINUTE_MS, datapoint.values.sum)).collect()
    }

    #[test]
    fn matched_values_are_published_by_the_minute() {
        let events = [(0, Some(1.0)), (59_999, Some(1.0)), (60_000, Some(5.0)), (61_000, None)];
        assert_eq!(sums(None, &events), [(0, 2.0), (1, 5.0)]);
    }

    #[test]
    fn the_default_value_stands_where_events_came_and_none_matched() {
        let events = [(0, Some(3.0)), (1_000, None), (60_000, None), (65_000, None), (180_000, None)];
        assert_eq!(sums(Some(0.0), &events), [(0, 3.0), (1, 0.0), (3, 0.0)], "minute 2 had nothing at all");
        assert_eq!(sums(None, &events), [(0, 3.0)], "without a default value there is none");
    }

    #[test]
    fn an_idle_stream_publishes_nothing_not_even_the_default() {
        assert_eq!(sums(Some(0.0), &[]), []);
    }

    #[test]
    fn events_out_of_order_are_put_in_their_minutes() {
        let events =
            [(120_000, Some(1.0)), (0, Some(1.0)), (60_000, Some(1.0)), (1, Some(1.0)), (240_000, Some(1.0))];
        assert_eq!(sums(None, &events), [(0, 2.0), (1, 1.0), (2, 1.0), (4, 1.0)]);
    }

    #[test]
    fn what_comes_for_a_minute_that_was_handed_on_is_said_to_be_too_late() {
        let mut series = series(Some(0.0), 1);
        assert_eq!(series.ingest(60_000, None), Ingested::Taken(None));
        let Ingested::Taken(Some(first)) = series.ingest(120_000, Some(1.0)) else { panic!() };
        assert_eq!((first.start_ms, first.values), (60_000, StatisticSet::of(0.0)));
        assert_eq!(series.ingest(60_001, Some(1.0)), Ingested::TooLate);
        assert_eq!(series.ingest(0, Some(1.0)), Ingested::TooLate);
    }

    #[test]
    fn one_timestamp_far_ahead_does_not_make_the_others_late() {
        let mut series = series(None, 3);
        series.ingest(i64::MAX, Some(1.0));
        for minute in 0..10 {
            assert_ne!(series.ingest(minute * MINUTE_MS, Some(1.0)), Ingested::TooLate, "minute {minute}");
        }
        assert_eq!(series.finish().count(), 3);
    }

    #[test]
    fn timestamps_beyond_the_limits_are_taken_for_the_limits() {
        assert_eq!(sums(None, &[(i64::MIN, Some(1.0)), (-1, Some(1.0))]), [(0, 2.0)]);
        assert_eq!(sums(None, &[(i64::MAX, Some(1.0))]), [(MAX_MS / MINUTE_MS, 1.0)]);
    }

    #[test]
    fn a_value_that_is_not_finite_counts_as_ingested_only() {
        assert_eq!(sums(Some(0.0), &[(0, Some(f64::NAN)), (1, Some(f64::INFINITY))]), [(0, 0.0)]);
    }

    #[test]
    fn every_statistic_is_taken_of_all_values() {
        let set = [4.0, 1.0, 7.0].into_iter().map(StatisticSet::of).reduce(StatisticSet::with).unwrap();
        let all: Vec<f64> =
            Statistic::NAMES.into_iter().map(|(_, statistic)| set.statistic(statistic)).collect();
        assert_eq!(all, [12.0, 4.0, 1.0, 7.0, 3.0]);
    }

    proptest::proptest! {
        #[test]
        fn no_log_event_is_lost_or_counted_twice_and_datapoints_come_in_order(
            events in proptest::collection::vec((0..40_i64, proptest::option::of(0..9_i32)), 0..80),
            held_minutes in 1..10_usize,
        ) {
            let mut series = series(None, held_minutes);
            let (mut taken, mut published) = (0_u64, Vec::new());
            for (minute, value) in events {
                match series.ingest(minute * MINUTE_MS, value.map(f64::from)) {
                    Ingested::TooLate => {}
                    Ingested::Taken(datapoint) => {
                        taken += u64::from(value.is_some());
                        published.extend(datapoint);
                    }
                }
                proptest::prop_assert!(series.minutes.len() <= held_minutes);
            }
            published.extend(series.finish());
            proptest::prop_assert_eq!(published.iter().map(|datapoint| datapoint.values.sample_count).sum::<u64>(), taken);
            proptest::prop_assert!(published.is_sorted_by(|one, other| one.start_ms < other.start_ms));
        }
    }
}
