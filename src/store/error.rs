//! Why a store could not do what it was asked for.
//!
//! Texts are fixed, with numbers and words from closed lists in them: nothing of an answer, a key or a body.
//!
//! | what the table does | fault | tries | retryable | may be done |
//! |---|---|---|---|---|
//! | 400 with a code for too much at once (`ProvisionedThroughputExceeded`, `Throttling`, `RequestLimitExceeded`), a conflict with another's transaction, 429, a part of a batch left undone | `Throttled` | 5 | yes | no; of a batch the rest |
//! | 500, 503 and other 5xx, a broken connection, a read's answer that is no JSON | `Unavailable` | 5 | yes | writes |
//! | no answer, no time left to ask | `TimedOut` | 2 | yes | writes that were sent |
//! | `AccessDenied`, 403 | `Denied` | 1 | no | no |
//! | a signature, token or key id that AWS does not take | `NotSignedIn` | 1 | no | no |
//! | `ResourceNotFound` | `NoTable` | 1 | no | no |
//! | 413, an item above 400 KB, which is not sent | `TooLarge` | 1 | no | no |
//! | `Validation` and every other 4xx or 3xx | `Invalid` | 1 | no | no |
//! | a condition that does not hold | none: a duplicate, or a lease that another has | 1 | | |
//! | a condition that does not hold after a try without answer | none: what is stored is looked at, and whose it is | 2 or more | | |
//!
//! Tries are spread by full jitter, up to a second between two, and end within the budget.

use thiserror::Error;

/// A call of a store that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{action} on the state table: {fault}")]
pub struct StoreError {
    /// What was asked, as the permission for it is called, such as `dynamodb:PutItem`.
    pub action: &'static str,
    /// What went wrong.
    pub fault: StoreFault,
    /// A request that was not answered may have been acted upon.
    pub may_be_done: bool,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StoreFault {
    /// The table takes no more at the moment, after several tries.
    #[error("throttled: the table takes no more at the moment, try again later")]
    Throttled,
    /// DynamoDB failed, could not be reached, or answered what cannot be read, after several tries.
    #[error(
        "unavailable: DynamoDB failed or could not be reached, try again later; in a VPC, check its endpoint"
    )]
    Unavailable,
    /// No answer came in time, or no time was left to ask.
    #[error("timed out: no answer in time, try again later; in a VPC, check its endpoint")]
    TimedOut,
    /// The role may not do it.
    #[error(
        "denied: allow the function's role this action on the table, and kms:Decrypt on its key if it has one"
    )]
    Denied,
    /// AWS does not take the credentials or the signature.
    #[error("not signed in: check the credentials and the clock")]
    NotSignedIn,
    /// There is no such table.
    #[error("no such table: check STATUSWATCH_STATE_TABLE and the Region")]
    NoTable,
    /// The item is larger than a table takes.
    #[error("too large: an item has at most 400 KB")]
    TooLarge,
    /// The table or its keys are not as they should be.
    #[error("invalid: the table needs the string keys pk and sk")]
    Invalid,
    /// What is stored cannot be read.
    #[error("unreadable: what is stored is broken, it ends by its time to live")]
    Unreadable,
    /// What is stored was written by another version of this program.
    #[error("unknown format {version}: written by a newer version, which all functions of the table need")]
    UnknownFormat {
        /// The version that it says.
        version: u8,
    },
    /// The memory store has no room left.
    #[error("full: the memory store has no room left")]
    Full,
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.fault.is_retryable()
    }
}

impl StoreFault {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        match self {
            Self::Throttled | Self::Unavailable | Self::TimedOut | Self::Full => true,
            Self::Denied
            | Self::NotSignedIn
            | Self::NoTable
            | Self::TooLarge
            | Self::Invalid
            | Self::Unreadable
            | Self::UnknownFormat { .. } => false,
        }
    }

    /// The error of a call that was surely not acted upon.
    pub(super) fn of(self, action: &'static str) -> StoreError {
        StoreError { action, fault: self, may_be_done: false }
    }
}
