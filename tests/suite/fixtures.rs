//! The fixtures: which there are, and every form in which one can reach the product.
//!
//! What is compressed is made here, from what can be read: twins for a test only, and, by a test that is run
//! on purpose, the few that are stored.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// The demonstration.
pub(crate) const DEMONSTRATION: &str = "fixtures";

/// The files directly in a folder, in order, without READMEs.
pub(crate) fn files_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(in_repository(folder)).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files.map(|file| file.file_name().into_string().expect("UTF-8")).collect();
    names.retain(|name| !name.starts_with("README"));
    names.sort();
    assert!(!names.is_empty(), "{folder} is empty");
    names.iter().map(|name| format!("{folder}/{name}")).collect()
}

/// The bytes of a fixture.
pub(crate) fn bytes(path: &str) -> Vec<u8> {
    fs::read(in_repository(path)).expect("the fixture is there")
}

/// What stands behind the last `/`, without its ending: a name for a snapshot.
pub(crate) fn case(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|stem| stem.to_str()).expect("a file has a name")
}

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

/// A subscription message as Lambda gets it.
pub(crate) fn event_of(message: &[u8]) -> Vec<u8> {
    json!({"awslogs": {"data": STANDARD.encode(gzip(message))}}).to_string().into()
}

/// A fixture as a Lambda event: it may be one, hold one, or be a message or lines that one is made of.
pub(crate) fn as_event(path: &str) -> Vec<u8> {
    let bytes = bytes(path);
    let Ok(json) = serde_json::from_slice::<Value>(&bytes) else {
        return event_of(message_of(path, &String::from_utf8_lossy(&bytes)).to_string().as_bytes());
    };
    let is_message = json.get("logEvents").is_some() || json.get("messageType").is_some();
    match json.get("requestPayload") {
        Some(event) => event.to_string().into(),
        None if is_message => event_of(&bytes),
        None => bytes,
    }
}

/// Loose lines as CloudWatch Logs would deliver them.
fn message_of(path: &str, lines: &str) -> Value {
    let event = |(number, line): (usize, &str)| {
        let exported: Option<Value> =
            serde_json::from_str(line).ok().filter(|line: &Value| !line["message"].is_null());
        let message = exported.as_ref().and_then(|event| event["message"].as_str()).unwrap_or(line);
        json!({"id": format!("{path} {number}"), "timestamp": 1_605_680_000_000_u64 + number as u64, "message": message})
    };
    let events: Vec<Value> = lines.lines().enumerate().map(event).collect();
    json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": format!("/lines/{}", case(path)),
        "logStream": "lines", "subscriptionFilters": ["errors"], "logEvents": events,
    })
}

fn in_repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The stored fixtures that hold compressed text, and where in them it stands; each piece with what it is made of.
fn compressed() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let decoded = |name: &str| bytes(&format!("fixtures/decoded/{name}.json"));
    let lambda_event = gzip(&decoded("lambda-event"));
    let cut = |bytes: &[u8]| bytes[..bytes.len() * 2 / 3].to_vec();
    let mut bad_checksum = lambda_event.clone();
    let checksum_at = bad_checksum.len() - 8;
    bad_checksum[checksum_at] ^= 1;
    vec![
        ("fixtures/07-kinesis-event.json", "/Records/0/kinesis/data", gzip(&decoded("kinesis-event-1"))),
        ("fixtures/07-kinesis-event.json", "/Records/1/kinesis/data", gzip(&decoded("kinesis-event-2"))),
        ("fixtures/07-kinesis-event.json", "/Records/2/kinesis/data", gzip(&decoded("kinesis-event-3"))),
        ("fixtures/16-lambda-event.json", "/awslogs/data", lambda_event.clone()),
        ("fixtures/17-failure-record.json", "/requestPayload/awslogs/data", gzip(&decoded("failure-record"))),
        ("fixtures/broken/bad-checksum.json", "/awslogs/data", bad_checksum),
        ("fixtures/broken/cut-message.json", "/awslogs/data", gzip(&cut(&decoded("lambda-event")))),
        ("fixtures/broken/not-json.json", "/awslogs/data", gzip(b"502 is a status, and this is no JSON")),
        ("fixtures/broken/truncated.json", "/awslogs/data", cut(&lambda_event)),
        ("fixtures/broken/one-bad-kinesis-record.json", "/Records/0/kinesis/data", cut(&lambda_event)),
        ("fixtures/broken/one-bad-kinesis-record.json", "/Records/1/kinesis/data", lambda_event),
    ]
}

fn stored(path: &str, pointer: &str) -> String {
    let json: Value = serde_json::from_slice(&bytes(path)).expect("the fixture is JSON");
    json.pointer(pointer).and_then(Value::as_str).expect("the fixture has it").to_owned()
}

/// What can be inflated of it, which for a broken one is not all.
fn inflated(compressed: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    // What is broken ends in an error, and the same one for both sides of a comparison.
    _ = MultiGzDecoder::new(compressed).read_to_end(&mut text);
    text
}

#[test]
#[ignore = "writes the stored fixtures anew; run it after a change in fixtures/decoded"]
fn remake_the_compressed_fixtures() {
    for (path, pointer, compressed) in compressed() {
        let text = String::from_utf8(bytes(path)).unwrap();
        let remade = text.replace(&stored(path, pointer), &STANDARD.encode(compressed));
        fs::write(in_repository(path), remade).unwrap();
    }
}

#[test]
fn the_compressed_fixtures_hold_what_their_readable_twins_say() {
    for (path, pointer, compressed) in compressed() {
        let stored = STANDARD.decode(stored(path, pointer)).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&inflated(&stored)),
            String::from_utf8_lossy(&inflated(&compressed)),
            "{path}{pointer}"
        );
    }
}

#[test]
fn every_fixture_has_a_line_in_the_readme_and_every_line_a_fixture() {
    let readme = String::from_utf8(bytes("fixtures/README.md")).unwrap();
    let mut described = Vec::new();
    let mut folder = DEMONSTRATION.to_owned();
    for line in readme.lines() {
        if let Some(name) = line.strip_prefix("## `").and_then(|rest| rest.strip_suffix("/`")) {
            folder = format!("{DEMONSTRATION}/{name}");
        }
        if let Some((name, proves)) = line.strip_prefix("| `").and_then(|rest| rest.split_once("` | ")) {
            assert!(proves.len() > 10, "{name}: says nothing");
            described.push(format!("{folder}/{name}"));
        }
    }
    described.sort();
    let folders = ["", "/access-logs", "/broken", "/decoded", "/hostile", "/other-logs", "/rules"];
    let mut there: Vec<String> =
        folders.iter().flat_map(|folder| files_in(&format!("{DEMONSTRATION}{folder}"))).collect();
    there.sort();
    assert_eq!(described, there);
}
