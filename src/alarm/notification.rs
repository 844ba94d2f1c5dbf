//! The bytes of a Lambda event that notifies in; one result per notification out.
//!
//! Three shapes: SNS records, EventBridge events, and the direct Lambda action of an alarm. They are told apart by
//! their keys, never by trying one parser after another. An SNS message that is no alarm is text, whatever it
//! pretends to be; a record that cannot be read does not hide the others. An error never quotes its input: Lambda
//! hands its text to the failure destination, where others read it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use super::change::AlarmChange;
use super::event_detail::{self, Detail, Envelope, Lacks};
use super::sns_message;
use super::wire::{lenient, lenient_list};

/// The two `detail-type`s of EventBridge that are an alarm change: of the alarm, and of one of its time series.
const STATE_CHANGE: &str = "CloudWatch Alarm State Change";
const CONTRIBUTOR_STATE_CHANGE: &str = "CloudWatch Alarm Contributor State Change";

/// What one notification is.
#[derive(Debug, Clone, PartialEq)]
pub enum Notification {
    /// An alarm changed its state.
    Change(Box<AlarmChange>),
    /// A message from an SNS topic that is no alarm.
    Text(TopicText),
    /// An EventBridge event of another type, such as "CloudWatch Alarm Configuration Change": nothing to tell.
    Unrelated,
}

/// A message from an SNS topic that is no alarm. All of it is a stranger's text: to be shown escaped and cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicText {
    /// SNS's id of the message, the same on every delivery.
    pub message_id: Option<String>,
    /// The topic's name, the last part of its ARN.
    pub topic_name: String,
    /// The message's subject, where it has one.
    pub subject: Option<String>,
    /// The message as it was published.
    pub text: String,
}

/// Why a notification could not be read. Not retryable: the same bytes give the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotificationError {
    /// The event is not JSON, or not an object.
    #[error("the event is not a JSON object (line {line}, column {column})")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 where the line ended.
        column: usize,
    },
    /// None of the three shapes.
    #[error("the event is no notification: it has no list `Records`, no `detail-type` and no `alarmData`")]
    NotANotification,
    /// One of the records is not from SNS.
    #[error("record {index} is not an SNS record with a `Message`")]
    NotAnSnsRecord {
        /// Which one, from 0.
        index: usize,
    },
    /// An alarm change without what makes it one.
    #[error("the alarm change has no usable `{field}`")]
    Incomplete {
        /// The field, in the notification's own name.
        field: &'static str,
    },
}

/// Reads every notification of a Lambda event: several for SNS, otherwise one.
///
/// The outer error is about the event as a whole, the inner ones each about one record.
pub fn read_notifications(
    event: &[u8],
) -> Result<Vec<Result<Notification, NotificationError>>, NotificationError> {
    let event: Event<'_> = serde_json::from_slice(event)
        .map_err(|error| NotificationError::NotJson { line: error.line(), column: error.column() })?;
    if let Some(records) = event.records {
        let records: Vec<&RawValue> =
            serde_json::from_str(records.get()).map_err(|_| NotificationError::NotANotification)?;
        return Ok(records
            .into_iter()
            .enumerate()
            .map(|(index, record)| read_record(index, record))
            .collect());
    }
    if event.detail_type.is_some() || event.alarm_data.is_some() {
        return Ok(vec![read_event(event)]);
    }
    Err(NotificationError::NotANotification)
}

/// The keys by which the shapes are told apart, and what stands beside them.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<&'a RawValue>,
    #[serde(rename = "detail-type", default, deserialize_with = "lenient")]
    detail_type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    detail: Option<Detail>,
    #[serde(rename = "alarmData", default, deserialize_with = "lenient")]
    alarm_data: Option<Detail>,
    #[serde(default, deserialize_with = "lenient_list")]
    resources: Vec<String>,
    #[serde(rename = "alarmArn", default, deserialize_with = "lenient")]
    alarm_arn: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    account: Option<String>,
    #[serde(rename = "accountId", default, deserialize_with = "lenient")]
    account_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    region: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    time: Option<String>,
    #[serde(rename = "alarmContributor", default)]
    contributor: Value,
    #[serde(rename = "muteDetail", default)]
    mute: Value,
}

fn read_event(event: Event<'_>) -> Result<Notification, NotificationError> {
    let is_of_contributor = event.detail_type.as_deref() == Some(CONTRIBUTOR_STATE_CHANGE);
    let detail = match event.detail_type {
        Some(detail_type) if detail_type != STATE_CHANGE && !is_of_contributor => {
            return Ok(Notification::Unrelated);
        }
        Some(_) => event.detail.ok_or(NotificationError::Incomplete { field: "detail" })?,
        None => event.alarm_data.ok_or(NotificationError::Incomplete { field: "alarmData" })?,
    };
    let envelope = Envelope {
        arn: event.alarm_arn.or_else(|| event.resources.into_iter().next()),
        account: event.account.or(event.account_id),
        region: event.region,
        time: event.time,
        is_of_contributor,
        contributor: event.contributor,
        mute: event.mute,
    };
    event_detail::read(detail, &envelope)
        .map(|change| Notification::Change(Box::new(change)))
        .map_err(|Lacks(field)| NotificationError::Incomplete { field })
}

/// One record. Only what is needed of the envelope: fixtures disagree on the spelling of the rest.
#[derive(Deserialize)]
struct Record {
    #[serde(rename = "EventSource", default, deserialize_with = "lenient")]
    event_source: Option<String>,
    #[serde(rename = "Sns")]
    sns: Sns,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sns {
    message: String,
    #[serde(default, deserialize_with = "lenient")]
    message_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    topic_arn: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    subject: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    timestamp: Option<String>,
}

fn read_record(index: usize, record: &RawValue) -> Result<Notification, NotificationError> {
    let Ok(Record { event_source, sns }) = serde_json::from_str(record.get()) else {
        return Err(NotificationError::NotAnSnsRecord { index });
    };
    if event_source.is_some_and(|source| source != "aws:sns") {
        return Err(NotificationError::NotAnSnsRecord { index });
    }
    if let Some(change) = sns_message::read(&sns.message, sns.timestamp.as_deref()) {
        return Ok(Notification::Change(Box::new(change)));
    }
    let topic_arn = sns.topic_arn.unwrap_or_default();
    Ok(Notification::Text(TopicText {
        message_id: sns.message_id,
        topic_name: topic_arn.rsplit(':').next().unwrap_or_default().to_owned(),
        subject: sns.subject.filter(|subject| !subject.trim().is_empty()),
        text: sns.message,
    }))
}
