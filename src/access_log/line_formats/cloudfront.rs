//! A tab-separated line of CloudFront's standard log in, what it says out.
//!
//! The fields are those of the documented default, in its order, from the first on. Lines of other fields cannot be
//! told apart without the header above them: they are left unread rather than guessed at.
//!
//! Source: Amazon CloudFront developer guide, "Standard logging reference", log file fields.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{FormatLine, Part, PartName, shapes, without_line_ending};
use crate::access_log::fields::{Fields, Path, Value};

/// The default fields; what was added behind them later is of no matter here.
const FIELDS: [&str; 33] = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];
/// Up to the request's id: fewer were never the default.
const LEAST_FIELDS: usize = 15;

/// A line of the default fields. CloudFront encodes white space in what a client sent, so no tab moves a field.
pub(in crate::access_log) fn read(line: &str) -> Option<FormatLine<'_>> {
    let texts: Vec<&str> = without_line_ending(line).split('\t').collect();
    let &[date, time, _, bytes, ip, method, _, path, status, ..] = texts.as_slice() else { return None };
    let shaped = texts.len() >= LEAST_FIELDS
        && shapes::is_iso_date(date)
        && shapes::is_clock_time(time)
        && shapes::is_number(bytes)
        && shapes::is_ip(ip)
        && shapes::or_missing(method, shapes::is_method)
        && shapes::is_path(path)
        && shapes::status(status).is_some();
    if !shaped {
        return None;
    }
    let names = FIELDS.iter().map(|&name| PartName::InLine(name)).chain(std::iter::repeat(PartName::Unknown));
    let parts: Vec<Part<'_>> = texts.iter().zip(names).map(|(&text, name)| Part { name, text }).collect();
    let mut fields = Fields::default();
    for (name, text) in FIELDS.iter().zip(texts) {
        fields.set(Path::default().down(name), Value::Plain(text));
    }
    let mut log = fields.access_log()?;
    log.user_agent = log.user_agent.map(|agent| match agent {
        Cow::Borrowed(agent) => percent_decode_str(agent).decode_utf8_lossy(),
        Cow::Owned(agent) => Cow::Owned(agent),
    });
    Some(FormatLine { log, parts })
}

/// `#Version: 1.0` or `#Fields: …`, as the W3C's format has them above its lines.
pub(in crate::access_log) fn is_header(line: &str) -> bool {
    ["#Version:", "#Fields:"].iter().any(|header| line.starts_with(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t502\t-\t\
                        Mozilla/5.0%20(Windows)\t-\t-\tError\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC==\td111.cloudfront.net\t\
                        https\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA\tError\tHTTP/2.0\t-\t-\t11040\t0.001\tOriginConnectError\t\
                        text/html\t78\t-\t-";

    #[test]
    fn a_line_of_the_default_fields_is_read() {
        for line in [LINE.to_owned(), format!("{LINE}\r\n"), format!("{LINE}\tmore\t200")] {
            let log = read(&line).unwrap().log;
            assert_eq!((log.status.code(), log.ip.as_deref()), (502, Some("192.0.2.100")));
            assert_eq!((log.method.as_deref(), log.path.as_deref()), (Some("GET"), Some("/index.html")));
            assert_eq!(log.user_agent.as_deref(), Some("Mozilla/5.0 (Windows)"));
            assert_eq!(log.request_id.as_deref(), Some("SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC=="));
            assert_eq!(log.response_type.as_deref(), Some("OriginConnectError"));
        }
        let old: Vec<&str> = LINE.split('\t').take(LEAST_FIELDS).collect();
        let old = old.join("\t");
        assert_eq!(read(&old).unwrap().log.response_type.as_deref(), Some("Error"));
    }

    #[test]
    fn a_line_of_another_shape_is_no_access_log() {
        for (found, other) in [
            ("2019-12-04", "2019-12-4"),
            ("21:02:31", "21:02"),
            ("\t392\t", "\t-392\t"),
            ("192.0.2.100", "client"),
            ("\tGET\t", "\tget\t"),
            ("/index.html", "index.html"),
            ("\t502\t", "\t000\t"),
            ("\t502\t", "\t-\t"),
            ("\t502\t", "\t502\t502\t"),
            ("LAX1\t", ""),
        ] {
            assert!(LINE.contains(found), "{found}");
            let line = LINE.replacen(found, other, 1);
            assert!(read(&line).is_none_or(|line| line.log.status.code() == 502), "{found} as {other}");
        }
        for line in
            ["", "#Version: 1.0", "a\tb\tc", "500\t1\t2", "2019-12-04\t21:02:31\tINFO\t500\t192.0.2.1"]
        {
            assert_eq!(read(line), None, "{line}");
        }
        assert!(is_header("#Version: 1.0") && is_header("#Fields: date time") && !is_header("# 500"));
    }
}
