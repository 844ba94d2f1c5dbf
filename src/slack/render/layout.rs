//! A digest in; the message of one form within all limits, out.
//!
//! What every message must have comes first, in as much detail as leaves room for lines;
//! then as many lines as fit.

use super::choice;
use super::color::color;
use super::context;
use super::footer::{self, Item};
use super::form::{Bar, Cell, Form, Layout, Room, Row};
use super::heading;
use super::names;
use super::pen::{DETAILS, Detail, LEAST, Links, Pen};
use super::progress::{self, Progress};
use super::rows;
use super::{Situation, Style};
use crate::console::Region;
use crate::digest::{Digest, Section};
use crate::incident::{Context, Names};
use crate::slack::escape::{Dialect, escape};
use crate::slack::message::Message;
use crate::words;

/// In a storm, lines of one group beyond this tell nothing new.
const MAX_PER_GROUP_IN_STORM: usize = 5;

/// The message, and how many lines' text is in it.
pub(super) fn fill(
    form: Form,
    digest: &Digest,
    style: &Style,
    situation: &Situation<'_>,
    progress: Option<&Progress<'_>>,
) -> (Message, u64) {
    let plan = |detail| Plan::new(form, digest, style, situation, progress, detail);
    let (plan, room) = DETAILS
        .into_iter()
        .map(plan)
        .find(|(_, room)| room.units.min(room.bytes) >= form.room_for_lines())
        .unwrap_or_else(|| plan(LEAST));
    let (max_lines, per_group) = match (progress, situation.storm) {
        (Some(_), _) => (style.max_lines.min(progress::MAX_LINES), progress::MAX_PER_GROUP),
        (None, Some(_)) => (style.max_lines, MAX_PER_GROUP_IN_STORM),
        (None, None) => (style.max_lines, usize::MAX),
    };
    let lines = choice::choose(&plan.sections, max_lines, per_group, room, form.dialect());
    let shown = lines.iter().map(|lines| lines.len() as u64).sum();
    let evidence = plan.sections.iter().zip(lines).map(|(section, lines)| Evidence::of(section, lines));
    (form.draw(plan.layout(evidence), style), shown)
}

/// What is to be laid out, at one level of detail.
struct Plan<'a> {
    pen: Pen,
    digest: &'a Digest,
    style: &'a Style,
    situation: &'a Situation<'a>,
    /// The incident that goes on with this message.
    progress: Option<&'a Progress<'a>>,
    /// What happened, in one line.
    summary: String,
    /// The sections with a bar of their own.
    sections: Vec<&'a Section>,
    /// What these sections' log groups are called: no two look the same.
    names: Vec<String>,
    /// What these bars say whatever lines they show.
    parts: Vec<Part>,
}

/// What a section's bar says whatever lines it shows.
struct Part {
    /// The bar, but for its lines, the caption over them and the footer.
    bar: Bar,
    /// The footer around the link to Logs Insights, whose label tells how many lines are not shown.
    footer_start: String,
    insights: Option<String>,
    footer_end: String,
}

/// The lines below a section's rows, and what they make the rows around them say.
struct Evidence {
    lines: Vec<String>,
    /// How many lines these are, where it is not all of them.
    shown: Option<u64>,
}

impl Evidence {
    /// Stands in for the lines before they are chosen: never takes less room than what replaces it.
    fn draft(section: &Section) -> Self {
        Self { lines: vec!["x".to_owned()], shown: Some(section.matched()) }
    }

    fn of(section: &Section, lines: Vec<String>) -> Self {
        let shown = lines.len() as u64;
        Self { lines, shown: (shown < section.matched()).then_some(shown) }
    }
}

impl<'a> Plan<'a> {
    fn new(
        form: Form,
        digest: &'a Digest,
        style: &'a Style,
        situation: &'a Situation<'a>,
        progress: Option<&'a Progress<'a>>,
        detail: Detail,
    ) -> (Self, Room) {
        let summary = match progress {
            Some(progress) => progress.summary(digest, situation.now_ms),
            None => heading::summary_of(digest, situation),
        };
        let mut plan = Self {
            pen: Pen { dialect: form.dialect(), detail },
            digest,
            style,
            situation,
            progress,
            summary,
            sections: worst(&digest.sections, detail.sections),
            names: Vec::new(),
            parts: Vec::new(),
        };
        let log_groups: Vec<&str> = plan.sections.iter().map(|section| section.log_group.as_str()).collect();
        plan.names = names::distinct(&log_groups, plan.pen.dialect, detail.name);
        plan.parts =
            plan.sections.iter().zip(&plan.names).map(|(section, name)| plan.part(section, name)).collect();
        let draft = plan.layout(plan.sections.iter().map(|section| Evidence::draft(section)));
        let room = form.room(&form.draw(draft, style));
        (plan, room)
    }

