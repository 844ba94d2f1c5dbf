//! What is known of a deployed statuswatch, and what could not be found out.
//!
//! These are values alone. There is no secret among them, and no text of a log event.

use std::collections::BTreeMap;

use super::blind_spots::BlindSpots;
use super::policy::Policy;

/// A fact, or why it is not known.
pub type Fact<T> = Result<T, Unknown>;

/// Why a fact is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// The credentials lack this permission.
    Denied(&'static str),
    /// It was not asked for because a limit of ours was reached, in words.
    Limit(String),
    /// Anything else, in words.
    Failed(String),
}

/// One deployment: the function for lines, the one for alarms where there is one, and what they use.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The Region that was asked.
    pub region: String,
    /// The functions' account.
    pub account: String,
    /// The time by this machine's clock, epoch milliseconds.
    pub now_ms: i64,
    /// How far this machine's clock is ahead of AWS's.
    pub clock_ahead_ms: Option<i64>,
    /// The function for lines, or for everything.
    pub lines: Function,
    /// The function for alarms; none where the one for lines gets them, or nobody.
    pub alarms: Fact<Option<Function>>,
    /// The schedules that call the function for lines.
    pub ticks: Fact<Vec<Tick>>,
    /// The log groups that belong to it.
    pub groups: Vec<LogGroup>,
    /// The names of those that are too many to be looked at.
    pub groups_left_out: Vec<String>,
    /// The table of incidents; none with the state in memory, or where the configuration cannot be read.
    pub table: Option<StateTableFacts>,
    /// Where deliveries go that Lambda gives up, and the dead-letter queues of these queues, each once.
    pub failures: Vec<FailureDestination>,
    /// The webhooks and bot tokens, each once.
    pub secrets: Vec<SecretPlace>,
    /// The alarms that call the function or one of its topics, or that its policy lets in.
    pub called_by: Fact<Vec<Alarm>>,
    /// The topics that the function's policy lets in.
    pub topics: Vec<Topic>,
}

/// A Lambda function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its ARN, without a version.
    pub arn: String,
    /// `State` and its reason code.
    pub state: (String, Option<String>),
    /// `LastUpdateStatus` and its reason code.
    pub last_update: (String, Option<String>),
    /// What the function would say of its environment and its rules when it starts.
    pub settings: Fact<Result<Settings, Vec<String>>>,
    /// Its resource policy; none where nobody may call it.
    pub policy: Fact<Option<Policy>>,
    /// Reserved concurrency; none where it shares the account's.
    pub reserved: Fact<Option<u64>>,
    /// How Lambda delivers asynchronous events to it.
    pub invoke: Fact<InvokeSettings>,
    /// What reads a stream or a queue for it.
    pub mappings: Fact<Vec<Mapping>>,
    /// Metrics of the last hour.
    pub measured: Fact<Measured>,
}

/// What of a function's configuration is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether incidents are kept in a table.
    pub has_table: bool,
    /// Seconds between two posts.
    pub spacing_s: u64,
}

/// Lambda's settings for asynchronous events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvokeSettings {
    /// `MaximumEventAgeInSeconds`; Lambda's own is six hours.
    pub max_age_s: Option<u64>,
    /// `MaximumRetryAttempts`; Lambda's own is 2.
    pub retries: Option<u64>,
    /// The ARN of the failure destination or of the dead-letter queue.
    pub on_failure: Option<String>,
}

/// An event source mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// What it reads.
    pub source_arn: String,
    /// `State`, such as `Enabled`.
    pub state: String,
    /// `LastProcessingResult`, such as `OK`, where AWS says one.
    pub last_result: Option<String>,
    /// `MaximumRecordAgeInSeconds`; none where records are tried for as long as the stream keeps them.
    pub max_age_s: Option<u64>,
}

impl Mapping {
    /// Whether it reads a stream of Kinesis, and not a queue.
    #[must_use]
    pub fn is_of_stream(&self) -> bool {
        self.source_arn.contains(":kinesis:")
    }
}

/// Metrics of an hour by name: sums, and of ages the maximum in milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured(pub BTreeMap<String, f64>);

impl Measured {
    /// A metric as a whole number, 0 where there is no data point.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, cut at its limits")]
    pub fn sum(&self, name: &str) -> u64 {
        self.0.get(name).map_or(0, |value| value.round().max(0.0) as u64)
    }

