//! `statuswatch doctor` against a fake of the services that it asks, over real HTTP.
//!
//! The cases in tests/e2e/account run it on a whole deployment in an emulator; here stand the answers that the emulator
//! cannot give.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fake_slack::FakeSlack;
use crate::replayed::{Run, run, statuswatch};

const LINES: &str = "arn:aws:lambda:eu-west-1:123456789012:function:sw-lines";
const WEBHOOK_PATH: &str = "SECRETPATH";
const CONFIGURATION: &str = "/2015-03-31/functions/sw-lines/configuration";
const POLICY: &str = "/2015-03-31/functions/sw-lines/policy";

/// An answer's status and body, and its `Date` where it is another than the true one.
type Answer = (u16, String, Option<&'static str>);

#[derive(Clone, Default)]
struct Fake {
    /// By operation, or by path; each list is answered in turn, and its last one for ever.
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
}

impl Fake {
    /// A function for everything: its webhook in its environment, nothing besides it.
    fn deployed(webhook: &str) -> Self {
        let fake = Self::default();
        let configuration = json!({ "FunctionName": "sw-lines", "FunctionArn": LINES, "State": "Active",
            "LastUpdateStatus": "Successful", "Environment": { "Variables": { "SLACK_WEBHOOK_URL": webhook } } });
        fake.set(CONFIGURATION, 200, &configuration);
        let policy = json!({ "Statement": [{ "Effect": "Allow", "Action": "lambda:InvokeFunction",
            "Principal": { "Service": "logs.amazonaws.com" },
            "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/api/orders:*" } } }] });
        fake.set(POLICY, 200, &json!({ "Policy": policy.to_string() }));
        fake.set("/2019-09-30/functions/sw-lines/concurrency", 200, &json!({}));
        fake.set("/2015-03-31/event-source-mappings", 200, &json!({ "EventSourceMappings": [] }));
        let filter = json!({ "filterName": "sw-lambda", "filterPattern": "", "destinationArn": LINES });
        fake.set("DescribeSubscriptionFilters", 200, &json!({ "subscriptionFilters": [filter] }));
        fake.set("DescribeMetricFilters", 200, &json!({ "metricFilters": [] }));
        fake.set("ListRuleNamesByTarget", 200, &json!({ "RuleNames": [] }));
        fake.set("DescribeAlarms", 200, &json!({ "MetricAlarms": [], "CompositeAlarms": [] }));
        fake.set("GetMetricData", 200, &json!({ "MetricDataResults": [] }));
        fake
    }

    fn set(&self, operation: &str, status: u16, body: &Value) {
        self.answers.lock().unwrap().insert(operation.to_owned(), vec![(status, body.to_string(), None)]);
    }

    /// Answers so once, before what it answers else.
    fn first(&self, operation: &str, status: u16, body: &Value, date: Option<&'static str>) {
        let mut answers = self.answers.lock().unwrap();
        answers.entry(operation.to_owned()).or_default().insert(0, (status, body.to_string(), date));
    }

    async fn run(&self, arguments: &[&str]) -> Run {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(self.clone());
        let serving = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let function: &[&str] =
            if arguments.contains(&"--function") { &[] } else { &["--function", "sw-lines"] };
        let mut command = statuswatch(&[&["doctor"], function, arguments].concat());
        command
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "QxZq-secret")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        let ran = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
        serving.abort();
        assert!(
            !format!("{ran:?}").contains("QxZq") && !format!("{ran:?}").contains(WEBHOOK_PATH),
            "{ran:?}"
        );
        ran
    }

    /// The findings of `--json`.
    async fn findings(&self) -> Vec<Value> {
        let ran = self.run(&["--json"]).await;
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        report["findings"].as_array().unwrap().clone()
    }
}

async fn serve(State(fake): State<Fake>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let target = head.headers.get("x-amz-target").map(|target| target.to_str().unwrap().to_owned());
    let operation = match target {
        Some(target) => target.rsplit('.').next().unwrap().to_owned(),
        None => head.uri.path().to_owned(),
    };
    to_bytes(body, 1 << 20).await.unwrap();
    let not_found = (404, json!({ "__type": "ResourceNotFoundException" }).to_string(), None);
    let (status, body, date) = {
        let mut answers = fake.answers.lock().unwrap();
        match answers.get_mut(&operation) {
            None => not_found,
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers[0].clone(),
        }
    };
    let mut response = Response::builder().status(status);
    if let Some(date) = date {
        response = response.header("Date", date);
    }
    response.body(body.into()).unwrap()
}

