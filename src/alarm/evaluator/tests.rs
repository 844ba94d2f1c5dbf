use super::*;
use AlarmState::{Alarm, InsufficientData, Ok as Good};

fn settings(changes: &serde_json::Value) -> AlarmSettings {
    let mut settings = serde_json::json!({
        "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold"
    });
    settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    AlarmSettings::from_json(settings.to_string().as_bytes()).unwrap()
}

fn datapoint(minute: i64, value: f64) -> MetricDatapoint {
    MetricDatapoint { start_ms: minute * MINUTE_MS, values: StatisticSet::of(value) }
}

/// Every transition of these values by minute, up to and including an evaluation at `until`, in minutes.
fn run(evaluator: &mut AlarmEvaluator, values: &[(i64, f64)], until: i64) -> Vec<Transition> {
    let mut transitions = Vec::new();
    for (minute, value) in values {
        transitions.extend(evaluator.push(datapoint(*minute, *value)).unwrap());
    }
    transitions.extend(evaluator.run_until(until * MINUTE_MS));
    transitions
}

/// As [`run`], with one threshold: the minute, the new state and its value.
fn states(
    changes: &serde_json::Value,
    values: &[(i64, f64)],
    until: i64,
) -> Vec<(i64, AlarmState, Option<f64>)> {
    let transitions = run(&mut AlarmEvaluator::new(settings(changes)), values, until);
    transitions.iter().map(|t| (t.at_ms / MINUTE_MS, t.to, t.value)).collect()
}

#[test]
fn the_guides_figure_is_drawn_again() {
    // Three of three: bad from the third to the fifth period, good in the sixth, bad once in the ninth.
    let changes = serde_json::json!({"EvaluationPeriods": 3, "Threshold": 3, "ComparisonOperator": "GreaterThanThreshold"});
    let values = [2.0, 2.0, 4.0, 5.0, 6.0, 2.0, 1.0, 2.0, 5.0, 1.0];
    let values: Vec<_> = (0..).zip(values).collect();
    assert_eq!(
        states(&changes, &values, 10),
        [(1, Good, Some(2.0)), (5, Alarm, Some(6.0)), (6, Good, Some(2.0))]
    );
}

#[test]
fn a_period_of_five_minutes_is_looked_at_anew_each_minute() {
    // "At the end of minute 5 … minutes 1 to 5. Then at the end of minute 6 … minutes 2 to 6."
    let changes = serde_json::json!({"Period": 300, "Threshold": 10});
    let values: Vec<_> = (0..).zip([9.0, 0.0, 0.0, 0.0, 0.0, 1.0, 9.0, 0.0, 0.0, 0.0, 0.0]).collect();
    // Minutes 1 to 5 hold 9, 2 to 6 hold 1, 3 to 7 hold 10, 7 to 11 hold 9.
    assert_eq!(
        states(&changes, &values, 11),
        [(1, Good, Some(9.0)), (7, Alarm, Some(10.0)), (11, Good, Some(9.0))]
    );
}

#[test]
fn an_alarm_of_fifteen_minutes_recovers_46_minutes_after_its_last_datapoint() {
    // As it was measured: the last datapoint at 19:50:31, OK at 20:36:51.
    let changes = serde_json::json!({"Period": 900, "TreatMissingData": "notBreaching"});
    let last = 19 * 60 + 50;
    assert_eq!(
        states(&changes, &[(last, 1.0)], last + 600),
        [(last + 1, Alarm, Some(1.0)), (last + 46, Good, None)]
    );
}

#[test]
fn silence_ends_as_missing_data_is_treated() {
    for (treatment, expected) in [
        ("missing", vec![(1, Alarm, Some(2.0)), (4, InsufficientData, None)]),
        ("notBreaching", vec![(1, Alarm, Some(2.0)), (4, Good, None)]),
        ("breaching", vec![(1, Alarm, Some(2.0))]),
        ("ignore", vec![(1, Alarm, Some(2.0))]),
    ] {
        let changes = serde_json::json!({"TreatMissingData": treatment});
        assert_eq!(states(&changes, &[(0, 2.0)], 1_000), expected, "{treatment}");
    }
}

