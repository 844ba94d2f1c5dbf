//! The formats that are not JSON: a line in, its fields and what they say out, one file a format.
//!
//! A format is known by what its fields are, never by a number that stands somewhere: a line of which the address, the
//! time or the request does not have its shape is no access log.

pub(super) mod any_order;
pub(super) mod clf;
pub(super) mod cloudfront;
pub(super) mod csv;
pub(super) mod key_value;
pub(super) mod load_balancer;
mod request_line;
pub(super) mod shapes;
pub(super) mod xml;

use std::borrow::Cow;
use std::ops::Range;

use super::AccessLog;
pub(super) use cloudfront::takes_any_text;

/// The formats that `fast_path::OkLines` can learn, in the order in which [`read_line_format`](super::read_line_format) asks
/// them. A format that is not here is read all the same, only more slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preset {
    Xml,
    Clf,
    Csv,
    LoadBalancer,
    CloudFront,
    KeyValue,
}

impl Preset {
    pub(super) const ALL: [Self; 6] =
        [Self::Xml, Self::Clf, Self::Csv, Self::LoadBalancer, Self::CloudFront, Self::KeyValue];
}

/// A line that a format reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormatLine<'a> {
    pub(super) log: AccessLog<'a>,
    /// Every part that carries a value; together they are all of the line but what the format itself writes.
    pub(super) parts: Vec<Part<'a>>,
}

/// A value, and what it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: PartName<'a>,
    pub(super) text: &'a str,
}

/// What a value is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartName<'a> {
    /// The names that the format has for what stands in this place.
    Known(&'static [&'static str]),
    /// As the line itself says.
    InLine(&'a str),
    /// Further fields: nothing says what they are.
    Unknown,
}

impl<'a> Part<'a> {
    fn known(names: &'static [&'static str], text: &'a str) -> Self {
        Self { name: PartName::Known(names), text }
    }

    fn unknown(text: &'a str) -> Self {
        Self { name: PartName::Unknown, text }
    }

    /// The names that it goes by; none where nothing says what it is.
    pub(super) fn names(&self) -> Vec<&'a str> {
        match self.name {
            PartName::Known(names) => names.to_vec(),
            PartName::InLine(name) => vec![name],
            PartName::Unknown => Vec::new(),
        }
    }

    /// Where in `line`, which it was cut from, the value stands.
    pub(super) fn range_in(&self, line: &str) -> Option<Range<usize>> {
        range_in(line, self.text)
    }
}

/// Where in the line a slice of that very line stands.
pub(super) fn range_in(line: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    let range = start..start + part.len();
    (line.get(range.clone()) == Some(part)).then_some(range)
}

/// The line without its line ending, which a format may carry into each log event.
fn without_line_ending(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// Fields between blanks; a quoted one with its quotes, whatever blanks it holds.
fn blank_separated(text: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = text.trim_end_matches(' ');
    while !rest.is_empty() {
        let end = if rest.starts_with('"') { end_of_quoted(rest) } else { None };
        let end = end.or_else(|| rest.find(' ')).unwrap_or(rest.len());
        let (field, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        fields.push(field);
        rest = behind.strip_prefix(' ').unwrap_or(behind);
    }
    fields
}

/// Where a quoted field ends: behind the first quote that is not escaped and that a blank or the end follows.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' if matches!(text.as_bytes().get(at + 1), None | Some(b' ')) => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn unquoted(field: &str) -> Option<&str> {
    field.strip_prefix('"')?.strip_suffix('"')
}

/// The path of a whole URL; any other text as it is.
fn path_of_url(url: &str) -> &str {
    let Some((_, behind)) = url.split_once("://") else { return if url.starts_with('/') { url } else { "" } };
    behind.find('/').and_then(|slash| behind.get(slash..)).unwrap_or_default()
}

/// API Gateway writes `-` for a variable without a value.
fn present(text: &str) -> Option<Cow<'_, str>> {
    (!shapes::is_missing(text)).then_some(Cow::Borrowed(text))
}

const IP: &[&str] = &["sourceIp"];
const CALLER: &[&str] = &["caller"];
const USER: &[&str] = &["user"];
/// A comma in one of them hides where the other begins.
const CALLER_OR_USER: &[&str] = &["caller", "user"];
const REQUEST_TIME: &[&str] = &["requestTime"];
const METHOD: &[&str] = &["httpMethod", "eventType"];
const TARGET: &[&str] = &["resourcePath", "routeKey", "route", "path"];
const PROTOCOL: &[&str] = &["protocol"];
const CONNECTION_ID: &[&str] = &["connectionId"];
pub(super) const STATUS: &[&str] = &["status"];
const RESPONSE_LENGTH: &[&str] = &["responseLength"];
const REQUEST_ID: &[&str] = &["requestId"];
const EXTENDED_REQUEST_ID: &[&str] = &["extendedRequestId"];
const USER_AGENT: &[&str] = &["userAgent"];
const REFERER: &[&str] = &["referer"];

/// What was asked for: resource path and route key, whichever it is, the other one empty.
struct Target<'a> {
    resource_path: &'a str,
    route_key: &'a str,
}

impl<'a> Target<'a> {
    /// `None` for a text that is no target of an HTTP request.
    fn of_request(text: &'a str) -> Option<Self> {
        match text {
            _ if shapes::is_missing(text) => Some(Self { resource_path: "", route_key: "" }),
            _ if shapes::is_path(text) => Some(Self { resource_path: text, route_key: "" }),
            _ if shapes::is_route_key(text) => Some(Self { resource_path: "", route_key: text }),
            _ => None,
        }
    }
}

/// Holds what was read of a line against its status and its method, resource path, route key, address, request id
/// and extended request id.
#[cfg(test)]
fn check(line: Option<FormatLine<'_>>, text: &str, status: u16, fields: [Option<&str>; 6]) {
    let log = line.unwrap_or_else(|| panic!("not read: {text}")).log;
    let read =
        [&log.method, &log.resource_path, &log.route_key, &log.ip, &log.request_id, &log.extended_request_id];
    assert_eq!((log.status.code(), read.map(|text| text.as_deref())), (status, fields), "{text}");
}

#[cfg(test)]
pub(super) mod tests;
