//! Lines of exports in, one by one; their log events out, those over several lines put together.
//!
//! Only the first line of a log event has the exporter's prefix. It holds one log event at most, and judges none: it
//! asks whether a line is an access log only to hand it on without waiting for the next line.

use super::cells::{self, TextLine};
use super::insights::Row;
use super::prefix;
use crate::access_log::{Format, is_access_log};
use crate::json::{Progress, Skipper};

/// The longest log event that CloudWatch Logs takes, bytes; a longer one is not put together.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// The log event whose lines are still coming.
#[derive(Debug, Default)]
pub(super) struct Exported {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    number: u64,
    row: Row<'static>,
    text: Vec<u8>,
    goes_on: GoesOn,
}

/// What the further lines of a log event are.
#[derive(Debug)]
enum GoesOn {
    /// JSON that `aws logs tail` has indented.
    Json(Skipper),
    /// Lines of a text.
    Text,
    /// Lines of a text, the last of which ends in a tab and the time.
    TextOutput,
}

impl Exported {
    /// Whether the next line may belong to a log event before it.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes a line that is no JSON document of its own, and hands on what ends before it or with it; `false` where it is
    /// no line of an export.
    pub(super) fn line(&mut self, number: u64, line: &[u8], each: &mut impl FnMut(u64, Row<'_>)) -> bool {
        let plain = prefix::without_colors(line);
        let line = plain.as_deref().unwrap_or(line);
        if let Some(found) = prefix::take_off(line) {
            self.close(each);
            self.prefixed(number, &found, each);
            return true;
        }
        if let Some(found) = cells::text_line(line) {
            self.close(each);
            match found {
                TextLine::Event(row) => each(number, row),
                TextLine::Open(row) => {
                    let text = row.message.as_deref().unwrap_or_default().as_bytes().to_vec();
                    let Row { log_group, log_stream, id, timestamp_ms, .. } = row;
                    let row = Row { log_group, log_stream, id, timestamp_ms, message: None };
                    self.open = Some(Open { number, row, text, goes_on: GoesOn::TextOutput });
                }
                TextLine::Frame => {}
            }
            return true;
        }
        if self.is_open() {
            return self.go_on(line, each);
        }
        let Some(rows) = cells::tabbed(line) else { return false };
        for row in rows {
            each(number, row);
        }
        true
    }

    /// Takes what may be a part of the log event before it; `false` where it is a piece of its own.
    pub(super) fn document(&mut self, document: &[u8], each: &mut impl FnMut(u64, Row<'_>)) -> bool {
        let is_json = |open: &Open| matches!(open.goes_on, GoesOn::Json(_));
        if self.open.as_ref().is_some_and(is_json) {
            return self.go_on(document, each);
        }
        self.close(each);
        false
    }

    /// Hands on what is still held.
    pub(super) fn close(&mut self, each: &mut impl FnMut(u64, Row<'_>)) {
        if let Some(open) = self.open.take() {
            let message = Some(String::from_utf8_lossy(&open.text));
            each(open.number, Row { message, ..open.row });
        }
    }

    fn prefixed(&mut self, number: u64, found: &prefix::Prefixed<'_>, each: &mut impl FnMut(u64, Row<'_>)) {
        let row = Row {
            log_group: found.log_group.to_owned(),
            log_stream: found.log_stream.to_owned(),
            timestamp_ms: found.timestamp_ms,
            ..Row::default()
        };
        let goes_on = if found.message.starts_with(b"{") {
            let mut skipper = Skipper::new();
            match skipper.feed(found.message) {
                Ok(Progress::More) if !skipper.is_in_string() => Some(GoesOn::Json(skipper)),
                _ => None,
            }
        } else {
            let text = String::from_utf8_lossy(found.message);
            (!is_access_log(text.as_bytes(), Format::Auto)).then_some(GoesOn::Text)
        };
        match goes_on {
            Some(goes_on) => self.open = Some(Open { number, row, text: found.message.to_vec(), goes_on }),
            None => each(number, Row { message: Some(String::from_utf8_lossy(found.message)), ..row }),
        }
    }

    /// Adds a line to the log event before it; `false` where that has become too long.
    fn go_on(&mut self, line: &[u8], each: &mut impl FnMut(u64, Row<'_>)) -> bool {
        let Some(open) = &mut self.open else { return false };
        if open.text.len() + line.len() > MAX_EVENT_BYTES {
            self.close(each);
            return false;
        }
        let is_whole = match &mut open.goes_on {
            GoesOn::Json(skipper) => {
                // The indentation is not the log event's: on one line it reads as it was logged.
                open.text.extend_from_slice(line);
                !matches!(skipper.feed(line), Ok(Progress::More)) || skipper.is_in_string()
            }
            GoesOn::Text => {
                open.text.push(b'\n');
                open.text.extend_from_slice(line);
                false
            }
            GoesOn::TextOutput => {
                let (text, last) = match memchr::memrchr(b'\t', line) {
                    Some(tab) => line.split_at(tab),
                    // White space before a line is gone.
                    None => (&b""[..], line),
                };
                open.row.timestamp_ms = cells::time(last.trim_ascii());
                let is_whole = open.row.timestamp_ms.is_some();
                open.text.push(b'\n');
                open.text.extend_from_slice(if is_whole { text } else { line });
                is_whole
            }
        };
        if is_whole {
            self.close(each);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: &[&str]) {
        let mut exported = Exported::default();
        let mut seen = Vec::new();
        let mut each = |number: u64, row: Row<'_>| {
            let Row { log_stream, timestamp_ms, message, .. } = row;
            seen.push(format!("{number} {log_stream}|{timestamp_ms:?}|{}", message.unwrap_or_default()));
        };
        for (number, line) in (1..).zip(lines.lines()) {
            assert!(exported.line(number, line.trim().as_bytes(), &mut each), "{line}");
        }
        exported.close(&mut each);
        assert_eq!(seen, expected);
    }

    #[test]
    fn an_indented_log_event_is_one_and_stands_on_one_line_again() {
        check(
            "2020-11-18T05:28:56.123000+00:00 s {\n  \"status\": \"502\",\n  \"a\": [\n    {}\n  ]\n}\n\
             2020-11-18T05:28:57+00:00 s {\"status\":\"502\",\"cut\n\
             2020-11-18T05:28:58+00:00 s {\n\
             2020-11-18T05:28:59+00:00 s {\"status\":\"200\"}",
            &[
                "1 s|Some(1605677336123)|{\"status\": \"502\",\"a\": [{}]}",
                "7 s|Some(1605677337000)|{\"status\":\"502\",\"cut",
                "8 s|Some(1605677338000)|{",
                "9 s|Some(1605677339000)|{\"status\":\"200\"}",
            ],
        );
    }

    #[test]
    fn further_lines_belong_to_the_log_event_before_them() {
        check(
            "2020-11-18T05:28:56.123Z Error\n  at main\n2020-11-18T05:28:57.123Z b",
            &["1 |Some(1605677336123)|Error\nat main", "3 |Some(1605677337123)|b"],
        );
        check(
            "EVENTS\t1\t1605677336999\ts\t{\"a\":1}\n\t1605677336123\nEVENTS\t1\t1605677336999\ts\tx\ny\t1605677336124\n",
            &["1 s|Some(1605677336123)|{\"a\":1}\n", "3 s|Some(1605677336124)|x\ny"],
        );
    }
}
