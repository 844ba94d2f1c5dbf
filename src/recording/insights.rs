//! What CloudWatch Logs Insights exports, as CSV or as JSON, in; its rows out.
//!
//! The shapes: the console's CSV (a header with `@message`, with the names of chosen fields, or with `timestamp` and
//! `message`), the console's JSON (objects with `@message`, where a JSON message may stand as an object), and the answer
//! of `aws logs get-query-results` (`field` and `value` pairs). The chosen fields of a row without a message are the
//! fields of its access log; of counts there is no line, and their names stand for one. It judges no line.

use std::borrow::Cow;
use std::io::{self, Read};

use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::counts;
use crate::json::members::{each_field, elements, field, text};

/// One row of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// `@log` without the account before it; empty where the query did not ask for it.
    pub log_group: String,
    /// `@logStream`; empty where the query did not ask for it.
    pub log_stream: String,
    /// CloudWatch's id of the log event; empty where it is unknown.
    pub id: String,
    /// `@timestamp`, epoch milliseconds.
    pub timestamp_ms: Option<i64>,
    /// `@message`.
    pub message: Option<Cow<'a, str>>,
}

impl<'a> Row<'a> {
    fn set(&mut self, name: &str, value: Cow<'a, str>) {
        match name {
            "@timestamp" | "timestamp" => self.timestamp_ms = time_ms(&value),
            "@message" | "message" => self.message = Some(value),
            "@logStream" | "logStreamName" => self.log_stream = value.into_owned(),
            "@log" => {
                let (_account, log_group) = value.split_once(':').unwrap_or(("", &value));
                log_group.clone_into(&mut self.log_group);
            }
            _ => {}
        }
    }
}

/// Fields of a row that has no message: they become one.
#[derive(Debug, Default)]
struct Chosen {
    json: String,
    names: Vec<String>,
}

impl Chosen {
    fn add(&mut self, name: &str, value: &str) {
        self.names.push(name.to_owned());
        if name.starts_with('@') || name == "timestamp" {
            return;
        }
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
        self.json.push_str(&serde_json::Value::from(name).to_string());
        self.json.push(':');
        self.json.push_str(&serde_json::Value::from(value).to_string());
    }

    /// The fields as JSON; of counts the names alone, as the header of their CSV has them.
    fn into_message(mut self) -> Option<String> {
        if counts::are_counts(&self.names.iter().map(String::as_str)) {
            return Some(self.names.join(","));
        }
        (!self.json.is_empty()).then(|| {
            self.json.push('}');
            self.json
        })
    }
}

/// Whether a file that begins so is a CSV export.
pub(super) fn is_csv(beginning: &[u8]) -> bool {
    let header = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    let unquoted = |name: &'_ [u8]| {
        let name = name.trim_ascii();
        name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name).to_vec()
    };
    let names: Vec<Vec<u8>> = header.split(|byte| *byte == b',').map(unquoted).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted.as_bytes());
    if has("@message") || (has("timestamp") && has("message")) {
        return true;
    }
    // Chosen fields: a status among names, and no count or other function of them.
    let is_name = |name: &Vec<u8>| {
        name.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'@')
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.@-".contains(byte))
    };
    let is_status = |name: &Vec<u8>| name.to_ascii_lowercase().ends_with(b"status");
    if counts::are_counts(&names.iter().filter_map(|name| std::str::from_utf8(name).ok())) {
        return false;
    }
    names.len() > 1 && names.iter().all(is_name) && (names.iter().any(is_status) || has("@timestamp"))
}

/// Reads a CSV export; hands each row with the number of its line to `each`. A row of more than `max_bytes`, such as one
/// whose quote is never closed, ends the reading.
pub(super) fn read_csv(
    source: impl Read,
    max_bytes: usize,
    each: &mut impl FnMut(u64, Row<'_>),
) -> io::Result<()> {
    let source = Limited { source, left: max_bytes, max_bytes };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let names = reader.byte_headers()?.clone();
    let has_message = names.iter().any(|name| matches!(name, b"@message" | b"message"));
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let source = reader.get_mut();
        source.left = source.max_bytes;
        let mut row = Row::default();
        let mut chosen = Chosen::default();
        for (name, value) in names.iter().zip(&record) {
            let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            if !has_message && !value.is_empty() {
                chosen.add(&name, &value);
            }
            row.set(&name, value);
        }
        if !has_message {
            row.message = chosen.into_message().map(Cow::Owned);
        }
        each(record.position().map_or(0, csv::Position::line), row);
    }
    Ok(())
}

