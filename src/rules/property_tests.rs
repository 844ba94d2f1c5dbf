//! The rules held against a second implementation of the same sentences, written to be obvious and slow.

use std::collections::BTreeSet;
use std::net::IpAddr;

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::fault::{Place, Problem, RuleId};
use super::test_lines::access_log;
use super::{Action, RuleIndex, Rules, Verdict};
use crate::access_log::AccessLog;

/// Rules and lines are drawn from few values, so that lines meet rules, and rules each other.
fn rule(number: usize) -> impl Strategy<Value = Value> {
    let any_of = |key: &'static str, values: Vec<Value>| {
        let most = values.len().min(3);
        let list = subsequence(values, 1..=most).prop_map(Value::from);
        prop_oneof![3 => Just(None), 1 => list.prop_map(move |list| Some((key.to_owned(), list)))].boxed()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
    let statuses = vec![
        json!("4xx"),
        json!("5xx"),
        json!(404),
        json!("400-450"),
        json!("403"),
        json!("451-500"),
        json!("302"),
    ];
    let routes =
        ["GET /pets", "* /pets*", "GET *", "post /pets/{id}", "$default", "* */7", "ANY /health", "G* /*"];
    let until =
        select(vec!["2026-01-31", "2027-01-31"]).prop_map(|day| Some(("until".to_owned(), json!(day))));
    let conditions = vec![
        any_of("status", statuses),
        any_of("route", texts(&routes)),
        any_of("method", texts(&["get", "POST"])),
        any_of("response_type", texts(&["throttled", "WAF*", "*"])),
        any_of("integration_status", texts(&["200", "5xx", "200-504"])),
        any_of("user_agent", texts(&["curl/*", "*BOT*", "Mozilla"])),
        any_of(
            "ip",
            texts(&[
                "203.0.113.7",
                "203.0.113.0/24",
                "203.0.113.0/25",
                "203.0.113.128/25",
                "2001:db8::/32",
                "0.0.0.0/0",
            ]),
        ),
        any_of("log_group", texts(&["/aws/a", "/aws/*", "*"])),
        prop_oneof![3 => Just(None), 1 => until].boxed(),
    ];
    (conditions, select(vec!["notify", "count", "ignore"])).prop_map(move |(conditions, action)| {
        let mut rule = json!({"name": number.to_string(), "action": action});
        for (key, value) in conditions.into_iter().flatten() {
            rule[key] = value;
        }
        rule
    })
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    prop_oneof![
        rule(0).prop_map(|a| vec![a]),
        (rule(0), rule(1)).prop_map(|(a, b)| vec![a, b]),
        (rule(0), rule(1), rule(2), rule(3)).prop_map(|(a, b, c, d)| vec![a, b, c, d]),
    ]
}

#[derive(Debug, Clone)]
struct Logged {
    log: AccessLog<'static>,
    log_group: &'static str,
    timestamp_ms: i64,
}

fn logged() -> impl Strategy<Value = Logged> {
    let maybe = |values: &'static [&'static str]| proptest::option::of(select(values));
    let number = |values: &'static [u16]| proptest::option::of(select(values));
    let fields = (
        select(&[200, 302, 399, 400, 403, 404, 450, 451, 500, 503, 599][..]),
        maybe(&["GET", "POST", "PUT"]),
        maybe(&["/pets", "/pets/{id}", "/health"]),
        maybe(&["GET /pets", "ANY /health", "$default", "/pets"]),
        maybe(&["/prod/pets/7", "/pets/7", "/"]),
        maybe(&[
            "203.0.113.7",
            "203.0.113.8",
            "198.51.100.1",
            "2001:db8::7",
            "::ffff:203.0.113.7",
            "unknown",
        ]),
        maybe(&["curl/8.0", "GoogleBot 2", "mozilla", ""]),
        maybe(&["THROTTLED", "WAF_FILTERED", "waf"]),
        number(&[200, 502, 504, 999]),
        number(&[200, 502]),
    );
    // Around the ends of the days that the rules name.
    let moment = (select(&[1_769_904_000_000_i64, 1_801_440_000_000, 1_700_000_000_000][..]), -2_i64..2);
    let log_group = select(&["/aws/a", "/aws/b", "/AWS/a", ""][..]);
    (fields, log_group, moment).prop_map(|(fields, log_group, (moment, offset))| {
        let (
            status,
            method,
            resource_path,
            route_key,
            path,
            ip,
            user_agent,
            response_type,
            function,
            service,
        ) = fields;
        let log = AccessLog {
            method: method.map(Into::into),
            resource_path: resource_path.map(Into::into),
            route_key: route_key.map(Into::into),
            path: path.map(Into::into),
            ip: ip.map(Into::into),
            user_agent: user_agent.map(Into::into),
            response_type: response_type.map(Into::into),
            integration_status: function,
            integration_service_status: service,
            ..access_log(status)
        };
        Logged { log, log_group, timestamp_ms: moment + offset }
    })
}

