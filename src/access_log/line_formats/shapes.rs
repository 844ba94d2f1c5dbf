//! A line that was cut into a preset's parts in, an [`AccessLog`] out, if each part has the shape it must have.
//!
//! CLF, CSV and XML carry the same variables in different dress; what each variable may look like stands here.
//! A line of which one part does not fit is no access log: no other log's numbers are ever taken for a status.

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;

use super::{AccessLog, Status};

/// The parts of one line, each a slice of it; empty where the preset does not have the part.
///
/// Source: Amazon API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs" and
/// "Customize HTTP API access logs", the examples of CLF, CSV and XML formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PresetLine<'a> {
    pub(super) ip: &'a str,
    /// Caller and user, which an HTTP API's presets do not have.
    /// CSV does not quote: where one of them holds a comma, both are the whole stretch.
    pub(super) principals: Option<(&'a str, &'a str)>,
    pub(super) request_time: &'a str,
    pub(super) method: &'a str,
    pub(super) target: Target<'a>,
    pub(super) protocol: &'a str,
    pub(super) status: &'a str,
    pub(super) response_length: &'a str,
    pub(super) request_id: &'a str,
    pub(super) extended_request_id: &'a str,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// In a REST API's preset.
    ResourcePath(&'a str),
    /// In an HTTP API's preset.
    RouteKey(&'a str),
    /// In the CLF preset, which is the same for both.
    Either(&'a str),
}

impl<'a> PresetLine<'a> {
    /// The access log; `None` where a part does not have its shape.
    pub(super) fn access_log(self) -> Option<AccessLog<'a>> {
        let shaped = or_missing(self.ip, |ip| ip.parse::<IpAddr>().is_ok())
            && self.principals.is_none_or(|(caller, user)| is_principal(caller) && is_principal(user))
            && is_request_time(self.request_time)
            && or_missing(self.method, is_method)
            && is_protocol(self.protocol)
            && or_missing(self.response_length, is_number)
            && or_missing(self.request_id, is_id)
            && or_missing(self.extended_request_id, is_id);
        if !shaped || !self.fits_one_preset() {
            return None;
        }
        let (resource_path, route_key) = self.target.resource_path_and_route_key()?;
        Some(AccessLog {
            method: present(self.method),
            resource_path: present(resource_path),
            route_key: present(route_key),
            ip: present(self.ip),
            request_id: present(self.request_id),
            extended_request_id: present(self.extended_request_id),
            ..AccessLog::of(status(self.status)?)
        })
    }

    /// A REST API's presets name caller and user, an HTTP API's neither, and no extended request id.
    fn fits_one_preset(&self) -> bool {
        match self.target {
            Target::ResourcePath(_) | Target::Either(_) => self.principals.is_some(),
            Target::RouteKey(_) => self.principals.is_none() && self.extended_request_id.is_empty(),
        }
    }

    /// Each part that is there: the names that it goes by in a format, and where in `line` it stands.
    pub(super) fn parts(&self, line: &str) -> Vec<(&'static [&'static str], Range<usize>)> {
        let (caller, user) = self.principals.unwrap_or_default();
        let parts: [(&'static [&'static str], &str); 11] = [
            (&["sourceIp"], self.ip),
            (&["caller"], caller),
            (&["user"], user),
            (&["requestTime"], self.request_time),
            (&["httpMethod"], self.method),
            (&["resourcePath", "routeKey", "route", "path"], self.target.text()),
            (&["protocol"], self.protocol),
            (&["status"], self.status),
            (&["responseLength"], self.response_length),
            (&["requestId"], self.request_id),
            (&["extendedRequestId"], self.extended_request_id),
        ];
        let there = parts.into_iter().filter(|(_, part)| !part.is_empty());
        there.filter_map(|(names, part)| Some((names, range_in(line, part)?))).collect()
    }
}

impl<'a> Target<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::ResourcePath(text) | Self::RouteKey(text) | Self::Either(text) => text,
        }
    }

    /// Whichever it is, the other one empty; `None` where it is neither.
    fn resource_path_and_route_key(self) -> Option<(&'a str, &'a str)> {
        let (text, is_path) = (self.text(), self.text().starts_with('/'));
        let is_key = text.starts_with('$')
            || text.split_once(' ').is_some_and(|(method, path)| is_method(method) && path.starts_with('/'));
        match self {
            _ if is_missing(text) => Some(("", "")),
            Self::ResourcePath(path) | Self::Either(path) if is_path => Some((path, "")),
            Self::RouteKey(key) | Self::Either(key) if is_path || is_key => Some(("", key)),
            _ => None,
        }
    }
}

