//! The settings of a log alarm, as its change tells them: which log groups it asks what, how often, and when that is
//! an ALARM.
//!
//! EventBridge and the direct action write them in camel case, `PutLogAlarm` in Pascal case and one level deeper. What
//! SNS sends is not documented; the API's spelling is taken there, too.

use super::change::{ComparisonOperator, LogQuery, TreatMissingData};
use super::wire::{self, Members};

/// At most so many log groups are kept: a link opens no more.
const MAX_LOG_GROUPS: usize = 50;

/// What a log alarm asks, and when it goes off.
#[derive(Debug, Default, PartialEq)]
pub(super) struct LogAlarm {
    pub(super) query: LogQuery,
    pub(super) comparison: Option<ComparisonOperator>,
    pub(super) threshold: Option<f64>,
    pub(super) treat_missing_data: Option<TreatMissingData>,
    pub(super) results_to_evaluate: Option<u32>,
    pub(super) results_to_alarm: Option<u32>,
    /// The time from one query to the next, or the time that one looks at where that is longer; in seconds.
    pub(super) period_s: Option<u64>,
}

/// Reads an alarm's configuration; `None` where it is no log alarm's. Log groups of this Region and account are given
/// by their names.
pub(super) fn read(
    configuration: Members<'_>,
    region: Option<&str>,
    account: Option<&str>,
) -> Option<LogAlarm> {
    let outer = configuration;
    let inner = Members::of(outer.value("scheduledQueryConfiguration"));
    let either = |name: &str| outer.text(name).or_else(|| inner.text(name));
    let query_string = either("queryString");
    let log_groups: Vec<&str> =
        [outer, inner].iter().flat_map(|place| place.strings("logGroupIdentifiers")).collect();
    let results_to_evaluate = wire::count(outer.number("queryResultsToEvaluate"));
    if query_string.is_none() && log_groups.is_empty() && results_to_evaluate.is_none() {
        return None;
    }
    Some(LogAlarm {
        query: LogQuery {
            log_groups: log_groups
                .into_iter()
                .filter_map(|identifier| log_group(identifier, region, account))
                .take(MAX_LOG_GROUPS)
                .collect(),
            query: query_string.unwrap_or_default(),
            aggregation: either("aggregationExpression"),
        },
        comparison: outer.string("comparisonOperator").and_then(ComparisonOperator::from_name),
        threshold: outer.number("threshold"),
        treat_missing_data: outer.string("treatMissingData").and_then(wire::treatment),
        results_to_evaluate,
        results_to_alarm: wire::count(outer.number("queryResultsToAlarm")),
        period_s: schedule(outer).or_else(|| schedule(inner)).and_then(period_seconds),
    })
}

/// Whether a text can name a run of a query.
pub(super) fn is_execution(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=256).contains(&id.len()) && id.bytes().all(allowed)
}

fn schedule(configuration: Members<'_>) -> Option<Members<'_>> {
    configuration.object("schedule").or_else(|| configuration.object("scheduleConfiguration"))
}

/// The offsets are seconds before the query runs.
fn period_seconds(schedule: Members<'_>) -> Option<u64> {
    let expression = schedule.string("expression").or_else(|| schedule.string("scheduleExpression"));
    let end = schedule.number("endTimeOffset").unwrap_or_default();
    let span_s = wire::whole(schedule.number("startTimeOffset").map(|start| start - end));
    expression.and_then(rate_seconds).max(span_s)
}

/// A log group's name, or its ARN where it is not of this Region and account; `None` where it is neither.
fn log_group(identifier: &str, region: Option<&str>, account: Option<&str>) -> Option<String> {
    let identifier = identifier.trim();
    let is_name = |name: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-/#".contains(&b);
        (1..=512).contains(&name.len()) && name.bytes().all(allowed)
    };
    let Some(arn) = identifier.strip_prefix("arn:") else {
        return is_name(identifier).then(|| identifier.to_owned());
    };
    let arn = arn.strip_suffix(":*").unwrap_or(arn);
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [partition, "logs", its_region, its_account, "log-group", name] = parts.as_slice() else {
        return None;
    };
    let is_partition = partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if !is_partition || !is_name(name) || wire::region_code(its_region).is_none() {
        return None;
    }
    wire::account_number(its_account)?;
    let is_home = region.is_none_or(|region| region == *its_region)
        && account.is_none_or(|account| account == *its_account);
    Some(if is_home { (*name).to_owned() } else { format!("arn:{arn}") })
}

/// `rate(5 minutes)` in seconds.
fn rate_seconds(expression: &str) -> Option<u64> {
    let (number, unit) =
        expression.trim().strip_prefix("rate(")?.strip_suffix(')')?.trim().split_once(' ')?;
    let seconds = match unit.trim().trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn settings_are_read_as_the_event_and_as_the_api_write_them() {
        let event = json!({"logGroupIdentifiers": ["g"], "queryString": "q", "aggregationExpression": "count(*)",
            "schedule": {"expression": "rate(5 minutes)", "startTimeOffset": 600, "endTimeOffset": 60},
            "threshold": 100.0, "comparisonOperator": "GreaterThanThreshold", "treatMissingData": "missing",
            "queryResultsToEvaluate": 5, "queryResultsToAlarm": 3});
        let api = json!({"ScheduledQueryConfiguration": {"LogGroupIdentifiers": ["g"], "QueryString": "q",
            "AggregationExpression": "count(*)",
            "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 600, "EndTimeOffset": 60}},
            "Threshold": 100.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing",
            "QueryResultsToEvaluate": 5, "QueryResultsToAlarm": 3});
        let read = |configuration: &Value| read(Members::of(configuration), None, None);
        let read_event = read(&event).unwrap();
        assert_eq!(read_event.period_s, Some(540));
        assert_eq!(read(&api), Some(read_event));
        for other in
            [json!({"metrics": []}), json!({"alarmRule": "ALARM(a)"}), json!(null), json!({"threshold": 1})]
        {
            assert_eq!(read(&other), None, "{other}");
        }
        let odd = json!({"queryString": "q", "threshold": "x", "schedule": 7, "logGroupIdentifiers": "g"});
        assert_eq!(read(&odd).unwrap().query.query, "q");
    }

    #[test]
    fn a_log_group_is_named_and_one_from_elsewhere_keeps_its_arn() {
        let of = |identifier| log_group(identifier, Some("eu-west-1"), Some("111122223333"));
        assert_eq!(of("/aws/lambda/f").as_deref(), Some("/aws/lambda/f"));
        assert_eq!(
            of("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*").as_deref(),
            Some("/aws/lambda/f")
        );
        let elsewhere = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:f";
        assert_eq!(of(elsewhere).as_deref(), Some(elsewhere));
        for none in [
            "",
            "<!here>",
            "a b",
            "arn:aws:s3:::bucket",
            "arn:aws:logs:eu-west-1:111122223333:log-group:<!here>",
            "arn:aws:logs:<x>:111122223333:log-group:f",
            "arn:aws:logs:eu-west-1:x:log-group:f",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn a_rate_is_read_and_other_schedules_are_not_guessed() {
        for (expression, seconds) in [
            ("rate(1 minute)", Some(60)),
            ("rate(5 minutes)", Some(300)),
            ("rate(2 hours)", Some(7_200)),
            ("rate(1 day)", Some(86_400)),
            ("cron(0 2 * * ? *)", None),
            ("rate(99999999999999999999 days)", None),
            ("rate(5)", None),
        ] {
            assert_eq!(rate_seconds(expression), seconds, "{expression}");
        }
    }
}
