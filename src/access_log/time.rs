//! When a line that stands alone was logged, as far as it says so itself.
//!
//! Only for recordings: CloudWatch Logs tells the time of every log event, and the function never asks a line.

use time::PrimitiveDateTime;
use time::UtcOffset;
use time::macros::format_description;

/// Length of `$context.requestTime`, such as `15/Jul/2021:05:35:16 +0000`.
const REQUEST_TIME_CHARS: usize = 26;
/// Digits of `$context.requestTimeEpoch`: milliseconds from 9 September 2001 to 20 November 2286.
const EPOCH_DIGITS: usize = 13;
/// The year 2100: numbers of so many digits beyond it are no times.
const LATEST_EPOCH_MS: i64 = 4_102_444_800_000;

/// The first `$context.requestTime` that stands in the line, or else its `$context.requestTimeEpoch`, epoch
/// milliseconds.
#[must_use]
pub fn line_time_ms(line: &str) -> Option<i64> {
    let bytes = line.as_bytes();
    // The shape's second character is a digit and its third a slash; few places of a line have that.
    memchr::memchr_iter(b'/', bytes)
        .filter_map(|slash| slash.checked_sub(2))
        .find_map(|start| request_time_ms(line.get(start..start + REQUEST_TIME_CHARS)?))
        .or_else(|| epoch_ms(bytes))
}

fn request_time_ms(text: &str) -> Option<i64> {
    let (date_time, offset) = text.split_at_checked(21)?;
    let shape = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] ");
    let local = PrimitiveDateTime::parse(date_time, &shape).ok()?;
    let offset =
        UtcOffset::parse(offset, format_description!("[offset_hour sign:mandatory][offset_minute]")).ok()?;
    i64::try_from(local.assume_offset(offset).unix_timestamp_nanos() / 1_000_000).ok()
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
    use super::*;

    const AT: Option<i64> = Some(1_626_327_316_000);

    #[test]
    fn the_request_time_is_found_wherever_it_stands() {
        assert_eq!(line_time_ms(r#"{"ip":"1/2/3","requestTime":"15/Jul/2021:05:35:16 +0000","x":1}"#), AT);
        assert_eq!(line_time_ms(r#"192.0.2.1 - - [15/Jul/2021:14:35:16 +0900] "GET / HTTP/1.1" 200"#), AT);
        assert_eq!(line_time_ms("15/Jul/2021:05:35:16 +0000"), AT);
        assert_eq!(line_time_ms("no time / here"), None);
        assert_eq!(line_time_ms("あ/あ/"), None);
        assert_eq!(line_time_ms("31/Feb/2021:05:35:16 +0000"), None);
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
