//! When a line that stands alone was logged, as far as it says so itself.
//!
//! Only for recordings: CloudWatch Logs tells the time of every log event, and the function never asks a line.

use time::PrimitiveDateTime;
use time::UtcOffset;
use time::macros::format_description;

/// Length of `$context.requestTime`, such as `15/Jul/2021:05:35:16 +0000`.
const REQUEST_TIME_CHARS: usize = 26;

/// The first `$context.requestTime` that stands in the line, epoch milliseconds.
#[must_use]
pub fn line_time_ms(line: &str) -> Option<i64> {
    let bytes = line.as_bytes();
    // The shape's second character is a digit and its third a slash; few places of a line have that.
    memchr::memchr_iter(b'/', bytes)
        .filter_map(|slash| slash.checked_sub(2))
        .find_map(|start| request_time_ms(line.get(start..start + REQUEST_TIME_CHARS)?))
}

fn request_time_ms(text: &str) -> Option<i64> {
    let (date_time, offset) = text.split_at_checked(21)?;
    let shape = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] ");
    let local = PrimitiveDateTime::parse(date_time, &shape).ok()?;
    let offset =
        UtcOffset::parse(offset, format_description!("[offset_hour sign:mandatory][offset_minute]")).ok()?;
    i64::try_from(local.assume_offset(offset).unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_time_is_found_wherever_it_stands() {
        let expected = Some(1_626_327_316_000);
        assert_eq!(
            line_time_ms(r#"{"ip":"1/2/3","requestTime":"15/Jul/2021:05:35:16 +0000","x":1}"#),
            expected
        );
        assert_eq!(
            line_time_ms(r#"192.0.2.1 - - [15/Jul/2021:14:35:16 +0900] "GET / HTTP/1.1" 200"#),
            expected
        );
        assert_eq!(line_time_ms("15/Jul/2021:05:35:16 +0000"), expected);
        assert_eq!(line_time_ms("no time / here"), None);
        assert_eq!(line_time_ms("あ/あ/"), None);
        assert_eq!(line_time_ms("31/Feb/2021:05:35:16 +0000"), None);
    }
}
