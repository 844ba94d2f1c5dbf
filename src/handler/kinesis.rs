//! Records of a Kinesis stream: nothing is acknowledged before Slack accepted it or the table that all containers share
//! has it.
//!
//! A record that cannot be decoded is named in a message of its own. It never blocks the shard once that is accepted.

use aws_lambda_events::event::streams::{KinesisBatchItemFailure, KinesisEventResponse};

use super::delivery::Fate;
use super::logs::{batch_id, warn_of_own_log_group};
use super::{Answer, Handler, Invocation, Mode, Outcome, Slack, every, incidents, shared};
use crate::digest::Digest;
use crate::duplicates::EventKey;
use crate::ledger::{Ledger, Measures};
use crate::outbox::Urgency::Required;
use crate::slack::render::{UndecodableRecords, number, render_undecodable};
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

impl<S: Slack, T: Store> Handler<S, T> {
    pub(super) async fn kinesis(&mut self, records: &[KinesisRecord<'_>], invocation: Invocation) -> Outcome {
        let mut undecodable = 0;
        let mut unreported = Unreported::default();
        let mut first_matched = None;
        // Each record has an entry of its own in the table: what comes again may come with other records.
        let mut lines = Vec::new();
        let mut all = self.pipeline().records(records, |position, record, read| match read {
            Ok(batch) if batch.counts.ledger.matched > 0 => {
                first_matched.get_or_insert(position);
                if matches!(self.mode, Mode::Shared) {
                    let (id, digest) = (batch_id(batch), std::mem::take(&mut batch.digest));
                    lines.push(shared::Lines { id, digest });
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
        let digest = std::mem::take(&mut all.digest);
        let counts = std::mem::take(&mut all.counts);
        warn_of_own_log_group(counts.own_log_group);
        let mut ledger = counts.ledger;
        ledger.undecodable = undecodable;
        ledger.silent = u64::from(first_matched.is_none() && unreported.records.is_empty());
        let mut measures = counts.measures();
        let mut again = None;
        if let Some(first) = first_matched {
            match self.notify_in_time(digest, lines, invocation, &mut ledger, &mut measures).await {
                Fate::Accepted | Fate::Deferred => self.remembered.remember(all.into_keys()),
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
            let rendered = render_undecodable(&unreported.records, &self.style, &id);
            match self.post_rendered(&rendered, Required, invocation, &mut ledger, &mut measures).await {
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

    /// Posts when there is a token, and again after each Retry-After, as long as the time allows. Nothing is deferred but
    /// what the table has.
    async fn notify_in_time(
        &mut self,
        digest: Digest,
        lines: Vec<shared::Lines>,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Fate {
        let (mode, mut delivery) = self.delivery(invocation, ledger, measures);
        match mode {
            Mode::Every(pace) => every::notify(pace, digest, Required, &mut delivery).await,
            Mode::Shared => shared::notify(lines, &mut delivery).await,
            Mode::Incidents(all) => incidents::notify(all, digest, Required, &mut delivery).await,
        }
    }
}
