//! Which of an alarm's metric queries it watches.
//!
//! A metric alarm in the EventBridge shape has one query, a metric math alarm several, an anomaly detection alarm
//! the metric and its band. Both JSON shapes are turned into [`Query`] first, so that the choice is made once.

use serde_json::Value;

use super::change::{Metric, Watched};
use super::wire::{self, Members};

/// One entry of an alarm's metrics.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) id: Option<String>,
    pub(super) expression: Option<String>,
    pub(super) label: Option<String>,
    pub(super) returns_data: bool,
    pub(super) metric: Option<Metric>,
    pub(super) period_s: Option<u64>,
}

/// What the queries amount to.
#[derive(Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) watched: Watched,
    pub(super) period_s: Option<u64>,
    /// Whether one of the queries is an anomaly detection band.
    pub(super) has_band: bool,
}

/// Chooses the query that the alarm watches: the one that returns data and is not the band.
/// `band_id` is the alarm's `ThresholdMetricId`, where it is given.
pub(super) fn choose(queries: Vec<Query>, band_id: Option<&str>) -> Choice {
    // The queries of one alarm share their period, and an expression often leaves it to its metrics.
    let any_period = queries.iter().find_map(|query| query.period_s);
    let (bands, others): (Vec<_>, Vec<_>) = queries.into_iter().partition(|query| query.is_band(band_id));
    // `ReturnData` marks it; without a mark, the expression is what the metrics are there for.
    let chosen = others.into_iter().min_by_key(|query| (!query.returns_data, query.expression.is_none()));
    let chosen = chosen.unwrap_or_default();
    let period_s = chosen.period_s.or(any_period);
    let watched = match (chosen.metric, chosen.expression) {
        (Some(metric), _) => Watched::Metric(metric),
        (None, Some(expression)) => Watched::Expression { expression, label: chosen.label },
        (None, None) => Watched::Unknown,
    };
    Choice { watched, period_s, has_band: !bands.is_empty() }
}

impl Query {
    /// Reads an entry as EventBridge or as SNS writes it.
    pub(super) fn read(entry: Members<'_>) -> Self {
        let stat = entry.object("metricStat");
        Self {
            id: entry.string("id").map(str::to_owned),
            expression: entry.text("expression"),
            label: entry.text("label"),
            // The API's default.
            returns_data: entry.value("returnData").as_bool().unwrap_or(true),
            metric: stat.and_then(metric),
            period_s: wire::whole(entry.number("period")).or_else(|| wire::whole(stat?.number("period"))),
        }
    }

    fn is_band(&self, band_id: Option<&str>) -> bool {
        let by_id = band_id.is_some() && self.id.as_deref() == band_id;
        let by_function = self
            .expression
            .as_deref()
            .is_some_and(|text| text.trim_start().starts_with("ANOMALY_DETECTION_BAND("));
        by_id || by_function
    }
}

fn metric(stat: Members<'_>) -> Option<Metric> {
    let metric = stat.object("metric")?;
    Some(Metric {
        namespace: metric.text("namespace"),
        name: metric.string("name").or_else(|| metric.string("metricName"))?.to_owned(),
        dimensions: dimensions(metric),
        statistic: stat.text("stat").map(statistic),
        unit: stat.text("unit"),
    })
}

/// A metric's dimensions in order of name: EventBridge writes a map, SNS a list.
fn dimensions(metric: Members<'_>) -> Vec<(String, String)> {
    let Some(map) = metric.value("dimensions").as_object() else { return listed_dimensions(metric) };
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    map.iter().filter_map(text).collect()
}

/// The list of a metric's dimensions, objects of `name` and `value`, in order of name.
pub(super) fn listed_dimensions(metric: Members<'_>) -> Vec<(String, String)> {
    let text = |item: Members<'_>, name: &str| item.string(name).map(str::to_owned);
    let pair = |item| Some((text(item, "name")?, text(item, "value")?));
    let mut dimensions: Vec<_> = metric.objects("dimensions").filter_map(pair).collect();
    dimensions.sort_unstable();
    dimensions
}

/// A statistic as `PutMetricAlarm` spells it; SNS writes the plain ones in capitals.
pub(super) fn statistic(written: String) -> String {
    const PLAIN: [&str; 5] = ["Sum", "Average", "Minimum", "Maximum", "SampleCount"];
    let bare = written.replace('_', "");
    PLAIN.into_iter().find(|plain| plain.eq_ignore_ascii_case(&bare)).map_or(written, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, returns_data: bool) -> Query {
        Query {
            metric: Some(Metric { name: name.into(), ..Metric::default() }),
            returns_data,
            period_s: Some(60),
            ..Query::default()
        }
    }

    fn expression(id: &str, text: &str, returns_data: bool) -> Query {
        Query { id: Some(id.into()), expression: Some(text.into()), returns_data, ..Query::default() }
    }

    fn watched_name(queries: Vec<Query>, band_id: Option<&str>) -> String {
        match choose(queries, band_id).watched {
            Watched::Metric(metric) => metric.name,
            Watched::Expression { expression, .. } => expression,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_query_that_returns_data_is_the_watched_one() {
        let queries = vec![
            metric("errors", false),
            metric("requests", false),
            expression("e1", "errors/requests", true),
        ];
        assert_eq!(watched_name(queries, None), "errors/requests");
        assert_eq!(watched_name(vec![metric("errors", true)], None), "errors");
    }

    #[test]
    fn a_band_is_never_what_is_watched() {
        let band = || expression("ad1", "ANOMALY_DETECTION_BAND(m1, 2)", true);
        assert_eq!(watched_name(vec![band(), metric("errors", true)], Some("ad1")), "errors");
        assert_eq!(watched_name(vec![band(), metric("errors", true)], None), "errors");
        assert!(choose(vec![metric("errors", true), band()], None).has_band);
        assert_eq!(choose(vec![band()], None).watched, Watched::Unknown);
    }

    #[test]
    fn an_expression_takes_the_period_of_its_metrics() {
        let choice = choose(vec![expression("e1", "SUM(METRICS())", true), metric("errors", false)], None);
        assert_eq!(choice.period_s, Some(60));
    }

    #[test]
    fn plain_statistics_lose_their_capitals_and_others_stay() {
        for (written, expected) in [
            ("SUM", "Sum"),
            ("SAMPLE_COUNT", "SampleCount"),
            ("Average", "Average"),
            ("p99", "p99"),
            ("TM(2%:98%)", "TM(2%:98%)"),
        ] {
            assert_eq!(statistic(written.into()), expected);
        }
    }
}
