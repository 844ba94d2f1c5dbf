//! What became of every line of one invocation.
//!
//! It is the function's answer, and as one line of CloudWatch's Embedded Metric Format (EMF) its metrics. What comes from
//! Kinesis or a queue is answered with the records that are to come again instead.
//! It never holds a line's text.

mod emf;

use serde::Serialize;

use crate::rules::{Action, Rules};

/// The one list of counters: makes the ledger, its sum, and the metric of each counter.
macro_rules! counters {
    ($($(#[$doc:meta])+ $name:ident: $metric:literal,)+) => {
        /// The ledger of one invocation. It [balances](Ledger::balances) after every one: tests and a debug assertion hold
        /// it to that, and for what is deployed `statuswatch doctor` adds up its metrics.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
        pub struct Ledger {
            $($(#[$doc])+ pub $name: u64,)+
        }

        impl Ledger {
            /// Adds another ledger, as for several deliveries of one recording.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }

            /// The name of each counter as a metric, and its value.
            fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$(($metric, self.$name)),+].into_iter()
            }
        }
    };
}

counters! {
    /// Log events of data messages.
    received: "Received",
    /// Lines with a status below 400.
    ok: "Ok",
    /// Lines that a rule ignores or only counts, and lines of the function's own log group.
    ignored: "Ignored",
    /// Lines without a status that we could read.
    unreadable: "Unreadable",
    /// Lines that were notified or deferred before.
    duplicate: "Duplicate",
    /// Lines to be notified.
    matched: "Matched",
    /// Lines whose text is in a posted message.
    shown: "Shown",
    /// Lines that are only in a count of a posted message.
    counted: "Counted",
    /// Lines that are deferred: all that the process holds after this invocation; where a store keeps them, those that
    /// this invocation put there.
    pending: "Pending",
    /// Lines given back to Lambda as an error.
    failed: "Failed",
    /// Messages that Slack accepted. From here on only `released` and `copied` are in the balance.
    posted: "Posted",
    /// Lines recovered from broken JSON.
    salvaged: "Salvaged",
    /// Kinesis records, queue messages and alarm notifications that could not be decoded. A subscription filter's own
    /// push is none of them: its invocation fails.
    undecodable: "Undecodable",
    /// Posts whose answer was lost after they were sent, so that Slack may show them.
    ambiguous: "Ambiguous",
    /// Alarm changes that were notified.
    alarms: "Alarms",
    /// Alarm notifications and batches of which nobody is to hear.
    silent: "Silent",
    /// Lines that other invocations deferred, taken out of the store and notified by this one.
    released: "Released",
    /// Calls of the store that failed.
    store_errors: "StoreErrors",
    /// Posts that Slack refused for good: the webhook, its channel or the message has to change.
    refused: "Refused",
    /// Posts given up because Slack did not answer or was not available. What they had comes again.
    unavailable: "Unavailable",
    /// Copies of matched lines for a further destination of their rule, each of which is shown, counted, pending or failed
    /// as a line is.
    copied: "Copied",
}

/// What goes out as metrics besides the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measures {
    /// Matched lines with a status of 400 to 499.
    pub client_errors: u64,
    /// Matched lines with a status of 500 to 599.
    pub server_errors: u64,
    /// Slack's answers of 429.
    pub rate_limited: u64,
    /// From the oldest line's timestamp to Slack's acceptance, milliseconds; `None` where nothing was accepted.
    pub delivery_lag_ms: Option<u64>,
    /// Lines that each rule took, by its position.
    pub rule_hits: Vec<u64>,
}

impl Measures {
    /// Adds those of another event of the same invocation.
    pub(crate) fn add(&mut self, other: &Self) {
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.rate_limited += other.rate_limited;
        self.delivery_lag_ms = self.delivery_lag_ms.max(other.delivery_lag_ms);
        if self.rule_hits.len() < other.rule_hits.len() {
            self.rule_hits.resize(other.rule_hits.len(), 0);
        }
        self.rule_hits.iter_mut().zip(&other.rule_hits).for_each(|(sum, hits)| *sum += hits);
    }
}

impl Ledger {
    /// Whether every line is accounted for, given what was pending before.
    #[must_use]
    pub fn balances(&self, pending_before: u64) -> bool {
        let read = self.ok + self.ignored + self.unreadable + self.duplicate + self.matched;
        let accounted = self.shown + self.counted + self.failed + self.pending;
        self.received == read && self.matched + self.copied + pending_before == accounted
    }

    /// The metrics of the invocation as EMF: JSON objects without line breaks, each ended by one.
    ///
    /// The first line has the ledger, and `RuleHits` of the first `count` rule that took a line. A line has room
    /// for one value of the dimension `Rule`, so that each further such rule has a line of its own.
    ///
    /// Source: CloudWatch user guide, "Embedded metric format specification". The member `level` keeps the line
    /// from Lambda's log level filter.
    #[must_use]
    pub fn emf(&self, measures: &Measures, rules: &Rules, function_name: &str, now_ms: i64) -> String {
        let mut hits = rules.iter().filter_map(|(index, rule)| {
            let hits = *measures.rule_hits.get(index.position())?;
            (rule.action() == Action::Count && hits > 0).then_some((rule.name(), hits))
        });
        let mut lines = emf::Lines::new(function_name, now_ms);
        lines.push(&self.metrics(measures), hits.next());
        for hits in hits {
            lines.push(&[], Some(hits));
        }
        lines.into_text()
    }

    fn metrics(&self, measures: &Measures) -> Vec<emf::Metric> {
        let besides = [
            ("ClientErrors", measures.client_errors),
            ("ServerErrors", measures.server_errors),
            ("RateLimited", measures.rate_limited),
        ];
        let counts = self.counters().chain(besides);
        let counts = counts.map(|(name, value)| (name, "Count", value));
        counts.chain(measures.delivery_lag_ms.map(|lag| ("DeliveryLag", "Milliseconds", lag))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_answer_has_the_names_and_the_order_of_the_contract() {
        let ledger = Ledger { received: 3, matched: 2, ok: 1, shown: 2, posted: 1, ..Ledger::default() };
        let answer = serde_json::to_string(&ledger).unwrap();
        assert_eq!(
            answer,
            r#"{"received":3,"ok":1,"ignored":0,"unreadable":0,"duplicate":0,"matched":2,"shown":2,"counted":0,"pending":0,"failed":0,"posted":1,"salvaged":0,"undecodable":0,"ambiguous":0,"alarms":0,"silent":0,"released":0,"store_errors":0,"refused":0,"unavailable":0,"copied":0}"#
        );
        assert!(ledger.balances(0));
        assert!(!ledger.balances(1));
        assert!(!Ledger { shown: 1, ..ledger }.balances(0));
        assert!(!Ledger { received: 4, ..ledger }.balances(0));
    }

    #[test]
    fn every_counter_is_a_metric_of_its_name() {
        let answer = serde_json::to_value(Ledger::default()).unwrap();
        let pascal_case = |name: &String| {
            let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
            words.collect::<String>()
        };
        let mut expected: Vec<String> = answer.as_object().unwrap().keys().map(pascal_case).collect();
        expected.sort_unstable();
        let mut metrics: Vec<&str> = Ledger::default().counters().map(|(name, _)| name).collect();
        metrics.sort_unstable();
        assert_eq!(metrics, expected);
    }

    #[test]
    fn the_metrics_that_directives_name_are_the_numbers_of_the_line() {
        let rules = r#"{"rules":[{"name":"a","status":"403","action":"count"},{"name":"b","status":"404","action":"count"},
            {"name":"c","status":"405","action":"ignore"},{"name":"d","status":"4xx","action":"notify"}]}"#;
        let rules = Rules::parse(rules).unwrap();
        let measures =
            Measures { rule_hits: vec![2, 5, 7], delivery_lag_ms: Some(1234), ..Measures::default() };
        let text =
            Ledger { received: 9, ..Ledger::default() }.emf(&measures, &rules, "wa\"tch", 1_600_000_000_000);
        assert!(text.ends_with('\n'));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        for line in &lines {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["level"], "INFO");
            assert_eq!(line["_aws"]["Timestamp"], 1_600_000_000_000_i64);
            let metrics = line.as_object().unwrap().values().filter(|value| value.is_u64()).count();
            let named = line["_aws"]["CloudWatchMetrics"].as_array().unwrap().iter();
            assert_eq!(metrics, named.map(|d| d["Metrics"].as_array().unwrap().len()).sum::<usize>());
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
                assert_eq!(directive["Namespace"], "Statuswatch");
                for metric in directive["Metrics"].as_array().unwrap() {
                    assert!(line[metric["Name"].as_str().unwrap()].is_u64(), "{metric}");
                }
                for dimension in directive["Dimensions"][0].as_array().unwrap() {
                    assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
                }
            }
        }
        assert!(
            lines[0].contains(r#""Rule":"a","RuleHits":2"#) && lines[0].contains(r#""DeliveryLag":1234"#)
        );
        assert!(lines[1].contains(r#""Rule":"b","RuleHits":5"#) && !lines[1].contains("Received"));
    }
}
