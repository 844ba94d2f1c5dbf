//! A secret goes in by every door; not one byte of it, and nothing of a log line, comes out by another.
//!
//! The webhook's path, the bot token and the AWS credentials hold a marker, log lines hold a second one. All that the function and
//! the command line write is searched: standard output and error, answers, error bodies, metrics, at the most
//! talkative level.

use crate::fake_aws::FakeAws;
use crate::fake_lambda::container::{Answer, Container, Setup, Start};
use crate::fake_slack::{Answer as SlackAnswer, FakeSlack, Wire};
use crate::fixtures::{DEMONSTRATION, as_event, event_of, files_in};
use crate::replayed::statuswatch;
use serde_json::json;

/// Stands in the webhook's path, in the bot token and in the credentials.
const SECRET: &str = "CANARY0of0the0webhook";
/// Stands in every log line.
const LINE: &str = "CANARY0of0a0line";

/// At the most talkative level of everything that listens to one.
fn talkative(setup: Setup) -> Setup {
    setup
        .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("AWS_SECRET_ACCESS_KEY", &format!("{SECRET}/key"))
        .env("AWS_SESSION_TOKEN", &format!("{SECRET}/token"))
}

fn holds(bytes: &[u8], marker: &str) -> bool {
    // Also as base64 or percent-encoded it would begin with letters of its own; plain text is what leaks.
    bytes.windows(marker.len()).any(|window| window.eq_ignore_ascii_case(marker.as_bytes()))
}

/// What the process wrote, and what it answered.
fn written(container: &Container, answers: &[Answer]) -> Vec<u8> {
    let mut all = [container.stdout(), container.stderr()].concat();
    for answer in answers {
        match answer {
            Answer::Response(body) => all.extend(body),
            Answer::Error(failure) => all.extend(&failure.raw),
            Answer::Died(_) | Answer::TimedOut => panic!("{answer:?}"),
        }
    }
    all
}

