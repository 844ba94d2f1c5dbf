//! When a line that stands alone was logged, as far as it says so itself.
//!
//! Only for recordings: CloudWatch Logs tells the time of every log event, and the function never asks a line.

use time::{Date, Month};

/// Length of `$context.requestTime`, such as `15/Jul/2021:05:35:16 +0000`.
const REQUEST_TIME_CHARS: usize = 26;
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
/// Digits of `$context.requestTimeEpoch`: milliseconds from 9 September 2001 to 20 November 2286.
const EPOCH_DIGITS: usize = 13;
/// The year 2100: numbers of so many digits beyond it are no times.
const LATEST_EPOCH_MS: i64 = 4_102_444_800_000;

/// The first `$context.requestTime` that stands in the line, or else its `$context.requestTimeEpoch`, or else the first
/// date and time of ISO 8601 as load balancers, CloudFront and VPC Lattice write them, epoch milliseconds.
///
/// `last` is what was read of the lines before.
#[must_use]
pub fn line_time_ms(line: &[u8], last: &mut LastTime) -> Option<i64> {
    // The shape's second character is a digit and its third a slash; few places of a line have that.
    memchr::memchr_iter(b'/', line)
        .filter_map(|slash| slash.checked_sub(2))
        .find_map(|start| last.or_read(line.get(start..)?.first_chunk()?))
        .or_else(|| epoch_ms(line))
        .or_else(|| iso_ms(line))
}

/// The `$context.requestTime` that was read last: most lines have that of the line before.
#[derive(Debug, Default)]
pub struct LastTime(Option<([u8; REQUEST_TIME_CHARS], i64)>);

impl LastTime {
    fn or_read(&mut self, text: &[u8; REQUEST_TIME_CHARS]) -> Option<i64> {
        match &self.0 {
            Some((last, ms)) if last == text => Some(*ms),
            _ => {
                let ms = request_time_ms(text)?;
                self.0 = Some((*text, ms));
                Some(ms)
            }
        }
    }
}

/// What may stand between the date and the time: `T`, a tab, or the names and signs of JSON.
const MAX_BETWEEN: usize = 16;

/// The first `2026-11-03T08:00:01.186Z`; date and time may be two fields, as CloudFront's are. UTC in all of them.
fn iso_ms(line: &[u8]) -> Option<i64> {
    memchr::memchr_iter(b'-', line).filter_map(|dash| dash.checked_sub(4)).find_map(|start| {
        let date = line.get(start..start + 10)?;
        let number = |text: &[u8]| {
            text.iter().try_fold(0_u16, |number, &byte| {
                byte.is_ascii_digit().then(|| number.wrapping_mul(10).wrapping_add(u16::from(byte - b'0')))
            })
        };
        let part = |text: &[u8]| number(text).and_then(|number| u8::try_from(number).ok());
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
        let month = Month::try_from(part(&[m1, m2])?).ok()?;
        let date =
            Date::from_calendar_date(i32::from(number(&[y1, y2, y3, y4])?), month, part(&[d1, d2])?).ok()?;
        let behind = line.get(start + 10..)?;
        let between = behind.iter().take(MAX_BETWEEN).position(u8::is_ascii_digit)?;
        let &[h1, h2, b':', m1, m2, b':', s1, s2] = behind.get(between..between + 8)? else { return None };
        let time = date.with_hms(part(&[h1, h2])?, part(&[m1, m2])?, part(&[s1, s2])?).ok()?;
        let fraction = behind.get(between + 8..).unwrap_or_default().strip_prefix(b".").unwrap_or_default();
        let digits = fraction.iter().take(3).take_while(|byte| byte.is_ascii_digit());
        let ms =
            digits.zip([100, 10, 1]).map(|(digit, weight)| i64::from(digit - b'0') * weight).sum::<i64>();
        Some(time.assume_utc().unix_timestamp() * 1_000 + ms)
    })
}

/// Reads `15/Jul/2021:05:35:16 +0000`, of which a recording has one in each line: by place, since a parser of all forms
/// costs as much as the rest of the line.
fn request_time_ms(bytes: &[u8; REQUEST_TIME_CHARS]) -> Option<i64> {
    let two = |at: usize| match bytes.get(at..at + 2)? {
        &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    };
    let has = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let is_shaped =
        has(2, b'/') && has(6, b'/') && has(11, b':') && has(14, b':') && has(17, b':') && has(20, b' ');
    if !is_shaped {
        return None;
    }
    let month = MONTHS.iter().zip(1_u8..).find(|(name, _)| bytes.get(3..6) == Some(name.as_slice()))?.1;
    let year = i32::from(two(7)?) * 100 + i32::from(two(9)?);
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, two(0)?).ok()?;
    let local = date.with_hms(two(12)?, two(15)?, two(18)?).ok()?;
    let sign = match bytes.get(21)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (two(22)?, two(24)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead_s = sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60);
    Some((local.assume_utc().unix_timestamp() - ahead_s) * 1_000)
}

