//! Why a pattern does not see an event: what a metric filter is blind to, and the change that would mend it.
//!
//! In: a pattern and an event that it does not match. Out: one reason, the most telling one.
//! Never holds text of the event's values, only the places in it.

use serde::Serialize;
use serde::de::IgnoredAny;

use super::lookup::Value;

/// The reason why an event does not match a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Blindness {
    /// The pattern asks for JSON, and the event is none.
    NotJson {
        /// The byte at which the event stops being JSON.
        offset: usize,
    },
    /// The event is JSON, but no object.
    NotAnObject,
    /// A value has a type that the condition cannot judge, so that neither `=` nor `!=` matches.
    TypeMismatch {
        /// The selector, as the pattern has it.
        selector: String,
        /// What the condition can judge.
        wanted: Wanted,
        /// What the event has.
        found: JsonType,
        /// The same statuses by conditions that can judge text; empty where the condition is not on a status.
        #[serde(skip)]
        instead: String,
    },
    /// The event has nothing where the selector looks.
    MissingField {
        /// The selector, as the pattern has it.
        selector: String,
        /// The selector of a field of that name elsewhere in the event.
        found_at: Option<String>,
    },
    /// The event has too few fields for a space-delimited pattern, or too many.
    FieldCount {
        /// The number of fields that the pattern names.
        wanted: usize,
        /// The number of fields that the event has.
        found: usize,
    },
    /// The pattern could judge the event, and it does not fit: no blind spot.
    ValueDiffers {
        /// The selector or the field's name; empty for text patterns.
        field: String,
    },
}

/// What a condition can judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// `<`, `<=`, `>` and `>=`.
    Number,
    /// `=` and `!=`.
    TextOrNumber,
    /// `IS TRUE` and `IS FALSE`.
    Boolean,
}

/// The type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are JSON's own")]
pub enum JsonType {
    Text,
    Number,
    Boolean,
    Null,
    Array,
    Object,
}

impl Blindness {
    /// A few words that stay the same for all events of one kind, to count by.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "broken JSON",
            Self::NotAnObject => "JSON, but no object",
            Self::TypeMismatch { wanted: Wanted::Number, found: JsonType::Text, .. } => "number against text",
            Self::TypeMismatch { .. } => "wrong type",
            Self::MissingField { found_at: Some(_), .. } => "nested field",
            Self::MissingField { found_at: None, .. } => "missing field",
            Self::FieldCount { .. } => "number of fields",
            Self::ValueDiffers { .. } => "another value",
        }
    }

    /// What was found, in one sentence without a full stop.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::NotJson { offset } => format!("the line is not JSON (it breaks at byte {offset})"),
            Self::NotAnObject => "the line is JSON, but no object".to_owned(),
            Self::TypeMismatch { selector, wanted, found, .. } => {
                format!("{selector} is {}, and the pattern compares {}", found.words(), wanted.words())
            }
            Self::MissingField { selector, found_at: Some(elsewhere) } => {
                format!("the line has no {selector}; it has {elsewhere}")
            }
            Self::MissingField { selector, found_at: None } => format!("the line has no {selector}"),
            Self::FieldCount { wanted, found } => {
                format!("the line has {found} fields, and the pattern names {wanted}")
            }
            Self::ValueDiffers { field } if field.is_empty() => "the line's text does not fit".to_owned(),
            Self::ValueDiffers { field } => format!("the value of {field} does not fit"),
        }
    }

    /// The change to the pattern or to the access-log format that would let the pattern see the event;
    /// nothing where the pattern rightly does not match.
    #[must_use]
    pub fn fix(&self) -> Option<String> {
        Some(match self {
            Self::NotJson { .. } => "put every $context variable of the format in double quotes, and write \
                 $context.error.message instead of messageString; until then match the text: \
                 %\\x22status\\x22:\\s?\\x22?[45][0-9][0-9]%"
                .to_owned(),
            Self::NotAnObject => "make the format one JSON object, { ... }".to_owned(),
            Self::TypeMismatch { selector, wanted: Wanted::Number, found: JsonType::Text, instead }
                if instead.is_empty() =>
            {
                format!("log {selector} without quotes: <, <=, > and >= see numbers only")
            }
            Self::TypeMismatch { wanted: Wanted::Number, found: JsonType::Text, instead, .. } => {
                format!("write {instead} instead of <, <=, > or >=: it matches text and numbers")
            }
            Self::TypeMismatch { selector, found: JsonType::Boolean, .. } => {
                format!("write {selector} IS TRUE or {selector} IS FALSE")
            }
            Self::TypeMismatch { selector, found: JsonType::Null, .. } => {
                format!("add || ({selector} IS NULL)")
            }
            Self::TypeMismatch { selector, found: JsonType::Array, .. } => {
                format!("write {selector}[0] or {selector}[*]")
            }
            Self::TypeMismatch { selector, found: JsonType::Object, .. } => {
                format!("name the value inside {selector}")
            }
            Self::TypeMismatch { selector, .. } => {
                format!("write {selector} = \"...\" with the text that is logged")
            }
            Self::MissingField { found_at: Some(elsewhere), .. } => {
                format!("select {elsewhere}, or move the field to the top level of the format")
            }
            Self::MissingField { selector, found_at: None } => {
                format!("add the field of {selector} to the format")
            }
            Self::FieldCount { .. } => {
                "use ... for the fields that vary, or an empty field at the end".to_owned()
            }
            Self::ValueDiffers { .. } => return None,
        })
    }

    /// For an event that is not one JSON object.
    pub(super) fn of_unreadable(event: &str) -> Self {
        match serde_json::from_str::<IgnoredAny>(event) {
            Ok(_) => Self::NotAnObject,
            Err(error) => Self::NotJson { offset: offset_of(&error, event) },
        }
    }

    /// For a selector that finds nothing: looks for its last name anywhere in the event.
    pub(super) fn missing(selector: String, key: Option<&str>, event: &str) -> Self {
        let tree = serde_json::from_str(event).unwrap_or_default();
        let found_at = key.and_then(|key| find_key(&tree, key, "$"));
        Self::MissingField { selector, found_at }
    }

    /// The most telling reason first: a value that cannot be judged, then one that is elsewhere, then one that is
    /// nowhere, then one that differs.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::NotJson { .. } | Self::NotAnObject => 0,
            Self::TypeMismatch { .. } => 1,
            Self::MissingField { found_at: Some(_), .. } | Self::FieldCount { .. } => 2,
            Self::MissingField { found_at: None, .. } => 3,
            Self::ValueDiffers { .. } => 4,
        }
    }
}

