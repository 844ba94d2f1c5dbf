//! Reads log events, one by one, from what CloudWatch Logs pushes.
//!
//! What CloudWatch Logs pushes is a subscription message: JSON, compressed by gzip and, on its way to
//! Lambda, written as base64. [`decode`] reads it as a stream: beside the body it needs one window of text,
//! and it keeps no log event.
//!
//! It never takes part of a batch for the whole: whoever receives the log events must throw away what it
//! made of them when [`decode`] ends in an error, since the checksum stands last.

mod compressed;
pub(crate) mod gzip;
mod log_event;
mod window;

use std::cell::Cell;

use thiserror::Error;

pub use compressed::Source;
use compressed::{Inflated, Space};
pub use log_event::{EscapedText, LogEvent};
pub(crate) use log_event::{MAX_TIMESTAMP_MS, in_milliseconds, scan_log_event};
use window::Window;

use crate::json::{self, members};

/// Subscription messages in one batch whose header stands behind their log events; more are refused.
const MAX_LATE_HEADERS: usize = 256;

/// The longest name of a log group or log stream that is kept, in bytes: they have at most 512 characters (CloudWatch
/// Logs API, `CreateLogGroup`), and a forged one must not fill the memory of those who keep it.
const MAX_NAME_BYTES: usize = 2_048;

/// What a subscription message says about its log events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Account that the log group belongs to.
    pub owner: String,
    /// Log group that all log events of the message come from.
    pub log_group: String,
    /// Log stream that all log events of the message come from.
    pub log_stream: String,
}

/// Receives the log events of a batch.
///
/// Nothing that it was given counts until [`decode`] has ended well.
pub trait Sink {
    /// Whether a log event's message begins at `text`, escaped as in [`EscapedText`] and followed by its closing
    /// quote: the message's length, if the sink can tell it faster than by searching that quote.
    ///
    /// What is told must be exact. The log event that follows says that it was recognised.
    fn recognise(&mut self, text: &[u8]) -> Option<usize> {
        let _ = text;
        None
    }

    /// The log events of a data message follow.
    fn message(&mut self, header: &Header) {
        let _ = header;
    }

    /// One log event of a data message.
    fn log_event(&mut self, header: &Header, event: LogEvent<'_>);
}

/// Why a batch was not decoded. Every variant is final: the same bytes will fail again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Stage `base64`: the character at this offset of the text cannot stand there.
    #[error("base64: invalid at byte {at}")]
    NotBase64 {
        /// Byte offset in the base64 text.
        at: usize,
    },
    /// There is nothing to decode.
    #[error("base64: no data")]
    Empty,
    /// Stage `inflate`: the first two bytes are neither those of gzip nor of zlib.
    #[error("inflate: neither gzip nor zlib at byte 0; the data of a subscription filter is gzip")]
    NotCompressed,
    /// Stage `inflate`: the compressed bytes end too early.
    #[error("inflate: the compressed data ends too early, at byte {at}")]
    Truncated {
        /// Byte offset in the compressed data.
        at: u64,
    },
    /// Stage `inflate`: the compressed bytes are damaged, or zlib's are followed by something else.
    #[error("inflate: the compressed data is damaged near byte {at}")]
    Damaged {
        /// Byte offset in the compressed data, give or take a chunk.
        at: u64,
    },
    /// Stage `inflate`: behind the compressed data stands something else than zero bytes, which are padding.
    #[error("inflate: something other than padding follows the compressed data, at byte {at}")]
    TrailingBytes {
        /// Byte offset in the compressed data.
        at: u64,
    },
    /// Stage `inflate`: the checksum is not that of the inflated text.
    #[error("inflate: the checksum before byte {at} does not match the data")]
    Checksum {
        /// Byte offset in the compressed data.
        at: u64,
    },
    /// Stage `inflate`: more text than `STATUSWATCH_MAX_DECOMPRESSED_BYTES` allows.
    #[error(
        "inflate: more than {limit} bytes after inflation; STATUSWATCH_MAX_DECOMPRESSED_BYTES sets the cap"
    )]
    TooLarge {
        /// The cap in bytes.
        limit: u64,
    },
    /// Stage `json`: the inflated text is not JSON of the expected shape.
    #[error("json: expected {expected} at byte {at} of the inflated text")]
    NotJson {
        /// Byte offset in the inflated text.
        at: u64,
        /// What should stand there.
        expected: &'static str,
    },
    /// Stage `json`: the inflated text ends within a value.
    #[error("json: the inflated text ends within a value, at byte {at}")]
    TruncatedJson {
        /// Byte offset in the inflated text.
        at: u64,
    },
    /// Stage `message`: a data message without `logEvents`.
    #[error("message: no logEvents before byte {at} of the inflated text; is it a subscription message?")]
    MissingLogEvents {
        /// Byte offset in the inflated text of the end of the message.
        at: u64,
    },
    /// Stage `message`: a field that stands twice, so that we cannot know which one holds.
    #[error("message: {field} appears twice, again at byte {at} of the inflated text")]
    RepeatedField {
        /// Name of the field.
        field: &'static str,
        /// Byte offset in the inflated text.
        at: u64,
    },
    /// Stage `message`: neither `DATA_MESSAGE` nor `CONTROL_MESSAGE`.
    #[error(
        "message: a messageType other than DATA_MESSAGE and CONTROL_MESSAGE, before byte {at} of the inflated text"
    )]
    UnknownMessageType {
        /// Byte offset in the inflated text.
        at: u64,
    },
    /// Stage `message`: too many messages whose header stands behind their log events.
    #[error("message: more than {limit} messages in one batch have their log group after the log events")]
    TooManyLateHeaders {
        /// How many are read.
        limit: usize,
    },
}

