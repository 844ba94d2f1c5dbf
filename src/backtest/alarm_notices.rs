//! The messages that the function for alarms would post of the alarm's changes: all counted, and those of one hour and
//! the very first word by word.
//!
//! What is notified, and in which words, is that function's own code. A change stands here as CloudWatch would notify it,
//! as far as the settings tell.

use super::figures::{HOUR_MS, MAX_SENT, SentMessage, StateChange, Time};
use crate::access_log::redact::Redaction;
use crate::alarm::change::{Condition, Datapoint, Metric, MissingData, PreviousState, Threshold, Watched};
use crate::alarm::{
    AlarmChange, AlarmMemory, AlarmSettings, AlarmState, IncomingNotification, Statistic, Transition,
};
use crate::handler::notifications::Notice;
use crate::slack::render::MessageStyle;

/// The name of the alarm and of its metric where the settings have none: the end of the names that the Terraform
/// module makes.
const UNNAMED: &str = "4xx5xxError";

pub(super) struct AlarmNotices<'s> {
    style: &'s MessageStyle,
    memory: AlarmMemory,
    changed_at_ms: Option<i64>,
    pub(super) notices: u64,
    pub(super) told: Vec<SentMessage>,
    /// Of which hour the messages are kept, by its beginning.
    hour_ms: Option<i64>,
}

impl<'s> AlarmNotices<'s> {
    /// Keeps the messages of the hour that begins at `hour_ms`, and the very first.
    pub(super) fn new(style: &'s MessageStyle, hour_ms: Option<i64>) -> Self {
        let memory = AlarmMemory::default();
        Self { style, memory, changed_at_ms: None, notices: 0, told: Vec::new(), hour_ms }
    }

    /// Takes the next change.
    pub(super) fn note(&mut self, transition: &Transition, settings: &AlarmSettings) {
        let change = self.change(transition, settings);
        self.changed_at_ms = Some(transition.at_ms);
        let Some(notice) = Notice::due(IncomingNotification::Change(Box::new(change)), &mut self.memory)
        else {
            return;
        };
        notice.told(&mut self.memory);
        self.notices += 1;
        let is_of_hour = self.hour_ms.is_some_and(|from| (from..from + HOUR_MS).contains(&transition.at_ms));
        if (is_of_hour || self.notices == 1) && self.told.len() < MAX_SENT {
            let message = notice.render(self.style, &Redaction::default(), None, transition.at_ms).message;
            self.told.push(SentMessage { at: Time(transition.at_ms), shown: 0, matched: 0, message });
        }
    }

    fn change(&self, transition: &Transition, settings: &AlarmSettings) -> AlarmChange {
        let name = |name: &Option<String>| name.clone().unwrap_or_else(|| UNNAMED.to_owned());
        let periods = u32::try_from(settings.evaluation_periods).unwrap_or(u32::MAX);
        let statistic = Statistic::NAMES.iter().find(|(_, statistic)| *statistic == settings.statistic);
        let missing = MissingData { periods, treated_as: settings.treat_missing_data };
        AlarmChange {
            name: name(&settings.name),
            arn: None,
            region: self.style.content.region.as_ref().map(|region| region.name().to_owned()),
            account: None,
            description: None,
            contributor: None,
            time_series: None,
            state: transition.to,
            changed_at_ms: transition.at_ms,
            previous: Some(PreviousState {
                state: transition.from,
                since_ms: self.changed_at_ms,
                suppressed: false,
            }),
            watched: Watched::Metric(Metric {
                namespace: settings.namespace.clone(),
                name: name(&settings.metric_name),
                dimensions: Vec::new(),
                statistic: statistic.map(|(name, _)| (*name).to_owned()),
                unit: settings.unit.clone(),
            }),
            condition: Condition {
                comparison: Some(settings.comparison),
                threshold: Some(Threshold::Value(settings.threshold)),
                period_s: Some(settings.period_s),
                evaluation_periods: Some(periods),
                datapoints_to_alarm: u32::try_from(settings.datapoints_to_alarm).ok(),
                treat_missing_data: Some(settings.treat_missing_data),
            },
            reason: String::new(),
            datapoints: transition
                .value
                .map(|value| Datapoint { value, start_ms: None })
                .into_iter()
                .collect(),
            missing_data: transition.value.is_none().then_some(missing),
            suppressed_by: None,
            is_muted: false,
            query_execution: None,
        }
    }
}

/// The changes that are posted: each to ALARM, and the first to OK after it, whatever lies between.
pub(crate) fn posted(changes: &[StateChange]) -> impl Iterator<Item = &StateChange> {
    let mut is_owed = false;
    changes.iter().filter(move |change| {
        if change.to == AlarmState::Alarm.name() {
            is_owed = true;
            return true;
        }
        change.to == AlarmState::Ok.name() && std::mem::take(&mut is_owed)
    })
}
