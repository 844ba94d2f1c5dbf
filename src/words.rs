//! Numbers, durations and times in the words that people read.
//!
//! It reads no clock: times are epoch milliseconds and are shown in UTC, as the log has them.
//! It never fails: a time outside 1970 to 9999 is shown as the nearest that can be written.

use time::OffsetDateTime;

/// The last millisecond of year 9999, the latest time that four digits of a year can name.
const LATEST_MS: i64 = 253_402_300_799_999;

/// The months as access logs write them, too.
pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A number with thousands separators: `4,312`.
#[must_use]
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun: `1 error`, `4,312 errors`. The noun is given in the singular and takes an `s`.
#[must_use]
pub fn count(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(n))
}

/// The share of a part in a whole: `1.8 %`, `under 0.1 %`. Rounded, but never to none or to all of it.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    let (part, whole) = (u128::from(part), u128::from(whole).max(1));
    let tenths = (part * 1_000 + whole / 2) / whole;
    let tenths = if part < whole { tenths.min(999) } else { tenths };
    match (tenths / 10, tenths % 10) {
        (0, 0) if part > 0 => "under 0.1 %".to_owned(),
        (percent, 0) => format!("{percent} %"),
        (percent, tenth) => format!("{percent}.{tenth} %"),
    }
}

/// A duration as people say it: `under 1 s`, `35 s`, `3 min 20 s`, `12 min`, `3 h 5 min`, `2 days 4 h`.
///
/// Rounded to the second; seconds are left out from ten minutes on, minutes from a day on.
#[must_use]
pub fn duration(ms: u64) -> String {
    let seconds = if ms < 1_000 { 0 } else { ms.saturating_add(500) / 1_000 };
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0 => "under 1 s".to_owned(),
        1..60 => format!("{seconds} s"),
        60..600 => two_units(minutes, "min", seconds % 60, "s"),
        600..3_600 => format!("{minutes} min"),
        3_600..86_400 => two_units(hours, "h", minutes % 60, "min"),
        86_400..172_800 => two_units(1, "day", hours % 24, "h"),
        _ => two_units(days, "days", hours % 24, "h"),
    }
}

/// From one time to another, in UTC: `05:28:56 to 05:29:03 UTC`, or `05:29:01 UTC` within one second.
///
/// Days are named where the two are not on the same one: `17 Nov 23:59:58 to 18 Nov 00:00:03 UTC`.
#[must_use]
pub fn span(first_ms: i64, last_ms: i64) -> String {
    let (first, last) = (utc(first_ms), utc(last_ms));
    let write = |at| {
        let time = format!("{}:{:02}", hour_and_minute(at), at.second());
        if first.date() == last.date() { time } else { format!("{} {time}", day_and_month(at)) }
    };
    let (first, last) = (write(first), write(last));
    if first == last { format!("{first} UTC") } else { format!("{first} to {last} UTC") }
}

/// The minute in UTC: `05:28`.
#[must_use]
pub fn minute(ms: i64) -> String {
    hour_and_minute(utc(ms))
}

/// The minute in UTC, with its day where that is not the day of `beside_ms`: `05:28`, `17 Nov 05:28`.
#[must_use]
pub fn minute_beside(ms: i64, beside_ms: i64) -> String {
    let (at, beside) = (utc(ms), utc(beside_ms));
    let minute = hour_and_minute(at);
    if at.date() == beside.date() { minute } else { format!("{} {minute}", day_and_month(at)) }
}

/// The day in UTC: `18 Nov 2020`.
#[must_use]
pub fn day(ms: i64) -> String {
    let at = utc(ms);
    format!("{} {}", day_and_month(at), at.year())
}

/// ISO 8601 in UTC with milliseconds: `2026-01-15T10:05:00.000Z`.
#[must_use]
pub fn iso(ms: i64) -> String {
    let at = utc(ms);
    let (year, month, day) = at.to_calendar_date();
    let month = u8::from(month);
    format!("{year}-{month:02}-{day:02}T{}:{:02}.{:03}Z", hour_and_minute(at), at.second(), at.millisecond())
}

/// Milliseconds from one time to a later one, 0 where it is not later.
#[must_use]
pub fn elapsed_ms(from_ms: i64, to_ms: i64) -> u64 {
    u64::try_from(i128::from(to_ms) - i128::from(from_ms)).unwrap_or(0)
}

fn two_units(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{} {large_unit}", number(large))
    } else {
        format!("{} {large_unit} {small} {small_unit}", number(large))
    }
}

