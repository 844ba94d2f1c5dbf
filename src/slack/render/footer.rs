//! What a bar's last row holds, in; its mrkdwn, out.
//!
//! It holds our own words and our own links, no stranger's text beyond what an address encodes.

use crate::console::Region;
use crate::digest::Section;
use crate::slack::escape::{Dialect, escape, units};
use crate::words;

use super::Storm;

/// Lines older than this when posted are old news and marked as such, in milliseconds.
const LATE_MS: u64 = 5 * 60 * 1_000;

/// The longest address of a link, in characters: two of them and all else fit one text object.
pub(crate) const MAX_LINK: usize = 1_300;

/// One thing in the last row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Our own words.
    Words(String),
    /// From a day to a day, in UTC like every time in a message; epoch milliseconds.
    Days(i64, i64),
    /// A link into the console.
    Link { url: String, label: String },
}

/// The items as mrkdwn, with a middle dot between them.
pub(super) fn mrkdwn(items: &[Item]) -> String {
    let items: Vec<String> = items.iter().map(item).collect();
    items.join(" · ")
}

/// The days, where they are known: no line without a time is dated.
pub(super) fn days(first_ms: i64, last_ms: i64) -> Option<Item> {
    (last_ms > 0).then_some(Item::Days(if first_ms > 0 { first_ms } else { last_ms }, last_ms))
}

/// How late the news is, if it is old.
pub(super) fn late(newest_ms: i64, now_ms: i64) -> Option<Item> {
    let age = words::elapsed_ms(newest_ms, now_ms);
    (newest_ms > 0 && age > LATE_MS).then(|| Item::Words(format!("told {} late", words::duration(age))))
}

/// When the next message may come.
pub(super) fn next_message(storm: &Storm) -> Item {
    Item::Words(format!("next message in {} s at the earliest", words::number(storm.spacing_seconds)))
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
pub(super) fn log_stream(section: &Section, region: Option<&Region>) -> Option<Item> {
    let stream = section.log_stream.as_ref().filter(|_| !section.is_rest)?;
    link(region?.log_stream(&section.log_group, stream, section.first_ms), "log stream")
}

/// A link, unless its address is longer than is sensible.
pub(super) fn link(url: String, label: &str) -> Option<Item> {
    is_sensible(&url).then(|| Item::Link { url, label: label.to_owned() })
}

fn is_sensible(url: &str) -> bool {
    units(url) <= MAX_LINK
}

fn item(item: &Item) -> String {
    match item {
        Item::Words(words) => escape(words, Dialect::Mrkdwn),
        Item::Days(first, last) => {
            let (first, last) = (words::day(*first), words::day(*last));
            escape(&if first == last { last } else { format!("{first} to {last}") }, Dialect::Mrkdwn)
        }
        Item::Link { url, label } => format!("<{url}|{}>", escape(label, Dialect::Mrkdwn)),
    }
}
