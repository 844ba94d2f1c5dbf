//! The log groups that a deployment watches: which they are, their filters, and what was delivered of them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::client::{Client, Form, Operation};
use super::error::DeploymentError;
use super::functions::Found;
use super::metrics;
use crate::aws::Service;
use crate::doctor::{Deliveries, Fact, Function, LogGroup, MetricFilter, SubscriptionFilter};

/// Metric filters that are looked at; a log group can have 100.
const MAX_METRIC_FILTERS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionFilters {
    #[serde(default)]
    subscription_filters: Vec<FilterConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterConfig {
    filter_name: String,
    filter_pattern: Option<String>,
    destination_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricFilters {
    #[serde(default)]
    metric_filters: Vec<MetricFilterConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricFilterConfig {
    #[serde(default)]
    filter_name: String,
    filter_pattern: Option<String>,
    #[serde(default)]
    metric_transformations: Vec<Transformation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transformation {
    metric_namespace: String,
    metric_name: String,
}

/// What was given, and then those from the permissions of the function for lines and the environment of both.
pub(super) fn names(lines: &Found, alarms: Option<&Found>, given: &[String]) -> Vec<String> {
    let mut names = BTreeSet::new();
    if let Ok(Some(policy)) = &lines.function.policy {
        names.extend(policy.sources("logs.amazonaws.com").iter().filter_map(|arn| of_source(arn)));
    }
    for config in [Some(lines), alarms].into_iter().flatten().filter_map(|found| found.config.as_ref()) {
        names.extend(config.log_groups.names().into_iter().map(str::to_owned));
        names.extend(config.alarm_log_groups.all().into_iter().map(str::to_owned));
    }
    given_first(given, names)
}

/// Each once. What was given is not what is left out where there are too many.
fn given_first(given: &[String], mut known: BTreeSet<String>) -> Vec<String> {
    let given: BTreeSet<String> = given.iter().map(|name| plain_name(name)).collect();
    known.retain(|name| !given.contains(name));
    given.into_iter().chain(known).collect()
}

/// Refuses what names no single log group: such as a pattern, which would be looked for as it stands.
pub(super) fn check(given: &[String]) -> Result<(), DeploymentError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/#".contains(&byte);
    let is_name = |name: &str| (1..=512).contains(&name.len()) && name.bytes().all(is_allowed);
    match given.iter().find(|name| !is_name(&plain_name(name))) {
        Some(name) => Err(DeploymentError::LogGroup(name.chars().take(200).collect())),
        None => Ok(()),
    }
}

/// Without what an ARN has around it.
fn plain_name(name: &str) -> String {
    of_source(name).unwrap_or_else(|| name.to_owned())
}

/// The log group that a permission's source names; none where it names several.
fn of_source(arn: &str) -> Option<String> {
    let (_, name) = arn.split_once(":log-group:")?;
    let name = name.strip_suffix(":*").or_else(|| name.strip_suffix(':')).unwrap_or(name);
    (!name.is_empty() && !name.contains(['*', '?', ':'])).then(|| name.to_owned())
}

/// All about one log group but its lines.
pub(super) async fn ask(client: &Client, name: &str, lines: &Function, now_ms: i64) -> LogGroup {
    let of_group = |target, permission| Operation {
        service: Service::Logs,
        permission,
        form: Form::Json(target, json!({ "logGroupName": name })),
    };
    let filters: Fact<Option<SubscriptionFilters>> = client
        .find(of_group("Logs_20140328.DescribeSubscriptionFilters", "logs:DescribeSubscriptionFilters"))
        .await;
    let filters: Fact<Option<Vec<SubscriptionFilter>>> = filters.map(|found| {
        let filter = |filter: FilterConfig| SubscriptionFilter {
            name: filter.filter_name,
            pattern: filter.filter_pattern.unwrap_or_default(),
            destination_arn: filter.destination_arn.unwrap_or_default(),
        };
        found.map(|found| found.subscription_filters.into_iter().map(filter).collect())
    });
    let metric_filters: Fact<Option<MetricFilters>> =
        client.find(of_group("Logs_20140328.DescribeMetricFilters", "logs:DescribeMetricFilters")).await;
    let metric_filters = metric_filters.map(|found| {
        let filters = found.map_or_else(Vec::new, |found| found.metric_filters);
        filters.into_iter().take(MAX_METRIC_FILTERS).map(metric_filter).collect()
    });
    let deliveries = match &filters {
        Ok(Some(filters)) => metrics::of_deliveries(client, name, filters, lines, now_ms).await,
        Ok(None) => Ok(Deliveries::default()),
        Err(_) => metrics::of_deliveries(client, name, &[], lines, now_ms).await,
    };
    LogGroup { name: name.to_owned(), filters, metric_filters, deliveries, lines: None }
}

fn metric_filter(found: MetricFilterConfig) -> MetricFilter {
    let metrics = found.metric_transformations.into_iter();
    MetricFilter {
        name: found.filter_name,
        pattern: found.filter_pattern.unwrap_or_default(),
        metrics: metrics.map(|metric| (metric.metric_namespace, metric.metric_name)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_stands_first_and_once() {
        let known = ["/api/a", "/api/b"].map(str::to_owned).into();
        assert_eq!(given_first(&["/api/b".to_owned()], known), ["/api/b", "/api/a"]);
    }

    #[test]
    fn a_pattern_is_no_log_group() {
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/api/a:*";
        assert_eq!(check(&["/aws/a_b-c.d#e".to_owned(), arn.to_owned()]), Ok(()));
        for name in ["/aws/*", "", "a b", "arn:aws:logs:eu-west-1:123456789012:log-group:/api/*"] {
            assert_eq!(check(&[name.to_owned()]), Err(DeploymentError::LogGroup(name.to_owned())));
        }
    }

    #[test]
    fn a_permission_names_one_log_group_or_none() {
        for (source, name) in [
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/api/a:*", Some("/api/a")),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/api/a:", Some("/api/a")),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/api/a", Some("/api/a")),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:*", None),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/api/*:*", None),
            ("arn:aws:events:eu-west-1:123456789012:rule/x", None),
        ] {
            assert_eq!(of_source(source).as_deref(), name, "{source}");
        }
    }
}
