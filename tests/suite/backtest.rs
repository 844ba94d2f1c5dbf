//! `statuswatch backtest` as a person runs it, on the three stories and on bad input.

use std::collections::HashSet;
use std::fmt::Write as _;

use assert_cmd::Command;
use serde_json::{Value, json};
use statuswatch::digest::Reader;
use statuswatch::filter_pattern::FilterPattern;
use statuswatch::rules::Rules;
use statuswatch::slack::render::MessageStyle;
use statuswatch::slack::terminal::{Canvas, Color};

use crate::recordings;

fn statuswatch(arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("statuswatch").unwrap();
    let output = command.arg("backtest").args(arguments).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn figures(arguments: &[&str], stdin: &str) -> Value {
    let (code, out, err) = statuswatch(&[&["--json"], arguments].concat(), stdin);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn story(name: &str) -> String {
    recordings::path(name).to_str().unwrap().to_owned()
}

/// A line that says its time itself: so many seconds after 12:00 on 3 November 2026.
fn line(second: u32, status: u16) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        "{{\"requestId\":\"x\",\"requestTime\":\"03/Nov/2026:12:{minute:02}:{second:02} +0000\",\"status\":\"{status}\"}}\n"
    )
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// An outage of several accounts is one outage: the rules' thresholds, the groups and the messages are those of the
/// central log group, and its end has the sum of each account.
#[test]
fn an_outage_of_several_accounts_makes_no_more_messages_than_that_of_one() {
    let message = |n: u32, account: u32| {
        let at_ms = 1_793_707_200_000_u64 + u64::from(n) * 2_000;
        let event = json!({ "id": n.to_string(), "timestamp": at_ms, "message": line(n * 2, 502),
            "extractedFields": { "@aws.account": format!("{account:012}"), "@aws.region": "eu-west-1" } });
        let message = json!({ "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/central",
            "logStream": "s", "logEvents": [event] });
        message.to_string() + "\n"
    };
    let slack = |accounts: u32| {
        let messages: String = (0..300).map(|n| message(n, n % accounts)).collect();
        figures(&["-"], &messages)["slack"].clone()
    };
    let (one, ten) = (slack(1), slack(10));
    assert_eq!(ten["by_kind"], one["by_kind"]);
    assert_eq!((&ten["matched"], &one["matched"]), (&json!(300), &json!(300)));
    let end = ten["told"].as_array().unwrap().last().unwrap().to_string();
    assert!(end.contains("30 from account 000000000003 eu-west-1"), "{end}");
    assert!(end.contains("150 from other sources"), "{end}");
}

#[test]
fn a_burst_alarms_once_recovers_once_and_every_error_is_told() {
    let found = figures(&[&story("5xx-burst")], "");
    assert_eq!(found["lines"]["received"], 5_886);
    let slack = &found["slack"];
    assert_eq!(slack["matched"], 486);
    assert_eq!(slack["shown"].as_u64().unwrap() + slack["counted"].as_u64().unwrap(), 486);
    // The opening, the second kind of error, follow-ups after 1, 2, 3, 4, 5 and 10 minutes, and the end.
    let messages = slack["messages"].as_u64().unwrap();
    assert!((6..=12).contains(&messages), "{messages}");
    let kinds = slack["by_kind"].as_object().unwrap();
    assert_eq!((&kinds["opening"], &kinds["over"], &slack["incidents"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(kinds.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), messages);
    let threads = &slack["threads"];
    assert_eq!((&threads["parents"], &threads["replies"]), (&slack["incidents"], &slack["messages"]));
    let shown = ["escalation", "over"].iter().filter_map(|kind| kinds.get(*kind)?.as_u64()).sum::<u64>();
    assert_eq!(threads["replies_in_channel"], shown);
    // Seven minutes of errors: one update in ten seconds at most.
    assert!((20..=45).contains(&threads["updates"].as_u64().unwrap()), "{threads}");
    let states: Vec<_> =
        found["alarm"]["transitions"].as_array().unwrap().iter().map(|change| &change["to"]).collect();
    assert_eq!(states, ["OK", "ALARM", "OK"]);
    assert_eq!(found["blind_spots"]["lines"], 0);
    assert_eq!(found["slack"]["rules"][1]["hits"], 0);
    let of_minutes = |field| -> u64 {
        found["minutes"].as_array().unwrap().iter().map(|minute| minute[field].as_u64().unwrap()).sum()
    };
    assert_eq!(of_minutes("client_errors") + of_minutes("server_errors"), 486);
    assert_eq!(of_minutes("messages"), messages);
}

#[test]
fn every_delivery_is_a_message_where_that_is_asked_for() {
    let found = figures(&["--notify", "every", "--state", "memory", &story("5xx-burst")], "");
    let slack = &found["slack"];
    assert_eq!(slack["shown"].as_u64().unwrap() + slack["counted"].as_u64().unwrap(), 486);
    // Two buckets of 5 and one message in 5 s each, for the 420 s of the burst, and the end of each storm.
    let messages = slack["messages"].as_u64().unwrap();
    assert!((20..=10 + 2 * 420 / 5 + 4).contains(&messages), "{messages}");
}

#[test]
fn containers_that_know_nothing_of_each_other_tell_an_incident_each() {
    let shared = figures(&[&story("5xx-burst")], "");
    let alone = figures(&["--state", "memory", "--concurrency", "3", &story("5xx-burst")], "");
    let slack = &alone["slack"];
    assert_eq!(slack["shown"].as_u64().unwrap() + slack["counted"].as_u64().unwrap(), 486);
    assert!(slack["messages"].as_u64() > shared["slack"]["messages"].as_u64(), "{}", slack["messages"]);
    assert!((1..=3).contains(&slack["incidents"].as_u64().unwrap()));
}

#[test]
fn a_mention_goes_out_once_in_the_burst() {
    let folder = tempfile::tempdir().unwrap();
    let rules = r#"{"rules":[{"name":"all","status":["4xx","5xx"],"action":"notify","mention":"<!here>"}]}"#;
    let found = figures(&["--rules", &file(&folder, "rules.json", rules), &story("5xx-burst")], "");
    assert_eq!(found["slack"]["mentions"], 1);
}

#[test]
fn rules_and_alarms_are_read_as_windows_saves_them() {
    let folder = tempfile::tempdir().unwrap();
    let rules = r#"{"rules":[{"name":"größer","status":"5xx","action":"count"}]}"#;
    let alarm = r#"{"MetricAlarms":[{"AlarmName":"a","Namespace":"n","MetricName":"m","Statistic":"Sum","Period":60,
        "EvaluationPeriods":1,"Threshold":7,"ComparisonOperator":"GreaterThanOrEqualToThreshold"}]}"#;
    let input = file(&folder, "in.log", &line(0, 502));
    let plain = figures(
        &["--rules", &file(&folder, "r.json", rules), "--alarm", &file(&folder, "a.json", alarm), &input],
        "",
    );
    assert_eq!(plain["slack"]["rules"][0]["rule"], "größer");
    let utf_16 = |text: &str| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    for write in [utf_16, |text: &str| format!("\u{feff}{text}").into_bytes()] {
        let [rules, alarm] = [("rules.json", rules), ("alarm.json", alarm)].map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, write(text)).unwrap();
            path.to_str().unwrap().to_owned()
        });
        assert_eq!(figures(&["--rules", &rules, "--alarm", &alarm, &input], ""), plain);
    }
}

