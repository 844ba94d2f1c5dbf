//! What is notified: incidents or every delivery, and the schedule of incidents.
//!
//! It reads settings from the environment, and never calls anything.

use super::choice;
use crate::environment::{ConfigError, Environment, shown};
use crate::incident::{FollowUps, Policy};
use crate::incidents::NotifyMode;

pub(super) const NOTIFY: &str = "STATUSWATCH_NOTIFY";
pub(super) const FOLLOW_UPS: &str = "STATUSWATCH_FOLLOW_UPS";
pub(super) const QUIET: &str = "STATUSWATCH_QUIET_SECONDS";

/// What is notified, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotifySettings {
    /// `STATUSWATCH_NOTIFY`; incidents where unset.
    pub mode: NotifyMode,
    /// `STATUSWATCH_FOLLOW_UPS` and `STATUSWATCH_QUIET_SECONDS`.
    pub policy: Policy,
}

impl NotifySettings {
    /// Whatever cannot be used is among the faults.
    pub(super) fn read(environment: &Environment, faults: &mut ConfigError) -> Self {
        let mode = faults.note(NOTIFY, choice(environment, NOTIFY)).flatten().unwrap_or_default();
        let follow_ups = environment
            .get(FOLLOW_UPS)
            .map(|value| value.parse::<FollowUps>().map_err(|error| format!("{error}{}", shown(value))));
        let follow_ups = faults.note(FOLLOW_UPS, follow_ups.transpose()).flatten().unwrap_or_default();
        let quiet_seconds = faults.note(QUIET, environment.number(QUIET, 10..=3_600, 300_i64));
        let quiet_ms = quiet_seconds.unwrap_or(300) * 1_000;
        Self { mode, policy: Policy { follow_ups, quiet_ms, ..Policy::default() } }
    }
}
