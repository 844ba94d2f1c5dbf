//! Writes metrics as a line of CloudWatch's embedded metric format (EMF).
//!
//! It is written as it stands, without a tree of values: every invocation writes one such line.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Name, unit and value of a metric. Names and units are our own words, without anything to escape.
pub(super) type Metric = (&'static str, &'static str, u64);

const NAMESPACE: &str = "Statuswatch";
/// About as long as the line of a ledger.
const LINE_BYTES: usize = 2_048;

/// The lines of one invocation, each ended by a line break.
pub(super) struct Lines {
    /// As JSON.
    function_name: String,
    now_ms: i64,
    text: String,
}

impl Lines {
    pub(super) fn new(function_name: &str, now_ms: i64) -> Self {
        Self { function_name: json(function_name), now_ms, text: String::with_capacity(LINE_BYTES) }
    }

    /// Adds a line with these metrics of the function, and one rule's name and hits.
    pub(super) fn push(&mut self, metrics: &[Metric], rule_hits: Option<(&str, u64)>) {
        let Self { function_name, text, now_ms } = self;
        // Writing to a string cannot fail.
        let _ = write!(text, r#"{{"level":"INFO","message":"ledger","FunctionName":{function_name}"#);
        let mut directives = String::with_capacity(LINE_BYTES);
        if !metrics.is_empty() {
            push_metrics(text, &mut directives, r#"["FunctionName"]"#, metrics);
        }
        if let Some((rule, hits)) = rule_hits {
            let _ = write!(text, r#","Rule":{}"#, json(&dimension_value(rule)));
            let metrics = [("RuleHits", "Count", hits)];
            push_metrics(text, &mut directives, r#"["FunctionName","Rule"]"#, &metrics);
        }
        let _ = write!(text, r#","_aws":{{"Timestamp":{now_ms},"CloudWatchMetrics":[{directives}]}}}}"#);
        text.push('\n');
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// A rule's name as the value of a dimension, which CloudWatch takes in printable ASCII only.
///
/// A name that is not, or that begins with a colon, keeps its letters and digits of ASCII, with `-` for what stands
/// between them, and gets the first 8 hexadecimal digits of its SHA-256, so that different names stay different:
/// `größer` is `gr-er-45fbf6a6`. A name without any is `rule-` and the digits. So does a name that ends in such digits
/// itself, for it may be what another one becomes.
fn dimension_value(name: &str) -> Cow<'_, str> {
    let is_plain = name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain && !name.starts_with(':') && !name.trim().is_empty() && !ends_in_digits_of_a_hash(name) {
        return Cow::Borrowed(name);
    }
    let mut value = String::with_capacity(name.len() + 9);
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    for part in parts {
        value.push_str(part);
        value.push('-');
    }
    if value.is_empty() {
        value.push_str("rule-");
    }
    for byte in Sha256::digest(name.as_bytes()).iter().take(4) {
        let _ = write!(value, "{byte:02x}");
    }
    Cow::Owned(value)
}

fn ends_in_digits_of_a_hash(name: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.rsplit_once('-').is_some_and(|(_, digits)| digits.len() == 8 && digits.bytes().all(is_digit))
}

/// Adds the metrics' members to a line, and the directive that tells CloudWatch which members they are.
fn push_metrics(line: &mut String, directives: &mut String, dimensions: &str, metrics: &[Metric]) {
    let comma = if directives.is_empty() { "" } else { "," };
    let _ =
        write!(directives, r#"{comma}{{"Namespace":"{NAMESPACE}","Dimensions":[{dimensions}],"Metrics":["#);
    for (number, (name, unit, value)) in metrics.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        push(directives, [comma, r#"{"Name":""#, name, r#"","Unit":""#, unit, r#""}"#]);
        push(line, [r#",""#, name, r#"":"#]);
        match value {
            // Nearly all are.
            0 => line.push('0'),
            _ => {
                let _ = write!(line, "{value}");
            }
        }
    }
    directives.push_str("]}");
}

/// What `write!` does in a tenth of the instructions: each metric of every invocation passes here.
fn push<const N: usize>(text: &mut String, pieces: [&str; N]) {
    for piece in pieces {
        text.push_str(piece);
    }
}

/// Strings always serialize.
fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_name_is_its_own_dimension_value() {
        for name in ["scanner noise", "4xx: (all) / \"quoted\"", "a", " -", "~"] {
            assert_eq!(dimension_value(name), name);
        }
    }

    #[test]
    fn names_in_any_script_keep_dimension_values_of_their_own() {
        // The digits are what `printf %s NAME | sha256sum` begins with.
        for (name, value) in [
            ("größer", "gr-er-45fbf6a6"),
            ("日本", "rule-cf2abf0c"),
            ("本日", "rule-d5508ca5"),
            ("слишком много 404", "404-7b6d0d59"),
            (":colon", "colon-2a457c51"),
            ("::", "rule-71546855"),
            ("\u{a0}", "rule-abfbd10d"),
            ("rule-cf2abf0c", "rule-cf2abf0c-57f86534"),
            ("🚨 pager 🚨 noise", "pager-noise-097f6657"),
        ] {
            assert_eq!(dimension_value(name), value);
        }
    }

    #[test]
    fn the_line_has_the_name_as_cloudwatch_takes_it() {
        let mut lines = Lines::new("f", 1);
        lines.push(&[], Some(("日本", 2)));
        let line: serde_json::Value = serde_json::from_str(&lines.into_text()).unwrap();
        assert_eq!(line["Rule"], *dimension_value("日本"));
        assert_eq!(line["RuleHits"], 2);
    }

    proptest! {
        #[test]
        fn a_dimension_value_is_one_that_cloudwatch_takes(names in prop::collection::hash_set("[ -~äß日本:é\u{202e}]{1,80}", 1..8)) {
            let names: HashSet<String> = names.into_iter().filter(|name| !name.trim().is_empty()).collect();
            // What a name becomes may be another's name.
            let names: HashSet<String> =
                names.iter().flat_map(|name| [name.clone(), dimension_value(name).into_owned()]).collect();
            let values: HashSet<String> = names.iter().map(|name| dimension_value(name).into_owned()).collect();
            prop_assert_eq!(values.len(), names.len());
            for value in values {
                prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{:?}", value);
                prop_assert!(!value.trim().is_empty() && !value.starts_with(':') && value.len() <= 255, "{:?}", value);
            }
        }
    }
}
