//! Why log events could not be fetched, in words that say what to do.

use thiserror::Error;

use crate::aws::CallError;

/// Why log events could not be fetched. What may pass was tried again before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogsError {
    /// The call was refused, or not answered.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no such log group.
    #[error("there is no such log group in {0}")]
    NoGroup(String),
    /// The log group was there when it began.
    #[error("the log group was deleted while it was read")]
    Deleted,
    /// No log group has such a name.
    #[error("no log group in {region} is named {name}")]
    NoMatch {
        /// The name, with `*`.
        name: String,
        /// Where it was looked for.
        region: String,
    },
    /// More log groups than are fetched at once.
    #[error("{0} names more than {max} log groups", max = super::MAX_GROUPS)]
    TooManyGroups(String),
    /// No log group can have that name.
    #[error("{0:?} is no name of a log group")]
    Name(String),
    /// Other callers of this account use up the quota.
    #[error(
        "CloudWatch Logs refuses more requests (throttling) for minutes: something else in the account reads logs"
    )]
    Throttled,
    /// An answer that is not of the service's form.
    #[error("an answer of CloudWatch Logs cannot be read: is the endpoint the right one?")]
    Unreadable,
    /// The pages go round in a circle.
    #[error("CloudWatch Logs names a page as the next one that was read already: its pages would never end")]
    Circle,
    /// Pages without log events that do not end.
    #[error(
        "CloudWatch Logs gives page after page without a log event: ask for less time (--since, --until)"
    )]
    EmptyPages,
    /// More pages than a slice of time can have.
    #[error("the pages do not end: ask for less time (--since, --until)")]
    TooManyPages,
    /// An account may have only so many Live Tail sessions.
    #[error("this account has as many Live Tail sessions as it may: end one, or leave out --live-tail")]
    TooManySessions,
    /// Log groups of another class have no Live Tail.
    #[error("Live Tail is for log groups of the Standard class only: leave out --live-tail")]
    NotStandard,
    /// Session after session ended early.
    #[error("Live Tail broke off again and again: leave out --live-tail")]
    BrokenOff,
    /// It was to stop.
    #[error("stopped")]
    Stopped,
    /// No thread could be set up; it can only be a fault of this machine.
    #[error("the fetching could not be set up")]
    NoRuntime,
}
