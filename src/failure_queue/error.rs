//! Why a failure queue could not be used, in words that say what to do.

use thiserror::Error;

use crate::aws::CallError;

/// Why a queue could not be used. What may pass was tried again before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueueError {
    /// The call was refused, or not answered.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The queue's key cannot be used.
    #[error("access denied: these credentials lack the permission kms:Decrypt on the queue's key")]
    KeyDenied,
    /// There is no such queue.
    #[error("there is no such queue in {0}: give its URL or ARN, or another --region")]
    NoQueue(String),
    /// Others have received too many messages.
    #[error("SQS hands out no more: too many messages of the queue are in flight")]
    OverLimit,
    /// An answer that is not of the service's form.
    #[error("an answer of SQS cannot be read: is the endpoint the right one?")]
    Unreadable,
    /// What is to be deleted was not received.
    #[error("the record is not held any more")]
    NotHeld,
}
