//! One log event's message in, one [`AccessLog`] out, or the word that it is [`Reading::Unreadable`].
//!
//! It never fails: a line we cannot read is a value that the caller counts.
//! It never searches a line's text for a status: each format is read by its own structure,
//! so that text inside a value can never pass for a field.

#[cfg_attr(not(test), expect(dead_code, reason = "until the formats are told apart here"))]
mod clf;
#[cfg_attr(not(test), expect(dead_code, reason = "until the formats are told apart here"))]
mod csv;
mod preset;
pub mod redact;
#[cfg_attr(not(test), expect(dead_code, reason = "until the formats are told apart here"))]
mod xml;

use std::borrow::Cow;
use std::fmt;

/// A parsed request line, whatever format it was written in.
///
/// A field that the format lacks, or that API Gateway wrote as `-` or left empty, is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog<'a> {
    /// The status that the client got (`$context.status`).
    pub status: Status,
    /// HTTP method (`$context.httpMethod`).
    pub method: Option<Cow<'a, str>>,
    /// Template path of a REST API (`$context.resourcePath`), such as `/pets/{id}`.
    pub resource_path: Option<Cow<'a, str>>,
    /// Route of an HTTP or WebSocket API (`$context.routeKey`), such as `GET /pets` or `$connect`.
    pub route_key: Option<Cow<'a, str>>,
    /// Concrete request path (`$context.path`).
    pub path: Option<Cow<'a, str>>,
    /// Address of the immediate peer (`$context.identity.sourceIp`).
    pub ip: Option<Cow<'a, str>>,
    /// The client's own words (`$context.identity.userAgent`).
    pub user_agent: Option<Cow<'a, str>>,
    /// `$context.requestId`.
    pub request_id: Option<Cow<'a, str>>,
    /// `$context.extendedRequestId`.
    pub extended_request_id: Option<Cow<'a, str>>,
    /// Which gateway response was sent (`$context.error.responseType`), such as `INTEGRATION_TIMEOUT`.
    pub response_type: Option<Cow<'a, str>>,
    /// `$context.error.message`.
    pub error_message: Option<Cow<'a, str>>,
    /// What the backend's own code answered (`$context.integration.status`).
    pub integration_status: Option<u16>,
    /// What the integration's service answered (`$context.integrationStatus`):
    /// for a Lambda proxy the status of the Lambda service, 200 even where the function failed.
    pub integration_service_status: Option<u16>,
    /// What the authorizer's service or the authorizer itself answered, where the format has it.
    pub authorizer_status: Option<u16>,
    /// `$context.responseLatency`, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// An HTTP status from 100 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

impl Status {
    /// `None` for a number outside 100 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 100 && code <= 599 { Some(Self(code)) } else { None }
    }

    /// The status as a number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Which class the status belongs to.
    #[must_use]
    pub const fn class(self) -> StatusClass {
        match self.0 {
            400..=499 => StatusClass::ClientError,
            500..=599 => StatusClass::ServerError,
            _ => StatusClass::Ok,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Status class, as far as we act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// Below 400.
    Ok,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
}

/// What became of reading one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<'a> {
    /// A line that fits its format.
    AccessLog(AccessLog<'a>),
    /// A line of broken JSON from which at least the status was recovered.
    Salvaged(AccessLog<'a>),
    /// No access log, or none that we could read a status from.
    Unreadable,
}
