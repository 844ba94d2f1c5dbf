//! The reader's budget: how many messages and mentions eight stories cost, in virtual time.
//!
//! Errors go as deliveries of two seconds through the incident's state machine and the rate limit, with one state for all
//! containers, and a tick comes every minute. An own count stands beside the incident's: every closing sum is held
//! against it. The table: `cargo test --test suite readers_budget -- --nocapture`.

use std::collections::{BTreeMap, BTreeSet};

use statuswatch::{
    incident::{Arrival, Arrivals, Context, Decision, GroupName, Incident, Kind, Moment, Policy},
    rate_limit::{self, Bucket, Outgoing, RateLimit, Urgency},
};

use crate::recordings;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// What is logged within this time is one delivery.
const DELIVERY_MS: i64 = 2_000;

/// An error: when it was logged, its status and its route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Error {
    at_ms: i64,
    status: u16,
    route: String,
}

/// What a story came to.
#[derive(Debug, Default)]
struct Budget {
    by_kind: BTreeMap<Kind, u64>,
    mentions: u64,
    /// From when the first error of a group never seen was logged to the message that told of it.
    new_groups_ms: Vec<i64>,
    /// When escalations were sent.
    escalations_ms: Vec<i64>,
    /// Errors that messages notified.
    notified: u64,
}

impl Budget {
    fn messages(&self) -> u64 {
        self.by_kind.values().sum()
    }

    fn of(&self, kind: Kind) -> u64 {
        self.by_kind.get(&kind).copied().unwrap_or_default()
    }
}

/// All containers together, and what the reader should have got.
struct World {
    policy: Policy,
    incident: Incident,
    rate_limit: RateLimit,
    /// Errors of the incident, counted beside it.
    of_incident: u64,
    unseen: BTreeMap<(u16, String), i64>,
    seen: BTreeSet<(u16, String)>,
    budget: Budget,
}

impl World {
    fn new() -> Self {
        Self {
            policy: Policy::default(),
            incident: Incident::default(),
            rate_limit: RateLimit::new(Bucket::new(5, 5_000)),
            of_incident: 0,
            unseen: BTreeMap::new(),
            seen: BTreeSet::new(),
            budget: Budget::default(),
        }
    }

    /// Lets errors come in the order of time, then waits for a day.
    fn run(mut errors: Vec<Error>) -> Budget {
        errors.sort();
        let mut world = Self::new();
        let all = errors.len() as u64;
        let end_ms = errors.last().map_or(0, |last| last.at_ms) + DAY_MS;
        let mut tick_ms = errors.first().map_or(0, |first| first.at_ms) + 17 * SECOND_MS;
        for delivery in
            errors.chunk_by(|a, b| a.at_ms.div_euclid(DELIVERY_MS) == b.at_ms.div_euclid(DELIVERY_MS))
        {
            let due_ms = (delivery[0].at_ms.div_euclid(DELIVERY_MS) + 1) * DELIVERY_MS;
            while tick_ms < due_ms {
                world.ask(Moment::Tick, tick_ms);
                tick_ms += MINUTE_MS;
            }
            world.deliver(delivery, due_ms);
        }
        while tick_ms < end_ms {
            world.ask(Moment::Tick, tick_ms);
            tick_ms += MINUTE_MS;
        }
        assert_eq!(
            (world.budget.notified, world.incident.pending()),
            (all, 0),
            "every error is notified once"
        );
        world.budget
    }

    fn deliver(&mut self, errors: &[Error], now_ms: i64) {
        self.ask(Moment::Arrival, now_ms);
        let mut groups: BTreeMap<(u16, &str), Arrival<'_>> = BTreeMap::new();
        for Error { at_ms, status, route } in errors {
            let group = groups.entry((*status, route)).or_insert(Arrival {
                group: GroupName { status: *status, route, fault: "" },
                source: "",
                count: 0,
                first_ms: *at_ms,
                last_ms: *at_ms,
                at_least: None,
                again_after_ms: None,
                cause: None,
                runbook: None,
            });
            (group.count, group.last_ms) = (group.count + 1, *at_ms);
            if self.seen.insert((*status, route.clone())) {
                self.unseen.insert((*status, route.clone()), *at_ms);
            }
        }
        let groups: Vec<Arrival<'_>> = groups.into_values().collect();
        let was_open = self.incident.is_open();
        let span_ms = (errors[0].at_ms, errors[errors.len() - 1].at_ms);
        let arrivals = Arrivals {
            groups: &groups,
            other: [0, 0],
            span_ms,
            id: 1,
            context: &Context::default(),
            colors: &[],
            requests: None,
        };
        self.incident.take(&arrivals, now_ms, &self.policy);
        if !was_open && self.incident.messages() == 0 {
            self.of_incident = 0;
        }
        self.of_incident += errors.len() as u64;
        self.ask(Moment::Arrival, now_ms);
    }

