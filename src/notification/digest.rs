//! The notification of one delivery, of an incident's opening, and of an incident that goes on, at one level of detail.

use super::color::Color;
use super::footer;
use super::progress::{self, Progress};
use super::rows;
use super::summary;
use super::text::{NameSet, Text};
use super::{Cell, Detail, Lines, Links, Notification, Section, Situation, Style, context};
use crate::digest::{self, Digest};
use crate::incident::{Context, Names};
use crate::words;

/// In a storm, lines of one group beyond this tell nothing new.
const MAX_PER_GROUP_IN_STORM: usize = 5;

/// Where the names of log groups stand among the sets of names, if there are several.
const LOG_GROUPS: usize = 0;

/// A digest by itself: one delivery, or the opening of an incident.
#[must_use]
pub fn of_digest<'a>(
    digest: &'a Digest,
    style: &'a Style,
    situation: &Situation<'a>,
    detail: Detail,
) -> Notification<'a> {
    Plan { digest, style, situation: *situation, progress: None, detail }.notification()
}

/// An incident that goes on. The digest has the lines that no message has notified yet.
#[must_use]
pub fn of_progress<'a>(
    digest: &'a Digest,
    progress: &Progress<'a>,
    style: &'a Style,
    situation: &Situation<'a>,
    detail: Detail,
) -> Notification<'a> {
    Plan { digest, style, situation: *situation, progress: Some(*progress), detail }.notification()
}

/// What is to be said.
struct Plan<'a> {
    digest: &'a Digest,
    style: &'a Style,
    situation: Situation<'a>,
    /// The incident that goes on.
    progress: Option<Progress<'a>>,
    detail: Detail,
}

