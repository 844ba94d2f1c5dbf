//! How the function starts, and when it does not: its settings, and what it fetches from AWS.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::binary::{function, logged, started, text};
use crate::fake_aws::FakeAws;
use crate::fake_lambda::container::{Container, Setup, Start};
use crate::fake_slack::{Answer as SlackAnswer, FakeSlack, Post};
use crate::fixtures::{bytes, event_of};

const FEW_ERRORS: &str = "fixtures/03-a-few-errors.json";
const ONE_ERROR: &str = "fixtures/02-one-error.json";

#[tokio::test]
async fn a_start_is_refused_with_every_fault() {
    let rules = String::from_utf8(bytes("fixtures/rules/broken.json")).unwrap();
    let mut refusals = String::new();
    for environment in [
        &[][..],
        &[("SLACK_WEBHOOK_URL", "  ")],
        &[
            ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/x"),
            ("SLACK_WEBHOOK_SECRET", "slack"),
        ],
        &[
            ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/x"),
            ("SLACK_BOT_TOKEN_SECRET", "slack"),
            ("SLACK_CHANNEL", "C0123456789"),
        ],
        &[
            ("SLACK_BOT_TOKEN", "xoxb-1"),
            ("SLACK_CHANNEL", "#alerts"),
            ("SLACK_API_URL", "https://evil.example/"),
        ],
        &[("SLACK_WEBHOOK_URL", "https://evil.example/services/T0/B0/x")],
        &[("SLACK_WEBHOOK_URL", "http://hooks.slack.com/services/T0/B0/x")],
        &[
            ("SLACK_WEBHOOK_URL", "hooks.slack.com"),
            ("SLACK_COLOR", "red"),
            ("STATUSWATCH_FORMAT", "yaml"),
            ("STATUSWATCH_MAX_LINES", "1000"),
            ("STATUSWATCH_MAXLINES", "5"),
            ("STATUSWATCH_BURST", "0"),
            ("STATUSWATCH_LOG_GROUPS", "orders,orders-*"),
            ("STATUSWATCH_RULES", &rules),
        ],
    ] {
        let setup =
            environment.iter().fold(Setup::statuswatch(), |setup, (name, value)| setup.env(name, value));
        let container = setup.start().await;
        let Start::Died(status) = container.started().await else {
            panic!("it started with {environment:?}")
        };
        assert_eq!(status.code(), Some(1));
        let logged = logged(&container);
        assert_eq!(logged.len(), 1, "{logged:?}");
        writeln!(refusals, "{}\n", logged[0]).unwrap();
    }
    assert_snapshot!(refusals);
}

#[test]
fn outside_lambda_it_says_what_it_is() {
    let bare =
        assert_cmd::Command::new(env!("CARGO_BIN_EXE_statuswatch-lambda")).env_clear().output().unwrap();
    assert_eq!(bare.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&bare.stdout).unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(
        message.starts_with("this is a Lambda function's bootstrap, and Lambda did not set "),
        "{message}"
    );
}

/// A function whose webhook is in AWS, and a Slack that refuses the first webhook it gets from there.
async fn rotated(setup: Setup, first: Value, second: Value, aws: &FakeAws, slack: &FakeSlack) -> Container {
    slack.otherwise(|post| {
        let is_old = post.request_line().contains("OLD");
        if is_old { SlackAnswer::new(404, "no_service") } else { SlackAnswer::ok() }
    });
    aws.next(200, &first);
    aws.next(200, &second);
    let container = started(setup.env("AWS_ENDPOINT_URL", &aws.url())).await;
    let answer: Value =
        serde_json::from_str(&text(&container.invoke(event_of(&bytes(ONE_ERROR))).await)).unwrap();
    assert_eq!((&answer["shown"], &answer["failed"], &answer["posted"]), (&json!(1), &json!(0), &json!(1)));
    let paths: Vec<String> = slack.posts().iter().map(Post::request_line).collect();
    let line = |secret: &str| format!("POST /services/T00000000/B00000000/{secret} HTTP/1.1");
    assert_eq!(paths, [line("OLD"), line("NEW")]);
    container
}

#[tokio::test]
async fn a_webhook_in_ssm_is_fetched_at_the_start_and_again_when_slack_refuses_it() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    let parameter =
        |secret| json!({"Parameter": {"Name": "/prod/slack", "Value": slack.webhook(secret) + "\n"}});
    let setup = Setup::statuswatch().env("SLACK_WEBHOOK_PARAMETER", "/prod/slack");
    let container = rotated(setup, parameter("OLD"), parameter("NEW"), &aws, &slack).await;
    let calls = aws.calls();
    assert_eq!(calls.len(), 2);
    for call in &calls {
        assert_eq!(call.target, "AmazonSSM.GetParameter");
        assert_eq!(call.body, json!({"Name": "/prod/slack", "WithDecryption": true}));
        assert!(call.authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"));
        assert!(call.authorization.contains("/eu-west-1/ssm/aws4_request"), "{}", call.authorization);
    }
    // The new one is kept: the next message goes straight there.
    container.invoke(event_of(&bytes(FEW_ERRORS))).await;
    assert_eq!((aws.calls().len(), slack.posts().len()), (2, 3));
}

#[tokio::test]
async fn a_webhook_in_secrets_manager_may_stand_in_a_json_object() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    let secret =
        |secret| json!({"Name": "slack", "SecretString": json!({"url": slack.webhook(secret)}).to_string()});
    let setup = Setup::statuswatch().env("SLACK_WEBHOOK_SECRET", "slack");
    rotated(setup, secret("OLD"), secret("NEW"), &aws, &slack).await;
    let call = aws.calls().remove(0);
    assert_eq!(
        (call.target.as_str(), call.body),
        ("secretsmanager.GetSecretValue", json!({"SecretId": "slack"}))
    );
    assert!(call.authorization.contains("/eu-west-1/secretsmanager/aws4_request"), "{}", call.authorization);
}

#[tokio::test]
async fn rules_may_be_in_ssm_and_what_cannot_be_fetched_or_used_refuses_the_start() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    let setup = || {
        function(&slack.webhook("XXXXXXXX"))
            .env("STATUSWATCH_RULES", "ssm:/rules")
            .env("AWS_ENDPOINT_URL_SSM", &aws.url())
    };
    let stored = |path: &str| json!({"Parameter": {"Value": String::from_utf8(bytes(path)).unwrap()}});
    aws.next(200, &stored("fixtures/rules/scanner-noise.json"));
    let container = started(setup()).await;
    container.invoke(event_of(&bytes(FEW_ERRORS))).await;
    assert!(slack.posts()[0].text().starts_with("<!here> 2 errors"));

    let mut refusals = String::new();
    for (status, answer) in [
        (200, stored("fixtures/rules/broken.json")),
        (
            400,
            json!({"__type": "AccessDeniedException", "message": "User: arn:aws:sts::123456789012:x is not authorized"}),
        ),
        (400, json!({"__type": "ParameterNotFound"})),
    ] {
        aws.next(status, &answer);
        let container = setup().start().await;
        assert!(matches!(container.started().await, Start::Died(status) if status.code() == Some(1)));
        writeln!(refusals, "{}\n", logged(&container).join("\n")).unwrap();
    }
    assert_snapshot!(refusals);
}
