//! Why a failure queue could not be used, in words that say what to do.

use thiserror::Error;

use crate::aws::SessionError;
use crate::http::TransportFault;

/// Why a queue could not be used. What may pass was tried again before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueueError {
    /// There are no credentials to ask with.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The permission is missing.
    #[error("access denied: these credentials lack the permission {0}")]
    Denied(&'static str),
    /// The queue's key cannot be used.
    #[error("access denied: these credentials lack the permission kms:Decrypt on the queue's key")]
    KeyDenied,
    /// The credentials have run out, and the provider has no newer ones.
    #[error("the AWS credentials have expired: sign in again (`aws sso login`) or renew them")]
    Expired,
    /// AWS does not know the credentials, or the clock is wrong.
    #[error("AWS does not accept these credentials: look at the profile, and at this machine's clock")]
    NotSignedIn,
    /// There is no such queue.
    #[error("there is no such queue in {0}: give its URL or ARN, or another --region")]
    NoQueue(String),
    /// Others have received too many messages.
    #[error("SQS hands out no more: too many messages of the queue are in flight")]
    OverLimit,
    /// Other callers use up the quota.
    #[error("SQS refuses more requests (throttling)")]
    Throttled,
    /// The service failed again and again.
    #[error("SQS failed again and again (status {0})")]
    Failed(u16),
    /// No answer came.
    #[error("SQS cannot be reached: {0}")]
    Unreachable(TransportFault),
    /// The request was refused for another reason.
    #[error("SQS refused {operation} (status {status})")]
    Refused {
        /// The operation's name.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// An answer that is not of the service's form.
    #[error("an answer of SQS cannot be read: is the endpoint the right one?")]
    Unreadable,
    /// What is to be deleted was not received.
    #[error("the record is not held any more")]
    NotHeld,
    /// A request could not be signed; it can only be a fault of this program.
    #[error("the request to SQS could not be signed")]
    Signing,
}
