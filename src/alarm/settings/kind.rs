//! Which kind of alarm the settings are of: one on a single metric goes on to the evaluation, any other is refused by
//! its name.

use serde_json::{Map, Value};

use super::SettingsError;
use super::fields::is_set;
use crate::alarm::metric::Statistic;

/// The lists of `describe-alarms`.
const LISTS: [&str; 3] = ["MetricAlarms", "CompositeAlarms", "LogAlarms"];

/// Fields by which a kind is known whatever else stands there.
const MARKS: [(&str, &str); 9] = [
    ("AlarmRule", COMPOSITE),
    ("ActionsSuppressor", COMPOSITE),
    ("ScheduledQueryConfiguration", LOG),
    ("QueryResultsToEvaluate", LOG),
    ("QueryResultsToAlarm", LOG),
    ("LogGroupIdentifiers", LOG),
    ("QueryString", LOG),
    ("AggregationExpression", LOG),
    ("ThresholdMetricId", ANOMALY),
];

const COMPOSITE: &str = "a composite alarm";
const LOG: &str = "a log alarm";
const ANOMALY: &str = "an anomaly detection alarm";

/// The alarm itself, out of the output of `describe-alarms` where it is one.
pub(super) fn one_alarm(mut fields: Map<String, Value>) -> Result<Map<String, Value>, SettingsError> {
    if !LISTS.iter().any(|list| fields.contains_key(*list)) {
        return Ok(fields);
    }
    let mut alarms = Vec::new();
    for list in LISTS {
        match fields.remove(list) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => alarms.extend(items.into_iter().map(|alarm| (list, alarm))),
            Some(_) => return Err(SettingsError::WrongType { field: list, expected: "a list" }),
        }
    }
    let found = alarms.len();
    match alarms.pop() {
        Some((list, Value::Object(alarm))) if found == 1 => match list {
            "CompositeAlarms" => Err(SettingsError::UnsupportedKind { kind: COMPOSITE }),
            "LogAlarms" => Err(SettingsError::UnsupportedKind { kind: LOG }),
            _ => Ok(alarm),
        },
        Some(_) if found == 1 => Err(SettingsError::NotAnObject),
        _ => Err(SettingsError::NotOneAlarm { found }),
    }
}

/// The settings of an alarm on one metric, whose fields stand beside the others, not in a list.
pub(super) fn one_metric(mut fields: Map<String, Value>) -> Result<Map<String, Value>, SettingsError> {
    let refuse = |kind| Err(SettingsError::UnsupportedKind { kind });
    if let Some((_, kind)) = MARKS.iter().find(|(mark, _)| is_set(fields.get(*mark))) {
        return refuse(kind);
    }
    if let Some(criteria) = fields.get("EvaluationCriteria").filter(|criteria| is_set(Some(criteria))) {
        let is_promql = criteria.as_object().is_some_and(|criteria| criteria.contains_key("PromQLCriteria"));
        return refuse(if is_promql { "a PromQL alarm" } else { "an alarm with `EvaluationCriteria`" });
    }
    let Some(Value::Array(queries)) = fields.get("Metrics").filter(|metrics| is_set(Some(metrics))) else {
        return Ok(fields);
    };
    let expressions = || queries.iter().filter_map(|query| query.get("Expression")?.as_str());
    if let Some(kind) = expressions().map(kind_of).max_by_key(|kind| *kind == ANOMALY) {
        return refuse(kind);
    }
    let metric = match queries.as_slice() {
        [query] => query.get("MetricStat").cloned(),
        _ => None,
    };
    let Some(Value::Object(mut stat)) = metric else { return refuse("an alarm on several metrics") };
    fields.remove("Metrics");
    if let Some(Value::Object(metric)) = stat.remove("Metric") {
        fields.extend(metric);
    }
    if let Some(statistic) = stat.remove("Stat") {
        let is_plain = Statistic::NAMES.iter().any(|(name, _)| statistic == *name);
        fields.insert(if is_plain { "Statistic" } else { "ExtendedStatistic" }.to_owned(), statistic);
    }
    // What is left, `Period` and `Unit`, has the same names there. An unknown field is found as one.
    fields.extend(stat);
    Ok(fields)
}

fn kind_of(expression: &str) -> &'static str {
    let words: Vec<String> = expression.split_whitespace().map(str::to_ascii_uppercase).collect();
    let is_grouped =
        words.windows(2).any(|pair| matches!(pair, [group, by] if group == "GROUP" && by == "BY"));
    match words.first().map(String::as_str) {
        Some("SELECT") if is_grouped => "a Metrics Insights alarm with GROUP BY",
        Some("SELECT") => "a Metrics Insights alarm",
        Some(first) if first.starts_with("ANOMALY_DETECTION_BAND(") => ANOMALY,
        _ => "a metric math alarm",
    }
}

#[cfg(test)]
mod tests {
    use crate::alarm::{AlarmSettings, Statistic};
    use serde_json::{Value, json};

    fn read(settings: &Value) -> Result<AlarmSettings, String> {
        AlarmSettings::from_json(settings.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_kind_that_cannot_be_evaluated_is_refused_by_its_name() {
        let expression =
            |expression: &str| json!({"Metrics": [{"Id": "e1", "Expression": expression, "Period": 60}]});
        for (settings, kind) in [
            (json!({"AlarmName": "c", "AlarmRule": "ALARM(a)"}), "a composite alarm"),
            (json!({"MetricAlarms": [], "CompositeAlarms": [{"AlarmName": "c"}]}), "a composite alarm"),
            (json!({"LogAlarms": [{"AlarmName": "l"}]}), "a log alarm"),
            (
                json!({"ScheduledQueryConfiguration": {"QueryString": "q"}, "QueryResultsToAlarm": 1}),
                "a log alarm",
            ),
            (
                json!({"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 60}}}),
                "a PromQL alarm",
            ),
            (json!({"EvaluationCriteria": {"Later": {}}}), "an alarm with `EvaluationCriteria`"),
            (expression("m1 / m2"), "a metric math alarm"),
            (expression("SELECT SUM(\"5XXError\") FROM \"AWS/ApiGateway\""), "a Metrics Insights alarm"),
            (
                expression("select SUM(x) from y\ngroup  by Resource"),
                "a Metrics Insights alarm with GROUP BY",
            ),
            (
                json!({"Metrics": [{"Id": "m1", "MetricStat": {}}, {"Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}]}),
                "an anomaly detection alarm",
            ),
            (json!({"ThresholdMetricId": "ad1"}), "an anomaly detection alarm"),
            (json!({"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}]}), "an alarm on several metrics"),
        ] {
            let error_text = format!(
                "{kind} cannot be evaluated; backtest evaluates an alarm on one metric with a threshold"
            );
            assert_eq!(read(&settings).unwrap_err(), error_text, "{settings}");
        }
    }

    #[test]
    fn one_metric_in_the_list_of_metrics_is_that_metric() {
        let of = |stat: &str| {
            read(&json!({
                "Metrics": [{"Id": "m1", "ReturnData": true, "MetricStat": {
                    "Metric": {"Namespace": "Api", "MetricName": "5xx", "Dimensions": []},
                    "Period": 300, "Stat": stat, "Unit": "Count"}}],
                "EvaluationPeriods": 3, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"
            }))
        };
        let settings = of("Sum").unwrap();
        assert_eq!((settings.period_s, settings.statistic), (300, Statistic::Sum));
        assert_eq!((settings.metric_name.as_deref(), settings.unit.as_deref()), (Some("5xx"), Some("Count")));
        assert!(of("p99").unwrap_err().starts_with("`ExtendedStatistic` is set: percentiles"));
    }
}
