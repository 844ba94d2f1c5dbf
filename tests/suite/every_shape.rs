//! Every shape of an access log, sound and broken: the fast way reads its lines as the plain reader does, in a batch and
//! in a recording, and a backtest is the same over one file and over many, which are read side by side.
//!
//! The long run, a million lines a shape: `cargo test --release --test suite a_million_lines -- --ignored`.

use std::fmt::Write as _;

use fastrand::Rng;
use statuswatch::backtest::Backtest;
use statuswatch::digest::Reader;
use statuswatch::ledger::Ledger;

use crate::data::{self, SEED};
use crate::fast_path::{self, replayed};
use crate::fuzz_corpus::fuzz::targets::known_lines::{RULES, check, reader};
use crate::line_shapes::{SHAPES, Shape};

/// 3 November 2026, 08:00 UTC, epoch milliseconds.
const BEGIN_MS: u64 = 1_793_692_800_000;
/// From one line to the next, where 400 of them are whole seconds.
const STEP_MS: u64 = 5;
/// Lines of a batch.
const BATCH: usize = 500;
/// Lines of a recording.
const RECORDING: usize = 20_000;

/// What stands in a line and what breaks it.
const ODD: [&str; 22] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    " ",
    "\t",
    "-",
    "<",
    ">",
    "=",
    "&amp;",
    "é",
    "\u{1}",
    "\u{7f}",
    "'",
    "4",
    "|",
    "?token=s3cr3t-1",
];
/// Escapes of the line's own, sound and not.
const ESCAPES: [&str; 9] =
    ["\\\"", "\\\\", "\\n", "\\/", "\\u00e9", "\\u0000", "\\ud83d\\ude00", "\\ud83d", "\\x"];
const STATUSES: [&str; 12] =
    ["-", "debug", "", "0502", "5e2", "99", "600", "502.0", "\"404\"", "null", "200", "4294967696"];

/// So many lines of a shape, every eighth an error, every fourth changed.
fn lines(shape: Shape, count: usize, rng: &mut Rng) -> Vec<String> {
    let mut lines: Vec<String> = Vec::with_capacity(count);
    for number in 0..count as u64 {
        let is_error = rng.u8(..8) == 0;
        let request = data::request(rng, BEGIN_MS + number, is_error);
        let line = (shape.1)(&request);
        lines.push(if rng.u8(..4) == 0 {
            let status = request.status.to_string();
            changed(&line, &status, lines.last().map_or("", String::as_str), rng)
        } else {
            line
        });
    }
    lines
}

/// A line with one or two things wrong with it.
fn changed(line: &str, status: &str, other: &str, rng: &mut Rng) -> String {
    let mut line = line.to_owned();
    for _ in 0..rng.usize(1..3) {
        let ends: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
        let place = rng.usize(..ends.len());
        let (at, next) = (ends[place], ends[(place + 1).min(ends.len() - 1)]);
        match rng.u8(..10) {
            0 => line.insert_str(at, ODD[rng.usize(..ODD.len())]),
            1 => line.replace_range(at..next, ODD[rng.usize(..ODD.len())]),
            2 => line.replace_range(at..next, ""),
            3 => line.insert_str(at, &line[at..next].repeat(rng.usize(1..40))),
            4 => line.truncate(at),
            5 | 6 => line.insert_str(at, ESCAPES[rng.usize(..ESCAPES.len())]),
            7 => line = line.replacen(status, STATUSES[rng.usize(..STATUSES.len())], 1 + rng.usize(..2)),
            8 => line.push_str(["\r", " ", " \t", "}", ",", "\0"][rng.usize(..6)]),
            _ => {
                let from = other.char_indices().nth(place).map_or(0, |(from, _)| from);
                line.replace_range(at.., &other[from..]);
            }
        }
    }
    line
}

/// Log events as JSON, from the first of this number on.
fn log_events(first: usize, lines: &[String]) -> Vec<String> {
    let event = |(number, line): (usize, &String)| {
        let (id, timestamp) = (number.to_string(), BEGIN_MS + number as u64);
        serde_json::json!({ "id": id, "timestamp": timestamp, "message": line }).to_string()
    };
    (first..).zip(lines).map(event).collect()
}

/// What the plain reader makes of these lines in batches, once the fast way was found to make the same of them.
fn read_plainly(lines: &[String], reader: &Reader) -> [u64; 5] {
    let mut sums = [0; 5];
    for (number, batch) in lines.chunks(BATCH).enumerate() {
        let events = log_events(number * BATCH, batch).join(",");
        let text = format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":[],"logEvents":[{events}]}}"#
        );
        let counts = check(text.as_bytes(), reader);
        sums.iter_mut().zip(figures(&counts.ledger)).for_each(|(sum, count)| *sum += count);
    }
    sums
}

