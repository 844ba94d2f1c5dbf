//! An alarm's settings from JSON, in AWS's own names.
//!
//! In: the request of `put-metric-alarm`, one alarm of `describe-alarms`, or that command's whole output if it holds
//! one alarm. Out: settings that the evaluation can work with, or an error that says the field, what is wrong and
//! what CloudWatch takes. A field that nobody knows is an error, since a misspelt setting would give wrong figures
//! in silence; so is a setting, or a kind of alarm, that CloudWatch has and this evaluation has not.
//!
//! Limits and allowed values: API reference of `PutMetricAlarm`; "Common features of CloudWatch alarms" in the user
//! guide for the longest evaluation.

use serde_json::{Map, Value};
use thiserror::Error;

use super::change::{ComparisonOperator, TreatMissingData};
use super::metric::Statistic;
use super::wire;
use crate::access_log::StatusClass;

mod aws_metric;
mod fields;
mod kind;

use fields::Fields;

/// How many periods CloudWatch looks back beyond the evaluation periods.
///
/// AWS publishes no formula. Its worked examples have a range of 5 for 3 evaluation periods; an alarm of one period
/// of 15 minutes was measured to recover 46 minutes after its last datapoint, and one of a day is reported to look
/// back three days: both fit two more as well. For periods of one minute there are hints of a longer look back.
pub const EXTRA_PERIODS: usize = 2;

const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 86_400;

/// What an alarm is evaluated by.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmSettings {
    /// `AlarmName`.
    pub name: Option<String>,
    /// `Namespace`.
    pub namespace: Option<String>,
    /// `MetricName`.
    pub metric_name: Option<String>,
    /// `Dimensions`, names and values: CloudWatch looks at the metric with just these.
    pub dimensions: Vec<(String, String)>,
    /// `Unit`: CloudWatch looks at datapoints of this unit only, and a metric filter publishes none unless it is given.
    pub unit: Option<String>,
    /// `Statistic`.
    pub statistic: Statistic,
    /// `Period` in seconds: 10, 20, 30 or a multiple of 60.
    pub period_s: u64,
    /// `EvaluationPeriods`, at least 1.
    pub evaluation_periods: usize,
    /// `DatapointsToAlarm`, at least 1 and at most the evaluation periods.
    pub datapoints_to_alarm: usize,
    /// `ComparisonOperator`, never one of those that compare with a band.
    pub comparison: ComparisonOperator,
    /// `Threshold`.
    pub threshold: f64,
    /// `TreatMissingData`.
    pub treat_missing_data: TreatMissingData,
    /// `ActionsEnabled`: without it the state changes and nobody is notified.
    pub are_actions_enabled: bool,
}

/// Why settings cannot be used. All are for whoever wrote the file to mend.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SettingsError {
    /// Not JSON.
    #[error("the alarm's settings are not JSON: line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("the alarm's settings are not a JSON object; write them as put-metric-alarm takes them")]
    NotAnObject,
    /// The output of `describe-alarms` with no alarm, or several.
    #[error("the settings hold {found} alarms instead of one; keep the one to evaluate")]
    NotOneAlarm {
        /// How many.
        found: usize,
    },
    /// A field that `put-metric-alarm` and `describe-alarms` do not know.
    #[error("unknown field `{field}`; {}", suggest(.suggestion.as_deref(), "it might change the evaluation: take it out if it does not"))]
    UnknownField {
        /// The field.
        field: String,
        /// The field that was probably meant.
        suggestion: Option<String>,
    },
    /// A field without which nothing can be evaluated.
    #[error("`{field}` is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A value of the wrong type.
    #[error("`{field}` must be {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A value that is none of those allowed.
    #[error("`{field}` is `{value}`; it must be one of {allowed}{}", also(.suggestion.as_deref()))]
    UnknownValue {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: String,
        /// The value that was probably meant.
        suggestion: Option<String>,
    },
    /// A period that CloudWatch refuses.
    #[error("`Period` is {period}; CloudWatch takes 10, 20, 30 or a multiple of 60 (seconds)")]
    Period {
        /// The period as it was written.
        period: f64,
    },
    /// More time than CloudWatch evaluates.
    #[error("`EvaluationPeriods` times `Period` is {total_s} s; CloudWatch takes at most {limit_s} s {}", limit_reason(*.limit_s))]
    TooLong {
        /// The product in seconds.
        total_s: u64,
        /// The most that is allowed, in seconds.
        limit_s: u64,
    },
    /// More datapoints to alarm than periods.
    #[error(
        "`DatapointsToAlarm` is {datapoints_to_alarm}, more than `EvaluationPeriods`, which is {evaluation_periods}"
    )]
    MoreDatapointsThanPeriods {
        /// `DatapointsToAlarm`.
        datapoints_to_alarm: usize,
        /// `EvaluationPeriods`.
        evaluation_periods: usize,
    },
    /// An alarm of a kind that CloudWatch has and this evaluation has not.
    #[error("{kind} cannot be evaluated; backtest evaluates an alarm on one metric with a threshold")]
    UnsupportedKind {
        /// Which kind: `a composite alarm`.
        kind: &'static str,
    },
    /// A metric that AWS publishes itself, of which an access log does not tell.
    #[error(
        "an alarm on {metric} cannot be evaluated: AWS publishes that metric, and backtest computes only what a metric \
         filter publishes, and the Sum of API Gateway's 4XXError, 5XXError, 4xx and 5xx"
    )]
    MetricOfAws {
        /// Its namespace and name, and the statistic where that is what cannot be computed.
        metric: String,
    },
    /// A setting that CloudWatch has and this evaluation has not.
    #[error("`{field}` is set: {why}")]
    Unsupported {
        /// The field.
        field: &'static str,
        /// What cannot be evaluated.
        why: &'static str,
    },
}

