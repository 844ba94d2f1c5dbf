//! A recording in; the messages that Slack would have got, and the ledger, out.
//!
//! It goes through the very stages of the function, with a full bucket for each delivery: there is no pacing between
//! them, and nothing is posted. One subscription message or event is one delivery, and so are all loose lines of an
//! input together.

use std::io::{self, Read};

use crate::access_log::fast_path::{Known, LineText};
use crate::access_log::time::line_time_ms;
use crate::alarm::{AlarmMemory, read_notifications};
use crate::decode::{self, Header, Sink, Source};
use crate::digest::{Batch, Digest, Reader};
use crate::duplicates::Remembered;
use crate::handler::alarms::Notice;
use crate::ledger::Ledger;
use crate::recording::{self, Looks, Piece, Row, Unreadable};
use crate::slack::render::{Rendered, Situation, Style, UndecodableRecords, render, render_undecodable};
use crate::trigger::{self, KinesisRecord, Trigger};
use crate::words::short_id;

/// How a recording is read and its messages are drawn.
#[derive(Debug)]
pub struct Settings {
    /// What decides over lines.
    pub reader: Reader,
    /// How messages look.
    pub style: Style,
    /// Cap on one batch after inflation, bytes.
    pub max_decompressed_bytes: u64,
    /// The time of telling, epoch milliseconds; `None` is the newest timestamp of the recording.
    pub now_ms: Option<i64>,
}

/// One message and what it tells.
#[derive(Debug)]
pub struct Told {
    /// The message.
    pub rendered: Rendered,
    /// Lines that it shows or counts.
    pub matched: u64,
    /// Alarm changes that it tells: one or none.
    pub alarms: u64,
}

/// What a recording came to.
#[derive(Debug, Default)]
pub struct Replayed {
    /// What became of every line.
    pub ledger: Ledger,
    /// The messages, in the order in which they would be posted.
    pub messages: Vec<Told>,
    /// Lines that each rule took, by its position. May be shorter than the list of rules.
    pub rule_hits: Vec<u64>,
    /// What could not be read or decoded, with the number of its line.
    pub faults: Vec<(u64, String)>,
    /// What the first loose line that is no access log looks like.
    pub looks: Option<Looks>,
}

impl Replayed {
    /// How many lines are no access log.
    #[must_use]
    pub fn unreadable(&self) -> Unreadable {
        let Ledger { received, unreadable, .. } = self.ledger;
        Unreadable { received, unreadable, looks: self.looks }
    }
}

/// Replays one recording. An error is one of reading the source itself.
pub fn replay(source: impl Read, settings: &Settings) -> io::Result<Replayed> {
    let mut run = Run::new(settings);
    let mut loose = Batch::default();
    recording::read(source, &mut |number, piece| match piece {
        Ok(Piece::Event(event)) => run.event(number, event),
        Ok(Piece::Message(message)) => run.message(number, message),
        Ok(Piece::LogEvent { event, log_stream, known }) => {
            if run.header.log_stream != log_stream {
                run.header.log_stream = log_stream.into_owned();
            }
            let mut intake = loose.intake(&settings.reader, &run.remembered);
            match (known, event.message) {
                (Some(known), Some(text)) => {
                    let text = LineText::Escaped(text);
                    intake.known(&run.header, event.id.0, event.timestamp_ms, known, text);
                }
                _ => intake.log_event(&run.header, event),
            }
            if loose.counts.unreadable > 0 && run.replayed.looks.is_none() {
                let text = event
                    .message
                    .map(|message| LineText::Escaped(message).said(&mut String::new()).into_owned());
                run.replayed.looks = text.as_deref().map(Looks::of);
            }
        }
        Ok(Piece::Row(row)) => {
            run.row(&mut loose, &row);
            if loose.counts.unreadable > 0 && run.replayed.looks.is_none() {
                run.replayed.looks = row.message.as_deref().map(Looks::of);
            }
        }
        Ok(Piece::Line(line, known)) => {
            run.loose_line(&mut loose, line, known);
            if loose.counts.unreadable > 0 && run.replayed.looks.is_none() {
                run.replayed.looks = Some(Looks::of(&String::from_utf8_lossy(line)));
            }
        }
        Err(error) => run.fault(number, error.to_string()),
    })?;
    if loose.counts.received > 0 {
        run.deliver(loose);
    }
    Ok(run.finish())
}

struct Run<'s> {
    settings: &'s Settings,
    remembered: Remembered,
    alarms: AlarmMemory,
    /// What is to be told, in order; drawn when the newest timestamp is known.
    due: Vec<Due>,
    newest_ms: i64,
    /// Of log events that stand alone: the name of the stream of the last one.
    header: Header,
    /// Of lines that stand alone.
    nameless: Header,
    replayed: Replayed,
}

