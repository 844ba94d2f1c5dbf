//! What API Gateway writes for a variable, on success and on each kind of error.
//!
//! In: the kind of API, a variable. Out: the scenarios, and the variable's text in each.
//! Never guesses a value where none is known to be: what has no value is `-`.
//!
//! `-` for a missing value, the quotes of `error.messageString` and its `-` without quotes were all seen in real lines;
//! quotes in a client's words were seen escaped with a backslash (DataBiosphere/azul#4348, July 2024).

use super::Api;
use super::variables::{Phase, Variable, find_of};

/// What API Gateway writes where a variable has no value.
const MISSING: &str = "-";

/// One way in which a request can go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    /// In a few words, without the status.
    pub(super) name: &'static str,
    /// The status that the client gets.
    pub(super) status: u16,
    reached: &'static [Phase],
    /// API Gateway's own error: its response type and its message.
    error: Option<(&'static str, &'static str)>,
    /// What the backend's code answered, where it did.
    backend: Option<&'static str>,
    user_agent: &'static str,
    /// The scenario that this one differs from in the client's words only.
    like: Option<&'static str>,
}

impl Scenario {
    pub(super) fn is_error(&self) -> bool {
        self.status >= 400
    }

    /// `unknown route (403)`.
    pub(super) fn title(&self) -> String {
        format!("{} ({})", self.name, self.status)
    }

    /// The titles of `scenarios`, without those that say nothing new.
    pub(super) fn titles(scenarios: &[Self]) -> Vec<String> {
        let is_new = |scenario: &&Self| {
            scenario.like.is_none_or(|like| scenarios.iter().all(|other| other.name != like))
        };
        scenarios.iter().filter(is_new).map(Self::title).collect()
    }

    /// The text that stands for the variable; a variable that this kind of API does not have has no value.
    pub(super) fn value(&self, name: &str, api: Api) -> String {
        let variable = find_of(name, api);
        self.known(name, variable).unwrap_or_else(|| MISSING.to_owned())
    }

    fn known(&self, name: &str, variable: Option<&Variable>) -> Option<String> {
        let variable = variable?;
        let reached = variable.phase == Phase::Always || self.reached.contains(&variable.phase);
        match name {
            "status" => Some(self.status.to_string()),
            "error.message" => self.error.map(|(_, message)| message.to_owned()),
            "error.messageString" => self.error.map(|(_, message)| format!("\"{message}\"")),
            "error.responseType" => self.error.map(|(response_type, _)| response_type.to_owned()),
            "integration.status" => self.backend.map(str::to_owned),
            "integration.error" | "integrationErrorMessage" => {
                reached.then(|| "The integration did not answer".to_owned())
            }
            "identity.userAgent" => reached.then(|| self.user_agent.to_owned()),
            _ => reached.then(|| variable.example.to_owned()),
        }
    }
}

const PARSED: &[Phase] = &[Phase::Parsed];
const ROUTED: &[Phase] = &[Phase::Parsed, Phase::Routed];
const AUTHORIZED: &[Phase] = &[Phase::Parsed, Phase::Routed, Phase::Authorized];
const BLOCKED: &[Phase] = &[Phase::Parsed, Phase::Waf];
const TIMED_OUT: &[Phase] = &[Phase::Parsed, Phase::Routed, Phase::Called, Phase::IntegrationFailed];
const NOT_CALLED: &[Phase] = &[Phase::Parsed, Phase::Routed, Phase::IntegrationFailed];
const INTEGRATED: &[Phase] = &[Phase::Parsed, Phase::Routed, Phase::Called, Phase::Integrated];
const IDENTIFIED: &[Phase] = &[
    Phase::Parsed,
    Phase::Routed,
    Phase::Identified,
    Phase::Waf,
    Phase::Authorized,
    Phase::Called,
    Phase::Integrated,
];

const fn gateway(
    name: &'static str,
    status: u16,
    reached: &'static [Phase],
    response_type: &'static str,
    message: &'static str,
) -> Scenario {
    Scenario {
        name,
        status,
        reached,
        error: Some((response_type, message)),
        backend: None,
        user_agent: "curl/8.5.0",
        like: None,
    }
}

const fn backend(
    name: &'static str,
    status: u16,
    reached: &'static [Phase],
    answered: &'static str,
) -> Scenario {
    Scenario {
        name,
        status,
        reached,
        error: None,
        backend: Some(answered),
        user_agent: "curl/8.5.0",
        like: None,
    }
}

