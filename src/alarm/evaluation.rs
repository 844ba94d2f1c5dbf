//! The state that CloudWatch sets for the datapoints of one evaluation range.
//!
//! The documented algorithm (CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data"), in
//! its order:
//!
//! 1. Where the range holds as many real datapoints as there are evaluation periods, the newest so many of them
//!    decide, and the treatment of missing data is not used.
//! 2. Otherwise every real datapoint of the range counts, and only as many missing ones are filled in as are wanting.
//! 3. Enough breaching ones are ALARM.
//! 4. The premature-alarm rule, for `missing` and `ignore`: where no real datapoint is good and the oldest breaching
//!    one is at least as many periods old as there are datapoints to alarm, it is ALARM with fewer; `ignore` keeps
//!    the state instead.
//! 5. No datapoint at all is `INSUFFICIENT_DATA` for `missing`, and keeps the state for `ignore`. Anything else is OK.
//!
//! Where the guide leaves room:
//! - Of which datapoints must the oldest breaching one be? Its text says once "during the evaluation periods" and once
//!   "during the evaluation range". Here it is the range: an older edition's table has `X - - - -` as ALARM, and a
//!   state that came from silence would otherwise end by more silence.
//! - Does a good datapoint that is older than the breaching ones stand against the rule? Its tables say so
//!   (`0 - X - -`, 2 of 3, is OK), and so the rule never applies once a real datapoint of the range is good.
//! - A breaching datapoint too young for the rule, and nothing else (`- - - - X`, 3 of 3), is not ALARM; for `missing`
//!   it is OK, since fewer than enough breach; for `ignore` the state is kept, as the older table has it, since
//!   nothing real speaks for OK.

use super::change::{AlarmState, TreatMissingData};
use super::settings::AlarmSettings;

/// The state after an evaluation. `range` is the evaluation range, oldest first, `None` where a period has no
/// datapoint; it may be shorter or longer than [`AlarmSettings::evaluation_range`]. `threshold` stands instead of
/// that of the settings, so that several can be compared.
#[must_use]
pub fn next_state(
    settings: &AlarmSettings,
    threshold: f64,
    range: &[Option<f64>],
    current: AlarmState,
) -> AlarmState {
    let breaches = |value: f64| settings.comparison.breaches(value, threshold) == Some(true);
    let real = range.iter().filter(|point| point.is_some()).count();
    let evaluated = range.iter().rev().flatten().take(settings.evaluation_periods);
    let breaching = evaluated.filter(|value| breaches(**value)).count();
    let to_fill = settings.evaluation_periods.saturating_sub(real);
    let filled = if settings.treat_missing_data == TreatMissingData::Breaching { to_fill } else { 0 };

    if breaching + filled >= settings.datapoints_to_alarm {
        return AlarmState::Alarm;
    }
    // No real datapoint is good, and they are too few: with as many as there are periods, it would be ALARM.
    let undecided = breaching == real;
    match (settings.treat_missing_data, undecided) {
        (TreatMissingData::Missing, true) => match oldest_age(range) {
            None => AlarmState::InsufficientData,
            Some(age) if age >= settings.datapoints_to_alarm => AlarmState::Alarm,
            Some(_) => AlarmState::Ok,
        },
        (TreatMissingData::Ignore, true) => current,
        _ => AlarmState::Ok,
    }
}

