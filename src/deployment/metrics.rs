//! Metrics of the last hour and day, from CloudWatch by `GetMetricData`.
//!
//! CloudWatch charges for each metric that is asked for, so each is asked for once.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Form, Operation};
use crate::aws::Service;
use crate::doctor::{Deliveries, Fact, Function, LEDGER_METRICS, Measured, SubscriptionFilter, own_filter};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
/// Of what is summed up over an hour.
const MINUTE_S: i64 = 60;
/// Of what is looked at over a day.
const STEP_S: i64 = 300;
/// A day has 288 data points of each metric; one page takes 100,800.
const MAX_PAGES: usize = 10;

const OF_LAMBDA: [(&str, &str); 7] = [
    ("Invocations", "Sum"),
    ("Errors", "Sum"),
    ("Throttles", "Sum"),
    ("AsyncEventsDropped", "Sum"),
    ("DestinationDeliveryFailures", "Sum"),
    ("AsyncEventAge", "Maximum"),
    ("IteratorAge", "Maximum"),
];

/// One metric that is asked for.
struct Metric<'a> {
    namespace: &'a str,
    name: &'a str,
    dimensions: Vec<(&'a str, &'a str)>,
    stat: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    metric_data_results: Vec<Points>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Points {
    id: String,
    /// Epoch seconds.
    #[serde(default)]
    timestamps: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
}

/// The beginning of a data point, epoch seconds, and its value.
type Series = Vec<(i64, f64)>;

/// Lambda's metrics of a function, and its own ledger, for the last full hour of minutes.
pub(super) async fn of_function(client: &Client, function: &str, now_ms: i64) -> Fact<Measured> {
    let dimensions = || vec![("FunctionName", function)];
    let of_lambda = OF_LAMBDA.into_iter().map(|(name, stat)| Metric {
        namespace: "AWS/Lambda",
        name,
        dimensions: dimensions(),
        stat,
    });
    let own = LEDGER_METRICS.into_iter().map(|name| Metric {
        namespace: "Statuswatch",
        name,
        dimensions: dimensions(),
        stat: "Sum",
    });
    let metrics: Vec<Metric<'_>> = of_lambda.chain(own).collect();
    // The minute that is not over may hold a part of an invocation's metrics.
    let until_s = now_ms.div_euclid(1_000).div_euclid(MINUTE_S) * MINUTE_S;
    let series = get(client, &metrics, until_s - HOUR_S, until_s, MINUTE_S).await?;
    let mut measured = BTreeMap::new();
    for (metric, points) in metrics.iter().zip(series) {
        let values = points.iter().map(|(_, value)| *value);
        let value = if metric.stat == "Sum" { values.sum() } else { values.fold(0.0, f64::max) };
        if !points.is_empty() {
            measured.insert(metric.name.to_owned(), value);
        }
    }
    Ok(Measured(measured))
}

/// What CloudWatch Logs delivered of a log group to the function, or to the stream that it reads.
pub(super) async fn of_deliveries(
    client: &Client,
    group: &str,
    filters: &[SubscriptionFilter],
    lines: &Function,
    now_ms: i64,
) -> Fact<Deliveries> {
    let own = own_filter(filters, lines);
    let mut metrics = vec![Metric {
        namespace: "AWS/Logs",
        name: "IncomingLogEvents",
        dimensions: vec![("LogGroupName", group)],
        stat: "Sum",
    }];
    let filter_name = own.map(|filter| metric_name(&filter.name)).unwrap_or_default();
    if let Some(own) = own {
        let kind = if own.destination_arn.contains(":kinesis:") { "Kinesis" } else { "Lambda" };
        metrics.extend(["ForwardedLogEvents", "DeliveryErrors", "DeliveryThrottling"].map(|name| Metric {
            namespace: "AWS/Logs",
            name,
            dimensions: vec![
                ("LogGroupName", group),
                ("DestinationType", kind),
                ("FilterName", filter_name.as_str()),
            ],
            stat: "Sum",
        }));
    }
    // The step that is not over has what was delivered just now.
    let until_s = (now_ms.div_euclid(1_000).div_euclid(STEP_S) + 1) * STEP_S;
    let series = get(client, &metrics, until_s - DAY_S, until_s, STEP_S).await?;
    let empty = Series::new();
    let [incoming, delivered, errors, throttled] =
        [0, 1, 2, 3].map(|index: usize| series.get(index).unwrap_or(&empty));
    let hour_s = until_s - HOUR_S;
    let last = delivered.iter().filter(|(_, value)| *value > 0.0).map(|(at, _)| *at).max();
    Ok(Deliveries {
        incoming_day: sum(incoming, 0),
        delivered_hour: sum(delivered, hour_s),
        last_ms: last.map(|at_s| at_s * 1_000),
        errors: (sum(errors, hour_s), sum(errors, 0)),
        throttled_hour: sum(throttled, hour_s),
    })
}

/// CloudWatch writes what is not ASCII in a filter's name as `?`.
fn metric_name(filter: &str) -> String {
    filter.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, cut at its limits")]
fn sum(points: &Series, from_s: i64) -> u64 {
    let values = points.iter().filter(|(at, _)| *at >= from_s).map(|(_, value)| *value);
    values.sum::<f64>().round().max(0.0) as u64
}

/// The series of each metric, in their order.
async fn get(
    client: &Client,
    metrics: &[Metric<'_>],
    from_s: i64,
    until_s: i64,
    period_s: i64,
) -> Fact<Vec<Series>> {
    let queries: Vec<Value> = metrics
        .iter()
        .enumerate()
        .map(|(index, metric)| {
            let dimensions: Vec<Value> =
                metric.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
            json!({ "Id": format!("m{index}"), "MetricStat": {
                "Metric": { "Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions },
                "Period": period_s, "Stat": metric.stat } })
        })
        .collect();
    let mut series = vec![Series::new(); metrics.len()];
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut request = json!({ "StartTime": from_s, "EndTime": until_s, "MetricDataQueries": queries });
        if let (Some(token), Some(request)) = (&token, request.as_object_mut()) {
            request.insert("NextToken".to_owned(), token.as_str().into());
        }
        let operation = Operation {
            service: Service::CloudWatch,
            permission: "cloudwatch:GetMetricData",
            form: Form::Json("GraniteServiceVersion20100801.GetMetricData", request),
        };
        let page: Page = client.json(operation).await.map_err(super::client::Refusal::unknown)?;
        for points in page.metric_data_results {
            let index = points.id.strip_prefix('m').and_then(|index| index.parse::<usize>().ok());
            let Some(series) = index.and_then(|index| series.get_mut(index)) else { continue };
            #[expect(clippy::cast_possible_truncation, reason = "epoch seconds")]
            series.extend(points.timestamps.iter().map(|at| *at as i64).zip(points.values));
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(series)
}
