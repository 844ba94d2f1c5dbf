//! Whose fault an error is, as far as its line tells.
//!
//! Source of the gateway response types and their default statuses: Amazon API Gateway developer guide,
//! "Gateway response types".

use super::Fault;
use crate::access_log::AccessLog;

/// Judges by `error.responseType` first: it is there only where API Gateway itself refused.
/// Without one the backend answered, so its own status says more than the one that the client got.
pub(super) fn fault(log: &AccessLog<'_>) -> Fault {
    if let Some(fault) = log.response_type.as_deref().and_then(|kind| by_response_type(kind, log)) {
        return fault;
    }
    let backend = log.integration_status.or(log.integration_service_status);
    match (log.status.code(), backend) {
        (429, _) => Fault::Throttle(None),
        (400..=499, _) => Fault::Client(None),
        (_, Some(500..=599)) | (502 | 503, _) => Fault::Integration(None),
        (504, _) => Fault::Integration(Some("timeout")),
        // The Lambda service ran the function, and API Gateway could not use what it answered.
        (500.., Some(200..=299)) => Fault::Integration(Some("malformed answer")),
        _ => Fault::Unknown,
    }
}

fn by_response_type(kind: &str, log: &AccessLog<'_>) -> Option<Fault> {
    Some(match kind {
        "BAD_REQUEST_PARAMETERS" => Fault::Client(Some("bad parameters")),
        "BAD_REQUEST_BODY" => Fault::Client(Some("bad body")),
        "UNAUTHORIZED" => Fault::Authorizer(Some("unauthorized")),
        "ACCESS_DENIED" => Fault::Authorizer(Some("access denied")),
        "EXPIRED_TOKEN" => Fault::Client(Some("expired token")),
        "INVALID_API_KEY" => Fault::Client(Some("invalid API key")),
        "INVALID_SIGNATURE" => Fault::Client(Some("invalid signature")),
        // REST APIs answer this for a route that does not exist, too.
        "MISSING_AUTHENTICATION_TOKEN" => Fault::Client(Some("missing token")),
        "WAF_FILTERED" => Fault::Waf,
        "RESOURCE_NOT_FOUND" => Fault::Client(Some("not found")),
        "REQUEST_TOO_LARGE" => Fault::Client(Some("too large")),
        "UNSUPPORTED_MEDIA_TYPE" => Fault::Client(Some("unsupported media type")),
        "THROTTLED" => Fault::Throttle(None),
        "QUOTA_EXCEEDED" => Fault::Throttle(Some("quota exceeded")),
        "API_CONFIGURATION_ERROR" => Fault::Gateway,
        "AUTHORIZER_CONFIGURATION_ERROR" => Fault::Authorizer(Some("misconfigured")),
        "AUTHORIZER_FAILURE" => Fault::Authorizer(Some("failed")),
        "INTEGRATION_FAILURE" => Fault::Integration(None),
        "INTEGRATION_TIMEOUT" => Fault::Integration(Some("timeout")),
        "DEFAULT_4XX" if log.status.code() != 429 => Fault::Client(None),
        _ => return None,
    })
}
