//! Incidents in one container: what is posted when, what is deferred, and that the ledger says so.

use std::time::Duration;

use statuswatch::handler::Outcome;
use statuswatch::rules::Rules;
use tokio::time::{Instant, advance};

use crate::{
    fake_lambda::{
        events::{self, LOG_GROUP, access_log},
        function::EPOCH_MS,
        product::announced,
    },
    scripted_webhook::{Bench, errors, fates, named, rate_limited, unavailable},
};

fn lines(log_group: &str, first: u64, count: u64, status: u16) -> Vec<u8> {
    let lines: Vec<_> = (first..first + count).map(|number| access_log(number, EPOCH_MS, status)).collect();
    events::data_message(log_group, "stream", &lines)
}

fn of_status(first: u64, count: u64, status: u16) -> Vec<u8> {
    events::awslogs(&lines(LOG_GROUP, first, count, status))
}

/// Errors of one route.
fn alike(first: u64, count: u64) -> Vec<u8> {
    let lines: Vec<_> = (first..first + count).map(|number| access_log(number * 6, EPOCH_MS, 502)).collect();
    events::awslogs(&events::data_message(LOG_GROUP, "stream", &lines))
}

fn records(of: &[(&str, u64)]) -> Vec<u8> {
    let record = |(number, (log_group, count)): (u64, &(&str, u64))| {
        (number.to_string(), events::gzip(&lines(log_group, number * 100, *count, 502)))
    };
    events::kinesis(&(1..).zip(of).map(record).collect::<Vec<_>>())
}

/// Invokes, after so many seconds.
async fn after(bench: &mut Bench, seconds: u64, event: &[u8]) -> Outcome {
    advance(Duration::from_secs(seconds)).await;
    bench.invoke(event).await
}

#[tokio::test(start_paused = true)]
async fn an_incident_opens_goes_on_changes_and_is_over() {
    let mut bench = Bench::of_incidents(5);
    assert_eq!(fates(&bench.invoke(&errors(0, 3)).await.ledger), [3, 0, 0, 1]);
    assert_eq!(fates(&after(&mut bench, 10, &errors(12, 2)).await.ledger), [0, 2, 0, 0], "deferred");
    assert_eq!(fates(&after(&mut bench, 10, &errors(18, 1)).await.ledger), [0, 3, 0, 0]);
    assert_eq!(fates(&after(&mut bench, 10, &of_status(30, 1, 504)).await.ledger), [4, 0, 0, 1], "new");
    assert_eq!(fates(&after(&mut bench, 10, &errors(24, 3)).await.ledger), [0, 3, 0, 0]);
    assert_eq!(fates(&after(&mut bench, 20, &events::tick()).await.ledger), [3, 0, 0, 1]);
    for _ in 0..5 {
        after(&mut bench, 60, &events::tick()).await;
    }
    let headings = bench.slack.headings();
    assert_eq!(headings.len(), 4, "{headings:?}");
    assert!(headings[0].starts_with("3 errors · "), "{headings:?}");
    assert!(headings[1].starts_with("New in this incident: 504 "), "{headings:?}");
    assert!(headings[1].contains(" · +4 since 05:20 UTC · 7 errors since 05:20 UTC · "), "{headings:?}");
    assert!(headings[2].starts_with("Still failing, "), "{headings:?}");
    assert!(headings[2].contains(" · 10 errors · +3 since 05:20 UTC · "), "{headings:?}");
    assert!(headings[3].starts_with("Over · 10 errors in "), "{headings:?}");
    assert!(headings[3].contains(" · 4 messages · "), "{headings:?}");
    let notified: u64 = bench.slack.bodies().iter().map(|body| announced(body.to_string().as_bytes())).sum();
    assert_eq!(notified, 10);
}

