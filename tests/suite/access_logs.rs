//! Every kind of access log that is read, as a recording: what became of its lines, whatever the format is set to.

use serde_json::{Value, json};

use crate::fixtures::{bytes, files_in};
use crate::replayed::{replay, replay_stdin, run, statuswatch};

/// File, name of the format, lines in the ledger (received, ok, ignored, matched), and words of the message.
const KINDS: [(&str, &str, [u64; 4], &[&str]); 23] = [
    (
        "application-load-balancer.log",
        "alb",
        [3, 1, 0, 2],
        &["502 POST /v1/orders/{id}", "malformed answer", "403 GET /v1/items/{id}", "WAF"],
    ),
    ("appsync.log", "appsync", [2, 1, 0, 1], &["500"]),
    ("classic-load-balancer.log", "alb", [2, 1, 0, 1], &["503 POST /v1/orders/{id}", "integration"]),
    ("clf-with-further-fields.log", "clf", [2, 1, 0, 1], &["504 GET /v1/items", "timeout"]),
    ("clf-in-another-order.log", "clf", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    (
        "clf-with-integration-error.log",
        "clf",
        [2, 1, 0, 1],
        &["500 POST /v1/orders", "integration", "The Lambda function could not be invoked."],
    ),
    ("cloudformation-sample.log", "clf", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    (
        "cloudfront-chosen-fields.log",
        "cloudfront",
        [4, 1, 2, 1],
        &["502 POST /v1/orders/{id}", "integration"],
    ),
    ("cloudfront-json.log", "cloudfront", [2, 1, 0, 1], &["502 POST /v1/orders/{id}", "integration"]),
    ("cloudfront.log", "cloudfront", [4, 1, 2, 1], &["502 POST /v1/orders/{id}", "integration"]),
    ("combined.log", "clf", [2, 1, 0, 1], &["502 POST /v1/orders/{id}"]),
    ("csv-in-another-order.log", "csv", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    ("http-api-csv-of-today.log", "csv", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    ("http-api-xml-of-today.log", "xml", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    ("logfmt.log", "key-value", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    ("rest-api-clf-of-today.log", "clf", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    ("serverless-framework.log", "key-value", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    ("status-as-number.log", "json", [2, 1, 0, 1], &["502 POST /v1/orders"]),
    ("vhost-combined.log", "clf", [2, 1, 0, 1], &["502 POST /v1/orders/{id}"]),
    (
        "vpc-lattice.log",
        "vpc-lattice",
        [3, 1, 0, 2],
        &["403 POST /v1/orders/{id}", "authorizer", "502 POST /v1/orders/{id}", "TargetConnectionError"],
    ),
    ("websocket-clf.log", "clf", [2, 1, 0, 1], &["500 sendOrder"]),
    ("websocket-csv.log", "csv", [2, 1, 0, 1], &["500 sendOrder"]),
    ("websocket-xml.log", "xml", [2, 1, 0, 1], &["500 sendOrder"]),
];

#[test]
fn every_kind_is_read_by_itself_and_by_its_name() {
    for (file, name, lines, words) in KINDS {
        let path = format!("fixtures/access-logs/{file}");
        for format in ["auto", name] {
            let run = replay(&["--json", "--format", format, &path]);
            assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{path} as {format}");
            let report = run.reports().remove(0);
            let ledger: Value = serde_json::from_str(report.ledger.get()).unwrap();
            let counts = ["received", "ok", "ignored", "matched"].map(|key| ledger[key].as_u64().unwrap());
            assert_eq!(counts, lines, "{path} as {format}");
            let bodies = report.bodies().concat();
            for word in words {
                assert!(bodies.contains(word), "{path} as {format}: no {word:?} in {bodies}");
            }
        }
    }
}

#[test]
fn every_kind_is_in_the_table_above_and_in_the_functions_page() {
    let page = String::from_utf8(bytes("infra/FUNCTION.md")).unwrap();
    let files = files_in("fixtures/access-logs");
    assert_eq!(files.len(), KINDS.len());
    for file in files {
        assert!(KINDS.iter().any(|(kind, ..)| file.ends_with(kind)), "{file}");
        assert!(page.contains(&format!("](../{file})")), "{file} is not in infra/FUNCTION.md");
    }
}

/// What `backtest` counts in one input: lines, those that are well, and server errors.
fn backtested(input: Vec<u8>) -> [u64; 3] {
    let run = run(statuswatch(&["backtest", "--json", "-"]).write_stdin(input));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    ["received", "ok", "server_errors"].map(|key| report["lines"][key].as_u64().unwrap())
}

#[test]
fn the_fields_line_holds_for_all_lines_of_its_stream_however_much_later_they_come() {
    let header = "#Fields: sc-status c-port date time cs-method cs-uri-stem";
    let line = |hour: u8, status: u16| format!("{status}\t404\t2026-11-03\t{hour:02}:00:00\tGET\t/v1/items");
    let lines = [header.to_owned(), line(8, 200), line(9, 502), line(23, 503)];
    let as_events: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(hour, line)| {
            json!({"timestamp": 1_793_692_800_000_u64 + hour as u64 * 3_600_000, "message": line}).to_string()
        })
        .collect();
    for input in [lines.join("\n"), as_events.join("\n")] {
        assert_eq!(backtested(input.clone().into_bytes()), [3, 1, 2], "{input}");
        let run = replay_stdin(&["--json"], input.as_bytes());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let report = run.reports().remove(0);
        let counts = ["received", "ok", "ignored", "unreadable", "matched"].map(|key| report.count(key));
        assert_eq!(counts, [4, 1, 1, 0, 2], "{input}");
    }
}