impl JsonType {
    pub(super) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Text(_) => Self::Text,
            Value::Number(_) => Self::Number,
            Value::Boolean(_) => Self::Boolean,
            Value::Null => Self::Null,
            Value::Array(_) => Self::Array,
            Value::Object => Self::Object,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Null => "null",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

impl Wanted {
    fn words(self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::TextOrNumber => "text and numbers",
            Self::Boolean => "with true or false",
        }
    }
}

/// The byte that `error` points at. Its column counts bytes from 1 after the last line break.
fn offset_of(error: &serde_json::Error, event: &str) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let line: usize = event.split_inclusive('\n').take(lines_before).map(str::len).sum();
    (line + error.column().saturating_sub(1)).min(event.len())
}

/// The selector of a scalar named `key` in `tree`, the shallowest of an object first.
fn find_key(tree: &serde_json::Value, key: &str, path: &str) -> Option<String> {
    let children: Vec<(String, &serde_json::Value)> = match tree {
        serde_json::Value::Object(members) => {
            if members.get(key).is_some_and(|value| !value.is_object() && !value.is_array()) {
                return Some(format!("{path}{}", step(key)));
            }
            members.iter().map(|(name, value)| (step(name), value)).collect()
        }
        serde_json::Value::Array(elements) => {
            elements.iter().enumerate().map(|(place, value)| (format!("[{place}]"), value)).collect()
        }
        _ => return None,
    };
    children.into_iter().find_map(|(step, value)| find_key(value, key, &format!("{path}{step}")))
}

fn step(name: &str) -> String {
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        format!(".{name}")
    } else {
        format!(".['{name}']")
    }
}

#[cfg(test)]
mod tests {
    use super::super::FilterPattern;
    use super::*;

    fn blindness(pattern: &str, event: &str) -> Option<Blindness> {
        FilterPattern::parse(pattern).unwrap().blindness(event)
    }

    const ERRORS: &str = "{ ($.status = 4*) || ($.status = 5*) }";

