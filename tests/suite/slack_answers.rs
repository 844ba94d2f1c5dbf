//! Every answer that a webhook can give, through the real client and the handler, as one table: what became of the
//! lines, and how many requests it took. [`web_api`] has the same for the Web API.
//!
//! A case is an event of five lines (three matched) and a fake Slack that answers every request alike. Nothing here
//! depends on how fast a machine is: where a case needs a timeout, the answer never ends.

mod web_api;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Write as _,
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use statuswatch::{
    digest::Reader,
    handler::{Handler, HandlerError, Invocation, Notify},
    http::HttpClient,
    rate_limit::Bucket,
    rules::Rules,
    slack::{
        client::{Client, ClientSettings, Endpoint},
        post::{PostError, Unconfirmed},
        render::MessageStyle,
        webhook_url::{AllowedHosts, WebhookUrl},
    },
};
use tokio::time::Instant;

use crate::{
    fake_slack::{Answer, Body, FakeSlack, FakeTls, Wire},
    patience::within_patience,
};

const CANARY: &str = "CANARYslackAnswers";
const STATUSES: RangeInclusive<u16> = 100..=599;
/// Tries of one message: enough to see that it is more than one.
const TRIES: u32 = 2;
/// Cases under way at once.
const WORKERS: usize = 32;

/// How an answer's body comes, whatever the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BodyKind {
    Ok,
    Word,
    JsonError,
    DrippedOk,
    CutAfterOk,
    CutBeforeOk,
    Endless,
    EndlessDrip,
    Stuck,
}

impl BodyKind {
    const ALL: [Self; 9] = [
        Self::Ok,
        Self::Word,
        Self::JsonError,
        Self::DrippedOk,
        Self::CutAfterOk,
        Self::CutBeforeOk,
        Self::Endless,
        Self::EndlessDrip,
        Self::Stuck,
    ];

    /// HTTP gives some statuses no body: one kind stands for all of them.
    fn can_follow(self, status: u16) -> bool {
        self == Self::Ok || !matches!(status, 100..=199 | 204 | 304)
    }