#[test]
fn errors_whose_lines_are_broken_json_leave_the_alarm_silent_and_are_named_with_the_fix() {
    let found = figures(&[&story("broken-json-deploy")], "");
    assert_eq!(found["lines"]["server_errors"], 240);
    assert_eq!((&found["alarm"]["notices"], &found["alarm"]["notices_per_day"]), (&0.into(), &Value::Null));
    let blind = &found["blind_spots"];
    assert_eq!(blind["lines"], 240);
    assert_eq!(blind["reasons"][0]["reason"], "broken JSON");
    assert!(blind["reasons"][0]["fix"].as_str().unwrap().contains("\"latency\""));
    assert_eq!(blind["reasons"][0]["line"], 1_012);
    // The very pattern that the fix names sees them all.
    let fixed =
        figures(&["--pattern", r"%\x22status\x22:\s?\x22?[45][0-9][0-9]%", &story("broken-json-deploy")], "");
    assert_eq!(fixed["blind_spots"]["lines"], 0);
    assert_eq!(fixed["alarm"]["transitions"].as_array().unwrap().len(), 3);
}

#[test]
fn other_rules_are_compared_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let rules = file(
        &folder,
        "rules.json",
        r#"{"rules":[{"name":"noise","status":"403","action":"count"},{"name":"never","status":"418","action":"ignore"}]}"#,
    );
    let noise = story("4xx-scanning");
    let found = figures(&["--against", &rules, &noise], "");
    assert_eq!((&found["against"]["gone"], &found["against"]["added"]), (&2_880.into(), &0.into()));
    assert_eq!(found["against"]["slack"]["messages"], 0);
    assert_eq!(found["against"]["slack"]["rules"][1]["hits"], 0);
    let turned = figures(
        &[
            "--rules",
            &rules,
            "--against",
            &file(&folder, "all.json", r#"{"rules":[{"name":"all","status":"4xx","action":"notify"}]}"#),
            &noise,
        ],
        "",
    );
    assert_eq!((&turned["against"]["gone"], &turned["against"]["added"]), (&0.into(), &2_880.into()));
}

