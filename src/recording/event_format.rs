//! Log events that stand alone follow one another by the million: learn the fixed text of one, and know the next by it.
//!
//! An [`EventFormat`] knows a log event without parsing it: one that has the same fixed text has the same members, of
//! the same kinds, so that it is read as any parser would. Whatever differs in any other place than in the values is
//! left to be looked at. It judges no line.

use std::ops::Range;

use crate::decode::in_milliseconds;
use crate::json::ends::{number_length, text_length};
use crate::json::{closing_quote, expect, skip_space};

/// Digits of a time that is read while they are counted: a number of so many cannot run over.
const MAX_DIGITS: usize = 18;

/// The fixed text of a flat JSON object that is a log event, and what its values are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EventFormat {
    /// What stands before each value, and what the value is.
    members: Vec<(Vec<u8>, Member)>,
    tail: Vec<u8>,
    /// In all of it: no value has any.
    line_breaks: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Message,
    Id,
    LogGroup,
    LogStream,
    Timestamp,
    /// A text or a number that says nothing to us.
    Text,
    Number,
}

/// Where in a text the parts of a known log event are: texts without their quotes, and `0..0` what it does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventParts {
    pub(crate) id: Range<usize>,
    pub(crate) log_group: Range<usize>,
    pub(crate) log_stream: Range<usize>,
    pub(crate) timestamp: Range<usize>,
    pub(crate) message: Range<usize>,
    /// Whether the message was recognised.
    pub(super) is_recognised: bool,
}

impl EventParts {
    /// Its time, epoch milliseconds; `text` is what it was read in.
    pub(super) fn timestamp_ms(&self, text: &[u8]) -> i64 {
        let digits = text.get(self.timestamp.clone()).unwrap_or_default();
        let number = digits.iter().fold(0, |number: i64, digit| {
            number.wrapping_mul(10).wrapping_add(i64::from(digit.wrapping_sub(b'0')))
        });
        in_milliseconds(number)
    }
}

impl Member {
    fn of(name: &[u8], is_text: bool) -> Option<Self> {
        Some(match (name, is_text) {
            (b"message", true) => Self::Message,
            (b"id" | b"eventId", true) => Self::Id,
            (b"logGroupName", true) => Self::LogGroup,
            (b"logStreamName", true) => Self::LogStream,
            (b"timestamp", false) => Self::Timestamp,
            (b"message" | b"id" | b"eventId" | b"timestamp", _) => return None,
            (_, true) => Self::Text,
            (_, false) => Self::Number,
        })
    }
}