/// The reference: which rule takes the line.
fn slow_judge(rules: &[Value], logged: &Logged) -> Option<usize> {
    rules.iter().position(|rule| {
        let holds = |key: &str, fits: &dyn Fn(&str) -> bool| {
            let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            rule.get(key).is_none_or(|list| list.as_array().unwrap().iter().any(|value| fits(&plain(value))))
        };
        let log = &logged.log;
        let integration = log.integration_status.or(log.integration_service_status);
        holds("status", &|wanted| status_fits(wanted, log.status.code()))
            && holds("integration_status", &|wanted| {
                integration.is_some_and(|code| status_fits(wanted, code))
            })
            && holds("method", &|wanted| {
                slow_method(log).is_some_and(|method| method.to_lowercase() == wanted.to_lowercase())
            })
            && holds("route", &|wanted| route_fits(wanted, log))
            && holds("response_type", &|wanted| {
                log.response_type.as_deref().is_some_and(|text| folded(wanted, text))
            })
            && holds("user_agent", &|wanted| {
                log.user_agent.as_deref().is_some_and(|text| folded(wanted, text))
            })
            && holds("ip", &|wanted| log.ip.as_deref().is_some_and(|ip| ip_fits(wanted, ip)))
            && holds("log_group", &|wanted| glob_fits(wanted.as_bytes(), logged.log_group.as_bytes()))
            && rule.get("until").is_none_or(|day| {
                let moment = i128::from(logged.timestamp_ms) * 1_000_000;
                let today = OffsetDateTime::from_unix_timestamp_nanos(moment).unwrap().date().to_string();
                today.as_str() <= day.as_str().unwrap()
            })
    })
}

fn status_fits(wanted: &str, code: u16) -> bool {
    let code = code.to_string();
    match wanted.split_once('-') {
        Some((from, to)) => from <= code.as_str() && code.as_str() <= to,
        None => wanted == code || (wanted.ends_with("xx") && wanted[..1] == code[..1]),
    }
}

fn slow_method(log: &AccessLog<'_>) -> Option<String> {
    let of_key = log.route_key.as_deref().and_then(|key| key.split_once(' ')).map(|(method, _)| method);
    log.method.as_deref().or(of_key.filter(|method| *method != "ANY")).map(str::to_owned)
}

fn route_fits(wanted: &str, log: &AccessLog<'_>) -> bool {
    let (method, path) = wanted.split_once(' ').unwrap_or(("*", wanted));
    let method = if method == "ANY" { "*" } else { method };
    let key = log.route_key.as_deref().map(|key| key.split_once(' ').map_or(key, |(_, path)| path));
    let without_query = log.path.as_deref().and_then(|path| path.split(['?', '#']).next());
    let shown = without_query.map(|path| {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        path.split('/').map(|part| if is_number(part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
    });
    let paths = [log.resource_path.as_deref(), key, log.path.as_deref(), without_query, shown.as_deref()];
    folded(method, &slow_method(log).unwrap_or_default())
        && paths.into_iter().flatten().any(|of_line| glob_fits(path.as_bytes(), of_line.as_bytes()))
}

fn folded(wanted: &str, text: &str) -> bool {
    glob_fits(wanted.to_lowercase().as_bytes(), text.to_lowercase().as_bytes())
}

fn glob_fits(wanted: &[u8], text: &[u8]) -> bool {
    match wanted {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|taken| glob_fits(rest, &text[taken..])),
        [first, rest @ ..] => text.first() == Some(first) && glob_fits(rest, &text[1..]),
    }
}

fn ip_fits(wanted: &str, text: &str) -> bool {
    let bits = |text: &str| match text.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(v4) => Some(format!("v4 {:032b}", u32::from(v4))),
        IpAddr::V6(v6) => Some(format!("v6 {:0128b}", u128::from(v6))),
    };
    let (network, prefix) = wanted.split_once('/').unwrap_or((wanted, "128"));
    let kept = 3 + prefix.parse::<usize>().unwrap();
    let head = |bits: String| bits.chars().take(kept).collect::<String>();
    bits(text).is_some_and(|text| head(text) == head(bits(network).unwrap()))
}

