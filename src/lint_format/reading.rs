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
        Kind::KeyValue => "add status: $context.status",
        Kind::Clf | Kind::Csv | Kind::Xml => "add $context.status where API Gateway's preset has it",
    };
    Finding {
        severity: Severity::Error,
        code: Code::NoStatus,
        offset: None,
        message: "$context.status is missing, so no line can be recognised as an error".to_owned(),
        when: Vec::new(),
        shows: String::new(),
        fix: fix.to_owned(),
    }
}

pub(super) fn nested_status(template: &Template<'_>, selector: &str, has_pattern: bool) -> Finding {
    let offset = template.variables.iter().find(|variable| variable.name == "status").map(|v| v.place.start);
    let pattern = if has_pattern { ", or use the filter pattern given for this format" } else { "" };
    Finding {
        severity: Severity::Warning,
        code: Code::NestedStatus,
        offset,
        message: format!("the status is at {selector}, where the usual filter on $.status does not look"),
        when: Vec::new(),
        shows: String::new(),
        fix: format!("add \"status\":\"$context.status\" at the top level{pattern}"),
    }
}

/// What the digest makes of the lines: no status, or another one.
pub(super) fn reading(
    kind: Kind,
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
    let at = selector.map(|selector| format!(" at {selector}")).unwrap_or_default();
    let unreadable =
        format!("statuswatch finds no status{at}: it counts the line as unreadable, and does not post it");
    [
        (
            unread,
            Code::Unreadable,
            unreadable.as_str(),
            match kind {
                Kind::Json => "put \"status\":\"$context.status\" at the top level",
                Kind::KeyValue => "keep ip or requestTime beside the status",
                Kind::Clf | Kind::Csv | Kind::Xml => {
                    "start with the fields of API Gateway's preset, and put your own after them"
                }
            },
        ),
        (
            wrong,
            Code::WrongStatus,
            "statuswatch takes a number other than $context.status for the status",
            "write $context.status, and nothing else, into the field named status",
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