#[test]
fn the_order_of_lines_and_of_files_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> =
        (0..1_800).map(|second| line(second, if second % 90 == 7 { 502 } else { 200 })).collect();
    let forward = figures(&["-"], &lines.concat());
    let backward: String = lines.iter().rev().cloned().collect();
    let split = |part: usize| lines.iter().skip(part).step_by(2).cloned().collect::<String>();
    let (odd, even) = (file(&folder, "odd", &split(1)), file(&folder, "even", &split(0)));
    assert_eq!(forward["slack"]["matched"], 20);
    for found in [figures(&["-"], &backward), figures(&[&odd, &even], "")] {
        assert_eq!(found["lines"], forward["lines"]);
        assert_eq!(found["alarm"], forward["alarm"]);
        assert_eq!(found["slack"]["messages"], forward["slack"]["messages"]);
        assert_eq!(found["warnings"], Value::Array(Vec::new()));
    }
}

#[test]
fn an_error_that_no_rule_holds_back_is_one_message_after_the_delivery() {
    let found = figures(&["-"], &[line(0, 200), line(30, 502), line(31, 404), line(60, 200)].concat());
    assert_eq!(found["slack"]["messages"], 1);
    assert_eq!(found["slack"]["told"][0]["at"], "2026-11-03T12:00:32.000Z");
    assert_eq!(found["slack"]["told"][0]["shown"], 2);
    assert_eq!(found["slack"]["worst_hour"]["from"], "2026-11-03T12:00:00.000Z");
}

#[test]
fn lines_that_look_alike_are_not_taken_for_one() {
    let found = figures(&["-"], &line(30, 502).repeat(3));
    assert_eq!((&found["slack"]["matched"], &found["slack"]["duplicate"]), (&3.into(), &0.into()));
}

#[test]
fn the_alarm_s_settings_are_taken_in_aws_s_names_and_neighbours_stand_beside() {
    let folder = tempfile::tempdir().unwrap();
    let alarm = file(
        &folder,
        "alarm.json",
        r#"{"AlarmName":"a","Statistic":"Sum","Period":60,"EvaluationPeriods":2,"ComparisonOperator":"GreaterThanOrEqualToThreshold","Threshold":10,"TreatMissingData":"notBreaching"}"#,
    );
    let found = figures(&["--alarm", &alarm, &story("5xx-burst")], "");
    let thresholds = found["alarm"]["thresholds"].as_array().unwrap();
    let values: Vec<f64> = thresholds.iter().map(|row| row["threshold"].as_f64().unwrap()).collect();
    assert_eq!(values, [2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0]);
    assert_eq!(found["alarm"]["settings"]["DatapointsToAlarm"], 2);
    assert_eq!(found["alarm"]["transitions"][1]["to"], "ALARM");
    for (setting, says) in [
        (
            r#"{"Period":45,"Statistic":"Sum","EvaluationPeriods":1,"ComparisonOperator":"GreaterThanThreshold","Threshold":1}"#,
            "multiple of 60",
        ),
        (r#"{"Perod":60}"#, "did you mean `Period`"),
    ] {
        let bad = file(&folder, "bad.json", setting);
        let (code, out, err) = statuswatch(&["--alarm", &bad, "-"], "");
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains(says) && err.contains("bad.json"), "{err}");
    }
}

