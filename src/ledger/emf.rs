//! The text of EMF lines: metrics in, JSON out.
//!
//! It is written as it stands, without a tree of values: every invocation writes one such line.

use std::fmt::Write as _;

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
        let mut directives = String::new();
        if !metrics.is_empty() {
            push_metrics(text, &mut directives, r#"["FunctionName"]"#, metrics);
        }
        if let Some((rule, hits)) = rule_hits {
            // CloudWatch takes only ASCII in the value of a dimension.
            let rule: String = rule.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
            let _ = write!(text, r#","Rule":{}"#, json(&rule));
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

/// Adds the metrics' members to a line, and the directive that tells CloudWatch which members they are.
fn push_metrics(line: &mut String, directives: &mut String, dimensions: &str, metrics: &[Metric]) {
    let comma = if directives.is_empty() { "" } else { "," };
    let _ =
        write!(directives, r#"{comma}{{"Namespace":"{NAMESPACE}","Dimensions":[{dimensions}],"Metrics":["#);
    for (number, (name, unit, value)) in metrics.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(directives, r#"{comma}{{"Name":"{name}","Unit":"{unit}"}}"#);
        let _ = write!(line, r#","{name}":{value}"#);
    }
    directives.push_str("]}");
}

/// Strings always serialize.
fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
