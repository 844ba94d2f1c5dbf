//! A document of rules, an empty line, and an access-log line that they judge.

use statuswatch::access_log::{Format, Reading, read};
use statuswatch::rules::Rules;

use super::in_two;

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (document, line) = in_two(&text, "\n\n");
    let rules = match Rules::parse(document) {
        Ok(rules) => rules,
        Err(error) => {
            assert!(!error.faults().is_empty() && !error.to_string().is_empty(), "refused without a word");
            return;
        }
    };
    assert!(serde_json::from_str::<serde_json::Value>(document).is_ok(), "rules that are no JSON");
    if let Reading::AccessLog(log) | Reading::Salvaged(log) = read(line, Format::Auto) {
        for timestamp_ms in [0, 1_600_000_000_000, i64::MAX] {
            let verdict = rules.judge(&log, "/aws/apigateway/orders", line, timestamp_ms);
            let rule =
                verdict.rule.map(|index| rules.get(index).expect("a verdict names a rule that there is"));
            assert!(rule.is_none_or(|rule| rule.action() == verdict.action));
        }
    }
}
