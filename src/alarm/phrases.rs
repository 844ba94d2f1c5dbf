//! Numbers, durations and conditions in the words that a person reads at night.
//!
//! Values in, plain text out. Names of metrics and labels of expressions pass through unescaped: they are
//! strangers' texts.

use super::change::{
    AlarmChange, ComparisonOperator, Condition, Contributor, Datapoint, MissingData, Threshold, TimeSeries,
    TreatMissingData, Watched,
};
use crate::words::duration;

/// Below the first of these one zero follows the point at least, below the second two, and so on.
const TENTHS: [f64; 12] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12];

/// A value without a trailing `.0`, with thousands separators, rounded to what informs:
/// `37`, `4,312`, `99.5`, `0.0206`. Not more than three decimals above one, not more than three digits below.
#[must_use]
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    let rounded = if magnitude >= 1_000.0 || magnitude == 0.0 {
        format!("{value:.1}")
    } else if magnitude >= 1.0 {
        format!("{value:.2}")
    } else {
        // Three digits that count, however many zeros stand before them. A logarithm would say how many, too, and
        // would be all that the function needs a library of its own for at its start.
        let zeros = TENTHS.iter().take_while(|tenth| magnitude < **tenth).count();
        let decimals = zeros + 3;
        format!("{value:.decimals$}")
    };
    let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let fraction = fraction.trim_end_matches('0');
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let sign = if digits == "0" && fraction.is_empty() { "" } else { sign };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", with_separators(digits))
}

