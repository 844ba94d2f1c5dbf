//! Reads one element of `logEvents` into a [`LogEvent`].

use std::ops::Range;

use crate::json::ends::text_length;
use crate::json::{self, Stop, members};

/// The newest time that a log event can have: the last millisecond of the year 9999. What is later was no time, and
/// became this.
pub(crate) const MAX_TIMESTAMP_MS: i64 = 253_402_300_799_999;

/// Digits of a timestamp that is read while they are counted: a number of so many cannot run over.
const MAX_USUAL_DIGITS: usize = 18;

/// One record in a log, as it stands in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEvent<'a> {
    /// CloudWatch's id for it, unique within its log stream; empty where it is missing or no text.
    pub id: EscapedText<'a>,
    /// When it happened, epoch milliseconds from 0 (also: unknown) to the end of the year 9999.
    pub timestamp_ms: i64,
    /// The logged line; `None` where it is missing or no text, so that nobody can read it.
    pub message: Option<EscapedText<'a>>,
    /// Whether the message is what [`Sink::recognise`](super::Sink::recognise) recognised last.
    pub is_recognised: bool,
    /// The value of its `extractedFields`, raw JSON; empty where it has none.
    pub extracted_fields: &'a [u8],
}

/// The text of a JSON string as it stands between the quotes, escapes and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscapedText<'a>(pub &'a [u8]);

impl EscapedText<'_> {
    /// Replaces what is in `out` by what the text says. What is not UTF-8 becomes U+FFFD.
    pub fn unescape_into(self, out: &mut String) {
        out.clear();
        json::unescape(self.0, out);
    }
}

impl LogEvent<'_> {
    /// What stands for a log event that is too long to be looked at, or is no object.
    pub const UNREADABLE: Self = LogEvent {
        id: EscapedText(b""),
        timestamp_ms: 0,
        message: None,
        is_recognised: false,
        extracted_fields: b"",
    };
}

/// Where in the scanned text the parts of a log event are.
#[derive(Debug)]
pub(super) struct Scanned {
    id: Range<usize>,
    timestamp_ms: i64,
    message: Option<Range<usize>>,
    is_recognised: bool,
    extracted_fields: Range<usize>,
    pub(super) length: usize,
}

impl Scanned {
    /// `text` is what was scanned, from the element's first byte on.
    pub(super) fn log_event<'a>(&self, text: &'a [u8]) -> LogEvent<'a> {
        let part = |range: &Range<usize>| EscapedText(text.get(range.clone()).unwrap_or_default());
        LogEvent {
            id: part(&self.id),
            timestamp_ms: self.timestamp_ms,
            message: self.message.as_ref().map(part),
            is_recognised: self.is_recognised,
            extracted_fields: part(&self.extracted_fields).0,
        }
    }
}

/// Reads a log event that stands alone; `None` where the text is no JSON value.
///
/// `aws logs filter-log-events` writes `eventId` for what is `id` in a subscription message.
pub(crate) fn scan_log_event(text: &[u8]) -> Option<LogEvent<'_>> {
    scan(text, &mut |_| None).ok().map(|(scanned, _)| scanned.log_event(text))
}

/// Reads one element of `logEvents`, of any shape. A key that stands twice: the last one holds.
///
/// `recognise` may tell the length of a message whose text begins where it is asked.
pub(super) fn scan(
    text: &[u8],
    recognise: &mut impl FnMut(&[u8]) -> Option<usize>,
) -> Result<(Scanned, usize), Stop> {
    let mut found = Scanned {
        id: 0..0,
        timestamp_ms: 0,
        message: None,
        is_recognised: false,
        extracted_fields: 0..0,
        length: 0,
    };
    found.length = match text.first() {
        Some(b'{') => scan_object(text, &mut found, recognise)?,
        _ => json::skip_value(text, 0)?,
    };
    let length = found.length;
    Ok((found, length))
}