    fn answer(self, status: u16) -> Answer {
        let drip = |bytes: &[u8]| Body::Drip { bytes: bytes.to_vec(), every: Duration::from_millis(1) };
        let answer = match self {
            Self::Ok => Answer::new(status, "ok"),
            Self::Word => Answer::new(status, "no_service"),
            Self::JsonError => Answer::new(status, r#"{"ok":false,"error":"no_service"}"#),
            Self::DrippedOk => Answer::new(status, "").body(drip(b"ok")),
            Self::CutAfterOk => Answer::new(status, "").body(Body::CutShort(b"ok".to_vec())),
            Self::CutBeforeOk => Answer::new(status, "").body(Body::CutShort(b"o".to_vec())),
            Self::Endless => Answer::new(status, "").body(Body::Endless(vec![b'x'; 1_024])),
            Self::EndlessDrip => Answer::new(status, "").body(drip(&vec![b'x'; 100_000])),
            Self::Stuck => Answer::new(status, "").body(Body::Stuck(b"o".to_vec())),
        };
        // No connection is kept: a kept one that breaks is excused once, which is another test's matter.
        let answer = answer.closing();
        if status == 429 { answer.header("Retry-After", "60") } else { answer }
    }

    /// Only what would never end may be cut by a short timeout.
    fn settings(self) -> ClientSettings {
        let total_timeout = match self {
            Self::EndlessDrip | Self::Stuck => Duration::from_millis(20),
            _ => ClientSettings::default().total_timeout,
        };
        ClientSettings { tries: TRIES, backoff: Duration::ZERO, total_timeout, ..ClientSettings::default() }
    }
}

/// What became of one event.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    class: String,
    /// Requests that reached Slack whole.
    requests: usize,
    posted: u64,
    shown: u64,
    counted: u64,
    pending: u64,
    failed: u64,
    ambiguous: u64,
    refused: u64,
    unavailable: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_status_with_every_body_has_its_row() {
    let cases = BodyKind::ALL.into_iter().flat_map(|kind| STATUSES.map(move |status| (kind, status)));
    let cases: Arc<Vec<_>> = Arc::new(cases.filter(|(kind, status)| kind.can_follow(*status)).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let workers = (0..WORKERS).map(|_| {
        let (cases, next) = (Arc::clone(&cases), Arc::clone(&next));
        tokio::spawn(async move {
            let http = HttpClient::new().unwrap();
            let mut rows = Vec::new();
            while let Some(&(kind, status)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let slack = FakeSlack::start().await;
                slack.otherwise(move |_| kind.answer(status));
                let (mut row, error) = tell(&http, &slack.webhook(CANARY), kind.settings()).await;
                row.requests = slack.posts().len();
                let status_said = error.and_then(status_of);
                assert!(
                    status_said.is_none_or(|status_said| status_said == status),
                    "{kind:?} {status}: the error says {status_said:?}"
                );
                rows.push(((kind, status), row));
            }
            rows
        })
    });
    let mut rows = BTreeMap::new();
    for worker in workers.collect::<Vec<_>>() {
        rows.extend(within_patience("the answers of a worker", worker).await.unwrap());
    }
    assert_eq!(rows.len(), cases.len());
    insta::assert_snapshot!(table(&rows));
}

#[tokio::test]
async fn every_way_to_get_no_answer_has_its_row() {
    let http = HttpClient::new().unwrap();
    let mut out = String::new();
    let default = BodyKind::Ok.settings();
    let hasty = ClientSettings { head_timeout: Duration::from_millis(20), ..default };
    let garbage = Wire::Garbage(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec());
    for (name, answer, settings) in [
        ("reset before the request was read", Answer::ok().wire(Wire::ResetsUnread), default),
        ("reset after Slack took the message", Answer::ok().wire(Wire::ResetsUnanswered), default),
        ("silence after Slack took the message", Answer::ok().wire(Wire::Silent), hasty),
        ("no HTTP", Answer::ok().wire(garbage), default),
    ] {
        let slack = FakeSlack::start().await;
        // What is sent before a request is read has to be scripted, once for each try.
        (0..TRIES).for_each(|_| slack.next(answer.clone()));
        let (mut row, _) = tell(&http, &slack.webhook(CANARY), settings).await;
        row.requests = slack.posts().len();
        writeln!(out, "{name:<37} {}", line(&row)).unwrap();
    }
    let tls = FakeTls::start().await;
    let (row, _) = tell(&http, &tls.webhook(CANARY), default).await;
    tls.wait_for_handshakes(TRIES as usize).await;
    assert_eq!(tls.decrypted(), b"", "something was sent to a server that nobody vouches for");
    writeln!(out, "{:<37} {}", "a certificate that nobody signed", line(&row)).unwrap();
    insta::assert_snapshot!(out);
}

#[tokio::test]
async fn what_was_answered_badly_once_is_told_by_the_next_try() {
    let http = HttpClient::new().unwrap();
    for kind in BodyKind::ALL {
        for status in [408, 425, 500, 503, 599] {
            let slack = FakeSlack::start().await;
            slack.next(kind.answer(status));
            let (row, error) = tell(&http, &slack.webhook(CANARY), kind.settings()).await;
            assert_eq!((row.shown, row.failed, error), (3, 0, None), "{kind:?} {status}");
            assert_eq!(slack.posts().len(), 2, "{kind:?} {status}");
        }
    }
}

async fn tell(http: &HttpClient, webhook: &str, settings: ClientSettings) -> (Row, Option<PostError>) {
    let hosts = AllowedHosts::parse("localhost").unwrap();
    tell_to(http, WebhookUrl::parse(webhook, &hosts).unwrap().into(), settings).await
}

async fn tell_to(
    http: &HttpClient,
    endpoint: Endpoint,
    settings: ClientSettings,
) -> (Row, Option<PostError>) {
    let client = Client::new(http.clone(), endpoint, settings);
    let reader = Reader::new(Rules::built_in());
    let pace = Notify::every(Bucket::new(5, 5_000));
    let mut handler = Handler::new(reader, MessageStyle::default(), 1 << 20, pace, client);
    // Time enough for every try, on any machine.
    let invocation = Invocation::new(SystemTime::UNIX_EPOCH, Instant::now() + Duration::from_mins(10));
    let outcome = handler.handle(event().as_bytes(), invocation).await;
    let ledger = outcome.ledger;
    assert!(ledger.balances(0), "{ledger:?}");
    assert_eq!((ledger.received, ledger.ok, ledger.unreadable, ledger.matched), (5, 1, 1, 3));
    let (class, error) = match &outcome.answer {
        Ok(_) if ledger.pending > 0 => ("folded".to_owned(), None),
        Ok(_) => ("told".to_owned(), None),
        Err(HandlerError::Post { error, .. }) => (class(*error), Some(*error)),
        Err(other) => panic!("{other}"),
    };
    assert!(!format!("{:?} {class}", outcome.answer).contains(CANARY), "the webhook is in the answer");
    let row = Row {
        class,
        requests: 0,
        posted: ledger.posted,
        shown: ledger.shown,
        counted: ledger.counted,
        pending: ledger.pending,
        failed: ledger.failed,
        ambiguous: ledger.ambiguous,
        refused: ledger.refused,
        unavailable: ledger.unavailable,
    };
    (row, error)
}

fn event() -> String {
    let lines =
        [r#"{"status":"502"}"#, r#"{"status":"200"}"#, r#"{"status":"403"}"#, "?", r#"{"status":"504"}"#];
    let events: Vec<_> = (0..)
        .zip(lines)
        .map(|(id, message)| json!({"id": id.to_string(), "timestamp": 1_000 + id, "message": message}))
        .collect();
    let message =
        json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": events});
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(message.to_string().as_bytes()).unwrap();
    json!({"awslogs": {"data": STANDARD.encode(gzip.finish().unwrap())}}).to_string()
}

/// The error without its status, which each row has by itself.
fn class(error: PostError) -> String {
    match error {
        PostError::RateLimited { .. } => "rate limited".to_owned(),
        PostError::Transport(fault) => fault.to_string(),
        PostError::NoTimeLeft => "no time left".to_owned(),
        PostError::Redirected { .. } => "redirected".to_owned(),
        PostError::Unavailable { word, .. } => with_word("unavailable", word),
        PostError::Rejected { word, .. } => with_word("rejected", word),
        PostError::WebhookRefused { word, .. } => with_word("webhook refused", word),
        PostError::Unexpected { word, .. } => with_word("unexpected", word),
        PostError::Refused { word } => with_word("refused", word),
        PostError::MessageGone { word } => with_word("message gone", word),
        PostError::Unconfirmed(Unconfirmed::Lost(fault)) => format!("unconfirmed ({fault})"),
        PostError::Unconfirmed(Unconfirmed::Failed) => "unconfirmed (failed)".to_owned(),
        PostError::Unconfirmed(Unconfirmed::Unreadable) => "unconfirmed (unreadable)".to_owned(),
        PostError::NeedsBotToken => "needs a bot token".to_owned(),
        PostError::NoSecret { .. } => "no secret".to_owned(),
    }
}

fn with_word(class: &str, word: Option<statuswatch::slack::post::ErrorWord>) -> String {
    word.map_or(class.to_owned(), |word| format!("{class} ({})", word.as_str()))
}

fn status_of(error: PostError) -> Option<u16> {
    match error {
        PostError::Redirected { status }
        | PostError::Unavailable { status, .. }
        | PostError::Rejected { status, .. }
        | PostError::WebhookRefused { status, .. }
        | PostError::Unexpected { status, .. } => Some(status),
        PostError::RateLimited { .. }
        | PostError::Transport(_)
        | PostError::NoTimeLeft
        | PostError::Refused { .. }
        | PostError::MessageGone { .. }
        | PostError::Unconfirmed(_)
        | PostError::NeedsBotToken
        | PostError::NoSecret { .. } => None,
    }
}

/// One row for each run of statuses that came to the same.
fn table(rows: &BTreeMap<(BodyKind, u16), Row>) -> String {
    let rows: Vec<_> = rows.iter().collect();
    let mut out = String::new();
    for run in rows.chunk_by(|(a, first), (b, second)| a.0 == b.0 && first == second) {
        let [((kind, first), row), ..] = run else { continue };
        let last = run.last().map_or(*first, |((_, last), _)| *last);
        let statuses = if last == *first { first.to_string() } else { format!("{first} to {last}") };
        writeln!(out, "{:<12} {statuses:<11} {}", format!("{kind:?}"), line(row)).unwrap();
    }
    out
}

fn line(row: &Row) -> String {
    let Row { class, requests, posted, shown, counted, pending, failed, ambiguous, refused, unavailable } =
        row;
    let counts = [
        (*requests as u64, "requests"),
        (*posted, "posted"),
        (*shown, "shown"),
        (*counted, "counted"),
        (*pending, "pending"),
        (*failed, "failed"),
        (*ambiguous, "ambiguous"),
        (*refused, "refused"),
        (*unavailable, "unavailable"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{name} {count}"));
    format!("{class}: {}", counts.collect::<Vec<_>>().join(", "))
}
