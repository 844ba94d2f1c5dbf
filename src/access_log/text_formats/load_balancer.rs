//! A line of an Application or Classic Load Balancer in, what it says out.
//!
//! The fields are read by position, each by its shape: what a client sends stands behind the status, in quotes.
//!
//! Source: Elastic Load Balancing user guides, "Access logs for your Application Load Balancer" and "Access logs for
//! your Classic Load Balancer", the syntax of entries.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{
    FormatLine, IP, METHOD, PROTOCOL, Part, PartName, STATUS, TARGET, USER_AGENT, blank_separated,
    path_of_url, present, shapes, unquoted, without_line_ending,
};
use crate::access_log::{AccessLog, Cause, CauseSource, Status};

/// What an Application Load Balancer's line has before the time.
const TYPES: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];

/// Names of the fields behind the user agent, as the guide has them.
const BEHIND: [&str; 17] = [
    "ssl_cipher",
    "ssl_protocol",
    "target_group_arn",
    "trace_id",
    "domain_name",
    "chosen_cert_arn",
    "matched_rule_priority",
    "request_creation_time",
    "actions_executed",
    "redirect_url",
    "error_reason",
    "target:port_list",
    "target_status_code_list",
    "classification",
    "classification_reason",
    "conn_trace_id",
    "transformed_host",
];

/// `[type] time elb client:port target:port` three times, two statuses, two lengths, `"request" "user agent"`, and
/// what follows.
pub(in crate::access_log) fn read(line: &str) -> Option<FormatLine<'_>> {
    let fields = blank_separated(without_line_ending(line));
    let is_application = fields.first().is_some_and(|first| TYPES.contains(first));
    let fields = fields.get(usize::from(is_application)..)?;
    let (&[time, balancer, client, target, t1, t2, t3, status, target_status, received, sent, request], rest) =
        fields.split_first_chunk()?;
    // A Classic Load Balancer that forwards TCP has no user agent either.
    let (agent, rest) = rest.split_first()?;
    let (request, agent) = (unquoted(request)?, unquoted(agent)?);
    let client_ip = address(client)?;
    let is_time = |text: &str| text == "-1" || shapes::is_decimal(text);
    let shaped = shapes::is_iso_time(time)
        && !balancer.is_empty()
        && (shapes::is_missing(target) || address(target).is_some())
        && [t1, t2, t3].iter().all(|text| is_time(text))
        && [received, sent].iter().all(|text| shapes::is_number(text))
        // A Classic Load Balancer writes 0 where no backend answered.
        && (matches!(target_status, "" | "-" | "0") || shapes::status(target_status).is_some());
    if !shaped {
        return None;
    }
    let (method, url) = request.split_once(' ')?;
    let (url, protocol) = url.rsplit_once(' ')?;
    if !shapes::or_missing(method, shapes::is_method) {
        return None;
    }
    let names = if is_application { BEHIND.as_slice() } else { BEHIND.get(..2)? };
    let behind = |name: &str| {
        let at = names.iter().position(|known| *known == name)?;
        rest.get(at).map(|field| unquoted(field).unwrap_or(field))
    };
    let actions = behind("actions_executed").unwrap_or_default();
    let log = AccessLog {
        method: present(method),
        path: present(path_of_url(url)),
        ip: present(client_ip),
        user_agent: present(agent),
        request_id: behind("trace_id").and_then(present),
        response_type: behind("error_reason").and_then(present).or_else(|| own_answer(actions)),
        integration_status: shapes::status(target_status).map(Status::code),
        waf_response: firewall(actions).map(Cow::Borrowed),
        cause: ["error_reason", "classification_reason"]
            .iter()
            .find_map(|name| present(behind(name)?).and_then(|reason| Cause::new(source(&reason), reason))),
        ..AccessLog::of(shapes::status(status)?)
    };
    let mut parts = vec![
        Part { name: PartName::InLine("time"), text: time },
        Part { name: PartName::InLine("elb"), text: balancer },
        // With its port: an address and a port are one secret.
        Part::known(IP, client),
        Part { name: PartName::InLine("target"), text: target },
        Part::known(METHOD, method),
        Part::known(TARGET, url),
        Part::known(PROTOCOL, protocol),
        Part::known(STATUS, status),
        Part::known(USER_AGENT, agent),
    ];
    let unknown = std::iter::repeat(PartName::Unknown);
    let names = names.iter().map(|&name| PartName::InLine(name)).chain(unknown);
    parts.extend(rest.iter().zip(names).map(|(&text, name)| Part { name, text }));
    Some(FormatLine { log, parts })
}

