//! The findings on a JSON format whose lines are not always JSON.
//!
//! In: a JSON format and the scenarios. Out: a finding for the format or for each variable that breaks lines.
//! Never more than one finding for a variable at one place.

use super::json_format::JsonFormat;
use super::scenarios::{Scenario, scenarios};
use super::template::{Occurrence, Template};
use super::{Api, Code, Finding, Severity};

pub(super) fn broken_json(
    template: &Template<'_>,
    json: &JsonFormat<'_, '_>,
    api: Api,
    scenarios: &[Scenario],
) -> Vec<Finding> {
    if let Some(offset) = json.broken_at() {
        return vec![Finding {
            severity: Severity::Error,
            code: Code::NotJson,
            offset: Some(offset),
            message: "the format starts like JSON but is not valid JSON, whatever the values are".to_owned(),
            when: Vec::new(),
            shows: String::new(),
            fix: "check the quotes and commas around this byte; --fix writes a new format with the same variables and what messages can show"
                .to_owned(),
        }];
    }
    let breaks = json.breaks(api, scenarios);
    let variables = template.variables.iter().zip(&json.in_string).zip(&breaks);
    variables
        .filter_map(|((variable, in_string), broken)| {
            breaks_json(template, variable, *in_string, broken, api)
        })
        .collect()
}

fn breaks_json(
    template: &Template<'_>,
    variable: &Occurrence<'_>,
    in_string: bool,
    broken: &[Scenario],
    api: Api,
) -> Option<Finding> {
    let shown = broken.iter().find(|scenario| scenario.is_error()).or_else(|| broken.first())?;
    let severity = if broken.iter().any(Scenario::is_error) { Severity::Error } else { Severity::Warning };
    let name = variable.name;
    let (message, fix) = match (name, in_string) {
        ("error.messageString", true) => (
            "$context.error.messageString has quotes of its own, which end the string too early".to_owned(),
            "write $context.error.message between the quotes".to_owned(),
        ),
        ("error.messageString", false) => (
            "$context.error.messageString is a bare - wherever API Gateway has no error of its own"
                .to_owned(),
            "write \"$context.error.message\", in quotes".to_owned(),
        ),
        (_, true) => {
            (format!("the value of $context.{name} breaks the string it stands in"), "remove it".to_owned())
        }
        (_, false) => (
            format!("$context.{name} is not in quotes, and its value is not always a number"),
            format!("write \"$context.{name}\", in quotes"),
        ),
    };
    Some(Finding {
        severity,
        code: Code::BreaksJson,
        offset: Some(variable.place.start),
        message,
        when: if broken.len() == scenarios(api).len() { Vec::new() } else { Scenario::titles(broken) },
        shows: piece(template, variable, &shown.value(name, api)),
        fix,
    })
}

/// The variable's value with the text before it, back to the comma or brace.
fn piece(template: &Template<'_>, variable: &Occurrence<'_>, value: &str) -> String {
    let before = template.format.get(..variable.place.start).unwrap_or_default();
    let start = before.rfind([',', '{', '[']).map_or(0, |at| at + 1);
    let quote =
        template.format.get(variable.place.end..).filter(|after| after.starts_with('"')).map_or("", |_| "\"");
    format!("{}{value}{quote}", before.get(start..).unwrap_or_default().trim_start())
}
