//! One call of CloudWatch Logs, its refusal put into our words.
//!
//! It calls nothing that changes anything.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::LogsError;
use super::buffers::Buffers;
use crate::aws::{self, Call, CallError, Manner, Own, Pace, Purpose, Service, Session};
use crate::http::{Body, Patience, Request, Transport};

const MANNER: Manner = Manner {
    // A page has at most 1 MB of messages, which JSON may make several times as much.
    patience: Patience {
        head: Duration::from_secs(30),
        total: Duration::from_mins(1),
        bytes: 16 * 1024 * 1024,
    },
    tries: 5,
    throttled_tries: 12,
    waits: (Duration::from_millis(500), Duration::from_secs(20)),
};
/// `FilterLogEvents` is allowed five times a second in an account and Region.
pub(super) const GAP: Duration = Duration::from_millis(200);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    FilterLogEvents,
    DescribeLogGroups,
    StartLiveTail,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::FilterLogEvents => "FilterLogEvents",
            Self::DescribeLogGroups => "DescribeLogGroups",
            Self::StartLiveTail => "StartLiveTail",
        }
    }

    fn purpose(self) -> Purpose {
        Purpose { service: "CloudWatch Logs", operation: self.name(), permission: self.permission() }
    }

    fn target(self) -> &'static str {
        match self {
            Self::FilterLogEvents => "Logs_20140328.FilterLogEvents",
            Self::DescribeLogGroups => "Logs_20140328.DescribeLogGroups",
            Self::StartLiveTail => "Logs_20140328.StartLiveTail",
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::FilterLogEvents => "logs:FilterLogEvents",
            Self::DescribeLogGroups => "logs:DescribeLogGroups",
            Self::StartLiveTail => "logs:StartLiveTail",
        }
    }
}

/// Asks CloudWatch Logs, several requests at once.
pub(super) struct Client<H> {
    aws: aws::Client<H>,
    session: Arc<Session>,
    buffers: Arc<Buffers>,
}

impl<H: Transport> Client<H> {
    pub(super) fn new(
        http: H,
        session: Arc<Session>,
        pace: Arc<Pace>,
        clocks: (Instant, SystemTime),
        seed: u64,
        buffers: Arc<Buffers>,
    ) -> Self {
        Self { aws: aws::Client::new(http, MANNER, clocks, seed).paced(pace), session, buffers }
    }

    /// For answers and pages.
    pub(super) fn buffers(&self) -> &Arc<Buffers> {
        &self.buffers
    }

    pub(super) fn region(&self) -> &str {
        self.session.region()
    }

    /// A wait behind so many failures in a row.
    pub(super) fn wait(&self, failures: u32) -> Duration {
        self.aws.wait(failures)
    }

    /// The body of the answer, in the buffer if the first try brings it.
    pub(super) async fn call(
        &self,
        operation: Operation,
        body: &str,
        buffer: Vec<u8>,
    ) -> Result<Vec<u8>, LogsError> {
        let buffer = Cell::new(buffer);
        let sign = |access: &aws::AwsAccess, now| {
            let request = access.request(call(operation, body), now)?;
            Ok(Request { buffer: buffer.take(), ..request })
        };
        let called = self.aws.call(&self.session, operation.purpose(), sign, |_| None).await;
        called.map_err(|error| self.in_our_words(error))
    }

    /// The body of the answer to [`Operation::StartLiveTail`] as it comes, for as long as the session is open.
    pub(super) async fn open(&self, body: &str) -> Result<Body, LogsError> {
        let operation = Operation::StartLiveTail;
        let sign = |access: &aws::AwsAccess, now| access.stream_request(call(operation, body), now);
        let own = |code: &str| match code {
            // As many sessions as an account may have; one may end.
            "LimitExceededException" => Some(Own::Passing(LogsError::TooManySessions)),
            "InvalidOperationException" => Some(Own::Final(LogsError::NotStandard)),
            _ => None,
        };
        let opened = self.aws.open(&self.session, operation.purpose(), sign, own).await;
        opened.map_err(|error| self.in_our_words(error))
    }

    fn in_our_words(&self, error: LogsError) -> LogsError {
        match error {
            LogsError::Call(CallError::NotFound(_)) => LogsError::NoGroup(self.region().to_owned()),
            LogsError::Call(CallError::Throttled(_)) => LogsError::Throttled,
            error => error,
        }
    }
}

fn call(operation: Operation, body: &str) -> Call<'_> {
    Call { service: Service::Logs, target: operation.target(), region: None, body: body.to_owned() }
}
