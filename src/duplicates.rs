//! Which log events Slack was told of, or are folded: so that a delivery that comes twice is told once.
//!
//! CloudWatch Logs and Lambda's queue both deliver at least once. The memory lives as long as the process and is
//! bounded: the oldest keys are forgotten first. Log events of a post that failed are never in it.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hasher};

/// How many log events are remembered: about two of the largest batches that Lambda can hand over, all errors.
pub const CAPACITY: usize = 131_072;

/// Stands for one log event: a hash of log group, log stream and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKey(u64);

impl EventKey {
    /// The key of a log event.
    #[must_use]
    pub fn new(log_group: &str, log_stream: &str, id: &[u8]) -> Self {
        Self(hasher(log_group, log_stream, id).finish())
    }

    /// The key of a log event without an id: its place in the batch, its time and its text stand in for one.
    /// So the same batch has the same keys when it comes again, and equal lines of one batch are not one.
    #[must_use]
    pub fn without_id(log_group: &str, log_stream: &str, place: u64, timestamp_ms: i64, line: &str) -> Self {
        let mut hasher = hasher(log_group, log_stream, b"");
        hasher.write_u64(place);
        hasher.write_i64(timestamp_ms);
        hasher.write(line.as_bytes());
        Self(hasher.finish())
    }

    /// The key as a number, of which ids of messages are made.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Its seed is fixed: the same log event has the same key in every process, and its message the same id.
fn hasher(log_group: &str, log_stream: &str, id: &[u8]) -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    for part in [log_group.as_bytes(), log_stream.as_bytes(), id] {
        hasher.write(part);
        hasher.write_u8(0xff); // No UTF-8 text holds this byte, so parts cannot run into each other.
    }
    hasher
}

/// The log events that need not be told again.
#[derive(Debug, Default)]
pub struct Remembered {
    known: HashSet<EventKey>,
    oldest_first: VecDeque<EventKey>,
}

impl Remembered {
    /// Whether the log event was told or folded before.
    #[must_use]
    pub fn contains(&self, key: EventKey) -> bool {
        self.known.contains(&key)
    }

    /// Remembers log events that Slack accepted or that are folded now.
    pub fn remember(&mut self, keys: impl IntoIterator<Item = EventKey>) {
        for key in keys {
            if self.known.contains(&key) {
                continue;
            }
            // Room first: one key more than the capacity would double what the queue and the set take.
            if self.oldest_first.len() >= CAPACITY
                && let Some(oldest) = self.oldest_first.pop_front()
            {
                self.known.remove(&oldest);
            }
            self.known.insert(key);
            self.oldest_first.push_back(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> EventKey {
        EventKey::new("g", "s", id.as_bytes())
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_the_memory_does_not_grow() {
        let mut remembered = Remembered::default();
        remembered.remember((0..CAPACITY).map(|id| key(&id.to_string())));
        remembered.remember([key("1")]);
        assert!(remembered.contains(key("0")));
        remembered.remember([key("new")]);
        assert!(!remembered.contains(key("0")));
        assert!(remembered.contains(key("1")) && remembered.contains(key("new")));
        assert_eq!(remembered.known.len(), CAPACITY);
    }

    #[test]
    fn a_key_tells_group_stream_and_id_apart() {
        assert_ne!(EventKey::new("ab", "c", b"1"), EventKey::new("a", "bc", b"1"));
        assert_ne!(EventKey::new("a", "b", b"1"), EventKey::new("a", "b", b"2"));
        let without_id = EventKey::without_id;
        assert_eq!(without_id("a", "b", 1, 5, "x"), without_id("a", "b", 1, 5, "x"));
        assert_ne!(without_id("a", "b", 1, 5, "x"), without_id("a", "b", 2, 5, "x"));
        assert_ne!(without_id("a", "b", 1, 5, "x"), without_id("a", "b", 1, 5, "y"));
    }
}
