//! Records of a Kinesis stream: one post for all of them, and nothing acknowledged before Slack accepted it.

use std::time::Duration;

use aws_lambda_events::event::streams::{KinesisBatchItemFailure, KinesisEventResponse};
use tokio::time::sleep;

use super::logs::warn_of_own_log_group;
use super::tell::millis;
use super::{Answer, Handler, Invocation, Outcome, Slack};
use crate::decode::{self, Source};
use crate::digest::{Batch, Digest};
use crate::ledger::{Ledger, Measures};
use crate::slack::post::PostError;
use crate::trigger::KinesisRecord;

impl<S: Slack> Handler<S> {
    pub(super) async fn kinesis(&mut self, records: &[KinesisRecord<'_>], invocation: Invocation) -> Outcome {
        let mut all = Batch::default();
        let mut undecodable = 0;
        let mut first_told = None;
        for record in records {
            let mut batch = Batch::default();
            let mut intake = batch.intake(&self.reader, &self.remembered).after(&all.keys);
            if let Err(error) =
                decode::decode(Source::Base64(&record.data), self.max_decompressed_bytes, &mut intake)
            {
                undecodable += 1;
                let sequence_number = log_safe(&record.sequence_number);
                tracing::error!(sequence_number, %error, "a record that cannot be decoded is set aside");
                continue;
            }
            batch.forget_what_is_known(&self.remembered);
            if batch.counts.matched > 0 && first_told.is_none() {
                first_told = Some(record.sequence_number.as_ref());
            }
            all.absorb(batch, self.reader.samples_per_group);
        }
        let digest = std::mem::take(&mut all.digest);
        let counts = std::mem::take(&mut all.counts);
        warn_of_own_log_group(counts.own_log_group);
        let mut ledger = Ledger::of(&counts);
        ledger.undecodable = undecodable;
        let mut measures = Measures::of(&counts);
        let mut response = KinesisEventResponse::default();
        match first_told {
            None => ledger.silent = 1,
            Some(first) => match self.tell_in_time(digest, invocation, &mut ledger, &mut measures).await {
                Ok(()) => self.remembered.remember(all.into_keys()),
                Err(error) => {
                    tracing::error!(%error, lines = counts.matched, "the records come again");
                    ledger.failed = counts.matched;
                    let mut failure = KinesisBatchItemFailure::default();
                    failure.item_identifier = Some(first.to_owned());
                    response.batch_item_failures.push(failure);
                }
            },
        }
        Outcome { answer: Ok(Answer::Kinesis(response)), ledger, measures }
    }

    /// Posts when there is a token, and again after each Retry-After, as long as the time allows.
    async fn tell_in_time(
        &mut self,
        digest: Digest,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        loop {
            let wait_ms = self.pace.bucket.wait_ms(invocation.now_ms());
            let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default());
            if !invocation.has_time_for(wait) {
                return Err(PostError::NoTimeLeft);
            }
            sleep(wait).await;
            if !self.pace.bucket.take(invocation.now_ms()) {
                continue;
            }
            match self.post_with_pending(digest.clone(), invocation, ledger, measures).await {
                Err(PostError::RateLimited { retry_after }) => {
                    self.pace.bucket.empty(invocation.now_ms(), millis(retry_after));
                }
                posted => return posted,
            }
        }
    }
}

/// A sequence number is digits; what is none is a forged event's text and stays out of our log.
fn log_safe(sequence_number: &str) -> &str {
    let is_number = sequence_number.len() <= 128 && sequence_number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { sequence_number } else { "(no number)" }
}
