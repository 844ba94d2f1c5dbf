//! A JSON format: which variables break the line, and where the status stands.
//!
//! In: a template whose text is meant to be JSON. Out: for each variable the scenarios in which its value breaks the line,
//! or the place where the format is not JSON whatever the values. Never blames a variable for another one's break.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::Api;
use super::scenarios::Scenario;
use super::template::Template;

/// Stands for the status when its place is looked for: no realistic format holds it.
const MARKER: &str = "918273645";

/// A JSON format, with what stands around each variable.
pub(super) struct JsonFormat<'t, 'f> {
    template: &'t Template<'f>,
    /// For each variable whether it stands inside a string.
    pub(super) in_string: Vec<bool>,
}

impl<'t, 'f> JsonFormat<'t, 'f> {
    pub(super) fn new(template: &'t Template<'f>) -> Self {
        let mut in_string = Vec::new();
        let mut open = false;
        let mut escaped = false;
        let mut from = 0;
        for variable in &template.variables {
            let literal = template.format.get(from..variable.place.start).unwrap_or_default();
            for character in literal.chars() {
                open ^= character == '"' && !escaped;
                escaped = character == '\\' && !escaped && open;
            }
            in_string.push(open);
            from = variable.place.end;
        }
        Self { template, in_string }
    }

    /// The line with harmless values, but for those that `value` gives.
    fn fill(&self, value: impl Fn(usize) -> Option<String>) -> String {
        self.template.fill(|index, _| value(index).unwrap_or_else(|| self.harmless(index).to_owned()))
    }

    fn harmless(&self, index: usize) -> &'static str {
        if self.in_string.get(index).copied().unwrap_or_default() { "x" } else { "0" }
    }

    /// The byte of the format at which it is not JSON, whatever the values are.
    pub(super) fn broken_at(&self) -> Option<usize> {
        let line = self.fill(|_| None);
        let error = serde_json::from_str::<IgnoredAny>(&line).err()?;
        let lines: usize =
            line.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let offset = lines + error.column().saturating_sub(1);
        Some(self.template.offset_in_format(offset, |index| self.harmless(index).len()))
    }

    /// For each variable the scenarios in which its value alone breaks the line.
    pub(super) fn breaks(&self, api: Api, scenarios: &[Scenario]) -> Vec<Vec<Scenario>> {
        let breaks = |index: usize, name: &str, scenario: &Scenario| {
            let line = self.fill(|other| (other == index).then(|| scenario.value(name, api)));
            serde_json::from_str::<IgnoredAny>(&line).is_err()
        };
        let variables = self.template.variables.iter().enumerate();
        variables
            .map(|(index, variable)| {
                scenarios.iter().filter(|scenario| breaks(index, variable.name, scenario)).copied().collect()
            })
            .collect()
    }

    /// The selector of the value that is `$context.status` and nothing else: the shallowest.
    pub(super) fn status_selector(&self) -> Option<String> {
        let is_status = |index: usize| {
            self.template.variables.get(index).is_some_and(|variable| variable.name == "status")
        };
        let tree: Value =
            serde_json::from_str(&self.fill(|index| is_status(index).then(|| MARKER.to_owned()))).ok()?;
        let mut level = vec![("$".to_owned(), &tree)];
        while !level.is_empty() {
            let mut below = Vec::new();
            for (path, value) in level {
                match value {
                    Value::Object(members) => {
                        below.extend(
                            members.iter().map(|(name, value)| (format!("{path}{}", step(name)), value)),
                        );
                    }
                    Value::Array(items) => {
                        below.extend(
                            items
                                .iter()
                                .enumerate()
                                .map(|(place, value)| (format!("{path}[{place}]"), value)),
                        );
                    }
                    Value::String(text) if text == MARKER => return Some(path),
                    Value::Number(number) if number.to_string() == MARKER => return Some(path),
                    _ => {}
                }
            }
            level = below;
        }
        None
    }
}

