//! The JSON that CloudWatch publishes to an SNS topic, read into an [`AlarmChange`].
//!
//! Shape: the string in `Records[].Sns.Message`, as recorded from AWS. Only a name and a known state make it an
//! alarm; everything else may be missing, null or of another type. Anything that is not an alarm is left to the
//! caller, who has the text.

use serde_json::Value;

use super::change::{AlarmChange, ComparisonOperator, Condition, Metric, PreviousState, Threshold, Watched};
use super::reason::{self, Sentence};
use super::watched::{self, Choice, Query};
use super::wire::{self, AlarmArn, Members};
use super::{log_query, marks};

/// Reads a message; `published_at` is the envelope's time, used where the message has none.
/// `None`: the message is no alarm.
pub(super) fn read(message: &str, published_at: Option<&str>) -> Option<AlarmChange> {
    let message: Value = serde_json::from_str(message).ok()?;
    let message = Members::of(&message);
    let name = message.text("AlarmName")?;
    let state = message.string("NewStateValue").and_then(wire::state)?;
    let changed_at_ms = message
        .string("StateChangeTime")
        .and_then(wire::epoch_ms)
        .or_else(|| wire::epoch_ms(published_at?))?;
    let arn = message.string("AlarmArn").and_then(AlarmArn::read);
    let (arn, region, account) =
        arn.map_or((None, None, None), |arn| (Some(arn.arn), arn.region, arn.account));
    let reason = message.string("NewStateReason").unwrap_or_default();
    let sentence = reason::read_sentence(reason);
    let trigger = Members::of(message.value("Trigger"));
    let (mut watched, mut condition) = read_trigger(trigger, &sentence);
    if let Some(log_alarm) = log_query::read(trigger, region.as_deref(), account.as_deref()) {
        watched = Watched::LogQuery(log_alarm.query);
        condition.period_s = log_alarm.period_s.or(condition.period_s);
        condition.evaluation_periods = log_alarm.results_to_evaluate.or(condition.evaluation_periods);
        condition.datapoints_to_alarm = log_alarm.results_to_alarm.or(condition.datapoints_to_alarm);
    }
    if let Some(rule) = message.text("AlarmRule") {
        watched =
            Watched::Composite { rule, triggering: reason::triggering_in(reason).into_iter().collect() };
    }
    Some(AlarmChange {
        name,
        arn,
        region,
        account: message.text("AWSAccountId").or(account),
        description: message.text("AlarmDescription"),
        contributor: marks::contributor(
            message.value("AlarmContributorId"),
            message.value("AlarmContributorAttributes"),
        ),
        time_series: reason::read_time_series(reason),
        state,
        changed_at_ms,
        previous: message.string("OldStateValue").and_then(wire::state).map(|state| PreviousState {
            state,
            since_ms: None,
            suppressed: false,
        }),
        watched,
        condition,
        reason: reason.to_owned(),
        datapoints: sentence.datapoints,
        missing_data: sentence.missing_data,
        suppressed_by: None,
        is_muted: marks::is_muted([message.value("muteDetail")]),
        // Nobody says that SNS tells it.
        query_execution: message.text("QueryExecutionId").filter(|id| log_query::is_execution(id)),
    })
}

/// The alarm's settings. `DatapointsToAlarm` is absent from many messages even where it is set.
fn read_trigger(trigger: Members<'_>, sentence: &Sentence) -> (Watched, Condition) {
    let comparison =
        trigger.string("ComparisonOperator").and_then(ComparisonOperator::from_name).or(sentence.comparison);
    let band_id = trigger.string("ThresholdMetricId");
    let choice = if let Some(name) = trigger.text("MetricName") {
        let metric = Metric {
            namespace: trigger.text("Namespace"),
            name,
            dimensions: watched::listed_dimensions(trigger),
            statistic: trigger
                .text("Statistic")
                .or_else(|| trigger.text("ExtendedStatistic"))
                .map(watched::statistic),
            unit: trigger.text("Unit"),
        };
        Choice { watched: Watched::Metric(metric), period_s: None, has_band: false }
    } else {
        watched::choose(trigger.objects("Metrics").map(Query::read).collect(), band_id)
    };
    let own = if choice.has_band || band_id.is_some() {
        Some(Threshold::Band { lower: None, upper: None })
    } else {
        trigger.number("Threshold").map(Threshold::Value)
    };
    let threshold = match (own, sentence.threshold) {
        // The settings say that there is a band, the sentence where it was.
        (None | Some(Threshold::Band { .. }), Some(of_sentence)) => Some(of_sentence),
        (own, _) => own,
    };
    let count = |name| wire::count(trigger.number(name));
    let condition = Condition {
        comparison,
        threshold,
        period_s: wire::whole(trigger.number("Period")).or(choice.period_s),
        evaluation_periods: count("EvaluationPeriods").or(sentence.evaluation_periods),
        datapoints_to_alarm: count("DatapointsToAlarm").or(sentence.datapoints_to_alarm),
        treat_missing_data: trigger.string("TreatMissingData").and_then(wire::treatment),
    };
    (choice.watched, condition)
}
