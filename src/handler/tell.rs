//! A digest in; posted, folded or given back, out. The ledger is kept on the way.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::sleep;

use super::{Handler, Invocation, Slack};
use crate::digest::Digest;
use crate::ledger::{Ledger, Measures};
use crate::pace::Pace;
use crate::slack::message::Message;
use crate::slack::post::{PlainBody, Post, PostError, PostOutcome};
use crate::slack::render::{Rendered, Situation, Storm, Style, render_blocks, render_plain};

/// The longest Retry-After that is waited for, once.
const SHORT_RETRY_AFTER: Duration = Duration::from_secs(3);

/// What became of a digest.
#[derive(Debug)]
pub(super) enum Told {
    /// Slack accepted it, with all that was folded before.
    Accepted,
    /// It is folded into what is pending.
    Folded,
    /// It was neither accepted nor folded; what was folded before is pending still.
    Failed(PostError),
}

impl<S: Slack> Handler<S> {
    /// Posts the digest with all that is pending, if there is a token; folds it if there is none, or if Slack
    /// asks for a pause.
    pub(super) async fn tell_or_fold(
        &mut self,
        digest: Digest,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Told {
        if !self.pace.bucket.take(invocation.now_ms()) {
            return self.fold(digest, invocation);
        }
        let mut posted = self.post_with_pending(digest.clone(), invocation, ledger, measures).await;
        if let Err(PostError::RateLimited { retry_after }) = posted
            && retry_after <= SHORT_RETRY_AFTER
            && invocation.has_time_for(retry_after)
        {
            sleep(retry_after).await;
            posted = self.post_with_pending(digest.clone(), invocation, ledger, measures).await;
        }
        match posted {
            Ok(()) => Told::Accepted,
            Err(PostError::RateLimited { retry_after }) => {
                self.pace.bucket.empty(invocation.now_ms(), millis(retry_after));
                self.fold(digest, invocation)
            }
            Err(error) => Told::Failed(error),
        }
    }

    fn fold(&mut self, digest: Digest, invocation: Invocation) -> Told {
        if digest.matched() > 0 {
            self.pace.fold(digest, invocation.now_ms());
        }
        Told::Folded
    }

    /// Posts once, as far as pacing is concerned; the client has its own retries.
    pub(super) async fn post_with_pending(
        &mut self,
        digest: Digest,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        let (all, storm) = gather(&self.pace, digest);
        let id = short_id(all.id);
        let (style, situation) = (&self.style, Situation { now_ms: invocation.now_ms(), id: &id, storm });
        let (message, shown) = render_blocks(&all, style, &situation);
        let plain = || render_plain(&all, style, &situation);
        let forms = Forms { message: &message, shown, plain: &plain };
        let shown = post(&mut self.slack, forms, invocation, ledger, measures).await?;
        let now_ms = invocation.now_ms();
        ledger.shown += shown;
        ledger.counted += all.matched() - shown;
        measures.delivery_lag_ms = all.oldest_ms().and_then(|oldest| u64::try_from(now_ms - oldest).ok());
        self.pace.posted(&all, shown, now_ms);
        Ok(())
    }

    /// Posts a message whether or not there is a token, though it takes one where there is.
    ///
    /// It never posts inside a pause that Slack asks for: it waits for its end, if the time allows.
    pub(super) async fn post_at_once(
        &mut self,
        rendered: &Rendered,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        self.pace.bucket.take(invocation.now_ms());
        loop {
            match self.post_once(rendered, invocation, ledger, measures).await {
                Err(PostError::RateLimited { retry_after }) if invocation.has_time_for(retry_after) => {
                    sleep(retry_after).await;
                }
                posted => return posted,
            }
        }
    }

    /// Posts a message whose token was taken, and closes the bucket for as long as Slack asks for.
    pub(super) async fn post_once(
        &mut self,
        rendered: &Rendered,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        let posted = self.post(rendered, invocation, ledger, measures).await;
        if let Err(PostError::RateLimited { retry_after }) = posted {
            self.pace.bucket.empty(invocation.now_ms(), millis(retry_after));
        }
        posted.map(|_| ())
    }

    /// Posts a message and keeps the books; gives how many lines it shows.
    pub(super) async fn post(
        &mut self,
        rendered: &Rendered,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<u64, PostError> {
        let plain = || (rendered.plain.clone(), rendered.plain_shown);
        let forms = Forms { message: &rendered.message, shown: rendered.shown, plain: &plain };
        post(&mut self.slack, forms, invocation, ledger, measures).await
    }
}

/// A message in both forms, each with how many lines it shows. Plain text is rarely asked for, and drawn then.
struct Forms<'a> {
    message: &'a Message,
    shown: u64,
    plain: &'a (dyn Fn() -> (Message, u64) + Sync),
}

async fn post<S: Slack>(
    slack: &mut S,
    forms: Forms<'_>,
    invocation: Invocation,
    ledger: &mut Ledger,
    measures: &mut Measures,
) -> Result<u64, PostError> {
    let body = self::body(forms.message);
    let drawn = OnceLock::new();
    let plain = || {
        drawn.get_or_init(|| {
            let (message, shown) = (forms.plain)();
            (self::body(&message), shown)
        })
    };
    let post = Post { body: &body, plain_body: PlainBody(&|| plain().0.as_str()) };
    let PostOutcome { result, requests, ambiguous } = slack.post(post, invocation.budget()).await;
    ledger.ambiguous += u64::from(ambiguous);
    if matches!(result, Err(PostError::RateLimited { .. })) && requests > 0 {
        measures.rate_limited += 1;
    }
    let accepted = result?;
    ledger.posted += 1;
    Ok(if accepted.as_plain_text { plain().1 } else { forms.shown })
}

/// What a container with a token has to tell now, with all that is pending, the message that says so, and how many
/// lines it shows.
pub(crate) fn draw(pace: &Pace, digest: Digest, style: &Style, now_ms: i64) -> (Digest, Message, u64) {
    let (all, storm) = gather(pace, digest);
    let (message, shown) = render_blocks(&all, style, &Situation { now_ms, id: &short_id(all.id), storm });
    (all, message, shown)
}

/// What a container with a token has to tell now: the digest with all that is pending, and the storm they are part of.
fn gather(pace: &Pace, digest: Digest) -> (Digest, Option<Storm>) {
    let (mut all, storm) = pace.with_pending(digest);
    all.sort();
    let storm = storm.map(|storm| Storm {
        since_ms: storm.since_ms,
        last_message_ms: storm.last_message_ms,
        spacing_seconds: u64::try_from(pace.bucket.spacing_ms() / 1_000).unwrap_or_default(),
    });
    (all, storm)
}

/// The JSON that is posted.
#[must_use]
pub fn body(message: &Message) -> String {
    message.json()
}

/// Six hexadecimal digits that the same log events always give.
pub(crate) fn short_id(id: u64) -> String {
    // The sum of hashes is as random in its high half as in its low one; together they differ more often.
    format!("{:06x}", (id ^ (id >> 24) ^ (id >> 48)) & 0xff_ffff)
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
