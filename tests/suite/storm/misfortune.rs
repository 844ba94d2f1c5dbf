//! Everything that can go wrong at once, by seeds, held against the accounting oracle: no line is unaccounted for.

use std::time::Duration;

use statuswatch::incidents::NotifyMode;

use crate::{
    fake_lambda::{
        containers::Routing,
        delivery::Storm,
        kinesis::{Mapping, Redelivery, simulate_kinesis},
        product::Product,
        queue::{Queue, simulate_subscription},
        report::Report,
        service::Settings,
    },
    fake_slack::model::{Behaviour, SlackAnswer, Spell},
};

const EVERY: Product = Product { burst: 5, spacing_seconds: 5, notify: NotifyMode::Every };
const INCIDENTS: Product = Product { notify: NotifyMode::Incidents, ..EVERY };

/// Six deliveries a second for two minutes, of one or two lines each: enough to fold, little enough to try many seeds.
fn squall() -> Storm {
    Storm { streams: 6, lines_a_minute: 600, minutes: 2, batch_ms: 500..=1_500, other_for_each: 1 }
}

/// Slack's bad days, one after the other: short and long silences asked for, an outage, refusals, lies.
fn bad_days(rng: &mut fastrand::Rng) -> Vec<Spell> {
    let answers = [
        (429, Some(1), false),
        (429, Some(2), false),
        (429, Some(30), false),
        (429, Some(299), false),
        (500, None, false),
        (503, None, false),
        (400, None, false),
        (404, None, false),
        (500, None, true),
        (503, None, true),
    ];
    let spell = |_| {
        let (status, retry_after, accepts) = answers[rng.usize(0..answers.len())];
        let from = rng.u64(0..150_000);
        let answer = SlackAnswer { status, retry_after };
        Spell { during: from..from + rng.u64(200..20_000), answer, accepts }
    };
    (0..6).map(spell).collect()
}

fn misfortune(seed: u64) -> (Settings, Queue) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let routings = [Routing::MostRecentlyUsed, Routing::LeastRecentlyUsed, Routing::Random];
    let concurrency = [1, 2, 10][rng.usize(0..3)];
    let settings = Settings {
        seed,
        concurrency,
        limit: Duration::from_millis([1_000, 2_000, 5_000, 10_000, 30_000, 30_000][rng.usize(0..6)]),
        routing: routings[rng.usize(0..3)],
        idle_ms: 5_000..=400_000,
        extension: rng.bool(),
        kills_ms: (0..rng.u64(0..60)).map(|_| rng.u64(0..150_000)).collect(),
        slack: Behaviour {
            latency_ms: 20..=[300, 3_000, 20_000][rng.usize(0..3)],
            lost_answers: 0.1,
            spells: bad_days(&mut rng),
            ..Behaviour::default()
        },
        ..Settings::default()
    };
    let queue = Queue {
        delay_ms: 0..=20_000,
        duplicates: 0.1,
        duplicate_after_ms: 0..=200_000,
        tick_targets: concurrency,
        max_age: Duration::from_mins(30),
        drain: Duration::from_mins(45),
        ..Queue::default()
    };
    (settings, queue)
}

#[track_caller]
fn assert_every_line_has_its_fate(seed: u64, report: &Report) {
    let can_hear_every_answer = *misfortune(seed).0.slack.latency_ms.end() <= 300;
    assert!(report.slack.too_early == 0 || !can_hear_every_answer, "seed {seed}: {report:#?}");
    assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}");
    let lines = report.lines;
    assert_eq!((lines.unaccounted, lines.queued, lines.pending), (0, 0, 0), "seed {seed}: {report:#?}");
    assert_eq!(lines.notified + lines.in_destination + lines.died_deferred, lines.all, "seed {seed}");
}

fn through_the_queue(product: Product, seed: u64) -> Report {
    let (settings, queue) = misfortune(seed);
    simulate_subscription(product, settings, &queue, squall().deliveries(seed))
}

fn through_kinesis(product: Product, seed: u64) -> Report {
    let (settings, _) = misfortune(seed);
    let redelivery = Redelivery::of_all_kinds();
    let mapping =
        Mapping { batch_size: 50, drain: Duration::from_hours(24), redelivery, ..Mapping::default() };
    simulate_kinesis(product, settings, &mapping, squall().deliveries(seed))
}

#[test]
fn whatever_goes_wrong_every_line_is_told_or_in_the_destination_or_declared_folded() {
    let mut kills = 0;
    let mut notified_again = 0;
    for (seed, product) in
        [(1, EVERY), (2, EVERY), (3, EVERY), (4, INCIDENTS), (5, INCIDENTS), (6, INCIDENTS), (384, INCIDENTS)]
    {
        let report = through_the_queue(product, seed);
        assert_every_line_has_its_fate(seed, &report);
        assert!(report.lambda.duplicates > 0);
        kills += report.lambda.kills;
        notified_again += report.lines.notified_again;
    }
    assert!(kills > 10 && notified_again > 0, "the seeds are not harsh enough: {kills} {notified_again}");
}

#[test]
fn whatever_goes_wrong_through_kinesis_nothing_is_deferred_and_lost() {
    for (seed, product) in [(1, EVERY), (2, EVERY), (3, INCIDENTS), (4, INCIDENTS)] {
        let report = through_kinesis(product, seed);
        assert_every_line_has_its_fate(seed, &report);
        assert_eq!(report.lines.died_deferred, 0, "seed {seed}");
    }
}

#[test]
fn an_outage_longer_than_the_retries_fills_the_destination_and_nothing_is_lost() {
    let answer = SlackAnswer { status: 503, retry_after: None };
    let slack = Behaviour {
        spells: vec![Spell { during: 0..1_200_000, answer, accepts: false }],
        ..Behaviour::default()
    };
    let settings = Settings { slack, ..Settings::default() };
    let queue = Queue { drain: Duration::from_mins(30), ..Queue::default() };
    let report = simulate_subscription(Product::default(), settings, &queue, squall().deliveries(1));
    assert_every_line_has_its_fate(1, &report);
    assert!(report.lines.in_destination > 0 && report.lines.notified > 0, "{report:#?}");
}

#[test]
#[ignore = "a thousand seeds: cargo test --release --test suite misfortune -- --ignored --nocapture"]
#[allow(clippy::print_stdout, reason = "the sums are what it is run for")]
fn a_thousand_seeds_of_misfortune() {
    let (mut lines, mut kills, mut again, mut deferred, mut destination) = (0, 0, 0, 0, 0);
    for seed in 1..=500 {
        let product = if seed % 2 == 0 { INCIDENTS } else { EVERY };
        for report in [through_the_queue(product, seed), through_kinesis(product, seed)] {
            assert_every_line_has_its_fate(seed, &report);
            lines += report.lines.all;
            kills += report.lambda.kills;
            again += report.lines.notified_again;
            deferred += report.lines.died_deferred;
            destination += report.lines.in_destination;
        }
    }
    println!(
        "1,000 runs, {lines} lines, 0 unaccounted for; {kills} kills, {again} lines notified again, \
         {deferred} in the fold of a killed container, {destination} in the failure destination"
    );
}
