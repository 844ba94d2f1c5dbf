//! The changes of state that CloudWatch makes from a metric's datapoints, which come in order of time.
//!
//! An alarm is evaluated at every full minute (every 10 seconds, or every hour, as its settings say), over periods
//! that end at that moment: the window slides, so that a period of five minutes is looked at anew each minute, as the
//! user guide has it ("at the end of minute 6, the alarm is evaluated based on the data from minutes 2 to 6").
//!
//! What it takes for granted: a minute's datapoint is there when the minute ends, and evaluations come without delay.
//! CloudWatch itself is up to two minutes later. Before the first datapoint there is no data, and the alarm is new,
//! in `INSUFFICIENT_DATA`.
//!
//! Memory is bounded by the evaluation range: at most three weeks of minutes. It does not read a clock.

use std::collections::VecDeque;

use thiserror::Error;

use super::change::AlarmState;
use super::evaluation::next_state;
use super::metric::{MINUTE_MS, MetricDatapoint, StatisticSet};
use super::settings::AlarmSettings;

/// One change of state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// Which of the thresholds, in the order in which they were given.
    pub threshold_index: usize,
    /// The time of the evaluation, epoch milliseconds.
    pub at_ms: i64,
    /// The state before.
    pub from: AlarmState,
    /// The state after.
    pub to: AlarmState,
    /// The newest real datapoint that speaks for the new state, if one does; `None` where missing data decided.
    pub value: Option<f64>,
}

/// A datapoint that came after a later one, or after the evaluation that should have seen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the datapoint of {start_ms} ms came too late; datapoints must come in order of time")]
pub struct OutOfOrder {
    /// Where its minute begins, epoch milliseconds.
    pub start_ms: i64,
}

/// An alarm that is evaluated over a recorded metric, with one or several thresholds at once.
#[derive(Debug, Clone)]
pub struct AlarmEvaluator {
    settings: AlarmSettings,
    /// Each threshold with its state.
    thresholds: Vec<(f64, AlarmState)>,
    /// The datapoints within the evaluation range, oldest first.
    held: VecDeque<MetricDatapoint>,
    /// The next evaluation; `None` before the first datapoint.
    next_ms: Option<i64>,
    /// The evaluation range, oldest period first; kept to spare an allocation an evaluation.
    periods: Vec<Option<StatisticSet>>,
    range: Vec<Option<f64>>,
}

impl AlarmEvaluator {
    /// An alarm with the threshold of its settings.
    #[must_use]
    pub fn new(settings: AlarmSettings) -> Self {
        let threshold = settings.threshold;
        Self::with_thresholds(settings, [threshold])
    }

    /// The same alarm with each of these thresholds, to compare them.
    #[must_use]
    pub fn with_thresholds(settings: AlarmSettings, thresholds: impl IntoIterator<Item = f64>) -> Self {
        let thresholds = thresholds.into_iter().map(|value| (value, AlarmState::InsufficientData)).collect();
        let periods = vec![None; settings.evaluation_range()];
        Self { settings, thresholds, held: VecDeque::new(), next_ms: None, periods, range: Vec::new() }
    }

    /// Takes the next datapoint, after all evaluations that come before its minute has ended. Gives the transitions
    /// of those evaluations: at most one an evaluation and threshold.
    pub fn push(&mut self, datapoint: MetricDatapoint) -> Result<Vec<Transition>, OutOfOrder> {
        let start_ms = datapoint.start_ms;
        let seen_from_ms = start_ms.saturating_add(MINUTE_MS);
        let evaluated_ms = self.next_ms.map(|ms| ms.saturating_sub(self.settings.evaluation_interval_ms()));
        if self.held.back().is_some_and(|newest| start_ms <= newest.start_ms)
            || evaluated_ms >= Some(seen_from_ms)
        {
            return Err(OutOfOrder { start_ms });
        }
        let mut transitions = Vec::new();
        self.evaluate_before(seen_from_ms, &mut transitions);
        self.next_ms.get_or_insert(self.evaluation_from(seen_from_ms));
        self.held.push_back(datapoint);
        Ok(transitions)
    }

    /// Evaluates up to and including this time, with no further datapoint. The evaluations end where the recording
    /// does: what came later is not known, and is not missing data.
    pub fn run_until(&mut self, end_ms: i64) -> Vec<Transition> {
        let mut transitions = Vec::new();
        self.evaluate_before(end_ms.saturating_add(1), &mut transitions);
        transitions
    }

    /// The state with each threshold.
    pub fn states(&self) -> impl Iterator<Item = AlarmState> {
        self.thresholds.iter().map(|(_, state)| *state)
    }

    fn evaluate_before(&mut self, before_ms: i64, transitions: &mut Vec<Transition>) {
        let Some(mut next_ms) = self.next_ms else { return };
        while next_ms < before_ms && !self.held.is_empty() {
            self.evaluate_at(next_ms, transitions);
            next_ms = next_ms.saturating_add(self.settings.evaluation_interval_ms());
        }
        // A silence that was evaluated once changes nothing any more: the rest of it is left out.
        self.next_ms = Some(next_ms.max(self.evaluation_from(before_ms)));
    }

    /// The first evaluation at this time or after it.
    fn evaluation_from(&self, ms: i64) -> i64 {
        let interval_ms = self.settings.evaluation_interval_ms();
        ms.saturating_add(interval_ms - 1).div_euclid(interval_ms).saturating_mul(interval_ms)
    }

    fn evaluate_at(&mut self, at_ms: i64, transitions: &mut Vec<Transition>) {
        self.fill_range(at_ms);
        for (threshold_index, (threshold, state)) in self.thresholds.iter_mut().enumerate() {
            let from = *state;
            let to = next_state(&self.settings, *threshold, &self.range, from);
            if to != from {
                let value = self.settings.newest_for(to, *threshold, &self.range);
                transitions.push(Transition { threshold_index, at_ms, from, to, value });
                *state = to;
            }
        }
    }

    /// Puts the held datapoints in the periods that end at this time, and drops those that are too old for good.
    fn fill_range(&mut self, at_ms: i64) {
        let period_ms = self.settings.period_s.saturating_mul(1_000);
        let periods_ago = |datapoint: &MetricDatapoint| {
            let ago_ms = at_ms.abs_diff(datapoint.start_ms).saturating_sub(1);
            usize::try_from(ago_ms / period_ms).unwrap_or(usize::MAX)
        };
        while self.held.front().is_some_and(|oldest| periods_ago(oldest) >= self.periods.len()) {
            self.held.pop_front();
        }
        self.periods.fill(None);
        for datapoint in &self.held {
            if let Some(period) = self.periods.iter_mut().rev().nth(periods_ago(datapoint)) {
                *period = Some(period.map_or(datapoint.values, |values| values.with(datapoint.values)));
            }
        }
        let statistic = self.settings.statistic;
        self.range.clear();
        self.range.extend(self.periods.iter().map(|period| period.map(|values| values.statistic(statistic))));
    }
}

impl AlarmSettings {
    /// The newest value of the range that speaks for a state.
    fn newest_for(&self, state: AlarmState, threshold: f64, range: &[Option<f64>]) -> Option<f64> {
        let speaks_for = |value: &f64| match self.comparison.breaches(*value, threshold) {
            Some(true) => state == AlarmState::Alarm,
            Some(false) => state == AlarmState::Ok,
            None => false,
        };
        range.iter().rev().flatten().copied().find(speaks_for)
    }
}

#[cfg(test)]
mod tests;
