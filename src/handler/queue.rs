//! Messages of an SQS queue, the failure queue that is taken up again (`infra/redrive.tf`) or any other: each handled as
//! the event that it carries, and given back where that fails.
//!
//! A message that fails holds up no other. When it comes again, and how often, is for the queue's own settings to say.

use aws_lambda_events::event::streams::{KinesisBatchItemFailure, KinesisEventResponse};
use tokio::time::Instant;

use super::{Answer, Handler, HandlerError, Invocation, Notifier, Outcome};
use crate::ledger::{Ledger, Measures};
use crate::rate_limit::Urgency::WaitsForToken;
use crate::store::Store;
use crate::trigger::{self, QueueMessage};

impl<N: Notifier, T: Store> Handler<N, T> {
    /// Nothing is acknowledged before Slack accepted it or the table that all containers share has it.
    pub(super) async fn queue(&mut self, messages: &[QueueMessage<'_>], invocation: Invocation) -> Outcome {
        let (mut ledger, mut measures) = (Ledger::default(), Measures::default());
        // SQS's answer has the form of Kinesis's, with ids of messages.
        let mut response = KinesisEventResponse::default();
        let mut left = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        for message in messages {
            let now = Instant::now();
            // One that Slack keeps waiting leaves the others their share of the time.
            let share = invocation.deadline.saturating_duration_since(now) / left.max(1);
            left -= 1;
            let event = message.event();
            let its = Invocation { deadline: now + share, ..invocation };
            let outcome = self.one(event, trigger::read(event), WaitsForToken, its).await;
            ledger.add(&outcome.ledger);
            measures.add(&outcome.measures);
            let is_done = match outcome.answer {
                Ok(Answer::Ledger(_)) => true,
                Ok(Answer::Again(its)) => its.batch_item_failures.is_empty(),
                Err(error) => {
                    tracing::error!(%error, "a message of the queue comes again");
                    let is_poison = matches!(error, HandlerError::Trigger(_) | HandlerError::Decode(_));
                    ledger.undecodable += u64::from(is_poison);
                    false
                }
            };
            if !is_done {
                let mut failure = KinesisBatchItemFailure::default();
                failure.item_identifier = Some(message.id.to_string());
                response.batch_item_failures.push(failure);
            }
        }
        Outcome { answer: Ok(Answer::Again(response)), ledger, measures }
    }
}
