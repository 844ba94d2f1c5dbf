//! The notification that a storm is over.

use super::color::{Color, Severity};
use super::text::Text;
use super::{Notification, Section, Style, context, footer, rows, summary};
use crate::incident::Names;
use crate::words;

/// A storm that is over. Times in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietAgain<'a> {
    /// The log groups that it came from.
    pub log_groups: &'a [String],
    /// The accounts that own them, where that is known.
    pub accounts: &'a Names,
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
pub fn of_quiet_again<'a>(storm: &QuietAgain<'a>, style: &'a Style) -> Notification<'a> {
    let names: Vec<&str> = storm.log_groups.iter().map(String::as_str).collect();
    let lasted = words::duration(words::elapsed_ms(storm.since_ms, storm.until_ms));
    let mut summary: Vec<Text<'_>> = vec![
        "Quiet again".into(),
        format!("{} in {lasted}", words::count(storm.errors, "error")).into(),
        format!("{} shown, all counted", words::count(storm.shown, "line")).into(),
    ];
    summary.extend(summary::places(&names));
    let region = style.region.as_ref().filter(|_| !names.is_empty());
    let insights = region.map(|region| region.logs_insights(&names, storm.since_ms, storm.until_ms));
    let footer = [
        footer::days(storm.since_ms, storm.until_ms),
        Some(rows::times(storm.since_ms, storm.until_ms).into()),
        insights.and_then(|url| footer::link(url, "Logs Insights")),
    ];
    let place = context::place(storm.accounts, style.region.as_ref());
    let footer = footer.into_iter().flatten().chain(place).collect();
    let color = Color::or(style, Severity::Good);
    Notification::of_section(summary, Section { color, footer, ..Section::default() }, style, storm.id)
}
