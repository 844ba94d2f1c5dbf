//! Speed changes no answer: lines that a learned format recognises come out as the plain reader has them, in a batch and
//! in a recording, and a filter pattern finds the same in them.
//!
//! The long run is `PROPTEST_CASES=50000 cargo test --release --test suite fast_path`: 24 lines a case on average,
//! more than a million lines.

use std::io::{Cursor, Read};

use proptest::prelude::*;
use statuswatch::backtest::{self, Backtest, BacktestError, default_alarm};
use statuswatch::decode::{Sink, Source, decode};
use statuswatch::digest::{Batch, Reader};
use statuswatch::duplicates::RememberedEvents;
use statuswatch::filter_pattern::FilterPattern;
use statuswatch::replay::{self, Replayed};
use statuswatch::slack::render::MessageStyle;

use crate::fuzz_corpus::fuzz::targets::known_lines::{RULES, check, reader, time_ms};

/// A value of a field, mostly harmless.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-zA-Z0-9/._ -]{0,12}",
        8 => Just("orders".to_owned()),
        1 => Just("WAF_FILTERED".to_owned()),
        1 => Just("WAF_BLOCK".to_owned()),
        1 => Just("Malformed Lambda proxy response".to_owned()),
        1 => Just("é \u{300}".repeat(90)),
        1 => r#"[a-z"\\\n\t\u{1}é\u{7f}あ{},:]{0,8}"#,
        1 => Just("-".to_owned()),
        1 => Just(r#"x","status":"500","y":"z"#.to_owned()),
        1 => Just(r#"\",\"status\":\"500\""#.to_owned()),
        2 => Just("googlebot".to_owned()),
        1 => Just("203.0.113.9".to_owned()),
        1 => Just("a?b=c&token=s3cr3t-1".to_owned()),
        1 => Just("Bearer s3cr3t-1".to_owned()),
        1 => "192\\.0\\.2\\.[1-3](:443)?",
        1 => Just("prod".to_owned()),
        // Escapes of the line's own, well-formed and not.
        2 => r#"([a-z ]|\\["\\/bfnrt]|\\u00[0-9a-f]{2}){0,6}"#,
        1 => r#"([a-z]|\\["\\/bfnrtux]|\\ud[89c]00){0,4}"#,
    ]
}

fn status() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[2-5]0[0-4]", 6 => Just("502".to_owned()), 1 => "[0-9]{1,4}", 1 => Just("-".to_owned()), 1 => Just("debug".to_owned())]
}

