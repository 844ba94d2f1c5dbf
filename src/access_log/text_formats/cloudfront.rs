//! A tab-separated line of CloudFront's standard log in, what it says out.
//!
//! The fields are those that the header above the line names, in its order, or else those of the documented default.
//! Lines of other fields cannot be told apart without their header: they are left unread rather than guessed at.
//!
//! Source: Amazon CloudFront developer guide, "Standard logging reference", log file fields.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{FormatLine, Part, PartName, shapes, without_line_ending};
use crate::access_log::columns::Columns;
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

/// Fields beyond the default that a header may name, as CloudFront's standard and real-time logs have them.
const FURTHER_FIELDS: [&str; 24] = [
    "timestamp",
    "timestamp(ms)",
    "DistributionId",
    "distribution-tenant-id",
    "primary-distribution-id",
    "primary-distribution-dns-name",
    "connection-id",
    "asn",
    "c-country",
    "c-ip-version",
    "cs-accept",
    "cs-accept-encoding",
    "cs-headers",
    "cs-header-names",
    "cs-headers-count",
    "cs-user-agent",
    "cs-referer",
    "cs-cookie",
    "cs-host",
    "cache-behavior-path-pattern",
    "origin-fbl",
    "origin-lbl",
    "r-host",
    "sr-reason",
];

/// CloudFront's own spelling of a field's name; `None` for one that it has not.
pub(in crate::access_log) fn known_field(name: &str) -> Option<&'static str> {
    FIELDS.iter().chain(&FURTHER_FIELDS).find(|known| known.eq_ignore_ascii_case(name)).copied()
}

/// A line of these columns. CloudFront encodes white space in what a client sent, so no tab moves a field.
pub(in crate::access_log) fn read<'a>(line: &'a str, columns: &Columns) -> Option<FormatLine<'a>> {
    let texts: Vec<&str> = without_line_ending(line).split('\t').collect();
    match columns {
        Columns::Default => read_default(&texts),
        Columns::Named(names) => read_named(&texts, names),
        Columns::Unknown => None,
    }
}

/// A line under a header: it has as many fields as that, and each that we know has its shape.
fn read_named<'a>(texts: &[&'a str], names: &[Option<&'static str>]) -> Option<FormatLine<'a>> {
    let fields = || names.iter().copied().zip(texts.iter().copied());
    // Without a tab it is no line of several fields.
    let is_shaped = texts.len() > 1
        && texts.len() == names.len()
        && fields().all(|(name, text)| name.is_none_or(|name| has_shape(name, text)));
    if is_shaped { said(fields()) } else { None }
}

/// Whether nothing is asked of the text of a field.
pub(in crate::access_log) fn takes_any_text(name: &str) -> bool {
    has_shape(name, "?")
}

fn has_shape(name: &str, text: &str) -> bool {
    match name {
        "date" => shapes::is_iso_date(text),
        "time" => shapes::is_clock_time(text),
        "sc-bytes" | "cs-bytes" => shapes::or_missing(text, shapes::is_number),
        "c-ip" => shapes::or_missing(text, shapes::is_ip),
        "cs-method" => shapes::or_missing(text, shapes::is_method),
        "cs-uri-stem" => shapes::or_missing(text, shapes::is_path),
        "sc-status" => shapes::status(text).is_some(),
        _ => true,
    }
}

/// A line of the default fields, in their order from the first on.
fn read_default<'a>(texts: &[&'a str]) -> Option<FormatLine<'a>> {
    let &[date, time, _, bytes, ip, method, _, path, status, ..] = texts else { return None };
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
    let names = FIELDS.iter().copied().map(Some).chain(std::iter::repeat(None));
    said(names.zip(texts.iter().copied()))
}

/// What fields say that have their shapes.
fn said<'a>(named: impl Iterator<Item = (Option<&'static str>, &'a str)>) -> Option<FormatLine<'a>> {
    let (mut fields, mut parts) = (Fields::default(), Vec::new());
    fields.is_request = true;
    for (name, text) in named {
        parts.push(Part { name: name.map_or(PartName::Unknown, PartName::InLine), text });
        if let Some(name) = name {
            fields.set(Path::default().down(name), Value::Plain(text));
        }
    }
    if fields.contradicts {
        return None;
    }
    let mut log = fields.access_log()?;
    log.user_agent = log.user_agent.map(|agent| match agent {
        Cow::Borrowed(agent) => percent_decode_str(agent).decode_utf8_lossy(),
        Cow::Owned(agent) => Cow::Owned(agent),
    });
    Some(FormatLine { log, parts })
}

