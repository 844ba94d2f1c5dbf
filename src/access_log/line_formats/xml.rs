//! A line of the XML preset in, an [`AccessLog`] out; `None` for any line of another shape.
//!
//! API Gateway is not known to escape what a client sent: elements are not searched for, but taken from the front up
//! to the path and from the end back to it. Whatever tags a path holds, none of them ever passes for a field.

use super::AccessLog;
use super::preset::{PresetLine, Target, without_line_ending};

/// `<request id="…">` with, for a REST API, `extendedRequestId` (older formats lack it), `ip`, `caller`, `user`,
/// `requestTime`, `httpMethod`, `resourcePath`, `status`, `protocol` and `responseLength` in this order; for an HTTP
/// API without the extended id, caller and user, and with `routeKey` for `resourcePath`.
pub(super) fn read(line: &str) -> Option<AccessLog<'_>> {
    split(line)?.access_log()
}

/// The parts by position; their shapes are not looked at.
pub(super) fn split(line: &str) -> Option<PresetLine<'_>> {
    let body = without_line_ending(line).trim_ascii().strip_prefix("<request id=\"")?;
    let (request_id, body) = body.split_once('"')?;
    let body = body.trim_ascii_start().strip_prefix('>')?.strip_suffix("</request>")?;

    let (body, response_length) = last(body, "responseLength")?;
    let (body, protocol) = last(body, "protocol")?;
    let (body, status) = last(body, "status")?;

    let (extended_request_id, body) = first(body, "extendedRequestId").unwrap_or(("", body));
    let (ip, body) = first(body, "ip")?;
    let (principals, body) = match first(body, "caller") {
        None => (None, body),
        Some((caller, body)) => first(body, "user").map(|(user, body)| (Some((caller, user)), body))?,
    };
    let (request_time, body) = first(body, "requestTime")?;
    let (method, body) = first(body, "httpMethod")?;

    let target = match only(body, "resourcePath") {
        Some(path) => Target::ResourcePath(path),
        None => Target::RouteKey(only(body, "routeKey")?),
    };
    Some(PresetLine {
        ip,
        principals,
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

/// The text of the element that stands first, and what follows it.
fn first<'a>(body: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let opened = body.trim_ascii_start().strip_prefix('<')?.strip_prefix(name)?.strip_prefix('>')?;
    let (text, rest) = opened.split_once("</")?;
    Some((text, rest.strip_prefix(name)?.strip_prefix('>')?))
}

/// What stands before the element that stands last, and its text.
fn last<'a>(body: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let closed = body.trim_ascii_end().strip_suffix('>')?.strip_suffix(name)?.strip_suffix("</")?;
    let (rest, text) = closed.rsplit_once('<')?;
    Some((rest, text.strip_prefix(name)?.strip_prefix('>')?))
}

/// The text of the one element that is left, whatever tags stand in it.
fn only<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let opened = body.trim_ascii().strip_prefix('<')?.strip_prefix(name)?.strip_prefix('>')?;
    opened.strip_suffix('>')?.strip_suffix(name)?.strip_suffix("</")
}

#[cfg(test)]
mod tests {
    use super::super::preset::check;
    use super::*;

    const TIME: &str = "<requestTime>18/Nov/2020:05:28:56 +0000</requestTime>";

    fn rest(path: &str, extended_request_id: &str) -> String {
        format!(
            "<request id=\"1-2\"> {extended_request_id}<ip>203.0.113.7</ip> <caller>-</caller> <user>-</user> {TIME} \
             <httpMethod>GET</httpMethod> <resourcePath>{path}</resourcePath> <status>500</status> \
             <protocol>HTTP/1.1</protocol> <responseLength>36</responseLength> </request>"
        )
    }

    fn http(key: &str) -> String {
        format!(
            "<request id=\"JKJ=\"> <ip>203.0.113.7</ip> {TIME} <httpMethod>GET</httpMethod> <routeKey>{key}</routeKey> \
             <status>500</status> <protocol>HTTP/1.1</protocol> <responseLength>36</responseLength> </request>"
        )
    }

