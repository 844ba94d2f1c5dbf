//! For `replay` and `backtest` alone: the deliveries that CloudWatch would have made of lines that stand alone, which
//! come in the order of time.
//!
//! `replay` and `backtest` form deliveries here, so that both come to the same. It judges no line and reads no clock:
//! time is that of the lines.

mod queue;
mod window;

use std::sync::Arc;

use crate::access_log::Columns;
use crate::decode::Header;
use crate::digest::Batch;
use crate::recording::Recorded;

pub(crate) use queue::Runs;
pub(crate) use window::{HandedOn, Window};
pub use window::{MIN_HELD, WINDOW_MS};

/// What a log stream logs within this time is one delivery. CloudWatch promises nothing: it was seen to push what came
/// within a few seconds together.
pub const DELIVERY_MS: i64 = 2_000;
/// Log streams whose lines are collected at the same time; the oldest delivery goes early where there are more.
const MAX_OPEN: usize = 256;

/// Where lines come from; empty where it is unknown.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) log_group: String,
    pub(crate) log_stream: String,
    /// The fields of tab-separated lines.
    pub(crate) columns: Columns,
}

impl Names {
    /// Those of a log event; `last` are those of the one before and become these. A recording has few.
    pub(crate) fn of(event: &Recorded<'_>, last: &mut Arc<Self>) -> Arc<Self> {
        if !last.are_of(event) {
            let Recorded { log_group, log_stream, columns, .. } = *event;
            let (log_group, log_stream) = (log_group.to_owned(), log_stream.to_owned());
            *last = Arc::new(Self { log_group, log_stream, columns: columns.clone() });
        }
        Arc::clone(last)
    }

    /// Whether they are those of a log event.
    pub(crate) fn are_of(&self, event: &Recorded<'_>) -> bool {
        self.are(event.log_group, event.log_stream, event.columns)
    }

    fn are(&self, log_group: &str, log_stream: &str, columns: &Columns) -> bool {
        is_same(&self.log_group, log_group)
            && is_same(&self.log_stream, log_stream)
            && self.columns == *columns
    }
}

/// Whether two names are one. Nothing is compared with nothing: an empty `String` has no address that could be read, and
/// where glibc compares by masked AVX-512 that takes the processor longer than a whole line.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

/// What one log stream logged within [`DELIVERY_MS`].
pub(crate) struct Delivery {
    names: Arc<Names>,
    /// The names for the batch's intake.
    pub(crate) header: Header,
    /// When it is pushed, epoch milliseconds.
    pub(crate) due_ms: i64,
    pub(crate) batch: Batch,
    /// Whether it was open at the last pause of a live input.
    has_paused: bool,
}

impl Delivery {
    /// What was read of it, once no more lines come.
    pub(crate) fn into_batch(self) -> Batch {
        let mut batch = self.batch;
        batch.note_requests();
        batch
    }
}

/// The deliveries that still collect lines: one for each log stream, at most [`MAX_OPEN`].
#[derive(Default)]
pub(crate) struct Deliveries {
    /// In the order in which they are due.
    open: Vec<Delivery>,
}

impl Deliveries {
    /// When the next one is due, epoch milliseconds.
    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.open.first().map(|delivery| delivery.due_ms)
    }

    /// The one that is due first, whenever that is.
    pub(crate) fn take_first(&mut self) -> Option<Delivery> {
        (!self.open.is_empty()).then(|| self.open.remove(0))
    }

    /// The one that is due first, if that is no later than `to_ms`.
    pub(crate) fn take_due(&mut self, to_ms: i64) -> Option<Delivery> {
        self.next_due_ms().filter(|due_ms| *due_ms <= to_ms).and_then(|_| self.take_first())
    }

    /// Those that collect since before the last pause of a live input.
    pub(crate) fn take_paused(&mut self) -> Vec<Delivery> {
        let open = std::mem::take(&mut self.open);
        let (paused, mut others): (Vec<_>, Vec<_>) = open.into_iter().partition(|open| open.has_paused);
        for delivery in &mut others {
            delivery.has_paused = true;
        }
        self.open = others;
        paused
    }

    /// The place of the delivery that collects a log stream; a new one where there is none. Where that is one too many,
    /// the oldest is given, too: it goes early. `now_ms` never goes back.
    pub(crate) fn place(&mut self, names: &Arc<Names>, now_ms: i64) -> (usize, Option<Delivery>) {
        let Names { log_group, log_stream, columns } = &**names;
        let is_of = |delivery: &Delivery| {
            Arc::ptr_eq(&delivery.names, names) || delivery.names.are(log_group, log_stream, columns)
        };
        if let Some(place) = self.open.iter().position(is_of) {
            return (place, None);
        }
        let early = if self.open.len() >= MAX_OPEN { self.take_first() } else { None };
        let header =
            Header { log_group: log_group.clone(), log_stream: log_stream.clone(), ..Header::default() };
        let due_ms = now_ms.saturating_add(DELIVERY_MS);
        let (names, batch) = (Arc::clone(names), Batch::default());
        self.open.push(Delivery { names, header, due_ms, batch, has_paused: false });
        (self.open.len() - 1, early)
    }

    /// The delivery at a place that [`Self::place`] gave last.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Delivery> {
        self.open.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(log_stream: &str) -> Arc<Names> {
        Arc::new(Names { log_group: "g".to_owned(), log_stream: log_stream.to_owned(), ..Names::default() })
    }

    fn streams(deliveries: impl IntoIterator<Item = Delivery>) -> Vec<String> {
        deliveries.into_iter().map(|delivery| delivery.header.log_stream).collect()
    }

    #[test]
    fn a_stream_has_one_delivery_until_that_is_due() {
        let mut deliveries = Deliveries::default();
        let places = [("a", 0), ("b", 500), ("a", 1_999)]
            .map(|(stream, now_ms)| deliveries.place(&names(stream), now_ms).0);
        assert_eq!(places, [0, 1, 0]);
        assert_eq!(streams(deliveries.take_due(1_999)), [""; 0]);
        assert_eq!(streams(deliveries.take_due(DELIVERY_MS)), ["a"]);
        assert_eq!(deliveries.next_due_ms(), Some(500 + DELIVERY_MS));
        assert_eq!(deliveries.place(&names("a"), DELIVERY_MS).0, 1);
    }

    #[test]
    fn the_oldest_goes_early_where_too_many_streams_log_at_once() {
        let mut deliveries = Deliveries::default();
        for stream in 0..MAX_OPEN {
            assert!(deliveries.place(&names(&stream.to_string()), 0).1.is_none());
        }
        assert!(deliveries.place(&names("1"), 0).1.is_none());
        let (place, early) = deliveries.place(&names("one more"), 0);
        assert_eq!((place, streams(early)), (MAX_OPEN - 1, vec!["0".to_owned()]));
    }

    #[test]
    fn what_was_open_at_the_last_pause_does_not_wait_for_the_next() {
        let mut deliveries = Deliveries::default();
        deliveries.place(&names("a"), 0);
        assert_eq!(streams(deliveries.take_paused()), [""; 0]);
        deliveries.place(&names("b"), 0);
        assert_eq!(streams(deliveries.take_paused()), ["a"]);
        assert_eq!(streams(deliveries.take_paused()), ["b"]);
    }
}