/// How many periods ago the oldest datapoint began; the newest period is the first.
fn oldest_age(range: &[Option<f64>]) -> Option<usize> {
    range.iter().position(Option::is_some).map(|index| range.len() - index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlarmState::{Alarm, InsufficientData, Ok};
    use TreatMissingData::{Breaching, Ignore, Missing, NotBreaching};

    const TREATMENTS: [TreatMissingData; 4] = [Missing, Ignore, Breaching, NotBreaching];
    const STATES: [AlarmState; 3] = [Ok, Alarm, InsufficientData];

    /// `datapoints_to_alarm` of `evaluation_periods`, with a threshold that `X` breaches and `0` does not.
    fn settings(
        datapoints_to_alarm: usize,
        evaluation_periods: usize,
        treatment: TreatMissingData,
    ) -> AlarmSettings {
        let treatment = TreatMissingData::NAMES.into_iter().find(|(_, t)| *t == treatment).unwrap().0;
        let json = serde_json::json!({
            "Statistic": "Sum", "Period": 60, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1,
            "EvaluationPeriods": evaluation_periods, "DatapointsToAlarm": datapoints_to_alarm, "TreatMissingData": treatment
        });
        AlarmSettings::from_json(json.to_string().as_bytes()).unwrap()
    }

    /// Datapoints as the user guide writes them: `0` good, `X` breaching, `-` missing, newest right.
    fn range(points: &str) -> Vec<Option<f64>> {
        let point = |point: &str| match point {
            "0" => Some(0.0),
            "X" => Some(1.0),
            "-" => None,
            other => panic!("{other}"),
        };
        points.split_whitespace().map(point).collect()
    }

    /// Expects a state for each treatment, from whatever state; `None` is the state as it was.
    fn expect(m: usize, n: usize, points: &str, expected: [Option<AlarmState>; 4]) {
        for (treatment, expected) in TREATMENTS.into_iter().zip(expected) {
            for current in STATES {
                let next = next_state(&settings(m, n, treatment), 1.0, &range(points), current);
                let expected = expected.unwrap_or(current);
                assert_eq!(next, expected, "`{points}`, {m} of {n}, {treatment:?}, from {current}");
            }
        }
    }

    const KEEP: Option<AlarmState> = None;
    const OK: Option<AlarmState> = Some(Ok);
    const ALARM: Option<AlarmState> = Some(Alarm);
    const NO_DATA: Option<AlarmState> = Some(InsufficientData);

    #[test]
    fn the_guides_first_table_three_of_three_holds() {
        //                      missing  ignore breaching notBreaching
        expect(3, 3, "0 - X - X", [OK, OK, OK, OK]);
        expect(3, 3, "0 - - - -", [OK, OK, OK, OK]);
        expect(3, 3, "- - - - -", [NO_DATA, KEEP, ALARM, OK]);
        expect(3, 3, "0 X X - X", [ALARM, ALARM, ALARM, ALARM]);
        expect(3, 3, "- - X - -", [ALARM, KEEP, ALARM, OK]);
    }

    #[test]
    fn the_guides_second_table_two_of_three_holds() {
        //                      missing  ignore breaching notBreaching
        expect(2, 3, "0 - X - X", [ALARM, ALARM, ALARM, ALARM]);
        expect(2, 3, "0 0 X 0 X", [ALARM, ALARM, ALARM, ALARM]);
        expect(2, 3, "0 - X - -", [OK, OK, ALARM, OK]);
        expect(2, 3, "- - - - 0", [OK, OK, ALARM, OK]);
        expect(2, 3, "- - - X -", [ALARM, KEEP, ALARM, OK]);
    }

    #[test]
    fn the_guides_sentences_around_the_tables_hold() {
        // "The next time this alarm is evaluated, if the data is still missing it will go to ALARM".
        expect(3, 3, "- - - - -", [NO_DATA, KEEP, ALARM, OK]);
        // "The alarm does not go immediately into ALARM state".
        expect(3, 3, "- - - - X", [OK, KEEP, ALARM, OK]);
        expect(3, 3, "- - - X -", [OK, KEEP, ALARM, OK]);
        // "False positives are avoided when the next data point is non-breaching".
        expect(3, 3, "- - - X 0", [OK, OK, OK, OK]);
        expect(3, 3, "- - X - 0", [OK, OK, OK, OK]);
        // An older edition's rows.
        expect(3, 3, "X - - - -", [ALARM, KEEP, ALARM, OK]);
        expect(2, 3, "X - - - -", [ALARM, KEEP, ALARM, OK]);
    }

    #[test]
    fn one_of_one_follows_its_newest_datapoint_until_none_is_left() {
        //                  missing  ignore breaching notBreaching
        expect(1, 1, "- - X", [ALARM, ALARM, ALARM, ALARM]);
        expect(1, 1, "- X -", [ALARM, ALARM, ALARM, ALARM]);
        expect(1, 1, "X - -", [ALARM, ALARM, ALARM, ALARM]);
        expect(1, 1, "X 0 -", [OK, OK, OK, OK]);
        expect(1, 1, "0 X -", [ALARM, ALARM, ALARM, ALARM]);
        expect(1, 1, "- - -", [NO_DATA, KEEP, ALARM, OK]);
    }

    #[test]
    fn enough_real_datapoints_leave_nothing_to_the_treatment() {
        expect(3, 3, "X X X - -", [ALARM, ALARM, ALARM, ALARM]);
        expect(3, 3, "0 X X - -", [OK, OK, OK, OK]);
        expect(3, 3, "X X 0 - -", [OK, OK, OK, OK]);
        expect(3, 3, "X - X - X", [ALARM, ALARM, ALARM, ALARM]);
        expect(2, 3, "0 X - 0 X", [ALARM, ALARM, ALARM, ALARM]);
        expect(2, 3, "X X 0 0 X", [OK, OK, OK, OK]);
        expect(1, 3, "X 0 0 - 0", [OK, OK, OK, OK]);
    }

    #[test]
    fn only_what_is_wanting_is_filled_in() {
        // One is wanting: X and the one make two.
        expect(3, 3, "- 0 - X -", [OK, OK, OK, OK]);
        expect(2, 3, "- 0 - X -", [OK, OK, ALARM, OK]);
        expect(3, 3, "- X - X -", [ALARM, KEEP, ALARM, OK]);
        expect(3, 3, "- - - X X", [OK, KEEP, ALARM, OK]);
        expect(2, 3, "- - - X X", [ALARM, ALARM, ALARM, ALARM]);
        expect(1, 3, "- - - - X", [ALARM, ALARM, ALARM, ALARM]);
        expect(1, 3, "0 - - - -", [OK, OK, ALARM, OK]);
    }

    #[test]
    fn a_longer_range_follows_the_same_rules() {
        expect(3, 5, "- - - - X - -", [ALARM, KEEP, ALARM, OK]);
        expect(3, 5, "- - - - - X -", [OK, KEEP, ALARM, OK]);
        expect(3, 5, "0 - - - X - -", [OK, OK, ALARM, OK]);
        expect(4, 5, "0 X X - X X -", [ALARM, ALARM, ALARM, ALARM]);
        expect(5, 5, "0 X X - X X -", [OK, OK, OK, OK]);
        expect(5, 5, "- - - - - - X", [OK, KEEP, ALARM, OK]);
    }

    #[test]
    fn each_operator_compares_in_its_own_way() {
        for (operator, breaching) in [
            ("GreaterThanOrEqualToThreshold", [false, true, true]),
            ("GreaterThanThreshold", [false, false, true]),
            ("LessThanThreshold", [true, false, false]),
            ("LessThanOrEqualToThreshold", [true, true, false]),
        ] {
            let mut settings = settings(1, 1, Missing);
            settings.comparison = crate::alarm::ComparisonOperator::from_name(operator).unwrap();
            for (value, breaching) in [4.0, 5.0, 6.0].into_iter().zip(breaching) {
                let next = next_state(&settings, 5.0, &[Some(value)], InsufficientData);
                assert_eq!(next, if breaching { Alarm } else { Ok }, "{value} {operator} 5");
            }
        }
    }

    #[test]
    fn a_range_without_any_period_is_one_without_data() {
        expect(3, 3, "", [NO_DATA, KEEP, ALARM, OK]);
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;

        fn any_case() -> impl Strategy<Value = (usize, usize, Vec<Option<f64>>, AlarmState)> {
            let point = prop::option::of((0..5_i32).prop_map(f64::from));
            (1..7_usize).prop_flat_map(move |n| {
                (
                    1..=n,
                    Just(n),
                    prop::collection::vec(point.clone(), 0..n + 5),
                    prop::sample::select(STATES.to_vec()),
                )
            })
        }

        proptest! {
            #[test]
            fn a_higher_threshold_never_alarms_where_a_lower_one_does_not(
                (m, n, range, current) in any_case(), low in 0..5_i32, more in 0..3_i32, treatment in 0..4_usize,
            ) {
                let settings = settings(m, n, TREATMENTS[treatment]);
                if next_state(&settings, f64::from(low + more), &range, current) == Alarm {
                    prop_assert_eq!(next_state(&settings, f64::from(low), &range, current), Alarm);
                }
            }

            #[test]
            fn the_treatment_matters_only_where_datapoints_are_wanting((m, n, range, current) in any_case()) {
                let real = range.iter().flatten().count();
                let states = TREATMENTS.map(|treatment| next_state(&settings(m, n, treatment), 1.0, &range, current));
                if real >= n {
                    prop_assert!(states.iter().all(|state| *state == states[0]), "{:?}", states);
                }
                // Each treatment in its turn is more ready to alarm: notBreaching, missing, breaching.
                prop_assert!(states[3] != Alarm || states[0] == Alarm);
                prop_assert!(states[0] != Alarm || states[2] == Alarm);
            }

            #[test]
            fn a_state_is_kept_only_by_ignore_and_no_data_is_said_only_by_missing((m, n, range, current) in any_case()) {
                for treatment in TREATMENTS {
                    let settings = settings(m, n, treatment);
                    let next = next_state(&settings, 1.0, &range, current);
                    let same_from_all = STATES.iter().all(|from| next_state(&settings, 1.0, &range, *from) == next);
                    prop_assert!(same_from_all || treatment == Ignore);
                    if treatment == Missing {
                        prop_assert_eq!(next == InsufficientData, range.iter().all(Option::is_none));
                    } else if treatment != Ignore {
                        prop_assert_ne!(next, InsufficientData);
                    }
                }
            }

            #[test]
            fn what_is_older_than_enough_real_datapoints_does_not_matter(
                (m, n, range, current) in any_case(), older in prop::collection::vec(prop::option::of(Just(9.0)), 0..5),
            ) {
                prop_assume!(range.iter().flatten().count() >= n);
                let longer: Vec<_> = older.into_iter().chain(range.clone()).collect();
                for treatment in TREATMENTS {
                    let settings = settings(m, n, treatment);
                    prop_assert_eq!(
                        next_state(&settings, 1.0, &longer, current),
                        next_state(&settings, 1.0, &range, current)
                    );
                }
            }
        }
    }
}
