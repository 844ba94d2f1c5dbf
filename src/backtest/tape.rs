//! The errors of all deliveries, small enough to be played again without some of them.
//!
//! It keeps one line of each group, to ask rules about. It is bounded: of more deliveries with errors than it holds nothing
//! can be played.

use std::collections::HashMap;

use crate::access_log::{self, Format, Reading};
use crate::digest::{Causes, Digest, Group, Samples, Section};
use crate::rules::Rules;

/// Groups of deliveries that are held.
const MAX_NOTES: usize = 20_000;
/// Deliveries without an error that are held: a follow-up may be posted with one. More of them are left out.
const MAX_SILENT: usize = 50_000;
/// A longer line is not kept.
const MAX_KEPT_BYTES: usize = 4 * 1024;
/// Groups that are told apart.
const MAX_GROUPS: usize = 1_024;

/// The errors of all deliveries.
#[derive(Debug, Default)]
pub(super) struct Tape {
    /// One line of each group, in its section.
    groups: Vec<Section>,
    /// What one line of each group says, where it could be kept.
    lines: Vec<Option<String>>,
    places: HashMap<String, usize>,
    notes: Vec<Note>,
    /// How many notes have errors.
    with_errors: usize,
    silent: usize,
    is_full: bool,
}

/// The lines of one group in one delivery; of a delivery without an error none, and of no group.
#[derive(Debug, Clone, Copy)]
struct Note {
    due_ms: i64,
    first_ms: i64,
    last_ms: i64,
    count: u64,
    group: usize,
}

impl Tape {
    /// Takes the errors of a delivery.
    pub(super) fn note(&mut self, digest: &Digest, due_ms: i64) {
        for section in &digest.sections {
            for group in &section.groups {
                let Some(place) = self.place(section, group) else {
                    self.is_full = true;
                    continue;
                };
                let Group { first_ms, last_ms, count, .. } = *group;
                self.with_errors += 1;
                self.notes.push(Note { due_ms, first_ms, last_ms, count, group: place });
            }
            self.is_full |= section.other.count > 0;
        }
        if self.with_errors > MAX_NOTES {
            self.is_full = true;
        }
        if self.is_full {
            self.notes = Vec::new();
        }
    }

    /// Takes the time of a delivery without an error while an incident is open: what was held back may be posted then.
    pub(super) fn note_silent(&mut self, due_ms: i64) {
        if self.is_full || self.silent > MAX_SILENT {
            return;
        }
        self.silent += 1;
        if self.silent > MAX_SILENT {
            self.notes.retain(|note| note.count > 0);
            return;
        }
        self.notes.push(Note { due_ms, first_ms: due_ms, last_ms: due_ms, count: 0, group: usize::MAX });
    }

    /// For each group whether these rules take it. What rules cannot be asked about, since no line of it is kept, is taken
    /// where `otherwise` says so of its status.
    pub(super) fn taken_by(
        &self,
        rules: &Rules,
        format: Format,
        otherwise: impl Fn(u16) -> bool,
    ) -> Vec<bool> {
        let sections = self.groups.iter().zip(&self.lines);
        let taken = sections.map(|(section, line)| {
            let Some(group) = section.groups.first() else { return false };
            let line = line.as_deref().unwrap_or_default();
            match access_log::read(line, format) {
                Reading::AccessLog(log) | Reading::Salvaged(log) => {
                    rules.judge(&log, &section.log_group, line, group.first_ms).rule.is_some()
                }
                Reading::Header | Reading::Unreadable => otherwise(group.status.code()),
            }
        });
        taken.collect()
    }

    /// Whether all groups of this status, and of this route where one is given, are among those `taken`.
    pub(super) fn are_taken(&self, status: u16, route: Option<&str>, taken: &[bool]) -> bool {
        let is_meant = |section: &Section| {
            let group = section.groups.first();
            group.is_some_and(|group| {
                group.status.code() == status && route.is_none_or(|route| group.route == route)
            })
        };
        self.groups.iter().zip(taken).all(|(section, taken)| *taken || !is_meant(section))
    }

    /// The groups of which most deliveries have lines, most frequent first: status and route.
    pub(super) fn most_frequent(&self) -> Vec<(u16, &str)> {
        let mut deliveries = vec![0_u64; self.groups.len()];
        for note in &self.notes {
            if let Some(count) = deliveries.get_mut(note.group) {
                *count += 1;
            }
        }
        let mut places: Vec<usize> = (0..self.groups.len()).collect();
        places.sort_by_key(|place| std::cmp::Reverse(deliveries.get(*place).copied()));
        let named = places.into_iter().filter_map(|place| {
            let group = self.groups.get(place)?.groups.first()?;
            Some((group.status.code(), group.route.as_str()))
        });
        named.collect()
    }

    /// The deliveries once more, in their order, without the groups that are `taken`; nothing where they were too many.
    pub(super) fn without<'t>(&'t self, taken: &'t [bool]) -> impl Iterator<Item = (i64, Digest)> + 't {
        let is_left_out = |place: usize| taken.get(place).copied().unwrap_or_default();
        let deliveries = self.notes.chunk_by(|a, b| a.due_ms == b.due_ms);
        deliveries.map(move |notes| {
            let mut digest = Digest::default();
            for note in notes.iter().filter(|note| !is_left_out(note.group)) {
                let Some(section) = self.groups.get(note.group) else { continue };
                digest.fold(Digest { sections: vec![note.section(section)], ..Digest::default() }, 0);
            }
            (notes.first().map_or(0, |note| note.due_ms), digest)
        })
    }

    fn place(&mut self, section: &Section, group: &Group) -> Option<usize> {
        let place = self.place_of(section, group)?;
        if let Some(line @ None) = self.lines.get_mut(place) {
            let texts = group.samples.iter().filter(|sample| sample.text.full_chars().is_none());
            let mut texts = texts.filter_map(|sample| sample.text.text());
            *line = texts.find(|text| text.len() <= MAX_KEPT_BYTES).map(std::borrow::Cow::into_owned);
        }
        Some(place)
    }

    fn place_of(&mut self, section: &Section, group: &Group) -> Option<usize> {
        let to: Vec<&str> = section.to.names().collect();
        let key = format!("{:?}", (&section.log_group, to, group.status.code(), &group.route, group.fault));
        if let Some(place) = self.places.get(&key) {
            return Some(*place);
        }
        if self.groups.len() >= MAX_GROUPS {
            return None;
        }
        let group = Group { causes: Causes::default(), samples: Samples::default(), ..group.clone() };
        let Section { log_group, is_rest, to, .. } = section;
        self.groups.push(Section {
            log_group: log_group.clone(),
            is_rest: *is_rest,
            to: to.clone(),
            groups: vec![group],
            ..Section::default()
        });
        self.lines.push(None);
        self.places.insert(key, self.groups.len() - 1);
        Some(self.groups.len() - 1)
    }
}

impl Note {
    /// Its lines as the section of a digest, like another of its group.
    fn section(&self, like: &Section) -> Section {
        let Self { first_ms, last_ms, count, .. } = *self;
        let mut section = like.clone();
        (section.first_ms, section.last_ms) = (first_ms, last_ms);
        for group in &mut section.groups {
            (group.first_ms, group.last_ms, group.count, group.salvaged) = (first_ms, last_ms, count, 0);
            if group.status.code() >= 500 {
                section.server_errors = count;
            } else {
                section.client_errors = count;
            }
        }
        section
    }
}
