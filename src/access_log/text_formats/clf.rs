//! A line in the Common Log Format in, what it says out: API Gateway's presets for REST, HTTP and WebSocket APIs,
//! and what Apache and nginx write, the combined format included.
//!
//! A line is CLF when it has the head up to the status: address, two principals, bracketed time, quoted request.
//! What follows is kept as text. Where a client has managed to write what looks like a second end of the request with
//! another status, the presets' own end decides, and where that is not there the line has no status that we know.

use super::request_line::{Behind, End, PathIs, Request, Who};
use super::shapes::{self, REQUEST_TIME_BYTES};
use super::{CALLER, FormatLine, Part, Target, USER, blank_separated, without_line_ending};

/// `ip caller user [time] "request" status` with further fields before the address and behind the status.
///
/// The request is `method target protocol`, or `eventType routeKey connectionId` of a WebSocket API.
pub(in crate::access_log) fn read(line: &str) -> Option<FormatLine<'_>> {
    let (before, time, behind) = around_time(without_line_ending(line))?;
    let who = Who::read(&before.split(' ').collect::<Vec<_>>(), |principals| match principals {
        [caller, user] if shapes::is_principal(caller) && shapes::is_principal(user) => {
            Some(vec![Part::known(CALLER, caller), Part::known(USER, user)])
        }
        _ => None,
    })?;
    let end = end_of_request(behind).or_else(|| end_of_any_request(behind))?;

    let more = Behind::read(end.behind, &blank_separated(end.behind));
    let is_other = matches!(end.request, Request::Other(_));
    let path_is = if more.is_web_server { PathIs::Path } else { PathIs::ResourcePath };
    if is_other && !more.is_web_server { None } else { end.line(who, time, more, path_is) }
}

/// What stands before the bracketed request time, the time, and what stands behind the quote that opens the request.
fn around_time(line: &str) -> Option<(&str, &str, &str)> {
    line.match_indices(" [").find_map(|(at, bracket)| {
        let (time, behind) = line.get(at + bracket.len()..)?.split_at_checked(REQUEST_TIME_BYTES)?;
        let behind = behind.strip_prefix(']')?;
        // AWS's page for REST APIs has no space there, its console has one.
        let behind = behind.strip_prefix(' ').unwrap_or(behind).strip_prefix('"')?;
        shapes::is_request_time(time).then_some((line.get(..at)?, time, behind))
    })
}

/// The end of a request of API Gateway's or of HTTP.
fn end_of_request(text: &str) -> Option<End<'_>> {
    let ends = text.match_indices('"').filter_map(|(quote, _)| end_at(text, quote, request));
    End::sure(ends, ' ')
}

/// The end of a request that is none, as a web server logs it: `-`, or bytes with every quote escaped. There must be
/// only one place that looks like it.
fn end_of_any_request(text: &str) -> Option<End<'_>> {
    let is_escaped = |quote: usize| text.get(..quote).is_some_and(|before| before.ends_with('\\'));
    let quotes = text.match_indices('"').map(|(quote, _)| quote).filter(|&quote| !is_escaped(quote));
    let mut ends = quotes.filter_map(|quote| end_at(text, quote, |text| Some(Request::Other(text))));
    let end = ends.next()?;
    ends.next().is_none().then_some(end)
}

fn end_at<'a>(
    text: &'a str,
    quote: usize,
    request: impl FnOnce(&'a str) -> Option<Request<'a>>,
) -> Option<End<'a>> {
    let rest = text.get(quote + 1..)?.strip_prefix(' ')?;
    let (status_text, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = shapes::status(status_text)?;
    Some(End { request: request(text.get(..quote)?)?, status, status_text, behind })
}

