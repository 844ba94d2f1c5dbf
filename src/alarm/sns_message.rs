//! The JSON that CloudWatch publishes to an SNS topic, read into an [`AlarmChange`].
//!
//! Shape: the string in `Records[].Sns.Message`, as recorded from AWS. Only a name and a known state make it an
//! alarm; everything else may be missing, null or of another type. Anything that is not an alarm is left to the
//! caller, who has the text.

use serde::Deserialize;
use serde_json::Value;

use super::change::{AlarmChange, ComparisonOperator, Condition, Metric, PreviousState, Threshold, Watched};
use super::reason::{self, Sentence};
use super::watched::{self, Choice, Query};
use super::wire::{self, AlarmArn, lenient, lenient_list};
use super::{log_query, marks};

/// Reads a message; `published_at` is the envelope's time, used where the message has none.
/// `None`: the message is no alarm.
pub(super) fn read(message: &str, published_at: Option<&str>) -> Option<AlarmChange> {
    // Serde would take a list of texts for the fields in order.
    message.trim_start().starts_with('{').then_some(())?;
    let wire: Message = serde_json::from_str(message).ok()?;
    let name = wire::text(wire.alarm_name)?;
    let state = wire::state(&wire.new_state_value?)?;
    let changed_at_ms = wire
        .state_change_time
        .as_deref()
        .and_then(wire::epoch_ms)
        .or_else(|| wire::epoch_ms(published_at?))?;
    let arn = wire.alarm_arn.as_deref().and_then(AlarmArn::read);
    let (arn, region, account) =
        arn.map_or((None, None, None), |arn| (Some(arn.arn), arn.region, arn.account));
    let reason = wire.new_state_reason.unwrap_or_default();
    let sentence = reason::read_sentence(&reason);
    let log_alarm = log_query::read(&wire.trigger, region.as_deref(), account.as_deref());
    let (mut watched, mut condition) =
        Trigger::deserialize(&wire.trigger).unwrap_or_default().read(&sentence);
    if let Some(log_alarm) = log_alarm {
        watched = Watched::LogQuery(log_alarm.query);
        condition.period_s = log_alarm.period_s.or(condition.period_s);
        condition.evaluation_periods = log_alarm.results_to_evaluate.or(condition.evaluation_periods);
        condition.datapoints_to_alarm = log_alarm.results_to_alarm.or(condition.datapoints_to_alarm);
    }
    if let Some(rule) = wire::text(wire.alarm_rule) {
        watched =
            Watched::Composite { rule, triggering: reason::triggering_in(&reason).into_iter().collect() };
    }
    Some(AlarmChange {
        name,
        arn,
        region,
        account: wire::text(wire.account).or(account),
        description: wire::text(wire.description),
        contributor: marks::contributor(&wire.contributor_id, &wire.contributor_attributes),
        time_series: reason::read_time_series(&reason),
        state,
        changed_at_ms,
        previous: wire.old_state_value.as_deref().and_then(wire::state).map(|state| PreviousState {
            state,
            since_ms: None,
            suppressed: false,
        }),
        watched,
        condition,
        reason,
        datapoints: sentence.datapoints,
        missing_data: sentence.missing_data,
        suppressed_by: None,
        is_muted: marks::is_muted([&wire.mute_detail]),
    })
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "AlarmName", default, deserialize_with = "lenient")]
    alarm_name: Option<String>,
    #[serde(rename = "AlarmDescription", default, deserialize_with = "lenient")]
    description: Option<String>,
    #[serde(rename = "AWSAccountId", default, deserialize_with = "lenient")]
    account: Option<String>,
    #[serde(rename = "NewStateValue", default, deserialize_with = "lenient")]
    new_state_value: Option<String>,
    #[serde(rename = "NewStateReason", default, deserialize_with = "lenient")]
    new_state_reason: Option<String>,
    #[serde(rename = "StateChangeTime", default, deserialize_with = "lenient")]
    state_change_time: Option<String>,
    #[serde(rename = "AlarmArn", default, deserialize_with = "lenient")]
    alarm_arn: Option<String>,
    #[serde(rename = "OldStateValue", default, deserialize_with = "lenient")]
    old_state_value: Option<String>,
    #[serde(rename = "AlarmRule", default, deserialize_with = "lenient")]
    alarm_rule: Option<String>,
    #[serde(rename = "Trigger", default)]
    trigger: Value,
    #[serde(rename = "AlarmContributorId", default)]
    contributor_id: Value,
    #[serde(rename = "AlarmContributorAttributes", default)]
    contributor_attributes: Value,
    #[serde(rename = "MuteDetail", alias = "muteDetail", default)]
    mute_detail: Value,
}