#[test]
fn a_good_datapoint_holds_off_breaching_silence_until_it_leaves_the_range() {
    let changes = serde_json::json!({"EvaluationPeriods": 3, "TreatMissingData": "breaching"});
    assert_eq!(states(&changes, &[(0, 0.0)], 30), [(1, Good, Some(0.0)), (6, Alarm, None)]);
}

#[test]
fn a_lone_breach_alarms_when_it_is_old_enough_and_nothing_good_came() {
    let changes = serde_json::json!({"EvaluationPeriods": 3});
    let lone = [(1, Good, None), (3, Alarm, Some(1.0)), (6, InsufficientData, None)];
    assert_eq!(states(&changes, &[(0, 1.0)], 30), lone);
    assert_eq!(states(&changes, &[(0, 1.0), (1, 0.0)], 5), [(1, Good, None)]);
}

#[test]
fn a_long_silence_changes_nothing_more() {
    let changes = serde_json::json!({"TreatMissingData": "notBreaching"});
    let fifty_years = 50 * 365 * 24 * 60;
    assert_eq!(
        states(&changes, &[(0, 1.0), (fifty_years, 1.0)], fifty_years + 1),
        [(1, Alarm, Some(1.0)), (4, Good, None), (fifty_years + 1, Alarm, Some(1.0))]
    );
}

#[test]
fn several_thresholds_are_told_apart() {
    let mut evaluator = AlarmEvaluator::with_thresholds(settings(&serde_json::json!({})), [1.0, 5.0, 100.0]);
    let transitions = run(&mut evaluator, &[(0, 0.0), (1, 3.0), (2, 7.0)], 3);
    let alarms: Vec<_> = transitions
        .iter()
        .filter(|transition| transition.to == Alarm)
        .map(|transition| (transition.threshold_index, transition.at_ms / MINUTE_MS, transition.value))
        .collect();
    assert_eq!(alarms, [(0, 2, Some(3.0)), (1, 3, Some(7.0))]);
    assert_eq!(evaluator.states().collect::<Vec<_>>(), [Alarm, Alarm, Good]);
}

#[test]
fn a_multi_day_alarm_is_evaluated_at_the_full_hour() {
    // The guide's job of every three days: its failure at 10:02 is seen at 11:00.
    let changes = serde_json::json!({"Period": 86_400, "EvaluationPeriods": 3, "DatapointsToAlarm": 1});
    let at = |hour: i64, minute: i64| hour * 60 + minute;
    let values = [(at(9, 30), 0.0), (at(10, 2), 1.0)];
    assert_eq!(
        states(&changes, &values, at(12, 0)),
        [(at(10, 0), Good, Some(0.0)), (at(11, 0), Alarm, Some(1.0))]
    );
}

#[test]
fn a_high_resolution_alarm_on_a_minutes_metric_keeps_losing_its_data() {
    // Evaluated every ten seconds over three periods of 30 s: a minute's datapoint is 60 s old when it can be
    // seen, and out of range when it is more than 90 s old.
    let mut evaluator = AlarmEvaluator::new(settings(&serde_json::json!({"Period": 30})));
    let transitions = run(&mut evaluator, &[(0, 1.0), (2, 1.0)], 4);
    let seen: Vec<_> = transitions.iter().map(|t| (t.at_ms / 1_000, t.to)).collect();
    assert_eq!(seen, [(60, Alarm), (100, InsufficientData), (180, Alarm), (220, InsufficientData)]);
}

