//! The lines of the last hour of each log group, for what its filters do not see.
//!
//! They are looked at page by page, and none is kept.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use serde::Deserialize;

use crate::access_log::Format;
use crate::aws::{CallError, Session};
use crate::cloudwatch_logs::{CloudWatchLogs, LogsError, Query};
use crate::doctor::{Alarm, Deployment, Fact, Function, Lines, LogGroup, Scan, Unknown, counted, own_filter};
use crate::http::HttpClient;
use crate::words::number;

const HOUR_MS: i64 = 3_600_000;
/// Lines of one log group, and of all, that are looked at.
const MAX_LINES: u64 = 20_000;
const MAX_LINES_OF_ALL: u64 = 100_000;
const CONNECTIONS: usize = 2;

#[derive(Deserialize)]
struct LogEvent {
    message: String,
}

/// Adds to each log group what its lines say. Where it has no filter that could be blind, nothing is fetched.
pub(super) fn read(session: &Arc<Session>, deployment: &mut Deployment, format: Format, now: SystemTime) {
    let logs = CloudWatchLogs::new(Arc::clone(session), now);
    let alarms = deployment.called_by.as_deref().unwrap_or_default();
    let now_ms = deployment.now_ms;
    let mut left = LinesLeft(MAX_LINES_OF_ALL);
    for group in &mut deployment.groups {
        let (metric_filters, held_back) = patterns(group, &deployment.lines, alarms);
        if metric_filters.is_empty() && held_back.is_none() {
            continue;
        }
        let scan = Scan::new(format, &metric_filters, held_back);
        let query = Query { log_group: group.name.clone(), from_ms: now_ms - HOUR_MS, until_ms: now_ms };
        let lines = left.most().and_then(|most| scan_lines(&logs, query, scan, most));
        group.lines = Some(lines.map(|(lines, looked_at)| {
            left.take(looked_at);
            lines
        }));
    }
}

/// The lines of all log groups that may still be looked at.
struct LinesLeft(u64);

impl LinesLeft {
    /// As many of one log group.
    fn most(&self) -> Fact<u64> {
        if self.0 == 0 {
            let all = number(MAX_LINES_OF_ALL);
            return Err(Unknown::Limit(format!("{all} lines of other log groups were looked at already")));
        }
        Ok(MAX_LINES.min(self.0))
    }

    fn take(&mut self, lines: u64) {
        self.0 = self.0.saturating_sub(lines);
    }
}

/// The patterns of the metric filters, of those that an alarm counts by where that is known; and that of the function's own
/// subscription filter where it does not take everything.
fn patterns<'g>(group: &'g LogGroup, lines: &Function, alarms: &[Alarm]) -> (Vec<&'g str>, Option<&'g str>) {
    let filters = group.metric_filters.as_deref().unwrap_or_default();
    let subscriptions = group.filters.as_ref().ok().and_then(Option::as_deref).unwrap_or_default();
    let own = own_filter(subscriptions, lines).map(|filter| filter.pattern.as_str());
    (
        counted(filters, alarms).into_iter().map(|filter| filter.pattern.as_str()).collect(),
        own.filter(|pattern| !pattern.trim().is_empty()),
    )
}

/// What the lines say, and how many were looked at.
fn scan_lines(logs: &CloudWatchLogs, query: Query, mut scan: Scan, most: u64) -> Fact<(Lines, u64)> {
    let http = HttpClient::keeping(CONNECTIONS).map_err(|error| Unknown::Failed(error.to_string()))?;
    let mut looked_at = 0;
    let mut is_cut = false;
    let mut lines = Vec::new();
    'pages: for page in logs.fetch(http, query, 1, Arc::new(AtomicBool::new(false))) {
        let mut page = match page {
            Ok(page) => page,
            Err(LogsError::Call(CallError::Denied(permission))) => return Err(Unknown::Denied(permission)),
            Err(error) => return Err(Unknown::Failed(error.to_string())),
        };
        lines.clear();
        page.read_to_end(&mut lines).map_err(|error| Unknown::Failed(error.to_string()))?;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if looked_at >= most {
                is_cut = true;
                break 'pages;
            }
            looked_at += 1;
            if let Ok(event) = serde_json::from_slice::<LogEvent>(line) {
                scan.line(&event.message);
            }
        }
    }
    let (metric_filter, subscription_filter) = scan.finish();
    Ok((Lines { metric_filter, subscription_filter, is_cut }, looked_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_group_that_is_left_no_room_is_not_looked_at() {
        let mut left = LinesLeft(MAX_LINES_OF_ALL);
        for _ in 0..5 {
            assert_eq!(left.most(), Ok(MAX_LINES));
            left.take(MAX_LINES - 1);
        }
        assert_eq!(left.most(), Ok(5));
        left.take(5);
        let text = "100,000 lines of other log groups were looked at already";
        assert_eq!(left.most(), Err(Unknown::Limit(text.to_owned())));
    }
}
