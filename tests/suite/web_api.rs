//! The function and `replay --deliver` with a bot token: what reaches a Web API that validates as Slack does.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use statuswatch::{
    http::{Budget, HttpClient},
    slack::{
        api_url::ApiUrl,
        bot_token::BotToken,
        client::{Client, ClientSettings, Endpoint},
        message::Message,
        post::{PlainBody, Post, PostError, Receipt, Target},
        webhook_url::{AllowedHosts, WebhookUrl},
    },
};
use tokio::time::Instant;

use crate::binary::{logged, started, text};
use crate::fake_aws::FakeAws;
use crate::fake_lambda::container::Setup;
use crate::fake_slack::{Answer as SlackAnswer, FakeSlack, web_api::WebApi};
use crate::fixtures::{DEMONSTRATION, as_event, bytes, event_of, files_in};
use crate::replayed::{Report, replay, run, statuswatch};

const TOKEN: &str = "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx";
const CHANNEL: &str = "C0123456789";
const ONE_ERROR: &str = "fixtures/02-one-error.json";
const FEW_ERRORS: &str = "fixtures/03-a-few-errors.json";

/// A Slack that is the Web API.
async fn slack_with_api() -> (FakeSlack, WebApi) {
    let (slack, api) = (FakeSlack::start().await, WebApi::new(TOKEN, CHANNEL));
    slack.otherwise({
        let api = api.clone();
        move |post| api.answer(post)
    });
    (slack, api)
}

/// The function, posting every delivery to the channel, with room for every post of a test.
fn function(slack: &FakeSlack) -> Setup {
    let setup = Setup::statuswatch().env("SLACK_CHANNEL", CHANNEL).env("SLACK_API_URL", &slack.api_url());
    setup.env("STATUSWATCH_BURST", "100").env("STATUSWATCH_NOTIFY", "every")
}

#[tokio::test]
async fn every_fixture_is_posted_to_the_channel_as_the_webhook_would_get_it() {
    let (slack, api) = slack_with_api().await;
    let container = started(function(&slack).env("SLACK_BOT_TOKEN", TOKEN)).await;
    let mut shown = 0;
    for path in files_in(DEMONSTRATION) {
        let event = as_event(&path);
        let before = api.messages().len();
        let answer: Value = serde_json::from_str(&text(&container.invoke(event.clone()).await)).unwrap();
        let messages = &api.messages()[before..];
        if let Some(posted) = answer["posted"].as_u64() {
            assert_eq!(
                (messages.len() as u64, &answer["failed"], &answer["ambiguous"]),
                (posted, &json!(0), &json!(0)),
                "{path}"
            );
        }
        shown += messages.len();
        for posted in messages {
            assert_eq!((&posted.thread_ts, posted.updates), (&None, 0));
        }
    }
    assert_eq!(api.refusals(), [""; 0]);
    assert!(shown > 15, "{shown}");
    for post in slack.posts() {
        assert_eq!(post.request_line(), "POST /api/chat.postMessage HTTP/1.1");
    }
    assert_eq!(slack.connections(), 1, "the answer is read to its end");
}

