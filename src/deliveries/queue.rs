//! Sorts lines that come mostly in the order of time: gives the oldest first.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// A line of which there may be a run: most lines of a log say nothing but that all is well.
pub(crate) trait Runs: Sized {
    /// Takes the first lines off a run of more.
    fn split(&mut self, lines: usize) -> Self;
}

/// Lines that wait, ordered by their time and, where that is the same, by the order in which they came.
pub(super) struct Queue<T> {
    /// Those that came in the order of time, as nearly all do: nothing is moved for them.
    in_order: VecDeque<Held<T>>,
    /// Those that are older than the last of them.
    others: BinaryHeap<Reverse<Held<T>>>,
    bytes: usize,
    len: usize,
    /// How many lines have come.
    order: u64,
    /// The time of the last that came in order, epoch milliseconds.
    last_ms: i64,
}

/// A line, or a run of them.
struct Held<T> {
    /// The time of the first.
    at_ms: i64,
    /// The place of the first.
    order: u64,
    bytes: usize,
    line: T,
    /// How many lines come after the first.
    more: usize,
    /// From each of them to the next, and to how many in turn it is as far.
    steps: VecDeque<Steps>,
}

/// So many steps of so many milliseconds.
struct Steps {
    ms: u16,
    count: u16,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            in_order: VecDeque::new(),
            others: BinaryHeap::new(),
            bytes: 0,
            len: 0,
            order: 0,
            last_ms: i64::MIN,
        }
    }
}

impl<T: Runs> Queue<T> {
    /// Takes a line in that takes up `bytes` beside itself.
    pub(super) fn push(&mut self, at_ms: i64, bytes: usize, line: T) {
        self.order += 1;
        self.len += 1;
        let is_in_order = self.in_order.is_empty() || self.last_ms <= at_ms;
        let bytes = bytes + size_of::<Held<T>>();
        self.bytes += bytes;
        let held = Held { at_ms, order: self.order, bytes, line, more: 0, steps: VecDeque::new() };
        if is_in_order {
            self.last_ms = at_ms;
            self.in_order.push_back(held);
        } else {
            self.others.push(Reverse(held));
        }
    }

    /// Takes a line into the run of the last one; `false` where its time does not come next, or `joins` says no of the
    /// line that begins the run and of how many that has.
    pub(super) fn join(&mut self, at_ms: i64, joins: impl FnOnce(&mut T, usize) -> bool) -> bool {
        let step = at_ms.checked_sub(self.last_ms).and_then(|step| u16::try_from(step).ok());
        let (Some(run), Some(step)) = (self.in_order.back_mut(), step) else { return false };
        if !joins(&mut run.line, run.more + 1) {
            return false;
        }
        self.bytes += run.step(step);
        self.last_ms = at_ms;
        self.order += 1;
        self.len += 1;
        true
    }

    /// The oldest line, its time, and how many it stands for: those of its run that have the same time, at most `max`.
    pub(super) fn pop(&mut self, max: usize) -> Option<(i64, T, usize)> {
        let is_next_in_order = self.is_next_in_order();
        if is_next_in_order
            && let Some(run) = self.in_order.front_mut()
            && let lines = run.lines_of_one_time().min(max).max(1)
            && lines <= run.more
        {
            let at_ms = run.at_ms;
            let freed: usize = (0..lines).map(|_| run.leave_first()).sum();
            self.bytes = self.bytes.saturating_sub(freed);
            self.len -= lines;
            return Some((at_ms, run.line.split(lines), lines));
        }
        let held = if is_next_in_order {
            self.in_order.pop_front()
        } else {
            self.others.pop().map(|Reverse(held)| held)
        };
        let Held { at_ms, bytes, line, more, steps, .. } = held?;
        self.bytes = self.bytes.saturating_sub(bytes + steps.len() * size_of::<Steps>());
        self.len -= more + 1;
        Some((at_ms, line, more + 1))
    }

    /// When the oldest line was logged, epoch milliseconds.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        let held = if self.is_next_in_order() {
            self.in_order.front()
        } else {
            self.others.peek().map(|held| &held.0)
        };
        held.map(|held| held.at_ms)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// What the lines take up.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the oldest line came in order. Of equals it did where it came before the other; all lines of a run did
    /// where its first one did.
    fn is_next_in_order(&self) -> bool {
        match (self.in_order.front(), self.others.peek()) {
            (Some(next), Some(Reverse(other))) => next < other,
            (next, _) => next.is_some(),
        }
    }
}

