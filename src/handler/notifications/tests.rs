//! Notifications against a Slack that answers by a script, on a clock that stands unless somebody waits.

use std::collections::VecDeque;

use super::*;
use crate::alarm::fixture_tests::fixtures;
use crate::digest::{Digest, Fault, Group, Reader, Section};
use crate::handler::{Mode, Notify};
use crate::http::Budget;
use crate::notification::test_digests::group;
use crate::rate_limit::Bucket;
use crate::rules::Rules;
use crate::slack::post::{Accepted, Post, PostOutcome};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Answers in order, and then yes to everything.
#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Result<(), PostError>>,
    /// The heading of each post.
    posted: Vec<String>,
}

impl Notifier for Script {
    async fn post(&mut self, post: Post<'_>, _budget: Budget) -> PostOutcome {
        let body: serde_json::Value = serde_json::from_str(post.body).unwrap();
        self.posted.push(body["text"].as_str().unwrap().to_owned());
        let answer = self.answers.pop_front().unwrap_or(Ok(()));
        let result = answer.map(|()| Accepted::default());
        PostOutcome { result, requests: 1, ambiguous: 0 }
    }
}

const REFUSED: PostError = PostError::Rejected { status: 400, word: None };

fn rate_limited(seconds: u64) -> PostError {
    PostError::RateLimited { retry_after: Duration::from_secs(seconds) }
}

/// A handler with one token, to be had again after an hour.
fn handler(answers: impl IntoIterator<Item = Result<(), PostError>>) -> Handler<Script> {
    handler_with(Bucket::new(1, 3_600_000), answers)
}

fn handler_with(bucket: Bucket, answers: impl IntoIterator<Item = Result<(), PostError>>) -> Handler<Script> {
    let reader = Reader::new(Rules::built_in());
    let slack = Script { answers: answers.into_iter().collect(), posted: Vec::new() };
    Handler::new(reader, MessageStyle::default(), 1 << 20, Notify::every(bucket), slack)
}

/// 2020-11-18 05:30:20 UTC, with half a minute to go.
fn invocation() -> Invocation {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_605_677_420);
    Invocation::new(now, Instant::now() + Duration::from_secs(30))
}

fn fixture(name: &str) -> Vec<u8> {
    fixtures("").into_iter().find(|(found, _)| found == name).expect("a fixture").1
}

/// An SNS event of alarms with these names, each gone off.
fn sns(names: &[&str]) -> Vec<u8> {
    let record = |name: &&str| {
        let message = serde_json::json!({
            "AlarmName": name, "NewStateValue": "ALARM", "OldStateValue": "OK", "NewStateReason": "",
            "StateChangeTime": "2020-11-18T05:30:12.345+0000", "AWSAccountId": "111122223333",
        });
        serde_json::json!({"EventSource": "aws:sns", "Sns": {"Message": message.to_string()}})
    };
    let records: Vec<_> = names.iter().map(record).collect();
    serde_json::json!({ "Records": records }).to_string().into_bytes()
}