#[tokio::test]
async fn an_incident_has_one_message_in_the_channel_and_all_others_in_its_thread() {
    let (slack, api) = slack_with_api().await;
    let setup = Setup::statuswatch().env("SLACK_CHANNEL", CHANNEL).env("SLACK_API_URL", &slack.api_url());
    let container = started(setup.env("SLACK_BOT_TOKEN", TOKEN)).await;
    for (fixture, shown) in [(ONE_ERROR, 1), (FEW_ERRORS, 3)] {
        let answer: Value =
            serde_json::from_str(&text(&container.invoke(event_of(&bytes(fixture))).await)).unwrap();
        assert_eq!(
            (&answer["shown"], &answer["failed"], &answer["pending"]),
            (&json!(shown), &json!(0), &json!(0))
        );
    }
    container.invoke(bytes("fixtures/alarms/sns-metric-alarm.json")).await;
    assert_eq!(api.refusals(), [""; 0]);
    let mut messages = api.messages();
    let alarm = messages.pop().unwrap();
    assert!(alarm.message["text"].as_str().unwrap().starts_with("ALARM") && alarm.thread_ts.is_none());
    let (parent, replies) = messages.split_first().unwrap();
    assert_eq!((&parent.thread_ts, replies.len()), (&None, 2));
    for reply in replies {
        assert_eq!(reply.thread_ts.as_ref(), Some(&parent.ts));
    }
    let heading = |message: &Value| message["text"].as_str().unwrap().replace('\u{200b}', "");
    let headings: Vec<String> = messages.iter().map(|posted| heading(&posted.message)).collect();
    let log_group = "/aws/apigateway/hogehoge-accesslog";
    assert_eq!(headings[0], format!("504 POST /v1/orders · 1 error · {log_group}"));
    assert_eq!(headings[1], format!("504 POST /v1/orders · integration: timeout · {log_group}"));
    assert!(
        headings[2]
            .starts_with("New in this incident: 502 POST /v1/orders · integration and 1 more · +3 since")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deliver_posts_the_bodies_that_json_shows_with_the_channel() {
    let (slack, api) = slack_with_api().await;
    let mut command =
        statuswatch(&["replay", "--deliver", "--json", FEW_ERRORS, "fixtures/07-kinesis-event.json"]);
    command.env("SLACK_BOT_TOKEN", TOKEN).env("SLACK_CHANNEL", CHANNEL).env("SLACK_API_URL", slack.api_url());
    command.env("SLACK_USER_NAME", "API").env("SLACK_ICON_EMOJI", ":rotating_light:");
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let reports = run.reports();
    let shown: Vec<Value> =
        reports.iter().flat_map(Report::bodies).map(|body| serde_json::from_str(body).unwrap()).collect();
    let posted: Vec<Value> = api.messages().into_iter().map(|posted| posted.message).collect();
    assert_eq!((posted.len(), &posted), (2, &shown));
    assert_eq!(
        (&posted[0]["username"], &posted[0]["icon_emoji"]),
        (&json!("API"), &json!(":rotating_light:"))
    );
    assert_eq!(api.refusals(), [""; 0]);
    replay(&[FEW_ERRORS]);
    assert_eq!(api.messages().len(), 2, "nothing is posted without --deliver");
}

#[tokio::test]
async fn a_token_in_aws_is_fetched_at_the_start_and_again_when_slack_refuses_it() {
    let old = TOKEN.replace("1234", "4321");
    let parameter =
        |token: &str| json!({"Parameter": {"Name": "/prod/slack", "Value": format!("{token}\n")}});
    let secret = |token: &str| json!({"SecretString": json!({"token": token}).to_string()});
    for (variable, target, before, after) in [
        ("SLACK_BOT_TOKEN_PARAMETER", "AmazonSSM.GetParameter", parameter(&old), parameter(TOKEN)),
        ("SLACK_BOT_TOKEN_SECRET", "secretsmanager.GetSecretValue", secret(&old), secret(TOKEN)),
    ] {
        let (aws, (slack, api)) = (FakeAws::start().await, slack_with_api().await);
        aws.next(200, &before);
        aws.next(200, &after);
        let setup = function(&slack).env(variable, "/prod/slack").env("AWS_ENDPOINT_URL", &aws.url());
        let container = started(setup).await;
        let answer: Value =
            serde_json::from_str(&text(&container.invoke(event_of(&bytes(ONE_ERROR))).await)).unwrap();
        assert_eq!(
            (&answer["shown"], &answer["failed"], &answer["posted"]),
            (&json!(1), &json!(0), &json!(1))
        );
        assert_eq!(
            (api.refusals(), api.messages().len()),
            (vec!["invalid_auth: another token".to_owned()], 1)
        );
        assert_eq!(aws.calls().iter().map(|call| call.target.as_str()).collect::<Vec<_>>(), [target, target]);
        assert_eq!(
            logged(&container),
            ["INFO the bot token was replaced since the start; posting with the new one"]
        );
        // The new one is kept: the next message goes straight there.
        container.invoke(event_of(&bytes(FEW_ERRORS))).await;
        assert_eq!((aws.calls().len(), slack.posts().len()), (2, 3));
    }
}

#[tokio::test]
async fn what_the_web_api_refuses_is_in_the_log_with_its_fix() {
    let (slack, api) = slack_with_api().await;
    let container = started(function(&slack).env("SLACK_BOT_TOKEN", TOKEN)).await;
    for word in ["not_in_channel", "is_archived", "missing_scope", "a_word_of_next_year"] {
        let no = SlackAnswer::json(200, &json!({"ok": false, "error": word}));
        slack.next(no.clone());
        if word == "a_word_of_next_year" {
            slack.next(no);
        }
        container.invoke(event_of(&bytes(ONE_ERROR))).await;
    }
    let mut log = String::new();
    for line in logged(&container) {
        writeln!(log, "{line}").unwrap();
    }
    assert_snapshot!(log);
    assert!(!log.contains("next_year"));
    assert_eq!(
        (slack.posts().len(), api.messages().len()),
        (5, 0),
        "one request each, but for an unknown word"
    );
    let answer: Value =
        serde_json::from_str(&text(&container.invoke(event_of(&bytes(ONE_ERROR))).await)).unwrap();
    assert_eq!(
        (&answer["shown"], &answer["duplicate"]),
        (&json!(1), &json!(0)),
        "nothing was taken for told"
    );
}

/// What incidents are made of: a parent, replies to it, and updates of it.
#[tokio::test]
async fn a_parent_is_replied_to_and_updated_by_its_receipt() {
    let (slack, api) = slack_with_api().await;
    let mut client = client(&slack);
    let parent = post(&mut client, "2 errors", Target::Parent).await.unwrap();
    assert_eq!(parent.channel().as_str(), CHANNEL);
    let quiet =
        post(&mut client, "the lines", Target::Reply { parent: &parent, in_channel: false }).await.unwrap();
    post(&mut client, "OK again", Target::Reply { parent: &parent, in_channel: true }).await.unwrap();
    let updated = post(&mut client, "4 errors", Target::Update(&parent)).await.unwrap();
    assert_eq!(updated, parent);

    let messages = api.messages();
    let seen: Vec<_> = messages
        .iter()
        .map(|posted| {
            let text = posted.message["text"].as_str().unwrap();
            (text, posted.thread_ts.as_deref(), posted.reply_broadcast, posted.updates)
        })
        .collect();
    let thread = Some(parent.ts());
    assert_eq!(
        seen,
        [("4 errors", None, false, 1), ("the lines", thread, false, 0), ("OK again", thread, true, 0)]
    );

    // A reply is no parent, and what is not there cannot be updated: the caller has to post a new parent.
    let nowhere = Receipt::new(CHANNEL.parse().unwrap(), "1.2").unwrap();
    for target in [Target::Reply { parent: &quiet, in_channel: false }, Target::Update(&nowhere)] {
        let gone = post(&mut client, "x", target).await;
        assert!(matches!(gone, Err(PostError::MessageGone { .. })), "{gone:?}");
    }
    assert_eq!(slack.posts().len(), 6, "neither is tried twice");
}

#[tokio::test]
async fn a_webhook_neither_replies_nor_updates() {
    let slack = FakeSlack::start().await;
    let parent = Receipt::new(CHANNEL.parse().unwrap(), "1.2").unwrap();
    let url = WebhookUrl::parse(&slack.webhook("x"), &AllowedHosts::default()).unwrap();
    let mut client = Client::new(HttpClient::new().unwrap(), url, ClientSettings::default());
    for target in [Target::Reply { parent: &parent, in_channel: true }, Target::Update(&parent)] {
        let refused = post(&mut client, "x", target).await;
        assert_eq!(refused, Err(PostError::NeedsBotToken));
    }
    assert_eq!(slack.posts().len(), 0);
}

fn client(slack: &FakeSlack) -> Client {
    let endpoint = Endpoint::WebApi {
        api: ApiUrl::parse(&slack.api_url()).unwrap(),
        token: BotToken::parse(TOKEN).unwrap(),
        channel: CHANNEL.parse().unwrap(),
    };
    Client::new(HttpClient::new().unwrap(), endpoint, ClientSettings::default())
}

async fn post(client: &mut Client, text: &str, target: Target<'_>) -> Result<Receipt, PostError> {
    let body = Message::new(text).json();
    let deadline = Instant::now() + std::time::Duration::from_mins(10);
    let budget = Budget::until(deadline, std::time::SystemTime::UNIX_EPOCH);
    let outcome = client.post(Post { body: &body, plain_body: PlainBody(&|| &body), target }, budget).await;
    outcome.result.map(|accepted| accepted.receipt.expect("the Web API gives a receipt"))
}
