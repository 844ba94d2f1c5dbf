//! What stands under the notice of an alarm that a function without a table has fetched.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::*;
use crate::alarm_lines::AlarmLines;
use crate::aws::AwsAccess;
use crate::handler::Notify;
use crate::http::HttpClient;
use crate::http::scripted_server::{Reply, ScriptedServer};
use crate::notification::Style;
use crate::rate_limit::Bucket;
use crate::rules::Rules;
use crate::slack::post::{Accepted, Post, PostOutcome};

/// Takes every body.
#[derive(Debug, Default)]
struct Bodies(Vec<String>);

impl Notifier for Bodies {
    async fn post(&mut self, post: Post<'_>, _budget: Budget) -> PostOutcome {
        self.0.push(post.body.to_owned());
        PostOutcome { result: Ok(Accepted::default()), requests: 1, ambiguous: 0 }
    }
}

fn handler(server: Option<&ScriptedServer>) -> Handler<Bodies> {
    let style = Style { log_groups: "/aws/x,/aws/y".parse().unwrap(), ..Style::default() };
    let notify = Notify::every(Bucket::new(5, 1_000));
    let reader = Reader::new(Rules::built_in());
    let handler = Handler::new(reader, style.into(), 1 << 20, notify, Bodies::default());
    handler.with_alarm_lines(server.map(|server| {
        let pairs = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL", &server.url("/")),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        AlarmLines::new(HttpClient::new().unwrap(), AwsAccess::of_variables(pairs).unwrap())
    }))
}

fn fixture(name: &str) -> Vec<u8> {
    let fixtures = crate::alarm::fixture_tests::fixtures("");
    fixtures.into_iter().find(|(found, _)| found == name).expect("a fixture").1
}

/// The body of the one message that an event makes.
async fn notice(server: Option<&ScriptedServer>, event: &[u8]) -> String {
    let mut handler = handler(server);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_605_677_420);
    let invocation = Invocation::new(now, Instant::now() + Duration::from_secs(30));
    let outcome = handler.handle(event, invocation).await;
    assert!(outcome.answer.is_ok() && outcome.ledger.alarms == 1, "{outcome:?}");
    assert_eq!(outcome.ledger.received, 0, "what is fetched is in no count");
    handler.destinations.default.notifier.0.remove(0)
}

fn events(messages: &[&str]) -> Reply {
    let event = |(id, message): (u64, &&str)| json!({"eventId": id.to_string(), "logStreamName": "s", "timestamp": 1_605_677_350_000_u64, "message": message});
    let events: Vec<Value> = (0..).zip(messages).map(event).collect();
    Reply::new(200, &json!({ "events": events }).to_string())
}

fn line(status: u16, path: &str) -> String {
    json!({"status": status.to_string(), "httpMethod": "GET", "resourcePath": path, "authorization": "Bearer QxZq"})
        .to_string()
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_alarm_s_minutes_are_fetched_judged_and_masked() {
    let (bad, ok) = (line(502, "/v1/<!here>"), line(200, "/v1/404"));
    let lines: Vec<&str> = std::iter::once(ok.as_str()).chain(std::iter::repeat_n(bad.as_str(), 8)).collect();
    // The first log group has nothing to show.
    let server = ScriptedServer::start([events(&[&ok]), events(&lines)]).await;
    let body = notice(Some(&server), &fixture("eventbridge-metric-alarm")).await;
    assert!(body.contains("8 errors in these minutes"), "{body}");
    assert!(body.contains("5 of 8 lines:") && body.matches("resourcePath").count() == 5, "{body}");
    assert!(!body.contains("QxZq") && !body.contains("/v1/404"), "{body}");
    // A stranger's text stands in text elements alone.
    let message: Value = serde_json::from_str(&body).unwrap();
    assert!(!message["text"].as_str().unwrap().contains("<!here>"));
    assert!(!body.contains(r#""mrkdwn","text":"GET /v1/<!here>"#), "{body}");
    assert_eq!(server.requests().len(), 2);
    assert!(server.bodies()[1].contains(r#""logGroupName":"/aws/y""#));
    // Off by default.
    let body = notice(None, &fixture("eventbridge-metric-alarm")).await;
    assert!(!body.contains("lines"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_notice_goes_out_in_time_whatever_becomes_of_its_lines() {
    let plain = notice(None, &fixture("eventbridge-metric-alarm")).await;
    let denied = json!({"__type": "AccessDeniedException", "message": "a secret"}).to_string();
    for reply in [Reply::new(400, &denied), Reply::Hang, Reply::Reset, Reply::new(200, "[")] {
        let server = ScriptedServer::start([reply.clone()]).await;
        let began = Instant::now();
        let body = notice(Some(&server), &fixture("eventbridge-metric-alarm")).await;
        assert_eq!(body, plain, "{reply:?}");
        assert!(began.elapsed() <= TIME + Duration::from_secs(1), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_alarm_s_results_stand_under_its_notice_masked() {
    let result = |text: &str| json!([{"field": "@message", "value": text}, {"field": "@ptr", "value": "p"}]);
    let results = [result("ERROR token=QxZq\nat <!channel>"), json!([{"field": "n", "value": "7"}])];
    let answer = json!({"results": results, "status": "Complete"}).to_string();
    let server = ScriptedServer::start([Reply::new(200, &answer)]).await;
    let body = notice(Some(&server), &fixture("action-log-alarm")).await;
    assert!(body.contains("ERROR token=*** at <!channel>") && body.contains("n 7"), "{body}");
    assert!(!body.contains("QxZq"), "{body}");
    assert_eq!(server.bodies(), [r#"{"queryId":"d70a0095-9bb5-4b9b-97f5-beced4586864"}"#]);
    assert!(server.requests()[0].contains("Logs_20140328.GetQueryResults"));
}

#[tokio::test(start_paused = true)]
async fn a_recovery_fetches_nothing() {
    let server = ScriptedServer::start([events(&[])]).await;
    notice(Some(&server), &fixture("eventbridge-recovery")).await;
    assert_eq!(server.requests().len(), 0);
}
