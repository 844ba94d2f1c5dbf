//! What `decode` reads and what it refuses, in every form that a batch comes in.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

const CAP: u64 = 1 << 20;

/// Writes down what it receives, one line each.
#[derive(Default)]
struct Transcript(Vec<String>);

impl Sink for Transcript {
    fn log_event(&mut self, header: &Header, event: LogEvent<'_>) {
        let (mut id, mut message) = (String::new(), String::new());
        event.id.unescape_into(&mut id);
        if let Some(text) = event.message {
            text.unescape_into(&mut message);
        } else {
            message.push_str("(none)");
        }
        self.0.push(format!(
            "{}|{}|{id}|{}|{message}",
            header.log_group, header.log_stream, event.timestamp_ms
        ));
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn transcript(source: Source<'_>) -> Result<Vec<String>, DecodeError> {
    let mut sink = Transcript::default();
    decode(source, CAP, &mut sink)?;
    Ok(sink.0)
}

fn plain(text: &str) -> Result<Vec<String>, DecodeError> {
    transcript(Source::Plain(text.as_bytes()))
}

const MESSAGE: &str = r#"{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":5,"message":"a\"b"},{"id":"2","timestamp":6,"message":"c"}]}"#;

#[test]
fn every_form_of_the_same_message_gives_the_same_log_events() {
    let expected = vec!["g|s|1|5|a\"b".to_owned(), "g|s|2|6|c".to_owned()];
    let gzipped = gzip(MESSAGE.as_bytes());
    let padded = BASE64_STANDARD.encode(&gzipped);
    let spaced: String = padded.chars().flat_map(|c| [c, '\n', ' ']).collect();
    let (first, second) = MESSAGE.as_bytes().split_at(100);
    for source in [
        Source::Plain(MESSAGE.as_bytes()),
        Source::Compressed(&gzipped),
        Source::Compressed(&[gzip(first), gzip(second)].concat()),
        Source::Compressed(&zlib(MESSAGE.as_bytes())),
        Source::Base64(padded.as_bytes()),
        Source::Base64(padded.trim_end_matches('=').as_bytes()),
        Source::Base64(spaced.as_bytes()),
    ] {
        assert_eq!(transcript(source), Ok(expected.clone()), "{source:?}");
    }
}

#[test]
fn fields_come_in_any_order() {
    let tail = r#"{"logEvents":[{"message":"m","timestamp":7,"id":"1"}],"logStream":"s","logGroup":"g","messageType":"DATA_MESSAGE"}"#;
    assert_eq!(plain(tail).unwrap(), ["g|s|1|7|m"]);
    assert_eq!(
        plain(&format!("{MESSAGE}\n{tail}{MESSAGE}")).unwrap(),
        ["g|s|1|5|a\"b", "g|s|2|6|c", "g|s|1|5|a\"b", "g|s|2|6|c", "g|s|1|7|m"],
    );
}

#[test]
fn a_control_message_has_no_log_events_in_any_of_its_shapes() {
    for control in [
        r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1510109208016,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#,
        r#"{"logEvents":[{"id":"","timestamp":"1510109208016","message":"x"}],"logGroup":"","messageType":"CONTROL_MESSAGE"}"#,
        r#"{"messageType":"CONTROL_MESSAGE","logEvents":null}"#,
        r#"{"messageType":"CONTROL_MESSAGE"}"#,
    ] {
        assert_eq!(plain(control).unwrap(), Vec::<String>::new(), "{control}");
    }
}

#[test]
fn an_odd_log_event_does_not_harm_the_others() {
    let events = r#"{"logGroup":"g","logStream":"s","messageType":"DATA_MESSAGE","logEvents":[
        {"id":"1","timestamp":1,"message":502}, 7, null, [{"message":"x"}], {},
        {"timestamp":1,"message":"no id"}, {"id":9,"timestamp":"2","message":"id is a number"},
        {"id":"2","timestamp":-5,"message":"before 1970"}, {"id":"3","message":"no time"},
        {"id":"4","timestamp":99999999999999999999,"message":"after 9999"}, {"id":"5","timestamp":1.5,"message":"a fraction"},
        {"id":"6","timestamp":1,"message":"first","message":"last","extractedFields":{"a":["}"]}}
    ],"policyLevel":"ACCOUNT_LEVEL_POLICY"}"#;
    assert_eq!(
        plain(events).unwrap(),
        [
            "g|s|1|1|(none)",
            "g|s||0|(none)",
            "g|s||0|(none)",
            "g|s||0|(none)",
            "g|s||0|(none)",
            "g|s||1|no id",
            "g|s||2|id is a number",
            "g|s|2|0|before 1970",
            "g|s|3|0|no time",
            "g|s|4|253402300799999|after 9999",
            "g|s|5|1|a fraction",
            "g|s|6|1|last",
        ],
    );
}

