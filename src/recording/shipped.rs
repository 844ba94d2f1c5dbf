//! A log event as a log shipper or a query keeps it in; its row out: one object with a time and the line, which may be an
//! object itself.
//!
//! The shapes: CloudWatch's `{timestamp, message}` with a message that was parsed, Fluent Bit's `{date, log}`, Docker's
//! `{log, time}` and Logstash's `{@timestamp, message}`. An access log with a time and a message of its own is left to
//! others: it has a status.

use std::borrow::Cow;

use super::insights::{self, Row, lossy};
use crate::json::members::{each_field, name, text};

/// The later of these names holds where an object has several: the more special one.
const TIMES: [&[u8]; 4] = [b"time", b"date", b"timestamp", b"@timestamp"];
const LINES: [&[u8]; 2] = [b"log", b"message"];
/// Epoch milliseconds from 2001 on; below are seconds.
const LEAST_MS: f64 = 1e12;

/// The row of an object that has a time and a line under such names, and no status of its own.
pub(super) fn row(object: &[u8]) -> Option<Row<'_>> {
    let (mut at, mut line) = (None, None);
    let mut row = Row::default();
    let mut is_another = false;
    let _ = each_field(object, 0, |key, value| {
        let key = name(key);
        let rank = |names: &[&[u8]]| names.iter().position(|name| *name == &*key);
        if let Some((rank, time_ms)) = rank(&TIMES).zip(time_ms(value)) {
            at = at.max(Some((rank, time_ms)));
        } else if let Some(rank) = rank(&LINES).filter(|_| matches!(value.first(), Some(b'"' | b'{'))) {
            line = line.max(Some((rank, value)));
        }
        match &*key {
            // An access log of its own, or a row of Logs Insights.
            b"status" | b"@message" => is_another = true,
            b"logGroupName" => row.log_group = owned(value),
            b"logStreamName" => row.log_stream = owned(value),
            b"eventId" => row.id = owned(value),
            _ => {}
        }
    });
    let ((_, time_ms), (_, line)) = at.zip(line)?;
    row.timestamp_ms = Some(time_ms);
    row.message = Some(without_line_ending(text(line).map_or_else(|| lossy(Cow::Borrowed(line)), lossy)));
    (!is_another).then_some(row)
}

/// Whether the message of a log event is an object.
pub(super) fn is_parsed(event: &[u8]) -> bool {
    let mut is_parsed = false;
    let _ = each_field(event, 0, |key, value| {
        is_parsed |= &*name(key) == b"message" && value.starts_with(b"{");
    });
    is_parsed
}

/// Epoch milliseconds of a number of seconds or milliseconds, or of RFC 3339.
fn time_ms(value: &[u8]) -> Option<i64> {
    if let Some(value_text) = text(value) {
        return insights::time_ms(&lossy(value_text));
    }
    let number: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    let ms = if number < LEAST_MS { number * 1_000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "it is far below the limits of i64")]
    let whole = || ms.round() as i64;
    (1.0..1e15).contains(&ms).then(whole)
}

/// Docker keeps the line with its ending.
fn without_line_ending(line: Cow<'_, str>) -> Cow<'_, str> {
    match line {
        Cow::Borrowed(line) => Cow::Borrowed(line.trim_end_matches(['\n', '\r'])),
        Cow::Owned(mut line) => {
            line.truncate(line.trim_end_matches(['\n', '\r']).len());
            Cow::Owned(line)
        }
    }
}

fn owned(value: &[u8]) -> String {
    String::from_utf8_lossy(&text(value).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(object: &str, timestamp_ms: i64, message: &str) {
        let row = row(object.as_bytes()).unwrap_or_else(|| panic!("{object}"));
        assert_eq!(
            (row.timestamp_ms, row.message.as_deref()),
            (Some(timestamp_ms), Some(message)),
            "{object}"
        );
    }

    #[test]
    fn a_line_and_its_time_are_found_under_the_names_of_shippers() {
        check(
            r#"{"timestamp":1605677336123,"message":{"a":"b \" c"}}"#,
            1_605_677_336_123,
            r#"{"a":"b \" c"}"#,
        );
        check(r#"{"date":1605677336.123456,"log":"a\"b"}"#, 1_605_677_336_123, r#"a"b"#);
        check(r#"{"date":"2020-11-18T05:28:56.123456Z","log":{"a":1}}"#, 1_605_677_336_123, r#"{"a":1}"#);
        check(
            r#"{"@timestamp":"2020-11-18T06:28:56.123+01:00","@version":"1","message":"x"}"#,
            1_605_677_336_123,
            "x",
        );
        check(
            r#"{"log":"x\n","stream":"stdout","time":"2020-11-18T05:28:56.123456789Z"}"#,
            1_605_677_336_123,
            "x",
        );
        check(r#"{"time":1,"message":"x","log":"y","@timestamp":1605677336}"#, 1_605_677_336_000, "x");
    }

    #[test]
    fn what_has_no_time_or_line_or_has_a_status_is_no_such_row() {
        for object in [
            r#"{"message":"x"}"#,
            r#"{"date":"yesterday","log":"x"}"#,
            r#"{"date":1605677336,"log":5}"#,
            r#"{"timestamp":1605677336123,"message":{"a":1},"status":"502"}"#,
            r#"{"time":-1,"log":"x"}"#,
            r#"{"time":1e300,"log":"x"}"#,
        ] {
            assert_eq!(row(object.as_bytes()), None, "{object}");
        }
    }
}