    fn layout(&self, evidence: impl Iterator<Item = Evidence>) -> Layout {
        let sections = self.sections.iter().zip(&self.parts).zip(evidence);
        let mut bars: Vec<Bar> =
            sections.map(|((section, part), evidence)| self.bar(section, part, evidence)).collect();
        bars.extend(self.left_out());
        if let Some(last) = bars.last_mut() {
            let others: Vec<&Section> = self.without_a_bar().chain(&self.digest.quiet).collect();
            last.notes.extend(rows::elsewhere(&others, &self.pen));
            last.footer = heading::join(vec![std::mem::take(&mut last.footer), self.last_words()]);
        }
        let has_mentions = self.progress.is_none_or(|progress| progress.kind.has_mentions());
        Layout { heading: heading::heading(self.digest, self.style, has_mentions, &self.summary), bars }
    }

    fn part(&self, section: &Section, name: &str) -> Part {
        let region = self.style.region.as_ref();
        let links = self.pen.detail.links;
        let is_alone = self.digest.sections.len() == 1 && self.situation.storm.is_none();
        Part {
            bar: Bar {
                color: Some(color(section, self.style)),
                fallback: if is_alone { self.summary.clone() } else { heading::summary(&[section]) },
                rows: self.rows(section, name),
                notes: rows::notes(section, &self.pen),
                ..Bar::default()
            },
            footer_start: self.footer_start(section),
            insights: region
                .filter(|_| links != Links::Shared)
                .and_then(|region| self.insights_url(section, region)),
            footer_end: self.footer_end(section),
        }
    }

    fn bar(&self, section: &Section, part: &Part, evidence: Evidence) -> Bar {
        let mut bar = part.bar.clone();
        if let Some(shown) = evidence.shown.filter(|_| !evidence.lines.is_empty()) {
            bar.rows.push(rows::caption(shown, section.matched(), &self.pen));
        }
        let insights = part.insights.as_ref().map(|url| {
            // The link of an incident that goes on opens all of its lines.
            let shown = evidence.shown.or(self.progress.map(|_| 0));
            let label = insights_label(self.errors(section), shown);
            footer::mrkdwn(&[Item::Link { url: url.clone(), label }])
        });
        bar.footer = heading::join(vec![
            part.footer_start.clone(),
            insights.unwrap_or_default(),
            part.footer_end.clone(),
        ]);
        bar.lines = evidence.lines;
        bar
    }

    fn rows(&self, section: &Section, name: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.digest.sections.len() > 1 {
            rows.push(rows::title(section, name, &self.pen));
        }
        if let Some(progress) = self.progress {
            rows.extend(progress.rows(section, &self.pen));
        } else if !self.is_one_error() {
            rows.extend(rows::groups(section, self.situation.storm.as_ref(), &self.pen));
        }
        rows
    }

    fn footer_start(&self, section: &Section) -> String {
        let (first_ms, last_ms) = (section.first_ms, section.last_ms);
        let mut items: Vec<Item> = footer::days(first_ms, last_ms).into_iter().collect();
        if self.is_one_error() {
            items.push(Item::Words(rows::times(first_ms, last_ms)));
            let runbook = section.groups.iter().find_map(|group| group.incident.runbook.clone());
            items.extend(runbook.and_then(|url| footer::link(url, "runbook")));
        }
        items.extend(footer::late(last_ms, self.situation.now_ms));
        items.extend(context::clients(self.context(section), self.errors(section)));
        footer::mrkdwn(&items)
    }

