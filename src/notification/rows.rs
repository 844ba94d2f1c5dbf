//! The rows of a section: its groups and its notes.

use super::cause::fault_and_cause;
use super::text::{NameSet, Text};
use super::{Cell, Detail, Links, Row, Storm, context};
use crate::digest::{Fault, Group, OTHER_LOG_GROUPS, SampleText, Section};
use crate::words;

/// One row a group, worst first, and one row for the groups that have none.
pub(super) fn groups<'a>(
    section: &'a Section,
    storm: Option<&Storm>,
    detail: Detail,
    names: &mut Vec<NameSet<'a>>,
) -> Vec<Row<'a>> {
    let (listed, hidden) = section.groups.split_at(section.groups.len().min(detail.groups));
    let set = routes(listed, detail, names);
    let rows = listed.iter().enumerate().map(|(index, group)| {
        let is_new = storm.is_some() && group.is_new;
        let source = context::source_of_group(&group.source, &section.context, section.matched());
        row(group, (set, index), group.count, is_new.then(|| Cell::bold(" new")), source, detail)
    });
    rows.chain(more_groups(section, hidden, storm)).collect()
}

/// The routes of these groups as a set of names, and its place.
pub(super) fn routes<'a>(groups: &'a [Group], detail: Detail, names: &mut Vec<NameSet<'a>>) -> usize {
    let routes = groups.iter().map(|group| group.route.as_str()).collect();
    names.push(NameSet { names: routes, max: detail.name });
    names.len() - 1
}

/// One group: what it is, how often, what is added to that, whose fault it is, where it came from and when it was. Its
/// route is a name of a set.
pub(super) fn row<'a>(
    group: &'a Group,
    (set, index): (usize, usize),
    count: u64,
    added: Option<Cell<'a>>,
    source: Option<Text<'a>>,
    detail: Detail,
) -> Row<'a> {
    let what = if group.route.is_empty() {
        Text::of(group.status.to_string())
    } else {
        Text::of(format!("{} ", group.status)).name(set, index)
    };
    let mut row = vec![Cell::bold(what), Cell::of(format!(" ×{}", words::number(count)))];
    row.extend(added);
    let why = fault_and_cause(group, detail.name);
    // Where room is short, the last row says it for all.
    let source = source.filter(|_| detail.links != Links::Shared);
    row.extend(why.into_iter().chain(source).map(|text| Cell::of(Text::of(" · ").append(text))));
    let salvaged = salvaged(group).map(|salvaged| format!(" · {salvaged}")).unwrap_or_default();
    row.push(Cell::of(format!(" · {}{salvaged}", times(group.first_ms, group.last_ms))));
    if let Some(runbook) = &group.incident.runbook {
        row.extend([Cell::of(" · "), Cell::of(Text::link(runbook, "runbook", None))]);
    }
    row
}

/// Which log group a section is about, where there are several: `40 errors · /aws/apigateway/orders`.
pub(super) fn title(section: &Section, (set, index): (usize, usize)) -> Row<'static> {
    let errors = words::count(section.matched(), "error");
    vec![Cell::bold(Text::of(format!("{errors} · ")).name(set, index))]
}

/// What else the reader has to know of the batch: counted, unreadable and withheld lines.
pub(super) fn notes(section: &Section, detail: Detail) -> Vec<Row<'_>> {
    let counted = section.counted_by_rule.iter().map(|(rule, lines)| (rule.as_str(), *lines)).collect();
    let mut notes = counted_by_rule(counted, detail);
    notes.extend(unreadable(section.unreadable));
    notes.extend(withheld(section).map(Text::of));
    if notes.is_empty() { Vec::new() } else { vec![vec![Cell::of(Text::join(notes, " · "))]] }
}

/// What was counted and what was unreadable in log groups that have no section of their own.
pub(super) fn elsewhere<'a>(sections: &[&'a Section], detail: Detail) -> Option<Row<'a>> {
    let mut counted: Vec<(&str, u64)> = Vec::new();
    for (rule, lines) in sections.iter().flat_map(|section| &section.counted_by_rule) {
        match counted.iter_mut().find(|(known, _)| known == rule) {
            Some((_, sum)) => *sum = sum.saturating_add(*lines),
            None => counted.push((rule, *lines)),
        }
    }
    let lines = sections.iter().fold(0_u64, |sum, section| sum.saturating_add(section.unreadable));
    let mut notes = counted_by_rule(counted, detail);
    notes.extend(unreadable(lines));
    let says_something = |section: &&&Section| section.unreadable > 0 || !section.counted_by_rule.is_empty();
    let of: Vec<&&Section> = sections.iter().filter(says_something).collect();
    let notes = Text::join(notes, " · ").ours(" in ");
    Some(vec![Cell::of(match of.as_slice() {
        [] => return None,
        [one] => notes.stranger(one.log_group.as_str(), detail.name),
        _ if of.iter().any(|section| section.is_rest) => notes.ours(OTHER_LOG_GROUPS),
        several => notes.ours(words::count(several.len() as u64, "other log group")),
    })])
}

