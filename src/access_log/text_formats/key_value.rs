//! A line of names and values in, what it says out: `key: value, key: value` as the Serverless Framework's default
//! has it, and `key=value key=value` (logfmt).
//!
//! A value ends where the next key begins, since values may hold blanks and commas and need not be quoted. So a client
//! can make a key of its own; a key that stands twice with two values, or two keys for the status that differ, have none
//! that we know. Other programs write names and values, too: a line counts as an access log only when it says which
//! request it is about and who made it, or when, or under which id, and has none of the keys that only loggers write.

use super::shapes;
use super::{FormatLine, Part, PartName};
use crate::access_log::fields::{Fields, Name, Path, Value, meaning};

/// More fields than any format has.
const MAX_FIELDS: usize = 128;
/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = 64;
/// Keys by which a line is known as an application's own, whatever else it holds.
const OF_LOGGERS: [&str; 6] = ["level", "lvl", "loglevel", "log_level", "severity", "logger"];

/// Pairs with one kind of sign between key and value, from the line's beginning to its end.
pub(in crate::access_log) fn read(line: &str) -> Option<FormatLine<'_>> {
    let pairs = pairs(line.trim())?;
    let has = |words: &[&str], shape: fn(&str) -> bool| {
        pairs
            .iter()
            .any(|(key, value)| words.contains(&key.to_ascii_lowercase().as_str()) && shape(value.text()))
    };
    if has(&OF_LOGGERS, |_| true) || contradicts(&pairs) {
        return None;
    }
    let mut fields = Fields::default();
    for &(key, value) in &pairs {
        fields.set(Path::default().down(key), value.field());
    }
    let log = fields.access_log()?;
    let says_which = log.method.as_deref().is_some_and(shapes::is_method)
        || log.resource_path.as_deref().is_some_and(shapes::is_path)
        || log.route_key.is_some()
        // A request that API Gateway could not read has neither, and the keys for both.
        || has(&["httpmethod", "method"], shapes::is_missing) && has(&["resourcepath", "path"], shapes::is_missing);
    let says_who_or_when = log.ip.as_deref().is_some_and(shapes::is_ip)
        || has(&["requesttime", "request_time", "time"], shapes::is_request_time)
        || has(&["protocol"], |text| shapes::is_protocol(text) || matches!(text, "http" | "https"));
    // An id alone is in every line of a program that handles requests: beside it stand method and route.
    let has_route = log.resource_path.as_deref().or(log.path.as_deref()).is_some_and(shapes::is_path)
        || log.route_key.as_deref().is_some_and(shapes::is_route_key);
    let says_under_which_id = log.request_id.as_deref().is_some_and(shapes::is_id)
        && log.method.as_deref().is_some_and(shapes::is_method)
        && has_route;
    let parts = pairs.iter().map(|&(key, value)| {
        // A client's text may hold what looks like the next key, so it is the line's whole rest.
        let text = if is_own_text(key) { value.text() } else { rest_from(line, value.text()) };
        Part { name: PartName::InLine(key), text }
    });
    let parts = parts.collect();
    (says_which && (says_who_or_when || says_under_which_id)).then_some(FormatLine { log, parts })
}

/// Whether a key stands twice with two values, or two keys for the status do: a client may have written one of them.
fn contradicts(pairs: &[(&str, PairValue<'_>)]) -> bool {
    let is_status = |key| matches!(meaning(&Path::default().down(key)), Some((Name::Status, _)));
    let mut statuses = pairs.iter().filter(|(key, _)| is_status(key)).map(|(_, value)| value.text());
    let status = statuses.next();
    statuses.any(|other| Some(other) != status)
        || pairs.iter().enumerate().any(|(index, &(key, value))| {
            let mut before = pairs.iter().take(index);
            before.any(|&(other, before)| other == key && before.text() != value.text())
        })
}

/// A value as it stands in the line, without what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PairValue<'a> {
    Bare(&'a str),
    /// With the escapes that stand between its quotes.
    Quoted(&'a str),
}

impl<'a> PairValue<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim().trim_end_matches(',');
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        quoted.map_or(Self::Bare(text), Self::Quoted)
    }

    fn text(self) -> &'a str {
        match self {
            Self::Bare(text) | Self::Quoted(text) => text,
        }
    }

    fn field(self) -> Value<'a> {
        match self {
            Self::Bare(text) => Value::Plain(text),
            Self::Quoted(text) => Value::Text(text),
        }
    }
}

