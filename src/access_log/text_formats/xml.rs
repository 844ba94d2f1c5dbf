//! A line of XML in, what it says out: API Gateway's presets for REST, HTTP and WebSocket APIs, with the elements in
//! any order and further elements among them.
//!
//! API Gateway is not known to escape what a client sent: elements are not searched for, but taken from the front up
//! to the path and from the end back to it. Whatever tags a path holds, none of them ever passes for a field, and a
//! line in which a field stands twice has none that we know.

use super::shapes;
use super::{FormatLine, Part, PartName, Target, present, without_line_ending};
use crate::access_log::fields::{Fields, Path, Value};

/// More elements than any format has.
const MAX_ELEMENTS: usize = 64;

/// `<request id="…">` with at least `ip`, `requestTime` and `status`.
pub(in crate::access_log) fn read(line: &str) -> Option<FormatLine<'_>> {
    let body = without_line_ending(line).trim_ascii().strip_prefix("<request")?;
    let (request_id, body) = match body.trim_ascii_start().strip_prefix("id=\"") {
        Some(id) => id.split_once('"')?,
        None => ("", body),
    };
    let body = body.trim_ascii_start().strip_prefix('>')?.strip_suffix("</request>")?;
    let elements = elements(body)?;

    let get =
        |names: &[&str]| elements.iter().find(|element| names.contains(&element.name)).map(|it| it.text);
    let text = |names: &[&str]| get(names).unwrap_or_default();
    let (ip, time) = (get(&["ip", "sourceIp"])?, get(&["requestTime"])?);
    let (method, protocol) = (text(&["httpMethod", "method"]), text(&["protocol"]));
    let principals = [text(&["caller"]), text(&["user"])];
    let own_id = text(&["requestId"]);
    let request_id = if request_id.is_empty() { own_id } else { request_id };
    let extended_request_id = text(&["extendedRequestId"]);
    let shaped = shapes::or_missing(ip, shapes::is_ip)
        && shapes::or_missing(time, shapes::is_request_time)
        && shapes::or_missing(method, shapes::is_method)
        && shapes::or_missing(protocol, shapes::is_protocol)
        && principals.iter().all(|principal| shapes::is_principal(principal))
        && shapes::or_missing(request_id, shapes::is_id)
        && shapes::or_missing(extended_request_id, shapes::is_id)
        && shapes::or_missing(text(&["responseLength"]), shapes::is_number);
    if !shaped {
        return None;
    }
    let (path, key) = (text(&["resourcePath", "path"]), text(&["routeKey"]));
    // A WebSocket API's route key is any text.
    let is_web_socket = get(&["eventType"]).is_some_and(shapes::is_event_type);
    let is_target = |text| shapes::is_missing(text) || shapes::is_path(text);
    if !is_target(path) || !(is_web_socket || Target::of_request(key).is_some()) {
        return None;
    }
    shapes::status(get(&["status"])?)?;
    let mut fields = Fields::default();
    for element in &elements {
        fields.set(Path::default().down(element.name), Value::Plain(element.text));
    }
    let mut log = fields.access_log()?;
    log.request_id = present(request_id);
    let mut parts = vec![Part::known(super::REQUEST_ID, request_id)];
    parts.extend(elements.iter().map(Element::part));
    Some(FormatLine { log, parts })
}

struct Element<'a> {
    name: &'a str,
    text: &'a str,
}

impl<'a> Element<'a> {
    fn is_target(&self) -> bool {
        is_target(self.name)
    }

    fn part(&self) -> Part<'a> {
        match self.name {
            "ip" => Part::known(super::IP, self.text),
            _ if self.is_target() => Part::known(super::TARGET, self.text),
            name => Part { name: PartName::InLine(name), text: self.text },
        }
    }
}

fn is_target(name: &str) -> bool {
    matches!(name, "resourcePath" | "routeKey" | "path")
}

/// All elements; `None` where one stands twice, or where text stands between them.
fn elements(body: &str) -> Option<Vec<Element<'_>>> {
    let (mut elements, mut rest) = (Vec::new(), body);
    while let Some((element, behind)) = first(rest) {
        if element.is_target() || elements.len() == MAX_ELEMENTS {
            break;
        }
        elements.push(element);
        rest = behind;
    }
    // From here on a client's text may stand, so from the end back.
    while !rest.trim_ascii().is_empty() {
        let is_last = opened(rest.trim_ascii_start()).is_some_and(|(name, _)| is_target(name));
        let (before, element) = match only(rest).filter(|_| is_last) {
            Some(element) => ("", element),
            None => last(rest)?,
        };
        if elements.len() == MAX_ELEMENTS {
            return None;
        }
        elements.push(element);
        rest = before;
    }
    let mut names: Vec<&str> = elements.iter().map(|element| element.name).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair.first() != pair.last()).then_some(elements)
}

