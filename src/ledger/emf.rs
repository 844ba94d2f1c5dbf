//! The text of EMF lines. It is written as it stands: the small part of it that changes is numbers and two names.

use std::fmt::Write as _;

use super::{Ledger, Measures};

/// The metrics of one unit, each after a comma.
macro_rules! metrics {
    ($unit:literal: $($name:literal)+) => {
        concat!($(r#",{"Name":""#, $name, r#"","Unit":""#, $unit, r#""}"#),+)
    };
}

/// What tells CloudWatch which members are the ledger's metrics, but for those that a line may lack.
const LEDGER_METRICS: &str = concat!(
    r#"{"Dimensions":[["FunctionName"]],"Metrics":[{"Name":"Received","Unit":"Count"}"#,
    metrics!("Count": "Ok" "Ignored" "Unreadable" "Duplicate" "Matched" "Shown" "Counted" "Pending" "Failed"
        "Posted" "Salvaged" "Undecodable" "Ambiguous" "Alarms" "Silent" "ClientErrors" "ServerErrors" "RateLimited"),
);
const DELIVERY_LAG: &str = metrics!("Milliseconds": "DeliveryLag");
const END_OF_DIRECTIVE: &str = r#"],"Namespace":"Statuswatch"}"#;
const RULE_HITS: &str =
    r#"{"Dimensions":[["FunctionName","Rule"]],"Metrics":[{"Name":"RuleHits","Unit":"Count"}"#;

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

    /// Adds a line with all that is given. Its members stand in the order of their names.
    pub(super) fn push(&mut self, ledger: Option<(&Ledger, &Measures)>, rule_hits: Option<(&str, u64)>) {
        self.text.push('{');
        if let Some((ledger, measures)) = ledger {
            self.numbers(&[
                ("Alarms", ledger.alarms),
                ("Ambiguous", ledger.ambiguous),
                ("ClientErrors", measures.client_errors),
                ("Counted", ledger.counted),
            ]);
            if let Some(lag) = measures.delivery_lag_ms {
                self.numbers(&[("DeliveryLag", lag)]);
            }
            self.numbers(&[("Duplicate", ledger.duplicate), ("Failed", ledger.failed)]);
        }
        let Self { function_name, text, .. } = self;
        let _ = write!(text, r#""FunctionName":{function_name},"#);
        if let Some((ledger, measures)) = ledger {
            self.numbers(&[
                ("Ignored", ledger.ignored),
                ("Matched", ledger.matched),
                ("Ok", ledger.ok),
                ("Pending", ledger.pending),
                ("Posted", ledger.posted),
                ("RateLimited", measures.rate_limited),
                ("Received", ledger.received),
            ]);
        }
        if let Some((rule, hits)) = rule_hits {
            // CloudWatch takes only ASCII in the value of a dimension.
            let rule: String = rule.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
            let _ = write!(self.text, r#""Rule":{},"RuleHits":{hits},"#, json(&rule));
        }
        if let Some((ledger, measures)) = ledger {
            self.numbers(&[
                ("Salvaged", ledger.salvaged),
                ("ServerErrors", measures.server_errors),
                ("Shown", ledger.shown),
                ("Silent", ledger.silent),
                ("Undecodable", ledger.undecodable),
                ("Unreadable", ledger.unreadable),
            ]);
        }
        self.directives(ledger.map(|(_, measures)| measures), rule_hits.is_some());
        self.text.push_str("\"level\":\"INFO\",\"message\":\"ledger\"}\n");
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn directives(&mut self, measures: Option<&Measures>, has_rule_hits: bool) {
        self.text.push_str(r#""_aws":{"CloudWatchMetrics":["#);
        if let Some(measures) = measures {
            self.text.push_str(LEDGER_METRICS);
            self.text.push_str(if measures.delivery_lag_ms.is_some() { DELIVERY_LAG } else { "" });
            self.text.push_str(END_OF_DIRECTIVE);
        }
        if has_rule_hits {
            self.text.push_str(if measures.is_some() { "," } else { "" });
            self.text.push_str(RULE_HITS);
            self.text.push_str(END_OF_DIRECTIVE);
        }
        // Writing to a string cannot fail.
        let _ = write!(self.text, r#"],"Timestamp":{}}},"#, self.now_ms);
    }

    fn numbers(&mut self, members: &[(&str, u64)]) {
        for (name, value) in members {
            let _ = write!(self.text, r#""{name}":{value},"#);
        }
    }
}

/// Strings always serialize.
fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
