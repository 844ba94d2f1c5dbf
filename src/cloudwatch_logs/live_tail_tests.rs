//! Live Tail in virtual time: sessions as a test writes them, beside a log group that `FilterLogEvents` reads.

use serde_json::json;

use super::fake::{FakeLogs, Parts, Tailed, event, logs, refusal};
use super::frames::tests::encoded;
use super::tests::followed;
use super::*;
use crate::http::TransportFault;

const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/g";
const SECOND: Duration = Duration::from_secs(1);

fn query() -> Query {
    let now_ms = logs().now_ms();
    Query { log_group: ARN.to_owned(), from_ms: now_ms - 1_000, until_ms: now_ms }
}

fn started() -> Vec<u8> {
    [encoded("event", "initial-response", "{}"), encoded("event", "sessionStart", "{}")].concat()
}

/// An update on log events of these times and numbers, the same as the fake has for `FilterLogEvents`, but that other
/// characters are escaped.
fn update(events: &[(i64, i32)], is_sampled: bool) -> Vec<u8> {
    let results: Vec<String> = events
        .iter()
        .map(|(at_ms, number)| {
            let event = event(*at_ms, *number);
            let message = event["message"].to_string().replace('{', "\\u007b");
            format!(
                "{{\"logStreamName\":{},\"logGroupIdentifier\":\"123456789012:/aws/g\",\"message\":{message},\
                 \"timestamp\":{at_ms},\"ingestionTime\":{at_ms}}}",
                event["logStreamName"]
            )
        })
        .collect();
    let payload = format!(
        "{{\"sessionMetadata\":{{\"sampled\":{is_sampled}}},\"sessionResults\":[{}]}}",
        results.join(",")
    );
    encoded("event", "sessionUpdate", &payload)
}

/// A session that says something every second, for so many seconds, and at some seconds what stands there.
fn session(seconds: usize, messages: &[(usize, Vec<u8>)]) -> Tailed {
    let mut parts = vec![(Duration::ZERO, Ok(started()))];
    parts.extend((1..=seconds).map(|second| {
        let message = messages.iter().find(|(at, _)| *at == second);
        (SECOND, Ok(message.map_or_else(|| update(&[], false), |(_, message)| message.clone())))
    }));
    Tailed { parts, hangs: true }
}

/// The numbers of the log events, in the order in which they came.
fn numbers(pages: &[Page]) -> Vec<u32> {
    let text: String = pages.iter().map(Page::text).collect();
    text.lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!((&event["logGroupName"], &event["logStreamName"]), (&json!("/aws/g"), &json!("s\"1")));
            let message: serde_json::Value =
                serde_json::from_str(event["message"].as_str().unwrap()).unwrap();
            message["n"].as_str().unwrap().parse().unwrap()
        })
        .collect()
}

fn operations(fake: &FakeLogs) -> Vec<String> {
    fake.seen().into_iter().map(|seen| seen.operation).collect()
}

fn count(fake: &FakeLogs, operation: &str) -> usize {
    operations(fake).iter().filter(|seen| *seen == operation).count()
}

