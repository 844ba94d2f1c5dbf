//! Addresses of pages in the AWS console, from names and times.
//!
//! AWS documents none of these addresses. The encodings below reproduce addresses copied from consoles.
//! No address holds a character that could end a Slack link (`|`, `>`) or start an entity (`&`).

mod alarm_log_groups;
mod log_groups;

use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use alarm_log_groups::{AlarmLogGroups, AlarmLogGroupsError, MAX_ALARMS};
pub use log_groups::{LogGroups, LogGroupsError, MAX_LINKED_CHARACTERS, MAX_LOG_GROUP_NAME, MAX_LOG_GROUPS};

use crate::words;

/// Finds error lines in Logs Insights whatever format they have, whether the status is a string, a number
/// or stands in JSON that is broken: by text, since discovered fields exist only for sound JSON.
///
/// An error line, to the reader and here: a number from 400 to 599
/// - behind a name that has `status` or `code` in it, in any case, and `:`, `=` or `>`;
/// - or on its own behind a blank, a tab or a comma, as in CLF and CSV, but not as the value of a JSON member;
/// - or in a line with an escaped ASCII character, which can hide any of these.
///
/// It may show a line too many (an `integrationStatus` of 502 beside a status of 200), never one too few.
/// It is ASCII and has no `$`, which consoles encode in more than one way.
const ERROR_LINES: &str = concat!(
    "fields @timestamp, @message\n",
    r#"| filter @message like /(?i)(status|code)[^:=>,]{0,80}[:=>][\s"'\\]*[45][0-9][0-9]\b"#,
    r#"|(^|[^:\s]\s+|[,\t])["']?[45][0-9][0-9]\b|\\u00[2-7]/"#,
    "\n| sort @timestamp asc\n",
    "| limit 10000",
);

/// Every line, for log groups whose own query does not fit a link.
pub const ALL_LINES: &str = "fields @timestamp, @message\n| sort @timestamp asc\n| limit 10000";

/// It is long, and in every message.
static STARRED_ERROR_LINES: LazyLock<String> = LazyLock::new(|| starred(ERROR_LINES));

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// An AWS Region whose console we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    name: String,
    console: &'static str,
}

impl Region {
    /// `None` for what is no Region's name, and for partitions whose console's host is not known to us.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let area = parts.next()?;
        let shaped = area.len() == 2
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && parts.clone().count() >= 2
            && parts.all(|part| !part.is_empty())
            && name.len() <= 32;
        let console = match area {
            _ if !shaped || name.contains("-iso") => return None,
            "cn" => "console.amazonaws.cn",
            "us" if name.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        Some(Self { name: name.to_owned(), console })
    }

    /// The Region's name, such as `eu-central-1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Logs Insights on the error lines of these log groups, from the first line's second
    /// to the end of the last line's, times in epoch milliseconds.
    #[must_use]
    pub fn logs_insights(&self, log_groups: &[&str], first_ms: i64, last_ms: i64) -> String {
        self.logs_insights_of(&STARRED_ERROR_LINES, log_groups, first_ms, last_ms)
    }

    fn logs_insights_of(
        &self,
        starred_query: &str,
        log_groups: &[&str],
        first_ms: i64,
        last_ms: i64,
    ) -> String {
        let start = first_ms.div_euclid(1_000).saturating_mul(1_000);
        let end = last_ms.div_euclid(1_000).saturating_add(1).saturating_mul(1_000);
        let sources = log_groups.iter().map(|group| starred(group)).collect::<Vec<_>>().join("~'");
        format!(
            "{}#logsV2:logs-insights$3FqueryDetail$3D~(end~'{}~start~'{}~timeType~'ABSOLUTE~tz~'UTC\
             ~editorString~'{starred_query}~source~(~'{sources}))",
            self.home(),
            starred(&words::iso(end)),
            starred(&words::iso(start)),
        )
    }

    /// The same with a query of another's; what is not ASCII is written as UTF-8.
    #[must_use]
    pub fn logs_insights_asking(
        &self,
        query: &str,
        log_groups: &[&str],
        first_ms: i64,
        last_ms: i64,
    ) -> String {
        self.logs_insights_of(&starred(query), log_groups, first_ms, last_ms)
    }

