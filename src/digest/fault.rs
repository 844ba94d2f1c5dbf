//! Whose fault an error is, as far as its line tells. What a line does not tell is never claimed.
//!
//! Source of the gateway response types and their default statuses: Amazon API Gateway developer guide,
//! "Gateway response types"; of the two statuses of an integration, "Variables for access logging for API Gateway".

use super::Fault;
use crate::access_log::{AccessLog, Cause, CauseSource};

/// Judges by what the firewall decided first, then by `error.responseType`, which is there only where API Gateway
/// itself refused, then by the integration's statuses and words, last by the status alone.
pub(super) fn fault(log: &AccessLog<'_>) -> Fault {
    let firewall = firewall(log);
    if firewall == Firewall::Blocked {
        return Fault::Waf;
    }
    if let Some(fault) = log.response_type.as_deref().and_then(|kind| by_response_type(kind, log)) {
        return fault;
    }
    match log.status.code() {
        500.. => server_error(log),
        _ => client_error(log, firewall),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Firewall {
    /// None that the line knows of.
    Absent,
    Allowed,
    Blocked,
    /// It was asked, and the line does not tell what it said.
    Unknown,
}

fn firewall(log: &AccessLog<'_>) -> Firewall {
    let decided =
        |word: &str| log.waf_response.as_deref().is_some_and(|code| code.eq_ignore_ascii_case(word));
    match log.waf_status {
        _ if decided("WAF_BLOCK") => Firewall::Blocked,
        _ if decided("WAF_ALLOW") => Firewall::Allowed,
        // Without its decision, what it answered tells.
        Some(403) if log.waf_response.is_none() => Firewall::Blocked,
        Some(200) if log.waf_response.is_none() => Firewall::Allowed,
        None if log.waf_response.is_none() && log.web_acl.is_none() => Firewall::Absent,
        _ => Firewall::Unknown,
    }
}

fn client_error(log: &AccessLog<'_>, firewall: Firewall) -> Fault {
    let is_answered = log.integration_status.or(log.integration_service_status).is_some();
    match log.status.code() {
        429 if is_answered => Fault::Throttle(Some("integration")),
        429 => Fault::Throttle(None),
        _ if is_answered => Fault::Client(None),
        _ if source(log) == Some(CauseSource::Authorizer) => Fault::Authorizer(None),
        403 if firewall == Firewall::Unknown => Fault::Unknown,
        _ => Fault::Client(None),
    }
}

fn server_error(log: &AccessLog<'_>) -> Fault {
    // For a Lambda proxy the function's own answer, and whether the Lambda service could run it.
    let (answer, service) = (log.integration_status, log.integration_service_status);
    // `resource` may hold the path of an HTTP API, which has a route's key too.
    let is_rest_api = log.resource_path.is_some() && log.route_key.is_none();
    match (log.status.code(), answer, service) {
        _ if is_malformed(log) => Fault::Integration(Some(MALFORMED)),
        (_, Some(500..=599), _) | (_, _, Some(400..=599)) => Fault::Integration(None),
        // The function ran and did not answer 502 itself, so API Gateway could not use what it answered.
        (502, _, Some(200..=299)) if is_rest_api => Fault::Integration(Some(MALFORMED)),
        // The function ran: it answered this itself, as far as anyone can tell.
        (_, _, Some(200..=299)) | (502 | 503, _, _) => Fault::Integration(None),
        (504, _, _) => Fault::Integration(Some("timeout")),
        _ => match source(log) {
            Some(CauseSource::Integration) => Fault::Integration(None),
            Some(CauseSource::Authorizer) => Fault::Authorizer(None),
            Some(CauseSource::Waf | CauseSource::Gateway) | None => Fault::Unknown,
        },
    }
}

const MALFORMED: &str = "malformed answer";

fn is_malformed(log: &AccessLog<'_>) -> bool {
    log.cause.as_ref().is_some_and(Cause::tells_of_a_malformed_answer)
}

fn source(log: &AccessLog<'_>) -> Option<CauseSource> {
    log.cause.as_ref().map(|cause| cause.source)
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
        "INTEGRATION_FAILURE" if is_malformed(log) => Fault::Integration(Some(MALFORMED)),
        "INTEGRATION_FAILURE" => Fault::Integration(None),
        "INTEGRATION_TIMEOUT" => Fault::Integration(Some("timeout")),
        "DEFAULT_4XX" if log.status.code() != 429 => Fault::Client(None),
        _ => return by_reason(kind),
    })
}

