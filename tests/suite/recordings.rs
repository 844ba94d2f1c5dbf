//! The generator of `fixtures/recordings`: three stories, each from a seed, so that anyone gets the same bytes.
//!
//! `cargo test --test suite write_the_recordings_anew -- --ignored` writes them.

use std::io::{Read, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use time::OffsetDateTime;
use time::macros::{datetime, format_description};

/// Tuesday, 3 November 2026.
const START: OffsetDateTime = datetime!(2026-11-03 08:00:00 UTC);

const ROUTES: [(&str, &str); 5] = [
    ("GET", "/v1/items"),
    ("GET", "/v1/items/{id}"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/search"),
    ("PUT", "/v1/customers/{id}"),
];
const SCANNED: [&str; 6] =
    ["/.env", "/wp-login.php", "/admin", "/.git/config", "/phpmyadmin/index.php", "/actuator/health"];

/// One request, as far as a line tells of it.
struct Request<'a> {
    at_ms: i64,
    method: &'a str,
    route: &'a str,
    ip: String,
    status: u16,
    error: Option<(&'a str, &'a str)>,
    /// Milliseconds of the integration; none where it was never reached.
    latency: Option<u32>,
}

struct Story {
    rng: fastrand::Rng,
    seconds: i64,
    lines: Vec<(i64, String)>,
}

impl Story {
    fn new(seed: u64, minutes: i64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), seconds: minutes * 60, lines: Vec::new() }
    }

    /// Good traffic: so many requests a minute, evenly by chance.
    fn traffic(&mut self, per_minute: i64, format: impl Fn(&Request<'_>, &mut fastrand::Rng) -> String) {
        for _ in 0..self.seconds * per_minute / 60 {
            let at_ms = self.at(0, self.seconds);
            let (method, route) = *self.rng.choice(&ROUTES).unwrap();
            let status = if method == "POST" { 201 } else { 200 };
            let ip = format!("203.0.113.{}", self.rng.u8(1..255));
            let latency = Some(self.rng.u32(8..180));
            let request = Request { at_ms, method, route, ip, status, error: None, latency };
            self.log(&request, &format);
        }
    }

    fn log(&mut self, request: &Request<'_>, format: &impl Fn(&Request<'_>, &mut fastrand::Rng) -> String) {
        let line = format(request, &mut self.rng);
        self.lines.push((request.at_ms, line));
    }

    fn at(&mut self, from_s: i64, to_s: i64) -> i64 {
        let start_ms = i64::try_from(START.unix_timestamp_nanos() / 1_000_000).unwrap();
        start_ms + self.rng.i64(from_s * 1_000..to_s * 1_000)
    }

    fn lines(mut self) -> Vec<(i64, String)> {
        self.lines.sort();
        self.lines
    }
}

/// An integration times out for seven minutes, at first for some, then for most orders; then all is well again.
fn burst() -> Vec<(i64, String)> {
    let mut story = Story::new(5, 90);
    story.traffic(60, sound);
    for (from_s, to_s, errors) in [(2_400, 2_460, 6), (2_460, 2_700, 420), (2_700, 2_820, 60)] {
        for _ in 0..errors {
            let at_ms = story.at(from_s, to_s);
            let ip = format!("203.0.113.{}", story.rng.u8(1..255));
            let is_timeout = story.rng.u8(0..10) > 1;
            let (status, error, latency) = if is_timeout {
                (504, ("INTEGRATION_TIMEOUT", "Endpoint request timed out"), Some(29_000))
            } else {
                (502, ("INTEGRATION_FAILURE", "Internal server error"), Some(40))
            };
            let request = Request {
                at_ms,
                method: "POST",
                route: "/v1/orders",
                ip,
                status,
                error: Some(error),
                latency,
            };
            story.log(&request, &sound);
        }
    }
    story.lines()
}

/// One address tries paths that do not exist, one every half a minute, all day.
fn scanning() -> Vec<(i64, String)> {
    let mut story = Story::new(4, 24 * 60);
    story.traffic(2, sound);
    for second in (0..24 * 3_600).step_by(30) {
        let at_ms = story.at(second, second + 30);
        let path = *story.rng.choice(&SCANNED).unwrap();
        let request = Request {
            at_ms,
            method: "GET",
            route: path,
            ip: "198.51.100.23".to_owned(),
            status: 403,
            error: Some(("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")),
            latency: None,
        };
        story.log(&request, &sound);
    }
    story.lines()
}

/// A deploy breaks the authorizer, in a format whose lines are broken JSON exactly when there is an error.
fn broken_json() -> Vec<(i64, String)> {
    let mut story = Story::new(1, 60);
    story.traffic(40, breaking);
    for _ in 0..240 {
        let at_ms = story.at(1_500, 2_100);
        let (method, route) = *story.rng.choice(&ROUTES).unwrap();
        let ip = format!("203.0.113.{}", story.rng.u8(1..255));
        let error = Some(("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error"));
        let request = Request { at_ms, method, route, ip, status: 500, error, latency: None };
        story.log(&request, &breaking);
    }
    story.lines()
}

/// A format that is JSON whatever happens.
fn sound(request: &Request<'_>, rng: &mut fastrand::Rng) -> String {
    let latency = request.latency.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    let (kind, _) = request.error.unwrap_or(("-", "-"));
    line(request, rng, &format!(r#""errorResponseType":"{kind}","responseLatency":"{latency}""#))
}

/// A format with a bare number and a text that brings its own quotes: `"latency":$context.integrationLatency` and
/// `"errorMessage":"$context.error.messageString"`.
fn breaking(request: &Request<'_>, rng: &mut fastrand::Rng) -> String {
    let latency = request.latency.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    let message = request.error.map_or_else(|| "-".to_owned(), |(_, message)| format!("\"{message}\""));
    line(request, rng, &format!(r#""latency":{latency},"errorMessage":"{message}""#))
}

fn line(request: &Request<'_>, rng: &mut fastrand::Rng, rest: &str) -> String {
    let Request { at_ms, method, route, ip, status, .. } = request;
    let at = OffsetDateTime::from_unix_timestamp(at_ms / 1_000).unwrap();
    let at = at
        .format(format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000"))
        .unwrap();
    let id = rng.u64(..);
    format!(
        r#"{{"requestId":"{id:016x}","ip":"{ip}","requestTime":"{at}","httpMethod":"{method}","resourcePath":"{route}","status":"{status}",{rest}}}"#
    )
}

/// The lines of a story, by the name of its file, each with its time in epoch milliseconds.
pub(crate) fn story(name: &str) -> Vec<(i64, String)> {
    match name {
        "5xx-burst" => burst(),
        "4xx-scanning" => scanning(),
        _ => broken_json(),
    }
}

/// The stories by the name of their file.
fn stories() -> [(&'static str, String); 3] {
    ["5xx-burst", "4xx-scanning", "broken-json-deploy"]
        .map(|name| (name, story(name).into_iter().map(|(_, line)| line + "\n").collect()))
}

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/recordings"))
        .join(format!("{name}.jsonl.gz"))
}

#[test]
fn the_recordings_are_what_their_generator_makes() {
    for (name, text) in stories() {
        let mut stored = String::new();
        GzDecoder::new(std::fs::File::open(path(name)).unwrap()).read_to_string(&mut stored).unwrap();
        assert!(stored == text, "{name}: the ignored test writes it anew");
    }
}

#[test]
#[ignore = "writes fixtures/recordings"]
fn write_the_recordings_anew() {
    for (name, text) in stories() {
        let mut gzip = GzEncoder::new(std::fs::File::create(path(name)).unwrap(), Compression::best());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap();
    }
}
