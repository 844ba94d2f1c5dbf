//! What a section's small print holds: days, links into the console, how late the news is.

use super::progress::span_ms;
use super::text::Text;
use super::{Storm, Style, context};
use crate::console_links::Region;
use crate::digest::Section;
use crate::incident::Incident;
use crate::words;

/// Lines older than this when posted are old news and marked as such, in milliseconds.
const LATE_MS: u64 = 5 * 60 * 1_000;

/// The longest address of a link, in characters. A longer one is left out.
pub(crate) const MAX_LINK: usize = 1_300;

/// From a day to a day, in UTC like every time in a message. Nothing where no time is known: no line without a time
/// is dated.
pub(super) fn days(first_ms: i64, last_ms: i64) -> Option<Text<'static>> {
    if last_ms <= 0 {
        return None;
    }
    let last = words::day(last_ms);
    let first = if first_ms > 0 { words::day(first_ms) } else { last.clone() };
    Some(if first == last { last.into() } else { format!("{first} to {last}").into() })
}

/// How late the news is, if it is old.
pub(super) fn late(newest_ms: i64, now_ms: i64) -> Option<Text<'static>> {
    let age = words::elapsed_ms(newest_ms, now_ms);
    (newest_ms > 0 && age > LATE_MS).then(|| format!("posted {} late", words::duration(age)).into())
}

/// When the next message may come.
pub(super) fn next_message(storm: &Storm) -> Text<'static> {
    format!("next message in {} s at the earliest", words::number(storm.spacing_seconds)).into()
}

/// When all of an incident was, where, how many clients saw it, and where to look.
pub(super) fn of_incident<'a>(
    incident: &'a Incident,
    log_group: &str,
    is_rest: bool,
    style: &Style,
) -> Vec<Text<'a>> {
    let (began_ms, last_ms) = span_ms(incident);
    let began_ms = Some(incident.span_ms().0).filter(|first_ms| *first_ms > 0).unwrap_or(began_ms);
    let region = style.region.as_ref().filter(|_| !is_rest && incident.total() > 0);
    let insights = region.map(|region| region.logs_insights(&[log_group], began_ms, last_ms));
    let mut items: Vec<Text<'_>> = days(began_ms, last_ms).into_iter().collect();
    items.push(words::span(began_ms, last_ms).into());
    items.extend(context::clients(incident.context(), incident.total()));
    items.extend(insights.and_then(|url| link(url, "Logs Insights")));
    items.extend(context::stages(incident.context()));
    items.extend(context::accounts_or_sources(incident.context(), incident.total(), style.region.as_ref()));
    items
}

/// Logs Insights on the lines of these sections, unless its address is longer than is sensible.
///
/// It holds no name that is none, and there is none where no time is known.
pub(super) fn insights_url(sections: &[&Section], region: Option<&Region>) -> Option<String> {
    let sections: Vec<&&Section> =
        sections.iter().filter(|section| !section.is_rest && section.last_ms > 0).collect();
    let first_ms = sections.iter().map(|section| section.first_ms).min()?;
    let last_ms = sections.iter().map(|section| section.last_ms).max()?;
    let log_groups: Vec<&str> = sections.iter().map(|section| section.log_group.as_str()).collect();
    Some(region?.logs_insights(&log_groups, first_ms, last_ms)).filter(|url| is_sensible(url))
}

/// The same on the lines of one section's log group between other times.
pub(super) fn insights_url_between(
    section: &Section,
    (first_ms, last_ms): (i64, i64),
    region: Option<&Region>,
) -> Option<String> {
    let (log_group, is_rest) = (section.log_group.clone(), section.is_rest);
    insights_url(&[&Section { log_group, is_rest, first_ms, last_ms, ..Section::default() }], region)
}

/// The log stream of a section, from its first line on.
pub(super) fn log_stream(section: &Section, region: Option<&Region>) -> Option<Text<'static>> {
    let stream = section.log_stream.as_ref().filter(|_| !section.is_rest)?;
    link(region?.log_stream(&section.log_group, stream, section.first_ms), "log stream")
}

/// A link, unless its address is longer than is sensible.
pub(super) fn link(url: String, label: &'static str) -> Option<Text<'static>> {
    is_sensible(&url).then(|| Text::link(url, label, None))
}

fn is_sensible(url: &str) -> bool {
    url.len() <= MAX_LINK
}
