//! Lambda events: what they are, and the alarms that they tell.

use serde_json::Value;
use statuswatch::alarm::{
    AlarmMemory, AlarmNotice, AlarmSettings, IncomingNotification, NoticeDecision, read_notifications,
};
use statuswatch::trigger::{self, Trigger, TriggerError};

pub(super) fn run(data: &[u8]) {
    let read = trigger::read(data);
    let Ok(event @ Value::Object(_)) = serde_json::from_slice::<Value>(data) else { return };
    assert!(!matches!(read, Err(TriggerError::NotJson { .. })), "JSON for serde_json, and not for us");
    match read {
        Ok(Trigger::Logs(text)) => assert_eq!(event["awslogs"]["data"].as_str(), str::from_utf8(&text).ok()),
        Ok(Trigger::Kinesis(records)) => {
            let expected = event["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(records.len(), expected.len());
            for (record, expected) in records.iter().zip(expected) {
                let text = |name: &str| expected["kinesis"][name].as_str().unwrap_or_default();
                assert_eq!(record.sequence_number, text("sequenceNumber"));
                assert_eq!(*record.data, *text("data").as_bytes());
            }
        }
        Ok(Trigger::Queue(messages)) => {
            for message in messages {
                let _ = trigger::read(message.event());
            }
        }
        Ok(Trigger::Notifications | Trigger::Tick) | Err(_) => {}
    }
}

pub(super) fn alarm(data: &[u8]) {
    drop(AlarmSettings::from_json(data));
    let mut memory = AlarmMemory::default();
    for notification in read_notifications(data).into_iter().flatten().flatten() {
        match notification {
            IncomingNotification::Change(change) => {
                let decision = memory.decide(&change);
                if let NoticeDecision::Notify(kind) = decision {
                    let notice = AlarmNotice::new(&change, kind);
                    assert!(notice.heading.len() >= 2, "state and name are always told");
                    memory.commit(&change, decision);
                    let again = memory.decide(&change);
                    assert!(!matches!(again, NoticeDecision::Notify(_)), "the same change is told twice");
                }
            }
            IncomingNotification::Text(text) => {
                memory.commit_text(&text);
                assert!(
                    text.message_id.is_none() || !memory.decide_text(&text),
                    "the same text is told twice"
                );
            }
            IncomingNotification::Unrelated => {}
        }
    }
}
