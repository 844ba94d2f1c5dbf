//! A corrected format: the same one where little is wrong, a new one where much is.
//!
//! In: a format and the findings. Out: a format without findings, on one line.
//! Never drops a known variable without need: only where an HTTP API's limit leaves no room.

use super::template::Template;
use super::variables::{find_of, nearest};
use super::{Api, Code, DigestField, Finding, Kind, Lint, Reader, lint};

/// Edits are tried this often before the format is written anew: one may bring another to light.
const ROUNDS: usize = 4;

/// A field that the digest can use, with the name under which it reads it.
pub(super) struct Offer {
    pub(super) field: DigestField,
    name: &'static str,
    variable: &'static str,
}

/// In the order in which they are added.
pub(super) const OFFERS: &[Offer] = &[
    Offer { field: DigestField::RequestId, name: "requestId", variable: "requestId" },
    Offer { field: DigestField::Method, name: "httpMethod", variable: "httpMethod" },
    Offer { field: DigestField::Route, name: "resourcePath", variable: "resourcePath" },
    Offer { field: DigestField::Path, name: "path", variable: "path" },
    Offer { field: DigestField::Ip, name: "ip", variable: "identity.sourceIp" },
    Offer { field: DigestField::ResponseType, name: "errorResponseType", variable: "error.responseType" },
    Offer {
        field: DigestField::IntegrationStatus,
        name: "integration_status",
        variable: "integration.status",
    },
    Offer { field: DigestField::Latency, name: "responseLatency", variable: "responseLatency" },
    Offer { field: DigestField::UserAgent, name: "userAgent", variable: "identity.userAgent" },
];

impl Offer {
    /// The variable, where it goes by another name in this kind of API.
    pub(super) fn variable(&self, api: Api) -> &'static str {
        match (self.field, api) {
            (DigestField::Route, Api::Http | Api::WebSocket) => "routeKey",
            _ => self.variable,
        }
    }

    /// Whether the format has the variable, or another one for the same field.
    pub(super) fn stands_in(&self, template: &Template<'_>) -> bool {
        let others: &[&str] = match self.field {
            DigestField::Route => &["resourcePath", "routeKey"],
            DigestField::RequestId => &["extendedRequestId"],
            DigestField::IntegrationStatus => &["integrationStatus", "integration.integrationStatus"],
            _ => &[],
        };
        template.has(self.variable) || others.iter().any(|name| template.has(name))
    }

    fn name(&self, api: Api) -> &'static str {
        match (self.field, api) {
            (DigestField::Route, Api::Http | Api::WebSocket) => "routeKey",
            _ => self.name,
        }
    }

    fn member(&self, api: Api) -> String {
        member(self.name(api), self.variable(api))
    }
}

/// The corrected format, on one line. A JSON format gets the fields that the digest misses; another kind stays as it is
/// where nothing is wrong with it, and becomes JSON where something is.
#[must_use]
pub fn fix(text: &str, api: Option<Api>, reader: Reader<'_>) -> String {
    mended(&lint(text, api, reader), reader)
}

/// The corrected format of one that was checked.
#[must_use]
pub fn mended(first: &Lint, reader: Reader<'_>) -> String {
    let api = first.api;
    let is_done =
        |lint: &Lint| lint.findings.is_empty() && (lint.kind != Kind::Json || lint.misses.is_empty());
    let mut now = first.clone();
    for _ in 0..ROUNDS {
        if is_done(&now) {
            return now.format;
        }
        match edited(&now) {
            Some(format) => now = lint(&format, Some(api), reader),
            None => break,
        }
    }
    if is_done(&now) {
        return now.format;
    }
    let anew = written_anew(&Template::parse(&first.format), api);
    if lint(&anew, Some(api), reader).findings.is_empty() {
        anew
    } else {
        written_anew(&Template::parse(""), api)
    }
}

/// The variables that the corrected format logs and the format that was checked does not, in their order.
#[must_use]
pub fn added(first: &Lint, mended: &str) -> Vec<String> {
    let before = Template::parse(&first.format);
    let mut added = Vec::new();
    for variable in Template::parse(mended).variables {
        let name = format!("$context.{}", variable.name);
        if !before.has(variable.name) && !added.contains(&name) {
            added.push(name);
        }
    }
    added
}

/// The format with each finding mended where it is; nothing where that cannot be done.
fn edited(lint: &Lint) -> Option<String> {
    let mut format = lint.format.clone();
    if lint.findings.iter().any(|finding| finding.code == Code::NotSingleLine) {
        return Some(lint.format.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if lint.kind != Kind::Json {
        return None;
    }
    let template = Template::parse(&lint.format);
    let mut edits: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    let mut added: Vec<String> = Vec::new();
    let status = member("status", "status");
    for finding in &lint.findings {
        match finding.code {
            Code::BreaksJson | Code::UnknownVariable | Code::Secret => {
                edits.push(replacement(finding, &template, lint.api)?);
            }
            Code::NoStatus | Code::NestedStatus => added.push(status.clone()),
            // Once: where that did not help, something else hides it.
            Code::Unreadable
                if lint.findings.len() == 1 && !lint.format.ends_with(&format!("{status}}}")) =>
            {
                added.push(status.clone());
            }
            Code::NoRequestId => added.push(member("requestId", "requestId")),
            _ => return None,
        }
    }
    // What is missing is known for sure once all lines can be read.
    if lint.findings.is_empty() {
        let missed = OFFERS.iter().filter(|offer| lint.misses.contains(&offer.field));
        added.extend(missed.map(|offer| offer.member(lint.api)));
    }
    edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    edits.dedup_by_key(|(place, _)| place.start);
    for (place, text) in edits {
        format.replace_range(place, &text);
    }
    if !added.is_empty() {
        let members = format.strip_suffix('}')?.trim_end();
        let comma = if members.trim_end() == "{" { "" } else { "," };
        format = format!("{members}{comma}{}}}", added.join(","));
    }
    Some(format)
}

/// What to write instead of the variable that a finding points at.
fn replacement(
    finding: &Finding,
    template: &Template<'_>,
    api: Api,
) -> Option<(std::ops::Range<usize>, String)> {
    let variable = template.variables.iter().find(|variable| Some(variable.place.start) == finding.offset)?;
    let text = match (finding.code, variable.name) {
        (Code::Secret, _) => "$context.identity.apiKeyId".to_owned(),
        (Code::UnknownVariable, name) => format!("$context.{}", nearest(name, api)?),
        (_, "error.messageString") => "$context.error.message".to_owned(),
        (_, name) => format!("\"$context.{name}\""),
    };
    Some((variable.place.clone(), text))
}

/// A JSON format with the status, what the digest can use, and the variables of `template` that this kind of API has.
fn written_anew(template: &Template<'_>, api: Api) -> String {
    let offers = OFFERS.iter().filter(|offer| find_of(offer.variable(api), api).is_some());
    let mut names = vec!["status"];
    let mut members = vec![member("status", "status")];
    for offer in offers {
        names.push(offer.variable(api));
        members.push(offer.member(api));
    }
    for variable in &template.variables {
        let name = match variable.name {
            "error.messageString" => "error.message",
            "identity.apiKey" => "identity.apiKeyId",
            name if find_of(name, api).is_some() => name,
            name => match nearest(name, api) {
                Some(nearest) => nearest,
                None => continue,
            },
        };
        if !names.contains(&name) {
            names.push(name);
            members.push(member(&name.replace('.', "_"), name));
        }
    }
    format!("{{{}}}", members.join(","))
}

fn member(name: &str, variable: &str) -> String {
    format!("\"{name}\":\"$context.{variable}\"")
}
