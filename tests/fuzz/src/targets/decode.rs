//! Batches: the same text is read in every form alike, and as `serde_json` reads it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::{Deserializer, Value};
use statuswatch::decode::{DecodeError, Header, LogEvent, Sink, Source, decode};

/// Enough for every input that a fuzzer makes, and small enough to be reached by a bomb among them.
const CAP: u64 = 1 << 20;

/// What was handed on, and how much of it.
#[derive(Debug, Default, PartialEq)]
struct Transcript {
    events: Vec<(Header, String, i64, Option<String>)>,
    bytes: u64,
}

impl Sink for Transcript {
    fn log_event(&mut self, header: &Header, event: LogEvent<'_>) {
        assert!((0..=253_402_300_799_999).contains(&event.timestamp_ms));
        self.bytes += event.message.map_or(0, |message| message.0.len() as u64);
        let unescaped = |text: statuswatch::decode::EscapedText<'_>| {
            let mut out = String::new();
            text.unescape_into(&mut out);
            out
        };
        self.events.push((
            header.clone(),
            unescaped(event.id),
            event.timestamp_ms,
            event.message.map(unescaped),
        ));
    }
}

fn read(source: Source<'_>) -> Result<Transcript, DecodeError> {
    let mut transcript = Transcript::default();
    decode(source, CAP, &mut transcript)?;
    assert!(transcript.bytes <= CAP, "more was handed on than the cap lets through");
    Ok(transcript)
}

/// The first byte chooses: the rest as base64, as compressed bytes, or as a text to be compressed in each way.
pub(super) fn compressed(data: &[u8]) {
    let Some((way, rest)) = data.split_first() else { return };
    match way % 3 {
        0 => drop(read(Source::Base64(rest))),
        1 => {
            let of_bytes = read(Source::Compressed(rest));
            assert_eq!(read(Source::Base64(STANDARD.encode(rest).as_bytes())).ok(), of_bytes.ok());
        }
        _ => {
            let plain = read(Source::Plain(rest));
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(rest).expect("a vector takes everything");
            zlib.write_all(rest).expect("a vector takes everything");
            let gzip = gzip.finish().expect("a vector takes everything");
            for bytes in [&zlib.finish().expect("a vector takes everything"), &gzip] {
                assert_eq!(read(Source::Compressed(bytes)), plain);
            }
            let lines: Vec<String> = STANDARD
                .encode(&gzip)
                .as_bytes()
                .chunks(76)
                .map(String::from_utf8_lossy)
                .map(Into::into)
                .collect();
            assert_eq!(read(Source::Base64(lines.join("\r\n").as_bytes())), plain);
            let cut = &gzip[..gzip.len() - 1 - usize::from(*way) % gzip.len()];
            assert!(read(Source::Compressed(cut)).is_err(), "a part was taken for the whole");
        }
    }
}

/// An inflated text.
pub(super) fn subscription_message(data: &[u8]) {
    let read = read(Source::Plain(data));
    let messages: Result<Vec<Value>, _> = Deserializer::from_slice(data).into_iter().collect();
    // Only an escape can spell a name in another way; what we do then is stricter than JSON, and tested elsewhere.
    let Some(messages) = messages.ok().filter(|_| !data.windows(2).any(|two| two == b"\\u")) else { return };
    if messages.is_empty() || !messages.iter().all(Value::is_object) {
        assert!(read.is_err(), "no list of messages, and yet read");
        return;
    }
    let transcript = match read {
        Ok(transcript) => transcript,
        Err(error) => {
            let is_refused_shape =
                !matches!(error, DecodeError::NotJson { .. } | DecodeError::TruncatedJson { .. });
            assert!(is_refused_shape, "{error}");
            return;
        }
    };
    let is_control = |message: &&Value| message["messageType"] == "CONTROL_MESSAGE";
    let data_messages = messages.iter().filter(|message| !is_control(message));
    let expected: Vec<Option<&str>> = data_messages
        .flat_map(|message| message["logEvents"].as_array().into_iter().flatten())
        .map(|event| event["message"].as_str())
        .collect();
    // Those of a message whose header stands behind them come after the others.
    let mut found: Vec<_> = transcript.events.iter().map(|event| event.3.as_deref()).collect();
    let mut expected = expected;
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
