//! A subscription filter's push: decode it, and tell what matched, now or later.

use super::tell::Told;
use super::{Answer, Handler, HandlerError, Invocation, Outcome, Slack};
use crate::decode::{self, Source};
use crate::digest::Batch;
use crate::ledger::{Ledger, Measures};
use crate::slack::post::PostError;

impl<S: Slack> Handler<S> {
    pub(super) async fn logs(&mut self, data: &[u8], invocation: Invocation) -> Outcome {
        let mut batch = Batch::default();
        let mut intake = batch.intake(&self.reader, &self.remembered);
        if let Err(error) = decode::decode(Source::Base64(data), self.max_decompressed_bytes, &mut intake) {
            return Outcome::failed(error.into());
        }
        batch.forget_what_is_known(&self.remembered);
        warn_of_own_log_group(batch.counts.own_log_group);
        let mut ledger = Ledger::of(&batch.counts);
        let mut measures = Measures::of(&batch.counts);
        let matched = batch.counts.matched;
        let digest = std::mem::take(&mut batch.digest);
        if matched == 0 {
            ledger.silent = 1;
            if self.pace.pending() == 0 {
                return Outcome::of(ledger, measures);
            }
        }
        let told = self.tell_or_fold(digest, invocation, &mut ledger, &mut measures).await;
        match told {
            Told::Accepted | Told::Folded => self.remembered.remember(batch.into_keys()),
            Told::Failed(error) if matched > 0 => {
                ledger.failed = matched;
                let error = HandlerError::Post { error, lines: matched };
                return Outcome { answer: Err(error), ledger, measures };
            }
            Told::Failed(error) => warn_of_pending(error, self.pace.pending()),
        }
        Outcome { answer: Ok(Answer::Ledger(ledger)), ledger, measures }
    }
}

/// Lines that were folded before stay pending when their post fails: nobody gives them back, so it is said here.
pub(super) fn warn_of_pending(error: PostError, lines: u64) {
    tracing::error!(%error, lines, "slack did not accept what is folded; it stays pending");
}

/// The one thing that is said of a loop: an error would be retried and make it worse.
pub(super) fn warn_of_own_log_group(lines: u64) {
    if lines > 0 {
        tracing::warn!(
            lines,
            "the subscription filter is on this function's own log group; remove it, nothing of it is told"
        );
    }
}
