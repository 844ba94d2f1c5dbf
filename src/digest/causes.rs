//! The causes that a group's lines name, the frequent ones counted in a fixed space.
//!
//! Few groups have more than one or two causes. Where there are more than fit, as where each names its request, a
//! frequent one is never pushed out by rare ones; the count of what was pushed out is not kept.

/// Causes of one group that are counted at a time.
const MAX_CAUSES: usize = 4;
/// The longest cause that is kept, in bytes; longer ones are cut and end in `…`.
const MAX_BYTES: usize = 240;

/// Causes, each with how many lines named it, in the order in which they were first met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Causes {
    counted: Vec<(String, u64)>,
}

impl Causes {
    /// The cause that most lines name: a stranger's text. Of equally frequent ones the first by name.
    #[must_use]
    pub fn most_frequent(&self) -> Option<&str> {
        let most = self.counted.iter().max_by(|(a, a_lines), (b, b_lines)| (a_lines, b).cmp(&(b_lines, a)));
        most.map(|(cause, _)| cause.as_str())
    }

    /// The causes as they were counted, to be kept elsewhere.
    #[must_use]
    pub fn counted(&self) -> &[(String, u64)] {
        &self.counted
    }

    /// Causes that were kept elsewhere.
    #[must_use]
    pub fn of_counted(mut counted: Vec<(String, u64)>) -> Self {
        counted.truncate(MAX_CAUSES);
        Self { counted }
    }

    /// Counts one line with this cause.
    ///
    /// Where there is no room the least frequent cause gives way and leaves its count, as in the space-saving
    /// algorithm (Metwally and others, 2005): so a cause of more than a quarter of the
    /// lines is in the end among those that are kept.
    pub fn note(&mut self, cause: &str) {
        let (kept, mark) = cut(cause);
        let is_this = |known: &str| known.strip_suffix(mark) == Some(kept);
        if let Some((_, lines)) = self.counted.iter_mut().find(|(known, _)| is_this(known)) {
            *lines += 1;
            return;
        }
        if self.counted.len() < MAX_CAUSES {
            self.counted.push((format!("{kept}{mark}"), 1));
            return;
        }
        if let Some((rarest, lines)) = self.counted.iter_mut().min_by_key(|(_, lines)| *lines) {
            rarest.clear();
            rarest.extend([kept, mark]);
            *lines += 1;
        }
    }

    /// Adds the causes of another group of the same lines.
    pub(super) fn fold(&mut self, other: Self) {
        for (cause, lines) in other.counted {
            match self.counted.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, counted)) => *counted += lines,
                None => self.counted.push((cause, lines)),
            }
        }
        if self.counted.len() > MAX_CAUSES {
            self.counted.sort_unstable_by(|(a, a_lines), (b, b_lines)| (b_lines, a).cmp(&(a_lines, b)));
            self.counted.truncate(MAX_CAUSES);
        }
    }
}

/// What is kept of a cause, and the mark of a cut.
fn cut(cause: &str) -> (&str, &'static str) {
    if cause.len() <= MAX_BYTES {
        return (cause, "");
    }
    (cause.get(..cause.floor_char_boundary(MAX_BYTES)).unwrap_or_default(), "…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn causes<'a>(lines: impl IntoIterator<Item = &'a str>) -> Causes {
        let mut causes = Causes::default();
        for cause in lines {
            causes.note(cause);
        }
        causes
    }

    #[test]
    fn the_most_frequent_cause_is_named_and_none_where_there_is_none() {
        assert_eq!(causes([]).most_frequent(), None);
        assert_eq!(causes(["a", "b", "b", "a", "b"]).most_frequent(), Some("b"));
        assert_eq!(causes(["b", "a"]).most_frequent(), Some("a"));
    }

    #[test]
    fn a_long_cause_is_cut_between_characters_and_counted_as_one() {
        let long = "é".repeat(300);
        let causes = causes([long.as_str(), &long, "short"]);
        assert_eq!(causes.most_frequent(), Some(format!("{}…", "é".repeat(120)).as_str()));
    }

    #[test]
    fn a_cause_of_every_third_line_is_found_among_causes_that_each_name_their_request() {
        let lines: Vec<String> = (0..3_000)
            .map(|n| if n % 3 == 0 { "frequent".to_owned() } else { format!("request {n}") })
            .collect();
        assert_eq!(causes(lines.iter().map(String::as_str)).most_frequent(), Some("frequent"));
    }

    proptest! {
        #[test]
        fn few_causes_are_counted_exactly_however_the_lines_are_parted(
            lines in prop::collection::vec(0_usize..4, 0..40), at in 0_usize..40,
        ) {
            let name = |n: &usize| ["a", "b", "c", "d"][*n];
            let (first, second) = lines.split_at(at.min(lines.len()));
            let mut folded = causes(first.iter().map(name));
            folded.fold(causes(second.iter().map(name)));
            prop_assert_eq!(&folded, &causes(lines.iter().map(name)));
            for (cause, counted) in &folded.counted {
                prop_assert_eq!(*counted, lines.iter().filter(|n| name(n) == cause).count() as u64);
            }
        }

        #[test]
        fn memory_is_bounded(lines in prop::collection::vec("[a-zé]{0,300}", 0..40)) {
            let mut all = causes(lines.iter().map(String::as_str));
            all.fold(causes(lines.iter().rev().map(String::as_str)));
            prop_assert!(all.counted.len() <= MAX_CAUSES);
            prop_assert!(all.counted.iter().all(|(cause, _)| cause.len() <= MAX_BYTES + "…".len()));
        }
    }
}