/// Whether API Gateway makes the value itself, so that no client can put a key into it.
fn is_own_text(key: &str) -> bool {
    const OWN: [Name; 9] = [
        Name::Status,
        Name::Method,
        Name::ResourcePath,
        Name::RouteKey,
        Name::Ip,
        Name::RequestId,
        Name::ExtendedRequestId,
        Name::ResponseType,
        Name::Latency,
    ];
    const OTHERS: [&str; 5] = ["caller", "user", "requestTime", "protocol", "responseLength"];
    meaning(&Path::default().down(key)).is_some_and(|(name, _)| OWN.contains(&name)) || OTHERS.contains(&key)
}

fn rest_from<'a>(line: &'a str, text: &'a str) -> &'a str {
    super::range_in(line, text).and_then(|range| line.get(range.start..)).unwrap_or(line)
}

/// How the pairs of a line are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `key: value, key: value`
    Colon,
    /// `key=value key=value`, with or without commas
    Equals,
}

fn pairs(line: &str) -> Option<Vec<(&str, PairValue<'_>)>> {
    let (_, _, style) = key_at(line, None)?;
    let (mut pairs, mut rest) = (Vec::new(), line);
    while let Some((key, value_at, _)) = key_at(rest, Some(style)) {
        let text = rest.get(value_at..)?;
        let (length, next) = value_length(text, style);
        if pairs.len() == MAX_FIELDS {
            return None;
        }
        pairs.push((key, PairValue::of(text.get(..length)?)));
        rest = text.get(next..)?;
    }
    (pairs.len() > 1).then_some(pairs)
}

