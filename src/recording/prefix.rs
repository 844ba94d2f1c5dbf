//! One line of an export in; what the exporter wrote before the log event, and the log event, out.
//!
//! It is the one place that takes such a prefix off: that of an S3 export (time), of `aws logs tail` (time, and the log
//! stream), and of awslogs (log group, log stream, and the time on request). It reads no access log itself.

use time::{Date, Month};

use crate::access_log::{Format, is_access_log};

/// What stood before a log event, and the log event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prefixed<'a> {
    /// Empty where the exporter does not write it.
    pub(super) log_group: &'a str,
    /// Empty where the exporter does not write it.
    pub(super) log_stream: &'a str,
    /// Epoch milliseconds.
    pub(super) timestamp_ms: Option<i64>,
    pub(super) message: &'a [u8],
}

/// How an exporter writes the zone of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// `Z`, as S3 exports and awslogs have it.
    Z,
    /// `+00:00`, as `aws logs tail` has it in its detailed and JSON formats.
    Offset,
    /// None: the short format of `aws logs tail`, which is UTC.
    None,
}

/// Takes the prefix off a line; `None` where it has none.
pub(super) fn take_off(line: &[u8]) -> Option<Prefixed<'_>> {
    if line.first()?.is_ascii_digit()
        && let Some((timestamp_ms, zone, rest)) = time(line)
    {
        // A Classic Load Balancer's own line begins with a time, too.
        if zone == Zone::Z && is_access_log(line, Format::LoadBalancer) {
            return None;
        }
        let timestamp_ms = Some(timestamp_ms);
        let (log_stream, message) = match zone {
            Zone::Offset => {
                let (stream, message) = word(rest)?;
                (std::str::from_utf8(stream).ok()?, message)
            }
            Zone::Z | Zone::None => ("", rest),
        };
        return Some(Prefixed { log_group: "", log_stream, timestamp_ms, message });
    }
    awslogs(line)
}

/// Whether a line could have a prefix or begin with a colour, by its first bytes alone.
pub(super) fn may_begin(line: &[u8]) -> bool {
    let length = line.iter().position(|byte| !is_in_group(*byte)).unwrap_or(line.len());
    let (word, behind) = line.split_at_checked(length).unwrap_or_default();
    line.first() == Some(&0x1b)
        || line.get(4) == Some(&b'-')
        || is_group(word) && matches!(behind.first(), None | Some(b' '))
}

/// Removes the colours that `aws logs tail` and awslogs write on request; `None` where the line does not begin with one.
pub(super) fn without_colors(line: &[u8]) -> Option<Vec<u8>> {
    if !line.starts_with(b"\x1b[") {
        return None;
    }
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        let (before, code) = rest.split_at(at);
        plain.extend_from_slice(before);
        let length = code.strip_prefix(b"\x1b[").and_then(|parameters| {
            let end = parameters.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';'))?;
            (parameters.get(end) == Some(&b'm')).then_some(end + 3)
        });
        // What is no colour is left as it is.
        plain.extend_from_slice(if length.is_none() { b"\x1b" } else { b"" });
        rest = code.get(length.unwrap_or(1)..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    Some(plain.trim_ascii().to_vec())
}

/// `group stream message`, or with the time between; without one, the name of the group has to look like that of an
/// API and the message has to be an access log: other programs, too, write two words and then JSON.
fn awslogs(line: &[u8]) -> Option<Prefixed<'_>> {
    let (group, rest) = word(line)?;
    if !is_group(group) || !group.iter().all(|byte| is_in_group(*byte)) {
        return None;
    }
    let (stream, rest) = word(rest)?;
    let (log_group, log_stream) = (std::str::from_utf8(group).ok()?, std::str::from_utf8(stream).ok()?);
    let bare = rest.strip_prefix(b"[").unwrap_or(rest);
    if let Some((timestamp_ms, Zone::Z, message)) = time(bare) {
        return Some(Prefixed { log_group, log_stream, timestamp_ms: Some(timestamp_ms), message });
    }
    is_access_log(rest, Format::Auto).then_some(Prefixed {
        log_group,
        log_stream,
        timestamp_ms: None,
        message: rest,
    })
}

fn is_in_group(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_/#".contains(&byte)
}

fn is_group(name: &[u8]) -> bool {
    name.contains(&b'/')
}

/// The first word and what stands behind the space after it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', text)?;
    Some((text.get(..end)?, text.get(end + 1..)?)).filter(|(word, _)| !word.is_empty())
}

