//! Which kind of event invoked the function: reads the bytes of a Lambda event into a [`Trigger`].
//!
//! A kind is known by the shape of the event, never by trying one parser after another.
//! It decodes nothing: base64 and what is in it are `decode`'s. It copies nothing of a body that has no escapes.

use std::borrow::Cow;

use thiserror::Error;

use crate::json::members::{self, each_field, elements, field, text};
use crate::json::{self, Stop};

/// How much of an event of no known kind its error shows.
const MAX_NAMED_KEYS: usize = 8;
const MAX_NAMED_KEY_CHARS: usize = 40;

/// How the `detail-type` of all that EventBridge tells of an alarm begins. Not only changes of its state: a rule on
/// alarms delivers changes of their configuration too, and an error for those would be retried for nothing.
const ALARM_EVENT: &[u8] = b"CloudWatch Alarm ";

/// What invoked the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger<'a> {
    /// A subscription filter's push: base64 text of a compressed subscription message.
    Logs(Cow<'a, [u8]>),
    /// Kinesis records, each of which carries a compressed subscription message.
    Kinesis(Vec<KinesisRecord<'a>>),
    /// Messages of an SQS queue, each of which carries an event of another kind: any queue, the failure queue among them.
    Queue(Vec<QueueMessage<'a>>),
    /// Changes of CloudWatch alarms in one of their wire shapes, or other messages of a topic; `alarm` reads the body itself.
    Notifications,
    /// The schedule's tick, once a minute. It posts what is due, and is what is sure to end incidents and storms in which
    /// no line comes any more.
    Tick,
}

/// One Kinesis record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KinesisRecord<'a> {
    /// Its place in the shard, by which a failure is reported.
    pub sequence_number: Cow<'a, str>,
    /// The shard that it comes from; empty where the event does not say.
    pub shard: Cow<'a, str>,
    /// Base64 text of the record's bytes; empty where the record has none.
    pub data: Cow<'a, [u8]>,
}

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage<'a> {
    /// SQS's id of it, by which a failure is reported.
    pub id: Cow<'a, str>,
    /// An event, or Lambda's record of one that failed.
    pub body: Cow<'a, [u8]>,
}

impl QueueMessage<'_> {
    /// The event that it carries.
    #[must_use]
    pub fn event(&self) -> &[u8] {
        field(&self.body, b"requestPayload").filter(|event| event.starts_with(b"{")).unwrap_or(&self.body)
    }
}

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TriggerError {
    /// The event is no JSON object.
    #[error("event: not a JSON object: error at byte {at}")]
    NotJson {
        /// Byte offset in the event.
        at: usize,
    },
    /// An `awslogs` event without its text.
    #[error("event: awslogs has no string named data")]
    NoData,
    /// An event of no known kind. Its keys are cut, and hold no values.
    #[error(
        "event of no known kind, with the keys [{}]; accepted are awslogs (CloudWatch Logs), Records of \
         aws:kinesis, aws:sns or aws:sqs, alarmData, and the detail-types \"CloudWatch Alarm State Change\" and \
         \"Scheduled Event\"",
        keys.join(", ")
    )]
    Unknown {
        /// Up to 8 of the event's keys, each cut to 40 characters of `[A-Za-z0-9_.-]`.
        keys: Vec<String>,
    },
}

/// Reads what invoked the function.
pub fn read(event: &[u8]) -> Result<Trigger<'_>, TriggerError> {
    let mut shape = Shape::default();
    let end =
        each_field(event, 0, |name, value| shape.note(name, value)).map_err(|stop| not_json(event, stop))?;
    let end = json::skip_space(event, end);
    if end < event.len() {
        return Err(TriggerError::NotJson { at: end });
    }
    if let Some(awslogs) = shape.awslogs {
        let data = field(awslogs, b"data").and_then(text).ok_or(TriggerError::NoData)?;
        return Ok(Trigger::Logs(data));
    }
    if let Some(records) = shape.records {
        let first = elements(records).next().unwrap_or_default();
        // SNS writes the name with a capital letter, Kinesis without.
        let source = field(first, b"eventSource").or_else(|| field(first, b"EventSource")).and_then(text);
        match source.as_deref() {
            Some(b"aws:kinesis") => {
                return Ok(Trigger::Kinesis(elements(records).map(kinesis_record).collect()));
            }
            Some(b"aws:sns") => return Ok(Trigger::Notifications),
            Some(b"aws:sqs") => return Ok(Trigger::Queue(elements(records).map(queue_message).collect())),
            _ => {}
        }
    }
    if shape.has_alarm_data {
        return Ok(Trigger::Notifications);
    }
    match shape.detail_type.and_then(text).as_deref() {
        Some(name) if name.starts_with(ALARM_EVENT) => Ok(Trigger::Notifications),
        Some(b"Scheduled Event") => Ok(Trigger::Tick),
        _ => Err(TriggerError::Unknown { keys: shape.keys }),
    }
}

