//! The fixtures of exports: each holds the same two lines in another shape, and each command says the same of them.

use serde_json::{Value, json};

use crate::fixtures::{bytes, files_in};
use crate::replayed::{replay, run, statuswatch};

const EXPORTS: &str = "fixtures/exports";
const ERROR_AT: &str = "2026-11-03T09:15:01";

#[test]
fn every_export_is_one_line_that_is_well_and_one_error_with_its_time() {
    for path in files_in(EXPORTS) {
        let replayed = replay(&["--json", &path]);
        assert_eq!((replayed.code, replayed.stderr.as_str()), (Some(0), ""), "{path}");
        let report = &replayed.reports()[0];
        let counts = ["received", "ok", "matched", "posted"].map(|name| report.count(name));
        assert_eq!(counts, [2, 1, 1, 1], "{path}");
        let backtested = run(&mut statuswatch(&["backtest", "--json", &path]));
        assert_eq!((backtested.code, backtested.stderr.as_str()), (Some(0), ""), "{path}");
        let found: Value = serde_json::from_str(&backtested.stdout).unwrap();
        let [received, errors] = ["received", "server_errors"].map(|name| &found["lines"][name]);
        assert_eq!((received, errors), (&json!(2), &json!(1)), "{path}: {}", found["lines"]);
        let last = found["last"].as_str().unwrap_or_default();
        assert!(last.starts_with(ERROR_AT), "{path}: {last}");
    }
}

#[test]
fn match_prints_the_log_event_without_what_the_exporter_wrote_before_it() {
    let whole = json!({
        "requestId": "0f3a-2", "ip": "203.0.113.8", "httpMethod": "POST", "resourcePath": "/v1/orders",
        "status": "502", "requestTime": "03/Nov/2026:09:15:01 +0000",
    });
    let fields = json!({"httpMethod": "POST", "resourcePath": "/v1/orders", "status": "502"});
    for path in files_in(EXPORTS) {
        let found = run(&mut statuswatch(&["match", "502", &path]));
        assert_eq!(
            (found.code, found.stderr.as_str(), found.stdout.lines().count()),
            (Some(0), "", 1),
            "{path}"
        );
        if path.ends_with("-clf.txt") {
            let line =
                "203.0.113.8 - - [03/Nov/2026:09:15:01 +0000] \"POST /v1/orders HTTP/1.1\" 502 36 0f3a-2\n";
            assert_eq!(found.stdout, line, "{path}");
            continue;
        }
        let printed: Value = serde_json::from_str(&found.stdout).unwrap();
        assert_eq!(printed, if path.contains("-fields") { fields.clone() } else { whole.clone() }, "{path}");
        if !path.contains("-fields") && !path.contains("-json") {
            assert_eq!(found.stdout.trim_end(), logged(), "{path}: it is printed as it was logged");
        }
    }
}

/// The error line as it was logged.
fn logged() -> String {
    let text = String::from_utf8(bytes("fixtures/exports/byte-order-mark.log")).unwrap();
    text.lines().nth(1).unwrap().to_owned()
}

#[test]
fn output_for_people_is_refused_with_the_way_out_by_every_command() {
    for (path, output) in
        [("fixtures/exports/refused/yaml.txt", "YAML"), ("fixtures/exports/refused/table.txt", "table")]
    {
        for command in [&["replay"][..], &["backtest"], &["match", "502"]] {
            let refused = run(&mut statuswatch(&[command, &[path]].concat()));
            assert_eq!(refused.code, Some(1), "{command:?} {path}");
            let says = format!("{output} output of the AWS command line is not read: export as JSON");
            assert!(refused.stderr.contains(&says), "{command:?}: {}", refused.stderr);
        }
    }
}

#[test]
fn every_export_has_a_row_in_its_readme_and_every_row_an_export() {
    let readme = String::from_utf8(bytes("fixtures/exports/README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let mut described: Vec<String> = rows.map(|(name, _)| format!("{EXPORTS}/{name}")).collect();
    described.sort();
    let mut there: Vec<String> = files_in(EXPORTS);
    there.extend(files_in("fixtures/exports/refused"));
    there.sort();
    assert_eq!(described, there);
}