fn figures(ledger: &Ledger) -> [u64; 5] {
    [ledger.received, ledger.ok, ledger.ignored, ledger.unreadable, ledger.matched]
}

fn backtested(recordings: Vec<String>) -> Backtest {
    fast_path::backtested(recordings, reader(&[], None, 3), "{ $.status = 5* }").unwrap()
}

/// Lines of a shape, read in every way.
fn check_shape(shape: Shape, count: usize, seed: u64) {
    let name = shape.0;
    let mut rng = Rng::with_seed(seed);
    let lines = lines(shape, count, &mut rng);
    let rules = rng.choice([None, None, Some(RULES[0]), Some(RULES[1]), Some(RULES[3])]).unwrap();
    let samples = rng.usize(..4);
    let mask: &[&str] = if rng.u8(..8) == 0 { &["ip", "path"] } else { &[] };
    let reader = reader(mask, rules, samples);
    let plain = read_plainly(&lines, &reader);
    let recording = log_events(0, &lines).join("\n");
    assert_eq!(figures(&replayed(&recording, reader).ledger), plain, "{name}, seed {seed}: replay");

    let Backtest { lines: found, .. } = backtested(vec![recording]);
    assert_eq!(found.received, plain[0], "{name}, seed {seed}: backtest");
    let [received, ok, _, unreadable, _] = plain;
    let errors = found.client_errors + found.server_errors;
    let expected = [ok, unreadable, received - ok - unreadable];
    assert_eq!([found.ok, found.unreadable, errors], expected, "{name}, seed {seed}: backtest");
}

/// A backtest without what tells files apart: the line of a file that an example stands in, and the short ids at the ends
/// of messages, since a line without an id of its own is known by its place.
fn without_places(json: &str) -> String {
    let hides = |piece: &str| {
        let id = piece.split('"').next().unwrap_or_default();
        id.len() == 6 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let pieces = json.split(" · ").map(|piece| if hides(piece) { &piece[6..] } else { piece });
    let json = pieces.collect::<Vec<_>>().join(" · ");
    let examples = json.split(r#""source":"recording","line":"#);
    examples.map(|example| example.trim_start_matches(|c: char| c.is_ascii_digit())).collect()
}

/// A backtest of sound lines over one file, and over several that are read by a thread each.
fn check_threads(shape: Shape, count: u64) {
    let mut rng = Rng::with_seed(SEED);
    let mut lines = Vec::new();
    for number in 0..count {
        let request = data::request(&mut rng, BEGIN_MS + number * STEP_MS, number % 9 == 0);
        lines.push((shape.1)(&request));
    }
    let text = |lines: &[String]| {
        lines.iter().fold(String::new(), |mut text, line| {
            writeln!(text, "{line}").unwrap();
            text
        })
    };
    let said = |mut backtest: Backtest| {
        assert_eq!((backtest.lines.received, backtest.warnings.len()), (count, 0), "{}", shape.0);
        backtest.sources.clear();
        without_places(&serde_json::to_string(&backtest).unwrap())
    };
    let alone = said(backtested(vec![text(&lines)]));
    for files in [2, 3, 8, 20] {
        let parts = lines.chunks(lines.len().div_ceil(files)).map(text).collect();
        assert_eq!(said(backtested(parts)), alone, "{}: {files} files", shape.0);
    }
    // Of files that overlap in time the lines are put in order. Those of one second stay together here: among equals the
    // first file is first.
    let (even, odd) = (0..).zip(&lines).partition::<Vec<_>, _>(|(number, _)| number / 400 % 2 == 0);
    let [even, odd] =
        [even, odd].map(|part| part.into_iter().map(|(_, line)| line.clone()).collect::<Vec<_>>());
    assert_eq!(said(backtested(vec![text(&even), text(&odd)])), alone, "{}: overlapping files", shape.0);
}

#[test]
fn every_shape_is_read_the_fast_way_as_the_plain_way() {
    for (number, shape) in (0..).zip(SHAPES) {
        check_shape(shape, 1_500, SEED + number);
    }
}

#[test]
fn a_backtest_does_not_depend_on_how_many_threads_read() {
    for shape in SHAPES {
        check_threads(shape, 2_000);
    }
}

#[test]
#[ignore = "a million lines a shape take minutes: the long run"]
fn a_million_lines_of_every_shape_are_read_the_fast_way_as_the_plain_way() {
    std::thread::scope(|scope| {
        for half in [0, 1] {
            scope.spawn(move || {
                for shape in SHAPES.into_iter().skip(half).step_by(2) {
                    for part in 0..1_000_000 / RECORDING as u64 {
                        check_shape(shape, RECORDING, 1_000 + part);
                    }
                    check_threads(shape, 100_000);
                }
            });
        }
    });
}
