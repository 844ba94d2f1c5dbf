//! Sections and the room left in; the lines to show, out, in the order of their timestamps.
//!
//! Lines are spread over the log groups and within each over its groups, the rarest group first,
//! so that the one odd error in a flood of equals is seen.
//! The first line of each group is there even if it must be cut; any further one is there whole or not at all.

use super::Storm;
use super::form::Room;
use crate::digest::{Sample, SampleText, Section};
use crate::slack::escape::{Dialect, escape_within};

/// A line cut shorter than this tells too little to be worth its place, in characters as Slack counts them.
const MIN_CUT: usize = 240;
/// In a storm, lines of one group beyond this tell nothing new.
const MAX_PER_GROUP_IN_STORM: usize = 5;

/// The chosen lines of each section, harmless in the dialect.
pub(super) fn choose(
    sections: &[&Section],
    max_lines: usize,
    storm: Option<&Storm>,
    room: Room,
    dialect: Dialect,
) -> Vec<Vec<String>> {
    let per_group = storm.map_or(usize::MAX, |_| MAX_PER_GROUP_IN_STORM);
    let candidates = by_preference(sections, per_group);
    let (firsts, others): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|candidate| candidate.round == 0);

    let firsts = longest_prefix(&firsts, max_lines, room, dialect);
    let max = widest_cut(firsts, room, dialect);
    let mut left = room;
    let mut chosen: Vec<(&Candidate<'_>, String)> = Vec::new();
    for (candidate, max) in
        firsts.iter().map(|first| (first, max)).chain(others.iter().map(|other| (other, usize::MAX)))
    {
        if chosen.len() >= max_lines {
            break;
        }
        // A line takes three bytes a character at most, so this one cannot fit: do not write it in vain.
        if max == usize::MAX && candidate.text.len() / 3 > left.units {
            continue;
        }
        let line = candidate.write(dialect, max);
        if let Some(after) = left.after(&line) {
            left = after;
            chosen.push((candidate, line));
        }
    }

    chosen.sort_by_key(|(candidate, _)| (candidate.timestamp_ms, candidate.rank));
    let mut lines = vec![Vec::new(); sections.len()];
    for (candidate, line) in chosen {
        lines.get_mut(candidate.section).into_iter().for_each(|lines| lines.push(line.clone()));
    }
    lines
}

/// A line that may be shown.
struct Candidate<'a> {
    section: usize,
    /// Which line of its group it is.
    round: usize,
    /// Its place in the order of preference.
    rank: usize,
    timestamp_ms: i64,
    text: &'a str,
    /// Characters of the line that `text` lacks.
    missing: usize,
}

impl<'a> Candidate<'a> {
    /// `None` for a line that has no text to show.
    fn new(section: usize, sample: &'a Sample) -> Option<Self> {
        let (text, missing) = match &sample.text {
            // Formats often end with a line break, which is not a part of the line.
            SampleText::Whole(text) => (text.trim_end(), 0),
            SampleText::Cut { kept, full_chars } => {
                (kept.as_str(), full_chars.saturating_sub(kept.chars().count()))
            }
            SampleText::Withheld => return None,
        };
        let timestamp_ms = sample.timestamp_ms;
        (!text.is_empty()).then_some(Self { section, round: 0, rank: 0, timestamp_ms, text, missing })
    }

    fn write(&self, dialect: Dialect, max: usize) -> String {
        escape_within(self.text, self.missing, dialect, max)
    }
}

fn by_preference<'a>(sections: &[&'a Section], per_group: usize) -> Vec<Candidate<'a>> {
    let mut all: Vec<(usize, Candidate<'a>)> = Vec::new();
    for (at, section) in sections.iter().enumerate() {
        let mut of_section: Vec<(u64, Candidate<'a>)> = Vec::new();
        for group in &section.groups {
            let samples = group.samples.iter().filter_map(|sample| Candidate::new(at, sample));
            let rounds = samples.take(per_group).enumerate();
            of_section
                .extend(rounds.map(|(round, candidate)| (group.count, Candidate { round, ..candidate })));
        }
        // Sorting is stable: groups of one size stay in the digest's order, which is worst first.
        of_section.sort_by_key(|(count, candidate)| (candidate.round, *count));
        all.extend(of_section.into_iter().map(|(_, candidate)| candidate).enumerate());
    }
    all.sort_by_key(|(place, candidate)| (*place, candidate.section));
    let ranked = all.into_iter().enumerate();
    ranked.map(|(rank, (_, candidate))| Candidate { rank, ..candidate }).collect()
}

/// The candidates that have room, each cut to what is worth showing.
fn longest_prefix<'c, 'a>(
    candidates: &'c [Candidate<'a>],
    max_lines: usize,
    room: Room,
    dialect: Dialect,
) -> &'c [Candidate<'a>] {
    let fitting = candidates.iter().take(max_lines).scan(room, |room, candidate| {
        *room = room.after(&candidate.write(dialect, MIN_CUT))?;
        Some(())
    });
    candidates.split_at(fitting.count()).0
}

/// The greatest length to which all candidates can be cut so that they fit together.
fn widest_cut(candidates: &[Candidate<'_>], room: Room, dialect: Dialect) -> usize {
    let fits =
        |max| candidates.iter().try_fold(room, |room, candidate| room.after(&candidate.write(dialect, max)));
    if fits(usize::MAX).is_some() {
        return usize::MAX;
    }
    let (mut fitting, mut too_wide) = (MIN_CUT, room.units + 1);
    while fitting + 1 < too_wide {
        let max = usize::midpoint(fitting, too_wide);
        if fits(max).is_some() { fitting = max } else { too_wide = max }
    }
    fitting
}
