//! Records of a Kinesis stream: one post for all of them, and nothing acknowledged before Slack accepted it.
//!
//! A record that cannot be decoded is named in a message of its own. It never blocks the shard once that is accepted.

use std::time::Duration;

use aws_lambda_events::event::streams::{KinesisBatchItemFailure, KinesisEventResponse};
use tokio::time::sleep;

use super::logs::warn_of_own_log_group;
use super::tell::millis;
use super::{Answer, Handler, Invocation, Outcome, Slack, short_id};
use crate::decode::{self, Source};
use crate::digest::{Batch, Digest};
use crate::duplicates::EventKey;
use crate::ledger::{Ledger, Measures};
use crate::slack::post::PostError;
use crate::slack::render::{UndecodableRecords, number, render_undecodable};
use crate::trigger::KinesisRecord;

/// Records that cannot be decoded, of which nobody was notified yet.
#[derive(Default)]
struct Unreported {
    records: UndecodableRecords,
    keys: Vec<EventKey>,
    /// The position of the first of them.
    first: Option<usize>,
}

impl<S: Slack> Handler<S> {
    pub(super) async fn kinesis(&mut self, records: &[KinesisRecord<'_>], invocation: Invocation) -> Outcome {
        let mut all = Batch::default();
        let mut undecodable = 0;
        let mut unreported = Unreported::default();
        let mut first_matched = None;
        for (position, record) in records.iter().enumerate() {
            let mut batch = Batch::default();
            let mut intake = batch.intake(&self.reader, &self.remembered).after(&all.keys);
            if let Err(error) =
                decode::decode(Source::Base64(&record.data), self.max_decompressed_bytes, &mut intake)
            {
                undecodable += 1;
                let sequence_number = number(&record.sequence_number);
                tracing::error!(sequence_number, %error, "a record cannot be decoded");
                let key = EventKey::new("", &record.shard, record.sequence_number.as_bytes());
                if !self.remembered.contains(key) {
                    unreported.records.note(&record.shard, &record.sequence_number);
                    unreported.keys.push(key);
                    unreported.first.get_or_insert(position);
                }
                continue;
            }
            batch.forget_what_is_known(&self.remembered);
            if batch.counts.matched > 0 && first_matched.is_none() {
                first_matched = Some(position);
            }
            all.absorb(batch, self.reader.samples_per_group);
        }
        let digest = std::mem::take(&mut all.digest);
        let counts = std::mem::take(&mut all.counts);
        warn_of_own_log_group(counts.own_log_group);
        let mut ledger = Ledger::of(&counts);
        ledger.undecodable = undecodable;
        ledger.silent = u64::from(first_matched.is_none() && unreported.records.is_empty());
        let mut measures = Measures::of(&counts);
        let mut again = None;
        if let Some(first) = first_matched {
            match self.post_in_time(digest, invocation, &mut ledger, &mut measures).await {
                Ok(()) => self.remembered.remember(all.into_keys()),
                Err(error) => {
                    tracing::error!(%error, lines = counts.matched, "the records come again");
                    ledger.failed = counts.matched;
                    // Of the others nobody is notified either.
                    again = unreported.first.map_or(Some(first), |other| Some(first.min(other)));
                }
            }
        }
        if again.is_none() && !unreported.records.is_empty() {
            match self.report_in_time(&unreported.records, invocation, &mut ledger, &mut measures).await {
                Ok(()) => self.remembered.remember(unreported.keys),
                Err(error) => {
                    tracing::error!(%error, "the records that cannot be decoded come again");
                    again = unreported.first;
                }
            }
        }
        let mut response = KinesisEventResponse::default();
        if let Some(record) = again.and_then(|position| records.get(position)) {
            let mut failure = KinesisBatchItemFailure::default();
            failure.item_identifier = Some(record.sequence_number.to_string());
            response.batch_item_failures.push(failure);
        }
        Outcome { answer: Ok(Answer::Kinesis(response)), ledger, measures }
    }

    /// Posts when there is a token, and again after each Retry-After, as long as the time allows.
    async fn post_in_time(
        &mut self,
        digest: Digest,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        loop {
            self.take_token_in_time(invocation).await?;
            match self.post_with_pending(digest.clone(), invocation, ledger, measures).await {
                Err(PostError::RateLimited { retry_after }) => {
                    self.pace.bucket.empty(invocation.now_ms(), millis(retry_after));
                }
                posted => return posted,
            }
        }
    }

    /// The same for the message that names records which cannot be decoded.
    async fn report_in_time(
        &mut self,
        records: &UndecodableRecords,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        let rendered = render_undecodable(records, &self.style, &short_id(records.id()));
        loop {
            self.take_token_in_time(invocation).await?;
            match self.post(&rendered, invocation, ledger, measures).await {
                Err(PostError::RateLimited { retry_after }) => {
                    self.pace.bucket.empty(invocation.now_ms(), millis(retry_after));
                }
                posted => return posted.map(|_| ()),
            }
        }
    }

    /// Waits for a token, if the time allows.
    async fn take_token_in_time(&mut self, invocation: Invocation) -> Result<(), PostError> {
        loop {
            let wait_ms = self.pace.bucket.wait_ms(invocation.now_ms());
            let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default());
            if !invocation.has_time_for(wait) {
                return Err(PostError::NoTimeLeft);
            }
            sleep(wait).await;
            if self.pace.bucket.take(invocation.now_ms()) {
                return Ok(());
            }
        }
    }
}
