//! Access logs for tests.

use crate::access_log::{AccessLog, Status};

/// A line of which only the status is known.
pub(super) fn access_log<'a>(status: u16) -> AccessLog<'a> {
    AccessLog {
        status: Status::new(status).unwrap(),
        method: None,
        resource_path: None,
        route_key: None,
        path: None,
        ip: None,
        user_agent: None,
        request_id: None,
        extended_request_id: None,
        response_type: None,
        error_message: None,
        integration_status: None,
        integration_service_status: None,
        authorizer_status: None,
        latency_ms: None,
    }
}
