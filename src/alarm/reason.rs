//! CloudWatch's sentence about a change, and the data beside it, read back into numbers.
//!
//! EventBridge and the direct action send no comparison, threshold or count of periods: the sentence has them.
//! It was never specified, so what is not recognised is absent, and a sentence that CloudWatch did not write
//! (`SetAlarmState` takes any text) gives nothing. Shapes: the sentences in the CloudWatch user guide's event
//! samples, and in messages seen since.

use serde_json::Value;

use super::change::{ComparisonOperator, Datapoint, MissingData, Threshold, TimeSeries, TriggeringAlarm};
use super::wire::{self, AlarmArn, Members};

/// At most so many datapoints, or triggering alarms, of one change are kept: a message shows fewer.
const MAX_ITEMS: usize = 100;

/// What a sentence said.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sentence {
    /// The datapoints, newest first.
    pub(super) datapoints: Vec<Datapoint>,
    pub(super) comparison: Option<ComparisonOperator>,
    pub(super) threshold: Option<Threshold>,
    pub(super) evaluation_periods: Option<u32>,
    pub(super) datapoints_to_alarm: Option<u32>,
    pub(super) missing_data: Option<MissingData>,
}

/// What the JSON beside the sentence said.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ReasonData {
    /// The datapoints, newest first.
    pub(super) datapoints: Vec<Datapoint>,
    pub(super) threshold: Option<Threshold>,
    pub(super) period_s: Option<u64>,
    pub(super) statistic: Option<String>,
    pub(super) triggering: Vec<TriggeringAlarm>,
    /// A log alarm's counts.
    pub(super) results_to_evaluate: Option<u32>,
    pub(super) results_to_alarm: Option<u32>,
}

/// Reads CloudWatch's sentence.
pub(super) fn read_sentence(reason: &str) -> Sentence {
    if !(reason.starts_with("Threshold Crossed:") || reason.starts_with("Thresholds Crossed:")) {
        return Sentence::default();
    }
    let comparison = read_comparison(reason);
    let evaluation_periods = number_after(reason, " out of the last ");
    Sentence {
        datapoints: bracket_after(reason, "datapoint")
            .or_else(|| bracket_after(reason, "query result"))
            .map(read_datapoints)
            .unwrap_or_default(),
        comparison,
        threshold: read_threshold(reason, comparison),
        evaluation_periods,
        datapoints_to_alarm: read_datapoints_to_alarm(reason, evaluation_periods),
        missing_data: read_missing_data(reason),
    }
}

/// Reads `reasonData`: JSON in a string.
pub(super) fn read_data(json: &str) -> ReasonData {
    let data: Value = serde_json::from_str(json).unwrap_or_default();
    let data = Members::of(&data);
    let lower = data.numbers("recentLowerThresholds").last();
    let upper = data.numbers("recentUpperThresholds").last();
    let band = (lower.is_some() || upper.is_some()).then_some(Threshold::Band { lower, upper });
    // Oldest first on the wire, and without times.
    let recent = data.numbers("recentDatapoints").rev().take(MAX_ITEMS);
    let mut datapoints: Vec<_> = recent.map(|value| Datapoint { value, start_ms: None }).collect();
    if datapoints.is_empty() {
        let read = |result: Members<'_>| {
            let start_ms = result.string("timestamp").and_then(wire::epoch_ms);
            Some(Datapoint { value: result.number("value")?, start_ms })
        };
        datapoints.extend(data.objects("results").filter_map(read).take(MAX_ITEMS));
        // In an order that nobody promises.
        datapoints.sort_by_key(|point| std::cmp::Reverse(point.start_ms));
    }
    let triggering = |alarm: Members<'_>| {
        let arn = alarm.string("arn")?;
        Some(TriggeringAlarm {
            name: AlarmArn::read(arn).map_or_else(|| arn.to_owned(), |arn| arn.name),
            state: alarm.object("state").and_then(|state| state.string("value")).and_then(wire::state),
        })
    };
    ReasonData {
        datapoints,
        threshold: band.or(data.number("threshold").map(Threshold::Value)),
        period_s: wire::whole(data.number("period")),
        statistic: data.text("statistic"),
        results_to_evaluate: wire::count(data.number("queryResultsToEvaluate")),
        results_to_alarm: wire::count(data.number("queryResultsToAlarm")),
        triggering: data.objects("triggeringAlarms").filter_map(triggering).take(MAX_ITEMS).collect(),
    }
}

