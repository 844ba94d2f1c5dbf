//! Records of a Kinesis stream: nothing is acknowledged before Slack accepted it, and nothing bad blocks the shard.

use std::time::Duration;

use statuswatch::slack::post::Accepted;
use tokio::time::Instant;

use crate::{
    fake_lambda::{
        container::{Answer, Setup, Start},
        events::{self, access_log},
    },
    fake_slack::FakeSlack,
    scripted_webhook::{Bench, errors, errors_message, fates, named, rate_limited, unavailable},
};

/// What a record holds.
#[derive(Clone, Copy)]
enum Record {
    /// So many errors.
    Errors(u64),
    /// A good line.
    Good,
    /// A control message.
    Control,
    /// No gzip.
    Poison,
    /// A gzip member that is cut.
    Cut,
}

/// An event of these records; the sequence number of the n-th is 49,000 and n.
fn event(records: &[Record]) -> Vec<u8> {
    let record = |(n, record): (u64, &Record)| {
        let data = match record {
            Record::Errors(count) => events::gzip(&errors_message(n * 1_000, *count)),
            Record::Good => {
                let line = [access_log(n, 1_605_676_800_000, 200)];
                events::gzip(&events::data_message("g", "s", &line))
            }
            Record::Control => events::gzip(&events::control_message()),
            Record::Poison => b"no gzip at all".to_vec(),
            Record::Cut => {
                let whole = events::gzip(&errors_message(n * 1_000, 2));
                whole[..whole.len() - 9].to_vec()
            }
        };
        ((49_000 + n).to_string(), data)
    };
    events::kinesis(&(0..).zip(records).map(record).collect::<Vec<_>>())
}