/// A threshold as its author set it: not rounded.
#[must_use]
pub fn exact_number(value: f64) -> String {
    let written = format!("{value}");
    let (whole, fraction) = written.split_once('.').map_or((written.as_str(), None), |(w, f)| (w, Some(f)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{sign}{}{fraction}", with_separators(digits))
}

/// A value as [`number`] says it, unless that would look like the threshold that it is not.
#[must_use]
pub fn number_beside(value: f64, threshold: Option<Threshold>) -> String {
    let in_words = number(value);
    match threshold {
        #[allow(clippy::float_cmp, reason = "only the very threshold may look like it")]
        Some(Threshold::Value(threshold)) if value != threshold && in_words == exact_number(threshold) => {
            exact_number(value)
        }
        _ => in_words,
    }
}

/// A period of so many seconds: `10 s`, `1 min`, `5 min`, `1 h`, `1 day`.
#[must_use]
pub fn period(seconds: u64) -> String {
    duration(seconds.saturating_mul(1_000))
}

/// When a value breaches: `1 or more`, `less than 5`, `outside the band 0.02 to 0.3`.
/// `None` where there is no threshold, or a number without its comparison.
#[must_use]
pub fn condition(comparison: Option<ComparisonOperator>, threshold: Option<Threshold>) -> Option<String> {
    let band = |limit: Option<f64>| limit.map(number);
    Some(match (comparison, threshold?) {
        (Some(ComparisonOperator::GreaterThanOrEqualTo), Threshold::Value(t)) => {
            format!("{} or more", exact_number(t))
        }
        (Some(ComparisonOperator::GreaterThan), Threshold::Value(t)) => {
            format!("more than {}", exact_number(t))
        }
        (Some(ComparisonOperator::LessThan), Threshold::Value(t)) => format!("less than {}", exact_number(t)),
        (Some(ComparisonOperator::LessThanOrEqualTo), Threshold::Value(t)) => {
            format!("{} or less", exact_number(t))
        }
        (Some(ComparisonOperator::AboveBand), Threshold::Band { upper, .. }) => match band(upper) {
            Some(upper) => format!("above the band, which ends at {upper}"),
            None => "above the band".to_owned(),
        },
        (Some(ComparisonOperator::BelowBand), Threshold::Band { lower, .. }) => match band(lower) {
            Some(lower) => format!("below the band, which begins at {lower}"),
            None => "below the band".to_owned(),
        },
        (_, Threshold::Band { lower, upper }) => match (band(lower), band(upper)) {
            (Some(lower), Some(upper)) => format!("outside the band {lower} to {upper}"),
            _ => "outside the band".to_owned(),
        },
        (_, Threshold::Value(_)) => return None,
    })
}

/// `1 of 1 periods`, `3 periods`, of a log alarm `3 of 5 query results`; `None` where the notification tells neither
/// number.
#[must_use]
pub fn periods(change: &AlarmChange) -> Option<String> {
    let Condition { datapoints_to_alarm, evaluation_periods, .. } = change.condition;
    let all = evaluation_periods?;
    let noun = match change.watched {
        Watched::LogQuery(_) => "query results",
        _ => "periods",
    };
    // With one period there is only one way.
    let needed = datapoints_to_alarm.or((all == 1).then_some(1));
    Some(match (needed, all) {
        (Some(needed), all) => format!("{needed} of {all} {noun}"),
        (None, all) => format!("{all} {noun}"),
    })
}

/// What tells a contributor from the others: `Resource /v1/orders, Stage prod`.
#[must_use]
pub fn contributor(contributor: &Contributor) -> String {
    let attribute = |(name, value): &(String, String)| format!("{name} {value}").trim_end().to_owned();
    match contributor.attributes.as_slice() {
        [] if contributor.id.is_empty() => "one time series".to_owned(),
        [] => format!("contributor {}", contributor.id),
        attributes => attributes.iter().map(attribute).collect::<Vec<_>>().join(", "),
    }
}

/// How many of an alarm's contributors are in ALARM: `6 of 12 contributors in ALARM`.
#[must_use]
pub fn contributors(count: TimeSeries) -> String {
    let more = if count.or_more { " or more" } else { "" };
    match (count.all, count.in_alarm) {
        (Some(all), in_alarm) => format!("{in_alarm} of {all} contributors in ALARM"),
        (None, 1) if !count.or_more => "1 contributor in ALARM".to_owned(),
        (None, in_alarm) => format!("{in_alarm}{more} contributors in ALARM"),
    }
}

/// The value of a contributor beside its threshold: `12 over 5`, `3 under 5`, `12 (threshold: 5 or more)`.
/// `None` where there is no value.
#[must_use]
pub fn against_threshold(change: &AlarmChange) -> Option<String> {
    let Condition { comparison, threshold, .. } = change.condition;
    let value = number_beside(decisive_datapoint(change)?.value, threshold);
    Some(match (comparison, threshold) {
        (Some(ComparisonOperator::GreaterThan), Some(Threshold::Value(t))) => {
            format!("{value} over {}", exact_number(t))
        }
        (Some(ComparisonOperator::LessThan), Some(Threshold::Value(t))) => {
            format!("{value} under {}", exact_number(t))
        }
        _ => match condition(comparison, threshold) {
            Some(condition) => format!("{value} (threshold: {condition})"),
            None => value,
        },
    })
}

/// What was counted, with its value and its period: `37 errors in 1 min`, `CPUUtilization 99.5 %, average over 5 min`.
/// `None` where it cannot be put in words: then the reason has to speak for itself.
#[must_use]
pub fn counted(change: &AlarmChange) -> Option<String> {
    let period_s = change.condition.period_s;
    let Some(decisive) = decisive_datapoint(change) else {
        let is_log_alarm = matches!(change.watched, Watched::LogQuery(_));
        return change.missing_data.map(|missing| match period_s {
            _ if is_log_alarm => missing_results(missing),
            period_s => missing_data(missing, period_s),
        });
    };
    let over = period_s.map(period);
    let value = number_beside(decisive.value, change.condition.threshold);
    match &change.watched {
        Watched::Metric(metric) => {
            let statistic = metric.statistic.as_deref().unwrap_or_default();
            let is_count = matches!(statistic, "Sum" | "SampleCount") && decisive.value.fract() == 0.0;
            if is_count && counts_errors(&metric.name) {
                let noun = if value == "1" { "error" } else { "errors" };
                let within = over.map(|over| format!(" in {over}")).unwrap_or_default();
                return Some(format!("{value} {noun}{within}"));
            }
            let unit = metric.unit.as_deref().map(unit_sign).unwrap_or_default();
            let how = match (statistic_word(statistic), over) {
                ("", None) => String::new(),
                ("", Some(over)) => format!(" over {over}"),
                (word, None) => format!(", {word}"),
                (word, Some(over)) => format!(", {word} over {over}"),
            };
            Some(format!("{} {value}{unit}{how}", metric.name))
        }
        Watched::Expression { expression, label } => {
            let name = label.as_deref().unwrap_or(expression);
            let how = over.map(|over| format!(" over {over}")).unwrap_or_default();
            Some(format!("{name} {value}{how}"))
        }
        Watched::LogQuery(query) => {
            Some(format!("{} {value}", query.aggregation.as_deref().unwrap_or("query result")))
        }
        Watched::Composite { .. } | Watched::Unknown => None,
    }
}

/// The datapoint that speaks for the change: the newest that breaches, or else the newest.
#[must_use]
pub fn decisive_datapoint(change: &AlarmChange) -> Option<Datapoint> {
    let breaches = |point: &&Datapoint| match (change.condition.comparison, change.condition.threshold) {
        (Some(comparison), Some(Threshold::Value(threshold))) => {
            comparison.breaches(point.value, threshold).unwrap_or(false)
        }
        _ => false,
    };
    change.datapoints.iter().find(breaches).or_else(|| change.datapoints.first()).copied()
}

fn missing_results(missing: MissingData) -> String {
    let counts_as = counts_as(missing.treated_as);
    format!("{} missing{counts_as}", crate::words::count(u64::from(missing.periods), "query result"))
}

fn counts_as(treatment: TreatMissingData) -> &'static str {
    match treatment {
        TreatMissingData::Breaching => ", which counts as breaching",
        TreatMissingData::NotBreaching => ", which counts as not breaching",
        TreatMissingData::Missing | TreatMissingData::Ignore => "",
    }
}

fn missing_data(missing: MissingData, period_s: Option<u64>) -> String {
    let counts_as = counts_as(missing.treated_as);
    match period_s {
        Some(seconds) => {
            format!("no data for {}{counts_as}", period(seconds.saturating_mul(u64::from(missing.periods))))
        }
        None if missing.periods == 1 => format!("no data for 1 period{counts_as}"),
        None => format!("no data for {} periods{counts_as}", missing.periods),
    }
}

/// Whether a metric of this name counts errors: `4XXError`, `4xx5xxError`, `ErrorCount`, `HTTPCode_Target_5XX_Count`.
fn counts_errors(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["error", "4xx", "5xx"].iter().any(|part| name.contains(part))
}

fn statistic_word(statistic: &str) -> &str {
    match statistic {
        "Sum" => "sum",
        "Average" => "average",
        "Minimum" => "minimum",
        "Maximum" => "maximum",
        "SampleCount" => "samples",
        other => other,
    }
}

fn unit_sign(unit: &str) -> &'static str {
    match unit {
        "Percent" => " %",
        "Seconds" => " s",
        "Milliseconds" => " ms",
        "Microseconds" => " µs",
        "Bytes" => " bytes",
        _ => "",
    }
}

