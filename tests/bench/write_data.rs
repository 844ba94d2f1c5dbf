//! What the benchmarks are fed with: prints each batch's measures; with `-- --write FOLDER`, writes them there.
//!
//! `cargo bench --bench write_data`. The folder gets the events that `process/measure` hands to the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot go on must say so loudly, and prints its result"
)]

#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod data;

use std::fs;
use std::path::Path;

use data::{LARGEST, MEDIUM, SEED, SMALL};

/// The size up to which Lambda takes asynchronous invocations, such as those of a subscription filter.
const MEBIBYTE: u64 = 10_400;
/// Invocations that all post need log events that differ.
const DISTINCT: u64 = 400;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = arguments.windows(2).find(|pair| pair[0] == "--write").map(|pair| Path::new(&pair[1]));
    println!("| batch | log events | errors | inflated bytes | bytes as a Lambda event | compression |");
    println!("|---|---|---|---|---|---|");
    for (name, log_events) in
        [("small", SMALL), ("medium", MEDIUM), ("mebibyte", MEBIBYTE), ("largest", LARGEST)]
    {
        for percent in [0, 1, 10, 100] {
            let event = data::event(log_events, percent, SEED);
            let (inflated, sent) = (event.inflated, event.body.len());
            let compression = inflated as f64 / (event.data().len() / 4 * 3) as f64;
            println!("| {name} | {log_events} | {} | {inflated} | {sent} | {compression:.2} |", event.errors);
            if let Some(folder) = folder {
                fs::write(folder.join(format!("{name}-{percent}.json")), &event.body).unwrap();
            }
        }
    }
    if let Some(folder) = folder {
        let mut lines = Vec::new();
        for number in 0..DISTINCT {
            lines.extend(data::event(SMALL, 10, SEED + number).body);
            lines.push(b'\n');
        }
        fs::write(folder.join("small-10-distinct.jsonl"), lines).unwrap();
    }
}
