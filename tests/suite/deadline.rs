//! The deadline sweep: whatever time an invocation is given and however slow Slack is, the handler ends by itself,
//! and no line is lost for want of time.

use std::time::Duration;

use crate::{
    fake_lambda::{
        delivery::Storm,
        kinesis::{Mapping, simulate_kinesis},
        product::Product,
        queue::{Queue, simulate_subscription},
        service::Settings,
    },
    fake_slack::model::{Behaviour, SlackAnswer, Spell},
};

/// From 100 ms to 30 s.
const LIMITS_MS: [u64; 6] = [100, 500, 760, 1_500, 2_500, 30_000];

/// A stream with a line every four seconds, for a minute.
fn drizzle() -> Storm {
    Storm { streams: 1, lines_a_minute: 15, minutes: 1, batch_ms: 4_000..=4_000, other_for_each: 1 }
}

/// Long enough for every event to come to an end.
fn queue() -> Queue {
    let max_age = Duration::from_hours(1);
    Queue { max_age, tick_targets: 1, drain: Duration::from_mins(75), ..Queue::default() }
}

fn products_and_limits() -> impl Iterator<Item = (Product, u64)> {
    let products = [Product::default(), Product::of_incidents()];
    products.into_iter().flat_map(|product| LIMITS_MS.map(|limit_ms| (product, limit_ms)))
}

fn slacks() -> [Behaviour; 4] {
    let slow = |ms| Behaviour { latency_ms: ms..=ms, ..Behaviour::default() };
    let asks = |during, seconds| {
        let answer = SlackAnswer { status: 429, retry_after: Some(seconds) };
        Spell { during, answer, accepts: false }
    };
    let spells = vec![asks(2_000..20_000, 2), asks(20_000..40_000, 60)];
    [slow(20), slow(1_900), slow(600_000), Behaviour { spells, ..Behaviour::default() }]
}

#[test]
fn no_invocation_is_killed_at_its_deadline_and_no_line_is_lost() {
    for (product, limit_ms) in products_and_limits() {
        for slack in slacks() {
            let case = format!("{product:?}, {limit_ms} ms, {slack:?}");
            let limit = Duration::from_millis(limit_ms);
            let settings = Settings { limit, slack, idle_ms: 3_600_000..=3_600_000, ..Settings::default() };
            let report = simulate_subscription(product, settings, &queue(), drizzle().deliveries(1));
            assert_eq!(report.violations, Vec::<String>::new(), "{case}");
            assert_eq!(report.lambda.kills, 0, "{case}");
            assert_eq!(report.lines.unaccounted + report.lines.queued, 0, "{case}: {report:#?}");
            assert_eq!(report.slack.too_early, 0, "{case}");
        }
    }
}

#[test]
fn kinesis_records_are_never_acknowledged_for_want_of_time() {
    for (product, limit_ms) in products_and_limits() {
        for slack in slacks() {
            let case = format!("{product:?}, {limit_ms} ms, {slack:?}");
            let limit = Duration::from_millis(limit_ms);
            let settings = Settings { limit, slack, idle_ms: 3_600_000..=3_600_000, ..Settings::default() };
            let mapping = Mapping { drain: Duration::from_hours(4), ..Mapping::default() };
            let report = simulate_kinesis(product, settings, &mapping, drizzle().deliveries(1));
            assert_eq!(report.violations, Vec::<String>::new(), "{case}");
            assert_eq!(report.lambda.kills, 0, "{case}");
            assert_eq!(
                report.lines.notified + report.lines.in_destination,
                report.lines.all,
                "{case}: {report:#?}"
            );
        }
    }
}

#[test]
fn with_time_enough_everything_is_told() {
    for limit_ms in [2_000, 30_000] {
        let settings = Settings { limit: Duration::from_millis(limit_ms), ..Settings::default() };
        let report = simulate_subscription(Product::default(), settings, &queue(), drizzle().deliveries(1));
        assert_eq!(
            (report.lines.notified, report.lines.notified_again),
            (report.lines.all, 0),
            "{report:#?}"
        );
    }
}
