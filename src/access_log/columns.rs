//! The `#Fields:` line above tab-separated lines in, which field stands where out.
//!
//! A header holds for the lines behind it in the same log stream or input. It never holds for those of another, and
//! where there is none the lines have CloudFront's default fields.

use std::collections::HashMap;
use std::sync::Arc;

use super::text_formats::cloudfront;
use super::time::{LastTime, line_time_ms};

/// Fields that a header may name; lines under a longer one are not read.
const MAX_COLUMNS: usize = 128;
/// Log streams of one batch or input whose headers are kept. Beyond that no line of the others is read by its columns:
/// whether a header stands above it is not known then.
const MAX_STREAMS: usize = 256;

/// The fields of tab-separated lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Columns {
    /// CloudFront's default, of which lines may have more or, where they are old, less.
    #[default]
    Default,
    /// What the header names: CloudFront's name for each, `None` for a field that it has not.
    Named(Arc<[Option<&'static str>]>),
    /// There is a header, and it is not known any more or is beyond all measure.
    Unknown,
}

impl Columns {
    /// The default, to be lent.
    pub const DEFAULT: &'static Self = &Self::Default;

    /// What a line says that begins with `#Fields:`; `None` for any other line.
    fn of_header(line: &str) -> Option<Self> {
        let names = line.trim_start().strip_prefix("#Fields:")?;
        let columns: Vec<_> =
            names.split_whitespace().take(MAX_COLUMNS + 1).map(cloudfront::known_field).collect();
        Some(if columns.len() > MAX_COLUMNS { Self::Unknown } else { Self::Named(columns.into()) })
    }

    /// When a line was logged, epoch milliseconds: by its date and time where the columns say which these are. `last` is
    /// what was read of the lines before.
    #[must_use]
    pub fn line_time_ms(&self, line: &[u8], last: &mut LastTime) -> Option<i64> {
        let Self::Named(columns) = self else { return line_time_ms(line, last) };
        let text = std::str::from_utf8(line).ok()?;
        let field = |name| {
            let at = columns.iter().position(|column| *column == Some(name))?;
            text.trim_end().split('\t').nth(at)
        };
        match (field("date"), field("time")) {
            (Some(date), Some(time)) => line_time_ms(format!("{date}T{time}Z").as_bytes(), last),
            _ => line_time_ms(line, last),
        }
    }
}

/// The headers that were met so far in a batch or an input.
#[derive(Debug, Default)]
pub struct Headers {
    /// By log group and log stream.
    streams: HashMap<(String, String), Columns>,
    /// There were more.
    is_full: bool,
}

impl Headers {
    /// The columns of a line; those of the lines behind it where the line is a header itself.
    pub fn columns_of(&mut self, log_group: &str, log_stream: &str, line: &str) -> Columns {
        if line.trim_start().starts_with('#')
            && let Some(columns) = Columns::of_header(line)
        {
            return self.note(log_group, log_stream, columns);
        }
        if self.streams.is_empty() {
            return Columns::Default;
        }
        let known = self.streams.get(&(log_group.to_owned(), log_stream.to_owned()));
        known.cloned().unwrap_or(if self.is_full { Columns::Unknown } else { Columns::Default })
    }

    /// Whether no header was met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    fn note(&mut self, log_group: &str, log_stream: &str, columns: Columns) -> Columns {
        let stream = (log_group.to_owned(), log_stream.to_owned());
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&stream) {
            self.is_full = true;
            return Columns::Unknown;
        }
        let kept = self.streams.entry(stream).or_default();
        // The same header again, as each file of many has it, takes no more memory.
        if *kept != columns {
            *kept = columns;
        }
        kept.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_for_the_lines_behind_it_in_its_own_stream() {
        let mut headers = Headers::default();
        assert_eq!(headers.columns_of("g", "a", "any line"), Columns::Default);
        let of_a = headers.columns_of("g", "a", "#Fields: sc-status\tcs-method of-mine\r\n");
        assert_eq!(of_a, Columns::Named([Some("sc-status"), Some("cs-method"), None].into()));
        assert_eq!(headers.columns_of("g", "a", "502\tGET\t1"), of_a);
        assert_eq!(headers.columns_of("g", "b", "502\tGET\t1"), Columns::Default);
        assert_eq!(headers.columns_of("h", "a", "502\tGET\t1"), Columns::Default);
        // The next file of the same input has a header of its own; `#Version` changes nothing.
        assert_eq!(headers.columns_of("g", "a", "#Version: 1.0"), of_a);
        let next = headers.columns_of("g", "a", "#Fields: cs-method sc-status");
        assert_eq!(headers.columns_of("g", "a", "GET\t502"), next);
        assert_ne!(next, of_a);
    }

    #[test]
    fn headers_are_kept_up_to_a_limit_and_beyond_it_nothing_is_guessed() {
        let mut headers = Headers::default();
        for stream in 0..MAX_STREAMS {
            headers.columns_of("", &stream.to_string(), "#Fields: sc-status");
        }
        assert_eq!(headers.columns_of("", "other", "x"), Columns::Default);
        assert_eq!(headers.columns_of("", "other", "#Fields: cs-method sc-status"), Columns::Unknown);
        assert_eq!(headers.columns_of("", "other", "x"), Columns::Unknown);
        assert_eq!(headers.columns_of("", "7", "x"), Columns::Named([Some("sc-status")].into()));
        assert_eq!(headers.streams.len(), MAX_STREAMS);
        let long = format!("#Fields: {}", "a ".repeat(MAX_COLUMNS + 1));
        assert_eq!(headers.columns_of("", "7", &long), Columns::Unknown);
    }

    #[test]
    fn the_time_of_a_line_is_where_the_header_has_it() {
        let mut headers = Headers::default();
        let columns = headers.columns_of("", "", "#Fields: time c-ip sc-status date");
        let line = b"08:00:01\t203.0.113.7\t502\t2026-11-03\r\n";
        let mut last = LastTime::default();
        assert_eq!(line_time_ms(line, &mut last), None);
        assert_eq!(columns.line_time_ms(line, &mut last), Some(1_793_692_801_000));
        let by_default = Columns::Default.line_time_ms(b"2026-11-03\t08:00:01\t502", &mut last);
        assert_eq!(by_default, Some(1_793_692_801_000));
    }
}
