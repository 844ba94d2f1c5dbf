//! Why something that is deployed could not be looked up, or cannot be tried, in words that say what to do.

use thiserror::Error;

use crate::alarm::SettingsError;
use crate::aws::CallError;

/// Why something that is deployed could not be looked up, or cannot be tried. What may pass was tried again before.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AccountError {
    /// The call was refused, or not answered.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An answer that is not of the service's form.
    #[error("the answer to {0} cannot be read: is the endpoint the right one?")]
    Unreadable(&'static str),
    /// A list whose pages do not end.
    #[error("the pages of {0} do not end")]
    Endless(&'static str),
    /// No alarm has that name.
    #[error("there is no alarm {name:?} in {region}")]
    NoAlarm {
        /// The name.
        name: String,
        /// Where it was looked for.
        region: String,
    },
    /// The alarm is of a kind, or has a setting, that is not evaluated here.
    #[error("the alarm {name:?}: {error}")]
    Alarm {
        /// Its name.
        name: String,
        /// Why not.
        error: SettingsError,
    },
    /// There is no such log group.
    #[error("there is no log group {0} to read metric filters of")]
    NoGroup(String),
    /// Nothing publishes the alarm's metric from a log.
    #[error(
        "no metric filter{} publishes the alarm's metric {metric}: say by --pattern which lines it is to count", of_group(.log_group.as_deref())
    )]
    NoFilterOfMetric {
        /// Name space and name.
        metric: String,
        /// Where there is none, if it was looked for in one.
        log_group: Option<String>,
    },
    /// The log group has none.
    #[error("{0} has no metric filter")]
    NoFilter(String),
    /// No metric filter has that name.
    #[error("{} has no metric filter {name:?}; it has {known}", .log_group.as_deref().unwrap_or("the alarm's metric"))]
    NoFilterNamed {
        /// The name.
        name: String,
        /// Where there is none, if it was looked for in one log group.
        log_group: Option<String>,
        /// Those that there are.
        known: String,
    },
    /// More than one metric filter could be meant.
    #[error("there are several metric filters: {0}; choose by --metric-filter=NAME")]
    SeveralFilters(String),
    /// The log groups' metric filters are not alike.
    #[error("the metric filters differ from log group to log group ({0}): test one log group at a time")]
    FiltersDiffer(String),
    /// A metric filter that is not played here.
    #[error("the metric filter {name:?} {why}")]
    Filter {
        /// Its name.
        name: String,
        /// What of it is not.
        why: &'static str,
    },
    /// The alarm looks at the metric with dimensions, and the filter publishes it without.
    #[error(
        "the alarm looks at its metric with the dimensions {dimensions}, and the metric filter {filter:?} publishes it without: the alarm never sees what it counts; take the dimensions out of the alarm, or name a pattern by --pattern"
    )]
    OtherDimensions {
        /// The metric filter's name.
        filter: String,
        /// The alarm's, as `Name=Value`.
        dimensions: String,
    },
    /// The alarm looks at datapoints of a unit, and the filter publishes others.
    #[error(
        "the alarm looks at datapoints of the unit {wanted} only, and the metric filter {filter:?} publishes them with the unit {published}: the alarm never sees what it counts; change one of the units, or name a pattern by --pattern"
    )]
    OtherUnit {
        /// The metric filter's name.
        filter: String,
        /// The alarm's unit.
        wanted: String,
        /// The filter's unit; `None` where it has none.
        published: String,
    },
}

fn of_group(log_group: Option<&str>) -> String {
    log_group.map(|name| format!(" of {name}")).unwrap_or_default()
}
