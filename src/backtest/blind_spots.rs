//! The error lines that the metric filter does not match, and why.

use std::collections::HashMap;

use super::figures::{BlindReason, BlindSpots};
use super::fitting::{Fitting, Shape};
use super::line::{Kind, Line};
use crate::access_log::redact::{Redacted, Redaction};
use crate::filter_pattern::{AskedStatuses, Blindness, FilterPattern, LooksAt};
use crate::words::{count, number};

/// Reasons that are told apart; what else there is counts under the last one.
const MAX_REASONS: usize = 32;
/// Characters of an example.
const MAX_EXAMPLE_CHARS: usize = 400;

pub(super) struct BlindSpotRun<'s> {
    pattern: &'s FilterPattern,
    /// `None` where the pattern has no condition on a status: then any error may be meant.
    asked: Option<AskedStatuses>,
    redaction: &'s Redaction,
    sources: Vec<String>,
    lines: u64,
    seen: u64,
    reasons: HashMap<(&'static str, String), Found>,
    not_asked_for: u64,
    false_hits: u64,
}

/// Lines that are not seen for one reason.
struct Found {
    reason: BlindReason,
    /// Where the pattern is for other lines: those that are for these.
    fitting: Option<Fitting>,
    /// Whether it is a blind spot only if the pattern matches no error line at all: a text may be meant for some.
    is_doubtful: bool,
}

/// Why a line is not seen.
struct Reason {
    label: &'static str,
    found: String,
    /// What to change, where no pattern is found that matches the line.
    fix: String,
    is_for_other_lines: bool,
    is_doubtful: bool,
}

impl<'s> BlindSpotRun<'s> {
    pub(super) fn new(pattern: &'s FilterPattern, redaction: &'s Redaction, sources: Vec<String>) -> Self {
        Self {
            pattern,
            asked: pattern.asked_statuses(),
            redaction,
            sources,
            lines: 0,
            seen: 0,
            reasons: HashMap::new(),
            not_asked_for: 0,
            false_hits: 0,
        }
    }

    pub(super) fn line(&mut self, line: &Line) {
        match line.kind {
            Kind::Ok if line.is_matched => self.false_hits += line.lines,
            Kind::Error(status) if !line.is_matched => self.blind(line, status.code()),
            Kind::Error(_) => self.seen += 1,
            Kind::Ok | Kind::Unreadable => {}
        }
    }

    fn blind(&mut self, line: &Line, status: u16) {
        let Some(blindness) = self.pattern.blindness(line.text()) else { return };
        let is_asked_for = self.asked.as_ref().is_none_or(|asked| asked.contains(status));
        let reason = self.reason(&blindness, line.text(), status).filter(|_| is_asked_for);
        let Some(Reason { label, found, fix, is_for_other_lines, is_doubtful }) = reason else {
            self.not_asked_for += 1;
            return;
        };
        let mut key = (label, if is_for_other_lines { found.clone() } else { fix.clone() });
        let is_too_many = self.reasons.len() >= MAX_REASONS && !self.reasons.contains_key(&key);
        if is_too_many {
            key = ("other reasons", "look at these lines with `statuswatch match`".to_owned());
        }
        let (sources, redaction) = (&self.sources, self.redaction);
        let fix = if is_too_many { key.1.clone() } else { fix };
        let label = key.0;
        let entry = self.reasons.entry(key).or_insert_with(|| Found {
            reason: BlindReason {
                reason: label,
                found,
                lines: 0,
                fix,
                source: sources.get(line.source).cloned().unwrap_or_default(),
                line: line.number,
                example: shown(redaction.line(line.text())),
            },
            fitting: (is_for_other_lines && !is_too_many).then(Fitting::default),
            is_doubtful,
        });
        entry.reason.lines += 1;
        if let Some(fitting) = &mut entry.fitting {
            let all = AskedStatuses::all();
            fitting.line(line.text(), status, self.asked.as_ref().unwrap_or(&all));
        }
    }

