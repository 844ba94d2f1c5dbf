//! Decides which lines are one group, and adds one digest to another: no count is lost, and the lines that are kept stay
//! bounded.

use super::samples::{SampleSpace, Samples};
use super::{Causes, Digest, Fault, Group, Section};
use crate::access_log::Status;
use crate::incident::keep_common;
use crate::rules::{IncidentSettings, To};

/// Groups that one section keeps; the lines of further ones are counted as [`super::Other`].
pub const MAX_GROUPS: usize = 64;
/// Space for so many is made at once: most messages have fewer.
const USUAL_GROUPS: usize = 24;
/// Log groups that one digest tells apart; the lines of further ones are counted under one heading.
pub const MAX_SECTIONS: usize = 32;
/// What those beyond that are called.
pub(crate) const OTHER_LOG_GROUPS: &str = "other log groups";

impl Digest {
    /// Matched lines, all of them.
    #[must_use]
    pub fn matched(&self) -> u64 {
        self.sections.iter().map(Section::matched).sum()
    }

    /// Timestamp of the oldest matched line, epoch milliseconds, where one is known.
    #[must_use]
    pub fn oldest_ms(&self) -> Option<i64> {
        let matched = self.sections.iter().filter(|section| section.matched() > 0);
        matched.map(|section| section.first_ms).filter(|&first_ms| first_ms > 0).min()
    }

    /// Adds another digest to this one. At most `samples_per_group` lines of each group are kept.
    pub fn fold(&mut self, other: Self, samples_per_group: usize) {
        self.id = self.id.wrapping_add(other.id);
        for section in other.sections {
            let index = if section.is_rest {
                rest(&mut self.sections, &section.to)
            } else {
                self.section_index(&section.log_group, &section.to)
            };
            if let Some(mine) = self.sections.get_mut(index) {
                mine.fold(section, samples_per_group);
            }
        }
        for quiet in other.quiet {
            if let Some(mine) = self.notes_mut(&quiet) {
                mine.fold(quiet, samples_per_group);
            }
        }
    }

    /// Where what a log group says besides its errors belongs: to its section, if it has one.
    pub(super) fn notes_of(&mut self, log_group: &str) -> Option<&mut Section> {
        let is_theirs = |section: &&mut Section| !section.is_rest && section.log_group == log_group;
        if let Some(section) = self.sections.iter_mut().find(is_theirs) {
            return Some(section);
        }
        let to = To::default();
        let index =
            position(&self.quiet, log_group, &to).unwrap_or_else(|| open(&mut self.quiet, log_group, &to));
        self.quiet.get_mut(index)
    }

    fn notes_mut(&mut self, like: &Section) -> Option<&mut Section> {
        if !like.is_rest {
            return self.notes_of(&like.log_group);
        }
        let index = rest(&mut self.quiet, &To::default());
        self.quiet.get_mut(index)
    }

    /// The section that the error lines of a log group that go there belong to. It takes what was quiet of the log group so far.
    pub(super) fn section_index(&mut self, log_group: &str, to: &To) -> usize {
        if let Some(index) = position(&self.sections, log_group, to) {
            return index;
        }
        let index = open(&mut self.sections, log_group, to);
        if let Some(quiet) = position(&self.quiet, log_group, &To::default())
            && let Some(section) = self.sections.get_mut(index).filter(|section| !section.is_rest)
        {
            section.fold(self.quiet.remove(quiet), 0);
        }
        index
    }

    /// Puts every section's groups into the order in which they are shown.
    pub fn sort(&mut self) {
        let (sections, quiet) =
            std::mem::take(&mut self.sections).into_iter().partition(|section| section.matched() > 0);
        self.sections = sections;
        self.fold(Self { quiet, ..Self::default() }, 0);
        for section in &mut self.sections {
            section.groups.sort_unstable_by(|a, b| {
                let worst = b.status.class().cmp(&a.status.class());
                worst
                    .then(b.count.cmp(&a.count))
                    .then(a.status.cmp(&b.status))
                    .then_with(|| a.route.cmp(&b.route))
                    .then_with(|| a.fault.cmp(&b.fault))
            });
            for group in &mut section.groups {
                group.samples.sort();
            }
        }
    }
}

fn position(sections: &[Section], log_group: &str, to: &To) -> Option<usize> {
    sections
        .iter()
        .position(|section| !section.is_rest && section.log_group == log_group && section.to == *to)
}

/// Opens a section of this name; where there is no space for one, that of the rest which goes there.
fn open(sections: &mut Vec<Section>, log_group: &str, to: &To) -> usize {
    if sections.len() + 1 >= MAX_SECTIONS {
        return rest(sections, to);
    }
    sections.push(Section { log_group: log_group.to_owned(), to: to.clone(), ..Section::default() });
    sections.len() - 1
}

/// The section that stands for the rest of what goes there, opened if there is none.
fn rest(sections: &mut Vec<Section>, to: &To) -> usize {
    sections.iter().position(|section| section.is_rest && section.to == *to).unwrap_or_else(|| {
        sections.push(Section {
            log_group: OTHER_LOG_GROUPS.to_owned(),
            is_rest: true,
            to: to.clone(),
            ..Section::default()
        });
        sections.len() - 1
    })
}

