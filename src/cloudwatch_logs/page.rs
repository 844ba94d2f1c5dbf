//! One page of `FilterLogEvents`, read as lines of a recording.
//!
//! Messages are passed on as they stand in the answer, and not looked at. A line is written only where it is read to: all
//! that a page holds until then is the answer.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::LogsError;
use super::buffers::Buffers;
use super::event::{Event, Events, Malformed, Span, each_member, key, value_end};
use super::follow::Known;
use super::identities::Way;
use super::slices::Slice;
use crate::json::{members, skip_space};

/// A part of a recording, of whole lines: one JSON object a log event, with `timestamp`, `message`, `logGroupName`,
/// `logStreamName` and `eventId`. It can be read once.
#[derive(Debug, Default)]
pub struct Page {
    /// How many log events.
    pub events: u64,
    /// Up to when all is there, epoch milliseconds.
    pub until_ms: i64,
    /// Whether Live Tail left log events out, as there were more than it gives in a second.
    pub is_sampled: bool,
    /// What the log events stand in.
    text: Vec<u8>,
    /// The names of their log groups.
    names: Vec<u8>,
    /// The log group of each is its place in `names`.
    lines: Vec<Event>,
    /// The first line that was not read yet.
    next: usize,
    /// What is left of a line that was longer than what it was to be read to.
    rest: io::Cursor<Vec<u8>>,
    buffers: Arc<Buffers>,
}

impl Page {
    /// Without a log event so far.
    pub(super) fn empty(buffers: &Arc<Buffers>) -> Self {
        let mut page = Self::default();
        page.lines = buffers.lines();
        page.buffers = Arc::clone(buffers);
        page
    }

    /// The log events of an answer that belong to the slice, without those that are known already, and the token of the
    /// page behind it. The name of the log group is one that needs no escapes.
    pub(super) fn of_answer(
        answer: Vec<u8>,
        log_group: &str,
        slice: Slice,
        known: Option<&mut Known>,
        buffers: &Arc<Buffers>,
    ) -> Result<(Self, Option<String>), LogsError> {
        let is_once = known.is_none();
        let mut page = Self::empty(buffers);
        page.until_ms = slice.from_ms;
        let taken = page.take_events(&answer, log_group, slice, known);
        let next_token = taken.map_err(|Malformed| LogsError::Unreadable)?;
        if is_once && next_token.is_none() {
            page.until_ms = slice.until_ms;
        }
        Ok((page.with_text(answer), next_token))
    }

    /// With what its log events stand in.
    pub(super) fn with_text(mut self, text: Vec<u8>) -> Self {
        self.text = text;
        self
    }

    /// Adds a log event of the text, whatever its time.
    pub(super) fn add(&mut self, event: Event, log_group: &str, at_ms: i64) -> Result<(), Malformed> {
        if !(event.timestamp.is_there() && event.message.is_there()) {
            return Err(Malformed);
        }
        let last = self.lines.last().map(|line| line.log_group);
        let last = last.filter(|last| last.of(&self.names) == log_group.as_bytes());
        let log_group = if let Some(last) = last {
            last
        } else {
            let from = self.names.len();
            self.names.extend_from_slice(log_group.as_bytes());
            Span::new(from..self.names.len()).ok_or(Malformed)?
        };
        self.lines.push(Event { log_group, ..event });
        self.until_ms = self.until_ms.max(at_ms);
        self.events += 1;
        Ok(())
    }

    /// Takes the log events of an answer; gives the token of the page behind it.
    fn take_events(
        &mut self,
        answer: &[u8],
        log_group: &str,
        slice: Slice,
        mut known: Option<&mut Known>,
    ) -> Result<Option<String>, Malformed> {
        let mut next_token = None;
        let mut events = Events::default();
        let end = each_member(answer, 0, (b'{', b'}'), |at| {
            let (name, value) = key(answer, at)?;
            match name {
                b"events" => each_member(answer, value, (b'[', b']'), |at| {
                    let (event, end) = events.read(answer, at)?;
                    self.add_new(answer, event, log_group, slice, known.as_deref_mut())?;
                    Ok(end)
                }),
                b"nextToken" => {
                    let end = value_end(answer, value)?;
                    let token = answer.get(value..end).unwrap_or_default();
                    if token != b"null" {
                        let text = members::text(token).ok_or(Malformed)?;
                        next_token = Some(String::from_utf8_lossy(&text).into_owned());
                    }
                    Ok(end)
                }
                _ => value_end(answer, value),
            }
        })?;
        if skip_space(answer, end) == answer.len() { Ok(next_token) } else { Err(Malformed) }
    }