    /// Why the line is not seen; `None` where the pattern rightly does not match it.
    fn reason(&self, blindness: &Blindness, text: &str, status: u16) -> Option<Reason> {
        let of = |label, found, is_doubtful| {
            let fix = "give the status a place of its own in the format: `statuswatch lint-format` tells how";
            Some(Reason { label, found, fix: fix.to_owned(), is_for_other_lines: true, is_doubtful })
        };
        let shape = Shape::of(text, status);
        let has_field = |field: &str| self.asked.as_ref().is_some_and(|asked| asked.is_field(field));
        match (self.pattern.looks_at(), blindness) {
            (LooksAt::Json, Blindness::NotJson { .. }) if shape != Shape::Json => {
                of("not JSON", format!("the line is {}, and the pattern asks for JSON", shape.words()), false)
            }
            (LooksAt::Fields, _) if shape == Shape::Json => {
                of("JSON", "the line is JSON, and the pattern names fields between spaces".to_owned(), false)
            }
            (LooksAt::Fields, Blindness::FieldCount { .. }) => {
                of(blindness.label(), blindness.describe(), false)
            }
            (LooksAt::Fields, Blindness::ValueDiffers { field }) if has_field(field) => of(
                "wrong field",
                format!("the field that the pattern calls {field} does not hold the line's status"),
                false,
            ),
            (LooksAt::Text, _) => {
                of("other text", "no error line has the text that the pattern asks for".to_owned(), true)
            }
            _ => {
                let mut fix = fix(blindness, text)?;
                if let Some(asked) = &self.asked {
                    fix = fix.replace(&AskedStatuses::all().regex(), &asked.regex());
                }
                let found = blindness.describe();
                let label = blindness.label();
                Some(Reason { label, found, fix, is_for_other_lines: false, is_doubtful: false })
            }
        }
    }