/// The first value of the line that is a number of thirteen digits and a time, whatever its name is: formats name
/// `$context.requestTimeEpoch` as they like, and CSV has no names.
fn epoch_ms(line: &[u8]) -> Option<i64> {
    line.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .scan(0, |at, piece| {
            let start = *at;
            *at += piece.len();
            Some((start, piece))
        })
        .filter(|(start, digits)| {
            let before = start.checked_sub(1).and_then(|before| line.get(before));
            let behind = line.get(start + digits.len());
            digits.len() == EPOCH_DIGITS
                && before.is_none_or(|byte| edge(*byte))
                && behind.is_none_or(|byte| edge(*byte))
        })
        .find_map(|(_, digits)| {
            let number: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
            (1_000_000_000_000..LATEST_EPOCH_MS).contains(&number).then_some(number)
        })
}

/// What may stand before or behind a value in a line.
fn edge(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"',:=[]{}<>()|;".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{LastTime, line_time_ms as time_of_bytes};

    fn line_time_ms(line: &str) -> Option<i64> {
        time_of_bytes(line.as_bytes(), &mut LastTime::default())
    }

    #[test]
    fn a_line_of_another_second_or_zone_than_the_one_before_has_its_own_time() {
        let mut last = LastTime::default();
        let times = ["05:35:16 +0000", "05:35:16 +0000", "05:35:17 +0000", "05:35:17 +0100", "05:35:17 +01"];
        let times = times.map(|time| time_of_bytes(format!("15/Jul/2021:{time}").as_bytes(), &mut last));
        let later = |ms| AT.map(|at| at + ms);
        assert_eq!(times, [AT, AT, later(1_000), later(1_000 - 3_600_000), None]);
    }

    const AT: Option<i64> = Some(1_626_327_316_000);

    #[test]
    fn the_request_time_is_found_wherever_it_stands() {
        assert_eq!(line_time_ms(r#"{"ip":"1/2/3","requestTime":"15/Jul/2021:05:35:16 +0000","x":1}"#), AT);
        assert_eq!(line_time_ms(r#"192.0.2.1 - - [15/Jul/2021:14:35:16 +0900] "GET / HTTP/1.1" 200"#), AT);
        assert_eq!(line_time_ms("15/Jul/2021:05:35:16 +0000"), AT);
        assert_eq!(line_time_ms("no time / here"), None);
        assert_eq!(line_time_ms("あ/あ/"), None);
        for wrong in [
            "31/Feb/2021:05:35:16 +0000",
            "15/jul/2021:05:35:16 +0000",
            "15/Jul/2021:24:35:16 +0000",
            "15/Jul/2021:05:60:16 +0000",
            "15/Jul/2021:05:35:16 +2400",
            "15/Jul/2021:05:35:16 0000 ",
            "1a/Jul/2021:05:35:16 +0000",
            "15/Jul/2021 05:35:16 +0000",
        ] {
            assert_eq!(line_time_ms(wrong), None, "{wrong}");
        }
        assert_eq!(line_time_ms("29/Feb/2024:23:59:59 -0130"), Some(1_709_256_599_000));
    }

    #[test]
    fn where_there_is_none_the_request_time_epoch_is_found_whatever_it_is_called() {
        for line in [
            r#"{"status":"502","requestTimeEpoch":"1626327316000"}"#,
            r#"{"status":"502","requestTimeEpoch":1626327316000,"x":1}"#,
            r#"{"status":"502","at": 1626327316000}"#,
            "203.0.113.7,-,-,1626327316000,GET,/v1,HTTP/1.1,502,36,a",
            r#"203.0.113.7 - - [1626327316000] "GET /v1 HTTP/1.1" 502 36 a"#,
            "<request><time>1626327316000</time><status>502</status></request>",
            "1626327316000",
        ] {
            assert_eq!(line_time_ms(line), AT, "{line}");
        }
        let both = r#"{"a":1626327316999,"requestTime":"15/Jul/2021:05:35:16 +0000"}"#;
        assert_eq!(line_time_ms(both), AT, "the time that can be nothing else goes before");
    }

    #[test]
    fn where_there_is_neither_a_date_and_time_of_iso_8601_is_found() {
        for line in [
            "https 2021-07-15T05:35:16Z app/x/1 192.0.2.1:80",
            "2021-07-15\t05:35:16\tLAX1",
            r#"{"date":"2021-07-15","time":"05:35:16","sc-status":"502"}"#,
            r#"{"id":"1-2-3","startTime":"2021-07-15T05:35:16Z"}"#,
        ] {
            assert_eq!(line_time_ms(line), AT, "{line}");
        }
        assert_eq!(line_time_ms("2021-07-15T05:35:16.18Z"), AT.map(|ms| ms + 180));
        for line in
            ["2021-02-30T05:35:16Z", "2021-07-15", "2021-07-15 5:35", "2021-07-15T25:35:16Z", "-", "----"]
        {
            assert_eq!(line_time_ms(line), None, "{line}");
        }
    }

    #[test]
    fn a_number_that_is_no_time_is_none() {
        for line in [
            r#"{"path":"/orders/1626327316000"}"#,
            r#"{"id":"a1626327316000","b":"1626327316000z"}"#,
            r#"{"n":162632731600,"m":16263273160000,"k":9626327316000,"j":0626327316000,"d":1626327316000.5}"#,
        ] {
            assert_eq!(line_time_ms(line), None, "{line}");
        }
    }
}
