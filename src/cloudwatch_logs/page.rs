//! One page of `FilterLogEvents`, as lines of a recording.
//!
//! Messages are passed on as they stand in the answer, and not looked at.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::LogsError;
use super::follow::Known;
use super::identities::Way;
use super::slices::Slice;
use crate::json::{Stop, closing_quote, expect, members, skip_space, skip_value};

/// A part of a recording, of whole lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// One JSON object a log event: `timestamp`, `message`, `logGroupName`, `logStreamName`, `eventId`.
    pub lines: Vec<u8>,
    /// How many log events.
    pub events: u64,
    /// Up to when all is there, epoch milliseconds.
    pub until_ms: i64,
    /// Whether Live Tail left log events out, as there were more than it gives in a second.
    pub is_sampled: bool,
}

/// A log event, its values as they stand in the answer.
#[derive(Debug, Default)]
pub(super) struct Event<'a> {
    timestamp: Option<&'a [u8]>,
    message: Option<&'a [u8]>,
    log_stream: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    /// Of Live Tail alone.
    pub(super) log_group: Option<&'a [u8]>,
}

/// The answer is not of the service's form.
pub(super) struct Malformed;

impl From<Stop> for Malformed {
    fn from(_: Stop) -> Self {
        Self
    }
}

impl Page {
    /// Without a log event so far, of an answer of so many bytes.
    pub(super) fn empty(bytes: usize) -> Self {
        Self { lines: Vec::with_capacity(bytes), events: 0, until_ms: 0, is_sampled: false }
    }

    /// The log events of an answer that belong to the slice, and the token of the page behind it. The name of the log
    /// group is one that needs no escapes.
    pub(super) fn read(
        answer: &[u8],
        log_group: &str,
        slice: Slice,
    ) -> Result<(Self, Option<String>), LogsError> {
        let (mut page, next_token) = Self::read_some(answer, log_group, slice, None)?;
        if next_token.is_none() {
            page.until_ms = slice.until_ms;
        }
        Ok((page, next_token))
    }

    /// The same of those that are not known yet.
    pub(super) fn read_new(
        answer: &[u8],
        log_group: &str,
        slice: Slice,
        known: &mut Known,
    ) -> Result<(Self, Option<String>), LogsError> {
        Self::read_some(answer, log_group, slice, Some(known))
    }

    fn read_some(
        answer: &[u8],
        log_group: &str,
        slice: Slice,
        known: Option<&mut Known>,
    ) -> Result<(Self, Option<String>), LogsError> {
        let mut page = Self { until_ms: slice.from_ms, ..Self::empty(answer.len()) };
        let taken = page.take(answer, log_group, slice, known);
        let next_token = taken.map_err(|Malformed| LogsError::Unreadable)?;
        Ok((page, next_token))
    }

