//! Lines of a recording that stand alone in; in the order of time and by delivery, out.
//!
//! It reads no line and no clock, and holds no more than a window of lines.

use std::sync::Arc;

use crate::access_log::fast_path::{LineText, OkLines, OwnedRecognised};
use crate::decode::Header;
use crate::deliveries::{Deliveries, HandedOn, Names, Runs, WINDOW_MS, Window};
use crate::digest::{Batch, Reader, source_fields};
use crate::duplicates::RememberedEvents;
use crate::recording::{Looks, Recorded};

/// What the lines that wait for others may take up, bytes.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

/// The lines that stand alone, on their way into deliveries.
pub(super) struct Loose {
    held: Window<Line>,
    pub(super) open: Deliveries,
    /// The time of the line before: one that has none of its own goes with it. Epoch milliseconds.
    last_ms: i64,
    names: Arc<Names>,
    ok_lines: OkLines,
    received: u64,
    /// Lines that come after others that are later by more than the window.
    pub(super) late: u64,
    /// The latest line's time at the last pause, epoch milliseconds.
    paused_at_ms: i64,
    /// Whether a line came since the last pause.
    is_moving: bool,
}

/// Which lines are handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Those that need not wait for others.
    Ready,
    /// Those up to this time, epoch milliseconds.
    Time(i64),
    /// All.
    End,
}

/// One line.
pub(super) struct Line {
    pub(super) names: Arc<Names>,
    /// As it is known of the line, epoch milliseconds; 0 where it is not.
    timestamp_ms: i64,
    /// `None` for a line whose status is known to be below 400.
    content: Option<Box<Content>>,
}

/// What a line says.
struct Content {
    /// Empty where it is unknown.
    id: Vec<u8>,
    /// Stands in for an id.
    place: u64,
    text: String,
    /// What is known of the text, where it was recognised.
    recognised: Option<OwnedRecognised>,
    /// The value of its `extractedFields`, raw JSON; empty where it has none.
    extracted_fields: Vec<u8>,
}

impl Default for Loose {
    fn default() -> Self {
        Self {
            held: Window::new(MAX_HELD_BYTES),
            open: Deliveries::default(),
            last_ms: i64::MIN,
            names: Arc::default(),
            ok_lines: OkLines::default(),
            received: 0,
            late: 0,
            paused_at_ms: i64::MIN,
            is_moving: false,
        }
    }
}

impl Loose {
    /// The next line of a recording.
    pub(super) fn line(&mut self, event: &Recorded<'_>, reader: &Reader) -> Line {
        let content = self.content(event, reader);
        self.line_of(event, content)
    }

    /// The same, held until it is its turn.
    pub(super) fn hold(&mut self, event: &Recorded<'_>, reader: &Reader) {
        self.is_moving = true;
        let timestamp_ms = event.timestamp_ms.unwrap_or_default();
        if timestamp_ms > 0 {
            self.last_ms = timestamp_ms;
        }
        let content = self.content(event, reader);
        let Self { held, names, last_ms, .. } = self;
        // Of good lines only where they come from matters, and whether they have a time.
        let joins = |first: &mut Line, _| {
            let is_timed_alike = (first.timestamp_ms > 0) == (timestamp_ms > 0);
            first.content.is_none() && is_timed_alike && Arc::ptr_eq(&first.names, names)
        };
        if content.is_some() || !names.are_of(event) || !held.join(*last_ms, joins) {
            let line = self.line_of(event, content);
            self.held.push(self.last_ms, line.bytes(), line);
        }
    }

    fn content(&mut self, event: &Recorded<'_>, reader: &Reader) -> Option<Content> {
        self.received += 1;
        Content::of(event, self.received, reader, &mut self.ok_lines)
    }

    fn line_of(&mut self, event: &Recorded<'_>, content: Option<Content>) -> Line {
        let names = Names::of(event, &mut self.names);
        Line { names, timestamp_ms: event.timestamp_ms.unwrap_or_default(), content: content.map(Box::new) }
    }

