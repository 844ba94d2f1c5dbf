//! Why AWS did not answer a call, in words that say what to do.
//!
//! They are the same for every service, and repeat nothing of what AWS said.

use thiserror::Error;

use super::SessionError;
use crate::http::TransportFault;

/// Why AWS did not answer a call. What may pass was tried again before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// There are no credentials to ask with.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The permission is missing.
    #[error("access denied: these credentials lack the permission {0}")]
    Denied(&'static str),
    /// The credentials have run out, and the provider has no newer ones.
    #[error("the AWS credentials have expired: sign in again (`aws sso login`) or renew them")]
    Expired,
    /// AWS does not know the credentials, or the clock is wrong.
    #[error("AWS does not accept these credentials: look at the profile, and at this machine's clock")]
    NotSignedIn,
    /// What is asked for does not exist.
    #[error("{0} knows nothing of that name")]
    NotFound(&'static str),
    /// Other callers use up the quota.
    #[error("{0} refuses more requests (throttling)")]
    Throttled(&'static str),
    /// The service failed again and again.
    #[error("{service} failed again and again (status {status})")]
    Failed {
        /// Its name.
        service: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// No answer came.
    #[error("{service} cannot be reached: {fault}")]
    Unreachable {
        /// Its name.
        service: &'static str,
        /// Why not.
        fault: TransportFault,
    },
    /// The request was refused for another reason.
    #[error("{service} refused {operation} (status {status})")]
    Refused {
        /// Its name.
        service: &'static str,
        /// The operation's name.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// It can only be a fault of this program.
    #[error("the request to AWS could not be signed")]
    Signing,
}

/// What a call is for, in the words of its errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purpose {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) permission: &'static str,
}

impl CallError {
    /// From "Common Error Types" in AWS's API references, and the names that services have for the same.
    pub(super) fn of_code(purpose: Purpose, code: &str) -> Option<Self> {
        Some(match code {
            "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "TooManyRequestsException"
            | "LimitExceededException"
            | "SlowDown" => Self::Throttled(purpose.service),
            "ExpiredToken" | "ExpiredTokenException" => Self::Expired,
            "AccessDeniedException"
            | "AccessDenied"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "NotAuthorized"
            | "UnauthorizedOperation" => Self::Denied(purpose.permission),
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestExpired"
            | "RequestTimeTooSkewed" => Self::NotSignedIn,
            "ResourceNotFoundException"
            | "ResourceNotFound"
            | "NotFoundException"
            | "NotFound"
            | "QueueDoesNotExist"
            | "AWS.SimpleQueueService.NonExistentQueue"
            | "NoSuchBucket" => Self::NotFound(purpose.service),
            _ => return None,
        })
    }

    /// Where the code says nothing.
    pub(super) fn of_status(purpose: Purpose, status: u16) -> Self {
        let Purpose { service, operation, permission } = purpose;
        match status {
            403 => Self::Denied(permission),
            429 => Self::Throttled(service),
            500.. => Self::Failed { service, status },
            _ => Self::Refused { service, operation, status },
        }
    }
}