fn action_of(rule: &Value) -> Action {
    match rule["action"].as_str().unwrap() {
        "notify" => Action::Notify,
        "count" => Action::Count,
        _ => Action::Ignore,
    }
}

fn parse(rules: &[Value]) -> Result<Rules, super::RulesError> {
    Rules::parse(&json!({"rules": rules}).to_string())
}

/// All lines that can be made of a few values a field: some that the rules name, and of each kind one that fits only
/// where any would. A field that no rule asks for is left out.
fn every_line(rules: &[Value]) -> Vec<Logged> {
    let asked = |keys: &[&str]| rules.iter().any(|rule| keys.iter().any(|key| rule.get(*key).is_some()));
    let or_none = |asked: bool, values: &'static [&'static str]| {
        let values = if asked { values } else { &[] };
        std::iter::once(None).chain(values.iter().copied().map(Some)).collect::<Vec<_>>()
    };
    let methods = or_none(asked(&["method", "route"]), &["GET", "POST", "G~"]);
    let paths = or_none(
        asked(&["route"]),
        &["/pets", "/pets~", "/pets/{id}", "$default", "~/7", "/~", "~", "/health"],
    );
    let addresses = or_none(
        asked(&["ip"]),
        &[
            "203.0.113.7",
            "203.0.113.8",
            "203.0.113.128",
            "203.0.112.255",
            "198.51.100.1",
            "2001:db8::7",
            "2001:db9::",
        ],
    );
    let agents = or_none(asked(&["user_agent"]), &["curl/~", "~bot~", "mozilla", "curl/bot", "~"]);
    let kinds = or_none(asked(&["response_type"]), &["THROTTLED", "WAF~", "~"]);
    let integration = if asked(&["integration_status"]) { &[0, 200, 350, 502, 550][..] } else { &[0] };
    let log_groups = if asked(&["log_group"]) { &["/aws/a", "/aws/~", "~"][..] } else { &["/aws/a"] };
    let moments = if asked(&["until"]) {
        &[1_769_903_999_999_i64, 1_801_439_999_999, 4_102_444_800_000][..]
    } else {
        &[0]
    };
    let mut lines = Vec::new();
    for status in [400, 403, 404, 410, 450, 451, 460, 499, 500, 501, 599] {
        for (method, path) in methods.iter().flat_map(|method| paths.iter().map(move |path| (method, path))) {
            for (ip, agent) in addresses.iter().flat_map(|ip| agents.iter().map(move |agent| (ip, agent))) {
                for (kind, integration) in
                    kinds.iter().flat_map(|kind| integration.iter().map(move |status| (kind, status)))
                {
                    let log = AccessLog {
                        method: method.map(Into::into),
                        path: path.map(Into::into),
                        ip: ip.map(Into::into),
                        user_agent: agent.map(Into::into),
                        response_type: kind.map(Into::into),
                        integration_status: (*integration != 0).then_some(*integration),
                        ..access_log(status)
                    };
                    for log_group in log_groups {
                        lines.extend(moments.iter().map(|moment| Logged {
                            log: log.clone(),
                            log_group,
                            timestamp_ms: *moment,
                        }));
                    }
                }
            }
        }
    }
    lines
}

/// Rules that ask for at most three things in all, so that every line can be tried.
fn related_rules() -> impl Strategy<Value = Vec<Value>> {
    let keys = [
        "status",
        "route",
        "method",
        "response_type",
        "integration_status",
        "user_agent",
        "ip",
        "log_group",
        "until",
    ];
    (prop::collection::vec(rule(0), 2..6), subsequence(keys.to_vec(), 1..=3)).prop_map(|(mut rules, kept)| {
        for (number, rule) in rules.iter_mut().enumerate() {
            rule["name"] = json!(number.to_string());
            let entries = rule.as_object_mut().unwrap();
            entries.retain(|key, _| key == "name" || key == "action" || kept.contains(&key.as_str()));
        }
        rules
    })
}

