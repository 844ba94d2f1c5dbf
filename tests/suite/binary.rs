//! The function itself, the real binary, from outside: events over a Runtime API in; posts to a fake Slack, answers,
//! metrics and log lines out.

use std::fmt::Write as _;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::fake_lambda::container::{Answer, Container, Setup, Start};
use crate::fake_slack::{Answer as SlackAnswer, FakeSlack};
use crate::fixtures::{DEMONSTRATION, as_event, bytes, case, event_of, files_in};
use crate::replayed::{Report, replay};

const FEW_ERRORS: &str = "fixtures/03-a-few-errors.json";
const ONE_ERROR: &str = "fixtures/02-one-error.json";

/// The function, posting every delivery to this webhook, with room for every post of a test.
pub(crate) fn function(webhook: &str) -> Setup {
    let setup = Setup::statuswatch().env("SLACK_WEBHOOK_URL", webhook).env("STATUSWATCH_BURST", "100");
    setup.env("STATUSWATCH_NOTIFY", "every")
}

pub(crate) async fn started(setup: Setup) -> Container {
    let container = setup.start().await;
    assert_eq!(container.started().await, Start::Ready, "{}", log(&container));
    container
}

fn log(container: &Container) -> String {
    let streams = [container.stdout(), container.stderr()];
    streams.map(|stream| String::from_utf8(stream).expect("UTF-8")).concat()
}

/// The lines of standard output as JSON: metrics and log.
fn lines(container: &Container) -> Vec<Value> {
    assert_eq!(String::from_utf8_lossy(&container.stderr()), "", "all goes to standard output");
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    String::from_utf8(container.stdout()).expect("UTF-8").lines().map(read).collect()
}

fn metrics(container: &Container) -> Vec<Value> {
    lines(container).into_iter().filter(|line| line["_aws"].is_object()).collect()
}

/// What the function says in its log, each with its level.
pub(crate) fn logged(container: &Container) -> Vec<String> {
    let log = lines(container).into_iter().filter(|line| line["_aws"].is_null());
    log.map(|line| format!("{} {}", line["level"].as_str().unwrap(), line["message"].as_str().unwrap()))
        .collect()
}

pub(crate) fn text(answer: &Answer) -> String {
    match answer {
        Answer::Response(body) => String::from_utf8(body.clone()).unwrap(),
        Answer::Error(failure) => format!("{}: {}", failure.error_type, failure.message),
        Answer::Died(_) | Answer::TimedOut => panic!("{answer:?}"),
    }
}

/// The wall clock, as an argument of `--now`.
#[allow(
    clippy::disallowed_methods,
    reason = "the function goes by its real clock, and replay must be told the same"
)]
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    statuswatch::words::iso(i64::try_from(seconds).unwrap() * 1_000)
}

/// Without the one thing that depends on when a line is posted.
fn without_age(body: &str) -> String {
    let mut parts = body.split(" · posted ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_age, rest) = part.split_once(" late").expect("an age ends so");
        out += rest;
    }
    out
}

