//! What the check found, as text for a terminal.
//!
//! In: a [`Lint`]. Out: text without colour, without a line break at the end. Never prints.

use super::{Api, DigestField, Kind, Lint, Severity};

/// The findings, the pattern that fits and the fields that are missed.
#[must_use]
pub fn render(lint: &Lint) -> String {
    let mut blocks = vec![format!("{} · {}", api(lint.api), kind(lint.kind))];
    for finding in &lint.findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = finding.offset.map(|offset| format!(" (byte {offset})")).unwrap_or_default();
        let mut block = vec![format!("{severity}: {}{place}", finding.message)];
        if !finding.when.is_empty() {
            block.push(format!("  when: {}", finding.when.join(", ")));
        }
        if !finding.shows.is_empty() {
            block.push(format!("  line: ... {} ...", finding.shows));
        }
        block.push(format!("  fix:  {}", finding.fix));
        blocks.push(block.join("\n"));
    }
    if lint.findings.is_empty() {
        blocks.push("no findings: every error line is whole and read".to_owned());
    }
    let mut last = vec![match &lint.pattern {
        Some(pattern) if lint.kind == Kind::Json && !pattern.starts_with('{') => {
            format!("filter pattern for the error lines, as no JSON pattern sees all of them: {pattern}")
        }
        Some(pattern) => format!("filter pattern for the error lines: {pattern}"),
        None if lint.patterns_tried > 0 => format!(
            "filter pattern for the error lines: {} tried on the lines of this format, none tells them from the others",
            lint.patterns_tried
        ),
        None => "filter pattern for the error lines: none without $context.status".to_owned(),
    }];
    if !lint.gaps.is_empty() {
        last.push(format!("not known here, taken as plain text: {}", lint.gaps.join(", ")));
    }
    if !lint.misses.is_empty() {
        let misses: Vec<&str> = lint.misses.iter().map(|field| name(*field)).collect();
        last.push(format!("the digest would tell more with: {}", misses.join(", ")));
    }
    blocks.push(last.join("\n"));
    blocks.join("\n\n")
}

fn api(api: Api) -> &'static str {
    match api {
        Api::Rest => "REST API",
        Api::Http => "HTTP API",
        Api::WebSocket => "WebSocket API",
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Json => "JSON",
        Kind::Clf => "CLF",
        Kind::KeyValue => "keys and values",
        Kind::Csv => "CSV",
        Kind::Xml => "XML",
    }
}

fn name(field: DigestField) -> &'static str {
    match field {
        DigestField::Method => "method",
        DigestField::Route => "route",
        DigestField::Path => "path",
        DigestField::Ip => "source IP",
        DigestField::RequestId => "request id",
        DigestField::ResponseType => "error response type",
        DigestField::IntegrationStatus => "integration status",
        DigestField::Latency => "latency",
        DigestField::UserAgent => "user agent",
    }
}