#[test]
fn from_log_events_to_transitions_an_idle_api_recovers_later_than_a_busy_one() {
    use crate::alarm::metric::{Ingested, MetricSeries};
    let transitions = |events: &[(i64, Option<f64>)]| {
        let mut series = MetricSeries::new(Some(0.0), std::num::NonZeroUsize::new(5).unwrap());
        let mut evaluator =
            AlarmEvaluator::new(settings(&serde_json::json!({"TreatMissingData": "notBreaching"})));
        let mut transitions = Vec::new();
        for (timestamp_ms, matched) in events {
            if let Ingested::Taken(Some(datapoint)) = series.ingest(*timestamp_ms, *matched) {
                transitions.extend(evaluator.push(datapoint).unwrap());
            }
        }
        for datapoint in series.finish() {
            transitions.extend(evaluator.push(datapoint).unwrap());
        }
        transitions.extend(evaluator.run_until(20 * MINUTE_MS));
        transitions.iter().map(|t| (t.at_ms / MINUTE_MS, t.to, t.value)).collect::<Vec<_>>()
    };
    let error = [(5 * MINUTE_MS + 7, Some(1.0)), (5 * MINUTE_MS + 3, Some(1.0))];
    let traffic = (0..20).map(|minute| (minute * MINUTE_MS, None));
    let mut in_order: Vec<_> = traffic.chain(error).collect();
    in_order.sort_by_key(|(timestamp_ms, _)| *timestamp_ms);
    let expected = [(1, Good, Some(0.0)), (6, Alarm, Some(2.0)), (7, Good, Some(0.0))];
    assert_eq!(transitions(&in_order), expected, "the default value says that all is well");
    assert_eq!(
        transitions(&error),
        [(6, Alarm, Some(2.0)), (9, Good, None)],
        "silence says so three periods later"
    );
}

#[test]
fn a_datapoint_that_comes_too_late_is_an_error() {
    let mut evaluator = AlarmEvaluator::new(settings(&serde_json::json!({})));
    evaluator.push(datapoint(5, 1.0)).unwrap();
    assert_eq!(evaluator.push(datapoint(5, 1.0)), Err(OutOfOrder { start_ms: 300_000 }));
    assert_eq!(evaluator.push(datapoint(4, 1.0)), Err(OutOfOrder { start_ms: 240_000 }));
    evaluator.run_until(60 * MINUTE_MS);
    assert!(evaluator.push(datapoint(59, 1.0)).is_err(), "that minute was evaluated without it");
    assert!(evaluator.push(datapoint(60, 1.0)).is_ok());
}

mod properties {
    use super::*;
    use crate::alarm::TreatMissingData;
    use proptest::prelude::*;

    fn any_settings() -> impl Strategy<Value = AlarmSettings> {
        let periods = prop::sample::select(vec![10_u64, 30, 60, 120, 300]);
        let treatments = prop::sample::select(TreatMissingData::NAMES.map(|(name, _)| name).to_vec());
        let statistics = prop::sample::select(vec!["Sum", "Average", "Minimum", "Maximum", "SampleCount"]);
        (1..4_usize)
            .prop_flat_map(move |n| (1..=n, Just(n), periods.clone(), treatments.clone(), statistics.clone()))
            .prop_map(|(m, n, period, treatment, statistic)| {
                settings(&serde_json::json!({
                    "Period": period, "EvaluationPeriods": n, "DatapointsToAlarm": m, "Statistic": statistic,
                    "TreatMissingData": treatment, "Threshold": 2
                }))
            })
    }

    /// Values by minute, in order, with gaps short and long.
    fn any_values() -> impl Strategy<Value = Vec<(i64, f64)>> {
        let gap = prop_oneof![6 => Just(1_i64), 2 => 2..5_i64, 1 => 10..40_i64];
        prop::collection::vec((gap, (0..4_i32).prop_map(f64::from)), 1..40).prop_map(|steps| {
            let later = |minute: &mut i64, (gap, value): (i64, f64)| {
                *minute += gap;
                Some((*minute, value))
            };
            steps.into_iter().scan(0, later).collect()
        })
    }

