//! The middle boundary: a recording of every shape in; the drawing that a person reads, the bodies that Slack
//! would get and the words of every error, out. What each came to is in a snapshot a fixture.

use std::fmt::Write as _;

use aws_lambda_events::event::cloudwatch_logs::LogsEvent;
use insta::{Settings, assert_snapshot};
use proptest::prelude::*;
use serde_json::{Value, json};
use statuswatch::digest::Reader;
use statuswatch::ledger::Ledger;
use statuswatch::replay::{self, Replayed};
use statuswatch::rules::Rules;
use statuswatch::slack::render::MessageStyle;

use crate::fake_slack::oracle::Oracle;
use crate::fixtures::{DEMONSTRATION, as_event, bytes, case, event_of, files_in, gzip};
use crate::replayed::{Report, Run, replay, replay_stdin};

fn in_folder(folder: &str) -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{folder}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// What a person sees, then what a program sees.
fn report_of(path: &str) -> String {
    let region = ["--region", "ap-northeast-1"];
    let drawn = replay(&[&region[..], &[path]].concat());
    let reports = replay(&[&region[..], &["--json", path]].concat());
    let mut shown = drawn.stdout;
    if !drawn.stderr.is_empty() {
        write!(shown, "\n=== standard error\n{}", drawn.stderr).unwrap();
    }
    assert_eq!((drawn.code, &drawn.stderr), (reports.code, &reports.stderr), "{path}");
    write!(shown, "\n=== exit code {}\n", drawn.code.unwrap()).unwrap();
    for report in reports.reports() {
        assert_eq!(report.source, path);
        write!(shown, "\n=== ledger\n{}\n", report.ledger.get()).unwrap();
        for body in report.bodies() {
            let body: Value = serde_json::from_str(body).unwrap();
            write!(shown, "\n=== body\n{body:#}\n").unwrap();
        }
    }
    shown
}