/// One row for the groups that have none.
pub(super) fn more_groups(
    section: &Section,
    hidden: &[Group],
    storm: Option<&Storm>,
) -> Option<Row<'static>> {
    let lines = hidden.iter().fold(section.other.count, |sum, group| sum.saturating_add(group.count));
    let groups = hidden.len() as u64;
    let what = match (groups, section.other.count) {
        (0, 0) => return None,
        (_, 0) => words::count(groups, "more group"),
        // How many groups there was no room for is not known, only that it is one at least.
        (_, _) => format!("at least {}", words::count(groups + 1, "more group")),
    };
    let mut row = vec![Cell::of(what), Cell::of(format!(" ×{}", words::number(lines)))];
    let new = hidden.iter().filter(|group| group.is_new).count() as u64;
    if storm.is_some() && new > 0 {
        row.push(Cell::bold(format!(" {} new", words::number(new))));
    }
    Some(row)
}

/// From one time to another; a time of 0 is unknown, and so is one before it.
pub(super) fn times(first_ms: i64, last_ms: i64) -> String {
    match (first_ms > 0, last_ms > 0) {
        (_, false) => "time unknown".to_owned(),
        (false, true) => words::span(last_ms, last_ms),
        (true, true) => words::span(first_ms, last_ms),
    }
}

/// Whose fault a group's errors are, in the words of a message; empty where the lines do not tell.
pub(crate) fn fault_words(group: &Group) -> String {
    fault(group.fault).unwrap_or_default()
}

/// Whose fault it is, in words; nothing where the lines do not tell.
pub(super) fn fault(fault: Fault) -> Option<String> {
    let (who, detail) = match fault {
        Fault::Gateway => ("gateway", None),
        Fault::Integration(detail) => ("integration", detail),
        Fault::Authorizer(detail) => ("authorizer", detail),
        Fault::Waf => ("WAF", None),
        Fault::Throttle(detail) => ("throttle", detail),
        Fault::Client(detail) => ("client", detail),
        Fault::Unknown => return None,
    };
    Some(detail.map_or_else(|| who.to_owned(), |detail| format!("{who}: {detail}")))
}

/// How many of a group's lines were salvaged: `broken JSON` where all were, else with their number.
pub(super) fn salvaged(group: &Group) -> Option<String> {
    match group.salvaged {
        0 => None,
        n if n >= group.count => Some("broken JSON".to_owned()),
        n => Some(format!("{} broken JSON", words::number(n))),
    }
}

fn unreadable(lines: u64) -> Option<Text<'static>> {
    (lines > 0).then(|| format!("{} unreadable", words::count(lines, "line")).into())
}

fn counted_by_rule(mut named: Vec<(&str, u64)>, detail: Detail) -> Vec<Text<'_>> {
    let others = named.split_off(named.len().min(detail.rules));
    let note = |(rule, lines)| {
        let counted = format!("{} counted by rule \"", words::number(lines));
        Text::of(counted).stranger(rule, detail.name).ours("\"")
    };
    let mut notes: Vec<Text<'_>> = named.into_iter().map(note).collect();
    if !others.is_empty() {
        let lines = others.iter().fold(0_u64, |sum, (_, lines)| sum.saturating_add(*lines));
        let rules = words::count(others.len() as u64, "more rule");
        notes.push(format!("{} counted by {rules}", words::number(lines)).into());
    }
    notes
}

/// Lines whose text redaction had to hold back. Only samples are known to be; the others may be as well.
fn withheld(section: &Section) -> Option<String> {
    let samples = || section.groups.iter().flat_map(|group| &group.samples);
    let withheld = samples().filter(|sample| sample.text == SampleText::Withheld).count() as u64;
    let exact = samples().count() as u64 >= section.matched();
    let least = if exact { "" } else { "at least " };
    let lines = words::count(withheld, "line");
    (withheld > 0).then(|| format!("{least}{lines} withheld: fields to mask not found with certainty"))
}