fn utc(ms: i64) -> OffsetDateTime {
    let nanos = i128::from(ms.clamp(0, LATEST_MS)) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn hour_and_minute(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn day_and_month(at: OffsetDateTime) -> String {
    let month = MONTHS.get(usize::from(u8::from(at.month())) - 1).copied().unwrap_or_default();
    format!("{} {month}", at.day())
}

/// The id at the end of a message: six hexadecimal digits that the same log events always give.
#[must_use]
pub fn short_id(id: u64) -> String {
    // The sum of hashes is as random in its high half as in its low one; together they differ more often.
    format!("{:06x}", (id ^ (id >> 24) ^ (id >> 48)) & 0xff_ffff)
}

/// Whether nobody can see a character: those that Unicode calls default ignorable, and blanks that are no white space.
///
/// Source: Unicode's `DerivedCoreProperties.txt`, `Default_Ignorable_Code_Point`; besides it the blank pattern of Braille.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Control characters, line and paragraph separators, and the characters that turn the writing direction.
#[must_use]
pub fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text for a terminal: a replacement character stands for each one that is treacherous.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_treacherous(c) { '\u{fffd}' } else { c }).collect()
}

/// What a reader sees of a text: without what takes no room, and with white space as one blank.
#[must_use]
pub fn look(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_treacherous(*c) && !is_invisible(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2020-11-18 05:28:56 UTC.
    const AT: i64 = 1_605_677_336_000;

    #[test]
    fn numbers_have_a_comma_before_every_three_digits() {
        let written: Vec<_> = [0, 999, 1_000, 50_112, 467_367, 3_000_000, u64::MAX].map(number).into();
        let expected = ["0", "999", "1,000", "50,112", "467,367", "3,000,000", "18,446,744,073,709,551,615"];
        assert_eq!(written, expected);
    }

    #[test]
    fn one_is_singular_and_all_else_is_plural() {
        assert_eq!(
            [0, 1, 2, 4_312].map(|n| count(n, "error")),
            ["0 errors", "1 error", "2 errors", "4,312 errors"]
        );
    }

    #[test]
    fn a_share_has_one_digit_behind_the_point_and_is_all_or_none_only_where_it_is() {
        let cases = [
            (3, 170, "1.8 %"),
            (1, 3, "33.3 %"),
            (10, 20, "50 %"),
            (1, 2_001, "under 0.1 %"),
            (1, 2_000, "0.1 %"),
            (1_999, 2_000, "99.9 %"),
            (7, 7, "100 %"),
            (0, 7, "0 %"),
            (u64::MAX - 1, u64::MAX, "99.9 %"),
        ];
        for (part, whole, expected) in cases {
            assert_eq!(share(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn durations_are_two_units_at_most() {
        let cases = [
            (0, "under 1 s"),
            (999, "under 1 s"),
            (1_000, "1 s"),
            (1_499, "1 s"),
            (1_500, "2 s"),
            (35_499, "35 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (419_600, "7 min"),
            (599_499, "9 min 59 s"),
            (599_500, "10 min"),
            (754_000, "12 min"),
            (3_599_499, "59 min"),
            (3_600_000, "1 h"),
            (7_539_000, "2 h 5 min"),
            (11_100_000, "3 h 5 min"),
            (86_399_499, "23 h 59 min"),
            (86_400_000, "1 day"),
            (93_600_000, "1 day 2 h"),
            (172_860_000, "2 days"),
            (187_200_000, "2 days 4 h"),
            (u64::MAX, "213,503,982,334 days 14 h"),
        ];
        for (ms, words) in cases {
            assert_eq!(duration(ms), words, "{ms} ms");
        }
    }

    #[test]
    fn a_span_names_its_zone_and_names_days_only_across_midnight() {
        assert_eq!(span(AT, AT + 7_000), "05:28:56 to 05:29:03 UTC");
        assert_eq!(span(AT, AT + 999), "05:28:56 UTC");
        assert_eq!(span(AT - 86_400_000, AT), "17 Nov 05:28:56 to 18 Nov 05:28:56 UTC");
    }

    #[test]
    fn a_minute_names_its_day_beside_another_one() {
        assert_eq!(minute_beside(AT, AT + 60_000), "05:28");
        assert_eq!(minute_beside(AT, AT + 86_400_000), "18 Nov 05:28");
        assert_eq!(minute_beside(AT + 86_400_000, AT), "19 Nov 05:28");
    }

    #[test]
    fn times_that_cannot_be_written_become_the_nearest_that_can() {
        assert_eq!(day(i64::MIN), "1 Jan 1970");
        assert_eq!(iso(i64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(elapsed_ms(i64::MIN, i64::MAX), u64::MAX);
        assert_eq!(elapsed_ms(1, 0), 0);
    }
}