    fn footer_end(&self, section: &Section) -> String {
        let links = self.pen.detail.links;
        let log_stream = footer::log_stream(section, self.style.region.as_ref());
        let log_stream = log_stream.filter(|_| links == Links::Both);
        let is_alone = self.digest.sections.len() == 1;
        let stages = context::stages(self.context(section)).filter(|_| links != Links::Shared && !is_alone);
        footer::mrkdwn(&log_stream.into_iter().chain(stages).collect::<Vec<_>>())
    }

    /// Of the section's lines, or of the whole incident.
    fn context<'s>(&'s self, section: &'s Section) -> &'s Context {
        self.progress.map_or(&section.context, |progress| progress.incident.context())
    }

    /// The section's errors, or those of the whole incident.
    fn errors(&self, section: &Section) -> u64 {
        self.progress.map_or(section.matched(), |progress| progress.incident.total())
    }

    /// Logs Insights on these errors.
    fn insights_url(&self, section: &Section, region: &Region) -> Option<String> {
        match self.progress {
            Some(progress) => {
                footer::insights_url_between(section, progress.incident.span_ms(), Some(region))
            }
            None => footer::insights_url(&[section], Some(region)),
        }
    }

    /// What stands once, under the last bar.
    fn last_words(&self) -> String {
        let mut items: Vec<Item> = self.situation.storm.iter().map(footer::next_message).collect();
        items.extend(self.progress.iter().flat_map(|progress| progress.last_words(self.situation.now_ms)));
        if self.pen.detail.links == Links::Shared {
            let sections: Vec<&Section> = self.digest.sections.iter().collect();
            let url = footer::insights_url(&sections, self.style.region.as_ref());
            items.extend(url.map(|url| Item::Link { url, label: insights_label(0, None) }));
        }
        if let [section] = self.digest.sections.as_slice() {
            items.extend(context::stages(self.context(section)));
        }
        let mut accounts = Names::default();
        for section in &self.digest.sections {
            accounts.fold(self.context(section).accounts());
        }
        items.extend(context::place(&accounts, self.style.region.as_ref()));
        items.push(Item::Words(self.situation.id.to_owned()));
        footer::mrkdwn(&items)
    }

    /// The sections for which there is no bar.
    fn left_out(&self) -> Option<Bar> {
        let number = self.digest.sections.len().checked_sub(self.sections.len()).filter(|n| *n > 0)?;
        let sum = |sections: &mut dyn Iterator<Item = &Section>| {
            sections.fold(0_u64, |sum, section| sum.saturating_add(section.matched()))
        };
        let errors =
            sum(&mut self.digest.sections.iter()).saturating_sub(sum(&mut self.sections.iter().copied()));
        let words =
            format!("{} · {}", words::count(number as u64, "more log group"), words::count(errors, "error"));
        let worst = self.without_a_bar().max_by_key(|section| section.worst())?;
        Some(Bar {
            color: Some(color(worst, self.style)),
            fallback: escape(&words, Dialect::Mrkdwn),
            rows: vec![vec![Cell::new(self.pen.words(&words))]],
            ..Bar::default()
        })
    }

    fn without_a_bar(&self) -> impl Iterator<Item = &Section> {
        let is_left_out =
            |section: &&Section| !self.sections.iter().any(|shown| std::ptr::eq(*shown, *section));
        self.digest.sections.iter().filter(is_left_out)
    }

    /// One error is told by the heading, so that it needs no list.
    fn is_one_error(&self) -> bool {
        self.situation.storm.is_none()
            && self.progress.is_none()
            && matches!(self.digest.sections.as_slice(), [one] if one.matched() == 1 && one.groups.len() == 1)
    }
}

fn insights_label(matched: u64, shown: Option<u64>) -> String {
    match shown {
        Some(_) => format!("Logs Insights (all {})", words::number(matched)),
        None => "Logs Insights".to_owned(),
    }
}

/// At most `max` sections, those with the most server errors and then client errors, in the order they came.
fn worst(sections: &[Section], max: usize) -> Vec<&Section> {
    let mut order: Vec<(usize, &Section)> = sections.iter().enumerate().collect();
    order.sort_unstable_by_key(|(at, section)| {
        (std::cmp::Reverse((section.server_errors, section.client_errors)), *at)
    });
    order.truncate(max);
    order.sort_unstable_by_key(|(at, _)| *at);
    order.into_iter().map(|(_, section)| section).collect()
}
