//! Input that is small on the wire and large inside, or long, deep or many beyond all measure.
//!
//! Where memory is what matters, the real binary reads it, and the kernel says how much it took at its peak.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use statuswatch::{
    access_log::{Format, Reading, read},
    decode::{DecodeError, Header, LogEvent, Sink, Source, decode},
    digest::{Batch, MAX_GROUPS, MAX_ROUTE_BYTES, MAX_SAMPLE_BYTES, MAX_SECTIONS, Reader},
    duplicates::{CAPACITY, EventKey, RememberedEvents},
    handler::body,
    replay::{Replayed, Settings, replay},
    rules::Rules,
    slack::render::MessageStyle,
};

use crate::{fake_slack::oracle::Oracle, fuzz_corpus::fuzz::targets::slack};

const MIB: u64 = 1 << 20;
/// The cap of the function and of `replay`.
const CAP: u64 = 128 * MIB;
/// What a bomb may take more than an event of one line, of the 128 MiB and more that it inflates to: its own text
/// twice, a window of 4 MiB, and what an allocator keeps.
const MAX_EXTRA_KIB: u64 = 16 * 1_024;
const HEAD: &str =
    r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"message":""#;

#[test]
fn a_bomb_of_1_mb_that_inflates_to_770_mib_is_stopped_at_the_cap_in_constant_memory() {
    let usual = Run::of(event(&gzip(HEAD.as_bytes(), b"x", 1)).as_bytes());
    let bomb = event(&gzip(HEAD.as_bytes(), &vec![b'x'; 1 << 20], 770));
    assert!((900_000..1_100_000).contains(&bomb.len()), "{} bytes on the wire", bomb.len());
    let run = Run::of(bomb.as_bytes());
    run.assert_stopped_at_the_cap();
    run.assert_constant_memory(&usual);
}

#[test]
fn a_bomb_in_many_members_is_stopped_at_the_cap_in_constant_memory() {
    let usual = Run::of(event(&gzip(HEAD.as_bytes(), b"x", 1)).as_bytes());
    let mut bytes = gzip(HEAD.as_bytes(), b"x", 0);
    let member = gzip(b"", &vec![b'x'; 1 << 20], 1);
    (0..770).for_each(|_| bytes.extend(&member));
    let run = Run::of(event(&bytes).as_bytes());
    run.assert_stopped_at_the_cap();
    run.assert_constant_memory(&usual);
    // Empty members are none of the text, and still have an end.
    let mut bytes = gzip(HEAD.as_bytes(), b"x", 0);
    (0..30_000).for_each(|_| bytes.extend(gzip(b"", b"", 0)));
    let run = Run::of(event(&bytes).as_bytes());
    assert!(run.stderr.contains("the inflated text ends within a value"), "{}", run.stderr);
    run.assert_constant_memory(&usual);
}

