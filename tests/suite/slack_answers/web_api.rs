//! Every answer that the Web API can give: each of its error words, and what is no word, as a table of what became of
//! the lines; and the same for parents, replies and updates, as a table of the client's outcomes.

use std::fmt::Write as _;

use serde_json::json;
use statuswatch::{
    http::{Budget, HttpClient},
    slack::{
        api_url::ApiUrl,
        bot_token::BotToken,
        client::{Client, ClientSettings, Endpoint},
        post::{ErrorWord, PlainBody, Post, PostError, PostOutcome, Receipt, Target, Unconfirmed},
    },
};
use tokio::time::Instant;

use super::{BodyKind, CANARY, TRIES, class, line, tell_to};
use crate::fake_slack::{Answer, Body, FakeSlack, Wire};

const POSTED: &str = r#"{"ok":true,"channel":"C0123456789","ts":"1503435956.000247","message":{"text":"x"}}"#;

fn endpoint(slack: &FakeSlack) -> Endpoint {
    Endpoint::WebApi {
        api: ApiUrl::parse(&slack.api_url()).unwrap(),
        token: BotToken::parse(&format!("xoxb-1-{CANARY}")).unwrap(),
        channel: "C0123456789".parse().unwrap(),
    }
}

/// All words, in the order of the alphabet.
fn words() -> Vec<ErrorWord> {
    let mut words: Vec<_> = ErrorWord::all().collect();
    words.sort_by_key(|word| word.as_str());
    words
}

/// A no by this word; where it asks for a pause, for one that no invocation waits for.
fn no(word: &str) -> Answer {
    let answer = Answer::json(200, &json!({"ok": false, "error": word})).closing();
    if ["ratelimited", "rate_limited"].contains(&word) { answer.header("Retry-After", "60") } else { answer }
}

