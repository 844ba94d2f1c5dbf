//! Lines in, mostly in the order of time; in the order of time, out, as far as a bounded window can put them there.

use super::queue::{Queue, Runs};

/// How much later log is waited for: 15 minutes.
pub const WINDOW_MS: i64 = 15 * 60_000;
/// So many lines are held in any case, so that an export of Logs Insights (at most 10,000 rows, newest first) is put
/// in order.
pub const MIN_HELD: usize = 20_000;

/// Lines that are held until [`WINDOW_MS`] of later log and [`MIN_HELD`] lines have come, or memory is short.
pub(crate) struct Window<T> {
    held: Queue<T>,
    max_bytes: usize,
    newest_ms: i64,
    handed_on_ms: i64,
}

/// A line that is handed on.
pub(crate) struct HandedOn<T> {
    /// When it was logged, epoch milliseconds.
    pub(crate) at_ms: i64,
    pub(crate) line: T,
    /// How many lines of this time it stands for: see [`Runs`].
    pub(crate) lines: usize,
    /// How much later the latest line is that was handed on before it, milliseconds; 0 where it is in order.
    pub(crate) behind_ms: i64,
}

impl<T: Runs> Window<T> {
    /// One that holds no more than so many bytes.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { held: Queue::default(), max_bytes, newest_ms: i64::MIN, handed_on_ms: i64::MIN }
    }

    /// Takes a line in that takes up `bytes` beside itself.
    pub(crate) fn push(&mut self, at_ms: i64, bytes: usize, line: T) {
        self.newest_ms = self.newest_ms.max(at_ms);
        self.held.push(at_ms, bytes, line);
    }

    /// Takes a line into the run of the last one; `false` where its time does not come next, or `joins` says no of the
    /// line that begins the run and of how many that has.
    pub(crate) fn join(&mut self, at_ms: i64, joins: impl FnOnce(&mut T, usize) -> bool) -> bool {
        let is_taken = self.held.join(at_ms, joins);
        if is_taken {
            self.newest_ms = self.newest_ms.max(at_ms);
        }
        is_taken
    }

    /// The oldest line, where it waits for no other.
    pub(crate) fn pop_ready(&mut self) -> Option<HandedOn<T>> {
        let oldest_ms = self.held.oldest_ms()?;
        let is_past = self.newest_ms.saturating_sub(oldest_ms) > WINDOW_MS;
        if self.held.bytes() > self.max_bytes {
            return self.pop(1);
        }
        let beyond = self.held.len().saturating_sub(MIN_HELD);
        if is_past && beyond > 0 { self.pop(beyond) } else { None }
    }

    /// The oldest line, if it is no later than `to_ms`.
    pub(crate) fn pop_until(&mut self, to_ms: i64) -> Option<HandedOn<T>> {
        self.held.oldest_ms().filter(|oldest_ms| *oldest_ms <= to_ms).and_then(|_| self.pop_any())
    }

    /// The oldest line.
    pub(crate) fn pop_any(&mut self) -> Option<HandedOn<T>> {
        self.pop(usize::MAX)
    }

    fn pop(&mut self, max: usize) -> Option<HandedOn<T>> {
        let (at_ms, line, lines) = self.held.pop(max)?;
        let behind_ms = self.handed_on_ms.saturating_sub(at_ms).max(0);
        self.handed_on_ms = self.handed_on_ms.max(at_ms);
        Some(HandedOn { at_ms, line, lines, behind_ms })
    }

    /// The latest time of all lines so far, epoch milliseconds.
    pub(crate) fn newest_ms(&self) -> i64 {
        self.newest_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Runs for () {
        fn split(&mut self, _: usize) {}
    }

    /// What is handed on of these lines before the end, and how far behind each is.
    fn handed_on(times: impl IntoIterator<Item = i64>, max_bytes: usize) -> Vec<(i64, i64)> {
        let mut window = Window::new(max_bytes);
        let mut handed_on = Vec::new();
        for at_ms in times {
            window.push(at_ms, 0, ());
            while let Some(line) = window.pop_ready() {
                handed_on.extend(std::iter::repeat_n((line.at_ms, line.behind_ms), line.lines));
            }
        }
        handed_on
    }

    #[test]
    fn a_line_waits_for_many_others_and_for_much_later_log() {
        let many = i64::try_from(MIN_HELD).unwrap();
        assert_eq!(handed_on(0..many + 9, usize::MAX), [], "all within the window");
        assert_eq!(handed_on([0, 1, 2 * WINDOW_MS], usize::MAX), [], "few lines");
        assert_eq!(handed_on((0..many).chain([WINDOW_MS + 2]), usize::MAX), [(0, 0)]);
        assert_eq!(handed_on((0..many).rev().chain([WINDOW_MS + 2]), usize::MAX), [(0, 0)]);
    }

    #[test]
    fn what_memory_has_no_room_for_goes_on_and_what_comes_behind_it_says_so() {
        // Room for none at all.
        assert_eq!(handed_on([5, 3, 9, 1, 9], 0), [(5, 0), (3, 2), (9, 0), (1, 8), (9, 0)]);
    }
}