/// `6 out of 12 time series evaluated to ALARM`, `100+ time series evaluated to ALARM`: how many of the time series of
/// an alarm that has several.
pub(super) fn read_time_series(reason: &str) -> Option<TimeSeries> {
    let (counts, _) = reason.split_once(" time series evaluated to ALARM")?;
    let counts = counts.strip_prefix("Threshold Crossed: ").unwrap_or(counts).trim();
    if let Some((in_alarm, all)) = counts.split_once(" out of ") {
        return Some(TimeSeries {
            in_alarm: in_alarm.parse().ok()?,
            or_more: false,
            all: Some(all.parse().ok()?),
        });
    }
    let (in_alarm, or_more) = counts.strip_suffix('+').map_or((counts, false), |counts| (counts, true));
    Some(TimeSeries { in_alarm: in_alarm.parse().ok()?, or_more, all: None })
}

/// The alarm that a composite alarm's sentence begins with:
/// `arn:aws:cloudwatch:…:alarm:NAME transitioned to ALARM at Friday 04 August, 2023 12:54:46 UTC`.
pub(super) fn triggering_in(reason: &str) -> Option<TriggeringAlarm> {
    let (arn, rest) = reason.split_once(" transitioned to ")?;
    let state = rest.split_once(" at ").and_then(|(state, _)| wire::state(state));
    Some(TriggeringAlarm { name: AlarmArn::read(arn)?.name, state })
}

/// `99.5 (02/10/19 16:59:00), 98.0 (02/10/19 16:54:00)`: all of them, or none.
fn read_datapoints(list: &str) -> Vec<Datapoint> {
    let read = |item: &str| {
        let (value, start_ms) = match item.trim().split_once(" (") {
            Some((value, start)) => (value, start.strip_suffix(')').and_then(read_start)),
            None => (item.trim(), None),
        };
        let value = value.parse().ok().filter(|value: &f64| value.is_finite())?;
        Some(Datapoint { value, start_ms })
    };
    list.split(", ").take(MAX_ITEMS).map(read).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// `02/10/19 16:59:00`: day, month, year of this century, in UTC.
fn read_start(written: &str) -> Option<i64> {
    let (date, time) = written.split_once(' ')?;
    let (day, date) = date.split_once('/')?;
    let (month, year) = date.split_once('/')?;
    wire::epoch_ms(&format!("20{year}-{month}-{day}T{time}Z"))
}

fn read_comparison(reason: &str) -> Option<ComparisonOperator> {
    let says = |words: &str| reason.contains(words);
    match (says("less than the lower threshold"), says("greater than the upper threshold")) {
        (true, true) => return Some(ComparisonOperator::OutsideBand),
        (true, false) => return Some(ComparisonOperator::BelowBand),
        (false, true) => return Some(ComparisonOperator::AboveBand),
        (false, false) => {}
    }
    [
        ("greater than or equal to the threshold", ComparisonOperator::GreaterThanOrEqualTo),
        ("greater than the threshold", ComparisonOperator::GreaterThan),
        ("less than or equal to the threshold", ComparisonOperator::LessThanOrEqualTo),
        ("less than the threshold", ComparisonOperator::LessThan),
    ]
    .into_iter()
    .find(|(words, _)| says(words))
    .map(|(_, operator)| operator)
}

fn read_threshold(reason: &str, comparison: Option<ComparisonOperator>) -> Option<Threshold> {
    let first_of = |words| bracket_after(reason, words)?.split(", ").next()?.parse().ok();
    match comparison? {
        ComparisonOperator::OutsideBand | ComparisonOperator::BelowBand | ComparisonOperator::AboveBand => {
            Some(Threshold::Band { lower: first_of("lower threshold"), upper: first_of("upper threshold") })
        }
        _ => {
            let (_, rest) = reason.split_once("the threshold (")?;
            let value: f64 = rest.split_once(')')?.0.parse().ok()?;
            value.is_finite().then_some(Threshold::Value(value))
        }
    }
}

/// `(minimum 2 datapoints for OK -> ALARM transition)`; the way back takes as many good ones as leave too few bad.
fn read_datapoints_to_alarm(reason: &str, evaluation_periods: Option<u32>) -> Option<u32> {
    let minimum = number_after(reason, "(minimum ")?;
    if reason.contains("for OK -> ALARM transition") {
        return Some(minimum);
    }
    reason.contains("for ALARM -> OK transition").then_some(())?;
    evaluation_periods?.checked_sub(minimum)?.checked_add(1)
}

/// `no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]`.
fn read_missing_data(reason: &str) -> Option<MissingData> {
    let (before, after) = reason.split_once(" missing datapoint")?;
    let periods = before.rsplit(' ').next()?.parse().ok()?;
    let treated_as = wire::treatment(bracket_after(after, "treated as")?)?;
    Some(MissingData { periods, treated_as })
}

/// What stands in the first `[…]` after these words.
fn bracket_after<'a>(reason: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = reason.split_once(words)?;
    let (_, rest) = rest.split_once('[')?;
    rest.split_once(']').map(|(inside, _)| inside)
}