#[test]
fn a_compressed_recording_that_is_one_endless_line_is_stepped_over() {
    let mut recording = gzip(b"", &vec![b'x'; 1 << 20], 300);
    recording.extend(gzip(b"\n", br#"{"status":"502"}"#, 1));
    let run = Run::of(&recording);
    assert!(run.stderr.contains("a document or line longer than 134217728 bytes"), "{}", run.stderr);
    assert_eq!(run.report["ledger"]["shown"], 1, "what stands behind it is read");
    // A line is held whole up to the limit of one; the rest of it is not.
    assert!(run.peak_kib < 300 * 1_024, "{} KiB", run.peak_kib);
}

#[test]
fn a_deep_document_is_refused_without_a_deep_stack() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let deep = open.repeat(1_000_000);
        let mut nothing = Nothing(0);
        for text in [deep.clone(), format!("{{\"logEvents\":[{deep}"), format!("{{\"x\":{deep}")] {
            let error = decode(Source::Plain(text.as_bytes()), CAP, &mut nothing).unwrap_err();
            assert!(matches!(error, DecodeError::NotJson { .. }), "{error}");
        }
        let deep = open.repeat(20_000);
        for line in [deep.clone(), format!("{{\"status\":\"500\",\"a\":{deep}")] {
            // Deep in what is no JSON, a status at its front is still one.
            let salvaged = matches!(read(&line, Format::Auto), Reading::Salvaged(_));
            assert_eq!(salvaged, line.starts_with("{\"status\""), "{}", &line[..20]);
        }
        let replayed = replayed(deep.as_bytes());
        assert_eq!((replayed.ledger.received, replayed.ledger.unreadable), (1, 1));
    }
    let nested =
        |depth: usize| format!("{{\"status\":\"500\",\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(matches!(read(&nested(127), Format::Json), Reading::AccessLog(_)));
    assert!(matches!(read(&nested(128), Format::Json), Reading::Salvaged(_)));
}

#[test]
fn a_hundred_thousand_log_events_are_counted_to_the_last() {
    let replayed =
        replayed(message((0..100_000).map(|id| (id, r#"{"status":"502"}"#.to_owned()))).as_bytes());
    assert_eq!(replayed.ledger.matched, 100_000);
    assert_eq!(replayed.ledger.shown + replayed.ledger.counted, 100_000);
    assert_eq!((replayed.messages.len(), replayed.ledger.shown), (1, 20));
    check_messages(&replayed);
}

#[test]
fn keys_of_many_records_are_remembered_up_to_the_limit() {
    let keys = |first: usize| (first..first + 100_000).map(|id| EventKey::new("g", "s", &id.to_be_bytes()));
    let mut all = Batch::default();
    for first in [0, 100_000, 200_000] {
        let mut batch = Batch::default();
        batch.keys.extend(keys(first));
        all.absorb(batch, 20);
    }
    assert_eq!(all.keys.len(), CAPACITY);
}

#[test]
fn one_field_of_1_mb_is_shown_cut_and_breaks_nothing() {
    let patterns = ["x", "é", "👩‍👩‍👧", "\\\"", "<!channel> ", "*`_~", "\\u202e", "/", "}", "\\n"];
    let fields = ["path", "userAgent", "routeKey", "requestId", "x"];
    for (number, (pattern, field)) in patterns.into_iter().zip(fields.into_iter().cycle()).enumerate() {
        // One of them at the full length: a debug build takes its time.
        let length = if number == 0 { 1_000_000 } else { 50_000 };
        let long = pattern.repeat(length / pattern.len());
        let line = format!("{{\"status\":\"502\",\"httpMethod\":\"GET\",\"{field}\":\"{long}\"}}");
        let broken = format!("{{\"latency\":-,{}", &line[1..]);
        let replayed = replayed(format!("{line}\n{broken}\n").as_bytes());
        let ledger = replayed.ledger;
        assert_eq!((ledger.matched, ledger.salvaged), (2, 1), "{field} {pattern}");
        check_messages(&replayed);
    }
    for name in ["logGroup", "logStream", "owner"] {
        let line = r#"{"status":"502"}"#;
        let mut text = json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s",
            "logEvents": [{"id": "1", "timestamp": 5, "message": line}]});
        text[name] = "é".repeat(50_000).into();
        let replayed = replayed(text.to_string().as_bytes());
        assert_eq!(replayed.ledger.matched, 1, "{name}");
        check_messages(&replayed);
    }
}

/// A stranger chooses the path: what is kept of it, group after group and storm after storm, is bounded.
#[test]
fn many_long_paths_take_little_memory() {
    let reader = reader();
    let mut batch = Batch::default();
    let lines =
        (0..100).map(|id| (id, format!(r#"{{"status":"404","path":"/{id:x}-{}"}}"#, "é".repeat(20_000))));
    let text = message(lines);
    decode(Source::Plain(text.as_bytes()), CAP, &mut batch.intake(&reader, &RememberedEvents::default()))
        .unwrap();
    let section = &batch.digest.sections[0];
    assert_eq!((section.groups.len(), section.matched()), (MAX_GROUPS, 100));
    assert!(section.groups.iter().all(|group| group.route.len() <= MAX_ROUTE_BYTES + '…'.len_utf8()));
    assert!(section.groups.iter().all(|group| group.route.ends_with('…')));
}

/// With the square of its length for a cost, each of these lines would take minutes, and the suite with it.
#[test]
fn a_long_broken_line_is_read_in_time_that_grows_with_its_length_alone() {
    const LENGTH: usize = 100_000;
    for piece in [
        "}", " ", "x}", "\"", "\"}", ",", ", ", ",\"", ",\"a", "\"a\" ", "\\", "{", "\"a\":{", "\"a\":-,",
        "}]} ,",
    ] {
        let run = piece.repeat(LENGTH / piece.len());
        for line in [
            format!("{{{run}\"status\":\"500\"}}"),
            format!("{{\"a\":x{run}y\"status\":\"500\"}}"),
            format!("{{\"a\":\"x{run}y\",\"status\":\"500\",\"b\":-}}"),
            format!("{{\"status\":\"500\",\"b\":-,\"a\":{run}"),
        ] {
            let _ = read(&line, Format::Auto);
        }
    }
}

/// The same for a text that is inflated a byte at a time.
#[test]
fn a_long_log_event_in_tiny_members_is_read_in_time_that_grows_with_its_length_alone() {
    let mut bytes = gzip(HEAD.as_bytes(), &vec![b'\\'; 2 << 20], 1);
    let member = gzip(b"", br"\\", 1);
    (0..30_000).for_each(|_| bytes.extend(&member));
    bytes.extend(gzip(br#""}]}"#, b"", 0));
    let mut seen = Nothing(0);
    decode(Source::Compressed(&bytes), CAP, &mut seen).unwrap();
    assert_eq!(seen.0, 1);
}

#[test]
fn each_cap_is_met_to_the_byte_and_not_passed() {
    let text = message([(1, r#"{"status":"502"}"#.to_owned())].into_iter());
    let length = text.len() as u64;
    let compressed = gzip(b"", text.as_bytes(), 1);
    for source in [Source::Plain(text.as_bytes()), Source::Compressed(&compressed)] {
        for (cap, expected) in [
            (length + 1, Ok(())),
            (length, Ok(())),
            (length - 1, Err(DecodeError::TooLarge { limit: length - 1 })),
            (0, Err(DecodeError::TooLarge { limit: 0 })),
        ] {
            assert_eq!(decode(source, cap, &mut Nothing(0)), expected);
        }
    }
    let late =
        r#"{"logEvents":[{"message":"x"}],"logGroup":"g","logStream":"s","messageType":"DATA_MESSAGE"}"#;
    for (messages, is_read) in [(256, true), (257, false)] {
        let mut seen = Nothing(0);
        let read = decode(Source::Plain(late.repeat(messages).as_bytes()), CAP, &mut seen);
        assert_eq!(read.is_ok(), is_read, "{messages}");
        assert!(!is_read || seen.0 == messages as u64);
    }
    for (length, is_whole) in
        [(MAX_SAMPLE_BYTES - 1, true), (MAX_SAMPLE_BYTES, true), (MAX_SAMPLE_BYTES + 1, false)]
    {
        let frame = r#"{"status":"502","x":""}"#.len();
        let line = format!(r#"{{"status":"502","x":"{}"}}"#, "x".repeat(length - frame));
        let mut batch = Batch::default();
        let reader = reader();
        batch.intake(&reader, &RememberedEvents::default()).line(&Header::default(), b"", 5, &line);
        let sample = &batch.digest.sections[0].groups[0].samples[0];
        assert_eq!(sample.text.full_chars().is_none(), is_whole, "{length}");
    }
}

#[test]
fn more_groups_and_log_groups_than_are_told_apart_are_counted_all_the_same() {
    for routes in [MAX_GROUPS - 1, MAX_GROUPS, MAX_GROUPS + 1, 3 * MAX_GROUPS] {
        let mut batch = Batch::default();
        let reader = reader();
        let lines = (0..routes)
            .map(|id| (id as u64, format!(r#"{{"status":"502","path":"/{}"}}"#, "a".repeat(id + 1))));
        let text = message(lines);
        decode(Source::Plain(text.as_bytes()), CAP, &mut batch.intake(&reader, &RememberedEvents::default()))
            .unwrap();
        let section = &batch.digest.sections[0];
        assert_eq!(section.groups.len(), routes.min(MAX_GROUPS));
        assert_eq!(section.other.count, routes.saturating_sub(MAX_GROUPS) as u64);
        assert_eq!(section.matched(), routes as u64);
        check_messages(&replayed(text.as_bytes()));
    }
    for log_groups in [MAX_SECTIONS - 1, MAX_SECTIONS, MAX_SECTIONS + 1, 3 * MAX_SECTIONS] {
        let mut text = String::new();
        for number in 0..log_groups {
            let event = json!([{"id": "1", "timestamp": 5, "message": r#"{"status":"502"}"#}]);
            let message = json!({"messageType": "DATA_MESSAGE", "logGroup": format!("g{number}"), "logStream": "s", "logEvents": event});
            writeln!(text, "{message}").unwrap();
        }
        let mut batch = Batch::default();
        let reader = reader();
        decode(Source::Plain(text.as_bytes()), CAP, &mut batch.intake(&reader, &RememberedEvents::default()))
            .unwrap();
        assert_eq!(batch.digest.sections.len(), log_groups.min(MAX_SECTIONS));
        assert_eq!(batch.digest.matched(), log_groups as u64);
    }
}

#[test]
fn a_line_of_any_length_around_slacks_limits_makes_a_message_that_slack_takes() {
    for character in ["x", "👩"] {
        for around in [2_950_usize, 3_900, 8_900, 9_400, 12_200] {
            for length in (around - 30..around + 90).step_by(40) {
                let line =
                    format!(r#"{{"status":"502","x":"{}"}}"#, character.repeat(length / character.len()));
                let replayed = replayed(line.as_bytes());
                assert_eq!(replayed.ledger.shown, 1, "{length}");
                check_messages(&replayed);
            }
        }
    }
}

/// Counts log events.
struct Nothing(u64);

impl Sink for Nothing {
    fn log_event(&mut self, _: &Header, _: LogEvent<'_>) {
        self.0 += 1;
    }
}

fn reader() -> Reader {
    Reader::new(Rules::built_in())
}

fn replayed(recording: &[u8]) -> Replayed {
    let settings = Settings {
        reader: reader(),
        style: MessageStyle::default(),
        max_decompressed_bytes: CAP,
        now_ms: None,
        as_one: false,
        is_posted: true,
    };
    let replayed = replay(recording, &settings).unwrap();
    assert!(replayed.ledger.balances(0), "{:?}", replayed.ledger);
    replayed
}

fn check_messages(replayed: &Replayed) {
    for sent in &replayed.messages {
        slack::check_forms(&Oracle::default(), &body(&sent.rendered.message), &body(sent.rendered.plain()));
    }
}

fn message(lines: impl Iterator<Item = (u64, String)>) -> String {
    let events: Vec<Value> =
        lines.map(|(id, line)| json!({"id": id.to_string(), "timestamp": 1_600_000_000_000_u64 + id, "message": line})).collect();
    json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": events}).to_string()
}

/// One gzip member: `head`, then `piece` so many times.
fn gzip(head: &[u8], piece: &[u8], times: usize) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(head).unwrap();
    (0..times).for_each(|_| gzip.write_all(piece).unwrap());
    gzip.finish().unwrap()
}

fn event(compressed: &[u8]) -> String {
    json!({"awslogs": {"data": STANDARD.encode(compressed)}}).to_string()
}

/// One recording, read by the real `statuswatch replay --json`.
struct Run {
    report: Value,
    stderr: String,
    peak_kib: u64,
}

impl Run {
    /// Its memory is looked at when it has told of the recording and waits for the next one, its standard input.
    fn of(recording: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording");
        fs::write(&path, recording).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_statuswatch"))
            .args(["replay", "--json"])
            .args([&path, Path::new("-")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let peak_kib = peak_kib(&child);
        drop(child.stdin.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        child.wait().unwrap();
        Self { report: serde_json::from_str(&line).unwrap(), stderr, peak_kib }
    }

    #[track_caller]
    fn assert_stopped_at_the_cap(&self) {
        assert!(
            self.stderr.contains("inflate: more than 134217728 bytes after inflation"),
            "{}",
            self.stderr
        );
        assert_eq!(self.report["ledger"]["received"], 0, "part of a batch was taken for the whole");
    }

    #[track_caller]
    fn assert_constant_memory(&self, usual: &Self) {
        let extra = self.peak_kib.saturating_sub(usual.peak_kib);
        assert!(
            extra < MAX_EXTRA_KIB,
            "{} KiB at the peak, {} KiB for one line",
            self.peak_kib,
            usual.peak_kib
        );
    }
}

/// The most memory that the process has held so far (`VmHWM`, proc(5)).
fn peak_kib(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
