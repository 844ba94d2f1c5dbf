//! The fake Slack against a plain client: each fault must look from outside like what it is called.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::json;

use super::*;

/// A client without opinions: no proxy, no redirect, no retry.
fn client() -> Client {
    // Another test of this process may have installed it before.
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tls_certs_only([])
        .build()
        .unwrap()
}

async fn post(client: &Client, url: &str) -> reqwest::Result<Response> {
    let body = json!({"text": "one error"}).to_string();
    client.post(url).header("Content-Type", "application/json").body(body).send().await
}

#[tokio::test]
async fn a_message_is_kept_byte_for_byte_and_answered_ok() {
    let slack = FakeSlack::start().await;
    let response = post(&client(), &slack.webhook("s3cret")).await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (200, "ok".into()));

    let posts = slack.wait_for_posts(1).await;
    assert_eq!(posts[0].request_line(), "POST /services/T00000000/B00000000/s3cret HTTP/1.1");
    assert_eq!(posts[0].header("CONTENT-TYPE").as_deref(), Some("application/json"));
    assert_eq!(posts[0].body, br#"{"text":"one error"}"#);
    assert_eq!(posts[0].answered_bytes, 2);
    assert_eq!(slack.texts(), ["one error"]);
    assert_eq!(slack.accepted().len(), 1);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_recorded_as_such() {
    let slack = FakeSlack::start().await;
    client().post(slack.webhook("s")).body("payload=1").send().await.unwrap();
    assert!(slack.posts()[0].json.is_err());
    assert_eq!(slack.texts(), [""]);
}

#[tokio::test]
async fn the_queue_is_answered_first_and_then_the_default() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::new(500, "rollup_error").header("X-Slack", "1"));
    slack.next(Answer::new(410, "channel_is_archived"));
    slack.otherwise(|post| match post.text() {
        "one error" => Answer::new(400, "invalid_blocks"),
        _ => Answer::ok(),
    });
    let client = client();
    let first = post(&client, &slack.webhook("s")).await.unwrap();
    assert_eq!(first.headers()["x-slack"], "1");
    assert_eq!((first.status().as_u16(), first.text().await.unwrap()), (500, "rollup_error".into()));
    assert_eq!(post(&client, &slack.webhook("s")).await.unwrap().status(), 410);
    assert_eq!(post(&client, &slack.webhook("s")).await.unwrap().status(), 400);
    assert_eq!((slack.posts().len(), slack.accepted().len()), (3, 0));
}

#[tokio::test]
async fn every_final_status_reaches_the_client() {
    let slack = FakeSlack::start().await;
    let client = client();
    for status in 200..=599 {
        slack.next(Answer::new(status, "word"));
        let response = post(&client, &slack.webhook("s")).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.text().await.unwrap(), if matches!(status, 204 | 304) { "" } else { "word" });
    }
    assert_eq!(slack.connections(), 1, "framing held, or the client would have needed another connection");
}

#[tokio::test]
async fn an_informational_status_is_followed_by_silence() {
    let slack = FakeSlack::start().await;
    let gate = Gate::new();
    slack.next(Answer::new(103, "").held_by(&gate));
    let (client, url) = (client(), slack.webhook("s"));
    let waiting = tokio::spawn(async move { post(&client, &url).await });
    slack.wait_for_posts(1).await;
    gate.open();
    slack.close_idle_connections().await;
    assert!(waiting.await.unwrap().is_err(), "no final answer ever came");
}

#[tokio::test]
async fn the_bucket_answers_429_and_posts_inside_the_window_are_told() {
    let clock = Clock::manual();
    let slack = FakeSlack::start_with_clock(clock.clone()).await;
    slack.limit(Bucket::new(2, 3_000));
    let client = client();
    let mut statuses = Vec::new();
    for wait_ms in [0, 0, 0, 2_999, 1] {
        clock.advance(wait_ms);
        let response = post(&client, &slack.webhook("s")).await.unwrap();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        statuses.push((response.status().as_u16(), retry_after));
    }
    let refused = |seconds: &str| (429, Some(seconds.to_owned()));
    assert_eq!(statuses, [(200, None), (200, None), refused("3"), refused("1"), (200, None)]);
    let early: Vec<u64> =
        slack.requests_inside_retry_after_window().iter().map(|post| post.arrived_ms).collect();
    assert_eq!(early, [2_999, 3_000], "the second 429 asked for one more second");
}

#[tokio::test]
async fn a_held_answer_waits_for_its_gate() {
    let slack = FakeSlack::start().await;
    let gate = Gate::new();
    slack.next(Answer::ok().held_by(&gate));
    let (client, url) = (client(), slack.webhook("s"));
    let waiting = tokio::spawn(async move { post(&client, &url).await });
    let posts = slack.wait_for_posts(1).await;
    assert!(posts[0].accepted, "Slack took it before it answered");
    assert!(!waiting.is_finished());
    gate.open();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_reset_before_reading_leaves_no_request_behind() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::ok().wire(Wire::ResetsUnread));
    assert!(post(&client(), &slack.webhook("s")).await.is_err());
    assert_eq!((slack.connections(), slack.posts().len()), (1, 0));
}

