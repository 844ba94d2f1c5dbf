//! An answer's Retry-After: header, date and body, divided by line breaks.

use std::time::{Duration, UNIX_EPOCH};

use statuswatch::slack::retry_after::{MAX, retry_after};

use super::in_two;

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (header, rest) = in_two(&text, "\n");
    let (answered_at, body) = in_two(rest, "\n");
    let now = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let wait = retry_after(Some(header), Some(answered_at), body.as_bytes(), now);
    assert!(wait.is_none_or(|wait| wait <= MAX), "longer than the longest wait");
    if let Ok(seconds) = header.trim().parse::<u16>()
        && !header.contains('+')
    {
        assert_eq!(wait, Some(Duration::from_secs(seconds.into()).min(MAX)));
    }
    let of_body = retry_after(None, None, body.as_bytes(), now);
    assert!(of_body.is_none_or(|wait| wait <= MAX), "longer than the longest wait");
    if wait.is_none() {
        assert_eq!(of_body, None, "a header that says nothing hides the body");
    }
}
