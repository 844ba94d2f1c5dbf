//! A section in; its group rows and its notes, out.

use std::fmt::Write as _;

use super::Storm;
use super::cause::fault_and_cause;
use super::form::{Cell, Row};
use super::names;
use super::pen::Pen;
use crate::digest::{Fault, Group, OTHER_LOG_GROUPS, SampleText, Section};
use crate::words;

/// One row a group, worst first, and one row for the groups that have none.
pub(super) fn groups(section: &Section, storm: Option<&Storm>, pen: &Pen) -> Vec<Row> {
    let (listed, hidden) = section.groups.split_at(section.groups.len().min(pen.detail.groups));
    let routes: Vec<&str> = listed.iter().map(|group| group.route.as_str()).collect();
    let routes = names::distinct(&routes, pen.dialect, pen.detail.name);
    let rows = listed.iter().zip(routes).map(|(group, route)| group_row(group, &route, storm, pen));
    rows.chain(more_groups(section, hidden, storm, pen)).collect()
}

/// Which log group a bar is about, where there are several: `40 errors · /aws/apigateway/orders`.
pub(super) fn title(section: &Section, name: &str, pen: &Pen) -> Row {
    let errors = words::count(section.matched(), "error");
    vec![Cell::bold(format!("{} · {name}", pen.words(&errors)))]
}

/// How many lines stand below, where it is not all of them.
pub(super) fn caption(shown: u64, matched: u64, pen: &Pen) -> Row {
    let words = format!("{} of {}:", words::number(shown), words::count(matched, "line"));
    vec![Cell::new(pen.words(&words))]
}

/// What else the reader has to know of the batch: counted, unreadable and withheld lines.
pub(super) fn notes(section: &Section, pen: &Pen) -> Vec<Row> {
    let mut notes = counted_by_rule(&section.counted_by_rule, pen);
    notes.extend(unreadable(section.unreadable, pen));
    notes.extend(withheld(section).map(|note| pen.words(&note)));
    if notes.is_empty() { Vec::new() } else { vec![vec![Cell::new(notes.join(" · "))]] }
}

/// What was counted and what was unreadable in log groups that have no bar.
pub(super) fn elsewhere(sections: &[&Section], pen: &Pen) -> Option<Row> {
    let mut counted: Vec<(String, u64)> = Vec::new();
    for (rule, lines) in sections.iter().flat_map(|section| &section.counted_by_rule) {
        match counted.iter_mut().find(|(known, _)| known == rule) {
            Some((_, sum)) => *sum = sum.saturating_add(*lines),
            None => counted.push((rule.clone(), *lines)),
        }
    }
    let lines = sections.iter().fold(0_u64, |sum, section| sum.saturating_add(section.unreadable));
    let mut notes = counted_by_rule(&counted, pen);
    notes.extend(unreadable(lines, pen));
    let says_something = |section: &&&Section| section.unreadable > 0 || !section.counted_by_rule.is_empty();
    let of: Vec<&&Section> = sections.iter().filter(says_something).collect();
    let place = match of.as_slice() {
        [] => return None,
        [one] => pen.name(&one.log_group),
        _ if of.iter().any(|section| section.is_rest) => pen.words(OTHER_LOG_GROUPS),
        several => pen.words(&words::count(several.len() as u64, "other log group")),
    };
    Some(vec![Cell::new(format!("{} in {place}", notes.join(" · ")))])
}

/// From one time to another; a time of 0 is unknown, and so is one before it.
pub(super) fn times(first_ms: i64, last_ms: i64) -> String {
    match (first_ms > 0, last_ms > 0) {
        (_, false) => "time unknown".to_owned(),
        (false, true) => words::span(last_ms, last_ms),
        (true, true) => words::span(first_ms, last_ms),
    }
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

fn group_row(group: &Group, route: &str, storm: Option<&Storm>, pen: &Pen) -> Row {
    let is_new = storm.is_some() && group.is_new;
    self::group(group, route, group.count, is_new.then(|| Cell::bold(" new")), pen)
}

/// One group: what it is, how often, what is added to that, whose fault it is and when it was. `route` is its route as
/// it is shown.
pub(super) fn group(group: &Group, route: &str, count: u64, added: Option<Cell>, pen: &Pen) -> Row {
    let mut what = group.status.to_string();
    if !route.is_empty() {
        let _ = write!(what, " {route}");
    }
    let mut row = vec![Cell::bold(what), Cell::new(format!(" ×{}", words::number(count)))];
    row.extend(added);
    let why = fault_and_cause(group, pen.dialect, pen.detail.name);
    row.extend(why.map(|why| Cell::new(format!(" · {why}"))));
    let mut times = times(group.first_ms, group.last_ms);
    if let Some(salvaged) = salvaged(group) {
        let _ = write!(times, " · {salvaged}");
    }
    row.push(Cell::new(format!(" · {}", pen.words(&times))));
    if let Some(runbook) = &group.incident.runbook {
        row.extend([Cell::new(" · "), Cell::link("runbook", runbook)]);
    }
    row
}

/// One row for the groups that have none.
pub(super) fn more_groups(
    section: &Section,
    hidden: &[Group],
    storm: Option<&Storm>,
    pen: &Pen,
) -> Option<Row> {
    let lines = hidden.iter().fold(section.other.count, |sum, group| sum.saturating_add(group.count));
    let groups = hidden.len() as u64;
    let what = match (groups, section.other.count) {
        (0, 0) => return None,
        (_, 0) => words::count(groups, "more group"),
        // How many groups there was no room for is not known, only that it is one at least.
        (_, _) => format!("at least {}", words::count(groups + 1, "more group")),
    };
    let mut row = vec![Cell::new(pen.words(&what)), Cell::new(format!(" ×{}", words::number(lines)))];
    let new = hidden.iter().filter(|group| group.is_new).count() as u64;
    if storm.is_some() && new > 0 {
        row.push(Cell::bold(format!(" {} new", words::number(new))));
    }
    Some(row)
}

fn unreadable(lines: u64, pen: &Pen) -> Option<String> {
    (lines > 0).then(|| pen.words(&format!("{} unreadable", words::count(lines, "line"))))
}

fn counted_by_rule(counted: &[(String, u64)], pen: &Pen) -> Vec<String> {
    let (named, others) = counted.split_at(counted.len().min(pen.detail.rules));
    let mut notes: Vec<String> = named
        .iter()
        .map(|(rule, lines)| format!("{} counted by rule \"{}\"", words::number(*lines), pen.name(rule)))
        .collect();
    if !others.is_empty() {
        let lines = others.iter().fold(0_u64, |sum, (_, lines)| sum.saturating_add(*lines));
        let rules = words::count(others.len() as u64, "more rule");
        notes.push(pen.words(&format!("{} counted by {rules}", words::number(lines))));
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
