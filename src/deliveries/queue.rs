//! Sorts lines that come mostly in the order of time: gives the oldest first.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// Lines that wait, ordered by their time and, where that is the same, by the order in which they came.
pub(super) struct Queue<T> {
    /// Those that came in the order of time, as nearly all do: nothing is moved for them.
    in_order: VecDeque<Held<T>>,
    /// Those that are older than the last of them.
    others: BinaryHeap<Reverse<Held<T>>>,
    bytes: usize,
    /// How many lines have come.
    order: u64,
}

struct Held<T> {
    at_ms: i64,
    order: u64,
    bytes: usize,
    line: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { in_order: VecDeque::new(), others: BinaryHeap::new(), bytes: 0, order: 0 }
    }
}

impl<T> Queue<T> {
    /// Takes a line in that takes up `bytes` beside itself.
    pub(super) fn push(&mut self, at_ms: i64, bytes: usize, line: T) {
        self.order += 1;
        let bytes = bytes + size_of::<Held<T>>();
        self.bytes += bytes;
        let held = Held { at_ms, order: self.order, bytes, line };
        if self.in_order.back().is_none_or(|last| last.at_ms <= at_ms) {
            self.in_order.push_back(held);
        } else {
            self.others.push(Reverse(held));
        }
    }

    /// The oldest line and its time.
    pub(super) fn pop(&mut self) -> Option<(i64, T)> {
        let held = if self.is_next_in_order() {
            self.in_order.pop_front()
        } else {
            self.others.pop().map(|Reverse(held)| held)
        };
        let Held { at_ms, bytes, line, .. } = held?;
        self.bytes = self.bytes.saturating_sub(bytes);
        Some((at_ms, line))
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
        self.in_order.len() + self.others.len()
    }

    /// What the lines take up.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_next_in_order(&self) -> bool {
        match (self.in_order.front(), self.others.peek()) {
            (Some(next), Some(Reverse(other))) => next < other,
            (next, _) => next.is_some(),
        }
    }
}

impl<T> Held<T> {
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

    proptest! {
        #[test]
        fn the_oldest_of_all_comes_first_and_of_equals_the_first(
            steps in prop::collection::vec((0_i64..20, any::<bool>()), 0..200),
        ) {
            let mut queue = Queue::default();
            let mut expected: Vec<(i64, u64)> = Vec::new();
            for (number, (at_ms, pops)) in (0..).zip(steps) {
                queue.push(at_ms, 3, number);
                expected.push((at_ms, number));
                expected.sort_unstable();
                prop_assert_eq!(queue.oldest_ms(), Some(expected[0].0));
                if pops {
                    prop_assert_eq!(queue.pop(), Some(expected.remove(0)));
                }
            }
            while let Some(popped) = queue.pop() {
                prop_assert_eq!(popped, expected.remove(0));
            }
            prop_assert_eq!((queue.len(), queue.bytes(), expected.len()), (0, 0, 0));
        }
    }
}