#[test]
fn the_demonstration_reads_as_its_snapshots_and_is_no_error() {
    for path in files_in(DEMONSTRATION) {
        in_folder("demonstration").bind(|| assert_snapshot!(case(&path), report_of(&path)));
    }
    let Run { code, stdout, stderr } = replay(&[DEMONSTRATION]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let shown: Vec<String> = files_in(DEMONSTRATION);
    let headings = shown.iter().map(|path| stdout.find(&format!("{path}: ")).unwrap());
    assert!(headings.is_sorted(), "in order of name");
}

#[test]
fn what_is_broken_says_what_and_where() {
    for path in files_in("fixtures/broken") {
        in_folder("broken").bind(|| assert_snapshot!(case(&path), report_of(&path)));
        assert_eq!(replay(&[&path]).code, Some(1), "{path}");
    }
}

#[test]
fn what_is_hostile_is_told_and_does_nothing() {
    for path in files_in("fixtures/hostile") {
        in_folder("hostile").bind(|| assert_snapshot!(case(&path), report_of(&path)));
        let drawn = replay(&[&path]);
        let steers =
            |c: &char| c.is_control() && *c != '\n' || "\u{202e}\u{2066}\u{200f}\u{2028}".contains(*c);
        assert_eq!(drawn.stdout.chars().find(steers), None, "{path}");
    }
}

#[test]
fn what_is_no_access_log_is_counted_and_not_told() {
    for path in files_in("fixtures/other-logs") {
        in_folder("other-logs").bind(|| assert_snapshot!(case(&path), report_of(&path)));
        let reports = replay(&["--json", "--allow-unreadable", &path]).reports();
        let [Report { .. }] = &reports[..] else { panic!("{path}: one report") };
        let expected = u64::from(path.contains("account-level"));
        // A record of another service cannot be decoded: it is named in a message.
        let named = u64::from(path.contains("kinesis-of-another-service"));
        assert_eq!(reports[0].count("posted"), expected + named, "{path}");
        assert_eq!(reports[0].count("unreadable"), reports[0].count("received") - expected, "{path}");
    }
}

#[test]
fn no_body_of_any_fixture_breaks_a_limit_or_comes_alive() {
    let folders =
        [DEMONSTRATION, "fixtures/broken", "fixtures/hostile", "fixtures/other-logs", "fixtures/decoded"];
    let settings: [&[&str]; 4] = [
        &[],
        &["--region", "us-gov-west-1"],
        &["--rules", "fixtures/rules/scanner-noise.json", "--region", "eu-west-1"],
        &["--now", "2026-11-22T12:00:00Z", "--region", "cn-north-1"],
    ];
    let mut judged = 0;
    for path in folders.iter().flat_map(|folder| files_in(folder)) {
        for settings in settings {
            for report in replay(&[settings, &["--json", &path]].concat()).reports() {
                for body in report.bodies() {
                    let judge = Oracle::default().operator_wrote("<!here>");
                    assert_eq!(judge.check_bytes(body.as_bytes()), [""; 0], "{path} {settings:?}");
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 100, "only {judged} bodies");
}

#[test]
fn a_second_reader_finds_the_same_log_events() {
    let mut read = 0;
    for path in files_in(DEMONSTRATION) {
        let event = as_event(&path);
        // It refuses what lacks a field, and knows no Kinesis.
        let Ok(event) = serde_json::from_slice::<LogsEvent>(&event) else { continue };
        let data = event.aws_logs.data;
        let is_control = data.message_type == "CONTROL_MESSAGE";
        let expected = if is_control { 0 } else { data.log_events.len() as u64 };
        assert_eq!(replay(&["--json", &path]).reports()[0].count("received"), expected, "{path}");
        read += 1;
    }
    assert_eq!(read, files_in(DEMONSTRATION).len() - 1, "all but the Kinesis event");
}

#[test]
fn a_compressed_twin_gives_the_same() {
    let folders = [DEMONSTRATION, "fixtures/broken", "fixtures/hostile"];
    for path in folders.iter().flat_map(|folder| files_in(folder)) {
        let text = bytes(&path);
        let plain = replay_stdin(&["--json"], text.clone());
        let twin = replay_stdin(&["--json"], gzip(&text));
        assert_eq!((plain.code, plain.stdout, plain.stderr), (twin.code, twin.stdout, twin.stderr), "{path}");
    }
}

/// Lines whose outcome is known: a status that the preset holds, or none that anyone could read.
#[derive(Debug, Clone)]
enum Line {
    Preset(u16, String),
    Broken(u16),
    Junk(String),
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Preset(status, path) => json!({"requestId": "r", "httpMethod": "GET", "resourcePath": path, "status": status.to_string()}).to_string(),
            Self::Broken(status) => format!(r#"{{"httpMethod":"GET","status":"{status}","latency":-}}"#),
            Self::Junk(text) => format!("junk {text}"),
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Preset(status, _) | Self::Broken(status) => Some(*status),
            Self::Junk(_) => None,
        }
    }
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        4 => (100_u16..600, "/[a-z]{1,3}").prop_map(|(status, path)| Line::Preset(status, path)),
        1 => (100_u16..600).prop_map(Line::Broken),
        1 => "\\PC{0,40}".prop_map(Line::Junk),
    ]
}

fn batches() -> impl Strategy<Value = Vec<Vec<Line>>> {
    prop::collection::vec(prop::collection::vec(line(), 0..60), 0..5)
}

fn read(recording: &[u8]) -> Replayed {
    let reader = Reader::new(Rules::built_in());
    let settings = replay::Settings {
        reader,
        style: MessageStyle::default(),
        max_decompressed_bytes: 1 << 20,
        now_ms: None,
        as_one: false,
        is_posted: true,
    };
    replay::replay(recording, &settings).unwrap()
}

fn bodies(replayed: &Replayed) -> Vec<String> {
    replayed.messages.iter().map(|sent| serde_json::to_string(&sent.rendered.message).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_generated_line_is_in_the_ledger_once_and_the_same_bytes_give_the_same(
        batches in batches(),
        as_events in any::<bool>(),
    ) {
        let mut recording = Vec::new();
        for (number, lines) in batches.iter().enumerate() {
            let event = |(at, line): (usize, &Line)| json!({"id": format!("{number}-{at}"), "timestamp": 1_605_680_000_000_u64, "message": line.text()});
            let events: Vec<Value> = lines.iter().enumerate().map(event).collect();
            let message = json!({"messageType": "DATA_MESSAGE", "logGroup": "/g", "logStream": "s", "logEvents": events});
            let message = message.to_string();
            recording.extend(if as_events { event_of(message.as_bytes()) } else { message.into_bytes() });
            recording.push(b'\n');
        }
        let replayed = read(&recording);
        prop_assert!(replayed.ledger.balances(0), "{:?}", replayed.ledger);
        let statuses: Vec<Option<u16>> = batches.iter().flatten().map(Line::status).collect();
        let count = |is: fn(&Option<u16>) -> bool| statuses.iter().filter(|status| is(status)).count() as u64;
        let expected = Ledger {
            received: statuses.len() as u64,
            ok: count(|status| status.is_some_and(|status| status < 400)),
            unreadable: count(Option::is_none),
            matched: count(|status| status.is_some_and(|status| status >= 400)),
            ..replayed.ledger
        };
        prop_assert_eq!(replayed.ledger, expected);
        prop_assert_eq!(replayed.ledger.posted, replayed.messages.len() as u64);
        prop_assert!(replayed.faults.is_empty());
        let judge = Oracle::default();
        for body in bodies(&replayed) {
            prop_assert_eq!(judge.check_bytes(body.as_bytes()), [""; 0]);
        }
        for twin in [recording.clone(), gzip(&recording)] {
            let again = read(&twin);
            prop_assert_eq!(again.ledger, replayed.ledger);
            prop_assert_eq!(bodies(&again), bodies(&replayed));
        }
    }

    #[test]
    fn any_bytes_are_replayed_without_a_panic_and_the_ledger_balances(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        damaged_at in 0_usize..2_000,
        damage in any::<u8>(),
    ) {
        prop_assert!(read(&bytes).ledger.balances(0));
        let mut recording = crate::fixtures::bytes("fixtures/03-a-few-errors.json");
        if let Some(byte) = recording.get_mut(damaged_at) {
            *byte = damage;
        }
        prop_assert!(read(&recording).ledger.balances(0));
    }
}