fn request(text: &str) -> Option<Request<'_>> {
    let (method, rest) = text.split_once(' ')?;
    let (target, last) = rest.rsplit_once(' ')?;
    if shapes::or_missing(method, shapes::is_method)
        && shapes::or_missing(last, shapes::is_protocol)
        && Target::of_request(target).is_some()
    {
        return Some(Request::Http { method, target, protocol: last });
    }
    let is_web_socket = shapes::is_event_type(method) && shapes::is_id(last) && !target.contains('"');
    is_web_socket.then_some(Request::WebSocket { event_type: method, route_key: target, connection_id: last })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, status: u16, fields: [Option<&str>; 6]) {
        super::super::check(read(line), line, status, fields);
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

    /// Status, route, request id, user agent and error message.
    #[track_caller]
    fn check_said(line: &str, expected: (u16, &str, &str, &str, &str)) {
        let log = read(line).unwrap_or_else(|| panic!("not read: {line}")).log;
        let mut route = String::new();
        log.write_route(&mut route);
        let (id, agent) = (log.request_id.as_deref(), log.user_agent.as_deref());
        let cause = log.cause.as_ref().map(|cause| cause.text.as_ref());
        let [id, agent, cause] = [id, agent, cause].map(Option::unwrap_or_default);
        assert_eq!((log.status.code(), &*route, id, agent, cause), expected, "{line}");
    }

    #[test]
    fn the_presets_as_aws_and_cdk_write_them_today_are_read() {
        for (line, expected) in [
            (
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000]"GET /pets/{id} HTTP/1.1" 502 36 c6af-11 JKJ="#,
                (502, "GET /pets/{id}", "c6af-11", "", ""),
            ),
            (
                r#"JKJ= 203.0.113.7 - - [18/Nov/2020:05:28:56 +0000]"GET /pets HTTP/1.1" 502 36 c6af-11"#,
                (502, "GET /pets", "c6af-11", "", ""),
            ),
            (
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET - HTTP/1.1" 404 23 KXy="#,
                (404, "GET", "KXy=", "", ""),
            ),
            (
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET  HTTP/1.1" 404 23 KXy="#,
                (404, "GET", "KXy=", "", ""),
            ),
            (
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "MESSAGE sendMessage Lx1=" 500 KXy="#,
                (500, "sendMessage", "KXy=", "", ""),
            ),
            (
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "CONNECT $connect Lx1=" 403 KXy="#,
                (403, "$connect", "KXy=", "", ""),
            ),
        ] {
            check_said(line, expected);
        }
    }

    #[test]
    fn what_follows_the_status_is_kept_and_a_message_of_several_words_is_the_cause() {
        let check = |behind: &str, id: &str, agent: &str, message: &str| {
            let line = format!(
                r#"203.0.113.8 - - [18/Nov/2020:05:28:58 +0000] "GET GET /items HTTP/1.1" 500 {behind}"#
            );
            check_said(&line, (500, "GET /items", id, agent, message));
        };
        check("35 KXy= -", "KXy=", "", "");
        check("35 KXy= The function failed.", "KXy=", "", "The function failed.");
        check("35 KXy= JKJ= 12 0.013 - The function failed", "KXy=", "", "The function failed");
        check("35 c6af Endpoint request timed out", "c6af", "", "Endpoint request timed out");
        check("35 c6af 12 503", "c6af", "", "");
        check(r#"35 c6af "Mozilla/5.0 (X11; Linux)" 12"#, "c6af", "Mozilla/5.0 (X11; Linux)", "");
        check(r#"35 c6af "Internal server error""#, "c6af", "", "Internal server error");
        check(r#"35 c6af "Internal "server" error""#, "c6af", "", r#"Internal "server" error"#);
        check("1k id", "1k", "", "");
        check("1 i;d", "", "", "");
        check("1 id ext more", "id", "", "ext more");
        check("- -", "", "", "");
    }

    #[test]
    fn what_web_servers_write_is_read() {
        let head = "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700]";
        for (behind, expected) in [
            (r#""GET /a/7.gif?x=1 HTTP/1.0" 500 2326"#, (500, "GET /a/7.gif", "", "", "")),
            (r#""GET /a HTTP/1.0" 500"#, (500, "GET /a", "", "", "")),
            (
                r#""GET /u/42 HTTP/2.0" 500 2326 "http://example.com/" "curl/8.0""#,
                (500, "GET /u/{id}", "", "curl/8.0", ""),
            ),
            (r#""GET /a HTTP/1.1" 502 157 "-" "a bot" "198.51.100.4""#, (502, "GET /a", "", "a bot", "")),
            (
                r#""GET /a\" 200 1 \" HTTP/1.1" 502 1 "-" "x\" 200 1""#,
                (502, "GET /a\\\" 200 1 \\\"", "", "x\\\" 200 1", ""),
            ),
            (r#""-" 408 - "-" "-""#, (408, "", "", "", "")),
            (r#""" 400 0 "-" "-""#, (400, "", "", "", "")),
            (r#""\x16\x03\x01\" 200 1" 400 226"#, (400, "", "", "", "")),
        ] {
            check_said(&format!("{head} {behind}"), expected);
            check_said(&format!("www.example.com:80 {head} {behind}"), expected);
        }
    }

    #[test]
    fn a_user_agent_that_forges_an_end_gives_no_other_status() {
        for agent in [r#"x HTTP/1.1" 200 12 c6af"#, r#"x HTTP/1.1" 200 12 "y"#, r#"" 200 12 c6af "#] {
            let line = format!(
                r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /a HTTP/1.1" 500 99 c6af "{agent}""#
            );
            assert!(read(&line).is_none_or(|line| line.log.status.code() == 500), "{line}");
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
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /x" 500 1 "HTTP/1.1" 200 1309 id"#,
            r#"INFO 127.0.0.1 - - [18/Nov/2020 05:28:56] "GET / HTTP/1.1" 500 -"#,
            r#"[18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "MESSAGE send;Message" 500 id"#,
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
            r#" 203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET / HTTP/1.1" 500 1 id"#,
            r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +000é] "GET / HTTP/1.1" 500 1 id"#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
