//! Why a deployment could not be looked at, in words that say what to do.

use thiserror::Error;

use crate::aws::SessionError;

/// Why a deployment could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeploymentError {
    /// There are no credentials to ask with.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// AWS does not take the credentials.
    #[error("{0}")]
    NotSignedIn(String),
    /// It cannot be the name of a function.
    #[error("{0:?} is neither the name of a function nor its ARN")]
    Name(String),
    /// It names no single log group.
    #[error(
        "--log-group: {0:?} is neither the name of one log group nor its ARN; patterns are not taken here"
    )]
    LogGroup(String),
    /// The ARN is of another account than the one that answers.
    #[error(
        "the ARN is of account {other}, but these credentials are of account {account}: --profile for another one"
    )]
    OtherAccount {
        /// The ARN's.
        other: String,
        /// The credentials'.
        account: String,
    },
    /// There is no such function.
    #[error(
        "there is no function {name} in {region}, and none {name}-lines: its name is the module's output \
         lines_function_name (--region for another Region)"
    )]
    NoFunction {
        /// As it was asked for.
        name: String,
        /// Where it was looked for.
        region: String,
    },
    /// The function itself cannot be looked at.
    #[error("access denied: these credentials lack the permission {0}")]
    Denied(&'static str),
    /// The function itself cannot be looked at for another reason.
    #[error("{0}")]
    Failed(String),
    /// It can only be a fault of this program or machine.
    #[error("the calls of AWS could not be set up")]
    NoRuntime,
}
