//! The simulation against toys: a good one passes whatever happens, and each flaw is seen.

use std::{cell::RefCell, rc::Rc, time::Duration};

use tokio::time::Instant;

use super::{
    containers::Routing,
    delivery::{Delivery, Record, Storm},
    function::{Context, EPOCH_MS, Function, Handler},
    kinesis::{Mapping, Redelivery, simulate_kinesis},
    queue::{Queue, simulate_subscription},
    report::Report,
    service::Settings,
    toys::{Flaw, Toy},
};
use crate::{
    clock::Clock,
    fake_slack::{
        Bucket,
        model::{Behaviour, SlackAnswer, SlackPort, Spell},
    },
};

/// A minute of the issue's storm: 50,000 lines.
fn storm() -> Storm {
    Storm { minutes: 1, ..Storm::of_issue() }
}

/// A minute of ten deliveries a second: it ends with lines deferred, and is too light to be throttled by ten containers.
fn squall() -> Storm {
    Storm { streams: 10, lines_a_minute: 6_000, minutes: 1, batch_ms: 1_000..=1_000, other_for_each: 0 }
}

/// Containers that are never taken down.
fn immortal(concurrency: usize) -> Settings {
    Settings { concurrency, idle_ms: 86_400_000..=86_400_000, ..Settings::default() }
}

/// One stream with one line every ten seconds, for ten minutes.
fn trickle() -> Storm {
    Storm { streams: 1, lines_a_minute: 6, minutes: 10, batch_ms: 10_000..=10_000, other_for_each: 3 }
}

fn subscription(flaw: Flaw, settings: Settings, queue: &Queue, storm: Storm) -> Report {
    let deliveries = storm.deliveries(settings.seed);
    simulate_subscription(Toy(flaw), settings, queue, deliveries)
}

/// Slack is down from one second to another, counted from the start.
fn down(seconds: std::ops::Range<u64>) -> Behaviour {
    let answer = SlackAnswer { status: 503, retry_after: None };
    let spell = Spell { during: seconds.start * 1_000..seconds.end * 1_000, answer, accepts: false };
    Behaviour { spells: vec![spell], ..Behaviour::default() }
}

/// Everything that can go wrong without a loss: duplicates, reordering, lost answers, an outage.
fn misfortune(seed: u64) -> (Settings, Queue) {
    let slack = Behaviour { lost_answers: 0.1, ..down(20..40) };
    (Settings { seed, slack, ..Settings::default() }, Queue { duplicates: 0.1, ..Queue::default() })
}

#[test]
fn in_a_storm_the_good_toy_loses_nothing_and_slack_sees_no_flood() {
    use Routing::{LeastRecentlyUsed, MostRecentlyUsed, Random};
    for (concurrency, routing) in [(1, Random), (2, LeastRecentlyUsed), (10, MostRecentlyUsed)] {
        let settings = Settings { concurrency, routing, ..Settings::default() };
        let queue = Queue { tick_targets: concurrency, ..Queue::default() };
        let report = subscription(Flaw::None, settings, &queue, storm());
        assert_eq!(report.violations, Vec::<String>::new());
        assert_eq!(
            (report.lines.notified, report.lines.notified_again),
            (report.lines.all, 0),
            "{report:#?}"
        );
        assert_eq!(report.lambda.most_containers, concurrency);
    }
}

#[test]
fn the_good_toy_accounts_for_every_line_in_every_misfortune() {
    for seed in 1..=3 {
        let (settings, queue) = misfortune(seed);
        let report = subscription(Flaw::None, settings, &queue, storm());
        assert_eq!(report.violations, Vec::<String>::new());
        assert_eq!(
            (report.lines.unaccounted, report.lines.pending, report.lines.queued),
            (0, 0, 0),
            "{report:#?}"
        );
        assert!(report.lambda.duplicates > 300 && report.lines.notified_again > 0, "{report:#?}");
    }
}

#[test]
fn what_a_killed_container_had_folded_is_known_and_nothing_else_is_lost() {
    let kills_ms: Vec<u64> = (1..36).map(|kill| kill * 1_999).collect();
    let settings = Settings { kills_ms, ..Settings::default() };
    let report = subscription(Flaw::None, settings, &Queue::default(), storm());
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(report.lambda.kills, 35);
    let lines = report.lines;
    assert!(lines.died_deferred > 0 && lines.unaccounted == 0, "{report:#?}");
    assert_eq!(lines.notified + lines.died_deferred, lines.all);
}

