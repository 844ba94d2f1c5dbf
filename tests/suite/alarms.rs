//! Alarms through the Lambda binary: what Slack gets, what Lambda is answered, and what is never repeated.

use std::{fs, io::Write, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{
    fake_lambda::container::{Answer as Reply, Container, Setup, Start},
    fake_slack::{Answer, FakeSlack, oracle::Oracle},
};

/// In every place where it must not be: it is part of the webhook's URL.
const CANARY: &str = "canary4c1d7e90";

/// A ready container that has one token an hour.
async fn container(slack: &FakeSlack) -> Container {
    container_with(slack, "1").await
}

/// A ready container that has so many tokens, and one more an hour.
async fn container_with(slack: &FakeSlack, burst: &str) -> Container {
    let container = Setup::statuswatch()
        .env("SLACK_WEBHOOK_URL", &slack.webhook(CANARY))
        .env("STATUSWATCH_BURST", burst)
        .env("STATUSWATCH_SPACING_SECONDS", "3600")
        .start()
        .await;
    assert_eq!(container.started().await, Start::Ready, "{}", text(&container.stderr()));
    container
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.json"))).unwrap()
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/alarms")
}

/// An SNS event of alarms with these names, each gone off.
fn sns(names: &[&str]) -> Vec<u8> {
    let record = |name: &&str| {
        let message = json!({
            "AlarmName": name, "NewStateValue": "ALARM", "OldStateValue": "OK", "NewStateReason": "",
            "StateChangeTime": "2020-11-18T05:30:12.345+0000", "AWSAccountId": "111122223333",
        });
        json!({"EventSource": "aws:sns", "Sns": {"Message": message.to_string()}})
    };
    let records: Vec<Value> = names.iter().map(record).collect();
    json!({ "Records": records }).to_string().into_bytes()
}

/// A subscription filter's push of one line with a status of 502.
fn one_error(id: &str) -> Vec<u8> {
    let message = json!({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "orders", "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": [{"id": id, "timestamp": 1_605_677_336_000_i64, "message": r#"{"status":"502"}"#}],
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(message.to_string().as_bytes()).unwrap();
    json!({"awslogs": {"data": STANDARD.encode(gzip.finish().unwrap())}}).to_string().into_bytes()
}

/// Of a ledger: alarms, silent, posted, pending.
async fn counts_after(container: &Container, event: Vec<u8>) -> [u64; 4] {
    let reply = container.invoke(event).await;
    let Reply::Response(body) = &reply else { panic!("{reply:?}") };
    let ledger: Value = serde_json::from_slice(body).unwrap();
    for lines in ["received", "matched", "shown", "counted", "failed"] {
        assert!(ledger[lines].as_u64().unwrap() <= 1, "{ledger}");
    }
    ["alarms", "silent", "posted", "pending"].map(|name| ledger[name].as_u64().unwrap())
}

async fn error(container: &Container, event: Vec<u8>) -> (String, String) {
    match container.invoke_within(event, Duration::from_secs(20)).await {
        Reply::Error(failure) => (failure.error_type, failure.message),
        reply => panic!("{reply:?}"),
    }
}

/// Nothing live and nothing that Slack refuses was posted, and the webhook's secret is nowhere.
fn assert_clean(slack: &FakeSlack, container: &Container) {
    for post in slack.posts() {
        let violations = Oracle::default().check_bytes(&post.body);
        assert!(violations.is_empty(), "{violations:#?} in {}", text(&post.body));
        assert!(!text(&post.body).contains(CANARY));
    }
    assert!(slack.requests_inside_retry_after_window().is_empty());
    for output in [container.stdout(), container.stderr()] {
        assert!(!text(&output).contains(CANARY), "{}", text(&output));
    }
    assert!(container.api().strays().is_empty());
}

#[tokio::test]
async fn every_recorded_notification_becomes_messages_that_slack_takes_and_nothing_in_them_is_live() {
    let slack = FakeSlack::start().await;
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() > 20);
    // Half of them are refused as blocks, so that their plain text is what is judged.
    slack.otherwise(|post| {
        let has_blocks = post.json.as_ref().is_ok_and(|body| body.get("attachments").is_some());
        if has_blocks && post.text().len() % 2 == 0 {
            Answer::new(400, "invalid_blocks")
        } else {
            Answer::ok()
        }
    });
    // Alarms need no token, and the few free texts are not what this test is about.
    let container = container_with(&slack, "100").await;
    for name in names {
        match container.invoke(fixture(&name)).await {
            Reply::Response(_) => {}
            Reply::Error(failure) => {
                assert_eq!(name, "sns-several-records-one-unreadable");
                assert_eq!(failure.error_type, "Statuswatch.Event");
                assert!(!text(&failure.raw).contains(CANARY));
            }
            reply => panic!("{name}: {reply:?}"),
        }
    }
    assert!(slack.accepted().len() > 10);
    assert!(slack.accepted().iter().any(|post| post.json.as_ref().unwrap().get("attachments").is_none()));
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn one_change_through_sns_eventbridge_and_the_action_is_told_once() {
    let slack = FakeSlack::start().await;
    let container = container(&slack).await;
    assert_eq!(counts_after(&container, fixture("sns-metric-alarm")).await, [1, 0, 1, 0]);
    for again in ["eventbridge-metric-alarm", "action-metric-alarm", "sns-metric-alarm"] {
        assert_eq!(counts_after(&container, fixture(again)).await, [0, 1, 0, 0], "{again}");
    }
    assert_eq!(counts_after(&container, fixture("eventbridge-recovery")).await, [1, 0, 1, 0]);
    let headings: Vec<String> = slack.texts().iter().map(|text| text.chars().take(8).collect()).collect();
    assert_eq!(headings, ["ALARM · ", "OK again"]);
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn a_notice_opens_the_named_log_groups_in_logs_insights() {
    let slack = FakeSlack::start().await;
    let container = Setup::statuswatch()
        .env("SLACK_WEBHOOK_URL", &slack.webhook(CANARY))
        .env("STATUSWATCH_LOG_GROUPS", "/aws/apigateway/orders,items")
        .env("AWS_REGION", "ap-northeast-1")
        .start()
        .await;
    assert_eq!(container.started().await, Start::Ready, "{}", text(&container.stderr()));
    for (event, minutes) in [
        ("sns-metric-alarm", "(end~'2020-11-18T05*3a30*3a00.000Z~start~'2020-11-18T05*3a29*3a00.000Z~"),
        ("eventbridge-recovery", "(end~'2020-11-18T05*3a37*3a13.000Z~start~'2020-11-18T05*3a27*3a00.000Z~"),
    ] {
        assert_eq!(counts_after(&container, fixture(event)).await, [1, 0, 1, 0]);
        let posts = slack.accepted();
        let body = text(&posts.last().unwrap().body);
        let link =
            body.split('<').find(|part| part.contains("|Logs Insights>")).unwrap_or_else(|| panic!("{body}"));
        assert!(link.contains(minutes), "{link}");
        assert!(link.contains("~source~(~'*2faws*2fapigateway*2forders~'items))|Logs Insights>"), "{link}");
    }
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn of_two_records_one_fails_at_slack_and_the_retry_tells_only_that() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::new(403, "action_prohibited"));
    let container = container(&slack).await;
    let (kind, message) = error(&container, sns(&["first", "second"])).await;
    assert_eq!(kind, "Statuswatch.Slack");
    assert!(
        message.starts_with("1 of 2 notifications not posted, first: record 0: Slack refused the webhook"),
        "{message}"
    );
    assert!(!message.contains(CANARY));
    assert_eq!(counts_after(&container, sns(&["first", "second"])).await, [1, 1, 1, 0]);
    assert_eq!(slack.texts(), ["ALARM · first", "ALARM · second", "ALARM · first"]);
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn an_alarm_whose_post_failed_is_told_as_over_where_its_recovery_was_told_meanwhile() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::new(403, "action_prohibited"));
    let container = container(&slack).await;
    error(&container, fixture("eventbridge-metric-alarm")).await;
    assert_eq!(counts_after(&container, fixture("eventbridge-recovery")).await, [1, 0, 1, 0]);
    assert_eq!(counts_after(&container, fixture("eventbridge-metric-alarm")).await, [1, 0, 1, 0]);
    assert_eq!(
        counts_after(&container, fixture("sns-metric-alarm")).await,
        [0, 1, 0, 0],
        "notified by another way"
    );
    let accepted = slack.accepted();
    let headings: Vec<String> = accepted.iter().map(|post| post.text().replace('\u{200b}', "")).collect();
    assert!(headings[0].starts_with("OK again · APIGateway hogehoge"), "{headings:?}");
    assert!(headings[1].starts_with("ALARM, over by now · APIGateway hogehoge"), "{headings:?}");
    assert!(headings[1].contains("37 errors in 1 min"), "{headings:?}");
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn an_alarm_is_posted_at_once_while_the_bucket_is_empty_and_lines_are_folded() {
    let slack = FakeSlack::start().await;
    let container = container(&slack).await;
    assert_eq!(counts_after(&container, one_error("1")).await, [0, 0, 1, 0]);
    assert_eq!(counts_after(&container, one_error("2")).await, [0, 0, 0, 1], "deferred: it is a storm");
    assert_eq!(
        counts_after(&container, sns(&["alarm in a storm"])).await,
        [1, 0, 1, 1],
        "and the line stays deferred"
    );
    assert_eq!(slack.posts().len(), 2);
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn inside_slacks_retry_after_an_alarm_is_given_back_and_no_request_is_made() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::rate_limited("120"));
    let container = container(&slack).await;
    for _ in 0..2 {
        let (kind, message) = error(&container, sns(&["a", "b"])).await;
        assert_eq!(kind, "Statuswatch.Slack");
        assert!(
            message.starts_with("2 of 2 notifications not posted, first: record 0: Slack asks to wait"),
            "{message}"
        );
    }
    assert_eq!(slack.posts().len(), 1);
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn a_flood_of_free_text_is_held_to_the_rate_limit_and_an_alarm_is_not() {
    let slack = FakeSlack::start().await;
    let container = container_with(&slack, "5").await;
    let free_text = |id: usize| {
        let sns = json!({"MessageId": id.to_string(), "TopicArn": "arn:aws:sns:eu-west-1:1:ops", "Message": "hello"});
        json!({"Records": [{"EventSource": "aws:sns", "Sns": sns}]}).to_string().into_bytes()
    };
    for id in 0..5 {
        assert_eq!(counts_after(&container, free_text(id)).await, [0, 0, 1, 0]);
    }
    for id in 5..100 {
        let (kind, message) = error(&container, free_text(id)).await;
        assert_eq!(kind, "Statuswatch.RateLimit", "{message}");
    }
    assert_eq!(counts_after(&container, sns(&["in the flood"])).await, [1, 0, 1, 0]);
    assert_eq!(slack.posts().len(), 6);
    assert_clean(&slack, &container);
}

#[tokio::test]
async fn what_is_no_change_of_state_is_a_success_in_silence() {
    let slack = FakeSlack::start().await;
    for silent in [
        "eventbridge-configuration-change",
        "eventbridge-composite-suppressed",
        "eventbridge-insufficient-data",
        "eventbridge-muted",
        "eventbridge-contributor-muted",
        "action-muted",
        "eventbridge-ok-after-creation",
        "sns-insufficient-data",
        "sns-ok-after-insufficient-data",
    ] {
        // Each is a story of its own, though some are of one alarm.
        let container = container(&slack).await;
        assert_eq!(counts_after(&container, fixture(silent)).await, [0, 1, 0, 0], "{silent}");
        assert!(text(&container.stdout()).contains(r#""Silent":1"#), "its metrics count it");
    }
    assert!(slack.posts().is_empty());
}
