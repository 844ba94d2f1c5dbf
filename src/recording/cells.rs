//! Values of one log event without their names in; the log event out.
//!
//! So they come of `--query` (`events[].[timestamp,message]`, or with names of one's own) and of `--output text`. Which
//! value is the time and which one the message shows in the values themselves: a time has thirteen digits, and the
//! message reads as an access log. Where none does, it is left to others.

use std::borrow::Cow;

use super::insights::Row;
use crate::access_log::{Format, is_access_log};
use crate::json::members::{each_field, elements, text};

/// Members of an object with names of one's own: more is no choice of a few.
const MAX_CHOSEN: usize = 5;
/// Digits of epoch milliseconds, from 2001 to 2286.
const TIME_DIGITS: usize = 13;

/// A line of `--output text`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TextLine<'a> {
    /// A log event that is there whole.
    Event(Row<'a>),
    /// A log event whose message goes on in the next line.
    Open(Row<'a>),
    /// What frames the log events: names of streams, tokens.
    Frame,
}

/// Whether a text is epoch milliseconds.
pub(super) fn is_time(cell: &[u8]) -> bool {
    cell.len() == TIME_DIGITS && cell.iter().all(u8::is_ascii_digit)
}

/// Epoch milliseconds, of a text that [`is_time`].
pub(super) fn time(cell: &[u8]) -> Option<i64> {
    std::str::from_utf8(cell).ok().filter(|_| is_time(cell))?.parse().ok()
}

/// A row of `filter-log-events` or `get-log-events`; the keys stand in the order of their names.
pub(super) fn text_line(line: &[u8]) -> Option<TextLine<'_>> {
    let Some(rest) = line.strip_prefix(b"EVENTS\t") else {
        let is_frame = line.starts_with(b"SEARCHEDLOGSTREAMS\t")
            || line.starts_with(b"NEXTTOKEN\t")
            || line.starts_with(b"b/") && memchr::memmem::find(line, b"\tf/").is_some();
        return is_frame.then_some(TextLine::Frame);
    };
    let (first, behind) = cut(rest)?;
    // `filter-log-events` has an id and the name of a stream besides.
    let (id, stream, behind) = if is_time(first) {
        (&b""[..], &b""[..], behind)
    } else {
        let (ingested, behind) = cut(behind)?;
        let (stream, behind) = cut(behind)?;
        if !is_time(ingested) {
            return None;
        }
        (first, stream, behind)
    };
    let owned = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (log_stream, id) = (owned(stream), owned(id));
    let row = |timestamp_ms, message| Row {
        log_stream,
        id,
        timestamp_ms,
        message: Some(String::from_utf8_lossy(message)),
        ..Row::default()
    };
    let end = memchr::memrchr(b'\t', behind);
    let last = end.and_then(|end| behind.get(end + 1..)).and_then(time);
    Some(match (last, end) {
        (Some(at_ms), Some(end)) => TextLine::Event(row(Some(at_ms), behind.get(..end).unwrap_or_default())),
        _ => TextLine::Open(row(None, behind)),
    })
}

/// The log events on a line of cells with tabs between them: one with its time, or several messages.
pub(super) fn tabbed(line: &[u8]) -> Option<Vec<Row<'_>>> {
    memchr::memchr(b'\t', line)?;
    let cells = || line.split(|byte| *byte == b'\t').map(<[u8]>::trim_ascii).filter(|cell| !cell.is_empty());
    if cells().all(|cell| is_access_log(cell, Format::Auto)) {
        return Some(cells().map(|cell| message(String::from_utf8_lossy(cell))).collect());
    }
    // Without a time there is none, whatever the others read as.
    cells().any(is_time).then_some(())?;
    one(cells().map(|cell| (is_time(cell), Cow::Borrowed(cell)))).map(|row| vec![row])
}

/// The log event in an array of values.
pub(super) fn of_array(array: &[u8]) -> Option<Row<'_>> {
    one(elements(array).filter_map(cell))
}

/// The log event in an object with names of one's own.
pub(super) fn of_object(object: &[u8]) -> Option<Row<'_>> {
    let mut cells = Vec::new();
    let mut count = 0;
    let _ = each_field(object, 0, |_, value| {
        count += 1;
        if count <= MAX_CHOSEN {
            cells.extend(cell(value));
        }
    });
    if count > MAX_CHOSEN {
        return None;
    }
    one(cells.into_iter())
}