/// What the firewall decided, in API Gateway's words: it is the last action of a request that it blocked.
fn firewall(actions: &str) -> Option<&'static str> {
    let mut actions = actions.split(',');
    match actions.next_back() {
        Some("waf") => Some("WAF_BLOCK"),
        _ => actions.any(|action| action == "waf").then_some("WAF_ALLOW"),
    }
}

/// The action by which a rule of the load balancer answers itself, so that no target is to blame.
fn own_answer(actions: &str) -> Option<Cow<'_, str>> {
    actions.split(',').next_back().filter(|action| *action == "fixed-response").map(Cow::Borrowed)
}

/// Whose words an error reason is.
fn source(reason: &str) -> CauseSource {
    let begins = |words: [&str; 2]| words.iter().any(|word| reason.starts_with(word));
    match reason {
        _ if begins(["Lambda", "Target"]) => CauseSource::Integration,
        // A user's session, or a token that the load balancer verifies itself.
        _ if begins(["Auth", "JW"]) => CauseSource::Authorizer,
        _ if reason.starts_with("WAF") => CauseSource::Waf,
        _ => CauseSource::Gateway,
    }
}

/// The address of `address:port`, masked or not.
fn address(text: &str) -> Option<&str> {
    if shapes::is_masked(text) {
        return Some(text);
    }
    let (address, port) = text.rsplit_once(':')?;
    let address = address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address);
    let is_port = !port.is_empty() && port.len() <= 5 && shapes::is_number(port);
    (is_port && address.parse::<IpAddr>().is_ok()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.0.2.39:2817 10.0.0.1:80 \
                        0.000 0.001 0.000";
    const BEHIND: &str = r#"34 366 "GET http://www.example.com:80/orders/42?x=1 HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337262-36d228ad" "-" "-" 0 2018-07-02T22:22:48.364000Z "waf,forward" "-" "-" "10.0.0.1:80" "502" "-" "-" TID_1234abcd5678ef90"#;

    fn log(line: &str) -> Option<AccessLog<'_>> {
        read(line).map(|line| line.log)
    }

    #[test]
    fn an_application_load_balancer_s_line_is_read() {
        let line = format!("{HEAD} 502 503 {BEHIND}");
        let log = log(&line).unwrap();
        assert_eq!((log.status.code(), log.integration_status), (502, Some(503)));
        assert_eq!((log.method.as_deref(), log.path.as_deref()), (Some("GET"), Some("/orders/42?x=1")));
        assert_eq!((log.ip.as_deref(), log.user_agent.as_deref()), (Some("192.0.2.39"), Some("curl/7.46.0")));
        assert_eq!(log.request_id.as_deref(), Some("Root=1-58337262-36d228ad"));
        assert_eq!((log.waf_response.as_deref(), log.response_type.as_deref()), (Some("WAF_ALLOW"), None));
    }

    #[test]
    fn what_is_missing_added_or_refused_by_the_firewall_does_not_matter() {
        let odd = r#"h2 2018-07-02T22:23:00.186641Z app/x/1 [2001:db8::1]:2817 - -1 -1 -1 403 - 0 0 "- http://lb:80- -" "-" - - - "-" "-" "-" - 2018-07-02T22:22:48.364000Z "waf" "-" "AuthInvalidCookie" "-" "-" "-" "-" TID_1 "-" "-" "-" 12"#;
        let log = log(odd).unwrap();
        assert_eq!(
            (log.status.code(), log.integration_status, log.method, log.path),
            (403, None, None, None)
        );
        assert_eq!(
            (log.waf_response.as_deref(), log.ip.as_deref()),
            (Some("WAF_BLOCK"), Some("2001:db8::1"))
        );
        assert_eq!(log.response_type.as_deref(), Some("AuthInvalidCookie"));
        assert_eq!(log.cause, Cause::new(CauseSource::Authorizer, "AuthInvalidCookie".into()));
    }

    #[test]
    fn what_the_load_balancer_says_of_the_failure_is_the_cause() {
        let line = format!("{HEAD} 502 - {BEHIND}");
        let with =
            |reason: &str| line.replace(r#""waf,forward" "-" "-""#, &format!(r#""waf" "-" "{reason}""#));
        for (reason, source) in [
            ("LambdaUnhandled", CauseSource::Integration),
            ("AuthTokenEpRequestTimeout", CauseSource::Authorizer),
            ("JWTRequestFormatInvalid", CauseSource::Authorizer),
            ("WAFServiceError", CauseSource::Waf),
        ] {
            assert_eq!(log(&with(reason)).unwrap().cause, Cause::new(source, reason.into()), "{reason}");
        }
        assert_eq!(log(&with("-")).unwrap().cause, None);
        let line = line.replace(r#""502" "-" "-""#, r#""-" "Severe" "BadContentLength""#);
        assert_eq!(log(&line).unwrap().cause, Cause::new(CauseSource::Gateway, "BadContentLength".into()));
    }

    #[test]
    fn a_rule_s_own_answer_is_said() {
        let line = format!("{HEAD} 503 - {BEHIND}");
        let of = |actions: &str| {
            let line = line.replace(r#""waf,forward""#, &format!(r#""{actions}""#));
            log(&line).unwrap().response_type.map(Cow::into_owned)
        };
        assert_eq!(of("fixed-response").as_deref(), Some("fixed-response"));
        assert_eq!(of("authenticate,fixed-response").as_deref(), Some("fixed-response"));
        assert_eq!(of("forward"), None);
    }

    #[test]
    fn a_classic_load_balancer_whose_backend_did_not_answer_is_read() {
        let line = r#"2015-05-13T23:39:43.945958Z my-lb 192.0.2.39:2817 - -1 -1 -1 503 0 0 0 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -"#;
        let log = log(line).unwrap();
        assert_eq!((log.status.code(), log.integration_status), (503, None));
    }

    #[test]
    fn what_a_client_sends_moves_no_field() {
        let line = format!("{HEAD} 502 502 {BEHIND}");
        for agent in [r#"x\" 200 200 1 1 \"GET"#, r#"" 200 200 0 0 "GET http://a/ HTTP/1.1" ""#, "a\tb  c"] {
            let line = line.replace("curl/7.46.0", agent);
            assert_eq!(log(&line).map(|log| log.status.code()), Some(502), "{line}");
        }
    }

    #[test]
    fn a_line_of_another_shape_is_no_access_log() {
        let line = format!("{HEAD} 502 503 {BEHIND}");
        for (found, other) in [
            ("http 2018", "tls 2018"),
            ("2018-07-02T22:23:00.186641Z", "2018-07-02"),
            ("192.0.2.39:2817", "192.0.2.39"),
            ("192.0.2.39:2817", "client:2817"),
            ("10.0.0.1:80 ", "x "),
            ("0.000 0.001", "0.000 x"),
            ("502 503", "- 503"),
            ("502 503", "600 503"),
            ("502 503", "502 abc"),
            ("34 366", "34 -366"),
            ("\"GET http", "\"get http"),
            ("\"curl/7.46.0\"", "curl/7.46.0"),
        ] {
            assert!(line.contains(found), "{found}");
            assert_eq!(read(&line.replacen(found, other, 1)), None, "{found} as {other}");
        }
        for cut in (0..line.find("\"curl").unwrap()).step_by(7) {
            assert_eq!(read(&line[..cut]), None, "{cut}");
        }
    }
}
