//! Which log events two ways have brought, `FilterLogEvents` and Live Tail, so that each is handed over once.
//!
//! Live Tail names no `eventId`, so a log event is told by its log stream, timestamp and message. Log events that are alike in
//! all three are counted: as many are handed over as either way, or one session, brought at most.

use std::collections::{HashMap, VecDeque};

use super::follow::MAX_KNOWN;

/// How a log event came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `FilterLogEvents`, each `eventId` once.
    Fetched,
    /// The Live Tail session of this number. The next one may bring some log events of the one before it again.
    Tailed(u32),
}

/// The log events of one log group, by a hash of what tells them apart.
#[derive(Debug, Default)]
pub(super) struct Identities {
    counts: HashMap<u64, Count>,
    /// In the order in which they came.
    order: VecDeque<(i64, u64)>,
}

/// Of log events that are alike.
#[derive(Debug, Default)]
struct Count {
    fetched: u32,
    session: u32,
    in_session: u32,
    handed_over: u32,
}

impl Count {
    fn is_new(&mut self, way: Way) -> bool {
        let count = match way {
            Way::Fetched => &mut self.fetched,
            Way::Tailed(session) => {
                if session != self.session {
                    (self.session, self.in_session) = (session, 0);
                }
                &mut self.in_session
            }
        };
        *count += 1;
        let is_new = *count > self.handed_over;
        self.handed_over += u32::from(is_new);
        is_new
    }
}

impl Identities {
    /// Counts a log event in; whether it was not handed over yet.
    pub(super) fn is_new(&mut self, way: Way, at_ms: i64, identity: u64) -> bool {
        let count = self.counts.entry(identity).or_insert_with(|| {
            self.order.push_back((at_ms, identity));
            Count::default()
        });
        let is_new = count.is_new(way);
        if self.order.len() > MAX_KNOWN
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        is_new
    }

    /// Those before this time are not fetched any more.
    pub(super) fn forget_before(&mut self, from_ms: i64) {
        let counts = &mut self.counts;
        self.order.retain(|(at_ms, identity)| {
            let is_kept = *at_ms >= from_ms;
            if !is_kept {
                counts.remove(identity);
            }
            is_kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many alike are handed over, whichever way comes first.
    fn handed_over(ways: &[Way]) -> usize {
        let mut identities = Identities::default();
        ways.iter().filter(|way| identities.is_new(**way, 5, 1)).count()
    }

    #[test]
    fn of_log_events_that_are_alike_as_many_are_handed_over_as_there_are() {
        use Way::{Fetched, Tailed};
        let (first, next) = (Tailed(1), Tailed(2));
        for (ways, expected) in [
            (&[first][..], 1),
            (&[first, Fetched], 1),
            (&[Fetched, first], 1),
            (&[first, first, Fetched, Fetched], 2),
            (&[first, Fetched, Fetched], 2),
            (&[Fetched, first, first, Fetched], 2),
            (&[first, Fetched, first, Fetched, Fetched], 3),
            (&[first, next], 1),
            (&[first, next, next, Fetched], 2),
            (&[first, first, next, Fetched, Fetched, Fetched], 3),
        ] {
            assert_eq!(handed_over(ways), expected, "{ways:?}");
        }
    }

    #[test]
    fn what_is_not_fetched_any_more_is_forgotten_and_there_is_a_limit() {
        let mut identities = Identities::default();
        assert!(identities.is_new(Way::Tailed(1), 5, 1) && identities.is_new(Way::Tailed(1), 7, 2));
        identities.forget_before(6);
        assert!(identities.is_new(Way::Fetched, 5, 1));
        assert!(!identities.is_new(Way::Fetched, 7, 2));
        for identity in 10..600_000 {
            identities.is_new(Way::Tailed(1), 8, identity);
        }
        assert_eq!(identities.counts.len(), MAX_KNOWN);
        assert_eq!(identities.order.len(), identities.counts.len());
    }
}
