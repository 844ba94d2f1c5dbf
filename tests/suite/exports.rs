//! The fixtures of exports: each holds the same two lines in another shape, and each command says the same of them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::fixtures::{bytes, files_in, gzip};
use crate::replayed::{replay, replay_stdin, run, statuswatch};

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
fn an_archive_is_named_and_the_way_out_is_to_unpack_it() {
    let folder = tempfile::tempdir().unwrap();
    let tar = [&b"a.log"[..], &[0; 252], b"ustar\x0000", &[0; 248]].concat();
    for (name, content, says) in [
        ("a.zip", b"PK\x03\x04\x14\0\0\0\x08\0\n".to_vec(), "a zip archive"),
        ("a.log.xz", b"\xfd7zXZ\0\0\x04\xe6\xd6".to_vec(), "a file compressed by xz"),
        ("a.log.bz2", b"BZh91AY&SY\x12\x34".to_vec(), "a file compressed by bzip2"),
        ("a.tgz", gzip(&tar), "a tar archive"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        for command in [&["replay"][..], &["backtest"], &["match", "502"]] {
            let refused = run(&mut statuswatch(&[command, &[path.to_str().unwrap()]].concat()));
            assert_eq!(refused.code, Some(1), "{command:?} {name}");
            let says = format!("{says}, which is not read: unpack it, and give what is in it");
            assert!(refused.stderr.contains(&says), "{command:?} {name}: {}", refused.stderr);
        }
    }
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
fn the_folder_tree_of_an_export_is_read_and_what_is_no_log_in_it_is_not() {
    let here = tempfile::tempdir().unwrap();
    let line = bytes("fixtures/exports/s3-export.log");
    for (stream, compressed) in [("s-1", gzip(&line)), ("s-2", bytes("fixtures/exports/s3-export.log.zst"))] {
        let folder = here.path().join("exportedlogs/0f3a").join(stream);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("000000.gz"), compressed).unwrap();
        fs::write(folder.join(".DS_Store"), "no").unwrap();
    }
    fs::write(here.path().join("exportedlogs/aws-logs-write-test"), "Permission Check Successful").unwrap();
    fs::write(here.path().join("exportedlogs/README.md"), "no").unwrap();
    let replayed = replay(&["--json", here.path().to_str().unwrap()]);
    assert_eq!((replayed.code, replayed.stderr.as_str()), (Some(0), ""));
    let reports = replayed.reports();
    let read: Vec<(bool, u64)> = reports
        .iter()
        .map(|report| (report.source.ends_with("/000000.gz"), report.count("received")))
        .collect();
    assert_eq!(read, [(true, 2), (true, 2)]);
    assert!(reports[0].source.contains("/s-1/") && reports[1].source.contains("/s-2/"));
}

#[test]
fn an_input_most_of_which_is_no_access_log_is_an_error_that_says_what_it_looks_like() {
    let flow = "2 123456789012 eni-1 203.0.113.7 10.0.0.1 443 502 6 1 40 1 2 ACCEPT OK\n";
    let access_log = "{\"status\":\"502\",\"requestTime\":\"03/Nov/2026:09:15:01 +0000\"}\n";
    let says = "no line is an access log; it looks like a VPC flow log: export the access log's group with \
                `aws logs filter-log-events --log-group-name NAME`, or go on with --allow-unreadable\n";
    let all = replay_stdin(&[], flow.repeat(3));
    assert_eq!((all.code, all.stdout.as_str()), (Some(1), ""));
    assert_eq!(all.stderr, format!("statuswatch: -: {says}"));
    let most = [flow.repeat(3).as_str(), access_log].concat();
    let refused = replay_stdin(&["--json"], most.clone());
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("3 of 4 lines are no access log"), "{}", refused.stderr);
    let allowed = replay_stdin(&["--json", "--allow-unreadable"], most);
    assert_eq!((allowed.code, allowed.stderr.as_str()), (Some(0), ""));
    assert_eq!(allowed.reports()[0].count("unreadable"), 3);
    assert_eq!(
        replay_stdin(&["--json"], [flow, access_log].concat()).code,
        Some(0),
        "one half is not above it"
    );

    let other = "{\"level\":\"info\",\"at\":\"03/Nov/2026:09:15:01 +0000\"}\n".repeat(3);
    let backtest = |arguments: &[&str]| {
        let arguments = [&["backtest", "--json", "-"], arguments].concat();
        run(statuswatch(&arguments).write_stdin([other.as_str(), access_log].concat()))
    };
    let refused = backtest(&[]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("3 of 4 lines are no access log; it looks like JSON without an HTTP status")
    );
    assert_eq!(backtest(&["--allow-unreadable"]).code, Some(0));
}

#[test]
fn counts_and_headers_are_no_lines_of_an_access_log() {
    let header = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-11-03 08:00:00\n\
                  #Fields: date time cs-method cs-uri-stem sc-status\n";
    for (text, looks) in [
        (
            r#"{"results":[[{"field":"status","value":"502"},{"field":"count(*)","value":"12"}]]}"#,
            "the counts of a query",
        ),
        (r#"[{"status":"502","count(*)":"12"}]"#, "the counts of a query"),
        ("status,errors\n502,12\n", "the counts of a query"),
        (&format!("{header}2026-11-03 08:00:00 GET /v1 500\n"), "some other text"),
    ] {
        let backtested = run(statuswatch(&["backtest", "-"]).write_stdin(text));
        assert_eq!((backtested.code, backtested.stdout.as_str()), (Some(1), ""), "{text}");
        let refused = replay_stdin(&[], text.to_owned());
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{text}");
        assert!(
            refused.stderr.contains(&format!("no line is an access log; it looks like {looks}")),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn an_access_log_of_another_format_than_the_one_asked_for_is_said_to_be_one() {
    for command in ["replay", "backtest"] {
        let path = format!("{EXPORTS}/s3-export.log");
        let refused = run(&mut statuswatch(&[command, "--format", "clf", &path]));
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{command}");
        let says = "2 of 2 lines are no access log of the format that was asked for, but of another: leave --format out";
        assert!(refused.stderr.contains(says), "{command}: {}", refused.stderr);
    }
}

#[test]
fn a_missing_input_is_said_to_be_missing_and_nothing_is_summed_up() {
    for command in [&["replay"][..], &["backtest"], &["match", "502"]] {
        let missing = run(&mut statuswatch(&[command, &["fixtures/nowhere.log"]].concat()));
        assert_eq!((missing.code, missing.stdout.as_str()), (Some(1), ""), "{command:?}");
        assert!(missing.stderr.contains("fixtures/nowhere.log: "), "{}", missing.stderr);
        assert!(missing.stderr.contains("missing: there is no such file"), "{}", missing.stderr);
    }
}

#[test]
fn match_prints_a_line_while_others_still_come() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_statuswatch"))
        .args(["match", "{ $.status = 5* }", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let lines = String::from_utf8(bytes("fixtures/exports/tail-detailed.log")).unwrap();
    // The second time they are recognised; each is read before the next is written.
    for _ in 0..2 {
        for line in [lines.as_str(), "{\"status\":\"502\"}\n", "{\"status\":\"503\"}\n"] {
            stdin.write_all(line.as_bytes()).unwrap();
            let mut printed = String::new();
            out.read_line(&mut printed).unwrap();
            assert!(line.ends_with(&printed), "{printed}");
        }
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
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
