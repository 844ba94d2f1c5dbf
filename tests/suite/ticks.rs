//! What happens between batches: ticks that flush, hold and say that it is quiet, SIGTERM, and old news.

use std::time::Duration;

use tokio::time::{Instant, advance};

use crate::{
    fake_lambda::{
        container::{Answer, Setup, SpinDown, Start},
        events,
        product::announced,
    },
    fake_slack::FakeSlack,
    scripted_webhook::{Bench, errors, fates, rate_limited, unavailable},
};

/// A container whose one token is spent, with three lines folded.
async fn with_three_lines_folded() -> Bench {
    let mut bench = Bench::with_burst(1);
    bench.invoke(&errors(0, 1)).await;
    let folded = bench.invoke(&errors(10, 3)).await;
    assert_eq!(fates(&folded.ledger), [0, 3, 0, 0]);
    bench
}

#[tokio::test(start_paused = true)]
async fn a_tick_flushes_what_is_folded_and_returns_at_once() {
    let mut bench = with_three_lines_folded().await;
    advance(Duration::from_secs(5)).await;
    let began = Instant::now();
    let flushed = bench.invoke(&events::tick()).await;
    assert_eq!((fates(&flushed.ledger), began.elapsed()), ([3, 0, 0, 1], Duration::ZERO));
    assert!(
        bench.slack.headings()[1].starts_with("Storm for 5 s · 3 errors"),
        "{:?}",
        bench.slack.headings()
    );
}

