//! For each column of a picture, the share of its time in which the alarm was in ALARM.
//!
//! It draws nothing. However often the alarm changed, there are no more parts than columns.

use crate::backtest::StateChange;

/// What a part of the band says of the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// In ALARM for so many hundredths of its time, at least one.
    Alarm(u8),
    /// Never in ALARM, and OK at some time.
    Ok,
    /// No state yet, or no data.
    Unknown,
}

/// Milliseconds of one column by state.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    alarm: i64,
    ok: i64,
    unknown: i64,
}

/// The parts of the band, one behind another: from, to, and what it says. Columns that say the same are one part; where
/// nothing is known there is none.
pub(super) fn band(
    changes: &[StateChange],
    from_ms: i64,
    to_ms: i64,
    column_ms: i64,
) -> Vec<(i64, i64, State)> {
    let count = (to_ms - from_ms + column_ms - 1).div_euclid(column_ms.max(1));
    let mut columns = vec![Column::default(); usize::try_from(count).unwrap_or_default()];
    let ends = changes.iter().skip(1).map(|change| change.at.0).chain([to_ms]);
    for (change, end_ms) in changes.iter().zip(ends) {
        let (mut at, end) = (change.at.0.max(from_ms), end_ms.min(to_ms));
        while at < end {
            let place = (at - from_ms) / column_ms;
            let column_end = from_ms + (place + 1) * column_ms;
            let spent = column_end.min(end) - at;
            let column = usize::try_from(place).ok().and_then(|place| columns.get_mut(place));
            match (column, change.to) {
                (Some(column), "ALARM") => column.alarm += spent,
                (Some(column), "OK") => column.ok += spent,
                (Some(column), _) => column.unknown += spent,
                (None, _) => {}
            }
            at += spent;
        }
    }
    let mut parts: Vec<(i64, i64, State)> = Vec::new();
    for (start, column) in (from_ms..).step_by(usize::try_from(column_ms).unwrap_or(1)).zip(columns) {
        let end = (start + column_ms).min(to_ms);
        let Some(state) = column.state(end - start) else { continue };
        match parts.last_mut() {
            Some((_, last_end, last)) if *last == state && *last_end == start => *last_end = end,
            _ => parts.push((start, end, state)),
        }
    }
    parts
}

impl Column {
    fn state(self, length_ms: i64) -> Option<State> {
        let hundredths = (self.alarm * 100 + length_ms / 2) / length_ms.max(1);
        match self {
            Self { alarm: 1.., .. } => {
                Some(State::Alarm(u8::try_from(hundredths.clamp(1, 100)).unwrap_or(100)))
            }
            Self { ok: 1.., .. } => Some(State::Ok),
            Self { unknown: 1.., .. } => Some(State::Unknown),
            Self { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State::{Alarm, Ok, Unknown};
    use super::*;
    use crate::backtest::{MINUTE_MS, Time};

    fn changes(all: impl IntoIterator<Item = (i64, &'static str)>) -> Vec<StateChange> {
        let change = |(minute, to)| StateChange {
            at: Time(minute * MINUTE_MS),
            from: "OK",
            to,
            value: None,
            delay_ms: None,
        };
        all.into_iter().map(change).collect()
    }

    fn drawn(changes: &[StateChange], minutes: i64, column: i64) -> Vec<(i64, i64, State)> {
        let parts = band(changes, 0, minutes * MINUTE_MS, column * MINUTE_MS);
        parts.into_iter().map(|(from, to, state)| (from / MINUTE_MS, to / MINUTE_MS, state)).collect()
    }

    #[test]
    fn a_column_says_for_which_share_of_its_time_the_alarm_was_in_alarm() {
        let story = changes([
            (1, "OK"),
            (12, "ALARM"),
            (13, "OK"),
            (14, "ALARM"),
            (15, "OK"),
            (30, "ALARM"),
            (55, "INSUFFICIENT_DATA"),
        ]);
        // Of a minute each column is in one state.
        assert_eq!(
            drawn(&story, 60, 1),
            [
                (1, 12, Ok),
                (12, 13, Alarm(100)),
                (13, 14, Ok),
                (14, 15, Alarm(100)),
                (15, 30, Ok),
                (30, 55, Alarm(100)),
                (55, 60, Unknown)
            ]
        );
        assert_eq!(
            drawn(&story, 60, 10),
            [(0, 10, Ok), (10, 20, Alarm(20)), (20, 30, Ok), (30, 50, Alarm(100)), (50, 60, Alarm(50))]
        );
        // The last column is shorter than the others.
        assert_eq!(drawn(&story, 55, 50), [(0, 50, Alarm(44)), (50, 55, Alarm(100))]);
    }

    #[test]
    fn the_band_has_as_much_alarm_as_the_alarm_had_however_long_the_recording_is() {
        let states = |minute: i64| (minute, if minute % 7 < 2 { "ALARM" } else { "OK" });
        let story = changes((0..70_000).map(states));
        let parts = drawn(&story, 70_000, 195);
        assert!(parts.len() <= 360);
        let in_alarm = |(from, to, state): &(i64, i64, State)| match state {
            Alarm(percent) => (to - from) * i64::from(*percent),
            Ok | Unknown => 0,
        };
        let minutes = parts.iter().map(in_alarm).sum::<i64>() / 100;
        assert!((19_650..=20_350).contains(&minutes), "20,000 minutes in ALARM, {minutes} drawn");
        assert!(parts.iter().all(|(_, _, state)| matches!(state, Alarm(27..=30))), "{parts:?}");
    }

    #[test]
    fn a_minute_of_months_is_drawn() {
        let story = changes([(0, "OK"), (40_000, "ALARM"), (40_001, "OK")]);
        let parts = drawn(&story, 100_000, 278);
        assert_eq!(parts.iter().filter(|(_, _, state)| *state == Alarm(1)).count(), 1, "{parts:?}");
    }
}
