//! The storm of the promise: the product's own handler, 300 log streams, 50,000 matched lines a minute.
//!
//! The short runs are in every test run. The long one prints the table of tests/PROOFS.md:
//! `cargo test --release --test suite storm -- --ignored --nocapture`.

mod channel;
mod misfortune;
pub(crate) mod table;

use crate::fake_lambda::{
    delivery::{Delivery, Storm},
    kinesis::{Mapping, simulate_kinesis},
    product::Product,
    queue::{Queue, simulate_subscription},
    report::Report,
    service::Settings,
};

/// What the operator is promised of a storm's lines, from when they were logged.
const TOLD_WITHIN_MS: u64 = 15_000;

/// The storm's first 20 seconds, with as many lines a second as in the hour, and ten seconds in which it ebbs: in a
/// storm this short, what is left to the tick would be a large part of it.
fn beginning() -> impl Iterator<Item = Delivery> {
    const END_MS: u64 = 20_000;
    let mut deliveries: Vec<Delivery> =
        Storm::of_issue().deliveries(1).take_while(|delivery| delivery.arrives_ms < END_MS).collect();
    for (id, n) in (0..).skip(deliveries.len()).zip(1..=20) {
        let arrives_ms = END_MS + n * 500;
        deliveries.push(Delivery { id, stream: 0, oldest_ms: END_MS, arrives_ms, matched: 1, other: 0 });
    }
    deliveries.into_iter()
}

fn subscription(product: Product, concurrency: usize, deliveries: impl Iterator<Item = Delivery>) -> Report {
    let settings = Settings { concurrency, ..Settings::default() };
    let queue = Queue { tick_targets: concurrency, ..Queue::default() };
    simulate_subscription(product, settings, &queue, deliveries)
}

fn kinesis(deliveries: impl Iterator<Item = Delivery>) -> Report {
    simulate_kinesis(Product::default(), Settings::default(), &Mapping::default(), deliveries)
}

/// No line lost, and Slack not flooded.
#[track_caller]
fn assert_nothing_lost_and_nothing_flooded(report: &Report) {
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.lines.notified, report.lines.unaccounted), (report.lines.all, 0), "{report:#?}");
    assert!(report.slack.rate_limited * 100 < report.slack.posts, "{report:#?}");
    assert_eq!(report.slack.too_early, 0, "{report:#?}");
}

#[test]
fn the_storm_is_told_in_time_to_the_last_line() {
    let report = subscription(Product::default(), 2, beginning());
    assert_nothing_lost_and_nothing_flooded(&report);
    assert!(report.lines.all > 10_000 && report.lines.notified_again == 0, "{report:#?}");
    assert!(report.latencies.per_10_000_within(TOLD_WITHIN_MS) >= 9_900, "{report:#?}");
}

#[test]
fn the_storm_through_kinesis_is_told_to_the_last_line() {
    let report = kinesis(beginning());
    assert_nothing_lost_and_nothing_flooded(&report);
    assert!(report.lines.all > 10_000 && report.lines.notified_again == 0, "{report:#?}");
}

#[test]
fn incidents_tell_the_storm_to_the_last_line_within_a_minute_or_so_and_in_few_messages() {
    let report = subscription(Product::of_incidents(), 2, beginning());
    assert_nothing_lost_and_nothing_flooded(&report);
    assert!(report.lines.all > 10_000 && report.lines.notified_again == 0, "{report:#?}");
    // Deferred for a minute at most, and notified by a tick, which may have to wait for a container or a token.
    assert!(report.latencies.percentile(100) <= 90_000, "{report:#?}");
    // Of each container an opening, groups as they come, follow-ups and the end.
    assert!(report.slack.posts <= 20, "{report:#?}");
}

#[test]
fn incidents_through_kinesis_are_told_to_the_last_line() {
    let report =
        simulate_kinesis(Product::of_incidents(), Settings::default(), &Mapping::default(), beginning());
    assert_nothing_lost_and_nothing_flooded(&report);
    assert!(report.lines.all > 10_000 && report.lines.notified_again == 0, "{report:#?}");
}

#[test]
fn a_quiet_api_is_told_within_a_second_of_each_batch() {
    let report =
        subscription(Product::default(), 2, Storm { minutes: 10, ..every_20_seconds() }.deliveries(1));
    assert_nothing_lost_and_nothing_flooded(&report);
    assert_eq!(report.slack.posts, 30, "one message a batch");
    assert!(report.latencies.percentile(100) <= 1_200, "a cold start included: {report:#?}");
}

fn every_20_seconds() -> Storm {
    Storm { streams: 1, lines_a_minute: 3, minutes: 30, batch_ms: 20_000..=20_000, other_for_each: 3 }
}

fn once_a_second() -> Storm {
    Storm { streams: 5, lines_a_minute: 60, minutes: 30, batch_ms: 5_000..=5_000, other_for_each: 3 }
}

fn sixty_a_second() -> Storm {
    Storm { streams: 300, lines_a_minute: 3_600, minutes: 30, batch_ms: 5_000..=5_000, other_for_each: 3 }
}

#[test]
#[ignore = "hours of virtual time: cargo test --release --test suite storm -- --ignored --nocapture"]
#[allow(clippy::print_stdout, reason = "the table is what it is run for")]
fn the_table_of_the_readme() {
    let rates = [
        ("one batch in 20 s", every_20_seconds()),
        ("one batch a second", once_a_second()),
        ("60 batches a second", sixty_a_second()),
        ("storm: 50,000 lines a minute for an hour", Storm::of_issue()),
    ];
    println!(
        "| load | concurrency | lines | notified | unaccounted | p50 | p99 | within 15 s | posts | 429 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, storm) in rates {
        for concurrency in [1, 2, 10] {
            let report = subscription(Product::default(), concurrency, storm.clone().deliveries(1));
            print_row(name, &concurrency.to_string(), &report);
            assert_eq!(report.violations, Vec::<String>::new());
            assert_eq!(
                (report.lines.notified, report.lines.unaccounted),
                (report.lines.all, 0),
                "{report:#?}"
            );
            assert_eq!(report.slack.too_early, 0, "{report:#?}");
            if concurrency == 2 {
                assert_nothing_lost_and_nothing_flooded(&report);
                assert!(report.latencies.per_10_000_within(TOLD_WITHIN_MS) >= 9_900, "{report:#?}");
            }
        }
    }
    let wide = Product { spacing_seconds: 20, ..Product::default() };
    let report = subscription(wide, 10, Storm::of_issue().deliveries(1));
    print_row("the storm, spacing 20 s", "10", &report);
    assert_nothing_lost_and_nothing_flooded(&report);
    let report = kinesis(Storm::of_issue().deliveries(1));
    print_row("the storm through Kinesis, 2 shards", "2", &report);
    assert_nothing_lost_and_nothing_flooded(&report);
}

#[allow(clippy::print_stdout, reason = "the table is what it is run for")]
fn print_row(name: &str, concurrency: &str, report: &Report) {
    let Report { lines, latencies, slack, .. } = report;
    let seconds = |ms: u64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
    let within = latencies.per_10_000_within(TOLD_WITHIN_MS);
    println!(
        "| {name} | {concurrency} | {} | {} | {} | {} | {} | {}.{:02} % | {} | {} |",
        lines.all,
        lines.notified,
        lines.unaccounted,
        seconds(latencies.percentile(50)),
        seconds(latencies.percentile(99)),
        within / 100,
        within % 100,
        slack.posts,
        slack.rate_limited,
    );
}