    /// Whether there is a data point of a metric.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// A rule of EventBridge with the function as its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it is enabled.
    pub is_enabled: bool,
}

/// A watched log group.
#[derive(Debug, Clone)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Its subscription filters; none where there is no such log group.
    pub filters: Fact<Option<Vec<SubscriptionFilter>>>,
    /// Its metric filters.
    pub metric_filters: Fact<Vec<MetricFilter>>,
    /// What CloudWatch Logs says that it delivered.
    pub deliveries: Fact<Deliveries>,
    /// What its lines of the last hour say of the filters; none where there is nothing to judge by.
    pub lines: Option<Fact<Lines>>,
}

/// A subscription filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionFilter {
    /// Its name.
    pub name: String,
    /// Its filter pattern; empty for all log events.
    pub pattern: String,
    /// Where it delivers to.
    pub destination_arn: String,
}

/// A metric filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricFilter {
    /// Its name.
    pub name: String,
    /// Its filter pattern.
    pub pattern: String,
    /// Namespace and name of each metric that it publishes to.
    pub metrics: Vec<(String, String)>,
}

/// What CloudWatch Logs measured of a log group and its subscription filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Log events that came in during a day.
    pub incoming_day: u64,
    /// Log events that were delivered during the last hour.
    pub delivered_hour: u64,
    /// The beginning of the last five minutes in which some were delivered, of a day; epoch milliseconds.
    pub last_ms: Option<i64>,
    /// Log events that were not delivered, in the last hour and in a day.
    pub errors: (u64, u64),
    /// Log events whose delivery was throttled in the last hour.
    pub throttled_hour: u64,
}

/// What the lines of the last hour say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// What the metric filters do not see; none without a metric filter.
    pub metric_filter: Option<BlindSpots>,
    /// What the subscription filter holds back though it is an error.
    pub subscription_filter: BlindSpots,
    /// Whether there were more lines than were read.
    pub is_cut: bool,
}

/// The table of incidents.
#[derive(Debug, Clone)]
pub struct StateTableFacts {
    /// Its name or ARN, as it is configured.
    pub name: String,
    /// None where there is no such table.
    pub table: Fact<Option<Table>>,
}

/// What DynamoDB says of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `TableStatus`, such as `ACTIVE`.
    pub status: String,
    /// Whether its keys are `pk` and `sk`, both text.
    pub has_keys: bool,
    /// The attribute by which items expire; none where they do not.
    pub expires_by: Fact<Option<String>>,
}

/// Where deliveries go that Lambda gives up, or that SQS moves on from there.
#[derive(Debug, Clone)]
pub struct FailureDestination {
    /// Its ARN.
    pub arn: String,
    /// The ARN of the queue whose dead-letter queue it is; none for a destination of Lambda's.
    pub moved_from: Option<String>,
    /// What it holds; none where it does not exist.
    pub held: Fact<Option<Held>>,
}

/// What a failure destination holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// So many records, or more.
    Records {
        /// How many were seen.
        count: u64,
        /// Whether there may be more.
        or_more: bool,
    },
    /// It is of a kind that keeps nothing, such as a topic.
    Nothing,
}

/// A webhook or a bot token.
#[derive(Debug, Clone)]
pub struct SecretPlace {
    /// `webhook` or `bot token`.
    pub kind: &'static str,
    /// For which destination.
    pub destination: String,
    /// Where it is: `SSM parameter` and the like with its name, or the function's environment.
    pub place: String,
    /// Whether it is there and usable, or what is wrong with it. `Ok(Ok(false))` is one that does not look like Slack's.
    pub found: Fact<Result<bool, String>>,
}

/// An alarm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Its ARN; empty where the alarm does not exist.
    pub arn: String,
    /// Whether its actions are enabled.
    pub actions_enabled: bool,
    /// What it calls when it goes to ALARM.
    pub alarm_actions: Vec<String>,
    /// What it calls when it goes to OK.
    pub ok_actions: Vec<String>,
    /// Namespace and name of its metric, where it has one.
    pub metric: Option<(String, String)>,
    /// `StateValue`.
    pub state: String,
}

/// A topic.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// Who gets its messages; none where there is no such topic.
    pub subscribers: Fact<Option<Vec<Subscriber>>>,
}

/// Who gets a topic's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Such as `lambda`.
    pub protocol: String,
    /// Such as a function's ARN.
    pub endpoint: String,
    /// Whether it has confirmed its subscription.
    pub is_confirmed: bool,
}
