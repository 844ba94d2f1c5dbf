//! A digest in; what happened, out: the statements of one line, which a phone's notification shows.

use std::borrow::Cow;

use super::cause::fault_and_cause;
use super::rows;
use super::text::Text;
use super::{Situation, Storm, Style, context};
use crate::digest::{Digest, Group, Section};
use crate::words;

/// The longest sequence of mentions, in characters.
const MAX_MENTIONS: usize = 200;
/// The longest name of a log group where it stands alone, and where several are listed.
const MAX_PLACE: usize = 160;
const MAX_PLACE_OF_SEVERAL: usize = 50;
/// A summary lists at most so many groups or log groups by name.
const MAX_LISTED: usize = 3;
/// The longest cause of one error.
const MAX_CAUSE: usize = 80;
/// The longest list of groups; a longer one gives way to the sums by status class.
const MAX_GROUPS: usize = 160;
/// By so much the names in a list may grow where they are escaped; what is longer then is cut.
const MAX_GROWTH: usize = 80;

/// The operator's words as written; only what no one can see or write on purpose is dropped.
pub(super) fn lead_in(style: &Style) -> Cow<'_, str> {
    let lead_in = style.lead_in.as_deref().unwrap_or_default();
    let is_dropped = |c: char| c != '\n' && c.is_control();
    if lead_in.contains(is_dropped) {
        return lead_in.replace(is_dropped, "").trim_matches(' ').to_owned().into();
    }
    lead_in.trim_matches(' ').into()
}

/// The mentions of all rules that matched, once each. Half a mention mentions no one: one that does not fit
/// is left out.
pub(crate) fn mentions(digest: &Digest) -> Vec<&str> {
    let mut mentions: Vec<&str> = Vec::new();
    let mut room = MAX_MENTIONS;
    for mention in digest.sections.iter().flat_map(|section| &section.mentions).map(|mention| mention.trim())
    {
        if mention.is_empty() || mentions.contains(&mention) || mention.chars().any(char::is_control) {
            continue;
        }
        if let Some(left) = room.checked_sub(length(mention) + 1) {
            mentions.push(mention);
            room = left;
        }
    }
    mentions
}

/// What happened in all of the digest.
pub(super) fn of_digest<'a>(digest: &'a Digest, situation: &Situation<'_>) -> Vec<Text<'a>> {
    let sections: Vec<&Section> = digest.sections.iter().collect();
    match &situation.storm {
        Some(storm) => of_storm(&sections, storm, situation.now_ms),
        None => of_sections(&sections),
    }
}

/// What happened in these: `3 errors`, `2 × 502 POST /v1/orders`, `1 × 403 GET /v1/items`, `/aws/…`.
pub(super) fn of_sections<'a>(sections: &[&'a Section]) -> Vec<Text<'a>> {
    let totals = Totals::of(sections);
    let all = totals.all();
    let mut parts = match sections {
        [section] => match section.groups.as_slice() {
            [group] if all == 1 => one_error(group, section.requests),
            [group] if group.count == all => {
                let what = what("all ", group, MAX_GROUPS);
                [errors(sections, all), what].into_iter().chain(fault(group)).collect()
            }
            groups => {
                let times = || rows::times(section.first_ms, section.last_ms).into();
                let rest = list(groups, all)
                    .unwrap_or_else(|| totals.by_class().into_iter().chain([times()]).collect());
                [errors(sections, all)].into_iter().chain(rest).collect()
            }
        },
        _ => [errors(sections, all)].into_iter().chain(totals.by_class()).collect(),
    };
    parts.extend(place(sections));
    parts.extend(only_source(sections));
    parts
}

/// The names of the log groups, as many as a reader takes in.
pub(super) fn place<'a>(sections: &[&'a Section]) -> Option<Text<'a>> {
    let names: Vec<&str> = sections.iter().map(|section| section.log_group.as_str()).collect();
    places(&names)
}

/// The same, of names alone.
pub(super) fn places<'a>(names: &[&'a str]) -> Option<Text<'a>> {
    match names {
        [] => None,
        [name] => Some(Text::of_stranger(*name, MAX_PLACE)),
        _ => {
            let listed = names.iter().take(MAX_LISTED);
            let listed = listed.map(|name| Text::of_stranger(*name, MAX_PLACE_OF_SEVERAL));
            let number = words::count(names.len() as u64, "log group");
            let place = Text::of(format!("{number}: ")).append(Text::join(listed, ", "));
            Some(match names.len().saturating_sub(MAX_LISTED) {
                0 => place,
                more => place.ours(format!(" and {more} more")),
            })
        }
    }
}

