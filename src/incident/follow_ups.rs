//! When follow-ups of an incident are due: the time from each to the next, read from `1m*5,5m*5,15m*6,1h`.
//!
//! It never reads a clock and knows nothing of incidents.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The default: after 1, 2, 3, 4 and 5 minutes, then every 5 minutes for half an hour, every 15 for two hours, then
/// every hour.
pub const DEFAULT_FOLLOW_UPS: &str = "1m*5,5m*5,15m*6,1h";

const MIN_STEP_MS: i64 = 5_000;
const MAX_STEP_MS: i64 = 86_400_000;
const MAX_STEPS: usize = 20;
const MAX_TIMES: u32 = 1_000;

/// The times between follow-ups, first to last; the last one repeats for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUps {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    ms: i64,
    times: u32,
}

/// Why a text is no schedule of follow-ups. `step` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FollowUpsError {
    /// There is no step, or one too many.
    #[error("has {steps} steps: write 1 to {MAX_STEPS}, comma separated, such as {DEFAULT_FOLLOW_UPS}")]
    Steps {
        /// How many there are.
        steps: usize,
    },
    /// A step is no duration.
    #[error("step {step} is no duration: write a whole number with s, m, h or d, such as 5m")]
    Duration {
        /// Which one.
        step: usize,
    },
    /// A step is too short or too long.
    #[error("step {step} is out of range: write 5s to 1d")]
    Range {
        /// Which one.
        step: usize,
    },
    /// What stands after `*` is no number of times.
    #[error("step {step} has no number of times after *: write 1 to {MAX_TIMES}, such as 5m*6")]
    Times {
        /// Which one.
        step: usize,
    },
}

impl FollowUps {
    /// From follow-up number `step` (0 is the opening) to the next, in milliseconds: 5 s to 1 day.
    #[must_use]
    pub fn interval_ms(&self, step: u32) -> i64 {
        let mut left = step;
        for Step { ms, times } in &self.steps {
            match left.checked_sub(*times) {
                None => return *ms,
                Some(after) => left = after,
            }
        }
        self.steps.last().map_or(MAX_STEP_MS, |last| last.ms)
    }
}

impl Default for FollowUps {
    /// [`DEFAULT_FOLLOW_UPS`].
    fn default() -> Self {
        let minutes = |minutes: i64, times| Step { ms: minutes * 60_000, times };
        Self { steps: vec![minutes(1, 5), minutes(5, 5), minutes(15, 6), minutes(60, 1)] }
    }
}

impl fmt::Display for FollowUps {
    /// As it is written in a setting.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Step { ms, times }) in self.steps.iter().enumerate() {
            let units = [(86_400_000, 'd'), (3_600_000, 'h'), (60_000, 'm'), (1_000, 's')];
            let unit = units.into_iter().find(|(unit_ms, _)| ms % unit_ms == 0);
            let (unit_ms, unit) = unit.unwrap_or((1_000, 's'));
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}{unit}", ms / unit_ms)?;
            if *times > 1 {
                write!(f, "*{times}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for FollowUps {
    type Err = FollowUpsError;

    fn from_str(text: &str) -> Result<Self, FollowUpsError> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        if text.trim().is_empty() || parts.len() > MAX_STEPS {
            return Err(FollowUpsError::Steps {
                steps: if text.trim().is_empty() { 0 } else { parts.len() },
            });
        }
        let steps = parts.iter().zip(1..).map(|(part, number)| step(part, number));
        Ok(Self { steps: steps.collect::<Result<_, _>>()? })
    }
}

fn step(text: &str, step: usize) -> Result<Step, FollowUpsError> {
    let (duration, times) = match text.split_once('*') {
        None => (text, 1),
        Some((duration, times)) => {
            let times = digits(times).and_then(|times| u32::try_from(times).ok());
            let times = times.filter(|times| (1..=MAX_TIMES).contains(times));
            (duration, times.ok_or(FollowUpsError::Times { step })?)
        }
    };
    let ms = duration_ms(duration).ok_or(FollowUpsError::Duration { step })?;
    if !(MIN_STEP_MS..=MAX_STEP_MS).contains(&ms) {
        return Err(FollowUpsError::Range { step });
    }
    Ok(Step { ms, times })
}

/// A whole number with `s`, `m`, `h` or `d`, in milliseconds; one that is too large counts as the largest.
#[must_use]
pub fn duration_ms(text: &str) -> Option<i64> {
    let units = [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', 86_400_000)];
    let (number, unit_ms) = units.into_iter().find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, ms)))?;
    Some(i64::try_from(digits(number)?).unwrap_or(i64::MAX).saturating_mul(unit_ms))
}

/// A whole number without a sign; one that is too large counts as the largest.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(text: &str, follow_ups: u32) -> Vec<i64> {
        let schedule: FollowUps = text.parse().unwrap();
        let times = (0..follow_ups).scan(0, |at, step| {
            *at += schedule.interval_ms(step);
            Some(*at / 60_000)
        });
        times.collect()
    }

    #[test]
    fn the_default_is_every_minute_then_every_5_then_every_15_then_every_hour() {
        let expected =
            [1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 45, 60, 75, 90, 105, 120, 180, 240, 300].map(i64::from);
        assert_eq!(minutes(DEFAULT_FOLLOW_UPS, 19), expected);
        assert_eq!(DEFAULT_FOLLOW_UPS.parse(), Ok(FollowUps::default()));
        for text in [DEFAULT_FOLLOW_UPS, "5s", "90s*2,1d", "25m,36m*1000"] {
            assert_eq!(text.parse::<FollowUps>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_last_step_repeats_for_ever() {
        assert_eq!(minutes(" 60s , 1h*2", 5), [1, 61, 121, 181, 241]);
        assert_eq!("5s".parse::<FollowUps>().unwrap().interval_ms(u32::MAX), 5_000);
        assert_eq!("1d".parse::<FollowUps>().unwrap().interval_ms(0), 86_400_000);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_step_and_the_fix() {
        use FollowUpsError::{Duration, Range, Steps, Times};
        let many = vec!["1m"; 21].join(",");
        for (text, error) in [
            ("", Steps { steps: 0 }),
            (" ", Steps { steps: 0 }),
            (many.as_str(), Steps { steps: 21 }),
            ("1m,,1h", Duration { step: 2 }),
            ("1", Duration { step: 1 }),
            ("m", Duration { step: 1 }),
            ("1m,-5m", Duration { step: 2 }),
            ("1.5m", Duration { step: 1 }),
            ("5 m", Duration { step: 1 }),
            ("1é", Duration { step: 1 }),
            ("4s", Range { step: 1 }),
            ("0m", Range { step: 1 }),
            ("1m,25h", Range { step: 2 }),
            ("99999999999999999999d", Range { step: 1 }),
            ("5m*", Times { step: 1 }),
            ("5m*0", Times { step: 1 }),
            ("5m*1001", Times { step: 1 }),
            ("5m*2*3", Times { step: 1 }),
        ] {
            assert_eq!(text.parse::<FollowUps>(), Err(error), "{text}");
        }
        assert_eq!(Range { step: 2 }.to_string(), "step 2 is out of range: write 5s to 1d");
    }
}
