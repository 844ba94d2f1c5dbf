//! Decodes compressed text and digests its lines: the one way there, for the function and for `replay`.
//!
//! It remembers nothing and notifies nobody. What cannot be decoded is its caller's to report.

use crate::decode::{self, DecodeError, Source};
use crate::digest::{Batch, Reader};
use crate::duplicates::{EventKeys, RememberedEvents};
use crate::trigger::KinesisRecord;

/// What log events are read by.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline<'a> {
    /// What decides over log events.
    pub reader: &'a Reader,
    /// Log events that need not be notified again.
    pub remembered: &'a RememberedEvents,
    /// What one batch may have after inflation.
    pub max_decompressed_bytes: u64,
}

impl Pipeline<'_> {
    /// Reads what one push carries.
    pub fn batch(&self, source: Source<'_>) -> Result<Batch, DecodeError> {
        self.read(source, &EventKeys::default())
    }

    /// Reads Kinesis records into one batch. Each is decoded by itself, and `each` is told its position and what was
    /// read of it before it becomes a part of the whole; one that cannot be decoded is left out.
    pub fn records(
        &self,
        records: &[KinesisRecord<'_>],
        mut each: impl FnMut(usize, &KinesisRecord<'_>, Result<&mut Batch, DecodeError>),
    ) -> Batch {
        let mut all = Batch::default();
        for (position, record) in records.iter().enumerate() {
            match self.read(Source::Base64(&record.data), &all.keys) {
                Ok(mut batch) => {
                    each(position, record, Ok(&mut batch));
                    all.absorb(batch, self.reader.samples_per_group);
                }
                Err(error) => each(position, record, Err(error)),
            }
        }
        all
    }

    fn read(&self, source: Source<'_>, earlier: &EventKeys) -> Result<Batch, DecodeError> {
        let mut batch = Batch::default();
        let mut intake = batch.intake(self.reader, self.remembered).after(earlier);
        decode::decode(source, self.max_decompressed_bytes, &mut intake)?;
        batch.forget_what_is_known(self.remembered);
        batch.note_requests();
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::digest::{Digest, Section};
    use crate::incident::ClientCount;
    use crate::rules::Rules;

    fn message(log_group: &str, owner: &str, lines: &[&str]) -> String {
        let events = (0..).zip(lines).map(|(id, line)| {
            json!({ "id": format!("{log_group}{owner}{id}"), "timestamp": 1_700_000_000_000_i64, "message": line })
        });
        let events: Vec<_> = events.collect();
        json!({
            "messageType": "DATA_MESSAGE", "owner": owner, "logGroup": log_group, "logStream": "s",
            "logEvents": events,
        })
        .to_string()
    }

    fn line(status: u16, ip: &str, stage: &str) -> String {
        format!(r#"{{"status":"{status}","routeKey":"GET /a","ip":"{ip}","stage":"{stage}"}}"#)
    }

    fn read(text: &str, redact: &[&str]) -> Batch {
        let redact = redact.join(",").parse().unwrap();
        let reader = Reader { redact, samples_per_group: 1, ..Reader::new(Rules::built_in()) };
        let remembered = RememberedEvents::default();
        let pipeline = Pipeline { reader: &reader, remembered: &remembered, max_decompressed_bytes: 1 << 20 };
        pipeline.batch(Source::Plain(text.as_bytes())).unwrap()
    }

    fn section(text: &str) -> Section {
        read(text, &[]).digest.sections.remove(0)
    }

    fn requests(lines: &[&str]) -> Option<u64> {
        section(&message("g", "123456789012", lines)).requests
    }

    #[test]
    fn the_requests_of_one_delivery_are_known_where_all_of_it_could_be_read() {
        let (ok, bad) = (line(200, "192.0.2.1", "prod"), line(502, "192.0.2.1", "prod"));
        assert_eq!(requests(&[&ok, &bad, &ok, &bad, &ok]), Some(5));
        assert_eq!(requests(&[&bad, &bad]), None, "a filter may have passed errors alone");
        assert_eq!(requests(&[&ok, &bad, "START RequestId: 1"]), None, "it may be a request");
        let broken = bad.replace('}', r#","latency":-}"#);
        assert_eq!(requests(&[&ok, &broken]), Some(2));
        let fields =
            "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status";
        let [ok, bad] = ["200", "502"].map(|status| {
            format!("2026-01-15\t10:05:00\tFRA56\t12\t192.0.2.1\tGET\td1.cloudfront.net\t/a\t{status}")
        });
        assert_eq!(requests(&["#Version: 1.0", fields, &ok, &bad]), Some(2), "headers are no requests");
    }

    #[test]
    fn what_comes_again_or_of_several_messages_has_no_share() {
        let (ok, bad) = (line(200, "192.0.2.1", "prod"), line(502, "192.0.2.1", "prod"));
        let one = message("g", "123456789012", &[&ok, &bad]);
        let other = message("h", "123456789012", &[&ok]);
        assert_eq!(section(&one).requests, Some(2));
        assert_eq!(section(&format!("{one}{other}")).requests, None);
        assert_eq!(section(&format!("{one}{one}")).requests, None);
        let mut folded = read(&one, &[]);
        folded.absorb(read(&message("g", "123456789012", &[&ok]), &[]), 1);
        assert_eq!(folded.digest.sections[0].requests, Some(2), "that of the errors' delivery");
        folded.absorb(read(&one, &[]), 1);
        assert_eq!(folded.digest.sections[0].requests, None);
    }

    #[test]
    fn accounts_stages_and_clients_are_those_of_the_error_lines() {
        let lines: Vec<String> = (0..40)
            .map(|n| line([200, 502][n % 2], &format!("192.0.2.{}", n / 8), ["dev", "prod"][n / 2 % 2]))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut context = section(&message("g", "123456789012", &lines)).context;
        assert_eq!(context.accounts().kept(), ["123456789012"]);
        assert_eq!(context.stages().kept(), ["dev", "prod"]);
        assert_eq!(context.clients().count(), ClientCount::Exactly(5));
        // Lines of a kind that is known are of another account.
        let two = message("g", "123456789012", &lines) + &message("g", "210987654321", &lines);
        context = section(&two).context;
        assert_eq!(context.accounts().kept(), ["123456789012", "210987654321"]);
    }

    proptest! {
        /// Many lines are alike, so that most of those without a source are counted by their kind.
        #[test]
        fn a_group_has_the_source_of_all_its_lines_or_none_and_the_sum_of_each_source_is_exact(
            sources in prop::collection::vec(0_u16..5, 1..150),
        ) {
            let label = |source: u16| match source {
                0 => String::new(),
                1 => "account 111111111111 eu-west-1".to_owned(),
                source => format!("account 22222222222{source} us-east-1 /aws/x"),
            };
            let event = |(id, source): (usize, &u16)| {
                let line = line(502, "192.0.2.1", "prod");
                let mut event = json!({ "id": id.to_string(), "timestamp": 1_700_000_000_000_i64, "message": line });
                event["extractedFields"] = match source {
                    0 => return event,
                    1 => json!({ "@aws.account": "111111111111", "@aws.region": "eu-west-1", "@source.log": "g" }),
                    source => json!({ "@source.log": "/aws/x", "@aws.region": "us-east-1", "@aws.account": format!("22222222222{source}") }),
                };
                event
            };
            let events: Vec<_> = sources.iter().enumerate().map(event).collect();
            let message = json!({ "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g", "logStream": "s", "logEvents": events });
            let section = section(&message.to_string());
            prop_assert_eq!((section.matched(), section.groups.len()), (sources.len() as u64, 1));
            let is_one = sources.iter().all(|source| *source == sources[0]);
            prop_assert_eq!(&section.groups[0].source, &if is_one { label(sources[0]) } else { String::new() });
            for source in 0..5 {
                let count = sources.iter().filter(|known| **known == source).count() as u64;
                let kept = section.context.sources().kept().iter().find(|(known, _)| *known == label(source)).map_or(0, |(_, lines)| *lines);
                prop_assert_eq!(kept, if source == 0 { 0 } else { count });
            }
        }
    }

    #[test]
    fn a_masked_address_is_not_counted_and_a_masked_stage_not_named() {
        let lines = [line(502, "192.0.2.1", "prod"), line(502, "192.0.2.2", "prod")];
        let text = message("g", "123456789012", &[&lines[0], &lines[1]]);
        let Digest { sections, .. } = read(&text, &["ip", "stage"]).digest;
        assert_eq!(sections[0].context.clients().count(), ClientCount::Unknown);
        assert!(sections[0].context.stages().is_empty());
        let Digest { sections, .. } = read(&text, &["stage"]).digest;
        assert_eq!(sections[0].context.clients().count(), ClientCount::Exactly(2));
    }
}