/// Where the lines of one log group came from, if all came from one source.
fn only_source<'a>(sections: &[&'a Section]) -> Option<Text<'a>> {
    let [section] = sections else { return None };
    context::only_source(&section.context, section.matched())
}

/// A status with its route, as long as one has room alone.
pub(super) fn name<'a>(before: &str, status: u16, route: &'a str) -> Text<'a> {
    route_within(format!("{before}{status}"), route, MAX_GROUPS - STATUS)
}

/// The same where several stand in a row.
pub(super) fn short_name(status: u16, route: &str) -> Text<'_> {
    route_within(status.to_string(), route, MAX_PLACE_OF_SEVERAL - STATUS)
}

/// What a status takes up, and the blank behind it.
const STATUS: usize = "502 ".len();

fn of_storm<'a>(sections: &[&'a Section], storm: &Storm, now_ms: i64) -> Vec<Text<'a>> {
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
    let lasted = words::duration(words::elapsed_ms(storm.since_ms, now_ms));
    let parts = [
        Some(format!("Storm for {lasted}").into()),
        Some(format!("{errors} since the last message{rate}").into()),
        totals.by_class(),
        place(sections),
        only_source(sections),
    ];
    parts.into_iter().flatten().collect()
}

/// `3 errors`, and where it is known `(1.8 % of 170 requests received)`: what the subscription filter holds back is in
/// no such number.
fn errors(sections: &[&Section], all: u64) -> Text<'static> {
    let requests = match sections {
        [section] => section.requests,
        _ => None,
    };
    errors_of(all, requests).into()
}

/// The same of numbers alone.
pub(super) fn errors_of(all: u64, requests: Option<u64>) -> String {
    let errors = words::count(all, "error");
    match requests.filter(|requests| *requests > all) {
        Some(requests) => {
            let share = words::share(all, requests);
            format!("{errors} ({share} of {} received)", words::count(requests, "request"))
        }
        None => errors,
    }
}

fn one_error(group: &Group, requests: Option<u64>) -> Vec<Text<'_>> {
    let requests = requests.filter(|requests| *requests > 1);
    let share = requests.map(|requests| format!("1 of {} received", words::count(requests, "request")));
    let parts = [
        Some(what("", group, MAX_GROUPS)),
        fault(group),
        rows::salvaged(group).map(Text::of),
        share.map(Text::of),
    ];
    parts.into_iter().flatten().collect()
}

/// Each group by name, if they are few, fit, and are all there is.
fn list(groups: &[Group], all: u64) -> Option<Vec<Text<'_>>> {
    let listed = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.count));
    if groups.len() > MAX_LISTED || listed != all || groups.is_empty() {
        return None;
    }
    let no_fault = |_: &Group| String::new();
    let fault =
        |group: &Group| rows::fault(group.fault).map(|fault| format!(" ({fault})")).unwrap_or_default();
    let with_fault = look_alike(groups, no_fault);
    if with_fault && look_alike(groups, fault) {
        return None;
    }
    let mut used = 0;
    let list = groups.iter().map(|group| {
        let number = format!("{} × ", words::number(group.count));
        let fault = if with_fault { fault(group) } else { String::new() };
        let route = length(&group.route);
        used += length(&number) + STATUS + route + length(&fault);
        let name = what(&number, group, route + MAX_GROWTH / groups.len().max(1));
        if fault.is_empty() { name } else { name.ours(fault) }
    });
    let list = list.collect();
    (used <= MAX_GROUPS).then_some(list)
}

fn look_alike(groups: &[Group], suffix: impl Fn(&Group) -> String) -> bool {
    let look = |group: &Group| words::look(&format!("{} {}{}", group.status, group.route, suffix(group)));
    let mut looks: Vec<String> = groups.iter().map(look).collect();
    looks.sort_unstable();
    looks.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

fn what<'a>(before: &str, group: &'a Group, max: usize) -> Text<'a> {
    route_within(format!("{before}{}", group.status), &group.route, max)
}

fn route_within(status: String, route: &str, max: usize) -> Text<'_> {
    if route.is_empty() { status.into() } else { Text::of(status + " ").stranger(route, max) }
}

fn fault(group: &Group) -> Option<Text<'_>> {
    fault_and_cause(group, MAX_CAUSE)
}

/// In UTF-16 code units.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
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

    fn by_class(self) -> Option<Text<'static>> {
        Some(match (self.server, self.client) {
            (0, 0) => return None,
            (_, 0) => "all 5xx".into(),
            (0, _) => "all 4xx".into(),
            (server, client) => {
                format!("{} × 5xx · {} × 4xx", words::number(server), words::number(client)).into()
            }
        })
    }
}
