//! What the digest makes of the lines of a format.
//!
//! In: the lines of all scenarios and the digest's reader. Out: findings on the status, and the fields that are missed.
//! Never knows of itself how a line is read.

use super::scenarios::Scenario;
use super::template::Template;
use super::variables::find_of;
use super::{Api, Code, DigestField, FilledLine, Finding, Kind, Reader, Seen, Severity, repair};

pub(super) fn missing_status(kind: Kind) -> Finding {
    let fix = match kind {
        Kind::Json => "add \"status\":\"$context.status\" at the top level",
        Kind::Clf | Kind::KeyValue | Kind::Csv | Kind::Xml => "add $context.status where the preset has it",
    };
    Finding {
        severity: Severity::Error,
        code: Code::NoStatus,
        offset: None,
        message: "$context.status is missing, so no line can be told to be an error".to_owned(),
        when: Vec::new(),
        shows: String::new(),
        fix: fix.to_owned(),
    }
}

pub(super) fn nested_status(template: &Template<'_>, selector: &str, pattern: Option<&str>) -> Finding {
    let offset = template.variables.iter().find(|variable| variable.name == "status").map(|v| v.place.start);
    let pattern = pattern.map(|pattern| format!(", or filter by {pattern}")).unwrap_or_default();
    Finding {
        severity: Severity::Warning,
        code: Code::NestedStatus,
        offset,
        message: format!("the status is at {selector}, where the usual filter on $.status does not see it"),
        when: Vec::new(),
        shows: String::new(),
        fix: format!("add \"status\":\"$context.status\" at the top level{pattern}"),
    }
}

/// What the digest makes of the lines: no status, or another one.
pub(super) fn reading(
    template: &Template<'_>,
    scenarios: &[Scenario],
    lines: &[FilledLine],
    selector: Option<&str>,
    reader: Reader<'_>,
) -> Vec<Finding> {
    let Some(status) = template.variables.iter().find(|variable| variable.name == "status") else {
        return Vec::new();
    };
    let mut unread = Vec::new();
    let mut wrong = Vec::new();
    for (scenario, line) in scenarios.iter().zip(lines) {
        match reader(&line.line) {
            None => unread.push(*scenario),
            Some(seen) if seen.status != scenario.status => wrong.push(*scenario),
            Some(_) => {}
        }
    }
    let at = selector.map(|selector| format!(" from {selector}")).unwrap_or_default();
    let unreadable =
        format!("statuswatch reads no status{at}, so the line is counted as unreadable and not told");
    [
        (
            unread,
            Code::Unreadable,
            unreadable.as_str(),
            "in JSON put \"status\":\"$context.status\" at the top level; in CLF, CSV and XML keep the preset's fields and put others behind them, and in names and values keep ip or requestTime",
        ),
        (
            wrong,
            Code::WrongStatus,
            "statuswatch reads another number than $context.status for the status",
            "let the field status hold $context.status alone",
        ),
    ]
    .into_iter()
    .filter(|(scenarios, ..)| !scenarios.is_empty())
    .map(|(scenarios, code, message, fix)| Finding {
        severity: Severity::Error,
        code,
        offset: Some(status.place.start),
        message: message.to_owned(),
        when: if scenarios.len() == lines.len() { Vec::new() } else { Scenario::titles(&scenarios) },
        shows: String::new(),
        fix: fix.to_owned(),
    })
    .collect()
}

/// The fields that no line gives the digest, though this kind of API has them. Where some lines cannot be read, a field
/// whose variable is in the format is not called missing.
pub(super) fn misses(
    template: &Template<'_>,
    api: Api,
    lines: &[FilledLine],
    reader: Reader<'_>,
) -> Vec<DigestField> {
    let read: Vec<Seen> = lines.iter().filter_map(|line| reader(&line.line)).collect();
    let is_seen = |field: DigestField| read.iter().any(|seen| seen.fields.contains(&field));
    let all_read = read.len() == lines.len();
    repair::OFFERS
        .iter()
        .filter(|offer| find_of(offer.variable(api), api).is_some())
        .filter(|offer| !is_seen(offer.field) && (all_read || !offer.stands_in(template)))
        .map(|offer| offer.field)
        .collect()
}