#[test]
fn a_time_is_read_however_its_number_is_spelled_and_a_word_is_none() {
    for (written, ms) in [
        ("1605677336000.0", 1_605_677_336_000),
        ("1.605677336e12", 1_605_677_336_000),
        ("1605677336E+3", 1_605_677_336_000),
        (r#""1.605677336e12""#, 1_605_677_336_000),
        ("16056773360009e-1", 1_605_677_336_000),
        // Seconds, microseconds and nanoseconds, where the number can be nothing else.
        ("1605677336", 1_605_677_336_000),
        (r#""1605677336""#, 1_605_677_336_000),
        ("1605677336.25", 1_605_677_336_250),
        ("1605677336000123", 1_605_677_336_000),
        ("1605677336000123456", 1_605_677_336_000),
        ("999999999", 999_999_999),
        ("100000000000", 100_000_000_000),
        ("253402300799999", MAX_TIMESTAMP_MS),
        ("253402300800000", MAX_TIMESTAMP_MS),
        ("9223372036854775807", MAX_TIMESTAMP_MS),
        ("1e400", MAX_TIMESTAMP_MS),
        ("-1e3", 0),
        (r#""inf""#, 0),
        (r#""NaN""#, 0),
        (r#""e""#, 0),
        ("true", 0),
    ] {
        let message = MESSAGE.replace("\"timestamp\":5", &format!("\"timestamp\":{written}"));
        assert_eq!(plain(&message).unwrap()[0], format!("g|s|1|{ms}|a\"b"), "{written}");
    }
}

#[test]
fn keys_are_keys_whatever_escapes_spell_them() {
    let mut escaped = MESSAGE.to_owned();
    for key in ["messageType", "owner", "logGroup", "logStream", "logEvents", "id", "timestamp", "message"] {
        let spelled = key.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<Vec<_>>().concat();
        escaped = escaped.replace(&format!("\"{key}\":"), &format!("\"{spelled}\":"));
    }
    assert!(!escaped.contains("message"), "{escaped}");
    assert_eq!(plain(&escaped), plain(MESSAGE));
}

#[test]
fn a_log_event_longer_than_the_window_is_read_and_one_beyond_all_measure_is_counted() {
    let event = |length: usize| format!(r#"{{"id":"1","timestamp":1,"message":"{}"}}"#, "x".repeat(length));
    let batch = |length| {
        format!(
            r#"{{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{},{}]}}"#,
            event(length),
            event(1),
        )
    };
    let mut sink = Transcript::default();
    decode(Source::Plain(batch(1 << 20).as_bytes()), 1 << 30, &mut sink).unwrap();
    assert_eq!(sink.0.iter().map(String::len).collect::<Vec<_>>(), [(1 << 20) + 8, 9]);
    let mut sink = Transcript::default();
    decode(Source::Plain(batch(window::MAX_BYTES).as_bytes()), 1 << 30, &mut sink).unwrap();
    assert_eq!(sink.0, ["g|s||0|(none)", "g|s|1|1|x"]);
}

#[test]
fn what_is_wrong_is_said_with_its_stage_and_place() {
    let check = |source: Source<'_>, expected: &str| {
        assert_eq!(transcript(source).unwrap_err().to_string(), expected, "{source:?}");
    };
    let gzipped = gzip(MESSAGE.as_bytes());
    let mut damaged = gzipped.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    check(Source::Base64(b""), "base64: no data");
    check(Source::Base64(b" \n"), "base64: no data");
    check(Source::Base64(b"H4sI*AAA"), "base64: invalid at byte 4");
    check(Source::Base64(b"H4sIA"), "base64: invalid at byte 5");
    check(
        Source::Base64(b"SGVsbG8gV29ybGQ="),
        "inflate: neither gzip nor zlib at byte 0; the data of a subscription filter is gzip",
    );
    check(
        Source::Compressed(&damaged),
        // Only the length of the text stands behind it.
        &format!("inflate: the checksum before byte {} does not match the data", gzipped.len() - 4),
    );
    check(Source::Compressed(&gzip(b"")), "json: the inflated text ends within a value, at byte 0");
    check(
        Source::Plain(b"[1]"),
        "json: expected the { of a subscription message at byte 0 of the inflated text",
    );
    check(Source::Plain(b"{\"owner\":tru}"), "json: expected a JSON value at byte 12 of the inflated text");
    check(Source::Plain(b"{\"logEvents\":[}"), "json: expected a JSON value at byte 14 of the inflated text");
    check(Source::Plain(b"{\"a\":1"), "json: the inflated text ends within a value, at byte 6");
    check(
        Source::Plain(b"{}"),
        "message: no logEvents before byte 2 of the inflated text; is it a subscription message?",
    );
    check(
        Source::Plain(b"{\"logEvents\":{}}"),
        "message: no logEvents before byte 16 of the inflated text; is it a subscription message?",
    );
    check(
        Source::Plain(b"{\"logGroup\":\"a\",\"logGroup\":\"b\"}"),
        "message: logGroup appears twice, again at byte 27 of the inflated text",
    );
    check(
        Source::Plain(b"{\"messageType\":\"OTHER\",\"logEvents\":[]}"),
        "message: a messageType other than DATA_MESSAGE and CONTROL_MESSAGE, before byte 38 of the inflated text",
    );
    check(
        Source::Plain(&vec![b' '; 2 << 20]),
        "inflate: more than 1048576 bytes after inflation; STATUSWATCH_MAX_DECOMPRESSED_BYTES sets the cap",
    );
}

#[test]
fn a_batch_cut_anywhere_is_an_error() {
    for whole in [
        gzip(MESSAGE.as_bytes()),
        zlib(MESSAGE.as_bytes()),
        [gzip(MESSAGE.as_bytes()), gzip(MESSAGE.as_bytes())].concat(),
    ] {
        for length in 0..whole.len() {
            if length == whole.len() / 2 && whole[length..].starts_with(&[0x1f, 0x8b]) {
                continue; // Between two members it is no cut but a smaller batch.
            }
            assert!(transcript(Source::Compressed(&whole[..length])).is_err(), "cut at {length}");
        }
        assert!(transcript(Source::Compressed(&[whole.as_slice(), b"x"].concat())).is_err());
    }
}

#[test]
fn a_bomb_is_stopped_at_the_cap() {
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(matches!(transcript(Source::Compressed(&bomb)), Err(DecodeError::TooLarge { limit: CAP })));
    let members = gzip(&vec![b' '; 1 << 19]).repeat(3);
    assert!(matches!(transcript(Source::Compressed(&members)), Err(DecodeError::TooLarge { limit: CAP })));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(transcript(Source::Base64(&bytes)).is_err());
        prop_assert!(transcript(Source::Compressed(&bytes)).is_err());
        prop_assert!(transcript(Source::Plain(&bytes)).is_err());
        prop_assert!(transcript(Source::Compressed(&gzip(&bytes))).is_err());
    }

    #[test]
    fn any_damage_to_the_text_of_a_message_is_read_without_a_panic(at in 0..MESSAGE.len(), byte in any::<u8>()) {
        let mut text = MESSAGE.as_bytes().to_vec();
        text[at] = byte;
        let whole = transcript(Source::Plain(MESSAGE.as_bytes())).unwrap();
        if let Ok(log_events) = transcript(Source::Plain(&text)) {
            prop_assert!(log_events.len() <= whole.len(), "{log_events:?}");
        }
    }

    /// The second reader is AWS's own types.
    #[test]
    fn log_events_are_those_that_aws_lambda_events_reads(
        // From 2001 on: smaller numbers may be read as seconds.
        events in prop::collection::vec((any::<String>(), 1_000_000_000_000..253_402_300_799_999_i64, any::<String>()), 0..40),
    ) {
        let log_events: Vec<_> = events
            .iter()
            .map(|(id, timestamp, message)| serde_json::json!({"id": id, "timestamp": timestamp, "message": message}))
            .collect();
        let text = serde_json::json!({
            "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s",
            "subscriptionFilters": [], "logEvents": log_events,
        })
        .to_string();
        let data = BASE64_STANDARD.encode(gzip(text.as_bytes()));
        let event = serde_json::json!({"awslogs": {"data": data}}).to_string();
        let theirs: aws_lambda_events::event::cloudwatch_logs::LogsEvent = serde_json::from_str(&event).unwrap();
        let theirs: Vec<_> = theirs.aws_logs.data.log_events.iter()
            .map(|entry| format!("g|s|{}|{}|{}", entry.id, entry.timestamp, entry.message))
            .collect();
        prop_assert_eq!(transcript(Source::Base64(data.as_bytes())).unwrap(), theirs);
    }
}