#[tokio::test]
async fn a_reset_after_reading_can_hide_that_the_message_was_taken() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::ok().wire(Wire::ResetsUnanswered));
    slack.next(Answer::new(500, "lost").wire(Wire::ResetsUnanswered));
    slack.next(Answer::new(503, "sorry").but_accepted());
    let client = client();
    assert!(post(&client, &slack.webhook("s")).await.is_err());
    assert!(post(&client, &slack.webhook("s")).await.is_err());
    assert_eq!(post(&client, &slack.webhook("s")).await.unwrap().status(), 503);
    let accepted: Vec<bool> = slack.posts().iter().map(|post| post.accepted).collect();
    assert_eq!(accepted, [true, false, true]);
}

#[tokio::test]
async fn silence_lasts_until_the_client_gives_up() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::ok().wire(Wire::Silent));
    let (client, url) = (client(), slack.webhook("s"));
    let waiting = tokio::spawn(async move { post(&client, &url).await });
    slack.wait_for_posts(1).await;
    assert!(!waiting.is_finished());
    waiting.abort();
    slack.wait_until_deserted().await;
}

#[tokio::test]
async fn garbage_is_no_http_and_no_tls() {
    let slack = FakeSlack::start().await;
    let garbage = || Answer::ok().wire(Wire::Garbage(b"\x15\x03\x03 SSH-2.0-surprise\r\n".to_vec()));
    let client = client();
    slack.next(garbage());
    assert!(post(&client, &slack.webhook("s")).await.is_err());
    slack.next(garbage());
    assert!(post(&client, &slack.webhook("s").replace("http:", "https:")).await.is_err());
    assert_eq!(slack.posts().len(), 0);
}

#[tokio::test]
async fn a_body_drips_byte_by_byte() {
    let slack = FakeSlack::start().await;
    let drip = Body::Drip { bytes: b"ok".to_vec(), every: Duration::from_millis(1) };
    slack.next(Answer::ok().body(drip));
    let mut response = post(&client(), &slack.webhook("s")).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "o");
    assert_eq!(response.chunk().await.unwrap().unwrap(), "k");
}

#[tokio::test]
async fn an_endless_body_goes_on_until_the_client_leaves() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::ok().body(Body::Endless(vec![b'x'; 1_024])));
    let mut response = post(&client(), &slack.webhook("s")).await.unwrap();
    let mut received = 0;
    while received < 8 << 20 {
        received += response.chunk().await.unwrap().unwrap().len();
    }
    drop(response);
    slack.wait_until_deserted().await;
    assert!(slack.posts()[0].answered_bytes >= 8 << 20);
}

#[tokio::test]
async fn a_body_cut_short_is_an_error_and_a_stuck_one_never_ends() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::ok().body(Body::CutShort(b"o".to_vec())));
    slack.next(Answer::ok().body(Body::Stuck(b"o".to_vec())));
    let client = client();
    assert!(post(&client, &slack.webhook("s")).await.unwrap().bytes().await.is_err());
    let mut stuck = post(&client, &slack.webhook("s")).await.unwrap();
    assert_eq!(stuck.chunk().await.unwrap().unwrap(), "o");
    let more = tokio::spawn(async move { stuck.chunk().await });
    tokio::task::yield_now().await;
    assert!(!more.is_finished());
    more.abort();
    slack.wait_until_deserted().await;
}

#[tokio::test]
async fn idle_connections_are_closed_on_demand() {
    let slack = FakeSlack::start().await;
    let client = client();
    post(&client, &slack.webhook("s")).await.unwrap().bytes().await.unwrap();
    post(&client, &slack.webhook("s")).await.unwrap().bytes().await.unwrap();
    assert_eq!(slack.connections(), 1, "kept alive");
    slack.close_idle_connections().await;
    // A new client, so that nothing depends on when the old one looks at its pool.
    post(&self::client(), &slack.webhook("s")).await.unwrap().bytes().await.unwrap();
    let connections: Vec<usize> = slack.posts().iter().map(|post| post.connection).collect();
    assert_eq!(connections, [0, 0, 1]);
}

#[tokio::test]
async fn an_answer_can_close_its_connection() {
    let slack = FakeSlack::start().await;
    slack.next(Answer::ok().closing());
    let client = client();
    post(&client, &slack.webhook("s")).await.unwrap().bytes().await.unwrap();
    post(&client, &slack.webhook("s")).await.unwrap().bytes().await.unwrap();
    assert_eq!(slack.connections(), 2);
}

#[tokio::test]
async fn a_self_signed_server_learns_nothing_from_a_client_that_checks() {
    let server = FakeTls::start().await;
    assert!(post(&client(), &server.webhook("s3cret")).await.is_err());
    server.wait_for_handshakes(1).await;
    assert_eq!(server.decrypted(), b"");
}

#[tokio::test]
async fn a_self_signed_server_shows_what_a_client_that_trusts_it_gives_away() {
    let server = FakeTls::start().await;
    let trusted = reqwest::Certificate::from_der(server.certificate()).unwrap();
    _ = rustls::crypto::ring::default_provider().install_default();
    let trusting = Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    assert!(post(&trusting, &server.webhook("s3cret")).await.is_err(), "it hangs up without an answer");
    server.wait_for_handshakes(1).await;
    assert!(String::from_utf8_lossy(&server.decrypted()).contains("s3cret"));
}