    /// A log stream from a time on, in epoch milliseconds.
    #[must_use]
    pub fn log_stream(&self, log_group: &str, log_stream: &str, from_ms: i64) -> String {
        format!(
            "{}#logsV2:log-groups/log-group/{}/log-events/{}$3Fstart$3D{}",
            self.home(),
            twice(log_group),
            twice(log_stream),
            from_ms.max(0),
        )
    }

    /// An alarm's page.
    #[must_use]
    pub fn alarm(&self, name: &str) -> String {
        format!("{}#alarmsV2:alarm/{}", self.home(), component(name))
    }

    fn home(&self) -> String {
        let Self { name, console } = self;
        format!("https://{name}.{console}/cloudwatch/home?region={name}")
    }
}

/// A string of the Logs Insights form: all but `A-Z a-z 0-9 _ . -` as `*` and two hexadecimal digits.
fn starred(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or_default();
            out.extend(['*', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

fn component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// A part of a log group's address: encoded twice, with `$` for `%`.
fn twice(text: &str) -> String {
    component(&component(text)).replace('%', "$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::rendered;
    use crate::access_log::{Format, Reading, read};
    use proptest::prelude::*;
    use proptest::sample::select;
    use regex_lite::Regex;

    fn region(name: &str) -> Region {
        Region::new(name).expect("a Region")
    }

    #[test]
    fn strings_are_starred_as_the_console_does() {
        assert_eq!(
            starred(
                "fields @timestamp, @logStream, @message\n| filter @message like /job_id=<JOB_ID>/\n| sort @timestamp asc"
            ),
            "fields*20*40timestamp*2c*20*40logStream*2c*20*40message*0a*7c*20filter*20*40message*20like*20*2fjob_id*3d*3cJOB_ID*3e*2f*0a*7c*20sort*20*40timestamp*20asc"
        );
        assert_eq!(
            starred(
                "filter ispresent(requestId) or ispresent(@requestId) |\nparse @logStream '[*]' as @lambdaVersion"
            ),
            "filter*20ispresent*28requestId*29*20or*20ispresent*28*40requestId*29*20*7c*0aparse*20*40logStream*20*27*5b*2a*5d*27*20as*20*40lambdaVersion"
        );
    }

    #[test]
    fn logs_insights_opens_on_the_log_group_and_the_whole_seconds_of_the_lines() {
        let link = region("us-east-1").logs_insights(
            &["/aws/apigateway/prod-access"],
            1_768_471_200_123,
            1_768_471_499_000,
        );
        let (before, rest) = link.split_once("~editorString~'").expect("a query");
        let (query, after) = rest.split_once('~').expect("a source");
        assert_eq!(
            before,
            "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:logs-insights$3FqueryDetail$3D~(end~'2026-01-15T10*3a05*3a00.000Z~start~'2026-01-15T10*3a00*3a00.000Z~timeType~'ABSOLUTE~tz~'UTC"
        );
        assert_eq!(query, starred(ERROR_LINES));
        assert_eq!(after, "source~(~'*2faws*2fapigateway*2fprod-access))");
    }

    #[test]
    fn logs_insights_takes_several_log_groups() {
        let link = region("us-east-1").logs_insights(&["a", "/b"], 0, 0);
        assert!(link.ends_with("~source~(~'a~'*2fb))"), "{link}");
    }

    #[test]
    fn a_log_stream_is_encoded_twice() {
        assert_eq!(
            region("us-east-1").log_stream("/aws/lambda/x", "2024/05/07/[$LATEST]ee0d", 1_768_471_200_123),
            "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fx/log-events/2024$252F05$252F07$252F$255B$2524LATEST$255Dee0d$3Fstart$3D1768471200123"
        );
    }

    #[test]
    fn an_alarm_is_encoded_once() {
        assert_eq!(
            region("eu-central-1").alarm("API 5xx/4xx (prod)"),
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#alarmsV2:alarm/API%205xx%2F4xx%20(prod)"
        );
    }

    #[test]
    fn china_and_govcloud_have_consoles_of_their_own_and_unknown_partitions_none() {
        assert!(region("cn-north-1").alarm("a").starts_with("https://cn-north-1.console.amazonaws.cn/"));
        assert!(
            region("us-gov-west-1")
                .alarm("a")
                .starts_with("https://us-gov-west-1.console.amazonaws-us-gov.com/")
        );
        for name in [
            "us-iso-east-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "",
            "us",
            "us-east",
            "US-EAST-1",
            "a|b-c-1",
            "us--1",
        ] {
            assert_eq!(Region::new(name), None, "{name}");
        }
    }

    /// The query's regular expression, in an engine that knows what Logs Insights knows.
    fn error_lines() -> Regex {
        let pattern = ERROR_LINES.split_once("like /").and_then(|(_, rest)| rest.split_once("/\n"));
        Regex::new(pattern.expect("a pattern").0).expect("a regular expression")
    }

    /// Whether the reader takes the line for an access log of an error.
    fn is_error(line: &str) -> bool {
        match read(line, Format::Auto) {
            Reading::AccessLog(log) | Reading::Salvaged(log) => log.status.code() >= 400,
            Reading::Unreadable | Reading::Header => false,
        }
    }

    #[test]
    fn the_query_finds_errors_in_every_format_and_in_broken_json() {
        let pattern = error_lines();
        let errors = [
            r#"{ "requestId":"a", "status":"502","protocol":"HTTP/1.1", "responseLength":"36" }"#,
            r#"{"status":404}"#,
            r#"{"status" : 404}"#,
            "{\"status\"\t:\t404}",
            r#"{"STATUS":"502"}"#,
            r#"{"status-code":"502","ip":"203.0.113.7","path":"/"}"#,
            r#"{"http.status.code":502,"ip":"203.0.113.7","path":"/"}"#,
            r#"{"context":{"status":"503"}}"#,
            r#"{"httpStatus":500,"ip":"203.0.113.7","path":"/"}"#,
            r#"{"status":"504","error_messageString": " "Endpoint request timed out""}"#,
            r#"{"latency":-,"status":"429"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "POST /v1/orders HTTP/1.1" 502 36 a b"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "- - -" 429 36 a b"#,
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,POST,/v1/orders,HTTP/1.1,502,36,a,b",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,-,-,-,502,36,a,b",
            "requestId: a, ip: 203.0.113.7, httpMethod: GET, resourcePath: /, status: 502, protocol: HTTP/1.1",
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000]"GET / HTTP/1.1" 502 36 a b"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 502 36 "-" "curl/8.0""#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "MESSAGE send abc=" 502 a"#,
            r#"<request id="a"> <ip>203.0.113.7</ip> <requestTime>18/Nov/2020:05:28:56 +0000</requestTime> <httpMethod>GET</httpMethod> <routeKey>GET /</routeKey> <status>502</status> <protocol>HTTP/1.1</protocol> <responseLength>-</responseLength> </request>"#,
        ];
        for line in errors {
            assert!(is_error(line), "the reader on {line}");
            assert!(pattern.is_match(line), "the query on {line}");
            let fine = line.replace("50", "20").replace("404", "204").replace("429", "229");
            assert!(!pattern.is_match(&fine), "{fine}");
        }
        assert!(ERROR_LINES.is_ascii() && !ERROR_LINES.contains('$'));
    }

    #[test]
    fn the_query_finds_what_other_services_and_formats_write() {
        let pattern = error_lines();
        for line in [
            r#"requestId=x status=502 method=GET path="/a b" latency=12"#,
            r#"ip=203.0.113.7 status="502" method=GET path=/"#,
            r#""502","203.0.113.7","18/Nov/2020:05:28:56 +0000","GET","/a","HTTP/1.1","36""#,
            "c6af-11,502,203.0.113.7,18/Nov/2020:05:28:56 +0000,GET,/a,HTTP/1.1",
            r#"[18/Nov/2020:05:28:56 +0000] 203.0.113.7 "GET /a HTTP/1.1" 502 36"#,
            "status=502, routeKey=$default, protocol=HTTP/1.1, ip=203.0.113.7",
            r#"httpStatusCode="502" ip=203.0.113.7 method=GET path="/a \"b\"""#,
            r#"requestId: a, ip: 203.0.113.7, httpMethod: GET, path: /a, b: c, status: "502""#,
            r#"https 2020-11-18T05:28:56.123Z app/a/b 203.0.113.7:1 10.0.0.1:80 0.0 0.0 0.0 502 - 34 366 "GET https://a:443/ HTTP/1.1" "curl" - -"#,
            r#"2020-11-18T05:28:56.123Z lb 203.0.113.7:1 - -1 -1 -1 502 0 0 0 "GET http://a:80/ HTTP/1.1" "curl" - -"#,
            "2020-11-18\t05:28:56\tFRA2\t36\t203.0.113.7\tGET\ta.net\t/\t502\t-\t-\t-\t-\tError\tid",
            // Nothing but the tab separates the status from a path that ends so.
            "2020-11-18\t05:28:56\tFRA2\t36\t203.0.113.7\tGET\ta.net\t/a:\t502\t-\t-\t-\t-\tError\tid",
        ] {
            assert!(is_error(line), "the reader on {line}");
            assert!(pattern.is_match(line), "the query on {line}");
            assert!(!pattern.is_match(&line.replace("502", "202")), "{line}");
        }
    }

    #[test]
    fn what_stands_in_another_member_is_not_taken_for_the_status() {
        let pattern = error_lines();
        for line in [
            r#"{"status":"200","latency":"450","responseLength":412,"path":"/v1/500"}"#,
            r#"{"status": 200, "latency": 450, "responseLength": 412, "requestId": "502f-4d2"}"#,
            r#"{"status":"200","ip":"203.0.113.7","time":"18/Nov/2020:05:28:56 +0000"}"#,
        ] {
            assert!(!pattern.is_match(line), "{line}");
        }
    }

    /// Texts of which lines are made: names and values in many spellings, what stands between, and other fields.
    fn line() -> impl Strategy<Value = String> {
        let key = select(vec![
            "status",
            "STATUS",
            "Status",
            "statusCode",
            "status-code",
            "status_code",
            "StatusCode",
            "httpStatus",
            "http_status",
            "http.status",
            "http.status.code",
            "HTTP-Status-Code",
            "context.status",
            "response.status",
            "st\\u0061tus",
        ]);
        let value = select(vec![
            "502",
            "\"502\"",
            "404",
            "\"404\"",
            "200",
            "\" 502 \"",
            "502.0",
            "\"50\\u0032\"",
            "\"\\u0034\u{30}4\"",
            "-",
        ]);
        let blank = || select(vec!["", " ", "\t", "  ", "\n"]);
        let other = || {
            select(vec![
                "",
                "\"ip\":\"203.0.113.7\",",
                "\"latency\":-,",
                "\"httpMethod\":\"GET\", ",
                "\"path\":\"/v1/500\",",
                "\"message\":\"\"x\"\",",
            ])
        };
        let shape = select(vec![
            "{KEY",
            "{\"context\":{KEY",
            "{\"response\":{KEY",
            "{\"http\":{KEY",
            "{\"status\":{KEY",
        ]);
        let end = select(vec!["}", "}}", "", ",\"latency\":-}", ", \"requestId\":\"a\"}}"]);
        (shape, other(), key, (blank(), blank()), value, end).prop_map(
            |(shape, other, key, (before, after), value, end)| {
                shape.replace("KEY", &format!("{other}\"{key}\"{before}:{after}{value}{end}"))
            },
        )
    }

    proptest! {
        #[test]
        fn the_query_finds_every_line_that_the_reader_takes_for_an_error(line in line()) {
            if is_error(&line) {
                prop_assert!(error_lines().is_match(&line), "{}", line);
            }
        }

        #[test]
        fn the_query_finds_every_error_in_formats_that_are_not_json(
            path in r#"/([a-z:,='"&\[\]{}-]|%20|500){0,12}"#,
            agent in r"([ -~]|status: |, ){0,20}",
            status in 400_u16..600,
        ) {
            for (format, line) in rendered("203.0.113.7", "GET", &path, status, "c6af", &agent) {
                if is_error(&line) {
                    prop_assert!(error_lines().is_match(&line), "{}: {}", format, line);
                }
            }
        }

        #[test]
        fn no_name_can_end_a_link(name in "\\PC{0,40}", at in any::<i64>()) {
            let region = region("us-east-1");
            for link in [region.logs_insights(&[&name], at, at), region.log_stream(&name, &name, at), region.alarm(&name)] {
                prop_assert!(link.is_ascii() && !link.contains(['|', '<', '>', '&', ' ', '"']), "{}", link);
            }
        }
    }
}
