//! One call of CloudWatch Logs: signed, sent in its turn, tried again where that can help, its refusal put into our words.
//!
//! It calls nothing that changes anything. Of a refusal only its code is looked at, and nothing of it is repeated.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout};

use super::LogsError;
use super::pace::Pace;
use crate::aws::{Call, Service, Session, error_code};
use crate::backoff::Backoff;
use crate::http::{Answer, Body, Budget, Patience, Request, Transport, TransportFault};

/// A page has at most 1 MB of messages, which JSON may make several times as much.
const PATIENCE: Patience =
    Patience { head: Duration::from_secs(30), total: Duration::from_mins(1), bytes: 16 * 1024 * 1024 };
/// Refusals as one too many, in a row, before it is given up.
const THROTTLED_TRIES: u32 = 12;
const TRIES: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(20);
/// Of a refusal to open a stream.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

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
    http: H,
    session: Arc<Session>,
    pace: Arc<Pace>,
    /// A moment by both clocks.
    clocks: (Instant, SystemTime),
    backoff: Mutex<Backoff>,
}

/// Why a try was refused.
enum Refusal {
    Throttled,
    Expired,
    /// Worth another try.
    Passing(LogsError),
    Final(LogsError),
}

impl<H: Transport> Client<H> {
    pub(super) fn new(
        http: H,
        session: Arc<Session>,
        pace: Arc<Pace>,
        clocks: (Instant, SystemTime),
        seed: u64,
    ) -> Self {
        Self { http, session, pace, clocks, backoff: Mutex::new(Backoff::new(BACKOFF, MAX_BACKOFF, seed)) }
    }

    pub(super) fn region(&self) -> &str {
        self.session.region()
    }

    /// The body of the answer.
    pub(super) async fn call(&self, operation: Operation, body: &str) -> Result<Vec<u8>, LogsError> {
        self.repeat(|| self.try_call(operation, body)).await
    }

    /// The body of the answer as it comes, for as long as the stream is open.
    pub(super) async fn open(&self, operation: Operation, body: &str) -> Result<Body, LogsError> {
        self.repeat(|| self.try_open(operation, body)).await
    }

    /// Tries until there is an answer, or a refusal that stays.
    async fn repeat<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, LogsError>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let (mut throttled, mut failures, mut has_expired) = (0, 0, false);
        loop {
            match attempt().await {
                Ok(answer) => {
                    self.pace.taken();
                    return Ok(answer);
                }
                Err(Refusal::Throttled) => {
                    self.pace.throttled();
                    throttled += 1;
                    if throttled >= THROTTLED_TRIES {
                        return Err(LogsError::Throttled);
                    }
                    sleep(self.wait(throttled)).await;
                }
                // The provider may have newer ones.
                Err(Refusal::Expired) if !has_expired => {
                    has_expired = true;
                    self.session.forget().await;
                }
                Err(Refusal::Expired) => return Err(LogsError::Expired),
                Err(Refusal::Passing(error)) => {
                    failures += 1;
                    if failures >= TRIES {
                        return Err(error);
                    }
                    sleep(self.wait(failures)).await;
                }
                Err(Refusal::Final(error)) => return Err(error),
            }
        }
    }

    /// A wait behind so many failures in a row.
    pub(super) fn wait(&self, failures: u32) -> Duration {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner).wait(failures)
    }

    /// A request in its turn, signed, and the time at which it was.
    async fn request(&self, operation: Operation, body: &str) -> Result<(Request, SystemTime), Refusal> {
        self.pace.turn().await;
        let (began, at) = self.clocks;
        let now = at + began.elapsed();
        let access = self.session.access(now).await.map_err(|error| Refusal::Final(error.into()))?;
        let (target, body) = (operation.target(), body.to_owned());
        let call = Call { service: Service::Logs, target, region: None, body };
        let request = match operation {
            Operation::StartLiveTail => access.stream_request(call, now),
            Operation::FilterLogEvents | Operation::DescribeLogGroups => access.request(call, now),
        };
        Ok((request.map_err(|_| Refusal::Final(LogsError::NoRuntime))?, now))
    }

    async fn try_open(&self, operation: Operation, body: &str) -> Result<Body, Refusal> {
        let (request, _) = self.request(operation, body).await?;
        let opened = self.http.open(request, PATIENCE.head).await;
        let opened = opened.map_err(|lost| Refusal::Passing(LogsError::Unreachable(lost.fault)))?;
        if opened.status == 200 {
            return Ok(opened.body);
        }
        let lost = Refusal::Passing(LogsError::Unreachable(TransportFault::AnswerTimeout));
        let answer = timeout(PATIENCE.head, opened.into_answer(MAX_REFUSAL_BYTES)).await.map_err(|_| lost)?;
        Err(self.refusal(operation, &answer))
    }

    async fn try_call(&self, operation: Operation, body: &str) -> Result<Vec<u8>, Refusal> {
        let (request, now) = self.request(operation, body).await?;
        let budget = Budget::until(Instant::now() + PATIENCE.total, now);
        let answer = self
            .http
            .exchange(request, PATIENCE, budget)
            .await
            .map_err(|lost| Refusal::Passing(LogsError::Unreachable(lost.fault)))?;
        if let Some(fault) = answer.broken {
            return Err(Refusal::Passing(LogsError::Unreachable(fault)));
        }
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(self.refusal(operation, &answer)),
        }
    }

    fn refusal(&self, operation: Operation, answer: &Answer) -> Refusal {
        let status = answer.status;
        error_code(answer, |code| self.by_code(operation, code)).unwrap_or_else(|| match status {
            403 => Refusal::Final(LogsError::Denied(operation.permission())),
            429 => Refusal::Throttled,
            500.. => Refusal::Passing(LogsError::Failed(status)),
            _ => Refusal::Final(LogsError::Refused { operation: operation.name(), status }),
        })
    }

    /// From the API reference of CloudWatch Logs: the errors of the operations above, and those common to all.
    fn by_code(&self, operation: Operation, code: &str) -> Option<Refusal> {
        Some(match (code, operation) {
            // As many sessions as an account may have; one may end.
            ("LimitExceededException", Operation::StartLiveTail) => {
                Refusal::Passing(LogsError::TooManySessions)
            }
            ("InvalidOperationException", Operation::StartLiveTail) => Refusal::Final(LogsError::NotStandard),
            _ => return self.by_common_code(operation, code),
        })
    }

    fn by_common_code(&self, operation: Operation, code: &str) -> Option<Refusal> {
        Some(match code {
            "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "LimitExceededException" => Refusal::Throttled,
            "ExpiredToken" | "ExpiredTokenException" => Refusal::Expired,
            "AccessDeniedException" | "AccessDenied" | "NotAuthorized" => {
                Refusal::Final(LogsError::Denied(operation.permission()))
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestExpired" => Refusal::Final(LogsError::NotSignedIn),
            "ResourceNotFoundException" => Refusal::Final(LogsError::NoGroup(self.region().to_owned())),
            _ => return None,
        })
    }
}