#[test]
fn a_quiet_api_is_told_at_once() {
    let report = subscription(Flaw::None, Settings::default(), &Queue::default(), trickle());
    assert_eq!((report.lines.all, report.lines.notified, report.slack.posts), (60, 60, 60));
    assert!(report.latencies.percentile(100) < 2_000, "{:?}", report.latencies);
}

#[test]
fn ticks_flush_what_a_storm_leaves_behind() {
    let flushed_by = |tick_targets| {
        let queue = Queue { tick_targets, ..Queue::default() };
        let report = subscription(Flaw::None, immortal(2), &queue, squall());
        assert_eq!((report.violations.len(), report.lines.unaccounted), (0, 0), "{report:#?}");
        report.lines.pending
    };
    assert!(flushed_by(0) > 0);
    assert_eq!(flushed_by(2), 0);
}

#[test]
fn a_tick_needs_as_many_targets_as_there_are_containers() {
    let left_by = |tick_targets| {
        let settings = Settings { routing: Routing::MostRecentlyUsed, ..immortal(10) };
        let queue = Queue { tick_targets, ..Queue::default() };
        subscription(Flaw::None, settings, &queue, storm()).lines.pending
    };
    assert!(left_by(1) > 0);
    assert_eq!(left_by(10), 0);
}

#[test]
fn an_idle_container_is_asked_to_flush_where_an_extension_is_registered() {
    for (extension, died_deferred) in [(true, false), (false, true)] {
        let settings = Settings { extension, ..Settings::default() };
        let queue = Queue { tick_targets: 0, ..Queue::default() };
        let report = subscription(Flaw::None, settings, &queue, squall());
        assert_eq!(report.violations, Vec::<String>::new());
        assert_eq!((report.lines.pending, report.lines.died_deferred > 0), (0, died_deferred), "{report:#?}");
    }
}

#[test]
fn an_outage_longer_than_the_retries_fills_the_failure_destination() {
    let settings = Settings { slack: down(0..1_800), ..Settings::default() };
    let report = subscription(Flaw::None, settings, &Queue::default(), trickle());
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.lines.notified, report.lines.in_destination, report.lines.unaccounted), (0, 60, 0));
}

#[test]
fn an_event_that_grows_too_old_goes_to_the_failure_destination() {
    let settings = Settings { concurrency: 0, ..Settings::default() };
    let queue = || Queue { max_age: Duration::from_mins(1), ..Queue::default() };
    let report = subscription(Flaw::None, settings.clone(), &queue(), trickle());
    assert_eq!((report.lines.in_destination, report.lambda.invocations), (60, 0));
    assert!(report.lambda.throttles >= 300, "1, 2, 4, 8, 16 and 32 s: {report:#?}");
    let still = Queue { drain: Duration::ZERO, ..queue() };
    let report = subscription(Flaw::None, settings, &still, trickle());
    assert_eq!((report.lines.in_destination + report.lines.queued, report.lines.unaccounted), (60, 0));
    assert!(report.lines.queued > 0);
}