/// The scenarios of a kind of API, success first.
pub(super) fn scenarios(api: Api) -> Vec<Scenario> {
    let refused = gateway("refused by the authorizer", 403, AUTHORIZED, "ACCESS_DENIED", "Forbidden");
    let throttled = gateway("throttled", 429, ROUTED, "THROTTLED", "Too Many Requests");
    let malformed = gateway("malformed request", 400, &[], "BAD_REQUEST_BODY", "Bad Request");
    let failed =
        gateway("integration failed", 500, NOT_CALLED, "INTEGRATION_FAILURE", "Internal server error");
    let unknown = match api {
        Api::Rest => gateway(
            "unknown route",
            403,
            PARSED,
            "MISSING_AUTHENTICATION_TOKEN",
            "Missing Authentication Token",
        ),
        Api::Http | Api::WebSocket => {
            gateway("unknown route", 404, PARSED, "RESOURCE_NOT_FOUND", "Not Found")
        }
    };
    let timed_out = match api {
        Api::Rest | Api::WebSocket => gateway(
            "integration timed out",
            504,
            TIMED_OUT,
            "INTEGRATION_TIMEOUT",
            "Endpoint request timed out",
        ),
        Api::Http => {
            gateway("integration timed out", 503, TIMED_OUT, "INTEGRATION_TIMEOUT", "Service Unavailable")
        }
    };
    let mut scenarios = vec![
        backend("success", 200, INTEGRATED, "200"),
        backend("success with identity", 200, IDENTIFIED, "200"),
        unknown,
        refused,
    ];
    if api == Api::Rest {
        scenarios.push(gateway("blocked by WAF", 403, BLOCKED, "WAF_FILTERED", "Forbidden"));
    }
    scenarios.extend([
        throttled,
        timed_out,
        failed,
        backend("backend's 4xx", 404, INTEGRATED, "404"),
        backend("backend's 5xx", 502, INTEGRATED, "502"),
        malformed,
        Scenario {
            name: "user agent with quotes",
            user_agent: r#"say \"hi\" \\ now"#,
            like: Some(unknown.name),
            ..unknown
        },
    ]);
    scenarios
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(api: Api, scenario: &str, name: &str) -> String {
        let scenario = scenarios(api).into_iter().find(|s| s.name == scenario).unwrap();
        scenario.value(name, api)
    }

    #[test]
    fn what_has_no_value_is_a_dash() {
        assert_eq!(value(Api::Rest, "unknown route", "integrationLatency"), "-");
        assert_eq!(value(Api::Rest, "unknown route", "resourcePath"), "-");
        assert_eq!(value(Api::Rest, "success", "identity.caller"), "-");
        assert_eq!(value(Api::Rest, "success", "error.message"), "-");
        assert_eq!(value(Api::Rest, "backend's 5xx", "error.responseType"), "-");
        assert_eq!(value(Api::Rest, "success", "no.such.variable"), "-");
        assert_eq!(value(Api::Http, "success", "resourcePath"), "-");
    }

    #[test]
    fn what_has_a_value_has_one() {
        assert_eq!(value(Api::Rest, "unknown route", "status"), "403");
        assert_eq!(value(Api::Http, "unknown route", "status"), "404");
        assert_eq!(
            value(Api::Rest, "unknown route", "error.messageString"),
            "\"Missing Authentication Token\""
        );
        assert_eq!(value(Api::Rest, "backend's 5xx", "integration.status"), "502");
        assert_eq!(value(Api::Rest, "backend's 5xx", "integrationStatus"), "200");
        assert_eq!(value(Api::Rest, "integration timed out", "integrationLatency"), "39");
        assert_eq!(value(Api::Rest, "integration timed out", "integration.status"), "-");
        assert_eq!(value(Api::Rest, "blocked by WAF", "wafResponseCode"), "WAF_BLOCK");
        assert_eq!(value(Api::Http, "success with identity", "authorizer.claims.sub"), "value");
    }

    #[test]
    fn every_error_has_a_status_that_is_one_and_names_differ() {
        for api in [Api::Rest, Api::Http, Api::WebSocket] {
            let scenarios = scenarios(api);
            assert!(scenarios.iter().all(|s| s.is_error() != s.name.starts_with("success")));
            let mut names: Vec<&str> = scenarios.iter().map(|s| s.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), scenarios.len());
        }
    }
}