/// One line of one of a few formats, its values written in without any escaping, as API Gateway may do.
fn line() -> impl Strategy<Value = String> {
    let formats = prop_oneof![
        6 => Just(r#"{"requestId":"A","ip":"B","httpMethod":"GET","resourcePath":"/C","status":"S","latency":L}"#),
        2 => Just(r#"{"ip":"A","requestTime":"18/Nov/2020:05:28:56 +0000","path":"/B","status":"S","length":L}"#),
        2 => Just(r#"{ "requestId":"A", "ip": "B", "status":"S", "protocol":"C" } "#),
        1 => Just(r#"{"status":S,"path":"/A","userAgent":"B"}"#),
        2 => Just(r#"{"status":"S","resourcePath":"/A","responseType":"B","integrationStatus":"S","ip":"C"}"#),
        2 => Just(r#"{"status":"S","resourcePath":"/C","integrationErrorMessage":"A","errorMessage":"B","latency":L}"#),
        1 => Just(r#"{"status":"S","resourcePath":"/o","wafResponseCode":"A","webaclArn":"B","integrationStatus":"S"}"#),
        1 => Just(r#"{"status":"S","resourcePath":"/A","apiKey":"B","errorMessage":"C"}"#),
        2 => Just(r#"{"stage":"A","status":"S","ip":"B","resourcePath":"/o"}"#),
        1 => Just(r#"{"status":"S","status":"S"}"#),
        1 => Just(r#"{"a":{"status":"S"},"statusCode":"S","route":"B"}"#),
        4 => Just(r#"{"requestId":"A","identity":{"ip":"B","userAgent":"C"},"request":{"httpMethod":"GET","path":"/A"},"status":"S"}"#),
        2 => Just(r#"{"context":{"status":"S","path":"/A"},"error":{"message":"B","responseType":"C"},"latency":L}"#),
        2 => Just(r#"{"status":"S","waf":{"status":"A","response":"B"},"error":{},"integration":{"status":"S","error":"C","a":{"b":{"c":L}}}}"#),
        1 => Just(r#"{"status":{"code":"S"},"path":"/A","context":{"status":"S"}}"#),
        1 => Just(r#"{"status":L,"ip":"A","errorMessage":L,"stage":L,"path":"/o"}"#),
        1 => Just(r#"{"auth":{"token":"A"},"status":"S","path":"/B","list":[L]}"#),
        1 => Just("A B C S"),
        3 => Just(r#"203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] "GET /A HTTP/1.1" S L B"#),
        1 => Just(r#"203.0.113.7 - A [18/Nov/2020:05:28:56 +0000] "POST /o HTTP/1.1" S L "B" "C""#),
        3 => Just("2001:db8:0:0:1:2:3:4,-,A,18/Nov/2020:05:28:56 +0000,GET,/B,HTTP/1.1,S,L,C"),
        2 => Just("requestId: 1-A, ip: 203.0.113.7, caller: B, httpMethod: GET, resourcePath: /C, status: S, responseLength: L"),
        1 => Just(r#"requestId=A ip=203.0.113.7 httpMethod=GET resourcePath=/B status=S userAgent="C""#),
        2 => Just(r#"<request id="A"> <ip>203.0.113.7</ip> <caller>B</caller> <requestTime>18/Nov/2020:05:28:56 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/C</resourcePath> <status>S</status> <protocol>HTTP/1.1</protocol> <responseLength>L</responseLength> </request>"#),
        1 => Just(r#"https 2026-11-03T08:00:00.186641Z app/orders/50dc6c495c0c9188 203.0.113.11:2817 10.0.0.1:80 0.000 0.001 0.000 S S 34 366 "GET https://www.example.com:443/A HTTP/2.0" "B" ECDHE-RSA TLSv1.2 arn:aws:x "Root=1-58337262" "C" "session-reused""#),
        1 => Just("2026-11-03\t08:00:00\tNRT57-P1\tL\t203.0.113.12\tGET\td111111abcdef8.cloudfront.net\t/A\tS\t-\tB\t-\t-\tHit\tC\twww.example.com\thttps\t23"),
        1 => Just("#Fields: sc-status cs-method cs-uri-stem"),
        1 => Just("S\tGET\t/A"),
    ];
    (
        formats,
        value(),
        value(),
        value(),
        status(),
        prop_oneof![4 => "[1-9][0-9]{0,3}", 1 => "[-0]{1,2}|null|true|1e3|-1\\.50|502"],
    )
        .prop_map(|(format, a, b, c, status, latency)| {
            let mut line = String::new();
            for character in format.chars() {
                match character {
                    'A' => line.push_str(&a),
                    'B' => line.push_str(&b),
                    'C' => line.push_str(&c),
                    'S' => line.push_str(&status),
                    'L' => line.push_str(&latency),
                    _ => line.push(character),
                }
            }
            line
        })
}

/// A message with these lines, hours apart and in no order.
fn message(log_group: &str, lines: &[String], cut: Option<usize>) -> String {
    let events: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| {
            let line = cut.and_then(|cut| line.get(..cut)).filter(|_| number % 5 == 4).unwrap_or(line);
            let mut event = serde_json::json!({"id": (number % 20).to_string(), "timestamp": time_ms(number), "message": line});
            // Some of one log group were centralised.
            if log_group == "h" && number % 3 > 0 {
                event["extractedFields"] = serde_json::json!({"@aws.account": format!("{:012}", number % 4)});
            }
            event
        })
        .collect();
    serde_json::json!({
        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": log_group, "logStream": "s", "subscriptionFilters": [],
        "logEvents": events,
    })
    .to_string()
}

proptest! {
    #[test]
    fn a_recognised_line_is_read_as_the_plain_reader_reads_it(
        lines in prop::collection::vec(line(), 0..48), cut in prop::option::of(0_usize..80),
        rules in prop::option::of(prop::sample::select(&RULES)), redacts in prop::bool::weighted(0.2),
        samples_per_group in 0_usize..4,
    ) {
        // serde_json sorts the members by name, so that the header stands behind the log events: both orders are read.
        let (first, second) = lines.split_at(lines.len() * 2 / 3);
        let text = message("g", first, cut) + &message("h", second, cut);
        check(text.as_bytes(), &reader(if redacts { &["ip", "path"] } else { &[] }, rules, samples_per_group));
    }
}

/// How lines stand in a recording.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Lines,
    LogEvents,
    Batches,
}

impl Shape {
    /// Each of these in a line of its own.
    fn recording(self, lines: &[&str]) -> String {
        let events = (0..).zip(lines).map(|(number, line)| {
            let id = if let Self::Batches = self { format!("{number}") } else { String::new() };
            serde_json::json!({"id": id, "timestamp": 1_600_000_000_000_u64 + number, "message": line})
        });
        match self {
            Self::Lines => lines.join("\n"),
            Self::LogEvents => events.map(|event| event.to_string()).collect::<Vec<_>>().join("\n"),
            Self::Batches => {
                let batch = |events: &[serde_json::Value]| {
                    serde_json::json!({
                        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s",
                        "subscriptionFilters": [], "logEvents": events,
                    })
                    .to_string()
                };
                events.collect::<Vec<_>>().chunks(10).map(batch).collect()
            }
        }
    }
}

/// A backtest of recordings, each a file of its own.
pub(crate) fn backtested(
    recordings: Vec<String>,
    reader: Reader,
    pattern: &str,
) -> Result<Backtest, BacktestError> {
    let settings = backtest::Settings {
        reader,
        against: None,
        style: MessageStyle::default(),
        plan: backtest::Plan::default(),
        alarm: default_alarm(),
        pattern: FilterPattern::parse(pattern).unwrap(),
        published: backtest::Published::default(),
        max_decompressed_bytes: 1 << 30,
        allow_unreadable: true,
    };
    let source = |recording: String| {
        let open = Box::new(move || Ok(Box::new(Cursor::new(recording)) as Box<dyn Read + Send>));
        backtest::Source { name: "recording".to_owned(), open }
    };
    backtest::backtest(recordings.into_iter().map(source).collect(), &settings)
}

pub(crate) fn replayed(recording: &str, reader: Reader) -> Replayed {
    let settings = replay::Settings {
        reader,
        style: MessageStyle::default(),
        max_decompressed_bytes: 1 << 30,
        now_ms: None,
        as_one: false,
        is_posted: true,
    };
    replay::replay(recording.as_bytes(), &settings).unwrap()
}

/// What adds up over parts of a recording.
fn sums(recording: &str, pattern: &str) -> [u64; 16] {
    let mut sums = [0; 16];
    let reader = || reader(&[], Some(RULES[3]), 3);
    let ledger = replayed(recording, reader());
    let hits = |rule: usize| ledger.rule_hits.get(rule).copied().unwrap_or_default();
    let ledger = &ledger.ledger;
    sums[..7].copy_from_slice(&[
        ledger.received,
        ledger.ok,
        ledger.ignored,
        ledger.unreadable,
        ledger.matched,
        hits(0),
        hits(1),
    ]);
    let tested = backtested(vec![recording.to_owned()], reader(), pattern);
    if let Ok(Backtest { lines, slack, blind_spots, .. }) = tested {
        let blind = blind_spots.lines + blind_spots.not_asked_for;
        let hits: u64 = slack.rules.iter().map(|rule| rule.hits).sum();
        sums[7..].copy_from_slice(&[
            lines.received,
            lines.ok,
            lines.client_errors,
            lines.server_errors,
            lines.unreadable,
            lines.salvaged,
            slack.matched + hits,
            blind,
            blind_spots.false_hits,
        ]);
    }
    sums
}

const PATTERNS: [&str; 15] = [
    "{ $.identity.ip = %^[a-m]% || $.error NOT EXISTS }",
    "{ $.integration.a.b.c > 9 || $.error.message = \"*a*\" || $.latency IS NULL }",
    "{ $.request.* = \"GET\" || $.latency IS TRUE || $.context.status = 5* }",
    "{ ($.status = 4*) || ($.status = 5*) }",
    "{ $.status >= 400 }",
    "{ $.latency > 9 && $.status != \"200\" }",
    "{ $.latency NOT EXISTS || $.length = 0 }",
    "{ $.* = 502 || $.* = \"*a*\" }",
    "{ $.status.code = 5* || $.a.status NOT EXISTS }",
    "{ $.path IS NULL || $.ip = %^[a-m]% }",
    "{ $.status[0] NOT EXISTS && $.requestId = * }",
    "500",
    "-502 -GET",
    "%50[0-4]%",
    "[a, b, ...]",
];

proptest! {
    #[test]
    fn what_was_learned_of_a_recording_changes_no_count_of_it(
        lines in prop::collection::vec(line(), 1..24),
        shape in prop::sample::select(vec![Shape::Lines, Shape::LogEvents, Shape::Batches]),
        pattern in prop::sample::select(PATTERNS.to_vec()),
    ) {
        // A line alone has nothing before it to learn from: it is read plainly. A line break stands in no line that
        // stands alone, and parts of one that happen to be JSON together would be one document. A header says how the
        // lines after it are read, learned or not.
        let lines: Vec<String> = lines.iter().map(|line| line.replace('\n', " ")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.starts_with('#')).collect();
        prop_assume!(!lines.is_empty());
        let mut apart = [0; 16];
        for line in &lines {
            let of_line = sums(&shape.recording(&[line]), pattern);
            apart.iter_mut().zip(of_line).for_each(|(sum, of_line)| *sum += of_line);
        }
        prop_assert_eq!(sums(&shape.recording(&lines), pattern), apart);
    }
}

#[test]
fn the_lines_of_one_format_are_recognised() {
    let reader = reader(&[], None, 3);
    let remembered = RememberedEvents::default();
    let mut batch = Batch::default();
    let mut intake = batch.intake(&reader, &remembered);
    let learned = r#"{"requestId":"a","status":"502"}"#;
    let text = message("g", &[learned.to_owned()], None);
    decode(Source::Plain(text.as_bytes()), 1 << 30, &mut intake).unwrap();
    assert_eq!(intake.recognise(br#"{\"requestId\":\"bcd\",\"status\":\"200\"}","#), Some(42));
    assert_eq!(intake.recognise(br#"{\"requestId\":\"b\\d\",\"status\":\"200\"}","#), None);
    // Escapes of the line's own.
    assert_eq!(intake.recognise(br#"{\"requestId\":\"b\\nd\",\"status\":\"200\"}","#), Some(44));
    assert_eq!(intake.recognise(br#"{\"requestId\":\"b\\\"d\",\"status\":\"200\"}","#), Some(45));
    assert_eq!(intake.recognise(br#"{\"requestId\":\"b\"d\",\"status\":\"200\"}","#), None);
    assert_eq!(intake.recognise(b"{\\\"requestId\\\":\\\"b\x01d\\\",\\\"status\\\":\\\"200\\\"}\","), None);
    assert_eq!(intake.recognise(br#"{\"requestId\":\"bcd\",\"status\":\"200\"},"#), None);
}
