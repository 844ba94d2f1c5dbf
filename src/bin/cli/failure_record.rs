//! The body of a record in; the event in it that the function could not get done out.
//!
//! What it takes may be posted and deleted, so it takes nothing by its content: only Lambda's failure records, and the
//! events that the function takes, as a dead-letter queue holds them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use statuswatch::recording::PieceError;
use statuswatch::trigger::{self, Trigger};

/// Why a body has no event that could be redriven.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoEvent {
    /// Somebody else's. A tick alone is one of these, too: it carries nothing.
    #[error("it is no failure record")]
    NoRecord,
    /// Lambda's, of a stream, in a queue.
    #[error(transparent)]
    InStream(PieceError),
}

/// The event that failed.
pub(crate) fn failed_event(body: &[u8]) -> Result<Cow<'_, [u8]>, NoEvent> {
    // An array would do for a struct, too.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let document: Document<'_> =
        serde_json::from_slice(body).ok().filter(|_| is_object).ok_or(NoEvent::NoRecord)?;
    match document {
        Document { batch: Some(batch), text, .. } if batch.get().starts_with('{') => match text {
            Some(text) if matches!(trigger::read(text.as_bytes()), Ok(Trigger::Kinesis(_))) => {
                Ok(Cow::Owned(text.into_owned().into_bytes()))
            }
            Some(_) => Err(NoEvent::NoRecord),
            None => Err(NoEvent::InStream(PieceError::NoEvent)),
        },
        Document { event: Some(event), context: Some(context), .. } if context.is_of_failure() => {
            Ok(Cow::Borrowed(event.get().as_bytes()))
        }
        Document { event: None, batch: None, .. } => match trigger::read(body) {
            Ok(Trigger::Logs(_) | Trigger::Kinesis(_) | Trigger::Notifications) => Ok(Cow::Borrowed(body)),
            Ok(Trigger::Tick | Trigger::Queue(_)) | Err(_) => Err(NoEvent::NoRecord),
        },
        Document { .. } => Err(NoEvent::NoRecord),
    }
}

/// What tells a failure record (Lambda developer guide, "Asynchronous invocation" and "Retain discarded batch records").
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "requestContext")]
    context: Option<Context>,
    #[serde(rename = "requestPayload", borrow)]
    event: Option<&'a RawValue>,
    #[serde(rename = "KinesisBatchInfo", borrow)]
    batch: Option<&'a RawValue>,
    /// The event of a stream, which only a bucket gets.
    #[serde(rename = "payload", borrow)]
    text: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Context {
    condition: Option<String>,
}

impl Context {
    /// A destination may get what succeeded, too.
    fn is_of_failure(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| condition != "Success")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(body: &str) -> Result<String, NoEvent> {
        failed_event(body.as_bytes()).map(|event| String::from_utf8(event.into_owned()).unwrap())
    }

    fn record(condition: &str, event: &Value) -> String {
        json!({ "requestContext": { "condition": condition }, "requestPayload": event }).to_string()
    }

    fn tick() -> Value {
        json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} })
    }

    #[test]
    fn lambdas_records_and_the_events_of_the_function_are_taken() {
        for condition in ["RetriesExhausted", "EventAgeExceeded"] {
            assert_eq!(found(&record(condition, &tick())), Ok(tick().to_string()));
        }
        let stream = json!({ "Records": [{ "eventSource": "aws:kinesis", "kinesis": { "data": "x" } }] });
        for event in [
            stream.clone(),
            json!({ "awslogs": { "data": "x" } }),
            json!({ "alarmData": {} }),
            json!({ "detail-type": "CloudWatch Alarm State Change" }),
            json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {} }] }),
        ] {
            assert_eq!(found(&format!("{event}\n")), Ok(format!("{event}\n")));
        }
        let text = stream.to_string();
        assert_eq!(found(&json!({ "KinesisBatchInfo": {}, "payload": text }).to_string()), Ok(text));
        let in_stream = Err(NoEvent::InStream(PieceError::NoEvent));
        assert_eq!(found(r#"{"requestContext":{},"KinesisBatchInfo":{}}"#), in_stream);
    }

    #[test]
    fn nothing_else_is() {
        let logs = json!({ "awslogs": { "data": "x" } });
        let failed = record("RetriesExhausted", &logs);
        for body in [
            String::new(),
            "text".to_owned(),
            tick().to_string(),
            r#"{"orderId":1,"status":"200","customer":"bob"}"#.to_owned(),
            r#"{"messageType":"DATA_MESSAGE","logEvents":[]}"#.to_owned(),
            r#"{"timestamp":5,"message":"a"}"#.to_owned(),
            r#"{"requestPayload":{"awslogs":{"data":"x"}}}"#.to_owned(),
            record("Success", &logs),
            json!({ "KinesisBatchInfo": {}, "payload": tick().to_string() }).to_string(),
            json!({ "Records": [{ "eventSource": "aws:sqs", "body": failed }] }).to_string(),
            json!({ "Records": [{ "eventSource": "aws:s3" }] }).to_string(),
            format!("[{failed}]"),
            format!("{failed}\n{failed}"),
            format!("{failed}\n127.0.0.1 - - [x]"),
        ] {
            assert_eq!(found(&body), Err(NoEvent::NoRecord), "{body}");
        }
    }
}