    /// Takes the log events of an answer; gives the token of the page behind it.
    fn take(
        &mut self,
        answer: &[u8],
        log_group: &str,
        slice: Slice,
        mut known: Option<&mut Known>,
    ) -> Result<Option<String>, Malformed> {
        let mut next_token = None;
        let end = each_member(answer, 0, (b'{', b'}'), |at| {
            let (name, value) = key(answer, at)?;
            match name {
                b"events" => each_member(answer, value, (b'[', b']'), |at| {
                    let (event, end) = Event::read(answer, at)?;
                    self.add(&event, log_group, slice, known.as_deref_mut())?;
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

    fn add(
        &mut self,
        event: &Event<'_>,
        log_group: &str,
        slice: Slice,
        known: Option<&mut Known>,
    ) -> Result<(), Malformed> {
        let at_ms = event.at_ms()?;
        self.until_ms = self.until_ms.max(at_ms.min(slice.until_ms));
        // The slice behind it has those at its very end.
        if at_ms < slice.from_ms || at_ms >= slice.until_ms {
            return Ok(());
        }
        if let Some(known) = known {
            let is_new = known.is_new(at_ms, event.hash());
            if !is_new || !known.is_new_beside(Way::Fetched, at_ms, || event.identity())? {
                return Ok(());
            }
        }
        self.write(event, log_group, at_ms)
    }

    /// Adds a log event, whatever its time.
    pub(super) fn write(&mut self, event: &Event<'_>, log_group: &str, at_ms: i64) -> Result<(), Malformed> {
        let timestamp = event.timestamp.ok_or(Malformed)?;
        let message = event.message.ok_or(Malformed)?;
        self.until_ms = self.until_ms.max(at_ms);
        self.events += 1;
        let mut write = |name: &[u8], value: &[u8]| {
            self.lines.extend_from_slice(name);
            self.lines.extend_from_slice(value);
        };
        write(b"{\"timestamp\":", timestamp);
        write(b",\"message\":", message);
        write(b",\"logGroupName\":\"", log_group.as_bytes());
        write(b"\"", b"");
        for (name, value) in [(&b",\"logStreamName\":"[..], event.log_stream), (b",\"eventId\":", event.id)] {
            if let Some(value) = value {
                write(name, value);
            }
        }
        write(b"}", b"\n");
        Ok(())
    }
}

impl<'a> Event<'a> {
    /// Its timestamp, epoch milliseconds.
    pub(super) fn at_ms(&self) -> Result<i64, Malformed> {
        let digits = self.timestamp.and_then(|timestamp| str::from_utf8(timestamp).ok());
        digits.and_then(|digits| digits.parse().ok()).ok_or(Malformed)
    }

    /// By what both `FilterLogEvents` and Live Tail say of it, whichever characters they escape.
    pub(super) fn identity(&self) -> Result<u64, Malformed> {
        let mut hasher = DefaultHasher::new();
        self.at_ms()?.hash(&mut hasher);
        let message = self.message.and_then(members::text).ok_or(Malformed)?;
        message.trim_ascii_end().hash(&mut hasher);
        self.log_stream.and_then(members::text).hash(&mut hasher);
        Ok(hasher.finish())
    }

    /// By its id, or where there is none by all that is there.
    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self.id {
            Some(id) => id.hash(&mut hasher),
            None => (self.timestamp, self.message, self.log_stream).hash(&mut hasher),
        }
        hasher.finish()
    }

    /// The log event at `at`, and the offset behind it.
    pub(super) fn read(answer: &'a [u8], at: usize) -> Result<(Self, usize), Malformed> {
        let mut event = Self::default();
        let end = each_member(answer, at, (b'{', b'}'), |at| {
            let (name, value) = key(answer, at)?;
            let end = value_end(answer, value)?;
            let raw = answer.get(value..end).unwrap_or_default();
            let place = match name {
                b"timestamp" => {
                    event.timestamp = Some(raw);
                    return Ok(end);
                }
                b"message" => &mut event.message,
                b"logStreamName" => &mut event.log_stream,
                b"eventId" => &mut event.id,
                b"logGroupIdentifier" => &mut event.log_group,
                _ => return Ok(end),
            };
            // A line break within it, which JSON does not allow, would end the line.
            if !raw.starts_with(b"\"") || memchr::memchr(b'\n', raw).is_some() {
                return Err(Malformed);
            }
            *place = Some(raw);
            Ok(end)
        })?;
        Ok((event, end))
    }
}

/// Calls `read` with the offset of each member of the object or array at `at`, which gives the offset behind it; gives the
/// offset behind all.
pub(super) fn each_member(
    text: &[u8],
    at: usize,
    (open, close): (u8, u8),
    mut read: impl FnMut(usize) -> Result<usize, Malformed>,
) -> Result<usize, Malformed> {
    let mut at = skip_space(text, expect(text, at, open)?);
    if text.get(at) == Some(&close) {
        return Ok(at + 1);
    }
    loop {
        at = skip_space(text, read(at)?);
        match text.get(at) {
            Some(b',') => at = skip_space(text, at + 1),
            Some(byte) if *byte == close => return Ok(at + 1),
            _ => return Err(Malformed),
        }
    }
}

/// The name of the field at `at`, as it stands there, and the offset of its value.
pub(super) fn key(text: &[u8], at: usize) -> Result<(&[u8], usize), Malformed> {
    let from = expect(text, at, b'"')?;
    let end = closing_quote(text, from)?;
    let value = skip_space(text, expect(text, end + 1, b':')?);
    Ok((text.get(from..end).unwrap_or_default(), value))
}

/// The offset behind the value at `at`.
pub(super) fn value_end(text: &[u8], at: usize) -> Result<usize, Malformed> {
    match text.get(at) {
        Some(b'"') => Ok(closing_quote(text, at + 1)? + 1),
        _ => Ok(skip_value(text, at)?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SLICE: Slice = Slice { from_ms: 1_000, until_ms: 2_000 };

    fn read(answer: &str) -> Result<(Vec<Value>, Option<String>), LogsError> {
        let (page, token) = Page::read(answer.as_bytes(), "/aws/g", SLICE)?;
        let text = String::from_utf8(page.lines).unwrap();
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
