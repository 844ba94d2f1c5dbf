//! What the metric filter publishes from lines in the order of time, and what the alarm makes of that: `alarm::evaluator`
//! decides when a period is judged and says what it takes for granted, `alarm::evaluation` which state it gives.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde_json::json;

use super::alarm_notices::AlarmNotices;
use super::figures::{AlarmFigures, MINUTE_MS, StateChange, ThresholdFigures, Time};
use super::{Days, Published};
use crate::alarm::{
    AlarmEvaluator, AlarmSettings, AlarmState, ComparisonOperator, Ingested, MetricDatapoint, MetricSeries,
    Statistic, Transition, TreatMissingData,
};
use crate::slack::render::MessageStyle;
use crate::words;

/// Minutes held for lines out of order: a day.
const HELD_MINUTES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_439);
/// Neighbours of a threshold, as its multiples.
const FACTORS: [f64; 7] = [0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0];
/// Neighbours of a threshold that has no multiples, as sums.
const STEPS: [f64; 5] = [0.0, 1.0, 2.0, 5.0, 10.0];

pub(super) struct AlarmRun<'s> {
    settings: AlarmSettings,
    /// Of a line that the metric filter matches.
    value: f64,
    series: MetricSeries,
    evaluator: AlarmEvaluator,
    /// Timestamp of the first matched line of each minute that may still be evaluated.
    first_seen: BTreeMap<i64, i64>,
    newest_minute_ms: Option<i64>,
    transitions: Vec<StateChange>,
    /// The same as they were evaluated.
    evaluated: Vec<Transition>,
    style: &'s MessageStyle,
    thresholds: Vec<Kept>,
    late_lines: u64,
}

/// What is kept of one threshold.
struct Kept {
    threshold: f64,
    is_current: bool,
    alarms: u64,
    recoveries: u64,
    /// Whether an ALARM was posted, and no recovery since.
    is_recovery_owed: bool,
    since_ms: Option<i64>,
    in_alarm_ms: u64,
    delays_ms: Vec<u64>,
}

impl<'s> AlarmRun<'s> {
    pub(super) fn new(settings: &AlarmSettings, published: Published, style: &'s MessageStyle) -> Self {
        let thresholds = neighbours(settings.threshold);
        let kept = thresholds.iter().map(|threshold| Kept {
            threshold: *threshold,
            is_current: is_same(*threshold, settings.threshold),
            alarms: 0,
            recoveries: 0,
            is_recovery_owed: false,
            since_ms: None,
            in_alarm_ms: 0,
            delays_ms: Vec::new(),
        });
        Self {
            thresholds: kept.collect(),
            series: MetricSeries::new(published.default_value, HELD_MINUTES),
            evaluator: AlarmEvaluator::with_thresholds(settings.clone(), thresholds),
            settings: settings.clone(),
            value: published.value,
            first_seen: BTreeMap::new(),
            newest_minute_ms: None,
            transitions: Vec::new(),
            evaluated: Vec::new(),
            style,
            late_lines: 0,
        }
    }

    /// Takes so many lines of one time, all of which the metric filter matches, or none.
    pub(super) fn lines(&mut self, at_ms: i64, is_matched: bool, lines: u64) {
        if is_matched {
            let first = self.first_seen.entry(at_ms - at_ms.rem_euclid(MINUTE_MS)).or_insert(at_ms);
            *first = (*first).min(at_ms);
        }
        for _ in 0..lines {
            match self.series.ingest(at_ms, is_matched.then_some(self.value)) {
                Ingested::Taken(Some(datapoint)) => self.push(datapoint),
                Ingested::Taken(None) => {}
                Ingested::TooLate => self.late_lines += 1,
            }
        }
    }

    /// The figures, with the messages of the hour that begins at `hour_ms`.
    pub(super) fn finish(mut self, days: Days, hour_ms: Option<i64>) -> AlarmFigures {
        let rest = std::mem::replace(&mut self.series, MetricSeries::new(None, HELD_MINUTES));
        rest.finish().for_each(|datapoint| self.push(datapoint));
        if let Some(newest_ms) = self.newest_minute_ms {
            let end_ms = newest_ms + MINUTE_MS;
            let transitions = self.evaluator.run_until(end_ms);
            for transition in &transitions {
                self.note(transition);
            }
            for kept in &mut self.thresholds {
                kept.in_alarm_ms += kept.since_ms.map_or(0, |since| words::elapsed_ms(since, end_ms));
            }
        }
        let thresholds: Vec<_> = self.thresholds.into_iter().map(|kept| kept.figures(days)).collect();
        let mut notices = AlarmNotices::new(self.style, hour_ms);
        if self.settings.are_actions_enabled {
            for transition in &self.evaluated {
                notices.note(transition, &self.settings);
            }
        }
        let AlarmNotices { notices, told, .. } = notices;
        AlarmFigures {
            settings: in_aws_names(&self.settings),
            notices,
            notices_per_day: days.rate(notices),
            told,
            transitions: self.transitions,
            thresholds,
            late_lines: self.late_lines,
        }
    }

