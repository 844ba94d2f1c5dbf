//! What API Gateway refuses in a format, never fills, or had better not write.
//!
//! In: a template and the kind of API. Out: findings that do not depend on any line. Never looks at values.

use super::template::{Occurrence, Template};
use super::variables::{find, find_of, nearest};
use super::{Api, Code, Finding, Severity};

/// HTTP APIs take no longer access-log template, in bytes (API Gateway quotas).
const MAX_HTTP_BYTES: usize = 3 * 1024;

/// What makes API Gateway refuse the format.
pub(super) fn refusals(template: &Template<'_>, api: Api) -> Vec<Finding> {
    let mut findings = Vec::new();
    let error = |code, offset, message: &str, fix: &str| Finding {
        severity: Severity::Error,
        code,
        offset,
        message: message.to_owned(),
        when: Vec::new(),
        shows: String::new(),
        fix: fix.to_owned(),
    };
    if template.variables.is_empty() {
        findings.push(error(
            Code::NoVariables,
            None,
            "the format holds no $context variable, so every line would be the same",
            "give the format string itself, such as {\"requestId\":\"$context.requestId\",\"status\":\"$context.status\"}",
        ));
    }
    if let Some(offset) = template.format.find(['\n', '\r']) {
        findings.push(error(
            Code::NotSingleLine,
            Some(offset),
            "the format contains a line break, which API Gateway rejects",
            "write it on one line; in Terraform use jsonencode({ ... })",
        ));
    }
    if api == Api::Http && template.format.len() > MAX_HTTP_BYTES {
        findings.push(error(
            Code::TooLong,
            Some(MAX_HTTP_BYTES),
            &format!(
                "the format has {} bytes; an HTTP API takes at most {MAX_HTTP_BYTES}",
                template.format.len()
            ),
            "remove the fields that nobody reads",
        ));
    }
    if !template.variables.is_empty() && !template.has("requestId") && !template.has("extendedRequestId") {
        findings.push(error(
            Code::NoRequestId,
            None,
            "API Gateway rejects a format that has neither $context.requestId nor $context.extendedRequestId",
            "add $context.requestId",
        ));
    }
    findings
}

/// A variable that this kind of API does not have: HTTP APIs refuse it, the others write `-` for it.
pub(super) fn unknown(variable: &Occurrence<'_>, api: Api) -> Option<Finding> {
    if find_of(variable.name, api).is_some() {
        return None;
    }
    let name = variable.name;
    let elsewhere = find(name).map(|_| " (other kinds of API do)").unwrap_or_default();
    let (severity, effect) = match (api, name) {
        // Accepted and never filled, as was seen.
        (Api::Http, "resourcePath") | (Api::Rest | Api::WebSocket, _) => {
            (Severity::Warning, "it is always logged as -")
        }
        (Api::Http, _) => (Severity::Error, "API Gateway rejects the format"),
    };
    Some(Finding {
        severity,
        code: Code::UnknownVariable,
        offset: Some(variable.place.start),
        message: format!("{} has no $context.{name}{elsewhere}: {effect}", api.words()),
        when: Vec::new(),
        shows: String::new(),
        fix: nearest(name, api)
            .map_or_else(|| "remove it".to_owned(), |nearest| format!("did you mean $context.{nearest}?")),
    })
}

pub(super) fn secret(variable: &Occurrence<'_>) -> Finding {
    Finding {
        severity: Severity::Warning,
        code: Code::Secret,
        offset: Some(variable.place.start),
        message: "$context.identity.apiKey writes the caller's API key into the log".to_owned(),
        when: Vec::new(),
        shows: String::new(),
        fix: "log $context.identity.apiKeyId, which names the key without giving it away".to_owned(),
    }
}

impl Api {
    fn words(self) -> &'static str {
        match self {
            Self::Rest => "a REST API",
            Self::Http => "an HTTP API",
            Self::WebSocket => "a WebSocket API",
        }
    }
}
