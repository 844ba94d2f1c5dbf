//! A digest in; its heading, out: what a phone's notification says.
//!
//! All of it but the operator's lead-in and mentions is escaped.

use super::cause::fault_and_cause;
use super::{Situation, Storm, Style};
use super::{names, rows};
use crate::digest::{Digest, Group, Section};
use crate::slack::escape::{Dialect, cut_mrkdwn, escape, escape_within, units};
use crate::words;

/// The longest lead-in and the longest sequence of mentions, in characters as Slack counts them.
/// Together with the summary they stay below the limit of a heading.
const MAX_LEAD_IN: usize = 300;
const MAX_MENTIONS: usize = 200;
/// The longest name of a log group where it stands alone, and where several are listed.
const MAX_PLACE: usize = 160;
const MAX_PLACE_OF_SEVERAL: usize = 50;
/// A heading lists at most so many groups or log groups by name.
const MAX_LISTED: usize = 3;
/// The longest cause of one error.
const MAX_CAUSE: usize = 80;
/// The longest list of groups; a longer one gives way to the sums by status class.
const MAX_GROUPS: usize = 160;

/// Lead-in, mentions where the message has them, and summary.
pub(super) fn heading(digest: &Digest, style: &Style, has_mentions: bool, summary: &str) -> String {
    let mentions = if has_mentions { mentions(digest) } else { String::new() };
    [lead_in(style).as_str(), mentions.as_str(), summary]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What happened in all of the digest, in one line.
pub(super) fn summary_of(digest: &Digest, situation: &Situation<'_>) -> String {
    let sections: Vec<&Section> = digest.sections.iter().collect();
    match &situation.storm {
        Some(storm) => storm_summary(&sections, storm, situation.now_ms),
        None => summary(&sections),
    }
}

/// The operator's words as written; only what no one can see or write on purpose is dropped.
pub(super) fn lead_in(style: &Style) -> String {
    let lead_in = style.lead_in.as_deref().unwrap_or_default();
    let visible: String = lead_in.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    cut_mrkdwn(visible.trim_matches(' '), MAX_LEAD_IN)
}

/// What happened, in one line: `3 errors · 2 × 502 POST /v1/orders · 1 × 403 GET /v1/items · /aws/…`.
pub(super) fn summary(sections: &[&Section]) -> String {
    let totals = Totals::of(sections);
    let errors = errors(sections, totals.all());
    let mut parts = match sections {
        [section] => match (section.groups.as_slice(), totals.all()) {
            ([group], 1) => one_error(group, section.requests),
            ([group], all) if group.count == all => {
                let what = format!("all {}", what(group, MAX_GROUPS));
                [Some(errors), Some(what), fault(group)].into_iter().flatten().collect()
            }
            (groups, all) => match list(groups, all) {
                Some(list) => [vec![errors], list].concat(),
                None => vec![errors, totals.by_class(), own(&rows::times(section.first_ms, section.last_ms))],
            },
        },
        _ => vec![errors, totals.by_class()],
    };
    parts.push(place(sections));
    join(parts)
}

/// The names of the log groups, as many as a reader takes in.
pub(super) fn place(sections: &[&Section]) -> String {
    let names: Vec<&str> = sections.iter().map(|section| section.log_group.as_str()).collect();
    places(&names)
}

/// The same, of names alone.
pub(super) fn places(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => name_within(name, MAX_PLACE),
        _ => {
            let listed: Vec<String> =
                names.iter().take(MAX_LISTED).map(|name| name_within(name, MAX_PLACE_OF_SEVERAL)).collect();
            let more = match names.len().saturating_sub(MAX_LISTED) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let number = own(&words::count(names.len() as u64, "log group"));
            format!("{number}{} {}{more}", own(":"), listed.join(", "))
        }
    }
}

/// Own words, escaped like all else, so that no time of day can be taken for an emoji.
pub(super) fn own(words: &str) -> String {
    escape(words, Dialect::Mrkdwn)
}

