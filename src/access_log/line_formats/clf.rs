//! A line of the CLF preset in, an [`AccessLog`] out; `None` for any line of another shape.
//!
//! The status is found from the line's end, where no client's text can stand: whatever a hostile path holds
//! between the quotes, it never passes for a field.

use super::AccessLog;
use super::preset::{PresetLine, REQUEST_TIME_BYTES, Target, without_line_ending};

/// `ip caller user [time] "method target protocol" status length requestId`, with or without an extended
/// request id at the end.
pub(super) fn read(line: &str) -> Option<AccessLog<'_>> {
    split(line)?.access_log()
}

/// The parts by position; their shapes are not looked at.
pub(super) fn split(line: &str) -> Option<PresetLine<'_>> {
    let (head, tail) = without_line_ending(line).rsplit_once('"')?;

    let mut tail = tail.strip_prefix(' ')?.split(' ');
    let (status, response_length, request_id) = (tail.next()?, tail.next()?, tail.next()?);
    let extended_request_id = tail.next().unwrap_or_default();
    if tail.next().is_some() {
        return None;
    }

    let (ip, rest) = head.split_once(' ')?;
    let (caller, rest) = rest.split_once(' ')?;
    let (user, rest) = rest.split_once(' ')?;
    let (request_time, rest) = rest.strip_prefix('[')?.split_at_checked(REQUEST_TIME_BYTES)?;
    let request = rest.strip_prefix("] \"")?;

    let (method, rest) = request.split_once(' ')?;
    let (target, protocol) = rest.rsplit_once(' ')?;
    let target = Target::Either(target);
    Some(PresetLine {
        ip,
        principals: Some((caller, user)),
        request_time,
        method,
        target,
        protocol,
        status,
        response_length,
        request_id,
        extended_request_id,
    })
}

#[cfg(test)]
mod tests {
    use super::super::preset;
    use super::*;

    fn check(line: &str, status: u16, fields: [Option<&str>; 6]) {
        preset::check(read(line), line, status, fields);
    }

    #[test]
    fn a_rest_api_s_line_is_read_with_and_without_the_extended_request_id() {
        check(
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /pets/{id} HTTP/1.1" 502 36 c6af9ac6-7b61-11e6-9a41-93e8deadbeef"#,
            502,
            [
                Some("GET"),
                Some("/pets/{id}"),
                None,
                Some("203.0.113.7"),
                Some("c6af9ac6-7b61-11e6-9a41-93e8deadbeef"),
                None,
            ],
        );
        check(
            "2001:db8::7 AIDAEXAMPLE arn:aws:iam::111122223333:user/ann [18/Nov/2020:05:28:56 +0000] \"- - -\" 429 - 1-2 JKJaXmPLvHcESHA=\n",
            429,
            [None, None, None, Some("2001:db8::7"), Some("1-2"), Some("JKJaXmPLvHcESHA=")],
        );
    }

    #[test]
    fn an_http_api_s_line_is_read_with_each_kind_of_route_key() {
        let check_request = |request: &str, resource_path, route_key| {
            let line =
                format!(r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "{request}" 500 0 JKJaXmPLvHcESHA="#);
            check(
                &line,
                500,
                [Some("GET"), resource_path, route_key, Some("203.0.113.7"), Some("JKJaXmPLvHcESHA="), None],
            );
        };
        check_request("GET GET /pets HTTP/1.1", None, Some("GET /pets"));
        check_request("GET $default HTTP/1.1", None, Some("$default"));
        check_request("GET /pets HTTP/1.1", Some("/pets"), None);
    }

    #[test]
    fn a_hostile_path_stays_a_path() {
        for path in [
            r#"/x HTTP/1.1" 200 12 1-2"#,
            r#"/" 200 12 1-2 "#,
            "/a b  c",
            r#"/[18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 200 1 1"#,
            "/\u{202e}\u{0}é",
        ] {
            let line =
                format!(r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET {path} HTTP/1.1" 500 99 id"#);
            check(&line, 500, [Some("GET"), Some(path), None, Some("203.0.113.7"), Some("id"), None]);
        }
    }

    #[test]
    fn a_line_of_another_shape_is_no_access_log() {
        for line in [
            "",
            "-",
            "500",
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
            "START RequestId: 7a3c1f0e-0000-0000-0000-000000000000 Version: $LATEST",
            "REPORT RequestId: 7a3c1f0e Duration: 500.12 ms Billed Duration: 501 ms Memory Size: 128 MB Max Memory Used: 64 MB",
            "(c6af9ac6-7b61-11e6-9a41-93e8deadbeef) Method completed with status: 500",
            r#"{"status":"500"}"#,
            // Apache's own CLF and its combined form have no request id.
            r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 500 2326"#,
            r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 500 2326 "http://example.com/" "Mozilla/4.08""#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56] "GET / HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000]  "GET / HTTP/1.1" 500 1 id"#,
            r#"host - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "get / HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / FTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET pets HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 600 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 0500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" - 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1k id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 i;d"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 id ext more"#,
            r#" 203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +000é] "GET / HTTP/1.1" 500 1 id"#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