#[test]
fn a_handler_beyond_its_deadline_is_killed_and_its_event_tried_again() {
    let slow = Behaviour { latency_ms: 40_000..=40_000, ..Behaviour::default() };
    let settings = Settings { slack: slow, ..Settings::default() };
    let report = subscription(Flaw::None, settings, &Queue::default(), trickle());
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.lambda.kills >= 60 && report.lines.notified_again > 0, "{report:#?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let (settings, queue) = misfortune(seed);
        let kills_ms = vec![21_000, 42_000];
        subscription(Flaw::None, Settings { kills_ms, ..settings }, &queue, squall())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn without_pacing_slack_sees_a_flood_and_people_next_to_nothing() {
    let report = subscription(Flaw::DoesNotPace, Settings::default(), &Queue::default(), storm());
    assert!(report.slack.rate_limited * 2 > report.slack.posts, "{report:#?}");
    assert!(report.slack.too_early > 0 && report.lines.notified * 3 < report.lines.all, "{report:#?}");
    assert_eq!(report.lines.unaccounted, 0);
}

#[test]
fn swallowed_errors_are_seen() {
    let settings = Settings { slack: down(60..120), ..Settings::default() };
    let report = subscription(Flaw::SwallowsErrors, settings, &Queue::default(), trickle());
    assert!(report.lines.unaccounted > 0, "{report:#?}");
    assert!(report.violations[0].contains("no post that Slack took tells the lines said to be notified"));
}

#[test]
fn a_line_lost_in_the_fold_is_seen() {
    let report = subscription(Flaw::FoldsTooFew, Settings::default(), &Queue::default(), storm());
    assert!(report.violations.iter().any(|violation| violation.contains(" pending and ")), "{report:#?}");
    assert!(report.lines.notified < report.lines.all);
}

#[test]
fn lines_counted_without_a_post_are_seen() {
    let report = subscription(Flaw::CountsWithoutPosting, Settings::default(), &Queue::default(), storm());
    assert!(report.lines.unaccounted > 0, "{report:#?}");
    assert!(report.violations[0].contains("no post that Slack took"));
}

#[test]
fn invented_duplicates_are_seen() {
    let report = subscription(Flaw::SeesDuplicates, Settings::default(), &Queue::default(), trickle());
    assert_eq!((report.lines.unaccounted, report.violations.len()), (6, 6), "{report:#?}");
    assert!(report.violations[0].contains("rightly called duplicates"));
}

#[test]
fn a_failure_taken_for_told_is_seen() {
    let settings = Settings { slack: down(60..120), ..Settings::default() };
    let report = subscription(Flaw::RemembersFailures, settings, &Queue::default(), trickle());
    assert!(report.lines.unaccounted > 0, "{report:#?}");
    assert!(report.violations[0].contains("rightly called duplicates"));
}

#[test]
fn a_fold_dropped_with_a_failure_is_seen() {
    let settings = Settings { slack: down(20..40), ..Settings::default() };
    let report = subscription(Flaw::DropsTheFoldOnFailure, settings, &Queue::default(), storm());
    assert!(report.lines.notified < report.lines.all, "{report:#?}");
    assert!(report.violations.iter().any(|violation| violation.contains("pending before are not those")));
}

#[test]
fn a_forgetful_toy_tells_twice_which_is_counted_and_no_loss() {
    let queue = || Queue { duplicates: 0.5, ..Queue::default() };
    let settings = || Settings { concurrency: 1, ..Settings::default() };
    let report = subscription(Flaw::ForgetsWhatItTold, settings(), &queue(), trickle());
    assert_eq!(
        (report.lines.notified_again, report.violations.len()),
        (report.lambda.duplicates, 0),
        "{report:#?}"
    );
    let report = subscription(Flaw::None, settings(), &queue(), trickle());
    assert_eq!((report.lines.notified_again, report.violations.len()), (0, 0), "{report:#?}");
}

#[test]
fn through_kinesis_the_good_toy_tells_every_line() {
    let slack = Behaviour { lost_answers: 0.1, ..down(20..40) };
    let settings = Settings { slack, kills_ms: vec![20_000, 40_000, 60_000], ..Settings::default() };
    let report = simulate_kinesis(Toy(Flaw::None), settings, &Mapping::default(), storm().deliveries(1));
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.lines.notified, report.lambda.kills), (report.lines.all, 3), "{report:#?}");
}