    /// Evaluates at every moment anew from all datapoints, without memory but for the state.
    fn plainly(settings: &AlarmSettings, values: &[(i64, f64)], until: i64) -> Vec<(i64, AlarmState)> {
        let period_ms = i64::try_from(settings.period_s).unwrap() * 1_000;
        let mut state = InsufficientData;
        let mut transitions = Vec::new();
        let mut at_ms = values.first().map_or(0, |(minute, _)| (minute + 1) * MINUTE_MS);
        while at_ms <= until * MINUTE_MS {
            let periods_ago = (0..i64::try_from(settings.evaluation_range()).unwrap()).rev();
            let range: Vec<Option<f64>> = periods_ago
                .map(|ago| {
                    let period = (at_ms - (ago + 1) * period_ms)..(at_ms - ago * period_ms);
                    let inside = values.iter().filter(|(minute, _)| {
                        period.contains(&(minute * MINUTE_MS)) && (minute + 1) * MINUTE_MS <= at_ms
                    });
                    let set = inside.map(|(_, value)| StatisticSet::of(*value)).reduce(StatisticSet::with)?;
                    Some(set.statistic(settings.statistic))
                })
                .collect();
            let next = next_state(settings, settings.threshold, &range, state);
            if next != state {
                transitions.push((at_ms, next));
                state = next;
            }
            at_ms += settings.evaluation_interval_ms();
        }
        transitions
    }

    proptest! {
        #[test]
        fn streaming_gives_what_evaluating_everything_anew_gives(
            settings in any_settings(), values in any_values(), more in 0..60_i64,
        ) {
            let until = values.last().unwrap().0 + 1 + more;
            let transitions = run(&mut AlarmEvaluator::new(settings.clone()), &values, until);
            let streamed: Vec<_> = transitions.iter().map(|t| (t.at_ms, t.to)).collect();
            prop_assert_eq!(streamed, plainly(&settings, &values, until));
        }

        #[test]
        fn each_evaluation_makes_at_most_one_transition_out_of_the_state_before(
            settings in any_settings(), values in any_values(),
        ) {
            let transitions = run(&mut AlarmEvaluator::new(settings), &values, 2_000);
            let (mut state, mut last_ms) = (InsufficientData, i64::MIN);
            for transition in transitions {
                prop_assert!(transition.at_ms > last_ms);
                prop_assert_eq!(transition.from, state);
                prop_assert_ne!(transition.to, state);
                (state, last_ms) = (transition.to, transition.at_ms);
            }
        }

        #[test]
        fn over_any_metric_a_higher_threshold_is_in_alarm_only_when_a_lower_one_is(
            settings in any_settings(), values in any_values(),
        ) {
            let mut evaluator = AlarmEvaluator::with_thresholds(settings, [1.0, 2.0, 3.0, 8.0]);
            for (minute, value) in values {
                evaluator.push(datapoint(minute, value)).unwrap();
                evaluator.run_until((minute + 1) * MINUTE_MS);
                let in_alarm: Vec<_> = evaluator.states().map(|state| state == Alarm).collect();
                prop_assert!(in_alarm.is_sorted_by(|lower, higher| lower >= higher), "{:?}", in_alarm);
            }
        }

        #[test]
        fn no_datapoint_makes_it_panic(
            settings in any_settings(),
            starts in prop::collection::vec(
                prop_oneof![any::<i64>(), -100_000..100_000_i64, Just(i64::MIN), Just(i64::MAX)], 0..20),
            end_ms in -100_000..1_000_000_i64,
        ) {
            let mut evaluator = AlarmEvaluator::new(settings);
            for start_ms in starts {
                let _ = evaluator.push(MetricDatapoint { start_ms, values: StatisticSet::of(1.0) });
            }
            for Transition { at_ms, from, to, .. } in evaluator.run_until(end_ms) {
                prop_assert!(from != to && at_ms <= end_ms, "{from:?} to {to:?} at {at_ms}");
            }
        }

        #[test]
        fn what_is_held_is_bounded_by_the_evaluation_range(settings in any_settings(), minutes in 1..400_i64) {
            let mut evaluator = AlarmEvaluator::new(settings.clone());
            let most = settings.evaluation_range() as u64 * settings.period_s / 60 + 2;
            for minute in 0..minutes {
                evaluator.push(datapoint(minute, 1.0)).unwrap();
                prop_assert!(evaluator.held.len() as u64 <= most);
            }
        }
    }
}
