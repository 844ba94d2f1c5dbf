//! Invocations one after another, with a Slack that answers as it likes: no line is ever unaccounted for.

use std::time::{Duration, UNIX_EPOCH};

use arbitrary::{Result, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use statuswatch::digest::Reader;
use statuswatch::handler::{Handler, Invocation, Notifier, Notify};
use statuswatch::http::{Budget, TransportFault};
use statuswatch::pace::STORM_SAMPLES;
use statuswatch::rate_limit::Bucket;
use statuswatch::rules::Rules;
use statuswatch::slack::post::{Accepted, Post, PostError, PostOutcome};
use statuswatch::slack::render::MessageStyle;
use tokio::time::Instant;

use super::{count, slack};
use crate::fake_slack::oracle::Oracle;

/// Answers what it was told to, in turn; then it accepts.
#[derive(Default)]
struct ScriptedSlack {
    script: Vec<PostOutcome>,
}

impl Notifier for ScriptedSlack {
    async fn post(&mut self, post: Post<'_>, _: Budget) -> PostOutcome {
        slack::check_forms(&Oracle::default(), post.body, post.plain_body.text());
        let accepted = PostOutcome { result: Ok(Accepted::default()), requests: 1, ambiguous: 0 };
        self.script.pop().unwrap_or(accepted)
    }
}

pub(super) fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    // Where the bytes run out the invocations end.
    let _ = runtime.expect("a runtime without I/O").block_on(invoke(&mut choices));
}

async fn invoke(u: &mut Unstructured<'_>) -> Result<()> {
    let script = (0..u.int_in_range(0..=12)?).map(|_| outcome(u)).collect::<Result<_>>()?;
    let reader = Reader {
        own_log_group: Some("own".to_owned()),
        samples_per_group: STORM_SAMPLES,
        ..Reader::new(Rules::built_in())
    };
    let pace = Notify::every(Bucket::new(u.int_in_range(1..=5)?, 5_000));
    let mut handler = Handler::new(reader, MessageStyle::default(), 1 << 20, pace, ScriptedSlack { script });
    let mut now = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let (mut matched, mut notified, mut pending) = (0, 0, 0);
    while !u.is_empty() {
        now += Duration::from_millis(u.int_in_range(0..=20_000)?);
        let event = event(u)?;
        let deadline = Instant::now() + Duration::from_millis(u.int_in_range(0..=30_000)?);
        let outcome = handler.handle(&event, Invocation::new(now, deadline)).await;
        let ledger = outcome.ledger;
        assert!(ledger.balances(pending), "{pending} pending before {ledger:?}");
        assert!(
            ledger.failed == 0 || ledger.failed == ledger.matched,
            "only this invocation's lines are given back"
        );
        pending = ledger.pending;
        matched += ledger.matched;
        notified += ledger.shown + ledger.counted + ledger.failed;
    }
    assert_eq!(matched, notified + pending);
    let end = handler.shut_down(Invocation::new(now, Instant::now() + Duration::from_secs(1))).await.ledger;
    assert!(end.balances(pending), "{pending} pending before {end:?}");
    Ok(())
}

fn outcome(u: &mut Unstructured<'_>) -> Result<PostOutcome> {
    let result = match u.int_in_range(0..=6)? {
        0 => Ok(Accepted { as_plain_text: true, receipt: None }),
        1 => Err(PostError::RateLimited { retry_after: Duration::from_millis(u.int_in_range(0..=300_000)?) }),
        2 => Err(PostError::Unavailable { status: 503, word: None }),
        3 => Err(PostError::Transport(TransportFault::AnswerTimeout)),
        4 => Err(PostError::NoTimeLeft),
        5 => Err(PostError::Rejected { status: 400, word: None }),
        _ => Ok(Accepted::default()),
    };
    Ok(PostOutcome { result, requests: u.int_in_range(0..=5)?, ambiguous: u.int_in_range(0..=5)? })
}

fn event(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match u.int_in_range(0..=9)? {
        0..=4 => json!({"awslogs": {"data": batch(u)?}}).to_string().into_bytes(),
        5 | 6 => {
            let records = (0..u.int_in_range(0..=4)?)
                .map(|number| {
                    let kinesis = json!({"sequenceNumber": number.to_string(), "data": batch(u)?});
                    Ok(json!({"eventSource": "aws:kinesis", "kinesis": kinesis}))
                })
                .collect::<Result<Vec<_>>>()?;
            json!({"Records": records}).to_string().into_bytes()
        }
        7 | 8 => br#"{"detail-type":"Scheduled Event"}"#.to_vec(),
        _ => {
            let length = u.int_in_range(0..=40)?;
            u.bytes(length.min(u.len()))?.to_vec()
        }
    })
}

/// A subscription message as CloudWatch Logs writes it, sound except for a byte here and there.
fn batch(u: &mut Unstructured<'_>) -> Result<String> {
    let lines =
        ["{\"status\":\"200\"}", "{\"status\":\"404\"}", "{\"status\":\"502\",\"latency\":-}", "no line", ""];
    let events = (0..count(u, 0, &[2, 40])?)
        .map(|_| {
            let line = if u.ratio(1, 8)? { u.arbitrary()? } else { *u.choose(&lines)? };
            Ok(json!({"id": u.int_in_range(0..=60)?.to_string(), "timestamp": u.arbitrary::<i64>()?, "message": line}))
        })
        .collect::<Result<Vec<_>>>()?;
    let log_group = *u.choose(&["g", "g", "h", "own", "<!channel> `x`"])?;
    let kind = *u.choose(&["DATA_MESSAGE", "DATA_MESSAGE", "DATA_MESSAGE", "CONTROL_MESSAGE"])?;
    let message = json!({"messageType": kind, "logGroup": log_group, "logStream": "s", "logEvents": events});
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut gzip, &message).expect("a vector takes everything");
    let mut gzip = gzip.finish().expect("a vector takes everything");
    if u.ratio(1, 16)? {
        let at = u.choose_index(gzip.len())?;
        gzip[at] ^= u.arbitrary::<u8>()?;
    }
    Ok(STANDARD.encode(gzip))
}
