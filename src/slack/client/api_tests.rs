//! The client of the Web API against a server that answers by a script, over real connections.

use super::*;
use crate::http::scripted_server::{Reply, ScriptedServer};
use crate::slack::api_url::ApiUrl;
use crate::slack::bot_token::BotToken;
use crate::slack::post::{PlainBody, PostError, Receipt, Target};

const CANARY: &str = "CANARY0bot0token";
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn client(server: &ScriptedServer) -> Client {
    let settings = ClientSettings { backoff: Duration::ZERO, ..ClientSettings::default() };
    Client::new(HttpClient::new().unwrap(), endpoint(server, "xoxb-1-"), settings)
}

fn endpoint(server: &ScriptedServer, prefix: &str) -> Endpoint {
    Endpoint::WebApi {
        api: ApiUrl::parse(&server.url("/api/")).unwrap(),
        token: BotToken::parse(&format!("{prefix}{CANARY}")).unwrap(),
        channel: "C0123456789".parse().unwrap(),
    }
}

fn posted() -> String {
    r#"{"ok":true,"channel":"C0123456789","ts":"1503435956.000247","message":{}}"#.to_owned()
}

fn receipt() -> Receipt {
    Receipt::new("C0123456789".parse().unwrap(), "1503435956.000247").unwrap()
}

async fn post(client: &mut Client, target: Target<'_>) -> PostOutcome {
    let budget = Budget::until(Instant::now() + Duration::from_mins(10), NOW);
    let (body, plain_body) = (r#"{"text":"x"}"#, PlainBody(&|| r#"{"text":"y"}"#));
    client.post(Post { body, plain_body, target }, budget).await
}

#[tokio::test]
async fn a_post_is_json_with_the_token_to_the_method() {
    let server = ScriptedServer::start([Reply::new(200, &posted())]).await;
    let mut client = client(&server);
    let receipt = post(&mut client, Target::Parent).await.result.unwrap().receipt.unwrap();
    assert_eq!(receipt, self::receipt());
    assert!(post(&mut client, Target::Update(&receipt)).await.result.is_ok());
    for (request, method) in server.requests().iter().zip(["chat.postMessage", "chat.update"]) {
        assert!(request.starts_with(&format!("POST /api/{method} HTTP/1.1\r\n")), "{request}");
        let request = request.to_lowercase();
        assert!(request.contains("\r\ncontent-type: application/json; charset=utf-8\r\n"), "{request}");
        let token = format!("\r\nauthorization: bearer xoxb-1-{CANARY}\r\n").to_lowercase();
        assert!(request.contains(&token), "{request}");
    }
    assert_eq!(
        server.bodies(),
        [
            r#"{"channel":"C0123456789","text":"x"}"#,
            r#"{"channel":"C0123456789","ts":"1503435956.000247","parse":"none","attachments":[],"text":"x"}"#
        ]
    );
}

/// Slack repeats the message in its answer, behind what is read of it.
#[tokio::test]
async fn an_answer_longer_than_is_read_has_its_receipt() {
    let long = posted().replace("{}", &format!(r#"{{"text":"{}"}}"#, "é".repeat(100_000)));
    let server = ScriptedServer::start([Reply::new(200, &long)]).await;
    let outcome = post(&mut client(&server), Target::Parent).await;
    assert_eq!(outcome.result.unwrap().receipt, Some(receipt()));
}

#[tokio::test(start_paused = true)]
async fn slacks_words_for_too_fast_pause_their_method_alone() {
    let parent = receipt();
    for (word, is_update) in [("ratelimited", false), ("rate_limited", false), ("ratelimited", true)] {
        let no = format!(r#"{{"ok":false,"error":"{word}"}}"#);
        let limited = Reply::with_headers(200, "retry-after: 30\r\n", &no);
        let server = ScriptedServer::start([limited, Reply::new(200, &posted())]).await;
        let mut client = client(&server);
        let targets = [Target::Reply { parent: &parent, in_channel: false }, Target::Update(&parent)];
        let (first, other) = if is_update { (targets[1], targets[0]) } else { (targets[0], targets[1]) };
        let wait = PostError::RateLimited { retry_after: Duration::from_secs(30) };
        let outcome = post(&mut client, first).await;
        assert_eq!((outcome.result, outcome.requests), (Err(wait), 1));
        let paused = post(&mut client, first).await;
        assert!(
            matches!(paused.result, Err(PostError::RateLimited { .. })) && paused.requests == 0,
            "{paused:?}"
        );
        assert!(post(&mut client, other).await.result.is_ok(), "Slack counts each method by itself");
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(post(&mut client, first).await.result.is_ok());
        assert_eq!(server.requests().len(), 3);
    }
}

/// Lost after sending: a parent is given back, whatever else is sent again.
#[tokio::test]
async fn a_parent_whose_answer_is_lost_is_sent_once_and_all_else_again() {
    let parent = receipt();
    let reply = Target::Reply { parent: &parent, in_channel: false };
    for (target, requests) in
        [(Target::Parent, 1), (Target::Channel, 2), (reply, 2), (Target::Update(&parent), 2)]
    {
        for lost in
            [Reply::Reset, Reply::Close("HTTP/1.1 200 X\r\ncontent-length: 50\r\n\r\n{\"ok\":".into())]
        {
            let server = ScriptedServer::start([lost, Reply::new(200, &posted())]).await;
            let outcome = post(&mut client(&server), target).await;
            assert_eq!(
                (outcome.requests, server.requests().len()),
                (requests, requests as usize),
                "{target:?}"
            );
            let is_unconfirmed = matches!(outcome.result, Err(PostError::Unconfirmed(_)));
            assert_eq!(is_unconfirmed, target == Target::Parent, "{outcome:?}");
            assert_eq!(outcome.ambiguous, u32::from(!matches!(target, Target::Update(_))), "{target:?}");
        }
    }
}

#[tokio::test]
async fn a_token_can_be_replaced_after_it_was_refused() {
    let revoked = Reply::new(200, r#"{"ok":false,"error":"token_revoked"}"#);
    let server = ScriptedServer::start([revoked, Reply::new(200, &posted())]).await;
    let mut client = client(&server);
    assert!(post(&mut client, Target::Channel).await.result.is_err_and(PostError::is_credential_problem));
    assert!(!client.replace_endpoint(endpoint(&server, "xoxb-1-")));
    assert!(client.replace_endpoint(endpoint(&server, "xoxb-2-")));
    assert!(post(&mut client, Target::Channel).await.result.is_ok());
    assert!(server.requests()[1].contains(&format!("Bearer xoxb-2-{CANARY}")));
}

#[tokio::test]
async fn the_token_shows_in_no_text_of_the_client_or_its_outcomes() {
    for reply in [
        Reply::new(200, &format!(r#"{{"ok":false,"error":"{CANARY}","needed":"{CANARY}"}}"#)),
        Reply::new(200, CANARY),
        Reply::new(500, CANARY),
        Reply::Reset,
        Reply::with_headers(302, &format!("location: /{CANARY}\r\n"), CANARY),
        Reply::with_headers(429, &format!("retry-after: {CANARY}\r\n"), CANARY),
    ] {
        let server = ScriptedServer::start([reply]).await;
        let mut client = client(&server);
        let outcome = post(&mut client, Target::Channel).await;
        let error = outcome.result.as_ref().unwrap_err();
        let shown = format!("{client:?} {client:#?} {outcome:?} {error} {error:?}");
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(server.requests()[0].contains(CANARY));
    }
}