/// Reads an element that is written as CloudWatch Logs writes it, with a message that is recognised; `None` where
/// anything is otherwise, or the text ends too early.
pub(super) fn scan_usual(text: &[u8], recognise: &mut impl FnMut(&[u8]) -> Option<usize>) -> Option<Scanned> {
    let id = text.strip_prefix(br#"{"id":""#)?;
    let id_length = text_length(id, b'"')?;
    let number = id.get(id_length..)?.strip_prefix(br#"","timestamp":"#)?;
    let (digits, ms) = leading_number(number);
    if number.first() == Some(&b'0') {
        return None;
    }
    let message = number.get(digits..)?.strip_prefix(br#","message":""#)?;
    let length = recognise(message)?;
    let behind = message.get(length..)?.strip_prefix(br#""}"#)?;
    let (id, message) = (text.len() - id.len(), text.len() - message.len());
    Some(Scanned {
        id: id..id + id_length,
        timestamp_ms: in_milliseconds(ms),
        message: Some(message..message + length),
        is_recognised: true,
        extracted_fields: 0..0,
        length: text.len() - behind.len(),
    })
}

/// How many digits a text begins with, of which no more than [`MAX_USUAL_DIGITS`] are looked at, and their number.
fn leading_number(text: &[u8]) -> (usize, i64) {
    // Times have thirteen.
    let (mut digits, mut number) = match text.first_chunk().copied().and_then(eight_digits) {
        Some(number) => (8, number),
        None => (0, 0),
    };
    let rest = text.get(digits..text.len().min(MAX_USUAL_DIGITS)).unwrap_or_default();
    for digit in rest.iter().take_while(|byte| byte.is_ascii_digit()) {
        (digits, number) = (digits + 1, number * 10 + i64::from(digit - b'0'));
    }
    (digits, number)
}

/// The number that eight digits are, found by adding up neighbours: single digits, pairs, fours.
fn eight_digits(text: [u8; 8]) -> Option<i64> {
    let digits = u64::from_le_bytes(text) ^ 0x3030_3030_3030_3030;
    // What is more than 9 reaches the highest bit of its byte.
    let above_9 = digits.wrapping_add(0x7676_7676_7676_7676) | digits;
    if above_9 & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    i64::try_from(eight).ok()
}

fn scan_object(
    text: &[u8],
    found: &mut Scanned,
    recognise: &mut impl FnMut(&[u8]) -> Option<usize>,
) -> Result<usize, Stop> {
    let mut at = json::skip_space(text, 1);
    if text.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        let name = json::expect(text, at, b'"')?;
        let end = json::closing_quote(text, name)?;
        let name = members::name(text.get(name..end).unwrap_or_default());
        at = json::skip_space(text, json::expect(text, end + 1, b':')?);
        at = match &*name {
            b"message" => {
                let begins = text.get(at) == Some(&b'"');
                let length = text.get(at + 1..).filter(|_| begins).and_then(&mut *recognise);
                found.is_recognised = length.is_some();
                if let Some(length) = length {
                    found.message = Some(at + 1..at + 1 + length);
                    at + length + 2
                } else {
                    scan_text(text, at, |range| found.message = range)?
                }
            }
            b"id" | b"eventId" => scan_text(text, at, |range| found.id = range.unwrap_or_default())?,
            b"timestamp" => {
                let end = number_end(text, at).map_or_else(|| json::skip_value(text, at), Ok)?;
                found.timestamp_ms = timestamp(text.get(at..end).unwrap_or_default());
                end
            }
            b"extractedFields" => {
                let end = json::skip_value(text, at)?;
                found.extracted_fields = at..end;
                end
            }
            _ => json::skip_value(text, at)?,
        };
        at = json::skip_space(text, at);
        match text.get(at) {
            Some(b',') => at += 1,
            Some(b'}') => return Ok(at + 1),
            Some(_) => return Err(Stop::Invalid(at)),
            None => return Err(Stop::Incomplete),
        }
    }
}

/// Where a whole number ends that has no sign and no leading zero, as nearly every timestamp is written.
fn number_end(text: &[u8], at: usize) -> Option<usize> {
    let digits = text.get(at..)?;
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ends = matches!(digits.get(length), Some(b',' | b'}' | b' '));
    (ends && matches!(digits.first(), Some(b'1'..=b'9'))).then_some(at + length)
}

fn scan_text(text: &[u8], at: usize, mut found: impl FnMut(Option<Range<usize>>)) -> Result<usize, Stop> {
    if text.get(at) == Some(&b'"') {
        let end = json::closing_quote(text, at + 1)?;
        found(Some(at + 1..end));
        return Ok(end + 1);
    }
    found(None);
    json::skip_value(text, at)
}

/// The time of a number, also one written as a text or as some encoders write numbers (`1605677336000.0`,
/// `1.605677336e12`); what is none, or lies before 1970, is 0.
fn timestamp(value: &[u8]) -> i64 {
    let number = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let Some(number) = std::str::from_utf8(number).ok() else { return 0 };
    if let Ok(number) = number.parse::<i64>() {
        return in_milliseconds(number);
    }
    // Rust reads `inf` and `nan` as numbers, too.
    let is_written_in_digits = number.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let number = number.parse::<f64>().ok().filter(|_| is_written_in_digits).unwrap_or_default();
    // A fraction of a second is kept.
    let is_in_seconds = (1e9..4_102_444_800.0).contains(&number);
    let number = if is_in_seconds { number * 1e3 } else { number };
    // A cast saturates: what is too large for any time becomes the far end, not the beginning of time.
    #[allow(clippy::cast_possible_truncation, reason = "no fraction of a millisecond is kept")]
    in_milliseconds(number as i64)
}

/// A timestamp in milliseconds. CloudWatch writes no other unit, but those who rewrite its log events do: a number that
/// is a time from 2001 to 2099 in seconds, microseconds or nanoseconds is taken as one. In milliseconds each would lie
/// in the first weeks of 1970 or far after the year 9999.
#[inline]
pub(crate) fn in_milliseconds(number: i64) -> i64 {
    const EARLIEST_USUAL_MS: i64 = 1_000_000_000_000;
    if (EARLIEST_USUAL_MS..=MAX_TIMESTAMP_MS).contains(&number) {
        return number;
    }
    let is_in_seconds = |seconds: i64| (1_000_000_000..4_102_444_800).contains(&seconds);
    let ms = if is_in_seconds(number) {
        number * 1_000
    } else if is_in_seconds(number / 1_000_000) {
        number / 1_000
    } else if is_in_seconds(number / 1_000_000_000) {
        number / 1_000_000
    } else {
        number
    };
    ms.clamp(0, MAX_TIMESTAMP_MS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_leading_number_is_read_digit_by_digit_or_at_once_alike(
            digits in "[0-9]{0,20}|[0-9]{6}[/:0-9]{4}",
            behind in "[^0-9]?.{0,9}",
        ) {
            let text = format!("{digits}{behind}");
            let digits: String =
                text.chars().take(MAX_USUAL_DIGITS).take_while(char::is_ascii_digit).collect();
            let number = digits.parse().unwrap_or_default();
            prop_assert_eq!(leading_number(text.as_bytes()), (digits.len(), number));
        }

        #[test]
        fn eight_bytes_are_a_number_only_if_each_is_a_digit(text in any::<[u8; 8]>(), digits in "[0-9]{8}") {
            let number = std::str::from_utf8(&text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(eight_digits(text), number.and_then(|text| text.parse().ok()));
            let digits_alone = digits.as_bytes().first_chunk().copied().and_then(eight_digits);
            prop_assert_eq!(digits_alone, digits.parse().ok());
        }
    }
}