fn with_separators(digits: &str) -> String {
    let mut separated = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            separated.push(',');
        }
        separated.push(digit);
    }
    separated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::AlarmState;
    use crate::alarm::change::LogQuery;

    #[test]
    fn numbers_lose_what_does_not_inform() {
        for (value, in_words) in [
            (37.0, "37"),
            (1.0, "1"),
            (0.0, "0"),
            (-0.0, "0"),
            (4_312.0, "4,312"),
            (1_234_567.0, "1,234,567"),
            (-4_312.5, "-4,312.5"),
            (99.501_602, "99.5"),
            (50.004, "50"),
            (999.999, "1,000"),
            (0.066_685_190_330_647_2, "0.0667"),
            (0.020_599, "0.0206"),
            (0.5, "0.5"),
            (0.1, "0.1"),
            (0.01, "0.01"),
            (-0.009_999_9, "-0.01"),
            (0.099_96, "0.1"),
            (1e-9, "0.000000001"),
            (2.345e-12, "0.00000000000234"),
            (9.9e-13, "0.00000000000099"),
        ] {
            assert_eq!(number(value), in_words, "{value}");
        }
    }

    #[test]
    fn a_value_never_looks_like_the_threshold_that_it_crossed() {
        assert_eq!(number_beside(50.004, Some(Threshold::Value(50.0))), "50.004");
        assert_eq!(number_beside(50.0, Some(Threshold::Value(50.0))), "50");
        assert_eq!(number_beside(99.501_602, Some(Threshold::Value(50.0))), "99.5");
    }

    #[test]
    fn thresholds_are_said_as_they_were_set() {
        for (value, in_words) in
            [(1.0, "1"), (10_000.0, "10,000"), (99.999, "99.999"), (0.05, "0.05"), (-3.5, "-3.5")]
        {
            assert_eq!(exact_number(value), in_words);
        }
    }

    #[test]
    fn periods_are_said_in_their_own_unit() {
        for (seconds, in_words) in [
            (10, "10 s"),
            (30, "30 s"),
            (60, "1 min"),
            (90, "1 min 30 s"),
            (300, "5 min"),
            (3_600, "1 h"),
            (86_400, "1 day"),
        ] {
            assert_eq!(period(seconds), in_words);
        }
    }

    #[test]
    fn every_comparison_has_its_words() {
        use ComparisonOperator as C;
        let band = |lower, upper| Some(Threshold::Band { lower, upper });
        for (comparison, threshold, in_words) in [
            (Some(C::GreaterThanOrEqualTo), Some(Threshold::Value(1.0)), Some("1 or more")),
            (Some(C::GreaterThan), Some(Threshold::Value(50.0)), Some("more than 50")),
            (Some(C::LessThan), Some(Threshold::Value(5.0)), Some("less than 5")),
            (Some(C::LessThanOrEqualTo), Some(Threshold::Value(0.5)), Some("0.5 or less")),
            (Some(C::OutsideBand), band(Some(0.02), Some(0.3)), Some("outside the band 0.02 to 0.3")),
            (Some(C::OutsideBand), band(None, None), Some("outside the band")),
            (Some(C::AboveBand), band(None, Some(225.714)), Some("above the band, which ends at 225.71")),
            (Some(C::AboveBand), band(None, None), Some("above the band")),
            (Some(C::BelowBand), band(Some(2.0), None), Some("below the band, which begins at 2")),
            (Some(C::BelowBand), band(None, None), Some("below the band")),
            (None, band(None, None), Some("outside the band")),
            (None, Some(Threshold::Value(1.0)), None),
            (Some(C::GreaterThan), None, None),
            (Some(C::AboveBand), Some(Threshold::Value(1.0)), None),
        ] {
            assert_eq!(condition(comparison, threshold).as_deref(), in_words, "{comparison:?} {threshold:?}");
        }
    }

    fn change(
        evaluation_periods: Option<u32>,
        datapoints_to_alarm: Option<u32>,
        watched: Watched,
    ) -> AlarmChange {
        let condition = Condition { evaluation_periods, datapoints_to_alarm, ..Condition::default() };
        AlarmChange {
            watched,
            condition,
            ..crate::alarm::memory::tests::change(AlarmState::Alarm, 0, AlarmState::Ok)
        }
    }

    #[test]
    fn periods_are_counted_only_as_far_as_they_are_told() {
        let in_words = |m, n| periods(&change(n, m, Watched::Unknown));
        assert_eq!(in_words(Some(2), Some(3)).as_deref(), Some("2 of 3 periods"));
        assert_eq!(in_words(None, Some(1)).as_deref(), Some("1 of 1 periods"));
        assert_eq!(in_words(None, Some(3)).as_deref(), Some("3 periods"));
        assert_eq!(in_words(Some(1), None), None);
        let log_alarm = change(Some(5), Some(3), Watched::LogQuery(LogQuery::default()));
        assert_eq!(periods(&log_alarm).as_deref(), Some("3 of 5 query results"));
    }

    #[test]
    fn a_log_alarm_without_results_says_so_in_results() {
        let missing = MissingData { periods: 2, treated_as: TreatMissingData::Breaching };
        let mut log_alarm = change(None, None, Watched::LogQuery(LogQuery::default()));
        log_alarm.missing_data = Some(missing);
        log_alarm.condition.period_s = Some(300);
        assert_eq!(
            counted(&log_alarm).as_deref(),
            Some("2 query results missing, which counts as breaching")
        );
    }

    #[test]
    fn contributors_are_counted_and_named_as_far_as_they_are_told() {
        let count = |in_alarm, or_more, all| contributors(TimeSeries { in_alarm, or_more, all });
        assert_eq!(count(6, false, Some(12)), "6 of 12 contributors in ALARM");
        assert_eq!(count(100, true, None), "100 or more contributors in ALARM");
        assert_eq!(count(1, false, None), "1 contributor in ALARM");
        let named = |id: &str, attributes: &[(&str, &str)]| {
            let attributes = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            contributor(&Contributor { id: id.to_owned(), attributes })
        };
        assert_eq!(named("6d44", &[("Resource", "/v1"), ("Stage", "")]), "Resource /v1, Stage");
        assert_eq!(named("6d44", &[]), "contributor 6d44");
        assert_eq!(named("", &[]), "one time series");
    }

    #[test]
    fn a_contributors_value_stands_beside_its_threshold() {
        use ComparisonOperator as C;
        for (comparison, in_words) in [
            (Some(C::GreaterThan), "12 over 5"),
            (Some(C::LessThan), "12 under 5"),
            (Some(C::GreaterThanOrEqualTo), "12 (threshold: 5 or more)"),
            (None, "12"),
        ] {
            let mut change = change(None, None, Watched::Unknown);
            change.condition =
                Condition { comparison, threshold: Some(Threshold::Value(5.0)), ..Condition::default() };
            change.datapoints = vec![Datapoint { value: 12.0, start_ms: None }];
            assert_eq!(against_threshold(&change).as_deref(), Some(in_words));
        }
        assert_eq!(against_threshold(&change(None, None, Watched::Unknown)), None);
    }
}
