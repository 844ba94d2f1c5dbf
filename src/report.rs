//! What a backtest came to, as one HTML file: no network, no script, readable by keyboard and screen reader, in light
//! and dark, on paper.
//!
//! Every text is escaped by the template; what comes from log lines has its control and bidirectional characters
//! replaced besides. A content security policy in the file forbids what would get past that. It never prints.

mod chart;
mod message;
mod sections;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::backtest::{Backtest, MINUTE_MS, period};
use crate::words;

/// The style sheet. It knows the chart's colours by the values that `chart` draws with.
const CSS: &str = include_str!("report/style.css");

/// The signs of the picture, as the style sheet draws them, and what they say.
const KEYS: [(&str, &str); 8] = [
    ("server", "5xx"),
    ("client", "4xx"),
    ("message", "messages to Slack on lines"),
    ("noticed", "the alarm's notice: ALARM"),
    ("noticed ok", "OK again"),
    ("alarm", "in ALARM, paler for a part of the time"),
    ("ok", "OK"),
    ("unknown", "no state yet"),
];

/// What the picture is, for those who cannot see it.
const PICTURE: &str = "Errors a minute by class, the alarm's state and the messages to Slack; the table below has the same figures";

/// The report as HTML.
#[must_use]
pub fn report(found: &Backtest) -> String {
    let period = period(found);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "statuswatch backtest · " (period) }
                link rel="icon" href="data:,";
                style { (PreEscaped(CSS)) }
            }
            body {
                a.skip href="#main" { "To the figures" }
                header {
                    h1 { "statuswatch backtest" }
                    p { (sources(&found.sources)) " · " (period) }
                }
                main #main {
                    (sections::summary(found))
                    (picture(found))
                    (sections::alarm(&found.alarm))
                    (sections::blind_spots(&found.blind_spots))
                    (sections::slack(&found.slack))
                    @if let Some(against) = &found.against { (sections::against(&found.slack, against)) }
                    (sections::messages(found))
                    (sections::settings(found))
                    (sections::warnings(&found.warnings))
                }
            }
        }
    };
    page.into_string()
}

fn sources(names: &[String]) -> String {
    match names {
        [name] => clean(name),
        names => words::count(names.len() as u64, "input"),
    }
}

fn picture(found: &Backtest) -> Markup {
    let chart::Pictures { wide, narrow, column_ms, rows } = chart::draw(found);
    html! {
        section aria-labelledby="errors" {
            h2 #errors { "Errors a minute, alarm and messages" }
            figure {
                div.wide role="img" aria-label=(PICTURE) { (PreEscaped(wide)) }
                div.narrow role="img" aria-label=(PICTURE) { (PreEscaped(narrow)) }
                figcaption {
                    @for (key, what) in KEYS { span.entry { span class={ "key " (key) } {} (what) } " " }
                    div.wide { (resolution(column_ms.0)) }
                    div.narrow { (resolution(column_ms.1)) }
                }
            }
            details {
                summary { "The picture as a table" }
                (sections::scroll("Errors and messages by time", &html! {
                    table {
                        thead { tr { th scope="col" { "From (UTC)" } th.n scope="col" { "5xx" } th.n scope="col" { "4xx" } th.n scope="col" { "Messages" } } }
                        tbody { @for row in rows {
                            tr {
                                th scope="row" { (words::day(row.start_ms)) " " (words::span(row.start_ms, row.start_ms)) }
                                td.n { (words::number(u64::from(row.server_errors))) }
                                td.n { (words::number(u64::from(row.client_errors))) }
                                td.n { (words::number(u64::from(row.messages))) }
                            }
                        } }
                    }
                }))
            }
        }
    }
}

/// What one column of the picture says.
fn resolution(column_ms: i64) -> String {
    match column_ms {
        ..=MINUTE_MS => "A column is a minute.".to_owned(),
        _ => format!(
            "A column is {}: the errors of its worst minute, and all of its messages.",
            words::duration(column_ms.unsigned_abs())
        ),
    }
}

/// A stranger's text without what could steer its reader: control and bidirectional characters.
pub(crate) fn clean(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}