fn cell(value: &[u8]) -> Option<(bool, Cow<'_, [u8]>)> {
    match text(value) {
        Some(text) => Some((is_time(&text), text)),
        None => is_time(value).then_some((true, Cow::Borrowed(value))),
    }
}

/// The log event of cells of which exactly one is an access log and at least one a time: the earliest, since a log event
/// is ingested after it was logged.
fn one<'a>(cells: impl Iterator<Item = (bool, Cow<'a, [u8]>)>) -> Option<Row<'a>> {
    let mut row = Row::default();
    for (is_a_time, cell) in cells {
        if is_a_time {
            let at_ms = time(&cell)?;
            row.timestamp_ms = Some(row.timestamp_ms.map_or(at_ms, |earlier| earlier.min(at_ms)));
        } else if is_access_log(&cell, Format::Auto) {
            if row.message.is_some() {
                return None;
            }
            row.message = Some(match cell {
                Cow::Borrowed(cell) => String::from_utf8_lossy(cell),
                Cow::Owned(cell) => Cow::Owned(String::from_utf8_lossy(&cell).into_owned()),
            });
        } else if row.log_stream.is_empty() && !cell.contains(&b' ') {
            row.log_stream = String::from_utf8_lossy(&cell).into_owned();
        }
    }
    (row.message.is_some() && row.timestamp_ms.is_some()).then_some(row)
}

fn message(message: Cow<'_, str>) -> Row<'_> {
    Row { message: Some(message), ..Row::default() }
}

fn cut(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'\t', text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /items HTTP/1.1" 502 36 id-1"#;

    fn row(log_stream: &str, id: &str, timestamp_ms: Option<i64>, message: &str) -> Row<'static> {
        Row {
            log_stream: log_stream.to_owned(),
            id: id.to_owned(),
            timestamp_ms,
            message: Some(message.to_owned().into()),
            ..Row::default()
        }
    }

    #[test]
    fn rows_of_the_text_output_are_read_by_the_order_of_their_keys() {
        let event = |line: &str, expected| assert_eq!(text_line(line.as_bytes()), Some(expected), "{line}");
        event(
            "EVENTS\t36\t1605677336999\tstream\ta\tb\t1605677336123",
            TextLine::Event(row("stream", "36", Some(1_605_677_336_123), "a\tb")),
        );
        event(
            "EVENTS\t1605677336999\tmessage\t1605677336123",
            TextLine::Event(row("", "", Some(1_605_677_336_123), "message")),
        );
        event(
            "EVENTS\t36\t1605677336999\tstream\tmessage",
            TextLine::Open(row("stream", "36", None, "message")),
        );
        event("b/12/s\tf/13/s", TextLine::Frame);
        event("SEARCHEDLOGSTREAMS\tstream\tTrue", TextLine::Frame);
        assert_eq!(text_line(b"EVENTS of the day\tnone"), None);
        assert_eq!(text_line(b"EVENTS\ta\tb\tc\td"), None);
    }

    #[test]
    fn cells_say_themselves_what_they_are() {
        let timed = row("stream", "", Some(1_605_677_336_123), LINE);
        let line = format!("1605677336123\tstream\t{LINE}");
        assert_eq!(tabbed(line.as_bytes()), Some(vec![timed.clone()]));
        let line = format!("{LINE}\t{LINE}");
        assert_eq!(tabbed(line.as_bytes()), Some(vec![row("", "", None, LINE), row("", "", None, LINE)]));
        let quoted = serde_json::Value::from(LINE);
        let array = format!("[1605677336999,\"stream\",{quoted},1605677336123]");
        assert_eq!(of_array(array.as_bytes()), Some(timed.clone()));
        let object = format!(r#"{{"t":1605677336123,"s":"stream","m":{quoted}}}"#);
        assert_eq!(of_object(object.as_bytes()), Some(timed));
        assert_eq!(of_array(br#"[1605677336123,"no access log"]"#), None);
        assert_eq!(of_object(br#"{"a":1,"b":"x"}"#), None);
        assert_eq!(tabbed(b"403\t12"), None);
    }
}
