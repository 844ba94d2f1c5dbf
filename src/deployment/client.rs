//! One call of AWS: signed, tried again where that can help, its refusal put into our words.
//!
//! Of a refusal only its code is looked at, and nothing of it is repeated. It knows no service's answers.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::DATE;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::error::DeploymentError;
use crate::aws::{AwsAccess, Call, RestCall, Service, Session, error_code};
use crate::backoff::Backoff;
use crate::doctor::{Fact, Unknown};
use crate::http::{Answer, Budget, HttpClient, Patience, Transport};
use crate::words::elapsed_ms;

/// An answer of CloudWatch with the metrics of a day has some hundred kilobytes.
const PATIENCE: Patience =
    Patience { head: Duration::from_secs(10), total: Duration::from_secs(20), bytes: 4 * 1024 * 1024 };
const TRIES: u32 = 4;
const BACKOFF: Duration = Duration::from_millis(300);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// What is asked, and how.
pub(super) struct Operation {
    pub(super) service: Service,
    /// What it needs, such as `lambda:GetPolicy`; its name stands behind the colon.
    pub(super) permission: &'static str,
    pub(super) form: Form,
}

/// The parts of a request.
pub(super) enum Form {
    /// AWS's JSON protocol: the target, and the request's JSON.
    Json(&'static str, Value),
    /// The same in another Region.
    JsonIn(String, &'static str, Value),
    /// A GET of a path with its query, encoded already.
    Get(String),
    /// A form, as the query protocol takes it.
    Query(String),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// What was asked for does not exist.
    NotFound,
    /// The permission is missing.
    Denied(&'static str),
    /// AWS does not take the credentials, for a reason in our words.
    NotSignedIn(String),
    /// Worth another try.
    Passing(String),
    /// Anything else.
    Final(String),
}

impl Refusal {
    /// The fact that it leaves.
    pub(super) fn unknown(self) -> Unknown {
        match self {
            Self::NotFound => Unknown::Failed("it does not exist".to_owned()),
            Self::Denied(permission) => Unknown::Denied(permission),
            Self::NotSignedIn(reason) | Self::Passing(reason) | Self::Final(reason) => {
                Unknown::Failed(reason)
            }
        }
    }
}

/// Asks any service of one Region.
pub(super) struct Client {
    http: HttpClient,
    session: Arc<Session>,
    /// A moment by both clocks.
    clocks: (Instant, SystemTime),
    backoff: Mutex<Backoff>,
    clock_ahead_ms: Cell<Option<i64>>,
}

impl Client {
    pub(super) fn new(http: HttpClient, session: Arc<Session>, clocks: (Instant, SystemTime)) -> Self {
        let backoff = Mutex::new(Backoff::new(BACKOFF, MAX_BACKOFF, 1));
        Self { http, session, clocks, backoff, clock_ahead_ms: Cell::new(None) }
    }

    pub(super) fn region(&self) -> &str {
        self.session.region()
    }

    /// How far this machine's clock is ahead of AWS's, by the first answer.
    pub(super) fn clock_ahead_ms(&self) -> Option<i64> {
        self.clock_ahead_ms.get()
    }

    pub(super) fn http(&self) -> HttpClient {
        self.http.clone()
    }

    /// What a function's environment needs so that it can be read as the function reads it.
    pub(super) async fn environment(&self) -> Vec<(String, String)> {
        self.session.environment(self.now()).await.unwrap_or_default()
    }

    /// A JSON answer; none where what was asked for does not exist.
    pub(super) async fn find<T: DeserializeOwned>(&self, operation: Operation) -> Fact<Option<T>> {
        match self.json(operation).await {
            Ok(found) => Ok(Some(found)),
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal.unknown()),
        }
    }

    /// A JSON answer.
    pub(super) async fn json<T: DeserializeOwned>(&self, operation: Operation) -> Result<T, Refusal> {
        let service = operation.service;
        let body = self.call(operation).await?;
        serde_json::from_slice(&body)
            .map_err(|_| Refusal::Final(format!("an answer of {service:?} cannot be read")))
    }

    /// The body of the answer.
    pub(super) async fn call(&self, operation: Operation) -> Result<Vec<u8>, Refusal> {
        let mut failures = 0;
        loop {
            match self.try_once(&operation).await {
                Err(Refusal::Passing(reason)) => {
                    failures += 1;
                    if failures >= TRIES {
                        return Err(Refusal::Passing(reason));
                    }
                    let wait = self.backoff.lock().unwrap_or_else(PoisonError::into_inner).wait(failures);
                    sleep(wait).await;
                }
                other => return other,
            }
        }
    }

    /// The wall clock.
    pub(super) fn now(&self) -> SystemTime {
        self.clocks.1 + self.clocks.0.elapsed()
    }

    async fn try_once(&self, operation: &Operation) -> Result<Vec<u8>, Refusal> {
        let now = self.now();
        let access =
            self.session.access(now).await.map_err(|error| Refusal::NotSignedIn(error.to_string()))?;
        let request = request(operation, &access, now)
            .map_err(|_| Refusal::Final("the request could not be signed".to_owned()))?;
        let budget = Budget::until(Instant::now() + PATIENCE.total, now);
        let service = operation.service.name();
        let unreachable = |fault| Refusal::Passing(format!("{service} cannot be reached: {fault}"));
        let answer =
            self.http.exchange(request, PATIENCE, budget).await.map_err(|lost| unreachable(lost.fault))?;
        self.look_at_clock(&answer);
        if let Some(fault) = answer.broken {
            return Err(unreachable(fault));
        }
        if answer.status == 200 { Ok(answer.body) } else { Err(self.refusal(operation, &answer)) }
    }

    /// The header has whole seconds, and the answer was some time on its way.
    fn look_at_clock(&self, answer: &Answer) {
        if self.clock_ahead_ms.get().is_some() {
            return;
        }
        let Some(theirs) = answer.header(DATE).and_then(|text| httpdate::parse_http_date(text).ok()) else {
            return;
        };
        let ms = |time: SystemTime| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        self.clock_ahead_ms.set(Some(ms(self.now()) - ms(theirs)));
    }

    fn refusal(&self, operation: &Operation, answer: &Answer) -> Refusal {
        let status = answer.status;
        let known = |code: &str| self.by_code(operation, code);
        error_code(answer, known).or_else(|| xml_code(&answer.body).and_then(known)).unwrap_or_else(|| {
            match status {
                403 => Refusal::Denied(operation.permission),
                404 => Refusal::NotFound,
                429 | 500.. => Refusal::Passing(format!("{} failed (status {status})", operation.permission)),
                _ => Refusal::Final(format!("AWS refused {} (status {status})", operation.permission)),
            }
        })
    }

    /// From the API references of the services: the errors of what is called here, and those common to all.
    fn by_code(&self, operation: &Operation, code: &str) -> Option<Refusal> {
        Some(match code {
            "ThrottlingException"
            | "Throttling"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "LimitExceededException"
            | "SlowDown" => Refusal::Passing(format!("AWS throttles {}", operation.permission)),
            "ExpiredToken" | "ExpiredTokenException" => Refusal::NotSignedIn(
                "the AWS credentials have expired: sign in again (`aws sso login`) or renew them".to_owned(),
            ),
            "AccessDeniedException"
            | "AccessDenied"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "NotAuthorized"
            | "UnauthorizedOperation" => Refusal::Denied(operation.permission),
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "RequestExpired"
            | "RequestTimeTooSkewed" => Refusal::NotSignedIn(self.not_accepted()),
            "ResourceNotFoundException"
            | "QueueDoesNotExist"
            | "AWS.SimpleQueueService.NonExistentQueue"
            | "NotFound"
            | "NotFoundException"
            | "NoSuchBucket" => Refusal::NotFound,
            _ => return None,
        })
    }

    fn not_accepted(&self) -> String {
        let minutes = self.clock_ahead_ms.get().map_or(0, |ahead| elapsed_ms(0, ahead.abs())) / 60_000;
        match minutes {
            0 | 1 => "AWS does not accept these credentials: look at the profile".to_owned(),
            minutes => format!(
                "AWS does not accept what is signed here: this machine's clock is {minutes} min off, set it by NTP"
            ),
        }
    }
}

impl From<Refusal> for DeploymentError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(permission) => Self::Denied(permission),
            Refusal::NotSignedIn(reason) => Self::NotSignedIn(reason),
            other => match other.unknown() {
                Unknown::Denied(permission) => Self::Denied(permission),
                Unknown::Limit(reason) | Unknown::Failed(reason) => Self::Failed(reason),
            },
        }
    }
}

fn request(
    operation: &Operation,
    access: &AwsAccess,
    now: SystemTime,
) -> Result<crate::http::Request, crate::aws::SigningError> {
    let service = operation.service;
    match &operation.form {
        Form::Json(target, body) => {
            access.request(Call { service, target, region: None, body: body.to_string() }, now)
        }
        Form::JsonIn(region, target, body) => {
            access.request(Call { service, target, region: Some(region), body: body.to_string() }, now)
        }
        Form::Get(path_and_query) => {
            let call = RestCall { service, path_and_query, form: None };
            access.rest_request(&call, now)
        }
        Form::Query(form) => {
            access.rest_request(&RestCall { service, path_and_query: "/", form: Some(form) }, now)
        }
    }
}

/// `<Code>…</Code>` of an XML answer.
fn xml_code(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    super::wire::elements(text, "Code").next()
}
