//! What each variable of an access log may look like in a line that is not JSON.

use std::net::IpAddr;

use crate::access_log::Status;
use crate::access_log::redact::MASK;
use crate::words::MONTHS;

/// `dd/MMM/yyyy:HH:mm:ss ±hhmm`, as `$context.requestTime` is written.
pub(super) fn is_request_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"00/Mmm/0000:00:00:00 +0000";
    let fits = |(byte, shape): (u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'M' | b'm' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        _ => byte == *shape,
    };
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(fits)
        && text.get(3..6).is_some_and(|month| MONTHS.contains(&month))
}

/// Length of a request time, in bytes.
pub(super) const REQUEST_TIME_BYTES: usize = 26;

/// `2018-07-02T22:23:00.186641Z`, with or without a fraction.
pub(in crate::access_log) fn is_iso_time(text: &str) -> bool {
    let Some((date, time)) = text.strip_suffix('Z').and_then(|text| text.split_once('T')) else {
        return false;
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    is_iso_date(date) && is_clock_time(time) && !fraction.is_empty() && is_number(fraction)
}

/// `2018-07-02`
pub(in crate::access_log) fn is_iso_date(text: &str) -> bool {
    has_shape(text, b"0000-00-00")
}

/// `22:23:00`
pub(in crate::access_log) fn is_clock_time(text: &str) -> bool {
    has_shape(text, b"00:00:00")
}

fn has_shape(text: &str, shape: &[u8]) -> bool {
    let fits = |(byte, shape): (u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape };
    text.len() == shape.len() && text.bytes().zip(shape).all(fits)
}

/// API Gateway writes `-` for a variable without a value.
pub(super) fn is_missing(text: &str) -> bool {
    matches!(text, "" | "-")
}

/// What `redact` leaves of a value: a masked line is read again for its route.
pub(super) fn is_masked(text: &str) -> bool {
    text == MASK
}

/// Missing, masked, or of this shape.
pub(super) fn or_missing(text: &str, shape: impl FnOnce(&str) -> bool) -> bool {
    is_missing(text) || is_masked(text) || shape(text)
}

/// An address, or a masked one.
pub(super) fn is_ip(text: &str) -> bool {
    is_masked(text) || text.parse::<IpAddr>().is_ok()
}

/// A status from 100 to 599, of exactly three digits.
pub(in crate::access_log) fn status(text: &str) -> Option<Status> {
    let is_status = text.len() == 3 && is_number(text);
    Status::new(text.parse().ok().filter(|_| is_status)?)
}

pub(super) fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number with or without a fraction, such as a latency.
pub(super) fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    !whole.is_empty() && is_number(whole) && !fraction.is_empty() && is_number(fraction)
}

/// An account, a user id, an ARN or a role's session: never with white space.
pub(super) fn is_principal(text: &str) -> bool {
    !text.chars().any(|char| char.is_whitespace() || char.is_control() || matches!(char, '<' | '>' | '"'))
}

pub(in crate::access_log) fn is_method(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// `$context.eventType` of a WebSocket API.
pub(super) fn is_event_type(text: &str) -> bool {
    matches!(text, "CONNECT" | "MESSAGE" | "DISCONNECT")
}

/// A path, a whole URL as a proxy is asked for, or a path that was masked.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://") || is_masked(text)
}

/// `GET /pets` or `$default`.
pub(super) fn is_route_key(text: &str) -> bool {
    text.starts_with('$')
        || text.split_once(' ').is_some_and(|(method, path)| is_method(method) && path.starts_with('/'))
}

/// `HTTP/1.1`, `HTTP/2`.
pub(in crate::access_log) fn is_protocol(text: &str) -> bool {
    let version = text.strip_prefix("HTTP/").unwrap_or_default();
    (1..=3).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A UUID, `UUID_REPLACED_INVALID_REQUEST_ID`, or base64 as in an extended request id.
pub(super) fn is_id(text: &str) -> bool {
    is_masked(text)
        || (text.len() <= 128
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=' | b'+' | b'/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_time_has_exactly_one_shape() {
        for text in ["15/Jul/2021:05:35:16 +0000", "01/Jan/2027:23:59:59 -0930"] {
            assert!(is_request_time(text) && text.len() == REQUEST_TIME_BYTES, "{text}");
        }
        for text in [
            "",
            "-",
            "15/Jul/2021:05:35:16",
            "5/Jul/2021:05:35:16 +0000",
            "15/07./2021:05:35:16 +0000",
            "15/Jux/2021:05:35:16 +0000",
            "15/Jul/2021 05:35:16 +0000",
            "15/Jul/2021:05:35:16 Z0000",
            "2021-07-15T05:35:16 +00:00",
            "15/Jül/2021:05:35:16 +000",
        ] {
            assert!(!is_request_time(text), "{text}");
        }
    }
}
