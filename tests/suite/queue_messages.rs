//! Messages of the failure queue, when the function itself takes them up again: what Slack accepted is acknowledged, what
//! it did not comes again, and nothing bad holds up the rest.

use std::time::Duration;

use serde_json::json;
use statuswatch::slack::post::Accepted;
use tokio::time::Instant;

use crate::fake_lambda::container::{Answer, Setup, Start};
use crate::fake_lambda::events::{awslogs, failure_record, queue, tick};
use crate::fake_slack::FakeSlack;
use crate::fixtures::bytes;
use crate::scripted_webhook::{Bench, errors, errors_message, fates, named, unavailable};

/// No base64 of gzip.
fn poison() -> Vec<u8> {
    br#"{"awslogs":{"data":"H4sIAAAA"}}"#.to_vec()
}

#[tokio::test(start_paused = true)]
async fn each_message_is_handled_as_the_event_that_it_carries() {
    let mut bench = Bench::with_burst(5);
    let alarm = bytes("fixtures/alarms/action-metric-alarm.json");
    let outcome = bench
        .invoke(&queue(&[
            ("a", failure_record(&errors(0, 2))),
            // As a dead-letter queue holds it.
            ("b", errors(10, 1)),
            ("c", failure_record(&alarm)),
            ("d", failure_record(&tick())),
        ]))
        .await;
    assert_eq!((named(&outcome), fates(&outcome.ledger)), (vec![], [3, 0, 0, 3]));
    assert_eq!((outcome.ledger.alarms, outcome.measures.server_errors), (1, 3));
    assert_eq!(outcome.measures.rule_hits.iter().sum::<u64>(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_message_comes_again_alone_and_holds_up_no_other() {
    // Lambda's record of a stream names records and has none; a queue's own event is in no queue.
    let stream = br#"{"requestContext":{},"KinesisBatchInfo":{"shardId":"shardId-000000000000"}}"#.to_vec();
    let nested = queue(&[("inner", errors(0, 1))]);
    for poison in [poison(), stream, nested, b"no JSON".to_vec(), Vec::new()] {
        for place in 0..3 {
            let mut bench = Bench::with_burst(5);
            let mut messages =
                vec![("a", failure_record(&errors(0, 2))), ("b", failure_record(&errors(10, 3)))];
            messages.insert(place, ("poison", poison.clone()));
            let outcome = bench.invoke(&queue(&messages)).await;
            assert_eq!((named(&outcome), outcome.ledger.undecodable), (vec!["poison".to_owned()], 1));
            assert_eq!(fates(&outcome.ledger), [5, 0, 0, 2]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_slack_does_not_accept_comes_again_and_nothing_is_posted_twice() {
    let mut bench = Bench::with_burst(5);
    let messages =
        [("a", failure_record(&errors(0, 2))), ("b", failure_record(&errors(10, 3))), ("c", errors(20, 1))];
    bench.slack.next(Ok(Accepted::default()));
    bench.slack.next(unavailable());
    let first = bench.invoke(&queue(&messages)).await;
    assert_eq!((named(&first), fates(&first.ledger)), (vec!["b".to_owned()], [3, 0, 3, 2]));
    // SQS may bring what was acknowledged, too.
    let second = bench.invoke(&queue(&messages)).await;
    assert_eq!((named(&second), fates(&second.ledger)), (vec![], [3, 0, 0, 1]));
    assert_eq!((second.ledger.duplicate, bench.slack.bodies().len()), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_acknowledged_that_this_container_alone_would_keep() {
    for bench in [Bench::with_burst(1), Bench::of_incidents(1)] {
        let mut bench = bench;
        // One token: a delivery that CloudWatch Logs pushes is deferred until there is another.
        let messages: Vec<(String, Vec<u8>)> =
            (0..4).map(|number| (format!("id-{number}"), failure_record(&errors(number * 10, 2)))).collect();
        let messages: Vec<(&str, Vec<u8>)> =
            messages.iter().map(|(id, body)| (id.as_str(), body.clone())).collect();
        let outcome = bench.invoke(&queue(&messages)).await;
        assert_eq!((named(&outcome), fates(&outcome.ledger)), (vec![], [8, 0, 0, 4]));
        assert_eq!(bench.shut_down().await.ledger.posted, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_invocation_is_shared_and_what_it_does_not_reach_comes_again() {
    let mut bench = Bench::with_burst(1);
    let ids: Vec<String> = (0..9).map(|number| format!("id-{number}")).collect();
    let messages: Vec<(&str, Vec<u8>)> =
        (0..).zip(&ids).map(|(number, id)| (id.as_str(), errors(number * 10, 1))).collect();
    let began = Instant::now();
    let limit = Duration::from_secs(12);
    let outcome = bench.invoke_within(&queue(&messages), limit).await;
    assert!(began.elapsed() < limit, "{:?}", began.elapsed());
    let failed = named(&outcome);
    assert_eq!(outcome.ledger.posted + failed.len() as u64, 9);
    assert_eq!((outcome.ledger.matched, outcome.ledger.failed), (9, failed.len() as u64));
    assert!(failed.len() < 9 && failed.len() > 3, "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_answers_which_messages_come_again() {
    let slack = FakeSlack::start().await;
    let webhook = slack.webhook("XXXXXXXX");
    let container = Setup::statuswatch().env("SLACK_WEBHOOK_URL", &webhook).start().await;
    assert_eq!(container.started().await, Start::Ready);
    let data = awslogs(&errors_message(0, 1));
    let answer = container.invoke(queue(&[("a", failure_record(&data)), ("b", poison())])).await;
    let expected = json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] }).to_string().into_bytes();
    assert_eq!((answer, slack.accepted().len()), (Answer::Response(expected), 1));
    container.kill().await;
    let log = String::from_utf8([container.stdout(), container.stderr()].concat()).unwrap();
    assert!(
        log.contains("a message of the queue comes again") && log.contains(r#""Undecodable":1"#),
        "{log}"
    );
}