/// An error reason of a load balancer, or a detailed result type of CloudFront.
///
/// Source: Elastic Load Balancing user guide, "Error reason codes"; Amazon CloudFront developer guide, "Log file
/// fields".
fn by_reason(kind: &str) -> Option<Fault> {
    Some(match kind {
        "LambdaInvalidResponse"
        | "OriginInvalidResponseError"
        | "OriginHeaderTooBigError"
        | "OriginContentRangeLengthError"
        | "OriginZeroSizeObjectError" => Fault::Integration(Some(MALFORMED)),
        // A rule of the load balancer answers.
        "fixed-response" => Fault::Gateway,
        "LambdaConnectionTimeout" => Fault::Integration(Some("timeout")),
        "LambdaThrottling" | "LambdaLimitExceeded" | "FunctionThrottledError" => {
            Fault::Throttle(Some("integration"))
        }
        "LimitExceeded" | "CapacityExceeded" => Fault::Throttle(None),
        "ClientGeoBlocked" => Fault::Client(Some("country blocked")),
        // `JWT…` and `JWKS…`: a load balancer that verifies tokens.
        _ if kind.starts_with("Auth") || kind.starts_with("JW") => Fault::Authorizer(None),
        _ if kind.starts_with("WAF") => Fault::Waf,
        _ if ["Lambda", "Function", "Origin"].iter().any(|word| kind.starts_with(word)) => {
            Fault::Integration(None)
        }
        _ if kind.starts_with("Client") || kind.starts_with("InvalidRequest") => Fault::Client(None),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::{Format, Reading, read};

    /// The fault of a JSON line with these members.
    fn fault_of(members: &str) -> Fault {
        let line = format!("{{{members}}}");
        match read(&line, Format::Auto) {
            Reading::AccessLog(log) => fault(&log),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn check(expected: Fault, lines: &[&str]) {
        for line in lines {
            assert_eq!(fault_of(line), expected, "{line}");
        }
    }

    #[test]
    fn a_function_that_answers_an_error_itself_is_no_malformed_answer() {
        check(
            Fault::Integration(None),
            &[
                r#""status":"500","resourcePath":"/a","integrationStatus":"200""#,
                r#""status":"503","routeKey":"GET /a","integrationStatus":"200""#,
                r#""status":"504","resourcePath":"/a","integrationStatus":"200""#,
                r#""status":"500","integration_status":"500","integration_integrationStatus":"200""#,
                r#""status":"502","resourcePath":"/a","integration":{"status":"502","integrationStatus":"200"}"#,
                r#""status":"504","integration.status":"504","integrationStatus":"200""#,
                r#""status":"502","resource":"/a","routeKey":"GET /a","integrationStatus":"200""#,
                r#""status":"502","path":"/a","integration":{"status":"200"},"integrationStatus":"200""#,
                r#""status":"500","integrationError":"Execution failed due to configuration error: Invalid permissions on Lambda function""#,
                // An HTTP API: what 200 of the service means beside 502 is not known.
                r#""status":"502","routeKey":"GET /a","integrationStatus":"200""#,
            ],
        );
    }

    #[test]
    fn a_malformed_answer_is_claimed_where_it_is_known() {
        check(
            Fault::Integration(Some("malformed answer")),
            &[
                r#""status":"502","resourcePath":"/a","integrationStatus":"200""#,
                r#""status":"502","resourcePath":"/a","integrationStatus":"200","integration_status":"-""#,
                r#""status":"500","routeKey":"GET /a","integrationErrorMessage":"The Lambda function returned an invalid response.""#,
                r#""status":"502","error":{"message":"Malformed Lambda proxy response"}"#,
                r#""status":"504","errorResponseType":"INTEGRATION_FAILURE","integration_error":"Malformed Lambda proxy response""#,
            ],
        );
    }

    #[test]
    fn a_service_that_refused_or_failed_is_the_integration() {
        check(
            Fault::Integration(None),
            &[
                r#""status":"500","resourcePath":"/a","integrationStatus":"403""#,
                r#""status":"500","resourcePath":"/a","integrationStatus":"429""#,
                r#""status":"502","resourcePath":"/a","integrationStatus":"502","integration_status":"-""#,
                r#""status":"500","routeKey":"GET /a","integrationError":"not authorized to perform: lambda:InvokeFunction""#,
                r#""status":"502""#,
                r#""status":"503""#,
            ],
        );
        check(
            Fault::Integration(Some("timeout")),
            &[r#""status":"504""#, r#""status":504,"integrationStatus":"-""#],
        );
        check(
            Fault::Unknown,
            &[r#""status":"500""#, r#""status":"500","errorMessage":"Internal server error""#],
        );
    }

    #[test]
    fn the_firewalls_decision_tells_its_403_from_the_apis_own() {
        check(
            Fault::Waf,
            &[
                r#""status":"403","integrationStatus":"-","wafResponseCode":"WAF_BLOCK","wafStatus":"403""#,
                r#""status":"403","waf":{"responseCode":"WAF_BLOCK"}"#,
                r#""status":"403","errorResponseType":"DEFAULT_4XX","waf_response_code":"WAF_BLOCK""#,
                r#""status":"429","wafResponseCode":"waf_block""#,
                r#""status":"403","waf.status":"403","webaclArn":"arn:aws:wafv2:a""#,
                r#""status":"403","responseType":"WAF_FILTERED""#,
                // The decision under the names of the status, and the status under those of the decision.
                r#""status":"403","waf_status":"WAF_BLOCK""#,
                r#""status":"403","waf-status":"waf_block","webaclArn":"arn:aws:wafv2:a""#,
                r#""status":"403","WafStatus":" WAF_BLOCK ","wafResponseCode":"-""#,
                r#""status":"403","wafResponseCode":null,"waf":{"status":"WAF_BLOCK"}"#,
                r#""status":"403","waf":{"response-code":"WAF_BLOCK","status":200}"#,
                r#""status":"403","waf.responseCode":"BLOCK""#,
                r#""status":"403","wafResponse":"403""#,
                r#""status":"403","wafResponse":403,"wafStatus":"WAF_BLOCK""#,
                r#""status":"403","waf":"WAF_BLOCK""#,
                r#""status":"403","context":{"waf":{"action":"block"}}"#,
            ],
        );
        check(
            Fault::Client(None),
            &[
                r#""status":"403","integrationStatus":"403","wafResponseCode":"WAF_ALLOW","wafStatus":"200""#,
                r#""status":"403","wafResponseCode":"WAF_ALLOW""#,
                r#""status":"403","wafStatus":"200","webaclArn":"arn:aws:wafv2:a""#,
                r#""status":"403","integration_status":"403","webaclArn":"arn:aws:wafv2:a""#,
                r#""status":"403","wafResponseCode":"-","wafStatus":"-","webaclArn":"-""#,
                r#""status":"403","waf_status":"WAF_ALLOW","webaclArn":"arn:aws:wafv2:a""#,
                r#""status":"403","wafStatus":"forwarded""#,
                r#""status":"403","waf":"-""#,
                r#""status":"403","wafResponse":"200""#,
            ],
        );
        let missing =
            r#""status":"403","responseType":"MISSING_AUTHENTICATION_TOKEN","wafResponseCode":"WAF_ALLOW""#;
        check(Fault::Client(Some("missing token")), &[missing]);
        let not_told = r#""status":"403","webaclArn":"arn:aws:wafv2:a""#;
        check(Fault::Unknown, &[not_told]);
    }

    #[test]
    fn other_services_say_whose_fault_it_is_in_words_of_their_own() {
        let of = |reason: &str, field: &str| {
            fault_of(&format!(r#""status":"502","path":"/a","{field}":"{reason}""#))
        };
        for (reason, fault) in [
            ("OriginConnectError", Fault::Integration(None)),
            ("OriginInvalidResponseError", Fault::Integration(Some("malformed answer"))),
            ("FunctionExecutionError", Fault::Integration(None)),
            ("LambdaLimitExceeded", Fault::Throttle(Some("integration"))),
            ("FunctionThrottledError", Fault::Throttle(Some("integration"))),
            ("LimitExceeded", Fault::Throttle(None)),
            ("ClientCommError", Fault::Client(None)),
        ] {
            assert_eq!(of(reason, "x-edge-detailed-result-type"), fault, "{reason}");
        }
        for (reason, fault) in [
            ("LambdaInvalidResponse", Fault::Integration(Some("malformed answer"))),
            ("LambdaThrottling", Fault::Throttle(Some("integration"))),
            ("AuthInvalidCookie", Fault::Authorizer(None)),
            ("JWTRequestFormatInvalid", Fault::Authorizer(None)),
            ("WAFConnectionError", Fault::Waf),
            ("fixed-response", Fault::Gateway),
        ] {
            assert_eq!(of(reason, "error_reason"), fault, "{reason}");
        }
    }

    #[test]
    fn a_throttle_of_the_integrations_own_is_not_the_apis() {
        check(Fault::Throttle(None), &[r#""status":"429""#, r#""status":"429","integrationStatus":"-""#]);
        check(
            Fault::Throttle(Some("integration")),
            &[r#""status":"429","integrationStatus":"429""#, r#""status":"429","integration_status":"429""#],
        );
    }

    #[test]
    fn an_authorizer_that_says_why_is_named() {
        check(
            Fault::Authorizer(None),
            &[
                r#""status":"401","authorizer":{"error":"The token is expired"}"#,
                r#""status":"403","authorize_error":"User is not authorized""#,
                r#""status":"500","authenticateError":"Lambda timed out""#,
            ],
        );
        check(Fault::Client(None), &[r#""status":"401","authorizer_error":"-""#]);
    }
}