/// The number that follows these words.
fn number_after(reason: &str, words: &str) -> Option<u32> {
    let (_, rest) = reason.split_once(words)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::TreatMissingData;

    fn points(sentence: &Sentence) -> Vec<(f64, Option<i64>)> {
        sentence.datapoints.iter().map(|point| (point.value, point.start_ms)).collect()
    }

    #[test]
    fn a_crossing_gives_values_times_comparison_threshold_and_periods() {
        let reading = read_sentence(
            "Threshold Crossed: 2 out of the last 3 datapoints [7.5 (19/06/24 18:45:00), 6.0 (19/06/24 18:40:00)] \
             were greater than or equal to the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).",
        );
        assert_eq!(points(&reading), [(7.5, Some(1_718_822_700_000)), (6.0, Some(1_718_822_400_000))]);
        assert_eq!(reading.comparison, Some(ComparisonOperator::GreaterThanOrEqualTo));
        assert_eq!(reading.threshold, Some(Threshold::Value(5.0)));
        assert_eq!((reading.evaluation_periods, reading.datapoints_to_alarm), (Some(3), Some(2)));
        assert_eq!(reading.missing_data, None);
    }

    #[test]
    fn the_way_back_tells_datapoints_to_alarm_too() {
        let reading = read_sentence(
            "Threshold Crossed: 1 out of the last 3 datapoints [0.0 (02/10/19 16:59:00)] was not greater than the \
             threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition).",
        );
        assert_eq!(reading.comparison, Some(ComparisonOperator::GreaterThan));
        assert_eq!((reading.evaluation_periods, reading.datapoints_to_alarm), (Some(3), Some(3)));
    }

    #[test]
    fn the_short_sentence_names_no_periods_and_none_are_made_up() {
        let reading = read_sentence(
            "Threshold Crossed: 1 datapoint [1.0 (02/02/25 12:05:00)] was less than the threshold (2.0).",
        );
        assert_eq!(points(&reading), [(1.0, Some(1_738_497_900_000))]);
        assert_eq!(reading.comparison, Some(ComparisonOperator::LessThan));
        assert_eq!((reading.evaluation_periods, reading.datapoints_to_alarm), (None, None));
    }

    #[test]
    fn a_count_without_a_list_gives_the_most_recent_datapoints() {
        let reading = read_sentence(
            "Threshold Crossed: 5 datapoints were less than or equal to the threshold (80.0). The most recent \
             datapoints which crossed the threshold: [79.5 (03/09/25 06:24:00), 78.0 (03/09/25 06:23:00)].",
        );
        assert_eq!(reading.datapoints.len(), 2);
        assert_eq!(reading.comparison, Some(ComparisonOperator::LessThanOrEqualTo));
        assert_eq!(reading.threshold, Some(Threshold::Value(80.0)));
    }

    #[test]
    fn missing_data_is_told_with_what_it_was_taken_for() {
        let reading = read_sentence(
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
        );
        assert_eq!(
            reading.missing_data,
            Some(MissingData { periods: 2, treated_as: TreatMissingData::Breaching })
        );
        assert_eq!(reading.datapoints, []);
        let reading = read_sentence(
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
        );
        assert_eq!(
            reading.missing_data,
            Some(MissingData { periods: 1, treated_as: TreatMissingData::NotBreaching })
        );
    }

    #[test]
    fn a_band_gives_its_limits() {
        let reading = read_sentence(
            "Thresholds Crossed: 1 out of the last 1 datapoints [0.0 (03/10/19 15:58:00)] was less than the lower \
             thresholds [0.02] or greater than the upper thresholds [0.3] (minimum 1 datapoint for OK -> ALARM transition).",
        );
        assert_eq!(reading.comparison, Some(ComparisonOperator::OutsideBand));
        assert_eq!(reading.threshold, Some(Threshold::Band { lower: Some(0.02), upper: Some(0.3) }));
        let reading = read_sentence(
            "Thresholds Crossed: 1 out of the last 1 datapoints [239.0 (25/07/24 07:21:00)] was greater than the upper \
             thresholds [225.71] (minimum 1 datapoint for OK -> ALARM transition).",
        );
        assert_eq!(reading.comparison, Some(ComparisonOperator::AboveBand));
        assert_eq!(reading.threshold, Some(Threshold::Band { lower: None, upper: Some(225.71) }));
    }

    #[test]
    fn a_sentence_that_cloudwatch_did_not_write_gives_nothing() {
        for reason in [
            "test",
            "",
            "we saw 1 out of the last 1 datapoints [9.0] greater than the threshold (1.0)",
            "Insufficient Data: 5 datapoints were unknown.",
            "Unchecked: Initial alarm creation",
        ] {
            assert_eq!(read_sentence(reason), Sentence::default(), "{reason}");
        }
        for reason in [
            "Threshold Crossed:",
            "Threshold Crossed: datapoint [é",
            "Threshold Crossed: datapoint [x (] missing datapoint",
        ] {
            assert_eq!(read_sentence(reason), Sentence::default(), "{reason}");
        }
    }

    #[test]
    fn reason_data_turns_its_datapoints_newest_first() {
        let reading = read_data(
            r#"{"version":"1.0","statistic":"Sum","period":60,"recentDatapoints":[1.0,2.0,3.0],"threshold":1.0}"#,
        );
        assert_eq!(reading.datapoints.iter().map(|point| point.value).collect::<Vec<_>>(), [3.0, 2.0, 1.0]);
        assert_eq!((reading.period_s, reading.threshold), (Some(60), Some(Threshold::Value(1.0))));
        assert_eq!(reading.statistic.as_deref(), Some("Sum"));
    }

    #[test]
    fn time_series_are_counted_as_the_sentence_counts_them() {
        let of = |in_alarm, or_more, all| Some(TimeSeries { in_alarm, or_more, all });
        for (reason, reading) in [
            ("6 out of 12 time series evaluated to ALARM", of(6, false, Some(12))),
            ("Threshold Crossed: 1 out of 7 time series evaluated to ALARM", of(1, false, Some(7))),
            ("100+ time series evaluated to ALARM", of(100, true, None)),
            ("3 time series evaluated to OK", None),
            ("many time series evaluated to ALARM", None),
            ("6 out of <!here> time series evaluated to ALARM", None),
        ] {
            assert_eq!(read_time_series(reason), reading, "{reason}");
        }
    }

    #[test]
    fn query_results_are_read_from_the_sentence_and_from_the_data() {
        let reading = read_sentence(
            "Threshold Crossed: 3 out of the last 5 query results [142.0 (10/06/26 12:15:00), 135.0 (10/06/26 12:10:00)] \
             were greater than the threshold (100.0) (minimum 3 datapoints for OK -> ALARM transition).",
        );
        assert_eq!(points(&reading), [(142.0, Some(1_781_093_700_000)), (135.0, Some(1_781_093_400_000))]);
        assert_eq!((reading.evaluation_periods, reading.datapoints_to_alarm), (Some(5), Some(3)));
        let reading = read_data(
            r#"{"threshold":100.0,"queryResultsToEvaluate":5,"queryResultsToAlarm":3,"results":[{"status":"FAILED"},
               {"value":1.0,"timestamp":"2026-06-10T12:10:00.000+0000"},{"value":2.0,"timestamp":"2026-06-10T12:15:00.000+0000"}]}"#,
        );
        assert_eq!(reading.datapoints.iter().map(|point| point.value).collect::<Vec<_>>(), [2.0, 1.0]);
        assert_eq!((reading.results_to_evaluate, reading.results_to_alarm), (Some(5), Some(3)));
    }

    #[test]
    fn reason_data_of_the_wrong_shape_costs_only_itself() {
        let reading = read_data(
            r#"{"period":"soon","recentDatapoints":[null,4,"x"],"threshold":{},"triggeringAlarms":7}"#,
        );
        assert_eq!(reading.datapoints.len(), 1);
        assert_eq!((reading.period_s, reading.threshold), (None, None));
        assert_eq!(read_data("not json"), ReasonData::default());
        assert_eq!(read_data("[]"), ReasonData::default());
    }

    #[test]
    fn triggering_alarms_are_named_as_people_name_them() {
        let reading = read_data(
            r#"{"triggeringAlarms":[{"arn":"arn:aws:cloudwatch:us-east-1:111122223333:alarm:First child","state":{"value":"ALARM"}},{"arn":"odd"}]}"#,
        );
        assert_eq!(
            reading.triggering,
            [
                TriggeringAlarm { name: "First child".into(), state: Some(crate::alarm::AlarmState::Alarm) },
                TriggeringAlarm { name: "odd".into(), state: None },
            ]
        );
    }
}
