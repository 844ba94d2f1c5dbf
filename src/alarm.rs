//! CloudWatch alarms: what an alarm told us, and what an alarm would have told.
//!
//! In comes the event of an alarm change in one of its three wire shapes; out come the change, the decision
//! whether a person should hear of it, and the words to say it with. The second half works without AWS:
//! settings and datapoints in, the transitions that CloudWatch would have made out.
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
mod reason;
pub mod settings;
mod sns_message;
mod watched;
mod wire;
pub mod words;

pub use change::{AlarmChange, AlarmState, ComparisonOperator, TreatMissingData};
pub use evaluation::next_state;
pub use evaluator::{AlarmEvaluator, OutOfOrder, Transition};
pub use memory::{AlarmMemory, Decision, Silence, Telling};
pub use metric::{Ingested, MetricDatapoint, MetricSeries, Statistic, StatisticSet};
pub use notice::AlarmNotice;
pub use notification::{Notification, NotificationError, TopicText, read_notifications};
pub use settings::{AlarmSettings, SettingsError};
