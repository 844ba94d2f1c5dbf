//! Remembers which log events were notified or deferred, so that a delivery that comes twice is notified once
//! by this process. Across processes only a state table can: with one, the [`store`](crate::store) counts each batch once.
//!
//! CloudWatch Logs and Lambda's queue both deliver at least once. The memory lives as long as the process and is
//! bounded: the oldest keys are forgotten first. Log events of a post that failed are never in it.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use foldhash::quality::{FixedState, FoldHasher};

/// How many log events are remembered at least, and up to twice as many. A delivery with more errors than that is
/// remembered as a whole besides: see [`Batch::forget_what_is_known`](crate::digest::Batch::forget_what_is_known).
///
/// It is what a hash table of 65,536 places takes before it grows, so that a full one has no room unused.
pub const CAPACITY: usize = 57_344;

/// Stands for one log event: a hash of log group, log stream and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKey(u64);

impl EventKey {
    /// The key of a log event.
    #[must_use]
    pub fn new(log_group: &str, log_stream: &str, id: &[u8]) -> Self {
        StreamKeys::of(log_group, log_stream).key(id)
    }

    /// The key of a log event without an id: its place in the batch, its time and its text stand in for one.
    /// So the same batch has the same keys when it comes again, and equal lines of one batch are not one.
    #[must_use]
    pub fn without_id(log_group: &str, log_stream: &str, place: u64, timestamp_ms: i64, line: &str) -> Self {
        let mut hasher = StreamKeys::of(log_group, log_stream).hasher();
        feed(&mut hasher, b"");
        hasher.write_u64(place);
        hasher.write_i64(timestamp_ms);
        hasher.write(line.as_bytes());
        Self(hasher.finish())
    }

    /// The key of a whole delivery: the sum of its log events' keys, in whatever order, and how many they are.
    #[must_use]
    pub fn of_delivery(sum: u64, log_events: u64) -> Self {
        let mut hasher = FixedState::default().build_hasher();
        feed(&mut hasher, b"delivery");
        hasher.write_u64(sum);
        hasher.write_u64(log_events);
        Self(hasher.finish())
    }

    /// The key as a number, of which ids of messages are made.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// A set of keys.
pub type EventKeys = HashSet<EventKey, BuildHasherDefault<KeyHasher>>;

/// Hands a key through: it is a hash already.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// The keys of one log stream's events: what all of them begin with is hashed once.
#[derive(Debug, Clone, Copy)]
pub struct StreamKeys {
    /// Fixed: the same log event has the same key in every process of one version, and its message the same id.
    seed: u64,
}

impl Default for StreamKeys {
    fn default() -> Self {
        Self::of("", "")
    }
}

impl StreamKeys {
    /// The keys of this stream's events.
    #[must_use]
    pub fn of(log_group: &str, log_stream: &str) -> Self {
        let mut hasher = FixedState::default().build_hasher();
        feed(&mut hasher, log_group.as_bytes());
        feed(&mut hasher, log_stream.as_bytes());
        Self { seed: hasher.finish() }
    }

    /// The key of the log event with this id.
    #[must_use]
    pub fn key(self, id: &[u8]) -> EventKey {
        let mut hasher = self.hasher();
        feed(&mut hasher, id);
        EventKey(hasher.finish())
    }

    fn hasher(self) -> FoldHasher<'static> {
        FixedState::with_seed(self.seed).build_hasher()
    }
}

fn feed(hasher: &mut impl Hasher, part: &[u8]) {
    hasher.write(part);
    hasher.write_u8(0xff); // No UTF-8 text holds this byte, so parts cannot run into each other.
}

/// The log events that need not be notified again, in two generations.
///
/// Only the current generation takes keys. When it holds [`CAPACITY`] of them it becomes the previous one, and what
/// was previous is forgotten at a stroke and its room used again. So the last [`CAPACITY`] keys are always known and
/// up to as many before them; and as no key is ever taken out alone, no table has gaps to be cleared by growing:
/// once both are full, memory is the same for ever. A process that sees few errors never pays for the rest.
#[derive(Debug, Clone, Default)]
pub struct RememberedEvents {
    current: EventKeys,
    previous: EventKeys,
}

impl RememberedEvents {
    /// Whether the log event was notified or deferred before.
    #[must_use]
    pub fn contains(&self, key: EventKey) -> bool {
        self.current.contains(&key) || self.previous.contains(&key)
    }

    /// Remembers log events that Slack accepted or that are deferred now.
    pub fn remember(&mut self, keys: impl IntoIterator<Item = EventKey>) {
        for key in keys {
            if self.contains(key) {
                continue;
            }
            if self.current.len() >= CAPACITY {
                std::mem::swap(&mut self.current, &mut self.previous);
                self.current.clear();
            }
            self.current.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> EventKey {
        EventKey::new("g", "s", id.as_bytes())
    }

    fn keys(ids: std::ops::Range<usize>) -> impl Iterator<Item = EventKey> {
        ids.map(|id| key(&id.to_string()))
    }

    #[test]
    fn the_last_keys_are_known_and_those_before_the_generation_before_are_not() {
        let mut remembered = RememberedEvents::default();
        remembered.remember(keys(0..2 * CAPACITY));
        remembered.remember(keys(0..2 * CAPACITY));
        assert!(keys(0..2 * CAPACITY).all(|key| remembered.contains(key)));
        remembered.remember([key("new")]);
        assert!(remembered.contains(key("new")));
        assert!(keys(CAPACITY..2 * CAPACITY).all(|key| remembered.contains(key)));
        assert!(!keys(0..CAPACITY).any(|key| remembered.contains(key)));
    }

    #[test]
    fn once_it_is_full_it_never_takes_memory_again() {
        let mut remembered = RememberedEvents::default();
        let first = allocation_counter::measure(|| remembered.remember([key("first")]));
        assert!(first.bytes_total < 200, "{first:?}");
        let number = std::cell::Cell::new(0_u64);
        let generation = || {
            std::iter::repeat_with(|| {
                number.set(number.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
                EventKey(number.get())
            })
            .take(CAPACITY)
        };
        let filling = allocation_counter::measure(|| {
            remembered.remember(generation());
            remembered.remember(generation());
        });
        assert!(filling.bytes_current < 1_200_000, "{filling:?}");
        for _ in 0..20 {
            let used = allocation_counter::measure(|| remembered.remember(generation()));
            assert_eq!(used.count_total, 0);
        }
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