#[test]
fn what_has_no_time_is_left_out_and_said_with_file_and_line() {
    let lines = [&line(0, 200), "no time\n", "none either\n", &line(60, 502)].concat();
    let (code, out, err) = statuswatch(&["-"], &lines);
    assert_eq!(code, 0);
    assert!(out.contains("2 without a time, left out"), "{out}");
    assert!(err.contains("-: 2 lines, the first is line 2: without a time"), "{err}");
}

#[test]
fn lines_beyond_the_window_are_told_all_the_same_and_named() {
    let mut lines = String::new();
    // One line a second for seven hours, then one from the beginning.
    for second in 0..25_200_u32 {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let _ = writeln!(
            lines,
            "{{\"requestTime\":\"03/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000\",\"status\":\"200\"}}"
        );
    }
    lines.push_str("{\"requestTime\":\"03/Nov/2026:00:00:01 +0000\",\"status\":\"502\"}\n");
    let (code, out, err) = statuswatch(&["--json", "-"], &lines);
    assert_eq!(code, 0);
    assert!(err.contains("-: line 25201: more than 15 minutes out of order"), "{err}");
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&found["slack"]["matched"], &found["slack"]["messages"]), (&1.into(), &1.into()));
}

#[test]
fn nothing_to_test_is_an_error_and_no_figure() {
    let (code, out, err) = statuswatch(&["-"], "");
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err, "statuswatch: -: nothing in it\nstatuswatch: nothing to test: no line was read from -\n");
    let (code, out, err) = statuswatch(&["-"], "{\"status\":\"502\"}\n");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("-: line 1: without a time") && err.contains("no line with a time in -"), "{err}");
    let (code, out, err) = statuswatch(&["/does/not/exist"], "");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("/does/not/exist: not opened: missing: there is no such file"), "{err}");
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = statuswatch(&[folder.path().to_str().unwrap()], "");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains(": no file in this folder\n"), "{err}");
    let (code, _, err) = statuswatch(&["--region", "frankfurt", "-"], &line(0, 200));
    assert_eq!(code, 2);
    assert!(err.contains("\"frankfurt\" is no Region"), "{err}");
}

#[test]
fn an_unreadable_file_is_named_and_the_others_are_tried() {
    let (code, out, err) = statuswatch(&["/does/not/exist", "-"], &[line(0, 200), line(5, 502)].concat());
    assert_eq!(code, 1);
    assert!(err.contains("/does/not/exist"), "{err}");
    assert!(out.contains("SLACK  1 message"), "{out}");
}

#[test]
fn a_pattern_turns_no_writing_direction() {
    let (code, out, err) = statuswatch(&["--pattern", "\"x\u{202e}y\"", "-"], &line(1, 502));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("x\u{fffd}y") && !out.contains('\u{202e}'), "{out}");
}

#[test]
fn a_pattern_that_does_not_parse_is_shown_with_a_caret() {
    let (code, out, err) = statuswatch(&["--pattern", "{ $.status IS NOT NULL }", "-"], "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains('^'), "{err}");
}

#[test]
fn insights_exports_newest_first_are_put_in_order() {
    let mut export = "@timestamp,@message\n".to_owned();
    for minute in (0..50).rev() {
        let status = if minute == 20 { 502 } else { 200 };
        let _ = writeln!(export, "2026-11-03 12:{minute:02}:00.000,\"{{\"\"status\"\":\"\"{status}\"\"}}\"");
    }
    let found = figures(&["-"], &export);
    assert_eq!((&found["lines"]["received"], &found["slack"]["messages"]), (&50.into(), &1.into()));
    assert_eq!(found["alarm"]["transitions"].as_array().unwrap().len(), 3);
    assert_eq!(found["warnings"], Value::Array(Vec::new()));
}

#[test]
fn text_fits_a_hundred_columns() {
    for name in ["5xx-burst", "4xx-scanning", "broken-json-deploy"] {
        let (_, out, _) = statuswatch(&["-"], &{
            use std::io::Read;
            let mut text = String::new();
            flate2::read::GzDecoder::new(std::fs::File::open(recordings::path(name)).unwrap())
                .read_to_string(&mut text)
                .unwrap();
            text
        });
        for line in out.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

/// Rules that defer what is rare, wake for the rest and name a runbook.
const AT_LEAST: &str = r#"{"rules":[{"name":"5xx","status":"5xx","action":"notify","mention":"<!here>",
    "at_least":{"count":5,"within":"1m"},"again_after":"5m","runbook":"https://wiki.example.com/orders"}]}"#;