/// What an event shows at its top level.
#[derive(Default)]
struct Shape<'a> {
    awslogs: Option<&'a [u8]>,
    records: Option<&'a [u8]>,
    detail_type: Option<&'a [u8]>,
    has_alarm_data: bool,
    keys: Vec<String>,
}

impl<'a> Shape<'a> {
    fn note(&mut self, name: &'a [u8], value: &'a [u8]) {
        let name = members::name(name);
        match &*name {
            b"awslogs" if value.starts_with(b"{") => self.awslogs = Some(value),
            b"Records" if value.starts_with(b"[") => self.records = Some(value),
            b"alarmData" if value.starts_with(b"{") => self.has_alarm_data = true,
            b"detail-type" => self.detail_type = Some(value),
            _ => {}
        }
        if self.keys.len() < MAX_NAMED_KEYS {
            let harmless = |&&byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
            self.keys.push(
                name.iter().filter(harmless).take(MAX_NAMED_KEY_CHARS).map(|&b| char::from(b)).collect(),
            );
        }
    }
}

fn kinesis_record(record: &[u8]) -> KinesisRecord<'_> {
    let kinesis = field(record, b"kinesis").unwrap_or_default();
    let sequence_number = field(kinesis, b"sequenceNumber").and_then(text).unwrap_or_default();
    // `shardId-000000000000:` and the sequence number.
    let id = lossy(field(record, b"eventID").and_then(text).unwrap_or_default());
    let shard = match id {
        Cow::Borrowed(id) => Cow::Borrowed(shard_of(id)),
        Cow::Owned(id) => Cow::Owned(shard_of(&id).to_owned()),
    };
    KinesisRecord {
        sequence_number: lossy(sequence_number),
        shard,
        data: field(kinesis, b"data").and_then(text).unwrap_or_default(),
    }
}

fn queue_message(record: &[u8]) -> QueueMessage<'_> {
    let of = |name| field(record, name).and_then(text).unwrap_or_default();
    QueueMessage { id: lossy(of(b"messageId")), body: of(b"body") }
}

fn shard_of(event_id: &str) -> &str {
    event_id.split_once(':').map_or("", |(shard, _)| shard)
}

fn lossy(text: Cow<'_, [u8]>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(raw) => String::from_utf8_lossy(raw),
        Cow::Owned(raw) => Cow::Owned(String::from_utf8_lossy(&raw).into_owned()),
    }
}

