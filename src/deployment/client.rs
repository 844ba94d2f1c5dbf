//! One call of AWS, its refusal put into our words. It knows no service's answers.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::error::DeploymentError;
use crate::aws::{self, AwsAccess, Call, CallError, Manner, Purpose, RestCall, Service, Session};
use crate::doctor::{Fact, Unknown};
use crate::http::{HttpClient, Patience};
use crate::words::elapsed_ms;

const MANNER: Manner = Manner {
    // An answer of CloudWatch with the metrics of a day has some hundred kilobytes.
    patience: Patience {
        head: Duration::from_secs(10),
        total: Duration::from_secs(20),
        bytes: 4 * 1024 * 1024,
    },
    tries: 4,
    throttled_tries: 4,
    waits: (Duration::from_millis(300), Duration::from_secs(5)),
};
const SEED: u64 = 1;

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
    /// Anything else.
    Final(String),
}

impl Refusal {
    /// The fact that it leaves.
    pub(super) fn unknown(self) -> Unknown {
        match self {
            Self::NotFound => Unknown::Failed("it does not exist".to_owned()),
            Self::Denied(permission) => Unknown::Denied(permission),
            Self::NotSignedIn(reason) | Self::Final(reason) => Unknown::Failed(reason),
        }
    }
}

/// Asks any service of one Region.
pub(super) struct Client {
    aws: aws::Client<HttpClient>,
    session: Arc<Session>,
}

impl Client {
    pub(super) fn new(http: HttpClient, session: Arc<Session>, clocks: (Instant, SystemTime)) -> Self {
        Self { aws: aws::Client::new(http, MANNER, clocks, SEED), session }
    }

    pub(super) fn region(&self) -> &str {
        self.session.region()
    }

    /// How far this machine's clock is ahead of AWS's, by the first answer.
    pub(super) fn clock_ahead_ms(&self) -> Option<i64> {
        self.aws.clock_ahead_ms()
    }

    pub(super) fn http(&self) -> HttpClient {
        self.aws.http().clone()
    }

    /// The wall clock.
    pub(super) fn now(&self) -> SystemTime {
        self.aws.now()
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
        let permission = operation.permission;
        let purpose = Purpose { service: "AWS", operation: permission, permission };
        let sign = |access: &AwsAccess, now| request(&operation, access, now);
        let called = self.aws.call(&self.session, purpose, sign, |_| None).await;
        called.map_err(|error: CallError| match error {
            CallError::NotFound(_) | CallError::Refused { status: 404, .. } => Refusal::NotFound,
            CallError::Denied(permission) => Refusal::Denied(permission),
            CallError::NotSignedIn => Refusal::NotSignedIn(self.not_accepted()),
            CallError::Session(_) | CallError::Expired => Refusal::NotSignedIn(error.to_string()),
            error => Refusal::Final(error.to_string()),
        })
    }

    fn not_accepted(&self) -> String {
        let minutes = self.clock_ahead_ms().map_or(0, |ahead| elapsed_ms(0, ahead.abs())) / 60_000;
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
