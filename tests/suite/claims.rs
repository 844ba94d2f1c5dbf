//! What a message claims of an error: whose fault it is and why, and when it was. What is not known is not claimed.

use serde_json::{Value, json};

use crate::fixtures::event_of;
use crate::replayed::{Run, replay_stdin};

fn line(members: &str) -> String {
    format!(
        r#"{{"requestTime":"20/Jul/2026:01:56:17 +0000","httpMethod":"GET","resourcePath":"/items",{members}}}"#
    )
}

fn message(log_group: &str, lines: &[&str]) -> Value {
    let events: Vec<Value> = (0_u64..)
        .zip(lines)
        .map(|(n, line)| json!({"id": format!("{log_group} {n}"), "timestamp": 1_784_512_577_000_u64 + n, "message": line}))
        .collect();
    json!({
        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": log_group, "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": events,
    })
}

/// The rows of groups as they are drawn, without the blanks that align them.
fn rows(run: &Run) -> Vec<String> {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let rows = run.stdout.lines().filter(|line| line.starts_with("▌ ") && line.contains(" ×"));
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_function_that_answers_500_itself_gave_no_malformed_answer() {
    let lines = [
        line(r#""status":"500","integrationStatus":"200","integrationLatency":"35""#),
        line(r#""status":"500","integration_status":"500","integration_integrationStatus":"200""#),
    ];
    let run = replay_stdin(&[], lines.join("\n"));
    assert_eq!(rows(&run), ["▌ 500 GET /items ×2 integration 01:56:17 UTC"]);
}

#[test]
fn the_firewall_s_403_and_the_apis_own_are_two_groups_that_look_different() {
    let lines = [
        line(r#""status":"403","integrationStatus":"-","wafResponseCode":"WAF_BLOCK","wafStatus":"403""#),
        line(r#""status":"403","integrationStatus":"403","wafResponseCode":"WAF_ALLOW","wafStatus":"200""#),
    ];
    let run = replay_stdin(&[], lines.join("\n"));
    assert_eq!(
        rows(&run),
        ["▌ 403 GET /items ×1 WAF 01:56:17 UTC", "▌ 403 GET /items ×1 client 01:56:17 UTC"]
    );
    assert!(run.stdout.contains("1 × 403 GET /items (WAF) · 1 × 403 GET /items (client)"), "{}", run.stdout);
}

#[test]
fn the_cause_stands_in_the_row_in_every_usual_spelling() {
    let why = "User: x is not authorized to perform: lambda:InvokeFunction";
    for member in [
        format!(r#""integrationErrorMessage":"{why}""#),
        format!(r#""integration":{{"error":"{why}","status":"-"}}"#),
        format!(r#""integration.error":"{why}","error.message":"Internal Server Error""#),
        format!(r#""context":{{"integration_error_message":"{why}"}}"#),
        format!(r#""integrationErrorMessage":"{why}","latency":-"#),
    ] {
        let line = line(&format!(r#""status":"500",{member}"#));
        let run = replay_stdin(&[], [line.as_str(); 5].join("\n"));
        let [row] = &rows(&run)[..] else { panic!("one row: {}", run.stdout) };
        assert!(row.contains(&format!("×5 integration: \"{why}\" ")), "{row}");
    }
    for (member, expected) in [
        (r#""status":"500","authorizer":{"error":"Task timed out"}"#, "authorizer: \"Task timed out\""),
        (r#""status":"401","authenticate_error":"Bad signature""#, "authorizer: \"Bad signature\""),
        (r#""status":"500","waf":{"error":"WAF is down"}"#, "\"WAF is down\""),
        (r#""status":"400","error":{"message":"Missing parameter x"}"#, "client: \"Missing parameter x\""),
        (r#""status":"500","error_messageString":"\"No stage variable\"""#, "\"No stage variable\""),
    ] {
        let run = replay_stdin(&[], [line(member), line(member)].join("\n"));
        let [row] = &rows(&run)[..] else { panic!("one row: {}", run.stdout) };
        assert!(row.contains(&format!("×2 {expected} ")), "{row}");
        let one = replay_stdin(&[], line(member));
        assert!(one.stdout.contains(&format!("GET /items · {expected}")), "{}", one.stdout);
    }
}

#[test]
fn the_most_frequent_cause_is_the_one_that_is_shown() {
    let of = |why: &str| line(&format!(r#""status":"502","integrationErrorMessage":"{why}""#));
    let mut lines: Vec<String> = (0..200).map(|n| of(&format!("request {n} failed"))).collect();
    lines.extend((0..400).map(|_| of("no route to host")));
    let row = &rows(&replay_stdin(&[], lines.join("\n")))[0];
    assert!(row.contains("×600 integration: \"no route to host\""), "{row}");
}

#[test]
fn a_masked_cause_is_not_shown() {
    let line = line(r#""status":"500","errorMessage":"token abcdefg is wrong""#);
    let reader = statuswatch::digest::Reader {
        redact: "error_message".parse().unwrap(),
        samples_per_group: 5,
        ..statuswatch::digest::Reader::new(statuswatch::rules::Rules::built_in())
    };
    let mut batch = statuswatch::digest::Batch::default();
    let header = statuswatch::decode::Header::default();
    for _ in 0..2 {
        batch
            .intake(&reader, &statuswatch::duplicates::RememberedEvents::default())
            .line(&header, b"", 1, &line);
    }
    let text = format!("{:?}", batch.digest);
    assert!(!text.contains("abcdefg"), "{text}");
    assert_eq!(batch.digest.sections[0].groups[0].causes.most_frequent(), None);
}

#[test]
fn a_line_without_a_time_has_no_day() {
    let lines = [r#"{"status":"502","resourcePath":"/a"}"#, r#"{"status":"404","resourcePath":"/b"}"#];
    for input in [lines[0].to_owned(), lines.join("\n")] {
        let run = replay_stdin(&["--region", "eu-west-1", "--now", "2026-07-20T02:00:00Z"], input);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains("time unknown"), "{}", run.stdout);
        for claim in ["1970", "late", " Jan ", "00:00:00"] {
            assert!(!run.stdout.contains(claim), "{claim}: {}", run.stdout);
        }
    }
}

#[test]
fn a_span_over_midnight_names_both_days_in_utc() {
    let lines = ["20/Jul/2026:23:59:59 +0000", "21/Jul/2026:00:00:00 +0000"]
        .map(|time| format!(r#"{{"status":"502","requestTime":"{time}"}}"#));
    let run = replay_stdin(&[], lines.join("\n"));
    assert!(run.stdout.contains("▌ 20 Jul 2026 to 21 Jul 2026 · "), "{}", run.stdout);
    let bodies = replay_stdin(&["--json"], lines.join("\n"));
    assert!(!bodies.stdout.contains("<!date"), "the reader's own zone: {}", bodies.stdout);
}

#[test]
fn the_footer_names_what_was_counted_where_nothing_failed() {
    let noise = line(r#""status":"403","responseType":"MISSING_AUTHENTICATION_TOKEN""#);
    let error = line(r#""status":"502""#);
    let quiet = message("/aws/quiet", &["junk", "junk", &noise]).to_string();
    let failing = message("/aws/failing", &[&error]).to_string();
    let run = replay_stdin(&["--rules", "fixtures/rules/scanner-noise.json"], kinesis(&[&quiet, &failing]));
    let footer = "▌ 1 counted by rule \"scanner noise\" · 2 lines unreadable in /aws/quiet\n";
    assert!(run.stdout.contains(footer), "{}", run.stdout);
}

/// A Kinesis event with one record a subscription message.
fn kinesis(messages: &[&str]) -> String {
    let record = |(n, message): (usize, &&str)| {
        let event: Value = serde_json::from_slice(&event_of(message.as_bytes())).expect("JSON");
        json!({
            "eventSource": "aws:kinesis", "eventID": format!("shardId-0:{n}"), "awsRegion": "eu-west-1",
            "kinesis": {"sequenceNumber": n.to_string(), "data": event["awslogs"]["data"], "partitionKey": "p"},
        })
    };
    json!({"Records": messages.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

#[test]
fn quiet_log_groups_take_no_place_and_no_link_opens_a_name_that_is_none() {
    let quiet: Vec<String> =
        (0..39).map(|n| message(&format!("/aws/quiet-{n}"), &["junk"]).to_string()).collect();
    let failing = message("/aws/failing", &[&line(r#""status":"502""#)]).to_string();
    let mut all: Vec<&str> = quiet.iter().map(String::as_str).collect();
    all.push(&failing);
    let run = replay_stdin(&["--json", "--allow-unreadable", "--region", "eu-west-1"], kinesis(&all));
    assert!(run.stdout.contains("/aws/failing"), "{}", run.stdout);
    assert!(run.stdout.contains("39 lines unreadable in other log groups"), "{}", run.stdout);
    assert!(!run.stdout.contains("source~(~'other"), "{}", run.stdout);

    let many: Vec<String> = (0..40)
        .map(|n| message(&format!("/aws/fails-{n}"), &[&line(r#""status":"502""#)]).to_string())
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let run = replay_stdin(&["--json", "--region", "eu-west-1"], kinesis(&many));
    assert!(run.stdout.contains("40 errors"), "{}", run.stdout);
    for encoded in ["other*20log", "other%20log", "other$2520log"] {
        assert!(!run.stdout.contains(encoded), "a link holds a name that is none: {}", run.stdout);
    }
}
