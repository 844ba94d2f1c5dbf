//! A recording in: Lambda events, subscription messages, log events, access-log lines, mixed and compressed as they
//! come. Its pieces out, each told by looking at it.
//!
//! It holds one piece at a time, decodes no base64 and judges no line. Text that is nothing else is a line.

mod cells;
mod counts;
mod event_format;
mod exported;
mod insights;
mod recognised;
mod log_events;
mod packed;
mod prefix;
mod shipped;
mod splitter;
mod topic;
mod unpack;
mod unreadable;

use std::borrow::Cow;
use std::io::{self, Cursor, Read};

use thiserror::Error;

pub use crate::access_log::fast_path::LineText;
use crate::access_log::fast_path::Recognised;
use crate::decode::{LogEvent, scan_log_event};
use crate::json::members::{self, each_field, elements, field};
#[cfg(feature = "live")]
pub(crate) use event_format::{EventFormat, EventParts};
use exported::Exported;
pub use insights::Row;
use insights::lossy;
pub(crate) use log_events::LogEvents;
pub use log_events::{Found, Recorded, RecordingFault, log_events};
use recognised::RecognisedPieces;
use splitter::{Part, Splitter};
pub use unpack::text;
use unpack::{Patient, peek, unpack};
pub use unreadable::{Looks, Unreadable};

