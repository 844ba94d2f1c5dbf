//! The `$context` variables that API Gateway knows in an access-log format.
//!
//! In: a variable's name. Out: which kinds of API have it, and when it has a value.
//! Never holds a value that looks real: addresses and ids are those of documentation.
//!
//! Source: API Gateway Developer Guide, "Variables for access logging for API Gateway" (REST), "Customize HTTP API access
//! logs", "Configure logging for WebSocket APIs".

use super::Api;

/// When a variable has a value; else API Gateway writes `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// On every line.
    Always,
    /// Once the request was understood.
    Parsed,
    /// Once a route was found for it.
    Routed,
    /// Where the caller showed an identity, a key or a certificate.
    Identified,
    /// Where a web ACL looked at it.
    Waf,
    /// Where an authorizer or a signature was asked.
    Authorized,
    /// Once the integration answered.
    Integrated,
    /// Once the integration was called, whether it answered or not.
    Called,
    /// Where API Gateway itself made the error.
    Failed,
    /// Where the integration's call failed.
    IntegrationFailed,
    /// Never in an access log.
    Never,
}

/// One variable of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    apis: &'static [Api],
    pub(super) phase: Phase,
    /// What stands for a value of it.
    pub(super) example: &'static str,
}

const R: &[Api] = &[Api::Rest];
const H: &[Api] = &[Api::Http];
const W: &[Api] = &[Api::WebSocket];
const RH: &[Api] = &[Api::Rest, Api::Http];
const RW: &[Api] = &[Api::Rest, Api::WebSocket];
const HW: &[Api] = &[Api::Http, Api::WebSocket];
const RHW: &[Api] = &[Api::Rest, Api::Http, Api::WebSocket];

const fn row(name: &'static str, apis: &'static [Api], phase: Phase, example: &'static str) -> Variable {
    Variable { name, apis, phase, example }
}

