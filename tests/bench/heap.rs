//! The most that lives on the heap at once while a Lambda event that was there before becomes a digest.
//!
//! `cargo bench --bench heap`. It stands apart from the times: an allocator that counts costs with each allocation.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot go on must say so loudly, and prints its result"
)]

#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod data;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod ways;

use statuswatch::decode::Source;

use data::{LARGEST, MEDIUM, SEED};
use ways::ThisCode;

/// The most at 1 % errors, in KiB; at 100 % it is to be a constant.
const BOUND: f64 = 256.0;

fn main() {
    let code = ThisCode::new();
    println!("| batch | errors | live heap, KiB | bound | holds |\n|---|---|---|---|---|");
    for percent in [1, 100] {
        for (name, log_events) in [("medium", MEDIUM), ("largest", LARGEST)] {
            let event = data::event(log_events, percent, SEED);
            let kib = heap_kib(|| drop(code.digest(&event.body)));
            let (bound, holds) = match percent {
                1 => (format!("at most {BOUND}"), says(kib <= BOUND)),
                _ => ("below".to_owned(), "-"),
            };
            println!("| {name} | {percent} % | {kib:.0} | {bound} | {holds} |");
        }
    }
    // No Lambda event is as large as these. Where memory is bounded by a constant, both reach it.
    let kib = [3, 4].map(|times| {
        let (text, _) = data::message(times * LARGEST, 100, SEED);
        heap_kib(|| drop(code.digest_of(Source::Plain(&text))))
    });
    let holds = says(kib[0].max(kib[1]) <= kib[0] * 1.01);
    println!("| 3 and 4 times the largest | 100 % | {:.0}, {:.0} | the same | {holds} |", kib[0], kib[1]);
}

fn says(holds: bool) -> &'static str {
    if holds { "yes" } else { "**no**" }
}

fn heap_kib(work: impl FnOnce()) -> f64 {
    allocation_counter::measure(work).bytes_max as f64 / 1024.0
}