fn slack_with(rules: &str, seconds: impl IntoIterator<Item = u32>, more: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let rules = file(&folder, "rules.json", rules);
    let lines: String = seconds.into_iter().map(|second| line(second, 502)).collect();
    figures(&[&["--rules", rules.as_str()], more, &["-"]].concat(), &lines)["slack"].clone()
}

#[test]
fn a_group_is_deferred_until_so_many_came_and_then_told_with_all_of_them() {
    let texts = |slack: &Value| -> Vec<String> {
        let sent = slack["told"].as_array().unwrap();
        sent.iter().map(|sent| sent["message"]["text"].as_str().unwrap().to_owned()).collect()
    };
    let slack = slack_with(AT_LEAST, [0, 120, 240, 600, 605, 610, 615, 620], &[]);
    assert_eq!((&slack["messages"], &slack["mentions"]), (&1.into(), &1.into()), "{slack}");
    assert!(texts(&slack)[0].starts_with("<!here> 8 errors"), "{slack}");
    let link =
        serde_json::json!({"type": "link", "url": "https://wiki.example.com/orders", "text": "runbook"});
    assert!(slack["told"][0].to_string().contains(&link.to_string()), "{slack}");

    // Two a minute are never worth a message: they go out a day later, and from a container's memory within a minute,
    // without a mention.
    let rare = || (0..10).map(|n| n * 30);
    let slack = slack_with(AT_LEAST, rare(), &[]);
    assert_eq!((&slack["messages"], &slack["mentions"]), (&1.into(), &0.into()), "{slack}");
    assert_eq!(slack["told"][0]["at"], "2026-11-04T12:00:00.000Z", "{slack}");
    let slack = slack_with(AT_LEAST, rare(), &["--state", "memory", "--concurrency", "1"]);
    assert_eq!(
        (&slack["matched"], &slack["mentions"], &slack["incidents"]),
        (&10.into(), &0.into(), &1.into())
    );
    assert!(!texts(&slack)[0].contains("<!here>"), "{slack}");
}

