//! What the parts of the path cost, each by itself.
//!
//! `cargo bench --bench parts`. For one machine and one moment: compare within a run, not across runs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on must say so loudly"
)]

#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod data;
#[allow(dead_code, reason = "each benchmark takes what it needs")]
mod ways;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use fastrand::Rng;
use statuswatch::access_log::{self, Format};
use statuswatch::decode::{Header, LogEvent, Sink, Source};
use statuswatch::filter_pattern::FilterPattern;
use statuswatch::notification::{Situation, Style, of_digest};
use statuswatch::slack::render::{Sender, render};

use data::{LARGEST, MEDIUM, Request, SEED};
use ways::{Limit, ThisCode, decode_into};

/// Lines in one turn of a part that works on lines.
const LINES: usize = 1_000;
const SIZES: [u64; 2] = [MEDIUM, LARGEST];
const PERCENTS: [u64; 3] = [1, 10, 100];

fn main() {
    divan::main();
}

/// Base64 and inflation alone: the limit of everything below.
#[divan::bench(args = SIZES)]
fn limit(bencher: Bencher<'_, '_>, log_events: u64) {
    let event = data::event(log_events, 1, SEED);
    let mut limit = Limit::default();
    bencher
        .counter(BytesCount::new(event.inflated))
        .counter(ItemsCount::new(log_events))
        .bench_local(|| limit.inflate(event.data()));
}

/// Decoding into a sink that looks at nothing.
#[divan::bench(args = SIZES)]
fn decode_alone(bencher: Bencher<'_, '_>, log_events: u64) {
    struct Nobody;
    impl Sink for Nobody {
        fn log_event(&mut self, _: &Header, event: LogEvent<'_>) {
            divan::black_box(event);
        }
    }
    let event = data::event(log_events, 1, SEED);
    bencher
        .counter(BytesCount::new(event.inflated))
        .counter(ItemsCount::new(log_events))
        .bench_local(|| decode_into(Source::Base64(event.data()), &mut Nobody));
}

/// A medium batch from event bytes to digest.
#[divan::bench(args = PERCENTS)]
fn digest_medium(bencher: Bencher<'_, '_>, percent: u64) {
    digest(bencher, MEDIUM, percent);
}

/// The largest batch from event bytes to digest.
#[divan::bench(args = PERCENTS)]
fn digest_largest(bencher: Bencher<'_, '_>, percent: u64) {
    digest(bencher, LARGEST, percent);
}

fn digest(bencher: Bencher<'_, '_>, log_events: u64, percent: u64) {
    let event = data::event(log_events, percent, SEED);
    let code = ThisCode::new();
    bencher
        .counter(BytesCount::new(event.inflated))
        .counter(ItemsCount::new(log_events))
        .bench_local(|| code.digest(&event.body));
}

/// Reading lines, one format each, all fields.
#[divan::bench(args = ["json", "broken json", "clf", "csv", "xml"])]
fn read_lines(bencher: Bencher<'_, '_>, format: &str) {
    let write = match format {
        "json" => Request::json,
        "broken json" => {
            |request: &Request| request.json().replace(r#""caller""#, r#""latency":-, "caller""#)
        }
        "clf" => clf,
        "csv" => csv,
        "xml" => xml,
        _ => panic!("no format is called {format}"),
    };
    let lines = lines(write);
    bencher
        .counter(BytesCount::new(lines.iter().map(String::len).sum::<usize>()))
        .counter(ItemsCount::new(lines.len()))
        .bench_local(|| {
            for line in &lines {
                divan::black_box(access_log::read(line, Format::Auto));
            }
        });
}

/// A digest as Slack's message: of one error, and of the largest batch's.
#[divan::bench(args = [1, MEDIUM, LARGEST])]
fn render_message(bencher: Bencher<'_, '_>, errors: u64) {
    let digest = ThisCode::new().digest(&data::event(errors, 100, SEED).body).digest;
    let situation = Situation { now_ms: 1_605_677_340_000, id: "7f3a9c", storm: None };
    let (style, sender) = (Style::default(), Sender::default());
    bencher.bench_local(|| render(|detail| of_digest(&digest, &style, &situation, detail), &sender));
}

/// Filter patterns over lines, of which every second is an error.
#[divan::bench(args = ["{ ($.status = 4*) || ($.status = 5*) }", "[ip, caller, user, time, request, status = 5*, length, id]", "\" 502 \""])]
fn filter_pattern(bencher: Bencher<'_, '_>, pattern: &str) {
    let lines = lines(if pattern.starts_with('{') { Request::json } else { clf });
    let pattern = FilterPattern::parse(pattern).unwrap();
    assert!(lines.iter().any(|line| pattern.matches(line)), "a pattern that matches nothing ends early");
    bencher
        .counter(BytesCount::new(lines.iter().map(String::len).sum::<usize>()))
        .counter(ItemsCount::new(lines.len()))
        .bench_local(|| lines.iter().filter(|line| pattern.matches(line)).count());
}

fn lines(write: impl Fn(&Request) -> String) -> Vec<String> {
    let mut rng = Rng::with_seed(SEED);
    (0..LINES).map(|number| write(&data::request(&mut rng, 1_605_677_336_000, number % 2 == 0))).collect()
}

fn clf(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!(r#"{ip} {caller} {caller} [{time}] "{method} {path} HTTP/1.1" {status} {length} {id}"#)
}

fn csv(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!("{ip},{caller},{caller},{time},{method},{path},HTTP/1.1,{status},{length},{id}")
}

fn xml(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!(
        r#"<request id="{id}"> <ip>{ip}</ip> <caller>{caller}</caller> <user>{caller}</user> <requestTime>{time}</requestTime> <httpMethod>{method}</httpMethod> <resourcePath>{path}</resourcePath> <status>{status}</status> <protocol>HTTP/1.1</protocol> <responseLength>{length}</responseLength> </request>"#
    )
}
