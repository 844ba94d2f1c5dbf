//! The errors of all deliveries, small enough to be played again without some of them.
//!
//! It keeps no text of a line. It is bounded: of more deliveries than it holds nothing can be played.

use std::collections::HashMap;

use crate::digest::{Causes, Digest, Group, Samples, Section};

/// Groups of deliveries that are held.
const MAX_NOTES: usize = 20_000;
/// Groups that are told apart.
const MAX_GROUPS: usize = 1_024;

/// The errors of all deliveries.
#[derive(Debug, Default)]
pub(super) struct Tape {
    /// One line of each group, in its section.
    groups: Vec<Section>,
    places: HashMap<String, usize>,
    notes: Vec<Note>,
    is_full: bool,
}

/// The lines of one group in one delivery.
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
                self.notes.push(Note { due_ms, first_ms, last_ms, count, group: place });
            }
            self.is_full |= section.other.count > 0;
        }
        if self.notes.len() > MAX_NOTES {
            self.is_full = true;
        }
        if self.is_full {
            self.notes = Vec::new();
        }
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

    /// The deliveries once more, in their order, without the groups that are left out by their status and route; nothing
    /// where they were too many.
    pub(super) fn without<'t>(
        &'t self,
        is_left_out: impl Fn(u16, &str) -> bool + 't,
    ) -> impl Iterator<Item = (i64, Digest)> + 't {
        let is_left_out = move |place: usize| {
            let group = self.groups.get(place).and_then(|section| section.groups.first());
            group.is_none_or(|group| is_left_out(group.status.code(), &group.route))
        };
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