    #[test]
    fn a_line_that_matches_has_no_reason() {
        assert_eq!(blindness(ERRORS, r#"{"status":"503"}"#), None);
        assert_eq!(blindness("[a, b]", "x y"), None);
        assert_eq!(blindness("ERROR", "an ERROR"), None);
    }

    #[test]
    fn broken_json_is_reported_at_the_byte() {
        let event = r#"{"status":"504","latency":-}"#;
        let reason = blindness(ERRORS, event).unwrap();
        assert_eq!(reason, Blindness::NotJson { offset: event.len() - 1 });
        assert_eq!(reason.label(), "broken JSON");
        assert_eq!(blindness(ERRORS, "{\n\"status\": x}"), Some(Blindness::NotJson { offset: 12 }));
        assert_eq!(blindness(ERRORS, "{"), Some(Blindness::NotJson { offset: 0 }));
        assert_eq!(blindness(ERRORS, "503"), Some(Blindness::NotAnObject));
    }

    #[test]
    fn a_nested_field_is_found_where_it_is() {
        let reason = blindness(ERRORS, r#"{"request":{"id":"1"},"response":[{"status":"503"}]}"#).unwrap();
        assert_eq!(
            reason,
            Blindness::MissingField {
                selector: "$.status".to_owned(),
                found_at: Some("$.response[0].status".to_owned())
            }
        );
        assert_eq!(reason.label(), "nested field");
        let dotted = blindness(ERRORS, r#"{"a.b":{"status":503}}"#).unwrap();
        assert!(dotted.fix().unwrap().contains("$.['a.b'].status"));
    }

    #[test]
    fn a_number_condition_on_text_is_named_so() {
        let reason = blindness("{ $.status >= 400 }", r#"{"status":"503"}"#).unwrap();
        assert_eq!(reason.label(), "number against text");
        for (condition, instead) in [
            ("$.status >= 400", "$.status = 4* || $.status = 5*"),
            ("$.status >= 500", "$.status = 5*"),
            ("$.status < 500", "$.status = 4*"),
        ] {
            let reason = blindness(&format!("{{ {condition} }}"), r#"{"status":"503"}"#).unwrap();
            let fix = reason.fix().unwrap();
            assert!(fix.starts_with(&format!("write {instead} instead of ")), "{condition}: {fix}");
        }
        let latency = blindness("{ $.latency > 400 }", r#"{"latency":"503"}"#).unwrap();
        assert_eq!(latency.fix().unwrap(), "log $.latency without quotes: <, <=, > and >= see numbers only");
    }

    #[test]
    fn every_other_type_is_named() {
        let cases = [
            (r#"{"status":null}"#, JsonType::Null),
            (r#"{"status":true}"#, JsonType::Boolean),
            (r#"{"status":[503]}"#, JsonType::Array),
            (r#"{"status":{"code":503}}"#, JsonType::Object),
        ];
        for (event, found) in cases {
            let selector = "$.status".to_owned();
            let reason = blindness(ERRORS, event);
            let Some(Blindness::TypeMismatch { selector: of, wanted, found: as_type, .. }) = &reason else {
                panic!("{event}: {reason:?}")
            };
            assert_eq!((of, *wanted, *as_type), (&selector, Wanted::TextOrNumber, found), "{event}");
        }
        assert_eq!(blindness("{ $.ok IS TRUE }", r#"{"ok":"true"}"#).unwrap().label(), "wrong type");
    }

    #[test]
    fn a_value_that_was_judged_and_differs_is_no_blind_spot() {
        for (pattern, event) in [
            (ERRORS, r#"{"status":"200"}"#),
            ("{ $.a NOT EXISTS }", r#"{"a":1}"#),
            ("{ $.a IS NULL }", r#"{"a":1}"#),
            ("[a = 4*, b]", "500 x"),
            ("ERROR", "fine"),
            ("%E{3}%", "E"),
        ] {
            let reason = blindness(pattern, event).unwrap();
            assert!(matches!(reason, Blindness::ValueDiffers { .. }), "{pattern}: {reason:?}");
            assert_eq!(reason.fix(), None);
        }
    }

    #[test]
    fn the_most_telling_condition_is_reported() {
        let reason =
            blindness("{ $.kind = x && $.status >= 500 }", r#"{"kind":"y","status":"503"}"#).unwrap();
        assert_eq!(reason.label(), "number against text");
        let reason = blindness("{ $.a = 1 || $.status = 5* }", r#"{"r":{"status":"503"}}"#).unwrap();
        assert_eq!(reason.label(), "nested field");
    }

    #[test]
    fn a_different_number_of_fields_is_counted() {
        assert_eq!(blindness("[a, b, c = 1]", "x y"), Some(Blindness::FieldCount { wanted: 3, found: 2 }));
        assert_eq!(blindness("[a, b = 1]", "x y z"), Some(Blindness::FieldCount { wanted: 2, found: 3 }));
    }

    #[test]
    fn a_reason_is_json_with_a_name() {
        let reason = blindness("{ $.status >= 400 }", r#"{"status":"503"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&reason).unwrap(),
            r#"{"reason":"type_mismatch","selector":"$.status","wanted":"number","found":"text"}"#
        );
        for reason in [
            Blindness::NotJson { offset: 1 },
            Blindness::NotAnObject,
            Blindness::FieldCount { wanted: 1, found: 2 },
            Blindness::ValueDiffers { field: String::new() },
        ] {
            assert!(!reason.describe().is_empty() && !reason.label().is_empty());
        }
    }
}
