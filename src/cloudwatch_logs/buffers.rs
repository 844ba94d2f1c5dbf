//! What pages were held in, to be used again for the pages behind them.
//!
//! New memory for each page would be cleared by the kernel first, which costs as much as to receive the page.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::event::Event;

/// Kept of each kind: as many as are usually in use at once.
const MAX_KEPT: usize = 8;
/// A larger one is given back to the system: pages of such a size are rare.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The buffers of all log groups that are fetched.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    texts: Vec<Vec<u8>>,
    lines: Vec<Vec<Event>>,
}

impl Buffers {
    /// An empty buffer for an answer.
    pub(super) fn text(&self) -> Vec<u8> {
        self.kept().texts.pop().unwrap_or_default()
    }

    /// An empty buffer for what is in it.
    pub(super) fn lines(&self) -> Vec<Event> {
        self.kept().lines.pop().unwrap_or_default()
    }

    pub(super) fn take_back(&self, text: Vec<u8>, lines: Vec<Event>) {
        let mut kept = self.kept();
        keep(&mut kept.texts, text);
        keep(&mut kept.lines, lines);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep<T>(kept: &mut Vec<Vec<T>>, mut buffer: Vec<T>) {
    let bytes = buffer.capacity() * size_of::<T>();
    if kept.len() < MAX_KEPT && (1..=MAX_BYTES).contains(&bytes) {
        buffer.clear();
        kept.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_unless_there_are_many_or_it_is_large() {
        let buffers = Buffers::default();
        for length in [MAX_BYTES + 1, 0].into_iter().chain(1..100) {
            buffers.take_back(vec![7; length], Vec::new());
        }
        let kept: Vec<Vec<u8>> = (0..=MAX_KEPT).map(|_| buffers.text()).collect();
        assert!(kept.iter().all(Vec::is_empty));
        let capacities: Vec<usize> = kept.iter().map(Vec::capacity).collect();
        assert_eq!(capacities, [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    }
}
