//! A recording in; its log events one by one, whatever they are wrapped in, out.
//!
//! It judges no line.

use std::io::{self, Read};

use thiserror::Error;

use super::{Piece, PieceError, read};
use crate::access_log::Format;
use crate::access_log::columns::{Columns, Headers};
use crate::access_log::fast_path::{LineReader, LineText, OwnedRecognised, Recognised};
use crate::access_log::time::LastTime;
use crate::decode::{self, DecodeError, EscapedText, Header, LogEvent, MAX_TIMESTAMP_MS, Sink, Source};
use crate::trigger::{self, Trigger, TriggerError};

/// One log event of a recording.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// Name of its log group; empty where it is unknown.
    pub log_group: &'a str,
    /// Name of its log stream; empty where it is unknown.
    pub log_stream: &'a str,
    /// CloudWatch's id for it, as it stands in the recording; empty where it is unknown.
    pub id: &'a [u8],
    /// When it was logged, epoch milliseconds: as CloudWatch says, else as the line itself says in
    /// `$context.requestTime`; `None` where neither does.
    pub timestamp_ms: Option<i64>,
    /// The line; `None` where the log event has none.
    pub message: Option<LineText<'a>>,
    /// What is known of the line, where it was recognised.
    pub recognised: Option<Recognised<'a>>,
    /// Whether the line is of another format than JSON, and known to have a status below 400 as [`Format::Auto`] reads
    /// it: see [`Self::is_ok_in`].
    is_ok: bool,
    /// The line's fields, where it is tab-separated: a header may stand above it in the same log stream and input, or in
    /// the same batch.
    pub columns: &'a Columns,
    /// The value of its `extractedFields`, raw JSON; empty where it has none.
    pub extracted_fields: &'a [u8],
}

impl Recorded<'_> {
    /// Whether a line of another format than JSON is known to have a status below 400 as this format reads it; `false` says
    /// nothing.
    pub(crate) fn is_ok_in(&self, format: Format) -> bool {
        self.is_ok && format == Format::Auto
    }
}

/// What [`log_events`] finds in a piece of a recording.
#[derive(Debug)]
pub enum Found<'a> {
    /// One log event. It counts only when [`Self::End`] says that the piece was read well: a batch whose end is damaged
    /// gives no log event at all.
    LogEvent(&'a Recorded<'a>),
    /// The piece has ended, and its log events count; or it could not be read, and none does.
    End(Result<(), RecordingFault>),
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

/// Reads a recording to its end, and hands what it finds to `found`, with the number of the line in which the piece
/// begins.
///
/// A batch may have `max_bytes` after inflation. An error of the source itself ends the reading.
pub fn log_events(
    source: impl Read,
    max_bytes: u64,
    found: &mut impl FnMut(u64, Found<'_>),
) -> io::Result<()> {
    let mut run = Run {
        found,
        max_bytes,
        number: 0,
        lines: LineReader::default(),
        events: LogEvents::default(),
        said: String::new(),
    };
    read(source, &mut |number, piece| {
        run.number = number;
        match piece {
            Ok(piece) => run.piece(piece),
            Err(error) => run.end(Err(error.into())),
        }
    })
}

/// What log events of one input are read by, one after another.
#[derive(Default)]
pub(crate) struct LogEvents {
    /// The headers among the lines that stand alone, or in the batch at hand.
    headers: Headers,
    last_time: LastTime,
    /// Space for a message, used again and again.
    said: String,
}

impl LogEvents {
    /// Hands on the log event that a piece is itself, if it is one.
    pub(crate) fn of_piece(&mut self, piece: &Piece<'_>, each: &mut dyn FnMut(&Recorded<'_>)) {
        match piece {
            Piece::LogEvent { event, log_group, log_stream, recognised } => {
                let message = event.message.map(LineText::Escaped);
                let names = (&**log_group, &**log_stream);
                self.event(names, event, message, *recognised, each);
            }
            Piece::Row(row) => {
                let message = row.message.as_deref().map(|message| LineText::Plain(message.as_bytes()));
                let timestamp_ms = row.timestamp_ms.unwrap_or_default();
                let names = (row.log_group.as_str(), row.log_stream.as_str());
                let id = EscapedText(row.id.as_bytes());
                let event = LogEvent { id, timestamp_ms, ..LogEvent::UNREADABLE };
                self.event(names, &event, message, None, each);
            }
            Piece::Line(line, recognised) => {
                let message = Some(LineText::Plain(line));
                self.event(("", ""), &LogEvent::UNREADABLE, message, *recognised, each);
            }
            Piece::OkLine(line) => {
                let message = Some(LineText::Plain(line));
                self.event(("", ""), &LogEvent::UNREADABLE, message, None, &mut |event| {
                    // Under a header the same words are other fields.
                    each(&Recorded { is_ok: *event.columns == Columns::Default, ..*event });
                });
            }
            Piece::Event(_) | Piece::Message(_) | Piece::Pause => {}
        }
    }

    /// `names` are those of its log group and log stream; `message` is its line, whatever the log event has itself.
    fn event(
        &mut self,
        (log_group, log_stream): (&str, &str),
        &LogEvent { id: EscapedText(id), timestamp_ms, extracted_fields, .. }: &LogEvent<'_>,
        message: Option<LineText<'_>>,
        recognised: Option<Recognised<'_>>,
        each: &mut dyn FnMut(&Recorded<'_>),
    ) {
        let columns = match message {
            Some(message) if recognised.is_none() => self.columns_of(log_group, log_stream, message),
            _ => Columns::Default,
        };
        let timestamp_ms = if (1..MAX_TIMESTAMP_MS).contains(&timestamp_ms) {
            Some(timestamp_ms)
        } else {
            message.and_then(|message| match message {
                LineText::Plain(line) => columns.line_time_ms(line, &mut self.last_time),
                LineText::Escaped(_) => {
                    columns.line_time_ms(message.said(&mut self.said).as_bytes(), &mut self.last_time)
                }
            })
        };
        let columns = &columns;
        let event = Recorded {
            log_group,
            log_stream,
            id,
            timestamp_ms,
            message,
            recognised,
            is_ok: false,
            columns,
            extracted_fields,
        };
        each(&event);
    }

    fn columns_of(&mut self, log_group: &str, log_stream: &str, message: LineText<'_>) -> Columns {
        // Most recordings have no header at all.
        let may_be_header = message.bytes().trim_ascii_start().starts_with(b"#");
        if !may_be_header && self.headers.is_empty() {
            return Columns::Default;
        }
        self.headers.columns_of(log_group, log_stream, &message.said(&mut self.said))
    }
}

struct Run<'r, F> {
    found: &'r mut F,
    max_bytes: u64,
    /// Of the line that the piece at hand begins in.
    number: u64,
    /// Of the messages in batches.
    lines: LineReader,
    events: LogEvents,
    /// Space for a message, used again and again.
    said: String,
}

