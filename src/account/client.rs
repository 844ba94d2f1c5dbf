//! One call of a service: signed, sent, tried again where that can help, its refusal put into our words.
//!
//! It calls nothing that changes anything. Of a refusal only its code is looked at, and nothing of it is repeated.

use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, HeaderValue};
use tokio::time::{Instant, sleep};

use super::AccountError;
use crate::aws::{Call, RestCall, Service, Session, error_code};
use crate::backoff::Backoff;
use crate::http::{Answer, Budget, HttpClient, Patience, Request, Transport as _};

const PATIENCE: Patience =
    Patience { head: Duration::from_secs(20), total: Duration::from_secs(30), bytes: 4 * 1024 * 1024 };
/// Until it is given up; quotas are a few requests a second.
const TRIES: u32 = 7;
const BACKOFF: Duration = Duration::from_millis(300);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    DescribeAlarms,
    DescribeMetricFilters,
    GetRestApis,
    GetRestApiStages,
    GetApis,
    GetApiStages,
}

impl Operation {
    /// As `x-amz-target` names it, in the JSON protocol.
    fn target(self) -> &'static str {
        match self {
            // Source: CloudWatch's service model, which has the JSON protocol besides the older ones.
            Self::DescribeAlarms => "GraniteServiceVersion20100801.DescribeAlarms",
            Self::DescribeMetricFilters => "Logs_20140328.DescribeMetricFilters",
            Self::GetRestApis | Self::GetRestApiStages | Self::GetApis | Self::GetApiStages => "",
        }
    }

    /// In the words of an error.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DescribeAlarms => "DescribeAlarms",
            Self::DescribeMetricFilters => "DescribeMetricFilters",
            Self::GetRestApis => "the list of REST APIs",
            Self::GetRestApiStages => "the list of a REST API's stages",
            Self::GetApis => "the list of HTTP and WebSocket APIs",
            Self::GetApiStages => "the list of an API's stages",
        }
    }

    /// What lists the stages of an API of a list.
    pub(super) fn stages(self) -> Self {
        if self == Self::GetRestApis { Self::GetRestApiStages } else { Self::GetApiStages }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::DescribeAlarms => "cloudwatch:DescribeAlarms",
            Self::DescribeMetricFilters => "logs:DescribeMetricFilters",
            Self::GetRestApis | Self::GetRestApiStages | Self::GetApis | Self::GetApiStages => {
                "apigateway:GET"
            }
        }
    }

    fn service(self) -> Service {
        match self {
            Self::DescribeAlarms => Service::CloudWatch,
            Self::DescribeMetricFilters => Service::Logs,
            Self::GetRestApis | Self::GetRestApiStages | Self::GetApis | Self::GetApiStages => {
                Service::ApiGateway
            }
        }
    }

    fn service_name(self) -> &'static str {
        match self {
            Self::DescribeAlarms => "CloudWatch",
            Self::DescribeMetricFilters => "CloudWatch Logs",
            Self::GetRestApis | Self::GetRestApiStages | Self::GetApis | Self::GetApiStages => "API Gateway",
        }
    }
}

/// Who asks each of the services.
#[derive(Debug)]
pub struct Sessions {
    /// CloudWatch: alarms.
    pub cloudwatch: Session,
    /// CloudWatch Logs: metric filters.
    pub logs: Session,
    /// API Gateway: stages.
    pub api_gateway: Session,
}

/// An account in one Region.
#[derive(Debug)]
pub struct Account {
    http: HttpClient,
    sessions: Sessions,
    /// A moment by both clocks.
    clocks: (Instant, SystemTime),
}

/// Path and query of a GET, encoded already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a>(pub(super) &'a str);

