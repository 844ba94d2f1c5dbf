//! What a batch costs from event bytes to digest: this code, the limit, and what others would write, as ratios.
//!
//! `cargo bench --bench table`, `-- --rounds N` for another number of rounds. Prints the table, then every bound with
//! its figure. It measures CPU time, so it never fails over a figure: it says which bound does not hold.
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
mod naive;
mod peer;
mod rounds;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod ways;

use std::fmt::Display;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use data::{Event, LARGEST, MEDIUM, SEED, SMALL};
use peer::Peer;
use rounds::{Rounds, Spread, Way, interleave};
use ways::{Limit, ThisCode};

const ROUNDS: usize = 15;
const PERCENTS: [u64; 3] = [1, 10, 100];

/// Places of the ways in a batch's rounds; the peers come last, since they may be missing.
const LIMIT: usize = 0;
const THIS_CODE: usize = 1;
const KEPT_VECTORS: usize = 2;
const NAIVE: usize = 3;
const FIRST_PEER: usize = 4;
const PEERS: [(&str, &str); 2] = [("node", "digest.mjs"), ("python3", "digest.py")];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds = arguments.windows(2).find(|pair| pair[0] == "--rounds");
    let rounds = rounds.map_or(ROUNDS, |pair| pair[1].parse().expect("--rounds takes a number"));
    let folder = tempfile::tempdir().unwrap();
    let mut bounds = Bounds::default();

    println!(
        "CPU time as ratio to the limit: median of {rounds} interleaved rounds (lower to upper quartile).\n"
    );
    println!("| batch | errors | limit | this code | naive Rust | Node | Python | limit, kept vectors |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, log_events, times) in
        [("small", SMALL, 1_000), ("medium", MEDIUM, 20), ("largest", LARGEST, 1)]
    {
        for percent in PERCENTS {
            let event = data::event(log_events, percent, SEED);
            let measured = Measured::take(&event, rounds, times, folder.path());
            measured.print_row(&format!("{name} | {percent} %"));
            bounds.note_batch(name, percent, &measured);
        }
    }
    bounds.note_linearity(rounds);
    bounds.print();
}

/// What one batch costs each way.
struct Measured {
    rounds: Rounds,
    /// Where Node and Python are among the ways.
    peers: [Option<usize>; PEERS.len()],
}

impl Measured {
    fn take(event: &Event, rounds: usize, times: u32, folder: &Path) -> Self {
        let file = folder.join("event.json");
        fs::write(&file, &event.body).unwrap();
        let code = ThisCode::new();
        let mut limit = Limit::default();
        check_answers(event, &code, &mut limit);

        let mut children = PEERS.map(|(program, script)| Peer::start(program, script, &file, event.errors));
        let mut ways = vec![
            Way::here(|| Limit::default().inflate(event.data())),
            Way::here(|| code.digest(&event.body)),
            Way::here(|| limit.inflate(event.data())),
            Way::here(|| naive::digest(&event.body)),
        ];
        let mut next = FIRST_PEER..;
        let peers = children.each_ref().map(|child| child.as_ref().and_then(|_| next.next()));
        for child in children.iter_mut().flatten() {
            ways.push(Way::elsewhere(|times| child.digest(times)));
        }
        Self { rounds: interleave(rounds, times, &mut ways), peers }
    }

    fn print_row(&self, batch: &str) {
        let limit = self.rounds.milliseconds(LIMIT).median;
        let [this_code, naive, kept] =
            [THIS_CODE, NAIVE, KEPT_VECTORS].map(|way| self.rounds.ratio(way, LIMIT));
        let [node, python] = self.peers.map(|peer| match peer {
            Some(way) => self.rounds.ratio(way, LIMIT).to_string(),
            None => "not installed".to_owned(),
        });
        println!("| {batch} | {limit:.3} ms | {this_code} | {naive} | {node} | {python} | {kept} |");
    }

    fn times_this_code(&self, way: usize) -> Spread {
        self.rounds.ratio(way, THIS_CODE)
    }
}