    pub(super) fn finish(mut self) -> BlindSpots {
        let mut reasons = Vec::new();
        for Found { mut reason, fitting, is_doubtful } in self.reasons.into_values() {
            if is_doubtful && self.seen > 0 {
                self.not_asked_for += reason.lines;
                continue;
            }
            self.lines += reason.lines;
            if let Some((pattern, lines)) = fitting.as_ref().and_then(Fitting::best) {
                reason.fix = format!("use {pattern}, which matches {}", of_lines(lines, reason.lines));
            }
            reasons.push(reason);
        }
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

fn of_lines(some: u64, all: u64) -> String {
    match (some, all) {
        (_, 1) => "it".to_owned(),
        _ if some == all => "all of them".to_owned(),
        _ => format!("{} of {}", number(some), count(all, "line")),
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
    use std::sync::Arc;

    use super::super::line::ErrorLine;
    use super::*;
    use crate::access_log::{self, Format, Reading};

    fn run(pattern: &str, lines: &[&str]) -> BlindSpots {
        let pattern = FilterPattern::parse(pattern).unwrap();
        let redaction = Redaction::default();
        let mut run = BlindSpotRun::new(&pattern, &redaction, vec!["recorded".to_owned()]);
        for (number, text) in (1..).zip(lines) {
            let (Reading::AccessLog(log) | Reading::Salvaged(log)) = access_log::read(text, Format::Auto)
            else {
                panic!("{text}")
            };
            let error = ErrorLine {
                id: number.to_string(),
                text: (*text).to_owned(),
                recognised: None,
                extracted_fields: Vec::new(),
            };
            run.line(&Line {
                at_ms: 0,
                source: 0,
                number,
                lines: 1,
                number_step: 0,
                kind: Kind::of(log.status),
                is_salvaged: false,
                is_matched: pattern.matches(text),
                names: Arc::default(),
                error: Some(Box::new(error)),
            });
        }
        run.finish()
    }

    const CLF: [&str; 3] = [
        r#"192.0.2.1 - eve [01/Oct/2026:00:00:00 +0000] "GET /a HTTP/1.1" 503 12"#,
        r#"192.0.2.2 - - [01/Oct/2026:00:00:01 +0000] "GET /b HTTP/1.1" 504 7"#,
        r#"192.0.2.2 - - [01/Oct/2026:00:00:02 +0000] "GET /b HTTP/1.1" 500 512"#,
    ];
    const JSON: [&str; 2] = [
        r#"{"requestId":"1","httpMethod":"GET","resourcePath":"/a","status":"503"}"#,
        r#"{"requestId":"2","httpMethod":"GET","resourcePath":"/a","status":"404"}"#,
    ];

    #[test]
    fn a_pattern_for_other_lines_is_named_with_one_that_matches_these() {
        let by_place = "[w1, w2, w3, w4, w5, status = 5*, ...]";
        for (pattern, lines, label, found, fix) in [
            ("{ ($.status = 5*) }", &CLF[..], "not JSON", "the line is CLF", by_place),
            ("{ $.status >= 500 }", &CLF, "not JSON", "the line is CLF", by_place),
            ("[ip, user, time, request, status = 5*, ...]", &CLF, "wrong field", "calls status", by_place),
            ("[..., status = 5*, size, agent]", &CLF, "wrong field", "calls status", by_place),
            ("[ip, user, time, status = 5*]", &CLF, "number of fields", "has 7 fields", by_place),
            (
                "ERROR",
                &CLF,
                "other text",
                "no error line has the text",
                "[w1, w2, w3, w4, w5, status = 4* || status = 5*, ...]",
            ),
            (
                "[ip, ..., status = 4* || status = 5*]",
                &JSON,
                "JSON",
                "the line is JSON",
                "{ $.status = 4* || $.status = 5* }",
            ),
            ("%ERROR%", &JSON, "other text", "no error line", "{ $.status = 4* || $.status = 5* }"),
        ] {
            let spots = run(pattern, lines);
            let [reason] = spots.reasons.as_slice() else { panic!("{pattern}: {:?}", spots.reasons) };
            assert_eq!((reason.reason, reason.lines), (label, lines.len() as u64), "{pattern}");
            assert!(reason.found.contains(found), "{pattern}: {}", reason.found);
            assert_eq!(reason.fix, format!("use {fix}, which matches all of them"), "{pattern}");
            assert_eq!((spots.lines, spots.not_asked_for), (lines.len() as u64, 0), "{pattern}");
            let advised = FilterPattern::parse(fix).unwrap();
            assert!(lines.iter().all(|line| advised.matches(line)), "{fix}");
        }
    }

    #[test]
    fn broken_json_is_matched_as_text_for_the_statuses_that_are_asked_for() {
        let broken = r#"{"requestId":"1","status":"503","latency":-,"resourcePath":"/a"}"#;
        for (pattern, regex) in
            [("{ $.status = 4* || $.status = 5* }", "[45][0-9][0-9]"), ("{ $.status >= 500 }", "5[0-9][0-9]")]
        {
            let spots = run(pattern, &[broken]);
            let fix = &spots.reasons[0].fix;
            assert!(fix.ends_with(&format!(r"%\x22status\x22:\s?\x22?{regex}%")), "{fix}");
            let advised = fix.rsplit_once(": ").unwrap().1;
            assert!(FilterPattern::parse(advised).unwrap().matches(broken), "{advised}");
        }
    }

    #[test]
    fn what_the_pattern_does_not_ask_for_is_no_blind_spot() {
        for (pattern, lines, blind, not_asked_for) in [
            ("{ $.status >= 500 }", &JSON[..], 1, 1),
            ("{ $.status = 5* }", &JSON, 0, 1),
            ("{ $.status = 4* }", &CLF, 0, 3),
            ("[..., status = 503, size]", &CLF, 0, 2),
            (r"%\x22 50[34]%", &CLF, 0, 1),
            ("[ip, w1, user = eve, ..., status = 5*, size]", &CLF, 0, 2),
        ] {
            let spots = run(pattern, lines);
            assert_eq!((spots.lines, spots.not_asked_for), (blind, not_asked_for), "{pattern}");
        }
    }

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