impl<'a> Plan<'a> {
    fn notification(&self) -> Notification<'a> {
        let shown = worst(&self.digest.sections, self.detail.sections);
        let mut names = Vec::new();
        if self.has_several() {
            let log_groups = shown.iter().map(|section| section.log_group.as_str()).collect();
            names.push(NameSet { names: log_groups, max: self.detail.name });
        }
        let sections = shown.iter().enumerate();
        let mut sections: Vec<Section<'a>> =
            sections.map(|(index, section)| self.section(section, index, &mut names)).collect();
        let hidden: Vec<&digest::Section> = self
            .digest
            .sections
            .iter()
            .filter(|section| !shown.iter().any(|shown| std::ptr::eq(*shown, *section)))
            .collect();
        sections.extend(self.more_log_groups(&hidden));
        if let Some(last) = sections.last_mut() {
            let others: Vec<_> = hidden.into_iter().chain(&self.digest.quiet).collect();
            last.notes.extend(rows::elsewhere(&others, self.detail));
            last.footer.extend(self.last_words());
        }
        let (max_lines, max_lines_of_group) = self.max_lines();
        let has_mentions = self.progress.is_none_or(|progress| progress.incident.has_mentions(progress.kind));
        Notification {
            lead_in: summary::lead_in(self.style),
            mentions: if has_mentions { summary::mentions(self.digest) } else { Vec::new() },
            summary: match self.progress {
                Some(progress) => progress.summary(self.digest, self.situation.now_ms),
                None => summary::of_digest(self.digest, &self.situation),
            },
            sections,
            names,
            max_lines,
            max_lines_of_group,
            id: self.situation.id.into(),
        }
    }

    fn section(
        &self,
        section: &'a digest::Section,
        index: usize,
        names: &mut Vec<NameSet<'a>>,
    ) -> Section<'a> {
        let is_alone = !self.has_several() && self.situation.storm.is_none();
        let mut rows = Vec::new();
        if self.has_several() {
            rows.push(rows::title(section, (LOG_GROUPS, index)));
        }
        if let Some(progress) = &self.progress {
            rows.extend(progress.rows(section, self.detail, names));
        } else if !self.is_one_error() {
            rows.extend(rows::groups(section, self.situation.storm.as_ref(), self.detail, names));
        }
        Section {
            color: Color::of(section, self.style),
            summary: (!is_alone).then(|| summary::of_sections(&[section])),
            rows,
            lines: Lines::Samples { groups: &section.groups, matched: section.matched() },
            notes: rows::notes(section, self.detail),
            footer: self.footer(section),
            ..Section::default()
        }
    }

    fn footer(&self, section: &'a digest::Section) -> Vec<Text<'a>> {
        let (first_ms, last_ms) = (section.first_ms, section.last_ms);
        let (links, region) = (self.detail.links, self.style.region.as_ref());
        let mut items: Vec<Text<'a>> = footer::days(first_ms, last_ms).into_iter().collect();
        if self.is_one_error() {
            items.push(rows::times(first_ms, last_ms).into());
            let runbook = section.groups.iter().find_map(|group| group.incident.runbook.clone());
            items.extend(runbook.and_then(|url| footer::link(url, "runbook")));
        }
        items.extend(footer::late(last_ms, self.situation.now_ms));
        items.extend(context::clients(self.context(section), self.errors(section)));
        if links != Links::Shared {
            items.extend(self.insights(section));
        }
        if links == Links::Both {
            items.extend(footer::log_stream(section, region));
        }
        if links != Links::Shared && self.has_several() {
            items.extend(context::stages(self.context(section)));
            items.extend(context::sources(self.context(section), self.errors(section)));
        }
        items
    }

    /// Logs Insights on these errors. The link of an incident that goes on opens all of its lines.
    fn insights(&self, section: &digest::Section) -> Option<Text<'a>> {
        let region = self.style.region.as_ref();
        let all = format!("Logs Insights (all {})", words::number(self.errors(section)));
        if let Some(progress) = self.progress {
            let url = footer::insights_url_between(section, progress.incident.span_ms(), region)?;
            return Some(Text::link(url, all, None));
        }
        let url = footer::insights_url(&[section], region)?;
        Some(Text::link(url, "Logs Insights", Some(all)))
    }

    /// What stands once, in the last section.
    fn last_words(&self) -> Vec<Text<'a>> {
        let mut items: Vec<Text<'a>> = self.situation.storm.iter().map(footer::next_message).collect();
        items.extend(self.progress.iter().flat_map(|progress| progress.last_words(self.situation.now_ms)));
        if self.detail.links == Links::Shared {
            let sections: Vec<&digest::Section> = self.digest.sections.iter().collect();
            let url = footer::insights_url(&sections, self.style.region.as_ref());
            items.extend(url.map(|url| Text::link(url, "Logs Insights", None)));
        }
        let region = self.style.region.as_ref();
        if let [section] = self.digest.sections.as_slice() {
            items.extend(context::stages(self.context(section)));
            items.extend(context::accounts_or_sources(self.context(section), self.errors(section), region));
            return items;
        }
        // Where centralised lines came from stands in their section, unless there are too many sections.
        let is_shared = self.detail.links == Links::Shared;
        let contexts = self.digest.sections.iter().map(|section| self.context(section));
        let contexts = contexts.filter(|context| is_shared || context.sources().is_empty());
        let contexts: Vec<&Context> = contexts.collect();
        let mut accounts = Names::default();
        for context in &contexts {
            accounts.fold(context.accounts());
        }
        items.extend(context::place(&accounts, region.filter(|_| !contexts.is_empty())));
        items
    }

    /// One section for all log groups that have none of their own.
    fn more_log_groups(&self, hidden: &[&'a digest::Section]) -> Option<Section<'a>> {
        let worst = hidden.iter().max_by_key(|section| section.worst())?;
        let errors = hidden.iter().fold(0_u64, |sum, section| sum.saturating_add(section.matched()));
        let log_groups = words::count(hidden.len() as u64, "more log group");
        let words = format!("{log_groups} · {}", words::count(errors, "error"));
        Some(Section {
            color: Color::of(worst, self.style),
            summary: Some(vec![words.clone().into()]),
            rows: vec![vec![Cell::of(words)]],
            ..Section::default()
        })
    }

    /// In all, and of one group.
    fn max_lines(&self) -> (usize, usize) {
        let all = self.style.max_lines;
        match (self.progress, self.situation.storm) {
            (Some(_), _) => (all.min(progress::MAX_LINES), progress::MAX_PER_GROUP),
            (None, Some(_)) => (all, MAX_PER_GROUP_IN_STORM),
            (None, None) => (all, usize::MAX),
        }
    }

    /// Of the section's lines, or of the whole incident.
    fn context(&self, section: &'a digest::Section) -> &'a Context {
        self.progress.map_or(&section.context, |progress| progress.incident.context())
    }

    /// The section's errors, or those of the whole incident.
    fn errors(&self, section: &digest::Section) -> u64 {
        self.progress.map_or(section.matched(), |progress| progress.incident.total())
    }

    fn has_several(&self) -> bool {
        self.digest.sections.len() > 1
    }

    /// One error is told by the summary, so that it needs no list.
    fn is_one_error(&self) -> bool {
        self.situation.storm.is_none()
            && self.progress.is_none()
            && matches!(self.digest.sections.as_slice(), [one] if one.matched() == 1 && one.groups.len() == 1)
    }
}

/// At most `max` sections, those with the most server errors and then client errors, in the order they came.
fn worst(sections: &[digest::Section], max: usize) -> Vec<&digest::Section> {
    let mut order: Vec<(usize, &digest::Section)> = sections.iter().enumerate().collect();
    order.sort_unstable_by_key(|(at, section)| {
        (std::cmp::Reverse((section.server_errors, section.client_errors)), *at)
    });
    order.truncate(max);
    order.sort_unstable_by_key(|(at, _)| *at);
    order.into_iter().map(|(_, section)| section).collect()
}