    fn ask(&mut self, moment: Moment, now_ms: i64) {
        while let Decision::Send(kind) = self.incident.decide(moment, now_ms, &self.policy) {
            let mut message = Outgoing::new(Urgency::Deferrable, now_ms + 30_000);
            if self.rate_limit.decide(&mut message, now_ms) != rate_limit::PostDecision::Post {
                self.incident.held_back();
                return;
            }
            assert_eq!(self.incident.total(), self.of_incident, "the sum of {kind:?} is exact");
            self.budget.notified += self.incident.pending();
            self.incident.notified(kind, now_ms, &self.policy);
            *self.budget.by_kind.entry(kind).or_default() += 1;
            self.budget.mentions += u64::from(kind.has_mentions());
            if kind == Kind::Escalation {
                self.budget.escalations_ms.push(now_ms);
            }
            let seen = std::mem::take(&mut self.unseen);
            self.budget.new_groups_ms.extend(seen.into_values().map(|logged_ms| now_ms - logged_ms));
        }
    }
}

/// The latency that this share of them did not exceed.
fn percentile(mut latencies_ms: Vec<i64>, percent: usize) -> i64 {
    latencies_ms.sort_unstable();
    let index = (latencies_ms.len() * percent).div_ceil(100).saturating_sub(1);
    latencies_ms.get(index).copied().unwrap_or_default()
}

/// So many errors of a route, evenly by chance between two times.
fn spread(
    rng: &mut fastrand::Rng,
    count: u64,
    from_ms: i64,
    to_ms: i64,
    status: u16,
    route: &str,
) -> Vec<Error> {
    let error = |_| Error { at_ms: rng.i64(from_ms..to_ms), status, route: route.to_owned() };
    (0..count).map(error).collect()
}

