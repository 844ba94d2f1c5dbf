//! Which filter pattern sees the error lines of a format, and only those.
//!
//! In: a format and the lines that it makes. Out: a pattern for a metric filter or a subscription filter.
//! Never proposes a pattern that was not tried on every line, and on lines with a length or a latency that could be a
//! status.

use super::template::Template;
use super::{FilledLine, Kind};
use crate::filter_pattern::FilterPattern;

/// Matches the status of JSON, broken JSON too.
const JSON_AS_TEXT: &str = r"%\x22status\x22:\s?\x22?[45][0-9][0-9]%";
const XML: &str = r"%\x3Cstatus\x3E[45][0-9][0-9]\x3C%";

/// The first of the patterns for this kind of format that tells the error lines from the others, and how many were tried.
pub(super) fn fitting(
    kind: Kind,
    template: &Template<'_>,
    selector: Option<&str>,
    lines: &[FilledLine],
    confusing: &[FilledLine],
) -> (Option<String>, usize) {
    if !template.has("status") {
        return (None, 0);
    }
    let mut candidates = Vec::new();
    match kind {
        Kind::Json => {
            candidates.extend(selector.map(|s| format!("{{ ({s} = 4*) || ({s} = 5*) }}")));
            candidates.push(JSON_AS_TEXT.to_owned());
        }
        Kind::Xml => candidates.push(XML.to_owned()),
        Kind::Csv => candidates.extend(by_separators(template)),
        Kind::KeyValue => candidates.extend(by_text(template)),
        Kind::Clf => {}
    }
    candidates.extend(by_fields(lines));
    candidates.extend(by_text(template));
    let fitting = candidates
        .iter()
        .position(|pattern| tells_errors(pattern, lines) && tells_errors(pattern, confusing));
    let tried = fitting.map_or(candidates.len(), |place| place + 1);
    (fitting.and_then(|place| candidates.get(place).cloned()), tried)
}

fn tells_errors(pattern: &str, lines: &[FilledLine]) -> bool {
    FilterPattern::parse(pattern)
        .is_ok_and(|pattern| lines.iter().all(|line| pattern.matches(&line.line) == (line.status >= 400)))
}

/// The status behind as many fields as stand before it in the format: each ends where the text behind it begins.
fn by_separators(template: &Template<'_>) -> Option<String> {
    let status = template.variables.iter().find(|variable| variable.name == "status")?;
    let mut pattern = "%^".to_owned();
    let mut from = 0;
    for (hole, _) in template.holes() {
        let before = template.format.get(from..hole.place.start)?;
        let end = before.chars().next();
        if from > 0 {
            pattern.push_str("[^");
            pattern.push_str(&escaped(end?.encode_utf8(&mut [0; 4])));
            pattern.push_str("]*");
        }
        pattern.push_str(&escaped(before));
        from = hole.place.end;
        if hole.place == status.place {
            break;
        }
    }
    let after = template.format.get(from..)?.split('$').next()?;
    let end = if from + after.len() == template.format.len() { "$" } else { "" };
    Some(format!("{pattern}[45][0-9][0-9]{}{end}%", escaped(after)))
}

/// The status between the texts that stand before and after it in the format.
fn by_text(template: &Template<'_>) -> Option<String> {
    let status = template.variables.iter().find(|variable| variable.name == "status")?;
    let ends = template.variables.iter().chain(&template.gaps).map(|hole| hole.place.end);
    let starts = template.variables.iter().chain(&template.gaps).map(|hole| hole.place.start);
    let from = ends.filter(|end| *end <= status.place.start).max();
    let to = starts.filter(|start| *start >= status.place.end).min();
    let before = template.format.get(from.unwrap_or(0)..status.place.start)?;
    let after = template.format.get(status.place.end..to.unwrap_or(template.format.len()))?;
    let begin = if from.is_none() { "^" } else { "" };
    let end = if to.is_none() { "$" } else { "" };
    Some(format!("%{begin}{}[45][0-9][0-9]{}{end}%", escaped(before), escaped(after)))
}

/// Text as a regular expression of the pattern language: what has a meaning there by its number.
fn escaped(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":_#=@/;,- ".contains(c);
    text.chars().map(|c| if plain(c) { c.to_string() } else { format!("\\x{:02X}", u32::from(c)) }).collect()
}

/// The status by its place among the fields, counted from the front and from the end.
fn by_fields(lines: &[FilledLine]) -> Vec<String> {
    let everything = FilterPattern::parse("[]");
    let fields: Vec<Vec<String>> = lines
        .iter()
        .filter_map(|line| everything.as_ref().ok()?.extract(&line.line))
        .map(|fields| fields.into_iter().map(|(_, text)| text).collect())
        .collect();
    let statuses: Vec<String> = lines.iter().map(|line| line.status.to_string()).collect();
    let Some(first) = fields.first() else { return Vec::new() };
    let condition = "status = 4* || status = 5*";
    let from_front =
        (0..first.len()).find(|place| fields.iter().zip(&statuses).all(|(f, s)| f.get(*place) == Some(s)));
    let from_end = (0..first.len())
        .find(|place| fields.iter().zip(&statuses).all(|(f, s)| f.iter().rev().nth(*place) == Some(s)));
    let names =
        |count: usize, begin: &str| (1..=count).map(|n| format!("{begin}{n}")).collect::<Vec<_>>().join(", ");
    let mut patterns = Vec::new();
    match from_front {
        Some(0) => patterns.push(format!("[{condition}, ...]")),
        Some(place) => patterns.push(format!("[{}, {condition}, ...]", names(place, "w"))),
        None => {}
    }
    match from_end {
        Some(0) => patterns.push(format!("[..., {condition}]")),
        Some(place) => patterns.push(format!("[..., {condition}, {}]", names(place, "z"))),
        None => {}
    }
    patterns
}
