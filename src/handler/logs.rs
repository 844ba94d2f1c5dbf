//! A subscription filter's push: decode it, and notify what matched, now or later.

use super::mode::Arrived;
use super::outbox::Fate;
use super::table::Lines;
use super::{Answer, Handler, HandlerError, Invocation, Notifier, Outcome};
use crate::decode::Source;
use crate::rate_limit::Urgency;
use crate::slack::post::PostError;
use crate::store::Store;

impl<N: Notifier, T: Store> Handler<N, T> {
    pub(super) async fn logs(&mut self, data: &[u8], urgency: Urgency, invocation: Invocation) -> Outcome {
        let mut batch = match self.pipeline().batch(Source::Base64(data)) {
            Ok(batch) => batch,
            Err(error) => return Outcome::failed(error.into()),
        };
        warn_of_own_log_group(batch.counts.own_log_group);
        let mut ledger = batch.counts.ledger;
        let mut measures = batch.counts.measures();
        let matched = batch.counts.ledger.matched;
        ledger.silent = u64::from(matched == 0);
        let has_lines = matched > 0;
        let arrived = if self.mode.keeps_batches() {
            let lines = has_lines.then(|| Lines::of(&mut batch));
            Arrived::Batches(lines.into_iter().collect())
        } else {
            Arrived::Merged(std::mem::take(&mut batch.digest))
        };
        let (mode, mut outbox) = self.outbox(invocation, &mut ledger, &mut measures);
        let fate = mode.notify(arrived, urgency, &mut outbox).await;
        match fate {
            Fate::Kept => self.remembered.remember(batch.into_keys()),
            Fate::Failed(error, lines) if has_lines => {
                ledger.failed = lines;
                let error = HandlerError::Post { error, lines: matched };
                return Outcome { answer: Err(error), ledger, measures };
            }
            Fate::Failed(error, _) => warn_of_pending(error, self.mode.pending()),
        }
        Outcome { answer: Ok(Answer::Ledger(ledger)), ledger, measures }
    }
}

/// Lines that were deferred before stay pending when their post fails: nobody gives them back, so it is said here.
pub(super) fn warn_of_pending(error: PostError, lines: u64) {
    tracing::error!(%error, lines, "slack did not accept what is deferred; it stays pending");
}

/// The one thing that is said of a loop: an error would be retried and make it worse.
pub(super) fn warn_of_own_log_group(lines: u64) {
    if lines > 0 {
        tracing::warn!(
            lines,
            "the subscription filter is on this function's own log group; remove it: none of it is notified"
        );
    }
}