#[tokio::test(start_paused = true)]
async fn all_records_are_one_post_and_are_acknowledged() {
    let mut bench = Bench::with_burst(5);
    let outcome = bench.invoke(&event(&[Record::Errors(2), Record::Good, Record::Errors(3)])).await;
    assert_eq!((named(&outcome), fates(&outcome.ledger)), (vec![], [5, 0, 0, 1]));
    assert_eq!(outcome.ledger.received, 6);
    assert!(bench.slack.headings()[0].starts_with("5 errors"), "{:?}", bench.slack.headings());
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_is_named_in_a_message_of_its_own_wherever_it_stands() {
    use Record::{Cut, Errors, Poison};
    for poison in [Poison, Cut] {
        let orders =
            [[poison, Errors(2), Errors(3)], [Errors(2), poison, Errors(3)], [Errors(2), Errors(3), poison]];
        for records in orders {
            let mut bench = Bench::with_burst(5);
            let outcome = bench.invoke(&event(&records)).await;
            assert_eq!((named(&outcome), outcome.ledger.undecodable), (vec![], 1));
            assert_eq!((outcome.ledger.received, fates(&outcome.ledger)), (5, [5, 0, 0, 2]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_but_poison_is_named_and_then_acknowledged() {
    let mut bench = Bench::with_burst(5);
    let records = event(&[Record::Poison, Record::Cut]);
    let first = bench.invoke(&records).await;
    assert_eq!((named(&first), first.ledger.undecodable, first.ledger.posted), (vec![], 2, 1));
    assert_eq!(first.ledger.silent, 0);
    let body = bench.slack.bodies()[0].to_string();
    assert!(body.contains("2 Kinesis records cannot be decoded"), "{body}");
    for place in ["shardId-000000000000 49000", "shardId-000000000000 49001"] {
        assert!(body.contains(place), "{body}");
    }
    let again = bench.invoke(&records).await;
    assert_eq!((named(&again), again.ledger.undecodable, again.ledger.posted), (vec![], 2, 0));
    assert_eq!(again.ledger.silent, 1);
}

#[tokio::test(start_paused = true)]
async fn a_poison_record_that_slack_was_not_told_of_comes_again_and_nothing_is_posted_twice() {
    use Record::{Errors, Poison};
    let mut bench = Bench::with_burst(5);
    let records = event(&[Errors(2), Poison, Errors(3)]);
    bench.slack.next(Ok(Accepted::default()));
    bench.slack.next(unavailable());
    let failed = bench.invoke(&records).await;
    assert_eq!((named(&failed), fates(&failed.ledger)), (vec!["49001".to_owned()], [5, 0, 0, 1]));
    let rest = event(&[Errors(2), Poison, Errors(3)]);
    let retried = bench.invoke(&rest).await;
    assert_eq!((named(&retried), retried.ledger.duplicate, retried.ledger.posted), (vec![], 5, 1));
    assert!(bench.slack.bodies().last().unwrap().to_string().contains("1 Kinesis record cannot be decoded"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_post_also_brings_back_the_poison_before_it() {
    use Record::{Errors, Poison};
    let mut bench = Bench::with_burst(5);
    let records = event(&[Poison, Errors(2)]);
    bench.slack.next(unavailable());
    let failed = bench.invoke(&records).await;
    assert_eq!((named(&failed), fates(&failed.ledger)), (vec!["49000".to_owned()], [0, 0, 2, 0]));
    let retried = bench.invoke(&records).await;
    assert_eq!((named(&retried), fates(&retried.ledger)), (vec![], [2, 0, 0, 2]));
}

#[tokio::test(start_paused = true)]
async fn poison_in_every_batch_is_rate_limited_and_never_blocks_the_shard() {
    let mut bench = Bench::with_burst(1);
    let began = Instant::now();
    for n in 0..10 {
        let record = (format!("{n}"), b"no gzip at all".to_vec());
        assert_eq!(named(&bench.invoke(&events::kinesis(&[record])).await), [""; 0]);
    }
    assert_eq!((bench.slack.bodies().len(), began.elapsed().as_secs()), (10, 45), "one in 5 s");
}

#[tokio::test(start_paused = true)]
async fn control_records_and_good_lines_post_nothing_and_are_acknowledged() {
    let mut bench = Bench::with_burst(5);
    let outcome = bench.invoke(&event(&[Record::Control, Record::Good])).await;
    assert_eq!((named(&outcome), outcome.ledger.received, outcome.ledger.ok), (vec![], 1, 1));
    assert_eq!((outcome.ledger.silent, bench.slack.bodies().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failed_post_names_the_first_record_of_which_slack_does_not_know() {
    use Record::{Control, Errors, Good, Poison};
    let mut bench = Bench::with_burst(5);
    let records = event(&[Good, Control, Poison, Errors(2), Errors(3)]);
    bench.slack.next(unavailable());
    let failed = bench.invoke(&records).await;
    assert_eq!((named(&failed), fates(&failed.ledger)), (vec!["49002".to_owned()], [0, 0, 5, 0]));
    let retried = bench.invoke(&records).await;
    assert_eq!((named(&retried), fates(&retried.ledger)), (vec![], [5, 0, 0, 2]));
}

#[tokio::test(start_paused = true)]
async fn a_429_is_waited_for_within_the_deadline() {
    let mut bench = Bench::with_burst(5);
    bench.slack.next(rate_limited(20));
    let began = Instant::now();
    let outcome = bench.invoke(&event(&[Record::Errors(2)])).await;
    assert_eq!((named(&outcome), fates(&outcome.ledger)), (vec![], [2, 0, 0, 1]));
    assert_eq!(began.elapsed().as_secs(), 20);
    assert_eq!(outcome.measures.rate_limited, 1);
}

#[tokio::test(start_paused = true)]
async fn a_429_beyond_the_deadline_names_the_record_at_once_and_folds_nothing() {
    let mut bench = Bench::with_burst(5);
    bench.slack.next(rate_limited(60));
    let began = Instant::now();
    let failed = bench.invoke(&event(&[Record::Errors(2)])).await;
    assert_eq!((named(&failed), fates(&failed.ledger)), (vec!["49000".to_owned()], [0, 0, 2, 0]));
    assert!(began.elapsed() < Duration::from_secs(1));
    let inside = bench.invoke(&event(&[Record::Errors(2)])).await;
    assert_eq!((named(&inside).len(), bench.slack.bodies().len()), (1, 1), "no post inside Retry-After");
}

#[tokio::test(start_paused = true)]
async fn without_a_token_it_waits_and_does_not_fold() {
    let mut bench = Bench::with_burst(1);
    bench.invoke(&errors(900_000, 1)).await;
    let began = Instant::now();
    let outcome = bench.invoke(&event(&[Record::Errors(2)])).await;
    assert_eq!((named(&outcome), fates(&outcome.ledger)), (vec![], [2, 0, 0, 1]));
    assert_eq!(began.elapsed().as_secs(), 5);
    assert!(bench.slack.headings()[1].starts_with("2 errors"), "no storm: {:?}", bench.slack.headings());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_near_names_the_record_without_a_post() {
    let mut bench = Bench::with_burst(1);
    let failed =
        bench.invoke_within(&event(&[Record::Good, Record::Errors(2)]), Duration::from_secs(1)).await;
    assert_eq!((named(&failed), bench.slack.bodies().len()), (vec!["49001".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn records_told_before_are_acknowledged_without_a_post() {
    let mut bench = Bench::with_burst(5);
    let records = event(&[Record::Errors(2), Record::Errors(3)]);
    bench.invoke(&records).await;
    let again = bench.invoke(&records).await;
    assert_eq!((named(&again), again.ledger.duplicate, bench.slack.bodies().len()), (vec![], 5, 1));
}

#[tokio::test(start_paused = true)]
async fn several_log_groups_are_one_post_with_a_section_each() {
    let mut bench = Bench::with_burst(5);
    let record = |n: u64, log_group: &str| {
        let line = [access_log(n, 1_605_676_800_000, 502)];
        (n.to_string(), events::gzip(&events::data_message(log_group, "s", &line)))
    };
    let outcome = bench.invoke(&events::kinesis(&[record(1, "/a"), record(2, "/b"), record(3, "/c")])).await;
    assert_eq!(fates(&outcome.ledger), [3, 0, 0, 1]);
    let bodies = bench.slack.bodies();
    assert_eq!((bodies.len(), bodies[0]["attachments"].as_array().unwrap().len()), (1, 3));
}

#[tokio::test]
async fn a_record_that_is_set_aside_is_in_the_log_by_its_sequence_number_and_not_by_its_content() {
    let slack = FakeSlack::start().await;
    let webhook = slack.webhook("secret");
    let container = Setup::statuswatch().env("SLACK_WEBHOOK_URL", &webhook).start().await;
    assert_eq!(container.started().await, Start::Ready);
    let answer = container.invoke(event(&[Record::Errors(1), Record::Poison])).await;
    assert_eq!(answer, Answer::Response(br#"{"batchItemFailures":[]}"#.to_vec()));
    container.kill().await;
    let log = String::from_utf8([container.stdout(), container.stderr()].concat()).unwrap();
    assert!(log.contains(r#""sequence_number":"49001""#), "{log}");
    assert!(log.contains(r#""Undecodable":1"#), "{log}");
    assert!(!log.contains("no gzip at all"), "{log}");
}
