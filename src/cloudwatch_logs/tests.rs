use std::sync::atomic::{AtomicU32, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use serde_json::{Value, json};

use super::fake::{FakeLogs, event, logs, logs_of, refusal};
use super::*;
use crate::aws::{CallError, SessionError};

const HOUR_MS: i64 = 3_600_000;
const BEGIN_MS: i64 = 1_700_000_000_000;

fn hours(hours: i64) -> Query {
    Query { log_group: "g".to_owned(), from_ms: BEGIN_MS, until_ms: BEGIN_MS + hours * HOUR_MS }
}

/// What is fetched until its end or an error.
async fn fetched(
    logs: &CloudWatchLogs,
    fake: &FakeLogs,
    query: &Query,
) -> (Vec<Page>, Result<(), LogsError>) {
    let (sender, mut receiver) = mpsc::channel::<Result<Page, LogsError>>(1);
    let client = logs.client(fake.clone(), 1);
    let mut pages = Vec::new();
    let taking = async {
        while let Some(page) = receiver.recv().await {
            pages.push(page.unwrap());
        }
    };
    let fetching = async {
        let result =
            fetch::fetch(client, query, Bounds { pages: 60, empty_pages: 30, ..Bounds::new(4, 8) }, &sender)
                .await;
        drop(sender);
        result
    };
    let (result, ()) = tokio::join!(fetching, taking);
    (pages, result)
}

fn events(pages: &[Page]) -> Vec<Value> {
    let text: String = pages.iter().map(Page::text).collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(pages: &[Page]) -> Vec<String> {
    events(pages).iter().map(|event| event["eventId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_event_comes_once_in_order_of_time_also_at_the_edges_of_slices() {
    // Four seconds apart, so that some stand exactly where a slice ends.
    let times: Vec<i64> = (0..5_400).map(|number| BEGIN_MS + number * 4_000).collect();
    let fake = FakeLogs::new(times.clone(), 100);
    let (pages, result) = fetched(&logs(), &fake, &hours(6)).await;
    assert_eq!(result, Ok(()));
    let found = events(&pages);
    assert_eq!(found.iter().map(|event| event["timestamp"].as_i64().unwrap()).collect::<Vec<_>>(), times);
    assert_eq!(pages.iter().map(|page| page.events).sum::<u64>(), 5_400);
    assert_eq!(pages.last().unwrap().until_ms, BEGIN_MS + 6 * HOUR_MS);
    assert!(pages.is_sorted_by_key(|page| page.until_ms));
    let expected = json!({ "timestamp": BEGIN_MS, "message": "{\"n\":\"0\"}\n", "logGroupName": "g", "logStreamName": "s\"1", "eventId": "id0" });
    assert_eq!(found[0], expected);
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_belong_to_what_is_asked_for_and_the_beginning_does() {
    let times = vec![BEGIN_MS - 1, BEGIN_MS, BEGIN_MS + HOUR_MS - 1, BEGIN_MS + HOUR_MS];
    let (pages, _) = fetched(&logs(), &FakeLogs::new(times, 100), &hours(1)).await;
    assert_eq!(numbers(&pages), ["id1", "id2"]);
}

#[tokio::test(start_paused = true)]
async fn requests_keep_to_the_quota_and_a_week_of_nothing_takes_few() {
    let fake = FakeLogs::new(Vec::new(), 100);
    let (pages, result) = fetched(&logs(), &fake, &hours(7 * 24)).await;
    assert_eq!((result, pages.iter().map(|page| page.events).sum::<u64>()), (Ok(()), 0));
    let seen = fake.seen();
    assert!(seen.len() < 30, "{} requests", seen.len());
    for five in seen.windows(6) {
        assert!(five[5].at - five[0].at >= Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn slices_are_fetched_at_once_and_memory_is_bounded_where_nobody_reads() {
    let times: Vec<i64> = (0..20_000).map(|number| BEGIN_MS + number * 180).collect();
    let fake = FakeLogs::new(times, 10);
    let (sender, mut receiver) = mpsc::channel(1);
    let client = logs().client(fake.clone(), 1);
    let query = hours(1);
    let fetching = fetch::fetch(client, &query, Bounds::new(4, 2), &sender);
    let stalled = tokio::time::timeout(Duration::from_mins(10), fetching).await;
    assert!(stalled.is_err());
    // Of each slice two pages wait and one is at hand; of the first, one more is handed over and one in hand.
    assert_eq!(fake.seen().len(), 4 * 3 + 2);
    let starts: std::collections::BTreeSet<i64> =
        fake.seen().iter().map(|seen| seen.body["startTime"].as_i64().unwrap()).collect();
    assert_eq!(starts.len(), 4);
    assert!(receiver.try_recv().is_ok());
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_and_loses_nothing() {
    let times: Vec<i64> = (0..600).map(|number| BEGIN_MS + number * 6_000).collect();
    let mut asked = 0;
    let fake = FakeLogs::new(times, 50).answering(move |_| {
        asked += 1;
        (asked % 3 == 0).then(|| refusal("ThrottlingException"))
    });
    let (pages, result) = fetched(&logs(), &fake, &hours(1)).await;
    assert_eq!(result, Ok(()));
    assert_eq!(numbers(&pages), (0..600).map(|number| format!("id{number}")).collect::<Vec<_>>());
    let always = FakeLogs::new(Vec::new(), 1).answering(|_| Some(refusal("ThrottlingException")));
    assert_eq!(fetched(&logs(), &always, &hours(1)).await.1, Err(LogsError::Throttled));
    let seen = always.seen();
    let took = seen.last().unwrap().at - seen[0].at;
    assert!(took > Duration::from_secs(20) && seen.len() < 60, "{took:?} {}", seen.len());
}

#[tokio::test(start_paused = true)]
async fn refusals_say_what_is_missing_and_nothing_of_what_aws_said() {
    for (code, expected) in [
        (
            "AccessDeniedException",
            "access denied: these credentials lack the permission logs:FilterLogEvents",
        ),
        ("ResourceNotFoundException", "there is no such log group in eu-west-1"),
        (
            "com.amazon.coral.service#UnrecognizedClientException",
            "AWS does not accept these credentials: look at the profile, and at this machine's clock",
        ),
        (
            "ExpiredTokenException",
            "the AWS credentials have expired: sign in again (`aws sso login`) or renew them",
        ),
        ("InvalidParameterException", "CloudWatch Logs refused FilterLogEvents (status 400)"),
    ] {
        let fake = FakeLogs::new(Vec::new(), 1).answering(move |_| Some(refusal(code)));
        let (pages, result) = fetched(&logs(), &fake, &hours(1)).await;
        assert_eq!((pages.len(), result.unwrap_err().to_string().as_str()), (0, expected));
    }
    let failing = FakeLogs::new(Vec::new(), 1).answering(|_| Some((503, json!("x"))));
    assert_eq!(
        fetched(&logs(), &failing, &hours(1)).await.1,
        Err(LogsError::Call(CallError::Failed { service: "CloudWatch Logs", status: 503 }))
    );
    let garbled = FakeLogs::new(Vec::new(), 1).answering(|_| Some((200, json!("x"))));
    assert_eq!(fetched(&logs(), &garbled, &hours(1)).await.1, Err(LogsError::Unreadable));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_deleted_midway_leaves_what_was_there_before() {
    let times: Vec<i64> = (0..3_600).map(|number| BEGIN_MS + number * 1_000).collect();
    let mut asked = 0;
    let fake = FakeLogs::new(times, 20).answering(move |_| {
        asked += 1;
        (asked > 10).then(|| refusal("ResourceNotFoundException"))
    });
    let (pages, result) = fetched(&logs(), &fake, &hours(1)).await;
    assert_eq!(result, Err(LogsError::Deleted));
    let found = numbers(&pages);
    assert!(!found.is_empty());
    assert_eq!(found, (0..found.len()).map(|number| format!("id{number}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn pages_that_never_end_are_given_up() {
    for (tokens, expected) in
        [(1, LogsError::Circle), (3, LogsError::Circle), (u32::MAX, LogsError::EmptyPages)]
    {
        let mut asked = 0;
        let fake = FakeLogs::new(Vec::new(), 1).answering(move |_| {
            asked += 1;
            Some((200, json!({ "events": [], "nextToken": format!("t{}", asked % tokens) })))
        });
        let query = Query { until_ms: BEGIN_MS + 60_000, ..hours(1) };
        assert_eq!(fetched(&logs(), &fake, &query).await.1, Err(expected));
    }
    let mut asked = 0;
    let full = FakeLogs::new(Vec::new(), 1).answering(move |_| {
        asked += 1;
        Some((200, json!({ "events": [event(BEGIN_MS, 0)], "nextToken": format!("t{asked}") })))
    });
    let query = Query { until_ms: BEGIN_MS + 60_000, ..hours(1) };
    assert_eq!(fetched(&logs(), &full, &query).await.1, Err(LogsError::TooManyPages));
}

/// Gives credentials that hold for an hour, and counts how often it is asked.
#[derive(Debug)]
struct Renewing(Arc<AtomicU32>);

impl ProvideCredentials for Renewing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        let expiry = SystemTime::UNIX_EPOCH + Duration::from_hours(500_001 + u64::from(asked));
        future::ProvideCredentials::ready(Ok(Credentials::new("AKID", "secret", None, Some(expiry), "test")))
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_are_asked_for_again_before_they_run_out_and_when_aws_says_that_they_have() {
    let count = Arc::new(AtomicU32::new(0));
    let logs = logs_of(SharedCredentialsProvider::new(Renewing(Arc::clone(&count))));
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    for (seconds, asked) in [(0, 1), (3_000, 1), (3_550, 2), (3_600, 2)] {
        logs.session.access(now + Duration::from_secs(seconds)).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), asked, "{seconds}");
    }
    let mut asked = 0;
    let fake = FakeLogs::new(vec![BEGIN_MS], 1).answering(move |_| {
        asked += 1;
        (asked == 1).then(|| refusal("ExpiredTokenException"))
    });
    let (pages, result) = fetched(&logs, &fake, &Query { until_ms: BEGIN_MS + 1, ..hours(1) }).await;
    assert_eq!((result, numbers(&pages)), (Ok(()), vec!["id0".to_owned()]));
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn names_with_a_star_are_looked_up_page_by_page_and_others_are_not() {
    let fake = FakeLogs::new(Vec::new(), 1).answering(|seen| {
        assert_eq!(
            (seen.operation.as_str(), &seen.body["logGroupNamePrefix"]),
            ("DescribeLogGroups", &json!("/api/"))
        );
        let group = |name: &str| json!({ "logGroupName": name });
        Some((
            200,
            if seen.body["nextToken"].is_null() {
                json!({ "logGroups": [group("/api/b-log"), group("/api/c")], "nextToken": "2" })
            } else {
                json!({ "logGroups": [group("/api/a-log")] })
            },
        ))
    });
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let found = logs().groups(fake.clone(), &names(&["x", "/api/*-log", "/api/a-log"])).await;
    assert_eq!(found, Ok(names(&["x", "/api/a-log", "/api/b-log"])));
    assert_eq!(fake.seen().len(), 2);
    let none = logs().groups(fake.clone(), &names(&["/api/*-nothing"])).await.unwrap_err();
    assert_eq!(none.to_string(), "no log group in eu-west-1 is named /api/*-nothing");
    let denied = FakeLogs::new(Vec::new(), 1).answering(|_| Some(refusal("AccessDeniedException")));
    let denied = logs().groups(denied, &names(&["*"])).await;
    assert_eq!(denied, Err(LogsError::Call(CallError::Denied("logs:DescribeLogGroups"))));
}

#[test]
fn it_ends_early_when_it_is_told_to_stop() {
    let fake = FakeLogs::new(Vec::new(), 1)
        .answering(|_| Some((200, json!({ "events": [event(BEGIN_MS, 0)], "nextToken": "t" }))));
    let stop = Arc::new(AtomicBool::new(true));
    let mut pages = logs().fetch(fake, hours(1), 1, stop);
    assert_eq!(pages.next().map(|page| page.map(|page| page.text())), Some(Err(LogsError::Stopped)));
    assert!(pages.next().is_none());
}

#[test]
fn a_session_says_why_it_cannot_be() {
    let provider = || SharedCredentialsProvider::new(Credentials::new("AKID", "secret", None, None, "test"));
    let session =
        |region, endpoint| Session::new(provider(), crate::aws::Service::Logs, region, endpoint).map(|_| ());
    assert_eq!(session("eu-west-1", Some("http://localhost:4566")), Ok(()));
    assert_eq!(session("eu/west", None), Err(SessionError::Region("eu/west".to_owned())));
    for endpoint in ["localhost:4566", "ftp://localhost", "", "http://"] {
        assert_eq!(session("eu-west-1", Some(endpoint)), Err(SessionError::Endpoint), "{endpoint}");
    }
}

/// What is followed for five minutes.
pub(super) async fn followed(
    fake: &FakeLogs,
    queries: &[Query],
    live_tail: bool,
) -> (Vec<Page>, Option<LogsError>) {
    let (sender, mut receiver) = mpsc::channel(1);
    let logs = logs();
    let following = follow::follow(&logs, fake, queries, live_tail, &sender);
    let mut pages = Vec::new();
    let taking = async {
        while let Some(page) = receiver.recv().await {
            pages.push(page.unwrap());
        }
    };
    let ended = tokio::select! {
        ended = following => Some(ended.unwrap_err()),
        () = taking => None,
        () = sleep(Duration::from_mins(5)) => None,
    };
    (pages, ended)
}

#[tokio::test(start_paused = true)]
async fn what_arrives_is_handed_over_once_also_late_or_from_the_future() {
    let now_ms = logs().now_ms();
    let past: Vec<i64> = (0..360).map(|number| now_ms - 3_600_000 + number * 10_000).collect();
    let arrivals = [
        (Duration::from_secs(10), now_ms + 9_000),
        // Late, by almost all that is waited for.
        (Duration::from_secs(30), now_ms - 80_000),
        (Duration::from_secs(31), now_ms + 3_600_000),
        (Duration::from_mins(1), now_ms + 59_000),
        (Duration::from_secs(90), now_ms + 20_000),
        (Duration::from_secs(200), now_ms + 199_000),
    ];
    let fake = FakeLogs::new(past, 100).arriving(&arrivals);
    let query = Query { log_group: "g".to_owned(), from_ms: now_ms - 3_600_000, until_ms: now_ms };
    let (pages, ended) = followed(&fake, &[query], false).await;
    assert_eq!(ended, None);
    assert_eq!(numbers(&pages), (0..366).map(|number| format!("id{number}")).collect::<Vec<_>>());
    let asked = fake.seen().len();
    assert!((100..200).contains(&asked), "{asked} requests");
}

#[tokio::test(start_paused = true)]
async fn log_groups_are_followed_at_once_within_the_quota_and_an_error_of_one_ends_it() {
    let now_ms = logs().now_ms();
    let query = |name: &str| Query { log_group: name.to_owned(), from_ms: now_ms - 1_000, until_ms: now_ms };
    let queries: Vec<Query> = ["a", "b", "c"].map(query).into();
    let fake = FakeLogs::new(vec![now_ms - 500], 100);
    let (pages, ended) = followed(&fake, &queries, false).await;
    assert_eq!((pages.len(), ended), (3, None));
    for six in fake.seen().windows(6) {
        assert!(six[5].at - six[0].at >= Duration::from_secs(1));
    }
    let mut asked = 0;
    let fake = FakeLogs::new(vec![now_ms - 500], 100).answering(move |seen| {
        asked += usize::from(seen.body["logGroupName"] == "b");
        (asked > 2 && seen.body["logGroupName"] == "b").then(|| refusal("ResourceNotFoundException"))
    });
    let (pages, ended) = followed(&fake, &queries, false).await;
    assert_eq!((pages.len(), ended), (3, Some(LogsError::Deleted)));
}

#[test]
fn what_is_known_has_a_limit_and_is_forgotten_in_time() {
    let mut known = follow::Known::default();
    assert!(known.is_new(5, 1) && !known.is_new(5, 1) && known.is_new(7, 2));
    known.forget_before(6);
    assert!(known.is_new(5, 1), "it is not asked for any more");
    assert!(!known.is_new(7, 2));
    for hash in 10..600_000 {
        known.is_new(8, hash);
    }
    assert!(known.is_new(8, 10) && !known.is_new(8, 599_999));
    assert_eq!(known.newest_ms, Some(8));
}
