//! The end of a storm in; the one message that says so, out.

use super::footer::{self, Item};
use super::form::{Bar, Layout};
use super::{Rendered, Style, heading, rows};
use crate::words;

/// A storm that is over. Times in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietAgain<'a> {
    /// The log groups that it came from.
    pub log_groups: &'a [String],
    /// Lines that matched while it lasted.
    pub errors: u64,
    /// How many of them were shown.
    pub shown: u64,
    /// When it began.
    pub since_ms: i64,
    /// When its last line came.
    pub until_ms: i64,
    /// The message's short id.
    pub id: &'a str,
}

/// The closing count of a storm, said once.
#[must_use]
pub fn render_quiet_again(storm: &QuietAgain<'_>, style: &Style) -> Rendered {
    let names: Vec<&str> = storm.log_groups.iter().map(String::as_str).collect();
    let lasted = words::duration(words::elapsed_ms(storm.since_ms, storm.until_ms));
    let summary = heading::join(vec![
        "Quiet again".to_owned(),
        heading::own(&format!("{} in {lasted}", words::count(storm.errors, "error"))),
        heading::own(&format!("{} shown, all counted", words::count(storm.shown, "line"))),
        heading::places(&names),
    ]);
    let region = style.region.as_ref().filter(|_| !names.is_empty());
    let insights = region.map(|region| region.logs_insights(&names, storm.since_ms, storm.until_ms));
    let items = [
        footer::days(storm.since_ms, storm.until_ms),
        Some(Item::Words(rows::times(storm.since_ms, storm.until_ms))),
        insights.and_then(|url| footer::link(url, "Logs Insights")),
        Some(Item::Words(storm.id.to_owned())),
    ];
    let bar = Bar {
        color: Some(style.color.clone().unwrap_or_else(|| "good".to_owned())),
        fallback: summary.clone(),
        footer: footer::mrkdwn(&items.into_iter().flatten().collect::<Vec<_>>()),
        ..Bar::default()
    };
    let layout = Layout::of_bar(&summary, bar, style);
    Rendered::without_lines(style, storm.id, |_| layout.clone())
}