fn finding<'f>(findings: &'f [Value], check: &str) -> &'f Value {
    findings
        .iter()
        .find(|finding| finding["check"] == check)
        .unwrap_or_else(|| panic!("{check}: {findings:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_function_with_nothing_besides_it_is_judged_by_what_is_there() {
    let fake = Fake::deployed(&format!(
        "https://hooks.slack.com/services/T01234567/B01234567/{WEBHOOK_PATH}0123456789"
    ));
    let findings = fake.findings().await;
    for (check, verdict) in [
        ("clock", "good"),
        ("function", "good"),
        ("configuration", "good"),
        ("subscription filter", "good"),
        ("permission", "good"),
        ("webhook", "good"),
        ("delivery", "warning"),
        ("schedule", "not_deployed"),
        ("state table", "not_deployed"),
        ("failure destination", "not_deployed"),
        ("alarm", "not_deployed"),
        ("metric filter", "not_deployed"),
    ] {
        assert_eq!(finding(&findings, check)["verdict"], verdict, "{check}: {findings:#?}");
    }
    let ran = fake.run(&[]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.starts_with("sw-lines · eu-west-1 · account 123456789012 · "), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_and_what_stays_is_a_warning() {
    let fake = Fake::deployed("https://hooks.slack.com/services/x");
    fake.first("DescribeSubscriptionFilters", 400, &json!({ "__type": "ThrottlingException" }), None);
    fake.first(POLICY, 500, &json!({}), None);
    fake.first(CONFIGURATION, 400, &json!({ "__type": "ExpiredTokenException" }), None);
    fake.set("DescribeMetricFilters", 400, &json!({ "__type": "com.amazon#SomethingNew" }));
    fake.set("GetMetricData", 200, &json!(["no answer of CloudWatch"]));
    let findings = fake.findings().await;
    assert_eq!(finding(&findings, "subscription filter")["verdict"], "good");
    assert_eq!(finding(&findings, "permission")["verdict"], "good");
    for (check, words) in [
        ("metric filter", "not checked: AWS refused logs:DescribeMetricFilters (status 400)"),
        ("delivery", "not checked: an answer of CloudWatch cannot be read"),
        ("webhook", "does not look like one of Slack's"),
    ] {
        let finding = finding(&findings, check);
        assert_eq!(finding["verdict"], "warning", "{finding}");
        assert!(finding["found"].as_str().unwrap().contains(words), "{finding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::disallowed_methods, reason = "the program looks at the last hour by its own clock")]
async fn what_another_destination_gets_is_not_what_the_function_gets() {
    let fake = Fake::deployed("https://hooks.slack.com/services/x");
    let own = json!({ "filterName": "sw", "filterPattern": "{ $.status >= 400 }", "destinationArn": LINES });
    let theirs = json!({ "filterName": "theirs", "filterPattern": "",
        "destinationArn": "arn:aws:lambda:eu-west-1:123456789012:function:sw-lines-too" });
    fake.set("DescribeSubscriptionFilters", 200, &json!({ "subscriptionFilters": [theirs, own] }));
    let message = r#"{"requestId":"1","status":"502","path":"/a"}"#;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let at_ms = u64::try_from(now.as_millis()).unwrap() - 600_000;
    let event = json!({ "logStreamName": "s", "timestamp": at_ms, "ingestionTime": at_ms, "eventId": "1", "message": message });
    fake.set("FilterLogEvents", 200, &json!({ "events": [event] }));
    let findings = fake.findings().await;
    let held_back = finding(&findings, "filter pattern");
    assert_eq!(held_back["verdict"], "bad");
    assert!(held_back["found"].as_str().unwrap().contains("holds back 1 of 1 error line"), "{held_back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_of_another_instance_whose_name_goes_on_are_left_out() {
    let fake = Fake::deployed("https://hooks.slack.com/services/x");
    let alarm = |name: &str, action: &str| {
        json!({ "AlarmName": name, "AlarmArn": format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"),
            "AlarmActions": [action], "OKActions": [action] })
    };
    let alarms = [alarm("own", &format!("{LINES}:live")), alarm("theirs", &format!("{LINES}-staging"))];
    fake.set("DescribeAlarms", 200, &json!({ "MetricAlarms": alarms }));
    let findings = fake.findings().await;
    let judged = findings.iter().filter(|finding| finding["check"] == "alarm");
    assert_eq!(judged.map(|finding| &finding["subject"]).collect::<Vec<_>>(), ["own"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_letter_queue_of_the_failure_queue_is_looked_at() {
    let fake = Fake::deployed("https://hooks.slack.com/services/x");
    let queue = "arn:aws:sqs:eu-west-1:123456789012:sw-failures";
    fake.set(
        "/2019-09-25/functions/sw-lines/event-invoke-config",
        200,
        &json!({ "DestinationConfig": { "OnFailure": { "Destination": queue } } }),
    );
    fake.set("GetQueueUrl", 200, &json!({ "QueueUrl": "http://localhost/queue" }));
    let held = |count: &str| json!({ "ApproximateNumberOfMessages": count, "ApproximateNumberOfMessagesNotVisible": "0" });
    let mut failures = held("0");
    failures["RedrivePolicy"] =
        json!({ "deadLetterTargetArn": format!("{queue}-parked"), "maxReceiveCount": 5 }).to_string().into();
    fake.set("GetQueueAttributes", 200, &json!({ "Attributes": held("2") }));
    fake.first("GetQueueAttributes", 200, &json!({ "Attributes": failures }), None);
    let findings = fake.findings().await;
    let judged = findings.iter().filter(|finding| finding["check"] == "failure destination");
    let judged: Vec<(&Value, &Value)> =
        judged.map(|finding| (&finding["subject"], &finding["verdict"])).collect();
    assert_eq!(
        judged,
        [(&json!("sw-failures"), &json!("good")), (&json!("sw-failures-parked"), &json!("bad"))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arn_says_the_region_and_one_of_another_account_is_refused() {
    let fake = Fake::deployed("https://hooks.slack.com/services/x");
    let ran = fake.run(&["--function", &LINES.replace("eu-west-1", "eu-north-1")]).await;
    assert!(ran.stdout.starts_with("sw-lines · eu-north-1 · account 123456789012 · "), "{ran:?}");

    let ran = fake.run(&["--function", &LINES.replace("123456789012", "210987654321")]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("the ARN is of account 210987654321"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_groups_beyond_the_limit_are_named() {
    let fake = Fake::deployed("https://hooks.slack.com/services/x");
    let names: Vec<String> = (10..60).map(|number| format!("--log-group=/api/{number}")).collect();
    let mut arguments: Vec<&str> = names.iter().map(String::as_str).collect();
    arguments.push("--json");
    let ran = fake.run(&arguments).await;
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    let findings = report["findings"].as_array().unwrap();
    let left_out = findings
        .iter()
        .find(|finding| finding["check"] == "subscription filter" && finding["subject"] == "sw-lines");
    let left_out = left_out.unwrap_or_else(|| panic!("{findings:#?}"));
    assert_eq!(left_out["verdict"], "warning");
    let words = "not checked: 1 log group beyond the first 50, such as /api/orders";
    assert_eq!(left_out["found"], words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_named_also_where_aws_refuses_because_of_it() {
    const LONG_AGO: &str = "Tue, 03 Nov 2020 09:15:00 GMT";
    let fake = Fake::deployed("https://hooks.slack.com/services/x");
    let answer = fake.answers.lock().unwrap()[CONFIGURATION][0].1.clone();
    fake.first(CONFIGURATION, 200, &serde_json::from_str(&answer).unwrap(), Some(LONG_AGO));
    let findings = fake.findings().await;
    let clock = finding(&findings, "clock");
    assert!(
        clock["verdict"] == "warning" && clock["found"].as_str().unwrap().contains("ahead of AWS's"),
        "{clock}"
    );

    let refused = json!({ "__type": "InvalidSignatureException" });
    fake.first(CONFIGURATION, 403, &refused, Some(LONG_AGO));
    let ran = fake.run(&[]).await;
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("this machine's clock is") && ran.stderr.contains("min off"),
        "{}",
        ran.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn post_posts_where_the_function_posts_and_a_refusal_is_an_error() {
    let slack = FakeSlack::start().await;
    let fake = Fake::deployed(&slack.webhook(WEBHOOK_PATH));
    let ran = fake.run(&["--post"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), "statuswatch: the test message was posted\n"));
    let posts = slack.accepted();
    assert_eq!(posts.len(), 1);
    let body: Value = serde_json::from_slice(&posts[0].body).unwrap();
    assert!(body["text"].as_str().unwrap().starts_with("Test message"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_of_log_groups_is_a_usage_error() {
    let ran = Fake::default().run(&["--log-group", "/aws/*"]).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("patterns are not taken here"), "{ran:?}");
}

#[test]
fn what_is_no_function_is_a_usage_error() {
    for name in ["", "a b", "../x"] {
        let mut command = statuswatch(&["doctor", "--function", name, "--region", "eu-west-1"]);
        let ran = run(command.env("AWS_EC2_METADATA_DISABLED", "true"));
        assert_eq!(ran.code, Some(2), "{name:?}: {ran:?}");
    }
}