    /// The next line whose turn it is, its time in epoch milliseconds, and how many such lines it stands for.
    pub(super) fn next(&mut self, until: Until) -> Option<(i64, Line, u64)> {
        let HandedOn { at_ms, mut line, lines, behind_ms } = match until {
            Until::Ready => self.held.pop_ready(),
            Until::Time(to_ms) => self.held.pop_until(to_ms),
            Until::End => self.held.pop_any(),
        }?;
        let lines = lines as u64;
        if behind_ms > WINDOW_MS {
            self.late += lines;
        }
        // That of a line in a run is known here alone.
        if line.timestamp_ms > 0 {
            line.timestamp_ms = at_ms;
        }
        Some((at_ms, line, lines))
    }

    /// Nothing more is there yet. Says up to when lines wait no longer, and whether no delivery does: what was there at
    /// the last pause is due, and where nothing has come since, so is all.
    pub(super) fn pause(&mut self) -> (Until, bool) {
        let to_ms = std::mem::replace(&mut self.paused_at_ms, self.held.newest_ms());
        let is_moving = std::mem::replace(&mut self.is_moving, false);
        if is_moving { (Until::Time(to_ms), false) } else { (Until::End, true) }
    }
}

impl Runs for Line {
    fn split(&mut self, _: usize) -> Self {
        Self { names: Arc::clone(&self.names), timestamp_ms: self.timestamp_ms, content: None }
    }
}

impl Line {
    /// Puts the line into a batch, or as many as it stands for. Where that cannot read it, says what it looks like.
    pub(super) fn put_into(
        &self,
        lines: u64,
        batch: &mut Batch,
        header: &Header,
        reader: &Reader,
        remembered: &RememberedEvents,
    ) -> Option<Looks> {
        let Some(content) = &self.content else {
            batch.ok(reader, header, self.timestamp_ms, lines);
            return None;
        };
        let Content { id, place, text, recognised, extracted_fields } = &**content;
        let unreadable = batch.counts.ledger.unreadable;
        let intake = batch.intake(reader, remembered).under(&self.names.columns);
        let mut intake = intake.at(*place).with_fields(extracted_fields);
        match recognised {
            Some(recognised) => {
                let text = LineText::Plain(text.as_bytes());
                intake.recognised(header, id, self.timestamp_ms, recognised.borrowed(), text);
            }
            None => intake.line(header, id, self.timestamp_ms, text),
        }
        (batch.counts.ledger.unreadable > unreadable).then(|| Looks::of(text, reader.format))
    }

    /// What it takes up beside itself.
    fn bytes(&self) -> usize {
        self.content.as_ref().map_or(0, |content| {
            let recognised = content.recognised.as_ref().map_or(0, OwnedRecognised::bytes);
            size_of::<Content>()
                + content.id.capacity()
                + content.text.capacity()
                + content.extracted_fields.capacity()
                + recognised
        })
    }
}

impl Content {
    /// What a line says; `None` where its status is known to be below 400.
    fn of(event: &Recorded<'_>, place: u64, reader: &Reader, ok_lines: &mut OkLines) -> Option<Self> {
        let recognised = event.recognised.filter(|_| reader.format.reads_json());
        let is_ok = match (recognised, event.message) {
            (Some(recognised), Some(text)) => recognised.is_ok(text.bytes()),
            _ => event.is_ok_in(reader.format),
        };
        if is_ok {
            return None;
        }
        let (id, extracted_fields) = (event.id.to_vec(), source_fields(event.extracted_fields));
        if let (Some(recognised), Some(text)) = (recognised, event.message) {
            // A value that is not UTF-8 reads as U+FFFD: the plain reader does that.
            if let Ok(line) = std::str::from_utf8(text.bytes())
                && let Some((text, recognised)) = recognised.keep(line, matches!(text, LineText::Escaped(_)))
            {
                return Some(Self { id, place, text, recognised: Some(recognised), extracted_fields });
            }
        }
        let mut said = String::new();
        let text = event.message.map(|text| text.said(&mut said)).unwrap_or_default();
        if ok_lines.knows(text.as_bytes(), event.columns) {
            return None;
        }
        ok_lines.learn(&text, reader.format, event.columns);
        let text = text.into_owned();
        Some(Self { id, place, text, recognised: None, extracted_fields })
    }
}