impl<F: FnMut(u64, Found<'_>)> Run<'_, F> {
    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Event(event) => match trigger::read(event) {
                Ok(Trigger::Logs(data)) => {
                    let result = self.batch(Source::Base64(&data));
                    self.end(result.map_err(RecordingFault::from));
                }
                Ok(Trigger::Kinesis(records)) => {
                    for record in records {
                        let result = self.batch(Source::Base64(&record.data)).map_err(|error| {
                            let sequence_number = record.sequence_number.clone().into_owned();
                            RecordingFault::Record { sequence_number, error }
                        });
                        self.end(result);
                    }
                }
                // A queue's messages were unwrapped before, as far as they are.
                Ok(Trigger::Notifications | Trigger::Tick | Trigger::Queue(_)) => {}
                Err(error) => self.end(Err(error.into())),
            },
            Piece::Message(message) => {
                let result = self.batch(Source::Plain(message));
                self.end(result.map_err(RecordingFault::from));
            }
            Piece::Pause => {}
            piece => {
                let Self { events, found, number, .. } = self;
                events.of_piece(&piece, &mut |event| found(*number, Found::LogEvent(event)));
                self.end(Ok(()));
            }
        }
    }

    /// A batch has headers of its own, as the function sees it.
    fn batch(&mut self, source: Source<'_>) -> Result<(), DecodeError> {
        let loose = std::mem::take(&mut self.events.headers);
        let result = decode::decode(source, self.max_bytes, self);
        self.events.headers = loose;
        result
    }

    fn end(&mut self, result: Result<(), RecordingFault>) {
        (self.found)(self.number, Found::End(result));
    }

    fn learn(&mut self, message: EscapedText<'_>) {
        if self.lines.may_learn() {
            message.unescape_into(&mut self.said);
            self.lines.learn(self.said.trim_end());
        }
    }
}

impl<F: FnMut(u64, Found<'_>)> Sink for Run<'_, F> {
    fn recognise(&mut self, text: &[u8]) -> Option<usize> {
        self.lines.recognise_escaped(text)
    }

    fn log_event(&mut self, header: &Header, event: LogEvent<'_>) {
        let names = (header.log_group.as_str(), header.log_stream.as_str());
        let recognised = if event.is_recognised { self.lines.take() } else { None };
        let borrowed = recognised.as_ref().map(OwnedRecognised::borrowed);
        let message = event.message.map(LineText::Escaped);
        let Self { events, found, number, .. } = self;
        events.event(names, &event, message, borrowed, &mut |event| {
            found(*number, Found::LogEvent(event));
        });
        match (recognised, event.message) {
            (Some(recognised), _) => self.lines.give_back(recognised),
            (None, Some(message)) => self.learn(message),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks what counts, in words.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let (mut said, mut piece) = (Vec::new(), Vec::new());
        let read = log_events(text.as_bytes(), 1 << 20, &mut |number, found| match found {
            Found::LogEvent(Recorded { log_group, log_stream, id, timestamp_ms, message, .. }) => {
                let message = message.map(|message| message.said(&mut String::new()).into_owned());
                let id = String::from_utf8_lossy(id);
                piece.push(format!("{number} {log_group}|{log_stream}|{id}|{timestamp_ms:?}|{message:?}"));
            }
            Found::End(Ok(())) => said.append(&mut piece),
            Found::End(Err(fault)) => {
                piece.clear();
                said.push(format!("{number} {fault}"));
            }
        });
        read.unwrap();
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
