//! Our own log: one JSON object a line, and nothing of anybody's text in it.

mod no_spans;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs this program's own events, at the level that Lambda's settings name.
///
/// Other crates stay silent at every level: the runtime's trace shows whole events, and the HTTP client's a URL.
pub(crate) fn init(level: Option<&str>) {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false);
    let ours = Targets::new().with_target("statuswatch", level).with_target("statuswatch_lambda", level);
    no_spans::NoSpans.with(lines).with(ours).init();
    crate::panics::log_the_place_and_end();
}