    #[test]
    fn a_rest_api_s_line_is_read_with_and_without_the_extended_request_id() {
        let mut fields = [Some("GET"), Some("/pets/{id}"), None, Some("203.0.113.7"), Some("1-2"), None];
        let line = rest("/pets/{id}", "");
        check(read(&line), &line, 500, fields);
        fields[5] = Some("JKJ=");
        let line = rest("/pets/{id}", "<extendedRequestId>JKJ=</extendedRequestId> ");
        check(read(&line), &line, 500, fields);
    }

    #[test]
    fn an_http_api_s_line_is_read_with_each_kind_of_route_key() {
        for key in ["GET /pets", "$default", "/pets"] {
            let line = http(key);
            check(
                read(&line),
                &line,
                500,
                [Some("GET"), None, Some(key), Some("203.0.113.7"), Some("JKJ="), None],
            );
        }
    }

    #[test]
    fn white_space_between_the_elements_and_missing_values_do_not_matter() {
        for line in [
            rest("-", "").replace("> <", "><"),
            rest("-", "").replace(">-<", "><"),
            rest("", "").replace("> <", ">\n\t<").replace("1-2\"", "1-2\" ") + "\r\n",
        ] {
            check(read(&line), &line, 500, [Some("GET"), None, None, Some("203.0.113.7"), Some("1-2"), None]);
        }
    }

    #[test]
    fn tags_in_a_path_stay_a_path() {
        for path in [
            "/<status>200</status>",
            "/</resourcePath> <status>200</status> <protocol>HTTP/1.1</protocol> <responseLength>1</responseLength> </request>",
            "/</resourcePath> <status>200</status> <resourcePath>",
            "/?a=1&amp;b=2&c=<![CDATA[",
        ] {
            let line = rest(path, "");
            check(
                read(&line),
                &line,
                500,
                [Some("GET"), Some(path), None, Some("203.0.113.7"), Some("1-2"), None],
            );
        }
    }

    #[test]
    fn a_line_of_another_shape_is_no_access_log() {
        let line = rest("/pets", "");
        for (found, other) in [
            ("<request ", "<response "),
            ("<ip>203.0.113.7</ip>", ""),
            ("<ip>203.0.113.7</ip>", "<ip>unknown</ip>"),
            ("<ip>203.0.113.7</ip> <caller>-</caller>", "<caller>-</caller> <ip>203.0.113.7</ip>"),
            ("<caller>-</caller>", ""),
            ("<user>-</user>", ""),
            ("<user>-</user>", "<user><user>-</user></user>"),
            (TIME, ""),
            (TIME, "<requestTime>2020-11-18T05:28:56Z</requestTime>"),
            ("<httpMethod>GET</httpMethod>", "<httpMethod>GET</httpMethod> <extra>1</extra>"),
            ("<resourcePath>/pets</resourcePath>", "<routeKey>/pets</routeKey>"),
            ("<resourcePath>/pets</resourcePath>", "<resourcePath>pets</resourcePath>"),
            ("<status>500</status>", ""),
            ("<status>500</status>", "<status>-</status>"),
            ("<status>500</status>", "<status> 500</status>"),
            ("<status>500</status>", "<status>500</status> <status>500</status>"),
            ("<protocol>HTTP/1.1</protocol>", "<protocol>tcp</protocol>"),
            ("</request>", ""),
            ("</request>", "</request> 500"),
        ] {
            assert!(line.contains(found), "{found}");
            assert_eq!(read(&line.replace(found, other)), None, "{found} as {other}");
        }
        for other in [
            "",
            "<request id=\"1-2\"></request>",
            "<status>500</status>",
            &http("pets"),
            &http("/pets").replace("<ip>", "<extendedRequestId>JKJ=</extendedRequestId> <ip>"),
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
