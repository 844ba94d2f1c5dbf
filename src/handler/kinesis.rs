//! Records of a Kinesis stream: nothing is acknowledged before Slack accepted it or the table that all containers share
//! has it.
//!
//! A record that cannot be decoded is named in a message of its own. It never blocks the shard once that is accepted.

use aws_lambda_events::event::streams::{KinesisBatchItemFailure, KinesisEventResponse};

use super::logs::warn_of_own_log_group;
use super::mode::Arrived;
use super::outbox::Fate;
use super::table::Lines;
use super::{Answer, Handler, Invocation, Notifier, Outcome};
use crate::duplicates::EventKey;
use crate::notification::{UndecodableRecords, number, of_undecodable};
use crate::rate_limit::Urgency::WaitsForToken;
use crate::slack::render::{MessageStyle, render};
use crate::store::Store;
use crate::trigger::KinesisRecord;
use crate::words::short_id;

/// Records that cannot be decoded, of which nobody was notified yet.
#[derive(Default)]
struct Unreported {
    records: UndecodableRecords,
    keys: Vec<EventKey>,
    /// The position of the first of them.
    first: Option<usize>,
}

impl<N: Notifier, T: Store> Handler<N, T> {
    pub(super) async fn kinesis(&mut self, records: &[KinesisRecord<'_>], invocation: Invocation) -> Outcome {
        let mut undecodable = 0;
        let mut unreported = Unreported::default();
        let mut first_matched = None;
        // Each record has an entry of its own in the table: what comes again may come with other records.
        let mut batches = Vec::new();
        let mut all = self.pipeline().records(records, |position, record, read| match read {
            Ok(batch) if batch.counts.ledger.matched > 0 => {
                first_matched.get_or_insert(position);
                if self.mode.keeps_batches() {
                    batches.push(Lines::of(batch));
                }
            }
            Ok(_) => {}
            Err(error) => {
                undecodable += 1;
                let sequence_number = number(&record.sequence_number);
                tracing::error!(sequence_number, %error, "a record cannot be decoded");
                let key = EventKey::new("", &record.shard, record.sequence_number.as_bytes());
                if !self.remembered.contains(key) {
                    unreported.records.note(&record.shard, &record.sequence_number);
                    unreported.keys.push(key);
                    unreported.first.get_or_insert(position);
                }
            }
        });
        let arrived = if self.mode.keeps_batches() {
            Arrived::Batches(batches)
        } else {
            Arrived::Merged(std::mem::take(&mut all.digest))
        };
        let counts = std::mem::take(&mut all.counts);
        warn_of_own_log_group(counts.own_log_group);
        let mut ledger = counts.ledger;
        ledger.undecodable = undecodable;
        ledger.silent = u64::from(first_matched.is_none() && unreported.records.is_empty());
        let mut measures = counts.measures();
        let mut again = None;
        if let Some(first) = first_matched {
            let (mode, mut outbox) = self.outbox(invocation, &mut ledger, &mut measures);
            // Posts when there is a token, and again after each Retry-After, as long as the time allows.
            match mode.notify(arrived, WaitsForToken, &mut outbox).await {
                Fate::Kept => self.remembered.remember(all.into_keys()),
                Fate::Failed(error, lines) => {
                    tracing::error!(%error, lines, "the records come again");
                    ledger.failed = lines;
                    // Of the others nobody is notified either.
                    again = unreported.first.map_or(Some(first), |other| Some(first.min(other)));
                }
            }
        }
        if again.is_none() && !unreported.records.is_empty() {
            let id = short_id(unreported.records.id());
            let MessageStyle { content, sender } = &self.style;
            let rendered = render(|_| of_undecodable(&unreported.records, content, &id), sender);
            match self.post_rendered(&rendered, WaitsForToken, invocation, &mut ledger, &mut measures).await {
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
        Outcome { answer: Ok(Answer::Again(response)), ledger, measures }
    }
}