impl AlarmSettings {
    /// Reads settings from JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, SettingsError> {
        let json: Value = serde_json::from_slice(json)
            .map_err(|error| SettingsError::NotJson { line: error.line(), column: error.column() })?;
        let Value::Object(fields) = json else { return Err(SettingsError::NotAnObject) };
        Self::from_fields(&kind::one_metric(kind::one_alarm(fields)?)?)
    }

    /// The errors that the alarm's metric counts where API Gateway publishes it; `None` for the metric of a filter.
    #[must_use]
    pub fn counts_class(&self) -> Option<StatusClass> {
        aws_metric::class(self.namespace.as_deref()?, self.metric_name.as_deref()?)
    }

    /// How many periods CloudWatch looks at, those of missing data included: the evaluation range.
    #[must_use]
    pub fn evaluation_range(&self) -> usize {
        self.evaluation_periods.saturating_add(EXTRA_PERIODS)
    }

    /// How far apart two evaluations are, in milliseconds: 10 s for a period under a minute, one hour where the
    /// evaluation periods together are longer than a day, otherwise one minute.
    #[must_use]
    pub fn evaluation_interval_ms(&self) -> i64 {
        if self.period_s < 60 {
            10_000
        } else if self.evaluation_periods as u64 * self.period_s > DAY_S {
            3_600_000
        } else {
            60_000
        }
    }

    fn from_fields(fields: &Map<String, Value>) -> Result<Self, SettingsError> {
        let fields = Fields::new(fields)?;
        fields.refuse_unsupported()?;
        let comparison =
            fields.one_of("ComparisonOperator", &comparisons())?.ok_or(missing("ComparisonOperator"))?;
        let period_s = read_period(fields.number("Period")?.ok_or(missing("Period"))?)?;
        let evaluation_periods = fields.count("EvaluationPeriods")?.ok_or(missing("EvaluationPeriods"))?;
        let datapoints_to_alarm = fields.count("DatapointsToAlarm")?.unwrap_or(evaluation_periods);
        if datapoints_to_alarm > evaluation_periods {
            return Err(SettingsError::MoreDatapointsThanPeriods { datapoints_to_alarm, evaluation_periods });
        }
        let limit_s = if period_s < HOUR_S { DAY_S } else { 7 * DAY_S };
        let total_s = period_s.saturating_mul(evaluation_periods as u64);
        if total_s > limit_s {
            return Err(SettingsError::TooLong { total_s, limit_s });
        }
        let (namespace, metric_name) = (fields.text("Namespace")?, fields.text("MetricName")?);
        let statistic = fields.one_of("Statistic", &Statistic::NAMES)?.ok_or(missing("Statistic"))?;
        let dimensions = fields.dimensions()?;
        aws_metric::check(namespace.as_deref(), metric_name.as_deref(), statistic, &dimensions)?;
        Ok(Self {
            name: fields.text("AlarmName")?,
            namespace,
            metric_name,
            dimensions,
            unit: fields.text("Unit")?,
            statistic,
            period_s,
            evaluation_periods,
            datapoints_to_alarm,
            comparison,
            threshold: fields.number("Threshold")?.ok_or(missing("Threshold"))?,
            treat_missing_data: fields
                .one_of("TreatMissingData", &TreatMissingData::NAMES)?
                .unwrap_or(TreatMissingData::Missing),
            are_actions_enabled: fields.flag("ActionsEnabled")?.unwrap_or(true),
        })
    }
}

/// The operators that compare with a number.
fn comparisons() -> Vec<(&'static str, ComparisonOperator)> {
    ComparisonOperator::NAMES
        .into_iter()
        .filter(|(_, operator)| operator.breaches(0.0, 0.0).is_some())
        .collect()
}

fn read_period(period: f64) -> Result<u64, SettingsError> {
    wire::whole(Some(period))
        .filter(|seconds| matches!(seconds, 10 | 20 | 30) || seconds.is_multiple_of(60))
        .ok_or(SettingsError::Period { period })
}

fn missing(field: &'static str) -> SettingsError {
    SettingsError::Missing { field }
}

fn suggest(suggestion: Option<&str>, otherwise: &str) -> String {
    suggestion.map_or_else(|| otherwise.to_owned(), |name| format!("did you mean `{name}`?"))
}

fn also(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn limit_reason(limit_s: u64) -> &'static str {
    if limit_s == DAY_S { "(one day) for a period under one hour" } else { "(seven days)" }
}

#[cfg(test)]
mod tests;