    fn add_new(
        &mut self,
        answer: &[u8],
        event: Event,
        log_group: &str,
        slice: Slice,
        known: Option<&mut Known>,
    ) -> Result<(), Malformed> {
        let at_ms = event.at_ms(answer)?;
        self.until_ms = self.until_ms.max(at_ms.min(slice.until_ms));
        // The slice behind it has those at its very end.
        if at_ms < slice.from_ms || at_ms >= slice.until_ms {
            return Ok(());
        }
        if let Some(known) = known {
            let is_new = known.is_new(at_ms, event.hash(answer));
            if !is_new || !known.is_new_beside(Way::Fetched, at_ms, || event.identity(answer))? {
                return Ok(());
            }
        }
        self.add(event, log_group, at_ms)
    }

    /// All its lines, whatever was read of them.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        let mut text = Vec::new();
        self.lines.iter().for_each(|line| self.write(line, &mut text).unwrap());
        String::from_utf8(text).unwrap()
    }

    fn write(&self, line: &Event, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"{\"timestamp\":")?;
        out.write_all(line.timestamp.of(&self.text))?;
        out.write_all(b",\"message\":")?;
        out.write_all(line.message.of(&self.text))?;
        out.write_all(b",\"logGroupName\":\"")?;
        out.write_all(line.log_group.of(&self.names))?;
        out.write_all(b"\"")?;
        if line.log_stream.is_there() {
            out.write_all(b",\"logStreamName\":")?;
            out.write_all(line.log_stream.of(&self.text))?;
        }
        if line.id.is_there() {
            out.write_all(b",\"eventId\":")?;
            out.write_all(line.id.of(&self.text))?;
        }
        out.write_all(b"}\n")
    }
}

/// As many whole lines as there is room for; of one that is longer than that, a part.
impl Read for Page {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let mut length = self.rest.read(out)?;
        while let Some(line) = self.lines.get(self.next) {
            let mut room = out.get_mut(length..).unwrap_or_default();
            let before = room.len();
            if self.write(line, &mut room).is_ok() {
                length += before - room.len();
            } else if length == 0 {
                let mut whole = Vec::new();
                self.write(line, &mut whole)?;
                self.rest = io::Cursor::new(whole);
                length = self.rest.read(out)?;
            } else {
                break;
            }
            self.next += 1;
        }
        Ok(length)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.buffers.take_back(std::mem::take(&mut self.text), std::mem::take(&mut self.lines));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SLICE: Slice = Slice { from_ms: 1_000, until_ms: 2_000 };

