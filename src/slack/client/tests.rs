//! The client against a server that answers by a script, over real connections.

use super::*;
use crate::http::TransportFault;
use crate::http::scripted_server::{Reply, ScriptedServer};
use crate::slack::post::{Accepted, ErrorWord, PlainBody};
use crate::slack::webhook_url::{AllowedHosts, WebhookUrl};

const CANARY: &str = "CANARY0webhook0path";
const PLAIN: &str = r#"{"text":1}"#;
const POST: Post<'_> =
    Post { body: r#"{"blocks":1}"#, plain_body: PlainBody(&|| PLAIN), target: Target::Channel };
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

/// A client whose waits are none unless the server asks for some, so that no test takes time.
fn client(server: &ScriptedServer) -> Client {
    let settings = ClientSettings { backoff: Duration::ZERO, ..ClientSettings::default() };
    client_with(&HttpClient::new().unwrap(), &server.url(&format!("/services/{CANARY}")), settings)
}

fn client_with(http: &HttpClient, url: &str, settings: ClientSettings) -> Client {
    let webhook = WebhookUrl::parse(url, &AllowedHosts::default()).unwrap();
    Client::new(http.clone(), webhook, settings)
}

fn minutes(minutes: u64) -> Budget {
    Budget::until(Instant::now() + Duration::from_mins(minutes), NOW)
}

async fn post(script: impl IntoIterator<Item = Reply>) -> (PostOutcome, ScriptedServer) {
    let server = ScriptedServer::start(script).await;
    let outcome = client(&server).post(POST, minutes(10)).await;
    (outcome, server)
}

fn ok() -> Reply {
    Reply::new(200, "ok")
}

fn accepted(requests: u32, ambiguous: u32) -> PostOutcome {
    PostOutcome { result: Ok(Accepted::default()), requests, ambiguous }
}

fn refused(error: PostError, requests: u32, ambiguous: u32) -> PostOutcome {
    PostOutcome { result: Err(error), requests, ambiguous }
}

#[tokio::test]
async fn a_post_is_json_to_the_webhooks_path() {
    let (outcome, server) = post([ok()]).await;
    assert_eq!(outcome, accepted(1, 0));
    let request = server.requests().remove(0).to_lowercase();
    let path = format!("/services/{CANARY}").to_lowercase();
    assert!(request.starts_with(&format!("post {path} http/1.1\r\n")), "{request}");
    assert!(request.contains("\r\ncontent-type: application/json; charset=utf-8\r\n"), "{request}");
    assert_eq!(server.bodies(), [POST.body]);
}

#[tokio::test]
async fn posts_share_one_connection() {
    let server = ScriptedServer::start([ok()]).await;
    let mut client = client(&server);
    for _ in 0..5 {
        assert_eq!(client.post(POST, minutes(1)).await, accepted(1, 0));
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 5));
}

