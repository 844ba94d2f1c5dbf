//! An alarm by its name, as settings that the evaluation can work with.
//!
//! It says nothing of how the alarm is now.

use serde_json::{Value, json};

use super::client::Operation;
use super::{Account, AccountError};
use crate::alarm::{AlarmSettings, SettingsError};
use crate::aws::CallError;

/// Kinds that every endpoint knows: without them, only alarms on metrics are answered.
const KINDS: [&str; 2] = ["MetricAlarm", "CompositeAlarm"];
/// Younger than these; an endpoint may not know it.
const LOG_ALARM: &str = "LogAlarm";

impl Account {
    /// The alarm of this name. One that cannot be evaluated here is an error that says its kind, or the setting.
    pub async fn alarm(&self, name: &str) -> Result<AlarmSettings, AccountError> {
        let no_alarm = || AccountError::NoAlarm { name: name.to_owned(), region: self.region().to_owned() };
        let found = match self.alarms(name, &KINDS).await? {
            Some(found) => Ok(found),
            None => match self.alarms(name, &[LOG_ALARM]).await {
                Ok(found) => found.ok_or_else(no_alarm),
                Err(AccountError::Call(CallError::Refused { .. })) => Err(no_alarm()),
                Err(error) => Err(error),
            },
        }?;
        found.map_err(|error| AccountError::Alarm { name: name.to_owned(), error })
    }

    /// The one of these kinds with this name, if there is one.
    async fn alarms(
        &self,
        name: &str,
        kinds: &[&str],
    ) -> Result<Option<Result<AlarmSettings, SettingsError>>, AccountError> {
        let operation = Operation::DescribeAlarms;
        let body = json!({ "AlarmNames": [name], "AlarmTypes": kinds }).to_string();
        let Some(answer) = self.call(operation, &body).await? else { return Ok(None) };
        let unreadable = || AccountError::Unreadable(operation.name());
        let json: Value = serde_json::from_slice(&answer).map_err(|_| unreadable())?;
        if !json.is_object() {
            return Err(unreadable());
        }
        Ok(match AlarmSettings::from_json(&answer) {
            Err(SettingsError::NotOneAlarm { found: 0 }) => None,
            Err(SettingsError::Missing { .. }) if json.as_object().is_some_and(serde_json::Map::is_empty) => {
                None
            }
            settings => Some(settings),
        })
    }
}
