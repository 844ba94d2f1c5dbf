//! What the message of an incident that goes on says beside its lines: summary, rows, last words. The message itself is
//! made in `digest.rs`.
//!
//! The lines that are notified now come as a digest; the incident has the sums.

use super::rows;
use super::summary;
use super::text::{NameSet, Text};
use super::{Cell, Detail, Row, context};
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

impl<'a> Progress<'a> {
    /// What happened: `Still failing, 12 min`, `4,310 errors`, `+812 since 05:35 UTC`, `/aws/…`.
    pub(super) fn summary(&self, digest: &'a Digest, now_ms: i64) -> Vec<Text<'a>> {
        let incident = self.incident;
        let since = incident.notified_ms().unwrap_or(incident.opened_ms());
        let news =
            format!("+{} since {} UTC", words::number(digest.matched()), words::minute_beside(since, now_ms));
        let began_ms = incident.began_ms();
        let all = words::count(incident.total(), "error");
        let groups = incident.groups().iter().filter(|group| group.count.pending > 0);
        let faster: Vec<_> = groups.clone().filter(|group| group.is_faster()).collect();
        let mut new: Vec<_> = groups.filter(|group| group.is_new()).collect();
        new.sort_by_key(|group| !group.name().is_server_error());
        let named = match self.kind {
            Kind::Escalation if !faster.is_empty() => self.named("Ten times as fast: ", &faster),
            Kind::Escalation if !new.is_empty() => self.named("Now server errors: ", &new),
            Kind::NewGroup if !new.is_empty() => self.named("New in this incident: ", &new),
            _ => None,
        };
        let mut parts = if let Some(named) = named {
            vec![
                named,
                news.into(),
                format!("{all} since {} UTC", words::minute_beside(began_ms, now_ms)).into(),
            ]
        } else {
            let lasted = words::duration(words::elapsed_ms(began_ms, now_ms));
            vec![format!("Still failing, {lasted}").into(), all.into(), news.into()]
        };
        parts.extend(summary::place(&digest.sections.iter().collect::<Vec<_>>()));
        parts.extend(context::only_source(incident.context(), incident.total()));
        parts
    }

    /// One row for each group that comes now, with its sum and what is added, and one for all that do not.
    pub(super) fn rows(
        &self,
        section: &'a Section,
        detail: Detail,
        names: &mut Vec<NameSet<'a>>,
    ) -> Vec<Row<'a>> {
        let (listed, hidden) = section.groups.split_at(section.groups.len().min(detail.groups));
        let set = rows::routes(listed, detail, names);
        let mut rows: Vec<Row<'_>> = listed
            .iter()
            .enumerate()
            .map(|(index, group)| {
                let (total, added, source) = self.total(group);
                let source = context::source_of_group(source, self.incident.context(), self.incident.total());
                rows::row(group, (set, index), total, Some(added), source, detail)
            })
            .collect();
        rows.extend(rows::more_groups(section, hidden, None));
        let others = self.incident.groups().iter().filter(|group| group.count.pending == 0);
        let (groups, lines) =
            others.fold((0_u64, 0_u64), |(groups, lines), group| (groups + 1, lines + group.count.total));
        if groups > 0 {
            let what = format!("{} without new errors", words::count(groups, "group"));
            rows.push(vec![Cell::of(what), Cell::of(format!(" ×{}", words::number(lines)))]);
        }
        rows
    }

    /// When the next follow-up comes, and how many messages had to wait.
    pub(super) fn last_words(&self, now_ms: i64) -> Vec<Text<'static>> {
        let incident = self.incident;
        let next = (incident.due_ms() > now_ms).then(|| {
            format!(
                "next at {} UTC unless something new fails",
                words::minute_beside(incident.due_ms(), now_ms)
            )
        });
        let held = u64::from(incident.times_held_back());
        let held = (held > 0).then(|| format!("{} held back", words::count(held, "message")));
        [next, held].into_iter().flatten().map(Text::of).collect()
    }

    /// The first group by name, with its fault, and how many more there are.
    fn named(&self, label: &str, groups: &[&'a incident::Group]) -> Option<Text<'a>> {
        let (first, others) = groups.split_first()?;
        let GroupName { status, route, fault } = first.name();
        let mut text = summary::name(label, status, route);
        if !fault.is_empty() {
            text = text.ours(format!(" · {fault}"));
        }
        if let Some(source) =
            context::source_of_group(first.source(), self.incident.context(), self.incident.total())
        {
            text = text.ours(" · ").append(source);
        }
        Some(match others.len() as u64 {
            0 => text,
            more => text.ours(format!(" and {} more", words::number(more))),
        })
    }

    /// A group's sum in the incident, what is added to it now, and where all of its lines came from.
    fn total(&self, group: &'a digest::Group) -> (u64, Cell<'a>, &'a str) {
        let fault = rows::fault_words(group);
        let name = GroupName { status: group.status.code(), route: &group.route, fault: &fault };
        let of_incident = self.incident.groups().iter().find(|known| known.name() == name);
        let added = if of_incident.is_some_and(incident::Group::is_new) {
            Cell::bold(" new")
        } else {
            Cell::of(format!(" +{}", words::number(group.count)))
        };
        let total = of_incident.map_or(group.count, |known| known.count.total);
        (total, added, of_incident.map_or(&*group.source, incident::Group::source))
    }
}

/// From when to when it was: its lines, or the alarm that opened its thread where there are none. Epoch milliseconds.
pub(super) fn span_ms(incident: &Incident) -> (i64, i64) {
    let (began_ms, last_ms) = match incident.thread.opening().filter(|_| incident.total() == 0) {
        Some(opening) => (opening.since_ms, incident.alarms_changed_ms().unwrap_or_default()),
        None => (incident.began_ms(), incident.span_ms().1),
    };
    (began_ms, last_ms.max(began_ms))
}