/// `#Version: 1.0`, `#Fields: …` and the other directives that the W3C's format has above its lines.
pub(in crate::access_log) fn is_header(line: &str) -> bool {
    ["#Version:", "#Fields:", "#Software:", "#Date:", "#Start-Date:", "#End-Date:", "#Remark:"]
        .iter()
        .any(|header| line.starts_with(header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::AccessLog;
    use crate::access_log::columns::Headers;
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    const LINE: &str = "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t502\t-\t\
                        Mozilla/5.0%20(Windows)\t-\t-\tError\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC==\td111.cloudfront.net\t\
                        https\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA\tError\tHTTP/2.0\t-\t-\t11040\t0.001\tOriginConnectError\t\
                        text/html\t78\t-\t-";

    #[test]
    fn a_line_of_the_default_fields_is_read() {
        for line in [LINE.to_owned(), format!("{LINE}\r\n"), format!("{LINE}\tmore\t200")] {
            let log = read(&line, Columns::DEFAULT).unwrap().log;
            assert_eq!((log.status.code(), log.ip.as_deref()), (502, Some("192.0.2.100")));
            assert_eq!((log.method.as_deref(), log.path.as_deref()), (Some("GET"), Some("/index.html")));
            assert_eq!(log.user_agent.as_deref(), Some("Mozilla/5.0 (Windows)"));
            assert_eq!(log.request_id.as_deref(), Some("SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC=="));
            assert_eq!(log.response_type.as_deref(), Some("OriginConnectError"));
        }
        let old: Vec<&str> = LINE.split('\t').take(LEAST_FIELDS).collect();
        let old = old.join("\t");
        assert_eq!(read(&old, Columns::DEFAULT).unwrap().log.response_type.as_deref(), Some("Error"));
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
            assert!(
                read(&line, Columns::DEFAULT).is_none_or(|line| line.log.status.code() == 502),
                "{found} as {other}"
            );
        }
        for line in
            ["", "#Version: 1.0", "a\tb\tc", "500\t1\t2", "2019-12-04\t21:02:31\tINFO\t500\t192.0.2.1"]
        {
            assert_eq!(read(line, Columns::DEFAULT), None, "{line}");
        }
        assert!(is_header("#Version: 1.0") && is_header("#Fields: date time") && !is_header("# 500"));
    }

    fn under<'a>(header: &str, line: &'a str) -> Option<AccessLog<'a>> {
        let columns = Headers::default().columns_of("", "", header);
        read(line, &columns).map(|line| line.log)
    }

    #[test]
    fn a_line_is_read_by_the_header_above_it() {
        let log = under("#Fields: sc-status c-port cs-uri-stem of-mine", "502\t404\t/a\t403").unwrap();
        assert_eq!((log.status.code(), log.path.as_deref()), (502, Some("/a")));
        let log =
            under("#Fields:\tdate\ttime\tsc-status\tx-edge-result-type", "2026-11-03\t08:00:00\t403\tError");
        assert_eq!(log.map(|log| log.status.code()), Some(403));
    }

    #[test]
    fn a_line_that_does_not_fit_its_header_is_no_access_log() {
        for (header, line) in [
            ("#Fields: sc-status cs-method", "502\tGET\t1"),
            ("#Fields: sc-status cs-method cs-uri-stem", "502\tGET"),
            ("#Fields: sc-status cs-method", "502 GET"),
            ("#Fields: sc-status", "502"),
            ("#Fields: cs-method sc-bytes", "GET\t502"),
            ("#Fields: cs-method sc-status", "502\tGET"),
            ("#Fields: date sc-status", "today\t502"),
            ("#Fields: sc-status sc-status", "502\t200"),
            ("#Fields: date time sc-bytes", LINE),
        ] {
            assert_eq!(under(header, line), None, "{line} under {header}");
        }
    }

    proptest! {
        #[test]
        fn under_any_choice_of_fields_in_any_order_the_status_is_the_right_one(
            chosen in subsequence((0..FIELDS.len()).collect::<Vec<_>>(), 2..FIELDS.len()).prop_shuffle(),
            status in 400_u16..600,
            other in 100_u16..600,
        ) {
            let (status, other) = (status.to_string(), other.to_string());
            let text = |field: usize| match FIELDS[field] {
                "sc-status" => status.as_str(),
                // Further numbers that could be a status.
                "sc-bytes" | "cs-bytes" | "c-port" | "sc-content-len" | "fle-status" => &other,
                _ => LINE.split('\t').nth(field).unwrap_or("-"),
            };
            let line = chosen.iter().map(|&field| text(field)).collect::<Vec<_>>().join("\t");
            let names = chosen.iter().map(|&field| FIELDS[field]).collect::<Vec<_>>().join(" ");
            let log = under(&format!("#Fields: {names}"), &line);
            let has_status = chosen.iter().any(|&field| FIELDS[field] == "sc-status");
            let expected = has_status.then_some(status.as_str());
            let read = log.map(|log| log.status.to_string());
            prop_assert_eq!(read.as_deref(), expected, "{} under {}", line, names);
        }
    }
}
