//! How long Slack asks to wait by a 429. What that leads to is in `handler::outbox`.
//!
//! Reads a duration from the headers `Retry-After` and `Date`, the body and the time, or nothing
//! where none can be read. Whatever is asked, the result is at most [`MAX`]: one
//! absurd value must not silence the alarms of a day. It never reads a clock and never panics.

use std::time::{Duration, SystemTime};

use crate::json::members::field;

/// Slack counts its limits by the second and the minute, so nothing it means is longer than this.
pub const MAX: Duration = Duration::from_mins(5);

/// What the answer asks for, from zero to [`MAX`]; the header counts before the body.
///
/// The header is a number of seconds or an HTTP date (RFC 9110, section 10.2.3); a date is taken as the
/// time from the answer's own `Date`, so that a wrong clock on either side does no harm, and from `now`
/// where there is none. The body is JSON with `retry_after` in seconds, as Slack's Web API writes it.
#[must_use]
pub fn retry_after(
    header: Option<&str>,
    date: Option<&str>,
    body: &[u8],
    now: SystemTime,
) -> Option<Duration> {
    let from_header = header.and_then(|header| {
        seconds(header).or_else(|| {
            let until = httpdate::parse_http_date(header.trim()).ok()?;
            let since = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or(now);
            // A date that has passed asks for no wait at all.
            Some(until.duration_since(since).unwrap_or_default())
        })
    });
    from_header.or_else(|| from_body(body)).map(|wait| wait.min(MAX))
}

/// A decimal number of seconds, rounded up to the millisecond; too large for a number means very long.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let wait = Duration::try_from_secs_f64(value).unwrap_or(MAX).min(MAX);
    let millis = wait.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).ok().map(Duration::from_millis)
}

fn from_body(body: &[u8]) -> Option<Duration> {
    let value = field(body, b"retry_after")?;
    seconds(std::str::from_utf8(value).ok()?.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> SystemTime {
        httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap()
    }

    fn read(header: Option<&str>, date: Option<&str>, body: &str) -> Option<u64> {
        let wait = retry_after(header, date, body.as_bytes(), now())?;
        Some(u64::try_from(wait.as_millis()).unwrap())
    }

    #[test]
    fn every_way_of_saying_it_is_read() {
        let date = Some("Wed, 21 Oct 2015 07:28:30 GMT");
        for (header, answered_at, body, millis) in [
            (Some("30"), None, "", Some(30_000)),
            (Some(" 1 "), None, "", Some(1_000)),
            (Some("0"), None, "", Some(0)),
            (Some("1.5"), None, "", Some(1_500)),
            (Some("0.0001"), None, "", Some(1)),
            (date, None, "", Some(30_000)),
            (date, Some("Wed, 21 Oct 2015 07:28:20 GMT"), "", Some(10_000)),
            (date, Some("Wed, 21 Oct 2015 09:00:00 GMT"), "", Some(0)),
            (date, Some("garbage"), "", Some(30_000)),
            (Some("Wednesday, 21-Oct-15 07:28:05 GMT"), None, "", Some(5_000)),
            (Some("Wed Oct 21 07:28:07 2015"), None, "", Some(7_000)),
            (None, None, r#"{"ok":false,"error":"ratelimited","retry_after":12}"#, Some(12_000)),
            (None, None, r#"{"retry_after":2.5}"#, Some(2_500)),
            (None, None, r#"{"retry_after":"4"}"#, Some(4_000)),
            (Some("soon"), None, r#"{"retry_after":12}"#, Some(12_000)),
            (Some("3"), None, r#"{"retry_after":12}"#, Some(3_000)),
            (None, None, "", None),
            (None, None, "ratelimited", None),
            (None, None, r#"{"retry_after":null}"#, None),
            (None, None, r#"{"retry_after":-1}"#, None),
            (None, None, r#"{"retry_after":[1]}"#, None),
            (Some("-5"), None, "", None),
            (Some("30s"), None, "", None),
            (Some("1e3"), None, "", None),
            (Some("inf"), None, "", None),
            (Some(""), None, "", None),
            (Some("."), None, "", None),
        ] {
            assert_eq!(read(header, answered_at, body), millis, "{header:?} {answered_at:?} {body}");
        }
    }

    #[test]
    fn the_absurd_is_cut_to_the_longest_wait() {
        for header in ["301", "99999", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(read(Some(header), None, ""), Some(300_000), "{header}");
        }
        assert_eq!(read(None, None, r#"{"retry_after":1e300}"#), None);
    }

    proptest! {
        #[test]
        fn nothing_panics_or_exceeds_the_longest_wait(
            header in proptest::option::of("\\PC{0,40}|[0-9.]{0,400}"),
            date in proptest::option::of("\\PC{0,40}"),
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let wait = retry_after(header.as_deref(), date.as_deref(), &body, now());
            prop_assert!(wait.is_none_or(|wait| wait <= MAX));
        }
    }
}
