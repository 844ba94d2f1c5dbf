//! The end of an incident in; the one message that says so, out, with the whole sum.

use super::footer::{self, Item};
use super::form::{Bar, Layout};
use super::progress::began_ms;
use super::{Rendered, Style, context, heading};
use crate::incident::{self, Incident};
use crate::words;

/// Groups that the heading names.
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
pub fn render_over(over: &Over<'_>, style: &Style) -> Rendered {
    let Over { incident, log_group, is_rest, id } = *over;
    let (began_ms, ended_ms) = (began_ms(incident), incident.span_ms().1.max(began_ms(incident)));
    let lasted = words::duration(words::elapsed_ms(began_ms, ended_ms));
    let pending = (incident.pending() > 0).then(|| {
        let since = words::minute(incident.notified_ms().unwrap_or(incident.opened_ms()));
        heading::own(&format!("+{} since {since} UTC", words::number(incident.pending())))
    });
    let mut parts = vec![
        "Over".to_owned(),
        heading::own(&format!("{} in {lasted}", words::count(incident.total(), "error"))),
        pending.unwrap_or_default(),
    ];
    parts.extend(groups(incident));
    parts.push(heading::own(&words::count(u64::from(incident.messages()) + 1, "message")));
    parts.push(heading::places(&[log_group]));
    let summary = heading::join(parts);
    let region = style.region.as_ref().filter(|_| !is_rest);
    let insights = region.map(|region| region.logs_insights(&[log_group], began_ms, ended_ms));
    let times = words::span(began_ms, ended_ms);
    let mut items = vec![Item::Days(began_ms, ended_ms), Item::Words(times)];
    items.extend(context::clients(incident.context(), incident.total()));
    items.extend(insights.and_then(|url| footer::link(url, "Logs Insights")));
    items.extend(context::stages(incident.context()));
    items.extend(context::place(incident.context().accounts(), style.region.as_ref()));
    items.push(Item::Words(id.to_owned()));
    let bar = Bar {
        color: Some(style.color.clone().unwrap_or_else(|| "good".to_owned())),
        fallback: summary.clone(),
        footer: footer::mrkdwn(&items),
        ..Bar::default()
    };
    let layout = Layout::of_bar(&summary, bar, style);
    Rendered::without_lines(style, id, |_| layout.clone())
}

/// The largest groups by name, and how many there are besides.
fn groups(incident: &Incident) -> Vec<String> {
    let mut groups: Vec<&incident::Group> = incident.groups().iter().collect();
    groups.sort_by(|a, b| b.count.total.cmp(&a.count.total).then_with(|| a.name().route.cmp(b.name().route)));
    let (named, others) = groups.split_at(groups.len().min(MAX_NAMED));
    let mut parts: Vec<String> = named
        .iter()
        .map(|group| {
            let name = group.name();
            let what = heading::short_name(&format!("{} {}", name.status, name.route));
            format!("{what} ×{}", words::number(group.count.total))
        })
        .collect();
    let lines = others.iter().fold(incident.other().total, |sum, group| sum + group.count.total);
    if lines > 0 {
        parts.push(heading::own(&format!("{} of other groups", words::number(lines))));
    }
    parts
}
