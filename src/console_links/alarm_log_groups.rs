//! The log groups of an alarm, by the operator's map.
//!
//! The notification of a metric alarm names no log group, so nothing else says whose errors it counts.

use std::collections::BTreeMap;
use std::str::FromStr;

use thiserror::Error;

use super::log_groups::{LogGroups, LogGroupsError};

/// Alarms that a map may name.
pub const MAX_ALARMS: usize = 200;

/// Which log groups each alarm belongs to, by its name or by the beginning of its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmLogGroups {
    exact: BTreeMap<String, LogGroups>,
    /// Without the `*`.
    prefixes: BTreeMap<String, LogGroups>,
}

/// Why a map cannot be used. Not retryable: the operator has to change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AlarmLogGroupsError {
    /// It is no JSON of that shape.
    #[error(
        "is not a JSON object of alarm names and lists of log groups: write such as \
         {{\"orders 5xx\":[\"/aws/apigateway/orders\"],\"pets *\":[\"/aws/apigateway/pets\"]}}"
    )]
    NotAMap,
    /// It names more alarms than it may.
    #[error(
        "names {count} alarms, at most {MAX_ALARMS} fit: name several by the beginning of their names and a *"
    )]
    TooMany {
        /// How many.
        count: usize,
    },
    /// An alarm's name is empty, or has a `*` elsewhere than at its end.
    #[error(
        "alarm {alarm} has no name that can be used: write the whole name, or its beginning and a * behind it"
    )]
    Name {
        /// Which one, from 1, in order of name.
        alarm: usize,
    },
    /// An alarm's list cannot be used.
    #[error("alarm {alarm}: {error}")]
    LogGroups {
        /// Which one, from 1, in order of name.
        alarm: usize,
        /// Why.
        error: LogGroupsError,
    },
    /// An alarm's list is empty.
    #[error("alarm {alarm} has no log group: name one, or leave the alarm out")]
    Empty {
        /// Which one, from 1, in order of name.
        alarm: usize,
    },
}

impl AlarmLogGroups {
    /// All log groups that are named, in order of the alarms' names.
    #[must_use]
    pub fn all(&self) -> Vec<&str> {
        self.exact.values().chain(self.prefixes.values()).flat_map(LogGroups::names).collect()
    }

    /// The log groups of the alarm of this name: by its whole name, else by the longest beginning that fits.
    #[must_use]
    pub fn of(&self, alarm: &str) -> Option<&LogGroups> {
        let longest = || {
            let fitting = self.prefixes.iter().filter(|(prefix, _)| alarm.starts_with(prefix.as_str()));
            fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, log_groups)| log_groups)
        };
        self.exact.get(alarm).or_else(longest)
    }
}

impl FromStr for AlarmLogGroups {
    type Err = AlarmLogGroupsError;

    /// Reads a JSON object from an alarm's name, or its beginning with `*` behind it, to a list of log groups.
    fn from_str(text: &str) -> Result<Self, AlarmLogGroupsError> {
        let listed: BTreeMap<String, Vec<String>> =
            serde_json::from_str(text).map_err(|_| AlarmLogGroupsError::NotAMap)?;
        if listed.len() > MAX_ALARMS {
            return Err(AlarmLogGroupsError::TooMany { count: listed.len() });
        }
        let mut map = Self::default();
        for ((name, names), alarm) in listed.into_iter().zip(1..) {
            let log_groups =
                LogGroups::of(names).map_err(|error| AlarmLogGroupsError::LogGroups { alarm, error })?;
            if log_groups.names().is_empty() {
                return Err(AlarmLogGroupsError::Empty { alarm });
            }
            let (beginning, is_prefix) = match name.strip_suffix('*') {
                Some(beginning) => (beginning, true),
                None => (name.as_str(), false),
            };
            if beginning.is_empty() || beginning.contains('*') {
                return Err(AlarmLogGroupsError::Name { alarm });
            }
            let of = if is_prefix { &mut map.prefixes } else { &mut map.exact };
            of.insert(beginning.to_owned(), log_groups);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(map: &str, alarm: &str) -> Vec<String> {
        let map: AlarmLogGroups = map.parse().unwrap();
        let names = map.of(alarm).map(LogGroups::names).unwrap_or_default();
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn an_alarm_is_found_by_its_name_then_by_the_longest_beginning() {
        let map = r#"{"orders":["a"],"orders*":["b"],"orders, 5xx*":["c","d"]," x \"y\"":["e"]}"#;
        assert_eq!(of(map, "orders"), ["a"]);
        assert_eq!(of(map, "orders "), ["b"]);
        assert_eq!(of(map, "orders, 5xx (function)"), ["c", "d"]);
        assert_eq!(of(map, " x \"y\""), ["e"]);
        assert_eq!(of(map, "Orders"), [""; 0]);
        assert_eq!(of("{}", "orders"), [""; 0]);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_place() {
        let read = |text: &str| text.parse::<AlarmLogGroups>().unwrap_err();
        for text in ["", "orders", "[]", r#"{"a":"b"}"#, r#"{"a":[1]}"#, r#"{"a":["b"]"#] {
            assert_eq!(read(text), AlarmLogGroupsError::NotAMap, "{text}");
        }
        assert_eq!(read(r#"{"a":["b"],"c":[]}"#), AlarmLogGroupsError::Empty { alarm: 2 });
        for name in ["", "*", "a*b", "**"] {
            assert_eq!(read(&format!(r#"{{"{name}":["b"]}}"#)), AlarmLogGroupsError::Name { alarm: 1 });
        }
        let error = LogGroupsError::NotAName { entry: 2 };
        assert_eq!(read(r#"{"a":["b","x y"]}"#), AlarmLogGroupsError::LogGroups { alarm: 1, error });
        let many: Vec<String> = (0..=MAX_ALARMS).map(|n| format!(r#""{n}":["b"]"#)).collect();
        assert_eq!(read(&format!("{{{}}}", many.join(","))), AlarmLogGroupsError::TooMany { count: 201 });
    }
}
