//! The digest's own reader, for the check.
//!
//! In: a line. Out: its status and the fields that the digest finds in it. Never reads a line in a way of its own.

use super::{DigestField, Seen};
use crate::access_log::{self, AccessLog, Format, Reading};

/// Reads a line as the digest does. A salvaged line is a broken one, so that nothing is seen in it.
#[must_use]
pub fn read(line: &str) -> Option<Seen> {
    let Reading::AccessLog(log) = access_log::read(line, Format::Auto) else { return None };
    Some(Seen { status: log.status.code(), fields: fields(&log) })
}

fn fields(log: &AccessLog<'_>) -> Vec<DigestField> {
    let route_key_has_method = log.route_key.as_deref().is_some_and(|key| key.contains(' '));
    let integration = log.integration_status.or(log.integration_service_status);
    [
        (DigestField::Method, log.method.is_some() || route_key_has_method),
        (DigestField::Route, log.resource_path.is_some() || log.route_key.is_some()),
        (DigestField::Path, log.path.is_some()),
        (DigestField::Ip, log.ip.is_some()),
        (DigestField::RequestId, log.request_id.is_some() || log.extended_request_id.is_some()),
        (DigestField::ResponseType, log.response_type.is_some()),
        (DigestField::IntegrationStatus, integration.is_some()),
        (DigestField::Latency, log.latency_ms.is_some()),
        (DigestField::UserAgent, log.user_agent.is_some()),
    ]
    .into_iter()
    .filter(|(_, has)| *has)
    .map(|(field, _)| field)
    .collect()
}
