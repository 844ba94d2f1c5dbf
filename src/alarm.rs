//! CloudWatch alarms: reads their changes, and evaluates one as CloudWatch would.
//!
//! The first half reads a change from any of its three wire shapes, decides whether a person is notified of it, and
//! puts it in words. The second half works without AWS: from settings and datapoints it computes the changes of state
//! that CloudWatch would have made.
//!
//! Nothing here reads a clock, posts, or formats for Slack. Every text that is handed on (names, descriptions,
//! reasons, labels, messages from a topic) is a stranger's and is not escaped here.

pub mod change;
pub mod evaluation;
pub mod evaluator;
mod event_detail;
#[cfg(test)]
pub(crate) mod fixture_tests;
mod log_query;
mod marks;
mod masked;
pub mod memory;
pub mod metric;
pub mod notice;
pub mod notification;
pub mod phrases;
mod reason;
pub mod settings;
mod sns_message;
mod watched;
mod wire;

pub use change::{AlarmChange, AlarmState, ComparisonOperator, TreatMissingData};
pub use evaluation::next_state;
pub use evaluator::{AlarmEvaluator, OutOfOrder, Transition};
pub use memory::{AlarmMemory, NoticeDecision, NoticeKind, Silence};
pub use metric::{Ingested, MetricDatapoint, MetricSeries, Statistic, StatisticSet};
pub use notice::AlarmNotice;
pub use notification::{IncomingNotification, NotificationError, TopicText, read_notifications};
pub use settings::{AlarmSettings, SettingsError};