#[tokio::test(start_paused = true)]
async fn a_tick_without_a_token_keeps_what_is_folded() {
    let mut bench = with_three_lines_folded().await;
    let kept = bench.invoke(&events::tick()).await;
    assert_eq!((fates(&kept.ledger), bench.slack.bodies().len()), ([0, 3, 0, 0], 1));
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_fails_keeps_what_is_folded_and_is_no_error() {
    let mut bench = with_three_lines_folded().await;
    for result in [unavailable(), rate_limited(60)] {
        advance(Duration::from_secs(5)).await;
        bench.slack.next(result);
        let kept = bench.invoke(&events::tick()).await;
        assert!(kept.answer.is_ok(), "an error would be retried, and hold no line");
        assert_eq!(fates(&kept.ledger), [0, 3, 0, 0]);
    }
    assert_eq!(bench.slack.bodies().len(), 3);
    advance(Duration::from_secs(30)).await;
    bench.invoke(&events::tick()).await;
    assert_eq!(bench.slack.bodies().len(), 3, "nothing inside Retry-After");
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_finds_nothing_holds_its_container_for_300_ms() {
    let mut bench = Bench::with_burst(5);
    let began = Instant::now();
    bench.invoke(&events::tick()).await;
    assert_eq!(began.elapsed(), Duration::from_millis(300));
    assert_eq!(bench.slack.bodies().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_tick_holds_no_longer_than_its_deadline_allows() {
    for (limit_ms, held_ms) in [(100, 0), (500, 0), (600, 100), (800, 300), (30_000, 300)] {
        let mut bench = Bench::with_burst(5);
        let began = Instant::now();
        bench.invoke_within(&events::tick(), Duration::from_millis(limit_ms)).await;
        assert_eq!(began.elapsed(), Duration::from_millis(held_ms), "{limit_ms}");
    }
}

#[tokio::test(start_paused = true)]
async fn quiet_again_is_said_once_by_the_first_tick_a_minute_after_the_last_fold() {
    let mut bench = with_three_lines_folded().await;
    advance(Duration::from_secs(59)).await;
    bench.invoke(&events::tick()).await;
    advance(Duration::from_secs(50)).await;
    bench.invoke(&events::tick()).await;
    advance(Duration::from_mins(1)).await;
    bench.invoke(&events::tick()).await;
    let headings = bench.slack.headings();
    assert_eq!(headings.len(), 3, "{headings:?}");
    assert!(headings[1].starts_with("Storm for 59 s · 3 errors"), "{headings:?}");
    assert!(headings[2].starts_with("Quiet again · 3 errors"), "{headings:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flush_never_says_quiet_again() {
    let mut bench = with_three_lines_folded().await;
    advance(Duration::from_mins(10)).await;
    bench.invoke(&events::tick()).await;
    let headings = bench.slack.headings();
    assert_eq!(headings.len(), 2, "{headings:?}");
    assert!(headings[1].starts_with("Storm for 10 min"), "{headings:?}");
}

#[tokio::test(start_paused = true)]
async fn quiet_again_that_slack_did_not_take_is_said_by_the_next_tick() {
    let mut bench = with_three_lines_folded().await;
    advance(Duration::from_mins(2)).await;
    bench.invoke(&events::tick()).await;
    bench.slack.next(unavailable());
    for _ in 0..3 {
        advance(Duration::from_mins(1)).await;
        bench.invoke(&events::tick()).await;
    }
    let quiet = bench.slack.headings().iter().filter(|heading| heading.starts_with("Quiet again")).count();
    assert_eq!(quiet, 2, "one that failed, and one that did not");
}

#[tokio::test(start_paused = true)]
async fn without_a_storm_ticks_say_nothing() {
    let mut bench = Bench::with_burst(5);
    bench.invoke(&errors(0, 3)).await;
    for _ in 0..5 {
        advance(Duration::from_mins(1)).await;
        bench.invoke(&events::tick()).await;
    }
    assert_eq!(bench.slack.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_short_429_is_waited_for_once_and_a_second_one_folds() {
    let mut bench = Bench::with_burst(5);
    bench.slack.next(rate_limited(3));
    let began = Instant::now();
    let outcome = bench.invoke(&errors(0, 3)).await;
    assert_eq!((fates(&outcome.ledger), began.elapsed().as_secs()), ([3, 0, 0, 1], 3));
    // What was left of the burst is spent.
    advance(Duration::from_secs(5)).await;
    bench.slack.next(rate_limited(2));
    bench.slack.next(rate_limited(2));
    let folded = bench.invoke(&errors(10, 3)).await;
    assert_eq!((fates(&folded.ledger), folded.measures.rate_limited), ([0, 3, 0, 0], 2));
}

#[tokio::test(start_paused = true)]
async fn a_long_429_folds_without_a_wait_and_nothing_is_posted_until_it_has_passed() {
    let mut bench = Bench::with_burst(5);
    bench.slack.next(rate_limited(4));
    let began = Instant::now();
    let folded = bench.invoke(&errors(0, 3)).await;
    assert_eq!((fates(&folded.ledger), began.elapsed()), ([0, 3, 0, 0], Duration::ZERO));
    advance(Duration::from_millis(3_999)).await;
    bench.invoke(&errors(10, 1)).await;
    assert_eq!(bench.slack.bodies().len(), 1);
    advance(Duration::from_millis(1)).await;
    let outcome = bench.invoke(&errors(20, 1)).await;
    assert_eq!((fates(&outcome.ledger), bench.slack.bodies().len()), ([5, 0, 0, 1], 2));
}

#[tokio::test(start_paused = true)]
async fn shutdown_posts_what_is_folded_token_or_not() {
    let mut bench = with_three_lines_folded().await;
    let flushed = bench.shut_down().await;
    assert_eq!(fates(&flushed.ledger), [3, 0, 0, 1]);
    assert_eq!(bench.shut_down().await.ledger.posted, 0, "there is nothing left");
}

#[tokio::test(start_paused = true)]
async fn old_news_is_told_with_its_age_and_never_withheld() {
    let mut bench = Bench::with_burst(5);
    advance(Duration::from_mins(12)).await;
    let outcome = bench.invoke(&errors(0, 3)).await;
    assert_eq!(fates(&outcome.ledger), [3, 0, 0, 1]);
    assert!(bench.slack.bodies()[0].to_string().contains("posted 12 min late"));
    assert_eq!(outcome.measures.delivery_lag_ms, Some(720_000));
}

#[tokio::test]
async fn sigterm_flushes_the_real_binary_where_an_extension_is_registered() {
    let slack = FakeSlack::start().await;
    let setup = Setup::statuswatch().env("STATUSWATCH_BURST", "1").env("STATUSWATCH_SPACING_SECONDS", "3600");
    let container = setup.env("SLACK_WEBHOOK_URL", &slack.webhook("secret")).start().await;
    assert_eq!(container.started().await, Start::Ready);
    for first in [0, 10, 20] {
        assert!(matches!(container.invoke(errors(first, 4)).await, Answer::Response(_)));
    }
    assert_eq!(slack.posts().len(), 1, "the rest is folded");
    let SpinDown::Exited(status) = container.spin_down(Duration::from_mins(1)).await else {
        panic!("it did not end by itself")
    };
    assert!(status.success());
    let outcome: Vec<u64> = slack.accepted().iter().map(|post| announced(&post.body)).collect();
    assert_eq!(outcome, [4, 8]);
    let stdout = String::from_utf8(container.stdout()).unwrap();
    let last = stdout.lines().rfind(|line| line.contains("_aws")).unwrap();
    let emf: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!((emf["Pending"].as_u64(), emf["Posted"].as_u64()), (Some(0), Some(1)));
}

#[tokio::test]
async fn without_an_extension_the_real_binary_warns_and_works() {
    let slack = FakeSlack::start().await;
    let setup = Setup::statuswatch().refusing_extensions();
    let container = setup.env("SLACK_WEBHOOK_URL", &slack.webhook("secret")).start().await;
    assert_eq!(container.started().await, Start::Ready);
    assert!(matches!(container.invoke(errors(0, 4)).await, Answer::Response(_)));
    assert_eq!(container.spin_down(Duration::from_mins(1)).await, SpinDown::Killed);
    let log = String::from_utf8([container.stdout(), container.stderr()].concat()).unwrap();
    assert!(log.contains("no SIGTERM will come"), "{log}");
}

#[tokio::test]
async fn after_a_freeze_a_connection_that_slack_closed_costs_nothing() {
    let slack = FakeSlack::start().await;
    let container = Setup::statuswatch().env("SLACK_WEBHOOK_URL", &slack.webhook("secret")).start().await;
    assert_eq!(container.started().await, Start::Ready);
    assert!(matches!(container.invoke(errors(0, 4)).await, Answer::Response(_)));
    container.freeze().await;
    slack.close_idle_connections().await;
    container.thaw();
    let Answer::Response(ledger) = container.invoke(errors(10, 3)).await else { panic!("it works on") };
    let ledger: serde_json::Value = serde_json::from_slice(&ledger).unwrap();
    assert_eq!((ledger["shown"].as_u64(), ledger["posted"].as_u64()), (Some(3), Some(1)));
    assert_eq!(slack.posts().len(), 2);
    assert_eq!(slack.connections(), 2);
}
