//! The command line's contract, from outside: which inputs it takes, what it prints where, how it ends.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixtures::{DEMONSTRATION, as_event, bytes, event_of, files_in, gzip};
use crate::replayed::{Report, Run, program, replay, replay_stdin, run, statuswatch};

const ONE_ERROR: &str = "fixtures/02-one-error.json";
const FEW_ERRORS: &str = "fixtures/03-a-few-errors.json";
const NOISE: &str = "fixtures/rules/scanner-noise.json";

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn one(run: &Run) -> Report {
    let mut reports = run.reports();
    assert_eq!((reports.len(), run.code, run.stderr.as_str()), (1, Some(0), ""));
    reports.remove(0)
}

/// What must not depend on how the same log events came.
fn essence(report: &Report) -> (String, Vec<String>) {
    (report.ledger.get().to_owned(), report.bodies().iter().map(|&body| body.to_owned()).collect())
}

/// As with `2>&1 | head -1`: what it has to say finds no reader, and what it does goes on to its end.
#[test]
fn a_standard_error_that_nobody_reads_ends_no_command() {
    let here = folder(&[("a.txt", b"no log at all"), ("b.log", &bytes("fixtures/10-rest-api-clf.log"))]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(program("TEST_STATUSWATCH", env!("CARGO_BIN_EXE_statuswatch")))
        .args(["replay", "--json", text(here.path())])
        .stderr(writer)
        .output()
        .unwrap();
    let reports = String::from_utf8(output.stdout).unwrap();
    assert!(reports.contains("b.log"), "{reports}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_folder_means_its_files_by_name_without_readmes_dot_files_and_folders() {
    let line = bytes("fixtures/10-rest-api-clf.log");
    let here = folder(&[
        ("b.log", &line),
        ("a.log", &line),
        (".hidden", &line),
        ("README.md", b"no"),
        ("README", b""),
    ]);
    fs::create_dir(here.path().join("below")).unwrap();
    fs::write(here.path().join("below/c.log"), &line).unwrap();
    let sources: Vec<String> =
        replay(&["--json", text(here.path())]).reports().into_iter().map(|report| report.source).collect();
    assert_eq!(sources, ["a.log", "b.log"].map(|name| format!("{}/{name}", text(here.path()))));
    let all = replay(&["--json", "-r", text(here.path())]);
    let sources: Vec<String> = all.reports().into_iter().map(|report| report.source).collect();
    assert_eq!(
        sources,
        ["a.log", "b.log", "below/c.log"].map(|name| format!("{}/{name}", text(here.path())))
    );
}

#[test]
fn inputs_come_in_the_order_of_the_command_line_and_a_dash_is_standard_input() {
    let run = run(statuswatch(&["replay", "--json", FEW_ERRORS, "-", ONE_ERROR])
        .write_stdin(bytes("fixtures/01-quiet-batch.json")));
    let sources: Vec<(String, u64)> =
        run.reports().iter().map(|report| (report.source.clone(), report.count("matched"))).collect();
    assert_eq!(sources, [(FEW_ERRORS.into(), 3), ("-".into(), 0), (ONE_ERROR.into(), 1)]);
}

#[test]
fn each_input_is_one_line_with_the_contracts_keys_in_their_order() {
    let run = replay(&["--json", FEW_ERRORS, "fixtures/06-control-message.json"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let ledger = |numbers: [u64; 11], silent: u8| {
        let names = "received ok ignored unreadable duplicate matched shown counted pending failed posted";
        let first: Vec<String> =
            names.split(' ').zip(numbers).map(|(name, number)| format!("\"{name}\":{number}")).collect();
        format!(
            "{},\"salvaged\":0,\"undecodable\":0,\"ambiguous\":0,\"alarms\":0,\"silent\":{silent},\"released\":0,\
             \"store_errors\":0,\"refused\":0,\"unavailable\":0,\"copied\":0",
            first.join(",")
        )
    };
    let begins = format!(
        "{{\"source\":\"{FEW_ERRORS}\",\"ledger\":{{{}}},\"messages\":[{{\"text\":\"3 errors",
        ledger([4, 1, 0, 0, 0, 3, 3, 0, 0, 0, 1], 0)
    );
    assert!(lines[0].starts_with(&begins), "{}", lines[0]);
    assert!(lines[0].ends_with(",\"unfurl_links\":false,\"unfurl_media\":false}]}"), "{}", lines[0]);
    let silent = ledger([0; 11], 1);
    let quiet = format!(
        "{{\"source\":\"fixtures/06-control-message.json\",\"ledger\":{{{silent}}},\"messages\":[]}}"
    );
    assert_eq!(lines[1..], [quiet]);
}

#[test]
fn an_event_gives_the_same_however_it_was_kept() {
    let record = String::from_utf8(bytes("fixtures/17-failure-record.json")).unwrap();
    let event: Value = serde_json::from_slice(&as_event("fixtures/17-failure-record.json")).unwrap();
    let message = bytes("fixtures/decoded/failure-record.json");
    let expected = essence(&one(&replay_stdin(&["--json"], message)));
    assert_eq!(expected.1.len(), 1);
    let received =
        json!({"Messages": [{"MessageId": "1", "ReceiptHandle": "x", "MD5OfBody": "x", "Body": record}]});
    let from_queue = json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": record}]});
    let dead_letter = json!({"Messages": [{"Body": event.to_string()}]});
    let forms = [
        record.clone(),
        event.to_string(),
        format!("{event:#}"),
        received.to_string(),
        format!("{received:#}"),
        from_queue.to_string(),
        dead_letter.to_string(),
    ];
    for form in forms {
        assert_eq!(essence(&one(&replay_stdin(&["--json"], form.clone()))), expected, "{form}");
    }
}

#[test]
fn what_the_aws_command_line_exports_is_read() {
    let message: Value = serde_json::from_slice(&bytes(FEW_ERRORS)).unwrap();
    let exported = |event: &Value| {
        json!({"logStreamName": message["logStream"], "timestamp": event["timestamp"], "message": event["message"],
            "ingestionTime": event["timestamp"], "eventId": event["id"]})
    };
    let events: Vec<Value> = message["logEvents"].as_array().unwrap().iter().map(exported).collect();
    let answer = json!({"events": events, "searchedLogStreams": [], "nextToken": "x"});
    let report = one(&replay_stdin(&["--json", "--as-one"], format!("{answer:#}\n")));
    assert_eq!(report.ledger.get(), one(&replay(&["--json", FEW_ERRORS])).ledger.get());
}

#[test]
fn every_fixture_gives_the_same_as_the_event_that_it_is_or_holds() {
    let is_document = |path: &String| serde_json::from_slice::<Value>(&bytes(path)).is_ok();
    let documents = files_in(DEMONSTRATION).into_iter().filter(is_document);
    for path in documents.chain(files_in("fixtures/hostile")) {
        let document = one(&replay_stdin(&["--json"], bytes(&path)));
        let event = one(&replay_stdin(&["--json"], as_event(&path)));
        assert_eq!(essence(&document), essence(&event), "{path}");
    }
}

#[test]
fn documents_and_lines_may_stand_in_one_input_pretty_printed_or_not() {
    let message: Value = serde_json::from_slice(&bytes(FEW_ERRORS)).unwrap();
    let event = event_of(&bytes(ONE_ERROR));
    let mixed = [
        format!("{message:#}{message}\n\n").into_bytes(),
        bytes("fixtures/10-rest-api-clf.log"),
        event,
        b"\n".to_vec(),
        bytes("fixtures/18-exported-log-events.jsonl"),
        b"  {\"status\":\"500\",\"latency\":-}\r\n".to_vec(),
    ]
    .concat();
    let counts = |report: &Report| {
        ["received", "ok", "duplicate", "matched", "salvaged", "posted"].map(|name| report.count(name))
    };
    // The second message repeats the first. The errors that stand alone are more than two seconds from the first line of
    // the delivery before; the last one has no time and goes with the one before it.
    let split = one(&replay_stdin(&["--json"], mixed.clone()));
    assert_eq!(counts(&split), [4 + 4 + 3 + 1 + 4 + 1, 1 + 1 + 1 + 1, 3, 3 + 2 + 1 + 3 + 1, 1, 2 + 2 + 3]);
    let report = one(&replay_stdin(&["--json", "--as-one"], mixed));
    assert_eq!(counts(&report)[..5], counts(&split)[..5]);
    assert_eq!(report.count("posted"), 3, "all lines that stand alone are one delivery, told last");
    let headings: Vec<String> = report
        .bodies()
        .iter()
        .map(|body| serde_json::from_str::<Value>(body).unwrap()["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        headings[0].starts_with("3 errors (75 % of 4 requests received) · 2 × 502")
            && headings[1].starts_with("504 POST"),
        "{headings:?}"
    );
    assert!(headings[2].starts_with("6 errors"), "{headings:?}");
}

#[test]
fn rules_count_ignore_and_mention_and_what_each_took_is_printed() {
    let run = replay(&["--rules", NOISE, FEW_ERRORS]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_snapshot!(run.stdout);
    let report = one(&replay(&["--rules", NOISE, "--json", FEW_ERRORS]));
    assert_eq!(["ok", "ignored", "matched"].map(|name| report.count(name)), [1, 1, 2]);
}

#[test]
fn rules_that_cannot_be_used_stop_it_with_every_fault() {
    let run = replay(&["--rules", "fixtures/rules/broken.json", FEW_ERRORS]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert_snapshot!(run.stderr);
    let run = replay(&["--rules", "fixtures/rules/nowhere.json", FEW_ERRORS]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        run.stderr,
        "statuswatch: fixtures/rules/nowhere.json: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_format_can_be_demanded() {
    let clf = "fixtures/10-rest-api-clf.log";
    let unreadable = |format: &str| {
        one(&replay(&["--json", "--allow-unreadable", "--format", format, clf])).count("unreadable")
    };
    assert_eq!(["auto", "clf", "json", "csv", "xml"].map(unreadable), [0, 0, 3, 3, 3]);
}

#[test]
fn now_is_the_newest_line_or_what_is_said() {
    let late = |now: &[&str]| {
        replay(&[now, &[FEW_ERRORS]].concat())
            .stdout
            .lines()
            .find_map(|line| line.split(" · ").find(|part| part.starts_with("posted ")).map(str::to_owned))
    };
    assert_eq!(late(&[]), None);
    assert_eq!(late(&["--now", "2020-11-18T05:34:03Z"]), None);
    assert_eq!(late(&["--now", "2020-11-18T05:41:03Z"]).unwrap(), "posted 12 min late");
    assert_eq!(late(&["--now", "2020-11-18T14:41:03+09:00"]).unwrap(), "posted 12 min late");
}

#[test]
fn links_need_a_region_and_the_argument_wins_over_the_environment() {
    let hosts = |arguments: &[&str], environment: &str| {
        let mut command = statuswatch(&[&["replay", "--json", ONE_ERROR], arguments].concat());
        let report = one(&run(command.env("AWS_REGION", environment)));
        let body = report.bodies()[0].to_owned();
        body.match_indices("https://")
            .map(|(at, _)| body[at + 8..].split('/').next().unwrap().to_owned())
            .collect()
    };
    let hosts: fn(&[&str], &str) -> Vec<String> = hosts;
    let console = |region: &str| vec![format!("{region}.console.aws.amazon.com"); 2];
    assert_eq!(hosts(&[], ""), [""; 0]);
    assert_eq!(hosts(&[], "eu-west-1"), console("eu-west-1"));
    assert_eq!(hosts(&["--region", "ap-northeast-1"], "eu-west-1"), console("ap-northeast-1"));
}

#[test]
fn an_alarm_notice_links_to_the_log_groups_of_the_option_or_of_the_environment() {
    let alarm = "fixtures/alarms/sns-metric-alarm.json";
    for (option, variable) in
        [(Some("items"), None), (None, Some("items")), (Some("items"), Some("others")), (None, None)]
    {
        let mut command = statuswatch(&["replay", "--json", alarm]);
        command
            .args(option.map(|names| format!("--log-groups={names}")))
            .envs(variable.map(|names| ("STATUSWATCH_LOG_GROUPS", names)));
        let linked = one(&run(&mut command)).bodies()[0].contains("source~(~'items))|Logs Insights>");
        assert_eq!(linked, option.or(variable).is_some(), "{option:?} {variable:?}");
    }
}

#[test]
fn a_silent_notification_is_said_to_have_been_read() {
    for silent in ["eventbridge-muted", "eventbridge-configuration-change"] {
        let replayed = replay(&[&format!("fixtures/alarms/{silent}.json")]);
        let first = replayed.stdout.lines().next().unwrap_or_default();
        assert!(first.ends_with(": 1 silent notification · no message"), "{first}");
        assert!(
            replayed.stdout.contains("In all: 1 silent notification · no message\n"),
            "{}",
            replayed.stdout
        );
        assert_eq!(replayed.code, Some(0));
    }
}

#[test]
fn an_alarm_s_message_is_read_without_its_event_too() {
    let event: Value = serde_json::from_slice(&bytes("fixtures/alarms/sns-metric-alarm.json")).unwrap();
    let of_event = replay_stdin(&["--json"], event.to_string());
    let sns = &event["Records"][0]["Sns"];
    let in_queue = json!({"Records": [{"eventSource": "aws:sqs", "body": sns.to_string()}]}).to_string();
    let alone = sns["Message"].as_str().unwrap().to_owned();
    for text in [alone, sns.to_string(), in_queue] {
        let replayed = replay_stdin(&["--json"], text.clone());
        assert_eq!(one(&replayed).bodies(), one(&of_event).bodies(), "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_a_usage_error_that_says_why() {
    let mut transcript = String::new();
    for arguments in [
        &[][..],
        &["replay"],
        &["replya", ONE_ERROR],
        &["replay", "--jsno", ONE_ERROR],
        &["replay", "--format", "yaml", ONE_ERROR],
        &["replay", "--now", "yesterday", ONE_ERROR],
        &["replay", "--region", "frankfurt", ONE_ERROR],
        &["replay", "--log-groups", "arn:aws:logs:eu-west-1:1:log-group:x", ONE_ERROR],
        &["replay", "--rules"],
        &["backtest", "--since", "7d"],
    ] {
        let run = run(&mut statuswatch(arguments));
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        writeln!(transcript, "$ statuswatch {}\n{}", arguments.join(" "), run.stderr).unwrap();
    }
    assert_snapshot!(transcript);
}

#[test]
fn help_tells_a_newcomer_what_to_type() {
    for arguments in [
        &["--help"][..],
        &["replay", "--help"],
        &["replay", "-h"],
        &["snooze", "--help"],
        &["package", "--help"],
    ] {
        let run = run(&mut statuswatch(arguments));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert_snapshot!(format!("help_{}", arguments.join("_").replace('-', "")), run.stdout);
    }
    let version = run(&mut statuswatch(&["--version"])).stdout;
    // A release build tells its commit, too.
    let number = version.split(" (").next().map(str::trim_end);
    assert_eq!(number, Some(concat!("statuswatch ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn shells_and_man_know_every_command() {
    let commands = [
        "replay",
        "backtest",
        "match",
        "lint-format",
        "doctor",
        "redrive",
        "snooze",
        "package",
        "completions",
        "man",
    ];
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&mut statuswatch(&["completions", shell]));
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
        for word in commands.iter().chain(&["recursive", "allow-unreadable"]) {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
    for command in commands {
        let page = run(&mut statuswatch(&["man", command]));
        assert_eq!((page.code, page.stderr.as_str()), (Some(0), ""));
        let name = format!("statuswatch\\-{}", command.replace('-', "\\-"));
        for part in [".TH ", ".SH SYNOPSIS", "Examples:", &name] {
            assert!(page.stdout.contains(part), "{command}: {part}");
        }
    }
    let none = run(&mut statuswatch(&["man", "deploy"]));
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("there is no command \"deploy\": it is one of replay, "), "{}", none.stderr);
}

#[test]
fn an_input_that_cannot_be_read_is_named_and_the_others_go_on() {
    let whole = gzip(&bytes(ONE_ERROR));
    let cut = &whole[..whole.len() / 2];
    let here = folder(&[("cut.json.gz", cut), ("empty", b"")]);
    let (cut, empty) = (here.path().join("cut.json.gz"), here.path().join("empty"));
    let run = replay(&["--json", "fixtures/nowhere.json", text(&cut), text(&empty), ONE_ERROR]);
    assert_eq!(run.code, Some(1));
    let faults: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(faults[0], "statuswatch: fixtures/nowhere.json: missing: there is no such file");
    assert!(faults[1].starts_with(&format!("statuswatch: {}: ", text(&cut))), "{faults:?}");
    let nothing =
        format!("statuswatch: {}: nothing to replay: no log event, event or document in it", text(&empty));
    assert_eq!((faults.len(), faults[2]), (3, nothing.as_str()), "{faults:?}");
    let report = &run.reports()[0];
    assert_eq!((run.reports().len(), report.count("matched"), report.source.as_str()), (1, 1, ONE_ERROR));
}

#[test]
fn an_event_that_cannot_be_decoded_is_told_with_its_line_and_what_stands_around_it_is_told() {
    let broken = bytes("fixtures/broken/not-gzip.json");
    let input = [bytes(ONE_ERROR), broken, bytes("fixtures/16-lambda-event.json")].concat();
    let Run { code, stdout, stderr } = replay_stdin(&[], input);
    let line = String::from_utf8(bytes(ONE_ERROR)).unwrap().lines().count() + 1;
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        format!(
            "statuswatch: -: line {line}: inflate: neither gzip nor zlib at byte 0; the data of a subscription filter is gzip\n"
        )
    );
    let totals = "\n-: 3 lines · 3 errors in 2 messages (3 shown) · 1 not decoded\n";
    assert_eq!(stdout.matches(totals).count(), 1, "{stdout}");
}

#[test]
fn a_batch_above_the_cap_is_refused() {
    let long = "x".repeat(1 << 20);
    // Many members make a large text of little input.
    let member = gzip(format!("\"{long}\",").as_bytes());
    let mut message = gzip(b"{\"messageType\":\"DATA_MESSAGE\",\"x\":[");
    (0..129).for_each(|_| message.extend(&member));
    message.extend(gzip(b"0],\"logEvents\":[]}"));
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, message);
    let run = replay_stdin(&["--json"], json!({"awslogs": {"data": data}}).to_string());
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr,
        "statuswatch: -: line 1: inflate: more than 134217728 bytes after inflation; \
         STATUSWATCH_MAX_DECOMPRESSED_BYTES sets the cap\n"
    );
}

#[test]
fn a_reader_who_has_had_enough_is_no_error() {
    // Far more than a pipe holds.
    let mut child = Command::new(env!("CARGO_BIN_EXE_statuswatch"))
        .arg("replay")
        .args([DEMONSTRATION; 10])
        .env_clear()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "fixtures/01-quiet-batch.json: 4 lines · 4 ok · no message\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn a_pipe_gets_no_colour_and_no_progress_bar() {
    for environment in
        [&[][..], &[("NO_COLOR", "1")], &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]]
    {
        let run = run(statuswatch(&["replay", DEMONSTRATION]).envs(environment.iter().copied()));
        assert!(!run.stdout.contains('\u{1b}') && run.stderr.is_empty());
    }
}
