//! What one alarm change says, whichever way it came.
//!
//! Types only. A field that the notification lacks is absent here too; nothing is filled in by guessing.

use std::fmt;
use std::hash::Hash;

/// One change of an alarm's state, as CloudWatch notified it.
///
/// All texts are strangers': whoever may write alarms, or publish to the topic, wrote them.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmChange {
    /// The alarm's name; unique within an account and Region.
    pub name: String,
    /// The alarm's ARN; old SNS messages have none.
    pub arn: Option<String>,
    /// The Region's code, such as `ap-northeast-1`: from the ARN, never SNS's human name ("Asia Pacific (Tokyo)").
    /// It has the form of a Region code, so that it may stand in a host name.
    pub region: Option<String>,
    /// The account's number.
    pub account: Option<String>,
    /// The alarm's description, where there is one.
    pub description: Option<String>,
    /// Set where one of the alarm's time series changed, not the alarm.
    pub contributor: Option<Contributor>,
    /// How many of the alarm's time series are in ALARM, where the alarm has several and its reason tells.
    pub time_series: Option<TimeSeries>,
    /// The state that the alarm or the contributor changed to.
    pub state: AlarmState,
    /// When it changed, epoch milliseconds.
    pub changed_at_ms: i64,
    /// The state before, where it is given.
    pub previous: Option<PreviousState>,
    /// What the alarm looks at.
    pub watched: Watched,
    /// When the alarm is to go off, as far as the notification tells.
    pub condition: Condition,
    /// CloudWatch's own sentence about the change, or whatever was passed to `SetAlarmState`.
    pub reason: String,
    /// The datapoints that decided, newest first; none where they were missing or are not given.
    pub datapoints: Vec<Datapoint>,
    /// Set where missing data decided.
    pub missing_data: Option<MissingData>,
    /// What suppresses the alarm's actions at present (`WaitPeriod`, `ExtensionPeriod`, `Alarm`); composite alarms only.
    pub suppressed_by: Option<String>,
    /// Whether a mute rule was active, so that CloudWatch took no action.
    pub is_muted: bool,
    /// The run of a log alarm's query that decided, where it is given: letters, digits and dashes.
    pub query_execution: Option<String>,
}

/// One time series of an alarm that has several: of a Metrics Insights query with `GROUP BY`, of a log alarm with `by`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contributor {
    /// CloudWatch's id for it; empty where it is not given.
    pub id: String,
    /// What tells it from the others, name and value, in order of name: `Resource`, `/v1/orders`.
    pub attributes: Vec<(String, String)>,
}

/// How many time series of an alarm are in ALARM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSeries {
    /// Those in ALARM.
    pub in_alarm: u32,
    /// Whether there are more: CloudWatch counts to 100.
    pub or_more: bool,
    /// All that the query found, where that is given.
    pub all: Option<u32>,
}

/// An alarm's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlarmState {
    /// Within the threshold.
    Ok,
    /// Outside of the threshold.
    Alarm,
    /// Too little data, or just created.
    InsufficientData,
}

/// The state that an alarm was in before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousState {
    /// Which one.
    pub state: AlarmState,
    /// Since when, epoch milliseconds; SNS does not tell.
    pub since_ms: Option<i64>,
    /// Whether its actions were suppressed or muted, so that nobody was notified of it.
    pub suppressed: bool,
}

/// What an alarm looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Watched {
    /// One metric.
    Metric(Metric),
    /// A metric math expression, or a Metrics Insights query.
    Expression {
        /// The expression itself.
        expression: String,
        /// The name that its author gave it.
        label: Option<String>,
    },
    /// A log alarm's scheduled Logs Insights query.
    LogQuery(LogQuery),
    /// Other alarms.
    Composite {
        /// The rule over them, such as `ALARM(a) OR ALARM(b)`.
        rule: String,
        /// Those that made the alarm change.
        triggering: Vec<TriggeringAlarm>,
    },
    /// The notification does not tell.
    Unknown,
}

/// A metric.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metric {
    /// Its namespace, such as `AWS/ApiGateway`.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its dimensions, name and value, in order of name.
    pub dimensions: Vec<(String, String)>,
    /// The statistic as `PutMetricAlarm` spells it: `Sum`, `Average`, `p99`.
    pub statistic: Option<String>,
    /// Its unit, such as `Percent`.
    pub unit: Option<String>,
}

/// What a log alarm asks, and where. Its `evaluation_periods` and `datapoints_to_alarm` count query results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// The log groups, each a name, or an ARN where it is of another account or Region.
    pub log_groups: Vec<String>,
    /// The query in Logs Insights' language; empty where it is not given.
    pub query: String,
    /// What of its result is compared with the threshold, such as `count(*)`.
    pub aggregation: Option<String>,
}