/// All variables with a fixed name.
pub(super) const VARIABLES: &[Variable] = &[
    row("accountId", RH, Phase::Always, "111122223333"),
    row("apiId", RHW, Phase::Always, "a1b2c3d4e5"),
    row("authenticate.error", R, Phase::Authorized, "-"),
    row("authenticate.latency", R, Phase::Authorized, "1"),
    row("authenticate.status", R, Phase::Authorized, "200"),
    row("authorize.error", RW, Phase::Authorized, "-"),
    row("authorize.latency", RW, Phase::Authorized, "1"),
    row("authorize.status", RW, Phase::Authorized, "200"),
    row("authorizer.error", RHW, Phase::Authorized, "-"),
    row("authorizer.integrationLatency", RHW, Phase::Authorized, "35"),
    row("authorizer.integrationStatus", RHW, Phase::Authorized, "200"),
    row("authorizer.latency", RHW, Phase::Authorized, "36"),
    row("authorizer.principalId", RHW, Phase::Authorized, "user|a1b2"),
    row("authorizer.requestId", RHW, Phase::Authorized, "0f5e7a4c-1111-4222-8333-444455556666"),
    row("authorizer.status", RHW, Phase::Authorized, "200"),
    row("awsEndpointRequestId", RHW, Phase::Integrated, "1c2d3e4f-1111-4222-8333-444455556666"),
    row("awsEndpointRequestId2", H, Phase::Integrated, "QUJDREVGRw=="),
    row("connectedAt", W, Phase::Always, "1605677336123"),
    row("connectionId", W, Phase::Always, "WG9uZXhhbXBsZQ="),
    row("customDomain.basePathMatched", RH, Phase::Identified, "v1"),
    row("dataProcessed", H, Phase::Always, "36"),
    row("deploymentId", R, Phase::Always, "d1e2f3"),
    row("domainName", RHW, Phase::Always, "api.example.com"),
    row("domainPrefix", RH, Phase::Always, "api"),
    row("error.message", RHW, Phase::Failed, ""),
    row("error.messageString", RHW, Phase::Failed, ""),
    row("error.responseType", RHW, Phase::Failed, ""),
    row("error.validationErrorString", RW, Phase::Never, "-"),
    row("eventType", W, Phase::Always, "MESSAGE"),
    row("extendedRequestId", RHW, Phase::Always, "WG9uZXh0ZW5kZWQ="),
    row("httpMethod", RH, Phase::Parsed, "GET"),
    row("identity.accountId", RHW, Phase::Identified, "111122223333"),
    row("identity.apiKey", RW, Phase::Identified, "examplekeyexamplekey"),
    row("identity.apiKeyId", RW, Phase::Identified, "k1l2m3n4"),
    row("identity.caller", RHW, Phase::Identified, "AIDAEXAMPLE"),
    row("identity.clientCert.clientCertPem", RH, Phase::Identified, "PEM"),
    row("identity.clientCert.issuerDN", RH, Phase::Identified, "CN=issuer"),
    row("identity.clientCert.serialNumber", RH, Phase::Identified, "1"),
    row("identity.clientCert.subjectDN", RH, Phase::Identified, "CN=client"),
    row("identity.clientCert.validity.notAfter", RH, Phase::Identified, "May 28 12:30:02 2031 GMT"),
    row("identity.clientCert.validity.notBefore", RH, Phase::Identified, "May 28 12:30:02 2021 GMT"),
    row("identity.cognitoAuthenticationProvider", RHW, Phase::Identified, "cognito-idp.example"),
    row("identity.cognitoAuthenticationType", RHW, Phase::Identified, "authenticated"),
    row("identity.cognitoIdentityId", RHW, Phase::Identified, "region:1"),
    row("identity.cognitoIdentityPoolId", RHW, Phase::Identified, "region:2"),
    row("identity.principalOrgId", RHW, Phase::Identified, "o-example"),
    row("identity.sourceIp", RHW, Phase::Always, "203.0.113.7"),
    row("identity.user", RHW, Phase::Identified, "AIDAEXAMPLE"),
    row("identity.userAgent", RHW, Phase::Parsed, "curl/8.5.0"),
    row("identity.userArn", RHW, Phase::Identified, "arn:aws:iam::111122223333:user/ann"),
    row("identity.vpcId", R, Phase::Identified, "vpc-1a2b"),
    row("identity.vpceId", R, Phase::Identified, "vpce-1a2b"),
    row("integration.error", RHW, Phase::IntegrationFailed, ""),
    row("integration.integrationStatus", RHW, Phase::Integrated, "200"),
    row("integration.latency", RHW, Phase::Called, "39"),
    row("integration.requestId", RHW, Phase::Integrated, "1c2d3e4f-1111-4222-8333-444455556666"),
    row("integration.status", RHW, Phase::Integrated, ""),
    row("integrationErrorMessage", RHW, Phase::IntegrationFailed, ""),
    row("integrationLatency", RHW, Phase::Called, "39"),
    row("integrationStatus", RHW, Phase::Integrated, "200"),
    row("isCanaryRequest", R, Phase::Always, "false"),
    row("messageId", W, Phase::Routed, "WG9uZW1lc3NhZ2U="),
    row("path", RH, Phase::Parsed, "/prod/pets/7"),
    row("protocol", RH, Phase::Parsed, "HTTP/1.1"),
    row("requestId", RHW, Phase::Always, "c6af9ac6-7b61-4222-8333-93e8deadbeef"),
    row("requestTime", RHW, Phase::Always, "18/Nov/2020:05:28:56 +0000"),
    row("requestTimeEpoch", RHW, Phase::Always, "1605677336123"),
    row("resourceId", R, Phase::Routed, "r1s2t3"),
    row("resourcePath", R, Phase::Routed, "/pets/{id}"),
    row("responseLatency", RH, Phase::Always, "71"),
    row("responseLength", RH, Phase::Always, "47"),
    row("routeKey", HW, Phase::Routed, "GET /pets/{id}"),
    row("stage", RHW, Phase::Always, "prod"),
    row("status", RHW, Phase::Always, ""),
    row("waf.error", R, Phase::Waf, "-"),
    row("waf.latency", R, Phase::Waf, "6"),
    row("waf.status", R, Phase::Waf, "200"),
    row("wafResponseCode", R, Phase::Waf, "WAF_BLOCK"),
    row("webaclArn", R, Phase::Waf, "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/b"),
    row("xrayTraceId", R, Phase::Always, "1-5fb4b0e8-000000000000000000000000"),
];