/// Decodes the subscription messages of one batch, and hands their log events to `sink` one by one.
///
/// `max_bytes` caps the inflated text. Nothing of what `sink` received counts when this ends in an error.
pub fn decode(source: Source<'_>, max_bytes: u64, sink: &mut impl Sink) -> Result<(), DecodeError> {
    let mut late = Vec::new();
    read_pass(source, max_bytes, &mut Pass::First(&mut late), sink)?;
    if !late.is_empty() {
        // Rare, so it may cost a second inflation: whose log events these are is told behind them.
        read_pass(source, max_bytes, &mut Pass::Second(&late), sink)?;
    }
    Ok(())
}

thread_local! {
    /// Space that the last batch took up: most batches are small, and to make it anew costs more than to read one.
    static SPACE: Cell<Space> = const { Cell::new(Space::NONE) };
}

fn read_pass(
    source: Source<'_>,
    max_bytes: u64,
    pass: &mut Pass<'_>,
    sink: &mut impl Sink,
) -> Result<(), DecodeError> {
    let mut window = Window::new(Inflated::open(source, max_bytes, SPACE.replace(Space::NONE))?);
    read_messages(&mut window, pass, sink)?;
    SPACE.set(window.into_space());
    Ok(())
}

/// Which messages hand their log events on. A message's header may stand behind its log events:
/// then the first pass only learns the header, and a second one hands on what the first could not.
enum Pass<'a> {
    First(&'a mut Vec<(usize, Header)>),
    Second(&'a [(usize, Header)]),
}

fn read_messages(
    window: &mut Window<'_>,
    pass: &mut Pass<'_>,
    sink: &mut impl Sink,
) -> Result<(), DecodeError> {
    let mut number = 0;
    while number == 0 || window.peek()?.is_some() {
        read_message(window, number, pass, sink)?;
        number += 1;
    }
    Ok(())
}

/// The fields of a subscription message that we act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    MessageType,
    Owner,
    LogGroup,
    LogStream,
    LogEvents,
    Unknown,
}

