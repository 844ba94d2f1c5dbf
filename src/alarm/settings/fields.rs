//! The fields of an alarm's settings as JSON has them: which are known, and their values by type.
//!
//! An unknown field, a value of the wrong type or one that is not allowed is an error; null is as good as absent.

use serde_json::{Map, Value};

use super::SettingsError;
use crate::alarm::wire;

/// An object's fields.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Takes the fields, if each is one that AWS knows.
    pub(super) fn new(fields: &'a Map<String, Value>) -> Result<Self, SettingsError> {
        let is_unknown = |field: &str, value: &Value| !value.is_null() && !KNOWN_FIELDS.contains(&field);
        match fields.iter().find(|(field, value)| is_unknown(field, value)) {
            None => Ok(Self(fields)),
            Some((unknown, _)) => Err(SettingsError::UnknownField {
                field: unknown.clone(),
                suggestion: nearest(unknown, KNOWN_FIELDS.iter().copied()),
            }),
        }
    }

    fn get(&self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, field: &'static str) -> Result<Option<String>, SettingsError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(SettingsError::WrongType { field, expected: "a text" }),
        }
    }

    pub(super) fn number(&self, field: &'static str) -> Result<Option<f64>, SettingsError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        value.as_f64().map(Some).ok_or(SettingsError::WrongType { field, expected: "a number" })
    }

    pub(super) fn flag(&self, field: &'static str) -> Result<Option<bool>, SettingsError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        value.as_bool().map(Some).ok_or(SettingsError::WrongType { field, expected: "true or false" })
    }

    /// `Dimensions`, names and values.
    pub(super) fn dimensions(&self) -> Result<Vec<(String, String)>, SettingsError> {
        let Some(value) = self.get("Dimensions") else { return Ok(Vec::new()) };
        let text = |item: &Value, field: &str| Some(item.get(field)?.as_str()?.to_owned());
        let read = |item: &Value| Some((text(item, "Name")?, text(item, "Value")?));
        let dimensions = value.as_array().and_then(|items| items.iter().map(read).collect());
        let expected = "a list of objects with a `Name` and a `Value`";
        dimensions.ok_or(SettingsError::WrongType { field: "Dimensions", expected })
    }

    /// A whole number, at least 1.
    pub(super) fn count(&self, field: &'static str) -> Result<Option<usize>, SettingsError> {
        let Some(number) = self.number(field)? else { return Ok(None) };
        wire::count(Some(number))
            .and_then(|count| usize::try_from(count).ok())
            .map(Some)
            .ok_or(SettingsError::WrongType { field, expected: "a whole number, at least 1" })
    }

    pub(super) fn one_of<T: Copy>(
        &self,
        field: &'static str,
        allowed: &[(&'static str, T)],
    ) -> Result<Option<T>, SettingsError> {
        let Some(value) = self.text(field)? else { return Ok(None) };
        if let Some((_, meant)) = allowed.iter().find(|(name, _)| *name == value) {
            return Ok(Some(*meant));
        }
        let names = || allowed.iter().map(|(name, _)| *name);
        let suggestion = nearest(&value, names());
        Err(SettingsError::UnknownValue {
            field,
            value,
            allowed: names().collect::<Vec<_>>().join(", "),
            suggestion,
        })
    }

    /// Refuses settings under which the result would be another one.
    pub(super) fn refuse_unsupported(&self) -> Result<(), SettingsError> {
        if let Some((field, why)) = UNSUPPORTED.into_iter().find(|(field, _)| is_set(self.get(field))) {
            return Err(SettingsError::Unsupported { field, why });
        }
        if self.get("EvaluationWindow").is_some_and(|window| window.get("WallClockWindow").is_some()) {
            let why = "a window aligned to the clock cannot be evaluated; only a sliding one can";
            return Err(SettingsError::Unsupported { field: "EvaluationWindow", why });
        }
        let band = [
            "LessThanLowerOrGreaterThanUpperThreshold",
            "LessThanLowerThreshold",
            "GreaterThanUpperThreshold",
        ];
        if self.get("ComparisonOperator").and_then(Value::as_str).is_some_and(|name| band.contains(&name)) {
            let why =
                "anomaly detection cannot be evaluated; use an operator that compares with a `Threshold`";
            return Err(SettingsError::Unsupported { field: "ComparisonOperator", why });
        }
        Ok(())
    }
}

/// Whether a field says anything: null and an empty list do not.
pub(super) fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    }
}

/// The fields of `put-metric-alarm`, then those that only `describe-alarms` has.
const KNOWN_FIELDS: [&str; 35] = [
    "ActionConfiguration",
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmName",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationCriteria",
    "EvaluationInterval",
    "EvaluationPeriods",
    "EvaluationWindow",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Tags",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
    "WarmUpConfiguration",
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "EvaluationState",
    "StateReason",
    "StateReasonData",
    "StateTransitionedTimestamp",
    "StateUpdatedTimestamp",
    "StateValue",
];

/// Settings under which the result would be another one.
const UNSUPPORTED: [(&str, &str); 3] = [
    ("ExtendedStatistic", "percentiles and trimmed statistics cannot be evaluated; use a `Statistic`"),
    ("EvaluationInterval", "query alarms cannot be evaluated; give the alarm's one metric"),
    ("WarmUpConfiguration", "a warm-up period cannot be evaluated; leave it out"),
];

/// The name that was probably meant, whatever its case, with `_` or `-` between its words or without.
fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    // Half of a short word may be wrong by chance; above this, people agree on what was meant.
    const ALIKE: f64 = 0.7;
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let written = plain(written);
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(&written, &plain(name)), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name.to_owned())
}
