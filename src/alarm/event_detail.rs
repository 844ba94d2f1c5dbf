//! The `detail` of EventBridge's "CloudWatch Alarm State Change" and the `alarmData` of the direct Lambda action,
//! which are the same shape, read into an [`AlarmChange`].
//!
//! Unlike SNS it tells since when the previous state lasted, and unlike SNS it leaves out the alarm's settings but
//! for the metrics: comparison, threshold and periods come out of the reason where they can.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::change::{AlarmChange, Condition, Contributor, Metric, PreviousState, Threshold, Watched};
use super::log_query::{self, LogAlarm};
use super::marks;
use super::reason;
use super::watched::{self, Query};
use super::wire::{self, AlarmArn, lenient, lenient_list};

/// What stands around the detail.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) arn: Option<String>,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    /// Used where the state has no time of its own; EventBridge's is in whole seconds.
    pub(super) time: Option<String>,
    /// Whether it is the change of a contributor, by its `detail-type`.
    pub(super) is_of_contributor: bool,
    pub(super) contributor: Value,
    pub(super) mute: Value,
}

/// What a detail must have and this one lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lacks(pub(super) &'static str);

/// Reads a detail.
pub(super) fn read(detail: Detail, envelope: &Envelope) -> Result<AlarmChange, Lacks> {
    let arn = envelope.arn.as_deref().and_then(AlarmArn::read);
    let name_in_arn = arn.as_ref().map(|arn| arn.name.clone());
    let name = wire::text(detail.alarm_name).or(name_in_arn).ok_or(Lacks("alarmName"))?;
    let current = detail.state.ok_or(Lacks("state"))?;
    let state = current.value.as_deref().and_then(wire::state).ok_or(Lacks("state.value"))?;
    let changed_at_ms = current
        .timestamp
        .as_deref()
        .and_then(wire::epoch_ms)
        .or_else(|| wire::epoch_ms(envelope.time.as_deref()?))
        .ok_or(Lacks("state.timestamp"))?;

    let (arn, region, account) =
        arn.map_or((None, None, None), |arn| (Some(arn.arn), arn.region, arn.account));
    let reason = current.reason.unwrap_or_default();
    let sentence = reason::read_sentence(&reason);
    let data = current.reason_data.as_deref().map(reason::read_data).unwrap_or_default();
    let configuration = Configuration::deserialize(&detail.configuration).unwrap_or_default();
    let log_alarm = log_query::read(&detail.configuration, region.as_deref(), account.as_deref())
        .or_else(|| data.results_to_evaluate.map(|_| LogAlarm::default()));
    let is_log_alarm = log_alarm.is_some();
    let log_alarm = log_alarm.unwrap_or_default();
    let own = [&detail.alarm_contributor, &current.alarm_contributor, &envelope.contributor];
    let nested = detail.configuration.get("alarmContributor");
    let contributor = marks::contributor_in(own.into_iter().chain(nested)).or_else(|| {
        envelope.is_of_contributor.then(|| Contributor { id: String::new(), attributes: Vec::new() })
    });

    let choice = watched::choose(configuration.metrics.into_iter().map(WireQuery::read).collect(), None);
    let mut watched = choice.watched;
    if let Watched::Metric(metric) = &mut watched
        && metric.statistic.is_none()
    {
        metric.statistic = data.statistic;
    }
    if let Some(rule) = wire::text(configuration.alarm_rule) {
        let mut triggering = data.triggering;
        if triggering.is_empty() {
            triggering.extend(reason::triggering_in(&reason));
        }
        watched = Watched::Composite { rule, triggering };
    }
    if is_log_alarm {
        watched = Watched::LogQuery(log_alarm.query);
    }
    let threshold = data.threshold.or(sentence.threshold).or(log_alarm.threshold.map(Threshold::Value));
    let band = choice.has_band.then_some(Threshold::Band { lower: None, upper: None });
    Ok(AlarmChange {
        name,
        arn,
        region: region.or_else(|| wire::region_code(envelope.region.as_deref()?)),
        account: envelope.account.as_deref().and_then(wire::account_number).or(account),
        description: wire::text(configuration.description),
        contributor,
        time_series: reason::read_time_series(&reason),
        state,
        changed_at_ms,
        previous: detail.previous_state.and_then(|previous| {
            Some(PreviousState {
                state: wire::state(previous.value.as_deref()?)?,
                since_ms: previous.timestamp.as_deref().and_then(wire::epoch_ms),
                suppressed: previous.actions_suppressed_by.is_some() || marks::is_muted([&previous.mute]),
            })
        }),
        watched,
        condition: Condition {
            comparison: log_alarm.comparison.or(sentence.comparison),
            threshold: threshold.or(band),
            period_s: log_alarm.period_s.or(choice.period_s).or(data.period_s),
            evaluation_periods: log_alarm
                .results_to_evaluate
                .or(data.results_to_evaluate)
                .or(sentence.evaluation_periods),
            datapoints_to_alarm: log_alarm
                .results_to_alarm
                .or(data.results_to_alarm)
                .or(sentence.datapoints_to_alarm),
            treat_missing_data: log_alarm.treat_missing_data,
        },
        reason,
        // The sentence has the times of its datapoints, the data beside it has not.
        datapoints: if sentence.datapoints.is_empty() { data.datapoints } else { sentence.datapoints },
        missing_data: sentence.missing_data,
        suppressed_by: wire::text(current.actions_suppressed_by),
        is_muted: marks::is_muted([&detail.mute, &current.mute, &envelope.mute]),
    })
}

