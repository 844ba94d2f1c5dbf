//! When the next request may go out: as fast as the quota of every account and Region allows, slower after a refusal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// `FilterLogEvents` is allowed five times a second in an account and Region.
pub(super) const GAP: Duration = Duration::from_millis(200);
const MAX_GAP: Duration = Duration::from_secs(2);

/// The pace of all requests together.
#[derive(Debug)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    next: Option<Instant>,
    gap: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State { next: None, gap: GAP }))
    }
}

impl Pace {
    /// Waits for the next turn.
    pub(super) async fn turn(&self) {
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
    pub(super) fn taken(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.gap = state.gap.mul_f64(0.9375).max(GAP);
    }

    /// A request was refused as one too many.
    pub(super) fn throttled(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.gap = (state.gap * 2).min(MAX_GAP);
    }
}