#[test]
fn a_group_is_new_again_after_the_silence_that_its_rule_names() {
    let without = AT_LEAST.replace(r#""at_least":{"count":5,"within":"1m"},"#, "");
    let slack = slack_with(&without, [0, 400, 1_200], &[]);
    assert_eq!((&slack["by_kind"]["opening"], &slack["mentions"]), (&3.into(), &3.into()), "{slack}");
    let slack = slack_with(&without.replace("5m", "10m"), [0, 400, 1_200], &[]);
    assert_eq!((&slack["by_kind"]["opening"], &slack["mentions"]), (&2.into(), &2.into()), "{slack}");
}

#[test]
fn each_destination_has_messages_of_its_own_and_they_are_counted_apart() {
    let to = |to: &str| format!(r#"{{"rules":[{{"name":"5xx","status":"5xx","action":"notify"{to}}}]}}"#);
    let alone = slack_with(&to(""), 0..30, &[]);
    assert_eq!((&alone["by_destination"], &alone["copied"]), (&Value::Null, &Value::Null), "{alone}");
    let both = slack_with(&to(r#","to":["orders","default"]"#), 0..30, &[]);
    let each = alone["messages"].as_u64().unwrap();
    assert_eq!(both["by_destination"], serde_json::json!({"default": each, "orders": each}));
    let count = |name: &str| both[name].as_u64().unwrap();
    assert_eq!((count("messages"), count("incidents")), (2 * each, 2 * alone["incidents"].as_u64().unwrap()));
    assert_eq!((count("matched"), count("copied"), count("shown") + count("counted")), (30, 30, 60));
}

/// Two days: one route is asked for in vain every seven minutes, and each evening something breaks for ten minutes.
fn noisy_days() -> String {
    let begin_ms = 1_763_424_000_000_u64;
    let mut lines = String::new();
    for minute in 0..2 * 24 * 60_u64 {
        let mut line = |status: &str, path: &str| {
            let ms = begin_ms + minute * 60_000;
            let line = format!(
                r#"{{"timestamp":{ms},"message":"{{\"status\":\"{status}\",\"httpMethod\":\"GET\",\"resourcePath\":\"{path}\"}}"}}"#
            );
            lines.push_str(&line);
            lines.push('\n');
        };
        line("200", "/v1/items");
        if minute % 7 == 0 {
            line("404", "/favicon.ico");
        }
        if minute % 1_440 >= 1_200 && minute % 1_440 < 1_210 {
            line("502", "/v1/orders");
        }
    }
    lines
}

#[test]
fn what_a_suggestion_promises_is_what_comes_of_it() {
    let days = noisy_days();
    let found = figures(&["-"], &days);
    let suggestions = found["suggestions"].as_array().unwrap();
    let of = |kind: &str| suggestions.iter().find(|suggestion| suggestion["kind"] == kind);
    let advice = of("rule").expect("the noise is worth a rule");
    assert_eq!(advice["rule"]["route"], serde_json::json!(["GET /favicon.ico"]));
    let built_in = [
        serde_json::json!({"name": "server errors", "status": ["5xx"], "action": "notify"}),
        serde_json::json!({"name": "client errors", "status": ["4xx"], "action": "notify"}),
    ];
    let rules = serde_json::json!({"rules": [advice["rule"], built_in[0], built_in[1]]}).to_string();
    let folder = tempfile::tempdir().unwrap();
    let after = figures(&["--rules", &file(&folder, "rules.json", &rules), "-"], &days);
    assert_eq!(after["slack"]["messages"], advice["messages"]);
    let messages = |of: &serde_json::Value| of["slack"]["messages"].as_u64().unwrap();
    assert_eq!(messages(&found) - messages(&after), advice["saves"].as_u64().unwrap());
    assert!(after["suggestions"].as_array().unwrap().iter().all(|suggestion| suggestion["kind"] != "rule"));

    let threshold = of("threshold").expect("the alarm goes off at every line");
    let alarm = format!(
        r#"{{"Period":60,"EvaluationPeriods":1,"Threshold":{},"ComparisonOperator":"GreaterThanOrEqualToThreshold","Statistic":"Sum","TreatMissingData":"notBreaching"}}"#,
        threshold["threshold"]
    );
    let after = figures(&["--alarm", &file(&folder, "alarm.json", &alarm), "-"], &days);
    assert_eq!(after["alarm"]["notices_per_day"], threshold["notices_per_day"]);
}

#[test]
fn what_can_be_set_can_be_tried() {
    let days = noisy_days();
    let messages = |arguments: &[&str]| figures(arguments, &days)["slack"]["messages"].as_u64().unwrap();
    let usual = messages(&["-"]);
    assert!(messages(&["--follow-ups", "6h", "-"]) < usual);
    assert!(messages(&["--follow-ups", "1m", "-"]) > usual);
    assert!(messages(&["--burst", "1", "--spacing", "3600", "-"]) < usual);
    let plan = &figures(&["--burst", "1", "--spacing", "7", "--follow-ups", "1h", "-"], &days)["plan"];
    assert_eq!(
        (&plan["burst"], &plan["spacing_seconds"], &plan["follow_ups"]),
        (&1.into(), &7.into(), &"1h".into())
    );
    for refused in [["--burst", "0"], ["--spacing", "3601"], ["--follow-ups", "1s"]] {
        let (code, _, err) = statuswatch(&[&refused[..], &["-"]].concat(), &days);
        assert!(code == 2 && err.contains(refused[0]), "{refused:?}: {err}");
    }
}

/// November 2026: a scanner every night, errors of a deploy on three mornings, and a good line now and then.
fn a_month() -> String {
    let mut lines = Vec::new();
    let mut put = |day: u32, second: u32, status: u16, route: &str| {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        lines.push(format!(
            "{{\"requestId\":\"x\",\"requestTime\":\"{day:02}/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000\",\
             \"routeKey\":\"{route}\",\"status\":\"{status}\"}}\n"
        ));
    };
    for day in 1..=30 {
        for request in 0..20 {
            put(day, 3 * 3_600 + request * 180, 404, "GET /.env");
        }
        for request in 0..24 {
            put(day, 5 * 3_600 + request * 600, 200, "GET /v1/items");
        }
        if [3, 12, 21].contains(&day) {
            for request in 0..420 {
                put(day, 10 * 3_600 + request, if request % 7 == 3 { 504 } else { 502 }, "POST /v1/orders");
            }
        }
    }
    lines.concat()
}

#[test]
fn a_month_counts_parents_messages_in_threads_and_updates() {
    let found = figures(&["-"], &a_month());
    let slack = &found["slack"];
    let number = |value: &Value| value.as_u64().unwrap();
    let threads = &slack["threads"];
    assert_eq!((number(&slack["matched"]), number(&found["lines"]["received"])), (30 * 20 + 3 * 420, 2_580));
    // Each night and each deploy is an incident, and has one parent; all its messages stand in the thread.
    assert_eq!((number(&threads["parents"]), number(&slack["incidents"])), (33, 33));
    assert_eq!(threads["replies"], slack["messages"]);
    let kinds = &slack["by_kind"];
    assert_eq!((number(&kinds["opening"]), number(&kinds["over"])), (33, 33));
    let shown = ["over", "escalation"].iter().filter_map(|kind| kinds[kind].as_u64()).sum::<u64>();
    assert_eq!(number(&threads["replies_in_channel"]), shown);
    // Each has a cause: a scan's error, ten seconds of a deploy's errors, or a message.
    let (updates, messages) = (number(&threads["updates"]), number(&slack["messages"]));
    assert!(
        (30 * 20..=30 * 20 + 3 * 42 + messages).contains(&updates),
        "{updates} updates, {messages} messages"
    );
}

/// What the library makes of a recording, on a terminal.
fn on_terminal(found: &statuswatch::backtest::Backtest, width: Option<usize>, color: Color) -> String {
    statuswatch::backtest::text(found, &Canvas { width, color })
}

fn tested(path: &std::path::Path) -> statuswatch::backtest::Backtest {
    use statuswatch::backtest::{
        DEFAULT_PATTERN, Plan, Published, Settings, Source, backtest, default_alarm,
    };
    let settings = Settings {
        reader: Reader::new(Rules::built_in()),
        against: Some(Reader::new(Rules::built_in())),
        style: MessageStyle::default(),
        plan: Plan::default(),
        alarm: default_alarm(),
        pattern: FilterPattern::parse(DEFAULT_PATTERN).unwrap(),
        published: Published::default(),
        max_decompressed_bytes: 1 << 30,
        allow_unreadable: true,
    };
    let file = std::fs::File::open(path).unwrap();
    let open = Box::new(move || Ok(Box::new(file) as Box<dyn std::io::Read + Send>));
    backtest(vec![Source { name: "story".to_owned(), open }], &settings).unwrap()
}

#[test]
fn no_word_is_broken_on_a_narrow_terminal_and_none_is_lost() {
    for name in ["5xx-burst", "4xx-scanning", "broken-json-deploy"] {
        let found = tested(&recordings::path(name));
        let wide = on_terminal(&found, None, Color::Never);
        for width in [60, 72, 99] {
            let narrow = on_terminal(&found, Some(width), Color::Never);
            for line in narrow.lines() {
                assert!(line.chars().count() <= width, "{name} at {width}: {line}");
            }
            // What is cut is a recorded line; what is too wide for a table is said in sentences.
            let of_sentences = ["threshold", "alarm", "recovery", "recoveries", "notices", "in", "ALARM"];
            let bare = |word: &str| word.trim_end_matches([',', ':']).to_owned();
            let known: HashSet<String> = wide.split_whitespace().chain(of_sentences).map(bare).collect();
            for word in narrow.split_whitespace().map(bare) {
                assert!(known.contains(&word) || word.ends_with('…'), "{name} at {width}: {word:?}");
            }
        }
    }
}

#[test]
fn colours_are_all_that_a_coloured_terminal_adds() {
    for name in ["5xx-burst", "broken-json-deploy"] {
        let found = tested(&recordings::path(name));
        for width in [None, Some(60)] {
            let painted = on_terminal(&found, width, Color::Always);
            assert!(painted.contains("\u{1b}[1mSLACK\u{1b}[0m"), "{painted:?}");
            assert!(painted.contains("\u{1b}[31mALARM") || name != "5xx-burst", "{painted:?}");
            let plain = anstyle_free(&painted);
            assert_eq!(plain, on_terminal(&found, width, Color::Never), "{name}");
        }
    }
}

/// The text without its escape sequences, all of which end in `m`.
fn anstyle_free(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}
