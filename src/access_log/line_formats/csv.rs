//! A line of the CSV preset in, an [`AccessLog`] out; `None` for any line of another shape.
//!
//! The preset does not quote, so a path or a user may hold commas: the line is fitted from both ends.
//! What follows the path is found from the line's end, so that no client's text ever passes for the status.

use super::AccessLog;
use super::preset::{
    PresetLine, REQUEST_TIME_BYTES, Target, is_protocol, is_request_time, without_line_ending,
};

/// For a REST API `ip,caller,user,time,method,resourcePath,protocol,status,length,requestId`, with or without an
/// extended request id at the end; for an HTTP API `ip,time,method,routeKey,protocol,status,length,requestId`.
pub(super) fn read(line: &str) -> Option<AccessLog<'_>> {
    split(line)?.access_log()
}

/// The parts by position; most shapes are not looked at.
pub(super) fn split(line: &str) -> Option<PresetLine<'_>> {
    let (who, request_time, rest) = around_request_time(without_line_ending(line))?;
    let (method, rest) = rest.split_once(',')?;
    let (ip, principals) = match who.split_once(',') {
        None => (who, None),
        Some((ip, both)) => match both.split_once(',')? {
            (_, user) if user.contains(',') => (ip, Some((both, both))),
            caller_and_user => (ip, Some(caller_and_user)),
        },
    };
    let is_rest = principals.is_some();
    let (end, extended_request_id) = match end(rest) {
        Some(end) => (end, ""),
        None if is_rest => rest.rsplit_once(',').and_then(|(rest, id)| Some((end(rest)?, id)))?,
        None => return None,
    };
    Some(PresetLine {
        ip,
        principals,
        request_time,
        method,
        target: if is_rest { Target::ResourcePath(end.target) } else { Target::RouteKey(end.target) },
        protocol: end.protocol,
        status: end.status,
        response_length: end.response_length,
        request_id: end.request_id,
        extended_request_id,
    })
}

/// What stands before the request time, the request time, and what stands after it.
///
/// It is the first that has the shape: a later one stands in the path, since neither an address nor a caller nor a
/// user can hold the space that it has.
fn around_request_time(line: &str) -> Option<(&str, &str, &str)> {
    line.match_indices(',').find_map(|(comma, _)| {
        let (time, rest) = line.get(comma + 1..)?.split_at_checked(REQUEST_TIME_BYTES)?;
        Some((line.get(..comma)?, time, rest.strip_prefix(',')?)).filter(|_| is_request_time(time))
    })
}

struct End<'a> {
    target: &'a str,
    protocol: &'a str,
    status: &'a str,
    response_length: &'a str,
    request_id: &'a str,
}

/// `target,protocol,status,length,requestId`, the target with whatever commas it has.
///
/// Where an extended request id follows, the status would stand in the protocol's place, which it does not fit.
fn end(rest: &str) -> Option<End<'_>> {
    let mut end = rest.rsplitn(5, ',');
    let (request_id, response_length, status, protocol) =
        (end.next()?, end.next()?, end.next()?, end.next()?);
    is_protocol(protocol).then_some(End {
        target: end.next()?,
        protocol,
        status,
        response_length,
        request_id,
    })
}

#[cfg(test)]
mod tests {
    use super::super::preset::check;
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
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,$default,HTTP/1.1,500,0,1-2",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,600,0,1-2",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,-1,1-2",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2,ext,more",
            "203.0.113.7,-,-,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0",
            "203.0.113.7,18/Nov/2020:05:28:56 +0000,GET,pets,HTTP/1.1,500,0,1-2",
            "203.0.113.7,18/Nov/2020:05:28:56 +0000,GET,/,HTTP/1.1,500,0,1-2,JKJ=",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