/// `<name>` at the beginning of a text: the name, and what follows.
fn opened(text: &str) -> Option<(&str, &str)> {
    let (name, behind) = text.strip_prefix('<')?.split_once('>')?;
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_name.then_some((name, behind))
}

/// The element that stands first, and what follows it.
fn first(body: &str) -> Option<(Element<'_>, &str)> {
    let (name, behind) = opened(body.trim_ascii_start())?;
    let (text, rest) = behind.split_once("</")?;
    let rest = rest.strip_prefix(name)?.strip_prefix('>')?;
    Some((Element { name, text }, rest))
}

/// What stands before the element that stands last, and that element.
fn last(body: &str) -> Option<(&str, Element<'_>)> {
    let (before, name) = body.trim_ascii_end().strip_suffix('>')?.rsplit_once("</")?;
    let mut opened = before.rmatch_indices('<');
    opened.find_map(|(at, _)| {
        let text = before.get(at + 1..)?.strip_prefix(name)?.strip_prefix('>')?;
        (!name.is_empty()).then_some((before.get(..at)?, Element { name, text }))
    })
}

/// The element that is all of the text, whatever tags stand in it.
fn only(body: &str) -> Option<Element<'_>> {
    let (name, behind) = opened(body.trim_ascii())?;
    let text = behind.strip_suffix('>')?.strip_suffix(name)?.strip_suffix("</")?;
    Some(Element { name, text })
}

#[cfg(test)]
mod tests {
    use super::super::check;
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
    fn elements_may_stand_in_any_order_and_others_among_them() {
        let (ip, id) = (Some("203.0.113.7"), Some("1-2"));
        let line = rest("/pets", "");
        let fields = [Some("GET"), Some("/pets"), None, ip, id, None];
        for (found, other) in [
            ("<ip>203.0.113.7</ip> <caller>-</caller>", "<caller>-</caller> <ip>203.0.113.7</ip>"),
            ("<caller>-</caller>", ""),
            ("<user>-</user>", ""),
            ("<httpMethod>GET</httpMethod>", "<httpMethod>GET</httpMethod> <extra>1</extra>"),
            ("</request>", "<a>200</a> <userAgent>x < y <status>200</status></userAgent> </request>"),
            ("<ip>", "<userAgent>x < y <status>200</status></b></userAgent> <ip>"),
            ("<request id=\"1-2\">", "<request> <requestId>1-2</requestId>"),
        ] {
            assert!(line.contains(found), "{found}");
            let line = line.replace(found, other);
            check(read(&line), &line, 500, fields);
        }
        let line = line.replace("<resourcePath>/pets</resourcePath>", "<routeKey>/pets</routeKey>");
        check(read(&line), &line, 500, [Some("GET"), None, Some("/pets"), ip, id, None]);
        let line = line.replace("</request>", "<extendedRequestId>JKJ=</extendedRequestId></request>");
        check(read(&line), &line, 500, [Some("GET"), None, Some("/pets"), ip, id, Some("JKJ=")]);
        let line = format!(
            "<request id=\"1-2\"> <ip>203.0.113.7</ip> <caller>-</caller> <user>-</user> {TIME} \
             <eventType>MESSAGE</eventType> <routeKey>sendMessage</routeKey> <status>500</status> \
             <connectionId>Lx1=</connectionId> </request>"
        );
        check(read(&line), &line, 500, [None, None, Some("sendMessage"), ip, id, None]);
    }

    #[test]
    fn a_user_agent_that_forges_elements_gives_no_other_status() {
        for agent in ["x</userAgent><status>200</status><userAgent>y", "x</userAgent><status>200</status><b>"]
        {
            for place in ["<ip>", "</request>"] {
                let line =
                    rest("/pets", "").replace(place, &format!("<userAgent>{agent}</userAgent>{place}"));
                assert!(read(&line).is_none_or(|line| line.log.status.code() == 500), "{line}");
            }
        }
    }

    #[test]
    fn a_line_of_another_shape_is_no_access_log() {
        let line = rest("/pets", "");
        for (found, other) in [
            ("<request ", "<response "),
            ("<ip>203.0.113.7</ip>", ""),
            ("<ip>203.0.113.7</ip>", "<ip>unknown</ip>"),
            ("<user>-</user>", "<user><user>-</user></user>"),
            (TIME, ""),
            (TIME, "<requestTime>2020-11-18T05:28:56Z</requestTime>"),
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
        for other in ["", "<request id=\"1-2\"></request>", "<status>500</status>", &http("pets")] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
