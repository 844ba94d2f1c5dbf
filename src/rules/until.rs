//! The moment at which a rule ends, from its last day.
//!
//! It never reads a clock: a line is judged by its own timestamp.

use time::{Date, Month, Time};

use super::fault::{Problem, quoted};

/// `YYYY-MM-DD` to the first millisecond (epoch, UTC) after that day.
pub(super) fn parse(text: &str) -> Result<i64, Problem> {
    let (year, month, day) = parts(text).ok_or_else(|| Problem::NotDate(quoted(text)))?;
    let day = Month::try_from(month).and_then(|month| Date::from_calendar_date(year, month, day));
    let midnight = day.map_err(|_| Problem::NoSuchDate(quoted(text)))?.with_time(Time::MIDNIGHT).assume_utc();
    Ok((midnight.unix_timestamp() + 86_400) * 1_000)
}

fn parts(text: &str) -> Option<(i32, u8, u8)> {
    let digits =
        |from: usize, to: usize| text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let shaped = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    shaped.then_some(())?;
    Some((digits(0, 4)?.parse().ok()?, digits(5, 7)?.parse().ok()?, digits(8, 10)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_one_begins() {
        assert_eq!(parse("1970-01-01"), Ok(86_400_000));
        assert_eq!(parse("2027-01-31"), Ok(1_801_440_000_000));
        assert_eq!(parse("2028-02-29"), Ok(1_835_481_600_000));
        assert_eq!(parse("9999-12-31"), Ok(253_402_300_800_000));
    }
}