#[tokio::test(start_paused = true)]
async fn a_rule_says_when_a_group_is_worth_a_message_and_when_it_is_new_again() {
    let rules = r#"{"rules":[{"name":"5xx","status":"5xx","action":"notify","mention":"<!here>",
        "at_least":{"count":5,"within":"1m"},"again_after":"6m","runbook":"https://wiki.example.com/orders"}]}"#;
    let mut bench = Bench::of_incidents_by(Rules::parse(rules).unwrap(), 5);
    assert_eq!(fates(&bench.invoke(&alike(0, 2)).await.ledger), [0, 2, 0, 0], "too few");
    assert_eq!(fates(&after(&mut bench, 20, &alike(10, 3)).await.ledger), [5, 0, 0, 1], "five in a minute");
    assert_eq!(fates(&after(&mut bench, 361, &alike(20, 5)).await.ledger), [5, 0, 0, 1], "new again");
    assert_eq!(fates(&after(&mut bench, 400, &alike(30, 2)).await.ledger), [0, 2, 0, 0], "too few again");
    assert_eq!(fates(&after(&mut bench, 60, &events::tick()).await.ledger), [2, 0, 0, 1], "no longer kept");
    let headings = bench.slack.headings();
    assert!(headings[0].starts_with("<!here> 5 errors · "), "{headings:?}");
    assert!(headings[1].starts_with("<!here> 5 errors · "), "{headings:?}");
    assert!(headings[2].starts_with("2 errors · "), "{headings:?}");
    let link =
        serde_json::json!({"type": "link", "url": "https://wiki.example.com/orders", "text": "runbook"});
    assert!(bench.slack.bodies().iter().all(|body| body.to_string().contains(&link.to_string())));
}

