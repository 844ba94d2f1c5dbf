//! A section in; its group rows and its notes, out.

use std::fmt::Write as _;

use super::Storm;
use super::form::{Cell, Row};
use super::pen::Pen;
use crate::digest::{Fault, Group, SampleText, Section};
use crate::words;

/// One row a group, worst first, and one row for the groups that have none.
pub(super) fn groups(section: &Section, storm: Option<&Storm>, pen: &Pen) -> Vec<Row> {
    let (listed, hidden) = section.groups.split_at(section.groups.len().min(pen.detail.groups));
    let rows = listed.iter().map(|group| group_row(group, storm, pen));
    rows.chain(more_groups(section, hidden, storm, pen)).collect()
}

/// Which log group a bar is about, where there are several: `40 errors · /aws/apigateway/orders`.
pub(super) fn title(section: &Section, pen: &Pen) -> Row {
    let errors = words::count(section.matched(), "error");
    vec![Cell::bold(format!("{} · {}", pen.words(&errors), pen.name(&section.log_group)))]
}

/// How many lines stand below, where it is not all of them.
pub(super) fn caption(shown: u64, matched: u64, pen: &Pen) -> Row {
    let words = format!("{} of {}:", words::number(shown), words::count(matched, "line"));
    vec![Cell::new(pen.words(&words))]
}

/// What else the reader has to know of the batch: counted, unreadable and withheld lines.
pub(super) fn notes(section: &Section, pen: &Pen) -> Vec<Row> {
    let mut notes = counted_by_rule(section, pen);
    if section.unreadable > 0 {
        notes.push(pen.words(&format!("{} unreadable", words::count(section.unreadable, "line"))));
    }
    notes.extend(withheld(section).map(|note| pen.words(&note)));
    if notes.is_empty() { Vec::new() } else { vec![vec![Cell::new(notes.join(" · "))]] }
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

fn group_row(group: &Group, storm: Option<&Storm>, pen: &Pen) -> Row {
    let mut what = group.status.to_string();
    if !group.route.is_empty() {
        let _ = write!(what, " {}", pen.name(&group.route));
    }
    let mut row = vec![Cell::bold(what), Cell::new(format!(" ×{}", words::number(group.count)))];
    if storm.is_some() && group.is_new {
        row.push(Cell::bold(" new"));
    }
    row.extend(fault(group.fault).map(|fault| Cell::new(format!(" · {}", pen.words(&fault)))));
    let mut times = words::span(group.first_ms, group.last_ms);
    if let Some(salvaged) = salvaged(group) {
        let _ = write!(times, " · {salvaged}");
    }
    row.push(Cell::new(format!(" · {}", pen.words(&times))));
    row
}

fn more_groups(section: &Section, hidden: &[Group], storm: Option<&Storm>, pen: &Pen) -> Option<Row> {
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

fn counted_by_rule(section: &Section, pen: &Pen) -> Vec<String> {
    let (named, others) =
        section.counted_by_rule.split_at(section.counted_by_rule.len().min(pen.detail.rules));
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
