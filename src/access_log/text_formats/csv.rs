//! A line of comma-separated values in, what it says out: API Gateway's presets for REST, HTTP and WebSocket APIs,
//! with further fields before the address and behind the status, and with all fields in quotes or none.
//!
//! The presets do not quote, so a path or a user may hold commas. Where a client has managed to write what looks like
//! a second status into a path, the presets' own end decides, and where that is not there the line has no status that
//! we know. Between quotes nothing decides: whoever quotes also adds fields, and a client may write one that ends so.

use super::request_line::{Behind, End, PathIs, Request, Who};
use super::shapes::{self, REQUEST_TIME_BYTES};
use super::{CALLER, CALLER_OR_USER, FormatLine, Part, USER, range_in, unquoted, without_line_ending};

/// Between the fields of the presets.
const COMMA: &str = ",";
/// Between fields of which each is quoted.
const QUOTED_COMMA: &str = "\",\"";

/// `ip,time,method,target,protocol,status` and what follows; a REST or WebSocket API's line has caller and user before
/// the time, a WebSocket API's has `eventType,routeKey,connectionId` in the request's place.
pub(in crate::access_log) fn read(line: &str) -> Option<FormatLine<'_>> {
    let line = without_line_ending(line);
    match unquoted(line) {
        Some(fields) => read_separated(fields, QUOTED_COMMA),
        None => read_separated(line, COMMA),
    }
}

fn read_separated<'a>(line: &'a str, separator: &'static str) -> Option<FormatLine<'a>> {
    let (before, time, behind) = around_time(line, separator)?;
    let fields_before: Vec<&str> = before.split(separator).collect();
    let who = Who::read(&fields_before, |principals| principal_parts(before, principals))?;
    let (method, rest) = behind.split_once(separator)?;
    if !shapes::or_missing(method, shapes::is_method) {
        return None;
    }
    let is_web_socket = shapes::is_event_type(method);
    let end = if is_web_socket { web_socket_end(method, rest, separator) } else { None };
    let end = end.or_else(|| http_end(method, rest, separator))?;

    let fields = fields(end.behind, separator);
    let more = if separator == COMMA {
        Behind::read(end.behind, &fields)
    } else {
        Behind::read_unquoted(end.behind, &fields)
    };
    // An HTTP API's line has no principals, and a path in the place of its route key is the route key.
    let path_is = if who.has_principals { PathIs::ResourcePath } else { PathIs::RouteKey };
    end.line(who, time, more, path_is)
}

/// What stands before the request time, the request time, and what stands after it.
///
/// It is the first that has the shape: a later one stands in the path, since neither an address nor a caller nor a
/// user can hold the space that it has.
fn around_time<'a>(line: &'a str, separator: &str) -> Option<(&'a str, &'a str, &'a str)> {
    line.match_indices(separator).find_map(|(comma, _)| {
        let (time, rest) = line.get(comma + separator.len()..)?.split_at_checked(REQUEST_TIME_BYTES)?;
        let behind = rest.strip_prefix(separator)?;
        Some((line.get(..comma)?, time, behind)).filter(|_| shapes::is_request_time(time))
    })
}

/// Nothing, as in an HTTP API's line, or caller and user: more than two fields are one of them with commas in it.
fn principal_parts<'a>(before: &'a str, principals: &[&'a str]) -> Option<Vec<Part<'a>>> {
    if !principals.iter().all(|principal| shapes::is_principal(principal)) {
        return None;
    }
    match principals {
        [] => Some(Vec::new()),
        [_] => None,
        [caller, user] => Some(vec![Part::known(CALLER, caller), Part::known(USER, user)]),
        [first, ..] => {
            let both = before.get(range_in(before, first)?.start..)?;
            Some(vec![Part::known(CALLER_OR_USER, both)])
        }
    }
}

/// `routeKey,connectionId,status`: a route key is the API's own text, and no client's.
fn web_socket_end<'a>(event_type: &'a str, rest: &'a str, separator: &str) -> Option<End<'a>> {
    let (route_key, rest) = rest.split_once(separator)?;
    let (connection_id, rest) = rest.split_once(separator)?;
    let (status_text, behind) = rest.split_once(separator).unwrap_or((rest, ""));
    let status = shapes::status(status_text)?;
    let request = Request::WebSocket { event_type, route_key, connection_id };
    shapes::is_id(connection_id).then_some(End { request, status, status_text, behind })
}

/// `target,protocol,status`, the target with whatever commas it has.
fn http_end<'a>(method: &'a str, rest: &'a str, separator: &'static str) -> Option<End<'a>> {
    let ends = |is_protocol: fn(&str) -> bool| {
        let commas = rest.match_indices(separator).map(|(comma, _)| comma);
        let ends = commas.filter_map(move |comma| end_at(method, rest, comma, separator, is_protocol));
        if separator == COMMA { End::sure(ends, ',') } else { End::only(ends) }
    };
    ends(shapes::is_protocol).or_else(|| ends(shapes::is_missing))
}

