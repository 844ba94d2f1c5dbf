//! Instructions from event bytes to digest, as ratio to the limit's: counted by callgrind, so they repeat.
//!
//! `cargo bench --bench instructions`. Fails where a ratio is more than the slack above the one that is stored in
//! `instructions.json`; whoever changes a figure on purpose stores the new one. The goal stands beside it.
//!
//! It runs itself under `valgrind --tool=callgrind` for one round and for several; the difference is the rounds alone,
//! without the start of the process and without making the batch.
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
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod line_shapes;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod ways;

use std::hint::black_box;
use std::process::{Command, ExitCode};

use serde::Deserialize;

use data::SEED;
use ways::{Limit, ThisCode};

/// The first round is not counted: in it, what is kept from one to the next is allocated.
const ROUNDS: [u64; 2] = [1, 5];

#[derive(Deserialize)]
struct Bounds {
    slack: f64,
    batches: Vec<Bound>,
}

#[derive(Deserialize)]
struct Bound {
    /// A name of [`line_shapes::SHAPES`].
    shape: String,
    log_events: u64,
    percent: u64,
    stored: f64,
    goal: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [_, "--rounds", rounds, way, log_events, percent, ref shape @ ..] = arguments[..] {
        let shape = shape.first().copied().unwrap_or("flat JSON");
        run(rounds.parse().unwrap(), way, log_events.parse().unwrap(), percent.parse().unwrap(), shape);
        return ExitCode::SUCCESS;
    }
    let bounds: Bounds = serde_json::from_str(include_str!("instructions.json")).unwrap();
    println!(
        "| shape | log events | errors | limit | this code | ratio | stored, + {:.0} % | holds | goal | reached |",
        (bounds.slack - 1.0) * 100.0
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut all_hold = true;
    for Bound { shape, log_events, percent, stored, goal } in bounds.batches {
        let [limit, this_code] = ["limit", "this-code"].map(|way| count(way, log_events, percent, &shape));
        let ratio = this_code as f64 / limit as f64;
        let holds = ratio <= stored * bounds.slack;
        all_hold &= holds;
        let [holds, reached] = [holds, ratio <= goal].map(|yes| if yes { "yes" } else { "**no**" });
        println!(
            "| {shape} | {log_events} | {percent} % | {limit} | {this_code} | {ratio:.3} | {stored} | {holds} | {goal} | {reached} |"
        );
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The measured program: so many rounds of one way.
fn run(rounds: u64, way: &str, log_events: u64, percent: u64, shape: &str) {
    let form = line_shapes::SHAPES.iter().find(|(name, _)| *name == shape).expect("a shape").1;
    let event = data::event_of(form, log_events, percent, SEED);
    let (code, mut limit) = (ThisCode::new(), Limit::default());
    for _ in 0..rounds {
        match way {
            "limit" => assert_eq!(black_box(limit.inflate(event.data())), event.inflated),
            "this-code" => {
                assert_eq!(black_box(code.digest(&event.body)).counts.ledger.matched, event.errors);
            }
            _ => panic!("no way is called {way}"),
        }
    }
}

/// Instructions of one round.
fn count(way: &str, log_events: u64, percent: u64, shape: &str) -> u64 {
    let [first, all] = ROUNDS.map(|rounds| callgrind(rounds, way, log_events, percent, shape));
    (all - first) / (ROUNDS[1] - ROUNDS[0])
}

/// Instructions of the whole program.
fn callgrind(rounds: u64, way: &str, log_events: u64, percent: u64, shape: &str) -> u64 {
    let counted = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--rounds", &rounds.to_string(), way, &log_events.to_string(), &percent.to_string(), shape])
        .output()
        .expect("valgrind is installed (Debian: apt-get install valgrind)");
    let errors = String::from_utf8_lossy(&counted.stderr);
    assert!(counted.status.success(), "{errors}");
    let collected = errors.lines().find_map(|line| line.split_once("Collected :")).expect("callgrind's sum");
    collected.1.trim().parse().unwrap()
}