#[test]
fn through_kinesis_records_come_again_in_every_way_and_are_notified_again_by_a_forgetful_toy() {
    let run = |flaw| {
        let settings = Settings { concurrency: 1, ..immortal(1) };
        let redelivery = Redelivery { failed: 0.1, partial: 0.1, second_poller: 0.1, put_twice: 0.1 };
        let mapping = Mapping { redelivery, ..Mapping::default() };
        simulate_kinesis(Toy(flaw), settings, &mapping, squall().deliveries(1))
    };
    let report = run(Flaw::None);
    assert_eq!((report.lines.notified, report.lines.notified_again), (report.lines.all, 0), "{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.lambda.redelivered.each().iter().all(|records| *records > 0), "{report:#?}");
    let report = run(Flaw::ForgetsWhatItTold);
    assert!(report.lines.notified_again > 0, "{report:#?}");
}

#[test]
fn records_acknowledged_early_are_seen() {
    let deliveries = trickle().deliveries(1);
    let report = simulate_kinesis(Toy(Flaw::AcknowledgesEarly), Settings::default(), &batches(), deliveries);
    assert!(report.lines.unaccounted > 0, "{report:#?}");
    assert!(report.violations.iter().any(|violation| violation.contains("before Slack took it")));
}

#[test]
fn records_that_cannot_be_told_block_their_shard_and_are_given_up() {
    let settings = Settings { slack: down(0..36_000), ..Settings::default() };
    let mapping = Mapping { retries: 3, ..batches() };
    let report = simulate_kinesis(Toy(Flaw::None), settings, &mapping, trickle().deliveries(1));
    assert_eq!((report.lines.in_destination, report.lines.notified), (60, 0), "{report:#?}");
}

/// A mapping that makes batches of several records even of a trickle.
fn batches() -> Mapping {
    Mapping { batching_window: Duration::from_secs(35), drain: Duration::from_hours(2), ..Mapping::default() }
}

#[test]
fn slack_refuses_what_its_bucket_does_not_hold() {
    let slack = Behaviour { bucket: Bucket::new(1, 60_000), ..Behaviour::default() };
    let settings = Settings { slack, concurrency: 1, ..Settings::default() };
    let report = subscription(Flaw::None, settings, &Queue::default(), trickle());
    assert_eq!(
        (report.violations.len(), report.lines.notified, report.slack.too_early),
        (0, 60, 0),
        "{report:#?}"
    );
    assert!(report.slack.rate_limited > 0);
}

/// Fails every time, and remembers what it was told.
#[derive(Clone, Default)]
struct Witness(Rc<RefCell<Vec<(u64, Context)>>>, Option<Clock>);

impl Function for Witness {
    type Handler = Witness;

    fn start(&self, _slack: SlackPort, clock: Clock) -> Witness {
        Witness(Rc::clone(&self.0), Some(clock))
    }

    fn awslogs(&self, delivery: &Delivery) -> Vec<u8> {
        vec![u8::try_from(delivery.id).unwrap()]
    }

    fn kinesis(&self, _records: &[Record]) -> Vec<u8> {
        panic!("nothing comes through Kinesis")
    }

    fn tick(&self) -> Vec<u8> {
        panic!("nothing ticks")
    }

    fn announced(&self, _body: &[u8]) -> u64 {
        panic!("nothing is posted")
    }
}

impl Handler for Witness {
    async fn invoke(&mut self, event: Vec<u8>, context: Context) -> Result<Vec<u8>, String> {
        assert_eq!(event, [0]);
        let now_ms = self.1.as_ref().unwrap().now_ms();
        assert_eq!(context.deadline, Instant::now() + Duration::from_secs(30));
        self.0.borrow_mut().push((now_ms, context));
        Err("no".into())
    }

    async fn shut_down(&mut self) {}
}

#[test]
fn an_event_that_fails_comes_again_after_one_minute_and_after_two_more() {
    let witness = Witness::default();
    let settings = Settings { work_ms: 0..=0, cold_start_ms: 0..=0, ..Settings::default() };
    let queue = Queue { tick_targets: 0, ..Queue::default() };
    let once = Delivery { id: 0, stream: 0, oldest_ms: 0, arrives_ms: 0, matched: 1, other: 0 };
    let report = simulate_subscription(witness.clone(), settings, &queue, [once].into_iter());
    assert_eq!((report.lines.in_destination, report.violations.len()), (1, 0));
    assert_eq!(report.errors, [("no".to_owned(), 3)].into());
    let attempts = witness.0.borrow();
    let first_ms = attempts[0].0;
    assert_eq!(attempts.iter().map(|(at_ms, _)| at_ms - first_ms).collect::<Vec<_>>(), [0, 60_000, 180_000]);
    for (at_ms, context) in attempts.iter() {
        assert_eq!(context.request_id, "event-0");
        assert_eq!(context.deadline_ms, EPOCH_MS + at_ms + 30_000);
    }
}

#[test]
fn a_handler_that_panics_fails_the_simulation() {
    let queue = Queue::default();
    let run = || simulate_subscription(Witness::default(), Settings::default(), &queue, std::iter::empty());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err(), "it panics at the tick");
}

#[test]
fn deliveries_must_be_numbered_in_order() {
    let delivery = Delivery { id: 7, stream: 0, oldest_ms: 0, arrives_ms: 0, matched: 1, other: 0 };
    let run = || {
        simulate_subscription(Toy(Flaw::None), Settings::default(), &Queue::default(), [delivery].into_iter())
    };
    assert!(std::panic::catch_unwind(run).is_err());
}
