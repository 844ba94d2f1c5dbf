//! Chooses which samples fit into the room that is left, in the order of their timestamps.
//!
//! Lines are spread over the log groups and within each over its groups, the rarest group first,
//! so that the one odd error in a flood of equals is seen.
//! The first line of each group is there even if it must be cut; any further one is there whole or not at all.

use std::borrow::Cow;

use super::form::SpaceLeft;
use crate::digest::{Group, Sample};
use crate::slack::escape::{Dialect, Measured, escape_within, least_units};

/// A line cut shorter than this tells too little to be worth its place, in characters as Slack counts them.
const MIN_CUT: usize = 240;

/// The chosen lines of each section, harmless in the dialect: at most `max_lines` in all and `per_group` of one group.
pub(super) fn choose(
    sections: &[&[Group]],
    (max_lines, per_group): (usize, usize),
    room: SpaceLeft,
    dialect: Dialect,
) -> Vec<Vec<String>> {
    let candidates = by_preference(sections, per_group);
    let (firsts, others): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|candidate| candidate.round == 0);

    let firsts = firsts.split_at(firsts.len().min(max_lines)).0;
    let lines = cut(firsts, room, dialect);
    let others = others.iter().map(|other| (other, None));
    let mut left = room;
    let mut chosen: Vec<(&Candidate<'_>, String)> = Vec::new();
    for (candidate, line) in firsts.iter().zip(lines.into_iter().map(Some)).chain(others) {
        if chosen.len() >= max_lines || left.units == 0 {
            break;
        }
        // Once a message is nearly full, most lines need not be written to see that they are too long.
        if line.is_none() && least_units(&candidate.text) >= left.units {
            continue;
        }
        let line = line.unwrap_or_else(|| candidate.write(dialect, usize::MAX));
        if let Some(after) = left.after(&line) {
            left = after;
            chosen.push((candidate, line));
        }
    }

    chosen.sort_unstable_by_key(|(candidate, _)| (candidate.timestamp_ms, candidate.rank));
    let mut lines = vec![Vec::new(); sections.len()];
    for (candidate, line) in chosen {
        if let Some(lines) = lines.get_mut(candidate.section) {
            lines.push(line);
        }
    }
    lines
}

/// As many candidates as have room, cut so that they fit together; whole, where they do so.
fn cut(candidates: &[Candidate<'_>], room: SpaceLeft, dialect: Dialect) -> Vec<String> {
    let measured = longest_prefix(candidates, room, dialect);
    let max = widest_cut(&measured, room);
    measured.iter().zip(candidates).map(|(_, candidate)| candidate.write(dialect, max)).collect()
}

/// A line that may be shown.
struct Candidate<'a> {
    section: usize,
    /// Which line of its group it is.
    round: usize,
    /// Its place in the order of preference.
    rank: usize,
    timestamp_ms: i64,
    text: Cow<'a, str>,
    /// Characters of the line that `text` lacks.
    missing: usize,
}

impl<'a> Candidate<'a> {
    /// `None` for a line that has no text to show.
    fn new(section: usize, sample: &'a Sample) -> Option<Self> {
        let (text, missing) = match (sample.text.text()?, sample.text.full_chars()) {
            // Formats often end with a line break, which is not a part of the line.
            (Cow::Borrowed(text), None) => (Cow::Borrowed(text.trim_end()), 0),
            (Cow::Owned(text), None) => (Cow::Owned(text), 0),
            (kept, Some(full_chars)) => {
                let missing = full_chars.saturating_sub(kept.chars().count());
                (kept, missing)
            }
        };
        let timestamp_ms = sample.timestamp_ms;
        (!text.is_empty()).then_some(Self { section, round: 0, rank: 0, timestamp_ms, text, missing })
    }

    fn write(&self, dialect: Dialect, max: usize) -> String {
        escape_within(&self.text, self.missing, dialect, max)
    }
}

