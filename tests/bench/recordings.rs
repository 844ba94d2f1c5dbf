//! What `replay` and `backtest` cost for a line, beside the core's way from event to digest.
//!
//! `cargo bench --bench recordings`, `-- --rounds N` for another number of rounds. All ways take turns, and a ratio is
//! taken within the round. With `-- --write FILE LINES` it writes a recording of so many lines over 30 days instead:
//! scanning noise all the time and a burst of 5xx in every third night, always the same for the same number. `-- --write
//! FILE LINES PER_SECOND` lets it take as long as so many lines a second do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot go on must say so loudly, and prints its result"
)]

#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod data;
mod read_recording;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod rounds;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod ways;

use std::fs::File;
use std::io::{BufWriter, Write};

use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use time::OffsetDateTime;
use time::macros::format_description;

use data::SEED;
use read_recording::{backtested, replayed};
use rounds::{Way, interleave};
use ways::ThisCode;

const ROUNDS: usize = 9;
/// Log events of one event, and events of a recording.
const LOG_EVENTS: u64 = 1_000;
const EVENTS: u64 = 40;
/// 1 November 2026, epoch milliseconds.
const BEGIN_MS: u64 = 1_793_491_200_000;
const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 1_440 * MINUTE_MS;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--write") {
        let lines = arguments[at + 2].parse().expect("a number of lines");
        let span_ms = arguments.get(at + 3).map_or(30 * DAY_MS, |per_second| {
            lines * 1_000 / per_second.parse::<u64>().expect("a number of lines")
        });
        return write(&arguments[at + 1], lines, span_ms);
    }
    let rounds = arguments.windows(2).find(|pair| pair[0] == "--rounds");
    let rounds = rounds.map_or(ROUNDS, |pair| pair[1].parse().expect("--rounds takes a number"));
    let lines = (LOG_EVENTS * EVENTS) as f64;
    println!(
        "CPU for a line: median of {rounds} interleaved rounds (lower to upper quartile), {lines} lines.\n"
    );
    println!("| recording | errors | core, ns | replay, times the core | backtest, times the core |");
    println!("|---|---|---|---|---|");
    for percent in [1, 10] {
        let events: Vec<_> = (0..EVENTS).map(|n| data::event(LOG_EVENTS, percent, SEED + n)).collect();
        let errors: u64 = events.iter().map(|event| event.errors).sum();
        let code = ThisCode::new();
        let as_events: Vec<u8> = events.iter().flat_map(|event| [&event.body[..], b"\n"].concat()).collect();
        let (as_log_events, as_lines) = loose(percent);
        for (name, bytes) in [
            ("Lambda events", &as_events),
            ("JSON lines of log events", &as_log_events),
            ("access-log lines", &as_lines),
        ] {
            assert_eq!(replayed(bytes).ledger.matched, errors, "{name}");
            assert_eq!(backtested(bytes).slack.matched, errors, "{name}");
            let rounds = interleave(
                rounds,
                1,
                &mut [
                    Way::here(|| {
                        events.iter().map(|event| code.digest(&event.body).counts.ledger.matched).sum::<u64>()
                    }),
                    Way::here(|| replayed(bytes)),
                    Way::here(|| backtested(bytes)),
                ],
            );
            println!(
                "| {name} | {percent} % | {} | {} | {} |",
                rounds.milliseconds(0).scaled(1e6 / lines),
                rounds.ratio(1, 0),
                rounds.ratio(2, 0),
            );
        }
    }
}

/// The same log events as JSON lines, and as the lines alone.
fn loose(percent: u64) -> (Vec<u8>, Vec<u8>) {
    let (mut log_events, mut lines) = (Vec::new(), Vec::new());
    for number in 0..EVENTS {
        let (message, _) = data::message(LOG_EVENTS, percent, SEED + number);
        let message: serde_json::Value = serde_json::from_slice(&message).unwrap();
        for event in message["logEvents"].as_array().unwrap() {
            writeln!(log_events, "{event}").unwrap();
            writeln!(lines, "{}", event["message"].as_str().unwrap()).unwrap();
        }
    }
    (log_events, lines)
}

/// A recording of access-log lines, gzip-compressed where the file's name ends so.
fn write(path: &str, lines: u64, span_ms: u64) {
    let file = BufWriter::new(File::create(path).unwrap());
    let is_gzip = std::path::Path::new(path).extension().is_some_and(|extension| extension == "gz");
    let mut out: Box<dyn Write> =
        if is_gzip { Box::new(GzEncoder::new(file, Compression::new(6))) } else { Box::new(file) };
    let mut rng = Rng::with_seed(SEED);
    let form = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    for number in 0..lines {
        let at_ms = BEGIN_MS + span_ms * number / lines;
        let (day, minute) = ((at_ms - BEGIN_MS) / DAY_MS, at_ms % DAY_MS / MINUTE_MS);
        let is_burst = day % 3 == 1 && (120..135).contains(&minute);
        let mut request = data::request(&mut rng, at_ms, false);
        (request.status, request.path) = match rng.u32(0..1_000) {
            0..600 if is_burst => (504, "/v1/orders"),
            0..2 => (403, "/.env"),
            _ => (request.status, request.path),
        };
        let at = OffsetDateTime::from_unix_timestamp(i64::try_from(at_ms / 1_000).unwrap()).unwrap();
        request.time = at.format(&form).unwrap();
        writeln!(out, "{}", request.json()).unwrap();
    }
    out.flush().unwrap();
}
