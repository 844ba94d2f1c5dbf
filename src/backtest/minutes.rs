//! Errors and messages in, counted by the minute; bounded, for the report's chart.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::MINUTE_MS;

/// Two years of minutes that all have errors.
const MAX_MINUTES: usize = 1 << 20;

/// One minute that has errors or messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Minute {
    /// Where it begins, epoch milliseconds.
    pub start_ms: i64,
    /// 4xx.
    pub client_errors: u32,
    /// 5xx.
    pub server_errors: u32,
    /// Messages to Slack.
    pub messages: u32,
}

#[derive(Debug, Default)]
pub(super) struct Minutes {
    minutes: BTreeMap<i64, Minute>,
}

impl Minutes {
    pub(super) fn error(&mut self, at_ms: i64, is_server_error: bool) {
        if let Some(minute) = self.minute(at_ms) {
            let count = if is_server_error { &mut minute.server_errors } else { &mut minute.client_errors };
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn messages(&mut self, at_ms: i64, messages: u32) {
        if let Some(minute) = self.minute(at_ms) {
            minute.messages = minute.messages.saturating_add(messages);
        }
    }

    pub(super) fn finish(self) -> Vec<Minute> {
        self.minutes.into_iter().map(|(start_ms, minute)| Minute { start_ms, ..minute }).collect()
    }

    fn minute(&mut self, at_ms: i64) -> Option<&mut Minute> {
        let start_ms = at_ms - at_ms.rem_euclid(MINUTE_MS);
        if self.minutes.len() >= MAX_MINUTES && !self.minutes.contains_key(&start_ms) {
            return None;
        }
        Some(self.minutes.entry(start_ms).or_default())
    }
}
