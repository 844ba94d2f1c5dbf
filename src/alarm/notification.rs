//! Reads the notifications of a Lambda event, each with a result of its own.
//!
//! Three shapes: SNS records, EventBridge events, and the direct Lambda action of an alarm. They are known by their
//! keys, never by trying one parser after another. An EventBridge event may come through SNS. An SNS message that is no
//! alarm is text, whatever it pretends to be; a record that cannot be read does not hide the others. An error never
//! quotes its input: Lambda hands its text to the failure destination, where others read it.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use super::change::AlarmChange;
use super::event_detail::{self, Lacks};
use super::sns_message;
use super::wire::Members;

/// The two `detail-type`s of EventBridge that are an alarm change: of the alarm, and of one of its time series.
const STATE_CHANGE: &str = "CloudWatch Alarm State Change";
const CONTRIBUTOR_STATE_CHANGE: &str = "CloudWatch Alarm Contributor State Change";

/// What one notification is.
#[derive(Debug, Clone, PartialEq)]
pub enum IncomingNotification {
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
) -> Result<Vec<Result<IncomingNotification, NotificationError>>, NotificationError> {
    // A member or a record that cannot be read does not hide the others: each is read by itself.
    let event: BTreeMap<String, &RawValue> = serde_json::from_slice(event)
        .map_err(|error| NotificationError::NotJson { line: error.line(), column: error.column() })?;
    if let Some(records) = event.get("Records").map(|records| records.get()).filter(|text| *text != "null") {
        let records: Vec<&RawValue> =
            serde_json::from_str(records).map_err(|_| NotificationError::NotANotification)?;
        return Ok(records
            .into_iter()
            .enumerate()
            .map(|(index, record)| read_record(index, record))
            .collect());
    }
    let members =
        event.into_iter().filter_map(|(name, raw)| Some((name, serde_json::from_str(raw.get()).ok()?)));
    let event: Value = members.collect::<serde_json::Map<_, _>>().into();
    let event = Members::of(&event);
    if event.string("detail-type").is_none() && event.object("alarmData").is_none() {
        return Err(NotificationError::NotANotification);
    }
    Ok(vec![read_event(event)])
}

fn read_event(event: Members<'_>) -> Result<IncomingNotification, NotificationError> {
    let detail_type = event.string("detail-type");
    let is_of_contributor = detail_type == Some(CONTRIBUTOR_STATE_CHANGE);
    let field = match detail_type {
        Some(detail_type) if detail_type != STATE_CHANGE && !is_of_contributor => {
            return Ok(IncomingNotification::Unrelated);
        }
        Some(_) => "detail",
        None => "alarmData",
    };
    let detail = event.object(field).ok_or(NotificationError::Incomplete { field })?;
    event_detail::read(detail, event, is_of_contributor)
        .map(|change| IncomingNotification::Change(Box::new(change)))
        .map_err(|Lacks(field)| NotificationError::Incomplete { field })
}

/// An alarm's event of EventBridge whose rule has a topic as its target. `None`: the message is no such event, or lacks
/// what makes it a change.
fn read_published_event(message: &str) -> Option<IncomingNotification> {
    let event: Value = serde_json::from_str(message).ok()?;
    let event = Members::of(&event);
    event.string("detail-type").filter(|detail_type| detail_type.starts_with("CloudWatch Alarm "))?;
    read_event(event).ok()
}

/// One record. Only what is needed of the envelope: fixtures disagree on the spelling of the rest.
fn read_record(index: usize, record: &RawValue) -> Result<IncomingNotification, NotificationError> {
    let not_of_sns = NotificationError::NotAnSnsRecord { index };
    let record: Value = serde_json::from_str(record.get()).map_err(|_| not_of_sns.clone())?;
    let record = Members::of(&record);
    let is_of_sns = record.string("EventSource").is_none_or(|source| source == "aws:sns");
    let sns = Members::of(record.value("Sns"));
    let message = sns.string("Message").filter(|_| is_of_sns).ok_or(not_of_sns)?;
    if let Some(change) = sns_message::read(message, sns.string("Timestamp")) {
        return Ok(IncomingNotification::Change(Box::new(change)));
    }
    if let Some(notification) = read_published_event(message) {
        return Ok(notification);
    }
    let topic_arn = sns.string("TopicArn").unwrap_or_default();
    let subject = sns.string("Subject").filter(|subject| !subject.trim().is_empty());
    Ok(IncomingNotification::Text(TopicText {
        message_id: sns.string("MessageId").map(str::to_owned),
        topic_name: topic_arn.rsplit(':').next().unwrap_or_default().to_owned(),
        subject: subject.map(str::to_owned),
        text: message.to_owned(),
    }))
}
