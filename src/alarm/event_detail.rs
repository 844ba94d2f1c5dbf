//! The `detail` of EventBridge's "CloudWatch Alarm State Change" and the `alarmData` of the direct Lambda action,
//! which are the same shape, read into an [`AlarmChange`].
//!
//! Unlike SNS it tells since when the previous state lasted, and unlike SNS it leaves out the alarm's settings but
//! for the metrics: comparison, threshold and periods come out of the reason where they can.

use super::change::{AlarmChange, Condition, Contributor, PreviousState, Threshold, Watched};
use super::log_query::{self, LogAlarm};
use super::marks;
use super::reason;
use super::watched::{self, Query};
use super::wire::{self, AlarmArn, Members};

/// What a detail must have and this one lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lacks(pub(super) &'static str);

/// Reads a detail, and the event around it: where the state has no time of its own, that of the event, in whole
/// seconds, is used. `is_of_contributor`: the event says by its type that it is the change of a contributor.
pub(super) fn read(
    detail: Members<'_>,
    event: Members<'_>,
    is_of_contributor: bool,
) -> Result<AlarmChange, Lacks> {
    let arn = event.string("alarmArn").or_else(|| event.strings("resources").next());
    let arn = arn.and_then(AlarmArn::read);
    let name_in_arn = arn.as_ref().map(|arn| arn.name.clone());
    let name = detail.text("alarmName").or(name_in_arn).ok_or(Lacks("alarmName"))?;
    let current = detail.object("state").ok_or(Lacks("state"))?;
    let state = current.string("value").and_then(wire::state).ok_or(Lacks("state.value"))?;
    let changed_at_ms = current
        .string("timestamp")
        .and_then(wire::epoch_ms)
        .or_else(|| wire::epoch_ms(event.string("time")?))
        .ok_or(Lacks("state.timestamp"))?;

    let (arn, region, account) =
        arn.map_or((None, None, None), |arn| (Some(arn.arn), arn.region, arn.account));
    let reason = current.string("reason").unwrap_or_default();
    let sentence = reason::read_sentence(reason);
    let data = current.string("reasonData").map(reason::read_data).unwrap_or_default();
    // A metric alarm has `metrics`, a composite alarm `alarmRule`, a log alarm its query.
    let configuration = Members::of(detail.value("configuration"));
    let log_alarm = log_query::read(configuration, region.as_deref(), account.as_deref())
        .or_else(|| data.results_to_evaluate.map(|_| LogAlarm::default()));
    let is_log_alarm = log_alarm.is_some();
    let log_alarm = log_alarm.unwrap_or_default();
    let contributors = [detail, current, event, configuration].map(|place| place.value("alarmContributor"));
    let contributor = marks::contributor_in(contributors)
        .or_else(|| is_of_contributor.then(|| Contributor { id: String::new(), attributes: Vec::new() }));

    let choice = watched::choose(configuration.objects("metrics").map(Query::read).collect(), None);
    let mut watched = choice.watched;
    if let Watched::Metric(metric) = &mut watched
        && metric.statistic.is_none()
    {
        metric.statistic = data.statistic;
    }
    if let Some(rule) = configuration.text("alarmRule") {
        let mut triggering = data.triggering;
        if triggering.is_empty() {
            triggering.extend(reason::triggering_in(reason));
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
        region: region.or_else(|| wire::region_code(event.string("region")?)),
        account: event
            .string("account")
            .or_else(|| event.string("accountId"))
            .and_then(wire::account_number)
            .or(account),
        description: configuration.text("description"),
        contributor,
        time_series: reason::read_time_series(reason),
        state,
        changed_at_ms,
        previous: detail.object("previousState").and_then(read_previous),
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
        reason: reason.to_owned(),
        // The sentence has the times of its datapoints, the data beside it has not.
        datapoints: if sentence.datapoints.is_empty() { data.datapoints } else { sentence.datapoints },
        missing_data: sentence.missing_data,
        suppressed_by: current.text("actionsSuppressedBy"),
        is_muted: marks::is_muted([detail, current, event].map(|place| place.value("muteDetail"))),
        query_execution: current.text("queryExecutionId").filter(|id| log_query::is_execution(id)),
    })
}

fn read_previous(previous: Members<'_>) -> Option<PreviousState> {
    Some(PreviousState {
        state: previous.string("value").and_then(wire::state)?,
        since_ms: previous.string("timestamp").and_then(wire::epoch_ms),
        suppressed: previous.string("actionsSuppressedBy").is_some()
            || marks::is_muted([previous.value("muteDetail")]),
    })
}
