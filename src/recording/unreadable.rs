//! How many lines of a recording are no access log, and what one of them looks like: whether a recording is what its
//! owner takes it for.
//!
//! Its words never hold a line's own text.

use std::fmt;

use super::counts;
use crate::access_log::{Format, is_access_log};
use crate::json;

/// Lines of a recording, counted by whether they were read as access logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unreadable {
    /// All lines but headers, which tell the fields of others.
    pub received: u64,
    /// Those that are no access log.
    pub unreadable: u64,
    /// What the first of those looks like; `None` where all of them came inside Lambda events.
    pub looks: Option<Looks>,
}

impl Unreadable {
    /// Whether more than half of the lines are no access log: then the recording is hardly one of an API. Of lines that
    /// CloudWatch pushed, which are what the function gets, only all of them say so.
    #[must_use]
    pub fn is_most(&self) -> bool {
        let is_all = self.unreadable == self.received;
        self.unreadable.saturating_mul(2) > self.received && (self.looks.is_some() || is_all)
    }
}

/// One sentence: how many, what they look like, and how to get the right ones.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.looks.is_none() {
            return f.write_str(
                "no line that was pushed is an access log, and none is posted: put the subscription filter on the \
                 access log's group, or go on with --allow-unreadable",
            );
        }
        if self.looks == Some(Looks::OtherFormat) {
            return write!(
                f,
                "{} of {} lines are no access log of the format that was asked for, but of another: leave --format out, \
                 or go on with --allow-unreadable",
                self.unreadable, self.received
            );
        }
        if self.unreadable == self.received {
            f.write_str("no line is an access log")?;
        } else {
            write!(f, "{} of {} lines are no access log", self.unreadable, self.received)?;
        }
        if let Some(looks) = self.looks {
            write!(f, "; it looks like {}", looks.name())?;
        }
        f.write_str(
            ": export the access log's group with `aws logs filter-log-events --log-group-name NAME`, \
             or go on with --allow-unreadable",
        )
    }
}

/// What is taken for an access log by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// An access log, of another format than the one asked for.
    OtherFormat,
    /// `$context` variables.
    Format,
    /// API Gateway's execution log.
    ExecutionLog,
    /// A function's own log.
    FunctionLog,
    /// VPC flow logs.
    FlowLog,
    /// Counts of a query.
    Statistics,
    /// What the AWS command line says when it fails.
    AwsError,
    /// HTML or XML of a page.
    Page,
    /// JSON without an HTTP status.
    Json,
    /// No text at all.
    Binary,
    /// Anything else.
    Text,
}

impl Looks {
    /// What a line looks like that is no access log of this format.
    #[must_use]
    pub fn of(line: &str, format: Format) -> Self {
        if format != Format::Auto && is_access_log(line.as_bytes(), Format::Auto) {
            return Self::OtherFormat;
        }
        let is_flow_log = || {
            let words: Vec<&str> = line.split(' ').collect();
            let ends = words.last().is_some_and(|word| matches!(*word, "OK" | "NODATA" | "SKIPDATA"));
            words.len() >= 14 && ends
        };
        let is_array = || {
            line.starts_with('[')
                && json::skip_value(line.as_bytes(), 0).is_ok_and(|end| end == line.trim_end().len())
        };
        let begins = |begins: &[&str]| begins.iter().any(|begin| line.starts_with(begin));
        if line.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            Self::Binary
        } else if line.contains("$context.") {
            Self::Format
        } else if line.starts_with('(') && line.contains(") ") {
            Self::ExecutionLog
        } else if begins(&["START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START"])
            || line.contains("\"platform.")
        {
            Self::FunctionLog
        } else if is_flow_log() {
            Self::FlowLog
        } else if begins(&["An error occurred (", "Unable to locate credentials", "usage: aws", "aws: error"])
        {
            Self::AwsError
        } else if counts::are_counts(&line.split(',').map(|name| name.trim_matches('"')))
            || line.contains("count(")
            || line.contains("\"count\"")
        {
            Self::Statistics
        } else if begins(&["<!", "<html", "<?xml"]) {
            Self::Page
        } else if line.starts_with('{') || is_array() {
            Self::Json
        } else {
            Self::Text
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::OtherFormat => "an access log of another format",
            Self::Format => "an access-log format, which `statuswatch lint-format` reads",
            Self::ExecutionLog => "API Gateway's execution log",
            Self::FunctionLog => "a Lambda function's own log",
            Self::FlowLog => "a VPC flow log",
            Self::Statistics => "the counts of a query",
            Self::AwsError => "an error of the AWS command line",
            Self::Page => "a page of HTML or XML",
            Self::Json => "JSON without an HTTP status",
            Self::Binary => "something that is no text",
            Self::Text => "some other text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushed_lines_beside_a_readable_one_are_what_the_function_gets() {
        let of = |received, looks| Unreadable { received, unreadable: 5, looks };
        assert!(!of(9, None).is_most());
        assert!(of(9, Some(Looks::Text)).is_most());
        assert!(of(5, None).is_most());
        assert!(!of(10, Some(Looks::Text)).is_most());
    }

    #[test]
    fn a_line_looks_like_what_it_is() {
        for (line, looks) in [
            ("{\"status\":\"$context.status\"}", Looks::Format),
            ("(8f14e45f-ceea) Method completed with status: 502", Looks::ExecutionLog),
            ("START RequestId: 8f14e45f Version: $LATEST", Looks::FunctionLog),
            ("2 123456789012 eni-1 203.0.113.7 10.0.0.1 443 502 6 1 40 1 2 ACCEPT OK", Looks::FlowLog),
            ("An error occurred (AccessDeniedException) when calling", Looks::AwsError),
            ("status,count(*)", Looks::Statistics),
            ("status,errors", Looks::Statistics),
            ("<!DOCTYPE html>", Looks::Page),
            ("{\"level\":\"info\"}", Looks::Json),
            ("[{\"level\":\"info\"}]", Looks::Json),
            ("[2026-04-15T20:17:00.310Z] \"POST /v1 HTTP/2\" 503 UF 154", Looks::Text),
            ("PK\u{0}\u{fffd}", Looks::Binary),
            ("hello", Looks::Text),
        ] {
            assert_eq!(Looks::of(line, Format::Auto), looks, "{line}");
        }
    }

    #[test]
    fn an_access_log_of_another_format_is_said_to_be_one() {
        let line = r#"{"requestId":"a","status":"502"}"#;
        assert_eq!(Looks::of(line, Format::Clf), Looks::OtherFormat);
        assert_eq!(Looks::of("{}", Format::Clf), Looks::Json);
        let all = Unreadable { received: 2, unreadable: 2, looks: Some(Looks::OtherFormat) };
        assert!(all.to_string().contains("of another: leave --format out"), "{all}");
    }

    #[test]
    fn more_than_half_is_most_and_none_of_none_is_not() {
        let of = |received, unreadable| Unreadable { received, unreadable, looks: Some(Looks::FlowLog) };
        assert!(!of(0, 0).is_most() && !of(2, 1).is_most() && of(3, 2).is_most() && of(1, 1).is_most());
        assert!(
            of(3, 2)
                .to_string()
                .starts_with("2 of 3 lines are no access log; it looks like a VPC flow log: ")
        );
        assert!(of(2, 2).to_string().starts_with("no line is an access log; "));
    }
}
