//! The end of an incident in; the one notification that says so, out, with the whole sum.

use super::color::{Color, Severity};
use super::progress::span_ms;
use super::text::Text;
use super::{Notification, Section, Style, context, footer, summary};
use crate::incident::{self, Incident};
use crate::words;

/// Groups that the summary names.
const MAX_NAMED: usize = 3;

/// An incident that is over, its end not notified yet.
#[derive(Debug, Clone, Copy)]
pub struct Over<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// Its log group.
    pub log_group: &'a str,
    /// It stands for all log groups beyond the most that are told apart: no link can hold it.
    pub is_rest: bool,
    /// The message's short id.
    pub id: &'a str,
}

/// The closing sum of an incident, said once. It shows no lines; those that are still pending are in its count.
#[must_use]
pub fn of_over<'a>(over: &Over<'a>, style: &'a Style) -> Notification<'a> {
    let Over { incident, log_group, is_rest, id } = *over;
    let (began_ms, ended_ms) = span_ms(incident);
    let lasted = words::duration(words::elapsed_ms(began_ms, ended_ms));
    let mut summary: Vec<Text<'_>> =
        vec!["Over".into(), format!("{} in {lasted}", words::count(incident.total(), "error")).into()];
    if incident.pending() > 0 {
        let since = words::minute_beside(incident.notified_ms().unwrap_or(incident.opened_ms()), ended_ms);
        summary.push(format!("+{} since {since} UTC", words::number(incident.pending())).into());
    }
    summary.extend(groups(incident));
    summary.push(words::count(u64::from(incident.messages()) + 1, "message").into());
    summary.extend(summary::places(&[log_group]));
    summary.extend(context::only_source(incident.context(), incident.total()));
    let footer = footer::of_incident(incident, log_group, is_rest, style);
    let color = Color::or(style, Severity::Good);
    Notification::of_section(summary, Section { color, footer, ..Section::default() }, style, id)
}

/// The largest groups by name, and how many there are besides.
fn groups(incident: &Incident) -> Vec<Text<'_>> {
    let mut groups: Vec<&incident::Group> = incident.groups().iter().collect();
    groups.sort_by(|a, b| b.count.total.cmp(&a.count.total).then_with(|| a.name().route.cmp(b.name().route)));
    let (named, others) = groups.split_at(groups.len().min(MAX_NAMED));
    let mut parts: Vec<Text<'_>> = named
        .iter()
        .map(|group| {
            let what = summary::short_name(group.name().status, group.name().route);
            let what = what.ours(format!(" ×{}", words::number(group.count.total)));
            let source = context::source_of_group(group.source(), incident.context(), incident.total());
            match source {
                Some(source) => what.ours(" from ").append(source),
                None => what,
            }
        })
        .collect();
    let lines = others.iter().fold(incident.other().total, |sum, group| sum + group.count.total);
    if lines > 0 {
        parts.push(format!("{} of other groups", words::number(lines)).into());
    }
    parts
}
