//! Several destinations, seen from outside: the function over real HTTP with webhooks that are stored in AWS, and the
//! command line that shows where each message would go.

use serde_json::{Value, json};

use crate::fake_aws::FakeAws;
use crate::fake_lambda::container::{Answer, Container, Setup, Start};
use crate::fake_slack::{Answer as SlackAnswer, FakeSlack, Post};
use crate::fixtures::event_of;
use crate::replayed::{replay_stdin, run, statuswatch};

const RULES: &str = r#"{"rules":[
    {"name":"orders","route":["* /orders"],"action":"notify","to":"orders"},
    {"name":"pets","log_group":["/aws/apigateway/pets*"],"action":"notify","to":["pets","orders"]}]}"#;
/// Stands in each webhook's path.
const SECRET: &str = "CANARY0of0a0destination";

/// A message with one error for each path.
fn message(log_group: &str, first: usize, paths: &[&str]) -> Value {
    let events = paths.iter().enumerate().map(|(at, path)| {
        let line = json!({ "status": "502", "httpMethod": "GET", "resourcePath": path });
        json!({ "id": format!("{:056}", first + at), "timestamp": 1_605_677_420_000_u64, "message": line.to_string() })
    });
    json!({ "messageType": "DATA_MESSAGE", "logGroup": log_group, "logStream": "s",
        "logEvents": events.collect::<Vec<_>>() })
}

/// The table refuses everything; of two parameters one holds a webhook.
fn aws_with_one_of_two(aws: &FakeAws, webhook: String) {
    aws.otherwise(move |call| match (call.target.as_str(), call.body["Name"].as_str()) {
        ("AmazonSSM.GetParameter", Some("/pets")) => (200, json!({ "Parameter": { "Value": webhook } })),
        ("AmazonSSM.GetParameter", _) => (400, json!({ "__type": "ParameterNotFound" })),
        _ => (400, json!({ "__type": "AccessDeniedException" })),
    });
}

fn ledger(answer: &Answer) -> Value {
    let Answer::Response(body) = answer else { panic!("{answer:?}") };
    serde_json::from_slice(body).unwrap()
}

fn written(container: &Container) -> String {
    String::from_utf8_lossy(&[container.stdout(), container.stderr()].concat()).into_owned()
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_stops_no_other_destination_and_no_secret_shows() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    aws_with_one_of_two(&aws, slack.webhook(&format!("{SECRET}0pets")));
    let setup = Setup::statuswatch()
        .env("SLACK_WEBHOOK_URL", &slack.webhook(&format!("{SECRET}0default")))
        .env("STATUSWATCH_DESTINATIONS", r#"{"orders":"ssm:/orders","pets":"ssm:/pets"}"#)
        .env("STATUSWATCH_STATE_TABLE", "statuswatch-state")
        .env("STATUSWATCH_RULES", RULES)
        .env("AWS_ENDPOINT_URL", &aws.url())
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .env("RUST_LOG", "trace");
    let container = setup.start().await;
    assert_eq!(container.started().await, Start::Ready);
    assert_eq!(aws.calls().len(), 0, "nothing is fetched before it is needed");

    let pets = event_of(message("/aws/apigateway/pets", 0, &["/pets", "/pets"]).to_string().as_bytes());
    let other = event_of(message("/aws/apigateway/x", 10, &["/a"]).to_string().as_bytes());
    assert_eq!(ledger(&container.invoke(other).await)["shown"], json!(1));
    // What the one could not take is given back; the other has it once.
    for _ in 0..2 {
        let answer = container.invoke(pets.clone()).await;
        let Answer::Error(failure) = &answer else { panic!("{answer:?}") };
        let error = String::from_utf8_lossy(&failure.raw).into_owned();
        assert!(error.contains("could not be read from AWS") && !error.contains(SECRET), "{error}");
    }
    let paths: Vec<String> = slack.posts().iter().map(Post::request_line).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths[0].contains("0default") && paths[1].contains("0pets"), "{paths:?}");
    let fetched = aws.calls().into_iter().filter(|call| call.target == "AmazonSSM.GetParameter");
    let fetched: Vec<Value> = fetched.map(|call| call.body["Name"].clone()).collect();
    assert_eq!(fetched.iter().filter(|name| **name == "/pets").count(), 1, "kept: {fetched:?}");

    // Slack refuses a webhook and says it: a new one is looked for, and nothing shows.
    let echo = slack.webhook(SECRET);
    slack.otherwise(move |_| SlackAnswer::new(404, echo.clone()));
    let more = event_of(message("/aws/apigateway/pets", 20, &["/pets"]).to_string().as_bytes());
    assert!(matches!(container.invoke(more).await, Answer::Error(_)));
    container.terminate();
    container.exited().await;
    let written = written(&container);
    assert!(written.contains("a destination cannot be read") && written.len() > 2_000, "{written}");
    assert!(!written.contains(SECRET), "{written}");
}