proptest! {
    #[test]
    fn the_rules_called_unreachable_are_those_that_no_line_reaches(rules in related_rules()) {
        let faults = parse(&rules).map_or_else(|error| error.faults().to_vec(), |_| Vec::new());
        // A rule with another fault is left out of the comparison, and so the document is.
        prop_assume!(faults.iter().all(|fault| matches!(fault.problem, Problem::Unreachable(_) | Problem::Contradiction)));
        let called: BTreeSet<String> = faults
            .iter()
            .map(|fault| match &fault.place {
                Place::Rule(RuleId::Name(name)) => name.clone(),
                _ => panic!("{fault}"),
            })
            .collect();
        let mut reached = BTreeSet::new();
        for logged in every_line(&rules) {
            reached.extend(slow_judge(&rules, &logged).map(|at| at.to_string()));
        }
        for name in (0..rules.len()).map(|at| at.to_string()) {
            prop_assert_ne!(called.contains(&name), reached.contains(&name), "rule {}: {:?}", name, faults);
        }
    }
}

proptest! {
    #[test]
    fn judging_agrees_with_the_slow_reading_of_the_rules(rules in rules(), lines in prop::collection::vec(logged(), 20)) {
        let Ok(parsed) = parse(&rules) else { return Ok(()) };
        for logged in lines {
            let verdict = parsed.judge(&logged.log, logged.log_group, "", logged.timestamp_ms);
            let expected = if logged.log.status.code() < 400 {
                Verdict { rule: None, action: Action::Ignore }
            } else {
                let taken = slow_judge(&rules, &logged);
                let action = taken.map_or(Action::Notify, |at| action_of(&rules[at]));
                Verdict { rule: taken.map(RuleIndex), action }
            };
            prop_assert_eq!(verdict, expected, "{:?}", logged);
        }
    }

    #[test]
    fn a_rule_that_is_called_unreachable_takes_no_line(
        rules in rules(),
        repeated in any::<Index>(),
        lines in prop::collection::vec(logged(), 50),
    ) {
        // One rule stands once more at the end, so that something is unreachable most of the time.
        let mut rules = rules;
        let mut last = rules[repeated.index(rules.len())].clone();
        last["name"] = json!(rules.len().to_string());
        rules.push(last);
        let faults = parse(&rules).map_or_else(|error| error.faults().to_vec(), |_| Vec::new());
        for fault in faults.iter().filter(|fault| matches!(fault.problem, Problem::Unreachable(_))) {
            let Place::Rule(RuleId::Name(name)) = &fault.place else { panic!("{fault}") };
            let at: usize = name.parse().unwrap();
            for logged in lines.iter().filter(|logged| logged.log.status.code() >= 400) {
                prop_assert_ne!(slow_judge(&rules, logged), Some(at), "{}: {:?}", fault, logged);
            }
        }
    }

    #[test]
    fn parsing_survives_any_text(text in ".{0,200}") {
        prop_assert!(Rules::parse(&text).is_err_and(|error| !error.faults().is_empty()));
    }

    #[test]
    fn parsing_survives_any_value_under_any_key(
        key in select(&["name", "status", "route", "method", "response_type", "integration_status", "user_agent", "ip",
            "pattern", "until", "action", "color", "mention", "log_group", "to", "other"][..]),
        text in prop_oneof![".{0,30}", "[0-9x.:/<>!@#* a-f-]{0,30}"],
        in_list in any::<bool>(),
    ) {
        let mut rule = json!({"name": "r", "action": "notify"});
        rule[key] = if in_list { json!([text]) } else { json!(text) };
        if let Err(error) = parse(&[rule]) {
            prop_assert!(!error.faults().is_empty());
            prop_assert!(error.to_string().len() < 1_000);
        }
    }

    #[test]
    fn judging_survives_any_text_in_any_field(
        rules in rules(), status in 100_u16..600, text in ".{0,40}", timestamp_ms in any::<i64>(),
    ) {
        let Ok(parsed) = parse(&rules) else { return Ok(()) };
        let text = || Some(text.as_str().into());
        let log = AccessLog {
            method: text(),
            resource_path: text(),
            route_key: text(),
            path: text(),
            ip: text(),
            user_agent: text(),
            response_type: text(),
            integration_status: Some(status.wrapping_mul(977)),
            ..access_log(status)
        };
        let verdict = parsed.judge(&log, "/aws/x", "", timestamp_ms);
        prop_assert!(verdict.rule.is_none_or(|index| parsed.get(index).is_some()));
    }
}
