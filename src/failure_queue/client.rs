//! One call of SQS: signed, sent, tried again where that can help, its refusal put into our words.
//!
//! Of a refusal only its code is looked at, and nothing of it is repeated.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::QueueError;
use crate::aws::{Call, Service, Session, error_code};
use crate::backoff::Backoff;
use crate::http::{Answer, Budget, Patience, Transport};

/// Ten messages have 1 MB together, which JSON may make several times as much.
const PATIENCE: Patience =
    Patience { head: Duration::from_secs(30), total: Duration::from_mins(1), bytes: 16 * 1024 * 1024 };
const TRIES: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(20);
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
    http: H,
    session: Session,
    /// A moment by both clocks.
    clocks: (Instant, SystemTime),
    backoff: Mutex<Backoff>,
}

/// Why a try was refused.
enum Refusal {
    Expired,
    /// Worth another try.
    Passing(QueueError),
    Final(QueueError),
}

impl<H: Transport> Client<H> {
    pub(super) fn new(http: H, session: Session, now: SystemTime) -> Self {
        let backoff = Mutex::new(Backoff::new(BACKOFF, MAX_BACKOFF, SEED));
        Self { http, session, clocks: (Instant::now(), now), backoff }
    }

    /// The answer.
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        operation: Operation,
        asked: &Value,
    ) -> Result<A, QueueError> {
        let body = asked.to_string();
        let (mut failures, mut has_expired) = (0, false);
        loop {
            match self.try_once(operation, &body).await {
                // Operations without an answer of their own may answer nothing at all.
                Ok(answer) if answer.is_empty() => {
                    return serde_json::from_slice(b"{}").map_err(|_| QueueError::Unreadable);
                }
                Ok(answer) => return serde_json::from_slice(&answer).map_err(|_| QueueError::Unreadable),
                // The provider may have newer ones.
                Err(Refusal::Expired) if !has_expired => {
                    has_expired = true;
                    self.session.forget().await;
                }
                Err(Refusal::Expired) => return Err(QueueError::Expired),
                Err(Refusal::Passing(error)) => {
                    failures += 1;
                    if failures >= TRIES {
                        return Err(error);
                    }
                    let wait = self.backoff.lock().unwrap_or_else(PoisonError::into_inner).wait(failures);
                    sleep(wait).await;
                }
                Err(Refusal::Final(error)) => return Err(error),
            }
        }
    }

    async fn try_once(&self, operation: Operation, body: &str) -> Result<Vec<u8>, Refusal> {
        let (began, at) = self.clocks;
        let now = at + began.elapsed();
        let access = self.session.access(now).await.map_err(|error| Refusal::Final(error.into()))?;
        let (target, body) = (operation.target(), body.to_owned());
        let call = Call { service: Service::Sqs, target, region: None, body };
        let request = access.request(call, now).map_err(|_| Refusal::Final(QueueError::Signing))?;
        let budget = Budget::until(Instant::now() + PATIENCE.total, now);
        let answer = self
            .http
            .exchange(request, PATIENCE, budget)
            .await
            .map_err(|lost| Refusal::Passing(QueueError::Unreachable(lost.fault)))?;
        if let Some(fault) = answer.broken {
            return Err(Refusal::Passing(QueueError::Unreachable(fault)));
        }
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(self.refusal(operation, &answer)),
        }
    }

    fn refusal(&self, operation: Operation, answer: &Answer) -> Refusal {
        let status = answer.status;
        error_code(answer, |code| self.by_code(operation, code)).unwrap_or_else(|| match status {
            403 => Refusal::Final(QueueError::Denied(operation.permission())),
            429 => Refusal::Passing(QueueError::Throttled),
            500.. => Refusal::Passing(QueueError::Failed(status)),
            _ => {
                let target = operation.target();
                let operation = target.rsplit('.').next().unwrap_or(target);
                Refusal::Final(QueueError::Refused { operation, status })
            }
        })
    }

    /// From the API reference of SQS: the errors of the operations above, and those common to all.
    fn by_code(&self, operation: Operation, code: &str) -> Option<Refusal> {
        Some(match code {
            "RequestThrottled" | "ThrottlingException" | "Throttling" | "KmsThrottled" => {
                Refusal::Passing(QueueError::Throttled)
            }
            "ExpiredToken" | "ExpiredTokenException" => Refusal::Expired,
            "AccessDeniedException" | "AccessDenied" | "NotAuthorized" => {
                Refusal::Final(QueueError::Denied(operation.permission()))
            }
            "KmsAccessDenied" | "KmsDisabled" | "KmsInvalidState" | "KmsNotFound" => {
                Refusal::Final(QueueError::KeyDenied)
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestExpired" => Refusal::Final(QueueError::NotSignedIn),
            "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" | "InvalidAddress" => {
                Refusal::Final(QueueError::NoQueue(self.session.region().to_owned()))
            }
            "OverLimit" => Refusal::Final(QueueError::OverLimit),
            _ => return None,
        })
    }
}
