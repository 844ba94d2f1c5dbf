//! An incident in; what its parent says, out: the one message of it that stands in the channel, its sums kept up to date,
//! while all its other messages stand in the thread under it.

use std::borrow::Cow;

use super::cause::with_cause;
use super::color::{Color, Severity};
use super::progress::span_ms;
use super::text::{NameSet, Text};
use super::{Cell, Detail, Notification, Row, Section, Style, context, footer, snooze, summary};
use crate::digest::Digest;
use crate::incident::{self, AlarmOpening, Incident};
use crate::words;

/// Alarms in ALARM that have a row of their own.
const MAX_ALARMS: usize = 3;
/// The longest name of an alarm (CloudWatch allows 255) with its contributor.
const MAX_ALARM: usize = 300;
/// The longest pieces of an alarm's heading.
const MAX_HEADING: [usize; 4] = [60, 300, 300, 270];

/// An incident as its parent shows it.
#[derive(Debug, Clone, Copy)]
pub struct Parent<'a> {
    /// The incident, with what arrived counted in.
    pub incident: &'a Incident,
    /// Its log group.
    pub log_group: &'a str,
    /// It stands for all log groups beyond the most that are told apart: no link can hold it.
    pub is_rest: bool,
    /// It is over.
    pub is_over: bool,
    /// It goes on from a parent that is gone.
    pub continues: bool,
    /// The lines whose rules' mentions it carries; none where it is written anew.
    pub mentions_of: Option<&'a Digest>,
    /// When it is written, epoch milliseconds.
    pub now_ms: i64,
    /// The message's short id.
    pub id: &'a str,
}

/// The parent at one level of detail.
#[must_use]
pub fn of_parent<'a>(parent: &Parent<'a>, style: &'a Style, detail: Detail) -> Notification<'a> {
    let Parent { incident, log_group, is_rest, is_over, id, .. } = *parent;
    let (began_ms, last_ms) = span_ms(incident);
    let mut groups: Vec<&incident::Group> = incident.groups().iter().collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.count.total), group.name().route));
    let mut names = Vec::new();
    let mut footer = footer::of_incident(incident, log_group, is_rest, style);
    footer.push(format!("updated {} UTC", words::minute_beside(parent.now_ms, last_ms)).into());
    let in_alarm = incident.in_alarm(parent.now_ms);
    let has_server_errors = groups.iter().any(|group| group.name().is_server_error());
    let is_aged = incident.total() == 0 && incident.is_opener_aged(parent.now_ms);
    let severity = if is_over && is_aged {
        Severity::Warning
    } else if is_over {
        Severity::Good
    } else if has_server_errors || !in_alarm.is_empty() {
        Severity::Danger
    } else {
        Severity::Warning
    };
    let mut rows = rows(incident, &groups, incident.other().total, detail, &mut names);
    rows.splice(..0, alarms(&in_alarm, parent.now_ms));
    let color = if is_over {
        Color::or(style, severity)
    } else {
        Color::by_rules(incident.colors(), style, severity)
    };
    let snooze = incident.snoozed().filter(|snooze| snooze.is_on(parent.now_ms));
    let notes = snooze.map(|snooze| snooze::going_on(snooze, parent.now_ms)).into_iter().collect();
    let section = Section { color, rows, notes, footer, ..Section::default() };
    let lasted_ms = words::elapsed_ms(began_ms, last_ms);
    let summary = match incident.thread.opening().filter(|_| incident.total() == 0) {
        Some(opening) => alarm_summary(parent, opening, &in_alarm, lasted_ms),
        None => summary(parent, &groups, lasted_ms),
    };
    let notification = Notification::of_section(summary, section, style, id);
    let mentions = parent.mentions_of.map(summary::mentions).unwrap_or_default();
    Notification { mentions, names, ..notification }
}

