//! The same digest as one writes it on the first day: `aws_lambda_events`, and a `serde_json::Value` for each line.

use std::collections::HashMap;

use aws_lambda_events::event::cloudwatch_logs::LogsEvent;
use serde_json::Value;
use statuswatch::notification::DEFAULT_MAX_LINES;

#[derive(Default)]
pub(crate) struct Group {
    pub(crate) count: u64,
    pub(crate) lines: Vec<String>,
}

/// Errors by status and route, with some lines of each.
pub(crate) fn digest(event: &[u8]) -> HashMap<(u16, String), Group> {
    let event: LogsEvent = serde_json::from_slice(event).unwrap();
    let mut groups: HashMap<_, Group> = HashMap::new();
    for log_event in event.aws_logs.data.log_events {
        let Ok(line) = serde_json::from_str::<Value>(&log_event.message) else { continue };
        let Some(status) = line["status"].as_str().and_then(|status| status.parse().ok()) else { continue };
        if status < 400 {
            continue;
        }
        let [method, path] = ["httpMethod", "resourcePath"].map(|name| line[name].as_str().unwrap_or("-"));
        let group = groups.entry((status, format!("{method} {path}"))).or_default();
        group.count += 1;
        if group.lines.len() < DEFAULT_MAX_LINES {
            group.lines.push(log_event.message);
        }
    }
    groups
}
