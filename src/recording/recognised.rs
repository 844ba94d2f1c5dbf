//! What stands in a recording was mostly written by one format: what was learned of the pieces before, and the next one
//! known by it.
//!
//! It changes nothing of what is read: a piece is known only where looking at it would say the same.

use std::borrow::Cow;

use super::event_format::{EventFormat, EventParts};
use super::{Piece, prefix};
use crate::access_log::fast_path::{LineReader, OkLines};
use crate::access_log::{Columns, Format};
use crate::decode::{EscapedText, LogEvent};

/// Log events that one recording tries to learn from: where formats change all the time, trying only costs.
const MAX_LESSONS: u32 = 64;

/// The formats of the pieces so far.
#[derive(Debug, Default)]
pub(super) struct RecognisedPieces {
    /// Of access-log lines that stand alone: a document of such a format is nothing else.
    lines: LineReader,
    /// Of the messages of log events that stand alone.
    messages: LineReader,
    /// Of access-log lines of other formats, which no exporter can have written anything before.
    others: OkLines,
    events: Option<EventFormat>,
    lessons: u32,
    event: EventParts,
    /// Space for a message, used again and again.
    said: String,
}

/// What a known piece is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    Line,
    /// Of another format than JSON.
    OkLine,
    /// Its parts are noted.
    LogEvent,
}

impl RecognisedPieces {
    /// The length of the piece at the beginning of `text`, its line breaks, and what it is, if it is of a known format.
    pub(super) fn find(&mut self, text: &[u8]) -> Option<(usize, u64, Found)> {
        if text.first() != Some(&b'{') {
            return self.find_ok_line(text);
        }
        if let Some(length) = self.lines.recognise_plain(text) {
            return Some((length, 0, Found::Line));
        }
        let Self { messages, event, .. } = self;
        let mut recognise = |text: &[u8]| messages.recognise_escaped(text);
        let format = self.events.as_ref()?;
        let length = format.read(text, event, &mut recognise)?;
        // What is not UTF-8 reads as U+FFFD: that is left to the long way.
        for name in [&self.event.log_group, &self.event.log_stream] {
            std::str::from_utf8(text.get(name.clone())?).ok()?;
        }
        Some((length, format.line_breaks(), Found::LogEvent))
    }

    fn find_ok_line(&mut self, text: &[u8]) -> Option<(usize, u64, Found)> {
        let length = self.others.recognise_plain(text)?;
        // What an exporter may have written something before is left to the long way.
        let line = text.get(..length).filter(|line| !prefix::may_begin(line))?;
        Some((line.len(), 0, Found::OkLine))
    }

    /// The piece that was found last; `text` is what it was found in.
    pub(super) fn piece<'a>(&'a mut self, text: &'a [u8], found: Found) -> Piece<'a> {
        match found {
            Found::Line => return Piece::Line(text, self.lines.last()),
            Found::OkLine => return Piece::OkLine(text),
            Found::LogEvent => {}
        }
        let timestamp_ms = self.event.timestamp_ms(text);
        let EventParts { id, log_group, log_stream, message, is_recognised, .. } = self.event.clone();
        let part = |range| text.get(range).unwrap_or_default();
        let message = EscapedText(part(message));
        if !is_recognised && self.messages.may_learn() {
            self.learn_message(message);
        }
        let event = LogEvent {
            id: EscapedText(part(id)),
            timestamp_ms,
            message: Some(message),
            is_recognised: false,
            extracted_fields: b"",
        };
        let name = |range| Cow::Borrowed(std::str::from_utf8(part(range)).unwrap_or_default());
        let recognised = if is_recognised { self.messages.last() } else { None };
        Piece::LogEvent { event, log_group: name(log_group), log_stream: name(log_stream), recognised }
    }

    /// Learns the format of a document that is an access-log line.
    pub(super) fn learn_line(&mut self, document: &[u8]) {
        if let Ok(line) = std::str::from_utf8(document) {
            self.lines.learn(line);
        }
    }

    /// Learns the format of a line that is no document and no line of an export.
    pub(super) fn learn_other(&mut self, line: &[u8]) {
        // Cells are told by the tabs between them.
        if !line.contains(&b'\t')
            && let Ok(line) = std::str::from_utf8(line)
        {
            self.others.learn(line, Format::Auto, Columns::DEFAULT);
        }
    }

    /// Learns the format of a document that is a log event.
    pub(super) fn learn_log_event(&mut self, document: &[u8]) {
        if self.lessons == MAX_LESSONS {
            return;
        }
        self.lessons += 1;
        self.events = EventFormat::learn(document).or(self.events.take());
    }

    fn learn_message(&mut self, message: EscapedText<'_>) {
        message.unescape_into(&mut self.said);
        self.messages.learn(self.said.trim_end());
    }
}