/// `502 POST /v1/orders and 1 more`, `4,310 errors in 12 min`, `/aws/…`.
fn summary<'a>(parent: &Parent<'a>, groups: &[&'a incident::Group], lasted_ms: u64) -> Vec<Text<'a>> {
    let lasted = words::duration(lasted_ms);
    let errors = summary::errors_of(parent.incident.total(), parent.incident.requests());
    let mut summary: Vec<Text<'_>> = Vec::new();
    if parent.is_over {
        summary.push(format!("Over after {lasted}").into());
        summary.push(errors.clone().into());
    } else if parent.continues {
        summary.push("Continued".into());
    }
    if let [first, others @ ..] = groups {
        let what = summary::name("", first.name().status, first.name().route);
        summary.push(match others.len() as u64 {
            0 => what,
            more => what.ours(format!(" and {} more", words::number(more))),
        });
    }
    if !parent.is_over {
        let is_short = lasted_ms < 1_000;
        summary.push(if is_short { errors } else { format!("{errors} in {lasted}") }.into());
    }
    summary.extend(summary::places(&[parent.log_group]));
    summary.extend(context::only_source(parent.incident.context(), parent.incident.total()));
    summary
}

/// What the thread of an alarm says while there are no lines: the notice's heading while that alarm is in ALARM, else
/// the alarm that is, or that it is over.
fn alarm_summary<'a>(
    parent: &Parent<'a>,
    opening: &'a AlarmOpening,
    in_alarm: &[(&'a str, i64)],
    lasted_ms: u64,
) -> Vec<Text<'a>> {
    let notice = opening.heading.iter().zip(MAX_HEADING).map(|(part, max)| Text::of_stranger(part, max));
    match in_alarm.first() {
        Some(_) if parent.incident.is_opener_in_alarm(parent.now_ms) => notice.collect(),
        Some((name, _)) => vec![Text::of("ALARM"), Text::of_stranger(*name, MAX_ALARM)],
        None if parent.incident.is_opener_aged(parent.now_ms) => {
            [Text::of("No recovery in a day")].into_iter().chain(notice.skip(1)).collect()
        }
        None => {
            let over = Text::from(format!("Over after {}", words::duration(lasted_ms)));
            [over].into_iter().chain(notice.skip(1)).collect()
        }
    }
}

/// A row for each alarm that is in ALARM, and one for those that are too many.
fn alarms<'a>(in_alarm: &[(&'a str, i64)], now_ms: i64) -> Vec<Row<'a>> {
    let (listed, hidden) = in_alarm.split_at(in_alarm.len().min(MAX_ALARMS));
    let row = |(name, since_ms): &(&'a str, i64)| -> Row<'a> {
        let since = format!("in ALARM since {} UTC", words::minute_beside(*since_ms, now_ms));
        vec![Cell::of(match *name {
            "" => Text::of(format!("an alarm is {since}")),
            name => Text::of("alarm \"").stranger(name, MAX_ALARM).ours(format!("\" {since}")),
        })]
    };
    let more = (!hidden.is_empty()).then(|| {
        let more = words::count(hidden.len() as u64, "more alarm");
        vec![Cell::of(format!("{more} in ALARM"))]
    });
    listed.iter().map(row).chain(more).collect()
}

/// The largest groups of an incident with their sums, and one row for all others.
pub(super) fn rows<'a>(
    incident: &'a Incident,
    groups: &[&'a incident::Group],
    other: u64,
    detail: Detail,
    names: &mut Vec<NameSet<'a>>,
) -> Vec<Row<'a>> {
    let (listed, hidden) = groups.split_at(groups.len().min(detail.groups));
    let set = names.len();
    names.push(NameSet { names: listed.iter().map(|group| group.name().route).collect(), max: detail.name });
    let mut rows: Vec<Row<'_>> = listed
        .iter()
        .enumerate()
        .map(|(index, group)| {
            let name = group.name();
            let status = Text::of(name.status.to_string());
            let what = if name.route.is_empty() { status } else { status.ours(" ").name(set, index) };
            let mut row = vec![Cell::bold(what), Cell::of(format!(" ×{}", words::number(group.count.total)))];
            let fault = (!name.fault.is_empty()).then(|| name.fault.to_owned());
            let why = with_cause(fault, group.cause().map(Cow::Borrowed), detail.name);
            let source = context::source_of_group(group.source(), incident.context(), incident.total());
            row.extend(why.into_iter().chain(source).map(|text| Cell::of(Text::of(" · ").append(text))));
            if let Some(runbook) = group.runbook() {
                row.extend([Cell::of(" · "), Cell::of(Text::link(runbook, "runbook", None))]);
            }
            row
        })
        .collect();
    let lines = hidden.iter().fold(other, |sum, group| sum.saturating_add(group.count.total));
    if lines > 0 {
        rows.push(vec![Cell::of("other groups"), Cell::of(format!(" ×{}", words::number(lines)))]);
    }
    rows
}