#[tokio::test(start_paused = true)]
async fn each_log_event_comes_once_whichever_way_brings_it() {
    let now_ms = logs().now_ms();
    let at = |second: i64| (Duration::from_secs(second.unsigned_abs()), now_ms + second * 1_000);
    let fake = FakeLogs::new(vec![now_ms - 500], 100)
        .arriving(&[at(10), at(20), at(21), at(70), at(150)])
        .tailing(vec![session(
            400,
            &[
                (11, update(&[(now_ms + 10_000, 1)], false)),
                // It leaves one of two out, and says so; of a third one it never says anything.
                (22, update(&[(now_ms + 21_000, 3)], true)),
                // Behind the time at which it was fetched.
                (190, update(&[(now_ms + 150_000, 5)], false)),
            ],
        )]);
    let (pages, ended) = followed(&fake, &[query()], true).await;
    assert_eq!(ended, None);
    assert_eq!(numbers(&pages), [0, 1, 3, 2, 4, 5]);
    assert_eq!(pages.iter().filter(|page| page.is_sampled).count(), 1);
    // What was there comes first; the session is paid.
    let operations = operations(&fake);
    assert_eq!(operations[..3], ["FilterLogEvents", "StartLiveTail", "FilterLogEvents"]);
    assert_eq!(fake.seen()[1].body, json!({ "logGroupIdentifiers": [ARN] }));
    assert_eq!(count(&fake, "StartLiveTail"), 1);
    let asked = count(&fake, "FilterLogEvents");
    assert!((9..14).contains(&asked), "twice a minute, and for what was left out: {asked}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_is_followed_by_another_and_the_gap_is_fetched() {
    let now_ms = logs().now_ms();
    let arrival = (Duration::from_secs(100), now_ms + 100_000);
    let mut garbled = update(&[], false);
    garbled[20] ^= 1;
    let endings: Vec<Parts> = vec![
        vec![(SECOND, Ok(encoded("exception", "SessionTimeoutException", "{\"message\":\"x\"}")))],
        vec![(SECOND, Ok(encoded("exception", "SessionStreamingException", "{}")))],
        vec![(SECOND, Ok(encoded("error", "InternalError", "")))],
        vec![(SECOND, Ok(garbled))],
        vec![(SECOND, Err(TransportFault::BodyBroken))],
        vec![(SECOND, Ok(update(&[], false)[..40].to_vec()))],
        vec![],
        // Nothing for so long that it is dead.
        vec![(Duration::from_secs(50), Ok(update(&[], false)))],
    ];
    for ending in endings {
        let mut first = session(98, &[]);
        first.parts.extend(ending);
        first.hangs = false;
        let fake =
            FakeLogs::new(Vec::new(), 100).arriving(&[arrival]).tailing(vec![first, session(400, &[])]);
        let (pages, ended) = followed(&fake, &[query()], true).await;
        assert_eq!((numbers(&pages), ended, count(&fake, "StartLiveTail")), (vec![0], None, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_that_end_at_once_are_given_up_and_not_all_at_one_time() {
    for sessions in [Vec::new(), (0..50).map(|_| Tailed { hangs: false, ..session(3, &[]) }).collect()] {
        let fake = FakeLogs::new(Vec::new(), 100).tailing(sessions);
        let (_, ended) = followed(&fake, &[query()], true).await;
        assert_eq!((ended, count(&fake, "StartLiveTail")), (Some(LogsError::BrokenOff), 6));
    }
    // One that held for a minute counts as well.
    let good = (0..4).map(|_| Tailed { hangs: false, ..session(61, &[]) }).collect();
    let fake = FakeLogs::new(Vec::new(), 100).tailing(good);
    assert_eq!(followed(&fake, &[query()], true).await.1, Some(LogsError::BrokenOff));
    assert_eq!(count(&fake, "StartLiveTail"), 9);
}

#[tokio::test(start_paused = true)]
async fn a_refused_session_is_tried_again_where_that_can_help_and_names_what_is_missing() {
    for (code, tries, expected) in [
        (
            "AccessDeniedException",
            1,
            "access denied: these credentials lack the permission logs:StartLiveTail",
        ),
        ("InvalidOperationException", 1, "Live Tail is for log groups of the Standard class only"),
        ("ResourceNotFoundException", 1, "the log group was deleted while it was read"),
        ("LimitExceededException", 5, "this account has as many Live Tail sessions as it may"),
        ("ThrottlingException", 12, "CloudWatch Logs refuses more requests (throttling)"),
        ("InvalidParameterException", 1, "CloudWatch Logs refused StartLiveTail (status 400)"),
    ] {
        let fake = FakeLogs::new(Vec::new(), 100)
            .answering(move |seen| (seen.operation == "StartLiveTail").then(|| refusal(code)));
        let (_, ended) = followed(&fake, &[query()], true).await;
        let error = ended.unwrap().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(count(&fake, "StartLiveTail"), tries, "{code}");
    }
    let now_ms = logs().now_ms();
    let mut refused = 0;
    let fake = FakeLogs::new(vec![now_ms - 500], 100)
        .answering(move |seen| {
            refused += u32::from(seen.operation == "StartLiveTail");
            (seen.operation == "StartLiveTail" && refused < 4).then(|| refusal("ThrottlingException"))
        })
        .tailing(vec![session(400, &[(1, update(&[(now_ms, 1)], false))])]);
    let (pages, ended) = followed(&fake, &[query()], true).await;
    assert_eq!((numbers(&pages), ended), (vec![0, 1], None));
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_and_an_update_that_cannot_be_read_is_an_error() {
    let fake = FakeLogs::new(Vec::new(), 100)
        .answering(|seen| {
            let group = |name: &str| json!({ "logGroupName": name, "arn": format!("{ARN}{}:*", &name[6..]) });
            (seen.operation == "DescribeLogGroups").then(|| {
                assert_eq!(seen.body, json!({ "limit": 50, "logGroupNamePrefix": "/aws/g" }));
                (200, json!({ "logGroups": [group("/aws/g"), group("/aws/g2")] }))
            })
        })
        .tailing(vec![session(2, &[(2, encoded("event", "sessionUpdate", "{\"sessionResults\":[{}]}"))])]);
    let query = Query { log_group: "/aws/g".to_owned(), ..query() };
    let (_, ended) = followed(&fake, std::slice::from_ref(&query), true).await;
    assert_eq!(ended, Some(LogsError::Unreadable));
    let asked = fake.seen().into_iter().find(|seen| seen.operation == "StartLiveTail").unwrap();
    assert_eq!(asked.body, json!({ "logGroupIdentifiers": [ARN] }));
    let none = FakeLogs::new(Vec::new(), 100).answering(|_| Some((200, json!({ "logGroups": [] }))));
    assert_eq!(followed(&none, &[query], true).await.1, Some(LogsError::NoGroup("eu-west-1".to_owned())));
}