/// A reader that gives only so many bytes until it is told to go on.
struct Limited<R> {
    source: R,
    left: usize,
    max_bytes: usize,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row of the CSV is far too long: a quote that is never closed?",
            ));
        }
        let length = self.source.read(out)?;
        self.left = self.left.saturating_sub(length);
        Ok(length)
    }
}

/// The rows in a document, if it is a JSON export; `None` if it is something else.
pub(super) fn rows(document: &[u8]) -> Option<Vec<Row<'_>>> {
    if let Some(results) = field(document, b"results").filter(|results| results.starts_with(b"[")) {
        let is_rows = elements(results).next().is_none_or(|row| row.starts_with(b"["));
        return is_rows.then(|| elements(results).map(row_of_pairs).collect());
    }
    is_row(document).then(|| vec![row_of_object(document)])
}

/// Whether an array is one row of `get-query-results`.
pub(super) fn is_pairs(array: &[u8]) -> bool {
    elements(array).next().is_some_and(|pair| {
        pair.starts_with(b"{") && field(pair, b"field").is_some() && field(pair, b"value").is_some()
    })
}

/// Whether an object is a row of the console's export: it has a field that only Insights has, or a count.
fn is_row(object: &[u8]) -> bool {
    let mut is_row = false;
    let _ = each_field(object, 0, |name, _| {
        is_row |= matches!(name, b"@message" | b"@timestamp" | b"@ptr" | b"@logStream" | b"@log")
            || std::str::from_utf8(name).is_ok_and(counts::is_function);
    });
    is_row
}

fn row_of_object(object: &[u8]) -> Row<'_> {
    let mut row = Row::default();
    let has_message = field(object, b"@message").is_some();
    let mut chosen = Chosen::default();
    // A document is known to be JSON; an element that is no object has no members.
    let _ = each_field(object, 0, |name, value| {
        let name = String::from_utf8_lossy(name);
        // A message that is JSON itself stands as an object in the console's export.
        let value = lossy(text(value).unwrap_or(Cow::Borrowed(value)));
        if has_message {
            row.set(&name, value);
        } else {
            chosen.add(&name, &value);
            if name.starts_with('@') {
                row.set(&name, value);
            }
        }
    });
    row.message = row.message.or_else(|| chosen.into_message().map(Cow::Owned));
    row
}

/// A row of `get-query-results`.
pub(super) fn row_of_pairs(pairs: &[u8]) -> Row<'_> {
    let mut row = Row::default();
    let mut chosen = Chosen::default();
    for pair in elements(pairs) {
        let name = field(pair, b"field").and_then(text);
        let value = field(pair, b"value").and_then(text);
        if let (Some(name), Some(value)) = (name, value) {
            let (name, value) = (String::from_utf8_lossy(&name), lossy(value));
            chosen.add(&name, &value);
            if name.starts_with('@') {
                row.set(&name, value);
            }
        }
    }
    row.message = row.message.or_else(|| chosen.into_message().map(Cow::Owned));
    row
}