impl EventFormat {
    /// Learns from a document that is known to be a log event; `None` where it is no flat object of texts and whole
    /// numbers, or a member stands twice.
    pub(crate) fn learn(document: &[u8]) -> Option<Self> {
        let (mut members, mut names) = (Vec::new(), Vec::new());
        let mut fixed_from = 0;
        let mut at = expect(document, 0, b'{').ok()?;
        loop {
            let name = expect(document, at, b'"').ok()?;
            let name_end = closing_quote(document, name).ok()?;
            let value = skip_space(document, expect(document, name_end + 1, b':').ok()?);
            let is_text = document.get(value) == Some(&b'"');
            let start = value + usize::from(is_text);
            let end = if is_text {
                closing_quote(document, start).ok()?
            } else {
                start + number_length(document.get(start..)?)?
            };
            let name = document.get(name..name_end)?;
            let member = Member::of(name, is_text)?;
            let says_something = !matches!(member, Member::Text | Member::Number);
            let stands_twice = says_something && members.iter().any(|(_, known)| *known == member);
            // An escape may spell any name.
            if stands_twice || names.contains(&name) || name.contains(&b'\\') {
                return None;
            }
            names.push(name);
            members.push((document.get(fixed_from..start)?.to_vec(), member));
            fixed_from = end;
            at = skip_space(document, end + usize::from(is_text));
            match document.get(at)? {
                b',' => at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        let line_breaks = memchr::memchr_iter(b'\n', document).count() as u64;
        Some(Self { members, tail: document.get(fixed_from..)?.to_vec(), line_breaks })
    }

    /// How many line breaks a log event of this format has.
    pub(super) fn line_breaks(&self) -> u64 {
        self.line_breaks
    }

    /// The length of the log event at the beginning of `text`, if it is of this format; notes its parts in `event`.
    ///
    /// `recognise` tells the length of a message whose text begins where it is asked, if it knows it.
    pub(crate) fn read(
        &self,
        text: &[u8],
        event: &mut EventParts,
        recognise: &mut impl FnMut(&[u8]) -> Option<usize>,
    ) -> Option<usize> {
        *event = EventParts::default();
        let mut rest = text;
        for (before, member) in &self.members {
            rest = rest.strip_prefix(before.as_slice())?;
            let start = text.len() - rest.len();
            let length = match member {
                Member::Message => {
                    let recognised = recognise(rest);
                    event.is_recognised = recognised.is_some();
                    recognised.or_else(|| one_line(rest))?
                }
                Member::Number | Member::Timestamp => number_length(rest)?,
                Member::Id | Member::LogGroup | Member::LogStream | Member::Text => text_length(rest, b'"')?,
            };
            let behind = rest.get(length..)?;
            let range = start..start + length;
            match member {
                Member::Message => event.message = range,
                Member::Id => event.id = range,
                Member::LogGroup => event.log_group = range,
                Member::LogStream => event.log_stream = range,
                Member::Timestamp if length <= MAX_DIGITS => event.timestamp = range,
                Member::Timestamp => return None,
                Member::Text | Member::Number => {}
            }
            rest = behind;
        }
        let behind = rest.strip_prefix(self.tail.as_slice())?;
        Some(text.len() - behind.len())
    }
}

/// Length of an escaped text with the closing quote behind it. No string goes on in the next line.
fn one_line(text: &[u8]) -> Option<usize> {
    let length = closing_quote(text, 0).ok()?;
    memchr::memchr(b'\n', text.get(..length)?).is_none().then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::MAX_TIMESTAMP_MS;

    const LEARNED: &str = r#"{ "id":"1", "timestamp": 5, "message":"a\"b", "n": 12, "s":"x" }"#;

    fn read(learned: &str, text: &str) -> Option<(usize, EventParts)> {
        let mut event = EventParts::default();
        let length =
            EventFormat::learn(learned.as_bytes())?.read(text.as_bytes(), &mut event, &mut |_| None)?;
        Some((length, event))
    }

    #[test]
    fn a_log_event_with_other_values_is_known() {
        let text = r#"{ "id":"", "timestamp": 99999999999999999, "message":"\\", "n": 0, "s":"é" }"#;
        let (length, event) = read(LEARNED, &format!("{text}\n{{")).unwrap();
        assert_eq!(length, text.len());
        assert_eq!((event.id.len(), event.timestamp_ms(text.as_bytes())), (0, MAX_TIMESTAMP_MS));
        assert_eq!(&text[event.message], r"\\");
    }

    #[test]
    fn one_that_differs_in_anything_else_is_not() {
        for text in [
            "",
            r#"{ "id":"1", "timestamp": 5, "message":"a", "n": 12, "t":"x" }"#,
            r#"{ "id":"1", "timestamp": 5, "message":"a", "n":12, "s":"x" }"#,
            r#"{ "id":"1", "timestamp": 05, "message":"a", "n": 12, "s":"x" }"#,
            r#"{ "id":"1", "timestamp": 1234567890123456789, "message":"a", "n": 12, "s":"x" }"#,
            r#"{ "id":"1", "timestamp": 5, "message":"a", "n": 12.5, "s":"x" }"#,
            r#"{ "id":"1", "timestamp": 5, "message":"a", "n": -12, "s":"x" }"#,
            r#"{ "id":"\u0031", "timestamp": 5, "message":"a", "n": 12, "s":"x" }"#,
            r#"{ "id":"1", "timestamp": 5, "message":"a", "n": 12, "s":"x", "message":"b" }"#,
            "{ \"id\":\"1\", \"timestamp\": 5, \"message\":\"a\n\", \"n\": 12, \"s\":\"x\" }",
        ] {
            assert_eq!(read(LEARNED, text), None, "{text}");
        }
    }

    #[test]
    fn what_a_parser_reads_otherwise_is_not_learned() {
        for text in [
            r#"{"timestamp":"5","message":"a"}"#,
            r#"{"timestamp":5,"message":"a","m\u0065ssage":"b"}"#,
            r#"{"timestamp":5,"message":"a","message":"b"}"#,
            r#"{"timestamp":5,"message":"a","id":"1","eventId":"2"}"#,
            r#"{"timestamp":5,"message":"a","id":1}"#,
            r#"{"timestamp":5,"message":"a","n":null}"#,
            r#"{"timestamp":5,"message":"a","n":{"status":1}}"#,
            r#"{"timestamp":5,"message":"a","n":"1","n":"2"}"#,
        ] {
            assert_eq!(EventFormat::learn(text.as_bytes()), None, "{text}");
        }
    }
}
