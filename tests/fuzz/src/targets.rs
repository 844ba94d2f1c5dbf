//! Bytes in, a panic out where a promise is broken: one function a target.
//!
//! libFuzzer calls them through the fuzz package, the integration suite with the committed corpus. They know only
//! what the library shows, and each judges by something else than the code that it runs: by `serde_json`, by the
//! twin of the same input in another form, by the ledger's balance, by the fake Slack's oracle.

use arbitrary::{Result, Unstructured};

mod access_log;
mod decode;
mod event;
mod filter_pattern;
mod handler;
pub(crate) mod known_lines;
mod message;
mod replay;
mod retry_after;
mod rules;
pub(crate) mod slack;
mod template;

/// Takes any bytes, and panics where they break a promise.
type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its corpus.
pub(crate) const TARGETS: [(&str, Target); 13] = [
    ("decode", decode::compressed),
    ("subscription_message", decode::subscription_message),
    ("access_log", access_log::run),
    ("known_lines", known_lines::run),
    ("event", event::run),
    ("alarm", event::alarm),
    ("retry_after", retry_after::run),
    ("rules", rules::run),
    ("filter_pattern", filter_pattern::run),
    ("message", message::run),
    ("replay", replay::run),
    ("handler", handler::run),
    ("template", template::run),
];

/// How many of something: from `least` up to one of the given numbers, so that few and very many are both likely.
fn count(u: &mut Unstructured<'_>, least: usize, most: &[usize]) -> Result<usize> {
    let most = *u.choose(most)?;
    u.int_in_range(least..=most)
}

/// A text in two parts, divided by the first `mark`; without one, the second is empty.
fn in_two<'a>(data: &'a str, mark: &str) -> (&'a str, &'a str) {
    data.split_once(mark).unwrap_or((data, ""))
}