#[tokio::test(start_paused = true)]
async fn whose_lines_they_are_and_their_share_are_said_where_they_are_known() {
    let mut bench = Bench::of_incidents(5);
    let mixed: Vec<_> = [502, 200, 502, 404]
        .into_iter()
        .zip(0..)
        .map(|(status, number)| access_log(number, EPOCH_MS, status))
        .collect();
    bench.invoke(&events::awslogs(&events::data_message(LOG_GROUP, "stream", &mixed))).await;
    bench
        .invoke(&events::kinesis(&[
            ("1".to_owned(), events::gzip(&events::data_message("/one", "stream", &mixed))),
            ("2".to_owned(), events::gzip(&events::data_message("/two", "stream", &mixed))),
            ("3".to_owned(), events::gzip(&lines("/two", 100, 2, 502))),
        ]))
        .await;
    let headings = bench.slack.headings();
    assert!(headings[0].starts_with("3 errors (75 % of 4 requests received) · "), "{headings:?}");
    assert!(headings[1].starts_with("3 errors (75 % of 4 requests received) · "), "{headings:?}");
    assert!(headings[2].starts_with("5 errors · "), "of two deliveries: {headings:?}");
    for body in bench.slack.bodies() {
        let body = body.to_string();
        assert!(body.contains("1 client · ") && body.contains(" · account 123456789012 · "), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_message_is_not_said_to_be_over() {
    let mut bench = Bench::of_incidents(5);
    bench.invoke(&errors(0, 3)).await;
    for _ in 0..10 {
        after(&mut bench, 60, &events::tick()).await;
    }
    assert_eq!(bench.slack.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_has_to_wait_is_sent_by_the_next_tick_and_says_so() {
    let mut bench = Bench::of_incidents(1);
    bench.invoke(&errors(0, 3)).await;
    assert_eq!(fates(&bench.invoke(&of_status(10, 2, 504)).await.ledger), [0, 2, 0, 0]);
    assert_eq!(fates(&after(&mut bench, 5, &events::tick()).await.ledger), [2, 0, 0, 1]);
    assert!(bench.slack.headings()[1].starts_with("New in this incident: 504 "));
    assert!(bench.slack.bodies()[1].to_string().contains("1 message held back"));
}

#[tokio::test(start_paused = true)]
async fn lines_whose_message_failed_are_given_back_and_not_counted_twice() {
    let mut bench = Bench::of_incidents(5);
    bench.slack.next(unavailable());
    let failed = bench.invoke(&errors(0, 3)).await;
    assert!(failed.answer.is_err());
    assert_eq!(fates(&failed.ledger), [0, 0, 3, 0]);
    assert_eq!(fates(&after(&mut bench, 60, &errors(0, 3)).await.ledger), [3, 0, 0, 1]);
    assert!(bench.slack.headings()[1].starts_with("3 errors · "), "an opening still");

    after(&mut bench, 1, &errors(12, 2)).await;
    bench.slack.next(unavailable());
    let failed = bench.invoke(&of_status(20, 1, 504)).await;
    assert_eq!(fates(&failed.ledger), [0, 2, 1, 0], "what was deferred stays pending");
    assert_eq!(fates(&after(&mut bench, 60, &of_status(20, 1, 504)).await.ledger), [3, 0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_deferred_is_a_duplicate_when_it_comes_again() {
    let mut bench = Bench::of_incidents(5);
    bench.invoke(&errors(0, 3)).await;
    bench.invoke(&errors(12, 2)).await;
    let again = bench.invoke(&errors(12, 2)).await;
    assert_eq!((again.ledger.duplicate, fates(&again.ledger)), (2, [0, 2, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_without_errors_posts_what_is_due() {
    let mut bench = Bench::of_incidents(5);
    bench.invoke(&errors(0, 3)).await;
    after(&mut bench, 5, &errors(12, 2)).await;
    assert_eq!(fates(&after(&mut bench, 30, &of_status(20, 1, 200)).await.ledger), [0, 2, 0, 0]);
    let due = after(&mut bench, 30, &of_status(30, 1, 200)).await;
    assert_eq!((due.ledger.silent, fates(&due.ledger)), (1, [2, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_long_429_defers_and_a_tick_that_fails_is_no_error() {
    let mut bench = Bench::of_incidents(5);
    bench.slack.next(rate_limited(20));
    let began = Instant::now();
    assert_eq!(fates(&bench.invoke(&errors(0, 3)).await.ledger), [0, 3, 0, 0]);
    assert_eq!(began.elapsed(), Duration::ZERO);
    bench.slack.next(unavailable());
    let failed = after(&mut bench, 20, &events::tick()).await;
    assert!(failed.answer.is_ok());
    assert_eq!(fates(&failed.ledger), [0, 3, 0, 0]);
    assert_eq!(fates(&after(&mut bench, 60, &events::tick()).await.ledger), [3, 0, 0, 1]);
    assert!(bench.slack.headings()[2].starts_with("3 errors · "));
}

#[tokio::test(start_paused = true)]
async fn through_kinesis_nothing_is_deferred_and_each_log_group_has_its_incident() {
    let mut bench = Bench::of_incidents(5);
    let notified = bench.invoke(&records(&[("/a", 2), ("/b", 3)])).await;
    assert_eq!((named(&notified), fates(&notified.ledger)), (vec![], [5, 0, 0, 2]));
    let more = after(&mut bench, 1, &records(&[("/c", 1), ("/a", 0), ("/a", 4)])).await;
    assert_eq!((named(&more), fates(&more.ledger)), (vec![], [5, 0, 0, 2]));
    assert!(bench.slack.headings().iter().any(|heading| heading.contains(" · +4 since ")));

    bench.slack.next(unavailable());
    let failed = after(&mut bench, 1, &records(&[("/d", 7)])).await;
    assert_eq!((named(&failed), fates(&failed.ledger)), (vec!["1".to_owned()], [0, 0, 7, 0]));
    let retried = after(&mut bench, 5, &records(&[("/d", 7)])).await;
    assert_eq!((named(&retried), fates(&retried.ledger)), (vec![], [7, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn shutdown_posts_what_is_deferred_token_or_not() {
    let mut bench = Bench::of_incidents(1);
    bench.invoke(&errors(0, 1)).await;
    bench.invoke(&errors(12, 3)).await;
    assert_eq!(fates(&bench.shut_down().await.ledger), [3, 0, 0, 1]);
    assert_eq!(bench.shut_down().await.ledger.posted, 0, "there is nothing left");
}
