//! Lines whose fields stand in an order of their own: between commas, quoted or not, or between blanks with a quoted
//! request, as in CLF. It reads what the presets' readers leave.
//!
//! A field is known by its shape alone. So a line needs an address, a request time and one request, and where more than
//! one number could be the status, it has none.

use super::request_line::is_user_agent;
use super::shapes::{self, REQUEST_TIME_BYTES};
use super::{
    FormatLine, IP, METHOD, PROTOCOL, Part, REQUEST_TIME, STATUS, TARGET, Target, USER_AGENT, end_of_quoted,
    present, unquoted, without_line_ending,
};
use crate::access_log::{AccessLog, Status};

/// More fields than any format has.
const MAX_FIELDS: usize = 128;

/// Reads a line of fields between commas, or else between blanks.
pub(in crate::access_log) fn read(line: &str) -> Option<FormatLine<'_>> {
    let line = without_line_ending(line);
    read_commas(line).or_else(|| read_blanks(line))
}

/// Fields between commas. Every number that could be the status must be the same one.
pub(in crate::access_log) fn read_commas(line: &str) -> Option<FormatLine<'_>> {
    let fields = comma_separated(line)?;
    let time = one(&fields, shapes::is_request_time)?;
    let method = one(&fields, |text| is_http_method(text) || shapes::is_event_type(text))?;
    let protocol = fields.iter().position(|field| shapes::is_protocol(field));
    let mut protocols = fields.iter().filter(|field| shapes::is_protocol(field));
    if protocols.next().is_none() && !shapes::is_event_type(fields.get(method)?) || protocols.next().is_some()
    {
        return None;
    }
    // In the status's own place nothing stands: what looks like one elsewhere is something else.
    let in_place = protocol.and_then(|at| fields.get(at + 1)).copied().unwrap_or("x");
    if shapes::is_missing(in_place) {
        return None;
    }
    let status = one_status(fields.iter().copied())?;
    let targets: Vec<&str> = fields.iter().copied().filter(|field| is_target(field)).collect();
    let target = match (targets.as_slice(), fields.get(method + 1).copied()) {
        (_, Some(next)) if is_target(next) => next,
        (&[target], _) => target,
        _ => "",
    };
    let found = Found { time: fields.get(time)?, method: fields.get(method)?, target, status };
    found.line(&fields, None)
}

/// Fields between blanks: the status stands behind the quoted request, as in CLF. A number behind it is the length; any
/// other that could be a status must be the same one.
pub(in crate::access_log) fn read_blanks(line: &str) -> Option<FormatLine<'_>> {
    let fields = blank_separated(line);
    if fields.len() > MAX_FIELDS {
        return None;
    }
    let time = one(&fields, shapes::is_request_time)?;
    let is_request = |text: &str| parts_of_request(text).is_some();
    let has_method = |text: &str| is_request(text) && !text.starts_with("- ");
    let named = fields.iter().any(|field| has_method(field));
    let request = if named { one(&fields, has_method) } else { one(&fields, is_request) }?;
    let (method, target, protocol) = parts_of_request(fields.get(request)?)?;
    let status = shapes::status(fields.get(request + 1)?)?;
    let others = fields.iter().enumerate().filter(|(at, _)| *at != request + 2).map(|(_, field)| *field);
    if one_status(others)? != status {
        return None;
    }
    let found = Found { time: fields.get(time)?, method, target, status };
    found.line(&fields, Some((fields.get(request)?, protocol)))
}

/// What tells a line from one of another kind.
struct Found<'a> {
    time: &'a str,
    method: &'a str,
    target: &'a str,
    status: Status,
}