/// What is no word of Slack's, each with its name.
fn further() -> Vec<(&'static str, Answer)> {
    let cut = |bytes: &str| Answer::new(200, "").body(Body::CutShort(bytes.into())).closing();
    let yes = |body: &str| Answer::new(200, body).closing();
    vec![
        ("ok", yes(POSTED)),
        (
            "ok with a warning",
            yes(r#"{"ok":true,"warning":"missing_charset","channel":"C0123456789","ts":"1.2"}"#),
        ),
        ("ok and no more", yes(r#"{"ok":true}"#)),
        ("ok, cut behind the timestamp", cut(&POSTED[..70])),
        ("ok, cut before it is said", cut(&POSTED[..6])),
        ("ok of a webhook", yes("ok")),
        ("a page of a proxy", yes("<html>Blocked</html>")),
        ("nothing", yes("")),
        ("neither ok nor not", yes("{}")),
        ("no without a word", yes(r#"{"ok":false}"#)),
        ("no with a word that is not known", no("a_word_of_next_year")),
        ("no, cut behind the word", cut(r#"{"ok":false,"error":"not_in_channel","#)),
        (
            "429",
            Answer::json(429, &json!({"ok": false, "error": "ratelimited"}))
                .header("Retry-After", "60")
                .closing(),
        ),
        ("500", Answer::new(500, "").closing()),
        ("302", Answer::new(302, "").header("Location", "https://evil.example/").closing()),
        ("403 with a word", Answer::json(403, &json!({"ok": false, "error": "not_in_channel"})).closing()),
        ("404 without one", Answer::new(404, "not found").closing()),
        ("reset after Slack took the message", Answer::ok().wire(Wire::ResetsUnanswered)),
    ]
}

#[tokio::test]
async fn every_word_of_the_web_api_has_its_row() {
    let http = HttpClient::new().unwrap();
    let words = words().into_iter().map(|word| (word.as_str(), no(word.as_str())));
    let mut out = String::new();
    for (name, answer) in words.chain(further()) {
        let slack = FakeSlack::start().await;
        slack.otherwise(move |_| answer.clone());
        let (mut row, error) = tell_to(&http, endpoint(&slack), BodyKind::Ok.settings()).await;
        row.requests = slack.posts().len();
        writeln!(out, "{name:<41} {}", line(&row)).unwrap();
        if let Some(error) = error {
            assert!(!error.to_string().contains("next_year"), "{error}");
        }
    }
    insta::assert_snapshot!(out);
}

/// What an operator reads, once for each text.
#[test]
fn a_refusal_says_what_to_do() {
    let mut out = String::new();
    for word in [
        Some("not_in_channel"),
        Some("channel_not_found"),
        Some("is_archived"),
        Some("invalid_auth"),
        Some("token_expired"),
        Some("missing_scope"),
        Some("restricted_action"),
        Some("unknown_method"),
        None,
    ] {
        let word = word.map(|word| ErrorWord::all().find(|known| known.as_str() == word).unwrap());
        writeln!(out, "{}", PostError::Refused { word }).unwrap();
    }
    let word = ErrorWord::all().find(|word| word.as_str() == "message_not_found");
    for error in [
        PostError::MessageGone { word },
        PostError::Unconfirmed(Unconfirmed::Unreadable),
        PostError::Unconfirmed(Unconfirmed::Lost(statuswatch::http::TransportFault::Broken)),
        PostError::NeedsBotToken,
    ] {
        writeln!(out, "{error}").unwrap();
    }
    insta::assert_snapshot!(out);
}

#[tokio::test]
async fn a_stored_credential_is_fetched_again_only_for_words_about_it() {
    let about: Vec<_> = words()
        .into_iter()
        .filter(|word| PostError::Refused { word: Some(*word) }.is_credential_problem())
        .map(ErrorWord::as_str)
        .collect();
    assert_eq!(
        about,
        [
            "account_inactive",
            "invalid_auth",
            "invalid_token",
            "missing_scope",
            "no_permission",
            "not_allowed_token_type",
            "not_authed",
            "token_expired",
            "token_revoked"
        ]
    );
}

/// Parents, replies and updates: what the client does after each kind of answer.
#[tokio::test]
async fn every_target_has_its_row_for_every_kind_of_answer() {
    let http = HttpClient::new().unwrap();
    let parent = Receipt::new("C0123456789".parse().unwrap(), "1503435956.000100").unwrap();
    let words = [
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "block_mismatch",
        "restricted_action_thread_locked",
        "msg_too_long",
        "invalid_blocks",
        "internal_error",
        "ratelimited",
        "not_in_channel",
    ];
    let mut out = String::new();
    for (target, name) in [
        (Target::Channel, "channel"),
        (Target::Parent, "parent"),
        (Target::Reply { parent: &parent, in_channel: true }, "reply"),
        (Target::Update(&parent), "update"),
    ] {
        for (case, answer) in words.iter().map(|word| (*word, no(word))).chain(further()) {
            let slack = FakeSlack::start().await;
            slack.otherwise(move |_| answer.clone());
            let (outcome, requests) = post(&http, &slack, target).await;
            writeln!(out, "{name:<8} {case:<41} {}", of(&outcome, requests)).unwrap();
        }
    }
    insta::assert_snapshot!(out);
}

/// A second answer follows where the first asks for another request.
#[tokio::test]
async fn a_message_that_slack_cannot_read_goes_once_more_as_plain_text_wherever_it_stands() {
    let http = HttpClient::new().unwrap();
    let parent = Receipt::new("C0123456789".parse().unwrap(), "1503435956.000100").unwrap();
    for (target, method) in [
        (Target::Channel, "chat.postMessage"),
        (Target::Parent, "chat.postMessage"),
        (Target::Reply { parent: &parent, in_channel: false }, "chat.postMessage"),
        (Target::Update(&parent), "chat.update"),
    ] {
        for word in ["msg_too_long", "invalid_blocks", "msg_blocks_too_long", "a_word_of_next_year"] {
            let slack = FakeSlack::start().await;
            slack.next(no(word));
            slack.otherwise(|_| Answer::new(200, POSTED).closing());
            let (outcome, requests) = post(&http, &slack, target).await;
            let accepted = outcome.result.unwrap();
            assert!(
                accepted.as_plain_text && accepted.receipt.is_some() && requests == 2,
                "{target:?} {word}"
            );
            let posts = slack.posts();
            let path = format!("POST /api/{method} HTTP/1.1");
            assert!(posts.iter().all(|post| post.request_line() == path), "{target:?}");
            assert_eq!((posts[0].text(), posts[1].text()), ("as it should look", "plain"));
        }
    }
}

async fn post(http: &HttpClient, slack: &FakeSlack, target: Target<'_>) -> (PostOutcome, usize) {
    let settings = ClientSettings { tries: TRIES, ..BodyKind::Ok.settings() };
    let mut client = Client::new(http.clone(), endpoint(slack), settings);
    let post = Post {
        body: r#"{"text":"as it should look"}"#,
        plain_body: PlainBody(&|| r#"{"text":"plain"}"#),
        target,
    };
    let deadline = Instant::now() + std::time::Duration::from_mins(10);
    let outcome = client.post(post, Budget::until(deadline, std::time::SystemTime::UNIX_EPOCH)).await;
    assert!(!format!("{outcome:?} {client:?}").contains(CANARY), "{outcome:?}");
    (outcome, slack.posts().len())
}

fn of(outcome: &PostOutcome, requests: usize) -> String {
    let what = match &outcome.result {
        Ok(accepted) => {
            let receipt =
                accepted.receipt.as_ref().map_or("no receipt".to_owned(), |receipt| receipt.ts().to_owned());
            format!("accepted: {receipt}")
        }
        Err(error) => class(*error),
    };
    let ambiguous =
        if outcome.ambiguous > 0 { format!(", ambiguous {}", outcome.ambiguous) } else { String::new() };
    format!("{what}: requests {requests}{ambiguous}")
}