fn by_preference<'a>(sections: &[&'a [Group]], per_group: usize) -> Vec<Candidate<'a>> {
    let mut all: Vec<(usize, Candidate<'a>)> = Vec::new();
    for (at, groups) in sections.iter().enumerate() {
        let mut of_section: Vec<(u64, usize, Candidate<'a>)> = Vec::new();
        for (order, group) in groups.iter().enumerate() {
            let samples = group.samples.iter().filter_map(|sample| Candidate::new(at, sample));
            let rounds = samples.take(per_group).enumerate();
            of_section.extend(
                rounds.map(|(round, candidate)| (group.count, order, Candidate { round, ..candidate })),
            );
        }
        // Groups of one size stay in the digest's order, which is worst first.
        of_section.sort_unstable_by_key(|(count, order, candidate)| (candidate.round, *count, *order));
        all.extend(of_section.into_iter().map(|(_, _, candidate)| candidate).enumerate());
    }
    all.sort_unstable_by_key(|(place, candidate)| (*place, candidate.section));
    let ranked = all.into_iter().enumerate();
    ranked.map(|(rank, (_, candidate))| Candidate { rank, ..candidate }).collect()
}

/// The first candidates that have room, each cut to what is worth showing.
fn longest_prefix(candidates: &[Candidate<'_>], room: SpaceLeft, dialect: Dialect) -> Vec<Measured> {
    let fitting = candidates.iter().scan(room, |left, candidate| {
        let measured = Measured::new(&candidate.text, candidate.missing, dialect, room.units);
        *left = left.after_size(measured.within(MIN_CUT))?;
        Some(measured)
    });
    fitting.collect()
}

/// The greatest length to which all lines can be cut so that they fit together.
fn widest_cut(lines: &[Measured], room: SpaceLeft) -> usize {
    let fits = |max| lines.iter().try_fold(room, |room, line| room.after_size(line.within(max)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Fault;
    use crate::notification::test_digests::group;

    const PLENTY: SpaceLeft = SpaceLeft { units: 9_500, bytes: 15_000 };

    fn kind(status: u16, count: u64, lines: &[(i64, &str)]) -> Group {
        Group { count, ..group(status, "GET /", Fault::Unknown, lines) }
    }

    fn chosen(sections: &[&[Group]], max_lines: usize, room: SpaceLeft) -> Vec<Vec<String>> {
        choose(sections, (max_lines, usize::MAX), room, Dialect::RichText)
    }

    #[test]
    fn the_rarest_group_is_served_first_and_each_once_before_any_twice() {
        let groups = vec![
            kind(500, 900, &[(0, "common 1"), (3, "common 2")]),
            kind(502, 40, &[(1, "seldom 1"), (4, "seldom 2")]),
            kind(404, 1, &[(2, "once")]),
        ];
        let sections = &[groups.as_slice()];
        assert_eq!(chosen(sections, 1, PLENTY), [["once"]]);
        assert_eq!(chosen(sections, 2, PLENTY), [["seldom 1", "once"]]);
        assert_eq!(
            chosen(sections, 4, PLENTY),
            [["common 1", "seldom 1", "once", "seldom 2"]],
            "in order of time"
        );
        assert_eq!(chosen(sections, 0, PLENTY), [[""; 0]]);
    }

    #[test]
    fn log_groups_take_turns() {
        let noisy = [kind(500, 9, &[(0, "a"), (0, "b"), (0, "c")]), kind(502, 1, &[(0, "d")])];
        let quiet = [kind(404, 500, &[(0, "e"), (0, "f")])];
        let sections = [noisy.as_slice(), &quiet];
        assert_eq!(chosen(&sections, 2, PLENTY), [["d"], ["e"]]);
        assert_eq!(chosen(&sections, 4, PLENTY), [vec!["d", "a"], vec!["e", "f"]]);
    }

    #[test]
    fn a_further_line_that_does_not_fit_makes_way_for_a_shorter_one() {
        let long = "x".repeat(500);
        let groups = [kind(500, 3, &[(0, "first"), (1, &long), (2, "short")])];
        let room = SpaceLeft { units: 300, bytes: 300 };
        assert_eq!(chosen(&[&groups], 20, room), [["first", "short"]]);
    }

    #[test]
    fn no_group_has_more_lines_than_it_may() {
        let lines = [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e"), (5, "f")];
        let groups = [kind(500, 6, &lines)];
        let lines = choose(&[&groups], (20, 5), PLENTY, Dialect::RichText);
        assert_eq!(lines, [["a", "b", "c", "d", "e"]]);
    }

    #[test]
    fn the_line_break_at_a_lines_end_is_no_part_of_it_and_an_empty_line_is_none() {
        let groups = [kind(500, 2, &[(0, "raw\r\n"), (1, " \n")])];
        assert_eq!(chosen(&[&groups], 20, PLENTY), [["raw"]]);
    }
}