/// The parts that say something, with a middle dot between them.
pub(super) fn join(parts: Vec<String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn storm_summary(sections: &[&Section], storm: &Storm, now_ms: i64) -> String {
    let totals = Totals::of(sections);
    let errors = words::count(totals.all(), "error");
    let rate = match words::elapsed_ms(storm.last_message_ms, now_ms) {
        // Below a second a rate is no more than noise.
        0..1_000 => String::new(),
        ms => {
            let a_minute = u128::from(totals.all()) * 60_000 / u128::from(ms);
            format!(" ({} a minute)", words::number(u64::try_from(a_minute).unwrap_or(u64::MAX)))
        }
    };
    join(vec![
        own(&format!("Storm for {}", words::duration(words::elapsed_ms(storm.since_ms, now_ms)))),
        own(&format!("{errors} since the last message{rate}")),
        totals.by_class(),
        place(sections),
    ])
}

/// The mentions of all rules that matched, once each. Half a mention mentions no one: one that does not fit
/// is left out.
fn mentions(digest: &Digest) -> String {
    let mut mentions: Vec<&str> = Vec::new();
    let mut room = MAX_MENTIONS;
    for mention in digest.sections.iter().flat_map(|section| &section.mentions).map(|mention| mention.trim())
    {
        if mention.is_empty() || mentions.contains(&mention) || mention.chars().any(char::is_control) {
            continue;
        }
        if let Some(left) = room.checked_sub(units(mention) + 1) {
            mentions.push(mention);
            room = left;
        }
    }
    mentions.join(" ")
}

/// `3 errors`, and where it is known `(1.8 % of 170 requests received)`: what the subscription filter holds back is in
/// no such number.
fn errors(sections: &[&Section], all: u64) -> String {
    let errors = words::count(all, "error");
    let requests = match sections {
        [section] => section.requests.filter(|requests| *requests > all),
        _ => None,
    };
    own(&match requests {
        Some(requests) => {
            let share = words::share(all, requests);
            format!("{errors} ({share} of {} received)", words::count(requests, "request"))
        }
        None => errors,
    })
}

fn one_error(group: &Group, requests: Option<u64>) -> Vec<String> {
    let salvaged = rows::salvaged(group).map(|words| own(&words));
    let requests = requests.filter(|requests| *requests > 1);
    let share = requests.map(|requests| own(&format!("1 of {} received", words::count(requests, "request"))));
    [Some(what(group, MAX_GROUPS)), fault(group), salvaged, share].into_iter().flatten().collect()
}

/// Each group by name, if they are few, fit, and are all there is.
fn list(groups: &[Group], all: u64) -> Option<Vec<String>> {
    let listed = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.count));
    if groups.len() > MAX_LISTED || listed != all || groups.is_empty() {
        return None;
    }
    let mut list: Vec<String> = groups.iter().map(|group| what(group, usize::MAX)).collect();
    if look_alike(&list) {
        for (what, group) in list.iter_mut().zip(groups) {
            what.extend(rows::fault(group.fault).map(|fault| format!(" ({})", own(&fault))));
        }
        if look_alike(&list) {
            return None;
        }
    }
    for (what, group) in list.iter_mut().zip(groups) {
        what.insert_str(0, &format!("{} × ", words::number(group.count)));
    }
    (list.iter().map(|group| units(group)).sum::<usize>() <= MAX_GROUPS).then_some(list)
}

fn what(group: &Group, max: usize) -> String {
    let status = group.status;
    if group.route.is_empty() {
        status.to_string()
    } else {
        format!("{status} {}", name_within(&group.route, max))
    }
}

fn fault(group: &Group) -> Option<String> {
    fault_and_cause(group, Dialect::Mrkdwn, MAX_CAUSE)
}

fn look_alike(list: &[String]) -> bool {
    let mut looks: Vec<String> = list.iter().map(|what| names::look(what)).collect();
    looks.sort_unstable();
    looks.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

/// A stranger's name for something, as long as one has room alone.
pub(super) fn name(name: &str) -> String {
    name_within(name, MAX_GROUPS)
}

/// The same where several stand in a row.
pub(super) fn short_name(name: &str) -> String {
    name_within(name, MAX_PLACE_OF_SEVERAL)
}

fn name_within(name: &str, max: usize) -> String {
    escape_within(name, 0, Dialect::Mrkdwn, max)
}

#[derive(Debug, Clone, Copy)]
struct Totals {
    client: u64,
    server: u64,
}

impl Totals {
    fn of(sections: &[&Section]) -> Self {
        let sum =
            |part: fn(&Section) -> u64| sections.iter().fold(0_u64, |sum, s| sum.saturating_add(part(s)));
        Self { client: sum(|section| section.client_errors), server: sum(|section| section.server_errors) }
    }

    fn all(self) -> u64 {
        self.client.saturating_add(self.server)
    }

    fn by_class(self) -> String {
        match (self.server, self.client) {
            (0, 0) => String::new(),
            (_, 0) => "all 5xx".to_owned(),
            (0, _) => "all 4xx".to_owned(),
            (server, client) => format!("{} × 5xx · {} × 4xx", words::number(server), words::number(client)),
        }
    }
}
