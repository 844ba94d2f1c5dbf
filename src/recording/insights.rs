//! What CloudWatch Logs Insights exports, as CSV or as JSON, in; its rows out.
//!
//! The shapes: the console's CSV (a header with `@message`), the console's JSON (objects with `@message`, where a JSON
//! message may stand as an object), and the answer of `aws logs get-query-results` (`field` and `value` pairs).
//! A row without `@message` is no log event. It judges no line.

use std::borrow::Cow;
use std::io::{self, Read};

use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::json::members::{each_field, elements, field, text};

/// One row of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// `@log` without the account before it; empty where the query did not ask for it.
    pub log_group: String,
    /// `@logStream`; empty where the query did not ask for it.
    pub log_stream: String,
    /// `@timestamp`, epoch milliseconds.
    pub timestamp_ms: Option<i64>,
    /// `@message`.
    pub message: Option<Cow<'a, str>>,
}

impl<'a> Row<'a> {
    fn set(&mut self, name: &str, value: Cow<'a, str>) {
        match name {
            "@timestamp" => self.timestamp_ms = time_ms(&value),
            "@message" => self.message = Some(value),
            "@logStream" => self.log_stream = value.into_owned(),
            "@log" => {
                let (_account, log_group) = value.split_once(':').unwrap_or(("", &value));
                log_group.clone_into(&mut self.log_group);
            }
            _ => {}
        }
    }
}

/// Whether a file that begins so is the CSV export.
pub(super) fn is_csv(beginning: &[u8]) -> bool {
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let header = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    let mut names = header.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    names.any(|name| name == b"@message" || name == b"\"@message\"")
}

/// Reads the CSV export; hands each row with the number of its line to `each`.
pub(super) fn read_csv(source: impl Read, each: &mut impl FnMut(u64, Row<'_>)) -> io::Result<()> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let names = reader.byte_headers()?.clone();
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let mut row = Row::default();
        for (name, value) in names.iter().zip(&record) {
            row.set(&String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        }
        each(record.position().map_or(0, csv::Position::line), row);
    }
    Ok(())
}

/// The rows in a document, if it is a JSON export; `None` if it is something else.
pub(super) fn rows(document: &[u8]) -> Option<Vec<Row<'_>>> {
    if document.starts_with(b"[") {
        let first = elements(document).next()?;
        return has_message(first).then(|| elements(document).map(row_of_object).collect());
    }
    if let Some(results) = field(document, b"results").filter(|results| results.starts_with(b"[[")) {
        return Some(elements(results).map(row_of_pairs).collect());
    }
    has_message(document).then(|| vec![row_of_object(document)])
}

fn has_message(object: &[u8]) -> bool {
    object.starts_with(b"{") && field(object, b"@message").is_some()
}

fn row_of_object(object: &[u8]) -> Row<'_> {
    let mut row = Row::default();
    // A document is known to be JSON; an element that is no object has no members.
    let _ = each_field(object, 0, |name, value| {
        // A message that is JSON itself stands as an object in the console's export.
        row.set(&String::from_utf8_lossy(name), lossy(text(value).unwrap_or(Cow::Borrowed(value))));
    });
    row
}

fn row_of_pairs(pairs: &[u8]) -> Row<'_> {
    let mut row = Row::default();
    for pair in elements(pairs) {
        let name = field(pair, b"field").and_then(text);
        let value = field(pair, b"value").and_then(text);
        if let (Some(name), Some(value)) = (name, value) {
            row.set(&String::from_utf8_lossy(&name), lossy(value));
        }
    }
    row
}

fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Insights writes UTC without a zone (`2021-07-15 05:35:16.123`); some tools write ISO 8601 or epoch milliseconds.
fn time_ms(text: &str) -> Option<i64> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms);
    }
    let iso = &time::format_description::well_known::Rfc3339;
    if let Ok(at) = OffsetDateTime::parse(text, iso) {
        return i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok();
    }
    let form = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond digits:1+]]]"
    );
    let at = PrimitiveDateTime::parse(text, form).ok()?.assume_utc();
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_utc_in_each_of_the_ways_it_is_written() {
        for text in ["2021-07-15 05:35:16.123", "2021-07-15T05:35:16.123Z", "1626327316123"] {
            assert_eq!(time_ms(text), Some(1_626_327_316_123), "{text}");
        }
        assert_eq!(time_ms("2021-07-15 05:35:16"), Some(1_626_327_316_000));
        assert_eq!(time_ms("yesterday"), None);
    }

    #[test]
    fn a_csv_export_is_told_by_its_header() {
        assert!(is_csv(b"@timestamp,@message\n2021"));
        assert!(is_csv(b"\xef\xbb\xbf\"@timestamp\",\"@message\"\r\n"));
        assert!(!is_csv(b"192.0.2.1,-,-,15/Jul/2021:05:35:16 +0000\n@message"));
    }

    #[test]
    fn csv_rows_keep_quotes_and_line_breaks_of_the_message() {
        let text = "@timestamp,@logStream,@log,@message\n2021-07-15 05:35:16.000,s,123456789012:/aws/g,\"{\"\"a\"\":1}\n\"\nx,,,b\n";
        let mut rows = Vec::new();
        read_csv(text.as_bytes(), &mut |number, row| rows.push(format!("{number} {row:?}"))).unwrap();
        assert_eq!(
            rows,
            [
                r#"2 Row { log_group: "/aws/g", log_stream: "s", timestamp_ms: Some(1626327316000), message: Some("{\"a\":1}\n") }"#,
                r#"4 Row { log_group: "", log_stream: "", timestamp_ms: None, message: Some("b") }"#,
            ]
        );
    }

    #[test]
    fn json_exports_of_the_console_and_of_the_command_line_are_read() {
        let expected = |message: &str| Row {
            timestamp_ms: Some(1_626_327_316_000),
            message: Some(message.to_owned().into()),
            ..Row::default()
        };
        assert_eq!(
            rows(br#"[{"@timestamp":"2021-07-15 05:35:16.000","@message":"a\"b"},{"@timestamp":"2021-07-15 05:35:16.000","@message":{"status":"500"}}]"#),
            Some(vec![expected("a\"b"), expected(r#"{"status":"500"}"#)])
        );
        assert_eq!(
            rows(br#"{"results":[[{"field":"@timestamp","value":"2021-07-15 05:35:16.000"},{"field":"@message","value":"a"},{"field":"@ptr","value":"p"}]],"status":"Complete"}"#),
            Some(vec![expected("a")])
        );
        assert_eq!(rows(br#"{"status":"500"}"#), None);
        assert_eq!(rows(b"[1]"), None);
    }
}
