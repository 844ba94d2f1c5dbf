//! One call of a service, its refusal put into our words.
//!
//! It calls nothing that changes anything.

use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, HeaderValue};
use tokio::time::Instant;

use super::AccountError;
use crate::aws::{
    AwsAccess, Call, CallError, Client, Manner, Purpose, RestCall, Service, Session, SigningError,
};
use crate::http::{HttpClient, Patience, Request};

const MANNER: Manner = Manner {
    patience: Patience {
        head: Duration::from_secs(20),
        total: Duration::from_secs(30),
        bytes: 4 * 1024 * 1024,
    },
    // Quotas are a few requests a second.
    tries: 7,
    throttled_tries: 7,
    waits: (Duration::from_millis(300), Duration::from_secs(10)),
};
const SEED: u64 = 7;

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

    fn purpose(self) -> Purpose {
        Purpose { service: self.service_name(), operation: self.name(), permission: self.permission() }
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
    aws: Client<HttpClient>,
    sessions: Sessions,
}

/// Path and query of a GET, encoded already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a>(pub(super) &'a str);

impl Account {
    /// Nothing is asked yet. `now` is the wall clock at the moment of the call, to sign requests by.
    #[must_use]
    pub fn new(http: HttpClient, sessions: Sessions, now: SystemTime) -> Self {
        Self { aws: Client::new(http, MANNER, (Instant::now(), now), SEED), sessions }
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
        let sign = |access: &AwsAccess, now| {
            let (service, target) = (operation.service(), operation.target());
            access.request(Call { service, target, region: None, body: body.to_owned() }, now)
        };
        self.ask(operation, sign).await
    }

    /// The body of the answer to a GET; nothing where AWS says that what is asked about is not there.
    pub(super) async fn get(
        &self,
        operation: Operation,
        Path(path_and_query): Path<'_>,
    ) -> Result<Option<Vec<u8>>, AccountError> {
        let sign = |access: &AwsAccess, now| {
            let service = operation.service();
            access.rest_request(&RestCall { service, path_and_query, form: None }, now).map(as_json)
        };
        self.ask(operation, sign).await
    }

    async fn ask(
        &self,
        operation: Operation,
        sign: impl Fn(&AwsAccess, SystemTime) -> Result<Request, SigningError>,
    ) -> Result<Option<Vec<u8>>, AccountError> {
        match self.aws.call(self.session(operation), operation.purpose(), sign, |_| None).await {
            Ok(answer) => Ok(Some(answer)),
            Err(CallError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn session(&self, operation: Operation) -> &Session {
        match operation.service() {
            Service::CloudWatch => &self.sessions.cloudwatch,
            Service::ApiGateway => &self.sessions.api_gateway,
            _ => &self.sessions.logs,
        }
    }
}

/// API Gateway answers in another form, HAL, where nobody asks for this one.
fn as_json(mut request: Request) -> Request {
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request
}