    fn push(&mut self, datapoint: MetricDatapoint) {
        self.newest_minute_ms = Some(datapoint.start_ms);
        // The series hands datapoints on in order of time, so that none can be too late.
        let transitions = self.evaluator.push(datapoint).unwrap_or_default();
        for transition in &transitions {
            self.note(transition);
        }
        let period_ms = i64::try_from(self.settings.period_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let range = i64::try_from(self.settings.evaluation_range()).unwrap_or(i64::MAX);
        let needed_from =
            datapoint.start_ms.saturating_sub(period_ms.saturating_mul(range.saturating_add(1)));
        while self.first_seen.first_key_value().is_some_and(|(minute, _)| *minute < needed_from) {
            self.first_seen.pop_first();
        }
    }

    fn note(&mut self, transition: &Transition) {
        let Transition { threshold_index, at_ms, from, to, value } = *transition;
        let window_seconds = self.settings.period_s.saturating_mul(self.settings.evaluation_periods as u64);
        let looked_at_ms = i64::try_from(window_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let first = self.first_seen.range(at_ms.saturating_sub(looked_at_ms)..at_ms).next();
        let delay_ms = first
            .filter(|_| to == AlarmState::Alarm)
            .map(|(_, first_ms)| words::elapsed_ms(*first_ms, at_ms));
        let Some(kept) = self.thresholds.get_mut(threshold_index) else { return };
        if from == AlarmState::Alarm {
            kept.in_alarm_ms += kept.since_ms.take().map_or(0, |since| words::elapsed_ms(since, at_ms));
        }
        // The recovery of an ALARM is posted whatever lies between.
        if to == AlarmState::Ok && std::mem::take(&mut kept.is_recovery_owed) {
            kept.recoveries += 1;
        }
        if to == AlarmState::Alarm {
            kept.is_recovery_owed = true;
            kept.alarms += 1;
            kept.since_ms = Some(at_ms);
            kept.delays_ms.extend(delay_ms);
        }
        if kept.is_current {
            let change = StateChange { at: Time(at_ms), from: from.name(), to: to.name(), value, delay_ms };
            self.evaluated.push(*transition);
            self.transitions.push(change);
        }
    }
}

impl Kept {
    fn figures(mut self, days: Days) -> ThresholdFigures {
        self.delays_ms.sort_unstable();
        ThresholdFigures {
            threshold: self.threshold,
            is_current: self.is_current,
            alarms: self.alarms,
            recoveries: self.recoveries,
            notices_per_day: days.rate(self.alarms + self.recoveries),
            in_alarm_ms: self.in_alarm_ms,
            median_delay_ms: self.delays_ms.get(self.delays_ms.len() / 2).copied(),
            longest_delay_ms: self.delays_ms.last().copied(),
        }
    }
}

/// The threshold and some beside it, smallest first.
fn neighbours(threshold: f64) -> Vec<f64> {
    let is_whole = is_same(threshold.fract(), 0.0);
    let mut all: Vec<f64> = if threshold > 0.0 {
        let multiples = FACTORS.iter().map(|factor| threshold * factor);
        multiples.map(|value| if is_whole { value.round().max(1.0) } else { value }).collect()
    } else {
        STEPS.iter().map(|step| threshold + step).collect()
    };
    all.sort_by(f64::total_cmp);
    all.dedup_by(|a, b| is_same(*a, *b));
    all
}

fn is_same(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq()
}

fn in_aws_names(settings: &AlarmSettings) -> serde_json::Value {
    let statistic = Statistic::NAMES.iter().find(|(_, value)| *value == settings.statistic);
    let comparison = ComparisonOperator::NAMES.iter().find(|(_, value)| *value == settings.comparison);
    let treatment = TreatMissingData::NAMES.iter().find(|(_, value)| *value == settings.treat_missing_data);
    let mut fields = json!({
        "Statistic": statistic.map(|(name, _)| *name),
        "Period": settings.period_s,
        "EvaluationPeriods": settings.evaluation_periods,
        "DatapointsToAlarm": settings.datapoints_to_alarm,
        "ComparisonOperator": comparison.map(|(name, _)| *name),
        "Threshold": settings.threshold,
        "TreatMissingData": treatment.map(|(name, _)| *name),
    });
    if let Some(fields) = fields.as_object_mut() {
        if let Some(name) = &settings.name {
            fields.insert("AlarmName".to_owned(), name.as_str().into());
        }
        if !settings.are_actions_enabled {
            fields.insert("ActionsEnabled".to_owned(), false.into());
        }
        if let (Some(_), Some(metric)) = (settings.counts_class(), &settings.metric_name) {
            fields.insert("Namespace".to_owned(), settings.namespace.clone().into());
            fields.insert("MetricName".to_owned(), metric.as_str().into());
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::default_alarm;

    #[test]
    fn neighbours_of_a_threshold_are_its_multiples_and_never_zero() {
        assert_eq!(neighbours(1.0), [1.0, 2.0, 3.0, 5.0, 10.0]);
        assert_eq!(neighbours(10.0), [2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0]);
        assert_eq!(neighbours(0.0), [0.0, 1.0, 2.0, 5.0, 10.0]);
    }

    #[test]
    fn an_alarm_whose_actions_are_disabled_changes_its_state_and_notifies_nobody() {
        let style = MessageStyle::default();
        let settings = AlarmSettings { are_actions_enabled: false, ..default_alarm() };
        let mut run = AlarmRun::new(&settings, Published::default(), &style);
        for (at_ms, is_matched) in [(0, false), (75_000, true), (130_000, false), (190_000, false)] {
            run.lines(at_ms, is_matched, 1);
        }
        let figures = run.finish(Days(1.0), Some(0));
        assert_eq!((figures.notices, figures.notices_per_day, figures.told.len()), (0, Some(0.0), 0));
        assert_eq!(figures.transitions.len(), 3);
        assert_eq!(figures.settings["ActionsEnabled"], false);
    }

    #[test]
    fn a_recovery_by_way_of_insufficient_data_is_counted_as_it_is_posted() {
        use AlarmState::{Alarm, InsufficientData, Ok};
        let style = MessageStyle::default();
        let mut run = AlarmRun::new(&default_alarm(), Published::default(), &style);
        let story = [InsufficientData, Ok, Alarm, InsufficientData, Ok, InsufficientData, Ok];
        for (minute, states) in story.windows(2).enumerate() {
            let at_ms = i64::try_from(minute).unwrap() * 60_000;
            let (from, to) = (states[0], states[1]);
            run.note(&Transition { threshold_index: 0, at_ms, from, to, value: None });
        }
        let figures = run.finish(Days(1.0), None);
        let current = figures.thresholds.iter().find(|threshold| threshold.is_current).unwrap();
        assert_eq!((current.alarms, current.recoveries, figures.notices), (1, 1, 2));
        assert_eq!(crate::backtest::posted(&figures.transitions).count(), 2);
    }

    #[test]
    fn an_error_alarms_at_the_end_of_its_minute_and_recovers_a_minute_later() {
        let style = MessageStyle::default();
        let mut run = AlarmRun::new(&default_alarm(), Published::default(), &style);
        for (at_ms, is_matched) in [(0, false), (75_000, true), (130_000, false), (190_000, false)] {
            run.lines(at_ms, is_matched, 1);
        }
        let figures = run.finish(Days(1.0), Some(0));
        let texts: Vec<_> = figures
            .transitions
            .iter()
            .map(|change| (change.at.0, change.to, change.value, change.delay_ms))
            .collect();
        assert_eq!(
            texts,
            [
                (60_000, "OK", Some(0.0), None),
                (120_000, "ALARM", Some(1.0), Some(45_000)),
                (180_000, "OK", Some(0.0), None)
            ]
        );
        let texts: Vec<&str> = figures.told.iter().map(|told| told.message.text.as_str()).collect();
        assert_eq!(
            texts.iter().map(|text| text.replace('\u{200b}', "")).collect::<Vec<_>>(),
            [
                "ALARM · 4xx5xxError · 1 error in 1 min (threshold: 1 or more, 1 of 1 periods)",
                "OK again · 4xx5xxError · after 1 min"
            ]
        );
        assert_eq!((figures.notices, figures.notices_per_day), (2, Some(2.0)));
        let current = figures.thresholds.iter().find(|figures| figures.is_current).unwrap();
        assert_eq!((current.alarms, current.recoveries, current.in_alarm_ms), (1, 1, 60_000));
        assert!(
            figures
                .thresholds
                .iter()
                .filter(|figures| !figures.is_current)
                .all(|figures| figures.alarms == 0)
        );
    }
}
