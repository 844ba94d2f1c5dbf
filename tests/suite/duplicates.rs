//! At least once in, once out where it can be known: duplicates of every kind against the handler.

use statuswatch::duplicates::CAPACITY;
use statuswatch::slack::post::{Accepted, PostError, PostOutcome};

use crate::{
    fake_lambda::events::{self, LOG_GROUP, access_log},
    scripted_webhook::{Bench, errors, errors_message, fates, rate_limited, unavailable},
};

#[tokio::test(start_paused = true)]
async fn the_same_batch_on_the_same_container_posts_nothing() {
    let mut bench = Bench::with_burst(5);
    let first = bench.invoke(&errors(0, 3)).await;
    assert_eq!((first.ledger.matched, fates(&first.ledger)), (3, [3, 0, 0, 1]));
    let second = bench.invoke(&errors(0, 3)).await;
    assert_eq!((second.ledger.duplicate, second.ledger.matched, second.ledger.silent), (3, 0, 1));
    assert_eq!((fates(&second.ledger), bench.slack.bodies().len()), ([0; 4], 1));
}

/// More errors than log events are remembered, in one delivery.
#[tokio::test(start_paused = true)]
async fn a_batch_larger_than_the_memory_posts_nothing_when_it_comes_again() {
    let more = CAPACITY as u64 + 5_000;
    let mut bench = Bench::with_burst(5);
    let first = bench.invoke(&errors(0, more)).await;
    assert_eq!((first.ledger.matched, first.ledger.posted), (more, 1));
    // Smaller ones in between are told as ever.
    let small = bench.invoke(&errors(900_000, 3)).await;
    assert_eq!((small.ledger.matched, small.ledger.duplicate), (3, 0));
    for _ in 0..2 {
        let again = bench.invoke(&errors(0, more)).await;
        assert_eq!((again.ledger.duplicate, again.ledger.matched, again.ledger.silent), (more, 0, 1));
    }
    // One more line makes it another batch, whose new line is told.
    let other = bench.invoke(&errors(0, more + 1)).await;
    assert!(other.ledger.matched >= 1, "{:?}", other.ledger);
    assert_eq!(bench.slack.bodies().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_large_batch_whose_post_failed_is_told_when_it_comes_again() {
    let more = CAPACITY as u64 + 1;
    let mut bench = Bench::with_burst(5);
    bench.slack.next(unavailable());
    assert!(bench.invoke(&errors(0, more)).await.answer.is_err());
    let retried = bench.invoke(&errors(0, more)).await;
    assert_eq!((retried.ledger.matched, retried.ledger.duplicate), (more, 0));
}

#[tokio::test(start_paused = true)]
async fn records_that_together_are_larger_than_the_memory_post_nothing_when_they_come_again() {
    let half = CAPACITY as u64 / 2 + 1_000;
    let record = |n: u64| (format!("4900{n}"), events::gzip(&errors_message(n * half, half)));
    let event = events::kinesis(&[record(0), record(1), record(2)]);
    let mut bench = Bench::with_burst(5);
    let first = bench.invoke(&event).await;
    assert_eq!((first.ledger.matched, first.ledger.posted), (3 * half, 1));
    let again = bench.invoke(&event).await;
    assert_eq!((again.ledger.duplicate, again.ledger.matched, again.ledger.silent), (3 * half, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_partial_success_tells_only_what_is_new() {
    let mut bench = Bench::with_burst(5);
    bench.invoke(&errors(0, 3)).await;
    let again = bench.invoke(&errors(1, 4)).await;
    assert_eq!((again.ledger.duplicate, again.ledger.matched, fates(&again.ledger)), (2, 2, [2, 0, 0, 1]));
    assert!(bench.slack.headings()[1].starts_with("2 errors"), "{:?}", bench.slack.headings());
}

#[tokio::test(start_paused = true)]
async fn ids_of_a_failed_post_are_not_remembered() {
    let mut bench = Bench::with_burst(5);
    bench.slack.next(unavailable());
    let failed = bench.invoke(&errors(0, 3)).await;
    assert!(failed.answer.is_err());
    assert_eq!(fates(&failed.ledger), [0, 0, 3, 0]);
    let retried = bench.invoke(&errors(0, 3)).await;
    assert_eq!((retried.ledger.duplicate, fates(&retried.ledger)), (0, [3, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn folded_lines_that_come_again_are_counted_once() {
    let mut bench = Bench::with_burst(1);
    bench.invoke(&errors(0, 1)).await;
    let deferred = bench.invoke(&errors(10, 3)).await;
    assert_eq!(fates(&deferred.ledger), [0, 3, 0, 0]);
    let again = bench.invoke(&errors(10, 3)).await;
    assert_eq!((again.ledger.duplicate, fates(&again.ledger)), (3, [0, 3, 0, 0]));
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    let flushed = bench.invoke(&events::tick()).await;
    assert_eq!(fates(&flushed.ledger), [3, 0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_carried_folded_lines_gives_back_its_own_and_keeps_the_earlier() {
    let mut bench = Bench::with_burst(1);
    bench.slack.next(rate_limited(60));
    let deferred = bench.invoke(&errors(0, 3)).await;
    assert_eq!(fates(&deferred.ledger), [0, 3, 0, 0]);
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    bench.slack.next(unavailable());
    let failed = bench.invoke(&errors(10, 2)).await;
    assert_eq!((failed.answer.is_err(), fates(&failed.ledger)), (true, [0, 3, 2, 0]));
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    let retried = bench.invoke(&errors(10, 2)).await;
    assert_eq!((retried.ledger.matched, fates(&retried.ledger)), (2, [5, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn one_delivery_that_holds_a_log_event_twice_tells_it_once() {
    let mut bench = Bench::with_burst(5);
    let line = access_log(7, 1_605_676_800_000, 502);
    let message = events::data_message(LOG_GROUP, "stream", &[line.clone(), line]);
    let outcome = bench.invoke(&events::awslogs(&message)).await;
    assert_eq!((outcome.ledger.matched, outcome.ledger.duplicate), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_same_id_in_another_stream_or_group_is_another_line() {
    let mut bench = Bench::with_burst(5);
    let line = [access_log(7, 1_605_676_800_000, 502)];
    for (log_group, log_stream) in [("a", "s"), ("a", "t"), ("b", "s")] {
        let message = events::data_message(log_group, log_stream, &line);
        assert_eq!(bench.invoke(&events::awslogs(&message)).await.ledger.matched, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_posted_twice_carries_the_same_id_in_both_containers() {
    let (mut first, mut second) = (Bench::with_burst(5), Bench::with_burst(5));
    first.invoke(&errors(0, 3)).await;
    second.invoke(&errors(0, 3)).await;
    let bodies = (first.slack.bodies(), second.slack.bodies());
    assert_eq!(bodies.0, bodies.1, "the id is in the body, and so is nothing else that differs");
    first.invoke(&errors(10, 3)).await;
    assert_ne!(first.slack.bodies()[0], first.slack.bodies()[1]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_counted_as_ambiguous() {
    let mut bench = Bench::with_burst(5);
    let result = Ok(Accepted::default());
    bench.slack.next_outcome(PostOutcome { result, requests: 2, ambiguous: 1 });
    let outcome = bench.invoke(&errors(0, 3)).await;
    assert_eq!((outcome.ledger.ambiguous, fates(&outcome.ledger)), (1, [3, 0, 0, 1]));
    let result = Err(PostError::NoTimeLeft);
    bench.slack.next_outcome(PostOutcome { result, requests: 1, ambiguous: 1 });
    let failed = bench.invoke(&errors(10, 3)).await;
    assert_eq!((failed.ledger.ambiguous, fates(&failed.ledger)), (1, [0, 0, 3, 0]));
}

#[tokio::test(start_paused = true)]
async fn good_ignored_and_unreadable_lines_are_never_duplicates() {
    let mut bench = Bench::with_burst(5);
    let mut unreadable = access_log(2, 1_605_676_800_000, 200);
    unreadable.message = "hello".to_owned();
    let lines = [access_log(1, 1_605_676_800_000, 200), unreadable];
    let event = events::awslogs(&events::data_message(LOG_GROUP, "stream", &lines));
    for _ in 0..2 {
        let ledger = bench.invoke(&event).await.ledger;
        assert_eq!((ledger.ok, ledger.unreadable, ledger.duplicate), (1, 1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn records_and_filters_share_one_memory() {
    let mut bench = Bench::with_burst(5);
    bench.invoke(&errors(0, 3)).await;
    let record = ("1".to_owned(), events::gzip(&errors_message(0, 3)));
    let again = bench.invoke(&events::kinesis(&[record])).await;
    assert_eq!((again.ledger.duplicate, bench.slack.bodies().len()), (3, 1));
}