/// A batch of error lines that are marked, sound, broken and unreadable.
fn marked_event(number: usize) -> Vec<u8> {
    let event = |at: usize, line: String| json!({"id": format!("{number}-{at}"), "timestamp": 1_605_680_000_000_u64, "message": line});
    let message = json!({
        "messageType": "DATA_MESSAGE", "logGroup": format!("/{LINE}"), "logStream": LINE,
        "logEvents": [
            event(0, format!(r#"{{"status":"500","path":"/{LINE}","userAgent":"{LINE}"}}"#)),
            event(1, format!(r#"{{"status":"500","path":"/{LINE}","latency":-}}"#)),
            event(2, format!("no access log: {LINE}")),
        ],
    });
    event_of(message.to_string().as_bytes())
}

#[tokio::test]
async fn neither_the_webhook_nor_a_line_shows_in_anything_that_the_function_writes() {
    let slack = FakeSlack::start().await;
    let webhook = slack.webhook(SECRET);
    // Each batch is to meet an answer of its own.
    let setup = Setup::statuswatch().env("SLACK_WEBHOOK_URL", &webhook).env("STATUSWATCH_BURST", "100");
    let container = talkative(setup.env("STATUSWATCH_NOTIFY", "every")).start().await;
    assert_eq!(container.started().await, Start::Ready);
    let echo = format!("no_service {webhook}");
    // Each answer for one batch; what is tried again gets `ok` then.
    let script = [
        SlackAnswer::ok(),
        SlackAnswer::new(404, echo.clone()),
        SlackAnswer::new(403, echo.clone()),
        SlackAnswer::new(200, echo.clone()),
        SlackAnswer::new(500, echo.clone()),
        SlackAnswer::new(302, echo.clone()).header("Location", &webhook),
        SlackAnswer::new(400, echo.clone()),
        SlackAnswer::ok().wire(Wire::ResetsUnanswered),
        SlackAnswer::ok().wire(Wire::Garbage(echo.into_bytes())),
    ];
    let mut answers = Vec::new();
    for (number, answer) in script.into_iter().enumerate() {
        slack.next(answer);
        answers.push(container.invoke(marked_event(number)).await);
    }
    let broken = files_in("fixtures/broken").into_iter().map(|path| as_event(&path));
    let strange = [
        format!(r#"{{"{LINE}":1,"detail":"{LINE}"}}"#).into_bytes(),
        format!(r#"{{"awslogs":{{"data":"{LINE}!"}}}}"#).into_bytes(),
        event_of(LINE.as_bytes()),
        event_of(format!(r#"{{"messageType":"{LINE}","logEvents":[]}}"#).as_bytes()),
        format!(r#"{{"Records":[{{"eventSource":"aws:kinesis","kinesis":{{"sequenceNumber":"{LINE}","data":"AAAA"}}}}]}}"#)
            .into_bytes(),
        LINE.into(),
    ];
    for event in broken.chain(strange) {
        answers.push(container.invoke(event).await);
    }
    container.terminate();
    container.exited().await;

    let posts = slack.posts();
    let marked = posts.iter().filter(|post| holds(&post.head, SECRET) && holds(&post.body, LINE)).count();
    assert!(marked > 8, "the markers go to Slack: {marked}");
    assert!(posts.iter().all(|post| !holds(&post.body, SECRET)));
    let written = written(&container, &answers);
    assert!(written.len() > 5_000, "there is something to search");
    let text = String::from_utf8_lossy(&written);
    assert!(!holds(&written, SECRET), "{text}");
    // A refused event is named by its keys.
    let keys = format!("with the keys [{LINE}, detail]");
    assert!(text.contains(&keys), "{text}");
    assert!(!holds(text.replace(&keys, "").as_bytes(), LINE), "{text}");
}

/// The bot token with the marker in it.
fn token() -> String {
    format!("xoxb-123456789012-{SECRET}")
}

/// A function that posts with the marked token.
fn with_token(slack: &FakeSlack) -> Setup {
    let setup =
        Setup::statuswatch().env("SLACK_API_URL", &slack.api_url()).env("SLACK_CHANNEL", "C0123456789");
    talkative(setup.env("STATUSWATCH_BURST", "100").env("STATUSWATCH_NOTIFY", "every"))
}

#[tokio::test]
async fn the_bot_token_shows_in_nothing_that_the_function_writes() {
    let slack = FakeSlack::start().await;
    let container = with_token(&slack).env("SLACK_BOT_TOKEN", &token()).start().await;
    assert_eq!(container.started().await, Start::Ready);
    let ok = || {
        SlackAnswer::json(200, &json!({"ok": true, "channel": token(), "ts": token(), "warning": token()}))
    };
    let no = |error: &str| SlackAnswer::json(200, &json!({"ok": false, "error": error, "needed": token()}));
    slack.otherwise(move |_| ok());
    // Each answer for one batch; what is tried again gets a yes then.
    let script = [
        ok(),
        no("invalid_auth"),
        no("not_in_channel"),
        no("internal_error"),
        no("invalid_blocks"),
        no(&token()),
        SlackAnswer::new(200, token()),
        SlackAnswer::new(401, token()),
        SlackAnswer::new(500, token()),
        SlackAnswer::new(302, token()).header("Location", &format!("{}{}", slack.api_url(), token())),
        ok().wire(Wire::ResetsUnanswered),
        ok().wire(Wire::Garbage(token().into_bytes())),
    ];
    let mut answers = Vec::new();
    for (number, answer) in script.into_iter().enumerate() {
        slack.next(answer);
        answers.push(container.invoke(marked_event(number)).await);
    }
    container.terminate();
    container.exited().await;

    let posts = slack.posts();
    let marked = posts.iter().filter(|post| holds(&post.head, SECRET) && holds(&post.body, LINE)).count();
    assert!(marked > 12, "the markers go to Slack: {marked}");
    assert!(posts.iter().all(|post| !holds(&post.body, SECRET)));
    let written = written(&container, &answers);
    assert!(written.len() > 5_000, "there is something to search");
    let text = String::from_utf8_lossy(&written);
    assert!(!holds(&written, SECRET), "{text}");
    assert!(!holds(&written, LINE), "{text}");
}

#[tokio::test]
async fn a_stored_bot_token_shows_neither_when_it_is_fetched_nor_when_it_is_refused() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    let setup =
        || with_token(&slack).env("SLACK_BOT_TOKEN_SECRET", "slack").env("AWS_ENDPOINT_URL", &aws.url());
    aws.next(200, &json!({"SecretString": token()}));
    let container = setup().start().await;
    assert_eq!(container.started().await, Start::Ready);
    slack.otherwise(|_| SlackAnswer::json(200, &json!({"ok": false, "error": "token_revoked"})));
    aws.next(200, &json!({"SecretString": token().replace("xoxb", "xoxp")}));
    let answers = [container.invoke(marked_event(0)).await];
    let first = written(&container, &answers);
    assert!(slack.posts().iter().any(|post| holds(&post.head, SECRET)));
    assert!(!holds(&first, SECRET) && !holds(&first, LINE), "{}", String::from_utf8_lossy(&first));

    for body in
        [json!({"a": token(), "b": token()}).to_string(), SECRET.into(), format!("xoxb-{SECRET} {SECRET}")]
    {
        aws.next(200, &json!({"SecretString": body}));
        let container = setup().start().await;
        assert!(matches!(container.started().await, Start::Died(_)));
        let written = written(&container, &[]);
        let text = String::from_utf8_lossy(&written);
        assert!(holds(&written, "cannot start") && !holds(&written, SECRET), "{text}");
    }
}

#[tokio::test]
async fn a_bot_token_in_the_wrong_place_shows_in_no_refusal() {
    for name in [
        "SLACK_WEBHOOK_URL",
        "SLACK_WEBHOOK_PARAMETER",
        "SLACK_WEBHOOK_SECRET",
        "SLACK_BOT_TOKEN_PARAMETER",
        "SLACK_BOT_TOKEN_SECRET",
        "SLACK_CHANNEL",
        "SLACK_API_URL",
        "SLACK_COLOR",
        "STATUSWATCH_RULES",
        "STATUSWATCH_FORMAT",
        "STATUSWATCH_ALLOWED_HOSTS",
        "STATUSWATCH_TOKEN",
        "AWS_ENDPOINT_URL",
    ] {
        let setup = Setup::statuswatch().env("SLACK_BOT_TOKEN", &token()).env(name, &token());
        // The endpoint is looked at only where something is in AWS.
        let is_endpoint = name == "AWS_ENDPOINT_URL";
        let setup = if is_endpoint { setup.env("SLACK_BOT_TOKEN_PARAMETER", "x") } else { setup };
        let container = talkative(setup).start().await;
        assert!(matches!(container.started().await, Start::Died(_)), "{name}");
        let written = written(&container, &[]);
        let text = String::from_utf8_lossy(&written);
        assert!(holds(&written, "cannot start") && !holds(&written, SECRET), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_webhook_in_the_wrong_place_shows_in_no_refusal() {
    for name in [
        "SLACK_WEBHOOK_URL",
        "SLACK_WEBHOOK_PARAMETER",
        "SLACK_WEBHOOK_SECRET",
        "SLACK_COLOR",
        "STATUSWATCH_RULES",
        "STATUSWATCH_FORMAT",
        "STATUSWATCH_MAX_LINES",
        "STATUSWATCH_ALLOWED_HOSTS",
        "STATUSWATCH_LOG_GROUPS",
        "STATUSWATCH_WEBHOOK",
        "AWS_ENDPOINT_URL",
    ] {
        let url = format!("ftp://hooks.slack.com/services/T0/B0/{SECRET}");
        let setup = Setup::statuswatch().env(name, &url);
        // The endpoint is looked at only where something is in AWS.
        let is_endpoint = name == "AWS_ENDPOINT_URL";
        let setup = if is_endpoint { setup.env("SLACK_WEBHOOK_PARAMETER", "x") } else { setup };
        let container = talkative(setup).start().await;
        assert!(matches!(container.started().await, Start::Died(_)), "{name}");
        let written = written(&container, &[]);
        assert!(
            holds(&written, "cannot start") && !holds(&written, SECRET),
            "{name}: {}",
            String::from_utf8_lossy(&written)
        );
    }
}

#[tokio::test]
async fn a_stored_webhook_shows_neither_when_it_is_fetched_nor_when_it_is_refused() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    let setup = || {
        talkative(
            Setup::statuswatch().env("SLACK_WEBHOOK_SECRET", "slack").env("AWS_ENDPOINT_URL", &aws.url()),
        )
    };
    aws.next(200, &json!({"SecretString": slack.webhook(SECRET)}));
    let container = setup().start().await;
    assert_eq!(container.started().await, Start::Ready);
    slack.otherwise(|_| SlackAnswer::new(404, "no_service"));
    aws.next(200, &json!({"SecretString": format!("https://evil.example/{SECRET}")}));
    let answers = [container.invoke(marked_event(0)).await];
    let written_by_first = written(&container, &answers);
    assert!(slack.posts().iter().any(|post| holds(&post.head, SECRET)));
    assert!(!holds(&written_by_first, SECRET) && !holds(&written_by_first, LINE));

    for body in
        [format!("{{\"a\":\"{SECRET}\",\"b\":\"{SECRET}\"}}"), SECRET.into(), format!("http://x/{SECRET}")]
    {
        aws.next(200, &json!({"SecretString": body}));
        let container = setup().start().await;
        assert!(matches!(container.started().await, Start::Died(_)));
        let written = written(&container, &[]);
        assert!(
            holds(&written, "cannot start") && !holds(&written, SECRET),
            "{}",
            String::from_utf8_lossy(&written)
        );
    }
}

#[tokio::test]
async fn neither_the_webhook_nor_the_bot_token_is_written_to_the_table() {
    let (aws, slack) = (FakeAws::start().await, FakeSlack::start().await);
    let table = |setup: Setup| {
        let setup = setup.env("STATUSWATCH_STATE_TABLE", "state").env("AWS_ENDPOINT_URL", &aws.url());
        talkative(setup.env("STATUSWATCH_NOTIFY", "incidents"))
    };
    for setup in [
        Setup::statuswatch().env("SLACK_WEBHOOK_URL", &slack.webhook(SECRET)),
        with_token(&slack).env("SLACK_BOT_TOKEN", &token()),
    ] {
        let before = aws.calls().len();
        (0..50).for_each(|_| aws.next(200, &json!({"Items": [], "Count": 0, "ScannedCount": 0})));
        let container = table(setup).start().await;
        assert_eq!(container.started().await, Start::Ready);
        let answers = [container.invoke(marked_event(0)).await];
        let written = written(&container, &answers);
        assert!(!holds(&written, SECRET) && !holds(&written, LINE), "{}", String::from_utf8_lossy(&written));
        let bodies = aws.calls()[before..].iter().map(|call| call.body.to_string()).collect::<String>();
        assert!(holds(bodies.as_bytes(), LINE), "the lines go to the table: {bodies}");
        assert!(!holds(bodies.as_bytes(), SECRET), "{bodies}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_neither_the_webhook_nor_the_bot_token() {
    let slack = FakeSlack::start().await;
    let webhook = slack.webhook(SECRET);
    slack.next(SlackAnswer::new(404, format!("no_service {webhook}")));
    slack.next(SlackAnswer::new(200, format!("hello {webhook}")));
    for (webhook, arguments) in [
        (
            webhook.clone(),
            &["replay", "--deliver", "fixtures/02-one-error.json", "fixtures/03-a-few-errors.json"][..],
        ),
        (format!("https://evil.example/{SECRET}"), &["replay", "--deliver", DEMONSTRATION]),
        (webhook, &["replay", "--help"]),
    ] {
        let mut command = statuswatch(arguments);
        command.env("SLACK_WEBHOOK_URL", webhook).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let written = [output.stdout, output.stderr].concat();
        assert!(!written.is_empty() && !holds(&written, SECRET), "{}", String::from_utf8_lossy(&written));
    }
    assert_eq!(slack.posts().iter().filter(|post| holds(&post.head, SECRET)).count(), 2);

    slack.next(SlackAnswer::json(200, &json!({"ok": false, "error": "invalid_auth", "needed": token()})));
    for (name, value) in [("SLACK_BOT_TOKEN", token()), ("SLACK_BOT_TOKEN", token().replace("xoxb", "xoxp"))]
    {
        let mut command = statuswatch(&["replay", "--deliver", "fixtures/02-one-error.json"]);
        command.env(name, value).env("SLACK_CHANNEL", "C0123456789").env("SLACK_API_URL", slack.api_url());
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let written = [output.stdout, output.stderr].concat();
        assert!(!written.is_empty() && !holds(&written, SECRET), "{}", String::from_utf8_lossy(&written));
    }
    assert_eq!(slack.posts().iter().filter(|post| holds(&post.head, SECRET)).count(), 3);
}