/// Every status there is with every kind of body: the class and the number of requests.
#[tokio::test]
async fn every_status_with_every_body_has_its_class_and_its_number_of_requests() {
    let server = ScriptedServer::start([ok()]).await;
    let http = HttpClient::new().unwrap();
    let settings = ClientSettings { backoff: Duration::ZERO, tries: 3, ..ClientSettings::default() };
    let page = format!("<html>{CANARY}</html>");
    for status in 100..=599 {
        for body in ["ok", "", "no_service", r#"{"ok":false,"error":"no_service"}"#, page.as_str()] {
            // What follows the head of 1xx, 204 and 304 is not a body but stray bytes.
            let bodiless = status < 200 || status == 204 || status == 304;
            if bodiless && body != "ok" {
                continue;
            }
            let reply = if bodiless {
                Reply::Close(format!("HTTP/1.1 {status} X\r\n\r\n"))
            } else {
                Reply::new(status, body)
            };
            server.restart([reply]);
            let outcome = client_with(&http, &server.url("/x"), settings).post(POST, minutes(10)).await;

            let word = Some("no_service").filter(|word| body.contains(word) && !bodiless);
            let (expected, requests, ambiguous) = match status {
                101 => ("Unexpected", 1, 0),
                100..=199 => ("Broken", 3, 3),
                200 if body == "ok" => ("Accepted", 1, 0),
                200..=299 => ("Unexpected", 1, 0),
                300..=399 => ("Redirected", 1, 0),
                400 => ("Rejected", 2, 0),
                401 | 403 | 404 | 410 => ("WebhookRefused", 1, 0),
                408 | 425 => ("Unavailable", 3, 0),
                429 => ("RateLimited", 1, 0),
                402..=499 => ("Rejected", 1, 0),
                _ => ("Unavailable", 3, 0),
            };
            let (class, words) = match outcome.result {
                Ok(_) => ("Accepted", None),
                Err(PostError::RateLimited { .. }) => ("RateLimited", None),
                Err(PostError::Transport(TransportFault::Broken)) => ("Broken", None),
                Err(PostError::Redirected { status: got }) => ("Redirected", Some((got, None))),
                Err(PostError::Unavailable { status: got, word }) => ("Unavailable", Some((got, word))),
                Err(PostError::Rejected { status: got, word }) => ("Rejected", Some((got, word))),
                Err(PostError::WebhookRefused { status: got, word }) => ("WebhookRefused", Some((got, word))),
                Err(PostError::Unexpected { status: got, word }) => ("Unexpected", Some((got, word))),
                Err(other) => panic!("{status} {body}: {other}"),
            };
            let context = format!("{status} {body:?}: {outcome:?}");
            assert_eq!(class, expected, "{context}");
            assert_eq!((outcome.requests, outcome.ambiguous), (requests, ambiguous), "{context}");
            assert_eq!(server.requests().len(), requests as usize, "{context}");
            if let Some((got, quoted)) = words {
                assert_eq!(got, status, "{context}");
                let quoted: Option<ErrorWord> = quoted;
                let word = word.filter(|_| class != "Redirected");
                assert_eq!(quoted.map(ErrorWord::as_str), word, "{context}");
            }
            assert!(!context.replace(&page, "").contains(CANARY), "{context}");
        }
    }
}

#[tokio::test]
async fn a_400_is_followed_by_the_plain_text_once_and_never_by_the_same_bytes() {
    let bad = || Reply::new(400, "invalid_payload");
    let (outcome, server) = post([bad(), ok()]).await;
    assert_eq!(outcome.result, Ok(Accepted { as_plain_text: true, receipt: None }));
    assert_eq!(server.bodies(), [POST.body, PLAIN]);

    let (outcome, server) = post([bad()]).await;
    assert!(matches!(outcome.result, Err(PostError::Rejected { status: 400, word: Some(_) })));
    assert_eq!(server.bodies(), [POST.body, PLAIN]);

    // What may pass is tried again with the plain text, not with what Slack could not read.
    let (outcome, server) = post([bad(), Reply::new(503, ""), ok()]).await;
    assert_eq!(outcome.result, Ok(Accepted { as_plain_text: true, receipt: None }));
    assert_eq!(server.bodies(), [POST.body, PLAIN, PLAIN]);

    let server = ScriptedServer::start([bad()]).await;
    let same = Post { plain_body: PlainBody(&|| POST.body), ..POST };
    let outcome = client(&server).post(same, minutes(1)).await;
    assert!(matches!(outcome.result, Err(PostError::Rejected { status: 400, .. })));
    assert_eq!(server.bodies(), [POST.body]);
}

