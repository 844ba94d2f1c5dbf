//! One call of SQS, its refusal put into our words.

use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::QueueError;
use crate::aws::{self, Call, CallError, Manner, Own, Purpose, Service, Session};
use crate::http::{Patience, Transport};

const MANNER: Manner = Manner {
    // Ten messages have 1 MB together, which JSON may make several times as much.
    patience: Patience {
        head: Duration::from_secs(30),
        total: Duration::from_mins(1),
        bytes: 16 * 1024 * 1024,
    },
    tries: 5,
    throttled_tries: 5,
    waits: (Duration::from_millis(500), Duration::from_secs(20)),
};
/// SQS itself tells these apart in no way that matters: waits need not differ between runs.
const SEED: u64 = 11;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    GetQueueUrl,
    GetQueueAttributes,
    ReceiveMessage,
    DeleteMessage,
    ChangeMessageVisibilityBatch,
}

impl Operation {
    fn purpose(self) -> Purpose {
        let operation = self.target().trim_start_matches("AmazonSQS.");
        Purpose { service: "SQS", operation, permission: self.permission() }
    }

    /// As the header `x-amz-target` names it.
    fn target(self) -> &'static str {
        match self {
            Self::GetQueueUrl => "AmazonSQS.GetQueueUrl",
            Self::GetQueueAttributes => "AmazonSQS.GetQueueAttributes",
            Self::ReceiveMessage => "AmazonSQS.ReceiveMessage",
            Self::DeleteMessage => "AmazonSQS.DeleteMessage",
            Self::ChangeMessageVisibilityBatch => "AmazonSQS.ChangeMessageVisibilityBatch",
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::GetQueueUrl => "sqs:GetQueueUrl",
            Self::GetQueueAttributes => "sqs:GetQueueAttributes",
            Self::ReceiveMessage => "sqs:ReceiveMessage",
            Self::DeleteMessage => "sqs:DeleteMessage",
            // IAM knows no action of its own for the batch.
            Self::ChangeMessageVisibilityBatch => "sqs:ChangeMessageVisibility",
        }
    }
}

/// Asks SQS in one Region.
pub(super) struct Client<H> {
    aws: aws::Client<H>,
    session: Session,
}

impl<H: Transport> Client<H> {
    pub(super) fn new(http: H, session: Session, now: SystemTime) -> Self {
        Self { aws: aws::Client::new(http, MANNER, (Instant::now(), now), SEED), session }
    }

    /// The answer.
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        operation: Operation,
        asked: &Value,
    ) -> Result<A, QueueError> {
        let sign = |access: &aws::AwsAccess, now| {
            let (target, body) = (operation.target(), asked.to_string());
            access.request(Call { service: Service::Sqs, target, region: None, body }, now)
        };
        // From the API reference of SQS: the errors of the operations above.
        let own = |code: &str| match code {
            "KmsThrottled" => Some(Own::Passing(CallError::Throttled("SQS").into())),
            "KmsAccessDenied" | "KmsDisabled" | "KmsInvalidState" | "KmsNotFound" => {
                Some(Own::Final(QueueError::KeyDenied))
            }
            "InvalidAddress" => Some(Own::Final(CallError::NotFound("SQS").into())),
            "OverLimit" => Some(Own::Final(QueueError::OverLimit)),
            _ => None,
        };
        let called = self.aws.call(&self.session, operation.purpose(), sign, own).await;
        let answer = called.map_err(|error| match error {
            QueueError::Call(CallError::NotFound(_)) => QueueError::NoQueue(self.session.region().to_owned()),
            error => error,
        })?;
        // Operations without an answer of their own may answer nothing at all.
        let answer = if answer.is_empty() { b"{}" } else { answer.as_slice() };
        serde_json::from_slice(answer).map_err(|_| QueueError::Unreadable)
    }
}