/// The alarm's settings. `DatapointsToAlarm` is absent from many messages even where it is set.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Trigger {
    #[serde(deserialize_with = "lenient")]
    metric_name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    namespace: Option<String>,
    #[serde(deserialize_with = "lenient")]
    statistic: Option<String>,
    #[serde(deserialize_with = "lenient")]
    extended_statistic: Option<String>,
    #[serde(deserialize_with = "lenient")]
    unit: Option<String>,
    #[serde(deserialize_with = "lenient_list")]
    dimensions: Vec<Dimension>,
    #[serde(deserialize_with = "lenient")]
    period: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    evaluation_periods: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    datapoints_to_alarm: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    comparison_operator: Option<String>,
    #[serde(deserialize_with = "lenient")]
    threshold: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    threshold_metric_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    treat_missing_data: Option<String>,
    #[serde(deserialize_with = "lenient_list")]
    metrics: Vec<WireQuery>,
}

impl Trigger {
    fn read(self, sentence: &Sentence) -> (Watched, Condition) {
        let comparison = self
            .comparison_operator
            .as_deref()
            .and_then(ComparisonOperator::from_name)
            .or(sentence.comparison);
        let choice = if let Some(name) = wire::text(self.metric_name) {
            let metric = Metric {
                namespace: wire::text(self.namespace),
                name,
                dimensions: dimensions(self.dimensions),
                statistic: wire::text(self.statistic)
                    .or(wire::text(self.extended_statistic))
                    .map(watched::statistic),
                unit: wire::text(self.unit),
            };
            Choice { watched: Watched::Metric(metric), period_s: None, has_band: false }
        } else {
            let queries = self.metrics.into_iter().map(WireQuery::read).collect();
            watched::choose(queries, self.threshold_metric_id.as_deref())
        };
        let own = if choice.has_band || self.threshold_metric_id.is_some() {
            Some(Threshold::Band { lower: None, upper: None })
        } else {
            self.threshold.map(Threshold::Value)
        };
        let threshold = match (own, sentence.threshold) {
            // The settings say that there is a band, the sentence where it was.
            (None | Some(Threshold::Band { .. }), Some(told)) => Some(told),
            (own, _) => own,
        };
        let condition = Condition {
            comparison,
            threshold,
            period_s: wire::whole(self.period).or(choice.period_s),
            evaluation_periods: wire::count(self.evaluation_periods).or(sentence.evaluation_periods),
            datapoints_to_alarm: wire::count(self.datapoints_to_alarm).or(sentence.datapoints_to_alarm),
            treat_missing_data: self.treat_missing_data.as_deref().and_then(wire::treatment),
        };
        (choice.watched, condition)
    }
}

/// Lower-case keys inside `Trigger`, unlike everything around them; the API's own spelling is taken too.
#[derive(Deserialize)]
struct Dimension {
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Value")]
    value: String,
}

/// One entry of a metric math alarm.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
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

impl WireQuery {
    fn read(self) -> Query {
        let own_period = wire::whole(self.period);
        let stat_period = self.metric_stat.as_ref().and_then(|stat| wire::whole(stat.period));
        Query {
            id: self.id,
            expression: wire::text(self.expression),
            label: wire::text(self.label),
            // The API's default.
            returns_data: self.return_data.unwrap_or(true),
            metric: self.metric_stat.map(|stat| Metric {
                namespace: wire::text(stat.metric.namespace),
                name: stat.metric.name,
                dimensions: dimensions(stat.metric.dimensions),
                statistic: wire::text(stat.stat).map(watched::statistic),
                unit: wire::text(stat.unit),
            }),
            period_s: own_period.or(stat_period),
        }
    }
}

/// In order of name, as the other wire shapes have them.
fn dimensions(wire: Vec<Dimension>) -> Vec<(String, String)> {
    let mut dimensions: Vec<_> =
        wire.into_iter().map(|dimension| (dimension.name, dimension.value)).collect();
    dimensions.sort_unstable();
    dimensions
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
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
    #[serde(rename = "MetricName")]
    name: String,
    #[serde(rename = "Namespace", default, deserialize_with = "lenient")]
    namespace: Option<String>,
    #[serde(rename = "Dimensions", default, deserialize_with = "lenient_list")]
    dimensions: Vec<Dimension>,
}