enum Asked<'a> {
    /// The body of the JSON protocol.
    Json(&'a str),
    Get(Path<'a>),
}

/// Why a try was refused.
enum Refusal {
    Expired,
    /// Worth another try.
    Passing(AccountError),
    Final(AccountError),
}

impl Account {
    /// Nothing is asked yet. `now` is the wall clock at the moment of the call, to sign requests by.
    #[must_use]
    pub fn new(http: HttpClient, sessions: Sessions, now: SystemTime) -> Self {
        Self { http, sessions, clocks: (Instant::now(), now) }
    }

    pub(super) fn region(&self) -> &str {
        self.sessions.logs.region()
    }

    /// The body of an answer of the JSON protocol; nothing where AWS says that what is asked about is not there.
    pub(super) async fn call(
        &self,
        operation: Operation,
        body: &str,
    ) -> Result<Option<Vec<u8>>, AccountError> {
        self.ask(operation, &Asked::Json(body)).await
    }

    /// The body of the answer to a GET; nothing where AWS says that what is asked about is not there.
    pub(super) async fn get(
        &self,
        operation: Operation,
        path: Path<'_>,
    ) -> Result<Option<Vec<u8>>, AccountError> {
        self.ask(operation, &Asked::Get(path)).await
    }

    async fn ask(&self, operation: Operation, asked: &Asked<'_>) -> Result<Option<Vec<u8>>, AccountError> {
        let mut backoff = Backoff::new(BACKOFF, MAX_BACKOFF, 7);
        let (mut failures, mut has_expired) = (0, false);
        loop {
            match self.try_once(operation, asked).await {
                Ok(answer) => return Ok(answer),
                // The provider may have newer ones.
                Err(Refusal::Expired) if !has_expired => {
                    has_expired = true;
                    self.session(operation).forget().await;
                }
                Err(Refusal::Expired) => return Err(AccountError::Expired),
                Err(Refusal::Passing(error)) => {
                    failures += 1;
                    if failures >= TRIES {
                        return Err(error);
                    }
                    sleep(backoff.wait(failures)).await;
                }
                Err(Refusal::Final(error)) => return Err(error),
            }
        }
    }

    fn session(&self, operation: Operation) -> &Session {
        match operation.service() {
            Service::CloudWatch => &self.sessions.cloudwatch,
            Service::ApiGateway => &self.sessions.api_gateway,
            _ => &self.sessions.logs,
        }
    }

    async fn try_once(&self, operation: Operation, asked: &Asked<'_>) -> Result<Option<Vec<u8>>, Refusal> {
        let (began, at) = self.clocks;
        let now = at + began.elapsed();
        let access =
            self.session(operation).access(now).await.map_err(|error| Refusal::Final(error.into()))?;
        let service = operation.service();
        let request = match asked {
            Asked::Json(body) => {
                let target = operation.target();
                access.request(Call { service, target, region: None, body: (*body).to_owned() }, now)
            }
            Asked::Get(Path(path_and_query)) => {
                access.rest_request(&RestCall { service, path_and_query, form: None }, now).map(as_json)
            }
        };
        let request = request.map_err(|_| Refusal::Final(AccountError::NoRuntime))?;
        let budget = Budget::until(Instant::now() + PATIENCE.total, now);
        let unreachable =
            |fault| Refusal::Passing(AccountError::Unreachable { service: operation.service_name(), fault });
        let answer =
            self.http.exchange(request, PATIENCE, budget).await.map_err(|lost| unreachable(lost.fault))?;
        match answer {
            Answer { broken: Some(fault), .. } => Err(unreachable(fault)),
            Answer { status: 200, body, .. } => Ok(Some(body)),
            answer => refusal(operation, &answer),
        }
    }
}

/// API Gateway answers in another form, HAL, where nobody asks for this one.
fn as_json(mut request: Request) -> Request {
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request
}

/// From the errors that are common to all of AWS's services, and the one of each operation for what is not there.
fn refusal(operation: Operation, answer: &Answer) -> Result<Option<Vec<u8>>, Refusal> {
    let (status, service) = (answer.status, operation.service_name());
    let denied = || Refusal::Final(AccountError::Denied(operation.permission()));
    let by_code = error_code(answer, |code| {
        Some(match code {
            "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "LimitExceededException" => Err(Refusal::Passing(AccountError::Throttled(service))),
            "ExpiredToken" | "ExpiredTokenException" => Err(Refusal::Expired),
            "AccessDeniedException" | "AccessDenied" | "NotAuthorized" => Err(denied()),
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestExpired" => Err(Refusal::Final(AccountError::NotSignedIn)),
            "ResourceNotFoundException" | "ResourceNotFound" | "NotFoundException" => Ok(None),
            _ => return None,
        })
    });
    by_code.unwrap_or_else(|| {
        Err(match status {
            403 => denied(),
            429 => Refusal::Passing(AccountError::Throttled(service)),
            500.. => Refusal::Passing(AccountError::Failed { service, status }),
            _ => Refusal::Final(AccountError::Refused { operation: operation.name(), status }),
        })
    })
}