#[tokio::test]
async fn stored_rules_that_name_no_destination_refuse_the_start_with_the_rule_s_name() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    let setup = |destinations: &str| {
        Setup::statuswatch()
            .env("SLACK_WEBHOOK_URL", &slack.webhook("0default"))
            .env("STATUSWATCH_DESTINATIONS", destinations)
            .env("STATUSWATCH_STATE_TABLE", "statuswatch-state")
            .env("STATUSWATCH_RULES", "ssm:/rules")
            .env("AWS_ENDPOINT_URL", &aws.url())
    };
    aws.otherwise(|_| (200, json!({ "Parameter": { "Value": RULES } })));
    let container = setup(r#"{"orders":"ssm:/orders","pets":"ssm:/pets"}"#).start().await;
    assert_eq!(container.started().await, Start::Ready);
    let container = setup(r#"{"orders":"ssm:/orders"}"#).start().await;
    assert!(matches!(container.started().await, Start::Died(_)));
    let written = written(&container);
    assert!(written.contains(r#"rule \"pets\", key \"to\": there is no destination \"pets\""#), "{written}");
}

#[tokio::test]
async fn a_secret_in_the_place_of_a_destination_or_of_its_name_shows_in_no_refusal() {
    let webhook = format!("https://hooks.slack.com/services/T0/B0/{SECRET}");
    let token = format!("xoxb-123456789012-{SECRET}");
    for secret in [&webhook, &token] {
        for destinations in [
            json!({ "orders": secret }),
            json!({ "orders": format!("ssm:{secret}") }),
            json!({ "orders": format!("secret:{secret}") }),
            json!({ secret.as_str(): "ssm:/orders" }),
            json!(secret),
            json!([secret]),
        ] {
            let setup = Setup::statuswatch()
                .env("SLACK_WEBHOOK_URL", &webhook)
                .env("STATUSWATCH_STATE_TABLE", "statuswatch-state")
                .env("STATUSWATCH_DESTINATIONS", &destinations.to_string());
            let container = setup.start().await;
            assert!(matches!(container.started().await, Start::Died(_)), "{destinations}");
            let written = written(&container);
            assert!(written.contains("STATUSWATCH_DESTINATIONS: "), "{written}");
            assert!(!written.contains(SECRET), "{destinations}: {written}");
        }
    }
}

/// The rules in a file, and a recording with errors for each of them.
fn recording() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.json");
    std::fs::write(&path, RULES).unwrap();
    let messages = [
        message("/aws/apigateway/pets", 0, &["/orders", "/pets", "/pets"]),
        message("/aws/apigateway/x", 10, &["/orders", "/a"]),
    ];
    let rules = path.to_str().unwrap().to_owned();
    (folder, rules, messages.map(|message| message.to_string()).join("\n"))
}

#[test]
fn replay_shows_where_each_message_goes_without_knowing_the_destinations() {
    let (_folder, rules, recording) = recording();
    let shown = replay_stdin(&["--rules", &rules], recording.as_bytes());
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(shown.stdout);
    let json = replay_stdin(&["--rules", &rules, "--json"], recording.as_bytes());
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["destinations"], json!(["orders", "pets", "orders", "default"]));
    assert_eq!(report["messages"].as_array().unwrap().len(), 4);
    let count = |name: &str| report["ledger"][name].as_u64().unwrap();
    assert_eq!((count("matched"), count("copied"), count("shown") + count("counted")), (5, 2, 7));
    let plain = replay_stdin(&["--json"], recording.as_bytes());
    assert!(!plain.stdout.contains("destinations"), "{}", plain.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliver_posts_each_message_where_it_goes_and_refuses_rules_that_name_no_destination() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    aws_with_one_of_two(&aws, slack.webhook("0pets"));
    let (_folder, rules, recording) = recording();
    let deliver = |destinations: &'static str| {
        let mut command = statuswatch(&["replay", "--deliver", "--rules", &rules, "-"]);
        command
            .env("SLACK_WEBHOOK_URL", slack.webhook("0default"))
            .env("STATUSWATCH_DESTINATIONS", destinations)
            .env("STATUSWATCH_STATE_TABLE", "statuswatch-state")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "key")
            .env("AWS_ENDPOINT_URL", aws.url())
            .write_stdin(recording.clone());
        tokio::task::spawn_blocking(move || run(&mut command))
    };
    let refused = deliver(r#"{"pets":"ssm:/pets"}"#).await.unwrap();
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains(r#"rule "orders", key "to": there is no destination "orders""#));
    assert_eq!(slack.posts().len(), 0);

    let delivered = deliver(r#"{"pets":"ssm:/pets","orders":"ssm:/orders"}"#).await.unwrap();
    assert_eq!(delivered.code, Some(1), "{}", delivered.stderr);
    assert_eq!(delivered.stderr.matches("not delivered: the webhook or the bot token").count(), 2);
    let paths: Vec<String> = slack.posts().iter().map(Post::request_line).collect();
    assert!(paths.len() == 2 && paths[0].contains("0pets") && paths[1].contains("0default"), "{paths:?}");
}