/// What makes one message.
enum Due {
    /// One delivery.
    Digest(Digest),
    /// One notification.
    Notice(Notice),
    /// The records of one delivery that cannot be decoded.
    Undecodable(UndecodableRecords),
}

impl<'s> Run<'s> {
    fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            remembered: Remembered::default(),
            alarms: AlarmMemory::default(),
            due: Vec::new(),
            newest_ms: 0,
            header: Header::default(),
            nameless: Header::default(),
            replayed: Replayed::default(),
        }
    }

    fn event(&mut self, number: u64, event: &[u8]) {
        match trigger::read(event) {
            Ok(Trigger::Logs(data)) => self.batch(number, Source::Base64(&data)),
            Ok(Trigger::Kinesis(records)) => self.records(number, &records),
            Ok(Trigger::Alarm) => self.notifications(number, event),
            Ok(Trigger::Tick) => self.replayed.ledger.silent += 1,
            Err(error) => self.fault(number, error.to_string()),
        }
    }

    fn message(&mut self, number: u64, message: &[u8]) {
        self.batch(number, Source::Plain(message));
    }

    fn batch(&mut self, number: u64, source: Source<'_>) {
        let mut batch = Batch::default();
        let mut intake = batch.intake(&self.settings.reader, &self.remembered);
        match decode::decode(source, self.settings.max_decompressed_bytes, &mut intake) {
            Ok(()) => self.deliver(batch),
            Err(error) => self.fault(number, error.to_string()),
        }
    }

    fn row(&self, loose: &mut Batch, row: &Row<'_>) {
        let message = row.message.as_deref().unwrap_or_default();
        let timestamp_ms = row.timestamp_ms.or_else(|| line_time_ms(message.as_bytes())).unwrap_or_default();
        let header = Header {
            log_group: row.log_group.clone(),
            log_stream: row.log_stream.clone(),
            ..Header::default()
        };
        loose.intake(&self.settings.reader, &self.remembered).line(
            &header,
            row.id.as_bytes(),
            timestamp_ms,
            message,
        );
    }

    fn loose_line(&self, loose: &mut Batch, line: &[u8], known: Option<Known<'_>>) {
        let timestamp_ms = line_time_ms(line).unwrap_or_default();
        let mut intake = loose.intake(&self.settings.reader, &self.remembered);
        let text = LineText::Plain(line);
        match known {
            Some(known) => intake.known(&self.nameless, b"", timestamp_ms, known, text),
            None => intake.line(&self.nameless, b"", timestamp_ms, &text.said(&mut String::new())),
        }
    }

    fn records(&mut self, number: u64, records: &[KinesisRecord<'_>]) {
        let reader = &self.settings.reader;
        let mut all = Batch::default();
        let mut undecodable = UndecodableRecords::default();
        for record in records {
            let mut batch = Batch::default();
            let mut intake = batch.intake(reader, &self.remembered).after(&all.keys);
            let data = Source::Base64(&record.data);
            match decode::decode(data, self.settings.max_decompressed_bytes, &mut intake) {
                Ok(()) => {
                    batch.forget_what_is_known(&self.remembered);
                    all.absorb(batch, reader.samples_per_group);
                }
                Err(error) => {
                    self.replayed.ledger.undecodable += 1;
                    undecodable.note(&record.shard, &record.sequence_number);
                    self.fault(number, format!("record {}: {error}", record.sequence_number));
                }
            }
        }
        self.deliver(all);
        if !undecodable.is_empty() {
            self.due.push(Due::Undecodable(undecodable));
        }
    }

    fn notifications(&mut self, number: u64, event: &[u8]) {
        let read = match read_notifications(event) {
            Ok(read) => read,
            Err(error) => return self.fault(number, error.to_string()),
        };
        for notification in read {
            match notification.map(|notification| Notice::due(notification, &mut self.alarms)) {
                Ok(Some(notice)) => {
                    self.newest_ms = self.newest_ms.max(notice.changed_at_ms().unwrap_or_default());
                    notice.told(&mut self.alarms);
                    self.due.push(Due::Notice(notice));
                }
                Ok(None) => self.replayed.ledger.silent += 1,
                Err(error) => {
                    self.replayed.ledger.undecodable += 1;
                    self.fault(number, error.to_string());
                }
            }
        }
    }

    fn deliver(&mut self, mut batch: Batch) {
        batch.forget_what_is_known(&self.remembered);
        let counts = &batch.counts;
        let mut ledger = Ledger::of(counts);
        ledger.silent = u64::from(counts.matched == 0);
        self.replayed.ledger.add(&ledger);
        self.newest_ms = self.newest_ms.max(counts.newest_ms);
        let hits = &mut self.replayed.rule_hits;
        hits.resize(hits.len().max(counts.rule_hits.len()), 0);
        hits.iter_mut().zip(&counts.rule_hits).for_each(|(sum, hits)| *sum += hits);
        if counts.matched > 0 {
            self.due.push(Due::Digest(std::mem::take(&mut batch.digest)));
        }
        self.remembered.remember(batch.into_keys());
    }

    fn fault(&mut self, number: u64, what: String) {
        self.replayed.faults.push((number, what));
    }

    fn finish(mut self) -> Replayed {
        let now_ms = self.settings.now_ms.unwrap_or(self.newest_ms);
        for due in self.due {
            let told = match due {
                Due::Digest(digest) => tell(digest, &self.settings.style, now_ms),
                Due::Notice(notice) => Told {
                    rendered: notice.render(&self.settings.style, now_ms),
                    matched: 0,
                    alarms: notice.alarms(),
                },
                Due::Undecodable(records) => {
                    let id = short_id(records.id());
                    let rendered = render_undecodable(&records, &self.settings.style, &id);
                    Told { rendered, matched: 0, alarms: 0 }
                }
            };
            let ledger = &mut self.replayed.ledger;
            ledger.posted += 1;
            ledger.alarms += told.alarms;
            ledger.shown += told.rendered.shown;
            ledger.counted += told.matched - told.rendered.shown;
            self.replayed.messages.push(told);
        }
        self.replayed
    }
}