/// What was read of one message so far.
#[derive(Default)]
struct Message {
    kind: Option<MessageType>,
    owner: String,
    log_group: Option<String>,
    log_stream: Option<String>,
    log_events: LogEvents,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum LogEvents {
    #[default]
    Absent,
    HandedOn,
    /// The header was not complete yet.
    SteppedOver,
}

impl Message {
    /// The header of a message with data, taken out of it, where nothing of it can still follow.
    fn complete_header(&mut self) -> Option<Header> {
        match (self.kind, &mut self.log_group, &mut self.log_stream) {
            (Some(MessageType::Data), Some(log_group), Some(log_stream)) => {
                let [owner, log_group, log_stream] =
                    [&mut self.owner, log_group, log_stream].map(std::mem::take);
                Some(Header { owner, log_group, log_stream })
            }
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MessageType {
    Data,
    Control,
    Unknown,
}

fn read_message(
    window: &mut Window<'_>,
    number: usize,
    pass: &mut Pass<'_>,
    sink: &mut impl Sink,
) -> Result<(), DecodeError> {
    let mut message = Message::default();
    window.expect(b'{', "the { of a subscription message")?;
    if !window.take(b'}')? {
        loop {
            let field = read_key(window)?;
            read_field(window, field, number, &mut message, pass, sink)?;
            if !window.take(b',')? {
                break;
            }
        }
        window.expect(b'}', "a comma or the } of the subscription message")?;
    }
    finish_message(window, number, &message, pass)
}

fn read_key(window: &mut Window<'_>) -> Result<Field, DecodeError> {
    window.expect(b'"', "the name of a field")?;
    let field = window.piece("the name of a field", |text| {
        let end = json::closing_quote(text, 0)?;
        let name = match &*members::name(text.get(..end).unwrap_or_default()) {
            b"messageType" => Field::MessageType,
            b"owner" => Field::Owner,
            b"logGroup" => Field::LogGroup,
            b"logStream" => Field::LogStream,
            b"logEvents" => Field::LogEvents,
            _ => Field::Unknown,
        };
        Ok((name, end + 1))
    })?;
    let Ok(field) = field else { return Err(window.unexpected("the name of a field")) };
    window.expect(b':', "a colon")?;
    Ok(field)
}

fn read_field(
    window: &mut Window<'_>,
    field: Field,
    number: usize,
    message: &mut Message,
    pass: &mut Pass<'_>,
    sink: &mut impl Sink,
) -> Result<(), DecodeError> {
    let repeated = |field| Err(DecodeError::RepeatedField { field, at: window.offset() });
    match field {
        Field::MessageType if message.kind.is_some() => return repeated("messageType"),
        Field::LogGroup if message.log_group.is_some() => return repeated("logGroup"),
        Field::LogStream if message.log_stream.is_some() => return repeated("logStream"),
        Field::LogEvents if message.log_events != LogEvents::Absent => return repeated("logEvents"),
        Field::MessageType => {
            message.kind = Some(match read_text(window)?.as_str() {
                "DATA_MESSAGE" => MessageType::Data,
                "CONTROL_MESSAGE" => MessageType::Control,
                _ => MessageType::Unknown,
            });
        }
        Field::Owner => message.owner = read_text(window)?,
        Field::LogGroup => message.log_group = Some(read_text(window)?),
        Field::LogStream => message.log_stream = Some(read_text(window)?),
        Field::LogEvents if window.peek()? == Some(b'[') => {
            message.log_events = read_log_events_of(window, number, message, pass, sink)?;
        }
        Field::LogEvents | Field::Unknown => window.skip_value()?,
    }
    Ok(())
}

/// A short text; what is no text, or too long to be a name, is stepped over and reads as empty.
fn read_text(window: &mut Window<'_>) -> Result<String, DecodeError> {
    if window.peek()? != Some(b'"') {
        window.skip_value()?;
        return Ok(String::new());
    }
    let text = window.piece("a text", |text| {
        let end = json::closing_quote(text, 1)?;
        let mut value = String::new();
        json::unescape(text.get(1..end).unwrap_or_default(), &mut value);
        value.truncate(value.floor_char_boundary(MAX_NAME_BYTES));
        value.shrink_to_fit();
        Ok((value, end + 1))
    })?;
    if let Ok(value) = text {
        return Ok(value);
    }
    window.skip_value()?;
    Ok(String::new())
}

fn read_log_events_of(
    window: &mut Window<'_>,
    number: usize,
    message: &mut Message,
    pass: &Pass<'_>,
    sink: &mut impl Sink,
) -> Result<LogEvents, DecodeError> {
    match pass {
        Pass::First(_) => {
            let header = message.complete_header();
            read_log_events(window, header.as_ref(), sink)?;
            Ok(if header.is_some() { LogEvents::HandedOn } else { LogEvents::SteppedOver })
        }
        Pass::Second(late) => {
            read_log_events(window, late_header(late, number), sink)?;
            Ok(LogEvents::HandedOn)
        }
    }
}

fn late_header(late: &[(usize, Header)], number: usize) -> Option<&Header> {
    late.iter().find(|(late, _)| *late == number).map(|(_, header)| header)
}

/// Reads the array; without a header its log events are checked and stepped over.
fn read_log_events(
    window: &mut Window<'_>,
    header: Option<&Header>,
    sink: &mut impl Sink,
) -> Result<(), DecodeError> {
    window.expect(b'[', "the [ of logEvents")?;
    if window.take(b']')? {
        return Ok(());
    }
    if let Some(header) = header {
        sink.message(header);
    }
    loop {
        if let Some(header) = header {
            let run = read_usual(window.text(), header, sink);
            window.step(run.length);
            if run.ends && !window.take(b',')? {
                break;
            }
        }
        window.peek()?;
        let Some(header) = header else {
            window.skip_value()?;
            if window.take(b',')? {
                continue;
            }
            break;
        };
        let scanned = window
            .piece("a log event", |text| log_event::scan(text, &mut |message| sink.recognise(message)))?;
        if let Ok(scanned) = scanned {
            sink.log_event(header, scanned.log_event(window.stepped(scanned.length)));
        } else {
            window.skip_value()?;
            sink.log_event(header, LogEvent::UNREADABLE);
        }
        if !window.take(b',')? {
            break;
        }
    }
    window.expect(b']', "a comma or the ] of logEvents")
}

/// Log events that stand one behind the other as CloudWatch Logs writes them.
struct Run {
    /// Bytes to step over.
    length: usize,
    /// Behind the last of them stands no comma, or none is there yet.
    ends: bool,
}

/// Reads as far as log events are as usual and whole in the text: nearly all of a batch, without asking for each of
/// them whether there is more text or white space.
fn read_usual(text: &[u8], header: &Header, sink: &mut impl Sink) -> Run {
    let mut run = Run { length: 0, ends: false };
    while let Some(rest) = text.get(run.length..)
        && let Some(scanned) = log_event::scan_usual(rest, &mut |message| sink.recognise(message))
    {
        sink.log_event(header, scanned.log_event(rest));
        run.length += scanned.length;
        if text.get(run.length) != Some(&b',') {
            run.ends = true;
            break;
        }
        run.length += 1;
    }
    run
}

fn finish_message(
    window: &Window<'_>,
    number: usize,
    message: &Message,
    pass: &mut Pass<'_>,
) -> Result<(), DecodeError> {
    let at = window.offset();
    // A message without a type but with log events is data: an error line must not get lost over it.
    let is_data = match message.kind {
        Some(MessageType::Unknown) => return Err(DecodeError::UnknownMessageType { at }),
        Some(MessageType::Control) => false,
        Some(MessageType::Data) | None => true,
    };
    if is_data && message.log_events == LogEvents::Absent {
        return Err(DecodeError::MissingLogEvents { at });
    }
    if let Pass::First(late) = pass
        && is_data
        && message.log_events == LogEvents::SteppedOver
    {
        if late.len() == MAX_LATE_HEADERS {
            return Err(DecodeError::TooManyLateHeaders { limit: MAX_LATE_HEADERS });
        }
        let Message { owner, log_group, log_stream, .. } = message;
        let log_group = log_group.clone().unwrap_or_default();
        let log_stream = log_stream.clone().unwrap_or_default();
        late.push((number, Header { owner: owner.clone(), log_group, log_stream }));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