fn not_json(event: &[u8], stop: Stop) -> TriggerError {
    let at = match stop {
        Stop::Invalid(at) => at,
        Stop::Incomplete => event.len(),
    };
    TriggerError::NotJson { at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_text(event: &str) -> Result<Trigger<'_>, TriggerError> {
        read(event.as_bytes())
    }

    #[test]
    fn each_kind_is_known_by_its_shape() {
        let logs = |data: &'static str| Ok(Trigger::Logs(Cow::Borrowed(data.as_bytes())));
        assert_eq!(read_text(r#"{"awslogs":{"data":"H4sI"}}"#), logs("H4sI"));
        assert_eq!(
            read_text(r#" { "other":[{}], "awslogs" : { "x":1, "data" : "H4\/s\nI" } } "#),
            logs("H4/s\nI")
        );
        assert_eq!(read_text(r#"{"aws\u006cogs":{"d\u0061ta":"H4sI"}}"#), logs("H4sI"), "escapes in keys");
        assert_eq!(
            read_text(
                r#"{"R\u0065cords":[{"eventS\u006furce":"aws:kinesis","kinesi\u0073":{"\u0064ata":"H4sI","sequenceNumber":"49"}}]}"#
            ),
            Ok(Trigger::Kinesis(vec![KinesisRecord {
                sequence_number: "49".into(),
                shard: "".into(),
                data: Cow::Borrowed(b"H4sI")
            }]))
        );
        assert_eq!(
            read_text(r#"{"d\u0065tail-type":"CloudWatch Alarm State Change"}"#),
            Ok(Trigger::Notifications)
        );
        assert_eq!(
            read_text(
                r#"{"Records":[{"eventSource":"aws:kinesis","eventID":"shardId-01:49","kinesis":{"sequenceNumber":"49","data":"H4sI"}},
                    {"kinesis":{"data":7},"eventSource":"aws:kinesis"}]}"#
            ),
            Ok(Trigger::Kinesis(vec![
                KinesisRecord {
                    sequence_number: "49".into(),
                    shard: "shardId-01".into(),
                    data: Cow::Borrowed(b"H4sI")
                },
                KinesisRecord { sequence_number: "".into(), shard: "".into(), data: Cow::Borrowed(b"") },
            ])),
        );
        assert_eq!(
            read_text(r#"{"Records":[{"EventSource":"aws:sns","Sns":{}}]}"#),
            Ok(Trigger::Notifications)
        );
        assert_eq!(
            read_text(
                r#"{"Records":[{"messageId":"a-1","eventSource":"aws:sqs","body":"{\"awslogs\":{}}"},{"messageId":7}]}"#
            ),
            Ok(Trigger::Queue(vec![
                QueueMessage { id: "a-1".into(), body: Cow::Borrowed(br#"{"awslogs":{}}"#) },
                QueueMessage { id: "".into(), body: Cow::Borrowed(b"") },
            ]))
        );
        assert_eq!(
            read_text(r#"{"source":"aws.cloudwatch","alarmArn":"x","alarmData":{}}"#),
            Ok(Trigger::Notifications)
        );
        assert_eq!(
            read_text(r#"{"detail-type":"CloudWatch Alarm State Change","detail":{}}"#),
            Ok(Trigger::Notifications)
        );
        assert_eq!(
            read_text(r#"{"detail-type":"CloudWatch Alarm Configuration Change","detail":{}}"#),
            Ok(Trigger::Notifications),
            "nothing to tell, and no error either"
        );
        assert_eq!(
            read_text(r#"{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}"#),
            Ok(Trigger::Tick)
        );
    }

    #[test]
    fn a_refused_event_is_named_by_its_keys_and_never_by_its_values() {
        let check =
            |event: &str, expected: &str| assert_eq!(read_text(event).unwrap_err().to_string(), expected);
        let unknown = |keys: &str| {
            format!(
                "event of no known kind, with the keys [{keys}]; accepted are awslogs (CloudWatch Logs), Records of \
                 aws:kinesis, aws:sns or aws:sqs, alarmData, and the detail-types \"CloudWatch Alarm State Change\" and \
                 \"Scheduled Event\""
            )
        };
        check("{}", &unknown(""));
        check(r#"{"a":"secret","b <!here>":{"c":1}}"#, &unknown("a, bhere"));
        check(r#"{"Records":[]}"#, &unknown("Records"));
        check(r#"{"Records":[{"eventSource":"aws:s3"}]}"#, &unknown("Records"));
        check(r#"{"detail-type":"CloudWatch Alarms"}"#, &unknown("detail-type"));
        check(r#"{"detail-type":"EC2 Instance State-change Notification"}"#, &unknown("detail-type"));
        check(
            &format!("{{\"{}\":1{}}}", "k".repeat(60), ",\"x\":2".repeat(9)),
            &unknown(&format!("{}, x, x, x, x, x, x, x", "k".repeat(40))),
        );
        check(r#"{"awslogs":{}}"#, "event: awslogs has no string named data");
        check(r#"{"awslogs":{"data":5}}"#, "event: awslogs has no string named data");
        check("", "event: not a JSON object: error at byte 0");
        check("[1]", "event: not a JSON object: error at byte 0");
        check(r#"{"a":1"#, "event: not a JSON object: error at byte 6");
        check(r#"{"a":1} x"#, "event: not a JSON object: error at byte 8");
    }

    #[test]
    fn a_message_of_a_queue_carries_an_event_or_lambdas_record_of_one() {
        for (body, event) in [
            (r#"{"awslogs":{"data":"x"}}"#, r#"{"awslogs":{"data":"x"}}"#),
            (
                r#"{"version":"1.0","requestPayload": {"awslogs":{}},"responsePayload":{}}"#,
                r#"{"awslogs":{}}"#,
            ),
            (r#"{"requestPayload":"text"}"#, r#"{"requestPayload":"text"}"#),
            ("", ""),
            ("no JSON", "no JSON"),
        ] {
            let message = QueueMessage { id: "".into(), body: body.as_bytes().into() };
            assert_eq!(message.event(), event.as_bytes(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn any_damage_is_read_without_a_panic(at in 0_usize..90, byte in any::<u8>()) {
            let mut event = br#"{"Records":[{"eventSource":"aws:kinesis","eventID":"shardId-01:49","kinesis":{"sequenceNumber":"49","data":"H4sI"}}]}"#.to_vec();
            event[at] = byte;
            prop_assert!(matches!(read(&event), Err(_) | Ok(Trigger::Kinesis(_))));
        }
    }
}