fn step(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.chars().all(is_plain) && !name.is_empty() { format!(".{name}") } else { format!(".['{name}']") }
}

#[cfg(test)]
mod tests {
    use super::super::scenarios::scenarios;
    use super::*;

    /// For each variable that breaks: its name, and the scenarios.
    fn breaks(format: &str) -> Vec<String> {
        let template = Template::parse(format);
        let json = JsonFormat::new(&template);
        let all = scenarios(Api::Rest);
        let broken = json.breaks(Api::Rest, &all);
        let count = |broken: &Vec<Scenario>| format!("{}/{}", broken.len(), all.len());
        template
            .variables
            .iter()
            .zip(&broken)
            .filter(|(_, b)| !b.is_empty())
            .map(|(v, b)| format!("{} {}", v.name, count(b)))
            .collect()
    }

    #[test]
    fn quoted_variables_and_a_bare_status_break_nothing() {
        assert_eq!(
            breaks(
                r#"{"a":"$context.integrationLatency","s":$context.status,"t":$context.requestTimeEpoch}"#
            ),
            [""; 0]
        );
        assert_eq!(breaks(r#"{"u":"$context.identity.userAgent","m":"$context.error.message"}"#), [""; 0]);
    }

    #[test]
    fn a_bare_variable_breaks_where_it_has_no_value() {
        assert_eq!(
            breaks(r#"{"l":$context.integrationLatency,"s":"$context.status"}"#),
            ["integrationLatency 7/12"]
        );
        assert_eq!(breaks(r#"{"ip":$context.identity.sourceIp}"#), ["identity.sourceIp 12/12"]);
    }

    #[test]
    fn the_quoted_message_breaks_on_gateway_errors_and_the_bare_one_on_all_other_lines() {
        assert_eq!(breaks(r#"{"e":"$context.error.messageString"}"#), ["error.messageString 8/12"]);
        assert_eq!(breaks(r#"{"e":$context.error.messageString}"#), ["error.messageString 4/12"]);
    }

    #[test]
    fn each_variable_is_blamed_for_itself_alone() {
        let format =
            r#"{"l":$context.integrationLatency,"ok":"$context.path","e":"$context.error.messageString"}"#;
        assert_eq!(breaks(format), ["integrationLatency 7/12", "error.messageString 8/12"]);
    }

    #[test]
    fn what_is_not_json_is_found_in_the_format() {
        let broken_at = |format: &str| {
            let template = Template::parse(format);
            JsonFormat::new(&template).broken_at()
        };
        assert_eq!(broken_at(r#"{"a":"$context.status"}"#), None);
        assert_eq!(broken_at(r#"{"a":"$context.requestId","stage:$context.stage"}"#), Some(48));
        assert_eq!(broken_at(r#"{"a":"$context.requestId",}"#), Some(26));
        assert_eq!(broken_at(r#"{"a":$context.status"b":1}"#), Some(20));
        assert_eq!(broken_at(r#"{"a":"$context.requestId""#), Some(24));
    }

    #[test]
    fn the_status_is_found_where_it_stands() {
        let selector = |format: &str| {
            let template = Template::parse(format);
            JsonFormat::new(&template).status_selector()
        };
        assert_eq!(selector(r#"{"status":"$context.status"}"#).as_deref(), Some("$.status"));
        assert_eq!(selector(r#"{"a":{"b":[0,$context.status]},"c":1}"#).as_deref(), Some("$.a.b[1]"));
        assert_eq!(selector(r#"{"a":{"s":"$context.status"},"z":$context.status}"#).as_deref(), Some("$.z"));
        assert_eq!(selector(r#"{"http.status":"$context.status"}"#).as_deref(), Some("$.['http.status']"));
        assert_eq!(selector(r#"{"line":"$context.httpMethod $context.status"}"#), None);
        assert_eq!(selector(r#"{"status":"$context.integrationStatus"}"#), None);
    }
}
