//! Masks the secrets in an alarm change, or in a topic's text, before it is shown.
//!
//! Names of alarms, metrics and topics stay. What a change is known by is the original's: this is for messages alone.

use super::change::{AlarmChange, Contributor, Watched};
use super::notification::TopicText;
use crate::access_log::redact::Redaction;

impl AlarmChange {
    /// With the secrets masked that stand in its texts, and the fields that the operator named among what tells its
    /// contributor from others.
    #[must_use]
    pub fn masked(&self, redaction: &Redaction) -> Self {
        let text = |text: &String| redaction.text(text).into_owned();
        let field =
            |(name, value): &(String, String)| (name.clone(), redaction.field(name, value).into_owned());
        let mut watched = self.watched.clone();
        match &mut watched {
            Watched::Metric(metric) => metric.dimensions = metric.dimensions.iter().map(field).collect(),
            Watched::Expression { expression, label } => {
                *expression = text(expression);
                *label = label.as_ref().map(text);
            }
            Watched::LogQuery(_) | Watched::Composite { .. } | Watched::Unknown => {}
        }
        Self {
            description: self.description.as_ref().map(|about| redaction.document(about).into_owned()),
            contributor: self.contributor.as_ref().map(|Contributor { id, attributes }| Contributor {
                id: id.clone(),
                attributes: attributes.iter().map(field).collect(),
            }),
            watched,
            reason: text(&self.reason),
            ..self.clone()
        }
    }
}

impl TopicText {
    /// With the secrets masked that stand in it.
    #[must_use]
    pub fn masked(&self, redaction: &Redaction) -> Self {
        Self {
            subject: self.subject.as_ref().map(|subject| redaction.text(subject).into_owned()),
            text: redaction.document(&self.text).into_owned(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_tests::fixtures;
    use super::super::notification::{IncomingNotification, read_notifications};
    use super::*;

    fn change(fixture: &str) -> AlarmChange {
        let all = fixtures("");
        let (_, event) = all.iter().find(|(name, _)| name == fixture).expect("a fixture");
        match read_notifications(event).expect("an event").into_iter().next() {
            Some(Ok(IncomingNotification::Change(change))) => *change,
            other => panic!("{other:?}"),
        }
    }

    fn redaction(names: &str) -> Redaction {
        names.parse().unwrap_or_else(|never| match never {})
    }

    #[test]
    fn what_tells_a_secret_in_any_text_of_an_alarm_is_masked() {
        let attributes = [
            ("Resource", "/v1/orders?key=QxZq1&page=QxZq2"),
            ("identity.apiKey", "QxZq3"),
            ("queryString", "a=QxZq4"),
            ("ip", "203.0.113.7"),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let original = AlarmChange {
            description: Some("curl -H 'x-api-key: QxZq5' {\"token\": \"QxZq6\"}".to_owned()),
            reason: "set by hand: Bearer QxZq7abcdef".to_owned(),
            contributor: Some(Contributor { id: "7f3a9c".to_owned(), attributes }),
            ..change("eventbridge-contributor-alarm")
        };
        let masked = original.masked(&Redaction::default());
        assert!(!format!("{masked:?}").contains("QxZq"), "{masked:?}");
        let attributes = masked.contributor.map(|contributor| contributor.attributes).unwrap_or_default();
        let values: Vec<&str> = attributes.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["/v1/orders?key=***&page=***", "***", "a=***", "203.0.113.7"]);
        assert_eq!(masked.reason, "set by hand: Bearer ***");

        let named = original.masked(&redaction("none,ip"));
        let attributes = named.contributor.map(|contributor| contributor.attributes).unwrap_or_default();
        assert_eq!(attributes[3].1, "***");
        assert_eq!(attributes[1].1, "QxZq3");
        assert_eq!(original.masked(&redaction("none")), original);
    }

    #[test]
    fn what_tells_none_stays_as_it_is() {
        for (name, event) in fixtures("") {
            for notification in read_notifications(&event).into_iter().flatten().flatten() {
                match notification {
                    IncomingNotification::Change(change) => {
                        assert_eq!(change.masked(&Redaction::default()), *change, "{name}");
                    }
                    IncomingNotification::Text(text) => {
                        assert_eq!(text.masked(&Redaction::default()), text, "{name}");
                    }
                    IncomingNotification::Unrelated => {}
                }
            }
        }
    }

    #[test]
    fn a_topics_text_is_masked_within_each_line_and_json_by_its_keys() {
        let masked = |text: &str, names: &str| {
            let subject = Some("password=QxZq0".to_owned());
            let text = TopicText { message_id: None, topic_name: "t".into(), subject, text: text.into() };
            let masked = text.masked(&redaction(names));
            (masked.subject.unwrap_or_default(), masked.text)
        };
        let (subject, text) =
            masked("deploy done\nAuthorization: Basic QxZq1==\nGET /a?b=QxZq2 200\nend", "");
        assert_eq!(subject, "password=***");
        assert_eq!(text, "deploy done\nAuthorization: ***\nGET /a?b=*** 200\nend");
        let json = "{\n  \"apiKey\": \"QxZq3\",\n  \"ip\": \"203.0.113.7\"\n}";
        assert_eq!(masked(json, "").1, json.replace("QxZq3", "***"));
        assert_eq!(masked(json, "ip").1, json.replace("QxZq3", "***").replace("203.0.113.7", "***"));
        assert_eq!(masked(json, "none").1, json);
    }
}