#[tokio::test]
async fn every_fixture_is_posted_byte_for_byte_as_replay_shows_it() {
    let slack = FakeSlack::start().await;
    let container = started(function(&slack.webhook("XXXXXXXX"))).await;
    let scratch = tempfile::tempdir().unwrap();
    let now = now();
    let mut invocations = 0;
    let folders = [DEMONSTRATION, "fixtures/hostile", "fixtures/other-logs"];
    for path in folders.iter().flat_map(|folder| files_in(folder)) {
        let event = as_event(&path);
        let file = scratch.path().join("event.json");
        fs::write(&file, &event).unwrap();
        let settings = ["--json", "--allow-unreadable", "--region", "eu-west-1", "--now", &now];
        let replayed = replay(&[&settings[..], &[file.to_str().unwrap()]].concat());
        let report: Report = replayed.reports().remove(0);

        let before = slack.posts().len();
        let is_kinesis = event.windows(13).any(|bytes| bytes == b"\"aws:kinesis\"");
        let expected = if is_kinesis { r#"{"batchItemFailures":[]}"# } else { report.ledger.get() };
        assert_eq!(text(&container.invoke(event).await), expected, "{path}");
        let posted: Vec<String> = slack.posts()[before..]
            .iter()
            .map(|post| without_age(&String::from_utf8(post.body.clone()).unwrap()))
            .collect();
        let shown: Vec<String> = report.bodies().into_iter().map(without_age).collect();
        assert_eq!(posted, shown, "{path}");
        invocations += 1;
    }
    assert!(slack.posts().len() > 20, "{}", slack.posts().len());
    for post in slack.posts() {
        assert_eq!(post.request_line(), "POST /services/T00000000/B00000000/XXXXXXXX HTTP/1.1");
        assert!(post.header("content-type").unwrap().starts_with("application/json"));
    }
    let metrics = metrics(&container);
    assert_eq!(metrics.len(), invocations, "one line an invocation");
    metrics.iter().for_each(check_metrics);
    assert_eq!(container.api().strays(), [""; 0]);
    assert_eq!(logged(&container), ["ERROR a record cannot be decoded"], "of another service's stream");
}

/// What CloudWatch demands of a line of its Embedded Metric Format, and what the contract does.
fn check_metrics(line: &Value) {
    assert_eq!((&line["level"], &line["FunctionName"]), (&json!("INFO"), &json!("statuswatch")));
    assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
    let mut names = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], "Statuswatch");
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_u64(), "{name}");
            names.push(name);
        }
    }
    for name in
        ["Received", "Matched", "Shown", "Counted", "Failed", "Pending", "ClientErrors", "ServerErrors"]
    {
        assert!(names.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_rule_that_counts_has_a_metric_of_its_own() {
    let slack = FakeSlack::start().await;
    let rules = String::from_utf8(bytes("fixtures/rules/scanner-noise.json")).unwrap();
    let container = started(function(&slack.webhook("XXXXXXXX")).env("STATUSWATCH_RULES", &rules)).await;
    container.invoke(event_of(&bytes(FEW_ERRORS))).await;
    let line = metrics(&container).remove(0);
    check_metrics(&line);
    let values =
        ["Rule", "RuleHits", "Received", "Ignored", "Shown", "ClientErrors", "ServerErrors", "Posted"];
    assert_eq!(
        values.map(|name| line[name].clone()),
        [json!("scanner noise"), json!(1), json!(4), json!(1), json!(2), json!(0), json!(2), json!(1)]
    );
    assert_eq!(line["_aws"]["CloudWatchMetrics"][1]["Dimensions"], json!([["FunctionName", "Rule"]]));
    assert!(line["DeliveryLag"].as_u64().unwrap() > 0);
    assert!(slack.posts()[0].text().starts_with("<!here> 2 errors"), "{}", slack.posts()[0].text());
}

#[tokio::test]
async fn what_is_broken_fails_with_stage_and_place_and_posts_nothing() {
    let slack = FakeSlack::start().await;
    let container = started(function(&slack.webhook("XXXXXXXX"))).await;
    let mut answers = String::new();
    for path in files_in("fixtures/broken") {
        writeln!(answers, "{}\n  {}", case(&path), text(&container.invoke(as_event(&path)).await)).unwrap();
    }
    for (name, event) in [("no JSON", "502"), ("half of it", r#"{"awslogs":{"data":"H4s"#), ("nothing", "")] {
        writeln!(answers, "{name}\n  {}", text(&container.invoke(event).await)).unwrap();
    }
    assert_snapshot!(answers);
    // Of two records one is whole and is shown; the other is named.
    assert_eq!(slack.texts().len(), 2);
    assert!(slack.texts()[1].contains("1 Kinesis record cannot be decoded"), "{:?}", slack.texts());
    let good = text(&container.invoke(event_of(&bytes(ONE_ERROR))).await);
    assert!(good.starts_with(r#"{"received":1,"#), "a broken batch is not the end: {good}");
}

#[tokio::test]
async fn a_batch_above_the_cap_fails_and_posts_nothing() {
    let slack = FakeSlack::start().await;
    let setup = function(&slack.webhook("XXXXXXXX")).env("STATUSWATCH_MAX_DECOMPRESSED_BYTES", "1000");
    let container = started(setup).await;
    assert_eq!(
        text(&container.invoke(event_of(&bytes(FEW_ERRORS))).await),
        "Statuswatch.Decode: inflate: more than 1000 bytes after inflation; STATUSWATCH_MAX_DECOMPRESSED_BYTES sets \
         the cap"
    );
    assert_eq!(slack.texts(), [""; 0]);
}

#[tokio::test]
async fn its_own_log_group_is_ignored_with_one_warning() {
    let slack = FakeSlack::start().await;
    let setup = function(&slack.webhook("XXXXXXXX"));
    let container =
        started(setup.env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/apigateway/hogehoge-accesslog")).await;
    let answer: Value =
        serde_json::from_str(&text(&container.invoke(event_of(&bytes(FEW_ERRORS))).await)).unwrap();
    let counts =
        ["received", "ignored", "matched", "posted", "failed", "silent"].map(|name| answer[name].as_u64());
    assert_eq!(counts, [Some(4), Some(4), Some(0), Some(0), Some(0), Some(1)]);
    assert_eq!(slack.texts(), [""; 0]);
    let logged = logged(&container);
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(
        logged[0].starts_with("WARN the subscription filter is on this function's own log group"),
        "{logged:?}"
    );
}

#[tokio::test]
async fn what_slack_answers_is_the_error_with_its_word() {
    let slack = FakeSlack::start().await;
    let container = started(function(&slack.webhook("XXXXXXXX"))).await;
    let page = "<html>Blocked by example proxy</html>";
    let mut logged = String::new();
    for answers in [
        &[SlackAnswer::new(404, "no_service")][..],
        &[SlackAnswer::new(403, "invalid_token")],
        &[SlackAnswer::new(410, "channel_is_archived")],
        &[SlackAnswer::new(404, "a word that we do not know <!here>")],
        &[SlackAnswer::new(400, "invalid_blocks"), SlackAnswer::new(400, "invalid_payload")],
        &[SlackAnswer::new(200, page)],
        &[SlackAnswer::new(302, "").header("Location", "https://evil.example/")],
    ] {
        for answer in answers {
            slack.next(answer.clone());
        }
        writeln!(logged, "{}", text(&container.invoke(event_of(&bytes(ONE_ERROR))).await)).unwrap();
    }
    assert_snapshot!(logged);
    assert_eq!(slack.posts().len(), 8, "permanent answers are not tried again, but for a 400 as plain text");
    let last = metrics(&container).pop().unwrap();
    assert_eq!((&last["Failed"], &last["Matched"], &last["Posted"]), (&json!(1), &json!(1), &json!(0)));
    // Nothing was remembered of what was not told.
    let answered: Value =
        serde_json::from_str(&text(&container.invoke(event_of(&bytes(ONE_ERROR))).await)).unwrap();
    assert_eq!((&answered["shown"], &answered["duplicate"]), (&json!(1), &json!(0)));
    let again: Value =
        serde_json::from_str(&text(&container.invoke(event_of(&bytes(ONE_ERROR))).await)).unwrap();
    assert_eq!((&again["posted"], &again["duplicate"]), (&json!(0), &json!(1)));
}