/// Beginnings after which any name is a variable: what an authorizer returned, and what a mapping overrode.
const OPEN: &[(&str, Variable)] = &[
    ("authorizer.", row("authorizer.property", RHW, Phase::Authorized, "value")),
    ("requestOverride.", row("requestOverride.property", R, Phase::Never, "-")),
    ("responseOverride.", row("responseOverride.property", R, Phase::Never, "-")),
];

impl Variable {
    pub(super) fn is_of(&self, api: Api) -> bool {
        self.apis.contains(&api)
    }
}

/// The variable of that name in any kind of API.
pub(super) fn find(name: &str) -> Option<&'static Variable> {
    let open = || {
        let (_, variable) =
            OPEN.iter().find(|(begin, _)| name.len() > begin.len() && name.starts_with(begin))?;
        Some(variable)
    };
    VARIABLES.iter().find(|variable| variable.name == name).or_else(open)
}

/// The variable of that name in this kind of API.
pub(super) fn find_of(name: &str, api: Api) -> Option<&'static Variable> {
    find(name).filter(|variable| variable.is_of(api))
}

/// The name that was probably meant: the counterpart in this kind of API, or the nearest spelling.
pub(super) fn nearest(name: &str, api: Api) -> Option<&'static str> {
    let counterpart = match (name, api) {
        ("resourcePath" | "resource" | "resourceId" | "route" | "routeKey", Api::Http | Api::WebSocket) => {
            Some("routeKey")
        }
        ("routeKey" | "route", Api::Rest) => Some("resourcePath"),
        ("responseLatency", Api::WebSocket) => Some("integrationLatency"),
        ("ip" | "sourceIp", _) => Some("identity.sourceIp"),
        ("userAgent", _) => Some("identity.userAgent"),
        ("method", Api::Rest | Api::Http) => Some("httpMethod"),
        ("latency", Api::Rest | Api::Http) => Some("responseLatency"),
        ("statusCode" | "responseStatus", _) => Some("status"),
        _ => None,
    };
    let tolerated = name.len() / 4 + 1;
    let spelled = || {
        VARIABLES
            .iter()
            .filter(|variable| variable.is_of(api))
            .map(|variable| (distance(name, variable.name), variable.name))
            .filter(|(distance, _)| *distance <= tolerated)
            .min()
            .map(|(_, name)| name)
    };
    counterpart.or_else(spelled)
}

/// How many letters must be put in, left out or changed to turn one name into the other; case does not count.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_ascii_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.to_ascii_lowercase().chars().enumerate() {
        let mut next = vec![line + 1];
        for ((to, above), diagonal) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            let beside = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(*to != from)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_once_and_in_order() {
        assert!(VARIABLES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn a_variable_is_known_in_its_kind_of_api_only() {
        assert!(find_of("resourcePath", Api::Rest).is_some());
        assert!(find_of("resourcePath", Api::Http).is_none());
        assert!(find_of("connectionId", Api::WebSocket).is_some());
        assert!(find_of("authorizer.claims.sub", Api::Http).is_some());
        assert!(find("authorizer.").is_none());
        assert!(find("Status").is_none());
    }

    #[test]
    fn the_nearest_name_is_a_counterpart_or_a_spelling() {
        let cases = [
            ("requestID", Api::Rest, Some("requestId")),
            ("identity.sourceIP", Api::Http, Some("identity.sourceIp")),
            ("sourceIp", Api::Http, Some("identity.sourceIp")),
            ("resourcePath", Api::Http, Some("routeKey")),
            ("routeKey", Api::Rest, Some("resourcePath")),
            ("responselength", Api::Rest, Some("responseLength")),
            ("staus", Api::Rest, Some("status")),
            ("integration.statuss", Api::Rest, Some("integration.status")),
            ("entirelyUnknownThing", Api::Rest, None),
            ("", Api::Rest, None),
        ];
        for (name, api, expected) in cases {
            assert_eq!(nearest(name, api), expected, "{name}");
        }
    }

    #[test]
    fn letters_are_counted() {
        assert_eq!(distance("status", "STATUS"), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