pub(super) fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Insights writes UTC without a zone (`2021-07-15 05:35:16.123`); some tools write ISO 8601 or epoch milliseconds.
pub(super) fn time_ms(text: &str) -> Option<i64> {
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
        assert!(is_csv(b"\"@timestamp\",\"@message\"\r\n"));
        assert!(is_csv(b"timestamp,message\n1,a"));
        assert!(is_csv(b"@timestamp,status,error.message\n"));
        assert!(is_csv(b"routeKey,status\n"));
        assert!(!is_csv(b"status,count(*)\n"));
        assert!(!is_csv(b"status,errors\n"));
        assert!(!is_csv(b"status\n502"));
        assert!(!is_csv(b"192.0.2.1,-,-,15/Jul/2021:05:35:16 +0000\n@message"));
    }

    #[test]
    fn csv_rows_keep_quotes_and_line_breaks_of_the_message() {
        let text = "@timestamp,@logStream,@log,@message\n2021-07-15 05:35:16.000,s,123456789012:/aws/g,\"{\"\"a\"\":1}\n\"\nx,,,b\n";
        let mut rows = Vec::new();
        read_csv(text.as_bytes(), 1 << 20, &mut |number, row| rows.push(format!("{number} {row:?}")))
            .unwrap();
        assert_eq!(
            rows,
            [
                r#"2 Row { log_group: "/aws/g", log_stream: "s", id: "", timestamp_ms: Some(1626327316000), message: Some("{\"a\":1}\n") }"#,
                r#"4 Row { log_group: "", log_stream: "", id: "", timestamp_ms: None, message: Some("b") }"#,
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
        for (document, message) in [
            (br#"{"@timestamp":"2021-07-15 05:35:16.000","@message":"a\"b"}"#.as_slice(), "a\"b"),
            (
                br#"{"@timestamp":"2021-07-15 05:35:16.000","@message":{"status":"500"}}"#,
                r#"{"status":"500"}"#,
            ),
            (
                br#"{"@timestamp":"2021-07-15 05:35:16.000","status":"500","message":"m","@ptr":"p"}"#,
                r#"{"status":"500","message":"m"}"#,
            ),
        ] {
            assert_eq!(rows(document), Some(vec![expected(message)]));
        }
        assert_eq!(
            rows(br#"{"results":[[{"field":"@timestamp","value":"2021-07-15 05:35:16.000"},{"field":"@message","value":"a"},{"field":"@ptr","value":"p"}]],"status":"Complete"}"#),
            Some(vec![expected("a")])
        );
        assert_eq!(rows(br#"{"status":"500"}"#), None);
        assert_eq!(rows(b"[1]"), None);
    }

    #[test]
    fn chosen_fields_are_those_of_the_access_log() {
        let mut messages = Vec::new();
        let csv = "@timestamp,status,error.message,path\n2021-07-15 05:35:16.000,502,\"a \"\"b\"\"\",\n";
        read_csv(csv.as_bytes(), 1 << 20, &mut |_, row| {
            messages.push((row.timestamp_ms, row.message.map(Cow::into_owned)));
        })
        .unwrap();
        let message = r#"{"status":"502","error.message":"a \"b\""}"#.to_owned();
        assert_eq!(messages, [(Some(1_626_327_316_000), Some(message))]);
        let pairs = br#"[{"field":"status","value":"502"},{"field":"@ptr","value":"p"}]"#;
        assert!(is_pairs(pairs));
        assert_eq!(row_of_pairs(pairs).message.as_deref(), Some(r#"{"status":"502"}"#));
    }

    #[test]
    fn counts_of_a_query_are_no_lines() {
        let message = |row: Option<Vec<Row<'_>>>| row.unwrap().pop().unwrap().message.unwrap().into_owned();
        let pairs = br#"{"results":[[{"field":"status","value":"502"},{"field":"count(*)","value":"12"}]]}"#;
        assert_eq!(message(rows(pairs)), "status,count(*)");
        assert_eq!(message(rows(br#"{"status":"502","count(*)":"12"}"#)), "status,count(*)");
        let aliased = br#"[{"field":"status","value":"502"},{"field":"errors","value":"12"}]"#;
        assert_eq!(row_of_pairs(aliased).message.as_deref(), Some("status,errors"));
        let of_event = br#"[{"field":"status","value":"502"},{"field":"errors","value":"1"},{"field":"@ptr","value":"p"}]"#;
        assert_eq!(row_of_pairs(of_event).message.as_deref(), Some(r#"{"status":"502","errors":"1"}"#));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_and_not_read_to_the_end() {
        let endless = io::Cursor::new(b"timestamp,message\n1,\"").chain(io::repeat(b'x'));
        let error = read_csv(endless, 1 << 20, &mut |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("never closed"), "{error}");
    }
}
