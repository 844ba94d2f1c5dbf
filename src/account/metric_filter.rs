//! The metric filter that publishes what an alarm looks at, or the one of a log group.
//!
//! What a filter publishes that cannot be played, or that the alarm never sees, is refused here, by its name.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Operation;
use super::{Account, AccountError, MAX_PAGES};
use crate::alarm::AlarmSettings;
use crate::backtest::Published;

/// Names that an error lists.
const MAX_LISTED: usize = 10;
/// Of what a filter publishes without one.
const NO_UNIT: &str = "None";

/// A metric filter that can be played.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFilter {
    /// Its name.
    pub name: String,
    /// Its filter pattern.
    pub pattern: String,
    /// What it publishes.
    pub published: Published,
}

/// Which metric filter is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted<'a> {
    /// The alarm that looks at what it publishes. One that names no metric looks at any.
    pub alarm: &'a AlarmSettings,
    /// Its name.
    pub name: Option<&'a str>,
    /// The log groups that are tested. Where there is none, any log group's filter of the metric will do.
    pub log_groups: &'a [String],
}

impl<'a> Wanted<'a> {
    /// Name space and name of the metric that it publishes.
    fn metric(self) -> Option<(&'a str, &'a str)> {
        self.alarm.namespace.as_deref().zip(self.alarm.metric_name.as_deref())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    metric_filters: Vec<Filter>,
    next_token: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    #[serde(default, rename = "filterName")]
    name: String,
    #[serde(default, rename = "filterPattern")]
    pattern: String,
    #[serde(default)]
    metric_transformations: Vec<Transformation>,
    #[serde(default)]
    apply_on_transformed_logs: bool,
    #[serde(default)]
    field_selection_criteria: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transformation {
    #[serde(default)]
    metric_name: String,
    #[serde(default)]
    metric_namespace: String,
    #[serde(default)]
    metric_value: String,
    default_value: Option<f64>,
    unit: Option<String>,
    #[serde(default)]
    dimensions: serde_json::Map<String, Value>,
}

impl Account {
    /// The one metric filter that is meant. Of several log groups each must have one, and all must be alike.
    pub async fn metric_filter(&self, wanted: Wanted<'_>) -> Result<MetricFilter, AccountError> {
        let mut chosen = Vec::new();
        let anywhere = wanted.log_groups.is_empty().then_some(None);
        for log_group in wanted.log_groups.iter().map(Some).chain(anywhere) {
            let found = self.filters(wanted, log_group.map(String::as_str)).await?;
            let known = listed(found.iter().map(|filter| filter.name.as_str()));
            let fitting: Vec<_> = found
                .into_iter()
                .filter(|filter| wanted.name.is_none_or(|name| name == filter.name))
                .filter_map(|filter| playable(filter, wanted))
                .collect();
            match (fitting.len(), wanted.name) {
                (0, Some(name)) if !known.is_empty() => {
                    let (name, log_group) = (name.to_owned(), log_group.cloned());
                    return Err(AccountError::NoFilterNamed { name, log_group, known });
                }
                (0, _) => return Err(none(wanted, log_group)),
                // Several filters of one log group may publish one metric: it is the sum of them, which is not played.
                (2.., _) if log_group.is_some() => return Err(AccountError::SeveralFilters(known)),
                _ => chosen.extend(fitting),
            }
        }
        let mut chosen = chosen.into_iter().collect::<Result<Vec<_>, _>>()?;
        let first = chosen.first().cloned();
        let first = first.ok_or_else(|| none(wanted, None))?;
        chosen.retain(|filter| (&filter.pattern, filter.published) != (&first.pattern, first.published));
        match chosen.first() {
            None => Ok(first),
            Some(other) => Err(AccountError::FiltersDiffer(listed(
                [first.name.as_str(), other.name.as_str()].into_iter(),
            ))),
        }
    }

    /// Those of a log group, or of all log groups; where a metric is asked for, those that publish it.
    async fn filters(
        &self,
        wanted: Wanted<'_>,
        log_group: Option<&str>,
    ) -> Result<Vec<Filter>, AccountError> {
        let operation = Operation::DescribeMetricFilters;
        let (mut filters, mut token): (Vec<Filter>, Option<String>) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let mut request = json!({ "limit": 50 });
            let mut put = |name: &str, value: &str| {
                if let Some(request) = request.as_object_mut() {
                    request.insert(name.to_owned(), value.into());
                }
            };
            if let Some(log_group) = log_group {
                put("logGroupName", plain_name(log_group));
            } else if let Some((namespace, name)) = wanted.metric() {
                put("metricNamespace", namespace);
                put("metricName", name);
            }
            if let Some(token) = &token {
                put("nextToken", token);
            }
            let answer = self.call(operation, &request.to_string()).await?;
            let answer =
                answer.ok_or_else(|| AccountError::NoGroup(log_group.unwrap_or_default().to_owned()))?;
            let answer: Answer =
                serde_json::from_slice(&answer).map_err(|_| AccountError::Unreadable(operation.name()))?;
            filters.extend(answer.metric_filters);
            match answer.next_token {
                None => {
                    filters.retain(|filter| wanted.metric().is_none_or(|metric| filter.publishes(metric)));
                    return Ok(filters);
                }
                next if next == token => break,
                next => token = next,
            }
        }
        Err(AccountError::Endless(operation.name()))
    }
}

impl Filter {
    fn publishes(&self, (namespace, name): (&str, &str)) -> bool {
        self.metric_transformations
            .iter()
            .any(|metric| metric.metric_namespace == namespace && metric.metric_name == name)
    }
}

/// What a filter publishes, where it publishes the metric; an error where that cannot be played, or where the alarm never
/// sees it.
fn playable(filter: Filter, wanted: Wanted<'_>) -> Option<Result<MetricFilter, AccountError>> {
    let transformation = filter.metric_transformations.iter().find(|found| {
        wanted
            .metric()
            .is_none_or(|(namespace, name)| found.metric_namespace == namespace && found.metric_name == name)
    })?;
    let refuse = |why| {
        let name = clean(&filter.name);
        Some(Err(AccountError::Filter { name, why }))
    };
    if !transformation.dimensions.is_empty() {
        return refuse(
            "publishes a series for each value of its dimensions, which is not played: name a pattern by --pattern",
        );
    }
    if filter.apply_on_transformed_logs {
        return refuse(
            "looks at transformed log events, which are not there to be played: name a pattern by --pattern",
        );
    }
    if !filter.field_selection_criteria.is_empty() {
        return refuse(
            "looks at some sources of log events only, which is not played: name a pattern by --pattern",
        );
    }
    let Some(value) = transformation.metric_value.parse().ok().filter(|value: &f64| value.is_finite()) else {
        return refuse("publishes values of fields, which is not played: name a pattern by --pattern");
    };
    if let Some(error) = unseen(&filter.name, transformation, wanted.alarm) {
        return Some(Err(error));
    }
    let published = Published { value, default_value: transformation.default_value };
    Some(Ok(MetricFilter { name: filter.name, pattern: filter.pattern, published }))
}

/// Why the alarm never sees what the filter publishes without dimensions, if it does not.
fn unseen(filter: &str, transformation: &Transformation, alarm: &AlarmSettings) -> Option<AccountError> {
    if !alarm.dimensions.is_empty() {
        let dimensions: Vec<String> =
            alarm.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let dimensions = listed(dimensions.iter().map(String::as_str));
        return Some(AccountError::OtherDimensions { filter: clean(filter), dimensions });
    }
    let published = transformation.unit.as_deref().unwrap_or(NO_UNIT);
    let wanted = alarm.unit.as_deref().filter(|wanted| *wanted != published)?;
    let (wanted, published) = (clean(wanted), clean(published));
    Some(AccountError::OtherUnit { filter: clean(filter), wanted, published })
}

fn none(wanted: Wanted<'_>, log_group: Option<&String>) -> AccountError {
    match (wanted.metric(), log_group) {
        (Some((namespace, name)), log_group) => AccountError::NoFilterOfMetric {
            metric: format!("{namespace}/{name}"),
            log_group: log_group.cloned(),
        },
        (None, log_group) => AccountError::NoFilter(log_group.cloned().unwrap_or_default()),
    }
}

/// Without what an ARN has around it.
fn plain_name(log_group: &str) -> &str {
    let behind = log_group.strip_prefix("arn:").and_then(|arn| arn.split_once(":log-group:"));
    behind.map_or(log_group, |(_, name)| name)
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.take(MAX_LISTED).map(clean).collect();
    names.join(", ")
}

fn clean(name: &str) -> String {
    name.chars().filter(|char| !char.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::default_alarm;

    fn filter(transformation: &Value) -> Filter {
        let filter = json!({ "filterName": "f", "filterPattern": "p", "metricTransformations": [transformation], "logGroupName": "g" });
        serde_json::from_value(filter).unwrap()
    }

    fn alarm() -> AlarmSettings {
        let (namespace, metric_name) = (Some("n".to_owned()), Some("m".to_owned()));
        AlarmSettings { namespace, metric_name, ..default_alarm() }
    }

    fn wanted(alarm: &AlarmSettings) -> Wanted<'_> {
        Wanted { alarm, name: None, log_groups: &[] }
    }

    #[test]
    fn what_a_filter_publishes_is_taken_and_what_cannot_be_played_is_refused() {
        let alarm = alarm();
        let of = |more: Value| {
            let mut metric = json!({ "metricName": "m", "metricNamespace": "n", "metricValue": "1" });
            metric.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            playable(filter(&metric), wanted(&alarm)).unwrap()
        };
        let published = |value, default_value| Published { value, default_value };
        assert_eq!(of(json!({})).unwrap().published, published(1.0, None));
        assert_eq!(of(json!({ "defaultValue": 0.0 })).unwrap().published, published(1.0, Some(0.0)));
        assert_eq!(of(json!({ "metricValue": "2.5" })).unwrap().published, published(2.5, None));
        for (more, why) in [
            (json!({ "metricValue": "$.latency" }), "publishes values of fields"),
            (json!({ "metricValue": "NaN" }), "publishes values of fields"),
            (
                json!({ "dimensions": { "Path": "$.path" } }),
                "publishes a series for each value of its dimensions",
            ),
        ] {
            assert!(of(more).unwrap_err().to_string().contains(why), "{why}");
        }
        assert_eq!(
            playable(filter(&json!({ "metricName": "m", "metricNamespace": "other" })), wanted(&alarm)),
            None
        );
    }

    #[test]
    fn an_alarm_of_a_unit_sees_just_what_is_published_with_it() {
        for (alarms, published, is_seen) in [
            (None, None, true),
            (None, Some("Seconds"), true),
            (Some("None"), None, true),
            (Some("Seconds"), Some("Seconds"), true),
            (Some("Seconds"), None, false),
            (Some("Seconds"), Some("Count"), false),
            (Some("None"), Some("Count"), false),
        ] {
            let metric =
                json!({ "metricName": "m", "metricNamespace": "n", "metricValue": "1", "unit": published });
            let alarm = AlarmSettings { unit: alarms.map(str::to_owned), ..alarm() };
            let found = playable(filter(&metric), wanted(&alarm)).unwrap();
            assert_eq!(found.is_ok(), is_seen, "{alarms:?} of {published:?}: {found:?}");
        }
    }

    #[test]
    fn what_is_listed_has_no_control_characters() {
        assert_eq!(listed(["a\u{1b}[31m", "b"].into_iter()), "a[31m, b");
    }
}
