//! Which of the metrics that AWS publishes itself can be counted from an access log: API Gateway's errors, and no other.

use super::SettingsError;
use crate::access_log::StatusClass;
use crate::alarm::metric::Statistic;

/// Names that begin so are AWS's own.
const RESERVED: &str = "AWS/";
const API_GATEWAY: &str = "AWS/ApiGateway";

/// The errors that a metric of API Gateway counts: `4XXError` and `5XXError` of a REST API, `4xx` and `5xx` of an HTTP API.
pub(super) fn class(namespace: &str, name: &str) -> Option<StatusClass> {
    match (namespace, name) {
        (API_GATEWAY, "4XXError" | "4xx") => Some(StatusClass::ClientError),
        (API_GATEWAY, "5XXError" | "5xx") => Some(StatusClass::ServerError),
        _ => None,
    }
}

/// Refuses a metric of AWS's own that an access log does not tell, by its name. Of API Gateway's errors only the sum is
/// computed, and of all resources together.
pub(super) fn check(
    namespace: Option<&str>,
    name: Option<&str>,
    statistic: Statistic,
    dimensions: &[(String, String)],
) -> Result<(), SettingsError> {
    let Some(namespace) = namespace.filter(|namespace| namespace.starts_with(RESERVED)) else {
        return Ok(());
    };
    let name = name.unwrap_or_default();
    let metric = format!("{namespace} {name}");
    if class(namespace, name).is_none() {
        return Err(SettingsError::MetricOfAws { metric });
    }
    if statistic != Statistic::Sum {
        let of = Statistic::NAMES.iter().find(|(_, value)| *value == statistic);
        let of = of.map(|(name, _)| *name).unwrap_or_default();
        return Err(SettingsError::MetricOfAws { metric: format!("the {of} of {metric}") });
    }
    match dimensions.iter().find(|(name, _)| matches!(name.as_str(), "Resource" | "Method" | "Route")) {
        Some((dimension, _)) => {
            Err(SettingsError::MetricOfAws { metric: format!("{metric} of one {dimension}") })
        }
        None => Ok(()),
    }
}