/// An alarm that made a composite alarm change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggeringAlarm {
    /// Its name, from its ARN.
    pub name: String,
    /// Its state, where that is given and known.
    pub state: Option<AlarmState>,
}

/// When an alarm is to go off. EventBridge and the direct action do not send these settings: what is here
/// for them comes out of the reason.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    /// How value and threshold are compared.
    pub comparison: Option<ComparisonOperator>,
    /// What the value is compared with.
    pub threshold: Option<Threshold>,
    /// Length of a period in seconds.
    pub period_s: Option<u64>,
    /// How many periods are looked at.
    pub evaluation_periods: Option<u32>,
    /// How many of them must breach.
    pub datapoints_to_alarm: Option<u32>,
    /// What a period without data counts as.
    pub treat_missing_data: Option<TreatMissingData>,
}

/// What a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// A number.
    Value(f64),
    /// The band that an anomaly detection model expects; its limits at the newest datapoint, where they are given.
    Band {
        /// The lower limit.
        lower: Option<f64>,
        /// The upper limit.
        upper: Option<f64>,
    },
}

/// One value that an alarm looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// The value.
    pub value: f64,
    /// Where its period begins, epoch milliseconds.
    pub start_ms: Option<i64>,
}

/// That data was missing, and what it was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingData {
    /// How many periods had none.
    pub periods: u32,
    /// What they were taken for.
    pub treated_as: TreatMissingData,
}

/// How an alarm compares a value with its threshold, in `PutMetricAlarm`'s names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComparisonOperator {
    /// `GreaterThanOrEqualToThreshold`.
    GreaterThanOrEqualTo,
    /// `GreaterThanThreshold`.
    GreaterThan,
    /// `LessThanThreshold`.
    LessThan,
    /// `LessThanOrEqualToThreshold`.
    LessThanOrEqualTo,
    /// `LessThanLowerOrGreaterThanUpperThreshold`: anomaly detection only.
    OutsideBand,
    /// `LessThanLowerThreshold`: anomaly detection only.
    BelowBand,
    /// `GreaterThanUpperThreshold`: anomaly detection only.
    AboveBand,
}

/// What a period without data counts as, in `PutMetricAlarm`'s names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TreatMissingData {
    /// `missing`: not considered; a whole evaluation range without data is `INSUFFICIENT_DATA`.
    #[default]
    Missing,
    /// `ignore`: the alarm keeps its state.
    Ignore,
    /// `breaching`.
    Breaching,
    /// `notBreaching`.
    NotBreaching,
}

impl Contributor {
    /// What tells it from every other contributor of its alarm: its id, or its attributes where it has none.
    pub(crate) fn identity(&self) -> impl Hash + '_ {
        let attributes = if self.id.is_empty() { self.attributes.as_slice() } else { &[] };
        (&self.id, attributes)
    }
}

impl AlarmState {
    /// The state of this name on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "OK" => Some(Self::Ok),
            "ALARM" => Some(Self::Alarm),
            "INSUFFICIENT_DATA" => Some(Self::InsufficientData),
            _ => None,
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ComparisonOperator {
    /// Every operator with its name in the API.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("GreaterThanOrEqualToThreshold", Self::GreaterThanOrEqualTo),
        ("GreaterThanThreshold", Self::GreaterThan),
        ("LessThanThreshold", Self::LessThan),
        ("LessThanOrEqualToThreshold", Self::LessThanOrEqualTo),
        ("LessThanLowerOrGreaterThanUpperThreshold", Self::OutsideBand),
        ("LessThanLowerThreshold", Self::BelowBand),
        ("GreaterThanUpperThreshold", Self::AboveBand),
    ];

    /// The operator of this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(n, _)| *n == name).map(|(_, operator)| operator)
    }

    /// Whether `value` breaches `threshold`; `None` for the operators that compare with a band.
    #[must_use]
    pub fn breaches(self, value: f64, threshold: f64) -> Option<bool> {
        match self {
            Self::GreaterThanOrEqualTo => Some(value >= threshold),
            Self::GreaterThan => Some(value > threshold),
            Self::LessThan => Some(value < threshold),
            Self::LessThanOrEqualTo => Some(value <= threshold),
            Self::OutsideBand | Self::BelowBand | Self::AboveBand => None,
        }
    }
}

impl TreatMissingData {
    /// Every treatment with its name in the API.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("missing", Self::Missing),
        ("ignore", Self::Ignore),
        ("breaching", Self::Breaching),
        ("notBreaching", Self::NotBreaching),
    ];

    /// The treatment of this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(n, _)| *n == name).map(|(_, treatment)| treatment)
    }
}