/// As when the plain text got a 429, or Lambda tries the same event again.
#[tokio::test]
async fn what_got_a_400_goes_as_plain_text_at_once_when_it_is_posted_again() {
    let bad = || Reply::new(400, "invalid_payload");
    let server = ScriptedServer::start([bad(), bad(), ok()]).await;
    let mut client = client(&server);
    assert!(matches!(client.post(POST, minutes(1)).await.result, Err(PostError::Rejected { .. })));
    let again = client.post(POST, minutes(1)).await;
    assert_eq!((again.result, again.requests), (Ok(Accepted { as_plain_text: true, receipt: None }), 1));
    let another = Post { body: r#"{"blocks":2}"#, ..POST };
    assert_eq!(client.post(another, minutes(1)).await, accepted(1, 0));
    assert_eq!(server.bodies(), [POST.body, PLAIN, PLAIN, another.body]);
}

#[tokio::test]
async fn a_redirect_reaches_no_second_server() {
    let other = ScriptedServer::start([ok()]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}\r\n", other.url("/stolen"));
        let (outcome, _) = post([Reply::with_headers(status, &location, "")]).await;
        assert_eq!(outcome, refused(PostError::Redirected { status }, 1, 0));
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn an_answer_lost_after_sending_is_tried_again_and_counted() {
    let broken = "HTTP/1.1 200 X\r\ncontent-length: 50\r\n\r\nhal";
    for reply in [
        Reply::Reset,
        Reply::Close(String::new()),
        Reply::Close("HTTP/1.1 2".into()),
        Reply::Close(broken.into()),
    ] {
        let (outcome, server) = post([reply, ok()]).await;
        assert_eq!(outcome, accepted(2, 1));
        assert_eq!(server.bodies(), [POST.body, POST.body]);
    }
    let (outcome, _) = post([Reply::Close(broken.into())]).await;
    assert_eq!(outcome, refused(PostError::Transport(TransportFault::BodyBroken), 5, 5));
}

#[tokio::test]
async fn a_yes_that_breaks_off_after_ok_is_a_yes() {
    let (outcome, _) = post([Reply::Close("HTTP/1.1 200 X\r\ncontent-length: 50\r\n\r\nok\n".into())]).await;
    assert_eq!(outcome, accepted(1, 0));
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_broken_connection() {
    let (outcome, _) = post([Reply::Close("SSH-2.0-OpenSSH_9.6\r\n".into())]).await;
    assert_eq!(outcome, refused(PostError::Transport(TransportFault::Broken), 5, 5));
}

#[tokio::test]
async fn a_dead_kept_connection_is_replaced_at_once_and_is_no_try() {
    let settings = ClientSettings { tries: 1, ..ClientSettings::default() };
    for death in [Reply::Reset, Reply::Close(String::new())] {
        let server = ScriptedServer::start([ok(), death.clone(), ok()]).await;
        let mut client = client_with(&HttpClient::new().unwrap(), &server.url("/x"), settings);
        assert_eq!(client.post(POST, minutes(1)).await, accepted(1, 0));
        assert_eq!(client.post(POST, minutes(1)).await, accepted(2, 1));
        assert_eq!(server.connections(), 2);

        // A new connection that breaks is a try, and here the only one.
        let server = ScriptedServer::start([death, ok()]).await;
        let mut client = client_with(&HttpClient::new().unwrap(), &server.url("/x"), settings);
        let broken = refused(PostError::Transport(TransportFault::Broken), 1, 1);
        assert_eq!(client.post(POST, minutes(1)).await, broken);
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_meanwhile_costs_nothing() {
    let close = Reply::Close("HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok".into());
    let server = ScriptedServer::start([close, ok()]).await;
    let mut client = client(&server);
    assert_eq!(client.post(POST, minutes(1)).await, accepted(1, 0));
    assert!(client.post(POST, minutes(1)).await.result.is_ok());
}

#[tokio::test]
async fn nobody_listening_is_a_connect_fault_and_not_ambiguous() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", free.local_addr().unwrap());
    drop(free);
    let settings = ClientSettings { backoff: Duration::ZERO, ..ClientSettings::default() };
    let outcome = client_with(&HttpClient::new().unwrap(), &url, settings).post(POST, minutes(1)).await;
    assert_eq!(outcome, refused(PostError::Transport(TransportFault::Connect), 5, 0));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_a_tls_fault_and_nothing_is_sent() {
    let signed =
        rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let crypto = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(tls));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/x", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.err()
    });
    let settings = ClientSettings { tries: 1, ..ClientSettings::default() };
    let outcome = client_with(&HttpClient::new().unwrap(), &url, settings).post(POST, minutes(1)).await;
    assert_eq!(outcome, refused(PostError::Transport(TransportFault::Tls), 1, 0));
    assert!(server.await.unwrap().is_some(), "the client must have ended the handshake");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_tls_fault_and_not_ambiguous() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/x", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 X\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let settings = ClientSettings { tries: 1, ..ClientSettings::default() };
    let outcome = client_with(&HttpClient::new().unwrap(), &url, settings).post(POST, minutes(1)).await;
    assert_eq!(outcome, refused(PostError::Transport(TransportFault::Tls), 1, 0));
}

#[tokio::test]
async fn an_answer_without_end_is_read_to_its_limit_and_cut_off() {
    for (status, requests) in [(200, 1), (404, 1), (503, 1)] {
        let head = format!("HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\n");
        let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        let mut server = ScriptedServer::start([Reply::Repeat(head, piece, Duration::ZERO)]).await;
        let settings = ClientSettings { tries: 1, ..ClientSettings::default() };
        let mut client = client_with(&HttpClient::new().unwrap(), &server.url("/x"), settings);
        let outcome = client.post(POST, minutes(1)).await;
        assert!(outcome.result.is_err());
        assert_eq!(outcome.requests, requests);
        // The server could fill the buffers between us, not more.
        assert!(server.cut_off().await < 64 * 1024 * 1024);
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_is_given_back_at_once_and_pauses_all_posts_until_it_has_passed() {
    let limited = Reply::with_headers(429, "retry-after: 30\r\n", "");
    let server = ScriptedServer::start([limited, ok()]).await;
    let mut client = client(&server);
    let began = Instant::now();
    let wait = |seconds| PostError::RateLimited { retry_after: Duration::from_secs(seconds) };
    assert_eq!(client.post(POST, minutes(10)).await, refused(wait(30), 1, 0));
    let answered = Instant::now();
    assert!(answered - began < Duration::from_secs(1));

    tokio::time::advance(Duration::from_secs(10)).await;
    let left = client.post(POST, minutes(10)).await;
    assert_eq!(left.requests, 0);
    let Err(PostError::RateLimited { retry_after }) = left.result else { panic!("{left:?}") };
    assert!(retry_after > Duration::from_secs(19) && retry_after <= Duration::from_secs(20));
    assert_eq!(server.requests().len(), 1);

    tokio::time::advance(retry_after).await;
    assert_eq!(client.post(POST, minutes(10)).await, accepted(1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_429_that_does_not_say_how_long_means_one_to_two_seconds() {
    for headers in ["", "retry-after: soon\r\n", "retry-after: 0\r\n", "retry-after: -1\r\n"] {
        let server = ScriptedServer::start([Reply::with_headers(429, headers, "ratelimited")]).await;
        let outcome = client(&server).post(POST, minutes(10)).await;
        let Err(PostError::RateLimited { retry_after }) = outcome.result else { panic!("{outcome:?}") };
        assert!((1_000..=2_000).contains(&retry_after.as_millis()), "{headers} {retry_after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_read_from_date_and_body_and_the_absurd_is_clamped() {
    let date = "retry-after: Thu, 01 Jan 1970 00:01:10 GMT\r\ndate: Thu, 01 Jan 1970 00:01:00 GMT\r\n";
    for (headers, body, seconds) in [
        (date, "", 10),
        ("retry-after: Thu, 01 Jan 1970 00:00:20 GMT\r\n", "", 20),
        ("", r#"{"ok":false,"error":"ratelimited","retry_after":7}"#, 7),
        ("retry-after: 99999\r\n", "", 300),
    ] {
        let server = ScriptedServer::start([Reply::with_headers(429, headers, body)]).await;
        let outcome = client(&server).post(POST, minutes(10)).await;
        let Err(PostError::RateLimited { retry_after }) = outcome.result else { panic!("{outcome:?}") };
        // A date is compared with the clock at the answer, which may have moved on since the call.
        let wait = retry_after.as_secs_f64().round();
        assert!((wait - f64::from(seconds)).abs() < 0.5, "{headers} {retry_after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_503_is_never_tried_again_inside_its_retry_after() {
    let busy = || Reply::with_headers(503, "retry-after: 20\r\n", "service_unavailable");
    let server = ScriptedServer::start([busy(), ok()]).await;
    let mut client = client(&server);
    let began = Instant::now();
    assert_eq!(client.post(POST, minutes(1)).await, accepted(2, 0));
    assert!(began.elapsed() >= Duration::from_secs(20));

    // Where it does not fit, the post ends at once and the pause holds for the next one, too.
    let server = ScriptedServer::start([busy(), ok()]).await;
    let mut client = self::client(&server);
    let began = Instant::now();
    let soon = Budget::until(began + Duration::from_secs(15), NOW);
    let outcome = client.post(POST, soon).await;
    assert!(matches!(outcome.result, Err(PostError::Unavailable { status: 503, word: Some(_) })));
    assert!(began.elapsed() < Duration::from_secs(15));
    let next = client.post(POST, minutes(1)).await;
    assert!(matches!(next.result, Err(PostError::RateLimited { .. })), "{next:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tries_have_jittered_waits_between_them_and_end_within_the_budget() {
    let settings = |seed| ClientSettings { tries: u32::MAX, seed, ..ClientSettings::default() };
    let http = HttpClient::new().unwrap();
    for seconds in [1, 5, 30, 120] {
        let server = ScriptedServer::start([Reply::new(503, "")]).await;
        let mut client = client_with(&http, &server.url("/x"), settings(seconds));
        let began = Instant::now();
        let outcome = client.post(POST, Budget::until(began + Duration::from_secs(seconds), NOW)).await;
        assert!(matches!(outcome.result, Err(PostError::Unavailable { status: 503, .. })), "{outcome:?}");
        assert!(began.elapsed() <= Duration::from_secs(seconds));
        assert!(outcome.requests > 1, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_time_for_an_answer_nothing_is_sent() {
    let server = ScriptedServer::start([ok()]).await;
    let mut client = client(&server);
    let now = Instant::now();
    for budget in [
        Budget::until(now, NOW),
        Budget::until(now + Duration::from_millis(100), NOW),
        Budget::of_invocation(now, NOW),
        Budget::of_invocation(now + Duration::from_millis(700), NOW),
    ] {
        assert_eq!(client.post(POST, budget).await, refused(PostError::NoTimeLeft, 0, 0));
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(
        client.post(POST, Budget::of_invocation(now + Duration::from_secs(5), NOW)).await,
        accepted(1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_or_never_ends_is_ended_within_the_budget() {
    let timeout = PostError::Transport(TransportFault::AnswerTimeout);
    let drip = |head: &str| Reply::Repeat(head.into(), "1\r\nx\r\n".into(), Duration::from_secs(1));
    let chunked = "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n";
    let header = Reply::Repeat("HTTP/1.1 200 X\r\n".into(), "a: b\r\n".into(), Duration::from_secs(1));
    for reply in [Reply::Hang, drip(chunked), header] {
        let server = ScriptedServer::start([reply]).await;
        let mut client = client(&server);
        let began = Instant::now();
        let outcome = client.post(POST, Budget::until(began + Duration::from_secs(25), NOW)).await;
        assert_eq!(outcome.result, Err(timeout));
        assert!(began.elapsed() <= Duration::from_secs(25));
        assert!((2..=4).contains(&outcome.requests) && outcome.ambiguous == outcome.requests, "{outcome:?}");
    }
    // A no that drips is a no.
    let server = ScriptedServer::start([drip(&chunked.replace("200", "404"))]).await;
    let outcome = client(&server).post(POST, minutes(1)).await;
    assert_eq!(outcome, refused(PostError::WebhookRefused { status: 404, word: None }, 1, 0));
}

#[tokio::test]
async fn a_webhook_can_be_replaced_after_it_was_refused() {
    let server = ScriptedServer::start([Reply::new(403, "invalid_token"), ok()]).await;
    let mut client = client(&server);
    let outcome = client.post(POST, minutes(1)).await;
    assert!(outcome.result.is_err_and(PostError::is_credential_problem));
    let webhook = |path: &str| {
        Endpoint::Webhook(WebhookUrl::parse(&server.url(path), &AllowedHosts::default()).unwrap())
    };
    assert!(!client.replace_endpoint(webhook(&format!("/services/{CANARY}"))));
    assert!(client.replace_endpoint(webhook("/services/new")));
    assert_eq!(client.post(POST, minutes(1)).await, accepted(1, 0));
    assert!(server.requests()[1].starts_with("POST /services/new "));
}

#[tokio::test]
async fn the_webhook_shows_in_no_text_of_the_client_or_its_outcomes() {
    let script = [
        Reply::new(404, CANARY),
        Reply::new(500, CANARY),
        Reply::Reset,
        Reply::new(200, CANARY),
        Reply::with_headers(302, &format!("location: /{CANARY}\r\n"), CANARY),
        Reply::with_headers(429, &format!("retry-after: {CANARY}\r\n"), CANARY),
    ];
    for reply in script {
        let server = ScriptedServer::start([reply]).await;
        let mut client = client(&server);
        let outcome = client.post(POST, minutes(1)).await;
        let error = outcome.result.as_ref().unwrap_err();
        let shown = format!("{client:?} {client:#?} {outcome:?} {error} {error:?}");
        assert!(!shown.contains(CANARY) && !shown.contains("services"), "{shown}");
        assert!(server.requests()[0].contains(CANARY));
    }
}