/// What old SNS messages lack is the ARN.
#[test]
fn alarms_of_one_name_in_two_accounts_are_told_apart_without_an_arn_too() {
    let [one, again, other] = ["111122223333", "111122223333", "444455556666"].map(|account| {
        let event = String::from_utf8(sns(&["a"])).unwrap().replace("111122223333", account);
        let read = read_notifications(event.as_bytes()).unwrap().remove(0).unwrap();
        let IncomingNotification::Change(change) = read else { panic!("a change of an alarm") };
        assert_eq!(change.arn, None);
        identity(&change)
    });
    assert_eq!(one, again);
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

async fn handle(handler: &mut Handler<Script>, event: &[u8]) -> (Result<(), String>, Ledger) {
    let outcome = handler.handle(event, invocation()).await;
    if let Ok(Answer::Ledger(answered)) = &outcome.answer {
        assert_eq!(*answered, outcome.ledger);
    }
    (outcome.answer.map(|_| ()).map_err(|error| format!("{}: {error}", error.kind())), outcome.ledger)
}

fn ledger(alarms: u64, posted: u64, silent: u64) -> Ledger {
    Ledger { posted, alarms, silent, ..Ledger::default() }
}

#[tokio::test(start_paused = true)]
async fn one_change_by_three_ways_is_told_once() {
    let mut handler = handler([]);
    assert_eq!(handle(&mut handler, &fixture("sns-metric-alarm")).await, (Ok(()), ledger(1, 1, 0)));
    for other in ["eventbridge-metric-alarm", "action-metric-alarm", "sns-metric-alarm"] {
        assert_eq!(handle(&mut handler, &fixture(other)).await, (Ok(()), ledger(0, 0, 1)), "{other}");
    }
    assert_eq!(handler.destinations.default.notifier.posted.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_an_alarm_is_not_posted_and_the_alarm_is_the_same_to_us() {
    let event = String::from_utf8(fixture("eventbridge-contributor-alarm")).unwrap();
    let event = event.replace("\"/v1/orders\"", "\"/v1/orders?token=QxZq\"");
    let mut handler = handler([]);
    assert_eq!(handle(&mut handler, event.as_bytes()).await, (Ok(()), ledger(1, 1, 0)));
    assert!(
        handler.destinations.default.notifier.posted[0]
            .replace('\u{200b}', "")
            .contains("/v1/orders?token=***"),
        "{:?}",
        handler.destinations.default.notifier.posted
    );
    assert_eq!(handle(&mut handler, event.as_bytes()).await, (Ok(()), ledger(0, 0, 1)));

    handler = self::handler([]);
    handler.reader.redact = "none".parse().unwrap();
    assert_eq!(handle(&mut handler, event.as_bytes()).await, (Ok(()), ledger(1, 1, 0)));
    assert!(
        handler.destinations.default.notifier.posted[0].contains("QxZq"),
        "{:?}",
        handler.destinations.default.notifier.posted
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_needs_to_hear_is_a_success_and_counted() {
    for fixture_name in [
        "sns-insufficient-data",
        "sns-ok-after-insufficient-data",
        "eventbridge-composite-suppressed",
        "eventbridge-configuration-change",
    ] {
        let mut handler = handler([]);
        let counted = handle(&mut handler, &fixture(fixture_name)).await;
        assert_eq!(counted, (Ok(()), ledger(0, 0, 1)), "{fixture_name}");
        assert!(handler.destinations.default.notifier.posted.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_record_does_not_hide_the_others_and_only_it_is_told_on_the_retry() {
    let mut handler = handler([Ok(()), Err(REFUSED)]);
    let event = sns(&["a", "b", "c"]);
    let error = "Statuswatch.Slack: 1 of 3 notifications not posted, first: record 1: Slack rejected the message: \
                 it answered 400";
    assert_eq!(
        handle(&mut handler, &event).await,
        (Err(error.to_owned()), Ledger { refused: 1, ..ledger(2, 2, 0) })
    );
    assert_eq!(handle(&mut handler, &event).await, (Ok(()), ledger(1, 1, 2)));
    assert_eq!(
        handler.destinations.default.notifier.posted,
        ["ALARM · a", "ALARM · b", "ALARM · c", "ALARM · b"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_record_is_named_and_does_not_hide_the_others() {
    let mut handler = handler_with(Bucket::new(2, 3_600_000), []);
    let event = fixture("sns-several-records-one-unreadable");
    let error = "Statuswatch.Event: 1 of 4 notifications not posted, first: record 1 is not an SNS record with a `Message`";
    let undecodable = |ledger| Ledger { undecodable: 1, ..ledger };
    assert_eq!(handle(&mut handler, &event).await, (Err(error.to_owned()), undecodable(ledger(2, 3, 0))));
    assert_eq!(handle(&mut handler, &event).await, (Err(error.to_owned()), undecodable(ledger(0, 0, 3))));
    assert_eq!(handler.destinations.default.notifier.posted.len(), 3, "alarm, text and recovery, each once");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_holds_no_notification_at_all_is_an_error_of_the_event() {
    for (name, event) in fixtures("broken") {
        let mut handler = handler([]);
        let (answer, counted) = handle(&mut handler, &event).await;
        assert!(answer.unwrap_err().starts_with("Statuswatch.Event: "), "{name}");
        assert_eq!(counted.posted + counted.alarms + counted.silent, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_does_not_hold_an_alarm_back() {
    let mut handler = handler([]);
    let now_ms = invocation().now_ms();
    assert!(handler.destinations.default.rate_limit.takes(now_ms));
    let Mode::Every(pace) = &mut handler.mode else { panic!("every delivery is notified") };
    pace.fold(a_digest(), now_ms);
    let counted = handle(&mut handler, &sns(&["a", "b"])).await;
    assert_eq!(
        counted,
        (Ok(()), Ledger { pending: 3, ..ledger(2, 2, 0) }),
        "and what is deferred stays deferred"
    );
}

#[tokio::test(start_paused = true)]
async fn an_alarm_takes_a_token_where_there_is_one() {
    let mut handler = handler([]);
    handle(&mut handler, &sns(&["a"])).await.0.unwrap();
    assert!(!handler.destinations.default.rate_limit.takes(invocation().now_ms()));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_slack_asks_for_is_waited_for_as_long_as_the_time_allows() {
    let mut handler = handler([Err(rate_limited(7)), Err(rate_limited(1))]);
    let began = Instant::now();
    let outcome = handler.handle(&sns(&["a"]), invocation()).await;
    assert_eq!(began.elapsed(), Duration::from_secs(8));
    assert_eq!(outcome.ledger, ledger(1, 1, 0));
    assert_eq!(outcome.measures.rate_limited, 2);
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_deadline_is_an_error_at_once_and_empties_the_bucket() {
    let mut handler = handler([Err(rate_limited(60))]);
    let began = Instant::now();
    let (answer, counted) = handle(&mut handler, &sns(&["a"])).await;
    assert_eq!(
        answer.unwrap_err(),
        "Statuswatch.Slack: 1 of 1 notifications not posted, first: record 0: Slack asks to wait 60 s (Retry-After)"
    );
    assert_eq!((began.elapsed(), counted), (Duration::ZERO, ledger(0, 0, 0)));
    assert!(
        !handler.destinations.default.rate_limit.takes(invocation().now_ms() + 59_999),
        "paused for everyone"
    );
    // Lambda tries again a minute later.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_605_677_480);
    let again = Invocation::new(now, Instant::now() + Duration::from_secs(30));
    assert_eq!(handler.handle(&sns(&["a"]), again).await.ledger, ledger(1, 1, 0), "told on the retry");
}

/// An SNS event of one message that is no alarm.
fn free_text(id: usize) -> Vec<u8> {
    serde_json::json!({"Records": [{"EventSource": "aws:sns", "Sns": {
        "MessageId": id.to_string(), "TopicArn": "arn:aws:sns:eu-west-1:111122223333:ops", "Message": "hello"}}]})
    .to_string()
    .into_bytes()
}

#[tokio::test(start_paused = true)]
async fn free_text_keeps_to_the_rate_limit_is_given_back_at_once_and_leaves_alarms_their_way() {
    let mut handler = handler_with(Bucket::new(5, 5_000), []);
    let began = Instant::now();
    let mut given_back = Vec::new();
    for id in 0..100 {
        let (answer, counted) = handle(&mut handler, &free_text(id)).await;
        assert_eq!(
            counted,
            ledger(0, u64::from(answer.is_ok()), 0),
            "what is given back is not called silent"
        );
        given_back.extend(answer.err());
    }
    assert_eq!((handler.destinations.default.notifier.posted.len(), given_back.len()), (5, 95));
    assert_eq!(
        given_back[0],
        "Statuswatch.RateLimit: 1 of 1 notifications not posted, first: record 0: the rate limit takes no topic's \
         message for another 5 s"
    );
    assert_eq!(handle(&mut handler, &sns(&["a"])).await, (Ok(()), ledger(1, 1, 0)), "an alarm goes before");
    assert_eq!(began.elapsed(), Duration::ZERO, "nothing waits: an alarm might wait behind it");
    let later = Invocation::new(invocation().now + Duration::from_mins(1), invocation().deadline);
    let again = handler.handle(&free_text(99), later).await;
    assert_eq!((again.ledger.posted, again.answer.is_ok()), (1, true), "posted on the retry");
    let again = handler.handle(&free_text(99), later).await;
    assert_eq!((again.ledger.posted, again.ledger.silent), (0, 1), "and not twice");
}

#[tokio::test(start_paused = true)]
async fn free_text_waits_for_no_pause_of_slacks_and_closes_the_bucket() {
    let mut handler = handler_with(Bucket::new(5, 5_000), [Err(rate_limited(2))]);
    let began = Instant::now();
    let (answer, _) = handle(&mut handler, &free_text(1)).await;
    assert!(answer.unwrap_err().starts_with("Statuswatch.Slack: 1 of 1 notifications not posted"));
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(handler.destinations.default.rate_limit.wait_ms(invocation().now_ms()) >= 2_000);
}

/// Three lines of a group.
fn a_digest() -> Digest {
    let group = Group { count: 3, first_ms: 1, last_ms: 2, ..group(502, "GET /", Fault::Unknown, &[]) };
    let section = Section { groups: vec![group], server_errors: 3, ..Section::default() };
    Digest { sections: vec![section], id: 1, ..Digest::default() }
}
