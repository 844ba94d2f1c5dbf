//! A seed in; the Lambda events that CloudWatch Logs would push, out.
//!
//! The lines are a REST API's JSON preset. Request ids, addresses and times differ from line to line as they do in a
//! log, so that a batch compresses as a real one does; event ids are built as CloudWatch's are. The same seed gives the
//! same bytes. It never calls the code that is measured.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Where every generator starts, so that two runs measure the same bytes.
pub(crate) const SEED: u64 = 6;
/// Log events of a small batch.
pub(crate) const SMALL: u64 = 20;
/// Log events of a medium batch.
pub(crate) const MEDIUM: u64 = 1_000;
/// Log events whose Lambda event stays just below 6 MiB, the most that Lambda hands over.
pub(crate) const LARGEST: u64 = 62_700;

/// The start of a Lambda event, up to the base64 text, and its end.
const FRAME: [&[u8]; 2] = [br#"{"awslogs":{"data":""#, br#""}}"#];
/// Gzip's usual level.
const LEVEL: u32 = 6;
/// 18 November 2020, 05:28:56 UTC, epoch milliseconds.
const BEGIN_MS: u64 = 1_605_677_336_000;

const ROUTES: [(&str, &str); 12] = [
    ("GET", "/v1/items"),
    ("GET", "/v1/items/{id}"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders/{id}"),
    ("DELETE", "/v1/orders/{id}"),
    ("GET", "/v1/search"),
    ("PUT", "/v1/customers/{id}"),
    ("GET", "/v1/customers/{id}/addresses"),
    ("POST", "/v1/payments"),
    ("GET", "/v1/payments/{id}/receipt"),
    ("OPTIONS", "/v1/orders"),
    ("GET", "/health"),
];
const GOOD: [u16; 8] = [200, 200, 200, 200, 200, 201, 204, 304];
const ERRORS: [u16; 10] = [400, 401, 403, 404, 404, 429, 500, 502, 503, 504];

/// A Lambda event, and what is in it.
pub(crate) struct Event {
    /// What Lambda hands over.
    pub(crate) body: Vec<u8>,
    /// Log events in it.
    pub(crate) log_events: u64,
    /// How many of them have a status of 400 or more.
    pub(crate) errors: u64,
    /// Bytes after inflation.
    pub(crate) inflated: usize,
}

impl Event {
    /// The base64 text.
    pub(crate) fn data(&self) -> &[u8] {
        &self.body[FRAME[0].len()..self.body.len() - FRAME[1].len()]
    }
}

/// One request, as API Gateway knows it when it writes its line.
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) ip: String,
    pub(crate) caller: String,
    pub(crate) time: String,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) status: u16,
    pub(crate) length: u32,
}

impl Request {
    /// The line of the REST API's JSON preset.
    pub(crate) fn json(&self) -> String {
        let Self { id, ip, caller, time, method, path, status, length } = self;
        format!(
            r#"{{ "requestId":"{id}", "ip": "{ip}", "caller":"{caller}", "user":"{caller}","requestTime":"{time}", "httpMethod":"{method}","resourcePath":"{path}", "status":"{status}","protocol":"HTTP/1.1", "responseLength":"{length}" }}"#
        )
    }
}

/// A Lambda event of so many log events, of which so many in a hundred are errors, and one at least.
/// Without errors where `percent` is 0.
pub(crate) fn event(log_events: u64, percent: u64, seed: u64) -> Event {
    event_of(Request::json, log_events, percent, seed)
}

/// The same with its lines in another shape.
pub(crate) fn event_of(form: fn(&Request) -> String, log_events: u64, percent: u64, seed: u64) -> Event {
    let (text, errors) = message_of(form, log_events, percent, seed);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    gzip.write_all(&text).unwrap();
    let data = STANDARD.encode(gzip.finish().unwrap());
    let body = [FRAME[0], data.as_bytes(), FRAME[1]].concat();
    Event { body, log_events, errors, inflated: text.len() }
}

/// The subscription message of such an event before compression, and how many errors are in it.
pub(crate) fn message(log_events: u64, percent: u64, seed: u64) -> (Vec<u8>, u64) {
    message_of(Request::json, log_events, percent, seed)
}

