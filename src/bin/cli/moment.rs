//! A moment as a person writes it: so long ago, a day, or a time.

use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

/// What a moment may look like.
const FORMS: &str = "not a moment such as 90s, 5m, 12h, 7d, 2w, 2026-01-31 or 2026-01-31T12:00:00Z";

/// A moment, told from now or by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many milliseconds ago.
    Ago(i64),
    /// Epoch milliseconds.
    At(i64),
}

impl Moment {
    /// Epoch milliseconds.
    pub(crate) fn at_ms(self, now_ms: i64) -> i64 {
        match self {
            Self::Ago(ms) => now_ms.saturating_sub(ms),
            Self::At(ms) => ms,
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    /// A time without zone is in UTC, and a day is its beginning.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(ms) = ago_ms(text) {
            return Ok(Self::Ago(ms));
        }
        let time = OffsetDateTime::parse(text, &Rfc3339)
            .or_else(|_| {
                let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
                PrimitiveDateTime::parse(text, form).map(PrimitiveDateTime::assume_utc)
            })
            .or_else(|_| {
                let form = format_description!("[year]-[month]-[day]");
                Date::parse(text, form).map(|date| date.midnight().assume_utc())
            })
            .map_err(|_| FORMS)?;
        i64::try_from(time.unix_timestamp_nanos() / 1_000_000).map(Self::At).map_err(|_| FORMS)
    }
}

/// A number and a unit.
fn ago_ms(text: &str) -> Option<i64> {
    let unit_ms = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 24 * 3_600_000,
        'w' => 7 * 24 * 3_600_000,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<i64>().ok().filter(|_| is_number)?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let day_ms = 24 * 3_600_000;
        for (text, expected) in [
            ("90s", Some(Moment::Ago(90_000))),
            ("5m", Some(Moment::Ago(300_000))),
            ("7d", Some(Moment::Ago(7 * day_ms))),
            ("2w", Some(Moment::Ago(14 * day_ms))),
            ("1970-01-02", Some(Moment::At(day_ms))),
            ("1970-01-02T01:00:00", Some(Moment::At(day_ms + 3_600_000))),
            ("1970-01-02T01:00:00.5+01:00", Some(Moment::At(day_ms + 500))),
            ("", None),
            ("d", None),
            ("-5m", None),
            ("+5m", None),
            ("5 m", None),
            ("5é", None),
            ("99999999999999999999d", None),
            ("9999999999999999w", None),
            ("1970-13-02", None),
            ("yesterday", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_moment_ago_is_told_from_now() {
        assert_eq!((Moment::Ago(5).at_ms(7), Moment::At(5).at_ms(7)), (2, 5));
    }
}
