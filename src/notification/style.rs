//! What the operator wants messages to say, and what is known beside the digest that is notified.

use crate::console_links::{AlarmLogGroups, LogGroups, Region};
use crate::digest::DEFAULT_SAMPLES;

/// Lines shown in one message where the operator says nothing else.
pub const DEFAULT_MAX_LINES: usize = DEFAULT_SAMPLES;

/// What the operator wants messages to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Lead-in words. Sent as written, markup and mentions too: they are the operator's own.
    /// At most 300 characters; control characters other than line breaks are dropped.
    pub lead_in: Option<String>,
    /// Colour of every section. Where it is `None`, the rules' colours count, then severity.
    pub color: Option<String>,
    /// The most raw lines in one message.
    pub max_lines: usize,
    /// Region of the log groups, for links into the console. No links without it.
    pub region: Option<Region>,
    /// What the notice of an alarm opens in Logs Insights, where neither the alarm itself nor `alarm_log_groups` names a
    /// log group: log groups of `region`.
    pub log_groups: LogGroups,
    /// The log groups of each alarm, of `region`.
    pub alarm_log_groups: AlarmLogGroups,
}

impl Style {
    /// The log groups of an alarm that names none itself: those that the operator gave it, else all that the operator named.
    #[must_use]
    pub fn log_groups_of(&self, alarm: &str) -> Vec<&str> {
        self.alarm_log_groups.of(alarm).unwrap_or(&self.log_groups).names()
    }
}

impl Default for Style {
    fn default() -> Self {
        Self {
            lead_in: None,
            color: None,
            max_lines: DEFAULT_MAX_LINES,
            region: None,
            log_groups: LogGroups::default(),
            alarm_log_groups: AlarmLogGroups::default(),
        }
    }
}

/// What the digest itself does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation<'a> {
    /// Now, in epoch milliseconds: lines older than five minutes are marked as late.
    pub now_ms: i64,
    /// The message's short id: six hexadecimal digits derived from its log events.
    pub id: &'a str,
    /// The storm that the digest is a part of.
    pub storm: Option<Storm>,
}

/// A storm that goes on. Times in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storm {
    /// When it began.
    pub since_ms: i64,
    /// When the last message was posted: all of the digest's lines came since.
    pub last_message_ms: i64,
    /// Seconds to the next message, at the earliest.
    pub spacing_seconds: u64,
}
