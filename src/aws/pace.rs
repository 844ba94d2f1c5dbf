//! When the next request may go out: as fast as a quota allows, slower after a refusal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const MAX_GAP: Duration = Duration::from_secs(2);

/// The pace of all requests together.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    next: Option<Instant>,
    gap: Duration,
    shortest: Duration,
}

impl Pace {
    /// So long from one request to the next, or longer.
    pub(crate) fn new(gap: Duration) -> Self {
        Self(Mutex::new(State { next: None, gap, shortest: gap }))
    }

    /// Waits for the next turn.
    pub(crate) async fn turn(&self) {
        let at = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let at = state.next.map_or(now, |next| next.max(now));
            state.next = Some(at + state.gap);
            at
        };
        sleep_until(at).await;
    }

    /// A request was taken: a little faster again.
    pub(crate) fn taken(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.gap = state.gap.mul_f64(0.9375).max(state.shortest);
    }

    /// A request was refused as one too many.
    pub(crate) fn throttled(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.gap = (state.gap * 2).min(MAX_GAP);
    }
}
