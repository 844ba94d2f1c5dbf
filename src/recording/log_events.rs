//! A recording in; its log events one by one, whatever they are wrapped in, out.
//!
//! A batch whose end is damaged gives no log event at all, only the fault: nothing of it counts. It judges no line.

use std::io::{self, Read};

use thiserror::Error;

use super::{Piece, PieceError, read, text_of};
use crate::access_log::time::line_time_ms;
use crate::decode::{self, DecodeError, Header, LogEvent, MAX_TIMESTAMP_MS, Sink, Source};
use crate::trigger::{self, Trigger, TriggerError};

/// One log event of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// Name of its log group; empty where it is unknown.
    pub log_group: &'a str,
    /// Name of its log stream; empty where it is unknown.
    pub log_stream: &'a str,
    /// CloudWatch's id for it; empty where it is unknown.
    pub id: &'a str,
    /// When it was logged, epoch milliseconds: as CloudWatch says, else as the line itself says in
    /// `$context.requestTime`; `None` where neither does.
    pub timestamp_ms: Option<i64>,
    /// The line, as it was logged; `None` where the log event has none.
    pub message: Option<&'a [u8]>,
}

/// What could not be read. The log events behind it are read all the same.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordingFault {
    /// A piece that is no log event and holds none.
    #[error(transparent)]
    Piece(#[from] PieceError),
    /// A Lambda event of no known kind.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// A batch that cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A Kinesis record that cannot be decoded.
    #[error("record {sequence_number}: {error}")]
    Record {
        /// Its place in the shard.
        sequence_number: String,
        /// What is wrong with it.
        error: DecodeError,
    },
}

/// Reads a recording to its end, and hands each log event with the number of its line to `each`.
///
/// A batch may have `max_bytes` after inflation. An error of the source itself ends the reading.
pub fn log_events(
    source: impl Read,
    max_bytes: u64,
    each: &mut impl FnMut(u64, Result<Recorded<'_>, RecordingFault>),
) -> io::Result<()> {
    let mut unescaped = String::new();
    read(source, &mut |number, piece| match piece {
        Ok(Piece::Event(event)) => match trigger::read(event) {
            Ok(Trigger::Logs(data)) => {
                let result = Held::decode(Source::Base64(&data), max_bytes);
                hand_on(number, result.map_err(RecordingFault::from), each);
            }
            Ok(Trigger::Kinesis(records)) => {
                for record in records {
                    let result = Held::decode(Source::Base64(&record.data), max_bytes).map_err(|error| {
                        let sequence_number = record.sequence_number.clone().into_owned();
                        RecordingFault::Record { sequence_number, error }
                    });
                    hand_on(number, result, each);
                }
            }
            Ok(Trigger::Alarm(_) | Trigger::Tick) => {}
            Err(error) => each(number, Err(error.into())),
        },
        Ok(Piece::Message(message)) => {
            let result = Held::decode(Source::Plain(message), max_bytes);
            hand_on(number, result.map_err(RecordingFault::from), each);
        }
        Ok(Piece::LogEvent { event, log_stream }) => {
            let message = event.message.map(|message| {
                message.unescape_into(&mut unescaped);
                unescaped.as_bytes()
            });
            let id = String::from_utf8_lossy(event.id.0);
            let timestamp_ms = time_of(event.timestamp_ms, message);
            let recorded =
                Recorded { log_group: "", log_stream: &log_stream, id: &id, timestamp_ms, message };
            each(number, Ok(recorded));
        }
        Ok(Piece::Row(row)) => {
            let message = row.message.as_deref().map(str::as_bytes);
            let recorded = Recorded {
                log_group: &row.log_group,
                log_stream: &row.log_stream,
                id: "",
                timestamp_ms: time_of(row.timestamp_ms.unwrap_or_default(), message),
                message,
            };
            each(number, Ok(recorded));
        }
        Ok(Piece::Line(line)) => {
            let timestamp_ms = time_of(0, Some(line));
            let recorded =
                Recorded { log_group: "", log_stream: "", id: "", timestamp_ms, message: Some(line) };
            each(number, Ok(recorded));
        }
        Err(error) => each(number, Err(error.into())),
    })
}

fn time_of(timestamp_ms: i64, message: Option<&[u8]>) -> Option<i64> {
    if (1..MAX_TIMESTAMP_MS).contains(&timestamp_ms) {
        return Some(timestamp_ms);
    }
    line_time_ms(&text_of(message?))
}

fn hand_on(
    number: u64,
    batch: Result<Held, RecordingFault>,
    each: &mut impl FnMut(u64, Result<Recorded<'_>, RecordingFault>),
) {
    let Held { headers, events } = match batch {
        Ok(held) => held,
        Err(fault) => return each(number, Err(fault)),
    };
    for event in &events {
        let Some(header) = headers.get(event.header) else { continue };
        let message = event.message.as_deref().map(str::as_bytes);
        let recorded = Recorded {
            log_group: &header.log_group,
            log_stream: &header.log_stream,
            id: &event.id,
            timestamp_ms: time_of(event.timestamp_ms, message),
            message,
        };
        each(number, Ok(recorded));
    }
}

/// The log events of one batch, held until it has ended well.
#[derive(Default)]
struct Held {
    headers: Vec<Header>,
    events: Vec<HeldEvent>,
}

struct HeldEvent {
    header: usize,
    id: String,
    timestamp_ms: i64,
    message: Option<String>,
}

impl Held {
    fn decode(source: Source<'_>, max_bytes: u64) -> Result<Self, DecodeError> {
        let mut held = Self::default();
        decode::decode(source, max_bytes, &mut held)?;
        Ok(held)
    }
}

impl Sink for Held {
    fn log_event(&mut self, header: &Header, event: LogEvent<'_>) {
        if self.headers.last() != Some(header) {
            self.headers.push(header.clone());
        }
        let message = event.message.map(|message| {
            let mut text = String::new();
            message.unescape_into(&mut text);
            text
        });
        self.events.push(HeldEvent {
            header: self.headers.len() - 1,
            id: String::from_utf8_lossy(event.id.0).into_owned(),
            timestamp_ms: event.timestamp_ms,
            message,
        });
    }

    fn end_of_message(&mut self, _header: &Header) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut said = Vec::new();
        log_events(text.as_bytes(), 1 << 20, &mut |number, event| {
            said.push(match event {
                Ok(Recorded { log_group, log_stream, id, timestamp_ms, message }) => {
                    let message = message.map(String::from_utf8_lossy);
                    format!("{number} {log_group}|{log_stream}|{id}|{timestamp_ms:?}|{message:?}")
                }
                Err(fault) => format!("{number} {fault}"),
            });
        })
        .unwrap();
        assert_eq!(said, expected);
    }

    #[test]
    fn a_subscription_message_gives_its_log_events_and_a_damaged_one_none() {
        let message = r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":5,"message":"a\"b"}]}"#;
        check(message, &[r#"1 g|s|1|Some(5)|Some("a\"b")"#]);
        check(
            r#"{"awslogs":{"data":"H4sI"}}"#,
            &["1 inflate: the compressed data ends too early, at byte 3"],
        );
    }

    #[test]
    fn a_line_says_its_time_itself_or_has_none() {
        check(
            "x [15/Jul/2021:05:35:16 +0000]\nno time\n{\"timestamp\":7,\"message\":\"m\"}",
            &[
                r#"1 |||Some(1626327316000)|Some("x [15/Jul/2021:05:35:16 +0000]")"#,
                r#"2 |||None|Some("no time")"#,
                r#"3 |||Some(7)|Some("m")"#,
            ],
        );
    }
}
