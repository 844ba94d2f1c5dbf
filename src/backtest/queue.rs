//! Lines in, mostly in the order of time; the oldest first, out.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::line::{ErrorLine, Line};
use crate::access_log::fast_path::Recognised;

/// Lines that wait, ordered by their time and, where that is the same, by the order in which they came.
#[derive(Default)]
pub(super) struct Queue {
    /// Those that came in the order of time, as nearly all do: nothing is moved for them.
    in_order: VecDeque<Held>,
    /// Those that are older than the last of them.
    others: BinaryHeap<Reverse<Held>>,
    bytes: usize,
}

struct Held {
    order: u64,
    line: Line,
}

impl Queue {
    /// Takes a line in; `order` grows from line to line.
    pub(super) fn push(&mut self, order: u64, line: Line) {
        self.bytes += bytes(&line);
        let held = Held { order, line };
        if self.in_order.back().is_none_or(|last| last.line.at_ms <= held.line.at_ms) {
            self.in_order.push_back(held);
        } else {
            self.others.push(Reverse(held));
        }
    }

    /// The oldest line.
    pub(super) fn pop(&mut self) -> Option<Line> {
        let held = if self.is_next_in_order() {
            self.in_order.pop_front()
        } else {
            self.others.pop().map(|Reverse(held)| held)
        };
        let line = held?.line;
        self.bytes = self.bytes.saturating_sub(bytes(&line));
        Some(line)
    }

    /// When the oldest line was logged, epoch milliseconds.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        let held = if self.is_next_in_order() {
            self.in_order.front()
        } else {
            self.others.peek().map(|held| &held.0)
        };
        held.map(|held| held.line.at_ms)
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

fn bytes(line: &Line) -> usize {
    let error = line.error.as_ref().map_or(0, |error| {
        let recognised = error.recognised.as_ref().map_or(0, Recognised::bytes);
        size_of::<ErrorLine>() + error.id.capacity() + error.text.capacity() + recognised
    });
    size_of::<Held>() + error
}

impl Held {
    fn key(&self) -> (i64, u64) {
        (self.line.at_ms, self.order)
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::line::Kind;
    use super::*;

    fn line(at_ms: i64, number: u64) -> Line {
        let (source, is_salvaged, is_seen) = (0, false, false);
        Line {
            at_ms,
            source,
            number,
            kind: Kind::Ok,
            is_salvaged,
            is_seen,
            names: Arc::default(),
            error: None,
        }
    }

    proptest! {
        #[test]
        fn the_oldest_of_all_comes_first_and_of_equals_the_first(
            steps in prop::collection::vec((0_i64..20, any::<bool>()), 0..200),
        ) {
            let mut queue = Queue::default();
            let mut expected: Vec<(i64, u64)> = Vec::new();
            for (number, (at_ms, pops)) in (0..).zip(steps) {
                queue.push(number, line(at_ms, number));
                expected.push((at_ms, number));
                expected.sort_unstable();
                prop_assert_eq!(queue.oldest_ms(), Some(expected[0].0));
                if pops {
                    let popped = queue.pop().map(|line| (line.at_ms, line.number));
                    prop_assert_eq!(popped, Some(expected.remove(0)));
                }
            }
            while let Some(line) = queue.pop() {
                prop_assert_eq!((line.at_ms, line.number), expected.remove(0));
            }
            prop_assert_eq!((queue.len(), queue.bytes(), expected.len()), (0, 0, 0));
        }
    }
}