/// A way that does other work than the rest is not to be compared with them.
fn check_answers(event: &Event, code: &ThisCode, limit: &mut Limit) {
    let counts = code.digest(&event.body).counts;
    assert_eq!((counts.ledger.received, counts.ledger.matched), (event.log_events, event.errors));
    let groups = naive::digest(&event.body);
    assert_eq!(groups.values().map(|group| group.count).sum::<u64>(), event.errors);
    assert!(groups.values().all(|group| !group.lines.is_empty()));
    assert_eq!(limit.inflate(event.data()), event.inflated);
}

/// The bounds with their figures, as rows.
#[derive(Default)]
struct Bounds(Vec<String>);

impl Bounds {
    fn at_most(&mut self, what: impl Display, figure: Spread, bound: f64) {
        let holds = if figure.median <= bound { "yes" } else { "**no**" };
        self.0.push(format!("| {what} | at most {bound} | {figure} | {holds} |"));
    }

    fn at_least(&mut self, what: impl Display, figure: Spread, bound: f64) {
        let holds = if figure.median >= bound { "yes" } else { "**no**" };
        self.0.push(format!("| {what} | at least {bound} | {figure} | {holds} |"));
    }

    /// A figure without a bound.
    fn beside(&mut self, what: impl Display, figure: Spread) {
        self.0.push(format!("| {what} | - | {figure} | - |"));
    }

    fn note_batch(&mut self, name: &str, percent: u64, measured: &Measured) {
        let bound = match (name, percent) {
            ("largest", 100) => Some(1.6),
            ("largest", _) => Some(1.3),
            ("medium", 1) => Some(1.25),
            ("small", _) => Some(1.8),
            _ => None,
        };
        if let Some(bound) = bound {
            let figure = measured.rounds.ratio(THIS_CODE, LIMIT);
            self.at_most(format_args!("{name}, {percent} % errors: ratio to the limit"), figure, bound);
        }
        if name != "largest" {
            return;
        }
        let [node, python] = measured.peers;
        for (other, way, bound) in
            [("naive Rust", Some(NAIVE), 4.5), ("Node", node, 4.5), ("Python", python, 7.0)]
        {
            match way {
                Some(way) => self.at_least(
                    format_args!("largest, {percent} %: times less CPU than {other}"),
                    measured.times_this_code(way),
                    bound,
                ),
                None => {
                    self.0
                        .push(format!("| {other} is not installed | at least {bound} | - | not measured |"));
                }
            }
        }
    }

    /// CPU for each log event of the largest batch, as ratio to that of medium ones; and what the limit does there.
    ///
    /// The function never sees a batch twice. So no two of the medium ones are alike: one that is read over and over
    /// gets cheaper, since caches and branch predictor come to know it, and the largest is too long for that.
    fn note_linearity(&mut self, rounds: usize) {
        let code = ThisCode::new();
        for percent in PERCENTS {
            let largest = data::event(LARGEST, percent, SEED);
            let seeds = SEED..SEED + LARGEST / MEDIUM;
            let medium: Vec<Event> = seeds.map(|seed| data::event(MEDIUM, percent, seed)).collect();
            let medium_log_events: u64 = medium.iter().map(|event| event.log_events).sum();
            let mut ways = [
                Way::here(|| medium.iter().for_each(|event| drop(black_box(code.digest(&event.body))))),
                Way::here(|| code.digest(&largest.body)),
                Way::here(|| {
                    for event in &medium {
                        black_box(Limit::default().inflate(event.data()));
                    }
                }),
                Way::here(|| Limit::default().inflate(largest.data())),
            ];
            let rounds = interleave(rounds, 1, &mut ways);
            let per_log_event = medium_log_events as f64 / largest.log_events as f64;
            let what = format_args!("CPU per log event, largest to medium, {percent} %");
            self.at_most(what, rounds.ratio(1, 0).scaled(per_log_event), 1.1);
            self.beside(
                format_args!("the same of the limit, {percent} %"),
                rounds.ratio(3, 2).scaled(per_log_event),
            );
        }
    }

    fn print(&self) {
        println!("\n| what | bound | figure | holds |\n|---|---|---|---|\n{}", self.0.join("\n"));
    }
}