/// The longest document or line that is read, in bytes: room for the largest inflated subscription message.
const MAX_PIECE_BYTES: usize = 128 * 1024 * 1024;
/// How many documents may be wrapped in one another: an event in a failure record in a queue's message in a list.
const MAX_WRAPPED: usize = 4;
/// As much as the first line of a file may take that tells what the file is.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// One piece of a recording.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A Lambda event of any kind that `trigger` takes.
    Event(&'a [u8]),
    /// A decoded subscription message.
    Message(&'a [u8]),
    /// A log event that stands alone, with what is known of where it comes from.
    LogEvent {
        /// The log event itself.
        event: LogEvent<'a>,
        /// Name of its log group; empty where it is unknown.
        log_group: Cow<'a, str>,
        /// Name of its log stream; empty where it is unknown.
        log_stream: Cow<'a, str>,
        /// What is known of its message, where that was recognised.
        recognised: Option<Recognised<'a>>,
    },
    /// A log event of an export that is no JSON, or a row of Logs Insights.
    Row(Row<'a>),
    /// An access-log line, and what is known of it where it was recognised.
    Line(&'a [u8], Option<Recognised<'a>>),
    /// An access-log line of another format than JSON whose status [`Format::Auto`](crate::access_log::Format::Auto)
    /// reads as one below 400, under no header.
    OkLine(&'a [u8]),
    /// Nothing more is there yet: the source said `io::ErrorKind::WouldBlock`.
    Pause,
}

/// What is wrong with one piece. The pieces behind it are read all the same.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PieceError {
    /// A document or a line beyond all measure.
    #[error("a document or line longer than {MAX_PIECE_BYTES} bytes")]
    TooLong,
    /// A failure record of a Kinesis stream tells where the records are, and does not hold them.
    #[error(
        "a failure record without its event: Kinesis keeps the records in the stream, at the sequence numbers it names"
    )]
    NoEvent,
    /// Output of the AWS command line that is not for programs.
    #[error("{0} output of the AWS command line is not read: export as JSON (`--output json`)")]
    Output(&'static str),
    /// An archive, or a file that is compressed in a way that is not read.
    #[error("{0}, which is not read: unpack it, and give what is in it")]
    Packed(&'static str),
}

/// Reads a recording to its end, and hands each piece with the number of its line to `each`.
///
/// Where the source says `io::ErrorKind::WouldBlock` it is read again, behind a [`Piece::Pause`] unless it is compressed
/// or CSV. Any other error of the source itself, also of its compression, ends the reading.
pub fn read(source: impl Read, each: &mut impl FnMut(u64, Result<Piece<'_>, PieceError>)) -> io::Result<()> {
    let mut source = unpack(source)?;
    let head = peek(&mut source, |head| head.contains(&b'\n') || head.len() >= MAX_HEADER_BYTES)?;
    let refused =
        unread_output(&head).map(PieceError::Output).or_else(|| packed::name(&head).map(PieceError::Packed));
    if let Some(refused) = refused {
        each(1, Err(refused));
        return Ok(());
    }
    let is_csv = insights::is_csv(&head);
    let source = Cursor::new(head).chain(source);
    if is_csv {
        insights::read_csv(Patient(source), MAX_PIECE_BYTES, &mut |number, row| {
            each(number, Ok(Piece::Row(row)));
        })
    } else {
        split(source, each)
    }
}

/// The name of an output of the AWS command line that is refused, if a file begins so.
fn unread_output(head: &[u8]) -> Option<&'static str> {
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let is_rule = first.len() > 4 && first.iter().all(|byte| matches!(byte, b'-' | b'+'));
    if is_rule {
        return Some("table");
    }
    let item = first.strip_prefix(b"- ").unwrap_or(first);
    let keys: [&[u8]; 12] = [
        b"events:",
        b"results:",
        b"searchedLogStreams:",
        b"nextToken:",
        b"nextForwardToken:",
        b"nextBackwardToken:",
        b"queryLanguage:",
        b"eventId:",
        b"ingestionTime:",
        b"logStreamName:",
        b"message:",
        b"timestamp:",
    ];
    // A list of lists begins with a time or a text; `- -` alone may be CLF without an address.
    let is_inner = |inner: &[u8]| {
        inner.starts_with(b"'")
            || inner.starts_with(b"\"")
            || inner.get(..13).is_some_and(cells::is_time)
            || inner.starts_with(b"field:")
    };
    let is_list = first.starts_with(b"- ")
        && (item.strip_prefix(b"- ").is_some_and(is_inner)
            || [&b"'{"[..], b"\"{", b"field:"].iter().any(|begin| item.starts_with(begin)));
    (is_list || keys.iter().any(|key| item.starts_with(key))).then_some("YAML")
}

fn split(source: impl Read, each: &mut impl FnMut(u64, Result<Piece<'_>, PieceError>)) -> io::Result<()> {
    let mut pieces = Pieces {
        splitter: Splitter::new(source, MAX_PIECE_BYTES),
        recognised: RecognisedPieces::default(),
        exported: Exported::default(),
    };
    let mut is_idle = false;
    loop {
        match pieces.next(each) {
            Ok(true) => is_idle = false,
            Ok(false) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if is_idle {
                    pieces.exported.close(&mut |number, row| each(number, Ok(Piece::Row(row))));
                }
                is_idle = true;
                each(pieces.splitter.line_number, Ok(Piece::Pause));
            }
            Err(error) => return Err(error),
        }
    }
}

/// The pieces of a recording that is no CSV.
struct Pieces<R> {
    splitter: Splitter<R>,
    recognised: RecognisedPieces,
    exported: Exported,
}

impl<R: Read> Pieces<R> {
    /// Hands the next piece on; `false` where there is none. It can be called again after `WouldBlock`.
    fn next(&mut self, each: &mut impl FnMut(u64, Result<Piece<'_>, PieceError>)) -> io::Result<bool> {
        let Self { splitter, recognised, exported } = self;
        if !exported.is_open() {
            let mut found = None;
            let part = splitter.part_if(&mut |text| {
                let (length, line_breaks, piece) = recognised.find(text)?;
                found = Some(piece);
                Some((length, line_breaks))
            })?;
            if let (Some((number, text)), Some(found)) = (part, found) {
                each(number, Ok(recognised.piece(text, found)));
                return Ok(true);
            }
        }
        let mut each_row = |number: u64, row: Row<'_>| each(number, Ok(Piece::Row(row)));
        let Some((number, part)) = splitter.next()? else {
            exported.close(&mut each_row);
            return Ok(false);
        };
        match part {
            Part::Document(document) if exported.document(document, &mut each_row) => {}
            Part::Line(line) if exported.line(number, line, &mut each_row) => {}
            Part::Document(document) => match unwrap(document, MAX_WRAPPED, &mut |piece| each(number, piece))
            {
                Unwrapped::Line => recognised.learn_line(document),
                Unwrapped::LogEvent => recognised.learn_log_event(document),
                Unwrapped::Other => {}
            },
            Part::Line(line) => {
                recognised.learn_other(line);
                each(number, Ok(Piece::Line(line, None)));
            }
            Part::TooLong => each(number, Err(PieceError::TooLong)),
        }
        Ok(true)
    }
}

/// What a document turned out to be itself.
enum Unwrapped {
    Line,
    LogEvent,
    Other,
}

/// Hands on what a document is, or what is wrapped in it; says what it is itself.
fn unwrap(document: &[u8], wrapped: usize, each: &mut dyn FnMut(Result<Piece<'_>, PieceError>)) -> Unwrapped {
    if !document.starts_with(b"{") {
        return unwrap_values(document, wrapped, each);
    }
    let shape = Shape::of(document);
    if let Some(payload) = shape.request_payload.filter(|_| wrapped > 0) {
        unwrap(payload, wrapped - 1, each);
        return Unwrapped::Other;
    }
    if let Some(payload) = shape.payload().and_then(members::text).filter(|_| wrapped > 0) {
        unwrap(&payload, wrapped - 1, each);
        return Unwrapped::Other;
    }
    if let Some(messages) = shape.queue_messages.filter(|_| wrapped > 0) {
        for message in elements(messages) {
            let body = field(message, b"body").or_else(|| field(message, b"Body"));
            if let Some(body) = body.and_then(members::text) {
                unwrap(&body, wrapped - 1, each);
            }
        }
        return Unwrapped::Other;
    }
    if let Some(events) = shape.events {
        elements(events).for_each(|event| log_event(event, each));
        return Unwrapped::Other;
    }
    match shape.kind {
        Some(Kind::Event) => each(Ok(Piece::Event(document))),
        Some(Kind::Message) => each(Ok(Piece::Message(document))),
        Some(Kind::LogEvent) => {
            log_event(document, each);
            return Unwrapped::LogEvent;
        }
        Some(Kind::RecordWithoutEvent) => each(Err(PieceError::NoEvent)),
        Some(Kind::Topic) => match topic::event(document) {
            Some(event) => each(Ok(Piece::Event(&event))),
            None => each(Ok(Piece::Line(document, None))),
        },
        None => {
            let is_open = !shape.has_status;
            let rows = is_open
                .then(|| shipped::row(document).map(|row| vec![row]))
                .flatten()
                .or_else(|| if shape.may_hold_rows { insights::rows(document) } else { None })
                .or_else(|| is_open.then(|| cells::of_object(document).map(|row| vec![row])).flatten());
            let Some(rows) = rows else {
                each(Ok(Piece::Line(document, None)));
                // The values of one without a status of its own could have made a row of it.
                return if shape.has_status { Unwrapped::Line } else { Unwrapped::Other };
            };
            for row in rows {
                each(Ok(Piece::Row(row)));
            }
        }
    }
    Unwrapped::Other
}

/// Hands on what an array or a text holds: a row, a log event, messages, or further documents.
fn unwrap_values(
    document: &[u8],
    wrapped: usize,
    each: &mut dyn FnMut(Result<Piece<'_>, PieceError>),
) -> Unwrapped {
    if let Some(message) = members::text(document) {
        each(Ok(Piece::Row(Row { message: Some(lossy(message)), ..Row::default() })));
        return Unwrapped::Other;
    }
    if insights::is_pairs(document) {
        each(Ok(Piece::Row(insights::row_of_pairs(document))));
        return Unwrapped::Other;
    }
    if let Some(row) = cells::of_array(document) {
        each(Ok(Piece::Row(row)));
        return Unwrapped::Other;
    }
    let holds_pieces =
        || elements(document).all(|element| matches!(element.first(), Some(b'{' | b'[' | b'"')));
    if wrapped == 0 || elements(document).next().is_none() || !holds_pieces() {
        each(Ok(Piece::Line(document, None)));
        return Unwrapped::Line;
    }
    for element in elements(document) {
        unwrap(element, wrapped - 1, each);
    }
    Unwrapped::Other
}

fn log_event(object: &[u8], each: &mut dyn FnMut(Result<Piece<'_>, PieceError>)) {
    if shipped::is_parsed(object)
        && let Some(row) = shipped::row(object)
    {
        return each(Ok(Piece::Row(row)));
    }
    let text = |name: &[u8]| field(object, name).and_then(members::text).unwrap_or_default();
    let (log_group, log_stream) = (text(b"logGroupName"), text(b"logStreamName"));
    let (log_group, log_stream) = (String::from_utf8_lossy(&log_group), String::from_utf8_lossy(&log_stream));
    match scan_log_event(object) {
        Some(event) => each(Ok(Piece::LogEvent { event, log_group, log_stream, recognised: None })),
        None => each(Ok(Piece::Line(object, None))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Event,
    Message,
    LogEvent,
    RecordWithoutEvent,
    /// What an SNS topic published.
    Topic,
}

/// What a document shows at its top level.
#[derive(Default)]
struct Shape<'a> {
    kind: Option<Kind>,
    /// The event in a failure record (Lambda developer guide, "Asynchronous invocation": destinations).
    request_payload: Option<&'a [u8]>,
    /// What may be the event in a failure record of a stream, as a text: only a bucket gets it.
    text_payload: Option<&'a [u8]>,
    /// Messages of a queue: an event of SQS, or the answer of `aws sqs receive-message`.
    queue_messages: Option<&'a [u8]>,
    /// The answer of `aws logs filter-log-events` or `get-log-events`.
    events: Option<&'a [u8]>,
    /// Whether it may be an export of Logs Insights.
    may_hold_rows: bool,
    has_status: bool,
}

impl<'a> Shape<'a> {
    /// The event in a failure record of a stream (Lambda developer guide, "Retain discarded batch records").
    fn payload(&self) -> Option<&'a [u8]> {
        self.text_payload.filter(|_| self.kind == Some(Kind::RecordWithoutEvent))
    }

    fn of(document: &'a [u8]) -> Self {
        let mut shape = Self::default();
        let (mut has_message, mut has_timestamp) = (false, false);
        // A document is known to be JSON; one that is an array has no members.
        let _ = each_field(document, 0, |name, value| match (&*members::name(name), value.first()) {
            (b"requestPayload", Some(b'{')) => shape.request_payload = Some(value),
            (b"payload", Some(b'"')) => shape.text_payload = Some(value),
            (b"KinesisBatchInfo", Some(b'{')) => shape.kind = Some(Kind::RecordWithoutEvent),
            (b"Messages", Some(b'[')) => shape.queue_messages = Some(value),
            (b"Records", Some(b'[')) if is_from_queue(value) => shape.queue_messages = Some(value),
            (b"awslogs" | b"alarmData", Some(b'{'))
            | (b"Records", Some(b'['))
            | (b"detail-type", Some(b'"')) => {
                shape.kind = Some(Kind::Event);
            }
            (b"logEvents", Some(b'[')) | (b"messageType", Some(b'"')) => shape.kind = Some(Kind::Message),
            (b"events", Some(b'[')) => shape.events = Some(value),
            (b"message", Some(b'"')) => has_message = true,
            (b"timestamp", Some(_)) => has_timestamp = true,
            (b"status", _) => shape.has_status = true,
            (b"NewStateValue" | b"TopicArn", Some(b'"')) => shape.kind = shape.kind.or(Some(Kind::Topic)),
            (b"@message" | b"@timestamp" | b"@ptr" | b"@logStream" | b"@log" | b"results", _) => {
                shape.may_hold_rows = true;
            }
            (name, _) if name.ends_with(b")") => {
                shape.may_hold_rows |= std::str::from_utf8(name).is_ok_and(counts::is_function);
            }
            _ => {}
        });
        // An access log may have a message and a time of its own; it has a status, too.
        if shape.kind.is_none() && has_message && has_timestamp && !shape.has_status {
            shape.kind = Some(Kind::LogEvent);
        }
        shape
    }
}

fn is_from_queue(records: &[u8]) -> bool {
    let first = elements(records).next().unwrap_or_default();
    field(first, b"eventSource").and_then(members::text).as_deref() == Some(b"aws:sqs")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &[u8]) -> Vec<String> {
        let mut seen = Vec::new();
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        read(text, &mut |number, piece| {
            seen.push(match piece {
                Ok(Piece::Event(event)) => format!("{number} event {}", lossy(event)),
                Ok(Piece::Message(message)) => format!("{number} message {}", lossy(message)),
                Ok(Piece::LogEvent { event, log_stream, .. }) => {
                    let message = lossy(event.message.map(|message| message.0).unwrap_or_default());
                    format!(
                        "{number} log event {log_stream}|{}|{}|{message}",
                        lossy(event.id.0),
                        event.timestamp_ms
                    )
                }
                Ok(Piece::Row(row)) => format!("{number} row {}", row.message.unwrap_or_default()),
                Ok(Piece::Line(line, _) | Piece::OkLine(line)) => format!("{number} line {}", lossy(line)),
                Ok(Piece::Pause) => format!("{number} pause"),
                Err(error) => format!("{number} {error}"),
            });
        })
        .unwrap();
        seen
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(pieces(text.as_bytes()), expected);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        assert_eq!(pieces(&gzip.finish().unwrap()), expected);
    }

    const CLF: &str = r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 200 36 c6af-11"#;
    const CSV: &str = "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/a,HTTP/1.1,200,36,c6af-11";
    const NAMES: &str = "requestId: c6af-11, ip: 203.0.113.7, httpMethod: GET, resourcePath: /a, status: 200";
    const XML: &str = r#"<request id="c6af-11"> <ip>203.0.113.7</ip> <requestTime>18/Nov/2020:05:28:56 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/a</resourcePath> <status>200</status> <protocol>HTTP/1.1</protocol> <responseLength>36</responseLength> </request>"#;

    #[test]
    fn a_good_line_of_a_known_format_is_told_as_one() {
        for line in [CLF, CSV, NAMES, XML] {
            let (error, cut) = (line.replace("200", "502"), &line[..20]);
            let (returned, goes_on) = (format!("{line}\r"), format!("{line}{{}}"));
            let text = [line, line, &error, "", line, cut, &returned, &goes_on, line].join("\n");
            let mut seen = Vec::new();
            read(text.as_bytes(), &mut |number, piece| {
                seen.push(match piece {
                    Ok(Piece::OkLine(known)) => (known == line.as_bytes()).then_some(number),
                    _ => None,
                });
            })
            .unwrap();
            // The last one could go on.
            assert_eq!(seen, [None, Some(2), None, Some(5), None, Some(7), None, None], "{line}");
        }
    }

    /// A line or a part of a frame around documents, as it may stand in a recording.
    fn any_line() -> impl Strategy<Value = String> {
        const PREFIXES: [&str; 7] = [
            "/aws/api/x 0123abc ",
            "/aws/api/x 0123abc [2020-11-18T05:28:56.123Z] ",
            "2020-11-18T05:28:56.123Z ",
            "2020-11-18T05:28:56+00:00 s ",
            "\u{1b}[32m",
            "EVENTS\t1605677336123\t",
            " ",
        ];
        const OTHERS: [&str; 13] = [
            "[",
            ",",
            "]",
            "{\"events\":[",
            "],\"searchedLogStreams\":[]}",
            "{\"status\":\"200\"}",
            "{\"timestamp\":5,\"message\":\"a\"},",
            "#Fields: c-ip sc-status",
            "203.0.113.7\t200",
            "2026-11-03T08:00:00.945958Z orders 203.0.113.11:2817 10.0.0.1:80 0.0 0.0 0.0 200 200 0 29 \"GET http://x:80/ HTTP/1.1\" \"curl\" - -",
            "/a/b - - [18/Nov/2020:05:28:56 +0000] \"GET /a HTTP/1.1\" 200 36 c6af-11",
            "-",
            "",
        ];
        let line = prop::sample::select(vec![CLF, CSV, NAMES, XML]);
        let address = prop::sample::select(vec!["203.0.113.7", "2001:db8::7", "c-7/a", "-"]);
        let prefix = prop::option::weighted(0.2, prop::sample::select(PREFIXES.to_vec()));
        let line =
            (prefix, line, address, prop::bool::weighted(0.8)).prop_map(|(prefix, line, address, is_ok)| {
                let line =
                    line.replace("203.0.113.7", address).replace("200", if is_ok { "201" } else { "502" });
                format!("{}{line}", prefix.unwrap_or_default())
            });
        prop_oneof![4 => line, 1 => prop::sample::select(OTHERS.to_vec()).prop_map(str::to_owned)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_024))]

        #[test]
        fn a_known_line_is_the_piece_that_looking_at_it_gives(lines in prop::collection::vec(any_line(), 1..30)) {
            check_as_plainly(&lines);
        }
    }

    #[track_caller]
    fn check_as_plainly<T: AsRef<[u8]>>(lines: &[T]) {
        let joined =
            |end: &[u8]| lines.iter().flat_map(|line| [line.as_ref(), end].concat()).collect::<Vec<_>>();
        // With a blank at its end no line is told by what was learned.
        let plainly = pieces(&joined(b" \n")).into_iter().map(|piece| piece.replace(" \n", "\n"));
        assert_eq!(pieces(&joined(b"\n")), plainly.collect::<Vec<_>>());
    }

    #[test]
    fn a_known_line_among_the_elements_of_an_answer_ends_it() {
        let event = r#"{"timestamp":5,"message":"a"}"#;
        check_as_plainly(&[CLF, CLF, r#"{"events":["#, event, CLF, "]", CLF]);
    }

    #[test]
    fn each_piece_is_told_by_looking() {
        check(r#"{"awslogs":{"data":"x"}}"#, &[r#"1 event {"awslogs":{"data":"x"}}"#]);
        check(r#"{"Records":[{"kinesis":{}}]}"#, &[r#"1 event {"Records":[{"kinesis":{}}]}"#]);
        check(r#"{"messageType":"CONTROL_MESSAGE"}"#, &[r#"1 message {"messageType":"CONTROL_MESSAGE"}"#]);
        check(r#"{"logEvents":[]}"#, &[r#"1 message {"logEvents":[]}"#]);
        check(
            "{\"timestamp\":5,\"message\":\"a\"}\n{\"message\":\"b\",\"timestamp\":\"6\",\"id\":\"7\"}\n",
            &["1 log event ||5|a", "2 log event |7|6|b"],
        );
        check(
            r#"{"events":[{"logStreamName":"s","timestamp":5,"message":"a","ingestionTime":6,"eventId":"9"}],"searchedLogStreams":[]}"#,
            &["1 log event s|9|5|a"],
        );
        check(
            "{\"status\":\"502\",\"timestamp\":1,\"message\":\"x\"}\n127.0.0.1 - - [x]\n",
            &["1 line {\"status\":\"502\",\"timestamp\":1,\"message\":\"x\"}", "2 line 127.0.0.1 - - [x]"],
        );
        check("@timestamp,@message\n1,\"{\"\"a\"\":1}\"\n", &["2 row {\"a\":1}"]);
        check(r#"[{"@message":"a"},{"@message":"b"}]"#, &["1 row a", "1 row b"]);
        check("", &[]);
    }

    #[test]
    fn a_line_without_a_status_of_its_own_is_looked_at_each_time() {
        let line = |time: &str| {
            format!(r#"{{"context":{{"status":"502"}},"time":"{time}","message":"m","a":1,"b":2,"c":3}}"#)
        };
        let lines = format!("{}\n{}\n", line("x"), line("2026-11-03T09:15:01Z"));
        check(&lines, &[&format!("1 line {}", line("x")), "2 row m"]);
    }

    #[test]
    fn a_failed_event_is_unwrapped_from_what_kept_it() {
        let record = r#"{"version":"1.0","requestPayload":{"awslogs":{"data":"x"}},"responsePayload":{}}"#;
        let expected = r#"1 event {"awslogs":{"data":"x"}}"#;
        check(record, &[expected]);
        let body = serde_json::Value::from(record).to_string();
        check(&format!(r#"{{"Messages":[{{"Body":{body}}},{{"Body":{body}}}]}}"#), &[expected, expected]);
        check(&format!(r#"{{"Records":[{{"eventSource":"aws:sqs","body":{body}}}]}}"#), &[expected]);
        // A bucket gets the event, too, as a text.
        let stream = r#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"x"}}]}"#;
        let payload = serde_json::Value::from(stream).to_string();
        check(
            &format!(r#"{{"KinesisBatchInfo":{{"shardId":"x"}},"payload":{payload}}}"#),
            &[&format!("1 event {stream}")],
        );
        let line = r#"{"status":"502","payload":"x"}"#;
        check(line, &[&format!("1 line {line}")]);
        check(
            r#"{"KinesisBatchInfo":{"shardId":"x"}}"#,
            &[
                "1 a failure record without its event: Kinesis keeps the records in the stream, at the sequence numbers it names",
            ],
        );
    }

    /// A flat object of a few names and kinds of values, so that its neighbours are often of the same format.
    fn a_line() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec![
            "a",
            "status",
            "message",
            "timestamp",
            "@message",
            "events",
            "results",
            "logEvents",
            "Records",
        ]);
        let value = prop::sample::select(vec![
            "\"x\"",
            "\"\"",
            "\"502\"",
            "\"a\\\"b\"",
            "12",
            "0",
            "012",
            "-1",
            "1.5",
            "null",
            "[]",
            "[1]",
            "{\"b\":1}",
        ]);
        let space = prop::sample::select(vec!["", " "]);
        (prop::collection::vec((name, value), 1..4), space, 0..20_u8).prop_map(|(members, space, odd)| {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("\"{name}\":{space}{value}")).collect();
            let line = format!("{{{space}{}}}", members.join(","));
            // A line that is no JSON, now and then.
            if odd == 0 { format!("{line} x") } else { line }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_was_learned_of_lines_before_changes_nothing(lines in prop::collection::vec(a_line(), 1..30)) {
            let pieces_of = |text: &str| -> Vec<String> {
                let seen = pieces(text.as_bytes()).into_iter();
                seen.map(|piece| piece.split_once(' ').map(|(_, piece)| piece.to_owned()).unwrap_or_default()).collect()
            };
            let alone: Vec<String> = lines.iter().flat_map(|line| pieces_of(line)).collect();
            prop_assert_eq!(pieces_of(&lines.join("\n")), alone);
        }
    }
}