    fn read(answer: &str) -> Result<(Vec<Value>, Option<String>), LogsError> {
        let answer = answer.as_bytes().to_vec();
        let (mut page, token) = Page::of_answer(answer, "/aws/g", SLICE, None, &Arc::default())?;
        let mut text = String::new();
        page.read_to_string(&mut text).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len() as u64, page.events);
        Ok((lines, token))
    }

    #[test]
    fn a_message_is_passed_on_as_it_stands_whatever_is_in_it() {
        for message in ["", "\\", "\"", "a\"},{\"b", "é \u{1f600}\u{0}\n\t", "{\"status\":\"502\"}", "]}"] {
            let event = json!({ "eventId": "7", "ingestionTime": 5, "logStreamName": "s/\"", "message": message, "timestamp": 1_500, "new": [{"a": {}}] });
            for answer in [
                json!({ "events": [event], "nextToken": "t/+\"=", "searchedLogStreams": [{}] }).to_string(),
                serde_json::to_string_pretty(
                    &json!({ "searchedLogStreams": [], "nextToken": "t/+\"=", "events": [event] }),
                )
                .unwrap(),
            ] {
                let expected = json!({ "timestamp": 1_500, "message": message, "logGroupName": "/aws/g", "logStreamName": "s/\"", "eventId": "7" });
                assert_eq!(read(&answer), Ok((vec![expected], Some("t/+\"=".to_owned()))), "{answer}");
            }
        }
    }

    #[test]
    fn only_what_belongs_to_the_slice_is_taken() {
        let events: Vec<Value> =
            [999, 1_000, 1_999, 2_000].iter().map(|at| json!({ "timestamp": at, "message": "m" })).collect();
        let (lines, token) = read(&json!({ "events": events, "nextToken": null }).to_string()).unwrap();
        assert_eq!(
            lines.iter().map(|line| line["timestamp"].as_i64().unwrap()).collect::<Vec<_>>(),
            [1_000, 1_999]
        );
        assert_eq!(token, None);
        assert_eq!(read("{}"), Ok((Vec::new(), None)));
        assert_eq!(read(r#" { "events" : [ ] } "#), Ok((Vec::new(), None)));
    }

    /// Reads pieces of these lengths in turn.
    fn in_pieces(page: &mut Page, lengths: &[usize]) -> String {
        let mut all = Vec::new();
        for length in lengths.iter().cycle() {
            let mut piece = vec![0; *length];
            match page.read(&mut piece).unwrap() {
                0 => break,
                read => all.extend_from_slice(&piece[..read]),
            }
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_page_reads_the_same_in_pieces_of_any_length() {
        let message = |number: usize| "\\\"".repeat(number % 50);
        let events: Vec<Value> = (0..200)
            .map(|number| json!({ "timestamp": 1_500, "message": message(number), "eventId": number.to_string() }))
            .collect();
        let answer = json!({ "events": events }).to_string().into_bytes();
        let page = || Page::of_answer(answer.clone(), "/aws/g", SLICE, None, &Arc::default()).unwrap().0;
        let whole = page().text();
        assert_eq!(whole.lines().count(), 200);
        for lengths in [&[1][..], &[7, 100], &[300, 1], &[1_000], &[1_000_000]] {
            assert_eq!(in_pieces(&mut page(), lengths), whole, "{lengths:?}");
        }
    }

    #[test]
    fn log_events_of_several_forms_in_one_answer_are_each_read_as_alone() {
        let alike = r#"{"logStreamName":"s","timestamp":1500,"message":"a \\\"b\\\" \\\\","ingestionTime":1501,"eventId":"7"}"#;
        let others = [
            r#"{"logStreamName":"s\\","timestamp":1500,"message":"","ingestionTime":1501,"eventId":"8"}"#,
            r#"{"logStreamName":"s","timestamp": 1500,"message":"m","ingestionTime":-1,"eventId":"9"}"#,
            r#"{"id":"x","timestamp":1500,"message":"m"}"#,
            r#"{"timestamp":1500,"message":"m","new":{"message":"n"},"eventId":"10"}"#,
            r#"{"timestamp":2500,"message":"left out"}"#,
            r#"{"timestamp":1500,"m\u0065ssage":"x","message":"m"}"#,
        ];
        let answer = |events: &[&str]| format!(r#"{{"events":[{}]}}"#, events.join(","));
        let (mut all, mut expected) = (Vec::new(), Vec::new());
        for other in others {
            for event in [alike, alike, other] {
                all.push(event);
                expected.extend(read(&answer(&[event])).unwrap().0);
            }
        }
        assert_eq!(read(&answer(&all)).unwrap().0, expected);
        assert_eq!(expected.len(), 17);
        let broken = alike.replace('b', "\n");
        assert_eq!(read(&answer(&[alike, alike, &broken])), Err(LogsError::Unreadable));
    }

    #[test]
    fn what_is_no_answer_is_unreadable_and_panics_nowhere() {
        let whole = r#"{"events":[{"timestamp":1500,"message":"m \" n","eventId":"1"}],"nextToken":"t"}"#;
        assert!(read(whole).is_ok());
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), Err(LogsError::Unreadable), "{length}");
        }
        for answer in [
            "<html>",
            "[]",
            "null",
            r#"{"events":{}}"#,
            r#"{"events":[1]}"#,
            r#"{"events":[{}]}"#,
            r#"{"events":[{"timestamp":1500}]}"#,
            r#"{"events":[{"timestamp":"1500","message":"m"}]}"#,
            r#"{"events":[{"timestamp":1.5,"message":"m"}]}"#,
            r#"{"events":[{"timestamp":1500,"message":{}}]}"#,
            "{\"events\":[{\"timestamp\":1500,\"message\":\"a\nb\"}]}",
            r#"{"events":[{"timestamp":1500,"message":"m"},]}"#,
            r#"{"nextToken":5}"#,
            r"{}{}",
        ] {
            assert_eq!(read(answer), Err(LogsError::Unreadable), "{answer}");
        }
    }
}