/// The end whose protocol stands before this comma.
fn end_at<'a>(
    method: &'a str,
    rest: &'a str,
    comma: usize,
    separator: &str,
    is_protocol: fn(&str) -> bool,
) -> Option<End<'a>> {
    let (status_text, behind) = rest.get(comma + separator.len()..)?.split_at_checked(3)?;
    let status = shapes::status(status_text)?;
    let (target, protocol) = rest.get(..comma)?.rsplit_once(separator)?;
    let behind = if behind.is_empty() { behind } else { behind.strip_prefix(separator)? };
    let request = Request::Http { method, target, protocol };
    is_protocol(protocol).then_some(End { request, status, status_text, behind })
}

/// Fields between commas; none where there is nothing.
fn fields<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    if text.is_empty() { Vec::new() } else { text.split(separator).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn a_rest_api_s_line_is_read_with_and_without_the_extended_request_id() {
        let check = |line: &str, fields: [Option<&str>; 6]| check(read(line), line, 502, fields);
        check(
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/pets/{id},HTTP/1.1,502,36,c6af-11e6",
            [Some("GET"), Some("/pets/{id}"), None, Some("203.0.113.7"), Some("c6af-11e6"), None],
        );
        check(
            "2001:db8::7,AIDAEXAMPLE,ann,18/Nov/2020:05:28:56 +0000,-,,-,502,-,1-2,JKJaXmPLvHcESHA=\r\n",
            [None, None, None, Some("2001:db8::7"), Some("1-2"), Some("JKJaXmPLvHcESHA=")],
        );
        // A length of three digits stands where the status would, had the line no extended request id.
        check(
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,502,404,1-2,JKJ=",
            [Some("GET"), Some("/"), None, Some("203.0.113.7"), Some("1-2"), Some("JKJ=")],
        );
    }

    #[test]
    fn an_http_api_s_line_is_read_with_each_kind_of_route_key() {
        for key in ["GET /pets", "$default", "/pets"] {
            let line =
                format!("203.0.113.7,18/Nov/2020:05:28:56 +0000,GET,{key},HTTP/1.1,500,0,JKJaXmPLvHcESHA=");
            let id = Some("JKJaXmPLvHcESHA=");
            check(read(&line), &line, 500, [Some("GET"), None, Some(key), Some("203.0.113.7"), id, None]);
        }
    }

    #[test]
    fn commas_in_a_path_or_a_user_do_not_move_the_fields() {
        for path in [
            "/a,b",
            "/,HTTP/1.1,200,12,1-2",
            "/,HTTP/1.1,200,12,1-2,ext,",
            "/,18/Nov/2020:05:28:56 +0000,GET,/",
            "/\n\u{0}é,",
        ] {
            for principals in ["-,-", ",", "AROA:a,b,ann", ",,,,"] {
                let line = format!(
                    "203.0.113.7,{principals},18/Nov/2020:05:28:56 +0000,GET,{path},HTTP/1.1,500,99,1-2"
                );
                let mut fields = [Some("GET"), Some(path), None, Some("203.0.113.7"), Some("1-2"), None];
                check(read(&line), &line, 500, fields);
                fields[5] = Some("JKJ=");
                let line = format!("{line},JKJ=");
                check(read(&line), &line, 500, fields);
            }
        }
    }

    #[test]
    fn further_fields_before_and_behind_are_kept_as_text() {
        let (ip, id) = (Some("203.0.113.7"), Some("1-2"));
        for (line, fields) in [
            (
                "203.0.113.7,18/Nov/2020:05:28:56 +0000,GET,GET /pets,HTTP/1.1,500,36,JKJ=,JKJ=",
                [Some("GET"), None, Some("GET /pets"), ip, Some("JKJ="), Some("JKJ=")],
            ),
            (
                "JKJ=,203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,36,1-2",
                [Some("GET"), Some("/"), None, ip, id, Some("JKJ=")],
            ),
            (
                "prod,x,203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,$default,HTTP/1.1,500,0,1-2",
                [Some("GET"), None, Some("$default"), ip, id, None],
            ),
            (
                "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,-1,1-2",
                [Some("GET"), Some("/"), None, ip, Some("-1"), Some("1-2")],
            ),
            (
                "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2,JKJ=,200,12,the text",
                [Some("GET"), Some("/"), None, ip, id, Some("JKJ=")],
            ),
            (
                "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500",
                [Some("GET"), Some("/"), None, ip, None, None],
            ),
            (
                "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,MESSAGE,sendMessage,Lx1=,500,1-2",
                [None, None, Some("sendMessage"), ip, id, None],
            ),
        ] {
            check(read(line), line, 500, fields);
        }
        let line = "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2,200,It failed, again";
        assert_eq!(read(line).unwrap().log.cause.unwrap().text, "It failed, again");
    }

    #[test]
    fn a_line_whose_fields_are_all_quoted_is_read_as_the_preset() {
        let time = "18/Nov/2020:05:28:56 +0000";
        let (ip, id) = (Some("203.0.113.7"), Some("c6af-11"));
        for (line, fields) in [
            (
                format!(r#""203.0.113.7","-","-","{time}","GET","/a","HTTP/1.1","502","404","c6af-11""#),
                [Some("GET"), Some("/a"), None, ip, id, None],
            ),
            (
                format!(r#""203.0.113.7","-","-","{time}","-","-","HTTP/1.1","502","200","c6af-11","JKJ=""#),
                [None, None, None, ip, id, Some("JKJ=")],
            ),
            (
                format!(r#""203.0.113.7","{time}","GET","GET /a","HTTP/1.1","502","403","c6af-11""#),
                [Some("GET"), None, Some("GET /a"), ip, id, None],
            ),
            (
                format!(r#""203.0.113.7","-","-","{time}","MESSAGE","send","Lx1=","502","c6af-11","120""#),
                [None, None, Some("send"), ip, id, None],
            ),
        ] {
            check(read(&line), &line, 502, fields);
        }
        let line = |behind: &str| {
            format!(r#""203.0.113.7","-","-","{time}","GET","/a","HTTP/1.1","502","404","c6af-11",{behind}"#)
        };
        let agent = line(r#""499","Mozilla/5.0 (X11, Linux)""#);
        let log = read(&agent).unwrap().log;
        assert_eq!((log.user_agent.as_deref(), log.cause), (Some("Mozilla/5.0 (X11, Linux)"), None));
        let cause = line(r#""499","It failed, again""#);
        assert_eq!(read(&cause).unwrap().log.cause.unwrap().text, "It failed, again");
    }

    #[test]
    fn a_client_s_text_between_quotes_gives_no_other_status() {
        let time = "18/Nov/2020:05:28:56 +0000";
        for text in [r#"x","HTTP/1.1","200","12","c6af"#, r#"","HTTP/1.1","200","#, r#"HTTP/1.1","200"#] {
            for line in [
                format!(r#""203.0.113.7","-","-","{time}","GET","/{text}","HTTP/1.1","502","36","c6af""#),
                format!(r#""203.0.113.7","-","-","{time}","GET","/","HTTP/1.1","502","36","c6af","{text}""#),
            ] {
                let found = read(&line).map(|line| line.log.status.code());
                assert!(found.is_none_or(|found| found == 502), "{line}");
            }
        }
    }

    #[test]
    fn a_forged_status_gives_no_other_one() {
        for line in [
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2,x,HTTP/1.1,200,a b",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/x,HTTP/1.1,200,HTTP/1.1,500,0,1-2,3,4,5",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_line_of_another_shape_is_no_access_log() {
        for line in [
            "",
            ",,,,,,,,,",
            "2020-11-18 05:28:56,203.0.113.7,GET,/,500",
            "203.0.113.7,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2",
            "203.0.113.7,-,a b,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2",
            "unknown,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56,GET,/,HTTP/1.1,500,0,1-2",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,/,HTTP/1.1,500,0,1-2",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,pets,HTTP/1.1,500,0,1-2",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,600,0,1-2",
            "203.0.113.7,18/Nov/2020:05:28:56 +0000,GET,pets,HTTP/1.1,500,0,1-2",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
