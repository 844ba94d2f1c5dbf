//! One log event of an answer: where in it the parts of the log event stand.
//!
//! It copies nothing, and looks at no message.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use crate::json::string_end::string_length;
use crate::json::{Stop, closing_quote, expect, members, skip_space, skip_value};
use crate::recording::{EventFormat, EventParts};

/// Log events of one answer that a format is learned from: where formats change all the time, trying only costs.
const MAX_LESSONS: u32 = 8;

/// The answer is not of the service's form.
pub(super) struct Malformed;

impl From<Stop> for Malformed {
    fn from(_: Stop) -> Self {
        Self
    }
}

/// A stretch of an answer, in bytes; an empty one at its very beginning stands for what is not there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: u32,
    to: u32,
}

impl Span {
    /// `None` where an answer would be longer than any is read.
    pub(super) fn new(range: Range<usize>) -> Option<Self> {
        Some(Self { from: u32::try_from(range.start).ok()?, to: u32::try_from(range.end).ok()? })
    }

    pub(super) fn is_there(self) -> bool {
        self != Self::default()
    }

    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.from as usize..self.to as usize).unwrap_or_default()
    }
}

/// A log event, its values as they stand in the answer, texts with their quotes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) timestamp: Span,
    pub(super) message: Span,
    pub(super) log_stream: Span,
    pub(super) id: Span,
    /// Of Live Tail alone.
    pub(super) log_group: Span,
}

impl Event {
    /// Its timestamp, epoch milliseconds.
    pub(super) fn at_ms(self, text: &[u8]) -> Result<i64, Malformed> {
        let digits = str::from_utf8(self.timestamp.of(text)).ok();
        digits.and_then(|digits| digits.parse().ok()).ok_or(Malformed)
    }

    /// By what both `FilterLogEvents` and Live Tail say of it, whichever characters they escape.
    pub(super) fn identity(self, text: &[u8]) -> Result<u64, Malformed> {
        let mut hasher = DefaultHasher::new();
        self.at_ms(text)?.hash(&mut hasher);
        let message = members::text(self.message.of(text)).ok_or(Malformed)?;
        message.trim_ascii_end().hash(&mut hasher);
        members::text(self.log_stream.of(text)).hash(&mut hasher);
        Ok(hasher.finish())
    }

    /// By its id, or where there is none by all that is there.
    pub(super) fn hash(self, text: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        if self.id.is_there() {
            self.id.of(text).hash(&mut hasher);
        } else {
            [self.timestamp, self.message, self.log_stream].map(|span| span.of(text)).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The log event at `at`, and the offset behind it.
    pub(super) fn read(text: &[u8], at: usize) -> Result<(Self, usize), Malformed> {
        let mut event = Self::default();
        let end = each_member(text, at, (b'{', b'}'), |at| {
            let (name, value) = key(text, at)?;
            let end = value_end(text, value)?;
            let place = match name {
                b"timestamp" => &mut event.timestamp,
                b"message" => &mut event.message,
                b"logStreamName" => &mut event.log_stream,
                b"eventId" => &mut event.id,
                b"logGroupIdentifier" => &mut event.log_group,
                _ => return Ok(end),
            };
            let raw = text.get(value..end).unwrap_or_default();
            // A line break within it, which JSON does not allow, would end the line.
            if name != b"timestamp" && (!raw.starts_with(b"\"") || memchr::memchr(b'\n', raw).is_some()) {
                return Err(Malformed);
            }
            *place = Span::new(value..end).ok_or(Malformed)?;
            Ok(end)
        })?;
        Ok((event, end))
    }

    /// The same of one whose parts are known, but for the log group.
    fn known(parts: &EventParts, at: usize) -> Option<Self> {
        let number = |part: &Range<usize>| Span::new(at + part.start..at + part.end);
        // Their places are those between the quotes. An empty one at the beginning is not there.
        let text = |part: &Range<usize>| match part {
            Range { start: 0, end: 0 } => Some(Span::default()),
            part => Span::new(at + part.start - 1..at + part.end + 1),
        };
        Some(Self {
            timestamp: number(&parts.timestamp)?,
            message: text(&parts.message)?,
            log_stream: text(&parts.log_stream)?,
            id: text(&parts.id)?,
            log_group: Span::default(),
        })
    }
}

/// Reads the log events of one answer, which are alike: those behind the first by its format.
#[derive(Debug, Default)]
pub(super) struct Events {
    format: Option<EventFormat>,
    lessons: u32,
    parts: EventParts,
}

impl Events {
    /// The log event at `at`, and the offset behind it.
    pub(super) fn read(&mut self, text: &[u8], at: usize) -> Result<(Event, usize), Malformed> {
        let known = self.format.as_ref().and_then(|format| read_known(format, text, at, &mut self.parts));
        if let Some(known) = known {
            return Ok(known);
        }
        let (event, end) = Event::read(text, at)?;
        if self.lessons < MAX_LESSONS {
            self.lessons += 1;
            let learned = EventFormat::learn(text.get(at..end).unwrap_or_default());
            // Only one that says the same of the log event that it was learned from.
            let learned =
                learned.filter(|format| read_known(format, text, at, &mut self.parts) == Some((event, end)));
            self.format = learned.or(self.format.take());
        }
        Ok((event, end))
    }
}

fn read_known(
    format: &EventFormat,
    text: &[u8],
    at: usize,
    parts: &mut EventParts,
) -> Option<(Event, usize)> {
    let length = format.read(text.get(at..)?, parts, &mut string_length)?;
    Some((Event::known(parts, at)?, at + length))
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