impl<T> Held<T> {
    /// Notes a line so much later than the last, and gives the bytes that takes.
    fn step(&mut self, ms: u16) -> usize {
        self.more += 1;
        if let Some(last) = self.steps.back_mut().filter(|last| last.ms == ms && last.count < u16::MAX) {
            last.count += 1;
            return 0;
        }
        self.steps.push_back(Steps { ms, count: 1 });
        size_of::<Steps>()
    }

    fn lines_of_one_time(&self) -> usize {
        1 + self.steps.front().filter(|next| next.ms == 0).map_or(0, |next| usize::from(next.count))
    }

    /// Leaves the first line, and gives the bytes that are free.
    fn leave_first(&mut self) -> usize {
        self.more -= 1;
        let Some(next) = self.steps.front_mut() else { return 0 };
        self.at_ms += i64::from(next.ms);
        next.count -= 1;
        if next.count > 0 {
            return 0;
        }
        self.steps.pop_front();
        size_of::<Steps>()
    }

    fn key(&self) -> (i64, u64) {
        (self.at_ms, self.order)
    }
}

impl<T> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Held<T> {}

impl<T> PartialOrd for Held<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Held<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A line and its number, and whether it may stand in a run with others.
    #[derive(Debug, PartialEq, Eq)]
    struct Numbered(u64, bool);

    impl Runs for Numbered {
        fn split(&mut self, lines: usize) -> Self {
            self.0 += lines as u64;
            Self(self.0 - lines as u64, self.1)
        }
    }

    /// Takes a line in, in a run where it may be.
    fn push(queue: &mut Queue<Numbered>, at_ms: i64, line: Numbered) {
        let joins = |first: &mut Numbered, lines| first.1 && line.1 && line.0 == first.0 + lines as u64;
        if !queue.join(at_ms, joins) {
            queue.push(at_ms, 3, line);
        }
    }

    /// Steps in time, mostly forward, and some too far for a run.
    fn step() -> impl Strategy<Value = i64> {
        prop_oneof![8 => 0_i64..3, 2 => -5_i64..9, 1 => 65_530_i64..65_540]
    }

    /// Takes what stands for lines that are expected next.
    fn check_pop(queue: &mut Queue<Numbered>, expected: &mut Vec<(i64, Numbered)>, max: usize) {
        assert_eq!(queue.oldest_ms(), expected.first().map(|(at_ms, _)| *at_ms));
        let Some((at_ms, Numbered(first, joins), lines)) = queue.pop(max) else {
            return assert_eq!(expected, &[]);
        };
        assert!(lines <= max.max(1));
        for number in first..first + lines as u64 {
            assert_eq!((at_ms, Numbered(number, joins)), expected.remove(0));
        }
        assert_eq!(queue.len(), expected.len());
    }

    proptest! {
        #[test]
        fn the_oldest_of_all_comes_first_and_of_equals_the_first(
            steps in prop::collection::vec((step(), prop::bool::weighted(0.9), 0_usize..3, 0_usize..5), 0..200),
        ) {
            let mut queue = Queue::default();
            let mut expected: Vec<(i64, Numbered)> = Vec::new();
            let mut at_ms = 0;
            for (number, (step, joins, pops, max)) in (0..).zip(steps) {
                at_ms += step;
                push(&mut queue, at_ms, Numbered(number, joins));
                expected.push((at_ms, Numbered(number, joins)));
                expected.sort_by_key(|(at_ms, line)| (*at_ms, line.0));
                for _ in 0..pops {
                    check_pop(&mut queue, &mut expected, max);
                }
            }
            while !expected.is_empty() {
                check_pop(&mut queue, &mut expected, usize::MAX);
            }
            check_pop(&mut queue, &mut expected, 1);
            prop_assert_eq!((queue.len(), queue.bytes()), (0, 0));
        }
    }

    #[test]
    fn a_run_of_even_steps_takes_no_more_than_a_line_or_two() {
        let mut queue = Queue::default();
        (0..1_001)
            .for_each(|number| push(&mut queue, i64::try_from(number).unwrap(), Numbered(number, true)));
        push(&mut queue, 1_000, Numbered(1_001, true));
        assert_eq!(queue.bytes(), 3 + size_of::<Held<Numbered>>() + 2 * size_of::<Steps>());
    }
}
