//! What an SNS topic published, alone or in the envelope that queues and web servers get, in; the event in which Lambda
//! gets it out. It reads nothing of the message.

use crate::json::members::{each_field, field, name, text};

/// The event, if a document is the message of an alarm or a topic's envelope.
pub(super) fn event(document: &[u8]) -> Option<Vec<u8>> {
    if is_envelope(document) {
        return Some(in_record(document));
    }
    if !has_texts(document, [b"AlarmName", b"NewStateValue"]) {
        return None;
    }
    let message = serde_json::to_string(std::str::from_utf8(document).ok()?).ok()?;
    Some(in_record(format!(r#"{{"Message":{message}}}"#).as_bytes()))
}

fn in_record(sns: &[u8]) -> Vec<u8> {
    [br#"{"Records":[{"EventSource":"aws:sns","Sns":"#.as_slice(), sns, b"}]}"].concat()
}

fn is_envelope(document: &[u8]) -> bool {
    has_texts(document, [b"TopicArn", b"Message"])
        && field(document, b"Type").and_then(text).as_deref() == Some(b"Notification")
}

fn has_texts(document: &[u8], names: [&[u8]; 2]) -> bool {
    let mut found = [false; 2];
    // A document is known to be JSON.
    let _ = each_field(document, 0, |key, value| {
        let key = name(key);
        for (found, wanted) in found.iter_mut().zip(names) {
            *found |= key == wanted && value.starts_with(b"\"");
        }
    });
    found == [true; 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::{IncomingNotification, read_notifications};

    fn read(document: &str) -> Option<IncomingNotification> {
        let event = event(document.as_bytes())?;
        Some(read_notifications(&event).unwrap().pop().unwrap().unwrap())
    }

    #[test]
    fn an_alarm_s_message_is_one_without_and_with_its_envelope() {
        let alarm = r#"{"AlarmName":"a \"b\"","NewStateValue":"ALARM","StateChangeTime":"2026-11-03T08:00:00.000+0000"}"#;
        let message = serde_json::to_string(alarm).unwrap();
        let envelope = format!(
            r#"{{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:eu-west-1:111122223333:t","Message":{message}}}"#
        );
        for document in [alarm, &envelope] {
            let Some(IncomingNotification::Change(change)) = read(document) else { panic!("{document}") };
            assert_eq!((change.name.as_str(), change.changed_at_ms), ("a \"b\"", 1_793_692_800_000));
        }
    }

    #[test]
    fn other_documents_are_left_alone() {
        for document in [
            r#"{"AlarmName":"a"}"#,
            r#"{"AlarmName":1,"NewStateValue":"ALARM"}"#,
            r#"{"Type":"SubscriptionConfirmation","TopicArn":"t","Message":"m"}"#,
            r#"{"status":"502","message":"AlarmName NewStateValue"}"#,
        ] {
            assert_eq!(event(document.as_bytes()), None, "{document}");
        }
    }
}
