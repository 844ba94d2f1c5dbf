//! How many lines came within a time that slides, in twelve bins.
//!
//! It never reads a clock: the time is passed in, in epoch milliseconds.

use serde::{Deserialize, Serialize};

const BINS: usize = 12;

/// Counts of the last twelve bins, the one at hand included: eleven to twelve bins' time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    bin_ms: i64,
    /// Number of the newest bin since the epoch.
    newest: i64,
    /// Newest first.
    counts: [u32; BINS],
}

impl Window {
    /// An empty window of about this length.
    pub(super) fn of_ms(length_ms: i64) -> Self {
        Self { bin_ms: (length_ms / 12).max(1), newest: i64::MIN, counts: [0; BINS] }
    }

    /// Counts lines in. A clock that was put back counts them into the newest bin.
    pub(super) fn add(&mut self, lines: u64, now_ms: i64) {
        let bin = now_ms.div_euclid(self.bin_ms).max(self.newest);
        let passed = usize::try_from(bin.saturating_sub(self.newest)).unwrap_or(BINS).min(BINS);
        self.counts.rotate_right(passed);
        self.counts.iter_mut().take(passed).for_each(|count| *count = 0);
        self.newest = bin;
        let [newest, ..] = &mut self.counts;
        *newest = newest.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
    }

    /// Lines in the newest so many bins, as of the last [`Window::add`].
    pub(super) fn newest(&self, bins: usize) -> u64 {
        self.counts.iter().take(bins).map(|count| u64::from(*count)).sum()
    }

    /// Lines in all bins, as of the last [`Window::add`].
    pub(super) fn all(&self) -> u64 {
        self.newest(BINS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_leave_the_window_bin_by_bin() {
        let mut window = Window::of_ms(60_000);
        for second in 0..60 {
            window.add(1, second * 1_000);
        }
        assert_eq!((window.all(), window.newest(2)), (60, 10));
        window.add(0, 64_999);
        assert_eq!(window.all(), 55);
        window.add(7, 10_000_000);
        assert_eq!((window.all(), window.newest(1)), (7, 7));
    }

    #[test]
    fn a_clock_that_was_put_back_loses_no_line_and_a_flood_does_not_overflow() {
        let mut window = Window::of_ms(60_000);
        window.add(3, 1_000_000);
        window.add(4, 0);
        assert_eq!(window.all(), 7);
        window.add(u64::MAX, 1_000_000);
        window.add(u64::MAX, 1_000_000);
        assert_eq!(window.newest(1), u64::from(u32::MAX));
    }
}
