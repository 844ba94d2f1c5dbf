//! Error lines in; those that the metric filter does not match, and why, out.

use std::collections::HashMap;

use super::figures::{BlindReason, BlindSpots};
use super::line::{Kind, Line};
use crate::access_log::redact::{Redacted, Redaction};
use crate::filter_pattern::{Blindness, FilterPattern};

/// Reasons that are told apart; what else there is counts under the last one.
const MAX_REASONS: usize = 32;
/// Characters of an example.
const MAX_EXAMPLE_CHARS: usize = 400;

pub(super) struct BlindSpotRun<'s> {
    pattern: &'s FilterPattern,
    redaction: &'s Redaction,
    sources: Vec<String>,
    lines: u64,
    reasons: HashMap<(&'static str, String), BlindReason>,
    not_asked_for: u64,
    false_hits: u64,
}

impl<'s> BlindSpotRun<'s> {
    pub(super) fn new(pattern: &'s FilterPattern, redaction: &'s Redaction, sources: Vec<String>) -> Self {
        Self {
            pattern,
            redaction,
            sources,
            lines: 0,
            reasons: HashMap::new(),
            not_asked_for: 0,
            false_hits: 0,
        }
    }

    pub(super) fn line(&mut self, line: &Line) {
        match line.kind {
            Kind::Ok => self.false_hits += u64::from(line.is_seen),
            Kind::Error(_) if !line.is_seen => self.blind(line),
            Kind::Error(_) | Kind::Unreadable => {}
        }
    }

    fn blind(&mut self, line: &Line) {
        let Some(blindness) = self.pattern.blindness(line.text()) else { return };
        let Some(fix) = fix(&blindness, line.text()) else {
            self.not_asked_for += 1;
            return;
        };
        self.lines += 1;
        let mut key = (blindness.label(), fix);
        if self.reasons.len() >= MAX_REASONS && !self.reasons.contains_key(&key) {
            key = ("other reasons", "look at these lines with `statuswatch match`".to_owned());
        }
        let (sources, redaction, reason, fix) = (&self.sources, self.redaction, key.0, key.1.clone());
        let entry = self.reasons.entry(key).or_insert_with(|| BlindReason {
            reason,
            found: blindness.describe(),
            lines: 0,
            fix,
            source: sources.get(line.source).cloned().unwrap_or_default(),
            line: line.number,
            example: shown(redaction.line(line.text())),
        });
        entry.lines += 1;
    }

    pub(super) fn finish(self) -> BlindSpots {
        let mut reasons: Vec<BlindReason> = self.reasons.into_values().collect();
        reasons.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.fix.cmp(&b.fix)));
        BlindSpots {
            pattern: self.pattern.as_str().to_owned(),
            lines: self.lines,
            reasons,
            not_asked_for: self.not_asked_for,
            false_hits: self.false_hits,
        }
    }
}

fn shown(example: Redacted) -> String {
    match example {
        Redacted::Whole(line) => line.chars().take(MAX_EXAMPLE_CHARS).collect(),
        Redacted::Withheld => "(withheld: what is to be masked cannot be found with certainty)".to_owned(),
    }
}

/// What to change; for broken JSON with the field whose value breaks it.
fn fix(blindness: &Blindness, text: &str) -> Option<String> {
    let fix = blindness.fix()?;
    if let Blindness::NotJson { offset } = blindness
        && let Some(field) = field_before(text, *offset)
    {
        return Some(format!("the value of \"{field}\" breaks the line: {fix}"));
    }
    Some(fix)
}

/// The name of the member in whose value the text stops being JSON.
fn field_before(text: &str, offset: usize) -> Option<&str> {
    let before = text.get(..offset)?;
    let name_end = before.rfind("\":").or_else(|| before.rfind("\" :"))?;
    let name_start = before.get(..name_end)?.rfind('"')? + 1;
    let name = before.get(name_start..name_end)?;
    let is_name =
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    (is_name && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_breaks_the_json_is_named() {
        for (text, field) in [
            (r#"{"status":"504","latency":-,"x":1}"#, "latency"),
            (r#"{"status":"403","errorMessage":""Missing Token"","x":1}"#, "errorMessage"),
        ] {
            let pattern = FilterPattern::parse(super::super::DEFAULT_PATTERN).unwrap();
            let blindness = pattern.blindness(text).unwrap();
            let fix = fix(&blindness, text).unwrap();
            assert!(fix.starts_with(&format!("the value of \"{field}\" breaks the line: ")), "{fix}");
        }
    }
}
