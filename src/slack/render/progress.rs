//! An incident that goes on, in; what its message says of it beside the lines, out: heading, rows, last words.
//!
//! The lines that are told now come as a digest; the incident has the sums.

use super::footer::Item;
use super::form::{Cell, Row};
use super::heading;
use super::names;
use super::pen::Pen;
use super::rows;
use crate::digest::{self, Digest, Section};
use crate::incident::{self, GroupName, Incident, Kind};
use crate::words;

/// Lines of one group in a message, and lines in all.
pub(super) const MAX_PER_GROUP: usize = 3;
pub(super) const MAX_LINES: usize = 10;

/// A message of an incident that goes on: a new group, an escalation or a follow-up.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Which of them.
    pub kind: Kind,
    /// The incident, the digest's lines counted in and not notified yet.
    pub incident: &'a Incident,
}

impl Progress<'_> {
    /// What happened, in one line: `Still failing, 12 min · 4,310 errors · +812 since 05:35 UTC · /aws/…`.
    pub(super) fn summary(&self, digest: &Digest, now_ms: i64) -> String {
        let incident = self.incident;
        let since = incident.notified_ms().unwrap_or(incident.opened_ms());
        let news = format!("+{} since {} UTC", words::number(digest.matched()), words::minute(since));
        let began_ms = began_ms(incident);
        let all = words::count(incident.total(), "error");
        let place = heading::place(&digest.sections.iter().collect::<Vec<_>>());
        let named = |label: &str, groups: Vec<&incident::Group>| {
            heading::join(vec![
                format!("{} {}", heading::own(label), named(&groups)),
                heading::own(&news),
                heading::own(&format!("{all} since {} UTC", words::minute(began_ms))),
                place.clone(),
            ])
        };
        let groups = incident.groups().iter().filter(|group| group.count.pending > 0);
        let faster: Vec<_> = groups.clone().filter(|group| group.is_faster()).collect();
        let mut new: Vec<_> = groups.filter(|group| group.is_new()).collect();
        new.sort_by_key(|group| !group.name().is_server_error());
        match self.kind {
            Kind::Escalation if !faster.is_empty() => named("Ten times as fast:", faster),
            Kind::Escalation if !new.is_empty() => named("Now server errors:", new),
            Kind::NewGroup if !new.is_empty() => named("New in this incident:", new),
            _ => {
                let lasted = words::duration(words::elapsed_ms(began_ms, now_ms));
                let lasted = heading::own(&format!("Still failing, {lasted}"));
                heading::join(vec![lasted, heading::own(&all), heading::own(&news), place])
            }
        }
    }

    /// One row for each group that comes now, with its sum and what is added, and one for all that do not.
    pub(super) fn rows(&self, section: &Section, pen: &Pen) -> Vec<Row> {
        let (listed, hidden) = section.groups.split_at(section.groups.len().min(pen.detail.groups));
        let routes: Vec<&str> = listed.iter().map(|group| group.route.as_str()).collect();
        let routes = names::distinct(&routes, pen.dialect, pen.detail.name);
        let mut rows: Vec<Row> =
            listed.iter().zip(routes).map(|(group, route)| self.row(group, &route, pen)).collect();
        rows.extend(rows::more_groups(section, hidden, None, pen));
        let others = self.incident.groups().iter().filter(|group| group.count.pending == 0);
        let (groups, lines) =
            others.fold((0_u64, 0_u64), |(groups, lines), group| (groups + 1, lines + group.count.total));
        if groups > 0 {
            let what = format!("{} without new errors", words::count(groups, "group"));
            rows.push(vec![Cell::new(pen.words(&what)), Cell::new(format!(" ×{}", words::number(lines)))]);
        }
        rows
    }

    /// When the next follow-up comes, and how many messages had to wait.
    pub(super) fn last_words(&self, now_ms: i64) -> Vec<Item> {
        let incident = self.incident;
        let next = (incident.due_ms() > now_ms)
            .then(|| format!("next at {} UTC unless something new fails", words::minute(incident.due_ms())));
        let held = u64::from(incident.times_held_back());
        let held = (held > 0).then(|| format!("{} held back", words::count(held, "message")));
        [next, held].into_iter().flatten().map(Item::Words).collect()
    }

    fn row(&self, group: &digest::Group, route: &str, pen: &Pen) -> Row {
        let fault = rows::fault(group.fault).unwrap_or_default();
        let name = GroupName { status: group.status.code(), route: &group.route, fault: &fault };
        let of_incident = self.incident.groups().iter().find(|known| known.name() == name);
        let total = of_incident.map_or(group.count, |known| known.count.total);
        let added = if of_incident.is_some_and(incident::Group::is_new) {
            Cell::bold(" new")
        } else {
            Cell::new(format!(" +{}", words::number(group.count)))
        };
        rows::group(group, route, total, Some(added), pen)
    }
}

/// When its first line was logged, or arrived where that is not known.
pub(super) fn began_ms(incident: &Incident) -> i64 {
    match incident.span_ms() {
        (0, _) => incident.opened_ms(),
        (first_ms, _) => first_ms,
    }
}

/// The first group by name, with its fault, and how many more there are.
fn named(groups: &[&incident::Group]) -> String {
    let first = groups.first().map(|group| group.name());
    let first = first.map(|GroupName { status, route, fault }| {
        let what = heading::name(&format!("{status} {route}"));
        heading::join(vec![what, heading::own(fault)])
    });
    let more = match groups.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {} more", words::number(more as u64)),
    };
    first.unwrap_or_default() + &heading::own(&more)
}
