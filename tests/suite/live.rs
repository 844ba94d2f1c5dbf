//! Lines that come while the command line reads, and recordings that span hours: when a message is shown, and which lines
//! are in it.
//!
//! No test waits for a time: each reads what stands there before it writes on.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::fixtures::{bytes, gzip};
use crate::replayed::{Run, replay_stdin, run, statuswatch};

/// The command line with a standard input that stays open.
struct Running {
    child: Child,
    stdin: ChildStdin,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_statuswatch"))
            .args(arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, stdin, out: BufReader::new(out) }
    }

    /// Writes a line and reads until one that begins so.
    fn say_and_read(&mut self, line: &str, begin: &str) {
        writeln!(self.stdin, "{line}").unwrap();
        let mut read = String::new();
        while !read.starts_with(begin) {
            read.clear();
            assert!(self.out.read_line(&mut read).unwrap() > 0, "it ended before {begin:?}");
        }
    }

    /// Closes its input; what it prints then.
    fn end(mut self) -> String {
        drop(self.stdin);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

#[test]
fn replay_shows_a_message_while_its_input_goes_on() {
    let mut running = Running::start(&["replay", "-"]);
    let line = |path: &str| {
        format!(r#"{{"status":"502","resourcePath":"{path}","requestTime":"03/Nov/2026:09:15:01 +0000"}}"#)
    };
    running.say_and_read(&line("/a"), "502 /a");
    running.say_and_read(
        &json!({"timestamp": 1_793_697_303_000_u64, "message": line("/b")}).to_string(),
        "502 /b",
    );
    running.say_and_read(&format!("2026-11-03T09:15:04.000000+00:00 stream {}", line("/c")), "502 /c");
    let event = String::from_utf8(bytes("fixtures/16-lambda-event.json")).unwrap();
    running.say_and_read(event.trim_end(), "2 errors");
    writeln!(running.stdin, r#"{{"status":"503","resourcePath":"/d"}}"#).unwrap();
    let rest = running.end();
    assert!(rest.contains("\n503 /d"), "{rest}");
    assert!(rest.contains("\n-: 6 lines · 6 errors in 5 messages (6 shown)\n"), "{rest}");
}

#[test]
fn match_prints_a_log_event_whose_further_lines_might_still_come() {
    let mut running = Running::start(&["match", "ERROR", "-"]);
    let first = "2026-11-03T09:15:04.000000+00:00 stream ERROR of an application";
    running.say_and_read(first, "ERROR of an application");
    assert_eq!(running.end(), "");
}

/// A recording of three hours: three streams, an error in one of them every 20 s, the streams one after another.
fn three_hours() -> String {
    let mut lines = Vec::new();
    for stream in 0..3_u64 {
        for n in 0..180 {
            let timestamp = 1_793_697_300_000_u64 + n * 60_000 + stream * 20_000;
            let line = |status: u16| json!({"status": status.to_string(), "resourcePath": "/a"}).to_string();
            let event = |timestamp: u64, status| {
                json!({"timestamp": timestamp, "message": line(status), "logStreamName": format!("s-{stream}")})
                    .to_string()
            };
            lines.extend([event(timestamp, 200), event(timestamp + 500, 502), event(timestamp + 900, 502)]);
        }
    }
    lines.join("\n")
}

#[test]
fn replay_and_backtest_make_the_same_deliveries_of_a_recording_of_hours() {
    let recording = three_hours();
    let replayed = replay_stdin(&["--json"], recording.clone());
    assert_eq!((replayed.code, replayed.stderr.as_str()), (Some(0), ""));
    let report = &replayed.reports()[0];
    let counts = ["received", "ok", "matched", "shown", "posted"].map(|name| report.count(name));
    assert_eq!(counts, [3 * 540, 540, 1_080, 1_080, 540], "two errors a delivery");
    let backtested =
        run(statuswatch(&["backtest", "--json", "--notify", "every", "-"]).write_stdin(recording.clone()));
    let found: Value = serde_json::from_str(&backtested.stdout).unwrap();
    assert_eq!(found["slack"]["messages"], json!(540));
    assert!(!replayed.stdout.contains(" late"), "no delivery is old news when it comes");
    // Those that backtest shows are the same, but for the ids, which the recording does not have.
    let sent = found["slack"]["told"].as_array().unwrap();
    assert!(sent.len() > 10);
    for (body, sent) in report.bodies().iter().zip(sent) {
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["text"], sent["message"]["text"]);
    }
    let as_one = replay_stdin(&["--json", "--as-one"], recording);
    assert_eq!(as_one.reports()[0].count("posted"), 1);
}

#[test]
fn an_input_without_anything_in_it_is_an_error() {
    let nothing: [&[u8]; 5] =
        [b"", b"\n \n", br#"{"events":[],"searchedLogStreams":[]}"#, b"@timestamp,@message\n", &gzip(b"")];
    for input in nothing {
        for arguments in [&[][..], &["--json"], &["--as-one", "--allow-unreadable"]] {
            let Run { code, stdout, stderr } = replay_stdin(arguments, input);
            assert_eq!((code, stdout.as_str()), (Some(1), ""), "{input:?}");
            assert_eq!(
                stderr, "statuswatch: -: nothing to replay: no log event, event or document in it\n",
                "{input:?}"
            );
        }
    }
    let control = replay_stdin(&[], bytes("fixtures/06-control-message.json"));
    assert_eq!((control.code, control.stderr.as_str()), (Some(0), ""));
}
