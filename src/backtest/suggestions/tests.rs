use crate::backtest::alarm_run::AlarmRun;
use std::io::{Cursor, Read};

use super::*;
use crate::alarm::{AlarmSettings, Statistic};
use crate::backtest::{
    Backtest, DEFAULT_PATTERN, Days, MINUTE_MS, Plan, Published, Source, backtest, default_alarm,
};
use crate::filter_pattern::FilterPattern;
use crate::slack::render::MessageStyle;

/// The threshold advised where so many errors came in each half hour of a day.
fn advised(settings: &AlarmSettings, errors: &[u64]) -> Option<f64> {
    let style = MessageStyle::default();
    let mut run = AlarmRun::new(settings, Published::default(), &style);
    for minute in 0..1_440_usize {
        let of_minute = if minute.is_multiple_of(30) { errors[minute / 30 % errors.len()] } else { 0 };
        let at_ms = i64::try_from(minute).unwrap() * MINUTE_MS;
        run.lines(at_ms, false, 1);
        run.lines(at_ms, true, of_minute);
    }
    match threshold(&run.finish(Days(1.0), None), settings.comparison) {
        Some(Suggestion::Threshold { threshold, .. }) => Some(threshold),
        _ => None,
    }
}

#[test]
fn a_threshold_with_which_the_alarm_would_never_fire_is_not_advised() {
    let alarm = default_alarm();
    assert_eq!(advised(&alarm, &[1]), None);
    let average = AlarmSettings { statistic: Statistic::Average, ..default_alarm() };
    assert_eq!(advised(&average, &[5]), None, "the average of what a line publishes is never above 1");
    let mut one_burst = [1; 48];
    one_burst[20] = 4;
    assert_eq!(advised(&alarm, &one_burst), Some(2.0));
}

fn figures(lines: &str, rules: &str) -> Backtest {
    let rules = if rules.is_empty() { Rules::built_in() } else { Rules::parse(rules).unwrap() };
    let settings = Settings {
        reader: Reader::new(rules),
        against: None,
        style: MessageStyle::default(),
        plan: Plan::default(),
        alarm: default_alarm(),
        pattern: FilterPattern::parse(DEFAULT_PATTERN).unwrap(),
        published: Published::default(),
        max_decompressed_bytes: 1 << 30,
        allow_unreadable: false,
    };
    let lines = lines.to_owned().into_bytes();
    let open = Box::new(|| Ok(Box::new(Cursor::new(lines)) as Box<dyn Read + Send>));
    backtest(vec![Source { name: "recorded".to_owned(), open }], &settings).unwrap()
}

/// Six hours of requests: an error that nobody needs to know of every five minutes, a server error now and then.
fn recorded(line: impl Fn(&str, u32, u16) -> String) -> String {
    let line = |second: u32| {
        let at = format!("01/Oct/2026:{:02}:{:02}:{:02} +0000", second / 3600, second / 60 % 60, second % 60);
        let status = match second {
            _ if second.is_multiple_of(300) => 404,
            _ if second % 2_700 == 20 => 502,
            _ => 200,
        };
        line(&at, second, status) + "\n"
    };
    (0..21_600).step_by(20).map(line).collect()
}

#[test]
fn a_rule_that_is_advised_saves_what_it_promises() {
    let json = |fields: &str, at: &str, status: u16| {
        let fields = if status == 404 { fields } else { r#""httpMethod":"GET","resourcePath":"/pets""# };
        format!(r#"{{"requestTime":"{at}","status":"{status}",{fields}}}"#)
    };
    let long = "/a".repeat(60);
    let shapes: [(&str, String); 6] = [
        ("ids", recorded(|at, n, s| json(&format!(r#""httpMethod":"GET","path":"/users/{n}""#), at, s))),
        ("no method", recorded(|at, _, s| json(r#""path":"/admin""#, at, s))),
        ("white space", recorded(|at, _, s| json(r#""httpMethod":"GET","resourcePath":"/a*b c""#, at, s))),
        ("no method, white space", recorded(|at, _, s| json(r#""path":"/a b""#, at, s))),
        ("a long path", recorded(|at, _, s| json(&format!(r#""httpMethod":"GET","path":"{long}""#), at, s))),
        (
            "a query",
            recorded(|at, n, s| {
                let path = if s == 404 { format!("/s?q={n}") } else { "/pets".to_owned() };
                format!(r#"203.0.113.2 - - [{at}] "GET {path} HTTP/1.1" {s} 36 "-" "curl""#)
            }),
        ),
    ];
    for (shape, lines) in shapes {
        let found = figures(&lines, "");
        let advised = found.suggestions.iter().find_map(|suggestion| match suggestion {
            Suggestion::Rule { rule, messages, .. } => Some((rule, *messages)),
            _ => None,
        });
        let (rule, promised) = advised.unwrap_or_else(|| panic!("{shape}: no rule is advised"));
        assert!(rule.get("route").is_some(), "{shape}: {rule}");
        let rules = json!({ "rules": [
            rule,
            { "name": "5", "status": "5xx", "action": "notify" },
            { "name": "4", "status": "4xx", "action": "notify" },
        ] });
        let with_it = figures(&lines, &rules.to_string());
        assert_eq!(with_it.slack.rules[0].hits, 72, "{shape}: {rule}");
        assert_eq!(with_it.slack.messages, promised, "{shape}: {rule}");
        assert!(promised < found.slack.messages, "{shape}");
    }
}

#[test]
fn a_rule_that_would_hide_another_or_takes_its_name_is_not_advised() {
    let lines = recorded(|at, _, status| {
        let route = if status == 404 { "/admin" } else { "/pets" };
        format!(r#"{{"requestTime":"{at}","status":"{status}","httpMethod":"GET","path":"{route}"}}"#)
    });
    let rule = |rules: &str| {
        let found = figures(&lines, rules).suggestions.into_iter().find_map(|suggestion| match suggestion {
            Suggestion::Rule { rule, .. } => Some(rule),
            _ => None,
        });
        found.unwrap_or_default()
    };
    let own = |name: &str, route: &str| {
        format!(r#"{{"rules":[{{"name":"{name}","status":"404","route":"{route}","action":"notify"}}]}}"#)
    };
    assert_eq!(rule(&own("admin", "GET /admin")), serde_json::Value::Null);
    assert_eq!(rule(&own("only count 404 GET /admin", "GET /x"))["name"], "only count 404 GET /admin 2");
}

#[test]
fn an_alarm_on_too_little_is_advised_no_higher_threshold() {
    let silence = AlarmSettings { comparison: ComparisonOperator::LessThanOrEqualTo, ..default_alarm() };
    assert_eq!(advised(&silence, &[2]), None);
}
