//! A span of time, cut into slices that are fetched at once: longer ones where there is little, shorter ones where there
//! is much.

/// Pages of a slice that is as long as it should be.
const GOOD: std::ops::RangeInclusive<u32> = 2..=6;
/// Of the span, at the beginning.
const FIRST: i64 = 48;
const SHORTEST_MS: i64 = 60_000;
const LONGEST_MS: i64 = 24 * 60 * 60_000;

/// From the first time that belongs to it to the first that does not, epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
}

/// What is left of the span.
#[derive(Debug)]
pub(super) struct Slices {
    at_ms: i64,
    until_ms: i64,
    /// Of the next slice, in milliseconds.
    length: i64,
}

impl Slices {
    pub(super) fn new(from_ms: i64, until_ms: i64) -> Self {
        let length = (until_ms.saturating_sub(from_ms) / FIRST).clamp(SHORTEST_MS, LONGEST_MS);
        Self { at_ms: from_ms, until_ms, length }
    }

    /// A slice had so many pages.
    pub(super) fn learn(&mut self, pages: u32) {
        if pages > *GOOD.end() {
            self.length = (self.length / 2).max(SHORTEST_MS);
        } else if pages < *GOOD.start() {
            self.length = (self.length * 2).min(LONGEST_MS);
        }
    }
}

impl Iterator for Slices {
    type Item = Slice;

    fn next(&mut self) -> Option<Slice> {
        let from_ms = self.at_ms;
        if from_ms >= self.until_ms {
            return None;
        }
        let until_ms = from_ms.saturating_add(self.length).min(self.until_ms);
        self.at_ms = until_ms;
        Some(Slice { from_ms, until_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_join_without_gap_or_overlap_whatever_is_learned() {
        let (from_ms, until_ms) = (1_000, 1_000 + 7 * LONGEST_MS + 1);
        let mut slices = Slices::new(from_ms, until_ms);
        let (mut at_ms, mut lengths) = (from_ms, Vec::new());
        while let Some(slice) = slices.next() {
            assert_eq!(slice.from_ms, at_ms);
            lengths.push(slice.until_ms - slice.from_ms);
            at_ms = slice.until_ms;
            slices.learn(if lengths.len() < 20 { 7 } else { 1 });
        }
        assert_eq!(at_ms, until_ms);
        assert_eq!(lengths.iter().min(), Some(&SHORTEST_MS));
        assert_eq!(lengths.iter().max(), Some(&LONGEST_MS));
    }

    #[test]
    fn a_span_of_minutes_is_cut_by_the_minute_and_an_empty_one_not_at_all() {
        assert_eq!(Slices::new(0, 5 * 60_000).count(), 5);
        assert_eq!(Slices::new(5, 5).count(), 0);
        assert_eq!(Slices::new(6, 5).count(), 0);
    }
}