/// A time at the beginning of `text`, epoch milliseconds, and what stands behind the space after it.
fn time(text: &[u8]) -> Option<(i64, Zone, &[u8])> {
    let number = |from: usize, length: usize| {
        text.get(from..from + length)?.iter().try_fold(0_i32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0'))
        })
    };
    let has = |at: usize, byte: u8| text.get(at) == Some(&byte);
    if !(has(4, b'-') && has(7, b'-') && has(10, b'T') && has(13, b':') && has(16, b':')) {
        return None;
    }
    let small = |from: usize| number(from, 2).and_then(|number| u8::try_from(number).ok());
    let date = Date::from_calendar_date(number(0, 4)?, Month::try_from(small(5)?).ok()?, small(8)?).ok()?;
    let seconds = date.with_hms(small(11)?, small(14)?, small(17)?).ok()?.assume_utc().unix_timestamp();
    let mut at = 19;
    let (mut digits, mut millis) = (0, 0);
    if has(at, b'.') {
        digits = text.get(at + 1..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        millis = i64::from(number(at + 1, 3)?);
        at += 1 + digits;
    }
    let rest = text.get(at..)?;
    let zones: [(&[u8], Zone); 3] = [(b"Z", Zone::Z), (b"+00:00", Zone::Offset), (b"", Zone::None)];
    let (zone, rest) = zones.iter().find_map(|(sign, zone)| Some((*zone, rest.strip_prefix(*sign)?)))?;
    // Other logs begin with a time, too: that of a Classic Load Balancer with microseconds and `Z`.
    let is_an_exporters = match zone {
        Zone::Z => digits == 3,
        Zone::Offset => matches!(digits, 0 | 6),
        Zone::None => digits == 0,
    };
    if !is_an_exporters {
        return None;
    }
    let rest = rest.strip_prefix(b"]").unwrap_or(rest);
    // An empty log event leaves nothing, not even the space.
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    Some((seconds * 1_000 + millis, zone, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: i64 = 1_605_677_336_123;

    #[track_caller]
    fn check(line: &str, log_group: &str, log_stream: &str, timestamp_ms: Option<i64>, message: &str) {
        let message = message.as_bytes();
        let expected = Prefixed { log_group, log_stream, timestamp_ms, message };
        assert_eq!(take_off(line.as_bytes()), Some(expected), "{line}");
    }

    #[test]
    fn the_prefix_of_each_exporter_is_taken_off() {
        check("2020-11-18T05:28:56.123Z {\"a\":1} b", "", "", Some(AT), "{\"a\":1} b");
        check("2020-11-18T05:28:56.123Z", "", "", Some(AT), "");
        check("2020-11-18T05:28:56 GET / 200", "", "", Some(AT - 123), "GET / 200");
        check("2020-11-18T05:28:56.123000+00:00 stream one two", "", "stream", Some(AT), "one two");
        check("2020-11-18T05:28:56+00:00 stream {}", "", "stream", Some(AT - 123), "{}");
        let line = r#"{"status":"502"}"#;
        check(&format!("/aws/api/x 0123abc {line}"), "/aws/api/x", "0123abc", None, line);
        check(
            &format!("/aws/api/x 0123abc 2020-11-18T05:28:56.123Z {line}"),
            "/aws/api/x",
            "0123abc",
            Some(AT),
            line,
        );
        check(
            &format!("/aws/api/x 0123abc [2020-11-18T05:28:56.123Z] {line}"),
            "/aws/api/x",
            "0123abc",
            Some(AT),
            line,
        );
    }

    proptest! {
        #[test]
        fn no_line_has_a_prefix_that_could_have_none(
            parts in prop::collection::vec(prop::sample::select(vec![
                "2020-11-18T05:28:56.123Z", "2020-11-18T05:28:56", "2020-11-18T05:28:56+00:00", "/aws/api/x", "a/b", "0123abc",
                " ", " ", " ", "[", "]", "\u{1b}[32m", "{\"status\":\"502\"}", ",", "é",
                "203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] \"GET / HTTP/1.1\" 502 36 a",
            ]), 0..7),
        ) {
            let line = parts.concat();
            let has_one = take_off(line.as_bytes()).is_some() || without_colors(line.as_bytes()).is_some();
            prop_assert!(may_begin(line.as_bytes()) || !has_one, "{}", line);
        }
    }

    #[test]
    fn a_line_without_such_a_prefix_is_left_alone() {
        for line in [
            "",
            "203.0.113.7 - - [18/Nov/2020:05:28:56 +0000] \"GET / HTTP/1.1\" 502 36 a",
            "2020-11-18 05:28:56.123 INFO {\"status\":\"502\"}",
            "2020-11-18T05:28:56.123Z\tid\tINFO\t{\"status\":\"502\"}",
            "2020-13-18T05:28:56.123Z {}",
            "2020-11-18T25:28:56.123Z {}",
            "2020-11-18T05:28:56.1Z {}",
            "2020-11-18T05:28:56.123456Z my-elb 203.0.113.7:443",
            "2020-11-18T05:28:56Z INFO {}",
            "2020-11-18T05:28:56.123 INFO {}",
            "2020-11-18T05:28:56+09:00 stream {}",
            "INFO handler {\"status\":\"502\"}",
            "/usr/bin/app started now",
        ] {
            assert_eq!(take_off(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn colors_are_removed_from_a_line_that_begins_with_one() {
        let colored = b"\x1b[32m2020-11-18T05:28:56.123000+00:00\x1b[0m \x1b[1;36mstream\x1b[0m m\x1b[x";
        assert_eq!(
            without_colors(colored).as_deref(),
            Some(b"2020-11-18T05:28:56.123000+00:00 stream m\x1b[x".as_slice())
        );
        assert_eq!(without_colors(b"plain \x1b[32mcolor"), None);
    }
}