/// The line without its line ending, which a format may carry into each log event.
pub(super) fn without_line_ending(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// `dd/MMM/yyyy:HH:mm:ss ±hhmm`, as `$context.requestTime` is written.
pub(super) fn is_request_time(text: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const SHAPE: &[u8] = b"00/Mmm/0000:00:00:00 +0000";
    let fits = |(byte, shape): (u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'M' | b'm' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        _ => byte == *shape,
    };
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(fits)
        && text.get(3..6).is_some_and(|month| MONTHS.contains(&month))
}

/// Length of a request time, in bytes.
pub(super) const REQUEST_TIME_BYTES: usize = 26;

/// Where in the line a slice of that very line stands.
pub(super) fn range_in(line: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    let range = start..start + part.len();
    (line.get(range.clone()) == Some(part)).then_some(range)
}

/// API Gateway writes `-` for a variable without a value.
fn is_missing(text: &str) -> bool {
    matches!(text, "" | "-")
}

fn or_missing(text: &str, shape: impl FnOnce(&str) -> bool) -> bool {
    is_missing(text) || shape(text)
}

fn present(text: &str) -> Option<Cow<'_, str>> {
    (!is_missing(text)).then_some(Cow::Borrowed(text))
}

fn status(text: &str) -> Option<Status> {
    let is_status = text.len() == 3 && is_number(text);
    Status::new(text.parse().ok().filter(|_| is_status)?)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An account, a user id, an ARN or a role's session: never with white space.
fn is_principal(text: &str) -> bool {
    !text.chars().any(|char| char.is_whitespace() || char.is_control() || matches!(char, '<' | '>' | '"'))
}

fn is_method(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// `HTTP/1.1`, `HTTP/2`, or missing.
pub(super) fn is_protocol(text: &str) -> bool {
    if is_missing(text) {
        return true;
    }
    let version = text.strip_prefix("HTTP/").unwrap_or_default();
    (1..=3).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A UUID, `UUID_REPLACED_INVALID_REQUEST_ID`, or base64 as in an extended request id.
fn is_id(text: &str) -> bool {
    text.len() <= 128
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=' | b'+' | b'/'))
}

/// Holds what was read of a line against its status and its method, resource path, route key, address, request id
/// and extended request id.
#[cfg(test)]
pub(super) fn check(log: Option<AccessLog<'_>>, line: &str, status: u16, fields: [Option<&str>; 6]) {
    let log = log.unwrap_or_else(|| panic!("not read: {line}"));
    let read =
        [&log.method, &log.resource_path, &log.route_key, &log.ip, &log.request_id, &log.extended_request_id];
    assert_eq!((log.status.code(), read.map(|text| text.as_deref())), (status, fields), "{line}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{clf, csv, xml};
    use super::*;

    #[test]
    fn a_request_time_has_exactly_one_shape() {
        for text in ["15/Jul/2021:05:35:16 +0000", "01/Jan/2027:23:59:59 -0930"] {
            assert!(is_request_time(text) && text.len() == REQUEST_TIME_BYTES, "{text}");
        }
        for text in [
            "",
            "-",
            "15/Jul/2021:05:35:16",
            "5/Jul/2021:05:35:16 +0000",
            "15/07./2021:05:35:16 +0000",
            "15/Jux/2021:05:35:16 +0000",
            "15/Jul/2021 05:35:16 +0000",
            "15/Jul/2021:05:35:16 Z0000",
            "2021-07-15T05:35:16 +00:00",
            "15/Jül/2021:05:35:16 +000",
        ] {
            assert!(!is_request_time(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_path_holds_the_status_is_the_one_behind_it(
            path in prop_oneof![
                "/.{0,40}",
                r#"/([ ,<>/"]|200|500|HTTP/1\.1|-|GET|<status>|</status>|</resourcePath>|18/Nov/2020:05:28:56 \+0000){0,12}"#,
            ],
            extended_request_id in any::<bool>(),
        ) {
            let (ext, time) = (if extended_request_id { "JKJ=" } else { "" }, "18/Nov/2020:05:28:56 +0000");
            let clf = format!("203.0.113.7 - - [{time}] \"GET {path} HTTP/1.1\" 503 404 c6af {ext}");
            let csv = format!("203.0.113.7,-,-,{time},GET,{path},HTTP/1.1,503,404,c6af,{ext}");
            let ext_element = format!("<extendedRequestId>{ext}</extendedRequestId> ");
            let xml = format!(
                "<request id=\"c6af\"> {} <ip>203.0.113.7</ip> <caller>-</caller> <user>-</user> \
                 <requestTime>{time}</requestTime> <httpMethod>GET</httpMethod> <resourcePath>{path}</resourcePath> \
                 <status>503</status> <protocol>HTTP/1.1</protocol> <responseLength>404</responseLength> </request>",
                if extended_request_id { ext_element.as_str() } else { "" },
            );
            let ext = extended_request_id.then_some(ext);
            let fields = [Some("GET"), Some(path.as_str()), None, Some("203.0.113.7"), Some("c6af"), ext];
            let clf = clf.trim_end_matches(' ');
            let csv = csv.trim_end_matches(',');
            check(clf::read(clf), clf, 503, fields);
            check(csv::read(csv), csv, 503, fields);
            check(xml::read(&xml), &xml, 503, fields);
        }

        #[test]
        fn no_text_makes_a_reader_panic(line in r#"([ -~é\r\n]|18/Nov/2020:05:28:56 \+0000|["\[\],<>]|<ip>|203\.0\.113\.7){0,40}"#) {
            let _ = (clf::read(&line), csv::read(&line), xml::read(&line));
        }
    }
}