/// The detail as it stands on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail {
    #[serde(default, deserialize_with = "lenient")]
    alarm_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    state: Option<State>,
    #[serde(default, deserialize_with = "lenient")]
    previous_state: Option<State>,
    #[serde(default)]
    configuration: Value,
    #[serde(default)]
    alarm_contributor: Value,
    #[serde(rename = "muteDetail", default)]
    mute: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    #[serde(default, deserialize_with = "lenient")]
    value: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    reason: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    reason_data: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    timestamp: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    actions_suppressed_by: Option<String>,
    #[serde(default)]
    alarm_contributor: Value,
    #[serde(rename = "muteDetail", default)]
    mute: Value,
}

/// What is not a log alarm's: a metric alarm has `metrics`, a composite alarm `alarmRule`; a suppressor is optional.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    #[serde(deserialize_with = "lenient")]
    description: Option<String>,
    #[serde(deserialize_with = "lenient")]
    alarm_rule: Option<String>,
    #[serde(deserialize_with = "lenient_list")]
    metrics: Vec<WireQuery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireQuery {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    expression: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    label: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    return_data: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    period: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    metric_stat: Option<MetricStat>,
}

#[derive(Deserialize)]
struct MetricStat {
    metric: WireMetric,
    #[serde(default, deserialize_with = "lenient")]
    period: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    stat: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    unit: Option<String>,
}

#[derive(Deserialize)]
struct WireMetric {
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    namespace: Option<String>,
    /// A map here, where SNS has a list.
    #[serde(default, deserialize_with = "lenient")]
    dimensions: Option<BTreeMap<String, String>>,
}

impl WireQuery {
    fn read(self) -> Query {
        let own_period = wire::whole(self.period);
        let stat_period = self.metric_stat.as_ref().and_then(|stat| wire::whole(stat.period));
        Query {
            id: self.id,
            expression: wire::text(self.expression),
            label: wire::text(self.label),
            returns_data: self.return_data.unwrap_or(true),
            metric: self.metric_stat.map(|stat| Metric {
                namespace: wire::text(stat.metric.namespace),
                name: stat.metric.name,
                dimensions: stat.metric.dimensions.unwrap_or_default().into_iter().collect(),
                statistic: wire::text(stat.stat).map(watched::statistic),
                unit: wire::text(stat.unit),
            }),
            period_s: own_period.or(stat_period),
        }
    }
}