/// The errors of a recording: its lines have status and route in fields of these names.
fn recorded(name: &str) -> Vec<Error> {
    let text = recordings::story(name);
    let field = |line: &str, name: &str| -> String {
        let (_, rest) = line.split_once(&format!("\"{name}\":\"")).expect("the line has the field");
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let error = |(at_ms, line): (i64, String)| {
        let status = field(&line, "status").parse().expect("a status is a number");
        let route = format!("{} {}", field(&line, "httpMethod"), field(&line, "resourcePath"));
        Error { at_ms, status, route }
    };
    text.into_iter().map(error).filter(|error| error.status >= 400).collect()
}

/// Four errors a second for ten minutes, from one moment to the next.
fn ten_minute_burst() -> Vec<Error> {
    let mut rng = fastrand::Rng::with_seed(10);
    spread(&mut rng, 2_400, 0, 10 * MINUTE_MS, 502, "POST /v1/orders")
}

/// A scanner: one 404 in three minutes.
fn day_of_trickle() -> Vec<Error> {
    let error =
        |n: i64| Error { at_ms: n * 3 * MINUTE_MS, status: 404, route: "GET /wp-login.php".to_owned() };
    (0..480).map(error).collect()
}

/// 300,000 requests in a week: 1.2 % are client errors of eight routes by chance, and twice server errors come.
fn week_of_noise() -> Vec<Error> {
    let mut rng = fastrand::Rng::with_seed(7);
    let routes = ["items", "items/{id}", "orders", "search", "customers/{id}", "login", "cart", "export"];
    let statuses = [400, 401, 403, 404, 404, 404, 409, 422, 429];
    let noise = |_| {
        // The first routes are asked for the most.
        let route = routes[rng.usize(0..routes.len()).min(rng.usize(0..routes.len()))];
        let status = statuses[rng.usize(0..statuses.len())];
        Error { at_ms: rng.i64(0..7 * DAY_MS), status, route: format!("GET /v1/{route}") }
    };
    let mut errors: Vec<Error> = (0..3_600).map(noise).collect();
    let (tuesday, friday) = (DAY_MS + 10 * HOUR_MS, 4 * DAY_MS + 15 * HOUR_MS);
    errors.extend(spread(&mut rng, 840, tuesday, tuesday + 7 * MINUTE_MS, 504, "POST /v1/orders"));
    errors.extend(spread(&mut rng, 600, friday, friday + 20 * MINUTE_MS, 502, "GET /v1/search"));
    errors
}

/// Two routes fail in turn for an hour, five minutes each.
fn two_routes_in_turn() -> Vec<Error> {
    let mut rng = fastrand::Rng::with_seed(2);
    let turn = |n: i64| {
        let route = ["POST /v1/orders", "GET /v1/search"][usize::try_from(n % 2).unwrap_or_default()];
        spread(&mut rng, 150, n * 5 * MINUTE_MS, (n + 1) * 5 * MINUTE_MS, 502, route)
    };
    (0..12).flat_map(turn).collect()
}

/// A deploy breaks all ten routes for one minute.
fn deploy_of_one_minute() -> Vec<Error> {
    let mut rng = fastrand::Rng::with_seed(1);
    let route = |n: u32| spread(&mut rng, 60, 0, MINUTE_MS, 500, &format!("GET /v1/{n}"));
    (0..10).flat_map(route).collect()
}

#[test]
#[allow(clippy::print_stdout, reason = "the table of infra/FUNCTION.md")]
fn eight_stories_stay_within_the_readers_budget() {
    let stories = [
        ("seven-minute burst (recording)", recorded("5xx-burst"), 12, 1),
        ("a day of scanning (recording)", recorded("4xx-scanning"), 45, 1),
        ("broken deploy, ten minutes (recording)", recorded("broken-json-deploy"), 14, 1),
        ("ten-minute burst, four a second", ten_minute_burst(), 10, 1),
        ("a day's trickle, one 404 in three minutes", day_of_trickle(), 40, 1),
        ("a week: 3,600 client errors, two incidents", week_of_noise(), 350, 12),
        ("two routes in turn for an hour", two_routes_in_turn(), 18, 1),
        ("a deploy breaks all for a minute", deploy_of_one_minute(), 8, 1),
    ];
    println!("| story | errors | messages | mentions | opening, escalation, new group, follow-up, over |");
    println!("|---|---|---|---|---|");
    let mut new_groups_ms = Vec::new();
    for (name, errors, messages, mentions) in stories {
        let all = errors.len();
        let budget = World::run(errors);
        let kinds = [Kind::Opening, Kind::Escalation, Kind::NewGroup, Kind::FollowUp, Kind::Over];
        let kinds = kinds.map(|kind| budget.of(kind).to_string()).join(", ");
        println!("| {name} | {all} | {} | {} | {kinds} |", budget.messages(), budget.mentions);
        assert!(budget.messages() <= messages && budget.mentions <= mentions, "{name}: {budget:?}");
        new_groups_ms.extend(budget.new_groups_ms);
    }
    let p99 = percentile(new_groups_ms, 99);
    println!("a group never seen is notified within {}.{} s (p99)", p99 / 1_000, p99 % 1_000 / 100);
    assert!(p99 <= 10_000, "{p99}");
}

#[test]
fn a_group_never_seen_is_told_within_ten_seconds_in_the_midst_of_an_incident() {
    let mut new_groups_ms = Vec::new();
    for seed in 0..40 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut errors = spread(&mut rng, 6_000, 0, HOUR_MS, 502, "POST /v1/orders");
        for n in 0..12 {
            let from_ms = rng.i64(2 * MINUTE_MS..HOUR_MS - MINUTE_MS);
            let status = [404, 503][n % 2];
            errors.extend(spread(
                &mut rng,
                20,
                from_ms,
                from_ms + MINUTE_MS,
                status,
                &format!("GET /v1/{n}"),
            ));
        }
        new_groups_ms.extend(World::run(errors).new_groups_ms);
    }
    assert_eq!(new_groups_ms.len(), 40 * 13);
    let p99 = percentile(new_groups_ms, 99);
    assert!(p99 <= 10_000, "{p99}");
}

/// From a steady rate to twenty times as fast, and to four errors a second at least.
#[test]
fn an_escalation_is_told_within_fifteen_seconds() {
    let mut latencies_ms = Vec::new();
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let a_minute = [1, 6, 30][usize::try_from(seed % 3).unwrap_or_default()];
        let onset_ms = 20 * MINUTE_MS + rng.i64(0..20 * MINUTE_MS);
        let before = a_minute * u64::try_from(onset_ms / MINUTE_MS).unwrap_or_default();
        let mut errors = spread(&mut rng, before, 0, onset_ms, 502, "POST /v1/orders");
        let after = (a_minute * 20).max(240) * 5;
        errors.extend(spread(&mut rng, after, onset_ms, onset_ms + 5 * MINUTE_MS, 502, "POST /v1/orders"));
        let sent = World::run(errors).escalations_ms;
        let first = sent.iter().find(|sent_ms| **sent_ms >= onset_ms).expect("an escalation is notified");
        assert!(sent.len() <= 2, "{a_minute} a minute: {sent:?}");
        latencies_ms.push(first - onset_ms);
    }
    let p99 = percentile(latencies_ms, 99);
    assert!(p99 <= 15_000, "{p99}");
}