fn tell(mut digest: Digest, style: &Style, now_ms: i64) -> Told {
    digest.sort();
    let id = short_id(digest.id);
    let rendered = render(&digest, style, &Situation { now_ms, id: &id, storm: None });
    Told { rendered, matched: digest.matched(), alarms: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::alarm::fixture_tests::fixtures;
    use crate::rules::Rules;

    /// The fixtures of alarms of these names, one after the other.
    fn replayed(names: &[&str]) -> Replayed {
        let all = fixtures("");
        let events =
            names.iter().map(|name| &all.iter().find(|(found, _)| found == name).expect("a fixture").1);
        let recording = events.fold(Vec::new(), |all, event| [all, event.clone()].concat());
        replay(recording.as_slice(), &settings()).expect("bytes can be read")
    }

    fn settings() -> Settings {
        let reader = Reader::new(Rules::built_in());
        Settings { reader, style: Style::default(), max_decompressed_bytes: 1 << 20, now_ms: None }
    }

    fn headings(replayed: &Replayed) -> Vec<&str> {
        let texts = replayed.messages.iter().map(|told| told.rendered.message.text.as_str());
        texts.map(|text| text.split(" · ").next().unwrap_or_default()).collect()
    }

    #[test]
    fn alarms_in_a_recording_give_their_messages_in_order_and_a_repeat_gives_none() {
        let replayed = replayed(&[
            "sns-metric-alarm",
            "eventbridge-metric-alarm",
            "eventbridge-configuration-change",
            "sns-text-plain",
            "eventbridge-recovery",
        ]);
        assert_eq!(headings(&replayed), ["ALARM", "Message from topic api-alarms", "OK again"]);
        let expected = Ledger { alarms: 2, posted: 3, silent: 2, ..Ledger::default() };
        assert_eq!(replayed.ledger, expected);
        assert_eq!(replayed.messages.iter().map(|told| told.alarms).collect::<Vec<_>>(), [1, 0, 1]);
        // The newest timestamp is the recovery's: seen from there, the first notice is seven minutes old.
        assert!(replayed.messages[0].rendered.plain.text.contains("told 7 min late"));
        assert!(!replayed.messages[2].rendered.plain.text.contains("late"));
    }

    #[test]
    fn a_log_event_with_an_impossible_time_does_not_make_all_others_old() {
        let lines = [
            r#"{"timestamp":1605677336000,"message":"{\"status\":\"502\"}"}"#,
            r#"{"timestamp":99999999999999999999,"message":"{\"status\":\"503\"}"}"#,
        ];
        let replayed = replay(lines.join("\n").as_bytes(), &settings()).expect("bytes can be read");
        assert_eq!(replayed.ledger.matched, 2);
        let text = &replayed.messages[0].rendered.plain.text;
        assert!(!text.contains("late"), "{text}");
    }

    #[test]
    fn an_unreadable_notification_is_a_fault_with_its_line_and_hides_none() {
        let replayed = replayed(&["sns-several-records-one-unreadable"]);
        assert_eq!(headings(&replayed), ["ALARM", "Message from topic api-alarms", "OK again"]);
        assert_eq!(replayed.ledger.undecodable, 1);
        assert_eq!(replayed.faults, [(1, "record 1 is not an SNS record with a `Message`".to_owned())]);
    }
}