/// A key at the beginning of a text, where its value begins, and how the pair is written.
fn key_at(text: &str, style: Option<Style>) -> Option<(&str, usize, Style)> {
    let end = text.bytes().take(MAX_KEY_BYTES + 1).position(|byte| !is_key_byte(byte))?;
    let key = text.get(..end).filter(|key| key.starts_with(|first: char| first.is_ascii_alphabetic()))?;
    let behind = text.get(end..)?;
    let (found, sign) = match behind.as_bytes() {
        [b'=', ..] => (Style::Equals, 1),
        [b':', b' ', ..] => (Style::Colon, 2),
        // The last value is empty.
        [b':'] => (Style::Colon, 1),
        _ => return None,
    };
    (style.is_none() || style == Some(found)).then_some((key, end + sign, found))
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// How long the value at the beginning of `text` is, and where the next key begins.
fn value_length(text: &str, style: Style) -> (usize, usize) {
    let quoted = quoted_length(text);
    let mut before = None;
    for (at, byte) in text.bytes().enumerate() {
        let is_separator = match style {
            Style::Colon => byte == b',',
            Style::Equals => matches!(byte, b' ' | b',' | b'\t'),
        };
        if at < quoted || !is_separator {
            // A key may begin here only behind a separator, and the blanks that follow one.
            if let Some(start) = before.take_if(|_| byte != b' ')
                && text.get(at..).is_some_and(|rest| key_at(rest, Some(style)).is_some())
            {
                return (start, at);
            }
        } else if before.is_none() {
            before = Some(at);
        }
    }
    (text.len(), text.len())
}

/// The length of a quoted value with its quotes; 0 for one without.
fn quoted_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if at == 0 && byte != b'"' => return 0,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' if at > 0 => return at + 1,
            _ => {}
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "requestId: 3f0c, ip: 203.0.113.7, caller: -, user: -, requestTime: 08/May/2021:10:00:00 +0000, \
                        httpMethod: GET, resourcePath: /orders/{id}, status: 502, protocol: HTTP/1.1, responseLength: 36";

    fn status(line: &str) -> Option<u16> {
        read(line).map(|line| line.log.status.code())
    }

    #[test]
    fn the_serverless_framework_s_default_is_read() {
        let line = read(REST).unwrap();
        let log = line.log;
        assert_eq!(log.status.code(), 502);
        assert_eq!(log.method.as_deref(), Some("GET"));
        assert_eq!(log.resource_path.as_deref(), Some("/orders/{id}"));
        assert_eq!((log.ip.as_deref(), log.request_id.as_deref()), (Some("203.0.113.7"), Some("3f0c")));
        assert_eq!(line.parts.len(), 10);
        assert_eq!(status(&format!("{REST}\r\n")), Some(502));
    }

    #[test]
    fn logfmt_is_read_quoted_or_not() {
        for line in [
            r#"requestId=1-2 ip=203.0.113.7 method=GET path=/a status=503 userAgent="a b, status=200" latency=12"#,
            "ip=203.0.113.7, httpMethod=GET, resourcePath=/a, status=503",
            "ip=203.0.113.7 userAgent=Mozilla/5.0 (X11; Linux) a/b httpMethod=GET resourcePath=/a status=503",
            "ip=- requestTime=08/May/2021:10:00:00 +0000 routeKey=GET /a status=503 x=",
            r#"at=info method=GET path="/a" host=example.com fwd="203.0.113.7" status=503 bytes=13 protocol=https"#,
            r#"ip=203.0.113.7 ua="say \"hi\" status=200" method=GET path=/a status=503"#,
            r#"requestId=x status=503 method=GET path="/a b" latency=12"#,
            r#"requestId="" ip=203.0.113.7 status="503" method="GET" path="/a \"b\" status=200" user= caller="#,
            "status=503 routeKey=$default requestId=JKJ= httpMethod=GET",
        ] {
            assert_eq!(status(line), Some(503), "{line}");
        }
    }

    #[test]
    fn a_quoted_value_says_what_its_escapes_stand_for() {
        let line = r#"requestId=x status=503 method=GET path="/a \"b\" \\" ua="" latency=12"#;
        let log = read(line).unwrap().log;
        assert_eq!((log.path.as_deref(), log.user_agent), (Some(r#"/a "b" \"#), None));
    }

    #[test]
    fn values_with_commas_and_colons_and_empty_ones_are_read() {
        for line in [
            format!("{REST}, userAgent: Mozilla/5.0 (X11; Linux: x86_64, like Gecko), Chrome/1"),
            format!("userAgent: a, b: c, d, {REST}"),
            format!("{REST}, userAgent: \"x, status: 200\""),
            format!("x: , y: , {REST}, cognito:"),
            REST.replace("/orders/{id}", "/a, b/c: d"),
        ] {
            assert_eq!(status(&line), Some(502), "{line}");
        }
        let line = REST.replace("status: 502", "status:");
        assert_eq!(status(&line), None, "{line}");
    }

    #[test]
    fn a_key_that_a_client_wrote_gives_no_other_status() {
        for line in [
            format!("userAgent: x, status: 200, {REST}"),
            format!("{REST}, userAgent: x, status: 200"),
            format!("{REST}, userAgent: x, ip: 198.51.100.9"),
            "ip=203.0.113.7 ua=x status=200 method=GET path=/a status=503".to_owned(),
            r#"ip=203.0.113.7 ua="x" status=200 y="z" method=GET path=/a status=503"#.to_owned(),
            // Another word for the status.
            "ip=203.0.113.7 method=GET path=/a statusCode=503 ua=x status=200".to_owned(),
            format!("{REST}, userAgent: x, httpStatus: 200"),
        ] {
            assert_eq!(status(&line), None, "{line}");
        }
        assert_eq!(status(&format!("{REST}, userAgent: x, status: 502")), Some(502));
    }

    #[test]
    fn a_line_of_another_kind_is_no_access_log() {
        for line in [
            "",
            "status=500",
            "status: 500, message: failed",
            "level=error msg=\"upstream failed\" status=500 duration=12ms",
            "level=info method=GET path=/x status=500",
            "requestId=abc status=500 msg=failed",
            "INFO: request done, status: 500, path: /a, ip: 203.0.113.7",
            "REPORT RequestId: 7a3c1f0e Duration: 500.12 ms Billed Duration: 501 ms Memory Size: 128 MB",
            "ip=203.0.113.7 method=GET path=/x status=5000",
            "ip=203.0.113.7 method=GET path=/x status=ok",
            "ip: 203.0.113.7, httpMethod: GET, resourcePath: /, status: -",
            "2020-11-18T05:28:56Z ip=203.0.113.7 method=GET path=/x status=500",
            "ip=unknown method=GET path=/x status=500",
            r#"level=info msg="status=500 seen" status=ok"#,
            r#"level=info msg="status=500 seen" status=ok method=GET path=/x ip=203.0.113.7"#,
            "ts=2026-11-03T08:00:00Z level=error code=500",
            "ts=2026-11-03T08:00:00Z code=500 method=GET path=/x",
            r#"level=error msg="GET /x failed" method=GET path=/x status=500 ip=203.0.113.7 requestId=abc"#,
            "Severity=ERROR ip=203.0.113.7 method=GET path=/x status=500",
            "logger: app, ip: 203.0.113.7, httpMethod: GET, resourcePath: /x, status: 500",
            "requestId=abc method=GET status=500",
            "requestId=abc path=/x status=500",
            "requestId=a;b method=GET path=/x status=500",
            "requestId=abc method=GET path=x status=500",
            "requestId=abc method=GET path=/x retries=500",
            r#"requestId=abc method=GET path=/x note="status=500""#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