fn message_of(form: fn(&Request) -> String, log_events: u64, percent: u64, seed: u64) -> (Vec<u8>, u64) {
    let mut rng = Rng::with_seed(seed);
    let errors = (log_events * percent).div_ceil(100);
    let mut text = br#"{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"API-Gateway-Execution-Logs_a1b2c3d4e5/prod","logStream":"1a79a4d60de6718e8e5b326e338ae533","subscriptionFilters":["statuswatch"],"logEvents":["#.to_vec();
    let mut now_ms = BEGIN_MS;
    let mut errors_left = errors;
    for left in (1..=log_events).rev() {
        now_ms += rng.u64(0..2);
        // Drawn so that the number is exact and no one can foretell which lines they are.
        let is_error = rng.u64(0..left) < errors_left;
        errors_left -= u64::from(is_error);
        let line = form(&request(&mut rng, now_ms, is_error)).replace('\\', r"\\").replace('"', "\\\"");
        let id = event_id(&mut rng, now_ms);
        write!(text, r#"{{"id":"{id}","timestamp":{now_ms},"message":"{line}"}}"#).unwrap();
        text.extend_from_slice(if left == 1 { b"]}" } else { b"," });
    }
    (text, errors)
}

/// A request at this time.
pub(crate) fn request(rng: &mut Rng, now_ms: u64, is_error: bool) -> Request {
    let (method, path) = ROUTES[rng.usize(0..ROUTES.len())];
    let status = if is_error { ERRORS[rng.usize(0..ERRORS.len())] } else { GOOD[rng.usize(0..GOOD.len())] };
    let seconds = now_ms / 1_000 % 86_400;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let id = rng.u128(..);
    Request {
        id: format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            id >> 96,
            id >> 80 & 0xffff,
            id >> 64 & 0x0fff | 0x4000,
            id >> 48 & 0x3fff | 0x8000,
            id & 0xffff_ffff_ffff
        ),
        ip: address(rng),
        caller: caller(rng),
        time: format!("18/Nov/2020:{hour:02}:{minute:02}:{second:02} +0000"),
        method,
        path,
        status,
        length: rng.u32(20..5_000),
    }
}

/// Two clients in five come by IPv6, as phones do.
fn address(rng: &mut Rng) -> String {
    if rng.u8(0..5) < 3 {
        return Ipv4Addr::from_bits(rng.u32(..)).to_string();
    }
    Ipv6Addr::from_bits(0x2a01 << 112 | rng.u128(..) >> 16).to_string()
}

/// One request in eight is signed by one of 300 principals.
fn caller(rng: &mut Rng) -> String {
    if rng.u8(0..8) > 0 {
        return "-".to_owned();
    }
    let mut principal = Rng::with_seed(rng.u64(0..300));
    let name: String = (0..17).map(|_| principal.alphanumeric().to_ascii_uppercase()).collect();
    format!("AIDA{name}")
}

/// CloudWatch's id: the timestamp in milliseconds times 2^144, the time of ingestion times 2^80, and 80 bits of its own.
fn event_id(rng: &mut Rng, now_ms: u64) -> String {
    let ingested_ms = now_ms + rng.u64(200..2_000);
    decimal([now_ms << 16, ingested_ms << 16 | u64::from(rng.u16(..)), rng.u64(..)])
}

/// A number of 192 bits, the highest first, in decimal: ids have 56 digits.
fn decimal(mut limbs: [u64; 3]) -> String {
    /// 18 digits are split off at a time: the most whose remainders fit.
    const SPLIT: u128 = 1_000_000_000_000_000_000;
    let mut parts = [0; 4];
    for part in parts.iter_mut().rev() {
        for limb in &mut limbs {
            let dividend = (*part << 64) | u128::from(*limb);
            (*limb, *part) = (u64::try_from(dividend / SPLIT).unwrap(), dividend % SPLIT);
        }
    }
    let mut digits = String::new();
    for part in parts {
        write!(digits, "{part:018}").unwrap();
    }
    digits.trim_start_matches('0').to_owned()
}