impl Section {
    /// Where the group of these lines is; it is opened if there is none, and space for one more.
    pub(super) fn group_of(&mut self, status: Status, route: &str, fault: Fault) -> Option<usize> {
        let is_theirs =
            |group: &Group| group.status == status && group.route == route && group.fault == fault;
        if let Some(index) = self.groups.iter().position(is_theirs) {
            return Some(index);
        }
        if self.groups.is_empty() {
            self.groups.reserve(USUAL_GROUPS);
        }
        (self.groups.len() < MAX_GROUPS).then(|| {
            let (count, salvaged, first_ms, last_ms) = (0, 0, 0, 0);
            self.groups.push(Group {
                status,
                route: route.into(),
                fault,
                source: String::new(),
                causes: Causes::default(),
                count,
                salvaged,
                first_ms,
                last_ms,
                is_new: false,
                incident: IncidentSettings::default(),
                samples: Samples::default(),
            });
            self.groups.len() - 1
        })
    }

    pub(super) fn fold(&mut self, other: Self, samples_per_group: usize) {
        let mut space = SampleSpace::beside(&self.groups, samples_per_group);
        if other.matched() > 0 {
            self.note_stream(other.log_stream.as_deref());
        }
        self.note_times(other.first_ms, other.last_ms, other.matched());
        // What arrived without errors beside either delivery is not known.
        self.requests = match (self.matched(), other.matched()) {
            (_, 0) => self.requests,
            (0, _) => other.requests,
            _ => None,
        };
        self.context.fold(&other.context);
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.unreadable += other.unreadable;
        self.other.count += other.other.count;
        for (name, count) in other.counted_by_rule {
            self.count_by_rule(&name, count);
        }
        for color in &other.colors {
            self.note_color(color);
        }
        for mention in &other.mentions {
            self.note_mention(mention);
        }
        for group in other.groups {
            let Some(index) = self.group_of(group.status, &group.route, group.fault) else {
                self.other.count += group.count;
                continue;
            };
            if let Some(mine) = self.groups.get_mut(index) {
                mine.is_new |= mine.count == 0 && group.is_new;
                mine.note_settings(&group.incident);
                mine.note_source(&group.source);
                mine.note(group.count, group.salvaged, group.first_ms, group.last_ms);
                mine.causes.fold(group.causes);
            }
            for sample in group.samples {
                if space.take(&mut self.groups, index, sample.text.bytes())
                    && let Some(mine) = self.groups.get_mut(index)
                {
                    mine.samples.push(sample);
                }
            }
        }
    }

    /// Lines of several streams have no stream to link to. Call before the lines are counted.
    pub(super) fn note_stream(&mut self, log_stream: Option<&str>) {
        if self.matched() == 0 {
            self.log_stream = log_stream.map(str::to_owned);
        } else if self.log_stream.as_deref() != log_stream {
            self.log_stream = None;
        }
    }

    /// Widens the times. Call before the lines are counted.
    pub(super) fn note_times(&mut self, first_ms: i64, last_ms: i64, lines: u64) {
        if lines == 0 {
            return;
        }
        let is_empty = self.matched() == 0;
        widen((&mut self.first_ms, &mut self.last_ms), is_empty, first_ms, last_ms);
    }

    pub(super) fn count_by_rule(&mut self, name: &str, count: u64) {
        match self.counted_by_rule.iter_mut().find(|(known, _)| known == name) {
            Some((_, counted)) => *counted += count,
            None => self.counted_by_rule.push((name.to_owned(), count)),
        }
    }

    pub(super) fn note_color(&mut self, color: &str) {
        if !self.colors.iter().any(|known| known == color) {
            self.colors.push(color.to_owned());
        }
    }

    pub(super) fn note_mention(&mut self, mention: &str) {
        if !self.mentions.iter().any(|known| known == mention) {
            self.mentions.push(mention.to_owned());
        }
    }
}

impl Group {
    /// Notes what the rule of further lines says. Call before these are counted.
    pub(super) fn note_settings(&mut self, settings: &IncidentSettings) {
        if self.incident == *settings {
            return;
        }
        if self.count == 0 {
            self.incident.clone_from(settings);
        } else {
            self.incident.join(settings);
        }
    }

    /// Notes where further lines came from. Call before these are counted.
    pub(super) fn note_source(&mut self, source: &str) {
        keep_common(&mut self.source, self.count == 0, source);
    }

    /// Counts lines in.
    pub(super) fn note(&mut self, count: u64, salvaged: u64, first_ms: i64, last_ms: i64) {
        widen((&mut self.first_ms, &mut self.last_ms), self.count == 0, first_ms, last_ms);
        self.count += count;
        self.salvaged += salvaged;
    }
}

/// Widens times so far. A time of 0 is unknown and widens nothing, unless there is no other.
fn widen((first, last): (&mut i64, &mut i64), is_empty: bool, first_ms: i64, last_ms: i64) {
    if is_empty || *first == 0 {
        *first = first_ms;
    } else if first_ms > 0 {
        *first = (*first).min(first_ms);
    }
    *last = (*last).max(last_ms);
}
