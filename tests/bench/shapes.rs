//! What `replay` and `backtest` cost for a byte of each shape of an access log, beside the flat JSON of the preset.
//!
//! `cargo bench --bench shapes`, `-- --rounds N` for another number of rounds. Every shape has the same requests. All
//! ways take turns, and a ratio is taken within the round. `-- --once WAY SHAPE TIMES` reads one shape so many times,
//! to be counted by callgrind. `-- --write FOLDER LINES` writes each shape into a file of its name instead.
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
mod line_shapes;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod read_recording;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod rounds;

use line_shapes::{SHAPES, recording};
use read_recording::{backtested, replayed};
use rounds::{Way, interleave};

const ROUNDS: usize = 9;
const LINES: u64 = 40_000;
/// Errors in a hundred lines.
const PERCENT: u64 = 1;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, once, way, shape, times, ..] = &arguments[..]
        && once == "--once"
    {
        let form = SHAPES.iter().find(|(name, _)| name == shape).expect("a shape").1;
        let bytes = recording(form, LINES / 10, PERCENT);
        for _ in 0..times.parse().expect("a number") {
            let matched = match way.as_str() {
                "replay" => replayed(&bytes).ledger.matched,
                "backtest" => backtested(&bytes).slack.matched,
                _ => panic!("no way is called {way}"),
            };
            assert_eq!(matched, LINES / 10 * PERCENT / 100);
        }
        return;
    }
    if let [_, write, folder, lines, ..] = &arguments[..]
        && write == "--write"
    {
        for (name, form) in SHAPES {
            let bytes = recording(form, lines.parse().expect("a number"), PERCENT);
            let name = name.replace(", ", "-").replace(' ', "-");
            std::fs::write(format!("{folder}/{name}.log"), bytes).expect("a folder that can be written");
        }
        return;
    }
    let rounds = arguments.windows(2).find(|pair| pair[0] == "--rounds");
    let rounds = rounds.map_or(ROUNDS, |pair| pair[1].parse().expect("--rounds takes a number"));
    let recordings: Vec<_> =
        SHAPES.iter().map(|(name, form)| (*name, recording(*form, LINES, PERCENT))).collect();
    let mut ways = Vec::new();
    for (name, bytes) in &recordings {
        let errors = LINES * PERCENT / 100;
        assert_eq!(replayed(bytes).ledger.matched, errors, "{name}");
        assert_eq!(backtested(bytes).slack.matched, errors, "{name}");
        ways.push(Way::here(|| replayed(bytes)));
        ways.push(Way::here(|| backtested(bytes)));
    }
    let measured = interleave(rounds, 1, &mut ways);
    println!(
        "CPU for a byte of {LINES} lines with {PERCENT} % errors, as ratio to that of the flat JSON: median of {rounds} interleaved rounds (lower to upper quartile).\n"
    );
    println!(
        "| shape | bytes a line | replay, ns a line | replay to flat, a byte | backtest to flat, a byte | backtest to replay |"
    );
    println!("|---|---|---|---|---|---|");
    let flat = recordings[0].1.len() as f64;
    for (index, (name, bytes)) in recordings.iter().enumerate() {
        let (replay, backtest, share) = (2 * index, 2 * index + 1, flat / bytes.len() as f64);
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            bytes.len() as u64 / LINES,
            measured.milliseconds(replay).scaled(1e6 / LINES as f64),
            measured.ratio(replay, 0).scaled(share),
            measured.ratio(backtest, 1).scaled(share),
            measured.ratio(backtest, replay),
        );
    }
}