impl<'a> Found<'a> {
    /// `request` is the field that holds method, target and protocol, and the protocol.
    fn line(&self, fields: &[&'a str], request: Option<(&'a str, &'a str)>) -> Option<FormatLine<'a>> {
        let ip = fields.iter().copied().find(|field| shapes::is_ip(field))?;
        let is_web_socket = shapes::is_event_type(self.method) && request.is_none();
        let Target { resource_path, route_key } = Target::of_request(self.target)?;
        let agent = fields.iter().copied().find(|field| is_user_agent(field)).unwrap_or_default();
        let log = AccessLog {
            ip: present(ip),
            method: if is_web_socket { None } else { present(self.method) },
            resource_path: present(resource_path),
            route_key: present(route_key),
            user_agent: present(agent),
            ..AccessLog::of(self.status)
        };
        let mut parts = Vec::with_capacity(fields.len() + 2);
        for &field in fields {
            match request {
                Some((text, protocol)) if std::ptr::eq(field, text) => parts.extend([
                    Part::known(METHOD, self.method),
                    Part::known(TARGET, self.target),
                    Part::known(PROTOCOL, protocol),
                ]),
                _ if std::ptr::eq(field, self.time) => parts.push(Part::known(REQUEST_TIME, field)),
                _ if shapes::is_ip(field) => parts.push(Part::known(IP, field)),
                _ if std::ptr::eq(field, self.method) => parts.push(Part::known(METHOD, field)),
                _ if is_target(field) => parts.push(Part::known(TARGET, field)),
                _ if shapes::is_protocol(field) => parts.push(Part::known(PROTOCOL, field)),
                _ if shapes::status(field) == Some(self.status) => parts.push(Part::known(STATUS, field)),
                _ if is_user_agent(field) => parts.push(Part::known(USER_AGENT, field)),
                _ => parts.push(Part::unknown(field)),
            }
        }
        Some(FormatLine { log, parts })
    }
}

/// The place of the only field of a shape: a client may have written one of several.
fn one(fields: &[&str], shape: impl Fn(&str) -> bool) -> Option<usize> {
    let mut places = fields.iter().enumerate().filter(|(_, field)| shape(field)).map(|(at, _)| at);
    let first = places.next()?;
    places.next().is_none().then_some(first)
}

/// The status, if all that could be one are the same.
fn one_status<'a>(fields: impl Iterator<Item = &'a str>) -> Option<Status> {
    let mut statuses = fields.filter_map(shapes::status);
    let first = statuses.next()?;
    statuses.all(|other| other == first).then_some(first)
}

/// A method that clients use: any word in capitals may be something else.
fn is_http_method(text: &str) -> bool {
    matches!(text, "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "CONNECT" | "TRACE")
}

fn is_target(text: &str) -> bool {
    !shapes::is_masked(text) && (shapes::is_path(text) || shapes::is_route_key(text))
}

/// Method, target and protocol of a request in one field. API Gateway writes `- - HTTP/1.1` where it could read none.
fn parts_of_request(text: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = text.split_once(' ')?;
    let (target, protocol) = rest.rsplit_once(' ')?;
    let is_request = (method == "-" || is_http_method(method))
        && (protocol == "-" || shapes::is_protocol(protocol))
        && Target::of_request(target).is_some();
    is_request.then_some((method, target, protocol))
}

/// Fields between commas; a quoted one ends at a quote that a comma or the end follows, since nothing escapes quotes.
fn comma_separated(line: &str) -> Option<Vec<&str>> {
    let mut fields = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        if fields.len() == MAX_FIELDS {
            return None;
        }
        let quoted = text.strip_prefix('"').and_then(|inner| {
            let end = inner
                .match_indices('"')
                .map(|(at, _)| at)
                .find(|at| matches!(inner.as_bytes().get(at + 1), None | Some(b',')))?;
            Some((inner.get(..end)?, inner.get(end + 1..)?))
        });
        let (field, behind) = quoted.unwrap_or_else(|| {
            let end = text.find(',').unwrap_or(text.len());
            text.split_at_checked(end).unwrap_or((text, ""))
        });
        fields.push(field);
        rest = behind.strip_prefix(',');
    }
    (fields.len() > 1).then_some(fields)
}

/// Fields between blanks, without their quotes; a request time is one, in brackets or not.
fn blank_separated(line: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = line.trim_start_matches(' ');
    while !rest.is_empty() && fields.len() <= MAX_FIELDS {
        let (field, behind) = if let Some((time, behind)) = leading_time(rest) {
            (time, behind)
        } else {
            let quoted = if rest.starts_with('"') { end_of_quoted(rest) } else { None };
            let end = quoted.or_else(|| rest.find(' ')).unwrap_or(rest.len());
            let (field, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            (unquoted(field).unwrap_or(field), behind)
        };
        fields.push(field);
        rest = behind.trim_start_matches(' ');
    }
    fields
}

fn leading_time(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[').unwrap_or(text);
    let (time, behind) = inner.split_at_checked(REQUEST_TIME_BYTES)?;
    let behind = if text.starts_with('[') { behind.strip_prefix(']')? } else { behind };
    // AWS's page for REST APIs has no space before the quote.
    (shapes::is_request_time(time) && (behind.is_empty() || behind.starts_with([' ', '"'])))
        .then_some((time, behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const TIME: &str = "18/Nov/2020:05:28:56 +0000";

    fn status(line: &str) -> Option<u16> {
        read(line).map(|line| line.log.status.code())
    }

    #[test]
    fn fields_between_commas_are_read_in_any_order_and_quoted() {
        for line in [
            format!("502,{TIME},GET,/a,HTTP/1.1,prod,203.0.113.7,36"),
            format!(r#""203.0.113.7","-","ann, bob","{TIME}","GET","/a","HTTP/1.1","502","36","c6af-11""#),
            format!(r#""c6af-11","502","/a,b","GET","{TIME}","203.0.113.7","HTTP/1.1","curl/8.0 (a, b)""#),
            format!("{TIME},203.0.113.7,MESSAGE,sendMessage,Lx1=,502"),
        ] {
            assert_eq!(status(&line), Some(502), "{line}");
        }
        let line = format!(r#""502","curl/8.0","{TIME}","GET /a","203.0.113.7","GET","HTTP/2.0""#);
        let log = read(&line).unwrap().log;
        assert_eq!((log.route_key.as_deref(), log.ip.as_deref()), (Some("GET /a"), Some("203.0.113.7")));
        assert_eq!((log.method.as_deref(), log.user_agent.as_deref()), (Some("GET"), Some("curl/8.0")));
    }

    #[test]
    fn fields_between_blanks_are_read_in_any_order_with_the_status_behind_the_request() {
        for line in [
            format!(r#"c6af-11 [{TIME}] 203.0.113.7 "GET /a HTTP/1.1" 502 404"#),
            format!(r#"[{TIME}]"GET /a HTTP/1.1" 502 36 203.0.113.7 "curl/8.0 (a b)""#),
            format!(r#"203.0.113.7 - - - [{TIME}] "GET /a HTTP/1.1" 502 - 0.012 -"#),
            format!(r#"{TIME} prod 203.0.113.7 "GET /a HTTP/1.1" 502"#),
        ] {
            let log = read(&line).unwrap_or_else(|| panic!("{line}")).log;
            assert_eq!((log.status.code(), log.resource_path.as_deref()), (502, Some("/a")), "{line}");
        }
    }

    #[test]
    fn where_more_than_one_number_could_be_the_status_there_is_none() {
        for line in [
            format!("502,{TIME},GET,/a,HTTP/1.1,404,203.0.113.7"),
            format!("502,{TIME},GET,/a,HTTP/1.1,-,203.0.113.7"),
            format!(r#""203.0.113.7","{TIME}","GET","/a","HTTP/1.1","x","200","502""#),
            format!(r#"[{TIME}] 203.0.113.7 "GET /a HTTP/1.1" 502 36 404"#),
            format!(r#"[{TIME}] 203.0.113.7 "GET /" 200 1 " HTTP/1.1" 502 36"#),
            format!(r#"[{TIME}] 203.0.113.7 "GET / HTTP/1.1" 200 1 "x HTTP/1.1" 502 36"#),
        ] {
            assert_eq!(status(&line), None, "{line}");
        }
    }

    #[test]
    fn a_line_of_another_kind_is_no_access_log() {
        for line in [
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK".to_owned(),
            format!("{TIME} ERROR 203.0.113.7 took 500 ms for GET /a"),
            format!(r#"[{TIME}] handled "GET /a HTTP/1.1" for 203.0.113.7 in 500 ms"#),
            format!(r#"203.0.113.7 [{TIME}] "GET /a HTTP/1.1" took 500 ms"#),
            format!(r#"203.0.113.7 - - [{TIME}] "GET /a HTTP/1.1" - 502"#),
            format!(r#"host - - [{TIME}] "GET /a HTTP/1.1" 500 1 id"#),
            r#"203.0.113.7 "GET /a HTTP/1.1" 500 1 id"#.to_owned(),
            format!("{TIME},203.0.113.7,GET,/a,500"),
            format!("{TIME},203.0.113.7,HTTP/1.1,/a,500"),
            format!("{TIME},host,GET,/a,HTTP/1.1,500"),
            "203.0.113.7,GET,/a,HTTP/1.1,500".to_owned(),
            format!("{TIME},203.0.113.7,GET,/a,HTTP/1.1,600"),
        ] {
            assert_eq!(status(&line), None, "{line}");
        }
    }

    /// Fields that a format's author may add.
    fn extra() -> impl Strategy<Value = String> {
        prop_oneof![
            select(vec![
                "-", "prod", "12", "0.013", "404", "200", "1309", "c6af-11", "JKJ=", "curl/8.0", "a1b2c3"
            ])
            .prop_map(str::to_owned),
            (100_u16..600).prop_map(|number| number.to_string()),
        ]
    }

    proptest! {
        #[test]
        fn in_any_order_the_status_is_the_right_one_or_none(
            order in Just(vec![0, 1, 2, 3, 4, 5]).prop_shuffle(),
            extras in proptest::collection::vec((0_usize..8, extra()), 0..6),
            status in 100_u16..600,
            is_quoted in any::<bool>(),
        ) {
            let right = status.to_string();
            let preset = ["203.0.113.7", TIME, "GET", "/a", "HTTP/1.1", right.as_str()];
            let mut fields: Vec<String> = order.iter().map(|&at: &usize| preset[at].to_owned()).collect();
            for (at, extra) in extras {
                fields.insert(at.min(fields.len()), extra);
            }
            let line = if is_quoted { format!("\"{}\"", fields.join("\",\"")) } else { fields.join(",") };
            let found = super::read(&line).map(|line| line.log.status.code());
            prop_assert!(found.is_none_or(|found| found == status), "{}: {:?}", line, found);
            // Where nothing else could be one, it is found.
            let others = fields.iter().filter(|field| shapes::status(field).is_some()).count();
            if others == 1 && !fields.iter().any(|field| field == "-") {
                prop_assert_eq!(found, Some(status), "{}", line);
            }
        }

        #[test]
        fn whatever_a_client_writes_into_a_quoted_field_the_status_is_the_right_one_or_none(
            text in r#"(["\\,]|","|200|404|GET|/a|HTTP/1\.1|x| ){0,12}"#,
        ) {
            for line in [
                format!(r#""{text}","203.0.113.7","{TIME}","GET","/a","HTTP/1.1","502""#),
                format!(r#""502","203.0.113.7","{TIME}","GET","/a{text}","HTTP/1.1","36""#),
                format!(r#"203.0.113.7 [{TIME}] "{text}" "GET /a HTTP/1.1" 502 36"#),
                format!(r#"[{TIME}] 203.0.113.7 "GET /a{text} HTTP/1.1" 502 36"#),
            ] {
                prop_assert!(status(&line).is_none_or(|found| found == 502), "{}", line);
            }
        }
    }
}
